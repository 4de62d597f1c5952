//! Trees of cheapest paths over any [`Space`]: Dijkstra's algorithm, forward or backward, from one
//! state or several, to the end or until the caller has seen enough.
//!
//! A [`Scratch`] is kept between calls. What a search wrote is told from what one before it wrote
//! by a version, so that a search that ends early costs what it saw and not the size of the net.

mod pair;
#[cfg(test)]
mod tests;

pub(crate) use pair::{PairScratch, pair, without_loops};

use super::budget::{Budget, Spent};
use super::cost::{Cost, Metric, Weigh};
use super::queue::Queue;
use super::space::Space;
use crate::net::{Net, Row};

/// Along the edges, or against them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the seeds.
    Forward,
    /// To the seeds.
    Backward,
}

/// In place of a state: none.
const NONE: u32 = u32::MAX;

/// What a search knows of a state.
#[derive(Clone, Copy, Debug)]
struct Slot<C> {
    cost: C,
    /// Which search wrote this.
    version: u32,
    /// The state before it on the way from a seed.
    parent: u32,
}

/// The space that a search works in.
#[derive(Debug)]
pub(crate) struct Scratch<C> {
    slots: Vec<Slot<C>>,
    version: u32,
    queue: Queue<C>,
    /// What cost not more than this is settled: its cost is exact.
    settled: C,
}

impl<C: Cost> Default for Scratch<C> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            version: 0,
            queue: Queue::default(),
            settled: C::ZERO,
        }
    }
}

impl<C: Cost> Scratch<C> {
    /// Makes ready for a search over `states` states.
    fn begin(&mut self, states: usize) {
        self.queue.clear();
        self.settled = C::ZERO;
        self.version = self.version.wrapping_add(1);
        if self.version == 0 {
            // Every 4 billion searches: what was written before must not look new.
            self.slots.clear();
            self.version = 1;
        }
        if self.slots.len() < states {
            let blank = Slot {
                cost: C::FAR,
                version: 0,
                parent: NONE,
            };
            self.slots.resize(states, blank);
        }
    }

    /// The cost known of a state, exact or still too high; [`Cost::FAR`] if none.
    #[inline]
    fn known(&self, state: u32) -> C {
        match self.slots.get(state as usize) {
            Some(slot) if slot.version == self.version => slot.cost,
            _ => C::FAR,
        }
    }

    /// Puts a state into the queue if this is cheaper than what is known.
    #[inline]
    fn offer(&mut self, state: u32, cost: C, parent: u32) -> bool {
        let slot = &mut self.slots[state as usize];
        let nearer = cost < C::FAR && (slot.version != self.version || cost < slot.cost);
        if nearer {
            *slot = Slot {
                cost,
                version: self.version,
                parent,
            };
            self.queue.push(cost, state);
        }
        nearer
    }

    /// The next state to settle.
    #[inline]
    fn next(&mut self) -> Option<(C, u32)> {
        while let Some((cost, state)) = self.queue.pop() {
            if self.slots[state as usize].cost == cost {
                self.settled = cost;
                return Some((cost, state));
            }
        }
        None
    }

    /// Searches from all `seeds`, each with what it costs to be there. Ends early once `done`, asked
    /// for each state as it is settled, in order of cost, says so. A step is an edge looked at.
    /// Seeds that are no states are left out.
    pub(crate) fn run<S: Space<Cost = C>>(
        &mut self,
        space: S,
        way: Way,
        seeds: impl IntoIterator<Item = (u32, C)>,
        budget: &mut Budget,
        mut done: impl FnMut(u32, C) -> bool,
    ) -> Result<(), Spent> {
        self.begin(space.len());
        for (state, cost) in seeds {
            if (state as usize) < space.len() {
                self.offer(state, cost, NONE);
            }
        }
        while let Some((cost, state)) = self.next() {
            if done(state, cost) {
                return Ok(());
            }
            self.expand(space, way, state, cost, budget)?;
        }
        self.settled = C::FAR;
        Ok(())
    }

    #[inline]
    fn expand<S: Space<Cost = C>>(
        &mut self,
        space: S,
        way: Way,
        state: u32,
        cost: C,
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        let mut steps = 0;
        match way {
            Way::Forward => space.forward(state, |next, edge, _| {
                steps += 1;
                self.offer(next, cost.plus(edge), state);
            }),
            Way::Backward => space.backward(state, |next, edge| {
                steps += 1;
                self.offer(next, cost.plus(edge), state);
            }),
        }
        budget.spend(steps)
    }

    /// The cost between a state and the seeds, as far as the last search came; [`Cost::FAR`] if there
    /// is no path or the search ended before.
    pub(crate) fn cost(&self, state: u32) -> C {
        let cost = self.known(state);
        if cost <= self.settled { cost } else { C::FAR }
    }

    /// The state before this one on a cheapest path from a seed; `None` for a seed and for what the
    /// last search did not reach. (After a search backward: the one after it on a path to a seed.)
    pub(crate) fn parent(&self, state: u32) -> Option<u32> {
        let slot = self.slots.get(state as usize)?;
        (slot.version == self.version && slot.parent != NONE).then_some(slot.parent)
    }
}

/// The costs from every state to the states in which a path to the point `target` may end.
pub(crate) fn tree<S: Space>(
    space: S,
    target: u32,
    budget: &mut Budget,
    scratch: &mut Scratch<S::Cost>,
) -> Result<Vec<S::Cost>, Spent> {
    let ends = space.ends(target).filter(|end| space.may_end(*end));
    let seeds = ends.map(|end| (end, S::Cost::ZERO));
    scratch.run(space, Way::Backward, seeds, budget, |_, _| false)?;
    // Fewer than `u32` counts: states are numbered by it.
    Ok((0..space.len() as u32)
        .map(|state| scratch.cost(state))
        .collect())
}

/// The cost of the cheapest edge from one point to another; [`u64::MAX`] if there is none.
pub(crate) fn edge_cost(net: &Net, metric: Metric, from: u32, to: u32) -> u64 {
    let row = net.row(from);
    let costs = row.edges_to(to).map(|nth| metric.of(&row, nth));
    costs.min().unwrap_or(u64::MAX)
}

/// A metric that the compiler knows: the searches over all of a net are compiled once for each, and
/// choose no column for each edge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fixed<const METRIC: usize>;

impl<const METRIC: usize> Weigh for Fixed<METRIC> {
    type Cost = u64;

    #[inline]
    fn weigh(&self, row: &Row<'_>, nth: usize) -> u64 {
        Metric::ALL[METRIC].of(row, nth)
    }
}

/// Evaluates an expression with `$weigh` a [`Fixed`] metric.
macro_rules! fixed {
    ($metric:expr, $weigh:ident => $work:expr) => {
        match $metric {
            $crate::search::cost::Metric::Hops => {
                let $weigh = $crate::search::tree::Fixed::<0>;
                $work
            }
            $crate::search::cost::Metric::Delay => {
                let $weigh = $crate::search::tree::Fixed::<1>;
                $work
            }
            $crate::search::cost::Metric::Price => {
                let $weigh = $crate::search::tree::Fixed::<2>;
                $work
            }
        }
    };
}
pub(crate) use fixed;
