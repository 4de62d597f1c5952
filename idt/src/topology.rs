//! What one domain tells of its own topology, in canonical form.

use ipnet::IpNet;
use nffg::{
    Bandwidth, Delay, DomainId, Performance, RouterId, RouterLink, RouterRef, Srlgs, TopologyView,
};

/// Why a view is not a domain's topology.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TopologyError {
    /// The view says nothing of the domain that it was asked of.
    #[error("the topology has no node of domain '{domain}': it tells of {}", list(.told))]
    NotTold {
        /// The domain whose topology was wanted.
        domain: DomainId,
        /// The domains that the view has nodes of, sorted.
        told: Vec<DomainId>,
    },
}

/// The domains for a person, at most ten of them.
fn list(told: &[DomainId]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<&str> = told.iter().take(SHOWN).map(DomainId::as_str).collect();
    match told.len() {
        0 => "no domain".to_owned(),
        n if n > SHOWN => format!("{} and {} more", shown.join(", "), n - SHOWN),
        _ => shown.join(", "),
    }
}

/// A link between two routers of one domain, one way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntraLink {
    /// Where it starts.
    pub src: RouterId,
    /// Where it ends.
    pub dst: RouterId,
    /// One-way delay, where told.
    pub delay: Option<Delay>,
    /// Bandwidth, where told.
    pub bandwidth: Option<Bandwidth>,
}

/// A link from a border router of this domain to a router of another domain, one way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterLink {
    /// The border router, of this domain.
    pub router: RouterId,
    /// The router at the other end, of another domain.
    pub remote: RouterRef,
    /// One-way delay, where told.
    pub delay: Option<Delay>,
    /// Bandwidth, where told.
    pub bandwidth: Option<Bandwidth>,
    /// Shared risk link groups, as this domain numbers them.
    pub srlgs: Srlgs,
    /// What else is measured of it.
    pub performance: Performance,
}

/// What a topology is made of, in any order. [`DomainTopology::new`] brings it into canonical form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopologyParts {
    /// Routers. Those at which a link ends need not be listed.
    pub routers: Vec<RouterId>,
    /// Links within the domain.
    pub intra_links: Vec<IntraLink>,
    /// Links to other domains.
    pub inter_links: Vec<InterLink>,
    /// Prefixes that are reached in the domain.
    pub prefixes: Vec<IpNet>,
    /// The source knows no links at all ([`DomainTopology::is_silent_on_links`]).
    pub silent_on_links: bool,
}

/// The topology of one domain as that domain tells it.
///
/// Canonical: every list is sorted and without repetition, every end of a link is a router, no
/// inter-domain link leads back into the domain, prefixes have no host bits. Two documents that say
/// the same in another order make equal topologies. Links of equal ends with different attributes
/// are parallel links and are kept; a link that is told twice with equal attributes is one link,
/// since exporters repeat elements and give links no ids that could tell the two cases apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainTopology {
    domain: DomainId,
    routers: Vec<RouterId>,
    intra_links: Vec<IntraLink>,
    inter_links: Vec<InterLink>,
    /// The positions of the inter-domain links by the domain where they end, then as they are.
    by_remote: Box<[u32]>,
    prefixes: Vec<IpNet>,
    silent_on_links: bool,
}

impl DomainTopology {
    /// A topology of `domain` from its parts. An inter-domain link that leads back into `domain`
    /// becomes an intra-domain link.
    #[must_use]
    pub fn new(domain: DomainId, parts: TopologyParts) -> Self {
        let TopologyParts {
            mut routers,
            mut intra_links,
            inter_links,
            prefixes,
            silent_on_links,
        } = parts;
        let (inward, mut inter_links): (Vec<_>, Vec<_>) = inter_links
            .into_iter()
            .partition(|link| link.remote.domain == domain);
        intra_links.extend(inward.into_iter().map(|link| IntraLink {
            src: link.router,
            dst: link.remote.router,
            delay: link.delay,
            bandwidth: link.bandwidth,
        }));
        let ends = intra_links.iter().flat_map(|link| [&link.src, &link.dst]);
        let borders = inter_links.iter().map(|link| &link.router);
        routers.extend(ends.chain(borders).cloned().collect::<Vec<_>>());
        let mut prefixes: Vec<IpNet> = prefixes.iter().map(IpNet::trunc).collect();
        sort(&mut routers);
        sort(&mut intra_links);
        sort(&mut inter_links);
        sort(&mut prefixes);
        let silent_on_links = silent_on_links && intra_links.is_empty() && inter_links.is_empty();
        // Links are counted by `u32`: each takes memory, so there are fewer.
        let mut by_remote: Box<[u32]> = (0..inter_links.len()).map(|at| at as u32).collect();
        by_remote.sort_by_key(|at| &inter_links[*at as usize].remote.domain);
        Self {
            domain,
            routers,
            intra_links,
            inter_links,
            by_remote,
            prefixes,
            silent_on_links,
        }
    }

    /// What `view` says of `domain`, whose exporter sent it: the domain's own node, and every link
    /// that starts in it. A view also has stubs of neighbours and may tell links that start there;
    /// these are the neighbours' to tell and are ignored.
    ///
    /// # Errors
    /// [`TopologyError::NotTold`]: the view has no node of `domain`.
    pub fn from_view(domain: &DomainId, view: &TopologyView) -> Result<Self, TopologyError> {
        let mut parts = TopologyParts {
            silent_on_links: view.silent_on_links,
            ..TopologyParts::default()
        };
        let mut told = false;
        for node in view.nodes.iter().filter(|node| node.domain == *domain) {
            told = true;
            parts.routers.extend_from_slice(&node.routers);
            parts.prefixes.extend_from_slice(&node.prefixes);
        }
        if !told {
            let mut told: Vec<DomainId> = view.nodes.iter().map(|n| n.domain.clone()).collect();
            sort(&mut told);
            return Err(TopologyError::NotTold {
                domain: domain.clone(),
                told,
            });
        }
        let links = view
            .nodes
            .iter()
            .flat_map(|node| &node.links)
            .chain(&view.links);
        let own = links.filter(|link| link.src.domain == *domain);
        // `new` sorts out those that stay within the domain.
        parts.inter_links = own.cloned().map(InterLink::from).collect();
        Ok(Self::new(domain.clone(), parts))
    }

    /// The same topology with the neighbours under the names that `known` gives for theirs; `None` if
    /// it has another name for none of them.
    #[must_use]
    pub fn with_neighbours(&self, known: impl Fn(&DomainId) -> Option<DomainId>) -> Option<Self> {
        if !self
            .inter_links
            .iter()
            .any(|l| known(&l.remote.domain).is_some())
        {
            return None;
        }
        let renamed = self.inter_links.iter().cloned().map(|mut link| {
            if let Some(domain) = known(&link.remote.domain) {
                link.remote.domain = domain;
            }
            link
        });
        let parts = TopologyParts {
            routers: self.routers.clone(),
            intra_links: self.intra_links.clone(),
            inter_links: renamed.collect(),
            prefixes: self.prefixes.clone(),
            silent_on_links: self.silent_on_links,
        };
        Some(Self::new(self.domain.clone(), parts))
    }

    /// The domain.
    #[must_use]
    pub fn domain(&self) -> &DomainId {
        &self.domain
    }

    /// Its routers, sorted: those it names and those at which its links end.
    #[must_use]
    pub fn routers(&self) -> &[RouterId] {
        &self.routers
    }

    /// Links between its routers, one way each, sorted.
    #[must_use]
    pub fn intra_links(&self) -> &[IntraLink] {
        &self.intra_links
    }

    /// Links from its routers to other domains, one way each, sorted.
    #[must_use]
    pub fn inter_links(&self) -> &[InterLink] {
        &self.inter_links
    }

    /// Its links to another domain, sorted; none if it tells of none.
    pub fn links_to(&self, remote: &DomainId) -> impl ExactSizeIterator<Item = &InterLink> {
        let domain = |at: &u32| &self.inter_links[*at as usize].remote.domain;
        let start = self.by_remote.partition_point(|at| domain(at) < remote);
        let rest = &self.by_remote[start..];
        let len = rest.iter().take_while(|at| domain(at) == remote).count();
        self.links_at(&rest[..len])
    }

    /// The domains to which its links lead, in order, and the positions of the links to each.
    pub(crate) fn remotes(&self) -> impl Iterator<Item = (&DomainId, &[u32])> {
        let domain = |at: &u32| &self.inter_links[*at as usize].remote.domain;
        let groups = self.by_remote.chunk_by(move |a, b| domain(a) == domain(b));
        groups.map(move |group| (domain(&group[0]), group))
    }

    /// The links at these positions.
    pub(crate) fn links_at<'a>(
        &'a self,
        positions: &'a [u32],
    ) -> impl ExactSizeIterator<Item = &'a InterLink> {
        positions.iter().map(|at| &self.inter_links[*at as usize])
    }

    /// Whether its source knows no links at all, so that their absence says nothing: its neighbours
    /// may speak for it.
    #[must_use]
    pub fn is_silent_on_links(&self) -> bool {
        self.silent_on_links
    }

    /// The prefixes that are reached in it, sorted.
    #[must_use]
    pub fn prefixes(&self) -> &[IpNet] {
        &self.prefixes
    }
}

impl From<RouterLink> for InterLink {
    fn from(link: RouterLink) -> Self {
        let RouterLink {
            src,
            dst,
            delay,
            bandwidth,
            srlgs,
            performance,
        } = link;
        Self {
            router: src.router,
            remote: dst,
            delay,
            bandwidth,
            srlgs,
            performance,
        }
    }
}

fn sort<T: Ord>(items: &mut Vec<T>) {
    items.sort_unstable();
    items.dedup();
}
