//! The routes of one assignment: the cheapest ones that keep to all bounds together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::amount::Amount;
use super::routes::{Route, RouteBounds, Scratch, Stream, StreamKey, free_route};
use super::tables::World;
use crate::net::{EdgeId, UNLIMITED};
use crate::search::budget::{Budget, Spent};
use crate::search::cost::Weigh;

/// A route for every link.
#[derive(Clone, Debug)]
pub(super) struct Routing<C> {
    pub(super) cost: C,
    pub(super) routes: Vec<Arc<Route<C>>>,
}

/// Finds routes. What was found once is kept for the next assignment.
pub(super) struct Joint<C> {
    /// Free routes, as they were asked for.
    free: Vec<Option<Route<C>>>,
    known: Pairs,
    scratch: Scratch,
    streams: BTreeMap<StreamKey, Stream<C>>,
    /// Assignments whose free routes did not do.
    pub(super) searches: u64,
}

/// Pairs of hosts, numbered from 0 in the order in which they come.
#[derive(Default)]
struct Pairs {
    /// In order, as long as they are few: these are looked through.
    few: Vec<(u32, u32)>,
    /// All, once they are many.
    many: BTreeMap<(u32, u32), u32>,
}

impl Pairs {
    const FEW: usize = 32;

    #[inline]
    fn get(&self, from: u32, to: u32) -> Option<u32> {
        if self.many.is_empty() {
            let nth = self.few.iter().position(|pair| *pair == (from, to));
            nth.map(|nth| nth as u32)
        } else {
            self.many.get(&(from, to)).copied()
        }
    }

    fn push(&mut self, from: u32, to: u32) {
        if self.few.len() == Self::FEW {
            self.many.extend(self.few.drain(..).zip(0..));
        }
        if self.many.is_empty() {
            self.few.push((from, to));
        } else {
            self.many.insert((from, to), self.many.len() as u32);
        }
    }
}

/// A bound of a requirement: how much more than the least the links may take, all together.
struct Slack {
    left: u64,
    /// 0 for delay, 1 for hops.
    metric: usize,
    /// Each link, how often, and its least.
    links: Vec<(usize, u64, u64)>,
}

impl<C: Amount> Joint<C> {
    pub(super) fn new() -> Self {
        Self {
            free: Vec::with_capacity(8),
            known: Pairs::default(),
            scratch: Scratch::default(),
            streams: BTreeMap::new(),
            searches: 0,
        }
    }

    /// The number of the free route between two hosts, if it was asked for before.
    #[inline]
    pub(super) fn known(&self, from: u32, to: u32) -> Option<u32> {
        self.known.get(from, to)
    }

    /// A free route by its number; `None` if there is none.
    #[inline]
    pub(super) fn nth(&self, nth: u32) -> Option<&Route<C>> {
        self.free[nth as usize].as_ref()
    }

    /// Finds the free route between two hosts, which was not asked for before, and tells its number. `known`
    /// is the route if the search knows it already.
    pub(super) fn find<W: Weigh<Cost = C>>(
        &mut self,
        world: &mut World<'_, W>,
        from: u32,
        to: u32,
        known: Option<Vec<EdgeId>>,
        budget: &mut Budget,
    ) -> Result<u32, Spent> {
        let route = free_route(world, from, to, known, &mut self.scratch, budget)?;
        let nth = self.free.len() as u32;
        self.free.push(route);
        self.known.push(from, to);
        Ok(nth)
    }

    /// The cheapest routes for the links when the nodes are on these hosts; of equally cheap ones the
    /// first by the order of each link's routes, link by link. `None` if there are none.
    pub(super) fn route<W: Weigh<Cost = C>>(
        &mut self,
        world: &mut World<'_, W>,
        hosts: &[u32],
        budget: &mut Budget,
    ) -> Result<Option<Routing<C>>, Spent> {
        let problem = world.instance.problem;
        let mut free = Vec::with_capacity(problem.links.len());
        for link in &problem.links {
            let (from, to) = (hosts[link.src], hosts[link.dst]);
            let nth = match self.known(from, to) {
                Some(nth) => nth,
                None => self.find(world, from, to, None, budget)?,
            };
            let Some(route) = self.nth(nth) else {
                return Ok(None);
            };
            free.push(Arc::new(route.clone()));
        }
        budget.spend(problem.links.len() + problem.requirements.len())?;
        if fits(world, &free) {
            let cost = free.iter().fold(C::ZERO, |sum, route| sum.plus(route.cost));
            return Ok(Some(Routing { cost, routes: free }));
        }
        self.searches += 1;
        let Some((keys, slacks)) = bounds(world, hosts, budget)? else {
            return Ok(None);
        };
        // What the links from each on cost at least.
        let mut rest = vec![C::ZERO; keys.len() + 1];
        for (at, key) in keys.iter().enumerate().rev() {
            if !self.streams.contains_key(key) {
                let stream = Stream::new(world, *key, budget)?;
                self.streams.insert(*key, stream);
            }
            let Some(first) = self.streams.get_mut(key).map(|s| s.get(0, world, budget)) else {
                return Ok(None);
            };
            let Some(first) = first? else {
                return Ok(None);
            };
            rest[at] = rest[at + 1].plus(first.cost);
        }
        let mut branch = Branch {
            world,
            streams: &mut self.streams,
            keys: &keys,
            rest: &rest,
            of_link: of_link(keys.len(), &slacks),
            slacks,
            loads: BTreeMap::new(),
            taken: Vec::with_capacity(keys.len()),
            best: None,
        };
        branch.go(C::ZERO, budget)?;
        Ok(branch.best)
    }
}

/// Per link, the slacks that it draws on.
fn of_link(links: usize, slacks: &[Slack]) -> Vec<Vec<(usize, u64, u64)>> {
    let mut of = vec![Vec::new(); links];
    for (at, slack) in slacks.iter().enumerate() {
        for &(link, times, least) in &slack.links {
            of[link].push((at, times, least));
        }
    }
    of
}

/// Whether these routes keep to every bound.
fn fits<W: Weigh>(world: &World<'_, W>, routes: &[Arc<Route<W::Cost>>]) -> bool {
    let problem = world.instance.problem;
    // Positions in `Metric::ALL`.
    let (hops, delay) = (0, 1);
    let within = |amount: u64, most: Option<u64>| most.is_none_or(|most| amount <= most);
    let mut loads: BTreeMap<EdgeId, u64> = BTreeMap::new();
    for ((link, route), need) in problem.links.iter().zip(routes).zip(&world.needs) {
        if !within(route.totals[delay], link.max_delay)
            || !within(route.totals[hops], link.max_hops.map(u64::from))
        {
            return false;
        }
        if *need > 0 {
            for edge in &route.edges {
                let load = loads.entry(*edge).or_default();
                *load = load.saturating_add(*need);
                let has = world.instance.net.row(edge.from).bandwidth[edge.nth as usize];
                if *load > has {
                    return false;
                }
            }
        }
    }
    problem.requirements.iter().all(|walk| {
        let sum = |metric: usize| {
            let links = walk.links.iter();
            links.fold(0_u64, |sum, link| {
                sum.saturating_add(routes[*link].totals[metric])
            })
        };
        within(sum(delay), walk.max_delay) && within(sum(hops), walk.max_hops.map(u64::from))
    })
}

/// Per link, its routes, within what the requirements leave it if all others take their least.
#[allow(clippy::type_complexity, reason = "read in one place")]
fn bounds<W: Weigh>(
    world: &mut World<'_, W>,
    hosts: &[u32],
    budget: &mut Budget,
) -> Result<Option<(Vec<StreamKey>, Vec<Slack>)>, Spent> {
    let instance = world.instance;
    let problem = instance.problem;
    let mut keys = Vec::with_capacity(problem.links.len());
    for (at, link) in problem.links.iter().enumerate() {
        keys.push(StreamKey {
            class: world.class(at, hosts[link.src], hosts[link.dst]),
            from: hosts[link.src],
            to: hosts[link.dst],
            bounds: RouteBounds {
                max_delay: link.max_delay.unwrap_or(u64::MAX),
                max_hops: link.max_hops.map_or(u64::MAX, u64::from),
            },
        });
    }
    let mut slacks = Vec::new();
    for walk in &problem.requirements {
        let bounds = [walk.max_delay, walk.max_hops.map(u64::from)];
        for (metric, most) in bounds.into_iter().enumerate() {
            let Some(most) = most else { continue };
            let mut times: BTreeMap<usize, u64> = BTreeMap::new();
            for link in &walk.links {
                *times.entry(*link).or_default() += 1;
            }
            let (mut links, mut sum) = (Vec::new(), 0_u64);
            for (link, times) in times {
                let key = keys[link];
                let mut least = 0;
                if key.from != key.to {
                    world.grow_bounds(key.class, key.to, budget)?;
                    let trees = [&world.delay, &world.hops][metric];
                    let point = instance.net.source(instance.domain(key.from));
                    least = trees[key.class].from(key.to, point);
                }
                sum = sum.saturating_add(least.saturating_mul(times));
                links.push((link, times, least));
            }
            let Some(left) = most.checked_sub(sum) else {
                return Ok(None);
            };
            slacks.push(Slack {
                left,
                metric,
                links,
            });
        }
    }
    for slack in &slacks {
        for &(link, times, least) in &slack.links {
            let most = least.saturating_add(slack.left / times);
            let bounds = &mut keys[link].bounds;
            let bound = [&mut bounds.max_delay, &mut bounds.max_hops];
            for (metric, bound) in bound.into_iter().enumerate() {
                if metric == slack.metric {
                    *bound = most.min(*bound);
                }
            }
        }
    }
    Ok(Some((keys, slacks)))
}

/// Branch and bound over the links in order, each link's routes in their order: the first of the
/// cheapest comes first, and only what is cheaper takes its place.
struct Branch<'b, 'a, W: Weigh> {
    world: &'b World<'a, W>,
    streams: &'b mut BTreeMap<StreamKey, Stream<W::Cost>>,
    keys: &'b [StreamKey],
    rest: &'b [W::Cost],
    slacks: Vec<Slack>,
    of_link: Vec<Vec<(usize, u64, u64)>>,
    loads: BTreeMap<EdgeId, u64>,
    taken: Vec<Arc<Route<W::Cost>>>,
    best: Option<Routing<W::Cost>>,
}

impl<C: Amount, W: Weigh<Cost = C>> Branch<'_, '_, W> {
    fn go(&mut self, cost: C, budget: &mut Budget) -> Result<(), Spent> {
        let link = self.taken.len();
        if link == self.keys.len() {
            self.best = Some(Routing {
                cost,
                routes: self.taken.clone(),
            });
            return Ok(());
        }
        let key = self.keys[link];
        for nth in 0.. {
            budget.spend(1)?;
            let Some(stream) = self.streams.get_mut(&key) else {
                return Ok(());
            };
            let Some(route) = stream.get(nth, self.world, budget)? else {
                return Ok(());
            };
            let sum = cost.plus(route.cost);
            let least = sum.plus(self.rest[link + 1]);
            if self.best.as_ref().is_some_and(|best| least >= best.cost) {
                return Ok(());
            }
            budget.spend(route.edges.len())?;
            if self.draw(link, &route) {
                if self.load(link, &route) {
                    self.taken.push(Arc::clone(&route));
                    self.go(sum, budget)?;
                    self.taken.pop();
                    self.unload(link, &route);
                }
                self.give_back(link, &route);
            }
        }
        Ok(())
    }

    /// What a route takes more than the least, by a metric.
    fn more(&self, slack: usize, times: u64, least: u64, route: &Route<C>) -> u64 {
        let measured = [route.totals[1], route.totals[0]][self.slacks[slack].metric];
        (measured - least.min(measured)).saturating_mul(times)
    }

    /// Draws on the slacks of the requirements, if they suffice.
    fn draw(&mut self, link: usize, route: &Route<C>) -> bool {
        let draws = self.of_link[link].iter();
        let suffices = draws
            .clone()
            .all(|&(at, times, least)| self.more(at, times, least, route) <= self.slacks[at].left);
        if suffices {
            for &(at, times, least) in &self.of_link[link] {
                let more = self.more(at, times, least, route);
                self.slacks[at].left -= more;
            }
        }
        suffices
    }

    fn give_back(&mut self, link: usize, route: &Route<C>) {
        for &(at, times, least) in &self.of_link[link] {
            let more = self.more(at, times, least, route);
            self.slacks[at].left += more;
        }
    }

    /// Loads the edges of a route with what the link needs, if they have it.
    fn load(&mut self, link: usize, route: &Route<C>) -> bool {
        let need = self.world.needs[link];
        let left = |edge: &EdgeId| {
            let has = self.world.instance.net.row(edge.from).bandwidth[edge.nth as usize];
            let load = self.loads.get(edge).copied().unwrap_or(0);
            has == UNLIMITED || load.checked_add(need).is_some_and(|sum| sum <= has)
        };
        let has_it = need == 0 || route.edges.iter().all(left);
        if has_it && need > 0 {
            for edge in &route.edges {
                let load = self.loads.entry(*edge).or_default();
                // Edges without a limit may overflow: they are not looked at.
                *load = load.wrapping_add(need);
            }
        }
        has_it
    }

    fn unload(&mut self, link: usize, route: &Route<C>) {
        let need = self.world.needs[link];
        if need > 0 {
            for edge in &route.edges {
                let load = self.loads.entry(*edge).or_default();
                *load = load.wrapping_sub(need);
            }
        }
    }
}
