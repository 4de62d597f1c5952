//! What lies past the wall of a partial path vector.

use std::cmp::Reverse;

use super::super::map::Map;
use super::super::potential::{Potential, Queue};
use super::{Past, Search};
use crate::search::budget::{Budget, Spent};
use crate::search::cost::Cost;
use crate::search::space::Space;

impl<S: Space, P: Potential<S::Cost>> Search<S, P> {
    /// The least cost of a completion past the wall, which is `path`, of what ends in `front`; once it is
    /// known that some are too long, none that is. With `to_cost`, goes on until all states on completions of
    /// that cost are in `past`.
    ///
    /// Where domains have several points this is a lower bound: the cheapest walk past the wall may
    /// meet itself.
    pub(super) fn past(
        &mut self,
        domain: u32,
        front: (u32, u32),
        to_cost: Option<S::Cost>,
        budget: &mut Budget,
    ) -> Result<Past<S::Cost>, Spent> {
        let Self {
            space,
            potential,
            fronts,
            past,
            past_queue: queue,
            on_path,
            to,
            longer,
            max_domains,
            ..
        } = self;
        let cut = |bound| {
            let hops = space.crossings(bound).filter(|_| *longer);
            hops.is_some_and(|hops| hops >= *max_domains as u64)
        };
        past.clear();
        queue.clear();
        let mut unknown = false;
        let mut reach =
            |past: &mut Map<S::Cost>, queue: &mut Queue<S::Cost>, state, cost: S::Cost| {
                let Some(left) = potential.left(state, cost) else {
                    unknown = true;
                    return;
                };
                let bound = cost.plus(left);
                if bound == S::Cost::FAR || cut(bound) {
                    return;
                }
                match past.get_mut(state) {
                    None => past.add(state, cost),
                    Some(known) if cost < *known => *known = cost,
                    Some(_) => return,
                }
                queue.push(Reverse((bound, state)));
            };
        for (state, cost) in &fronts[front.0 as usize..front.1 as usize] {
            reach(past, queue, *state, *cost);
        }
        let sink = space.sink(*to);
        let mut found = None;
        while let Some(Reverse((bound, state))) = queue.pop() {
            let end = to_cost.or(found);
            if end.is_some_and(|end| bound > end) {
                break;
            }
            let Some(cost) = past.get(state) else {
                continue;
            };
            if potential
                .left(state, cost)
                .is_none_or(|left| cost.plus(left) != bound)
            {
                continue; // It was reached for less since.
            }
            let here = space.domain(state);
            if space.point(state) == sink && space.may_end(state) {
                found = found.or(Some(cost));
                if to_cost.is_none() {
                    break;
                }
                continue;
            }
            let mut steps = 1;
            space.forward(state, |next, step, _| {
                steps += 1;
                let there = space.domain(next);
                let walled =
                    on_path[there as usize] || there != here && (there == domain || here == *to);
                if !walled {
                    reach(past, queue, next, cost.plus(step));
                }
            });
            budget.spend(steps)?;
        }
        Ok(match found {
            // What is not known costs as much as the limit.
            Some(cost) if !unknown || cost < potential.limit() => Past::Cost(cost),
            _ if unknown => Past::Unknown,
            _ => Past::None,
        })
    }

    /// Whether some path vector leads on from a partial one past its wall, however long. Sets
    /// `longer` if so. Where domains have several points, a walk counts.
    pub(super) fn look_for_longer(
        &mut self,
        parent: u32,
        domain: u32,
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        if self.longer {
            return Ok(());
        }
        if domain == self.to {
            self.longer = true;
            return Ok(());
        }
        let front = self.step(parent, domain, budget)?;
        let Self {
            space,
            nodes,
            fronts,
            visited,
            to,
            ..
        } = self;
        let mut wall: Vec<u32> = Vec::new();
        let mut at = parent;
        while let Some(node) = nodes.get(at as usize) {
            wall.push(node.domain);
            at = node.parent;
        }
        wall.sort_unstable();
        visited.clear();
        let mut queue: Vec<u32> = Vec::new();
        for (state, _) in fronts.drain(front.0 as usize..) {
            visited.add(state, ());
            queue.push(state);
        }
        while let Some(state) = queue.pop()
            && !self.longer
        {
            let mut steps = 1;
            let here = space.domain(state);
            space.forward(state, |next, _, _| {
                steps += 1;
                let there = space.domain(next);
                let walled = there != here && there == domain || wall.binary_search(&there).is_ok();
                if !walled && visited.get(next).is_none() {
                    self.longer |= there == *to;
                    visited.add(next, ());
                    queue.push(next);
                }
            });
            budget.spend(steps)?;
        }
        Ok(())
    }

    /// Whether cheapest steps lead from `front` to the destination past the path. Where domains have
    /// several points they may lead through one of them twice.
    pub(super) fn leads(
        &mut self,
        domain: u32,
        front: (u32, u32),
        budget: &mut Budget,
    ) -> Result<bool, Spent> {
        let mut visited = std::mem::replace(&mut self.visited, Map::new(0));
        visited.clear();
        let leads = self.leads_past(&mut visited, domain, front, budget);
        self.visited = visited;
        leads
    }

    fn leads_past(
        &self,
        visited: &mut Map<()>,
        domain: u32,
        front: (u32, u32),
        budget: &mut Budget,
    ) -> Result<bool, Spent> {
        let mut queue: Vec<(u32, S::Cost)> = Vec::new();
        for (state, cost) in &self.fronts[front.0 as usize..front.1 as usize] {
            if self.is_tight(*state, *cost) {
                visited.add(*state, ());
                queue.push((*state, *cost));
            }
        }
        let mut leads = false;
        while let Some((state, before)) = queue.pop()
            && !leads
        {
            let mut steps = 1;
            let here = self.space.domain(state);
            self.space.forward(state, |next, step, _| {
                steps += 1;
                let there = self.space.domain(next);
                let walled = self.on_path[there as usize] || there != here && there == domain;
                let cost = before.plus(step);
                if !walled && visited.get(next).is_none() && self.is_tight(next, cost) {
                    leads |= there == self.to;
                    visited.add(next, ());
                    queue.push((next, cost));
                }
            });
            budget.spend(steps)?;
        }
        Ok(leads)
    }
}
