//! Makes and repairs the index of distances while requests are answered without it.
//!
//! A version is served as soon as it is there, with the index of the version before and what changed
//! since, or with none. This task brings the index up to it on a thread of its own, and hands it to
//! whichever version is served by then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use idt::search::{Budget, Metric};
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
            if !index(&published, &metrics, &stop).await {
                break;
            }
        }
        for metric in Metric::ALL {
            metrics.indexed(metric, published.version().index_bytes(metric));
        }
    }
}

/// Brings the index up to the current version. Says whether that did anything.
async fn index(published: &Published, metrics: &Metrics, stop: &CancellationToken) -> bool {
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
        Ok(Ok(distances)) => {
            let seconds = clock::instant().duration_since(started).as_secs_f64();
            let was_behind = distances.is_behind();
            published.adopt(&distances, &version);
            metrics.index_made(seconds);
            debug!(seconds, "the index of distances is up to a version");
            // What does not fit into an index stays without one.
            !was_behind
        }
        Ok(Err(_)) => false,
        Err(error) => {
            warn!(%error, "the index of distances was not made");
            false
        }
    }
}
