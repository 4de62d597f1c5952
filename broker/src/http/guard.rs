//! What every request passes before its handler: who is it, may he, how often, how long; and after
//! it: what it cost.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::MethodRouter;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderValue, header};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{debug, error};

use super::App;
use super::problem::Problem;
use crate::auth::{Action, Asked, Certificate, Principal};
use crate::clock;

/// The address of the connection that a request came over; the server puts it on every request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Who is at the other end of a connection, as the server puts it on every request.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) peer: SocketAddr,
    /// What it has shown in the handshake.
    pub(super) certificate: Option<Certificate>,
}

impl Caller {
    /// Puts it on a request.
    pub(super) fn mark<B>(&self, request: &mut http::Request<B>) {
        let extensions = request.extensions_mut();
        extensions.insert(Peer(self.peer));
        if let Some(certificate) = &self.certificate {
            extensions.insert(certificate.clone());
        }
    }
}

/// On a request that has been let in and counted already, by the action of its route.
#[derive(Clone, Debug)]
pub(super) struct Admitted(pub(super) Principal);

/// A route's guard.
#[derive(Clone)]
pub(super) struct Guarded {
    app: App,
    action: Action,
    /// How the route says what is wrong.
    tell: fn(Problem) -> Response,
    /// What its requests may wait for beside the time that all have.
    patience: Duration,
}

impl Guarded {
    /// A guard that lets in who may do `action`.
    pub(super) fn new(app: App, action: Action, tell: fn(Problem) -> Response) -> Self {
        Self {
            app,
            action,
            tell,
            patience: Duration::ZERO,
        }
    }

    /// The same for a route whose requests wait so long for what is to come.
    pub(super) fn waiting(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The route behind this guard. Its handlers may panic: that is an error of ours, and no more.
    pub(super) fn around(self, route: MethodRouter<App>) -> MethodRouter<App> {
        let tell = self.tell;
        route
            .layer(CatchPanicLayer::custom(move |_| tell(Problem::Internal)))
            .layer(from_fn_with_state(self, guard))
    }
}

/// The middleware.
async fn guard(State(guarded): State<Guarded>, mut request: Request, next: Next) -> Response {
    let began = clock::instant();
    let shared = &guarded.app.shared;
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    let admitted = match request.extensions_mut().remove::<Admitted>() {
        Some(Admitted(principal)) => Ok(principal),
        None => {
            let shown = (peer, request.extensions().get());
            admit(&guarded.app, guarded.action, shown, &request)
        }
    };
    let response = match admitted {
        Err(problem) => (guarded.tell)(problem),
        Ok(principal) => {
            request.extensions_mut().insert(principal);
            request.extensions_mut().insert(shared.bodies.clone());
            let limit = shared.settings.limits.request_timeout;
            let limit = limit.saturating_add(guarded.patience);
            match tokio::time::timeout(limit, next.run(request)).await {
                Ok(response) => response,
                Err(_) => (guarded.tell)(Problem::Timeout { limit }),
            }
        }
    };
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let (status, took) = (response.status(), began.elapsed());
    if status.is_server_error() {
        error!(route, %method, %status, ?took, ?peer, "answered with an error of our own");
    } else {
        debug!(route, %method, %status, ?took, ?peer, "answered");
    }
    shared.metrics.request(route, &method, status, took);
    response
}

/// Lets in who may do `action`, and counts him.
pub(super) fn admit<B>(
    app: &App,
    action: Action,
    (peer, certificate): (Option<IpAddr>, Option<&Certificate>),
    request: &http::Request<B>,
) -> Result<Principal, Problem> {
    let shared = &app.shared;
    // The server sets it on every request; without it, nobody is let in as a neighbour.
    let peer = peer.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
    let header = request.headers().get(header::AUTHORIZATION);
    let target = request.uri().path_and_query();
    let principal = shared.principals.of(&Asked {
        peer,
        certificate,
        authorization: header.map(HeaderValue::as_bytes),
        method: request.method().as_str(),
        target: target.map_or("", PathAndQuery::as_str),
        now: seconds,
    });
    // One who guesses tokens is counted by his address.
    let counted = principal.as_ref().unwrap_or(&Principal::Anonymous);
    shared.rate.check(counted, peer).map_err(|retry_after| {
        shared.metrics.rate_limited();
        Problem::TooManyRequests {
            per_second: shared.rate.per_second(),
            retry_after,
        }
    })?;
    let mut principal = principal.map_err(Problem::Unauthorized)?;
    if principal == Principal::Local && !is_named_locally(request) {
        principal = Principal::Anonymous;
    }
    if principal.may(action) {
        Ok(principal)
    } else {
        Err(Problem::Forbidden {
            principal: principal.name().to_owned(),
        })
    }
}

/// Now, in seconds since 1970.
fn seconds() -> u64 {
    // No clock here is before 1970.
    u64::try_from(clock::now().timestamp.as_second()).unwrap_or_default()
}

/// Whether a request names this machine as one on it does: by an address, or as `localhost`. A page in a
/// browser here may send a request under a name of its own that leads here (DNS rebinding), or from another
/// site; what it sends is not the word of who runs the broker.
fn is_named_locally<B>(request: &http::Request<B>) -> bool {
    let text = |name: header::HeaderName| {
        let value = request.headers().get(name);
        value.map(|value| value.to_str().unwrap_or_default())
    };
    // HTTP/2 has the name in the request's target (RFC 9113 §8.3.1), HTTP/1.1 may (RFC 9112 §3.2.2).
    let target = request.uri().authority().map(Authority::as_str);
    let host = text(header::HOST);
    // `scheme://host`, or `null`.
    let origin = text(header::ORIGIN).map(|origin| origin.split_once("://").unwrap_or_default().1);
    let is_named = target.is_some() || host.is_some();
    is_named && [target, host, origin].into_iter().flatten().all(is_local)
}

/// Whether a host, with a port or without, is an address or `localhost`.
fn is_local(host: &str) -> bool {
    // As most write it, and this takes less.
    if host.parse::<SocketAddr>().is_ok() {
        return true;
    }
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let host = authority.host().trim_matches(['[', ']']);
    host.parse::<IpAddr>().is_ok() || host.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_elsewhere_is_not_this_machine() {
        let with_host = |host: &str| {
            let request = Request::builder().header(header::HOST, host);
            is_named_locally(&request.body(axum::body::Body::empty()).unwrap())
        };
        for local in [
            "127.0.0.1:8181",
            "[::1]:8181",
            "localhost",
            "LOCALHOST:8181",
        ] {
            assert!(with_host(local), "{local}");
        }
        for other in ["rebound.example:8181", "localhost.example", "", "a b"] {
            assert!(!with_host(other), "{other}");
        }
    }

    #[test]
    fn every_name_that_a_request_gives_must_be_of_this_machine() {
        let is_local = |uri: &str, headers: &[(&str, &str)]| {
            let request = headers
                .iter()
                .fold(Request::builder().uri(uri), |request, (name, value)| {
                    request.header(*name, *value)
                });
            is_named_locally(&request.body(axum::body::Body::empty()).unwrap())
        };
        // As HTTP/2 writes it.
        assert!(is_local("http://127.0.0.1:8181/directory", &[]));
        assert!(is_local(
            "http://localhost/directory",
            &[("host", "[::1]:8181")]
        ));
        assert!(!is_local("http://rebound.example/directory", &[]));
        assert!(!is_local(
            "http://127.0.0.1/",
            &[("host", "rebound.example")]
        ));
        assert!(!is_local(
            "http://rebound.example/",
            &[("host", "127.0.0.1")]
        ));
        assert!(!is_local("/directory", &[]));
        let page = |origin| [("host", "127.0.0.1:8181"), ("origin", origin)];
        assert!(is_local("/directory", &page("http://localhost:3000")));
        assert!(is_local("/directory", &page("http://127.0.0.1:8181")));
        assert!(!is_local("/directory", &page("https://elsewhere.example")));
        assert!(!is_local("/directory", &page("null")));
    }
}
