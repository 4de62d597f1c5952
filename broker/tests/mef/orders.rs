//! Orders are taken, shown, and refused.

use serde_json::{Value, json};

use super::document::Document;
use super::sof::{
    A, JSON, ORDERS, SERVICES, add, ask, faults, full, get, graph, is, order, post, start,
};

#[test]
fn mplify99_1_use_cases_1_to_3_at_every_reference_point_and_version() {
    let broker = start("");
    let documents = Document::all();
    let cases = [
        ("legato", 6, 7),
        ("legato", 5, 6),
        ("allegro", 1, 2),
        ("interlude", 1, 2),
    ];
    for (at, ordering, inventory) in cases {
        let orders = format!("/mefApi/{at}/serviceOrderingManagement/v{ordering}/serviceOrder");
        let services = format!("/mefApi/{at}/serviceInventory/v{inventory}/service");
        let body = full();
        let taken = is(post(&broker, &orders, A, &body), 201);
        let told = taken.json();
        let id = told["id"].as_str().unwrap();
        assert_eq!(told["state"], "acknowledged");
        assert_eq!(told["href"], format!("{orders}/{id}"));
        assert_eq!(taken.header("location"), told["href"].as_str());
        assert!(is_in(&body, &told), "{body:#} {told:#}");

        let shown = is(get(&broker, &format!("{orders}/{id}"), A), 200);
        assert_eq!(shown.json(), told);
        let listed = is(get(&broker, &orders, A), 200);
        assert!(listed.json().as_array().unwrap().contains(&told));

        let item = &told["serviceOrderItem"][0];
        let service = item["service"]["id"].as_str().unwrap();
        let path = format!("{services}/{service}");
        assert_eq!(item["service"]["href"], path);
        let shown = is(get(&broker, &path, A), 200);
        let told = shown.json();
        assert_eq!(told["serviceConfiguration"], graph());
        assert_eq!(told["serviceOrderItem"][0]["serviceOrderId"], id);
        let all = is(get(&broker, &services, A), 200);
        for document in &documents {
            let root = document.base.as_str();
            if orders.starts_with(root) {
                document.check("POST", "/serviceOrder", &taken);
                document.check("GET", "/serviceOrder", &listed);
            }
            if services.starts_with(root) {
                document.check("GET", "/service/{id}", &shown);
                document.check("GET", "/service", &all);
            }
        }
    }
}

/// Whether all of `part` is in `whole`, at its place.
fn is_in(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part
            .iter()
            .all(|(name, value)| whole.get(name).is_some_and(|of| is_in(value, of))),
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len() && part.iter().zip(whole).all(|(a, b)| is_in(a, b))
        }
        (part, whole) => part == whole,
    }
}

#[test]
fn what_we_take_the_documents_take() {
    for document in Document::all() {
        if document.base.contains("serviceOrdering") {
            assert!(document.is("ServiceOrder_Create", &full()));
            assert!(document.is("ServiceOrder_Create", &order(&[add("1")])));
        }
    }
}

#[test]
fn error422_all_faults_at_once_in_the_documents_form() {
    let broker = start("");
    let mut body = order(&[
        json!({"id": "1", "action": "add", "service": {"serviceConfiguration": {"@type": "urn:other:v1"}}}),
        json!({"id": "1", "action": "modify", "service": {"id": "b1946ac9-2449-4a3e-b5a4-0c3a0f6c1f6e", "serviceConfiguration": graph()}}),
    ]);
    body["colour"] = json!("red");
    body["requestedStartDate"] = json!("soon");
    body["serviceOrderItem"][1]["service"]["serviceConfiguration"]["sg"]["saps"] = json!([7]);
    let answer = is(post(&broker, ORDERS, A, &body), 422);
    let mut told = faults(&answer);
    told.sort();
    let at = "/serviceOrderItem";
    let mut expected = [
        ("unexpectedProperty", "/colour".to_owned()),
        ("invalidFormat", "/requestedStartDate".to_owned()),
        (
            "invalidValue",
            format!("{at}/0/service/serviceConfiguration/@type"),
        ),
        ("invalidValue", format!("{at}/1/id")),
        ("referenceNotFound", format!("{at}/1/service/id")),
        (
            "invalidValue",
            format!("{at}/1/service/serviceConfiguration/sg/saps"),
        ),
    ]
    .map(|(code, path)| (code.to_owned(), path));
    expected.sort();
    assert_eq!(told, expected, "{answer}");
    for document in Document::all() {
        if ORDERS.starts_with(&document.base) {
            document.check("POST", "/serviceOrder", &answer);
        }
    }
    assert_eq!(get(&broker, ORDERS, A).header("x-total-count"), Some("0"));
    assert_eq!(get(&broker, SERVICES, A).header("x-total-count"), Some("0"));
}

#[test]
fn a_service_that_an_item_is_at_work_on_takes_no_other() {
    let broker = start("");
    let taken = is(post(&broker, ORDERS, A, &order(&[add("1")])), 201).json();
    let service = &taken["serviceOrderItem"][0]["service"]["id"];
    for item in [
        json!({"id": "1", "action": "modify", "service": {"id": service, "serviceConfiguration": graph()}}),
        json!({"id": "1", "action": "delete", "service": {"id": service}}),
    ] {
        let answer = post(&broker, ORDERS, A, &order(&[item]));
        let path = "/serviceOrderItem/0/service/id".to_owned();
        assert_eq!(faults(&answer), [("otherIssue".to_owned(), path)]);
        let reason = answer.json()[0]["reason"].as_str().unwrap().to_owned();
        assert!(reason.contains(taken["id"].as_str().unwrap()), "{reason}");
    }
}

#[test]
fn a_segment_is_ordered_at_interlude_alone() {
    let broker = start("");
    let segment = json!({"id": "1", "action": "add",
        "service": {"serviceConfiguration": {"@type": "urn:brokermdo:schema:segment:v1"}}});
    let path = "/serviceOrderItem/0/service/serviceConfiguration/@type";
    for at in [
        "legato/serviceOrderingManagement/v6",
        "allegro/serviceOrderingManagement/v1",
    ] {
        let orders = format!("/mefApi/{at}/serviceOrder");
        let answer = post(&broker, &orders, A, &order(std::slice::from_ref(&segment)));
        assert_eq!(
            faults(&answer),
            [("invalidValue".to_owned(), path.to_owned())]
        );
    }
    let orders = "/mefApi/interlude/serviceOrderingManagement/v1/serviceOrder";
    let answer = post(&broker, orders, A, &order(&[segment]));
    let is_unknown = |body: &Value| body[0]["propertyPath"] == path;
    assert!(
        answer.status == 201 || !is_unknown(&answer.json()),
        "{answer}"
    );
}

#[test]
fn an_order_may_hold_as_much_as_the_settings_say() {
    let broker = start("[sof.orders]\nitems = 2\nreferences = 1\n");
    let of = |count: usize| {
        let items: Vec<Value> = (0..count).map(|at| add(&at.to_string())).collect();
        post(&broker, ORDERS, A, &order(&items))
    };
    is(of(2), 201);
    let at = "/serviceOrderItem".to_owned();
    assert_eq!(faults(&of(3)), [("invalidValue".to_owned(), at)]);
    let mut body = order(&[add("1")]);
    body["orderRelationship"] = json!([
        {"relationshipType": "after", "serviceOrder": {"id": "1"}},
        {"relationshipType": "after", "serviceOrder": {"id": "2"}},
    ]);
    let answer = post(&broker, ORDERS, A, &body);
    assert_eq!(faults(&answer), [("otherIssue".to_owned(), String::new())]);
}

#[test]
fn a_hyperlink_of_an_answer_leads_to_the_public_url() {
    let broker = start("[sof]\npublic_url = 'https://sof.example/lso/'\n");
    let body = order(&[add("1")]).to_string();
    let taken = ask(&broker, "POST", ORDERS, A)
        .body("application/json", &body)
        .send();
    let told = is(taken, 201).json();
    let id = told["id"].as_str().unwrap();
    assert_eq!(
        told["href"],
        format!("https://sof.example/lso{ORDERS}/{id}")
    );
    // Types that mean the same.
    for kind in ["application/json; charset=UTF-8", "APPLICATION/JSON", JSON] {
        let answer = ask(&broker, "POST", ORDERS, A).body(kind, &body).send();
        is(answer, 201);
    }
}
