//! Path vectors of at most five domains, by hops: from both ends to the middle.
//!
//! What is next to the destination, and what is next to that, is listed once. Then a path vector of five
//! domains is a neighbour of the source, one of its neighbours, and what the lists say of that. So the
//! work is that of looking at what is two hops from either end, and of the answers.

use super::map::Map;
use super::run::PathRun;
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
    /// Domains from which a step leads to the destination.
    last: Map<()>,
    /// By domain, where in `lists` those in `last` are to which a step leads, in order.
    near: Map<(u32, u32)>,
    lists: Vec<u32>,
    /// What is next to the source; empty until it is looked at.
    first: Vec<u32>,
    /// What is next to the current one of `first`, and has a list; and that.
    second: Vec<(u32, (u32, u32))>,
    /// Domains of the path vectors that are told now; 0 at the start, more than there are at the end.
    len: usize,
    /// How many of `first` and of `second` are done.
    done: (usize, usize),
    /// Whether the current one of `first` may be in the lists of `second`.
    is_listed: bool,
    /// What of a list is left, and what of it comes after that, past a domain that is on the path.
    left: (u32, u32),
    then: (u32, u32),
    /// What a path vector of `len` domains costs.
    cost: S::Cost,
    /// The last answer: its first `len` domains.
    path: [u32; MOST],
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
            last: Map::new(space.len()),
            near: Map::new(space.len()),
            lists: Vec::new(),
            first: Vec::new(),
            second: Vec::new(),
            len: 0,
            done: (0, 0),
            is_listed: false,
            left: (0, 0),
            then: (0, 0),
            cost: S::Cost::ZERO,
            path: [from; MOST],
        }
    }

    #[inline]
    pub(crate) fn answer(&self) -> &[u32] {
        &self.path[..self.len.min(MOST)]
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
            if self.len > 1 {
                self.path[self.len - 1] = self.to;
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
            if state != to && self.last.get(state).is_none() {
                self.last.add(state, ());
            }
        });
        neighbours(self.space, from, &mut self.first, budget)?;
        budget.spend(steps)
    }

    /// Lists what leads to what leads to the destination.
    fn list(&mut self, budget: &mut Budget) -> Result<(), Spent> {
        let mut last: Vec<u32> = self.last.entries().iter().map(|entry| entry.0).collect();
        last.retain(|state| *state != self.from);
        last.sort_unstable();
        let mut counts: Map<u32> = Map::new(self.space.len());
        let mut pairs = Vec::new();
        for state in last {
            let (mut steps, mut known) = (1, None);
            self.space.backward(state, |before, _| {
                steps += 1;
                // A parallel edge adds nothing.
                if before == self.to || before == self.from || known.replace(before) == Some(before)
                {
                    return;
                }
                pairs.push((before, state));
                match counts.get_mut(before) {
                    None => counts.add(before, 1),
                    Some(count) => *count += 1,
                }
            });
            budget.spend(steps)?;
        }
        // In the order in which rows ask for them.
        let mut counts = counts.entries().to_vec();
        counts.sort_unstable();
        let near = &mut self.near;
        let mut end = 0;
        for (state, count) in counts {
            near.add(state, (end, end));
            end += count;
        }
        self.lists.resize(pairs.len(), 0);
        for (before, state) in pairs {
            if let Some((_, end)) = near.get_mut(before) {
                self.lists[*end as usize] = state;
                *end += 1;
            }
        }
        Ok(())
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
                Ok(true)
            }
            2 => {
                if self.done.0 > 0 || self.first.binary_search(&to).is_err() {
                    return Ok(false);
                }
                self.done.0 = 1;
                Ok(true)
            }
            3 => {
                while let Some(a) = self.first.get(self.done.0).copied() {
                    self.done.0 += 1;
                    if self.last.get(a).is_some() {
                        self.path[1] = a;
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            4 => loop {
                if self.next_of_list() {
                    return Ok(true);
                }
                let Some(a) = self.first.get(self.done.0).copied() else {
                    return Ok(false);
                };
                self.done.0 += 1;
                self.path[1] = a;
                self.begin(self.near.get(a).unwrap_or_default(), None);
            },
            5 => loop {
                if self.next_of_list() {
                    return Ok(true);
                }
                if let Some((b, list)) = self.second.get(self.done.1).copied() {
                    self.done.1 += 1;
                    self.path[2] = b;
                    let a = self.path[1];
                    self.begin(list, self.is_listed.then_some(a));
                    continue;
                }
                let Some(a) = self.first.get(self.done.0).copied() else {
                    return Ok(false);
                };
                self.done = (self.done.0 + 1, 0);
                self.path[1] = a;
                self.is_listed = self.last.get(a).is_some();
                self.second.clear();
                if a != to {
                    let (second, near, mut steps) = (&mut self.second, &self.near, 1);
                    self.space.forward(a, |b, _, _| {
                        steps += 1;
                        if second.last().is_none_or(|last| last.0 != b)
                            && let Some(list) = near.get(b)
                        {
                            second.push((b, list));
                        }
                    });
                    budget.spend(steps)?;
                }
            },
            _ => Ok(false),
        }
    }

    /// Begins a list, which is in order, without a domain that is on the path.
    #[inline]
    fn begin(&mut self, list: (u32, u32), without: Option<u32>) {
        (self.left, self.then) = (list, (0, 0));
        if let Some(without) = without
            && let Ok(at) = self.lists[list.0 as usize..list.1 as usize].binary_search(&without)
        {
            let at = list.0 + at as u32;
            (self.left, self.then) = ((list.0, at), (at + 1, list.1));
        }
    }

    /// Puts the next of the list into the answer, as the last before the destination.
    #[inline]
    fn next_of_list(&mut self) -> bool {
        if self.left.0 == self.left.1 {
            self.left = std::mem::take(&mut self.then);
        }
        let is_left = self.left.0 < self.left.1;
        if is_left {
            self.path[self.len - 2] = self.lists[self.left.0 as usize];
            self.left.0 += 1;
        }
        is_left
    }

    /// The last answer with what comes next in its list, `most` in all if the budget suffices.
    #[inline]
    pub(crate) fn run(&mut self, most: usize, budget: &mut Budget) -> PathRun<'_> {
        let rest = self.left.0 as usize..self.left.1 as usize;
        let more = rest.len().min(most.saturating_sub(1));
        if more == 0 || budget.spend(more * self.len).is_err() {
            return PathRun::one(self.answer());
        }
        self.left.0 += more as u32;
        let choices = &self.lists[rest.start - 1..rest.start + more];
        PathRun::new(self.answer(), self.len - 2, choices)
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
            let (start, end) = self.near.get(state).unwrap_or_default();
            let near = &self.lists[start as usize..end as usize];
            self.longer |= near.iter().any(|near| !wall.contains(near));
            self.longer |= self.last.get(state).is_some();
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
