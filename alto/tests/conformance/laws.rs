//! Laws, over random federations and random requests.

use std::collections::BTreeSet;

use alto::{Body, Maps};
use idt::search::{PathCaps, candidate_paths};
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Map, Value, json};

use crate::federation::{CAPS, Federation, Row, WORK, id, json};

const NAMES: [&str; 5] = ["AS1", "AS2", "AS3", "north", "south"];
const PROPERTIES: [&str; 6] = ["entry-point", "cpu", "mem", "storage", "port", "nf"];

/// A row of the table, owned.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    name: &'static str,
    entry_point: Option<&'static str>,
    resources: [&'static str; 3],
    ports: Vec<&'static str>,
    nfs: Vec<&'static str>,
    prefixes: Vec<&'static str>,
    neighbours: Vec<&'static str>,
}

impl Member {
    pub(crate) fn row(&self) -> Row<'_> {
        Row {
            name: self.name,
            entry_point: self.entry_point,
            resources: self.resources,
            ports: &self.ports,
            nfs: &self.nfs,
            prefixes: &self.prefixes,
            neighbours: &self.neighbours,
        }
    }
}

pub(crate) fn member() -> impl Strategy<Value = Member> {
    let quantity = || prop::sample::select(vec!["", "1", "2.5", "3 GB"]);
    let some = |pool: &'static [&'static str]| subsequence(pool, 0..=pool.len());
    (
        prop::sample::select(NAMES.as_slice()),
        prop::option::of(prop::sample::select(vec!["http://a/", "https://b/x?y=1"])),
        [quantity(), quantity(), quantity()],
        some(&["S1", "S\"2", "+T1", "+T2"]),
        some(&["NF1", "NF2", "NF\\3"]),
        some(&[
            "10.0.0.0/8",
            "10.1.0.0/16",
            "0.0.0.0/0",
            "2001:db8::/32",
            "::/0",
        ]),
        some(&NAMES),
    )
        .prop_map(
            |(name, entry_point, resources, ports, nfs, prefixes, neighbours)| Member {
                name,
                entry_point,
                resources,
                ports,
                nfs,
                prefixes,
                neighbours: neighbours.into_iter().filter(|n| *n != name).collect(),
            },
        )
}

fn members() -> impl Strategy<Value = Vec<Member>> {
    prop::collection::vec(member(), 0..7)
}

fn federation(members: &[Member]) -> Federation {
    let mut federation = Federation::new(CAPS);
    members
        .iter()
        .for_each(|member| federation.put(&member.row()));
    federation
}

fn bodies(maps: &Maps) -> [&Body; 4] {
    [
        maps.directory(),
        maps.network_map(),
        maps.draft_property_map(),
        maps.property_map(),
    ]
}

/// What filtering should do, done to the full map by hand.
fn filter(full: &Value, entities: &[String], properties: Option<&[&str]>) -> Value {
    let mut out = Map::new();
    for (name, members) in full["property-map"].as_object().unwrap() {
        if entities.is_empty() || entities.contains(name) {
            let mut members = members.as_object().unwrap().clone();
            members.retain(|name, _| match properties {
                None => false,
                Some([]) => true,
                Some(wanted) => wanted.contains(&name.as_str()),
            });
            out.insert(name.clone(), members.into());
        }
    }
    out.into()
}

proptest! {
    #[test]
    fn a_filtered_map_is_the_full_map_filtered(
        members in members(),
        entities in prop::collection::vec(prop::sample::select(NAMES.as_slice()), 0..4),
        properties in prop::option::of(prop::collection::vec(prop::sample::select(PROPERTIES.as_slice()), 0..4)),
    ) {
        let maps = federation(&members).maps();
        let entities: Vec<_> = entities.iter().map(|name| format!("networkmap.pid:{name}")).collect();
        let mut request = json!({ "entities": entities });
        if let Some(properties) = &properties {
            request["properties"] = json!(properties);
        }
        let answer = json(&maps.filtered_property_map(request.to_string().as_bytes()).unwrap());
        let full = json(&maps.property_map().bytes);
        prop_assert_eq!(&answer["property-map"], &filter(&full, &entities, properties.as_deref()));
        prop_assert_eq!(&answer["meta"]["dependent-vtags"], &full["meta"]["dependent-vtags"]);
    }

    /// Equal content has equal tags and equal bytes; other content has other tags. The content is
    /// compared without the tags that are in it.
    #[test]
    fn tags_are_equal_exactly_if_the_content_is(a in members(), b in members(), same in any::<bool>()) {
        let maps = federation(&a).maps();
        // The same members in another order of arrival, of which the last word of each counts.
        let mut last: Vec<Member> = Vec::new();
        for member in a.iter().rev() {
            if last.iter().all(|known| known.name != member.name) {
                last.push(member.clone());
            }
        }
        let other = federation(if same { &last } else { &b }).maps();
        let content = |body: &Body| {
            let mut value = json(&body.bytes);
            value.as_object_mut().unwrap().remove("meta");
            value
        };
        let network_equal = content(maps.network_map()) == content(other.network_map());
        let properties_equal = content(maps.property_map()) == content(other.property_map());
        prop_assert!(!same || (network_equal && properties_equal));
        for (ours, theirs) in bodies(&maps).into_iter().zip(bodies(&other)) {
            prop_assert_eq!(ours.tag == theirs.tag, ours.bytes == theirs.bytes);
        }
        prop_assert_eq!(maps.network_map().tag == other.network_map().tag, network_equal);
        // A property map depends on the network map, which is part of what its tag covers.
        prop_assert_eq!(
            maps.property_map().tag == other.property_map().tag,
            network_equal && properties_equal
        );
    }

    /// Splicing from predecessors gives what making it all anew gives, and what did not change is
    /// the very same memory.
    #[test]
    fn maps_after_others_are_maps_made_anew(
        members in members(),
        leaves in prop::collection::vec(prop::option::weighted(0.3, prop::sample::select(NAMES.as_slice())), 7),
    ) {
        let mut federation = Federation::new(CAPS);
        let mut previous: Option<Maps> = None;
        for (member, leaves) in members.iter().zip(leaves) {
            federation.put(&member.row());
            if let Some(name) = leaves {
                federation.idr.apply([idr::Update::Remove(id(name))]);
                federation.ted.apply([idt::Update::Leave(id(name))]);
            }
            let spliced = federation.maps_after(previous.as_ref());
            let anew = federation.maps();
            for (spliced, anew) in bodies(&spliced).into_iter().zip(bodies(&anew)) {
                prop_assert_eq!(spliced, anew);
            }
            prop_assert_eq!(spliced.prefix_conflicts(), anew.prefix_conflicts());
            for (new, old) in previous.iter().flat_map(|old| bodies(&spliced).into_iter().zip(bodies(old))) {
                prop_assert_eq!(new.tag == old.tag, new.bytes.as_ptr() == old.bytes.as_ptr());
            }
            previous = Some(spliced);
        }
    }

    /// Links come and go: the map is the very same, also as the measure of what comes after.
    #[test]
    fn a_network_map_does_not_tell_of_links(members in members(), last in member()) {
        let mut federation = federation(&members);
        let before = federation.maps();
        for member in &members {
            let mut alone = member.clone();
            alone.neighbours.clear();
            federation.ted.apply([idt::Update::Topology(alone.row().topology())]);
        }
        let after = federation.maps_after(Some(&before));
        let anew = federation.maps();
        prop_assert_eq!(after.network_map(), anew.network_map());
        prop_assert_eq!(after.prefix_conflicts(), anew.prefix_conflicts());
        let places = [&before, &after].map(|maps| maps.network_map().bytes.as_ptr());
        prop_assert_eq!(places[0], places[1]);
        federation.put(&last.row());
        let spliced = federation.maps_after(Some(&after));
        let anew = federation.maps();
        prop_assert_eq!(spliced.network_map(), anew.network_map());
    }

    /// RFC 7285 §11.2.2, for any claims: no prefix twice, and every address is somewhere.
    #[test]
    fn a_network_map_is_complete_and_without_overlap(members in members()) {
        let maps = federation(&members).maps();
        let map = json(&maps.network_map().bytes);
        let mut seen = BTreeSet::new();
        for group in map["network-map"].as_object().unwrap().values() {
            for prefix in group.as_object().unwrap().values().flat_map(|list| list.as_array().unwrap()) {
                prop_assert!(seen.insert(prefix.as_str().unwrap().to_owned()), "{prefix} twice");
            }
        }
        prop_assert!(seen.contains("0.0.0.0/0") && seen.contains("::/0"));
    }

    /// Each link has the candidates of its hosts, and the property map has the domains on them.
    #[test]
    fn a_service_graph_gets_the_candidates_of_its_hosts(
        members in members(),
        walk in prop::collection::vec(prop::sample::select(vec!["NF1", "NF2", "NF\\3"]), 0..4),
        per_pair in 1_usize..4,
    ) {
        let caps = PathCaps { per_pair, max_domains: 4, work: 0 };
        let maps = federation(&members).with_caps(caps).maps();
        let nodes: Vec<String> = (0..walk.len()).map(|at| format!("n{at}")).collect();
        let nfs: Vec<Value> = nodes.iter().zip(&walk).map(|(id, nf)| json!({"id": id, "functional_type": nf})).collect();
        let mut stops = vec!["S1"];
        stops.extend(nodes.iter().map(String::as_str));
        stops.push("S\"2");
        let links: Vec<Value> = stops.windows(2).enumerate()
            .map(|(at, ends)| json!({"id": at, "src_node": ends[0], "dst_node": ends[1]})).collect();
        let path: Vec<usize> = (0..links.len()).collect();
        let request = json!({
            "cost-type": {"cost-mode": "array", "cost-metric": "ane-path"},
            "sg": {
                "node_nfs": nfs,
                "node_saps": [{"id": "S1"}, {"id": "S\"2"}],
                "edge_sg_nexthops": links,
                "edge_reqs": [{"id": 1, "src_node": "S1", "dst_node": "S\"2", "sg_path": path}],
            },
        });
        let hosts = |stop: &str| -> Vec<_> {
            let domains = match stop.strip_prefix('n') {
                Some(at) => maps.idr().supporting(&walk[at.parse::<usize>().unwrap()].parse().unwrap()),
                None => maps.idr().having(&stop.parse().unwrap()),
            };
            domains.iter().map(|id| maps.idt().graph().index(id).unwrap()).collect()
        };
        let answer = maps.path_vectors(request.to_string().as_bytes(), WORK);
        if stops.iter().any(|stop| hosts(stop).is_empty()) {
            prop_assert_eq!(answer.unwrap_err().code(), "E_INVALID_FIELD_VALUE");
            return Ok(());
        }
        let answer = answer.unwrap();
        let graph = maps.idt().graph();
        let costs = json(&answer.cost_map)["cost-map"]["S1"]["S\"2"].clone();
        let mut passed = BTreeSet::new();
        let mut cut = false;
        for ends in stops.windows(2) {
            let caps = PathCaps { work: WORK, ..caps };
            let found = candidate_paths(graph, &hosts(ends[0]), &hosts(ends[1]), &caps);
            cut |= found.cuts.any();
            let expected: Vec<Vec<&str>> = found.vectors.iter()
                .map(|vector| vector.iter().map(|domain| graph.id(*domain).as_str()).collect()).collect();
            prop_assert_eq!(&costs[ends[0]][ends[1]], &json!(expected));
            passed.extend(expected.into_iter().flatten().map(|id| format!("pid:{id}")));
        }
        let properties = json(&answer.property_map)["property-map"].clone();
        prop_assert_eq!(properties.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>(), passed);
        prop_assert_eq!(json(&answer.cost_map)["meta"].get("path-vector-cuts").is_some(), cut);
    }

    /// Whatever comes, an answer or an error comes out, and it is JSON.
    #[test]
    fn requests_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check_total(&bytes);
    }

    /// Valid requests with one thing changed get further than noise.
    #[test]
    fn near_misses_never_panic(at in any::<prop::sample::Index>(), with in "[\\[\\]{}\",:a-z0-9]{0,3}", which in 0_usize..3) {
        let text = [
            include_str!("../data/request-sg.json"),
            include_str!("../data/request-sg-escape.json"),
            r#"{"cost-type":{"cost-mode":"array","cost-metric":"ane-path"},"pids":{"srcs":["AS1"],"dsts":[]},"ane-property-names":["cpu"],"entities":["networkmap.pid:AS1"],"properties":[]}"#,
        ][which];
        let at = at.index(text.len());
        check_total(format!("{}{with}{}", &text[..at], &text[at + 1..]).as_bytes());
    }
}

fn check_total(request: &[u8]) {
    let maps = Federation::three().maps();
    match maps.path_vectors(request, WORK) {
        Ok(answer) => {
            json(&answer.cost_map);
            json(&answer.property_map);
        }
        Err(error) => {
            json(&error.to_json());
        }
    }
    match maps.filtered_property_map(request) {
        Ok(answer) => json(&answer),
        Err(error) => json(&error.to_json()),
    };
}
