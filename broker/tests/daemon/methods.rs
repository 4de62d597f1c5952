//! HEAD and OPTIONS.

use super::{Daemon, settings};

#[test]
fn rfc7285_9_2_2_options_tells_what_an_address_can_do() {
    let daemon = Daemon::start(settings(&[]));
    let directory = daemon.get("/directory", "").json();
    let costs = daemon.get("/directory/costmaps", "").json();
    let options = |path: &str, headers: &str| {
        daemon.ask(&format!(
            "OPTIONS {path} HTTP/1.1\nHost: b\nConnection: close\n{headers}\n"
        ))
    };
    for resource in alto::resources() {
        let answer = options(resource.uri, "");
        assert_eq!(answer.status, 200, "{}", resource.uri);
        let allowed = if resource.accepts.is_some() {
            "POST,OPTIONS"
        } else {
            "GET,HEAD,OPTIONS"
        };
        assert_eq!(answer.header("allow"), Some(allowed), "{}", resource.uri);
        assert_eq!(
            answer.header("content-type"),
            Some("application/alto-directory+json")
        );
        let listed = answer.json();
        assert!(listed == directory || listed == costs);
        let is_there = listed["resources"].get(resource.id).is_some();
        assert!(is_there || resource.uri == "/directory", "{}", resource.id);
    }
    // Who takes no directory is told the methods.
    let answer = options("/networkmap", "Accept: application/alto-networkmap+json\n");
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(answer.header("allow"), Some("GET,HEAD,OPTIONS"));
}

#[test]
fn rfc9110_9_3_7_options_is_answered_wherever_there_is_something() {
    let daemon = Daemon::start(settings(&[]));
    let options = |path: &str| {
        daemon.ask(&format!(
            "OPTIONS {path} HTTP/1.1\nHost: b\nConnection: close\n\n"
        ))
    };
    for (path, allowed) in [
        ("/broker/v1/placements", "POST,OPTIONS"),
        ("/broker/v1/domains", "GET,HEAD,OPTIONS"),
        ("/openapi.json", "GET,HEAD,OPTIONS"),
        ("/healthz", "GET,HEAD,OPTIONS"),
    ] {
        let answer = options(path);
        assert_eq!(
            (answer.status, answer.header("allow")),
            (204, Some(allowed)),
            "{path}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    assert_eq!(options("/no/such/path").status, 404);
}

#[test]
fn rfc9110_9_3_2_head_of_every_resource_is_get_without_the_body() {
    let daemon = Daemon::start(settings(&[]));
    let gets = alto::resources()
        .iter()
        .filter(|resource| resource.accepts.is_none());
    for resource in gets {
        let get = daemon.get(resource.uri, "");
        let head = daemon.ask(&format!(
            "HEAD {} HTTP/1.1\nHost: b\nConnection: close\n\n",
            resource.uri
        ));
        assert_eq!((head.status, head.body.as_str()), (200, ""));
        for name in [
            "content-type",
            "content-length",
            "etag",
            "vary",
            "cache-control",
        ] {
            assert!(get.header(name).is_some(), "{} {name}", resource.uri);
            assert_eq!(
                head.header(name),
                get.header(name),
                "{} {name}",
                resource.uri
            );
        }
    }
}
