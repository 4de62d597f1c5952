//! `GET /broker/v1/domains`: how the members are doing, for people and their tools.

use axum::extract::{Extension, Path, State};
use axum::response::Response;
use http::HeaderMap;
use nffg::DomainId;
use serde::Serialize;

use super::App;
use super::answer::{json, negotiate};
use super::broker_api::JSON;
use super::problem::Problem;
use crate::auth::Principal;
use crate::conflicts;
use crate::ingest::{DocumentStatus, SourceStatus};
use crate::liveness::State as SourceState;
use crate::published::Entry;

/// Every domain that is known.
#[derive(Serialize)]
pub(super) struct Domains {
    domains: Vec<Domain>,
}

/// A domain: what is known of it, and from where.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Domain {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    asn: Option<u32>,
    entry_point: Option<String>,
    state: &'static str,
    /// `settings`, or `push` or `file` for one that the settings do not name.
    known_by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration: Option<Registration>,
    sources: Vec<Source>,
    /// What nobody tells of it: `resources`, `topology`, `entry-point`.
    missing: Vec<&'static str>,
    nodes: usize,
    routers: usize,
    links: usize,
    prefixes: usize,
    saps: Vec<String>,
    nf_types: Vec<String>,
    neighbours: Vec<String>,
    conflicts: Vec<Conflict>,
    open_borders: Vec<String>,
}

/// What a member says of itself.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Registration {
    version: String,
    /// Seconds.
    lifetime: u64,
    by: String,
}

/// A source of a domain.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Source {
    kind: String,
    channel: &'static str,
    url: String,
    state: &'static str,
    last_heard: Option<String>,
    last_error: Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    faults: Vec<String>,
    failures: u64,
    used_for: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    routes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<Document>,
}

/// The document of a source that is in force.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Document {
    format: &'static str,
    syntax: &'static str,
    version: String,
    accepted: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    bytes: usize,
    nodes: usize,
    links: usize,
    prefixes: usize,
    nfs: usize,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: Vec<Warning>,
}

/// Something in a document that was tolerated.
#[derive(Serialize)]
struct Warning {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    path: String,
    text: String,
}

/// Something that two domains say differently.
#[derive(Serialize)]
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
    let entries = entries.iter();
    let mut all = conflicts::by_domain(&maps);
    json(&Domains {
        domains: entries
            .map(|(id, entry)| {
                let conflicts = all.remove(id).unwrap_or_default();
                describe(&maps, id, entry, conflicts, principal.may_look_into(id))
            })
            .collect(),
    })
}

pub(super) async fn domain(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiate(&headers, &[JSON])?;
    let (id, entry) = find(&app, &name)?;
    let maps = app.shared.published.maps();
    let conflicts = conflicts::of_domain(&maps, &id);
    let details = principal.may_look_into(&id);
    json(&describe(&maps, &id, &entry, conflicts, details))
}

/// The domain of a path.
pub(super) fn find(app: &App, name: &str) -> Result<(DomainId, std::sync::Arc<Entry>), Problem> {
    let id: Option<DomainId> = name.parse().ok();
    let found = id.and_then(|id| {
        let entry = app.shared.published.domain(&id)?;
        Some((id, entry))
    });
    found.ok_or_else(|| Problem::UnknownDomain {
        domain: name.chars().take(80).collect(),
    })
}

fn describe(
    maps: &alto::Maps,
    id: &DomainId,
    entry: &Entry,
    conflicts: Vec<conflicts::Conflict>,
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
    let open = maps
        .idr()
        .open_borders()
        .iter()
        .filter(|border| border.domain == *id);
    let text = |items: &[nffg::SapId]| items.iter().map(ToString::to_string).collect();
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
        open_borders: open.map(|border| border.sap.to_string()).collect(),
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
