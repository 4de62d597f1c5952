//! When the databases are brought in line with what the sources say.

use std::time::Duration;

use tokio::time::Instant;

/// The databases rest for this many times as long as bringing them in line took the last time: under a
/// flood of routes most of the time goes to taking them.
const REST: u32 = 4;

/// Up to so many inputs and commands since the last commit are no flood: the databases rest as long as that
/// commit took.
const TRICKLE: usize = 256;

/// The times of commits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// When the last commit was done.
    done: Instant,
    /// How long it took.
    took: Duration,
    /// When something was last heard.
    heard: Instant,
    /// How many inputs and commands have come since the last commit.
    inputs: usize,
}

impl Pace {
    /// Nothing has been committed yet.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            done: now,
            took: Duration::ZERO,
            heard: now,
            inputs: 0,
        }
    }

    /// So many inputs or commands have come.
    pub(super) fn heard(&mut self, now: Instant, inputs: usize) {
        self.heard = now;
        self.inputs = self.inputs.saturating_add(inputs);
    }

    /// There was a commit.
    pub(super) fn committed(&mut self, began: Instant, done: Instant) {
        self.took = done.saturating_duration_since(began);
        self.done = done;
        self.inputs = 0;
    }

    /// When the next commit may be: after the rest, or as soon as nothing has come for as long as a commit
    /// takes, for then the flood is over and somebody is waiting for what it told.
    pub(super) fn due(&self) -> Instant {
        let rest = if self.inputs > TRICKLE { REST } else { 1 };
        let rested = self.done + self.took * rest;
        let quiet = self.done.max(self.heard) + self.took;
        rested.min(quiet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_committed_after_the_rest_and_its_end_as_soon_as_it_is_quiet() {
        let start = crate::clock::instant();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pace = Pace::new(start);
        assert_eq!(pace.due(), start, "the first at once");
        pace.committed(at(0), at(2));
        assert_eq!(pace.due(), at(4), "nothing comes");
        for second in 2..8 {
            pace.heard(at(second), TRICKLE + 1);
            assert_eq!(pace.due(), at(second + 2));
        }
        for second in 8..20 {
            pace.heard(at(second), 1);
            assert_eq!(pace.due(), at(10), "never later, whatever comes");
        }
        pace.committed(at(20), at(20));
        pace.heard(at(21), 1);
        assert_eq!(pace.due(), at(20), "what took no time needs no rest");
    }

    #[test]
    fn a_trickle_rests_as_long_as_a_commit_takes() {
        let start = crate::clock::instant();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pace = Pace::new(start);
        pace.committed(at(0), at(2));
        for second in 2..20 {
            pace.heard(at(second), 1);
            assert_eq!(pace.due(), at(4));
        }
        pace.heard(at(20), TRICKLE);
        assert_eq!(pace.due(), at(10), "it is a flood");
    }
}
