//! What the search costs: line 1 of the performance goals, and two graphs for orientation.
//!
//! Line 1 is Table 2 of the draft on the 3-AS chain, compute only. `floor` is the least that a hand
//! could write for this one example: from the adjacency matrix to all distances, the four
//! assignments with their costs, sorted, and their paths, in plain loops over fixed arrays.
//! `floor_and_answer` then writes that into values like the search's. `placements_whole` is the
//! search as the broker calls it: nothing is prepared or kept between calls, and what it allocates
//! is freed within the measure. Every run checks a sum over its answers, so that a fast wrong
//! answer fails.
//!
//! `cargo bench --bench engine`

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::{Arc, LazyLock};

use divan::Bencher;
use idt::search::{
    PathCaps, PlacementNode, PlacementProblem, RESOURCE_KINDS, candidate_paths, placements,
};
use idt::{BorderLink, DomainIndex, Snapshot, Ted, Update};
use nffg::DomainId;

mod distances;
mod graph;
mod net;
mod paths;
mod placements;
mod world;

fn main() {
    divan::main();
}

/// Domains joined by borders, by position; names are such that positions are in order.
fn federation(len: usize, borders: impl IntoIterator<Item = (usize, usize)>) -> Ted {
    let name = |at: usize| format!("D{at:05}").parse::<DomainId>().expect("a valid id");
    let borders = borders.into_iter().map(|(a, b)| BorderLink {
        a: name(a),
        b: name(b),
        delay: None,
        bandwidth: None,
    });
    let mut ted = Ted::new();
    ted.apply(
        [Update::Borders(borders.collect())]
            .into_iter()
            .chain((0..len).map(name).map(Update::Join)),
    );
    ted
}

fn domains(snapshot: &Snapshot, at: &[usize]) -> Vec<DomainIndex> {
    let all: Vec<_> = snapshot.graph().indices().collect();
    at.iter().map(|at| all[*at]).collect()
}

/// The 3-AS chain of the draft.
static CHAIN: LazyLock<Arc<Snapshot>> =
    LazyLock::new(|| federation(3, [(0, 1), (1, 2)]).snapshot());

/// The domains that host SAP1, NF1, NF2, NF3, SAP2 (Table 1).
const HOSTS: [&[usize]; 5] = [&[0], &[0, 2], &[1], &[0, 2], &[2]];

/// A chain of NFs over these hosts, each of which demands one of whatever has a capacity.
fn problem(snapshot: &Snapshot, hosts: &[Vec<usize>], capacity: Option<f64>) -> PlacementProblem {
    let nodes = hosts.iter().map(|hosts| PlacementNode {
        hosts: domains(snapshot, hosts),
        demand: [1.0; RESOURCE_KINDS],
        ..PlacementNode::default()
    });
    let amounts = |capacity| {
        snapshot
            .graph()
            .indices()
            .map(move |d| (d, [capacity; RESOURCE_KINDS]))
    };
    PlacementProblem {
        nodes: nodes.collect(),
        links: (1..hosts.len())
            .map(|node| (node - 1, node).into())
            .collect(),
        capacity: capacity.map_or_else(BTreeMap::new, |capacity| amounts(capacity).collect()),
        ..PlacementProblem::default()
    }
}

/// What the four placements cost.
const TABLE_2: [u64; 4] = [2, 4, 4, 6];

/// One number that every part of the answer changes: rank, hops, hosts, paths.
fn weigh<'a>(
    rank: usize,
    hops: u64,
    hosts: impl Iterator<Item = usize>,
    segments: impl Iterator<Item = &'a [usize]>,
) -> u64 {
    let digits = |sum: u64, digit: usize| sum * 3 % 1_000_003 + digit as u64;
    let hosts = hosts.fold(rank as u64, digits);
    let segments = segments
        .flat_map(|s| s.iter().copied().chain([7]))
        .fold(1, digits);
    hops + 100 * hosts + 10_000_000 * segments
}

#[divan::bench_group(name = "line_1_table_2", sample_count = 1000, sample_size = 100)]
mod line_1 {
    use super::*;

    /// A placement of the floor: hops, hosts, and four paths of at most three domains.
    type Row = (u32, [usize; 5], [([usize; 3], usize); 4]);

    fn by_hand(adjacent: &[[bool; 3]; 3]) -> [Row; 4] {
        let mut hops = [[99_u32; 3]; 3];
        for a in 0..3 {
            for b in 0..3 {
                hops[a][b] = if a == b {
                    0
                } else if adjacent[a][b] {
                    1
                } else {
                    99
                };
            }
        }
        for via in 0..3 {
            for a in 0..3 {
                for b in 0..3 {
                    hops[a][b] = hops[a][b].min(hops[a][via] + hops[via][b]);
                }
            }
        }
        let mut rows: [Row; 4] = [(0, [0; 5], [([0; 3], 0); 4]); 4];
        let mut at = 0;
        for nf1 in [0, 2] {
            for nf3 in [0, 2] {
                let hosts = [0, nf1, 1, nf3, 2];
                let cost = (0..4).map(|link| hops[hosts[link]][hosts[link + 1]]).sum();
                rows[at] = (cost, hosts, [([0; 3], 0); 4]);
                at += 1;
            }
        }
        rows.sort_unstable_by_key(|row| (row.0, row.1));
        for (_, hosts, paths) in &mut rows {
            for link in 0..4 {
                let (mut here, there) = (hosts[link], hosts[link + 1]);
                let (path, len) = &mut paths[link];
                path[0] = here;
                *len = 1;
                while here != there {
                    for next in 0..3 {
                        if adjacent[here][next] && hops[next][there] + 1 == hops[here][there] {
                            here = next;
                            break;
                        }
                    }
                    path[*len] = here;
                    *len += 1;
                }
            }
        }
        rows
    }

    const MATRIX: [[bool; 3]; 3] = [
        [false, true, false],
        [true, false, true],
        [false, true, false],
    ];

    fn expected() -> u64 {
        let rows = by_hand(&MATRIX);
        assert_eq!(rows.map(|row| u64::from(row.0)), TABLE_2);
        rows.iter()
            .enumerate()
            .map(|(rank, (hops, hosts, paths))| {
                let segments = paths.iter().map(|(path, len)| &path[..*len]);
                weigh(rank, u64::from(*hops), hosts.iter().copied(), segments)
            })
            .sum()
    }

    #[divan::bench]
    fn floor(bencher: Bencher<'_, '_>) {
        bencher.bench(|| {
            let rows = by_hand(black_box(&MATRIX));
            assert_eq!(rows.iter().map(|row| row.0).sum::<u32>(), 16);
            rows
        });
    }

    /// The floor, and its answer written into values like those of the search: what the answer's
    /// allocations cost.
    #[divan::bench]
    fn floor_and_answer(bencher: Bencher<'_, '_>) {
        type Answer = Vec<(Vec<usize>, u64, Vec<Arc<[usize]>>)>;
        bencher.bench(|| {
            let rows = by_hand(black_box(&MATRIX));
            let answer: Answer = rows
                .iter()
                .map(|(hops, hosts, paths)| {
                    let segments = paths.iter().map(|(path, len)| path[..*len].into());
                    (hosts.to_vec(), u64::from(*hops), segments.collect())
                })
                .collect();
            let sum = black_box(answer).iter().map(|row| row.1).sum::<u64>();
            assert_eq!(sum, 16);
            sum
        });
    }

    /// Everything: distances, bound, search, paths, the answer's allocations.
    #[divan::bench]
    fn placements_whole(bencher: Bencher<'_, '_>) {
        let problem = problem(&CHAIN, &HOSTS.map(<[usize]>::to_vec), None);
        let found = placements(CHAIN.graph(), &problem, 10, 1_000_000);
        let sum: u64 = found
            .placements
            .iter()
            .enumerate()
            .map(|(rank, placement)| {
                let hosts = placement.hosts.iter().map(|host| host.as_usize());
                let segments: Vec<Vec<usize>> = placement
                    .segments
                    .iter()
                    .map(|s| s.iter().map(|domain| domain.as_usize()).collect())
                    .collect();
                weigh(
                    rank,
                    placement.hops,
                    hosts,
                    segments.iter().map(Vec::as_slice),
                )
            })
            .sum();
        assert_eq!(sum, expected());
        bencher.bench(|| {
            let found = placements(black_box(CHAIN.graph()), black_box(&problem), 10, 1_000_000);
            let sum = black_box(found)
                .placements
                .iter()
                .map(|p| p.hops)
                .sum::<u64>();
            assert_eq!(sum, 16);
            sum
        });
    }

    /// The candidate path vectors of the four links (section 5.5.2 of the draft).
    #[divan::bench]
    fn candidates_of_four_links(bencher: Bencher<'_, '_>) {
        let hosts = HOSTS.map(|hosts| domains(&CHAIN, hosts));
        let caps = PathCaps {
            per_pair: 1000,
            max_domains: 16,
            work: 1_000_000,
        };
        bencher.bench(|| {
            let mut count = 0;
            for link in hosts.windows(2) {
                let found = candidate_paths(black_box(CHAIN.graph()), &link[0], &link[1], &caps);
                count += found
                    .vectors
                    .iter()
                    .map(|vector| vector.len())
                    .sum::<usize>();
            }
            assert_eq!(count, 16);
            count
        });
    }
}

/// 200 domains on a ring with 236 chords, 436 borders in all, as many as a federation made of real
/// networks has; the same on every machine.
static TED: LazyLock<Ted> = LazyLock::new(|| {
    let mut random = Random(1);
    let ring = (0..200).map(|at| (at, (at + 1) % 200));
    let chords: Vec<_> = (0..236)
        .map(|_| (random.below(200), random.below(200)))
        .collect();
    federation(200, ring.chain(chords))
});

static SYNTHETIC: LazyLock<Arc<Snapshot>> = LazyLock::new(|| TED.snapshot());

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }
}

#[divan::bench_group(name = "synthetic_200")]
mod synthetic {
    use super::*;

    fn hosts(nodes: usize, each: usize) -> Vec<Vec<usize>> {
        let mut random = Random(7);
        (0..nodes)
            .map(|_| (0..each).map(|_| random.below(200)).collect())
            .collect()
    }

    /// The 10 best placements of a chain of 5 NFs with 20 hosts each.
    #[divan::bench(args = [None, Some(1.0)])]
    fn ten_best_placements(bencher: Bencher<'_, '_>, capacity: Option<f64>) {
        let problem = problem(&SYNTHETIC, &hosts(5, 20), capacity);
        bencher.bench(|| {
            let found = placements(black_box(SYNTHETIC.graph()), &problem, 10, 10_000_000);
            assert!(found.placements.len() == 10 && !found.cut);
            found
        });
    }

    /// 20 sources, 20 destinations, the first `per_pair` path vectors of each pair.
    #[divan::bench(args = [1, 10, 100])]
    fn candidates_of_400_pairs(bencher: Bencher<'_, '_>, per_pair: usize) {
        let ends: Vec<_> = hosts(2, 20)
            .iter()
            .map(|hosts| domains(&SYNTHETIC, hosts))
            .collect();
        let caps = PathCaps {
            per_pair,
            max_domains: 16,
            work: u64::MAX,
        };
        bencher.bench(|| {
            let found = candidate_paths(black_box(SYNTHETIC.graph()), &ends[0], &ends[1], &caps);
            assert!(found.vectors.len() > 300 * per_pair);
            found
        });
    }

    /// One domain leaves and comes back: two domain graphs.
    #[divan::bench]
    fn leave_and_join(bencher: Bencher<'_, '_>) {
        let mut ted = Ted::clone(&TED);
        let one = TED.snapshot().domains().nth(100).expect("a domain").clone();
        bencher.bench_local(move || {
            assert!(
                ted.apply([Update::Leave(one.clone())]) && ted.apply([Update::Join(one.clone())])
            );
        });
    }
}
