//! What is known of partners from their work.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nffg::DomainId;
use sof::saga::{Deployment, Phase, Saga};
use sof::selection::Faded;

/// What a partner has done, as it counts now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Done {
    /// Segments that it brought up.
    pub(super) succeeded: f64,
    /// Segments that it did not.
    pub(super) failed: f64,
    /// Services that it does a segment of.
    pub(super) services: u32,
}

/// What a partner has done.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    succeeded: Faded,
    failed: Faded,
    /// Services that it does a segment of; below 0 while it is only known what they took away.
    services: i64,
}

/// What all have done. What was long ago counts less, so that who has mended its ways is ordered from again.
#[derive(Clone, Debug)]
pub(super) struct Stats {
    half_life: SignedDuration,
    of: BTreeMap<DomainId, Counts>,
}

impl Stats {
    /// Nothing yet; what is that old counts one half.
    pub(super) fn new(half_life: std::time::Duration) -> Self {
        Self {
            half_life: SignedDuration::try_from(half_life).unwrap_or(SignedDuration::MAX),
            of: BTreeMap::new(),
        }
    }

    pub(super) fn of(&self, domain: &DomainId, now: Timestamp) -> Done {
        let Some(counts) = self.of.get(domain) else {
            return Done::default();
        };
        let services = counts.services.max(0);
        Done {
            succeeded: counts.succeeded.left(now, self.half_life),
            failed: counts.failed.left(now, self.half_life),
            services: u32::try_from(services).unwrap_or(u32::MAX),
        }
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
            let counts = self.of.entry(domain.clone()).or_default();
            counts.failed.add(saga.since, self.half_life);
        }
        if saga.phase == Phase::Completed {
            for known in &after.deployed {
                let counts = self.of.entry(known.domain.clone()).or_default();
                counts.succeeded.add(saga.since, self.half_life);
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
            let services = &mut self.of.entry(domain.clone()).or_default().services;
            let more = i64::try_from(count(after, domain)).unwrap_or(i64::MAX);
            let less = i64::try_from(count(&saga.before, domain)).unwrap_or(i64::MAX);
            *services = services.saturating_add(more).saturating_sub(less);
        }
    }
}
