//! Partners and agreements, as the document describes them.

use serde_json::{Value, json};

use super::answers::Checked;
use super::broker::{Ask, eventually};
use super::fake::{Fake, Wrong};

const PARTNER: &str = "/broker/v1/partners/AS2";

fn told(fake: &Fake) -> Value {
    json!({
        "name": "Two", "legal-entity": "529900T8BM49AURSDO55", "base-url": fake.url(),
        "apis": {"service-ordering": 1, "service-inventory": 2, "service-function-testing": 3},
        "credentials": null, "service-types": ["urn:brokermdo:schema:segment:v1"],
    })
}

fn agreed() -> Value {
    json!({
        "service-type": "urn:brokermdo:schema:segment:v1",
        "valid-from": "2026-01-01T00:00:00Z", "valid-until": "2030-01-01T00:00:00Z",
        "bounds": {"services": 3, "bandwidth": "10 Gbit/s", "cpu": 4.5},
        "price": {"segment": 1.5, "function": 0.25, "mbps": 0}, "sls": {"delay": 5, "availability": 0.99},
    })
}

fn event(broker: &mut Checked, token: &str, status: u16, event: &Value) {
    let path = format!(
        "/broker/v1/callbacks/{token}/mefApi/interlude/serviceOrderingNotification/v1/listener/serviceOrderCreateEvent"
    );
    // Errors are MEF's, and no problems.
    let answer = broker.broker.ask("POST", &path).json(event).send();
    assert_eq!(answer.status, status, "{answer}");
    broker.document.check("POST", &path, &answer);
}

/// Each operation of partners with each answer of success.
pub(crate) fn successes(broker: &mut Checked) {
    let fake = Fake::start();
    let partner = told(&fake);
    let schema = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    broker
        .document
        .check_body(&schema("PartnerRequest"), &partner);
    let mut places = partner.clone();
    places["apis"] = json!({
        "service-ordering": {"url": fake.url(), "versions": [1], "reference-point": "interlude"},
        "service-inventory": {"versions": [1, 2]}, "service-function-testing": 3,
    });
    broker
        .document
        .check_body(&schema("PartnerRequest"), &places);
    for (status, told) in [(201, &places), (200, &partner)] {
        broker.ask("PUT", PARTNER, status, |ask| ask.json(told));
    }
    // With a line, a subscription and what was found.
    eventually("the partner notifies us", || {
        let now = broker.broker.get(PARTNER).json();
        now["subscription"]["registered"].is_string().then_some(())
    });
    broker.get(PARTNER, 200);
    broker.get("/broker/v1/partners", 200);
    for what in ["suspend", "resume"] {
        broker.ask("POST", &format!("{PARTNER}/{what}"), 200, |ask| ask);
    }
    fake.next("GET", Wrong::Resets);
    broker.ask("POST", &format!("{PARTNER}/check"), 200, |ask| ask);
    let agreement = format!("{PARTNER}/agreements/frame");
    broker
        .document
        .check_body(&schema("AgreementRequest"), &agreed());
    for status in [201, 200] {
        broker.ask("PUT", &agreement, status, |ask| ask.json(&agreed()));
    }
    let version = broker.get(&agreement, 200).etag().to_owned();
    broker.ask("GET", &agreement, 304, |ask| {
        ask.header("If-None-Match", version)
    });
    let open = json!({"service-type": "urn:a1:b", "valid-from": "2026-01-01T00:00:00Z"});
    broker.ask("PUT", &format!("{PARTNER}/agreements/open"), 201, |ask| {
        ask.json(&open)
    });
    broker.get(&format!("{PARTNER}/agreements"), 200);
    broker.ask("DELETE", &agreement, 204, |ask| ask);
    let callback = fake.with(|world| world.hubs[0]["callback"].as_str().unwrap().to_owned());
    let token = callback.rsplit('/').next().unwrap();
    let good = json!({
        "eventId": "e", "eventTime": "2026-11-29T12:00:00Z",
        "eventType": "serviceOrderCreateEvent", "event": {"id": "o-1"},
    });
    broker
        .document
        .check_body(&schema("PartnerNotification"), &good);
    event(broker, token, 204, &good);
    event(broker, token, 400, &json!({}));
    event(broker, "nobody", 404, &good);
    broker.ask("POST", &format!("{PARTNER}/retire"), 200, |ask| ask);
    broker.ask("PUT", PARTNER, 200, |ask| ask.json(&partner));
    broker.ask("DELETE", PARTNER, 200, |ask| ask);
}

#[test]
fn problems_of_partners_are_as_described() {
    let fake = Fake::start();
    let mut broker = Checked::start("");
    let none = |ask: Ask| ask;
    let agreement = format!("{PARTNER}/agreements/frame");
    for path in [PARTNER, &agreement, &format!("{PARTNER}/agreements")] {
        broker.get(path, 404);
    }
    for what in ["suspend", "resume", "retire", "check"] {
        broker.ask("POST", &format!("{PARTNER}/{what}"), 404, none);
    }
    broker.ask("PUT", &agreement, 404, |ask| ask.json(&agreed()));
    broker.ask("DELETE", &agreement, 404, none);
    broker.ask("PUT", PARTNER, 400, |ask| ask.json(&json!({"name": 7})));
    broker.ask("PUT", PARTNER, 415, |ask| ask.body("text/plain", "x"));
    broker.ask("PUT", PARTNER, 412, |ask| {
        ask.header("If-Match", "*").json(&told(&fake))
    });
    broker.ask("PUT", PARTNER, 201, |ask| ask.json(&told(&fake)));
    broker.ask("PUT", PARTNER, 412, |ask| {
        ask.header("If-None-Match", "*").json(&told(&fake))
    });
    broker.ask("POST", &format!("{PARTNER}/resume"), 409, none);
    broker.ask("POST", &format!("{PARTNER}/suspend"), 412, |ask| {
        ask.header("If-Match", "\"99999\", \"x\"")
    });
    broker.ask("PUT", &agreement, 400, |ask| ask.json(&json!({})));
    broker.ask("DELETE", PARTNER, 200, none);
    broker.ask("DELETE", PARTNER, 409, none);
    broker.ask("PUT", &agreement, 409, |ask| ask.json(&agreed()));
    broker.ask("GET", "/broker/v1/partners", 406, |ask| {
        ask.header("Accept", "text/html")
    });
    broker.get("/broker/v1/partners?afer=x", 400);
}
