//! The accept loop on hyper: every connection is a task with a deadline on each thing that its client
//! could draw out, and all of them end when the daemon stops.
//!
//! * A client that sends nothing, or half a head, is dropped after the header timeout; one that sends the
//!   first octets as slowly as it may has that time once more for the rest of its first head.
//! * Over TLS the client says which version of HTTP it speaks (ALPN), else its first octets do: our own
//!   look at them, since hyper's waits for ever for a silent client. HTTP/2 is in `super::http2`.
//! * A client that does not take its answer is dropped after the write timeout.
//! * At stop, idle connections close at once, requests under way have the grace time, and what is
//!   still open then, such as an endless stream, is closed.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use super::counts::{Counted, Counts};
use super::guard::Caller;
use super::preface::Begun;
use super::quick::Routes;
use super::rate::network_of;
use super::{http2, tls};
use crate::metrics::{ConnectionRefusal, Metrics};
use crate::settings::Limits;

/// Octets of a refused body that are taken in.
const MAX_UNREAD: u64 = 64 << 20;

/// A server before it runs.
pub struct Server {
    /// Where connections come from.
    pub listener: TcpListener,
    /// TLS, if it is spoken.
    pub tls: Option<TlsAcceptor>,
    /// What answers.
    pub router: Routes,
    /// What clients may cost.
    pub limits: Limits,
    /// Counters.
    pub metrics: Arc<Metrics>,
}

impl Server {
    /// Serves until `stop`, then until every request under way has ended or the grace time is over.
    pub async fn run(self, stop: CancellationToken) {
        let Self {
            listener,
            tls,
            router,
            limits,
            metrics,
        } = self;
        let shared = Arc::new(Shared {
            tls,
            router,
            limits,
            metrics,
            stop: stop.clone(),
            kill: CancellationToken::new(),
            tasks: TaskTracker::new(),
            open: Counts::new(limits.connections_per_client),
        });
        let room = Arc::new(Semaphore::new(
            limits.connections.min(Semaphore::MAX_PERMITS),
        ));
        let tasks = &shared.tasks;
        loop {
            // With no room left the backlog waits in the kernel until a connection ends.
            let accepted = async {
                let permit = Arc::clone(&room).acquire_owned().await;
                (permit, listener.accept().await)
            };
            let (permit, accepted) = tokio::select! {
                () = stop.cancelled() => break,
                accepted = accepted => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let Some(place) = Place::take(&shared, network_of(peer.ip())) else {
                        shared
                            .metrics
                            .connection_refused(ConnectionRefusal::PerClient);
                        debug!(%peer, "too many connections from this address");
                        continue;
                    };
                    tasks.spawn(async move {
                        let _permit = permit;
                        connection(place, stream, peer).await;
                    });
                }
                // The client gave up before we came to it, or we are out of descriptors.
                Err(error) => {
                    warn!(%error, "cannot accept a connection");
                    if !is_of_one_connection(&error) {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        }
        drop(listener);
        tasks.close();
        if tokio::time::timeout(limits.shutdown_grace, tasks.wait())
            .await
            .is_err()
        {
            info!(
                connections = tasks.len(),
                "the grace time is over: closing what is still open"
            );
            shared.kill.cancel();
            tasks.wait().await;
        }
    }
}

/// What connections share.
pub(super) struct Shared {
    tls: Option<TlsAcceptor>,
    pub(super) router: Routes,
    pub(super) limits: Limits,
    metrics: Arc<Metrics>,
    pub(super) stop: CancellationToken,
    pub(super) kill: CancellationToken,
    /// Connections, and the streams of HTTP/2.
    pub(super) tasks: TaskTracker,
    /// Open connections by the client's network.
    open: Counts<IpAddr>,
}

/// A connection's place in the counts; given back when dropped.
struct Place {
    shared: Arc<Shared>,
    #[expect(dead_code, reason = "held, and given back when dropped")]
    counted: Counted<IpAddr>,
}

impl Place {
    fn take(shared: &Arc<Shared>, peer: IpAddr) -> Option<Self> {
        let counted = shared.open.one_more(peer)?;
        shared.metrics.connection_opened();
        Some(Self {
            shared: Arc::clone(shared),
            counted,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.metrics.connection_closed();
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

async fn connection(place: Place, stream: TcpStream, peer: SocketAddr) {
    let shared = &place.shared;
    // Answers are written whole; waiting for more to send with them only adds delay.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(shared.limits.write_timeout));
    let plain = Caller {
        peer,
        certificate: None,
    };
    let Some(acceptor) = &shared.tls else {
        return serve_either(shared, Begun::new(Box::pin(stream)), plain).await;
    };
    // In this task and under a deadline, never in the accept loop.
    let handshake = acceptor.accept(Box::pin(stream));
    let handshake = tokio::time::timeout(shared.limits.header_timeout, handshake);
    let shaken = tokio::select! {
        () = shared.stop.cancelled() => return,
        shaken = handshake => shaken,
    };
    match shaken {
        Ok(Ok(stream)) => {
            let caller = Caller {
                certificate: tls::certificate(&stream),
                ..plain
            };
            if tls::is_http2(&stream) {
                serve_either(shared, Begun::new(stream), caller).await;
            } else {
                serve_http1(shared, stream, caller).await;
            }
        }
        _ => {
            shared
                .metrics
                .connection_refused(ConnectionRefusal::TlsHandshake);
            debug!(%peer, "no TLS handshake");
        }
    }
}

/// Serves a client whose first octets say which version it speaks.
async fn serve_either<S>(shared: &Shared, mut stream: Begun<S>, caller: Caller)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let peer = caller.peer;
    let first = tokio::time::timeout(shared.limits.header_timeout, stream.is_http2());
    let first = tokio::select! {
        () = shared.stop.cancelled() => return,
        first = first => first,
    };
    match first {
        Ok(Ok(true)) => http2::serve(shared, stream, caller).await,
        Ok(Ok(false)) => serve_http1(shared, stream, caller).await,
        Ok(Err(error)) => debug!(%peer, %error, "connection ended"),
        Err(_) => debug!(%peer, "nothing was asked in time"),
    }
}

async fn serve_http1(shared: &Shared, stream: impl AsyncRead + AsyncWrite + Unpin, caller: Caller) {
    let peer = caller.peer;
    let router = &shared.router;
    let service =
        service_fn(move |request: Request<Incoming>| router.answer(request, &caller, Body::new));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.limits.header_timeout)
        .max_buf_size(64 << 10)
        .serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        ended = poll_fn(|context| connection.poll_without_shutdown(context)) => ended,
        () = shared.stop.cancelled() => {
            pin::Pin::new(&mut connection).graceful_shutdown();
            tokio::select! {
                ended = poll_fn(|context| connection.poll_without_shutdown(context)) => ended,
                () = shared.kill.cancelled() => return,
            }
        }
    };
    if let Err(error) = ended {
        debug!(%peer, %error, "connection ended");
        return;
    }
    let farewell = part(connection.into_parts().io.into_inner());
    tokio::select! {
        _ = tokio::time::timeout(shared.limits.header_timeout, farewell) => {}
        () = shared.stop.cancelled() => {}
    }
}

/// Says that no more will come, and takes in what the client is still sending: a body that was refused
/// before it came. To one that sends to a closed socket the system says so, and the answer is lost.
async fn part(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    if stream.shutdown().await.is_ok() {
        let _ = tokio::io::copy(&mut stream.take(MAX_UNREAD), &mut tokio::io::sink()).await;
    }
}
