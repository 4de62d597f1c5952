//! What is full says so, and when to come back: each limit of updates, by each way to run into it.

use serde_json::{Value, json};

use super::Answer;
use super::watched::{Federation, PARAMS, Reader, TIPS_PARAMS};

fn of(id: &str) -> Value {
    json!({"resource-id": id})
}

fn filtered(pid: &str) -> Value {
    json!({"resource-id": "networkmap-filtered", "input": {"pids": [pid]}})
}

/// That it is refused for now, and says for how long.
fn is_full(answer: &Answer, status: u16, limit: &str) {
    assert_eq!(answer.status, status, "{limit}: {}", answer.body);
    let seconds = answer.header("retry-after").unwrap_or_default();
    assert!(
        seconds.parse::<u64>().is_ok_and(|seconds| seconds > 0),
        "{limit}: {seconds}"
    );
}

fn refused(federation: &Federation, path: &str, add: &Value) -> Answer {
    let request = json!({ "add": add });
    let refused = Reader::open_at(&federation.daemon, path, &request).err();
    refused.expect("there is no room")
}

#[test]
fn rfc8895_10_1_each_limit_of_streams_says_when_to_come_back() {
    for limit in ["streams", "streams_per_client"] {
        let federation = Federation::start(&[(&format!("alto.updates.{limit}"), "1")]);
        let mut first = federation.watch(&json!({"a": of("networkmap")}));
        first.until("a", |_| true);
        is_full(
            &refused(&federation, "/updates", &json!({"a": of("networkmap")})),
            503,
            limit,
        );
        let summaries = json!({"a": {"resource-id": "tips", "input": of("networkmap")}});
        is_full(
            &refused(&federation, "/updates/tips", &summaries),
            503,
            limit,
        );
    }
    for limit in ["substreams", "substreams_per_client", "substreams_ever"] {
        let federation = Federation::start(&[(&format!("alto.updates.{limit}"), "1")]);
        let two = json!({"a": of("networkmap"), "b": of("networkmap")});
        is_full(&refused(&federation, "/updates", &two), 503, limit);
        let mut one = federation.watch(&json!({"a": of("networkmap")}));
        let uri = one.control_uri();
        let more = json!({"add": {"b": of("networkmap")}}).to_string();
        is_full(&federation.daemon.post(&uri, PARAMS, &more), 503, limit);
    }
    let federation = Federation::start(&[("alto.updates.views", "1")]);
    let two = json!({"a": filtered("AS1"), "b": filtered("AS2")});
    is_full(&refused(&federation, "/updates", &two), 503, "views");
}

#[test]
fn rfc9569_6_2_each_limit_of_views_and_polls_says_when_to_come_back() {
    let open = |federation: &Federation, request: &Value| {
        federation
            .daemon
            .post("/tips", TIPS_PARAMS, &request.to_string())
    };
    for limit in ["views", "views_per_client"] {
        let federation = Federation::start(&[(&format!("alto.updates.{limit}"), "1")]);
        assert_eq!(open(&federation, &filtered("AS1")).status, 200);
        is_full(&open(&federation, &filtered("AS2")), 429, limit);
        // Who asks the same shares it.
        assert_eq!(open(&federation, &filtered("AS1")).status, 200);
    }
    for limit in ["polls", "polls_per_client"] {
        let federation = Federation::start(&[(&format!("alto.updates.{limit}"), "1")]);
        let answer = open(&federation, &of("networkmap")).json();
        let uri = answer["tips-view-uri"].as_str().unwrap();
        let (_, path) = uri.split_once("://broker").unwrap();
        let end = &answer["tips-view-summary"]["updates-graph-summary"]["end-seq"];
        let end = end.as_u64().unwrap();
        let next = format!("{path}/ug/{end}/{}", end + 1);
        let mut first = federation.daemon.connect();
        let request = format!("GET {next} HTTP/1.1\r\nHost: broker\r\nConnection: close\r\n\r\n");
        std::io::Write::write_all(&mut first, request.as_bytes()).unwrap();
        federation.until_metric("brokerd_tips_polls", 1.0);
        is_full(&federation.daemon.get(&next, ""), 429, limit);
    }
}

/// While as much is kept as may be, nothing more is watched.
#[test]
fn rfc8895_10_1_the_limit_of_octets_says_when_to_come_back() {
    let federation = Federation::start(&[("alto.updates.all_octets", "1")]);
    let mut first = federation.watch(&json!({"a": of("networkmap")}));
    first.until("a", |_| true);
    let other = of("networkmap-role");
    is_full(
        &refused(&federation, "/updates", &json!({"a": other})),
        503,
        "all_octets",
    );
    let answer = federation
        .daemon
        .post("/tips", TIPS_PARAMS, &other.to_string());
    is_full(&answer, 429, "all_octets");
}
