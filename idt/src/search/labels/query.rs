//! Distances and paths by labels.

use super::graph::cheapest;
use super::{FAR, Label, Labels, NONE, Set};
use crate::net::Row;
use crate::search::tree::without_loops;

/// The best hub of two labels: the distance by it, and its rank. `FAR` as `u64` if they share none.
#[inline]
pub(super) fn meet(one: Label<'_>, other: Label<'_>) -> (u64, u32) {
    let (mut best, mut at) = ((u64::MAX, NONE), (0, 0));
    // Which of two hubs is the better one is a coin toss: no branch depends on it.
    while at.0 < one.hubs.len() && at.1 < other.hubs.len() {
        let (a, b) = (one.hubs[at.0], other.hubs[at.1]);
        if a == b {
            let sum = u64::from(one.distances[at.0]) + u64::from(other.distances[at.1]);
            if sum < best.0 {
                best = (sum, a);
            }
        }
        at.0 += usize::from(a <= b);
        at.1 += usize::from(b <= a);
    }
    best
}

/// Whether a hub of two labels tells a distance of at most `cost`.
#[inline]
pub(super) fn covers(one: Label<'_>, other: Label<'_>, cost: u64) -> bool {
    let mut at = (0, 0);
    while at.0 < one.hubs.len() && at.1 < other.hubs.len() {
        let (a, b) = (one.hubs[at.0], other.hubs[at.1]);
        if a == b && u64::from(one.distances[at.0]) + u64::from(other.distances[at.1]) <= cost {
            return true;
        }
        at.0 += usize::from(a <= b);
        at.1 += usize::from(b <= a);
    }
    false
}

/// One label written into an array over all hubs, so that each of many others is told from it in
/// one pass over the other.
#[derive(Debug, Default)]
pub(crate) struct Scattered {
    /// By rank; [`FAR`] if not a hub.
    distances: Vec<u32>,
    /// The hubs that are in it.
    hubs: Vec<u32>,
}

impl Scattered {
    /// Takes a label in place of the one before.
    pub(super) fn set(&mut self, label: Label<'_>, points: usize) {
        for hub in self.hubs.drain(..) {
            self.distances[hub as usize] = FAR;
        }
        self.distances.resize(points, FAR);
        for (hub, distance) in label.hubs.iter().zip(label.distances) {
            self.distances[*hub as usize] = *distance;
        }
        self.hubs.extend_from_slice(label.hubs);
    }

    #[inline]
    pub(super) fn meet(&self, label: Label<'_>) -> u64 {
        let mut best = u64::MAX;
        for (hub, distance) in label.hubs.iter().zip(label.distances) {
            let here = self.distances[*hub as usize];
            let sum = u64::from(here) + u64::from(*distance);
            let sum = if here == FAR { u64::MAX } else { sum };
            best = best.min(sum);
        }
        best
    }
}

impl Scattered {
    /// As [`meet`]: the least sum, and the best hub that tells it.
    #[inline]
    pub(super) fn best(&self, label: Label<'_>) -> (u64, u32) {
        let mut best = (u64::MAX, NONE);
        for (hub, distance) in label.hubs.iter().zip(label.distances) {
            let here = self.distances[*hub as usize];
            let sum = u64::from(here) + u64::from(*distance);
            if here != FAR && sum < best.0 {
                best = (sum, *hub);
            }
        }
        best
    }
}

impl Labels {
    /// The distance between two points; [`u64::MAX`] if there is no path.
    #[inline]
    pub(crate) fn distance(&self, from: u32, to: u32) -> u64 {
        meet(self.out.label(from), self.inward().label(to)).0
    }

    /// Takes the label of `to` for calls of [`Labels::to_scattered`].
    pub(crate) fn scatter_target(&self, to: u32, space: &mut Scattered) {
        space.set(self.inward().label(to), self.len());
    }

    /// The distance from a point to the target in `space`.
    #[inline]
    pub(crate) fn to_scattered(&self, from: u32, space: &Scattered) -> u64 {
        space.meet(self.out.label(from))
    }

    /// A cheapest path between two points and its cost: the one that the labels hold. `None` if
    /// there is none. No point is on it twice. `search` finds a cheapest path in the net of these
    /// labels from one point to another at a known cost; it is asked where the labels do not tell.
    pub(crate) fn path(
        &self,
        from: u32,
        to: u32,
        search: impl Fn(u32, u32, u64) -> Option<Vec<u32>>,
    ) -> Option<(u64, Vec<u32>)> {
        let (cost, hub) = meet(self.out.label(from), self.inward().label(to));
        let middle = *self.order.points.get(hub as usize)?;
        let mut path = Vec::with_capacity(8);
        path.push(from);
        let ahead = Half {
            labels: self,
            set: &self.out,
            row: |point| self.net.row(point),
            distance: |point| self.distance(point, middle),
        };
        if let Some(left) = ahead.follow(hub, middle, &mut path) {
            let found = search(*path.last()?, middle, left)?;
            path.extend(found.iter().skip(1));
        }
        let turn = path.len();
        if to != middle {
            path.push(to);
            let behind = Half {
                labels: self,
                set: self.inward(),
                row: |point| self.net.back(point),
                distance: |point| self.distance(middle, point),
            };
            let stuck = behind.follow(hub, middle, &mut path);
            if let Some(left) = stuck {
                let found = search(middle, *path.last()?, left)?;
                path.extend(found.iter().rev().skip(1));
            }
            // It comes to the hub, which is there already.
            path.pop();
            path[turn..].reverse();
        }
        Some((cost, without_loops(path)))
    }
}

/// The way between a point and one of its hubs.
struct Half<'a, R, D> {
    labels: &'a Labels,
    set: &'a Set,
    /// The edges on which such a way goes on.
    row: R,
    /// The distance between a point and the hub.
    distance: D,
}

impl<'a, R: Fn(u32) -> Row<'a>, D: Fn(u32) -> u64> Half<'a, R, D> {
    /// Extends `path` to the hub. `Some` of what is left if it came to a point from which only a
    /// search can go on: where edges are free, looking at neighbours may lead in a circle.
    fn follow(&self, hub: u32, middle: u32, path: &mut Vec<u32>) -> Option<u64> {
        let mut at = *path.last()?;
        if self.labels.fresh {
            while at != middle {
                at = self.set.label(at).of(hub)?.1;
                path.push(at);
            }
            return None;
        }
        let mut left = match self.set.label(at).of(hub) {
            Some((distance, _)) => u64::from(distance),
            None => (self.distance)(at),
        };
        // A path has fewer points than the net: parents that lead in a circle are found out.
        while at != middle && path.len() <= self.labels.len() {
            let hint = self.set.label(at).of(hub).map(|(_, parent)| parent);
            let next = hint.and_then(|parent| self.step(at, parent, left, hub, middle));
            let Some((next, rest)) = next.or_else(|| self.scan(at, left)) else {
                break;
            };
            path.push(next);
            (at, left) = (next, rest);
        }
        (at != middle).then_some(left)
    }

    /// The step to the neighbour that the label names, and what is left then. `None` if that is not
    /// on a cheapest path any more, or its label does not say.
    fn step(&self, at: u32, next: u32, left: u64, hub: u32, middle: u32) -> Option<(u32, u64)> {
        let row = (self.row)(at);
        let edges = row.edges_to(next);
        let cost = edges.map(|nth| self.labels.metric.of(&row, nth)).min()?;
        let rest = left.checked_sub(cost)?;
        let told = if next == middle {
            0
        } else {
            u64::from(self.set.label(next).of(hub)?.0)
        };
        (told == rest).then_some((next, rest))
    }

    /// The first neighbour on a cheapest path that is nearer to the hub.
    fn scan(&self, at: u32, left: u64) -> Option<(u32, u64)> {
        let mut row = cheapest((self.row)(at), self.labels.metric);
        row.find_map(|(next, cost)| {
            let rest = left.checked_sub(u64::from(cost))?;
            (cost > 0 && (self.distance)(next) == rest).then_some((next, rest))
        })
    }
}
