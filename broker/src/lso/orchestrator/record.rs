//! The records of an order at work, and the batch that keeps a step.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use sof::notification::{Event as Told, EventKind};
use sof::order::{Action, ITEM, ItemEvent, ItemState, OrderId, OrderItem, ServiceOrder};
use sof::saga::{Deployment, Saga};
use sof::selection::Selection;
use sof::service::{Service, ServiceState};
use tracing::{info, warn};

use super::Shared;
use super::schedule::together;
use crate::lso::records::{ORDERS, SAGAS, SELECTIONS, SERVICES};
use crate::store::claim::{self, ClaimError};
use crate::store::{Batch, Snapshot, Store, StoreError, Stored};

/// Items that one batch has at most: of each there are some events, and each event waits for every subscriber, and a batch
/// has a bound.
const TOGETHER: usize = 16;

/// Events of one item in one batch, at most: two states of the item, the service's state, and one more of the service.
const EVENTS: usize = 4;

/// The most operations of a batch that keeps a step of an order of so many items, if so many subscriptions hear of each
/// event. Beside the events: the claim, the order with its precondition, and of each item a selection, the saga and the
/// service with theirs.
#[must_use]
pub const fn operations(items: usize, subscriptions: usize) -> usize {
    let items = if items < TOGETHER { items } else { TOGETHER };
    let each = EVENTS.saturating_mul(subscriptions).saturating_add(5);
    let of_items = items.saturating_mul(each);
    of_items.saturating_add(subscriptions).saturating_add(3)
}

/// A saga and its record's version; `None` if it is not kept yet.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) saga: Saga,
    pub(super) version: Option<u64>,
    /// It is not as it is kept.
    pub(super) changed: bool,
}

/// An order with all that its work changes.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) order: Stored<ServiceOrder>,
    pub(super) sagas: BTreeMap<String, Kept>,
    /// Choices to be kept with the next step.
    pub(super) selections: Vec<Selection>,
    /// Of items that complete at the same time, the whole group.
    pub(super) together: BTreeMap<String, BTreeSet<String>>,
    claim: String,
    fence: u64,
}

/// Takes the claim on an order, or goes on with it. With `is_sole` nobody else can be at work.
pub(super) async fn claim_order(
    store: &dyn Store,
    id: &OrderId,
    (owner, is_sole): (&str, bool),
    now: Timestamp,
    lease: SignedDuration,
) -> Result<u64, ClaimError> {
    let name = claim_name(id);
    let snapshot = store.snapshot().await?;
    let mut found = claim::look(snapshot.as_ref(), &name).await?;
    drop(snapshot);
    if let Some(claim) = found.as_mut().filter(|_| is_sole) {
        // Of a process that is no more.
        claim.value.until_ms = i64::MIN;
    }
    let mut batch = Batch::new();
    claim::take(&mut batch, &name, found.as_ref(), owner, now, lease)?;
    Ok(store.commit(batch).await?.version)
}

/// How the names of claims on orders begin.
pub(super) const CLAIM: &str = "order/";

fn claim_name(id: &OrderId) -> String {
    format!("{CLAIM}{id}")
}

/// Gives the claim on an order back. If that does not go well it ends by itself.
pub(super) async fn let_go(store: &dyn Store, id: &OrderId, fence: u64) {
    let mut batch = Batch::new();
    claim::release(&mut batch, &claim_name(id), fence);
    let _ = store.commit(batch).await;
}

impl Records {
    /// Reads an order; `None` if it is not there.
    pub(super) async fn read(
        store: &dyn Store,
        id: &OrderId,
        fence: u64,
    ) -> Result<Option<Self>, StoreError> {
        let snapshot = store.snapshot().await?;
        let Some(order) = ORDERS.get(snapshot.as_ref(), &id.0).await? else {
            return Ok(None);
        };
        let mut sagas = BTreeMap::new();
        for item in &order.value.items {
            let key = (id.0.clone(), item.id.0.clone());
            if let Some(found) = SAGAS.get(snapshot.as_ref(), &key).await? {
                let kept = Kept {
                    saga: found.value,
                    version: Some(found.version),
                    changed: false,
                };
                sagas.insert(item.id.0.clone(), kept);
            }
        }
        Ok(Some(Self {
            together: together(&order.value),
            order,
            sagas,
            selections: Vec::new(),
            claim: claim_name(id),
            fence,
        }))
    }

    pub(super) fn item(&self, id: &str) -> Option<&OrderItem> {
        self.order.value.items.iter().find(|item| item.id.0 == id)
    }

    /// Whether nothing is left to do.
    pub(super) fn is_done(&self) -> bool {
        let items = &self.order.value.items;
        items.iter().all(|item| match self.sagas.get(&item.id.0) {
            Some(kept) => kept.saga.is_done() && item.state.is_final(),
            None => item.state.is_final(),
        })
    }

    /// The version of the newest saga; 0 if none is kept.
    pub(super) fn newest(&self) -> u64 {
        let versions = self.sagas.values().filter_map(|kept| kept.version);
        versions.max().unwrap_or_default()
    }

    /// Goes on with the claim.
    pub(super) async fn renew(
        &mut self,
        store: &dyn Store,
        who: (&str, bool),
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<(), ClaimError> {
        self.fence = claim_order(store, &self.order.value.id, who, now, lease).await?;
        Ok(())
    }

    /// Gives the claim back. If that does not go well it ends by itself.
    pub(super) async fn let_go(&self, store: &dyn Store) {
        let_go(store, &self.order.value.id, self.fence).await;
    }

    /// Keeps what has changed, with what follows for items, services and who is told: each item in one batch.
    ///
    /// # Errors
    /// It is not kept, or nobody knows: what was read is of no use any more.
    pub(super) async fn keep(&mut self, shared: &Shared, now: Timestamp) -> Result<(), StoreError> {
        self.end_together();
        loop {
            let changed = self.sagas.iter().filter(|(_, kept)| kept.changed);
            let changed = changed.map(|(item, _)| item.clone()).take(TOGETHER);
            let changed: Vec<String> = changed.collect();
            if changed.is_empty() {
                return Ok(());
            }
            self.keep_items(shared, &changed, now).await?;
        }
    }

    /// When the order is expected to be done: the latest date that partners tell, if all of the work that is not over is at
    /// partners who tell one. Nothing is guessed of what they will be asked for next.
    fn expected(&self, order: &ServiceOrder, now: Timestamp) -> Option<Timestamp> {
        let open = order.items.iter().filter(|item| !item.state.is_final());
        let told = open.filter_map(|item| match self.sagas.get(&item.id.0) {
            Some(kept) if kept.saga.is_over() => None,
            Some(kept) => Some(kept.saga.expected(now)),
            None => Some(None),
        });
        let told: Option<Vec<Timestamp>> = told.collect();
        told?.into_iter().max()
    }

    /// Has items follow their work that were waiting for others to complete, and wait no more.
    fn end_together(&mut self) {
        let waiting = self.together.keys().filter(|item| {
            let is_final = self.item(item).is_none_or(|of| of.state.is_final());
            !is_final && self.may_end(item)
        });
        let waiting: Vec<String> = waiting.cloned().collect();
        for item in waiting {
            if let Some(kept) = self.sagas.get_mut(&item) {
                kept.changed = true;
            }
        }
    }

    /// Whether the work on all that completes at the same time as an item is over.
    fn may_end(&self, item: &str) -> bool {
        let is_over = |of: &str| self.sagas.get(of).is_some_and(|kept| kept.saga.is_over());
        match self.together.get(item) {
            Some(group) => group.iter().all(|of| is_over(of)),
            None => true,
        }
    }

    async fn keep_items(
        &mut self,
        shared: &Shared,
        changed: &[String],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let store = shared.tools.lso.store.as_ref();
        let mut batch = Batch::new();
        claim::guard(&mut batch, &self.claim, self.fence);
        for selection in self.selections.drain(..) {
            SELECTIONS.put(&mut batch, &selection.id, &selection)?;
        }
        let before = self.order.value.state();
        let mut order = self.order.value.clone();
        let mut told: Vec<EventKind> = Vec::new();
        for item in changed {
            let Some(kept) = self.sagas.get(item) else {
                continue;
            };
            let key = (order.id.0.clone(), item.clone());
            match kept.version {
                Some(version) => SAGAS.update(&mut batch, &key, version, &kept.saga)?,
                None => SAGAS.create(&mut batch, &key, &kept.saga)?,
            }
            let id = order.id.clone();
            let is_over = kept.saga.is_over();
            let may_end = is_over && self.may_end(item);
            let to = match is_over && !may_end {
                true => ItemState::InProgress,
                false => kept.saga.item_state(),
            };
            if let Some(of) = order.items.iter_mut().find(|of| of.id.0 == *item) {
                told.extend(follow(&id, of, &kept.saga, to));
            }
            if may_end {
                let snapshot = store.snapshot().await?;
                let events = settle(&mut batch, snapshot.as_ref(), &order, &kept.saga, now).await?;
                told.extend(events);
            }
        }
        let state = order.state();
        if !state.is_final() {
            order.expected_completion_date = self.expected(&order, now);
        }
        if order.start_date.is_none()
            && order
                .items
                .iter()
                .any(|item| item.state != ItemState::Acknowledged)
        {
            order.start_date = Some(now);
        }
        if state != before {
            told.push(EventKind::OrderStateChange(order.id.clone(), state));
            if state.is_final() {
                order.completion_date = Some(now);
            }
            info!(order = %order.id, ?state, "sof: an order");
        }
        if order != self.order.value {
            ORDERS.update(&mut batch, &order.id.0, self.order.version, &order)?;
        }
        for kind in told {
            let event = Told {
                id: uuid::Uuid::new_v4().to_string(),
                time: now,
                buyer: order.buyer.clone(),
                reference_point: order.reference_point,
                kind,
            };
            shared.tools.lso.notify(&mut batch, &event);
        }
        let version = store.commit(batch).await?.version;
        if order != self.order.value {
            self.order = Stored {
                version,
                value: order,
            };
        }
        for item in changed {
            if let Some(kept) = self.sagas.get_mut(item) {
                kept.version = Some(version);
                kept.changed = false;
            }
        }
        Ok(())
    }
}

/// The item goes where its saga is, on a way that the machine has.
fn follow(order: &OrderId, item: &mut OrderItem, saga: &Saga, to: ItemState) -> Vec<EventKind> {
    use ItemEvent as E;
    let mut told = Vec::new();
    for _ in 0..ItemState::ALL.len() {
        if item.state == to {
            break;
        }
        let event = match (item.state, to) {
            (ItemState::Acknowledged, _) => E::ProcessingStarted,
            (ItemState::Pending, ItemState::Failed) | (ItemState::Held, ItemState::Failed) => {
                E::ProcessingFailed
            }
            (ItemState::Pending, _) => E::ActionCompleted,
            (ItemState::Held, _) => E::IssueResolved,
            (_, ItemState::Completed) => E::ProcessingComplete,
            (_, ItemState::Failed) => E::ProcessingFailed,
            (_, ItemState::Pending) => E::ActionRequired,
            (_, ItemState::Held) => E::OrderFallOut,
            _ => break,
        };
        match ITEM.step(item.state, event) {
            Ok(next) => item.state = next,
            Err(error) => {
                warn!(%order, item = %item.id, %error, "sof: an item does not follow its work");
                break;
            }
        }
        told.push(EventKind::ItemStateChange(
            order.clone(),
            item.id.clone(),
            item.state,
        ));
        if item.state == ItemState::Pending {
            told.push(EventKind::InformationRequired(order.clone()));
        }
    }
    if item.state == ItemState::Failed && item.termination_errors.is_empty() {
        item.termination_errors = saga.termination_errors();
    }
    told
}

/// The service as it is after a saga's end.
async fn settle(
    batch: &mut Batch,
    snapshot: &dyn Snapshot,
    order: &ServiceOrder,
    saga: &Saga,
    now: Timestamp,
) -> Result<Vec<EventKind>, StoreError> {
    let Some(found) = SERVICES.get(snapshot, &saga.service.0).await? else {
        return Ok(Vec::new());
    };
    let mine = (saga.order.clone(), saga.item.clone());
    // Settled before; what goes on is clean-up.
    if found.value.busy.as_ref() != Some(&mine) {
        return Ok(Vec::new());
    }
    let mut service: Service = found.value.clone();
    service.busy = None;
    if !service.ordered_by.contains(&mine) {
        service.ordered_by.push(mine);
    }
    let mut told = Vec::new();
    if let Some(state) = saga.service_state() {
        let changed = service.state != state;
        service.state = state;
        if changed {
            told.push(EventKind::ServiceStateChange(service.id.clone(), state));
        }
        match state {
            ServiceState::Terminated => {
                service.end_date = Some(now);
                told.push(EventKind::ServiceDelete(service.id.clone()));
            }
            ServiceState::Active => {
                service.start_date.get_or_insert(now);
            }
            _ => {}
        }
        if saga.action == Action::Modify {
            let given = order
                .item(&saga.item)
                .and_then(|item| item.given.get("service")?.as_object());
            if let Some(given) = given {
                service.given = given.clone();
                for ours in ["id", "href", "state", "serviceOrderItem"] {
                    service.given.remove(ours);
                }
                told.push(EventKind::ServiceAttributeValueChange(service.id.clone()));
            }
        }
    }
    SERVICES.update(batch, &saga.service.0, found.version, &service)?;
    Ok(told)
}

/// What of a service is in place, from the last saga that has ended; and the domains at which an earlier one has still
/// something to restore.
pub(super) async fn in_place(
    snapshot: &dyn Snapshot,
    saga_of: (&OrderId, &OrderItem),
) -> Result<(Deployment, Option<String>), StoreError> {
    let Some(service) = SERVICES.get(snapshot, &saga_of.1.service.0).await? else {
        return Ok((Deployment::default(), None));
    };
    let mut found = None;
    let mut tries = 0;
    let mut waits = None;
    for (order, item) in service.value.ordered_by.iter().rev() {
        if (order, item) == (saga_of.0, &saga_of.1.id) {
            continue;
        }
        let key = (order.0.clone(), item.0.clone());
        let Some(saga) = SAGAS.get(snapshot, &key).await? else {
            continue;
        };
        let saga = saga.value;
        tries = tries.max(saga.tries);
        let mut restored = saga.cleanup.iter().filter(|part| part.previous.is_some());
        if let Some(part) = restored.next() {
            waits = Some(part.domain.to_string());
        }
        if found.is_none() {
            found = saga.after;
        }
    }
    let mut found = found.unwrap_or_default();
    found.tries = found.tries.max(tries);
    Ok((found, waits))
}
