//! What is left from a state to the target with nothing in the way.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::map::Map;
use crate::search::budget::{Budget, Spent};
use crate::search::cost::Cost;
use crate::search::space::Space;

/// What is left to one target, ignoring walls: exact, or a lower bound that no step lowers by more than
/// the step costs.
///
/// | | |
/// |---|---|
/// | tree, [`Corridor`] | exact in the space that is searched |
/// | [`Guide`], nothing restricted | exact |
/// | [`Guide`] under a restriction | a bound: closing edges only makes paths dearer |
///
/// A search over bounds is exact all the same. A partial path vector whose bound is too low is walked in
/// vain and put back with its true cost past the wall, as one whose wall is in the way.
pub(crate) trait Potential<C: Cost> {
    /// The least cost from `state`, which was reached at `cost`, to the target: [`Cost::FAR`] if there is
    /// no path, `None` if it is not known. Then every path from the source through the state, reached at
    /// that cost or more, costs [`Potential::limit`] or more.
    fn left(&self, state: u32, cost: C) -> Option<C>;

    /// What is known is enough for paths that cost less than this. [`Cost::FAR`]: for all.
    fn limit(&self) -> C {
        C::FAR
    }

    /// Raises the limit.
    fn widen(&mut self, _: &mut Budget) -> Result<(), Spent> {
        Ok(())
    }
}

/// The distances of all states.
impl<C: Cost> Potential<C> for Vec<C> {
    #[inline]
    fn left(&self, state: u32, _: C) -> Option<C> {
        self.get(state as usize).copied()
    }
}

/// The queue of Dijkstra's algorithm: the nearest first, ties by state.
pub(super) type Queue<C> = BinaryHeap<Reverse<(C, u32)>>;

/// What is known of a state: its distance, and whether that is final.
type Label<C> = (C, bool);

/// What is left by an index of distances, asked for where it can matter.
///
/// The states around the target are searched, so that what is left from all others is known to be no
/// less than the radius: where that is enough, the index is not asked.
pub(crate) struct Guide<'a, S: Space> {
    space: S,
    back: Ball<S::Cost>,
    /// All states nearer than this are settled in `back`.
    radius: S::Cost,
    /// The distance of a point in the whole net, and the limit to come after one: the second is the
    /// distance from the source.
    index: Box<dyn Fn(u32) -> S::Cost + Send + Sync + 'a>,
    next: fn(S::Cost, S::Cost) -> S::Cost,
    /// What the index told.
    told: RefCell<Map<S::Cost>>,
    start: u32,
    limit: S::Cost,
}

/// How far a search looks that has looked as far as `limit`, where the cheapest path costs `distance`: at
/// first hardly farther than that, then twice as much farther each time, at last to the end.
pub(crate) fn limit_after(limit: u64, distance: u64) -> u64 {
    if limit == 0 {
        return distance.saturating_add(1 + distance / 16);
    }
    let farther = limit.saturating_sub(distance);
    if farther / 4 > distance {
        return u64::MAX;
    }
    limit.saturating_add(farther.max(1))
}

/// Adjacencies that a [`Guide`] looks at around the target: some microseconds.
const AROUND: usize = 2_000;

impl<'a, S: Space> Guide<'a, S> {
    pub(crate) fn new(
        space: S,
        (from, to): (u32, u32),
        index: Box<dyn Fn(u32) -> S::Cost + Send + Sync + 'a>,
        next: fn(S::Cost, S::Cost) -> S::Cost,
    ) -> Self {
        Self {
            space,
            back: Ball::new(space.len(), space.ends(space.sink(to))),
            radius: S::Cost::ZERO,
            index,
            next,
            told: RefCell::new(Map::new(space.len())),
            start: space.start(from),
            limit: S::Cost::ZERO,
        }
    }

    /// The same target from another domain: what is known of its surroundings stays.
    pub(crate) fn restart(&mut self, from: u32) {
        self.start = self.space.start(from);
        self.limit = S::Cost::ZERO;
    }

    fn look_around(&mut self, budget: &mut Budget) -> Result<(), Spent> {
        let back = &mut self.back;
        while back.scanned < AROUND
            && let Some((cost, state)) = back.settle()
        {
            let before = back.scanned;
            back.scanned += 1;
            self.space.backward(state, |from, step| {
                back.scanned += 1;
                back.reach(from, cost.plus(step));
            });
            budget.spend(back.scanned - before)?;
        }
        self.radius = back.radius();
        Ok(())
    }
}

impl<S: Space> Potential<S::Cost> for Guide<'_, S> {
    #[inline]
    fn left(&self, state: u32, cost: S::Cost) -> Option<S::Cost> {
        let limited = self.limit != S::Cost::FAR;
        if limited && cost >= self.limit {
            return None;
        }
        if let Some(left) = self.back.settled(state) {
            return Some(left);
        }
        if self.radius == S::Cost::FAR {
            return Some(S::Cost::FAR);
        }
        if limited && cost.plus(self.radius) >= self.limit {
            return None;
        }
        let mut told = self.told.borrow_mut();
        if let Some(left) = told.get(state) {
            return Some(left);
        }
        // Under a restriction the index may tell less than is known: bounds must not fall that fast.
        let left = (self.index)(self.space.point(state)).max(self.radius);
        told.add(state, left);
        Some(left)
    }

    fn limit(&self) -> S::Cost {
        self.limit
    }

    fn widen(&mut self, budget: &mut Budget) -> Result<(), Spent> {
        if self.limit == S::Cost::ZERO {
            self.look_around(budget)?;
            self.limit = S::Cost::FAR;
            let distance = self.left(self.start, S::Cost::ZERO);
            let distance = distance.unwrap_or(S::Cost::FAR);
            self.limit = (self.next)(S::Cost::ZERO, distance);
        } else {
            let distance = self.left(self.start, S::Cost::ZERO);
            self.limit = (self.next)(self.limit, distance.unwrap_or(S::Cost::FAR));
        }
        Ok(())
    }
}

/// The states around one end of the path, nearest first.
struct Ball<C> {
    labels: Map<Label<C>>,
    queue: Queue<C>,
    /// Adjacencies that were looked at.
    scanned: usize,
}

impl<C: Cost> Ball<C> {
    fn new(states: usize, centre: impl Iterator<Item = u32>) -> Self {
        let mut ball = Self {
            labels: Map::new(states),
            queue: Queue::new(),
            scanned: 0,
        };
        for state in centre {
            ball.reach(state, C::ZERO);
        }
        ball
    }

    #[inline]
    fn reach(&mut self, state: u32, cost: C) {
        match self.labels.get_mut(state) {
            None => self.labels.add(state, (cost, false)),
            Some(label) if cost < label.0 => label.0 = cost,
            Some(_) => return,
        }
        self.queue.push(Reverse((cost, state)));
    }

    /// All states nearer than this are final.
    fn radius(&mut self) -> C {
        while let Some(Reverse((cost, state))) = self.queue.peek() {
            match self.labels.get(*state) {
                Some((known, false)) if known == *cost => return *cost,
                _ => self.queue.pop(),
            };
        }
        C::FAR
    }

    fn settle(&mut self) -> Option<(C, u32)> {
        self.radius();
        let Reverse((cost, state)) = self.queue.pop()?;
        if let Some(label) = self.labels.get_mut(state) {
            label.1 = true;
        }
        Some((cost, state))
    }

    #[inline]
    fn settled(&self, state: u32) -> Option<C> {
        match self.labels.get(state) {
            Some((cost, true)) => Some(cost),
            _ => None,
        }
    }
}

/// Distances to the target of what lies between the two ends of a path, by searches from both.
///
/// A state on a path that costs less than the sum of both balls' radii is in one of the balls. The
/// distances of those in the first only are found by a third search, from the second ball back
/// through the first, which leaves out what no such path passes. To widen doubles the work.
pub(crate) struct Corridor<S: Space> {
    space: S,
    ahead: Ball<S::Cost>,
    back: Ball<S::Cost>,
    /// Distances to the target of states in the first ball only.
    between: Map<S::Cost>,
    limit: S::Cost,
    /// The least cost of a path that both searches have met on.
    met: S::Cost,
}

impl<S: Space> Corridor<S> {
    /// From a domain to another; nothing is known yet.
    pub(crate) fn new(space: S, from: u32, to: u32) -> Self {
        let start = space.start(from);
        Self {
            space,
            ahead: Ball::new(space.len(), std::iter::once(start)),
            back: Ball::new(space.len(), space.ends(space.sink(to))),
            between: Map::new(space.len()),
            limit: S::Cost::ZERO,
            met: S::Cost::FAR,
        }
    }

    /// Settles one state, on the side that has done less. `false` if one side has no more.
    fn grow(&mut self) -> bool {
        let forward = self.ahead.scanned <= self.back.scanned;
        let (ball, other) = if forward {
            (&mut self.ahead, &self.back)
        } else {
            (&mut self.back, &self.ahead)
        };
        let Some((cost, state)) = ball.settle() else {
            return false;
        };
        let met = &mut self.met;
        ball.scanned += 1;
        let mut reach = |next: u32, step: S::Cost| {
            let cost = cost.plus(step);
            ball.scanned += 1;
            ball.reach(next, cost);
            if let Some((rest, _)) = other.labels.get(next) {
                *met = (*met).min(cost.plus(rest));
            }
        };
        if forward {
            self.space.forward(state, |to, step, _| reach(to, step));
        } else {
            self.space.backward(state, reach);
        }
        true
    }

    fn fill(&mut self, budget: &mut Budget) -> Result<(), Spent> {
        let Self {
            space,
            ahead,
            back,
            between,
            limit,
            ..
        } = self;
        between.clear();
        let mut queue = Queue::new();
        let reach = |between: &mut Map<S::Cost>, queue: &mut Queue<S::Cost>, state, cost| {
            let Some(before) = ahead.settled(state) else {
                return;
            };
            if before.plus(cost) >= *limit {
                return;
            }
            match between.get_mut(state) {
                None => between.add(state, cost),
                Some(known) if cost < *known => *known = cost,
                Some(_) => return,
            }
            queue.push(Reverse((cost, state)));
        };
        for (state, (cost, settled)) in back.labels.entries() {
            if !settled {
                reach(between, &mut queue, *state, *cost);
            }
        }
        while let Some(Reverse((cost, state))) = queue.pop() {
            if between.get(state) != Some(cost) {
                continue;
            }
            let mut steps = 1;
            space.backward(state, |from, step| {
                steps += 1;
                if back.settled(from).is_none() {
                    reach(between, &mut queue, from, cost.plus(step));
                }
            });
            budget.spend(steps)?;
        }
        Ok(())
    }
}

impl<S: Space> Potential<S::Cost> for Corridor<S> {
    #[inline]
    fn left(&self, state: u32, _: S::Cost) -> Option<S::Cost> {
        if let Some(cost) = self.back.settled(state) {
            return Some(cost);
        }
        match self.between.get(state) {
            None if self.limit == S::Cost::FAR => Some(S::Cost::FAR),
            known => known,
        }
    }

    fn limit(&self) -> S::Cost {
        self.limit
    }

    fn widen(&mut self, budget: &mut Budget) -> Result<(), Spent> {
        let done = self.ahead.scanned + self.back.scanned;
        // At first until the cheapest path is known; then twice as far as before.
        let first = self.limit == S::Cost::ZERO;
        loop {
            let before = self.ahead.scanned + self.back.scanned;
            if !self.grow() {
                // One side has seen all that it can.
                self.limit = S::Cost::FAR;
                break;
            }
            let scanned = self.ahead.scanned + self.back.scanned;
            budget.spend(scanned - before)?;
            let limit = self.ahead.radius().plus(self.back.radius());
            if limit > self.limit && (first && limit > self.met || !first && scanned > 2 * done) {
                self.limit = limit;
                break;
            }
        }
        self.fill(budget)
    }
}
