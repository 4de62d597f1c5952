//! A chain, cut at the borders: what each domain on it does.

use std::collections::BTreeMap;

use nffg::{Bandwidth, Delay, DomainId};

use super::chain::{Chain, Crossing, Demand, DemandKind, Way};
use crate::payload::{Border, Flow, Function, Point, Segment};

/// What tells a link's traffic from others' at a border: the same on both sides, and another for each chain that a
/// service has had (`prefix`), so that two may be there while the traffic moves. Of parallel links, all but the first
/// have their number.
#[must_use]
pub fn label(prefix: &str, link: &str, crossing: &Crossing) -> String {
    match crossing.nth {
        0 => format!("{prefix}/{link}"),
        nth => format!("{prefix}/{link}#{nth}"),
    }
}

/// One segment for each domain on the chain, domains of transit included, by name.
///
/// A delay bound is shared out among the domains of a link: what the borders take is theirs; of the rest each domain gets
/// what it promises (`promised`, in nanoseconds), and an equal part of what is over. If the promises are too long, each gets
/// an equal part. The shares of a link and its borders' delays never add up to more than the bound; what a walk over
/// several links may take is shared out among these first, by what the topology tells of each and equal parts of what is
/// over.
#[must_use]
pub fn decompose(
    prefix: &str,
    demand: &Demand,
    chain: &Chain,
    promised: &BTreeMap<DomainId, u64>,
) -> Vec<Segment> {
    let mut segments: BTreeMap<&DomainId, Segment> = BTreeMap::new();
    for domain in chain.domains() {
        let empty = Segment {
            domain: domain.clone(),
            functions: Vec::new(),
            flows: Vec::new(),
        };
        segments.insert(domain, empty);
    }
    for (node, host) in demand.nodes.iter().zip(&chain.hosts) {
        if let (DemandKind::Function { nf_type, resources }, Some(segment)) =
            (&node.kind, segments.get_mut(&host.domain))
        {
            segment.functions.push(Function {
                id: node.id.clone(),
                nf_type: nf_type.clone(),
                resources: *resources,
            });
        }
    }
    let bounds = bounds(demand, chain);
    for ((link, way), bound) in demand.links.iter().zip(&chain.ways).zip(bounds) {
        let end = |node: usize| {
            demand.nodes.get(node).map(|node| match &node.kind {
                DemandKind::Sap(sap) => Point::Sap(sap.clone()),
                DemandKind::Function { .. } => Point::Function(node.id.clone()),
            })
        };
        let (Some(first), Some(last)) = (end(link.src), end(link.dst)) else {
            continue;
        };
        let shares = bound.map(|bound| shares(way, bound, promised));
        for (at, domain) in way.domains.iter().enumerate() {
            let Some(segment) = segments.get_mut(domain) else {
                continue;
            };
            let entry = at
                .checked_sub(1)
                .and_then(|before| way.crossings.get(before));
            let exit = way.crossings.get(at);
            let from = entry.map(|crossing| {
                Point::Border(Border {
                    neighbour: crossing.from.clone(),
                    router: crossing.to_router.clone(),
                    neighbour_router: crossing.from_router.clone(),
                    label: label(prefix, &link.id, crossing),
                })
            });
            let to = exit.map(|crossing| {
                Point::Border(Border {
                    neighbour: crossing.to.clone(),
                    router: crossing.from_router.clone(),
                    neighbour_router: crossing.to_router.clone(),
                    label: label(prefix, &link.id, crossing),
                })
            });
            let share = shares.as_ref().and_then(|shares| shares.get(at));
            segment.flows.push(Flow {
                link: link.id.clone(),
                from: from.unwrap_or_else(|| first.clone()),
                to: to.unwrap_or_else(|| last.clone()),
                bandwidth: link.bandwidth_bps.map(Bandwidth::from_bits_per_second),
                max_delay: share.copied().map(Delay::from_nanos),
            });
        }
    }
    // A SAP that no link reaches asks nothing of its domain.
    segments
        .into_values()
        .filter(|segment| !segment.functions.is_empty() || !segment.flows.is_empty())
        .collect()
}

/// How long each link may take: its own bound, and what the walks over it leave it.
fn bounds(demand: &Demand, chain: &Chain) -> Vec<Option<u64>> {
    let mut bounds: Vec<Option<u64>> = demand.links.iter().map(|link| link.max_delay_ns).collect();
    let told = |link: &usize| chain.ways.get(*link).map_or(0, |way| way.delay_ns);
    for walk in &demand.walks {
        let parts = u64::try_from(walk.links.len()).unwrap_or(u64::MAX).max(1);
        let sum = walk.links.iter().map(told).fold(0, u64::saturating_add);
        let over = walk.max_delay_ns.checked_sub(sum);
        for link in &walk.links {
            let part = match over {
                Some(over) => told(link).saturating_add(over / parts),
                None => walk.max_delay_ns / parts,
            };
            if let Some(bound) = bounds.get_mut(*link) {
                *bound = Some(bound.map_or(part, |own| own.min(part)));
            }
        }
    }
    bounds
}

fn shares(way: &Way, bound: u64, promised: &BTreeMap<DomainId, u64>) -> Vec<u64> {
    let borders = way.crossings.iter().map(|crossing| crossing.delay_ns);
    let rest = bound.saturating_sub(borders.fold(0, u64::saturating_add));
    let promises = || {
        way.domains
            .iter()
            .map(|domain| promised.get(domain).copied().unwrap_or(0))
    };
    let parts = u64::try_from(way.domains.len()).unwrap_or(u64::MAX).max(1);
    match rest.checked_sub(promises().fold(0, u64::saturating_add)) {
        Some(over) => promises().map(|promise| promise + over / parts).collect(),
        None => vec![rest / parts; way.domains.len()],
    }
}
