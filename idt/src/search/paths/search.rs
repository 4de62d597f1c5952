//! The search for the path vectors of one pair.

mod walls;

use std::collections::BinaryHeap;
use std::ops::Range;

use super::map::Map;
use super::potential::{Potential, Queue};
use super::queue::{Bound, Partial, Unknown};
use crate::search::budget::{Budget, Spent};
use crate::search::cost::Cost;
use crate::search::space::Space;

/// In place of a parent: there is none.
const NONE: u32 = u32::MAX;

/// A partial path vector that was taken up.
#[derive(Clone, Copy, Debug)]
struct Node {
    parent: u32,
    domain: u32,
    /// Domains up to here.
    len: u32,
    /// The states in which it may end, with the least cost of each: where in `fronts` they are.
    front: (u32, u32),
}

impl Node {
    fn front(&self) -> Range<usize> {
        self.front.0 as usize..self.front.1 as usize
    }
}

/// A domain of the path that is being walked.
#[derive(Clone, Copy, Debug)]
struct Frame {
    node: u32,
    /// Its next domains on paths of the cost that is looked for: what is left of them in `kids`.
    kids: (u32, u32),
    /// What was pending before.
    pending: u32,
    pending_unknown: u32,
    /// A path through it was told.
    found: bool,
    /// What was deferred on the way stays, although no path was found: it may have been for the
    /// length of the path, or because the cheapest walk is no path.
    kept: bool,
}

/// The end of a search past the wall.
enum Past<C> {
    Cost(C),
    /// It costs as much as the limit of the potential, or more, or there is none.
    Unknown,
    None,
}

/// A step that was seen: the domain to which it leads, the bound of what goes there, the state, the
/// cost up to there, and whether it is on a path of the cost that is looked for.
type Seen<C> = (u32, Option<C>, u32, C, bool);

/// The search of one pair of different domains.
pub(crate) struct Search<S: Space, P> {
    space: S,
    potential: P,
    from: u32,
    to: u32,
    max_domains: usize,
    /// Set once a path vector longer than `max_domains` is known to exist.
    pub(crate) longer: bool,
    nodes: Vec<Node>,
    fronts: Vec<(u32, S::Cost)>,
    queue: BinaryHeap<Partial<S::Cost>>,
    unknown: Vec<Unknown<S::Cost>>,
    /// The partial path vectors of the cost that is looked for, the last name first.
    level: Vec<Partial<S::Cost>>,
    cost: S::Cost,

    /// The walk down one partial path vector.
    walled: bool,
    /// A step that costs nothing was seen: the cheapest steps may lead in circles.
    circles: bool,
    path: Vec<u32>,
    on_path: Vec<bool>,
    stack: Vec<Frame>,
    kids: Vec<u32>,
    pending: Vec<Partial<S::Cost>>,
    pending_unknown: Vec<Unknown<S::Cost>>,
    /// States from which no path of the cost leads on past the wall.
    dead: Map<()>,
    /// Costs up to the states that were reached past the wall.
    past: Map<S::Cost>,
    past_queue: Queue<S::Cost>,
    seen: Vec<Seen<S::Cost>>,
    visited: Map<()>,
    started: bool,
    answer: Vec<u32>,
}

impl<S: Space, P: Potential<S::Cost>> Search<S, P> {
    /// The search for the path vectors from one domain to another, of `max_domains` domains or fewer.
    pub(crate) fn new(space: S, potential: P, from: u32, to: u32, max_domains: usize) -> Self {
        Self {
            space,
            potential,
            from,
            to,
            max_domains,
            longer: false,
            nodes: Vec::new(),
            fronts: Vec::new(),
            queue: BinaryHeap::new(),
            unknown: Vec::new(),
            level: Vec::new(),
            cost: S::Cost::ZERO,
            walled: false,
            circles: false,
            path: Vec::new(),
            on_path: vec![false; space.domains()],
            stack: Vec::new(),
            kids: Vec::new(),
            pending: Vec::new(),
            pending_unknown: Vec::new(),
            dead: Map::new(space.len()),
            past: Map::new(space.len()),
            past_queue: Queue::new(),
            seen: Vec::new(),
            visited: Map::new(space.len()),
            started: false,
            answer: Vec::new(),
        }
    }

    /// Another pair, with the same scratch space.
    pub(crate) fn restart(&mut self, potential: P, from: u32, to: u32) {
        self.potential = potential;
        self.reset(from, to);
    }

    /// Another source, with the same scratch space and what the potential knows.
    pub(crate) fn restart_from(&mut self, from: u32, mend: impl FnOnce(&mut P)) {
        mend(&mut self.potential);
        self.reset(from, self.to);
    }

    fn reset(&mut self, from: u32, to: u32) {
        for domain in self.path.drain(..) {
            self.on_path[domain as usize] = false;
        }
        (self.from, self.to) = (from, to);
        self.longer = false;
        self.nodes.clear();
        self.fronts.clear();
        self.queue.clear();
        self.unknown.clear();
        self.level.clear();
        self.stack.clear();
        self.kids.clear();
        self.pending.clear();
        self.pending_unknown.clear();
        self.started = false;
    }

    /// The potential, to be used again.
    pub(crate) fn take_potential(&mut self) -> P
    where
        P: Default,
    {
        std::mem::take(&mut self.potential)
    }

    /// The destination.
    pub(crate) fn to(&self) -> u32 {
        self.to
    }

    /// The path vector that was found last.
    pub(crate) fn answer(&self) -> &[u32] {
        &self.answer
    }

    /// The next path vector's cost; `None` if there is no more.
    pub(crate) fn advance(&mut self, budget: &mut Budget) -> Result<Option<S::Cost>, Spent> {
        if !self.started {
            self.start(budget)?;
        }
        loop {
            if self.walk(budget)? {
                return Ok(Some(self.cost));
            }
            if let Some(partial) = self.level.pop() {
                if partial.domain == self.to {
                    self.tell(partial.parent, budget)?;
                    return Ok(Some(self.cost));
                }
                self.take_up(partial, budget)?;
                continue;
            }
            if !self.next_level(budget)? {
                return Ok(None);
            }
        }
    }

    fn start(&mut self, budget: &mut Budget) -> Result<(), Spent> {
        self.started = true;
        if self.from == self.to {
            if self.max_domains == 0 {
                self.longer = true;
            } else {
                self.defer(S::Cost::ZERO, Bound::Measured, NONE, self.from);
            }
            return Ok(());
        }
        if self.potential.limit() == S::Cost::ZERO {
            self.potential.widen(budget)?;
        }
        match self
            .potential
            .left(self.space.start(self.from), S::Cost::ZERO)
        {
            Some(left) if left == S::Cost::FAR => {}
            Some(left) if self.too_long(left, 1, self.from) => {
                self.longer = true;
            }
            Some(left) => self.defer(left, Bound::Free, NONE, self.from),
            None => self.defer(self.potential.limit(), Bound::Lower, NONE, self.from),
        }
        Ok(())
    }

    fn defer(&mut self, cost: S::Cost, bound: Bound, parent: u32, domain: u32) {
        self.queue.push(Partial {
            cost,
            bound,
            parent,
            domain,
        });
    }

    /// Writes the path of a node and the destination as the answer.
    fn tell(&mut self, parent: u32, budget: &mut Budget) -> Result<(), Spent> {
        self.answer.clear();
        self.answer.push(self.to);
        let mut at = parent;
        while let Some(node) = self.nodes.get(at as usize) {
            self.answer.push(node.domain);
            at = node.parent;
        }
        self.answer.reverse();
        budget.spend(self.answer.len())
    }

    /// Whether a partial path vector of `len` domains up to `domain`, whose completions cost at least
    /// `cost`, has only completions that are too long.
    fn too_long(&self, cost: S::Cost, len: usize, domain: u32) -> bool {
        match self.space.crossings(cost) {
            Some(hops) => hops >= self.max_domains as u64,
            None => len + usize::from(domain != self.to) > self.max_domains,
        }
    }

    /// Fills `level` with what has completions of the next higher cost. `false` if nothing is left.
    fn next_level(&mut self, budget: &mut Budget) -> Result<bool, Spent> {
        loop {
            let limit = self.potential.limit();
            let next = self.queue.peek().copied();
            let next = next.filter(|next| next.cost < limit || limit == S::Cost::FAR);
            let Some(next) = next else {
                if limit == S::Cost::FAR || self.queue.is_empty() && self.unknown.is_empty() {
                    return Ok(false);
                }
                self.widen(budget)?;
                continue;
            };
            match next.bound {
                Bound::Lower | Bound::Beyond => {
                    self.queue.pop();
                    self.measure(next, budget)?;
                }
                Bound::Free | Bound::Measured => {
                    self.cost = next.cost;
                    self.gather(budget)?;
                    return Ok(true);
                }
            }
        }
    }

    /// Takes all partial path vectors of `cost` from the queue, sorted by their names.
    fn gather(&mut self, budget: &mut Budget) -> Result<(), Spent> {
        let cost = self.cost;
        while let Some(next) = self.queue.peek()
            && next.cost == cost
            && matches!(next.bound, Bound::Free | Bound::Measured)
        {
            self.level.extend(self.queue.pop());
        }
        if self.level.len() < 2 {
            return Ok(());
        }
        let mut names: Vec<u32> = Vec::new();
        let mut spans: Vec<(usize, usize, Partial<S::Cost>)> = Vec::new();
        for partial in self.level.drain(..) {
            let start = names.len();
            names.push(partial.domain);
            let mut at = partial.parent;
            while let Some(node) = self.nodes.get(at as usize) {
                names.push(node.domain);
                at = node.parent;
            }
            names[start..].reverse();
            spans.push((start, names.len(), partial));
        }
        budget.spend(names.len())?;
        spans.sort_unstable_by(|a, b| names[b.0..b.1].cmp(&names[a.0..a.1]));
        self.level.extend(spans.into_iter().map(|span| span.2));
        Ok(())
    }

    /// Raises the limit of the potential, and with it the bounds that were not known.
    fn widen(&mut self, budget: &mut Budget) -> Result<(), Spent> {
        self.potential.widen(budget)?;
        budget.spend(self.unknown.len())?;
        let mut unknown = std::mem::take(&mut self.unknown);
        let mut kept = Vec::new();
        for entry in unknown.drain(..) {
            let left = self.potential.left(entry.state, entry.cost);
            let limit = self.potential.limit();
            let cost = left.map_or(limit, |left| entry.cost.plus(left));
            if cost == S::Cost::FAR {
                continue;
            }
            let len = self.nodes[entry.parent as usize].len as usize + 1;
            if self.too_long(cost, len, entry.domain) {
                self.look_for_longer(entry.parent, entry.domain, budget)?;
            } else if left.is_none() {
                kept.push(entry);
            } else {
                self.defer(cost, Bound::Free, entry.parent, entry.domain);
            }
        }
        self.unknown = kept;
        Ok(())
    }

    /// Sets `path` to that of a node.
    fn wall(&mut self, node: u32, budget: &mut Budget) -> Result<(), Spent> {
        for domain in self.path.drain(..) {
            self.on_path[domain as usize] = false;
        }
        let mut at = node;
        while let Some(node) = self.nodes.get(at as usize) {
            self.path.push(node.domain);
            self.on_path[node.domain as usize] = true;
            at = node.parent;
        }
        self.path.reverse();
        budget.spend(self.path.len())
    }

    /// Appends to `fronts` the states of `domain` that a step from the node leads to, with the least
    /// cost of each.
    fn step(&mut self, node: u32, domain: u32, budget: &mut Budget) -> Result<(u32, u32), Spent> {
        let Self {
            space,
            nodes,
            fronts,
            from,
            ..
        } = self;
        let start = fronts.len();
        let mut steps = 1;
        match nodes.get(node as usize) {
            None => fronts.push((space.start(*from), S::Cost::ZERO)),
            Some(node) => {
                for at in node.front() {
                    let (state, before) = fronts[at];
                    space.forward_to(state, domain, |to, cost, _| {
                        steps += 1;
                        relax(fronts, start, to, before.plus(cost));
                    });
                }
            }
        }
        if !space.is_plain() {
            // Within the domain, from point to point, until nothing gets cheaper.
            let mut again = true;
            while std::mem::take(&mut again) {
                let mut at = start;
                while at < fronts.len() {
                    let (state, before) = fronts[at];
                    space.forward_to(state, domain, |to, cost, _| {
                        steps += 1;
                        again |= relax(fronts, start, to, before.plus(cost));
                    });
                    at += 1;
                }
            }
        }
        budget.spend(steps)?;
        Ok((start as u32, fronts.len() as u32))
    }

    /// The cost of the path vector of a node and the destination.
    fn arrival(&mut self, node: u32, budget: &mut Budget) -> Result<S::Cost, Spent> {
        let (start, end) = self.step(node, self.to, budget)?;
        let sink = self.space.sink(self.to);
        let ends = self.fronts[start as usize..end as usize].iter();
        let ends = ends
            .filter(|(state, _)| self.space.point(*state) == sink && self.space.may_end(*state));
        let cost = ends.map(|end| end.1).min().unwrap_or(S::Cost::FAR);
        self.fronts.truncate(start as usize);
        Ok(cost)
    }

    /// Finds the bound past the wall of a partial path vector, and puts it back.
    fn measure(&mut self, partial: Partial<S::Cost>, budget: &mut Budget) -> Result<(), Spent> {
        let Partial { parent, domain, .. } = partial;
        self.wall(parent, budget)?;
        let front = self.step(parent, domain, budget)?;
        let past = self.past(domain, front, None, budget)?;
        self.fronts.truncate(front.0 as usize);
        match past {
            Past::None => {}
            Past::Unknown => self.defer(self.potential.limit(), Bound::Lower, parent, domain),
            Past::Cost(cost) => {
                if self.too_long(cost, self.path.len() + 1, domain) {
                    self.longer = true;
                } else {
                    self.defer(cost, Bound::Measured, parent, domain);
                }
            }
        }
        Ok(())
    }

    /// Begins the walk down the completions of a partial path vector that cost `cost`.
    fn take_up(&mut self, partial: Partial<S::Cost>, budget: &mut Budget) -> Result<(), Spent> {
        let Partial {
            parent,
            domain,
            bound,
            ..
        } = partial;
        self.wall(parent, budget)?;
        self.dead.clear();
        self.circles = false;
        self.walled = bound == Bound::Measured;
        if self.walled {
            let front = self.step(parent, domain, budget)?;
            self.past(domain, front, Some(self.cost), budget)?;
            self.fronts.truncate(front.0 as usize);
        }
        self.enter(parent, domain, budget)
    }

    /// Whether a step of a path of the cost that is looked for leads to `state` at `cost`.
    #[inline]
    fn is_tight(&self, state: u32, cost: S::Cost) -> bool {
        let left = self.potential.left(state, cost);
        self.is_tight_with(state, cost, left)
    }

    /// The same, where it is known what is left from `state`.
    #[inline]
    fn is_tight_with(&self, state: u32, cost: S::Cost, left: Option<S::Cost>) -> bool {
        let bound = left.map(|left| cost.plus(left));
        if self.walled {
            self.past.get(state) == Some(cost) && bound.is_some_and(|bound| bound <= self.cost)
        } else {
            bound == Some(self.cost)
        }
    }

    /// Whether partial paths must be looked at before they are walked: the cheapest steps lead in
    /// circles, or walks may pass a domain twice.
    fn is_branchy(&self) -> bool {
        self.circles || !self.space.is_plain()
    }

    /// Goes on to `domain` from the end of the path, or defers that.
    fn enter(&mut self, parent: u32, domain: u32, budget: &mut Budget) -> Result<(), Spent> {
        let front = self.step(parent, domain, budget)?;
        let range = front.0 as usize..front.1 as usize;
        let alive = |(state, cost): &(u32, S::Cost)| {
            self.is_tight(*state, *cost) && self.dead.get(*state).is_none()
        };
        let mut alive = self.fronts[range].iter().any(alive);
        if alive && self.is_branchy() {
            alive = self.leads(domain, front, budget)?;
        }
        if !alive {
            self.fronts.truncate(front.0 as usize);
            self.pending.push(Partial {
                cost: self.cost,
                bound: Bound::Beyond,
                parent,
                domain,
            });
            if self.stack.is_empty() {
                self.flush();
            }
            return Ok(());
        }
        let node = self.nodes.len() as u32;
        self.path.push(domain);
        self.on_path[domain as usize] = true;
        self.nodes.push(Node {
            parent,
            domain,
            len: self.path.len() as u32,
            front,
        });
        let mut frame = Frame {
            node,
            kids: (self.kids.len() as u32, 0),
            pending: self.pending.len() as u32,
            pending_unknown: self.pending_unknown.len() as u32,
            found: false,
            kept: !self.space.is_plain(),
        };
        self.scan(&mut frame, budget)?;
        self.stack.push(frame);
        Ok(())
    }

    /// What was deferred stays so.
    fn flush(&mut self) {
        self.queue.extend(self.pending.drain(..));
        self.unknown.append(&mut self.pending_unknown);
    }

    /// Looks at every step from the end of the path: those on a path of the cost that is looked for
    /// go to `kids`, all others are deferred.
    fn scan(&mut self, frame: &mut Frame, budget: &mut Budget) -> Result<(), Spent> {
        let node = self.nodes[frame.node as usize];
        let mut seen = std::mem::take(&mut self.seen);
        seen.clear();
        let (mut arrives, mut steps, mut circles) = (false, 1, false);
        for at in node.front() {
            let (state, before) = self.fronts[at];
            self.space.forward(state, |next, step, _| {
                steps += 1;
                let domain = self.space.domain(next);
                if self.on_path[domain as usize] {
                    return;
                }
                if domain == self.to {
                    arrives = true;
                    return;
                }
                let cost = before.plus(step);
                let left = self.potential.left(next, cost);
                if left == Some(S::Cost::FAR) {
                    return;
                }
                let tight = self.is_tight_with(next, cost, left);
                circles |= tight && step == S::Cost::ZERO;
                seen.push((domain, left.map(|left| cost.plus(left)), next, cost, tight));
            });
        }
        budget.spend(steps)?;
        self.circles |= circles;
        if arrives {
            let cost = self.arrival(frame.node, budget)?;
            if cost != S::Cost::FAR {
                seen.push((self.to, Some(cost), self.to, cost, cost == self.cost));
            }
        }
        if !seen.is_sorted_by_key(|seen| seen.0) {
            seen.sort_unstable_by_key(|seen| seen.0);
        }
        let result = self.sort_out(&seen, frame, node, budget);
        self.seen = seen;
        frame.kids.1 = self.kids.len() as u32;
        result
    }

    fn sort_out(
        &mut self,
        seen: &[Seen<S::Cost>],
        frame: &mut Frame,
        node: Node,
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        let limit = self.potential.limit();
        let len = node.len as usize + 1;
        for seen in seen.chunk_by(|a, b| a.0 == b.0) {
            let domain = seen[0].0;
            let known = seen.iter().filter_map(|seen| seen.1).min();
            let unknown = seen.iter().any(|seen| seen.1.is_none());
            let known = known.filter(|known| !unknown || *known < limit);
            if self.too_long(known.unwrap_or(limit), len, domain) {
                frame.kept |= seen.iter().any(|seen| seen.4);
                self.look_for_longer(frame.node, domain, budget)?;
                continue;
            }
            if seen.iter().any(|seen| seen.4) {
                self.kids.push(domain);
                continue;
            }
            let (cost, bound) = match known {
                Some(cost) if cost > self.cost => (cost, Bound::Free),
                Some(_) => (self.cost, Bound::Beyond),
                None => {
                    let (state, cost) = (seen[0].2, seen.iter().map(|seen| seen.3).min());
                    if let Some(cost) = cost
                        && seen.iter().all(|seen| seen.2 == state)
                    {
                        let unknown = Unknown {
                            cost,
                            state,
                            parent: frame.node,
                            domain,
                        };
                        self.pending_unknown.push(unknown);
                        continue;
                    }
                    (limit, Bound::Lower)
                }
            };
            self.pending.push(Partial {
                cost,
                bound,
                parent: frame.node,
                domain,
            });
        }
        Ok(())
    }

    /// Goes on with the walk; `true` at a path vector.
    fn walk(&mut self, budget: &mut Budget) -> Result<bool, Spent> {
        while let Some(frame) = self.stack.last_mut() {
            if frame.kids.0 == frame.kids.1 {
                self.leave();
                continue;
            }
            let domain = self.kids[frame.kids.0 as usize];
            frame.kids.0 += 1;
            let node = frame.node;
            if domain == self.to {
                frame.found = true;
                self.answer.clear();
                self.answer.extend_from_slice(&self.path);
                self.answer.push(domain);
                budget.spend(self.answer.len())?;
                return Ok(true);
            }
            self.enter(node, domain, budget)?;
        }
        Ok(false)
    }

    /// Leaves the end of the path. If nothing was found there, it is as if it had not been entered.
    fn leave(&mut self) {
        let Some(frame) = self.stack.pop() else {
            return;
        };
        if let Some(domain) = self.path.pop() {
            self.on_path[domain as usize] = false;
        }
        let before = self.stack.last().map_or(0, |parent| parent.kids.1);
        self.kids.truncate(before as usize);
        if !frame.found && !frame.kept {
            let node = self.nodes[frame.node as usize];
            if !self.circles {
                for at in node.front() {
                    let (state, cost) = self.fronts[at];
                    if self.is_tight(state, cost) && self.dead.get(state).is_none() {
                        self.dead.add(state, ());
                    }
                }
            }
            self.nodes.truncate(frame.node as usize);
            self.fronts.truncate(node.front().start);
            self.pending.truncate(frame.pending as usize);
            self.pending_unknown
                .truncate(frame.pending_unknown as usize);
            self.pending.push(Partial {
                cost: self.cost,
                bound: Bound::Beyond,
                parent: node.parent,
                domain: node.domain,
            });
        }
        match self.stack.last_mut() {
            Some(parent) => {
                parent.found |= frame.found;
                parent.kept |= frame.kept;
            }
            None => self.flush(),
        }
    }
}

/// Lowers the cost of a state of the front that begins at `start`, or adds it. Whether it did.
fn relax<C: Cost>(fronts: &mut Vec<(u32, C)>, start: usize, state: u32, cost: C) -> bool {
    if cost == C::FAR {
        return false;
    }
    match fronts[start..].iter_mut().find(|known| known.0 == state) {
        Some(known) if cost < known.1 => known.1 = cost,
        Some(_) => return false,
        None => fronts.push((state, cost)),
    }
    true
}
