//! Which nodes are one router, what it is called, and how it is found again.

use std::collections::{HashMap, HashSet};

use super::networks::{Node, Told};
use crate::fault::{Report, fault};
use crate::list::warn;
use crate::{DomainId, RouterId, RouterRef};

/// The routers of a document.
#[derive(Debug, Default)]
pub(super) struct Routers {
    /// The router that each node is.
    pub(super) of_nodes: Vec<RouterRef>,
    /// By network and `node-id`.
    by_place: HashMap<(usize, String), RouterRef>,
    /// By `node-id`, wherever.
    by_node_id: HashMap<String, Few>,
    /// By domain and `te-node-id`.
    by_te_id: HashMap<(DomainId, String), RouterRef>,
    /// By `te-node-id`, wherever.
    by_bare_te_id: HashMap<String, Few>,
    /// By network, `node-id` and `tp-id`: an `inter-domain-plug-id`.
    plugs: HashMap<(usize, String, String), String>,
    /// By `inter-domain-plug-id`.
    by_plug: HashMap<String, Few>,
}

/// Up to three different routers: more than two are too many to choose from.
#[derive(Debug, Default)]
struct Few(Vec<RouterRef>);

impl Few {
    fn add(&mut self, router: &RouterRef) {
        if self.0.len() < 3 && !self.0.contains(router) {
            self.0.push(router.clone());
        }
    }

    fn only(&self) -> Option<&RouterRef> {
        match self.0.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The only one that is not of `domain`.
    fn only_beyond(&self, domain: &DomainId) -> Option<&RouterRef> {
        if self.0.len() > 2 {
            return None;
        }
        let mut beyond = self.0.iter().filter(|router| router.domain != *domain);
        beyond.next().filter(|_| beyond.next().is_none())
    }
}

impl Routers {
    /// The router that is called `node` in the network, or, if that has none of the name, the only one that
    /// is called so in the document.
    pub(super) fn node(&self, network: usize, node: &str) -> Option<&RouterRef> {
        let own = self.by_place.get(&(network, node.to_owned()));
        own.or_else(|| self.by_node_id.get(node)?.only())
    }

    /// The router of `domain` with a `te-node-id`, if it is told.
    pub(super) fn of_te_id(&self, domain: &DomainId, te_id: &RouterId) -> Option<&RouterRef> {
        let key = (domain.clone(), te_id.as_str().to_owned());
        self.by_te_id.get(&key)
    }

    /// The only router of a domain other than `domain` with a `te-node-id`.
    pub(super) fn beyond(&self, domain: &DomainId, te_id: &RouterId) -> Option<&RouterRef> {
        self.by_bare_te_id.get(te_id.as_str())?.only_beyond(domain)
    }

    /// The router of another domain whose termination point has the same plug.
    pub(super) fn plugged(
        &self,
        network: usize,
        node: &str,
        point: &str,
        domain: &DomainId,
    ) -> Option<&RouterRef> {
        let key = (network, node.to_owned(), point.to_owned());
        self.by_plug.get(self.plugs.get(&key)?)?.only_beyond(domain)
    }
}

/// Finds the routers. Two nodes of one network that are one router are a fault.
pub(super) fn routers(told: &Told<'_>, report: &mut Report) -> Routers {
    let mut groups = groups(told);
    let names = names(told, &mut groups);
    let mut routers = Routers::default();
    let mut seen: HashMap<(usize, RouterRef), &Node<'_>> = HashMap::new();
    for (at, node) in told.nodes.iter().enumerate() {
        let router = RouterRef {
            domain: node.domain.clone(),
            router: names.get(&groups.root(at)).unwrap_or(&node.id).clone(),
        };
        match seen.get(&(node.network, router.clone())) {
            Some(first) if first.id == node.id => {
                let text = || format!("the node {} is listed before", node.id);
                warn(report, &node.element.cursor(), text);
            }
            Some(first) => {
                let rule = format!("it is the router {}, as {} is", router.router, first.id);
                let path = node.element.cursor().path();
                report.fault(0, || fault(path, Some(node.id.as_str()), rule));
            }
            None => {
                seen.insert((node.network, router.clone()), node);
            }
        }
        routers.add(node, &router);
        routers.of_nodes.push(router);
    }
    routers
}

impl Routers {
    fn add(&mut self, node: &Node<'_>, router: &RouterRef) {
        let id = || node.id.as_str().to_owned();
        let place = self.by_place.entry((node.network, id()));
        place.or_insert_with(|| router.clone());
        self.by_node_id.entry(id()).or_default().add(router);
        if let Some(te_id) = node.te_id.as_ref().map(|te_id| te_id.as_str().to_owned()) {
            let told = self.by_bare_te_id.entry(te_id.clone());
            told.or_default().add(router);
            let key = (node.domain.clone(), te_id);
            self.by_te_id.entry(key).or_insert_with(|| router.clone());
        }
        for (point, plug) in &node.plugs {
            let key = (node.network, id(), point.clone());
            self.plugs.insert(key, plug.clone());
            self.by_plug.entry(plug.clone()).or_default().add(router);
        }
    }
}

/// What groups of nodes that are one router are called: the first name of the best kind.
fn names(told: &Told<'_>, groups: &mut Groups) -> HashMap<usize, RouterId> {
    let mut names: HashMap<usize, (usize, &RouterId)> = HashMap::new();
    for (at, node) in told.nodes.iter().enumerate() {
        let kinds = [node.te_id.as_ref(), node.router_id.as_ref(), Some(&node.id)];
        let best = kinds.into_iter().enumerate();
        let Some(best) = best.filter_map(|(kind, name)| Some((kind, name?))).next() else {
            continue;
        };
        let name = names.entry(groups.root(at)).or_insert(best);
        if best.0 < name.0 {
            *name = best;
        }
    }
    let names = names.into_iter();
    names
        .map(|(root, (_, name))| (root, name.clone()))
        .collect()
}

/// Groups of nodes that are one router.
fn groups(told: &Told<'_>) -> Groups {
    let mut groups = Groups::new(told.nodes.len());
    let pairs = supports(told);
    let mut rests = vec![false; told.nodes.len()];
    let mut borne: HashMap<(usize, usize), usize> = HashMap::new();
    let mut rested: HashMap<(usize, usize), usize> = HashMap::new();
    for Support { over, under } in &pairs {
        if let Some(rests) = rests.get_mut(over.0) {
            *rests = true;
        }
        *rested.entry((over.0, under.1)).or_default() += 1;
        *borne.entry((over.1, under.0)).or_default() += 1;
    }
    for Support { over, under } in &pairs {
        let alone = |counts: &HashMap<_, usize>, key| counts.get(&key) == Some(&1);
        if alone(&rested, (over.0, under.1)) && alone(&borne, (over.1, under.0)) {
            groups.join(over.0, under.0);
        }
    }

    let mut addresses: HashMap<(&DomainId, &RouterId), usize> = HashMap::new();
    let mut ids: HashMap<(&DomainId, &RouterId), usize> = HashMap::new();
    for (at, node) in told.nodes.iter().enumerate() {
        if let Some(address) = node.te_id.as_ref().or(node.router_id.as_ref()) {
            let first = *addresses.entry((&node.domain, address)).or_insert(at);
            groups.join(first, at);
        }
        if rests.get(at) == Some(&false) {
            let first = *ids.entry((&node.domain, &node.id)).or_insert(at);
            let other = told.nodes.get(first).and_then(|first| first.te_id.as_ref());
            let differ = matches!((other, &node.te_id), (Some(a), Some(b)) if a != b);
            if !differ {
                groups.join(first, at);
            }
        }
    }
    groups
}

/// A node that rests on another, each with its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Support {
    over: (usize, usize),
    under: (usize, usize),
}

/// The nodes that rest on others of their domain in other networks, each pair once.
fn supports(told: &Told<'_>) -> Vec<Support> {
    let mut places: HashMap<(usize, &str), usize> = HashMap::new();
    for (at, node) in told.nodes.iter().enumerate() {
        places.entry((node.network, node.id.as_str())).or_insert(at);
    }
    let mut seen = HashSet::new();
    let mut pairs = Vec::new();
    for (at, node) in told.nodes.iter().enumerate() {
        for (network, id) in &node.supporting {
            let under = told.index.get(network);
            let under = under.and_then(|network| Some((*places.get(&(*network, id))?, *network)));
            let Some(under) = under else { continue };
            let same_domain = told.nodes.get(under.0).map(|n| &n.domain) == Some(&node.domain);
            let over = (at, node.network);
            let pair = Support { over, under };
            if same_domain && under.1 != over.1 && seen.insert(pair) {
                pairs.push(pair);
            }
        }
    }
    pairs
}

/// Disjoint sets of nodes (union-find with path halving).
#[derive(Debug)]
struct Groups {
    parents: Vec<usize>,
}

impl Groups {
    fn new(count: usize) -> Self {
        Self {
            parents: (0..count).collect(),
        }
    }

    fn root(&mut self, mut at: usize) -> usize {
        loop {
            let Some(parent) = self.parents.get(at).copied().filter(|parent| *parent != at) else {
                return at;
            };
            let above = self.parents.get(parent).copied().unwrap_or(parent);
            if let Some(slot) = self.parents.get_mut(at) {
                *slot = above;
            }
            at = above;
        }
    }

    /// The earlier of the two roots stands for both.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(slot) = self.parents.get_mut(a.max(b)) {
            *slot = a.min(b);
        }
    }
}
