//! The domain graph: which members are adjacent, and over which links.
//!
//! # The rule of adjacency
//!
//! Only members are in the graph. A link is told by the topology of the domain in which it starts;
//! two links are each other's reverse when they join the same two routers. Then:
//!
//! | A's topology | B's topology | the link |
//! |---|---|---|
//! | tells it | tells its reverse | is up |
//! | tells it | B exports none, or none with links | is up: A speaks for B |
//! | tells it | does not tell its reverse | is half-up and not used ([`DomainGraph::half_up`]); but see below |
//! | tells it | B is no member | is ignored |
//!
//! Two domains may name the ends of one link differently: one speaks BGP-LS and names routers, the
//! other exports interface addresses. So if A and B both tell links to each other and none has a
//! reverse, these are paired in order, and only what one of them tells more than the other is half-up.
//! Adjacency has the word of both then, too.
//!
//! Domains are adjacent when a link between them is up. Of parallel links between the same two
//! routers the first that A tells is paired with the first that B tells and so on, in order of
//! delay and bandwidth: nothing in the documents says which belongs to which.
//!
//! Borders that resource views tell ([`crate::Update::Borders`]) join a pair of members only if no
//! topology of either tells a link between the two, be it half-up: who exports a topology is
//! believed there.
//!
//! What is measured belongs to a direction. A's own word counts for the direction from A to B; what A
//! leaves out is taken from the reverse link that B tells. Some go together: the least and the longest
//! delay; and all bandwidths, so that residual and available bandwidth are those of whoever tells the
//! bandwidth.
//!
//! # Versions
//!
//! All that the rule asks about a link is said by the two domains that it joins. So links are judged
//! pair by pair, and a change is judged again only between the domains that it is about and those
//! that they or their neighbours name. The rows of all others are shared with the version before, as
//! are the pages of the [`Net`] that is made along.

mod derive;
mod judge;
mod version;

use std::sync::{Arc, OnceLock};

use nffg::{Bandwidth, Delay, DomainId, Performance, RouterId, RouterRef, Srlgs};
use petgraph::unionfind::UnionFind;

use crate::net::{EdgeId, Net, PAGE};
use crate::policy::Terms;
pub(crate) use version::{State, Strangers};

/// A member's position among the sorted members of one snapshot: the order of indexes is the order
/// of ids. It means nothing in another snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainIndex(u32);

impl DomainIndex {
    /// The domain at a position.
    pub(crate) const fn of(position: u32) -> Self {
        Self(position)
    }

    /// The position.
    #[must_use]
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }

    /// The position as nets have it.
    pub(crate) const fn point(self) -> u32 {
        self.0
    }
}

/// A link from one domain to an adjacent one, in one direction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    /// The router where it starts; `None` for a border that resource views tell.
    pub local: Option<RouterId>,
    /// The router where it ends; `None` for a border that resource views tell.
    pub remote: Option<RouterId>,
    /// One-way delay in this direction, where told.
    pub delay: Option<Delay>,
    /// Bandwidth in this direction, where told.
    pub bandwidth: Option<Bandwidth>,
    /// Shared risk link groups, as the domain where it starts numbers them; none if it does not tell the
    /// link. See [`Snapshot::risk_groups`](crate::Snapshot::risk_groups).
    pub srlgs: Srlgs,
    /// What else is measured in this direction. Searches and placements do not look at it.
    pub performance: Performance,
}

/// A neighbour of a domain, and the links that lead to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adjacency<'a> {
    /// The neighbour.
    pub to: DomainIndex,
    /// The parallel links towards it, sorted, at least one.
    pub links: &'a [Link],
}

/// A link that one member tells and the other member, which exports a topology too, does not, under
/// whatever name. It is not used; operators want to see it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HalfUp {
    /// Where it starts: the domain that tells it.
    pub src: RouterRef,
    /// Where it ends: the domain that does not.
    pub dst: RouterRef,
}

/// The neighbours of one domain. Versions share it while nothing in it is different.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Neighbours {
    /// In order, each once.
    to: Box<[DomainIndex]>,
    /// The links to each of them. Where domains join or leave, indexes change and this does not.
    links: Arc<[Arc<[Link]>]>,
    /// What policies say of the links to each of them; empty if they say nothing of any.
    terms: Box<[Terms]>,
    /// Those with whom it has half-up links, in order.
    half: Box<[HalfRow]>,
}

/// The half-up links that a domain tells to another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct HalfRow {
    to: DomainIndex,
    /// Sorted; empty if it is only the other that tells some.
    told: Arc<[HalfUp]>,
}

impl Neighbours {
    /// Keeps `terms` of the neighbours if they say anything.
    fn set_terms(&mut self, terms: Vec<Terms>) {
        if terms.iter().any(|terms| *terms != Terms::default()) {
            self.terms = terms.into();
        }
    }

    /// The domains with whom somebody tells a link or a border: all that the rule says something of.
    fn partners(&self) -> Vec<DomainIndex> {
        let half = self.half.iter().map(|half| half.to);
        let mut partners: Vec<_> = self.to.iter().copied().chain(half).collect();
        partners.sort_unstable();
        partners.dedup();
        partners
    }
}

/// The neighbours of up to [`PAGE`] domains.
type Page = Arc<[Arc<Neighbours>]>;

/// The graph of domains: undirected, at most one adjacency per pair, with the neighbours of each
/// domain in order. Immutable, cheap to clone; versions share what is the same in both.
#[derive(Clone, Debug, Default)]
pub struct DomainGraph {
    ids: Arc<[DomainId]>,
    pages: Vec<Page>,
    net: Arc<Net>,
    /// Gathered from the rows when first asked for.
    half_up: Arc<OnceLock<Vec<HalfUp>>>,
    /// Likewise.
    components: Arc<OnceLock<Components>>,
}

/// Which domains some path joins.
#[derive(Debug)]
struct Components {
    /// The domain that stands for each domain's connected component.
    label: Vec<u32>,
    /// How many domains the component has that a domain stands for.
    len: Vec<u32>,
}

impl DomainGraph {
    /// How many domains there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no domain.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The domains, in order.
    pub fn indices(&self) -> impl ExactSizeIterator<Item = DomainIndex> + use<> {
        (0..to_u32(self.ids.len())).map(DomainIndex)
    }

    /// The index of a member.
    #[must_use]
    pub fn index(&self, id: &DomainId) -> Option<DomainIndex> {
        self.ids
            .binary_search(id)
            .ok()
            .map(|at| DomainIndex(to_u32(at)))
    }

    /// The index of a domain that a point of the net belongs to; `None` if there are fewer domains.
    #[must_use]
    pub fn index_of(&self, domain: u32) -> Option<DomainIndex> {
        ((domain as usize) < self.len()).then_some(DomainIndex(domain))
    }

    /// The id of a domain.
    ///
    /// # Panics
    /// If `index` is of another graph, which has more domains.
    #[must_use]
    pub fn id(&self, index: DomainIndex) -> &DomainId {
        &self.ids[index.as_usize()]
    }

    /// The ids of all domains, in order.
    #[must_use]
    pub fn ids(&self) -> &[DomainId] {
        &self.ids
    }

    /// The neighbours of a domain, in order; none if `index` is of another, larger graph.
    pub fn neighbours(&self, index: DomainIndex) -> impl ExactSizeIterator<Item = Adjacency<'_>> {
        let (to, links) = match self.row(index) {
            Some(row) => (&*row.to, &*row.links),
            None => (&[][..], &[][..]),
        };
        to.iter()
            .zip(links)
            .map(|(to, links)| Adjacency { to: *to, links })
    }

    /// How `to` is reached from `from` over one border, if they are adjacent.
    #[must_use]
    pub fn adjacency(&self, from: DomainIndex, to: DomainIndex) -> Option<Adjacency<'_>> {
        let row = self.row(from)?;
        let at = row.to.binary_search(&to).ok()?;
        let links = row.links.get(at)?;
        Some(Adjacency { to, links })
    }

    /// The graph in the compact form on which searches run: a point per domain, an edge per link and
    /// direction. Delays above 4.29 s count as that; a delay that is not told as 0, a bandwidth that is
    /// not told as no limit. Roles and prices are what policies say ([`crate::DomainPolicy`]).
    #[must_use]
    pub fn net(&self) -> &Arc<Net> {
        &self.net
    }

    /// The link that an edge of [`Self::net`] stands for; `None` if it has no such edge.
    #[must_use]
    pub fn link(&self, edge: EdgeId) -> Option<&Link> {
        let from = self.index_of(edge.from)?;
        let row = self.net.row(edge.from);
        let nth = edge.nth as usize;
        let to = *row.to.get(nth)?;
        let first = row.to.partition_point(|other| *other < to);
        self.adjacency(from, DomainIndex(to))?
            .links
            .get(nth - first)
    }

    /// Whether some path joins the two. A domain is connected to itself.
    ///
    /// The first question of a version costs a pass over all adjacencies, unless it is plain that what
    /// changed since the version before joined or parted nobody.
    #[must_use]
    pub fn connected(&self, a: DomainIndex, b: DomainIndex) -> bool {
        let label = &self.components().label;
        match (label.get(a.as_usize()), label.get(b.as_usize())) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        }
    }

    /// The links that one end tells and the other, which exports a topology too, does not; sorted.
    #[must_use]
    pub fn half_up(&self) -> &[HalfUp] {
        self.half_up.get_or_init(|| {
            let rows = self.rows().flat_map(|row| &row.half);
            let mut all: Vec<HalfUp> = rows.flat_map(|half| &*half.told).cloned().collect();
            all.sort_unstable();
            all
        })
    }

    /// The links from one domain to another, sorted; none if they are not adjacent.
    pub(crate) fn links(&self, from: DomainIndex, to: DomainIndex) -> &[Link] {
        self.adjacency(from, to)
            .map_or(&[], |adjacency| adjacency.links)
    }

    /// The neighbours of a domain, in order.
    #[inline]
    pub(crate) fn targets(&self, index: DomainIndex) -> &[DomainIndex] {
        self.row(index).map_or(&[], |row| &row.to)
    }

    /// How many domains are connected to this one, itself included.
    pub(crate) fn component_len(&self, index: DomainIndex) -> usize {
        let Components { label, len } = self.components();
        let label = label.get(index.as_usize());
        let len = label.and_then(|label| len.get(*label as usize));
        len.map_or(0, |len| *len as usize)
    }

    /// Whether the two have the same domains, so that indexes mean the same in both, and this costs
    /// nothing to know.
    pub(crate) fn shares_ids(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.ids, &other.ids)
    }

    /// The domains whose rows the two do not share. They have the same domains.
    pub(crate) fn rows_not_shared(&self, other: &Self) -> Vec<DomainIndex> {
        let pages = self.pages.iter().zip(&other.pages).enumerate();
        let pages = pages.filter(|(_, (a, b))| !Arc::ptr_eq(a, b));
        let rows = pages.flat_map(|(page, (a, b))| {
            let rows = a.iter().zip(b.iter()).enumerate();
            let rows = rows.filter(|(_, (a, b))| !Arc::ptr_eq(a, b));
            rows.map(move |(at, _)| DomainIndex(to_u32(page * PAGE + at)))
        });
        rows.collect()
    }

    /// Whether a domain's links are those of a domain of the other graph, and the two share them.
    pub(crate) fn shares_links(&self, index: DomainIndex, other: (&Self, DomainIndex)) -> bool {
        match (self.row(index), other.0.row(other.1)) {
            (Some(a), Some(b)) => Arc::ptr_eq(&a.links, &b.links),
            _ => false,
        }
    }

    /// Whether the two have the same half-up links and share them.
    pub(crate) fn shares_half_up(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.half_up, &other.half_up)
    }

    #[inline]
    fn row(&self, index: DomainIndex) -> Option<&Arc<Neighbours>> {
        let at = index.as_usize();
        self.pages.get(at / PAGE)?.get(at % PAGE)
    }

    fn rows(&self) -> impl Iterator<Item = &Arc<Neighbours>> {
        self.pages.iter().flat_map(|page| page.iter())
    }

    fn components(&self) -> &Components {
        self.components.get_or_init(|| {
            let mut components = UnionFind::<u32>::new(self.len());
            for (from, row) in self.indices().zip(self.rows()) {
                for to in row.to.iter().take_while(|to| **to < from) {
                    components.union(from.0, to.0);
                }
            }
            // Unions were made in the order of domains: the same graph has the same labels.
            let label = components.into_labeling();
            let mut len = vec![0_u32; self.len()];
            for label in &label {
                len[*label as usize] += 1;
            }
            Components { label, len }
        })
    }
}

/// Equal content: shared or not.
impl PartialEq for DomainGraph {
    fn eq(&self, other: &Self) -> bool {
        self.ids == other.ids && self.pages == other.pages
    }
}

impl Eq for DomainGraph {}

/// A graph has fewer domains than `u32` can count: each has an id in memory.
pub(crate) fn to_u32(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
