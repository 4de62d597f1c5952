//! Whether a source still speaks: a state machine as one table.
//!
//! A source that has not given a good answer for the hold time is [`State::Stale`]: what it said is
//! still served. After the expiry time, counted from the same last good answer, it is
//! [`State::Gone`] and what it said leaves the maps. One good answer brings it back from anywhere.
//!
//! A source that speaks over a session is held fresh by the session, however little it says; it is
//! stale as soon as the session is lost, and the expiry time counts from then.

use std::time::Duration;

use tokio::time::Instant;

/// How a source is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It has never given a good answer.
    Waiting,
    /// Its last good answer is younger than the hold time.
    Fresh,
    /// Its last good answer is older than the hold time; it is still served.
    Stale,
    /// Its last good answer is older than the expiry time; it is served no more.
    Gone,
}

/// What happens to a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// It gave a good answer.
    Heard,
    /// The session over which it speaks ended.
    Lost,
    /// The hold time passed since the last good answer.
    HoldElapsed,
    /// The expiry time passed since the last good answer.
    ExpiryElapsed,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Fresh, Self::Stale, Self::Gone];

    /// The word for it in answers, logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Gone => "gone",
        }
    }

    /// Whether what the source said is in the maps.
    #[must_use]
    pub const fn is_served(self) -> bool {
        matches!(self, Self::Fresh | Self::Stale)
    }

    /// The state after `event`; unchanged where [`TABLE`] has no row.
    #[must_use]
    pub fn after(self, event: Event) -> Self {
        TABLE
            .iter()
            .find(|(from, on, _)| (*from, *on) == (self, event))
            .map_or(self, |row| row.2)
    }
}

/// Every transition that changes the state. A timer that fires in a state without a row is late news
/// and changes nothing.
pub const TABLE: [(State, Event, State); 7] = [
    (State::Waiting, Event::Heard, State::Fresh),
    (State::Fresh, Event::Lost, State::Stale),
    (State::Fresh, Event::HoldElapsed, State::Stale),
    (State::Fresh, Event::ExpiryElapsed, State::Gone),
    (State::Stale, Event::Heard, State::Fresh),
    (State::Stale, Event::ExpiryElapsed, State::Gone),
    (State::Gone, Event::Heard, State::Fresh),
];

/// The two times of the machine, counted from the last good answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// After this a source is stale.
    pub hold: Duration,
    /// After this it is gone; longer than `hold`.
    pub expire: Duration,
}

/// A source's state with the time that drives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liveness {
    state: State,
    last_heard: Option<Instant>,
    /// A session holds it: it does not age.
    is_held: bool,
}

impl Default for Liveness {
    fn default() -> Self {
        Self {
            state: State::Waiting,
            last_heard: None,
            is_held: false,
        }
    }
}

impl Liveness {
    /// The state as of the last call.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// A good answer came. Returns the state before, if it was another.
    pub fn heard(&mut self, now: Instant) -> Option<State> {
        self.last_heard = Some(now);
        self.step(Event::Heard)
    }

    /// A session with the source is up: a good answer, and it does not age until
    /// [`Liveness::lost`]. Returns the state before, if it was another.
    pub fn held(&mut self, now: Instant) -> Option<State> {
        self.is_held = true;
        self.heard(now)
    }

    /// The session is over; the expiry time counts from now. Returns the state before, if it was
    /// another.
    pub fn lost(&mut self, now: Instant) -> Option<State> {
        self.is_held = false;
        self.last_heard = Some(now);
        self.step(Event::Lost)
    }

    /// Time has passed. Returns the state before, if it was another. Call again at
    /// [`Liveness::next_deadline`].
    pub fn elapsed(&mut self, now: Instant, timers: Timers) -> Option<State> {
        if self.is_held {
            return None;
        }
        let silent = now.saturating_duration_since(self.last_heard?);
        if silent >= timers.expire {
            self.step(Event::ExpiryElapsed)
        } else if silent >= timers.hold {
            self.step(Event::HoldElapsed)
        } else {
            None
        }
    }

    /// When [`Liveness::elapsed`] would next change the state.
    #[must_use]
    pub fn next_deadline(&self, timers: Timers) -> Option<Instant> {
        match self.state {
            _ if self.is_held => None,
            State::Fresh => self.last_heard?.checked_add(timers.hold),
            State::Stale => self.last_heard?.checked_add(timers.expire),
            State::Waiting | State::Gone => None,
        }
    }

    fn step(&mut self, event: Event) -> Option<State> {
        let before = self.state;
        self.state = before.after(event);
        (self.state != before).then_some(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_event_is_decided() {
        use Event::{ExpiryElapsed, Heard, HoldElapsed, Lost};
        use State::{Fresh, Gone, Stale, Waiting};
        let expected = [
            (Waiting, [Fresh, Waiting, Waiting, Waiting]),
            (Fresh, [Fresh, Stale, Stale, Gone]),
            (Stale, [Fresh, Stale, Stale, Gone]),
            (Gone, [Fresh, Gone, Gone, Gone]),
        ];
        assert_eq!(expected.map(|row| row.0), State::ALL);
        for (state, after) in expected {
            for (event, next) in [Heard, Lost, HoldElapsed, ExpiryElapsed]
                .into_iter()
                .zip(after)
            {
                assert_eq!(state.after(event), next, "{state:?} on {event:?}");
            }
        }
        let mut rows: Vec<_> = TABLE.iter().map(|(from, on, _)| (*from, *on)).collect();
        rows.dedup();
        assert_eq!(rows.len(), TABLE.len(), "a row is there twice");
        assert!(
            TABLE.iter().all(|(from, _, to)| from != to),
            "a row changes nothing"
        );
    }

    #[test]
    fn a_source_ages_by_the_deadlines_and_comes_back() {
        let timers = Timers {
            hold: Duration::from_secs(30),
            expire: Duration::from_secs(90),
        };
        let start = Instant::now();
        let mut source = Liveness::default();
        assert_eq!(source.elapsed(start + timers.expire, timers), None);
        assert_eq!(source.next_deadline(timers), None);

        assert_eq!(source.heard(start), Some(State::Waiting));
        assert_eq!(
            source.elapsed(start + Duration::from_secs(29), timers),
            None
        );
        assert_eq!(source.next_deadline(timers), Some(start + timers.hold));
        assert_eq!(
            source.elapsed(start + timers.hold, timers),
            Some(State::Fresh)
        );
        assert_eq!(source.state(), State::Stale);
        assert_eq!(source.next_deadline(timers), Some(start + timers.expire));
        assert_eq!(
            source.elapsed(start + timers.expire, timers),
            Some(State::Stale)
        );
        assert_eq!(source.state(), State::Gone);
        assert_eq!(source.heard(start + timers.expire), Some(State::Gone));
        assert_eq!(source.state(), State::Fresh);
    }

    #[test]
    fn a_session_holds_its_source_fresh_and_its_loss_makes_it_stale_at_once() {
        let timers = Timers {
            hold: Duration::from_secs(1),
            expire: Duration::from_secs(2),
        };
        let start = Instant::now();
        let mut source = Liveness::default();
        assert_eq!(source.held(start), Some(State::Waiting));
        let later = start + Duration::from_secs(3600);
        assert_eq!(source.elapsed(later, timers), None);
        assert_eq!(source.next_deadline(timers), None);
        assert_eq!(source.lost(later), Some(State::Fresh));
        assert_eq!(source.state(), State::Stale);
        assert_eq!(source.next_deadline(timers), Some(later + timers.expire));
        assert_eq!(
            source.elapsed(later + timers.expire, timers),
            Some(State::Stale)
        );
        assert_eq!(source.held(later + timers.expire), Some(State::Gone));
    }

    #[test]
    fn a_clock_that_jumps_over_both_times_goes_straight_to_gone() {
        let timers = Timers {
            hold: Duration::from_secs(1),
            expire: Duration::from_secs(2),
        };
        let mut source = Liveness::default();
        source.heard(Instant::now());
        assert_eq!(
            source.elapsed(Instant::now() + Duration::from_secs(9), timers),
            Some(State::Fresh)
        );
        assert_eq!(source.state(), State::Gone);
    }
}
