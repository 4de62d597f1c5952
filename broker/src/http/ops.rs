//! For operators and their monitors: `/healthz`, `/readyz`, `/metrics`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;

use super::App;
use super::answer::typed;

/// The media type of OpenMetrics text.
pub(super) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// 200 while the process can answer at all.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// 200 once every configured source has been asked, with whatever result: until then the maps would
/// look as if members were missing. And not while the store cannot write: who is ready is given orders.
pub(super) async fn readyz(State(app): State<App>) -> Response {
    if !app.shared.published.is_ready() {
        let why = "waiting for the first answer of every source\n";
        return (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    }
    // Why is in the log, where paths of this machine may be told.
    if app.shared.lso.store.trouble().is_some() {
        let why = "the store cannot write: orders and reservations are refused\n";
        return (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    }
    (StatusCode::OK, "ready\n").into_response()
}

pub(super) async fn metrics(State(app): State<App>) -> Response {
    typed(
        StatusCode::OK,
        OPEN_METRICS,
        Bytes::from(app.shared.metrics.encode()),
    )
}
