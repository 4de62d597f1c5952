//! The documents of a member: read, put, patched, withdrawn.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request as HttpRequest, StatusCode, header};
use nffg::export::{Expected, Format};
use nffg::json::FieldError;
use nffg::{DocumentError, DomainId, Syntax};
use serde::Deserialize;

use super::super::App;
use super::super::answer::{has_version, insert_etag, negotiate, typed};
use super::super::domains::{InPath, InQuery, find};
use super::super::problem::Problem;
use super::intake::PLACES;
use super::{ask, condition, done, writable};
use crate::auth::Principal;
use crate::ingest::{Command, Document, Precondition, PushError, Pushed, Request, Slot};

/// What `Accept-Patch` says of a JSON document (RFC 7396).
pub(in crate::http) const MERGE_PATCH: &str = "application/merge-patch+json";

/// What `Accept-Patch` says of an XML document.
pub(in crate::http) const EDIT: &str = "application/xml";

/// How often a patch without `If-Match` is made anew because somebody else was faster. Of so many as
/// there are places for, one is carried out each time.
const PATCH_ATTEMPTS: usize = PLACES;

/// The document of a path.
fn slot_of(domain: &str, name: &str) -> Result<Slot, Problem> {
    let slot = Slot::ALL.into_iter().find(|slot| slot.as_str() == name);
    slot.ok_or_else(|| Problem::NotFound {
        path: format!("/broker/v1/domains/{domain}/{name}")
            .chars()
            .take(120)
            .collect(),
    })
}

/// `?format=tosca`, for a document whose root does not tell its format.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct DocumentQuery {
    format: Option<String>,
}

impl DocumentQuery {
    fn format(&self) -> Result<Option<Format>, Problem> {
        let parse = |text: &String| {
            text.parse::<Format>()
                .map_err(|error| FieldError::invalid("format", text, error).into())
        };
        self.format.as_ref().map(parse).transpose()
    }
}

/// `GET /broker/v1/domains/{domain}/{resources|topology|windows}`: the document as it was sent.
pub(in crate::http) async fn read_document(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath((name, slot)): InPath<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let slot = slot_of(&name, &slot)?;
    let (domain, entry) = find(&app, &name)?;
    if !principal.may_look_into(&domain) {
        return Err(Problem::Forbidden {
            principal: principal.name().to_owned(),
        });
    }
    let Some(pushed) = entry.pushed(slot) else {
        return Err(Problem::Push(PushError::NoDocument { domain, slot }));
    };
    negotiate(&headers, &[pushed.syntax.media_type()])?;
    let version = &pushed.status.version;
    let mut response = if has_version(&headers, version.as_str()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        typed(
            StatusCode::OK,
            pushed.syntax.media_type(),
            pushed.body.clone(),
        )
    };
    let headers = response.headers_mut();
    insert_etag(headers, version);
    if let Some(patch) = accept_patch(pushed.syntax) {
        headers.insert("accept-patch", HeaderValue::from_static(patch));
    }
    // Another may be in force at any moment, and not everybody may see it.
    let kept = HeaderValue::from_static("private, no-cache");
    headers.insert(header::CACHE_CONTROL, kept);
    // A member wrote it: a browser shall not take it for a page of ours.
    let plain = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, plain);
    let no_scripts = HeaderValue::from_static("sandbox");
    headers.insert(header::CONTENT_SECURITY_POLICY, no_scripts);
    Ok(response)
}

fn accept_patch(syntax: Syntax) -> Option<&'static str> {
    match syntax {
        Syntax::Json => Some(MERGE_PATCH),
        Syntax::Xml => Some(EDIT),
        Syntax::Yaml => None,
    }
}

/// `PUT /broker/v1/domains/{domain}/{resources|topology|windows}`
pub(in crate::http) async fn put_document(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath((name, slot)): InPath<(String, String)>,
    InQuery(query): InQuery<DocumentQuery>,
    request: HttpRequest<Body>,
) -> Result<Response, Problem> {
    let slot = slot_of(&name, &slot)?;
    let domain = writable(&principal, &name)?;
    let format = query.format()?;
    let precondition = condition::of(request.headers())?;
    check_is_whole(request.headers())?;
    let syntax = syntax_of(request.headers())?;
    let mut place = app.shared.intake.enter(&domain)?;
    let limit = app.shared.settings.limits.member.bytes;
    let body = place.read(request, limit).await?;
    let by = principal.name().to_owned();
    let of = domain.clone();
    // The place goes along: if the client leaves, the thread still has the body.
    let work = move || (decode(body, &of, syntax, format, by), place);
    let (read, _place) = app.shared.documents.run(work).await?;
    let (body, document) = read.map_err(Problem::Document)?;
    let request = Request {
        domain,
        command: put(slot, body, document),
        precondition,
    };
    let (domain, accepted) = ask(&app, request).await?;
    done(&domain, &accepted)
}

fn put(slot: Slot, body: Bytes, document: Document) -> Command {
    Command::Put {
        slot,
        body,
        document: Box::new(document),
    }
}

fn decode(
    body: Bytes,
    domain: &DomainId,
    syntax: Syntax,
    format: Option<Format>,
    by: String,
) -> Result<(Bytes, Document), DocumentError> {
    let expected = Expected {
        domain,
        syntax: Some(syntax),
        format,
    };
    let mut document = Document::decode(&body, expected)?;
    document.by = Some(by);
    Ok((body, document))
}

/// Refuses a part of a document (RFC 9110 §14.5) and one that is packed (§8.4): neither is the document.
fn check_is_whole(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| {
        headers
            .get(name)
            .map(|value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()))
    };
    if let Some(range) = text(header::CONTENT_RANGE) {
        let rule = "documents are sent whole";
        return Err(FieldError::invalid("Content-Range", range, rule).into());
    }
    match text(header::CONTENT_ENCODING) {
        Some(coding) if !coding.eq_ignore_ascii_case("identity") => {
            Err(Problem::UnsupportedMediaType {
                found: format!(
                    "{}, packed by {coding}",
                    content_type(headers).unwrap_or_default()
                ),
                expected: "no Content-Encoding",
            })
        }
        _ => Ok(()),
    }
}

/// The syntax of a request's body.
fn syntax_of(headers: &HeaderMap) -> Result<Syntax, Problem> {
    let found = content_type(headers);
    let syntax = found.as_deref().and_then(Syntax::of_media_type);
    syntax.ok_or_else(|| Problem::UnsupportedMediaType {
        found: found.unwrap_or_else(|| "missing".to_owned()),
        expected: "application/xml, application/json or application/yaml",
    })
}

/// The media type of a request's body, in lower case and without parameters.
fn content_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next()?;
    Some(essence.trim().to_ascii_lowercase())
}

/// `PATCH /broker/v1/domains/{domain}/{resources|topology|windows}`: a merge patch of a JSON document, or an
/// `edit-config` of a Virtualizer.
pub(in crate::http) async fn patch_document(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath((name, slot)): InPath<(String, String)>,
    request: HttpRequest<Body>,
) -> Result<Response, Problem> {
    let slot = slot_of(&name, &slot)?;
    let domain = writable(&principal, &name)?;
    let precondition = condition::of(request.headers())?;
    check_is_whole(request.headers())?;
    let patch_type = content_type(request.headers());
    // Before the body: one that does not fit need not come.
    patch_base(&app, &domain, slot, patch_type.as_deref())?;
    let mut place = app.shared.intake.enter(&domain)?;
    let limit = app.shared.settings.limits.member.bytes;
    let patch = place.read(request, limit).await?;
    for _ in 0..PATCH_ATTEMPTS {
        let base = patch_base(&app, &domain, slot, patch_type.as_deref())?;
        let version = base.status.version.clone();
        if !precondition.holds(Some(&version)) {
            let current = Some(version);
            return Err(Problem::Push(PushError::Precondition { current }));
        }
        let (diff, of, by) = (patch.clone(), domain.clone(), principal.name().to_owned());
        let work = move || (patched(&base, &diff, &of, by), place);
        let (made, returned) = app.shared.documents.run(work).await?;
        place = returned;
        let (body, document) = made?;
        place.hold(patch.len().saturating_add(body.len()))?;
        let request = Request {
            domain: domain.clone(),
            command: put(slot, body, document),
            precondition: Precondition::OneOf(vec![version]),
        };
        match ask(&app, request).await {
            // Somebody else was faster; the patch may fit to what he put, too.
            Err(Problem::Push(PushError::Precondition { .. }))
                if precondition == Precondition::None => {}
            Err(problem) => return Err(problem),
            Ok((domain, accepted)) => return done(&domain, &accepted),
        }
    }
    Err(Problem::Busy { retry_after: 1 })
}

/// The document that a patch of this type is for.
fn patch_base(
    app: &App,
    domain: &DomainId,
    slot: Slot,
    patch_type: Option<&str>,
) -> Result<Arc<Pushed>, Problem> {
    let entry = app.shared.published.domain(domain);
    let Some(base) = entry.as_ref().and_then(|entry| entry.pushed(slot)) else {
        let is_known = entry.is_some_and(|entry| entry.status.registration.is_some());
        let domain = domain.clone();
        return Err(Problem::Push(if is_known {
            PushError::NoDocument { domain, slot }
        } else {
            PushError::NotRegistered(domain)
        }));
    };
    let fits = match base.syntax {
        Syntax::Json => patch_type == Some(MERGE_PATCH),
        Syntax::Xml => matches!(patch_type, Some(EDIT | "text/xml")),
        Syntax::Yaml => false,
    };
    if fits {
        return Ok(Arc::clone(base));
    }
    Err(Problem::UnsupportedPatch {
        found: patch_type.unwrap_or("missing").to_owned(),
        accepted: accept_patch(base.syntax),
    })
}

/// The document that `patch` makes of `base`.
fn patched(
    base: &Pushed,
    patch: &[u8],
    domain: &DomainId,
    by: String,
) -> Result<(Bytes, Document), Problem> {
    let body = match base.syntax {
        Syntax::Xml => nffg::virtualizer::edit::apply(&base.body, patch)
            .map(Bytes::from)
            .map_err(Problem::Edit)?,
        Syntax::Json | Syntax::Yaml => nffg::patch::merge(&base.body, patch)
            .map(Bytes::from)
            .map_err(Problem::Document)?,
    };
    let format = Some(base.status.format);
    decode(body, domain, base.syntax, format, by).map_err(Problem::Document)
}

/// `DELETE /broker/v1/domains/{domain}/{resources|topology|windows}`
pub(in crate::http) async fn delete_document(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath((name, slot)): InPath<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let slot = slot_of(&name, &slot)?;
    let request = Request {
        domain: writable(&principal, &name)?,
        command: Command::Withdraw(slot),
        precondition: condition::of(&headers)?,
    };
    ask(&app, request).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
