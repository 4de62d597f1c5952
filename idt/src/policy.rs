//! What a domain declares of its business: relationships, prices, and whose traffic it carries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use nffg::{Delay, DomainId};

use crate::net::Role;

/// What a neighbour is to a domain (Gao, "On inferring autonomous system relationships in the
/// Internet", 2001).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relationship {
    /// The neighbour pays the domain for transit.
    Customer,
    /// The domain pays the neighbour for transit.
    Provider,
    /// The two carry each other's customers' traffic.
    Peer,
}

impl Relationship {
    /// What the domain is to the neighbour.
    #[must_use]
    pub const fn reverse(self) -> Self {
        match self {
            Self::Customer => Self::Provider,
            Self::Provider => Self::Customer,
            Self::Peer => Self::Peer,
        }
    }

    /// Of an edge from the domain to the neighbour.
    const fn role(self) -> Role {
        match self {
            Self::Customer => Role::ToCustomer,
            Self::Provider => Role::ToProvider,
            Self::Peer => Role::ToPeer,
        }
    }
}

/// Some neighbours of a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Among {
    /// All of them.
    #[default]
    Any,
    /// These.
    Only(BTreeSet<DomainId>),
}

impl Among {
    fn has(&self, domain: &DomainId) -> bool {
        match self {
            Self::Any => true,
            Self::Only(domains) => domains.contains(domain),
        }
    }
}

/// On which terms traffic crosses a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transit {
    /// Whether it is carried at all.
    pub carry: bool,
    /// Price, in thousandths of the federation's unit of account.
    pub price: u32,
    /// One-way delay from border to border, where declared.
    pub delay: Option<Delay>,
}

/// Carried, for nothing.
impl Default for Transit {
    fn default() -> Self {
        Self {
            carry: true,
            price: 0,
            delay: None,
        }
    }
}

/// Terms for the traffic from some neighbours to some others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransitRule {
    /// From which neighbours it comes.
    pub from: Among,
    /// To which neighbours it goes.
    pub to: Among,
    /// The terms.
    pub terms: Transit,
}

/// What a domain declares. The default says nothing: no relationship is known, links are free, all
/// is carried for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DomainPolicy {
    /// What neighbours are to it.
    pub relationships: BTreeMap<DomainId, Relationship>,
    /// The price of each link to a neighbour, in thousandths of the federation's unit of account; 0 of
    /// those that are not listed.
    pub link_prices: BTreeMap<DomainId, u32>,
    /// On which terms traffic crosses it: of the rules that match, the first counts.
    pub transit: Vec<TransitRule>,
    /// The terms where no rule matches.
    pub otherwise: Transit,
    /// Domains whose traffic it does not carry.
    pub refuses_sources: BTreeSet<DomainId>,
    /// Domains to which it carries no traffic.
    pub refuses_destinations: BTreeSet<DomainId>,
}

impl DomainPolicy {
    /// The terms on which traffic crosses the domain from one neighbour to another.
    #[must_use]
    pub fn crossing(&self, from: &DomainId, to: &DomainId) -> Transit {
        let matching = |rule: &&TransitRule| rule.from.has(from) && rule.to.has(to);
        let rule = self.transit.iter().find(matching);
        rule.map_or(self.otherwise, |rule| rule.terms)
    }

    /// Whether the domain carries traffic from `source` to `destination`, as far as these count.
    #[must_use]
    pub fn carries(&self, source: &DomainId, destination: &DomainId) -> bool {
        !self.refuses_sources.contains(source) && !self.refuses_destinations.contains(destination)
    }
}

impl DomainPolicy {
    /// Whether some traffic is not carried, or not for nothing.
    pub(crate) fn charges_transit(&self) -> bool {
        let rules = self.transit.iter().map(|rule| &rule.terms);
        rules.chain([&self.otherwise]).any(|terms| {
            let delay = terms.delay.is_some_and(|delay| delay.as_nanos() > 0);
            !terms.carry || terms.price > 0 || delay
        })
    }
}

/// Who refuses to carry whose traffic, by the domain that is refused. Versions of it share what did
/// not change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusals {
    sources: OrdMap<DomainId, OrdSet<DomainId>>,
    destinations: OrdMap<DomainId, OrdSet<DomainId>>,
}

impl Refusals {
    /// `domain` declares `after` in place of `before`.
    pub(crate) fn replace(
        &mut self,
        domain: &DomainId,
        before: Option<&DomainPolicy>,
        after: Option<&DomainPolicy>,
    ) {
        let none = BTreeSet::new();
        let sources =
            [before, after].map(|policy| policy.map_or(&none, |policy| &policy.refuses_sources));
        let destinations = [before, after]
            .map(|policy| policy.map_or(&none, |policy| &policy.refuses_destinations));
        for (map, [before, after]) in [
            (&mut self.sources, sources),
            (&mut self.destinations, destinations),
        ] {
            for refused in before.difference(after) {
                if let Some(by) = map.get_mut(refused) {
                    by.remove(domain);
                    if by.is_empty() {
                        map.remove(refused);
                    }
                }
            }
            for refused in after.difference(before) {
                map.entry(refused.clone())
                    .or_default()
                    .insert(domain.clone());
            }
        }
    }

    /// Whether everybody carries everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.destinations.is_empty()
    }

    /// Who does not carry traffic from `source`.
    pub(crate) fn of_source(&self, source: &DomainId) -> impl Iterator<Item = &DomainId> {
        self.sources.get(source).into_iter().flatten()
    }

    /// Who does not carry traffic to `destination`.
    pub(crate) fn of_destination(&self, destination: &DomainId) -> impl Iterator<Item = &DomainId> {
        self.destinations.get(destination).into_iter().flatten()
    }

    /// Who does not carry traffic from `source` to `destination`. Who refuses both comes twice.
    pub(crate) fn of(
        &self,
        source: &DomainId,
        destination: &DomainId,
    ) -> impl Iterator<Item = &DomainId> {
        self.of_source(source)
            .chain(self.of_destination(destination))
    }
}

/// The policies of domains. Versions of it share what did not change.
pub(crate) type Policies = OrdMap<DomainId, Arc<DomainPolicy>>;

/// What policies say of the links from one domain to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) role: Role,
    /// [`crate::net::Edge::price`].
    pub(crate) price: u32,
}

/// Of the links from `a` to `b`, and of those from `b` to `a`.
pub(crate) fn terms(policies: &Policies, a: &DomainId, b: &DomainId) -> [Terms; 2] {
    if policies.is_empty() {
        return <[Terms; 2]>::default();
    }
    let (of_a, of_b) = (policies.get(a), policies.get(b));
    let price = |policy: Option<&Arc<DomainPolicy>>, to: &DomainId| {
        let price = policy.and_then(|policy| policy.link_prices.get(to));
        price.copied().unwrap_or_default()
    };
    let role = match told(policies, a, b) {
        Told::Known(relationship) => relationship.role(),
        Told::Nothing | Told::Contradiction => Role::Unknown,
    };
    [
        Terms {
            role,
            price: price(of_a, b),
        },
        Terms {
            role: role.reverse(),
            price: price(of_b, a),
        },
    ]
}

/// What two domains say of their relationship.
enum Told {
    Nothing,
    /// What the second is to the first. One of the two may have said it, or both.
    Known(Relationship),
    Contradiction,
}

fn told(policies: &Policies, a: &DomainId, b: &DomainId) -> Told {
    let tells = |teller: &DomainId, other: &DomainId| {
        let policy = policies.get(teller);
        policy.and_then(|policy| policy.relationships.get(other).copied())
    };
    match (tells(a, b), tells(b, a).map(Relationship::reverse)) {
        (None, None) => Told::Nothing,
        (Some(one), Some(other)) if one != other => Told::Contradiction,
        (Some(known), _) | (_, Some(known)) => Told::Known(known),
    }
}

/// What `b` is to `a`; `None` if neither tells it, or the two contradict each other.
pub(crate) fn relationship(
    policies: &Policies,
    a: &DomainId,
    b: &DomainId,
) -> Option<Relationship> {
    match told(policies, a, b) {
        Told::Known(relationship) => Some(relationship),
        Told::Nothing | Told::Contradiction => None,
    }
}

/// The pairs of domains that contradict each other about their relationship: each once, the first
/// by id first, sorted.
pub(crate) fn contradictions(policies: &Policies) -> Vec<(DomainId, DomainId)> {
    let mut pairs = Vec::new();
    for (a, policy) in policies {
        for b in policy.relationships.keys().filter(|b| a < *b) {
            if let Told::Contradiction = told(policies, a, b) {
                pairs.push((a.clone(), b.clone()));
            }
        }
    }
    pairs
}
