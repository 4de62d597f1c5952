use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use secrecy::SecretString;
use serde_json::json;
use tokio::net::TcpListener;

use super::*;

/// A server of our own making, and a client for it.
async fn double(router: Router) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    client(server, None)
}

fn client(server: Url, token: Option<&str>) -> Client {
    let token = token.map(|token| SecretString::from(token.to_owned()));
    let (directory, timeout) = ("/directory".to_owned(), Duration::from_secs(20));
    Client::new(Options {
        directory,
        credentials: Credentials { token, user: None },
        timeout,
        ..Options::to(server)
    })
    .unwrap()
}

/// A route that answers `body` of this type.
fn answers(
    status: u16,
    content_type: &'static str,
    body: impl ToString,
) -> impl Fn() -> std::future::Ready<axum::response::Response> + Clone + Send + Sync + 'static {
    let (status, body) = (StatusCode::from_u16(status).unwrap(), body.to_string());
    move || {
        let head = [(header::CONTENT_TYPE, content_type)];
        std::future::ready((status, head, body.clone()).into_response())
    }
}

fn directory(resources: &Value) -> Value {
    json!({
        "meta": {
            "default-alto-network-map": "map",
            "cost-types": {
                "pv": {"cost-mode": "array", "cost-metric": "ane-path"},
                "hops": {"cost-mode": "numerical", "cost-metric": "hopcount"},
            },
        },
        "resources": resources,
    })
}

fn path_vector_entry(uri: &str, media_type: &str, cost_type: &str, service_graph: bool) -> Value {
    json!({
        "uri": uri,
        "media-type": media_type,
        "accepts": COST_MAP_FILTER_TYPE,
        "capabilities": {"cost-type-names": [cost_type], "service-graph": service_graph},
    })
}

async fn found(resources: &Value) -> Directory {
    let router = Router::new().route(
        "/alto/ird",
        get(answers(200, DIRECTORY_TYPE, directory(resources))),
    );
    let mut client = double(router).await;
    client.directory = client.server.join("/alto/ird").unwrap();
    client.directory().await.unwrap().content
}

#[tokio::test]
async fn rfc7285_9_2_2_uris_resolve_against_the_directory_itself() {
    let directory = found(&json!({
        "absolute": {"uri": "http://alto.example.com/x", "media-type": "a/b"},
        "from-root": {"uri": "/x", "media-type": "a/b"},
        "beside": {"uri": "x", "media-type": "a/b"},
    }))
    .await;
    let path = |id: &str| directory.resources[id].uri.path().to_owned();
    assert_eq!(
        directory.resources["absolute"].uri.as_str(),
        "http://alto.example.com/x"
    );
    assert_eq!(
        (path("from-root"), path("beside")),
        ("/x".to_owned(), "/alto/x".to_owned())
    );
}

#[tokio::test]
async fn resources_are_found_by_what_they_are_and_not_by_their_names() {
    let multipart = "multipart/related;type=application/alto-costmap+json";
    let directory = found(&json!({
        "map": {"uri": "/m", "media-type": "application/alto-networkmap+json"},
        // The names are those of something else on purpose.
        "networkmap-pid": {"uri": "/p1", "media-type": PROPERTY_MAP_TYPE,
                           "capabilities": {"prop-types": ["cpu"]}},
        "inet-ucmspn": {"uri": "/p2", "media-type": PROPERTY_MAP_TYPE,
                        "capabilities": {"mappings": {"map.pid": ["cpu"]}}},
        "a-addresses": {"uri": "/p4", "media-type": PROPERTY_MAP_TYPE,
                        "capabilities": {"mappings": {"ipv4": ["map.pid"]}}},
        "a-roles": {"uri": "/p5", "media-type": PROPERTY_MAP_TYPE,
                    "capabilities": {"mappings": {"roles.pid": ["cpu"]}}},
        "a-filtered": {"uri": "/p3", "media-type": PROPERTY_MAP_TYPE,
                       "accepts": "application/alto-propmapparams+json"},
        "a-hops": path_vector_entry("/c1", multipart, "hops", true),
        "a-plain": path_vector_entry("/c2", multipart, "pv", false),
        "z-graph": path_vector_entry("/c3", multipart, "pv", true),
        "z-costs": path_vector_entry("/c4", COST_MAP_TYPE, "pv", false),
    }))
    .await;
    let path =
        |resource: Result<&directory::Resource, String>| resource.unwrap().uri.path().to_owned();
    assert_eq!(path(directory.network_map()), "/m");
    assert_eq!(path(directory.property_map(PropertyMapForm::Draft)), "/p1");
    assert_eq!(
        path(directory.property_map(PropertyMapForm::Rfc9240)),
        "/p2"
    );
    assert_eq!(path(directory.path_vectors()), "/c3");
    assert_eq!(path(directory.path_vector_cost_map()), "/c4");
}

#[tokio::test]
async fn a_resource_that_is_not_there_is_told_by_what_was_looked_for() {
    let router = Router::new().route(
        "/directory",
        get(answers(200, DIRECTORY_TYPE, directory(&json!({})))),
    );
    let client = double(router).await;
    let directory = client.directory().await.unwrap().content;
    let error = client
        .property_map(&directory, PropertyMapForm::Rfc9240)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("with the capability 'mappings'"),
        "{error}"
    );
    let error = client
        .path_vectors(&directory, Vec::new())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ClientError::NotUnderstood { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_wrong_directory_is_told_by_its_field() {
    for (body, fault) in [
        (json!([]), "expected an object"),
        (json!({}), "resources: the field is missing"),
        (
            json!({"resources": {"a": {"media-type": "b"}}}),
            "resources/a/uri: the field is missing",
        ),
        (
            json!({"resources": {"a": {"uri": "http://[", "media-type": "b"}}}),
            "resources/a/uri",
        ),
    ] {
        let router = Router::new().route("/directory", get(answers(200, DIRECTORY_TYPE, &body)));
        let error = double(router)
            .await
            .directory()
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("is not understood") && error.contains(fault),
            "{body}: {error}"
        );
    }
}

/// What `GET /directory` comes to when it is answered like this.
async fn error_of(status: u16, content_type: &'static str, body: impl ToString) -> ClientError {
    let router = Router::new().route("/directory", get(answers(status, content_type, body)));
    double(router).await.directory().await.unwrap_err()
}

#[tokio::test]
async fn what_is_no_alto_server_is_told_as_such() {
    for status in [200, 404, 502] {
        let error = error_of(status, "text/html; charset=utf-8", "<html>").await;
        assert!(
            matches!(error, ClientError::NotABroker { .. }),
            "{status}: {error}"
        );
    }
    for (status, content_type, body) in [
        (200, JSON_TYPE, "{}"),
        (200, DIRECTORY_TYPE, "{"),
        (500, "text/plain", "oops"),
        (204, "", ""),
    ] {
        let error = error_of(status, content_type, body).await;
        assert!(
            matches!(error, ClientError::NotUnderstood { .. }),
            "{status}: {error}"
        );
    }
}

#[tokio::test]
async fn rfc7285_8_5_2_an_alto_error_is_told_whole() {
    let body = json!({"meta": {
        "code": "E_INVALID_FIELD_VALUE", "field": "sg/nfs[0]", "value": "NF9", "reason": "nobody has it",
    }});
    let error = error_of(400, ERROR_TYPE, body).await;
    let words = "refused the request: E_INVALID_FIELD_VALUE\n  field  sg/nfs[0]\n  value  NF9\
                 \n  rule   nobody has it";
    let text = error.to_string();
    assert!(
        text.starts_with("http://127.0.0.1:") && text.ends_with(words),
        "{text}"
    );
    let body = json!({"meta": {"code": "E_SYNTAX", "syntax-error": "at line 3"}});
    let error = error_of(400, ERROR_TYPE, body).await;
    let text = error.to_string();
    assert!(
        text.ends_with(" refused the request: E_SYNTAX: at line 3"),
        "{text}"
    );
    // An error that has no code is no ALTO error.
    let error = error_of(400, ERROR_TYPE, json!({"meta": {}})).await;
    assert!(
        matches!(error, ClientError::NotUnderstood { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn rfc9457_a_problem_is_told_whole() {
    let body = json!({"title": "Invalid field", "status": 400, "detail": "k: too many",
                      "errors": [{"field": "k", "value": "9999", "rule": "at most 100"}]});
    let error = error_of(400, PROBLEM_TYPE, body).await.to_string();
    let expected = " refused the request: Invalid field\n  field  k\n  value  9999\
                    \n  rule   at most 100";
    assert!(error.ends_with(expected), "{error}");
    let error = error_of(404, PROBLEM_TYPE, json!({"title": "No", "detail": "none"})).await;
    assert!(matches!(error, ClientError::NotFound(_)), "{error}");
    assert_eq!(error.to_string(), "No: none");
    let error = error_of(503, PROBLEM_TYPE, "not JSON").await;
    assert!(
        matches!(error, ClientError::NotUnderstood { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn rfc6585_4_retry_after_is_told() {
    for (value, words) in [
        ("7", "try again in 7 s"),
        (
            "Sun, 22 Nov 2026 15:00:00 GMT",
            "try again after Sun, 22 Nov 2026 15:00:00 GMT",
        ),
    ] {
        let answer = async move || {
            (
                StatusCode::TOO_MANY_REQUESTS,
                [(header::RETRY_AFTER, value)],
            )
        };
        let router = Router::new().route("/directory", get(answer));
        let error = double(router)
            .await
            .directory()
            .await
            .unwrap_err()
            .to_string();
        assert!(error.ends_with(words), "{error}");
    }
}

#[tokio::test]
async fn nobody_there_is_told_with_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = client(format!("http://{address}").parse().unwrap(), None);
    let error = client.directory().await.unwrap_err();
    let expected =
        format!("http://{address} does not answer: connection refused; is a server running there?");
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = client(
        format!("http://{}", listener.local_addr().unwrap())
            .parse()
            .unwrap(),
        None,
    );
    client.timeout = Duration::from_millis(100);
    let error = client.directory().await.unwrap_err();
    assert!(matches!(error, ClientError::Timeout { .. }), "{error}");
    assert!(
        error.to_string().contains("did not answer within 100ms"),
        "{error}"
    );
}

#[tokio::test]
async fn the_token_goes_to_its_own_server_only() {
    let echo = async |headers: HeaderMap| {
        let token = headers
            .get(header::AUTHORIZATION)
            .map_or("none", |value| value.to_str().unwrap());
        let body = json!({"property-map": {"pid:AS1": {"token": [token]}}}).to_string();
        ([(header::CONTENT_TYPE, PROPERTY_MAP_TYPE)], body)
    };
    let seen = async |server: &Client, map: &Client| {
        let uri = map.server.join("/map").unwrap();
        let entry = json!({"uri": uri.as_str(), "media-type": PROPERTY_MAP_TYPE});
        let json = directory(&json!({"map": entry}));
        let directory = Directory::decode(json, &server.server).unwrap();
        let client = client(server.server.clone(), Some("s3cret"));
        let map = client
            .property_map(&directory, PropertyMapForm::Draft)
            .await
            .unwrap()
            .content;
        map.entities["pid:AS1"]["token"][0].clone()
    };
    let one = double(Router::new().route("/map", get(echo))).await;
    let other = double(Router::new().route("/map", get(echo))).await;
    assert_eq!(seen(&one, &one).await, "Bearer s3cret");
    assert_eq!(seen(&one, &other).await, "none");
    assert!(!format!("{:?}", client(one.server.clone(), Some("s3cret"))).contains("s3cret"));
}

#[tokio::test]
async fn path_vectors_come_as_multipart_or_as_a_plain_cost_map() {
    let cost_map =
        json!({"cost-map": {"SAP1": {"SAP2": {"SAP1": {"NF1": [["AS1"], ["AS1", "AS2"]]}}}}});
    let property_map = json!({"property-map": {"pid:AS1": {"entry-point": ["http://x"]}}});
    let multipart = format!(
        "--b\r\nContent-Type: {COST_MAP_TYPE}\r\n\r\n{cost_map}\r\n\
         --b\r\nContent-Type: {PROPERTY_MAP_TYPE}\r\n\r\n{property_map}\r\n--b--\r\n"
    );
    let related = "multipart/related; boundary=b; type=application/alto-costmap+json";
    let resources = json!({"pv": path_vector_entry("/pv", related, "pv", true)});
    let cases = [
        (related, multipart, true),
        (COST_MAP_TYPE, cost_map.to_string(), false),
    ];
    for (content_type, body, with_properties) in cases {
        let router = Router::new().route("/pv", post(answers(200, content_type, body)));
        let client = double(router).await;
        let directory = Directory::decode(directory(&resources), &client.server).unwrap();
        let paths = client
            .path_vectors(&directory, b"{}".to_vec())
            .await
            .unwrap()
            .content;
        assert_eq!(paths.json, cost_map);
        assert_eq!(
            paths.requirements[0].links[0].vectors,
            [vec!["AS1"], vec!["AS1", "AS2"]]
        );
        assert_eq!(paths.property_map.is_some(), with_properties);
    }
}

#[tokio::test]
async fn half_a_multipart_answer_is_not_understood() {
    let resources = json!({"pv": path_vector_entry("/pv", MULTIPART_TYPE, "pv", true)});
    let cases = [
        (
            "multipart/related; boundary=b",
            "--b\r\nContent-Type: x/y\r\n\r\n{}",
            "cut off",
        ),
        (
            "multipart/related; boundary=b",
            "--b\r\n\r\n{}\r\n--b--",
            "has no part",
        ),
        (
            "multipart/related",
            "--b\r\n\r\n{}\r\n--b--",
            "without a boundary",
        ),
        ("text/plain", "x", "its type is text/plain"),
    ];
    for (content_type, body, fault) in cases {
        let router = Router::new().route("/pv", post(answers(200, content_type, body)));
        let client = double(router).await;
        let directory = Directory::decode(directory(&resources), &client.server).unwrap();
        let error = client
            .path_vectors(&directory, b"{}".to_vec())
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(fault), "{content_type}: {error}");
    }
}

#[test]
fn own_paths_are_escaped_and_start_at_the_server() {
    let client = client("http://h:1/prefix/?q=1#f".parse().unwrap(), None);
    assert_eq!(
        client.own(&["domains"]).as_str(),
        "http://h:1/broker/v1/domains"
    );
    assert_eq!(
        client.own(&["domains", "../x y?"]).as_str(),
        "http://h:1/broker/v1/domains/..%2Fx%20y%3F"
    );
}

#[test]
fn rfc9110_5_6_7_dates_are_read() {
    let date = http_date("Sun, 22 Nov 2026 15:00:00 GMT").unwrap();
    assert_eq!(date.to_string(), "2026-11-22T15:00:00Z");
    assert_eq!(http_date("yesterday"), None);
}
