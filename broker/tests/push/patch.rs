//! Changing a part of a document.

use std::thread;

use serde_json::{Value, json};

use super::broker::{Answer, Broker};
use super::testbed::{JSON, XML, join, path, properties, put, register, versions};

const MERGE: &str = "application/merge-patch+json";

fn patch(broker: &Broker, slot: &str, media_type: &str, body: &str) -> Answer {
    let path = format!("{}/{slot}", path("AS1"));
    broker.ask("PATCH", &path).body(media_type, body).send()
}

/// A member with resources in JSON.
fn in_brief(broker: &Broker) {
    register(broker, "AS1").must(201);
    let brief = json!({"cpu": 4, "mem": 8, "nf": ["nat"], "port": ["SAP9"]});
    put(broker, "AS1", "resources", JSON, &brief.to_string()).must(201);
}

#[test]
fn rfc7396_a_merge_patch_changes_members_removes_with_null_and_replaces_lists() {
    let broker = Broker::start("");
    in_brief(&broker);
    let first = broker
        .get(&format!("{}/resources", path("AS1")))
        .etag()
        .to_owned();
    let patched = patch(
        &broker,
        "resources",
        MERGE,
        r#"{"cpu": 5, "mem": null, "nf": ["dpi"]}"#,
    )
    .must(200);
    let read = broker.get(&format!("{}/resources", path("AS1"))).must(200);
    assert_eq!(
        read.json(),
        json!({"cpu": 5, "nf": ["dpi"], "port": ["SAP9"]})
    );
    assert_eq!(patched.etag(), read.etag());
    assert_ne!(patched.etag(), first);
    let seen = properties(&broker, "AS1");
    assert_eq!(
        (&seen["cpu"], &seen["nf"], seen.get("mem")),
        (&json!(["5.0"]), &json!(["dpi"]), None)
    );
    // One that changes nothing, the second time round, is the same version.
    let before = versions(&broker);
    assert_eq!(
        patch(&broker, "resources", MERGE, r#"{"cpu": 5}"#)
            .must(200)
            .etag(),
        read.etag()
    );
    assert_eq!(versions(&broker), before);
}

#[test]
fn rfc6241_7_2_an_edit_config_changes_a_virtualizer() {
    let broker = Broker::start("");
    join(&broker, "AS1");
    let edit = |operation: &str, id: &str| {
        format!(
            "<virtualizer><nodes><node><id>SingleBiSBiS</id><resources><cpu>55</cpu></resources>\
             <capabilities><supported_NFs><node operation=\"{operation}\"><id>{id}</id><type>{id}</type></node>\
             </supported_NFs></capabilities></node></nodes></virtualizer>"
        )
    };
    let patched = patch(&broker, "resources", XML, &edit("create", "NF9")).must(200);
    let seen = properties(&broker, "AS1");
    assert_eq!(
        (&seen["cpu"], &seen["nf"]),
        (&json!(["55.0"]), &json!(["NF1", "NF3", "NF9"]))
    );
    let read = broker.get(&format!("{}/resources", path("AS1"))).must(200);
    assert_eq!(
        (read.etag(), read.header("content-type")),
        (patched.etag(), Some(XML))
    );
    assert!(read.text().contains("<id>NF9</id>"));
    // The state is in the way: 409, with the place of the diff, and nothing of it is done.
    let exists = patch(
        &broker,
        "resources",
        XML,
        &edit("create", "NF1").replace(">55<", ">1<"),
    )
    .must(409);
    assert!(exists.json()["errors"][0]["line"].is_u64(), "{exists}");
    let missing = patch(&broker, "resources", "text/xml", &edit("delete", "NF8")).must(409);
    assert_eq!(missing.json()["errors"][0]["value"], "NF8");
    assert_eq!(properties(&broker, "AS1"), seen);
    // An edit that is none.
    patch(&broker, "resources", XML, &edit("destroy", "NF1")).must(422);
    patch(&broker, "resources", XML, "<virtualizer>").must(422);
    patch(&broker, "resources", XML, &edit("remove", "NF8")).must(200);
    patch(&broker, "resources", XML, &edit("delete", "NF9")).must(200);
    assert_eq!(properties(&broker, "AS1")["nf"], json!(["NF1", "NF3"]));
}

#[test]
fn rfc5789_2_2_a_patch_of_the_wrong_type_is_415_with_accept_patch() {
    let broker = Broker::start("");
    join(&broker, "AS1");
    let cases = [
        ("topology", JSON, Some(MERGE)),
        ("topology", "application/json-patch+json", Some(MERGE)),
        ("topology", XML, Some(MERGE)),
        ("resources", MERGE, Some(XML)),
        ("resources", "application/xml-patch+xml", Some(XML)),
    ];
    for (slot, media_type, accepted) in cases {
        let refused = patch(&broker, slot, media_type, "{}").must(415);
        assert_eq!(refused.header("accept-patch"), accepted, "{media_type}");
        assert!(refused.detail().contains(media_type), "{refused}");
    }
}

#[test]
fn a_patch_of_nothing_is_404() {
    let broker = Broker::start("");
    register(&broker, "AS1").must(201);
    let refused = patch(&broker, "resources", MERGE, "{}").must(404);
    assert_eq!(refused.json()["title"], "No document");
}

#[test]
fn a_patch_whose_outcome_cannot_be_taken_changes_nothing() {
    let broker = Broker::start("");
    in_brief(&broker);
    let seen = properties(&broker, "AS1");
    let refused = patch(&broker, "resources", MERGE, r#"{"cpu": -1, "mem": "many"}"#)
        .must(422)
        .json();
    let fields: Vec<&Value> = refused["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["field"])
        .collect();
    assert_eq!(fields, ["/cpu", "/mem"]);
    patch(&broker, "resources", MERGE, "{").must(422);
    patch(&broker, "resources", MERGE, "[]").must(422);
    // Without a part that makes it one of resources.
    patch(
        &broker,
        "resources",
        MERGE,
        r#"{"cpu": null, "mem": null, "nf": null, "port": null}"#,
    )
    .must(422);
    assert_eq!(properties(&broker, "AS1"), seen);
}

#[test]
fn a_patch_depends_on_the_version_if_it_says_so() {
    let broker = Broker::start("");
    in_brief(&broker);
    let resources = format!("{}/resources", path("AS1"));
    let version = broker.get(&resources).etag().to_owned();
    let on = |header: &str, value: &str| {
        let ask = broker.ask("PATCH", &resources).header(header, value);
        ask.body(MERGE, r#"{"cpu": 9}"#).send()
    };
    assert_eq!(on("If-Match", "\"other\"").must(412).etag(), version);
    assert_eq!(on("If-None-Match", "*").must(412).etag(), version);
    on("If-Match", &format!("W/{version}")).must(400);
    on("If-Match", &version).must(200);
    on("If-Match", &version).must(412);
    on("If-Match", "*").must(200);
}

#[test]
fn patches_of_many_writers_are_all_carried_out() {
    let broker = Broker::start("");
    join(&broker, "AS1");
    let topology = format!("{}/topology", path("AS1"));
    for round in 0..3 {
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                // Names that mean nothing to us stay in the document.
                let body = json!({"notes": {format!("{round}-{writer}"): "x"}});
                let ask = broker.ask("PATCH", &topology);
                let ask = ask.body(MERGE, body.to_string());
                thread::spawn(move || ask.send().must(200))
            })
            .collect();
        writers
            .into_iter()
            .for_each(|writer| drop(writer.join().unwrap()));
    }
    let read = broker.get(&topology).json();
    assert_eq!(read["notes"].as_object().unwrap().len(), 24, "{read}");
}

#[test]
fn of_patches_that_depend_on_one_version_one_wins() {
    let broker = Broker::start("");
    in_brief(&broker);
    let resources = format!("{}/resources", path("AS1"));
    let version = broker.get(&resources).etag().to_owned();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let ask = broker.ask("PATCH", &resources).header("If-Match", &version);
            let ask = ask.body(MERGE, json!({"cpu": writer + 10}).to_string());
            thread::spawn(move || ask.send())
        })
        .collect();
    let answers: Vec<Answer> = writers
        .into_iter()
        .map(|writer| writer.join().unwrap())
        .collect();
    let won: Vec<&Answer> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .collect();
    assert_eq!(won.len(), 1);
    let now = broker.get(&resources).etag().to_owned();
    assert_eq!(won[0].etag(), now);
    for lost in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(
            (lost.status, lost.etag()),
            (412, now.as_str()),
            "he is told what is in force"
        );
    }
}

#[test]
fn a_document_of_a_named_format_keeps_it_when_it_is_patched() {
    let broker = Broker::start("");
    register(&broker, "AS1").must(201);
    let resources = format!("{}/resources", path("AS1"));
    // Nothing of its root tells the format.
    let ask = broker.ask("PUT", &format!("{resources}?format=nffg"));
    let answer = ask
        .body(JSON, r#"{"node_infras": [], "version": "1.0"}"#)
        .send();
    let answer = answer.must(201);
    assert_eq!(answer.json()["document"]["format"], "nffg");
    let patched = patch(&broker, "resources", MERGE, r#"{"cpu": 3}"#).must(200);
    assert_eq!(patched.json()["document"]["format"], "nffg");
}
