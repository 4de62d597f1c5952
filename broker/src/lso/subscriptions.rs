//! Who wants to be notified of what: kept in the store, and in memory so that an event costs no read.
//!
//! A new subscription is in memory before it is in the store, and in the store before its 201 ([`Subscriptions::add`]).
//! Batches take effect in the order in which they are committed, so of the batches that are made while a subscription is:
//!
//! * one that is made after the subscription is in memory tells of its events;
//! * one that was made before and is committed before the subscription is: the subscriber can see its effect when he has his
//!   201, and is not told;
//! * one that was made before and is committed after the 201 tells nothing. Who makes a batch commits it at once, without
//!   waiting for anybody in between; then this takes a batch that is overtaken by another between two lines of code,
//!   while that one is brought to the disk.
//!
//! An event that is told of a subscription that did not come to be, or that is no more, waits in a lane that
//! belongs to nobody; [`super::outbox`] clears it away.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sof::notification::{Event, Subscription};

use super::records::SUBSCRIBERS;
use crate::store::{Batch, KeyRange, Store, StoreError};

/// A subscription, and how its notifications are doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscriber {
    /// What was subscribed to.
    pub subscription: Subscription,
    /// How delivery is doing.
    #[serde(default)]
    pub delivery: Delivery,
}

/// How the notifications of a subscription are doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Delivery {
    /// Tries that failed since one went well.
    pub failures: u32,
    /// Since when nothing went well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_try: Option<Timestamp>,
    /// Why the last try failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Notifications that were given up, or made room, since one went well: the next one says so.
    pub missed: u64,
}

/// There are as many subscriptions of a buyer as there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// The bound.
    pub limit: usize,
}

/// The subscriptions in memory.
#[derive(Debug, Default)]
pub struct Subscriptions {
    known: Mutex<Known>,
    by_buyer: ArcSwap<HashMap<String, Vec<Arc<Subscription>>>>,
}

#[derive(Debug, Default)]
struct Known {
    all: BTreeMap<String, Entry>,
    /// Counts changes, so that what was read from the store before one is not taken for what is there after it.
    changes: u64,
}

#[derive(Debug)]
struct Entry {
    subscription: Arc<Subscription>,
    /// On its way into the store.
    is_pending: bool,
}

/// How many are read at a time.
const PAGE: usize = 1_000;

impl Subscriptions {
    /// Takes over what the store holds, once at the start, and again when somebody has written to it. Tells which
    /// subscriptions pause, and until when.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn load(&self, store: &dyn Store) -> Result<HashMap<String, Timestamp>, StoreError> {
        loop {
            let changes = self.with(|known| known.changes);
            let snapshot = store.snapshot().await?;
            let (mut found, mut pauses) = (BTreeMap::new(), HashMap::new());
            let mut rest = Some(KeyRange::all());
            while let Some(range) = rest {
                let page = SUBSCRIBERS.scan(snapshot.as_ref(), &range, PAGE).await?;
                for (id, stored) in page.records {
                    let Subscriber {
                        subscription,
                        delivery,
                    } = stored.value;
                    let entry = Entry {
                        subscription: Arc::new(subscription),
                        is_pending: false,
                    };
                    pauses.extend(delivery.next_try.map(|next_try| (id.clone(), next_try)));
                    found.insert(id, entry);
                }
                rest = page.next;
            }
            let is_taken = self.with(|known| {
                if known.changes != changes {
                    return false;
                }
                let before = std::mem::replace(&mut known.all, found);
                let pending = before.into_iter().filter(|(_, entry)| entry.is_pending);
                known.all.extend(pending);
                self.publish(known);
                true
            });
            if is_taken {
                return Ok(pauses);
            }
        }
    }

    /// The subscriptions that hear of an event.
    #[must_use]
    pub fn of(&self, event: &Event) -> Vec<Arc<Subscription>> {
        let by_buyer = self.by_buyer.load();
        let of_buyer = by_buyer.get(&event.buyer).into_iter().flatten();
        of_buyer
            .filter(|subscription| event.matches(subscription))
            .cloned()
            .collect()
    }

    /// Makes a subscription: durable when it answers `Ok(Ok)`.
    ///
    /// # Errors
    /// The buyer has `limit` already; or, outside, the store does not keep it.
    pub async fn add(
        &self,
        store: &dyn Store,
        subscription: Subscription,
        limit: usize,
    ) -> Result<Result<(), TooMany>, StoreError> {
        let id = subscription.id.clone();
        let subscriber = Subscriber {
            subscription: subscription.clone(),
            delivery: Delivery::default(),
        };
        let has_room = self.with(|known| {
            let buyer = &subscription.buyer;
            let of_buyer = known.all.values();
            let of_buyer = of_buyer.filter(|entry| entry.subscription.buyer == *buyer);
            if of_buyer.count() >= limit {
                return false;
            }
            let entry = Entry {
                subscription: Arc::new(subscription),
                is_pending: true,
            };
            known.all.insert(id.clone(), entry);
            self.publish(known);
            true
        });
        if !has_room {
            return Ok(Err(TooMany { limit }));
        }
        // A request that is dropped on the way leaves nothing behind in memory.
        let mut pending = Pending {
            subscriptions: self,
            id: &id,
            is_kept: false,
        };
        let mut batch = Batch::new();
        SUBSCRIBERS.create(&mut batch, &id, &subscriber)?;
        store.commit(batch).await?;
        pending.is_kept = true;
        Ok(Ok(()))
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// The store does not keep that.
    pub async fn remove(&self, store: &dyn Store, id: &str) -> Result<bool, StoreError> {
        let id = id.to_owned();
        loop {
            let snapshot = store.snapshot().await?;
            let Some(stored) = SUBSCRIBERS.get(snapshot.as_ref(), &id).await? else {
                return Ok(false);
            };
            drop(snapshot);
            let mut batch = Batch::new();
            SUBSCRIBERS.delete(&mut batch, &id, stored.version);
            match store.commit(batch).await {
                Ok(_) => break,
                // Delivery noted something down in between.
                Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
        self.with(|known| {
            known.all.remove(&id);
            self.publish(known);
        });
        Ok(true)
    }

    /// Whether there is a subscription, or one on its way into the store.
    #[must_use]
    pub fn knows(&self, id: &str) -> bool {
        self.with(|known| known.all.contains_key(id))
    }

    /// Whether a subscription is on its way into the store.
    #[must_use]
    pub fn is_pending(&self, id: &str) -> bool {
        self.with(|known| known.all.get(id).is_some_and(|entry| entry.is_pending))
    }

    fn with<T>(&self, f: impl FnOnce(&mut Known) -> T) -> T {
        // Nothing panics half-way through a change.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        f(&mut known)
    }

    fn publish(&self, known: &mut Known) {
        known.changes += 1;
        let mut by_buyer: HashMap<String, Vec<_>> = HashMap::new();
        for entry in known.all.values() {
            let buyer = entry.subscription.buyer.clone();
            let of_buyer = by_buyer.entry(buyer).or_default();
            of_buyer.push(Arc::clone(&entry.subscription));
        }
        self.by_buyer.store(Arc::new(by_buyer));
    }
}

/// A subscription on its way into the store.
struct Pending<'a> {
    subscriptions: &'a Subscriptions,
    id: &'a str,
    is_kept: bool,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.subscriptions.with(|known| {
            if self.is_kept {
                if let Some(entry) = known.all.get_mut(self.id) {
                    entry.is_pending = false;
                }
                known.changes += 1;
            } else {
                known.all.remove(self.id);
                self.subscriptions.publish(known);
            }
        });
    }
}
