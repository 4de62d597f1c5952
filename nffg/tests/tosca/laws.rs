//! Laws: a view written as TOSCA is read back, and nothing makes it panic.

use std::collections::BTreeSet;

use nffg::{BisBis, PortKind, Quantity, ResourceView, Resources, Unit};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::inventories::damaged;
use super::{decode, document, node, port, try_decode};

/// A text without blanks around it.
fn text() -> impl Strategy<Value = String> {
    "[A-Za-z0-9@.:=/\\[\\]~é -]{0,8}[a-z]".prop_map(|text| text.trim().to_owned())
}

fn bare() -> impl Strategy<Value = Quantity> {
    let value = prop_oneof![(0..1000_u32).prop_map(f64::from), 0.0..1e18];
    value.prop_map(|value| Quantity::new(value, Unit::Bare).unwrap())
}

fn quantity() -> impl Strategy<Value = Option<Quantity>> {
    let bytes = (0.0..1e18).prop_map(|value| Quantity::new(value, Unit::Byte).unwrap());
    option::of(prop_oneof![bare(), bytes])
}

/// Port names are unique in the document, as all names of templates are.
fn node_at(place: usize) -> impl Strategy<Value = BisBis> {
    let resources = (option::of(bare()), quantity(), quantity());
    let resources = resources.prop_map(|(cpu, mem, storage)| Resources { cpu, mem, storage });
    let ports = vec((text(), option::of(text()), any::<bool>()), 0..3);
    let node_type = prop_oneof![
        Just("tosca.nodes.Compute"),
        Just("example.Pop"),
        Just("example.SmallPop")
    ];
    let supported = btree_set(text(), 0..4);
    let parts = (
        text(),
        node_type,
        option::of(text()),
        resources,
        supported,
        ports,
    );
    parts.prop_map(move |(id, node_type, name, resources, supported, ports)| {
        let ports = ports.into_iter().enumerate();
        let mut ports: Vec<_> = ports
            .map(|(index, (id, tag, is_sap))| {
                let id = format!("port {place}.{index} {id}");
                let kind = match tag {
                    Some(tag) => PortKind::InterDomain(tag.parse().unwrap()),
                    None if is_sap => PortKind::Sap(id.parse().unwrap()),
                    None => PortKind::Internal,
                };
                port(&id, kind)
            })
            .collect();
        ports.sort_by(|a, b| a.id.cmp(&b.id));
        BisBis {
            name,
            resources,
            supported: supported
                .into_iter()
                .map(|nf| nf.parse().unwrap())
                .collect(),
            ports,
            ..node(&format!("node {place} {id}"), node_type)
        }
    })
}

/// A view that a template can tell, its nodes in the order of their names.
fn view() -> impl Strategy<Value = ResourceView> {
    let nodes = (0..4_usize).prop_flat_map(|count| (0..count).map(node_at).collect::<Vec<_>>());
    (option::of(text()), nodes).prop_map(|(name, nodes)| ResourceView {
        name,
        nodes,
        ..ResourceView::default()
    })
}

fn quantity_json(quantity: Quantity) -> Value {
    match quantity.unit() {
        Unit::Bare => json!(quantity.value()),
        Unit::Byte => json!(format!("{:?} B", quantity.value())),
    }
}

/// Writes a view as TOSCA. `choices` decide what TOSCA leaves open: the long form of requirements, storage that is
/// the node's own or attached, NF types offered by the domain as a whole where all nodes have them.
fn tosca(view: &ResourceView, choices: [bool; 3]) -> Value {
    let [long, attached, whole] = choices;
    let requirement = |name: &str, target: &str| match long {
        true => json!({name: {"node": target, "relationship": "example.Relationship"}}),
        false => json!({name: target}),
    };
    let mut templates = Map::new();
    let mut nf_types: BTreeSet<_> = BTreeSet::new();
    for node in &view.nodes {
        let id = node.id.as_str();
        let mut host = Map::new();
        let mut requirements = Vec::new();
        let mut put = |name: &str, value: Option<Value>| {
            host.extend(value.map(|value| (name.to_owned(), value)));
        };
        put("name", node.name.clone().map(Value::from));
        put("num_cpus", node.resources.cpu.map(quantity_json));
        put("mem_size", node.resources.mem.map(quantity_json));
        match node.resources.storage.map(quantity_json) {
            Some(size) if attached => {
                let name = format!("storage of {id}");
                requirements.push(requirement("local_storage", &name));
                let properties = json!({"size": size});
                let storage = json!({"type": "tosca.nodes.BlockStorage", "properties": properties});
                templates.insert(name, storage);
            }
            size => put("disk_size", size),
        }
        let compute = json!({
            "type": node.node_type,
            "capabilities": {"host": {"properties": host}},
            "requirements": requirements,
        });
        templates.insert(id.to_owned(), compute);
        for port in &node.ports {
            let (of_type, tag) = match &port.kind {
                PortKind::Sap(_) => ("tosca.nodes.nfv.Sap", Value::Null),
                PortKind::InterDomain(tag) if whole => ("tosca.nodes.nfv.Sap", json!(tag.as_str())),
                PortKind::InterDomain(tag) => ("tosca.nodes.network.Port", json!(tag.as_str())),
                PortKind::Internal => ("tosca.nodes.network.Port", Value::Null),
            };
            let port_template = json!({
                "type": of_type,
                "metadata": {"inter_domain_sap": tag},
                "requirements": [requirement("binding", id)],
            });
            templates.insert(port.id.as_str().to_owned(), port_template);
        }
        nf_types.extend(&node.supported);
    }
    for nf_type in nf_types {
        let has = |node: &&BisBis| node.supported.contains(nf_type);
        let hosts: Vec<&BisBis> = view.nodes.iter().filter(has).collect();
        let hosts = hosts
            .iter()
            .filter(|_| !(whole && hosts.len() == view.nodes.len()));
        let hosts: Vec<Value> = hosts
            .map(|node| requirement("host", node.id.as_str()))
            .collect();
        let vnf = json!({
            "type": "tosca.nodes.nfv.VNF",
            "properties": {"product_name": nf_type.as_str()},
            "requirements": hosts,
        });
        templates.insert(format!("vnf {nf_type}"), vnf);
    }
    let mut written = document(Value::Object(templates));
    written["node_types"] = json!({
        "example.SmallPop": {"derived_from": "example.Pop"},
        "example.Pop": {"derived_from": "tosca.nodes.Compute"},
    });
    written["metadata"] = json!({"template_name": view.name});
    written
}

proptest! {
    // A failure that is found becomes a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_view_written_as_tosca_is_read_back(view in view(), choices in any::<[bool; 3]>()) {
        let written = tosca(&view, choices);
        let (read, warnings) = decode(&written);
        prop_assert_eq!(&read, &view, "{}", written);
        let is_bare = |of: Option<Quantity>| usize::from(of.is_some_and(|q| q.unit() == Unit::Bare));
        let bare = view.nodes.iter().map(|node| is_bare(node.resources.mem) + is_bare(node.resources.storage));
        prop_assert_eq!(warnings.len(), bare.sum::<usize>());
    }

    /// A good document with one value exchanged is read or refused, and each fault tells something.
    #[test]
    fn damaged_documents_are_told_apart(
        view in view(),
        choices in any::<[bool; 3]>(),
        at in any::<prop::sample::Index>(),
        with in prop_oneof![
            Just(Value::Null), Just(json!({})), Just(json!([])), Just(json!("x")), Just(json!(-1)),
            Just(json!({"get_input": "x"})), Just(json!([{"host": 1}])), Just(json!({"derived_from": "x"})),
        ],
    ) {
        let damaged = damaged(tosca(&view, choices), at, with);
        if let Err(error) = try_decode(damaged.to_string().as_bytes()) {
            prop_assert!(error.faults().iter().all(|fault| !fault.rule.is_empty()));
        }
    }
}
