//! Laws: nothing from outside panics, what is written is read back, and a RIB is its last word.

use std::collections::BTreeMap;

use idt::bgpls::{
    AdjRib, Attribute, Dialect, IgpRouterId, Limits, LinkDelay, LinkDescriptors, LinkIds, LinkLoss,
    LinkNlri, MinMaxDelay, Nlri, NodeDescriptors, NodeNlri, PeerSid, PeerSidKind, PrefixNlri,
    ProtocolId, Source, Tlv, convert, split_nlris,
};
use ipnet::IpNet;
use nffg::{Bandwidth, Delay};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;

use crate::support::{apply, delay, domain, isis_link, isis_node, lines, members, rib, update};

/// Everything that reads octets, on octets from anywhere.
fn swallow(octets: &[u8]) {
    let _ = Nlri::decode(octets);
    let _ = Attribute::decode(octets, 1_000);
    let split: Vec<&[u8]> = split_nlris(octets).filter_map(Result::ok).collect();
    for dialect in [Dialect::Standard, Dialect::Netphony] {
        let mut rib = rib(dialect);
        rib.apply(&split, &[], Some(octets));
        rib.apply(&[octets], &split, None);
        rib.apply(&split, &[octets], None);
        let _ = rib.node_information();
        let conversion = convert(&[&rib], &domain("AS1"), &members);
        let all = split.len() + 1;
        assert!(conversion.topology.routers().len() <= 2 * all);
        rib.apply(&[], &split, None);
        rib.apply(&[], &[octets], None);
        assert_eq!((rib.len(), rib.octets()), (0, 0));
    }
}

/// Types that mean something somewhere, and some that do not.
fn kind() -> impl Strategy<Value = u16> {
    prop_oneof![
        1u16..=6,
        256u16..=268,
        512u16..=518,
        1024u16..=1032,
        1088u16..=1125,
        1152u16..=1157,
        any::<u16>()
    ]
}

/// Octets that look like TLVs, two deep.
fn tlvs() -> impl Strategy<Value = Vec<u8>> {
    let write = |tlvs: Vec<(u16, Vec<u8>, i8)>| {
        tlvs.iter().fold(Vec::new(), |mut all, (kind, value, lie)| {
            let length = i32::try_from(value.len()).expect("short");
            // Now and then a length that is wrong.
            let length = if *lie > 120 {
                length + i32::from(*lie)
            } else {
                length
            };
            all.extend(kind.to_be_bytes());
            all.extend(u16::try_from(length).expect("short").to_be_bytes());
            all.extend(value);
            all
        })
    };
    let one = (kind(), vec(any::<u8>(), 0..20), any::<i8>());
    let inner = vec(one, 0..6).prop_map(write);
    let value = prop_oneof![vec(any::<u8>(), 0..20), inner];
    vec((kind(), value, any::<i8>()), 0..6).prop_map(write)
}

fn nlri_like() -> impl Strategy<Value = Vec<u8>> {
    (kind(), 0u8..8, any::<u64>(), tlvs()).prop_map(|(kind, protocol, identifier, tlvs)| {
        crate::support::nlri(kind, protocol, identifier, &[tlvs])
    })
}

proptest! {
    #[test]
    fn arbitrary_octets_are_swallowed(octets in vec(any::<u8>(), 0..400)) {
        swallow(&octets);
    }

    #[test]
    fn octets_like_nlri_are_swallowed(nlris in vec(nlri_like(), 0..8)) {
        swallow(&nlris.concat());
    }

    /// Real messages with one octet changed, or cut.
    #[test]
    fn damaged_captures_are_swallowed(
        line in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), to in any::<u8>(), cut in any::<bool>(),
    ) {
        let text = include_str!("../data/bgpls/gobgp-4.8.0.hex");
        let updates: Vec<_> = lines(text).iter().filter_map(|line| update(line)).collect();
        let mut one = updates.into_iter().nth(line.index(15)).expect("an UPDATE");
        let parts = one.announced.iter_mut().chain(&mut one.withdrawn).chain(&mut one.attribute);
        for part in parts {
            if !part.is_empty() {
                let at = at.index(part.len());
                if cut { part.truncate(at) } else { part[at] = to }
            }
        }
        let mut rib = rib(Dialect::Standard);
        let applied = apply(&mut rib, &one);
        prop_assert_eq!(applied.announced + applied.skipped, one.announced.len() + one.withdrawn.len() - applied.unknown_withdrawn);
        swallow(&one.announced.concat());
    }
}

fn other() -> impl Strategy<Value = Vec<Tlv>> {
    // Types that no object has, each once, ascending.
    btree_map(2_000u16..60_000, vec(any::<u8>(), 0..8), 0..3).prop_map(|tlvs| {
        tlvs.into_iter()
            .map(|(kind, value)| Tlv {
                kind,
                value: value.into(),
            })
            .collect()
    })
}

fn router_id() -> impl Strategy<Value = IgpRouterId> {
    prop_oneof![
        any::<u32>().prop_map(|id| IgpRouterId::V4(id.into())),
        any::<[u8; 6]>().prop_map(IgpRouterId::IsoNode),
        any::<([u8; 6], u8)>().prop_map(|(id, number)| IgpRouterId::IsoPseudonode(id, number)),
        any::<(u32, u32)>().prop_map(|(a, b)| IgpRouterId::OspfPseudonode(a.into(), b.into())),
        any::<[u8; 16]>().prop_map(|id| IgpRouterId::Other(id.into())),
    ]
}

fn node() -> impl Strategy<Value = NodeDescriptors> {
    let numbers = (of(any::<u32>()), of(any::<u32>()), of(any::<u32>()));
    let bgp = (of(any::<u32>()), of(any::<u32>()));
    (numbers, of(router_id()), bgp, other()).prop_map(
        |((asn, bgp_ls_id, area), igp_router_id, (bgp_router_id, member_asn), other)| {
            NodeDescriptors {
                asn,
                bgp_ls_id,
                area,
                igp_router_id,
                bgp_router_id: bgp_router_id.map(Into::into),
                member_asn,
                other,
            }
        },
    )
}

/// Addresses in canonical order.
fn addresses<T: From<[u8; N]> + Ord + std::fmt::Debug, const N: usize>()
-> impl Strategy<Value = Vec<T>> {
    vec(prop::array::uniform::<_, N>(any::<u8>()), 0..3).prop_map(|octets| {
        let mut all: Vec<T> = octets.into_iter().map(T::from).collect();
        all.sort();
        all
    })
}

fn topologies() -> impl Strategy<Value = Vec<u16>> {
    vec(0u16..4096, 0..3)
}

fn link() -> impl Strategy<Value = LinkDescriptors> {
    (
        of(any::<(u32, u32)>()),
        addresses::<_, 4>(),
        addresses::<_, 4>(),
        addresses::<_, 16>(),
        addresses::<_, 16>(),
        topologies(),
    )
        .prop_map(|(ids, v4, n4, v6, n6, topologies)| LinkDescriptors {
            ids: ids.map(|(local, remote)| LinkIds { local, remote }),
            ipv4_interface: v4,
            ipv4_neighbour: n4,
            ipv6_interface: v6,
            ipv6_neighbour: n6,
            topologies,
        })
}

fn prefix() -> impl Strategy<Value = IpNet> {
    let v4 = (any::<[u8; 4]>(), 0u8..=32).prop_map(|(a, n)| IpNet::new(a.into(), n));
    let v6 = (any::<[u8; 16]>(), 0u8..=128).prop_map(|(a, n)| IpNet::new(a.into(), n));
    prop_oneof![v4, v6].prop_map(|net| net.expect("valid").trunc())
}

fn nlri() -> impl Strategy<Value = Nlri> {
    let source = any::<(u8, u64)>().prop_map(|(protocol, identifier)| Source {
        protocol: ProtocolId(protocol),
        identifier,
    });
    let common = (source, node(), other()).boxed();
    prop_oneof![
        common
            .clone()
            .prop_map(|(source, local, other)| Nlri::Node(NodeNlri {
                source,
                local,
                other
            })),
        (common.clone(), node(), link()).prop_map(|((source, local, other), remote, link)| {
            Nlri::Link(LinkNlri {
                source,
                local,
                remote,
                link,
                other,
            })
        }),
        (common, topologies(), of(any::<u8>()), prefix()).prop_map(
            |((source, local, other), topologies, route_type, prefix)| {
                Nlri::Prefix(PrefixNlri {
                    source,
                    local,
                    topologies,
                    route_type,
                    prefix,
                    other,
                })
            }
        ),
    ]
}

/// What an IEEE single of bytes per second holds.
fn bandwidth() -> impl Strategy<Value = Bandwidth> {
    (0u32..1 << 24, 0u32..16)
        .prop_map(|(bytes, shift)| Bandwidth::from_bits_per_second(u64::from(bytes) << shift << 3))
}

fn micros() -> impl Strategy<Value = Delay> {
    (0u64..1 << 24).prop_map(|micros| Delay::from_nanos(micros * 1_000))
}

prop_compose! {
    fn node_attribute()(
        topologies in topologies(), node_flags in of(any::<u8>()), node_name in of("[ -~]{0,40}"),
        areas in vec(vec(any::<u8>(), 0..14), 0..3), local_ipv4 in addresses::<_, 4>(),
        local_ipv6 in addresses::<_, 16>(), remote_ipv4 in addresses::<_, 4>(), remote_ipv6 in addresses::<_, 16>(),
        prefix_metric in of(any::<u32>()), other in other(),
    ) -> Attribute {
        // In canonical order, as the addresses.
        let mut areas: Vec<Box<[u8]>> = areas.into_iter().map(Into::into).collect();
        areas.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
        Attribute {
            topologies, node_flags, node_name, areas, local_ipv4, local_ipv6, remote_ipv4,
            remote_ipv6, prefix_metric, other, ..Attribute::default()
        }
    }
}

prop_compose! {
    fn link_attribute()(
        link_ids in of(any::<(u32, u32)>()), admin_group in of(any::<u32>()),
        te_metric in of(any::<u32>()), igp_metric in of(0u32..1 << 24), srlgs in vec(any::<u32>(), 0..4),
        link_name in of("[ -~]{0,40}"), sid in of(any::<[u8; 7]>()),
    ) -> Attribute {
        Attribute {
            link_ids: link_ids.map(|(local, remote)| LinkIds { local, remote }),
            admin_group, te_metric, igp_metric, srlgs, link_name,
            peer_sids: sid.into_iter().map(|value| PeerSid {
                kind: PeerSidKind::Adjacency, value: value.into(),
            }).collect(),
            ..Attribute::default()
        }
    }
}

prop_compose! {
    fn measured()(
        max_bandwidth in of(bandwidth()), reservable_bandwidth in of(bandwidth()),
        unreserved_bandwidth in of(prop::array::uniform8(bandwidth())),
        delay in of((micros(), any::<bool>())), min_max in of((micros(), micros(), any::<bool>())),
        delay_variation in of(micros()), loss in of((0u32..1 << 24, any::<bool>())),
        residual_bandwidth in of(bandwidth()), available_bandwidth in of(bandwidth()),
        utilized_bandwidth in of(bandwidth()),
    ) -> Attribute {
        Attribute {
            max_bandwidth, reservable_bandwidth, unreserved_bandwidth, delay_variation,
            residual_bandwidth, available_bandwidth, utilized_bandwidth,
            delay: delay.map(|(delay, anomalous)| LinkDelay { delay, anomalous }),
            min_max_delay: min_max.map(|(min, max, anomalous)| MinMaxDelay { min, max, anomalous }),
            loss: loss.map(|(units, anomalous)| LinkLoss { units, anomalous }),
            ..Attribute::default()
        }
    }
}

/// One message of the life of a RIB: announce (with a delay), withdraw, lose the session, end of RIB.
#[derive(Clone, Debug)]
enum Step {
    Announce(u8, u32),
    Withdraw(u8),
    Stale,
    Drop,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u8..6, 0u32..3).prop_map(|(to, micros)| Step::Announce(to, micros)),
        2 => (0u8..6).prop_map(Step::Withdraw),
        1 => Just(Step::Stale),
        1 => Just(Step::Drop),
    ]
}

proptest! {
    #[test]
    fn an_nlri_is_read_as_it_was_written(nlri in nlri()) {
        let octets = nlri.encode().expect("short");
        prop_assert_eq!(Nlri::decode(&octets), Ok(nlri));
    }

    /// What is accepted has one canonical form.
    #[test]
    fn what_is_read_is_written_canonically(octets in nlri_like()) {
        if let Ok(nlri) = Nlri::decode(&octets) {
            let canonical = nlri.encode().expect("no longer than it was");
            let again = Nlri::decode(&canonical).expect("canonical");
            prop_assert_eq!(again.encode().expect("short"), canonical);
        }
    }

    #[test]
    fn an_attribute_is_read_as_it_was_written(parts in (node_attribute(), link_attribute(), measured())) {
        for attribute in [parts.0, parts.1, parts.2] {
            let decoded = Attribute::decode(&attribute.encode().expect("short"), 1_000);
            prop_assert_eq!(decoded.faults, vec![]);
            prop_assert_eq!(decoded.attribute, attribute);
        }
    }

    /// Against a map of what was said last.
    #[test]
    fn a_rib_is_the_last_word_of_its_peer(steps in vec(step(), 0..40)) {
        let mut rib = rib(Dialect::Standard);
        let mut model = BTreeMap::<u8, (u32, bool)>::new();
        for step in steps {
            let facts = |model: &BTreeMap<u8, (u32, bool)>| -> Vec<(u8, u32)> {
                model.iter().map(|(to, (micros, _))| (*to, *micros)).collect()
            };
            let before = facts(&model);
            let changed = match step {
                Step::Announce(to, micros) => {
                    model.insert(to, (micros, false));
                    rib.apply(&[&isis_link(9, to)], &[], Some(&delay(micros))).changed
                }
                Step::Withdraw(to) => {
                    model.remove(&to);
                    rib.apply(&[], &[&isis_link(9, to)], None).changed
                }
                Step::Stale => {
                    model.values_mut().for_each(|(_, stale)| *stale = true);
                    rib.mark_stale();
                    false
                }
                Step::Drop => {
                    model.retain(|_, (_, stale)| !*stale);
                    rib.drop_stale()
                }
            };
            prop_assert_eq!(changed, facts(&model) != before);
            let told: Vec<(u8, u32, bool)> = rib.entries().map(|entry| {
                let Nlri::Link(link) = &entry.nlri else { panic!("a link") };
                let Some(IgpRouterId::IsoNode(id)) = link.remote.igp_router_id else { panic!("IS-IS") };
                let micros = entry.attribute.path_delay().expect("told").as_nanos() / 1_000;
                (id[5], u32::try_from(micros).expect("small"), entry.stale)
            }).collect();
            let expected: Vec<_> = model.iter().map(|(to, (micros, stale))| (*to, *micros, *stale)).collect();
            prop_assert_eq!(told, expected);
            let octets = model.len() * (isis_link(9, 0).len() + delay(0).len());
            prop_assert_eq!(rib.octets(), octets);
            prop_assert_eq!(rib.stale(), model.values().filter(|(_, stale)| *stale).count());
        }
    }

    /// The topology does not depend on the order in which it was told, nor on how it was packed.
    #[test]
    fn order_and_packing_do_not_matter(nlris in vec(nlri(), 0..12), rotate in 0usize..12) {
        let octets: Vec<Vec<u8>> = nlris.iter().map(|nlri| nlri.encode().expect("short")).collect();
        let attribute = delay(5);
        let mut one_by_one = rib(Dialect::Standard);
        for nlri in &octets {
            one_by_one.apply(&[nlri], &[], Some(&attribute));
        }
        let mut turned: Vec<&[u8]> = octets.iter().map(Vec::as_slice).collect();
        turned.rotate_left(rotate % octets.len().max(1));
        let mut at_once = rib(Dialect::Standard);
        at_once.apply(&turned, &[], Some(&attribute));
        let topology = |rib: &AdjRib| convert(&[rib], &domain("AS1"), &members);
        prop_assert_eq!(topology(&one_by_one), topology(&at_once));
    }

    /// Limits hold whatever comes.
    #[test]
    fn limits_hold(announced in vec((0u8..20, 0usize..80), 0..60), withdrawn in vec(0u8..20, 0..60)) {
        let limits = Limits { nlris: 5, octets: 400, tlvs: 10 };
        let mut rib = AdjRib::new(limits, Dialect::Standard);
        let withdrawn = withdrawn.into_iter().map(Some).chain(std::iter::repeat(None));
        for ((node, size), gone) in announced.into_iter().zip(withdrawn) {
            rib.apply(&[&isis_node(node)], &[], Some(&crate::support::tlv(60_000, &vec![0; size])));
            if let Some(gone) = gone {
                rib.apply(&[], &[&isis_node(gone)], None);
            }
            prop_assert!(rib.len() <= 5 && rib.octets() <= 400);
        }
    }
}
