//! Taking orders: the one batch with which an order begins.
//!
//! The batch makes the order's record and those of new services, marks the services that are to change as
//! [`busy`](sof::service::Service::busy), and adds the events. Its preconditions are that the order and the new services
//! are not there, and that nobody wrote the others since they were read: so no two orders take one service. Who loses such
//! a race reads again, and then finds the service busy.

use jiff::Timestamp;
use serde_json::Value;
use sof::mef::{Fault, FaultCode, ReferencePoint};
use sof::notification::{Event, EventKind};
use sof::order::{Action, Found, Limits, OrderId, Reading, ServiceOrder, Wanted};
use sof::payload::SEGMENT;
use sof::service::ServiceId;
use uuid::Uuid;

use super::configuration;
use super::records::{ORDERS, SERVICES};
use super::{Lso, Wake};
use crate::auth::Principal;
use crate::store::{Batch, Snapshot, StoreError};

/// How often a batch that lost a race is made again.
const ATTEMPTS: usize = 8;

/// The most operations of the batch with which an order of so many items begins, if so many subscriptions hear of each event:
/// each record is written under a precondition.
#[must_use]
pub const fn operations(items: usize, subscriptions: usize) -> usize {
    let each = subscriptions.saturating_add(2);
    each.saturating_add(items.saturating_mul(each))
}

/// Why an order was not taken.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TakeError {
    /// The request is wrong.
    #[error("the request has {} faults", .0.len())]
    Faults(Vec<Fault>),
    /// The store cannot keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Lso {
    /// Takes an order, if nothing is wrong with it. When this answers, it is durable, and the orchestrator knows.
    ///
    /// # Errors
    /// Every fault of the request; what the store says.
    pub async fn take(
        &self,
        principal: &Principal,
        at: ReferencePoint,
        body: &Value,
        limits: Limits,
        now: Timestamp,
    ) -> Result<ServiceOrder, TakeError> {
        let mut attempt = 1;
        loop {
            let read = |configuration: &Value| configuration_faults(at, configuration);
            let reading = Reading::of(body, now, limits, read);
            let snapshot = self.store.snapshot().await?;
            let found = find(&*snapshot, principal, &reading).await?;
            let wanted = reading.check(&found.known).map_err(TakeError::Faults)?;
            let (order, batch) = self.batch(wanted, &found, principal, at, now)?;
            // What the snapshot shows is held in the file.
            drop(snapshot);
            match self.store.commit(batch).await {
                Ok(_) => {
                    self.wake(Wake::Order(order.id.clone()));
                    return Ok(order);
                }
                Err(StoreError::Conflict(_)) if attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn batch(
        &self,
        wanted: Wanted,
        found: &Looked,
        principal: &Principal,
        at: ReferencePoint,
        now: Timestamp,
    ) -> Result<(ServiceOrder, Batch), StoreError> {
        let id = OrderId(Uuid::new_v4().to_string());
        let new_service = || ServiceId(Uuid::new_v4().to_string());
        let order = wanted.into_order(id, principal.holder(), at, now, new_service);
        let mut batch = Batch::new();
        ORDERS.create(&mut batch, &order.id.0, &order)?;
        let event = |buyer: &str, kind| Event {
            id: Uuid::new_v4().to_string(),
            time: now,
            buyer: buyer.to_owned(),
            reference_point: at,
            kind,
        };
        let created = EventKind::OrderCreate(order.id.clone());
        self.notify(&mut batch, &event(&order.buyer, created));
        for item in &order.items {
            let key = &item.service.0;
            if item.action == Action::Add {
                SERVICES.create(&mut batch, key, &order.new_service(item))?;
                let created = EventKind::ServiceCreate(item.service.clone());
                self.notify(&mut batch, &event(&order.buyer, created));
            } else if let (Some(service), Some(version)) = (
                found.known.services.get(&item.service),
                found.versions.get(&item.service),
            ) {
                let mut service = service.clone();
                service.busy = Some((order.id.clone(), item.id.clone()));
                SERVICES.update(&mut batch, key, *version, &service)?;
            }
        }
        Ok((order, batch))
    }
}

/// What a request refers to, and the versions of the services.
#[derive(Debug, Default)]
struct Looked {
    known: Found,
    versions: std::collections::BTreeMap<ServiceId, u64>,
}

/// Looks up what a request refers to. What is another's is not there.
async fn find(
    snapshot: &dyn Snapshot,
    principal: &Principal,
    reading: &Reading<'_>,
) -> Result<Looked, StoreError> {
    let mut looked = Looked::default();
    for id in reading.services().filter(|id| is_ours(&id.0)) {
        // Records may be large: others have a turn between them.
        tokio::task::yield_now().await;
        let stored = SERVICES.get(snapshot, &id.0).await?;
        if let Some(stored) = stored.filter(|stored| principal.may_use(&stored.value.buyer)) {
            looked.versions.insert(id.clone(), stored.version);
            looked.known.services.insert(id.clone(), stored.value);
        }
    }
    for id in reading.orders().filter(|id| is_ours(&id.0)) {
        tokio::task::yield_now().await;
        let stored = ORDERS.get(snapshot, &id.0).await?;
        if let Some(stored) = stored.filter(|stored| principal.may_use(&stored.value.buyer)) {
            looked.known.orders.insert(id.clone(), stored.value);
        }
    }
    Ok(looked)
}

/// Whether a text can be an id that we gave: others are not looked up, whatever is in them.
#[must_use]
pub fn is_ours(id: &str) -> bool {
    Uuid::try_parse(id).is_ok_and(|uuid| uuid.hyphenated().to_string() == id)
}

/// What is wrong with a payload, at a reference point. Segments are what SOFs order from each other.
fn configuration_faults(at: ReferencePoint, value: &Value) -> Vec<Fault> {
    if value["@type"] == SEGMENT && at != ReferencePoint::Interlude {
        let reason = format!(
            "\"{SEGMENT}\" is not a payload that can be ordered at {}",
            at.as_str()
        );
        return vec![Fault::new(FaultCode::InvalidValue, "/@type", reason)];
    }
    configuration::check(value).err().unwrap_or_default()
}

#[cfg(test)]
mod tests;
