//! How long a member's word is good.

use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use super::broker::{Answer, Broker, eventually};
use super::testbed::{JSON, join, members, path, put, register, state, topology_of};

/// From stale to gone: three seconds.
const SHORT: &str = "[pull]\ninterval = '100ms'\n\
    [liveness]\nhold = '1s'\nexpire = '4s'\nforget = '3s'\n";

fn heartbeat(broker: &Broker, body: Option<&str>) -> Answer {
    let ask = broker.ask("POST", &format!("{}/heartbeat", path("AS1")));
    match body {
        Some(body) => ask.body(JSON, body).send(),
        None => ask.send(),
    }
}

fn until(broker: &Broker, wanted: Option<&str>) {
    let what = format!("AS1 {wanted:?}");
    eventually(&what, || {
        (state(broker, "AS1").as_deref() == wanted).then_some(())
    });
}

#[test]
fn a_member_that_says_no_more_is_stale_then_gone_then_forgotten() {
    let broker = Broker::start(SHORT);
    join(&broker, "AS1");
    until(&broker, Some("stale"));
    assert_eq!(members(&broker), ["AS1"], "stale is still served");
    until(&broker, Some("gone"));
    assert_eq!(members(&broker), [""; 0]);
    let shown = broker.get(&path("AS1")).json();
    let states: Vec<_> = shown["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["state"])
        .collect();
    assert_eq!(states, ["gone"; 3], "what a member pushes ages together");
    until(&broker, None);
    assert_eq!(
        broker.get("/broker/v1/domains").json()["domains"],
        json!([])
    );
    assert!(!broker.get("/metrics").text().contains("AS1"));
    heartbeat(&broker, None).must(404);
    register(&broker, "AS1").must(201);
}

#[test]
fn a_member_of_the_settings_is_not_forgotten_but_has_to_register_again() {
    let settings = format!(
        "{}{}",
        SHORT.replace("'3s'", "'1ms'"),
        "[[domains]]\nid = 'AS1'\npush = true\n"
    );
    let broker = Broker::start(&settings);
    join(&broker, "AS1");
    until(&broker, Some("gone"));
    sleep(Duration::from_millis(200));
    assert_eq!(state(&broker, "AS1").as_deref(), Some("gone"));
    heartbeat(&broker, None).must(200);
    assert_eq!(members(&broker), ["AS1"], "what it pushed is still known");
}

#[test]
fn a_heartbeat_keeps_alive_and_brings_back() {
    let broker = Broker::start(&SHORT.replace("'3s'", "'1h'"));
    let told = json!({"lifetime": 3});
    broker.ask("PUT", &path("AS1")).json(&told).send().must(201);
    put(&broker, "AS1", "topology", JSON, &topology_of("AS1")).must(201);
    for _ in 0..10 {
        sleep(Duration::from_millis(500));
        let answer = heartbeat(&broker, None).must(200).json();
        assert_eq!(
            (&answer["domain"], &answer["lifetime"]),
            (&json!("AS1"), &json!(3))
        );
        assert_eq!(state(&broker, "AS1").as_deref(), Some("fresh"));
    }
    until(&broker, Some("stale"));
    heartbeat(&broker, None).must(200);
    assert_eq!(state(&broker, "AS1").as_deref(), Some("fresh"), "at once");
    until(&broker, Some("gone"));
    heartbeat(&broker, None).must(200);
    assert_eq!(state(&broker, "AS1").as_deref(), Some("fresh"));
    assert_eq!(members(&broker), ["AS1"], "with what it pushed before");
}

#[test]
fn a_heartbeat_may_set_another_lifetime() {
    let broker = Broker::start(SHORT);
    let told = json!({"lifetime": 1});
    let first = broker.ask("PUT", &path("AS1")).json(&told).send().must(201);
    assert_eq!(
        heartbeat(&broker, Some(r#"{"lifetime": 3600}"#))
            .must(200)
            .json()["lifetime"],
        3600
    );
    sleep(Duration::from_secs(2));
    assert_eq!(state(&broker, "AS1").as_deref(), Some("fresh"));
    let shown = broker.get(&path("AS1")).json();
    assert_eq!(shown["registration"]["lifetime"], 3600);
    // To say the registration anew is to say its lifetime anew.
    let again = broker.ask("PUT", &path("AS1")).json(&told).send().must(200);
    assert_eq!(
        (again.etag(), &again.json()["lifetime"]),
        (first.etag(), &json!(1))
    );
    until(&broker, Some("stale"));
}

#[test]
fn every_word_of_a_member_is_a_heartbeat() {
    let broker = Broker::start(&SHORT.replace("'3s'", "'1h'"));
    let topology = format!("{}/topology", path("AS1"));
    join(&broker, "AS1");
    until(&broker, Some("stale"));
    // The same document again, a patch, a withdrawal.
    put(&broker, "AS1", "topology", JSON, &topology_of("AS1")).must(200);
    assert_eq!(state(&broker, "AS1").as_deref(), Some("fresh"));
    until(&broker, Some("stale"));
    broker
        .ask("PATCH", &topology)
        .body("application/merge-patch+json", "{}")
        .send()
        .must(200);
    assert_eq!(state(&broker, "AS1").as_deref(), Some("fresh"));
    until(&broker, Some("stale"));
    broker.ask("DELETE", &topology).send().must(204);
    assert_eq!(state(&broker, "AS1").as_deref(), Some("fresh"));
    // What is refused is none, and asking is none.
    until(&broker, Some("stale"));
    put(&broker, "AS1", "topology", JSON, "{}").must(422);
    assert_eq!(state(&broker, "AS1").as_deref(), Some("stale"));
}

#[test]
fn a_heartbeat_of_a_domain_that_is_not_registered_is_404() {
    let broker = Broker::start("limits.members = 1\n[[domains]]\nid = 'AS1'\npush = true\n");
    assert_eq!(
        heartbeat(&broker, None).must(404).json()["title"],
        "Not registered"
    );
    // Also where there is no room for one more.
    let other = broker
        .ask("POST", &format!("{}/heartbeat", path("AS2")))
        .send();
    assert_eq!(other.must(404).json()["title"], "Not registered");
}

#[test]
fn a_heartbeat_is_refused_with_field_value_and_rule() {
    let broker = Broker::start("");
    register(&broker, "AS1").must(201);
    for (body, field) in [
        (r#"{"lifetime": 0}"#, "lifetime"),
        (r#"{"lifetime": 86401}"#, "lifetime"),
        (r#"{"life-time": 60}"#, "life-time"),
        ("[]", ""),
    ] {
        let refused = heartbeat(&broker, Some(body)).must(400);
        assert_eq!(refused.json()["errors"][0]["field"], field, "{refused}");
    }
    heartbeat(&broker, Some("{")).must(400);
    for body in ["{}", "{\"lifetime\": null}", ""] {
        assert_eq!(
            heartbeat(&broker, Some(body)).must(200).json()["lifetime"],
            30
        );
    }
}
