//! The only place that reads clocks. All else takes `now` as an argument, so that every rule about
//! time can be tested without waiting.

use jiff::Timestamp;
use tokio::time::Instant;

/// A moment, on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// For intervals: never goes back. Follows tokio's clock, so that tests can pause it.
    pub instant: Instant,
    /// For people and protocols.
    pub timestamp: Timestamp,
}

/// Reads the clock for intervals alone.
#[must_use]
pub fn instant() -> Instant {
    Instant::now()
}

/// Reads both clocks.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the place that reads clocks")]
pub fn now() -> Now {
    Now {
        instant: instant(),
        timestamp: Timestamp::now(),
    }
}
