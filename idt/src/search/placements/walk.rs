//! The walk over assignments: depth first, in windows of cost.

use std::collections::BinaryHeap;

use super::amount::Amount;
use super::bound::Costs;
use super::instance::{Amounts, Instance, plus, within};
use super::problem::RESOURCE_KINDS;
use super::tables::Tables;
use crate::search::budget::{Budget, Spent};

/// The most cut-off costs that are kept to choose the next window by.
const CUTOFFS: usize = 1 << 14;

/// A window has room for so many leaves from the start, if as many are wanted.
const ROOM: usize = 16;

/// Up to so many assignments for each that is wanted are looked at in one window.
const FEW: usize = 2;

/// An assignment that the walk found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Leaf<C> {
    /// Its cost if every link takes its cheapest route.
    pub(super) cost: C,
    /// Its position in the order of names among the leaves of its window.
    pub(super) nth: usize,
    slot: usize,
}

/// What of costs a call of [`Walk::window`] looks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window<C> {
    /// Leaves that cost this or less were found before.
    pub(super) above: Option<C>,
    /// No leaf that was not found before costs less.
    pub(super) floor: C,
    /// Leaves that cost more are for later windows.
    pub(super) to: C,
    /// Only this many leaves are wanted, the first by cost and names.
    pub(super) want: usize,
}

/// A bound of a requirement over the distances of its links.
struct Check {
    most: u64,
    /// By position in [`super::tables::BOUNDS`].
    metric: usize,
    /// Each link, and its least distance.
    links: Vec<(usize, u64)>,
}

pub(super) struct Walk<'a, C, B> {
    instance: &'a Instance<'a>,
    tables: Option<&'a Tables<C>>,
    pub(super) costs: B,
    /// The nodes that the walk places, in order: all, or all but those that have one choice only, on
    /// a host without a limit. Whatever is done with the others, these are where they are.
    order: Vec<usize>,
    /// The choice of each node; of a node that the walk has not reached, any.
    placed: Vec<usize>,
    /// Per step of the walk, the bound of the nodes before it.
    bounds: Vec<C>,
    /// Per choice of all nodes in a row, the bound with it, from when the walk enters its node.
    costs_of: Vec<C>,
    /// What is used of each host; empty if none has a limit.
    used: Vec<Amounts>,
    /// What was used of the host of each node placed on one with a limit, before that node was: to
    /// subtract instead would round.
    before: Vec<Amounts>,
    /// Per node, the earlier nodes whose host it must have or must not.
    ties: Vec<Vec<(usize, bool)>>,
    checks: Vec<Check>,
    /// Per node, the checks that its choice changes.
    checks_of: Vec<Vec<usize>>,
    /// The leaves of the window, the worst on top.
    leaves: BinaryHeap<Leaf<C>>,
    /// Their choices, by slot.
    choices: Vec<u32>,
    found: usize,
    /// The least costs that the window cut off, the highest on top.
    cutoffs: BinaryHeap<C>,
    keep: usize,
    /// What costs this or more is not among them.
    kept_below: C,
    /// The least of them.
    next: C,
    /// Nodes placed.
    pub(super) steps: u64,
}

impl<'a, C: Amount, B: Costs<C>> Walk<'a, C, B> {
    pub(super) fn new(instance: &'a Instance<'a>, tables: Option<&'a Tables<C>>, costs: B) -> Self {
        let nodes = 0..instance.len();
        let mut ties = Vec::new();
        if !instance.ties().is_empty() {
            ties = vec![Vec::new(); instance.len()];
            for &(earlier, later, same) in instance.ties() {
                ties[later].push((earlier, same));
            }
        }
        let (checks, checks_of) = tables.map_or_else(Default::default, |t| checks(instance, t));
        let all = !B::SKIPS_SETTLED || !ties.is_empty() || !checks.is_empty();
        let decides = |node: &usize| match instance.hosts(*node) {
            [host] => all || instance.capacity(*host).is_some(),
            _ => true,
        };
        let order: Vec<usize> = nodes.filter(decides).collect();
        Self {
            instance,
            tables,
            costs,
            bounds: Vec::with_capacity(order.len() + 1),
            costs_of: vec![C::FAR; instance.choice_count()],
            order,
            placed: vec![0; instance.len()],
            used: vec![[0.0; RESOURCE_KINDS]; instance.limited()],
            before: Vec::new(),
            ties,
            checks,
            checks_of,
            leaves: BinaryHeap::new(),
            choices: Vec::new(),
            found: 0,
            cutoffs: BinaryHeap::new(),
            keep: 1,
            kept_below: C::FAR,
            next: C::FAR,
            steps: 0,
        }
    }

    /// The first window, up to the least cost; or, if there are hardly more assignments than are wanted, for all.
    pub(super) fn first(&self, want: usize) -> Option<Window<C>> {
        let least = self.costs.least();
        let width = |node: &usize| self.instance.choices(*node).len();
        let assignments = self.order.iter().map(width).fold(1, usize::saturating_mul);
        let few = assignments <= want.saturating_mul(FEW);
        let window = Window {
            above: None,
            floor: least,
            to: if few { C::MOST } else { least },
            want,
        };
        (least != C::FAR).then_some(window)
    }

    /// The window after one that was walked to its end: it has room for `keep` leaves or more, if
    /// nothing but costs rules them out. `None` if there is nothing more.
    pub(super) fn after(&self, window: &Window<C>, want: usize) -> Option<Window<C>> {
        Some(Window {
            above: Some(window.to),
            floor: self.next,
            to: *self.cutoffs.peek()?,
            want,
        })
    }

    /// How many cut-off costs the next windows keep.
    pub(super) fn keep(&mut self, count: usize) {
        self.keep = count.clamp(1, CUTOFFS);
    }

    /// Takes the leaves that were found, in order.
    pub(super) fn take_leaves(&mut self) -> Vec<Leaf<C>> {
        std::mem::take(&mut self.leaves).into_sorted_vec()
    }

    /// The choice of each node in a leaf of the last window.
    pub(super) fn choices(&self, leaf: &Leaf<C>) -> &[u32] {
        let len = self.instance.len();
        &self.choices[leaf.slot * len..(leaf.slot + 1) * len]
    }

    /// Finds the leaves of a window.
    pub(super) fn window(&mut self, window: &Window<C>, budget: &mut Budget) -> Result<(), Spent> {
        let Window {
            above,
            floor,
            to,
            want,
        } = *window;
        self.leaves.clear();
        self.choices.clear();
        let room = want.min(ROOM);
        self.leaves.reserve(room);
        self.choices.reserve(room * self.instance.len());
        self.cutoffs.clear();
        if !self.bounds.is_empty() {
            // The walk before ended on its way.
            self.bounds.clear();
            self.before.clear();
            self.used.fill([0.0; RESOURCE_KINDS]);
        }
        (self.found, self.next, self.kept_below) = (0, C::FAR, C::FAR);
        // Once as many as wanted are known, only what costs less than the worst of them counts: the
        // walk is in the order of names.
        let mut under = C::FAR;
        self.enter(self.costs.least(), to, under, budget)?;
        while let Some(&bound) = self.bounds.last() {
            if let Some(&node) = self.order.get(self.bounds.len() - 1) {
                match self.next_choice(node, to, under) {
                    Some(cost) => self.enter(cost, to, under, budget)?,
                    None => self.leave(),
                }
                continue;
            }
            if above.is_none_or(|above| bound > above) && bound < under {
                self.keep_leaf(bound, want);
                if self.leaves.len() == want {
                    under = self.leaves.peek().map_or(under, |worst| worst.cost);
                    if under <= floor {
                        return Ok(());
                    }
                }
            }
            self.leave();
        }
        Ok(())
    }

    /// Puts a node on the next host that the window and the constraints allow, and tells the bound with it.
    #[inline]
    fn next_choice(&mut self, node: usize, to: C, under: C) -> Option<C> {
        let instance = self.instance;
        let choices = instance.choices(node);
        for choice in self.placed[node]..choices.len() {
            let cost = self.costs_of[choices.start + choice];
            if cost > to {
                self.cut_off(cost);
            } else if cost < under {
                self.placed[node] = choice;
                let host = instance.hosts(node)[choice];
                if self.allows(node, host) && self.take(node, host) {
                    return Some(cost);
                }
            }
        }
        None
    }

    fn keep_leaf(&mut self, cost: C, want: usize) {
        let nth = self.found;
        self.found += 1;
        let len = self.instance.len();
        let slot = match self.leaves.len() < want {
            true => self.leaves.len(),
            false => match self.leaves.pop() {
                Some(worst) => worst.slot,
                None => return,
            },
        };
        let choices = self.placed.iter().map(|choice| *choice as u32);
        if self.choices.len() == slot * len {
            self.choices.extend(choices);
        } else {
            for (kept, choice) in self.choices[slot * len..].iter_mut().zip(choices) {
                *kept = choice;
            }
        }
        self.leaves.push(Leaf { cost, nth, slot });
    }

    /// Notes a cost beyond the window.
    #[inline]
    fn cut_off(&mut self, cost: C) {
        if cost >= self.kept_below {
            return;
        }
        self.next = self.next.min(cost);
        if self.cutoffs.len() < self.keep {
            self.cutoffs.push(cost);
        } else if let Some(mut highest) = self.cutoffs.peek_mut() {
            *highest = cost;
        }
        if self.cutoffs.len() == self.keep {
            self.kept_below = self.cutoffs.peek().copied().unwrap_or(C::FAR);
        }
    }

    /// Goes on to the next node, with `bound` for what is placed.
    #[inline]
    fn enter(&mut self, bound: C, to: C, under: C, budget: &mut Budget) -> Result<(), Spent> {
        self.steps += 1;
        let Some(&node) = self.order.get(self.bounds.len()) else {
            budget.spend(self.placed.len() + self.instance.problem.links.len())?;
            self.bounds.push(bound);
            return Ok(());
        };
        let choices = self.instance.choices(node);
        budget.spend(choices.len())?;
        self.placed[node] = 0;
        let placed = &self.placed;
        let base = bound.minus(self.costs.expected(node, |node| placed[node]));
        let wanted = |cost| base.plus(cost) <= to && base.plus(cost) < under;
        let beyond = self
            .costs
            .reach(node, |node| placed[node], wanted, budget)?;
        let costs = &mut self.costs_of[choices];
        self.costs.add(node, |node| placed[node], base, costs);
        let beyond = base.plus(beyond);
        if beyond > to {
            self.cut_off(beyond);
        }
        self.bounds.push(bound);
        Ok(())
    }

    /// Goes back to the node before, takes it from its host, and turns to its next choice.
    #[inline]
    fn leave(&mut self) {
        self.bounds.pop();
        let Some(last) = self.bounds.len().checked_sub(1) else {
            return;
        };
        let node = self.order[last];
        let host = self.instance.hosts(node)[self.placed[node]];
        self.placed[node] += 1;
        if self.instance.capacity(host).is_some()
            && let Some(before) = self.before.pop()
        {
            self.used[host as usize] = before;
        }
    }

    /// Whether a node may be on a host, as far as the nodes before it and the distances say.
    #[inline]
    fn allows(&self, node: usize, host: u32) -> bool {
        if let Some(ties) = self.ties.get(node) {
            let on = |other: usize| self.instance.hosts(other)[self.placed[other]];
            if ties
                .iter()
                .any(|&(other, same)| (on(other) == host) != same)
            {
                return false;
            }
        }
        let (Some(checks), Some(tables)) = (self.checks_of.get(node), self.tables) else {
            return true;
        };
        checks.iter().all(|check| {
            let Check {
                most,
                metric,
                links,
            } = &self.checks[*check];
            let sum = links.iter().fold(0_u64, |sum, &(at, least)| {
                let link = &self.instance.problem.links[at];
                let cells = tables.bound(*metric, at).unwrap_or(&[]);
                let width = self.instance.hosts(link.dst).len();
                let cell = || cells[self.placed[link.src] * width + self.placed[link.dst]];
                sum.saturating_add(match link.src.max(link.dst) <= node {
                    true => cell(),
                    false => least,
                })
            });
            sum <= *most
        })
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

/// The bounds of requirements, and per node those that its choice changes.
fn checks<C: Amount>(instance: &Instance<'_>, tables: &Tables<C>) -> (Vec<Check>, Vec<Vec<usize>>) {
    let (mut checks, mut of) = (Vec::new(), Vec::new());
    for walk in &instance.problem.requirements {
        let bounds = [walk.max_delay, walk.max_hops.map(u64::from)];
        for (metric, most) in bounds.into_iter().enumerate() {
            let Some(most) = most else { continue };
            let crossing = |at: &usize| {
                let link = &instance.problem.links[*at];
                link.src != link.dst
            };
            let links = walk.links.iter().copied().filter(crossing);
            let measured = links.map(|at| {
                let cells = tables.bound(metric, at)?;
                Some((at, cells.iter().copied().min()?))
            });
            // Distances that are not known say nothing.
            let Some(links) = measured.collect::<Option<Vec<_>>>() else {
                continue;
            };
            if of.is_empty() {
                of = vec![Vec::new(); instance.len()];
            }
            let mut nodes: Vec<usize> = links
                .iter()
                .map(|(at, _)| {
                    let link = &instance.problem.links[*at];
                    link.src.max(link.dst)
                })
                .collect();
            nodes.sort_unstable();
            nodes.dedup();
            for node in nodes {
                of[node].push(checks.len());
            }
            checks.push(Check {
                most,
                metric,
                links,
            });
        }
    }
    (checks, of)
}
