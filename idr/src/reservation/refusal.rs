//! Why the ledger refuses something.

use std::fmt;
use std::time::Duration;

use nffg::DomainId;

use super::{Event, LinkKey, Moment, Phase, ReservationId, Shortage};

/// Everywhere where a claim does not fit: domains by id, then links in order; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortages(pub(super) Vec<Shortage>);

impl Shortages {
    /// The list.
    #[must_use]
    pub fn as_slice(&self) -> &[Shortage] {
        &self.0
    }
}

/// The first three, and how many more there are: a line of bounded length.
impl fmt::Display for Shortages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 3;
        for (at, shortage) in self.0.iter().take(SHOWN).enumerate() {
            let comma = if at == 0 { "" } else { "; " };
            write!(f, "{comma}{shortage}")?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// Why nothing is held. The ledger is as it was, but for what lapsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HoldError {
    /// The id is in use for another request, or by somebody else.
    #[error("reservation '{id}' exists with another content: an id is for one request")]
    Conflict {
        /// The id.
        id: ReservationId,
    },
    /// The time asked for.
    #[error("a hold for {asked:?} is not possible: it lasts from 1 ms to {longest:?}")]
    Lifetime {
        /// What was asked for.
        asked: Duration,
        /// [`super::Limits::longest_hold`].
        longest: Duration,
    },
    /// The claim has too many domains and links.
    #[error("the claim has {asked} domains and links, allowed are {most}")]
    Entries {
        /// How many it has.
        asked: usize,
        /// [`super::Limits::entries`].
        most: usize,
    },
    /// The holder has as many holds as one may have. Confirm or release one.
    #[error("'{holder}' has {most} holds, and may have no more: confirm or release one")]
    HoldsOfHolder {
        /// The holder.
        holder: String,
        /// [`super::Limits::holds_per_holder`].
        most: u32,
    },
    /// The holder has as many reservations, confirmed ones included, as one may have. Release one.
    #[error("'{holder}' has {most} reservations, and may have no more: release one")]
    ReservationsOfHolder {
        /// The holder.
        holder: String,
        /// [`super::Limits::reservations_per_holder`].
        most: u32,
    },
    /// There are as many holds as there may be. Ask again later.
    #[error("there are {most} holds, and may be no more: ask again later")]
    Holds {
        /// [`super::Limits::holds`].
        most: u32,
    },
    /// There are as many reservations, confirmed ones included, as there may be.
    #[error("there are {most} reservations, and may be no more")]
    Reservations {
        /// [`super::Limits::reservations`].
        most: u32,
    },
    /// The domain is no member.
    #[error("{domain} is no member of the federation")]
    UnknownDomain {
        /// The domain.
        domain: DomainId,
    },
    /// The link is not there.
    #[error("there is no link {link}")]
    UnknownLink {
        /// The link.
        link: LinkKey,
    },
    /// It does not fit.
    #[error("not enough is left: {0}")]
    Short(Shortages),
}

/// Why a reservation stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// There is none of this name; or there was, and it is over.
    #[error("there is no reservation '{id}'; it may have lapsed")]
    Unknown {
        /// The id.
        id: ReservationId,
    },
    /// Somebody else holds it.
    #[error("reservation '{id}' is somebody else's")]
    NotHolder {
        /// The id.
        id: ReservationId,
    },
    /// The state machine has no such transition ([`super::TABLE`]).
    #[error("reservation '{id}' is {phase}: {event} is not possible")]
    Illegal {
        /// The id.
        id: ReservationId,
        /// Where it is.
        phase: Phase,
        /// What was asked for.
        event: Event,
    },
    /// It is to be narrowed to what it does not have.
    #[error("reservation '{id}' has less than that")]
    Wider {
        /// The id.
        id: ReservationId,
    },
    /// A hold may not last that long in all.
    #[error("hold '{id}' cannot last until {asked}: until {latest} is possible")]
    TooLong {
        /// The id.
        id: ReservationId,
        /// The end asked for.
        asked: Moment,
        /// When it was made and [`super::Limits::longest_hold`].
        latest: Moment,
    },
    /// It was confirmed before, with another end.
    #[error("reservation '{id}' is confirmed with another end")]
    OtherEnd {
        /// The id.
        id: ReservationId,
        /// The end that it has.
        until: Option<Moment>,
    },
    /// The end asked for is past.
    #[error("reservation '{id}' cannot end at {asked}: it is {now}")]
    EndIsPast {
        /// The id.
        id: ReservationId,
        /// The end asked for.
        asked: Moment,
        /// The moment of the call.
        now: Moment,
    },
}

/// Why an input is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Of a hold.
    #[error(transparent)]
    Hold(#[from] HoldError),
    /// Of a change.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

/// Why a list of reservations is not that of a ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// Two reservations have one id.
    #[error("reservation '{id}' is there twice: an id is for one reservation")]
    Duplicate {
        /// The id.
        id: ReservationId,
    },
}
