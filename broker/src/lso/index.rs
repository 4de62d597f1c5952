//! What lists of orders and services are found by, in memory.
//!
//! Records lie in the store by their id, which says nothing; filters ask for states, dates and other attributes. The index
//! has these of every record, oldest first, for everybody and per buyer. It sees every batch that goes to the store through
//! [`Indexed`], whoever makes it, so nobody has to keep it up; the store stays what counts, and a list shows records as they
//! are in the store.
//!
//! What it costs: after a start, one reading of both tables ([`warm`]), which the first list waits for; about 500 bytes of memory a record; for a list
//! a walk over the records that its buyer has (or everybody, for who sees all) in the range of their dates, which counts
//! them, and one look into the store for each record that is shown. `benches/orders.rs` measures it.
//!
//! A batch of which nobody heard how it ended is [`doubtful`](Index::doubt): its records are read from the store again by the
//! first list after something was written to their table, until their versions show that the batch was kept or cannot be any
//! more, or the store must have answered long ago.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use imbl::OrdMap;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::Lso;
use crate::clock;
use crate::store::key::Key;
use crate::store::{KeyRange, MAX_PAGE_RECORDS, Snapshot, Store, StoreError, Table};

mod entries;
mod indexed;

pub use entries::{OrderEntry, ServiceEntry};
pub use indexed::Indexed;

/// Reads what there is, so that the first list need not: beside the start, which does not wait for it.
pub async fn warm(lso: Lso, stop: CancellationToken) {
    let both = async {
        lso.index.orders.refresh(&*lso.store).await?;
        lso.index.services.refresh(&*lso.store).await
    };
    tokio::select! {
        () = stop.cancelled() => {}
        read = both => if let Err(error) = read {
            warn!(error = &error as &dyn std::error::Error, "the first lists have to read the store");
        },
    }
}

/// After this long a batch is kept or it is not: nothing waits in the store's queue for longer.
const DOUBT: Duration = Duration::from_secs(300);

/// How soon a doubtful record is read again although nothing seems to be written: what another process writes may be told
/// late.
const AGAIN: Duration = Duration::from_secs(10);

/// So many entries are looked at before other tasks have a turn.
const AT_ONCE: usize = 4_096;

/// What the index has of a record.
pub trait Entry: Clone + Debug + Send + Sync + 'static {
    /// The record.
    type Record: Serialize + DeserializeOwned + Send;
    /// Where records are.
    const TABLE: Table<String, Self::Record>;

    /// The entry of a record.
    fn of(record: &Self::Record) -> Self;
    /// Whose it is.
    fn buyer(&self) -> &Arc<str>;
    /// Where in the list it stands; of the same moment, by id.
    fn date(&self) -> Timestamp;
}

/// Orders and services.
#[derive(Debug, Default)]
pub struct Indexes {
    /// Orders.
    pub orders: Index<OrderEntry>,
    /// Services.
    pub services: Index<ServiceEntry>,
}

/// The index of one table.
#[derive(Debug)]
pub struct Index<E> {
    state: RwLock<State<E>>,
    is_loaded: OnceCell<()>,
}

/// Where a record stands in lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    date: Timestamp,
    id: Arc<str>,
}

type Entries<E> = OrdMap<Place, Arc<E>>;

#[derive(Debug)]
struct State<E> {
    /// Of each record the version, and the place if it is there.
    known: HashMap<Arc<str>, (u64, Option<Place>)>,
    all: Entries<E>,
    of_buyer: HashMap<Arc<str>, Entries<E>>,
    doubtful: HashMap<Arc<str>, Doubt>,
}

/// A record of which nobody knows whether a batch wrote it.
#[derive(Clone, Copy, Debug)]
struct Doubt {
    since: Instant,
    /// The version on which the batch depended, 0 for that there was none: with a later one its fate is sealed. `None` for a
    /// batch that depended on nothing.
    before: Option<u64>,
    /// How far the table was written when the record was read last, and when that was.
    looked: Option<(u64, Instant)>,
}

impl Doubt {
    /// Whether the record may be another than when it was read last.
    fn is_due(&self, written: u64, now: Instant) -> bool {
        self.looked.is_none_or(|(seen, when)| {
            seen != written || now.saturating_duration_since(when) >= AGAIN
        })
    }

    /// Whether a record of this version says what became of the batch.
    fn is_settled_by(&self, version: u64) -> bool {
        self.before.is_some_and(|before| version > before)
    }
}

impl<E> Default for Index<E> {
    fn default() -> Self {
        Self {
            state: RwLock::new(State {
                known: HashMap::new(),
                all: OrdMap::new(),
                of_buyer: HashMap::new(),
                doubtful: HashMap::new(),
            }),
            is_loaded: OnceCell::new(),
        }
    }
}

/// What is to be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<'a> {
    /// Of one buyer, or of all.
    pub buyer: Option<&'a str>,
    /// Only what has a later date.
    pub after: Option<Timestamp>,
    /// Only what has an earlier date.
    pub before: Option<Timestamp>,
    /// How many of those that match are left out first.
    pub offset: usize,
    /// The most that are wanted.
    pub limit: usize,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// How many match.
    pub total: usize,
    /// The ids of the page, in order.
    pub ids: Vec<Arc<str>>,
}

impl<E: Entry> Index<E> {
    fn read(&self) -> RwLockReadGuard<'_, State<E>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State<E>> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a record was written, or was deleted.
    pub fn apply(&self, id: &str, version: u64, record: Option<&E::Record>) {
        let entry = record.map(E::of);
        self.write().apply(id, version, entry);
    }

    /// Notes that nobody knows whether a record was written by a batch that depended on this version of it, 0 for none.
    pub fn doubt(&self, id: &str, before: Option<u64>) {
        let doubt = Doubt {
            since: clock::instant(),
            before,
            looked: None,
        };
        self.write().doubtful.insert(id.into(), doubt);
    }

    /// The ids of what matches, in the order of their dates.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn list(
        &self,
        store: &dyn Store,
        page: Page<'_>,
        matches: impl Fn(&E) -> bool + Send,
    ) -> Result<Listing, StoreError> {
        self.refresh(store).await?;
        // A copy that shares all with the index: who writes does not wait for who lists.
        let entries = match page.buyer {
            None => self.read().all.clone(),
            Some(buyer) => self.read().of_buyer.get(buyer).cloned().unwrap_or_default(),
        };
        let bound = |date: Timestamp| Place {
            date,
            id: "".into(),
        };
        let from = bound(page.after.unwrap_or(Timestamp::MIN));
        let mut listing = Listing {
            total: 0,
            ids: Vec::new(),
        };
        for (seen, (place, entry)) in entries.range(from..).enumerate() {
            if page.before.is_some_and(|before| place.date >= before) {
                break;
            }
            if seen % AT_ONCE == AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
            if page.after.is_some_and(|after| place.date <= after) || !matches(entry) {
                continue;
            }
            if listing.total >= page.offset && listing.ids.len() < page.limit {
                listing.ids.push(Arc::clone(&place.id));
            }
            listing.total += 1;
        }
        Ok(listing)
    }

    /// Reads what the index has not seen.
    async fn refresh(&self, store: &dyn Store) -> Result<(), StoreError> {
        self.is_loaded
            .get_or_try_init(|| async {
                let snapshot = store.snapshot().await?;
                self.load(&*snapshot).await
            })
            .await?;
        self.settle(store).await
    }

    /// Reads the doubtful records that may have changed.
    async fn settle(&self, store: &dyn Store) -> Result<(), StoreError> {
        if self.read().doubtful.is_empty() {
            return Ok(());
        }
        let now = clock::instant();
        // Before the snapshot: what is written behind it is looked for again.
        let written = *store.watch(E::TABLE.name()).borrow();
        let due: Vec<Arc<str>> = {
            let state = self.read();
            let due = state.doubtful.iter();
            let due = due.filter(|(_, doubt)| doubt.is_due(written, now));
            due.map(|(id, _)| Arc::clone(id)).collect()
        };
        if due.is_empty() {
            return Ok(());
        }
        let snapshot = store.snapshot().await?;
        for id in due {
            let stored = E::TABLE.get(&*snapshot, &id.to_string()).await?;
            let mut state = self.write();
            let Some(mut doubt) = state.doubtful.get(&id).copied() else {
                continue;
            };
            let version = stored.as_ref().map_or(0, |stored| stored.version);
            if let Some(stored) = stored {
                state.apply(&id, stored.version, Some(E::of(&stored.value)));
            }
            let is_over = now.saturating_duration_since(doubt.since) >= DOUBT;
            if doubt.is_settled_by(version) || is_over {
                state.doubtful.remove(&id);
            } else {
                doubt.looked = Some((written, now));
                state.doubtful.insert(id, doubt);
            }
        }
        Ok(())
    }

    async fn load(&self, snapshot: &dyn Snapshot) -> Result<(), StoreError> {
        let mut rest = Some(KeyRange::all());
        while let Some(range) = rest {
            let page = snapshot
                .scan(E::TABLE.name(), &range, MAX_PAGE_RECORDS / 10)
                .await?;
            for (key, record) in &page.records {
                let read = serde_json::from_slice::<E::Record>(&record.value);
                match (String::decode(key), read) {
                    (Some(id), Ok(value)) => self.apply(&id, record.version, Some(&value)),
                    // One that cannot be read must not hide all the others.
                    (_, read) => {
                        let key = key.escape_ascii();
                        let error = read.err().map(tracing::field::display);
                        warn!(table = %E::TABLE.name(), %key, error, "a record cannot be read: it is in no list");
                    }
                }
            }
            rest = page.next;
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}

impl<E: Entry> State<E> {
    fn apply(&mut self, id: &str, version: u64, entry: Option<E>) {
        let (id, place) = match self.known.get_key_value(id) {
            // Batches are told in any order; the last word counts.
            Some((_, (known, _))) if *known >= version => return,
            Some((id, (_, place))) => (Arc::clone(id), place.clone()),
            None => (id.into(), None),
        };
        let doubt = self.doubtful.get(&id);
        if doubt.is_some_and(|doubt| doubt.is_settled_by(version)) {
            self.doubtful.remove(&id);
        }
        if let Some(place) = place
            && let Some(entry) = self.all.remove(&place)
            && let Some(own) = self.of_buyer.get_mut(entry.buyer())
        {
            own.remove(&place);
            if own.is_empty() {
                self.of_buyer.remove(entry.buyer());
            }
        }
        let place = entry.map(|entry| {
            let place = Place {
                date: entry.date(),
                id: Arc::clone(&id),
            };
            let entry = Arc::new(entry);
            let own = self.of_buyer.entry(Arc::clone(entry.buyer())).or_default();
            own.insert(place.clone(), Arc::clone(&entry));
            self.all.insert(place.clone(), entry);
            place
        });
        self.known.insert(id, (version, place));
    }
}

#[cfg(test)]
mod tests;
