//! Looks through the store for orders that nobody has told of: after a start, and what another process or a wake-up without
//! room has left. Beside the work, so that a store with many orders holds nothing up.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sof::order::{OrderId, ServiceOrder};
use tokio::sync::mpsc;
use tracing::warn;

use super::orphans;
use crate::clock;
use crate::lso::records::{ORDERS, SAGAS};
use crate::store::{KeyRange, Snapshot, Store, StoreError};

/// Pages of orders that may wait to be called up.
pub(super) const PAGES: usize = 4;

/// Orders on a page; behind each others have a turn.
const PAGE: usize = 200;

/// Looks now and every `pause`, until nobody listens.
pub(super) async fn run(
    store: Arc<dyn Store>,
    who: (&str, bool),
    pause: Duration,
    found: mpsc::Sender<Vec<OrderId>>,
) {
    let mut finished = HashMap::new();
    while !found.is_closed() {
        if let Err(error) = orphans::sweep(store.as_ref(), who, clock::now().timestamp).await {
            warn!(
                error = &error as &dyn std::error::Error,
                "sof: cannot look for claims that were left"
            );
        }
        match look(store.as_ref(), &finished, &found).await {
            Ok(now) => finished = now,
            Err(error) => {
                warn!(
                    error = &error as &dyn std::error::Error,
                    "sof: cannot look for orders"
                );
            }
        }
        tokio::time::sleep_until(clock::instant() + pause).await;
    }
}

/// Tells the orders of which something is left to do. `finished` are those of which nothing was, with the versions of their
/// records: they are not read again. Returns those of now.
async fn look(
    store: &dyn Store,
    finished: &HashMap<Bytes, u64>,
    found: &mpsc::Sender<Vec<OrderId>>,
) -> Result<HashMap<Bytes, u64>, StoreError> {
    let snapshot = store.snapshot().await?;
    let mut still = HashMap::with_capacity(finished.len());
    let mut range = Some(KeyRange::all());
    while let Some(part) = range {
        let page = snapshot.scan(ORDERS.name(), &part, PAGE).await?;
        let mut left = Vec::new();
        for (key, record) in &page.records {
            if finished.get(key) == Some(&record.version) {
                still.insert(key.clone(), record.version);
                continue;
            }
            let order: ServiceOrder = match serde_json::from_slice(&record.value) {
                Ok(order) => order,
                // One that cannot be read must not hide the others.
                Err(error) => {
                    let key = key.escape_ascii();
                    warn!(%key, %error, "sof: an order cannot be read");
                    continue;
                }
            };
            if is_done(snapshot.as_ref(), &order).await? {
                still.insert(key.clone(), record.version);
            } else {
                left.push(order.id);
            }
        }
        if !left.is_empty() && found.send(left).await.is_err() {
            return Ok(still);
        }
        range = page.next;
        tokio::task::yield_now().await;
    }
    Ok(still)
}

/// Whether nothing of an order is left to do.
pub(super) async fn is_done(
    snapshot: &dyn Snapshot,
    order: &ServiceOrder,
) -> Result<bool, StoreError> {
    if !order.state().is_final() {
        return Ok(false);
    }
    for item in &order.items {
        let key = (order.id.0.clone(), item.id.0.clone());
        let saga = SAGAS.get(snapshot, &key).await?;
        if !saga.is_none_or(|saga| saga.value.is_done()) {
            return Ok(false);
        }
    }
    Ok(true)
}
