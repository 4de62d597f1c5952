//! A broker with buyers, and orders for it.

use serde_json::{Value, json};

use super::broker::{Answer, Ask, Broker};

pub(crate) const JSON: &str = "application/json;charset=utf-8";
pub(crate) const A: &str = "token-of-the-buyer-a";
pub(crate) const B: &str = "token-of-the-buyer-b";
pub(crate) const MEMBER: &str = "token-of-the-member-as1";
pub(crate) const OPERATOR: &str = "token-of-the-operator";
pub(crate) const AUDITOR: &str = "token-of-the-auditor";

/// Paths of Legato.
pub(crate) const ORDERS: &str = "/mefApi/legato/serviceOrderingManagement/v6/serviceOrder";
pub(crate) const SERVICES: &str = "/mefApi/legato/serviceInventory/v7/service";

/// A broker with these settings besides, and two buyers, a member, an operator and an auditor.
pub(crate) fn start(settings: &str) -> Broker {
    let principal = |name: &str, role: &str, token: &str, domain: &str| {
        format!(
            "[[auth.principals]]\nname = '{name}'\nrole = '{role}'\ntoken = '{token}'\n{domain}\n"
        )
    };
    let limits = "[limits]\nrequests_per_second = 10000\nburst = 10000\n";
    Broker::start(
        &[
            settings,
            if settings.contains("[limits]") {
                ""
            } else {
                limits
            },
            &principal("a", "buyer", A, ""),
            &principal("b", "buyer", B, ""),
            &principal("as1", "member", MEMBER, "domain = 'AS1'"),
            &principal("ops", "operator", OPERATOR, ""),
            &principal("aud", "auditor", AUDITOR, ""),
        ]
        .join("\n"),
    )
}

/// A service graph.
pub(crate) fn graph() -> Value {
    json!({
        "@type": "urn:brokermdo:schema:service-graph:v1",
        "sg": {
            "nfs": ["NF1"],
            "saps": ["SAP1", "SAP2"],
            "sg_links": [
                {"id": 1, "src-node": "SAP1", "dst-node": "NF1"},
                {"id": 2, "src-node": "NF1", "dst-node": "SAP2"},
            ],
            "reqs": [{"id": 1, "src-node": "SAP1", "dst-node": "SAP2", "sg-path": [1, 2]}],
        },
    })
}

/// An item that adds a service.
pub(crate) fn add(id: &str) -> Value {
    json!({"id": id, "action": "add", "service": {"serviceConfiguration": graph()}})
}

/// An order of these items. It stays as it was taken: nobody works on it before its start.
pub(crate) fn order(items: &[Value]) -> Value {
    json!({
        "requestedStartDate": "2125-01-01T00:00:00Z",
        "requestedCompletionDate": "2126-01-01T00:00:00+01:00",
        "serviceOrderItem": items,
    })
}

/// An order with all that one may have.
pub(crate) fn full() -> Value {
    let contact = json!({"name": "Ada", "number": "1", "numberExtension": "2", "emailAddress": "ada@a.example",
        "organization": "A", "role": "notificationContact",
        "postalAddress": {"streetName": "S", "city": "C", "countryCode": "DE",
            "subUnit": [{"subUnitNumber": "1", "subUnitType": "UNIT"}]}});
    let note = json!({"id": "n", "author": "Ada", "date": "2026-01-01T00:00:00Z", "source": "bus", "text": "soon"});
    let mut first = add("1");
    first["note"] = json!([note]);
    first["relatedContactInformation"] = json!([contact]);
    first["coordinatedAction"] = json!([{"itemId": "2", "coordinationDependency": "startToFinish",
        "coordinatedActionDelay": {"amount": 5, "units": "minutes"}}]);
    first["serviceOrderItemRelationship"] =
        json!([{"relationshipType": "uses", "orderItem": {"itemId": "2"}}]);
    let service = &mut first["service"];
    service["name"] = json!("my service");
    service["description"] = json!("a description");
    service["externalId"] = json!("mine-1");
    service["serviceType"] = json!("slice");
    service["state"] = json!("inactive");
    service["startDate"] = json!("2026-12-01T00:00:00Z");
    service["endDate"] = json!("2027-12-01T00:00:00Z");
    service["note"] = json!([note]);
    service["relatedContactInformation"] = json!([contact]);
    service["place"] = json!([
        {"role": "a", "place": {"@type": "GeographicSiteRef", "id": "site-1"}},
        {"role": "b", "place": {"@type": "GeographicAddressRef", "id": "address-1"}},
        {"role": "c", "place": {"@type": "GeographicAddress_Query",
            "labelRepresentation": [{"label": "l", "administrativeAuthority": "x"}]}},
    ]);
    let mut body = order(&[first, add("2")]);
    body["description"] = json!("an order");
    body["externalId"] = json!("order-1");
    body["note"] = json!([note]);
    body["relatedContactInformation"] = json!([contact]);
    body
}

/// Orders at a path, as a buyer.
pub(crate) fn post(broker: &Broker, path: &str, token: &str, body: &Value) -> Answer {
    ask(broker, "POST", path, token)
        .body(JSON, body.to_string())
        .send()
}

pub(crate) fn get(broker: &Broker, path: &str, token: &str) -> Answer {
    ask(broker, "GET", path, token).send()
}

pub(crate) fn ask(broker: &Broker, method: &str, path: &str, token: &str) -> Ask {
    broker.ask(method, path).token(token)
}

/// The answer, which must have this status and be of MEF's type.
#[track_caller]
pub(crate) fn is(answer: Answer, status: u16) -> Answer {
    assert_eq!(answer.status, status, "{answer}");
    assert_eq!(answer.header("content-type"), Some(JSON), "{answer}");
    answer
}

/// Code and path of each fault of a 422.
#[track_caller]
pub(crate) fn faults(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 422, "{answer}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let faults = answer.json();
    let faults = faults.as_array().unwrap().iter();
    faults
        .map(|fault| (text(&fault["code"]), text(&fault["propertyPath"])))
        .collect()
}

/// The ids of a list.
pub(crate) fn ids(answer: &Answer) -> Vec<String> {
    let list = answer.json();
    let list = list.as_array().unwrap().iter();
    list.map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}
