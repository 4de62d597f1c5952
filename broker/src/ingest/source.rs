//! Sources: how they are named, and the life of one.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use nffg::DomainId;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::document::DocumentStatus;
use crate::clock::Now;
use crate::liveness::{Liveness, State, Timers};

/// The way on which a source's word comes to us. Their order is the precedence among the sources of one
/// domain, unless the settings say otherwise: what routers tell over a session is younger than what
/// an orchestrator writes down, and both are younger than a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// A BGP-LS session.
    BgpLs,
    /// The member sends it, under `/broker/v1/domains/{domain}`.
    Push,
    /// The broker asks for it.
    Pull,
    /// A file on the broker's machine.
    File,
}

impl Channel {
    /// All of them, first that which counts before the others.
    pub const ALL: [Self; 4] = [Self::BgpLs, Self::Push, Self::Pull, Self::File];

    /// The word for it in settings, answers, logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BgpLs => "bgp-ls",
            Self::Push => "push",
            Self::Pull => "pull",
            Self::File => "file",
        }
    }
}

/// What a pulled or pushed document has to tell. It may tell the other, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// Resources.
    Resources,
    /// Topology.
    Topology,
    /// What is announced of links. Pushed alone, or beside another part in its document.
    Windows,
}

impl Slot {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Resources, Self::Topology, Self::Windows];

    /// The word for it in paths, answers, logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resources => "resources",
            Self::Topology => "topology",
            Self::Windows => "windows",
        }
    }
}

/// A source among those of its domain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    /// Topology over BGP-LS from the peer at this address.
    BgpLs(IpAddr),
    /// The member's registration.
    Registration,
    /// A document that the member pushes.
    Push(Slot),
    /// A document that the broker asks for.
    Pull(Slot),
    /// A file, by its name as the settings give it.
    File(Arc<str>),
}

impl SourceKind {
    /// How it comes to us.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        match self {
            Self::BgpLs(_) => Channel::BgpLs,
            Self::Registration | Self::Push(_) => Channel::Push,
            Self::Pull(_) => Channel::Pull,
            Self::File(_) => Channel::File,
        }
    }

    /// What its documents have to tell; `None` if they may tell what they like.
    #[must_use]
    pub const fn slot(&self) -> Option<Slot> {
        match self {
            Self::Push(slot) | Self::Pull(slot) => Some(*slot),
            Self::BgpLs(_) | Self::Registration | Self::File(_) => None,
        }
    }
}

/// `pull resources`, `bgp-ls 192.0.2.1`: unique within the domain.
impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let channel = self.channel().as_str();
        match self {
            Self::BgpLs(peer) => write!(f, "{channel} {peer}"),
            Self::Registration => write!(f, "{channel} registration"),
            Self::Push(slot) | Self::Pull(slot) => write!(f, "{channel} {}", slot.as_str()),
            Self::File(name) => write!(f, "{channel} {name}"),
        }
    }
}

/// One source of one domain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceKey {
    /// The domain.
    pub domain: DomainId,
    /// Which of its sources.
    pub kind: SourceKind,
}

/// Why there is no good answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// In words.
    pub why: String,
    /// Every fault of a document that cannot be taken, where there are several.
    pub faults: Vec<String>,
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self {
            why,
            faults: Vec::new(),
        }
    }
}

impl From<&nffg::DocumentError> for Failure {
    fn from(error: &nffg::DocumentError) -> Self {
        Self {
            why: format!("the document cannot be taken: {error}"),
            faults: error.faults().iter().map(ToString::to_string).collect(),
        }
    }
}

/// How one source is doing, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceStatus {
    /// Which of the domain's sources.
    pub kind: SourceKind,
    /// Where it is: a URL, an address, a file. Without passwords.
    pub place: String,
    /// Its state.
    pub state: State,
    /// Its last good answer.
    pub last_heard: Option<jiff::Timestamp>,
    /// Why the last request got no good answer; `None` after a good one.
    pub last_failure: Option<Failure>,
    /// Requests without a good answer since the last good one.
    pub failures: u64,
    /// The document in force, if it tells documents.
    pub document: Option<Arc<DocumentStatus>>,
    /// The routes in force, if it tells routes.
    pub routes: Option<usize>,
    /// What of the domain comes from it: `resources`, `topology`, `windows`, `entry-point`.
    pub used_for: Vec<&'static str>,
}

impl SourceStatus {
    /// Whether the source has been asked at all.
    #[must_use]
    pub fn is_tried(&self) -> bool {
        self.last_heard.is_some() || self.failures > 0
    }
}

/// A source's life.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) place: String,
    pub(super) liveness: Liveness,
    /// Its own: a BGP-LS peer may have agreed on another expiry, a member that pushes on a lifetime.
    pub(super) timers: Timers,
    pub(super) last_heard: Option<jiff::Timestamp>,
    pub(super) last_failure: Option<Failure>,
    /// Its last document was understood but cannot be taken; the same again cannot either.
    pub(super) refusal: Option<Failure>,
    pub(super) failures: u64,
}

impl Source {
    pub(super) fn new(place: String, timers: Timers) -> Self {
        Self {
            place,
            liveness: Liveness::default(),
            timers,
            last_heard: None,
            last_failure: None,
            refusal: None,
            failures: 0,
        }
    }

    pub(super) fn is_served(&self) -> bool {
        self.liveness.state().is_served()
    }

    pub(super) fn good(&mut self, now: Now) {
        self.failures = 0;
        self.last_failure = None;
        self.last_heard = Some(now.timestamp);
    }

    pub(super) fn bad(&mut self, failure: Failure) {
        self.failures += 1;
        self.last_failure = Some(failure);
    }

    /// When it will be stale if nothing more is heard; `None` while a session holds it.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.liveness.next_deadline(self.timers)
    }

    /// The states before and after, if they differ.
    pub(super) fn step(
        &mut self,
        change: impl FnOnce(&mut Liveness) -> Option<State>,
    ) -> Option<(State, State)> {
        change(&mut self.liveness).map(|before| (before, self.liveness.state()))
    }
}
