//! `POST /broker/v1/paths`: which paths the links of a service graph could take.
//!
//! A short answer is written at once. A long one is written on a thread of its own while the client reads
//! it, a few pieces ahead and no more; the search ends when the client leaves, or has not taken all of it
//! in `limits.request_timeout`.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{Request, StatusCode};
use hyper::body::Frame;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::timeout_at;

use super::App;
use super::answer::{check_content_type, negotiate, parse_json, read_body, typed};
use super::heavy::LIGHT_WORK;
use super::placements::{JSON, place_problem};
use super::problem::Problem;
use crate::clock;
use crate::placements::cancel::Waiting;
use crate::placements::paths::{self, WriteError};
use crate::placements::problem::Effort;

/// How many octets are sent together.
const PIECE: usize = 32 << 10;

/// How many pieces may wait for the client.
const AHEAD: usize = 4;

pub(super) async fn paths(
    State(app): State<App>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    negotiate(request.headers(), &[JSON])?;
    check_content_type(request.headers(), JSON)?;
    let settings = &app.shared.settings;
    let body = read_body(request, settings.limits.body_bytes).await?;
    let request = paths::decode(&parse_json(&body)?, settings.paths.per_pair)?;
    let version = app.shared.published.version();
    let waiting = Waiting::default();
    let cancelled = waiting.flag();
    let effort = Effort {
        work: LIGHT_WORK,
        cancelled: &cancelled,
    };
    let mut short = Vec::new();
    match paths::write(&version, &request, &effort, &mut short) {
        Ok(false) => return Ok(typed(StatusCode::OK, JSON, Bytes::from(short))),
        Ok(true) => drop(short),
        Err(WriteError::Place(error)) => return Err(place_problem(&error, &request)),
        // Memory takes everything.
        Err(WriteError::Io(_)) => return Err(Problem::Internal),
    }
    let admission = app.shared.heavy.admit()?;
    let (sender, pieces) = mpsc::channel(AHEAD);
    let done = Arc::new(AtomicBool::new(false));
    let mut out = Pieces {
        buffer: Vec::with_capacity(PIECE),
        sender,
        handle: Handle::current(),
        time: settings.limits.request_timeout,
        until: None,
    };
    let (work, is_done) = (settings.paths.work, Arc::clone(&done));
    let search = move || {
        let effort = Effort {
            work,
            cancelled: &cancelled,
        };
        let written = paths::write(&version, &request, &effort, &mut out);
        if written.is_ok() && out.flush().is_ok() {
            is_done.store(true, Ordering::Release);
        }
    };
    tokio::spawn(async move {
        // What does not end well is told by the body, which ends without having been told whole.
        let _ = app.shared.heavy.run_admitted(admission, search).await;
    });
    let body = Body::new(Long {
        pieces,
        done,
        _waiting: waiting,
    });
    let mut response = typed(StatusCode::OK, JSON, Bytes::new());
    response.headers_mut().remove(http::header::CONTENT_LENGTH);
    *response.body_mut() = body;
    Ok(response)
}

/// Where a search writes: pieces for the client.
struct Pieces {
    buffer: Vec<u8>,
    sender: mpsc::Sender<Bytes>,
    handle: Handle,
    time: Duration,
    /// When the client must have taken what is sent. The time begins with the first piece.
    until: Option<tokio::time::Instant>,
}

impl Write for Pieces {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(octets);
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE));
        let time = self.time;
        let until = *self.until.get_or_insert_with(|| clock::instant() + time);
        let send = timeout_at(until, self.sender.send(piece.into()));
        match self.handle.block_on(send) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

/// The body of a long answer. It ends with an error if it was not written to its end, so that nobody
/// takes a part for the whole.
struct Long {
    pieces: mpsc::Receiver<Bytes>,
    done: Arc<AtomicBool>,
    _waiting: Waiting,
}

impl hyper::body::Body for Long {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(match ready!(self.pieces.poll_recv(context)) {
            Some(piece) => Some(Ok(Frame::data(piece))),
            None if self.done.load(Ordering::Acquire) => None,
            None => Some(Err(io::ErrorKind::UnexpectedEof.into())),
        })
    }
}
