//! The topology view of a domain: routers, links, prefixes, and what else its topology exporter tells.

use ipnet::IpNet;

use crate::{Bandwidth, Delay, DomainId, Performance, Resources, RouterId, Srlgs, Warning};

/// What one topology document tells: the exporting domain, and stubs of its neighbours.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopologyView {
    /// The document's name.
    pub name: Option<String>,
    /// The domains that occur, each once.
    pub nodes: Vec<TopologyNode>,
    /// Links between routers of different domains, one way each.
    pub links: Vec<RouterLink>,
    /// The exporter knows no links at all, so that their absence says nothing.
    pub silent_on_links: bool,
    /// What was tolerated, for people.
    pub warnings: Vec<Warning>,
}

/// One domain of a topology document. A neighbour's stub has routers and nothing else.
#[derive(Clone, Debug, PartialEq)]
pub struct TopologyNode {
    /// The domain.
    pub domain: DomainId,
    /// Where its orchestrator is reached (`unify-slor`), a URL.
    pub entry_point: Option<String>,
    /// The prefixes that are reached in it.
    pub prefixes: Vec<IpNet>,
    /// Its routers, each once, in the document's order.
    pub routers: Vec<RouterId>,
    /// Links between its own routers, one way each.
    pub links: Vec<RouterLink>,
    /// What it has, where told.
    pub resources: Resources,
}

impl TopologyNode {
    /// A domain of which nothing else is known.
    #[must_use]
    pub fn new(domain: DomainId) -> Self {
        Self {
            domain,
            entry_point: None,
            prefixes: Vec::new(),
            routers: Vec::new(),
            links: Vec::new(),
            resources: Resources::default(),
        }
    }
}

/// A link between two routers, one way.
#[derive(Clone, Debug, PartialEq)]
pub struct RouterLink {
    /// Where it starts.
    pub src: RouterRef,
    /// Where it ends.
    pub dst: RouterRef,
    /// One-way delay, where told.
    pub delay: Option<Delay>,
    /// Bandwidth, where told.
    pub bandwidth: Option<Bandwidth>,
    /// Shared risk link groups, as the domain where it starts numbers them.
    pub srlgs: Srlgs,
    /// What else is measured of it.
    pub performance: Performance,
}

/// A router of a domain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouterRef {
    /// The domain.
    pub domain: DomainId,
    /// The router, unique within the domain.
    pub router: RouterId,
}
