//! Placements equal a brute-force ranking of all assignments, whole or cut.

use std::collections::BTreeMap;

use idt::search::{PlacementNode, PlacementProblem, Placements, RESOURCE_KINDS, placements};
use proptest::prelude::*;

use crate::federation::{Federation, any_federation, positions};

/// A problem by positions of domains.
#[derive(Clone, Debug)]
struct Problem {
    hosts: Vec<Vec<usize>>,
    demands: Vec<[f64; RESOURCE_KINDS]>,
    links: Vec<(usize, usize)>,
    capacity: BTreeMap<usize, [f64; RESOURCE_KINDS]>,
}

/// Hosts, hops and segments, by positions.
type Row = (Vec<usize>, u64, Vec<Vec<usize>>);

impl Problem {
    fn solve(&self, federation: &Federation, k: usize, work: u64) -> Placements {
        let nodes = self
            .hosts
            .iter()
            .zip(&self.demands)
            .map(|(hosts, demand)| PlacementNode {
                hosts: federation.at(hosts),
                demand: *demand,
                ..PlacementNode::default()
            });
        let capacity = self
            .capacity
            .iter()
            .map(|(at, amount)| (federation.at(&[*at])[0], *amount));
        let problem = PlacementProblem {
            nodes: nodes.collect(),
            links: self.links.iter().copied().map(Into::into).collect(),
            capacity: capacity.collect(),
            ..PlacementProblem::default()
        };
        placements(federation.graph(), &problem, k, work)
    }

    /// Every assignment that is possible, best first.
    fn by_brute_force(&self, federation: &Federation) -> Vec<(Vec<usize>, u64)> {
        let hops = federation.distances();
        let mut assignments: Vec<Vec<usize>> = vec![Vec::new()];
        for hosts in &self.hosts {
            let longer = |start: &Vec<usize>| -> Vec<Vec<usize>> {
                let distinct = (0..federation.len()).filter(|at| hosts.contains(at));
                distinct.map(|at| [&start[..], &[at]].concat()).collect()
            };
            assignments = assignments.iter().flat_map(longer).collect();
        }
        let cost = |hosts: &Vec<usize>| -> Option<u64> {
            for (at, capacity) in &self.capacity {
                for kind in 0..RESOURCE_KINDS {
                    let mut used = 0.0;
                    for (host, demand) in hosts.iter().zip(&self.demands) {
                        if host == at {
                            used += demand[kind];
                        }
                    }
                    if hosts.contains(at) && used > capacity[kind] {
                        return None;
                    }
                }
            }
            self.links
                .iter()
                .map(|(src, dst)| hops[hosts[*src]][hosts[*dst]])
                .sum()
        };
        let mut ranked: Vec<(Vec<usize>, u64)> = assignments
            .into_iter()
            .filter_map(|hosts| cost(&hosts).map(|cost| (hosts, cost)))
            .collect();
        ranked.sort_by_key(|(hosts, cost)| (*cost, hosts.clone()));
        ranked
    }

    fn rows(&self, federation: &Federation) -> Vec<Row> {
        let segment = |hosts: &[usize], link: &(usize, usize)| {
            let paths = federation.simple_paths(hosts[link.0], hosts[link.1]);
            paths
                .into_iter()
                .next()
                .expect("a placement's hosts are joined")
        };
        let whole = self.by_brute_force(federation).into_iter();
        whole
            .map(|(hosts, hops)| {
                let segments = self
                    .links
                    .iter()
                    .map(|link| segment(&hosts, link))
                    .collect();
                (hosts, hops, segments)
            })
            .collect()
    }
}

fn rows(found: &Placements) -> Vec<Row> {
    let row = |placement: &idt::search::Placement| {
        let segments = placement
            .segments
            .iter()
            .map(|segment| positions(segment))
            .collect();
        (positions(&placement.hosts), placement.hops, segments)
    };
    found.placements.iter().map(row).collect()
}

/// Amounts whose sums round: 0.1 + 0.2 is not 0.3.
fn amount() -> impl Strategy<Value = f64> {
    prop_oneof![3 => Just(0.0), 4 => Just(0.1), 4 => Just(0.2), 1 => Just(0.7)]
}

fn any_problem() -> impl Strategy<Value = (Federation, Problem)> {
    (any_federation(6), 0_usize..=4).prop_flat_map(|(federation, nodes)| {
        let len = federation.len();
        let host_lists = prop::collection::vec(prop::collection::vec(0..len, 1..=len), nodes);
        let amounts = prop::array::uniform2(amount());
        let demands = prop::collection::vec(amounts, nodes);
        let links = match nodes {
            0 => Just(Vec::new()).boxed(),
            _ => prop::collection::vec((0..nodes, 0..nodes), 0..=6).boxed(),
        };
        let limit = prop_oneof![Just(0.3), Just(0.5), Just(1.0), Just(f64::INFINITY)];
        let capacity = prop::collection::btree_map(0..len, prop::array::uniform2(limit), 0..=len);
        (Just(federation), host_lists, demands, links, capacity).prop_map(
            |(federation, hosts, demands, links, capacity)| {
                let two = |[first, second]: [f64; 2]| [first, 0.0, second, 0.0, 0.0, 0.0];
                let demands = demands.into_iter().map(two).collect();
                let capacity = capacity
                    .into_iter()
                    .map(|(at, limits)| (at, two(limits)))
                    .collect();
                (
                    federation,
                    Problem {
                        hosts,
                        demands,
                        links,
                        capacity,
                    },
                )
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn all_placements_come_in_order((federation, problem) in any_problem()) {
        let found = problem.solve(&federation, usize::MAX, u64::MAX);
        prop_assert_eq!(rows(&found), problem.rows(&federation));
        prop_assert!(!found.cut);
    }

    #[test]
    fn the_k_best_are_the_first_of_all((federation, problem) in any_problem(), k in 0_usize..12) {
        let found = problem.solve(&federation, k, u64::MAX);
        let mut expected = problem.rows(&federation);
        expected.truncate(k);
        prop_assert_eq!(rows(&found), expected);
        prop_assert!(!found.cut);
    }

    #[test]
    fn an_answer_cut_by_work_is_the_beginning_of_the_whole(
        (federation, problem) in any_problem(),
        k in 0_usize..12,
        work in 0_u64..2000,
    ) {
        let whole = problem.solve(&federation, k, u64::MAX);
        let found = problem.solve(&federation, k, work);
        prop_assert!(whole.placements.starts_with(&found.placements[..found.proven]));
        prop_assert!(found.cut || found == whole);
    }
}

fn chain(hosts: Vec<Vec<usize>>) -> Problem {
    let links = (1..hosts.len()).map(|node| (node - 1, node)).collect();
    let demands = vec![[0.0; RESOURCE_KINDS]; hosts.len()];
    Problem {
        hosts,
        demands,
        links,
        capacity: BTreeMap::new(),
    }
}

#[test]
fn nodes_of_one_domain_are_counted_together() {
    let pair = Federation::new(2, &[(0, 1)]);
    let mut problem = chain(vec![vec![0, 1], vec![0, 1]]);
    problem.demands = vec![[0.6, 0.0, 0.0, 0.0, 0.0, 0.0]; 2];
    problem.capacity.insert(0, [1.0; RESOURCE_KINDS]);
    // Both in domain 0 would need 1.2 of 1.0; domain 1 has no limit.
    let hosts: Vec<_> = rows(&problem.solve(&pair, 9, u64::MAX))
        .into_iter()
        .map(|row| row.0)
        .collect();
    assert_eq!(hosts, [[1, 1], [0, 1], [1, 0]]);
}

#[test]
fn what_cannot_be_placed_has_no_placement() {
    let parts = Federation::new(3, &[(0, 1)]);
    let apart = chain(vec![vec![0], vec![2]]);
    let nowhere = chain(vec![vec![0], vec![]]);
    let mut dangling = chain(vec![vec![0], vec![1]]);
    dangling.links.push((0, 2));
    let mut too_large = chain(vec![vec![0], vec![1]]);
    too_large.capacity.insert(0, [1.0; RESOURCE_KINDS]);
    too_large.demands[0][5] = f64::NAN;
    for problem in [apart, nowhere, dangling, too_large] {
        assert_eq!(
            problem.solve(&parts, 9, u64::MAX),
            Placements::default(),
            "{problem:?}"
        );
    }
}

#[test]
fn a_graph_without_nodes_has_the_one_empty_placement() {
    let found = chain(Vec::new()).solve(&Federation::new(1, &[]), 9, u64::MAX);
    assert_eq!(rows(&found), [(vec![], 0, vec![])]);
    assert!(!found.cut);
}

#[test]
fn an_infinite_capacity_is_no_limit() {
    let one = Federation::new(1, &[]);
    let mut problem = chain(vec![vec![0], vec![0]]);
    problem.demands = vec![[f64::MAX; RESOURCE_KINDS]; 2];
    problem.capacity.insert(0, [f64::INFINITY; RESOURCE_KINDS]);
    assert_eq!(problem.solve(&one, 1, u64::MAX).placements.len(), 1);
    problem.capacity.insert(0, [f64::MAX; RESOURCE_KINDS]);
    assert_eq!(problem.solve(&one, 1, u64::MAX).placements.len(), 0);
}

#[test]
fn a_negative_demand_makes_no_room() {
    let one = Federation::new(1, &[]);
    let mut problem = chain(vec![vec![0]; 3]);
    for (demand, amount) in problem.demands.iter_mut().zip([-5.0, 0.7, 0.7]) {
        demand[3] = amount;
    }
    problem.capacity.insert(0, [1.0; RESOURCE_KINDS]);
    assert_eq!(problem.solve(&one, 1, u64::MAX), Placements::default());
}

#[test]
fn an_index_of_a_larger_graph_hosts_nothing() {
    let (small, large) = (Federation::new(2, &[(0, 1)]), Federation::new(5, &[(0, 1)]));
    let node = |hosts| PlacementNode {
        hosts,
        ..PlacementNode::default()
    };
    let mut problem = PlacementProblem {
        nodes: vec![node(large.at(&[4, 1])), node(large.at(&[0]))],
        links: vec![(0, 1).into()],
        ..PlacementProblem::default()
    };
    let found = placements(small.graph(), &problem, 9, u64::MAX);
    assert_eq!(rows(&found), [(vec![1, 0], 1, vec![vec![1, 0]])]);
    problem.nodes[0].hosts = large.at(&[4]);
    assert_eq!(
        placements(small.graph(), &problem, 9, u64::MAX),
        Placements::default()
    );
}
