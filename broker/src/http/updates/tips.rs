//! TIPS (RFC 9569): views of the versions of a resource, of which clients pull what they lack.

use alto::updates::{Edge, Item, NextEdge, NoItem, OpenView, Summary, View};
use alto::{AltoError, media};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header};
use nffg::json::FieldError;
use tokio::time::sleep;
use tracing::debug;

use super::streams::RETRY;
use super::views::{InUse, Waiting};
use super::{NotWatched, client, no_store, refused, retry_after, told, watch};
use crate::auth::Principal;
use crate::http::App;
use crate::http::answer::{
    accept, alto_error, check_content_type, has_version, insert_etag, negotiate, read_body, typed,
};
use crate::http::guard::Peer;
use crate::http::problem::Problem;
use crate::http::rate::Client;
use crate::http::representation::plain;
use crate::metrics::UpdatesRefusal;

/// An edge says the same for ever: whoever has it need not ask again (RFC 9569 §4.2). Caches that many share
/// may keep it where they may keep a map.
fn for_ever(app: &App, headers: &HeaderMap) -> HeaderValue {
    HeaderValue::from_static(if app.kept_by(headers).starts_with("private") {
        "private, max-age=3600, immutable"
    } else {
        "max-age=3600, immutable"
    })
}

/// `POST /tips`: opens a view, or joins one that is open (RFC 9569 §6).
pub(in crate::http) async fn open_view(
    State(app): State<App>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    negotiate(request.headers(), &[media::TIPS])?;
    check_content_type(request.headers(), media::TIPS_PARAMS)?;
    let base = base(&app, request.headers(), request.uri())?;
    let of = request.extensions();
    let (address, counted) = client(of.get::<Peer>(), of.get::<Principal>());
    let body = read_body(request, app.shared.settings.limits.body_bytes).await?;
    let request = match OpenView::read(&body, address) {
        Ok(request) => request,
        Err(error) => return Ok(alto_error(&error)),
    };
    let view = match opened(&app, &request.view, counted).await {
        Ok(view) => view,
        Err(NotWatched::Refused(why)) => {
            return Ok(refused(&why, "resource-id", &request.view));
        }
        Err(NotWatched::Full(why)) => return Ok(crowded(&app, why, &request.view)),
        Err(NotWatched::Problem(problem)) => return Err(problem),
    };
    // It may end at any moment, with the resource.
    let Some(summary) = summary(&app, &view, request.tag.as_deref()) else {
        return Ok(gone(view.name()));
    };
    let answer = summary.opened(&view_uri(&base, &view));
    Ok(no_store(typed(StatusCode::OK, media::TIPS, answer)))
}

/// The address of a view.
pub(super) fn view_uri(base: &str, view: &InUse) -> String {
    format!("{base}/tips/{}", view.name())
}

/// The view of this, with content.
pub(super) async fn opened(app: &App, wanted: &View, counted: Client) -> Result<InUse, NotWatched> {
    let updates = &app.shared.updates;
    if let Some(there) = updates.views.of(wanted) {
        // A resource that ended may be offered again.
        drop(watch(app, wanted).await?);
        return Ok(there);
    }
    let Some(counted) = updates.views.place(counted) else {
        return Err(NotWatched::Full(UpdatesRefusal::Views));
    };
    let lease = watch(app, wanted).await?;
    debug!(resource = wanted.resource().id, "a TIPS view is open");
    Ok(updates.views.add(lease, counted))
}

fn summary(app: &App, view: &InUse, tag: Option<&str>) -> Option<Summary> {
    let store = app.shared.updates.hub.store();
    Some(store.history(view.view())?.summary(tag))
}

/// `POST <view>/ug`: where a client with a version goes on (RFC 9569 §7.4).
pub(in crate::http) async fn next_edge(
    State(app): State<App>,
    name: Option<Path<String>>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    check_content_type(request.headers(), media::TIPS_PARAMS)?;
    let body = read_body(request, app.shared.settings.limits.body_bytes).await?;
    let name = name.map(|Path(name)| name).unwrap_or_default();
    let Some(view) = app.shared.updates.views.named(&name) else {
        app.shared.metrics.updates.unknown();
        return Ok(gone(&name));
    };
    let request = match NextEdge::read(&body, view.view().resource()) {
        Ok(request) => request,
        Err(error) => return Ok(alto_error(&error)),
    };
    let Some(summary) = summary(&app, &view, request.tag.as_deref()) else {
        return Ok(gone(&name));
    };
    let recommended = summary.recommended();
    let response = typed(StatusCode::OK, media::MERGE_PATCH, recommended);
    Ok(no_store(response))
}

/// `GET <view>/ug/<i>/<j>`: what is on an edge; of the next one as soon as it is there (RFC 9569 §7.2).
pub(in crate::http) async fn item(
    State(app): State<App>,
    path: Option<Path<(String, String, String)>>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let Path((name, i, j)) = path.unwrap_or_else(|| Path(Default::default()));
    let Some(edge) = Edge::from_path(&format!("{i}/{j}")) else {
        let rule = "an edge is two whole numbers (RFC 9569 7.1)";
        let value = format!("{i}/{j}");
        return Ok(no_item(StatusCode::NOT_FOUND, "ug", &value, rule));
    };
    let Some(view) = app.shared.updates.views.named(&name) else {
        app.shared.metrics.updates.unknown();
        return Ok(gone(&name));
    };
    let of = request.extensions();
    let (_, counted) = client(of.get::<Peer>(), of.get::<Principal>());
    let headers = request.headers();
    let mut response = match wait_for(&app, &view, edge, headers, counted).await {
        Ok((Item::Snapshot(snapshot), true)) if snapshot.content.tag.is_some() => {
            // It is what GET gives now, in the same codings.
            let (resource, content) = (view.view().resource(), snapshot.content.clone());
            app.represent(headers, resource.id, content, None).await?
        }
        Ok((item, _)) => on_edge(item, edge, headers),
        Err(response) => return Ok(response),
    };
    let caching = for_ever(&app, headers);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, caching);
    Ok(response)
}

/// Looks for what is on an edge until it is there. Says also whether it leads to the last version.
async fn wait_for(
    app: &App,
    view: &InUse,
    edge: Edge,
    headers: &HeaderMap,
    client: Client,
) -> Result<(Item, bool), Response> {
    let updates = &app.shared.updates;
    let accept = accept(headers);
    let mut changes = updates.hub.changes();
    let mut waiting: Option<Poll<'_>> = None;
    let mut patience = std::pin::pin!(sleep(app.shared.settings.alto.updates.poll));
    loop {
        // What changes from here on is looked at again.
        changes.borrow_and_update();
        let found = {
            let store = updates.hub.store();
            let history = store.history(view.view());
            history.map(|history| {
                let item = history.item(edge, accept.as_deref());
                item.map(|item| (item, edge.j == history.end()))
            })
        };
        let why = match found {
            None => return Err(gone(view.name())),
            Some(Ok(item)) => return Ok(item),
            Some(Err(why)) => why,
        };
        if let Some(status) = why.status() {
            return Err(no_edge(status, why, edge, headers));
        }
        if waiting.is_none() {
            let place = updates.views.poll(client.clone());
            let place = place.ok_or_else(|| crowded(app, UpdatesRefusal::Polls, view.view()))?;
            waiting = Some(Poll::new(app, place));
        }
        tokio::select! {
            () = updates.hub.stop().cancelled() => {
                let rule = "the broker is stopping";
                return Err(later(edge, rule));
            }
            () = &mut patience => return Err(later(edge, "nothing is new yet: ask again")),
            changed = changes.changed() => if changed.is_err() {
                return Err(later(edge, "the broker is stopping"));
            },
        }
    }
}

/// A poll that waits, and is counted as one.
struct Poll<'a> {
    app: &'a App,
    #[expect(dead_code, reason = "held, and given back when dropped")]
    place: Waiting,
}

impl<'a> Poll<'a> {
    fn new(app: &'a App, place: Waiting) -> Self {
        app.shared.metrics.updates.poll_began();
        Self { app, place }
    }
}

impl Drop for Poll<'_> {
    fn drop(&mut self) {
        self.app.shared.metrics.updates.poll_ended();
    }
}

fn on_edge(item: Item, edge: Edge, headers: &HeaderMap) -> Response {
    let version = match &item {
        Item::Snapshot(snapshot) => snapshot.tag.to_string(),
        Item::Increment(_) => format!("{}-{}", edge.i, edge.j),
    };
    let mut response = if has_version(headers, &version) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match item {
            Item::Snapshot(snapshot) => plain(&snapshot.content),
            Item::Increment(patch) => typed(StatusCode::OK, patch.form.media_type(), patch.bytes),
        }
    };
    let headers = response.headers_mut();
    insert_etag(headers, version);
    response
}

fn no_item(status: StatusCode, field: &str, value: &str, rule: &str) -> Response {
    let error = AltoError::InvalidFieldValue {
        field: field.to_owned(),
        value: value.chars().take(80).collect(),
        rule: rule.to_owned(),
    };
    no_store(told(status, &error))
}

/// There is no such view, or it is closed: 404.
fn gone(name: &str) -> Response {
    let rule = "there is no such TIPS view, or it is closed: open one";
    no_item(StatusCode::NOT_FOUND, "tips-view-uri", name, rule)
}

/// Nothing is on an edge, nor will be for who asks so.
fn no_edge(status: u16, why: NoItem, edge: Edge, headers: &HeaderMap) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::NOT_FOUND);
    let rule = why.to_string();
    if why == NoItem::NotAccepted {
        let accept = accept(headers).unwrap_or_default();
        return no_item(status, "Accept", &accept, &rule);
    }
    no_item(status, "ug", &format!("{}/{}", edge.i, edge.j), &rule)
}

/// It was waited for in vain: 503, and the client may ask again at once.
fn later(edge: Edge, rule: &str) -> Response {
    let value = format!("{}/{}", edge.i, edge.j);
    let response = no_item(StatusCode::SERVICE_UNAVAILABLE, "ug", &value, rule);
    retry_after(response, 1)
}

/// There is no room: 429 (RFC 9569 §6.2, §7.2).
fn crowded(app: &App, why: UpdatesRefusal, view: &View) -> Response {
    app.shared.metrics.updates.refused(why);
    let rule = match why {
        UpdatesRefusal::Polls => "as many polls wait as may: wait for one of them",
        _ => "as many views are open as may be: try again later",
    };
    let resource = view.resource().id;
    let response = no_item(StatusCode::TOO_MANY_REQUESTS, "resource-id", resource, rule);
    retry_after(response, RETRY)
}

/// How the addresses of views begin, for a client that calls us so.
pub(super) fn base(app: &App, headers: &HeaderMap, uri: &Uri) -> Result<String, Problem> {
    let settings = &app.shared.settings;
    if let Some(public) = &settings.alto.updates.public_url {
        return Ok(public.as_str().trim_end_matches('/').to_owned());
    }
    let scheme = if settings.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
    let host = host.or_else(|| {
        uri.authority()
            .map(|authority| authority.as_str().as_bytes())
    });
    let Some(host) = host else {
        return Err(FieldError::missing("Host").into());
    };
    let shown = String::from_utf8_lossy(host);
    let authority = http::uri::Authority::try_from(host).map_err(|_| {
        FieldError::invalid("Host", &*shown, "a host, and maybe a port (RFC 9110 7.2)")
    })?;
    // Who asks with a name and a password in front of the host does not get them back.
    let host = authority.host();
    Ok(match authority.port_u16() {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}
