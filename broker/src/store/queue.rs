//! Ordered queues in a table: one lane per subscriber, in order within it.
//!
//! ```text
//! key    = text(lane) · version of the batch · position in it      8 and 4 octets, highest first
//! value  = the message, JSON
//! ```
//!
//! * Who makes an event appends its messages in the batch that makes it: both are kept or neither.
//! * Who delivers looks at the head of a lane, sends, and takes the message away with a batch that expects it
//!   to be as it was seen. When it dies between the two, the message is sent again: at least once.
//! * Retries are in the message itself ([`Queue::rewrite`]): its place stays, so nothing overtakes it. What is
//!   given up goes to the dead letters under the same key ([`Queue::bury`]), and the lane goes on.
//! * Several brokers: hold a [claim](super::claim) on the lane, and add its guard to these batches.

use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::batch::{Batch, Expected};
use super::error::{RecordFault, StoreError};
use super::key::{Reader, Writer};
use super::range::KeyRange;
use super::table::{TableName, decode, encode, fault};
use super::{Record, Snapshot};

/// Where an appended record stands behind its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The version of the batch that appended it.
    pub version: u64,
    /// Which of the batch's appends it was, from 0.
    pub position: u32,
}

impl Place {
    /// Octets of a place in a key.
    pub const BYTES: usize = 12;

    /// The key of the record that was appended to `prefix` here.
    #[must_use]
    pub fn key(self, prefix: &[u8]) -> Bytes {
        let version = self.version.to_be_bytes();
        [prefix, &version, &self.position.to_be_bytes()]
            .concat()
            .into()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (version, position) = bytes.split_first_chunk()?;
        Some(Self {
            version: u64::from_be_bytes(*version),
            position: u32::from_be_bytes(position.try_into().ok()?),
        })
    }
}

/// A message in a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<T> {
    /// The lane.
    pub lane: String,
    /// Where it stands; rises along the lane.
    pub place: Place,
    /// The version of its record: not its place's once it was rewritten.
    pub version: u64,
    /// The message.
    pub message: T,
}

impl<T> Entry<T> {
    fn key(&self) -> Bytes {
        self.place.key(&prefix(&self.lane))
    }
}

/// A table of lanes, and the one for what was given up.
pub struct Queue<T> {
    waiting: TableName,
    dead: TableName,
    message: PhantomData<fn(T) -> T>,
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("waiting", &self.waiting)
            .field("dead", &self.dead)
            .finish()
    }
}

impl<T> Queue<T> {
    /// The notifications.
    pub const OUTBOX: Self = Self::new(TableName::Outbox, TableName::DeadLetters);

    /// Lanes in the table `waiting`; what is given up goes to the table `dead`.
    #[must_use]
    pub const fn new(waiting: TableName, dead: TableName) -> Self {
        Self {
            waiting,
            dead,
            message: PhantomData,
        }
    }

    /// Takes a message away that is as it was seen.
    pub fn done(&self, batch: &mut Batch, entry: &Entry<T>) {
        remove(self.waiting, batch, entry);
    }

    /// Takes a dead letter away.
    pub fn forget(&self, batch: &mut Batch, entry: &Entry<T>) {
        remove(self.dead, batch, entry);
    }

    /// The lanes in which something waits, by name, from behind `after`.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::scan`].
    pub async fn lanes(
        &self,
        snapshot: &dyn Snapshot,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        lanes(snapshot, self.waiting, after, limit).await
    }

    /// The lanes that have dead letters, by name, from behind `after`.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::scan`].
    pub async fn dead_lanes(
        &self,
        snapshot: &dyn Snapshot,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        lanes(snapshot, self.dead, after, limit).await
    }
}

impl<T> Queue<T> {
    /// How many messages wait in a lane, counted up to `limit`.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::scan`].
    pub async fn count(
        &self,
        snapshot: &dyn Snapshot,
        lane: &str,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let range = KeyRange::prefix(prefix(lane));
        let page = snapshot.scan(self.waiting, &range, limit).await?;
        Ok(page.records.len())
    }

    /// How many dead letters a lane has, counted up to `limit`.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::scan`].
    pub async fn count_dead(
        &self,
        snapshot: &dyn Snapshot,
        lane: &str,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let range = KeyRange::prefix(prefix(lane));
        let page = snapshot.scan(self.dead, &range, limit).await?;
        Ok(page.records.len())
    }

    /// Takes away up to `limit` messages and as many dead letters of a lane, the first ones, whatever they say; tells how
    /// many they are.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::scan`].
    pub async fn clear(
        &self,
        snapshot: &dyn Snapshot,
        batch: &mut Batch,
        lane: &str,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let range = KeyRange::prefix(prefix(lane));
        let mut cleared = 0;
        for table in [self.waiting, self.dead] {
            let page = snapshot.scan(table, &range, limit).await?;
            cleared += page.records.len();
            for (key, _) in page.records {
                batch.delete(table, key);
            }
        }
        Ok(cleared)
    }
}

impl<T: Serialize + DeserializeOwned> Queue<T> {
    /// Adds a message at the end of a lane.
    ///
    /// # Errors
    ///
    /// [`StoreError::Record`] when the message cannot be written as JSON.
    pub fn append(&self, batch: &mut Batch, lane: &str, message: &T) -> Result<(), StoreError> {
        let prefix = prefix(lane);
        let message = encode(self.waiting, &prefix, message)?;
        batch.append(self.waiting, prefix, message);
        Ok(())
    }

    /// The first messages of a lane, in order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Record`] when a record is not a `T`; as [`Snapshot::scan`].
    pub async fn head(
        &self,
        snapshot: &dyn Snapshot,
        lane: &str,
        limit: usize,
    ) -> Result<Vec<Entry<T>>, StoreError> {
        first(snapshot, self.waiting, lane, limit).await
    }

    /// The first dead letters of a lane, in order.
    ///
    /// # Errors
    ///
    /// As [`Queue::head`].
    pub async fn dead(
        &self,
        snapshot: &dyn Snapshot,
        lane: &str,
        limit: usize,
    ) -> Result<Vec<Entry<T>>, StoreError> {
        first(snapshot, self.dead, lane, limit).await
    }

    /// Puts another message in the place of one that is as it was seen: to note a try that failed.
    ///
    /// # Errors
    ///
    /// As [`Queue::append`].
    pub fn rewrite(
        &self,
        batch: &mut Batch,
        entry: &Entry<T>,
        message: &T,
    ) -> Result<(), StoreError> {
        let key = entry.key();
        let message = encode(self.waiting, &key, message)?;
        batch
            .expect(self.waiting, key.clone(), Expected::Version(entry.version))
            .put(self.waiting, key, message);
        Ok(())
    }

    /// Moves a message to the dead letters.
    ///
    /// # Errors
    ///
    /// As [`Queue::append`].
    pub fn bury(&self, batch: &mut Batch, entry: &Entry<T>) -> Result<(), StoreError> {
        let key = entry.key();
        let message = encode(self.dead, &key, &entry.message)?;
        self.done(batch, entry);
        batch.put(self.dead, key, message);
        Ok(())
    }

    /// Moves a dead letter back to its place in its lane, before all that waits there, as another message.
    ///
    /// # Errors
    ///
    /// As [`Queue::append`].
    pub fn revive(
        &self,
        batch: &mut Batch,
        entry: &Entry<T>,
        message: &T,
    ) -> Result<(), StoreError> {
        let key = entry.key();
        let message = encode(self.waiting, &key, message)?;
        self.forget(batch, entry);
        batch.put(self.waiting, key, message);
        Ok(())
    }

    /// The dead letters of all lanes, by lane and place, from behind `after`.
    ///
    /// # Errors
    ///
    /// As [`Queue::head`].
    pub async fn all_dead(
        &self,
        snapshot: &dyn Snapshot,
        after: Option<(&str, Place)>,
        limit: usize,
    ) -> Result<Vec<Entry<T>>, StoreError> {
        let range = match after {
            None => KeyRange::all(),
            Some((lane, place)) => KeyRange::all().after(&place.key(&prefix(lane))),
        };
        read(snapshot, self.dead, &range, limit).await
    }

    /// The dead letter that stands in a place.
    ///
    /// # Errors
    ///
    /// As [`Queue::head`].
    pub async fn dead_at(
        &self,
        snapshot: &dyn Snapshot,
        lane: &str,
        place: Place,
    ) -> Result<Option<Entry<T>>, StoreError> {
        let key = place.key(&prefix(lane));
        let record = snapshot.get(self.dead, &key).await?;
        record
            .map(|record| entry(self.dead, &key, &record))
            .transpose()
    }
}

fn prefix(lane: &str) -> Bytes {
    let mut writer = Writer::default();
    writer.text(lane);
    writer.done()
}

async fn lanes(
    snapshot: &dyn Snapshot,
    table: TableName,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<String>, StoreError> {
    // One look per lane, however much is in it.
    let mut lanes = Vec::new();
    let mut rest = match after {
        None => Some(KeyRange::all()),
        Some(lane) => behind(lane),
    };
    while lanes.len() < limit
        && let Some(range) = rest
    {
        let page = snapshot.scan(table, &range, 1).await?;
        let Some((key, _)) = page.records.first() else {
            break;
        };
        let lane = Reader::new(key)
            .text()
            .ok_or_else(|| fault(table, key, RecordFault::Key))?;
        rest = behind(&lane);
        lanes.push(lane);
    }
    Ok(lanes)
}

/// The keys of all lanes behind this one.
fn behind(lane: &str) -> Option<KeyRange> {
    let lane = KeyRange::prefix(prefix(lane));
    lane.to()
        .map(|to| KeyRange::between(Bytes::copy_from_slice(to), None))
}

fn remove<T>(table: TableName, batch: &mut Batch, entry: &Entry<T>) {
    let key = entry.key();
    batch
        .expect(table, key.clone(), Expected::Version(entry.version))
        .delete(table, key);
}

/// The first entries of a lane in a table.
async fn first<T: DeserializeOwned>(
    snapshot: &dyn Snapshot,
    table: TableName,
    lane: &str,
    limit: usize,
) -> Result<Vec<Entry<T>>, StoreError> {
    read(snapshot, table, &KeyRange::prefix(prefix(lane)), limit).await
}

async fn read<T: DeserializeOwned>(
    snapshot: &dyn Snapshot,
    table: TableName,
    range: &KeyRange,
    limit: usize,
) -> Result<Vec<Entry<T>>, StoreError> {
    let page = snapshot.scan(table, range, limit).await?;
    let entries = page.records.iter();
    entries
        .map(|(key, record)| entry(table, key, record))
        .collect()
}

fn entry<T: DeserializeOwned>(
    table: TableName,
    key: &[u8],
    record: &Record,
) -> Result<Entry<T>, StoreError> {
    let mut reader = Reader::new(key);
    let lane = reader.text();
    let place = Place::read(reader.rest());
    let (Some(lane), Some(place)) = (lane, place) else {
        return Err(fault(table, key, RecordFault::Key));
    };
    let stored = decode(table, key, record)?;
    Ok(Entry {
        lane,
        place,
        version: stored.version,
        message: stored.value,
    })
}
