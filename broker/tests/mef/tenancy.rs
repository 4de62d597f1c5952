//! Who sees and does what.

use serde_json::json;

use super::sof::{
    A, AUDITOR, B, MEMBER, OPERATOR, ORDERS, SERVICES, add, faults, get, graph, ids, is, order,
    post, start,
};

#[test]
fn what_is_anothers_is_not_there() {
    let broker = start("");
    let order_of = |token: &str| is(post(&broker, ORDERS, token, &order(&[add("1")])), 201).json();
    let (of_a, of_b, of_member) = (order_of(A), order_of(B), order_of(MEMBER));
    let id = |told: &serde_json::Value| told["id"].as_str().unwrap().to_owned();
    let service = |told: &serde_json::Value| id(&told["serviceOrderItem"][0]["service"]);
    let all = [id(&of_a), id(&of_b), id(&of_member)];
    for (token, seen) in [
        (A, &all[..1]),
        (B, &all[1..2]),
        (MEMBER, &all[2..]),
        (OPERATOR, &all[..]),
        (AUDITOR, &all[..]),
    ] {
        let listed = is(get(&broker, ORDERS, token), 200);
        assert_eq!(ids(&listed), seen, "{token}");
        assert_eq!(
            listed.header("x-total-count"),
            Some(&*seen.len().to_string())
        );
        let listed = is(get(&broker, SERVICES, token), 200);
        assert_eq!(ids(&listed).len(), seen.len(), "{token}");
        for told in [&of_a, &of_b, &of_member] {
            let status = if seen.contains(&id(told)) { 200 } else { 404 };
            is(
                get(&broker, &format!("{ORDERS}/{}", id(told)), token),
                status,
            );
            is(
                get(&broker, &format!("{SERVICES}/{}", service(told)), token),
                status,
            );
        }
    }
    // Nor can it be referred to.
    let mut body = order(&[json!({"id": "1", "action": "modify",
        "service": {"id": service(&of_a), "serviceConfiguration": graph()}})]);
    body["orderRelationship"] =
        json!([{"relationshipType": "after", "serviceOrder": {"id": id(&of_a)}}]);
    let refused = post(&broker, ORDERS, B, &body);
    let mut told = faults(&refused);
    told.sort();
    let expected = [
        "/orderRelationship/0/serviceOrder/id",
        "/serviceOrderItem/0/service/id",
    ]
    .map(|path| ("referenceNotFound".to_owned(), path.to_owned()));
    assert_eq!(told, expected);
    assert!(!refused.text().contains("at work"), "nothing is told of it");
}

#[test]
fn an_auditor_looks_and_orders_nothing() {
    let broker = start("");
    let refused = is(post(&broker, ORDERS, AUDITOR, &order(&[add("1")])), 403);
    assert_eq!(refused.json()["code"], "accessDenied");
    is(post(&broker, ORDERS, OPERATOR, &order(&[add("1")])), 201);
}
