//! What went wrong, in the form of MEF's documents (`Error400` to `Error500`). Statuses that the documents do not have take the
//! form that all of theirs have in common: a reason.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use serde_json::json;
use sof::mef::Fault;
use tracing::error;

use super::JSON;
use crate::auth::Refusal;
use crate::http::answer::typed;
use crate::http::problem::Problem;
use crate::store::StoreError;

/// An error of an API below `/mefApi`.
#[derive(Debug)]
pub(in crate::http) enum MefError {
    /// What every API of this server may say.
    Problem(Problem),
    /// The payload is wrong (422).
    Faults(Vec<Fault>),
    /// There is no such thing, or it is another's.
    NotFound {
        /// What was asked for.
        what: &'static str,
        /// By which id.
        id: String,
    },
    /// The store does not do what it is asked.
    Store(StoreError),
}

impl From<Problem> for MefError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<StoreError> for MefError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl IntoResponse for MefError {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => of_problem(&problem),
            Self::Faults(faults) => {
                let bytes = serde_json::to_vec(&faults).unwrap_or_default();
                typed(StatusCode::UNPROCESSABLE_ENTITY, JSON, bytes.into())
            }
            Self::NotFound { what, id } => {
                let id: String = id.chars().take(80).collect();
                let reason = format!("there is no {what} \"{id}\"");
                body(StatusCode::NOT_FOUND, Some("notFound"), &reason)
            }
            Self::Store(error) => {
                error!(%error, "the store does not do what a request needs");
                of_problem(&Problem::Store)
            }
        }
    }
}

fn of_problem(problem: &Problem) -> Response {
    let status = problem.status();
    let code = match problem {
        Problem::Unauthorized(Refusal::TokenNeeded) => Some("missingCredentials"),
        Problem::Unauthorized(_) => Some("invalidCredentials"),
        Problem::Forbidden { .. } => Some("accessDenied"),
        _ => match status {
            StatusCode::BAD_REQUEST
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE => Some("invalidBody"),
            StatusCode::NOT_FOUND => Some("notFound"),
            status if status.is_server_error() => Some("internalError"),
            _ => None,
        },
    };
    let mut response = body(status, code, &problem.to_string());
    problem.add_headers(response.headers_mut());
    response
}

fn body(status: StatusCode, code: Option<&str>, reason: &str) -> Response {
    let reason: String = reason.chars().take(Fault::MAX_REASON).collect();
    let mut error = json!({ "reason": reason });
    if let Some(code) = code {
        error["code"] = code.into();
    }
    typed(status, JSON, Bytes::from(error.to_string()))
}
