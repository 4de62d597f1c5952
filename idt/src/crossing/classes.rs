//! Neighbours by what a policy makes of them.

use std::collections::BTreeMap;

use nffg::{Delay, DomainId};

use super::MOST;
use crate::policy::{Among, DomainPolicy, Transit};

/// Price and delay, where declared; `None` if traffic is not carried.
pub(super) type Terms = Option<(u32, Option<u64>)>;

fn terms(transit: Transit) -> Terms {
    let delay = transit.delay.map(Delay::as_nanos);
    transit.carry.then_some((transit.price, delay))
}

/// The neighbours of a domain, in classes that its policy does not tell apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Classes {
    /// The class of each neighbour as one from which traffic comes.
    pub(super) from: Box<[u32]>,
    /// As one to which it goes.
    pub(super) to: Box<[u32]>,
    /// By the class from which and the class to which.
    terms: Box<[Terms]>,
    /// How many classes there are to which traffic goes.
    width: usize,
    /// There were too many: all neighbours are one class, with the dearest terms of all.
    pub(super) merged: bool,
}

impl Classes {
    /// One class with these terms.
    fn one(neighbours: usize, terms: Terms, merged: bool) -> Self {
        Self {
            from: vec![0; neighbours].into(),
            to: vec![0; neighbours].into(),
            terms: [terms].into(),
            width: 1,
            merged,
        }
    }

    /// Of `neighbours`, which are sorted, by a policy.
    pub(super) fn new(policy: Option<&DomainPolicy>, neighbours: &[&DomainId]) -> Self {
        let len = neighbours.len();
        let Some(policy) = policy else {
            return Self::one(len, terms(Transit::default()), false);
        };
        if policy.transit.is_empty() {
            return Self::one(len, terms(policy.otherwise), false);
        }
        let rules = &policy.transit;
        let (from, from_rules) = by_rules(neighbours, rules.iter().map(|rule| &rule.from));
        let (to, to_rules) = by_rules(neighbours, rules.iter().map(|rule| &rule.to));
        let pairs = from_rules.len().saturating_mul(to_rules.len());
        if pairs > MOST || pairs.saturating_mul(rules.len()) > 64 * MOST {
            return Self::one(len, dearest(policy), true);
        }
        let matches = |among: &Among, rule: usize, matched: &[usize]| match among {
            Among::Any => true,
            Among::Only(_) => matched.binary_search(&rule).is_ok(),
        };
        let mut all = Vec::with_capacity(pairs);
        for from in &from_rules {
            for to in &to_rules {
                let mut rules = rules.iter().enumerate();
                let rule = rules.find(|(at, rule)| {
                    matches(&rule.from, *at, from) && matches(&rule.to, *at, to)
                });
                all.push(terms(rule.map_or(policy.otherwise, |(_, rule)| rule.terms)));
            }
        }
        let width = to_rules.len();
        let rows: Vec<Vec<Terms>> = all.chunks(width.max(1)).map(<[_]>::to_vec).collect();
        let (from_of, rows) = merged(rows);
        let height = rows.len();
        let columns = (0..width).map(|at| rows.iter().map(|row| row[at]).collect::<Vec<_>>());
        let (to_of, columns) = merged(columns.collect());
        let terms = (0..height).flat_map(|row| columns.iter().map(move |column| column[row]));
        Self {
            from: from.iter().map(|class| from_of[*class]).collect(),
            to: to.iter().map(|class| to_of[*class]).collect(),
            terms: terms.collect(),
            width: columns.len(),
            merged: false,
        }
    }

    /// The terms of traffic from one class to another.
    pub(super) fn terms(&self, from: u32, to: u32) -> Terms {
        self.terms[from as usize * self.width + to as usize]
    }
}

/// At least what any rule of the policy asks for; not carried if any does not carry.
fn dearest(policy: &DomainPolicy) -> Terms {
    let rules = policy.transit.iter().map(|rule| rule.terms);
    let mut all = rules.chain([policy.otherwise]).map(terms);
    all.try_fold((0, None), |(price, delay), terms| {
        let (other_price, other_delay) = terms?;
        Some((price.max(other_price), delay.max(other_delay)))
    })
}

/// The class of each neighbour, and of each class the rules that name its neighbours.
fn by_rules<'a>(
    neighbours: &[&DomainId],
    rules: impl Iterator<Item = &'a Among>,
) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut matched = vec![Vec::new(); neighbours.len()];
    for (rule, among) in rules.enumerate() {
        if let Among::Only(domains) = among {
            for domain in domains {
                if let Ok(at) = neighbours.binary_search(&domain) {
                    matched[at].push(rule);
                }
            }
        }
    }
    classes(matched)
}

/// Equal items are one class. Classes are in the order of their first item.
fn classes<T: Ord + Clone>(items: Vec<T>) -> (Vec<usize>, Vec<T>) {
    let mut known = BTreeMap::new();
    let mut classes = Vec::new();
    let of = items.into_iter().map(|item| {
        *known.entry(item).or_insert_with_key(|item| {
            classes.push(T::clone(item));
            classes.len() - 1
        })
    });
    let of = of.collect();
    (of, classes)
}

/// As [`classes`], numbered by `u32`: there are at most [`MOST`].
fn merged<T: Ord + Clone>(items: Vec<T>) -> (Vec<u32>, Vec<T>) {
    let (of, classes) = classes(items);
    (of.into_iter().map(|class| class as u32).collect(), classes)
}
