use nffg::{BisBis, Port, Quantity, Unit};

use super::*;

fn port(id: &str, kind: PortKind) -> Port {
    Port {
        id: id.parse().unwrap(),
        name: None,
        kind,
        delay: None,
        bandwidth: None,
    }
}

fn sap(id: &str) -> SapId {
    id.parse().unwrap()
}

fn node(id: &str, ports: Vec<Port>) -> BisBis {
    BisBis {
        id: id.parse().unwrap(),
        name: None,
        node_type: Some("BiSBiS".to_owned()),
        resources: Resources::default(),
        supported: Vec::new(),
        running: Vec::new(),
        ports,
        links: Vec::new(),
    }
}

fn take(nodes: Vec<BisBis>) -> Domain {
    let view = ResourceView {
        nodes,
        ..ResourceView::default()
    };
    Domain::from_view("AS1".parse().unwrap(), None, view).unwrap()
}

#[test]
fn a_tagged_port_is_never_a_service_access_point() {
    let domain = take(vec![node(
        "a",
        vec![
            port("1", PortKind::Sap(sap("SAP1"))),
            port("2", PortKind::InterDomain(sap("SAP12"))),
            port("3", PortKind::Internal),
        ],
    )]);
    assert_eq!(domain.saps(), [sap("SAP1")]);
    assert_eq!(domain.inter_domain_saps().len(), 1);
    assert_eq!(domain.inter_domain_saps()[0].sap, sap("SAP12"));
    assert!(domain.warnings().is_empty());
}

#[test]
fn tagged_and_untagged_in_one_domain_is_inter_domain_with_a_warning() {
    let domain = take(vec![
        node("a", vec![port("1", PortKind::Sap(sap("SAP14")))]),
        node("b", vec![port("2", PortKind::InterDomain(sap("SAP14")))]),
    ]);
    assert!(domain.saps().is_empty());
    assert!(domain.nodes()[0].saps.is_empty());
    assert_eq!(domain.nodes()[0].inter_domain_saps, [sap("SAP14")]);
    let [warning] = domain.warnings() else {
        panic!("one warning: {:?}", domain.warnings())
    };
    assert_eq!(warning.path, "nodes/node[a]/ports/port[1]");
    assert!(warning.text.contains("SAP14"), "{}", warning.text);
}

#[test]
fn several_ports_under_one_tag_show_their_worst() {
    let tagged = |id: &str, delay, bandwidth| Port {
        delay,
        bandwidth,
        ..port(id, PortKind::InterDomain(sap("X")))
    };
    let ms = |n: u64| Some(Delay::from_nanos(n * 1_000_000));
    let mbit = |n: u64| Some(Bandwidth::from_bits_per_second(n * 1_000_000));
    let ports = vec![
        tagged("1", ms(3), mbit(100)),
        tagged("2", None, None),
        tagged("3", ms(5), mbit(10)),
    ];
    let domain = take(vec![node("a", ports)]);
    let expected = InterDomainSap {
        sap: sap("X"),
        delay: ms(5),
        bandwidth: mbit(10),
        nodes: 1,
    };
    assert_eq!(domain.inter_domain_saps(), [expected]);
}

#[test]
fn the_nodes_that_a_tag_joins_are_counted_not_its_ports() {
    let tagged = |id: &str, tag: &str| port(id, PortKind::InterDomain(sap(tag)));
    let domain = take(vec![
        node(
            "a",
            vec![tagged("1", "X"), tagged("2", "X"), tagged("3", "Y")],
        ),
        node(
            "b",
            vec![tagged("1", "Y"), port("2", PortKind::Sap(sap("X")))],
        ),
        node("c", vec![tagged("1", "Y")]),
    ]);
    let tags = domain.inter_domain_saps().iter();
    let nodes: Vec<_> = tags.map(|tag| (tag.sap.as_str(), tag.nodes)).collect();
    assert_eq!(nodes, [("X", 1), ("Y", 3)]);
}

#[test]
fn two_nodes_with_one_id_are_refused() {
    let view = ResourceView {
        nodes: vec![node("a", vec![]), node("b", vec![]), node("a", vec![])],
        ..ResourceView::default()
    };
    let error = Domain::from_view("AS1".parse().unwrap(), None, view).unwrap_err();
    assert_eq!(
        error,
        DomainError::DuplicateNode {
            node: "a".parse().unwrap()
        }
    );
    assert!(error.to_string().contains("'a'"));
}

#[test]
fn the_order_of_a_document_does_not_count() {
    let mut nodes = vec![
        node(
            "a",
            vec![
                port("1", PortKind::Sap(sap("S"))),
                port("2", PortKind::Sap(sap("R"))),
            ],
        ),
        node(
            "b",
            vec![
                port("1", PortKind::InterDomain(sap("T"))),
                port("2", PortKind::Sap(sap("T"))),
            ],
        ),
    ];
    // Sums of floats depend on their order; 0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1.
    for (node, value) in nodes.iter_mut().zip([0.1, 0.2]) {
        node.resources.cpu = Some(Quantity::new(value, Unit::Bare).unwrap());
    }
    let mut third = node("c", vec![]);
    third.resources.cpu = Some(Quantity::new(0.3, Unit::Bare).unwrap());
    nodes.push(third);
    let forward = take(nodes.clone());
    nodes.reverse();
    nodes.iter_mut().for_each(|node| node.ports.reverse());
    assert_eq!(take(nodes), forward);
}

#[test]
fn what_is_not_told_is_not_zero() {
    let domain = take(vec![node("a", vec![])]);
    assert_eq!(*domain.totals(), Totals::default());
    assert!(domain.totals().cpu.is_empty());
}
