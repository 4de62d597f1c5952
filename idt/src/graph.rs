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
//! Delay and bandwidth belong to a direction. A's own word counts for the direction from A to B;
//! what A leaves out is taken from the reverse link that B tells.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use nffg::{Bandwidth, Delay, DomainId, RouterId, RouterRef};
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::unionfind::UnionFind;
use petgraph::visit::EdgeRef;

use crate::{BorderLink, DomainTopology, InterLink};

/// A member's position among the sorted members of one snapshot: the order of indexes is the order
/// of ids. It means nothing in another snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainIndex(u32);

impl DomainIndex {
    /// The position.
    #[must_use]
    pub const fn as_usize(self) -> usize {
        self.0 as usize
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
}

/// A neighbour of a domain, and the links that lead to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjacency {
    /// The neighbour.
    pub to: DomainIndex,
    /// The parallel links towards it, sorted, at least one.
    pub links: Box<[Link]>,
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

/// The graph of domains: undirected, at most one adjacency per pair, in compressed rows with the
/// neighbours of each domain in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DomainGraph {
    ids: Vec<DomainId>,
    /// The neighbours of domain `i` are at `rows[i]..rows[i + 1]`; empty in the empty graph.
    rows: Vec<usize>,
    /// `to` of each adjacency, dense for the search.
    targets: Vec<DomainIndex>,
    adjacencies: Vec<Adjacency>,
    /// The domain that stands for each domain's connected component.
    component: Vec<u32>,
    /// How many domains the component has that a domain stands for.
    component_len: Vec<u32>,
    half_up: Vec<HalfUp>,
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

    /// The id of a domain.
    ///
    /// # Panics
    /// If `index` is of another graph, which has more domains.
    #[must_use]
    pub fn id(&self, index: DomainIndex) -> &DomainId {
        &self.ids[index.as_usize()]
    }

    /// The neighbours of a domain, in order; none if `index` is of another, larger graph.
    pub fn neighbours(&self, index: DomainIndex) -> impl ExactSizeIterator<Item = &Adjacency> {
        self.adjacencies[self.row(index)].iter()
    }

    /// How `to` is reached from `from` over one border, if they are adjacent.
    #[must_use]
    pub fn adjacency(&self, from: DomainIndex, to: DomainIndex) -> Option<&Adjacency> {
        let row = self.row(from);
        let at = self.targets[row.clone()].binary_search(&to).ok()?;
        self.adjacencies[row].get(at)
    }

    /// Whether some path joins the two. A domain is connected to itself.
    #[must_use]
    pub fn connected(&self, a: DomainIndex, b: DomainIndex) -> bool {
        match (
            self.component.get(a.as_usize()),
            self.component.get(b.as_usize()),
        ) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        }
    }

    /// The links that one end tells and the other, which exports a topology too, does not; sorted.
    #[must_use]
    pub fn half_up(&self) -> &[HalfUp] {
        &self.half_up
    }

    /// The neighbours of a domain, in order.
    #[inline]
    pub(crate) fn targets(&self, index: DomainIndex) -> &[DomainIndex] {
        &self.targets[self.row(index)]
    }

    /// How many domains are connected to this one, itself included.
    pub(crate) fn component_len(&self, index: DomainIndex) -> usize {
        let label = self.component.get(index.as_usize());
        let len = label.and_then(|label| self.component_len.get(*label as usize));
        len.map_or(0, |len| *len as usize)
    }

    #[inline]
    fn row(&self, index: DomainIndex) -> Range<usize> {
        match self.rows.get(index.as_usize()..) {
            Some([start, end, ..]) => *start..*end,
            _ => 0..0,
        }
    }

    /// The graph of `members` by the rule of adjacency.
    pub(crate) fn derive(
        members: &BTreeMap<DomainId, Option<Arc<DomainTopology>>>,
        borders: &[BorderLink],
    ) -> Self {
        let mut graph = Self {
            ids: members.keys().cloned().collect(),
            ..Self::default()
        };
        let told = Told::new(&graph, members);
        let mut arcs = told.judge(&mut graph.half_up, &graph.ids);
        for border in borders {
            let ends = (graph.index(&border.a), graph.index(&border.b));
            let (Some(a), Some(b)) = ends else { continue };
            if a != b && !told.pairs.contains(&(a.min(b), a.max(b))) {
                let &BorderLink {
                    delay, bandwidth, ..
                } = border;
                let link = Link {
                    local: None,
                    remote: None,
                    delay,
                    bandwidth,
                };
                arcs.push((a, b, link.clone()));
                arcs.push((b, a, link));
            }
        }
        graph.fill(arcs);
        graph
    }

    /// Fills rows and components. `arcs` has both directions of every link.
    fn fill(&mut self, mut arcs: Vec<(DomainIndex, DomainIndex, Link)>) {
        if self.is_empty() {
            return;
        }
        arcs.sort_unstable();
        let len = self.ids.len();
        let mut components = UnionFind::<u32>::new(len);
        self.rows.reserve_exact(len + 1);
        let mut arcs = arcs.into_iter().peekable();
        for from in self.indices() {
            self.rows.push(self.targets.len());
            while let Some((_, to, link)) = arcs.next_if(|(src, ..)| *src == from) {
                let mut links = vec![link];
                while let Some((.., link)) = arcs.next_if(|(s, d, _)| (*s, *d) == (from, to)) {
                    links.push(link);
                }
                components.union(from.0, to.0);
                self.targets.push(to);
                self.adjacencies.push(Adjacency {
                    to,
                    links: links.into(),
                });
            }
        }
        self.rows.push(self.targets.len());
        // Unions were made in the order of domains: the same graph has the same labels.
        self.component = components.into_labeling();
        let mut sizes = vec![0_u32; len];
        for label in &self.component {
            sizes[*label as usize] += 1;
        }
        self.component_len = sizes;
    }
}

/// A graph has fewer domains than `u32` can count: each has an id in memory.
pub(crate) fn to_u32(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

/// A border router of a member.
type Border<'a> = (DomainIndex, &'a RouterId);

/// Every inter-domain link that members tell of one another: border routers, and between them the
/// links as told, one way each, parallel ones side by side.
struct Told<'a> {
    links: DiGraph<Border<'a>, &'a InterLink>,
    /// Pairs of domains, the smaller first, of which one at least tells a link between them.
    pairs: BTreeSet<(DomainIndex, DomainIndex)>,
    /// Which members export a topology that tells of links.
    tells_links: Vec<bool>,
}

impl<'a> Told<'a> {
    fn new(
        graph: &DomainGraph,
        members: &'a BTreeMap<DomainId, Option<Arc<DomainTopology>>>,
    ) -> Self {
        let tells_links = |topology: &Option<Arc<DomainTopology>>| {
            topology
                .as_ref()
                .is_some_and(|told| !told.is_silent_on_links())
        };
        let tells_links = members.values().map(tells_links).collect();
        let mut told = Self {
            links: DiGraph::new(),
            pairs: BTreeSet::new(),
            tells_links,
        };
        let mut routers: BTreeMap<Border<'a>, NodeIndex> = BTreeMap::new();
        for (domain, topology) in graph.indices().zip(members.values()) {
            for link in topology.iter().flat_map(|topology| topology.inter_links()) {
                let Some(remote) = graph.index(&link.remote.domain) else {
                    continue;
                };
                let mut node = |border: Border<'a>| {
                    *routers
                        .entry(border)
                        .or_insert_with(|| told.links.add_node(border))
                };
                let (src, dst) = (
                    node((domain, &link.router)),
                    node((remote, &link.remote.router)),
                );
                told.links.add_edge(src, dst, link);
                told.pairs.insert((domain.min(remote), domain.max(remote)));
            }
        }
        told
    }

    /// Pairs every link with its reverse and judges it by the rule. Returns both directions of the
    /// links that are up.
    fn judge(
        &self,
        half_up: &mut Vec<HalfUp>,
        ids: &[DomainId],
    ) -> Vec<(DomainIndex, DomainIndex, Link)> {
        let mut arcs = Vec::new();
        let mut left: BTreeMap<(DomainIndex, DomainIndex), LeftOver<'a>> = BTreeMap::new();
        // Pairs of domains that name a link alike, so that one without a reverse is told by one only.
        let mut agreed = BTreeSet::new();
        for node in self.links.node_indices() {
            let a = self.links[node];
            // Each pair of routers once: from the one whose domain comes first. One pass over the
            // links of a router and one sort, since a domain may tell any number of them.
            let there = self
                .links
                .edges(node)
                .map(|edge| (edge.target(), false, *edge.weight()));
            let back = self.links.edges_directed(node, Direction::Incoming);
            let back = back.map(|edge| (edge.source(), true, *edge.weight()));
            let mut links: Vec<_> = there
                .chain(back)
                .filter(|(other, ..)| a < self.links[*other])
                .collect();
            links.sort_unstable();
            for links in links.chunk_by(|one, next| one.0 == next.0) {
                let b = self.links[links[0].0];
                let (there, back) = links.split_at(links.partition_point(|(_, back, _)| !back));
                let nth = |links: &[(NodeIndex, bool, &'a InterLink)], nth: usize| {
                    links.get(nth).map(|link| link.2)
                };
                for at in 0..there.len().max(back.len()) {
                    match (nth(there, at), nth(back, at)) {
                        (Some(link), None) if self.tells_links[b.0.as_usize()] => {
                            left.entry((a.0, b.0)).or_default().there.push((a, b, link));
                        }
                        (None, Some(link)) if self.tells_links[a.0.as_usize()] => {
                            left.entry((a.0, b.0)).or_default().back.push((b, a, link));
                        }
                        (there, back) => {
                            if there.is_some() && back.is_some() {
                                agreed.insert((a.0, b.0));
                            }
                            arcs.push((a.0, b.0, one_way(a, b, there, back)));
                            arcs.push((b.0, a.0, one_way(b, a, back, there)));
                        }
                    }
                }
            }
        }
        for (pair, left) in left {
            left.judge(!agreed.contains(&pair), &mut arcs, half_up, ids);
        }
        half_up.sort_unstable();
        half_up.dedup();
        arcs
    }
}

/// A link as one of two domains tells it: from, to, and what it says.
type ToldLink<'a> = (Border<'a>, Border<'a>, &'a InterLink);

/// Links between two domains that both tell links, without their reverse: those that the first tells,
/// and those that the second does.
#[derive(Default)]
struct LeftOver<'a> {
    there: Vec<ToldLink<'a>>,
    back: Vec<ToldLink<'a>>,
}

impl LeftOver<'_> {
    /// Pairs the two sides if they may be `paired`.
    fn judge(
        mut self,
        paired: bool,
        arcs: &mut Vec<(DomainIndex, DomainIndex, Link)>,
        half_up: &mut Vec<HalfUp>,
        ids: &[DomainId],
    ) {
        let order = |a: &ToldLink<'_>, b: &ToldLink<'_>| (a.2, a.0).cmp(&(b.2, b.0));
        self.there.sort_unstable_by(order);
        self.back.sort_unstable_by(order);
        let pairs = if paired {
            self.there.len().min(self.back.len())
        } else {
            0
        };
        // Of several pairs nobody knows which belongs to which, so none fills in for the other.
        let sure = self.there.len() == 1 && self.back.len() == 1;
        for (own, reverse) in [(&self.there, &self.back), (&self.back, &self.there)] {
            for (at, &(src, dst, link)) in own.iter().enumerate() {
                if at < pairs {
                    let reverse = reverse.get(at).map(|told| told.2).filter(|_| sure);
                    arcs.push((src.0, dst.0, one_way(src, dst, Some(link), reverse)));
                } else {
                    half_up.push(half(ids, src, dst));
                }
            }
        }
    }
}

/// The link from `src` to `dst`: told by `own`, and where that is silent by its reverse.
fn one_way(
    src: Border<'_>,
    dst: Border<'_>,
    own: Option<&InterLink>,
    reverse: Option<&InterLink>,
) -> Link {
    let delay = |link: Option<&InterLink>| link.and_then(|link| link.delay);
    let bandwidth = |link: Option<&InterLink>| link.and_then(|link| link.bandwidth);
    Link {
        local: Some(src.1.clone()),
        remote: Some(dst.1.clone()),
        delay: delay(own).or_else(|| delay(reverse)),
        bandwidth: bandwidth(own).or_else(|| bandwidth(reverse)),
    }
}

fn half(ids: &[DomainId], src: Border<'_>, dst: Border<'_>) -> HalfUp {
    let router = |(domain, router): Border<'_>| RouterRef {
        domain: ids[domain.as_usize()].clone(),
        router: router.clone(),
    };
    HalfUp {
        src: router(src),
        dst: router(dst),
    }
}
