//! The circuit breaker of a partner: who does not answer is left alone for a while, then tried with one call.
//!
//! Pure: time is an argument. The states are a table; the counting around it decides which event a failure is.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sof::machine::Machine;
use tokio::time::Instant;

/// Whether calls go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Circuit {
    /// They do.
    Closed,
    /// None does, for a while.
    Open,
    /// One does, to see whether it comes through.
    HalfOpen,
}

impl Circuit {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Closed, Self::Open, Self::HalfOpen];

    /// The word in the API and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// What happens to a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CircuitEvent {
    /// A call was answered, be it with a refusal.
    Success,
    /// A call was not, and that is not too much yet.
    Failure,
    /// A call was not, and with it so many in a row that it is enough.
    LastFailure,
    /// It was left alone for long enough.
    Timer,
}

impl CircuitEvent {
    /// Every event.
    pub const ALL: [Self; 4] = [Self::Success, Self::Failure, Self::LastFailure, Self::Timer];
}

/// The circuit's machine. Calls that were made before it opened may end while it is open: they change nothing.
pub const CIRCUIT: Machine<Circuit, CircuitEvent> = {
    use Circuit::{Closed, HalfOpen, Open};
    use CircuitEvent::{Failure, LastFailure, Success, Timer};
    Machine {
        name: "circuit",
        table: &[
            (Closed, Success, Closed),
            (Closed, Failure, Closed),
            (Closed, LastFailure, Open),
            (Open, Success, Open),
            (Open, Failure, Open),
            (Open, LastFailure, Open),
            (Open, Timer, HalfOpen),
            (HalfOpen, Success, Closed),
            (HalfOpen, Failure, Open),
            (HalfOpen, LastFailure, Open),
        ],
    }
};

/// When a circuit opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// So many failures in a row open it.
    pub failures: u32,
    /// It stays open for so long the first time, and twice as long each time that the call after it fails.
    pub open: Duration,
    /// But no longer than this.
    pub longest: Duration,
}

/// A circuit, and what was counted.
#[derive(Clone, Debug)]
pub struct Breaker {
    policy: Policy,
    circuit: Circuit,
    /// Rises when the circuit changes: what was admitted before does not count any more.
    generation: u64,
    in_a_row: u32,
    opened_in_a_row: u32,
    /// While open: until when.
    until: Option<Instant>,
    /// While half open: whether the one call is under way.
    is_tried: bool,
    counts: Counts,
}

/// What was counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls that were answered.
    pub successes: u64,
    /// Calls that were not.
    pub failures: u64,
    /// Calls that were not made, since the circuit was open.
    pub refused: u64,
    /// How often it opened.
    pub opened: u64,
}

/// That a call may be made. Give it back with what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    generation: u64,
}

impl Breaker {
    /// A closed circuit.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            circuit: Circuit::Closed,
            generation: 0,
            in_a_row: 0,
            opened_in_a_row: 0,
            until: None,
            is_tried: false,
            counts: Counts::default(),
        }
    }

    /// Whether calls go through. One that was open for long enough tells so at the next call.
    #[must_use]
    pub fn circuit(&self) -> Circuit {
        self.circuit
    }

    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether a call at `now` would be let through.
    #[must_use]
    pub fn would_admit(&self, now: Instant) -> bool {
        match self.circuit {
            Circuit::Closed => true,
            Circuit::Open => self.until.is_none_or(|until| until <= now),
            Circuit::HalfOpen => !self.is_tried,
        }
    }

    /// Asks for a call.
    ///
    /// # Errors
    /// The circuit is open: for how much longer, as far as is known.
    pub fn admit(&mut self, now: Instant) -> Result<Admission, Duration> {
        if !self.would_admit(now) {
            self.counts.refused = self.counts.refused.saturating_add(1);
            let left = self.until.map(|until| until.saturating_duration_since(now));
            return Err(left.unwrap_or_default());
        }
        if self.circuit == Circuit::Open {
            self.step(CircuitEvent::Timer, now);
        }
        self.is_tried = self.circuit == Circuit::HalfOpen;
        Ok(Admission {
            generation: self.generation,
        })
    }

    /// A call was answered.
    pub fn succeeded(&mut self, admission: Admission, now: Instant) {
        self.counts.successes = self.counts.successes.saturating_add(1);
        if admission.generation == self.generation {
            self.in_a_row = 0;
            self.step(CircuitEvent::Success, now);
        }
    }

    /// A call was not answered.
    pub fn failed(&mut self, admission: Admission, now: Instant) {
        self.counts.failures = self.counts.failures.saturating_add(1);
        if admission.generation == self.generation {
            self.in_a_row = self.in_a_row.saturating_add(1);
            let event = if self.in_a_row >= self.policy.failures {
                CircuitEvent::LastFailure
            } else {
                CircuitEvent::Failure
            };
            self.step(event, now);
        }
    }

    /// A call was given up by who made it: nothing is known of the partner.
    pub fn abandoned(&mut self, admission: Admission) {
        if admission.generation == self.generation {
            self.is_tried = false;
        }
    }

    fn step(&mut self, event: CircuitEvent, now: Instant) {
        let Ok(next) = CIRCUIT.step(self.circuit, event) else {
            return;
        };
        if next == self.circuit {
            return;
        }
        self.circuit = next;
        self.generation = self.generation.wrapping_add(1);
        self.is_tried = false;
        self.in_a_row = 0;
        match next {
            Circuit::Closed => {
                self.opened_in_a_row = 0;
                self.until = None;
            }
            Circuit::HalfOpen => self.until = None,
            Circuit::Open => {
                let doubled = 1_u32.checked_shl(self.opened_in_a_row).unwrap_or(u32::MAX);
                let open = self.policy.open.saturating_mul(doubled);
                self.until = now.checked_add(open.min(self.policy.longest));
                self.opened_in_a_row = self.opened_in_a_row.saturating_add(1);
                self.counts.opened = self.counts.opened.saturating_add(1);
            }
        }
    }
}

#[cfg(test)]
mod tests;
