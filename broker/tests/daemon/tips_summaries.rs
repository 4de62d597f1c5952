//! RFC 9569 §6.3.3 over HTTP: who watches the summaries of TIPS views is told of what is new by one stream.

use serde_json::{Value, json};

use super::watched::{Federation, Reader, TIPS_PARAMS};

const SUMMARIES: &str = "/updates/tips";
const DELAYS: &str = "/costmap/full/delay-ow";

fn tips(input: &Value) -> Value {
    json!({"resource-id": "tips", "input": input})
}

fn delays() -> Value {
    json!({"resource-id": "costmap-delay-ow"})
}

fn watch(federation: &Federation, add: &Value) -> Reader {
    let opened = Reader::open_at(&federation.daemon, SUMMARIES, &json!({ "add": add }));
    opened.unwrap_or_else(|answer| panic!("{}: {}", answer.status, answer.body))
}

#[test]
fn rfc9569_6_3_3_a_stream_tells_the_summaries_of_views_as_they_change() {
    // Views that nobody asks are closed at once.
    let federation = Federation::start(&[("alto.updates.idle", "1ms")]);
    let add = json!({"costs": tips(&delays()), "net": tips(&json!({"resource-id": "networkmap"}))});
    let mut reader = watch(&federation, &add);
    assert!(reader.head.starts_with("http/1.1 200"), "{}", reader.head);
    assert!(reader.head.contains("content-type: text/event-stream\r\n"));
    let control = reader.next().unwrap();
    assert_eq!(control.json(), json!({"control-uri": null}));
    let names: Vec<String> = [reader.next(), reader.next()]
        .map(|event| event.unwrap().name)
        .into();
    let whole = "application/alto-tips+json";
    assert_eq!(names, [format!("{whole},costs"), format!("{whole},net")]);
    // It is what TIPS itself answers.
    let opened = |request: Value| {
        let answer = federation
            .daemon
            .post("/tips", TIPS_PARAMS, &request.to_string());
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    };
    // Each request calls the broker by another name.
    let uri = |summary: &Value| {
        let uri = summary["tips-view-uri"].as_str().unwrap();
        let (_, rest) = uri.split_once("://").unwrap();
        rest.split_once('/').unwrap().1.to_owned()
    };
    assert_eq!(uri(&reader.documents["costs"]), uri(&opened(delays())));

    federation.delay_and_wait(77);
    let change = reader.next().unwrap();
    assert_eq!(change.name, "application/merge-patch+json,costs");
    let graph = |summary: &Value| summary["tips-view-summary"]["updates-graph-summary"].clone();
    let told = graph(&reader.documents["costs"]);
    assert_eq!(told, graph(&opened(delays())));
    // What it says is there: the view was not closed meanwhile.
    let path = uri(&reader.documents["costs"]);
    let edge = &told["start-edge-rec"];
    let snapshot = format!("/{path}/ug/{}/{}", edge["seq-i"], edge["seq-j"]);
    assert_eq!(federation.get(&snapshot), federation.get(DELAYS));

    // With the stream the views go.
    drop(reader);
    federation.until_metric("brokerd_update_streams", 0.0);
    federation.until_metric("brokerd_tips_views", 0.0);
    federation.until_metric("brokerd_watched_views", 0.0);
}

#[test]
fn rfc9569_6_3_3_what_is_wrong_with_a_request_for_summaries_makes_no_stream_and_no_view() {
    let federation = Federation::start(&[
        ("alto.updates.substreams_per_client", "2"),
        ("alto.updates.views_per_client", "1"),
    ]);
    let refused = |add: Value| {
        let request = json!({ "add": add });
        Reader::open_at(&federation.daemon, SUMMARIES, &request)
            .err()
            .unwrap()
    };
    let wrong = refused(json!({"a": tips(&delays()), "b": delays()}));
    assert_eq!(
        (wrong.status, &wrong.json()["meta"]["field"]),
        (400, &json!("add/b/resource-id"))
    );
    // The error of the resource that the view is of.
    let body = json!({"cost-type": {"cost-mode": "numerical", "cost-metric": "none"}});
    let input = json!({"resource-id": "costmap-filtered", "input": body});
    let wrong = refused(json!({"a": tips(&input)}));
    let own = federation
        .daemon
        .post("/tips", TIPS_PARAMS, &input.to_string());
    assert_eq!((wrong.status, wrong.json()), (own.status, own.json()));
    // RFC 8895 §10.1: no room is 503.
    let networks = json!({"resource-id": "networkmap"});
    for crowd in [
        json!({"a": tips(&delays()), "b": tips(&networks)}),
        json!({"a": tips(&delays()), "b": tips(&delays()), "c": tips(&delays())}),
    ] {
        let answer = refused(crowd);
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert!(answer.header("retry-after").is_some());
    }
    federation.until_metric("brokerd_update_streams", 0.0);
    assert_eq!(federation.daemon.get(SUMMARIES, "").status, 405);
}
