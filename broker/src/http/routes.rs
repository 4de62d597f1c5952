//! The table of routes: path, method, what the principal must be allowed to do, handler.

use alto::uri;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, delete, get, post, put};
use http::{Method, Uri};
use tower_http::catch_panic::CatchPanicLayer;

use super::guard::{Guarded, guard};
use super::problem::Problem;
use super::{
    App, alto_api, domains, events, openapi, ops, placements, push, reservations, selections,
    topology,
};
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
    let list = |route| needs(Action::ReadDomains, route);
    let reads = |route| needs(Action::ReadReservations, route);
    let writes = |route| needs(Action::WriteDomain, route);
    // Two guards on one path: methods that read, and methods that write.
    let by_method = |reads: MethodRouter<App>, changes: MethodRouter<App>| {
        list(reads).merge(guarded(Action::WriteDomain, changes))
    };
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
        .route("/broker/v1/placements", maps(post(placements::placements)))
        .route("/broker/v1/topology", maps(get(topology::topology)))
        .route(
            "/broker/v1/reservations",
            reads(get(reservations::list))
                .merge(guarded(Action::Reserve, post(reservations::reserve))),
        )
        .route(
            "/broker/v1/reservations/{reservation}",
            reads(get(reservations::show))
                .merge(guarded(Action::Reserve, delete(reservations::release))),
        )
        .route(
            "/broker/v1/reservations/{reservation}/confirm",
            needs(Action::Reserve, post(reservations::confirm)),
        )
        .route(
            "/broker/v1/reservations/{reservation}/extend",
            needs(Action::Reserve, post(reservations::extend)),
        )
        .route(
            "/broker/v1/decomposition",
            needs(Action::ReadPartners, post(selections::decomposition)),
        )
        .route(
            "/broker/v1/orders/{order}/progress",
            needs(Action::ReadOrders, get(selections::progress)),
        )
        .route(
            "/broker/v1/selections/{selection}",
            needs(Action::ReadPartners, get(selections::selection)),
        )
        .route("/broker/v1/domains", list(get(domains::domains)))
        .route(
            "/broker/v1/domains/{domain}",
            by_method(
                get(domains::domain),
                put(push::register).delete(push::leave),
            ),
        )
        .route(
            "/broker/v1/domains/{domain}/heartbeat",
            writes(post(push::heartbeat)),
        )
        .route(
            "/broker/v1/domains/{domain}/{document}",
            by_method(
                get(push::read_document),
                put(push::put_document)
                    .patch(push::patch_document)
                    .delete(push::delete_document),
            ),
        )
        .route("/broker/v1/events", list(get(events::events)))
        .route("/metrics", needs(Action::ReadMetrics, get(ops::metrics)))
        // What everybody may know. Monitors are not counted, either: a busy client must not make us look
        // dead.
        .route("/openapi.json", open(get(openapi::openapi)))
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
