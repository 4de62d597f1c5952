//! From the problem to the placements, for one objective.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::amount::Amount;
use super::bound::{Bound, Costs};
use super::instance::Instance;
use super::joint::{Joint, Routing};
use super::layers::{Layers, parents};
use super::routes::Route;
use super::tables::{Tables, World};
use super::walk::{Walk, Window};
use super::{Effort, Placement, PlacementProblem, Placements};
use crate::DomainIndex;
use crate::search::budget::{Budget, Spent};
use crate::search::cost::{Objective, Weigh};
use crate::search::distance::Distances;
use crate::search::space::Rules;

/// Where costs come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// From what fits the size of the net.
    Fitting,
    /// From layers, if the links are such; for tests.
    #[cfg(test)]
    Layers,
}

/// The `k` best placements, whatever [`PlacementProblem::disjoint`] says.
pub(super) fn solve(
    distances: &Distances,
    problem: &PlacementProblem,
    k: usize,
    budget: &mut Budget,
    effort: &mut Effort,
) -> Placements {
    solve_by(distances, problem, Way::Fitting, k, budget, effort)
}

fn solve_by(
    distances: &Distances,
    problem: &PlacementProblem,
    way: Way,
    k: usize,
    budget: &mut Budget,
    effort: &mut Effort,
) -> Placements {
    match problem.objective {
        Objective::Metric(metric) => by(distances, problem, metric, way, k, budget, effort),
        Objective::Sum(weights) => by(distances, problem, weights, way, k, budget, effort),
        Objective::Lexicographic(metrics) => {
            by(distances, problem, metrics, way, k, budget, effort)
        }
    }
}

fn by<W: Weigh>(
    distances: &Distances,
    problem: &PlacementProblem,
    weigh: W,
    way: Way,
    k: usize,
    budget: &mut Budget,
    effort: &mut Effort,
) -> Placements
where
    W::Cost: Amount,
{
    let mut found = Placements::default();
    if k > 0 {
        found.cut = search(
            distances, problem, weigh, way, k, budget, effort, &mut found,
        )
        .is_err();
    }
    found
}

fn search<W: Weigh>(
    distances: &Distances,
    problem: &PlacementProblem,
    weigh: W,
    way: Way,
    k: usize,
    budget: &mut Budget,
    effort: &mut Effort,
    found: &mut Placements,
) -> Result<(), Spent>
where
    W::Cost: Amount,
{
    let Some(instance) = Instance::new(distances.net(), problem, None, budget)? else {
        return Ok(());
    };
    let mut world = World::new(&instance, distances, weigh, budget)?;
    let many = match way {
        Way::Fitting => !world.is_small(),
        #[cfg(test)]
        Way::Layers => true,
    };
    if many
        && world.index(0).is_none()
        && let Some(parents) = parents(&instance)
    {
        let rules = Rules::new(instance.net, &problem.restriction);
        let Some(layers) = Layers::new(&instance, weigh, &rules, parents, k, budget)? else {
            return Ok(());
        };
        let walk = Walk::new(&instance, None, layers);
        return Ranking::new(walk, k, found, effort).run(&mut world, budget);
    }
    let tables = Tables::new(&mut world, budget)?;
    let Some(bound) = Bound::new(&instance, &tables, budget)? else {
        return Ok(());
    };
    let walk = Walk::new(&instance, Some(&tables), bound);
    Ranking::new(walk, k, found, effort).run(&mut world, budget)
}

/// An assignment that waits for its turn.
struct Waiting<C> {
    cost: C,
    choices: Box<[u32]>,
    /// Its routes, once they are known: then the cost is true.
    routing: Option<Routing<C>>,
}

impl<C: Ord> PartialEq for Waiting<C> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<C: Ord> Eq for Waiting<C> {}

impl<C: Ord> PartialOrd for Waiting<C> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<C: Ord> Ord for Waiting<C> {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.cost, &self.choices).cmp(&(&other.cost, &other.choices))
    }
}

/// Tells placements in order as the walk finds assignments.
struct Ranking<'r, 'a, C, B> {
    walk: Walk<'a, C, B>,
    joint: Joint<C>,
    k: usize,
    found: &'r mut Placements,
    effort: &'r mut Effort,
    /// The free routes of the assignment at hand, by number.
    routes: Vec<u32>,
}

impl<'r, 'a, C: Amount, B: Costs<C>> Ranking<'r, 'a, C, B> {
    fn new(
        walk: Walk<'a, C, B>,
        k: usize,
        found: &'r mut Placements,
        effort: &'r mut Effort,
    ) -> Self {
        Self {
            walk,
            joint: Joint::new(),
            k,
            found,
            effort,
            routes: Vec::new(),
        }
    }

    fn run<W: Weigh<Cost = C>>(
        mut self,
        world: &mut World<'a, W>,
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        // Where domains are more than points, a cheapest path may enter one twice: no route does. What
        // somebody does not carry may cost more than the tables say.
        let promised =
            world.instance.bounds_routes || !world.instance.net.is_plain() || world.is_refused();
        let result = match promised {
            true => self.settle(world, budget),
            false => self.tell(world, budget),
        };
        self.effort.expansions += self.walk.steps;
        self.effort.searched += self.joint.searches;
        result
    }

    /// Without bounds on routes: what the walk finds is what there is.
    fn tell<W: Weigh<Cost = C>>(
        &mut self,
        world: &mut World<'a, W>,
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        let mut keep = self.k;
        let mut choices = Vec::new();
        let Some(mut window) = self.walk.first(self.k) else {
            return Ok(());
        };
        loop {
            self.walk.keep(keep);
            self.effort.windows += 1;
            let walked = self.walk.window(&window, budget);
            let leaves = self.walk.take_leaves();
            self.found.placements.reserve(leaves.len());
            for leaf in leaves {
                choices.clear();
                choices.extend_from_slice(self.walk.choices(&leaf));
                if !self.free(world, &choices, budget)? {
                    continue;
                }
                self.effort.routed += 1;
                // At the floor of a window that was not walked to its end, those found are the first.
                if walked.is_ok() || leaf.cost <= window.floor {
                    self.found.proven += 1;
                }
                let routes = self.routes.iter().filter_map(|nth| self.joint.nth(*nth));
                let placement = placement(world, leaf.cost, &choices, routes);
                self.found.placements.push(placement);
            }
            walked?;
            keep = keep.saturating_mul(2);
            let want = self.k - self.found.placements.len();
            match self.walk.after(&window, want) {
                Some(next) if want > 0 => window = next,
                _ => return Ok(()),
            }
        }
    }

    /// With bounds on routes.
    fn settle<W: Weigh<Cost = C>>(
        &mut self,
        world: &mut World<'a, W>,
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        let mut queue = BinaryHeap::new();
        let result = self.settle_in(&mut queue, world, budget);
        // What has its true cost keeps to all constraints, proven to be the next or not.
        if result.is_err() {
            let mut rest = queue.into_sorted_vec();
            while let Some(Reverse(next)) = rest.pop() {
                let Some(routing) = next.routing else {
                    continue;
                };
                if self.found.placements.len() < self.k {
                    let routes = routing.routes.iter().map(|route| &**route);
                    let placement = placement(world, next.cost, &next.choices, routes);
                    self.found.placements.push(placement);
                }
            }
        }
        result
    }

    fn settle_in<W: Weigh<Cost = C>>(
        &mut self,
        queue: &mut BinaryHeap<Reverse<Waiting<C>>>,
        world: &mut World<'a, W>,
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        let mut keep = self.k;
        let mut window = self.walk.first(0);
        loop {
            // Many assignments may cost as little as the first: only so many are looked at before some are
            // given their routes, then four times as many.
            let mut want = self.k.saturating_mul(2);
            let mut seen = 0;
            loop {
                // Whatever is not in the queue costs more than this, or as much and comes later by names.
                let (mut to, mut last) = (C::FAR, None);
                if let Some(window) = &window {
                    self.walk.keep(keep);
                    self.effort.windows += 1;
                    self.walk.window(&Window { want, ..*window }, budget)?;
                    to = window.to;
                    let leaves = self.walk.take_leaves();
                    for leaf in leaves.iter().skip(seen) {
                        queue.push(Reverse(Waiting {
                            cost: leaf.cost,
                            choices: self.walk.choices(leaf).into(),
                            routing: None,
                        }));
                    }
                    seen = leaves.len();
                    let worst = leaves.last().filter(|_| seen == want);
                    last = worst.map(|leaf| (leaf.cost, self.walk.choices(leaf).to_vec()));
                }
                if self.settle_queued(queue, to, last.as_ref(), world, budget)? {
                    return Ok(());
                }
                if last.is_none() {
                    break;
                }
                want = want.saturating_mul(4);
            }
            keep = keep.saturating_mul(2);
            let Some(last) = window else { return Ok(()) };
            window = self.walk.after(&last, 0);
        }
    }

    /// Gives what waits its routes and tells it, as far as nothing better can come any more: up to a cost,
    /// and up to a cost and choices. True if `k` placements are told.
    fn settle_queued<W: Weigh<Cost = C>>(
        &mut self,
        queue: &mut BinaryHeap<Reverse<Waiting<C>>>,
        to: C,
        last: Option<&(C, Vec<u32>)>,
        world: &mut World<'a, W>,
        budget: &mut Budget,
    ) -> Result<bool, Spent> {
        let is_next = |next: &Waiting<C>| {
            let within = |last: &(C, Vec<u32>)| (next.cost, &*next.choices) <= (last.0, &*last.1);
            next.cost <= to && last.is_none_or(within)
        };
        while queue.peek().is_some_and(|next| is_next(&next.0))
            && let Some(Reverse(next)) = queue.pop()
        {
            if let Some(routing) = &next.routing {
                let routes = routing.routes.iter().map(|route| &**route);
                let placement = placement(world, next.cost, &next.choices, routes);
                self.found.placements.push(placement);
                self.found.proven += 1;
                if self.found.placements.len() == self.k {
                    return Ok(true);
                }
                continue;
            }
            self.effort.routed += 1;
            let instance = world.instance;
            let host = |(node, choice): (usize, &u32)| instance.hosts(node)[*choice as usize];
            let hosts: Vec<u32> = next.choices.iter().enumerate().map(host).collect();
            self.free(world, &next.choices, budget)?;
            if let Some(routing) = self.joint.route(world, &hosts, budget)? {
                queue.push(Reverse(Waiting {
                    cost: routing.cost,
                    routing: Some(routing),
                    ..next
                }));
            }
        }
        Ok(false)
    }

    /// Finds the free routes of an assignment; false if one is missing.
    fn free<W: Weigh<Cost = C>>(
        &mut self,
        world: &mut World<'a, W>,
        choices: &[u32],
        budget: &mut Budget,
    ) -> Result<bool, Spent> {
        let instance = world.instance;
        let host = |node: usize| instance.hosts(node)[choices[node] as usize];
        self.routes.clear();
        for link in &instance.problem.links {
            let (from, to) = (host(link.src), host(link.dst));
            let nth = match self.joint.known(from, to) {
                Some(nth) => nth,
                None => {
                    let mut known = None;
                    if from != to && world.free_class(from, to) == 0 {
                        known = self.walk.costs.route(link.dst, choices, budget)?;
                    }
                    self.joint.find(world, from, to, known, budget)?
                }
            };
            if self.joint.nth(nth).is_none() {
                return Ok(false);
            }
            self.routes.push(nth);
        }
        Ok(true)
    }
}

fn placement<'r, W: Weigh>(
    world: &World<'_, W>,
    cost: W::Cost,
    choices: &[u32],
    routes: impl Iterator<Item = &'r Route<W::Cost>> + Clone,
) -> Placement
where
    W::Cost: Amount,
{
    let instance = world.instance;
    let problem = instance.problem;
    let host = |(node, choice): (usize, &u32)| {
        DomainIndex::of(instance.domain(instance.hosts(node)[*choice as usize]))
    };
    let mut segments = Vec::with_capacity(problem.links.len());
    let mut totals = [0_u64; 3];
    for route in routes.clone() {
        segments.push(Arc::clone(&route.domains));
        for (total, of) in totals.iter_mut().zip(&route.totals) {
            *total = total.saturating_add(*of);
        }
    }
    let [hops, delay, price] = totals;
    Placement {
        hosts: choices.iter().enumerate().map(host).collect(),
        cost: cost.told(),
        hops,
        delay,
        price,
        segments,
        edges: match instance.tells_edges {
            true => routes.map(|route| route.edges.clone()).collect(),
            false => Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::net::{Edge, NetBuilder, Role};
    use crate::search::cost::{Metric, Weights};
    use crate::search::placements::{PlacementNode, RESOURCE_KINDS};

    /// `SplitMix64`.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: u32) -> u32 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) % u64::from(limit)) as u32
        }
    }

    /// A net of 4 to 30 domains, one way and both ways, and a tree of nodes on it.
    fn world(seed: u64) -> (Distances, PlacementProblem) {
        let random = &mut Random(seed);
        let domains = 4 + random.below(27);
        let mut builder = NetBuilder::new(domains);
        for _ in 0..domains * 2 {
            let (a, b) = (random.below(domains), random.below(domains));
            let roles = [
                Role::Unknown,
                Role::ToPeer,
                Role::ToCustomer,
                Role::ToProvider,
            ];
            let edge = Edge {
                to: b,
                delay: random.below(4),
                price: random.below(3),
                bandwidth: u64::from(random.below(4)),
                role: roles[random.below(4) as usize],
            };
            if a != b {
                builder.edge(a, edge);
            }
            if a != b && random.below(3) > 0 {
                let role = edge.role.reverse();
                builder.edge(
                    b,
                    Edge {
                        to: a,
                        role,
                        ..edge
                    },
                );
            }
        }
        let mut problem = PlacementProblem::default();
        for at in 0..2 + random.below(4) {
            let mut node = PlacementNode::default();
            node.hosts
                .extend((0..=random.below(6)).map(|_| DomainIndex::of(random.below(domains))));
            node.demand[0] = 1.0;
            problem.nodes.push(node);
            if at > 0 && random.below(8) > 0 {
                let src = random.below(at) as usize;
                let mut link = super::super::PlacementLink::from((src, at as usize));
                if seed.is_multiple_of(5) {
                    link.max_delay = Some(u64::from(random.below(6)));
                    link.bandwidth = u64::from(random.below(3));
                }
                problem.links.push(link);
            }
        }
        if seed.is_multiple_of(3) {
            let all = (0..domains).map(DomainIndex::of);
            problem.capacity = all
                .map(|d| (d, [1.0; RESOURCE_KINDS]))
                .collect::<BTreeMap<_, _>>();
        }
        if seed.is_multiple_of(7) {
            problem.anti_affinity.push(vec![0, 1]);
        }
        problem.restriction.valley_free = seed.is_multiple_of(4);
        if seed.is_multiple_of(6) {
            problem
                .restriction
                .closed_domains
                .insert(random.below(domains));
        }
        if seed.is_multiple_of(4) {
            for _ in 0..4 {
                let refused = &mut problem.refused;
                let map = match random.below(2) {
                    0 => &mut refused.of_sources,
                    _ => &mut refused.of_destinations,
                };
                let of = map.entry(random.below(domains)).or_default();
                of.insert(random.below(domains));
            }
        }
        if seed.is_multiple_of(11) {
            let transit = &mut problem.restriction.closed_transit;
            transit.insert(random.below(domains));
        }
        problem.objective = match random.below(4) {
            0 => Objective::Metric(Metric::Hops),
            1 => Objective::Metric(Metric::Delay),
            2 => Objective::Sum(Weights {
                hops: 1,
                delay: 1_000_000,
                price: 10,
            }),
            _ => Objective::Lexicographic([Metric::Hops, Metric::Price, Metric::Delay]),
        };
        (Distances::new(Arc::new(builder.build())), problem)
    }

    #[test]
    fn layers_tell_the_same_placements_as_tables() {
        let mut many = 0;
        for seed in 0..3000 {
            let (distances, problem) = world(seed);
            for k in [1, 7, 1000] {
                let by = |way| {
                    let (budget, effort) = (&mut Budget::new(u64::MAX), &mut Effort::default());
                    solve_by(&distances, &problem, way, k, budget, effort)
                };
                let (tables, layers) = (by(Way::Fitting), by(Way::Layers));
                assert_eq!(tables, layers, "seed {seed}, k {k}");
                many += usize::from(tables.placements.len() > 3);
            }
        }
        assert!(many > 1000, "{many}");
    }
}
