//! Partners and the agreements with them, under `/broker/v1/partners`.
//!
//! | | |
//! |---|---|
//! | `GET` | every partner |
//! | `GET`, `PUT` `{domain}` | a partner; `PUT` looks at its API |
//! | `DELETE {domain}` | retire it |
//! | `POST {domain}/check`, `suspend`, `resume`, `retire` | what an operator has become of it |
//! | `GET {domain}/agreements`; `GET`, `PUT`, `DELETE` `{domain}/agreements/{agreement}` | the agreements |
//!
//! A record's entity tag is its version in the store. `If-Match` and `If-None-Match: *` make a change depend on it
//! (RFC 9110 §13.1).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Request, StatusCode};
use nffg::DomainId;
use nffg::json::{Cursor, FieldError};
use serde_json::Value;
use sof::partner::{FieldErrors, Partner, PartnerDetails, PartnerEvent, decode_partner};
use tracing::info;

use super::App;
use super::answer::{
    check_content_type, has_version, insert_etag, json_with, negotiate, parse_json, read_body,
};
use super::domains::{After, InPath, InQuery};
use super::placements::JSON;
use super::problem::Problem;
use super::push::condition;
use crate::auth::Principal;
use crate::lso::partners::book::{Book, BookError, Changed};
use crate::store::Stored;

mod agreements;
mod body;
mod callbacks;

pub(super) use agreements::{delete_agreement, list_agreements, put_agreement, show_agreement};
pub(super) use body::{AgreementBody, Agreements, PartnerBody, Partners};
pub(super) use callbacks::{MefError, notified};

/// The largest body of a partner or an agreement.
const MAX_BODY: usize = 256 << 10;

fn domain(name: &str) -> Result<DomainId, Problem> {
    name.parse()
        .map_err(|error| FieldError::invalid("domain", name, error).into())
}

fn limit(app: &App) -> usize {
    app.shared.settings.limits.body_bytes.min(MAX_BODY)
}

/// A record with its version; 304 if the client has it.
fn record<T: serde::Serialize>(
    headers: &HeaderMap,
    status: StatusCode,
    version: u64,
    body: &T,
) -> Result<Response, Problem> {
    let tag = version.to_string();
    let mut response = if status == StatusCode::OK && has_version(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        json_with(status, body)?
    };
    insert_etag(response.headers_mut(), tag);
    Ok(response)
}

async fn described(book: &Book, partner: &Partner) -> Result<PartnerBody, Problem> {
    let hub = book.hub(&partner.domain).await.map_err(BookError::from)?;
    let line = book.interlude().status(&partner.domain);
    Ok(PartnerBody::new(partner, line, hub.map(|hub| hub.value)))
}

async fn changed(
    app: &App,
    principal: &Principal,
    what: &'static str,
    changed: Changed<Partner>,
) -> Result<Response, Problem> {
    let Changed { record, is_new } = changed;
    let Stored { version, value } = record;
    info!(partner = %value.domain, state = ?value.state, by = principal.name(), what, "partner changed");
    let body = described(&app.shared.book, &value).await?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let mut response = json_with(status, &body)?;
    insert_etag(response.headers_mut(), version);
    Ok(response)
}

/// `GET /broker/v1/partners`
pub(super) async fn list(
    State(app): State<App>,
    InQuery(query): InQuery<After>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiate(&headers, &[JSON])?;
    let book = &app.shared.book;
    let listed = book.partners(&query.after).await?;
    let mut partners = Vec::with_capacity(listed.records.len());
    for partner in &listed.records {
        partners.push(described(book, &partner.value).await?);
    }
    super::answer::json(&Partners {
        partners,
        more: listed.more,
    })
}

/// `GET /broker/v1/partners/{domain}`
pub(super) async fn show(
    State(app): State<App>,
    InPath(name): InPath<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiate(&headers, &[JSON])?;
    let found = app.shared.book.partner(&domain(&name)?).await?;
    let body = described(&app.shared.book, &found.value).await?;
    // Never 304: how calls go is not a part of the record.
    let mut response = super::answer::json(&body)?;
    insert_etag(response.headers_mut(), found.version);
    Ok(response)
}

/// `PUT /broker/v1/partners/{domain}`
pub(super) async fn put(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath(name): InPath<String>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let domain = domain(&name)?;
    check_content_type(request.headers(), JSON)?;
    let precondition = condition::of(request.headers())?;
    let body = read_body(request, limit(&app)).await?;
    let value = parse_json(&body)?;
    let details = details(&app.shared.book, &value)?;
    let put = app.shared.book.put(&domain, details, &precondition).await?;
    let is_new = put.is_new;
    // What is kept is kept, whatever becomes of the look at its API.
    let now = match look(&app, domain).await {
        Ok(looked) => Changed { is_new, ..looked },
        Err(BookError::State(_) | BookError::UnknownPartner(_) | BookError::Contended) => put,
        Err(error) => return Err(error.into()),
    };
    changed(&app, &principal, "put", now).await
}

/// What is told of a partner. Credentials that are not known are a fault among the others.
fn details(book: &Book, told: &Value) -> Result<PartnerDetails, FieldErrors> {
    decode_partner(&Cursor::root(told)).map_err(|errors| {
        let name = told.get("credentials").and_then(Value::as_str);
        let is_noted = |error: &FieldError| error.field == "credentials";
        match name.and_then(|name| book.unknown_credentials(name)) {
            Some(error) if !errors.as_slice().iter().any(is_noted) => errors.and(error),
            _ => errors,
        }
    })
}

/// Looks at a partner's API. The client may go away meanwhile; what is found is kept all the same.
async fn look(app: &App, domain: DomainId) -> Result<Changed<Partner>, BookError> {
    let book = Arc::clone(&app.shared.book);
    let looked = tokio::spawn(async move { book.check(&domain).await });
    match looked.await {
        Ok(looked) => looked,
        Err(error) => Err(BookError::Broken(error.to_string())),
    }
}

/// `POST /broker/v1/partners/{domain}/check`
pub(super) async fn check(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath(name): InPath<String>,
) -> Result<Response, Problem> {
    let looked = look(&app, domain(&name)?).await?;
    changed(&app, &principal, "check", looked).await
}

async fn step(
    app: &App,
    principal: &Principal,
    name: &str,
    headers: &HeaderMap,
    event: PartnerEvent,
    what: &'static str,
) -> Result<Response, Problem> {
    let precondition = condition::of(headers)?;
    let book = &app.shared.book;
    let stepped = book.step(&domain(name)?, event, &precondition).await?;
    changed(app, principal, what, stepped).await
}

/// `POST /broker/v1/partners/{domain}/suspend`
pub(super) async fn suspend(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath(name): InPath<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let event = PartnerEvent::Suspend;
    step(&app, &principal, &name, &headers, event, "suspend").await
}

/// `POST /broker/v1/partners/{domain}/resume`
pub(super) async fn resume(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath(name): InPath<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let event = PartnerEvent::Resume;
    step(&app, &principal, &name, &headers, event, "resume").await
}

/// `POST /broker/v1/partners/{domain}/retire` and `DELETE /broker/v1/partners/{domain}`
pub(super) async fn retire(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath(name): InPath<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let event = PartnerEvent::Retire;
    step(&app, &principal, &name, &headers, event, "retire").await
}
