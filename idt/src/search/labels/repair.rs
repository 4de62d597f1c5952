//! Labels from those of the version before.
//!
//! What holds before and after: every entry's distance is exact, and of every pair the best ranked
//! point on any of its cheapest paths is a hub of both. Of the pairs that a change does not concern
//! both hold still. The entries about the others are taken out; then each such pair, those with the
//! best ranked ends first, gets its entry back if no better ranked hub tells its distance. (So much
//! is as in building. Restoring in order of ranks is D'Angelo, D'Emidio and Frigioni, "Fully dynamic
//! 2-hop cover labeling", 2019; for new edges also Akiba, Iwata and Yoshida, "Dynamic and historical
//! shortest-path distance queries on large evolving networks by pruned landmark labeling", 2014.)
//! Several changes are taken one after the other.
//!
//! Ranks stay. After very many changes they fit the net less than new ones would, and labels are
//! somewhat longer than they have to be; distances are exact always.

use std::cmp::Ordering;

use super::affected::{Between, Change, Concerned, Search};
use super::draft::Draft;
use super::few::Few;
use super::{FAR, Labels, NONE};
use crate::net::Net;
use crate::search::budget::{Budget, Spent};
use crate::search::tree::edge_cost;

/// More changes at once than this are not taken one by one.
const MOST: usize = 4096;

/// A parent is looked for among so many neighbours. Where there are more, a path looks for it.
const ASKED: usize = 32;

impl Labels {
    /// The labels of `new`, which differs from the net of these in edges between the `changed`
    /// pairs of points only. `Ok(None)` if that would cost more than building them from nothing.
    pub(crate) fn repair(
        &self,
        new: &Net,
        changed: &[(u32, u32)],
        budget: &mut Budget,
    ) -> Result<Option<Self>, Spent> {
        // Steps here take about as long as those of building. Most repairs take a thousandth of them;
        // one that took this many is likely to take more than all.
        self.repair_within(new, changed, self.work / 4, budget)
    }

    /// [`Labels::repair`] unless it takes more than `limit` steps.
    pub(super) fn repair_within(
        &self,
        new: &Net,
        changed: &[(u32, u32)],
        limit: u64,
        budget: &mut Budget,
    ) -> Result<Option<Self>, Spent> {
        if new.len() != self.len() {
            return Ok(None);
        }
        let Some((changes, symmetric)) = self.changes(new, changed) else {
            return Ok(None);
        };
        let limit = limit.min(budget.left());
        let spent = &mut Budget::new(limit);
        let repaired = self.take(new, &changes, symmetric, spent);
        // The caller pays; and hears of it if its call was cancelled.
        let steps = limit - spent.left();
        budget.spend(usize::try_from(steps).unwrap_or(usize::MAX))?;
        Ok(repaired.unwrap_or(None))
    }

    /// What changed, and whether distances stay alike both ways. `None` if too much.
    fn changes(&self, new: &Net, changed: &[(u32, u32)]) -> Option<(Vec<Change>, bool)> {
        let mut changes = Vec::new();
        for (from, to) in changed {
            if (*from.max(to) as usize) < self.len() && from != to {
                let [before, after] =
                    [&self.net, new].map(|net| edge_cost(net, self.metric, *from, *to));
                if before != after {
                    changes.push(Change {
                        from: *from,
                        to: *to,
                        before,
                        after,
                    });
                }
            }
        }
        let both =
            |change: &Change| edge_cost(new, self.metric, change.to, change.from) == change.after;
        let symmetric = self.inward.is_none() && changes.iter().all(both);
        if symmetric {
            for change in &mut changes {
                let ends = (change.from, change.to);
                (change.from, change.to) = (ends.0.min(ends.1), ends.0.max(ends.1));
            }
        }
        changes.sort_unstable();
        changes.dedup();
        // The lowered first: what is raised then concerns fewer.
        changes.sort_by_key(|change| change.after.cmp(&change.before) == Ordering::Greater);
        (changes.len() <= MOST).then_some((changes, symmetric))
    }

    fn take(
        &self,
        new: &Net,
        changes: &[Change],
        symmetric: bool,
        budget: &mut Budget,
    ) -> Result<Option<Self>, Spent> {
        let mut draft = Draft::new(self, symmetric);
        let mut search = Search::new(self.len());
        let mut space = None;
        let mut net = Between::new(new, self.metric, changes, symmetric);
        for change in changes {
            net.take_one();
            let mut pairs = match search.concerned(&draft, &net, change, budget)? {
                None => return Ok(None),
                Some(Concerned::Pairs(pairs)) => pairs,
                Some(Concerned::Few { few, forward }) => {
                    let space = space.get_or_insert_with(|| Few::new(self.len()));
                    if !space.relabel(&mut draft, &net, &few, forward, budget)? {
                        return Ok(None);
                    }
                    Vec::new()
                }
            };
            pairs.sort_unstable();
            let kept: Vec<_> = pairs
                .iter()
                .map(|pair| draft.remove(pair.from, pair.to))
                .collect();
            for (pair, kept) in pairs.iter().zip(kept) {
                budget.spend(8)?;
                if pair.distance == u64::MAX || draft.covers(pair.from, pair.to, pair.distance) {
                    continue;
                }
                let Some(distance) = u32::try_from(pair.distance).ok().filter(|d| *d < FAR) else {
                    return Ok(None);
                };
                let parent = match kept {
                    Some(kept) if kept.distance == distance => kept.parent,
                    _ if pair.parent != NONE => pair.parent,
                    _ => parent(&draft, &net, pair.from, pair.to, pair.distance),
                };
                draft.insert(pair.from, pair.to, distance, parent);
            }
            budget.spend(64 * draft.changed_labels())?;
        }
        let (out, inward) = draft.finish();
        Ok(Some(Self {
            net: new.clone(),
            order: self.order.clone(),
            out,
            inward,
            fresh: self.fresh && changes.is_empty(),
            ..*self
        }))
    }
}

/// The neighbour of the worse ranked of a pair that is next on a cheapest path to the other;
/// [`NONE`] if it is not found among a few.
fn parent(draft: &Draft<'_>, net: &Between<'_>, from: u32, to: u32, distance: u64) -> u32 {
    let forward = draft.rank(to) < draft.rank(from);
    let (worse, hub) = if forward { (from, to) } else { (to, from) };
    let mut neighbours = Vec::new();
    net.edges(worse, !forward, |other, cost| {
        neighbours.push((other, cost));
    });
    if neighbours.len() > ASKED {
        return NONE;
    }
    let next = neighbours.into_iter().find(|(other, cost)| {
        let rest = if forward {
            draft.distance(*other, hub)
        } else {
            draft.distance(hub, *other)
        };
        rest.saturating_add(*cost) == distance
    });
    next.map_or(NONE, |(next, _)| next)
}
