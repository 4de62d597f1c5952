//! The form of the file: its tables, its number, and the steps from older ones.

use std::path::Path;

use redb::{ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};

use super::database::{refused, refused_open};
use super::steps;
use crate::store::error::StoreError;
use crate::store::table::TableName;

/// A table of records: eight octets of version, highest first, then the value.
pub(super) type Records = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// The records of a table.
pub(super) const fn records(table: TableName) -> Records {
    TableDefinition::new(table.as_str())
}

/// The store's own numbers.
pub(super) const NUMBERS: TableDefinition<'static, &'static str, u64> =
    TableDefinition::new("store");
/// In [`NUMBERS`]: the format of the file.
pub(super) const FORMAT: &str = "format";
/// In [`NUMBERS`]: the version of the last batch.
pub(super) const SEQUENCE: &str = "sequence";

/// Octets of version before a value.
const VERSION_BYTES: usize = 8;

/// A record as it is in the file.
pub(super) fn join(version: u64, value: &[u8]) -> Vec<u8> {
    [&version.to_be_bytes(), value].concat()
}

/// Version and value of a record in the file.
pub(super) fn split(record: &[u8]) -> Option<(u64, &[u8])> {
    let (version, value) = record.split_first_chunk::<VERSION_BYTES>()?;
    Some((u64::from_be_bytes(*version), value))
}

/// The format that a broker writes, and how older files come to it.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The number of the format.
    pub number: u64,
    /// One step from each older number that can still be read to the next, in order.
    pub steps: &'static [Step],
}

impl Format {
    /// What this broker writes.
    pub const CURRENT: Self = Self {
        number: 2,
        steps: &steps::STEPS,
    };
}

/// From one format to the next.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The format before; the one after has the next number.
    pub from: u64,
    /// What the step does, for the log and for errors.
    pub what: &'static str,
    /// Does it.
    pub apply: fn(&mut Migration<'_>) -> Result<(), StoreError>,
}

/// What a step may do. All steps are one transaction: a file has the old format or the new one.
///
/// Tables are named by text here, since a step is about tables that a later broker may not have any more.
pub struct Migration<'a> {
    transaction: &'a WriteTransaction,
    path: &'a Path,
}

impl std::fmt::Debug for Migration<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Migration")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Migration<'_> {
    /// Changes every value of a table; a record for which `change` gives nothing is deleted. Versions stay.
    ///
    /// # Errors
    ///
    /// What `change` finds wrong with a value, and what the file refuses.
    pub fn rewrite(
        &mut self,
        table: &str,
        mut change: impl FnMut(&[u8], &[u8]) -> Result<Option<Vec<u8>>, String>,
    ) -> Result<(), StoreError> {
        /// Records between two looks at the table, which is not changed while it is read.
        const CHUNK: usize = 1_000;
        let refused = |error: redb::Error| refused(self.path, "migrating", error);
        let definition = TableDefinition::<&[u8], &[u8]>::new(table);
        let mut records =
            (self.transaction.open_table(definition)).map_err(|error| refused(error.into()))?;
        let mut from = Vec::new();
        loop {
            let mut chunk = Vec::new();
            let range = records.range::<&[u8]>(&from[..]..);
            for item in range.map_err(|error| refused(error.into()))?.take(CHUNK) {
                let (key, record) = item.map_err(|error| refused(error.into()))?;
                chunk.push((key.value().to_vec(), record.value().to_vec()));
            }
            let Some((last, _)) = chunk.last() else {
                return Ok(());
            };
            from = [&last[..], &[0]].concat();
            for (key, record) in chunk {
                let damaged = |reason: String| StoreError::Damaged {
                    path: self.path.to_owned(),
                    reason: format!("table {table}, record {}: {reason}", key.escape_ascii()),
                };
                let (version, value) =
                    split(&record).ok_or_else(|| damaged("no version".to_owned()))?;
                match change(&key, value).map_err(damaged)? {
                    Some(value) => records
                        .insert(&key[..], &join(version, &value)[..])
                        .map(drop),
                    None => records.remove(&key[..]).map(drop),
                }
                .map_err(|error| refused(error.into()))?;
            }
        }
    }

    /// Gives a table another name.
    ///
    /// # Errors
    ///
    /// What the file refuses: there is no such table, or the name is taken.
    pub fn rename(&mut self, table: &str, to: &str) -> Result<(), StoreError> {
        let from = TableDefinition::<&[u8], &[u8]>::new(table);
        let to = TableDefinition::<&[u8], &[u8]>::new(to);
        (self.transaction.rename_table(from, to))
            .map_err(|error| refused(self.path, "migrating", error.into()))
    }

    /// Deletes a table, if there is one.
    ///
    /// # Errors
    ///
    /// What the file refuses.
    pub fn remove(&mut self, table: &str) -> Result<(), StoreError> {
        let table = TableDefinition::<&[u8], &[u8]>::new(table);
        (self.transaction.delete_table(table))
            .map(drop)
            .map_err(|error| refused(self.path, "migrating", error.into()))
    }
}

/// The format of a database, if it is one of ours.
///
/// # Errors
///
/// That it is not, that it is newer, or that there is no way from it to the present one.
pub(super) fn inspect(
    database: &impl ReadableDatabase,
    path: &Path,
    format: Format,
) -> Result<u64, StoreError> {
    let known = format.number;
    let foreign = |reason: &str| StoreError::NotAStore {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let refused = |error| refused_open(path, error);
    let transaction = database
        .begin_read()
        .map_err(|error| refused(error.into()))?;
    let numbers = match transaction.open_table(NUMBERS) {
        Ok(numbers) => numbers,
        Err(redb::TableError::Storage(error)) => return Err(refused(error.into())),
        Err(_) => return Err(foreign("it is a redb database of something else")),
    };
    let number = |name| -> Result<Option<u64>, StoreError> {
        let number = numbers.get(name).map_err(|error| refused(error.into()))?;
        Ok(number.map(|number| number.value()))
    };
    let found = number(FORMAT)?.ok_or_else(|| foreign("it does not say its format"))?;
    if found > known {
        return Err(StoreError::NewerFormat {
            path: path.to_owned(),
            found,
            known,
        });
    }
    for from in found..known {
        step(path, from, format)?;
    }
    Ok(found)
}

fn step(path: &Path, from: u64, format: Format) -> Result<&'static Step, StoreError> {
    let step = format.steps.iter().find(|step| step.from == from);
    step.ok_or_else(|| StoreError::NotAStore {
        path: path.to_owned(),
        reason: format!("its format {from} is too old for this broker"),
    })
}

/// Makes the tables and says the format; brings older tables to it before.
pub(super) fn establish(
    database: &redb::Database,
    path: &Path,
    found: Option<u64>,
    format: Format,
) -> Result<(), StoreError> {
    let refused = |error: redb::Error| refused(path, "writing the tables of", error);
    let transaction = database
        .begin_write()
        .map_err(|error| refused(error.into()))?;
    if let Some(found) = found {
        migrate(&transaction, path, found, format)?;
    }
    for table in TableName::ALL {
        (transaction.open_table(records(table))).map_err(|error| refused(error.into()))?;
    }
    {
        let mut numbers =
            (transaction.open_table(NUMBERS)).map_err(|error| refused(error.into()))?;
        let written = numbers.insert(FORMAT, format.number);
        written.map_err(|error| refused(error.into()))?;
    }
    transaction.commit().map_err(|error| refused(error.into()))
}

fn migrate(
    transaction: &WriteTransaction,
    path: &Path,
    found: u64,
    format: Format,
) -> Result<(), StoreError> {
    for from in found..format.number {
        let step = step(path, from, format)?;
        tracing::info!(store = %path.display(), from, what = step.what, "migrating the store");
        let mut migration = Migration { transaction, path };
        (step.apply)(&mut migration).map_err(|cause| StoreError::Migration {
            path: path.to_owned(),
            from,
            to: from + 1,
            what: step.what,
            cause: Box::new(cause),
        })?;
    }
    Ok(())
}
