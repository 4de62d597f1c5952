//! The compact form of the topology on which searches run.
//!
//! A *point* is where traffic can be: a domain as a whole, or, of a domain that charges or forbids
//! crossing, one of its borders. The first points are the domains, in their order; a *plain* net
//! has no others. An *edge* leads from one point to another, one way; parallel edges are kept. There
//! is one column per metric, so that a search reads only what it ranks by. A price that nobody
//! asks and a bandwidth that nobody tells take no memory.
//!
//! Points are kept in pages of [`PAGE`]. A version of a net shares with the one before every page
//! in which no edge changed: a change costs what it touched. Edges are read in both directions;
//! where those into the points of a page are the mirror of those out of them, they are kept once.

mod build;
mod edit;

use std::sync::Arc;

pub use build::NetBuilder;
pub use edit::RowChange;

/// Points per page.
pub const PAGE: usize = 64;

/// Bandwidth that is not told: no limit.
pub const UNLIMITED: u64 = u64::MAX;

/// What an edge is, seen from the point where it starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// To a domain whose relationship is not known: no rule applies.
    #[default]
    Unknown,
    /// To a provider: up.
    ToProvider,
    /// To a peer.
    ToPeer,
    /// To a customer: down.
    ToCustomer,
    /// Within a domain, from one of its points to another: crosses no border.
    Within,
}

impl Role {
    /// The role of the same link in the other direction.
    #[inline]
    #[must_use]
    pub const fn reverse(self) -> Self {
        match self {
            Self::ToProvider => Self::ToCustomer,
            Self::ToCustomer => Self::ToProvider,
            same => same,
        }
    }

    /// Borders crossed: 1, or 0 within a domain.
    #[inline]
    #[must_use]
    pub const fn hops(self) -> u32 {
        !matches!(self, Self::Within) as u32
    }
}

/// An edge, one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// The point to which it leads.
    pub to: u32,
    /// One-way delay in nanoseconds; 0 where not told. Longer ones count as [`u32::MAX`], 4.29 s.
    pub delay: u32,
    /// Price in thousandths of the federation's unit of account; 0 where not told.
    pub price: u32,
    /// Bandwidth in bits per second, [`UNLIMITED`] where not told.
    pub bandwidth: u64,
    /// What it is.
    pub role: Role,
}

/// The position of an edge: the point where it starts, and which of its edges it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeId {
    /// The point where it starts.
    pub from: u32,
    /// Its position in the row of that point.
    pub nth: u32,
}

/// The edges of a point, sorted by `to`; parallel ones in the order of the builder.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The other ends.
    pub to: &'a [u32],
    /// [`Edge::delay`].
    pub delay: &'a [u32],
    /// [`Edge::price`].
    pub price: &'a [u32],
    /// [`Edge::bandwidth`].
    pub bandwidth: &'a [u64],
    role: &'a [Role],
    /// The roles are those of the other direction.
    reversed: bool,
}

impl Row<'_> {
    /// How many edges there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.to.len()
    }

    /// Whether there is no edge.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.to.is_empty()
    }

    /// The role of an edge in its own direction: of [`Net::back`], from `to` to the point of the row.
    ///
    /// # Panics
    /// If there is no such edge.
    #[inline]
    #[must_use]
    pub fn role(&self, nth: usize) -> Role {
        let role = self.role[nth];
        if self.reversed { role.reverse() } else { role }
    }

    /// An edge by its position.
    ///
    /// # Panics
    /// If there is no such edge.
    #[inline]
    #[must_use]
    pub fn edge(&self, nth: usize) -> Edge {
        Edge {
            to: self.to[nth],
            delay: self.delay[nth],
            price: self.price[nth],
            bandwidth: self.bandwidth[nth],
            role: self.role(nth),
        }
    }

    /// The positions of the parallel edges to `to`; empty if there is none.
    #[inline]
    #[must_use]
    pub fn edges_to(&self, to: u32) -> std::ops::Range<usize> {
        let start = self.to.partition_point(|other| *other < to);
        let len = self.to[start..]
            .iter()
            .take_while(|other| **other == to)
            .count();
        start..start + len
    }
}

/// The edges of [`PAGE`] points, one column per metric.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Page {
    /// The edges of the page's point `i` are at `rows[i]..rows[i + 1]`.
    rows: Vec<u32>,
    to: Vec<u32>,
    delay: Vec<u32>,
    /// Empty if no edge has a price and every row is short ([`SHORT`]).
    price: Vec<u32>,
    /// Empty if no edge has a limit and every row is short.
    bandwidth: Vec<u64>,
    role: Vec<Role>,
}

/// Rows of at most so many edges can do without a column of equal values.
const SHORT: usize = 4096;

/// Their prices.
static FREE: [u32; SHORT] = [0; SHORT];

/// Their bandwidths.
static BOUNDLESS: [u64; SHORT] = [UNLIMITED; SHORT];

impl Page {
    #[inline]
    fn row(&self, at: usize, reversed: bool) -> Row<'_> {
        let (start, end) = (self.rows[at] as usize, self.rows[at + 1] as usize);
        Row {
            to: &self.to[start..end],
            delay: &self.delay[start..end],
            price: if self.price.is_empty() {
                &FREE[..end - start]
            } else {
                &self.price[start..end]
            },
            bandwidth: if self.bandwidth.is_empty() {
                &BOUNDLESS[..end - start]
            } else {
                &self.bandwidth[start..end]
            },
            role: &self.role[start..end],
            reversed,
        }
    }

    /// How many points it has.
    fn points(&self) -> usize {
        self.rows.len() - 1
    }

    /// Whether these are the rows of `forward` with the roles of the other direction.
    fn mirrors(&self, forward: &Self) -> bool {
        self.rows == forward.rows
            && self.to == forward.to
            && self.delay == forward.delay
            && self.price == forward.price
            && self.bandwidth == forward.bandwidth
            && self
                .role
                .iter()
                .zip(&forward.role)
                .all(|(a, b)| *a == b.reverse())
    }
}

/// A directed graph of points, immutable, cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Net {
    points: u32,
    domains: u32,
    edges: usize,
    /// The edges by where they start.
    forward: Vec<Arc<Page>>,
    /// The edges by where they end. A page is `None` if every edge into its points has a reverse with
    /// the same columns and the reverse role, so that the forward rows serve; so is the whole if all
    /// pages are.
    backward: Option<Vec<Option<Arc<Page>>>>,
    borders: Arc<Borders>,
}

/// The points that are not domains.
#[derive(Debug, Default, PartialEq, Eq)]
struct Borders {
    /// The domain of each point from the number of domains on.
    domain: Vec<u32>,
    /// The sink of each domain that has one of its own, sorted by domain.
    sinks: Vec<(u32, u32)>,
}

impl Net {
    /// How many points there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.points as usize
    }

    /// Whether there is no point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points == 0
    }

    /// How many domains there are: the points below are domains.
    #[must_use]
    pub fn domains(&self) -> usize {
        self.domains as usize
    }

    /// How many edges there are, one way each.
    #[must_use]
    pub fn edges(&self) -> usize {
        self.edges
    }

    /// Whether every point is a domain.
    #[inline]
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.points == self.domains
    }

    /// Whether every edge has a reverse that costs the same.
    #[must_use]
    pub fn is_symmetric(&self) -> bool {
        self.backward.is_none()
    }

    /// The edges that start at a point.
    ///
    /// # Panics
    /// If the net has no such point.
    #[inline]
    #[must_use]
    pub fn row(&self, point: u32) -> Row<'_> {
        self.forward[point as usize / PAGE].row(point as usize % PAGE, false)
    }

    /// The edges that end at a point: `to` is where each starts. The order of parallel edges is
    /// not that of the forward row.
    ///
    /// # Panics
    /// If the net has no such point.
    #[inline]
    #[must_use]
    pub fn back(&self, point: u32) -> Row<'_> {
        let (page, at) = (point as usize / PAGE, point as usize % PAGE);
        match &self.backward {
            None => self.forward[page].row(at, true),
            Some(pages) => match &pages[page] {
                None => self.forward[page].row(at, true),
                Some(page) => page.row(at, false),
            },
        }
    }

    /// An edge by its position; `None` if there is none.
    #[must_use]
    pub fn edge(&self, id: EdgeId) -> Option<Edge> {
        let row = (id.from < self.points).then(|| self.row(id.from))?;
        let nth = id.nth as usize;
        (nth < row.len()).then(|| row.edge(nth))
    }

    /// The points whose edges, out or in, are not those of `before`, in order; `None` if the two
    /// have other points, so that a number does not mean the same in both. What they share is not
    /// looked at: between two versions it costs what changed.
    #[must_use]
    pub fn changed_since(&self, before: &Self) -> Option<Vec<u32>> {
        let alike = self.points == before.points
            && self.domains == before.domains
            && self.borders == before.borders;
        alike.then(|| {
            let mut changed = Vec::new();
            let pages = self.forward.iter().zip(&before.forward).enumerate();
            for (page, _) in pages.filter(|(_, (now, then))| !Arc::ptr_eq(now, then)) {
                let first = page * PAGE;
                for point in first..(first + PAGE).min(self.len()) {
                    // The net numbers its points by `u32`.
                    let point = point as u32;
                    let (now, then) = (self.row(point), before.row(point));
                    let heads = changed_heads(then, now);
                    if !heads.is_empty() {
                        changed.push(point);
                        changed.extend(heads);
                    }
                }
            }
            changed.sort_unstable();
            changed.dedup();
            changed
        })
    }

    /// The domain of a point.
    #[inline]
    #[must_use]
    pub fn domain_of(&self, point: u32) -> u32 {
        match point.checked_sub(self.domains) {
            None => point,
            Some(at) => self.borders.domain[at as usize],
        }
    }

    /// Where paths that start in a domain start.
    #[inline]
    #[must_use]
    pub fn source(&self, domain: u32) -> u32 {
        domain
    }

    /// Where paths that end in a domain end. It is the source in a plain net; a domain whose
    /// borders are points has two, so that no path leads through it past its borders.
    #[inline]
    #[must_use]
    pub fn sink(&self, domain: u32) -> u32 {
        let sinks = &self.borders.sinks;
        match sinks.binary_search_by_key(&domain, |sink| sink.0) {
            Ok(at) => sinks[at].1,
            Err(_) => domain,
        }
    }
}

/// The points to which the edges of two rows are not the same, in order.
fn changed_heads(before: Row<'_>, after: Row<'_>) -> Vec<u32> {
    let mut heads = Vec::new();
    let (mut old, mut new) = (0, 0);
    while let Some(head) = before
        .to
        .get(old)
        .into_iter()
        .chain(after.to.get(new))
        .min()
    {
        let ahead =
            |row: &Row<'_>, at: usize| row.to[at..].iter().take_while(|to| *to == head).count();
        let (in_old, in_new) = (ahead(&before, old), ahead(&after, new));
        let same = in_old == in_new
            && (0..in_old).all(|nth| before.edge(old + nth) == after.edge(new + nth));
        if !same {
            heads.push(*head);
        }
        old += in_old;
        new += in_new;
    }
    heads
}

/// Equal content: pages are compared, their versions are not.
impl PartialEq for Net {
    fn eq(&self, other: &Self) -> bool {
        self.points == other.points
            && self.domains == other.domains
            && self.forward == other.forward
            && self.borders == other.borders
    }
}

impl Eq for Net {}
