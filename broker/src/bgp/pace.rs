//! How often a peer may come (RFC 4271 §8.1: DampPeerOscillations): some connections at once, then
//! one per period, in the long run whatever it does.

use std::time::Duration;

use tokio::time::Instant;

/// A peer that restarts, or whose operator tries settings, is not slowed.
const BURST: u32 = 6;
/// Then one connection in this time.
const PERIOD: Duration = Duration::from_secs(10);

/// The gate of one peer: a virtual schedule with one slot per period, of which some may be used
/// ahead of time.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// When the schedule would be used up to; `None`: never used.
    booked: Option<Instant>,
}

impl Gate {
    /// When the next connection may be taken; `now` or later.
    pub(super) fn opens(&self, now: Instant) -> Instant {
        self.booked
            .and_then(|booked| booked.checked_sub(PERIOD * (BURST - 1)))
            .map_or(now, |opens| opens.max(now))
    }

    /// A connection is taken now.
    pub(super) fn pass(&mut self, now: Instant) {
        self.booked = Some(self.booked.map_or(now, |booked| booked.max(now)) + PERIOD);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_then_one_per_period() {
        let start = Instant::now();
        let mut gate = Gate::default();
        for _ in 0..BURST {
            assert_eq!(gate.opens(start), start);
            gate.pass(start);
        }
        assert_eq!(gate.opens(start), start + PERIOD);
        gate.pass(start + PERIOD);
        assert_eq!(gate.opens(start + PERIOD), start + 2 * PERIOD);
    }

    #[tokio::test(start_paused = true)]
    async fn in_the_long_run_no_more_than_one_per_period_passes() {
        let start = Instant::now();
        let mut gate = Gate::default();
        let mut now = start;
        for _ in 0..1_000 {
            now = gate.opens(now);
            gate.pass(now);
        }
        assert_eq!(now - start, PERIOD * (1_000 - BURST));
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_hour_gives_back_one_burst_and_not_more() {
        let start = Instant::now();
        let mut gate = Gate::default();
        for _ in 0..100 {
            gate.pass(start);
        }
        let later = start + Duration::from_secs(3600);
        for _ in 0..BURST {
            assert_eq!(gate.opens(later), later);
            gate.pass(later);
        }
        assert!(gate.opens(later) > later);
    }
}
