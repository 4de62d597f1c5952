//! The problem in the form that the search works on: hosts by number, distances by table.

use std::ops::Range;

use super::{PlacementProblem, RESOURCE_KINDS};
use crate::graph::to_u32;
use crate::search::budget::{Budget, Spent};
use crate::search::hops::{FAR, descend, hops_to};
use crate::{DomainGraph, DomainIndex};

/// An amount of each kind of resource.
pub(super) type Amounts = [f64; RESOURCE_KINDS];

/// Whether `amounts` are within `capacity`, kind by kind. What is not a number is within nothing.
pub(super) fn within(amounts: &Amounts, capacity: &Amounts) -> bool {
    amounts
        .iter()
        .zip(capacity)
        .all(|(amount, capacity)| amount <= capacity)
}

/// What is used of a host once a node is on it too. Sums are made in node order everywhere, so that
/// rounding does not depend on the way of the search.
pub(super) fn plus(used: &Amounts, demand: &Amounts) -> Amounts {
    std::array::from_fn(|kind| {
        used[kind]
            + if demand[kind] < 0.0 {
                0.0
            } else {
                demand[kind]
            }
    })
}

/// A problem over one graph. A *host* is a number in the order of names, a *choice* of a node a
/// position among its hosts, which are in that order too.
pub(super) struct Instance<'a> {
    graph: &'a DomainGraph,
    problem: &'a PlacementProblem,
    /// The domains that can host some node, in order.
    domains: Vec<DomainIndex>,
    /// The hosts of all nodes, one node after the other.
    hosts: Vec<u32>,
    /// Where in `hosts` each node's are; none is empty.
    nodes: Vec<Range<usize>>,
    /// What each host has; empty if none has a limit.
    capacity: Vec<Option<Amounts>>,
    /// Per host a row: the hops to it from every domain of the graph.
    hops: Vec<u32>,
}

impl<'a> Instance<'a> {
    /// `None` if there is no placement for a reason that needs no search.
    pub(super) fn new(
        graph: &'a DomainGraph,
        problem: &'a PlacementProblem,
        budget: &mut Budget,
    ) -> Result<Option<Self>, Spent> {
        let PlacementProblem {
            nodes,
            links,
            capacity,
        } = problem;
        if links
            .iter()
            .any(|&(src, dst)| src >= nodes.len() || dst >= nodes.len())
        {
            return Ok(None);
        }
        let all: usize = nodes.iter().map(|node| node.hosts.len()).sum();
        budget.spend(nodes.len().saturating_add(links.len()).saturating_add(all))?;

        // The candidates of all nodes; by domain until all hosts are known, then by number.
        let mut candidates: Vec<DomainIndex> = Vec::with_capacity(all);
        let mut ranges = Vec::with_capacity(nodes.len());
        for node in nodes {
            let start = candidates.len();
            let alone = plus(&[0.0; RESOURCE_KINDS], &node.demand);
            candidates.extend(node.hosts.iter().filter(|host| {
                let has = || capacity.get(host).is_none_or(|has| within(&alone, has));
                host.as_usize() < graph.len() && has()
            }));
            candidates[start..].sort_unstable();
            dedup_from(&mut candidates, start);
            if candidates.len() == start {
                return Ok(None);
            }
            ranges.push(start..candidates.len());
        }
        let mut domains = candidates.clone();
        domains.sort_unstable();
        domains.dedup();
        let number = |domain| to_u32(domains.partition_point(|host| *host < domain));
        let hosts = candidates.into_iter().map(number).collect();
        let capacity = match capacity.is_empty() {
            true => Vec::new(),
            false => domains
                .iter()
                .map(|domain| capacity.get(domain).copied())
                .collect(),
        };
        let hops = distances(graph, &domains, budget)?;
        Ok(Some(Self {
            graph,
            problem,
            domains,
            hosts,
            nodes: ranges,
            capacity,
            hops,
        }))
    }

    /// How many nodes there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The links, by node.
    pub(super) fn links(&self) -> &'a [(usize, usize)] {
        &self.problem.links
    }

    /// The hosts of a node, by choice.
    #[inline]
    pub(super) fn hosts(&self, node: usize) -> &[u32] {
        &self.hosts[self.nodes[node].clone()]
    }

    /// Where the choices of each node are when those of all nodes are in a row.
    #[inline]
    pub(super) fn choices(&self, node: usize) -> Range<usize> {
        self.nodes[node].clone()
    }

    /// What a node takes of its host.
    #[inline]
    pub(super) fn demand(&self, node: usize) -> &Amounts {
        &self.problem.nodes[node].demand
    }

    /// What a host has; `None` if it has no limit.
    #[inline]
    pub(super) fn capacity(&self, host: u32) -> Option<&Amounts> {
        self.capacity.get(host as usize)?.as_ref()
    }

    /// How many hosts there are, if any of them has a limit; else none.
    pub(super) fn limited(&self) -> usize {
        self.capacity.len()
    }

    /// How many hosts there are.
    pub(super) fn host_count(&self) -> usize {
        self.domains.len()
    }

    /// The domain of a host.
    #[inline]
    pub(super) fn domain(&self, host: u32) -> DomainIndex {
        self.domains[host as usize]
    }

    /// The hops from every domain to a host.
    #[inline]
    fn hops_to(&self, host: u32) -> &[u32] {
        &self.hops[host as usize * self.graph.len()..][..self.graph.len()]
    }

    /// The hops between two hosts; `None` if no path joins them.
    #[inline]
    pub(super) fn distance(&self, from: u32, to: u32) -> Option<u32> {
        let hops = self.hops_to(to)[self.domain(from).as_usize()];
        (hops != FAR).then_some(hops)
    }

    /// The shortest path between two hosts, ties by names; `None` if no path joins them.
    pub(super) fn path<T: FromIterator<DomainIndex>>(&self, from: u32, to: u32) -> Option<T> {
        descend(self.graph, self.domain(from), self.hops_to(to))
    }
}

/// Removes repetitions from the part of `list` from `start` on, which is sorted.
fn dedup_from(list: &mut Vec<DomainIndex>, start: usize) {
    let mut kept = start;
    for at in start..list.len() {
        if kept == start || list[at] != list[kept - 1] {
            list[kept] = list[at];
            kept += 1;
        }
    }
    list.truncate(kept);
}

/// The rows of [`Instance::hops`].
fn distances(
    graph: &DomainGraph,
    hosts: &[DomainIndex],
    budget: &mut Budget,
) -> Result<Vec<u32>, Spent> {
    let cells = hosts.len().saturating_mul(graph.len());
    budget.spend(cells)?;
    let mut rows = vec![FAR; cells];
    let mut queue = Vec::with_capacity(graph.len());
    for (host, hops) in hosts.iter().zip(rows.chunks_exact_mut(graph.len().max(1))) {
        hops_to(graph, *host, hops, &mut queue, budget, |_| false)?;
    }
    Ok(rows)
}
