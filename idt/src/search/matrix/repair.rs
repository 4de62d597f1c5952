//! The rows of a matrix after some edges changed. Only pairs that a change concerns are found anew.
//!
//! A row has what the cheapest paths from all points to one target cost. Of a pair that an edge concerns that
//! came to cost more (or is gone), a cheapest path led over that edge, and does not cost the same with what the
//! edge costs now. All others keep a path of the amount that they had. So the concerned are as if they had no
//! path, and are offered what their own edges lead to; whoever is offered less than he has, by them or by an
//! edge that came to cost less (or is new), offers it on against the edges. At the end no edge offers anybody
//! less than he has, and every amount is that of a path: each is that of the cheapest.
//!
//! That a cheapest path leads over an edge is known from the rows of its two ends before the change. Which one
//! of several is meant is the one whose every beginning is a cheapest path too: so only such sources are looked
//! at that reached the end of the edge over the edge.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::super::budget::{Budget, Spent};
use crate::net::{Net, Row};

/// What edges and paths cost, as a matrix keeps it. Joining keeps the order: what is joined to more is not less.
pub(super) trait Costs: Copy {
    /// What a path costs: the less the better.
    type Amount: Copy + Ord;
    /// Of the path without edges.
    const NEAR: Self::Amount;
    /// There is no path; or it costs what cannot be kept.
    const FAR: Self::Amount;
    /// Whether every end of a cheapest path is a cheapest path.
    const ENDS_ARE_CHEAPEST: bool;

    /// What an edge costs; `None` if paths do not use it.
    fn edge(self, row: &Row<'_>, nth: usize) -> Option<Self::Amount>;

    /// What two parts of a path cost together.
    fn join(self, one: Self::Amount, other: Self::Amount) -> Self::Amount;
}

/// Of each target, what the paths to it cost by where they start.
pub(super) type Rows<C> = Vec<Arc<[<C as Costs>::Amount]>>;

/// What edges from one point to another cost at least, before and now. `None` if there is none.
struct Edit<A> {
    from: u32,
    to: u32,
    before: Option<A>,
    now: Option<A>,
}

type Edits<C> = Vec<Edit<<C as Costs>::Amount>>;

impl<A: Copy + Ord> Edit<A> {
    fn is_raised(&self) -> bool {
        match (self.before, self.now) {
            (Some(before), Some(now)) => before < now,
            (before, None) => before.is_some(),
            (None, Some(_)) => false,
        }
    }
}

/// An edge that came to cost more, and the sources that reached its end over it.
struct Raised<A> {
    from: u32,
    to: u32,
    before: A,
    now: A,
    sources: Vec<u32>,
}

/// What searches work in.
pub(super) struct Work<C: Costs> {
    queue: BinaryHeap<Reverse<(C::Amount, u32)>>,
    /// Points that were offered what cannot be kept.
    too_far: Vec<u32>,
}

impl<C: Costs> Work<C> {
    pub(super) fn new() -> Self {
        Self {
            queue: BinaryHeap::new(),
            too_far: Vec::new(),
        }
    }

    /// Offers `point` a path that begins with an edge.
    #[inline]
    fn offer(
        &mut self,
        costs: C,
        row: &mut [C::Amount],
        point: u32,
        (edge, rest): (C::Amount, C::Amount),
    ) {
        if rest == C::FAR {
            return;
        }
        let amount = costs.join(edge, rest);
        let known = &mut row[point as usize];
        if amount < *known {
            *known = amount;
            self.queue.push(Reverse((amount, point)));
        } else if amount == C::FAR && *known == C::FAR {
            self.too_far.push(point);
        }
    }

    /// Has all who were offered less than they had offer it on. Says whether every amount can be kept.
    fn settle(
        &mut self,
        costs: C,
        net: &Net,
        row: &mut [C::Amount],
        budget: &mut Budget,
    ) -> Result<bool, Spent> {
        while let Some(Reverse((amount, point))) = self.queue.pop() {
            if row[point as usize] != amount {
                continue;
            }
            let back = net.back(point);
            budget.spend(back.len())?;
            for (nth, before) in back.to.iter().enumerate() {
                if let Some(edge) = costs.edge(&back, nth) {
                    self.offer(costs, row, *before, (edge, amount));
                }
            }
        }
        let mut too_far = self.too_far.drain(..);
        Ok(too_far.all(|point| row[point as usize] != C::FAR))
    }

    /// The row of a target, from nothing; `None` if an amount cannot be kept.
    pub(super) fn row(
        &mut self,
        costs: C,
        net: &Net,
        target: u32,
        budget: &mut Budget,
    ) -> Result<Option<Arc<[C::Amount]>>, Spent> {
        let mut row = vec![C::FAR; net.len()];
        row[target as usize] = C::NEAR;
        self.queue.push(Reverse((C::NEAR, target)));
        let fits = self.settle(costs, net, &mut row, budget)?;
        Ok(fits.then(|| row.into()))
    }

    /// The row of a target in which these sources are concerned, and these edges came to cost less.
    fn again(
        &mut self,
        costs: C,
        net: &Net,
        old: &Arc<[C::Amount]>,
        (concerned, lowered): (&[u32], &[Edit<C::Amount>]),
        budget: &mut Budget,
    ) -> Result<Option<Arc<[C::Amount]>>, Spent> {
        let mut new = Arc::clone(old);
        let row = Arc::make_mut(&mut new);
        for source in concerned {
            row[*source as usize] = C::FAR;
        }
        for source in concerned {
            let edges = net.row(*source);
            budget.spend(edges.len())?;
            for (nth, to) in edges.to.iter().enumerate() {
                if let Some(edge) = costs.edge(&edges, nth) {
                    let rest = row[*to as usize];
                    self.offer(costs, row, *source, (edge, rest));
                }
            }
        }
        for edit in lowered {
            if let Some(now) = edit.now {
                let rest = row[edit.to as usize];
                self.offer(costs, row, edit.from, (now, rest));
            }
        }
        let fits = self.settle(costs, net, row, budget)?;
        let is_same = new == *old;
        Ok(fits.then(|| if is_same { Arc::clone(old) } else { new }))
    }
}

/// What comes of rows.
pub(super) enum Repaired<C: Costs> {
    /// These. A row in which nothing is other is the same memory.
    Rows(Rows<C>),
    /// To make them from nothing is less work.
    Anew,
    /// There is an amount that cannot be kept.
    TooFar,
}

/// The rows of `now`, made of those of `before`, a net of the same points; all edges that are others are between
/// the `changed` pairs. A step is an edge or a pair looked at.
pub(super) fn repaired<C: Costs>(
    costs: C,
    (before, rows): (&Net, &[Arc<[C::Amount]>]),
    now: &Net,
    changed: &[(u32, u32)],
    budget: &mut Budget,
) -> Result<Repaired<C>, Spent> {
    let (raised, lowered) = edits(costs, before, now, changed);
    let mut looks = lowered.len();
    let mut over = Vec::with_capacity(raised.len());
    for edit in raised {
        let (Some(before), [to, from]) = (
            edit.before.filter(|before| *before < C::FAR),
            [edit.to, edit.from].map(|point| &rows[point as usize]),
        ) else {
            continue;
        };
        budget.spend(to.len())?;
        let led_over = |source: &u32| {
            let [to, from] = [to, from].map(|row| row[*source as usize]);
            to < C::FAR && *source != edit.to && costs.join(from, before) == to
        };
        // Points are numbered by `u32`.
        let sources: Vec<u32> = (0..to.len() as u32).filter(led_over).collect();
        looks += sources.len();
        if !sources.is_empty() {
            over.push(Raised {
                from: edit.from,
                to: edit.to,
                before,
                now: edit.now.unwrap_or(C::FAR),
                sources,
            });
        }
    }
    if looks > now.edges() + now.len() {
        return Ok(Repaired::Anew);
    }
    let mut work = Work::new();
    let mut concerned = Vec::new();
    let mut next = Vec::with_capacity(rows.len());
    for (target, old) in (0_u32..).zip(rows) {
        concerned.clear();
        for edge in &over {
            let rest = old[edge.to as usize];
            if rest == C::FAR {
                continue;
            }
            let was = costs.join(edge.before, rest);
            if C::ENDS_ARE_CHEAPEST && was != old[edge.from as usize] {
                continue;
            }
            let is = costs.join(edge.now, rest);
            let heads = &rows[edge.from as usize];
            budget.spend(edge.sources.len())?;
            concerned.extend(edge.sources.iter().copied().filter(|source| {
                let (head, known) = (heads[*source as usize], old[*source as usize]);
                known < C::FAR
                    && *source != target
                    && costs.join(head, was) == known
                    && costs.join(head, is) != known
            }));
        }
        concerned.sort_unstable();
        concerned.dedup();
        budget.spend(lowered.len())?;
        let improves = lowered.iter().any(|edit| {
            let rest = old[edit.to as usize];
            let known = old[edit.from as usize];
            let offered = edit.now.filter(|_| rest < C::FAR);
            offered.is_some_and(|now| match costs.join(now, rest) {
                amount if amount == C::FAR => known == C::FAR,
                amount => amount < known,
            })
        });
        if concerned.is_empty() && !improves {
            next.push(Arc::clone(old));
            continue;
        }
        match work.again(costs, now, old, (&concerned, &lowered), budget)? {
            Some(row) => next.push(row),
            None => return Ok(Repaired::TooFar),
        }
    }
    Ok(Repaired::Rows(next))
}

/// The pairs whose cheapest edge came to cost more, and those whose came to cost less.
fn edits<C: Costs>(
    costs: C,
    before: &Net,
    now: &Net,
    changed: &[(u32, u32)],
) -> (Edits<C>, Edits<C>) {
    let is_inside = |(from, to): &&(u32, u32)| from != to && (*from.max(to) as usize) < now.len();
    let mut pairs: Vec<(u32, u32)> = changed.iter().filter(is_inside).copied().collect();
    pairs.sort_unstable();
    pairs.dedup();
    let edits = pairs.into_iter().map(|(from, to)| {
        let [before, now] = [before, now].map(|net| {
            let row = net.row(from);
            let edges = row.edges_to(to);
            edges.filter_map(|nth| costs.edge(&row, nth)).min()
        });
        Edit {
            from,
            to,
            before,
            now,
        }
    });
    let other = edits.filter(|edit| edit.before != edit.now);
    other.partition(Edit::is_raised)
}
