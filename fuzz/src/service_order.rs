//! Service orders, read and answered.

use std::collections::BTreeMap;

use serde_json::Value;
use sof::mef::links::Links;
use sof::mef::{Api, Fault, FaultCode, Faults, ReferencePoint};
use sof::order::{Found, Limits, OrderId, Reading, ServiceOrder};
use sof::service::{Service, ServiceId, ServiceState};

/// Bodies of `POST serviceOrder`.
pub fn service_order(data: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let now = "2026-11-29T12:00:00Z".parse().expect("a moment");
    let configuration = |value: &Value| match value.get("fault") {
        Some(_) => vec![Fault::new(FaultCode::InvalidValue, "/fault", "one")],
        None => Vec::new(),
    };
    let reading = Reading::of(&body, now, Limits::default(), configuration);
    let services: Vec<ServiceId> = reading.services().cloned().collect();
    // Half of what it refers to is there, in the one state or the other.
    let found = Found {
        services: services
            .into_iter()
            .filter(|id| id.0.len() % 2 == 1)
            .map(|id| (id.clone(), service(id)))
            .collect(),
        orders: BTreeMap::new(),
    };
    let wanted = match reading.check(&found) {
        Ok(wanted) => wanted,
        Err(faults) => return told(&body, &faults),
    };
    let mut count = 0;
    let (id, at) = (OrderId("o".to_owned()), ReferencePoint::Legato);
    let order = wanted.into_order(id, "b".to_owned(), at, now, || {
        count += 1;
        ServiceId(format!("new-{count}"))
    });
    let kept = serde_json::to_vec(&order).expect("an order is JSON");
    let again: ServiceOrder = serde_json::from_slice(&kept).expect("as it was written");
    assert_eq!(again, order);
    let links = Links::new("", at, Api::ServiceOrdering, 6);
    let answer = order.encode(&links);
    let items = body["serviceOrderItem"].as_array().expect("it has items");
    let answered = answer["serviceOrderItem"].as_array().expect("so has this");
    assert_eq!(items.len(), answered.len());
    for ((sent, told), item) in items.iter().zip(answered).zip(&order.items) {
        assert_eq!(sent["id"], told["id"]);
        assert_eq!(sent["action"], told["action"]);
        let payload = sent["service"].get("serviceConfiguration");
        assert_eq!(payload, told["service"].get("serviceConfiguration"));
        let service = order.new_service(item);
        assert_eq!(payload, service.encode(&links).get("serviceConfiguration"));
    }
}

fn service(id: ServiceId) -> Service {
    let state = ServiceState::ALL[id.0.len() / 2 % ServiceState::ALL.len()];
    Service {
        id,
        buyer: "b".to_owned(),
        reference_point: ReferencePoint::Legato,
        state,
        given: serde_json::Map::new(),
        ordered_by: Vec::new(),
        service_date: jiff::Timestamp::UNIX_EPOCH,
        start_date: None,
        end_date: None,
        busy: None,
    }
}

/// Every fault is of something that is there, or that is missing in something that is.
fn told(body: &Value, faults: &[Fault]) {
    assert!(!faults.is_empty() && faults.len() <= Faults::TOLD + 1);
    for fault in faults {
        let length = fault.reason.chars().count();
        assert!(length > 0 && length <= Fault::MAX_REASON, "{fault:?}");
        let path = fault.path();
        let place = match fault.code {
            FaultCode::MissingProperty => path.rsplit_once('/').map_or("", |(above, _)| above),
            _ => path,
        };
        assert!(body.pointer(place).is_some(), "{fault:?}");
    }
}
