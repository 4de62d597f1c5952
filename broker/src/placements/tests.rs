use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nffg::DomainId;
use nffg::export::Expected;
use serde_json::{Value, json};

use super::*;
use crate::placements::problem::solve;

/// A federation of domains, each as its brief document (docs/formats/brief.md).
pub(crate) fn federation(domains: &[(&str, Value)]) -> Version {
    with_policies(domains, &[])
}

/// The same, with what domains declare, as the settings say it.
pub(crate) fn with_policies(domains: &[(&str, Value)], told: &[(&str, &str)]) -> Version {
    let (mut idr, mut ted) = (idr::Idr::new(), idt::Ted::new());
    for (domain, policy) in told {
        let text = format!("id = '{domain}'\npush = true\n[policy]\n{policy}");
        let entry: crate::settings::DomainEntry = toml::from_str(&text).unwrap();
        let policy = entry.policy().unwrap();
        ted.apply([idt::Update::Policy(entry.id, Some(policy))]);
    }
    for (id, document) in domains {
        let id: DomainId = id.parse().unwrap();
        let text = document.to_string();
        let export = nffg::export::decode(text.as_bytes(), Expected::of(&id)).unwrap();
        if let Some(view) = export.parts.resources {
            let domain = idr::Domain::from_view(id.clone(), None, view).unwrap();
            idr.apply([idr::Update::Put(domain)]);
        }
        ted.apply([idt::Update::Join(id.clone())]);
        if let Some(view) = export.parts.topology {
            let topology = idt::DomainTopology::from_view(&id, &view).unwrap();
            ted.apply([idt::Update::Topology(topology)]);
        }
    }
    let settings = crate::settings::Settings::default();
    let config = Arc::new(alto::Config {
        server_name: settings.server_name,
        caps: settings.paths.caps(),
        limits: settings.alto.limits(),
    });
    let maps = alto::Maps::build(config, idr.snapshot(), ted.snapshot(), None);
    Version::new(Arc::new(maps), Arc::default(), None)
}

/// AS1 with SAP1, AS4 with SAP2, NF in AS2 and AS3, which both join AS1 and AS4: over AS2 it is faster,
/// over AS3 there is more room.
pub(crate) fn diamond() -> Version {
    federation(&diamond_domains())
}

pub(crate) fn diamond_domains() -> [(&'static str, Value); 4] {
    let to = |domain: &str, delay: u32, bandwidth: u32| json!({"domain": domain, "delay": delay, "bandwidth": bandwidth});
    [
        (
            "AS1",
            json!({"port": ["SAP1"], "cpu": 1, "neighbours": [to("AS2", 1, 100), to("AS3", 5, 1000)]}),
        ),
        (
            "AS2",
            json!({"nf": ["NF"], "cpu": 4, "mem": "8 GB", "neighbours": [to("AS1", 1, 100), to("AS4", 2, 100)]}),
        ),
        (
            "AS3",
            json!({"nf": ["NF"], "cpu": 8, "neighbours": [to("AS1", 5, 1000), to("AS4", 5, 1000)]}),
        ),
        (
            "AS4",
            json!({"port": ["SAP2"], "nf": ["NF"], "cpu": 0.5, "neighbours": [to("AS2", 2, 100), to("AS3", 5, 1000)]}),
        ),
    ]
}

/// SAP1 - A - SAP2, A of type NF.
pub(crate) fn chain() -> Value {
    json!({
        "node_nfs": [{"id": "A", "functional_type": "NF"}, {"id": "B", "functional_type": "NF"}],
        "node_saps": [{"id": "SAP1"}, {"id": "SAP2"}],
        "edge_sg_nexthops": [
            {"id": 1, "src_node": "SAP1", "dst_node": "A"},
            {"id": 2, "src_node": "A", "dst_node": "B"},
            {"id": 3, "src_node": "B", "dst_node": "SAP2"}],
        "edge_reqs": [{"id": "r", "src_node": "SAP1", "dst_node": "SAP2", "sg_path": [1, 2, 3]}],
    })
}

pub(crate) fn request(members: Value) -> PlacementRequest {
    let mut request = json!({"sg": chain()});
    for (name, value) in members.as_object().unwrap() {
        request[name] = value.clone();
    }
    request::decode(&request, 100).unwrap()
}

fn solved(version: &Version, members: Value) -> Solved {
    let effort = Effort {
        work: 1_000_000,
        cancelled: &Arc::new(AtomicBool::new(false)),
    };
    solve(version, &request(members), &effort).unwrap()
}

/// The domains of A and B in each placement.
fn hosts(version: &Version, constraints: Value) -> Vec<String> {
    let solved = solved(version, json!({"constraints": constraints, "k": 100}));
    let pair = |placed: &problem::Placed| format!("{} {}", placed.hosts[0], placed.hosts[1]);
    solved.placements.iter().map(pair).collect()
}

#[test]
fn without_rules_all_are_told_best_first() {
    let all = hosts(&diamond(), json!({}));
    assert_eq!(all.len(), 9, "{all:?}");
    // Two borders, whichever way.
    assert_eq!(
        all[..5],
        ["AS2 AS2", "AS2 AS4", "AS3 AS3", "AS3 AS4", "AS4 AS4"]
    );
}

#[test]
fn nodes_go_where_they_may_and_where_there_is_room() {
    let diamond = diamond();
    let of = |constraints| hosts(&diamond, constraints);
    let a = |rule: Value| json!({"nodes": {"A": rule, "B": {"allow": ["AS2"]}}});
    assert_eq!(
        of(a(json!({"allow": ["AS2", "AS4"]}))),
        ["AS2 AS2", "AS4 AS2"]
    );
    assert_eq!(of(a(json!({"forbid": ["AS2", "AS4"]}))), ["AS3 AS2"]);
    assert_eq!(of(a(json!({"resources": {"cpu": 5}}))), ["AS3 AS2"]);
    // Who does not tell has no bound; nor has he who tells in another unit.
    assert_eq!(
        of(a(json!({"resources": {"mem": "9 GB"}}))),
        ["AS3 AS2", "AS4 AS2"]
    );
    assert_eq!(of(a(json!({"resources": {"mem": 9}}))).len(), 3);
    // Both take of one domain.
    let both = json!({"resources": {"cpu": 3}});
    let apart = of(json!({"nodes": {"A": both, "B": both}}));
    assert_eq!(apart, ["AS3 AS3", "AS2 AS3", "AS3 AS2"]);
    assert_eq!(
        of(json!({"affinity": [["A", "B"]]})),
        ["AS2 AS2", "AS3 AS3", "AS4 AS4"]
    );
    assert_eq!(of(json!({"anti-affinity": [["A", "B"]]})).len(), 6);
    let around = of(json!({"forbid-domains": ["AS2"]}));
    assert!(
        around.iter().all(|pair| !pair.contains("AS2")),
        "{around:?}"
    );
}

#[test]
fn paths_keep_their_bounds_and_their_costs_are_those_of_their_links() {
    let diamond = diamond();
    let wide = json!({"links": {"1": {"bandwidth": 500}}, "affinity": [["A", "B"]]});
    // Over AS2 there is no room; AS4 is reached over AS3.
    assert_eq!(hosts(&diamond, wide), ["AS3 AS3", "AS4 AS4"]);
    let fast = json!({"requirements": {"r": {"max-delay": 3}}, "affinity": [["A", "B"]]});
    assert_eq!(hosts(&diamond, fast), ["AS2 AS2", "AS4 AS4"]);
    let near = json!({"links": {"1": {"max-hops": 1}, "3": {"max-hops": 0}}});
    assert_eq!(hosts(&diamond, near), ["AS2 AS4", "AS3 AS4"]);
    let first = solved(&diamond, json!({"k": 1})).placements.remove(0);
    assert_eq!((first.cost.hops, first.cost.delay), (2, 3_000_000));
    assert_eq!(first.paths[1].borders, []);
    let crossed = &first.paths[0].borders[0];
    assert_eq!((crossed.src.as_str(), crossed.dst.as_str()), ("AS1", "AS2"));
    // Two links of the graph over one link share it.
    let back = json!({"nodes": {"A": {"allow": ["AS2"]}, "B": {"allow": ["AS2"]}},
                      "links": {"1": {"bandwidth": 100}, "3": {"bandwidth": 100}}});
    assert_eq!(hosts(&diamond, back), ["AS2 AS2"]);
}

/// The engine's rule, and so that of what is held.
#[test]
fn requirements_add_up_on_a_link_and_its_own_bandwidth_is_a_minimum() {
    let mut graph = chain();
    graph["edge_reqs"] = json!([
        {"id": "r", "src_node": "SAP1", "dst_node": "SAP2", "sg_path": [1, 2, 3], "bandwidth": 30},
        {"id": "s", "src_node": "SAP1", "dst_node": "B", "sg_path": [1, 2], "bandwidth": 40}]);
    let links = json!({"2": {"bandwidth": 100}, "3": {"bandwidth": 10}});
    let request = request(json!({"sg": graph, "constraints": {"links": links}}));
    let needs = problem::bandwidths(&request)
        .into_iter()
        .map(Option::unwrap);
    let mega = needs.map(|need| need.bits_per_second() / 1_000_000);
    assert_eq!(mega.collect::<Vec<_>>(), [70, 100, 30]);
}

#[test]
fn an_answer_tells_what_it_is_sure_of() {
    let diamond = diamond();
    assert!(!solved(&diamond, json!({"k": 100})).cut);
    assert!(!solved(&diamond, json!({"k": 1})).cut);
    let filtered = json!({"constraints": {"anti-affinity": [["A", "B"]]}});
    assert!(!solved(&diamond, filtered).cut);
    assert_eq!(
        solved(&diamond, json!({})).not_told,
        [objective::Metric::Price]
    );
}

#[test]
fn every_objective_ranks() {
    let diamond = diamond();
    let first = |objective: Value| {
        let found = solved(&diamond, json!({"objective": objective, "k": 1}));
        (found.placements[0].cost, found.cut)
    };
    let (fast, cut) = first(json!("delay"));
    assert!(!cut);
    for objective in [json!("hops"), json!(["hops", "delay"]), json!("price")] {
        assert!(first(objective).0.delay >= fast.delay);
    }
    let (both, _) = first(json!({"weights": {"hops": 1, "delay": 1000}}));
    assert_eq!(both.delay, fast.delay);
    let apart = solved(&diamond, json!({"disjoint": "links", "k": 100}));
    let mut taken = std::collections::BTreeSet::new();
    for placed in &apart.placements {
        let borders: std::collections::BTreeSet<_> = placed
            .paths
            .iter()
            .flat_map(|path| &path.borders)
            .cloned()
            .collect();
        assert!(taken.is_disjoint(&borders));
        taken.extend(borders);
    }
}

#[test]
fn paths_keep_to_business_relationships_unless_the_request_ignores_them() {
    // Nobody carries from one peer to another.
    let told = [
        ("AS1", "relationships = {AS2 = 'peer'}"),
        ("AS2", "relationships = {AS4 = 'peer'}"),
    ];
    let version = with_policies(&diamond_domains(), &told);
    let at_the_end = json!({"nodes": {"A": {"allow": ["AS4"]}, "B": {"allow": ["AS4"]}}});
    let path = |policy: &str| {
        let members =
            json!({"k": 1, "policy": policy, "objective": "delay", "constraints": at_the_end});
        let found = solved(&version, members).placements.remove(0);
        let domains = found.paths[0].domains.iter();
        domains.map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(path("respect"), ["AS1", "AS3", "AS4"]);
    assert_eq!(path("ignore"), ["AS1", "AS2", "AS4"]);
}

/// Both NFs in AS4: what is left to choose is the way there.
fn at_the_end() -> Value {
    json!({"nodes": {"A": {"allow": ["AS4"]}, "B": {"allow": ["AS4"]}}})
}

/// The way to AS4, and what it costs, by the objective.
fn way(version: &Version, policy: &str, objective: &str) -> Option<(String, problem::Cost)> {
    let members =
        json!({"k": 1, "policy": policy, "objective": objective, "constraints": at_the_end()});
    let found = solved(version, members).placements.into_iter().next()?;
    let domains = found.paths[0].domains.iter();
    let names: Vec<_> = domains.map(ToString::to_string).collect();
    Some((names.join(" "), found.paths[0].cost))
}

#[test]
fn what_crossing_costs_counts_unless_the_request_ignores_it() {
    let slow = [(
        "AS2",
        "transit = [{from = ['AS1'], to = ['AS4'], delay = '8ms', price = 2.5}]",
    )];
    let version = with_policies(&diamond_domains(), &slow);
    let (path, cost) = way(&version, "respect", "delay").unwrap();
    assert_eq!((path.as_str(), cost.delay), ("AS1 AS3 AS4", 10_000_000));
    let (path, cost) = way(&version, "ignore", "delay").unwrap();
    assert_eq!((path.as_str(), cost.delay), ("AS1 AS2 AS4", 3_000_000));
    // Who crosses pays, and the answer tells it; a path that ends there does not.
    let (path, cost) = way(&version, "respect", "hops").unwrap();
    assert_eq!((path.as_str(), cost.hops), ("AS1 AS2 AS4", 2));
    assert_eq!((cost.delay, cost.price), (11_000_000, 2500));
    let there = json!({"k": 1, "objective": "delay",
        "constraints": {"nodes": {"A": {"allow": ["AS2"]}, "B": {"allow": ["AS2"]}}}});
    let found = solved(&version, there).placements.remove(0);
    assert_eq!((found.cost.delay, found.cost.price), (3_000_000, 0));
    assert_eq!(found.paths[2].borders.len(), 1);
}

#[test]
fn what_is_not_carried_goes_another_way_and_an_explanation_says_so() {
    let shut = |domain| (domain, "transit = [{from = ['AS1'], carry = false}]");
    let version = with_policies(&diamond_domains(), &[shut("AS2")]);
    assert_eq!(way(&version, "respect", "delay").unwrap().0, "AS1 AS3 AS4");
    assert_eq!(way(&version, "ignore", "delay").unwrap().0, "AS1 AS2 AS4");
    let refused = [
        ("AS2", "refuses_sources = ['AS1']"),
        ("AS3", "refuses_destinations = ['AS9']"),
    ];
    let version = with_policies(&diamond_domains(), &refused);
    assert_eq!(way(&version, "respect", "delay").unwrap().0, "AS1 AS3 AS4");
    assert_eq!(way(&version, "ignore", "delay").unwrap().0, "AS1 AS2 AS4");

    let effort = Effort {
        work: 1_000_000,
        cancelled: &Arc::new(AtomicBool::new(false)),
    };
    let why = |policies: &[(&str, &str)], policy: &str| {
        let version = with_policies(&diamond_domains(), policies);
        let request =
            request(json!({"constraints": at_the_end(), "explain": true, "policy": policy}));
        let (solved, explanation) = place(&version, &request, &effort).unwrap();
        let explanation = explanation.unwrap();
        // Elsewhere than in AS4, A would do, too.
        assert_eq!(
            explanation.relaxations[..].len().min(1),
            1 - solved.placements.len()
        );
        let rules = explanation.relaxations.iter().flatten();
        let rules = rules.filter(|rule| rule.rule != "allow");
        let words: Vec<_> = rules.map(|rule| (rule.rule, rule.text.clone())).collect();
        (solved.placements.len(), words, explanation.links[0].clone())
    };
    let both = [shut("AS2"), shut("AS3")];
    let (count, rules, links) = why(&both, "respect");
    assert_eq!(count, 0);
    let text = "what domains charge and forbid in transit: AS2 does not carry from AS1 to AS4";
    assert_eq!(rules, [("transit", text.to_owned())]);
    assert_eq!((links.unreachable, links.refused), (1, 0));
    assert_eq!(why(&both, "ignore").0, 1);
    let refusing = [
        ("AS2", "refuses_sources = ['AS1']"),
        ("AS3", "refuses_destinations = ['AS4']"),
    ];
    let (count, rules, links) = why(&refusing, "respect");
    assert_eq!(count, 0);
    let texts = ["AS2", "AS3"].map(|domain| {
        let text = format!("that {domain} refuses to carry from or to some domains");
        ("refusal", text)
    });
    assert_eq!(rules, texts);
    assert_eq!((links.unreachable, links.refused), (1, 1));
    assert_eq!(why(&refusing, "ignore").0, 1);
}

#[test]
fn nobody_waits_and_nothing_is_done() {
    let effort = Effort {
        work: 1000,
        cancelled: &Arc::new(AtomicBool::new(true)),
    };
    let found = solve(&diamond(), &request(json!({})), &effort);
    assert_eq!(found, Err(PlaceError::Cancelled));
}

#[test]
fn an_explanation_says_who_is_left_and_what_would_have_to_go() {
    let effort = Effort {
        work: 1_000_000,
        cancelled: &Arc::new(AtomicBool::new(false)),
    };
    let explain = |constraints: Value| {
        let request = request(json!({"constraints": constraints, "explain": true}));
        let (solved, explanation) = place(&diamond(), &request, &effort).unwrap();
        (solved.placements.len(), explanation.unwrap())
    };
    let (count, explanation) = explain(json!({
        "nodes": {"A": {"allow": ["AS2", "AS3"], "forbid": ["AS3"], "resources": {"cpu": 5}}}
    }));
    assert_eq!(count, 0);
    let a = &explanation.nodes[0];
    assert_eq!((a.node.as_str(), a.offered, a.left), ("A", 3, 0));
    let struck: Vec<_> = a.struck.iter().map(|s| (s.rule, s.domains)).collect();
    assert_eq!(struck, [("allow", 1), ("forbid", 1), ("resources", 1)]);
    let rules = |explanation: &Explanation| {
        let rules = explanation.relaxations.iter();
        let words = |set: &Vec<explain::Rule>| {
            let words = set
                .iter()
                .map(|rule| format!("{}: {}", rule.subject, rule.rule));
            words.collect::<Vec<_>>().join(" + ")
        };
        rules.map(words).collect::<Vec<_>>()
    };
    // Without `allow`, AS4 has too little; without `forbid`, AS3 has enough; AS2 would do with more.
    assert_eq!(
        rules(&explanation),
        ["node A: forbid", "domain AS2: resources"]
    );
    let (count, explanation) = explain(json!({
        "links": {"1": {"bandwidth": 5000}}, "requirements": {"r": {"max-delay": 1000}}
    }));
    assert_eq!(
        (count, rules(&explanation)),
        (0, vec!["link 1: bandwidth".to_owned()])
    );
    let (count, explanation) = explain(json!({}));
    assert_eq!((count, explanation.relaxations.len()), (9, 0));
    // Two are in the way.
    let (_, explanation) = explain(json!({
        "nodes": {"A": {"allow": ["AS3"]}, "B": {"allow": ["AS3"]}},
        "links": {"1": {"bandwidth": 5000}, "3": {"bandwidth": 5000}}
    }));
    assert!(explanation.relaxations.iter().all(|set| set.len() == 2));
    assert!(rules(&explanation).contains(&"link 1: bandwidth + link 3: bandwidth".to_owned()));
}
