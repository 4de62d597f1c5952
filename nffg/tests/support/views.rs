//! Resource views as proptest makes them: such as a document can tell.

use std::collections::BTreeSet;

use nffg::{
    Bandwidth, BisBis, Delay, NfType, Port, PortKind, Quantity, ResourceView, Resources, RunningNf,
    Unit, ViewLink, ViewPortRef,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

/// A text without blanks around it, with what XML has to escape.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{1,8}", "[a-z&<>\"'\\]\r\n\t]{1,8}"]
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("a text is not empty", |text| !text.is_empty())
}

/// An id, unique by its place, with what references are made of.
fn id(place: usize) -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-z0-9@.:=/\\[\\]&'\" -]{0,6}", Just("'x".to_owned())]
        .prop_map(move |text| format!("{}{place}'", text.trim_start()))
        .prop_filter("a reference cannot tell it", |id| !id.contains("]/"))
}

fn quantity() -> impl Strategy<Value = Option<Quantity>> {
    let value = prop_oneof![(0..1000_u32).prop_map(f64::from), 0.0..1e18];
    let unit = prop_oneof![Just(Unit::Bare), Just(Unit::Byte)];
    option::of((value, unit).prop_map(|(value, unit)| Quantity::new(value, unit).unwrap()))
}

pub(crate) fn resources() -> impl Strategy<Value = Resources> {
    let cpu = option::of((0.0..64.0).prop_map(|cpu| Quantity::new(cpu, Unit::Bare).unwrap()));
    (cpu, quantity(), quantity()).prop_map(|(cpu, mem, storage)| Resources { cpu, mem, storage })
}

pub(crate) fn delay() -> impl Strategy<Value = Option<Delay>> {
    option::of((0..1_u64 << 50).prop_map(Delay::from_nanos))
}

pub(crate) fn bandwidth() -> impl Strategy<Value = Option<Bandwidth>> {
    option::of((0..1_u64 << 50).prop_map(Bandwidth::from_bits_per_second))
}

fn nf_type() -> impl Strategy<Value = NfType> {
    "[a-zA-Z0-9:é ]{0,5}[a-z]".prop_map(|text| text.parse().unwrap())
}

fn port(place: usize) -> impl Strategy<Value = Port> {
    let id = prop_oneof![
        id(place).prop_filter("named apart", |id| !id.starts_with("SAP")),
        Just(format!("SAP{place}")),
    ];
    let name = option::of(prop_oneof![
        text(),
        Just("SAP:x".to_owned()),
        Just("SAP7".to_owned())
    ]);
    (id, name, 0..3_u8, delay(), bandwidth()).prop_map(|(id, name, kind, delay, bandwidth)| {
        let sap = match name.as_deref() {
            _ if id.starts_with("SAP") => &id,
            Some("SAP:x") => "x",
            Some("SAP7") => "SAP7",
            _ => &id,
        };
        let kind = match kind {
            0 => PortKind::Sap(sap.parse().unwrap()),
            1 => PortKind::InterDomain("SAP 12".parse().unwrap()),
            _ => PortKind::Internal,
        };
        Port {
            id: id.parse().unwrap(),
            name,
            kind,
            delay,
            bandwidth,
        }
    })
}

type Ends = (
    Index,
    Index,
    Option<String>,
    Option<Delay>,
    Option<Bandwidth>,
);

fn ends() -> impl Strategy<Value = Vec<Ends>> {
    vec(
        (
            any::<Index>(),
            any::<Index>(),
            option::of(text()),
            delay(),
            bandwidth(),
        ),
        0..4,
    )
}

fn links(ports: &[ViewPortRef], ends: Vec<Ends>) -> Vec<ViewLink> {
    let link = |(src, dst, id, delay, bandwidth): Ends| {
        let (src, dst) = (src.get(ports).clone(), dst.get(ports).clone());
        (src != dst).then_some(ViewLink {
            id,
            src,
            dst,
            delay,
            bandwidth,
        })
    };
    if ports.is_empty() {
        Vec::new()
    } else {
        ends.into_iter().filter_map(link).collect()
    }
}

fn ports_of(node: &BisBis) -> Vec<ViewPortRef> {
    let port = |port: &Port| ViewPortRef {
        node: node.id.clone(),
        port: port.id.clone(),
    };
    node.ports.iter().map(port).collect()
}

fn node(place: usize) -> impl Strategy<Value = BisBis> {
    let running = (text(), option::of(nf_type()), resources());
    let running = running.prop_map(|(id, nf_type, resources)| RunningNf {
        id,
        nf_type,
        resources,
    });
    let node_type = prop_oneof![Just("BiSBiS".to_owned()), Just("EE".to_owned()), text()];
    (
        (
            id(place),
            option::of(text()),
            option::of(node_type),
            resources(),
        ),
        proptest::collection::btree_set(nf_type(), 0..4),
        vec(running, 0..3),
        (0..5_usize).prop_flat_map(|ports| (0..ports).map(port).collect::<Vec<_>>()),
        ends(),
    )
        .prop_map(
            |((id, name, node_type, resources), supported, running, ports, ends)| {
                let supported: BTreeSet<NfType> = supported;
                let mut node = BisBis {
                    id: id.parse().unwrap(),
                    name,
                    // Told in the usual spelling, whatever the exporter's.
                    node_type: node_type.filter(|of| is_usual(of)),
                    resources,
                    supported: supported.into_iter().collect(),
                    running,
                    ports,
                    links: Vec::new(),
                };
                node.links = links(&ports_of(&node), ends);
                node
            },
        )
}

pub(crate) fn view() -> impl Strategy<Value = ResourceView> {
    let nodes = (0..4_usize).prop_flat_map(|nodes| (0..nodes).map(node).collect::<Vec<_>>());
    (option::of(text()), option::of(text()), nodes, ends()).prop_map(|(id, name, nodes, ends)| {
        let ports: Vec<ViewPortRef> = nodes.iter().flat_map(ports_of).collect();
        let links = links(&ports, ends);
        ResourceView {
            id,
            name,
            nodes,
            links,
            warnings: Vec::new(),
        }
    })
}

/// Whether a type of node is in the spelling that readers give it.
fn is_usual(node_type: &str) -> bool {
    let known = ["BiSBiS", "SDN-SWITCH", "EE"];
    known
        .iter()
        .all(|known| *known == node_type || !known.eq_ignore_ascii_case(node_type))
}
