//! Claims on orders on which nobody works any more: a process that ended between the last step of an order and giving its
//! claim back, or between a claim and finding that the order is not there, leaves one that nobody would take again.

use jiff::Timestamp;
use tracing::{info, warn};

use super::look::is_done;
use super::record::CLAIM;
use crate::lso::records::ORDERS;
use crate::store::{Batch, KeyRange, Snapshot, Store, StoreError, claim};

/// Claims on a page; behind each others have a turn.
const PAGE: usize = 200;

/// Removes the claims on orders that are done or not there, if their time is over; with `is_sole` nobody else can be at work,
/// so that of others than `owner` it is. Says how many.
pub(super) async fn sweep(
    store: &dyn Store,
    (owner, is_sole): (&str, bool),
    now: Timestamp,
) -> Result<usize, StoreError> {
    let snapshot = store.snapshot().await?;
    let mut removed = 0;
    let mut range = Some(KeyRange::prefix(CLAIM.as_bytes()));
    while let Some(part) = range {
        let page = claim::list(snapshot.as_ref(), &part, PAGE).await?;
        let mut batch = Batch::new();
        let mut found = 0;
        for (name, stored) in &page.records {
            let is_over = stored.value.until_ms <= now.as_millisecond()
                || (is_sole && stored.value.owner != owner);
            let order = name.strip_prefix(CLAIM).unwrap_or_default();
            if is_over && is_orphaned(snapshot.as_ref(), order).await? {
                claim::release(&mut batch, name, stored.version);
                found += 1;
            }
        }
        if found > 0 {
            match store.commit(batch).await {
                Ok(_) => removed += found,
                // Somebody was faster with one of them; the others are found again.
                Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
        range = page.next;
        tokio::task::yield_now().await;
    }
    if removed > 0 {
        info!(
            claims = removed,
            "sof: claims that were left on orders are removed"
        );
    }
    Ok(removed)
}

async fn is_orphaned(snapshot: &dyn Snapshot, order: &str) -> Result<bool, StoreError> {
    match ORDERS.get(snapshot, &order.to_owned()).await {
        Ok(None) => Ok(true),
        Ok(Some(order)) => is_done(snapshot, &order.value).await,
        // Whoever repairs it decides; the others are looked at all the same.
        Err(StoreError::Record { .. }) => {
            warn!(order, "sof: an order cannot be read; its claim stays");
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
