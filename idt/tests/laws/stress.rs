//! Graphs made to be hard. The budget of steps is the clock: an answer that is not cut took no more.

use idt::search::{
    PathCaps, PlacementNode, PlacementProblem, RESOURCE_KINDS, candidate_paths, placements,
};

use crate::federation::{Federation, positions};

/// Everyone joined with everyone.
fn mesh(len: usize) -> Federation {
    let borders: Vec<_> = (0..len).flat_map(|a| (0..a).map(move |b| (a, b))).collect();
    Federation::new(len, &borders)
}

/// The borders of a grid whose corner is at position `first`.
fn grid(first: usize, width: usize, height: usize) -> Vec<(usize, usize)> {
    let at = |x: usize, y: usize| first + y * width + x;
    let mut borders = Vec::new();
    for y in 0..height {
        for x in 0..width {
            if x + 1 < width {
                borders.push((at(x, y), at(x + 1, y)));
            }
            if y + 1 < height {
                borders.push((at(x, y), at(x, y + 1)));
            }
        }
    }
    borders
}

#[test]
fn a_full_mesh_of_30_yields_its_first_100_paths_without_the_rest() {
    // There are some 10^29 simple paths between two of its domains.
    let mesh = mesh(30);
    let caps = PathCaps {
        per_pair: 100,
        max_domains: 16,
        work: 100_000,
    };
    let ends = mesh.at(&[3, 17]);
    let found = candidate_paths(mesh.graph(), &ends[..1], &ends[1..], &caps);
    assert!(found.cuts.per_pair && !found.cuts.work);
    assert!(found.cuts.length, "there are longer ones");

    let others = || (0..30).filter(|via| ![3, 17].contains(via));
    let mut expected = vec![vec![3, 17]];
    expected.extend(others().map(|via| vec![3, via, 17]));
    let two = others().flat_map(|a| others().filter(move |b| *b != a).map(move |b| (a, b)));
    expected.extend(two.map(|(a, b)| vec![3, a, b, 17]));
    expected.truncate(100);
    let vectors: Vec<_> = found
        .vectors
        .iter()
        .map(|vector| positions(vector))
        .collect();
    assert_eq!(vectors, expected);
}

#[test]
fn a_part_without_exit_costs_no_more_than_a_look() {
    // 0 - 1 - 2 - 3 in a row, and an 8 x 8 grid that hangs from domain 1: in it there are more than
    // 10^11 simple paths, and none of them leads anywhere.
    let mut borders = vec![(0, 1), (1, 2), (2, 3), (1, 4)];
    borders.extend(grid(4, 8, 8));
    let federation = Federation::new(4 + 64, &borders);
    let caps = PathCaps {
        per_pair: 10,
        max_domains: 64,
        work: 1_000,
    };
    let ends = federation.at(&[0, 3]);
    let found = candidate_paths(federation.graph(), &ends[..1], &ends[1..], &caps);
    assert_eq!(found.vectors.len(), 1);
    assert!(!found.cuts.any(), "{:?}", found.cuts);
}

#[test]
fn a_ladder_is_searched_in_steps_that_follow_the_answer() {
    // From end to end of a ladder of 2 x 24 there are 2^23 simple paths, of 24 to 47 domains.
    let ladder = Federation::new(48, &grid(0, 24, 2));
    let ends = ladder.at(&[0, 23]);
    let caps = PathCaps {
        per_pair: 1_000,
        max_domains: 48,
        work: 2_000_000,
    };
    let found = candidate_paths(ladder.graph(), &ends[..1], &ends[1..], &caps);
    assert_eq!(found.vectors.len(), 1_000);
    assert!(
        found.cuts.per_pair && !found.cuts.work && !found.cuts.length,
        "{:?}",
        found.cuts
    );

    // Below the shortest there is nothing to be found, and one search says so.
    let caps = PathCaps {
        per_pair: 1_000,
        max_domains: 23,
        work: 1_000,
    };
    let found = candidate_paths(ladder.graph(), &ends[..1], &ends[1..], &caps);
    assert!(found.vectors.is_empty());
    assert!(found.cuts.length && !found.cuts.work && !found.cuts.per_pair);
}

#[test]
fn a_spent_budget_ends_the_search_of_a_grid() {
    let square = Federation::new(100, &grid(0, 10, 10));
    let ends = square.at(&[0, 99]);
    let caps = PathCaps {
        per_pair: usize::MAX,
        max_domains: 100,
        work: 100_000,
    };
    let found = candidate_paths(square.graph(), &ends[..1], &ends[1..], &caps);
    assert!(found.cuts.work && !found.cuts.per_pair);
    assert!(found.vectors.len() > 1_000, "{}", found.vectors.len());
    assert!(
        found
            .vectors
            .is_sorted_by_key(|vector| (vector.len(), vector.clone()))
    );
    assert_eq!(found.vectors[0].len(), 19);
}

fn problem(
    federation: &Federation,
    hosts: &[Vec<usize>],
    links: Vec<(usize, usize)>,
) -> PlacementProblem {
    let nodes = hosts.iter().map(|hosts| PlacementNode {
        hosts: federation.at(hosts),
        demand: [1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        ..PlacementNode::default()
    });
    PlacementProblem {
        nodes: nodes.collect(),
        links: links.into_iter().map(Into::into).collect(),
        ..PlacementProblem::default()
    }
}

#[test]
fn the_ten_best_of_a_long_chain_in_any_order_of_nodes() {
    // 16 NFs with 20 hosts each: 20^16 assignments. The bound is exact, so the search goes straight.
    let square = Federation::new(100, &grid(0, 10, 10));
    let hosts: Vec<Vec<usize>> = (0..16)
        .map(|node| {
            (0..20)
                .map(|n| (n * 37 + node * 13 + n * n) % 100)
                .collect()
        })
        .collect();
    let shuffled: Vec<usize> = (0..16).map(|node| node * 5 % 16).collect();
    for order in [(0..16).collect::<Vec<_>>(), shuffled] {
        let links = order.windows(2).map(|pair| (pair[0], pair[1])).collect();
        let found = placements(
            square.graph(),
            &problem(&square, &hosts, links),
            10,
            500_000,
        );
        assert_eq!(found.placements.len(), 10);
        assert!(!found.cut);
        let key = |found: &idt::search::Placement| (found.hops, found.hosts.clone());
        assert!(found.placements.is_sorted_by_key(key));
    }
}

#[test]
fn tables_too_large_to_be_exact_give_the_same_placements() {
    // A ring of three nodes with 60 hosts each: the last has two earlier neighbours, and 60^3 cells
    // are more than are filled. All 216,000 assignments are ranked by brute force.
    let square = Federation::new(64, &grid(0, 8, 8));
    let hosts: Vec<Vec<usize>> = vec![
        (0..60).collect(),
        (2..62).collect(),
        (4..64).rev().collect(),
    ];
    let links = vec![(0, 1), (1, 2), (2, 0), (0, 2)];
    let found = placements(
        square.graph(),
        &problem(&square, &hosts, links.clone()),
        100,
        u64::MAX,
    );

    let hops = square.distances();
    let mut ranked = Vec::new();
    for a in 0..60 {
        for b in 2..62 {
            for c in 4..64 {
                let all = [a, b, c];
                let sum: Option<u64> = links.iter().map(|(s, d)| hops[all[*s]][all[*d]]).sum();
                ranked.push((sum.unwrap(), all.to_vec()));
            }
        }
    }
    ranked.sort();
    ranked.truncate(100);
    let rows: Vec<_> = found
        .placements
        .iter()
        .map(|p| (p.hops, positions(&p.hosts)))
        .collect();
    assert_eq!(rows, ranked);
}

#[test]
fn a_spent_budget_ends_a_search_that_capacity_makes_hopeless() {
    // 17 nodes into 4 domains that hold 4 each: impossible, and the search cannot know.
    let mesh = mesh(4);
    let hosts = vec![vec![0, 1, 2, 3]; 17];
    let mut problem = problem(
        &mesh,
        &hosts,
        (1..17).map(|node| (node - 1, node)).collect(),
    );
    problem.capacity = mesh
        .graph()
        .indices()
        .map(|d| (d, [4.5; RESOURCE_KINDS]))
        .collect();
    let found = placements(mesh.graph(), &problem, 1, 1_000_000);
    assert!(found.cut && found.placements.is_empty());
    // With room for the 17th it goes straight.
    problem.capacity.clear();
    let found = placements(mesh.graph(), &problem, 1, 10_000);
    assert!(!found.cut && found.placements[0].hops == 0);
}

#[test]
fn the_first_of_many_that_cost_the_same_are_told_though_links_need_bandwidth() {
    // A star: 100 hosts for each of three nodes. All million assignments cost four borders.
    let spokes: Vec<_> = (1..=300).map(|at| (0, at)).collect();
    let star = Federation::new(301, &spokes);
    let hosts: Vec<Vec<usize>> = [1, 101, 201]
        .map(|first| (first..first + 100).collect())
        .into();
    let mut problem = problem(&star, &hosts, vec![(0, 1), (1, 2)]);
    for link in &mut problem.links {
        link.bandwidth = 1;
    }
    let found = placements(star.graph(), &problem, 10, 1_000_000);
    assert!(!found.cut);
    let rows: Vec<_> = found
        .placements
        .iter()
        .map(|p| (p.hops, positions(&p.hosts)))
        .collect();
    let expected: Vec<_> = (201..211).map(|last| (4, vec![1, 101, last])).collect();
    assert_eq!(rows, expected);
}
