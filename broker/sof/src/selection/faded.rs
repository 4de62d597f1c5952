//! Counts that fade.

use jiff::{SignedDuration, Timestamp};

/// A count in which what was counted a half-life ago counts one half, and so on. What it comes to does not depend on the order
/// in which things are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faded {
    /// As of `at`.
    amount: f64,
    /// The latest that was counted.
    at: Option<Timestamp>,
}

impl Faded {
    /// Counts one more, of that time.
    pub fn add(&mut self, time: Timestamp, half_life: SignedDuration) {
        match self.at {
            Some(at) if time < at => self.amount += share(time, at, half_life),
            at => {
                let before = at.map_or(0.0, |at| share(at, time, half_life));
                self.amount = self.amount.mul_add(before, 1.0);
                self.at = Some(time);
            }
        }
    }

    /// What is left of it. A clock that goes back makes it no more than it was.
    #[must_use]
    pub fn left(&self, now: Timestamp, half_life: SignedDuration) -> f64 {
        self.at
            .map_or(0.0, |at| self.amount * share(at, now, half_life))
    }
}

/// What is left of one after the time from `then` to `now`.
fn share(then: Timestamp, now: Timestamp, half_life: SignedDuration) -> f64 {
    let passed = now.duration_since(then).as_secs_f64().max(0.0);
    let half_life = half_life.as_secs_f64();
    if half_life > 0.0 {
        (-passed / half_life).exp2()
    } else {
        0.0
    }
}
