//! The durable store: what the broker must not lose, in named tables of records.
//!
//! ```text
//!  order, saga, outbox ...          typed layer             what is kept where
//!  ┌────────────────────┐   Table<K, V>, Queue<T>,   ┌──────────────────────────┐
//!  │ the broker's tasks │──    claim::take      ────▶│ dyn Store                │
//!  └────────────────────┘                            │  commit(Batch) ▶ Receipt │
//!                                                    │  snapshot() ▶ get, scan  │
//!                                                    └────┬───────────┬─────────┘
//!                                                    file::FileStore  memory::MemoryStore
//! ```
//!
//! What every back end promises, and `broker/tests/store` checks of each:
//!
//! * A [`Batch`] is kept whole or not at all. Its preconditions are checked against the state before it, and
//!   batches take effect one after another.
//! * [`Store::commit`] answers when the batch is durable, not before.
//! * A [`Snapshot`] shows one state for as long as it lives, and does not wait for writers.
//! * Each record has a version: larger at each write, never used again, not even after a deletion. So
//!   "the version is still 7" means that nobody wrote the record since.
//!
//! Nothing here assumes that one process works on the store. Who works on what is a record with a
//! precondition ([`claim`]), order is in the keys ([`queue`]), and numbers come from the store
//! ([`Batch::append`]). Answers are futures, because a database server's would be; those of the file and of
//! memory are ready when first polled, save a commit. What a value's bytes mean is the caller's business;
//! the typed layer writes JSON.
//!
//! docs/store.md is the page for operators.

use std::fmt::Debug;
use std::pin::Pin;

use bytes::Bytes;
use tokio::sync::watch;

mod batch;
pub mod claim;
mod error;
pub mod file;
pub mod key;
pub mod memory;
pub mod open;
pub mod queue;
mod range;
mod stats;
mod table;
mod wait;
mod watches;

pub use batch::{
    Batch, Expect, Expected, MAX_BATCH_BYTES, MAX_KEY_BYTES, MAX_OPERATIONS, MAX_VALUE_BYTES, Write,
};
pub use error::{BatchError, Conflict, RecordFault, StoreError};
pub use range::{KeyRange, MAX_PAGE_BYTES, MAX_PAGE_RECORDS, Page};
pub use stats::{COMMIT_BUCKETS, Stats};
pub use table::{Stored, Table, TableName, TypedPage};
pub use wait::wait;

/// What a back end answers, in time.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A back end.
pub trait Store: Debug + Send + Sync {
    /// Keeps a batch. Waits for room in the queue, then until the batch is durable.
    ///
    /// A future that is dropped before it answers may or may not have kept the batch.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when a precondition does not hold, [`StoreError::Batch`] when the batch is not
    /// one, [`StoreError::Full`], [`StoreError::Unavailable`] and others when nothing was written, and
    /// [`StoreError::InDoubt`] when the store cannot tell: read before trying again.
    fn commit(&self, batch: Batch) -> Answer<'_, Receipt>;

    /// The state as it is now. It holds what it shows in the back end, so drop it with the request.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] while the back end cannot be read.
    fn snapshot(&self) -> Answer<'_, Box<dyn Snapshot>>;

    /// Says when a batch wrote to the table: a wake-up with a rising number and no other meaning. What
    /// several batches wrote may be one wake-up, and another process's writes may come late: look at the
    /// table on a timer too.
    fn watch(&self, table: TableName) -> watch::Receiver<u64>;

    /// Counts and durations since the store was opened.
    fn stats(&self) -> Stats;

    /// Why it cannot write at present, where that is known ([`open::Watched`] knows).
    fn trouble(&self) -> Option<String> {
        None
    }
}

/// One state of the store.
pub trait Snapshot: Debug + Send + Sync {
    /// The record under a key.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the back end failed since the snapshot was taken, or cannot be read.
    fn get<'a>(&'a self, table: TableName, key: &'a [u8]) -> Answer<'a, Option<Record>>;

    /// The first records of a range, at most `limit` (and at most [`MAX_PAGE_RECORDS`] or about
    /// [`MAX_PAGE_BYTES`]), and where to go on.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::get`].
    fn scan<'a>(&'a self, table: TableName, range: &'a KeyRange, limit: usize) -> Answer<'a, Page>;
}

/// What is kept under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Larger at each write of the record, and never used again.
    pub version: u64,
    /// The caller's bytes.
    pub value: Bytes,
}

/// That a batch is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The version of every record that the batch wrote. Batches that wrote the same record, or appended to
    /// the same prefix, have rising versions.
    pub version: u64,
}

const _: () = {
    const fn is_send_and_sync<T: Send + Sync + ?Sized>() {}
    is_send_and_sync::<dyn Store>();
    is_send_and_sync::<dyn Snapshot>();
};
