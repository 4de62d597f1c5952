//! MEF's LSO APIs, as a SOF serves them: service ordering (Mplify 99.1) and the service inventory (Mplify 135.1), at Legato,
//! Allegro and Interlude, the current major version and the one before.
//!
//! Everything below `/mefApi` answers errors in the documents' own form ([`error`]). Who orders sees what is his; an operator
//! and an auditor see all. A thing of somebody else is not there.
//!
//! | module | serves |
//! |---|---|
//! | [`orders`] | `serviceOrder`: taking one, and what its list is asked for |
//! | [`services`] | what the list of `service` is asked for |
//! | [`hub`] | subscriptions to notifications of both |
//! | [`testing`] | service function testing (Mplify 149), Interlude |
//! | [`query`] | filters of lists |
//! | [`page`] | lists and single things of both |
//! | [`error`] | what went wrong |

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, FromRequestParts, Path};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use serde_json::Value;
use sof::mef::links::Links;
use sof::mef::{Api, ReferencePoint};

use super::App;
use super::answer::{check_content_type, negotiate, parse_json, read_body, typed};
use super::guard::Guarded;
use super::problem::Problem;
use crate::auth::{Action, Principal};
use crate::lso::index::{Entry, OrderEntry, ServiceEntry};
use crate::lso::orders::is_ours;
use error::MefError;

mod error;
mod hub;
mod orders;
mod page;
mod query;
mod services;
mod testing;

/// The media type of the documents. It is taken without the parameter, too.
const JSON: &str = "application/json;charset=utf-8";

/// Through which API a request came.
#[derive(Clone, Debug)]
struct Served {
    at: ReferencePoint,
    /// Hyperlinks of its answers.
    links: Links,
}

/// The routes below `/mefApi`.
pub(super) fn routes(app: &App) -> Router<App> {
    let public = app.shared.settings.sof.public_url.as_ref();
    let base = public.map_or("", |url| url.as_str().trim_end_matches('/'));
    let mut router = Router::new();
    for at in ReferencePoint::ALL {
        for version in Api::ServiceOrdering.versions(at) {
            let api = Api::ServiceOrdering;
            let served = Served {
                at,
                links: Links::new(base, at, api, version),
            };
            let reads = |route| guarded(app, Action::ReadOrders, &served, route);
            let path = api.path(at, version);
            router = router
                .route(
                    &format!("{path}/serviceOrder"),
                    reads(get(page::list::<OrderEntry>).fallback(method_not_allowed))
                        .merge(guarded(app, Action::Order, &served, post(orders::create))),
                )
                .route(
                    &format!("{path}/serviceOrder/{{id}}"),
                    reads(get(page::show::<OrderEntry>).fallback(method_not_allowed)),
                );
        }
        for version in Api::ServiceInventory.versions(at) {
            let api = Api::ServiceInventory;
            let served = Served {
                at,
                links: Links::new(base, at, api, version),
            };
            let reads = |route| guarded(app, Action::ReadOrders, &served, route);
            let path = api.path(at, version);
            router = router
                .route(
                    &format!("{path}/service"),
                    reads(get(page::list::<ServiceEntry>).fallback(method_not_allowed)),
                )
                .route(
                    &format!("{path}/service/{{id}}"),
                    reads(get(page::show::<ServiceEntry>).fallback(method_not_allowed)),
                );
        }
    }
    let nothing = || {
        let guarded = Guarded::new(app.clone(), Action::ReadOrders, tell);
        guarded.around(any(not_found))
    };
    router
        .merge(hub::routes(app))
        .merge(testing::routes(app))
        .route("/mefApi", nothing())
        .route("/mefApi/", nothing())
        .route("/mefApi/{*path}", nothing())
}

/// A route that its guard lets in, and that knows through which API it was asked.
fn guarded(
    app: &App,
    action: Action,
    served: &Served,
    route: MethodRouter<App>,
) -> MethodRouter<App> {
    Guarded::new(app.clone(), action, tell)
        .around(route)
        .layer(Extension(served.clone()))
}

/// What guards and panics have to say, in the documents' form.
fn tell(problem: Problem) -> Response {
    MefError::from(problem).into_response()
}

async fn not_found(uri: Uri) -> MefError {
    let path = uri.path().chars().take(120).collect();
    MefError::from(Problem::NotFound { path })
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

/// A request's body of at most so many octets.
async fn json_of(request: Request<Body>, limit: usize) -> Result<Value, MefError> {
    let typed = check_content_type(request.headers(), "application/json");
    let is_told = request.headers().contains_key(header::CONTENT_TYPE);
    let body = read_body(request, limit).await?;
    // Without a body there is no type of it: what is missing is the body.
    if is_told || !body.is_empty() {
        typed?;
    }
    Ok(parse_json(&body)?)
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

/// The record of this id, if the principal may see it.
async fn find<E: Entry>(
    app: &App,
    principal: &Principal,
    what: &'static str,
    Id(id): Id,
) -> Result<E::Record, MefError> {
    let id = id.unwrap_or_default();
    if is_ours(&id) {
        let snapshot = app.shared.lso.store.snapshot().await?;
        let stored = E::TABLE.get(&*snapshot, &id).await?;
        let record = stored.map(|stored| stored.value);
        if let Some(record) = record.filter(|record| principal.may_see(E::of(record).buyer())) {
            return Ok(record);
        }
    }
    Err(MefError::NotFound { what, id })
}

#[cfg(test)]
mod tests;
