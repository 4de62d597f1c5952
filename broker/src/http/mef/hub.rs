//! `/hub`: subscribing to notifications (`EventSubscription` of both documents), at all reference points.

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use sof::mef::{Api, Fault, FaultCode, ReferencePoint};
use sof::notification::{Subscription, SubscriptionInput};
use tracing::info;
use url::Url;

use super::error::MefError;
use super::{Id, check_accept, json, json_of, method_not_allowed, tell};
use crate::auth::{Action, Principal};
use crate::clock;
use crate::http::App;
use crate::http::guard::Guarded;
use crate::lso::records::SUBSCRIBERS;

/// The largest body: a callback and a query at their limits, however they are written.
const MAX_BODY: usize = 64 << 10;
/// Longer is no identifier of ours.
const MAX_ID: usize = 64;
/// The APIs that have one.
const APIS: [Api; 2] = [Api::ServiceOrdering, Api::ServiceInventory];

/// Which API is asked, where, in which version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hub {
    at: ReferencePoint,
    api: Api,
    version: u32,
}

impl Hub {
    fn path(self) -> String {
        format!("{}/hub", self.api.path(self.at, self.version))
    }
}

/// The hubs of all APIs, at all reference points, in all versions that are served.
pub(super) fn routes(app: &App) -> Router<App> {
    let mut router = Router::new();
    for (at, api) in ReferencePoint::ALL
        .into_iter()
        .flat_map(|at| APIS.map(|api| (at, api)))
    {
        for version in api.versions(at) {
            let hub = Hub { at, api, version };
            let needs = |action, route: MethodRouter<App>| {
                Guarded::new(app.clone(), action, tell)
                    .around(route)
                    .layer(Extension(hub))
            };
            let show = needs(Action::ReadOrders, get(show).fallback(method_not_allowed));
            router = router
                .route(
                    &hub.path(),
                    needs(Action::Order, post(subscribe).fallback(method_not_allowed)),
                )
                .route(
                    &format!("{}/{{id}}", hub.path()),
                    show.merge(needs(Action::Order, delete(unsubscribe))),
                );
        }
    }
    router
}

/// `POST /hub`
async fn subscribe(
    State(app): State<App>,
    Extension(hub): Extension<Hub>,
    Extension(principal): Extension<Principal>,
    request: Request<Body>,
) -> Result<Response, MefError> {
    check_accept(request.headers())?;
    let body = json_of(request, MAX_BODY).await?;
    let Hub { at, api, version } = hub;
    let input = SubscriptionInput::decode(api, &body).map_err(MefError::Faults)?;
    let url = Url::parse(input.callback.as_str()).ok();
    let checked = url.map(|url| app.shared.settings.callback_guard().check_url(&url));
    if let Some(Err(refused)) = checked {
        let why = format!("the callback cannot be notified: {refused}");
        let fault = Fault::new(FaultCode::InvalidValue, "/callback", why);
        return Err(MefError::Faults(vec![fault]));
    }
    let SubscriptionInput {
        callback,
        query,
        event_types,
    } = input;
    let subscription = Subscription {
        id: uuid::Uuid::new_v4().to_string(),
        buyer: principal.holder(),
        reference_point: at,
        api,
        version,
        callback,
        query,
        event_types,
        created: clock::now().timestamp,
    };
    let body = subscription.body();
    let (id, callback) = (subscription.id.clone(), subscription.callback.origin());
    let limit = app
        .shared
        .settings
        .sof
        .notifications
        .subscriptions_per_buyer;
    let lso = &app.shared.lso;
    let added = lso
        .subscriptions
        .add(lso.store.as_ref(), subscription, limit)
        .await?;
    if let Err(too_many) = added {
        let reason = format!(
            "there are {} subscriptions of yours, as many as there may be: delete one first",
            too_many.limit
        );
        return Err(MefError::Faults(vec![Fault {
            code: FaultCode::OtherIssue,
            property_path: None,
            reason,
        }]));
    }
    info!(subscription = id, buyer = principal.holder(), %callback, "subscribed");
    let mut response = json(StatusCode::CREATED, &body)?;
    let path = format!("{}/{id}", hub.path());
    if let Ok(path) = HeaderValue::from_str(&path) {
        response.headers_mut().insert(header::LOCATION, path);
    }
    Ok(response)
}

/// The subscription of this id at this API, if it is one that may be seen by those that `may` says.
async fn find(
    app: &App,
    hub: Hub,
    id: Option<String>,
    may: impl Fn(&str) -> bool,
) -> Result<Subscription, MefError> {
    let id = id.unwrap_or_default();
    if id.len() <= MAX_ID {
        let snapshot = app.shared.lso.store.snapshot().await?;
        let found = SUBSCRIBERS.get(snapshot.as_ref(), &id).await?;
        let found = found.map(|stored| stored.value.subscription);
        let found = found.filter(|found| found.reference_point == hub.at && found.api == hub.api);
        if let Some(found) = found.filter(|found| may(&found.buyer)) {
            return Ok(found);
        }
    }
    Err(unknown(id))
}

fn unknown(id: String) -> MefError {
    let what = "subscription";
    MefError::NotFound { what, id }
}

/// `GET /hub/{id}`
async fn show(
    State(app): State<App>,
    Extension(hub): Extension<Hub>,
    Extension(principal): Extension<Principal>,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, MefError> {
    check_accept(&headers)?;
    let found = find(&app, hub, id, |buyer| principal.may_see(buyer)).await?;
    json(StatusCode::OK, &found.body())
}

/// `DELETE /hub/{id}`
async fn unsubscribe(
    State(app): State<App>,
    Extension(hub): Extension<Hub>,
    Extension(principal): Extension<Principal>,
    Id(id): Id,
) -> Result<Response, MefError> {
    let found = find(&app, hub, id, |buyer| principal.may_use(buyer)).await?;
    let lso = &app.shared.lso;
    let is_removed = lso
        .subscriptions
        .remove(lso.store.as_ref(), &found.id)
        .await?;
    if !is_removed {
        return Err(unknown(found.id));
    }
    info!(subscription = found.id, buyer = found.buyer, "unsubscribed");
    Ok(StatusCode::NO_CONTENT.into_response())
}
