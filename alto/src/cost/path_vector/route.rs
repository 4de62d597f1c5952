//! The path of each pair: that which crosses the fewest borders, of several the first by the names of its
//! domains.
//!
//! Pairs share searches, one for each source or one for each destination, whichever are fewer:
//!
//! * From a source, domains are met in the order of their best paths, since the neighbours of each are looked
//!   at in the order of names: who meets a domain first is before it on its best path.
//! * From a destination, distances are found; then each source goes down them, to the first neighbour by name
//!   that is one border nearer.

use std::ops::Range;

use idt::net::{EdgeId, Net, UNLIMITED};
use idt::search::{Budget, Spent};

/// The links of the path of each pair.
pub(super) struct Routes {
    links: Vec<EdgeId>,
    /// Where those of a pair are; `None` if it has no path or is not asked for.
    paths: Vec<Option<Range<usize>>>,
}

impl Routes {
    /// Those of the pairs that are `wanted`, of `from[i]` to `to[j]` at `i * to.len() + j`. Both lists have
    /// each domain once. A step is a link or a pair looked at.
    pub(super) fn find(
        net: &Net,
        from: &[u32],
        to: &[u32],
        wanted: &[bool],
        budget: &mut Budget,
    ) -> Result<Self, Spent> {
        let mut routes = Self {
            links: Vec::new(),
            paths: vec![None; wanted.len()],
        };
        let mut search = Search::new(net);
        let is_wanted = |at: &usize| wanted.get(*at).copied().unwrap_or_default();
        budget.spend(wanted.len())?;
        if from.len() <= to.len() {
            for (row, source) in from.iter().enumerate() {
                let cells: Vec<usize> = (row * to.len()..(row + 1) * to.len())
                    .filter(is_wanted)
                    .collect();
                let ends = cells.iter().map(|at| to[at % to.len()]);
                search.forward(*source, ends, budget)?;
                for at in cells {
                    routes.put(at, net, search.way_from_source(to[at % to.len()]));
                }
            }
        } else {
            for (column, target) in to.iter().enumerate() {
                let cells: Vec<usize> = (column..wanted.len())
                    .step_by(to.len())
                    .filter(is_wanted)
                    .collect();
                let ends = cells.iter().map(|at| from[at / to.len()]);
                search.backward(*target, ends, budget)?;
                for at in cells {
                    let way = search.way_to_target(from[at / to.len()], budget)?;
                    routes.put(at, net, way);
                }
            }
        }
        Ok(routes)
    }

    /// `domains` are those of the path; none if there is no path.
    fn put(&mut self, at: usize, net: &Net, domains: &[u32]) {
        if domains.is_empty() {
            return;
        }
        let start = self.links.len();
        let hops = domains.windows(2);
        self.links
            .extend(hops.map(|hop| widest(net, hop[0], hop[1])));
        self.paths[at] = Some(start..self.links.len());
    }

    /// The links of a pair's path; `None` if it has none.
    pub(super) fn path(&self, at: usize) -> Option<&[EdgeId]> {
        let range = self.paths.get(at)?.clone()?;
        self.links.get(range)
    }

    /// How many pairs there are, with a path or without.
    pub(super) fn pairs(&self) -> usize {
        self.paths.len()
    }
}

/// The link between two neighbours that tells the most bandwidth left, of equal ones the first.
fn widest(net: &Net, from: u32, to: u32) -> EdgeId {
    let row = net.row(from);
    let links = row.edges_to(to);
    let first = links.start;
    let told = |nth: &usize| Some(row.bandwidth[*nth]).filter(|width| *width != UNLIMITED);
    // Of equal ones `max_by_key` takes the last.
    let nth = links.rev().max_by_key(told).unwrap_or(first);
    // A row has fewer links than `u32` can count.
    EdgeId {
        from,
        nth: nth as u32,
    }
}

/// In place of what is known of a domain: it was not met.
const NOT_MET: u32 = u32::MAX;

/// A search by breadth, and the space that it works in.
struct Search<'a> {
    net: &'a Net,
    /// Of each domain that was met what is known: from a source, who met it; from a destination, how far it is.
    known: Vec<u32>,
    /// Those that were met, in this order.
    met: Vec<u32>,
    /// Those that are looked for, sorted.
    ends: Vec<u32>,
    way: Vec<u32>,
}

impl<'a> Search<'a> {
    fn new(net: &'a Net) -> Self {
        Self {
            net,
            known: vec![NOT_MET; net.len()],
            met: Vec::new(),
            ends: Vec::new(),
            way: Vec::new(),
        }
    }

    fn forward(
        &mut self,
        source: u32,
        ends: impl Iterator<Item = u32>,
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        let net = self.net;
        self.run(source, source, ends, budget, |point, _| {
            (net.row(point).to, point)
        })
    }

    fn backward(
        &mut self,
        target: u32,
        ends: impl Iterator<Item = u32>,
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        let net = self.net;
        self.run(target, 0, ends, budget, |point, far| {
            (net.back(point).to, far + 1)
        })
    }

    /// Meets the neighbours of each domain met, until all that are looked for are. `look` tells, of a domain
    /// and what is known of it, its neighbours and what is then known of them.
    fn run(
        &mut self,
        root: u32,
        known_of_root: u32,
        ends: impl Iterator<Item = u32>,
        budget: &mut Budget,
        look: impl Fn(u32, u32) -> (&'a [u32], u32),
    ) -> Result<(), Spent> {
        for point in self.met.drain(..) {
            self.known[point as usize] = NOT_MET;
        }
        self.ends.clear();
        self.ends.extend(ends);
        self.ends.sort_unstable();
        let mut left = self.ends.len() - usize::from(self.ends.binary_search(&root).is_ok());
        self.known[root as usize] = known_of_root;
        self.met.push(root);
        let mut at = 0;
        while left > 0
            && let Some(point) = self.met.get(at).copied()
        {
            at += 1;
            let (neighbours, known) = look(point, self.known[point as usize]);
            budget.spend(neighbours.len())?;
            for next in neighbours {
                if self.known[*next as usize] == NOT_MET {
                    self.known[*next as usize] = known;
                    self.met.push(*next);
                    left -= usize::from(self.ends.binary_search(next).is_ok());
                }
            }
        }
        Ok(())
    }

    /// The domains of the path from the source to one that was looked for; none if it was not met.
    fn way_from_source(&mut self, target: u32) -> &[u32] {
        self.way.clear();
        let mut at = target;
        if self.known[at as usize] != NOT_MET {
            self.way.push(at);
            while self.known[at as usize] != at {
                at = self.known[at as usize];
                self.way.push(at);
            }
            self.way.reverse();
        }
        &self.way
    }

    /// The same from one that was looked for to the destination.
    fn way_to_target(&mut self, source: u32, budget: &mut Budget) -> Result<&[u32], Spent> {
        self.way.clear();
        let mut at = source;
        let mut far = self.known[at as usize];
        if far == NOT_MET {
            return Ok(&self.way);
        }
        self.way.push(at);
        while far > 0 {
            let neighbours = self.net.row(at).to;
            budget.spend(neighbours.len())?;
            let is_nearer = |next: &&u32| self.known[**next as usize] == far - 1;
            // A domain was met from one that it leads to.
            let Some(next) = neighbours.iter().find(is_nearer) else {
                break;
            };
            (at, far) = (*next, far - 1);
            self.way.push(at);
        }
        Ok(&self.way)
    }
}
