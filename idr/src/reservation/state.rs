//! The life of a reservation: a state machine as one table.

use std::fmt;

use super::Moment;

/// Where a reservation is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Its capacity is held until a time, for somebody who decides.
    Held,
    /// It was decided for: its capacity is taken, to an end or without one.
    Confirmed,
    /// Its holder gave it back.
    Released,
    /// Its time is over.
    Lapsed,
}

/// What happens to a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// Its holder decides for it.
    Confirm,
    /// Its holder needs more time to decide.
    Extend,
    /// Its holder has it take something else.
    Amend,
    /// Its holder gives it back.
    Release,
    /// Its time comes.
    Lapse,
}

/// Every legal transition. What is not here is refused, and changes nothing.
pub const TABLE: [(Phase, Event, Phase); 9] = [
    (Phase::Held, Event::Confirm, Phase::Confirmed),
    (Phase::Held, Event::Extend, Phase::Held),
    (Phase::Held, Event::Amend, Phase::Held),
    (Phase::Held, Event::Release, Phase::Released),
    (Phase::Held, Event::Lapse, Phase::Lapsed),
    // Said again: the answer to the first may be lost.
    (Phase::Confirmed, Event::Confirm, Phase::Confirmed),
    (Phase::Confirmed, Event::Amend, Phase::Confirmed),
    (Phase::Confirmed, Event::Release, Phase::Released),
    (Phase::Confirmed, Event::Lapse, Phase::Lapsed),
];

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 4] = [Self::Held, Self::Confirmed, Self::Released, Self::Lapsed];

    /// The word for it in answers, logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Confirmed => "confirmed",
            Self::Released => "released",
            Self::Lapsed => "lapsed",
        }
    }

    /// Whether a reservation in this phase has capacity.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Held | Self::Confirmed)
    }

    /// The phase after `event`; `None` where [`TABLE`] has no row.
    #[must_use]
    pub fn after(self, event: Event) -> Option<Self> {
        let mut rows = TABLE.iter();
        rows.find(|(from, on, _)| (*from, *on) == (self, event))
            .map(|row| row.2)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 5] = [
        Self::Confirm,
        Self::Extend,
        Self::Amend,
        Self::Release,
        Self::Lapse,
    ];

    /// The word for it in answers and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Extend => "extend",
            Self::Amend => "amend",
            Self::Release => "release",
            Self::Lapse => "lapse",
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The state of a live reservation: its phase with the time that drives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// [`Phase::Held`].
    Held {
        /// From this moment on it is over.
        until: Moment,
    },
    /// [`Phase::Confirmed`].
    Confirmed {
        /// From this moment on it is over; `None` lasts until it is released.
        until: Option<Moment>,
    },
}

impl State {
    /// The state in `phase` until `until`; `None` of a phase that is not live, and of a hold without
    /// an end, which there is not.
    pub(super) fn in_phase(phase: Phase, until: Option<Moment>) -> Option<Self> {
        match phase {
            Phase::Held => until.map(|until| Self::Held { until }),
            Phase::Confirmed => Some(Self::Confirmed { until }),
            Phase::Released | Phase::Lapsed => None,
        }
    }

    /// The phase.
    #[must_use]
    pub const fn phase(self) -> Phase {
        match self {
            Self::Held { .. } => Phase::Held,
            Self::Confirmed { .. } => Phase::Confirmed,
        }
    }

    /// The moment from which on it is over, if there is one.
    #[must_use]
    pub const fn until(self) -> Option<Moment> {
        match self {
            Self::Held { until } => Some(until),
            Self::Confirmed { until } => until,
        }
    }

    /// Whether it is over at `now`.
    #[must_use]
    pub fn is_over(self, now: Moment) -> bool {
        self.until().is_some_and(|until| until <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_and_event_is_decided() {
        use Phase::{Confirmed, Held, Lapsed, Released};
        // In the order of `Event::ALL`: confirm, extend, amend, release, lapse.
        let over = [Some(Released), Some(Lapsed)];
        let expected = [
            (
                Held,
                [Some(Confirmed), Some(Held), Some(Held), over[0], over[1]],
            ),
            (
                Confirmed,
                [Some(Confirmed), None, Some(Confirmed), over[0], over[1]],
            ),
            (Released, [None; 5]),
            (Lapsed, [None; 5]),
        ];
        assert_eq!(expected.map(|row| row.0), Phase::ALL);
        for (phase, after) in expected {
            for (event, next) in Event::ALL.into_iter().zip(after) {
                assert_eq!(phase.after(event), next, "{phase} on {event}");
            }
            assert_eq!(phase.is_live(), after != [None; 5], "{phase}");
        }
        let mut rows: Vec<_> = TABLE.iter().map(|(from, on, _)| (*from, *on)).collect();
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), TABLE.len(), "a row is there twice");
    }
}
