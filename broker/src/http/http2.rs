//! One HTTP/2 connection (RFC 9113), and what keeps its client from drawing things out or piling them up.
//!
//! * Streams at once, the size of a head, and resets that cost the client nothing are bounded. What is
//!   over a bound is refused or ends the connection, as the RFC has it.
//! * A client that is gone does not answer a ping. One that is there and asks nothing is told to go away
//!   after the header timeout, as in HTTP/1.1.
//! * A client that takes nothing of an answer loses that stream after the write timeout, although it may
//!   be well on others: here it is flow control that holds an answer up, and the socket never shows it.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::rt::Executor;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;
use tracing::debug;

use super::guard::Caller;
use super::server::Shared;

/// The most octets of a request's head, as RFC 9113 §6.5.2 counts them.
const MAX_HEAD: u32 = 32 << 10;
/// Octets of bodies that may be under way on one stream, and on the connection: so much memory may a client
/// take whose bodies nobody reads yet.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// Octets of an answer that wait for a stream's window.
const SEND_BUFFER: usize = 128 << 10;
/// Streams that were reset before we came to them, and that we reset since they broke a rule: with more the
/// connection ends (CVE-2023-44487, RUSTSEC-2024-0003).
const MAX_RESETS: usize = 20;
const MAX_ERRORS: usize = 128;
/// How long the rest of a body may take that nobody wants.
const PATIENCE_FOR_REST: Duration = Duration::from_secs(1);
/// Octets in one frame of data (RFC 9113 §6.5.2, the smallest that every client takes).
const FRAME: usize = 16 << 10;

/// Serves a connection until it ends.
pub(super) async fn serve<S>(shared: &Shared, stream: S, caller: Caller)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (limits, peer) = (&shared.limits, caller.peer);
    let busy = Arc::new(Busy::default());
    let service = service_fn({
        let (busy, router, tasks) = (Arc::clone(&busy), &shared.router, &shared.tasks);
        move |request: Request<Incoming>| {
            let under_way = busy.begin();
            let answer = router.answer(request, &caller, |body| {
                let (body, tasks) = (Some(body), tasks.clone());
                Body::new(Received { body, tasks })
            });
            async move {
                let response = answer.await?;
                let progress = PROGRESS.try_with(Arc::clone).ok();
                Ok::<_, Infallible>(response.map(|body| Sent {
                    body,
                    left: Bytes::new(),
                    progress,
                    _under_way: under_way,
                }))
            }
        }
    });
    let streams = Streams {
        tasks: shared.tasks.clone(),
        write_timeout: limits.write_timeout,
    };
    let connection = Builder::new(streams)
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.http2.streams)
        .max_header_list_size(MAX_HEAD)
        .max_pending_accept_reset_streams(MAX_RESETS)
        .max_local_error_reset_streams(MAX_ERRORS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(limits.http2.ping_interval)
        .keep_alive_timeout(limits.http2.ping_timeout)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = busy.quiet(limits.header_timeout) => None,
        () = shared.stop.cancelled() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        // It has never asked anything: there is nothing that it could lose.
        None if busy.begun.load(Ordering::Relaxed) == 0 => return,
        None => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection => ended,
                // The rest of an answer may still be on its way.
                () = busy.quiet(limits.write_timeout) => return,
                () = shared.kill.cancelled() => return,
            }
        }
    };
    if let Err(error) = ended {
        debug!(%peer, %error, "connection ended");
    }
}

/// The body of a request. What nobody has read of it when it is let go is read then, if it comes soon and is
/// not large: else the stream is reset behind the answer, as it may be (RFC 9113 §8.1), and some clients take
/// that for a failure.
struct Received {
    /// Until it is let go.
    body: Option<Incoming>,
    tasks: TaskTracker,
}

impl Drop for Received {
    fn drop(&mut self) {
        let unread = self.body.take().filter(|body| !body.is_end_stream());
        let Some(mut body) = unread else {
            return;
        };
        let rest = async move {
            let mut left = STREAM_WINDOW as usize;
            while let Some(Ok(frame)) = body.frame().await {
                let octets = frame.data_ref().map_or(0, Bytes::len);
                match left.checked_sub(octets) {
                    Some(less) => left = less,
                    None => break,
                }
            }
        };
        self.tasks
            .spawn(tokio::time::timeout(PATIENCE_FOR_REST, rest));
    }
}

impl hyper::body::Body for Received {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let hint = self.body.as_ref().map(Incoming::size_hint);
        hint.unwrap_or_default()
    }
}

/// How many requests of a connection are under way.
#[derive(Default)]
struct Busy {
    under_way: AtomicUsize,
    begun: AtomicU64,
    /// Told when none is under way any more.
    idle: Notify,
}

impl Busy {
    fn begin(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        self.begun.fetch_add(1, Ordering::Relaxed);
        UnderWay(Arc::clone(self))
    }

    /// Until none has been under way for `time`, or up to twice as long.
    async fn quiet(&self, time: Duration) {
        loop {
            if self.under_way.load(Ordering::Relaxed) > 0 {
                self.idle.notified().await;
                continue;
            }
            let begun = self.begun.load(Ordering::Relaxed);
            sleep(time).await;
            if self.begun.load(Ordering::Relaxed) == begun {
                return;
            }
        }
    }
}

/// A request under way, from its head to the last of its answer.
struct UnderWay(Arc<Busy>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        if self.0.under_way.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.idle.notify_one();
        }
    }
}

tokio::task_local! {
    /// How the answer of the stream that a task serves gets on.
    static PROGRESS: Arc<Progress>;
}

/// How far an answer has got.
#[derive(Default)]
struct Progress {
    /// Pieces of it that were taken from the body.
    pieces: AtomicU64,
    /// Whether the next is asked for: else the client has not taken the one before.
    is_asked: AtomicBool,
}

/// Runs streams, each as a task of the server's.
#[derive(Clone)]
struct Streams {
    tasks: TaskTracker,
    write_timeout: Duration,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        self.tasks.spawn(watched(stream, self.write_timeout));
    }
}

/// Runs a stream until it ends, or until its client has taken nothing for `timeout`: it is reset then.
async fn watched(stream: impl Future<Output = ()>, timeout: Duration) {
    let progress = Arc::new(Progress::default());
    // Until there is an answer, it is not the client that is waited for.
    progress.is_asked.store(true, Ordering::Relaxed);
    let mut stream = pin!(PROGRESS.scope(Arc::clone(&progress), stream));
    let mut patience = pin!(sleep(timeout));
    let mut since = None;
    poll_fn(|context| {
        if stream.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        if progress.is_asked.load(Ordering::Relaxed) {
            since = None;
            return Poll::Pending;
        }
        let pieces = progress.pieces.load(Ordering::Relaxed);
        if since.replace(pieces) != Some(pieces) {
            patience.set(sleep(timeout));
        }
        patience.as_mut().poll(context)
    })
    .await;
}

/// A body that is sent, frame by frame.
struct Sent {
    body: Body,
    /// Of a piece that is larger than a frame.
    left: Bytes,
    progress: Option<Arc<Progress>>,
    _under_way: UnderWay,
}

impl Sent {
    fn note(&self, is_asked: bool) {
        if let Some(progress) = &self.progress {
            progress.is_asked.store(is_asked, Ordering::Relaxed);
            progress.pieces.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl hyper::body::Body for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.left.is_empty() {
            let frame = match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Pending => {
                    self.note(true);
                    return Poll::Pending;
                }
                Poll::Ready(frame) => frame,
            };
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.left = data,
                Some(Ok(Err(other))) => return Poll::Ready(Some(Ok(other))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        self.note(false);
        let length = self.left.len().min(FRAME);
        let piece = self.left.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (body, left) = (self.body.size_hint(), self.left.len() as u64);
        let mut all = SizeHint::new();
        all.set_lower(body.lower().saturating_add(left));
        if let Some(upper) = body.upper().and_then(|upper| upper.checked_add(left)) {
            all.set_upper(upper);
        }
        all
    }
}
