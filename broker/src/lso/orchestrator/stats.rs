//! What is known of partners from their work.

use std::collections::BTreeMap;

use nffg::DomainId;
use sof::saga::{Deployment, Phase, Saga};

/// What a partner has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Done {
    /// Segments that it brought up.
    pub(super) succeeded: u64,
    /// Segments that it did not.
    pub(super) failed: u64,
    /// Services that it does a segment of; below 0 while it is only known what they took away.
    services: i64,
}

impl Done {
    /// Services that it does a segment of.
    pub(super) fn services(self) -> u32 {
        let count = self.services.max(0);
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

/// The same of all.
#[derive(Clone, Debug, Default)]
pub(super) struct Stats(BTreeMap<DomainId, Done>);

impl Stats {
    pub(super) fn of(&self, domain: &DomainId) -> Done {
        self.0.get(domain).copied().unwrap_or_default()
    }

    /// Counts a saga that has come to its end. Those of one service may come in any order: what one takes away another has
    /// added.
    pub(super) fn learn(&mut self, saga: &Saga) {
        let Some(after) = saga.after.as_ref().filter(|_| saga.is_over()) else {
            return;
        };
        let failures = saga
            .reasons
            .iter()
            .filter_map(|reason| reason.domain.as_ref());
        for domain in failures {
            self.0.entry(domain.clone()).or_default().failed += 1;
        }
        if saga.phase == Phase::Completed {
            for known in &after.deployed {
                self.0.entry(known.domain.clone()).or_default().succeeded += 1;
            }
        }
        let count = |of: &Deployment, domain: &DomainId| {
            of.deployed
                .iter()
                .filter(|known| known.domain == *domain)
                .count()
        };
        let domains = after.deployed.iter().chain(&saga.before.deployed);
        for domain in domains
            .map(|known| &known.domain)
            .collect::<std::collections::BTreeSet<_>>()
        {
            let services = &mut self.0.entry(domain.clone()).or_default().services;
            let more = i64::try_from(count(after, domain)).unwrap_or(i64::MAX);
            let less = i64::try_from(count(&saga.before, domain)).unwrap_or(i64::MAX);
            *services = services.saturating_add(more).saturating_sub(less);
        }
    }
}
