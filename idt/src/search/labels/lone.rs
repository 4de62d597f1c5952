//! The labels of one point made anew from those of its neighbours.
//!
//! Most domains have one to three neighbours, and carry nothing from one to another. A change of a link of
//! such a domain concerns its own distances and hardly any other; but those are distances to all. Then
//! the pairs need not be looked at one by one:
//!
//! * If a point's distances to a better ranked hub go over a neighbour, that hub is one of the neighbour's:
//!   the best ranked point on any cheapest path is it on any part that ends there. So what the
//!   neighbours' labels list is all that the point's label can list, and better hubs that cover an
//!   entry are found in the order of ranks.
//! * Where the point is itself a hub, one pruned search from it, as in building, gives it to the labels of
//!   all others that lack a better one.

use super::affected::Between;
use super::draft::Draft;
use super::query::Scattered;
use super::{Entry, FAR, NONE};
use crate::search::budget::{Budget, Spent};
use crate::search::queue::Queue;

/// The space that [`Lone::relabel`] works in.
#[derive(Debug)]
pub(super) struct Lone {
    /// The new label.
    label: Scattered,
    /// By point: the distance, [`u64::MAX`] if not reached. All are between searches.
    reached: Vec<u64>,
    parents: Vec<u32>,
    touched: Vec<u32>,
    queue: Queue<u64>,
}

impl Lone {
    pub(super) fn new(points: usize) -> Self {
        Self {
            label: Scattered::default(),
            reached: vec![u64::MAX; points],
            parents: vec![NONE; points],
            touched: Vec::new(),
            queue: Queue::default(),
        }
    }

    /// Makes the entries about the pairs of `point` and any other anew: of the distances from it if
    /// `forward`, else of those to it; of both in a draft of distances that are alike both ways. All
    /// others must hold. False if a distance does not fit. A step is an edge or an entry looked at.
    pub(super) fn relabel(
        &mut self,
        draft: &mut Draft<'_>,
        net: &Between<'_>,
        point: u32,
        forward: bool,
        budget: &mut Budget,
    ) -> Result<bool, Spent> {
        let rank = draft.rank(point);
        budget.spend(draft.forget(point, forward))?;
        let Some(entries) = self.own(draft, net, point, forward, budget)? else {
            return Ok(false);
        };
        draft.replace(point, forward, entries);
        self.grow(draft, net, (point, rank), forward, budget)
    }

    /// The label of the point. `None` if a distance does not fit.
    fn own(
        &mut self,
        draft: &Draft<'_>,
        net: &Between<'_>,
        point: u32,
        forward: bool,
        budget: &mut Budget,
    ) -> Result<Option<Vec<Entry>>, Spent> {
        let rank = draft.rank(point);
        let mut found: Vec<(u32, u64, u32)> = Vec::new();
        net.edges(point, !forward, |next, cost| {
            if next != point {
                let label = draft.label(next, forward).entries();
                let better = label.take_while(|entry| entry.hub < rank);
                found.extend(better.map(|entry| {
                    let distance = cost.saturating_add(u64::from(entry.distance));
                    (entry.hub, distance, next)
                }));
            }
        });
        budget.spend(found.len())?;
        found.sort_unstable();
        found.dedup_by_key(|found| found.0);
        let mut entries: Vec<Entry> = Vec::new();
        self.label.clear(draft.len());
        for (hub, distance, parent) in found {
            let label = draft.label(draft.point(hub), !forward);
            budget.spend(label.hubs.len())?;
            if self.label.meet(label) <= distance {
                continue;
            }
            let Some(distance) = u32::try_from(distance).ok().filter(|far| *far < FAR) else {
                return Ok(None);
            };
            self.label.add(hub, distance);
            entries.push(Entry {
                hub,
                distance,
                parent,
            });
        }
        entries.push(Entry {
            hub: rank,
            distance: 0,
            parent: NONE,
        });
        Ok(Some(entries))
    }

    /// Makes the point a hub of all worse ranked ones whose distance its label does not tell.
    fn grow(
        &mut self,
        draft: &mut Draft<'_>,
        net: &Between<'_>,
        (root, rank): (u32, u32),
        forward: bool,
        budget: &mut Budget,
    ) -> Result<bool, Spent> {
        self.queue.clear();
        self.touched.clear();
        self.touched.push(root);
        self.reached[root as usize] = 0;
        self.queue.push(0, root);
        let mut result = Ok(true);
        while let Some((distance, at)) = self.queue.pop() {
            if distance != self.reached[at as usize] {
                continue;
            }
            let mut steps = 1;
            if at != root {
                let label = draft.label(at, !forward);
                steps += label.hubs.len();
                if self.label.meet(label) <= distance {
                    continue;
                }
                let Some(distance) = u32::try_from(distance).ok().filter(|far| *far < FAR) else {
                    result = Ok(false);
                    break;
                };
                let entry = Entry {
                    hub: rank,
                    distance,
                    parent: self.parents[at as usize],
                };
                draft.add(at, !forward, entry);
            }
            net.edges(at, !forward, |to, cost| {
                steps += 1;
                let further = distance.saturating_add(cost);
                let reached = &mut self.reached[to as usize];
                // Better ranked ones are in the label, where they matter.
                if draft.rank(to) > rank && further < *reached {
                    if *reached == u64::MAX {
                        self.touched.push(to);
                    }
                    *reached = further;
                    self.parents[to as usize] = at;
                    self.queue.push(further, to);
                }
            });
            if budget.spend(steps).is_err() {
                result = Err(Spent);
                break;
            }
        }
        for at in self.touched.drain(..) {
            self.reached[at as usize] = u64::MAX;
        }
        result
    }
}
