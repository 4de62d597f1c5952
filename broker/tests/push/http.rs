//! Methods, paths and heads.

use serde_json::json;

use super::broker::Broker;
use super::testbed::{JSON, join, path, topology_of};

#[test]
fn rfc9110_15_5_6_a_method_that_is_not_allowed_has_all_that_are_in_allow() {
    let broker = Broker::start("");
    let cases = [
        ("/broker/v1/domains", "GET HEAD"),
        ("/broker/v1/domains/AS1", "DELETE GET HEAD PUT"),
        ("/broker/v1/domains/AS1/heartbeat", "POST"),
        (
            "/broker/v1/domains/AS1/topology",
            "DELETE GET HEAD PATCH PUT",
        ),
        (
            "/broker/v1/domains/AS1/no-document",
            "DELETE GET HEAD PATCH PUT",
        ),
        ("/broker/v1/placements", "POST"),
        ("/openapi.json", "GET HEAD"),
        ("/healthz", "GET HEAD"),
    ];
    for (path, methods) in cases {
        for method in ["BREW", "TRACE"] {
            let refused = broker.ask(method, path).send().must(405);
            let mut allowed: Vec<&str> = refused
                .header("allow")
                .unwrap()
                .split(',')
                .map(str::trim)
                .collect();
            allowed.sort_unstable();
            assert_eq!(allowed.join(" "), methods, "{method} {path}");
            assert!(refused.detail().contains(method));
        }
    }
}

#[test]
fn one_who_may_nothing_does_not_learn_what_is_allowed() {
    let broker = Broker::start("[auth]\nanonymous = 'nobody'\n");
    for path in [
        "/broker/v1/domains/AS1",
        "/broker/v1/domains/AS1/topology",
        "/broker/v1/domains",
    ] {
        broker.ask("BREW", path).send().must(401);
    }
}

#[test]
fn rfc9110_9_3_2_head_is_get_without_the_body() {
    let broker = Broker::start("");
    join(&broker, "AS1");
    for path in [
        "/broker/v1/domains".to_owned(),
        path("AS1"),
        format!("{}/topology", path("AS1")),
        format!("{}/resources", path("AS1")),
        "/openapi.json".to_owned(),
    ] {
        let get = broker.get(&path).must(200);
        let head = broker.ask("HEAD", &path).send().must(200);
        assert_eq!(head.body, b"");
        for name in [
            "content-type",
            "content-length",
            "etag",
            "accept-patch",
            "cache-control",
        ] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
    }
    let missing = broker.ask("HEAD", &path("AS2")).send();
    assert_eq!((missing.status, missing.body.len()), (404, 0));
}

#[test]
fn a_path_of_nothing_is_404_and_one_that_is_no_text_is_400() {
    let broker = Broker::start("");
    join(&broker, "AS1");
    for (method, path, status) in [
        ("GET", "/broker/v1/domains/AS1/no-document", 404),
        ("PUT", "/broker/v1/domains/AS1/no-document", 404),
        ("PATCH", "/broker/v1/domains/AS1/no-document", 404),
        ("DELETE", "/broker/v1/domains/AS1/no-document", 404),
        ("GET", "/broker/v1/domains/AS2", 404),
        ("GET", "/broker/v1/domains/AS2/topology", 404),
        ("GET", "/broker/v1/domains/", 404),
        ("GET", "/broker/v1/domains/AS1/topology/nodes", 404),
        ("GET", "/broker/v1/domains/%ff", 400),
        ("GET", "/broker/v1/domains/%ff/topology", 400),
        ("PUT", "/broker/v1/domains/AS1/%ff", 400),
        ("PUT", "/broker/v1/domains/%41S%31%20/topology", 400),
    ] {
        let ask = broker.ask(method, path);
        let answer = match method {
            "PUT" => ask.body(JSON, topology_of("AS1")).send(),
            "PATCH" => ask.body("application/merge-patch+json", "{}").send(),
            _ => ask.send(),
        };
        answer.must(status);
    }
    assert_eq!(
        broker.get("/broker/v1/domains/%41S1").must(200).json()["id"],
        json!("AS1")
    );
    broker
        .ask("GET", "/broker/v1/domains")
        .header("Accept", "text/html")
        .send()
        .must(406);
    broker
        .ask("GET", &path("AS1"))
        .header("Accept", "text/html")
        .send()
        .must(406);
}
