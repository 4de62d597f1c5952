//! The queue of Dijkstra's algorithm.
//!
//! Costs leave it in rising order, and none enters that is lower than the last that left. So
//! integers near the last are kept in a window of buckets, one per cost (Dial, "Algorithm 360:
//! shortest-path forest with topological ordering", 1969), and what is farther waits in a binary
//! heap until the window moves. Costs that are not integers only use the heap.

use std::any::Any;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::cost::Cost;

/// Buckets in the window. One that is left empty costs a bit in a word.
const WINDOW: usize = 1024;

/// States by cost.
#[derive(Debug)]
pub(crate) struct Queue<C> {
    /// All that is beyond the window.
    heap: BinaryHeap<Reverse<(C, u32)>>,
    /// The states with cost `base + i` are in bucket `i`. Empty until the first integer comes.
    buckets: Vec<Vec<u32>>,
    /// A bit per bucket: whether a state is in it.
    filled: [u64; WINDOW / 64],
    base: u64,
    /// The word of `filled` before which all are empty.
    word: usize,
}

/// The cost as an integer, if it is one. To the compiler it is one or not.
#[inline]
fn integer<C: Cost>(cost: C) -> Option<u64> {
    let cost = &cost as &dyn Any;
    let long = cost.downcast_ref::<u64>().copied();
    long.or_else(|| cost.downcast_ref::<u32>().map(|cost| u64::from(*cost)))
}

/// The cost that [`integer`] made this of.
#[inline]
fn cost<C: Cost>(integer: u64) -> Option<C> {
    // What came from a `u32` fits one.
    let (long, short) = (&integer as &dyn Any, &(integer as u32) as &dyn Any);
    let cost = long.downcast_ref::<C>().copied();
    cost.or_else(|| short.downcast_ref::<C>().copied())
}

impl<C: Cost> Default for Queue<C> {
    fn default() -> Self {
        Self {
            heap: BinaryHeap::new(),
            buckets: Vec::new(),
            filled: [0; WINDOW / 64],
            base: 0,
            word: 0,
        }
    }
}

impl<C: Cost> Queue<C> {
    /// Empties it. Any cost may enter again.
    pub(crate) fn clear(&mut self) {
        self.heap.clear();
        for (word, filled) in self.filled.iter_mut().enumerate() {
            while *filled != 0 {
                self.buckets[64 * word + filled.trailing_zeros() as usize].clear();
                *filled &= *filled - 1;
            }
        }
        (self.base, self.word) = (0, 0);
    }

    /// A state at a cost that is not lower than the last that [`Queue::pop`] told.
    #[inline]
    pub(crate) fn push(&mut self, cost: C, state: u32) {
        match integer(cost).and_then(|cost| cost.checked_sub(self.base)) {
            Some(ahead) if ahead < WINDOW as u64 => {
                if self.buckets.is_empty() {
                    self.buckets.resize_with(WINDOW, Vec::new);
                }
                let at = ahead as usize;
                self.buckets[at].push(state);
                self.filled[at / 64] |= 1 << (at % 64);
                self.word = self.word.min(at / 64);
            }
            _ => self.heap.push(Reverse((cost, state))),
        }
    }

    /// A state with the lowest cost. Which one of several, depends on what was pushed, and on
    /// nothing else.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(C, u32)> {
        loop {
            while self.word < self.filled.len() {
                let filled = self.filled[self.word];
                if filled == 0 {
                    self.word += 1;
                    continue;
                }
                let bit = filled.trailing_zeros();
                let at = 64 * self.word + bit as usize;
                match self.buckets[at].pop() {
                    Some(state) => return cost(self.base + at as u64).map(|cost| (cost, state)),
                    None => self.filled[self.word] &= !(1 << bit),
                }
            }
            self.advance()?;
            if self.word >= self.filled.len() {
                return self.heap.pop().map(|Reverse(lowest)| lowest);
            }
        }
    }

    /// The lowest cost in the queue.
    pub(crate) fn peek(&mut self) -> Option<C> {
        let lowest = self.pop()?;
        // It was the last in its bucket, or the top of the heap.
        self.push(lowest.0, lowest.1);
        Some(lowest.0)
    }

    /// Moves the window to where the heap starts. `None` if the heap is empty. Where costs are no
    /// integers the window stays behind its end.
    fn advance(&mut self) -> Option<()> {
        let Reverse((lowest, _)) = self.heap.peek()?;
        if let Some(base) = integer(*lowest) {
            (self.base, self.word) = (base, 0);
            while let Some(Reverse((cost, state))) = self.heap.peek().copied()
                && integer(cost).is_some_and(|cost| cost - base < WINDOW as u64)
            {
                self.heap.pop();
                self.push(cost, state);
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes out of a queue into which costs ever higher than the last that left go.
    fn order<C: Cost>(steps: &[(bool, C)]) -> (Vec<C>, Vec<C>) {
        let (mut queue, mut list) = (Queue::default(), Vec::new());
        let (mut told, mut expected) = (Vec::new(), Vec::new());
        let mut last = C::ZERO;
        for (state, (push, ahead)) in steps.iter().enumerate() {
            if *push {
                queue.push(last.plus(*ahead), state as u32);
                list.push(last.plus(*ahead));
                list.sort();
            } else if !list.is_empty() {
                last = list.remove(0);
                expected.push(last);
                told.extend(queue.pop().map(|lowest| lowest.0));
            }
        }
        expected.append(&mut list);
        told.extend(std::iter::from_fn(|| queue.pop()).map(|lowest| lowest.0));
        (told, expected)
    }

    fn any_ahead() -> impl Strategy<Value = u64> {
        prop_oneof![0..4_u64, 0..3000_u64, Just(u64::MAX), 0..1_000_000_000_u64]
    }

    proptest! {
        #[test]
        fn costs_leave_in_order(steps in prop::collection::vec((any::<bool>(), any_ahead()), 0..80)) {
            let (told, expected) = order(&steps);
            prop_assert_eq!(told, expected);
            let short: Vec<(bool, u32)> = steps.iter().map(|(push, ahead)| (*push, *ahead as u32)).collect();
            let (told, expected) = order(&short);
            prop_assert_eq!(told, expected);
            let pairs: Vec<_> = steps.iter().map(|(push, ahead)| (*push, [*ahead % 3, *ahead])).collect();
            let (told, expected) = order(&pairs);
            prop_assert_eq!(told, expected);
        }
    }
}
