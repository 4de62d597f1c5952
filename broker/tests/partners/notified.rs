//! The listener for partners' notifications.

use std::sync::Arc;

use axum::body::Body;
use broker::http::{App, Routes, routes};
use broker::ingest::Inbox;
use broker::lso::Wake;
use broker::metrics::Metrics;
use broker::published::Published;
use broker::settings::Settings;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use sof::order::OrderId;
use tokio::sync::mpsc;
use tower::ServiceExt;

use super::world::book;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn listener() -> (Routes, mpsc::Receiver<Wake>, Arc<Metrics>) {
    let (book, wakes) = book(None);
    book.callbacks().expect(&"AS2".parse().unwrap(), TOKEN);
    let settings = Settings::default();
    let config = alto::Config {
        server_name: settings.server_name.clone(),
        caps: settings.paths.caps(),
        limits: settings.alto.limits(),
    };
    let metrics = Arc::new(Metrics::new());
    let published = Arc::new(Published::new(config));
    let app = App::over(
        settings,
        published,
        Inbox::new().0,
        book,
        Arc::clone(&metrics),
    );
    (routes(app), wakes, metrics)
}

fn event(kind: &str) -> Value {
    json!({
        "eventId": "e-1", "eventTime": "2026-11-29T12:00:00Z", "eventType": kind,
        "event": {"id": "o-7", "state": "completed", "orderItemId": "1", "href": "https://evil.example/"},
    })
}

fn path(token: &str, api: &str, event: &str) -> String {
    format!("/broker/v1/callbacks/{token}/mefApi/interlude/{api}/v1/listener/{event}")
}

async fn post(
    router: &Routes,
    path: &str,
    media_type: &str,
    body: impl Into<Body>,
) -> (StatusCode, Option<Value>) {
    let request = Request::post(path)
        .header("content-type", media_type)
        .body(body.into())
        .unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let media_type = answer.headers().get("content-type").cloned();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    if status == StatusCode::NO_CONTENT {
        assert!(body.is_empty());
        return (status, None);
    }
    // MEF's body of an error.
    assert_eq!(media_type.unwrap(), "application/json;charset=utf-8");
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert!(body["code"].is_string());
    assert!((1..=255).contains(&body["reason"].as_str().unwrap().chars().count()));
    (status, Some(body))
}

const JSON: &str = "application/json;charset=utf-8";
const KINDS: [&str; 4] = [
    "serviceOrderCreateEvent",
    "serviceOrderStateChangeEvent",
    "serviceOrderItemStateChangeEvent",
    "serviceOrderInformationRequiredEvent",
];

#[tokio::test]
async fn mplify99_1_each_event_is_taken_at_both_names_as_a_hint_and_no_more() {
    let (router, mut wakes, metrics) = listener();
    for api in ["serviceOrderingNotification", "serviceOrderingManagement"] {
        for kind in KINDS {
            for media_type in [JSON, "application/json"] {
                let path = path(TOKEN, api, kind);
                let (status, _) = post(&router, &path, media_type, event(kind).to_string()).await;
                assert_eq!(status, StatusCode::NO_CONTENT);
                let hint = Wake::Hint {
                    partner: "AS2".parse().unwrap(),
                    order: OrderId("o-7".to_owned()),
                };
                assert_eq!(wakes.try_recv(), Ok(hint));
            }
        }
    }
    let told = metrics.encode();
    assert!(
        told.contains("partner_events_total{outcome=\"taken\"} 16"),
        "{told}"
    );
}

#[tokio::test]
async fn without_the_token_there_is_no_listener() {
    let (router, mut wakes, _) = listener();
    let kind = KINDS[1];
    let others = [
        path(
            "0123456789abcdef0123456789abcdee",
            "serviceOrderingNotification",
            kind,
        ),
        path("x", "serviceOrderingNotification", kind),
        path("%ff", "serviceOrderingNotification", kind),
        path(TOKEN, "serviceInventoryNotification", kind),
        path(TOKEN, "serviceOrderingNotification", kind).replace("/v1/l", "/v7/l"),
    ];
    for path in others {
        let (status, body) = post(&router, &path, JSON, event(kind).to_string()).await;
        assert_eq!(
            (status, &body.unwrap()["code"]),
            (StatusCode::NOT_FOUND, &json!("notFound")),
            "{path}"
        );
    }
    assert!(wakes.try_recv().is_err());
}

#[tokio::test]
async fn what_is_no_event_is_refused_with_a_body_of_mef() {
    let (router, mut wakes, _) = listener();
    let kind = KINDS[1];
    let own = path(TOKEN, "serviceOrderingNotification", kind);
    let other = path(TOKEN, "serviceOrderingNotification", "serviceDeleteEvent");
    let mut nameless = event(kind);
    nameless["event"]["id"] = Value::Null;
    for (path, body) in [
        (&own, "{".to_owned()),
        (&own, "[]".to_owned()),
        (&own, event(KINDS[0]).to_string()),
        (&own, nameless.to_string()),
        (&other, event("serviceDeleteEvent").to_string()),
        (&own, format!("{}1{}", "[".repeat(1000), "]".repeat(1000))),
    ] {
        let (status, body) = post(&router, path, JSON, body).await;
        assert_eq!(
            (status, &body.unwrap()["code"]),
            (StatusCode::BAD_REQUEST, &json!("invalidBody"))
        );
    }
    let (status, _) = post(&router, &own, "text/plain", event(kind).to_string()).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let (status, _) = post(&router, &own, JSON, " ".repeat(65 << 10)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(wakes.try_recv().is_err());
}

#[tokio::test]
async fn a_flood_of_events_is_slowed_down_and_takes_no_room() {
    let (router, mut wakes, _) = listener();
    let path = path(TOKEN, "serviceOrderingNotification", KINDS[1]);
    let mut limited = 0;
    for _ in 0..400 {
        let (status, _) = post(&router, &path, JSON, event(KINDS[1]).to_string()).await;
        limited += usize::from(status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(limited > 50, "{limited}");
    let mut told = 0;
    while wakes.try_recv().is_ok() {
        told += 1;
    }
    assert_eq!(told + limited, 400);
}
