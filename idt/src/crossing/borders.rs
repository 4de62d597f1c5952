//! What one domain charges at its borders.

use std::sync::Arc;

use nffg::{DomainId, RouterId};

use super::classes::Classes;
use super::inside::{Inside, Way, is_small};
use super::{Declared, MOST};
use crate::{DomainGraph, DomainIndex, DomainTopology, Link};

/// Traffic of a class of neighbours at a border router.
type Border = (u32, u32);

/// What it costs to cross: delay in nanoseconds, price. `None` if traffic does not cross.
pub(super) type Step = Option<(u32, u32)>;

/// The borders of a domain that charges or forbids crossing.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Borders {
    classes: Classes,
    inside: Option<Arc<Inside>>,
    /// Where traffic comes in, sorted.
    pub(super) entries: Box<[Border]>,
    /// Where it goes out, sorted.
    pub(super) exits: Box<[Border]>,
    /// By entry and exit.
    pub(super) steps: Box<[Step]>,
    /// There were too many borders: some are taken together, at the dearest.
    pub(super) coarse: bool,
}

impl Borders {
    /// The borders of a domain; `None` if crossing it costs nothing and is forbidden to nobody.
    /// `before` is those of a version before.
    pub(super) fn new(
        graph: &DomainGraph,
        domain: DomainIndex,
        declared: Declared<'_>,
        before: Option<&Self>,
    ) -> Option<Self> {
        let neighbours = graph.targets(domain);
        // Nobody crosses a domain with one neighbour: no path passes that twice.
        if !declared.may_charge() || neighbours.len() < 2 {
            return None;
        }
        let ids: Vec<&DomainId> = neighbours.iter().map(|other| graph.id(*other)).collect();
        let classes = Classes::new(declared.policy.map(|policy| &**policy), &ids);
        let mut borders = Self {
            coarse: classes.merged,
            classes,
            inside: None,
            entries: Box::default(),
            exits: Box::default(),
            steps: Box::default(),
        };
        let told = declared
            .topology
            .filter(|told| !told.intra_links().is_empty());
        if let Some(topology) = told {
            let routers = routers(graph, domain, topology);
            let exact = is_small(routers.len(), topology);
            borders.set_inside(topology, routers.clone(), exact, before);
            borders.list(graph, domain);
            if exact && borders.entries.len().saturating_mul(borders.exits.len()) > MOST {
                borders.set_inside(topology, routers, false, before);
            }
        }
        borders.list(graph, domain);
        let steps = borders.entries.iter().flat_map(|entry| {
            let borders = &borders;
            let exits = borders.exits.iter();
            exits.map(move |exit| borders.step(*entry, *exit))
        });
        borders.steps = steps.collect();
        let charges = borders.steps.iter().any(|step| *step != Some((0, 0)));
        charges.then_some(borders)
    }

    fn set_inside(
        &mut self,
        topology: &Arc<DomainTopology>,
        routers: Vec<RouterId>,
        exact: bool,
        before: Option<&Self>,
    ) {
        self.coarse |= !exact;
        let before = before.and_then(|before| before.inside.as_ref());
        let same = before.filter(|before| before.is_of(topology, &routers, exact));
        self.inside = Some(match same {
            Some(same) => Arc::clone(same),
            None => Arc::new(Inside::new(topology, routers, exact)),
        });
    }

    /// Lists where the links of the domain come in and go out.
    fn list(&mut self, graph: &DomainGraph, domain: DomainIndex) {
        let (mut entries, mut exits) = (Vec::new(), Vec::new());
        for (at, adjacency) in graph.neighbours(domain).enumerate() {
            let links = adjacency.links.iter();
            exits.extend(links.map(|link| (self.classes.to[at], self.out_of(link))));
            for link in graph.links(adjacency.to, domain) {
                let router = self.entered_at(graph, domain, adjacency.to, link);
                entries.push((self.classes.from[at], router));
            }
        }
        for list in [&mut entries, &mut exits] {
            list.sort_unstable();
            list.dedup();
        }
        (self.entries, self.exits) = (entries.into(), exits.into());
    }

    fn step(&self, entry: Border, exit: Border) -> Step {
        let (price, declared) = self.classes.terms(entry.0, exit.0)?;
        let declared = declared.unwrap_or(0);
        let inside = self.inside.as_ref();
        let delay = match inside.map_or(Way::Untold, |inside| inside.way(entry.1, exit.1)) {
            Way::None => return None,
            Way::Delay(delay) => delay,
            Way::AtMost(delay) => delay.max(declared),
            Way::Untold | Way::Some => declared,
        };
        let delay = u32::try_from(delay).unwrap_or(u32::MAX);
        Some((delay, price))
    }

    /// The router at which a link leaves the domain.
    fn out_of(&self, link: &Link) -> u32 {
        match (&self.inside, &link.local) {
            (Some(inside), Some(router)) => inside.router(router),
            _ => 0,
        }
    }

    /// The router at which a link from `other` comes into the domain.
    fn entered_at(
        &self,
        graph: &DomainGraph,
        domain: DomainIndex,
        other: DomainIndex,
        link: &Link,
    ) -> u32 {
        let Some(inside) = &self.inside else { return 0 };
        arrival(graph, domain, other, link).map_or(0, |routers| {
            let known = routers.map(|router| inside.router(router));
            known.into_iter().find(|router| *router > 0).unwrap_or(0)
        })
    }

    /// Which of the entries a link from `other` leads to.
    pub(super) fn entry(
        &self,
        graph: &DomainGraph,
        domain: DomainIndex,
        other: DomainIndex,
        link: &Link,
    ) -> Option<usize> {
        let at = graph.targets(domain).binary_search(&other).ok()?;
        let router = self.entered_at(graph, domain, other, link);
        let entry = (*self.classes.from.get(at)?, router);
        self.entries.binary_search(&entry).ok()
    }

    /// Which of the exits a link to `other` starts at.
    pub(super) fn exit(
        &self,
        graph: &DomainGraph,
        domain: DomainIndex,
        other: DomainIndex,
        link: &Link,
    ) -> Option<usize> {
        let at = graph.targets(domain).binary_search(&other).ok()?;
        let exit = (*self.classes.to.get(at)?, self.out_of(link));
        self.exits.binary_search(&exit).ok()
    }
}

/// The routers that a link from `other` may come in at, the surest first: the one that it names, or the
/// only one at which links to `other` start, as the two may name routers differently.
fn arrival<'a>(
    graph: &'a DomainGraph,
    domain: DomainIndex,
    other: DomainIndex,
    link: &'a Link,
) -> Option<[&'a RouterId; 2]> {
    let named = link.remote.as_ref()?;
    let own = graph.links(domain, other);
    let only = own.first().and_then(|first| first.local.as_ref());
    let only = only.filter(|only| own.iter().all(|link| link.local.as_ref() == Some(only)));
    Some([named, only.unwrap_or(named)])
}

/// The border routers of a domain that its topology knows, sorted.
fn routers(graph: &DomainGraph, domain: DomainIndex, topology: &DomainTopology) -> Vec<RouterId> {
    let mut routers = Vec::new();
    for adjacency in graph.neighbours(domain) {
        let out = adjacency
            .links
            .iter()
            .filter_map(|link| link.local.as_ref());
        let into = graph.links(adjacency.to, domain).iter();
        let into = into.filter_map(|link| link.remote.as_ref());
        routers.extend(out.chain(into));
    }
    routers.sort_unstable();
    routers.dedup();
    routers.retain(|router| topology.routers().binary_search(router).is_ok());
    routers.into_iter().cloned().collect()
}
