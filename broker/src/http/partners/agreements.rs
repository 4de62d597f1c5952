//! The agreements with a partner.

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Request, StatusCode};
use nffg::json::{Cursor, FieldError};
use sof::partner::decode_agreement;
use tracing::info;

use super::super::App;
use super::super::answer::{check_content_type, json, negotiate, parse_json, read_body};
use super::super::domains::InPath;
use super::super::placements::JSON;
use super::super::problem::Problem;
use super::super::push::condition;
use super::body::{AgreementBody, Agreements};
use super::{domain, limit, record};
use crate::auth::Principal;
use crate::lso::partners::is_agreement_id;

fn id(text: &str) -> Result<&str, Problem> {
    if is_agreement_id(text) {
        Ok(text)
    } else {
        let rule = "1 to 64 letters, digits, '-', '_' and '.'";
        Err(FieldError::invalid("agreement", text, rule).into())
    }
}

/// `GET /broker/v1/partners/{domain}/agreements`
pub(in crate::http) async fn list_agreements(
    State(app): State<App>,
    InPath(name): InPath<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiate(&headers, &[JSON])?;
    let listed = app.shared.book.agreements(&domain(&name)?).await?;
    let agreements = listed.records.iter();
    json(&Agreements {
        agreements: agreements
            .map(|agreement| AgreementBody::from(&agreement.value))
            .collect(),
        more: listed.more,
    })
}

/// `GET /broker/v1/partners/{domain}/agreements/{agreement}`
pub(in crate::http) async fn show_agreement(
    State(app): State<App>,
    InPath((name, agreement)): InPath<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiate(&headers, &[JSON])?;
    let book = &app.shared.book;
    let found = book.agreement(&domain(&name)?, id(&agreement)?).await?;
    let body = AgreementBody::from(&found.value);
    record(&headers, StatusCode::OK, found.version, &body)
}

/// `PUT /broker/v1/partners/{domain}/agreements/{agreement}`
pub(in crate::http) async fn put_agreement(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath((name, agreement)): InPath<(String, String)>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let (domain, id) = (domain(&name)?, id(&agreement)?);
    check_content_type(request.headers(), JSON)?;
    let precondition = condition::of(request.headers())?;
    let body = read_body(request, limit(&app)).await?;
    let value = parse_json(&body)?;
    let terms = decode_agreement(&Cursor::root(&value))?;
    let book = &app.shared.book;
    let put = book
        .put_agreement(&domain, id, &terms, &precondition)
        .await?;
    info!(partner = %domain, agreement = id, by = principal.name(), "agreement put");
    let status = if put.is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let body = AgreementBody::from(&put.record.value);
    record(&HeaderMap::new(), status, put.record.version, &body)
}

/// `DELETE /broker/v1/partners/{domain}/agreements/{agreement}`
pub(in crate::http) async fn delete_agreement(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath((name, agreement)): InPath<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (domain, id) = (domain(&name)?, id(&agreement)?);
    let precondition = condition::of(&headers)?;
    let book = &app.shared.book;
    book.delete_agreement(&domain, id, &precondition).await?;
    info!(partner = %domain, agreement = id, by = principal.name(), "agreement deleted");
    Ok(StatusCode::NO_CONTENT.into_response())
}
