//! The client against servers that say what a test wants, over real sockets.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::Uri;
use axum::routing::{get, post};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::super::identity::Credentials;
use super::mirror::{Kind, Mirror};
use super::updates::{Signal, Transport, Updates};
use super::*;

type Body = ([(header::HeaderName, String); 1], String);

fn answer(media_type: &str, body: impl ToString) -> Body {
    (
        [(header::CONTENT_TYPE, media_type.to_owned())],
        body.to_string(),
    )
}

async fn serve(router: Router) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url.parse().unwrap()
}

fn client(directory: &Url) -> Alto {
    Alto::new(Options {
        directory: directory.to_string(),
        credentials: Credentials {
            token: Some("s3cret".to_owned().into()),
            user: None,
        },
        timeout: Duration::from_secs(20),
        ..Options::to("http://127.0.0.1:1".parse().unwrap())
    })
    .unwrap()
}

fn link(uri: impl ToString) -> Value {
    json!({"uri": uri.to_string(), "media-type": DIRECTORY_TYPE})
}

#[tokio::test]
async fn client_rfc7285_9_2_4_linked_directories_are_followed_but_not_for_ever() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    // Each links to itself, to the first, and to two new ones.
    let endless = get(async move |uri: Uri| {
        counted.fetch_add(1, Ordering::Relaxed);
        let path = uri.path();
        let links = json!({"self": link(""), "first": link("/d/"), "a": link(format!("{path}a")),
                           "b": link(format!("{path}b"))});
        answer(DIRECTORY_TYPE, json!({"resources": links}))
    });
    let url = serve(
        Router::new()
            .route("/d/", endless.clone())
            .route("/d/{*rest}", endless),
    )
    .await;
    let catalogue = client(&url.join("d/").unwrap()).catalogue().await.unwrap();
    assert_eq!(catalogue.directories.len(), MOST_DIRECTORIES);
    assert_eq!(asked.load(Ordering::Relaxed), MOST_DIRECTORIES);
    assert!(catalogue.notes.last().unwrap().contains("are enough"));
}

#[tokio::test]
async fn a_linked_directory_that_cannot_be_read_is_left_out_with_a_note() {
    let links = json!({"gone": link("/gone"), "html": link("/html"), "net": {"uri": "net", "media-type": NETWORK_MAP_TYPE}});
    let router = Router::new()
        .route(
            "/",
            get(async move || answer(DIRECTORY_TYPE, json!({"resources": links}))),
        )
        .route("/html", get(async || answer("text/html", "<html>")));
    let catalogue = client(&serve(router).await).catalogue().await.unwrap();
    assert_eq!(catalogue.directories.len(), 1);
    assert_eq!(catalogue.notes.len(), 2, "{:?}", catalogue.notes);
    assert_eq!(
        catalogue.resource("net").unwrap().media_type.essence(),
        NETWORK_MAP_TYPE
    );
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let endless = get(async || {
        let padding = " ".repeat(MOST_DIRECTORY_BYTES + 1);
        answer(DIRECTORY_TYPE, format!("{{{padding}}}"))
    });
    let error = client(&serve(Router::new().route("/", endless)).await)
        .catalogue()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("larger than"), "{error}");
}

#[tokio::test]
async fn a_deep_answer_is_refused() {
    let deep = format!(
        "{{\"resources\": {}{}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let router = Router::new().route("/", get(async move || answer(DIRECTORY_TYPE, deep)));
    let error = client(&serve(router).await).catalogue().await.unwrap_err();
    assert!(error.to_string().contains("recursion limit"), "{error}");
}

#[tokio::test]
async fn client_rfc7285_8_5_2_an_error_is_told_with_its_field_and_value() {
    let directory = json!({"resources": {"c": {"uri": "/c", "media-type": COST_MAP_TYPE, "accepts": COST_MAP_FILTER_TYPE}}});
    let error = json!({"meta": {"code": "E_INVALID_FIELD_VALUE", "field": "cost-type/cost-metric", "value": "x"}});
    let router = Router::new()
        .route("/", get(async move || answer(DIRECTORY_TYPE, directory)))
        .route(
            "/c",
            post(async move || (StatusCode::BAD_REQUEST, answer(ERROR_TYPE, error))),
        );
    let alto = client(&serve(router).await);
    let catalogue = alto.catalogue().await.unwrap();
    let resource = catalogue.resource("c").unwrap();
    let told = alto
        .ask(resource, Some(&json!({})), None)
        .await
        .unwrap_err()
        .to_string();
    for part in ["E_INVALID_FIELD_VALUE", "cost-type/cost-metric", "value  x"] {
        assert!(told.contains(part), "{told}");
    }
    let told = alto.ask(resource, None, None).await.unwrap_err();
    assert!(matches!(told, ClientError::Input(_)), "{told}");
}

#[tokio::test]
async fn the_token_goes_to_the_directorys_server_only_and_a_version_is_revalidated() {
    let echo = async |headers: HeaderMap| {
        let has = headers.contains_key(header::AUTHORIZATION);
        let map = json!({"network-map": {"token": {"ipv4": [], "has": [has.to_string()]}}});
        let tag = [(header::ETAG, "\"one\"")];
        match headers.get(header::IF_NONE_MATCH) {
            Some(known) if known == "\"one\"" => Err((StatusCode::NOT_MODIFIED, tag)),
            _ => Ok((tag, answer(NETWORK_MAP_TYPE, map))),
        }
    };
    let other = serve(Router::new().route("/map", get(echo))).await;
    let map = |uri: &str| json!({"uri": uri, "media-type": NETWORK_MAP_TYPE});
    let directory = json!({"resources": {"own": map("/map"), "other": map(other.join("map").unwrap().as_str())}});
    let router = Router::new()
        .route("/", get(async move || answer(DIRECTORY_TYPE, directory)))
        .route("/map", get(echo));
    let alto = client(&serve(router).await);
    let catalogue = alto.catalogue().await.unwrap();
    for (id, has) in [("own", "true"), ("other", "false")] {
        let reply = alto
            .ask(catalogue.resource(id).unwrap(), None, None)
            .await
            .unwrap();
        assert_eq!(
            reply.json(NETWORK_MAP_TYPE).unwrap()["network-map"]["token"]["has"][0],
            has,
            "{id}"
        );
        assert_eq!(reply.etag.as_deref(), Some("\"one\""));
    }
    let reply = alto
        .ask(catalogue.resource("own").unwrap(), None, Some("\"one\""))
        .await
        .unwrap();
    assert!(reply.is_unchanged && reply.body.is_empty());
}

/// The head of a request and its body, from a socket.
async fn request(socket: &mut TcpStream) -> (String, Value) {
    let mut octets = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&octets).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_ascii_lowercase();
            let length = length
                .split("content-length: ")
                .nth(1)
                .and_then(|rest| rest.lines().next());
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
            if body.len() >= length {
                return (
                    head.to_owned(),
                    serde_json::from_str(body).unwrap_or_default(),
                );
            }
        }
        if socket.read_buf(&mut octets).await.unwrap() == 0 {
            return (String::new(), Value::Null);
        }
    }
}

const STREAM_HEAD: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

/// A catalogue with a cost map and one service of updates of it.
fn with_service(base: &Url, media_type: &str, accepts: &str) -> Catalogue {
    let entry = json!({"uri": "/costs", "media-type": COST_MAP_TYPE});
    let mut catalogue = Catalogue::default();
    let json = json!({"resources": {"my-costs": entry, "updates": {
        "uri": "/updates", "media-type": media_type, "accepts": accepts, "uses": ["my-costs"],
        "capabilities": {"incremental-change-media-types": {"my-costs": "application/merge-patch+json,application/json-patch+json"}},
    }}});
    catalogue.add(base.clone(), json).unwrap();
    catalogue
}

async fn next_update(updates: &mut Updates, alto: &Alto, mirror: &mut Mirror) -> (Kind, usize) {
    loop {
        let tag = mirror.tag().map(str::to_owned);
        match updates.next(alto, tag.as_deref()).await.unwrap() {
            Signal::Update(update) => {
                let change = mirror.apply(update).unwrap();
                return (change.kind, change.changed);
            }
            Signal::Note(_) => {}
            Signal::Ended(why) => panic!("{why}"),
        }
    }
}

#[tokio::test]
async fn client_rfc8895_8_a_stream_is_opened_patched_broken_opened_again_and_closed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base: Url = format!("http://{}/", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&told);
    let server = tokio::spawn(async move {
        let control = "event: application/alto-updatestreamcontrol+json\ndata: {\"control-uri\":\ndata: \"/control/7\"}\n\n";
        let (mut one, _) = listener.accept().await.unwrap();
        let (_, body) = request(&mut one).await;
        seen.lock().unwrap().push(body);
        let whole = "event: application/alto-costmap+json,watched\r\ndata: {\"meta\": {\"vtag\": {\"tag\": \"a\"}},\r\n\
                     data: \"cost-map\": {\"A\": {\"B\": 1}}}\r\n\r\n";
        one.write_all(format!("{STREAM_HEAD}\u{feff}{control}: ping\n\n{whole}").as_bytes())
            .await
            .unwrap();
        let patch = "event: application/merge-patch+json,watched\ndata: {\"meta\": {\"vtag\": {\"tag\": \"b\"}}, \"cost-map\": {\"A\": {\"C\": 2}}}\n\n";
        // Cut anywhere.
        for half in [&patch[..30], &patch[30..]] {
            one.write_all(half.as_bytes()).await.unwrap();
            one.flush().await.unwrap();
        }
        // Half an event is none.
        one.write_all(b"event: application/merge-patch+json,watched\ndata: {\"cost-map\": null}\n")
            .await
            .unwrap();
        drop(one);

        let (mut two, _) = listener.accept().await.unwrap();
        let (_, body) = request(&mut two).await;
        seen.lock().unwrap().push(body);
        let patch = "event: application/json-patch+json,watched\ndata: [{\"op\": \"remove\", \"path\": \"/cost-map/A/B\"}]\n\n";
        two.write_all(
            format!("{STREAM_HEAD}{control}event: x,another\ndata: 1\n\n{patch}").as_bytes(),
        )
        .await
        .unwrap();
        let (mut three, _) = listener.accept().await.unwrap();
        let (head, body) = request(&mut three).await;
        seen.lock()
            .unwrap()
            .push(json!([head.lines().next(), body]));
        three
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            .await
            .unwrap();
        two.write_all(b"event: application/alto-updatestreamcontrol+json\ndata: {\"stopped\": [\"watched\"]}\n\n").await.unwrap();
    });
    let alto = client(&base);
    let catalogue = with_service(&base, EVENT_STREAM_TYPE, UPDATE_STREAM_PARAMS_TYPE);
    let resource = catalogue.resource("my-costs").unwrap();
    let mut updates = Updates::of(&catalogue, resource, None, Transport::Auto).unwrap();
    let mut mirror = Mirror::default();
    assert_eq!(
        next_update(&mut updates, &alto, &mut mirror).await,
        (Kind::Replacement, 1)
    );
    assert_eq!(
        next_update(&mut updates, &alto, &mut mirror).await,
        (Kind::MergePatch, 1)
    );
    assert_eq!(
        next_update(&mut updates, &alto, &mut mirror).await,
        (Kind::JsonPatch, 1)
    );
    assert_eq!(mirror.parts()[0].json["cost-map"], json!({"A": {"C": 2}}));
    updates.close(&alto).await;
    server.await.unwrap();
    let told = told.lock().unwrap().clone();
    assert_eq!(
        told[0],
        json!({"add": {"watched": {"resource-id": "my-costs"}}})
    );
    // RFC 8895 §6.5: who has a version says which.
    assert_eq!(
        told[1],
        json!({"add": {"watched": {"resource-id": "my-costs", "tag": "b"}}})
    );
    assert_eq!(told[2], json!(["POST /control/7 HTTP/1.1", {"remove": []}]));
}

#[tokio::test]
async fn client_rfc8895_6_6_a_refused_stream_is_an_error_with_its_field() {
    let error = json!({"meta": {"code": "E_INVALID_FIELD_VALUE", "field": "add/watched/resource-id", "value": "my-costs"}});
    let router = Router::new().route(
        "/updates",
        post(async move || (StatusCode::BAD_REQUEST, answer(ERROR_TYPE, error))),
    );
    let base = serve(router).await;
    let alto = client(&base);
    let catalogue = with_service(&base, EVENT_STREAM_TYPE, UPDATE_STREAM_PARAMS_TYPE);
    let resource = catalogue.resource("my-costs").unwrap();
    let mut updates = Updates::of(&catalogue, resource, None, Transport::Sse).unwrap();
    let error = updates.next(&alto, None).await.unwrap_err();
    assert!(
        error.to_string().contains("add/watched/resource-id"),
        "{error}"
    );
    assert!(
        Updates::of(&catalogue, resource, None, Transport::Tips)
            .unwrap_err()
            .contains("no TIPS views")
    );
}

/// A TIPS server of one view: versions 101 to 103, of which 101 is gone after the first edge; the view
/// closes once.
fn tips(closings: usize) -> Router {
    let summary = |i: u64, j: u64| {
        json!({"updates-graph-summary": {
        "start-seq": 102, "end-seq": 103, "start-edge-rec": {"seq-i": i, "seq-j": j}}})
    };
    let opened = Arc::new(AtomicUsize::new(0));
    let open = post(async move |body: Bytes| {
        let request: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(request["resource-id"], "my-costs");
        let view = opened.fetch_add(1, Ordering::Relaxed);
        let edge = if view == 0 { (0, 101) } else { (103, 104) };
        let told = json!({"tips-view-uri": format!("/view/{view}"), "tips-view-summary": summary(edge.0, edge.1)});
        answer(TIPS_TYPE, told)
    });
    let edges = get(async move |uri: Uri| {
        let not_found =
            |status: StatusCode| (status, answer(ERROR_TYPE, json!({"meta": {"code": "E_X"}})));
        match uri.path() {
            "/view/0/ug/0/101" => (
                StatusCode::OK,
                answer(
                    COST_MAP_TYPE,
                    json!({"meta": {"vtag": {"tag": "v101"}}, "cost-map": {"A": {"B": 1}}}),
                ),
            ),
            "/view/0/ug/101/102" => not_found(StatusCode::GONE),
            "/view/0/ug/0/103" => (
                StatusCode::OK,
                answer(COST_MAP_TYPE, json!({"cost-map": {"A": {"B": 3}}})),
            ),
            "/view/1/ug/103/104" => (
                StatusCode::OK,
                answer(
                    JSON_PATCH_TYPE,
                    json!([{"op": "add", "path": "/cost-map/A/C", "value": 4}]),
                ),
            ),
            _ => not_found(StatusCode::NOT_FOUND),
        }
    });
    let recommend = post(async move |uri: Uri, body: Bytes| {
        let request: Value = serde_json::from_slice(&body).unwrap();
        assert!(request.get("input").is_none());
        if request["tag"] == "v101" || closings == 0 {
            (
                StatusCode::OK,
                answer(
                    MERGE_PATCH_TYPE,
                    json!({"tips-view-summary": summary(0, 103)}),
                ),
            )
        } else {
            assert_eq!(uri.path(), "/view/0/ug");
            (
                StatusCode::NOT_FOUND,
                answer(ERROR_TYPE, json!({"meta": {"code": "E_X"}})),
            )
        }
    });
    Router::new()
        .route("/updates", open)
        .route("/view/{view}/ug", recommend)
        .route("/view/{view}/ug/{i}/{j}", edges)
}

#[tokio::test]
async fn client_rfc9569_7_edges_are_followed_recommended_and_a_closed_view_is_opened_again() {
    let base = serve(tips(1)).await;
    let alto = client(&base);
    let catalogue = with_service(&base, TIPS_TYPE, TIPS_PARAMS_TYPE);
    let resource = catalogue.resource("my-costs").unwrap();
    let mut updates = Updates::of(&catalogue, resource, None, Transport::Auto).unwrap();
    let mut mirror = Mirror::default();
    assert_eq!(
        next_update(&mut updates, &alto, &mut mirror).await,
        (Kind::Replacement, 1)
    );
    // 101 to 102 is gone: the server recommends the whole of 103.
    assert_eq!(
        next_update(&mut updates, &alto, &mut mirror).await,
        (Kind::Replacement, 1)
    );
    // The view is closed; another begins where the first ended.
    assert_eq!(
        next_update(&mut updates, &alto, &mut mirror).await,
        (Kind::JsonPatch, 1)
    );
    assert_eq!(
        mirror.parts()[0].json["cost-map"],
        json!({"A": {"B": 3, "C": 4}})
    );
}
