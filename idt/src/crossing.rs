//! What it costs to cross domains: the net in which borders of domains are points.
//!
//! # The encoding
//!
//! Most domains are one point, as in the plain net. A domain that charges or forbids crossing has more,
//! after all domains and in their order: its *entries*, its *exits*, its sink. Neighbours of which its
//! policy says the same are a class. An entry is a class of neighbours and the border router at which
//! their links come in, an exit a class and the border router at which links to them go out; routers
//! count if the domain tells links within it. Then
//!
//! * links lead from an exit to an entry, or to and from the one point of another domain;
//! * a step from an entry to an exit costs what the domain charges, and is missing if it does not
//!   carry that;
//! * steps from the domain's own point to each exit and from each entry to its sink are free.
//!
//! So what starts or ends in a domain crosses nothing. Steps within a domain are no hops.
//!
//! # Size
//!
//! Steps of a domain are entries times exits. Above [`MOST`] of them, or pairs of border routers, or where
//! delays would take more work than 64 times that, border routers are taken together with a bound of all
//! delays between them; above [`MOST`] pairs of classes all neighbours are, with the dearest terms. A path that is found may be cheaper in truth and is never dearer; one that needs
//! a crossing which is not carried is never found.
//!
//! # Versions
//!
//! What a domain charges is looked at again when its policy, its topology or its links are different.
//! If points stay the same, the rows that changed are replaced; else the net is made anew of the plain
//! one, with which it shares the pages of all that are not near a domain with points of its own.

mod borders;
mod classes;
mod inside;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::graph::State;
use crate::net::{Edge, EdgeId, Net, Role, RowChange, UNLIMITED};
use crate::policy::DomainPolicy;
use crate::{DomainGraph, DomainIndex, DomainTopology, Link};
use borders::{Borders, Step};
use nffg::DomainId;

/// Steps within one domain, at most.
const MOST: usize = 1 << 16;

/// What a domain says of itself.
#[derive(Clone, Copy)]
struct Declared<'a> {
    topology: Option<&'a Arc<DomainTopology>>,
    policy: Option<&'a Arc<DomainPolicy>>,
}

impl<'a> Declared<'a> {
    fn of(state: State<'a>, domain: &DomainId) -> Self {
        Self {
            topology: state.members.get(domain).and_then(Option::as_ref),
            policy: state.policies.get(domain),
        }
    }

    /// Whether crossing may cost something.
    fn may_charge(&self) -> bool {
        let inside = self
            .topology
            .is_some_and(|told| !told.intra_links().is_empty());
        inside || self.policy.is_some_and(|policy| policy.charges_transit())
    }
}

/// A domain that has points of its own.
#[derive(Clone, Debug)]
struct Crossed {
    domain: DomainIndex,
    /// Its entries, its exits, its sink, one after the other.
    first: u32,
    borders: Arc<Borders>,
}

impl Crossed {
    fn exits(&self) -> u32 {
        self.first + self.borders.entries.len() as u32
    }

    fn sink(&self) -> u32 {
        self.exits() + self.borders.exits.len() as u32
    }
}

/// The net of one version. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Crossings {
    /// `None` if it is the plain one.
    net: Option<Arc<Net>>,
    /// In order of domains.
    crossed: Arc<[Crossed]>,
}

impl Crossings {
    /// The net, unless it is the plain one.
    pub(crate) fn net(&self) -> Option<&Arc<Net>> {
        self.net.as_ref()
    }

    /// The domains that charge at least what they ask for.
    pub(crate) fn coarse(&self) -> impl Iterator<Item = DomainIndex> {
        let coarse = self.crossed.iter().filter(|crossed| crossed.borders.coarse);
        coarse.map(|crossed| crossed.domain)
    }

    /// Which of the links between its two domains an edge stands for; `None` if it is within a domain, or
    /// there is no such edge.
    pub(crate) fn position(&self, graph: &DomainGraph, edge: EdgeId) -> Option<usize> {
        let net = self.net.as_ref().unwrap_or_else(|| graph.net());
        let to = net.edge(edge)?.to;
        // All edges between two points are of links between two domains, in their order.
        let nth = edge.nth as usize - net.row(edge.from).edges_to(to).start;
        let [from, target] = [edge.from, to].map(|point| graph.index_of(net.domain_of(point)));
        let (from, target) = (from?, target?);
        let mut links = self.between(graph, (from, target), [edge.from, to]);
        links.nth(nth)
    }

    /// The edge that stands for one of the links between two domains, by its position.
    pub(crate) fn edge(
        &self,
        graph: &DomainGraph,
        ends: (DomainIndex, DomainIndex),
        position: usize,
    ) -> Option<EdgeId> {
        let (from, target) = ends;
        let link = graph.links(from, target).get(position)?;
        let start = self.start(graph, from, target, link)?;
        let end = self.end(graph, from, target, link)?;
        let before = self.between(graph, ends, [start, end]);
        let rank = before.take_while(|at| *at < position).count();
        let net = self.net.as_ref().unwrap_or_else(|| graph.net());
        let nth = net.row(start).edges_to(end).nth(rank)?;
        Some(EdgeId {
            from: start,
            nth: u32::try_from(nth).ok()?,
        })
    }

    /// Of the links between two domains, the positions of those from one point to another.
    fn between<'a>(
        &'a self,
        graph: &'a DomainGraph,
        (from, to): (DomainIndex, DomainIndex),
        [start, end]: [u32; 2],
    ) -> impl Iterator<Item = usize> + 'a {
        let links = graph.links(from, to).iter().enumerate();
        links.filter_map(move |(at, link)| {
            let joins = self.start(graph, from, to, link) == Some(start)
                && self.end(graph, from, to, link) == Some(end);
            joins.then_some(at)
        })
    }

    fn crossed(&self, domain: DomainIndex) -> Option<&Crossed> {
        let at = self
            .crossed
            .binary_search_by_key(&domain, |crossed| crossed.domain);
        at.ok().map(|at| &self.crossed[at])
    }

    /// The point where a link starts.
    fn start(
        &self,
        graph: &DomainGraph,
        from: DomainIndex,
        to: DomainIndex,
        link: &Link,
    ) -> Option<u32> {
        let Some(crossed) = self.crossed(from) else {
            return Some(from.point());
        };
        let exit = crossed.borders.exit(graph, from, to, link)?;
        Some(crossed.exits() + exit as u32)
    }

    /// The point where a link ends.
    fn end(
        &self,
        graph: &DomainGraph,
        from: DomainIndex,
        to: DomainIndex,
        link: &Link,
    ) -> Option<u32> {
        let Some(crossed) = self.crossed(to) else {
            return Some(to.point());
        };
        let entry = crossed.borders.entry(graph, to, from, link)?;
        Some(crossed.first + entry as u32)
    }

    /// That of `graph`, made of this one, which is that of `before`. `touched` are the domains of which
    /// membership, topology or policy differ.
    pub(crate) fn next(
        &self,
        before: &DomainGraph,
        graph: &DomainGraph,
        state: State<'_>,
        touched: [&[DomainId]; 2],
    ) -> Self {
        let mut next = if before.shares_ids(graph) {
            let rows = before.rows_not_shared(graph);
            let mut dirty: BTreeSet<DomainIndex> = touched
                .into_iter()
                .flatten()
                .filter_map(|domain| graph.index(domain))
                .collect();
            for from in &rows {
                dirty.extend(changed_links(before, graph, *from));
            }
            match self.replaced(graph, state, &dirty, rows) {
                Ok(next) => return next,
                Err(all) => all,
            }
        } else {
            self.all(before, graph, state)
        };
        next.sort_unstable_by_key(|crossed| crossed.domain);
        Self::new(graph, next)
    }

    /// What all domains charge.
    fn all(&self, before: &DomainGraph, graph: &DomainGraph, state: State<'_>) -> Vec<Crossed> {
        let mut policies = state.policies.iter().peekable();
        let mut all = Vec::new();
        for (domain, (id, topology)) in graph.indices().zip(state.members) {
            while policies.next_if(|(other, _)| *other < id).is_some() {}
            let policy = policies.next_if(|(other, _)| *other == id);
            let declared = Declared {
                topology: topology.as_ref(),
                policy: policy.map(|(_, policy)| policy),
            };
            if !declared.may_charge() {
                continue;
            }
            let known = before.index(id).and_then(|domain| self.crossed(domain));
            let known = known.map(|crossed| &*crossed.borders);
            if let Some(borders) = Borders::new(graph, domain, declared, known) {
                all.push(Crossed {
                    domain,
                    first: 0,
                    borders: Arc::new(borders),
                });
            }
        }
        all
    }

    /// The version in which `dirty` domains may charge otherwise and the `rows` of the plain net are
    /// different; or, if points are not the same, what all domains charge.
    fn replaced(
        &self,
        graph: &DomainGraph,
        state: State<'_>,
        dirty: &BTreeSet<DomainIndex>,
        rows: Vec<DomainIndex>,
    ) -> Result<Self, Vec<Crossed>> {
        let mut all: BTreeMap<DomainIndex, Crossed> = BTreeMap::new();
        let (mut same_points, mut differ) = (true, Vec::new());
        for domain in dirty {
            let declared = Declared::of(state, graph.id(*domain));
            let known = self.crossed(*domain);
            let before = known.map(|crossed| &*crossed.borders);
            let after = Borders::new(graph, *domain, declared, before);
            if after.as_ref() == before {
                continue;
            }
            let points = |borders: Option<&Borders>| {
                borders.map(|borders| (borders.entries.len(), borders.exits.len()))
            };
            same_points &= points(before) == points(after.as_ref());
            if differ.is_empty() {
                let crossed = self.crossed.iter().cloned();
                all = crossed.map(|crossed| (crossed.domain, crossed)).collect();
            }
            differ.push(*domain);
            match after {
                None => drop(all.remove(domain)),
                Some(borders) => {
                    let crossed = Crossed {
                        domain: *domain,
                        first: known.map_or(0, |known| known.first),
                        borders: Arc::new(borders),
                    };
                    all.insert(*domain, crossed);
                }
            }
        }
        if !same_points {
            return Err(all.into_values().collect());
        }
        let mut next = self.clone();
        if !differ.is_empty() {
            next.crossed = all.into_values().collect();
        }
        let Some(net) = &self.net else {
            return Ok(next);
        };
        let mut changed: BTreeSet<DomainIndex> = rows.into_iter().collect();
        for domain in differ {
            changed.insert(domain);
            changed.extend(graph.targets(domain));
        }
        if !changed.is_empty() {
            next.net = Some(Arc::new(net.with(next.rows(graph, changed))));
        }
        Ok(next)
    }

    /// Of what these domains charge, in order.
    fn new(graph: &DomainGraph, mut crossed: Vec<Crossed>) -> Self {
        if crossed.is_empty() {
            return Self::default();
        }
        let plain = graph.net();
        let mut points = Vec::new();
        let mut near = BTreeSet::new();
        for crossed in &mut crossed {
            let domain = crossed.domain.point();
            // Points are numbered by `u32`: each takes memory, so there are fewer.
            crossed.first = (plain.len() + points.len()) as u32;
            let borders = crossed.borders.entries.len() + crossed.borders.exits.len();
            points.extend(std::iter::repeat_n((domain, false), borders));
            points.push((domain, true));
            near.insert(crossed.domain);
            near.extend(graph.targets(crossed.domain));
        }
        let mut new = Self {
            net: None,
            crossed: crossed.into(),
        };
        let net = plain.extended(&points);
        new.net = Some(Arc::new(net.with(new.rows(graph, near))));
        new
    }

    /// The rows of all points of these domains.
    fn rows(
        &self,
        graph: &DomainGraph,
        domains: impl IntoIterator<Item = DomainIndex>,
    ) -> Vec<RowChange> {
        let mut rows = Vec::new();
        for domain in domains {
            match self.crossed(domain) {
                None => rows.push(RowChange {
                    point: domain.point(),
                    edges: self.links(graph, domain).map(|(_, edge)| edge).collect(),
                }),
                Some(crossed) => self.rows_of(graph, crossed, &mut rows),
            }
        }
        rows
    }

    fn rows_of(&self, graph: &DomainGraph, crossed: &Crossed, rows: &mut Vec<RowChange>) {
        let Borders {
            entries,
            exits,
            steps,
            ..
        } = &*crossed.borders;
        let (first_exit, sink) = (crossed.exits(), crossed.sink());
        rows.push(RowChange {
            point: crossed.domain.point(),
            edges: (first_exit..sink)
                .map(|exit| within(exit, (0, 0)))
                .collect(),
        });
        let steps = steps.chunks(exits.len().max(1));
        for (entry, steps) in (crossed.first..).zip(steps).take(entries.len()) {
            let steps = (first_exit..).zip(steps);
            let steps = steps.filter_map(|(exit, step): (u32, &Step)| Some(within(exit, (*step)?)));
            rows.push(RowChange {
                point: entry,
                edges: steps.chain([within(sink, (0, 0))]).collect(),
            });
        }
        let mut out = vec![Vec::new(); exits.len()];
        for (start, edge) in self.links(graph, crossed.domain) {
            out[(start - first_exit) as usize].push(edge);
        }
        let out = (first_exit..).zip(out);
        rows.extend(out.map(|(point, edges)| RowChange { point, edges }));
    }

    /// The links of a domain: where each starts, and its edge.
    fn links(&self, graph: &DomainGraph, from: DomainIndex) -> impl Iterator<Item = (u32, Edge)> {
        let row = graph.net().row(from.point());
        let neighbours = graph.neighbours(from);
        let links = neighbours.flat_map(|near| near.links.iter().map(move |link| (near.to, link)));
        // The plain net has an edge for each link, in order.
        links.enumerate().filter_map(move |(nth, (to, link))| {
            // The borders are those of this graph, so that each link has its points.
            let start = self.start(graph, from, to, link)?;
            let to = self.end(graph, from, to, link)?;
            Some((
                start,
                Edge {
                    to,
                    ..row.edge(nth)
                },
            ))
        })
    }
}

/// A step within a domain, by delay and price.
fn within(to: u32, (delay, price): (u32, u32)) -> Edge {
    Edge {
        to,
        delay,
        price,
        bandwidth: UNLIMITED,
        role: Role::Within,
    }
}

/// The domains at either end of links that are different, `from` being one end.
fn changed_links(
    before: &DomainGraph,
    after: &DomainGraph,
    from: DomainIndex,
) -> BTreeSet<DomainIndex> {
    let mut ends = BTreeSet::new();
    if before.shares_links(from, (after, from)) && before.targets(from) == after.targets(from) {
        return ends;
    }
    let (old, new) = (before.targets(from).iter(), after.targets(from).iter());
    for to in old.chain(new) {
        let [old, new] = [before, after].map(|graph| graph.links(from, *to));
        if !std::ptr::eq(old, new) && old != new {
            ends.extend([from, *to]);
        }
    }
    ends
}
