//! The search of one call, level by level.

use super::{Candidates, PathCaps};
use crate::search::budget::{Budget, Spent};
use crate::search::hops::{FAR, WALL, hops_ahead, hops_to};
use crate::{DomainGraph, DomainIndex};

/// What ends the search of a pair early.
pub(super) enum Stop {
    /// There is one path vector more than the pair may have.
    Enough,
    /// The budget is spent.
    Spent,
}

impl From<Spent> for Stop {
    fn from(Spent: Spent) -> Self {
        Self::Spent
    }
}

/// The end of the paths that are searched.
struct Target<'a> {
    destination: DomainIndex,
    /// Distances to the destination with nothing in the way.
    free: &'a [u32],
}

/// Partial paths, one after the other.
#[derive(Default)]
struct Level {
    domains: Vec<DomainIndex>,
    /// Where in `domains` each begins and ends.
    partials: Vec<(usize, usize)>,
}

/// A search over the pairs of one call, with the scratch space that they share.
pub(super) struct PathSearch<'a> {
    graph: &'a DomainGraph,
    caps: &'a PathCaps,
    budget: Budget,
    pub(super) found: Candidates,
    /// How many path vectors the pair may bring `found` to.
    most: usize,
    /// The partial paths that are not taken up yet, by the least domains of a completion. All that
    /// are above the cap share one level.
    levels: Vec<Level>,
    /// Distances to the destination past the wall: of all domains through which its shortest
    /// completions lead. [`WALL`] on the wall itself; of the others the distance, or [`FAR`].
    hops: Vec<u32>,
    /// What is [`FAR`] is at least so far.
    beyond: u32,
    /// The domains whose entry in `hops` may not be [`FAR`]: the wall but for its end, and what was
    /// reached.
    touched: Vec<DomainIndex>,
    reached: Vec<DomainIndex>,
    /// The path that is being walked, and for each step from the wall's end on the neighbours that
    /// are still to come.
    path: Vec<DomainIndex>,
    walk: Vec<&'a [DomainIndex]>,
}

impl<'a> PathSearch<'a> {
    pub(super) fn new(graph: &'a DomainGraph, caps: &'a PathCaps) -> Self {
        Self {
            graph,
            caps,
            budget: Budget::new(caps.work),
            found: Candidates::default(),
            most: 0,
            levels: Vec::new(),
            hops: vec![FAR; graph.len()],
            beyond: 0,
            touched: Vec::new(),
            reached: Vec::new(),
            path: Vec::new(),
            walk: Vec::new(),
        }
    }

    /// Writes out the path vectors of one pair, whose domains are connected. `free` holds the
    /// distances to the destination with nothing in the way, once a pair has found them.
    pub(super) fn pair(
        &mut self,
        source: DomainIndex,
        destination: DomainIndex,
        free: &mut Option<Box<[u32]>>,
    ) -> Result<(), Stop> {
        self.most = self.found.vectors.len().saturating_add(self.caps.per_pair);
        if source == destination {
            if self.caps.max_domains > 0 {
                return self.write([source].into());
            }
            self.found.cuts.length = true;
            return Ok(());
        }
        let free = match free {
            Some(free) => free,
            none => none.insert(self.free_hops(destination)?),
        };
        let target = &Target { destination, free };
        for level in &mut self.levels {
            level.domains.clear();
            level.partials.clear();
        }
        self.path.clear();
        self.defer(source, 1 + free[source.as_usize()] as usize)?;
        let mut length = 0;
        while let Some(level) = self.levels.get_mut(length) {
            // What is deferred from here on is longer and goes to a later level.
            let Level {
                domains,
                mut partials,
            } = std::mem::take(level);
            // They came in the order of names from each earlier level: runs to be merged.
            partials.sort_by(|a, b| domains[a.0..a.1].cmp(&domains[b.0..b.1]));
            for &(start, end) in &partials {
                self.take_up(&domains[start..end], length, target)?;
            }
            self.levels[length] = Level { domains, partials };
            length += 1;
        }
        Ok(())
    }

    fn free_hops(&mut self, destination: DomainIndex) -> Result<Box<[u32]>, Spent> {
        self.budget.spend(self.graph.len())?;
        let mut free = vec![FAR; self.graph.len()];
        let mut queue = Vec::new();
        hops_to(
            self.graph,
            destination,
            &mut free,
            &mut queue,
            &mut self.budget,
            |_| false,
        )?;
        Ok(free.into())
    }

    /// Keeps the path and one step more for the level of `bound` domains.
    fn defer(&mut self, step: DomainIndex, bound: usize) -> Result<(), Spent> {
        self.budget.spend(self.path.len() + 1)?;
        let level = bound.min(self.caps.max_domains.saturating_add(1));
        if level >= self.levels.len() {
            self.levels.resize_with(level + 1, Level::default);
        }
        let Level { domains, partials } = &mut self.levels[level];
        let start = domains.len();
        domains.extend_from_slice(&self.path);
        domains.push(step);
        partials.push((start, domains.len()));
        Ok(())
    }

    /// Writes out the completions of a partial path that have `length` domains, and defers the
    /// longer ones.
    fn take_up(
        &mut self,
        partial: &[DomainIndex],
        length: usize,
        target: &Target<'_>,
    ) -> Result<(), Stop> {
        let too_long = length > self.caps.max_domains;
        if too_long && self.found.cuts.length {
            return Ok(()); // That something was cut is known already.
        }
        let Some((&last, before)) = partial.split_last() else {
            return Ok(());
        };
        self.path.clear();
        match self.measure(before, last, length, target)? {
            None => {}
            Some(_) if too_long => self.found.cuts.length = true,
            Some(bound) if bound > length => {
                self.path.extend_from_slice(before);
                self.defer(last, bound)?;
            }
            Some(_) => {
                self.path.extend_from_slice(partial);
                self.complete(last, length, target)?;
            }
        }
        Ok(())
    }

    /// Fills `hops` for the partial path that is `before` and `last`. Returns how many domains its
    /// shortest completion has, or `None` if it has none. It is known to have `least` or more.
    fn measure(
        &mut self,
        before: &[DomainIndex],
        last: DomainIndex,
        least: usize,
        target: &Target<'_>,
    ) -> Result<Option<usize>, Spent> {
        for domain in self.touched.drain(..).chain(self.reached.drain(..)) {
            self.hops[domain.as_usize()] = FAR;
        }
        self.budget.spend(before.len())?;
        for domain in before {
            self.hops[domain.as_usize()] = WALL;
        }
        self.touched.extend_from_slice(before);

        let Self {
            graph,
            hops,
            reached,
            budget,
            ..
        } = self;
        let so_far = before.len() + 1;
        let length = so_far + target.free[last.as_usize()] as usize;
        // Unless it is known already that the wall is in the way, it most likely is not.
        if length >= least && hops_ahead(graph, last, target.free, hops, reached, budget)? {
            self.beyond = 0;
            return Ok(Some(length));
        }
        hops_to(graph, target.destination, hops, reached, budget, |domain| {
            domain == last
        })?;
        self.beyond = hops[last.as_usize()];
        Ok((self.beyond != FAR).then(|| so_far + self.beyond as usize))
    }

    /// Writes out the completions of `path`, which ends with `last`, that have `length` domains,
    /// and defers the longer ones. The distances are in `hops`, and there is a completion.
    fn complete(
        &mut self,
        last: DomainIndex,
        length: usize,
        target: &Target<'_>,
    ) -> Result<(), Stop> {
        let graph = self.graph;
        let wall = self.path.len();
        self.hops[last.as_usize()] = WALL;
        self.walk.clear();
        self.walk.push(graph.targets(last));
        while let Some(onward) = self.walk.last_mut() {
            let Some((&next, rest)) = onward.split_first() else {
                self.walk.pop();
                self.path.pop();
                continue;
            };
            *onward = rest;
            self.budget.spend(1)?;
            let through = |hops: u32| self.path.len() + 1 + hops as usize;
            let hops = self.hops[next.as_usize()];
            let bound = match hops {
                WALL => continue,
                // No shortest completion leads through it.
                FAR => through(target.free[next.as_usize()].max(self.beyond)).max(length + 1),
                hops => through(hops),
            };
            if bound > length {
                let known = bound > self.caps.max_domains && self.found.cuts.length;
                if !known && !self.path[wall..].contains(&next) {
                    self.defer(next, bound)?;
                }
            } else if hops > 0 {
                self.path.push(next);
                self.walk.push(graph.targets(next));
            } else {
                self.write([&self.path[..], &[next]].concat().into())?;
            }
        }
        Ok(())
    }

    fn write(&mut self, vector: Box<[DomainIndex]>) -> Result<(), Stop> {
        if self.found.vectors.len() == self.most {
            return Err(Stop::Enough);
        }
        self.budget.spend(vector.len())?;
        self.found.vectors.push(vector);
        Ok(())
    }
}
