//! Partners, agreements with them, and what they answer.

#![expect(clippy::unwrap_used, reason = "tests: a panic is the failure")]

mod answers;
mod decode;
mod laws;
mod machine;
mod places;

use nffg::json::Cursor;
use serde_json::{Map, Value, json};
use sof::partner::{AgreementTerms, FieldErrors, PartnerDetails, decode_agreement, decode_partner};

/// What is told of a partner, as a request tells it.
pub(crate) fn told() -> Value {
    json!({
        "name": "Network two",
        "legal-entity": "529900T8BM49AURSDO55",
        "base-url": "https://sof.as2.example/north/",
        "apis": {"service-ordering": 1, "service-inventory": 2, "service-function-testing": 3},
        "credentials": "as2",
        "service-types": ["urn:brokermdo:schema:segment:v1"],
    })
}

/// What is told of an agreement.
pub(crate) fn agreed() -> Value {
    json!({
        "service-type": "urn:brokermdo:schema:segment:v1",
        "valid-from": "2026-01-01T00:00:00Z",
        "valid-until": "2027-01-01T00:00:00Z",
        "bounds": {"services": 3, "bandwidth": "10 Gbit/s", "cpu": 8},
        "price": {"segment": 1.5, "function": 0.25, "mbps": 0.001},
        "sls": {"delay": "5 ms", "availability": 0.999},
    })
}

pub(crate) fn partner(value: &Value) -> Result<PartnerDetails, FieldErrors> {
    decode_partner(&Cursor::root(value))
}

pub(crate) fn agreement(value: &Value) -> Result<AgreementTerms, FieldErrors> {
    decode_agreement(&Cursor::root(value))
}

/// The value with another value at a pointer; `None` takes the member away.
pub(crate) fn with(mut value: Value, pointer: &str, other: Option<Value>) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let object: &mut Map<String, Value> =
        value.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match other {
        Some(other) => drop(object.insert(name.to_owned(), other)),
        None => drop(object.remove(name).unwrap()),
    }
    value
}
