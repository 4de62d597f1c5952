//! What a reservation takes, of whom.

use std::collections::BTreeMap;
use std::fmt;

use nffg::{Bandwidth, DomainId, Quantity, Resources, RouterId};

use super::{Amount, Amounts, ResourceKind};

/// A link between two domains, one way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkKey {
    /// The domain where it starts.
    pub src: DomainId,
    /// The router where it starts; `None` for a border that resource views tell.
    pub src_router: Option<RouterId>,
    /// The domain where it ends.
    pub dst: DomainId,
    /// The router where it ends; `None` for a border that resource views tell.
    pub dst_router: Option<RouterId>,
    /// Which of the parallel links with these ends, from 0, in the order of the domain graph.
    pub nth: u32,
}

/// `AS1:r1 -> AS2:r2`; of parallel links all but the first with their place, `#1`.
impl fmt::Display for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut end = |before: &str, domain: &DomainId, router: &Option<RouterId>| {
            write!(f, "{before}{domain}")?;
            router
                .as_ref()
                .map_or(Ok(()), |router| write!(f, ":{router}"))
        };
        end("", &self.src, &self.src_router)?;
        end(" -> ", &self.dst, &self.dst_router)?;
        match self.nth {
            0 => Ok(()),
            nth => write!(f, " #{nth}"),
        }
    }
}

/// Why something cannot be claimed: it is more than there is in the world.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// The demand of one NF, or of all NFs at a domain.
    #[error(
        "{kind} {asked} at {domain} is too much: all that is asked of a domain adds up to less than 2^96 millionths"
    )]
    Resource {
        /// The domain.
        domain: DomainId,
        /// Cpu, memory or storage.
        kind: ResourceKind,
        /// The demand, or the sum of demands.
        asked: Quantity,
    },
    /// The bandwidths on one link.
    #[error("the bandwidths on link {link} add up to 2^64 bit/s or more")]
    Bandwidth {
        /// The link.
        link: LinkKey,
    },
}

/// What a placement takes: of each domain for the NFs there, of each link for what it carries. Equal
/// claims are equal values, whatever the order in which they were put together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    domains: BTreeMap<DomainId, Amounts>,
    links: BTreeMap<LinkKey, Bandwidth>,
}

impl Claim {
    /// Adds what an NF asks of the domain that hosts it. An NF that asks for nothing still makes the
    /// domain one of those that must be there.
    ///
    /// # Errors
    /// [`ClaimError::Resource`]; the claim stays as it was.
    pub fn add_demand(&mut self, domain: DomainId, demand: &Resources) -> Result<(), ClaimError> {
        match Amounts::demanded(demand) {
            Ok(amounts) => self.add_amounts(domain, &amounts),
            Err((kind, asked)) => Err(ClaimError::Resource {
                domain,
                kind,
                asked,
            }),
        }
    }

    /// Adds amounts of a domain, as a claim before told them ([`Claim::domains`]).
    ///
    /// # Errors
    /// [`ClaimError::Resource`]; the claim stays as it was.
    pub fn add_amounts(&mut self, domain: DomainId, amounts: &Amounts) -> Result<(), ClaimError> {
        let sum = self
            .domains
            .get(&domain)
            .map_or(*amounts, |known| known.plus(amounts));
        let above = sum
            .iter()
            .find(|(_, _, amount)| *amount > Amount::MAX_CLAIMED);
        if let Some((kind, unit, amount)) = above {
            return Err(ClaimError::Resource {
                domain,
                kind,
                asked: amount.in_unit(unit),
            });
        }
        self.domains.insert(domain, sum);
        Ok(())
    }

    /// Adds bandwidth on a link.
    ///
    /// # Errors
    /// [`ClaimError::Bandwidth`]; the claim stays as it was.
    pub fn add_bandwidth(&mut self, link: LinkKey, bandwidth: Bandwidth) -> Result<(), ClaimError> {
        let known = self.links.get(&link).copied().unwrap_or_default();
        let sum = known
            .bits_per_second()
            .checked_add(bandwidth.bits_per_second());
        let Some(sum) = sum else {
            return Err(ClaimError::Bandwidth { link });
        };
        self.links
            .insert(link, Bandwidth::from_bits_per_second(sum));
        Ok(())
    }

    /// What it takes of each domain, by id.
    pub fn domains(&self) -> impl ExactSizeIterator<Item = (&DomainId, &Amounts)> {
        self.domains.iter()
    }

    /// What it takes of each link, in order.
    pub fn links(&self) -> impl ExactSizeIterator<Item = (&LinkKey, Bandwidth)> {
        self.links
            .iter()
            .map(|(link, bandwidth)| (link, *bandwidth))
    }

    /// What it takes of a domain; `None` of one that is not in it.
    #[must_use]
    pub fn of_domain(&self, domain: &DomainId) -> Option<&Amounts> {
        self.domains.get(domain)
    }

    /// What it takes of a link; `None` of one that is not in it.
    #[must_use]
    pub fn of_link(&self, link: &LinkKey) -> Option<Bandwidth> {
        self.links.get(link).copied()
    }

    /// Whether it has all domains and links of `other`, and takes of each at least as much.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let mut domains = other.domains.iter();
        let mut links = other.links.iter();
        domains.all(|(domain, asked)| self.of_domain(domain).is_some_and(|own| own.covers(asked)))
            && links.all(|(link, asked)| self.of_link(link).is_some_and(|own| own >= *asked))
    }

    /// The least that covers both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (domain, asked) in &other.domains {
            let own = both.domains.entry(domain.clone()).or_default();
            *own = own.max(asked);
        }
        for (link, asked) in &other.links {
            let own = both.links.entry(link.clone()).or_default();
            *own = (*own).max(*asked);
        }
        both
    }

    /// How many domains and links there are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.domains.len() + self.links.len()
    }

    /// Whether it has neither a domain nor a link.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
