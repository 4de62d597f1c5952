use proptest::prelude::*;
use serde_json::json;

use super::*;

/// SAP1 - NF1 - NF2 - SAP2 with links 1, 2, 3 and requirement "r".
fn graph() -> Value {
    json!({
        "nfs": ["NF1", "NF2", "NF3"], "saps": ["SAP1", "SAP2"],
        "sg_links": [
            {"id": 1, "src-node": "SAP1", "dst-node": "NF1", "bandwidth": 50},
            {"id": 2, "src-node": "NF1", "dst-node": "NF2", "delay": "5 ms"},
            {"id": 3, "src-node": "NF2", "dst-node": "SAP2"}],
        "reqs": [{"id": "r", "src-node": "SAP1", "dst-node": "SAP2", "sg-path": [1, 2, 3], "delay": 20}],
    })
}

/// A request with these members besides the graph.
fn with(members: Value) -> Value {
    let mut request = json!({"sg": graph()});
    for (name, value) in members.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

fn read(members: Value) -> Result<PlacementRequest, FieldError> {
    decode(&with(members), 100)
}

fn constraints(constraints: Value) -> Result<Constraints, FieldError> {
    read(json!({"constraints": constraints})).map(|request| request.constraints)
}

/// The field and the rule that are told.
fn fault(error: FieldError) -> (String, String) {
    let rule = match error.problem {
        nffg::json::Problem::Missing => "missing".to_owned(),
        nffg::json::Problem::WrongType { expected, .. } => expected.to_owned(),
        nffg::json::Problem::Invalid { rule, .. } => rule,
    };
    (error.field, rule)
}

#[test]
fn what_is_left_out_has_its_default() {
    let request = read(json!({})).unwrap();
    assert_eq!(request.k, DEFAULT_K);
    assert_eq!(request.objective, Objective::default());
    assert_eq!(request.policy, Policy::Respect);
    assert_eq!(request.disjoint, None);
    assert!(!request.explain);
    assert_eq!(decode(&with(json!({})), 3).unwrap().k, 3);
}

#[test]
fn every_member_is_read() {
    let request = read(json!({
        "k": 7, "objective": ["price", "delay"], "policy": "ignore", "disjoint": "srlg",
        "explain": true,
    }))
    .unwrap();
    assert_eq!(request.k, 7);
    assert_eq!(request.policy, Policy::Ignore);
    assert_eq!(request.disjoint, Some(Disjoint::Srlg));
    assert!(request.explain);
    for (word, meaning) in [("domains", Disjoint::Domains), ("links", Disjoint::Links)] {
        let request = read(json!({"disjoint": word})).unwrap();
        assert_eq!(request.disjoint, Some(meaning));
    }
    let rules = constraints(json!({
        "nodes": {"NF1": {"allow": ["AS1", "3"], "forbid": ["AS2"],
                          "resources": {"cpu": 2, "mem": "4 GB", "storage": "10 GB"}}},
        "links": {"2": {"bandwidth": "100 Mbit/s", "max-delay": "10 ms", "max-hops": 3}},
        "requirements": {"r": {"bandwidth": 10, "max-delay": 7.5, "max-hops": 0}},
        "affinity": [["NF1", "NF2"]], "anti-affinity": [["NF1", "NF3"], ["NF2", "NF3", "SAP1"]],
        "forbid-domains": ["AS9"],
    }))
    .unwrap();
    let [as1, as2, as3, as9] = ["AS1", "AS2", "AS3", "AS9"].map(|id| id.parse().unwrap());
    assert!(rules.nodes[0].admits(&as1) && rules.nodes[0].admits(&as3));
    assert!(!rules.nodes[0].admits(&as2) && !rules.nodes[0].admits(&as9));
    assert!(rules.nodes[1].admits(&as9));
    let resources = rules.nodes[0].demands[1];
    assert_eq!(resources.cpu, Some("2".parse().unwrap()));
    assert_eq!(resources.mem, Some("4 GB".parse().unwrap()));
    assert_eq!(resources.storage, Some("10GB".parse().unwrap()));
    let mega = |count: u64| Some(Bandwidth::from_bits_per_second(count * 1_000_000));
    let micros = |count: u64| Some(Delay::from_nanos(count * 1000));
    // What the graph says is there, too, and the stricter counts.
    assert_eq!(
        rules.links,
        [
            Bounds {
                bandwidth: mega(50),
                ..Bounds::default()
            },
            Bounds {
                bandwidth: mega(100),
                max_delay: micros(5000),
                max_hops: Some(3)
            },
            Bounds::default(),
        ]
    );
    assert_eq!(
        rules.requirements,
        [Bounds {
            bandwidth: mega(10),
            max_delay: micros(7500),
            max_hops: Some(0)
        }]
    );
    assert_eq!(rules.affinity, [[0, 1]]);
    assert_eq!(rules.anti_affinity, [vec![0, 2], vec![1, 2, 3]]);
    assert_eq!(rules.forbid_domains, [as9].into());
}

#[test]
fn a_member_that_means_nothing_is_refused_wherever_it_stands() {
    for (members, field) in [
        (json!({"constraint": {}}), "constraint"),
        (json!({"hold": 5}), "hold"),
        (json!({"constraints": {"node": {}}}), "constraints/node"),
        (
            json!({"constraints": {"nodes": {"NF1": {"alow": []}}}}),
            "constraints/nodes/NF1/alow",
        ),
        (
            json!({"constraints": {"nodes": {"NF1": {"resources": {"memory": 1}}}}}),
            "constraints/nodes/NF1/resources/memory",
        ),
        (
            json!({"constraints": {"links": {"1": {"delay": 1}}}}),
            "constraints/links/1/delay",
        ),
        (
            json!({"constraints": {"requirements": {"r": {"hops": 1}}}}),
            "constraints/requirements/r/hops",
        ),
        (json!({"objective": {"weigths": {}}}), "objective/weigths"),
        (
            json!({"objective": {"weights": {"hop": 1}}}),
            "objective/weights/hop",
        ),
    ] {
        let (found, rule) = fault(read(members).unwrap_err());
        assert_eq!(found, field);
        assert!(rule.starts_with("not known here; known are "), "{rule}");
    }
}

#[test]
fn what_the_graph_does_not_have_is_refused() {
    for (rules, field) in [
        (json!({"nodes": {"NF9": {}}}), "constraints/nodes/NF9"),
        (json!({"links": {"9": {}}}), "constraints/links/9"),
        (
            json!({"requirements": {"1": {}}}),
            "constraints/requirements/1",
        ),
        (
            json!({"affinity": [["NF1", "NF9"]]}),
            "constraints/affinity[0][1]",
        ),
        (
            json!({"anti-affinity": [["NF1", "NF2"], ["x", "NF2"]]}),
            "constraints/anti-affinity[1][0]",
        ),
    ] {
        let (found, rule) = fault(constraints(rules).unwrap_err());
        assert_eq!(found, field);
        assert!(rule.starts_with("the service graph has no "), "{rule}");
    }
    // One that the links imply has no id.
    let mut graph = crate::placements::tests::chain();
    graph["edge_reqs"] = json!([]);
    let request = json!({"sg": graph, "constraints": {"requirements": {"": {}}}});
    let (found, _) = fault(decode(&request, 10).unwrap_err());
    assert_eq!(found, "constraints/requirements/");
}

#[test]
fn every_limit_names_its_field_and_itself() {
    let many = |count: usize| {
        (0..count)
            .map(|n| format!("AS{}", n + 1))
            .collect::<Vec<_>>()
    };
    let groups = vec![json!(["NF1", "NF2"]); Limits::GROUPS + 1];
    for (members, field, limit) in [
        (json!({"k": 101}), "k", "1 to 100"),
        (json!({"k": 0}), "k", "1 to 100"),
        (json!({"k": 1.5}), "k", "1 to 100"),
        (
            json!({"constraints": {"forbid-domains": many(1001)}}),
            "constraints/forbid-domains",
            "1 to 1000",
        ),
        (
            json!({"constraints": {"nodes": {"NF1": {"allow": many(1001)}}}}),
            "constraints/nodes/NF1/allow",
            "1 to 1000",
        ),
        (
            json!({"constraints": {"nodes": {"NF1": {"forbid": []}}}}),
            "constraints/nodes/NF1/forbid",
            "1 to 1000",
        ),
        (
            json!({"constraints": {"affinity": groups}}),
            "constraints/affinity",
            "at most 64",
        ),
        (
            json!({"constraints": {"links": {"1": {"max-hops": 256}}}}),
            "constraints/links/1/max-hops",
            "0 to 255",
        ),
        (
            json!({"constraints": {"links": {"1": {"max-hops": -1}}}}),
            "constraints/links/1/max-hops",
            "0 to 255",
        ),
        (
            json!({"objective": {"weights": {"hops": 1000.001}}}),
            "objective/weights/hops",
            "0 to 1000",
        ),
        (
            json!({"objective": {"weights": {"delay": 0.0005}}}),
            "objective/weights/delay",
            "three decimals",
        ),
        (
            json!({"objective": {"weights": {"price": -0.001}}}),
            "objective/weights/price",
            "0 to 1000",
        ),
        (
            json!({"objective": {"weights": {"hops": 0}}}),
            "objective/weights",
            "more than 0",
        ),
    ] {
        let (found, rule) = fault(read(members).unwrap_err());
        assert_eq!(found, field);
        assert!(rule.contains(limit), "{field}: {rule}");
    }
    // Numbers that no network has.
    for (amount, rule) in [
        ("1e300", "bandwidth"),
        ("1e30 Gbit/s", "bandwidth"),
        ("1e300", "max-delay"),
        ("-5 ms", "max-delay"),
    ] {
        let rules = json!({"links": {"1": {rule: amount}}});
        let (field, _) = fault(constraints(rules).unwrap_err());
        assert_eq!(field, format!("constraints/links/1/{rule}"), "{amount}");
    }
    for amount in ["-1", "1e400", "NaN", "inf"] {
        let rules = json!({"nodes": {"NF1": {"resources": {"cpu": amount}}}});
        let (field, _) = fault(constraints(rules).unwrap_err());
        assert_eq!(field, "constraints/nodes/NF1/resources/cpu", "{amount}");
    }
    let names = constraints(json!({"forbid-domains": many(1000)})).unwrap();
    assert_eq!(names.forbid_domains.len(), 1000);
}

#[test]
fn what_contradicts_itself_is_refused() {
    for (rules, field, part) in [
        (
            json!({"affinity": [["NF1", "NF2"]], "anti-affinity": [["NF2", "NF1"]]}),
            "constraints/anti-affinity[0]",
            "'NF1' and 'NF2' are in one domain by affinity",
        ),
        (
            // Through NF2.
            json!({"affinity": [["NF1", "NF2"], ["NF3", "NF2"]],
                   "anti-affinity": [["NF1", "SAP1"], ["SAP1", "NF1", "NF3"]]}),
            "constraints/anti-affinity[1]",
            "'NF1' and 'NF3' are in one domain by affinity",
        ),
        (
            json!({"nodes": {"NF1": {"allow": ["AS1", "AS2"], "forbid": ["AS2", "AS1"]}}}),
            "constraints/nodes/NF1/allow",
            "no domain is left for 'NF1'",
        ),
        (
            json!({"nodes": {"NF1": {"allow": ["AS1"]}}, "forbid-domains": ["1"]}),
            "constraints/nodes/NF1/allow",
            "no domain is left for 'NF1'",
        ),
        (
            json!({"nodes": {"SAP1": {"resources": {"cpu": 1}}}}),
            "constraints/nodes/SAP1/resources",
            "'SAP1' is a SAP",
        ),
        (
            json!({"affinity": [["NF1", "NF1"]]}),
            "constraints/affinity[0][1]",
            "in this group already",
        ),
        (
            json!({"affinity": [["NF1"]]}),
            "constraints/affinity[0]",
            "two nodes or more",
        ),
    ] {
        let (found, rule) = fault(constraints(rules).unwrap_err());
        assert_eq!(found, field);
        assert!(rule.contains(part), "{field}: {rule}");
    }
}

#[test]
fn amounts_and_words_are_checked() {
    for (members, field) in [
        (
            json!({"constraints": {"links": {"1": {"bandwidth": "-1"}}}}),
            "constraints/links/1/bandwidth",
        ),
        (
            json!({"constraints": {"links": {"1": {"bandwidth": "5 m"}}}}),
            "constraints/links/1/bandwidth",
        ),
        (
            json!({"constraints": {"links": {"1": {"bandwidth": true}}}}),
            "constraints/links/1/bandwidth",
        ),
        (
            json!({"constraints": {"requirements": {"r": {"max-delay": -1}}}}),
            "constraints/requirements/r/max-delay",
        ),
        (
            json!({"constraints": {"requirements": {"r": {"max-delay": "5 h"}}}}),
            "constraints/requirements/r/max-delay",
        ),
        (
            json!({"constraints": {"nodes": {"NF1": {"resources": {"cpu": "2 GB"}}}}}),
            "constraints/nodes/NF1/resources/cpu",
        ),
        (
            json!({"constraints": {"nodes": {"NF1": {"resources": {"mem": "two"}}}}}),
            "constraints/nodes/NF1/resources/mem",
        ),
        (
            json!({"constraints": {"nodes": {"NF1": {"resources": {"storage": null}}}}}),
            "constraints/nodes/NF1/resources/storage",
        ),
        (
            json!({"constraints": {"nodes": {"NF1": {"allow": ["AS 1"]}}}}),
            "constraints/nodes/NF1/allow[0]",
        ),
        (
            json!({"constraints": {"nodes": {"NF1": {"allow": "AS1"}}}}),
            "constraints/nodes/NF1/allow",
        ),
        (json!({"constraints": {"nodes": []}}), "constraints/nodes"),
        (json!({"constraints": []}), "constraints"),
        (json!({"policy": "break"}), "policy"),
        (json!({"disjoint": "nodes"}), "disjoint"),
        (json!({"disjoint": null}), "disjoint"),
        (json!({"explain": 1}), "explain"),
        (json!({"objective": "latency"}), "objective"),
        (json!({"objective": []}), "objective"),
        (json!({"objective": ["hops", "hops"]}), "objective"),
        (json!({"objective": ["hops", "x"]}), "objective[1]"),
        (json!({"objective": 1}), "objective"),
        (json!({"objective": {}}), "objective/weights"),
        (
            json!({"objective": {"weights": {"hops": "1"}}}),
            "objective/weights/hops",
        ),
    ] {
        assert_eq!(
            fault(read(members.clone()).unwrap_err()).0,
            field,
            "{members}"
        );
    }
}

#[test]
fn objectives_are_told_as_they_are_asked() {
    use crate::placements::objective::Metric::{Delay, Hops, Price};
    for objective in [
        json!("hops"),
        json!("delay"),
        json!("price"),
        json!(["price", "delay"]),
        json!(["delay"]),
        json!({"weights": {"hops": 1, "delay": 0.2, "price": 1000}}),
        json!({"weights": {"hops": 0.001, "delay": 0, "price": 0.999}}),
    ] {
        let request = read(json!({"objective": objective})).unwrap();
        assert_eq!(request.objective.to_json(), objective);
    }
    let order = |names: Value| read(json!({"objective": names})).unwrap().objective.order();
    assert_eq!(order(json!(["price"])), Some([Price, Hops, Delay]));
    assert_eq!(order(json!(["price", "delay"])), Some([Price, Delay, Hops]));
    assert_eq!(
        order(json!(["price", "delay", "hops"])),
        Some([Price, Delay, Hops])
    );
    assert_eq!(order(json!("price")), None);
}

/// Groups by brute force: who is joined to whom, until nothing changes.
fn slow(affinity: &[Vec<usize>], nodes: usize) -> Vec<usize> {
    let mut stands: Vec<usize> = (0..nodes).collect();
    loop {
        let before = stands.clone();
        for group in affinity {
            let lowest = group.iter().map(|node| stands[*node]).min().unwrap();
            group.iter().for_each(|node| stands[*node] = lowest);
        }
        if stands == before {
            return stands;
        }
    }
}

proptest! {
    #[test]
    fn groups_that_share_a_node_are_one(
        groups in prop::collection::vec(prop::collection::vec(0_usize..8, 2..4), 0..6)
    ) {
        prop_assert_eq!(together(&groups, 8), slow(&groups, 8));
    }

    /// The stricter of both, whichever comes first.
    #[test]
    fn the_stricter_bound_counts(a in bounds(), b in bounds()) {
        let both = a.and(b);
        prop_assert_eq!(both, b.and(a));
        prop_assert_eq!(both.and(a), both);
        prop_assert_eq!(a.and(Bounds::default()), a);
        for one in [a, b] {
            prop_assert!(both.bandwidth >= one.bandwidth);
            prop_assert!(one.max_hops.is_none_or(|hops| both.max_hops.unwrap() <= hops));
            prop_assert!(one.max_delay.is_none_or(|delay| both.max_delay.unwrap() <= delay));
        }
    }
}

fn bounds() -> impl Strategy<Value = Bounds> {
    let one = || prop::option::of(0_u32..4);
    (one(), one(), one()).prop_map(|(bandwidth, delay, max_hops)| Bounds {
        bandwidth: bandwidth.map(|bits| Bandwidth::from_bits_per_second(bits.into())),
        max_delay: delay.map(|nanos| Delay::from_nanos(nanos.into())),
        max_hops,
    })
}
