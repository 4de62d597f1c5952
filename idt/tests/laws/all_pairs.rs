//! All distances and all widths of a version, made of those of any version before, are those that two
//! algorithms that share nothing with it find, and what is said to have changed is what did. Nets are small, with
//! ties, free and parallel edges, edges that tell no bandwidth, edges longer than an index can hold.

use std::sync::Arc;

use idt::net::{Edge, Net, NetBuilder, Role, RowChange, UNLIMITED};
use idt::search::{AllDistances, AllWidths, Budget, ChangedPairs, Distances, Metric};
use proptest::prelude::*;

/// Delay, price, bandwidth, and whether it crosses a border.
type Told = (u32, u32, Option<u64>, bool);

/// Ends (modulo the number of points) and the edges between them from now on.
type Change = (u32, u32, Vec<Told>);

fn told() -> impl Strategy<Value = Told> {
    let delay = prop_oneof![
        12 => 0_u32..4,
        1 => Just(u32::MAX),
        1 => Just(u32::MAX / 2),
    ];
    let bandwidth =
        prop::option::weighted(0.8, prop_oneof![8 => 0_u64..5, 1 => Just(UNLIMITED - 1)]);
    (delay, 0_u32..3, bandwidth, any::<bool>())
}

fn changes(most: usize) -> impl Strategy<Value = Vec<Change>> {
    let edges = prop::collection::vec(told(), 0..=2);
    prop::collection::vec((any::<u32>(), any::<u32>(), edges), 1..=most)
}

fn edge(to: u32, (delay, price, bandwidth, crosses): Told) -> Edge {
    Edge {
        to,
        delay,
        price,
        bandwidth: bandwidth.unwrap_or(UNLIMITED),
        role: if crosses { Role::Unknown } else { Role::Within },
    }
}

fn changed(net: &Net, changes: &[Change], both_ways: bool) -> Net {
    let points = net.len() as u32;
    let ways = changes.iter().flat_map(|(from, to, edges)| {
        let (from, to) = (from % points, to % points);
        let back = (both_ways && from != to).then_some((to, from, edges));
        std::iter::once((from, to, edges)).chain(back)
    });
    ways.fold(net.clone(), |net, (from, to, edges)| {
        let row = net.row(from);
        let kept = (0..row.len()).map(|nth| row.edge(nth));
        let kept = kept.filter(|edge| edge.to != to);
        let edges = kept.chain(edges.iter().map(|told| edge(to, *told)));
        let edges = edges.collect();
        net.with([RowChange { point: from, edges }])
    })
}

type Table = Vec<Vec<u64>>;

/// By repeated joining (Floyd and Warshall); `none` where there is no path.
fn joined(
    net: &Net,
    cost: impl Fn(&Edge) -> Option<u64>,
    (own, none): (u64, u64),
    join: fn(u64, u64) -> u64,
    better: fn(u64, u64) -> bool,
) -> Table {
    let points = net.len();
    let mut table = vec![vec![none; points]; points];
    for (from, known) in table.iter_mut().enumerate() {
        let row = net.row(from as u32);
        for edge in (0..row.len()).map(|nth| row.edge(nth)) {
            let known = &mut known[edge.to as usize];
            if let Some(cost) = cost(&edge)
                && (*known == none || better(cost, *known))
            {
                *known = cost;
            }
        }
        known[from] = own;
    }
    for via in 0..points {
        for from in 0..points {
            for to in 0..points {
                let (head, rest) = (table[from][via], table[via][to]);
                if from == to || head == none || rest == none {
                    continue;
                }
                let through = if via == from || via == to {
                    table[from][to]
                } else {
                    join(head, rest)
                };
                if through != none && (table[from][to] == none || better(through, table[from][to]))
                {
                    table[from][to] = through;
                }
            }
        }
    }
    table
}

fn distances(net: &Net, metric: Metric) -> Table {
    let cost = |edge: &Edge| {
        Some(match metric {
            Metric::Hops => u64::from(edge.role.hops()),
            Metric::Delay => edge.delay.into(),
            Metric::Price => edge.price.into(),
        })
    };
    joined(net, cost, (0, u64::MAX), |a, b| a + b, |a, b| a < b)
}

fn widths(net: &Net) -> Table {
    let cost = |edge: &Edge| Some(edge.bandwidth).filter(|width| *width != UNLIMITED);
    joined(net, cost, (u64::MAX, u64::MAX), u64::min, |a, b| a > b)
}

fn all(points: usize) -> Vec<u32> {
    (0..points as u32).collect()
}

fn turned(table: &Table) -> Vec<u64> {
    let column = |to: usize| table.iter().map(move |row| row[to]);
    (0..table.len()).flat_map(column).collect()
}

/// The rows and the columns in which two tables differ.
fn different(one: &Table, other: &Table) -> ChangedPairs {
    let points = one.len();
    let differs = |from: usize, to: usize| one[from][to] != other[from][to];
    let which = |is_other: &dyn Fn(usize) -> bool| -> Vec<u32> {
        (0..points)
            .filter(|at| is_other(*at))
            .map(|at| at as u32)
            .collect()
    };
    ChangedPairs {
        from: which(&|from| (0..points).any(|to| differs(from, to))),
        to: which(&|to| (0..points).any(|from| differs(from, to))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn all_pairs_of_a_version_are_those_of_its_net(
        points in 2_u32..8,
        both_ways in any::<bool>(),
        first in changes(20),
        later in prop::collection::vec((changes(4), 0_u8..4), 1..6),
    ) {
        let mut net = Arc::new(changed(&NetBuilder::new(points).build(), &first, both_ways));
        let budget = &mut Budget::unlimited();
        // Asked in some versions only, so that what is known may be of several before.
        let mut known: [Option<(AllDistances, Table)>; 3] = Default::default();
        let mut wide: Option<(AllWidths, Table)> = None;
        let mut indexed = Distances::new(Arc::clone(&net)).with_matrix(Metric::Delay, budget).unwrap();
        for (batch, asks) in [(vec![], 3)].into_iter().chain(later) {
            net = Arc::new(changed(&net, &batch, both_ways));
            indexed = indexed.over(Arc::clone(&net));
            if asks == 1 {
                indexed = indexed.repaired(budget).unwrap();
            }
            if asks == 0 {
                continue;
            }
            for (metric, known) in Metric::ALL.into_iter().zip(&mut known) {
                let expected = distances(&net, metric);
                let fits = expected.iter().flatten().all(|distance| *distance == u64::MAX || *distance < u32::MAX.into());
                let plain = Distances::new(Arc::clone(&net));
                let before = known.as_ref().map(|known| &known.0);
                let made = plain.all(metric, before, budget).unwrap();
                prop_assert_eq!(made.is_some(), fits);
                prop_assert_eq!(plain.all(metric, None, budget).unwrap().is_some(), fits);
                let with_index = indexed.all(metric, before, budget).unwrap();
                prop_assert_eq!(with_index.is_some(), fits);
                for made in made.into_iter().chain(with_index) {
                    let (mut rows, mut columns) = (Vec::new(), Vec::new());
                    made.rows(&all(net.len()), &mut rows);
                    made.columns(&all(net.len()), &mut columns);
                    prop_assert_eq!(&rows, &expected.concat());
                    prop_assert_eq!(&columns, &turned(&expected));
                    if let Some((before, table)) = known {
                        prop_assert_eq!(made.changed_since(before), Some(different(&expected, table)));
                    }
                    *known = Some((made, expected.clone()));
                }
            }
            let expected = widths(&net);
            let before = wide.as_ref().map(|wide| &wide.0);
            let made = AllWidths::of(&net, before, budget).unwrap().unwrap();
            let mut rows = Vec::new();
            made.rows(&all(net.len()), &mut rows);
            prop_assert_eq!(&rows, &expected.concat());
            if let Some((before, table)) = &wide {
                prop_assert_eq!(made.changed_since(before), Some(different(&expected, table)));
            }
            wide = Some((made, expected));
        }
    }
}

#[test]
fn what_is_no_domain_has_no_row_and_no_column() {
    let mut builder = NetBuilder::new(2);
    builder.edge(0, edge(1, (3, 0, Some(8), true)));
    let net = Arc::new(builder.build());
    let budget = &mut Budget::unlimited();
    let distances = Distances::new(Arc::clone(&net));
    let made = distances.all(Metric::Delay, None, budget).unwrap().unwrap();
    let (mut rows, mut columns, mut wide) = (Vec::new(), Vec::new(), Vec::new());
    made.rows(&[9, 0], &mut rows);
    made.columns(&[1, 9], &mut columns);
    assert_eq!(rows, [u64::MAX, u64::MAX, 0, 3]);
    assert_eq!(columns, [3, 0, u64::MAX, u64::MAX]);
    let widths = AllWidths::of(&net, None, budget).unwrap().unwrap();
    widths.rows(&[9, 0], &mut wide);
    assert_eq!(wide, [u64::MAX, u64::MAX, u64::MAX, 8]);
}

#[test]
fn a_net_with_points_that_are_no_domains_has_none() {
    let mut builder = NetBuilder::new(2);
    builder.border(0);
    let net = Arc::new(builder.build());
    let budget = &mut Budget::unlimited();
    let distances = Distances::new(Arc::clone(&net));
    assert!(distances.all(Metric::Hops, None, budget).unwrap().is_none());
    assert!(AllWidths::of(&net, None, budget).unwrap().is_none());
}

#[test]
fn a_spent_budget_ends_it() {
    let mut builder = NetBuilder::new(30);
    for from in 0..30 {
        builder.edge(from, edge((from + 1) % 30, (1, 1, Some(1), true)));
    }
    let net = Arc::new(builder.build());
    let distances = Distances::new(Arc::clone(&net));
    assert!(
        distances
            .all(Metric::Hops, None, &mut Budget::new(20))
            .is_err()
    );
    assert!(AllWidths::of(&net, None, &mut Budget::new(20)).is_err());
}
