//! Service graphs as proptest makes them.

use nffg::{
    Bandwidth, Delay, LinkParts, Node, NodeKind, Quantity, RequirementParts, Resources,
    ServiceGraph, ServiceGraphParts, Unit,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

/// Ids that look like numbers, need escapes or come from far away, made unique by their place.
fn id(place: usize) -> impl Strategy<Value = String> {
    prop_oneof![
        Just(place.to_string()),
        Just(format!("0{place}")),
        Just(format!("{place}.0")),
        "[A-Za-z\"\\\\/@é→-]{1,6}".prop_map(move |text| format!("{text}{place}")),
    ]
}

fn ids(count: usize) -> impl Strategy<Value = Vec<String>> {
    (0..count).map(id).collect::<Vec<_>>()
}

fn delay() -> impl Strategy<Value = Option<Delay>> {
    option::of((0..1_u64 << 50).prop_map(Delay::from_nanos))
}

fn bandwidth() -> impl Strategy<Value = Option<Bandwidth>> {
    option::of((0..1_u64 << 50).prop_map(Bandwidth::from_bits_per_second))
}

fn quantity() -> impl Strategy<Value = Option<Quantity>> {
    let value = prop_oneof![(0..1000_u32).prop_map(f64::from), 0.0..1e18];
    let unit = prop_oneof![Just(Unit::Bare), Just(Unit::Byte)];
    option::of((value, unit).prop_map(|(value, unit)| Quantity::new(value, unit).unwrap()))
}

fn demand() -> impl Strategy<Value = Resources> {
    let cpu = option::of((0.0..64.0).prop_map(|cpu| Quantity::new(cpu, Unit::Bare).unwrap()));
    (cpu, quantity(), quantity()).prop_map(|(cpu, mem, storage)| Resources { cpu, mem, storage })
}

/// A requirement before it has ids: its first link, its further choices, its bounds.
type Walk = (Index, Vec<Index>, Option<Bandwidth>, Option<Delay>);

fn requirement(id: &str, links: &[LinkParts], walk: &Walk) -> RequirementParts {
    let (first, choices, bandwidth, delay) = walk;
    let first = first.get(links);
    let mut path = vec![first];
    for choice in choices {
        let end = &path[path.len() - 1].dst;
        let mut next: Vec<&LinkParts> = links.iter().filter(|link| link.src == *end).collect();
        // No path goes in a circle.
        next.retain(|link| path.iter().all(|passed| passed.id != link.id));
        if next.is_empty() {
            break;
        }
        path.push(next[choice.index(next.len())]);
    }
    RequirementParts {
        id: id.parse().unwrap(),
        src: first.src.clone(),
        dst: path[path.len() - 1].dst.clone(),
        path: path.iter().map(|link| link.id.clone()).collect(),
        bandwidth: *bandwidth,
        delay: *delay,
    }
}

/// A graph that ESCAPE's form can hold: NFs before SAPs, each SAP with its node's id. `typed` NFs
/// have a type of their own and a demand, as the draft's NFs do not.
pub(crate) fn graph(
    nfs: std::ops::Range<usize>,
    requirements: std::ops::Range<usize>,
    typed: bool,
) -> impl Strategy<Value = ServiceGraph> {
    let counts = (nfs, 1..4_usize, 1..8_usize, requirements);
    counts.prop_flat_map(move |(nfs, saps, links, requirements)| {
        let walk = (
            any::<Index>(),
            vec(any::<Index>(), 0..4),
            bandwidth(),
            delay(),
        );
        (
            option::of("[a-z ]{0,8}"),
            (ids(nfs + saps), vec((".{0,3}[a-z]", demand()), nfs)),
            (
                ids(links),
                vec(
                    (any::<Index>(), any::<Index>(), bandwidth(), delay()),
                    links,
                ),
            ),
            (ids(requirements), vec(walk, requirements)),
        )
            .prop_filter_map("an NF type of control characters", move |parts| {
                let (id, (node_ids, nfs), (link_ids, links), (requirement_ids, walks)) = parts;
                let mut nfs = nfs.into_iter();
                let nodes = node_ids.iter().map(|id| {
                    let kind = match nfs.next() {
                        Some((nf_type, demand)) if typed => NodeKind::Nf {
                            nf_type: nf_type.parse().ok()?,
                            demand,
                        },
                        Some(_) => {
                            let demand = Resources::default();
                            NodeKind::Nf {
                                nf_type: id.parse().ok()?,
                                demand,
                            }
                        }
                        None => NodeKind::Sap {
                            sap: id.parse().ok()?,
                        },
                    };
                    Some(Node {
                        id: id.parse().ok()?,
                        kind,
                    })
                });
                let nodes = nodes.collect::<Option<Vec<_>>>()?;
                let links = link_ids
                    .iter()
                    .zip(links)
                    .map(|(id, (src, dst, bandwidth, delay))| {
                        let (src, dst) = (src.get(&nodes).id.clone(), dst.get(&nodes).id.clone());
                        LinkParts {
                            id: id.parse().unwrap(),
                            src,
                            dst,
                            bandwidth,
                            delay,
                        }
                    });
                let links: Vec<LinkParts> = links.collect();
                let requirements = requirement_ids.iter().zip(&walks);
                let requirements = requirements
                    .map(|(id, walk)| requirement(id, &links, walk))
                    .collect();
                let id = id.filter(|_| typed);
                ServiceGraph::try_from(ServiceGraphParts {
                    id,
                    nodes,
                    links,
                    requirements,
                })
                .ok()
            })
    })
}
