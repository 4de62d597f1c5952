//! All routes, and the short way to what most requests ask: a map that is there already, by GET.
//!
//! The answer is the same on both ways, and so is who gets it: the guard lets in and counts on either. The
//! short one leaves out the router, its layers, and the timeout of work that is none. What it cannot answer
//! goes the other way.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use alto::Resource;
use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::future::RouteFuture;
use http::{HeaderMap, Method, Request};
use hyper::body::Incoming;
use tower::Service;
use tracing::debug;

use super::App;
use super::alto_api;
use super::answer::{complete, negotiate};
use super::guard::{Admitted, Caller, Peer, admit};
use crate::auth::{Action, Certificate, Principal};
use crate::clock;
use crate::metrics::RouteMetrics;

/// The whole HTTP side.
#[derive(Clone)]
pub struct Routes {
    router: Router,
    /// `None` where every answer goes through layers of the router's own.
    quick: Option<Arc<Quick>>,
}

/// The maps that are asked by GET, by path.
struct Quick {
    app: App,
    maps: HashMap<&'static str, Map>,
}

/// What a client's connection tells of it: where it comes from, and what it has shown in the handshake.
type Shown<'a> = (Option<SocketAddr>, Option<&'a Certificate>);

struct Map {
    resource: &'static Resource,
    metrics: RouteMetrics,
}

impl Routes {
    /// `router`, which answers for `app`, and the short way.
    pub(super) fn new(router: Router, app: App) -> Self {
        // What pages of other origins may see is added by a layer.
        let is_plain = app.shared.settings.cors.origins.is_empty();
        Self {
            router,
            quick: is_plain.then(|| Arc::new(Quick::new(app))),
        }
    }

    /// Answers a request of who is at the other end of a connection. Who reads its body gets what `body` makes
    /// of it.
    pub(super) fn answer(
        &self,
        request: Request<Incoming>,
        caller: &Caller,
        body: impl FnOnce(Incoming) -> Body,
    ) -> Answering {
        let mut admitted = None;
        let shown = (Some(caller.peer), caller.certificate.as_ref());
        if let Some(answering) = self.quickly(&request, shown, &mut admitted) {
            return answering;
        }
        let mut request = request.map(body);
        caller.mark(&mut request);
        self.routed(request, admitted)
    }

    fn quickly<B>(
        &self,
        request: &Request<B>,
        shown: Shown<'_>,
        admitted: &mut Option<Principal>,
    ) -> Option<Answering> {
        let quick = self.quick.as_ref()?;
        let map = quick.maps.get(request.uri().path())?;
        if request.method() != Method::GET {
            return None;
        }
        let response = quick.answer(map, request, shown, admitted)?;
        Some(Answering {
            way: Way::Quick(Some(response)),
            is_options: false,
        })
    }

    fn routed(&self, mut request: Request<Body>, admitted: Option<Principal>) -> Answering {
        if let Some(principal) = admitted {
            request.extensions_mut().insert(Admitted(principal));
        }
        Answering {
            is_options: request.method() == Method::OPTIONS,
            way: Way::Routed(self.router.clone().call(request)),
        }
    }
}

impl Service<Request<Body>> for Routes {
    type Response = Response;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Answering {
        let extensions = request.extensions();
        let peer = extensions.get::<Peer>().map(|peer| peer.0);
        let mut admitted = None;
        let quickly = self.quickly(&request, (peer, extensions.get()), &mut admitted);
        quickly.unwrap_or_else(|| self.routed(request, admitted))
    }
}

impl Quick {
    fn new(app: App) -> Self {
        let by_get = |(_, resources): (_, Vec<&'static Resource>)| match resources.as_slice() {
            [resource] if resource.accepts.is_none() => Some(*resource),
            _ => None,
        };
        let maps = alto_api::addresses().filter_map(by_get).map(|resource| {
            let metrics = Arc::clone(&app.shared.metrics);
            let metrics = RouteMetrics::new(metrics, resource.uri);
            (resource.uri, Map { resource, metrics })
        });
        Self {
            maps: maps.collect(),
            app,
        }
    }

    /// The answer, if it is there; else who asks, when he is let in.
    fn answer<B>(
        &self,
        map: &Map,
        request: &Request<B>,
        (peer, certificate): Shown<'_>,
        admitted: &mut Option<Principal>,
    ) -> Option<Response> {
        let began = clock::instant();
        let peer = peer.map(|peer| peer.ip());
        let response = match admit(&self.app, Action::ReadMaps, (peer, certificate), request) {
            Err(problem) => problem.into_response(),
            // What panics here does so on the other way too, and is answered there.
            Ok(principal) => {
                let headers = request.headers();
                match catch_unwind(AssertUnwindSafe(|| self.at_once(map, headers))) {
                    Ok(Some(response)) => response,
                    Ok(None) | Err(_) => {
                        *admitted = Some(principal);
                        return None;
                    }
                }
            }
        };
        let (status, took) = (response.status(), began.elapsed());
        debug!(route = map.resource.uri, method = "GET", %status, ?took, ?peer, "answered at once");
        map.metrics.got(status, took);
        Some(response)
    }

    fn at_once(&self, map: &Map, headers: &HeaderMap) -> Option<Response> {
        let (app, resource) = (&self.app, map.resource);
        negotiate(headers, &[resource.media_type]).ok()?;
        let version = app.shared.published.number();
        let kept = (app.shared.representations).of_version(resource.id, version)?;
        app.represent_at_once(headers, &kept)
    }
}

/// An answer under way, complete when it is there.
pub struct Answering {
    way: Way,
    is_options: bool,
}

enum Way {
    /// Until it is taken.
    Quick(Option<Response>),
    Routed(RouteFuture<Infallible>),
}

impl Future for Answering {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let is_options = self.is_options;
        let answered = match &mut self.way {
            Way::Quick(response) => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                // A future that has ended is not asked again.
                None => Poll::Pending,
            },
            Way::Routed(answer) => Pin::new(answer).poll(context),
        };
        answered.map_ok(|mut response| {
            complete(&mut response, is_options);
            response
        })
    }
}
