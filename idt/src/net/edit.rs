//! A new version of a net, made of the one before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Borders, Edge, Net, PAGE, Page, changed_heads};

/// The edges that a point has from now on, in place of those before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowChange {
    /// The point.
    pub point: u32,
    /// All its edges. They are sorted by where they lead; parallel ones keep their order.
    pub edges: Vec<Edge>,
}

impl Net {
    /// The net with other rows. Of several changes of one point the last counts. Changes of points
    /// and edges to points that the net does not have are left out.
    ///
    /// Pages in which no edge starts or ends that changed are shared. The cost is that of the
    /// others, and of copying a pointer per page.
    #[must_use]
    pub fn with(&self, changes: impl IntoIterator<Item = RowChange>) -> Self {
        let mut rows = BTreeMap::new();
        for RowChange { point, mut edges } in changes {
            if point < self.points {
                edges.retain(|edge| edge.to < self.points);
                edges.sort_by_key(|edge| edge.to);
                rows.insert(point, edges);
            }
        }
        let mut next = self.clone();
        next.replace_rows(&rows);
        // Which edges changed: where they end, and where they start.
        let mut met = Vec::new();
        for point in rows.keys() {
            let heads = changed_heads(self.row(*point), next.row(*point));
            met.extend(heads.into_iter().map(|head| (head, *point)));
        }
        met.sort_unstable();
        // A page may mirror its forward rows no longer when either side of it changed.
        let touched: BTreeSet<usize> = met
            .iter()
            .flat_map(|(head, point)| [head, point])
            .map(|point| *point as usize / PAGE)
            .collect();
        let mut backward = self
            .backward
            .clone()
            .unwrap_or_else(|| vec![None; self.forward.len()]);
        for at in touched {
            let first = (at * PAGE) as u32;
            let start = met.partition_point(|(head, _)| *head < first);
            let end = met.partition_point(|(head, _)| *head < first + PAGE as u32);
            let page = self.turned_page(at, &next, &met[start..end]);
            backward[at] = (!page.mirrors(&next.forward[at])).then(|| Arc::new(page));
        }
        next.backward = backward.iter().any(Option::is_some).then_some(backward);
        next
    }

    /// A plain net and more points, without edges: the domain of each and whether it is its sink, in
    /// order of domains. All pages are shared but the last, if it has room.
    pub(crate) fn extended(&self, more: &[(u32, bool)]) -> Self {
        let mut next = self.clone();
        // Points are numbered by `u32`: each takes memory, so there are fewer.
        let mut left = more.len() as u32;
        next.points += left;
        next.borders = Arc::new(Borders {
            domain: more.iter().map(|point| point.0).collect(),
            sinks: (self.points..)
                .zip(more)
                .filter(|(_, (_, is_sink))| *is_sink)
                .map(|(point, (domain, _))| (*domain, point))
                .collect(),
        });
        let room = self.forward.last().map_or(0, |page| PAGE - page.points());
        let filled = left.min(room as u32);
        if let Some(page) = next.forward.last_mut().filter(|_| filled > 0) {
            Arc::make_mut(page).push_empty(filled);
        }
        if let Some(Some(page)) = next.backward.iter_mut().flatten().last()
            && filled > 0
        {
            Arc::make_mut(page).push_empty(filled);
        }
        left -= filled;
        while left > 0 {
            let len = left.min(PAGE as u32);
            let mut page = Page::with_capacity(0);
            page.push_empty(len);
            next.forward.push(Arc::new(page));
            if let Some(backward) = &mut next.backward {
                backward.push(None);
            }
            left -= len;
        }
        next
    }

    /// Puts `rows` in the place of those that there are.
    fn replace_rows(&mut self, rows: &BTreeMap<u32, Vec<Edge>>) {
        let mut rows = rows.iter().peekable();
        while let Some((first, _)) = rows.peek() {
            let at = **first as usize / PAGE;
            let old = &self.forward[at];
            let mut page = Page::with_capacity(old.to.len());
            for nth in 0..old.points() {
                match rows.next_if(|(point, _)| **point as usize == at * PAGE + nth) {
                    Some((_, edges)) => page.push_row(edges.iter().copied()),
                    None => page.copy_row(old, nth, false),
                }
            }
            self.edges = self.edges - old.to.len() + page.to.len();
            // A row that is as it was is no change.
            let page = page.finish();
            if page != **old {
                self.forward[at] = Arc::new(page);
            }
        }
    }

    /// A page of backward rows of `next`, made of those of this net. `met` has the changed edges into
    /// its points, by where they end and where they start, sorted.
    fn turned_page(&self, at: usize, next: &Self, met: &[(u32, u32)]) -> Page {
        let (old, reversed) = match self.backward.as_ref().and_then(|pages| pages[at].as_ref()) {
            Some(page) => (page, false),
            None => (&self.forward[at], true),
        };
        let mut met = met.iter().copied().peekable();
        let mut page = Page::with_capacity(old.to.len());
        for nth in 0..old.points() {
            // The net numbers its points by `u32`.
            let head = (at * PAGE + nth) as u32;
            if met.peek().is_none_or(|(other, _)| *other != head) {
                page.copy_row(old, nth, reversed);
                continue;
            }
            let before = old.row(nth, reversed);
            let mut edges = Vec::with_capacity(before.len());
            let mut place = 0;
            while let Some((_, point)) = met.next_if(|(other, _)| *other == head) {
                let until = before.to.partition_point(|to| *to < point);
                edges.extend((place..until).map(|nth| before.edge(nth)));
                place = before.to.partition_point(|to| *to <= point);
                let row = next.row(point);
                edges.extend(row.edges_to(head).map(|nth| Edge {
                    to: point,
                    ..row.edge(nth)
                }));
            }
            edges.extend((place..before.len()).map(|nth| before.edge(nth)));
            page.push_row(edges.into_iter());
        }
        page.finish()
    }
}
