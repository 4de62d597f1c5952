//! The amounts of all pairs of a version, known from those of the version before: what full cost maps are made
//! of, so that a change costs what it changed.

use std::sync::{Arc, OnceLock};

use idt::net::Net;
use idt::search::{AllDistances, AllWidths, Budget, ChangedPairs, Distances, Metric, Spent};

use super::measure::Measure;

/// The amounts of all pairs by one measure.
#[derive(Clone)]
pub(crate) enum Pairs {
    /// What is added up along the best paths.
    Sums(AllDistances),
    /// The same there and back.
    BothWays(AllDistances),
    /// What the widest paths can carry.
    Widths(AllWidths),
}

impl Pairs {
    /// The amounts from each of these sources to all, one after another; [`NONE`](super::measure::NONE) where
    /// they are not defined.
    pub(crate) fn rows(&self, from: &[u32]) -> Vec<u64> {
        let mut out = Vec::new();
        match self {
            Self::Sums(distances) => distances.rows(from, &mut out),
            Self::Widths(widths) => widths.rows(from, &mut out),
            Self::BothWays(distances) => {
                distances.rows(from, &mut out);
                let mut back = Vec::with_capacity(out.len());
                distances.columns(from, &mut back);
                for (there, back) in out.iter_mut().zip(back) {
                    // One of them may be no amount, which is more than any sum.
                    *there = there.saturating_add(back);
                }
            }
        }
        out
    }

    /// The sources of which an amount is other than in `before`, in order; `None` if that is of other measures
    /// or another number of domains.
    pub(crate) fn changed_since(&self, before: &Self) -> Option<Vec<u32>> {
        match (self, before) {
            (Self::Sums(now), Self::Sums(before)) => Some(now.changed_since(before)?.from),
            (Self::Widths(now), Self::Widths(before)) => Some(now.changed_since(before)?.from),
            (Self::BothWays(now), Self::BothWays(before)) => {
                let ChangedPairs { mut from, to } = now.changed_since(before)?;
                from.extend(to);
                from.sort_unstable();
                from.dedup();
                Some(from)
            }
            _ => None,
        }
    }
}

/// What pairs are made of, made when somebody asks first.
#[derive(Default)]
pub(crate) struct AllPairs {
    now: Made,
    /// Of the last version before of which they were asked for.
    before: Kept,
}

/// Of each kind what was found; `None` within if the means do not fit the net.
#[derive(Default)]
struct Made {
    hops: OnceLock<Option<AllDistances>>,
    prices: OnceLock<Option<AllDistances>>,
    delays: OnceLock<Option<AllDistances>>,
    widths: OnceLock<Option<AllWidths>>,
}

#[derive(Clone, Default)]
struct Kept {
    hops: Option<AllDistances>,
    prices: Option<AllDistances>,
    delays: Option<AllDistances>,
    widths: Option<AllWidths>,
}

impl AllPairs {
    /// Those of a version after.
    pub(crate) fn after(previous: &Self) -> Self {
        fn last<T: Clone>(made: &OnceLock<Option<T>>, older: &Option<T>) -> Option<T> {
            made.get()
                .and_then(Option::as_ref)
                .or(older.as_ref())
                .cloned()
        }
        let Self { now, before } = previous;
        Self {
            now: Made::default(),
            before: Kept {
                hops: last(&now.hops, &before.hops),
                prices: last(&now.prices, &before.prices),
                delays: last(&now.delays, &before.delays),
                widths: last(&now.widths, &before.widths),
            },
        }
    }

    /// Those of a measure; `None` if it is none that is known so, or the net has too many domains. `delays` tells
    /// the distances over the links that tell their delay.
    pub(crate) fn of<'a>(
        &self,
        measure: Measure,
        distances: &Distances,
        delays: impl FnOnce(&mut Budget) -> Result<&'a Distances, Spent>,
        budget: &mut Budget,
    ) -> Result<Option<Pairs>, Spent> {
        let Self { now, before } = self;
        let plain = |metric, cell, before: &Option<AllDistances>, budget: &mut Budget| {
            all(cell, || distances.all(metric, before.as_ref(), budget))
        };
        Ok(match measure {
            Measure::Hops => plain(Metric::Hops, &now.hops, &before.hops, budget)?.map(Pairs::Sums),
            Measure::Price => {
                plain(Metric::Price, &now.prices, &before.prices, budget)?.map(Pairs::Sums)
            }
            Measure::Delay | Measure::RoundTrip => {
                let found = all(&now.delays, || {
                    delays(budget)?.all(Metric::Delay, before.delays.as_ref(), budget)
                })?;
                match measure {
                    Measure::Delay => found.map(Pairs::Sums),
                    _ => found.map(Pairs::BothWays),
                }
            }
            Measure::Bandwidth => {
                let net: &Arc<Net> = distances.shared_net();
                let before = before.widths.as_ref();
                all(&now.widths, || AllWidths::of(net, before, budget))?.map(Pairs::Widths)
            }
            _ => None,
        })
    }
}

/// What a cell has; found by `find` if nobody has asked yet.
fn all<T: Clone>(
    cell: &OnceLock<Option<T>>,
    find: impl FnOnce() -> Result<Option<T>, Spent>,
) -> Result<Option<T>, Spent> {
    if let Some(known) = cell.get() {
        return Ok(known.clone());
    }
    let found = find()?;
    // Another thread may have been quicker; both found the same.
    Ok(cell.get_or_init(|| found).clone())
}
