//! A request to order (`ServiceOrder_Create`), read: what it asks for, or everything that is wrong with it.
//!
//! In three steps, so that whoever has the records does the looking up:
//!
//! 1. [`Reading::of`]: the envelope by its schema, and the rules within the request;
//! 2. [`Reading::services`], [`Reading::orders`]: what it refers to, to be looked up;
//! 3. [`Reading::check`]: the rules over what was found. Faults of all steps come together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::coordination::{self, Wait};
use super::{Action, ItemId, OrderId, ServiceOrder};
use crate::mef::{Fault, FaultCode, Faults, show, time};
use crate::schema::Schema;
use crate::service::{SERVICE, Service, ServiceEvent, ServiceId, ServiceState};

/// The schema of the envelope.
pub const ENVELOPE: &str = include_str!("../../schemas/service-order-create.json");

static SCHEMA: LazyLock<Schema> =
    LazyLock::new(|| Schema::new(ENVELOPE).expect("the envelope's schema is one"));

/// How much one request may hold, beside its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Items.
    pub items: usize,
    /// Services and orders that it refers to: each is looked up.
    pub references: usize,
    /// Members and elements outside of configurations: each may be a fault that has to be found.
    pub values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            items: 100,
            references: 200,
            values: 50_000,
        }
    }
}

/// A request, as far as it can be read, and what is wrong with it so far.
#[derive(Debug)]
pub struct Reading<'a> {
    body: &'a Value,
    items: Vec<ReadItem<'a>>,
    services: BTreeMap<ServiceId, Vec<String>>,
    orders: BTreeMap<OrderId, Vec<OrderPlace>>,
    faults: Faults,
}

/// Where a request refers to an order.
#[derive(Debug)]
struct OrderPlace {
    path: String,
    /// The item of that order, and where it is named.
    item: Option<(String, ItemId)>,
}

#[derive(Debug)]
struct ReadItem<'a> {
    /// Its pointer.
    at: String,
    value: &'a Map<String, Value>,
    id: Option<&'a str>,
    action: Option<Action>,
    service: Option<&'a Map<String, Value>>,
}

impl<'a> ReadItem<'a> {
    fn service_text(&self, name: &str) -> Option<&'a str> {
        self.service?.get(name)?.as_str()
    }

    /// The service that is to change.
    fn subject(&self) -> Option<ServiceId> {
        let is_new = self.action? == Action::Add;
        let id = self.service_text("id").filter(|_| !is_new)?;
        Some(ServiceId(id.to_owned()))
    }

    fn state(&self) -> Option<ServiceState> {
        ServiceState::from_word(self.service_text("state")?)
    }
}

/// What a request refers to, as it was found: only what who orders may know of.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Services.
    pub services: BTreeMap<ServiceId, Service>,
    /// Orders.
    pub orders: BTreeMap<OrderId, ServiceOrder>,
}

/// An order that can be taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// The order's own attributes, without items and hyperlinks.
    pub given: Map<String, Value>,
    /// The items, at least one.
    pub items: Vec<WantedItem>,
}

/// An item that can be taken.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedItem {
    /// Unique in the order.
    pub id: ItemId,
    /// What is to become of the service.
    pub action: Action,
    /// The item's attributes, without `id`, `action` and hyperlinks.
    pub given: Map<String, Value>,
    /// The service; none of a new one.
    pub service: Option<ServiceId>,
    /// The state that the service is to have in the end.
    pub target: ServiceState,
}

impl<'a> Reading<'a> {
    /// Reads a request. `configuration` says what is wrong with a `serviceConfiguration`, with paths that begin there.
    #[must_use]
    pub fn of(
        body: &'a Value,
        now: Timestamp,
        limits: Limits,
        configuration: impl Fn(&Value) -> Vec<Fault>,
    ) -> Self {
        let mut reading = Self {
            body,
            items: items(body),
            services: BTreeMap::new(),
            orders: BTreeMap::new(),
            faults: Faults::default(),
        };
        if let Some(fault) = too_large(body, limits) {
            reading.faults.add(fault);
            // What is in it is not looked at: the bound is there to spare us that.
            reading.items.clear();
            return reading;
        }
        SCHEMA.check(body, "", &mut reading.faults);
        reading.check_dates(now);
        reading.check_ids();
        for at in 0..reading.items.len() {
            reading.check_item(at, &configuration);
        }
        reading.check_coordination();
        reading.collect_references();
        let references = reading.services.len() + reading.orders.len();
        if references > limits.references {
            let reason = format!(
                "it refers to {references} services and orders, but may to at most {}",
                limits.references
            );
            reading.faults.push(FaultCode::OtherIssue, "", reason);
            reading.services.clear();
            reading.orders.clear();
        }
        reading
    }

    /// The services that it refers to.
    pub fn services(&self) -> impl Iterator<Item = &ServiceId> {
        self.services.keys()
    }

    /// The orders that it refers to.
    pub fn orders(&self) -> impl Iterator<Item = &OrderId> {
        self.orders.keys()
    }

    fn check_dates(&mut self, now: Timestamp) {
        let date = |name: &str| time::parse(self.body.get(name)?.as_str()?);
        let text = |name: &str| show(self.body[name].as_str().unwrap_or_default());
        let (start, end) = (date("requestedStartDate"), date("requestedCompletionDate"));
        let Some(end) = end else { return };
        let path = "/requestedCompletionDate";
        let told = text("requestedCompletionDate");
        if end < now {
            let reason = format!("'{told}' is in the past: it is {now:.0}");
            self.faults.push(FaultCode::InvalidValue, path, reason);
        } else if start.is_some_and(|start| end <= start) {
            let start = text("requestedStartDate");
            let reason = format!("'{told}' must be after the requestedStartDate '{start}'");
            self.faults.push(FaultCode::InvalidValue, path, reason);
        }
    }

    fn check_ids(&mut self) {
        let mut seen = BTreeSet::new();
        for item in &self.items {
            let Some(id) = item.id else { continue };
            if !seen.insert(id) {
                let reason = format!("'{}' is the id of an item before it, too", show(id));
                let path = format!("{}/id", item.at);
                self.faults.push(FaultCode::InvalidValue, path, reason);
            }
        }
    }

    fn check_item(&mut self, at: usize, configuration: impl Fn(&Value) -> Vec<Fault>) {
        use FaultCode::{InvalidValue, MissingProperty, UnexpectedProperty};
        let Some(item) = self.items.get(at) else {
            return;
        };
        let (Some(action), Some(service)) = (item.action, item.service) else {
            return;
        };
        let faults = &mut self.faults;
        let word = action.as_str();
        let path = |name: &str| format!("{}/service/{name}", item.at);
        match (action, service.get("id")) {
            (Action::Add, Some(_)) => {
                let reason = "a service that is added gets its id from us: 'add' must not name one";
                faults.push(UnexpectedProperty, path("id"), reason);
            }
            (Action::Modify | Action::Delete, None) => {
                let reason = format!("'{word}' must name the service by its id");
                faults.push(MissingProperty, path("id"), reason);
            }
            _ => {}
        }
        match (action, service.get("serviceConfiguration")) {
            (Action::Delete, Some(_)) => {
                let reason = "must not be there when a service is deleted";
                faults.push(UnexpectedProperty, path("serviceConfiguration"), reason);
            }
            (Action::Add | Action::Modify, None) => {
                let reason =
                    format!("'{word}' must have the whole configuration that is to be in force");
                faults.push(MissingProperty, path("serviceConfiguration"), reason);
            }
            // Of what names no type the envelope has told already.
            (Action::Add | Action::Modify, Some(value)) if value["@type"].is_string() => {
                let at = path("serviceConfiguration");
                for fault in configuration(value) {
                    let below = format!("{at}{}", fault.path());
                    faults.push(fault.code, below, fault.reason);
                }
            }
            _ => {}
        }
        let is_end = item.state() == Some(ServiceState::Terminated);
        match (action, item.state()) {
            (Action::Add | Action::Modify, Some(_)) if is_end => {
                let reason = format!("'{word}' cannot lead to 'terminated': use 'delete'");
                faults.push(InvalidValue, path("state"), reason);
            }
            (Action::Delete, Some(state)) if !is_end => {
                let reason = format!("'{}': 'delete' leads to 'terminated'", state.as_str());
                faults.push(InvalidValue, path("state"), reason);
            }
            _ => {}
        }
    }

    fn check_coordination(&mut self) {
        let by_id: BTreeMap<&str, usize> = self
            .items
            .iter()
            .enumerate()
            .filter_map(|(at, item)| Some((item.id?, at)))
            .collect();
        let mut waits = Vec::new();
        for (at, item) in self.items.iter().enumerate() {
            for (place, action) in list(item.value, "coordinatedAction") {
                let path = format!("{}/coordinatedAction/{place}/itemId", item.at);
                let Some(other) = action["itemId"].as_str() else {
                    continue;
                };
                let Some(&on) = by_id.get(other) else {
                    let reason = format!("this order has no item '{}'", show(other));
                    self.faults.push(FaultCode::ReferenceNotFound, path, reason);
                    continue;
                };
                if on == at {
                    let reason = format!("'{}' is the item itself", show(other));
                    self.faults.push(FaultCode::InvalidValue, path, reason);
                    continue;
                }
                let dependency = action["coordinationDependency"].as_str();
                let dependency = dependency.and_then(coordination::Dependency::from_word);
                let amount = action["coordinatedActionDelay"]["amount"].as_f64();
                let is_late = amount.is_some_and(|amount| amount != 0.0);
                if dependency == Some(coordination::Dependency::FinishToFinish) && is_late {
                    let at = &item.at;
                    let path = format!("{at}/coordinatedAction/{place}/coordinatedActionDelay");
                    let why = "\"finishToFinish\" is at the same time: the delay must be 0";
                    self.faults.push(FaultCode::InvalidValue, path, why);
                }
                waits.extend(dependency.map(|dependency| Wait {
                    item: at,
                    other: on,
                    dependency,
                }));
            }
        }
        for at in coordination::stuck(self.items.len(), &waits) {
            if let Some(item) = self.items.get(at) {
                let reason = "the items wait for each other in a circle: none of them can begin";
                let path = format!("{}/coordinatedAction", item.at);
                self.faults.push(FaultCode::InvalidValue, path, reason);
            }
        }
    }

    fn collect_references(&mut self) {
        let ids: BTreeSet<&str> = self.items.iter().filter_map(|item| item.id).collect();
        if let Some(body) = self.body.as_object() {
            for (place, value) in list(body, "orderRelationship") {
                if let Some(id) = value["serviceOrder"]["id"].as_str() {
                    let path = format!("/orderRelationship/{place}/serviceOrder/id");
                    let order = OrderId(id.to_owned());
                    let place = OrderPlace { path, item: None };
                    self.orders.entry(order).or_default().push(place);
                }
            }
            for (place, value) in list(body, "coordinatedAction") {
                // An order that was taken was not told to wait.
                let dependency = value["coordinationDependency"].as_str();
                let other_waits = ["finishToStart", "finishToFinish"];
                if let Some(word) = dependency.filter(|word| other_waits.contains(word)) {
                    let path = format!("/coordinatedAction/{place}/coordinationDependency");
                    let why = format!(
                        "\"{word}\": an order that was taken before does not wait for this one"
                    );
                    self.faults.push(FaultCode::InvalidValue, path, why);
                }
                if let Some(id) = value["orderId"].as_str() {
                    let path = format!("/coordinatedAction/{place}/orderId");
                    let order = OrderId(id.to_owned());
                    let place = OrderPlace { path, item: None };
                    self.orders.entry(order).or_default().push(place);
                }
            }
        }
        for item in &self.items {
            if let Some(service) = item.subject() {
                let path = format!("{}/service/id", item.at);
                self.services.entry(service).or_default().push(path);
            }
            for (place, value) in item
                .service
                .into_iter()
                .flat_map(|service| list(service, "serviceRelationship"))
            {
                if let Some(id) = value["service"]["id"].as_str() {
                    let at = &item.at;
                    let path = format!("{at}/service/serviceRelationship/{place}/service/id");
                    let service = ServiceId(id.to_owned());
                    self.services.entry(service).or_default().push(path);
                }
            }
            for (place, value) in list(item.value, "serviceOrderItemRelationship") {
                let reference = &value["orderItem"];
                let Some(other) = reference["itemId"].as_str() else {
                    continue;
                };
                let at = format!("{}/serviceOrderItemRelationship/{place}/orderItem", item.at);
                let is_told = |name: &str| reference[name].as_str().filter(|text| !text.is_empty());
                if let Some(order) = is_told("serviceOrderId") {
                    let place = OrderPlace {
                        path: format!("{at}/serviceOrderId"),
                        item: Some((format!("{at}/itemId"), ItemId(other.to_owned()))),
                    };
                    let order = OrderId(order.to_owned());
                    self.orders.entry(order).or_default().push(place);
                    continue;
                }
                let path = format!("{at}/itemId");
                if Some(other) == item.id {
                    let reason = format!("'{}' is the item itself", show(other));
                    self.faults.push(FaultCode::InvalidValue, path, reason);
                } else if !ids.contains(other) {
                    let reason = format!("this order has no item '{}'", show(other));
                    self.faults.push(FaultCode::ReferenceNotFound, path, reason);
                } else if let Some(href) = is_told("serviceOrderHref") {
                    let reason =
                        format!("'{}' must be empty for an item of this order", show(href));
                    let path = format!("{at}/serviceOrderHref");
                    self.faults.push(FaultCode::InvalidValue, path, reason);
                }
            }
        }
    }

    /// The rules over what the request refers to.
    ///
    /// # Errors
    /// All faults of the request, at most [`Faults::TOLD`] and one that says how many more there are.
    pub fn check(mut self, found: &Found) -> Result<Wanted, Vec<Fault>> {
        for (id, paths) in &self.services {
            if !found.services.contains_key(id) {
                for path in paths {
                    let reason = format!("there is no service '{}'", show(&id.0));
                    self.faults.push(FaultCode::ReferenceNotFound, path, reason);
                }
            }
        }
        for (id, places) in &self.orders {
            let order = found.orders.get(id);
            for OrderPlace { path, item } in places {
                match (order, item) {
                    (None, _) => {
                        let reason = format!("there is no order '{}'", show(&id.0));
                        self.faults.push(FaultCode::ReferenceNotFound, path, reason);
                    }
                    (Some(order), Some((path, item))) if order.item(item).is_none() => {
                        let (id, item) = (show(&id.0), show(&item.0));
                        let reason = format!("the order '{id}' has no item '{item}'");
                        self.faults.push(FaultCode::ReferenceNotFound, path, reason);
                    }
                    _ => {}
                }
            }
        }
        let mut subjects = BTreeSet::new();
        let mut wanted = Vec::with_capacity(self.items.len());
        for item in &self.items {
            let subject = item.subject();
            let service = subject.as_ref().and_then(|id| found.services.get(id));
            let mut target = item.state();
            if let (Some(service), Some(action)) = (service, item.action) {
                target = check_subject(service, action, target, &item.at, &mut self.faults);
            }
            if let Some(id) = &subject
                && !subjects.insert(id.clone())
            {
                let reason = format!("another item of the order is for the service '{id}', too");
                let path = format!("{}/service/id", item.at);
                self.faults.push(FaultCode::OtherIssue, path, reason);
            }
            if let (Some(id), Some(action)) = (item.id, item.action) {
                wanted.push(WantedItem {
                    id: ItemId(id.to_owned()),
                    action,
                    given: given(item.value, &["id", "action"]),
                    service: subject,
                    target: target.unwrap_or(match action {
                        Action::Add | Action::Modify => ServiceState::Active,
                        Action::Delete => ServiceState::Terminated,
                    }),
                });
            }
        }
        match self.body.as_object() {
            Some(body) if self.faults.is_empty() => Ok(Wanted {
                given: given(body, &["serviceOrderItem"]),
                items: wanted,
            }),
            _ => Err(self.faults.into_vec()),
        }
    }
}

/// Whether a service may be worked on, and come to the state that is wanted; which state that is.
fn check_subject(
    service: &Service,
    action: Action,
    wanted: Option<ServiceState>,
    at: &str,
    faults: &mut Faults,
) -> Option<ServiceState> {
    let id = format!("{at}/service/id");
    if let Some((order, item)) = &service.busy {
        let (order, item) = (show(&order.0), show(&item.0));
        let reason = format!("the item '{item}' of the order '{order}' is at work on it");
        faults.push(FaultCode::OtherIssue, &id, reason);
    }
    let from = service.state;
    let target = match action {
        Action::Delete => ServiceState::Terminated,
        // One that does not say stays as it is.
        _ => wanted.unwrap_or(from),
    };
    let is_final = SERVICE.is_final(from);
    if is_final {
        let reason = format!(
            "the service '{}' is '{}'",
            show(&service.id.0),
            from.as_str()
        );
        faults.push(FaultCode::OtherIssue, &id, reason);
    }
    let event = ServiceEvent::towards(Some(from), target);
    if !is_final && SERVICE.step(from, event) != Ok(target) {
        let (from, to) = (from.as_str(), target.as_str());
        let reason = format!("'{to}': a service that is '{from}' cannot come to be so");
        let path = format!("{at}/service/state");
        faults.push(FaultCode::InvalidValue, path, reason);
    }
    Some(target)
}

/// What a request has more of than it may.
fn too_large(body: &Value, limits: Limits) -> Option<Fault> {
    let items = body.get("serviceOrderItem").and_then(Value::as_array);
    let items = items.map_or(0, Vec::len);
    if items > limits.items {
        let reason = format!(
            "{items} items, but one order may have at most {}",
            limits.items
        );
        let (code, path) = (FaultCode::InvalidValue, "/serviceOrderItem");
        return Some(Fault::new(code, path, reason));
    }
    let mut left = limits.values;
    count(body, &mut left).is_none().then(|| {
        let reason = format!(
            "it has more than {} members and elements outside of configurations",
            limits.values
        );
        Fault::new(FaultCode::OtherIssue, "", reason)
    })
}

/// Takes members and elements off what is left; nothing, if they are more.
fn count(value: &Value, left: &mut usize) -> Option<()> {
    match value {
        Value::Object(members) => {
            *left = left.checked_sub(members.len())?;
            let mut below = members.iter();
            below.try_for_each(|(name, value)| match name.as_str() {
                "serviceConfiguration" => Some(()),
                _ => count(value, left),
            })
        }
        Value::Array(elements) => {
            *left = left.checked_sub(elements.len())?;
            elements.iter().try_for_each(|value| count(value, left))
        }
        _ => Some(()),
    }
}

fn items(body: &Value) -> Vec<ReadItem<'_>> {
    let items = body.get("serviceOrderItem").and_then(Value::as_array);
    let items = items.into_iter().flatten().enumerate();
    items
        .filter_map(|(place, item)| {
            let value = item.as_object()?;
            Some(ReadItem {
                at: format!("/serviceOrderItem/{place}"),
                value,
                id: value.get("id").and_then(Value::as_str),
                action: value
                    .get("action")
                    .and_then(Value::as_str)
                    .and_then(Action::from_word),
                service: value.get("service").and_then(Value::as_object),
            })
        })
        .collect()
}

/// The elements of a member that is an array, with their places.
fn list<'a>(of: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = (usize, &'a Value)> {
    let list = of.get(name).and_then(Value::as_array);
    list.into_iter().flatten().enumerate()
}

/// What was given, without some members, hyperlinks, and what the service's own items are: those are ours to tell.
fn given(of: &Map<String, Value>, without: &[&str]) -> Map<String, Value> {
    let members = of
        .iter()
        .filter(|(name, _)| !without.contains(&name.as_str()));
    members
        .map(|(name, value)| {
            let mut value = value.clone();
            without_hyperlinks(&mut value);
            if name == "service"
                && let Some(service) = value.as_object_mut()
            {
                service.remove("serviceOrderItem");
            }
            (name.clone(), value)
        })
        .collect()
}

/// Hyperlinks of requests mean nothing; the configuration is the payload's own.
fn without_hyperlinks(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("href");
            members.remove("serviceOrderHref");
            for (name, value) in members {
                if name != "serviceConfiguration" {
                    without_hyperlinks(value);
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(without_hyperlinks),
        _ => {}
    }
}
