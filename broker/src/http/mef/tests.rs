use std::sync::Arc;

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use serde_json::json;
use tokio::sync::watch;
use tower::ServiceExt;

use super::*;
use crate::http::routes;
use crate::ingest::Inbox;
use crate::lso::Lso;
use crate::lso::interlude::Interlude;
use crate::lso::partners::book::Book;
use crate::metrics::Metrics;
use crate::published::Published;
use crate::settings::{Auth, PrincipalEntry, Role, Settings};
use crate::store::memory::MemoryStore;
use crate::store::{Answer, Batch, Receipt, Snapshot, Stats, Store, StoreError, TableName};

/// A store that can be read, and keeps nothing.
#[derive(Debug)]
struct Failing {
    inner: MemoryStore,
    error: StoreError,
    can_read: bool,
}

impl Store for Failing {
    fn commit(&self, _: Batch) -> Answer<'_, Receipt> {
        Box::pin(std::future::ready(Err(self.error.clone())))
    }

    fn snapshot(&self) -> Answer<'_, Box<dyn Snapshot>> {
        if self.can_read {
            self.inner.snapshot()
        } else {
            Box::pin(std::future::ready(Err(self.error.clone())))
        }
    }

    fn watch(&self, table: TableName) -> watch::Receiver<u64> {
        self.inner.watch(table)
    }

    fn stats(&self) -> Stats {
        self.inner.stats()
    }
}

const TOKEN: &str = "a-token-of-a-buyer";

fn app(store: Arc<dyn Store>) -> App {
    let settings = Settings {
        auth: Auth {
            principals: vec![PrincipalEntry {
                name: "a".to_owned(),
                role: Role::Buyer,
                domain: None,
                token: Some(TOKEN.to_owned().into()),
                digest_ha1: None,
                digest_ha1_file: None,
                certificate: None,
            }],
            ..Auth::default()
        },
        ..Settings::default()
    };
    let config = alto::Config {
        server_name: settings.server_name.clone(),
        caps: settings.paths.caps(),
        limits: settings.alto.limits(),
    };
    let published = Arc::new(Published::new(config));
    let metrics = Arc::new(Metrics::new());
    let (lso, _wakes) = Lso::new(store);
    let interlude = Interlude::new(&settings.sof, Arc::clone(&metrics)).unwrap();
    let book = Book::new(lso, Arc::new(interlude), None);
    App::over(settings, published, Inbox::new().0, Arc::new(book), metrics)
}

async fn ask(app: &App, request: http::request::Builder, body: &Value) -> (Response, Value) {
    let request = request
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", JSON)
        .body(Body::from(body.to_string()))
        .unwrap();
    let mut response = routes(app.clone()).oneshot(request).await.unwrap();
    let body = response.body_mut().collect().await.unwrap().to_bytes();
    (response, serde_json::from_slice(&body).unwrap())
}

const ORDERS: &str = "/mefApi/legato/serviceOrderingManagement/v6/serviceOrder";

#[tokio::test]
async fn error500_a_store_that_keeps_nothing_is_503_and_one_that_is_broken_500() {
    let order = json!({
        "requestedStartDate": "2026-01-01T00:00:00Z",
        "requestedCompletionDate": "2126-01-01T00:00:00Z",
        "serviceOrderItem": [{"id": "1", "action": "add", "service": {"serviceConfiguration":
            {"@type": sof::payload::SERVICE_GRAPH, "sg": {"nfs": ["NF1"], "saps": ["SAP1", "SAP2"],
            "sg_links": [{"id": 1, "src-node": "SAP1", "dst-node": "NF1"}, {"id": 2, "src-node": "NF1", "dst-node": "SAP2"}],
            "reqs": [{"id": 1, "src-node": "SAP1", "dst-node": "SAP2", "sg-path": [1, 2]}]}}}}],
    });
    let path = "/var/lib/brokerd/store";
    let cause: Arc<std::io::Error> = Arc::new(std::io::ErrorKind::StorageFull.into());
    let full = StoreError::Full {
        path: path.into(),
        cause,
    };
    let unavailable = StoreError::Unavailable {
        doing: "it failed",
        cause: None,
    };
    let damaged = StoreError::Damaged {
        path: path.into(),
        reason: "a checksum is wrong".to_owned(),
    };
    let in_doubt = StoreError::InDoubt { cause: None };
    for (error, status, says) in [
        (full, 503, "Nothing was taken"),
        (unavailable, 503, "Nothing was taken"),
        (in_doubt, 503, "Look at the list"),
        (StoreError::Closed, 503, "Nothing was taken"),
        (damaged, 500, ""),
    ] {
        let failing = |can_read| Failing {
            inner: MemoryStore::new(),
            error: error.clone(),
            can_read,
        };
        let writes = app(Arc::new(failing(true)));
        let (response, body) = ask(&writes, Request::post(ORDERS), &order).await;
        assert_eq!(response.status().as_u16(), status, "{body}");
        assert_eq!(response.headers()["content-type"], JSON);
        assert_eq!(body["code"], "internalError");
        let message = body["message"].as_str().unwrap_or_default();
        assert!(message.contains(says), "{body}");
        // Where it is and what ails it is no business of who orders.
        assert!(!body.to_string().contains(path), "{body}");
        assert_eq!(
            response.headers().contains_key("retry-after"),
            status == 503
        );

        // What can be read is shown.
        let (response, body) = ask(&writes, Request::get(ORDERS), &json!(null)).await;
        assert_eq!((response.status().as_u16(), body), (200, json!([])));
        let silent = app(Arc::new(failing(false)));
        for request in [
            Request::get(ORDERS),
            Request::get(format!("{ORDERS}/23f0ffa4-6cc0-4623-b42e-f05e78f38282")),
            Request::post(ORDERS),
        ] {
            let (response, body) = ask(&silent, request, &order).await;
            assert_eq!(response.status().as_u16(), status, "{body}");
            assert_eq!(body["code"], "internalError");
        }
    }
}

#[test]
fn every_error_of_a_guard_has_the_documents_form() {
    let problems = [
        Problem::Timeout {
            limit: std::time::Duration::from_secs(1),
        },
        Problem::TooManyRequests {
            per_second: 1,
            retry_after: 7,
        },
        Problem::Forbidden {
            principal: "x".repeat(1_000),
        },
        Problem::Internal,
        Problem::BodyBroken,
    ];
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().unwrap();
    for problem in problems {
        let status = problem.status();
        let is_busy = matches!(problem, Problem::TooManyRequests { .. });
        let mut response = tell(problem);
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["content-type"], JSON);
        assert_eq!(response.headers().contains_key("retry-after"), is_busy);
        let body = runtime.block_on(response.body_mut().collect()).unwrap();
        let body: Value = serde_json::from_slice(&body.to_bytes()).unwrap();
        let reason = body["reason"].as_str().unwrap();
        assert!(!reason.is_empty() && reason.chars().count() <= 255);
    }
}
