//! What partners answer and tell, read.

use nffg::json::{Cursor, FieldError};
use serde_json::{Value, json};
use sof::interlude::{
    JobState, MAX_FAULTS, decode_event, decode_faults, decode_job, decode_order, decode_outcome,
    decode_page, decode_results, decode_service,
};
use sof::mef::FaultCode;
use sof::order::{ItemState, OrderState};
use sof::service::ServiceState;

use super::with;

pub(crate) fn order() -> Value {
    json!({
        "id": "o-1", "href": "https://x/o-1", "externalId": "svc/1/AS2/add", "state": "inProgress",
        "orderDate": "2026-11-29T12:00:00Z",
        "requestedStartDate": "2026-11-29T12:00:00Z", "requestedCompletionDate": "2026-11-30T12:00:00Z",
        "serviceOrderItem": [{
            "id": "1", "action": "add", "state": "inProgress", "service": {"id": "s-1"},
            "terminationError": [{"code": "invalidValue", "propertyPath": "/a", "value": "too much"}, {}, 7],
        }],
        "extension": {"of": ["any", "kind"]},
    })
}

fn read<T>(
    value: &Value,
    decode: impl FnOnce(&Cursor<'_>) -> Result<T, FieldError>,
) -> Result<T, FieldError> {
    decode(&Cursor::root(value))
}

#[test]
fn an_order_is_read_with_what_the_work_depends_on() {
    let found = read(&order(), decode_order).unwrap();
    assert_eq!(
        (found.id.0.as_str(), found.state, found.item),
        ("o-1", OrderState::InProgress, ItemState::InProgress)
    );
    assert_eq!(found.external_id.as_deref(), Some("svc/1/AS2/add"));
    assert_eq!(found.expected, None);
    assert_eq!(found.service.unwrap().0, "s-1");
    let [told, empty] = found.termination_errors.as_slice() else {
        panic!("{:?}", found.termination_errors);
    };
    assert_eq!(
        (told.code, told.value.as_str()),
        (FaultCode::InvalidValue, "too much")
    );
    assert_eq!(
        (empty.code, empty.value.as_str()),
        (FaultCode::OtherIssue, "")
    );
}

#[test]
fn a_date_that_a_partner_expects_is_read_and_one_that_is_none_is_not_told() {
    let of = |date: Value| {
        let mut told = order();
        told["expectedCompletionDate"] = date;
        read(&told, decode_order).unwrap().expected
    };
    let date = of(json!("2026-11-29T14:00:00+01:00")).unwrap();
    assert_eq!(date.to_string(), "2026-11-29T13:00:00Z");
    for odd in [json!("soon"), json!(7), json!(null), json!("")] {
        assert_eq!(of(odd.clone()), None, "{odd}");
    }
}

#[test]
fn an_order_without_its_service_yet_is_fine_and_one_without_states_is_not() {
    for pointer in [
        "/serviceOrderItem/0/service",
        "/externalId",
        "/serviceOrderItem/0/terminationError",
    ] {
        read(&with(order(), pointer, None), decode_order).unwrap();
    }
    let cases: [(&str, Option<Value>, &str); 13] = [
        ("/id", None, "id"),
        ("/id", Some(json!("")), "id"),
        ("/id", Some(json!("..")), "id"),
        ("/id", Some(json!(5)), "id"),
        ("/id", Some(json!("x".repeat(501))), "id"),
        ("/state", None, "state"),
        ("/state", Some(json!("done")), "state"),
        ("/externalId", Some(json!(1)), "externalId"),
        ("/serviceOrderItem", None, "serviceOrderItem"),
        ("/serviceOrderItem", Some(json!([])), "serviceOrderItem"),
        (
            "/serviceOrderItem",
            Some(json!([{"state": "held"}, {"state": "held"}])),
            "serviceOrderItem",
        ),
        (
            "/serviceOrderItem/0/state",
            Some(json!("Completed")),
            "serviceOrderItem[0]/state",
        ),
        (
            "/serviceOrderItem/0/service",
            Some(json!({"id": ["s"]})),
            "serviceOrderItem[0]/service/id",
        ),
    ];
    for (pointer, value, field) in cases {
        let error = read(&with(order(), pointer, value.clone()), decode_order).unwrap_err();
        assert_eq!(error.field, field, "{value:?}: {error}");
    }
}

#[test]
fn every_state_of_the_documents_is_read() {
    for state in [
        "acknowledged",
        "rejected",
        "pending",
        "held",
        "inProgress",
        "completed",
        "failed",
        "partial",
    ] {
        let told = with(order(), "/state", Some(json!(state)));
        assert_eq!(
            json!(read(&told, decode_order).unwrap().state),
            json!(state)
        );
    }
    for state in ServiceState::ALL {
        let told = json!({"id": "s", "state": state});
        assert_eq!(read(&told, decode_service).unwrap().state, state);
    }
    read(&json!({"id": "s", "state": "planned"}), decode_service).unwrap_err();
    read(&json!({"state": "active"}), decode_service).unwrap_err();
}

#[test]
fn a_page_gives_the_orders_of_a_name_and_does_not_mind_what_else_is_there() {
    let other = with(order(), "/externalId", Some(json!("another's")));
    let page = json!([{"id": "x"}, 7, other, order(), order()]);
    let wanted = |name: &str| name == "svc/1/AS2/add";
    let found = read(&page, |root| decode_page(root, wanted)).unwrap();
    assert_eq!((found.orders, found.found.len()), (5, 2));
    assert_eq!(found.first.as_deref(), Some("x"));
    let broken = json!([with(order(), "/state", None)]);
    // What is wrong with one order is no fault of the page.
    let found = read(&broken, |root| decode_page(root, wanted)).unwrap();
    let error = found.found[0].1.as_ref().unwrap_err();
    assert_eq!(error.field, "[0]/state");
    read(&json!({}), |root| decode_page(root, wanted)).unwrap_err();
}

#[test]
fn mplify149_a_job_and_its_results_are_read() {
    let job = |state: &str| json!({"id": "j", "state": state});
    for (state, wanted) in [
        ("acknowledged", JobState::Open),
        ("scheduled", JobState::Open),
        ("suspended", JobState::Open),
        ("completed", JobState::Completed),
        ("rejected", JobState::Rejected),
        ("cancelled", JobState::Cancelled),
    ] {
        assert_eq!(read(&job(state), decode_job).unwrap().state, wanted);
    }
    read(&job("failed"), decode_job).unwrap_err();
    let result = |id: &str, job: &str, end: &str| json!({"id": id, "testJob": {"id": job}, "actualEndDateTime": end});
    let list = json!([
        result("old", "j", "2026-01-01T10:00:00Z"),
        // Later, though its text sorts before.
        result("new", "j", "2026-01-01T09:30:00-02:00"),
        result("other", "k", "2026-01-02T10:00:00Z"),
    ]);
    assert_eq!(
        read(&list, |root| decode_results(root, "j"))
            .unwrap()
            .as_deref(),
        Some("new")
    );
    assert_eq!(
        read(&json!([]), |root| decode_results(root, "j")).unwrap(),
        None
    );
    let outcome = json!({"serviceSpecificTestResultConfiguration": {"@type": "urn:t", "passed": true, "delayNs": 7, "detail": "ok"}});
    let found = read(&outcome, |root| decode_outcome(root, "urn:t")).unwrap();
    assert_eq!(
        (found.passed, found.delay, found.detail.as_str()),
        (true, Some(7), "ok")
    );
    assert_eq!(found.flows, []);
    read(&outcome, |root| decode_outcome(root, "urn:u")).unwrap_err();
    let told =
        json!([{"link": "1", "delayNs": 3, "bandwidthBps": 8}, {"link": "2", "jitterNs": "x"}]);
    let at = "/serviceSpecificTestResultConfiguration/flows";
    let each = with(outcome.clone(), at, Some(told));
    let flows = read(&each, |root| decode_outcome(root, "urn:t"))
        .unwrap()
        .flows;
    let told: Vec<_> = flows
        .iter()
        .map(|flow| (flow.link.as_str(), flow.delay, flow.bandwidth))
        .collect();
    assert_eq!(told, [("1", Some(3), Some(8)), ("2", None, None)]);
    for odd in [
        json!(7),
        json!([{"delayNs": 1}]),
        json!([{"link": "1", "delayNs": -1}]),
    ] {
        let odd = with(outcome.clone(), at, Some(odd));
        read(&odd, |root| decode_outcome(root, "urn:t")).unwrap_err();
    }
    let unsure = with(
        outcome,
        "/serviceSpecificTestResultConfiguration/passed",
        Some(json!("yes")),
    );
    read(&unsure, |root| decode_outcome(root, "urn:t")).unwrap_err();
}

#[test]
fn faults_are_read_from_an_array_or_one_error_and_kept_within_bounds() {
    let both = json!([
        {"code": "missingProperty", "propertyPath": "/a/b", "reason": "needed"},
        {"code": "invalidQuery", "reason": "no such filter"},
        {"message": "only this"}, {"code": "notFound"}, {}, 7, "text",
    ]);
    let found = decode_faults(&both);
    let told: Vec<_> = found
        .iter()
        .map(|fault| (fault.code, fault.reason.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (FaultCode::MissingProperty, "needed"),
            (FaultCode::OtherIssue, "invalidQuery: no such filter"),
            (FaultCode::OtherIssue, "only this"),
            (FaultCode::OtherIssue, "notFound"),
        ]
    );
    assert_eq!(found[0].property_path.as_deref(), Some("/a/b"));
    assert_eq!(found[1].property_path, None);
    let one = decode_faults(&json!({"code": "invalidBody", "reason": "r".repeat(1000)}));
    assert_eq!(one.len(), 1);
    assert!(one[0].reason.chars().count() <= 255);
    let many = json!(vec![json!({"reason": "r"}); 1000]);
    assert_eq!(decode_faults(&many).len(), MAX_FAULTS);
    assert_eq!(decode_faults(&json!("<html>")), []);
}

#[test]
fn mplify99_1_events_of_orders_are_hints_and_other_events_are_refused() {
    let event = |kind: &str| {
        json!({
            "eventId": "e", "eventTime": "2026-11-29T12:00:00Z", "eventType": kind,
            "event": {"id": "o-1", "state": "completed", "orderItemId": "1"},
        })
    };
    for kind in [
        "serviceOrderCreateEvent",
        "serviceOrderStateChangeEvent",
        "serviceOrderItemStateChangeEvent",
        "serviceOrderInformationRequiredEvent",
    ] {
        let hint = read(&event(kind), |root| decode_event(root, kind)).unwrap();
        assert_eq!(hint.order.0, "o-1");
    }
    let kind = "serviceOrderItemStateChangeEvent";
    for (pointer, value) in [
        ("/eventId", None),
        ("/eventTime", Some(json!("now"))),
        ("/eventType", Some(json!("serviceOrderCreateEvent"))),
        ("/event", Some(json!([]))),
        ("/event/id", Some(json!(""))),
        ("/event/state", None),
        ("/event/orderItemId", None),
    ] {
        let wrong = with(event(kind), pointer, value);
        read(&wrong, |root| decode_event(root, kind)).unwrap_err();
    }
    let other = "serviceStateChangeEvent";
    let error = read(&event(other), |root| decode_event(root, other)).unwrap_err();
    assert!(
        error.to_string().contains("serviceOrderCreateEvent"),
        "{error}"
    );
}
