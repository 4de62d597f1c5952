//! Routes of one link: the cheapest one, and all within bounds in order.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::amount::Amount;
use super::tables::World;
use crate::DomainIndex;
use crate::net::{EdgeId, Net};
use crate::search::budget::{Budget, Spent};
use crate::search::cost::{Cost, Metric, Weigh};
use crate::search::space::{Restricted, Space};

/// A route of a link. Routes are in order of cost, then of the names of domains, then of edges.
#[derive(Clone, Debug)]
pub(super) struct Route<C> {
    pub(super) cost: C,
    pub(super) domains: Arc<[DomainIndex]>,
    pub(super) edges: Vec<EdgeId>,
    /// By metric, in the order of [`Metric::ALL`].
    pub(super) totals: [u64; 3],
}

impl<C: Cost> Route<C> {
    /// The route of a link within one domain.
    fn within(domain: u32) -> Self {
        Self {
            cost: C::ZERO,
            domains: Arc::new([DomainIndex::of(domain)]),
            edges: Vec::new(),
            totals: [0; 3],
        }
    }

    /// The route of a link that takes these edges. Keeps them only if they are asked for.
    pub(super) fn new<W: Weigh<Cost = C>>(
        net: &Net,
        weigh: W,
        from: u32,
        edges: &[EdgeId],
        keep: bool,
    ) -> Self {
        let mut domains = Vec::with_capacity(edges.len() + 1);
        Self::written_on(&mut domains, net, weigh, from, edges, keep)
    }

    /// The same. `domains` is what it writes on.
    fn written_on<W: Weigh<Cost = C>>(
        domains: &mut Vec<DomainIndex>,
        net: &Net,
        weigh: W,
        from: u32,
        edges: &[EdgeId],
        keep: bool,
    ) -> Self {
        let (mut cost, mut totals) = (C::ZERO, [0_u64; 3]);
        domains.clear();
        domains.push(DomainIndex::of(from));
        for edge in edges {
            let (row, nth) = (net.row(edge.from), edge.nth as usize);
            cost = cost.plus(weigh.weigh(&row, nth));
            for (total, metric) in totals.iter_mut().zip(Metric::ALL) {
                *total = total.saturating_add(metric.of(&row, nth));
            }
            domains.push(DomainIndex::of(net.domain_of(row.to[nth])));
        }
        if !net.is_plain() {
            domains.dedup();
        }
        Self {
            cost,
            domains: domains[..].into(),
            edges: match keep {
                true => edges.to_vec(),
                false => Vec::new(),
            },
            totals,
        }
    }
}

/// What routes are written on before they are kept.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    edges: Vec<EdgeId>,
    domains: Vec<DomainIndex>,
}

/// What a single route must keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RouteBounds {
    pub(super) max_delay: u64,
    pub(super) max_hops: u64,
}

impl RouteBounds {
    pub(super) const NONE: Self = Self {
        max_delay: u64::MAX,
        max_hops: u64::MAX,
    };
}

/// Which routes a stream tells: from host to host, under the restriction of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StreamKey {
    pub(super) class: usize,
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) bounds: RouteBounds,
}

/// The routes of a link within its bounds, in order, as far as they were asked for.
///
/// What [`crate::search::PathStream`] does, with the bounds looked at on the way. Best first over paths
/// that are not complete yet, each with the exact distance that is left (A*): what comes out of
/// the queue is in order, and nothing is expanded that costs more than the last route asked for.
pub(super) struct Stream<C> {
    key: StreamKey,
    heap: BinaryHeap<Reverse<Partial<C>>>,
    pub(super) found: Vec<Arc<Route<C>>>,
}

/// The beginning of a route.
struct Partial<C> {
    /// What the route costs at least.
    least: C,
    domains: Vec<u32>,
    edges: Vec<EdgeId>,
    state: u32,
    cost: C,
    delay: u64,
    hops: u64,
}

impl<C: Cost> Partial<C> {
    fn order(&self, other: &Self) -> Ordering {
        let key = |it: &Self| it.least;
        key(self)
            .cmp(&key(other))
            .then_with(|| self.domains.cmp(&other.domains))
            .then_with(|| self.edges.cmp(&other.edges))
    }
}

impl<C: Cost> PartialEq for Partial<C> {
    fn eq(&self, other: &Self) -> bool {
        self.order(other).is_eq()
    }
}

impl<C: Cost> Eq for Partial<C> {}

impl<C: Cost> PartialOrd for Partial<C> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<C: Cost> Ord for Partial<C> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order(other)
    }
}

impl<C: Amount> Stream<C> {
    /// Grows the trees that it needs.
    pub(super) fn new<W: Weigh<Cost = C>>(
        world: &mut World<'_, W>,
        key: StreamKey,
        budget: &mut Budget,
    ) -> Result<Self, Spent> {
        let mut stream = Self {
            key,
            heap: BinaryHeap::new(),
            found: Vec::new(),
        };
        let instance = world.instance;
        let from = instance.domain(key.from);
        if key.from == key.to {
            stream.found.push(Arc::new(Route::within(from)));
            return Ok(stream);
        }
        world.grow(key.class, key.to, budget)?;
        if key.bounds != RouteBounds::NONE {
            world.grow_bounds(key.class, key.to, budget)?;
        }
        let point = instance.net.source(from);
        let least = world.objective[key.class].from(key.to, point);
        if least != C::FAR {
            stream.heap.push(Reverse(Partial {
                least,
                domains: vec![from],
                edges: Vec::new(),
                state: point << u32::from(world.classes[key.class].is_valley_free()),
                cost: C::ZERO,
                delay: 0,
                hops: 0,
            }));
        }
        Ok(stream)
    }

    /// The route at a position in the order; `None` if there are fewer.
    pub(super) fn get<W: Weigh<Cost = C>>(
        &mut self,
        nth: usize,
        world: &World<'_, W>,
        budget: &mut Budget,
    ) -> Result<Option<Arc<Route<C>>>, Spent> {
        while self.found.len() <= nth {
            let Some(Reverse(partial)) = self.heap.pop() else {
                return Ok(None);
            };
            self.expand(partial, world, budget)?;
        }
        Ok(self.found.get(nth).cloned())
    }

    fn expand<W: Weigh<Cost = C>>(
        &mut self,
        partial: Partial<C>,
        world: &World<'_, W>,
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        let StreamKey {
            class,
            from,
            to,
            bounds,
        } = self.key;
        let (instance, net) = (world.instance, world.instance.net);
        let space = Restricted {
            net,
            weigh: world.weigh,
            rules: &world.classes[class],
        };
        let here = space.point(partial.state);
        if here == net.sink(instance.domain(to)) {
            let from = instance.domain(from);
            let route = Route::new(net, world.weigh, from, &partial.edges, true);
            self.found.push(Arc::new(route));
            return Ok(());
        }
        let mut steps = 1;
        let bounded = bounds != RouteBounds::NONE;
        let domain = net.domain_of(here);
        space.forward(partial.state, |next, more, edge| {
            steps += 1;
            let point = space.point(next);
            let into = net.domain_of(point);
            let been = match into == domain {
                true => point == here || partial.edges.iter().any(|edge| edge.from == point),
                false => partial.domains.contains(&into),
            };
            let left = world.objective[class].at(to, next);
            if been || left == C::FAR {
                return;
            }
            let (mut delay, mut hops) = (0, 0);
            if bounded {
                let (row, nth) = (net.row(edge.from), edge.nth as usize);
                delay = partial.delay.saturating_add(Metric::Delay.of(&row, nth));
                hops = partial.hops.saturating_add(Metric::Hops.of(&row, nth));
                let left = |trees: &super::tables::Trees<u64>| trees.at(to, next);
                if delay.saturating_add(left(&world.delay[class])) > bounds.max_delay
                    || hops.saturating_add(left(&world.hops[class])) > bounds.max_hops
                {
                    return;
                }
            }
            let cost = partial.cost.plus(more);
            let mut domains = partial.domains.clone();
            if into != domain {
                domains.push(into);
            }
            let mut edges = Vec::with_capacity(partial.edges.len() + 1);
            edges.extend_from_slice(&partial.edges);
            edges.push(edge);
            steps += edges.len();
            self.heap.push(Reverse(Partial {
                least: cost.plus(left),
                domains,
                edges,
                state: next,
                cost,
                delay,
                hops,
            }));
        });
        budget.spend(steps)
    }
}

/// The first route between two hosts that the restriction of the problem allows, whatever the bounds
/// of the link. `known` is the route if the search knows it already. With an index: the route that the
/// index holds.
pub(super) fn free_route<W: Weigh>(
    world: &mut World<'_, W>,
    from: u32,
    to: u32,
    known: Option<Vec<EdgeId>>,
    scratch: &mut Scratch,
    budget: &mut Budget,
) -> Result<Option<Route<W::Cost>>, Spent>
where
    W::Cost: Amount,
{
    let instance = world.instance;
    let (src, dst) = (instance.domain(from), instance.domain(to));
    if from == to {
        return Ok(Some(Route::within(src)));
    }
    let (net, weigh, keep) = (instance.net, world.weigh, instance.tells_edges);
    if let Some(edges) = known {
        return Ok(Some(Route::new(net, weigh, src, &edges, keep)));
    }
    let class = world.free_class(from, to);
    // Where domains have several points, the first by points is not the first by names, and may pass a
    // domain twice.
    let index = world.index(class).filter(|_| net.is_plain());
    let Scratch { edges, domains } = scratch;
    let mut found = false;
    if let Some(metric) = index
        && world.distances.edges(metric, src, dst, edges)
    {
        budget.spend(edges.len() + 1)?;
        found = true;
    } else {
        world.grow(class, to, budget)?;
        let rules = &world.classes[class];
        if net.is_plain() && !rules.is_valley_free() && !rules.closes_transit() {
            found = descend(world, class, (from, to), edges, budget)?;
        }
    }
    if found {
        let route = Route::written_on(domains, net, weigh, src, edges, keep);
        return Ok(Some(route));
    }
    let key = StreamKey {
        class,
        from,
        to,
        bounds: RouteBounds::NONE,
    };
    let mut stream = Stream::new(world, key, budget)?;
    let route = stream.get(0, world, budget)?;
    Ok(route.map(|route| Route::clone(&route)))
}

/// Down the tree of `to`, to the first by names at each step. False if an edge on the way costs
/// nothing: then the first by names is not found step by step.
fn descend<W: Weigh>(
    world: &World<'_, W>,
    class: usize,
    (from, to): (u32, u32),
    edges: &mut Vec<EdgeId>,
    budget: &mut Budget,
) -> Result<bool, Spent> {
    edges.clear();
    let net = world.instance.net;
    // Without phases, and with all domains to pass, states are points.
    let costs = world.objective[class].tree(to);
    let space = Restricted {
        net,
        weigh: world.weigh,
        rules: &world.classes[class],
    };
    let open = world.classes[class].is_none();
    let (mut at, end) = (world.instance.domain(from), world.instance.domain(to));
    let cost_from = |point: u32| costs.get(point as usize).copied().unwrap_or(W::Cost::FAR);
    let mut left = cost_from(at);
    while at != end {
        let mut next = None;
        if open {
            let row = net.row(at);
            budget.spend(row.len())?;
            let tight = |nth: &usize| {
                let there = cost_from(row.to[*nth]);
                there != W::Cost::FAR && there.plus(world.weigh.weigh(&row, *nth)) == left
            };
            if let Some(nth) = (0..row.len()).find(tight) {
                let edge = EdgeId {
                    from: at,
                    nth: nth as u32,
                };
                next = Some((row.to[nth], edge));
            }
        } else {
            let mut steps = 0;
            space.forward(space.start(at), |state, cost, edge| {
                steps += 1;
                let there = cost_from(state);
                if next.is_none() && there != W::Cost::FAR && there.plus(cost) == left {
                    next = Some((space.point(state), edge));
                }
            });
            budget.spend(steps)?;
        }
        let Some((point, edge)) = next else {
            return Ok(false);
        };
        let there = cost_from(point);
        if there >= left {
            return Ok(false);
        }
        edges.push(edge);
        (at, left) = (point, there);
    }
    Ok(true)
}
