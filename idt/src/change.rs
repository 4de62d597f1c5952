//! What is different between two snapshots, as events in order.

mod words;

use std::cmp::Ordering;
use std::iter;
use std::sync::Arc;

use imbl::ordmap::DiffItem;
use ipnet::IpNet;
use nffg::{DomainId, RouterId};

use crate::graph::to_u32;
use crate::{
    Adjacency, DomainGraph, DomainIndex, DomainTopology, HalfUp, InterLink, IntraLink, Snapshot,
};

/// One difference between two snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The domain is a member now, with the topology that it exports, if any.
    Joined(DomainId),
    /// The domain is no member any more, and its topology is gone.
    Left(DomainId),
    /// The member exports a topology, which it did not.
    TopologyAppeared(DomainId),
    /// The member exports no topology any more: its neighbours may speak for it.
    TopologyGone(DomainId),
    /// The member's topology is different.
    Topology(Box<TopologyChange>),
    /// What the member declares ([`crate::DomainPolicy`]) is different: it declares something else, or
    /// something for the first time, or nothing any more.
    Policy(DomainId),
    /// What the member announces of its links ([`nffg::Window`]) is different.
    Windows(DomainId),
    /// The two are adjacent now.
    AdjacencyUp {
        /// The domain that comes first by id.
        a: DomainId,
        /// The other one.
        b: DomainId,
    },
    /// The two are not adjacent any more.
    AdjacencyDown {
        /// The domain that comes first by id.
        a: DomainId,
        /// The other one.
        b: DomainId,
    },
    /// The two are adjacent as before, over other links in one direction or both, or over links with
    /// other attributes.
    AdjacencyChanged {
        /// The domain that comes first by id.
        a: DomainId,
        /// The other one.
        b: DomainId,
    },
    /// The link is half-up, which it was not.
    HalfUpAppeared(HalfUp),
    /// The link is not half-up any more: it is mended, told no longer, or one of its domains left.
    HalfUpGone(HalfUp),
}

/// What of a member's topology is different: at least one part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopologyChange {
    /// The member.
    pub domain: DomainId,
    /// Its routers.
    pub routers: Delta<RouterId>,
    /// Its links within the domain. One whose attributes are different is removed and added.
    pub intra_links: Delta<IntraLink>,
    /// Its links to other domains. One whose attributes are different is removed and added.
    pub inter_links: Delta<InterLink>,
    /// The prefixes that are reached in it.
    pub prefixes: Delta<IpNet>,
    /// Whether its source knows no links at all ([`DomainTopology::is_silent_on_links`]), if that is
    /// different: what it is now.
    pub silent_on_links: Option<bool>,
}

/// What is in one of two lists only. Both parts are sorted, each element once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta<T> {
    /// What was not there.
    pub added: Vec<T>,
    /// What is gone.
    pub removed: Vec<T>,
}

impl<T> Delta<T> {
    /// Whether nothing is different.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

impl<T: Clone + Ord> Delta<T> {
    /// Of two lists, each sorted and without repetition.
    fn between(before: &[T], after: &[T]) -> Self {
        let mut delta = Self {
            added: Vec::new(),
            removed: Vec::new(),
        };
        for found in side_by_side(before, after, Ord::cmp) {
            match found {
                Found::Before(one) => delta.removed.push(one.clone()),
                Found::After(one) => delta.added.push(one.clone()),
                Found::Both(..) => {}
            }
        }
        delta
    }
}

impl TopologyChange {
    /// `None` if the two are equal.
    fn between(before: &DomainTopology, after: &DomainTopology) -> Option<Self> {
        let silent = after.is_silent_on_links();
        let change = Self {
            domain: after.domain().clone(),
            routers: Delta::between(before.routers(), after.routers()),
            intra_links: Delta::between(before.intra_links(), after.intra_links()),
            inter_links: Delta::between(before.inter_links(), after.inter_links()),
            prefixes: Delta::between(before.prefixes(), after.prefixes()),
            silent_on_links: (silent != before.is_silent_on_links()).then_some(silent),
        };
        let same = change.routers.is_empty()
            && change.intra_links.is_empty()
            && change.inter_links.is_empty()
            && change.prefixes.is_empty()
            && change.silent_on_links.is_none();
        (!same).then_some(change)
    }
}

impl Change {
    /// The kind in a word, in lower case with hyphens. Programs may rely on it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Joined(_) => "joined",
            Self::Left(_) => "left",
            Self::TopologyAppeared(_) => "topology-appeared",
            Self::TopologyGone(_) => "topology-gone",
            Self::Topology(_) => "topology",
            Self::Policy(_) => "policy",
            Self::Windows(_) => "windows",
            Self::AdjacencyUp { .. } => "adjacency-up",
            Self::AdjacencyDown { .. } => "adjacency-down",
            Self::AdjacencyChanged { .. } => "adjacency-changed",
            Self::HalfUpAppeared(_) => "half-up-appeared",
            Self::HalfUpGone(_) => "half-up-gone",
        }
    }

    /// The domain that it is about; `None` for what is between two.
    #[must_use]
    pub fn domain(&self) -> Option<&DomainId> {
        match self {
            Self::Joined(domain)
            | Self::Left(domain)
            | Self::TopologyAppeared(domain)
            | Self::TopologyGone(domain)
            | Self::Policy(domain)
            | Self::Windows(domain) => Some(domain),
            Self::Topology(change) => Some(&change.domain),
            Self::AdjacencyUp { .. }
            | Self::AdjacencyDown { .. }
            | Self::AdjacencyChanged { .. }
            | Self::HalfUpAppeared(_)
            | Self::HalfUpGone(_) => None,
        }
    }

    /// The one domain or the two that it is about, sorted.
    #[must_use]
    pub fn participants(&self) -> Vec<&DomainId> {
        match self {
            Self::AdjacencyUp { a, b }
            | Self::AdjacencyDown { a, b }
            | Self::AdjacencyChanged { a, b } => vec![a, b],
            Self::HalfUpAppeared(link) | Self::HalfUpGone(link) => {
                let (src, dst) = (&link.src.domain, &link.dst.domain);
                vec![src.min(dst), src.max(dst)]
            }
            _ => self.domain().into_iter().collect(),
        }
    }
}

/// What is different in `after`, as events in order.
///
/// Any two snapshots can be compared, next to each other or not, of one history or of two: the
/// answer depends on their content alone. It is empty exactly if the members, their topologies, their
/// policies and windows and the links between them are equal; borders that join nobody in the graph do not count,
/// nor do policies of domains that are no members.
/// In order:
///
/// 1. per domain, by id: that it joined or left, or what of its topology is different;
/// 2. per domain that was a member and is one, by id: that its policy is different;
/// 3. likewise: that its windows are different;
/// 4. per pair of domains, by id: what is different of their adjacency, each pair once;
/// 5. per link, by its ends: what is half-up and was not, and the other way round.
///
/// The last two are facts of the graph, told beside joins and leaves too. [`Change::Joined`] and
/// [`Change::TopologyAppeared`] imply all of the domain's topology, [`Change::Left`] and
/// [`Change::TopologyGone`] the end of it: routers and links are not listed beside them. Joins and leaves
/// imply the domain's policy and windows likewise. Who acts
/// on these reads the later snapshot ([`Snapshot::topology`], [`Snapshot::policy`]) or the earlier one; likewise over which
/// links two domains are adjacent now, the later graph says ([`DomainGraph::adjacency`]).
///
/// The cost is that of what the two do not share: for versions of one TED with the same members, of the
/// topologies that are different and of their neighbours' rows. Where members joined or left in
/// between, or the two have no history in common, it takes a pass over the rows of both graphs, in
/// which links are compared only where they are not shared and one of the two topologies is different
/// or a border tells them (`cargo bench -p idt --bench engine changes_79000`).
#[must_use]
pub fn changes(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let mut changes = Vec::new();
    // Nothing was published in between.
    if std::ptr::eq(before, after) {
        return changes;
    }
    let mut exports_differ = Vec::new();
    for item in before.members().diff(after.members()) {
        match item {
            DiffItem::Add(id, _) => changes.push(Change::Joined(id.clone())),
            DiffItem::Remove(id, _) => changes.push(Change::Left(id.clone())),
            DiffItem::Update { old, new } => {
                exports_differ.push(new.0);
                changes.extend(of_topology(new.0, old.1.as_ref(), new.1.as_ref()));
            }
        }
    }
    for item in before.policies().diff(after.policies()) {
        let (id, differs) = match item {
            DiffItem::Add(id, _) | DiffItem::Remove(id, _) => (id, true),
            DiffItem::Update { old, new } => (new.0, old.1 != new.1),
        };
        let stays = before.members().contains_key(id) && after.members().contains_key(id);
        if differs && stays {
            changes.push(Change::Policy(id.clone()));
        }
    }
    for item in before.all_windows().diff(after.all_windows()) {
        let (id, differs) = match item {
            DiffItem::Add(id, _) | DiffItem::Remove(id, _) => (id, true),
            DiffItem::Update { old, new } => (new.0, old.1 != new.1),
        };
        let stays = before.members().contains_key(id) && after.members().contains_key(id);
        if differs && stays {
            changes.push(Change::Windows(id.clone()));
        }
    }
    let (before, after) = (before.graph(), after.graph());
    if before.shares_ids(after) {
        of_shared_rows(before, after, &mut changes);
    } else {
        let rows = rows(before, after, &exports_differ);
        of_adjacencies(&rows, before, after, &mut changes);
    }
    if before.shares_half_up(after) {
        return changes;
    }
    for found in side_by_side(before.half_up(), after.half_up(), Ord::cmp) {
        match found {
            Found::Before(link) => changes.push(Change::HalfUpGone(link.clone())),
            Found::After(link) => changes.push(Change::HalfUpAppeared(link.clone())),
            Found::Both(..) => {}
        }
    }
    changes
}

/// What is different of what a member exports.
fn of_topology(
    domain: &DomainId,
    before: Option<&Arc<DomainTopology>>,
    after: Option<&Arc<DomainTopology>>,
) -> Option<Change> {
    match (before, after) {
        (None, None) => None,
        (None, Some(_)) => Some(Change::TopologyAppeared(domain.clone())),
        (Some(_), None) => Some(Change::TopologyGone(domain.clone())),
        (Some(before), Some(after)) if Arc::ptr_eq(before, after) => None,
        (Some(before), Some(after)) => {
            TopologyChange::between(before, after).map(|change| Change::Topology(Box::new(change)))
        }
    }
}

/// A domain and its rows in two graphs, in one of them at least.
struct Row<'a> {
    domain: &'a DomainId,
    before: Option<DomainIndex>,
    after: Option<DomainIndex>,
    /// It is a member in both, and exports an equal topology or none in either.
    tells_the_same: bool,
}

/// The domains of both graphs, by id. Those of which the exports differ are sorted.
fn rows<'a>(
    before: &'a DomainGraph,
    after: &'a DomainGraph,
    exports_differ: &[&DomainId],
) -> Vec<Row<'a>> {
    let named = |graph: &'a DomainGraph| graph.indices().map(|index| (graph.id(index), index));
    let both = side_by_side(named(before), named(after), |a, b| a.0.cmp(b.0));
    both.map(|found| {
        let (domain, before, after) = match found {
            Found::Before((domain, index)) => (domain, Some(index), None),
            Found::After((domain, index)) => (domain, None, Some(index)),
            Found::Both((domain, before), (_, after)) => (domain, Some(before), Some(after)),
        };
        Row {
            domain,
            before,
            after,
            tells_the_same: before.is_some()
                && after.is_some()
                && exports_differ.binary_search(&domain).is_err(),
        }
    })
    .collect()
}

/// What of two neighbours is different.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Between {
    Up,
    Down,
    Changed,
}

/// Compares the rows that two graphs of the same domains do not share.
fn of_shared_rows(before: &DomainGraph, after: &DomainGraph, changes: &mut Vec<Change>) {
    let mut pairs = Vec::new();
    for from in before.rows_not_shared(after) {
        let (old, new) = (before.neighbours(from), after.neighbours(from));
        for found in side_by_side(old, new, |a, b| a.to.cmp(&b.to)) {
            let (to, what) = match found {
                Found::Before(old) => (old.to, Between::Down),
                Found::After(new) => (new.to, Between::Up),
                Found::Both(old, new) if same_links(old, new) => continue,
                Found::Both(old, _) => (old.to, Between::Changed),
            };
            pairs.push((from.min(to), from.max(to), what));
        }
    }
    tell_pairs(pairs, |index| after.id(index).clone(), changes);
}

/// Whether two adjacencies have equal links. Shared ones are not looked at.
fn same_links(old: Adjacency<'_>, new: Adjacency<'_>) -> bool {
    std::ptr::eq(old.links, new.links) || old.links == new.links
}

/// Tells what of the pairs is different, each once: each was met from both sides.
fn tell_pairs<T: Copy + Ord>(
    mut pairs: Vec<(T, T, Between)>,
    id: impl Fn(T) -> DomainId,
    changes: &mut Vec<Change>,
) {
    pairs.sort_unstable();
    pairs.dedup();
    changes.extend(pairs.into_iter().map(|(a, b, what)| {
        let (a, b) = (id(a), id(b));
        match what {
            Between::Up => Change::AdjacencyUp { a, b },
            Between::Down => Change::AdjacencyDown { a, b },
            Between::Changed => Change::AdjacencyChanged { a, b },
        }
    }));
}

/// Compares the rows of two graphs. A domain's position in `rows` is the number by which both know
/// it; it follows the order of ids as indexes do, so rows of either graph stay sorted.
fn of_adjacencies(
    rows: &[Row<'_>],
    before: &DomainGraph,
    after: &DomainGraph,
    changes: &mut Vec<Change>,
) {
    let positions = |index: fn(&Row<'_>) -> Option<DomainIndex>| -> Vec<u32> {
        let there = rows
            .iter()
            .enumerate()
            .filter(|(_, row)| index(row).is_some());
        there.map(|(position, _)| to_u32(position)).collect()
    };
    let (old, new) = (positions(|row| row.before), positions(|row| row.after));
    let mut pairs = Vec::new();
    for (position, row) in rows.iter().enumerate() {
        let from = to_u32(position);
        if let (Some(old), Some(new)) = (row.before, row.after)
            && before.shares_links(old, (after, new))
        {
            continue;
        }
        let old = neighbours(before, row.before, &old);
        let new = neighbours(after, row.after, &new);
        for found in side_by_side(old, new, |a, b| a.0.cmp(&b.0)) {
            let (to, what) = match found {
                Found::Before((to, _)) => (to, Between::Down),
                Found::After((to, _)) => (to, Between::Up),
                Found::Both((to, old), (_, new)) => {
                    let told = row.tells_the_same && rows[to as usize].tells_the_same;
                    if told && of_topologies(old) || same_links(old, new) {
                        continue;
                    }
                    (to, Between::Changed)
                }
            };
            pairs.push((from.min(to), from.max(to), what));
        }
    }
    let id = |position: u32| rows[position as usize].domain.clone();
    tell_pairs(pairs, id, changes);
}

/// Whether topologies tell the links, not borders. By the rule of adjacency that and the links depend
/// on the topologies of the two domains alone: where both tell the same, so does the graph.
fn of_topologies(adjacency: Adjacency<'_>) -> bool {
    let first = adjacency.links.first();
    first.is_some_and(|link| link.local.is_some())
}

/// The row of `index` in `graph`, its domains by their position; empty if the domain is not there.
fn neighbours<'a>(
    graph: &'a DomainGraph,
    index: Option<DomainIndex>,
    positions: &[u32],
) -> impl Iterator<Item = (u32, Adjacency<'a>)> {
    let row = index.into_iter().flat_map(|index| graph.neighbours(index));
    row.map(|adjacency| (positions[adjacency.to.as_usize()], adjacency))
}

/// Where something of two lists was found.
pub(crate) enum Found<T> {
    Before(T),
    Both(T, T),
    After(T),
}

/// Walks two lists that are sorted by `order`, each element of either once.
pub(crate) fn side_by_side<T>(
    before: impl IntoIterator<Item = T>,
    after: impl IntoIterator<Item = T>,
    order: impl Fn(&T, &T) -> Ordering,
) -> impl Iterator<Item = Found<T>> {
    let mut before = before.into_iter().peekable();
    let mut after = after.into_iter().peekable();
    iter::from_fn(move || {
        let order = match (before.peek(), after.peek()) {
            (Some(before), Some(after)) => order(before, after),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        Some(match order {
            Ordering::Less => Found::Before(before.next()?),
            Ordering::Equal => Found::Both(before.next()?, after.next()?),
            Ordering::Greater => Found::After(after.next()?),
        })
    })
}
