//! The labels of a few points made anew from those of their neighbours.
//!
//! Most domains have one to three neighbours, and carry little from one to another. A change of a link of
//! such a domain concerns its own distances, those of the few behind it, and hardly any other; but those are
//! distances to all. Then the pairs need not be looked at one by one:
//!
//! * If a point's distances to a better ranked hub go over a neighbour, that hub is one of the neighbour's:
//!   the best ranked point on any cheapest path is it on any part that ends there. So what the
//!   labels of those around the few list is all that theirs can list. Hubs are taken in the order of ranks,
//!   each by a search among the few that does not go on where better hubs tell a distance as good.
//! * Where one of the few is itself a hub, one pruned search from it, as in building, gives it to the labels
//!   of all others that lack a better one.

use super::affected::Between;
use super::draft::Draft;
use super::query::{Scattered, covers};
use super::{Entry, FAR, NONE};
use crate::search::budget::{Budget, Spent};
use crate::search::queue::Queue;

/// A hub that a neighbour lists: its rank, the position of the one of the few, the distance, the neighbour.
type Listed = (u32, u32, u64, u32);

/// For each of the few the others from which an edge leads to it, with its cost.
type Within = Vec<Vec<(u32, u64)>>;

/// The space that [`Few::relabel`] works in.
#[derive(Debug)]
pub(super) struct Few {
    /// The label of the hub that is given to others.
    label: Scattered,
    /// By point: the distance, [`u64::MAX`] if not reached. All are between searches.
    reached: Vec<u64>,
    parents: Vec<u32>,
    touched: Vec<u32>,
    /// By point: its position among the few, [`NONE`] if it is none of them. All are between calls.
    position: Vec<u32>,
    queue: Queue<u64>,
}

impl Few {
    pub(super) fn new(points: usize) -> Self {
        Self {
            label: Scattered::default(),
            reached: vec![u64::MAX; points],
            parents: vec![NONE; points],
            touched: Vec::new(),
            position: vec![NONE; points],
            queue: Queue::default(),
        }
    }

    /// Makes the entries about the pairs of one of `few` and any point anew: of the distances from the few
    /// if `forward`, else of those to them; of both in a draft of distances that are alike both ways. All
    /// others must hold. False if a distance does not fit. A step is an edge or an entry looked at.
    pub(super) fn relabel(
        &mut self,
        draft: &mut Draft<'_>,
        net: &Between<'_>,
        few: &[u32],
        forward: bool,
        budget: &mut Budget,
    ) -> Result<bool, Spent> {
        for (position, point) in (0..).zip(few) {
            self.position[*point as usize] = position;
        }
        let result = self.relabel_all(draft, net, few, forward, budget);
        for point in few {
            self.position[*point as usize] = NONE;
        }
        for at in self.touched.drain(..) {
            self.reached[at as usize] = u64::MAX;
        }
        result
    }

    fn relabel_all(
        &mut self,
        draft: &mut Draft<'_>,
        net: &Between<'_>,
        few: &[u32],
        forward: bool,
        budget: &mut Budget,
    ) -> Result<bool, Spent> {
        budget.spend(draft.forget(few, forward))?;
        let (listed, within) = self.around(draft, net, few, forward, budget)?;
        for point in few {
            draft.clear(*point, forward);
        }
        let mut hubs = few
            .iter()
            .map(|point| draft.rank(*point))
            .collect::<Vec<_>>();
        hubs.sort_unstable();
        let mut listed = listed.chunk_by(|one, other| one.0 == other.0).peekable();
        loop {
            // The next best hub: one that is listed, or one of the few.
            let around = listed.peek().map(|listed| listed[0].0);
            let Some(hub) = around.into_iter().chain(hubs.first().copied()).min() else {
                return Ok(true);
            };
            let seeds = listed
                .next_if(|listed| listed[0].0 == hub)
                .unwrap_or_default();
            let is_few = hubs.first() == Some(&hub);
            // Distances alike both ways are told by the search from the hub.
            if (!is_few || !draft.is_symmetric())
                && !self.reach(draft, few, hub, (seeds, is_few), &within, forward, budget)?
            {
                return Ok(false);
            }
            if is_few {
                hubs.remove(0);
                if !self.grow(draft, net, hub, forward, budget)? {
                    return Ok(false);
                }
            }
        }
    }

    /// The hubs that those around the few list, in order of (rank, position), each with the least distance;
    /// and for each of the few the others from which an edge leads to it, with its cost.
    fn around(
        &self,
        draft: &Draft<'_>,
        net: &Between<'_>,
        few: &[u32],
        forward: bool,
        budget: &mut Budget,
    ) -> Result<(Vec<Listed>, Within), Spent> {
        let mut listed: Vec<Listed> = Vec::new();
        let mut within = vec![Vec::new(); few.len()];
        for (position, point) in (0..).zip(few) {
            let (rank, before) = (draft.rank(*point), listed.len());
            net.edges(*point, !forward, |next, cost| {
                let other = self.position[next as usize];
                if let Some(others) = within.get_mut(other as usize) {
                    others.push((position, cost));
                    return;
                }
                let label = draft.label(next, forward).entries();
                let better = label.take_while(|entry| entry.hub < rank);
                listed.extend(better.map(|entry| {
                    let distance = cost.saturating_add(u64::from(entry.distance));
                    (entry.hub, position, distance, next)
                }));
            });
            budget.spend(1 + listed.len() - before)?;
        }
        listed.sort_unstable();
        listed.dedup_by_key(|listed| (listed.0, listed.1));
        Ok((listed, within))
    }

    /// Gives a hub to the labels of those of the few whose distance no better one tells.
    fn reach(
        &mut self,
        draft: &mut Draft<'_>,
        few: &[u32],
        hub: u32,
        (seeds, is_few): (&[Listed], bool),
        within: &[Vec<(u32, u64)>],
        forward: bool,
        budget: &mut Budget,
    ) -> Result<bool, Spent> {
        let middle = draft.point(hub);
        self.start();
        if is_few {
            self.offer(middle, 0, NONE);
        }
        for (_, position, distance, next) in seeds {
            self.offer(few[*position as usize], *distance, *next);
        }
        while let Some((distance, point)) = self.queue.pop() {
            if distance != self.reached[point as usize] {
                continue;
            }
            let (one, other) = (draft.label(point, forward), draft.label(middle, !forward));
            budget.spend(one.hubs.len() + other.hubs.len())?;
            if covers(one, other, distance) {
                continue;
            }
            let Some(distance) = u32::try_from(distance).ok().filter(|far| *far < FAR) else {
                return Ok(false);
            };
            let parent = self.parents[point as usize];
            let entry = Entry {
                hub,
                distance,
                parent,
            };
            draft.add(point, forward, entry);
            for (position, cost) in &within[self.position[point as usize] as usize] {
                let next = few[*position as usize];
                if draft.rank(next) > hub {
                    self.offer(next, u64::from(distance).saturating_add(*cost), point);
                }
            }
        }
        Ok(true)
    }

    /// Makes one of the few a hub of all worse ranked ones whose distance its label does not tell.
    fn grow(
        &mut self,
        draft: &mut Draft<'_>,
        net: &Between<'_>,
        hub: u32,
        forward: bool,
        budget: &mut Budget,
    ) -> Result<bool, Spent> {
        let root = draft.point(hub);
        self.label.set(draft.label(root, forward), draft.len());
        self.start();
        self.offer(root, 0, NONE);
        while let Some((distance, at)) = self.queue.pop() {
            if distance != self.reached[at as usize] {
                continue;
            }
            let label = draft.label(at, !forward);
            let mut steps = 1 + label.hubs.len();
            // In its own label it tells nothing yet.
            if at != root && self.label.meet(label) <= distance {
                continue;
            }
            let Some(near) = u32::try_from(distance).ok().filter(|far| *far < FAR) else {
                return Ok(false);
            };
            let entry = Entry {
                hub,
                distance: near,
                parent: self.parents[at as usize],
            };
            draft.add(at, !forward, entry);
            net.edges(at, !forward, |to, cost| {
                steps += 1;
                // Better ranked ones are in the label, where they matter.
                if draft.rank(to) > hub {
                    self.offer(to, distance.saturating_add(cost), at);
                }
            });
            budget.spend(steps)?;
        }
        Ok(true)
    }

    /// Nothing is reached.
    fn start(&mut self) {
        for at in self.touched.drain(..) {
            self.reached[at as usize] = u64::MAX;
        }
        self.queue.clear();
    }

    #[inline]
    fn offer(&mut self, point: u32, distance: u64, parent: u32) {
        let reached = &mut self.reached[point as usize];
        if distance < *reached {
            if *reached == u64::MAX {
                self.touched.push(point);
            }
            *reached = distance;
            self.parents[point as usize] = parent;
            self.queue.push(distance, point);
        }
    }
}
