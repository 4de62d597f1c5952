//! How far each partner is with an order (`/broker/v1/orders/{order}/progress`), and what tests measured. MEF's APIs have no
//! place for these.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde::Serialize;
use serde_json::Value;
use sof::saga::{FlowTest, Part, PathTest, Reason, Saga, SegmentTest, Tests};
use utoipa::ToSchema;

use super::App;
use super::answer::{json, negotiate};
use super::domains::InPath;
use super::placements::JSON;
use super::problem::Problem;
use super::selections::unknown;
use crate::auth::Principal;
use crate::lso::records::{ORDERS, SAGAS};

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
    /// What the tests of the last try measured, beside what was ordered, if it came so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    tests: Option<TestsBody>,
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
            tests: saga.and_then(|saga| saga.tests.as_ref()).map(Into::into),
        }
    }
}

/// What the tests of a try found.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = ServiceTests)]
struct TestsBody {
    /// The number of the try, over the service's life.
    attempt: u32,
    /// Each segment that was tested.
    segments: Vec<SegmentTestBody>,
    /// Each bound of the delay from end to end, once all segments have passed.
    end_to_end: Vec<PathTestBody>,
}

/// What the test of a segment found.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = SegmentTest)]
struct SegmentTestBody {
    /// The partner.
    domain: String,
    /// It says that it passed, and what it measured is as it was ordered.
    passed: bool,
    /// The one-way delays of its flows, added up, in nanoseconds, if it told that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    delay: Option<u64>,
    /// Each of its flows.
    flows: Vec<FlowTestBody>,
    /// What it says, for people.
    detail: String,
    /// What it measured that is not as it was ordered.
    shortfalls: Vec<String>,
}

/// What was measured of a flow, and what was ordered.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = FlowTest)]
struct FlowTestBody {
    /// Its link.
    link: String,
    /// The one-way delay that was measured, in nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    delay: Option<u64>,
    /// What it may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    max_delay: Option<u64>,
    /// The bandwidth that was measured, in bit/s.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    bandwidth: Option<u64>,
    /// What was ordered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ordered_bandwidth: Option<u64>,
}

/// What was measured from end to end, and what may be.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = PathTest)]
struct PathTestBody {
    /// The links of the service graph, in order.
    links: Vec<String>,
    /// How long they may take together, one way, in nanoseconds.
    max_delay: u64,
    /// What the domains measured, and what the topology tells of the borders between them; absent if a domain told nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    delay: Option<u64>,
}

impl From<&Tests> for TestsBody {
    fn from(tests: &Tests) -> Self {
        Self {
            attempt: tests.attempt,
            segments: tests.segments.iter().map(Into::into).collect(),
            end_to_end: tests.end_to_end.iter().map(Into::into).collect(),
        }
    }
}

impl From<&SegmentTest> for SegmentTestBody {
    fn from(test: &SegmentTest) -> Self {
        Self {
            domain: test.domain.to_string(),
            passed: test.failure().is_none(),
            delay: test.delay_ns,
            flows: test.flows.iter().map(Into::into).collect(),
            detail: test.detail.clone(),
            shortfalls: test.shortfalls.clone(),
        }
    }
}

impl From<&FlowTest> for FlowTestBody {
    fn from(flow: &FlowTest) -> Self {
        Self {
            link: flow.link.clone(),
            delay: flow.delay_ns,
            max_delay: flow.max_delay_ns,
            bandwidth: flow.bandwidth_bps,
            ordered_bandwidth: flow.ordered_bps,
        }
    }
}

impl From<&PathTest> for PathTestBody {
    fn from(path: &PathTest) -> Self {
        Self {
            links: path.links.clone(),
            max_delay: path.max_delay_ns,
            delay: path.delay_ns,
        }
    }
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
