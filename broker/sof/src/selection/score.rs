//! How good a chain is, beside others.

use std::collections::BTreeMap;

use nffg::DomainId;
use serde::{Deserialize, Serialize};

use super::Judgement;
use super::agreed::{Agreed, promised};
use super::chain::Chain;
use super::filter::PartnerView;
use crate::partner::{Availability, Price};
use crate::payload::Segment;

/// How much each measure counts against the others; none is negative.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Weights {
    /// Of the price: the topology's and the agreements'.
    pub price: f64,
    /// Of the one-way delay that the topology tells.
    pub delay: f64,
    /// Of the room between what partners promise and what they are asked for.
    pub sls_margin: f64,
    /// Of how often the partners have brought up what was ordered.
    pub success: f64,
    /// Of how much of the agreements is in use.
    pub load: f64,
}

impl Weights {
    /// Each with the name of its measure.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, f64); 5] {
        [
            ("price", self.price),
            ("delay", self.delay),
            ("sls-margin", self.sls_margin),
            ("success", self.success),
            ("load", self.load),
        ]
    }
}

impl Default for Weights {
    fn default() -> Self {
        // The price decides among partners that work; one that fails half of its orders is worth no discount.
        Self {
            price: 4.0,
            delay: 2.0,
            sls_margin: 2.0,
            success: 4.0,
            load: 1.0,
        }
    }
}

/// What a chain is scored by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Measures {
    /// In thousandths of the unit of account: what the topology says and what the agreements say.
    pub price: u64,
    /// One-way delay over all links, in nanoseconds.
    pub delay_ns: u64,
    /// The smallest room between a delay share and the promise, as a part of the share, and between the availability that is
    /// asked for and that of the whole chain, as a part of the time in which it need not work; 1 where nothing is bounded,
    /// 0 where a bound meets no promise.
    pub sls_margin: f64,
    /// What the agreements promise of the availability together; `None` if one of them promises nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<f64>,
    /// The chance that every partner brings up its part, from what they did before.
    pub success: f64,
    /// How much of its agreement the fullest partner has in use; 0 where the services are not bounded.
    pub load: f64,
}

/// What a segment costs, in thousandths of the unit of account.
#[must_use]
pub fn price(price: &Price, segment: &Segment) -> u64 {
    let functions = u64::try_from(segment.functions.len()).unwrap_or(u64::MAX);
    let flows = segment.flows.iter().filter_map(|flow| flow.bandwidth);
    let begun = flows.map(|bandwidth| bandwidth.bits_per_second().div_ceil(1_000_000));
    let mbps = begun.fold(0, u64::saturating_add);
    price
        .segment
        .saturating_add(price.function.saturating_mul(functions))
        .saturating_add(price.mbps.saturating_mul(mbps))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a score is no account: 53 bits are plenty"
)]
fn real(count: u64) -> f64 {
    count as f64
}

impl Measures {
    pub(super) fn of(
        chain: &Chain,
        segments: &[Segment],
        agreed: &Agreed<'_>,
        views: &BTreeMap<DomainId, PartnerView>,
        wanted: Option<Availability>,
    ) -> Self {
        let mut all = Self {
            price: chain.cost.price,
            delay_ns: chain.cost.delay_ns,
            sls_margin: tightest(segments, agreed, wanted).map_or(1.0, |(_, margin)| margin),
            availability: promised(agreed).map(|all| all.share()),
            success: 1.0,
            load: 0.0,
        };
        for segment in segments {
            let agreement = agreed.get(&segment.domain);
            if let Some(agreement) = agreement {
                all.price = all.price.saturating_add(price(&agreement.price, segment));
            }
            if let Some(view) = views.get(&segment.domain) {
                // Laplace's rule: who has done nothing yet counts one half.
                let (good, bad) = (view.succeeded, view.failed);
                all.success *= (good + 1.0) / (good + bad + 2.0);
                let most = agreement.and_then(|agreement| agreement.bounds.services);
                if let Some(most) = most {
                    let load = f64::from(view.services) / f64::from(most.max(1));
                    all.load = all.load.max(load.min(1.0));
                }
            }
        }
        all
    }
}

/// The domain with the smallest room between a delay share and its promise, as a part of the share; or, where the chain's
/// availability leaves less, the one that promises least of it. Of the same room, the first by name. `None` where nothing is
/// bounded.
pub(super) fn tightest(
    segments: &[Segment],
    agreed: &Agreed<'_>,
    wanted: Option<Availability>,
) -> Option<(DomainId, f64)> {
    let margins = segments.iter().flat_map(|segment| {
        let promise = agreed
            .get(&segment.domain)
            .and_then(|agreement| agreement.sls.delay);
        let shares = segment.flows.iter().filter_map(|flow| flow.max_delay);
        shares.map(move |share| {
            let share = share.as_nanos();
            let margin = match promise {
                Some(promise) if share > 0 => real(share.saturating_sub(promise)) / real(share),
                _ => 0.0,
            };
            (&segment.domain, margin)
        })
    });
    let of_time = wanted.and_then(|wanted| {
        let own = agreed
            .iter()
            .map(|(domain, of)| (of.sls.availability, domain));
        let (_, domain) = own.min()?;
        let promised = promised(agreed).map_or(0.0, |all| all.share());
        Some((domain, spare(promised, wanted.share())))
    });
    let least = margins.chain(of_time);
    let least = least.min_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(b.0)));
    least.map(|(domain, margin)| (domain.clone(), margin))
}

/// How much of the time in which it need not work it works all the same.
fn spare(promised: f64, wanted: f64) -> f64 {
    let free = 1.0 - wanted;
    if free > 0.0 {
        ((promised - wanted) / free).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// Scores those that have measures, each beside the others.
pub(super) fn score(judged: &mut [Judgement], weights: &Weights) {
    let measures: Vec<Measures> = judged.iter().filter_map(|one| one.measures).collect();
    let prices = Range::of(measures.iter().map(|one| one.price));
    let delays = Range::of(measures.iter().map(|one| one.delay_ns));
    let all = weights.price + weights.delay + weights.sls_margin + weights.success + weights.load;
    for judgement in judged {
        judgement.score = judgement.measures.map(|one| {
            let sum = weights.price * prices.place(one.price)
                + weights.delay * delays.place(one.delay_ns)
                + weights.sls_margin * (1.0 - one.sls_margin)
                + weights.success * (1.0 - one.success)
                + weights.load * one.load;
            if all > 0.0 { sum / all } else { 0.0 }
        });
    }
}

/// From the least to the most of some numbers.
struct Range {
    least: u64,
    most: u64,
}

impl Range {
    fn of(numbers: impl Iterator<Item = u64> + Clone) -> Self {
        Self {
            least: numbers.clone().min().unwrap_or_default(),
            most: numbers.max().unwrap_or_default(),
        }
    }

    /// 0 for the least, 1 for the most.
    fn place(&self, number: u64) -> f64 {
        let span = self.most.saturating_sub(self.least);
        if span == 0 {
            return 0.0;
        }
        real(number.saturating_sub(self.least)) / real(span)
    }
}
