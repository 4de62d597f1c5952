//! The store in memory: for tests, and for brokers that may forget (`store = "memory"`).
//!
//! Each key has the row of its values with their versions; a snapshot is a number, and sees of each row the
//! last value that is not younger. What no snapshot sees any more is taken away as time goes by.

use std::collections::{BTreeMap, VecDeque};
use std::future::ready;
use std::ops::Bound;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use super::batch::Batch;
use super::error::StoreError;
use super::range::{KeyRange, Page, fill};
use super::stats::{Counters, Stats};
use super::table::TableName;
use super::watches::Watches;
use super::{Answer, Receipt, Record, Snapshot, Store};

/// A store that ends with its process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: RwLock<State>,
    counters: Counters,
    watches: Watches,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn apply(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        batch.check()?;
        let mut state = self.shared.write();
        let latest = state.sequence;
        let version_of = |table, key: &[u8]| Ok::<_, StoreError>(state.version_of(table, key));
        if let Some(conflict) = batch.conflict(version_of)? {
            self.shared.counters.conflicts.fetch_add(1, Relaxed);
            return Err(conflict.into());
        }
        if batch.writes().is_empty() {
            return Ok(Receipt { version: latest });
        }
        let version = latest + 1;
        for (table, key, value) in batch.outcome(version) {
            state.write(table, key, version, value.cloned());
        }
        state.sequence = version;
        state.prune();
        drop(state);
        self.shared.counters.committed(1, Duration::ZERO);
        self.shared.watches.wake(version, batch);
        Ok(Receipt { version })
    }
}

impl Shared {
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn commit(&self, batch: Batch) -> Answer<'_, Receipt> {
        Box::pin(async move { self.apply(&batch) })
    }

    fn snapshot(&self) -> Answer<'_, Box<dyn Snapshot>> {
        let mut state = self.shared.write();
        let at = state.sequence;
        *state.open.entry(at).or_default() += 1;
        drop(state);
        self.shared.counters.reads.fetch_add(1, Relaxed);
        self.shared.counters.snapshots.fetch_add(1, Relaxed);
        let shared = Arc::clone(&self.shared);
        let snapshot: Box<dyn Snapshot> = Box::new(MemorySnapshot { shared, at });
        Box::pin(ready(Ok(snapshot)))
    }

    fn watch(&self, table: TableName) -> watch::Receiver<u64> {
        self.shared.watches.of(table)
    }

    fn stats(&self) -> Stats {
        self.shared.counters.read(0)
    }
}

#[derive(Debug)]
struct MemorySnapshot {
    shared: Arc<Shared>,
    at: u64,
}

impl Snapshot for MemorySnapshot {
    fn get<'a>(&'a self, table: TableName, key: &'a [u8]) -> Answer<'a, Option<Record>> {
        let state = self.shared.read();
        let row = state.tables.get(&table).and_then(|rows| rows.get(key));
        let record = row.and_then(|row| seen(row, self.at));
        Box::pin(ready(Ok(record)))
    }

    fn scan<'a>(&'a self, table: TableName, range: &'a KeyRange, limit: usize) -> Answer<'a, Page> {
        Box::pin(ready(self.page(table, range, limit)))
    }
}

impl MemorySnapshot {
    fn page(&self, table: TableName, range: &KeyRange, limit: usize) -> Result<Page, StoreError> {
        let state = self.shared.read();
        let Some(rows) = state.tables.get(&table) else {
            return Ok(Page::default());
        };
        // A tree's `range` takes no empty range.
        if range.is_empty() {
            return Ok(Page::default());
        }
        let from = Bound::Included(range.from());
        let to = range.to().map_or(Bound::Unbounded, Bound::Excluded);
        let rows = rows.range::<[u8], _>((from, to));
        let record = |(key, row): (&Bytes, &Row)| Some(Ok((key.clone(), seen(row, self.at)?)));
        if range.is_descending() {
            fill(range, limit, rows.rev().filter_map(record))
        } else {
            fill(range, limit, rows.filter_map(record))
        }
    }
}

impl Drop for MemorySnapshot {
    fn drop(&mut self) {
        self.shared.counters.snapshots.fetch_sub(1, Relaxed);
        let mut state = self.shared.write();
        if let Some(count) = state.open.get_mut(&self.at) {
            *count -= 1;
            if *count == 0 {
                state.open.remove(&self.at);
                state.prune();
            }
        }
    }
}

/// Versions and values of a key, the oldest first; no value where the record was deleted.
type Row = Vec<(u64, Option<Bytes>)>;

#[derive(Debug, Default)]
struct State {
    /// The version of the last batch.
    sequence: u64,
    tables: BTreeMap<TableName, BTreeMap<Bytes, Row>>,
    /// How many snapshots there are of each version.
    open: BTreeMap<u64, usize>,
    /// Rows that have more than they need as soon as no snapshot is older than the version.
    outdated: VecDeque<(u64, TableName, Bytes)>,
}

impl State {
    fn version_of(&self, table: TableName, key: &[u8]) -> Option<u64> {
        let (version, value) = self.tables.get(&table)?.get(key)?.last()?;
        value.is_some().then_some(*version)
    }

    fn write(&mut self, table: TableName, key: Bytes, version: u64, value: Option<Bytes>) {
        let row = self
            .tables
            .entry(table)
            .or_default()
            .entry(key.clone())
            .or_default();
        let is_outdated = !row.is_empty() || value.is_none();
        row.push((version, value));
        if is_outdated {
            self.outdated.push_back((version, table, key));
        }
    }

    fn prune(&mut self) {
        let oldest = self.open.keys().next();
        let horizon = oldest.copied().unwrap_or(self.sequence);
        while self
            .outdated
            .front()
            .is_some_and(|(since, ..)| *since <= horizon)
        {
            let Some((_, table, key)) = self.outdated.pop_front() else {
                break;
            };
            let Some(rows) = self.tables.get_mut(&table) else {
                continue;
            };
            let Some(row) = rows.get_mut(&key) else {
                continue;
            };
            let young = row.partition_point(|(version, _)| *version <= horizon);
            row.drain(..young.saturating_sub(1));
            if let [(version, None)] = row[..]
                && version <= horizon
            {
                rows.remove(&key);
            }
        }
    }
}

fn seen(row: &Row, at: u64) -> Option<Record> {
    let (version, value) = row.iter().rev().find(|(version, _)| *version <= at)?;
    let value = value.clone()?;
    Some(Record {
        version: *version,
        value,
    })
}
