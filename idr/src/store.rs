//! The single writer.

use std::collections::BTreeMap;
use std::sync::Arc;

use nffg::DomainId;

use crate::reservation::Amounts;
use crate::{Domain, EntryPoint, Snapshot};

/// One change to the database.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// The domain is this from now on, entry point included. What is held of it stays as it is,
    /// whatever the value says.
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
    /// So much is held of the domain in all, by reservations ([`crate::reservation`]). It is kept
    /// while the domain is no member, and counts again when it is one.
    Held {
        /// The domain.
        domain: DomainId,
        /// What is held from now on.
        held: Amounts,
    },
}

/// The database: the one place through which updates go, in order.
#[derive(Debug, Default)]
pub struct Idr {
    current: Arc<Snapshot>,
    /// What is held of domains, members or not; none of it zero.
    held: BTreeMap<DomainId, Amounts>,
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
            let known = |id: &DomainId| match changes.get(id) {
                Some(pending) => pending.as_ref(),
                None => self.current.domain(id),
            };
            let (id, domain) = match update {
                Update::Put(domain) => (domain.id().clone(), Some(Arc::new(domain))),
                Update::Remove(id) => (id, None),
                Update::EntryPoint {
                    domain: id,
                    entry_point,
                } => {
                    let domain = match known(&id) {
                        Some(known) if known.entry_point() == entry_point.as_ref() => continue,
                        Some(known) => Domain::clone(known).with_entry_point(entry_point),
                        None => Domain::without_resources(id.clone(), entry_point),
                    };
                    (id, Some(Arc::new(domain)))
                }
                Update::Held { domain: id, held } => {
                    if held.is_zero() {
                        self.held.remove(&id);
                    } else {
                        self.held.insert(id.clone(), held);
                    }
                    let Some(known) = known(&id).map(Arc::clone) else {
                        continue;
                    };
                    (id, Some(known))
                }
            };
            changes.insert(id, domain);
        }
        for (id, domain) in &mut changes {
            let held = self.held.get(id).copied().unwrap_or_default();
            if let Some(domain) = domain.as_mut().filter(|domain| *domain.held() != held) {
                *domain = Arc::new(Domain::clone(domain).with_held(held));
            }
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
