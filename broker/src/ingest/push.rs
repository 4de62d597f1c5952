//! What a member may do to its own entry, over REST: register, push documents, say that it is alive,
//! leave. Each command is conditional if the member says so, and idempotent: the same again changes
//! nothing but the time at which the member was heard.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use idr::EntryPoint;
use nffg::{DomainId, Syntax};

use super::document::{Document, DocumentStatus, Version};
use super::source::{Failure, Slot};

/// What a member says of itself when it registers.
#[derive(Clone, Debug, PartialEq)]
pub struct Registration {
    /// Where its orchestrator is reached: what the maps show, if the settings do not say.
    pub entry_point: Option<EntryPoint>,
    /// Its AS number, if its id does not say.
    pub asn: Option<u32>,
    /// For how long its word is good without further word. After that it is stale, and then gone.
    pub lifetime: Duration,
    /// Who registered it: the principal's name.
    pub by: String,
    /// The version of what was sent.
    pub version: Version,
}

/// A pushed document as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Pushed {
    /// The octets.
    pub body: Bytes,
    /// What they are written in.
    pub syntax: Syntax,
    /// What they tell: its summary.
    pub status: Arc<DocumentStatus>,
}

/// On which version a command depends (RFC 9110 §13.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// On none.
    #[default]
    None,
    /// There must be none yet (`If-None-Match: *`).
    Absent,
    /// There must be one (`If-Match: *`).
    Present,
    /// It must be one of these (`If-Match`).
    OneOf(Vec<Version>),
}

impl Precondition {
    /// Whether it holds where `current` is the version.
    #[must_use]
    pub fn holds(&self, current: Option<&Version>) -> bool {
        match self {
            Self::None => true,
            Self::Absent => current.is_none(),
            Self::Present => current.is_some(),
            Self::OneOf(versions) => current.is_some_and(|version| versions.contains(version)),
        }
    }
}

/// What a member wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Be a member, or be another than before.
    Register(Registration),
    /// This document is in force.
    Put {
        /// Which.
        slot: Slot,
        /// As it was sent.
        body: Bytes,
        /// As it was read.
        document: Box<Document>,
    },
    /// No such document is in force any more.
    Withdraw(Slot),
    /// I am alive; the lifetime may be another from now on.
    Heartbeat {
        /// The new lifetime.
        lifetime: Option<Duration>,
    },
    /// Forget all that I sent.
    Leave,
}

/// A command, and on what it depends.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Whose entry it is about.
    pub domain: DomainId,
    /// What is wanted.
    pub command: Command,
    /// The version that must be there.
    pub precondition: Precondition,
}

/// What came of a command.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Accepted {
    /// There was none before.
    pub created: bool,
    /// The version now in force of what was put.
    pub version: Option<Version>,
    /// What was put, in short.
    pub document: Option<Arc<DocumentStatus>>,
    /// For how long all that was pushed is good without further word.
    pub lifetime: Option<Duration>,
}

/// Why a command was not carried out. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The domain has not registered, or left, or was forgotten.
    #[error("domain '{0}' is not registered: PUT /broker/v1/domains/{0} first")]
    NotRegistered(DomainId),
    /// There is no such document.
    #[error("domain '{domain}' has pushed no {}", slot.as_str())]
    NoDocument {
        /// The domain.
        domain: DomainId,
        /// Which document.
        slot: Slot,
    },
    /// The precondition does not hold.
    #[error("the version in force is {}, not one that the request depends on", current.as_ref().map_or("none", Version::as_str))]
    Precondition {
        /// The version in force.
        current: Option<Version>,
    },
    /// The document cannot be taken.
    #[error("{}", .0.why)]
    Refused(Failure),
    /// Another domain has this AS number.
    #[error("AS {asn} is domain '{domain}'s")]
    AsnTaken {
        /// The number.
        asn: u32,
        /// Whose it is.
        domain: DomainId,
    },
    /// No room for another member.
    #[error("there are {limit} members already (limits.members)")]
    TooManyMembers {
        /// The bound.
        limit: usize,
    },
}
