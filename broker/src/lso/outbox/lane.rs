//! A turn of one lane: what is to be done for it now, and when it is due again. One at a time per lane.

use jiff::{SignedDuration, Timestamp};
use tracing::{debug, info, warn};

use super::send::Sent;
use super::{Notice, Outbox, REFUSALS, is_past};
use crate::clock;
use crate::lso::records::SUBSCRIBERS;
use crate::lso::subscriptions::{Delivery, Subscriber};
use crate::metrics::Notified;
use crate::store::claim::{self, ClaimError};
use crate::store::queue::{Entry, Queue};
use crate::store::{Batch, Snapshot, Store, StoreError, Stored};

/// How the names of claims on lanes begin.
pub(super) const CLAIMS: &str = "outbox/";
/// Notifications that one turn sends at most, so that a lane that does well does not keep its place from others.
const PER_TURN: usize = 32;
/// Records that one batch takes away at most.
const PER_BATCH: usize = 500;
/// How long a claim lasts beyond the deliveries that it is taken for.
const SLACK: SignedDuration = SignedDuration::from_secs(10);
/// When a lane is looked at again whose subscription is not in the store yet.
const SOON: SignedDuration = SignedDuration::from_millis(50);

const OUTBOX: Queue<Notice> = Queue::OUTBOX;

/// The claim that we have on a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// The fencing number.
    pub(super) fence: u64,
    /// Until when nobody else may take it.
    pub(super) until: Timestamp,
}

/// What a turn came to.
#[derive(Debug)]
pub(super) enum Turn {
    /// Nothing waits any more.
    Empty,
    /// There is more to do at once.
    More,
    /// The lane pauses, as it failed.
    Pause(Timestamp),
    /// Not for us before then: another broker works on it, or it is not there yet.
    NotBefore(Timestamp),
}

/// A lane for the time of a turn.
pub(super) struct Lane<'a> {
    pub(super) outbox: &'a Outbox,
    pub(super) id: String,
    /// Our claim, kept from turn to turn.
    pub(super) held: Option<Held>,
}

impl Lane<'_> {
    /// A turn. With `trim` the lane is only made shorter, if it is too long.
    ///
    /// # Errors
    /// The store does not do it. A conflict means that somebody else changed something: look again.
    pub(super) async fn turn(&mut self, trim: bool) -> Result<Turn, StoreError> {
        let result = self.work(trim).await;
        if result.is_err() {
            // Perhaps the claim is lost: it is taken anew.
            self.held = None;
        }
        result
    }

    async fn work(&mut self, trim: bool) -> Result<Turn, StoreError> {
        if let Some(until) = self.claim().await? {
            return Ok(Turn::NotBefore(until));
        }
        let Some(mut subscriber) = self.subscriber().await? else {
            return self.clear().await;
        };
        if trim {
            self.trim(&mut subscriber).await?;
        }
        let now = clock::now().timestamp;
        if let Some(next) = subscriber
            .value
            .delivery
            .next_try
            .filter(|next| *next > now)
        {
            return Ok(Turn::Pause(next));
        }
        let began = clock::instant();
        for entry in self.head(PER_TURN).await? {
            // One that is slow gives its place back between two notifications.
            if began.elapsed() > self.outbox.rules.timeout / 2 {
                return Ok(Turn::More);
            }
            if let Some(until) = self.claim().await? {
                return Ok(Turn::NotBefore(until));
            }
            if let Some(next) = self.deliver(&mut subscriber, entry).await? {
                return Ok(next);
            }
        }
        let is_empty = self.head(1).await?.is_empty();
        Ok(if is_empty { Turn::Empty } else { Turn::More })
    }

    fn store(&self) -> &dyn Store {
        self.outbox.lso.store.as_ref()
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        self.store().snapshot().await
    }

    async fn head(&self, limit: usize) -> Result<Vec<Entry<Notice>>, StoreError> {
        let snapshot = self.snapshot().await?;
        OUTBOX.head(snapshot.as_ref(), &self.id, limit).await
    }

    async fn subscriber(&self) -> Result<Option<Stored<Subscriber>>, StoreError> {
        let snapshot = self.snapshot().await?;
        SUBSCRIBERS.get(snapshot.as_ref(), &self.id).await
    }

    fn name(&self) -> String {
        format!("{CLAIMS}{}", self.id)
    }

    /// Takes the claim, or makes it last for one delivery more; tells until when somebody else has it.
    async fn claim(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let now = clock::now().timestamp;
        let timeout = SignedDuration::try_from(self.outbox.rules.timeout);
        let timeout = timeout.unwrap_or(SignedDuration::MAX);
        let needed = timeout.saturating_add(SLACK / 2);
        if self
            .held
            .is_some_and(|held| now.duration_until(held.until) >= needed)
        {
            return Ok(None);
        }
        let lease = timeout.saturating_mul(2).saturating_add(SLACK);
        let name = self.name();
        let mut found = {
            let snapshot = self.snapshot().await?;
            claim::look(snapshot.as_ref(), &name).await?
        };
        if let Some(claim) = &mut found
            && self.outbox.rules.is_sole
        {
            // Of a process that is no more.
            claim.value.until_ms = i64::MIN;
        }
        let mut batch = Batch::new();
        match claim::take(
            &mut batch,
            &name,
            found.as_ref(),
            &self.outbox.owner,
            now,
            lease,
        ) {
            Ok(()) => {}
            Err(ClaimError::Held { until_ms, .. }) => {
                let until = Timestamp::from_millisecond(until_ms).unwrap_or(Timestamp::MAX);
                return Ok(Some(until));
            }
            Err(ClaimError::Store(error)) => return Err(error),
        }
        let receipt = self.store().commit(batch).await?;
        self.held = Some(Held {
            fence: receipt.version,
            until: now.checked_add(lease).unwrap_or(Timestamp::MAX),
        });
        Ok(None)
    }

    /// A batch that is only kept while the lane is ours.
    fn batch(&self) -> Batch {
        let mut batch = Batch::new();
        if let Some(held) = self.held {
            claim::guard(&mut batch, &self.name(), held.fence);
        }
        batch
    }

    /// Sends the head. `None`: the next one is the head now.
    async fn deliver(
        &self,
        subscriber: &mut Stored<Subscriber>,
        mut entry: Entry<Notice>,
    ) -> Result<Option<Turn>, StoreError> {
        let rules = &self.outbox.rules;
        let began = clock::instant();
        let Subscriber {
            subscription,
            delivery,
        } = &subscriber.value;
        let missed = delivery.missed;
        let sent = self
            .outbox
            .sender
            .send(subscription, &entry.message.event, &rules.base, missed)
            .await;
        let now = clock::now().timestamp;
        let event = entry.message.event.id.clone();
        let mut next = delivery.clone();
        let mut batch = self.batch();
        let is_no_good = match sent {
            Sent::Taken => {
                OUTBOX.done(&mut batch, &entry);
                next = Delivery::default();
                debug!(subscription = self.id, event, took = ?began.elapsed(), missed, "notified");
                self.note(subscriber, next, batch).await?;
                self.outbox.metrics.notified(Notified::Delivered, 1);
                return Ok(None);
            }
            Sent::Refused(error) => {
                entry.message.tries = entry.message.tries.saturating_add(1);
                next.failed(now, error, rules);
                entry.message.tries >= REFUSALS
            }
            Sent::Failed(error) => {
                entry.message.tries = entry.message.tries.saturating_add(1);
                next.failed(now, error, rules);
                false
            }
        };
        entry.message.last_error.clone_from(&next.last_error);
        let error = next.last_error.clone().unwrap_or_default();
        let (failures, callback) = (next.failures, subscription.callback.origin());
        let pause = next.next_try.unwrap_or(now);
        self.outbox.metrics.notified(Notified::Failed, 1);
        if is_no_good {
            // The listener is there: the next one is tried at once.
            let missed = next.missed + 1;
            next = Delivery {
                missed,
                ..Delivery::default()
            };
            let tries = entry.message.tries;
            self.bury(&mut batch, vec![entry], now).await?;
            self.note(subscriber, next, batch).await?;
            self.outbox.metrics.notified(Notified::Dead, 1);
            warn!(subscription = self.id, event, %callback, error, tries, "gave a notification up: the listener refuses it");
            return Ok(None);
        }
        let is_over = next
            .failing_since
            .is_some_and(|since| is_past(since, now, rules.give_up_after));
        let mut dead = Vec::new();
        if is_over {
            let is_old =
                |entry: &Entry<Notice>| is_past(entry.message.event.time, now, rules.give_up_after);
            let behind = self.head(PER_BATCH).await?.into_iter();
            let behind = behind.filter(|other| other.place != entry.place);
            let head = std::iter::once(entry.clone());
            dead = head.chain(behind).take_while(is_old).collect();
        }
        if dead.is_empty() {
            OUTBOX.rewrite(&mut batch, &entry, &entry.message)?;
        }
        let count = dead.len();
        next.missed += count as u64;
        self.bury(&mut batch, dead, now).await?;
        self.note(subscriber, next, batch).await?;
        if count > 0 {
            self.outbox.metrics.notified(Notified::Dead, count);
            warn!(subscription = self.id, %callback, error, count, "gave notifications up: the subscriber takes nothing");
        } else if failures == 1 {
            info!(subscription = self.id, event, %callback, error, "cannot notify: trying again");
        } else {
            debug!(subscription = self.id, event, %callback, error, failures, "cannot notify");
        }
        Ok(Some(Turn::Pause(pause)))
    }

    /// Keeps a batch with how the lane is doing now.
    async fn note(
        &self,
        subscriber: &mut Stored<Subscriber>,
        delivery: Delivery,
        mut batch: Batch,
    ) -> Result<(), StoreError> {
        if subscriber.value.delivery == delivery {
            self.store().commit(batch).await?;
            return Ok(());
        }
        let value = Subscriber {
            subscription: subscriber.value.subscription.clone(),
            delivery,
        };
        SUBSCRIBERS.update(&mut batch, &self.id, subscriber.version, &value)?;
        let version = self.store().commit(batch).await?.version;
        *subscriber = Stored { version, value };
        Ok(())
    }

    /// Moves messages to the dead letters, the oldest of which make room.
    async fn bury(
        &self,
        batch: &mut Batch,
        dead: Vec<Entry<Notice>>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if dead.is_empty() {
            return Ok(());
        }
        let limit = self.outbox.rules.dead_letters;
        let snapshot = self.snapshot().await?;
        let most = limit.saturating_add(PER_BATCH);
        let count = OUTBOX.count_dead(snapshot.as_ref(), &self.id, most).await?;
        let excess = (count + dead.len()).saturating_sub(limit);
        let before = OUTBOX
            .dead(snapshot.as_ref(), &self.id, excess.min(count))
            .await?;
        drop(snapshot);
        for entry in &before {
            OUTBOX.forget(batch, entry);
        }
        let no_room = excess.saturating_sub(count);
        for (at, mut entry) in dead.into_iter().enumerate() {
            if at < no_room {
                OUTBOX.done(batch, &entry);
            } else {
                entry.message.given_up = Some(now);
                OUTBOX.bury(batch, &entry)?;
            }
        }
        Ok(())
    }

    /// Takes the oldest messages away from a lane that is too long, and a tenth more, so as not to come back for
    /// each one.
    async fn trim(&self, subscriber: &mut Stored<Subscriber>) -> Result<(), StoreError> {
        let limit = self.outbox.rules.queue;
        loop {
            let snapshot = self.snapshot().await?;
            let most = limit.saturating_add(PER_BATCH);
            let count = OUTBOX.count(snapshot.as_ref(), &self.id, most).await?;
            if count <= limit {
                return Ok(());
            }
            let excess = (count - limit + limit / 10).min(PER_BATCH);
            let oldest = OUTBOX.head(snapshot.as_ref(), &self.id, excess).await?;
            drop(snapshot);
            let mut batch = self.batch();
            for entry in &oldest {
                OUTBOX.done(&mut batch, entry);
            }
            let mut delivery = subscriber.value.delivery.clone();
            delivery.missed += oldest.len() as u64;
            self.note(subscriber, delivery, batch).await?;
            self.outbox
                .metrics
                .notified(Notified::Overrun, oldest.len());
            let count = oldest.len();
            warn!(
                subscription = self.id,
                count, "dropped the oldest notifications: too many wait"
            );
        }
    }

    /// Takes away what waits in a lane that is nobody's (any more), and our claim with the last of it.
    async fn clear(&mut self) -> Result<Turn, StoreError> {
        let now = clock::now().timestamp;
        if self.outbox.lso.subscriptions.is_pending(&self.id) {
            return Ok(Turn::NotBefore(now.checked_add(SOON).unwrap_or(now)));
        }
        // Once more, since it may have come between the two looks.
        if self.subscriber().await?.is_some() {
            return Ok(Turn::More);
        }
        let mut batch = self.batch();
        let snapshot = self.snapshot().await?;
        let cleared = OUTBOX
            .clear(snapshot.as_ref(), &mut batch, &self.id, PER_BATCH)
            .await?;
        drop(snapshot);
        let is_last = cleared < PER_BATCH;
        if let Some(held) = self.held.filter(|_| is_last) {
            claim::release(&mut batch, &self.name(), held.fence);
        }
        self.store().commit(batch).await?;
        self.outbox.metrics.notified(Notified::Cleared, cleared);
        debug!(
            subscription = self.id,
            cleared, "the subscription is no more"
        );
        if is_last {
            self.held = None;
            return Ok(Turn::Empty);
        }
        Ok(Turn::More)
    }
}
