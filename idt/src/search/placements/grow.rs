//! Trees of costs towards hosts, written where they are kept.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::search::budget::{Budget, Spent};
use crate::search::cost::Cost;
use crate::search::queue::Queue as Buckets;
use crate::search::space::Space;

/// From so many states on, a search is worth [`Buckets`].
const LARGE: usize = 1 << 8;

/// A queue that is a plain list while what is pushed never falls.
#[derive(Debug)]
struct Queue<C> {
    run: Vec<(C, u32)>,
    head: usize,
    heap: BinaryHeap<Reverse<(C, u32)>>,
}

impl<C: Cost> Default for Queue<C> {
    fn default() -> Self {
        Self {
            run: Vec::new(),
            head: 0,
            heap: BinaryHeap::new(),
        }
    }
}

/// What states wait in until their cost is known.
trait Waiting<C> {
    fn push(&mut self, cost: C, state: u32);
    fn pop(&mut self) -> Option<(C, u32)>;
    fn clear(&mut self);
}

impl<C: Cost> Waiting<C> for Queue<C> {
    #[inline]
    fn push(&mut self, cost: C, state: u32) {
        if self.head == self.run.len() {
            self.run.clear();
            self.head = 0;
        }
        match self.run.last() {
            Some(last) if last.0 > cost => self.heap.push(Reverse((cost, state))),
            _ => self.run.push((cost, state)),
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<(C, u32)> {
        let first = self.run.get(self.head).copied();
        match (first, self.heap.peek()) {
            (Some(first), top) if top.is_none_or(|top| first.0 <= top.0.0) => {
                self.head += 1;
                Some(first)
            }
            _ => self.heap.pop().map(|top| top.0),
        }
    }

    fn clear(&mut self) {
        self.run.clear();
        self.heap.clear();
        self.head = 0;
    }
}

impl<C: Cost> Waiting<C> for Buckets<C> {
    #[inline]
    fn push(&mut self, cost: C, state: u32) {
        Self::push(self, cost, state);
    }

    #[inline]
    fn pop(&mut self) -> Option<(C, u32)> {
        Self::pop(self)
    }

    fn clear(&mut self) {
        Self::clear(self);
    }
}

/// What searches work in, kept from one to the next.
#[derive(Debug)]
pub(super) struct Room<C> {
    queue: Queue<C>,
    buckets: Buckets<C>,
}

impl<C: Cost> Default for Room<C> {
    fn default() -> Self {
        Self {
            queue: Queue::default(),
            buckets: Buckets::default(),
        }
    }
}

/// The distances of states to the seeds, each of which begins with its own cost. Ends early once `done`,
/// asked for each state as it is settled, in order of cost, says so: then with the cost of that state,
/// and no distance that is written above it is less than it in truth. Else with [`Cost::FAR`]. A step is an
/// edge looked at. `distances` is all [`Cost::FAR`] at the start.
pub(super) fn tree<S: Space>(
    space: S,
    seeds: impl IntoIterator<Item = (u32, S::Cost)>,
    distances: &mut [S::Cost],
    room: &mut Room<S::Cost>,
    budget: &mut Budget,
    done: impl FnMut(u32) -> bool,
) -> Result<S::Cost, Spent> {
    if space.len() >= LARGE {
        spread(space, seeds, distances, &mut room.buckets, budget, done)
    } else {
        spread(space, seeds, distances, &mut room.queue, budget, done)
    }
}

fn spread<S: Space>(
    space: S,
    seeds: impl IntoIterator<Item = (u32, S::Cost)>,
    distances: &mut [S::Cost],
    queue: &mut impl Waiting<S::Cost>,
    budget: &mut Budget,
    mut done: impl FnMut(u32) -> bool,
) -> Result<S::Cost, Spent> {
    queue.clear();
    for (state, cost) in seeds {
        if cost < distances[state as usize] {
            distances[state as usize] = cost;
            queue.push(cost, state);
        }
    }
    while let Some((cost, state)) = queue.pop() {
        if distances[state as usize] != cost {
            continue;
        }
        if done(state) {
            return Ok(cost);
        }
        let mut steps = 1;
        space.backward(state, |from, more| {
            steps += 1;
            let sum = cost.plus(more);
            let known = &mut distances[from as usize];
            if sum < *known {
                *known = sum;
                queue.push(sum, from);
            }
        });
        budget.spend(steps)?;
    }
    Ok(S::Cost::FAR)
}
