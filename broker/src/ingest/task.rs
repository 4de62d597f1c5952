//! The one task that writes: inputs in order, deadlines, one publication per batch.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::{Ingest, Input, News, Outcome};
use crate::clock;
use crate::liveness::State;
use crate::metrics::Metrics;
use crate::published::Published;

/// Inputs taken before a publication: what waits in the channel becomes one new version.
const BATCH: usize = 256;

/// Takes inputs until `stop` or until every sender is gone, and publishes what comes of them.
pub async fn run(
    mut ingest: Ingest,
    mut inputs: mpsc::Receiver<Input>,
    published: Arc<Published>,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
) {
    for (source, status) in ingest.statuses() {
        metrics.source_state(&source, status.state);
        published.set_source(source, status);
    }
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let deadline = ingest.next_deadline();
        let timer = async {
            match deadline {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let mut changed = false;
        let mut touched = Vec::new();
        tokio::select! {
            () = stop.cancelled() => return,
            count = inputs.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    return;
                }
                for input in batch.drain(..) {
                    touched.push(input.source.clone());
                    changed |= take(&mut ingest, input, &metrics);
                }
            }
            () = timer => {
                let outcome = ingest.tick(clock::now().instant);
                changed = report(&outcome, &metrics);
                touched.extend(outcome.transitions.into_iter().map(|transition| transition.source));
            }
        }
        if changed {
            let members = published.publish(ingest.idr(), ingest.idt());
            metrics.published(members);
            debug!(members, "published a new version of the maps");
        }
        // After the maps: who sees a source fresh sees what it said, too.
        for source in touched {
            if let Some(status) = ingest.status(&source) {
                published.set_source(source, status);
            }
        }
    }
}

fn take(ingest: &mut Ingest, input: Input, metrics: &Metrics) -> bool {
    let source = input.source.clone();
    let failed = match &input.news {
        News::Failed(why) => Some(why.clone()),
        _ => None,
    };
    let warnings = match &input.news {
        News::Resources(view) => view.warnings.clone(),
        News::Topology(view) => view.warnings.clone(),
        News::Unchanged | News::Failed(_) => Vec::new(),
    };
    let now = clock::now();
    let outcome = ingest.on(now, input);
    if let Some(why) = failed.as_ref().or(outcome.refused.as_ref()) {
        let failures = ingest.status(&source).map_or(0, |status| status.failures);
        // The first of a row is news; the rest would drown the log.
        if failures == 1 {
            warn!(domain = %source.domain, source = source.kind.as_str(), why, "no good answer");
        } else {
            debug!(domain = %source.domain, source = source.kind.as_str(), failures, why, "no good answer");
        }
    } else {
        metrics.heard(&source, now.timestamp);
        // A document is decoded only when it changed, so this comes once per version of it.
        if let Some(first) = warnings.first() {
            let (count, line, path) = (warnings.len(), first.line, first.path.as_str());
            warn!(
                domain = %source.domain, source = source.kind.as_str(), count, line, path,
                first = first.text.as_str(), "taken, with warnings"
            );
        }
    }
    report(&outcome, metrics)
}

fn report(outcome: &Outcome, metrics: &Metrics) -> bool {
    for transition in &outcome.transitions {
        let (domain, source) = (&transition.source.domain, transition.source.kind.as_str());
        let (from, to) = (transition.from.as_str(), transition.to.as_str());
        metrics.source_state(&transition.source, transition.to);
        match transition.to {
            State::Stale => {
                warn!(%domain, source, from, to, "silent for the hold time: stale, still served");
            }
            State::Gone => {
                warn!(%domain, source, from, to, "silent for the expiry time: out of the maps");
            }
            State::Fresh | State::Waiting => info!(%domain, source, from, to, "gave a good answer"),
        }
    }
    outcome.changed
}
