//! Events, and what is sent to whom (Mplify 99.1 and 135.1, notification documents).
//!
//! | | |
//! |---|---|
//! | [`Event`] | something happened to an order or a service; [`Event::body`] is what is sent of it |
//! | [`EventType`] | the words of `eventType` |
//! | [`Subscription`] | who wants to hear of what; [`Event::matches`] says whether of this |

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::mef::{Api, ReferencePoint};
use crate::order::{ItemId, ItemState, OrderId, OrderState};
use crate::service::{ServiceId, ServiceState};

mod subscription;

pub use subscription::{
    Callback, CallbackFault, EventTypes, QueryFault, Subscription, SubscriptionInput,
};

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

impl Event {
    /// An event; `id` is to be unique over all events.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        time: Timestamp,
        buyer: impl Into<String>,
        reference_point: ReferencePoint,
        kind: EventKind,
    ) -> Self {
        Self {
            id: id.into(),
            time,
            buyer: buyer.into(),
            reference_point,
            kind,
        }
    }

    /// Whether a subscriber hears of it: it is about what is the subscriber's, was ordered at the reference point
    /// and is of the API where he subscribed, and he left its type in.
    #[must_use]
    pub fn matches(&self, subscription: &Subscription) -> bool {
        let of = self.kind.event_kind();
        self.buyer == subscription.buyer
            && self.reference_point == subscription.reference_point
            && of.api() == subscription.api
            && subscription.event_types.contains(of)
    }

    /// What is sent: `eventId`, `eventTime`, `eventType`, and in `event` what it is about (`Event` of the notification
    /// documents). The `href` leads to version `version` of the API at `base`: the server's own URL without a
    /// slash at the end, or nothing for a path alone.
    #[must_use]
    pub fn body(&self, base: &str, version: u32) -> Value {
        let of = self.kind.event_kind();
        let path = of.api().path(self.reference_point, version);
        let (collection, id) = match &self.kind {
            EventKind::OrderCreate(OrderId(id))
            | EventKind::OrderStateChange(OrderId(id), _)
            | EventKind::ItemStateChange(OrderId(id), ..)
            | EventKind::InformationRequired(OrderId(id)) => ("serviceOrder", id),
            EventKind::ServiceCreate(ServiceId(id))
            | EventKind::ServiceStateChange(ServiceId(id), _)
            | EventKind::ServiceAttributeValueChange(ServiceId(id))
            | EventKind::ServiceDelete(ServiceId(id)) => ("service", id),
        };
        let mut about = Map::new();
        let mut set = |name: &str, value: Value| {
            about.insert(name.to_owned(), value);
        };
        set("id", id.as_str().into());
        set("href", format!("{base}{path}/{collection}/{id}").into());
        match &self.kind {
            EventKind::OrderStateChange(_, state) => set("state", json!(state)),
            EventKind::ItemStateChange(_, item, state) => {
                set("orderItemId", item.0.as_str().into());
                set("state", json!(state));
            }
            EventKind::ServiceStateChange(_, state) => set("state", json!(state)),
            EventKind::OrderCreate(_)
            | EventKind::InformationRequired(_)
            | EventKind::ServiceCreate(_)
            | EventKind::ServiceAttributeValueChange(_)
            | EventKind::ServiceDelete(_) => {}
        }
        json!({
            "eventId": self.id,
            "eventTime": self.time,
            "eventType": of.as_str(),
            "event": about,
        })
    }
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
        self.event_kind().api()
    }

    /// `eventType`, and the last part of the listener's path.
    #[must_use]
    pub const fn event_type(&self) -> &'static str {
        self.event_kind().as_str()
    }

    /// The same without what it is about.
    #[must_use]
    pub const fn event_kind(&self) -> EventType {
        match self {
            Self::OrderCreate(_) => EventType::OrderCreate,
            Self::OrderStateChange(..) => EventType::OrderStateChange,
            Self::ItemStateChange(..) => EventType::ItemStateChange,
            Self::InformationRequired(_) => EventType::InformationRequired,
            Self::ServiceCreate(_) => EventType::ServiceCreate,
            Self::ServiceStateChange(..) => EventType::ServiceStateChange,
            Self::ServiceAttributeValueChange(_) => EventType::ServiceAttributeValueChange,
            Self::ServiceDelete(_) => EventType::ServiceDelete,
        }
    }
}

/// The words of `eventType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EventType {
    /// An order was taken.
    #[serde(rename = "serviceOrderCreateEvent")]
    OrderCreate,
    /// An order is in another state.
    #[serde(rename = "serviceOrderStateChangeEvent")]
    OrderStateChange,
    /// An item of an order is in another state.
    #[serde(rename = "serviceOrderItemStateChangeEvent")]
    ItemStateChange,
    /// An order waits for who ordered.
    #[serde(rename = "serviceOrderInformationRequiredEvent")]
    InformationRequired,
    /// There is a new service.
    #[serde(rename = "serviceCreateEvent")]
    ServiceCreate,
    /// A service is in another state.
    #[serde(rename = "serviceStateChangeEvent")]
    ServiceStateChange,
    /// A service has other attributes.
    #[serde(rename = "serviceAttributeValueChangeEvent")]
    ServiceAttributeValueChange,
    /// A service is no more.
    #[serde(rename = "serviceDeleteEvent")]
    ServiceDelete,
}

impl EventType {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::OrderCreate,
        Self::OrderStateChange,
        Self::ItemStateChange,
        Self::InformationRequired,
        Self::ServiceCreate,
        Self::ServiceStateChange,
        Self::ServiceAttributeValueChange,
        Self::ServiceDelete,
    ];

    /// Those of an API.
    pub fn of(api: Api) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |of| of.api() == api)
    }

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrderCreate => "serviceOrderCreateEvent",
            Self::OrderStateChange => "serviceOrderStateChangeEvent",
            Self::ItemStateChange => "serviceOrderItemStateChangeEvent",
            Self::InformationRequired => "serviceOrderInformationRequiredEvent",
            Self::ServiceCreate => "serviceCreateEvent",
            Self::ServiceStateChange => "serviceStateChangeEvent",
            Self::ServiceAttributeValueChange => "serviceAttributeValueChangeEvent",
            Self::ServiceDelete => "serviceDeleteEvent",
        }
    }

    /// Of which API it is.
    #[must_use]
    pub const fn api(self) -> Api {
        match self {
            Self::OrderCreate
            | Self::OrderStateChange
            | Self::ItemStateChange
            | Self::InformationRequired => Api::ServiceOrdering,
            Self::ServiceCreate
            | Self::ServiceStateChange
            | Self::ServiceAttributeValueChange
            | Self::ServiceDelete => Api::ServiceInventory,
        }
    }
}
