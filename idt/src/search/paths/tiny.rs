//! Path vectors by hops in nets of at most eight domains, which sets of bits hold: without a heap.
//!
//! Length by length, down from the source by names, past what is on the path and never farther from the
//! destination than what is left of the length. In so small a net the walks that come to nothing are few.

use super::Find;
use crate::search::budget::{Budget, Spent};
use crate::search::cost::Cost;
use crate::search::space::Space;

/// The most domains of such a net.
pub(super) const LARGEST: usize = 8;

/// By domain, those to which a step leads.
pub(super) type Neighbours = [u8; LARGEST];

/// The neighbours in a space whose states are the domains, of which there are at most [`LARGEST`].
pub(super) fn neighbours<S: Space>(space: S, budget: &mut Budget) -> Result<Neighbours, Spent> {
    let (mut all, mut steps) = ([0; LARGEST], 0);
    for (state, set) in (0..space.len() as u32).zip(&mut all) {
        space.forward(state, |next, _, _| {
            steps += 1;
            *set |= 1 << next;
        });
    }
    budget.spend(steps)?;
    Ok(all)
}

/// The path vectors of one pair of different domains, by length and names.
pub(super) struct Tiny<C> {
    neighbours: Neighbours,
    /// By hops, the domains that are not farther from the destination.
    near: [u8; LARGEST],
    to: u8,
    max_domains: usize,
    /// What a border costs, and what a path vector of `len` domains does.
    hop: C,
    cost: C,
    /// Domains of the path vectors that are told now.
    len: usize,
    path: [u32; LARGEST + 1],
    /// How many domains of the path are known; none between two lengths.
    depth: usize,
    on_path: u8,
    /// By place on the path, what is still to be tried after it.
    rest: [u8; LARGEST],
    longer: bool,
}

impl<C: Cost> Tiny<C> {
    pub(super) fn new(
        neighbours: Neighbours,
        hop: C,
        (from, to): (u32, u32),
        max_domains: usize,
    ) -> Self {
        let mut near = [1 << to; LARGEST];
        for hops in 1..LARGEST {
            near[hops] = near[hops - 1];
            for (domain, next) in neighbours.iter().enumerate() {
                if next & near[hops - 1] != 0 {
                    near[hops] |= 1 << domain;
                }
            }
        }
        let mut path = [0; LARGEST + 1];
        path[0] = from;
        Self {
            neighbours,
            near,
            to: 1 << to,
            max_domains,
            hop,
            cost: C::ZERO,
            len: 1,
            path,
            depth: 0,
            on_path: 0,
            rest: [0; LARGEST],
            longer: false,
        }
    }

    /// Puts a domain on the path, of which `depth` are known already.
    #[inline]
    fn push(&mut self, domain: u32) {
        self.path[self.depth] = domain;
        self.on_path |= 1 << domain;
        // The next one must be the destination, or have as many hops left as there are to go.
        let left = self.len - self.depth - 2;
        let next = self.neighbours[domain as usize] & !self.on_path & self.near[left];
        let last = left == 0;
        self.rest[self.depth] = if last { next } else { next & !self.to };
        self.depth += 1;
    }

    /// The next path vector of any length. A step is a domain that is tried.
    fn step(&mut self, budget: &mut Budget) -> Result<bool, Spent> {
        loop {
            let Some(top) = self.depth.checked_sub(1) else {
                if self.len == LARGEST {
                    return Ok(false);
                }
                self.len += 1;
                self.cost = self.cost.plus(self.hop);
                self.push(self.path[0]);
                continue;
            };
            let rest = self.rest[top];
            if rest == 0 {
                self.depth = top;
                self.on_path &= !(1 << self.path[top]);
                continue;
            }
            budget.spend(1)?;
            self.rest[top] = rest & (rest - 1);
            let next = rest.trailing_zeros();
            if self.depth + 1 == self.len {
                self.path[self.depth] = next;
                return Ok(true);
            }
            self.push(next);
        }
    }
}

impl<C: Cost> Find<C> for Tiny<C> {
    fn advance(&mut self, budget: &mut Budget) -> Result<Option<C>, Spent> {
        if !self.step(budget)? {
            return Ok(None);
        }
        if self.len > self.max_domains {
            self.longer = true;
            return Ok(None);
        }
        budget.spend(self.len)?;
        Ok(Some(self.cost))
    }

    fn answer(&self) -> &[u32] {
        &self.path[..self.len]
    }

    fn longer(&self) -> bool {
        self.longer
    }
}
