//! What goes into the ledger and comes out of it, as values.

use std::sync::Arc;
use std::time::Duration;

use super::{Claim, Moment, Request, Reservation, ReservationId};

/// What one may ask for. The default's reasons are with the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a hold may last in all, extended or not. An hour: several operators may be asked
    /// before somebody decides, and what is held meanwhile is kept from all others.
    pub longest_hold: Duration,
    /// How many holds one holder may have. 100: more than one decides on at a time.
    pub holds_per_holder: u32,
    /// How many holds there may be in all. 10,000: a hundred members at their limit.
    pub holds: u32,
    /// How many reservations one holder may have, confirmed ones included. 100,000: so that no member
    /// can fill the ledger alone.
    pub reservations_per_holder: u32,
    /// How many reservations there may be in all, confirmed ones included. A million: some gigabytes.
    pub reservations: u32,
    /// How many domains and links one claim may have. 1,000: the longest service chains have tens.
    pub entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            longest_hold: Duration::from_secs(3600),
            holds_per_holder: 100,
            holds: 10_000,
            reservations_per_holder: 100_000,
            reservations: 1_000_000,
            entries: 1_000,
        }
    }
}

/// One input of the ledger, as a value that can be written down and played again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// See [`super::Ledger::hold`].
    Hold(Request),
    /// See [`super::Ledger::confirm`].
    Confirm {
        /// Which one.
        id: ReservationId,
        /// Who says so.
        holder: String,
        /// When it ends, if at all.
        until: Option<Moment>,
    },
    /// See [`super::Ledger::extend`].
    Extend {
        /// Which one.
        id: ReservationId,
        /// Who says so.
        holder: String,
        /// For how long from now.
        lifetime: Duration,
    },
    /// See [`super::Ledger::amend`].
    Amend {
        /// Which one.
        id: ReservationId,
        /// Who says so.
        holder: String,
        /// What it is to take.
        claim: Claim,
    },
    /// See [`super::Ledger::release`].
    Release {
        /// Which one.
        id: ReservationId,
        /// Who says so.
        holder: String,
    },
    /// See [`super::Ledger::expire`].
    Expire,
}

/// What the ledger answers to an [`Input`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The reservation as it is now.
    Reservation(Arc<Reservation>),
    /// The reservation as it was when it was given back.
    Released(Arc<Reservation>),
    /// What lapsed, as it was.
    Lapsed(Vec<Arc<Reservation>>),
}
