//! Path vectors of at most five domains, by hops: from both ends to the middle.
//!
//! What is next to the destination, and what is next to that, is listed once. Then a path vector of five
//! domains is a neighbour of the source, one of its neighbours, and what the lists say of that. So the
//! work is that of looking at what is two hops from either end, and of the answers.

use std::ops::ControlFlow;

use super::map::Map;
use crate::search::budget::{Budget, Spent};
use crate::search::cost::Cost;
use crate::search::space::Space;

/// The path vectors of one pair, by length and names. The states of the space must be the domains.
pub(crate) struct Few<S: Space> {
    space: S,
    from: u32,
    to: u32,
    max_domains: usize,
    /// Set at the end, if there is a path vector of more than `max_domains`.
    pub(crate) longer: bool,
    /// The cost of one hop.
    hop: S::Cost,
    /// Domains from which a step leads to the destination, in order.
    last: Vec<u32>,
    /// Those in `last` to which a step from the first domain leads, then those to which one from the
    /// second leads, and so on, in order.
    lists: Vec<u32>,
    /// By domain, where in `lists` its own start; one more at the end. Empty until they are listed.
    starts: Vec<u32>,
    /// What is next to the source; empty until it is looked at.
    first: Vec<u32>,
    /// What is next to the current one of `first`, and has a list; and that.
    second: Vec<(u32, (u32, u32))>,
    /// Domains of the path vectors that are told now; 0 at the start, more than there are at the end.
    len: usize,
    /// How many of `first` and of `second` are done, and what of a list is left.
    done: (usize, usize),
    left: (u32, u32),
    /// What is not taken from the list: it is on the path.
    except: u32,
    /// What a path vector of `len` domains costs.
    cost: S::Cost,
    answer: Vec<u32>,
}

/// The most domains of a path vector that is found this way.
pub(crate) const MOST: usize = 5;

impl<S: Space> Few<S> {
    /// `hop` is what a step costs, every one the same; `max_domains` is at most [`MOST`].
    pub(crate) fn new(space: S, hop: S::Cost, from: u32, to: u32, max_domains: usize) -> Self {
        Self {
            space,
            from,
            to,
            max_domains,
            longer: false,
            hop,
            last: Vec::new(),
            lists: Vec::new(),
            starts: Vec::new(),
            first: Vec::new(),
            second: Vec::new(),
            len: 0,
            done: (0, 0),
            left: (0, 0),
            except: to,
            cost: S::Cost::ZERO,
            answer: Vec::new(),
        }
    }

    pub(crate) fn answer(&self) -> &[u32] {
        &self.answer
    }

    /// The next path vector's cost; `None` if there is no more.
    #[inline]
    pub(crate) fn advance(&mut self, budget: &mut Budget) -> Result<Option<S::Cost>, Spent> {
        if self.next_of_list() {
            budget.spend(self.len)?;
            return Ok(Some(self.cost));
        }
        self.advance_past_list(budget)
    }

    fn advance_past_list(&mut self, budget: &mut Budget) -> Result<Option<S::Cost>, Spent> {
        loop {
            if self.next_of_len(budget)? {
                budget.spend(self.len)?;
                return Ok(Some(self.cost));
            }
            if self.len > MOST {
                return Ok(None);
            }
            self.len += 1;
            self.done = (0, 0);
            self.left = (0, 0);
            let hops = (1..self.len).map(|_| self.hop);
            self.cost = hops.fold(S::Cost::ZERO, Cost::plus);
            if self.len > self.max_domains || self.from == self.to && self.len > 1 {
                self.len = MOST + 1;
                if self.from == self.to {
                    self.longer = self.max_domains == 0;
                } else {
                    self.look_at_ends(budget)?;
                    self.look_for_longer(budget)?;
                }
                return Ok(None);
            }
            if self.len == 2 {
                self.look_at_ends(budget)?;
            }
            if self.len == 4 {
                self.list(budget)?;
            }
        }
    }

    fn look_at_ends(&mut self, budget: &mut Budget) -> Result<(), Spent> {
        if !self.first.is_empty() {
            return Ok(());
        }
        let (mut steps, from, to) = (1, self.from, self.to);
        self.space.backward(to, |state, _| {
            steps += 1;
            self.last.push(state);
        });
        self.last.sort_unstable();
        self.last.dedup();
        self.last.retain(|state| *state != to);
        neighbours(self.space, from, &mut self.first, budget)?;
        budget.spend(steps)
    }

    /// Lists what leads to what leads to the destination.
    fn list(&mut self, budget: &mut Budget) -> Result<(), Spent> {
        // How many each domain has, two places on: the sums are where the list before each starts.
        let mut starts = vec![0; self.space.len() + 2];
        self.next_to_last(|before, _| starts[before as usize + 2] += 1, budget)?;
        for at in 2..starts.len() {
            starts[at] += starts[at - 1];
        }
        // What is listed moves them on by one.
        let mut lists = vec![0; starts[starts.len() - 1] as usize];
        let list = |before: u32, state| {
            let end = &mut starts[before as usize + 1];
            lists[*end as usize] = state;
            *end += 1;
        };
        self.next_to_last(list, budget)?;
        (self.starts, self.lists) = (starts, lists);
        Ok(())
    }

    /// Tells every two domains, neither of them an end, between which a step leads from the one to the other
    /// and one from there to the destination: in the order of the second.
    fn next_to_last(
        &self,
        mut tell: impl FnMut(u32, u32),
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        for state in self.last.iter().filter(|state| **state != self.from) {
            let (mut steps, mut known) = (1, None);
            self.space.backward(*state, |before, _| {
                steps += 1;
                // A parallel edge adds nothing.
                let is_end = before == self.to || before == self.from;
                if !is_end && known.replace(before) != Some(before) {
                    tell(before, *state);
                }
            });
            budget.spend(steps)?;
        }
        Ok(())
    }

    /// Where the list of a domain is.
    #[inline]
    fn near(&self, state: u32) -> (u32, u32) {
        let at = state as usize;
        match self.starts.get(at..at + 2) {
            Some(ends) => (ends[0], ends[1]),
            None => (0, 0),
        }
    }

    /// The next of `len` domains.
    fn next_of_len(&mut self, budget: &mut Budget) -> Result<bool, Spent> {
        let Self { from, to, .. } = *self;
        match self.len {
            1 => {
                if self.done.0 > 0 || from != to {
                    return Ok(false);
                }
                self.done.0 = 1;
                self.tell(&[from]);
                Ok(true)
            }
            2 => {
                if self.done.0 > 0 || self.first.binary_search(&to).is_err() {
                    return Ok(false);
                }
                self.done.0 = 1;
                self.tell(&[from, to]);
                Ok(true)
            }
            3 => {
                while let Some(a) = self.first.get(self.done.0).copied() {
                    self.done.0 += 1;
                    if self.last.binary_search(&a).is_ok() {
                        self.tell(&[from, a, to]);
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            4 | 5 => loop {
                if self.next_of_list() {
                    return Ok(true);
                }
                if !self.next_list(budget)? {
                    return Ok(false);
                }
            },
            _ => Ok(false),
        }
    }

    /// Turns to the next list for paths of four or five domains.
    fn next_list(&mut self, budget: &mut Budget) -> Result<bool, Spent> {
        let Self { from, to, .. } = *self;
        loop {
            if self.len == 5
                && let Some((b, left)) = self.second.get(self.done.1).copied()
            {
                self.done.1 += 1;
                self.left = left;
                let a = self.first[self.done.0 - 1];
                self.except = a;
                self.tell(&[from, a, b, to, to]);
                return Ok(true);
            }
            let Some(a) = self.first.get(self.done.0).copied() else {
                return Ok(false);
            };
            self.done = (self.done.0 + 1, 0);
            if self.len == 4 {
                self.left = self.near(a);
                self.except = to;
                self.tell(&[from, a, to, to]);
                return Ok(true);
            }
            self.second.clear();
            if a != to {
                self.look_past(a, budget)?;
            }
        }
    }

    /// Finds what is next to `a` and has a list.
    fn look_past(&mut self, a: u32, budget: &mut Budget) -> Result<(), Spent> {
        let mut second = std::mem::take(&mut self.second);
        let mut steps = 1;
        self.space.forward(a, |b, _, _| {
            steps += 1;
            let list = self.near(b);
            if list.0 < list.1 && second.last().is_none_or(|last| last.0 != b) {
                second.push((b, list));
            }
        });
        self.second = second;
        budget.spend(steps)
    }

    /// Puts the next of the list into the answer, as the last before the destination.
    #[inline]
    fn next_of_list(&mut self) -> bool {
        while self.left.0 < self.left.1 {
            let next = self.lists.get(self.left.0 as usize).copied();
            self.left.0 += 1;
            if let Some(next) = next
                && next != self.except
                && let [.., last, _] = &mut self.answer[..]
            {
                *last = next;
                return true;
            }
        }
        false
    }

    /// Hands the next path vectors to `sink`, at most `most`, and says how many these were: none after the
    /// last. Those of whole lists are written in place, of a length that the compiler knows.
    #[inline]
    pub(crate) fn tell_some(
        &mut self,
        most: usize,
        budget: &mut Budget,
        sink: &mut impl FnMut(&[u32], S::Cost) -> ControlFlow<()>,
    ) -> Result<ControlFlow<(), usize>, Spent> {
        let mut told = 0;
        while matches!(self.len, 4 | 5) {
            let range = self.left.0 as usize..self.left.1 as usize;
            if range.len() > most - told {
                break;
            }
            budget.spend(range.len() * self.len)?;
            self.left.0 = self.left.1;
            let rest = self.lists[range].iter().copied();
            let (except, cost) = (self.except, self.cost);
            for last in rest.filter(|last| *last != except) {
                told += 1;
                let flow = match *self.answer {
                    [from, a, b, _, to] => sink(&[from, a, b, last, to], cost),
                    [from, a, _, to] => sink(&[from, a, last, to], cost),
                    _ => ControlFlow::Continue(()),
                };
                if flow.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            if !self.next_list(budget)? {
                break;
            }
        }
        if told == 0
            && let Some(cost) = self.advance(budget)?
        {
            told = 1;
            if sink(&self.answer, cost).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(told))
    }

    #[inline]
    fn tell(&mut self, path: &[u32]) {
        self.answer.clear();
        self.answer.extend_from_slice(path);
    }

    /// Whether some path vector is longer: one begins with `max_domains` domains past the destination,
    /// from the last of which a path leads there.
    fn look_for_longer(&mut self, budget: &mut Budget) -> Result<(), Spent> {
        let mut visited = Map::new(self.space.len());
        if self.max_domains == 0 {
            return self.leads_on(&[], self.from, &mut visited, budget);
        }
        // Where no path leads at all, no beginning of one need be tried.
        self.leads_on(&[], self.from, &mut visited, budget)?;
        if !std::mem::take(&mut self.longer) {
            return Ok(());
        }
        let mut path = vec![self.from];
        let mut rows: Vec<Vec<u32>> = Vec::new();
        loop {
            if path.len() == self.max_domains {
                let (last, wall) = path.split_last().unwrap_or((&self.from, &[]));
                self.leads_on(wall, *last, &mut visited, budget)?;
                if self.longer {
                    return Ok(());
                }
                path.pop();
            } else {
                let mut row = Vec::new();
                let last = path.last().copied().unwrap_or(self.from);
                neighbours(self.space, last, &mut row, budget)?;
                row.reverse();
                rows.push(row);
            }
            // The next one at the lowest place that has one.
            loop {
                let Some(row) = rows.last_mut() else {
                    return Ok(());
                };
                match row.pop() {
                    Some(next) if next == self.to || path.contains(&next) => {}
                    Some(next) => {
                        path.push(next);
                        break;
                    }
                    None => {
                        rows.pop();
                        path.pop();
                    }
                }
            }
        }
    }

    /// Sets `longer` if a path leads from `state` to the destination past the wall.
    fn leads_on(
        &mut self,
        wall: &[u32],
        state: u32,
        visited: &mut Map<()>,
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        visited.clear();
        visited.add(state, ());
        let mut at = 0;
        while let Some((state, ())) = visited.entries().get(at).copied() {
            at += 1;
            let (start, end) = self.near(state);
            let near = &self.lists[start as usize..end as usize];
            self.longer |= near.iter().any(|near| !wall.contains(near));
            self.longer |= self.last.binary_search(&state).is_ok();
            if self.longer {
                return Ok(());
            }
            let mut steps = 1;
            self.space.forward(state, |next, _, _| {
                steps += 1;
                if !wall.contains(&next) && visited.get(next).is_none() {
                    visited.add(next, ());
                }
            });
            budget.spend(steps)?;
        }
        Ok(())
    }
}

/// Where steps from a state lead, in order, each once.
fn neighbours<S: Space>(
    space: S,
    state: u32,
    list: &mut Vec<u32>,
    budget: &mut Budget,
) -> Result<(), Spent> {
    let mut steps = 1;
    space.forward(state, |next, _, _| {
        steps += 1;
        if next != state && list.last() != Some(&next) {
            list.push(next);
        }
    });
    budget.spend(steps)
}
