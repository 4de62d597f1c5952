//! Distances are those of Bellman and Ford's algorithm, by search, matrix and labels, before and
//! after changes; paths are paths. Nets are small, with ties, free and parallel edges, points without
//! a way, domains whose borders are points; and some of middle size.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::collections::BTreeSet;
use std::sync::Arc;

use idt::net::{Edge, Net, NetBuilder, Role, RowChange, UNLIMITED};
use idt::search::{Budget, Distances, Metric};
use proptest::prelude::*;

/// What an edge costs. The metrics are told apart by different ties.
fn cost(edge: &Edge, metric: Metric) -> u64 {
    match metric {
        Metric::Hops => u64::from(edge.role.hops()),
        Metric::Delay => edge.delay.into(),
        Metric::Price => edge.price.into(),
    }
}

fn edges(net: &Net) -> Vec<(u32, Edge)> {
    let row = |point| (0..net.row(point).len()).map(move |nth| (point, net.row(point).edge(nth)));
    (0..net.len() as u32).flat_map(row).collect()
}

/// The distances from a point.
fn bellman_ford(net: &Net, edges: &[(u32, Edge)], metric: Metric, from: u32) -> Vec<u64> {
    let mut all = vec![u64::MAX; net.len()];
    all[from as usize] = 0;
    loop {
        let before = all.clone();
        for (from, edge) in edges {
            let by = all[*from as usize].saturating_add(cost(edge, metric));
            let entry = &mut all[edge.to as usize];
            *entry = by.min(*entry);
        }
        if all == before {
            return all;
        }
    }
}

/// A net in the making: how many domains; for each whether it has a sink of its own, and so many
/// borders; edges by their ends (modulo the number of points), delay and price.
#[derive(Clone, Debug)]
struct Plan {
    symmetric: bool,
    domains: Vec<(bool, u32)>,
    edges: Vec<(u32, u32, u32, u32)>,
}

impl Plan {
    fn net(&self) -> Net {
        let mut builder = NetBuilder::new(self.domains.len() as u32);
        let mut domain_of: Vec<u32> = (0..self.domains.len() as u32).collect();
        for (domain, (sink, borders)) in self.domains.iter().enumerate() {
            if *sink {
                builder.sink(domain as u32);
                domain_of.push(domain as u32);
            }
            for _ in 0..*borders {
                builder.border(domain as u32);
                domain_of.push(domain as u32);
            }
        }
        let points = domain_of.len() as u32;
        for (from, to, delay, price) in &self.edges {
            let (from, to) = (from % points, to % points);
            let within = domain_of[from as usize] == domain_of[to as usize];
            let edge = edge(to, *delay, *price, within);
            builder.edge(from, edge);
            if self.symmetric {
                builder.edge(to, Edge { to: from, ..edge });
            }
        }
        builder.build()
    }
}

fn edge(to: u32, delay: u32, price: u32, within: bool) -> Edge {
    Edge {
        to,
        delay,
        price,
        bandwidth: UNLIMITED,
        role: if within { Role::Within } else { Role::Unknown },
    }
}

fn any_plan(
    domains: std::ops::RangeInclusive<usize>,
    most: usize,
    delays: u32,
) -> impl Strategy<Value = Plan> {
    let plain = Just((false, 0)).boxed();
    let bordered = (any::<bool>(), 0..=2_u32).boxed();
    let domain = prop_oneof![3 => plain, 1 => bordered];
    let edge = (any::<u32>(), any::<u32>(), 0..=delays, 0..=2_u32);
    (
        any::<bool>(),
        prop::collection::vec(domain, domains),
        prop::collection::vec(edge, 0..=most),
    )
        .prop_map(|(symmetric, domains, edges)| Plan {
            symmetric,
            domains,
            edges,
        })
}

/// By search, matrix, and labels.
fn all_means(net: &Arc<Net>) -> [Distances; 3] {
    let none = Distances::new(Arc::clone(net));
    let index =
        |with: fn(Distances, Metric, &mut Budget) -> Result<Distances, idt::search::Spent>| {
            Metric::ALL
                .into_iter()
                .fold(none.clone(), |distances, metric| {
                    with(distances, metric, &mut Budget::unlimited()).unwrap()
                })
        };
    [
        none.clone(),
        index(Distances::with_matrix),
        index(Distances::with_labels),
    ]
}

/// Every answer is that of the net.
fn check(distances: &Distances, net: &Net) -> Result<(), TestCaseError> {
    prop_assert_eq!(distances.net(), net);
    let domains: Vec<u32> = (0..net.domains() as u32).collect();
    let edges = edges(net);
    for metric in Metric::ALL {
        let budget = &mut Budget::unlimited();
        let table = distances.table(metric, &domains, &domains, budget).unwrap();
        let some: Vec<u32> = domains
            .iter()
            .copied()
            .filter(|domain| domain % 3 == 1)
            .collect();
        let tall = distances.table(metric, &domains, &some, budget).unwrap();
        let mut told = table.iter();
        let mut told_tall = tall.iter();
        for from in &domains {
            let all = bellman_ford(net, &edges, metric, net.source(*from));
            for to in &domains {
                let sum = if from == to {
                    0
                } else {
                    all[net.sink(*to) as usize]
                };
                let expected = Some(sum).filter(|distance| *distance < u64::MAX);
                prop_assert_eq!(distances.distance(metric, *from, *to), expected);
                prop_assert_eq!(*told.next().unwrap(), expected.unwrap_or(u64::MAX));
                if some.contains(to) {
                    prop_assert_eq!(*told_tall.next().unwrap(), expected.unwrap_or(u64::MAX));
                }
                let path = distances.path(metric, *from, *to);
                prop_assert_eq!(path.as_ref().map(|path| path.0), expected);
                if let Some((cost, path)) = path {
                    is_path(net, metric, *from, *to, cost, &path)?;
                }
            }
        }
    }
    Ok(())
}

fn is_path(
    net: &Net,
    metric: Metric,
    from: u32,
    to: u32,
    told: u64,
    path: &[u32],
) -> Result<(), TestCaseError> {
    let end = if from == to {
        net.source(from)
    } else {
        net.sink(to)
    };
    prop_assert_eq!((path[0], path[path.len() - 1]), (net.source(from), end));
    prop_assert_eq!(path.iter().collect::<BTreeSet<_>>().len(), path.len());
    let mut sum = 0;
    for step in path.windows(2) {
        let row = net.row(step[0]);
        let costs = row
            .edges_to(step[1])
            .map(|nth| cost(&row.edge(nth), metric));
        let least = costs.min();
        prop_assert!(least.is_some(), "no edge {:?}", step);
        sum += least.unwrap();
    }
    prop_assert_eq!(sum, told);
    Ok(())
}

/// The simple path that is first by (cost, points), by looking at all.
fn first_path(net: &Net, metric: Metric, from: u32, to: u32) -> Option<(u64, Vec<u32>)> {
    fn walk(
        net: &Net,
        metric: Metric,
        to: u32,
        cost_so_far: u64,
        path: &mut Vec<u32>,
        best: &mut Option<(u64, Vec<u32>)>,
    ) {
        let at = path[path.len() - 1];
        if at == to {
            let found = (cost_so_far, path.clone());
            if best.as_ref().is_none_or(|best| found < *best) {
                *best = Some(found);
            }
            return;
        }
        for nth in 0..net.row(at).len() {
            let edge = net.row(at).edge(nth);
            if !path.contains(&edge.to) {
                path.push(edge.to);
                walk(
                    net,
                    metric,
                    to,
                    cost_so_far + cost(&edge, metric),
                    path,
                    best,
                );
                path.pop();
            }
        }
    }
    let mut best = None;
    walk(
        net,
        metric,
        net.sink(to),
        0,
        &mut vec![net.source(from)],
        &mut best,
    );
    best
}

/// Ends (modulo the number of points) and the edges between them from now on: delays and prices.
type Change = (u32, u32, Vec<(u32, u32)>);

fn any_changes(most: usize, delays: u32) -> impl Strategy<Value = Vec<(Vec<Change>, bool)>> {
    let edges = prop::collection::vec((0..=delays, 0..=2_u32), 0..=2);
    let batch = prop::collection::vec((any::<u32>(), any::<u32>(), edges), 1..=most);
    prop::collection::vec((batch, any::<bool>()), 1..=5)
}

fn changed(net: &Net, batch: &[Change], symmetric: bool) -> (Net, Vec<(u32, u32)>) {
    let points = net.len() as u32;
    let mut net = net.clone();
    let mut pairs = Vec::new();
    for (from, to, edges) in batch {
        let (from, to) = (from % points, to % points);
        let ways = if symmetric {
            vec![(from, to), (to, from)]
        } else {
            vec![(from, to)]
        };
        for (from, to) in ways {
            let row = net.row(from);
            let kept = (0..row.len())
                .map(|nth| row.edge(nth))
                .filter(|edge| edge.to != to);
            let within = net.domain_of(from) == net.domain_of(to);
            let new = edges
                .iter()
                .map(|(delay, price)| edge(to, *delay, *price, within));
            let edges = kept.chain(new).collect();
            net = net.with([RowChange { point: from, edges }]);
            pairs.push((from, to));
        }
    }
    (net, pairs)
}

/// Right after each change, and repaired now and then.
fn never_stale(plan: &Plan, changes: &[(Vec<Change>, bool)]) -> Result<(), TestCaseError> {
    let first = Arc::new(plan.net());
    for (means, mut distances) in all_means(&first).into_iter().enumerate() {
        let mut net = Arc::clone(&first);
        for (batch, repairs) in changes {
            let (next, pairs) = changed(&net, batch, plan.symmetric);
            net = Arc::new(next);
            distances = distances.after(Arc::clone(&net), &pairs);
            prop_assert!(means == 0 || distances.is_behind());
            check(&distances, &net)?;
            if *repairs {
                distances = distances.repaired(&mut Budget::unlimited()).unwrap();
                prop_assert!(!distances.is_behind());
                check(&distances, &net)?;
            }
            for metric in Metric::ALL {
                // An index is given up while too much has changed since it was made, and none comes
                // of nothing.
                let indexed = distances.is_indexed(metric);
                prop_assert!(indexed == (means > 0) || (means > 0 && !*repairs));
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn all_means_agree(plan in any_plan(1..=7, 24, 3)) {
        let net = Arc::new(plan.net());
        for distances in all_means(&net) {
            check(&distances, &net)?;
        }
    }

    #[test]
    fn a_matrix_tells_the_first_path(plan in any_plan(2..=5, 14, 2)) {
        let net = Arc::new(plan.net());
        let [_, matrix, _] = all_means(&net);
        for metric in Metric::ALL {
            for from in 0..net.domains() as u32 {
                for to in (0..net.domains() as u32).filter(|to| *to != from) {
                    prop_assert_eq!(matrix.path(metric, from, to), first_path(&net, metric, from, to));
                }
            }
        }
    }

    #[test]
    fn no_answer_is_stale(plan in any_plan(2..=6, 18, 3), changes in any_changes(2, 3)) {
        never_stale(&plan, &changes)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// Some batches have more changes than an index is asked about.
    #[test]
    fn no_answer_is_stale_in_larger_nets(plan in any_plan(30..=40, 100, 9), changes in any_changes(40, 9)) {
        never_stale(&plan, &changes)?;
    }
}

#[test]
fn what_is_no_domain_has_no_distance() {
    let mut builder = NetBuilder::new(2);
    builder.border(0);
    builder.edge(0, edge(2, 1, 1, true));
    builder.edge(2, edge(1, 1, 1, false));
    let net = Arc::new(builder.build());
    for distances in all_means(&net) {
        assert_eq!(distances.distance(Metric::Delay, 0, 1), Some(2));
        for (from, to) in [(0, 2), (2, 1), (2, 2), (9, 0), (0, u32::MAX)] {
            assert_eq!(distances.distance(Metric::Delay, from, to), None);
            assert_eq!(distances.path(Metric::Delay, from, to), None);
        }
        let table = distances.table(Metric::Delay, &[0, 2], &[1, 9], &mut Budget::unlimited());
        assert_eq!(table.unwrap(), [2, u64::MAX, u64::MAX, u64::MAX]);
    }
}

#[test]
fn a_distance_that_fits_no_index_is_searched() {
    let mut builder = NetBuilder::new(3);
    for (from, to) in [(0, 1), (1, 2)] {
        builder.edge(from, edge(to, u32::MAX, 7, false));
    }
    let net = Arc::new(builder.build());
    for distances in all_means(&net) {
        assert!(!distances.is_indexed(Metric::Delay));
        assert_eq!(
            distances.distance(Metric::Delay, 0, 2),
            Some(2 * u64::from(u32::MAX))
        );
        assert_eq!(distances.distance(Metric::Price, 0, 2), Some(14));
    }
}

#[test]
fn a_spent_budget_ends_it() {
    let plan = Plan {
        symmetric: true,
        domains: vec![(false, 0); 30],
        edges: (0..60).map(|at| (at, at * 7 + 1, at % 4, 1)).collect(),
    };
    let net = Arc::new(plan.net());
    let domains: Vec<u32> = (0..30).collect();
    for distances in all_means(&net) {
        let table = distances.table(Metric::Delay, &domains, &domains, &mut Budget::new(20));
        assert!(table.is_err());
    }
    let none = Distances::new(net);
    assert!(
        none.clone()
            .with_matrix(Metric::Delay, &mut Budget::new(20))
            .is_err()
    );
    assert!(
        none.with_labels(Metric::Delay, &mut Budget::new(20))
            .is_err()
    );
}
