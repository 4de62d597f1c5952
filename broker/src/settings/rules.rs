//! What is ruled for a kind of service: `[sof.work.rules]` and `[sof.work.rules_of.NAME]`.

use std::collections::BTreeSet;

use nffg::DomainId;
use serde::{Deserialize, Serialize};
use sof::selection::Rules;

/// The rules for a kind of service; what is left out rules nothing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RulesEntry {
    /// Only these domains may be on a chain, those of transit included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_domains: Option<BTreeSet<DomainId>>,
    /// These may not.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub forbid_domains: BTreeSet<DomainId>,
    /// Chains that a choice is made from, instead of `sof.work.candidates`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidates: Option<usize>,
    /// Chains that are tried for one order item, instead of `sof.work.attempts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// What a whole chain may cost, in units of account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_price: Option<f64>,
    /// The SLS margin that a chain has to have, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_sls_margin: Option<f64>,
}

/// The largest price, in units of account: its thousandths are whole in every format.
const LARGEST: f64 = 1e12;

impl RulesEntry {
    /// As the selection knows them.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules {
            allow_domains: self.allow_domains.clone(),
            forbid_domains: self.forbid_domains.clone(),
            candidates: self.candidates,
            attempts: self.attempts,
            max_price: self.max_price.map(thousandths),
            min_sls_margin: self.min_sls_margin,
        }
    }

    /// What makes no sense: the key below this section, its value and the rule.
    pub(super) fn fault(&self) -> Option<(&'static str, String, &'static str)> {
        let allowed = self.allow_domains.as_ref();
        if allowed.is_some_and(BTreeSet::is_empty) {
            let rule = "one domain or more; without the key, all are allowed";
            return Some(("allow_domains", "[]".to_owned(), rule));
        }
        let mut both = self.forbid_domains.iter();
        let both = both.find(|domain| allowed.is_some_and(|allowed| allowed.contains(*domain)));
        if let Some(domain) = both {
            let rule = "is in allow_domains, too";
            return Some(("forbid_domains", domain.to_string(), rule));
        }
        let counts = [
            ("candidates", self.candidates),
            ("attempts", self.attempts.map(|count| count as usize)),
        ];
        for (key, count) in counts {
            if let Some(count) = count.filter(|count| !(1..=100_000).contains(count)) {
                return Some((key, count.to_string(), "must be from 1 to 100000"));
            }
        }
        let odd =
            |number: Option<f64>, most: f64| number.filter(|number| !(0.0..=most).contains(number));
        if let Some(price) = odd(self.max_price, LARGEST) {
            let rule = "must be from 0 to 1000000000000";
            return Some(("max_price", price.to_string(), rule));
        }
        let margin = odd(self.min_sls_margin, 1.0)?;
        let rule = "a part of the delay share, from 0 to 1";
        Some(("min_sls_margin", margin.to_string(), rule))
    }
}

/// Thousandths of what was checked to be in range.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "in range, and whole"
)]
fn thousandths(price: f64) -> u64 {
    (price.clamp(0.0, LARGEST) * 1_000.0).round() as u64
}
