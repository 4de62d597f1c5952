//! The ledger of reservations: laws against a model that recomputes everything from a list, and each
//! clause once.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod clauses;
mod laws;
mod model;
mod resources;

use std::collections::BTreeMap;
use std::time::Duration;

use idr::reservation::{
    Capacity, Claim, DomainCapacity, LinkCapacity, LinkKey, Moment, Request, ReservationId,
};
use nffg::{Bandwidth, DomainId, Resources};

fn id(text: &str) -> DomainId {
    text.parse().unwrap()
}

fn name(text: &str) -> ReservationId {
    text.parse().unwrap()
}

fn at(millis: u64) -> Moment {
    Moment::from_unix_millis(millis)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn bits(bits: u64) -> Bandwidth {
    Bandwidth::from_bits_per_second(bits)
}

/// `cpu mem storage`, each as told, `-` for nothing.
fn resources(text: &str) -> Resources {
    let mut told = text
        .split(' ')
        .map(|quantity| (quantity != "-").then(|| quantity.parse().unwrap()));
    Resources {
        cpu: told.next().flatten(),
        mem: told.next().flatten(),
        storage: told.next().flatten(),
    }
}

/// `A B` for a border without routers, `A:r B:s` between routers.
fn link(text: &str) -> LinkKey {
    let (src, dst) = text.split_once(' ').unwrap();
    let end = |text: &str| match text.split_once(':') {
        Some((domain, router)) => (id(domain), Some(router.parse().unwrap())),
        None => (id(text), None),
    };
    let ((src, src_router), (dst, dst_router)) = (end(src), end(dst));
    LinkKey {
        src,
        src_router,
        dst,
        dst_router,
        nth: 0,
    }
}

fn claim(domains: &[(&str, &str)], links: &[(&str, u64)]) -> Claim {
    let mut claim = Claim::default();
    for (domain, demand) in domains {
        claim.add_demand(id(domain), &resources(demand)).unwrap();
    }
    for (key, bandwidth) in links {
        claim.add_bandwidth(link(key), bits(*bandwidth)).unwrap();
    }
    claim
}

fn request(id: &str, holder: &str, millis: u64, claim: Claim) -> Request {
    Request {
        id: name(id),
        holder: holder.to_owned(),
        lifetime: ms(millis),
        claim,
    }
}

/// What there is, as a table.
#[derive(Clone, Debug, Default)]
struct World {
    domains: BTreeMap<DomainId, DomainCapacity>,
    links: BTreeMap<LinkKey, LinkCapacity>,
}

impl World {
    fn new(domains: &[(&str, &str)], links: &[(&str, Option<u64>)]) -> Self {
        let told = |text| DomainCapacity::of_nodes([&resources(text)]);
        let bandwidth = |bandwidth: &Option<u64>| match bandwidth {
            Some(told) => LinkCapacity::Told(bits(*told)),
            None => LinkCapacity::Untold,
        };
        let domains = domains.iter().map(|(name, text)| (id(name), told(text)));
        let links = links.iter().map(|(key, told)| (link(key), bandwidth(told)));
        Self {
            domains: domains.collect(),
            links: links.collect(),
        }
    }
}

impl Capacity for World {
    fn domain(&self, domain: &DomainId) -> Option<DomainCapacity> {
        self.domains.get(domain).copied()
    }

    fn link(&self, link: &LinkKey) -> Option<LinkCapacity> {
        self.links.get(link).copied()
    }
}
