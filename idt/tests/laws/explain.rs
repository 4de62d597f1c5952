//! Explanations hold: what they name, dropped, makes the difference, and nothing less does.

use std::sync::Arc;

use idt::net::{Net, UNLIMITED};
use idt::search::{
    ConstraintRef, Distances, PlacementProblem, RefusedTraffic, best_placements, explain,
};
use proptest::prelude::*;

use crate::worlds::{With, any_with, any_world, by_brute_force, routes, row};

fn cases(with: With) -> impl Strategy<Value = (Net, PlacementProblem)> {
    any_world(With {
        disjoint: None,
        ..with
    })
}

fn feasible(net: &Net, problem: &PlacementProblem, dropped: &[ConstraintRef]) -> bool {
    !by_brute_force(net, &problem.without(dropped), 1).is_empty()
}

/// All sets of `size` out of `all`, in order.
fn sets(all: &[ConstraintRef], size: usize) -> Vec<Vec<ConstraintRef>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let starting = |at: usize| {
        let rest = sets(&all[at + 1..], size - 1).into_iter();
        rest.map(move |rest| [&all[at..=at], &rest].concat())
    };
    (0..all.len()).flat_map(starting).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_to_be_dropped_is_the_smallest_that_does(
        (net, problem) in any_with().prop_flat_map(cases),
    ) {
        let distances = Distances::new(Arc::new(net.clone()));
        let why = explain(&distances, &problem, 2, u64::MAX);
        prop_assert_eq!(why.relaxations.is_none(), feasible(&net, &problem, &[]));
        let Some(relaxations) = why.relaxations else { return Ok(()) };
        prop_assert!(relaxations.smallest);
        let all = problem.constraints();
        let Some(first) = relaxations.sets.first() else {
            prop_assert!(!feasible(&net, &problem, &all));
            return Ok(());
        };
        // Few enough for brute force.
        for size in 1..=first.len().min(2) {
            let mut expected = sets(&all, size);
            expected.retain(|set| feasible(&net, &problem, set));
            match size == first.len() {
                true => prop_assert_eq!(&relaxations.sets, &expected),
                false => prop_assert_eq!(expected, Vec::<Vec<ConstraintRef>>::new()),
            }
        }
        for set in &relaxations.sets {
            prop_assert!(feasible(&net, &problem, set));
        }
    }

    #[test]
    fn a_spent_explanation_tells_only_what_was_verified(
        (net, problem) in any_with().prop_flat_map(cases),
        work in 0_u64..20_000,
    ) {
        let distances = Distances::new(Arc::new(net.clone()));
        let why = explain(&distances, &problem, 2, work);
        for set in why.relaxations.iter().flat_map(|relaxations| &relaxations.sets) {
            prop_assert!(feasible(&net, &problem, set));
            for at in 0..set.len() {
                let mut part = set.clone();
                part.remove(at);
                prop_assert!(!feasible(&net, &problem, &part));
            }
        }
    }

    #[test]
    fn what_is_told_of_a_placement_holds((net, problem) in any_with().prop_flat_map(cases)) {
        let distances = Distances::new(Arc::new(net.clone()));
        let why = explain(&distances, &problem, 3, u64::MAX);
        prop_assert_eq!(&why.found, &best_placements(&distances, &problem, 3, u64::MAX));
        prop_assert_eq!(why.placements.len(), why.found.placements.len());
        for (placement, reason) in why.found.placements.iter().zip(&why.placements) {
            let sum = |of: fn(&idt::search::LinkReason) -> u64| -> u64 {
                reason.links.iter().map(of).sum()
            };
            prop_assert_eq!(sum(|link| link.hops), placement.hops);
            prop_assert_eq!(sum(|link| link.delay), placement.delay);
            prop_assert_eq!(sum(|link| link.price), placement.price);
            let told = row(placement);
            for (at, link) in problem.links.iter().enumerate() {
                let reason = &reason.links[at];
                let (from, to) = (told.hosts[link.src], told.hosts[link.dst]);
                let free = &routes(&net, &problem, from, to)[0];
                prop_assert_eq!(reason.free, reason.forced_by.is_empty());
                if let Some(edges) = told.edges.get(at) {
                    prop_assert_eq!(reason.free, *edges == free.edges);
                }
                // Without what forced it, the link takes that route.
                let mut pinned = problem.clone();
                for (node, host) in pinned.nodes.iter_mut().zip(&placement.hosts) {
                    node.hosts = vec![*host];
                }
                let takes_it = |dropped: &[ConstraintRef]| {
                    let best = by_brute_force(&net, &pinned.without(dropped), 1);
                    best[0].domains[at] == free.domains
                        && best[0].edges.get(at).is_none_or(|edges| *edges == free.edges)
                };
                if !reason.free {
                    let single = |constraint: &ConstraintRef| takes_it(&[*constraint]);
                    prop_assert!(
                        reason.forced_by.iter().all(single) || takes_it(&reason.forced_by)
                    );
                }
            }
        }
    }

    #[test]
    fn counts_add_up((net, problem) in any_with().prop_flat_map(cases)) {
        let distances = Distances::new(Arc::new(net.clone()));
        let why = explain(&distances, &problem, 1, u64::MAX);
        for node in &why.nodes {
            let lost = node.unknown + node.not_allowed + node.forbidden + node.closed
                + node.capacity + node.affinity;
            prop_assert_eq!(node.given, lost + node.left);
        }
        for (at, counts) in why.links.iter().enumerate() {
            let link = &problem.links[at];
            let need = problem.needs()[at];
            let hosts = |node: usize| -> Vec<usize> {
                let bare = PlacementProblem { links: Vec::new(), requirements: Vec::new(), ..problem.clone() };
                let single = PlacementProblem { nodes: vec![bare.nodes[node].clone()],
                    affinity: Vec::new(), anti_affinity: Vec::new(), ..bare };
                let found = by_brute_force(&net, &single, usize::MAX);
                let mut hosts: Vec<usize> = found.iter().map(|row| row.hosts[0]).collect();
                hosts.sort_unstable();
                hosts
            };
            if !problem.affinity.is_empty() || link.src == link.dst {
                continue;
            }
            let (mut unreachable, mut narrow, mut pairs, mut refused) = (0, 0, 0, 0);
            let carried = PlacementProblem {
                refused: RefusedTraffic::default(),
                ..problem.clone()
            };
            for from in hosts(link.src) {
                for to in hosts(link.dst) {
                    pairs += 1;
                    let routes = routes(&net, &problem, from, to);
                    let wide = |route: &&idt::net::EdgeId| {
                        let has = net.row(route.from).bandwidth[route.nth as usize];
                        has == UNLIMITED || has >= need
                    };
                    unreachable += usize::from(routes.is_empty());
                    let joined = !self::routes(&net, &carried, from, to).is_empty();
                    refused += usize::from(routes.is_empty() && joined);
                    let any = routes.iter().any(|route| route.edges.iter().all(|edge| wide(&edge)));
                    narrow += usize::from(!routes.is_empty() && !any);
                }
            }
            prop_assert_eq!(counts.pairs, pairs);
            // A path over points may lead through a domain twice, which no route does.
            if net.is_plain() {
                prop_assert_eq!(counts.unreachable, unreachable);
                prop_assert_eq!(counts.bandwidth, narrow);
                prop_assert_eq!(counts.refused, refused);
            }
        }
    }
}
