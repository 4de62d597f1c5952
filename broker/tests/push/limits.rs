//! What one member may have, and all of them.

use serde_json::{Value, json};

use super::broker::Broker;
use super::testbed::{JSON, XML, join, members, path, put, register, resources_of, versions};

/// What the broker has counted in a document.
fn counts(broker: &Broker, slot: &str) -> Value {
    let shown = broker.get(&path("AS1")).json();
    let sources = shown["sources"].as_array().unwrap().clone();
    let source = sources
        .iter()
        .find(|source| source["kind"] == format!("push {slot}"));
    source.unwrap()["document"].clone()
}

/// Under a limit of what the document has it is taken, under one less it is refused.
fn holds(name: &str, slot: &str, media_type: &str, body: &str) {
    let broker = Broker::start("");
    register(&broker, "AS1").must(201);
    put(&broker, "AS1", slot, media_type, body).must(201);
    let count = counts(&broker, slot)[name].as_u64().unwrap();
    assert!(count > 1, "a document with {name}: {count}");
    for (limit, status) in [(count, 201), (count - 1, 422)] {
        let broker = Broker::start(&format!("limits.member.{name} = {limit}\n"));
        register(&broker, "AS1").must(201);
        let before = versions(&broker);
        let answer = put(&broker, "AS1", slot, media_type, body);
        if (name, status) == ("bytes", 422) {
            assert!(
                answer
                    .must(413)
                    .detail()
                    .contains(&format!("{limit} bytes"))
            );
            continue;
        }
        let answer = answer.must(status);
        if status == 422 {
            let rule =
                format!("has {count} {name}; a member may have {limit} (limits.member.{name})");
            assert!(answer.detail().contains(&rule), "{answer}");
            assert_eq!(versions(&broker), before);
        }
    }
}

#[test]
fn limits_member_bytes() {
    holds("bytes", "resources", XML, &resources_of("AS1"));
}

#[test]
fn limits_member_nodes() {
    let one = resources_of("AS1");
    let (begin, rest) = one.split_once("    <node>").unwrap();
    let (node, end) = rest.split_once("\n  </nodes>").unwrap();
    let another = node
        .replace("SingleBiSBiS", "Another")
        .replace("port-SAP", "port-X")
        .replace(">SAP", ">X");
    let two = format!("{begin}<node>{node}<node>{another}</nodes>{}", end);
    holds("nodes", "resources", XML, &two);
}

#[test]
fn limits_member_links() {
    let brief = json!({"neighbours": [{"domain": "AS2"}, {"domain": "AS3"}]});
    holds("links", "topology", JSON, &brief.to_string());
}

#[test]
fn limits_member_prefixes() {
    let brief =
        json!({"prefixes": ["10.1.0.0/16", "10.2.0.0/16"], "neighbours": [{"domain": "AS2"}]});
    holds("prefixes", "topology", JSON, &brief.to_string());
}

#[test]
fn limits_member_nfs() {
    holds("nfs", "resources", XML, &resources_of("AS1"));
}

#[test]
fn a_patch_over_a_limit_is_refused() {
    let broker = Broker::start("limits.member.bytes = 200\n");
    register(&broker, "AS1").must(201);
    put(
        &broker,
        "AS1",
        "resources",
        JSON,
        r#"{"cpu": 1, "nf": ["a"]}"#,
    )
    .must(201);
    let patch = |body: String| {
        let ask = broker.ask("PATCH", &format!("{}/resources", path("AS1")));
        ask.body("application/merge-patch+json", body).send()
    };
    patch(json!({"nf": ["b".repeat(100)]}).to_string()).must(200);
    let refused = patch(json!({"port": ["c".repeat(100)]}).to_string()).must(422);
    assert!(
        refused.detail().contains("limits.member.bytes"),
        "{refused}"
    );
    patch(" ".repeat(201)).must(413);
}

#[test]
fn one_member_too_many_is_507() {
    let broker = Broker::start("limits.members = 2\n[[domains]]\nid = 'AS9'\npush = true\n");
    register(&broker, "AS1").must(201);
    let refused = register(&broker, "AS2").must(507);
    assert!(refused.detail().contains("limits.members"), "{refused}");
    register(&broker, "AS1").must(200);
    register(&broker, "AS9").must(201);
    broker.ask("DELETE", &path("AS1")).send().must(204);
    register(&broker, "AS2").must(201);
    assert_eq!(members(&broker), ["AS2", "AS9"]);
}

#[test]
fn a_body_over_the_limit_is_413_whether_it_says_so_or_not() {
    let broker = Broker::start("limits.body_bytes = 100\n[limits.member]\nbytes = 5000\n");
    join(&broker, "AS1");
    let before = versions(&broker);
    for extra in [("X-Extra", "none"), ("Transfer-Encoding", "chunked")] {
        let put = |slot: &str, body: String| {
            let ask = broker.ask("PUT", &format!("{}{slot}", path("AS1")));
            ask.header(extra.0, extra.1).body(JSON, body).send()
        };
        let refused = put("/topology", " ".repeat(5001)).must(413);
        assert!(refused.detail().contains("5000 bytes"), "{refused}");
        put("/topology", " ".repeat(5000)).must(422);
        let refused = put("", " ".repeat(101)).must(413);
        assert!(refused.detail().contains("100 bytes"), "{refused}");
        put("", " ".repeat(100)).must(400);
        let beat = broker.ask("POST", &format!("{}/heartbeat", path("AS1")));
        beat.header(extra.0, extra.1)
            .body(JSON, " ".repeat(101))
            .send()
            .must(413);
    }
    assert_eq!(versions(&broker), before);
}
