//! The path vectors of an answer: those of now, or of each interval of a calendar (RFC 9275 §9.4).

use idt::search::{Budget, Spent};

use super::super::calendar::{Nets, When};
use super::super::measure::Over;
use super::super::state::State;
use super::element::{Element, Elements, Marks, Names, Naming};
use super::request::Question;
use super::route::Routes;
use crate::json::{self, Comma};
use crate::service::Service;

/// The path vector of each pair, or its calendar.
pub(super) struct Vectors {
    /// Over the nets that are different; `None` over one that nobody knows.
    over: Vec<Option<Elements>>,
    /// Of each interval, which.
    of: Vec<usize>,
    is_calendar: bool,
}

/// What paths are asked for.
pub(super) struct Wanted<'a> {
    pub(super) service: &'a Service,
    pub(super) question: &'a Question<'a>,
    pub(super) naming: &'a Naming,
    /// Points of the net of now, each once.
    pub(super) from: &'a [u32],
    pub(super) to: &'a [u32],
}

impl Vectors {
    /// Those of now, of the pairs that pass.
    pub(super) fn now(
        wanted: &Wanted<'_>,
        passes: &[bool],
        names: &mut Names,
        budget: &mut Budget,
    ) -> Result<Self, Spent> {
        let over = wanted.service.over();
        let points = (wanted.from, wanted.to);
        let elements = find(wanted, &over, points, passes, Marks::OfPairs, budget)?;
        Ok(Self {
            over: vec![Some(elements.named(names))],
            of: vec![0],
            is_calendar: false,
        })
    }

    /// Those of each interval, of all pairs.
    ///
    /// An element that tells another amount in another interval is another element, with another name: its
    /// name is made of the pairs that cross it, and of what it tells.
    pub(super) fn calendar(
        wanted: &Wanted<'_>,
        nets: Nets,
        names: &mut Names,
        budget: &mut Budget,
    ) -> Result<Self, Spent> {
        let mut over = Vec::with_capacity(nets.nets.len());
        for net in &nets.nets {
            let elements = match net {
                When::Unknown => None,
                When::Now => {
                    let points = (wanted.from, wanted.to);
                    let all = vec![true; wanted.from.len() * wanted.to.len()];
                    let marks = Marks::OfAmounts;
                    let over = wanted.service.over();
                    Some(find(wanted, &over, points, &all, marks, budget)?)
                }
                When::Other(state) => Some(find_over(wanted, state, budget)?),
            };
            over.push(elements.map(|elements| elements.named(names)));
        }
        Ok(Self {
            over,
            of: nets.of,
            is_calendar: true,
        })
    }

    /// How many values the calendars of these pairs have: a path vector counts as its elements, and as one if
    /// it has none.
    pub(super) fn values(&self, pairs: impl Iterator<Item = usize> + Clone) -> usize {
        let each = self.over.iter().enumerate().map(|(nth, over)| {
            let times = self.of.iter().filter(|of| **of == nth).count();
            let length = |at| over.as_ref().map_or(0, |over| over.length(at)).max(1);
            let of_all = pairs.clone().map(length);
            times.saturating_mul(of_all.fold(0, usize::saturating_add))
        });
        each.fold(0, usize::saturating_add)
    }

    /// Whether a pair has a path, in some interval.
    pub(super) fn is_defined(&self, at: usize) -> bool {
        let mut known = self.over.iter().flatten();
        known.any(|elements| elements.vector(at).is_some())
    }

    /// Writes the path vector of a pair, or an array with one for each interval: `null` where it has no path.
    pub(super) fn write(&self, out: &mut Vec<u8>, at: usize) {
        if self.is_calendar {
            out.push(b'[');
        }
        let mut comma = Comma::default();
        for over in self.of.iter().filter_map(|of| self.over.get(*of)) {
            comma.write(out);
            match over.as_ref().and_then(|elements| elements.vector(at)) {
                Some(names) => json::strings(out, names),
                None => out.extend_from_slice(b"null"),
            }
        }
        if self.is_calendar {
            out.push(b']');
        }
    }

    /// The elements of all paths.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Element> {
        let known = self.over.iter().flatten();
        known.flat_map(Elements::all)
    }
}

/// The paths of the pairs that are wanted of these points of a net, in elements of it.
fn find(
    wanted: &Wanted<'_>,
    over: &Over<'_>,
    (from, to): (&[u32], &[u32]),
    pairs: &[bool],
    marks: Marks,
    budget: &mut Budget,
) -> Result<Elements, Spent> {
    let routes = Routes::find(over.distances.net(), from, to, pairs, budget)?;
    let Wanted {
        naming, question, ..
    } = wanted;
    Ok(Elements::find(
        over,
        naming,
        question,
        &routes,
        (from, to),
        marks,
    ))
}

/// The same of all pairs over the net of another time. Domains that were not there have no paths.
fn find_over(wanted: &Wanted<'_>, state: &State, budget: &mut Budget) -> Result<Elements, Spent> {
    let now = wanted.service.maps().idt().graph();
    let (from, to) = (wanted.from, wanted.to);
    budget.spend(from.len() + to.len())?;
    let (rows, were_from) = state.were(now, from);
    let (columns, were_to) = state.were(now, to);
    let all = vec![true; were_from.len() * were_to.len()];
    let points = (were_from.as_slice(), were_to.as_slice());
    let found = find(
        wanted,
        &state.over(),
        points,
        &all,
        Marks::OfAmounts,
        budget,
    )?;
    if rows.len() == from.len() && columns.len() == to.len() {
        return Ok(found);
    }
    budget.spend(from.len() * to.len())?;
    Ok(found.spread((&rows, &columns), (from.len(), to.len())))
}
