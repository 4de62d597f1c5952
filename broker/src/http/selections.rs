//! Why partners were chosen (`/broker/v1/selections/{selection}`), or could be (`/broker/v1/decomposition`). MEF's APIs have no
//! place for these.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Request};
use nffg::json::Cursor;
use serde::Serialize;
use serde_json::Value;
use sof::partner::Availability;
use sof::selection::{Judgement, Removal, Selection};
use utoipa::ToSchema;

use super::App;
use super::answer::{check_content_type, json, negotiate, parse_json, read_body};
use super::domains::InPath;
use super::placements::{JSON, place_problem};
use super::problem::Problem;
use super::rules::RulesBody;
use crate::clock;
use crate::lso::orchestrator::DryRun;
use crate::lso::records::SELECTIONS;
use crate::placements::cancel::Waiting;
use crate::placements::request::{self, PlacementRequest};

/// A recorded choice of partners.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Selection)]
pub(super) struct SelectionBody {
    /// The service, and the number of the try.
    id: String,
    /// When it was made.
    #[schema(format = DateTime)]
    time: String,
    /// For which order.
    order: String,
    /// For which of its items.
    item: String,
    /// For which service.
    service: String,
    /// What the buyer calls this kind of service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    service_type: Option<String>,
    /// How much each measure counts: `price`, `delay`, `sls-margin`, `success` and `load`.
    weights: BTreeMap<&'static str, f64>,
    /// What is ruled for this kind of service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    rules: Option<RulesBody>,
    /// The availability that is asked for, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    availability: Option<f64>,
    /// Domains that were closed before the search, at most a hundred.
    closed: Vec<RemovalBody>,
    /// How many were closed in all.
    closed_in_all: usize,
    /// How much each rule removed, those that removed nothing left out.
    removed_by: Vec<RemovedBody>,
    /// Those that scored, best first; then those that a rule removed.
    candidates: Vec<CandidateBody>,
    /// Domains with which an agreement, or whose return, may let there be a chain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    waits_for: Vec<String>,
    /// The search ended before it was sure that these are the best.
    cut: bool,
    /// Why there is no chain, as placements explain it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    explanation: Option<Value>,
}

/// How much a rule removed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = SelectionRemoved)]
struct RemovedBody {
    /// The rule.
    rule: &'static str,
    /// Domains, before the search.
    domains: usize,
    /// Chains that were found.
    chains: usize,
}

impl RemovedBody {
    fn all(selection: &Selection) -> Vec<Self> {
        let removed = selection.removed_by.iter();
        let removed = removed.map(|(filter, removed)| Self {
            rule: filter.asks(),
            domains: removed.domains,
            chains: removed.chains,
        });
        removed.collect()
    }
}

/// Why a domain was not taken.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = SelectionRemoval)]
struct RemovalBody {
    /// The domain.
    domain: String,
    /// The rule that it does not keep.
    rule: &'static str,
    /// What was found.
    detail: String,
}

/// A chain of partners.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = SelectionCandidate)]
struct CandidateBody {
    /// It was taken; of a decomposition, it would be.
    chosen: bool,
    /// The domain of each node of the graph.
    nodes: BTreeMap<String, String>,
    /// The domains that each link of the graph passes.
    links: BTreeMap<String, Vec<String>>,
    /// The agreement under which each domain would be ordered from.
    agreements: BTreeMap<String, String>,
    /// What speaks against it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    removed: Vec<RemovalBody>,
    /// What it was scored by: `price` in units of account, `delay-ms`, `sls-margin`, `success` and `load` from 0 to 1; and the
    /// `availability` that the agreements promise together, if all do.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    measures: BTreeMap<&'static str, f64>,
    /// From 0, the best, to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    score: Option<f64>,
}

impl From<&Removal> for RemovalBody {
    fn from(removal: &Removal) -> Self {
        Self {
            domain: removal.domain.to_string(),
            rule: removal.filter.asks(),
            detail: removal.detail.clone(),
        }
    }
}

impl CandidateBody {
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    fn new(judged: &Judgement, chosen: bool) -> Self {
        let chain = &judged.chain;
        let hosts = chain.hosts.iter();
        let measures = judged.measures.iter().flat_map(|measures| {
            [
                ("price", measures.price as f64 / 1e3),
                ("delay-ms", measures.delay_ns as f64 / 1e6),
                ("sls-margin", measures.sls_margin),
                ("success", measures.success),
                ("load", measures.load),
            ]
        });
        let promised = judged.measures.and_then(|measures| measures.availability);
        let measures = measures.chain(promised.map(|promised| ("availability", promised)));
        let agreements = judged.agreements.iter();
        Self {
            chosen,
            nodes: hosts
                .map(|host| (host.node.to_string(), host.domain.to_string()))
                .collect(),
            links: chain
                .ways
                .iter()
                .map(|way| {
                    let domains = way.domains.iter().map(ToString::to_string);
                    (way.link.clone(), domains.collect())
                })
                .collect(),
            agreements: agreements
                .map(|(domain, agreement)| (domain.to_string(), agreement.clone()))
                .collect(),
            removed: judged.removed.iter().map(Into::into).collect(),
            measures: measures.collect(),
            score: judged.score,
        }
    }
}

impl From<&Selection> for SelectionBody {
    fn from(selection: &Selection) -> Self {
        let weights = &selection.weights;
        let candidates = selection.candidates.iter().enumerate();
        Self {
            id: selection.id.clone(),
            time: selection.time.to_string(),
            order: selection.order.to_string(),
            item: selection.item.to_string(),
            service: selection.service.to_string(),
            service_type: selection.service_type.clone(),
            weights: weights.named().into(),
            rules: RulesBody::of(&selection.rules),
            availability: selection.availability.map(Availability::share),
            closed: selection.closed.iter().map(Into::into).collect(),
            closed_in_all: selection.closed_in_all,
            removed_by: RemovedBody::all(selection),
            candidates: candidates
                .map(|(at, judged)| CandidateBody::new(judged, selection.chosen == Some(at)))
                .collect(),
            waits_for: selection
                .waits_for
                .iter()
                .map(ToString::to_string)
                .collect(),
            cut: selection.cut,
            explanation: selection.explanation.clone(),
        }
    }
}

/// Which chains of partners could do a service graph.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Decomposition {
    /// Those that score, best first; then those that a rule removed.
    candidates: Vec<CandidateBody>,
    /// Domains that are closed, at most a hundred.
    closed: Vec<RemovalBody>,
    /// How many are closed in all.
    closed_in_all: usize,
    /// The search ended before it was sure that these are the best.
    cut: bool,
    /// Why none of them could be taken: an agreement or a partner that is missing, or room.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    missing: Option<String>,
    /// Why there is no chain, as placements explain it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    explanation: Option<Value>,
}

/// What is not there, and what is another's, sound alike.
pub(super) fn unknown(kind: &str, id: &str) -> Problem {
    let id: String = id.chars().take(80).collect();
    Problem::NotFound {
        path: format!("/broker/v1/{kind}/{id}"),
    }
}

/// `GET /broker/v1/selections/{selection}`
pub(super) async fn selection(
    State(app): State<App>,
    InPath(id): InPath<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiate(&headers, &[JSON])?;
    let lso = &app.shared.lso;
    let snapshot = lso.store.snapshot().await?;
    let found = SELECTIONS.get(snapshot.as_ref(), &id).await?;
    let found = found.ok_or_else(|| unknown("selections", &id))?;
    json(&SelectionBody::from(&found.value))
}

/// `POST /broker/v1/decomposition`: a choice of partners that nothing follows from (MEF 55.0.1 §10.2, step 3b).
pub(super) async fn decomposition(
    State(app): State<App>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    negotiate(request.headers(), &[JSON])?;
    check_content_type(request.headers(), JSON)?;
    let lso = &app.shared.lso;
    let settings = &app.shared.settings;
    let body = read_body(request, settings.limits.body_bytes).await?;
    let mut told = parse_json(&body)?;
    let availability = request::decode_sls(&Cursor::root(&told))?;
    // The rest is a request for placements.
    if let Some(members) = told.as_object_mut() {
        members.remove("sls");
    }
    let request = PlacementRequest {
        availability,
        ..request::decode(&told, settings.paths.max_placements)?
    };
    let version = app.shared.published.version();
    let (weights, work) = (settings.sof.work.weights, settings.paths.work);
    let rules = settings.sof.work.rules(None);
    let now = clock::now().timestamp;
    let store = lso.store.as_ref();
    let run = DryRun::prepare(store, version, request.clone(), (weights, rules), work, now);
    let run = run.await?;
    // Who leaves has the search end.
    let waiting = Waiting::default();
    let cancelled = waiting.flag();
    let found = app.shared.heavy.run(move || run.run(&cancelled)).await?;
    let (selection, missing) = found.map_err(|error| place_problem(&error, &request))?;
    let candidates = selection.candidates.iter().enumerate();
    json(&Decomposition {
        candidates: candidates
            .map(|(at, judged)| CandidateBody::new(judged, selection.chosen == Some(at)))
            .collect(),
        closed: selection.closed.iter().map(Into::into).collect(),
        closed_in_all: selection.closed_in_all,
        cut: selection.cut,
        missing,
        explanation: selection.explanation,
    })
}
