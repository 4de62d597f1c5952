//! The table of routes: path, method, what the principal must be allowed to do, handler.

use alto::uri;
use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, delete, get, post, put};
use http::{Method, StatusCode, Uri};

use super::guard::Guarded;
use super::problem::Problem;
use super::quick::Routes;
use super::{
    App, alto_api, cors, domains, events, mef, notifications, openapi, ops, partners, paths,
    placements, progress, push, reservations, rules, selections, topology, updates,
};
use crate::auth::Action;

/// The whole HTTP side over `app`.
pub fn routes(app: App) -> Routes {
    let open = |route: MethodRouter<App>| route.fallback(method_not_allowed);
    let guarded = |action: Action, route: MethodRouter<App>| {
        Guarded::new(app.clone(), action, Problem::into_response).around(route)
    };
    let needs =
        |action, route: MethodRouter<App>| guarded(action, route.fallback(method_not_allowed));
    let maps = |route| needs(Action::ReadMaps, route);
    let list = |route| needs(Action::ReadDomains, route);
    let reads = |route| needs(Action::ReadReservations, route);
    let sees_partners = |route| needs(Action::ReadPartners, route);
    let manages = |route| needs(Action::ManagePartners, route);
    let writes = |route| needs(Action::WriteDomain, route);
    // Two guards on one path: methods that read, and methods that write.
    let by_method = |reads: MethodRouter<App>, changes: MethodRouter<App>| {
        list(reads).merge(guarded(Action::WriteDomain, changes))
    };
    // The ALTO resources, by the table of the crate `alto`: those of one address are one route, with an
    // answer of their own to other methods.
    let alto_resources = alto_api::addresses().fold(Router::new(), |router, (uri, resources)| {
        router.route(uri, guarded(Action::ReadMaps, alto_api::route(resources)))
    });
    let of = |id: &str, route: MethodRouter<App>| {
        let route = alto_api::with_options(route, alto::resource(id));
        guarded(Action::ReadMaps, route)
    };
    // A poll waits for what is not there yet.
    let patience = app.shared.settings.alto.updates.poll;
    let polls = Guarded::new(app.clone(), Action::ReadMaps, Problem::into_response)
        .waiting(patience)
        .around(get(updates::item).fallback(method_not_allowed));
    let router = alto_resources
        .route(
            uri::UPDATES,
            of(uri::id::UPDATE_STREAM, post(updates::open)),
        )
        .route(updates::STREAM, maps(post(updates::control)))
        .route(uri::TIPS, of(uri::id::TIPS, post(updates::open_view)))
        .route(
            uri::TIPS_SUMMARIES,
            of(uri::id::TIPS_SUMMARIES, post(updates::open_summaries)),
        )
        .route(updates::NEXT_EDGE, maps(post(updates::next_edge)))
        .route(updates::ITEM, polls)
        .route("/broker/v1/placements", maps(post(placements::placements)))
        .route("/broker/v1/paths", maps(post(paths::paths)))
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
            needs(Action::ReadOrders, get(progress::progress)),
        )
        .route(
            "/broker/v1/rules",
            needs(Action::ReadPartners, get(rules::rules)),
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
        .route("/broker/v1/partners", sees_partners(get(partners::list)))
        .route(
            "/broker/v1/partners/{domain}",
            sees_partners(get(partners::show)).merge(guarded(
                Action::ManagePartners,
                put(partners::put).delete(partners::retire),
            )),
        )
        .route(
            "/broker/v1/partners/{domain}/check",
            manages(post(partners::check)),
        )
        .route(
            "/broker/v1/partners/{domain}/suspend",
            manages(post(partners::suspend)),
        )
        .route(
            "/broker/v1/partners/{domain}/resume",
            manages(post(partners::resume)),
        )
        .route(
            "/broker/v1/partners/{domain}/retire",
            manages(post(partners::retire)),
        )
        .route(
            "/broker/v1/partners/{domain}/agreements",
            sees_partners(get(partners::list_agreements)),
        )
        .route(
            "/broker/v1/partners/{domain}/agreements/{agreement}",
            sees_partners(get(partners::show_agreement)).merge(guarded(
                Action::ManagePartners,
                put(partners::put_agreement).delete(partners::delete_agreement),
            )),
        )
        // The token in the path is the authority; the handler counts who guesses.
        .route(
            "/broker/v1/callbacks/{token}/mefApi/interlude/{api}/{version}/listener/{event}",
            open(post(partners::notified)),
        )
        .route("/broker/v1/events", list(get(events::events)))
        .route(
            "/broker/v1/notifications",
            needs(Action::ReadPartners, get(notifications::list)),
        )
        .route(
            "/broker/v1/dead-letters",
            needs(Action::ReadPartners, get(notifications::dead_letters)),
        )
        .route(
            "/broker/v1/dead-letters/{letter}",
            needs(Action::ManagePartners, delete(notifications::forget)),
        )
        .route(
            "/broker/v1/dead-letters/{letter}/retry",
            needs(Action::ManagePartners, post(notifications::retry)),
        )
        .route("/metrics", needs(Action::ReadMetrics, get(ops::metrics)))
        .merge(mef::routes(&app))
        // What everybody may know. Monitors are not counted, either: a busy client must not make us look
        // dead.
        .route("/openapi.json", open(get(openapi::openapi)))
        .route("/healthz", open(get(ops::healthz)))
        .route("/readyz", open(get(ops::readyz)))
        .fallback_service(guarded(Action::ReadMaps, any(not_found)).with_state(app.clone()))
        .with_state(app.clone());
    Routes::new(cors::around(router, app.clone()), app)
}

async fn not_found(uri: Uri) -> Response {
    // The path may be anything: shown, not believed.
    let path = uri.path().chars().take(120).collect();
    Problem::NotFound { path }.into_response()
}

/// The answer to a method that a path does not take; to OPTIONS, that it takes others (RFC 9110 §9.3.7). The
/// router adds `Allow`.
pub(super) async fn method_not_allowed(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    Problem::MethodNotAllowed {
        method: method.as_str().chars().take(20).collect(),
    }
    .into_response()
}
