//! Laws: a view written as SOL 006 with capacity beside it is read back, and nothing makes it panic.

use std::collections::BTreeSet;

use nffg::{BisBis, NfType, Port, PortKind, Quantity, ResourceView, Resources, Unit};
use proptest::collection::btree_set;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::inventories::damaged;
use super::{decode, node, port, try_decode};

/// A text without blanks around it.
fn text() -> impl Strategy<Value = String> {
    "[A-Za-z0-9@.:=/\\[\\]~é -]{0,8}[a-z]".prop_map(|text| text.trim().to_owned())
}

fn quantity(unit: Unit) -> impl Strategy<Value = Option<Quantity>> {
    let value = prop_oneof![(0..1000_u32).prop_map(f64::from), 0.0..1e18];
    option::of(value.prop_map(move |value| Quantity::new(value, unit).unwrap()))
}

fn resources() -> impl Strategy<Value = Resources> {
    let parts = (
        quantity(Unit::Bare),
        quantity(Unit::Byte),
        quantity(Unit::Byte),
    );
    parts.prop_map(|(cpu, mem, storage)| Resources { cpu, mem, storage })
}

/// A zone with ports of its own.
fn node_at(place: usize) -> impl Strategy<Value = BisBis> {
    let ports = btree_set((text(), option::of(text()), any::<bool>()), 0..3);
    (text(), option::of(text()), resources(), ports).prop_map(
        move |(id, name, resources, ports)| {
            let ports = ports.into_iter().enumerate();
            let ports = ports.map(|(index, (id, tag, alone))| {
                let id = format!("port {place}.{index} {id}");
                match tag {
                    Some(_) if alone => port(&id, PortKind::InterDomain(id.parse().unwrap())),
                    Some(tag) => port(&id, PortKind::InterDomain(tag.parse().unwrap())),
                    None => port(&id, PortKind::Sap(id.parse().unwrap())),
                }
            });
            BisBis {
                name,
                resources,
                ports: ports.collect(),
                ..node(&format!("zone {place} {id}"))
            }
        },
    )
}

/// A view that descriptors and capacity can tell: all nodes run the same NF types; SAPs at every node come first.
fn view() -> impl Strategy<Value = ResourceView> {
    let nodes = (1..4_usize).prop_flat_map(|count| (0..count).map(node_at).collect::<Vec<_>>());
    (nodes, btree_set(text(), 0..4), btree_set(text(), 0..3)).prop_map(|(mut nodes, nfs, saps)| {
        let supported: BTreeSet<NfType> = nfs.iter().map(|nf| nf.parse().unwrap()).collect();
        let everywhere: Vec<Port> = saps
            .iter()
            .map(|id| super::sap(&format!("sap {id}")))
            .collect();
        for node in &mut nodes {
            node.supported = supported.iter().cloned().collect();
            node.ports.splice(0..0, everywhere.iter().cloned());
        }
        ResourceView {
            nodes,
            ..ResourceView::default()
        }
    })
}

fn amount(quantity: Quantity) -> Value {
    match quantity.unit() {
        Unit::Bare => json!(quantity.value()),
        Unit::Byte => json!(format!("{:?} B", quantity.value())),
    }
}

/// Writes a view of zones: each in a PoP of its own, all of one VIM or each of its own.
fn zones(view: &ResourceView, one_vim: bool) -> Value {
    let mut sapds = BTreeSet::new();
    let mut infos: Vec<Value> = Vec::new();
    let (mut zones, mut pops) = (Vec::new(), Vec::new());
    for (index, node) in view.nodes.iter().enumerate() {
        let measurements = [
            ("VR_COMPUTE", "numVCPUs", node.resources.cpu),
            ("VR_COMPUTE", "virtual-mem-size", node.resources.mem),
            ("VR_STORAGE", "storageSize", node.resources.storage),
        ];
        let measurements = measurements.iter().filter_map(|(of_type, name, quantity)| {
            Some(json!({
                "resourceType": of_type,
                "capacityMeasurementName": name,
                "totalCapacity": amount((*quantity)?),
            }))
        });
        let zone = json!({
            "resourceZoneId": node.id.as_str(),
            "capacityMeasurements": measurements.collect::<Value>(),
        });
        match infos.first_mut() {
            Some(info) if one_vim => info["capacityInfoPerZone"]
                .as_array_mut()
                .unwrap()
                .push(zone),
            _ => {
                infos.push(json!({"vimId": format!("vim {index}"), "capacityInfoPerZone": [zone]}));
            }
        }
        zones.push(json!({"zoneId": node.id.as_str(), "zoneName": node.name, "nfviPopId": index}));
        let mut endpoints = Vec::new();
        for port in &node.ports {
            let id = port.id.as_str();
            // A border needs no SAPD.
            match &port.kind {
                PortKind::InterDomain(tag) if tag.as_str() == id => {
                    endpoints.push(json!({"interDomainSap": tag.as_str()}));
                    continue;
                }
                PortKind::InterDomain(tag) => {
                    endpoints.push(json!({"sapdId": id, "interDomainSap": tag.as_str()}));
                }
                _ if id.starts_with("sap ") => {}
                _ => endpoints.push(json!({"sapdId": id})),
            }
            sapds.insert(id);
        }
        pops.push(
            json!({"nfviPopId": index.to_string(), "networkConnectivityEndpoint": endpoints}),
        );
    }
    let sapds = sapds.iter().map(|id| json!({"id": id}));
    let supported = view.nodes.first().map(|node| node.supported.iter());
    let vnfds = supported.into_iter().flatten().enumerate();
    let vnfds = vnfds.map(|(index, nf)| json!({"id": index, "product-name": nf.as_str()}));
    json!({
        "nfv": {"vnfd": vnfds.collect::<Value>(), "nsd": [{"id": "ns", "sapd": sapds.collect::<Value>()}]},
        "nfviCapacityInfos": infos,
        "resourceZones": zones,
        "nfviPops": pops,
    })
}

type Amounts<'a> = [(&'a str, fn(&Resources) -> Option<Quantity>)];

/// Writes a view of resource groups, which have neither names nor places.
fn groups(view: &ResourceView) -> Value {
    let mut document = zones(view, true);
    let quotas = |names: &Amounts<'_>| -> Value {
        let quota = |node: &BisBis| {
            let mut quota = json!({"resourceGroupId": node.id.as_str(), "numVcInstances": 10});
            for (name, of) in names {
                quota[name] = of(&node.resources).map(amount).into();
            }
            quota
        };
        view.nodes.iter().map(quota).collect()
    };
    let members = document.as_object_mut().unwrap();
    members.retain(|name, _| name == "nfv");
    let compute = quotas(&[("numVCPUs", |of| of.cpu), ("virtualMemSize", |of| of.mem)]);
    members.insert("virtualComputeQuotas".to_owned(), compute);
    let storage = quotas(&[("storageSize", |of| of.storage)]);
    members.insert("virtualStorageQuotas".to_owned(), storage);
    document
}

proptest! {
    // A failure that is found becomes a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn zones_are_read_back(view in view(), one_vim in any::<bool>()) {
        let written = zones(&view, one_vim);
        let (read, warnings) = decode(&written);
        prop_assert_eq!(&read, &view, "{}", written);
        prop_assert_eq!(warnings, []);
    }

    #[test]
    fn groups_are_read_back(view in view()) {
        let mut view = view;
        for node in &mut view.nodes {
            node.name = None;
            node.ports.retain(|port| port.id.as_str().starts_with("sap "));
        }
        let written = groups(&view);
        let (read, warnings) = decode(&written);
        prop_assert_eq!(&read, &view, "{}", written);
        prop_assert_eq!(warnings, []);
    }

    /// A good document with one value exchanged is read or refused, and each fault tells something.
    #[test]
    fn damaged_documents_are_told_apart(
        view in view(),
        at in any::<prop::sample::Index>(),
        with in prop_oneof![
            Just(Value::Null), Just(json!({})), Just(json!([])), Just(json!("x")), Just(json!(-1)),
            Just(json!([{"id": 1}, {"id": "1"}, 2])), Just(json!({"nsd": [{"sapd": {}}]})),
        ],
    ) {
        let damaged = damaged(zones(&view, true), at, with);
        if let Err(error) = try_decode(damaged.to_string().as_bytes()) {
            prop_assert!(error.faults().iter().all(|fault| !fault.rule.is_empty()));
        }
    }
}
