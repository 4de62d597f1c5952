//! Reservations: capacity of domains and links held for a placement, for a time; then confirmed, or
//! given back, or lapsed.
//!
//! ```text
//! Input (a plain value) ──▶ Ledger (one writer) ──▶ Arc<Used> (many readers)
//!     now, Capacity ───────▶  lapsed, next_deadline   └─▶ Update::Held ──▶ Idr: Snapshot::left
//! ```
//!
//! A claim is all or nothing. What does not fit changes nothing, and the answer says everywhere where
//! how much is lacking. There is one writer, and it decides on the sums of what is live at that
//! moment: requests at once never overbook, whatever their order.
//!
//! Time is an argument ([`Moment`]). What is over at `now` is over, whether [`Ledger::expire`] was
//! called or not: every call that may change something lapses first. What has lapsed stays so, and
//! nothing else is remembered of time: after a clock that went back, a hold lasts longer by as much
//! as it went back, and none comes to life again; after one that jumped ahead and came back, all is as
//! before but for what lapsed.
//!
//! Amounts are whole numbers ([`Amount`]), so the sums are those of the live reservations exactly,
//! after any number of holds and releases in any order.
//!
//! What is held of a domain that has less than before, or is gone, stays held: what was promised is
//! not taken back here. Nothing of it is left, and [`Used::overcommitted`] tells operators.
//!
//! The state machine of one reservation is [`TABLE`].

mod amounts;
mod capacity;
mod claim;
mod input;
mod ledger;
mod refusal;
mod state;
mod used;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use nffg::IdError;

pub use amounts::{Amount, Amounts, DomainCapacity, ResourceKind};
pub use capacity::{Capacity, LinkCapacity, Offer, Overcommitment, Shortage};
pub use claim::{Claim, ClaimError, LinkKey};
pub use input::{Answer, Input, Limits};
pub use ledger::Ledger;
pub use refusal::{ChangeError, HoldError, Refusal, RestoreError, Shortages};
pub use state::{Event, Phase, State, TABLE};
pub use used::Used;

/// A moment: whole milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// The moment `millis` milliseconds after the epoch.
    #[must_use]
    pub const fn from_unix_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds after the epoch.
    #[must_use]
    pub const fn as_unix_millis(self) -> u64 {
        self.0
    }

    /// The moment `duration` later, in whole milliseconds: a part of one is left out. The last moment
    /// of all when it would be later.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }
}

/// Seconds after the epoch, with milliseconds: `1700000000.250`.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// The name of a reservation, given by the caller: 1 to 64 letters, digits, `-`, `_` and `.`. A UUID is
/// one. No counter: several brokers over one database must not give one name twice.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReservationId(Arc<str>);

impl ReservationId {
    const MAX_BYTES: usize = 64;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ReservationId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        if text.is_empty() || text.len() > Self::MAX_BYTES || !text.bytes().all(legal) {
            return Err(IdError {
                kind: "reservation id",
                value: text.chars().take(80).collect(),
                rule: "1 to 64 letters, digits, '-', '_' and '.'",
            });
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for ReservationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ReservationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReservationId({})", self.0)
    }
}

/// A wish to hold something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The name of the reservation to be.
    pub id: ReservationId,
    /// Who asks: the principal's name.
    pub holder: String,
    /// For how long from now. A duration and not a moment: a request that is repeated because its
    /// answer was lost has equal content.
    pub lifetime: Duration,
    /// What is to be held.
    pub claim: Claim,
}

/// A live reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Its name.
    pub id: ReservationId,
    /// Who holds it: the principal's name.
    pub holder: String,
    /// When it was made.
    pub created: Moment,
    /// For how long it was asked for at first.
    pub lifetime: Duration,
    /// Where it is in its life.
    pub state: State,
    /// What it takes.
    pub claim: Arc<Claim>,
}

impl Reservation {
    /// Whether this is what `request` asks for.
    fn answers(&self, request: &Request) -> bool {
        let Request {
            id,
            holder,
            lifetime,
            claim,
        } = request;
        self.id == *id
            && self.holder == *holder
            && self.lifetime == *lifetime
            && *self.claim == *claim
    }
}
