//! Disjoint paths: in plain nets the cheapest of all sets, by trying all; in others disjoint and allowed.

#![expect(clippy::unwrap_used, reason = "a test ends at what it does not expect")]

use std::collections::{BTreeMap, BTreeSet};

use idt::net::{Edge, EdgeId, Net, NetBuilder, Role, UNLIMITED};
use idt::search::{
    Budget, DisjointBy, Metric, Path, Restriction, Spent, disjoint_paths, risk_disjoint_paths,
};
use proptest::prelude::*;

use crate::restriction::{any_net, any_restriction};

fn any_world() -> impl Strategy<Value = (Net, Restriction)> {
    any_net().prop_flat_map(|net| {
        let restriction = any_restriction(&net);
        (Just(net), restriction)
    })
}

/// All simple paths of a plain net, over every edge, with their costs; not valley-free.
fn all_paths(net: &Net, metric: Metric, rules: &Restriction, ends: (u32, u32)) -> Vec<Path> {
    fn on(
        net: &Net,
        metric: Metric,
        rules: &Restriction,
        to: u32,
        path: &mut Path,
        all: &mut Vec<Path>,
    ) {
        let here = *path.domains.last().unwrap();
        if here == to {
            all.push(path.clone());
            return;
        }
        let row = net.row(here);
        for nth in 0..row.len() {
            let edge = row.edge(nth);
            let id = EdgeId {
                from: here,
                nth: u32::try_from(nth).unwrap(),
            };
            let closed = [here, edge.to]
                .iter()
                .any(|domain| rules.closed_domains.contains(domain))
                || rules.closed_edges.contains(&id)
                || edge.bandwidth < rules.min_bandwidth
                // A path may start there, not pass.
                || (path.domains.len() > 1 && rules.closed_transit.contains(&here))
                || path.domains.contains(&edge.to);
            if closed {
                continue;
            }
            let cost = match metric {
                Metric::Hops => 1,
                Metric::Delay => u64::from(edge.delay),
                Metric::Price => u64::from(edge.price),
            };
            path.domains.push(edge.to);
            path.edges.push(id);
            path.cost += cost;
            on(net, metric, rules, to, path, all);
            path.cost -= cost;
            path.edges.pop();
            path.domains.pop();
        }
    }
    let mut path = Path {
        domains: vec![ends.0],
        edges: vec![],
        cost: 0,
    };
    let mut all = Vec::new();
    on(net, metric, rules, ends.1, &mut path, &mut all);
    all
}

/// What a path takes away from others: inner domains, and edges.
fn takes(net: &Net, path: &Path, by: DisjointBy) -> (BTreeSet<u32>, BTreeSet<EdgeId>) {
    let inner = path.domains.iter().skip(1).rev().skip(1).copied();
    let inner = inner.filter(|_| by == DisjointBy::Domains).collect();
    let between = path.edges.iter().copied();
    let between = between.filter(|id| net.edge(*id).unwrap().role != Role::Within);
    (inner, between.collect())
}

fn are_disjoint(net: &Net, one: &Path, other: &Path, by: DisjointBy) -> bool {
    let (a, b) = (takes(net, one, by), takes(net, other, by));
    a.0.is_disjoint(&b.0) && a.1.is_disjoint(&b.1)
}

/// By number of paths, the least cost of a set of so many.
fn by_trying(net: &Net, all: &[Path], by: DisjointBy, k: usize) -> Vec<u64> {
    fn choose(
        net: &Net,
        all: &[Path],
        by: DisjointBy,
        k: usize,
        chosen: &mut Vec<Path>,
        least: &mut BTreeMap<usize, u64>,
    ) {
        let cost: u64 = chosen.iter().map(|path| path.cost).sum();
        let known = least.entry(chosen.len()).or_insert(cost);
        *known = cost.min(*known);
        if chosen.len() == k {
            return;
        }
        for (at, path) in all.iter().enumerate() {
            if chosen
                .iter()
                .all(|other| are_disjoint(net, path, other, by))
            {
                chosen.push(path.clone());
                choose(net, &all[at + 1..], by, k, chosen, least);
                chosen.pop();
            }
        }
    }
    let mut least = BTreeMap::new();
    choose(net, all, by, k, &mut Vec::new(), &mut least);
    least.into_values().collect()
}

/// That these are paths as told, allowed, simple, in order, and disjoint.
fn check(
    net: &Net,
    metric: Metric,
    rules: &Restriction,
    ends: (u32, u32),
    by: DisjointBy,
    paths: &[Path],
) -> Result<(), TestCaseError> {
    for path in paths {
        let once: BTreeSet<_> = path.domains.iter().collect();
        prop_assert_eq!(once.len(), path.domains.len());
        prop_assert_eq!((path.domains[0], *path.domains.last().unwrap()), ends);
        let (mut at, mut cost, mut climbing) = (ends.0, 0, true);
        let mut domains = vec![ends.0];
        for id in &path.edges {
            prop_assert_eq!(id.from, at);
            prop_assert!(!rules.closed_edges.contains(id));
            let edge = net.edge(*id).unwrap();
            prop_assert!(edge.bandwidth >= rules.min_bandwidth);
            let up = matches!(edge.role, Role::ToProvider | Role::ToPeer);
            prop_assert!(!rules.valley_free || climbing || !up);
            climbing &= !matches!(edge.role, Role::ToPeer | Role::ToCustomer);
            cost += match metric {
                Metric::Hops => u64::from(edge.role.hops()),
                Metric::Delay => u64::from(edge.delay),
                Metric::Price => u64::from(edge.price),
            };
            at = edge.to;
            if domains.last() != Some(&net.domain_of(at)) {
                domains.push(net.domain_of(at));
            }
        }
        prop_assert_eq!(
            at,
            if ends.0 == ends.1 {
                ends.0
            } else {
                net.sink(ends.1)
            }
        );
        prop_assert_eq!(&domains, &path.domains);
        prop_assert_eq!(cost, path.cost);
        if ends.0 != ends.1 {
            prop_assert!(
                domains
                    .iter()
                    .all(|domain| !rules.closed_domains.contains(domain))
            );
        }
    }
    let order = |path: &Path| (path.cost, path.domains.clone());
    prop_assert!(paths.is_sorted_by_key(order));
    for (at, path) in paths.iter().enumerate() {
        for other in &paths[..at] {
            prop_assert!(are_disjoint(net, path, other, by));
            // Nor do they use an edge between two domains both ways.
            let ways = |path: &Path| -> BTreeSet<(u32, u32)> {
                let between = takes(net, path, by).1;
                between
                    .into_iter()
                    .map(|id| (id.from, net.edge(id).unwrap().to))
                    .collect()
            };
            let back: BTreeSet<_> = ways(other).into_iter().map(|(a, b)| (b, a)).collect();
            prop_assert!(ways(path).is_disjoint(&back));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn disjoint_paths_cost_the_least_in_all(
        (net, restriction) in any_world(),
        metric in prop::sample::select(&Metric::ALL[..]),
        by in prop::sample::select(&[DisjointBy::Domains, DisjointBy::Links][..]),
        ends in (0_u32..6, 0_u32..6),
        k in 0_usize..4,
    ) {
        let domains = u32::try_from(net.domains()).unwrap();
        let ends = (ends.0 % domains, ends.1 % domains);
        let mut budget = Budget::unlimited();
        let paths = disjoint_paths(&net, metric, &restriction, ends, k, by, &mut budget).unwrap();
        check(&net, metric, &restriction, ends, by, &paths)?;
        let spent = u64::MAX - budget.left();
        if spent > 0 {
            let found = disjoint_paths(
                &net, metric, &restriction, ends, k, by, &mut Budget::new(spent - 1),
            );
            prop_assert_eq!(found, Err(Spent));
        }
        if net.is_plain() && !restriction.valley_free && ends.0 != ends.1 {
            let all = all_paths(&net, metric, &restriction, ends);
            let least = by_trying(&net, &all, by, k);
            prop_assert_eq!(paths.len() + 1, least.len());
            let cost: u64 = paths.iter().map(|path| path.cost).sum();
            prop_assert_eq!(cost, least[paths.len()]);
        }
    }

    #[test]
    fn paths_of_different_risks_share_none(
        (net, restriction) in any_world(),
        risks in prop::collection::vec(prop::collection::vec(0_u32..5, 0..=2), 1..=8),
        ends in (0_u32..6, 0_u32..6),
    ) {
        let domains = u32::try_from(net.domains()).unwrap();
        let ends = (ends.0 % domains, ends.1 % domains);
        let mut groups = BTreeMap::new();
        for from in 0..u32::try_from(net.len()).unwrap() {
            for nth in 0..u32::try_from(net.row(from).len()).unwrap() {
                let of = &risks[groups.len() % risks.len()];
                groups.insert(EdgeId { from, nth }, of.clone());
            }
        }
        let budget = &mut Budget::unlimited();
        let paths = risk_disjoint_paths(
            &net, Metric::Delay, &restriction, ends, 4, &groups, budget,
        ).unwrap();
        check(&net, Metric::Delay, &restriction, ends, DisjointBy::Links, &paths)?;
        let mut seen = BTreeSet::new();
        for path in &paths {
            let risks: BTreeSet<u32> =
                path.edges.iter().flat_map(|edge| &groups[edge]).copied().collect();
            prop_assert!(seen.is_disjoint(&risks));
            seen.extend(risks);
        }
        // None is left that shares none.
        if net.is_plain() && !restriction.valley_free && ends.0 != ends.1 && paths.len() < 4 {
            let left = all_paths(&net, Metric::Delay, &restriction, ends).into_iter().filter(|path| {
                path.edges.iter().flat_map(|edge| &groups[edge]).all(|risk| !seen.contains(risk))
                    && check(&net, Metric::Delay, &restriction, ends, DisjointBy::Links, &{
                        let mut all = paths.clone();
                        all.push(path.clone());
                        all.sort_by_key(|path| (path.cost, path.domains.clone()));
                        all
                    }).is_ok()
            });
            prop_assert_eq!(left.count(), 0);
        }
    }
}

/// The cheapest path is in the way of two others: taken first, it leaves one alone.
#[test]
fn the_cheapest_path_may_be_in_no_pair() {
    let mut builder = NetBuilder::new(6);
    let links = [
        (0, 1, 1),
        (1, 2, 1),
        (2, 5, 1),
        (0, 3, 4),
        (3, 2, 4),
        (1, 4, 4),
        (4, 5, 4),
    ];
    for (from, to, delay) in links {
        let edge = Edge {
            to,
            delay,
            price: 0,
            bandwidth: UNLIMITED,
            role: Role::Unknown,
        };
        builder.edge(from, edge);
    }
    let net = builder.build();
    let budget = &mut Budget::unlimited();
    let none = Restriction::default();
    for by in [DisjointBy::Domains, DisjointBy::Links] {
        let paths = disjoint_paths(&net, Metric::Delay, &none, (0, 5), 3, by, budget).unwrap();
        let told: Vec<_> = paths
            .iter()
            .map(|path| (path.cost, &path.domains[..]))
            .collect();
        assert_eq!(told, [(9, &[0, 1, 4, 5][..]), (9, &[0, 3, 2, 5][..])]);
    }
    let groups = BTreeMap::new();
    let greedy = risk_disjoint_paths(&net, Metric::Delay, &none, (0, 5), 3, &groups, budget);
    assert_eq!(greedy.unwrap().len(), 1);
}
