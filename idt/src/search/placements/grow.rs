//! Trees of costs towards hosts, written where they are kept.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::search::budget::{Budget, Spent};
use crate::search::cost::Cost;
use crate::search::space::Space;
use crate::search::tree::{Scratch, Way};

/// From so many states on, a search is worth the buckets of [`Scratch`].
const LARGE: usize = 1 << 8;

/// A queue that is a plain list while what is pushed never falls.
#[derive(Debug)]
pub(super) struct Queue<C> {
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

impl<C: Cost> Queue<C> {
    #[inline]
    pub(super) fn push(&mut self, cost: C, state: u32) {
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
    pub(super) fn pop(&mut self) -> Option<(C, u32)> {
        let first = self.run.get(self.head).copied();
        match (first, self.heap.peek()) {
            (Some(first), top) if top.is_none_or(|top| first.0 <= top.0.0) => {
                self.head += 1;
                Some(first)
            }
            _ => self.heap.pop().map(|top| top.0),
        }
    }
}

/// What searches work in, kept from one to the next.
#[derive(Debug)]
pub(super) struct Room<C> {
    queue: Queue<C>,
    scratch: Scratch<C>,
}

impl<C: Cost> Default for Room<C> {
    fn default() -> Self {
        Self {
            queue: Queue::default(),
            scratch: Scratch::default(),
        }
    }
}

/// The distances of all states to the seeds, each of which begins with its own cost. A step is an
/// edge looked at. `distances` is all [`Cost::FAR`] at the start.
pub(super) fn tree<S: Space>(
    space: S,
    seeds: impl IntoIterator<Item = (u32, S::Cost)>,
    distances: &mut [S::Cost],
    room: &mut Room<S::Cost>,
    budget: &mut Budget,
) -> Result<(), Spent> {
    if space.len() >= LARGE {
        room.scratch
            .run(space, Way::Backward, seeds, budget, |state, cost| {
                distances[state as usize] = cost;
                false
            })?;
        return Ok(());
    }
    let queue = &mut room.queue;
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
    Ok(())
}
