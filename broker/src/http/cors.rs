//! Reading from pages of other origins, where the settings allow it (the CORS protocol of the Fetch
//! standard). Without it browsers keep what is answered here from pages of other sites.
//!
//! Pages may ask all that ALTO has, and read below `/broker/v1`; they change nothing there, and have no
//! part in MEF's APIs. A page needs a token as any client does: no cookie or certificate of the browser
//! counts, so credentials are never allowed for it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::App;
use super::guard::Peer;
use super::problem::Problem;
use crate::settings::{Cors, Origin};

/// What a page may send beside what every page may.
const ALLOWED_HEADERS: &str = "accept, authorization, content-type, if-none-match, last-event-id";
/// What a page may see of an answer's head beside what every page may.
const EXPOSED_HEADERS: &str = "etag, location, retry-after";

/// The settings, ready for use.
struct Rules {
    app: App,
    /// `None` is any.
    origins: Option<Vec<HeaderValue>>,
    max_age: HeaderValue,
}

/// `router`, open to the origins of the settings. Without any it is as it was.
pub(super) fn around(router: Router, app: App) -> Router {
    let Cors { origins, max_age } = app.shared.settings.cors.clone();
    if origins.is_empty() {
        return router;
    }
    let listed = origins.iter().map(|origin| match origin {
        Origin::Any => None,
        Origin::Of(origin) => HeaderValue::from_str(origin).ok(),
    });
    let rules = Rules {
        // One that is `*` makes it any.
        origins: listed.collect(),
        max_age: max_age.as_secs().into(),
        app,
    };
    router.layer(from_fn_with_state(Arc::new(rules), answer))
}

async fn answer(State(rules): State<Arc<Rules>>, request: Request, next: Next) -> Response {
    let Some(methods) = methods_at(request.uri().path()) else {
        return next.run(request).await;
    };
    let allowed = rules.allowed(request.headers());
    let mut response = if is_preflight(&request) {
        rules.preflight(&request, allowed.is_some(), methods)
    } else {
        // What is no reading is no matter of other origins.
        let is_open = [Method::GET, Method::HEAD, Method::POST]
            .iter()
            .any(|method| method == request.method() && methods.contains(method.as_str()));
        if !is_open {
            return next.run(request).await;
        }
        next.run(request).await
    };
    let headers = response.headers_mut();
    if rules.origins.is_some() {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    if let Some(origin) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let exposed = HeaderValue::from_static(EXPOSED_HEADERS);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    response
}

/// What pages may do at a path; `None` is nothing.
fn methods_at(path: &str) -> Option<&'static str> {
    // They change nothing: a question with a body is a POST.
    const QUESTIONS: [&str; 2] = ["/broker/v1/placements", "/broker/v1/paths"];
    let is_below = |folder: &str| path.starts_with(folder);
    match path {
        path if QUESTIONS.contains(&path) => Some("POST"),
        _ if is_below("/broker/") => Some("GET, HEAD"),
        _ if is_below("/mefApi") || is_below("/metrics") => None,
        _ => Some("GET, HEAD, POST"),
    }
}

/// Whether a browser asks what a page may ask, without asking it.
fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

impl Rules {
    /// What is said to this origin; `None` if it is not allowed, or there is none.
    fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        match &self.origins {
            None => Some(HeaderValue::from_static("*")),
            Some(origins) => origins.contains(origin).then(|| origin.clone()),
        }
    }

    /// The answer to a preflight. It carries no token, so it does not come to a guard; it is counted as
    /// any other request.
    fn preflight(&self, request: &Request, is_allowed: bool, methods: &'static str) -> Response {
        let shared = &self.app.shared;
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
        if let Some(peer) = peer
            && let Err(retry_after) = shared.rate.check(&crate::auth::Principal::Anonymous, peer)
        {
            shared.metrics.rate_limited();
            let per_second = shared.rate.per_second();
            return Problem::TooManyRequests {
                per_second,
                retry_after,
            }
            .into_response();
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        if is_allowed {
            let headers = response.headers_mut();
            let methods = HeaderValue::from_static(methods);
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
            let allowed = HeaderValue::from_static(ALLOWED_HEADERS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_read_and_ask_and_change_nothing() {
        for (path, methods) in [
            ("/directory", Some("GET, HEAD, POST")),
            ("/costmap/pv", Some("GET, HEAD, POST")),
            ("/broker/v1/domains/AS1", Some("GET, HEAD")),
            ("/broker/v1/placements", Some("POST")),
            ("/broker/v1/reservations", Some("GET, HEAD")),
            (
                "/mefApi/legato/serviceOrderingManagement/v6/serviceOrder",
                None,
            ),
            ("/metrics", None),
        ] {
            assert_eq!(methods_at(path), methods, "{path}");
        }
    }
}
