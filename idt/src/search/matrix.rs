//! All distances of a net of some thousand points.

mod all;
mod repair;

use std::sync::Arc;

use super::budget::{Budget, Spent};
use super::cost::Metric;
use super::space::Open;
use super::tree::{Scratch, Way, fixed};
use crate::net::{EdgeId, Net, Row};
pub use all::{AllDistances, AllWidths, ChangedPairs};
use repair::{Costs, Repaired};

/// The largest net that has a matrix: its distances take 64 MiB.
pub(crate) const LARGEST: usize = 4096;

/// No path.
const FAR: u32 = u32::MAX;

/// The sums of a metric along paths.
#[derive(Clone, Copy, Debug)]
struct Sums(Metric);

impl Costs for Sums {
    type Amount = u32;
    const NEAR: u32 = 0;
    const FAR: u32 = FAR;
    const ENDS_ARE_CHEAPEST: bool = true;

    #[inline]
    fn edge(self, row: &Row<'_>, nth: usize) -> Option<u32> {
        // What is more than a row can keep is as much as it can't.
        Some(u32::try_from(self.0.of(row, nth)).unwrap_or(FAR))
    }

    #[inline]
    fn join(self, one: u32, other: u32) -> u32 {
        one.saturating_add(other)
    }
}

/// The distances between all points of a version of a net, by one metric.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    metric: Metric,
    net: Net,
    /// By target: the distances to it, by source. Versions share rows that did not change.
    rows: Vec<Arc<[u32]>>,
}

impl Matrix {
    /// The matrix of a net. `Ok(None)` if the net is larger than [`LARGEST`] or a distance is not
    /// less than [`u32::MAX`]. A step is an edge looked at.
    pub(crate) fn build(
        net: &Net,
        metric: Metric,
        budget: &mut Budget,
    ) -> Result<Option<Self>, Spent> {
        if net.len() > LARGEST {
            return Ok(None);
        }
        let scratch = &mut Scratch::default();
        // The net numbers its points by `u32`.
        let targets = 0..net.len() as u32;
        let rows = targets.map(|target| row(net, metric, target, budget, scratch));
        let rows: Option<Vec<_>> = rows.collect::<Result<_, _>>()?;
        Ok(rows.map(|rows| Self::of(net, metric, rows)))
    }

    fn of(net: &Net, metric: Metric, rows: Vec<Arc<[u32]>>) -> Self {
        Self {
            metric,
            net: net.clone(),
            rows,
        }
    }

    /// The matrix of a net that differs from that of this one in edges between the `changed` pairs
    /// only. Only the pairs that a change concerns are found anew, and rows without any are shared. As
    /// [`Matrix::build`]; a step is an edge or a pair looked at.
    pub(crate) fn repair(
        &self,
        new: &Net,
        changed: &[(u32, u32)],
        budget: &mut Budget,
    ) -> Result<Option<Self>, Spent> {
        if self.net.len() != new.len() {
            return Self::build(new, self.metric, budget);
        }
        let before = (&self.net, self.rows.as_slice());
        match repair::repaired(Sums(self.metric), before, new, changed, budget)? {
            Repaired::Rows(rows) => Ok(Some(Self::of(new, self.metric, rows))),
            Repaired::Anew => Self::build(new, self.metric, budget),
            Repaired::TooFar => Ok(None),
        }
    }

    /// By what the distances are.
    pub(crate) fn metric(&self) -> Metric {
        self.metric
    }

    /// Of what these are the distances.
    pub(crate) fn net(&self) -> &Net {
        &self.net
    }

    /// The distance between two points; [`u64::MAX`] if there is no path.
    #[inline]
    pub(crate) fn distance(&self, from: u32, to: u32) -> u64 {
        long(self.rows[to as usize][from as usize])
    }

    /// The distances from each of `from` to each of `to`, row by row.
    pub(crate) fn table(&self, from: &[u32], to: impl Iterator<Item = u32>) -> Vec<u64> {
        let columns: Vec<&[u32]> = to.map(|to| &*self.rows[to as usize]).collect();
        let mut cells = Vec::with_capacity(from.len() * columns.len());
        for from in from {
            cells.extend(columns.iter().map(|column| long(column[*from as usize])));
        }
        cells
    }

    /// The cheapest path between two points that is first by its points, and its cost. No point is
    /// on it twice.
    pub(crate) fn path(&self, from: u32, to: u32) -> Option<(u64, Vec<u32>)> {
        let mut edges = Vec::with_capacity(8);
        let cost = self.edges(from, to, &mut edges)?;
        let end = |edge: &EdgeId| self.net.row(edge.from).to[edge.nth as usize];
        let points = std::iter::once(from).chain(edges.iter().map(end));
        Some((cost, points.collect()))
    }

    /// Writes the edges of that path, of parallel ones the first of the cheapest; returns its cost.
    pub(crate) fn edges(&self, from: u32, to: u32, edges: &mut Vec<EdgeId>) -> Option<u64> {
        edges.clear();
        let distances = &self.rows[to as usize];
        let cost = self.distance(from, to);
        if cost == u64::MAX {
            return None;
        }
        let (mut at, mut left) = (from, distances[from as usize]);
        while at != to {
            let row = self.net.row(at);
            let next = (0..row.len()).find_map(|nth| {
                let (point, edge) = (row.to[nth], self.metric.of(&row, nth));
                let rest = distances[point as usize];
                // A free edge may lead in a circle, or to where only a circle leads on.
                let is_next = rest != FAR
                    && u64::from(rest) + edge == u64::from(left)
                    && (edge > 0 || self.leads_on(point, to, (at, edges)));
                is_next.then_some((nth as u32, point, rest))
            });
            let (nth, point, rest) = next?;
            edges.push(EdgeId { from: at, nth });
            (at, left) = (point, rest);
        }
        Some(cost)
    }

    /// Whether a path that took these edges to a point goes on over a free one to `next`.
    fn leads_on(&self, next: u32, to: u32, (at, edges): (u32, &[EdgeId])) -> bool {
        let mut path: Vec<u32> = edges.iter().map(|edge| edge.from).collect();
        path.push(at);
        !path.contains(&next) && self.escapes(next, to, &path)
    }

    /// The neighbours that are next on a cheapest path to `to`, with the costs of the edges; one that
    /// several edges lead to comes several times.
    fn nearer(&self, at: u32, to: u32) -> impl Iterator<Item = (u32, u64)> {
        let row = self.net.row(at);
        let left = self.distance(at, to);
        (0..row.len()).filter_map(move |nth| {
            let cost = self.metric.of(&row, nth);
            let rest = self.distance(row.to[nth], to);
            (rest < u64::MAX && rest + cost == left).then_some((row.to[nth], cost))
        })
    }

    /// Whether free edges lead from `start`, past what is on `path`, to `to` or to an edge that is
    /// not free on a cheapest path to it: what is behind that edge is not on `path`.
    fn escapes(&self, start: u32, to: u32, path: &[u32]) -> bool {
        let mut seen = vec![start];
        let mut at = 0;
        while let Some(point) = seen.get(at).copied() {
            if point == to {
                return true;
            }
            for (next, cost) in self.nearer(point, to) {
                if cost > 0 {
                    return true;
                }
                if !seen.contains(&next) && !path.contains(&next) {
                    seen.push(next);
                }
            }
            at += 1;
        }
        false
    }
}

/// A distance as others tell it.
#[inline]
fn long(distance: u32) -> u64 {
    match distance {
        FAR => u64::MAX,
        distance => u64::from(distance),
    }
}

/// The distances to a target.
fn row(
    net: &Net,
    metric: Metric,
    target: u32,
    budget: &mut Budget,
    scratch: &mut Scratch<u64>,
) -> Result<Option<Arc<[u32]>>, Spent> {
    let mut row = vec![FAR; net.len()];
    let mut fits = true;
    let tell = |point: u32, cost: u64| {
        match u32::try_from(cost) {
            Ok(cost) if cost < FAR => row[point as usize] = cost,
            _ => fits = false,
        }
        !fits
    };
    let seeds = [(target, 0)];
    fixed!(metric, weigh => scratch.run(Open { net, weigh }, Way::Backward, seeds, budget, tell))?;
    Ok(fits.then(|| row.into()))
}
