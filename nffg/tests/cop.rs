//! COP as netphony exports it: what is read, what is tolerated, what is refused and how it is told, real
//! answers, and the law that reading gives back what was written.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test says what it skips, and fails by panicking"
)]

#[path = "support/fixtures.rs"]
mod fixtures;
#[path = "support/short.rs"]
mod short;
#[path = "support/topologies.rs"]
mod topologies;

use std::collections::BTreeMap;

use nffg::cop;
use nffg::export::{Expected, Format, decode};
use nffg::{
    Bandwidth, DocumentError, DomainId, RouterId, RouterLink, RouterRef, TopologyView, Warning,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use short::{ends_of, routers};

fn domain(text: &str) -> DomainId {
    text.parse().unwrap()
}

/// The view of what AS1 exports, and the warnings.
fn decoded(bytes: &[u8]) -> Result<(TopologyView, Vec<Warning>), DocumentError> {
    let exporter = domain("AS1");
    let expected = Expected {
        format: Some(Format::Cop),
        ..Expected::of(&exporter)
    };
    let export = decode(bytes, expected)?;
    assert_eq!(export.parts.resources, None);
    Ok((export.parts.topology.unwrap(), export.warnings))
}

fn read(document: &Value) -> (TopologyView, Vec<Warning>) {
    decoded(document.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

/// Reads what has nothing odd.
fn clean(document: &Value) -> TopologyView {
    let (view, warnings) = read(document);
    assert_eq!(warnings, []);
    view
}

fn faults(document: &Value) -> Vec<(String, String)> {
    let error = decoded(document.to_string().as_bytes()).expect_err("the document is wrong");
    let faults = error.faults().iter();
    faults.map(|f| (f.path.clone(), f.rule.clone())).collect()
}

fn node(domain: &str, id: &str) -> Value {
    json!({"domain": domain, "nodeId": id, "name": id, "edgeEnd": []})
}

/// AS1 with routers a and b, and its neighbour AS2 with router c.
fn example() -> Value {
    json!({"topology": [
        {
            "topologyId": "0.0.0.1", "underlayTopology": [],
            "nodes": [node("0.0.0.1", "a"), node("0.0.0.1", "b")],
            "edges": [{"source": node("0.0.0.1", "a"), "target": node("0.0.0.1", "b"),
                       "metric": "7.0", "maxResvBw": "1250000"}],
        },
        {
            "topologyId": "multidomain", "underlayTopology": [], "nodes": [],
            "edges": [{"name": "x", "edgeId": "0", "source": node("0.0.0.1", "b"),
                       "target": node("/0.0.0.2", "/c")}],
        },
        {"topologyId": "0.0.0.2", "nodes": [node("0.0.0.2", "c")], "edges": []},
    ]})
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut document = example();
    change(&mut document["topology"]);
    document
}

fn told(view: &TopologyView) -> Vec<(&str, Vec<&str>)> {
    let nodes = view.nodes.iter();
    nodes
        .map(|node| (node.domain.as_str(), routers(node)))
        .collect()
}

fn bits(link: &RouterLink) -> Option<u64> {
    link.bandwidth.map(Bandwidth::bits_per_second)
}

#[test]
fn a_whole_document() {
    let view = clean(&example());
    assert_eq!(told(&view), [("AS1", vec!["a", "b"]), ("AS2", vec!["c"])]);
    let inner: Vec<String> = view.nodes[0].links.iter().map(ends_of).collect();
    assert_eq!(inner, ["AS1/a AS1/b"]);
    let outer: Vec<String> = view.links.iter().map(ends_of).collect();
    assert_eq!(outer, ["AS1/b AS2/c"]);
    assert_eq!(view.nodes[0].links[0].delay, None);
    assert!(view.nodes.iter().all(|node| node.entry_point.is_none()));
    assert!(!view.silent_on_links);
}

#[test]
fn the_example_of_the_documentation() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/formats/examples/cop.json"
    );
    let (view, warnings) = decoded(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(warnings, []);
    let expected = [
        ("AS1", vec!["192.0.2.1", "192.0.2.2"]),
        ("AS2", vec!["198.51.100.1"]),
        ("AS3", vec!["203.0.113.7"]),
    ];
    assert_eq!(told(&view), expected);
    let inner = &view.nodes[0].links;
    assert_eq!(
        inner.iter().map(ends_of).collect::<Vec<_>>(),
        ["AS1/192.0.2.1 AS1/192.0.2.2", "AS1/192.0.2.2 AS1/192.0.2.1"]
    );
    assert_eq!(bits(&inner[0]), Some(10_000_000_000));
    assert_eq!(bits(&inner[1]), None);
    assert_eq!(
        view.links.iter().map(ends_of).collect::<Vec<_>>(),
        [
            "AS1/192.0.2.2 AS2/198.51.100.1",
            "AS1/192.0.2.1 AS3/203.0.113.7"
        ]
    );
    assert!(view.links.iter().all(|link| link.bandwidth.is_none()));
}

#[test]
fn it_is_known_by_its_member_topology() {
    let exporter = domain("AS1");
    let text = example().to_string();
    let export = decode(text.as_bytes(), Expected::of(&exporter)).unwrap();
    assert_eq!(export.format, Format::Cop);
    assert_eq!(export.parts.topology, Some(clean(&example())));
}

#[test]
fn rfc3630_2_5_6_bandwidths_are_in_bytes_per_second() {
    let link = |edge: Value| {
        let (view, warnings) = read(&with(|t| {
            let edge = edge.as_object().unwrap().clone();
            let told = t[0]["edges"][0].as_object_mut().unwrap();
            told.remove("maxResvBw");
            told.extend(edge);
        }));
        (bits(&view.nodes[0].links[0]), warnings.len())
    };
    assert_eq!(link(json!({})), (None, 0));
    assert_eq!(link(json!({"maxResvBw": "1250000"})), (Some(10_000_000), 0));
    assert_eq!(link(json!({"maxResvBw": 0.5})), (Some(4), 0));
    assert_eq!(
        link(json!({"maxResvBw": "1.25E9"})),
        (Some(10_000_000_000), 0)
    );
    assert_eq!(
        link(json!({"maxResvBw": "1 Gbit/s"})),
        (Some(1_000_000_000), 0)
    );
    let both = json!({"maxResvBw": "2", "unreservBw": "1"});
    assert_eq!(
        link(both),
        (Some(16), 0),
        "what can be reserved comes first"
    );
    assert_eq!(
        link(json!({"maxResvBw": null, "unreservBw": "1"})),
        (Some(8), 0)
    );
    let array = json!({"maxResvBw": "[F@7852e922", "unreservBw": "1"});
    assert_eq!(link(array), (Some(8), 1));
    assert_eq!(
        link(json!({"maxResvBw": [1], "unreservBw": "-1"})),
        (None, 2)
    );
}

#[test]
fn names_may_be_as_java_prints_them() {
    let view = clean(&with(|t| {
        t[0]["topologyId"] = json!("/0.0.0.1");
        t[0]["nodes"] = json!([
            {"domain": "AS1", "nodeId": "/10.0.0.1"},
            {"domain": "host/0.0.0.1", "nodeId": "pe2.example.net/10.0.0.2"},
            {"domain": 1, "nodeId": " 3 "},
            {"nodeId": 4},
        ]);
        t[0]["edges"] = json!([]);
    }));
    let expected = vec!["10.0.0.1", "10.0.0.2", "3", "4", "b"];
    assert_eq!(told(&view)[0], ("AS1", expected));
}

#[test]
fn a_router_or_domain_that_only_an_edge_names_is_there() {
    let view = clean(&with(|t| {
        t.as_array_mut().unwrap().truncate(2);
        t[0]["nodes"] = json!([]);
    }));
    assert_eq!(told(&view), [("AS1", vec!["a", "b"]), ("AS2", vec!["c"])]);
}

#[test]
fn links_go_where_they_belong_whichever_topology_tells_them() {
    let view = clean(&with(|t| {
        let inner = t[0]["edges"][0].clone();
        let outer = t[1]["edges"][0].clone();
        t[0]["edges"] = json!([outer]);
        t[2]["edges"] = json!([inner, {"source": {"nodeId": "c"}, "target": node("1", "a")}]);
        t[1]["edges"] = json!([]);
    }));
    assert_eq!(ends_of(&view.nodes[0].links[0]), "AS1/a AS1/b");
    let outer: Vec<String> = view.links.iter().map(ends_of).collect();
    assert_eq!(outer, ["AS1/b AS2/c", "AS2/c AS1/a"]);
}

#[test]
fn topologies_of_one_domain_are_one_and_a_nameless_one_is_the_exporters() {
    let view = clean(&with(|t| {
        t[2] = json!({"topologyId": "AS1", "nodes": [node("1", "d")]});
        t.as_array_mut()
            .unwrap()
            .push(json!({"nodes": [{"nodeId": "e"}]}));
        t[1]["edges"] = json!([]);
    }));
    assert_eq!(told(&view), [("AS1", vec!["a", "b", "d", "e"])]);
}

#[test]
fn members_may_be_absent_or_null() {
    assert_eq!(clean(&json!({"topology": []})), TopologyView::default());
    let view = clean(&json!({"topology": [
        {"topologyId": "AS7", "nodes": null, "edges": null},
        {"topologyId": "operator-2"},
        {"topologyId": "multidomain"},
        {"topologyId": null},
    ]}));
    let expected = [("AS7", vec![]), ("operator-2", vec![]), ("AS1", vec![])];
    assert_eq!(told(&view), expected);
}

#[test]
fn what_is_tolerated_has_a_warning() {
    let (view, warnings) = read(&with(|t| {
        let nodes = t[0]["nodes"].as_array_mut().unwrap();
        nodes.push(node("AS1", "a"));
        t[1]["edges"] = json!([{"source": node("1", "a"), "target": node("AS1", "/a")}]);
        t[0]["edges"][0]["maxResvBw"] = json!("fast");
    }));
    assert_eq!(told(&view)[0], ("AS1", vec!["a", "b"]));
    assert_eq!(view.links, []);
    let warnings: Vec<(&str, &str)> = warnings
        .iter()
        .map(|w| (w.path.as_str(), w.text.as_str()))
        .collect();
    assert_eq!(warnings.len(), 3);
    assert_eq!(warnings[0].0, "/topology/0/edges/0/maxResvBw");
    assert!(
        warnings[0].1.starts_with("'fast' is not allowed: a number"),
        "{warnings:?}"
    );
    let listed = "the router a of AS1 is listed before";
    assert_eq!(warnings[1], ("/topology/0/nodes/2", listed));
    let same = "the edge ends where it starts; it is left out";
    assert_eq!(warnings[2], ("/topology/1/edges/0", same));
}

#[test]
fn every_fault_is_told_with_its_path() {
    let document = with(|t| {
        t[0]["topologyId"] = json!("a.b");
        t[0]["nodes"] = json!([node("0.0.0.0", "a"), {"domain": "AS1"}, 7]);
        t[0]["edges"] = json!([{"source": {"domain": "AS1"}, "target": 3}, {}]);
        t[1]["nodes"] = json!([{"nodeId": "x"}]);
        t[1]["edges"] = json!({});
        t[2] = json!("AS2");
        t.as_array_mut()
            .unwrap()
            .push(json!({"topologyId": [1], "nodes": 1}));
    });
    let told = faults(&document);
    let paths: Vec<&str> = told.iter().map(|(path, _)| path.as_str()).collect();
    let expected = [
        "/topology/0/edges/0/source/nodeId",
        "/topology/0/edges/0/target",
        "/topology/0/edges/1/source",
        "/topology/0/edges/1/target",
        "/topology/0/nodes/0/domain",
        "/topology/0/nodes/1/nodeId",
        "/topology/0/nodes/2",
        "/topology/0/topologyId",
        "/topology/1/edges",
        "/topology/1/nodes/0/domain",
        "/topology/2",
        "/topology/3/nodes",
        "/topology/3/topologyId",
    ];
    assert_eq!(paths, expected);
    assert_eq!(told[4].1, "AS 0 is reserved (RFC 7607)");
    assert_eq!(told[5].1, "the field is missing");
}

#[test]
fn what_is_no_topology() {
    for (document, path, rule) in [
        (json!({}), "/topology", "the field is missing"),
        (json!({"topology": {}}), "/topology", "an array is expected"),
        (
            json!({"topology": null}),
            "/topology",
            "an array is expected",
        ),
        (json!([]), "", "an object is expected"),
    ] {
        let expected = [(path.to_owned(), rule.to_owned())];
        assert_eq!(faults(&document), expected, "{document}");
    }
}

#[test]
fn what_is_too_much_is_refused() {
    let too_many = |document: &Value| faults(document)[0].clone();
    let topologies = vec![json!({"topologyId": "AS1"}); cop::MAX_TOPOLOGIES + 1];
    let (path, rule) = too_many(&json!({"topology": topologies}));
    assert_eq!(path, "/topology");
    assert_eq!(rule, "at most 10000 entries are allowed here");

    let some: Vec<Value> = (0..10).map(|n| node("1", &format!("r{n}"))).collect();
    let all: Vec<Value> = (0..cop::MAX_NODES - 9)
        .map(|n| json!({"nodeId": n}))
        .collect();
    let document = with(|t| {
        t[0]["nodes"] = some.clone().into();
        t[2]["nodes"] = all.clone().into();
    });
    let (path, rule) = too_many(&document);
    assert_eq!(path, "/topology/2/nodes", "together they are too many");
    assert_eq!(rule, "at most 99990 entries are allowed here");

    let document = with(|t| t[1]["edges"] = vec![json!(0); cop::MAX_EDGES].into());
    let (path, rule) = too_many(&document);
    assert_eq!(path, "/topology/1/edges");
    assert_eq!(rule, "at most 199999 entries are allowed here");
}

/// Telling a fault must not cost a walk through the document.
#[test]
fn very_many_faults_take_no_longer_than_reading() {
    let document = with(|t| t[1]["edges"] = vec![json!({"source": {}}); 150_000].into());
    let error = decoded(document.to_string().as_bytes()).unwrap_err();
    assert_eq!(error.total(), 300_000);
    assert_eq!(
        error.faults()[99].path,
        "/topology/1/edges/49/source/domain"
    );
}

/// The seven domains of exporter-formats, section 3.2: routers, links within, and where links lead.
#[test]
fn seven_answers_of_netphony() {
    let sizes = [
        ("1", 4, 10, 2),
        ("2", 4, 6, 4),
        ("3", 4, 10, 2),
        ("-td121", 3, 4, 2),
        ("-td122", 3, 4, 3),
        ("-td123", 3, 4, 3),
        ("-td231", 2, 2, 2),
    ];
    let mut out: BTreeMap<String, usize> = BTreeMap::new();
    for (file, routers, links, out_links) in sizes {
        let name = format!("third-party/netphony/rest/cop-network{file}.json");
        let Some(bytes) = fixtures::fixture(&name) else {
            return;
        };
        let own = domain(file.trim_start_matches("-td"));
        let export = decode(&bytes, Expected::of(&own)).unwrap();
        assert_eq!((export.format, export.warnings.len()), (Format::Cop, 0));
        let view = export.parts.topology.unwrap();
        assert!(!view.silent_on_links);
        for node in &view.nodes {
            let is_own = node.domain == own;
            assert_eq!(
                is_own,
                !node.links.is_empty(),
                "only it has links: {node:?}"
            );
            if is_own {
                assert_eq!((node.routers.len(), node.links.len()), (routers, links));
            }
        }
        assert_eq!(view.links.len(), out_links, "{name}");
        for link in &view.links {
            assert_eq!(link.src.domain, own);
            *out.entry(ends_of(link)).or_default() += 1;
        }
    }
    let one_way = [
        "AS1/172.16.101.103 AS121/172.16.200.102",
        "AS1/172.16.101.104 AS123/172.16.202.101",
        "AS121/172.16.200.103 AS122/172.16.201.102",
        "AS122/172.16.201.101 AS2/172.16.102.101",
        "AS122/172.16.201.103 AS2/172.16.102.102",
        "AS2/172.16.102.103 AS231/172.16.203.102",
        "AS2/172.16.102.104 AS123/172.16.202.102",
        "AS3/172.16.103.101 AS231/172.16.203.101",
        "AS3/172.16.103.102 AS123/172.16.202.103",
    ];
    let back = |link: &str| {
        let (a, b) = link.split_once(' ').unwrap();
        format!("{b} {a}")
    };
    let both_ways = one_way
        .iter()
        .flat_map(|link| [(*link).to_owned(), back(link)]);
    let expected: BTreeMap<String, usize> = both_ways.map(|link| (link, 1)).collect();
    assert_eq!(out, expected);
}

/// What COP can tell of a view: no prefixes, no entry points, no resources, no delays, nothing
/// else that is measured but a bandwidth, no name.
fn as_cop_tells(mut view: TopologyView) -> TopologyView {
    view.name = None;
    for node in &mut view.nodes {
        node.entry_point = None;
        node.prefixes.clear();
        node.resources = nffg::Resources::default();
    }
    let inner = view.nodes.iter_mut().flat_map(|node| &mut node.links);
    for link in inner.chain(&mut view.links) {
        link.delay = None;
        link.performance = nffg::Performance::default();
    }
    view
}

/// A view as COP, with names as they are or as Java prints them.
fn rendered(view: &TopologyView, java: bool) -> Value {
    let slash = if java { "/" } else { "" };
    let end = |end: &RouterRef| {
        // The router's own slashes could be taken for Java's.
        let is_plain = !end.router.as_str().contains('/');
        let router = if is_plain { slash } else { "" }.to_owned() + end.router.as_str();
        json!({"domain": format!("{slash}{}", end.domain), "nodeId": router})
    };
    let edges = |links: &[RouterLink]| -> Value {
        let edges = links.iter().map(|link| {
            let mut edge = json!({"source": end(&link.src), "target": end(&link.dst)});
            if let Some(bits) = bits(link) {
                #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
                let bytes = bits as f64 / 8.0;
                edge["maxResvBw"] = json!(format!("{bytes:?}"));
            }
            edge
        });
        edges.collect()
    };
    let mut topologies: Vec<Value> = view
        .nodes
        .iter()
        .map(|node| {
            let router = |router: &RouterId| {
                end(&RouterRef {
                    domain: node.domain.clone(),
                    router: router.clone(),
                })
            };
            let nodes: Value = node.routers.iter().map(router).collect();
            json!({"topologyId": node.domain.as_str(), "nodes": nodes, "edges": edges(&node.links)})
        })
        .collect();
    topologies.push(json!({"topologyId": "multidomain", "edges": edges(&view.links)}));
    json!({ "topology": topologies })
}

proptest! {
    // A failure that is found becomes a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_read(view in topologies::view(), java in any::<bool>()) {
        let view = as_cop_tells(view);
        let document = rendered(&view, java);
        prop_assert_eq!(clean(&document), view, "{}", document);
    }

    #[test]
    fn damaged_documents_do_no_harm(
        view in topologies::view(),
        from in any::<prop::sample::Index>(),
        length in 0..40_usize,
    ) {
        let mut bytes = rendered(&view, false).to_string().into_bytes();
        let from = from.index(bytes.len());
        bytes.drain(from..(from + length).min(bytes.len()));
        if let Err(error) = decoded(&bytes) {
            prop_assert!(!error.faults().is_empty());
        }
    }
}
