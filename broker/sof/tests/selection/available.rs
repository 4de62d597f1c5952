//! The availability of a whole chain.

use std::collections::BTreeMap;

use nffg::DomainId;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use sof::partner::{Agreement, Availability};
use sof::selection::{
    Chain, Demand, Filter, Judgement, PartnerView, Rules, Weights, judge, price, usable,
};

use super::world::{chain, demand, domain, now, view};

fn share(share: f64) -> Availability {
    Availability::from_share(share).unwrap()
}

/// Views in which D0, D1, ... have one agreement for each of these promises and prices.
fn views(promises: &[Vec<(Option<Availability>, u64)>]) -> BTreeMap<DomainId, PartnerView> {
    let views = promises.iter().enumerate().map(|(at, promises)| {
        let mut view = view(at);
        let open = view.agreements.remove(0);
        view.agreements = promises
            .iter()
            .enumerate()
            .map(|(number, (availability, segment))| {
                let mut agreement = Agreement {
                    id: format!("a{number}"),
                    ..open.clone()
                };
                agreement.sls.availability = *availability;
                agreement.price.segment = *segment;
                agreement
            })
            .collect();
        (domain(at), view)
    });
    views.collect()
}

/// A chain over D0, D1 and D2, of which so much is asked.
fn three(wanted: Option<Availability>) -> (Demand, Chain) {
    let mut demand = demand(1, None, None, None);
    demand.availability = wanted;
    let chain = chain(&demand, &[vec![0, 1], vec![1, 2]], 0, 100);
    (demand, chain)
}

fn judged(
    wanted: Option<Availability>,
    views: &BTreeMap<DomainId, PartnerView>,
    rules: &Rules,
) -> Judgement {
    let (demand, chain) = three(wanted);
    let weights = Weights::default();
    let mut judged = judge("s.1", &demand, vec![chain], views, (&weights, rules), now());
    judged.remove(0)
}

fn one_each(shares: [f64; 3]) -> BTreeMap<DomainId, PartnerView> {
    views(&shares.map(|one| vec![(Some(share(one)), 0)]))
}

#[test]
fn the_whole_chain_has_to_promise_what_is_asked_for_to_the_last_digit() {
    let views = one_each([0.999, 0.999, 0.999]);
    let of = |wanted| judged(Some(share(wanted)), &views, &Rules::default());
    // 0.999^3 = 0.997002999.
    let kept = of(0.997_002_999);
    assert_eq!(kept.removed, []);
    let measures = kept.measures.unwrap();
    assert!((measures.availability.unwrap() - 0.997_002_999).abs() < 1e-12);
    assert!(measures.sls_margin.abs() < 1e-6, "{measures:?}");
    let removed = of(0.997_003).removed;
    let [removal] = removed.as_slice() else {
        panic!("{removed:?}");
    };
    assert_eq!(
        (&removal.domain, removal.filter),
        (&domain(0), Filter::Availability)
    );
    for part in ["0.997002999", "0.999", "0.997003"] {
        assert!(removal.detail.contains(part), "{}", removal.detail);
    }
    // What nobody asks for removes nothing, and is measured all the same.
    let free = judged(None, &views, &Rules::default());
    assert!(free.removed.is_empty() && free.measures.unwrap().sls_margin >= 1.0);
    assert!(free.measures.unwrap().availability.is_some());
}

#[test]
fn a_partner_that_promises_less_than_the_whole_needs_is_removed_by_itself() {
    let wanted = Some(share(0.999));
    let low = one_each([0.9999, 0.99, 0.9999]);
    let removal = usable(
        &domain(1),
        &low[&domain(1)],
        &Rules::default(),
        wanted,
        now(),
    )
    .unwrap_err();
    assert_eq!(removal.filter, Filter::Availability);
    for part in ["'a0'", "0.99,", "0.999 is asked for"] {
        assert!(removal.detail.contains(part), "{}", removal.detail);
    }
    assert_eq!(judged(wanted, &low, &Rules::default()).removed, [removal]);
    // One that promises nothing promises too little; and where nothing is asked for, enough.
    let none = views(&[
        vec![(Some(share(1.0)), 0)],
        vec![(None, 0)],
        vec![(Some(share(1.0)), 0)],
    ]);
    let removed = judged(wanted, &none, &Rules::default()).removed;
    assert_eq!(
        (&removed[0].domain, removed[0].filter),
        (&domain(1), Filter::Availability)
    );
    assert!(
        removed[0].detail.contains("no agreement promises"),
        "{removed:?}"
    );
    let free = judged(None, &none, &Rules::default());
    assert_eq!(
        (free.removed.len(), free.measures.unwrap().availability),
        (0, None)
    );
    // An agreement may help: business applications are told.
    assert!(Filter::Availability.is_commercial());
}

#[test]
fn the_margin_is_the_part_of_the_time_off_in_which_it_works_all_the_same() {
    let views = one_each([1.0, 0.995, 1.0]);
    let margin = |wanted| {
        judged(Some(share(wanted)), &views, &Rules::default())
            .measures
            .unwrap()
            .sls_margin
    };
    assert!((margin(0.99) - 0.5).abs() < 1e-9);
    assert!((margin(0.9) - 0.95).abs() < 1e-9);
    assert!(margin(0.995).abs() < 1e-9);
    let always = one_each([1.0, 1.0, 1.0]);
    let found = judged(Some(Availability::ALWAYS), &always, &Rules::default());
    assert!(found.measures.unwrap().sls_margin.abs() < 1e-9);
    // The rules may ask for more, and name who promises least.
    let rules = Rules {
        min_sls_margin: Some(0.6),
        ..Rules::default()
    };
    let removed = judged(Some(share(0.99)), &views, &rules).removed;
    assert_eq!(
        (&removed[0].domain, removed[0].filter),
        (&domain(1), Filter::SlsMargin)
    );
    // A chain that promises more scores better where all else is the same.
    let (mut demand, first) = three(Some(share(0.99)));
    demand.availability = Some(share(0.99));
    let second = chain(&demand, &[vec![0, 3], vec![3, 2]], 0, 100);
    let mut both = one_each([1.0, 0.995, 1.0]);
    let mut better = both[&domain(1)].clone();
    better.partner.as_mut().unwrap().domain = domain(3);
    better.agreements[0].sls.availability = Some(share(0.9999));
    both.insert(domain(3), better);
    let weights = Weights::default();
    let judged = judge(
        "s.1",
        &demand,
        vec![first, second.clone()],
        &both,
        (&weights, &Rules::default()),
        now(),
    );
    assert_eq!(judged[0].chain, second);
    assert!(judged[0].score < judged[1].score);
}

#[test]
fn of_several_agreements_those_are_taken_that_together_promise_enough_for_least() {
    // The cheap ones come to 0.98; one has to be dear, and that of D2 costs less.
    let two = |cheap, dear| vec![(Some(share(0.99)), cheap), (Some(share(1.0)), dear)];
    let views = views(&[two(1, 50), vec![(Some(share(1.0)), 7)], two(1, 20)]);
    let found = judged(Some(share(0.985)), &views, &Rules::default());
    let taken: Vec<&str> = found.agreements.values().map(String::as_str).collect();
    assert_eq!(taken, ["a0", "a0", "a1"]);
    assert_eq!(found.measures.unwrap().price, 100 + 1 + 7 + 20);
    // Asked for nothing, the cheapest.
    let found = judged(None, &views, &Rules::default());
    let taken: Vec<&str> = found.agreements.values().map(String::as_str).collect();
    assert_eq!(taken, ["a0", "a0", "a0"]);
}

/// Every combination of agreements, by whole numbers: the least that one which promises enough costs.
fn by_hand(promises: &[Vec<(Option<Availability>, u64)>], wanted: Availability) -> Option<u64> {
    let scale = 1_000_000_000_u128;
    let mut all = vec![(1_u128, 0_u64)];
    for of in promises {
        let told = of
            .iter()
            .filter_map(|(promise, price)| Some(((*promise)?, *price)));
        let told: Vec<(Availability, u64)> = told.collect();
        let longer = all.iter().flat_map(|(product, sum)| {
            let told = told.iter();
            told.map(move |(promise, price)| {
                (product * u128::from(promise.billionths()), sum + price)
            })
        });
        all = longer.collect();
    }
    let whole = scale.pow(u32::try_from(promises.len()).unwrap());
    let enough = all
        .iter()
        .filter(|(product, _)| product * scale >= u128::from(wanted.billionths()) * whole);
    enough.map(|(_, sum)| *sum).min()
}

fn promise() -> impl Strategy<Value = Option<Availability>> {
    let nines = prop_oneof![
        prop::sample::select(&[0.9, 0.99, 0.999, 0.9999, 0.99999, 1.0][..]).prop_map(share),
        (990_000_000..=1_000_000_000_u32).prop_map(|of| Availability::from_billionths(of).unwrap()),
    ];
    option::weighted(0.9, nines)
}

proptest! {
    /// The filter, and the agreements that are taken, are those of a brute force over all combinations; what is on the edge
    /// is decided exactly.
    #[test]
    fn law_a_chain_is_removed_if_and_only_if_no_combination_promises_enough(
        promises in vec(vec((promise(), 0..20_u64), 1..4), 3), wanted in promise(), edge in any::<bool>(),
    ) {
        let views = views(&promises);
        // Often just what the first of each come to, rounded one way or the other.
        let firsts = promises.iter().map(|of| of[0].0.map_or(1.0, Availability::share)).product::<f64>();
        let wanted = if edge { Some(share(firsts)) } else { wanted };
        let found = judged(wanted, &views, &Rules::default());
        let Some(wanted) = wanted else {
            prop_assert!(found.removed.is_empty());
            return Ok(());
        };
        let expected = by_hand(&promises, wanted);
        prop_assert_eq!(found.removed.is_empty(), expected.is_some(), "{:?}", found.removed);
        prop_assert!(found.removed.iter().all(|one| one.filter == Filter::Availability));
        if let (Some(expected), Some(measures)) = (expected, found.measures) {
            prop_assert_eq!(measures.price, 100 + expected);
            prop_assert!((0.0..=1.0).contains(&measures.sls_margin));
            let taken = found.segments.iter().map(|segment| {
                let of = views[&segment.domain].agreements.iter();
                let taken = of.filter(|of| of.id == found.agreements[&segment.domain]).map(|of| price(&of.price, segment));
                taken.sum::<u64>()
            });
            prop_assert_eq!(taken.sum::<u64>(), expected);
        }
    }
}
