//! Work that ends when nobody waits for it any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Who asked has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

/// The end that who waits keeps: when it is dropped, the work is to stop. A request's future has one, and
/// the server drops that future when the client leaves or the time is over.
#[derive(Debug, Default)]
pub struct Waiting(Arc<AtomicBool>);

impl Waiting {
    /// The end for the work.
    #[must_use]
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whether to go on.
///
/// # Errors
/// Nobody waits any more.
pub fn check(flag: &AtomicBool) -> Result<(), Cancelled> {
    if flag.load(Ordering::Relaxed) {
        Err(Cancelled)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_goes_on_while_somebody_waits() {
        let waiting = Waiting::default();
        let flag = waiting.flag();
        assert_eq!(check(&flag), Ok(()));
        drop(waiting);
        assert_eq!(check(&flag), Err(Cancelled));
    }
}
