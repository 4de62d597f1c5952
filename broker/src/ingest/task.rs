//! The one task that writes: inputs in order, deadlines, one publication per batch.

use std::collections::BTreeSet;
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

/// The databases are brought in line no more often than this many times as long as it took the last
/// time: under a flood of routes most of the time goes to taking them.
const REST: u32 = 4;

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
    // Sources that said something since the last commit.
    let mut touched = BTreeSet::new();
    let mut next_commit = clock::instant();
    loop {
        let due = ingest.is_touched().then_some(next_commit);
        let deadline = due.into_iter().chain(ingest.next_deadline()).min();
        let timer = async {
            match deadline {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            count = inputs.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    return;
                }
                for input in batch.drain(..) {
                    touched.insert(input.source.clone());
                    take(&mut ingest, input, &metrics);
                }
            }
            () = timer => {}
        }
        let now = clock::instant();
        let outcome = ingest.tick(now);
        report(&outcome, &metrics);
        touched.extend(
            outcome
                .transitions
                .into_iter()
                .map(|transition| transition.source),
        );
        if ingest.is_touched() && now >= next_commit {
            if ingest.commit() {
                let members = published.publish(ingest.idr(), ingest.idt());
                metrics.published(members);
                debug!(members, "published a new version of the maps");
            }
            let done = clock::instant();
            next_commit = done + (done - now) * REST;
        }
        // After the maps: who sees a source fresh sees what it said, too.
        if !ingest.is_touched() {
            for source in std::mem::take(&mut touched) {
                if let Some(status) = ingest.status(&source) {
                    published.set_source(source, status);
                }
            }
        }
    }
}

fn take(ingest: &mut Ingest, input: Input, metrics: &Metrics) {
    let source = input.source.clone();
    let failed = match &input.news {
        News::Failed(why) | News::SessionDown { why, .. } => Some(why.clone()),
        _ => None,
    };
    let warnings = match &input.news {
        News::Resources(view) => view.warnings.clone(),
        News::Topology(view) => view.warnings.clone(),
        _ => Vec::new(),
    };
    let now = clock::now();
    let outcome = ingest.on(now, input);
    if let Some(why) = failed.as_ref().or(outcome.refused.as_ref()) {
        let failures = ingest.status(&source).map_or(0, |status| status.failures);
        // The first of a row is news; the rest would drown the log.
        if failures == 1 {
            warn!(domain = %source.domain, source = %source.kind, why, "no good answer");
        } else {
            debug!(domain = %source.domain, source = %source.kind, failures, why, "no good answer");
        }
    } else {
        metrics.heard(&source, now.timestamp);
        // A document is decoded only when it changed, so this comes once per version of it.
        if let Some(first) = warnings.first() {
            let (count, line, path) = (warnings.len(), first.line, first.path.as_str());
            warn!(
                domain = %source.domain, source = %source.kind, count, line, path,
                first = first.text.as_str(), "taken, with warnings"
            );
        }
    }
    if outcome.skipped_routes > 0 {
        metrics.skipped_routes(&source, outcome.skipped_routes);
    }
    report(&outcome, metrics);
}

fn report(outcome: &Outcome, metrics: &Metrics) {
    for transition in &outcome.transitions {
        let (domain, source) = (&transition.source.domain, &transition.source.kind);
        let (from, to) = (transition.from.as_str(), transition.to.as_str());
        metrics.source_state(&transition.source, transition.to);
        match transition.to {
            State::Stale => {
                warn!(%domain, %source, from, to, "stale: silent for the hold time or its session lost; still served");
            }
            State::Gone => {
                warn!(%domain, %source, from, to, "silent for the expiry time: out of the maps");
            }
            State::Fresh | State::Waiting => {
                info!(%domain, %source, from, to, "gave a good answer");
            }
        }
    }
}
