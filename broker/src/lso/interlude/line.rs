//! The line to a partner: how many calls are on it, and whether it is left alone.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use sof::interlude::CallError;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::find::Finder;
use crate::lso::breaker::{Admission, Breaker, Circuit, Counts};
use crate::settings;

/// How it goes with a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineStatus {
    /// Whether calls go through.
    pub circuit: Circuit,
    /// What was counted since the start.
    pub counts: Counts,
    /// Calls under way.
    pub in_flight: usize,
    /// The last call that was not answered as it should be: when, and what was wrong.
    pub last_error: Option<(Timestamp, String)>,
}

/// The line to a partner.
#[derive(Debug)]
pub(super) struct Line {
    state: Mutex<State>,
    /// Calls under way, and those that wait for that.
    room: Semaphore,
    /// Calls under way.
    slots: Semaphore,
    in_flight: usize,
    wait: Duration,
    finder: Finder,
}

#[derive(Debug)]
struct State {
    breaker: Breaker,
    last_error: Option<(Timestamp, String)>,
}

/// That a call is on the line. Who drops it without [`Trial::ended`] gave the call up.
pub(super) struct Trial<'a> {
    line: &'a Line,
    admission: Option<Admission>,
}

/// A place on the line; free when dropped.
pub(super) struct Place<'a> {
    _room: SemaphorePermit<'a>,
    _slot: SemaphorePermit<'a>,
}

impl Line {
    pub(super) fn new(settings: &settings::Interlude) -> Self {
        let most = Semaphore::MAX_PERMITS;
        Self {
            state: Mutex::new(State {
                breaker: Breaker::new(settings.policy()),
                last_error: None,
            }),
            room: Semaphore::new(
                settings
                    .in_flight
                    .saturating_add(settings.waiting)
                    .min(most),
            ),
            slots: Semaphore::new(settings.in_flight.min(most)),
            in_flight: settings.in_flight.min(most),
            wait: settings.wait,
            finder: Finder::default(),
        }
    }

    /// Who looks for orders of this partner.
    pub(super) const fn finder(&self) -> &Finder {
        &self.finder
    }

    /// Nothing is left half done under the lock, so a panic elsewhere does not spoil it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place, for as long as may be.
    pub(super) async fn place(&self) -> Result<Place<'_>, CallError> {
        let full = |why: &str| CallError::NotSent(format!("{why} to this partner"));
        let room = self.room.try_acquire();
        let room = room.map_err(|_| full("too many calls wait for others"))?;
        match tokio::time::timeout(self.wait, self.slots.acquire()).await {
            Ok(Ok(slot)) => Ok(Place {
                _room: room,
                _slot: slot,
            }),
            Ok(Err(_)) | Err(_) => Err(full("waited too long for other calls")),
        }
    }

    /// Asks whether the partner may be called.
    pub(super) fn admit(&self, now: Instant) -> Result<Trial<'_>, CallError> {
        match self.state().breaker.admit(now) {
            Ok(admission) => Ok(Trial {
                line: self,
                admission: Some(admission),
            }),
            Err(left) => {
                let left = left.as_secs_f64();
                let why = format!(
                    "the partner did not answer several times and is left alone for another {left:.1} s"
                );
                Err(CallError::NotSent(why))
            }
        }
    }

    pub(super) fn circuit(&self) -> Circuit {
        self.state().breaker.circuit()
    }

    /// Whether a call would be let through.
    pub(super) fn would_admit(&self, now: Instant) -> bool {
        self.state().breaker.would_admit(now)
    }

    pub(super) fn status(&self) -> LineStatus {
        let state = self.state();
        LineStatus {
            circuit: state.breaker.circuit(),
            counts: state.breaker.counts(),
            in_flight: self
                .in_flight
                .saturating_sub(self.slots.available_permits()),
            last_error: state.last_error.clone(),
        }
    }
}

impl Trial<'_> {
    /// The call ended: with a failure of the partner, or not.
    pub(super) fn ended(mut self, failure: Option<String>, now: crate::clock::Now) {
        let Some(admission) = self.admission.take() else {
            return;
        };
        let mut state = self.line.state();
        match failure {
            None => state.breaker.succeeded(admission, now.instant),
            Some(why) => {
                state.breaker.failed(admission, now.instant);
                state.last_error = Some((now.timestamp, why));
            }
        }
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        if let Some(admission) = self.admission.take() {
            self.line.state().breaker.abandoned(admission);
        }
    }
}
