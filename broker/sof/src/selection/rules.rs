//! What the operator of the broker rules for a kind of service, beside the weights.

use std::collections::BTreeSet;

use nffg::DomainId;
use serde::{Deserialize, Serialize};

use super::agreed::Agreed;
use super::filter::{Filter, Removal};
use super::score::{Measures, price, tightest};
use crate::partner::Availability;
use crate::payload::Segment;

/// The rules for a kind of service. What is left out rules nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rules {
    /// Only these domains may be on a chain, those of transit included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_domains: Option<BTreeSet<DomainId>>,
    /// These may not.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub forbid_domains: BTreeSet<DomainId>,
    /// Chains that are looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidates: Option<usize>,
    /// Chains that are tried before the item fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// What a chain may cost, [`Measures::price`], in thousandths of the unit of account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_price: Option<u64>,
    /// The room that there has to be between what is asked for and what is promised, [`Measures::sls_margin`], from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_sls_margin: Option<f64>,
}

impl Rules {
    /// Whether nothing is ruled.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Why a domain may not be on a chain, if so.
    #[must_use]
    pub fn closes(&self, domain: &DomainId) -> Option<String> {
        if self.forbid_domains.contains(domain) {
            return Some(format!(
                "the rules forbid {domain} for this type of service"
            ));
        }
        let allowed = self.allow_domains.as_ref()?;
        (!allowed.contains(domain))
            .then(|| format!("the rules do not list {domain} for this type of service"))
    }

    /// What of a whole chain is against the rules. The domain that is named is the one whose part weighs most.
    pub(super) fn of_chain(
        &self,
        measures: &Measures,
        segments: &[Segment],
        agreed: &Agreed<'_>,
        wanted: Option<Availability>,
    ) -> Vec<Removal> {
        let mut removed = Vec::new();
        if let Some(most) = self.max_price.filter(|most| measures.price > *most)
            && let Some((domain, own)) = dearest(segments, agreed)
        {
            let (all, most, own) = (units(measures.price), units(most), units(own));
            removed.push(Removal {
                domain,
                filter: Filter::Price,
                detail: format!("the chain costs {all}, its part {own}; the rules allow {most}"),
            });
        }
        if let Some(least) = self.min_sls_margin
            && let Some((domain, margin)) = tightest(segments, agreed, wanted)
            && margin < least
        {
            removed.push(Removal {
                domain,
                filter: Filter::SlsMargin,
                detail: format!("its margin is {margin:.3}; the rules ask for {least}"),
            });
        }
        removed
    }
}

/// Thousandths as units of account.
fn units(thousandths: u64) -> String {
    format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000)
}

/// The domain whose agreement asks for most; of the same price, the first by name.
fn dearest(segments: &[Segment], agreed: &Agreed<'_>) -> Option<(DomainId, u64)> {
    let prices = segments.iter().map(|segment| {
        let agreement = agreed.get(&segment.domain);
        let own = agreement.map_or(0, |agreement| price(&agreement.price, segment));
        (own, std::cmp::Reverse(&segment.domain))
    });
    let (own, domain) = prices.max()?;
    Some((domain.0.clone(), own))
}
