//! The amounts behind the costs of one version.

use std::sync::{Arc, OnceLock};

use idt::DomainGraph;
use idt::net::{EdgeId, Net, NetBuilder};
use idt::search::{Budget, Distances, Metric, Spent};

use super::widest::{Space, Widest};

/// What is measured between two domains, as a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Measure {
    /// Borders crossed.
    Hops,
    /// Nanoseconds, one way.
    Delay,
    /// Nanoseconds, both ways.
    RoundTrip,
    /// Bits per second.
    Bandwidth,
    /// Thousandths of the federation's unit of account.
    Price,
}

/// In place of an amount: the pair has none.
pub(crate) const NONE: u64 = u64::MAX;

impl Measure {
    /// How many of it make one of the unit in which costs are told. Each divides 1000.
    pub(crate) const fn per_unit(self) -> u64 {
        match self {
            Self::Hops => 1,
            // Told in microseconds (RFC 9439 §4.1.2).
            Self::Delay | Self::RoundTrip => 1000,
            // Told in bytes per second (RFC 9439 §5.2.2).
            Self::Bandwidth => 8,
            Self::Price => 1000,
        }
    }

    /// The cost that a client reads.
    #[expect(
        clippy::cast_precision_loss,
        reason = "constraints compare doubles (RFC 7285 §11.3.2.3)"
    )]
    pub(crate) fn cost(self, amount: u64) -> f64 {
        amount as f64 / self.per_unit() as f64
    }

    /// What ranks are made by: the least is the best (RFC 7285 §6.1.2.2).
    pub(crate) const fn badness(self, amount: u64) -> u64 {
        match self {
            Self::Bandwidth => NONE - amount,
            _ => amount,
        }
    }
}

/// What tells the amounts of one version, made when somebody asks first.
#[derive(Default)]
pub(crate) struct Measures {
    /// Delays over the links that tell one; `None` if all do.
    delays: OnceLock<Option<Distances>>,
    widest: OnceLock<Widest>,
}

impl Measures {
    /// The amounts from each of `from` to each of `to`: that of `from[i]` to `to[j]` is at
    /// `i * to.len() + j`; [`NONE`] where it is not defined. A step is an edge or a pair looked at.
    pub(crate) fn table(
        &self,
        measure: Measure,
        over: (&Distances, &DomainGraph),
        from: &[u32],
        to: &[u32],
        budget: &mut Budget,
    ) -> Result<Vec<u64>, Spent> {
        let (distances, _) = over;
        match measure {
            Measure::Hops => distances.table(Metric::Hops, from, to, budget),
            Measure::Price => distances.table(Metric::Price, from, to, budget),
            Measure::Delay => self
                .delays(over, budget)?
                .table(Metric::Delay, from, to, budget),
            Measure::RoundTrip => {
                let delays = self.delays(over, budget)?;
                let mut there = delays.table(Metric::Delay, from, to, budget)?;
                let back = delays.table(Metric::Delay, to, from, budget)?;
                for (at, there) in there.iter_mut().enumerate() {
                    let back = back[at % to.len() * from.len() + at / to.len()];
                    // One of them may be [`NONE`], which is more than any sum.
                    *there = there.saturating_add(back);
                }
                Ok(there)
            }
            Measure::Bandwidth => {
                let widest = self.widest(distances.shared_net(), budget)?;
                let mut space = Space::default();
                let mut table = Vec::with_capacity(from.len() * to.len());
                for source in from {
                    widest.row(*source, to, &mut space, budget, &mut table)?;
                }
                Ok(table)
            }
        }
    }

    fn delays<'a>(
        &'a self,
        (distances, graph): (&'a Distances, &DomainGraph),
        budget: &mut Budget,
    ) -> Result<&'a Distances, Spent> {
        if self.delays.get().is_none() {
            budget.spend(distances.net().edges())?;
            // Another thread may have been quicker; both found the same.
            let _ = self.delays.set(over_told_delays(distances.net(), graph));
        }
        Ok(self
            .delays
            .get()
            .and_then(Option::as_ref)
            .unwrap_or(distances))
    }

    fn widest(&self, net: &Arc<Net>, budget: &mut Budget) -> Result<&Widest, Spent> {
        match self.widest.get() {
            Some(widest) => Ok(widest),
            None => {
                let built = Widest::build(net, budget)?;
                Ok(self.widest.get_or_init(|| built))
            }
        }
    }
}

/// Distances over the links that tell their delay; `None` if there are no others. A net has 0 for a
/// delay that is not told, so only these are looked at.
fn over_told_delays(net: &Net, graph: &DomainGraph) -> Option<Distances> {
    // The net numbers its points by `u32`.
    let points = 0..net.len() as u32;
    let is_told = |from: u32, nth: usize, delay: u32| {
        let edge = EdgeId {
            from,
            nth: nth as u32,
        };
        delay > 0 || graph.link(edge).is_some_and(|link| link.delay.is_some())
    };
    let all_told = points.clone().all(|from| {
        let mut delays = net.row(from).delay.iter().enumerate();
        delays.all(|(nth, delay)| is_told(from, nth, *delay))
    });
    if all_told {
        return None;
    }
    let mut told = NetBuilder::new(points.end);
    for from in points {
        let row = net.row(from);
        for nth in 0..row.len() {
            if is_told(from, nth, row.delay[nth]) {
                told.edge(from, row.edge(nth));
            }
        }
    }
    Some(Distances::new(Arc::new(told.build())))
}
