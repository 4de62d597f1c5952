//! Why placements are what they are, and why there are none.
//!
//! An explanation is data with positions of the problem: who words it knows the names. It is found by
//! asking the search again, with constraints left out; nothing is told that was not tried.

mod constraint;
mod relax;

use std::collections::BTreeMap;

pub use constraint::ConstraintRef;
pub use relax::Relaxations;

use super::budget::{Budget, Spent};
use super::cost::Metric;
use super::distance::Distances;
use super::placements::{
    Disjoint, Effort, HostCounts, PairCounts, Placement, PlacementProblem, Placements,
    RESOURCE_KINDS, counts, solve,
};
use crate::net::{EdgeId, Net};

/// Placements with the reasons for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The answer, as [`super::best_placements`] gives it.
    pub found: Placements,
    /// What that took.
    pub effort: Effort,
    /// Per node, how many hosts it has and what struck out the others.
    pub nodes: Vec<HostCounts>,
    /// Per link, how many pairs of hosts it could join and how many each constraint rules out. Empty
    /// if some node has no host, or if that was too much work.
    pub links: Vec<PairCounts>,
    /// Per placement, why it is where it is. Fewer than placements if the work was spent.
    pub placements: Vec<PlacementReason>,
    /// If there is no placement: what would have to be dropped. `None` if there is one, or if the
    /// work was spent before that was known.
    pub relaxations: Option<Relaxations>,
}

/// Why a placement costs what it does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlacementReason {
    /// Per link.
    pub links: Vec<LinkReason>,
    /// Per requirement.
    pub requirements: Vec<RequirementReason>,
    /// The constraints that the placement takes to the limit: bounds that it reaches, resources of a
    /// host of which nothing is left, bandwidths of links over an edge of which nothing is left.
    pub tight: Vec<ConstraintRef>,
}

/// What the route of a link costs, and why it is not a cheaper one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkReason {
    /// Borders crossed.
    pub hops: u64,
    /// Delay in nanoseconds.
    pub delay: u64,
    /// Price in thousandths of the unit of account.
    pub price: u64,
    /// The route is the first of the cheapest between these hosts, whatever the bounds.
    pub free: bool,
    /// If it is not: the constraints, each of which, dropped alone, would let the link take that one.
    /// If no single one would: a set that would, no part of which does.
    pub forced_by: Vec<ConstraintRef>,
}

/// What the walk of a requirement comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequirementReason {
    /// Borders crossed.
    pub hops: u64,
    /// Delay in nanoseconds.
    pub delay: u64,
}

/// The `k` best placements with their reasons, or what stands in the way of any. `work` bounds the
/// answer, and once more the reasons.
#[must_use]
pub fn explain(
    distances: &Distances,
    problem: &PlacementProblem,
    k: usize,
    work: u64,
) -> Explanation {
    explain_within(distances, problem, k, work, work)
}

/// The same with a budget for the answer and one for the reasons: an answer that took all its work is
/// explained too.
#[must_use]
pub fn explain_within(
    distances: &Distances,
    problem: &PlacementProblem,
    k: usize,
    answer: impl Into<Budget>,
    reasons: impl Into<Budget>,
) -> Explanation {
    explain_without_transit(distances, None, problem, k, answer, reasons)
}

/// The same where `distances` are over a net of what it costs to cross domains, and `plain` over the same
/// domains and links for nothing: [`Relaxations`] tell of [`ConstraintRef::Transit`] too. A problem that
/// closes edges names those of one net, so that it is not told of it.
#[must_use]
pub fn explain_without_transit(
    distances: &Distances,
    plain: Option<&Distances>,
    problem: &PlacementProblem,
    k: usize,
    answer: impl Into<Budget>,
    reasons: impl Into<Budget>,
) -> Explanation {
    let plain = plain.filter(|_| problem.restriction.closed_edges.is_empty());
    let mut explanation = Explanation::default();
    let effort = &mut explanation.effort;
    explanation.found = solve(distances, problem, k, &mut answer.into(), effort);
    // What was told before the work was spent stays.
    let over = (distances, plain);
    let _ = tell_reasons(over, problem, k, &mut reasons.into(), &mut explanation);
    explanation
}

fn tell_reasons(
    (distances, plain): (&Distances, Option<&Distances>),
    problem: &PlacementProblem,
    k: usize,
    budget: &mut Budget,
    explanation: &mut Explanation,
) -> Result<(), Spent> {
    (explanation.nodes, explanation.links) = counts(distances, problem, budget)?;
    if explanation.found.placements.is_empty() {
        if k > 0 && !explanation.found.cut {
            explanation.relaxations = Some(relax::relaxations(distances, plain, problem, budget));
        }
        return Ok(());
    }
    for placement in &explanation.found.placements {
        let reason = reason(distances, problem, placement, budget)?;
        explanation.placements.push(reason);
    }
    Ok(())
}

/// The problem with every node where a placement has it. Its one answer tells edges.
fn pinned(problem: &PlacementProblem, placement: &Placement) -> PlacementProblem {
    let mut pinned = problem.clone();
    for (node, host) in pinned.nodes.iter_mut().zip(&placement.hosts) {
        node.hosts = vec![*host];
    }
    pinned.disjoint = Some(Disjoint::Links);
    pinned
}

fn reason(
    distances: &Distances,
    problem: &PlacementProblem,
    placement: &Placement,
    budget: &mut Budget,
) -> Result<PlacementReason, Spent> {
    let net = distances.net();
    let mut solve_one = |problem: &PlacementProblem| {
        let found = solve(distances, problem, 1, budget, &mut Effort::default());
        match found.placements.into_iter().next() {
            Some(placement) if found.proven == 1 => Ok(placement),
            _ => Err(Spent),
        }
    };
    let pinned = pinned(problem, placement);
    let own = match placement.edges.len() == problem.links.len() {
        true => placement.clone(),
        false => solve_one(&pinned)?,
    };
    let bounds: Vec<ConstraintRef> = problem.constraints();
    let bounds: Vec<ConstraintRef> = bounds.into_iter().filter(bounds_routes).collect();
    let free = solve_one(&pinned.without(&bounds))?;
    // In disjoint answers, earlier ones may stand in the way rather than bounds.
    let alone = match problem.disjoint {
        Some(_) => Some(solve_one(&pinned)?),
        None => None,
    };
    let mut reason = PlacementReason::default();
    let mut singles: Vec<Option<Placement>> = vec![None; bounds.len()];
    for (link, route) in own.edges.iter().enumerate() {
        let [hops, delay, price] = Metric::ALL.map(|metric| total(net, route, metric));
        let mut told = LinkReason {
            hops,
            delay,
            price,
            free: *route == free.edges[link],
            forced_by: Vec::new(),
        };
        if alone
            .as_ref()
            .is_some_and(|alone| alone.edges[link] != *route)
        {
            told.forced_by.push(ConstraintRef::Disjoint);
        } else if !told.free {
            for (constraint, without) in bounds.iter().zip(&mut singles) {
                let without = match without {
                    Some(known) => known,
                    None => without.insert(solve_one(&pinned.without(&[*constraint]))?),
                };
                if without.edges[link] == free.edges[link] {
                    told.forced_by.push(*constraint);
                }
            }
            if told.forced_by.is_empty() {
                let mut kept = bounds.clone();
                let mut at = 0;
                while at < kept.len() {
                    let mut fewer = kept.clone();
                    fewer.remove(at);
                    match solve_one(&pinned.without(&fewer))?.edges[link] == free.edges[link] {
                        true => kept = fewer,
                        false => at += 1,
                    }
                }
                told.forced_by = kept;
            }
        }
        reason.links.push(told);
    }
    for walk in &problem.requirements {
        let sum = |of: fn(&LinkReason) -> u64| {
            let links = walk.links.iter().map(|link| of(&reason.links[*link]));
            links.fold(0, u64::saturating_add)
        };
        reason.requirements.push(RequirementReason {
            hops: sum(|link| link.hops),
            delay: sum(|link| link.delay),
        });
    }
    reason.tight = tight(net, problem, &own, &reason);
    Ok(reason)
}

/// Whether a constraint bounds routes where the restriction does not.
fn bounds_routes(constraint: &ConstraintRef) -> bool {
    matches!(
        constraint,
        ConstraintRef::LinkBandwidth { .. }
            | ConstraintRef::LinkDelay { .. }
            | ConstraintRef::LinkHops { .. }
            | ConstraintRef::RequirementBandwidth { .. }
            | ConstraintRef::RequirementDelay { .. }
            | ConstraintRef::RequirementHops { .. }
    )
}

fn total(net: &Net, edges: &[EdgeId], metric: Metric) -> u64 {
    let of = |edge: &EdgeId| metric.of(&net.row(edge.from), edge.nth as usize);
    edges.iter().map(of).fold(0, u64::saturating_add)
}

fn tight(
    net: &Net,
    problem: &PlacementProblem,
    placement: &Placement,
    reason: &PlacementReason,
) -> Vec<ConstraintRef> {
    let needs = problem.needs();
    let mut loads: BTreeMap<EdgeId, u64> = BTreeMap::new();
    for (edges, need) in placement.edges.iter().zip(&needs) {
        for edge in edges {
            let load = loads.entry(*edge).or_default();
            *load = load.saturating_add(*need);
        }
    }
    let full = |link: &usize| {
        let full = |edge: &EdgeId| {
            let has = net.row(edge.from).bandwidth[edge.nth as usize];
            has != crate::net::UNLIMITED && loads.get(edge) == Some(&has)
        };
        needs[*link] > 0 && placement.edges[*link].iter().any(full)
    };
    let used = |domain, kind: usize| {
        let nodes = placement.hosts.iter().zip(&problem.nodes);
        let on = nodes.filter(|(host, _)| **host == domain);
        on.fold(0.0_f64, |sum, (_, node)| sum + node.demand[kind].max(0.0))
    };
    let mut tight = problem.constraints();
    tight.retain(|constraint| match *constraint {
        ConstraintRef::Capacity { domain, kind } => {
            let has = problem
                .capacity
                .get(&domain)
                .map_or(f64::INFINITY, |has| has[kind]);
            kind < RESOURCE_KINDS && placement.hosts.contains(&domain) && used(domain, kind) >= has
        }
        ConstraintRef::LinkBandwidth { link } => full(&link),
        ConstraintRef::LinkDelay { link } => {
            problem.links[link].max_delay == Some(reason.links[link].delay)
        }
        ConstraintRef::LinkHops { link } => {
            problem.links[link].max_hops.map(u64::from) == Some(reason.links[link].hops)
        }
        ConstraintRef::RequirementBandwidth { requirement } => {
            problem.requirements[requirement].links.iter().any(full)
        }
        ConstraintRef::RequirementDelay { requirement } => {
            let sums = &reason.requirements[requirement];
            problem.requirements[requirement].max_delay == Some(sums.delay)
        }
        ConstraintRef::RequirementHops { requirement } => {
            let sums = &reason.requirements[requirement];
            problem.requirements[requirement].max_hops.map(u64::from) == Some(sums.hops)
        }
        _ => false,
    });
    tight
}
