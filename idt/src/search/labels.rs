//! An index of exact distances for nets too large for a matrix: pruned landmark labels (Akiba,
//! Iwata, Yoshida, "Fast exact shortest-path distance queries on large networks by pruned landmark
//! labeling", SIGMOD 2013).
//!
//! Points are ranked by how many neighbours they have. The *label* of a point lists *hubs*, points
//! of a better rank, each with its distance and the next point on a cheapest path to it. The
//! distance of two points is the least sum over the hubs that both list: for every pair the best
//! ranked point on any of its cheapest paths is one of them. In a net whose distances are alike both
//! ways one set of labels serves; others have a set to hubs and a set from hubs.
//!
//! Labels are in pages that versions share. Distances are `u32`: a net in which a hub is as far as
//! [`u32::MAX`] has no labels.
//!
//! | | |
//! |---|---|
//! | `graph` | the net as building needs it |
//! | `build` | labels from nothing |
//! | `query` | distances and paths |
//! | `batch` | the paths of many pairs |
//! | `repair` | labels from those of the version before |
//! | `few` | the labels of a few points from those around them |
//! | `affected` | which pairs a changed edge concerns, and their distances |
//! | `draft` | labels while they are repaired |

mod affected;
mod batch;
mod build;
mod draft;
mod few;
mod graph;
mod query;
mod repair;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(crate) use query::Scattered;

use super::cost::Metric;
use crate::net::Net;

/// Points per page. What a repair changes in a page costs a copy of it: some kilobytes.
const PAGE: usize = 8;

/// No hub is so far.
const FAR: u32 = u32::MAX;

/// In place of a parent: not known, or the point is the hub.
const NONE: u32 = u32::MAX;

/// A hub in the label of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    /// The rank of the hub, from 0.
    hub: u32,
    /// Its distance.
    distance: u32,
    /// The neighbour that is next on a cheapest path between the point and the hub; [`NONE`] if not
    /// known. It is a hint: whoever follows it checks it.
    parent: u32,
}

/// A label: its columns, sorted by hub.
#[derive(Clone, Copy, Debug)]
struct Label<'a> {
    hubs: &'a [u32],
    distances: &'a [u32],
    parents: &'a [u32],
}

impl<'a> Label<'a> {
    /// The distance and the parent of a hub.
    fn of(&self, hub: u32) -> Option<(u32, u32)> {
        let at = self.hubs.binary_search(&hub).ok()?;
        Some((self.distances[at], self.parents[at]))
    }

    fn entries(self) -> impl Iterator<Item = Entry> + use<'a> {
        (0..self.hubs.len()).map(move |at| Entry {
            hub: self.hubs[at],
            distance: self.distances[at],
            parent: self.parents[at],
        })
    }
}

/// A label for every point. A page starts with where its labels start and ends; each label is its
/// hubs, then their distances, then their parents.
#[derive(Clone, Debug)]
struct Set(Vec<Arc<[u32]>>);

impl Set {
    #[inline]
    fn label(&self, point: u32) -> Label<'_> {
        let page = &*self.0[point as usize / PAGE];
        let at = point as usize % PAGE;
        let (start, end) = (page[at] as usize, page[at + 1] as usize);
        let columns = &page[start..end];
        let len = columns.len() / 3;
        let (hubs, rest) = columns.split_at(len);
        let (distances, parents) = rest.split_at(len);
        Label {
            hubs,
            distances,
            parents,
        }
    }

    /// A page of these labels.
    fn page<'a>(labels: impl Iterator<Item = &'a [Entry]>) -> Arc<[u32]> {
        let mut page = vec![0; PAGE + 1];
        // A label has fewer entries than there are points, so a page fits `u32`.
        page[0] = PAGE as u32 + 1;
        let mut count = 0;
        for entries in labels {
            page.extend(entries.iter().map(|entry| entry.hub));
            page.extend(entries.iter().map(|entry| entry.distance));
            page.extend(entries.iter().map(|entry| entry.parent));
            count += 1;
            page[count] = page.len() as u32;
        }
        page.into()
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(|page| 4 * page.len() + 32).sum()
    }
}

/// Ranks and the points that have them.
#[derive(Debug)]
struct Order {
    /// By rank.
    points: Vec<u32>,
    /// By point.
    ranks: Vec<u32>,
}

/// The labels of a version of a net, by one metric.
#[derive(Clone, Debug)]
pub(crate) struct Labels {
    metric: Metric,
    net: Net,
    order: Arc<Order>,
    /// Of each point: the distances from it to its hubs.
    out: Set,
    /// Of each point: the distances from its hubs to it; `None` if they are those of `out`.
    inward: Option<Set>,
    /// Edges that building looked at, all hubs together: what a repair is measured by.
    work: u64,
    /// Not repaired: every parent is known and leads to the hub.
    fresh: bool,
}

impl Labels {
    /// Of what these are the distances.
    pub(crate) fn net(&self) -> &Net {
        &self.net
    }

    /// How many points it knows.
    pub(crate) fn len(&self) -> usize {
        self.order.points.len()
    }

    /// The memory it takes, in bytes; what it shares with others is counted too.
    pub(crate) fn bytes(&self) -> usize {
        let sets = std::iter::once(&self.out).chain(&self.inward);
        sets.map(Set::bytes).sum::<usize>() + 12 * self.len()
    }

    fn inward(&self) -> &Set {
        self.inward.as_ref().unwrap_or(&self.out)
    }
}
