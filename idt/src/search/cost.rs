//! What a path costs: the metrics, and objectives made of them.

use std::fmt::Debug;

use crate::net::Row;

/// An amount that is added up along a path.
pub trait Cost: Copy + Ord + Debug + Send + Sync + 'static {
    /// Of the path without edges.
    const ZERO: Self;
    /// More than any path costs: there is none.
    const FAR: Self;

    /// The sum. What would be more than [`Cost::FAR`] is that.
    #[must_use]
    fn plus(self, other: Self) -> Self;
}

impl Cost for u32 {
    const ZERO: Self = 0;
    const FAR: Self = Self::MAX;

    #[inline]
    fn plus(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl Cost for u64 {
    const ZERO: Self = 0;
    const FAR: Self = Self::MAX;

    #[inline]
    fn plus(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

/// By the first amount, ties by the second, and so on.
impl<const N: usize> Cost for [u64; N] {
    const ZERO: Self = [0; N];
    const FAR: Self = [u64::MAX; N];

    #[inline]
    fn plus(self, other: Self) -> Self {
        if self == Self::FAR || other == Self::FAR {
            return Self::FAR;
        }
        std::array::from_fn(|at| self[at].saturating_add(other[at]))
    }
}

/// What is added up along a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Borders crossed.
    #[default]
    Hops,
    /// One-way delay, in nanoseconds.
    Delay,
    /// Price, in thousandths of the federation's unit of account.
    Price,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hops, Self::Delay, Self::Price];

    /// What an edge adds.
    #[inline]
    pub(crate) fn of(self, row: &Row<'_>, nth: usize) -> u64 {
        match self {
            Self::Hops => u64::from(row.role(nth).hops()),
            Self::Delay => u64::from(row.delay[nth]),
            Self::Price => u64::from(row.price[nth]),
        }
    }
}

/// Factors of a weighted sum, each in thousandths, so that sums are exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Weights {
    /// Of a border crossed.
    pub hops: u32,
    /// Of a millisecond of delay.
    pub delay: u32,
    /// Of a unit of account.
    pub price: u32,
}

/// What paths and placements are ranked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Objective {
    /// One metric.
    Metric(Metric),
    /// A weighted sum.
    Sum(Weights),
    /// The first metric, ties by the second, then by the third.
    Lexicographic([Metric; 3]),
}

impl Default for Objective {
    fn default() -> Self {
        Self::Metric(Metric::Hops)
    }
}

/// How a search weighs an edge.
pub trait Weigh: Copy + Send + Sync {
    /// In what.
    type Cost: Cost;

    /// The cost of an edge, by its position in a row.
    fn weigh(&self, row: &Row<'_>, nth: usize) -> Self::Cost;

    /// How many borders are crossed at a cost, if the cost says so.
    #[inline]
    fn crossings(&self, _: Self::Cost) -> Option<u64> {
        None
    }

    /// What a border costs, if every one costs the same and nothing else costs anything.
    #[inline]
    fn hop(&self) -> Option<Self::Cost> {
        None
    }
}

/// By one metric. The metric is a constant to the compiler where it is one to the caller.
impl Weigh for Metric {
    type Cost = u64;

    #[inline]
    fn weigh(&self, row: &Row<'_>, nth: usize) -> u64 {
        self.of(row, nth)
    }

    #[inline]
    fn crossings(&self, cost: u64) -> Option<u64> {
        (*self == Self::Hops).then_some(cost)
    }

    #[inline]
    fn hop(&self) -> Option<u64> {
        (*self == Self::Hops).then_some(1)
    }
}

impl Weigh for Weights {
    type Cost = u64;

    /// In billionths: a border counts `hops` millions, a nanosecond `delay`, a thousandth of a unit
    /// of account `price` thousands.
    #[inline]
    fn weigh(&self, row: &Row<'_>, nth: usize) -> u64 {
        let term = |factor: u32, metric: Metric, scale: u64| {
            metric
                .of(row, nth)
                .saturating_mul(u64::from(factor) * scale)
        };
        term(self.hops, Metric::Hops, 1_000_000)
            .saturating_add(term(self.delay, Metric::Delay, 1))
            .saturating_add(term(self.price, Metric::Price, 1_000))
    }
}

impl Weigh for [Metric; 3] {
    type Cost = [u64; 3];

    #[inline]
    fn weigh(&self, row: &Row<'_>, nth: usize) -> [u64; 3] {
        self.map(|metric| metric.of(row, nth))
    }

    #[inline]
    fn crossings(&self, cost: [u64; 3]) -> Option<u64> {
        (self[0] == Metric::Hops).then_some(cost[0])
    }
}
