//! Searches that outgrow the network threads: a few at once on threads of their own, some waiting,
//! the rest refused at once.

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::problem::Problem;

/// Steps of search that a network thread does itself: a few tens of microseconds.
pub(super) const LIGHT_WORK: u64 = 500;

/// The room for heavy searches.
#[derive(Debug)]
pub(super) struct Heavy {
    running: Semaphore,
    /// Running and waiting together.
    admitted: std::sync::Arc<Semaphore>,
}

impl Heavy {
    pub(super) fn new(at_once: usize) -> Self {
        Self {
            running: Semaphore::new(at_once),
            admitted: std::sync::Arc::new(Semaphore::new(at_once.saturating_mul(3))),
        }
    }

    /// Runs `search` on a thread of its own as soon as there is room.
    ///
    /// # Errors
    /// [`Problem::Busy`] if too many wait already, [`Problem::Internal`] if the search panicked.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        search: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let Ok(admitted) = std::sync::Arc::clone(&self.admitted).try_acquire_owned() else {
            return Err(Problem::Busy { retry_after: 1 });
        };
        let Ok(_running) = self.running.acquire().await else {
            return Err(Problem::Internal);
        };
        let result = spawn_blocking(move || {
            // Kept until the search ends, even if the client has left: the thread is taken so long.
            let _admitted = admitted;
            search()
        });
        result.await.map_err(|_| Problem::Internal)
    }
}
