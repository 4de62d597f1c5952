//! Makes and repairs the index of distances while requests are answered without it.
//!
//! A version is served as soon as it is there, with the index of the version before and what changed
//! since, or with none. This task brings the index up to it on a thread of its own, and hands it to
//! whichever version is served by then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use idt::search::Budget;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::clock;
use crate::metrics::Metrics;
use crate::published::Published;

/// Runs until `stop`.
pub async fn run(published: Arc<Published>, metrics: Arc<Metrics>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = published.changed() => {}
        }
        while published.version().lacks_index() {
            let Some(took) = index(&published, &metrics, &stop).await else {
                break;
            };
            // Where links change all the time, requests need the machine more than the index does: they
            // are answered exactly with one that is a little behind.
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(took * REST) => {}
            }
        }
        for (metric, bytes) in published.version().indexes() {
            metrics.indexed(metric, bytes);
        }
    }
}

/// An index rests for this many times as long as it took to make it.
const REST: u32 = 1;

/// Brings the index up to the current version. Says how long that took, if it did anything.
async fn index(
    published: &Published,
    metrics: &Metrics,
    stop: &CancellationToken,
) -> Option<Duration> {
    let version = published.version();
    let cancelled = Arc::new(AtomicBool::new(false));
    let mut budget = Budget::unlimited().cancelled_by(Arc::clone(&cancelled));
    let started = clock::instant();
    let of = version.clone();
    let mut work = spawn_blocking(move || of.indexed(&mut budget));
    let made = tokio::select! {
        made = &mut work => made,
        () = stop.cancelled() => {
            // A thread cannot be left behind: it looks at the flag now and then.
            cancelled.store(true, Ordering::Relaxed);
            work.await
        }
    };
    match made {
        Ok(Ok(indexed)) => {
            let took = clock::instant().duration_since(started);
            let seconds = took.as_secs_f64();
            let was_behind = indexed.is_behind();
            published.adopt(&indexed, &version);
            metrics.index_made(seconds);
            debug!(seconds, "the index of distances is up to a version");
            // What does not fit into an index stays without one.
            (!was_behind).then_some(took)
        }
        Ok(Err(_)) => None,
        Err(error) => {
            warn!(%error, "the index of distances was not made");
            None
        }
    }
}
