//! The best paths from a source by any order in which a longer path is never better and a better beginning
//! never makes a worse path (Dijkstra 1959; Sobrinho 2002 on which orders these are).

use std::collections::BinaryHeap;

use idt::net::{Net, Row};
use idt::search::{Budget, Spent};

/// The space that searches work in, and what the last one found. Of two labels the greater is the better.
pub(super) struct Space<L> {
    known: Vec<Option<L>>,
    settled: Vec<bool>,
    /// The points written to.
    touched: Vec<u32>,
    heap: BinaryHeap<(L, u32)>,
}

impl<L: Copy + Ord> Default for Space<L> {
    fn default() -> Self {
        Self {
            known: Vec::new(),
            settled: Vec::new(),
            touched: Vec::new(),
            heap: BinaryHeap::new(),
        }
    }
}

impl<L: Copy + Ord> Space<L> {
    /// The label of a point that was asked for; `None` if no path leads there.
    pub(super) fn label(&self, point: u32) -> Option<L> {
        self.known.get(point as usize).copied().flatten()
    }

    /// Finds the labels of all of `to`: `source` has `start`, and a path that has a label before an edge has
    /// `through` of it after the edge; `None` where paths do not use it. A step is an edge looked at.
    pub(super) fn search(
        &mut self,
        net: &Net,
        (source, start): (u32, L),
        to: &[u32],
        through: impl Fn(L, &Row<'_>, usize) -> Option<L>,
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        self.known.resize(net.len(), None);
        self.settled.resize(net.len(), false);
        for point in self.touched.drain(..) {
            self.known[point as usize] = None;
            self.settled[point as usize] = false;
        }
        self.heap.clear();
        // How many that are asked for are not settled; one asked for twice counts twice and is settled
        // once, which costs no more than a search to the end.
        let mut left = to.len();
        let mut wanted = to.to_vec();
        wanted.sort_unstable();
        self.known[source as usize] = Some(start);
        self.touched.push(source);
        self.heap.push((start, source));
        while let Some((label, point)) = self.heap.pop() {
            if std::mem::replace(&mut self.settled[point as usize], true) {
                continue;
            }
            if wanted.binary_search(&point).is_ok() {
                left -= 1;
                if left == 0 {
                    break;
                }
            }
            let row = net.row(point);
            budget.spend(row.len())?;
            for (nth, next) in row.to.iter().enumerate() {
                let Some(label) = through(label, &row, nth) else {
                    continue;
                };
                let known = &mut self.known[*next as usize];
                if known.is_none_or(|known| label > known) {
                    if known.is_none() {
                        self.touched.push(*next);
                    }
                    *known = Some(label);
                    self.heap.push((label, *next));
                }
            }
        }
        Ok(())
    }
}
