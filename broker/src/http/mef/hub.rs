//! `/hub`: subscribing to notifications (`EventSubscription` of both documents), at all reference points.

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use http::{HeaderValue, Request, StatusCode, header};
use sof::mef::{Fault, FaultCode};
use sof::notification::{Subscription, SubscriptionInput};
use tracing::info;
use url::Url;

use super::{Endpoint, MefError, answer, needs};
use crate::auth::{Action, Principal};
use crate::clock;
use crate::http::App;
use crate::http::answer::{check_content_type, parse_json, read_body};
use crate::http::domains::InPath;
use crate::http::routes::method_not_allowed;
use crate::lso::records::SUBSCRIBERS;

/// The largest body: a callback and a query at their limits, however they are written.
const MAX_BODY: usize = 64 << 10;
/// Longer is no identifier of ours.
const MAX_ID: usize = 64;

pub(super) fn routes(app: &App, endpoint: Endpoint) -> Router<App> {
    let hub = format!("{}/hub", endpoint.path());
    let one = format!("{hub}/{{id}}");
    let subscribe = needs(
        app,
        Action::Order,
        post(subscribe).fallback(method_not_allowed),
    );
    let show = needs(
        app,
        Action::ReadOrders,
        get(show).fallback(method_not_allowed),
    );
    let show = show.merge(needs(app, Action::Order, delete(unsubscribe)));
    Router::new()
        .route(&hub, subscribe)
        .route(&one, show)
        .layer(Extension(endpoint))
}

/// `POST /hub`
async fn subscribe(
    State(app): State<App>,
    Extension(endpoint): Extension<Endpoint>,
    Extension(principal): Extension<Principal>,
    request: Request<Body>,
) -> Result<Response, MefError> {
    check_content_type(request.headers(), "application/json")?;
    let body = read_body(request, MAX_BODY).await?;
    let body = parse_json(&body)?;
    if !body.is_object() {
        let why = "the request body must be an object with 'callback' and perhaps 'query'";
        return Err(MefError::InvalidBody(why.to_owned()));
    }
    let Endpoint { at, api, version } = endpoint;
    let input = SubscriptionInput::decode(api, &body).map_err(MefError::Unprocessable)?;
    let url = Url::parse(input.callback.as_str()).ok();
    let checked = url.map(|url| app.shared.settings.callback_guard().check_url(&url));
    if let Some(Err(refused)) = checked {
        let why = format!("the callback cannot be notified: {refused}");
        let fault = Fault::new(FaultCode::InvalidValue, "/callback", why);
        return Err(MefError::Unprocessable(vec![fault]));
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
    let (id, callback) = (subscription.id.clone(), subscription.callback.clone());
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
        return Err(MefError::Unprocessable(vec![Fault {
            code: FaultCode::OtherIssue,
            property_path: None,
            reason,
        }]));
    }
    info!(subscription = id, buyer = principal.holder(), %callback, "subscribed");
    let mut response = answer(StatusCode::CREATED, &body);
    let path = format!("{}/hub/{id}", endpoint.path());
    if let Ok(path) = HeaderValue::from_str(&path) {
        response.headers_mut().insert(header::LOCATION, path);
    }
    Ok(response)
}

/// The subscription of this name at this API, if it is one that may be seen by those that `may` says.
async fn find(
    app: &App,
    endpoint: Endpoint,
    id: &str,
    may: impl Fn(&str) -> bool,
) -> Result<Subscription, MefError> {
    let unknown = || {
        let id: String = id.chars().take(MAX_ID).collect();
        MefError::NotFound(format!("there is no subscription '{id}'"))
    };
    if id.len() > MAX_ID {
        return Err(unknown());
    }
    let snapshot = app.shared.lso.store.snapshot().await?;
    let found = SUBSCRIBERS.get(snapshot.as_ref(), &id.to_owned()).await?;
    let found = found.map(|stored| stored.value.subscription);
    found
        .filter(|found| found.reference_point == endpoint.at && found.api == endpoint.api)
        .filter(|found| may(&found.buyer))
        .ok_or_else(unknown)
}

/// `GET /hub/{id}`
async fn show(
    State(app): State<App>,
    Extension(endpoint): Extension<Endpoint>,
    Extension(principal): Extension<Principal>,
    InPath(id): InPath<String>,
) -> Result<Response, MefError> {
    let found = find(&app, endpoint, &id, |buyer| principal.may_see(buyer)).await?;
    Ok(answer(StatusCode::OK, &found.body()))
}

/// `DELETE /hub/{id}`
async fn unsubscribe(
    State(app): State<App>,
    Extension(endpoint): Extension<Endpoint>,
    Extension(principal): Extension<Principal>,
    InPath(id): InPath<String>,
) -> Result<Response, MefError> {
    let found = find(&app, endpoint, &id, |buyer| principal.may_use(buyer)).await?;
    let lso = &app.shared.lso;
    if !lso
        .subscriptions
        .remove(lso.store.as_ref(), &found.id)
        .await?
    {
        return Err(MefError::NotFound(format!(
            "there is no subscription '{id}'"
        )));
    }
    info!(subscription = found.id, buyer = found.buyer, "unsubscribed");
    Ok(StatusCode::NO_CONTENT.into_response())
}
