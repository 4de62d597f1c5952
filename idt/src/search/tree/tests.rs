//! Trees and pairs tell what relaxing every step until nothing changes tells, under restrictions too.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::net::{Edge, NetBuilder, Role};
use crate::search::cost::Metric;
use crate::search::space::{Open, Restricted, Restriction, Rules};

/// The costs from the seeds.
fn relaxed<S: Space>(space: S, seeds: &[(u32, S::Cost)]) -> Vec<S::Cost> {
    let mut all = vec![S::Cost::FAR; space.len()];
    for (state, cost) in seeds {
        all[*state as usize] = all[*state as usize].min(*cost);
    }
    loop {
        let before = all.clone();
        for state in 0..space.len() as u32 {
            let here = all[state as usize];
            space.forward(state, |to, cost, _| {
                all[to as usize] = all[to as usize].min(here.plus(cost));
            });
        }
        if all == before {
            return all;
        }
    }
}

fn any_net() -> impl Strategy<Value = Net> {
    let role = prop::sample::select(vec![
        Role::Unknown,
        Role::ToProvider,
        Role::ToPeer,
        Role::ToCustomer,
        Role::Within,
    ]);
    let edge = (0..8_u32, 0..8_u32, 0..4_u32, 0..3_u64, role);
    prop::collection::vec(edge, 0..30).prop_map(|edges| {
        let mut builder = NetBuilder::new(8);
        for (from, to, delay, bandwidth, role) in edges {
            let edge = Edge {
                to,
                delay,
                price: delay % 2,
                bandwidth,
                role,
            };
            builder.edge(from, edge);
        }
        builder.build()
    })
}

fn any_restriction() -> impl Strategy<Value = Restriction> {
    let closed = || prop::collection::btree_set(0..8_u32, 0..2);
    (0..2_u64, any::<bool>(), closed(), closed()).prop_map(
        |(min_bandwidth, valley_free, closed_domains, closed_transit)| Restriction {
            min_bandwidth,
            valley_free,
            closed_domains,
            closed_transit,
            ..Restriction::default()
        },
    )
}

/// What a search tells of a space: trees from and to everywhere, from several seeds, with an end.
/// No path starts in what is `closed`.
fn agrees<S: Space>(
    space: S,
    points: u32,
    ahead: S::Cost,
    closed: &BTreeSet<u32>,
) -> Result<(), TestCaseError> {
    let zero = S::Cost::ZERO;
    let budget = &mut Budget::unlimited();
    // One space for all: what a search leaves behind does not disturb the next.
    let (scratch, both) = (&mut Scratch::default(), &mut PairScratch::default());
    let starts: Vec<u32> = (0..points).map(|point| space.start(point)).collect();
    let all: Vec<_> = starts
        .iter()
        .map(|start| relaxed(space, &[(*start, zero)]))
        .collect();
    for to in 0..points {
        let costs = tree(space, to, budget, scratch).unwrap();
        for from in (0..points).filter(|point| !closed.contains(point)) {
            let told = &all[from as usize];
            let expected = space.ends(to).map(|end| told[end as usize]).min();
            let expected = expected.unwrap_or(S::Cost::FAR);
            prop_assert_eq!(costs[starts[from as usize] as usize], expected);
            for floor in [zero, expected] {
                let found = pair(space, from, to, floor, budget, both).unwrap();
                prop_assert_eq!(found.is_some(), expected < S::Cost::FAR);
                let Some((cost, path)) = found else { continue };
                prop_assert_eq!(cost, expected);
                prop_assert_eq!(path[0], starts[from as usize]);
                prop_assert!(space.ends(to).any(|end| end == path[path.len() - 1]));
                let mut sum = zero;
                for step in path.windows(2) {
                    let mut least = S::Cost::FAR;
                    space.forward(step[0], |next, cost, _| {
                        if next == step[1] {
                            least = least.min(cost);
                        }
                    });
                    sum = sum.plus(least);
                }
                prop_assert_eq!(sum, expected);
                let once: BTreeSet<_> = path.iter().collect();
                prop_assert_eq!(once.len(), path.len());
            }
        }
    }
    let seeds = [(starts[1], ahead), (starts[2], zero), (u32::MAX, zero)];
    let expected = relaxed(space, &seeds[..2]);
    scratch
        .run(space, Way::Forward, seeds, budget, |_, _| false)
        .unwrap();
    for (state, cost) in expected.iter().enumerate() {
        prop_assert_eq!(scratch.cost(state as u32), *cost);
    }
    let mut settled = Vec::new();
    let done = |state: u32, cost| {
        settled.push((cost, state));
        settled.len() == 4
    };
    scratch
        .run(space, Way::Forward, seeds, budget, done)
        .unwrap();
    prop_assert!(settled.is_sorted_by_key(|(cost, _)| *cost));
    let reached = expected.iter().filter(|cost| **cost < S::Cost::FAR).count();
    prop_assert_eq!(settled.len(), reached.min(4));
    for (cost, state) in &settled {
        prop_assert_eq!(*cost, expected[*state as usize]);
        prop_assert_eq!(scratch.cost(*state), *cost);
    }
    for (state, exact) in expected.iter().enumerate() {
        let told = scratch.cost(state as u32);
        prop_assert!(told == *exact || told == S::Cost::FAR);
    }
    Ok(())
}

proptest! {
    #[test]
    fn searches_agree_with_relaxing(net in any_net(), restriction in any_restriction(), ahead in 0..3_u64) {
        let net = &net;
        let none = &BTreeSet::new();
        agrees(Open { net, weigh: Metric::Delay }, 8, ahead, none)?;
        agrees(Open { net, weigh: [Metric::Price, Metric::Hops, Metric::Delay] }, 8, [ahead; 3], none)?;
        let (rules, closed) = (&Rules::new(net, &restriction), &restriction.closed_domains);
        agrees(Restricted { net, weigh: Metric::Delay, rules }, 8, ahead, closed)?;
        agrees(Restricted { net, weigh: Metric::ALL, rules }, 8, [ahead; 3], closed)?;
    }
}
