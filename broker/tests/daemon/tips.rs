//! RFC 9569 over HTTP: TIPS views, what is on their edges, and polls.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::watched::{Federation, JSON_PATCH, MERGE, PARAMS, TIPS_PARAMS, patch, prefix, topology};
use super::{Answer, read_answer};

const DELAYS: &str = "/costmap/full/delay-ow";
const COST_MAP: &str = "application/alto-costmap+json";
const ERROR: &str = "application/alto-error+json";

/// A view, as who opened it knows it.
struct View {
    /// The path of its URI.
    path: String,
    uri: String,
    summary: Value,
}

fn open(federation: &Federation, request: &Value) -> Answer {
    federation
        .daemon
        .post("/tips", TIPS_PARAMS, &request.to_string())
}

fn opened(federation: &Federation, request: &Value) -> View {
    let answer = open(federation, request);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        answer.header("content-type"),
        Some("application/alto-tips+json")
    );
    let body = answer.json();
    let uri = body["tips-view-uri"].as_str().unwrap().to_owned();
    let (_, path) = uri.split_once("://broker").unwrap();
    View {
        path: path.to_owned(),
        uri: uri.clone(),
        summary: body["tips-view-summary"]["updates-graph-summary"].clone(),
    }
}

fn delays() -> Value {
    json!({"resource-id": "costmap-delay-ow"})
}

impl View {
    fn end(&self) -> u64 {
        self.summary["end-seq"].as_u64().unwrap()
    }

    fn edge(&self, federation: &Federation, i: u64, j: u64) -> Answer {
        federation
            .daemon
            .get(&format!("{}/ug/{i}/{j}", self.path), "")
    }

    /// Asks for an edge that may not be there yet.
    fn poll(&self, federation: &Federation, i: u64, j: u64) -> TcpStream {
        let mut stream = federation.daemon.connect();
        let request = format!(
            "GET {}/ug/{i}/{j} HTTP/1.1\r\nHost: broker\r\nConnection: close\r\n\r\n",
            self.path
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }
}

fn is_error(answer: &Answer, status: u16) {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (status, Some(ERROR)),
        "{}",
        answer.body
    );
    assert_eq!(answer.json()["meta"]["code"], "E_INVALID_FIELD_VALUE");
}

#[test]
fn rfc9569_6_2_a_view_has_an_absolute_address_and_says_where_to_begin() {
    let federation = Federation::start(&[]);
    let view = opened(&federation, &delays());
    assert!(
        view.uri.starts_with("http://broker/tips/") && view.uri.is_ascii(),
        "{}",
        view.uri
    );
    let end = view.end();
    assert_eq!(
        view.summary["start-edge-rec"],
        json!({"seq-i": 0, "seq-j": end})
    );
    let whole = view.edge(&federation, 0, end);
    assert_eq!(
        (whole.status, whole.header("content-type")),
        (200, Some(COST_MAP))
    );
    assert_eq!(whole.json(), federation.get(DELAYS));
    let caching = whole.header("cache-control").unwrap();
    assert!(caching.contains("immutable"), "{caching}");
    let condition = format!("If-None-Match: {}\n", whole.header("etag").unwrap());
    let again = federation
        .daemon
        .get(&format!("{}/ug/0/{end}", view.path), &condition);
    assert_eq!(again.status, 304);
    // The tag of the map that the client has is known here, too.
    let tag = federation.daemon.get(DELAYS, "");
    let tag = tag.header("etag").unwrap().trim_matches('"');
    let known = opened(
        &federation,
        &json!({"resource-id": "costmap-delay-ow", "tag": tag}),
    );
    assert_eq!(
        known.summary["start-edge-rec"],
        json!({"seq-i": end, "seq-j": end + 1})
    );
}

#[test]
fn rfc9569_6_2_the_address_of_a_view_is_as_the_settings_or_the_request_call_the_server() {
    let federation = Federation::start(&[(
        "alto.updates.public_url",
        "\"https://alto.example/broker/\"",
    )]);
    let uri = |answer: Answer| answer.json()["tips-view-uri"].as_str().unwrap().to_owned();
    let public = uri(open(&federation, &delays()));
    assert!(
        public.starts_with("https://alto.example/broker/tips/"),
        "{public}"
    );
    let federation = Federation::start(&[]);
    let with_host = |host: &str| {
        let body = delays().to_string();
        let length = body.len();
        federation.daemon.ask(&format!(
            "POST /tips HTTP/1.1\n{host}Connection: close\nContent-Type: {TIPS_PARAMS}\nContent-Length: {length}\n\n{body}"
        ))
    };
    let named = uri(with_host("Host: [2001:db8::1]:8181\n"));
    assert!(
        named.starts_with("http://[2001:db8::1]:8181/tips/"),
        "{named}"
    );
    assert_eq!(with_host("Host: a b\n").status, 400);
    assert_eq!(with_host("").status, 400);
}

#[test]
fn rfc9569_6_2_views_are_shared_by_who_asks_the_same_and_by_nobody_else() {
    let federation = Federation::start(&[]);
    let filtered =
        |pids: Value| json!({"resource-id": "networkmap-filtered", "input": {"pids": pids}});
    let one = opened(&federation, &delays()).uri;
    assert_eq!(opened(&federation, &delays()).uri, one);
    let others = [
        opened(&federation, &json!({"resource-id": "networkmap"})).uri,
        opened(&federation, &filtered(json!(["AS1"]))).uri,
        opened(&federation, &filtered(json!(["AS2"]))).uri,
        one,
    ];
    let different: std::collections::BTreeSet<&String> = others.iter().collect();
    assert_eq!(different.len(), 4);
    federation.until_metric("brokerd_tips_views", 4.0);
}

#[test]
fn rfc9569_6_2_errors_of_requests_are_those_of_the_resource_and_make_no_view() {
    let federation = Federation::start(&[]);
    for (request, code, field) in [
        (json!({}), "E_MISSING_FIELD", "resource-id"),
        (
            json!({"resource-id": "none"}),
            "E_INVALID_FIELD_VALUE",
            "resource-id",
        ),
        (
            json!({"resource-id": "pv"}),
            "E_INVALID_FIELD_VALUE",
            "resource-id",
        ),
    ] {
        let answer = open(&federation, &request);
        let meta = answer.json()["meta"].clone();
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (400, Some(ERROR))
        );
        assert_eq!(
            (&meta["code"], &meta["field"]),
            (&json!(code), &json!(field))
        );
    }
    let input = json!({"pids": 1});
    let answer = open(
        &federation,
        &json!({"resource-id": "networkmap-filtered", "input": input}),
    );
    let own = federation.daemon.post(
        "/networkmap/filtered",
        "application/alto-networkmapfilter+json",
        &input.to_string(),
    );
    assert_eq!(answer.json(), own.json());
    assert_eq!(federation.daemon.post("/tips", PARAMS, "{}").status, 415);
    federation.until_metric("brokerd_tips_views", 0.0);
    federation.until_metric("brokerd_watched_views", 0.0);
}

#[test]
fn rfc9569_7_2_a_poll_for_the_next_edge_waits_until_it_is_there() {
    let federation = Federation::start(&[]);
    let view = opened(&federation, &delays());
    let end = view.end();
    let mut map = view.edge(&federation, 0, end).json();
    for version in end..end + 5 {
        let mut polls: Vec<TcpStream> = (0..3)
            .map(|_| view.poll(&federation, version, version + 1))
            .collect();
        federation.until_metric("brokerd_tips_polls", 3.0);
        federation.delay(100 + u32::try_from(version).unwrap());
        for (at, poll) in polls.iter_mut().enumerate() {
            let answer = read_answer(poll);
            assert_eq!(answer.status, 200, "{}", answer.body);
            let kind = answer.header("content-type").unwrap();
            assert!([MERGE, JSON_PATCH].contains(&kind), "{kind}");
            if at == 0 {
                patch(&mut map, kind, &answer.json());
            }
        }
        assert_eq!(map, federation.get(DELAYS));
    }
    federation.until_metric("brokerd_tips_polls", 0.0);
}

#[test]
fn rfc9569_7_2_what_is_not_there_has_its_status_and_an_error_of_alto() {
    let federation = Federation::start(&[
        ("alto.updates.versions", "2"),
        ("alto.updates.polls_per_client", "1"),
        ("alto.updates.views_per_client", "1"),
        ("alto.updates.poll", "300ms"),
    ]);
    let view = opened(&federation, &delays());
    for version in 1..=5 {
        federation.delay_and_wait(200 + version);
    }
    let end = opened(&federation, &delays()).end();
    assert!(end >= 5);
    is_error(&view.edge(&federation, 0, 1), 410);
    is_error(&view.edge(&federation, 1, 2), 410);
    is_error(&view.edge(&federation, end, end), 404);
    is_error(&view.edge(&federation, end, end + 2), 404);
    is_error(&view.edge(&federation, end + 1, end + 2), 425);
    let get = |path: &str, headers: &str| federation.daemon.get(path, headers);
    is_error(&get(&format!("{}/ug/a/b", view.path), ""), 404);
    is_error(&get("/tips/none/ug/0/1", ""), 404);
    let other = "Accept: application/alto-networkmap+json\n";
    is_error(&get(&format!("{}/ug/0/{end}", view.path), other), 415);
    // A poll waits; one more is too many.
    let mut poll = view.poll(&federation, end, end + 1);
    federation.until_metric("brokerd_tips_polls", 1.0);
    let crowded = view.edge(&federation, end, end + 1);
    is_error(&crowded, 429);
    assert!(crowded.header("retry-after").is_some());
    // Not for ever.
    let waited = read_answer(&mut poll);
    is_error(&waited, 503);
    assert!(waited.header("retry-after").is_some());
    let crowded = open(&federation, &json!({"resource-id": "networkmap"}));
    is_error(&crowded, 429);
    assert!(crowded.header("retry-after").is_some());
}

#[test]
fn rfc9569_7_4_the_next_edge_is_recommended_as_a_merge_patch() {
    let federation = Federation::start(&[]);
    let view = opened(&federation, &delays());
    let tag = federation.daemon.get(DELAYS, "");
    let tag = tag.header("etag").unwrap().trim_matches('"').to_owned();
    federation.delay_and_wait(301);
    let ask = |request: Value| {
        let path = format!("{}/ug", view.path);
        federation
            .daemon
            .post(&path, TIPS_PARAMS, &request.to_string())
    };
    let from = view.end();
    let answer = ask(json!({"resource-id": "costmap-delay-ow", "tag": tag}));
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some(MERGE))
    );
    let mut opened = json!({"tips-view-uri": view.uri, "tips-view-summary": {"updates-graph-summary": view.summary}});
    patch(&mut opened, MERGE, &answer.json());
    let edge = &opened["tips-view-summary"]["updates-graph-summary"]["start-edge-rec"];
    assert_eq!(opened["tips-view-uri"], view.uri);
    assert_eq!(edge["seq-i"], from);
    let answer = ask(json!({"resource-id": "networkmap"}));
    assert_eq!(
        (answer.status, &answer.json()["meta"]["field"]),
        (400, &json!("resource-id"))
    );
    let answer = ask(json!({"resource-id": "costmap-delay-ow", "input": {}}));
    assert_eq!(
        (answer.status, &answer.json()["meta"]["field"]),
        (400, &json!("input"))
    );
    let none = federation
        .daemon
        .post("/tips/none/ug", TIPS_PARAMS, &delays().to_string());
    is_error(&none, 404);
}

#[test]
fn rfc9569_4_1_a_view_is_closed_when_nobody_asks_it_and_not_while_somebody_waits() {
    let federation = Federation::start(&[("alto.updates.idle", "400ms")]);
    let view = opened(&federation, &delays());
    let end = view.end();
    let mut poll = view.poll(&federation, end, end + 1);
    federation.until_metric("brokerd_tips_polls", 1.0);
    std::thread::sleep(Duration::from_secs(3));
    federation.delay(401);
    assert_eq!(read_answer(&mut poll).status, 200);
    federation.until_metric("brokerd_tips_views", 0.0);
    federation.until_metric("brokerd_watched_views", 0.0);
    is_error(&view.edge(&federation, 0, end), 404);
    // The next has another address.
    assert_ne!(opened(&federation, &delays()).uri, view.uri);
}

#[test]
fn the_stop_of_the_daemon_ends_polls_and_a_view_is_not_there_after_a_restart() {
    let federation = Federation::start(&[("limits.shutdown_grace", "60s")]);
    let view = opened(&federation, &delays());
    let end = view.end();
    let mut poll = view.poll(&federation, end, end + 1);
    federation.until_metric("brokerd_tips_polls", 1.0);
    let federation = federation.restart();
    is_error(&read_answer(&mut poll), 503);
    is_error(&view.edge(&federation, 0, end), 404);
    // The content is the same, and so is its tag: a client goes on with what it has.
    assert_eq!(opened(&federation, &delays()).end(), 1);
}

/// A view ends with its resource, here since there are more pairs than full cost maps may have, while a poll waits:
/// the poll is answered, and later polls are; when the resource is offered again there is a view again.
#[test]
fn rfc9569_7_2_a_poll_of_a_view_that_ends_is_answered() {
    let federation = Federation::start(&[("alto.full_map_pairs", "9")]);
    let view = opened(&federation, &delays());
    let end = view.end();
    let mut poll = view.poll(&federation, end, end + 1);
    federation.until_metric("brokerd_tips_polls", 1.0);
    federation.tell(4, &topology(4, &prefix(4), &[(3, 5)]));
    is_error(&read_answer(&mut poll), 404);
    is_error(&view.edge(&federation, end, end + 1), 404);
    let refused = open(&federation, &delays());
    is_error(&refused, 400);
    assert_eq!(refused.json()["meta"]["field"], "resource-id");
    federation.leave(4);
    federation.until(DELAYS, |map| map["cost-map"]["AS1"]["AS3"].is_number());
    // What is watched comes after what is asked by GET.
    while open(&federation, &delays()).status != 200 {
        std::thread::sleep(Duration::from_millis(10));
    }
    let again = opened(&federation, &delays());
    assert_eq!(again.edge(&federation, 0, again.end()).status, 200);
}
