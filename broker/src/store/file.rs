//! The store in one file: redb, a B+ tree with copy on write, under our interface. The only module that
//! knows redb.
//!
//! ```text
//!  commit ──▶ queue (bounded, in batches and bytes) ──▶ writer thread ──▶ one transaction for all that wait
//!    ▲                                                       │                 preconditions one by one
//!    └──────────────── after the sync, each its own ◀────────┘                 one sync
//!
//!  snapshot ──▶ a read transaction: no queue, no wait
//! ```
//!
//! When the file cannot be written, the library gives up on the open database. The writer then opens it anew,
//! at once and again with each request, so that work goes on as soon as it can, without a restart.

mod database;
mod format;
mod medium;
mod steps;
mod writer;

use std::future::ready;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;

use bytes::Bytes;
use redb::{Database, ReadTransaction, ReadableDatabase};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

pub use format::{Format, Migration, Step};
pub use medium::Faults;

use super::batch::{Batch, MAX_BATCH_BYTES};
use super::error::StoreError;
use super::range::{KeyRange, Page, fill};
use super::stats::{Counters, Stats};
use super::table::TableName;
use super::watches::Watches;
use super::{Answer, Receipt, Record, Snapshot, Store};

use writer::{Command, Waiting};

/// How a file is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many batches may wait; who comes then waits before the queue. 1,024 are two or three syncs of a
    /// busy broker.
    pub queue: usize,
    /// How many bytes may wait, at least [`MAX_BATCH_BYTES`].
    pub queue_bytes: usize,
    /// Memory for pages of the file, in bytes.
    pub cache_bytes: usize,
    /// Read the whole file when it is opened, and check it, so that a damaged one is refused and not
    /// believed. After a crash this is done in any case.
    pub verify: bool,
    /// The format to write, and how older ones come to it; another than the default in tests only.
    pub format: Format,
    /// What makes the file fail, in tests.
    pub faults: Option<Arc<dyn Faults>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            queue: 1_024,
            queue_bytes: 2 * MAX_BATCH_BYTES,
            cache_bytes: 64 << 20,
            verify: true,
            format: Format::CURRENT,
            faults: None,
        }
    }
}

/// What a backup copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backup {
    /// Records, in all tables.
    pub records: u64,
    /// The copy's length in bytes.
    pub bytes: u64,
}

/// A store in a file.
#[derive(Debug)]
pub struct FileStore {
    shared: Arc<Shared>,
    room: Arc<Semaphore>,
    /// None once closed.
    commands: Option<mpsc::Sender<Command>>,
    writer: Option<JoinHandle<Result<(), StoreError>>>,
    /// Held until the database is closed.
    lock: Option<database::Lock>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    options: Options,
    counters: Arc<Counters>,
    watches: Watches,
    /// None while it failed and could not be opened again. The writer alone opens and closes; it is locked
    /// for as long as that takes, and by readers for as long as a transaction takes to begin.
    database: RwLock<Option<Database>>,
    /// A reader saw the file fail.
    suspect: AtomicBool,
}

impl FileStore {
    /// Opens the store in a file, or makes it where there is none. Blocks.
    ///
    /// # Errors
    ///
    /// [`StoreError::AlreadyOpen`], [`StoreError::NotAStore`], [`StoreError::Damaged`],
    /// [`StoreError::NewerFormat`], [`StoreError::Migration`], [`StoreError::Full`] or [`StoreError::Io`]. A
    /// file that was there then holds what it held.
    pub fn open(path: &Path, options: Options) -> Result<Self, StoreError> {
        let lock = database::lock(path)?;
        let counters = Arc::<Counters>::default();
        let database = database::open_or_create(path, &options, &counters)?;
        let length = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        counters.file_bytes.store(length, Relaxed);
        let (commands, receiver) = mpsc::channel(options.queue.max(1));
        let room = Arc::new(Semaphore::new(
            units(options.queue_bytes.max(MAX_BATCH_BYTES)) as usize,
        ));
        let shared = Arc::new(Shared {
            path: path.to_owned(),
            options,
            counters,
            watches: Watches::default(),
            database: RwLock::new(Some(database)),
            suspect: AtomicBool::new(false),
        });
        let writer = std::thread::Builder::new().name("store".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || writer::run(&shared, receiver)
        });
        let writer = writer.map_err(|error| StoreError::Io {
            doing: "starting the thread that writes",
            path: path.to_owned(),
            cause: Arc::new(error),
        })?;
        Ok(Self {
            shared,
            room,
            commands: Some(commands),
            writer: Some(writer),
            lock: Some(lock),
        })
    }

    /// Keeps what waits, and closes the file. Dropping the store does the same, and forgets the error.
    ///
    /// # Errors
    ///
    /// That the file could not be closed in order. Nothing is lost; the next start checks it.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.finish()
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        drop(self.commands.take());
        let outcome = match self.writer.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) => Err(StoreError::Unavailable {
                doing: "the thread that writes panicked",
                cause: None,
            }),
        };
        drop(self.lock.take());
        outcome
    }

    /// Copies one state of the store into a file that must not be there, while work goes on. Blocks; the
    /// copy is packed, and can be opened as any store.
    ///
    /// # Errors
    ///
    /// What the source or the copy refuses. What was copied until then is left under the name with `.new`.
    pub fn backup(&self, to: &Path) -> Result<Backup, StoreError> {
        let transaction = self.shared.begin_read()?;
        database::back_up(
            &transaction,
            &self.shared.path,
            to,
            self.shared.options.format,
        )
    }

    async fn enqueue(&self, batch: Batch) -> Result<Receipt, StoreError> {
        batch.check()?;
        let room = Arc::clone(&self.room);
        let room = room.acquire_many_owned(units(batch.bytes())).await;
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            batch,
            answer,
            _room: room.map_err(|_| StoreError::Closed)?,
        };
        let commands = self.commands.as_ref().ok_or(StoreError::Closed)?;
        let sent = commands.send(Command::Commit(waiting)).await;
        sent.map_err(|_| StoreError::Closed)?;
        match answered.await {
            Ok(answer) => answer,
            Err(_) => Err(StoreError::InDoubt { cause: None }),
        }
    }

    async fn look(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        let mut transaction = self.shared.begin_read();
        if transaction.is_err() || self.shared.suspect.load(Relaxed) {
            let (answer, answered) = oneshot::channel();
            let commands = self.commands.as_ref().ok_or(StoreError::Closed)?;
            let sent = commands.send(Command::Mend(answer)).await;
            sent.map_err(|_| StoreError::Closed)?;
            // Mended or not: the next try tells.
            let _ = answered.await;
            transaction = self.shared.begin_read();
        }
        let transaction = transaction?;
        self.shared.counters.reads.fetch_add(1, Relaxed);
        self.shared.counters.snapshots.fetch_add(1, Relaxed);
        Ok(Box::new(FileSnapshot {
            transaction,
            shared: Arc::clone(&self.shared),
        }))
    }
}

impl Drop for FileStore {
    fn drop(&mut self) {
        if let Err(error) = self.finish() {
            tracing::error!(%error, "the store was not closed in order");
        }
    }
}

/// Room in the queue is counted in KiB, since a semaphore's numbers end at 2^32.
fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1_024).max(1)).unwrap_or(u32::MAX)
}

impl Store for FileStore {
    fn commit(&self, batch: Batch) -> Answer<'_, Receipt> {
        Box::pin(self.enqueue(batch))
    }

    fn snapshot(&self) -> Answer<'_, Box<dyn Snapshot>> {
        Box::pin(self.look())
    }

    fn watch(&self, table: TableName) -> watch::Receiver<u64> {
        self.shared.watches.of(table)
    }

    fn stats(&self) -> Stats {
        let waiting = |commands: &mpsc::Sender<_>| commands.max_capacity() - commands.capacity();
        let queued = self.commands.as_ref().map_or(0, waiting);
        self.shared.counters.read(queued)
    }
}

impl Shared {
    fn begin_read(&self) -> Result<ReadTransaction, StoreError> {
        let database = self.database();
        let Some(database) = database.as_ref() else {
            return Err(StoreError::Unavailable {
                doing: "it failed and could not be opened again",
                cause: None,
            });
        };
        (database.begin_read()).map_err(|error| self.unreadable(error.into()))
    }

    fn unreadable(&self, error: redb::Error) -> StoreError {
        if matches!(error, redb::Error::Io(_) | redb::Error::PreviousIo) {
            self.suspect.store(true, Relaxed);
        }
        match error {
            // The database was opened anew since.
            redb::Error::DatabaseClosed => StoreError::Unavailable {
                doing: "it failed since this snapshot was taken; take a new one",
                cause: None,
            },
            error => database::refused(&self.path, "reading", error),
        }
    }

    fn no_version(&self, table: TableName, key: &[u8]) -> StoreError {
        StoreError::Damaged {
            path: self.path.clone(),
            reason: format!("table {table}, record {}: no version", key.escape_ascii()),
        }
    }
}

type Guard<'a> = redb::AccessGuard<'a, &'static [u8]>;

#[derive(Debug)]
struct FileSnapshot {
    transaction: ReadTransaction,
    shared: Arc<Shared>,
}

impl FileSnapshot {
    fn record(&self, table: TableName, key: &[u8]) -> Result<Option<Record>, StoreError> {
        let unreadable = |error: redb::Error| self.shared.unreadable(error);
        let records = (self.transaction.open_table(format::records(table)))
            .map_err(|error| unreadable(error.into()))?;
        let found = records.get(key).map_err(|error| unreadable(error.into()))?;
        found
            .map(|record| self.decode(table, key, record.value()))
            .transpose()
    }

    fn page(&self, table: TableName, range: &KeyRange, limit: usize) -> Result<Page, StoreError> {
        if range.is_empty() {
            return Ok(Page::default());
        }
        let unreadable = |error: redb::Error| self.shared.unreadable(error);
        let records = (self.transaction.open_table(format::records(table)))
            .map_err(|error| unreadable(error.into()))?;
        let from = Bound::Included(range.from());
        let to = range.to().map_or(Bound::Unbounded, Bound::Excluded);
        let found =
            (records.range::<&[u8]>((from, to))).map_err(|error| unreadable(error.into()))?;
        let record = |item: Result<(Guard<'_>, Guard<'_>), redb::StorageError>| {
            let (key, record) = item.map_err(|error| unreadable(error.into()))?;
            let record = self.decode(table, key.value(), record.value())?;
            Ok((Bytes::copy_from_slice(key.value()), record))
        };
        if range.is_descending() {
            fill(range, limit, found.rev().map(record))
        } else {
            fill(range, limit, found.map(record))
        }
    }

    fn decode(&self, table: TableName, key: &[u8], record: &[u8]) -> Result<Record, StoreError> {
        let (version, value) =
            format::split(record).ok_or_else(|| self.shared.no_version(table, key))?;
        Ok(Record {
            version,
            value: Bytes::copy_from_slice(value),
        })
    }

    fn contained<T>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        database::contain(|| read(self)).unwrap_or_else(|| {
            self.shared.suspect.store(true, Relaxed);
            Err(StoreError::Unavailable {
                doing: "the database library panicked while reading",
                cause: None,
            })
        })
    }
}

impl Snapshot for FileSnapshot {
    fn get<'a>(&'a self, table: TableName, key: &'a [u8]) -> Answer<'a, Option<Record>> {
        Box::pin(ready(self.contained(|this| this.record(table, key))))
    }

    fn scan<'a>(&'a self, table: TableName, range: &'a KeyRange, limit: usize) -> Answer<'a, Page> {
        Box::pin(ready(self.contained(|this| this.page(table, range, limit))))
    }
}

impl Drop for FileSnapshot {
    fn drop(&mut self) {
        self.shared.counters.snapshots.fetch_sub(1, Relaxed);
    }
}
