//! The net as building labels needs it: one edge per pair of neighbours, the cheapest; points by
//! rank, so that those met often are near each other.

use std::cmp::Reverse;

use crate::net::{Net, Row};
use crate::search::cost::Metric;

/// The neighbours of every point and the costs to them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    starts: Vec<u32>,
    /// The neighbour and the cost.
    edges: Vec<(u32, u32)>,
}

impl Rows {
    #[inline]
    pub(super) fn row(&self, at: u32) -> &[(u32, u32)] {
        let at = at as usize;
        &self.edges[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    fn of<'a>(net: &'a Net, metric: Metric, row: impl Fn(u32) -> Row<'a>) -> Self {
        let mut rows = Self {
            starts: Vec::with_capacity(net.len() + 1),
            edges: Vec::with_capacity(net.edges()),
        };
        rows.starts.push(0);
        for point in 0..net.len() as u32 {
            rows.edges
                .extend(cheapest(row(point), metric).filter(|edge| edge.0 != point));
            // There are fewer edges than `u32` counts.
            rows.starts.push(rows.edges.len() as u32);
        }
        rows
    }

    fn renumbered(&self, points: &[u32], ranks: &[u32]) -> Self {
        let mut rows = Self {
            starts: Vec::with_capacity(self.starts.len()),
            edges: Vec::with_capacity(self.edges.len()),
        };
        rows.starts.push(0);
        for point in points {
            let start = rows.edges.len();
            let row = self.row(*point).iter();
            rows.edges
                .extend(row.map(|(to, cost)| (ranks[*to as usize], *cost)));
            rows.edges[start..].sort_unstable();
            rows.starts.push(rows.edges.len() as u32);
        }
        rows
    }
}

/// The neighbours in a row, each once, with the cost of the cheapest edge.
pub(super) fn cheapest(row: Row<'_>, metric: Metric) -> impl Iterator<Item = (u32, u32)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let to = *row.to.get(at)?;
        // Costs of edges fit `u32`: the columns do.
        let mut cost = metric.of(&row, at) as u32;
        at += 1;
        while row.to.get(at) == Some(&to) {
            cost = cost.min(metric.of(&row, at) as u32);
            at += 1;
        }
        Some((to, cost))
    })
}

/// The net, by rank.
#[derive(Debug)]
pub(super) struct Ranked {
    /// The points, best rank first: most neighbours, then first by index.
    pub(super) points: Vec<u32>,
    /// The rank of each point.
    pub(super) ranks: Vec<u32>,
    /// The edges that start at each.
    pub(super) out: Rows,
    /// The edges that end at each; `None` if they are those of `out`.
    pub(super) inward: Option<Rows>,
}

impl Ranked {
    pub(super) fn new(net: &Net, metric: Metric) -> Self {
        let out = Rows::of(net, metric, |point| net.row(point));
        let inward = (!net.is_symmetric())
            .then(|| Rows::of(net, metric, |point| net.back(point)))
            .filter(|inward| *inward != out);
        let degree = |point: u32| {
            out.row(point).len() + inward.as_ref().map_or(0, |rows| rows.row(point).len())
        };
        let mut points: Vec<u32> = (0..net.len() as u32).collect();
        points.sort_by_cached_key(|point| (Reverse(degree(*point)), *point));
        let mut ranks = vec![0; points.len()];
        for (rank, point) in points.iter().enumerate() {
            ranks[*point as usize] = rank as u32;
        }
        Self {
            out: out.renumbered(&points, &ranks),
            inward: inward.map(|rows| rows.renumbered(&points, &ranks)),
            points,
            ranks,
        }
    }
}
