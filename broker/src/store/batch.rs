//! What is written together, and on which conditions.

use std::collections::BTreeSet;
use std::fmt;

use bytes::Bytes;

use super::error::{BatchError, Conflict};
use super::queue::Place;
use super::table::TableName;

/// The longest key, in bytes. Database servers index keys of about 2,700 bytes at most.
pub const MAX_KEY_BYTES: usize = 1_024;
/// The largest value, in bytes.
pub const MAX_VALUE_BYTES: usize = 16 << 20;
/// The most preconditions and writes in one batch.
pub const MAX_OPERATIONS: usize = 10_000;
/// The most bytes of keys and values in one batch.
pub const MAX_BATCH_BYTES: usize = 64 << 20;

/// What a precondition says of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// There is none.
    Absent,
    /// There is one.
    Present,
    /// There is one, and nobody wrote it since it had this version.
    Version(u64),
}

impl Expected {
    /// Whether a record of this version (or none) is as expected.
    #[must_use]
    pub fn holds(self, found: Option<u64>) -> bool {
        match self {
            Self::Absent => found.is_none(),
            Self::Present => found.is_some(),
            Self::Version(version) => found == Some(version),
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("none"),
            Self::Present => f.write_str("a record"),
            Self::Version(version) => write!(f, "version {version}"),
        }
    }
}

/// A precondition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// The table.
    pub table: TableName,
    /// The record's key.
    pub key: Bytes,
    /// What must hold before the batch.
    pub expected: Expected,
}

/// A write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// The record is made, or made anew.
    Put {
        /// The table.
        table: TableName,
        /// The record's key.
        key: Bytes,
        /// Its value from now on.
        value: Bytes,
    },
    /// The record is gone; that there was none is fine.
    Delete {
        /// The table.
        table: TableName,
        /// The record's key.
        key: Bytes,
    },
    /// A record is made after all others that were appended to the prefix. The store makes its key:
    /// [`Place::key`].
    Append {
        /// The table.
        table: TableName,
        /// What the key begins with.
        prefix: Bytes,
        /// The record's value.
        value: Bytes,
    },
}

impl Write {
    /// The table that is written.
    #[must_use]
    pub const fn table(&self) -> TableName {
        match self {
            Self::Put { table, .. } | Self::Delete { table, .. } | Self::Append { table, .. } => {
                *table
            }
        }
    }
}

/// Writes to any tables that are kept together or not at all, with preconditions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    expects: Vec<Expect>,
    writes: Vec<Write>,
    appended: u32,
}

impl Batch {
    /// A batch that expects nothing and writes nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a precondition.
    pub fn expect(
        &mut self,
        table: TableName,
        key: impl Into<Bytes>,
        expected: Expected,
    ) -> &mut Self {
        self.expects.push(Expect {
            table,
            key: key.into(),
            expected,
        });
        self
    }

    /// Writes a record, whether there is one or not.
    pub fn put(
        &mut self,
        table: TableName,
        key: impl Into<Bytes>,
        value: impl Into<Bytes>,
    ) -> &mut Self {
        self.writes.push(Write::Put {
            table,
            key: key.into(),
            value: value.into(),
        });
        self
    }

    /// Deletes a record, if there is one.
    pub fn delete(&mut self, table: TableName, key: impl Into<Bytes>) -> &mut Self {
        self.writes.push(Write::Delete {
            table,
            key: key.into(),
        });
        self
    }

    /// Adds a record behind all that were appended to this prefix before, by whom ever. Appends to one
    /// prefix become visible in the order of their keys: who has read up to a key misses nothing before it.
    ///
    /// Gives the position within the batch; with the receipt's version it is the record's [`Place`].
    pub fn append(
        &mut self,
        table: TableName,
        prefix: impl Into<Bytes>,
        value: impl Into<Bytes>,
    ) -> u32 {
        let position = self.appended;
        // A batch has at most 10,000 operations, which is checked before positions matter.
        self.appended = self.appended.saturating_add(1);
        self.writes.push(Write::Append {
            table,
            prefix: prefix.into(),
            value: value.into(),
        });
        position
    }

    /// The preconditions, in order.
    #[must_use]
    pub fn expects(&self) -> &[Expect] {
        &self.expects
    }

    /// The writes, in order.
    #[must_use]
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// Bytes of keys and values.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let expects = self.expects.iter().map(|expect| expect.key.len());
        let writes = self.writes.iter().map(|write| match write {
            Write::Put { key, value, .. } => key.len() + value.len(),
            Write::Delete { key, .. } => key.len(),
            Write::Append { prefix, value, .. } => prefix.len() + Place::BYTES + value.len(),
        });
        expects.chain(writes).sum()
    }

    /// Whether the batch keeps within the limits. Every back end asks this first.
    ///
    /// # Errors
    ///
    /// The first rule that it breaks.
    pub fn check(&self) -> Result<(), BatchError> {
        let operations = self.expects.len() + self.writes.len();
        if operations > MAX_OPERATIONS {
            return Err(BatchError::Operations {
                operations,
                limit: MAX_OPERATIONS,
            });
        }
        for expect in &self.expects {
            check_key(expect.table, expect.key.len(), MAX_KEY_BYTES)?;
        }
        let mut written = BTreeSet::new();
        for write in &self.writes {
            let (table, key, value) = match write {
                Write::Put { table, key, value } => (*table, key, Some(value)),
                Write::Delete { table, key } => (*table, key, None),
                Write::Append {
                    table,
                    prefix,
                    value,
                } => {
                    let limit = MAX_KEY_BYTES - Place::BYTES;
                    check_key(*table, prefix.len(), limit)?;
                    check_value(*table, prefix, value)?;
                    continue;
                }
            };
            check_key(table, key.len(), MAX_KEY_BYTES)?;
            if let Some(value) = value {
                check_value(table, key, value)?;
            }
            if !written.insert((table, key)) {
                return Err(BatchError::WrittenTwice {
                    table,
                    key: key.escape_ascii().to_string(),
                });
            }
        }
        let bytes = self.bytes();
        if bytes > MAX_BATCH_BYTES {
            return Err(BatchError::Bytes {
                bytes,
                limit: MAX_BATCH_BYTES,
            });
        }
        Ok(())
    }

    /// The first precondition that does not hold, if `version_of` tells the state before the batch.
    pub(super) fn conflict<E>(
        &self,
        mut version_of: impl FnMut(TableName, &[u8]) -> Result<Option<u64>, E>,
    ) -> Result<Option<Conflict>, E> {
        for expect in &self.expects {
            let found = version_of(expect.table, &expect.key)?;
            if !expect.expected.holds(found) {
                return Ok(Some(Conflict {
                    table: expect.table,
                    key: expect.key.to_vec(),
                    expected: expect.expected,
                    found,
                }));
            }
        }
        Ok(None)
    }

    /// The records that the batch leaves if it gets this version: table, key and value, or `None` where
    /// there is none any more.
    pub(super) fn outcome(
        &self,
        version: u64,
    ) -> impl Iterator<Item = (TableName, Bytes, Option<&Bytes>)> {
        let mut position = 0;
        self.writes.iter().map(move |write| match write {
            Write::Put { table, key, value } => (*table, key.clone(), Some(value)),
            Write::Delete { table, key } => (*table, key.clone(), None),
            Write::Append {
                table,
                prefix,
                value,
            } => {
                let place = Place { version, position };
                position += 1;
                (*table, place.key(prefix), Some(value))
            }
        })
    }
}

fn check_key(table: TableName, bytes: usize, limit: usize) -> Result<(), BatchError> {
    if bytes == 0 || bytes > limit {
        return Err(BatchError::KeyLength {
            table,
            bytes,
            limit,
        });
    }
    Ok(())
}

fn check_value(table: TableName, key: &[u8], value: &[u8]) -> Result<(), BatchError> {
    if value.len() > MAX_VALUE_BYTES {
        return Err(BatchError::ValueLength {
            table,
            key: key.escape_ascii().to_string(),
            bytes: value.len(),
            limit: MAX_VALUE_BYTES,
        });
    }
    Ok(())
}
