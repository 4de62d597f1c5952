//! Registering and leaving.

use serde_json::{Value, json};

use super::broker::Broker;
use super::testbed::{
    JSON, XML, join, members, path, properties, put, register, resources_of, topology_of, versions,
};

#[test]
fn the_first_registration_is_201_and_further_ones_are_200_with_the_version() {
    let broker = Broker::start("");
    let told = json!({"entry-point": "http://mdo.as1.example:8888/escape", "lifetime": 60});
    let ask = || broker.ask("PUT", &path("AS1")).json(&told).send();
    let first = ask().must(201);
    let answer = first.json();
    assert_eq!(answer["domain"], "AS1");
    assert_eq!(answer["lifetime"], 60);
    assert_eq!(
        first.etag(),
        format!("\"{}\"", answer["version"].as_str().unwrap())
    );
    assert_eq!(members(&broker), ["AS1"]);
    assert_eq!(
        properties(&broker, "AS1"),
        json!({"entry-point": ["http://mdo.as1.example:8888/escape"]})
    );
    let shown = broker.get(&path("AS1")).must(200).json();
    assert_eq!(shown["known-by"], "push");
    assert_eq!(shown["registration"]["version"], answer["version"]);
    assert_eq!(shown["missing"], json!(["resources", "topology"]));

    let before = versions(&broker);
    assert_eq!(ask().must(200).etag(), first.etag());
    // The order of members and blanks mean nothing.
    let text = "{ \"lifetime\": 60,\n\"entry-point\": \"http://mdo.as1.example:8888/escape\"}";
    let again = broker
        .ask("PUT", &path("AS1"))
        .body(JSON, text)
        .send()
        .must(200);
    assert_eq!(again.etag(), first.etag());
    assert_eq!(versions(&broker), before);

    let other = broker
        .ask("PUT", &path("AS1"))
        .json(&json!({}))
        .send()
        .must(200);
    assert_ne!(other.etag(), first.etag());
    assert_eq!(
        other.json()["lifetime"],
        30,
        "liveness.hold of the defaults"
    );
    assert_eq!(properties(&broker, "AS1"), Value::Null);
}

#[test]
fn every_spelling_of_an_as_number_is_one_domain() {
    let broker = Broker::start("");
    register(&broker, "7").must(201);
    let again = register(&broker, "0.0.0.7").must(200);
    assert_eq!(again.json()["domain"], "AS7");
    assert_eq!(register(&broker, "as7").status, 200);
    assert_eq!(members(&broker), ["AS7"]);
}

#[test]
fn a_registration_is_refused_with_field_value_and_rule() {
    let broker = Broker::start("");
    let cases = [
        (r#"{"life-time": 60}"#, "life-time", "life-time"),
        (r#"{"lifetime": 0}"#, "lifetime", "0"),
        (r#"{"lifetime": 86401}"#, "lifetime", "86401"),
        (r#"{"lifetime": "60"}"#, "lifetime", "\"60\""),
        (r#"{"lifetime": 1.5}"#, "lifetime", "1.5"),
        (r#"{"asn": 0}"#, "asn", "0"),
        (r#"{"asn": 4294967296}"#, "asn", "4294967296"),
        (r#"{"asn": 2}"#, "asn", "2"),
        (r#"{"entry-point": "mdo"}"#, "entry-point", "mdo"),
        (
            r#"{"entry-point": "file:///etc/passwd"}"#,
            "entry-point",
            "file:///etc/passwd",
        ),
        ("[]", "", "[]"),
        ("null", "", "null"),
    ];
    for (body, field, value) in cases {
        let refused = broker
            .ask("PUT", &path("AS1"))
            .body(JSON, body)
            .send()
            .must(400);
        let error = &refused.json()["errors"][0];
        assert_eq!(
            (&error["field"], &error["value"]),
            (&field.into(), &value.into()),
            "{body}: {refused}"
        );
        assert!(!error["rule"].as_str().unwrap().is_empty());
    }
    let broken = broker
        .ask("PUT", &path("AS1"))
        .body(JSON, "{\"asn\": }")
        .send()
        .must(400);
    assert!(broken.detail().contains("line 1 column 9"), "{broken}");
    for (id, status) in [
        ("AS1%20x", 400),
        ("AS1%2fAS2", 400),
        ("%ff", 400),
        (&"x".repeat(1000), 400),
    ] {
        register(&broker, id).must(status);
    }
    assert_eq!(
        broker.get("/broker/v1/domains").json()["domains"],
        json!([])
    );
}

#[test]
fn null_is_as_good_as_absent() {
    let broker = Broker::start("");
    let told = json!({"entry-point": null, "asn": null, "lifetime": null});
    let answer = broker.ask("PUT", &path("mdo")).json(&told).send().must(201);
    assert_eq!(answer.json()["lifetime"], 30);
}

#[test]
fn an_as_number_is_one_domains() {
    let broker = Broker::start("[[domains]]\nid = 'settled'\nasn = 5\npush = true\n");
    let with = |id: &str, asn: u32| {
        broker
            .ask("PUT", &path(id))
            .json(&json!({"asn": asn}))
            .send()
    };
    with("one", 7).must(201);
    let taken = with("two", 7).must(409);
    assert!(taken.detail().contains("AS 7 is domain 'one's"), "{taken}");
    assert!(with("three", 5).must(409).detail().contains("'settled'"));
    register(&broker, "AS7").must(409);
    assert_eq!(with("AS9", 9).status, 201);
    assert_eq!(with("AS9", 10).status, 400, "its id is another");
    // The number is free again when its owner leaves, or takes another.
    with("one", 8).must(200);
    with("two", 7).must(201);
    broker.ask("DELETE", &path("two")).send().must(204);
    with("three", 7).must(201);
    assert_eq!(broker.get(&path("three")).json()["asn"], 7);
}

#[test]
fn who_leaves_is_out_of_the_maps_and_of_the_list_at_once() {
    let broker = Broker::start("");
    for domain in ["AS1", "AS2"] {
        join(&broker, domain);
    }
    assert_eq!(members(&broker), ["AS1", "AS2"]);
    let left = broker.ask("DELETE", &path("AS1")).send().must(204);
    assert_eq!(left.body, b"");
    assert_eq!(members(&broker), ["AS2"]);
    let known = broker.get("/broker/v1/domains").json();
    assert_eq!(known["domains"].as_array().unwrap().len(), 1);
    broker.get(&path("AS1")).must(404);
    broker.get(&format!("{}/resources", path("AS1"))).must(404);
    assert!(!broker.get("/metrics").text().contains("AS1"));
    broker.ask("DELETE", &path("AS1")).send().must(404);
    // It begins from nothing.
    register(&broker, "AS1").must(201);
    broker.get(&format!("{}/resources", path("AS1"))).must(404);
}

#[test]
fn who_leaves_stays_in_the_list_if_the_settings_name_it() {
    let broker =
        Broker::start("[[domains]]\nid = 'AS1'\npush = true\nentry_point = 'http://a.example/'\n");
    let waiting = broker.get(&path("AS1")).must(200).json();
    assert_eq!(
        (&waiting["state"], &waiting["known-by"]),
        (&"waiting".into(), &"settings".into())
    );
    assert_eq!(
        broker.get("/readyz").status,
        200,
        "a member that pushes is not waited for"
    );
    join(&broker, "AS1");
    assert_eq!(members(&broker), ["AS1"]);
    broker.ask("DELETE", &path("AS1")).send().must(204);
    assert_eq!(members(&broker), [""; 0]);
    assert_eq!(broker.get(&path("AS1")).must(200).json(), waiting);
}

#[test]
fn who_has_not_registered_can_tell_nothing() {
    let broker = Broker::start("[[domains]]\nid = 'AS1'\npush = true\n");
    for domain in ["AS1", "AS2"] {
        let told = [
            put(&broker, domain, "resources", XML, &resources_of("AS1")),
            put(&broker, domain, "topology", JSON, &topology_of(domain)),
            broker
                .ask("POST", &format!("{}/heartbeat", path(domain)))
                .send(),
            broker
                .ask("DELETE", &format!("{}/topology", path(domain)))
                .send(),
            broker.ask("DELETE", &path(domain)).send(),
            broker
                .ask("PATCH", &format!("{}/topology", path(domain)))
                .body("application/merge-patch+json", "{}")
                .send(),
        ];
        for refused in told {
            let refused = refused.must(404);
            assert_eq!(refused.json()["title"], "Not registered", "{refused}");
            assert!(
                refused.detail().contains(&path(domain)),
                "it says what to do: {refused}"
            );
        }
    }
}

#[test]
fn a_restart_forgets_what_was_pushed_and_says_so() {
    let mut broker = Broker::start("");
    join(&broker, "AS1");
    let [map, _] = versions(&broker);
    broker.restart();
    let heartbeat = || {
        broker
            .ask("POST", &format!("{}/heartbeat", path("AS1")))
            .send()
    };
    heartbeat().must(404);
    put(&broker, "AS1", "topology", JSON, &topology_of("AS1")).must(404);
    join(&broker, "AS1");
    heartbeat().must(200);
    assert_eq!(
        versions(&broker)[0],
        map,
        "the same content has the same version"
    );
}
