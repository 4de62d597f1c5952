//! RFC 9240 §5.1.2.3 and RFC 9275 §6.2.4: the property map that defines abstract network elements that last.

use alto::Service;
use alto::ane::link_name;
use idt::net::EdgeId;
use serde_json::{Map, Value, json};

use crate::federation::{Federation, Row, TABLE_1, content, got, linked, posted, told};

const BANDWIDTH: &str = "max-reservable-bandwidth";
const DELAY: &str = "priv:brokermdo-delay";
const FILTERED: &str = "ane-properties-filtered";

/// A and AS1 joined by a link whose ways differ, and a third that nobody tells anything of.
fn service() -> Service {
    let mut federation = Federation::with_links(&[("A", "AS1", None, None)]);
    federation.put(&Row {
        name: "AS1",
        ports: &[],
        ..TABLE_1[0]
    });
    let id = |text: &str| text.parse().unwrap();
    for (from, to, delay, bandwidth) in [
        ("A", "AS1", Some(1_500), Some(10_000_000_000)),
        ("AS1", "A", None, None),
    ] {
        let topology = linked(from, &[(id(to), delay, bandwidth)], &[]);
        federation.ted.apply([idt::Update::Topology(topology)]);
    }
    federation.ted.apply([idt::Update::Join(id("Z"))]);
    federation.service()
}

fn entities(service: &Service) -> Map<String, Value> {
    let map = got(service, "ane-properties");
    map["property-map"].as_object().unwrap().clone()
}

/// The names of all links, as whoever names one in another answer makes them.
fn links(service: &Service) -> Vec<String> {
    let graph = service.maps().idt().graph();
    let edges = (0..graph.len() as u32).flat_map(|from| {
        let edges = graph.net().row(from).len() as u32;
        (0..edges).map(move |nth| EdgeId { from, nth })
    });
    edges.map(|edge| link_name(graph, edge).unwrap()).collect()
}

#[test]
fn rfc9240_5_1_2_3_the_map_of_anes_defines_its_own_domain() {
    let service = service();
    let directory = got(&service, "directory");
    let [entry, filtered] =
        ["ane-properties", FILTERED].map(|id| directory["resources"][id].clone());
    let properties = json!([
        BANDWIDTH,
        DELAY,
        "entry-point",
        "cpu",
        "mem",
        "storage",
        "port",
        "nf"
    ]);
    assert_eq!(
        entry["capabilities"]["mappings"],
        json!({ ".ane": properties })
    );
    assert_eq!(entry.get("uses"), None);
    // RFC 9275 §6.2.4: what defines them is a property map, and they are named by it elsewhere.
    assert_eq!(entry["media-type"], "application/alto-propmap+json");
    assert_eq!(
        filtered["capabilities"]["mappings"],
        json!({ "ane-properties.ane": properties })
    );
    assert_eq!(filtered["uses"], json!(["ane-properties"]));
    let map = got(&service, "ane-properties");
    assert_eq!(map["meta"]["vtag"]["resource-id"], "ane-properties");
    assert_eq!(map["meta"].get("dependent-vtags"), None);
    let tag = content(&service, "ane-properties", b"")
        .unwrap()
        .tag
        .unwrap();
    assert_eq!(map["meta"]["vtag"]["tag"], tag.as_str());
    let answer = posted(
        &service,
        FILTERED,
        &json!({"entities": ["ane-properties.ane:A"]}),
    )
    .unwrap();
    assert_eq!(
        answer["meta"]["dependent-vtags"],
        json!([map["meta"]["vtag"]])
    );
}

#[test]
fn rfc9275_6_4_1_a_link_has_its_bandwidth_in_bits_per_second() {
    let service = service();
    let links = links(&service);
    let [there, back] = links.as_slice() else {
        panic!("{links:?}");
    };
    // What the way back does not tell is what the way there says (the rule of adjacency).
    let link = json!({ BANDWIDTH: 10_000_000_000_u64, DELAY: 1500 });
    let expected = json!({
        ".ane:A": {},
        format!(".ane:{there}"): link,
        ".ane:AS1": {
            "entry-point": ["http://172.25.0.10:8888/escape"],
            "cpu": ["50.0"], "mem": ["60.0"], "storage": ["70.0"], "nf": ["NF1", "NF3"],
        },
        format!(".ane:{back}"): link,
        ".ane:Z": {},
    });
    assert_eq!(Value::from(entities(&service)), expected);
}

#[test]
fn rfc9275_6_4_2_every_lasting_ane_can_be_asked_for() {
    let service = service();
    let full = entities(&service);
    let named = |name: &str| format!("ane-properties{name}");
    for (name, properties) in &full {
        let request = json!({"entities": [named(name), named(name)], "properties": []});
        let answer = posted(&service, FILTERED, &request).unwrap();
        assert_eq!(answer["property-map"], json!({ named(name): properties }));
    }
    let all = posted(
        &service,
        FILTERED,
        &json!({"entities": [], "properties": []}),
    )
    .unwrap();
    let renamed: Map<_, _> = full
        .iter()
        .map(|(name, value)| (named(name), value.clone()))
        .collect();
    assert_eq!(all["property-map"], Value::from(renamed));
    // Those that have a property, and nothing of it.
    let known = posted(&service, FILTERED, &json!({"entities": []})).unwrap();
    let known = known["property-map"].as_object().unwrap();
    assert_eq!(known.len(), 3);
    assert!(known.values().all(|value| *value == json!({})));
    let one = json!({"entities": ["ane-properties.ane:Z", "ane-properties.ane:AS1"]});
    let one = posted(&service, FILTERED, &one).unwrap();
    assert_eq!(one["property-map"], json!({"ane-properties.ane:AS1": {}}));
}

#[test]
fn rfc9240_8_6_only_properties_asked_for_of_anes_are_told() {
    let service = service();
    let there = format!("ane-properties.ane:{}", links(&service)[0]);
    let request =
        json!({"entities": [there, "ane-properties.ane:AS1"], "properties": [DELAY, "nf"]});
    let answer = posted(&service, FILTERED, &request).unwrap();
    let expected =
        json!({ there: { DELAY: 1500 }, "ane-properties.ane:AS1": {"nf": ["NF1", "NF3"]} });
    assert_eq!(answer["property-map"], expected);
}

#[test]
fn rfc9240_8_6_an_ane_that_is_none_is_no_error_and_what_can_be_none_is() {
    let service = service();
    for id in [
        "AS9",
        "1",
        "as1",
        "A:AS1:000000000000",
        "A:AS9:000000000000",
        "a:b",
        ":",
        "::",
        "@",
        "@00",
    ] {
        let request = json!({"entities": [format!("ane-properties.ane:{id}")], "properties": []});
        let answer = posted(&service, FILTERED, &request).unwrap();
        assert_eq!(answer["property-map"], json!({}), "{id}");
    }
    for id in [
        ".ane:AS1",
        "ane-properties.ane:",
        "ane-properties.ane:A.B",
        "pv.ane:AS1",
        "ane-properties.pid:A",
        "",
    ] {
        let error = told(posted(&service, FILTERED, &json!({"entities": [id]})));
        assert_eq!(error, ["E_INVALID_FIELD_VALUE", "entities", id]);
    }
}

/// Names too long to be read are found all the same.
#[test]
fn a_link_between_domains_with_long_names_can_be_asked_for() {
    let (one, other) = ("x".repeat(64), "y".repeat(64));
    let mut federation = Federation::new(crate::federation::CAPS);
    let id = |text: &str| -> nffg::DomainId { text.parse().unwrap() };
    for (from, to) in [(&one, &other), (&other, &one)] {
        let topology = linked(from, &[(id(to), Some(7), None)], &[]);
        federation.ted.apply([idt::Update::Topology(topology)]);
    }
    let service = federation.service();
    for name in links(&service) {
        assert!(name.starts_with('@'), "{name}");
        let name = format!("ane-properties.ane:{name}");
        let answer = posted(
            &service,
            FILTERED,
            &json!({"entities": [name], "properties": []}),
        )
        .unwrap();
        assert_eq!(answer["property-map"], json!({ name: { DELAY: 7 } }));
    }
}

/// What is held for somebody cannot be reserved.
#[test]
fn rfc9275_6_4_1_what_reservations_hold_is_not_reservable() {
    let service = service();
    let graph = service.maps().idt().graph();
    let edge = EdgeId { from: 0, nth: 0 };
    let mut left = idt::net::NetBuilder::new(graph.len() as u32);
    for from in 0..graph.len() as u32 {
        let row = graph.net().row(from);
        for nth in 0..row.len() {
            let mut told = row.edge(nth);
            if from == edge.from {
                told.bandwidth -= 4_000_000_000;
            }
            left.edge(from, told);
        }
    }
    let distances = idt::search::Distances::new(std::sync::Arc::new(left.build()));
    let after = Service::new(
        std::sync::Arc::clone(service.maps()),
        distances,
        Some(&service),
    );
    let name = format!(".ane:{}", link_name(graph, edge).unwrap());
    assert_eq!(entities(&service)[&name][BANDWIDTH], 10_000_000_000_u64);
    assert_eq!(entities(&after)[&name][BANDWIDTH], 6_000_000_000_u64);
    let tag = |service: &Service| content(service, "ane-properties", b"").unwrap().tag;
    assert_ne!(tag(&service), tag(&after));
}
