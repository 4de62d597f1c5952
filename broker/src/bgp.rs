//! BGP sessions for the link-state family (AFI 16388, SAFI 71): the routers and MdOs that export
//! their topology over BGP-LS (RFC 9552) connect here, or are dialled.
//!
//! ```text
//!             accepted sockets               Open, Up                    PeerEvent, bounded
//!  listener ------------------> peer (task) <--------- connection (task) -------------------> writer
//!            by source address      |  dials, paces,        |  one TCP connection: frames,
//!                                   |  one winner (6.8)     |  timers, session machine
//!                                   +-- sends Down          +-- sends Up, Update
//! ```
//!
//! | module | does |
//! |---|---|
//! | `speaker` | listener; matches a socket to its peer |
//! | `peer` | one task per peer: dialling, pacing, collisions, what happens after a session |
//! | `connection` | one task per TCP connection: reading, writing, timers, back-pressure |
//! | `machine` | the states of RFC 4271 §8; the only module that names `rustbgpd-fsm` |
//! | `wire` | messages; with `machine` the only module that names `rustbgpd-wire` |
//! | `update` | path attributes and their faults (RFC 7606), NLRI kept as raw bytes |
//! | `collision`, `pace` | two small rules, pure |
//!
//! What is *in* an NLRI or in attribute 29 is none of this module's business: both are handed on as
//! bytes, framed but not read, so that one odd descriptor never costs a session.
//!
//! Nothing is ever announced, so there is no decision process and no loop check on `AS_PATH`.
//! Not done here: TCP MD5 (RFC 2385), TCP-AO (RFC 5925) and the TTL check (RFC 5082), which need
//! socket options that safe Rust does not reach.

mod collision;
mod connection;
mod machine;
mod notification;
mod pace;
mod peer;
mod speaker;
mod update;
mod wire;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

pub use self::notification::Notification;
pub use self::speaker::{ConfigError, Count, Counters, Speaker, StartError};
pub use self::update::{Fault, LsUpdate, Nlris, Remedy};

/// Which peer: its address, in canonical form (never an IPv4-mapped IPv6 address).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId(IpAddr);

impl PeerId {
    /// The peer at this address.
    #[must_use]
    pub const fn new(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    /// Its address.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        self.0
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One peer, as the settings give it.
#[derive(Clone, Debug)]
pub struct PeerConfig {
    /// Where it connects from, and where it is dialled.
    pub address: IpAddr,
    /// The address to dial from; `None`: as the kernel's routes say.
    pub local_address: Option<IpAddr>,
    /// Its AS number; `None`: any, also our own.
    pub remote_as: Option<u32>,
    /// Our AS number towards it.
    pub local_as: u32,
    /// Our BGP identifier.
    pub router_id: Ipv4Addr,
    /// Proposed hold time: zero (no keepalives), or 3 to 65,535 whole seconds (RFC 4271 §4.2).
    pub hold_time: Duration,
    /// Who dials.
    pub mode: Mode,
    /// Least pause between two attempts to dial; grows to eight times this.
    pub connect_retry: Duration,
    /// Do not look into `AS_PATH`: netphony writes four octets for an AS number without the
    /// capability for it, which RFC 7606 §7.2 would make a withdrawal.
    pub lenient_as_path: bool,
}

impl PeerConfig {
    /// The id under which its events come.
    #[must_use]
    pub const fn id(&self) -> PeerId {
        PeerId::new(self.address)
    }
}

/// Who opens the TCP connection. Connections from the peer's address are taken in both modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The peer dials us.
    Passive,
    /// We dial the peer, and it may dial us.
    Active {
        /// TCP port of the peer.
        port: u16,
    },
}

/// What a peer's session tells. For each peer: `Failed`* (`Up` `Update`* `Down` `Failed`*)*.
#[derive(Debug)]
pub enum PeerEvent {
    /// The session is established.
    Up {
        /// What both sides agreed on.
        negotiated: Negotiated,
    },
    /// The peer announced or withdrew something, or finished its first table.
    Update(LsUpdate),
    /// The session is over.
    Down {
        /// Why.
        reason: DownReason,
        /// Keep what the peer told, as stale, for this long (RFC 4724 §4.2, RFC 8538 §4); `None`:
        /// nothing is agreed on, and how long is the reader's affair.
        restart_time: Option<Duration>,
    },
    /// An attempt ended before the session was up. For people to read; left out when the channel
    /// is full.
    Failed {
        /// Why.
        reason: DownReason,
    },
}

/// What both sides agreed on in their OPEN messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// The peer's AS number.
    pub peer_as: u32,
    /// The peer's BGP identifier.
    pub router_id: Ipv4Addr,
    /// The smaller of both proposals; zero: no keepalives, and a dead peer goes unnoticed.
    pub hold_time: Duration,
    /// AS numbers have four octets (RFC 6793).
    pub four_octet_as: bool,
    /// The peer takes ROUTE-REFRESH (RFC 2918).
    pub route_refresh: bool,
    /// Messages to the peer may have 65,535 octets (RFC 8654). Ours are small; those from it always
    /// may, for we say so in our OPEN.
    pub extended_messages: bool,
    /// The peer's graceful restart for the link-state family, if it offered one.
    pub graceful_restart: Option<GracefulRestart>,
}

/// The peer's graceful restart capability for the link-state family (RFC 4724 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GracefulRestart {
    /// How long to wait for it after it is gone.
    pub restart_time: Duration,
    /// It has just restarted.
    pub restarting: bool,
    /// It kept its state over the restart. If not, what is stale is to be removed at once (§4.2).
    pub preserved: bool,
    /// Both sides keep routes also over a NOTIFICATION (RFC 8538).
    pub over_notification: bool,
}

/// Why a session, or an attempt at one, ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DownReason {
    /// The peer sent a NOTIFICATION.
    #[error("the peer ended it: {0}")]
    Received(Notification),
    /// The peer did something wrong and we sent a NOTIFICATION.
    #[error("we ended it: {notification}: {cause}")]
    Sent {
        /// What we sent.
        notification: Notification,
        /// What the peer did.
        cause: String,
    },
    /// Nothing came from the peer for the hold time.
    #[error("the hold timer expired: nothing came from the peer")]
    HoldTimerExpired,
    /// The peer took nothing from us for a long time (RFC 9687).
    #[error("the send hold timer expired: the peer reads nothing")]
    SendHoldTimerExpired,
    /// The TCP connection ended without a NOTIFICATION.
    #[error("the peer closed the connection")]
    Closed,
    /// The TCP connection broke, or could not be made.
    #[error("the connection failed: {0}")]
    Transport(String),
    /// The peer came back on a new connection while this one seemed alive (RFC 4724 §4.2).
    #[error("the peer came back on a new connection")]
    Replaced,
    /// Another connection to the same peer was kept (RFC 4271 §6.8).
    #[error("another connection to this peer was kept")]
    Collision,
    /// The speaker stops.
    #[error("we are stopping")]
    Stopped,
    /// A fault of our own.
    #[error("an internal fault ended it; please report it")]
    Internal,
}

impl DownReason {
    /// How long to keep the routes of a session that ended for this reason.
    ///
    /// RFC 4724 §4.2: over the loss of the TCP connection; RFC 8538 §4: over a NOTIFICATION too, and
    /// over the hold timer, if both sides said so and it is no Hard Reset.
    #[must_use]
    pub fn retention(&self, negotiated: &Negotiated) -> Option<Duration> {
        let restart = negotiated.graceful_restart?;
        let keep = match self {
            Self::Closed | Self::Transport(_) | Self::Replaced | Self::Internal => true,
            Self::Received(notification) | Self::Sent { notification, .. } => {
                restart.over_notification && !notification.is_hard_reset()
            }
            Self::HoldTimerExpired | Self::SendHoldTimerExpired => restart.over_notification,
            Self::Collision | Self::Stopped => false,
        };
        keep.then_some(restart.restart_time)
    }
}

#[cfg(test)]
mod tests;
