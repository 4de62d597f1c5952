//! What partners answer and notify, and what operators tell of partners.

use nffg::json::{Cursor, FieldError};
use serde_json::{Value, json};
use sof::interlude::{
    MAX_FAULTS, MAX_ID, PartnerOrder, decode_event, decode_faults, decode_job, decode_order,
    decode_outcome, decode_page, decode_results, decode_service,
};
use sof::mef::Fault;
use sof::partner::{Agreement, FieldErrors, Partner, decode_agreement, decode_partner};

/// The type of the results that are looked for.
const RESULT: &str = "urn:brokermdo:schema:segment-test-result:v1";

/// Bodies from partners, and of the API for partners.
pub fn partner_answer(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let root = Cursor::root(&value);
    if let Some(order) = read(decode_order(&root)) {
        is_kept_within_bounds(&order);
        // On a page it is found by its name, and by no other.
        if let Some(name) = value["externalId"].as_str() {
            let page = Value::Array(vec![value.clone(), json!(7)]);
            let page = decode_page(&Cursor::root(&page), |of| of == name).expect("a list");
            assert_eq!(page.found, [(name.to_owned(), Ok(order))]);
            assert_eq!(page.orders, 2);
        }
    }
    if let Some(page) = read(decode_page(&root, |name| name == "svc/1/AS2/add")) {
        let found = page.found.iter();
        let found = found.filter_map(|(_, order)| order.as_ref().ok());
        found.for_each(is_kept_within_bounds);
        assert!(page.found.len() <= page.orders);
    }
    if let Some(service) = read(decode_service(&root)) {
        is_identifier(&service.id.0);
    }
    if let Some(job) = read(decode_job(&root)) {
        is_identifier(&job.id);
    }
    if let Some(Some(id)) = read(decode_results(&root, "j-1")) {
        is_identifier(&id);
    }
    if let Some(outcome) = read(decode_outcome(&root, RESULT)) {
        assert!(outcome.detail.chars().count() <= 1_000);
        assert!(outcome.flows.len() <= 1_024);
    }
    let kind = value["eventType"].as_str().unwrap_or_default();
    if let Some(hint) = read(decode_event(&root, kind)) {
        assert!(!hint.order.0.is_empty());
    }
    let faults = decode_faults(&value);
    assert!(faults.len() <= MAX_FAULTS);
    for fault in &faults {
        assert!(fault.reason.chars().count() <= Fault::MAX_REASON);
    }
    if let Some(details) = all(decode_partner(&root)) {
        let partner = details.candidate("AS2".parse().expect("a domain"));
        let kept = serde_json::to_string(&partner).expect("a record");
        assert_eq!(serde_json::from_str::<Partner>(&kept).ok(), Some(partner));
    }
    if let Some(terms) = all(decode_agreement(&root)) {
        let agreement = terms.agreement("AS2".parse().expect("a domain"), "a".to_owned());
        let kept = serde_json::to_string(&agreement).expect("a record");
        assert_eq!(
            serde_json::from_str::<Agreement>(&kept).ok(),
            Some(agreement)
        );
    }
}

fn read<T>(read: Result<T, FieldError>) -> Option<T> {
    match read {
        Ok(read) => Some(read),
        Err(error) => {
            assert!(!error.problem.to_string().is_empty());
            None
        }
    }
}

fn all<T>(read: Result<T, FieldErrors>) -> Option<T> {
    match read {
        Ok(read) => Some(read),
        Err(errors) => {
            assert!((1..=FieldErrors::TOLD).contains(&errors.as_slice().len()));
            assert!(!errors.to_string().is_empty());
            None
        }
    }
}

fn is_kept_within_bounds(order: &PartnerOrder) {
    is_identifier(&order.id.0);
    if let Some(service) = &order.service {
        is_identifier(&service.0);
    }
    assert!(order.termination_errors.len() <= 100);
    let kept = serde_json::to_string(order).expect("a record");
    assert_eq!(
        serde_json::from_str::<PartnerOrder>(&kept).ok().as_ref(),
        Some(order)
    );
}

/// It is a segment of a path, and only one.
fn is_identifier(id: &str) {
    assert!(!id.is_empty() && id.chars().count() <= MAX_ID);
    let mut url = url::Url::parse("http://partner.example/a/").expect("a URL");
    url.path_segments_mut().expect("a base").pop().extend([id]);
    let parts: Vec<&str> = url.path_segments().expect("a path").collect();
    assert_eq!(parts.len(), 2, "{id:?}: {url}");
}
