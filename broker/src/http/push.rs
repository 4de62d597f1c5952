//! What a member sends of itself, under `/broker/v1/domains/{domain}`.
//!
//! | | |
//! |---|---|
//! | `PUT {domain}` | register, or say it anew |
//! | `DELETE {domain}` | leave |
//! | `POST {domain}/heartbeat` | still alive |
//! | `GET`, `PUT`, `PATCH`, `DELETE` `{domain}/resources`, `{domain}/topology` | the documents |
//!
//! A document's entity tag is the hash of its octets. `If-Match` and `If-None-Match: *` make a request
//! depend on the version in force (RFC 9110 §13.1), so that two writers cannot overwrite each other.

use std::sync::Arc;
use std::time::Duration;

use alto::media;
use axum::body::Body;
use axum::extract::{Extension, Path, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request as HttpRequest, StatusCode, header};
use nffg::export::{Expected, Format};
use nffg::json::{Cursor, FieldError};
use nffg::{DocumentError, DomainId, Syntax};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::App;
use super::answer::{check_content_type, json_with, read_body, typed};
use super::broker_api::JSON;
use super::domains::{Document as DocumentBody, find};
use super::problem::Problem;
use crate::auth::Principal;
use crate::ingest::{
    Accepted, Command, Document, Precondition, PushError, Pushed, Registration, Request, Slot,
    Version,
};

/// The media type of RFC 7396.
const MERGE_PATCH: &str = "application/merge-patch+json";

/// What `Accept-Patch` says of a JSON and of an XML document.
const PATCHES: [&str; 2] = ["application/merge-patch+json", "application/xml"];

/// The longest lifetime: a day.
const MAX_LIFETIME: u64 = 86_400;

/// How often a patch without `If-Match` is made anew because somebody else was faster.
const PATCH_ATTEMPTS: usize = 3;

/// What a change brought about.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Done {
    domain: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Seconds for which all that the domain pushed is good without further word.
    #[serde(skip_serializing_if = "Option::is_none")]
    lifetime: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<DocumentBody>,
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

fn insert_etag(headers: &mut HeaderMap, version: &Version) {
    if let Ok(value) = HeaderValue::from_str(&format!("\"{version}\"")) {
        headers.insert(header::ETAG, value);
    }
}

/// The condition of a request that changes something.
fn precondition(headers: &HeaderMap) -> Result<Precondition, Problem> {
    let field = |name: header::HeaderName| {
        let mut lines = headers.get_all(&name).iter().peekable();
        lines.peek()?;
        let lines: Vec<String> = lines
            .map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
            .collect();
        Some(lines.join(","))
    };
    let invalid =
        |name, value: &str, rule| -> Problem { FieldError::invalid(name, value, rule).into() };
    if let Some(value) = field(header::IF_NONE_MATCH) {
        let rule = "only '*' is of use with a change: create, but do not overwrite";
        return match value.trim() {
            "*" => Ok(Precondition::Absent),
            _ => Err(invalid("If-None-Match", &value, rule)),
        };
    }
    let Some(value) = field(header::IF_MATCH) else {
        return Ok(Precondition::None);
    };
    if value.trim() == "*" {
        return Ok(Precondition::Present);
    }
    let versions = value.split(',').map(|tag| {
        let tag = tag.trim();
        tag.strip_prefix('"')
            .and_then(|tag| tag.strip_suffix('"'))
            .map(Version::named)
    });
    match versions.collect::<Option<Vec<Version>>>() {
        Some(versions) => Ok(Precondition::OneOf(versions)),
        // A weak tag never matches (RFC 9110 §13.1.1), and is rather a mistake than a wish.
        None => Err(invalid(
            "If-Match",
            &value,
            "'*', or entity tags in double quotes",
        )),
    }
}

// ---- registration

/// `PUT /broker/v1/domains/{domain}`
pub(super) async fn register(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    request: HttpRequest<Body>,
) -> Result<Response, Problem> {
    let domain = writable(&principal, &name)?;
    check_content_type(request.headers(), JSON)?;
    let precondition = precondition(request.headers())?;
    let body = read_body(request, app.shared.settings.limits.body_bytes).await?;
    let default = app.shared.settings.liveness.hold;
    let registration = registration(&body, default, principal.name())?;
    let request = Request {
        domain,
        command: Command::Register(registration),
        precondition,
    };
    let (domain, accepted) = ask(&app, request).await?;
    done(&domain, &accepted)
}

fn registration(body: &[u8], lifetime: Duration, by: &str) -> Result<Registration, Problem> {
    const KNOWN: [&str; 3] = ["entry-point", "asn", "lifetime"];
    let value = parse(body)?;
    let root = Cursor::root(&value);
    if let Some(unknown) = root
        .object()?
        .keys()
        .find(|name| !KNOWN.contains(&name.as_str()))
    {
        let rule = format!("the members of a registration are {}", KNOWN.join(", "));
        return Err(FieldError::invalid(unknown, unknown, rule).into());
    }
    let entry_point = root
        .present("entry-point")?
        .map(|url| url.parse())
        .transpose()?;
    let asn = match root.present("asn")? {
        Some(asn) => u32::try_from(asn.integer(1, u64::from(u32::MAX))?).ok(),
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

fn read_lifetime(root: &Cursor<'_>) -> Result<Option<Duration>, Problem> {
    let Some(lifetime) = root.present("lifetime")? else {
        return Ok(None);
    };
    Ok(Some(Duration::from_secs(
        lifetime.integer(1, MAX_LIFETIME)?,
    )))
}

fn parse(body: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::NotJson {
        detail: error.to_string(),
    })
}

/// `DELETE /broker/v1/domains/{domain}`
pub(super) async fn leave(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let request = Request {
        domain: writable(&principal, &name)?,
        command: Command::Leave,
        precondition: precondition(&headers)?,
    };
    ask(&app, request).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /broker/v1/domains/{domain}/heartbeat`
pub(super) async fn heartbeat(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    request: HttpRequest<Body>,
) -> Result<Response, Problem> {
    let domain = writable(&principal, &name)?;
    let precondition = precondition(request.headers())?;
    let has_type = request.headers().contains_key(header::CONTENT_TYPE);
    if has_type {
        check_content_type(request.headers(), JSON)?;
    }
    let body = read_body(request, app.shared.settings.limits.body_bytes).await?;
    let lifetime = if body.is_empty() {
        None
    } else {
        read_lifetime(&Cursor::root(&parse(&body)?))?
    };
    let request = Request {
        domain,
        command: Command::Heartbeat { lifetime },
        precondition,
    };
    let (domain, accepted) = ask(&app, request).await?;
    done(&domain, &accepted)
}

// ---- documents

/// The document of a path.
fn slot_of(name: &str) -> Option<Slot> {
    Slot::ALL.into_iter().find(|slot| slot.as_str() == name)
}

fn slot_or_nothing(domain: &str, slot: &str) -> Result<Slot, Problem> {
    slot_of(slot).ok_or_else(|| Problem::NotFound {
        path: format!("/broker/v1/domains/{domain}/{slot}")
            .chars()
            .take(120)
            .collect(),
    })
}

/// `?format=tosca` for a document whose root does not tell its format.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DocumentQuery {
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

/// `GET /broker/v1/domains/{domain}/{resources|topology}`: the document as it was sent.
pub(super) async fn read_document(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path((name, slot)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let slot = slot_or_nothing(&name, &slot)?;
    let (domain, entry) = find(&app, &name)?;
    if !principal.may_look_into(&domain) {
        return Err(Problem::Forbidden {
            principal: principal.name().to_owned(),
        });
    }
    let Some(pushed) = entry.pushed(slot) else {
        return Err(Problem::Push(PushError::NoDocument { domain, slot }));
    };
    let version = &pushed.status.version;
    let has_it = super::answer::has_version(&headers, version.as_str());
    let mut response = if has_it {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        typed(
            StatusCode::OK,
            pushed.syntax.media_type(),
            pushed.body.clone(),
        )
    };
    insert_etag(response.headers_mut(), version);
    if let Some(patch) = accept_patch(pushed.syntax) {
        let value = HeaderValue::from_static(patch);
        response.headers_mut().insert("accept-patch", value);
    }
    Ok(response)
}

fn accept_patch(syntax: Syntax) -> Option<&'static str> {
    let [merge, edit] = PATCHES;
    match syntax {
        Syntax::Json => Some(merge),
        Syntax::Xml => Some(edit),
        Syntax::Yaml => None,
    }
}

/// `PUT /broker/v1/domains/{domain}/{resources|topology}`
pub(super) async fn put_document(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path((name, slot)): Path<(String, String)>,
    Query(query): Query<DocumentQuery>,
    request: HttpRequest<Body>,
) -> Result<Response, Problem> {
    let slot = slot_or_nothing(&name, &slot)?;
    let domain = writable(&principal, &name)?;
    let format = query.format()?;
    let precondition = precondition(request.headers())?;
    let syntax = syntax_of(request.headers())?;
    // Before the body: what is read at once is bounded, too.
    let admission = app.shared.documents.admit()?;
    let body = read_body(request, app.shared.settings.limits.member.bytes).await?;
    let by = principal.name().to_owned();
    let of = domain.clone();
    let read = app
        .shared
        .documents
        .run_admitted(admission, move || decode(body, &of, syntax, format, by))
        .await?;
    let (body, document) = read.map_err(Problem::Document)?;
    let command = put(slot, body, document);
    let request = Request {
        domain,
        command,
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

/// `PATCH /broker/v1/domains/{domain}/{resources|topology}`: a merge patch of a JSON document, or an
/// `edit-config` of a Virtualizer.
pub(super) async fn patch_document(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path((name, slot)): Path<(String, String)>,
    request: HttpRequest<Body>,
) -> Result<Response, Problem> {
    let slot = slot_or_nothing(&name, &slot)?;
    let domain = writable(&principal, &name)?;
    let precondition = precondition(request.headers())?;
    let is_merge = media::is_content_type(
        request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok()),
        MERGE_PATCH,
    );
    let patch_type = content_type(request.headers());
    let admission = app.shared.documents.admit()?;
    let patch = read_body(request, app.shared.settings.limits.member.bytes).await?;
    drop(admission);
    for attempt in 1.. {
        let (_, entry) = find(&app, domain.as_str())?;
        let Some(base) = entry.pushed(slot).cloned() else {
            return Err(Problem::Push(PushError::NoDocument { domain, slot }));
        };
        let is_edit = patch_type.as_deref().and_then(Syntax::of_media_type) == Some(Syntax::Xml);
        let fits = match base.syntax {
            Syntax::Json => is_merge,
            Syntax::Xml => is_edit,
            Syntax::Yaml => false,
        };
        if !fits {
            return Err(Problem::UnsupportedPatch {
                found: patch_type.unwrap_or_else(|| "missing".to_owned()),
                accepted: accept_patch(base.syntax),
            });
        }
        let version = base.status.version.clone();
        if !precondition.holds(Some(&version)) {
            let current = Some(version);
            return Err(Problem::Push(PushError::Precondition { current }));
        }
        let (patch, of, by) = (patch.clone(), domain.clone(), principal.name().to_owned());
        let made = app
            .shared
            .documents
            .run(move || patched(&base, &patch, &of, by))
            .await?;
        let (body, document) = made?;
        let request = Request {
            domain: domain.clone(),
            command: put(slot, body, document),
            precondition: Precondition::OneOf(vec![version]),
        };
        match ask(&app, request).await {
            // Somebody else was faster; the patch may fit to what he put, too.
            Err(Problem::Push(PushError::Precondition { .. }))
                if precondition == Precondition::None && attempt < PATCH_ATTEMPTS => {}
            Err(problem) => return Err(problem),
            Ok((domain, accepted)) => return done(&domain, &accepted),
        }
    }
    Err(Problem::Internal)
}

/// The document that `patch` makes of `base`.
fn patched(
    base: &Arc<Pushed>,
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

/// `DELETE /broker/v1/domains/{domain}/{resources|topology}`
pub(super) async fn delete_document(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path((name, slot)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let slot = slot_or_nothing(&name, &slot)?;
    let request = Request {
        domain: writable(&principal, &name)?,
        command: Command::Withdraw(slot),
        precondition: precondition(&headers)?,
    };
    ask(&app, request).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
