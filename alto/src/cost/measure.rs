//! The amounts behind the costs of one version.

use std::sync::{Arc, OnceLock};

use idt::net::{Edge, EdgeId, Net, NetBuilder, RowChange, UNLIMITED};
use idt::search::{Budget, Distances, Metric, Spent};
use idt::{DomainGraph, EdgeOutlook, Link, Outlook};
use nffg::Bandwidth;

use super::beside::Beside;
use super::best::Space;
use super::pairs::{AllPairs, Pairs};
use super::widest::Widest;

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
    /// Nanoseconds, one way: the least that was measured.
    DelayMin,
    /// Nanoseconds, one way: the most that was measured.
    DelayMax,
    /// Nanoseconds, both ways: the least that was measured.
    RoundTripMin,
    /// Nanoseconds, both ways: the most that was measured.
    RoundTripMax,
    /// Nanoseconds.
    Variation,
    /// Billionths of the packets.
    Loss,
    /// Bits per second that no tunnel has reserved.
    Residual,
    /// Bits per second of one flow.
    Throughput,
}

/// In place of an amount: the pair has none.
pub(crate) const NONE: u64 = u64::MAX;

impl Measure {
    /// How many of it make one of the unit in which costs are told. Each divides 10,000,000.
    pub(crate) const fn per_unit(self) -> u64 {
        match self {
            Self::Hops => 1,
            // Told in microseconds (RFC 9439 §4.1.2).
            Self::Delay
            | Self::RoundTrip
            | Self::DelayMin
            | Self::DelayMax
            | Self::RoundTripMin
            | Self::RoundTripMax
            | Self::Variation => 1000,
            // Told in bytes per second (RFC 9439 §5.1.2, §5.2.2).
            Self::Bandwidth | Self::Residual | Self::Throughput => 8,
            Self::Price => 1000,
            // Told in percent (RFC 9439 §4.4.2).
            Self::Loss => 10_000_000,
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
            Self::Bandwidth | Self::Residual | Self::Throughput => NONE - amount,
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
    pub(super) fn net(&self) -> &Net {
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

    /// An edge of [`Self::net`] that is like `edge` now, as it is at the time, where its link tells this
    /// bandwidth; `None` if it is not.
    pub(super) fn at_time(&self, id: EdgeId, edge: Edge, told: Option<Bandwidth>) -> Option<Edge> {
        let announced = self.to_come.and_then(|(_, outlook)| outlook.get(id));
        announced.map_or(Some(edge), |announced| announced.at_worst(edge, told))
    }

    /// The links of the graph, and the edges of [`Self::net`] that stand for them.
    pub(super) fn links(&self) -> impl Iterator<Item = (EdgeId, &Link)> {
        self.graph.indices().flat_map(|from| {
            let links = self.graph.neighbours(from);
            let links = (0_u32..).zip(links.flat_map(|adjacency| adjacency.links));
            // The net numbers its points by `u32`.
            let from = from.as_usize() as u32;
            links.map(move |(nth, link)| (EdgeId { from, nth }, link))
        })
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
    pub(super) fn tells_delay(&self, id: EdgeId, delay: u32) -> bool {
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
    /// Those of the last version before of which they were asked for.
    delays_before: Option<Distances>,
    widest: OnceLock<Widest>,
    all: AllPairs,
    beside: Beside,
}

impl Measures {
    /// Those of a version after.
    pub(crate) fn after(previous: &Self) -> Self {
        let made = previous.delays.get().and_then(Option::as_ref);
        let delays = made.or(previous.delays_before.as_ref());
        Self {
            delays_before: delays.cloned(),
            all: AllPairs::after(&previous.all),
            ..Self::default()
        }
    }

    /// The amounts of all pairs, known from those of a version before; `None` if the measure is none that is
    /// known so, or there are too many domains. Then [`table`](Self::table) tells them. A step is an edge or a
    /// pair looked at.
    pub(crate) fn pairs(
        &self,
        measure: Measure,
        over: &Over<'_>,
        budget: &mut Budget,
    ) -> Result<Option<Pairs>, Spent> {
        let delays = |budget: &mut Budget| self.delays(over, budget);
        self.all.of(measure, over.distances, delays, budget)
    }

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
            Measure::RoundTrip => both_ways(self.delays(over, budget)?, (from, to), budget),
            Measure::DelayMin | Measure::DelayMax | Measure::Variation => {
                let sums = self.beside.sums(measure, over, budget)?;
                sums.table(Metric::Delay, from, to, budget)
            }
            Measure::RoundTripMin | Measure::RoundTripMax => {
                both_ways(self.beside.sums(measure, over, budget)?, (from, to), budget)
            }
            Measure::Loss => self.beside.losses(over, (from, to), budget),
            Measure::Bandwidth => {
                let widest = self.widest(distances.shared_net(), budget)?;
                widths(widest, (from, to), budget)
            }
            Measure::Residual => {
                let widest = match self.beside.residual(over, budget)? {
                    Some(widest) => widest,
                    None => self.widest(distances.shared_net(), budget)?,
                };
                widths(widest, (from, to), budget)
            }
            Measure::Throughput => {
                let delays = self.delays(over, budget)?;
                self.beside.throughputs(over, delays, (from, to), budget)
            }
        }
    }

    fn delays<'a>(&'a self, over: &Over<'a>, budget: &mut Budget) -> Result<&'a Distances, Spent> {
        if self.delays.get().is_none() {
            budget.spend(over.net().edges())?;
            // Another thread may have been quicker; both found the same.
            let found = over_told_delays(over, self.delays_before.as_ref());
            let _ = self.delays.set(found);
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

/// The sums of the distances there and back.
fn both_ways(
    distances: &Distances,
    (from, to): (&[u32], &[u32]),
    budget: &mut Budget,
) -> Result<Vec<u64>, Spent> {
    let mut there = distances.table(Metric::Delay, from, to, budget)?;
    let back = distances.table(Metric::Delay, to, from, budget)?;
    for (at, there) in there.iter_mut().enumerate() {
        let back = back[at % to.len() * from.len() + at / to.len()];
        // One of them may be [`NONE`], which is more than any sum.
        *there = there.saturating_add(back);
    }
    Ok(there)
}

/// The widths of the widest paths.
fn widths(
    widest: &Widest,
    (from, to): (&[u32], &[u32]),
    budget: &mut Budget,
) -> Result<Vec<u64>, Spent> {
    let mut space = Space::default();
    let mut table = Vec::with_capacity(from.len() * to.len());
    for source in from {
        widest.row(*source, to, &mut space, budget, &mut table)?;
    }
    Ok(table)
}

/// Distances over the links that tell their delay; `None` if there are no others. The net shares with that of
/// `before`, of whatever version, what is the same.
fn over_told_delays(over: &Over<'_>, before: Option<&Distances>) -> Option<Distances> {
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
    let told = |from: u32| {
        let edges = ids(from).filter_map(|id| Some((id, over.edge(id)?)));
        let told = edges.filter(|(id, edge)| over.tells_delay(*id, edge.delay));
        told.map(|(_, edge)| edge)
    };
    let before = before.map(Distances::net);
    let told = match before.filter(|before| before.len() == net.len() && before.is_plain()) {
        Some(before) => {
            let mut edges = Vec::new();
            let mut changes = Vec::new();
            for point in points {
                edges.clear();
                edges.extend(told(point));
                let row = before.row(point);
                let was = (0..row.len()).map(|nth| row.edge(nth));
                if !was.eq(edges.iter().copied()) {
                    let edges = edges.clone();
                    changes.push(RowChange { point, edges });
                }
            }
            before.with(changes)
        }
        None => {
            let mut builder = NetBuilder::new(points.end);
            for from in points {
                told(from).for_each(|edge| builder.edge(from, edge));
            }
            builder.build()
        }
    };
    Some(Distances::new(Arc::new(told)))
}
