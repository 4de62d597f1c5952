//! What is to be placed, and under which constraints.

use std::collections::{BTreeMap, BTreeSet};

use crate::DomainIndex;
use crate::net::EdgeId;
use crate::search::cost::Objective;
use crate::search::space::Restriction;

/// Kinds of resources that a node may ask for. What each means is the caller's: a position means
/// the same in every demand and capacity.
pub const RESOURCE_KINDS: usize = 6;

/// A node of a service graph, as the search sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlacementNode {
    /// The domains that can host it, in any order.
    pub hosts: Vec<DomainIndex>,
    /// Of these only the ones that are named here, if any are.
    pub allowed: Option<BTreeSet<DomainIndex>>,
    /// None of these.
    pub forbidden: BTreeSet<DomainIndex>,
    /// What it takes of its host. A negative amount counts as none; what is not a number fits
    /// nowhere that has a limit.
    pub demand: [f64; RESOURCE_KINDS],
}

/// A link of a service graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlacementLink {
    /// The position of the node where it starts.
    pub src: usize,
    /// The position of the node where it ends.
    pub dst: usize,
    /// What it carries at least, in bits per second. See [`PlacementProblem::needs`].
    pub bandwidth: u64,
    /// The longest delay that its route may have, in nanoseconds.
    pub max_delay: Option<u64>,
    /// How many borders its route may cross.
    pub max_hops: Option<u32>,
}

/// A link without bounds.
impl From<(usize, usize)> for PlacementLink {
    fn from((src, dst): (usize, usize)) -> Self {
        Self {
            src,
            dst,
            ..Self::default()
        }
    }
}

/// An end-to-end requirement: a walk over links, with bounds. A link that the walk passes twice
/// counts twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlacementRequirement {
    /// The positions of its links.
    pub links: Vec<usize>,
    /// What it carries over each of its links, in bits per second. See [`PlacementProblem::needs`].
    pub bandwidth: u64,
    /// The longest delay of the whole walk, in nanoseconds.
    pub max_delay: Option<u64>,
    /// How many borders the whole walk may cross.
    pub max_hops: Option<u32>,
}

/// What alternatives may not share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disjoint {
    /// Domains, whether they host a node or are passed through. Excepted are the hosts of nodes that
    /// can be in one domain only, such as SAPs.
    Domains,
    /// Inter-domain links, in either direction. Of two rows of parallel edges, there and back, those
    /// at the same position are one link.
    Links,
    /// Inter-domain links, and links that are in a shared risk group together (RFC 4202 §2.3). See
    /// [`PlacementProblem::risk_groups`].
    Srlg,
}

/// Traffic that domains do not carry, by whose it is. A link is traffic from the host of its first node
/// to that of its second. Domains are numbered as in [`Restriction::closed_domains`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusedTraffic {
    /// By source, the domains that no path from there passes.
    pub of_sources: BTreeMap<u32, BTreeSet<u32>>,
    /// By destination, the domains that no path to it passes.
    pub of_destinations: BTreeMap<u32, BTreeSet<u32>>,
}

impl RefusedTraffic {
    /// Whether everybody carries everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.of_sources.is_empty() && self.of_destinations.is_empty()
    }

    /// The domains that do not carry traffic from one domain to another. The two themselves are not
    /// among them: what starts or ends in a domain does not pass it.
    #[must_use]
    pub fn between(&self, from: u32, to: u32) -> BTreeSet<u32> {
        let refusing = [self.of_sources.get(&from), self.of_destinations.get(&to)];
        let all = refusing.into_iter().flatten().flatten().copied();
        all.filter(|domain| *domain != from && *domain != to)
            .collect()
    }

    /// The domains that do not carry something.
    #[must_use]
    pub fn refusing(&self) -> BTreeSet<u32> {
        let sets = self
            .of_sources
            .values()
            .chain(self.of_destinations.values());
        sets.flatten().copied().collect()
    }

    /// The same, but for what `domain` refuses.
    pub(in crate::search) fn admit(&mut self, domain: u32) {
        for map in [&mut self.of_sources, &mut self.of_destinations] {
            map.retain(|_, refusing| {
                refusing.remove(&domain);
                !refusing.is_empty()
            });
        }
    }
}

/// What is to be placed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlacementProblem {
    /// The nodes, in the order that breaks ties.
    pub nodes: Vec<PlacementNode>,
    /// The links. A link that ends at no node makes every placement impossible, as does a position
    /// in the lists below that is of nothing.
    pub links: Vec<PlacementLink>,
    /// The end-to-end requirements.
    pub requirements: Vec<PlacementRequirement>,
    /// Groups of nodes, by position: those of one group are in one domain.
    pub affinity: Vec<Vec<usize>>,
    /// Groups of nodes, by position: no two of one group are in one domain.
    pub anti_affinity: Vec<Vec<usize>>,
    /// What domains have for all nodes together; a domain that is absent has no limit, nor has one
    /// with an infinite amount.
    pub capacity: BTreeMap<DomainIndex, [f64; RESOURCE_KINDS]>,
    /// What of the net may be used. A closed domain hosts nothing either.
    pub restriction: Restriction,
    /// What domains do not carry.
    pub refused: RefusedTraffic,
    /// What placements are ranked by: the sum over the routes of all links.
    pub objective: Objective,
    /// If set, each placement is the best one that shares nothing of this kind with any earlier one.
    /// Nodes may have the hosts that they have in an earlier one, if the routes are others.
    pub disjoint: Option<Disjoint>,
    /// The shared risk link groups of edges, for [`Disjoint::Srlg`]. Groups told of one direction of
    /// a link are those of the other too.
    pub risk_groups: BTreeMap<EdgeId, BTreeSet<u32>>,
    /// Placements tell their edges, though nothing asks for it.
    pub tell_edges: bool,
}

impl PlacementProblem {
    /// What each link carries, in bits per second: the bandwidths of all requirements over it, summed,
    /// as often as each passes it; or its own, if that is more. Its own is a minimum, not an amount
    /// on top: requirements are what flows through links.
    #[must_use]
    pub fn needs(&self) -> Vec<u64> {
        let mut needs = vec![0_u64; self.links.len()];
        for requirement in &self.requirements {
            for link in &requirement.links {
                if let Some(need) = needs.get_mut(*link) {
                    *need = need.saturating_add(requirement.bandwidth);
                }
            }
        }
        for (need, link) in needs.iter_mut().zip(&self.links) {
            *need = link.bandwidth.max(*need);
        }
        needs
    }

    /// Whether some route may have to be another than the cheapest one that the restriction allows.
    #[must_use]
    pub fn bounds_routes(&self) -> bool {
        let link = |link: &PlacementLink| {
            link.bandwidth > 0 || link.max_delay.is_some() || link.max_hops.is_some()
        };
        let requirement = |bounds: &PlacementRequirement| {
            bounds.bandwidth > 0 || bounds.max_delay.is_some() || bounds.max_hops.is_some()
        };
        self.links.iter().any(link) || self.requirements.iter().any(requirement)
    }

    /// Whether every position is of something.
    pub(super) fn is_sound(&self) -> bool {
        let node = |node: &usize| *node < self.nodes.len();
        let mut groups = self.affinity.iter().chain(&self.anti_affinity);
        let mut walks = self.requirements.iter();
        self.links
            .iter()
            .all(|link| node(&link.src) && node(&link.dst))
            && groups.all(|group| group.iter().all(node))
            && walks.all(|walk| walk.links.iter().all(|link| *link < self.links.len()))
    }
}
