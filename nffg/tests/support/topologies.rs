//! Topology views as proptest makes them: such as a document can tell.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use nffg::{
    Bandwidth, Delay, DomainId, Loss, Measured, Quantity, Resources, RouterId, RouterLink,
    RouterRef, TopologyNode, TopologyView, Unit,
};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

fn text() -> impl Strategy<Value = String> {
    "[ -~é]{1,8}"
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("a text is not empty", |text| !text.is_empty())
}

fn domain() -> impl Strategy<Value = DomainId> {
    prop_oneof!["[1-9][0-9]{0,3}", "[a-zA-Z_-]{1,8}"].prop_map(|text| text.parse().unwrap())
}

fn router() -> impl Strategy<Value = RouterId> {
    prop_oneof![
        any::<IpAddr>().prop_map(|address| address.to_string()),
        "[a-z]{1,3}-[0-9]/[0-9]/[0-9]",
        "[a-z\\[\\]=@]{0,4}[a-z]",
    ]
    .prop_map(|text| text.parse().unwrap())
}

fn prefix() -> impl Strategy<Value = IpNet> {
    (any::<IpAddr>(), 0..=128_u8).prop_map(|(address, length)| {
        let most = if address.is_ipv4() { 32 } else { 128 };
        IpNet::new(address, length.min(most)).unwrap().trunc()
    })
}

fn resources() -> impl Strategy<Value = Resources> {
    let bare =
        || option::of((0.0..1e9).prop_map(|value| Quantity::new(value, Unit::Bare).unwrap()));
    let bytes = option::of((0.0..1e18).prop_map(|value| Quantity::new(value, Unit::Byte).unwrap()));
    (bare(), bytes, bare()).prop_map(|(cpu, mem, storage)| Resources { cpu, mem, storage })
}

type Ends = (Index, Index, Option<Delay>, Option<Bandwidth>, Measured);

fn delay() -> impl Strategy<Value = Option<Delay>> {
    option::of((0..1_u64 << 50).prop_map(Delay::from_nanos))
}

fn bandwidth() -> impl Strategy<Value = Option<Bandwidth>> {
    option::of((0..1_u64 << 53).prop_map(Bandwidth::from_bits_per_second))
}

/// Of half of the links nothing.
fn measured() -> impl Strategy<Value = Measured> {
    let loss = option::of((0..=Loss::WHOLE).prop_map(Loss::from_billionths));
    let all = (delay(), delay(), delay(), loss, bandwidth(), bandwidth());
    let all = all.prop_map(
        |(delay_min, delay_max, delay_variation, loss, residual_bandwidth, available_bandwidth)| {
            Measured {
                delay_min,
                delay_max,
                delay_variation,
                loss,
                residual_bandwidth,
                available_bandwidth,
            }
        },
    );
    prop_oneof![Just(Measured::default()), all]
}

fn ends(most: usize) -> impl Strategy<Value = Vec<Ends>> {
    let link = (
        any::<Index>(),
        any::<Index>(),
        delay(),
        bandwidth(),
        measured(),
    );
    vec(link, 0..most)
}

fn links(
    routers: &[RouterRef],
    ends: Vec<Ends>,
    wanted: impl Fn(&RouterRef, &RouterRef) -> bool,
) -> Vec<RouterLink> {
    if routers.is_empty() {
        return Vec::new();
    }
    let links = ends
        .into_iter()
        .map(|(src, dst, delay, bandwidth, measured)| {
            let (src, dst) = (src.get(routers).clone(), dst.get(routers).clone());
            RouterLink {
                src,
                dst,
                delay: measured.delay(delay),
                bandwidth: measured.bandwidth(bandwidth),
                srlgs: nffg::Srlgs::default(),
                performance: measured.into(),
            }
        });
    links
        .filter(|link| link.src != link.dst && wanted(&link.src, &link.dst))
        .collect()
}

fn node(domain: DomainId) -> impl Strategy<Value = TopologyNode> {
    let prefixes =
        btree_set(prefix(), 0..4).prop_map(|set: BTreeSet<IpNet>| set.into_iter().collect());
    let routers = btree_set(router(), 0..4);
    (option::of(text()), prefixes, routers, ends(4), resources()).prop_map(
        move |(entry_point, prefixes, routers, ends, resources)| {
            let routers: Vec<RouterId> = routers.into_iter().collect();
            let refs: Vec<RouterRef> = routers
                .iter()
                .map(|router| RouterRef {
                    domain: domain.clone(),
                    router: router.clone(),
                })
                .collect();
            let links = links(&refs, ends, |_, _| true);
            TopologyNode {
                domain: domain.clone(),
                entry_point,
                prefixes,
                routers,
                links,
                resources,
            }
        },
    )
}

pub(crate) fn view() -> impl Strategy<Value = TopologyView> {
    let nodes = btree_set(domain(), 0..4)
        .prop_flat_map(|domains| domains.into_iter().map(node).collect::<Vec<_>>());
    (option::of(text()), nodes, ends(6)).prop_map(|(name, nodes, ends)| {
        let refs: Vec<RouterRef> = nodes
            .iter()
            .flat_map(|node| {
                let domain = &node.domain;
                node.routers.iter().map(|router| RouterRef {
                    domain: domain.clone(),
                    router: router.clone(),
                })
            })
            .collect();
        let links = links(&refs, ends, |src, dst| src.domain != dst.domain);
        TopologyView {
            name,
            nodes,
            links,
            silent_on_links: false,
            warnings: Vec::new(),
        }
    })
}
