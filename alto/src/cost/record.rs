//! What there was: the nets that were in force when an interval of the calendar ended.
//!
//! A past value of a calendar is the cost over the net that was in force when its interval ended. So of all
//! versions only those are kept that were in force at such an end, and only as long as a calendar reaches
//! back. They share with the versions after them every page of the net that is the same.

use std::sync::Arc;

use idt::DomainGraph;
use idt::net::Net;
use jiff::Timestamp;

use super::state::State;
use crate::Calendar;

/// Since when a version is in force, and what there was before.
#[derive(Clone, Default)]
pub(crate) struct Record {
    /// `None` of a version of which nobody said when it came.
    since: Option<Timestamp>,
    /// The oldest first.
    past: Arc<[Arc<Past>]>,
}

struct Past {
    since: Timestamp,
    until: Timestamp,
    state: Arc<State>,
}

/// What was in force at the end of an interval.
pub(crate) enum Was {
    /// Nobody knows.
    Unknown,
    /// What is in force now.
    Now,
    /// This.
    Other(Arc<State>),
}

impl Record {
    /// That of a first version.
    pub(crate) fn in_force(now: Timestamp) -> Self {
        Self {
            since: Some(now),
            ..Self::default()
        }
    }

    /// That of a version that comes after one with this record, whose net `net` was, that of `graph` with
    /// the bandwidth that reservations left.
    pub(crate) fn after(
        &self,
        (graph, net): (&DomainGraph, &Arc<Net>),
        now: Timestamp,
        calendar: Option<&Calendar>,
    ) -> Self {
        let mut past = Vec::new();
        if let Some(calendar) = calendar.filter(|calendar| calendar.past > 0) {
            let oldest = calendar.interval_at(0, now).1;
            let of_use = self.past.iter().filter(|past| past.until >= oldest);
            past.extend(of_use.cloned());
            // The last end of an interval so far.
            let end = calendar.interval_at(calendar.past, now).0;
            if let Some(since) = self.since.filter(|since| *since < end && *since < now) {
                let state = Arc::new(State::past(graph.clone(), Arc::clone(net)));
                past.push(Arc::new(Past {
                    since,
                    until: now,
                    state,
                }));
            }
        }
        Self {
            since: Some(now),
            past: past.into(),
        }
    }

    /// What was in force when an interval ended.
    pub(crate) fn at(&self, end: Timestamp) -> Was {
        if self.since.is_some_and(|since| since < end) {
            return Was::Now;
        }
        let mut past = self.past.iter().rev();
        match past.find(|past| past.since < end && end <= past.until) {
            Some(past) => Was::Other(Arc::clone(&past.state)),
            None => Was::Unknown,
        }
    }

    /// How many nets are kept.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.past.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn of_all_versions_those_are_kept_that_were_in_force_at_the_end_of_an_interval() {
        let calendar = Calendar {
            interval: 10,
            intervals: 5,
            past: 3,
        };
        let nets: Vec<Arc<Net>> = (0..8).map(|_| Arc::default()).collect();
        let graph = DomainGraph::default();
        let mut record = Record::default();
        // When each net came into force.
        let times = [1, 3, 12, 19, 20, 27, 44, 48];
        for (nth, time) in times.into_iter().enumerate() {
            let before = &nets[nth.saturating_sub(1)];
            record = record.after((&graph, before), at(time), Some(&calendar));
            assert!(record.len() <= 4);
        }
        let was = |end| match record.at(at(end)) {
            Was::Unknown => None,
            Was::Now => Some(7),
            Was::Other(state) => nets.iter().position(|net| Arc::ptr_eq(net, state.net())),
        };
        // That which came at 20 was not yet in force when the interval to 20 ended.
        assert_eq!(
            [20, 30, 40, 50].map(was),
            [Some(3), Some(5), Some(5), Some(7)]
        );
        // Out of reach at 48: the calendar begins at 10.
        assert_eq!(was(10), None);
        let none = record.after((&graph, &nets[7]), at(99), None);
        assert!(matches!(none.at(at(90)), Was::Unknown));
    }
}
