//! Forgets how services came to be that have ended: their sagas and selections. Orders and services stay, as the inventory and
//! the list of orders tell of them; and of a service that is there every saga is needed, since it says what is where.
//!
//! A pass goes over all sagas, a page at a time, and says what has ended too long ago; behind the last page it is known how
//! many have ended in all, and those that are too many, the oldest first, are forgotten too.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use sof::saga::Saga;
use sof::selection::Selection;
use sof::service::{SERVICE, ServiceId};
use tokio::time::sleep;
use tracing::{debug, warn};

use super::Shared;
use crate::clock;
use crate::lso::records::{SAGAS, SELECTIONS, SERVICES};
use crate::store::{Batch, KeyRange, Snapshot, Store, StoreError, Stored};

/// Sagas that one sweep looks at.
const PAGE: usize = 200;

/// Services that one sweep forgets because they are too many.
const FORGOTTEN: usize = 50;

/// Records that one batch deletes.
const TOGETHER: usize = 2_000;

/// Looks through the sagas, some every `look`, as long as the work goes on.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut pass = Pass::default();
    loop {
        sleep(shared.settings.look).await;
        if let Err(error) = pass.sweep(&shared, clock::now().timestamp).await {
            warn!(
                error = &error as &dyn std::error::Error,
                "sof: what has ended cannot be forgotten"
            );
            pass = Pass::default();
        }
    }
}

/// How far the look through the sagas is.
#[derive(Debug, Default)]
struct Pass {
    /// What is left; `None` before the first page.
    rest: Option<KeyRange>,
    /// Services of this pass that have ended, and are kept so far.
    ended: BTreeMap<ServiceId, Timestamp>,
    /// Those that were too many in the last.
    surplus: VecDeque<ServiceId>,
}

impl Pass {
    async fn sweep(&mut self, shared: &Shared, now: Timestamp) -> Result<(), StoreError> {
        let store = shared.tools.lso.store.as_ref();
        for _ in 0..FORGOTTEN {
            let Some(service) = self.surplus.pop_front() else {
                break;
            };
            forget(shared, &service).await?;
        }
        let range = self.rest.take().unwrap_or_else(KeyRange::all);
        let snapshot = store.snapshot().await?;
        let page = SAGAS.scan(snapshot.as_ref(), &range, PAGE).await?;
        let mut over: Vec<ServiceId> = Vec::new();
        for (_, saga) in &page.records {
            let service = &saga.value.service;
            if self.ended.contains_key(service) || over.contains(service) {
                continue;
            }
            let Some(end) = ended(snapshot.as_ref(), &saga.value).await? else {
                continue;
            };
            if super::after(end, shared.settings.keep_for) <= now {
                over.push(service.clone());
            } else {
                self.ended.insert(service.clone(), end);
            }
        }
        drop(snapshot);
        for service in over {
            forget(shared, &service).await?;
        }
        self.rest = page.next;
        if self.rest.is_none() {
            self.count(shared.settings.keep_ended);
        }
        Ok(())
    }

    /// At the end of a pass: those that are too many are to be forgotten, the oldest first.
    fn count(&mut self, most: usize) {
        let ended = std::mem::take(&mut self.ended);
        let mut by_age: Vec<(Timestamp, ServiceId)> = ended
            .into_iter()
            .map(|(service, end)| (end, service))
            .collect();
        by_age.sort_unstable();
        let surplus = by_age.len().saturating_sub(most);
        self.surplus = by_age
            .into_iter()
            .take(surplus)
            .map(|(_, service)| service)
            .collect();
    }
}

/// When the service of a saga ended, if it has and nothing is at work on it.
async fn ended(snapshot: &dyn Snapshot, saga: &Saga) -> Result<Option<Timestamp>, StoreError> {
    if !saga.is_done() {
        return Ok(None);
    }
    let service = SERVICES.get(snapshot, &saga.service.0).await?;
    Ok(service.and_then(|service| {
        let service = service.value;
        let is_over = SERVICE.is_final(service.state) && service.busy.is_none();
        is_over.then(|| service.end_date.unwrap_or(saga.since))
    }))
}

/// Forgets how a service came to be. All its sagas go in one batch, as what they say together is that nothing is anywhere.
async fn forget(shared: &Shared, id: &ServiceId) -> Result<(), StoreError> {
    let store = shared.tools.lso.store.as_ref();
    let snapshot = store.snapshot().await?;
    let Some(service) = SERVICES.get(snapshot.as_ref(), &id.0).await? else {
        return Ok(());
    };
    let mut sagas: Vec<((String, String), Stored<Saga>)> = Vec::new();
    for (order, item) in &service.value.ordered_by {
        let key = (order.0.clone(), item.0.clone());
        if let Some(saga) = SAGAS.get(snapshot.as_ref(), &key).await? {
            if !saga.value.is_done() {
                return Ok(());
            }
            sagas.push((key, saga));
        }
    }
    let tries = sagas.iter().map(|(_, saga)| saga.value.tries).max();
    let mut batch = Batch::new();
    let mut count = 0;
    for number in 1..=tries.unwrap_or_default().saturating_add(1) {
        let name = Selection::name(id, number);
        let Some(found) = SELECTIONS.get(snapshot.as_ref(), &name).await? else {
            continue;
        };
        SELECTIONS.delete(&mut batch, &name, found.version);
        count += 1;
        if count == TOGETHER {
            // The sagas still say what there is; the rest is found again by the next pass.
            return commit(shared, store, batch, id).await;
        }
    }
    if sagas.len() > TOGETHER {
        warn!(service = %id, sagas = sagas.len(), "sof: the work on a service is too much for one batch, and is kept");
        return Ok(());
    }
    for (key, saga) in &sagas {
        SAGAS.delete(&mut batch, key, saga.version);
    }
    drop(snapshot);
    commit(shared, store, batch, id).await
}

async fn commit(
    shared: &Shared,
    store: &dyn Store,
    batch: Batch,
    id: &ServiceId,
) -> Result<(), StoreError> {
    match store.commit(batch).await {
        Ok(_) => {
            debug!(service = %id, "sof: how a service came to be is forgotten");
            shared.tools.metrics.work_step("forget", "done");
            Ok(())
        }
        // Another broker was faster, or somebody is at work after all.
        Err(StoreError::Conflict(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
