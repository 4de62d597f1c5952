//! All distances of a net of some thousand points.

use std::sync::Arc;

use super::budget::{Budget, Spent};
use super::cost::Metric;
use super::space::Open;
use super::tree::{Scratch, Way, edge_cost, fixed};
use crate::net::{EdgeId, Net};

/// The largest net that has a matrix: its distances take 64 MiB.
pub(crate) const LARGEST: usize = 4096;

/// No path.
const FAR: u32 = u32::MAX;

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
        Self::fill(net, metric, budget, |_| None)
    }

    fn fill(
        net: &Net,
        metric: Metric,
        budget: &mut Budget,
        kept: impl Fn(u32) -> Option<Arc<[u32]>>,
    ) -> Result<Option<Self>, Spent> {
        if net.len() > LARGEST {
            return Ok(None);
        }
        let scratch = &mut Scratch::default();
        let mut rows = Vec::with_capacity(net.len());
        for target in 0..net.len() as u32 {
            let row = match kept(target) {
                Some(row) => Some(row),
                None => row(net, metric, target, budget, scratch)?,
            };
            let Some(row) = row else { return Ok(None) };
            rows.push(row);
        }
        Ok(Some(Self {
            metric,
            net: net.clone(),
            rows,
        }))
    }

    /// The matrix of a net that differs from that of this one in edges between the `changed` pairs
    /// only. Only rows in which an edge matters are made again. As [`Matrix::build`].
    pub(crate) fn repair(
        &self,
        new: &Net,
        changed: &[(u32, u32)],
        budget: &mut Budget,
    ) -> Result<Option<Self>, Spent> {
        let inside = |(from, to): &&(u32, u32)| (*from.max(to) as usize) < new.len();
        let same = self.net.len() == new.len();
        let changes: Vec<_> = changed
            .iter()
            .filter(|edge| same && inside(edge))
            .map(|(from, to)| {
                let costs = [&self.net, new].map(|net| edge_cost(net, self.metric, *from, *to));
                ((*from, *to), costs[0], costs[1])
            })
            .collect();
        // A raised edge matters if it was on a cheapest path, a lowered one if it makes one cheaper:
        // else the distances of the row still fit every edge, and the tree they tell is there.
        let matters = |target: u32| {
            changes.iter().any(|((from, to), before, after)| {
                let [from, to] = [from, to].map(|point| self.distance(*point, target));
                let by = |cost: u64| to.saturating_add(cost);
                match before.cmp(after) {
                    std::cmp::Ordering::Less => from < u64::MAX && by(*before) == from,
                    std::cmp::Ordering::Equal => false,
                    std::cmp::Ordering::Greater => by(*after) < from,
                }
            })
        };
        Self::fill(new, self.metric, budget, |target| {
            let row = self.rows.get(target as usize)?;
            (same && !matters(target)).then(|| Arc::clone(row))
        })
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
