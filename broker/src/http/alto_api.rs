//! The ALTO resources. All the protocol is in the crate `alto`; here is what HTTP adds to it.

use alto::{Ask, Refused, Resource, media};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use http::{HeaderMap, Method, Request};

use super::App;
use super::answer::{alto_error, check_content_type, negotiate, read_body};
use super::guard::Peer;
use super::heavy::LIGHT_WORK;
use super::problem::Problem;
use super::routes::method_not_allowed;

/// Steps of finding costs that a network thread does itself: about a millisecond.
pub(super) const LIGHT_COSTS: u64 = 20_000;

/// The resources by address, in the order of the table.
pub(super) fn addresses() -> impl Iterator<Item = (&'static str, Vec<&'static Resource>)> {
    let all = alto::resources();
    let first = move |at: usize, uri: &str| all.iter().position(|one| one.uri == uri) == Some(at);
    let firsts = all.iter().enumerate();
    // What tells of changes has handlers of its own.
    let is_here = |resource: &Resource| !resource.is_of_updates();
    let firsts = firsts.filter(move |(at, resource)| first(*at, resource.uri) && is_here(resource));
    firsts.map(move |(_, resource)| {
        let here = all.iter().filter(|other| other.uri == resource.uri);
        (resource.uri, here.copied().collect())
    })
}

/// The method of an address and its handler. All resources of one address take the same.
pub(super) fn route(resources: Vec<&'static Resource>) -> MethodRouter<App> {
    let first = resources.first().copied();
    let route = match resources.as_slice() {
        [resource] if resource.accepts.is_none() => {
            let resource = *resource;
            get(move |State(app): State<App>, headers: HeaderMap| map(app, resource, headers))
        }
        _ => post(move |State(app): State<App>, request: Request<Body>| {
            answer(app, resources.clone(), request)
        }),
    };
    with_options(route, first)
}

/// A route of a resource, with an answer of its own to the methods that it does not take.
pub(super) fn with_options(
    route: MethodRouter<App>,
    resource: Option<&'static Resource>,
) -> MethodRouter<App> {
    let other = move |State(app): State<App>, method: Method, headers: HeaderMap| {
        other_method(app, resource, method, headers)
    };
    route.fallback(other)
}

impl App {
    /// What a request may cost on a network thread.
    pub(super) fn light(&self, peer: Option<&Peer>) -> Ask {
        let settings = &self.shared.settings;
        Ask {
            client: peer.map(|peer| peer.0.ip()),
            now: crate::clock::now().timestamp,
            path_work: LIGHT_WORK.min(settings.paths.work),
            cost_work: LIGHT_COSTS.min(settings.alto.work),
            light: true,
        }
    }

    /// What it may cost on a thread of its own.
    fn heavy(&self, light: Ask) -> Ask {
        let settings = &self.shared.settings;
        Ask {
            path_work: settings.paths.work,
            cost_work: settings.alto.work,
            light: false,
            ..light
        }
    }
}

/// A resource that is asked by GET.
async fn map(
    app: App,
    resource: &'static Resource,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    negotiate(&headers, &[resource.media_type])?;
    let ask = app.light(None);
    let (mut version, service) = app.shared.published.numbered_service();
    let mut content = service.content(resource, &[], &ask);
    if let Err(Refused::MoreWork(_)) = content {
        let _one_at_a_time = app.shared.published.cost_maps().await;
        // Maybe the one before made it, or there is a newer version by now.
        let (newer, service) = app.shared.published.numbered_service();
        version = newer;
        content = service.content(resource, &[], &ask);
        if let Err(Refused::MoreWork(_)) = content {
            let ask = app.heavy(ask);
            let work = move || service.content(resource, &[], &ask);
            content = app.shared.heavy.run(work).await?;
        }
    }
    match content {
        Ok(content) => {
            app.represent(&headers, resource.id, content, Some(version))
                .await
        }
        Err(refused) => respond_refused(refused, resource),
    }
}

/// OPTIONS tells what an address can do (RFC 7285 §9.2.2): the directory that lists it says so.
async fn other_method(
    app: App,
    resource: Option<&'static Resource>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    match resource {
        Some(resource)
            if method == Method::OPTIONS && negotiate(&headers, &[media::DIRECTORY]).is_ok() =>
        {
            let directory = app.shared.published.service().directory_of(resource);
            app.represent_once(&headers, directory).await
        }
        _ => Ok(method_not_allowed(method).await),
    }
}

/// Resources that are asked by POST: of those at one address, `Accept` chooses.
async fn answer(
    app: App,
    resources: Vec<&'static Resource>,
    mut request: Request<Body>,
) -> Result<Response, Problem> {
    let offered: Vec<&'static str> = resources.iter().map(|one| one.media_type).collect();
    let wanted = negotiate(request.headers(), &offered)?;
    let resource = resources.iter().find(|one| one.media_type == wanted);
    let resource = *resource.ok_or(Problem::Internal)?;
    check_content_type(request.headers(), resource.accepts.unwrap_or_default())?;
    let ask = app.light(request.extensions().get::<Peer>());
    let headers = std::mem::take(request.headers_mut());
    let body = read_body(request, app.shared.settings.limits.body_bytes).await?;
    let service = app.shared.published.service();
    let mut content = service.content(resource, &body, &ask);
    if let Err(Refused::MoreWork(_)) = content {
        let ask = app.heavy(ask);
        let work = move || service.content(resource, &body, &ask);
        content = app.shared.heavy.run(work).await?;
    }
    match content {
        Ok(content) => app.represent_once(&headers, content).await,
        Err(refused) => respond_refused(refused, resource),
    }
}

fn respond_refused(refused: Refused, resource: &Resource) -> Result<Response, Problem> {
    match refused {
        Refused::Alto(error) | Refused::MoreWork(Some(error)) => Ok(alto_error(&error)),
        Refused::NotOffered => Err(Problem::NotFound {
            path: resource.uri.to_owned(),
        }),
        Refused::MoreWork(None) => Err(Problem::Busy { retry_after: 1 }),
    }
}
