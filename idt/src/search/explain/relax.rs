//! Which constraints an infeasible problem would have to do without.

use super::ConstraintRef;
use crate::search::budget::{Budget, Spent};
use crate::search::distance::Distances;
use crate::search::placements::{Effort, PlacementProblem, solve};

/// Sets of constraints, each of which, dropped as a whole, makes an infeasible problem feasible. Each
/// was verified by a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relaxations {
    /// The sets, all of one size, each in order. None if no set does, or none was found.
    pub sets: Vec<Vec<ConstraintRef>>,
    /// No smaller set does, and all sets of this size are told. Without sets: none does, so that it is
    /// hosts or links that are missing. If false, the work was spent before that was sure; no part
    /// of the set that is told does, though, if one is told.
    pub smallest: bool,
}

/// Smallest sets by size: all single constraints, then all pairs, and so on, up to the size of a set
/// that is found first by taking constraints back one by one (a deletion filter: Chinneck and
/// Dravnieks, ORSA Journal on Computing 3(2), 1991). No part of that one does.
///
/// Over `plain`, domains charge and forbid nothing in transit.
pub(super) fn relaxations(
    distances: &Distances,
    plain: Option<&Distances>,
    problem: &PlacementProblem,
    budget: &mut Budget,
) -> Relaxations {
    let mut found = Relaxations::default();
    found.smallest = search(distances, plain, problem, budget, &mut found.sets).is_ok();
    found
}

fn search(
    distances: &Distances,
    plain: Option<&Distances>,
    problem: &PlacementProblem,
    budget: &mut Budget,
    sets: &mut Vec<Vec<ConstraintRef>>,
) -> Result<(), Spent> {
    let mut all = problem.constraints();
    all.retain(|constraint| *constraint != ConstraintRef::Disjoint);
    all.extend(plain.map(|_| ConstraintRef::Transit));
    let mut feasible = |dropped: &[ConstraintRef]| {
        let mut rest = problem.without(dropped);
        rest.disjoint = None;
        budget.spend(1 + rest.nodes.len() + rest.links.len())?;
        let over = match plain {
            Some(plain) if dropped.contains(&ConstraintRef::Transit) => plain,
            _ => distances,
        };
        let found = solve(over, &rest, 1, budget, &mut Effort::default());
        match (found.placements.is_empty(), found.cut) {
            (false, _) => Ok(true),
            (true, true) => Err(Spent),
            (true, false) => Ok(false),
        }
    };
    if !feasible(&all)? {
        return Ok(());
    }
    let mut kept = all.clone();
    let mut at = 0;
    while at < kept.len() {
        let mut fewer = kept.clone();
        fewer.remove(at);
        match feasible(&fewer)? {
            true => kept = fewer,
            false => at += 1,
        }
    }
    let most = kept.len();
    sets.push(kept);
    for size in 1..=most {
        let mut these = Vec::new();
        let mut picked: Vec<usize> = (0..size).collect();
        loop {
            let set: Vec<ConstraintRef> = picked.iter().map(|at| all[*at]).collect();
            if feasible(&set)? {
                these.push(set);
            }
            if !next_combination(&mut picked, all.len()) {
                break;
            }
        }
        if !these.is_empty() {
            *sets = these;
            return Ok(());
        }
    }
    Ok(())
}

/// The next ascending list of positions below `limit` of the same length; false after the last.
fn next_combination(picked: &mut [usize], limit: usize) -> bool {
    let len = picked.len();
    let Some(at) = (0..len).rev().find(|at| picked[*at] + len - at < limit) else {
        return false;
    };
    picked[at] += 1;
    for next in at + 1..len {
        picked[next] = picked[next - 1] + 1;
    }
    true
}
