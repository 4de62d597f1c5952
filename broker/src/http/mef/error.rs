//! What went wrong, in the form of MEF's documents (`Error400` to `Error500`). Statuses that the documents do not have take the
//! form that all of theirs have in common: a reason and a message.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use sof::mef::{Fault, show};
use tracing::error;

use super::JSON;
use crate::auth::Refusal;
use crate::http::answer::typed;
use crate::http::problem::Problem;
use crate::lso::orders::TakeError;
use crate::store::StoreError;

/// An error of an API below `/mefApi`.
#[derive(Debug)]
pub(in crate::http) enum MefError {
    /// What every API of this server may say.
    Problem(Problem),
    /// The query is wrong.
    Query(QueryError),
    /// The payload is wrong, or a parameter's value cannot be (422).
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

/// What is wrong with a query (`Error400Code`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) enum QueryError {
    /// A parameter is needed that is not there.
    MissingParameter(String),
    /// A parameter has no value.
    MissingValue(String),
    /// Something else.
    Invalid(String),
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

impl From<TakeError> for MefError {
    fn from(error: TakeError) -> Self {
        match error {
            TakeError::Faults(faults) => Self::Faults(faults),
            TakeError::Store(error) => Self::Store(error),
        }
    }
}

impl IntoResponse for MefError {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => of_problem(&problem),
            Self::Query(error) => {
                let (code, reason) = match error {
                    QueryError::MissingParameter(reason) => ("missingQueryParameter", reason),
                    QueryError::MissingValue(reason) => ("missingQueryValue", reason),
                    QueryError::Invalid(reason) => ("invalidQuery", reason),
                };
                body(StatusCode::BAD_REQUEST, Some(code), &reason, None)
            }
            Self::Faults(faults) => {
                let bytes = serde_json::to_vec(&faults).unwrap_or_default();
                typed(StatusCode::UNPROCESSABLE_ENTITY, JSON, bytes.into())
            }
            Self::NotFound { what, id } => {
                let reason = format!("there is no {what} \"{}\"", show(&id));
                body(StatusCode::NOT_FOUND, Some("notFound"), &reason, None)
            }
            Self::Store(error) => of_store(&error),
        }
    }
}

fn of_problem(problem: &Problem) -> Response {
    let status = problem.status();
    let code = match problem {
        Problem::Unauthorized(why) if why.refusal == Refusal::TokenNeeded => {
            Some("missingCredentials")
        }
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
    let mut response = body(status, code, &problem.to_string(), None);
    problem.add_headers(response.headers_mut());
    response
}

fn of_store(error: &StoreError) -> Response {
    error!(
        error = error as &dyn std::error::Error,
        "the store does not do what a request needs"
    );
    let (reason, message) = match error {
        StoreError::InDoubt { .. } => (
            "the store failed while it kept this: it may be kept or not",
            Some("Look at the list before you send it again."),
        ),
        StoreError::Conflict(_) => (
            "others changed the same again and again",
            Some("Nothing was taken. Try again."),
        ),
        error if error.is_transient() => (
            "the store cannot be used now",
            Some("Nothing was taken. Try again later."),
        ),
        StoreError::Closed => (
            "the broker is stopping",
            Some("Nothing was taken. Try again."),
        ),
        _ => {
            let reason = "the broker failed on this request; it is in the log";
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            return body(status, Some("internalError"), reason, None);
        }
    };
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let mut response = body(status, Some("internalError"), reason, message);
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// An error in the documents' form.
pub(super) fn body(
    status: StatusCode,
    code: Option<&str>,
    reason: &str,
    message: Option<&str>,
) -> Response {
    // The bound of all reasons.
    let reason: String = reason.chars().take(Fault::MAX_REASON).collect();
    let mut error = json!({ "reason": reason });
    if let Some(code) = code {
        error["code"] = code.into();
    }
    if let Some(message) = message {
        error["message"] = message.into();
    }
    typed(status, JSON, Bytes::from(error.to_string()))
}
