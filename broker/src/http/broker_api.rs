//! The broker's own API, `/broker/v1/`: what neither ALTO nor MEF defines.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use nffg::json::{Cursor, FieldError};
use nffg::{DomainId, GraphForm, NodeKind, ServiceGraph};
use serde::Serialize;
use serde_json::Value;

use super::App;
use super::answer::{check_content_type, negotiate, read_body, typed};
use super::heavy::LIGHT_WORK;
use super::problem::Problem;
use crate::ingest::{SourceKey, SourceKind, SourceStatus};
use crate::liveness::State as SourceState;
use crate::placements;
use crate::settings::{DomainEntry, Paths};

const JSON: &str = "application/json";

fn json(value: &impl Serialize) -> Result<Response, Problem> {
    let bytes = serde_json::to_vec(value).map_err(|_| Problem::Internal)?;
    Ok(typed(StatusCode::OK, JSON, Bytes::from(bytes)))
}

// ---- domains

#[derive(Serialize)]
struct Domains {
    domains: Vec<Domain>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Domain {
    id: String,
    entry_point: Option<String>,
    state: &'static str,
    sources: Vec<Source>,
    nodes: usize,
    routers: usize,
    prefixes: usize,
    saps: Vec<String>,
    nf_types: Vec<String>,
    neighbours: Vec<String>,
    open_borders: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Source {
    kind: &'static str,
    url: String,
    state: &'static str,
    last_heard: Option<String>,
    last_error: Option<String>,
    failures: u64,
}

pub(super) async fn domains(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiate(&headers, &[JSON])?;
    let maps = app.shared.published.maps();
    let entries = app.shared.settings.domains.iter();
    json(&Domains {
        domains: entries.map(|entry| describe(&app, &maps, entry)).collect(),
    })
}

pub(super) async fn domain(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiate(&headers, &[JSON])?;
    let maps = app.shared.published.maps();
    let id: Option<DomainId> = name.parse().ok();
    let entry = app
        .shared
        .settings
        .domains
        .iter()
        .find(|entry| Some(&entry.id) == id.as_ref());
    match entry {
        Some(entry) => json(&describe(&app, &maps, entry)),
        None => Err(Problem::UnknownDomain {
            domain: name.chars().take(80).collect(),
        }),
    }
}

fn describe(app: &App, maps: &alto::Maps, entry: &DomainEntry) -> Domain {
    let id = &entry.id;
    let pulled = [
        (SourceKind::Resources, &entry.resources),
        (SourceKind::Topology, &entry.topology),
    ];
    let pulled = pulled
        .into_iter()
        .filter_map(|(kind, url)| Some((kind, url.as_ref()?.to_string())));
    let peers = entry.bgp_ls.iter().map(|peer| {
        let address = peer.address.to_canonical();
        (
            SourceKind::BgpLs(address),
            format!("bgp://{}", Host(address)),
        )
    });
    let sources: Vec<(SourceState, Source)> = pulled
        .chain(peers)
        .map(|(kind, url)| {
            let key = SourceKey {
                domain: id.clone(),
                kind,
            };
            describe_source(kind, url, app.shared.published.source(&key))
        })
        .collect();
    let states: Vec<SourceState> = sources.iter().map(|(state, _)| *state).collect();
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
    Domain {
        id: id.to_string(),
        entry_point: resources
            .and_then(|domain| domain.entry_point())
            .map(ToString::to_string),
        state: state_of(&states).as_str(),
        sources: sources.into_iter().map(|(_, source)| source).collect(),
        nodes: resources.map_or(0, |domain| domain.nodes().len()),
        routers: topology.map_or(0, |topology| topology.routers().len()),
        prefixes: topology.map_or(0, |topology| topology.prefixes().len()),
        saps: text(maps.idr().service_saps(id)),
        nf_types: resources
            .map(|domain| domain.nf_types().iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
        neighbours: neighbours.unwrap_or_default(),
        open_borders: open.map(|border| border.sap.to_string()).collect(),
    }
}

/// An address as the host of a URL (RFC 3986 §3.2.2).
struct Host(IpAddr);

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "[{address}]"),
        }
    }
}

fn describe_source(
    kind: SourceKind,
    url: String,
    status: Option<SourceStatus>,
) -> (SourceState, Source) {
    let state = status
        .as_ref()
        .map_or(SourceState::Waiting, |status| status.state);
    let source = Source {
        kind: kind.as_str(),
        url,
        state: state.as_str(),
        last_heard: status
            .as_ref()
            .and_then(|s| s.last_heard)
            .map(|at| format!("{at:.0}")),
        failures: status.as_ref().map_or(0, |status| status.failures),
        last_error: status.and_then(|status| status.last_error),
    };
    (state, source)
}

/// One word for a domain: gone or waiting when all its sources are, fresh when all are, else stale.
fn state_of(sources: &[SourceState]) -> SourceState {
    match sources.first() {
        Some(first) if sources.iter().all(|state| state == first) => *first,
        _ if sources.iter().any(|state| state.is_served()) => SourceState::Stale,
        _ => SourceState::Gone,
    }
}

// ---- placements

struct PlacementRequest {
    sg: ServiceGraph,
    form: GraphForm,
    k: usize,
}

/// Placements that a request gets when it does not say how many.
const DEFAULT_K: usize = 10;

fn placement_request(body: &[u8], paths: &Paths) -> Result<PlacementRequest, Problem> {
    let value: Value = serde_json::from_slice(body).map_err(|error| Problem::NotJson {
        detail: error.to_string(),
    })?;
    let root = Cursor::root(&value);
    if let Some(objective) = root.optional("objective")?
        && objective.string()? != "hops"
    {
        return Err(objective.invalid("the only objective is 'hops'").into());
    }
    let k = match root.optional("k")? {
        Some(k) => k.integer(1, paths.max_placements as u64)?,
        None => DEFAULT_K.min(paths.max_placements) as u64,
    };
    let graph = root.required("sg")?;
    let (form, sg) = (GraphForm::of(&graph)?, nffg::decode_service_graph(&graph)?);
    let k = usize::try_from(k).unwrap_or(paths.max_placements);
    Ok(PlacementRequest { sg, form, k })
}

/// The field that names the node which nobody can host.
fn host_problem(error: &idr::HostError, request: &PlacementRequest) -> Problem {
    let (idr::HostError::UnknownNfType { node, .. } | idr::HostError::UnknownSap { node, .. }) =
        error;
    let value = match request.sg.nodes().get(*node).map(|node| &node.kind) {
        Some(NodeKind::Nf { nf_type, .. }) => nf_type.to_string(),
        Some(NodeKind::Sap { sap }) => sap.to_string(),
        None => String::new(),
    };
    let field = format!("sg/{}", request.form.host_field(&request.sg, *node));
    FieldError::invalid(field, value, error).into()
}

pub(super) async fn placements(
    State(app): State<App>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    negotiate(request.headers(), &[JSON])?;
    check_content_type(request.headers(), JSON)?;
    let body = read_body(request, app.shared.settings.limits.body_bytes).await?;
    let request = placement_request(&body, &app.shared.settings.paths)?;
    let maps = app.shared.published.maps();
    let light = placements::place(&maps, &request.sg, request.k, LIGHT_WORK)
        .map_err(|error| host_problem(&error, &request))?;
    if !light.is_cut_by_work() {
        return json(&light);
    }
    let work = app.shared.settings.paths.work;
    let (maps, sg, k) = (Arc::clone(&maps), request.sg.clone(), request.k);
    let answer = app
        .shared
        .heavy
        .run(move || placements::place(&maps, &sg, k, work))
        .await?;
    json(&answer.map_err(|error| host_problem(&error, &request))?).map(IntoResponse::into_response)
}
