//! Candidate path vectors: simple paths between domains, the cheapest first.
//!
//! A path vector is a list of domains, none twice. It costs what the cheapest choice of parallel
//! edges and of borders costs, and is told once. Path vectors of one pair come in the order of
//! (cost, names): costs may be hops, delay, a price, a sum or several of these in turn; names are in
//! the order of domains. By hops that is the order of (length, names).
//!
//! # The search
//!
//! Per pair, a queue holds *partial* path vectors from the source, by a lower bound of what a completion
//! costs: what they cost so far, and what is left to the destination with nothing in the way. No partial
//! path vector is a prefix of another, so the order of partial ones of one bound is that of their
//! completions, and every path vector completes exactly one of them: none is lost, none comes twice.
//! (Branching at each deviation from what was found is due to Lawler, "A procedure for computing the k
//! best solutions", 1972, and Yen, "Finding the k shortest loopless paths", 1971.)
//!
//! All partial path vectors of the lowest bound are taken up in the order of names. What a partial path
//! vector passed is a *wall* for the rest. All its completions of exactly that cost are walked, in the
//! order of names, down the steps that lose nothing; each step aside is deferred with its own bound.
//! Where the wall is in the way the walk comes back without an answer, and what it deferred is taken back:
//! the true distance past the wall is found by A* from the end of the partial path vector, and it is
//! put back with that bound. So the work follows the answers also in graphs full of dead ends.
//!
//! Steps that cost nothing may lead in circles. Once one is seen, each further step of that walk is
//! looked at before it is taken.
//!
//! A domain of which the net has several points may be passed twice by a cheapest walk. Such a walk is no
//! answer. The bounds are still lower bounds; a walk that comes back without an answer leaves what it
//! deferred, so that the search branches at every domain, with all before it walled. It is
//! exact, but the work is no longer bounded by the answers.
//!
//! # What is left to the destination
//!
//! A `Potential` knows: the tree of all distances to a destination, which serves all sources, or for a
//! single pair in a large net a `Corridor` between its ends, which grows as dearer path vectors are asked
//! for.
//!
//! # Cost
//!
//! A step of the budget is an adjacency looked at or a domain of a path written down. In a plain net without
//! free steps each answer of L domains takes at most L times the degree, and for each partial path vector
//! whose wall is in the way one search. Memory is bounded by the budget, since to defer takes a step.

mod few;
mod finder;
mod graph;
mod map;
mod potential;
mod queue;
mod search;
mod trace;

use std::ops::ControlFlow;
use std::sync::Arc;

use super::budget::{Budget, Spent};
use super::space::Space;
use crate::{DomainGraph, DomainIndex};
use graph::Graph;

use potential::backward_tree;
use search::Search;

pub(crate) use finder::Finder;
pub(crate) use map::Map;
pub(crate) use trace::trace;

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
    /// only cut and every point of the net is a domain. When another cap ended the search of a pair
    /// early, what was not looked at might hold one, and this is set if as many domains are connected
    /// at all: never false while a longer simple path exists.
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
    let indices: Vec<DomainIndex> = graph.indices().collect();
    let space = Graph::new(graph, &indices);
    let mut budget = Budget::new(caps.work);
    let mut vectors = Vec::new();
    let component = |from: u32, to: u32| {
        let [from, to] = [from, to].map(|domain| indices[domain as usize]);
        match graph.connected(from, to) {
            true => graph.component_len(from),
            false => 0,
        }
    };
    let [sources, destinations] =
        [sources, destinations].map(|list| members(graph.len(), list.iter().map(|i| i.as_usize())));
    let cuts = all_pairs(
        space,
        &sources,
        &destinations,
        caps,
        component,
        &mut budget,
        |vector: &[u32], _| {
            let vector = vector.iter().map(|domain| indices[*domain as usize]);
            vectors.push(vector.collect());
            ControlFlow::Continue(())
        },
    );
    Candidates { vectors, cuts }
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
    let caps = PathCaps {
        per_pair: 1,
        max_domains: usize::MAX,
        work: u64::MAX,
    };
    let mut found = None;
    let indices: Vec<DomainIndex> = graph.indices().collect();
    let _ = all_pairs(
        Graph::new(graph, &indices),
        &[src.as_usize() as u32],
        &[dst.as_usize() as u32],
        &caps,
        |_, _| graph.len(),
        &mut Budget::unlimited(),
        |vector: &[u32], _| {
            let vector = vector.iter().map(|domain| indices[*domain as usize]);
            found = Some(vector.collect());
            ControlFlow::Break(())
        },
    );
    found
}

/// Those below `len`, in order, each once.
pub(super) fn members(len: usize, list: impl Iterator<Item = usize>) -> Vec<u32> {
    let mut list: Vec<u32> = list.filter(|at| *at < len).map(|at| at as u32).collect();
    list.sort_unstable();
    list.dedup();
    list
}

/// States from which on a single pair is searched from both ends rather than by a tree.
const LARGE: usize = 4_000;

/// Tells the path vectors of all pairs in order, with their costs, until `sink` breaks. `connected` says
/// how many domains a path vector between two domains may have at most; 0 if there is none.
pub(super) fn all_pairs<S: Space>(
    space: S,
    sources: &[u32],
    destinations: &[u32],
    caps: &PathCaps,
    connected: impl Fn(u32, u32) -> usize,
    budget: &mut Budget,
    mut sink: impl FnMut(&[u32], S::Cost) -> ControlFlow<()>,
) -> Cuts {
    let mut cuts = Cuts::default();
    let mut pairs = Pairs {
        caps,
        budget,
        cuts: &mut cuts,
    };
    if sources.len() == 1 && space.len() >= LARGE {
        for (from, to) in destinations.iter().map(|to| (sources[0], *to)) {
            let finder = |_: &mut Budget| Ok(Finder::new(space, from, to, caps.max_domains));
            let longest = if from == to { 1 } else { connected(from, to) };
            if pairs.pair(longest, finder, &mut sink).is_break() {
                break;
            }
        }
        return cuts;
    }
    let mut search: Option<Search<S, Arc<[S::Cost]>>> = None;
    let mut trees: Vec<Option<Arc<[S::Cost]>>> = vec![None; destinations.len()];
    for from in sources {
        for (to, tree) in destinations.iter().zip(&mut trees) {
            let search = &mut search;
            let longest = if from == to { 1 } else { connected(*from, *to) };
            let found = pairs.pair(
                longest,
                |budget| {
                    let tree = match tree {
                        Some(tree) => Arc::clone(tree),
                        None if from == to => [].into(),
                        None => Arc::clone(tree.insert(backward_tree(space, *to, budget)?)),
                    };
                    let tree = &tree;
                    let first =
                        || Search::new(space, Arc::clone(tree), *from, *to, caps.max_domains);
                    let search = search.get_or_insert_with(first);
                    search.restart(Arc::clone(tree), *from, *to);
                    Ok(search)
                },
                &mut sink,
            );
            if found.is_break() {
                return cuts;
            }
        }
    }
    cuts
}

/// What finds the path vectors of a pair.
trait Find<C> {
    fn advance(&mut self, budget: &mut Budget) -> Result<Option<C>, Spent>;
    fn answer(&self) -> &[u32];
    fn longer(&self) -> bool;
}

impl<S: Space> Find<S::Cost> for Finder<S> {
    fn advance(&mut self, budget: &mut Budget) -> Result<Option<S::Cost>, Spent> {
        self.advance(budget)
    }

    fn answer(&self) -> &[u32] {
        self.answer()
    }

    fn longer(&self) -> bool {
        self.longer()
    }
}

impl<S: Space> Find<S::Cost> for &mut Search<S, Arc<[S::Cost]>> {
    fn advance(&mut self, budget: &mut Budget) -> Result<Option<S::Cost>, Spent> {
        Search::advance(self, budget)
    }

    fn answer(&self) -> &[u32] {
        Search::answer(self)
    }

    fn longer(&self) -> bool {
        self.longer
    }
}

/// The pairs of one call.
struct Pairs<'a> {
    caps: &'a PathCaps,
    budget: &'a mut Budget,
    cuts: &'a mut Cuts,
}

impl Pairs<'_> {
    /// Tells the path vectors of a pair, of which none has more than `longest` domains.
    fn pair<C, F: Find<C>>(
        &mut self,
        longest: usize,
        ready: impl FnOnce(&mut Budget) -> Result<F, Spent>,
        sink: &mut impl FnMut(&[u32], C) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if longest == 0 {
            return ControlFlow::Continue(());
        }
        self.cuts.length |= match self.search(ready, sink) {
            Ok(longer) => longer?.unwrap_or(longest > self.caps.max_domains),
            Err(Spent) => {
                self.cuts.work = true;
                longest > self.caps.max_domains
            }
        };
        ControlFlow::Continue(())
    }

    /// Whether the pair has path vectors that are too long; `None` if the search ended early.
    fn search<C, F: Find<C>>(
        &mut self,
        ready: impl FnOnce(&mut Budget) -> Result<F, Spent>,
        sink: &mut impl FnMut(&[u32], C) -> ControlFlow<()>,
    ) -> Result<ControlFlow<(), Option<bool>>, Spent> {
        if self.cuts.work {
            return Err(Spent);
        }
        let mut search = ready(self.budget)?;
        let mut told = 0;
        while let Some(cost) = search.advance(self.budget)? {
            if told == self.caps.per_pair {
                self.cuts.per_pair = true;
                return Ok(ControlFlow::Continue(None));
            }
            told += 1;
            if sink(search.answer(), cost).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(Some(search.longer())))
    }
}
