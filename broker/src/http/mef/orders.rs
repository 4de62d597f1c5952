//! Service orders (Mplify 99.1): `serviceOrder`.

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::Response;
use http::{HeaderValue, Request, StatusCode, header};
use serde_json::Value;
use sof::mef::links::Links;
use sof::order::{Limits, OrderState, ServiceOrder};

use super::error::MefError;
use super::page::Listed;
use super::query::{Between, Query};
use super::{Served, check_accept, json, json_of};
use crate::auth::Principal;
use crate::clock;
use crate::http::App;
use crate::lso::index::{Index, Indexes, OrderEntry};

/// `POST serviceOrder` (`createServiceOrder`)
pub(super) async fn create(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Extension(served): Extension<Served>,
    request: Request<Body>,
) -> Result<Response, MefError> {
    check_accept(request.headers())?;
    let settings = &app.shared.settings;
    let value = json_of(request, settings.limits.body_bytes).await?;
    let limits = Limits {
        items: settings.sof.orders.items,
        references: settings.sof.orders.references,
        ..Limits::default()
    };
    let now = clock::now().timestamp;
    let lso = &app.shared.lso;
    let order = lso.take(&principal, served.at, &value, limits, now).await?;
    let mut response = json(StatusCode::CREATED, &order.encode(&served.links))?;
    if let Ok(location) = HeaderValue::from_str(&served.links.order(&order.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// The filters of the document.
const FILTERS: [&str; 9] = [
    "state",
    "orderDate.gt",
    "orderDate.lt",
    "completionDate.gt",
    "completionDate.lt",
    "expectedCompletionDate.gt",
    "expectedCompletionDate.lt",
    "startDate.gt",
    "startDate.lt",
];

/// What `listServiceOrder` is asked for.
pub(super) struct Filter {
    state: Option<OrderState>,
    order: Between,
    completion: Between,
    expected: Between,
    start: Between,
}

impl Filter {
    fn of(query: &Query) -> Result<Self, MefError> {
        let words = OrderState::ALL.map(OrderState::as_str);
        Ok(Self {
            state: query.word("state", OrderState::from_word, &words)?,
            order: query.between("orderDate")?,
            completion: query.between("completionDate")?,
            expected: query.between("expectedCompletionDate")?,
            start: query.between("startDate")?,
        })
    }

    fn has(&self, order: &OrderEntry) -> bool {
        self.state.is_none_or(|state| order.state == state)
            && self.order.has(Some(order.order_date))
            && self.completion.has(order.completion_date)
            && self.expected.has(order.expected_completion_date)
            && self.start.has(order.start_date)
    }
}

impl Listed for OrderEntry {
    const WHAT: &'static str = "service order";
    const FILTERS: &'static [&'static str] = &FILTERS;
    type Filter<'a> = Filter;

    fn filter(query: &Query) -> Result<Filter, MefError> {
        Filter::of(query)
    }

    fn dates(filter: &Filter) -> Between {
        filter.order
    }

    fn matches(&self, filter: &Filter) -> bool {
        filter.has(self)
    }

    fn index(indexes: &Indexes) -> &Index<Self> {
        &indexes.orders
    }

    fn encode(order: &ServiceOrder, links: &Links) -> Value {
        order.encode(links)
    }
}
