//! Lines 6 to 8 of the performance goals: path vectors in the AS graph of September 2025. Weights are delays
//! of 1 to 20. Each `floor` is a loop written by hand over flat arrays for this one question, with
//! nothing around it; both must give the same sum over their answers. An iteration answers for
//! [`PAIRS`] pairs of domains.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::sync::LazyLock;

use divan::Bencher;
use idt::net::{Net, Role};
use idt::search::{
    Budget, DisjointBy, Metric, PathCaps, PathStream, Restriction, Rules, disjoint_paths,
    path_vectors, valley_free_path,
};

use crate::distances::LABELLED;
use crate::world::NET;
use crate::{Random, world};

/// Pairs per iteration.
const PAIRS: usize = 8;

static FLAT: LazyLock<Flat> = LazyLock::new(|| Flat::new(&NET));

fn pairs() -> Vec<(u32, u32)> {
    let mut random = Random(6);
    let mut next = || random.below(NET.domains()) as u32;
    (0..PAIRS).map(|_| (next(), next())).collect()
}

/// Among the 2,000 best connected domains.
fn connected_pairs() -> Vec<(u32, u32)> {
    let hosts = world::hosts(&NET, 2 * PAIRS, 7);
    (0..PAIRS)
        .map(|at| (hosts[at], hosts[at + PAIRS]))
        .collect()
}

/// One number that every part of an answer changes. It is part of the loops that find answers, on both
/// sides.
#[inline]
fn hash(cost: u64, path: &[u32]) -> u64 {
    let mix = |sum: u64, next: &u32| (sum ^ u64::from(*next)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    path.iter().fold(cost, mix) >> 16
}

/// The net as a hand would lay it out.
struct Flat {
    starts: Vec<u32>,
    to: Vec<u32>,
    weight: Vec<u32>,
    role: Vec<Role>,
}

impl Flat {
    fn new(net: &Net) -> Self {
        let mut flat = Self {
            starts: vec![0],
            to: Vec::new(),
            weight: Vec::new(),
            role: Vec::new(),
        };
        for point in 0..net.len() as u32 {
            let row = net.row(point);
            flat.to.extend_from_slice(row.to);
            flat.weight.extend_from_slice(row.delay);
            flat.role.extend((0..row.len()).map(|nth| row.role(nth)));
            flat.starts.push(flat.to.len() as u32);
        }
        flat
    }

    fn row(&self, at: u32) -> std::ops::Range<usize> {
        self.starts[at as usize] as usize..self.starts[at as usize + 1] as usize
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Dijkstra's algorithm; the graph is symmetric.
    fn tree(&self, target: u32) -> Vec<u32> {
        let mut left = vec![u32::MAX; self.len()];
        let mut queue = BinaryHeap::new();
        left[target as usize] = 0;
        queue.push(Reverse(u64::from(target)));
        while let Some(Reverse(top)) = queue.pop() {
            let (cost, at) = ((top >> 32) as u32, top as u32);
            if cost > left[at as usize] {
                continue;
            }
            for nth in self.row(at) {
                let (to, cost) = (self.to[nth], cost + self.weight[nth]);
                if cost < left[to as usize] {
                    left[to as usize] = cost;
                    queue.push(Reverse(u64::from(cost) << 32 | u64::from(to)));
                }
            }
        }
        left
    }

    /// The k cheapest simple paths: one tree, then the best partial path first.
    fn k_best(&self, from: u32, to: u32, k: usize) -> u64 {
        let left = self.tree(to);
        let mut queue = BinaryHeap::new();
        queue.push(Reverse((left[from as usize], vec![from], 0_u32)));
        let (mut sum, mut found) = (0_u64, 0);
        while let Some(Reverse((bound, path, cost))) = queue.pop() {
            let last = path[path.len() - 1];
            if last == to {
                found += 1;
                sum = sum.wrapping_add(hash(u64::from(bound), &path));
                if found == k {
                    break;
                }
                continue;
            }
            for nth in self.row(last) {
                let next = self.to[nth];
                if left[next as usize] != u32::MAX && !path.contains(&next) {
                    let cost = cost + self.weight[nth];
                    let mut path = path.clone();
                    path.push(next);
                    queue.push(Reverse((cost + left[next as usize], path, cost)));
                }
            }
        }
        sum
    }

    /// All simple paths of at most 4 hops: the neighbours of the destination and theirs meet what is
    /// near the source.
    fn four_hops(&self, from: u32, to: u32) -> (usize, u64) {
        // Where the list of a domain ends, then where it starts: those next to the destination to which a
        // step leads from it.
        let mut starts = vec![0_u32; self.len() + 1];
        let mut is_last = vec![false; self.len()];
        let lasts = &self.to[self.row(to)];
        for last in lasts {
            is_last[*last as usize] = true;
            if *last != from {
                for mid in &self.to[self.row(*last)] {
                    starts[*mid as usize + 1] += u32::from(*mid != to);
                }
            }
        }
        for at in 0..self.len() {
            starts[at + 1] += starts[at];
        }
        let mut ends = starts.clone();
        let mut lists = vec![0_u32; starts[self.len()] as usize];
        for last in lasts.iter().filter(|last| **last != from) {
            for mid in self.to[self.row(*last)].iter().filter(|mid| **mid != to) {
                lists[ends[*mid as usize] as usize] = *last;
                ends[*mid as usize] += 1;
            }
        }
        let near = |at: u32| &lists[starts[at as usize] as usize..ends[at as usize] as usize];
        let (mut count, mut sum) = (0, 0_u64);
        let mut tell = |path: &[u32]| {
            count += 1;
            sum = sum.wrapping_add(hash(path.len() as u64 - 1, path));
        };
        if is_last[from as usize] {
            tell(&[from, to]);
        }
        for c in near(from) {
            tell(&[from, *c, to]);
        }
        for a in &self.to[self.row(from)] {
            if *a == to {
                continue;
            }
            for c in near(*a) {
                tell(&[from, *a, *c, to]);
            }
            for b in &self.to[self.row(*a)] {
                if *b != from {
                    for c in near(*b) {
                        if c != a {
                            tell(&[from, *a, *b, *c, to]);
                        }
                    }
                }
            }
        }
        (count, sum)
    }

    /// Costs of valley-free paths to `target`, by point and phase; until `from` is reached, if told.
    fn valley_free(&self, target: u32, from: Option<u32>) -> Vec<u32> {
        let mut left = vec![u32::MAX; 2 * self.len()];
        let mut queue = BinaryHeap::new();
        for phase in 0..2 {
            left[2 * target as usize + phase as usize] = 0;
            queue.push(Reverse(u64::from(2 * target + phase)));
        }
        while let Some(Reverse(top)) = queue.pop() {
            let (cost, state) = ((top >> 32) as u32, top as u32);
            if cost > left[state as usize] {
                continue;
            }
            if Some(state) == from.map(|from| 2 * from) {
                break;
            }
            let (at, phase) = (state / 2, state % 2);
            for nth in self.row(at) {
                let (to, cost) = (self.to[nth], cost + self.weight[nth]);
                // The role of the edge that is taken, from `to`, is the reverse of this one.
                let phases = match (self.role[nth], phase) {
                    (Role::ToCustomer, 0) => 0..1,
                    (Role::ToPeer, 1) => 0..1,
                    (Role::ToProvider, 1) => 0..2,
                    _ => continue,
                };
                for phase in phases {
                    let state = 2 * to + phase;
                    if cost < left[state as usize] {
                        left[state as usize] = cost;
                        queue.push(Reverse(u64::from(cost) << 32 | u64::from(state)));
                    }
                }
            }
        }
        left
    }
}

/// What `count` path vectors of the stream add up to.
fn sum<W>(stream: &mut PathStream<'_, W>, count: usize) -> (usize, u64)
where
    W: idt::search::Weigh<Cost = u64>,
{
    let (mut told, mut sum) = (0, 0_u64);
    while told < count
        && let Some(found) = stream.advance()
    {
        let (path, cost) = found.expect("no end of the budget");
        sum = sum.wrapping_add(hash(cost, path));
        told += 1;
    }
    (told, sum)
}

#[divan::bench_group(name = "line_6_ten_shortest", sample_count = 20)]
mod line_6 {
    use super::*;

    static EXPECTED: LazyLock<u64> = LazyLock::new(|| floor_sum(&pairs()));

    fn floor_sum(pairs: &[(u32, u32)]) -> u64 {
        let sums = pairs.iter().map(|(from, to)| FLAT.k_best(*from, *to, 10));
        sums.fold(0, u64::wrapping_add)
    }

    #[divan::bench]
    fn floor(bencher: Bencher<'_, '_>) {
        let pairs = pairs();
        bencher.bench(|| assert_eq!(floor_sum(black_box(&pairs)), *EXPECTED));
    }

    #[divan::bench]
    fn stream(bencher: Bencher<'_, '_>) {
        let pairs = pairs();
        let rules = Rules::new(&NET, &Restriction::default());
        bencher.bench(|| {
            let sums = black_box(&pairs).iter().map(|ends| {
                let budget = Budget::unlimited();
                let mut stream =
                    PathStream::new(&NET, Metric::Delay, &rules, *ends, usize::MAX, budget);
                sum(&mut stream, 10).1
            });
            assert_eq!(sums.fold(0, u64::wrapping_add), *EXPECTED);
        });
    }

    /// With labels at hand.
    #[divan::bench]
    fn guided(bencher: Bencher<'_, '_>) {
        let (pairs, distances) = (pairs(), &*LABELLED);
        let rules = Rules::new(&NET, &Restriction::default());
        bencher.bench(|| {
            let sums = black_box(&pairs).iter().map(|ends| {
                let budget = Budget::unlimited();
                let mut stream = PathStream::with_distances(
                    distances,
                    Metric::Delay,
                    &rules,
                    *ends,
                    usize::MAX,
                    budget,
                );
                sum(&mut stream, 10).1
            });
            assert_eq!(sums.fold(0, u64::wrapping_add), *EXPECTED);
        });
    }
}

#[divan::bench_group(name = "line_7_four_hops", sample_count = 20)]
mod line_7 {
    use super::*;

    static EXPECTED: LazyLock<(usize, u64)> = LazyLock::new(|| floor_sum(&connected_pairs()));

    fn floor_sum(pairs: &[(u32, u32)]) -> (usize, u64) {
        let found = pairs.iter().map(|(from, to)| FLAT.four_hops(*from, *to));
        found.fold((0, 0), |sum, next| {
            (sum.0 + next.0, sum.1.wrapping_add(next.1))
        })
    }

    #[divan::bench]
    fn floor(bencher: Bencher<'_, '_>) {
        let pairs = connected_pairs();
        bencher.bench(|| assert_eq!(floor_sum(black_box(&pairs)), *EXPECTED));
    }

    #[divan::bench]
    fn stream(bencher: Bencher<'_, '_>) {
        let pairs = connected_pairs();
        let rules = Rules::new(&NET, &Restriction::default());
        bencher.bench(|| {
            let found = black_box(&pairs).iter().map(|ends| {
                let budget = Budget::unlimited();
                let mut stream = PathStream::new(&NET, Metric::Hops, &rules, *ends, 5, budget);
                sum(&mut stream, usize::MAX)
            });
            let sum = found.fold((0, 0), |sum, next| {
                (sum.0 + next.0, u64::wrapping_add(sum.1, next.1))
            });
            assert_eq!(sum, *EXPECTED);
        });
    }

    /// The same, handed to a closure.
    #[divan::bench]
    fn sink(bencher: Bencher<'_, '_>) {
        let pairs = connected_pairs();
        let rules = Rules::new(&NET, &Restriction::default());
        let caps = PathCaps {
            per_pair: usize::MAX,
            max_domains: 5,
            work: 0,
        };
        bencher.bench(|| {
            let (mut count, mut sum) = (0, 0_u64);
            for (from, to) in black_box(&pairs) {
                let mut budget = Budget::unlimited();
                let _ = path_vectors(
                    &NET,
                    Metric::Hops,
                    &rules,
                    &[*from],
                    &[*to],
                    &caps,
                    &mut budget,
                    |run, cost| {
                        count += run.len();
                        let mut more = 0_u64;
                        run.for_each(|path| more = more.wrapping_add(hash(cost, path)));
                        sum = sum.wrapping_add(more);
                        std::ops::ControlFlow::Continue(())
                    },
                );
            }
            assert_eq!((count, sum), *EXPECTED);
        });
    }
}

#[divan::bench_group(name = "line_8_valley_free", sample_count = 20)]
mod line_8 {
    use super::*;

    static EXPECTED: LazyLock<u64> = LazyLock::new(|| floor_sum(&pairs()));

    fn floor_sum(pairs: &[(u32, u32)]) -> u64 {
        let costs = pairs
            .iter()
            .map(|(from, to)| u64::from(FLAT.valley_free(*to, Some(*from))[2 * *from as usize]));
        costs.sum()
    }

    #[divan::bench]
    fn floor_pair(bencher: Bencher<'_, '_>) {
        let pairs = pairs();
        bencher.bench(|| assert_eq!(floor_sum(black_box(&pairs)), *EXPECTED));
    }

    #[divan::bench]
    fn floor_tree(bencher: Bencher<'_, '_>) {
        let pairs = pairs();
        bencher.bench(|| {
            let costs = black_box(&pairs)
                .iter()
                .map(|(from, to)| u64::from(FLAT.valley_free(*to, None)[2 * *from as usize]));
            assert_eq!(costs.sum::<u64>(), *EXPECTED);
        });
    }

    #[divan::bench]
    fn stream_pair(bencher: Bencher<'_, '_>) {
        let pairs = pairs();
        let restriction = Restriction {
            valley_free: true,
            ..Restriction::default()
        };
        let rules = Rules::new(&NET, &restriction);
        bencher.bench(|| {
            let costs = black_box(&pairs).iter().map(|ends| {
                let budget = Budget::unlimited();
                let mut stream =
                    PathStream::new(&NET, Metric::Delay, &rules, *ends, usize::MAX, budget);
                let found = stream.advance().expect("a path").expect("no end");
                found.1
            });
            assert_eq!(costs.sum::<u64>(), *EXPECTED);
        });
    }

    #[divan::bench]
    fn pair(bencher: Bencher<'_, '_>) {
        let pairs = pairs();
        let rules = Rules::new(&NET, &Restriction::default());
        bencher.bench(|| {
            let costs = black_box(&pairs).iter().map(|ends| {
                let mut budget = Budget::unlimited();
                let found = valley_free_path(&NET, Metric::Delay, &rules, *ends, &mut budget);
                found.expect("no end").expect("a path").cost
            });
            assert_eq!(costs.sum::<u64>(), *EXPECTED);
        });
    }
}

/// Two paths that share no domain, in all as cheap as can be.
#[divan::bench_group(name = "disjoint_pair", sample_count = 20)]
mod disjoint {
    use super::*;

    #[divan::bench(args = [DisjointBy::Domains, DisjointBy::Links])]
    fn disjoint(bencher: Bencher<'_, '_>, by: DisjointBy) {
        let (pairs, rules) = (connected_pairs(), Restriction::default());
        bencher.bench(|| {
            for ends in black_box(&pairs) {
                let budget = &mut Budget::unlimited();
                let found = disjoint_paths(&NET, Metric::Delay, &rules, *ends, 2, by, budget);
                assert_eq!(found.expect("no end").len(), 2);
            }
        });
    }
}
