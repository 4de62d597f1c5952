//! The partial path vectors that are not taken up yet.

use std::cmp::Ordering;

use crate::search::cost::Cost;

/// What the cost of a partial path vector says of its completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// None costs less.
    Lower,
    /// None costs less; one costs as much unless a wall is in the way.
    Free,
    /// The cheapest costs as much, past the wall.
    Measured,
    /// All cost more.
    Beyond,
}

/// A partial path vector: the one of `parent` and `domain`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Partial<C> {
    pub(super) cost: C,
    pub(super) bound: Bound,
    pub(super) parent: u32,
    pub(super) domain: u32,
}

impl<C: Cost> Partial<C> {
    /// At one cost: what may have completions of that cost, but is not known to, comes first; what
    /// has none comes last.
    fn rank(&self) -> (C, u8) {
        let rank = match self.bound {
            Bound::Lower => 0,
            Bound::Free | Bound::Measured => 1,
            Bound::Beyond => 2,
        };
        (self.cost, rank)
    }
}

/// The greatest is taken up first.
impl<C: Cost> Ord for Partial<C> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.rank().cmp(&self.rank())
    }
}

impl<C: Cost> PartialOrd for Partial<C> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<C: Cost> PartialEq for Partial<C> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<C: Cost> Eq for Partial<C> {}

/// A partial path vector whose bound is not known: the step to it leads to `state` at `cost`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unknown<C> {
    pub(super) cost: C,
    pub(super) state: u32,
    pub(super) parent: u32,
    pub(super) domain: u32,
}
