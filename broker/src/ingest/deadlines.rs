//! When each member next changes by time alone.

use std::collections::{BTreeMap, BTreeSet};

use nffg::DomainId;
use tokio::time::Instant;

/// The deadlines of all members: what is due is found without looking at the others.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    of: BTreeMap<DomainId, Instant>,
    order: BTreeSet<(Instant, DomainId)>,
}

impl Deadlines {
    /// The next deadline of `domain`, or that it has none.
    pub(super) fn set(&mut self, domain: &DomainId, at: Option<Instant>) {
        let old = self.of.get(domain).copied();
        if old == at {
            return;
        }
        if let Some(old) = old {
            self.of.remove(domain);
            self.order.remove(&(old, domain.clone()));
        }
        if let Some(at) = at {
            self.of.insert(domain.clone(), at);
            self.order.insert((at, domain.clone()));
        }
    }

    /// The first of all.
    pub(super) fn first(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes out those that are due, in order of time.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<DomainId> {
        let mut due = Vec::new();
        while self.order.first().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, domain)) = self.order.pop_first() {
                self.of.remove(&domain);
                due.push(domain);
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_domain_has_one_deadline_and_it_is_due_once() {
        let id = |text: &str| text.parse::<DomainId>().unwrap();
        let start = crate::clock::instant();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut deadlines = Deadlines::default();
        deadlines.set(&id("b"), Some(at(2)));
        deadlines.set(&id("a"), Some(at(1)));
        deadlines.set(&id("c"), Some(at(9)));
        deadlines.set(&id("a"), Some(at(3)));
        assert_eq!(deadlines.first(), Some(at(2)));
        assert_eq!(deadlines.take_due(at(3)), [id("b"), id("a")]);
        assert_eq!(deadlines.take_due(at(3)), []);
        deadlines.set(&id("c"), None);
        assert_eq!(deadlines.first(), None);
    }
}
