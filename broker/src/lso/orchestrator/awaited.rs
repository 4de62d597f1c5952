//! Which orders that rest wait for which partner, so that a change of a partner or of an agreement calls up these and no
//! others.

use std::collections::{BTreeSet, HashMap};

use nffg::DomainId;
use sof::order::OrderId;

/// Whose change may let an order go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Awaits {
    /// It waits for no agreement and no partner.
    #[default]
    Nobody,
    /// Of these domains.
    These(BTreeSet<DomainId>),
    /// It is not known whose.
    Anybody,
}

impl Awaits {
    /// What an order waits for of which one item waits for `self`, and another for `other`.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Anybody, _) | (_, Self::Anybody) => Self::Anybody,
            (Self::Nobody, one) | (one, Self::Nobody) => one,
            (Self::These(mut all), Self::These(more)) => {
                all.extend(more);
                Self::These(all)
            }
        }
    }
}

/// The orders that rest and wait, by what for.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    of: HashMap<DomainId, BTreeSet<OrderId>>,
    of_anybody: BTreeSet<OrderId>,
    by: HashMap<OrderId, BTreeSet<DomainId>>,
}

impl Awaited {
    /// An order rests, and waits for this.
    pub(super) fn insert(&mut self, order: &OrderId, awaits: Awaits) {
        self.remove(order);
        match awaits {
            Awaits::Nobody => {}
            Awaits::Anybody => {
                self.of_anybody.insert(order.clone());
            }
            Awaits::These(domains) => {
                for domain in &domains {
                    let orders = self.of.entry(domain.clone()).or_default();
                    orders.insert(order.clone());
                }
                self.by.insert(order.clone(), domains);
            }
        }
    }

    /// An order does not rest any more.
    pub(super) fn remove(&mut self, order: &OrderId) {
        self.of_anybody.remove(order);
        for domain in self.by.remove(order).unwrap_or_default() {
            if let Some(orders) = self.of.get_mut(&domain) {
                orders.remove(order);
                if orders.is_empty() {
                    self.of.remove(&domain);
                }
            }
        }
    }

    /// The orders that wait for this domain.
    pub(super) fn of(&self, domain: &DomainId) -> Vec<OrderId> {
        let of = self.of.get(domain).into_iter().flatten();
        of.chain(&self.of_anybody).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn these(names: &[&str]) -> Awaits {
        Awaits::These(names.iter().map(|name| name.parse().unwrap()).collect())
    }

    #[test]
    fn who_waits_is_found_by_the_domain_until_he_does_not_rest_any_more() {
        let order = |name: &str| OrderId(name.to_owned());
        let (a, b, c) = (order("a"), order("b"), order("c"));
        let mut awaited = Awaited::default();
        awaited.insert(&a, these(&["AS1", "AS2"]));
        awaited.insert(&b, these(&["AS2"]));
        awaited.insert(&c, Awaits::Anybody);
        awaited.insert(&order("d"), Awaits::Nobody);
        let of = |awaited: &Awaited, name: &str| awaited.of(&name.parse().unwrap());
        assert_eq!(of(&awaited, "AS2"), [a.clone(), b.clone(), c.clone()]);
        assert_eq!(of(&awaited, "AS1"), [a.clone(), c.clone()]);
        assert_eq!(of(&awaited, "AS9"), std::slice::from_ref(&c));
        // What it waits for now takes the place of what it waited for.
        awaited.insert(&a, these(&["AS9"]));
        assert_eq!(of(&awaited, "AS1"), std::slice::from_ref(&c));
        assert_eq!(of(&awaited, "AS9"), [a.clone(), c.clone()]);
        for order in [a, b, c] {
            awaited.remove(&order);
        }
        assert!(awaited.of.is_empty() && awaited.by.is_empty() && awaited.of_anybody.is_empty());
    }

    #[test]
    fn an_order_waits_for_what_any_of_its_items_waits_for() {
        assert_eq!(these(&["AS1"]).and(these(&["AS2"])), these(&["AS1", "AS2"]));
        assert_eq!(Awaits::Nobody.and(these(&["AS1"])), these(&["AS1"]));
        assert_eq!(these(&["AS1"]).and(Awaits::Anybody), Awaits::Anybody);
        assert_eq!(Awaits::Nobody.and(Awaits::Nobody), Awaits::Nobody);
    }
}
