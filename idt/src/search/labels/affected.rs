//! Which pairs of points a changed edge concerns, and their distances after the change.
//!
//! Let the edge lead from a to b. Its *tails* are the points whose distance to b it concerns, its
//! *heads* those to whose distance from a it does. A pair is concerned only if the one is a tail, the
//! other a head, and the way over the edge is cheaper now than the distance before (edge lowered) or
//! was as cheap (edge raised). For a fixed tail, a head is concerned only if all are that precede it
//! on cheapest paths from b; so the heads are asked in order of their distance from b. (Sets like
//! these: Ramalingam and Reps, "On the computational complexity of dynamic graph problems", 1996;
//! D'Angelo, D'Emidio and Frigioni, "Fully dynamic 2-hop cover labeling", 2019.)

use super::NONE;
use super::draft::Draft;
use super::graph::cheapest;
use super::query::Scattered;
use crate::net::Net;
use crate::search::budget::{Budget, Spent};
use crate::search::cost::Metric;
use crate::search::queue::Queue;

/// A changed edge and the cheapest way over it alone; [`u64::MAX`] where there is no edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Change {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) before: u64,
    pub(super) after: u64,
}

impl Change {
    fn is_lowered(&self) -> bool {
        self.after < self.before
    }

    /// Whether the edge concerns a pair: `distance` is that of before, `rest` that without the edge
    /// of the two parts of the way over it.
    #[inline]
    fn concerns(&self, rest: u64, distance: u64) -> bool {
        if self.is_lowered() {
            rest.saturating_add(self.after) < distance
        } else {
            distance < u64::MAX && rest.saturating_add(self.before) == distance
        }
    }
}

/// The net while its changes are taken one by one: the new one, but for those to come.
#[derive(Debug)]
pub(super) struct Between<'a> {
    net: &'a Net,
    metric: Metric,
    /// The changes by where they start, and by where they end: in order, for each the other end.
    out: Vec<Turned>,
    inward: Vec<Turned>,
    /// How many changes are taken.
    taken: usize,
}

/// A change as one of its ends sees it.
#[derive(Clone, Copy, Debug)]
struct Turned {
    end: u32,
    other: u32,
    before: u64,
    /// Its position among the changes.
    nth: usize,
}

impl<'a> Between<'a> {
    /// The net with none of the changes; if they are `symmetric`, each is one both ways.
    pub(super) fn new(net: &'a Net, metric: Metric, changes: &[Change], symmetric: bool) -> Self {
        let turned = |change: &Change, turn: bool, nth| {
            let (end, other) = match turn {
                false => (change.from, change.to),
                true => (change.to, change.from),
            };
            let before = change.before;
            Turned {
                end,
                other,
                before,
                nth,
            }
        };
        let list = |turn: bool| {
            let changes = changes.iter().enumerate();
            let ways = changes.flat_map(|(nth, change)| {
                let one = turned(change, turn, nth);
                [Some(one), symmetric.then(|| turned(change, !turn, nth))]
            });
            let mut list: Vec<Turned> = ways.flatten().collect();
            list.sort_unstable_by_key(|turned| (turned.end, turned.nth));
            list
        };
        Self {
            net,
            metric,
            out: list(false),
            inward: list(true),
            taken: 0,
        }
    }

    /// One change more is taken.
    pub(super) fn take_one(&mut self) {
        self.taken += 1;
    }

    /// Tells the neighbours and the costs: of edges to the point if `to`, else from it.
    #[inline]
    pub(super) fn edges(&self, point: u32, to: bool, mut tell: impl FnMut(u32, u64)) {
        let (row, list) = if to {
            (self.net.back(point), &self.inward)
        } else {
            (self.net.row(point), &self.out)
        };
        let start = list.partition_point(|turned| turned.end < point);
        let here = list.get(start..).unwrap_or_default();
        let here = here.iter().take_while(|turned| turned.end == point);
        let later = || here.clone().filter(|turned| turned.nth >= self.taken);
        if later().next().is_none() {
            cheapest(row, self.metric).for_each(|(other, cost)| tell(other, u64::from(cost)));
            return;
        }
        for (other, cost) in cheapest(row, self.metric) {
            if !later().any(|turned| turned.other == other) {
                tell(other, u64::from(cost));
            }
        }
        for turned in later().filter(|turned| turned.before < u64::MAX) {
            tell(turned.other, turned.before);
        }
    }
}

/// A pair whose distance changed, or some of whose cheapest paths are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pair {
    /// The better of the two ranks.
    pub(super) hub: u32,
    pub(super) from: u32,
    pub(super) to: u32,
    /// Now; [`u64::MAX`] if there is no path any more.
    pub(super) distance: u64,
    /// The neighbour next to the worse ranked of the pair; [`NONE`] if not known.
    pub(super) parent: u32,
}

/// Whom a change concerns.
#[derive(Debug)]
pub(super) enum Concerned {
    /// These pairs.
    Pairs(Vec<Pair>),
    /// Pairs of a few points and many: those that are reached from the few if `forward`, else those from
    /// which they are.
    Few { few: Vec<u32>, forward: bool },
}

/// A tail or a head.
#[derive(Clone, Copy, Debug)]
struct Member {
    /// Its distance to the near end of the edge.
    near: u64,
    point: u32,
    /// The position of one that is before it on the way; [`NONE`] if not known.
    before: u32,
}

/// The space that [`Search::pairs`] works in.
#[derive(Debug)]
pub(super) struct Search {
    /// By point: in which round it was last looked at.
    seen: Vec<u32>,
    round: u32,
    /// By point: something about it in this round.
    at: Vec<u32>,
    costs: Vec<u64>,
    parents: Vec<u32>,
    near: Scattered,
    far: Scattered,
    queue: Queue<u64>,
}

impl Search {
    pub(super) fn new(points: usize) -> Self {
        Self {
            seen: vec![0; points],
            round: 0,
            at: vec![NONE; points],
            costs: vec![u64::MAX; points],
            parents: vec![NONE; points],
            near: Scattered::default(),
            far: Scattered::default(),
            queue: Queue::default(),
        }
    }

    /// The tails if `to`, else the heads, in order of distance; `None` if finding them takes more than
    /// `most` steps. A step is an edge or a point looked at.
    fn members(
        &mut self,
        draft: &Draft<'_>,
        net: &Between<'_>,
        change: &Change,
        to: bool,
        most: usize,
        budget: &mut Budget,
    ) -> Result<Option<Vec<Member>>, Spent> {
        let (near, far) = if to {
            (change.from, change.to)
        } else {
            (change.to, change.from)
        };
        draft.scatter(near, to, &mut self.near);
        draft.scatter(far, to, &mut self.far);
        self.round += 1;
        let mut found: Vec<Member> = Vec::new();
        let (mut next, mut left) = (0, most);
        let mut test = vec![near];
        self.seen[near as usize] = self.round;
        loop {
            let steps = QUERY * test.len();
            let Some(rest) = left.checked_sub(steps) else {
                return Ok(None);
            };
            left = rest;
            budget.spend(steps)?;
            for point in test.drain(..) {
                let near = draft.scattered(point, to, &self.near);
                if change.concerns(near, draft.scattered(point, to, &self.far)) {
                    found.push(Member {
                        near,
                        point,
                        before: NONE,
                    });
                }
            }
            let Some(member) = found.get(next) else { break };
            next += 1;
            let mut edges = 0;
            // Of a tail: what leads to it. Of a head: where it leads.
            net.edges(member.point, to, |point, _| {
                edges += 1;
                let seen = &mut self.seen[point as usize];
                if *seen != self.round {
                    *seen = self.round;
                    test.push(point);
                }
            });
            budget.spend(edges)?;
        }
        found.sort_unstable_by_key(|member| (member.near, member.point));
        Ok(Some(found))
    }

    /// Notes for each member one that must be concerned where it is.
    fn link(&mut self, members: &mut [Member], net: &Between<'_>, to: bool) {
        self.round += 1;
        for at in 0..members.len() {
            let Member { point, near, .. } = members[at];
            self.seen[point as usize] = self.round;
            self.at[point as usize] = at as u32;
            // Those nearer to the edge are in place already.
            net.edges(point, !to, |other, cost| {
                if self.seen[other as usize] == self.round && cost > 0 {
                    let before = self.at[other as usize];
                    if members[before as usize].near + cost == near {
                        members[at].before = before;
                    }
                }
            });
        }
    }

    /// Whom a change concerns. `Ok(None)` if the labels cannot be repaired. A step is an edge, or some
    /// entries of a label, looked at.
    pub(super) fn concerned(
        &mut self,
        draft: &Draft<'_>,
        net: &Between<'_>,
        change: &Change,
        budget: &mut Budget,
    ) -> Result<Option<Concerned>, Spent> {
        // Both ways of a free link are one edge here, and a point may be on both sides of it: then
        // what is told of one side does not hold.
        if draft.is_symmetric() && change.before == 0 {
            return Ok(None);
        }
        let distance = draft.distance(change.from, change.to);
        if !change.concerns(0, distance) {
            return Ok(Some(Concerned::Pairs(Vec::new())));
        }
        let tails = self.members(draft, net, change, true, MANY, budget)?;
        let heads = self.members(draft, net, change, false, MANY, budget)?;
        let (tails, heads) = match (tails, heads) {
            (Some(tails), Some(heads)) => (tails, heads),
            (None, None) => {
                let all = |search: &mut Self, to, budget: &mut Budget| {
                    let found = search.members(draft, net, change, to, usize::MAX, budget);
                    Ok::<_, Spent>(found?.unwrap_or_default())
                };
                (all(self, true, budget)?, all(self, false, budget)?)
            }
            (tails, heads) => {
                let forward = tails.is_some();
                let few = tails.or(heads).unwrap_or_default();
                // What the labels around the few list is looked at; or pairs are.
                let mut edges = 0;
                for member in &few {
                    net.edges(member.point, !forward, |_, _| edges += 1);
                }
                budget.spend(edges)?;
                let most = MANY.max(QUERY * LISTED * edges / few.len().max(1));
                let Some(many) = self.members(draft, net, change, !forward, most, budget)? else {
                    let few = few.iter().map(|member| member.point).collect();
                    return Ok(Some(Concerned::Few { few, forward }));
                };
                if forward { (few, many) } else { (many, few) }
            }
        };
        let pairs = self.pairs(draft, net, change, (tails, heads), budget)?;
        Ok(Some(Concerned::Pairs(pairs)))
    }

    /// All pairs of a tail and a head that the change concerns.
    fn pairs(
        &mut self,
        draft: &Draft<'_>,
        net: &Between<'_>,
        change: &Change,
        (tails, heads): (Vec<Member>, Vec<Member>),
        budget: &mut Budget,
    ) -> Result<Vec<Pair>, Spent> {
        let mut pairs = Vec::new();
        let from_tails = tails.len() <= heads.len();
        let (few, mut many) = if from_tails {
            (tails, heads)
        } else {
            (heads, tails)
        };
        if few.len() > 2 {
            self.link(&mut many, net, !from_tails);
        }
        let mut hit = vec![false; many.len()];
        let mut concerned: Vec<(u32, u64)> = Vec::new();
        for one in &few {
            draft.scatter(one.point, !from_tails, &mut self.near);
            concerned.clear();
            for (at, other) in many.iter().enumerate() {
                hit[at] = hit.get(other.before as usize).is_none_or(|hit| *hit) && {
                    budget.spend(QUERY)?;
                    let before = draft.scattered(other.point, !from_tails, &self.near);
                    change.concerns(one.near.saturating_add(other.near), before)
                };
                if hit[at] {
                    let way = one
                        .near
                        .saturating_add(change.after)
                        .saturating_add(other.near);
                    concerned.push((other.point, way));
                }
            }
            budget.spend(many.len() / 16)?;
            self.parents_of(
                draft,
                net,
                change,
                one.point,
                from_tails,
                &mut concerned,
                budget,
            )?;
            for (other, distance) in &concerned {
                let (from, to) = if from_tails {
                    (one.point, *other)
                } else {
                    (*other, one.point)
                };
                let hub = draft.rank(from).min(draft.rank(to));
                let worse = if hub == draft.rank(from) { to } else { from };
                // What the search knows is next to the other one.
                let known = worse == *other && !change.is_lowered();
                pairs.push(Pair {
                    hub,
                    from,
                    to,
                    distance: *distance,
                    parent: if known {
                        self.parents[worse as usize]
                    } else {
                        NONE
                    },
                });
            }
        }
        Ok(pairs)
    }

    /// Of a raised edge: puts the distances between `one` and those concerned in place of the ways
    /// over the edge. They follow from the distances of those not concerned, which hold.
    fn parents_of(
        &mut self,
        draft: &Draft<'_>,
        net: &Between<'_>,
        change: &Change,
        one: u32,
        forward: bool,
        concerned: &mut [(u32, u64)],
        budget: &mut Budget,
    ) -> Result<(), Spent> {
        if change.is_lowered() {
            return Ok(());
        }
        // Rounds: what is seen in the last but one is concerned, in the last it has a distance.
        self.round += 2;
        let (inside, known) = (self.round - 1, self.round);
        for (point, _) in &*concerned {
            self.seen[*point as usize] = inside;
            self.costs[*point as usize] = u64::MAX;
        }
        self.queue.clear();
        for (point, _) in &*concerned {
            let (mut best, mut parent, mut steps) = (u64::MAX, NONE, 0);
            if *point == one {
                best = 0;
            }
            net.edges(*point, forward, |other, cost| {
                steps += 1;
                if self.seen[other as usize] == inside {
                    return;
                }
                let entry = &mut self.costs[other as usize];
                if self.seen[other as usize] != known {
                    self.seen[other as usize] = known;
                    *entry = draft.scattered(other, !forward, &self.near);
                    steps += QUERY;
                }
                let cost = entry.saturating_add(cost);
                if cost < best {
                    (best, parent) = (cost, other);
                }
            });
            budget.spend(steps)?;
            self.at[*point as usize] = parent;
            if best < u64::MAX {
                self.queue.push(best, *point);
            }
            // In `costs` only once all have looked: none inside is read before.
            self.costs[*point as usize] = best;
            self.parents[*point as usize] = parent;
        }
        while let Some((cost, point)) = self.queue.pop() {
            if self.costs[point as usize] != cost {
                continue;
            }
            let mut steps = 0;
            net.edges(point, !forward, |other, edge| {
                steps += 1;
                let sum = cost.saturating_add(edge);
                if self.seen[other as usize] == inside && sum < self.costs[other as usize] {
                    self.costs[other as usize] = sum;
                    self.parents[other as usize] = point;
                    self.queue.push(sum, other);
                }
            });
            budget.spend(steps)?;
        }
        for (point, distance) in concerned {
            *distance = self.costs[*point as usize];
        }
        Ok(())
    }
}

/// Steps that a question to the labels counts as.
const QUERY: usize = 16;

/// Where one side of a change takes more steps than this to find and the other does not, it may cost less
/// to make the labels of the other side anew.
const MANY: usize = QUERY * if cfg!(test) { 4 } else { 2048 };

/// Hubs that a neighbour lists and that are not pruned at once, roughly.
const LISTED: usize = if cfg!(test) { 1 } else { 32 };
