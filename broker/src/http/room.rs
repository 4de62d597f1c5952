//! Room for the bodies that are on their way in: a count of octets over many requests.
//!
//! A body counts with what has come of it so far: a client that is slow holds little, however much it
//! announces.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// The unit in which octets are counted.
pub(super) const BLOCK: usize = 64 << 10;

/// So many blocks, for all together.
#[derive(Clone, Debug)]
pub(super) struct Room(Arc<Semaphore>);

/// What one body takes of it; given back when dropped.
#[derive(Debug)]
pub(super) struct Held {
    room: Room,
    permit: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// Room for so many blocks.
    pub(super) fn new(blocks: usize) -> Self {
        Self(Arc::new(Semaphore::new(blocks)))
    }

    /// For a body of which nothing has come yet.
    pub(super) fn enter(&self) -> Held {
        Held {
            room: self.clone(),
            permit: None,
        }
    }

    /// Blocks that nobody holds.
    #[cfg(test)]
    pub(super) fn left(&self) -> usize {
        self.0.available_permits()
    }
}

impl Held {
    /// Has room for `octets` in all from now on.
    ///
    /// # Errors
    /// [`Problem::Busy`] if all room is taken.
    pub(super) fn hold(&mut self, octets: usize) -> Result<(), Problem> {
        let permit = self.permit.as_ref();
        let held = permit.map_or(0, OwnedSemaphorePermit::num_permits);
        let more = octets.div_ceil(BLOCK).saturating_sub(held);
        if more == 0 {
            return Ok(());
        }
        let busy = Problem::Busy { retry_after: 1 };
        let Ok(more) = u32::try_from(more) else {
            return Err(busy);
        };
        let permit = Arc::clone(&self.room.0).try_acquire_many_owned(more);
        match (&mut self.permit, permit) {
            (_, Err(_)) => return Err(busy),
            (Some(held), Ok(permit)) => held.merge(permit),
            (None, Ok(permit)) => self.permit = Some(permit),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_holds_what_has_come_of_it_until_it_is_read() {
        let room = Room::new(4);
        let (mut one, mut other) = (room.enter(), room.enter());
        assert_eq!(one.hold(0), Ok(()));
        assert_eq!(room.left(), 4);
        assert_eq!(one.hold(1), Ok(()));
        assert_eq!(one.hold(BLOCK), Ok(()));
        assert_eq!(room.left(), 3);
        assert_eq!(one.hold(2 * BLOCK + 1), Ok(()));
        assert_eq!(room.left(), 1);
        let busy = Err(Problem::Busy { retry_after: 1 });
        assert_eq!(other.hold(BLOCK + 1), busy);
        assert_eq!(other.hold(usize::MAX), busy);
        assert_eq!(other.hold(BLOCK), Ok(()));
        drop(one);
        assert_eq!(room.left(), 3);
    }
}
