//! The body of an update stream. It asks for what is to be told when the connection can take some: for a client
//! that reads slowly there is nothing kept but the messages that it is being sent.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use alto::updates::Message;
use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::streams::Opened;

/// Messages with more octets are encoded on a thread of their own.
const LARGE: usize = 1 << 20;

/// The next messages, and who asks for those after.
type Next = Pin<Box<dyn Future<Output = Option<(Reader, Vec<Bytes>)>> + Send>>;

/// What is sent of a stream.
pub(super) struct Events {
    pieces: VecDeque<Bytes>,
    /// `None` when nothing more comes.
    next: Option<Next>,
}

impl Events {
    /// All that a stream tells, from now on. The stream is closed when the client is gone.
    pub(super) fn new(opened: Opened) -> Self {
        let changes = opened.app.shared.updates.hub.changes();
        let reader = Reader { opened, changes };
        Self {
            pieces: VecDeque::new(),
            next: Some(Box::pin(reader.next())),
        }
    }
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
            match ready!(next.as_mut().poll(context)) {
                Some((reader, pieces)) => {
                    self.pieces = pieces.into();
                    self.next = Some(Box::pin(reader.next()));
                }
                None => self.next = None,
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && self.next.is_none()
    }
}

struct Reader {
    opened: Opened,
    changes: watch::Receiver<u64>,
}

impl Reader {
    /// Waits until something is to be told, or for so long that a comment keeps the connection alive. `None` at
    /// the end.
    async fn next(mut self) -> Option<(Self, Vec<Bytes>)> {
        let app = self.opened.app.clone();
        let hub = &app.shared.updates.hub;
        let session = self.opened.session.clone();
        let mut silence = std::pin::pin!(sleep(app.shared.settings.alto.updates.keep_alive));
        loop {
            // What changes from here on is looked at again.
            self.changes.borrow_and_update();
            let (messages, is_closed) = self.take();
            if !messages.is_empty() {
                return Some((self, encoded(messages).await?));
            }
            if is_closed {
                return None;
            }
            tokio::select! {
                () = hub.stop().cancelled() => return None,
                changed = self.changes.changed() => if changed.is_err() { return None },
                () = session.poked.notified() => {}
                () = &mut silence => return Some((self, vec![Bytes::from_static(b":\n\n")])),
            }
        }
    }

    /// What is to be told now, and whether nothing comes after.
    fn take(&self) -> (Vec<Message>, bool) {
        let shared = &self.opened.app.shared;
        let mut live = self.opened.session.stream();
        let Some(live) = live.as_mut() else {
            return (Vec::new(), true);
        };
        let messages = {
            let mut store = shared.updates.hub.store();
            live.stream.take(&mut store)
        };
        live.settle();
        for message in &messages {
            shared.metrics.updates.message(message.kind, message.len());
        }
        (messages, live.stream.is_closed())
    }
}

/// The messages as they go over the wire. Of a large document the first who is told it looks for the lines: on a
/// thread of its own. `None` if that fails: then the stream is to end, since what it was to tell is lost.
async fn encoded(messages: Vec<Message>) -> Option<Vec<Bytes>> {
    let is_large = messages.iter().any(|message| message.len() > LARGE);
    let encode = move || messages.iter().flat_map(Message::encode).collect();
    if is_large {
        spawn_blocking(encode).await.ok()
    } else {
        Some(encode())
    }
}
