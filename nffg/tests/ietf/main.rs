//! `ietf-network` JSON: what is read, what is tolerated, what is refused and how it is told, answers of
//! netphony, and the laws of views and layers.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test says what it skips, and fails by panicking"
)]

#[path = "../support/fixtures.rs"]
mod fixtures;
#[path = "../support/short.rs"]
mod short;
#[path = "../support/topologies.rs"]
mod topologies;

mod attributes;
mod domains;
mod laws;
mod layers;
mod links;
mod netphony;
mod refuses;

use nffg::export::{Expected, Format, decode};
use nffg::{DocumentError, DomainId, RouterLink, TopologyNode, TopologyView};
use serde_json::{Value, json};

use short::{ends_of, routers};

fn domain(text: &str) -> DomainId {
    text.parse().unwrap()
}

/// A view, and its warnings as path and text.
type Told = (TopologyView, Vec<(String, String)>);

/// The view of what `exporter` exports.
fn decoded(bytes: &[u8], exporter: &str) -> Result<Told, DocumentError> {
    let exporter = domain(exporter);
    let expected = Expected {
        format: Some(Format::Ietf),
        ..Expected::of(&exporter)
    };
    let export = decode(bytes, expected)?;
    assert_eq!(export.parts.resources, None);
    let warnings = export.warnings.into_iter().map(|w| (w.path, w.text));
    Ok((export.parts.topology.unwrap(), warnings.collect()))
}

/// The view of what AS1 exports, and the warnings.
fn read(document: &Value) -> Told {
    decoded(document.to_string().as_bytes(), "AS1").unwrap_or_else(|error| panic!("{error}"))
}

/// Reads what has nothing odd.
fn clean(document: &Value) -> TopologyView {
    let (view, warnings) = read(document);
    assert_eq!(warnings, []);
    view
}

/// Reads what has odd things at these places.
fn odd(document: &Value, paths: &[&str]) -> (TopologyView, Vec<String>) {
    let (view, warnings) = read(document);
    let (at, texts): (Vec<String>, Vec<String>) = warnings.into_iter().unzip();
    assert_eq!(at, paths, "{texts:?}");
    (view, texts)
}

fn networks(networks: &[Value]) -> Value {
    json!({"ietf-network:networks": {"network": networks}})
}

fn network(id: &str, nodes: &[Value], links: &[Value]) -> Value {
    json!({"network-id": id, "node": nodes, "ietf-network-topology:link": links})
}

fn node(id: &str) -> Value {
    json!({ "node-id": id })
}

fn te_node(id: &str, te_id: &str) -> Value {
    json!({"node-id": id, "ietf-te-topology:te-node-id": te_id})
}

fn link(id: &str, src: &str, dst: &str) -> Value {
    json!({"link-id": id, "source": {"source-node": src}, "destination": {"dest-node": dst}})
}

/// A link with attributes of TE.
fn te_link(id: &str, src: &str, dst: &str, attributes: Value) -> Value {
    with(link(id, src, dst), |link| {
        link["ietf-te-topology:te"] = json!({ "te-link-attributes": attributes });
    })
}

fn with(mut value: Value, change: impl FnOnce(&mut Value)) -> Value {
    change(&mut value);
    value
}

/// What a document tells of domains and routers.
fn told(view: &TopologyView) -> Vec<(&str, Vec<&str>)> {
    view.nodes
        .iter()
        .map(|node| (node.domain.as_str(), routers(node)))
        .collect()
}

/// Links within the view's domains, and between them.
fn inner(view: &TopologyView) -> Vec<String> {
    let links = view.nodes.iter().flat_map(|node| &node.links);
    links.map(ends_of).collect()
}

fn outer(view: &TopologyView) -> Vec<String> {
    view.links.iter().map(ends_of).collect()
}

fn prefixes(node: &TopologyNode) -> Vec<String> {
    node.prefixes.iter().map(ToString::to_string).collect()
}

/// Delay in microseconds and bandwidth in bit/s.
fn measures(link: &RouterLink) -> (Option<f64>, Option<u64>) {
    (
        link.delay.map(nffg::Delay::as_micros),
        link.bandwidth.map(nffg::Bandwidth::bits_per_second),
    )
}

#[test]
fn the_example_of_the_documentation() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/formats/examples/ietf.json"
    );
    let bytes = std::fs::read(file).unwrap();
    let (view, warnings) = decoded(&bytes, "AS65001").unwrap();
    assert_eq!(warnings, []);
    let expected = [
        ("AS65001", vec!["192.0.2.1", "192.0.2.2"]),
        ("AS65002", vec!["198.51.100.1"]),
    ];
    assert_eq!(told(&view), expected);
    let own = &view.nodes[0];
    let reached = ["203.0.113.0/25", "2001:db8:1::/48", "203.0.113.128/25"];
    assert_eq!(prefixes(own), reached);
    assert_eq!(
        inner(&view),
        [
            "AS65001/192.0.2.1 AS65001/192.0.2.2",
            "AS65001/192.0.2.2 AS65001/192.0.2.1"
        ]
    );
    let expected = (Some(3000.0), Some(8_000_000_000));
    assert_eq!(measures(&own.links[0]), expected);
    let expected = (Some(3100.0), Some(10_000_000_000));
    assert_eq!(measures(&own.links[1]), expected);
    assert_eq!(outer(&view), ["AS65001/192.0.2.2 AS65002/198.51.100.1"]);
    let expected = (Some(230.0), Some(10_000_000_000));
    assert_eq!(measures(&view.links[0]), expected);
    assert!(!view.silent_on_links);
    assert_eq!((&view.name, &own.entry_point), (&None, &None));
    assert!(own.resources.is_empty());
}

#[test]
fn it_is_known_by_its_root_member() {
    let exporter = domain("AS1");
    let list = json!([network("AS1", &[node("a")], &[])]);
    for document in [
        json!({"ietf-network:networks": {"network": list}}),
        json!({"networks": {"network": list}}),
        json!({"network": list}),
    ] {
        let export = decode(document.to_string().as_bytes(), Expected::of(&exporter)).unwrap();
        assert_eq!(export.format, Format::Ietf);
        let view = export.parts.topology.unwrap();
        assert_eq!(told(&view), [("AS1", vec!["a"])]);
    }
}
