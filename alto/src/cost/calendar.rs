//! Cost calendars (RFC 8896): a cost for each of some intervals, of which the first are over, one is now and
//! the rest is to come.
//!
//! | interval | the costs are those over |
//! |---|---|
//! | over | the net that was in force at its end ([`super::record`]) |
//! | now, to come | the net of now, each link as it is at its worst by what is announced for what is left of the interval ([`idt::Outlook`]) |
//!
//! Intervals of which the same is known share one net, and the costs over it.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use idt::search::{Budget, Spent};
use idt::{EdgeWindow, Outlook};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::CostType;
use super::answer::Table;
use super::measure::{Measure, NONE};
use super::record::Was;
use super::state::State;
use crate::Calendar;
use crate::json::Comma;
use crate::service::Service;

/// Edges of all nets to come that are kept for who asks next, together.
const KEPT_EDGES: usize = 4_000_000;

/// What is announced of a version's links, and the nets of times to come that were asked for.
#[derive(Default)]
pub(crate) struct ToCome {
    windows: OnceLock<Vec<EdgeWindow>>,
    states: Mutex<BTreeMap<Outlook, Arc<State>>>,
}

/// The net of an interval.
pub(super) enum When {
    Unknown,
    Now,
    Other(Arc<State>),
}

impl ToCome {
    fn windows(&self, service: &Service, budget: &mut Budget) -> Result<&[EdgeWindow], Spent> {
        if self.windows.get().is_none() {
            let found = service.maps().idt().edge_windows(budget)?;
            // Another thread may have been quicker; both found the same.
            let _ = self.windows.set(found);
        }
        Ok(self.windows.get().map_or(&[], Vec::as_slice))
    }

    /// The net to come by this outlook.
    fn state(
        &self,
        service: &Service,
        outlook: Outlook,
        budget: &mut Budget,
    ) -> Result<Arc<State>, Spent> {
        let lock = || self.states.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = lock().get(&outlook) {
            return Ok(Arc::clone(state));
        }
        let net = service.distances().net();
        // The pages that are other, at most, and a pointer for each of all.
        budget.spend(
            (outlook.len() * idt::net::PAGE).min(net.edges()) + net.len() / idt::net::PAGE,
        )?;
        let graph = service.maps().idt().graph().clone();
        let state = State::to_come(graph, service.distances(), outlook.clone());
        let state = Arc::new(state);
        let mut states = lock();
        if states.len() > KEPT_EDGES / net.edges().max(1) {
            states.clear();
        }
        states.insert(outlook, Arc::clone(&state));
        Ok(state)
    }
}

/// The nets of a calendar: of each interval the position of its net among those that are different.
pub(super) struct Nets {
    pub(super) of: Vec<usize>,
    pub(super) nets: Vec<When>,
}

impl Nets {
    pub(super) fn find(
        service: &Service,
        calendar: &Calendar,
        now: Timestamp,
        budget: &mut Budget,
    ) -> Result<Self, Spent> {
        let mut found = Self {
            of: Vec::with_capacity(calendar.intervals as usize),
            nets: Vec::new(),
        };
        let windows = service.to_come().windows(service, budget)?;
        let mut known: BTreeMap<Outlook, usize> = BTreeMap::new();
        for nth in 0..calendar.intervals {
            let (start, end) = calendar.interval_at(nth, now);
            let net = if end <= now {
                match service.record().at(end) {
                    Was::Unknown => When::Unknown,
                    Was::Now => When::Now,
                    Was::Other(state) => When::Other(state),
                }
            } else {
                budget.spend(windows.len())?;
                let outlook = Outlook::of(windows, start.max(now), end);
                if let Some(at) = known.get(&outlook) {
                    found.of.push(*at);
                    continue;
                }
                if outlook.is_empty() {
                    When::Now
                } else {
                    known.insert(outlook.clone(), found.nets.len());
                    When::Other(service.to_come().state(service, outlook, budget)?)
                }
            };
            let at = found.nets.iter().position(|known| known.is(&net));
            found.of.push(at.unwrap_or(found.nets.len()));
            if at.is_none() {
                found.nets.push(net);
            }
        }
        Ok(found)
    }
}

impl When {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unknown, Self::Unknown) | (Self::Now, Self::Now) => true,
            (Self::Other(a), Self::Other(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    fn amounts(
        &self,
        service: &Service,
        measure: Measure,
        (from, to): (&[u32], &[u32]),
        budget: &mut Budget,
    ) -> Result<Vec<u64>, Spent> {
        match self {
            Self::Unknown => {
                budget.spend(from.len() * to.len())?;
                Ok(vec![NONE; from.len() * to.len()])
            }
            Self::Now => service.amounts(measure, from, to, budget),
            Self::Other(state) => {
                state.amounts(service.maps().idt().graph(), measure, (from, to), budget)
            }
        }
    }
}

/// The costs of one type in all intervals.
pub(super) struct Series {
    /// Over the nets that are different.
    tables: Vec<Table>,
    /// Of each interval, which.
    of: Rc<[usize]>,
}

impl Series {
    /// Whether a pair has a cost in some interval.
    pub(super) fn is_defined(&self, at: usize) -> bool {
        self.tables.iter().any(|table| table.amount(at).is_some())
    }

    /// An array with an element for each interval (RFC 8896 §5.1.2): `null` where the pair has no cost.
    pub(super) fn write(&self, out: &mut Vec<u8>, at: usize) {
        out.push(b'[');
        let mut comma = Comma::default();
        for table in self.of.iter().filter_map(|of| self.tables.get(*of)) {
            comma.write(out);
            match table.amount(at) {
                Some(amount) => table.write(out, amount),
                None => out.extend_from_slice(b"null"),
            }
        }
        out.push(b']');
    }
}

/// The calendars of these cost types, each once.
pub(super) fn find(
    service: &Service,
    (calendar, now): (&Calendar, Timestamp),
    types: &[&'static CostType],
    points: (&[u32], &[u32]),
    budget: &mut Budget,
) -> Result<Vec<(&'static CostType, Series)>, Spent> {
    let nets = Nets::find(service, calendar, now, budget)?;
    let of: Rc<[usize]> = nets.of.into();
    let mut found: BTreeMap<Measure, Vec<Rc<Vec<u64>>>> = BTreeMap::new();
    let mut all: Vec<(&'static CostType, Series)> = Vec::new();
    for cost_type in types {
        if all
            .iter()
            .any(|(known, _)| std::ptr::eq(*known, *cost_type))
        {
            continue;
        }
        let measure = cost_type.metric.measure;
        let amounts = match found.get(&measure) {
            Some(amounts) => amounts.clone(),
            None => {
                let mut amounts = Vec::with_capacity(nets.nets.len());
                for net in &nets.nets {
                    amounts.push(Rc::new(net.amounts(service, measure, points, budget)?));
                }
                found.insert(measure, amounts.clone());
                amounts
            }
        };
        let table = |amounts| Table::new(cost_type, amounts);
        let series = Series {
            tables: amounts.into_iter().map(table).collect(),
            of: Rc::clone(&of),
        };
        all.push((cost_type, series));
    }
    Ok(all)
}

/// The element of `calendar-attributes` in the directory (§4.1).
pub(crate) fn attributes(calendar: &Calendar, names: &[&str]) -> Value {
    json!({
        "cost-type-names": names,
        "time-interval-size": calendar.interval,
        "number-of-intervals": calendar.intervals,
    })
}

/// The element of `calendar-response-attributes` in an answer (§5.1.2).
pub(super) fn response_attributes(calendar: &Calendar, now: Timestamp, names: &[&str]) -> Value {
    let mut told = attributes(calendar, names);
    let (start, _) = calendar.interval_at(0, now);
    told["calendar-start-time"] = imf_fixdate(start).into();
    told
}

/// The time as a `Date` header has it (RFC 9110 §5.6.7), to the second.
fn imf_fixdate(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc8896_5_a_start_time_is_an_imf_fixdate_in_gmt() {
        let told = |text: &str| imf_fixdate(text.parse().unwrap());
        assert_eq!(
            told("2019-07-01T13:00:00Z"),
            "Mon, 01 Jul 2019 13:00:00 GMT"
        );
        assert_eq!(
            told("2026-12-01T00:30:00+01:00"),
            "Mon, 30 Nov 2026 23:30:00 GMT"
        );
        assert_eq!(
            told("2024-02-29T00:00:00Z"),
            "Thu, 29 Feb 2024 00:00:00 GMT"
        );
    }
}
