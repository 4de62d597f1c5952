//! The paths that one link of a service graph could take: the k best for each pair of hosts.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::PlacementProblem;
use super::amount::Amount;
use super::instance::Instance;
use super::routes::{Route, RouteBounds, Stream, StreamKey};
use super::tables::World;
use crate::DomainIndex;
use crate::net::EdgeId;
use crate::search::budget::{Budget, Spent};
use crate::search::cost::{Objective, Weigh};
use crate::search::distance::Distances;
use crate::search::stream::PathStream;

/// A path vector that a link could take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkPath {
    /// The domains from host to host, both included.
    pub domains: Arc<[DomainIndex]>,
    /// The edges that it takes: of all choices of parallel ones that keep to the bounds, one of the
    /// cheapest.
    pub edges: Vec<EdgeId>,
    /// What it is ranked by, as of [`super::Placement::cost`].
    pub cost: [u64; 3],
    /// Borders crossed.
    pub hops: u64,
    /// Delay in nanoseconds.
    pub delay: u64,
    /// Price in thousandths of the unit of account.
    pub price: u64,
}

/// Tells the `k` best path vectors that a link could take between each two hosts of its nodes: pairs in the
/// order of names, the path vectors of a pair by cost, then by names; until `sink` breaks.
///
/// Hosts are those that the node's own rules leave, and pairs those that affinity and anti-affinity do. A
/// path keeps to the restriction, to what domains refuse, to the bounds of the link, and by itself to those
/// of each requirement that the link is part of. Each edge has the bandwidth that the link needs; what other
/// links need is not looked at. A link that the problem does not have has no path.
///
/// A step of the budget is an edge looked at, or a domain told. Path vectors under bounds of delay or hops
/// are found among all routes, one for each choice of parallel edges; others at once.
///
/// # Errors
/// If the budget is spent. What was told is the beginning of the answer.
pub fn link_paths(
    distances: &Distances,
    problem: &PlacementProblem,
    link: usize,
    k: usize,
    budget: &mut Budget,
    sink: impl FnMut(LinkPath) -> ControlFlow<()>,
) -> Result<(), Spent> {
    match problem.objective {
        Objective::Metric(metric) => by(distances, problem, metric, link, k, budget, sink),
        Objective::Sum(weights) => by(distances, problem, weights, link, k, budget, sink),
        Objective::Lexicographic(order) => by(distances, problem, order, link, k, budget, sink),
    }
}

fn by<W: Weigh>(
    distances: &Distances,
    problem: &PlacementProblem,
    weigh: W,
    link: usize,
    k: usize,
    budget: &mut Budget,
    mut sink: impl FnMut(LinkPath) -> ControlFlow<()>,
) -> Result<(), Spent>
where
    W::Cost: Amount,
{
    let Some(of) = problem.links.get(link).filter(|_| k > 0) else {
        return Ok(());
    };
    let Some(instance) = Instance::new(distances.net(), problem, None, budget)? else {
        return Ok(());
    };
    let mut world = World::new(&instance, distances, weigh, budget)?;
    let bounds = bounds(problem, link);
    for from in instance.hosts(of.src) {
        for to in instance.hosts(of.dst) {
            budget.spend(1)?;
            if !may_join(&instance, (of.src, *from), (of.dst, *to)) {
                continue;
            }
            let key = StreamKey {
                class: world.class(link, *from, *to),
                from: *from,
                to: *to,
                bounds,
            };
            let told = if *from == *to || bounds != RouteBounds::NONE {
                bounded(&mut world, key, k, budget, &mut sink)?
            } else {
                unbounded(&world, key, k, budget, &mut sink)?
            };
            if told.is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// What each path of a link has to keep by itself.
fn bounds(problem: &PlacementProblem, link: usize) -> RouteBounds {
    let mut bounds = RouteBounds::NONE;
    let mut keep = |max_delay: Option<u64>, max_hops: Option<u32>| {
        let max_hops = max_hops.map_or(u64::MAX, u64::from);
        bounds.max_delay = bounds.max_delay.min(max_delay.unwrap_or(u64::MAX));
        bounds.max_hops = bounds.max_hops.min(max_hops);
    };
    let own = &problem.links[link];
    keep(own.max_delay, own.max_hops);
    for walk in &problem.requirements {
        if walk.links.contains(&link) {
            keep(walk.max_delay, walk.max_hops);
        }
    }
    bounds
}

/// Whether two nodes may be on these hosts, as far as the two alone decide.
fn may_join(instance: &Instance<'_>, (a, on_a): (usize, u32), (b, on_b): (usize, u32)) -> bool {
    if a == b {
        return on_a == on_b;
    }
    let ties = instance.ties().iter();
    let mut between = ties.filter(|tie| (tie.0, tie.1) == (a.min(b), a.max(b)));
    between.all(|tie| tie.2 == (on_a == on_b))
}

fn path<C: Amount>(route: &Route<C>) -> LinkPath {
    let [hops, delay, price] = route.totals;
    LinkPath {
        domains: Arc::clone(&route.domains),
        edges: route.edges.clone(),
        cost: route.cost.told(),
        hops,
        delay,
        price,
    }
}

/// The path vectors between two hosts within bounds: the first route along each.
fn bounded<W: Weigh>(
    world: &mut World<'_, W>,
    key: StreamKey,
    k: usize,
    budget: &mut Budget,
    sink: &mut impl FnMut(LinkPath) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Spent>
where
    W::Cost: Amount,
{
    let mut stream = Stream::new(world, key, budget)?;
    let mut told: BTreeSet<Arc<[DomainIndex]>> = BTreeSet::new();
    for nth in 0.. {
        let Some(route) = stream.get(nth, world, budget)? else {
            break;
        };
        budget.spend(route.domains.len())?;
        if told.insert(Arc::clone(&route.domains)) && sink(path(&route)).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        if told.len() == k {
            break;
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// The path vectors between two hosts.
fn unbounded<W: Weigh>(
    world: &World<'_, W>,
    key: StreamKey,
    k: usize,
    budget: &mut Budget,
    sink: &mut impl FnMut(LinkPath) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Spent>
where
    W::Cost: Amount,
{
    let (instance, rules) = (world.instance, &world.classes[key.class]);
    let ends = (instance.domain(key.from), instance.domain(key.to));
    let all = std::mem::replace(budget, Budget::new(0));
    let mut stream = PathStream::new(instance.net, world.weigh, rules, ends, usize::MAX, all);
    let mut told = Ok(ControlFlow::Continue(()));
    for _ in 0..k {
        match stream.advance() {
            None => break,
            Some(Err(Spent)) => {
                told = Err(Spent);
                break;
            }
            Some(Ok(_)) => {}
        }
        let Some(found) = stream.path() else { break };
        let route = Route::new(instance.net, world.weigh, ends.0, &found.edges, true);
        if sink(path(&route)).is_break() {
            told = Ok(ControlFlow::Break(()));
            break;
        }
    }
    *budget = stream.into_budget();
    told
}
