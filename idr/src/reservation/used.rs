//! What is held in all: one immutable version.

use std::collections::BTreeMap;
use std::sync::Arc;

use nffg::{Bandwidth, DomainId};

use super::{Amount, Amounts, Capacity, Claim, LinkCapacity, LinkKey, Overcommitment};
use crate::Update;
use crate::change::{Found, side_by_side};

/// What live reservations take, of each domain and of each link. Equal when as much is held
/// everywhere, however it came to be. Versions share the domains of which nothing is different.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Used {
    domains: BTreeMap<DomainId, Arc<AtDomain>>,
}

/// What is held of a domain and of the links that start there. Nothing in it is zero but the amounts
/// of a domain of which only links are held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct AtDomain {
    amounts: Amounts,
    /// In bits per second. Wider than a bandwidth: of a link that tells none, any number may be held.
    links: BTreeMap<LinkKey, u128>,
}

impl Used {
    /// What is held of a domain: zero of one of which nothing is, member or not.
    #[must_use]
    pub fn of_domain(&self, domain: &DomainId) -> Amounts {
        self.domains
            .get(domain)
            .map(|at| at.amounts)
            .unwrap_or_default()
    }

    /// What is held of a link; the largest bandwidth where it is more than that.
    #[must_use]
    pub fn of_link(&self, link: &LinkKey) -> Bandwidth {
        bandwidth(self.bits(link))
    }

    /// What is left of a link that has `capacity`, zero at least.
    #[must_use]
    pub fn left_of_link(&self, link: &LinkKey, capacity: Bandwidth) -> Bandwidth {
        bandwidth(u128::from(capacity.bits_per_second()).saturating_sub(self.bits(link)))
    }

    /// The domains of which something is held, by id, with what.
    pub fn domains(&self) -> impl Iterator<Item = (&DomainId, &Amounts)> {
        let all = self.domains.iter().map(|(id, at)| (id, &at.amounts));
        all.filter(|(_, amounts)| !amounts.is_zero())
    }

    /// The links of which something is held, in order, with how much.
    pub fn links(&self) -> impl Iterator<Item = (&LinkKey, Bandwidth)> {
        let all = self.domains.values().flat_map(|at| &at.links);
        all.map(|(link, bits)| (link, bandwidth(*bits)))
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.domains.is_empty()
    }

    /// Where more is held than `capacity` has: domains by id, then links in order.
    #[must_use]
    pub fn overcommitted(&self, capacity: &impl Capacity) -> Vec<Overcommitment> {
        let mut found = Vec::new();
        for (domain, amounts) in self.domains() {
            let has = capacity.domain(domain);
            for (kind, unit, held) in amounts.iter() {
                let bound = has.map_or(Some(Amount::ZERO), |has| has.get(kind, unit));
                if let Some(capacity) = bound.filter(|bound| held > *bound) {
                    found.push(Overcommitment::Domain {
                        domain: domain.clone(),
                        kind,
                        unit,
                        capacity,
                        held,
                    });
                }
            }
        }
        for (link, bits) in self.domains.values().flat_map(|at| &at.links) {
            let bound = match capacity.link(link) {
                None => Bandwidth::default(),
                Some(LinkCapacity::Told(told)) => told,
                Some(LinkCapacity::Untold) => continue,
            };
            if *bits > u128::from(bound.bits_per_second()) {
                found.push(Overcommitment::Link {
                    link: link.clone(),
                    capacity: bound,
                    held: bandwidth(*bits),
                });
            }
        }
        found
    }

    /// What the database of resources must be told to show this version instead of `before`: one
    /// update per domain of which another amount is held, by id.
    #[must_use]
    pub fn updates_since(&self, before: &Self) -> Vec<Update> {
        let mut updates = Vec::new();
        self.differences(before, |domain, old, new| {
            if old.amounts != new.amounts {
                updates.push(Update::Held {
                    domain: domain.clone(),
                    held: new.amounts,
                });
            }
        });
        updates
    }

    /// The links of which another bandwidth is held than in `before`, in order.
    #[must_use]
    pub fn links_since(&self, before: &Self) -> Vec<LinkKey> {
        let mut links = Vec::new();
        self.differences(before, |_, old, new| {
            let both = side_by_side(&old.links, &new.links, |a, b| a.0.cmp(b.0));
            links.extend(both.filter_map(|found| match found {
                Found::Before((link, _)) | Found::After((link, _)) => Some(link.clone()),
                Found::Both((_, old), (link, new)) => (old != new).then(|| link.clone()),
            }));
        });
        links
    }

    /// Calls `tell` for every domain that the versions do not share.
    fn differences(&self, before: &Self, mut tell: impl FnMut(&DomainId, &AtDomain, &AtDomain)) {
        let nothing = AtDomain::default();
        for found in side_by_side(&before.domains, &self.domains, |a, b| a.0.cmp(b.0)) {
            match found {
                Found::Before((domain, old)) => tell(domain, old, &nothing),
                Found::After((domain, new)) => tell(domain, &nothing, new),
                Found::Both((_, old), (_, new)) if Arc::ptr_eq(old, new) => {}
                Found::Both((domain, old), (_, new)) => tell(domain, old, new),
            }
        }
    }

    /// What is held of a link, in bits per second.
    pub(super) fn bits(&self, link: &LinkKey) -> u128 {
        let at = self.domains.get(&link.src);
        at.and_then(|at| at.links.get(link))
            .copied()
            .unwrap_or_default()
    }

    /// Takes a claim. No sum overflows: a claim is below 2^96 everywhere, and there are fewer than
    /// 2^32 reservations.
    pub(super) fn add(&mut self, claim: &Claim) {
        for (domain, amounts) in claim.domains().filter(|(_, amounts)| !amounts.is_zero()) {
            let at = self.at(domain);
            at.amounts = at.amounts.plus(amounts);
        }
        for (link, bandwidth) in claim.links() {
            let bits = u128::from(bandwidth.bits_per_second());
            if bits > 0 {
                let sum = self.at(&link.src).links.entry(link.clone());
                *sum.or_default() += bits;
            }
        }
    }

    /// Gives a claim back that was taken. What becomes zero leaves, so that equal content is equal.
    pub(super) fn remove(&mut self, claim: &Claim) {
        for (domain, amounts) in claim.domains().filter(|(_, amounts)| !amounts.is_zero()) {
            let at = self.at(domain);
            at.amounts = at.amounts.minus(amounts);
            self.forget_if_empty(domain);
        }
        for (link, bandwidth) in claim.links() {
            let bits = u128::from(bandwidth.bits_per_second());
            if bits == 0 {
                continue;
            }
            let links = &mut self.at(&link.src).links;
            if let Some(sum) = links.get_mut(link) {
                *sum = sum.saturating_sub(bits);
                if *sum == 0 {
                    links.remove(link);
                }
            }
            self.forget_if_empty(&link.src);
        }
    }

    fn at(&mut self, domain: &DomainId) -> &mut AtDomain {
        let at = self.domains.entry(domain.clone()).or_default();
        Arc::make_mut(at)
    }

    fn forget_if_empty(&mut self, domain: &DomainId) {
        let at = self.domains.get(domain);
        if at.is_some_and(|at| at.amounts.is_zero() && at.links.is_empty()) {
            self.domains.remove(domain);
        }
    }
}

fn bandwidth(bits: u128) -> Bandwidth {
    Bandwidth::from_bits_per_second(u64::try_from(bits).unwrap_or(u64::MAX))
}
