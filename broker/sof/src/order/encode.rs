//! An order as it is answered (`ServiceOrder`), and as it begins.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Action, ItemState, OrderId, OrderItem, ServiceOrder, Wanted};
use crate::mef::links::Links;
use crate::mef::{ReferencePoint, time};
use crate::service::{Service, ServiceId, ServiceState};

impl Wanted {
    /// The order that it becomes, acknowledged. `service` gives an id to each new service.
    #[must_use]
    pub fn into_order(
        self,
        id: OrderId,
        buyer: String,
        reference_point: ReferencePoint,
        now: Timestamp,
        mut service: impl FnMut() -> ServiceId,
    ) -> ServiceOrder {
        let items = self.items.into_iter().map(|item| OrderItem {
            id: item.id,
            action: item.action,
            given: item.given,
            service: item.service.unwrap_or_else(&mut service),
            target: item.target,
            state: ItemState::Acknowledged,
            termination_errors: Vec::new(),
        });
        ServiceOrder {
            id,
            buyer,
            reference_point,
            given: self.given,
            items: items.collect(),
            order_date: now,
            start_date: None,
            expected_completion_date: None,
            completion_date: None,
        }
    }
}

impl ServiceOrder {
    /// When the work is to begin (`requestedStartDate`).
    #[must_use]
    pub fn requested_start(&self) -> Option<Timestamp> {
        time::parse(self.given.get("requestedStartDate")?.as_str()?)
    }

    /// By when it is to be done (`requestedCompletionDate`).
    #[must_use]
    pub fn requested_completion(&self) -> Option<Timestamp> {
        time::parse(self.given.get("requestedCompletionDate")?.as_str()?)
    }

    /// The service that an item of this order makes, as it begins: the first state of its life, and the item at work on it.
    #[must_use]
    pub fn new_service(&self, item: &OrderItem) -> Service {
        Service {
            id: item.service.clone(),
            buyer: self.buyer.clone(),
            reference_point: self.reference_point,
            state: ServiceState::FeasibilityChecked,
            given: item.service_attributes(),
            ordered_by: vec![(self.id.clone(), item.id.clone())],
            service_date: self.order_date,
            start_date: None,
            end_date: None,
            busy: Some((self.id.clone(), item.id.clone())),
        }
    }

    /// The order as the document has it (`ServiceOrder`).
    #[must_use]
    pub fn encode(&self, links: &Links) -> Value {
        let mut told = self.given.clone();
        told.insert("id".to_owned(), json!(self.id));
        told.insert("href".to_owned(), json!(links.order(&self.id)));
        told.insert("state".to_owned(), json!(self.state()));
        told.insert("orderDate".to_owned(), json!(self.order_date));
        let dates = [
            ("startDate", self.start_date),
            ("expectedCompletionDate", self.expected_completion_date),
            ("completionDate", self.completion_date),
        ];
        for (name, date) in dates {
            if let Some(date) = date {
                told.insert(name.to_owned(), json!(date));
            }
        }
        let items = self.items.iter().map(|item| item.encode(links));
        told.insert("serviceOrderItem".to_owned(), items.collect());
        Value::Object(told)
    }
}

impl OrderItem {
    /// What the item says of its service, for the service's record: without what is ours to tell (`id`, `href`, `state`,
    /// `serviceOrderItem`).
    #[must_use]
    pub fn service_attributes(&self) -> Map<String, Value> {
        let service = self.given.get("service").and_then(Value::as_object);
        let mut attributes = service.cloned().unwrap_or_default();
        for ours in ["id", "href", "state", "serviceOrderItem"] {
            attributes.remove(ours);
        }
        attributes
    }

    /// The item as the document has it (`ServiceOrderItem`).
    fn encode(&self, links: &Links) -> Value {
        let mut told = self.given.clone();
        told.insert("id".to_owned(), json!(self.id));
        told.insert("action".to_owned(), json!(self.action));
        told.insert("state".to_owned(), json!(self.state));
        let mut service = self.service_attributes();
        service.insert("id".to_owned(), json!(self.service));
        service.insert("href".to_owned(), json!(links.service(&self.service)));
        service.insert("state".to_owned(), json!(self.target));
        if self.action == Action::Delete {
            service.remove("serviceConfiguration");
        }
        told.insert("service".to_owned(), Value::Object(service));
        if !self.termination_errors.is_empty() {
            told.insert(
                "terminationError".to_owned(),
                json!(self.termination_errors),
            );
        }
        Value::Object(told)
    }
}
