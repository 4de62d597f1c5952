//! What the index has of orders and services: what their lists can be filtered by.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use sof::order::{OrderState, ServiceOrder};
use sof::service::{Service, ServiceState};

use super::Entry;
use crate::lso::records::{ORDERS, SERVICES};
use crate::store::Table;

/// Of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderEntry {
    /// Who ordered.
    pub buyer: Arc<str>,
    /// How far it has come.
    pub state: OrderState,
    /// When it was taken.
    pub order_date: Timestamp,
    /// When the work began.
    pub start_date: Option<Timestamp>,
    /// When it is expected to be done.
    pub expected_completion_date: Option<Timestamp>,
    /// When it was done.
    pub completion_date: Option<Timestamp>,
}

impl Entry for OrderEntry {
    type Record = ServiceOrder;
    const TABLE: Table<String, ServiceOrder> = ORDERS;

    fn of(order: &ServiceOrder) -> Self {
        Self {
            buyer: order.buyer.as_str().into(),
            state: order.state(),
            order_date: order.order_date,
            start_date: order.start_date,
            expected_completion_date: order.expected_completion_date,
            completion_date: order.completion_date,
        }
    }

    fn buyer(&self) -> &Arc<str> {
        &self.buyer
    }

    fn date(&self) -> Timestamp {
        self.order_date
    }
}

/// Of a service, as the inventory tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEntry {
    /// Whose it is.
    pub buyer: Arc<str>,
    /// Where in its life it is.
    pub state: ServiceState,
    /// When it was made.
    pub service_date: Timestamp,
    /// When it starts, or started.
    pub start_date: Option<Timestamp>,
    /// When it ends, or ended.
    pub end_date: Option<Timestamp>,
    /// The items that made it what it is: order and item.
    pub ordered_by: Box<[(Box<str>, Box<str>)]>,
    /// What the buyer calls it.
    pub external_id: Option<Box<str>>,
    /// Its business type.
    pub service_type: Option<Box<str>>,
    /// The URN of its payload.
    pub configuration_type: Option<Box<str>>,
    /// Sites that it is at.
    pub sites: Box<[Box<str>]>,
    /// Addresses that it is at.
    pub addresses: Box<[Box<str>]>,
}

impl Entry for ServiceEntry {
    type Record = Service;
    const TABLE: Table<String, Service> = SERVICES;

    fn of(service: &Service) -> Self {
        let text = |name: &str| Some(service.given.get(name)?.as_str()?.into());
        let date = |name: &str| sof::mef::time::parse(service.given.get(name)?.as_str()?);
        let places = |kind: &str| {
            let places = service.given.get("place").and_then(Value::as_array);
            let places = places
                .into_iter()
                .flatten()
                .map(|related| &related["place"]);
            places
                .filter(|place| place["@type"] == kind)
                .filter_map(|place| Some(place["id"].as_str()?.into()))
                .collect()
        };
        let configuration = service.configuration();
        Self {
            buyer: service.buyer.as_str().into(),
            state: service.state,
            service_date: service.service_date,
            start_date: service.start_date.or_else(|| date("startDate")),
            end_date: service.end_date.or_else(|| date("endDate")),
            ordered_by: service
                .ordered_by
                .iter()
                .map(|(order, item)| (order.0.as_str().into(), item.0.as_str().into()))
                .collect(),
            external_id: text("externalId"),
            service_type: text("serviceType"),
            configuration_type: configuration
                .and_then(|value| Some(value["@type"].as_str()?.into())),
            sites: places("GeographicSiteRef"),
            addresses: places("GeographicAddressRef"),
        }
    }

    fn buyer(&self) -> &Arc<str> {
        &self.buyer
    }

    fn date(&self) -> Timestamp {
        self.service_date
    }
}
