//! Asking for what changed only (RFC 9110 §13).

use serde_json::json;

use crate::documents::{unify, virtualizer};
use crate::process::{Broker, wait_for};
use crate::server::{Request, Response, Server};

const TOPOLOGY: &str = "pull topology";
const RESOURCES: &str = "pull resources";

/// `[[domains]]` of AS1 with its topology, or resources, at the server.
fn domain(server: &Server, slot: &str) -> String {
    format!(
        "[[domains]]\nid = 'AS1'\n{slot} = '{}'\n",
        server.url("/export")
    )
}

/// How often the topology was found to be so.
fn pulls(broker: &Broker, outcome: &str) -> f64 {
    let labels = format!(r#"{{domain="AS1",source="{TOPOLOGY}",outcome="{outcome}"}}"#);
    broker
        .metric(&format!("brokerd_pulls_total{labels}"))
        .unwrap_or(0.0)
}

fn last_heard(broker: &Broker) -> Option<f64> {
    let labels = format!(r#"{{domain="AS1",source="{TOPOLOGY}"}}"#);
    broker.metric(&format!(
        "brokerd_source_last_heard_timestamp_seconds{labels}"
    ))
}

/// A document with an entity tag; 304 for who has it.
fn tagged(tag: &'static str, body: String) -> impl Fn(&Request) -> Response + Send {
    move |request| {
        if request.header("if-none-match") == Some(tag) {
            Response::status(304).with("ETag", tag)
        } else {
            Response::json(body.clone()).with("ETag", tag)
        }
    }
}

#[test]
fn rfc9110_13_1_2_what_did_not_change_is_not_sent_again_and_is_a_good_answer() {
    let server = Server::start(tagged("\"v1\"", unify(1, &[])));
    let broker = Broker::start(&domain(&server, "topology"));
    let first = broker.wait_until("AS1", "state", &json!("fresh"));
    assert!(server.asked()[0].header("if-none-match").is_none());
    let heard = last_heard(&broker).unwrap();
    for request in server.next(5) {
        assert_eq!(request.header("if-none-match"), Some("\"v1\""));
    }
    wait_for("a 304 is a word", || {
        (last_heard(&broker)? > heard).then_some(())
    });
    wait_for("it is counted", || {
        (pulls(&broker, "unchanged") >= 4.0).then_some(())
    });
    assert!((pulls(&broker, "changed") - 1.0).abs() < f64::EPSILON);
    let now = broker.domain("AS1").unwrap();
    assert_eq!(
        now["sources"][0]["document"], first["sources"][0]["document"],
        "the document was not taken anew"
    );
    assert_eq!(
        (&now["state"], &now["sources"][0]["failures"]),
        (&json!("fresh"), &json!(0))
    );
    // Another version is another document.
    server.answer(tagged("\"v2\"", unify(1, &[2])));
    broker.wait_until("AS1", "links", &json!(1));
}

#[test]
fn rfc9110_13_1_3_without_a_tag_the_time_of_the_last_change_will_do() {
    const THEN: &str = "Sun, 22 Nov 2026 10:00:00 GMT";
    let server = Server::start(|request| {
        if request.header("if-modified-since") == Some(THEN) {
            Response::status(304)
        } else {
            Response::json(unify(1, &[])).with("Last-Modified", THEN)
        }
    });
    let broker = Broker::start(&domain(&server, "topology"));
    broker.wait_until("AS1", "state", &json!("fresh"));
    wait_for("304s", || {
        (pulls(&broker, "unchanged") >= 3.0).then_some(())
    });
    for request in server.next(3) {
        assert_eq!(request.header("if-modified-since"), Some(THEN));
        assert!(request.header("if-none-match").is_none());
    }
    assert!((pulls(&broker, "changed") - 1.0).abs() < f64::EPSILON);
}

#[test]
fn another_tag_on_the_same_document_is_no_change() {
    let server = Server::start(tagged("\"v1\"", unify(1, &[])));
    let broker = Broker::start(&domain(&server, "topology"));
    broker.wait_until("AS1", "state", &json!("fresh"));
    server.next(2);
    server.answer(tagged("W/\"v2\"", unify(1, &[])));
    // Once it is sent whole; then it is known by the new tag.
    wait_for("the new tag", || {
        let last = server.next(1);
        (last[0].header("if-none-match") == Some("W/\"v2\"")).then_some(())
    });
    assert!((pulls(&broker, "changed") - 1.0).abs() < f64::EPSILON);
    assert_eq!(broker.source("AS1", TOPOLOGY).unwrap()["failures"], 0);
}

#[test]
fn a_304_that_nobody_asked_for_is_no_answer() {
    let server = Server::start(|_| Response::status(304));
    let broker = Broker::start(&domain(&server, "topology"));
    let error = broker.error("AS1", TOPOLOGY);
    assert_eq!(
        error,
        "the answer is HTTP 304: it was not asked whether anything changed"
    );
    assert_eq!(broker.domain("AS1").unwrap()["state"], "waiting");
    // Nor is it from one whose last answer had nothing to know it by.
    server.answer(|_| Response::json(unify(1, &[])));
    broker.wait_until("AS1", "state", &json!("fresh"));
    server.answer(|_| Response::status(304));
    let error = broker.error("AS1", TOPOLOGY);
    assert!(error.contains("HTTP 304"), "{error}");
    for request in server.next(2) {
        assert!(request.header("if-none-match").is_none());
        assert!(request.header("if-modified-since").is_none());
    }
    assert_eq!(
        broker.domain("AS1").unwrap()["routers"],
        1,
        "what it said stays"
    );
}

/// To a POST under a condition a server must answer 412 where it answers 304 to a GET.
#[test]
fn rfc9110_13_1_2_a_post_asks_under_no_condition() {
    let server =
        Server::start(|_| Response::ok("application/xml", virtualizer("1")).with("ETag", "\"v1\""));
    let broker = Broker::start(&domain(&server, "resources"));
    broker.wait_until("AS1", "state", &json!("fresh"));
    for request in server.next(3) {
        assert_eq!(request.method, "POST");
        assert!(request.header("if-none-match").is_none(), "{request:?}");
    }
    server.answer(|_| Response::status(304));
    assert!(broker.error("AS1", RESOURCES).contains("HTTP 304"));
}

#[test]
fn a_wrong_document_is_asked_for_again_so_that_its_fault_is_not_forgotten() {
    let server = Server::start(tagged("\"v1\"", unify(1, &[])));
    let broker = Broker::start(&domain(&server, "topology"));
    broker.wait_until("AS1", "state", &json!("fresh"));
    server.answer(tagged("\"v2\"", "{\"nodes\": 5}".to_owned()));
    let error = broker.error("AS1", TOPOLOGY);
    assert!(error.contains("line 1, column 11: /nodes: "), "{error}");
    for request in server.next(4).iter().skip(1) {
        assert!(request.header("if-none-match").is_none(), "{request:?}");
    }
    let source = broker.source("AS1", TOPOLOGY).unwrap();
    assert_eq!(source["last-error"], error.as_str());
    assert!(source["failures"].as_u64() >= Some(2), "{source}");
    assert_eq!(
        broker.domain("AS1").unwrap()["routers"],
        1,
        "what it said stays"
    );
}

/// A document that can be read but not be taken must not become a good one by not changing.
#[test]
fn what_was_refused_stays_refused_while_it_does_not_change() {
    for is_tagged in [true, false] {
        let body = unify(1, &[]).replace("0.0.0.1\"", "0.0.0.9\"");
        let server = if is_tagged {
            Server::start(tagged("\"v1\"", body))
        } else {
            Server::start(move |_| Response::json(body.clone()))
        };
        let broker = Broker::start(&domain(&server, "topology"));
        let error = broker.error("AS1", TOPOLOGY);
        server.next(4);
        wait_for("the failures are counted", || {
            (broker.source("AS1", TOPOLOGY)?["failures"].as_u64() >= Some(3)).then_some(())
        });
        let now = broker.domain("AS1").unwrap();
        assert_eq!(now["state"], "waiting", "{now:#}");
        assert_eq!(now["sources"][0]["last-error"], error.as_str());
        assert_eq!(last_heard(&broker), None);
        server.answer(tagged("\"v2\"", unify(1, &[])));
        broker.wait_until("AS1", "state", &json!("fresh"));
    }
}

#[test]
fn a_304_brings_a_domain_back_that_was_gone() {
    let server = Server::start(tagged("\"v1\"", unify(1, &[])));
    let pace = "[pull]\ninterval = '50ms'\nretry_after = '20ms'\n\
        [liveness]\nhold = '300ms'\nexpire = '600ms'\n";
    let broker = Broker::with_pace(pace, &domain(&server, "topology"));
    broker.wait_until("AS1", "routers", &json!(1));
    server.answer(|_| Response::status(500));
    broker.wait_until("AS1", "state", &json!("gone"));
    broker.wait_until("AS1", "routers", &json!(0));
    server.answer(|request| match request.header("if-none-match") {
        Some("\"v1\"") => Response::status(304),
        _ => Response::status(500),
    });
    // It was never sent again: what was known of it came back.
    broker.wait_until("AS1", "routers", &json!(1));
    assert!((pulls(&broker, "changed") - 1.0).abs() < f64::EPSILON);
}
