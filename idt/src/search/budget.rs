//! The budget of one call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Steps between two looks at the flag of a cancelled call: some tens of microseconds.
const INTERVAL: u64 = 1 << 14;

/// Steps that a call may still take. Steps are counted, not timed, so that an answer that was cut
/// is the same on every machine.
///
/// A call whose client left ends as one whose budget is spent: see [`Budget::cancelled_by`].
#[derive(Debug)]
pub struct Budget {
    /// Steps until the flag is looked at; without a flag, all.
    left: u64,
    /// Steps after those.
    later: u64,
    cancelled: Option<Arc<AtomicBool>>,
}

/// The budget is spent, or the call was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the budget of work is spent, or the call was cancelled")]
pub struct Spent;

/// So many steps.
impl From<u64> for Budget {
    fn from(steps: u64) -> Self {
        Self::new(steps)
    }
}

impl Budget {
    /// This many steps.
    #[must_use]
    pub const fn new(steps: u64) -> Self {
        Self {
            left: steps,
            later: 0,
            cancelled: None,
        }
    }

    /// As many steps as it takes.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self::new(u64::MAX)
    }

    /// The budget is spent once somebody sets `flag`. It is looked at now and then.
    #[must_use]
    pub fn cancelled_by(self, flag: Arc<AtomicBool>) -> Self {
        Self {
            left: 0,
            later: self.left(),
            cancelled: Some(flag),
        }
    }

    /// The steps that are left.
    #[must_use]
    pub const fn left(&self) -> u64 {
        // Both are parts of what was one `u64`.
        self.left + self.later
    }

    /// Takes `steps` from the budget.
    ///
    /// # Errors
    /// If there are not as many left: then none is taken.
    #[inline]
    pub fn spend(&mut self, steps: usize) -> Result<(), Spent> {
        match self.left.checked_sub(steps as u64) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => self.look(steps as u64),
        }
    }

    #[cold]
    fn look(&mut self, steps: u64) -> Result<(), Spent> {
        let cancelled = |flag: &Arc<AtomicBool>| flag.load(Ordering::Relaxed);
        if self.cancelled.as_ref().is_some_and(cancelled) {
            (self.left, self.later) = (0, 0);
            return Err(Spent);
        }
        let left = self.left().checked_sub(steps).ok_or(Spent)?;
        self.left = match self.cancelled {
            Some(_) => left.min(INTERVAL),
            None => left,
        };
        self.later = left - self.left;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_alike_with_and_without_a_flag() {
        let mut plain = Budget::new(100_000);
        let mut flagged = Budget::new(100_000).cancelled_by(Arc::default());
        for steps in [0, 1, 20_000, 70_000, 9_000, 999, 1, 0, 1] {
            assert_eq!(plain.spend(steps), flagged.spend(steps));
            assert_eq!(plain.left(), flagged.left());
        }
        assert_eq!(plain.left(), 0);
    }

    #[test]
    fn is_spent_once_cancelled() {
        let flag = Arc::new(AtomicBool::new(false));
        let mut budget = Budget::unlimited().cancelled_by(Arc::clone(&flag));
        assert!(budget.spend(1).is_ok());
        flag.store(true, Ordering::Relaxed);
        let took = (0..=INTERVAL)
            .take_while(|_| budget.spend(1).is_ok())
            .count() as u64;
        assert!(took <= INTERVAL);
        assert_eq!(budget.left(), 0);
    }
}
