//! Notifications and subscriptions (Mplify 99.1 and 135.1), by the clauses of the documents and by laws.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: a panic is the failure, a skipped test says so"
)]

mod documents;
mod laws;
mod subscriptions;

use sof::notification::{Event, EventKind};
use sof::order::{ItemId, ItemState, OrderId, OrderState};
use sof::service::{ServiceId, ServiceState};

/// One event of each kind.
fn events() -> Vec<Event> {
    let order = || OrderId("9f0f2f6c-7d0c-4b7a-9a44-0d6bb8d8a001".to_owned());
    let service = || ServiceId("9f0f2f6c-7d0c-4b7a-9a44-0d6bb8d8a002".to_owned());
    let kinds = [
        EventKind::OrderCreate(order()),
        EventKind::OrderStateChange(order(), OrderState::InProgress),
        EventKind::ItemStateChange(order(), ItemId("item 1".to_owned()), ItemState::Held),
        EventKind::InformationRequired(order()),
        EventKind::ServiceCreate(service()),
        EventKind::ServiceStateChange(service(), ServiceState::FeasibilityChecked),
        EventKind::ServiceAttributeValueChange(service()),
        EventKind::ServiceDelete(service()),
    ];
    let event = |(index, kind)| {
        Event::new(
            format!("event-{index}"),
            "2026-11-29T19:40:00.25Z".parse().unwrap(),
            "AS1",
            sof::mef::ReferencePoint::Legato,
            kind,
        )
    };
    kinds.into_iter().enumerate().map(event).collect()
}
