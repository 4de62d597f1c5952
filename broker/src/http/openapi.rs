//! The broker's own API for machines: the OpenAPI 3.1 document at `/openapi.json`.
//!
//! Schemas come from the types that are written; the operations stand here, in one place. Tests hold
//! the document against the routes, and the answers of a real daemon against the document. ALTO
//! resources have a description of their own, the directory (RFC 7285 §9.2).

mod operations;
mod words;

use std::sync::LazyLock;

use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, ComponentsBuilder, Content, ContentBuilder, Header, InfoBuilder, LicenseBuilder,
    ObjectBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response as Answer, ResponseBuilder,
    Schema, SecurityRequirement, Type,
};
use utoipa::{PartialSchema, ToSchema};

use super::answer::{has_version, insert_etag, typed};
use super::placements::JSON;
use super::problem::{self, PROBLEM_JSON, Problem};
use super::{
    domains, events, notifications, partners, progress, push, reservations, rules, selections,
};
use crate::ingest::Version;
use crate::placements::answer::Answer as Placements;
use crate::placements::paths::Paths as LinkPaths;
use crate::topology::Topology;

pub(super) use words::{
    AmountWord, ChannelWord, CircuitWord, FormatWord, KnownBy, PartnerStateWord, PhaseWord,
    SourceStateWord, SyntaxWord,
};

/// The document as it is sent, and its version.
static DOCUMENT: LazyLock<Option<(Bytes, Version)>> = LazyLock::new(|| {
    let text = document().to_json().ok()?;
    let version = Version::of(text.as_bytes());
    Some((Bytes::from(text), version))
});

/// `GET /openapi.json`
pub(super) async fn openapi(headers: HeaderMap) -> Result<Response, Problem> {
    // It always has a JSON form.
    let (text, version) = DOCUMENT.as_ref().ok_or(Problem::Internal)?;
    let mut response = if has_version(&headers, version.as_str()) {
        typed(StatusCode::NOT_MODIFIED, JSON, Bytes::new())
    } else {
        typed(StatusCode::OK, JSON, text.clone())
    };
    insert_etag(response.headers_mut(), version);
    let kept = HeaderValue::from_static("no-cache");
    response.headers_mut().insert(header::CACHE_CONTROL, kept);
    Ok(response)
}

/// The statuses of problems, and when they are answered.
const PROBLEMS: [(&str, &str); 15] = [
    (
        "400",
        "The path, a parameter, a header or the body is wrong; `errors` says which and why.",
    ),
    (
        "401",
        "A bearer token is needed from this address, or the one sent is not known.",
    ),
    ("403", "The token's owner may not do this."),
    (
        "404",
        "There is no such domain, document, reservation, partner, agreement, order, selection or dead letter, or the domain is not registered.",
    ),
    ("406", "The `Accept` header allows nothing that there is."),
    (
        "408",
        "The request did not come whole, or could not be answered, in time.",
    ),
    (
        "409",
        "The state is in the way: an AS number that another domain has, an edit of what is not there, a reservation that does not fit, a partner in another state.",
    ),
    (
        "412",
        "Another version is in force than the request depends on; `ETag` tells which, if any.",
    ),
    ("413", "The body is over the limit."),
    (
        "415",
        "The body is of another type than is taken here. To PATCH, `Accept-Patch` tells the right one.",
    ),
    (
        "422",
        "The document, or what a patch makes of it, cannot be taken; what was in force stays so. `errors` has every fault, or the first 100 and `total` their number.",
    ),
    ("429", "More requests than one client may make."),
    (
        "500",
        "The broker failed on this request; it is in the log.",
    ),
    (
        "503",
        "Too much is under way already, the store cannot be used now, or the broker is stopping.",
    ),
    (
        "507",
        "There are as many members, or reservations, as there may be, or the store has no room.",
    ),
];

fn document() -> OpenApi {
    let license = LicenseBuilder::new()
        .name("Apache-2.0")
        .identifier(Some("Apache-2.0"));
    let description = "Members tell the broker what they have; operators see how members are doing; \
         clients ask where a service graph can be placed. What members have is served over ALTO: \
         `GET /directory` describes that. A token is not needed from everywhere: see `auth.anonymous`.";
    let info = InfoBuilder::new()
        .title("brokerd")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(description))
        .license(Some(license.build()));
    let tag = |name, description| {
        let builder = TagBuilder::new().name(name);
        builder.description(Some(description)).build()
    };
    OpenApiBuilder::new()
        .info(info.build())
        .paths(operations::paths())
        .components(Some(components()))
        // One of these: a token, a password, a certificate, or nothing.
        .security(Some([
            bearer(),
            requirement("digest"),
            requirement("certificate"),
            SecurityRequirement::default(),
        ]))
        .tags(Some([
            tag("members", "What a member tells of itself."),
            tag("domains", "How the members are doing."),
            tag("placements", "Where a service graph can go."),
            tag("reservations", "Capacity held for placements."),
            tag("partners", "Domains that services are ordered from."),
            tag(
                "notifications",
                "What subscribers to orders and services are told, and could not be told.",
            ),
            tag(
                "orders",
                "Service orders, as MEF's APIs do not tell of them.",
            ),
            tag(
                "operation",
                "For operators and their monitors, and for machines that find their way.",
            ),
        ]))
        .build()
}

fn bearer() -> SecurityRequirement {
    requirement("bearer")
}

fn requirement(scheme: &str) -> SecurityRequirement {
    SecurityRequirement::new(scheme, Vec::<String>::new())
}

fn components() -> Components {
    let mut schemas = Vec::new();
    gather::<domains::Domains>(&mut schemas);
    gather::<events::Events>(&mut schemas);
    gather::<notifications::Notifications>(&mut schemas);
    gather::<notifications::DeadLetters>(&mut schemas);
    gather::<push::Done>(&mut schemas);
    gather::<Placements>(&mut schemas);
    gather::<LinkPaths>(&mut schemas);
    gather::<problem::Body>(&mut schemas);
    gather::<reservations::Reservations>(&mut schemas);
    gather::<selections::Decomposition>(&mut schemas);
    gather::<progress::Progress>(&mut schemas);
    gather::<rules::PolicyBody>(&mut schemas);
    gather::<selections::SelectionBody>(&mut schemas);
    gather::<Topology>(&mut schemas);
    gather::<partners::Partners>(&mut schemas);
    gather::<partners::Agreements>(&mut schemas);
    gather::<partners::MefError>(&mut schemas);
    gather::<words::PartnerRequest>(&mut schemas);
    gather::<words::AgreementRequest>(&mut schemas);
    gather::<words::NotificationWord>(&mut schemas);
    gather::<words::Registration>(&mut schemas);
    gather::<words::Heartbeat>(&mut schemas);
    gather::<words::PlacementsRequest>(&mut schemas);
    gather::<words::DecompositionRequest>(&mut schemas);
    gather::<words::PathsRequest>(&mut schemas);
    gather::<words::ReservationRequest>(&mut schemas);
    gather::<words::ExtendRequest>(&mut schemas);
    let problems =
        PROBLEMS.map(|(status, when)| (format!("problem-{status}"), problem(status, when)));
    let http = |scheme| SecurityScheme::Http(Http::new(scheme));
    let certificate = SecurityScheme::MutualTls {
        description: Some("A certificate whose name is that of a principal.".to_owned()),
        deprecated: None,
        extensions: None,
    };
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .responses_from_iter(problems)
        .security_scheme("bearer", http(HttpAuthScheme::Bearer))
        .security_scheme("digest", http(HttpAuthScheme::Digest))
        .security_scheme("certificate", certificate);
    operations::parameters()
        .fold(components, |components, (name, parameter)| {
            components.parameter(name, parameter)
        })
        .build()
}

/// The schema of a type, and of all types that it is made of.
fn gather<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), <T as PartialSchema>::schema()));
    T::schemas(schemas);
}

fn problem(status: &str, when: &str) -> Answer {
    let answer = ResponseBuilder::new()
        .description(when)
        .content(PROBLEM_JSON, of::<problem::Body>());
    let answer = match status {
        "401" => answer.header(
            "WWW-Authenticate",
            text_header("`Bearer`; where somebody has a password, a challenge of `Digest` too."),
        ),
        "412" => answer.header(
            "ETag",
            text_header("The version in force, if there is one."),
        ),
        "415" => answer.header(
            "Accept-Patch",
            text_header("To PATCH: the type that is taken."),
        ),
        "429" | "503" => answer.header("Retry-After", retry_after()),
        _ => answer,
    };
    answer.build()
}

fn retry_after() -> Header {
    let seconds = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1));
    let mut header = Header::new(seconds);
    header.description = Some("In how many seconds to try again.".to_owned());
    header
}

fn text_header(description: &str) -> Header {
    let mut header = Header::new(ObjectBuilder::new().schema_type(Type::String));
    header.description = Some(description.to_owned());
    header
}

/// A body of this type.
fn of<T: ToSchema>() -> Content {
    let schema = Ref::from_schema_name(T::name());
    ContentBuilder::new().schema(Some(schema)).build()
}
