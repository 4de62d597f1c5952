//! The bodies of streams of events. One asks for what is to be told when the connection can take some: for a client
//! that reads slowly there is nothing kept but the messages that it is being sent.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use alto::media;
use alto::updates::Message;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, header};
use hyper::body::{Body, Frame};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::no_store;
use super::streams::Opened;

/// Messages with more octets are encoded on a thread of their own.
const LARGE: usize = 1 << 20;

/// What is told on a stream.
pub(super) trait Messages: Send + 'static {
    /// What is to be told now, and whether nothing comes after.
    fn take(&mut self, opened: &Opened) -> (Vec<Message>, bool);
}

/// The answer to who opens a stream: all that it tells, from now on. It is closed when the client is gone.
pub(super) fn answer(opened: Opened, messages: impl Messages) -> Response {
    let changes = opened.app.shared.updates.hub.changes();
    let reader = Reader {
        opened,
        changes,
        messages,
    };
    let events = Events {
        pieces: VecDeque::new(),
        next: Some(reader.next()),
    };
    let mut response = axum::body::Body::new(events).into_response();
    let kind = HeaderValue::from_static(media::UPDATE_STREAM);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    no_store(response)
}

/// The next messages, and those after. `None` at the end.
type Following = Option<(Vec<Bytes>, Next)>;

struct Next(Pin<Box<dyn Future<Output = Following> + Send>>);

/// What is sent of a stream.
struct Events {
    pieces: VecDeque<Bytes>,
    /// `None` when nothing more comes.
    next: Option<Next>,
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        loop {
            if let Some(piece) = self.pieces.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            let Some(next) = &mut self.next else {
                return Poll::Ready(None);
            };
            match ready!(next.0.as_mut().poll(context)) {
                Some((pieces, after)) => {
                    self.pieces = pieces.into();
                    self.next = Some(after);
                }
                None => self.next = None,
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && self.next.is_none()
    }
}

struct Reader<M> {
    opened: Opened,
    changes: watch::Receiver<u64>,
    messages: M,
}

impl<M: Messages> Reader<M> {
    fn next(mut self) -> Next {
        Next(Box::pin(async move {
            let pieces = self.pieces().await?;
            Some((pieces, self.next()))
        }))
    }

    /// Waits until something is to be told, or for so long that a comment keeps the connection alive. `None` at
    /// the end.
    async fn pieces(&mut self) -> Option<Vec<Bytes>> {
        let app = self.opened.app.clone();
        let hub = &app.shared.updates.hub;
        let session = self.opened.session.clone();
        let mut silence = std::pin::pin!(sleep(app.shared.settings.alto.updates.keep_alive));
        loop {
            // What changes from here on is looked at again.
            self.changes.borrow_and_update();
            let (messages, is_closed) = self.messages.take(&self.opened);
            if !messages.is_empty() {
                for message in &messages {
                    let metrics = &app.shared.metrics.updates;
                    metrics.message(message.kind, message.len());
                }
                return encoded(messages).await;
            }
            if is_closed {
                return None;
            }
            tokio::select! {
                () = hub.stop().cancelled() => return None,
                changed = self.changes.changed() => if changed.is_err() { return None },
                () = session.poked.notified() => {}
                () = &mut silence => return Some(vec![Bytes::from_static(b":\n\n")]),
            }
        }
    }
}

/// The messages as they go over the wire. Of a large document the first who is told it looks for the lines: on a
/// thread of its own. `None` if that fails: then the stream is to end, since what it was to tell is lost.
pub(super) async fn encoded(messages: Vec<Message>) -> Option<Vec<Bytes>> {
    let is_large = messages.iter().any(|message| message.len() > LARGE);
    let encode = move || messages.iter().flat_map(Message::encode).collect();
    if is_large {
        spawn_blocking(encode).await.ok()
    } else {
        Some(encode())
    }
}
