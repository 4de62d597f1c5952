//! Under which agreements a chain is ordered.

use std::collections::BTreeMap;

use nffg::DomainId;

use super::filter::{Filter, Removal};
use super::score::price;
use crate::partner::{Agreement, Availability, Product};
use crate::payload::Segment;

/// The agreements that could be for each segment; of each at least one, the cheapest first.
pub(super) type Options<'a> = Vec<(&'a Segment, Vec<&'a Agreement>)>;

/// The agreement for each domain.
pub(super) type Agreed<'a> = BTreeMap<DomainId, &'a Agreement>;

/// So many choices are followed side by side. With more, what is found promises enough if anything does, and there may be
/// a cheaper one.
const LABELS: usize = 4_096;

/// A choice for the first segments.
struct Label {
    price: u64,
    promised: Product,
    /// Of each segment, which.
    chosen: Vec<usize>,
}

/// The cheapest agreement of each domain.
pub(super) fn cheapest<'a>(options: &Options<'a>) -> Agreed<'a> {
    let first = options.iter().filter_map(|(segment, of)| {
        let agreement = of.first()?;
        Some((segment.domain.clone(), *agreement))
    });
    first.collect()
}

/// Of the agreements that together promise an availability, the cheapest; of the same price those that promise more.
///
/// # Errors
/// None do. The domain that is named is the one that promises least.
pub(super) fn available<'a>(
    options: &Options<'a>,
    wanted: Availability,
) -> Result<Agreed<'a>, Removal> {
    let mut labels = vec![Label {
        price: 0,
        promised: Product::default(),
        chosen: Vec::new(),
    }];
    for (segment, of) in options {
        let mut longer: Vec<Label> = Vec::with_capacity(labels.len() * of.len());
        for label in &labels {
            for (at, agreement) in of.iter().enumerate() {
                let Some(promise) = agreement.sls.availability else {
                    continue;
                };
                let mut chosen = label.chosen.clone();
                chosen.push(at);
                longer.push(Label {
                    price: label.price.saturating_add(price(&agreement.price, segment)),
                    promised: label.promised.and(promise),
                    chosen,
                });
            }
        }
        labels = undominated(longer);
    }
    let best = labels.iter().find(|label| label.promised.reaches(wanted));
    match best {
        Some(label) => {
            let taken = options.iter().zip(&label.chosen);
            let taken = taken.filter_map(|((segment, of), at)| {
                let agreement = of.get(*at)?;
                Some((segment.domain.clone(), *agreement))
            });
            Ok(taken.collect())
        }
        None => short(options, labels.last(), wanted).map_or_else(|| Ok(Agreed::new()), Err),
    }
}

/// What is worth to be followed: by price, each promising more than those before it.
fn undominated(mut labels: Vec<Label>) -> Vec<Label> {
    labels.sort_by(|a, b| {
        let by_price = a.price.cmp(&b.price);
        by_price
            .then_with(|| b.promised.cmp(&a.promised))
            .then_with(|| a.chosen.cmp(&b.chosen))
    });
    let mut kept: Vec<Label> = Vec::new();
    for label in labels {
        if kept
            .last()
            .is_none_or(|best| label.promised > best.promised)
        {
            kept.push(label);
        }
    }
    // The last promises most.
    if kept.len() > LABELS {
        kept.drain(LABELS - 1..kept.len() - 1);
    }
    kept
}

/// What is missing; `None` where nothing is ordered from anybody.
fn short(options: &Options<'_>, best: Option<&Label>, wanted: Availability) -> Option<Removal> {
    let own = options.iter().map(|(segment, of)| {
        let most = of.iter().filter_map(|agreement| agreement.sls.availability);
        (most.max().unwrap_or(Availability::NEVER), &segment.domain)
    });
    let (own, domain) = own.min()?;
    let all = best.map_or(0.0, |label| label.promised.share());
    Some(Removal {
        domain: domain.clone(),
        filter: Filter::Availability,
        detail: format!(
            "the chain promises an availability of {all:.9} at best, its part {own}, and {wanted} is asked for"
        ),
    })
}

/// What the agreements of a chain promise together; `None` if one of them promises nothing.
pub(super) fn promised(agreed: &Agreed<'_>) -> Option<Product> {
    agreed
        .values()
        .try_fold(Product::default(), |all, agreement| {
            Some(all.and(agreement.sls.availability?))
        })
}
