//! Windows are pushed, and calendars tell them (RFC 8896).

use std::time::Duration;

use serde_json::{Value, json};

use super::broker::{Answer, Broker};
use super::testbed::{JSON, YAML, path, put, register};

/// Two domains with a link of 8 Gbit/s.
fn two(broker: &Broker) {
    for (domain, other) in [("AS1", "AS2"), ("AS2", "AS1")] {
        register(broker, domain).must(201);
        let neighbour = json!({"domain": other, "bandwidth": "8 Gbit/s", "delay": 5});
        let brief = json!({"neighbours": [neighbour]}).to_string();
        put(broker, domain, "topology", JSON, &brief).must(201);
    }
}

/// The time in so many hours from the start of this one, as RFC 3339 has it.
fn hour(from_now: i64) -> String {
    let second = broker::clock::now().timestamp.as_second();
    let start = second.div_euclid(3600) * 3600 + from_now * 3600;
    jiff::Timestamp::from_second(start).unwrap().to_string()
}

/// Not so near to the end of an hour that the test goes on in the next.
fn in_one_hour() {
    let left = 3600 - broker::clock::now().timestamp.as_second() % 3600;
    if left < 30 {
        std::thread::sleep(Duration::from_secs(left.unsigned_abs() + 1));
    }
}

fn push(broker: &Broker, windows: &Value) -> Answer {
    let document = json!({"windows": windows}).to_string();
    put(broker, "AS1", "windows", JSON, &document)
}

fn calendar(broker: &Broker, metric: &str) -> Value {
    let request = json!({
        "cost-type": {"cost-mode": "numerical", "cost-metric": metric},
        "calendared": [true],
        "pids": {"srcs": ["AS1"], "dsts": ["AS2"]},
    });
    let answer = broker
        .ask("POST", "/costmap/filtered")
        .body("application/alto-costmapfilter+json", request.to_string())
        .send()
        .must(200)
        .json();
    let told = &answer["meta"]["calendar-response-attributes"][0];
    assert_eq!(told["number-of-intervals"], 24);
    answer["cost-map"]["AS1"]["AS2"].clone()
}

#[test]
fn rfc8896_5_1_2_pushed_windows_are_in_the_calendar() {
    in_one_hour();
    let broker = Broker::start("");
    two(&broker);
    let before = calendar(&broker, "bw-available");
    // Six hours that are over, of which nobody knows anything.
    let expected: Vec<Value> = (0..24)
        .map(|nth| {
            if nth < 6 {
                Value::Null
            } else {
                json!(1_000_000_000)
            }
        })
        .collect();
    assert_eq!(before, json!(expected));

    let windows = json!([
        {"start": hour(2), "end": hour(4), "neighbour": "AS2", "bandwidth": "800 Mbit/s"},
        {"start": hour(5), "end": hour(6), "maintenance": true},
        {"start": hour(-3), "end": hour(-2), "maintenance": true},
    ]);
    let answer = push(&broker, &windows).must(201).json();
    assert_eq!(answer["document"]["windows"], 3);
    let mut changed = expected.clone();
    changed[8] = json!(100_000_000);
    changed[9] = json!(100_000_000);
    changed[11] = Value::Null;
    assert_eq!(calendar(&broker, "bw-available"), json!(changed));
    let hops = calendar(&broker, "hopcount");
    assert_eq!(
        (&hops[10], &hops[11], &hops[12]),
        (&json!(1), &Value::Null, &json!(1))
    );

    // What is now is what is told, and the single cost is.
    let single = broker.get("/costmap/full/bw-available").must(200).json();
    assert_eq!(single["cost-map"]["AS1"]["AS2"], 1_000_000_000);
    let domain = broker.get(&path("AS1")).must(200).json();
    let source = domain["sources"].as_array().unwrap().iter();
    let mut source = source.filter(|one| one["kind"] == "push windows");
    assert_eq!(source.next().unwrap()["used-for"], json!(["windows"]));

    // A merge patch of what was sent, conditional on its version; then none.
    let tag = broker
        .get(&format!("{}/windows", path("AS1")))
        .must(200)
        .etag()
        .to_owned();
    let patch = |tag: &str| {
        broker
            .ask("PATCH", &format!("{}/windows", path("AS1")))
            .header("If-Match", tag)
            .body("application/merge-patch+json", r#"{"windows": []}"#)
            .send()
    };
    patch(&tag).must(200);
    patch(&tag).must(412);
    assert_eq!(calendar(&broker, "bw-available"), json!(expected));
    push(&broker, &windows).must(200);
    assert_eq!(calendar(&broker, "bw-available"), json!(changed));
    let withdraw = broker.ask("DELETE", &format!("{}/windows", path("AS1")));
    withdraw.send().must(204);
    assert_eq!(calendar(&broker, "bw-available"), json!(expected));
}

#[test]
fn windows_that_cannot_be_taken_are_refused_whole() {
    let broker = Broker::start("limits.member.windows = 2\n");
    two(&broker);
    let good = json!({"start": hour(2), "end": hour(4), "neighbour": "AS2", "maintenance": true});
    push(&broker, &json!([good])).must(201);
    let before = calendar(&broker, "hopcount");
    let bad =
        json!([good, {"start": hour(2), "end": hour(1), "neighbour": "AS1", "bandwidth": "wide"}]);
    let problem = push(&broker, &bad).must(422).json();
    let errors = problem["errors"].as_array().unwrap().iter();
    let fields: Vec<&Value> = errors.map(|error| &error["field"]).collect();
    // In the order of the text.
    assert_eq!(fields, ["/windows/1/bandwidth", "/windows/1/neighbour"]);
    let end = json!([{"start": hour(2), "end": hour(1), "bandwidth": 5}]);
    let problem = push(&broker, &end).must(422).json();
    let rule = &problem["errors"][0]["rule"];
    assert_eq!(rule, "a window ends after its start");
    let three: Vec<Value> = (2..5)
        .map(|at| json!({"start": hour(at), "end": hour(at + 1), "maintenance": true}))
        .collect();
    let problem = push(&broker, &json!(three)).must(422);
    assert!(
        problem.text().contains("limits.member.windows"),
        "{}",
        problem.text()
    );
    // What tells none is no document of windows.
    let problem = put(&broker, "AS1", "windows", YAML, "cpu: 1").must(422);
    assert!(
        problem.text().contains("tells no windows"),
        "{}",
        problem.text()
    );
    assert_eq!(calendar(&broker, "hopcount"), before);
}

#[test]
fn a_document_tells_windows_beside_all_else() {
    let broker = Broker::start("");
    register(&broker, "AS1").must(201);
    let brief = format!(
        "cpu: 1\nneighbours: [AS2]\nwindows:\n  - {{start: {}, end: {}, maintenance: true}}\n",
        hour(7),
        hour(8)
    );
    put(&broker, "AS1", "topology", YAML, &brief).must(201);
    register(&broker, "AS2").must(201);
    let hops = calendar(&broker, "hopcount");
    assert_eq!(
        (&hops[12], &hops[13], &hops[14]),
        (&json!(1), &Value::Null, &json!(1))
    );
}

#[test]
fn calendars_can_be_turned_off_and_be_of_other_sizes() {
    let broker = Broker::start("[alto.calendar]\nenabled = false\n");
    let capabilities = |broker: &Broker| {
        let directory = broker.get("/directory").must(200).json();
        directory["resources"]["costmap-filtered"]["capabilities"]["calendar-attributes"].clone()
    };
    assert_eq!(capabilities(&broker), Value::Null);
    let broker =
        Broker::start("[alto.calendar]\ninterval = \"5m\"\nintervals = 12\npast_intervals = 0\n");
    assert_eq!(capabilities(&broker)[0]["time-interval-size"], 300);
    assert_eq!(capabilities(&broker)[0]["number-of-intervals"], 12);
}
