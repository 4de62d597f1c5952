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
    mut found: impl FnMut(Choices<'_>, u64) -> bool,
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
    /// The nodes placed, and the one that is to be placed next; or one beyond, if all are placed.
    trail: Vec<Step>,
    /// What is used of each host; empty if none has a limit.
    used: Vec<Amounts>,
    /// What was used of the host of each node placed on one with a limit, before that node was: to
    /// subtract instead would round.
    before: Vec<Amounts>,
}

/// A node that is placed or to be placed.
struct Step {
    /// The bound of the nodes before it, without what that expects of this node.
    base: u64,
    /// Its choice; while it is to be placed, the next one to try.
    choice: usize,
    /// The host that is, once it is placed.
    host: u32,
}

impl<'a> Walk<'a> {
    fn new(instance: &'a Instance<'a>, bound: &'a Bound) -> Self {
        Self {
            instance,
            bound,
            trail: Vec::with_capacity(instance.len() + 1),
            used: vec![[0.0; RESOURCE_KINDS]; instance.capacity().len()],
            before: Vec::new(),
        }
    }

    /// Finds the placements that cost `level`, and returns the least cost above it that may occur;
    /// [`IMPOSSIBLE`] if none does, or if `found` wants no more.
    fn level(
        &mut self,
        level: u64,
        budget: &mut Budget,
        found: &mut impl FnMut(Choices<'_>, u64) -> bool,
    ) -> Result<u64, Spent> {
        let Self {
            instance, bound, ..
        } = *self;
        let mut above = IMPOSSIBLE;
        self.enter(bound.least(), budget)?;
        while let Some((step, placed)) = self.trail.split_last_mut() {
            let node = placed.len();
            if node == instance.len() {
                // What costs less came out at an earlier level.
                if step.base == level && !found(Choices(placed), level) {
                    return Ok(IMPOSSIBLE);
                }
                self.leave();
                continue;
            }
            let Some(&host) = instance.hosts(node).get(step.choice) else {
                self.leave();
                continue;
            };
            let cost = bound.cost(node, step.choice, |node| placed[node].choice);
            let cost = step.base.saturating_add(cost);
            step.host = host;
            if cost <= level && self.take(node, host) {
                self.enter(cost, budget)?;
                continue;
            }
            if cost > level {
                above = above.min(cost);
            }
            if let Some(step) = self.trail.last_mut() {
                step.choice += 1;
            }
        }
        Ok(above)
    }

    /// Goes on to the next node, with `bound` for what is placed.
    #[inline]
    fn enter(&mut self, bound: u64, budget: &mut Budget) -> Result<(), Spent> {
        let node = self.trail.len();
        let mut base = bound;
        if node < self.instance.len() {
            budget.spend(self.instance.hosts(node).len())?;
            base -= self.bound.expected(node, |node| self.trail[node].choice);
        } else {
            budget.spend(1 + self.instance.links().len())?;
        }
        self.trail.push(Step {
            base,
            choice: 0,
            host: 0,
        });
        Ok(())
    }

    /// Goes back to the node before, takes it from its host, and turns to its next choice.
    #[inline]
    fn leave(&mut self) {
        self.trail.pop();
        let Some(node) = self.trail.len().checked_sub(1) else {
            return;
        };
        let step = &mut self.trail[node];
        let host = step.host as usize;
        step.choice += 1;
        if self
            .instance
            .capacity()
            .get(host)
            .is_some_and(Option::is_some)
            && let Some(before) = self.before.pop()
        {
            self.used[host] = before;
        }
    }

    /// Takes what a node needs of a host, if the host has it.
    #[inline]
    fn take(&mut self, node: usize, host: u32) -> bool {
        let host = host as usize;
        let Some(Some(capacity)) = self.instance.capacity().get(host) else {
            return true;
        };
        let sum = plus(&self.used[host], self.instance.demand(node));
        let fits = within(&sum, capacity);
        if fits {
            self.before
                .push(std::mem::replace(&mut self.used[host], sum));
        }
        fits
    }
}

/// A placement that was found.
pub(super) struct Choices<'a>(&'a [Step]);

impl Choices<'_> {
    /// The host of a node.
    #[inline]
    pub(super) fn host(&self, node: usize) -> u32 {
        self.0[node].host
    }

    /// The hosts of all nodes, in order.
    #[inline]
    pub(super) fn hosts(&self) -> impl ExactSizeIterator<Item = u32> {
        self.0.iter().map(|step| step.host)
    }
}
