//! The forms in which netphony-topology exports, and what each of them loses.
//!
//! | exporter | tells | loses |
//! |---|---|---|
//! | PoC (`topologyFromTADS`) | all that the scenario's file has | |
//! | UNIFY (`virtualizer`) | routers, links, entry point, resources | prefixes, delays between domains |
//! | COP (`topologies`) | routers, links | delays, prefixes, entry point, resources |
//! | IETF (`networks`) | routers | links, and all else |

use nffg::{DomainId, RouterLink, RouterRef, TopologyView};
use serde_json::{Value, json};

/// Of the document of the draft's authors, leaves what netphony's own UNIFY export has.
pub(super) fn to_plain_unify(document: &mut Value) {
    let links = document
        .pointer_mut("/links/link")
        .and_then(Value::as_array_mut);
    for link in links.into_iter().flatten().filter_map(Value::as_object_mut) {
        link.remove("resources");
    }
    let nodes = document
        .pointer_mut("/nodes/node")
        .and_then(Value::as_array_mut);
    for node in nodes.into_iter().flatten() {
        if let Some(metadata) = node.get_mut("metadata").and_then(Value::as_array_mut) {
            metadata.retain(|item| {
                let key = item.get("key").and_then(Value::as_str).unwrap_or_default();
                !key.starts_with("reachability_")
            });
        }
    }
}

/// A domain's name in netphony: an AS number as an IPv4 address.
fn name(domain: &DomainId) -> String {
    domain.asn().map_or_else(
        || domain.to_string(),
        |asn| std::net::Ipv4Addr::from_bits(asn).to_string(),
    )
}

/// The COP export: a topology for every domain, and one for the links between them.
pub(super) fn cop(view: &TopologyView) -> Value {
    let mut topologies: Vec<Value> = Vec::new();
    for node in &view.nodes {
        let domain = name(&node.domain);
        let nodes = node
            .routers
            .iter()
            .map(|id| json!({"domain": domain, "name": id.as_str(), "nodeId": id.as_str()}));
        topologies.push(json!({
            "topologyId": domain,
            "nodes": nodes.collect::<Vec<_>>(),
            "edges": node.links.iter().map(|link| edge(link, "")).collect::<Vec<_>>(),
        }));
    }
    // Java's way to print an address gets into the far ends.
    let edges: Vec<Value> = view.links.iter().map(|link| edge(link, "/")).collect();
    topologies.push(json!({"topologyId": "multidomain", "nodes": [], "edges": edges}));
    json!({ "topology": topologies })
}

fn edge(link: &RouterLink, before: &str) -> Value {
    let end = |before: &str, end: &RouterRef| {
        json!({
            "domain": format!("{before}{}", name(&end.domain)),
            "nodeId": format!("{before}{}", end.router),
        })
    };
    json!({
        "edgeId": "0",
        "edgeType": "eth_edge",
        "source": end("", &link.src),
        "target": end(before, &link.dst),
    })
}

/// The IETF export: a network for every domain.
pub(super) fn ietf(view: &TopologyView) -> Value {
    let networks = view.nodes.iter().map(|node| {
        let nodes = node.routers.iter();
        let nodes = nodes.map(|id| json!({"nodeId": id.as_str(), "supportingNode": []}));
        json!({
            "networkId": name(&node.domain),
            "node": nodes.collect::<Vec<_>>(),
            "supportingNetwork": [],
        })
    });
    json!({ "network": networks.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use nffg::RouterId;
    use nffg::export::{Expected, Format, decode};

    use super::*;
    use crate::scenario::Scenario;

    type Routers = BTreeSet<(DomainId, RouterId)>;
    type Links = BTreeSet<(RouterRef, RouterRef)>;

    fn graph(view: &TopologyView) -> (Routers, Links) {
        let mut routers = Routers::new();
        let mut links: Vec<&RouterLink> = view.links.iter().collect();
        for node in &view.nodes {
            let own = node.routers.iter();
            routers.extend(own.map(|router| (node.domain.clone(), router.clone())));
            links.extend(&node.links);
        }
        let ends = links
            .iter()
            .map(|link| (link.src.clone(), link.dst.clone()));
        (routers, ends.collect())
    }

    #[test]
    fn every_form_tells_the_same_routers_and_what_it_knows_of_links() {
        for name in Scenario::built_in() {
            let scenario = Scenario::open(name).unwrap();
            for domain in &scenario.manifest().domains {
                let text = scenario.read(&domain.topology).unwrap();
                let view = nffg::unify::decode(&text).unwrap();
                let (routers, links) = graph(&view);
                assert!(!routers.is_empty() && !links.is_empty());
                let of = |document: Value| {
                    let bytes = document.to_string().into_bytes();
                    let export = decode(&bytes, Expected::of(&domain.id)).unwrap();
                    (export.format, export.parts.topology.unwrap())
                };
                let (format, told) = of(cop(&view));
                assert_eq!(format, Format::Cop);
                assert_eq!(
                    graph(&told),
                    (routers.clone(), links.clone()),
                    "{name} {}",
                    domain.id
                );
                let (format, told) = of(ietf(&view));
                assert_eq!((format, told.silent_on_links), (Format::Ietf, true));
                assert_eq!(
                    graph(&told),
                    (routers.clone(), Links::new()),
                    "{name} {}",
                    domain.id
                );
                let mut plain: Value = serde_json::from_slice(&text).unwrap();
                to_plain_unify(&mut plain);
                let (format, told) = of(plain);
                assert_eq!(format, Format::Unify);
                assert_eq!(graph(&told), (routers, links), "{name} {}", domain.id);
                assert!(told.nodes.iter().all(|node| node.prefixes.is_empty()));
            }
        }
    }
}
