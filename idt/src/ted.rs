//! The traffic engineering database (TED): the members' topologies, and the snapshots made of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use nffg::{Bandwidth, Delay, DomainId};

use crate::{DomainGraph, DomainTopology};

/// A link between two domains that resource views tell (both tag a port with one SAP), in both
/// directions alike. It has no routers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BorderLink {
    /// One end.
    pub a: DomainId,
    /// The other end.
    pub b: DomainId,
    /// One-way delay, where told.
    pub delay: Option<Delay>,
    /// Bandwidth, where told.
    pub bandwidth: Option<Bandwidth>,
}

impl BorderLink {
    /// The same link with its ends in order.
    fn ordered(self) -> Self {
        let Self {
            a,
            b,
            delay,
            bandwidth,
        } = self;
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        Self {
            a,
            b,
            delay,
            bandwidth,
        }
    }
}

/// A change of the TED. An update that says what is so already changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// The domain is a member. One that becomes a member so has no topology of its own: its
    /// neighbours may speak for it. One that has a topology keeps it.
    Join(DomainId),
    /// The domain is a member and this is its topology.
    Topology(DomainTopology),
    /// The domain's topology is gone. A member stays one; a domain that is none does not become one.
    Silent(DomainId),
    /// The domain is no longer a member, and its topology is gone.
    Leave(DomainId),
    /// The borders that resource views tell. The list replaces the earlier one whole.
    Borders(Vec<BorderLink>),
}

type Members = BTreeMap<DomainId, Option<Arc<DomainTopology>>>;

/// The single writer of the inter-domain topology.
#[derive(Clone, Debug, Default)]
pub struct Ted {
    members: Members,
    /// Sorted, the ends of each in order.
    borders: Vec<BorderLink>,
    current: Arc<Snapshot>,
}

impl Ted {
    /// A TED without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies `updates` in order, then publishes a snapshot if anything is now other than before.
    /// Returns whether it is. A batch makes one snapshot, whatever its length.
    pub fn apply(&mut self, updates: impl IntoIterator<Item = Update>) -> bool {
        for update in updates {
            self.apply_one(update);
        }
        if self.members == self.current.members && self.borders == self.current.borders {
            return false;
        }
        self.current = Arc::new(Snapshot {
            generation: self.current.generation + 1,
            members: self.members.clone(),
            borders: self.borders.clone(),
            graph: DomainGraph::derive(&self.members, &self.borders),
        });
        true
    }

    fn apply_one(&mut self, update: Update) {
        match update {
            Update::Join(domain) => {
                self.members.entry(domain).or_default();
            }
            Update::Topology(topology) => {
                let slot = self.members.entry(topology.domain().clone()).or_default();
                // An equal topology keeps the old allocation, so that snapshots share it.
                if slot.as_deref() != Some(&topology) {
                    *slot = Some(Arc::new(topology));
                }
            }
            Update::Silent(domain) => {
                if let Some(slot) = self.members.get_mut(&domain) {
                    *slot = None;
                }
            }
            Update::Leave(domain) => {
                self.members.remove(&domain);
            }
            Update::Borders(borders) => {
                self.borders = borders.into_iter().map(BorderLink::ordered).collect();
                self.borders.sort_unstable();
            }
        }
    }

    /// The latest snapshot.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current)
    }
}

/// The inter-domain topology at one moment. Immutable; topologies that did not change are shared
/// with the snapshot before.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    generation: u64,
    members: Members,
    borders: Vec<BorderLink>,
    graph: DomainGraph,
}

impl Snapshot {
    /// Which snapshot of this process's [`Ted`] this is. For caches only: it starts anew with the
    /// process and must not leave it.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The members, in order.
    pub fn domains(&self) -> impl ExactSizeIterator<Item = &DomainId> {
        self.members.keys()
    }

    /// The topology of a member that exports one.
    #[must_use]
    pub fn topology(&self, domain: &DomainId) -> Option<&Arc<DomainTopology>> {
        self.members.get(domain)?.as_ref()
    }

    /// The domain graph.
    #[must_use]
    pub fn graph(&self) -> &DomainGraph {
        &self.graph
    }
}

/// Equal content. The generation is no part of it.
impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        self.members == other.members && self.borders == other.borders && self.graph == other.graph
    }
}

impl Eq for Snapshot {}
