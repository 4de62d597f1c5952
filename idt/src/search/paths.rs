//! Candidate path vectors: all simple paths between domains, shortest first.
//!
//! # The search
//!
//! Per pair, *levels* hold partial paths from the source, by a lower bound of the domains that a
//! completion has. Levels are opened from the shortest up, each in the order of names. A partial
//! path that is taken up is a *wall* for what follows it: the distances to the destination past
//! that wall are found by breadth-first search, and with them the true bound. If it is higher, the
//! partial path moves to that level; if there is none, it is dropped. Else all its completions of
//! that length are written out in the order of names, by walking down the distances. Every step
//! comes one nearer, so the walk meets neither itself nor the wall and has no dead ends. Steps to
//! the side, which make a path longer, are deferred: they are the partial paths of later levels.
//!
//! No partial path is a prefix of another, so the order of partial paths in a level is that of their
//! completions, and every simple path completes exactly one of them: none is lost, none comes twice,
//! and no walk is repeated, as it would be by iterative lengthening.
//!
//! One search from the destination without walls serves all sources: its distances are the bounds
//! of what is deferred. Most walls are not in the way; whether one is, is looked up in what lies
//! between the end of the partial path and the destination, before anything farther is searched.
//!
//! # Cost
//!
//! A partial path is measured once when its level opens, and once more if its bound was too low.
//! Each measure costs O(E) at most with E adjacencies, and each path vector of L domains defers at
//! most L times the degree: a bounded number of steps from one path vector to the next, also in
//! graphs full of dead ends. Memory is bounded by the budget, since to write down a partial path
//! costs as many steps as it has domains.

mod levels;

use super::budget::Budget;
use super::hops::{FAR, descend, hops_to};
use crate::{DomainGraph, DomainIndex};
use levels::{PathSearch, Stop};

/// What bounds a search for candidate path vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathCaps {
    /// Path vectors per pair of a source and a destination, at most.
    pub per_pair: usize,
    /// Domains in one path vector, at most.
    pub max_domains: usize,
    /// Steps over the whole call, at most. A step is an adjacency looked at or a domain of a path
    /// written down; a million of them take some milliseconds.
    pub work: u64,
}

/// What of an answer was cut, and by which cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cuts {
    /// Some pair has more path vectors than [`PathCaps::per_pair`]. Exact, unless `work` is set too:
    /// then of the pairs that were searched.
    pub per_pair: bool,
    /// Some pair has a path vector longer than [`PathCaps::max_domains`]. Exact when this is the
    /// only cut. When another cap ended the search of a pair early, what was not looked at might
    /// hold one, and this is set if as many domains are connected at all: never false while a
    /// longer simple path exists.
    pub length: bool,
    /// [`PathCaps::work`] was spent before the search was through. The vectors are the first ones of
    /// the whole answer all the same.
    pub work: bool,
}

impl Cuts {
    /// Whether the answer is not whole.
    #[must_use]
    pub fn any(self) -> bool {
        self.per_pair || self.length || self.work
    }
}

/// Candidate path vectors, and whether these are all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// Path vectors, ordered by (source id, destination id, length, names).
    pub vectors: Vec<Box<[DomainIndex]>>,
    /// What was cut.
    pub cuts: Cuts,
}

/// All simple paths from every source to every destination, up to the caps, ordered by (source id,
/// destination id, length, names).
///
/// A source that is a destination too has the path of one domain to itself and no other. Repeated
/// sources and destinations count once.
#[must_use]
pub fn candidate_paths(
    graph: &DomainGraph,
    sources: &[DomainIndex],
    destinations: &[DomainIndex],
    caps: &PathCaps,
) -> Candidates {
    let sources = members(graph, sources);
    let destinations = members(graph, destinations);
    let mut search = PathSearch::new(graph, caps);
    let mut free: Vec<Option<Box<[u32]>>> = vec![None; destinations.len()];
    let mut spent = false;
    for &source in &sources {
        for (&destination, free) in destinations.iter().zip(&mut free) {
            if !graph.connected(source, destination) {
                continue;
            }
            let ended = if spent {
                Err(Stop::Spent)
            } else {
                search.pair(source, destination, free)
            };
            if let Err(stop) = ended {
                let cuts = &mut search.found.cuts;
                match stop {
                    Stop::Enough => cuts.per_pair = true,
                    Stop::Spent => cuts.work = true,
                }
                spent |= cuts.work;
                let longest = if source == destination {
                    1
                } else {
                    graph.component_len(source)
                };
                cuts.length |= longest > caps.max_domains;
            }
        }
    }
    search.found
}

/// The path from `src` to `dst` with the fewest domains, ties by names; `None` if there is none.
#[must_use]
pub fn shortest_path(
    graph: &DomainGraph,
    src: DomainIndex,
    dst: DomainIndex,
) -> Option<Box<[DomainIndex]>> {
    if !graph.connected(src, dst) {
        return None;
    }
    let mut hops = vec![FAR; graph.len()];
    let mut unlimited = Budget::new(u64::MAX);
    let reached = |domain| domain == src;
    hops_to(
        graph,
        dst,
        &mut hops,
        &mut Vec::new(),
        &mut unlimited,
        reached,
    )
    .ok()?;
    descend(graph, src, &hops)
}

/// The domains of the list that are in the graph, in order, each once.
fn members(graph: &DomainGraph, list: &[DomainIndex]) -> Vec<DomainIndex> {
    let mut list: Vec<_> = list
        .iter()
        .copied()
        .filter(|i| i.as_usize() < graph.len())
        .collect();
    list.sort_unstable();
    list.dedup();
    list
}
