//! The problem in the form that the search works on: hosts by number, choices by position.

use std::collections::BTreeSet;
use std::ops::Range;

use super::PlacementProblem;
use super::problem::RESOURCE_KINDS;
use crate::DomainIndex;
use crate::net::Net;
use crate::search::budget::{Budget, Spent};

/// An amount of each kind of resource.
pub(super) type Amounts = [f64; RESOURCE_KINDS];

/// Whether `amounts` are within `capacity`, kind by kind. What is not a number is within no limit.
pub(super) fn within(amounts: &Amounts, capacity: &Amounts) -> bool {
    amounts
        .iter()
        .zip(capacity)
        .all(|(amount, capacity)| amount <= capacity || *capacity == f64::INFINITY)
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

/// How many hosts a node lost, to what. A host is counted once, at the first that strikes it out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostCounts {
    /// Distinct domains that can host it, as the caller says.
    pub given: usize,
    /// Not in the net.
    pub unknown: usize,
    /// Not among the allowed ones.
    pub not_allowed: usize,
    /// Forbidden.
    pub forbidden: usize,
    /// Closed.
    pub closed: usize,
    /// The node alone exceeds what the domain has.
    pub capacity: usize,
    /// No host of another node that must be in the same domain.
    pub affinity: usize,
    /// What is left.
    pub left: usize,
}

/// A problem over one net. A *host* is a number in the order of names, a *choice* of a node a
/// position among its hosts, which are in that order too.
pub(super) struct Instance<'a> {
    pub(super) net: &'a Net,
    pub(super) problem: &'a PlacementProblem,
    /// [`PlacementProblem::bounds_routes`].
    pub(super) bounds_routes: bool,
    /// Whether placements tell their edges.
    pub(super) tells_edges: bool,
    /// The domains that can host some node, in order.
    domains: Vec<u32>,
    /// The hosts of all nodes, one node after the other, and their domains.
    hosts: Vec<u32>,
    choices: Vec<u32>,
    /// Where in `hosts` each node's are.
    nodes: Vec<Range<usize>>,
    /// What each host has; empty if none has a limit.
    capacity: Vec<Option<&'a Amounts>>,
    /// Per pair of nodes, the earlier one first, whether they are in one domain or in different ones.
    ties: Vec<(usize, usize, bool)>,
}

impl<'a> Instance<'a> {
    /// `None` if there is no placement for a reason that needs no search.
    pub(super) fn new(
        net: &'a Net,
        problem: &'a PlacementProblem,
        counts: Option<&mut Vec<HostCounts>>,
        budget: &mut Budget,
    ) -> Result<Option<Self>, Spent> {
        let PlacementProblem {
            nodes, capacity, ..
        } = problem;
        if !problem.is_sound() {
            return Ok(None);
        }
        let all: usize = nodes.iter().map(|node| node.hosts.len()).sum();
        let links = problem.links.len();
        budget.spend(nodes.len().saturating_add(links).saturating_add(all))?;

        // The candidates of all nodes.
        let mut candidates: Vec<u32> = Vec::with_capacity(all);
        let mut ranges: Vec<Range<usize>> = Vec::with_capacity(nodes.len());
        let closed = &problem.restriction.closed_domains;
        let mut told = Vec::new();
        for node in nodes {
            let start = candidates.len();
            let alone = plus(&[0.0; RESOURCE_KINDS], &node.demand);
            let mut lost = HostCounts::default();
            let mut can = |domain: u32| {
                let host = DomainIndex::of(domain);
                let slot = if domain as usize >= net.domains() {
                    &mut lost.unknown
                } else if node
                    .allowed
                    .as_ref()
                    .is_some_and(|set| !set.contains(&host))
                {
                    &mut lost.not_allowed
                } else if !node.forbidden.is_empty() && node.forbidden.contains(&host) {
                    &mut lost.forbidden
                } else if !closed.is_empty() && closed.contains(&domain) {
                    &mut lost.closed
                } else if capacity.get(&host).is_some_and(|has| !within(&alone, has)) {
                    &mut lost.capacity
                } else {
                    return true;
                };
                *slot += 1;
                false
            };
            candidates.extend(node.hosts.iter().map(|host| host.as_usize() as u32));
            candidates[start..].sort_unstable();
            dedup_from(&mut candidates, start);
            let given = candidates.len() - start;
            let mut kept = start;
            for at in start..candidates.len() {
                if can(candidates[at]) {
                    candidates[kept] = candidates[at];
                    kept += 1;
                }
            }
            candidates.truncate(kept);
            if counts.is_some() {
                lost.given = given;
                told.push(lost);
            }
            ranges.push(start..kept);
        }
        if !problem.affinity.is_empty() {
            together(problem, &mut candidates, &mut ranges, &mut told, budget)?;
        }
        if let Some(counts) = counts {
            for (counts, range) in told.iter_mut().zip(&ranges) {
                counts.left = range.len();
            }
            *counts = told;
        }
        if ranges.iter().any(Range::is_empty) {
            return Ok(None);
        }
        let mut domains = candidates.clone();
        domains.sort_unstable();
        domains.dedup();
        let number = |domain: &u32| domains.partition_point(|host| host < domain) as u32;
        let hosts = candidates.iter().map(number).collect();
        let capacity = match capacity.is_empty() {
            true => Vec::new(),
            false => domains
                .iter()
                .map(|domain| capacity.get(&DomainIndex::of(*domain)))
                .collect(),
        };
        let ties = ties(problem);
        budget.spend(ties.len())?;
        if ties.iter().any(|tie| tie.0 == tie.1 && !tie.2) {
            return Ok(None);
        }
        let bounds_routes = problem.bounds_routes();
        Ok(Some(Self {
            net,
            problem,
            bounds_routes,
            tells_edges: problem.tell_edges || problem.disjoint.is_some() || bounds_routes,
            domains,
            hosts,
            choices: candidates,
            nodes: ranges,
            capacity,
            ties,
        }))
    }

    /// How many nodes there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The hosts of a node, by choice.
    #[inline]
    pub(super) fn hosts(&self, node: usize) -> &[u32] {
        &self.hosts[self.nodes[node].clone()]
    }

    /// The domains that can host a node, by choice.
    pub(super) fn domains_of(&self, node: usize) -> &[u32] {
        &self.choices[self.nodes[node].clone()]
    }

    /// Where the choices of each node are when those of all nodes are in a row.
    #[inline]
    pub(super) fn choices(&self, node: usize) -> Range<usize> {
        self.nodes[node].clone()
    }

    /// How many choices all nodes have together.
    pub(super) fn choice_count(&self) -> usize {
        self.hosts.len()
    }

    /// What a node takes of its host.
    #[inline]
    pub(super) fn demand(&self, node: usize) -> &Amounts {
        &self.problem.nodes[node].demand
    }

    /// What a host has; `None` if it has no limit.
    #[inline]
    pub(super) fn capacity(&self, host: u32) -> Option<&Amounts> {
        *self.capacity.get(host as usize)?
    }

    /// How many hosts there are, if any of them has a limit; else none.
    pub(super) fn limited(&self) -> usize {
        self.capacity.len()
    }

    /// All hosts, by number.
    pub(super) fn all(&self) -> &[u32] {
        &self.domains
    }

    /// The domain of a host.
    #[inline]
    pub(super) fn domain(&self, host: u32) -> u32 {
        self.domains[host as usize]
    }

    /// [`Instance::ties`], sorted.
    pub(super) fn ties(&self) -> &[(usize, usize, bool)] {
        &self.ties
    }
}

/// Removes repetitions from the part of `list` from `start` on, which is sorted.
fn dedup_from(list: &mut Vec<u32>, start: usize) {
    let mut kept = start;
    for at in start..list.len() {
        if kept == start || list[at] != list[kept - 1] {
            list[kept] = list[at];
            kept += 1;
        }
    }
    list.truncate(kept);
}

/// Keeps of nodes that must be in one domain only the hosts that all of them have.
fn together(
    problem: &PlacementProblem,
    candidates: &mut Vec<u32>,
    ranges: &mut [Range<usize>],
    told: &mut [HostCounts],
    budget: &mut Budget,
) -> Result<(), Spent> {
    let mut sets: Vec<BTreeSet<u32>> = ranges
        .iter()
        .map(|range| candidates[range.clone()].iter().copied().collect())
        .collect();
    for group in &problem.affinity {
        let Some((first, rest)) = group.split_first() else {
            continue;
        };
        let mut common = sets[*first].clone();
        for node in rest {
            budget.spend(common.len())?;
            common.retain(|host| sets[*node].contains(host));
        }
        for node in group {
            sets[*node].clone_from(&common);
        }
    }
    candidates.clear();
    for (at, (range, set)) in ranges.iter_mut().zip(sets).enumerate() {
        if let Some(counts) = told.get_mut(at) {
            counts.affinity = range.len() - set.len();
        }
        let start = candidates.len();
        candidates.extend(set);
        *range = start..candidates.len();
    }
    Ok(())
}

/// The pairs of nodes that must be in one domain, as a chain per group, and of those that must not,
/// all of them.
fn ties(problem: &PlacementProblem) -> Vec<(usize, usize, bool)> {
    let mut ties = Vec::new();
    let pair = |a: usize, b: usize, same| (a.min(b), a.max(b), same);
    for group in &problem.affinity {
        ties.extend(group.windows(2).map(|two| pair(two[0], two[1], true)));
    }
    ties.retain(|tie| tie.0 != tie.1);
    for group in &problem.anti_affinity {
        let group: BTreeSet<usize> = group.iter().copied().collect();
        for (at, a) in group.iter().enumerate() {
            ties.extend(group.iter().skip(at + 1).map(|b| pair(*a, *b, false)));
        }
    }
    ties.sort_unstable();
    ties.dedup();
    ties
}
