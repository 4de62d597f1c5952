//! The compact net: what building it costs (part of line 9), and a new version of it (line 10).
//!
//! `floor_*` are loops over flat arrays with nothing around them, in the same run: `floor_build` makes
//! compressed rows of (to, delay) alone, `floor_copy` copies the arrays of such a graph.

use std::hint::black_box;
use std::sync::LazyLock;

use divan::Bencher;
use idt::net::{Edge, Net, NetBuilder, Role, RowChange, UNLIMITED};

use crate::world::NET;

/// (from, to, delay) of both directions of each link, one after the other.
static EDGES: LazyLock<Vec<(u32, u32, u32)>> = LazyLock::new(|| {
    let net = &**NET;
    let mut edges = Vec::with_capacity(net.edges());
    for point in 0..net.domains() as u32 {
        let row = net.row(point);
        for (to, delay) in row.to.iter().zip(row.delay).filter(|(to, _)| **to > point) {
            edges.extend([(point, *to, *delay), (*to, point, *delay)]);
        }
    }
    edges
});

/// Tells every edge, then builds.
fn build_net(points: u32, edges: &[(u32, u32, u32)]) -> Net {
    let mut builder = NetBuilder::new(points);
    builder.reserve(edges.len() / 2);
    for (from, to, delay) in black_box(edges) {
        let edge = Edge {
            to: *to,
            delay: *delay,
            price: 0,
            bandwidth: UNLIMITED,
            role: Role::Unknown,
        };
        builder.edge(*from, edge);
    }
    builder.build()
}

/// A sum that every edge changes.
fn checksum(net: &Net) -> u64 {
    let points = 0..net.len() as u32;
    points.map(|point| checksum_of(net, point)).sum()
}

fn checksum_of(net: &Net, point: u32) -> u64 {
    let row = net.row(point);
    let ends = row.to.iter().zip(row.delay);
    ends.map(|(to, delay)| u64::from(point ^ to) * u64::from(*delay))
        .sum()
}

#[divan::bench_group(name = "line_9_build", sample_count = 50)]
mod build {
    use super::*;

    #[divan::bench]
    fn floor_build(bencher: Bencher<'_, '_>) {
        let net = &**NET;
        let edges = &*EDGES;
        let points = net.len();
        let expected = checksum(net);
        let by_hand = || {
            let edges = black_box(edges);
            let mut starts = vec![0_u32; points + 1];
            for (from, ..) in edges {
                starts[*from as usize + 1] += 1;
            }
            for at in 1..=points {
                starts[at] += starts[at - 1];
            }
            let mut next = starts.clone();
            let mut rows = vec![(0, 0); edges.len()];
            for (from, to, delay) in edges {
                let place = &mut next[*from as usize];
                rows[*place as usize] = (*to, *delay);
                *place += 1;
            }
            (starts, rows)
        };
        let (starts, rows) = by_hand();
        let found: u64 = (0..points)
            .flat_map(|point| {
                rows[starts[point] as usize..starts[point + 1] as usize]
                    .iter()
                    .map(move |edge| (point as u32, edge))
            })
            .map(|(point, (to, delay))| u64::from(point ^ to) * u64::from(*delay))
            .sum();
        assert_eq!(found, expected);
        bencher.bench(by_hand);
    }

    /// As most lists have them: each edge beside its reverse.
    #[divan::bench]
    fn edges_in_pairs(bencher: Bencher<'_, '_>) {
        let net = &**NET;
        let build = || build_net(net.len() as u32, &EDGES);
        let built = build();
        assert!(checksum(&built) == checksum(net) && built.is_symmetric());
        assert_eq!(built.edges(), net.edges());
        bencher.bench(build);
    }

    /// In another order, so that the reverse of each edge has to be found.
    #[divan::bench]
    fn edges_apart(bencher: Bencher<'_, '_>) {
        let net = &**NET;
        let mut edges = EDGES.clone();
        edges.sort_unstable();
        let build = || build_net(net.len() as u32, &edges);
        let built = build();
        assert!(checksum(&built) == checksum(net) && built.is_symmetric());
        bencher.bench(build);
    }
}

#[divan::bench_group(name = "line_10_with", sample_count = 200)]
mod with {
    use super::*;

    /// A copy of the flat graph: starts, ends, delays.
    #[divan::bench]
    fn floor_copy(bencher: Bencher<'_, '_>) {
        let net = &**NET;
        let starts: Vec<u32> = (0..=net.len() as u32).collect();
        let to: Vec<u32> = EDGES.iter().map(|edge| edge.1).collect();
        let delay: Vec<u32> = EDGES.iter().map(|edge| edge.2).collect();
        let mut copy = (starts.clone(), to.clone(), delay.clone());
        bencher.bench_local(move || {
            copy.0.copy_from_slice(black_box(&starts));
            copy.1.copy_from_slice(black_box(&to));
            copy.2.copy_from_slice(black_box(&delay));
            black_box(&copy);
        });
    }

    /// The rows of `from` and of its first neighbour with another delay of their link, one way or both.
    fn changes(net: &Net, from: u32, both: bool) -> Vec<RowChange> {
        let edges = |point: u32| -> Vec<Edge> {
            let row = net.row(point);
            (0..row.len()).map(|nth| row.edge(nth)).collect()
        };
        let mut there = edges(from);
        there[0].delay += 100;
        let to = there[0].to;
        let mut back = edges(to);
        for edge in back.iter_mut().filter(|edge| edge.to == from) {
            edge.delay += 100;
        }
        let mut changes = vec![RowChange {
            point: from,
            edges: there,
        }];
        if both {
            changes.push(RowChange {
                point: to,
                edges: back,
            });
        }
        changes
    }

    fn versions(bencher: Bencher<'_, '_>, from: u32, both: bool) {
        let net = &**NET;
        let changes = changes(net, from, both);
        let next = net.with(changes.clone());
        let mut expected = checksum(net);
        for change in &changes {
            expected -= checksum_of(net, change.point);
            expected += checksum_of(&next, change.point);
        }
        assert_eq!(checksum(&next), expected);
        assert_ne!(next, *net);
        assert_eq!(next.is_symmetric(), both);
        bencher
            .with_inputs(|| changes.clone())
            .bench_values(|changes| black_box(net).with(changes));
    }

    #[divan::bench(args = [0, 40_000])]
    fn one_link_both_ways(bencher: Bencher<'_, '_>, from: u32) {
        versions(bencher, from, true);
    }

    #[divan::bench(args = [0, 40_000])]
    fn one_link_one_way(bencher: Bencher<'_, '_>, from: u32) {
        versions(bencher, from, false);
    }

    /// Of the domain with the most neighbours.
    #[divan::bench]
    fn one_link_of_the_largest(bencher: Bencher<'_, '_>) {
        let net = &**NET;
        let largest = (0..net.len() as u32).max_by_key(|point| net.row(*point).len());
        versions(bencher, largest.unwrap_or(0), true);
    }
}
