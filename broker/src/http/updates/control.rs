//! `POST /updates/streams/{stream}`: the control service of a stream (RFC 8895 §7).

use alto::media;
use alto::updates::{Control, NoStream};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode};

use super::client;
use super::streams::{answer, crowded, watch_all};
use crate::auth::Principal;
use crate::http::App;
use crate::http::answer::{alto_error, check_content_type, read_body};
use crate::http::domains::InPath;
use crate::http::guard::Peer;
use crate::http::problem::Problem;
use crate::metrics::UpdatesRefusal;

/// The handler. The address alone says which stream it is.
pub(in crate::http) async fn control(
    State(app): State<App>,
    InPath(name): InPath<String>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    check_content_type(request.headers(), media::UPDATE_STREAM_PARAMS)?;
    let of = request.extensions();
    let (address, _) = client(of.get::<Peer>(), of.get::<Principal>());
    let body = read_body(request, app.shared.settings.limits.body_bytes).await?;
    let updates = &app.shared.updates;
    let Some(session) = updates.streams.session(&name) else {
        // Closed, or guessed: the guard has counted the request, and the metric tells of many.
        app.shared.metrics.updates.unknown();
        return Err(closed());
    };
    let request = match Control::read(&body, address) {
        Ok(request) => request,
        Err(error) => return Ok(alto_error(&error)),
    };
    // What is wrong is told before anything is found out for it.
    let checked = match session.stream().as_ref() {
        Some(live) => live.stream.check(&request),
        None => Err(NoStream::Closed),
    };
    if let Err(why) = checked {
        return refuse(&app, why, &request);
    }
    let Some(counted) = updates.streams.substreams(&session, request.add.len()) else {
        return Err(crowded(&app, UpdatesRefusal::Substreams));
    };
    let leases = match watch_all(&app, &request.add).await {
        Ok(leases) => leases,
        Err(answer) => return answer,
    };
    let done = match session.stream().as_mut() {
        Some(live) => {
            let done = {
                let mut store = updates.hub.store();
                live.stream.control_watched(&request, &mut store)
            };
            live.add(counted);
            live.settle();
            done
        }
        None => Err(NoStream::Closed),
    };
    drop(leases);
    match done {
        Ok(()) => {
            session.poked.notify_one();
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Err(why) => refuse(&app, why, &request),
    }
}

fn refuse(app: &App, why: NoStream, request: &Control) -> Result<Response, Problem> {
    match why {
        NoStream::Closed => Err(closed()),
        other => answer(app, other, &request.add),
    }
}

fn closed() -> Problem {
    Problem::NotFound {
        path: "the address of a stream that is closed, or of none".to_owned(),
    }
}
