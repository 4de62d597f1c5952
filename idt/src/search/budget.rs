//! The budget of one call.

/// Steps that a call may still take. Steps are counted, not timed, so that an answer that was cut
/// is the same on every machine.
#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
}

/// The budget is spent.
#[derive(Debug)]
pub(super) struct Spent;

impl Budget {
    pub(super) fn new(steps: u64) -> Self {
        Self { left: steps }
    }

    /// Takes `steps` from the budget.
    #[inline]
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Spent> {
        self.left = self.left.checked_sub(steps as u64).ok_or(Spent)?;
        Ok(())
    }
}
