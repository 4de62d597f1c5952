//! The single writer.

use std::collections::BTreeMap;
use std::sync::Arc;

use nffg::DomainId;

use crate::{Domain, EntryPoint, Snapshot};

/// One change to the database.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "updates are few and short-lived; no need to box"
)]
pub enum Update {
    /// The domain is this from now on, entry point included.
    Put(Domain),
    /// The domain leaves. Its neighbours' sides of what were borders stay behind as open borders.
    Remove(DomainId),
    /// The domain is a member with this entry point. What it has stays as it is; a domain that was
    /// not there begins without resources.
    EntryPoint {
        /// The domain.
        domain: DomainId,
        /// Its entry point from now on.
        entry_point: Option<EntryPoint>,
    },
}

/// The database: the one place through which updates go, in order.
#[derive(Debug, Default)]
pub struct Idr {
    current: Arc<Snapshot>,
}

impl Idr {
    /// An empty federation.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies updates in order, all of them before anybody sees one. True if the content changed;
    /// if not, the current snapshot stays as it is and no version is made.
    pub fn apply(&mut self, updates: impl IntoIterator<Item = Update>) -> bool {
        let mut changes: BTreeMap<DomainId, Option<Arc<Domain>>> = BTreeMap::new();
        for update in updates {
            let (id, domain) = match update {
                Update::Put(domain) => (domain.id().clone(), Some(Arc::new(domain))),
                Update::Remove(id) => (id, None),
                Update::EntryPoint {
                    domain: id,
                    entry_point,
                } => {
                    let known = match changes.get(&id) {
                        Some(pending) => pending.as_deref(),
                        None => self.current.domain(&id).map(Arc::as_ref),
                    };
                    let domain = match known {
                        Some(known) if known.entry_point() == entry_point.as_ref() => continue,
                        Some(known) => known.clone().with_entry_point(entry_point),
                        None => Domain::without_resources(id.clone(), entry_point),
                    };
                    (id, Some(Arc::new(domain)))
                }
            };
            changes.insert(id, domain);
        }
        changes.retain(|id, domain| self.current.domain(id) != domain.as_ref());
        if changes.is_empty() {
            return false;
        }
        self.current = Arc::new(self.current.successor(changes));
        true
    }

    /// The current version.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current)
    }
}

#[cfg(test)]
mod tests;
