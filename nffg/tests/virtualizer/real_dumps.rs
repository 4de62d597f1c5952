//! Documents of other makes, and those of our scenarios.

use std::time::Duration;

use nffg::{QuantitySum, Unit};

use super::*;

fn real(name: &str) -> Option<ResourceView> {
    let bytes = fixtures::fixture(name)?;
    let view = virtualizer::decode(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    // Whatever was read can be written and read again.
    let again = virtualizer::decode(virtualizer::encode(&view).as_bytes()).unwrap();
    assert_eq!(
        ResourceView {
            warnings: Vec::new(),
            ..view.clone()
        },
        again,
        "{name}"
    );
    Some(view)
}

fn escape(name: &str) -> Option<ResourceView> {
    real(&format!(
        "third-party/escape/get-config/get-config-{name}.xml"
    ))
}

#[test]
fn get_config_of_five_domains() {
    let Some(docker) = escape("docker1") else {
        return;
    };
    assert_eq!(docker.id.as_deref(), Some("DOCKER"));
    assert_eq!(docker.nodes[0].id.as_str(), "DOCKER_HOST");
    assert_eq!(saps(&docker.nodes[0]), ["inter-domain SAP34"]);
    assert_eq!(supported(&docker.nodes[0]), ["balance_server", "bridge"]);
    assert_eq!(docker.warnings, []);

    let mininet = escape("mininet").unwrap();
    let node = &mininet.nodes[0];
    assert_eq!(saps(node), ["sap SAP1", "sap SAP14", "sap SAP2"]);
    assert_eq!(
        supported(node),
        ["headerCompressor", "headerDecompressor", "simpleForwarder"]
    );
    assert_eq!(node.links.len(), 3);
    for link in &node.links {
        assert_eq!(link.delay.unwrap().as_nanos(), 200_000);
        assert_eq!(link.bandwidth.unwrap().bits_per_second(), 1_120_000_000_000);
    }

    let openstack = escape("openstack").unwrap();
    assert_eq!(openstack.nodes[0].node_type.as_deref(), Some("BiSBiS"));
    assert_eq!(supported(&openstack.nodes[0]), ["dpi", "webserver"]);
    assert_eq!(saps(&openstack.nodes[0]), ["inter-domain SAP24"]);

    let ryu = escape("ryu").unwrap();
    let inter = [
        "inter-domain SAP14",
        "inter-domain SAP44",
        "inter-domain SAP34",
    ];
    assert_eq!(saps(&ryu.nodes[0])[..3], inter);
    assert_eq!(
        saps(&ryu.nodes[0])[3..],
        ["sap SAP54", "inter-domain SAP24"]
    );

    // The aggregate that ESCAPE itself makes of the five: exporter-formats, section 5.2.
    let docker2 = escape("docker2").unwrap();
    let mut sums = [QuantitySum::default(); 3];
    for view in [&docker, &docker2, &mininet, &openstack, &ryu] {
        let resources = view.nodes[0].resources;
        for (sum, of) in sums
            .iter_mut()
            .zip([resources.cpu, resources.mem, resources.storage])
        {
            sum.add(of.unwrap());
        }
    }
    let sums = sums.map(|sum| sum.in_unit(Unit::Bare).unwrap());
    assert_eq!(sums, [38.0, 50_721_171_466.0, 25_010_150_410.0]);
}

#[test]
fn edit_config_is_the_same_format() {
    let folder = "third-party/escape/edit-config/edit-config-sg1";
    let Some(whole) = real(&format!("{folder}-mininet.xml")) else {
        return;
    };
    assert_eq!(whole.nodes[0].ports.len(), 3);
    assert_eq!(whole.nodes[0].links.len(), 3);
    let diff = real(&format!("{folder}-mininet-diff.xml")).unwrap();
    assert_eq!((diff.id, diff.nodes.len()), (None, 1));
    assert!(diff.nodes[0].resources.is_empty());
    assert_eq!(
        real(&format!("{folder}-docker1-diff.xml")).unwrap(),
        ResourceView::default()
    );
}

#[test]
fn every_flavour_of_port() {
    let Some(view) = real("third-party/virtualizer/port-examples.xml") else {
        return;
    };
    let node = &view.nodes[0];
    assert_eq!(node.node_type.as_deref(), Some("BiSBiS"));
    assert_eq!(node.ports.len(), 20);
    let count = |kind: &str| {
        saps(node)
            .iter()
            .filter(|sap| sap.starts_with(kind))
            .count()
    };
    assert_eq!(
        (count("inter-domain"), count("sap"), count("internal")),
        (14, 0, 6)
    );
    let port = node
        .ports
        .iter()
        .find(|port| port.id.as_str() == "02")
        .unwrap();
    assert_eq!(
        port.delay.unwrap().as_nanos(),
        Duration::from_millis(3).as_nanos() as u64
    );
    assert_eq!(port.bandwidth.unwrap().bits_per_second(), 800_000_000);
    assert_eq!(view.warnings, []);
}

#[test]
fn the_scenarios_of_the_draft_and_of_its_authors() {
    let Some(view) = real("ours/3as/AS1.get-config.xml") else {
        return;
    };
    assert_eq!(view.id.as_deref(), Some("AS1"));
    assert_eq!(saps(&view.nodes[0]), ["sap SAP1", "inter-domain SAP12"]);
    assert_eq!(supported(&view.nodes[0]), ["NF1", "NF3"]);
    assert_eq!(view.nodes[0].resources.storage.unwrap().to_string(), "70.0");
    let middle = real("ours/3as/AS2.get-config.xml").unwrap();
    assert_eq!(
        saps(&middle.nodes[0]),
        ["inter-domain SAP12", "inter-domain SAP23"]
    );

    let mut inter = Vec::new();
    let mut service = Vec::new();
    for domain in ["1", "2", "3", "121", "122", "123", "231"] {
        let view = real(&format!("ours/7as/0.0.0.{domain}.get-config.xml")).unwrap();
        for port in &view.nodes[0].ports {
            match &port.kind {
                PortKind::InterDomain(sap) => inter.push(sap.clone()),
                PortKind::Sap(sap) => service.push(sap.to_string()),
                PortKind::Internal => panic!("{port:?}"),
            }
        }
        assert_eq!(
            view.nodes[0].supported.is_empty(),
            domain.len() == 3,
            "transit"
        );
    }
    assert_eq!(service, ["SAP1", "SAP3"]);
    inter.sort();
    let (ends, twice): (Vec<_>, Vec<_>) = inter.chunks(2).map(|pair| (&pair[0], pair)).unzip();
    assert_eq!(ends.len(), 9, "links.json has nine links");
    assert!(
        twice.iter().all(|pair| pair[0] == pair[1]),
        "each told from both sides"
    );
}
