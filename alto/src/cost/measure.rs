//! The amounts behind the costs of one version.

use std::sync::{Arc, OnceLock};

use idt::net::{Edge, EdgeId, Net, NetBuilder, UNLIMITED};
use idt::search::{Budget, Distances, Metric, Spent};
use idt::{DomainGraph, EdgeOutlook, Outlook};

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

/// What amounts are over.
pub(crate) struct Over<'a> {
    /// The points of their net are the domains of the graph.
    pub(crate) distances: &'a Distances,
    pub(crate) graph: &'a DomainGraph,
    /// Of distances over the net of a time to come: the net whose edges are the links of the graph, and what
    /// is announced of them.
    pub(crate) to_come: Option<(&'a Net, &'a Outlook)>,
}

impl Over<'_> {
    /// The net whose edges are the links of the graph.
    fn net(&self) -> &Net {
        self.to_come
            .map_or_else(|| self.distances.net(), |(net, _)| net)
    }

    /// An edge of [`Self::net`] as it is at the time; `None` if it is not.
    fn edge(&self, id: EdgeId) -> Option<Edge> {
        match self.to_come {
            None => self.distances.net().edge(id),
            Some((net, told)) => told.edge(self.graph, net, id),
        }
    }

    /// The link of the graph that an edge of the net of [`Self::distances`] is: in the net of a time to come
    /// those that are out of service then are left out.
    pub(crate) fn link(&self, edge: EdgeId) -> EdgeId {
        let Some((_, told)) = self.to_come else {
            return edge;
        };
        let mut link = edge;
        for out in told.out_of(edge.from) {
            if out.nth > link.nth {
                break;
            }
            link.nth += 1;
        }
        link
    }

    /// The bandwidth that is left of an edge of the net of [`Self::distances`], in bits per second, if somebody
    /// tells any.
    pub(crate) fn bandwidth(&self, edge: EdgeId) -> Option<u64> {
        let edge = self.distances.net().edge(edge)?;
        Some(edge.bandwidth).filter(|width| *width != UNLIMITED)
    }

    /// The delay of an edge of the net of [`Self::distances`] in nanoseconds, if somebody tells one.
    pub(crate) fn delay(&self, edge: EdgeId) -> Option<u64> {
        let link = self.link(edge);
        let announced = self.to_come.and_then(|(_, told)| told.get(link));
        if let Some(EdgeOutlook::Up { delay: Some(_), .. }) = announced {
            return Some(self.distances.net().edge(edge)?.delay.into());
        }
        self.graph.link(link)?.delay.map(nffg::Delay::as_nanos)
    }

    /// Whether somebody tells the delay of an edge that has this one. A net has 0 for one that is not told,
    /// so only these are looked at.
    fn tells_delay(&self, id: EdgeId, delay: u32) -> bool {
        let is_announced = || {
            let told = self.to_come.and_then(|(_, told)| told.get(id));
            matches!(told, Some(EdgeOutlook::Up { delay: Some(_), .. }))
        };
        delay > 0
            || (self.graph.link(id)).is_some_and(|link| link.delay.is_some())
            || is_announced()
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
        over: &Over<'_>,
        from: &[u32],
        to: &[u32],
        budget: &mut Budget,
    ) -> Result<Vec<u64>, Spent> {
        let distances = over.distances;
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

    fn delays<'a>(&'a self, over: &Over<'a>, budget: &mut Budget) -> Result<&'a Distances, Spent> {
        if self.delays.get().is_none() {
            budget.spend(over.net().edges())?;
            // Another thread may have been quicker; both found the same.
            let _ = self.delays.set(over_told_delays(over));
        }
        Ok(self
            .delays
            .get()
            .and_then(Option::as_ref)
            .unwrap_or(over.distances))
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

/// Distances over the links that tell their delay; `None` if there are no others.
fn over_told_delays(over: &Over<'_>) -> Option<Distances> {
    let net = over.net();
    // The net numbers its points and edges by `u32`.
    let points = 0..net.len() as u32;
    let ids = |from: u32| (0..net.row(from).len() as u32).map(move |nth| EdgeId { from, nth });
    let all_told = points.clone().all(|from| {
        let told = ids(from).zip(net.row(from).delay);
        let is_told = |(id, delay): (EdgeId, &u32)| match over.to_come {
            None => over.tells_delay(id, *delay),
            Some(_) => (over.edge(id)).is_none_or(|edge| over.tells_delay(id, edge.delay)),
        };
        told.into_iter().all(is_told)
    });
    if all_told {
        return None;
    }
    let mut told = NetBuilder::new(points.end);
    for id in points.flat_map(ids) {
        let edge = over
            .edge(id)
            .filter(|edge| over.tells_delay(id, edge.delay));
        if let Some(edge) = edge {
            told.edge(id.from, edge);
        }
    }
    Some(Distances::new(Arc::new(told.build())))
}
