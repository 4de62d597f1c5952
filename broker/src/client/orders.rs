//! Service orders and the inventory over MEF LSO Legato (Mplify 99.1, 135.1), and what MEF's APIs have no place for: the
//! progress of an order, and the choice of its partners.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use sof::mef::{Api, ReferencePoint};
use url::Url;

use super::{Answer, Client, ClientError, JSON_TYPE, Raw};

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// As it came.
    pub json: Value,
    /// What it holds.
    pub entries: Vec<T>,
    /// How many there are in all (`X-Total-Count`), if the server tells.
    pub total: Option<usize>,
}

/// A service order, as far as a client looks into it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceOrder {
    /// As it came.
    #[serde(skip)]
    pub json: Value,
    /// The broker's name for it.
    pub id: String,
    /// The buyer's name for it.
    pub external_id: Option<String>,
    /// `ServiceOrderStateType`
    pub state: String,
    /// When it was taken.
    pub order_date: String,
    /// When it was done.
    pub completion_date: Option<String>,
    /// Its items.
    pub service_order_item: Vec<OrderItem>,
}

impl ServiceOrder {
    /// Whether nothing more becomes of it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        is_final(&self.state)
    }
}

/// Whether an order in this state (`ServiceOrderStateType`) stays in it.
#[must_use]
pub fn is_final(state: &str) -> bool {
    let states = sof::order::OrderState::from_word(state);
    states.is_some_and(sof::order::OrderState::is_final)
}

/// An item of an order.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OrderItem {
    /// Its name within the order.
    pub id: String,
    /// `add`, `modify` or `delete`.
    pub action: String,
    /// `ServiceOrderItemStateType`
    pub state: String,
    /// The service.
    pub service: ServiceRef,
    /// Why it was ended.
    pub termination_error: Vec<TerminationError>,
}

/// The service of an item.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ServiceRef {
    /// The broker's name for it.
    pub id: String,
}

/// Why an item was ended.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TerminationError {
    /// A reason, in words.
    pub value: String,
}

/// A service of the inventory, as far as a client looks into it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Service {
    /// As it came.
    #[serde(skip)]
    pub json: Value,
    /// The broker's name for it.
    pub id: String,
    /// The buyer's name for it.
    pub external_id: Option<String>,
    /// `ServiceStateType`
    pub state: String,
    /// What the buyer calls this kind of service.
    pub service_type: Option<String>,
    /// When it works from on.
    pub start_date: Option<String>,
    /// When it ended.
    pub end_date: Option<String>,
    /// What was ordered.
    pub service_configuration: Value,
    /// The items that ordered, changed and ended it.
    pub service_order_item: Vec<OrderedBy>,
}

/// An item that has to do with a service.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OrderedBy {
    /// The item.
    pub item_id: String,
    /// Its order.
    pub service_order_id: String,
}

/// How far the work on an order is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// As it came.
    #[serde(skip)]
    pub json: Value,
    /// The order.
    pub order: String,
    /// Its state.
    pub state: String,
    /// Its items.
    pub items: Vec<ItemProgress>,
}

impl Progress {
    /// Whether nothing more becomes of it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        is_final(&self.state)
    }
}

/// How far the work on an item is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct ItemProgress {
    /// The item.
    pub id: String,
    /// `add`, `modify` or `delete`.
    pub action: String,
    /// The state that the service is to have.
    pub target: String,
    /// The service.
    pub service: String,
    /// The item's state.
    pub state: String,
    /// The phase of the work, once it has begun.
    pub phase: Option<String>,
    /// Chains tried so far.
    pub attempts: u32,
    /// The choice that is being carried out.
    pub selection: Option<String>,
    /// What it waits for.
    pub waits_for: Option<String>,
    /// Each partner's part.
    pub partners: Vec<PartProgress>,
    /// What is still to be taken back.
    pub clean_up: Vec<PartProgress>,
    /// What the tests of the last try measured, if it came so far.
    pub tests: Option<Tests>,
    /// Every failure so far.
    pub reasons: Vec<FailureReason>,
}

/// What the tests of a try found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Tests {
    /// Each segment.
    pub segments: Vec<SegmentTest>,
    /// Each bound of the delay from end to end.
    pub end_to_end: Vec<PathTest>,
}

/// What the test of a segment found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct SegmentTest {
    /// The partner.
    pub domain: String,
    /// It passed, and what it measured is as it was ordered.
    pub passed: bool,
    /// The one-way delays of its flows, added up, in nanoseconds.
    pub delay: Option<u64>,
    /// Each of its flows.
    pub flows: Vec<FlowTest>,
    /// What it measured that is not as it was ordered.
    pub shortfalls: Vec<String>,
}

/// What was measured of a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct FlowTest {
    /// Its link.
    pub link: String,
    /// The one-way delay, in nanoseconds.
    pub delay: Option<u64>,
    /// What it may be.
    pub max_delay: Option<u64>,
}

/// What was measured from end to end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct PathTest {
    /// The links.
    pub links: Vec<String>,
    /// How long they may take together, in nanoseconds.
    pub max_delay: u64,
    /// What was measured.
    pub delay: Option<u64>,
}

/// How far a partner is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PartProgress {
    /// The partner.
    pub domain: String,
    /// What is being done.
    pub doing: String,
    /// How far that is.
    pub step: String,
    /// The partner's order.
    pub order: Option<String>,
    /// The partner's service.
    pub service: Option<String>,
    /// What was heard last that was not good.
    pub reason: Option<String>,
}

/// A failure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct FailureReason {
    /// In which try.
    pub attempt: u32,
    /// At which partner.
    pub domain: Option<String>,
    /// What was being done.
    pub doing: String,
    /// What went wrong.
    pub reason: String,
}

/// A recorded choice of partners.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Selection {
    /// As it came.
    #[serde(skip)]
    pub json: Value,
    /// The service, and the number of the try.
    pub id: String,
    /// When it was made.
    pub time: String,
    /// For which order.
    pub order: String,
    /// For which of its items.
    pub item: String,
    /// How much each measure counts.
    pub weights: BTreeMap<String, f64>,
    /// The availability that was asked for.
    pub availability: Option<f64>,
    /// Domains that were closed before the search.
    pub closed: Vec<Removal>,
    /// How many were closed in all.
    pub closed_in_all: usize,
    /// How much each rule removed.
    pub removed_by: Vec<Removed>,
    /// Domains with which an agreement, or whose return, may let there be a chain.
    pub waits_for: Vec<String>,
    /// Those that scored, best first; then those that a rule removed.
    pub candidates: Vec<Candidate>,
    /// The search ended before it was sure that these are the best.
    pub cut: bool,
}

/// How much a rule removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Removed {
    /// The rule.
    pub rule: String,
    /// Domains, before the search.
    pub domains: usize,
    /// Chains that were found.
    pub chains: usize,
}

/// Why a domain was not taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Removal {
    /// The domain.
    pub domain: String,
    /// The rule that it does not keep.
    pub rule: String,
    /// What was found.
    pub detail: String,
}

/// A chain of partners.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Candidate {
    /// It was taken.
    pub chosen: bool,
    /// The domain of each node of the graph.
    pub nodes: BTreeMap<String, String>,
    /// The domains that each link of the graph passes.
    pub links: BTreeMap<String, Vec<String>>,
    /// The agreement under which each domain is ordered from.
    pub agreements: BTreeMap<String, String>,
    /// What speaks against it.
    pub removed: Vec<Removal>,
    /// What it was scored by.
    pub measures: BTreeMap<String, f64>,
    /// From 0, the best, to 1.
    pub score: Option<f64>,
}

impl Client {
    /// Orders (`createServiceOrder`).
    ///
    /// # Errors
    /// The order has faults, or as for every request: see [`ClientError`].
    pub async fn order(&self, order: &Value) -> Result<Answer<ServiceOrder>, ClientError> {
        let url = self.mef(Api::ServiceOrdering, &["serviceOrder"]);
        let body = order.to_string().into_bytes();
        let raw = self.post(url, JSON_TYPE, JSON_TYPE, body).await?;
        raw.and_then(|raw| read(&raw, |json, order| ServiceOrder { json, ..order }))
    }

    /// Orders, oldest first; `filters` are the API's.
    ///
    /// # Errors
    /// As for every request: see [`ClientError`].
    pub async fn orders(
        &self,
        filters: &[(&str, String)],
    ) -> Result<Answer<Listed<ServiceOrder>>, ClientError> {
        let url = self.mef(Api::ServiceOrdering, &["serviceOrder"]);
        self.list(url, filters).await
    }

    /// An order.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is none, or as for every request.
    pub async fn service_order(&self, id: &str) -> Result<Answer<ServiceOrder>, ClientError> {
        let url = self.mef(Api::ServiceOrdering, &["serviceOrder", id]);
        let raw = self.get(url, JSON_TYPE).await?;
        raw.and_then(|raw| read(&raw, |json, order| ServiceOrder { json, ..order }))
    }

    /// Services, oldest first; `filters` are the API's.
    ///
    /// # Errors
    /// As for every request: see [`ClientError`].
    pub async fn services(
        &self,
        filters: &[(&str, String)],
    ) -> Result<Answer<Listed<Service>>, ClientError> {
        let url = self.mef(Api::ServiceInventory, &["service"]);
        self.list(url, filters).await
    }

    /// A service.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is none, or as for every request.
    pub async fn service(&self, id: &str) -> Result<Answer<Service>, ClientError> {
        let url = self.mef(Api::ServiceInventory, &["service", id]);
        let raw = self.get(url, JSON_TYPE).await?;
        raw.and_then(|raw| read(&raw, |json, service| Service { json, ..service }))
    }

    /// How far the work on an order is.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is no such order, or as for every request.
    pub async fn progress(&self, order: &str) -> Result<Answer<Progress>, ClientError> {
        let url = self.own(&["orders", order, "progress"]);
        let raw = self.get(url, JSON_TYPE).await?;
        raw.and_then(|raw| read(&raw, |json, progress| Progress { json, ..progress }))
    }

    /// A choice of partners.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is none, or as for every request.
    pub async fn selection(&self, id: &str) -> Result<Answer<Selection>, ClientError> {
        let url = self.own(&["selections", id]);
        let raw = self.get(url, JSON_TYPE).await?;
        raw.and_then(|raw| read(&raw, |json, selection| Selection { json, ..selection }))
    }

    /// A URL of an API at Legato, in its current version.
    fn mef(&self, api: Api, segments: &[&str]) -> Url {
        let mut url = self.server.clone();
        let at = ReferencePoint::Legato;
        url.set_path(&api.path(at, api.version(at)));
        url.set_query(None);
        url.set_fragment(None);
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(segments);
        }
        url
    }

    async fn list<T: for<'a> Deserialize<'a>>(
        &self,
        mut url: Url,
        filters: &[(&str, String)],
    ) -> Result<Answer<Listed<T>>, ClientError> {
        if !filters.is_empty() {
            url.query_pairs_mut().extend_pairs(filters);
        }
        let raw = self.get(url, JSON_TYPE).await?;
        raw.and_then(|raw| {
            let total = raw.total;
            read(&raw, |json, entries| Listed {
                json,
                entries,
                total,
            })
        })
    }
}

/// What an answer holds, with the JSON as it came.
pub(super) fn read<T: for<'a> Deserialize<'a>, U>(
    raw: &Raw,
    with: impl FnOnce(Value, T) -> U,
) -> Result<U, String> {
    let json = raw.json(JSON_TYPE)?;
    let found = T::deserialize(&json).map_err(|error| error.to_string())?;
    Ok(with(json, found))
}
