//! All pairs of domains of one version of a net, for who asks for all of them in every version.

use std::sync::Arc;

use super::super::budget::{Budget, Spent};
use super::super::distance::changed_pairs;
use super::repair::{Costs, Repaired, Rows, Work, repaired};
use super::{LARGEST, Matrix};
use crate::net::{Net, Row, UNLIMITED};

/// All distances of one version of a plain net by one metric. Cheap to clone; versions share what is the same.
#[derive(Clone, Debug)]
pub struct AllDistances(Arc<Matrix>);

/// What the widest paths between all points of one version of a plain net can carry. The width of a path is that
/// of its narrowest edge; edges that tell no bandwidth are not used. Cheap to clone; versions share what is the
/// same.
#[derive(Clone, Debug)]
pub struct AllWidths(Arc<Widths>);

#[derive(Debug)]
struct Widths {
    net: Net,
    rows: Rows<Narrowness>,
}

/// What is other in a version than in another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangedPairs {
    /// The domains from which something is other, in order.
    pub from: Vec<u32>,
    /// Those to which something is, in order.
    pub to: Vec<u32>,
}

/// A bandwidth, counted down from the most there can be.
#[derive(Clone, Copy, Debug)]
struct Narrowness;

/// The narrowness of what is as wide as can be told.
const MOST: u64 = UNLIMITED - 1;

impl Costs for Narrowness {
    type Amount = u64;
    const NEAR: u64 = 0;
    const FAR: u64 = u64::MAX;
    // The narrowest edge of a path may come first: then what follows need not be the widest.
    const ENDS_ARE_CHEAPEST: bool = false;

    fn edge(self, row: &Row<'_>, nth: usize) -> Option<u64> {
        MOST.checked_sub(row.bandwidth[nth])
    }

    fn join(self, one: u64, other: u64) -> u64 {
        one.max(other)
    }
}

impl AllDistances {
    /// Of this matrix.
    pub(crate) fn of(matrix: Arc<Matrix>) -> Option<Self> {
        matrix.net().is_plain().then_some(Self(matrix))
    }

    /// The same, to share.
    pub(crate) fn matrix(&self) -> &Arc<Matrix> {
        &self.0
    }

    /// Appends the distances from each of `from` to all domains, one after another; [`u64::MAX`] where there is
    /// no path, and from those that are no domains.
    pub fn rows(&self, from: &[u32], out: &mut Vec<u64>) {
        gather(&self.0.rows, from, out, |distance| match distance {
            u32::MAX => u64::MAX,
            distance => u64::from(distance),
        });
    }

    /// Appends the distances to each of `to` from all domains, likewise.
    pub fn columns(&self, to: &[u32], out: &mut Vec<u64>) {
        let all = self.0.rows.len();
        for to in to {
            match self.0.rows.get(*to as usize) {
                Some(row) => out.extend(row.iter().map(|distance| match *distance {
                    u32::MAX => u64::MAX,
                    distance => u64::from(distance),
                })),
                None => out.extend(std::iter::repeat_n(u64::MAX, all)),
            }
        }
    }

    /// What is other than in `before`; `None` if that is of another number of domains. What the two share is
    /// not looked at.
    #[must_use]
    pub fn changed_since(&self, before: &Self) -> Option<ChangedPairs> {
        changed_since(&self.0.rows, &before.0.rows)
    }
}

impl AllWidths {
    /// The widths of a net; `None` if it is not plain or has more than 4,096 points. They are made of `before`,
    /// those of another version, if there are any. A step is an edge or a pair looked at.
    ///
    /// # Errors
    /// If the budget is spent.
    pub fn of(
        net: &Arc<Net>,
        before: Option<&Self>,
        budget: &mut Budget,
    ) -> Result<Option<Self>, Spent> {
        if !net.is_plain() || net.len() > LARGEST {
            return Ok(None);
        }
        let made = match before {
            None => Repaired::Anew,
            Some(Self(before)) => {
                let width = |row: &Row<'_>, nth: usize| row.bandwidth[nth];
                match changed_pairs(&before.net, net, width) {
                    None => Repaired::Anew,
                    Some(changed) => {
                        let then = (&before.net, before.rows.as_slice());
                        repaired(Narrowness, then, net, &changed, budget)?
                    }
                }
            }
        };
        let rows = match made {
            Repaired::Rows(rows) => Some(rows),
            Repaired::TooFar => None,
            Repaired::Anew if net.is_symmetric() => {
                budget.spend(net.edges() + net.len() * net.len())?;
                Some(joined(net))
            }
            Repaired::Anew => {
                let mut work = Work::new();
                // The net numbers its points by `u32`.
                let targets = 0..net.len() as u32;
                let rows = targets.map(|target| work.row(Narrowness, net, target, budget));
                rows.collect::<Result<_, _>>()?
            }
        };
        let net = Net::clone(net);
        Ok(rows.map(|rows| Self(Arc::new(Widths { net, rows }))))
    }

    /// Appends the widths from each of `from` to all domains, one after another, in bits per second;
    /// [`u64::MAX`] where there is no path, and from a domain to itself.
    pub fn rows(&self, from: &[u32], out: &mut Vec<u64>) {
        let start = out.len();
        let all = self.0.rows.len();
        gather(&self.0.rows, from, out, |narrowness| {
            MOST.checked_sub(narrowness).unwrap_or(u64::MAX)
        });
        for (at, from) in from.iter().enumerate() {
            if let Some(own) = out.get_mut(start + at * all + *from as usize) {
                *own = u64::MAX;
            }
        }
    }

    /// What is other than in `before`; `None` if that is of another number of domains. What the two share is
    /// not looked at.
    #[must_use]
    pub fn changed_since(&self, before: &Self) -> Option<ChangedPairs> {
        changed_since(&self.0.rows, &before.0.rows)
    }
}

/// The rows of a net in which every edge is as wide as its reverse: sets of points that are joined by edges of
/// some width and more grow together, and two of them are as far apart as the edge that joins them is narrow
/// (Kruskal 1956; Hu 1961).
fn joined(net: &Net) -> Rows<Narrowness> {
    let mut edges: Vec<(u64, u32, u32)> = Vec::with_capacity(net.edges() / 2);
    // The net numbers its points by `u32`.
    for from in 0..net.len() as u32 {
        let row = net.row(from);
        let once = (0..row.len()).filter(|nth| row.to[*nth] > from);
        edges.extend(once.filter_map(|nth| Some((Narrowness.edge(&row, nth)?, from, row.to[nth]))));
    }
    edges.sort_unstable();
    let mut rows = vec![vec![Narrowness::FAR; net.len()]; net.len()];
    for (point, row) in rows.iter_mut().enumerate() {
        row[point] = Narrowness::NEAR;
    }
    let mut set_of: Vec<usize> = (0..net.len()).collect();
    let mut sets: Vec<Vec<u32>> = (0..net.len() as u32).map(|point| vec![point]).collect();
    for (narrowness, one, other) in edges {
        let (one, other) = (set_of[one as usize], set_of[other as usize]);
        if one == other {
            continue;
        }
        let (small, large) = if sets[one].len() < sets[other].len() {
            (one, other)
        } else {
            (other, one)
        };
        let small = std::mem::take(&mut sets[small]);
        for (from, to) in [(&small, &sets[large]), (&sets[large], &small)] {
            for from in from {
                let row = &mut rows[*from as usize];
                to.iter().for_each(|to| row[*to as usize] = narrowness);
            }
        }
        small
            .iter()
            .for_each(|point| set_of[*point as usize] = large);
        sets[large].extend(small);
    }
    rows.into_iter().map(Arc::from).collect()
}

/// Appends what rows by target have of each source.
fn gather<A: Copy>(rows: &[Arc<[A]>], from: &[u32], out: &mut Vec<u64>, amount: impl Fn(A) -> u64) {
    let start = out.len();
    out.resize(start + from.len() * rows.len(), u64::MAX);
    let Some(table) = out.get_mut(start..) else {
        return;
    };
    for (column, row) in rows.iter().enumerate() {
        for (at, from) in from.iter().enumerate() {
            if let Some(known) = row.get(*from as usize) {
                table[at * rows.len() + column] = amount(*known);
            }
        }
    }
}

/// Amounts that are compared at once.
const TOGETHER: usize = 64;

fn changed_since<A: Copy + Eq>(now: &[Arc<[A]>], before: &[Arc<[A]>]) -> Option<ChangedPairs> {
    if now.len() != before.len() {
        return None;
    }
    let mut is_other = vec![false; now.len()];
    let mut changed = ChangedPairs::default();
    for (target, (now, before)) in (0_u32..).zip(now.iter().zip(before)) {
        if Arc::ptr_eq(now, before) {
            continue;
        }
        let mut some = false;
        let chunks = now.chunks(TOGETHER).zip(before.chunks(TOGETHER));
        for (at, (now, before)) in chunks.enumerate().filter(|(_, (now, then))| now != then) {
            some = true;
            let others = is_other.iter_mut().skip(at * TOGETHER);
            for (is_other, (now, before)) in others.zip(now.iter().zip(before)) {
                *is_other |= now != before;
            }
        }
        if some {
            changed.to.push(target);
        }
    }
    let from = (0_u32..).zip(is_other).filter(|(_, is_other)| *is_other);
    changed.from = from.map(|(source, _)| source).collect();
    Some(changed)
}
