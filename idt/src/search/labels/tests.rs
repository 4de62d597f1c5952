//! Labels, new and repaired, tell what Floyd's algorithm tells. Nets are small, and ties, free edges,
//! parallel edges and parts without a path are common.

use std::cell::RefCell;

use proptest::prelude::*;

use super::{FAR, Labels, NONE};
use crate::net::{Edge, Net, NetBuilder, Role, RowChange, UNLIMITED};
use crate::search::budget::Budget;
use crate::search::cost::Metric;
use crate::search::space::Open;
use crate::search::tree::{PairScratch, edge_cost, pair};

/// Edges by their ends and delays.
type Edges = Vec<(u32, u32, u32)>;

fn edge(to: u32, delay: u32) -> Edge {
    Edge {
        to,
        delay,
        price: delay / 2,
        bandwidth: UNLIMITED,
        role: Role::Unknown,
    }
}

fn net(points: u32, edges: &Edges) -> Net {
    let mut builder = NetBuilder::new(points);
    for (from, to, delay) in edges {
        builder.edge(*from, edge(*to, *delay));
    }
    builder.build()
}

fn floyd(net: &Net, metric: Metric) -> Vec<Vec<u64>> {
    let len = net.len();
    let mut all = vec![vec![u64::MAX; len]; len];
    for (from, row) in all.iter_mut().enumerate() {
        for (to, entry) in row.iter_mut().enumerate() {
            *entry = edge_cost(net, metric, from as u32, to as u32);
        }
        row[from] = 0;
    }
    for via in 0..len {
        for from in 0..len {
            for to in 0..len {
                let by = all[from][via].saturating_add(all[via][to]);
                all[from][to] = all[from][to].min(by);
            }
        }
    }
    all
}

/// Distances, entries and paths are those of the net.
fn check(labels: &Labels, net: &Net, metric: Metric) -> Result<(), TestCaseError> {
    let all = floyd(net, metric);
    let scratch = RefCell::new(PairScratch::default());
    prop_assert_eq!(labels.net(), net);
    for from in 0..net.len() as u32 {
        for (set, out) in [(Some(&labels.out), true), (labels.inward.as_ref(), false)] {
            for entry in set.iter().flat_map(|set| set.label(from).entries()) {
                let hub = labels.order.points[entry.hub as usize];
                let (a, b) = if out { (from, hub) } else { (hub, from) };
                prop_assert_eq!(u64::from(entry.distance), all[a as usize][b as usize]);
                prop_assert!(
                    entry.distance < FAR && entry.hub <= labels.order.ranks[from as usize]
                );
            }
        }
        for to in 0..net.len() as u32 {
            let expected = all[from as usize][to as usize];
            prop_assert_eq!(
                labels.distance(from, to),
                expected,
                "from {} to {}",
                from,
                to
            );
            let path = labels.path(from, to, |from, to, floor| {
                let weigh = metric;
                let space = Open {
                    net: labels.net(),
                    weigh,
                };
                let found = pair(
                    space,
                    from,
                    to,
                    floor,
                    &mut Budget::unlimited(),
                    &mut scratch.borrow_mut(),
                );
                let (cost, path) = found.expect("no limit")?;
                assert_eq!(cost, floor);
                Some(path)
            });
            prop_assert_eq!(path.is_some(), expected < u64::MAX);
            let Some((cost, path)) = path else { continue };
            prop_assert_eq!(cost, expected);
            prop_assert_eq!((path[0], path[path.len() - 1]), (from, to));
            let steps = path
                .windows(2)
                .map(|step| edge_cost(net, metric, step[0], step[1]));
            prop_assert_eq!(steps.fold(0, u64::saturating_add), expected);
            let mut once = path.clone();
            once.sort_unstable();
            once.dedup();
            prop_assert_eq!(once.len(), path.len());
        }
    }
    Ok(())
}

/// Sizes, edges, changes: batches of (from, to, `None` for gone or a new delay). Symmetric if the
/// flag is set.
type Story = (u32, bool, Edges, Vec<Vec<(u32, u32, Option<u32>)>>);

fn any_story(
    points: std::ops::RangeInclusive<u32>,
    delays: u32,
    most: usize,
) -> impl Strategy<Value = Story> {
    (points, any::<bool>()).prop_flat_map(move |(points, symmetric)| {
        let point = 0..points;
        let edges = prop::collection::vec((point.clone(), point.clone(), 0..=delays), 0..=most);
        let delay = prop::option::weighted(0.7, 0..=delays);
        let batch = prop::collection::vec((point.clone(), point, delay), 1..=3);
        let batches = prop::collection::vec(batch, 1..=6);
        (Just(points), Just(symmetric), edges, batches)
    })
}

/// One way or both.
fn ways<T: Copy>(edges: &[(u32, u32, T)], symmetric: bool) -> Vec<(u32, u32, T)> {
    let back = |(from, to, what): &(u32, u32, T)| (*to, *from, *what);
    let turned = edges.iter().filter(|_| symmetric).map(back);
    edges.iter().copied().chain(turned).collect()
}

/// The net after a change: all edges of a pair are gone, or one is there.
fn changed(net: &Net, batch: &[(u32, u32, Option<u32>)]) -> Net {
    batch.iter().fold(net.clone(), |net, (from, to, delay)| {
        let row = net.row(*from);
        let mut edges: Vec<Edge> = (0..row.len()).map(|nth| row.edge(nth)).collect();
        edges.retain(|edge| edge.to != *to);
        edges.extend(delay.map(|delay| edge(*to, delay)));
        net.with([RowChange {
            point: *from,
            edges,
        }])
    })
}

fn repaired_is_exact(story: Story) -> Result<usize, TestCaseError> {
    let (points, symmetric, edges, batches) = story;
    let first = net(points, &ways(&edges, symmetric));
    let mut refused = 0;
    for metric in Metric::ALL {
        let mut net = first.clone();
        let build = |net: &Net| Labels::build(net, metric, &mut Budget::unlimited());
        let mut labels = build(&net).expect("no limit").expect("they fit");
        check(&labels, &net, metric)?;
        for (at, batch) in batches.iter().enumerate() {
            // The last may make a symmetric net another.
            let batch = ways(batch, symmetric && at < 4);
            let next = changed(&net, &batch);
            let pairs: Vec<(u32, u32)> = batch.iter().map(|change| (change.0, change.1)).collect();
            let repaired = labels.repair_within(&next, &pairs, u64::MAX, &mut Budget::unlimited());
            labels = match repaired.expect("no limit") {
                Some(labels) => labels,
                None => {
                    refused += 1;
                    build(&next).expect("no limit").expect("they fit")
                }
            };
            net = next;
            check(&labels, &net, metric)?;
        }
    }
    Ok(refused)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn small(story in any_story(2..=9, 3, 20)) {
        repaired_is_exact(story)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn middle_sized(story in any_story(30..=50, 9, 120)) {
        repaired_is_exact(story)?;
    }
}

#[test]
fn only_free_links_are_not_repaired() {
    let edges = vec![(0, 1, 2), (1, 2, 3), (2, 3, 1), (3, 0, 1), (1, 3, 2)];
    let changes = vec![
        vec![(0, 1, None)],
        vec![(0, 1, Some(1))],
        vec![(2, 3, Some(9))],
    ];
    let refused = repaired_is_exact((5, true, edges, changes)).expect("exact");
    // By price, where half a nanosecond is free.
    assert_eq!(refused, 1);
}

#[test]
fn distances_that_do_not_fit_are_refused() {
    let build = |edges: Edges| {
        let labels = Labels::build(&net(3, &edges), Metric::Delay, &mut Budget::unlimited());
        labels.expect("no limit").is_some()
    };
    assert!(!build(vec![(0, 1, FAR)]));
    assert!(!build(vec![(0, 1, FAR - 1), (1, 2, 1), (2, 0, 5)]));
    assert!(build(vec![(0, 1, FAR - 1), (1, 2, 0)]));
    // Nobody goes that way.
    assert!(build(vec![(0, 1, FAR), (0, 2, 1), (2, 1, 1)]));
}

#[test]
fn a_cancelled_build_ends() {
    let net = net(2, &vec![(0, 1, 1)]);
    let flag = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let mut budget = Budget::unlimited().cancelled_by(flag);
    assert!(Labels::build(&net, Metric::Hops, &mut budget).is_err());
    assert!(Labels::build(&net, Metric::Hops, &mut Budget::new(1)).is_err());
}

#[test]
fn a_new_label_knows_its_parents() {
    let edges: Edges = (0..40)
        .map(|at| (at, (at * 7 + 3) % 40, at % 5 + 1))
        .collect();
    let net = net(40, &ways(&edges, true));
    let labels = Labels::build(&net, Metric::Delay, &mut Budget::unlimited());
    let labels = labels.expect("no limit").expect("they fit");
    for point in 0..40 {
        for entry in labels.out.label(point).entries() {
            let hub = labels.order.points[entry.hub as usize];
            assert_eq!(entry.parent == NONE, hub == point);
        }
    }
}
