//! The edges of a path vector.

use crate::net::EdgeId;
use crate::search::cost::Cost;
use crate::search::space::Space;

/// A step between two states of the path: where it leads, its cost, its edge.
type Step<C> = (usize, C, EdgeId);

/// The cheapest edges along `domains`, ties by the fewest edges, then by the lowest positions; and what
/// they cost. `None` if no edges lead that way.
pub(crate) fn trace<S: Space>(space: S, domains: &[u32]) -> Option<(S::Cost, Vec<EdgeId>)> {
    let (first, rest) = domains.split_first()?;
    if rest.is_empty() {
        return Some((S::Cost::ZERO, Vec::new()));
    }
    // The states of the path, domain by domain, and the steps between them.
    let mut states: Vec<u32> = vec![space.start(*first)];
    let mut steps: Vec<Vec<Step<S::Cost>>> = Vec::new();
    let mut here = 0;
    for at in 0..domains.len() {
        // First all points of the domain that can be reached within it, then on to the next.
        let mut state = here;
        while state < states.len() {
            let mut out = Vec::new();
            if !space.is_plain() {
                let from = states[state];
                space.forward_to(from, domains[at], |to, cost, edge| {
                    out.push((place(&mut states, here, to), cost, edge));
                });
            }
            steps.push(out);
            state += 1;
        }
        let next = states.len();
        if let Some(domain) = domains.get(at + 1) {
            for state in here..next {
                let from = states[state];
                space.forward_to(from, *domain, |to, cost, edge| {
                    steps[state].push((place(&mut states, next, to), cost, edge));
                });
            }
            here = next;
        }
    }
    // What is left from each, by cost and edges: from the end back, until nothing gets less.
    let mut left = vec![(S::Cost::FAR, u32::MAX); states.len()];
    let sink = space.sink(*domains.last()?);
    for at in here..states.len() {
        if space.point(states[at]) == sink && space.may_end(states[at]) {
            left[at] = (S::Cost::ZERO, 0);
        }
    }
    let through = |left: &[(S::Cost, u32)], step: &Step<S::Cost>| {
        let (cost, edges) = left[step.0];
        (step.1.plus(cost), edges.saturating_add(1))
    };
    let mut again = true;
    while std::mem::take(&mut again) {
        for at in (0..states.len()).rev() {
            let best = steps[at].iter().map(|step| through(&left, step)).min();
            if let Some(best) = best
                && best.0 != S::Cost::FAR
                && best < left[at]
            {
                left[at] = best;
                again = true;
            }
        }
    }
    let cost = left[0].0;
    let mut edges = Vec::with_capacity(rest.len());
    let mut at = 0;
    while left[at].1 > 0 {
        let best = steps[at]
            .iter()
            .filter(|step| through(&left, step) == left[at]);
        let step = best.min_by_key(|step| step.2)?;
        edges.push(step.2);
        at = step.0;
    }
    Some((cost, edges))
}

/// Where a state is among those from `start` on; it is added if it is not there.
fn place(states: &mut Vec<u32>, start: usize, state: u32) -> usize {
    let known = states[start..].iter().position(|known| *known == state);
    known.map_or_else(
        || {
            states.push(state);
            states.len() - 1
        },
        |at| start + at,
    )
}
