//! What the store says that the domain's resources do, told at the start to a back end that has forgotten it.

use sof::payload::Segment;
use sof::saga::{CallStep, Means, Part, Saga, Verb};
use sof::service::{Service, ServiceState};

use super::Presto;
use crate::lso::configuration::{Checked, check};
use crate::lso::records::{SAGAS, SERVICES};
use crate::store::{KeyRange, Store, StoreError};

/// Services that are read at a time.
const PAGE: usize = 1_000;

/// Has `presto` do what it did when the last step was kept, if it forgets; of how many services. Before orders are worked on:
/// what was under way then is done again by the work.
///
/// # Errors
/// The store cannot be read.
pub async fn restore(store: &dyn Store, presto: &dyn Presto) -> Result<usize, StoreError> {
    if !presto.forgets() {
        return Ok(0);
    }
    let snapshot = store.snapshot().await?;
    let mut restored = 0;
    let mut range = Some(KeyRange::all());
    while let Some(from) = range {
        let page = SERVICES.scan(snapshot.as_ref(), &from, PAGE).await?;
        for (_, service) in page.records {
            let service = service.value;
            let saga = match &service.busy {
                Some((order, item)) => {
                    let key = (order.0.clone(), item.0.clone());
                    SAGAS.get(snapshot.as_ref(), &key).await?
                }
                None => None,
            };
            let saga = saga.map(|saga| saga.value);
            if let Some((segment, active)) = done(&service, saga.as_ref()) {
                presto.put_back(&service.id, &segment, active);
                restored += 1;
            }
        }
        range = page.next;
    }
    Ok(restored)
}

/// What is done for a service: by the work on it, if that has changed something, else by its record.
fn done(service: &Service, saga: Option<&Saga>) -> Option<(Segment, bool)> {
    let parts = saga.map_or(&[][..], |saga| &saga.parts).iter();
    let mut own = parts.filter(|part| part.means == Means::Own);
    match own.next().map_or(Changed::Nothing, changed) {
        Changed::To(segment, active) => Some((segment.clone(), active)),
        Changed::Away => None,
        Changed::Nothing => {
            let active = match service.state {
                ServiceState::Active => true,
                ServiceState::Inactive => false,
                _ => return None,
            };
            match check(service.configuration()?) {
                Ok(Checked::Segment(segment)) => Some((segment, active)),
                Ok(Checked::Graph(_)) | Err(_) => None,
            }
        }
    }
}

/// What an order has changed so far.
enum Changed<'a> {
    Nothing,
    To(&'a Segment, bool),
    Away,
}

fn changed(part: &Part) -> Changed<'_> {
    let is_done = part.step == CallStep::Done;
    match part.verb {
        // A test comes after the change.
        Verb::Test => Changed::To(&part.segment, part.active),
        Verb::Modify | Verb::Activate if is_done => Changed::To(&part.segment, part.active),
        // It is provisioned before it is to work.
        Verb::Activate => Changed::To(&part.segment, false),
        Verb::Add if is_done => Changed::To(&part.segment, false),
        Verb::Restore if is_done => match &part.previous {
            Some(previous) => Changed::To(previous, part.was_active),
            None => Changed::Away,
        },
        Verb::Delete if is_done => Changed::Away,
        Verb::Add | Verb::Modify | Verb::Restore | Verb::Delete => Changed::Nothing,
    }
}
