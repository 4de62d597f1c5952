//! How many hosts and pairs of hosts each constraint alone rules out.

use super::instance::{HostCounts, Instance};
use super::tables::World;
use super::{PlacementProblem, Trees};
use crate::search::budget::{Budget, Spent};
use crate::search::cost::Metric;
use crate::search::distance::Distances;

/// How many pairs of hosts a link could join, and how many each constraint alone rules out: a pair
/// may count for several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairCounts {
    /// Pairs of hosts of its two nodes.
    pub pairs: usize,
    /// No path that the restriction allows, or none that is carried all the way.
    pub unreachable: usize,
    /// Of these, the pairs that some path joins that is not carried by domains that refuse to.
    pub refused: usize,
    /// Paths, but none whose edges have the bandwidth that the link needs.
    pub bandwidth: usize,
    /// The shortest delay is more than the link may have.
    pub delay: usize,
    /// The fewest hops are more than the link may have.
    pub hops: usize,
    /// What is left once each is looked at; paths that keep to all at once may be missing still.
    pub left: usize,
}

/// Per node its hosts, per link its pairs. The links are missing if the work was spent on them, or
/// if some node has no host.
pub(in crate::search) fn counts(
    distances: &Distances,
    problem: &PlacementProblem,
    budget: &mut Budget,
) -> Result<(Vec<HostCounts>, Vec<PairCounts>), Spent> {
    let mut hosts = Vec::new();
    let instance = Instance::new(distances.net(), problem, Some(&mut hosts), budget)?;
    let pairs = match &instance {
        Some(instance) => pairs(instance, distances, budget).unwrap_or_default(),
        None => Vec::new(),
    };
    Ok((hosts, pairs))
}

fn pairs(
    instance: &Instance<'_>,
    distances: &Distances,
    budget: &mut Budget,
) -> Result<Vec<PairCounts>, Spent> {
    let problem = instance.problem;
    let mut world = World::new(instance, distances, Metric::Hops, budget)?;
    let mut all = Vec::with_capacity(problem.links.len());
    for (at, link) in problem.links.iter().enumerate() {
        let mut counts = PairCounts::default();
        for src in instance.hosts(link.src) {
            let point = instance.net.source(instance.domain(*src));
            budget.spend(instance.hosts(link.dst).len())?;
            for dst in instance.hosts(link.dst) {
                if link.src == link.dst && src != dst {
                    continue;
                }
                counts.pairs += 1;
                if src == dst {
                    counts.left += 1;
                    continue;
                }
                let class = world.class(at, *src, *dst);
                let free = world.free_class(*src, *dst);
                world.grow(free, *dst, budget)?;
                if world.objective[free].from(*dst, point) == u64::MAX {
                    counts.unreachable += 1;
                    if free > 0 {
                        world.grow(0, *dst, budget)?;
                        let joined = world.objective[0].from(*dst, point) < u64::MAX;
                        counts.refused += usize::from(joined);
                    }
                    continue;
                }
                if !instance.bounds_routes {
                    counts.left += 1;
                    continue;
                }
                world.grow_bounds(free, *dst, budget)?;
                world.grow_bounds(class, *dst, budget)?;
                let over = |trees: &Trees<u64>, most: Option<u64>| {
                    most.is_some_and(|most| trees.from(*dst, point) > most)
                };
                let max_hops = link.max_hops.map(u64::from);
                counts.delay += usize::from(over(&world.delay[free], link.max_delay));
                counts.hops += usize::from(over(&world.hops[free], max_hops));
                let narrow = world.hops[class].from(*dst, point) == u64::MAX;
                counts.bandwidth += usize::from(narrow);
                let out =
                    over(&world.delay[class], link.max_delay) || over(&world.hops[class], max_hops);
                counts.left += usize::from(!narrow && !out);
            }
        }
        all.push(counts);
    }
    Ok(all)
}
