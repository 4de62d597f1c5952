//! The broker's own words about service orders: how far each partner is (`/broker/v1/orders/{order}/progress`), and why it was
//! chosen (`/broker/v1/selections/{selection}`), or could be (`/broker/v1/decomposition`). MEF's APIs have no place for these.

use std::collections::{BTreeMap, BTreeSet};

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Request};
use nffg::DomainId;
use serde::Serialize;
use serde_json::Value;
use sof::saga::{Part, Reason, Saga};
use sof::selection::{Judgement, Removal, Rules, Selection};
use utoipa::ToSchema;

use super::App;
use super::answer::{check_content_type, json, negotiate, parse_json, read_body};
use super::domains::InPath;
use super::placements::{JSON, place_problem};
use super::problem::Problem;
use crate::auth::Principal;
use crate::clock;
use crate::lso::orchestrator::DryRun;
use crate::lso::records::{ORDERS, SAGAS, SELECTIONS};
use crate::placements::cancel::Waiting;
use crate::placements::request;

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

/// What is ruled for a kind of service.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = SelectionRules)]
struct RulesBody {
    /// Only these domains may be on a chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    allow_domains: Option<Vec<String>>,
    /// These may not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    forbid_domains: Vec<String>,
    /// Chains that are looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    candidates: Option<usize>,
    /// Chains that are tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    attempts: Option<u32>,
    /// What a chain may cost, in units of account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    max_price: Option<f64>,
    /// The SLS margin that it has to have, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    min_sls_margin: Option<f64>,
}

impl RulesBody {
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    fn new(rules: &Rules) -> Option<Self> {
        let names =
            |domains: &BTreeSet<DomainId>| domains.iter().map(ToString::to_string).collect();
        (!rules.is_empty()).then(|| Self {
            allow_domains: rules.allow_domains.as_ref().map(names),
            forbid_domains: names(&rules.forbid_domains),
            candidates: rules.candidates,
            attempts: rules.attempts,
            max_price: rules.max_price.map(|price| price as f64 / 1e3),
            min_sls_margin: rules.min_sls_margin,
        })
    }
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
    /// What it was scored by: `price` in units of account, `delay-ms`, `sls-margin`, `success` and `load` from 0 to 1.
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
            weights: [
                ("price", weights.price),
                ("delay", weights.delay),
                ("sls-margin", weights.sls_margin),
                ("success", weights.success),
                ("load", weights.load),
            ]
            .into(),
            rules: RulesBody::new(&selection.rules),
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

/// How far the work on an order is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Progress {
    /// The order.
    order: String,
    /// Its state (`ServiceOrderStateType`).
    #[schema(value_type = String)]
    state: Value,
    /// Its items, in their order.
    items: Vec<ItemProgress>,
}

/// How far the work on an item is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
struct ItemProgress {
    /// The item.
    id: String,
    /// What is to become of the service.
    #[schema(value_type = String)]
    action: Value,
    /// The state that it is to have.
    #[schema(value_type = String)]
    target: Value,
    /// The service.
    service: String,
    /// The item's state (`ServiceOrderItemStateType`).
    #[schema(value_type = String)]
    state: Value,
    /// The phase of the work; absent before it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    phase: Option<Value>,
    /// Since when it is in this phase.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    since: Option<String>,
    /// Chains tried so far.
    attempts: u32,
    /// The choice that is being carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    selection: Option<String>,
    /// What it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    waits_for: Option<String>,
    /// Each partner's part.
    partners: Vec<PartProgress>,
    /// What is still to be taken back at partners.
    clean_up: Vec<PartProgress>,
    /// Every failure so far.
    reasons: Vec<ReasonBody>,
}

/// How far a partner is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
struct PartProgress {
    /// The partner.
    domain: String,
    /// What is being done: `add`, `modify`, `activate`, `test`, `restore` or `delete`.
    doing: &'static str,
    /// How far that is.
    #[schema(value_type = String)]
    step: Value,
    /// The partner's order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    order: Option<String>,
    /// The partner's service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    service: Option<String>,
    /// Since when it is being done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    since: Option<String>,
    /// When it counts as failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    deadline: Option<String>,
    /// Calls since the last news.
    calls: u32,
    /// What was heard last that was not good.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
}

/// A failure.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = FailureReason)]
struct ReasonBody {
    /// In which try.
    attempt: u32,
    /// At which partner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    domain: Option<String>,
    /// What was being done.
    doing: String,
    /// What went wrong.
    reason: String,
}

impl From<&Reason> for ReasonBody {
    fn from(reason: &Reason) -> Self {
        Self {
            attempt: reason.attempt,
            domain: reason.domain.as_ref().map(ToString::to_string),
            doing: reason.doing.clone(),
            reason: reason.reason.clone(),
        }
    }
}

fn word(value: impl Serialize) -> Value {
    // Words of closed lists.
    serde_json::to_value(value).unwrap_or_default()
}

impl From<&Part> for PartProgress {
    fn from(part: &Part) -> Self {
        Self {
            domain: part.domain.to_string(),
            doing: part.verb.as_str(),
            step: word(part.step),
            order: part.order.as_ref().map(ToString::to_string),
            service: part.service.as_ref().map(ToString::to_string),
            since: part.since.map(|time| time.to_string()),
            deadline: part.deadline.map(|time| time.to_string()),
            calls: part.calls,
            reason: part.reason.clone(),
        }
    }
}

impl ItemProgress {
    fn new(item: &sof::order::OrderItem, saga: Option<&Saga>) -> Self {
        let parts = |parts: &[Part]| parts.iter().map(Into::into).collect();
        let plan = saga.and_then(|saga| saga.plan.as_ref());
        Self {
            id: item.id.to_string(),
            action: word(item.action),
            target: word(item.target),
            service: item.service.to_string(),
            state: word(item.state),
            phase: saga.map(|saga| word(saga.phase)),
            since: saga.map(|saga| saga.since.to_string()),
            attempts: saga.map_or(0, |saga| saga.attempts),
            selection: plan.and_then(|plan| plan.selection.clone()),
            waits_for: saga.and_then(|saga| saga.waiting_for.clone()),
            partners: saga.map(|saga| parts(&saga.parts)).unwrap_or_default(),
            clean_up: saga.map(|saga| parts(&saga.cleanup)).unwrap_or_default(),
            reasons: saga
                .map(|saga| saga.reasons.iter().map(Into::into).collect())
                .unwrap_or_default(),
        }
    }
}

/// What is not there, and what is another's, sound alike.
fn unknown(kind: &str, id: &str) -> Problem {
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
    let request = request::decode(&parse_json(&body)?, settings.paths.max_placements)?;
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

/// `GET /broker/v1/orders/{order}/progress`
pub(super) async fn progress(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    InPath(id): InPath<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiate(&headers, &[JSON])?;
    let lso = &app.shared.lso;
    let snapshot = lso.store.snapshot().await?;
    let found = ORDERS.get(snapshot.as_ref(), &id).await?;
    let found = found.map(|found| found.value);
    let order = found.filter(|order| principal.may_see(&order.buyer));
    let order = order.ok_or_else(|| unknown("orders", &id))?;
    let mut items = Vec::with_capacity(order.items.len());
    for item in &order.items {
        let key = (order.id.0.clone(), item.id.0.clone());
        let saga = SAGAS.get(snapshot.as_ref(), &key).await?;
        items.push(ItemProgress::new(
            item,
            saga.as_ref().map(|saga| &saga.value),
        ));
    }
    json(&Progress {
        order: order.id.to_string(),
        state: word(order.state()),
        items,
    })
}
