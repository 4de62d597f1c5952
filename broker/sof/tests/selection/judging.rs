//! Filters and scores.

use std::collections::BTreeMap;

use nffg::DomainId;
use proptest::collection::vec;
use proptest::prelude::*;
use sof::mef::Api;
use sof::partner::{Bounds, PartnerState, Price, Sls};
use sof::selection::{
    Chain, Demand, Filter, Judgement, PartnerView, Rules, Weights, judge, usable,
};

use super::world::{chain, demand, domain, endpoint, mbps, now, view};

fn views() -> BTreeMap<DomainId, PartnerView> {
    (0..10).map(|at| (domain(at), view(at))).collect()
}

fn simple() -> (Demand, Chain) {
    let demand = demand(1, Some(10_000_000), Some(10_000_000), None);
    let chain = chain(&demand, &[vec![0, 1], vec![1, 2]], 1_000_000, 100);
    (demand, chain)
}

/// What each filter says of a chain over D0, D1 and D2, D1 being changed.
fn removed(change: impl FnOnce(&mut PartnerView)) -> Vec<(Filter, String)> {
    let (demand, chain) = simple();
    let mut views = views();
    change(views.get_mut(&domain(1)).unwrap());
    let judged = judge(
        "s.1",
        &demand,
        vec![chain],
        &views,
        (&Weights::default(), &Rules::default()),
        now(),
    );
    let [judgement] = judged.as_slice() else {
        panic!("one");
    };
    assert_eq!(judgement.score.is_some(), judgement.removed.is_empty());
    let removed = judgement.removed.iter();
    removed
        .map(|removal| {
            assert_eq!(removal.domain, domain(1));
            (removal.filter, removal.detail.clone())
        })
        .collect()
}

#[test]
fn each_filter_removes_what_it_is_for() {
    assert_eq!(removed(|_| {}), []);
    let only = |filter, change: fn(&mut PartnerView)| {
        let removed = removed(change);
        assert!(
            matches!(removed.as_slice(), [(found, detail)] if *found == filter && !detail.is_empty()),
            "{filter:?}: {removed:?}"
        );
    };
    only(Filter::Tried, |view| {
        view.avoided = Some("it refused".to_owned());
    });
    only(Filter::Partner, |view| view.partner = None);
    only(Filter::Active, |view| {
        view.partner.as_mut().unwrap().state = PartnerState::Suspended;
    });
    only(Filter::Api, |view| {
        let partner = view.partner.as_mut().unwrap();
        partner.apis = [(Api::ServiceInventory, endpoint())].into();
    });
    only(Filter::Api, |view| {
        // What it has by now is not spoken here.
        let partner = view.partner.as_mut().unwrap();
        partner
            .apis
            .get_mut(&Api::ServiceOrdering)
            .unwrap()
            .versions = [7].into();
    });
    only(Filter::ServiceType, |view| {
        view.partner.as_mut().unwrap().service_types = ["urn:other".to_owned()].into();
    });
    only(Filter::Circuit, |view| view.circuit_open = true);
    only(Filter::Agreement, |view| view.agreements.clear());
    only(Filter::Agreement, |view| {
        view.agreements[0].valid_until = Some(now());
    });
    only(Filter::Agreement, |view| {
        view.agreements[0].service_type = "urn:other".to_owned();
    });
    only(Filter::Bounds, |view| {
        view.agreements[0].bounds.bandwidth = Some(mbps(9).bits_per_second());
    });
    only(Filter::Bounds, |view| {
        view.agreements[0].bounds.cpu = Some(1.5);
    });
    only(Filter::Bounds, |view| {
        view.agreements[0].bounds.services = Some(3);
        view.services = 3;
    });
    only(Filter::Sls, |view| {
        view.agreements[0].sls.delay = Some(20_000_000);
    });
}

/// What the rules remove of a chain over D0, D1 and D2.
fn ruled_out(rules: &Rules, views: &BTreeMap<DomainId, PartnerView>) -> Vec<(String, Filter)> {
    let (demand, chain) = simple();
    let weights = Weights::default();
    let judged = judge("s.1", &demand, vec![chain], views, (&weights, rules), now());
    assert_eq!(
        judged[0].score.is_some(),
        judged[0].removed.is_empty(),
        "{judged:?}"
    );
    let removed = judged[0].removed.iter();
    removed
        .map(|removal| (removal.domain.to_string(), removal.filter))
        .collect()
}

#[test]
fn rules_for_a_type_of_service_remove_what_they_are_for() {
    let mut views = views();
    let out = |rules: &Rules| ruled_out(rules, &views);
    assert_eq!(out(&Rules::default()), []);
    let forbid = Rules {
        forbid_domains: [domain(1), domain(9)].into(),
        ..Rules::default()
    };
    assert_eq!(out(&forbid), [("D1".to_owned(), Filter::Allowed)]);
    let allow = |domains: &[usize]| Rules {
        allow_domains: Some(domains.iter().map(|at| domain(*at)).collect()),
        ..Rules::default()
    };
    assert_eq!(out(&allow(&[0, 1, 2])), []);
    let (zero, two) = ("D0".to_owned(), "D2".to_owned());
    let expected = [(zero, Filter::Allowed), (two, Filter::Allowed)];
    assert_eq!(out(&allow(&[1])), expected);

    // 100 of the topology and 2 of the agreement with D2.
    views.get_mut(&domain(2)).unwrap().agreements[0]
        .price
        .segment = 2;
    let most = |price| Rules {
        max_price: Some(price),
        ..Rules::default()
    };
    assert_eq!(ruled_out(&most(102), &views), []);
    let expected = [("D2".to_owned(), Filter::Price)];
    assert_eq!(ruled_out(&most(101), &views), expected);

    for (at, delay) in [(0, 1_000_000), (1, 3_000_000), (2, 0)] {
        views.get_mut(&domain(at)).unwrap().agreements[0].sls.delay = Some(delay);
    }
    // As in the_margin_is_that_of_the_tightest_flow.
    let least = |margin| Rules {
        min_sls_margin: Some(margin),
        ..Rules::default()
    };
    assert_eq!(ruled_out(&least(2.5 / 5.5 - 1e-9), &views), []);
    let expected = [("D1".to_owned(), Filter::SlsMargin)];
    assert_eq!(ruled_out(&least(2.5 / 5.5 + 1e-9), &views), expected);
}

#[test]
fn a_domain_that_the_rules_close_is_no_matter_of_agreements() {
    let forbid = Rules {
        forbid_domains: [domain(1)].into(),
        ..Rules::default()
    };
    let removal = usable(&domain(1), &PartnerView::default(), &forbid, None, now()).unwrap_err();
    assert_eq!(removal.filter, Filter::Allowed);
    for filter in [Filter::Allowed, Filter::Price, Filter::SlsMargin] {
        assert!(!filter.is_commercial() && !filter.is_passing());
    }
}

#[test]
fn every_filter_says_what_it_asks_and_what_may_help() {
    let asks: std::collections::BTreeSet<&str> =
        Filter::ALL.iter().map(|filter| filter.asks()).collect();
    assert_eq!(asks.len(), Filter::ALL.len());
    for filter in Filter::ALL {
        assert!(
            !(filter.is_commercial() && filter.is_passing()),
            "{filter:?}"
        );
    }
}

#[test]
fn what_is_asked_before_the_search_says_the_same_as_what_is_asked_after_it() {
    let mut stopped = view(1);
    stopped.circuit_open = true;
    let removal = usable(&domain(1), &stopped, &Rules::default(), None, now()).unwrap_err();
    assert_eq!(removal.filter, Filter::Circuit);
    assert_eq!(
        usable(&domain(1), &view(1), &Rules::default(), None, now()),
        Ok(())
    );
}

#[test]
fn of_several_agreements_the_cheapest_that_allows_it_counts() {
    let (demand, chain) = simple();
    let mut views = views();
    let agreements = &mut views.get_mut(&domain(1)).unwrap().agreements;
    let mut cheap = agreements[0].clone();
    cheap.id = "cheap".to_owned();
    cheap.bounds = Bounds {
        bandwidth: Some(1),
        ..Bounds::default()
    };
    let mut dear = agreements[0].clone();
    dear.id = "dear".to_owned();
    dear.price = Price {
        segment: 1000,
        function: 10,
        mbps: 1,
    };
    let mut dearer = dear.clone();
    dearer.id = "dearer".to_owned();
    dearer.price.segment = 2000;
    *agreements = vec![dearer, cheap, dear];
    let judged = judge(
        "s.1",
        &demand,
        vec![chain],
        &views,
        (&Weights::default(), &Rules::default()),
        now(),
    );
    assert_eq!(judged[0].agreements[&domain(1)], "dear");
    // 100 of the topology, the segment, a function, two flows of 10 Mbit/s.
    assert_eq!(judged[0].measures.unwrap().price, 100 + 1000 + 10 + 20);
}

#[test]
fn the_margin_is_that_of_the_tightest_flow() {
    let (demand, chain) = simple();
    let mut views = views();
    for (at, delay) in [(0, 1_000_000), (1, 3_000_000), (2, 0)] {
        views.get_mut(&domain(at)).unwrap().agreements[0].sls = Sls {
            delay: Some(delay),
            availability: None,
        };
    }
    let judged = judge(
        "s.1",
        &demand,
        vec![chain],
        &views,
        (&Weights::default(), &Rules::default()),
        now(),
    );
    // 10 ms less the border's 1 ms: over the promises of 1 and 3 ms there are 5 ms for two.
    let margin = judged[0].measures.unwrap().sls_margin;
    assert!((margin - 2.5 / 5.5).abs() < 1e-9, "{margin}");
}

/// Another way to the same: each chain's score on its own, then the smallest again and again.
fn by_hand(judged: &[Judgement], weights: &Weights) -> Vec<Chain> {
    let mut left: Vec<&Judgement> = judged.iter().filter(|one| one.measures.is_some()).collect();
    let prices: Vec<f64> = left
        .iter()
        .map(|one| one.measures.unwrap().price as f64)
        .collect();
    let delays: Vec<f64> = left
        .iter()
        .map(|one| one.measures.unwrap().delay_ns as f64)
        .collect();
    let place = |all: &[f64], one: f64| {
        let (least, most) = all
            .iter()
            .fold((f64::MAX, f64::MIN), |(a, b), x| (a.min(*x), b.max(*x)));
        if most > least {
            (one - least) / (most - least)
        } else {
            0.0
        }
    };
    let cost = |one: &Judgement| {
        let m = one.measures.unwrap();
        let parts = [
            (weights.price, place(&prices, m.price as f64)),
            (weights.delay, place(&delays, m.delay_ns as f64)),
            (weights.sls_margin, 1.0 - m.sls_margin),
            (weights.success, 1.0 - m.success),
            (weights.load, m.load),
        ];
        let all: f64 = parts.iter().map(|(weight, _)| weight).sum();
        let sum = parts
            .iter()
            .fold(0.0, |sum, (weight, part)| sum + weight * part);
        sum / all
    };
    let mut order = Vec::new();
    while !left.is_empty() {
        let names = |of: &Judgement| (of.chain.cost.hops, of.chain.clone());
        let mut best = 0;
        for at in 1..left.len() {
            let (a, b) = (cost(left[at]), cost(left[best]));
            if a < b || (a == b && names(left[at]) < names(left[best])) {
                best = at;
            }
        }
        order.push(left.remove(best).chain.clone());
    }
    order
}

#[test]
fn of_what_scores_the_same_the_chain_of_fewer_hops_is_the_choice() {
    let demand = demand(1, None, None, None);
    // By names alone it would be the one that goes back to D0.
    let long = chain(&demand, &[vec![0, 1], vec![1, 0, 2]], 0, 100);
    let short = chain(&demand, &[vec![0, 1], vec![1, 2]], 0, 100);
    let judge = |chains| {
        let weights = Weights::default();
        let mut judged = judge(
            "s.1",
            &demand,
            chains,
            &views(),
            (&weights, &Rules::default()),
            now(),
        );
        assert_eq!(judged[0].score, judged[1].score);
        judged.swap_remove(0).chain
    };
    assert!(long < short);
    assert_eq!(judge(vec![long.clone(), short.clone()]), short);
    assert_eq!(judge(vec![short.clone(), long]), short);
}

fn chains() -> impl Strategy<Value = Vec<Chain>> {
    let one = (
        vec(0..8_usize, 1..3),
        vec(0..8_usize, 1..3),
        0..3_000_000_u64,
        0..1000_u64,
    );
    vec(one, 1..8).prop_map(|all| {
        let (demand, _) = simple();
        let walk = |from: usize, steps: &[usize]| {
            let mut way = vec![from];
            for step in steps {
                if !way.contains(step) {
                    way.push(*step);
                }
            }
            way
        };
        let chains = all.iter().map(|(first, second, border, price)| {
            let first = walk(0, first);
            let second = walk(*first.last().unwrap(), second);
            chain(&demand, &[first, second], *border, *price)
        });
        chains.collect()
    })
}

fn odd_views() -> impl Strategy<Value = BTreeMap<DomainId, PartnerView>> {
    let one = (
        any::<bool>(),
        0..20_u64,
        0..20_u64,
        0..5_u32,
        0..3000_u64,
        0..4_000_000_u64,
    );
    vec(one, 10).prop_map(|all| {
        let views =
            all.into_iter()
                .enumerate()
                .map(|(at, (broken, good, bad, services, price, delay))| {
                    let mut view = view(at);
                    view.circuit_open = broken && at > 5;
                    (view.succeeded, view.failed) = (good as f64, bad as f64);
                    view.services = services;
                    let agreement = &mut view.agreements[0];
                    agreement.bounds.services = Some(6);
                    agreement.price.segment = price;
                    agreement.sls.delay = (delay > 1_000_000).then_some(delay);
                    (domain(at), view)
                });
        views.collect()
    })
}

proptest! {
    #[test]
    fn the_best_by_score_are_those_of_an_exhaustive_look(chains in chains(), views in odd_views()) {
        let (demand, _) = simple();
        let weights = Weights::default();
        let judged = judge("s.1", &demand, chains.clone(), &views, (&weights, &Rules::default()), now());
        prop_assert_eq!(judged.len(), chains.len());
        let scored: Vec<Chain> = judged.iter().filter(|one| one.score.is_some()).map(|one| one.chain.clone()).collect();
        prop_assert_eq!(&scored, &by_hand(&judged, &weights));
        // Those that scored come first, and scores are from 0 to 1 and rise.
        prop_assert!(judged[scored.len()..].iter().all(|one| !one.removed.is_empty()));
        let scores: Vec<f64> = judged.iter().filter_map(|one| one.score).collect();
        prop_assert!(scores.is_sorted() && scores.iter().all(|score| (0.0..=1.0).contains(score)));
    }

    /// Rules only take away: what is left is what would have been there without them, and keeps them.
    #[test]
    fn rules_take_away_what_breaks_them_and_nothing_else(
        chains in chains(), views in odd_views(), closed in 0..10_usize, most in 0..4000_u64, least in 0.0..1.0_f64,
    ) {
        let (demand, _) = simple();
        let weights = Weights::default();
        let rules = Rules {
            forbid_domains: [domain(closed)].into(),
            max_price: Some(most),
            min_sls_margin: Some(least),
            ..Rules::default()
        };
        let judged = |rules: &Rules| judge("s.1", &demand, chains.clone(), &views, (&weights, rules), now());
        let keeps = |one: &&Judgement| {
            one.measures.is_some_and(|found| found.price <= most && found.sls_margin >= least)
                && !one.chain.domains().contains(&domain(closed))
        };
        let names = |one: &Judgement| one.chain.clone();
        let mut expected: Vec<Chain> = judged(&Rules::default()).iter().filter(keeps).map(names).collect();
        let ruled = judged(&rules);
        let mut left: Vec<Chain> = ruled.iter().filter(|one| one.removed.is_empty()).map(names).collect();
        expected.sort();
        left.sort();
        prop_assert_eq!(left, expected);
    }

    #[test]
    fn the_choice_does_not_depend_on_the_order_of_the_candidates(chains in chains(), views in odd_views()) {
        let (demand, _) = simple();
        let weights = Weights::default();
        let there = judge("s.1", &demand, chains.clone(), &views, (&weights, &Rules::default()), now());
        let back = judge("s.1", &demand, chains.into_iter().rev().collect(), &views, (&weights, &Rules::default()), now());
        let scored = |judged: &[Judgement]| -> Vec<Chain> {
            judged.iter().filter(|one| one.score.is_some()).map(|one| one.chain.clone()).collect()
        };
        prop_assert_eq!(scored(&there), scored(&back));
    }
}
