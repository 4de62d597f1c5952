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
mod map;
mod potential;
mod queue;
mod run;
mod search;
#[cfg(test)]
mod tests;
mod tiny;
mod trace;

use std::ops::ControlFlow;

use super::budget::{Budget, Spent};
use super::cost::{Cost, Metric, Weigh};
use super::distance::{Distances, ToDomain};
use super::space::{Open, Space};
use super::tree::{self, Scratch};
use crate::net::Row;
use crate::{DomainGraph, DomainIndex};

use few::Few;
use potential::Potential;
pub(super) use search::Search;

pub(crate) use finder::Finder;
pub(crate) use map::Map;
pub(super) use potential::{Guide, limit_after};
pub use run::PathRun;
use tiny::Tiny;
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
    let space = Open {
        net: graph.net(),
        weigh: Hops,
    };
    let mut budget = Budget::new(caps.work);
    let mut vectors = Vec::new();
    let component = |from, to| connected_domains(graph, from, to);
    let [sources, destinations] =
        [sources, destinations].map(|list| members(graph.len(), list.iter().map(|i| i.as_usize())));
    let cuts = all_pairs(
        space,
        &sources,
        &destinations,
        caps,
        component,
        &mut budget,
        |run: PathRun<'_>, _| {
            run.for_each(|vector| {
                let vector = vector.iter().filter_map(|domain| graph.index_of(*domain));
                vectors.push(vector.collect());
            });
            ControlFlow::Continue(())
        },
    );
    Candidates { vectors, cuts }
}

/// The same, with what `distances` know: they are of this very graph. In large graphs it is some ten times
/// faster where there is an index by hops, be it of a version shortly before. The work counts otherwise.
#[must_use]
pub fn candidate_paths_with(
    graph: &DomainGraph,
    distances: &Distances,
    sources: &[DomainIndex],
    destinations: &[DomainIndex],
    caps: &PathCaps,
) -> Candidates {
    let is_large = graph.len() >= LARGE && caps.max_domains > few::MOST;
    if !is_large || !distances.is_indexed(Metric::Hops) {
        return candidate_paths(graph, sources, destinations, caps);
    }
    let space = Open {
        net: graph.net(),
        weigh: Metric::Hops,
    };
    let mut budget = Budget::new(caps.work);
    let mut vectors = Vec::new();
    let [sources, destinations] =
        [sources, destinations].map(|list| members(graph.len(), list.iter().map(|i| i.as_usize())));
    let cuts = guided_pairs(
        space,
        &sources,
        &destinations,
        caps,
        |to| distances.to_domain(Metric::Hops, to),
        |from, to| connected_domains(graph, from, to),
        &mut budget,
        |vector: &[u32]| {
            let vector = vector.iter().filter_map(|domain| graph.index_of(*domain));
            vectors.push(vector.collect());
        },
    );
    Candidates { vectors, cuts }
}

/// How many domains are connected to both; 0 if the two are not connected.
fn connected_domains(graph: &DomainGraph, from: u32, to: u32) -> usize {
    match [from, to].map(|domain| graph.index_of(domain)) {
        [Some(from), Some(to)] if graph.connected(from, to) => graph.component_len(from),
        _ => 0,
    }
}

/// Tells the path vectors of all pairs in order, by an index: what tells the distances to a domain.
fn guided_pairs<'a, S: Space<Cost = u64>>(
    space: S,
    sources: &[u32],
    destinations: &[u32],
    caps: &PathCaps,
    index: impl Fn(u32) -> Option<ToDomain<'a>>,
    connected: impl Fn(u32, u32) -> usize,
    budget: &mut Budget,
    mut sink: impl FnMut(&[u32]),
) -> Cuts {
    let mut cuts = Cuts::default();
    let mut pairs = Pairs {
        caps,
        budget,
        cuts: &mut cuts,
    };
    let mut sink = |run: PathRun<'_>, _| {
        run.for_each(&mut sink);
        ControlFlow::Continue(())
    };
    let mut search: Option<Search<S, Guide<'_, S>>> = None;
    for from in sources {
        for to in destinations {
            let longest = || if from == to { 1 } else { connected(*from, *to) };
            let _ = if from == to {
                pairs.pair(longest, &mut Alone::new(*from, caps), &mut sink)
            } else {
                let search = match &mut search {
                    Some(search) if search.to() == *to => {
                        search.restart_from(*from, |guide| guide.restart(*from));
                        search
                    }
                    kept => {
                        // Without an index nothing is known: no path costs less than nothing.
                        let index = index(*to).unwrap_or_else(|| Box::new(|_| 0));
                        let guide = Guide::new(space, (*from, *to), index, limit_after);
                        match kept {
                            Some(search) => {
                                search.restart(guide, *from, *to);
                                search
                            }
                            None => {
                                let most = caps.max_domains;
                                kept.insert(Search::new(space, guide, *from, *to, most))
                            }
                        }
                    }
                };
                pairs.pair(longest, search, &mut sink)
            };
        }
    }
    cuts
}

/// The path from `src` to `dst` with the fewest domains, ties by names; `None` if there is none.
#[must_use]
pub fn shortest_path(
    graph: &DomainGraph,
    src: DomainIndex,
    dst: DomainIndex,
) -> Option<Box<[DomainIndex]>> {
    let ends =
        [src, dst].map(|end| (end.as_usize() < graph.len()).then_some(end.as_usize() as u32));
    let [Some(src), Some(dst)] = ends else {
        return None;
    };
    let caps = PathCaps {
        per_pair: 1,
        max_domains: usize::MAX,
        work: u64::MAX,
    };
    let mut found = None;
    let space = Open {
        net: graph.net(),
        weigh: Hops,
    };
    let _ = all_pairs(
        space,
        &[src],
        &[dst],
        &caps,
        |_, _| graph.len(),
        &mut Budget::unlimited(),
        |run: PathRun<'_>, _| {
            run.for_each(|vector| {
                let vector = vector.iter().filter_map(|domain| graph.index_of(*domain));
                found = Some(vector.collect());
            });
            ControlFlow::Break(())
        },
    );
    found
}

/// Borders crossed, known to the compiler: every edge of a domain graph crosses one.
#[derive(Clone, Copy, Debug)]
struct Hops;

impl Weigh for Hops {
    type Cost = u32;

    #[inline]
    fn weigh(&self, _: &Row<'_>, _: usize) -> u32 {
        1
    }

    #[inline]
    fn crossings(&self, cost: u32) -> Option<u64> {
        Some(u64::from(cost))
    }

    #[inline]
    fn hop(&self) -> Option<u32> {
        Some(1)
    }
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
    mut sink: impl FnMut(PathRun<'_>, S::Cost) -> ControlFlow<()>,
) -> Cuts {
    let mut cuts = Cuts::default();
    let mut pairs = Pairs {
        caps,
        budget,
        cuts: &mut cuts,
    };
    if let Some(hop) = space.hop()
        && space.len() == space.domains()
        && space.len() <= tiny::LARGEST
    {
        let Ok(neighbours) = tiny::neighbours(space, pairs.budget) else {
            pairs.cuts.work = true;
            let mut all = sources
                .iter()
                .flat_map(|from| destinations.iter().map(move |to| (*from, *to)));
            let longest = |(from, to)| if from == to { 1 } else { connected(from, to) };
            cuts.length = all.any(|pair| longest(pair) > caps.max_domains);
            return cuts;
        };
        for from in sources {
            for to in destinations {
                let longest = || if from == to { 1 } else { connected(*from, *to) };
                let found = if from == to {
                    pairs.pair(longest, &mut Alone::new(*from, caps), &mut sink)
                } else {
                    let tiny = Tiny::new(neighbours, hop, (*from, *to), caps.max_domains);
                    pairs.pair(longest, &mut { tiny }, &mut sink)
                };
                if found.is_break() {
                    return cuts;
                }
            }
        }
        return cuts;
    }
    if sources.len() == 1 && space.len() >= LARGE {
        for (from, to) in destinations.iter().map(|to| (sources[0], *to)) {
            let longest = || if from == to { 1 } else { connected(from, to) };
            let mut finder = Finder::new(space, from, to, caps.max_domains);
            let found = match &mut finder {
                Finder::Few(few) => pairs.pair(longest, few.as_mut(), &mut sink),
                Finder::Search(search) => pairs.pair(longest, search.as_mut(), &mut sink),
            };
            if found.is_break() {
                break;
            }
        }
        return cuts;
    }
    let mut search: Option<Search<S, Vec<S::Cost>>> = None;
    // By destination, the distances to it, once they were needed; the search has those that it uses.
    let mut trees: Vec<Vec<S::Cost>> = vec![Vec::new(); destinations.len()];
    let mut scratch = None;
    for from in sources {
        for (to, kept) in destinations.iter().zip(&mut trees) {
            let longest = || if from == to { 1 } else { connected(*from, *to) };
            if from == to {
                if pairs
                    .pair(longest, &mut Alone::new(*from, caps), &mut sink)
                    .is_break()
                {
                    return cuts;
                }
                continue;
            }
            if kept.is_empty() && !pairs.cuts.work {
                match left_to(space, *to, pairs.budget, &mut scratch) {
                    Ok(tree) => *kept = tree,
                    Err(Spent) => pairs.cuts.work = true,
                }
            }
            let tree = std::mem::take(kept);
            let search = match &mut search {
                Some(search) => {
                    search.restart(tree, *from, *to);
                    search
                }
                None => search.insert(Search::new(space, tree, *from, *to, caps.max_domains)),
            };
            let found = pairs.pair(longest, search, &mut sink);
            *kept = search.take_potential();
            if found.is_break() {
                return cuts;
            }
        }
    }
    cuts
}

/// The distances of all states to a domain.
fn left_to<S: Space>(
    space: S,
    to: u32,
    budget: &mut Budget,
    scratch: &mut Option<Box<Scratch<S::Cost>>>,
) -> Result<Vec<S::Cost>, Spent> {
    let Some(hop) = space.hop().filter(|_| space.len() == space.domains()) else {
        let scratch = scratch.get_or_insert_default();
        return tree::tree(space, space.sink(to), budget, scratch);
    };
    // All steps cost the same: breadth first.
    let mut left = vec![S::Cost::FAR; space.len()];
    let mut queue = vec![to];
    left[to as usize] = S::Cost::ZERO;
    let mut head = 0;
    while let Some(state) = queue.get(head).copied() {
        head += 1;
        let (mut steps, next) = (1, left[state as usize].plus(hop));
        space.backward(state, |from, _| {
            steps += 1;
            let known = &mut left[from as usize];
            if *known == S::Cost::FAR {
                *known = next;
                queue.push(from);
            }
        });
        budget.spend(steps)?;
    }
    Ok(left)
}

/// What finds the path vectors of a pair.
trait Find<C> {
    fn advance(&mut self, budget: &mut Budget) -> Result<Option<C>, Spent>;
    fn answer(&self) -> &[u32];
    fn longer(&self) -> bool;

    /// The last answer, and of those that come next and differ in one domain only as many as make `most` in
    /// all, which is at least 1.
    #[inline]
    fn run(&mut self, _most: usize, _budget: &mut Budget) -> PathRun<'_> {
        PathRun::one(self.answer())
    }
}

impl<S: Space> Find<S::Cost> for Few<S> {
    fn advance(&mut self, budget: &mut Budget) -> Result<Option<S::Cost>, Spent> {
        Self::advance(self, budget)
    }

    fn answer(&self) -> &[u32] {
        Self::answer(self)
    }

    fn longer(&self) -> bool {
        self.longer
    }

    #[inline]
    fn run(&mut self, most: usize, budget: &mut Budget) -> PathRun<'_> {
        Self::run(self, most, budget)
    }
}

impl<S: Space, P: Potential<S::Cost>> Find<S::Cost> for Search<S, P> {
    fn advance(&mut self, budget: &mut Budget) -> Result<Option<S::Cost>, Spent> {
        Self::advance(self, budget)
    }

    fn answer(&self) -> &[u32] {
        Self::answer(self)
    }

    fn longer(&self) -> bool {
        self.longer
    }
}

/// The one path vector of a domain and itself.
struct Alone {
    path: [u32; 1],
    left: bool,
    longer: bool,
}

impl Alone {
    fn new(domain: u32, caps: &PathCaps) -> Self {
        let fits = caps.max_domains > 0;
        Self {
            path: [domain],
            left: fits,
            longer: !fits,
        }
    }
}

impl<C: Cost> Find<C> for Alone {
    fn advance(&mut self, budget: &mut Budget) -> Result<Option<C>, Spent> {
        budget.spend(1)?;
        Ok(std::mem::take(&mut self.left).then_some(C::ZERO))
    }

    fn answer(&self) -> &[u32] {
        &self.path
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
    /// Tells the path vectors of a pair, of which none has more than `longest` domains: that is asked
    /// where a search ends early.
    fn pair<C: Copy, F: Find<C>>(
        &mut self,
        longest: impl Fn() -> usize,
        search: &mut F,
        sink: &mut impl FnMut(PathRun<'_>, C) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let max_domains = self.caps.max_domains;
        let longer = match self.search(search, sink) {
            Ok(longer) => longer?,
            Err(Spent) => {
                self.cuts.work = true;
                None
            }
        };
        // That is asked once: it may cost a look at the whole graph.
        self.cuts.length = self.cuts.length || longer.unwrap_or_else(|| longest() > max_domains);
        ControlFlow::Continue(())
    }

    /// Whether the pair has path vectors that are too long; `None` if the search ended early.
    fn search<C: Copy, F: Find<C>>(
        &mut self,
        search: &mut F,
        sink: &mut impl FnMut(PathRun<'_>, C) -> ControlFlow<()>,
    ) -> Result<ControlFlow<(), Option<bool>>, Spent> {
        if self.cuts.work {
            return Err(Spent);
        }
        let mut told = 0;
        while let Some(cost) = search.advance(self.budget)? {
            if told == self.caps.per_pair {
                self.cuts.per_pair = true;
                return Ok(ControlFlow::Continue(None));
            }
            let run = search.run(self.caps.per_pair - told, self.budget);
            told += run.len();
            if sink(run, cost).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(Some(search.longer())))
    }
}
