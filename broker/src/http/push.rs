//! What a member sends of itself, under `/broker/v1/domains/{domain}`.
//!
//! | | |
//! |---|---|
//! | `PUT {domain}` | register, or say it anew |
//! | `DELETE {domain}` | leave |
//! | `POST {domain}/heartbeat` | still alive |
//! | `GET`, `PUT`, `PATCH`, `DELETE` `{domain}/resources`, `{domain}/topology`, `{domain}/windows` | the documents |
//!
//! A document's entity tag is the hash of its octets. `If-Match` and `If-None-Match: *` make a request
//! depend on the version in force (RFC 9110 §13.1), so that two writers cannot overwrite each other.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Request as HttpRequest, StatusCode};
use nffg::DomainId;
use nffg::json::{Cursor, FieldError};
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::answer::{check_content_type, insert_etag, json_with, parse_json, read_body};
use super::domains::{Document as DocumentBody, InPath};
use super::placements::JSON;
use super::problem::Problem;
use crate::auth::Principal;
use crate::ingest::{Accepted, Command, Registration, Request, Version};

pub(super) mod condition;
mod document;
mod intake;

pub(super) use document::{
    EDIT, MERGE_PATCH, delete_document, patch_document, put_document, read_document,
};
pub(super) use intake::Intake;

/// The longest lifetime: a day.
const MAX_LIFETIME: u64 = 86_400;

/// The largest body of a registration or a heartbeat, in octets.
const MAX_WORD: usize = 64 << 10;

/// What a change brought about.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Accepted)]
pub(super) struct Done {
    /// The domain, as it is written in the maps.
    domain: String,
    /// The version of what was put, as in `ETag`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    version: Option<String>,
    /// Seconds for which all that the domain pushed is good without further word.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    lifetime: Option<u64>,
    /// What was put, if it is a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    document: Option<DocumentBody>,
}

/// The largest body of what is not a document.
fn word_limit(app: &App) -> usize {
    app.shared.settings.limits.body_bytes.min(MAX_WORD)
}

/// The domain of a path, if the principal may write there.
fn writable(principal: &Principal, name: &str) -> Result<DomainId, Problem> {
    let domain: DomainId = name
        .parse()
        .map_err(|error| FieldError::invalid("domain", name, error))?;
    if principal.may_write(&domain) {
        Ok(domain)
    } else {
        Err(Problem::Forbidden {
            principal: principal.name().to_owned(),
        })
    }
}

async fn ask(app: &App, request: Request) -> Result<(DomainId, Accepted), Problem> {
    let domain = request.domain.clone();
    match app.shared.inbox.ask(request).await {
        Ok(Ok(accepted)) => Ok((domain, accepted)),
        Ok(Err(error)) => Err(Problem::Push(error)),
        Err(_) => Err(Problem::Stopping),
    }
}

fn done(domain: &DomainId, accepted: &Accepted) -> Result<Response, Problem> {
    let status = if accepted.created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let body = Done {
        domain: domain.to_string(),
        version: accepted.version.as_ref().map(ToString::to_string),
        lifetime: accepted.lifetime.map(|lifetime| lifetime.as_secs()),
        document: accepted.document.as_deref().map(DocumentBody::from),
    };
    let mut response = json_with(status, &body)?;
    if let Some(version) = &accepted.version {
        insert_etag(response.headers_mut(), version);
    }
    Ok(response)
}

/// `PUT /broker/v1/domains/{domain}`
pub(super) async fn register(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath(name): InPath<String>,
    request: HttpRequest<Body>,
) -> Result<Response, Problem> {
    let domain = writable(&principal, &name)?;
    check_content_type(request.headers(), JSON)?;
    let precondition = condition::of(request.headers())?;
    let body = read_body(request, word_limit(&app)).await?;
    let default = app.shared.settings.liveness.hold;
    let registration = registration(&body, &domain, default, principal.name())?;
    let request = Request {
        domain,
        command: Command::Register(registration),
        precondition,
    };
    let (domain, accepted) = ask(&app, request).await?;
    done(&domain, &accepted)
}

fn registration(
    body: &[u8],
    domain: &DomainId,
    lifetime: Duration,
    by: &str,
) -> Result<Registration, Problem> {
    let value = parse_json(body)?;
    let root = Cursor::root(&value);
    check_members(&root, &["entry-point", "asn", "lifetime"])?;
    let entry_point = root
        .present("entry-point")?
        .map(|url| url.parse())
        .transpose()?;
    let asn = match root.present("asn")? {
        Some(asn) => {
            let number = u32::try_from(asn.integer(1, u64::from(u32::MAX))?).ok();
            if domain.asn().is_some() && domain.asn() != number {
                return Err(asn.invalid("the domain's id is another AS number").into());
            }
            number
        }
        None => None,
    };
    Ok(Registration {
        entry_point,
        asn,
        lifetime: read_lifetime(&root)?.unwrap_or(lifetime),
        by: by.to_owned(),
        // Two texts that say the same are one version.
        version: Version::of(value.to_string().as_bytes()),
    })
}

/// Refuses members that mean nothing: a misspelt lifetime is a lifetime that is not there.
fn check_members(root: &Cursor<'_>, known: &[&str]) -> Result<(), Problem> {
    let mut members = root.object()?.keys();
    match members.find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(unknown) => {
            let rule = format!("known here: {}", known.join(", "));
            Err(FieldError::invalid(unknown, unknown, rule).into())
        }
    }
}

fn read_lifetime(root: &Cursor<'_>) -> Result<Option<Duration>, Problem> {
    let Some(lifetime) = root.present("lifetime")? else {
        return Ok(None);
    };
    Ok(Some(Duration::from_secs(
        lifetime.integer(1, MAX_LIFETIME)?,
    )))
}

/// `DELETE /broker/v1/domains/{domain}`
pub(super) async fn leave(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath(name): InPath<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let request = Request {
        domain: writable(&principal, &name)?,
        command: Command::Leave,
        precondition: condition::of(&headers)?,
    };
    ask(&app, request).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /broker/v1/domains/{domain}/heartbeat`
pub(super) async fn heartbeat(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath(name): InPath<String>,
    request: HttpRequest<Body>,
) -> Result<Response, Problem> {
    let domain = writable(&principal, &name)?;
    let precondition = condition::of(request.headers())?;
    let typed = check_content_type(request.headers(), JSON);
    let body = read_body(request, word_limit(&app)).await?;
    let lifetime = if body.is_empty() {
        None
    } else {
        typed?;
        let value = parse_json(&body)?;
        let root = Cursor::root(&value);
        check_members(&root, &["lifetime"])?;
        read_lifetime(&root)?
    };
    let request = Request {
        domain,
        command: Command::Heartbeat { lifetime },
        precondition,
    };
    let (domain, accepted) = ask(&app, request).await?;
    done(&domain, &accepted)
}
