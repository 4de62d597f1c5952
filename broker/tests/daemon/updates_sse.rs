//! RFC 8895 over HTTP: update streams and their control services.

use std::time::Duration;

use serde_json::{Value, json};

use super::watched::{Federation, PARAMS, Reader, prefix, topology};

const DELAYS: &str = "/costmap/full/delay-ow";

fn delays() -> Value {
    json!({"resource-id": "costmap-delay-ow"})
}

fn maps() -> Value {
    json!({"costs": delays(), "net": {"resource-id": "networkmap"}})
}

#[test]
fn rfc8895_6_1_an_update_stream_is_asked_by_post_and_tells_all_and_then_what_changes() {
    let federation = Federation::start(&[]);
    let mut reader = federation.watch(&maps());
    assert!(reader.head.starts_with("http/1.1 200"), "{}", reader.head);
    assert!(reader.head.contains("content-type: text/event-stream\r\n"));
    assert!(reader.head.contains("cache-control: no-store\r\n"));
    // RFC 8895 §6.7.1: first the control service, then all, the network map before what uses it.
    let control = reader.next().unwrap();
    assert_eq!(control.name, "application/alto-updatestreamcontrol+json");
    let names: Vec<String> = [reader.next(), reader.next()]
        .map(|event| event.unwrap().name)
        .into();
    assert_eq!(
        names,
        [
            "application/alto-networkmap+json,net",
            "application/alto-costmap+json,costs"
        ]
    );
    assert_eq!(reader.documents["costs"], federation.get(DELAYS));
    assert_eq!(reader.documents["net"], federation.get("/networkmap"));
    federation.delay_and_wait(77);
    let change = reader.next().unwrap();
    assert!(
        change.name.ends_with("-patch+json,costs"),
        "{}",
        change.name
    );
    assert!(change.data.len() < 300, "{}", change.data);
    assert_eq!(reader.documents["costs"], federation.get(DELAYS));
    // A domain more: the network map changes, and is told first.
    federation.tell(4, &topology(4, &prefix(4), &[(3, 5)]));
    federation.tell(3, &topology(3, &prefix(3), &[(2, 10), (4, 5)]));
    federation.until(DELAYS, |map| map["cost-map"]["AS1"]["AS4"].is_number());
    let fresh = (federation.get(DELAYS), federation.get("/networkmap"));
    reader.until("costs", |map| *map == fresh.0);
    assert_eq!(reader.documents["net"], fresh.1);
}

#[test]
fn rfc8895_6_6_what_is_wrong_is_told_as_the_resource_would_and_makes_no_stream() {
    let federation = Federation::start(&[]);
    let refused = |request: Value| {
        let answer = Reader::open(&federation.daemon, &request).err().unwrap();
        let meta = answer.json()["meta"].clone();
        assert_eq!(
            answer.header("content-type"),
            Some("application/alto-error+json")
        );
        (answer.status, meta)
    };
    let (status, meta) = refused(json!({}));
    assert_eq!(
        (status, &meta["code"], &meta["field"]),
        (400, &json!("E_MISSING_FIELD"), &json!("add"))
    );
    let (status, meta) =
        refused(json!({"add": {"a": delays(), "b": {"resource-id": "directory"}}}));
    assert_eq!((status, &meta["field"]), (400, &json!("add/b/resource-id")));
    // The very error of the resource.
    let input = json!({"cost-type": {"cost-mode": "numerical", "cost-metric": "none"}, "pids": {}});
    let add = json!({"a": delays(), "b": {"resource-id": "costmap-filtered", "input": input}});
    let (status, meta) = refused(json!({ "add": add }));
    let own = federation.daemon.post(
        "/costmap/filtered",
        "application/alto-costmapfilter+json",
        &input.to_string(),
    );
    assert_eq!((status, meta), (own.status, own.json()["meta"].clone()));
    let post = |kind, body| federation.daemon.post("/updates", kind, body);
    assert_eq!(post("application/json", "{}").status, 415);
    assert_eq!(post(PARAMS, "{").json()["meta"]["code"], "E_SYNTAX");
    assert_eq!(federation.daemon.get("/updates", "").status, 405);
    let other = "Content-Length: 0\nAccept: application/json\n";
    let other = federation.daemon.ask(&format!(
        "POST /updates HTTP/1.1\nHost: b\nConnection: close\n{other}\n"
    ));
    assert_eq!(other.status, 406);
    federation.until_metric("brokerd_update_streams", 0.0);
    federation.until_metric("brokerd_watched_views", 0.0);
}

#[test]
fn rfc8895_7_1_the_control_address_alone_says_which_stream_it_is() {
    let federation = Federation::start(&[]);
    let mut reader = federation.watch(&json!({"costs": delays()}));
    let mut other = federation.watch(&json!({"costs": delays()}));
    let (uri, another) = (reader.control_uri(), other.control_uri());
    assert_ne!(uri, another);
    let name = uri.rsplit('/').next().unwrap();
    assert_eq!(name.len(), 64, "two UUIDs: {uri}");
    reader.until("costs", |_| true);
    // Each of these comes over a connection of its own.
    let added = federation.control(
        &uri,
        &json!({"add": {"net": {"resource-id": "networkmap"}}}),
    );
    assert_eq!((added.status, added.body.as_str()), (204, ""));
    let started = reader.next().unwrap();
    assert_eq!(started.json(), json!({"started": ["net"]}));
    reader.until("net", |_| true);
    let removed = federation.control(&uri, &json!({"remove": ["costs"]}));
    assert_eq!(removed.status, 204);
    assert_eq!(reader.next().unwrap().json()["stopped"], json!(["costs"]));
    // Nothing happened to the other.
    federation.delay(33);
    other.until("costs", |map| map["cost-map"]["AS1"]["AS2"] == 33);
    let guessed = federation.control("/updates/streams/1234", &json!({"remove": []}));
    assert_eq!(guessed.status, 404);
    assert_eq!(
        federation.metric("brokerd_updates_unknown_addresses_total"),
        1.0
    );
}

#[test]
fn rfc8895_7_5_what_is_wrong_with_a_control_request_changes_nothing() {
    let federation = Federation::start(&[]);
    let mut reader = federation.watch(&json!({"costs": delays()}));
    let uri = reader.control_uri();
    reader.until("costs", |_| true);
    let net = json!({"net": {"resource-id": "networkmap"}});
    for (request, field) in [
        (json!({"add": net, "remove": ["never"]}), "remove"),
        (json!({"add": {"costs": delays()}}), "add"),
        (json!({"add": net, "remove": []}), "remove"),
        (
            json!({"add": {"net": {"resource-id": "none"}}}),
            "add/net/resource-id",
        ),
        (
            json!({"add": {"net": {"resource-id": "costmap-filtered"}}}),
            "",
        ),
    ] {
        let answer = federation.control(&uri, &request);
        assert_eq!(answer.status, 400, "{request}");
        let meta = answer.json()["meta"].clone();
        assert!(
            field.is_empty() || meta["field"] == field,
            "{request}: {meta}"
        );
    }
    assert_eq!(federation.daemon.post(&uri, "text/plain", "{}").status, 415);
    federation.delay(44);
    reader.until("costs", |map| map["cost-map"]["AS1"]["AS2"] == 44);
    assert_eq!(reader.documents.len(), 1);
    federation.until_metric("brokerd_watched_views", 1.0);
}

#[test]
fn rfc8895_7_6_a_stream_without_substreams_is_closed_and_its_address_is_gone() {
    let federation = Federation::start(&[]);
    let mut reader = federation.watch(&json!({"costs": delays()}));
    let uri = reader.control_uri();
    reader.until("costs", |_| true);
    assert_eq!(federation.control(&uri, &json!({"remove": []})).status, 204);
    assert_eq!(reader.next().unwrap().json()["stopped"], json!(["costs"]));
    assert!(reader.next().is_none(), "the body ends");
    let late = federation.control(&uri, &json!({"remove": ["costs"]}));
    assert_eq!(late.status, 404);
    federation.until_metric("brokerd_update_streams", 0.0);
}

#[test]
fn rfc8895_6_8_a_comment_keeps_a_silent_stream_alive() {
    let federation = Federation::start(&[("alto.updates.keep_alive", "50ms")]);
    let mut reader = federation.watch(&json!({"costs": delays()}));
    reader.until("costs", |_| true);
    // Silence, for several times as long.
    std::thread::sleep(Duration::from_millis(400));
    federation.delay(55);
    reader.until("costs", |map| map["cost-map"]["AS1"]["AS2"] == 55);
    assert!(reader.comments >= 2, "{} comments", reader.comments);
}

#[test]
fn rfc8895_10_1_who_watches_too_much_is_told_to_come_later() {
    let federation = Federation::start(&[
        ("alto.updates.streams_per_client", "2"),
        ("alto.updates.substreams", "2"),
        ("alto.updates.substreams_per_client", "3"),
        ("alto.updates.views", "1"),
    ]);
    let refused = |add: Value| {
        let answer = Reader::open(&federation.daemon, &json!({ "add": add }))
            .err()
            .unwrap();
        assert!(answer.header("retry-after").is_some(), "{}", answer.body);
        answer.status
    };
    let three = json!({"a": delays(), "b": delays(), "c": delays()});
    assert_eq!(refused(three), 503);
    let mut first = federation.watch(&maps());
    let filtered =
        |pid: &str| json!({"resource-id": "networkmap-filtered", "input": {"pids": [pid]}});
    assert_eq!(
        refused(json!({"a": filtered("AS1"), "b": filtered("AS2")})),
        503
    );
    let mut second = federation.watch(&json!({"a": delays()}));
    assert_eq!(refused(json!({"a": delays()})), 503);
    // Of the substreams of both streams one may be another, but there may not be one more.
    let uri = second.control_uri();
    let net = json!({"resource-id": "networkmap"});
    let full = federation.control(&uri, &json!({"add": {"net": net}}));
    assert_eq!(full.status, 503, "{}", full.body);
    assert!(full.header("retry-after").is_some());
    let stopped = federation.control(&first.control_uri(), &json!({"remove": ["costs"]}));
    assert_eq!(stopped.status, 204);
    let added = federation.control(&uri, &json!({"add": {"net": net}}));
    assert_eq!(added.status, 204, "{}", added.body);
    drop(first);
    // As soon as the daemon sees that the client is gone, there is room.
    federation.until_metric("brokerd_update_streams", 1.0);
    let mut third = federation.watch(&json!({"a": delays()}));
    third.until("a", |_| true);
    assert!(federation.metric("brokerd_updates_refused_total") >= 3.0);
}

#[test]
fn a_stream_whose_client_is_gone_is_closed_and_nothing_of_it_is_kept() {
    let federation = Federation::start(&[]);
    let mut reader = federation.watch(&maps());
    reader.until("costs", |_| true);
    federation.until_metric("brokerd_watched_views", 2.0);
    drop(reader);
    federation.until_metric("brokerd_update_streams", 0.0);
    federation.until_metric("brokerd_watched_views", 0.0);
    federation.until_metric("brokerd_watched_kept_bytes", 0.0);
}

/// Opened while changes come, again and again: no client misses the one between its opening and its first
/// message.
#[test]
fn a_change_between_the_opening_and_the_first_message_is_not_lost() {
    let federation = Federation::start(&[]);
    for round in 0..40_u32 {
        federation.delay(1_000 + round);
        std::thread::sleep(Duration::from_millis(u64::from(round % 8) * 3));
        let mut reader = federation.watch(&maps());
        reader.until("costs", |map| {
            map["cost-map"]["AS1"]["AS2"] == 1_000 + round
        });
    }
}

/// Who reads nothing for a while is told what is current, not all that was; others are not held up.
#[test]
fn rfc8895_6_7_2_a_slow_reader_is_told_what_is_current_and_holds_up_nobody() {
    const VERSIONS: u32 = 30;
    let federation = Federation::start(&[
        ("alto.updates.versions", "4"),
        ("limits.write_timeout", "120s"),
    ]);
    // A network map of 20 kB, told over as many substreams as there may be: more than a megabyte each time.
    let many: Vec<String> = (0..1_000)
        .map(|at| format!("11.{}.{}.0/24", at / 256, at % 256))
        .collect();
    let with = |last: u32| {
        let mut prefixes = many.clone();
        prefixes.push(format!("172.16.{last}.0/24"));
        topology(1, &prefixes, &[(2, 10)])
    };
    let has = |last: u32| {
        move |map: &Value| {
            let told = map["network-map"]["AS1"]["ipv4"].as_array();
            told.is_some_and(|told| told.contains(&json!(format!("172.16.{last}.0/24"))))
        }
    };
    federation.tell(1, &with(0));
    federation.until("/networkmap", has(0));
    let whole = json!({"resource-id": "networkmap", "incremental-changes": false});
    let all: Value = (0..64)
        .map(|at| (format!("s{at:02}"), whole.clone()))
        .collect();
    let mut slow = federation.watch(&all);
    let mut fast = federation.watch(&json!({"net": {"resource-id": "networkmap"}}));
    fast.until("net", has(0));
    let mut octets = 0;
    for version in 1..=VERSIONS {
        federation.tell(1, &with(version));
        while !has(version)(&fast.documents["net"]) {
            octets += fast.next().unwrap().data.len();
        }
    }
    assert!(
        octets < 500 * VERSIONS as usize,
        "patches are small: {octets}"
    );
    let mut events = 0;
    while !slow.documents.get("s63").is_some_and(has(VERSIONS)) {
        events += u32::from(slow.next().unwrap().name.ends_with(",s63"));
    }
    assert!(
        events < VERSIONS / 2,
        "{events} of {VERSIONS} versions were told"
    );
    assert_eq!(slow.documents["s00"], fast.documents["net"]);
    assert!(federation.metric("brokerd_update_messages_total") > 0.0);
}

#[test]
fn the_stop_of_the_daemon_ends_streams_at_once() {
    let federation = Federation::start(&[("limits.shutdown_grace", "60s")]);
    let mut reader = federation.watch(&maps());
    reader.until("costs", |_| true);
    let Federation { daemon, .. } = federation;
    let stopping = std::thread::spawn(move || daemon.stop());
    while reader.next().is_some() {}
    stopping.join().unwrap().unwrap();
}
