//! Distances over the graph of the Internet's domains: a tree, the index, questions to it, line 5's
//! table and paths, line 10's repair. Each has its floor in the same run, and a checksum.
//!
//! The floors share nothing with the crate but the net that they are made of: flat arrays, a
//! binary heap, pruned landmark labels after the paper.
//!
//! `cargo bench -p idt --bench engine -- distances`

use std::hint::black_box;
use std::sync::{Arc, LazyLock};

use divan::Bencher;
use idt::net::{Edge, Net, RowChange};
use idt::search::{Budget, Distances, Metric};

use crate::Random;
use crate::world::{self, NET};

static SEARCHED: LazyLock<Distances> = LazyLock::new(|| Distances::new(Arc::clone(&NET)));

pub(crate) static LABELLED: LazyLock<Distances> = LazyLock::new(|| {
    let labelled = SEARCHED
        .clone()
        .with_labels(Metric::Delay, &mut Budget::unlimited());
    labelled.expect("no limit")
});

pub(crate) static BY_HAND: LazyLock<by_hand::Labels> = LazyLock::new(|| by_hand::Labels::new(&NET));

fn domains() -> Vec<u32> {
    (0..NET.domains() as u32).collect()
}

/// The same on every machine.
fn pairs(count: usize) -> Vec<(u32, u32)> {
    let mut random = Random(5);
    let mut domain = || random.below(NET.domains()) as u32;
    (0..count).map(|_| (domain(), domain())).collect()
}

/// Of the distances that there are.
fn sum(distances: impl IntoIterator<Item = Option<u64>>) -> u64 {
    distances.into_iter().flatten().sum()
}

/// The floors: hand-written loops over flat arrays, nothing around them.
pub(crate) mod by_hand {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    use super::*;

    /// A graph: where the rows start, the neighbours and the weights.
    pub(super) struct Graph {
        starts: Vec<u32>,
        edges: Vec<(u32, u32)>,
    }

    impl Graph {
        /// The delays of a net; `number[point]` is what a point is called here.
        pub(super) fn new(net: &Net, points: &[u32], number: &[u32]) -> Self {
            let mut graph = Self {
                starts: vec![0],
                edges: Vec::with_capacity(net.edges()),
            };
            for point in points {
                let row = net.row(*point);
                for nth in 0..row.len() {
                    graph
                        .edges
                        .push((number[row.to[nth] as usize], row.delay[nth]));
                }
                graph.starts.push(graph.edges.len() as u32);
            }
            graph
        }

        fn row(&self, at: u32) -> &[(u32, u32)] {
            &self.edges[self.starts[at as usize] as usize..self.starts[at as usize + 1] as usize]
        }

        /// Dijkstra's algorithm with a binary heap.
        pub(super) fn tree(&self, source: u32) -> Vec<u32> {
            let mut cost = vec![u32::MAX; self.starts.len() - 1];
            let mut heap = BinaryHeap::new();
            cost[source as usize] = 0;
            heap.push(Reverse(u64::from(source)));
            while let Some(Reverse(top)) = heap.pop() {
                let (here, at) = ((top >> 32) as u32, top as u32);
                if here == cost[at as usize] {
                    for (to, weight) in self.row(at) {
                        let sum = here + weight;
                        if sum < cost[*to as usize] {
                            cost[*to as usize] = sum;
                            heap.push(Reverse(u64::from(sum) << 32 | u64::from(*to)));
                        }
                    }
                }
            }
            cost
        }
    }

    /// Pruned landmark labels in flat arrays.
    pub(crate) struct Labels {
        rank: Vec<u32>,
        starts: Vec<u32>,
        hubs: Vec<u32>,
        distances: Vec<u32>,
        parents: Vec<u32>,
    }

    impl Labels {
        pub(super) fn new(net: &Net) -> Self {
            let mut order: Vec<u32> = (0..net.len() as u32).collect();
            order.sort_by_key(|point| (Reverse(net.row(*point).len()), *point));
            let mut rank = vec![0; order.len()];
            for (at, point) in order.iter().enumerate() {
                rank[*point as usize] = at as u32;
            }
            let graph = Graph::new(net, &order, &rank);
            let mut labels: Vec<Vec<(u32, u32, u32)>> = vec![Vec::new(); order.len()];
            let mut cost = vec![u32::MAX; order.len()];
            let mut parents = vec![u32::MAX; order.len()];
            let mut of_root = vec![u32::MAX; order.len()];
            let (mut seen, mut heap) = (Vec::new(), BinaryHeap::new());
            for root in 0..order.len() as u32 {
                for (hub, distance, _) in &labels[root as usize] {
                    of_root[*hub as usize] = *distance;
                }
                cost[root as usize] = 0;
                seen.push(root);
                heap.push(Reverse(u64::from(root)));
                while let Some(Reverse(top)) = heap.pop() {
                    let (here, at) = ((top >> 32) as u32, top as u32);
                    let known = |(hub, rest, _): &(u32, u32, u32)| {
                        of_root[*hub as usize].saturating_add(*rest) <= here
                    };
                    if here != cost[at as usize] || labels[at as usize].iter().any(known) {
                        continue;
                    }
                    labels[at as usize].push((root, here, parents[at as usize]));
                    for (to, weight) in graph.row(at) {
                        let sum = here + weight;
                        if *to > root && sum < cost[*to as usize] {
                            if cost[*to as usize] == u32::MAX {
                                seen.push(*to);
                            }
                            cost[*to as usize] = sum;
                            parents[*to as usize] = at;
                            heap.push(Reverse(u64::from(sum) << 32 | u64::from(*to)));
                        }
                    }
                }
                for at in seen.drain(..) {
                    cost[at as usize] = u32::MAX;
                }
                for (hub, ..) in &labels[root as usize] {
                    of_root[*hub as usize] = u32::MAX;
                }
            }
            let mut flat = Self {
                rank,
                starts: vec![0],
                hubs: Vec::new(),
                distances: Vec::new(),
                parents: Vec::new(),
            };
            for label in labels {
                for (hub, distance, parent) in label {
                    flat.hubs.push(hub);
                    flat.distances.push(distance);
                    flat.parents.push(parent);
                }
                flat.hubs.push(u32::MAX);
                flat.distances.push(0);
                flat.parents.push(u32::MAX);
                flat.starts.push(flat.hubs.len() as u32);
            }
            flat
        }

        fn meet(&self, from: u32, to: u32) -> (u32, u32) {
            let mut a = self.starts[from as usize] as usize;
            let mut b = self.starts[to as usize] as usize;
            let mut best = (u32::MAX, u32::MAX);
            loop {
                let (x, y) = (self.hubs[a], self.hubs[b]);
                if x == y {
                    if x == u32::MAX {
                        return best;
                    }
                    let sum = self.distances[a] + self.distances[b];
                    if sum < best.0 {
                        best = (sum, x);
                    }
                }
                a += usize::from(x <= y);
                b += usize::from(y <= x);
            }
        }

        /// By rank.
        pub(super) fn points(&self) -> Vec<u32> {
            let mut points = vec![0; self.rank.len()];
            for (point, rank) in self.rank.iter().enumerate() {
                points[*rank as usize] = point as u32;
            }
            points
        }

        pub(super) fn entries(&self) -> usize {
            self.hubs.len() - self.rank.len()
        }

        pub(crate) fn distance(&self, from: u32, to: u32) -> Option<u64> {
            let (distance, _) = self.meet(self.rank[from as usize], self.rank[to as usize]);
            (distance < u32::MAX).then_some(u64::from(distance))
        }

        /// A path, by ranks.
        pub(super) fn path(&self, from: u32, to: u32) -> (u64, Vec<u32>) {
            let (from, to) = (self.rank[from as usize], self.rank[to as usize]);
            let (cost, hub) = self.meet(from, to);
            if hub == u32::MAX {
                return (0, Vec::new());
            }
            let follow = |mut at: u32, path: &mut Vec<u32>| {
                while at != hub {
                    path.push(at);
                    let start = self.starts[at as usize] as usize;
                    let end = self.starts[at as usize + 1] as usize;
                    let found = self.hubs[start..end].binary_search(&hub).expect("a hub");
                    at = self.parents[start + found];
                }
            };
            let mut path = Vec::with_capacity(8);
            follow(from, &mut path);
            path.push(hub);
            let turn = path.len();
            follow(to, &mut path);
            path[turn..].reverse();
            (u64::from(cost), path)
        }
    }
}

#[divan::bench_group(name = "distances_tree", sample_count = 30)]
mod tree {
    use super::*;

    fn graph() -> by_hand::Graph {
        by_hand::Graph::new(&NET, &domains(), &domains())
    }

    fn expected() -> u64 {
        let costs = graph().tree(4000);
        sum(costs
            .iter()
            .map(|cost| (*cost < u32::MAX).then_some(u64::from(*cost))))
    }

    #[divan::bench]
    fn floor(bencher: Bencher<'_, '_>) {
        let graph = graph();
        bencher.bench(|| black_box(graph.tree(black_box(4000))));
    }

    /// The table of one source and all targets.
    #[divan::bench]
    fn tree(bencher: Bencher<'_, '_>) {
        let (expected, domains) = (expected(), domains());
        bencher.bench(|| {
            let budget = &mut Budget::unlimited();
            let table = SEARCHED.table(Metric::Delay, &[4000], &domains, budget);
            let costs = table.expect("no limit");
            let known = costs
                .into_iter()
                .map(|cost| (cost < u64::MAX).then_some(cost));
            assert_eq!(sum(known), expected);
        });
    }

    /// Searches from both ends, 20 pairs.
    #[divan::bench]
    fn twenty_pairs(bencher: Bencher<'_, '_>) {
        let pairs = pairs(20);
        let expected = sum(pairs.iter().map(|pair| BY_HAND.distance(pair.0, pair.1)));
        bencher.bench(|| {
            let distance = |pair: &(u32, u32)| SEARCHED.distance(Metric::Delay, pair.0, pair.1);
            assert_eq!(sum(pairs.iter().map(distance)), expected);
        });
    }
}

#[divan::bench_group(name = "distances_line_9_index", sample_count = 5, sample_size = 1)]
mod index {
    use super::*;

    #[divan::bench]
    fn floor(bencher: Bencher<'_, '_>) {
        bencher.bench(|| by_hand::Labels::new(black_box(&NET)));
    }

    #[divan::bench]
    fn build(bencher: Bencher<'_, '_>) {
        let searched = SEARCHED.clone();
        bencher.bench(|| {
            let built = searched
                .clone()
                .with_labels(Metric::Delay, &mut Budget::unlimited());
            let built = built.expect("no limit");
            // The same labels as by hand: 12 bytes for each entry, and the pages around them.
            let bytes = built.index_bytes(Metric::Delay);
            assert!(bytes > 12 * BY_HAND.entries() && bytes < 13 * BY_HAND.entries());
            built
        });
    }
}

/// 10,000 random pairs.
#[divan::bench_group(name = "distances_cold_questions", sample_count = 100, sample_size = 1)]
mod questions {
    use super::*;

    const PAIRS: usize = 10_000;

    #[divan::bench]
    fn distance_floor(bencher: Bencher<'_, '_>) {
        let (pairs, by_hand) = (pairs(PAIRS), &*BY_HAND);
        bencher.bench(|| sum(pairs.iter().map(|pair| by_hand.distance(pair.0, pair.1))));
    }

    #[divan::bench]
    fn distance(bencher: Bencher<'_, '_>) {
        let (pairs, labelled) = (pairs(PAIRS), &*LABELLED);
        let expected = sum(pairs.iter().map(|pair| BY_HAND.distance(pair.0, pair.1)));
        bencher.bench(|| {
            let distance = |pair: &(u32, u32)| labelled.distance(Metric::Delay, pair.0, pair.1);
            assert_eq!(sum(pairs.iter().map(distance)), expected);
        });
    }

    #[divan::bench]
    fn path_floor(bencher: Bencher<'_, '_>) {
        let (pairs, by_hand) = (pairs(PAIRS), &*BY_HAND);
        bencher.bench(|| {
            let paths = pairs.iter().map(|pair| by_hand.path(pair.0, pair.1));
            paths.map(|path| path.1.len()).sum::<usize>()
        });
    }

    #[divan::bench]
    fn path(bencher: Bencher<'_, '_>) {
        let (pairs, labelled) = (pairs(PAIRS), &*LABELLED);
        let lens = pairs
            .iter()
            .map(|pair| BY_HAND.path(pair.0, pair.1).1.len());
        let expected: usize = lens.sum();
        bencher.bench(|| {
            let path = |pair: &(u32, u32)| labelled.path(Metric::Delay, pair.0, pair.1);
            let paths = pairs.iter().filter_map(path);
            // Both hold the same label, of two hubs as good the better ranked.
            let lens: usize = paths.map(|path| path.1.len()).sum();
            assert!(lens.abs_diff(expected) <= expected / 50);
        });
    }
}

/// One request: a source, three NFs with 50 hosts each, a destination: 5,100 pairs.
#[divan::bench_group(name = "distances_line_5", sample_count = 100, sample_size = 1)]
mod line_5 {
    use super::*;

    fn hosts() -> Vec<Vec<u32>> {
        let counts = [1, 50, 50, 50, 1];
        let hosts = counts.into_iter().enumerate();
        hosts
            .map(|(seed, count)| world::hosts(&NET, count, seed as u32))
            .collect()
    }

    fn each(hosts: &[Vec<u32>]) -> impl Iterator<Item = (u32, u32)> {
        let links = hosts.windows(2);
        links.flat_map(|link| {
            link[0]
                .iter()
                .flat_map(|from| link[1].iter().map(|to| (*from, *to)))
        })
    }

    fn expected(hosts: &[Vec<u32>]) -> u64 {
        assert_eq!(each(hosts).count(), 5100);
        sum(each(hosts).map(|(from, to)| BY_HAND.distance(from, to)))
    }

    #[divan::bench]
    fn distances_floor(bencher: Bencher<'_, '_>) {
        let (hosts, by_hand) = (hosts(), &*BY_HAND);
        bencher.bench(|| sum(each(&hosts).map(|(from, to)| by_hand.distance(from, to))));
    }

    #[divan::bench]
    fn table(bencher: Bencher<'_, '_>) {
        let (hosts, labelled) = (hosts(), &*LABELLED);
        let expected = expected(&hosts);
        bencher.bench(|| {
            let budget = &mut Budget::unlimited();
            let table = |link: &[Vec<u32>]| {
                let rows = labelled.table(Metric::Delay, &link[0], &link[1], budget);
                rows.expect("no limit").into_iter().sum::<u64>()
            };
            assert_eq!(hosts.windows(2).map(table).sum::<u64>(), expected);
        });
    }

    #[divan::bench]
    fn paths_floor(bencher: Bencher<'_, '_>) {
        let (hosts, by_hand) = (hosts(), &*BY_HAND);
        bencher.bench(|| {
            let paths = each(&hosts).map(|(from, to)| by_hand.path(from, to));
            paths.map(|path| path.0).sum::<u64>()
        });
    }

    #[divan::bench]
    fn paths(bencher: Bencher<'_, '_>) {
        let (hosts, labelled) = (hosts(), &*LABELLED);
        let expected = expected(&hosts);
        bencher.bench(|| {
            let path = |(from, to)| labelled.path(Metric::Delay, from, to);
            let paths = each(&hosts).filter_map(path);
            assert_eq!(paths.map(|path| path.0).sum::<u64>(), expected);
        });
    }

    /// The names of domains, as they are in JSON.
    static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let names = (0..NET.domains()).map(|domain| format!("\"AS{domain}\""));
        names.collect()
    });

    /// Appends `["AS1","AS2"],`.
    #[inline]
    fn write(text: &mut Vec<u8>, path: impl Iterator<Item = u32>) {
        text.push(b'[');
        for domain in path {
            text.extend_from_slice(NAMES[domain as usize].as_bytes());
            text.push(b',');
        }
        text.pop();
        text.extend_from_slice(b"],");
    }

    /// The text in which every path stands for the 5,100 pairs in their order, by the hubs of the floor:
    /// of several cheapest paths it may be another one than ours, so lengths in domains are not compared.
    #[divan::bench]
    fn json_floor(bencher: Bencher<'_, '_>) {
        let (hosts, by_hand) = (hosts(), &*BY_HAND);
        let expected = expected(&hosts);
        let of_rank = by_hand.points();
        let _ = NAMES.len();
        bencher.bench(|| {
            let (mut text, mut sum) = (Vec::new(), 0);
            for (from, to) in each(&hosts) {
                let (cost, path) = by_hand.path(from, to);
                sum += cost;
                write(&mut text, path.iter().map(|rank| of_rank[*rank as usize]));
            }
            assert_eq!(sum, expected);
            text
        });
    }

    #[divan::bench]
    fn json(bencher: Bencher<'_, '_>) {
        let (hosts, labelled) = (hosts(), &*LABELLED);
        let expected = expected(&hosts);
        let _ = NAMES.len();
        bencher.bench(|| {
            let (mut text, mut sum) = (Vec::new(), 0);
            for link in hosts.windows(2) {
                let budget = &mut Budget::unlimited();
                let visit = |_, _, cost, path: &[u32]| {
                    sum += cost;
                    write(&mut text, path.iter().copied());
                };
                let told = labelled.paths(Metric::Delay, &link[0], &link[1], budget, visit);
                told.expect("no limit");
            }
            assert_eq!(sum, expected);
            text
        });
    }
}

/// One random link is lost, or its delay is another. 200 samples, each another link.
#[divan::bench_group(name = "distances_line_10", sample_count = 200, sample_size = 1)]
mod line_10 {
    use super::*;

    /// The net after a change, and the ends of the link, both ways.
    type Changed = (Arc<Net>, [(u32, u32); 2]);

    fn changes() -> impl FnMut() -> Changed {
        let mut random = Random(10);
        let degrees: Vec<usize> = domains()
            .iter()
            .map(|domain| NET.row(*domain).len())
            .collect();
        move || {
            let mut nth = random.below(NET.edges());
            let from = degrees.iter().position(|degree| {
                let here = nth < *degree;
                nth -= if here { 0 } else { *degree };
                here
            });
            let from = from.expect("fewer than there are") as u32;
            let to = NET.row(from).to[nth];
            let delay = match random.below(3) {
                0 => None,
                _ => Some(random.below(20) as u32 + 1),
            };
            let row = |from: u32, to: u32| {
                let row = NET.row(from);
                let edges = (0..row.len()).map(|nth| row.edge(nth));
                let edges = edges.filter_map(|edge| match delay {
                    _ if edge.to != to => Some(edge),
                    None => None,
                    Some(delay) => Some(Edge { delay, ..edge }),
                });
                RowChange {
                    point: from,
                    edges: edges.collect(),
                }
            };
            let net = NET.with([row(from, to), row(to, from)]);
            (Arc::new(net), [(from, to), (to, from)])
        }
    }

    /// The index is there for the next question.
    #[divan::bench]
    fn after(bencher: Bencher<'_, '_>) {
        let labelled = &*LABELLED;
        bencher
            .with_inputs(changes())
            .bench_local_values(|(net, changed)| {
                let after = labelled.after(net, &changed);
                assert!(after.is_indexed(Metric::Delay));
                after
            });
    }

    /// The index is that of the new version. The checksum is that of searches.
    #[divan::bench]
    fn repaired(bencher: Bencher<'_, '_>) {
        let (labelled, mut next, pairs) = (&*LABELLED, changes(), pairs(3));
        let after = || {
            let (net, changed) = next();
            let searched = Distances::new(Arc::clone(&net));
            let searched = pairs
                .iter()
                .chain(&changed)
                .map(|(from, to)| searched.distance(Metric::Delay, *from, *to));
            (sum(searched), changed, labelled.after(net, &changed))
        };
        bencher
            .with_inputs(after)
            .bench_local_values(|(expected, changed, after)| {
                let repaired = after.repaired(&mut Budget::unlimited()).expect("no limit");
                let ends = pairs.iter().chain(&changed);
                assert_eq!(
                    sum(ends.map(|(from, to)| repaired.distance(Metric::Delay, *from, *to))),
                    expected
                );
                repaired
            });
    }
}
