//! The order that a partner gets (`ServiceOrder_Create`).

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::part::{Part, Verb};
use crate::service::ServiceId;

/// The order for the call at work on a part: one item, with the full state to be (Mplify 99.1 R27, R30).
#[must_use]
pub fn body(service: &ServiceId, part: &Part, now: Timestamp, within: SignedDuration) -> Value {
    let (action, segment, state) = match part.verb {
        Verb::Add => ("add", Some(&part.segment), "inactive"),
        Verb::Delete => ("delete", None, ""),
        Verb::Restore => {
            let before = part.previous.as_ref().unwrap_or(&part.segment);
            ("modify", Some(before), word(part.was_active))
        }
        Verb::Modify | Verb::Activate | Verb::Test => {
            ("modify", Some(&part.segment), word(part.active))
        }
    };
    let mut of = Map::new();
    if let Some(id) = &part.service {
        of.insert("id".to_owned(), json!(id));
    }
    of.insert("externalId".to_owned(), json!(service));
    if let Some(segment) = segment {
        of.insert("state".to_owned(), json!(state));
        of.insert("serviceConfiguration".to_owned(), segment.encode());
    }
    json!({
        "externalId": part.external_id(service),
        "requestedStartDate": now,
        "requestedCompletionDate": now.saturating_add(within).unwrap_or(now),
        "serviceOrderItem": [{"id": "1", "action": action, "service": of}],
    })
}

const fn word(active: bool) -> &'static str {
    if active { "active" } else { "inactive" }
}
