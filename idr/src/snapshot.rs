//! What readers see: one immutable version of the database.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nffg::{DomainId, NfType, NodeKind, SapId, ServiceGraph};

use crate::{Border, BorderEnd, Domain, OpenBorder, Totals};

/// One immutable version of the database. Its parts that did not change are its predecessor's.
#[derive(Debug, Default)]
pub struct Snapshot {
    generation: u64,
    domains: BTreeMap<DomainId, Arc<Domain>>,
    nf_types: Arc<BTreeMap<NfType, Vec<DomainId>>>,
    saps: Arc<BTreeMap<SapId, Vec<DomainId>>>,
    /// Which of `saps` have two domains or more.
    shared_saps: Arc<BTreeSet<SapId>>,
    tags: Arc<BTreeMap<SapId, Vec<BorderEnd>>>,
    borders: Arc<[Border]>,
    open_borders: Arc<[OpenBorder]>,
    totals: Totals,
}

/// A service access point that two domains or more claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedSap<'a> {
    /// The id that all of them have untagged.
    pub sap: &'a SapId,
    /// The domains, sorted, two or more.
    pub domains: &'a [DomainId],
}

/// Why no domain of the federation can host a node of a service graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// No domain supports the NF type.
    #[error("no domain of the federation supports the NF type '{nf_type}'")]
    UnknownNfType {
        /// The node's index in the graph.
        node: usize,
        /// The type.
        nf_type: NfType,
    },
    /// No domain has the SAP as a service access point.
    #[error("no domain of the federation has the service access point '{sap}'")]
    UnknownSap {
        /// The node's index in the graph.
        node: usize,
        /// The SAP.
        sap: SapId,
    },
}

impl Snapshot {
    /// Counts the versions of this process. For caches only: it means nothing to anybody else and
    /// must never leave the process.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// All domains, in order of id.
    pub fn domains(&self) -> impl ExactSizeIterator<Item = &Arc<Domain>> {
        self.domains.values()
    }

    /// The domain `id`.
    #[must_use]
    pub fn domain(&self, id: &DomainId) -> Option<&Arc<Domain>> {
        self.domains.get(id)
    }

    /// The service access points of the domain `id`, sorted: none of a domain that is not there.
    /// Borders and open borders are not among them.
    #[must_use]
    pub fn service_saps(&self, id: &DomainId) -> &[SapId] {
        self.domains.get(id).map_or(&[], |domain| domain.saps())
    }

    /// Where domains meet, by SAP id.
    #[must_use]
    pub fn borders(&self) -> &[Border] {
        &self.borders
    }

    /// Tags that only one domain has, and at one of its nodes only, by SAP id.
    #[must_use]
    pub fn open_borders(&self) -> &[OpenBorder] {
        &self.open_borders
    }

    /// The federation's sum: over its domains, and so over all their nodes.
    #[must_use]
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// What is left of the totals of the domain `id` when what reservations hold is taken
    /// ([`Domain::left`]); nothing of a domain that is not there.
    #[must_use]
    pub fn left(&self, id: &DomainId) -> Totals {
        self.domains
            .get(id)
            .map(|domain| domain.left())
            .unwrap_or_default()
    }

    /// The domains that support an NF type, sorted; none if nobody does.
    #[must_use]
    pub fn supporting(&self, nf_type: &NfType) -> &[DomainId] {
        self.nf_types.get(nf_type).map_or(&[], Vec::as_slice)
    }

    /// The domains that have a SAP as a service access point, sorted; none if nobody does.
    #[must_use]
    pub fn having(&self, sap: &SapId) -> &[DomainId] {
        self.saps.get(sap).map_or(&[], Vec::as_slice)
    }

    /// The service access points that two domains or more claim, by SAP id. To operators that is a
    /// conflict: a graph that names such a SAP is answered with all of these domains, though
    /// its customer is at one of them. Either a name was given twice, or it is a border that nobody
    /// tags as inter-domain. A SAP that one domain claims and others tag is none of these.
    ///
    /// The set is kept from version to version: asking costs what is answered.
    pub fn shared_saps(&self) -> impl ExactSizeIterator<Item = SharedSap<'_>> {
        self.shared_saps.iter().map(|sap| SharedSap {
            sap,
            domains: self.having(sap),
        })
    }

    /// For every node of the graph, in the graph's order, the domains that can host it, sorted and at
    /// least one. Capacity is not looked at: candidates are about who could, placements about
    /// whether it fits.
    ///
    /// # Errors
    /// The first node that nobody can host.
    pub fn hosts(&self, graph: &ServiceGraph) -> Result<Vec<Vec<DomainId>>, HostError> {
        let of_node = |(node, kind): (usize, &NodeKind)| {
            let hosts = match kind {
                NodeKind::Nf { nf_type, .. } => self.supporting(nf_type),
                NodeKind::Sap { sap } => self.having(sap),
            };
            match (hosts, kind) {
                ([], NodeKind::Nf { nf_type, .. }) => Err(HostError::UnknownNfType {
                    node,
                    nf_type: nf_type.clone(),
                }),
                ([], NodeKind::Sap { sap }) => Err(HostError::UnknownSap {
                    node,
                    sap: sap.clone(),
                }),
                (hosts, _) => Ok(hosts.to_vec()),
            }
        };
        graph
            .nodes()
            .iter()
            .map(|node| &node.kind)
            .enumerate()
            .map(of_node)
            .collect()
    }

    /// The next version: `changes` says for each domain what it is from now on, `None` that it is
    /// gone. Only the index entries that these domains touch are made anew.
    pub(crate) fn successor(&self, changes: BTreeMap<DomainId, Option<Arc<Domain>>>) -> Self {
        let mut next = Self {
            generation: self.generation + 1,
            domains: self.domains.clone(),
            nf_types: Arc::clone(&self.nf_types),
            saps: Arc::clone(&self.saps),
            shared_saps: Arc::clone(&self.shared_saps),
            tags: Arc::clone(&self.tags),
            borders: Arc::clone(&self.borders),
            open_borders: Arc::clone(&self.open_borders),
            totals: Totals::default(),
        };
        for (id, new) in changes {
            let old = match &new {
                Some(domain) => next.domains.insert(id.clone(), Arc::clone(domain)),
                None => next.domains.remove(&id),
            };
            let (old, new) = (old.as_deref(), new.as_deref());
            reindex(
                &mut next.nf_types,
                &id,
                old.map(Domain::nf_types),
                new.map(Domain::nf_types),
            );
            reindex(
                &mut next.saps,
                &id,
                old.map(Domain::saps),
                new.map(Domain::saps),
            );
            next.reshare(old, new);
            next.retag(&id, old, new);
        }
        if !Arc::ptr_eq(&self.tags, &next.tags) {
            next.find_borders();
        }
        // From the leaves and in order of id: subtracting what left would leave rounding behind, and
        // two brokers with different histories would differ.
        let mut totals = Totals::default();
        next.domains
            .values()
            .for_each(|domain| totals += domain.totals());
        next.totals = totals;
        next
    }

    /// Brings `shared_saps` in line with `saps` for what a domain had and has.
    fn reshare(&mut self, old: Option<&Domain>, new: Option<&Domain>) {
        let (old, new) = (
            old.map_or(&[][..], Domain::saps),
            new.map_or(&[][..], Domain::saps),
        );
        if old == new {
            return;
        }
        for sap in old.iter().chain(new) {
            let shared = self.saps.get(sap).is_some_and(|domains| domains.len() > 1);
            if shared != self.shared_saps.contains(sap) {
                let saps = Arc::make_mut(&mut self.shared_saps);
                if shared {
                    saps.insert(sap.clone());
                } else {
                    saps.remove(sap);
                }
            }
        }
    }

    fn retag(&mut self, id: &DomainId, old: Option<&Domain>, new: Option<&Domain>) {
        let old = old.map_or(&[][..], Domain::inter_domain_saps);
        let new = new.map_or(&[][..], Domain::inter_domain_saps);
        if old == new {
            return;
        }
        let tags = Arc::make_mut(&mut self.tags);
        for tag in old {
            if let Some(ends) = tags.get_mut(&tag.sap) {
                ends.retain(|end| end.domain != *id);
                if ends.is_empty() {
                    tags.remove(&tag.sap);
                }
            }
        }
        for tag in new {
            let ends = tags.entry(tag.sap.clone()).or_default();
            let end = BorderEnd {
                domain: id.clone(),
                delay: tag.delay,
                bandwidth: tag.bandwidth,
            };
            let place = ends.partition_point(|other| other.domain < *id);
            ends.insert(place, end);
        }
    }

    fn find_borders(&mut self) {
        let mut borders = Vec::new();
        let mut open = Vec::new();
        for (sap, ends) in self.tags.iter() {
            match ends.as_slice() {
                [only] => {
                    let domain = self.domains.get(&only.domain);
                    open.extend(domain.and_then(|domain| OpenBorder::of(domain, sap)));
                }
                _ => borders.push(Border {
                    sap: sap.clone(),
                    ends: ends.clone(),
                }),
            }
        }
        self.borders = borders.into();
        self.open_borders = open.into();
    }
}

/// Moves a domain from the entries that it had to those that it has.
fn reindex<K: Clone + Ord>(
    index: &mut Arc<BTreeMap<K, Vec<DomainId>>>,
    id: &DomainId,
    old: Option<&[K]>,
    new: Option<&[K]>,
) {
    let (old, new) = (old.unwrap_or(&[]), new.unwrap_or(&[]));
    if old == new {
        return;
    }
    let index = Arc::make_mut(index);
    for key in old.iter().filter(|key| new.binary_search(key).is_err()) {
        if let Some(domains) = index.get_mut(key) {
            domains.retain(|domain| domain != id);
            if domains.is_empty() {
                index.remove(key);
            }
        }
    }
    for key in new {
        let domains = index.entry(key.clone()).or_default();
        if let Err(place) = domains.binary_search(id) {
            domains.insert(place, id.clone());
        }
    }
}
