//! Which links between domains fail together.
//!
//! The number of a shared risk link group is unique within an IGP domain (RFC 4202 §2.3), so that
//! numbers of two domains have nothing to do with each other: a group is who tells it and its number.
//! Only where the two ends of one link tell the same number is that one group, and then of all links
//! that either of the two tells to be in it. A link is in the groups of both of its ends, whichever
//! direction they tell it for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::unionfind::UnionFind;

use crate::net::EdgeId;
use crate::{DomainGraph, DomainIndex, Link};

/// The groups of edges of the domain graph's own net. Edges that are in none are left out.
pub(crate) type RiskGroups = BTreeMap<EdgeId, BTreeSet<u32>>;

/// A group as one domain tells it.
type Told = (DomainIndex, u32);

/// Of all links. The cost is that of a pass over them.
pub(crate) fn groups(graph: &DomainGraph) -> RiskGroups {
    let mut numbers: BTreeMap<Told, usize> = BTreeMap::new();
    let mut same: Vec<[usize; 2]> = Vec::new();
    let mut told: BTreeMap<EdgeId, BTreeSet<usize>> = BTreeMap::new();
    for from in graph.indices() {
        for near in graph.neighbours(from).filter(|near| near.to > from) {
            let (to, there, back) = (near.to, near.links, graph.links(near.to, from));
            let is_in_some = |link: &Link| !link.srlgs.is_empty();
            if !there.iter().chain(back).any(is_in_some) {
                continue;
            }
            let mut number = |told: Told| {
                let next = numbers.len();
                *numbers.entry(told).or_insert(next)
            };
            for (nth, other) in pairs(there, back) {
                let of = |links: &[Link], nth: Option<usize>| {
                    let link = nth.and_then(|nth| links.get(nth));
                    link.map_or_else(Vec::new, |link| link.srlgs.as_slice().to_vec())
                };
                let (ours, theirs) = (of(there, nth), of(back, other));
                let common = ours.iter().filter(|group| theirs.contains(group));
                same.extend(common.map(|group| [from, to].map(|end| number((end, *group)))));
                let mut all = BTreeSet::new();
                all.extend(ours.iter().map(|group| number((from, *group))));
                all.extend(theirs.iter().map(|group| number((to, *group))));
                if all.is_empty() {
                    continue;
                }
                let ends = [(from, to, nth), (to, from, other)];
                for (from, to, nth) in ends {
                    if let Some(id) = nth.and_then(|nth| edge(graph, from, to, nth)) {
                        told.insert(id, all.clone());
                    }
                }
            }
        }
    }
    let mut joined = UnionFind::<usize>::new(numbers.len());
    for [a, b] in same {
        joined.union(a, b);
    }
    // Each number takes memory, so there are fewer than `u32` counts.
    let one = |number: usize| joined.find(number) as u32;
    let all = told.into_iter();
    all.map(|(id, groups)| (id, groups.into_iter().map(one).collect()))
        .collect()
}

/// The links there and back between two domains, each with the one that is its other direction: by the
/// routers at its ends, and of those left over, which the two name differently, by position.
fn pairs(there: &[Link], back: &[Link]) -> Vec<(Option<usize>, Option<usize>)> {
    let mut by_ends: BTreeMap<_, VecDeque<usize>> = BTreeMap::new();
    for (at, link) in back.iter().enumerate() {
        let ends = (&link.remote, &link.local);
        by_ends.entry(ends).or_default().push_back(at);
    }
    let mut pairs = Vec::with_capacity(there.len().max(back.len()));
    let mut alone = Vec::new();
    for (at, link) in there.iter().enumerate() {
        let others = by_ends.get_mut(&(&link.local, &link.remote));
        match others.and_then(VecDeque::pop_front) {
            Some(other) => pairs.push((Some(at), Some(other))),
            None => alone.push(at),
        }
    }
    let mut left: Vec<usize> = by_ends.into_values().flatten().collect();
    left.sort_unstable();
    for at in 0..alone.len().max(left.len()) {
        pairs.push((alone.get(at).copied(), left.get(at).copied()));
    }
    pairs
}

fn edge(graph: &DomainGraph, from: DomainIndex, to: DomainIndex, nth: usize) -> Option<EdgeId> {
    let links = graph.net().row(from.point()).edges_to(to.point());
    let nth = u32::try_from(links.start + nth).ok()?;
    Some(EdgeId {
        from: from.point(),
        nth,
    })
}
