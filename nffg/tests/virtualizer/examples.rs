//! The documents that docs/formats/virtualizer.md shows.

use nffg::virtualizer::edit::apply;
use nffg::{Delay, QuantitySum, Unit};

use super::*;

const ONE_NODE: &str = include_str!("../../../docs/formats/examples/virtualizer.xml");
const EDIT: &str = include_str!("../../../docs/formats/examples/virtualizer-edit.xml");
const ALL_NODES: &str = include_str!("../../../docs/formats/examples/virtualizer-dov.xml");

/// Cpu, memory and storage as told.
fn resources(of: nffg::Resources) -> [String; 3] {
    [of.cpu, of.mem, of.storage].map(|of| of.map_or_else(String::new, |of| of.to_string()))
}

fn links(links: &[nffg::ViewLink]) -> Vec<String> {
    let end = |end: &nffg::ViewPortRef| format!("{}/{}", end.node, end.port);
    let links = links.iter().map(|link| {
        let delay = link.delay.map_or_else(String::new, |of| of.to_string());
        let bandwidth = link.bandwidth.map_or_else(String::new, |of| of.to_string());
        format!("{} {} {delay} {bandwidth}", end(&link.src), end(&link.dst))
    });
    links.map(|link| link.trim().to_owned()).collect()
}

#[test]
fn a_domain_as_one_node() {
    let view = decode(ONE_NODE);
    assert_eq!(view.warnings, []);
    assert_eq!(view.id.as_deref(), Some("AS65001"));
    assert_eq!(view.name.as_deref(), Some("Example operator, one node"));
    assert_eq!((view.nodes.len(), view.links.len()), (1, 0));
    let node = &view.nodes[0];
    assert_eq!(node.id.as_str(), "SingleBiSBiS");
    assert_eq!(node.name.as_deref(), Some("Aggregate of AS65001"));
    assert_eq!(node.node_type.as_deref(), Some("BiSBiS"));
    assert_eq!(
        saps(node),
        [
            "sap Berlin",
            "inter-domain AS65001-AS65002",
            "inter-domain AS65001-AS65003"
        ]
    );
    let peering = &node.ports[1];
    assert_eq!(peering.delay.unwrap().as_nanos(), 2_500_000);
    assert_eq!(peering.bandwidth.unwrap().bits_per_second(), 10_000_000_000);
    assert_eq!(
        links(&node.links),
        ["SingleBiSBiS/customer-7 SingleBiSBiS/peering-1 800 us 1 Gbit/s"]
    );
    assert_eq!(resources(node.resources), ["64.0", "256.0 GB", "4.0 TB"]);
    assert_eq!(supported(node), ["firewall", "nat"]);
    assert_eq!(node.running.len(), 1);
    assert_eq!(node.running[0].id, "fw-1");
    assert_eq!(
        node.running[0].nf_type.as_ref().unwrap().as_str(),
        "firewall"
    );
    assert_eq!(
        resources(node.running[0].resources),
        ["4.0", "8.0 GB", "20.0 GB"]
    );
}

#[test]
fn what_changed_of_it() {
    let text = apply(ONE_NODE.as_bytes(), EDIT.as_bytes()).unwrap();
    let view = decode(&text);
    // The flow's entry is no business of ours, but stays.
    assert!(
        text.contains("<flowentry>\n\t\t\t\t\t<id>flow-1</id>"),
        "{text}"
    );
    assert!(text.contains("get-config of AS65001") && text.contains("noc@as65001.example"));
    assert!(text.contains("<version>8</version>"));
    let mut expected = decode(ONE_NODE);
    let node = &mut expected.nodes[0];
    node.ports.pop();
    node.ports[1].delay = Some(Delay::from_nanos(3_000_000));
    node.resources.cpu = Some("60".parse().unwrap());
    node.running[0].id = "nat-1".to_owned();
    node.running[0].nf_type = Some("nat".parse().unwrap());
    node.running[0].resources = nffg::Resources {
        cpu: Some("8".parse().unwrap()),
        ..nffg::Resources::default()
    };
    assert_eq!(view, expected);
}

#[test]
fn a_domain_as_all_its_nodes() {
    let view = decode(ALL_NODES);
    assert_eq!(view.warnings, []);
    let ids: Vec<&str> = view.nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids, ["switch-1@SDN", "rack-1@CLOUD", "edge-1@ACCESS"]);
    let types: Vec<_> = view
        .nodes
        .iter()
        .map(|node| node.node_type.as_deref().unwrap())
        .collect();
    assert_eq!(types, ["SDN-SWITCH", "BiSBiS", "BiSBiS"]);
    let saps: Vec<String> = view.nodes.iter().flat_map(saps).collect();
    assert_eq!(
        saps,
        [
            "inter-domain SDN-CLOUD",
            "inter-domain SDN-ACCESS",
            "inter-domain AS65001-AS65002",
            "inter-domain SDN-CLOUD",
            "sap Berlin",
            "inter-domain SDN-ACCESS",
        ]
    );
    assert_eq!(
        links(&view.nodes[0].links),
        ["switch-1@SDN/1 switch-1@SDN/3 200 us 10 Gbit/s"]
    );
    assert_eq!(
        links(&view.links),
        [
            "rack-1@CLOUD/eth0 switch-1@SDN/1",
            "switch-1@SDN/1 rack-1@CLOUD/eth0",
            "edge-1@ACCESS/port-2 switch-1@SDN/2 1.5 ms",
            "switch-1@SDN/2 edge-1@ACCESS/port-2 1.5 ms",
        ]
    );
    assert_eq!(
        resources(view.nodes[0].resources),
        ["", "", ""],
        "what is not told is not zero"
    );
    let mut sums = [QuantitySum::default(); 3];
    for node in &view.nodes {
        let of = node.resources;
        for (sum, of) in sums.iter_mut().zip([of.cpu, of.mem, of.storage]) {
            of.into_iter().for_each(|of| sum.add(of));
        }
    }
    assert_eq!(sums[0].in_unit(Unit::Bare), Some(64.0));
    assert_eq!(sums[1].in_unit(Unit::Byte), Some(256e9));
    assert_eq!(sums[2].in_unit(Unit::Byte), Some(4.5e12));
    assert_eq!(supported(&view.nodes[1]), ["firewall", "nat"]);
    assert_eq!(supported(&view.nodes[2]), ["nat"]);
}
