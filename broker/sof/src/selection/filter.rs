//! What speaks against a partner, for a service or at all.

use std::collections::BTreeMap;

use jiff::Timestamp;
use nffg::DomainId;
use serde::{Deserialize, Serialize};

use super::rules::Rules;
use super::score::price;
use crate::mef::Api;
use crate::partner::{Agreement, Availability, Partner, PartnerState};
use crate::payload::{SEGMENT, Segment};

/// What is known of a domain as a partner.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartnerView {
    /// Its record; `None` if it is no partner.
    pub partner: Option<Partner>,
    /// The agreements with it, in force or not.
    pub agreements: Vec<Agreement>,
    /// It did not answer of late, and is not asked for now.
    pub circuit_open: bool,
    /// Segments that it brought up, those of long ago counted less ([`super::Faded`]).
    pub succeeded: f64,
    /// Segments that it refused or failed, or of which nothing was heard, counted so.
    pub failed: f64,
    /// Services that it does a segment of.
    pub services: u32,
    /// It is avoided for this order: why.
    pub avoided: Option<String>,
}

/// A rule that every partner of a chain has to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Filter {
    /// The domain is a partner.
    Partner,
    /// The partner is active.
    Active,
    /// It speaks service ordering.
    Api,
    /// It takes segments.
    ServiceType,
    /// There is an agreement in force.
    Agreement,
    /// What is asked for is within the bounds of an agreement.
    Bounds,
    /// It answers.
    Circuit,
    /// What it promises keeps the delay bound.
    Sls,
    /// It promises the availability that is asked for, and so does the whole chain.
    Availability,
    /// It has not failed this order before.
    Tried,
    /// The rules for the type of service let it be on a chain.
    Allowed,
    /// The whole chain costs no more than the rules allow.
    Price,
    /// The whole chain has the SLS margin that the rules ask for.
    SlsMargin,
}

impl Filter {
    /// Every one, in the order in which they are asked.
    pub const ALL: [Self; 13] = [
        Self::Tried,
        Self::Allowed,
        Self::Partner,
        Self::Active,
        Self::Api,
        Self::ServiceType,
        Self::Circuit,
        Self::Agreement,
        Self::Bounds,
        Self::Availability,
        Self::Sls,
        Self::Price,
        Self::SlsMargin,
    ];

    /// What it asks, for people.
    #[must_use]
    pub const fn asks(self) -> &'static str {
        match self {
            Self::Tried => "the domain has not failed this order before",
            Self::Allowed => "the rules for the type of service let the domain be on a chain",
            Self::Partner => "the domain is a partner",
            Self::Active => "the partner is active",
            Self::Api => "it speaks service ordering",
            Self::ServiceType => "it takes segments",
            Self::Circuit => "it answers: its circuit is closed",
            Self::Agreement => "an agreement for segments is in force",
            Self::Bounds => "what is asked for is within an agreement's bounds",
            Self::Availability => {
                "it promises the availability that is asked for, and so does the whole chain"
            }
            Self::Sls => "the delay that it promises keeps its share of the bound",
            Self::Price => "the chain costs no more than the rules allow",
            Self::SlsMargin => "the chain has the SLS margin that the rules ask for",
        }
    }

    /// Whether an agreement, or a partner that is not there yet, would help: business applications may buy one.
    #[must_use]
    pub const fn is_commercial(self) -> bool {
        matches!(
            self,
            Self::Partner | Self::Agreement | Self::Bounds | Self::Availability
        )
    }

    /// Whether time may help.
    #[must_use]
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Circuit | Self::Active)
    }
}

/// Why a domain was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Removal {
    /// The domain.
    pub domain: DomainId,
    /// The rule that it does not keep.
    pub filter: Filter,
    /// What was found.
    pub detail: String,
}

/// Whether a domain may be ordered from at all, where the whole has to work for so much of the time (`wanted`): what is asked
/// before the search, of every domain.
///
/// # Errors
/// The first rule that it does not keep.
pub fn usable(
    domain: &DomainId,
    view: &PartnerView,
    rules: &Rules,
    wanted: Option<Availability>,
    now: Timestamp,
) -> Result<(), Removal> {
    let removal = |filter, detail: String| Removal {
        domain: domain.clone(),
        filter,
        detail,
    };
    if let Some(why) = &view.avoided {
        return Err(removal(Filter::Tried, why.clone()));
    }
    if let Some(why) = rules.closes(domain) {
        return Err(removal(Filter::Allowed, why));
    }
    let Some(partner) = &view.partner else {
        return Err(removal(Filter::Partner, format!("{domain} is no partner")));
    };
    if partner.state != PartnerState::Active {
        let detail = format!("the partner is {:?}", partner.state).to_lowercase();
        return Err(removal(Filter::Active, detail));
    }
    if !partner.speaks(Api::ServiceOrdering) {
        let detail = "it has no service ordering at Interlude".to_owned();
        return Err(removal(Filter::Api, detail));
    }
    if !partner.service_types.contains(SEGMENT) {
        return Err(removal(
            Filter::ServiceType,
            format!("it does not take {SEGMENT}"),
        ));
    }
    if view.circuit_open {
        let detail = "it did not answer of late, and is not asked for now".to_owned();
        return Err(removal(Filter::Circuit, detail));
    }
    if in_force(view, now).next().is_none() {
        let detail = match view.agreements.is_empty() {
            true => "there is no agreement",
            false => "no agreement for segments is in force",
        };
        return Err(removal(Filter::Agreement, detail.to_owned()));
    }
    if let Some(wanted) = wanted {
        promises(in_force(view, now), wanted)
            .map_err(|detail| removal(Filter::Availability, detail))?;
    }
    Ok(())
}

/// Whether one of some agreements promises an availability: a chain is never available for longer than each of its parts.
fn promises<'a>(
    agreements: impl Iterator<Item = &'a Agreement>,
    wanted: Availability,
) -> Result<(), String> {
    let promised = agreements.filter_map(|of| Some((of.sls.availability?, &of.id)));
    match promised.max() {
        Some((best, _)) if best >= wanted => Ok(()),
        Some((best, id)) => Err(format!(
            "agreement '{id}' promises an availability of {best}, and {wanted} is asked for"
        )),
        None => Err(format!(
            "no agreement promises an availability, and {wanted} is asked for"
        )),
    }
}

fn in_force(view: &PartnerView, now: Timestamp) -> impl Iterator<Item = &Agreement> {
    let agreements = view.agreements.iter();
    agreements.filter(move |agreement| agreement.service_type == SEGMENT && agreement.is_valid(now))
}

/// The agreements under which a segment could be ordered: the cheapest first, ties by their ids. There is one at least.
///
/// # Errors
/// The first rule that the domain does not keep.
pub fn terms<'a>(
    view: &'a PartnerView,
    segment: &Segment,
    rules: &Rules,
    wanted: Option<Availability>,
    now: Timestamp,
) -> Result<Vec<&'a Agreement>, Removal> {
    usable(&segment.domain, view, rules, wanted, now)?;
    let removal = |filter, detail| Removal {
        domain: segment.domain.clone(),
        filter,
        detail,
    };
    let mut broken = None;
    let mut allowing: Vec<&Agreement> = Vec::new();
    for agreement in in_force(view, now) {
        match bounds(agreement, segment, view.services) {
            Ok(()) => allowing.push(agreement),
            Err(detail) => broken = broken.or(Some(detail)),
        }
    }
    if allowing.is_empty() {
        return Err(removal(Filter::Bounds, broken.unwrap_or_default()));
    }
    if let Some(wanted) = wanted {
        promises(allowing.iter().copied(), wanted)
            .map_err(|detail| removal(Filter::Availability, detail))?;
        allowing.retain(|of| of.sls.availability.is_some_and(|told| told >= wanted));
    }
    allowing.sort_by_key(|agreement| (price(&agreement.price, segment), &agreement.id));
    Ok(allowing)
}

fn bounds(agreement: &Agreement, segment: &Segment, services: u32) -> Result<(), String> {
    let bounds = &agreement.bounds;
    if let Some(most) = bounds.services
        && services >= most
    {
        return Err(format!(
            "agreement '{}' is for {most} services",
            agreement.id
        ));
    }
    if let Some(most) = bounds.max_bandwidth() {
        let asked = segment.flows.iter().filter_map(|flow| flow.bandwidth).max();
        if let Some(asked) = asked.filter(|asked| *asked > most) {
            return Err(format!(
                "{asked} is more than the {most} of agreement '{}'",
                agreement.id
            ));
        }
    }
    if let Some(most) = bounds.cpu {
        let cpus = segment
            .functions
            .iter()
            .filter_map(|function| function.resources.cpu);
        let asked: f64 = cpus.map(nffg::Quantity::value).sum();
        if asked > most {
            return Err(format!(
                "{asked} cpu is more than the {most} of agreement '{}'",
                agreement.id
            ));
        }
    }
    Ok(())
}

/// Domains that promise a longer delay than their share of a bound.
pub(super) fn sls(segments: &[Segment], promised: &BTreeMap<DomainId, u64>) -> Vec<Removal> {
    let removals = segments.iter().filter_map(|segment| {
        let promise = *promised.get(&segment.domain)?;
        let mut shares = segment.flows.iter().filter_map(|flow| flow.max_delay);
        let share = shares.find(|share| share.as_nanos() < promise)?;
        let promise = nffg::Delay::from_nanos(promise);
        Some(Removal {
            domain: segment.domain.clone(),
            filter: Filter::Sls,
            detail: format!("it promises {promise}, and its share of the bound is {share}"),
        })
    });
    removals.collect()
}
