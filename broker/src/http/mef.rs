//! MEF's APIs: `/mefApi/{legato,allegro,interlude}/...`, exactly as their documents (Mplify 99.1, 135.1).
//!
//! Errors here are MEF's, never problem+json: what the guard and the extractors refuse is told anew on the way out.

mod hub;

use axum::Router;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use bytes::Bytes;
use http::{StatusCode, header};
use serde_json::{Value, json};
use sof::mef::{Api, Fault, ReferencePoint};

use super::App;
use super::answer::typed;
use super::guard::guarded;
use super::problem::Problem;
use crate::auth::{Action, Refusal};
use crate::store::StoreError;

/// The media type of the documents, both ways.
pub(super) const JSON: &str = "application/json;charset=utf-8";

/// Which API is asked, where, in which version. Each route has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) at: ReferencePoint,
    pub(super) api: Api,
    pub(super) version: u32,
}

impl Endpoint {
    /// Everything that is served: the current major version of each API and, where there was one, the one before.
    fn all() -> impl Iterator<Item = Self> {
        let apis = [Api::ServiceOrdering, Api::ServiceInventory];
        let each = ReferencePoint::ALL
            .into_iter()
            .flat_map(move |at| apis.map(|api| (at, api)));
        each.flat_map(|(at, api)| {
            let current = api.version(at);
            // At Allegro and Interlude there was none before.
            let before = (at == ReferencePoint::Legato).then(|| current - 1);
            let versions = [Some(current), before].into_iter().flatten();
            versions.map(move |version| Self { at, api, version })
        })
    }

    fn path(self) -> String {
        self.api.path(self.at, self.version)
    }
}

/// The routes of MEF's APIs.
pub(super) fn routes(app: &App) -> Router<App> {
    Endpoint::all().fold(Router::new(), |router, endpoint| {
        router.merge(hub::routes(app, endpoint))
    })
}

/// A route behind the guard, whose errors are MEF's.
fn needs(app: &App, action: Action, route: MethodRouter<App>) -> MethodRouter<App> {
    guarded(app, action, route).layer(map_response(in_words_of_mef))
}

/// Tells a problem as MEF's documents do.
async fn in_words_of_mef(mut response: Response) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let mut told = MefError::from(problem).into_response();
    // `Allow`, `Retry-After`, `WWW-Authenticate`.
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            told.headers_mut().insert(name, value.clone());
        }
    }
    told
}

/// What went wrong, as MEF's documents have it: `Error400` to `Error500`, and a list of `Error422`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum MefError {
    /// 400 `invalidQuery`: the path or the query is wrong.
    InvalidQuery(String),
    /// 400 `invalidBody`: the body is no JSON object, or did not come whole.
    InvalidBody(String),
    /// 401 `missingCredentials`, `invalidCredentials`.
    Unauthorized(Refusal),
    /// 403 `accessDenied`
    AccessDenied(String),
    /// 404 `notFound`
    NotFound(String),
    /// 422: every fault of the body.
    Unprocessable(Vec<Fault>),
    /// 500 `internalError`
    Internal,
    /// A status that the documents do not list, in the same form.
    Other(StatusCode, &'static str, String),
}

impl From<Problem> for MefError {
    fn from(problem: Problem) -> Self {
        let (status, reason) = (problem.status(), problem.to_string());
        match problem {
            Problem::Unauthorized(refusal) => Self::Unauthorized(refusal),
            Problem::BodyBroken | Problem::NotJson { .. } => Self::InvalidBody(reason),
            Problem::Internal => Self::Internal,
            _ => match status {
                StatusCode::BAD_REQUEST => Self::InvalidQuery(reason),
                StatusCode::FORBIDDEN => Self::AccessDenied(reason),
                StatusCode::NOT_FOUND => Self::NotFound(reason),
                StatusCode::METHOD_NOT_ALLOWED => Self::Other(status, "methodNotAllowed", reason),
                StatusCode::NOT_ACCEPTABLE => Self::Other(status, "notAcceptable", reason),
                StatusCode::REQUEST_TIMEOUT => Self::Other(status, "requestTimeout", reason),
                StatusCode::PAYLOAD_TOO_LARGE => Self::Other(status, "payloadTooLarge", reason),
                StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                    Self::Other(status, "unsupportedMediaType", reason)
                }
                StatusCode::TOO_MANY_REQUESTS => Self::Other(status, "tooManyRequests", reason),
                StatusCode::SERVICE_UNAVAILABLE => {
                    Self::Other(status, "serviceUnavailable", reason)
                }
                _ => Self::Other(status, "otherIssue", reason),
            },
        }
    }
}

/// Nothing was kept, or nobody knows whether it was. `Error500` is all that the documents have for that.
impl From<StoreError> for MefError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store does not do what a request needs");
        Self::Internal
    }
}

impl IntoResponse for MefError {
    fn into_response(self) -> Response {
        let one = |status, code: &str, reason: &str| {
            let reason: String = reason.chars().take(Fault::MAX_REASON).collect();
            (status, json!({"code": code, "reason": reason}))
        };
        let (status, body) = match &self {
            Self::InvalidQuery(reason) => one(StatusCode::BAD_REQUEST, "invalidQuery", reason),
            Self::InvalidBody(reason) => one(StatusCode::BAD_REQUEST, "invalidBody", reason),
            Self::Unauthorized(refusal) => {
                let code = match refusal {
                    Refusal::TokenNeeded => "missingCredentials",
                    Refusal::Malformed | Refusal::UnknownToken => "invalidCredentials",
                };
                one(StatusCode::UNAUTHORIZED, code, &refusal.to_string())
            }
            Self::AccessDenied(reason) => one(StatusCode::FORBIDDEN, "accessDenied", reason),
            Self::NotFound(reason) => one(StatusCode::NOT_FOUND, "notFound", reason),
            Self::Unprocessable(faults) => (StatusCode::UNPROCESSABLE_ENTITY, json!(faults)),
            Self::Internal => one(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internalError",
                &Problem::Internal.to_string(),
            ),
            Self::Other(status, code, reason) => one(*status, code, reason),
        };
        answer(status, &body)
    }
}

/// A body of the documents' media type.
fn answer(status: StatusCode, body: &Value) -> Response {
    typed(status, JSON, Bytes::from(body.to_string()))
}
