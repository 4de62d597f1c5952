//! Work that outgrows the network threads, searches and the decoding of documents: a few at once on
//! threads of their own, some waiting, the rest refused at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use super::problem::Problem;

/// Steps of search that a network thread does itself: a few tens of microseconds.
pub(super) const LIGHT_WORK: u64 = 500;

/// The room for one kind of heavy work.
#[derive(Debug)]
pub(super) struct Heavy {
    running: Semaphore,
    /// Running and waiting together.
    admitted: Arc<Semaphore>,
}

/// A place among those that run or wait.
#[derive(Debug)]
pub(super) struct Admission(
    #[expect(dead_code, reason = "held, and given back when dropped")] OwnedSemaphorePermit,
);

impl Heavy {
    /// Room for `at_once` that run and `waiting` more.
    pub(super) fn new(at_once: usize, waiting: usize) -> Self {
        // More than a semaphore can count is as good as no bound.
        let room = |permits: usize| Semaphore::new(permits.min(Semaphore::MAX_PERMITS));
        Self {
            running: room(at_once),
            admitted: Arc::new(room(at_once.saturating_add(waiting))),
        }
    }

    /// Takes a place.
    ///
    /// # Errors
    /// [`Problem::Busy`] if too many wait already.
    pub(super) fn admit(&self) -> Result<Admission, Problem> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned();
        admitted
            .map(Admission)
            .map_err(|_| Problem::Busy { retry_after: 1 })
    }

    /// Runs `work` on a thread of its own as soon as there is room.
    ///
    /// # Errors
    /// [`Problem::Busy`] if too many wait already, [`Problem::Internal`] if the work panicked.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        self.run_admitted(self.admit()?, work).await
    }

    /// The same, for one who has a place already.
    ///
    /// # Errors
    /// [`Problem::Internal`] if the work panicked.
    pub(super) async fn run_admitted<T: Send + 'static>(
        &self,
        admission: Admission,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let Ok(_running) = self.running.acquire().await else {
            return Err(Problem::Internal);
        };
        let result = spawn_blocking(move || {
            // Kept until the work ends, even if the client has left: the thread is taken so long.
            let _admitted = admission;
            work()
        });
        result.await.map_err(|_| Problem::Internal)
    }
}
