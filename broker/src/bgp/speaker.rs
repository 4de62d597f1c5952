//! The speaker: the listener and one task per peer.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::peer::Peer;
use super::{Mode, PeerConfig, PeerEvent, PeerId};

/// Sockets of one peer on their way to its task.
const MAILBOX: usize = 4;
/// Unknown addresses remembered, so that each is told of once.
const STRANGERS: usize = 1024;
/// When the system has no more descriptors, asking again at once does not help.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A peer that cannot be as it is configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Sockets are matched to peers by address.
    #[error("peer {0} is configured twice")]
    Twice(PeerId),
    /// RFC 4271 §4.2.
    #[error("peer {peer}: hold_time is {given:?}, not zero or 3 to 65535 whole seconds")]
    HoldTime {
        /// Whose.
        peer: PeerId,
        /// What was given.
        given: Duration,
    },
    /// RFC 7607.
    #[error("peer {peer}: {field} is 0, which is not an AS number")]
    AsZero {
        /// Whose.
        peer: PeerId,
        /// `local_as` or `remote_as`.
        field: &'static str,
    },
    /// RFC 6286 §2.1.
    #[error("peer {0}: router_id is 0.0.0.0, which is not a BGP identifier")]
    RouterIdZero(PeerId),
    /// Nobody would ever connect.
    #[error("peer {0} is passive, but there is no address to listen on")]
    NoListener(PeerId),
    /// Not one host's address.
    #[error("peer {0}: not the address of one host")]
    NotAHost(PeerId),
    /// There is no such TCP port.
    #[error("peer {0}: port is 0")]
    PortZero(PeerId),
    /// It would dial without end.
    #[error("peer {0}: connect_retry is zero")]
    RetryZero(PeerId),
    /// A socket has one family.
    #[error("peer {0}: local_address is of the other address family")]
    LocalFamily(PeerId),
}

/// Why a speaker cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A peer cannot be as it is configured.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address cannot be listened on.
    #[error("cannot listen for BGP on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// As of now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a speaker has seen, over all peers.
#[derive(Debug, Default)]
pub struct Counters {
    /// Sockets from addresses that are no peer's, closed.
    pub strangers: Count,
    /// Sockets of peers that came too soon and were closed for a newer one.
    pub slowed: Count,
    /// Connections closed because another one to the same peer was kept.
    pub collisions: Count,
    /// Attempts that ended before a session was up.
    pub failed: Count,
    /// Sessions that came up.
    pub sessions: Count,
    /// UPDATEs that concern the link-state family.
    pub updates: Count,
    /// Those of them with malformed attributes.
    pub malformed: Count,
}

/// BGP sessions with all configured peers.
#[derive(Debug)]
pub struct Speaker {
    listener: Option<TcpListener>,
    peers: Vec<PeerConfig>,
    counters: Arc<Counters>,
}

impl Speaker {
    /// Checks the peers and opens the listening socket, if there is to be one.
    ///
    /// # Errors
    ///
    /// If a peer cannot be as configured, or the address cannot be listened on.
    pub async fn bind(
        listen: Option<SocketAddr>,
        peers: Vec<PeerConfig>,
    ) -> Result<Self, StartError> {
        check(listen.is_some(), &peers)?;
        let listener = match listen {
            None => None,
            Some(address) => Some(
                TcpListener::bind(address)
                    .await
                    .map_err(|source| StartError::Listen { address, source })?,
            ),
        };
        Ok(Self {
            listener,
            peers,
            counters: Arc::default(),
        })
    }

    /// Where it listens: with port 0 asked for, the real one.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.listener
            .as_ref()
            .and_then(|listener| listener.local_addr().ok())
    }

    /// What it has seen; stays good while it runs.
    #[must_use]
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Speaks until `stop`, or until nobody reads `events` any more. When it returns every session
    /// was ended with a Cease.
    ///
    /// Events of one peer come in order. A full channel stops reading from the peers that have
    /// something to tell, not their KEEPALIVEs. An event is never larger than the message it came
    /// in, so the channel's capacity times 64 KiB bounds what it holds.
    pub async fn run(self, events: mpsc::Sender<(PeerId, PeerEvent)>, stop: CancellationToken) {
        let stop = stop.child_token();
        let mut tasks = JoinSet::new();
        let mut doors = BTreeMap::new();
        for config in self.peers {
            let (door, sockets) = mpsc::channel(MAILBOX);
            doors.insert(config.id(), door);
            let peer = Peer {
                config: Arc::new(config),
                events: events.clone(),
                sockets,
                counters: Arc::clone(&self.counters),
                stop: stop.clone(),
            };
            tasks.spawn(peer.run());
        }
        if let Some(listener) = self.listener {
            let reception = Reception {
                doors,
                counters: self.counters,
                known: HashSet::new(),
            };
            let stop = stop.clone();
            tasks.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = reception.receive(listener) => {}
                }
            });
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = events.closed() => stop.cancel(),
        }
        while let Some(done) = tasks.join_next().await {
            if let Err(fault) = done {
                error!(%fault, "a BGP task failed");
            }
        }
    }
}

fn check(listening: bool, peers: &[PeerConfig]) -> Result<(), ConfigError> {
    let mut seen = HashSet::new();
    for config in peers {
        let peer = config.id();
        if !seen.insert(peer) {
            return Err(ConfigError::Twice(peer));
        }
        if peer.address().is_unspecified() || peer.address().is_multicast() {
            return Err(ConfigError::NotAHost(peer));
        }
        let given = config.hold_time;
        if given.subsec_nanos() != 0 || !matches!(given.as_secs(), 0 | 3..=65_535) {
            return Err(ConfigError::HoldTime { peer, given });
        }
        if config.local_as == 0 {
            let field = "local_as";
            return Err(ConfigError::AsZero { peer, field });
        }
        if config.remote_as == Some(0) {
            let field = "remote_as";
            return Err(ConfigError::AsZero { peer, field });
        }
        if config.router_id == Ipv4Addr::UNSPECIFIED {
            return Err(ConfigError::RouterIdZero(peer));
        }
        match config.mode {
            Mode::Passive if !listening => return Err(ConfigError::NoListener(peer)),
            Mode::Active { port: 0 } => return Err(ConfigError::PortZero(peer)),
            Mode::Active { .. } if config.connect_retry.is_zero() => {
                return Err(ConfigError::RetryZero(peer));
            }
            Mode::Passive | Mode::Active { .. } => {}
        }
        if config
            .local_address
            .is_some_and(|local| local.is_ipv4() != config.address.is_ipv4())
        {
            return Err(ConfigError::LocalFamily(peer));
        }
    }
    Ok(())
}

/// Takes sockets and brings them to their peers.
struct Reception {
    doors: BTreeMap<PeerId, mpsc::Sender<TcpStream>>,
    counters: Arc<Counters>,
    known: HashSet<IpAddr>,
}

impl Reception {
    async fn receive(mut self, listener: TcpListener) {
        if let Ok(address) = listener.local_addr() {
            info!(%address, peers = self.doors.len(), "listening for BGP");
        }
        loop {
            match listener.accept().await {
                Ok((stream, from)) => self.bring(stream, from),
                Err(error) => {
                    warn!(%error, "cannot accept a BGP connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Dropping the stream closes it.
    fn bring(&mut self, stream: TcpStream, from: SocketAddr) {
        let id = PeerId::new(from.ip());
        let Some(door) = self.doors.get(&id) else {
            self.counters.strangers.add(1);
            if self.known.len() < STRANGERS && self.known.insert(id.address()) {
                warn!(address = %id, "a BGP connection from an address that is no peer's is closed");
            }
            return;
        };
        if door.try_send(stream).is_err() {
            self.counters.slowed.add(1);
        }
    }
}

#[cfg(test)]
mod tests;
