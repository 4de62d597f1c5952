//! What partners tell besides answers: errors, and that something happened.

use nffg::json::{Cursor, FieldError};
use serde_json::Value;

use super::read::{MAX_ID, cut};
use crate::mef::{Fault, FaultCode};
use crate::order::OrderId;

/// The most faults that are kept of one answer.
pub const MAX_FAULTS: usize = 100;

/// That something happened to an order: worth a look, and nothing more. Of the event only the order's identifier is used,
/// since anybody may send it late, twice or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The order, as the partner names it.
    pub order: OrderId,
}

/// The events of Mplify 99.1 about orders.
const EVENTS: [&str; 4] = [
    "serviceOrderCreateEvent",
    "serviceOrderStateChangeEvent",
    "serviceOrderItemStateChangeEvent",
    "serviceOrderInformationRequiredEvent",
];

/// The faults that the body of an error tells: an array of `Error422`, or one `Error4xx` or `Error500`. None where it tells
/// nothing that can be read. What has a code that is none of `Error422Code` is another issue, with the code in its reason.
#[must_use]
pub fn decode_faults(body: &Value) -> Vec<Fault> {
    let faults = match body {
        Value::Array(faults) => faults.as_slice(),
        one => std::slice::from_ref(one),
    };
    faults.iter().take(MAX_FAULTS).filter_map(fault).collect()
}

fn fault(told: &Value) -> Option<Fault> {
    let text = |name| told.get(name).and_then(Value::as_str);
    let said = text("reason").or_else(|| text("message"));
    let known = code(told);
    let reason = match (text("code"), said) {
        (Some(other), Some(said)) if known.is_none() => format!("{other}: {said}"),
        (_, Some(said)) => said.to_owned(),
        (Some(code), None) => code.to_owned(),
        (None, None) => return None,
    };
    let path = text("propertyPath").map(|path| cut(path, MAX_ID));
    let fault = Fault::new(known.unwrap_or(FaultCode::OtherIssue), "", reason);
    Some(Fault {
        property_path: path,
        ..fault
    })
}

/// The `code`, if it is one of `Error422Code`.
pub(super) fn code(of: &Value) -> Option<FaultCode> {
    let code = of.get("code").and_then(Value::as_str)?;
    serde_json::from_value(Value::from(code)).ok()
}

/// Reads an event that came to the listener for `event_type`.
///
/// # Errors
/// It is none of the events about orders, or has not the shape of one.
pub fn decode_event(root: &Cursor<'_>, event_type: &str) -> Result<Hint, FieldError> {
    if !EVENTS.contains(&event_type) {
        let rule = format_args!("an event of service orders: {}", EVENTS.join(", ")).to_string();
        return Err(FieldError::invalid("eventType", event_type, rule));
    }
    let told = root.required("eventType")?;
    if told.string()? != event_type {
        return Err(told.invalid(format_args!("this listener is for {event_type}")));
    }
    root.required("eventId")?.string()?;
    root.required("eventTime")?.parse::<jiff::Timestamp>()?;
    let event = root.required("event")?;
    let id = event.required("id")?;
    let order = id.string()?;
    if order.is_empty() || order.chars().count() > MAX_ID {
        return Err(id.invalid(format_args!("1 to {MAX_ID} characters")));
    }
    if event_type.ends_with("StateChangeEvent") {
        event.required("state")?.string()?;
    }
    if event_type == "serviceOrderItemStateChangeEvent" {
        event.required("orderItemId")?.string()?;
    }
    Ok(Hint {
        order: OrderId(order.to_owned()),
    })
}
