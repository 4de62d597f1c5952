//! Lists: filters, pages, headers.

use serde_json::{Value, json};

use super::broker::{Answer, Broker};
use super::document::Document;
use super::sof::{A, ORDERS, SERVICES, add, full, get, ids, is, order, post, start};

fn counts(answer: &Answer) -> (usize, usize, bool) {
    let of = |name: &str| answer.header(name).unwrap();
    (
        of("x-total-count").parse().unwrap(),
        of("x-result-count").parse().unwrap(),
        of("x-pagination-throttled").parse().unwrap(),
    )
}

fn take(broker: &Broker, body: &Value) -> Value {
    is(post(broker, ORDERS, A, body), 201).json()
}

#[test]
fn list_service_order_pages_in_the_order_of_their_dates() {
    let broker = start("[sof.orders]\nlisted = 3\n");
    assert_eq!(counts(&get(&broker, ORDERS, A)), (0, 0, false));
    let all: Vec<String> = (0..7)
        .map(|_| {
            take(&broker, &order(&[add("1")]))["id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let page = |query: &str| {
        let answer = is(get(&broker, &format!("{ORDERS}?{query}"), A), 200);
        let listed = ids(&answer);
        assert_eq!(counts(&answer).1, listed.len());
        let (total, _, is_throttled) = counts(&answer);
        (total, listed, is_throttled)
    };
    assert_eq!(page(""), (7, all[..3].to_vec(), true));
    assert_eq!(page("offset=3"), (7, all[3..6].to_vec(), true));
    assert_eq!(page("offset=6"), (7, all[6..].to_vec(), false));
    assert_eq!(page("offset=7"), (7, Vec::new(), false));
    assert_eq!(page("offset=2147483647"), (7, Vec::new(), false));
    assert_eq!(page("limit=2"), (7, all[..2].to_vec(), false));
    assert_eq!(page("limit=5"), (7, all[..3].to_vec(), true));
    assert_eq!(page("limit=0"), (7, Vec::new(), false));
    assert_eq!(page("offset=5&limit=5"), (7, all[5..].to_vec(), false));
}

#[test]
fn list_service_order_every_filter_of_the_document() {
    let broker = start("");
    let told = take(&broker, &order(&[add("1")]));
    let date = told["orderDate"].as_str().unwrap();
    let cases = [
        ("state=acknowledged", 1),
        ("state=completed", 0),
        ("orderDate.gt=2026-01-01T00:00:00Z", 1),
        ("orderDate.lt=2026-01-01T00:00:00Z", 0),
        (
            "orderDate.gt=2026-01-01T00:00:00Z&orderDate.lt=2126-01-01T00:00:00%2B02:00",
            1,
        ),
        (&format!("orderDate.gt={date}"), 0),
        (&format!("orderDate.lt={date}"), 0),
        // Nothing was begun, nothing is done.
        ("startDate.gt=2026-01-01T00:00:00Z", 0),
        ("startDate.lt=2126-01-01T00:00:00Z", 0),
        ("completionDate.gt=2026-01-01T00:00:00Z", 0),
        ("completionDate.lt=2126-01-01T00:00:00Z", 0),
        ("expectedCompletionDate.gt=2026-01-01T00:00:00Z", 0),
        ("expectedCompletionDate.lt=2126-01-01T00:00:00Z", 0),
    ];
    for (query, count) in cases {
        let answer = is(get(&broker, &format!("{ORDERS}?{query}"), A), 200);
        assert_eq!(counts(&answer).0, count, "{query}");
        assert_eq!(ids(&answer).len(), count, "{query}");
        for document in Document::all() {
            if ORDERS.starts_with(&document.base) {
                document.check("GET", "/serviceOrder", &answer);
            }
        }
    }
}

#[test]
fn service_find_every_filter_of_the_document() {
    let broker = start("");
    let told = take(&broker, &full());
    let id = told["id"].as_str().unwrap();
    take(&broker, &order(&[add("1")]));
    let cases = [
        ("state=feasibilityChecked", 3),
        ("state=active", 0),
        ("serviceDate.gt=2026-01-01T00:00:00Z", 3),
        ("serviceDate.lt=2026-01-01T00:00:00Z", 0),
        (
            "startDate.gt=2026-11-30T00:00:00Z&startDate.lt=2026-12-02T00:00:00Z",
            1,
        ),
        ("startDate.lt=2026-12-01T00:00:00Z", 0),
        ("endDate.gt=2027-01-01T00:00:00Z", 1),
        ("endDate.lt=2027-01-01T00:00:00Z", 0),
        (&format!("serviceOrder.id={id}&serviceOrderItem.id=1"), 1),
        (&format!("serviceOrder.id={id}&serviceOrderItem.id=3"), 0),
        ("externalId=mine-1", 1),
        ("externalId=mine", 0),
        ("externalId=", 0),
        ("geographicSite.id=site-1", 1),
        ("geographicSite.id=address-1", 0),
        ("geographicAddress.id=address-1", 1),
        ("serviceType=slice", 1),
        ("serviceType=Slice", 0),
        ("%40type=urn:brokermdo:schema:service-graph:v1", 3),
        ("@type=urn:brokermdo:schema:segment:v1", 0),
        ("startMode=0", 3),
        ("startMode=5", 3),
        ("startMode=1", 0),
        (
            "state=feasibilityChecked&serviceType=slice&startMode=0&limit=1",
            1,
        ),
    ];
    for (query, count) in cases {
        let answer = is(get(&broker, &format!("{SERVICES}?{query}"), A), 200);
        assert_eq!(counts(&answer).0, count, "{query}");
        for document in Document::all() {
            if SERVICES.starts_with(&document.base) {
                document.check("GET", "/service", &answer);
            }
        }
    }
    let first = is(
        get(&broker, &format!("{SERVICES}?externalId=mine-1"), A),
        200,
    )
    .json();
    assert_eq!(
        first[0]["place"][0],
        json!({"role": "a", "place": {"@type": "GeographicSiteRef", "id": "site-1"}})
    );
    assert_eq!(first[0].get("name"), None, "the inventory has no names");
}
