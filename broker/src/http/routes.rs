//! The table of routes: path, method, what the principal must be allowed to do, handler.

use alto::uri;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post};
use http::{Method, Uri};
use tower_http::catch_panic::CatchPanicLayer;

use super::guard::{Guarded, guard};
use super::problem::Problem;
use super::{App, alto_api, broker_api, ops};
use crate::auth::Action;

/// The whole HTTP side over `app`.
pub fn routes(app: App) -> Router {
    let open = |route: MethodRouter<App>| route.fallback(method_not_allowed);
    let guarded = |action: Action, route: MethodRouter<App>| {
        let guarded = Guarded {
            app: app.clone(),
            action,
        };
        route
            .layer(CatchPanicLayer::custom(|_| {
                Problem::Internal.into_response()
            }))
            .layer(from_fn_with_state(guarded, guard))
    };
    let needs =
        |action, route: MethodRouter<App>| guarded(action, route.fallback(method_not_allowed));
    let maps = |route| needs(Action::ReadMaps, route);
    let domains = |route| needs(Action::ReadDomains, route);
    Router::new()
        .route(uri::DIRECTORY, maps(get(alto_api::directory)))
        .route(uri::NETWORK_MAP, maps(get(alto_api::network_map)))
        .route(
            uri::DRAFT_PROPERTY_MAP,
            maps(get(alto_api::draft_property_map)),
        )
        .route(uri::PROPERTY_MAP, maps(get(alto_api::property_map)))
        .route(
            uri::FILTERED_PROPERTY_MAP,
            maps(post(alto_api::filtered_property_map)),
        )
        .route(uri::PATH_VECTORS, maps(post(alto_api::path_vectors)))
        .route("/broker/v1/placements", maps(post(broker_api::placements)))
        .route("/broker/v1/domains", domains(get(broker_api::domains)))
        .route(
            "/broker/v1/domains/{domain}",
            domains(get(broker_api::domain)),
        )
        .route("/metrics", needs(Action::ReadMetrics, get(ops::metrics)))
        // Monitors need no token and are not counted: a busy client must not make us look dead.
        .route("/healthz", open(get(ops::healthz)))
        .route("/readyz", open(get(ops::readyz)))
        .fallback_service(guarded(Action::ReadMaps, any(not_found)).with_state(app.clone()))
        .with_state(app)
}

async fn not_found(uri: Uri) -> Response {
    // The path may be anything: shown, not believed.
    let path = uri.path().chars().take(120).collect();
    Problem::NotFound { path }.into_response()
}

async fn method_not_allowed(method: Method) -> Response {
    Problem::MethodNotAllowed {
        method: method.as_str().chars().take(20).collect(),
    }
    .into_response()
}
