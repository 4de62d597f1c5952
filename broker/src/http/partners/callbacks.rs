//! The listener for partners' notifications (Mplify 99.1, notification document). Who knows the token of a partner is the
//! partner; and even so its word is a hint to look, no more. Errors are those of the document, and not problem+json, since
//! this is MEF's API and not ours.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use nffg::json::Cursor;
use serde::Serialize;
use sof::interlude::decode_event;
use sof::mef::{Api, Fault, FaultCode, ReferencePoint};
use tracing::debug;
use utoipa::ToSchema;

use super::super::App;
use super::super::answer::{check_content_type, parse_json, read_body, typed};
use super::super::guard::Peer;
use super::super::placements::JSON;
use crate::auth::Principal;
use crate::lso::Wake;
use crate::lso::interlude::call::JSON_UTF8;

/// The largest notification.
const MAX_EVENT: usize = 64 << 10;

/// An error of MEF's APIs (`Error`).
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct MefError {
    /// What kind of error it is.
    code: &'static str,
    /// What is wrong, at most 255 characters.
    reason: String,
}

fn error(status: StatusCode, code: &'static str, reason: &str) -> Response {
    let reason = Fault::new(FaultCode::OtherIssue, "", reason).reason;
    let body = serde_json::to_vec(&MefError { code, reason }).unwrap_or_default();
    typed(status, JSON_UTF8, Bytes::from(body))
}

/// Whether the API and its version in the path are those of notifications of orders. The example in the document's text
/// has the name of the other API, so both are taken.
fn is_of_orders(api: &str, version: &str) -> bool {
    let orders = Api::ServiceOrdering;
    let current = orders.version(ReferencePoint::Interlude);
    let number = version.strip_prefix('v').and_then(|text| text.parse().ok());
    [orders.notification(), orders.management()].contains(&api)
        && number
            .is_some_and(|number: u32| number > 0 && number <= current && current - number <= 1)
}

/// `POST /broker/v1/callbacks/{token}/mefApi/interlude/{api}/{version}/listener/{event}`
pub(in crate::http) async fn notified(
    State(app): State<App>,
    path: Result<Path<(String, String, String, String)>, axum::extract::rejection::PathRejection>,
    request: Request<Body>,
) -> Response {
    let limit = app.shared.settings.limits.request_timeout;
    let told = tokio::time::timeout(limit, take(&app, path.ok().map(|Path(path)| path), request));
    let (outcome, response) = told.await.unwrap_or_else(|_| {
        let reason = "the request was not read in time";
        let status = StatusCode::REQUEST_TIMEOUT;
        ("broken", error(status, "invalidBody", reason))
    });
    app.shared.metrics.partners.event(outcome);
    response
}

async fn take(
    app: &App,
    path: Option<(String, String, String, String)>,
    request: Request<Body>,
) -> (&'static str, Response) {
    let shared = &app.shared;
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    let peer = peer.unwrap_or(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
    // By address: who guesses tokens is counted, too.
    if let Err(retry_after) = shared.rate.check(&Principal::Anonymous, peer) {
        let status = StatusCode::TOO_MANY_REQUESTS;
        let mut response = error(status, "tooManyUsers", "too many requests");
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, retry_after.into());
        return ("limited", response);
    }
    let nothing = || {
        let reason = "there is no listener here";
        let response = error(StatusCode::NOT_FOUND, "notFound", reason);
        ("unknown", response)
    };
    let Some((token, api, version, event_type)) = path else {
        return nothing();
    };
    let Some(partner) = shared.book.callbacks().partner(&token) else {
        return nothing();
    };
    if !is_of_orders(&api, &version) {
        return nothing();
    }
    let wrong = |status, reason: &str| ("refused", error(status, "invalidBody", reason));
    if let Err(problem) = check_content_type(request.headers(), JSON) {
        return wrong(problem.status(), &problem.to_string());
    }
    let body = match read_body(request, MAX_EVENT.min(shared.settings.limits.body_bytes)).await {
        Ok(body) => body,
        Err(problem) => return wrong(problem.status(), &problem.to_string()),
    };
    let value = match parse_json(&body) {
        Ok(value) => value,
        Err(problem) => return wrong(StatusCode::BAD_REQUEST, &problem.to_string()),
    };
    match decode_event(&Cursor::root(&value), &event_type) {
        Ok(hint) => {
            debug!(%partner, order = %hint.order, event_type, "notified");
            let order = hint.order;
            shared.book.lso().wake(Wake::Hint { partner, order });
            ("taken", StatusCode::NO_CONTENT.into_response())
        }
        Err(fault) => {
            debug!(%partner, %fault, "notification refused");
            wrong(StatusCode::BAD_REQUEST, &fault.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mplify99_1_both_names_and_the_current_and_previous_version_are_taken() {
        for (api, version, is_taken) in [
            ("serviceOrderingNotification", "v1", true),
            ("serviceOrderingManagement", "v1", true),
            ("serviceOrderingNotification", "v2", false),
            ("serviceOrderingNotification", "1", false),
            ("serviceOrderingNotification", "v4294967295", false),
            ("serviceInventoryNotification", "v1", false),
        ] {
            assert_eq!(is_of_orders(api, version), is_taken, "{api} {version}");
        }
    }
}
