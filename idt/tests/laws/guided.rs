//! What an index of distances speeds up stays what it is: path vectors are those of brute force, and the
//! paths of many pairs those of one.

#![expect(clippy::unwrap_used, reason = "a test ends at what it does not expect")]

use std::sync::Arc;

use idt::net::{Edge, Net, RowChange};
use idt::search::{Budget, Distances, Metric, PathStream, Restriction, Rules};
use proptest::prelude::*;

use crate::restriction::{any_larger_net, any_net, any_restriction, brute_force};

fn any_world() -> impl Strategy<Value = (Net, Restriction)> {
    any_net().prop_flat_map(|net| {
        let restriction = any_restriction(&net);
        (Just(net), restriction)
    })
}

/// With what is known of a version before: edges were missing there, or cost something else.
fn behind(net: &Net, metric: Metric, seed: u32) -> [Distances; 2] {
    let rows = (0..u32::try_from(net.len()).unwrap()).filter(|point| point % 3 == seed % 3);
    let before = rows.map(|point| {
        let row = net.row(point);
        let edges = (0_u32..)
            .zip(0..row.len())
            .map(|(at, nth)| (at + seed + point, row.edge(nth)));
        let edges = edges.filter(|(draw, _)| draw % 4 > 0).map(|(draw, edge)| {
            let [delay, price] = [edge.delay, edge.price].map(|cost| match draw % 4 {
                1 => cost / 2,
                2 => cost.saturating_mul(3),
                _ => cost,
            });
            Edge {
                delay,
                price,
                ..edge
            }
        });
        let edges = edges.collect();
        RowChange { point, edges }
    });
    let before = net.with(before);
    indexed(&before, metric).map(|distances| distances.over(Arc::new(net.clone())))
}

/// With a matrix and with labels.
fn indexed(net: &Net, metric: Metric) -> [Distances; 2] {
    let plain = Distances::new(Arc::new(net.clone()));
    let budget = &mut Budget::unlimited();
    [
        plain.clone().with_matrix(metric, budget).unwrap(),
        plain.with_labels(metric, budget).unwrap(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn path_vectors_by_an_index_are_those_of_brute_force(
        (net, restriction) in any_world(),
        metric in prop::sample::select(&Metric::ALL[..]),
        max_domains in prop_oneof![0_usize..7, Just(usize::MAX)],
        work in 0_u64..300,
        ends in (0_u32..6, 0_u32..6),
        seed in 0_u32..12,
    ) {
        let domains = u32::try_from(net.domains()).unwrap();
        let ends = (ends.0 % domains, ends.1 % domains);
        let rules = Rules::new(&net, &restriction);
        let whole = brute_force(&net, metric, &restriction, ends);
        let short = whole.iter().filter(|(_, domains, _)| domains.len() <= max_domains);
        let short: Vec<_> = short.cloned().collect();
        for distances in indexed(&net, metric).into_iter().chain(behind(&net, metric, seed)) {
            let start = |budget| {
                PathStream::with_distances(&distances, metric, &rules, ends, max_domains, budget)
            };
            let mut stream = start(Budget::unlimited());
            let mut told = Vec::new();
            while let Some(found) = stream.advance() {
                let (domains, cost) = found.unwrap();
                let domains = domains.to_vec();
                told.push((cost, domains, stream.path().unwrap().edges));
            }
            prop_assert_eq!(&told, &short);
            if net.is_plain() {
                prop_assert_eq!(stream.is_cut_by_length(), short.len() < whole.len());
            }
            let some: Vec<_> = start(Budget::new(work)).map_while(Result::ok).collect();
            let some = some.into_iter().map(|(domains, cost)| (cost, domains.to_vec()));
            let first = short.iter().map(|(cost, domains, _)| (*cost, domains.clone()));
            prop_assert!(first.take(some.len()).eq(some));
        }
    }

    #[test]
    fn paths_of_many_pairs_are_those_of_each(
        net in any_net(),
        metric in prop::sample::select(&Metric::ALL[..]),
        from in prop::collection::vec(0_u32..8, 0..=4),
        to in prop::collection::vec(0_u32..8, 0..=4),
    ) {
        let plain = Distances::new(Arc::new(net.clone()));
        for distances in indexed(&net, metric).into_iter().chain([plain]) {
            let mut told = Vec::new();
            let budget = &mut Budget::unlimited();
            let visit = |row, column, cost, path: &[u32]| told.push((row, column, cost, path.to_vec()));
            distances.paths(metric, &from, &to, budget, visit).unwrap();
            let mut expected = Vec::new();
            for (row, source) in from.iter().enumerate() {
                for (column, target) in to.iter().enumerate() {
                    let path = distances.path(metric, *source, *target);
                    expected.extend(path.map(|(cost, path)| (row, column, cost, path)));
                }
            }
            prop_assert_eq!(told, expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn in_larger_nets_an_index_changes_no_answer(
        (net, restriction) in any_larger_net().prop_flat_map(|net| {
            let restriction = any_restriction(&net);
            (Just(net), restriction)
        }),
        to in 1_u32..40,
    ) {
        let rules = Rules::new(&net, &restriction);
        let unlimited = Budget::unlimited;
        let plain = PathStream::new(&net, Metric::Delay, &rules, (0, to), 100, unlimited());
        let expected: Vec<_> = plain.take(40).map(Result::unwrap).collect();
        let behind = behind(&net, Metric::Delay, to);
        for distances in indexed(&net, Metric::Delay).into_iter().chain(behind) {
            let stream = PathStream::with_distances(
                &distances, Metric::Delay, &rules, (0, to), 100, unlimited(),
            );
            let told: Vec<_> = stream.take(40).map(Result::unwrap).collect();
            prop_assert_eq!(&told, &expected);
        }
    }
}
