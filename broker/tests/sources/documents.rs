//! Small documents of our own, in the formats that members export.

use serde_json::json;

/// UNIFY JSON: a domain with one router and a link to each neighbour's.
pub(crate) fn unify(asn: u32, neighbours: &[u32]) -> String {
    let port = |asn: u32| json!({"id": format!("10.0.0.{asn}")});
    let mut nodes = vec![json!({
        "id": format!("0.0.0.{asn}"),
        "ports": {"port": [port(asn)]},
        "metadata": [{"key": "unify-slor", "value": format!("http://as{asn}.example/")}],
    })];
    let mut links = Vec::new();
    let end = |asn: u32| format!("/nodes/node[id=0.0.0.{asn}]/ports/port[id=10.0.0.{asn}]");
    for other in neighbours {
        nodes.push(json!({"id": format!("0.0.0.{other}"), "ports": {"port": [port(*other)]}}));
        links.push(json!({"src": end(asn), "dst": end(*other)}));
    }
    json!({"nodes": {"node": nodes}, "links": {"link": links}}).to_string()
}

/// COP as netphony exports it: the far ends of links between domains as Java prints them.
pub(crate) fn cop(asn: u32, neighbours: &[u32]) -> String {
    let node =
        |asn: u32| json!({"domain": format!("0.0.0.{asn}"), "nodeId": format!("10.0.0.{asn}")});
    let edge = |other: &u32| {
        json!({
            "edgeId": "0", "edgeType": "eth_edge", "source": node(asn),
            "target": {"domain": format!("/0.0.0.{other}"), "nodeId": format!("/10.0.0.{other}")},
        })
    };
    json!({"topology": [
        {"topologyId": format!("0.0.0.{asn}"), "nodes": [node(asn)], "edges": []},
        {"topologyId": "multidomain", "nodes": [], "edges": neighbours.iter().map(edge).collect::<Vec<_>>()},
    ]})
    .to_string()
}

/// The networks of netphony: no links.
pub(crate) fn ietf(asn: u32) -> String {
    json!({"network": [{
        "networkId": format!("0.0.0.{asn}"),
        "node": [{"nodeId": format!("10.0.0.{asn}"), "supportingNode": []}],
        "supportingNetwork": [],
    }]})
    .to_string()
}

/// Virtualizer XML: one node with so much cpu.
pub(crate) fn virtualizer(cpu: &str) -> String {
    format!(
        "<virtualizer><id>v</id><nodes><node><id>SingleBiSBiS</id><name>SingleBiSBiS</name>\n\
         <type>BiSBiS</type><resources><cpu>{cpu}</cpu><mem>2</mem><storage>3</storage></resources>\n\
         </node></nodes></virtualizer>\n"
    )
}
