//! What can go wrong, cut by who must act.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::batch::Expected;
use super::table::TableName;

/// A cause. Shared, since all batches of a group fail by the same one.
pub(super) type Cause = Arc<dyn Error + Send + Sync + 'static>;

/// Why the store does not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A precondition does not hold; nothing of the batch was written. For the caller: read again, decide again.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The batch breaks a limit; nothing of it was written. For the caller.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// A record cannot be read or written as the type that the table has.
    #[error("table {table}, record {key}: {fault}")]
    Record {
        /// The table.
        table: TableName,
        /// The record's key, escaped.
        key: String,
        /// What is wrong with it.
        fault: RecordFault,
    },
    /// There is no room; nothing of the batch was written, and what was there is still there. For the
    /// operator; the store goes on by itself once there is room.
    #[error("no room for the store in {}", path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: Cause,
    },
    /// The store failed and cannot be used now; nothing of the batch was written. It is tried again with
    /// the next request.
    #[error("the store cannot be used now: {doing}")]
    Unavailable {
        /// What did not work.
        doing: &'static str,
        /// Why, where it is known.
        #[source]
        cause: Option<Cause>,
    },
    /// The store failed while the batch was made durable: it may be kept or not. Read before trying again.
    #[error("the store failed while it made the batch durable, so it may be kept or not")]
    InDoubt {
        /// What failed.
        #[source]
        cause: Option<Cause>,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// Somebody else has the file open.
    #[error("the store {} is open in another process; only one may have it", path.display())]
    AlreadyOpen {
        /// The file.
        path: PathBuf,
    },
    /// The file is of a newer broker. It is left as it is.
    #[error("the store {} has format {found}; this broker knows formats up to {known}", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The newest that this broker knows.
        known: u64,
    },
    /// The file is not a store of ours. It is left as it is.
    #[error("{} is not a broker's store: {reason}", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// How this was seen.
        reason: String,
    },
    /// The file is damaged. It is left as it is.
    #[error("the store {} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How this was seen.
        reason: String,
    },
    /// The file could not be brought from its format to the present one. It is as it was.
    #[error("the store {} could not be brought from format {from} to {to} ({what})", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// The format before the step.
        from: u64,
        /// The format after it.
        to: u64,
        /// What the step does.
        what: &'static str,
        /// What failed.
        #[source]
        cause: Box<Self>,
    },
    /// The system refused.
    #[error("{doing} {}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: Cause,
    },
}

impl StoreError {
    /// True when a later try of the same may go well without anybody's doing.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Conflict(_) | Self::Full { .. } | Self::Unavailable { .. } | Self::InDoubt { .. }
        )
    }
}

/// A precondition that does not hold: the first of the batch that does not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("table {table}, record {}: expected {expected}, found {}", key.escape_ascii(), Found(*.found))]
pub struct Conflict {
    /// The table.
    pub table: TableName,
    /// The record's key.
    pub key: Vec<u8>,
    /// What the batch expects of the record.
    pub expected: Expected,
    /// The record's version, if there is a record.
    pub found: Option<u64>,
}

struct Found(Option<u64>);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("none"),
            Some(version) => write!(f, "version {version}"),
        }
    }
}

/// What a batch may not be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// A key is empty or too long.
    #[error("table {table}: a key has {bytes} bytes, expected 1 to {limit}")]
    KeyLength {
        /// The table.
        table: TableName,
        /// The key's length.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// A value is too large.
    #[error("table {table}, record {key}: the value has {bytes} bytes, expected at most {limit}")]
    ValueLength {
        /// The table.
        table: TableName,
        /// The record's key, escaped.
        key: String,
        /// The value's length.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// Too many preconditions and writes.
    #[error("the batch has {operations} operations, expected at most {limit}")]
    Operations {
        /// How many there are.
        operations: usize,
        /// The bound.
        limit: usize,
    },
    /// Too many bytes.
    #[error("the batch has {bytes} bytes of keys and values, expected at most {limit}")]
    Bytes {
        /// How many there are.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// One record is written twice: what should stand at the end?
    #[error("table {table}, record {key}: written twice in one batch")]
    WrittenTwice {
        /// The table.
        table: TableName,
        /// The record's key, escaped.
        key: String,
    },
}

/// Why a record is not one of its table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordFault {
    /// The key is not one of the table's type.
    #[error("the key does not have the table's form")]
    Key,
    /// The value in the store is not one of the table's type.
    #[error("the value cannot be read: {0}")]
    Decode(String),
    /// The value cannot be written as JSON.
    #[error("the value cannot be written: {0}")]
    Encode(String),
}
