//! Notifications on their way to subscribers: in order of each, at least once, and none waits for another's.
//!
//! ```text
//!            wake-up or timer            one turn per lane at a time
//!  outbox ──────────────────▶ run ──────────────────────────────▶ turn ──POST──▶ listener
//!                              ▲                                    │ 2xx: away with it
//!                              └──── when the lane is due again ────┘ else: note it, wait
//! ```
//!
//! * A lane is a subscription. Its head is sent; when the listener answers 2xx it is taken away, and the next one is
//!   the head. Between the two a crash or a lost answer sends it again: a subscriber knows an event by its `eventId`.
//! * A try that failed is noted with the subscription ([`Delivery`]) and in the message; the lane pauses, for longer each
//!   time. The pause outlives a restart.
//! * A subscriber that has taken nothing for `give_up_after` loses what is as old: it goes to the dead letters, which
//!   people can look at, send again or forget. An answer that is about the notification itself (400, 413, 422)
//!   ends it after [`REFUSALS`] tries, so that one bad notification does not hold up all others.
//! * A lane that is too long loses its oldest notifications: the newest say best how things are.
//! * Whoever missed something learns it: the first notification that goes well after that says in the header
//!   `Missed-Events` how many he did not get. So he looks at his orders and services once, and is up to date.
//! * Half of the places for deliveries are for lanes that do well: lanes that fail or are slow cannot take them.
//! * A lane is worked on under a claim, so several brokers can share the store.
//!
//! What waits in a lane without a subscription is cleared away.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sof::notification::Event;

use super::Lso;
use super::callback::{AddressGuard, Names, SystemNames};
use super::subscriptions::Delivery;
use crate::egress::ClientError;
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::store::queue::Place;

mod lane;
mod run;
mod send;

pub use run::run;

/// Tries of a notification that the listener says is no good.
pub const REFUSALS: u32 = 5;

/// The header that tells a subscriber how many notifications he did not get.
pub const MISSED_EVENTS: &str = "Missed-Events";

/// A notification in the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// What happened.
    pub event: Event,
    /// How often it was tried in vain.
    #[serde(default)]
    pub tries: u32,
    /// Why the last try failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<Timestamp>,
}

impl Notice {
    /// One that was not tried yet.
    #[must_use]
    pub const fn new(event: Event) -> Self {
        Self {
            event,
            tries: 0,
            last_error: None,
            given_up: None,
        }
    }
}

/// A dead letter's name: its lane and its place there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterId {
    /// The subscription.
    pub lane: String,
    /// Where it stood.
    pub place: Place,
}

impl LetterId {
    /// Reads what [`std::fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (lane, place) = text.rsplit_once('-')?;
        let is_hex = place
            .bytes()
            .all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f'));
        if place.len() != 2 * Place::BYTES || !is_hex || lane.is_empty() {
            return None;
        }
        let (version, position) = place.split_at_checked(16)?;
        Some(Self {
            lane: lane.to_owned(),
            place: Place {
                version: u64::from_str_radix(version, 16).ok()?,
                position: u32::from_str_radix(position, 16).ok()?,
            },
        })
    }
}

impl std::fmt::Display for LetterId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Place { version, position } = self.place;
        write!(f, "{}-{version:016x}{position:08x}", self.lane)
    }
}

/// The rules of delivery.
#[derive(Clone, Debug)]
pub struct Rules {
    /// For one whole exchange.
    pub timeout: Duration,
    /// The pause after the first failure.
    pub first_backoff: Duration,
    /// The longest pause.
    pub longest_backoff: Duration,
    /// A subscriber that has taken nothing for so long loses what is as old.
    pub give_up_after: Duration,
    /// Deliveries under way at once.
    pub at_once: usize,
    /// Notifications that may wait in a lane.
    pub queue: usize,
    /// Dead letters of a lane.
    pub dead_letters: usize,
    /// Between two counts of what waits.
    pub survey: Duration,
    /// How `href` begins: the server's URL without a slash at the end, or nothing.
    pub base: String,
    /// No other process works on the store: claims of others are of processes that are no more.
    pub is_sole: bool,
}

impl Rules {
    /// The rules of the settings, for a store that no other process works on.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let told = &settings.sof.notifications;
        let base = settings.sof.public_url.as_ref();
        let base = base.map_or("", |url| url.as_str().trim_end_matches('/'));
        Self {
            timeout: told.timeout,
            first_backoff: told.first_backoff,
            longest_backoff: told.longest_backoff,
            give_up_after: told.give_up_after,
            at_once: told.at_once,
            queue: told.queue,
            dead_letters: told.dead_letters,
            survey: Duration::from_secs(10),
            base: base.to_owned(),
            is_sole: true,
        }
    }

    /// The pause after so many failures in a row: doubled each time, and a random half of it left out, so that
    /// subscribers that failed together do not come back together. `random` is from 0 to 1.
    #[must_use]
    pub fn backoff(&self, failures: u32, random: f64) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        let longest = self.first_backoff.saturating_mul(doubled);
        longest
            .min(self.longest_backoff)
            .mul_f64(1.0 - random.clamp(0.0, 1.0) / 2.0)
    }
}

/// What delivery works with.
#[derive(Clone, Debug)]
pub struct Outbox {
    lso: Lso,
    rules: Arc<Rules>,
    sender: send::Sender,
    metrics: Arc<Metrics>,
    /// Who claims the lanes: another one at each start.
    owner: Arc<str>,
}

impl Outbox {
    /// Delivery by these settings.
    ///
    /// # Errors
    /// The HTTP client cannot be set up.
    pub fn new(lso: Lso, settings: &Settings, metrics: Arc<Metrics>) -> Result<Self, ClientError> {
        let ca_file = settings.sof.notifications.ca_file.as_deref();
        let guard = settings.callback_guard();
        Self::with(
            lso,
            Rules::of(settings),
            guard,
            Arc::new(SystemNames),
            ca_file,
            metrics,
        )
    }

    /// Delivery by these rules, to addresses that `names` finds and `guard` lets through.
    ///
    /// # Errors
    /// The HTTP client cannot be set up.
    pub fn with(
        lso: Lso,
        rules: Rules,
        guard: AddressGuard,
        names: Arc<dyn Names>,
        ca_file: Option<&std::path::Path>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, ClientError> {
        Ok(Self {
            lso,
            sender: send::Sender::new(rules.timeout, guard, names, ca_file)?,
            rules: Arc::new(rules),
            metrics,
            owner: uuid::Uuid::new_v4().to_string().into(),
        })
    }
}

impl Delivery {
    /// After another failure: the pause begins.
    fn failed(&mut self, now: Timestamp, error: String, rules: &Rules) {
        self.failures = self.failures.saturating_add(1);
        self.failing_since.get_or_insert(now);
        let pause = SignedDuration::try_from(rules.backoff(self.failures, fastrand::f64()));
        let next = pause.ok().and_then(|pause| now.checked_add(pause).ok());
        self.next_try = Some(next.unwrap_or(Timestamp::MAX));
        self.last_error = Some(error);
    }
}

/// Whether a time lies so long before another.
fn is_past(since: Timestamp, now: Timestamp, time: Duration) -> bool {
    let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    now.duration_since(since) >= time
}

#[cfg(test)]
mod tests;
