//! One cheapest valley-free path between two domains, by a search from both ends.
//!
//! A valley-free path climbs and then descends. What can be reached by climbing alone is small: of the
//! Internet's domains, some hundred are above any one. So one search climbs from the source, one climbs, against
//! the edges, from the destination, and every edge from what the first has seen to what the second has
//! seen joins them. Neither goes down, where all the others are. Each ends where it is as far as the
//! best path that is known is long.
//!
//! Edges of unknown relationship are free, so where these are common, both searches see more.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::budget::{Budget, Spent};
use super::cost::{Cost, Weigh};
use super::paths::{Map, trace};
use super::space::{Restricted, Rules, Space};
use super::stream::{Path, PathStream};
use crate::net::Net;

/// In place of a state before: there is none.
const NONE: u32 = u32::MAX;

/// What is known of a state: its cost, and the state through which.
type Label<C> = (C, u32);

/// One of the two searches.
struct Cone<C> {
    labels: Map<Label<C>>,
    queue: BinaryHeap<Reverse<(C, u32)>>,
}

impl<C: Cost> Cone<C> {
    fn new(states: usize, apex: u32) -> Self {
        let mut cone = Self {
            labels: Map::new(states),
            queue: BinaryHeap::new(),
        };
        cone.reach(apex, C::ZERO, NONE);
        cone
    }

    #[inline]
    fn reach(&mut self, state: u32, cost: C, through: u32) {
        if cost == C::FAR {
            return;
        }
        match self.labels.get_mut(state) {
            None => self.labels.add(state, (cost, through)),
            Some(label) if cost < label.0 => *label = (cost, through),
            Some(_) => return,
        }
        self.queue.push(Reverse((cost, state)));
    }

    /// The next state, if it is nearer than `end`.
    fn next(&mut self, end: C) -> Option<(C, u32)> {
        while let Some(Reverse((cost, state))) = self.queue.pop() {
            let known = self.labels.get(state);
            if cost < end && known.is_some_and(|known| known.0 == cost) {
                return Some((cost, state));
            }
        }
        None
    }

    /// The states from `state` to the apex.
    fn way(&self, mut state: u32) -> Vec<u32> {
        let mut way = Vec::new();
        while state != NONE {
            way.push(state);
            state = self.labels.get(state).map_or(NONE, |label| label.1);
        }
        way
    }
}

/// The best path that is known: its cost, and the states at its top that one edge joins. The second
/// is [`NONE`] if it only climbs.
type Best<C> = (C, u32, u32);

/// One cheapest valley-free path of a net whose points are all domains, under what else the rules say. Of
/// several the one that the search meets first: it is the same each time, but not the first by names.
/// `None` if there is none.
///
/// In a net whose domains have several points, or where some may not be passed, this is the first of a [`PathStream`].
///
/// # Errors
/// If the budget is spent.
pub fn valley_free_path<W: Weigh>(
    net: &Net,
    weigh: W,
    rules: &Rules,
    ends: (u32, u32),
    budget: &mut Budget,
) -> Result<Option<Path<W::Cost>>, Spent> {
    let (from, to) = ends;
    // The search from both ends knows one place per domain and phase.
    if !net.is_plain() || rules.closes_transit() || from.max(to) as usize >= net.domains() {
        let all = std::mem::replace(budget, Budget::new(0));
        let rules = rules.valley_free();
        let mut stream = PathStream::new(net, weigh, &rules, ends, usize::MAX, all);
        let found = stream.advance().transpose().map(|found| found.is_some());
        let path = stream.path();
        *budget = stream.into_budget();
        return found.map(|_| path);
    }
    let rules = &rules.valley_free();
    let space = Restricted { net, weigh, rules };
    if from == to {
        let (domains, edges) = (vec![from], Vec::new());
        let cost = W::Cost::ZERO;
        return Ok(Some(Path {
            domains,
            edges,
            cost,
        }));
    }
    let Some(domains) = domains(space, from, to, budget)? else {
        return Ok(None);
    };
    Ok(trace(space, &domains).map(|(cost, edges)| Path {
        domains,
        edges,
        cost,
    }))
}

fn domains<W: Weigh>(
    space: Restricted<'_, W>,
    from: u32,
    to: u32,
    budget: &mut Budget,
) -> Result<Option<Vec<u32>>, Spent> {
    let climbing = |state: u32| state.is_multiple_of(2);
    let mut up = Cone::new(space.len(), space.start(from));
    // Descending, at the destination.
    let mut down = Cone::new(space.len(), space.start(to) + 1);
    let mut best: Best<W::Cost> = (W::Cost::FAR, NONE, NONE);
    loop {
        let (next_up, next_down) = (up.next(best.0), down.next(best.0));
        if let Some((cost, state)) = next_up {
            let mut steps = 1;
            if space.point(state) == to {
                best = best.min((cost, state, NONE));
            }
            space.forward(state, |next, step, _| {
                steps += 1;
                let cost = cost.plus(step);
                if climbing(next) {
                    up.reach(next, cost, state);
                } else if let Some((rest, _)) = down.labels.get(next) {
                    best = best.min((cost.plus(rest), state, next));
                }
            });
            budget.spend(steps)?;
        }
        if let Some((cost, state)) = next_down {
            let mut steps = 1;
            space.backward(state, |before, step| {
                steps += 1;
                let cost = cost.plus(step);
                if !climbing(before) {
                    down.reach(before, cost, state);
                } else if let Some((rest, _)) = up.labels.get(before) {
                    best = best.min((rest.plus(cost), before, state));
                }
            });
            budget.spend(steps)?;
        }
        if next_up.is_none() && next_down.is_none() {
            break;
        }
    }
    if best.0 == W::Cost::FAR {
        return Ok(None);
    }
    let mut way = up.way(best.1);
    way.reverse();
    way.extend(down.way(best.2));
    // Where steps are free, it may pass a domain going up and again going down.
    let mut domains: Vec<u32> = Vec::new();
    for state in way {
        let domain = space.domain(state);
        if let Some(at) = domains.iter().position(|before| *before == domain) {
            domains.truncate(at);
        }
        domains.push(domain);
    }
    Ok(Some(domains))
}
