//! `POST /updates`: a new update stream (RFC 8895 §6).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alto::media;
use alto::updates::{Message, NoStream, NoView, Open, Stream, StreamLimits};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Request;
use tokio::sync::Notify;
use tracing::debug;

use super::events::{self, Messages};
use super::{NotWatched, client, fresh_name, refused, watch};
use crate::auth::Principal;
use crate::http::App;
use crate::http::answer::{alto_error, check_content_type, negotiate, read_body};
use crate::http::counts::{Counted, Counts};
use crate::http::guard::Peer;
use crate::http::problem::Problem;
use crate::http::rate::Client;
use crate::metrics::UpdatesRefusal;
use crate::settings;
use crate::updates::Lease;

/// The streams that are open.
pub(super) struct Streams {
    by_name: Mutex<HashMap<String, Arc<Session>>>,
    most: usize,
    of_client: Counts<Client>,
    substreams_of_client: Counts<Client>,
    pub(super) limits: StreamLimits,
}

/// A stream, as its connection and its control service share it.
pub(super) struct Session {
    name: String,
    /// `None` once its client is gone.
    stream: Mutex<Option<Live>>,
    /// The control service did something.
    pub(super) poked: Notify,
    client: Client,
    #[expect(dead_code, reason = "held, and given back when dropped")]
    counted: Counted<Client>,
}

/// What a stream has while its client is there.
pub(super) struct Live {
    pub(super) stream: Stream,
    /// One for each substream.
    counted: Vec<Counted<Client>>,
}

impl Live {
    /// These are substreams of it, too.
    pub(super) fn add(&mut self, counted: Vec<Counted<Client>>) {
        self.counted.extend(counted);
    }

    /// Gives back what was counted for substreams that have stopped, and lets go of what they watched. To be
    /// called without the store.
    pub(super) fn settle(&mut self) {
        self.counted.truncate(self.stream.substreams().count());
        drop(self.stream.released());
    }
}

impl Session {
    /// The stream. To be held for a moment, and before the store.
    pub(super) fn stream(&self) -> MutexGuard<'_, Option<Live>> {
        // Each change of it is whole.
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Streams {
    pub(super) fn new(settings: &settings::Updates) -> Self {
        Self {
            by_name: Mutex::default(),
            most: settings.streams,
            of_client: Counts::new(settings.streams_per_client),
            substreams_of_client: Counts::new(settings.substreams_per_client),
            limits: settings.stream_limits(),
        }
    }

    fn by_name(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.by_name().len()
    }

    /// The stream of a control service.
    pub(super) fn session(&self, name: &str) -> Option<Arc<Session>> {
        self.by_name().get(name).cloned()
    }

    /// A place for one more stream; `None` if there are as many as there may be.
    pub(super) fn place(&self, client: Client) -> Option<Arc<Session>> {
        let counted = self.of_client.one_more(client.clone())?;
        let mut by_name = self.by_name();
        if by_name.len() >= self.most {
            return None;
        }
        let session = Arc::new(Session {
            name: fresh_name(),
            stream: Mutex::new(None),
            poked: Notify::new(),
            client,
            counted,
        });
        by_name.insert(session.name.clone(), Arc::clone(&session));
        Some(session)
    }

    /// Places for so many more substreams, counted for who opened the stream; `None` if it would have more than
    /// it may.
    pub(super) fn substreams(
        &self,
        session: &Session,
        more: usize,
    ) -> Option<Vec<Counted<Client>>> {
        let one_more = |_| self.substreams_of_client.one_more(session.client.clone());
        (0..more).map(one_more).collect()
    }
}

/// An open stream, closed when this is dropped.
pub(super) struct Opened {
    pub(super) app: App,
    pub(super) session: Arc<Session>,
}

impl Opened {
    /// Takes a place for a stream, and places for so many substreams, of which there may be `most` in it.
    ///
    /// # Errors
    /// There is no room; nothing is held then.
    pub(super) fn place(
        app: &App,
        client: Client,
        (substreams, most): (usize, usize),
    ) -> Result<(Self, Vec<Counted<Client>>), Problem> {
        let streams = &app.shared.updates.streams;
        if substreams > most {
            return Err(crowded(app, UpdatesRefusal::Substreams));
        }
        let session = streams.place(client);
        let session = session.ok_or_else(|| crowded(app, UpdatesRefusal::Streams))?;
        // From here on whatever ends this gives the place back.
        let opened = Self {
            app: app.clone(),
            session,
        };
        let counted = streams.substreams(&opened.session, substreams);
        let counted = counted.ok_or_else(|| crowded(app, UpdatesRefusal::Substreams))?;
        Ok((opened, counted))
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let updates = &self.app.shared.updates;
        updates.streams.by_name().remove(&self.session.name);
        let live = self.session.stream().take();
        if let Some(live) = live {
            let released = live.stream.close(&mut updates.hub.store());
            drop(released);
            debug!("an update stream is closed");
        }
    }
}

/// The handler.
pub(in crate::http) async fn open(
    State(app): State<App>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    negotiate(request.headers(), &[media::UPDATE_STREAM])?;
    check_content_type(request.headers(), media::UPDATE_STREAM_PARAMS)?;
    let of = request.extensions();
    let (address, client) = client(of.get::<Peer>(), of.get::<Principal>());
    let body = read_body(request, app.shared.settings.limits.body_bytes).await?;
    let request = match Open::read(&body, address) {
        Ok(request) => request,
        Err(error) => return Ok(alto_error(&error)),
    };
    let limits = app.shared.updates.streams.limits;
    let wanted = (request.add.len(), limits.active.min(limits.ever));
    let (opened, counted) = Opened::place(&app, client, wanted)?;
    let app = &opened.app;
    let leases = match watch_all(app, &request.add).await {
        Ok(leases) => leases,
        Err(answer) => return answer,
    };
    let control = format!("/updates/streams/{}", opened.session.name);
    let stream = {
        let mut store = app.shared.updates.hub.store();
        Stream::open_watched(&request, Some(control), limits, &mut store)
    };
    drop(leases);
    match stream {
        Ok(stream) => *opened.session.stream() = Some(Live { stream, counted }),
        Err(why) => return answer(app, why, &request.add),
    }
    debug!(substreams = request.add.len(), client = ?address, "an update stream is open");
    Ok(events::answer(opened, OfSession))
}

/// What is told of the stream of a session, which its control service changes meanwhile.
struct OfSession;

impl Messages for OfSession {
    fn take(&mut self, opened: &Opened) -> (Vec<Message>, bool) {
        let mut live = opened.session.stream();
        let Some(live) = live.as_mut() else {
            return (Vec::new(), true);
        };
        let messages = {
            let mut store = opened.app.shared.updates.hub.store();
            live.stream.take(&mut store)
        };
        live.settle();
        (messages, live.stream.is_closed())
    }
}

/// Watches all that is to be added, until the leases are dropped.
pub(super) async fn watch_all(
    app: &App,
    add: &[alto::updates::Add],
) -> Result<Vec<Lease>, Result<Response, Problem>> {
    let mut leases = Vec::with_capacity(add.len());
    for wanted in add {
        match watch(app, &wanted.view).await {
            Ok(lease) => leases.push(lease),
            Err(NotWatched::Refused(why)) => {
                let field = format!("add/{}/resource-id", wanted.substream);
                return Err(Ok(refused(&why, &field, &wanted.view)));
            }
            Err(NotWatched::Full(why)) => return Err(Err(crowded(app, why))),
            Err(NotWatched::Problem(problem)) => return Err(Err(problem)),
        }
    }
    Ok(leases)
}

/// What the client is told of a stream that does not take its request.
pub(super) fn answer(
    app: &App,
    why: NoStream,
    add: &[alto::updates::Add],
) -> Result<Response, Problem> {
    match why {
        NoStream::View(NoView::Refused(why)) => match add.first() {
            Some(first) => {
                let field = format!("add/{}/resource-id", first.substream);
                Ok(refused(&why, &field, &first.view))
            }
            None => Ok(refused_without(&why)),
        },
        NoStream::View(NoView::TooMany(_)) => Err(crowded(app, UpdatesRefusal::Views)),
        NoStream::TooMany(_) => Err(crowded(app, UpdatesRefusal::Substreams)),
        NoStream::NotWatched => Err(Problem::Busy { retry_after: 1 }),
        NoStream::Closed => Err(Problem::NotFound {
            path: "a stream that is closed".to_owned(),
        }),
    }
}

fn refused_without(why: &alto::Refused) -> Response {
    match why {
        alto::Refused::Alto(error) | alto::Refused::MoreWork(Some(error)) => alto_error(error),
        _ => Problem::Internal.into_response(),
    }
}

/// There is no room: 503 (RFC 8895 §10.1).
pub(super) fn crowded(app: &App, why: UpdatesRefusal) -> Problem {
    app.shared.metrics.updates.refused(why);
    let what = match why {
        UpdatesRefusal::Streams => "open update streams",
        UpdatesRefusal::Substreams => "substreams",
        UpdatesRefusal::Views => "resources and requests that are watched",
        UpdatesRefusal::Polls => "waiting polls",
        UpdatesRefusal::Octets => "octets of versions that are kept",
    };
    Problem::Crowded {
        what,
        retry_after: RETRY,
    }
}

/// When who finds no room may ask again, in seconds.
pub(super) const RETRY: u64 = 5;
