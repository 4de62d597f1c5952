//! What changes, as it does: update streams (RFC 8895) and TIPS views (RFC 9569). All that they say is in the
//! crate `alto` and in [`crate::updates`]; here is what HTTP adds to it, and what one client may have.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use alto::updates::{NoView, View};
use alto::{AltoError, Ask, Refused, media};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};

use super::App;
use super::alto_api::LIGHT_COSTS;
use super::answer::{alto_error, typed};
use super::guard::Peer;
use super::heavy::LIGHT_WORK;
use super::problem::Problem;
use super::rate::Client;
use crate::auth::Principal;
use crate::metrics::UpdatesRefusal;
use crate::settings::Settings;
use crate::updates::{Hub, Lease};

mod control;
mod events;
mod streams;
mod summaries;
mod tips;
mod views;

pub(super) use control::control;
use streams::Streams;
pub(super) use streams::open;
pub(super) use summaries::open as open_summaries;
pub(super) use tips::{item, next_edge, open_view};
use views::Views;

/// Where the control services of streams are.
pub(super) const STREAM: &str = "/updates/streams/{stream}";
/// Where the next edge of a TIPS view is asked for (RFC 9569 §7.4).
pub(super) const NEXT_EDGE: &str = "/tips/{view}/ug";
/// Where an edge of a TIPS view is (RFC 9569 §7.1).
pub(super) const ITEM: &str = "/tips/{view}/ug/{i}/{j}";

/// What is open.
pub(super) struct Updates {
    hub: Arc<Hub>,
    streams: Streams,
    views: Views,
}

impl Updates {
    /// Nothing is open.
    pub(super) fn new(hub: Arc<Hub>, settings: &Settings) -> Self {
        let of = &settings.alto.updates;
        Self {
            hub,
            streams: Streams::new(of),
            views: Views::new(of),
        }
    }

    /// Closes views that nobody asks, and tells how much is open; call it every second or so.
    pub(super) fn sweep(&self, app: &App) {
        self.views.sweep();
        self.hub.sweep();
        let metrics = &app.shared.metrics.updates;
        metrics.streams(self.streams.len());
        metrics.tips_views(self.views.len());
    }
}

/// A name in an address that nobody guesses, and that is never used again: 244 bits of the system's
/// randomness, enough not to be guessed (RFC 8895 §7.1).
fn fresh_name() -> String {
    let [one, other] = [(); 2].map(|()| uuid::Uuid::new_v4());
    format!("{}{}", one.simple(), other.simple())
}

/// Who asks, by the address of the connection, and as what is counted as one client.
fn client(peer: Option<&Peer>, principal: Option<&Principal>) -> (Option<IpAddr>, Client) {
    let address = peer.map(|peer| peer.0.ip());
    let counted = Client::of(
        principal.unwrap_or(&Principal::Anonymous),
        address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
    );
    (address, counted)
}

/// Why a view is not watched.
enum NotWatched {
    /// Its resource gives no answer.
    Refused(Refused),
    /// There is no room.
    Full(UpdatesRefusal),
    /// The work cannot be done now.
    Problem(Problem),
}

impl From<NoView> for NotWatched {
    fn from(why: NoView) -> Self {
        match why {
            NoView::Refused(refused) => Self::Refused(refused),
            NoView::TooMany(_) => Self::Full(UpdatesRefusal::Views),
        }
    }
}

/// Watches a view. If nobody does yet, what it says is found out first: on this thread if it is little work, or
/// else on one of its own.
async fn watch(app: &App, view: &View) -> Result<Lease, NotWatched> {
    let hub = &app.shared.updates.hub;
    if let Some(lease) = hub.rewatch(view) {
        return Ok(lease);
    }
    if hub.is_full() {
        return Err(NotWatched::Full(UpdatesRefusal::Octets));
    }
    hub.store().check_room(view)?;
    let place = hub.enter(view).await;
    // Maybe the one before watches it.
    if let Some(lease) = hub.rewatch(view) {
        return Ok(lease);
    }
    let heavy = hub.ask(view);
    let light = Ask {
        path_work: LIGHT_WORK.min(heavy.path_work),
        cost_work: LIGHT_COSTS.min(heavy.cost_work),
        light: true,
        ..heavy
    };
    let making = hub.making();
    let mut now = making(view, &place.said().service, &light);
    if let Err(Refused::MoreWork(_)) = now {
        // Full cost maps are made one at a time, and are all that is asked by GET and costly.
        let _one_at_a_time = match view.resource().accepts {
            None => Some(app.shared.published.cost_maps().await),
            Some(_) => None,
        };
        let (of, service) = (view.clone(), place.said().service.clone());
        let work = move || making(&of, &service, &heavy);
        let found = app.shared.heavy.run(work).await;
        now = found.map_err(NotWatched::Problem)?;
    }
    let now = now.map_err(|why| match why {
        // Soon it takes less.
        Refused::MoreWork(_) if place.said().awaits_index => {
            NotWatched::Problem(Problem::Busy { retry_after: 1 })
        }
        other => NotWatched::Refused(other),
    })?;
    Ok(place.insert(view, now).await?)
}

/// An error of ALTO's form with another status than 400: what RFC 9569 §6.2 and §7.2 recommend.
fn told(status: StatusCode, error: &AltoError) -> Response {
    typed(status, media::ERROR, error.to_json())
}

/// What a refusal is to the client: `field` has the resource's id.
fn refused(refused: &Refused, field: &str, view: &View) -> Response {
    match refused {
        Refused::Alto(error) | Refused::MoreWork(Some(error)) => alto_error(error),
        Refused::NotOffered => alto_error(&AltoError::InvalidFieldValue {
            field: field.to_owned(),
            value: view.resource().id.to_owned(),
            rule: "the resource is not offered now".to_owned(),
        }),
        Refused::MoreWork(None) => alto_error(&AltoError::InvalidFieldValue {
            field: field.to_owned(),
            value: view.resource().id.to_owned(),
            rule: "what is asked takes more work than may be done again after each change"
                .to_owned(),
        }),
    }
}

/// Not to be kept by anybody.
fn no_store(mut response: Response) -> Response {
    let value = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, value);
    response
}

/// Come back in so many seconds.
fn retry_after(mut response: Response, seconds: u64) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

#[cfg(test)]
mod tests;
