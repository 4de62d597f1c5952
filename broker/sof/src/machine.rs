//! State machines as tables: one constant lists every legal (state, event) -> state, and code, documentation and
//! tests are made from it.

use std::fmt::Debug;

/// Every legal step of a machine.
#[derive(Clone, Copy, Debug)]
pub struct Machine<S: 'static, E: 'static> {
    /// What the machine is of, for errors.
    pub name: &'static str,
    /// From, event, to.
    pub table: &'static [(S, E, S)],
}

/// A step that the table does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {machine} that is {state:?} does not take {event:?}")]
pub struct IllegalStep<S: Debug, E: Debug> {
    /// What the machine is of.
    pub machine: &'static str,
    /// Where it is.
    pub state: S,
    /// What came.
    pub event: E,
}

impl<S: Copy + PartialEq + Debug, E: Copy + PartialEq + Debug> Machine<S, E> {
    /// The state after `event`.
    ///
    /// # Errors
    /// The table has no such step; nothing has changed.
    pub fn step(&self, state: S, event: E) -> Result<S, IllegalStep<S, E>> {
        let found = self
            .table
            .iter()
            .find(|(from, on, _)| *from == state && *on == event);
        match found {
            Some((_, _, to)) => Ok(*to),
            None => Err(IllegalStep {
                machine: self.name,
                state,
                event,
            }),
        }
    }

    /// Whether no step leads out of `state`.
    #[must_use]
    pub fn is_final(&self, state: S) -> bool {
        !self
            .table
            .iter()
            .any(|(from, _, to)| *from == state && *to != state)
    }
}
