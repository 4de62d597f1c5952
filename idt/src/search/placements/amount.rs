//! Costs that can be taken off again.

use crate::search::cost::Cost;

/// A cost that a placement is ranked by.
pub(crate) trait Amount: Cost {
    /// The most that a path may cost: [`Cost::FAR`] is more.
    const MOST: Self;

    /// The sum without one of its terms.
    #[must_use]
    fn minus(self, term: Self) -> Self;

    /// The cost of one metric, for objectives that are one; [`u64::MAX`] is [`Cost::FAR`].
    #[must_use]
    fn single(cost: u64) -> Self;

    /// As it is told: what has one amount tells it first.
    fn told(self) -> [u64; 3];
}

impl Amount for u64 {
    const MOST: Self = Self::MAX - 1;

    #[inline]
    fn minus(self, term: Self) -> Self {
        self.saturating_sub(term)
    }

    fn single(cost: u64) -> Self {
        cost
    }

    fn told(self) -> [u64; 3] {
        [self, 0, 0]
    }
}

impl Amount for [u64; 3] {
    const MOST: Self = [u64::MAX, u64::MAX, u64::MAX - 1];

    #[inline]
    fn minus(self, term: Self) -> Self {
        std::array::from_fn(|at| self[at].saturating_sub(term[at]))
    }

    fn single(cost: u64) -> Self {
        match cost {
            u64::MAX => Self::FAR,
            cost => [cost, 0, 0],
        }
    }

    fn told(self) -> [u64; 3] {
        self
    }
}
