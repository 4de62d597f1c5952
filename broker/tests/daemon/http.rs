//! Methods, types, authorisation and rates, over HTTP.

use super::{Daemon, settings};

const FILTER: &str = "application/alto-costmapfilter+json";

#[test]
fn rfc7285_9_2_1_the_directory_is_found_by_get() {
    let daemon = Daemon::start(settings(&[]));
    let answer = daemon.get("/directory", "Accept: application/alto-directory+json\n");
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/alto-directory+json")
    );
    assert_eq!(
        answer.json()["meta"]["default-alto-network-map"],
        "networkmap"
    );
}

#[test]
fn rfc7285_8_3_3_accept_decides_between_multipart_and_a_plain_cost_map() {
    let daemon = Daemon::start(settings(&[]));
    let body = r#"{"cost-type":{"cost-mode":"array","cost-metric":"ane-path"},"pids":{"srcs":[],"dsts":[]}}"#;
    let ask = |accept: &str| {
        let length = body.len();
        daemon.ask(&format!(
            "POST /costmap/pv HTTP/1.1\nHost: b\nConnection: close\nAccept: {accept}\n\
             Content-Type: {FILTER}\nContent-Length: {length}\n\n{body}"
        ))
    };
    let kind = |accept: &str| {
        let answer = ask(accept);
        (
            answer.status,
            answer
                .header("content-type")
                .unwrap()
                .split(';')
                .next()
                .unwrap()
                .to_owned(),
        )
    };
    let multipart = (200, "multipart/related".to_owned());
    let plain = (200, "application/alto-costmap+json".to_owned());
    assert_eq!(kind("*/*"), multipart);
    assert_eq!(
        kind("multipart/related, application/alto-costmap+json"),
        multipart
    );
    assert_eq!(
        kind("application/alto-costmap+json, application/alto-error+json"),
        plain
    );
    assert_eq!(
        kind("multipart/related;q=0.1, application/alto-costmap+json"),
        plain
    );
    let refused = ask("text/html");
    assert_eq!(
        (refused.status, refused.json()["title"].as_str()),
        (406, Some("Not acceptable"))
    );
    assert!(
        refused.json()["detail"]
            .as_str()
            .unwrap()
            .contains("text/html")
    );
}

#[test]
fn rfc9110_15_5_a_wrong_method_type_or_path_says_what_is_right() {
    let daemon = Daemon::start(settings(&[]));
    let wrong = daemon.get("/costmap/pv", "");
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("POST")));
    let wrong = daemon.post("/directory", "text/plain", "x");
    assert_eq!(
        (wrong.status, wrong.header("allow")),
        (405, Some("GET,HEAD"))
    );
    let wrong = daemon.post("/costmap/pv", "application/json", "{}");
    assert_eq!(wrong.status, 415);
    assert!(wrong.json()["detail"].as_str().unwrap().contains(FILTER));
    let wrong = daemon.get("/propmap", "");
    assert_eq!((wrong.status, wrong.header("allow")), (404, None));
    assert_eq!(
        wrong.header("content-type"),
        Some("application/problem+json")
    );
    assert!(
        wrong.json()["detail"]
            .as_str()
            .unwrap()
            .contains("/propmap")
    );
    assert_eq!(daemon.get("/broker/v1/domains/AS7", "").status, 404);
    assert_eq!(daemon.get("/broker/v1/domains/%2e%2e", "").status, 404);
}

#[test]
fn a_map_that_the_client_has_is_not_sent_again() {
    let daemon = Daemon::start(settings(&[]));
    let first = daemon.get("/networkmap", "");
    let etag = first.header("etag").unwrap();
    let tag = first.json()["meta"]["vtag"]["tag"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(etag, format!("\"{tag}\""));
    let again = daemon.get(
        "/networkmap",
        &format!("If-None-Match: \"other\", W/{etag}\n"),
    );
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    assert_eq!(
        daemon
            .get("/networkmap", "If-None-Match: \"other\"\n")
            .status,
        200
    );
}

#[test]
fn a_body_over_the_limit_is_refused_whether_it_says_so_or_not() {
    let daemon = Daemon::start(settings(&[("limits.body_bytes", "100")]));
    let long = " ".repeat(101);
    let told = daemon.post("/costmap/pv", FILTER, &long);
    assert_eq!(told.status, 413);
    assert!(
        told.json()["detail"]
            .as_str()
            .unwrap()
            .contains("100 bytes")
    );
    let untold = daemon.ask(&format!(
        "POST /costmap/pv HTTP/1.1\nHost: b\nConnection: close\nContent-Type: {FILTER}\n\
         Transfer-Encoding: chunked\n\n65\n{long}\n0\n\n"
    ));
    assert_eq!(untold.status, 413);
    assert_eq!(daemon.post("/costmap/pv", FILTER, &long[..99]).status, 400);
}

#[test]
fn a_client_over_its_rate_is_told_when_to_come_back_and_monitors_are_not_counted() {
    let daemon = Daemon::start(settings(&[
        ("limits.requests_per_second", "1"),
        ("limits.burst", "3"),
    ]));
    let statuses: Vec<u16> = (0..5)
        .map(|_| daemon.get("/directory", "").status)
        .collect();
    assert_eq!(statuses[..3], [200, 200, 200]);
    let refused = (0..3)
        .map(|_| daemon.get("/directory", ""))
        .find(|answer| answer.status == 429);
    let refused = refused.expect("the bucket is empty");
    assert!(
        refused
            .header("retry-after")
            .unwrap()
            .parse::<u64>()
            .unwrap()
            >= 1
    );
    for _ in 0..5 {
        assert_eq!(daemon.get("/healthz", "").status, 200);
    }
    assert_eq!(
        daemon.get("/readyz", "").status,
        200,
        "no source is configured, so none is waited for"
    );
}

#[test]
fn tokens_name_principals_and_limit_what_they_may() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = "listen = '127.0.0.1:0'\n[auth]\nanonymous = 'nobody'\n\
        [[auth.principals]]\nname = 'ops'\nrole = 'operator'\ntoken = 'operator-token-1'\n\
        [[auth.principals]]\nname = 'mdo'\nrole = 'member'\ndomain = 'AS1'\ntoken = 'member-token-123'\n";
    std::fs::write(file.path(), text).unwrap();
    let settings =
        broker::settings::load(Some(file.path()), &broker::settings::Overrides::default());
    let daemon = Daemon::start(settings.unwrap());
    let status = |path: &str, token: &str| {
        let header = if token.is_empty() {
            String::new()
        } else {
            format!("Authorization: {token}\n")
        };
        daemon.get(path, &header).status
    };
    assert_eq!(status("/directory", ""), 401);
    assert_eq!(status("/directory", "Bearer wrong"), 401);
    assert_eq!(status("/directory", "Bearer member-token-123"), 200);
    assert_eq!(status("/metrics", "Bearer member-token-123"), 403);
    assert_eq!(status("/metrics", "Bearer operator-token-1"), 200);
    assert_eq!(status("/healthz", ""), 200);
    assert_eq!(
        daemon.get("/directory", "").header("www-authenticate"),
        Some("Bearer")
    );
}

/// RFC 9275 §11: path vectors tell which links are narrow, and are for those who are known.
#[test]
fn rfc9275_11_path_vectors_are_for_those_who_may_read_maps() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = "listen = '127.0.0.1:0'\n[auth]\nanonymous = 'nobody'\n\
        [[auth.principals]]\nname = 'mdo'\nrole = 'member'\ndomain = 'AS1'\ntoken = 'member-token-123'\n";
    std::fs::write(file.path(), text).unwrap();
    let settings =
        broker::settings::load(Some(file.path()), &broker::settings::Overrides::default());
    let daemon = Daemon::start(settings.unwrap());
    let body = r#"{"cost-type":{"cost-mode":"array","cost-metric":"ane-path"}}"#;
    let ask = |token: &str| {
        let length = body.len();
        daemon.ask(&format!(
            "POST /pathvector/costmap HTTP/1.1\nHost: b\nConnection: close\n{token}\
             Content-Type: {FILTER}\nContent-Length: {length}\n\n{body}"
        ))
    };
    assert_eq!(ask("").status, 401);
    assert_eq!(ask("Authorization: Bearer wrong\n").status, 401);
    let answer = ask("Authorization: Bearer member-token-123\n");
    assert_eq!(answer.status, 200);
    let kind = answer.header("content-type").unwrap();
    assert!(
        kind.starts_with("multipart/related; boundary=")
            && kind.ends_with("; type=application/alto-costmap+json"),
        "{kind}"
    );
}

#[test]
fn metrics_count_by_route_template() {
    let daemon = Daemon::start(settings(&[]));
    daemon.get("/broker/v1/domains/AS1", "");
    daemon.get("/no/such/path", "");
    let text = daemon.get("/metrics", "").body;
    let line = r#"brokerd_http_requests_total{route="/broker/v1/domains/{domain}",method="GET",status="404"} 1"#;
    assert!(text.contains(line), "{text}");
    assert!(
        text.contains(r#"route="unmatched""#) && !text.contains("/no/such/path"),
        "{text}"
    );
}

#[test]
fn placements_refuse_what_is_wrong_with_field_value_and_rule() {
    let daemon = Daemon::start(settings(&[]));
    let sg = r#"{"nfs":["NF1"],"saps":["SAP1"],"sg_links":[{"id":1,"src-node":"SAP1","dst-node":"NF1"}],"reqs":[{"id":1,"src-node":"SAP1","dst-node":"NF1","sg-path":[1]}]}"#;
    let cases = [
        (r"{}".to_owned(), "sg", None),
        (format!(r#"{{"sg":{sg},"k":0}}"#), "k", Some("0")),
        (format!(r#"{{"sg":{sg},"k":101}}"#), "k", Some("101")),
        (format!(r#"{{"sg":{sg},"k":"ten"}}"#), "k", Some("\"ten\"")),
        (
            format!(r#"{{"sg":{sg},"objective":"beauty"}}"#),
            "objective",
            Some("beauty"),
        ),
        (format!(r#"{{"sg":{sg}}}"#), "sg/nfs", Some("NF1")),
        (
            r#"{"sg":{"node_nfs":[]}}"#.to_owned(),
            "sg/edge_sg_nexthops",
            None,
        ),
    ];
    for (body, field, value) in cases {
        let answer = daemon.post("/broker/v1/placements", "application/json", &body);
        let json = answer.json();
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(json["errors"][0]["field"], field, "{body}\n{json}");
        if let Some(value) = value {
            assert_eq!(json["errors"][0]["value"], value, "{body}");
        }
        assert!(!json["errors"][0]["rule"].as_str().unwrap().is_empty());
    }
    let answer = daemon.post("/broker/v1/placements", "application/json", "{\"sg\": [}");
    assert!(
        answer.json()["detail"]
            .as_str()
            .unwrap()
            .contains("line 1 column")
    );
}
