//! The API for partners and agreements, at a real `brokerd`.

use serde_json::{Value, json};

use super::broker::{Answer, Broker, eventually};
use super::fake::{Fake, Wrong};
use super::world::told;

const SETTINGS: &str = "
[sof.credentials.as2]
bearer = 'partner-secret-0123456789'
[sof.interlude]
timeout = '1s'
keep = '100ms'
";
const AS2: &str = "/broker/v1/partners/AS2";

fn put(broker: &Broker, fake: &Fake) -> Answer {
    broker.ask("PUT", AS2).json(&told(&fake.url())).send()
}

fn step(broker: &Broker, what: &str) -> Answer {
    broker.ask("POST", &format!("{AS2}/{what}")).send()
}

fn agreed() -> Value {
    json!({
        "service-type": "urn:brokermdo:schema:segment:v1", "valid-from": "2026-01-01T00:00:00Z",
        "bounds": {"services": 3, "bandwidth": "10 Gbit/s"}, "price": {"segment": 1.5}, "sls": {"delay": "5 ms"},
    })
}

#[test]
fn a_partner_is_told_looked_at_stopped_and_retired() {
    let (broker, fake) = (Broker::start(SETTINGS), Fake::start());
    broker.get(AS2).must(404);
    let made = put(&broker, &fake).must(201);
    let body = made.json();
    assert_eq!(body["state"], "active");
    assert_eq!(body["conformance"]["passed"], true, "{body:#}");
    assert!(!body.to_string().contains("secret"));
    let subscribed = eventually("the partner notifies us", || {
        let now = broker.get(AS2).must(200).json();
        now["subscription"]["registered"].is_string().then_some(now)
    });
    assert_eq!(subscribed["line"]["circuit"], "closed");
    // The secret part of the callback is nowhere to be read.
    let callback = fake.with(|world| world.hubs[0]["callback"].as_str().unwrap().to_owned());
    let token = callback.rsplit('/').next().unwrap();
    assert!(!subscribed.to_string().contains(token));
    assert!(callback.starts_with(&format!("http://{}/broker/v1/callbacks/", broker.address)));
    let path = format!(
        "/broker/v1/callbacks/{token}/mefApi/interlude/serviceOrderingNotification/v1/listener/serviceOrderCreateEvent"
    );
    let event = json!({"eventId": "e", "eventTime": "2026-11-29T12:00:00Z", "eventType": "serviceOrderCreateEvent", "event": {"id": "o"}});
    assert_eq!(broker.ask("POST", &path).json(&event).send().status, 204);

    assert_eq!(
        step(&broker, "suspend").must(200).json()["state"],
        "suspended"
    );
    let refused = step(&broker, "suspend").must(409);
    assert!(
        refused.detail().contains("Suspended does not take Suspend"),
        "{refused}"
    );
    assert_eq!(step(&broker, "resume").must(200).json()["state"], "active");
    // Another look that fails changes nothing but what was found.
    fake.next("POST", Wrong::Says(500, "{}".to_owned()));
    let looked = step(&broker, "check").must(200).json();
    assert_eq!(
        (&looked["state"], &looked["conformance"]["passed"]),
        (&json!("active"), &json!(false))
    );
    let retired = broker.ask("DELETE", AS2).send().must(200).json();
    assert_eq!(retired["state"], "retired");
    for what in ["suspend", "resume", "retire", "check"] {
        step(&broker, what).must(409);
    }
    eventually("the partner does not notify us any more", || {
        fake.with(|world| world.hubs.is_empty()).then_some(())
    });
    let listed = broker.get("/broker/v1/partners").must(200).json();
    assert_eq!(listed["partners"][0]["domain"], "AS2");
    assert_eq!(listed["more"], false);
    assert_eq!(
        broker.get("/broker/v1/partners?after=AS2").must(200).json()["partners"],
        json!([])
    );
    let metrics = broker.get("/metrics").must(200);
    assert!(
        metrics.text().contains(
            "partner_calls_total{partner=\"AS2\",operation=\"subscribe\",outcome=\"ok\"} 1"
        ),
        "{metrics}"
    );
}

#[test]
fn a_partner_that_cannot_be_reached_is_kept_and_fails_until_it_can() {
    let broker = Broker::start(SETTINGS);
    let fake = Fake::start();
    for _ in 0..3 {
        fake.next("GET", Wrong::Says(503, "{}".to_owned()));
    }
    let made = put(&broker, &fake).must(201).json();
    assert_eq!(made["state"], "failing");
    assert!(
        made["conformance"]["checks"][0]["fault"]
            .as_str()
            .unwrap()
            .contains("HTTP 503")
    );
    eventually("it is looked at again", || {
        (broker.get(AS2).must(200).json()["state"] == "active").then_some(())
    });
}

#[test]
fn rfc9110_13_changes_depend_on_the_version_of_the_record() {
    let (broker, fake) = (Broker::start(SETTINGS), Fake::start());
    let made = put(&broker, &fake).must(201);
    let body = told(&fake.url());
    let again = broker
        .ask("PUT", AS2)
        .header("If-None-Match", "*")
        .json(&body);
    again.send().must(412);
    let path = format!("{AS2}/agreements/frame");
    let first = broker
        .ask("PUT", &path)
        .header("If-None-Match", "*")
        .json(&agreed())
        .send()
        .must(201);
    let second = broker
        .ask("PUT", &path)
        .header("If-Match", first.etag())
        .json(&agreed())
        .send()
        .must(200);
    assert_ne!(first.etag(), second.etag());
    let stale = broker
        .ask("PUT", &path)
        .header("If-Match", first.etag())
        .json(&agreed())
        .send()
        .must(412);
    assert_eq!(stale.etag(), second.etag());
    assert_eq!(broker.get(&path).must(200).etag(), second.etag());
    let known = broker
        .ask("GET", &path)
        .header("If-None-Match", second.etag());
    known.send().must(304);
    broker
        .ask("DELETE", &path)
        .header("If-Match", first.etag())
        .send()
        .must(412);
    broker
        .ask("DELETE", &path)
        .header("If-Match", second.etag())
        .send()
        .must(204);
    broker.get(&path).must(404);
    broker.ask("DELETE", &path).send().must(404);
    let stale = broker
        .ask("POST", &format!("{AS2}/suspend"))
        .header("If-Match", "\"1234567\"");
    stale.send().must(412);
    let _ = made;
}

#[test]
fn agreements_are_listed_in_order_and_those_of_nobody_are_not_there() {
    let (broker, fake) = (Broker::start(SETTINGS), Fake::start());
    let path = |id: &str| format!("{AS2}/agreements/{id}");
    broker
        .ask("PUT", &path("a"))
        .json(&agreed())
        .send()
        .must(404);
    broker.get(&format!("{AS2}/agreements")).must(404);
    put(&broker, &fake).must(201);
    for id in ["b", "a", "2026.frame_1"] {
        broker
            .ask("PUT", &path(id))
            .json(&agreed())
            .send()
            .must(201);
    }
    let listed = broker.get(&format!("{AS2}/agreements")).must(200).json();
    let ids: Vec<&str> = listed["agreements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| of["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["2026.frame_1", "a", "b"]);
    assert_eq!(
        listed["agreements"][0]["bounds"]["bandwidth"],
        10_000_000_000_u64
    );
    assert_eq!(listed["agreements"][0]["price"]["segment"], 1.5);
    broker.ask("DELETE", AS2).send().must(200);
    broker
        .ask("PUT", &path("c"))
        .json(&agreed())
        .send()
        .must(409);
    broker.ask("DELETE", &path("a")).send().must(204);
}

#[test]
fn bad_requests_name_field_value_and_rule() {
    let (broker, fake) = (Broker::start(SETTINGS), Fake::start());
    let good = told(&fake.url());
    let with = |name: &str, value: Value| {
        let mut told = good.clone();
        told[name] = value;
        told
    };
    for (body, field, rule) in [
        (
            with("base-url", json!("mailto:a@b")),
            "base-url",
            "http or https",
        ),
        (
            with("credentials", json!("nobody's")),
            "credentials",
            "sof.credentials.NAME",
        ),
        (
            with("apis", json!({"service-ordering": 3})),
            "apis/service-ordering",
            "from 1 to 1",
        ),
        (with("state", json!("active")), "state", "known here"),
    ] {
        let refused = broker.ask("PUT", AS2).json(&body).send().must(400).json();
        assert_eq!(refused["errors"][0]["field"], field, "{refused:#}");
        assert!(
            refused["errors"][0]["rule"]
                .as_str()
                .unwrap()
                .contains(rule),
            "{refused:#}"
        );
    }
    // All at once, credentials that are not there too.
    let mut bad = with("base-url", json!("mailto:a@b"));
    bad["credentials"] = json!("nobody's");
    bad["service-types"] = json!(["segment"]);
    let refused = broker.ask("PUT", AS2).json(&bad).send().must(400).json();
    let fields: Vec<&str> = refused["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["base-url", "service-types[0]", "credentials"]);
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .starts_with("3 fields are wrong: base-url: "),
        "{refused:#}"
    );
    broker
        .ask("PUT", "/broker/v1/partners/a%20b")
        .json(&good)
        .send()
        .must(400);
    broker
        .ask("PUT", AS2)
        .body("text/plain", "{}")
        .send()
        .must(415);
    broker
        .ask("PUT", AS2)
        .body("application/json", "{")
        .send()
        .must(400);
    broker
        .ask("PUT", AS2)
        .body("application/json", " ".repeat(300 << 10))
        .send()
        .must(413);
    broker.get(AS2).must(404);
    assert_eq!(fake.asked("").len(), 0);
    put(&broker, &fake).must(201);
    for id in ["..", "a%20b", "%ff", &"a".repeat(65)] {
        let path = format!("{AS2}/agreements/{id}");
        let refused = broker.ask("PUT", &path).json(&agreed()).send();
        assert!([400, 404].contains(&refused.status), "{refused}");
    }
}

#[test]
fn operators_manage_auditors_look_and_nobody_else_does_either() {
    let principal = |name: &str, role: &str| {
        format!(
            "[[auth.principals]]\nname = '{name}'\nrole = '{role}'\ntoken = 'sixteen letters {name}'\n"
        )
    };
    let settings = format!(
        "{SETTINGS}{}{}{}{}domain = 'AS7'\n",
        principal("ops", "operator"),
        principal("aud", "auditor"),
        principal("bus", "buyer"),
        principal("mdo", "member"),
    );
    let (broker, fake) = (Broker::start(&settings), Fake::start());
    let body = told(&fake.url());
    for (who, sees, manages) in [
        ("ops", 404, 201),
        ("aud", 404, 403),
        ("bus", 403, 403),
        ("mdo", 403, 403),
    ] {
        let token = format!("sixteen letters {who}");
        broker
            .ask("GET", "/broker/v1/partners/AS9")
            .token(&token)
            .send()
            .must(sees);
        broker
            .ask("PUT", AS2)
            .token(&token)
            .json(&body)
            .send()
            .must(manages);
        let steps = broker
            .ask("POST", &format!("{AS2}/suspend"))
            .token(&token)
            .send();
        steps.must(if manages == 201 { 200 } else { 403 });
    }
    broker.ask("PUT", AS2).json(&body).send().must(403);
}

#[test]
fn partners_of_the_settings_are_there_and_looked_at() {
    let fake = Fake::start();
    let settings = format!(
        "{SETTINGS}[[sof.partners]]\nid = '2'\nbase_url = '{}'\napis = {{ service_ordering = 1 }}\n\
         credentials = 'as2'\nservice_types = ['urn:brokermdo:schema:segment:v1']\n",
        fake.url()
    );
    let broker = Broker::start(&settings);
    eventually("it passed its check", || {
        (broker.get(AS2).must(200).json()["state"] == "active").then_some(())
    });
    assert_eq!(fake.asked("serviceInventory").len(), 0);
}

#[test]
fn a_partner_with_a_url_for_each_api_is_told_shown_and_looked_at() {
    let (broker, orders, services) = (Broker::start(SETTINGS), Fake::start(), Fake::start());
    let mut partner = told(&orders.url());
    partner["apis"] = json!({
        "service-ordering": 1,
        "service-inventory": {"url": services.url(), "versions": [1, 2]},
    });
    let made = broker
        .ask("PUT", AS2)
        .json(&partner)
        .send()
        .must(201)
        .json();
    assert_eq!(made["state"], "active", "{made:#}");
    let expected = json!({
        "service-ordering":
            {"reference-point": "interlude", "url": format!("{}/", orders.url()), "versions": [1], "spoken": 1},
        "service-inventory":
            {"reference-point": "interlude", "url": format!("{}/", services.url()), "versions": [1, 2], "spoken": 2},
    });
    assert_eq!(made["apis"], expected);
    assert!(orders.asked("serviceInventory").is_empty());
    assert!(services.asked("serviceOrderingManagement").is_empty());
    assert!(!services.asked("serviceInventory/v1").is_empty());
    // What is shown can be told.
    partner["apis"] = made["apis"].clone();
    for api in partner["apis"].as_object_mut().unwrap().values_mut() {
        api.as_object_mut().unwrap().remove("spoken");
    }
    partner.as_object_mut().unwrap().remove("base-url");
    let again = broker
        .ask("PUT", AS2)
        .json(&partner)
        .send()
        .must(200)
        .json();
    assert_eq!(again["apis"], expected);
}

#[test]
fn the_rules_that_hold_are_read_for_each_kind_of_service() {
    let own = "
[sof.work]
candidates = 20
success_half_life = '10days'
[sof.work.rules]
forbid_domains = ['AS666']
attempts = 2
[sof.work.rules_of.gold]
allow_domains = ['AS1', 'AS2']
max_price = 12.5
[sof.work.weights_of.silver]
price = 9
[[auth.principals]]
name = 'aud'
role = 'auditor'
token = 'sixteen letters aud'
[[auth.principals]]
name = 'bus'
role = 'buyer'
token = 'sixteen letters bus'
";
    let broker = Broker::start(&format!("{SETTINGS}{own}"));
    let ask = |token: &str| broker.ask("GET", "/broker/v1/rules").token(token).send();
    ask("sixteen letters bus").must(403);
    let told = ask("sixteen letters aud").must(200).json();
    let usual = json!({"price": 4.0, "delay": 2.0, "sls-margin": 2.0, "success": 4.0, "load": 1.0});
    let rules = json!({"forbid-domains": ["AS666"], "candidates": 20, "attempts": 2});
    assert_eq!(told["default"], json!({"weights": usual, "rules": rules}));
    // Rules of a kind are instead of the others, and so are weights.
    let gold = json!({"allow-domains": ["AS1", "AS2"], "candidates": 20, "attempts": 3, "max-price": 12.5});
    assert_eq!(
        told["service-types"]["gold"],
        json!({"weights": usual, "rules": gold})
    );
    let silver = &told["service-types"]["silver"];
    assert_eq!(
        (&silver["weights"]["price"], &silver["rules"]),
        (&json!(9.0), &rules)
    );
    assert_eq!(told["service-types"].as_object().unwrap().len(), 2);
    assert_eq!(told["success-half-life"], 864_000);
    let filters = told["filters"].as_array().unwrap();
    assert_eq!(filters.len(), sof::selection::Filter::ALL.len());
    assert_eq!(filters[2]["helped-by"], "agreement");
}
