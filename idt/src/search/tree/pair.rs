//! One cheapest path between two points: a search from each side, until they have met (Dantzig,
//! 1963; Nicholson, 1966; the rule for the end as in Pohl, "Bi-directional search", 1971).

use super::{Scratch, Space};
use crate::search::budget::{Budget, Spent};
use crate::search::cost::Cost;

/// The space that [`pair`] works in.
#[derive(Debug)]
pub(crate) struct PairScratch<C> {
    /// From the source, and to the target.
    sides: [Scratch<C>; 2],
}

impl<C: Cost> Default for PairScratch<C> {
    fn default() -> Self {
        Self {
            sides: [Scratch::default(), Scratch::default()],
        }
    }
}

impl<C: Cost> PairScratch<C> {
    /// The side, for searches from one side only.
    pub(crate) fn one(&mut self) -> &mut Scratch<C> {
        &mut self.sides[0]
    }
}

/// The cost of a path, and its states.
pub(crate) type Found<C> = (C, Vec<u32>);

/// The cost of a cheapest path from the point `from` to the point `to`, and its states; no state is
/// on it twice. `None` if there is none. A path that costs no more than `floor` is taken at once: the
/// caller knows that none costs less.
pub(crate) fn pair<S: Space>(
    space: S,
    from: u32,
    to: u32,
    floor: S::Cost,
    budget: &mut Budget,
    scratch: &mut PairScratch<S::Cost>,
) -> Result<Option<Found<S::Cost>>, Spent> {
    let far = <S::Cost as Cost>::FAR;
    let zero = <S::Cost as Cost>::ZERO;
    let sides = &mut scratch.sides;
    sides[0].begin(space.len());
    sides[1].begin(space.len());
    let start = space.start(from);
    if start as usize >= space.len() {
        return Ok(None);
    }
    sides[0].offer(start, zero, super::NONE);
    for end in space.ends(to) {
        if (end as usize) < space.len() && space.may_end(end) {
            sides[1].offer(end, zero, super::NONE);
        }
    }
    // The cheapest path seen, and where its halves meet.
    let mut best = (far, super::NONE);
    if sides[1].known(start) == zero {
        best = (zero, start);
    }
    loop {
        let tops = [0, 1].map(|side: usize| sides[side].queue.peek());
        let [Some(ahead), Some(behind)] = tops else {
            break;
        };
        if best.0 <= floor || best.0 <= ahead.plus(behind) {
            break;
        }
        // The side that is less far: both grow alike where costs are alike.
        let side = usize::from(behind < ahead);
        let (one, two) = sides.split_at_mut(1);
        let (here, there) = if side == 0 {
            (&mut one[0], &two[0])
        } else {
            (&mut two[0], &one[0])
        };
        let Some((cost, state)) = here.next() else {
            break;
        };
        // What the other side has not settled is at least so far from it.
        let rest = if side == 0 { behind } else { ahead };
        let mut steps = 0;
        let mut visit = |next: u32, edge: S::Cost| {
            steps += 1;
            let cost = cost.plus(edge);
            if cost >= best.0 || cost >= here.known(next) {
                return;
            }
            let whole = cost.plus(there.known(next));
            if whole < best.0 {
                // It is on the path: its parent is needed.
                here.offer(next, cost, state);
                best = (whole, next);
            } else if cost.plus(rest) < best.0 {
                here.offer(next, cost, state);
            }
        };
        match side {
            0 => space.forward(state, |next, edge, _| visit(next, edge)),
            _ => space.backward(state, visit),
        }
        budget.spend(steps)?;
    }
    if best.0 == far {
        return Ok(None);
    }
    let chain = |side: usize| {
        let scratch = &sides[side];
        std::iter::successors(Some(best.1), move |state| scratch.parent(*state))
    };
    let mut path: Vec<u32> = chain(0).collect();
    path.reverse();
    path.extend(chain(1).skip(1));
    Ok(Some((best.0, without_loops(path))))
}

/// Paths of so few points are looked through faster than hashed.
const SHORT: usize = 24;

/// The path without what lies between two visits of one state. On a cheapest path that is free.
pub(crate) fn without_loops(path: Vec<u32>) -> Vec<u32> {
    let again = |at: usize| path[..at].contains(&path[at]);
    if path.len() <= SHORT && !(1..path.len()).any(again) {
        return path;
    }
    let mut last = std::collections::HashMap::with_capacity(path.len());
    for (at, state) in path.iter().enumerate() {
        last.insert(*state, at);
    }
    if last.len() == path.len() {
        return path;
    }
    let mut kept = Vec::with_capacity(path.len());
    let mut at = 0;
    while let Some(state) = path.get(at) {
        kept.push(*state);
        at = last.get(state).map_or(at, |last| *last) + 1;
    }
    kept
}
