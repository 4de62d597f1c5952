//! Costs without a distance between every two hosts: for service graphs in which every node is
//! linked to at most one earlier node, by one link towards it (chains in order, trees from the
//! root).
//!
//! A tree per node, grown from all its hosts at once, each of which begins with what the nodes after
//! it cost at least from there, tells a point of the net what it costs at least to get from it to
//! that node and on. It ends when it has come to all hosts of the node before, or to so many that the best placements
//! hardly need another: what lies beyond costs as much as the last of them or more, and that is its bound.
//! From the host of a placed node, a search with that tree as its potential (A*) meets the hosts of the next
//! node in the order of what they lead to, and sees little of the net.

use std::collections::BTreeSet;

use super::amount::Amount;
use super::bound::Costs;
use super::grow::{Room, tree};
use super::instance::Instance;
use crate::net::EdgeId;
use crate::search::budget::{Budget, Spent};
use crate::search::cost::{Cost, Weigh};
use crate::search::queue::Queue;
use crate::search::space::{Open, Restricted, Rules, Space};

/// A tree ends at so many hosts for each placement that is wanted.
const KNOWN: usize = 2;

/// The costs of a node's choices, as far as they are known.
struct Row<C> {
    costs: Vec<C>,
    /// What those cost at least that are not.
    beyond: C,
}

/// What it costs at least to get from each state to a node and on.
struct Potential<C> {
    /// Exact up to `most`.
    costs: Vec<C>,
    most: C,
}

impl<C: Cost> Default for Potential<C> {
    fn default() -> Self {
        Self {
            costs: Vec::new(),
            most: C::FAR,
        }
    }
}

impl<C: Cost> Potential<C> {
    #[inline]
    fn at(&self, state: u32) -> C {
        self.costs[state as usize].min(self.most)
    }
}

/// The space of a call: one that is not restricted has half the states.
#[derive(Clone, Copy)]
enum Ground<'a, W> {
    Open(Open<'a, W>),
    Restricted(Restricted<'a, W>),
}

pub(super) struct Layers<'a, W: Weigh> {
    instance: &'a Instance<'a>,
    ground: Ground<'a, W>,
    /// The earlier node that each node is linked to.
    parent: Vec<Option<usize>>,
    /// Per node; empty for a root.
    potential: Vec<Potential<W::Cost>>,
    /// Per choice of each node in a row, what the nodes after it cost at least.
    onward: Vec<W::Cost>,
    least: W::Cost,
    /// Per node and choice of its parent.
    rows: Vec<Vec<Option<Row<W::Cost>>>>,
    search: Search<W::Cost>,
}

/// What a search from one host writes on, cleared before the next.
struct Search<C> {
    /// What it costs to get to each state, as far as it is known.
    costs: Vec<C>,
    touched: Vec<u32>,
    queue: Queue<C>,
}

/// The node before each node, if the links are such that [`Layers`] can tell their costs.
pub(super) fn parents(instance: &Instance<'_>) -> Option<Vec<Option<usize>>> {
    let mut parent = vec![None; instance.len()];
    for link in &instance.problem.links {
        if link.src >= link.dst || parent[link.dst].replace(link.src).is_some() {
            return None;
        }
    }
    Some(parent)
}

impl<'a, C: Amount, W: Weigh<Cost = C>> Layers<'a, W> {
    /// `None` if there is no placement at all. `k` are wanted.
    pub(super) fn new(
        instance: &'a Instance<'a>,
        weigh: W,
        rules: &'a Rules,
        parent: Vec<Option<usize>>,
        k: usize,
        budget: &mut Budget,
    ) -> Result<Option<Self>, Spent> {
        let net = instance.net;
        let ground = match rules.is_none() {
            true => Ground::Open(Open { net, weigh }),
            false => Ground::Restricted(Restricted { net, weigh, rules }),
        };
        let choices: usize = (0..instance.len())
            .map(|node| instance.hosts(node).len())
            .sum();
        let mut layers = Self {
            instance,
            ground,
            potential: parent.iter().map(|_| Potential::default()).collect(),
            parent,
            onward: vec![C::ZERO; choices],
            least: C::ZERO,
            rows: Vec::new(),
            search: Search {
                costs: Vec::new(),
                touched: Vec::new(),
                queue: Queue::default(),
            },
        };
        let enough = k.saturating_mul(KNOWN);
        let mut room = Room::default();
        for node in (0..instance.len()).rev() {
            let onward = &layers.onward[instance.choices(node)];
            let Some(parent) = layers.parent[node] else {
                let least = onward.iter().copied().min().unwrap_or(C::FAR);
                layers.least = layers.least.plus(least);
                continue;
            };
            let hosts = instance.hosts(node).iter().zip(onward);
            let seeds: Vec<(u32, C)> = hosts
                .map(|(host, cost)| (net.sink(instance.domain(*host)), *cost))
                .collect();
            let start = |host: &u32| layers.ground.start(net.source(instance.domain(*host)));
            let starts: Vec<u32> = instance.hosts(parent).iter().map(start).collect();
            let potential = match ground {
                Ground::Open(space) => grow(space, &seeds, &starts, enough, &mut room, budget)?,
                Ground::Restricted(space) => {
                    grow(space, &seeds, &starts, enough, &mut room, budget)?
                }
            };
            let range = instance.choices(parent);
            let hosts = instance.hosts(parent).iter().zip(&starts);
            for (cost, (host, start)) in layers.onward[range].iter_mut().zip(hosts) {
                let mut ahead = potential.at(*start);
                // In the same domain, the link takes nothing.
                if let Ok(choice) = instance.hosts(node).binary_search(host) {
                    ahead = ahead.min(seeds[choice].1);
                }
                *cost = cost.plus(ahead);
            }
            layers.potential[node] = potential;
        }
        let rows = layers.parent.iter().map(|parent| {
            let hosts = parent.map_or(0, |parent| instance.hosts(parent).len());
            (0..hosts).map(|_| None).collect()
        });
        layers.rows = rows.collect();
        Ok((layers.least != C::FAR).then_some(layers))
    }
}

impl<C: Amount> Search<C> {
    fn clear(&mut self, len: usize) {
        self.costs.resize(len, C::FAR);
        for state in self.touched.drain(..) {
            self.costs[state as usize] = C::FAR;
        }
        self.queue.clear();
    }

    /// Settles the states from which `wanted` wants what they lead to, in that order, and tells each
    /// one. Returns what those lead to at least that are not settled.
    fn run<S: Space<Cost = C>>(
        &mut self,
        space: S,
        potential: &Potential<C>,
        from: u32,
        wanted: impl Fn(C) -> bool,
        mut settled: impl FnMut(u32, C),
        budget: &mut Budget,
    ) -> Result<C, Spent> {
        self.clear(space.len());
        let Self {
            costs,
            touched,
            queue,
        } = self;
        let mut beyond = C::FAR;
        let start = space.start(from);
        costs[start as usize] = C::ZERO;
        touched.push(start);
        let ahead = potential.at(start);
        match ahead != C::FAR && wanted(ahead) {
            true => queue.push(ahead, start),
            false => beyond = ahead,
        }
        while let Some((ahead, state)) = queue.pop() {
            let cost = costs[state as usize];
            if cost.plus(potential.at(state)) != ahead {
                continue;
            }
            settled(state, cost);
            let mut steps = 1;
            space.forward(state, |next, more, _| {
                steps += 1;
                let left = potential.at(next);
                let sum = cost.plus(more);
                let known = &mut costs[next as usize];
                if left == C::FAR || sum >= *known {
                    return;
                }
                let ahead = sum.plus(left);
                if !wanted(ahead) {
                    beyond = beyond.min(ahead);
                    return;
                }
                if *known == C::FAR {
                    touched.push(next);
                }
                *known = sum;
                queue.push(ahead, next);
            });
            budget.spend(steps)?;
        }
        Ok(beyond)
    }

    /// The first of the cheapest paths by names, which cost `least`; `None` if an edge on the way costs
    /// nothing.
    fn path<S: Space<Cost = C>>(
        &mut self,
        space: S,
        potential: &Potential<C>,
        (from, to): (u32, u32),
        least: C,
        budget: &mut Budget,
    ) -> Result<Option<Vec<EdgeId>>, Spent> {
        let ahead = space.ends(to).map(|end| potential.at(end)).max();
        let most = least.plus(ahead.unwrap_or(C::FAR));
        let wanted = |ahead| ahead <= most;
        self.run(space, potential, from, wanted, |_, _| (), budget)?;
        let mut on = BTreeSet::new();
        let mut stack: Vec<u32> = space.ends(to).collect();
        stack.retain(|state| self.costs[*state as usize] != C::FAR);
        on.extend(stack.iter().copied());
        while let Some(state) = stack.pop() {
            let mut steps = 1;
            let there = self.costs[state as usize];
            space.backward(state, |before, more| {
                steps += 1;
                let here = self.costs[before as usize];
                if here != C::FAR && here.plus(more) == there && on.insert(before) {
                    stack.push(before);
                }
            });
            budget.spend(steps)?;
        }
        let mut at = space.start(from);
        let mut edges = Vec::new();
        while space.point(at) != to {
            let here = self.costs[at as usize];
            let mut next = None;
            let mut steps = 1;
            space.forward(at, |state, more, edge| {
                steps += 1;
                let there = self.costs[state as usize];
                if next.is_none() && here.plus(more) == there && on.contains(&state) {
                    next = Some((state, edge));
                }
            });
            budget.spend(steps)?;
            let Some((state, edge)) = next.filter(|next| self.costs[next.0 as usize] > here) else {
                return Ok(None);
            };
            edges.push(edge);
            at = state;
        }
        Ok(Some(edges))
    }
}

impl<W: Weigh> Ground<'_, W> {
    /// The state in which a path that starts at `point` is.
    fn start(&self, point: u32) -> u32 {
        match self {
            Self::Open(space) => space.start(point),
            Self::Restricted(space) => space.start(point),
        }
    }
}

impl<C: Amount, W: Weigh<Cost = C>> Costs<C> for Layers<'_, W> {
    const SKIPS_SETTLED: bool = false;

    fn least(&self) -> C {
        self.least
    }

    fn expected(&self, node: usize, placed: impl Fn(usize) -> usize) -> C {
        let onward = &self.onward[self.instance.choices(node)];
        let Some(parent) = self.parent[node] else {
            return onward.iter().copied().min().unwrap_or(C::FAR);
        };
        let host = self.instance.hosts(parent)[placed(parent)];
        let start = self.instance.net.source(self.instance.domain(host));
        let ahead = self.potential[node].at(self.ground.start(start));
        match self.instance.hosts(node).binary_search(&host) {
            Ok(choice) => ahead.min(onward[choice]),
            Err(_) => ahead,
        }
    }

    fn reach(
        &mut self,
        node: usize,
        placed: impl Fn(usize) -> usize,
        wanted: impl Fn(C) -> bool,
        budget: &mut Budget,
    ) -> Result<C, Spent> {
        let Some(parent) = self.parent[node] else {
            return Ok(C::FAR);
        };
        let (instance, choice) = (self.instance, placed(parent));
        if let Some(row) = &self.rows[node][choice]
            && (row.beyond == C::FAR || !wanted(row.beyond))
        {
            return Ok(row.beyond);
        }
        let host = instance.hosts(parent)[choice];
        let (net, hosts) = (instance.net, instance.hosts(node));
        let onward = &self.onward[instance.choices(node)];
        let mut costs = vec![C::FAR; hosts.len()];
        let potential = &self.potential[node];
        let mut at = |point: u32, cost: C| {
            let domain = net.domain_of(point);
            if point == net.sink(domain)
                && let Ok(choice) = hosts.binary_search_by_key(&domain, |h| instance.domain(*h))
            {
                costs[choice] = costs[choice].min(cost.plus(onward[choice]));
            }
        };
        let from = net.source(instance.domain(host));
        let search = &mut self.search;
        let beyond = match self.ground {
            Ground::Open(space) => search.run(space, potential, from, &wanted, at, budget)?,
            Ground::Restricted(space) => {
                let at = |state: u32, cost| at(space.point(state), cost);
                search.run(space, potential, from, &wanted, at, budget)?
            }
        };
        if let Ok(choice) = hosts.binary_search(&host) {
            costs[choice] = onward[choice];
        }
        self.rows[node][choice] = Some(Row { costs, beyond });
        Ok(beyond)
    }

    fn add(&self, node: usize, placed: impl Fn(usize) -> usize, base: C, costs: &mut [C]) {
        let known = match self.parent[node] {
            None => Some(&self.onward[self.instance.choices(node)]),
            Some(parent) => self.rows[node][placed(parent)]
                .as_ref()
                .map(|row| &row.costs[..]),
        };
        match known {
            Some(known) => {
                for (cost, known) in costs.iter_mut().zip(known) {
                    *cost = base.plus(*known);
                }
            }
            None => costs.fill(C::FAR),
        }
    }

    fn route(
        &mut self,
        node: usize,
        choices: &[u32],
        budget: &mut Budget,
    ) -> Result<Option<Vec<EdgeId>>, Spent> {
        let Some(parent) = self.parent[node] else {
            return Ok(None);
        };
        let Some(row) = &self.rows[node][choices[parent] as usize] else {
            return Ok(None);
        };
        let instance = self.instance;
        let choice = choices[node] as usize;
        let onward = self.onward[instance.choices(node).start + choice];
        let least = row.costs[choice].minus(onward);
        let host = |node: usize| instance.domain(instance.hosts(node)[choices[node] as usize]);
        let (ends, potential) = ((host(parent), host(node)), &self.potential[node]);
        match self.ground {
            Ground::Restricted(space) if space.rules.is_valley_free() => Ok(None),
            _ if !instance.net.is_plain() => Ok(None),
            Ground::Open(space) => self.search.path(space, potential, ends, least, budget),
            Ground::Restricted(space) => self.search.path(space, potential, ends, least, budget),
        }
    }
}

/// A tree to the seeds, up to all of the states `from`, which are sorted, or to `enough` of them.
fn grow<S: Space>(
    space: S,
    seeds: &[(u32, S::Cost)],
    from: &[u32],
    enough: usize,
    room: &mut Room<S::Cost>,
    budget: &mut Budget,
) -> Result<Potential<S::Cost>, Spent>
where
    S::Cost: Amount,
{
    budget.spend(space.len())?;
    let mut costs = vec![Cost::FAR; space.len()];
    let ends = |seed: &(u32, S::Cost)| {
        let cost = seed.1;
        space.ends(seed.0).map(move |state| (state, cost))
    };
    let seeds = seeds.iter().flat_map(ends);
    let mut left = from.len().min(enough);
    let done = |state: u32| {
        left -= usize::from(from.binary_search(&state).is_ok());
        left == 0
    };
    let most = tree(space, seeds, &mut costs, room, budget, done)?;
    Ok(Potential { costs, most })
}
