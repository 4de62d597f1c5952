//! A new version of the graph, made of the one before.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use nffg::DomainId;

use super::derive::edge;
use super::judge::{Side, Verdict};
use super::{DomainGraph, DomainIndex, HalfRow, HalfUp, Link, Neighbours, to_u32};
use crate::change::{Found, side_by_side};
use crate::net::{Edge, Net, NetBuilder, PAGE, RowChange};
use crate::policy::{Policies, Terms, terms};
use crate::ted::Members;
use crate::{BorderLink, DomainTopology};

/// Domains that are no members, and the members that tell of them. Who joins is looked up here; of
/// members the graph itself knows who tells of whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strangers(BTreeMap<DomainId, BTreeSet<DomainId>>);

impl Strangers {
    pub(super) fn add(&mut self, stranger: &DomainId, teller: &DomainId) {
        let tellers = self.0.entry(stranger.clone()).or_default();
        tellers.insert(teller.clone());
    }

    fn remove(&mut self, stranger: &DomainId, teller: &DomainId) {
        if let Some(tellers) = self.0.get_mut(stranger) {
            tellers.remove(teller);
            if tellers.is_empty() {
                self.0.remove(stranger);
            }
        }
    }
}

/// What the TED says, at one moment.
#[derive(Clone, Copy)]
pub(crate) struct State<'a> {
    pub(crate) members: &'a Members,
    pub(crate) borders: &'a Arc<[BorderLink]>,
    pub(crate) policies: &'a Policies,
}

impl<'a> State<'a> {
    fn topology(&self, domain: &DomainId) -> Option<&'a DomainTopology> {
        self.members.get(domain)?.as_deref()
    }

    /// The borders between two domains; the first comes first by id.
    fn borders_of(&self, a: &DomainId, b: &DomainId) -> &'a [BorderLink] {
        let order = |border: &BorderLink| (&border.a, &border.b).cmp(&(a, b));
        let start = self.borders.partition_point(|border| order(border).is_lt());
        let rest = &self.borders[start..];
        let len = rest.iter().take_while(|border| order(border).is_eq());
        &rest[..len.count()]
    }
}

/// What is between a domain and another from now on.
struct Edit {
    to: DomainIndex,
    /// None if the two are not adjacent.
    links: Vec<Link>,
    /// What policies say of them.
    terms: Terms,
    /// What of them is half-up, if any link between the two is.
    half: Option<Vec<HalfUp>>,
}

impl DomainGraph {
    /// The graph of `after`, made of this one, which is that of `before`. `touched` are the domains of
    /// which membership or topology differ, sorted, `policies_touched` those of which the policy
    /// does; `strangers` is brought up to date.
    pub(crate) fn next(
        &self,
        before: State<'_>,
        after: State<'_>,
        touched: &[DomainId],
        policies_touched: &[DomainId],
        strangers: &mut Strangers,
    ) -> Self {
        let is_member = |domain: &DomainId| after.members.contains_key(domain);
        let (mut left, mut joined) = (Vec::new(), Vec::new());
        for domain in touched {
            match (before.members.contains_key(domain), is_member(domain)) {
                (true, false) => left.push(domain),
                (false, true) => joined.push(domain),
                _ => {}
            }
        }
        // Who told of a member that left tells of a stranger now.
        for domain in &left {
            for partner in self
                .index(domain)
                .map(|index| self.partners(index))
                .into_iter()
                .flatten()
            {
                let partner = self.id(partner);
                let tells = |topology: &DomainTopology| topology.links_to(domain).len() > 0;
                if after.topology(partner).is_some_and(tells) {
                    strangers.add(domain, partner);
                }
            }
        }
        let mut next = if left.is_empty() && joined.is_empty() {
            self.clone()
        } else {
            self.renumbered(after.members, touched)
        };
        let mut pairs = Vec::new();
        let mut pair = |a: DomainIndex, b: DomainIndex| {
            if a != b {
                pairs.push((a.min(b), a.max(b)));
            }
        };
        for domain in touched {
            let (old, new) = (before.topology(domain), after.topology(domain));
            let Some(index) = next.index(domain) else {
                for (remote, _) in old.into_iter().flat_map(DomainTopology::remotes) {
                    strangers.remove(remote, domain);
                }
                continue;
            };
            let was_member = before.members.contains_key(domain);
            if !was_member || tells_links(old) != tells_links(new) {
                // Also what others tell of it is judged by another rule.
                for partner in next.partners(index) {
                    pair(index, partner);
                }
            }
            // Of whom it says what it said before, the judgement stands.
            for Differs {
                remote,
                was_told,
                is_told,
            } in differences(old, new)
            {
                match next.index(remote) {
                    Some(remote) => pair(index, remote),
                    None if is_told && !was_told => strangers.add(remote, domain),
                    None => {}
                }
                if was_told && !is_told {
                    strangers.remove(remote, domain);
                }
            }
        }
        for domain in joined {
            let Some(index) = next.index(domain) else {
                continue;
            };
            for teller in strangers.0.remove(domain).into_iter().flatten() {
                if let Some(teller) = next.index(&teller) {
                    pair(index, teller);
                }
            }
            for border in after.borders.iter() {
                let other = match (border.a == *domain, border.b == *domain) {
                    (true, false) => &border.b,
                    (false, true) => &border.a,
                    _ => continue,
                };
                if let Some(other) = next.index(other) {
                    pair(index, other);
                }
            }
        }
        for domain in policies_touched {
            let Some(index) = next.index(domain) else {
                continue;
            };
            for partner in next.partners(index) {
                pair(index, partner);
            }
        }
        for border in different(before.borders, after.borders) {
            if let (Some(a), Some(b)) = (next.index(&border.a), next.index(&border.b)) {
                pair(a, b);
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        let edits = next.judge(&pairs, after);
        next.apply(edits);
        next
    }

    fn partners(&self, index: DomainIndex) -> Vec<DomainIndex> {
        self.row(index).map_or_else(Vec::new, |row| row.partners())
    }

    /// Judges pairs of domains, each with the smaller first, by the rule.
    fn judge(
        &self,
        pairs: &[(DomainIndex, DomainIndex)],
        state: State<'_>,
    ) -> BTreeMap<DomainIndex, Vec<Edit>> {
        let mut edits: BTreeMap<DomainIndex, Vec<Edit>> = BTreeMap::new();
        let mut verdict = Verdict::default();
        for (a, b) in pairs {
            let told = |from: DomainIndex, to: DomainIndex| {
                let (from, to) = (self.id(from), self.id(to));
                let topology = state.topology(from);
                Side {
                    domain: from,
                    tells_links: tells_links(topology),
                    links: topology.map_or_else(Vec::new, |told| told.links_to(to).collect()),
                }
            };
            let borders = state.borders_of(self.id(*a), self.id(*b));
            verdict.judge(&told(*a, *b), &mut told(*b, *a), borders);
            let [terms_there, terms_back] = terms(state.policies, self.id(*a), self.id(*b));
            let has_half = verdict.has_half();
            let Verdict {
                there,
                back,
                half_there,
                half_back,
            } = &mut verdict;
            for (from, to, links, terms, half) in [
                (a, b, there, terms_there, half_there),
                (b, a, back, terms_back, half_back),
            ] {
                edits.entry(*from).or_default().push(Edit {
                    to: *to,
                    links: std::mem::take(links),
                    terms,
                    half: has_half.then(|| std::mem::take(half)),
                });
            }
        }
        // Pairs came in order, and so does each row: those before its domain, then those after it.
        edits
    }

    /// Puts edits in the place of what there was. What is equal stays shared.
    fn apply(&mut self, edits: BTreeMap<DomainIndex, Vec<Edit>>) {
        let mut changes = Vec::new();
        // Pairs that are adjacent in one version only.
        let mut flipped = Vec::new();
        let mut half_differs = Vec::new();
        let mut edits = edits.into_iter().peekable();
        while let Some((first, _)) = edits.peek() {
            let page = first.as_usize() / PAGE;
            let mut rows: Option<Vec<Arc<Neighbours>>> = None;
            while let Some((from, edits)) =
                edits.next_if(|(domain, _)| domain.as_usize() / PAGE == page)
            {
                let at = from.as_usize() % PAGE;
                let old = &self.pages[page][at];
                let new = edited(old, &edits);
                if new == **old {
                    continue;
                }
                if new.to != old.to {
                    let adjacent = |row: &Neighbours, to| row.to.binary_search(&to).is_ok();
                    let ends = edits.iter().map(|edit| edit.to);
                    let differ = ends.filter(|to| adjacent(old, *to) != adjacent(&new, *to));
                    flipped.extend(differ.map(|to| (from, to)));
                }
                if new.half != old.half {
                    half_differs.push(from);
                }
                // What is measured beside delay and bandwidth is no part of the net.
                changes.extend(row_change(&self.net, from, &edits));
                rows.get_or_insert_with(|| self.pages[page].to_vec())[at] = Arc::new(new);
            }
            if let Some(rows) = rows {
                self.pages[page] = rows.into();
            }
        }
        if !changes.is_empty() {
            self.net = Arc::new(self.net.with(changes));
        }
        if !self.joins_the_same(&flipped) {
            self.components = Arc::new(OnceLock::new());
        }
        if !half_differs.is_empty() {
            self.tell_half_up(&half_differs);
        }
    }

    /// Brings the list of half-up links in line with the rows of these domains, which are in order.
    fn tell_half_up(&mut self, rows: &[DomainIndex]) {
        let known = self.half_up.get().map(|all| {
            let of_row = |half: &&HalfUp| {
                let src = self.index(&half.src.domain);
                src.is_some_and(|src| rows.binary_search(&src).is_ok())
            };
            let stays = all.iter().filter(|half| !of_row(half)).cloned();
            let rows = rows.iter().filter_map(|row| self.row(*row));
            let told = rows.flat_map(|row| &row.half);
            let told = told.flat_map(|half| half.told.iter().cloned());
            let mut all: Vec<HalfUp> = stays.chain(told).collect();
            all.sort_unstable();
            all
        });
        self.half_up = Arc::new(known.map_or_else(OnceLock::new, OnceLock::from));
    }

    /// Whether paths surely join the same domains as before these pairs became adjacent or ceased to
    /// be: who is adjacent now was connected, and who is no longer has a neighbour in common.
    fn joins_the_same(&self, flipped: &[(DomainIndex, DomainIndex)]) -> bool {
        let before = self.components.get();
        flipped.iter().all(|(a, b)| {
            let (to_a, to_b) = (self.targets(*a), self.targets(*b));
            if to_a.binary_search(b).is_ok() {
                return before.is_some_and(|before| {
                    before.label[a.as_usize()] == before.label[b.as_usize()]
                });
            }
            let (few, many) = if to_a.len() < to_b.len() {
                (to_a, to_b)
            } else {
                (to_b, to_a)
            };
            few.iter().any(|to| many.binary_search(to).is_ok())
        })
    }

    /// The graph with the domains of `members`. Those that left are no neighbours any more, those that
    /// joined have none yet.
    fn renumbered(&self, members: &Members, touched: &[DomainId]) -> Self {
        let mut ids = Vec::with_capacity(members.len());
        // The old index of each domain, and the new one of each old one.
        let mut old_of = Vec::with_capacity(members.len());
        let mut new_of = Vec::with_capacity(self.len());
        let mut touched = touched.iter().peekable();
        let mut join = |until: Option<&DomainId>, ids: &mut Vec<DomainId>, old_of: &mut Vec<_>| {
            // Of the touched domains before `until`, those that are members joined.
            while let Some(domain) = touched.next_if(|domain| until.is_none_or(|id| *domain < id)) {
                if members.contains_key(domain) {
                    ids.push(domain.clone());
                    old_of.push(None);
                }
            }
            touched.next_if(|domain| until == Some(*domain)).is_some()
        };
        for (old, id) in self.ids.iter().enumerate() {
            let is_touched = join(Some(id), &mut ids, &mut old_of);
            let stays = !is_touched || members.contains_key(id);
            new_of.push(stays.then(|| DomainIndex(to_u32(ids.len()))));
            if stays {
                ids.push(id.clone());
                old_of.push(Some(old));
            }
        }
        join(None, &mut ids, &mut old_of);

        let renumber = |row: &Arc<Neighbours>| {
            let to: Box<[DomainIndex]> = row
                .to
                .iter()
                .filter_map(|to| new_of[to.as_usize()])
                .collect();
            let links = if to.len() == row.to.len() {
                Arc::clone(&row.links)
            } else {
                let stays = |at: &usize| new_of[row.to[*at].as_usize()].is_some();
                let at = (0..row.to.len()).filter(stays);
                at.map(|at| Arc::clone(&row.links[at])).collect()
            };
            let stays = row.to.iter().map(|to| new_of[to.as_usize()].is_some());
            let terms = row.terms.iter().zip(stays);
            let terms = terms.filter_map(|(terms, stays)| stays.then_some(*terms));
            let terms = terms.collect();
            let half = row.half.iter().filter_map(|half| {
                let to = new_of[half.to.as_usize()]?;
                let told = Arc::clone(&half.told);
                Some(HalfRow { to, told })
            });
            let half = half.collect();
            let mut row = Neighbours {
                to,
                links,
                half,
                ..Neighbours::default()
            };
            row.set_terms(terms);
            Arc::new(row)
        };
        let empty: Arc<Neighbours> = Arc::default();
        let pages = old_of.chunks(PAGE).map(|old| {
            let rows = old.iter().map(|old| {
                let row = old.map(|old| &self.pages[old / PAGE][old % PAGE]);
                row.map_or_else(|| Arc::clone(&empty), renumber)
            });
            rows.collect()
        });
        Self {
            pages: pages.collect(),
            net: Arc::new(renumbered_net(&self.net, &old_of, &new_of)),
            ids: ids.into(),
            ..Self::default()
        }
    }
}

/// Whether a domain's silence on a link says that there is none.
fn tells_links(topology: Option<&DomainTopology>) -> bool {
    topology.is_some_and(|told| !told.is_silent_on_links())
}

/// A domain to which a topology and the one before it do not tell the same links.
struct Differs<'a> {
    remote: &'a DomainId,
    was_told: bool,
    is_told: bool,
}

/// The domains to which links are told that were not, or otherwise, or no more.
fn differences<'a>(
    old: Option<&'a DomainTopology>,
    new: Option<&'a DomainTopology>,
) -> impl Iterator<Item = Differs<'a>> {
    let told = |topology: Option<&'a DomainTopology>| {
        let of = move |topology: &'a DomainTopology| {
            topology
                .remotes()
                .map(move |(remote, at)| (remote, topology, at))
        };
        topology.into_iter().flat_map(of)
    };
    side_by_side(told(old), told(new), |a, b| a.0.cmp(b.0)).filter_map(|found| {
        let (remote, was_told, is_told) = match found {
            Found::Before((remote, ..)) => (remote, true, false),
            Found::After((remote, ..)) => (remote, false, true),
            Found::Both((remote, old, was), (_, new, is)) => {
                if old.links_at(was).eq(new.links_at(is)) {
                    return None;
                }
                (remote, true, true)
            }
        };
        Some(Differs {
            remote,
            was_told,
            is_told,
        })
    })
}

/// The net with other numbers. Edges of domains that are gone are gone.
fn renumbered_net(net: &Net, old_of: &[Option<usize>], new_of: &[Option<DomainIndex>]) -> Net {
    let mut builder = NetBuilder::new(to_u32(old_of.len()));
    let symmetric = net.is_symmetric();
    builder.reserve(net.edges() / if symmetric { 2 } else { 1 });
    for (from, old) in old_of.iter().enumerate() {
        let Some(old) = old else { continue };
        let (from, old) = (to_u32(from), to_u32(*old));
        let row = net.row(old);
        for (nth, other) in row.to.iter().enumerate() {
            // In a symmetric net the reverse is known without a look at the other row.
            if symmetric && *other < old {
                continue;
            }
            if let Some(to) = new_of[*other as usize] {
                let edge = Edge {
                    to: to.0,
                    ..row.edge(nth)
                };
                builder.edge(from, edge);
                if symmetric {
                    let reverse = Edge {
                        to: from,
                        role: edge.role.reverse(),
                        ..edge
                    };
                    builder.edge(to.0, reverse);
                }
            }
        }
    }
    builder.build()
}

/// The row after edits, which are sorted.
fn edited(old: &Neighbours, edits: &[Edit]) -> Neighbours {
    let mut to = Vec::with_capacity(old.to.len() + edits.len());
    let mut links: Vec<Arc<[Link]>> = Vec::with_capacity(old.to.len() + edits.len());
    let mut terms = Vec::with_capacity(old.to.len() + edits.len());
    let mut half = Vec::with_capacity(old.half.len());
    let terms_of = |at: usize| old.terms.get(at).copied().unwrap_or_default();
    let before = old.to.iter().zip(old.links.iter());
    let before = before.zip((0..).map(terms_of));
    let mut before = before
        .map(|((to, links), terms)| (to, links, terms))
        .peekable();
    let mut half_before = old.half.iter().peekable();
    for edit in edits {
        while let Some((other, same, said)) = before.next_if(|(other, ..)| **other < edit.to) {
            to.push(*other);
            links.push(Arc::clone(same));
            terms.push(said);
        }
        let same = before.next_if(|(other, ..)| **other == edit.to);
        if !edit.links.is_empty() {
            to.push(edit.to);
            terms.push(edit.terms);
            links.push(match same {
                Some((_, same, _)) if **same == *edit.links => Arc::clone(same),
                _ => edit.links.clone().into(),
            });
        }
        while let Some(other) = half_before.next_if(|half| half.to < edit.to) {
            half.push(other.clone());
        }
        half_before.next_if(|half| half.to == edit.to);
        if let Some(told) = &edit.half {
            let told = told.clone().into();
            half.push(HalfRow { to: edit.to, told });
        }
    }
    for (other, same, said) in before {
        to.push(*other);
        links.push(Arc::clone(same));
        terms.push(said);
    }
    half.extend(half_before.cloned());
    let mut row = Neighbours {
        to: to.into(),
        links: links.into(),
        half: half.into(),
        ..Neighbours::default()
    };
    row.set_terms(terms);
    row
}

/// The edges of a domain after edits, which are sorted; `None` if they are those of before.
fn row_change(net: &Net, from: DomainIndex, edits: &[Edit]) -> Option<RowChange> {
    let row = net.row(from.0);
    let mut edges = Vec::with_capacity(row.len() + edits.len());
    let mut at = 0;
    for edit in edits {
        let until = row.to.partition_point(|to| *to < edit.to.0);
        edges.extend((at..until).map(|nth| row.edge(nth)));
        at = row.edges_to(edit.to.0).end;
        edges.extend(
            edit.links
                .iter()
                .map(|link| edge(edit.to.0, link, edit.terms)),
        );
    }
    edges.extend((at..row.len()).map(|nth| row.edge(nth)));
    let point = from.0;
    let same = edges.len() == row.len()
        && (edges.iter().enumerate()).all(|(nth, edge)| *edge == row.edge(nth));
    (!same).then_some(RowChange { point, edges })
}

/// What is in one of two sorted lists only.
fn different<'a>(
    before: &'a Arc<[BorderLink]>,
    after: &'a Arc<[BorderLink]>,
) -> Vec<&'a BorderLink> {
    let mut different = Vec::new();
    if Arc::ptr_eq(before, after) {
        return different;
    }
    let (mut before, mut after) = (before.iter().peekable(), after.iter().peekable());
    loop {
        let order = match (before.peek(), after.peek()) {
            (Some(before), Some(after)) => before.cmp(after),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return different,
        };
        let old = if order.is_le() { before.next() } else { None };
        let new = if order.is_ge() { after.next() } else { None };
        if old.is_none() || new.is_none() {
            different.extend(old.or(new));
        }
    }
}
