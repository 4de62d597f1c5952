//! The search: A* by iterative deepening, over the nodes in order.

use super::RESOURCE_KINDS;
use super::bound::{Bound, IMPOSSIBLE};
use super::instance::{Amounts, Instance, plus, within};
use crate::search::budget::{Budget, Spent};

/// Calls `found` with every placement and its hops, best first, until it returns false.
pub(super) fn search(
    instance: &Instance<'_>,
    bound: &Bound,
    budget: &mut Budget,
    mut found: impl FnMut(&[Choice], u64) -> bool,
) -> Result<(), Spent> {
    let mut walk = Walk::new(instance, bound);
    let mut level = bound.least();
    while level != IMPOSSIBLE {
        level = walk.level(level, budget, &mut found)?;
    }
    Ok(())
}

struct Walk<'a> {
    instance: &'a Instance<'a>,
    bound: &'a Bound,
    /// The nodes that the walk places, in order: all but those that have one choice only, on a host
    /// without a limit. Whatever is done with the others, these are where they are.
    order: Vec<usize>,
    /// Where each node is; of a node that the walk has not reached, where it was last.
    placed: Vec<Choice>,
    /// Per step of the walk, the bound of the nodes before it without what that expects of its own.
    bases: Vec<u64>,
    /// What is used of each host; empty if none has a limit.
    used: Vec<Amounts>,
    /// What was used of the host of each node placed on one with a limit, before that node was: to
    /// subtract instead would round.
    before: Vec<Amounts>,
}

/// The place of a node.
#[derive(Clone, Copy)]
pub(super) struct Choice {
    choice: usize,
    pub(super) host: u32,
}

impl<'a> Walk<'a> {
    fn new(instance: &'a Instance<'a>, bound: &'a Bound) -> Self {
        let nodes = 0..instance.len();
        let first = |node| Choice {
            choice: 0,
            host: instance.hosts(node)[0],
        };
        let decides = |node: &usize| match instance.hosts(*node) {
            [host] => instance.capacity(*host).is_some(),
            _ => true,
        };
        let order: Vec<usize> = nodes.clone().filter(decides).collect();
        Self {
            instance,
            bound,
            bases: Vec::with_capacity(order.len() + 1),
            order,
            placed: nodes.map(first).collect(),
            used: vec![[0.0; RESOURCE_KINDS]; instance.limited()],
            before: Vec::new(),
        }
    }

    /// Finds the placements that cost `level`, and returns the least cost above it that may occur;
    /// [`IMPOSSIBLE`] if none does, or if `found` wants no more.
    fn level(
        &mut self,
        level: u64,
        budget: &mut Budget,
        found: &mut impl FnMut(&[Choice], u64) -> bool,
    ) -> Result<u64, Spent> {
        let Self {
            instance, bound, ..
        } = *self;
        let mut above = IMPOSSIBLE;
        self.enter(bound.least(), budget)?;
        while let Some(&base) = self.bases.last() {
            let Some(&node) = self.order.get(self.bases.len() - 1) else {
                // What costs less came out at an earlier level.
                if base == level && !found(&self.placed, level) {
                    return Ok(IMPOSSIBLE);
                }
                self.leave();
                continue;
            };
            let choice = self.placed[node].choice;
            let Some(&host) = instance.hosts(node).get(choice) else {
                self.leave();
                continue;
            };
            let cost = bound.cost(node, choice, |node| self.placed[node].choice);
            let cost = base.saturating_add(cost);
            if cost <= level && self.take(node, host) {
                self.placed[node].host = host;
                self.enter(cost, budget)?;
                continue;
            }
            if cost > level {
                above = above.min(cost);
            }
            self.placed[node].choice += 1;
        }
        Ok(above)
    }

    /// Goes on to the next node, with `bound` for what is placed.
    #[inline]
    fn enter(&mut self, bound: u64, budget: &mut Budget) -> Result<(), Spent> {
        let base = match self.order.get(self.bases.len()) {
            Some(&node) => {
                budget.spend(self.instance.hosts(node).len())?;
                self.placed[node].choice = 0;
                bound - self.bound.expected(node, |node| self.placed[node].choice)
            }
            None => {
                budget.spend(self.placed.len() + self.instance.links().len())?;
                bound
            }
        };
        self.bases.push(base);
        Ok(())
    }

    /// Goes back to the node before, takes it from its host, and turns to its next choice.
    #[inline]
    fn leave(&mut self) {
        self.bases.pop();
        let Some(last) = self.bases.len().checked_sub(1) else {
            return;
        };
        let Choice { choice, host } = &mut self.placed[self.order[last]];
        *choice += 1;
        if self.instance.capacity(*host).is_some()
            && let Some(before) = self.before.pop()
        {
            self.used[*host as usize] = before;
        }
    }

    /// Takes what a node needs of a host, if the host has it.
    #[inline]
    fn take(&mut self, node: usize, host: u32) -> bool {
        let Some(capacity) = self.instance.capacity(host) else {
            return true;
        };
        let used = &mut self.used[host as usize];
        let sum = plus(used, self.instance.demand(node));
        let fits = within(&sum, capacity);
        if fits {
            self.before.push(std::mem::replace(used, sum));
        }
        fits
    }
}
