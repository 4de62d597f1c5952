//! `If-Match` and `If-None-Match`, on registrations and documents (RFC 9110 §13).

use std::thread;

use serde_json::json;

use super::broker::{Answer, Broker};
use super::testbed::{JSON, XML, join, path, put, register, resources_of, topology_of, versions};

/// Everything that can be conditional and exists in a broker that `AS1` has joined.
const KNOWN: [&str; 3] = ["", "/resources", "/topology"];

/// Puts what is there already, on a condition.
fn put_if(broker: &Broker, what: &str, header: &str, value: &str) -> Answer {
    let ask = broker
        .ask("PUT", &format!("{}{what}", path("AS1")))
        .header(header, value);
    match what {
        "" => ask.json(&json!({})).send(),
        "/resources" => ask.body(XML, resources_of("AS1")).send(),
        _ => ask.body(JSON, topology_of("AS1")).send(),
    }
}

/// The version in force of what there is.
fn current(broker: &Broker, what: &str) -> String {
    put_if(broker, what, "If-Match", "*")
        .must(200)
        .etag()
        .to_owned()
}

#[test]
fn rfc9110_13_1_2_if_none_match_star_creates_and_does_not_overwrite() {
    let broker = Broker::start("");
    for what in KNOWN {
        put_if(&broker, what, "If-None-Match", "*").must(201);
        let before = versions(&broker);
        let refused = put_if(&broker, what, "If-None-Match", "*").must(412);
        assert_eq!(refused.etag(), current(&broker, what));
        assert!(
            refused.detail().contains(refused.etag().trim_matches('"')),
            "{refused}"
        );
        assert_eq!(versions(&broker), before);
    }
    for what in KNOWN {
        let refused = put_if(&broker, what, "If-None-Match", "\"abc\"").must(400);
        assert_eq!(refused.json()["errors"][0]["field"], "If-None-Match");
    }
}

#[test]
fn rfc9110_13_1_1_if_match_depends_on_the_version_in_force() {
    let broker = Broker::start("");
    for what in KNOWN {
        let refused = put_if(&broker, what, "If-Match", "*");
        // Nothing is in force, so there is no version to tell.
        if what.is_empty() {
            assert_eq!(
                (refused.status, refused.header("etag")),
                (412, None),
                "{refused}"
            );
        } else {
            refused.must(404);
        }
    }
    register(&broker, "AS1").must(201);
    for what in ["/resources", "/topology"] {
        let refused = put_if(&broker, what, "If-Match", "*").must(412);
        assert_eq!(refused.header("etag"), None);
    }
    put(&broker, "AS1", "resources", XML, &resources_of("AS1")).must(201);
    put(&broker, "AS1", "topology", JSON, &topology_of("AS1")).must(201);
    for what in KNOWN {
        let version = current(&broker, what);
        put_if(&broker, what, "If-Match", &version).must(200);
        put_if(&broker, what, "If-Match", &format!("\"other\", {version}")).must(200);
        let refused = put_if(&broker, what, "If-Match", "\"other\"").must(412);
        assert_eq!(refused.etag(), version);
    }
}

#[test]
fn rfc9110_13_1_1_a_weak_or_malformed_if_match_is_refused() {
    let broker = Broker::start("");
    join(&broker, "AS1");
    for what in KNOWN {
        let version = current(&broker, what);
        for wrong in [
            &format!("W/{version}"),
            version.trim_matches('"'),
            "",
            "*, *",
        ] {
            let refused = put_if(&broker, what, "If-Match", wrong).must(400);
            assert_eq!(refused.json()["errors"][0]["field"], "If-Match", "{wrong}");
        }
        let both = broker
            .ask("DELETE", &format!("{}{what}", path("AS1")))
            .header("If-Match", &version)
            .header("If-None-Match", "*")
            .send();
        both.must(400);
    }
}

#[test]
fn deletes_and_heartbeats_are_conditional_too() {
    let broker = Broker::start("");
    join(&broker, "AS1");
    let on = |method: &str, what: &str, version: &str| {
        let ask = broker.ask(method, &format!("{}{what}", path("AS1")));
        ask.header("If-Match", version).send()
    };
    let registration = current(&broker, "");
    on("POST", "/heartbeat", "\"other\"").must(412);
    on("POST", "/heartbeat", &registration).must(200);
    for what in ["/topology", "/resources", ""] {
        let version = current(&broker, what);
        assert_eq!(on("DELETE", what, "\"other\"").must(412).etag(), version);
        on("DELETE", what, &version).must(204);
    }
    assert_eq!(broker.get(&path("AS1")).status, 404);
}

/// Sends all at once; the statuses, in order.
fn race(asks: Vec<super::broker::Ask>) -> Vec<u16> {
    let threads: Vec<_> = asks
        .into_iter()
        .map(|ask| thread::spawn(move || ask.send().status))
        .collect();
    let mut statuses: Vec<u16> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    statuses.sort_unstable();
    statuses
}

#[test]
fn of_writers_that_depend_on_one_version_one_wins() {
    let broker = Broker::start("");
    join(&broker, "AS1");
    for round in 0..5 {
        let version = current(&broker, "/topology");
        let base = broker
            .get(&format!("{}/topology", path("AS1")))
            .must(200)
            .text()
            .to_owned();
        let write = |writer: u32| {
            // Another text each, that says the same.
            let body = format!("{base}{}", " ".repeat(writer as usize + 1));
            let ask = broker.ask("PUT", &format!("{}/topology", path("AS1")));
            ask.header("If-Match", &version).body(JSON, body)
        };
        let statuses = race((0..4).map(write).collect());
        assert_eq!(statuses, [200, 412, 412, 412], "round {round}");
    }
}

#[test]
fn of_those_who_would_be_the_first_one_is() {
    let broker = Broker::start("");
    let first = |lifetime: u32| {
        let ask = broker.ask("PUT", &path("AS1")).header("If-None-Match", "*");
        ask.json(&json!({ "lifetime": lifetime }))
    };
    assert_eq!(race((100..104).map(first).collect()), [201, 412, 412, 412]);
    let write = |writer: usize| {
        let body = format!("{}{}", resources_of("AS1"), " ".repeat(writer));
        let ask = broker.ask("PUT", &format!("{}/resources", path("AS1")));
        ask.header("If-None-Match", "*").body(XML, body)
    };
    assert_eq!(race((0..4).map(write).collect()), [201, 412, 412, 412]);
}
