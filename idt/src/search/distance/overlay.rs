//! What changed since an index was made.
//!
//! Let M be the net in which each edge costs the less of before and now. Distances in M follow from
//! those before and the *lowered* edges (new ones are lowered too): a path is one of before, or goes
//! from its start to a lowered edge, over it, by way of others perhaps, and on. No path is cheaper
//! now than in M. And where no *raised* edge (or one that is gone) is on a cheapest path in M, all
//! those paths are there now: then the distance in M is exact.

use crate::net::Net;
use crate::search::cost::Metric;
use crate::search::tree::edge_cost;

/// With more changes than this a question costs more than a search.
const MOST: usize = 32;

/// An edge and the less of its costs before and now.
#[derive(Clone, Copy, Debug)]
struct Edge {
    from: u32,
    to: u32,
    cost: u64,
}

/// The changes since an index was made.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    changed: Vec<(u32, u32)>,
    usable: bool,
    lowered: Vec<Edge>,
    raised: Vec<Edge>,
    /// Row by row: the distance in M from the end of one lowered edge to the end of another, by way
    /// of that.
    closure: Vec<u64>,
    /// Of each raised edge, what [`Overlay::arriving`] says of its start.
    to_raised: Vec<Vec<u64>>,
    /// Of each raised edge, what [`Overlay::leaving`] says of its end.
    from_raised: Vec<Vec<u64>>,
}

/// What is known of where a path starts.
#[derive(Debug)]
pub(super) struct Source {
    /// The distances to the starts of the lowered edges.
    lowered: Vec<u64>,
    /// The distances in M to the starts of the raised edges.
    raised: Vec<u64>,
}

/// What is known of where a path ends.
#[derive(Debug)]
pub(super) struct Target {
    /// The distances in M from the ends of the lowered edges.
    lowered: Vec<u64>,
    /// The distances in M from the ends of the raised edges.
    raised: Vec<u64>,
}

impl Overlay {
    /// What changed from `old` to `new` by `metric` between the pairs `changed`; `distance` knows
    /// the distances of `old`.
    pub(super) fn new(
        old: &Net,
        new: &Net,
        metric: Metric,
        mut changed: Vec<(u32, u32)>,
        distance: impl Fn(u32, u32) -> u64,
    ) -> Self {
        changed.retain(|(from, to)| (*from.max(to) as usize) < new.len() && from != to);
        changed.sort_unstable();
        changed.dedup();
        let mut overlay = Self::default();
        for (from, to) in &changed {
            let [before, now] = [old, new].map(|net| edge_cost(net, metric, *from, *to));
            let edge = Edge {
                from: *from,
                to: *to,
                cost: before.min(now),
            };
            if now < before {
                overlay.lowered.push(edge);
            } else if before < now {
                overlay.raised.push(edge);
            }
        }
        overlay.changed = changed;
        overlay.usable = overlay.lowered.len() + overlay.raised.len() <= MOST;
        if overlay.usable {
            overlay.close(&distance);
            let raised = || overlay.raised.iter();
            let to = raised().map(|edge| overlay.arriving(edge.from, &distance));
            let from = raised().map(|edge| overlay.leaving(edge.to, &distance));
            (overlay.to_raised, overlay.from_raised) = (to.collect(), from.collect());
        }
        overlay
    }

    fn close(&mut self, distance: impl Fn(u32, u32) -> u64) {
        let lowered = &self.lowered;
        let len = lowered.len();
        self.closure = (0..len * len)
            .map(|at| match (at / len, at % len) {
                (one, other) if one == other => 0,
                (one, other) => distance(lowered[one].to, lowered[other].from)
                    .saturating_add(lowered[other].cost),
            })
            .collect();
        for via in 0..len {
            for one in 0..len {
                for other in 0..len {
                    let by = self.closure[one * len + via]
                        .saturating_add(self.closure[via * len + other]);
                    let entry = &mut self.closure[one * len + other];
                    *entry = by.min(*entry);
                }
            }
        }
    }

    /// All pairs between which an edge may have changed.
    pub(super) fn changed(&self) -> &[(u32, u32)] {
        &self.changed
    }

    /// Whether there are few enough changes to answer by.
    pub(super) fn is_usable(&self) -> bool {
        self.usable
    }

    fn leaving(&self, from: u32, distance: impl Fn(u32, u32) -> u64) -> Vec<u64> {
        let lowered = self.lowered.iter();
        lowered.map(|edge| distance(from, edge.from)).collect()
    }

    fn arriving(&self, to: u32, distance: impl Fn(u32, u32) -> u64) -> Vec<u64> {
        let lowered = self.lowered.iter();
        let last: Vec<u64> = lowered.map(|edge| distance(edge.to, to)).collect();
        let via = |one: usize| {
            let row = self.closure[one * last.len()..].iter();
            let sums = row.zip(&last).map(|(to, rest)| to.saturating_add(*rest));
            sums.min().unwrap_or(u64::MAX)
        };
        (0..last.len()).map(via).collect()
    }

    /// Where each lowered edge starts and what is left from there to `to` in M over it: the least first.
    pub(super) fn over_lowered(
        &self,
        to: u32,
        distance: impl Fn(u32, u32) -> u64,
    ) -> Vec<(u32, u64)> {
        let arriving = self.arriving(to, distance);
        let edges = self.lowered.iter().zip(arriving);
        let mut over: Vec<(u32, u64)> = edges
            .map(|(edge, rest)| (edge.from, edge.cost.saturating_add(rest)))
            .collect();
        over.sort_unstable_by_key(|(_, rest)| *rest);
        over
    }

    /// The distance in M: `before`, or over lowered edges.
    fn least(&self, before: u64, leaving: &[u64], arriving: &[u64]) -> u64 {
        let lowered = self.lowered.iter().zip(leaving.iter().zip(arriving));
        lowered.fold(before, |least, (edge, (leave, arrive))| {
            least.min(leave.saturating_add(edge.cost).saturating_add(*arrive))
        })
    }

    pub(super) fn source(&self, from: u32, distance: impl Fn(u32, u32) -> u64 + Copy) -> Source {
        let lowered = self.leaving(from, distance);
        let raised = self.raised.iter().zip(&self.to_raised);
        let raised = raised
            .map(|(edge, arriving)| self.least(distance(from, edge.from), &lowered, arriving));
        Source {
            raised: raised.collect(),
            lowered,
        }
    }

    pub(super) fn target(&self, to: u32, distance: impl Fn(u32, u32) -> u64 + Copy) -> Target {
        let lowered = self.arriving(to, distance);
        let raised = self.raised.iter().zip(&self.from_raised);
        let raised =
            raised.map(|(edge, leaving)| self.least(distance(edge.to, to), leaving, &lowered));
        Target {
            raised: raised.collect(),
            lowered,
        }
    }

    /// No path is cheaper than the first; it is the distance if the second is true. `before` is the
    /// distance that the index tells.
    pub(super) fn join(&self, source: &Source, target: &Target, before: u64) -> (u64, bool) {
        let least = self.least(before, &source.lowered, &target.lowered);
        let clear = |(edge, (to, from)): (&Edge, (&u64, &u64))| {
            to.saturating_add(edge.cost).saturating_add(*from) > least
        };
        let ends = source.raised.iter().zip(&target.raised);
        let exact = least == u64::MAX || self.raised.iter().zip(ends).all(clear);
        (least, exact)
    }

    /// [`Overlay::join`] for one pair.
    pub(super) fn bound(
        &self,
        from: u32,
        to: u32,
        distance: impl Fn(u32, u32) -> u64 + Copy,
    ) -> (u64, bool) {
        let (source, target) = (self.source(from, distance), self.target(to, distance));
        self.join(&source, &target, distance(from, to))
    }
}
