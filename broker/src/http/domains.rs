//! `GET /broker/v1/domains`: how the members are doing, for people and their tools.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Extension, FromRequestParts, Path, Query, State};
use axum::response::Response;
use http::HeaderMap;
use http::request::Parts;
use nffg::json::FieldError;
use nffg::{DomainId, SapId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::answer::{json, negotiate};
use super::openapi::{ChannelWord, FormatWord, KnownBy, SourceStateWord, SyntaxWord};
use super::placements::JSON;
use super::problem::Problem;
use crate::auth::Principal;
use crate::conflicts;
use crate::ingest::{DocumentStatus, SourceStatus};
use crate::liveness::State as SourceState;
use crate::published::Entry;

/// Every domain that is known, in order.
#[derive(Serialize, ToSchema)]
pub(super) struct Domains {
    domains: Vec<Domain>,
}

/// A domain: what is known of it, and from where.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Domain {
    /// Its name, which is its PID in the maps too.
    id: String,
    /// Its AS number, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, maximum = 4_294_967_295u64)]
    asn: Option<u32>,
    /// Where its orchestrator is reached.
    #[schema(required)]
    entry_point: Option<String>,
    /// What all its sources are, or `stale` when they differ and one is served.
    #[schema(value_type = SourceStateWord)]
    state: &'static str,
    /// `settings`; for one that the settings do not name, the first channel that tells of it.
    #[schema(value_type = KnownBy)]
    known_by: &'static str,
    /// Left out for other members.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    registration: Option<Registration>,
    /// Where its word comes from; empty for other members.
    sources: Vec<Source>,
    /// What nobody tells of it: `resources`, `topology`, `entry-point`.
    missing: Vec<&'static str>,
    /// Nodes that host NFs.
    nodes: usize,
    /// Routers.
    routers: usize,
    /// Links within and to other domains, one way each.
    links: usize,
    /// Prefixes.
    prefixes: usize,
    /// Service access points.
    saps: Vec<String>,
    /// NF types on offer.
    nf_types: Vec<String>,
    /// Domains that are next to it in the graph.
    neighbours: Vec<String>,
    /// What another domain says differently.
    conflicts: Vec<Conflict>,
    /// Ports that this domain tags as inter-domain and no other domain does.
    open_borders: Vec<String>,
}

/// What a member says of itself.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
struct Registration {
    /// Its version, as in the `ETag` that the member got.
    version: String,
    /// Seconds for which all that it pushed is good without further word.
    lifetime: u64,
    /// Who registered it.
    by: String,
}

/// A source of a domain.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
struct Source {
    /// Its name, unique within the domain: `push topology`, `bgp-ls 192.0.2.1`.
    kind: String,
    /// How it comes to the broker.
    #[schema(value_type = ChannelWord)]
    channel: &'static str,
    /// Where it is: a URL or a file; of what is pushed, who pushed it first.
    url: String,
    /// How it is doing.
    #[schema(value_type = SourceStateWord)]
    state: &'static str,
    /// Its last good answer.
    #[schema(required, format = DateTime)]
    last_heard: Option<String>,
    /// Why the last request got no good answer; `null` after a good one.
    #[schema(required)]
    last_error: Option<String>,
    /// Every fault of a document that cannot be taken, where there are several.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    faults: Vec<String>,
    /// Requests without a good answer since the last good one.
    failures: u64,
    /// What of the domain comes from it: `resources`, `topology`, `windows`, `entry-point`.
    used_for: Vec<&'static str>,
    /// The routes in force, if it tells routes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    routes: Option<usize>,
    /// The document in force, if it tells documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    document: Option<Document>,
}

/// The document of a source that is in force.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Document {
    /// Its data model.
    #[schema(value_type = FormatWord)]
    format: &'static str,
    /// What it is written in.
    #[schema(value_type = SyntaxWord)]
    syntax: &'static str,
    /// A hash of its octets.
    version: String,
    /// Since when it is in force.
    #[schema(format = DateTime)]
    accepted: String,
    /// Who sent it, if somebody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    by: Option<String>,
    /// Octets.
    bytes: usize,
    /// Nodes that host NFs, and routers.
    nodes: usize,
    /// Links, one way each.
    links: usize,
    /// Prefixes.
    prefixes: usize,
    /// NF types on offer and NFs that run, over all nodes.
    nfs: usize,
    /// Windows, be they over or not.
    windows: usize,
    /// What was tolerated.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    warnings: Vec<Warning>,
}

/// Something in a document that was tolerated.
#[derive(Serialize, ToSchema)]
struct Warning {
    /// The line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    line: Option<u32>,
    /// The JSON pointer or the XPath. Empty for the whole.
    path: String,
    /// What is odd.
    text: String,
}

/// Something that two domains say differently.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
struct Conflict {
    /// `prefix`, `sap` or `half-up-link`.
    kind: &'static str,
    /// What it is about.
    subject: String,
    /// The other domain.
    with: String,
    /// What was made of it.
    outcome: &'static str,
}

impl From<&DocumentStatus> for Document {
    fn from(status: &DocumentStatus) -> Self {
        let counts = status.counts;
        let warning = |warning: &nffg::Warning| Warning {
            line: warning.line,
            path: warning.path.clone(),
            text: warning.text.clone(),
        };
        Self {
            format: status.format.as_str(),
            syntax: status.syntax.as_str(),
            version: status.version.to_string(),
            accepted: format!("{:.0}", status.accepted),
            by: status.by.clone(),
            bytes: counts.bytes,
            nodes: counts.nodes,
            links: counts.links,
            prefixes: counts.prefixes,
            nfs: counts.nfs,
            windows: counts.windows,
            warnings: status.warnings.iter().map(warning).collect(),
        }
    }
}

pub(super) async fn domains(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiate(&headers, &[JSON])?;
    let maps = app.shared.published.maps();
    let entries = app.shared.published.domains();
    let mut all = conflicts::by_domain(&maps);
    let mut open: BTreeMap<&DomainId, Vec<&SapId>> = BTreeMap::new();
    for border in maps.idr().open_borders() {
        open.entry(&border.domain).or_default().push(&border.sap);
    }
    let entries = entries.iter();
    json(&Domains {
        domains: entries
            .map(|(id, entry)| {
                let conflicts = all.remove(id).unwrap_or_default();
                let open = open.remove(id).unwrap_or_default();
                describe(
                    &maps,
                    id,
                    entry,
                    conflicts,
                    open,
                    principal.may_look_into(id),
                )
            })
            .collect(),
    })
}

pub(super) async fn domain(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath(name): InPath<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiate(&headers, &[JSON])?;
    let (id, entry) = find(&app, &name)?;
    let maps = app.shared.published.maps();
    let conflicts = conflicts::of_domain(&maps, &id);
    let open = maps.idr().open_borders().iter();
    let open = open.filter(|border| border.domain == id);
    let open = open.map(|border| &border.sap);
    let details = principal.may_look_into(&id);
    json(&describe(&maps, &id, &entry, conflicts, open, details))
}

/// The names in a path. As axum's `Path`, but a name that is no text is a [`Problem`] like all others.
pub(super) struct InPath<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let names = Path::from_request_parts(parts, state).await;
        names.map(|Path(names)| Self(names)).map_err(|rejection| {
            FieldError::invalid("path", parts.uri.path(), rejection.body_text()).into()
        })
    }
}

/// The parameters of a query. As axum's `Query`, but one that is wrong is a [`Problem`] like all others.
pub(super) struct InQuery<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for InQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let read = Query::try_from_uri(&parts.uri);
        read.map(|Query(read)| Self(read)).map_err(|rejection| {
            let query = parts.uri.query().unwrap_or_default();
            FieldError::invalid("query", query, rejection.body_text()).into()
        })
    }
}

/// `?after=ID` of a list: those after this one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct After {
    /// The last that the client has; empty for the first of all.
    pub(super) after: String,
}

/// The domain of a path.
pub(super) fn find(app: &App, name: &str) -> Result<(DomainId, Arc<Entry>), Problem> {
    let id: Option<DomainId> = name.parse().ok();
    let found = id.and_then(|id| {
        let entry = app.shared.published.domain(&id)?;
        Some((id, entry))
    });
    found.ok_or_else(|| Problem::UnknownDomain {
        domain: name.chars().take(80).collect(),
    })
}

fn describe<'a>(
    maps: &alto::Maps,
    id: &DomainId,
    entry: &Entry,
    conflicts: Vec<conflicts::Conflict>,
    open_borders: impl IntoIterator<Item = &'a SapId>,
    details: bool,
) -> Domain {
    let status = &entry.status;
    let states: Vec<SourceState> = status.sources.iter().map(|source| source.state).collect();
    let resources = maps.idr().domain(id);
    let topology = maps.idt().topology(id);
    let graph = maps.idt().graph();
    let neighbours = graph.index(id).map(|index| {
        graph
            .neighbours(index)
            .map(|adjacency| graph.id(adjacency.to).to_string())
            .collect()
    });
    let text = |items: &[SapId]| items.iter().map(ToString::to_string).collect();
    let channels = status.sources.iter().map(|source| source.kind.channel());
    let known_by = match channels.min() {
        _ if status.is_configured => "settings",
        Some(channel) => channel.as_str(),
        None => "nobody",
    };
    let registration = status.registration.as_ref().filter(|_| details);
    Domain {
        id: id.to_string(),
        asn: status.asn,
        entry_point: resources
            .and_then(|domain| domain.entry_point())
            .map(ToString::to_string),
        state: state_of(&states).as_str(),
        known_by,
        registration: registration.map(|told| Registration {
            version: told.version.to_string(),
            lifetime: told.lifetime.as_secs(),
            by: told.by.clone(),
        }),
        sources: if details {
            status.sources.iter().map(describe_source).collect()
        } else {
            Vec::new()
        },
        missing: status.missing.clone(),
        nodes: resources.map_or(0, |domain| domain.nodes().len()),
        routers: topology.map_or(0, |topology| topology.routers().len()),
        links: topology.map_or(0, |topology| {
            topology.intra_links().len() + topology.inter_links().len()
        }),
        prefixes: topology.map_or(0, |topology| topology.prefixes().len()),
        saps: text(maps.idr().service_saps(id)),
        nf_types: resources
            .map(|domain| domain.nf_types().iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
        neighbours: neighbours.unwrap_or_default(),
        conflicts: conflicts.into_iter().map(Conflict::from).collect(),
        open_borders: open_borders.into_iter().map(ToString::to_string).collect(),
    }
}

impl From<conflicts::Conflict> for Conflict {
    fn from(conflict: conflicts::Conflict) -> Self {
        Self {
            kind: conflict.kind.as_str(),
            subject: conflict.subject,
            with: conflict.with.to_string(),
            outcome: conflict.outcome,
        }
    }
}

fn describe_source(source: &SourceStatus) -> Source {
    let failure = source.last_failure.as_ref();
    Source {
        kind: source.kind.to_string(),
        channel: source.kind.channel().as_str(),
        url: source.place.clone(),
        state: source.state.as_str(),
        last_heard: source.last_heard.map(|at| format!("{at:.0}")),
        last_error: failure.map(|failure| failure.why.clone()),
        faults: failure.map(|f| f.faults.clone()).unwrap_or_default(),
        failures: source.failures,
        used_for: source.used_for.clone(),
        routes: source.routes,
        document: source.document.as_deref().map(Document::from),
    }
}

/// One word for a domain: gone or waiting when all its sources are, fresh when all are, else stale.
fn state_of(sources: &[SourceState]) -> SourceState {
    match sources.first() {
        None => SourceState::Waiting,
        Some(first) if sources.iter().all(|state| state == first) => *first,
        _ if sources.iter().any(|state| state.is_served()) => SourceState::Stale,
        _ => SourceState::Gone,
    }
}
