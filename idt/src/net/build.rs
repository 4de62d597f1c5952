//! From a list of edges to a net.

use std::sync::Arc;

use super::{Borders, Edge, Net, PAGE, Page, Role, SHORT, UNLIMITED};

/// Gathers points and edges.
#[derive(Debug, Default)]
pub struct NetBuilder {
    domains: u32,
    borders: Borders,
    told: Vec<Told>,
    /// The price of each; empty as long as all are 0.
    price: Vec<u32>,
    /// The bandwidth of each; empty as long as all are [`UNLIMITED`].
    bandwidth: Vec<u64>,
}

/// An edge without what is seldom told.
#[derive(Clone, Copy, Debug)]
struct Told {
    from: u32,
    to: u32,
    delay: u32,
    role: Role,
    /// It stands for its reverse too, which costs the same.
    both: bool,
}

impl NetBuilder {
    /// A net of this many domains, without edges.
    #[must_use]
    pub fn new(domains: u32) -> Self {
        Self {
            domains,
            ..Self::default()
        }
    }

    /// Makes room for this many edges more, or links told together with their reverse.
    pub fn reserve(&mut self, edges: usize) {
        self.told.reserve(edges);
    }

    /// A point more: a border of `domain`.
    pub fn border(&mut self, domain: u32) -> u32 {
        let point = self.points();
        self.borders.domain.push(domain);
        point
    }

    /// The point where paths that end in `domain` end from now on. Call it once per domain, in
    /// order of domains.
    pub fn sink(&mut self, domain: u32) -> u32 {
        let point = self.border(domain);
        self.borders.sinks.push((domain, point));
        point
    }

    /// An edge. Edges of one point to another are kept in the order of the calls. It is quickest to
    /// tell a link and its reverse one after the other.
    #[inline]
    pub fn edge(&mut self, from: u32, edge: Edge) {
        let Edge {
            to,
            delay,
            price,
            bandwidth,
            role,
        } = edge;
        if let Some(last) = self.told.last_mut()
            && !last.both
            && (last.from, last.to, last.delay) == (to, from, delay)
            && last.role == role.reverse()
            // From a point to itself, both would be in one row, where their order counts.
            && from != to
            && self.price.last().copied().unwrap_or(0) == price
            && self.bandwidth.last().copied().unwrap_or(UNLIMITED) == bandwidth
        {
            last.both = true;
            return;
        }
        tell(&mut self.price, self.told.len(), price, 0);
        tell(&mut self.bandwidth, self.told.len(), bandwidth, UNLIMITED);
        self.told.push(Told {
            from,
            to,
            delay,
            role,
            both: false,
        });
    }

    fn points(&self) -> u32 {
        // Points are numbered by `u32`: each takes memory, so there are fewer.
        self.domains + u32::try_from(self.borders.domain.len()).unwrap_or(u32::MAX)
    }

    /// The net. Edges that start or end at no point of it are left out.
    #[must_use]
    pub fn build(mut self) -> Net {
        let points = self.points();
        let both = self.leave_out(points);
        let mut net = Net {
            points,
            domains: self.domains,
            edges: self.told.len() + both,
            forward: self.pages(points),
            backward: None,
            borders: Arc::default(),
        };
        // Where every edge was told together with its reverse, parallel edges are in the same order
        // at both ends. Else whether the net is symmetric has to be searched.
        if both < self.told.len() && !net.mirrors() {
            for told in &mut self.told {
                if !told.both {
                    std::mem::swap(&mut told.from, &mut told.to);
                } else {
                    told.role = told.role.reverse();
                }
            }
            // Parallel edges in the order of the forward row, which is that of the builder.
            net.set_backward(self.pages(points));
        }
        net.borders = Arc::new(self.borders);
        net
    }

    /// Leaves out edges that start or end at no point. Returns how many stand for their reverse too.
    fn leave_out(&mut self, points: u32) -> usize {
        let inside = |told: &Told| told.from < points && told.to < points;
        let (mut outside, mut both) = (false, 0);
        for told in &self.told {
            outside |= !inside(told);
            both += usize::from(told.both);
        }
        if !outside {
            return both;
        }
        let keep: Vec<bool> = self.told.iter().map(inside).collect();
        retain(&mut self.told, &keep);
        retain(&mut self.price, &keep);
        retain(&mut self.bandwidth, &keep);
        self.told.iter().filter(|told| told.both).count()
    }

    /// The edges by where they start: a counting sort by that end, then each row by the other.
    fn pages(&self, points: u32) -> Vec<Arc<Page>> {
        // Edges are counted by `u32`: each takes memory, so there are fewer.
        let mut next = vec![0_u32; points as usize + 1];
        for told in &self.told {
            next[told.from as usize + 1] += 1;
            next[told.to as usize + 1] += u32::from(told.both);
        }
        for at in 1..next.len() {
            next[at] += next[at - 1];
        }
        let len = next[points as usize];
        // After this `next[p]` is where the row of `p` ends, and so where that of `p + 1` starts.
        let mut placed: Vec<Placed> = vec![[0; 3]; len as usize];
        let mut place = |from: u32, edge: Placed| {
            let place = &mut next[from as usize];
            placed[*place as usize] = edge;
            *place += 1;
        };
        if self.price.is_empty() && self.bandwidth.is_empty() {
            for told in &self.told {
                place(told.from, [told.to, told.delay, told.role as u32]);
                if told.both {
                    place(told.to, [told.from, told.delay, told.role.reverse() as u32]);
                }
            }
            let role = |placed: &Placed| ROLES[placed[2] as usize % ROLES.len()];
            self.cut(&next[..points as usize], &mut placed, role)
        } else {
            for (at, told) in self.told.iter().enumerate() {
                let at = 2 * at as u32;
                place(told.from, [told.to, told.delay, at]);
                if told.both {
                    place(told.to, [told.from, told.delay, at + 1]);
                }
            }
            let role = |placed: &Placed| {
                let role = self.told[placed[2] as usize / 2].role;
                if placed[2] % 2 == 1 {
                    role.reverse()
                } else {
                    role
                }
            };
            self.cut(&next[..points as usize], &mut placed, role)
        }
    }

    /// Cuts the rows, which end at `ends`, into pages.
    fn cut(
        &self,
        ends: &[u32],
        placed: &mut [Placed],
        role: impl Fn(&Placed) -> Role,
    ) -> Vec<Arc<Page>> {
        let mut pages = Vec::with_capacity(ends.len().div_ceil(PAGE));
        let mut start = 0;
        for ends in ends.chunks(PAGE) {
            let first = start;
            let mut page = Page::default();
            page.rows.reserve_exact(ends.len() + 1);
            page.rows.push(0);
            for end in ends {
                let row = &mut placed[start as usize..*end as usize];
                // Lists are often in order. Parallel edges stay in theirs.
                if !row.is_sorted_by_key(|edge| edge[0]) {
                    row.sort_by_key(|edge| edge[0]);
                }
                start = *end;
                page.rows.push(start - first);
            }
            let placed = &placed[first as usize..start as usize];
            page.to = placed.iter().map(|edge| edge[0]).collect();
            page.delay = placed.iter().map(|edge| edge[1]).collect();
            page.role = placed.iter().map(&role).collect();
            let long = page.is_long();
            if long || !self.price.is_empty() {
                let price = |edge: &Placed| self.price.get(edge[2] as usize / 2);
                page.price = placed
                    .iter()
                    .map(|edge| price(edge).copied().unwrap_or(0))
                    .collect();
            }
            if long || !self.bandwidth.is_empty() {
                let bandwidth = |edge: &Placed| self.bandwidth.get(edge[2] as usize / 2);
                let bandwidth = |edge| bandwidth(edge).copied().unwrap_or(UNLIMITED);
                page.bandwidth = placed.iter().map(bandwidth).collect();
            }
            page.leave_out_equal(long);
            pages.push(Arc::new(page));
        }
        pages
    }
}

/// An edge in its row: where it leads, its delay, and its role or, if prices or bandwidths are told,
/// twice its place in the list, and one more for the reverse. Numbers, so that memory comes zeroed.
type Placed = [u32; 3];

/// By their numbers.
const ROLES: [Role; 5] = [
    Role::Unknown,
    Role::ToProvider,
    Role::ToPeer,
    Role::ToCustomer,
    Role::Within,
];

/// Appends to a column of `len` values, which is empty as long as all of them are `usual`.
#[inline]
fn tell<T: Copy + PartialEq>(column: &mut Vec<T>, len: usize, value: T, usual: T) {
    if column.is_empty() && value != usual {
        column.resize(len, usual);
        column.push(value);
    } else if !column.is_empty() {
        column.push(value);
    }
}

fn retain<T>(column: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    column.retain(|_| keep.next().is_some_and(|keep| *keep));
}

impl Page {
    pub(super) fn with_capacity(edges: usize) -> Self {
        let mut rows = Vec::with_capacity(PAGE + 1);
        rows.push(0);
        Self {
            rows,
            to: Vec::with_capacity(edges),
            delay: Vec::with_capacity(edges),
            price: Vec::with_capacity(edges),
            bandwidth: Vec::with_capacity(edges),
            role: Vec::with_capacity(edges),
        }
    }

    /// Appends a row to a page that has all columns.
    pub(super) fn push_row(&mut self, edges: impl Iterator<Item = Edge>) {
        for edge in edges {
            self.to.push(edge.to);
            self.delay.push(edge.delay);
            self.price.push(edge.price);
            self.bandwidth.push(edge.bandwidth);
            self.role.push(edge.role);
        }
        self.rows.push(self.len());
    }

    /// Appends rows without edges.
    pub(super) fn push_empty(&mut self, rows: u32) {
        self.rows
            .extend(std::iter::repeat_n(self.len(), rows as usize));
    }

    /// Appends the row of another page, with the roles of the other direction if `reversed`.
    pub(super) fn copy_row(&mut self, page: &Self, at: usize, reversed: bool) {
        let row = page.row(at, false);
        self.to.extend_from_slice(row.to);
        self.delay.extend_from_slice(row.delay);
        self.price.extend_from_slice(row.price);
        self.bandwidth.extend_from_slice(row.bandwidth);
        if reversed {
            self.role.extend(row.role.iter().map(|role| role.reverse()));
        } else {
            self.role.extend_from_slice(row.role);
        }
        self.rows.push(self.len());
    }

    /// The page, without columns that say the same of every edge.
    pub(super) fn finish(mut self) -> Self {
        let long = self.is_long();
        self.leave_out_equal(long);
        self
    }

    /// Whether a row is longer than what is kept of equal values.
    fn is_long(&self) -> bool {
        self.rows
            .windows(2)
            .any(|ends| (ends[1] - ends[0]) as usize > SHORT)
    }

    fn leave_out_equal(&mut self, long: bool) {
        if !long && self.price.iter().all(|price| *price == 0) {
            self.price = Vec::new();
        }
        if !long
            && self
                .bandwidth
                .iter()
                .all(|bandwidth| *bandwidth == UNLIMITED)
        {
            self.bandwidth = Vec::new();
        }
    }

    /// How many edges it has: fewer than `u32` counts, as in the whole net.
    fn len(&self) -> u32 {
        u32::try_from(self.to.len()).unwrap_or(u32::MAX)
    }
}

impl Net {
    /// Whether every edge has a reverse that costs the same: the n-th of parallel edges is the
    /// reverse of the n-th.
    ///
    /// One pass. Rows are sorted by where they lead, so those who lead to a point come in the order
    /// of its own row: `seen` is how far each row has been met from the other side.
    fn mirrors(&self) -> bool {
        let mut seen = vec![0_u32; self.len()];
        for point in 0..self.points {
            let row = self.row(point);
            let below = row.to.partition_point(|to| *to < point);
            // Edges to points before this one were met from there.
            if seen[point as usize] as usize != below {
                return false;
            }
            for nth in below..row.len() {
                let edge = row.edge(nth);
                let place = &mut seen[edge.to as usize];
                let there = self.row(edge.to);
                let reverse = Edge {
                    to: point,
                    role: edge.role.reverse(),
                    ..edge
                };
                if *place as usize >= there.len() || there.edge(*place as usize) != reverse {
                    return false;
                }
                *place += 1;
            }
        }
        true
    }

    /// Keeps of the backward rows the pages for which the forward ones do not serve.
    pub(super) fn set_backward(&mut self, pages: Vec<Arc<Page>>) {
        let kept = pages.into_iter().zip(&self.forward);
        let kept: Vec<_> = kept
            .map(|(page, forward)| (!page.mirrors(forward)).then_some(page))
            .collect();
        self.backward = kept.iter().any(Option::is_some).then_some(kept);
    }
}
