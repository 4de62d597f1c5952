//! `POST /updates/tips`: an update stream of the summaries of TIPS views (RFC 9569 §6.2, §6.3.3). The views are
//! open for as long as it is.

use alto::updates::{AddSummary, Message, OpenSummaries, Summaries};
use alto::{Refused, media};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::Request;
use tracing::debug;

use super::events::{Messages, answer};
use super::streams::{Opened, crowded};
use super::views::InUse;
use super::{NotWatched, client, refused, tips};
use crate::auth::Principal;
use crate::http::App;
use crate::http::answer::{alto_error, check_content_type, negotiate, read_body};
use crate::http::counts::Counted;
use crate::http::guard::Peer;
use crate::http::problem::Problem;
use crate::http::rate::Client;

/// The handler.
pub(in crate::http) async fn open(
    State(app): State<App>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    negotiate(request.headers(), &[media::UPDATE_STREAM])?;
    check_content_type(request.headers(), media::UPDATE_STREAM_PARAMS)?;
    let base = tips::base(&app, request.headers(), request.uri())?;
    let of = request.extensions();
    let (address, counted) = client(of.get::<Peer>(), of.get::<Principal>());
    let body = read_body(request, app.shared.settings.limits.body_bytes).await?;
    let request = match OpenSummaries::read(&body, address) {
        Ok(request) => request,
        Err(error) => return Ok(alto_error(&error)),
    };
    let wanted = (request.add.len(), app.shared.updates.streams.limits.active);
    let (opened, substreams) = Opened::place(&app, counted.clone(), wanted)?;
    let mut views = Vec::with_capacity(request.add.len());
    let mut told = Vec::with_capacity(request.add.len());
    for add in request.add {
        match tips::opened(&app, &add.open.view, counted.clone()).await {
            Ok(view) => {
                let uri = tips::view_uri(&base, &view);
                views.push(view);
                told.push((add, uri));
            }
            Err(why) => return not_opened(&app, why, &add),
        }
    }
    debug!(views = views.len(), client = ?address, "a stream of summaries is open");
    Ok(answer(
        opened,
        Told {
            summaries: Summaries::new(told),
            views,
            substreams,
        },
    ))
}

/// Why a view is not open, as TIPS itself tells it; that there is no room as update streams do.
fn not_opened(app: &App, why: NotWatched, add: &AddSummary) -> Result<Response, Problem> {
    match why {
        NotWatched::Refused(why @ (Refused::NotOffered | Refused::MoreWork(None))) => {
            let field = format!("add/{}/input/resource-id", add.substream);
            Ok(refused(&why, &field, &add.open.view))
        }
        NotWatched::Refused(why) => Ok(refused(&why, "resource-id", &add.open.view)),
        NotWatched::Full(why) => Err(crowded(app, why)),
        NotWatched::Problem(problem) => Err(problem),
    }
}

/// What a stream of summaries tells, and what it holds.
struct Told {
    summaries: Summaries,
    #[expect(dead_code, reason = "they stay open until this is dropped")]
    views: Vec<InUse>,
    #[expect(dead_code, reason = "held, and given back when dropped")]
    substreams: Vec<Counted<Client>>,
}

impl Messages for Told {
    fn take(&mut self, opened: &Opened) -> (Vec<Message>, bool) {
        let hub = &opened.app.shared.updates.hub;
        let messages = self.summaries.take(&hub.store());
        (messages, self.summaries.is_closed())
    }
}
