//! The ALTO resources. All the protocol is in the crate `alto`; here is what HTTP adds to it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use alto::{Ask, Content, Refused, Resource};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use hyper::body::{Frame, SizeHint};

use super::App;
use super::answer::{
    alto_error, check_content_type, has_version, insert_etag, negotiate, read_body,
};
use super::guard::Peer;
use super::heavy::LIGHT_WORK;
use super::problem::Problem;

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
    match resources.as_slice() {
        [resource] if resource.accepts.is_none() => {
            let resource = *resource;
            get(move |State(app): State<App>, headers: HeaderMap| map(app, resource, headers))
        }
        _ => post(move |State(app): State<App>, request: Request<Body>| {
            answer(app, resources.clone(), request)
        }),
    }
}

impl App {
    /// What a request may cost on a network thread.
    fn light(&self, peer: Option<&Peer>) -> Ask {
        let settings = &self.shared.settings;
        Ask {
            client: peer.map(|peer| peer.0.ip()),
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
    let mut content = app.shared.published.service().content(resource, &[], &ask);
    if let Err(Refused::MoreWork(_)) = content {
        let _one_at_a_time = app.shared.published.cost_maps().await;
        // Maybe the one before made it, or there is a newer version by now.
        let service = app.shared.published.service();
        content = service.content(resource, &[], &ask);
        if let Err(Refused::MoreWork(_)) = content {
            let ask = app.heavy(ask);
            let work = move || service.content(resource, &[], &ask);
            content = app.shared.heavy.run(work).await?;
        }
    }
    let content = match content {
        Ok(content) => content,
        Err(refused) => return respond_refused(refused, resource),
    };
    let Some(tag) = &content.tag else {
        return Ok(typed(content));
    };
    let tag = tag.clone();
    let mut response = if has_version(&headers, tag.as_str()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        typed(content)
    };
    let headers = response.headers_mut();
    insert_etag(headers, &tag);
    // Keep it, but ask whether it is still current: a map may change at any moment.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// Resources that are asked by POST: of those at one address, `Accept` chooses.
async fn answer(
    app: App,
    resources: Vec<&'static Resource>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let offered: Vec<&'static str> = resources.iter().map(|one| one.media_type).collect();
    let wanted = negotiate(request.headers(), &offered)?;
    let resource = resources.iter().find(|one| one.media_type == wanted);
    let resource = *resource.ok_or(Problem::Internal)?;
    check_content_type(request.headers(), resource.accepts.unwrap_or_default())?;
    let ask = app.light(request.extensions().get::<Peer>());
    let body = read_body(request, app.shared.settings.limits.body_bytes).await?;
    let service = app.shared.published.service();
    let mut content = service.content(resource, &body, &ask);
    if let Err(Refused::MoreWork(_)) = content {
        let ask = app.heavy(ask);
        let work = move || service.content(resource, &body, &ask);
        content = app.shared.heavy.run(work).await?;
    }
    match content {
        Ok(content) => Ok(typed(content)),
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

/// A content as a response. A type that we made is always a valid header value.
pub(super) fn typed(content: Content) -> Response {
    let media_type = HeaderValue::from_str(&content.media_type);
    let body = match content.pieces.as_slice() {
        [only] => Body::from(only.clone()),
        _ => Body::new(Pieces {
            left: content.len() as u64,
            pieces: content.pieces.into(),
        }),
    };
    let mut response = Response::new(body);
    if let Ok(media_type) = media_type {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, media_type);
    }
    response
}

/// A body of pieces, sent as they are: its length is known, and nothing is copied together.
struct Pieces {
    pieces: VecDeque<Bytes>,
    left: u64,
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.pop_front();
        self.left -= piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
