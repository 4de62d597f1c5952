//! MEF's LSO APIs, as a SOF serves them.
//!
//! Everything below `/mefApi` answers errors in the documents' own form ([`error`]).
//!
//! | module | serves |
//! |---|---|
//! | [`hub`] | subscriptions to notifications |
//! | [`testing`] | service function testing (Mplify 149), Interlude |
//! | [`error`] | what went wrong |

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use super::App;
use super::answer::{negotiate, typed};
use super::problem::Problem;
use error::MefError;

mod error;
mod hub;
mod testing;

/// The media type of the documents. It is taken without the parameter, too.
const JSON: &str = "application/json;charset=utf-8";

/// The routes below `/mefApi`.
pub(super) fn routes(app: &App) -> Router<App> {
    hub::routes(app).merge(testing::routes(app))
}

/// What guards and panics have to say, in the documents' form.
fn tell(problem: Problem) -> Response {
    MefError::from(problem).into_response()
}

async fn method_not_allowed(method: Method) -> MefError {
    MefError::from(Problem::MethodNotAllowed {
        method: method.as_str().chars().take(20).collect(),
    })
}

/// Refuses a client that takes no JSON.
fn check_accept(headers: &HeaderMap) -> Result<(), MefError> {
    // Who asks for the type without its parameter means it as well.
    negotiate(headers, &["application/json", JSON])?;
    Ok(())
}

/// An answer.
fn json(status: StatusCode, value: &Value) -> Result<Response, MefError> {
    let bytes = serde_json::to_vec(value).map_err(|_| Problem::Internal)?;
    Ok(typed(status, JSON, Bytes::from(bytes)))
}

/// The id in a path; none, if it is no text.
struct Id(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = MefError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, MefError> {
        let id = Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(id.ok().map(|Path(id)| id)))
    }
}
