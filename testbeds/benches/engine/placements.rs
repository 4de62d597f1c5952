//! Lines 1 to 4 of the performance goals: the ten best placements of a chain.
//!
//! Each floor is written by hand for its line: arrays, no constraints but the one of the line, costs
//! and hosts only, no routes, nothing told of what it did. Both must come to the same sum of costs.
//!
//! Lines 2 to 4 run on the worlds of [`world`]; each has its floor in the same run.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::hint::black_box;
use std::sync::{Arc, LazyLock};

use divan::Bencher;
use idt::net::Net;
use idt::search::{
    Budget, Distances, Metric, Objective, PlacementNode, PlacementProblem, RESOURCE_KINDS,
    best_placements,
};
use idt::{DomainIndex, Snapshot};

use crate::distances::{BY_HAND, LABELLED};
use crate::world::{self, NET, ZOO};

const K: usize = 10;

/// Indexes of as many domains as the largest world has.
static NAMES: LazyLock<Arc<Snapshot>> = LazyLock::new(|| super::federation(80_000, []).snapshot());

/// A chain over these hosts by delay; `capacity`: no two nodes in one domain, SAPs excepted.
fn chain(layers: &[Vec<u32>], capacity: bool) -> PlacementProblem {
    let all: Vec<DomainIndex> = NAMES.graph().indices().collect();
    let node = |(at, hosts): (usize, &Vec<u32>)| PlacementNode {
        hosts: hosts.iter().map(|host| all[*host as usize]).collect(),
        demand: match at > 0 && at + 1 < layers.len() {
            true => [1.0; RESOURCE_KINDS],
            false => [0.0; RESOURCE_KINDS],
        },
        ..PlacementNode::default()
    };
    let hosts = layers.iter().flatten();
    PlacementProblem {
        nodes: layers.iter().enumerate().map(node).collect(),
        links: (1..layers.len()).map(|at| (at - 1, at).into()).collect(),
        capacity: match capacity {
            true => hosts
                .map(|host| (all[*host as usize], [1.0; RESOURCE_KINDS]))
                .collect(),
            false => BTreeMap::new(),
        },
        objective: Objective::Metric(Metric::Delay),
        ..PlacementProblem::default()
    }
}

/// One host, then so many of each NF, then one host.
fn layers(net: &Net, nfs: usize, each: usize) -> Vec<Vec<u32>> {
    let mut layers = vec![world::hosts(net, 1, 100)];
    layers.extend((0..nfs).map(|nf| world::hosts(net, each, nf as u32)));
    layers.push(world::hosts(net, 1, 200));
    layers
}

/// The sum of the costs of the ten best, by distances between the hosts of each layer and the next.
fn by_hand(layers: &[Vec<u32>], steps: &[Vec<u64>], apart: bool) -> u64 {
    by_hand_telling(layers, steps, apart, |_, _| ())
}

/// The same; each is told, its cost and by layer the position of its host.
fn by_hand_telling(
    layers: &[Vec<u32>],
    steps: &[Vec<u64>],
    apart: bool,
    mut tell: impl FnMut(u64, &[u8; 8]),
) -> u64 {
    let last = layers.len() - 1;
    let mut ahead: Vec<Vec<u64>> = layers.iter().map(|hosts| vec![0; hosts.len()]).collect();
    for layer in (0..last).rev() {
        let width = layers[layer + 1].len();
        for host in 0..layers[layer].len() {
            let row = &steps[layer][host * width..][..width];
            let sums = row.iter().zip(&ahead[layer + 1]).map(|(a, b)| a + b);
            ahead[layer][host] = sums.min().unwrap_or(u64::MAX);
        }
    }
    let mut queue = BinaryHeap::with_capacity(1024);
    queue.push(Reverse((ahead[0][0], 1_usize, [0_u8; 8], 0_u64)));
    let (mut sum, mut found) = (0, 0);
    while let Some(Reverse((cost, len, picked, so_far))) = queue.pop() {
        if len > last {
            tell(cost, &picked);
            sum += cost;
            found += 1;
            if found == K {
                break;
            }
            continue;
        }
        let from = usize::from(picked[len - 1]);
        let width = layers[len].len();
        for to in 0..width {
            let host = layers[len][to];
            let taken = |at: usize| layers[at][usize::from(picked[at])] == host;
            if apart && len < last && (1..len).any(taken) {
                continue;
            }
            let mut next = picked;
            next[len] = to as u8;
            let so_far = so_far + steps[len - 1][from * width + to];
            queue.push(Reverse((so_far + ahead[len][to], len + 1, next, so_far)));
        }
    }
    sum
}

fn answer(distances: &Distances, problem: &PlacementProblem) -> u64 {
    let found = best_placements(distances, problem, K, u64::MAX);
    assert!(!found.cut && found.placements.len() == K);
    found
        .placements
        .iter()
        .map(|placement| placement.cost[0])
        .sum()
}

/// What the floor finds in its table, gathered from rows of known distances.
fn gather(layers: &[Vec<u32>], rows: &BTreeMap<u32, Vec<u64>>) -> Vec<Vec<u64>> {
    let step = |pair: &[Vec<u32>]| {
        let mut table = vec![0; pair[0].len() * pair[1].len()];
        for (column, to) in pair[1].iter().enumerate() {
            let row = &rows[to];
            for (line, from) in pair[0].iter().enumerate() {
                table[line * pair[1].len() + column] = row[*from as usize];
            }
        }
        table
    };
    layers.windows(2).map(step).collect()
}

/// Rows of the edges of a net, and bucket queues.
struct Plain {
    starts: Vec<u32>,
    to: Vec<u32>,
    delay: Vec<u32>,
}

impl Plain {
    fn new(net: &Net) -> Self {
        let mut plain = Self {
            starts: vec![0],
            to: Vec::new(),
            delay: Vec::new(),
        };
        for point in 0..net.len() as u32 {
            plain.to.extend(net.row(point).to);
            plain.delay.extend(net.row(point).delay);
            plain.starts.push(plain.to.len() as u32);
        }
        plain
    }

    fn row(&self, at: u32) -> impl Iterator<Item = (u32, u32)> {
        let range = self.starts[at as usize] as usize..self.starts[at as usize + 1] as usize;
        self.to[range.clone()]
            .iter()
            .copied()
            .zip(self.delay[range].iter().copied())
    }

    /// Dial's algorithm. Edges are symmetric and cost 31 at most.
    fn tree(&self, seeds: &[(u32, u32)]) -> Vec<u32> {
        let mut costs = vec![u32::MAX; self.starts.len() - 1];
        let most = seeds.iter().map(|seed| seed.1).max().unwrap_or(0);
        let mut buckets: Vec<Vec<u32>> = vec![Vec::new(); most as usize + 256];
        for &(at, cost) in seeds {
            costs[at as usize] = cost;
            buckets[cost as usize].push(at);
        }
        let mut cost = 0;
        while cost < buckets.len() {
            while let Some(at) = buckets[cost].pop() {
                if costs[at as usize] as usize != cost {
                    continue;
                }
                for (to, delay) in self.row(at) {
                    let sum = cost as u32 + delay;
                    if sum < costs[to as usize] {
                        costs[to as usize] = sum;
                        if buckets.len() <= sum as usize {
                            buckets.resize(sum as usize + 64, Vec::new());
                        }
                        buckets[sum as usize].push(to);
                    }
                }
            }
            cost += 1;
        }
        costs
    }
}

/// Line 4 by hand: a tree per layer, then searches from the hosts that are expanded, each until it
/// met the ten best next hosts.
fn ahead_by_hand(plain: &Plain, layers: &[Vec<u32>]) -> u64 {
    let last = layers.len() - 1;
    let mut onward: Vec<Vec<u32>> = layers.iter().map(|hosts| vec![0; hosts.len()]).collect();
    let mut trees = vec![Vec::new(); layers.len()];
    for layer in (1..=last).rev() {
        let seeds: Vec<_> = layers[layer]
            .iter()
            .copied()
            .zip(onward[layer].iter().copied())
            .collect();
        let tree = plain.tree(&seeds);
        for (cost, host) in onward[layer - 1].iter_mut().zip(&layers[layer - 1]) {
            *cost = tree[*host as usize];
        }
        trees[layer] = tree;
    }
    let mut known: BTreeMap<(usize, u32), Vec<(u32, u32)>> = BTreeMap::new();
    let mut costs = vec![u32::MAX; trees[last].len()];
    let mut successors = |layer: usize, from: u32| -> Vec<(u32, u32)> {
        let tree = &trees[layer];
        let mut touched = vec![from];
        let mut queue = BinaryHeap::from([Reverse((tree[from as usize], from))]);
        costs[from as usize] = 0;
        let mut met = Vec::new();
        while let Some(Reverse((ahead, at))) = queue.pop() {
            let cost = costs[at as usize];
            if cost + tree[at as usize] != ahead || met.iter().any(|met: &(u32, u32)| met.0 == at) {
                continue;
            }
            if layers[layer].binary_search(&at).is_ok() {
                met.push((at, cost));
                if met.len() == 2 * K {
                    break;
                }
            }
            for (to, delay) in plain.row(at) {
                if cost + delay < costs[to as usize] {
                    costs[to as usize] = cost + delay;
                    touched.push(to);
                    queue.push(Reverse((cost + delay + tree[to as usize], to)));
                }
            }
        }
        for at in touched {
            costs[at as usize] = u32::MAX;
        }
        met
    };
    let mut queue = BinaryHeap::from([Reverse((onward[0][0], 0_usize, layers[0][0], 0))]);
    let (mut sum, mut found) = (0, 0);
    while let Some(Reverse((cost, layer, at, so_far))) = queue.pop() {
        if layer == last {
            sum += u64::from(cost);
            found += 1;
            if found == K {
                break;
            }
            continue;
        }
        let next = known
            .entry((layer + 1, at))
            .or_insert_with(|| successors(layer + 1, at));
        for &(to, step) in next.iter() {
            let host = layers[layer + 1].binary_search(&to).expect("a host");
            let so_far = so_far + step;
            queue.push(Reverse((
                so_far + onward[layer + 1][host],
                layer + 1,
                to,
                so_far,
            )));
        }
    }
    sum
}

#[divan::bench(sample_count = 1000, sample_size = 100)]
fn line_1_over_a_net(bencher: Bencher<'_, '_>) {
    let distances = Distances::new(Arc::clone(super::CHAIN.graph().net()));
    let problem = super::problem(&super::CHAIN, &super::HOSTS.map(<[usize]>::to_vec), None);
    bencher.bench(|| {
        let found = best_placements(black_box(&distances), black_box(&problem), K, 1_000_000);
        let sum: u64 = black_box(found)
            .placements
            .iter()
            .map(|placement| placement.hops)
            .sum();
        assert_eq!(sum, 16);
        sum
    });
}

/// Rows of distances to each host, as an index would have them.
fn rows(net: &Net, layers: &[Vec<u32>]) -> BTreeMap<u32, Vec<u64>> {
    let plain = Plain::new(net);
    let hosts = layers.iter().flatten();
    // Not `Plain::tree`: delays may be large.
    hosts
        .map(|host| {
            let mut costs = vec![u64::MAX; net.len()];
            let mut queue = BinaryHeap::from([Reverse((0_u64, *host))]);
            costs[*host as usize] = 0;
            while let Some(Reverse((cost, at))) = queue.pop() {
                if cost > costs[at as usize] {
                    continue;
                }
                for (to, delay) in plain.row(at) {
                    let sum = cost + u64::from(delay);
                    if sum < costs[to as usize] {
                        costs[to as usize] = sum;
                        queue.push(Reverse((sum, to)));
                    }
                }
            }
            (*host, costs)
        })
        .collect()
}

#[divan::bench_group(name = "line_2_zoo200")]
mod line_2 {
    use super::*;

    #[divan::bench(args = [3, 4])]
    fn floor(bencher: Bencher<'_, '_>, nfs: usize) {
        let net = &*ZOO;
        let layers = layers(net, nfs, 20);
        let rows = rows(net, &layers);
        bencher.bench(|| by_hand(black_box(&layers), &gather(&layers, &rows), true));
    }

    /// The floor, and its answer written into values like those of the search: the hosts, and the routes of
    /// all links.
    #[divan::bench(args = [3, 4])]
    fn floor_and_answer(bencher: Bencher<'_, '_>, nfs: usize) {
        type Answer = Vec<(Vec<u32>, u64, Vec<Arc<[u32]>>)>;
        let net = &*ZOO;
        let layers = layers(net, nfs, 20);
        let (plain, rows) = (Plain::new(net), rows(net, &layers));
        let expected = by_hand(&layers, &gather(&layers, &rows), true);
        let route = |from: u32, to: u32| -> Arc<[u32]> {
            let left = &rows[&to];
            let (mut at, mut path) = (from, Vec::with_capacity(8));
            path.push(at);
            while at != to {
                let nearer = |(next, delay): &(u32, u32)| {
                    left[*next as usize] + u64::from(*delay) == left[at as usize]
                };
                at = plain.row(at).find(nearer).expect("a step").0;
                path.push(at);
            }
            path.into()
        };
        bencher.bench(|| {
            let mut known: Vec<(u32, u32, Arc<[u32]>)> = Vec::with_capacity(64);
            let mut answer: Answer = Vec::with_capacity(K);
            let steps = gather(black_box(&layers), &rows);
            by_hand_telling(&layers, &steps, true, |cost, picked| {
                let hosts = layers.iter().zip(picked);
                let hosts: Vec<u32> = hosts.map(|(layer, at)| layer[usize::from(*at)]).collect();
                let segment = |ends: &[u32]| {
                    let same = |known: &&(u32, u32, Arc<[u32]>)| [known.0, known.1] == *ends;
                    if let Some(known) = known.iter().find(same) {
                        return Arc::clone(&known.2);
                    }
                    let path = route(ends[0], ends[1]);
                    known.push((ends[0], ends[1], Arc::clone(&path)));
                    path
                };
                let segments = hosts.windows(2).map(segment).collect();
                answer.push((hosts, cost, segments));
            });
            let sum: u64 = black_box(answer).iter().map(|row| row.1).sum();
            assert_eq!(sum, expected);
        });
    }

    #[divan::bench(args = [3, 4])]
    fn ten_best(bencher: Bencher<'_, '_>, nfs: usize) {
        let net = &*ZOO;
        let layers = layers(net, nfs, 20);
        let expected = by_hand(&layers, &gather(&layers, &rows(net, &layers)), true);
        let problem = chain(&layers, true);
        let distances =
            Distances::new(Arc::clone(net)).with_matrix(Metric::Delay, &mut Budget::unlimited());
        let distances = distances.expect("no limit");
        bencher.bench(|| assert_eq!(answer(&distances, black_box(&problem)), expected));
    }
}

#[divan::bench_group(name = "line_3_and_4_as_graph")]
mod line_3 {
    use super::*;

    /// The distances between the hosts, from labels made by hand, then the ten best.
    #[divan::bench]
    fn floor_labels(bencher: Bencher<'_, '_>) {
        let net = &*NET;
        let layers = layers(net, 3, 50);
        let expected = by_hand(&layers, &gather(&layers, &rows(net, &layers)), false);
        let labels = &*BY_HAND;
        let steps = |pair: &[Vec<u32>]| -> Vec<u64> {
            let far = |from: u32, to: u32| labels.distance(from, to).expect("a path");
            let mut table = Vec::with_capacity(pair[0].len() * pair[1].len());
            for from in &pair[0] {
                table.extend(pair[1].iter().map(|to| far(*from, *to)));
            }
            table
        };
        bencher.bench(|| {
            let steps: Vec<Vec<u64>> = black_box(&layers).windows(2).map(steps).collect();
            assert_eq!(by_hand(&layers, &steps, false), expected);
        });
    }

    #[divan::bench]
    fn ten_best_labels(bencher: Bencher<'_, '_>) {
        let net = &*NET;
        let layers = layers(net, 3, 50);
        let expected = by_hand(&layers, &gather(&layers, &rows(net, &layers)), false);
        let problem = chain(&layers, false);
        bencher.bench(|| assert_eq!(answer(&LABELLED, black_box(&problem)), expected));
    }

    #[divan::bench(sample_count = 20)]
    fn floor_no_index(bencher: Bencher<'_, '_>) {
        let net = &*NET;
        let layers = layers(net, 3, 50);
        let plain = Plain::new(net);
        let expected = by_hand(&layers, &gather(&layers, &rows(net, &layers)), false);
        bencher.bench(|| assert_eq!(ahead_by_hand(&plain, black_box(&layers)), expected));
    }

    #[divan::bench(sample_count = 20)]
    fn ten_best_no_index(bencher: Bencher<'_, '_>) {
        let net = &*NET;
        let layers = layers(net, 3, 50);
        let expected = by_hand(&layers, &gather(&layers, &rows(net, &layers)), false);
        let problem = chain(&layers, false);
        let distances = Distances::new(Arc::clone(net));
        bencher.bench(|| assert_eq!(answer(&distances, black_box(&problem)), expected));
    }
}
