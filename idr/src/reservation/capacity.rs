//! What there is to be held, and where it is not enough.

use std::fmt;

use nffg::{Bandwidth, DomainId, Unit};

use super::{Amount, DomainCapacity, LinkKey, ResourceKind};
use crate::{Domain, Snapshot};

/// What a link has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkCapacity {
    /// Its bandwidth.
    Told(Bandwidth),
    /// It is there, and nobody tells its bandwidth: it has no bound.
    Untold,
}

/// What domains and links have at the moment of a call. One call must be given one version.
pub trait Capacity {
    /// What a domain has; `None` if it is no member.
    fn domain(&self, domain: &DomainId) -> Option<DomainCapacity>;

    /// What a link has; `None` if it is not there.
    fn link(&self, link: &LinkKey) -> Option<LinkCapacity>;
}

/// A version of the resources, and links from wherever the caller knows them.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a, L> {
    /// Says what domains have.
    pub resources: &'a Snapshot,
    /// Says what a link has; `None` if it is not there.
    pub links: L,
}

impl<L: Fn(&LinkKey) -> Option<LinkCapacity>> Capacity for Offer<'_, L> {
    fn domain(&self, domain: &DomainId) -> Option<DomainCapacity> {
        let domain: &Domain = self.resources.domain(domain)?;
        Some(*domain.capacity())
    }

    fn link(&self, link: &LinkKey) -> Option<LinkCapacity> {
        (self.links)(link)
    }
}

/// Where a claim does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// A domain has less left than is asked for.
    Domain {
        /// The domain.
        domain: DomainId,
        /// Cpu, memory or storage.
        kind: ResourceKind,
        /// The unit of the three amounts.
        unit: Unit,
        /// What is asked for.
        asked: Amount,
        /// What is left.
        left: Amount,
        /// What the domain has in all.
        capacity: Amount,
    },
    /// A link has less left than is asked for.
    Link {
        /// The link.
        link: LinkKey,
        /// What is asked for.
        asked: Bandwidth,
        /// What is left.
        left: Bandwidth,
        /// What the link has in all.
        capacity: Bandwidth,
    },
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain {
                domain,
                kind,
                unit,
                asked,
                left,
                capacity,
            } => {
                let [asked, left, capacity] =
                    [asked, left, capacity].map(|amount| amount.in_unit(*unit));
                write!(
                    f,
                    "{domain} has {kind} {left} left of {capacity}, asked for are {asked}"
                )
            }
            Self::Link {
                link,
                asked,
                left,
                capacity,
            } => write!(
                f,
                "link {link} has {left} left of {capacity}, asked for are {asked}"
            ),
        }
    }
}

/// Where more is held than there is: a domain or link has less than when it was promised, or is gone,
/// and then has nothing. What was promised stays; somebody must decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overcommitment {
    /// Of a domain.
    Domain {
        /// The domain.
        domain: DomainId,
        /// Cpu, memory or storage.
        kind: ResourceKind,
        /// The unit of the two amounts.
        unit: Unit,
        /// What the domain has.
        capacity: Amount,
        /// What is held of it.
        held: Amount,
    },
    /// Of a link.
    Link {
        /// The link.
        link: LinkKey,
        /// What the link has.
        capacity: Bandwidth,
        /// What is held of it.
        held: Bandwidth,
    },
}

impl fmt::Display for Overcommitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain {
                domain,
                kind,
                unit,
                capacity,
                held,
            } => {
                let [capacity, held] = [capacity, held].map(|amount| amount.in_unit(*unit));
                write!(f, "{domain} has {kind} {capacity}, held are {held}")
            }
            Self::Link {
                link,
                capacity,
                held,
            } => write!(f, "link {link} has {capacity}, held are {held}"),
        }
    }
}
