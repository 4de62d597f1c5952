//! A member that exports all its nodes (the view that ESCAPE calls GLOBAL or DoV), from the document to
//! the federation.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::sync::Arc;

use idr::{Domain, Idr, Snapshot, Update};
use nffg::{DomainId, Unit, virtualizer};

const ALL_NODES: &str = include_str!("../../docs/formats/examples/virtualizer-dov.xml");
const ONE_NODE: &str = include_str!("../../docs/formats/examples/virtualizer.xml");

fn domain(id: &str, document: &str) -> Domain {
    let view = virtualizer::decode(document.as_bytes()).unwrap();
    assert_eq!(view.warnings, []);
    Domain::from_view(id.parse().unwrap(), None, view).unwrap()
}

fn federation(domains: Vec<Domain>) -> Arc<Snapshot> {
    let mut idr = Idr::new();
    idr.apply(domains.into_iter().map(Update::Put));
    idr.snapshot()
}

fn texts<T: ToString>(list: &[T]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

/// A neighbour that tags one port.
fn neighbour(tag: &str) -> Domain {
    let document = format!(
        "<virtualizer><nodes><node><id>n</id><ports><port><id>1</id><sap>{tag}</sap></port></ports>\
         <resources><cpu>8</cpu></resources></node></nodes></virtualizer>"
    );
    domain("AS65002", &document)
}

fn open_borders(snapshot: &Snapshot) -> Vec<String> {
    let open = snapshot.open_borders().iter();
    open.map(|open| format!("{} {}", open.sap, open.domain))
        .collect()
}

fn borders(snapshot: &Snapshot) -> Vec<String> {
    let borders = snapshot.borders().iter();
    let met = |border: &idr::Border| {
        let domains: Vec<&str> = border.domains().map(DomainId::as_str).collect();
        format!("{} {}", border.sap, domains.join(" "))
    };
    borders.map(met).collect()
}

#[test]
fn sums_go_over_all_nodes_of_a_domain_and_of_the_federation() {
    let all = domain("AS65001", ALL_NODES);
    let totals = *all.totals();
    assert_eq!(totals.cpu.in_unit(Unit::Bare), Some(64.0));
    assert_eq!(totals.mem.in_unit(Unit::Byte), Some(256e9));
    assert_eq!(totals.storage.in_unit(Unit::Byte), Some(4.5e12));
    assert_eq!(texts(all.nf_types()), ["firewall", "nat"]);
    assert_eq!(texts(all.saps()), ["Berlin"]);
    let nodes: Vec<&str> = all.nodes().iter().map(|node| node.id.as_str()).collect();
    assert_eq!(nodes, ["edge-1@ACCESS", "rack-1@CLOUD", "switch-1@SDN"]);

    let snapshot = federation(vec![all, neighbour("AS65001-AS65002")]);
    assert_eq!(snapshot.totals().cpu.in_unit(Unit::Bare), Some(72.0));
    assert_eq!(snapshot.totals().mem, totals.mem);
}

#[test]
fn the_one_node_view_has_the_same_resources() {
    let (all, one) = (domain("AS65001", ALL_NODES), domain("AS65001", ONE_NODE));
    assert_eq!(all.totals().cpu, one.totals().cpu);
    assert_eq!(all.totals().mem, one.totals().mem);
    assert_eq!((all.nf_types(), all.saps()), (one.nf_types(), one.saps()));
}

#[test]
fn a_tag_shared_with_another_domain_is_a_border() {
    let snapshot = federation(vec![
        domain("AS65001", ALL_NODES),
        neighbour("AS65001-AS65002"),
    ]);
    assert_eq!(borders(&snapshot), ["AS65001-AS65002 AS65001 AS65002"]);
    let open = open_borders(&snapshot);
    assert!(
        !open.contains(&"AS65001-AS65002 AS65001".to_owned()),
        "{open:?}"
    );
    // What joins nodes of the one is a border too once somebody else tags it.
    let snapshot = federation(vec![domain("AS65001", ALL_NODES), neighbour("SDN-CLOUD")]);
    assert_eq!(borders(&snapshot), ["SDN-CLOUD AS65001 AS65002"]);
}

#[test]
fn what_joins_nodes_of_one_domain_is_no_open_border() {
    let snapshot = federation(vec![domain("AS65001", ALL_NODES)]);
    assert_eq!(open_borders(&snapshot), ["AS65001-AS65002 AS65001"]);
    assert_eq!(borders(&snapshot).len(), 0);
    let met = federation(vec![
        domain("AS65001", ALL_NODES),
        neighbour("AS65001-AS65002"),
    ]);
    assert_eq!(open_borders(&met).len(), 0);
}
