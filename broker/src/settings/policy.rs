//! What the settings say of a domain's routing policy.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use idt::{Among, DomainPolicy, Relationship, Transit, TransitRule};
use nffg::DomainId;
use serde::{Deserialize, Serialize};

use super::load::humantime;

/// What a domain declares of its routing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyEntry {
    /// What neighbours are to it: `customer`, `provider` or `peer`.
    pub relationships: BTreeMap<String, RelationshipWord>,
    /// What its links to neighbours cost, in the federation's unit of account, to three decimals.
    pub link_prices: BTreeMap<String, f64>,
    /// Domains whose traffic it does not carry.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refuses_sources: Vec<String>,
    /// Domains to which it carries no traffic.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refuses_destinations: Vec<String>,
    /// On which terms traffic crosses it that no rule matches; without it, for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<TermsEntry>,
    /// On which terms traffic crosses it: of the rules that match, the first counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transit: Vec<TransitEntry>,
}

/// A rule for traffic from some neighbours to some others. Its terms are those of [`TermsEntry`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TransitEntry {
    /// From which neighbours it comes; without it, from any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Vec<String>>,
    /// To which neighbours it goes; without it, to any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Vec<String>>,
    /// Whether it is carried at all; it is, if this is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carry: Option<bool>,
    /// Price, in the federation's unit of account, to three decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
    /// One-way delay from border to border, where its topology does not tell.
    #[serde(with = "humantime_serde", skip_serializing_if = "Option::is_none")]
    pub delay: Option<Duration>,
}

/// On which terms traffic crosses a domain.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TermsEntry {
    /// Whether it is carried at all; it is, if this is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carry: Option<bool>,
    /// Price, in the federation's unit of account, to three decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
    /// One-way delay from border to border, where its topology does not tell.
    #[serde(with = "humantime_serde", skip_serializing_if = "Option::is_none")]
    pub delay: Option<Duration>,
}

/// The key, the value and the rule that it breaks.
pub(super) type PolicyError = (&'static str, String, &'static str);

/// A longer one would not be told apart from this by the engine.
const LONGEST_DELAY: Duration = Duration::from_secs(4);

fn neighbour(key: &'static str, text: &str) -> Result<DomainId, PolicyError> {
    let rule = "an AS number or a name";
    text.parse().map_err(|_| (key, text.to_owned(), rule))
}

/// In thousandths of the unit of account.
fn price(key: &'static str, price: f64) -> Result<u32, PolicyError> {
    let thousandths = (price * 1000.0).round();
    if !(0.0..=f64::from(u32::MAX)).contains(&thousandths) {
        return Err((key, price.to_string(), "a price from 0 to 4294967.295"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "in range, and whole"
    )]
    let thousandths = thousandths as u32;
    Ok(thousandths)
}

impl TermsEntry {
    fn transit(&self, keys: [&'static str; 2]) -> Result<Transit, PolicyError> {
        let [price_key, delay_key] = keys;
        let delay = self.delay.map(|delay| {
            let nanos = u64::try_from(delay.as_nanos()).ok();
            nanos
                .filter(|_| delay <= LONGEST_DELAY)
                .map(nffg::Delay::from_nanos)
                .ok_or_else(|| {
                    let told = humantime(delay);
                    (delay_key, told, "a delay of 4 seconds at most")
                })
        });
        let carry = self.carry.unwrap_or(true);
        if !carry && let Some(told) = self.price {
            let rule = "no price: the rule says that nothing is carried";
            return Err((price_key, told.to_string(), rule));
        }
        if !carry && let Some(told) = self.delay {
            let rule = "no delay: the rule says that nothing is carried";
            return Err((delay_key, humantime(told), rule));
        }
        Ok(Transit {
            carry,
            price: price(price_key, self.price.unwrap_or_default())?,
            delay: delay.transpose()?,
        })
    }
}

impl TransitEntry {
    fn rule(&self) -> Result<TransitRule, PolicyError> {
        let among = |key, list: &Option<Vec<String>>| match list.as_deref() {
            None => Ok(Among::Any),
            Some([]) => {
                let rule = "one neighbour or more; without the key, it is any";
                Err((key, "[]".to_owned(), rule))
            }
            Some(list) => {
                let all = list.iter().map(|text| neighbour(key, text));
                all.collect::<Result<_, _>>().map(Among::Only)
            }
        };
        let terms = TermsEntry {
            carry: self.carry,
            price: self.price,
            delay: self.delay,
        };
        Ok(TransitRule {
            from: among("domains.policy.transit.from", &self.from)?,
            to: among("domains.policy.transit.to", &self.to)?,
            terms: terms.transit([
                "domains.policy.transit.price",
                "domains.policy.transit.delay",
            ])?,
        })
    }
}

/// What a neighbour is to a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RelationshipWord {
    /// It pays the domain.
    Customer,
    /// The domain pays it.
    Provider,
    /// They carry each other's customers' traffic.
    Peer,
}

impl PolicyEntry {
    /// The same for the topology. `Err` has the key, the value and the rule that it breaks.
    pub(super) fn policy(&self) -> Result<DomainPolicy, PolicyError> {
        let mut policy = DomainPolicy::default();
        for (other, word) in &self.relationships {
            let relationship = match word {
                RelationshipWord::Customer => Relationship::Customer,
                RelationshipWord::Provider => Relationship::Provider,
                RelationshipWord::Peer => Relationship::Peer,
            };
            let other = neighbour("domains.policy.relationships", other)?;
            policy.relationships.insert(other, relationship);
        }
        for (other, told) in &self.link_prices {
            const KEY: &str = "domains.policy.link_prices";
            let thousandths = price(KEY, *told)?;
            policy
                .link_prices
                .insert(neighbour(KEY, other)?, thousandths);
        }
        let rules = self.transit.iter().map(TransitEntry::rule);
        policy.transit = rules.collect::<Result<_, _>>()?;
        if let Some(terms) = &self.otherwise {
            policy.otherwise = terms.transit([
                "domains.policy.otherwise.price",
                "domains.policy.otherwise.delay",
            ])?;
        }
        let refused = |key, list: &[String]| -> Result<BTreeSet<DomainId>, PolicyError> {
            list.iter().map(|text| neighbour(key, text)).collect()
        };
        policy.refuses_sources = refused("domains.policy.refuses_sources", &self.refuses_sources)?;
        policy.refuses_destinations = refused(
            "domains.policy.refuses_destinations",
            &self.refuses_destinations,
        )?;
        Ok(policy)
    }
}
