//! Which chain of partners does a service, and why.
//!
//! ```text
//!  engine: k best placements ──▶ Chain ──decompose──▶ a Segment per domain ──filters──▶ scores ──▶ the best
//!                                                        ▲ delay shares       ▲ partners, agreements, record
//! ```
//!
//! All of it is plain arithmetic: the same input gives the same choice, in every process. What was considered, what each
//! filter removed and how the rest scored is a [`Selection`], kept for people.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use nffg::DomainId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::order::{ItemId, OrderId};
use crate::service::ServiceId;

mod agreed;
mod chain;
mod decompose;
mod faded;
mod filter;
mod rules;
mod score;

pub use chain::{
    Chain, Cost, Crossing, DelayBound, Demand, DemandKind, DemandLink, DemandNode, DemandWalk,
    Host, Way,
};
pub use decompose::{decompose, label};
pub use faded::Faded;
pub use filter::{Filter, PartnerView, Removal, terms, usable};
pub use rules::Rules;
pub use score::{Measures, Weights, price};

use crate::partner::Availability;
use crate::payload::Segment;

/// A recorded choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    /// Its name: the service and the try.
    pub id: String,
    /// When it was made.
    pub time: Timestamp,
    /// For which order.
    pub order: OrderId,
    /// For which of its items.
    pub item: ItemId,
    /// For which service.
    pub service: ServiceId,
    /// The kind of service that the buyer names (`serviceType`); it decides the weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_type: Option<String>,
    /// How much each measure counts.
    pub weights: Weights,
    /// What is ruled for the kind of service.
    #[serde(default, skip_serializing_if = "Rules::is_empty")]
    pub rules: Rules,
    /// The availability that is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<Availability>,
    /// Domains that were closed before the search, at most [`Selection::CLOSED`] of them.
    pub closed: Vec<Removal>,
    /// How many were closed in all.
    pub closed_in_all: usize,
    /// How much each rule removed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub removed_by: BTreeMap<Filter, Removed>,
    /// The chains that were found: those that scored, best first, then those that a filter removed.
    pub candidates: Vec<Judgement>,
    /// The chain that is taken, as its place among the candidates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<usize>,
    /// Domains with which an agreement, or whose return, may let there be a chain.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub waits_for: BTreeSet<DomainId>,
    /// The search ended before it was sure that these are the best.
    pub cut: bool,
    /// Why there is no chain at all, as `POST /broker/v1/placements` explains it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Value>,
}

/// How much a rule removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Removed {
    /// Domains, before the search.
    pub domains: usize,
    /// Chains that were found; one that breaks several rules counts with each.
    pub chains: usize,
}

impl Selection {
    /// How many closed domains are told.
    pub const CLOSED: usize = 100;

    /// The name of the choice for a try of a service.
    #[must_use]
    pub fn name(service: &ServiceId, number: u32) -> String {
        format!("{service}.{number}")
    }

    /// Counts what each rule removed: of these domains, and of the candidates.
    pub fn count_removed(&mut self, closed: &[Removal]) {
        let mut counts: BTreeMap<Filter, Removed> = BTreeMap::new();
        for removal in closed {
            counts.entry(removal.filter).or_default().domains += 1;
        }
        for candidate in &self.candidates {
            let by: BTreeSet<Filter> = candidate.removed.iter().map(|one| one.filter).collect();
            for filter in by {
                counts.entry(filter).or_default().chains += 1;
            }
        }
        self.removed_by = counts;
    }
}

/// A chain, judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Judgement {
    /// The chain.
    pub chain: Chain,
    /// The agreement under which each domain would be ordered from.
    pub agreements: BTreeMap<DomainId, String>,
    /// What speaks against it; empty for one that scored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<Removal>,
    /// What it was scored by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measures: Option<Measures>,
    /// From 0, the best, to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// What each domain would do. Follows from the chain, so it is not recorded.
    #[serde(skip)]
    pub segments: Vec<Segment>,
}

/// Judges chains and puts them in order: those that keep every filter by score, ties by hops and then by names; then
/// the others, as they were. The first is the choice, if nothing speaks against it.
///
/// `prefix` begins the labels at borders ([`label`]).
#[must_use]
pub fn judge(
    prefix: &str,
    demand: &Demand,
    chains: Vec<Chain>,
    views: &BTreeMap<DomainId, PartnerView>,
    (weights, rules): (&Weights, &Rules),
    now: Timestamp,
) -> Vec<Judgement> {
    let (nobody, wanted) = (PartnerView::default(), demand.availability);
    let mut judged: Vec<Judgement> = Vec::with_capacity(chains.len());
    for chain in chains {
        let plain = decompose(prefix, demand, &chain, &BTreeMap::new());
        let mut removed = Vec::new();
        let mut options = agreed::Options::new();
        for segment in &plain {
            let view = views.get(&segment.domain).unwrap_or(&nobody);
            match terms(view, segment, rules, wanted, now) {
                Ok(agreements) => options.push((segment, agreements)),
                Err(removal) => removed.push(removal),
            }
        }
        let cheapest = || agreed::cheapest(&options);
        let agreed = match wanted.filter(|_| removed.is_empty()) {
            Some(wanted) => agreed::available(&options, wanted).unwrap_or_else(|removal| {
                removed.push(removal);
                cheapest()
            }),
            None => cheapest(),
        };
        let promised = agreed
            .iter()
            .filter_map(|(domain, agreement)| Some((domain.clone(), agreement.sls.delay?)))
            .collect();
        let segments = decompose(prefix, demand, &chain, &promised);
        removed.extend(filter::sls(&segments, &promised));
        let mut measures = None;
        if removed.is_empty() {
            let found = Measures::of(&chain, &segments, &agreed, views, wanted);
            removed = rules.of_chain(&found, &segments, &agreed, wanted);
            measures = removed.is_empty().then_some(found);
        }
        let agreements = agreed
            .iter()
            .map(|(domain, agreement)| (domain.clone(), agreement.id.clone()));
        let judgement = Judgement {
            agreements: agreements.collect(),
            chain,
            removed,
            measures,
            score: None,
            segments,
        };
        judged.push(judgement);
    }
    score::score(&mut judged, weights);
    judged.sort_by(|a, b| match (a.score, b.score) {
        (Some(x), Some(y)) => {
            let by_hops = || a.chain.cost.hops.cmp(&b.chain.cost.hops);
            x.total_cmp(&y)
                .then_with(by_hops)
                .then_with(|| a.chain.cmp(&b.chain))
        }
        // Stable: those without a score stay as they were.
        (x, y) => y.is_some().cmp(&x.is_some()),
    });
    judged
}
