use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::super::Exit;
use super::super::answer;
use super::super::tests::args;
use crate::client::ClientError;

/// What a request said: method, path with query, content type, condition, body.
type Said = (Method, String, String, String, String);

/// A broker that answers everything alike and notes what was said.
#[derive(Clone)]
struct Double {
    status: StatusCode,
    content_type: &'static str,
    body: String,
    said: Arc<Mutex<Vec<Said>>>,
}

/// What a refusal says after the server's address.
fn without_server(error: &ClientError) -> String {
    let text = error.to_string();
    let (server, rest) = text.split_once(" refused the request: ").unwrap();
    assert!(server.starts_with("http://127.0.0.1:"), "{text}");
    rest.to_owned()
}

impl Double {
    fn of(status: u16, content_type: &'static str, body: impl ToString) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap(),
            content_type,
            body: body.to_string(),
            said: Arc::default(),
        }
    }

    /// One that takes what it is sent.
    fn taking(body: &Value) -> Self {
        Self::of(200, "application/json", body)
    }

    fn refusing(status: u16, body: &Value) -> Self {
        Self::of(status, "application/problem+json", body)
    }

    async fn run(&self, words: &[&str]) -> Result<(String, Exit), ClientError> {
        let router = Router::new().fallback(note).with_state(self.clone());
        answer(args(router, words).await).await
    }

    /// The only request so far.
    fn said(&self) -> Said {
        let mut said = self.said.lock().unwrap();
        assert_eq!(said.len(), 1);
        said.pop().unwrap()
    }
}

async fn note(State(double): State<Double>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let field = |headers: &HeaderMap, name: header::HeaderName| {
        headers
            .get(name)
            .map_or(String::new(), |value| value.to_str().unwrap().to_owned())
    };
    let condition = match field(&head.headers, header::IF_MATCH) {
        tag if tag.is_empty() => field(&head.headers, header::IF_NONE_MATCH),
        tag => format!("if {tag}"),
    };
    let uri: Uri = head.uri;
    double.said.lock().unwrap().push((
        head.method,
        uri.to_string(),
        field(&head.headers, header::CONTENT_TYPE),
        condition,
        String::from_utf8(body.to_vec()).unwrap(),
    ));
    let head = [
        (header::CONTENT_TYPE, double.content_type),
        (header::ETAG, "\"0123\""),
    ];
    (double.status, head, double.body).into_response()
}

fn file(ending: &str, text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(ending).tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn taken() -> Value {
    json!({"domain": "AS7", "version": "0123", "lifetime": 90, "document": {
        "format": "brief", "syntax": "YAML", "version": "0123", "accepted": "2026-11-22T15:00:00Z",
        "bytes": 31, "nodes": 1, "links": 0, "prefixes": 0, "nfs": 2,
        "warnings": [{"line": 2, "path": "/port/1", "text": "told twice"}]}})
}

#[tokio::test]
async fn a_registration_says_what_is_given_and_no_more() {
    let double = Double::taking(&json!({"domain": "AS7", "version": "0123", "lifetime": 90}));
    let (text, exit) = double.run(&["register", "7"]).await.unwrap();
    assert_eq!(exit, Exit::Answered);
    assert!(text.contains("AS7 was a member already"), "{text}");
    assert!(
        text.contains("  good for    90 s without further word\n"),
        "{text}"
    );
    let (method, path, content_type, _, body) = double.said();
    assert_eq!(
        (method, path.as_str()),
        (Method::PUT, "/broker/v1/domains/AS7")
    );
    assert_eq!(
        (content_type.as_str(), body.as_str()),
        ("application/json", "{}")
    );

    let words = [
        "register",
        "north",
        "--asn",
        "65007",
        "--entry-point",
        "http://mdo.example/",
        "--lifetime",
        "2m",
    ];
    double.run(&words).await.unwrap();
    let body: Value = serde_json::from_str(&double.said().4).unwrap();
    let expected = json!({"asn": 65007, "entry-point": "http://mdo.example/", "lifetime": 120});
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_push_says_what_the_file_is_written_in() {
    for (ending, text, content_type) in [
        (".yml", "{}", "application/yaml"),
        (".xml", "cpu: 1", "application/xml"),
        (".nffg", "x", "application/json"),
        ("", " <virtualizer/>", "application/xml"),
        ("", "{}", "application/json"),
        ("", "cpu: 1", "application/yaml"),
    ] {
        let double = Double::taking(&taken());
        let file = file(ending, text);
        let path = file.path().to_str().unwrap();
        double
            .run(&["push", "AS7", "resources", path])
            .await
            .unwrap();
        let (method, path, sent, condition, body) = double.said();
        assert_eq!(
            (method, path.as_str()),
            (Method::PUT, "/broker/v1/domains/AS7/resources")
        );
        assert_eq!(
            (sent.as_str(), body.as_str()),
            (content_type, text),
            "{ending} {text}"
        );
        assert_eq!(condition, "");
    }
}

#[tokio::test]
async fn rfc9110_13_1_a_push_may_depend_on_the_version_in_force() {
    let file = file(".yaml", "cpu: 1");
    let path = file.path().to_str().unwrap();
    for (option, condition) in [
        (&["--create"][..], "*"),
        (&["--if-match", "0123"], "if \"0123\""),
        (&["--if-match", "\"0123\""], "if \"0123\""),
        (&["--if-match", "*"], "if *"),
    ] {
        let double = Double::taking(&taken());
        let words: Vec<&str> = ["push", "AS7", "topology", path, "--format", "brief"]
            .iter()
            .chain(option)
            .copied()
            .collect();
        let (text, _) = double.run(&words).await.unwrap();
        let (_, path, _, said, _) = double.said();
        assert_eq!(path, "/broker/v1/domains/AS7/topology?format=brief");
        assert_eq!(said, condition, "{option:?}");
        assert!(text.contains("  tells       1 node, 2 NFs\n"), "{text}");
        assert!(
            text.contains("  warning     line 2: /port/1: told twice\n"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_patch_is_a_merge_patch_or_an_edit_config() {
    for (ending, text, content_type) in [
        (".json", "{\"cpu\": 1}", "application/merge-patch+json"),
        (".xml", "<virtualizer/>", "application/xml"),
    ] {
        let double = Double::taking(&taken());
        let file = file(ending, text);
        let words = [
            "patch",
            "AS7",
            "resources",
            file.path().to_str().unwrap(),
            "--if-match",
            "ab",
        ];
        double.run(&words).await.unwrap();
        let (method, path, sent, condition, body) = double.said();
        assert_eq!(
            (method, path.as_str()),
            (Method::PATCH, "/broker/v1/domains/AS7/resources")
        );
        assert_eq!((sent.as_str(), body.as_str()), (content_type, text));
        assert_eq!(condition, "if \"ab\"");
    }
    let double = Double::taking(&taken());
    let file = file(".yaml", "cpu: 1");
    let words = ["patch", "AS7", "resources", file.path().to_str().unwrap()];
    let error = double.run(&words).await.unwrap_err();
    assert_eq!(Exit::from(&error), Exit::Usage, "{error}");
    assert!(double.said.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_refused_document_is_told_as_places_in_its_file() {
    let double = Double::refusing(
        422,
        &json!({"title": "Document refused", "detail": "long", "total": 102, "errors": [
            {"field": "/cpu", "value": "many", "rule": "a number", "line": 3, "column": 6},
            {"field": "", "rule": "the document has 9 nodes"}]}),
    );
    let file = file(".yaml", "cpu: many");
    let path = file.path().to_str().unwrap();
    let error = double
        .run(&["push", "AS7", "resources", path])
        .await
        .unwrap_err();
    assert_eq!(Exit::from(&error), Exit::Refused);
    assert_eq!(
        without_server(&error),
        format!(
            "Document refused\n\
             {path}:3:6: error: /cpu: 'many' is not allowed: a number\n\
             {path}: error: the document has 9 nodes\n\
             and 100 more"
        )
    );
    // What a patch makes is in no file.
    let file = self::file(".json", "{}");
    let words = ["patch", "AS7", "resources", file.path().to_str().unwrap()];
    let error = double.run(&words).await.unwrap_err();
    assert_eq!(
        without_server(&error),
        "Document refused\n  field  /cpu\n  value  many\
         \n  rule   a number\n  rule   the document has 9 nodes\nand 100 more"
    );
}

#[tokio::test]
async fn one_that_has_not_registered_is_told_how() {
    let problem = json!({"title": "Not registered", "detail": "PUT first"});
    let file = file(".json", "{}");
    let path = file.path().to_str().unwrap();
    for words in [
        &["push", "AS7", "resources", path][..],
        &["patch", "AS7", "resources", path],
        &["heartbeat", "AS7"],
        &["withdraw", "AS7", "topology"],
        &["leave", "AS7"],
    ] {
        let double = Double::refusing(404, &problem);
        let error = double.run(words).await.unwrap_err();
        assert_eq!(Exit::from(&error), Exit::Nothing, "{words:?}");
        let text = error.to_string();
        assert!(
            text.contains("'brokerctl register AS7'"),
            "{words:?}: {text}"
        );
    }
}

#[tokio::test]
async fn the_rest_is_a_request_each() {
    let double = Double::of(204, "", "");
    let (text, _) = double.run(&["withdraw", "AS7", "topology"]).await.unwrap();
    assert_eq!(text, "AS7 has withdrawn its topology\n");
    let (method, path, ..) = double.said();
    assert_eq!(
        (method, path.as_str()),
        (Method::DELETE, "/broker/v1/domains/AS7/topology")
    );

    let (text, _) = double.run(&["--json", "leave", "AS7"]).await.unwrap();
    let expected = json!({"domain": "AS7", "left": true});
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
    let (method, path, ..) = double.said();
    assert_eq!(
        (method, path.as_str()),
        (Method::DELETE, "/broker/v1/domains/AS7")
    );

    let double = Double::taking(&json!({"domain": "AS7", "lifetime": 90}));
    let (text, _) = double.run(&["heartbeat", "AS7"]).await.unwrap();
    assert_eq!(
        text,
        "AS7 is alive, and good for 90 s without further word\n"
    );
    let (method, path, ..) = double.said();
    assert_eq!(
        (method, path.as_str()),
        (Method::POST, "/broker/v1/domains/AS7/heartbeat")
    );

    let double = Double::of(200, "application/yaml", "cpu: 1\n");
    let (text, _) = double
        .run(&["--json", "get", "AS7", "resources"])
        .await
        .unwrap();
    let expected = json!({"domain": "AS7", "media-type": "application/yaml", "version": "0123",
                          "document": "cpu: 1\n"});
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
    assert_eq!(double.said().0, Method::GET);
}

#[test]
fn what_is_no_such_command_is_refused_before_anything_is_sent() {
    use super::super::args::Args;
    use clap::Parser;
    for words in [
        &["register"][..],
        &["register", "a b"],
        &["register", "AS7", "--asn", "0"],
        &["register", "AS7", "--lifetime", "0s"],
        &["register", "AS7", "--lifetime", "1500ms"],
        &["push", "AS7", "resources"],
        &["push", "AS7", "nodes", "f"],
        &[
            "push",
            "AS7",
            "resources",
            "f",
            "--create",
            "--if-match",
            "x",
        ],
        &["push", "AS7", "resources", "f", "--if-match", "a\nb"],
        &["push", "AS7", "resources", "f", "--format", "csv"],
        &["heartbeat", "AS7", "--every", "0s"],
        &["leave"],
    ] {
        let words = ["brokerctl"].iter().chain(words);
        let error = Args::try_parse_from(words).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{error}");
    }
}

/// A broker that is away, or goes down, may come back; one that does not know the member will not.
#[test]
fn a_heartbeat_goes_on_after_what_may_pass() {
    use super::is_passing;
    use crate::client::error::Refusal;
    let url: url::Url = "http://127.0.0.1/".parse().unwrap();
    let refused = |status| {
        ClientError::Refused(Refusal {
            status,
            ..Refusal::default()
        })
    };
    assert!(is_passing(&refused(StatusCode::SERVICE_UNAVAILABLE)));
    assert!(is_passing(&ClientError::NoAnswer {
        url: url.clone(),
        cause: String::new()
    }));
    assert!(is_passing(&ClientError::TooManyRequests {
        url: url.clone(),
        retry_after: None
    }));
    assert!(!is_passing(&refused(StatusCode::FORBIDDEN)));
    assert!(!is_passing(&ClientError::NotFound(Refusal::default())));
}
