use nffg::{
    Bandwidth, BisBis, Delay, LinkParts, Node as SgNode, NodeKind, Port, PortKind, Quantity,
    ResourceView, Resources, SapId, ServiceGraph, ServiceGraphParts, Unit,
};
use proptest::prelude::*;

use super::*;
use crate::reservation::{Amount, ResourceKind};
use crate::{Border, BorderPair, HostError, OpenBorder, Totals};

fn id(text: &str) -> DomainId {
    text.parse().unwrap()
}

/// A port is `X` for a service access point, `+X` for an inter-domain one.
fn port(spec: &str) -> Port {
    let kind = match spec.strip_prefix('+') {
        Some(tag) => PortKind::InterDomain(tag.parse().unwrap()),
        None => PortKind::Sap(spec.parse().unwrap()),
    };
    Port {
        id: spec.parse().unwrap(),
        name: None,
        kind,
        delay: None,
        bandwidth: None,
    }
}

fn node(name: &str, ports: &[&str], nf_types: &[&str]) -> BisBis {
    BisBis {
        id: name.parse().unwrap(),
        name: None,
        node_type: None,
        resources: Resources::default(),
        supported: nf_types.iter().map(|nf| nf.parse().unwrap()).collect(),
        running: Vec::new(),
        ports: ports.iter().map(|spec| port(spec)).collect(),
        links: Vec::new(),
    }
}

fn view(nodes: Vec<BisBis>) -> ResourceView {
    ResourceView {
        nodes,
        ..ResourceView::default()
    }
}

fn domain(name: &str, ports: &[&str], nf_types: &[&str]) -> Domain {
    Domain::from_view(id(name), None, view(vec![node("n", ports, nf_types)])).unwrap()
}

/// The draft's Table 1.
fn three() -> Idr {
    let mut idr = Idr::new();
    assert!(idr.apply([
        Update::Put(domain("AS1", &["SAP1", "+SAP12"], &["NF1", "NF3"])),
        Update::Put(domain("AS2", &["+SAP12", "+SAP23"], &["NF2"])),
        Update::Put(domain("AS3", &["SAP2", "+SAP23"], &["NF1", "NF3"])),
    ]));
    idr
}

fn graph(nodes: &[(&str, NodeKind)]) -> ServiceGraph {
    let nodes: Vec<SgNode> = nodes
        .iter()
        .map(|(id, kind)| SgNode {
            id: id.parse().unwrap(),
            kind: kind.clone(),
        })
        .collect();
    let links = vec![LinkParts {
        id: "1".parse().unwrap(),
        src: nodes[0].id.clone(),
        dst: nodes[0].id.clone(),
        bandwidth: None,
        delay: None,
    }];
    ServiceGraph::try_from(ServiceGraphParts {
        nodes,
        links,
        ..ServiceGraphParts::default()
    })
    .unwrap()
}

fn nf(nf_type: &str) -> NodeKind {
    NodeKind::Nf {
        nf_type: nf_type.parse().unwrap(),
        demand: Resources::default(),
    }
}

fn sap(sap: &str) -> NodeKind {
    NodeKind::Sap {
        sap: sap.parse().unwrap(),
    }
}

#[test]
fn draft_table_1_lists_service_access_points_only() {
    let snapshot = three().snapshot();
    let saps = |name: &str| -> Vec<String> {
        snapshot
            .service_saps(&id(name))
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    assert_eq!(saps("AS1"), ["SAP1"]);
    assert_eq!(saps("AS2"), [""; 0]);
    assert_eq!(saps("AS3"), ["SAP2"]);
    assert_eq!(saps("AS4"), [""; 0]);
    let borders: Vec<_> = snapshot
        .borders()
        .iter()
        .map(|border| format!("{}: {:?}", border.sap, border.domains().collect::<Vec<_>>()))
        .collect();
    assert_eq!(
        borders,
        [
            "SAP12: [DomainId(AS1), DomainId(AS2)]",
            "SAP23: [DomainId(AS2), DomainId(AS3)]"
        ]
    );
    assert!(snapshot.open_borders().is_empty());
}

#[test]
fn a_domain_that_leaves_turns_its_borders_into_open_borders() {
    let mut idr = three();
    assert!(idr.apply([Update::Remove(id("AS2"))]));
    let snapshot = idr.snapshot();
    assert!(snapshot.borders().is_empty());
    let open = [("SAP12", "AS1"), ("SAP23", "AS3")].map(|(sap, domain)| OpenBorder {
        sap: sap.parse().unwrap(),
        domain: id(domain),
    });
    assert_eq!(snapshot.open_borders(), open);
    // Never a service access point of the neighbour.
    let hosts = snapshot.hosts(&graph(&[("SAP12", sap("SAP12"))]));
    assert_eq!(
        hosts,
        Err(HostError::UnknownSap {
            node: 0,
            sap: "SAP12".parse().unwrap()
        })
    );
}

#[test]
fn a_tag_at_two_nodes_of_one_domain_joins_these_and_is_no_open_border() {
    let put =
        |nodes: Vec<BisBis>| Update::Put(Domain::from_view(id("AS1"), None, view(nodes)).unwrap());
    let open = |idr: &Idr| {
        let snapshot = idr.snapshot();
        let open = snapshot.open_borders().iter();
        open.map(|open| format!("{} {}", open.sap, open.domain))
            .collect::<Vec<_>>()
    };
    let borders = |idr: &Idr| {
        let snapshot = idr.snapshot();
        let borders = snapshot.borders().iter();
        let told = |border: &Border| {
            let domains: Vec<&str> = border.domains().map(DomainId::as_str).collect();
            format!("{} {}", border.sap, domains.join("-"))
        };
        borders.map(told).collect::<Vec<_>>()
    };
    let mut idr = Idr::new();
    // Two ports of one node do not join it to anything.
    let mut twice = node("a", &["+X"], &[]);
    twice.ports.push(Port {
        id: "other".parse().unwrap(),
        ..port("+X")
    });
    idr.apply([put(vec![twice, node("b", &[], &[])])]);
    assert_eq!(open(&idr), ["X AS1"]);
    // The tag stays, where it is changes.
    assert!(idr.apply([put(vec![
        node("a", &["+X"], &[]),
        node("b", &["+X", "+Y"], &[])
    ])]));
    assert_eq!(
        (open(&idr), borders(&idr).len()),
        (vec!["Y AS1".to_owned()], 0)
    );
    // A neighbour makes a border of it all the same, with the domain as one end.
    idr.apply([Update::Put(domain("AS2", &["+X"], &[]))]);
    assert_eq!(borders(&idr), ["X AS1-AS2"]);
    assert_eq!(open(&idr), ["Y AS1"]);
    idr.apply([put(vec![node("a", &["+X"], &[]), node("b", &[], &[])])]);
    assert_eq!(borders(&idr), ["X AS1-AS2"]);
    idr.apply([Update::Remove(id("AS2"))]);
    assert_eq!(
        (open(&idr), borders(&idr).len()),
        (vec!["X AS1".to_owned()], 0)
    );
}

#[test]
fn a_border_of_three_joins_every_two() {
    let mut idr = three();
    idr.apply([Update::Put(domain("AS4", &["+SAP12"], &[]))]);
    let snapshot = idr.snapshot();
    let pairs: Vec<_> = snapshot.borders()[0]
        .pairs()
        .map(|pair| format!("{}-{}", pair.a, pair.b))
        .collect();
    assert_eq!(pairs, ["AS1-AS2", "AS1-AS4", "AS2-AS4"]);
}

#[test]
fn a_border_shows_the_larger_delay_and_the_smaller_bandwidth() {
    let side = |name: &str, delay: Option<u64>, bandwidth: Option<u64>| {
        let mut node = node("n", &["+X"], &[]);
        node.ports[0].delay = delay.map(Delay::from_nanos);
        node.ports[0].bandwidth = bandwidth.map(Bandwidth::from_bits_per_second);
        Update::Put(Domain::from_view(id(name), None, view(vec![node])).unwrap())
    };
    let mut idr = Idr::new();
    let mut told = |a: (Option<u64>, Option<u64>), b: (Option<u64>, Option<u64>)| {
        idr.apply([side("AS1", a.0, a.1), side("AS2", b.0, b.1)]);
        let snapshot = idr.snapshot();
        let pairs: Vec<BorderPair<'_>> = snapshot.borders()[0].pairs().collect();
        let pair = pairs[0];
        (
            pair.delay.map(Delay::as_nanos),
            pair.bandwidth.map(Bandwidth::bits_per_second),
        )
    };
    assert_eq!(
        told((Some(1), Some(10)), (Some(2), Some(20))),
        (Some(2), Some(10))
    );
    assert_eq!(told((Some(3), None), (None, Some(20))), (Some(3), Some(20)));
    assert_eq!(told((None, None), (None, None)), (None, None));
}

#[test]
fn equal_untagged_names_are_two_access_points_that_share_a_name() {
    let mut idr = Idr::new();
    idr.apply([
        Update::Put(domain("AS1", &["SAP1"], &[])),
        Update::Put(domain("AS2", &["SAP1"], &[])),
        Update::Put(domain("AS3", &["+SAP1"], &[])),
    ]);
    let snapshot = idr.snapshot();
    assert!(snapshot.borders().is_empty());
    assert_eq!(snapshot.open_borders().len(), 1);
    let hosts = snapshot.hosts(&graph(&[("here", sap("SAP1"))])).unwrap();
    assert_eq!(hosts, [vec![id("AS1"), id("AS2")]]);
}

#[test]
fn hosts_come_per_node_in_the_graphs_order() {
    let snapshot = three().snapshot();
    let asked = graph(&[("b", nf("NF2")), ("a", sap("SAP2")), ("c", nf("NF1"))]);
    let hosts = snapshot.hosts(&asked).unwrap();
    assert_eq!(
        hosts,
        [vec![id("AS2")], vec![id("AS3")], vec![id("AS1"), id("AS3")]]
    );
    let unknown = graph(&[("b", nf("NF2")), ("a", nf("NF9"))]);
    assert_eq!(
        snapshot.hosts(&unknown),
        Err(HostError::UnknownNfType {
            node: 1,
            nf_type: "NF9".parse().unwrap()
        })
    );
}

#[test]
fn equal_content_makes_no_version() {
    let mut idr = three();
    let before = idr.snapshot();
    assert!(!idr.apply([]));
    assert!(!idr.apply([Update::Put(domain(
        "AS1",
        &["+SAP12", "SAP1"],
        &["NF1", "NF3"]
    ))]));
    assert!(!idr.apply([Update::Remove(id("AS9"))]));
    assert!(!idr.apply([Update::EntryPoint {
        domain: id("AS1"),
        entry_point: None
    }]));
    // There and back again within one batch.
    assert!(!idr.apply([
        Update::Remove(id("AS1")),
        Update::Put(domain("AS1", &["SAP1", "+SAP12"], &["NF1", "NF3"])),
    ]));
    assert!(Arc::ptr_eq(&before, &idr.snapshot()));
}

#[test]
fn a_version_shares_what_did_not_change() {
    let mut idr = three();
    let before = idr.snapshot();
    assert!(idr.apply([Update::Put(domain(
        "AS2",
        &["+SAP12", "+SAP23"],
        &["NF2", "NF4"]
    ))]));
    let after = idr.snapshot();
    assert!(after.generation() > before.generation());
    let shared = |name: &str| {
        Arc::ptr_eq(
            before.domain(&id(name)).unwrap(),
            after.domain(&id(name)).unwrap(),
        )
    };
    assert!(shared("AS1") && shared("AS3") && !shared("AS2"));
    // Readers of the old version see what they saw.
    assert!(before.supporting(&"NF4".parse().unwrap()).is_empty());
    assert_eq!(after.supporting(&"NF4".parse().unwrap()), [id("AS2")]);
    assert_eq!(before.borders(), after.borders());
}

#[test]
fn an_entry_point_may_come_before_the_resources_and_after() {
    let url: EntryPoint = "http://172.25.0.10:8888/escape".parse().unwrap();
    let tell = |entry_point: Option<&EntryPoint>| Update::EntryPoint {
        domain: id("AS1"),
        entry_point: entry_point.cloned(),
    };
    let mut idr = Idr::new();
    assert!(idr.apply([tell(Some(&url))]));
    let snapshot = idr.snapshot();
    let early = snapshot.domain(&id("AS1")).unwrap();
    assert_eq!(early.entry_point(), Some(&url));
    assert!(early.nodes().is_empty());

    let resources = domain("AS1", &["SAP1"], &["NF1"]);
    assert!(idr.apply([Update::Put(resources.clone().with_entry_point(Some(url)))]));
    assert!(idr.apply([tell(None)]));
    assert_eq!(**idr.snapshot().domain(&id("AS1")).unwrap(), resources);
}

/// Quarters add up exactly in floating point, so that equality is equality.
fn resources() -> impl Strategy<Value = Resources> {
    let quantity = || {
        prop::option::of((0_u32..1000, any::<bool>()).prop_map(|(quarters, bytes)| {
            let unit = if bytes { Unit::Byte } else { Unit::Bare };
            Quantity::new(f64::from(quarters) / 4.0, unit).unwrap()
        }))
    };
    (quantity(), quantity(), quantity()).prop_map(|(cpu, mem, storage)| Resources {
        cpu,
        mem,
        storage,
    })
}

fn any_domain() -> impl Strategy<Value = Domain> {
    let names = |kind: &'static str| {
        prop::collection::btree_set((0_u8..4).prop_map(move |n| format!("{kind}{n}")), 0..4)
    };
    let parts = (resources(), names("S"), names("+T"), names("NF"));
    (1_u32..6, prop::collection::vec(parts, 0..4)).prop_map(|(asn, nodes)| {
        let nodes = nodes
            .into_iter()
            .enumerate()
            .map(|(at, (resources, saps, tags, nfs))| {
                let ports: Vec<&str> = saps.iter().chain(&tags).map(String::as_str).collect();
                let nfs: Vec<&str> = nfs.iter().map(String::as_str).collect();
                BisBis {
                    resources,
                    ..node(&format!("n{at}"), &ports, &nfs)
                }
            });
        Domain::from_view(
            DomainId::from_asn(asn).unwrap(),
            None,
            view(nodes.collect()),
        )
        .unwrap()
    })
}

fn any_update() -> impl Strategy<Value = Update> {
    let asn = || (1_u32..6).prop_map(|asn| DomainId::from_asn(asn).unwrap());
    let entry_point =
        prop::option::of((0_u8..3).prop_map(|n| format!("http://h{n}/").parse().unwrap()));
    prop_oneof![
        4 => any_domain().prop_map(Update::Put),
        2 => asn().prop_map(Update::Remove),
        1 => (asn(), entry_point).prop_map(|(domain, entry_point)| Update::EntryPoint { domain, entry_point }),
        2 => (asn(), 0_u128..3).prop_map(|(domain, cpus)| Update::Held {
            domain,
            held: Amounts::default().with(ResourceKind::Cpu, Unit::Bare, Amount::from_millionths(cpus)),
        }),
    ]
}

/// All that readers can ask, but for the generation.
fn content(snapshot: &Snapshot) -> String {
    let domains: Vec<_> = snapshot.domains().collect();
    let index: Vec<_> = (0..4)
        .map(|n| {
            let nf = format!("NF{n}").parse().unwrap();
            let sap = format!("S{n}").parse().unwrap();
            (
                snapshot.supporting(&nf).to_vec(),
                snapshot.having(&sap).to_vec(),
            )
        })
        .collect();
    format!(
        "{domains:?} {index:?} {:?} {:?} {:?}",
        snapshot.borders(),
        snapshot.open_borders(),
        snapshot.totals()
    )
}

/// Whether the domain of a side has the tag at several nodes.
fn joined(snapshot: &Snapshot, (sap, domain): &(SapId, DomainId)) -> bool {
    let nodes = snapshot.domain(domain).unwrap().nodes().iter();
    let tagged = nodes.filter(|node| node.inter_domain_saps.contains(sap));
    tagged.count() > 1
}

proptest! {
    #[test]
    fn sums_of_sums_are_the_sum_of_the_leaves(domains in prop::collection::vec(any_domain(), 0..6)) {
        let mut idr = Idr::new();
        idr.apply(domains.into_iter().map(Update::Put));
        let snapshot = idr.snapshot();
        let mut leaves = Totals::default();
        let mut sums = Totals::default();
        for domain in snapshot.domains() {
            sums += domain.totals();
            domain.nodes().iter().for_each(|node| leaves += &node.resources);
        }
        prop_assert_eq!(*snapshot.totals(), leaves);
        prop_assert_eq!(*snapshot.totals(), sums);
    }

    /// However the database came to know what it knows, and in however many steps, it says the same
    /// as one that was told so at once; and `apply` says truly whether anything changed.
    #[test]
    fn a_snapshot_depends_on_the_content_alone(
        batches in prop::collection::vec(prop::collection::vec(any_update(), 0..5), 0..6),
    ) {
        let mut idr = Idr::new();
        for batch in batches {
            let before = idr.snapshot();
            let changed = idr.apply(batch);
            let after = idr.snapshot();
            prop_assert_eq!(changed, content(&before) != content(&after));
            prop_assert_eq!(changed, !Arc::ptr_eq(&before, &after));
        }
        let known = idr.snapshot();
        let mut fresh = Idr::new();
        let told = |domain: &Arc<Domain>| {
            let held = Update::Held { domain: domain.id().clone(), held: *domain.held() };
            [Update::Put((**domain).clone()), held]
        };
        let mut puts: Vec<_> = known.domains().flat_map(told).collect();
        puts.reverse();
        fresh.apply(puts);
        prop_assert_eq!(content(&fresh.snapshot()), content(&known));
    }

    #[test]
    fn a_port_is_a_service_access_point_or_part_of_a_border_never_both(
        domains in prop::collection::vec(any_domain(), 0..6),
    ) {
        let mut idr = Idr::new();
        idr.apply(domains.into_iter().map(Update::Put));
        let snapshot = idr.snapshot();
        let mut sides = Vec::new();
        for border in snapshot.borders() {
            prop_assert!(border.ends.len() >= 2);
            sides.extend(border.domains().map(|domain| (border.sap.clone(), domain.clone())));
        }
        sides.extend(snapshot.open_borders().iter().map(|o| (o.sap.clone(), o.domain.clone())));
        sides.sort();
        let mut told: Vec<_> = snapshot
            .domains()
            .flat_map(|d| d.inter_domain_saps().iter().map(|tag| (tag.sap.clone(), d.id().clone())))
            .collect();
        told.sort();
        let tagged = told.clone();
        told.retain(|side| {
            tagged.iter().filter(|of| of.0 == side.0).count() > 1 || !joined(&snapshot, side)
        });
        prop_assert_eq!(&sides, &told);
        for (sap, domain) in tagged {
            prop_assert!(!snapshot.service_saps(&domain).contains(&sap));
        }
    }
}
