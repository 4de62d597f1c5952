//! Placements under constraints, each alone and in combination, equal brute force.

use std::sync::Arc;

use idt::net::Net;
use idt::search::{
    Budget, Disjoint, Distances, Metric, PlacementProblem, Placements, best_placements,
};
use proptest::prelude::*;

use crate::worlds::{Row, With, any_with, any_world, by_brute_force, row};

fn solve(net: &Net, problem: &PlacementProblem, k: usize, work: u64) -> Placements {
    best_placements(&Distances::new(Arc::new(net.clone())), problem, k, work)
}

fn rows(found: &Placements) -> Vec<Row> {
    found.placements.iter().map(row).collect()
}

fn cases(with: With) -> impl Strategy<Value = (With, Net, PlacementProblem)> {
    any_world(with).prop_map(move |(net, problem)| (with, net, problem))
}

/// No constraint, each one alone, and all routes' constraints at once.
fn alone() -> impl Strategy<Value = With> {
    let none = With::default;
    prop::sample::select(vec![
        none(),
        With {
            capacity: true,
            ..none()
        },
        With {
            bandwidth: true,
            ..none()
        },
        With {
            link_bounds: true,
            ..none()
        },
        With {
            walk_bounds: true,
            ..none()
        },
        With {
            affinity: true,
            ..none()
        },
        With {
            anti_affinity: true,
            ..none()
        },
        With {
            closed: true,
            ..none()
        },
        With {
            valley_free: true,
            ..none()
        },
        With {
            bordered: true,
            ..none()
        },
        With {
            refused: true,
            ..none()
        },
        With {
            refused: true,
            bordered: true,
            walk_bounds: true,
            ..none()
        },
        With {
            disjoint: Some(Disjoint::Domains),
            ..none()
        },
        With {
            disjoint: Some(Disjoint::Links),
            ..none()
        },
        With {
            disjoint: Some(Disjoint::Srlg),
            ..none()
        },
        With {
            bandwidth: true,
            link_bounds: true,
            walk_bounds: true,
            ..none()
        },
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn each_constraint_alone((_, net, problem) in alone().prop_flat_map(cases), k in 1_usize..12) {
        let found = solve(&net, &problem, k, u64::MAX);
        prop_assert_eq!(rows(&found), by_brute_force(&net, &problem, k));
        prop_assert!(!found.cut && found.proven == found.placements.len());
    }

    #[test]
    fn any_combination((_, net, problem) in any_with().prop_flat_map(cases), k in 1_usize..12) {
        let found = solve(&net, &problem, k, u64::MAX);
        prop_assert_eq!(rows(&found), by_brute_force(&net, &problem, k));
        prop_assert!(!found.cut && found.proven == found.placements.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_cut_answer_begins_with_the_whole_and_goes_on_with_valid_ones(
        (_, net, problem) in any_with().prop_flat_map(cases),
        k in 1_usize..8,
        work in 0_u64..6000,
    ) {
        let whole = by_brute_force(&net, &problem, k);
        let found = solve(&net, &problem, k, work);
        let found_rows = rows(&found);
        prop_assert!(whole.starts_with(&found_rows[..found.proven]));
        prop_assert!(found.cut || found_rows == whole);
        prop_assert!(found_rows.len() <= k);
        if problem.disjoint.is_none() {
            let all = by_brute_force(&net, &problem, usize::MAX);
            prop_assert!(found_rows.iter().all(|row| all.contains(row)));
            let order = |row: &Row| (row.cost, row.hosts.clone());
            prop_assert!(found_rows.is_sorted_by_key(order));
        }
    }

    #[test]
    fn an_index_changes_nothing(
        (_, net, problem) in any_with().prop_flat_map(cases),
        k in 1_usize..8,
    ) {
        let plain = solve(&net, &problem, k, u64::MAX);
        let costs = |found: &Placements| -> Vec<_> {
            found.placements.iter().map(|p| (p.cost, p.hosts.clone())).collect()
        };
        let plain = costs(&plain);
        for with in [Distances::with_matrix, Distances::with_labels] {
            let mut indexed = Distances::new(Arc::new(net.clone()));
            for metric in [Metric::Hops, Metric::Delay] {
                indexed = with(indexed, metric, &mut Budget::unlimited()).unwrap();
            }
            let found = costs(&best_placements(&indexed, &problem, k, u64::MAX));
            match problem.disjoint {
                // Of equally cheap routes an index may hold another one: what is left then differs.
                Some(_) => prop_assert_eq!(plain.first(), found.first()),
                None => prop_assert_eq!(&plain, &found),
            }
        }
    }
}
