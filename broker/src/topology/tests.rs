use serde_json::json;

use super::*;
use crate::placements::tests::{diamond, federation};

fn told(topology: &Topology) -> Vec<String> {
    let pairs = topology.adjacencies.iter();
    pairs
        .map(|pair| format!("{} {} {}", pair.a, pair.b, pair.links.len()))
        .collect()
}

#[test]
fn the_whole_graph_has_each_pair_once_with_both_ways() {
    let diamond = diamond();
    let graph = diamond.maps.idt().graph();
    let (domains, cut) = everything(graph);
    let topology = describe(&diamond.maps, &domains, cut);
    assert_eq!(topology.domains, ["AS1", "AS2", "AS3", "AS4"]);
    assert_eq!(
        told(&topology),
        ["AS1 AS2 1", "AS1 AS3 1", "AS2 AS4 1", "AS3 AS4 1"]
    );
    let link = &topology.adjacencies[0].links[0];
    let way = OneWay {
        delay_ms: Some(1.0),
        bandwidth_bps: Some(100_000_000),
        ..OneWay::default()
    };
    assert_eq!((&link.there, &link.back), (&Some(way), &link.there));
    assert!(!topology.meta.cut && topology.half_up.is_empty());
}

#[test]
fn around_a_domain_are_those_within_the_radius_by_nearness() {
    let chain: Vec<_> = (1..=6)
        .map(|n: u32| {
            let neighbours: Vec<String> = [n - 1, n + 1]
                .into_iter()
                .filter(|n| (1..=6).contains(n))
                .map(|n| format!("AS{n}"))
                .collect();
            (
                format!("AS{n}"),
                json!({"cpu": 1, "neighbours": neighbours}),
            )
        })
        .collect();
    let chain: Vec<_> = chain
        .iter()
        .map(|(id, document)| (id.as_str(), document.clone()))
        .collect();
    let version = federation(&chain);
    let graph = version.maps.idt().graph();
    let index = |id: &str| graph.index(&id.parse().unwrap()).unwrap();
    let names = |from: &[&str], radius| {
        let from = from.iter().map(|id| index(id)).collect();
        let (domains, cut) = around(graph, &from, radius);
        assert!(!cut);
        let names: Vec<_> = domains.iter().map(|at| graph.id(*at).to_string()).collect();
        names.join(" ")
    };
    assert_eq!(names(&["AS3"], 0), "AS3");
    assert_eq!(names(&["AS3"], 1), "AS2 AS3 AS4");
    assert_eq!(names(&["AS1", "AS6"], 1), "AS1 AS2 AS5 AS6");
    assert_eq!(names(&["AS1"], 8), "AS1 AS2 AS3 AS4 AS5 AS6");
}

#[test]
fn what_is_told_is_bounded() {
    let neighbours: Vec<String> = (2..=1200).map(|n| format!("AS{n}")).collect();
    let version = federation(&{
        let hub = ("AS1", json!({"cpu": 1, "neighbours": neighbours}));
        let others = neighbours.iter().map(|id| (id.as_str(), json!({"cpu": 1})));
        others.chain([hub]).collect::<Vec<_>>()
    });
    let graph = version.maps.idt().graph();
    let (all, cut) = everything(graph);
    assert_eq!((all.len(), cut), (Limits::DOMAINS, true));
    let hub = graph.index(&"AS1".parse().unwrap()).unwrap();
    let (near, cut) = around(graph, &[hub].into(), 1);
    assert_eq!((near.len(), cut), (Limits::DOMAINS, true));
    let topology = describe(&version.maps, &near, cut);
    assert!(topology.meta.cut);
    assert_eq!(topology.adjacencies.len(), Limits::DOMAINS - 1);
}

#[test]
fn parallel_links_are_paired_in_order_and_names_that_differ_are_not() {
    let two = |router: &str, remote: &str, delays: [u32; 2]| {
        delays.map(|delay| json!({"router": router, "remote-router": remote, "delay": delay}))
    };
    let told = |domain: &str, links: [serde_json::Value; 2]| {
        let links: Vec<_> = links
            .into_iter()
            .map(|mut link| {
                link["domain"] = domain.into();
                link
            })
            .collect();
        json!({"cpu": 1, "neighbours": links})
    };
    let version = federation(&[
        ("AS1", told("AS2", two("a", "b", [1, 2]))),
        ("AS2", told("AS1", two("b", "a", [3, 4]))),
    ]);
    let (domains, cut) = everything(version.maps.idt().graph());
    let topology = describe(&version.maps, &domains, cut);
    let ways = |topology: &Topology| {
        let links = topology.adjacencies[0].links.iter();
        let delay = |way: &Option<OneWay>| way.as_ref().and_then(|way| way.delay_ms);
        links
            .map(|link| (delay(&link.there), delay(&link.back)))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ways(&topology),
        [(Some(1.0), Some(3.0)), (Some(2.0), Some(4.0))]
    );
    let version = federation(&[
        ("AS1", told("AS2", two("a", "b", [1, 2]))),
        ("AS2", told("AS1", two("x", "y", [3, 4]))),
    ]);
    let (domains, cut) = everything(version.maps.idt().graph());
    let topology = describe(&version.maps, &domains, cut);
    assert_eq!(
        ways(&topology),
        [
            (Some(1.0), None),
            (Some(2.0), None),
            (None, Some(3.0)),
            (None, Some(4.0))
        ]
    );
}

/// From the member's document to what people read.
#[test]
fn what_else_is_measured_of_a_link_is_told() {
    let links = json!([{"domain": "AS2", "delay": 3, "delay-min": 2.5, "delay-max": 4, "delay-variation": 0.25,
                        "loss": 0.1, "bandwidth": "1 Gbit/s", "residual-bandwidth": "800 Mbit/s",
                        "available-bandwidth": "300 Mbit/s"}]);
    let version = federation(&[
        ("AS1", json!({"cpu": 1, "neighbours": links})),
        (
            "AS2",
            json!({"cpu": 1, "neighbours": [{"domain": "AS1", "delay-max": 9}]}),
        ),
    ]);
    let (domains, cut) = everything(version.maps.idt().graph());
    let told = json!(describe(&version.maps, &domains, cut));
    let link = &told["adjacencies"][0]["links"][0];
    let there = json!({
        "delay-ms": 3.0, "delay-min-ms": 2.5, "delay-max-ms": 4.0, "delay-variation-ms": 0.25, "loss-percent": 0.1,
        "bandwidth-bps": 300_000_000, "residual-bandwidth-bps": 800_000_000,
        "available-bandwidth-bps": 300_000_000,
    });
    assert_eq!(link["there"], there);
    // Of the way back it tells one bound itself, and the bounds go together.
    assert_eq!(link["back"]["delay-max-ms"], 9.0);
    assert_eq!(link["back"].get("delay-min-ms"), None);
    assert_eq!(link["back"]["loss-percent"], 0.1);
    let read = crate::client::topology::Topology::decode(told).unwrap();
    let table = crate::ctl::tables::adjacencies(&read.adjacencies);
    // In lines: the table is as wide as a terminal.
    for part in [
        "3 ms, 300 Mbit/s, 2.5 to 4 ms,",
        "varies 0.25 ms, lost 0.1 %,",
        "residual 800 Mbit/s",
        "up to 9 ms",
    ] {
        assert!(table.contains(part), "{table}");
    }
}
