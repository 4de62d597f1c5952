//! `/hub` at all reference points, as the documents have it.

use serde_json::{Value, json};

use crate::broker::{Answer, Broker};

const JSON: &str = "application/json;charset=utf-8";
/// Every served API; of allegro and interlude the inventory is at its second major version.
const APIS: [&str; 10] = [
    "/mefApi/legato/serviceOrderingManagement/v6",
    "/mefApi/legato/serviceOrderingManagement/v5",
    "/mefApi/legato/serviceInventory/v7",
    "/mefApi/legato/serviceInventory/v6",
    "/mefApi/allegro/serviceOrderingManagement/v1",
    "/mefApi/allegro/serviceInventory/v2",
    "/mefApi/allegro/serviceInventory/v1",
    "/mefApi/interlude/serviceOrderingManagement/v1",
    "/mefApi/interlude/serviceInventory/v2",
    "/mefApi/interlude/serviceInventory/v1",
];
const PRINCIPALS: &str = "
[auth]
anonymous = 'nobody'
[[auth.principals]]
name = 'shop'
role = 'buyer'
token = 'shop-secret-0123456'
[[auth.principals]]
name = 'mdo-as2'
role = 'member'
domain = 'AS2'
token = 'as2-secret-01234567'
[[auth.principals]]
name = 'watch'
role = 'auditor'
token = 'watch-secret-012345'
";

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) -> String {
    assert_eq!(answer.status, status, "{answer}");
    assert_eq!(answer.header("content-type"), Some(JSON), "{answer}");
    let body = answer.json();
    assert_eq!(body["code"], code, "{answer}");
    body["reason"].as_str().unwrap().to_owned()
}

#[track_caller]
fn faults(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 422, "{answer}");
    assert_eq!(answer.header("content-type"), Some(JSON), "{answer}");
    let faults = answer.json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let fault = |fault: &Value| (text(&fault["code"]), text(&fault["propertyPath"]));
    faults.as_array().unwrap().iter().map(fault).collect()
}

#[test]
fn a_subscription_is_made_shown_and_deleted_at_every_api() {
    let broker = Broker::start("");
    for api in APIS {
        let hub = format!("{api}/hub");
        let event = if api.contains("Ordering") {
            "serviceOrderStateChangeEvent"
        } else {
            "serviceStateChangeEvent"
        };
        let sent =
            json!({"callback": "http://127.0.0.1:9/me", "query": format!("eventType = {event}")});
        let made = broker.ask("POST", &hub).body(JSON, sent.to_string()).send();
        assert_eq!(made.status, 201, "{made}");
        assert_eq!(made.header("content-type"), Some(JSON));
        let body = made.json();
        let id = body["id"].as_str().unwrap();
        assert_eq!(
            body,
            json!({"id": id, "callback": sent["callback"], "query": sent["query"]})
        );
        let one = format!("{hub}/{id}");
        assert_eq!(made.header("location"), Some(one.as_str()));
        assert_eq!(broker.get(&one).must(200).json(), body);
        // The same name means nothing at another API.
        let other = APIS.iter().find(|other| {
            let place = |api: &str| api.rsplit_once('/').unwrap().0.to_owned();
            place(other) != place(api)
        });
        refused(
            &broker.get(&format!("{}/hub/{id}", other.unwrap())),
            404,
            "notFound",
        );
        let gone = broker.ask("DELETE", &one).send();
        assert_eq!((gone.status, gone.body.len()), (204, 0), "{gone}");
        refused(&broker.get(&one), 404, "notFound");
        refused(&broker.ask("DELETE", &one).send(), 404, "notFound");
    }
}

#[test]
fn without_a_query_none_is_told_back() {
    let broker = Broker::start("");
    let hub = format!("{}/hub", APIS[0]);
    let made = broker
        .ask("POST", &hub)
        .json(&json!({"callback": "http://127.0.0.1:9"}))
        .send();
    let body = made.must(201).json();
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
}

#[test]
fn what_is_wrong_is_told_in_the_words_of_the_documents() {
    let broker = Broker::start("");
    let hub = format!("{}/hub", APIS[0]);
    let send = |body: &str| broker.ask("POST", &hub).body(JSON, body).send();
    refused(&send("{"), 400, "invalidBody");
    assert_eq!(
        faults(&send("[]")),
        [("invalidFormat".to_owned(), String::new())]
    );
    let text = broker.ask("POST", &hub).body("text/plain", "{}").send();
    refused(&text, 415, "invalidBody");
    let large = format!("{{\"callback\": \"{}\"}}", "x".repeat(70_000));
    refused(&send(&large), 413, "invalidBody");
    let wrong = broker.ask("PUT", &hub).body(JSON, "{}").send();
    assert_eq!(
        (wrong.status, wrong.header("content-type")),
        (405, Some(JSON)),
        "{wrong}"
    );
    assert!(wrong.json()["reason"].is_string());
    assert_eq!(wrong.header("allow"), Some("POST"));
    refused(
        &broker.get(&format!("{hub}/{}", "x".repeat(5_000))),
        404,
        "notFound",
    );
    let fault = |code: &str, path: &str| (code.to_owned(), path.to_owned());
    assert_eq!(
        faults(&send("{\"query\": 7, \"extra\": 1}")),
        [
            fault("unexpectedProperty", "/extra"),
            fault("invalidFormat", "/query"),
            fault("missingProperty", "/callback")
        ]
    );
    for (callback, code) in [
        ("ftp://a.example", "invalidValue"),
        ("a", "invalidFormat"),
        ("https://u:p@a.example", "invalidValue"),
    ] {
        let body = json!({"callback": callback}).to_string();
        assert_eq!(faults(&send(&body)), [fault(code, "/callback")]);
    }
    let other = json!({"callback": "https://a.example", "query": "eventType=serviceCreateEvent"});
    assert_eq!(
        faults(&send(&other.to_string())),
        [fault("invalidValue", "/query")]
    );
}

#[test]
fn a_subscription_is_its_buyers_alone() {
    let broker = Broker::start(PRINCIPALS);
    let hub = format!("{}/hub", APIS[7]);
    let body = json!({"callback": "https://shop.example"});
    let post = |token: &str| broker.ask("POST", &hub).token(token).json(&body).send();
    let made = post("shop-secret-0123456").must(201).json();
    let one = format!("{hub}/{}", made["id"].as_str().unwrap());
    let ask = |method: &str, token: &str| broker.ask(method, &one).token(token).send();
    refused(&ask("GET", "as2-secret-01234567"), 404, "notFound");
    refused(&ask("DELETE", "as2-secret-01234567"), 404, "notFound");
    assert_eq!(ask("GET", "watch-secret-012345").status, 200);
    refused(&ask("DELETE", "watch-secret-012345"), 403, "accessDenied");
    refused(&post("watch-secret-012345"), 403, "accessDenied");
    let nobody = broker.ask("POST", &hub).json(&body).send();
    refused(&nobody, 401, "missingCredentials");
    assert_eq!(nobody.header("www-authenticate"), Some("Bearer"));
    refused(&post("no-such-token"), 401, "invalidCredentials");
    assert_eq!(ask("DELETE", "shop-secret-0123456").status, 204);
}

#[test]
fn a_buyer_has_no_more_subscriptions_than_he_may_have() {
    let broker = Broker::start("[sof.notifications]\nsubscriptions_per_buyer = 2\n");
    let post = |api: &str| {
        let body = json!({"callback": "https://a.example"});
        broker.ask("POST", &format!("{api}/hub")).json(&body).send()
    };
    post(APIS[0]).must(201);
    let second = post(APIS[2]).must(201).json();
    let fault = ("otherIssue".to_owned(), String::new());
    assert_eq!(faults(&post(APIS[4])), [fault]);
    let one = format!("{}/hub/{}", APIS[2], second["id"].as_str().unwrap());
    broker.ask("DELETE", &one).send().must(204);
    post(APIS[4]).must(201);
}

#[test]
fn callbacks_into_our_own_network_are_refused_unless_the_settings_list_it() {
    let subscribe = |broker: &Broker, callback: &str| {
        let hub = format!("{}/hub", APIS[0]);
        let ask = broker.ask("POST", &hub).token("shop-secret-0123456");
        ask.json(&json!({"callback": callback})).send()
    };
    let fault = ("invalidValue".to_owned(), "/callback".to_owned());
    let strict = Broker::start(PRINCIPALS);
    for inside in [
        "http://127.0.0.1:1",
        "https://127.0.0.1:1",
        "https://[::1]",
        "https://10.0.0.1",
        "https://169.254.169.254",
        "http://a.example",
        "https://2130706433",
    ] {
        let told = faults(&subscribe(&strict, inside));
        assert_eq!(told.as_slice(), std::slice::from_ref(&fault), "{inside}");
    }
    assert_eq!(subscribe(&strict, "https://a.example").status, 201);
    let open = Broker::start(&format!(
        "[sof.notifications]\nallow = ['10.1.0.0/16']\n{PRINCIPALS}"
    ));
    assert_eq!(subscribe(&open, "http://10.1.2.3").status, 201);
    assert_eq!(subscribe(&open, "http://a.example").status, 201);
    assert_eq!(faults(&subscribe(&open, "https://127.0.0.1")), [fault]);
}
