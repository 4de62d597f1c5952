//! Events, and what is sent to whom (Mplify 99.1 and 135.1, notification documents).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::mef::{Api, ReferencePoint};
use crate::order::{ItemId, ItemState, OrderId, OrderState};
use crate::service::{ServiceId, ServiceState};

/// Something that a subscriber may be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Unique over all events: a subscriber that hears it twice knows that.
    pub id: String,
    /// When it happened.
    pub time: Timestamp,
    /// Whose order or service it is: nobody else hears of it.
    pub buyer: String,
    /// Where the order came in.
    pub reference_point: ReferencePoint,
    /// What happened.
    pub kind: EventKind,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EventKind {
    /// `serviceOrderCreateEvent`
    OrderCreate(OrderId),
    /// `serviceOrderStateChangeEvent`
    OrderStateChange(OrderId, OrderState),
    /// `serviceOrderItemStateChangeEvent`
    ItemStateChange(OrderId, ItemId, ItemState),
    /// `serviceOrderInformationRequiredEvent`
    InformationRequired(OrderId),
    /// `serviceCreateEvent`
    ServiceCreate(ServiceId),
    /// `serviceStateChangeEvent`
    ServiceStateChange(ServiceId, ServiceState),
    /// `serviceAttributeValueChangeEvent`
    ServiceAttributeValueChange(ServiceId),
    /// `serviceDeleteEvent`
    ServiceDelete(ServiceId),
}

impl EventKind {
    /// Of which API it is.
    #[must_use]
    pub const fn api(&self) -> Api {
        match self {
            Self::OrderCreate(_)
            | Self::OrderStateChange(..)
            | Self::ItemStateChange(..)
            | Self::InformationRequired(_) => Api::ServiceOrdering,
            Self::ServiceCreate(_)
            | Self::ServiceStateChange(..)
            | Self::ServiceAttributeValueChange(_)
            | Self::ServiceDelete(_) => Api::ServiceInventory,
        }
    }

    /// `eventType`, and the last part of the listener's path.
    #[must_use]
    pub const fn event_type(&self) -> &'static str {
        match self {
            Self::OrderCreate(_) => "serviceOrderCreateEvent",
            Self::OrderStateChange(..) => "serviceOrderStateChangeEvent",
            Self::ItemStateChange(..) => "serviceOrderItemStateChangeEvent",
            Self::InformationRequired(_) => "serviceOrderInformationRequiredEvent",
            Self::ServiceCreate(_) => "serviceCreateEvent",
            Self::ServiceStateChange(..) => "serviceStateChangeEvent",
            Self::ServiceAttributeValueChange(_) => "serviceAttributeValueChangeEvent",
            Self::ServiceDelete(_) => "serviceDeleteEvent",
        }
    }
}
