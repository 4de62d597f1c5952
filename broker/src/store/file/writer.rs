//! The one thread that writes: it takes all batches that wait, and makes them durable together.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use redb::{Database, ReadableDatabase, ReadableTable, WriteTransaction};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::Shared;
use super::database::{contain, open, refused};
use super::format::{NUMBERS, SEQUENCE, join, records, split};
use crate::clock;
use crate::store::Receipt;
use crate::store::batch::Batch;
use crate::store::error::{Conflict, StoreError};
use crate::store::table::TableName;

/// The most batches in one transaction.
const MAX_GROUP: usize = 1_024;
/// A group takes no further batch once it has this many bytes.
const MAX_GROUP_BYTES: usize = 32 << 20;

pub(super) enum Command {
    Commit(Waiting),
    /// A reader could not read: look after the database.
    Mend(oneshot::Sender<()>),
}

/// A batch that waits, with its part of the queue's room.
pub(super) struct Waiting {
    pub(super) batch: Batch,
    pub(super) answer: oneshot::Sender<Result<Receipt, StoreError>>,
    pub(super) _room: OwnedSemaphorePermit,
}

/// How far a group came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// No transaction was begun.
    Begin,
    /// Nothing can be in the file yet.
    Write,
    /// The group may be in the file: it was to be durable with this as the last version.
    Commit(u64),
}

struct Failure {
    stage: Stage,
    error: StoreError,
}

type Verdicts = Vec<Result<Receipt, Conflict>>;

/// Works until all senders are gone, then closes the database.
pub(super) fn run(
    shared: &Shared,
    mut commands: mpsc::Receiver<Command>,
) -> Result<(), StoreError> {
    while let Some(first) = commands.blocking_recv() {
        let (mut group, mut menders) = (Vec::new(), Vec::new());
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(command) = next {
            match command {
                Command::Commit(waiting) => {
                    bytes += waiting.batch.bytes();
                    group.push(waiting);
                }
                Command::Mend(answer) => menders.push(answer),
            }
            let is_full = group.len() >= MAX_GROUP || bytes >= MAX_GROUP_BYTES;
            next = if is_full {
                None
            } else {
                commands.try_recv().ok()
            };
        }
        if !menders.is_empty() && shared.needs_mending() {
            reopen(shared).unwrap_or_else(|error| {
                tracing::error!(%error, "the store cannot be opened again");
            });
        }
        for mender in menders {
            // A reader that went away needs no answer.
            let _ = mender.send(());
        }
        if !group.is_empty() {
            commit(shared, group);
        }
    }
    let database = shared.database_mut().take();
    match database.map(Database::close) {
        None | Some(Ok(())) => Ok(()),
        Some(Err(error)) => Err(refused(&shared.path, "closing", error.into())),
    }
}

fn commit(shared: &Shared, group: Vec<Waiting>) {
    let began = clock::instant();
    let mut outcome = attempt(shared, &group);
    if let Err(Failure {
        stage: Stage::Begin,
        ..
    }) = outcome
    {
        // Something failed before, and this group has to do with it only that it came next.
        outcome = match reopen(shared) {
            Ok(()) => attempt(shared, &group),
            Err(error) => Err(Failure {
                stage: Stage::Begin,
                error,
            }),
        };
    }
    match outcome {
        Ok(verdicts) => {
            let kept = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
            let took = clock::instant().duration_since(began);
            if kept > 0 {
                let kept = u64::try_from(kept).unwrap_or(u64::MAX);
                shared.counters.committed(kept, took);
            }
            for (waiting, verdict) in group.into_iter().zip(verdicts) {
                match &verdict {
                    Ok(receipt) => shared.watches.wake(receipt.version, &waiting.batch),
                    Err(_) => {
                        shared.counters.conflicts.fetch_add(1, Relaxed);
                    }
                }
                // A caller that went away finds what he wrote, or not.
                let _ = waiting.answer.send(verdict.map_err(Into::into));
            }
        }
        Err(failure) => {
            let error = after_failure(shared, failure);
            tracing::error!(%error, batches = group.len(), "the store could not write");
            for waiting in group {
                shared.counters.failures.fetch_add(1, Relaxed);
                let _ = waiting.answer.send(Err(error.clone()));
            }
        }
    }
}

/// Opens the database anew, since the library does nothing more with one that failed, and finds out what to
/// tell those who wait.
fn after_failure(shared: &Shared, failure: Failure) -> StoreError {
    if failure.stage == Stage::Begin {
        return failure.error;
    }
    let reopened = reopen(shared);
    let Stage::Commit(last) = failure.stage else {
        return failure.error;
    };
    // What is in the file may be there without being durable: when the system could not write a page, it does
    // not try again. So only its absence is certain.
    let is_absent = reopened.is_ok() && sequence(shared).is_some_and(|sequence| sequence < last);
    if is_absent {
        return failure.error;
    }
    StoreError::InDoubt {
        cause: Some(std::sync::Arc::new(failure.error)),
    }
}

/// The version of the last batch in the file.
fn sequence(shared: &Shared) -> Option<u64> {
    let guard = shared.database();
    let transaction = guard.as_ref()?.begin_read().ok()?;
    let numbers = transaction.open_table(NUMBERS).ok()?;
    let sequence = numbers.get(SEQUENCE).ok()?;
    Some(sequence.map_or(0, |sequence| sequence.value()))
}

fn reopen(shared: &Shared) -> Result<(), StoreError> {
    let mut database = shared.database_mut();
    if let Some(failed) = database.take() {
        // That it failed is known.
        let _ = contain(|| failed.close());
    }
    *database = Some(open(&shared.path, &shared.options, &shared.counters)?);
    shared.suspect.store(false, Relaxed);
    shared.counters.reopened.fetch_add(1, Relaxed);
    tracing::warn!(store = %shared.path.display(), "the store was opened again after a failure");
    Ok(())
}

fn attempt(shared: &Shared, group: &[Waiting]) -> Result<Verdicts, Failure> {
    // Where a panic struck is not known, so the group may be in the file.
    contain(|| write(shared, group)).unwrap_or_else(|| {
        Err(Failure {
            stage: Stage::Commit(0),
            error: StoreError::Unavailable {
                doing: "the database library panicked while writing",
                cause: None,
            },
        })
    })
}

fn write(shared: &Shared, group: &[Waiting]) -> Result<Verdicts, Failure> {
    let failed = |stage, error: redb::Error| Failure {
        stage,
        error: refused(&shared.path, "writing", error),
    };
    let transaction = {
        let database = shared.database();
        let Some(database) = database.as_ref() else {
            return Err(Failure {
                stage: Stage::Begin,
                error: StoreError::Unavailable {
                    doing: "it failed and was not opened again",
                    cause: None,
                },
            });
        };
        database
            .begin_write()
            .map_err(|error| failed(Stage::Begin, error.into()))?
    };
    let outcome = fill(&transaction, group).map_err(|error| failed(Stage::Write, error));
    let (verdicts, last) = outcome?;
    match last {
        Some(last) => transaction
            .commit()
            .map_err(|error| failed(Stage::Commit(last), error.into()))?,
        None => transaction
            .abort()
            .map_err(|error| failed(Stage::Write, error.into()))?,
    }
    Ok(verdicts)
}

/// Applies the batches one after another; gives what is to be said of each, and the last version if
/// anything was written.
fn fill(
    transaction: &WriteTransaction,
    group: &[Waiting],
) -> Result<(Verdicts, Option<u64>), redb::Error> {
    let mut numbers = transaction.open_table(NUMBERS)?;
    let before = numbers.get(SEQUENCE)?.map_or(0, |number| number.value());
    let mut sequence = before;
    let mut tables = Tables::new(transaction);
    let mut verdicts = Vec::with_capacity(group.len());
    for Waiting { batch, .. } in group {
        if let Some(conflict) = batch.conflict(|table, key| tables.version_of(table, key))? {
            verdicts.push(Err(conflict));
            continue;
        }
        if !batch.writes().is_empty() {
            sequence += 1;
            for (table, key, value) in batch.outcome(sequence) {
                let records = tables.open(table)?;
                match value {
                    Some(value) => records.insert(&key[..], &join(sequence, value)[..])?,
                    None => records.remove(&key[..])?,
                };
            }
        }
        verdicts.push(Ok(Receipt { version: sequence }));
    }
    if sequence == before {
        return Ok((verdicts, None));
    }
    numbers.insert(SEQUENCE, sequence)?;
    Ok((verdicts, Some(sequence)))
}

/// The tables of a transaction, opened when they are needed.
struct Tables<'a> {
    transaction: &'a WriteTransaction,
    open: BTreeMap<TableName, redb::Table<'a, &'static [u8], &'static [u8]>>,
}

impl<'a> Tables<'a> {
    const fn new(transaction: &'a WriteTransaction) -> Self {
        Self {
            transaction,
            open: BTreeMap::new(),
        }
    }

    fn open(
        &mut self,
        table: TableName,
    ) -> Result<&mut redb::Table<'a, &'static [u8], &'static [u8]>, redb::Error> {
        use std::collections::btree_map::Entry;
        Ok(match self.open.entry(table) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(closed) => closed.insert(self.transaction.open_table(records(table))?),
        })
    }

    fn version_of(&mut self, table: TableName, key: &[u8]) -> Result<Option<u64>, redb::Error> {
        let records = self.open(table)?;
        let Some(record) = records.get(key)? else {
            return Ok(None);
        };
        match split(record.value()) {
            Some((version, _)) => Ok(Some(version)),
            None => Err(redb::Error::Corrupted(format!(
                "table {table}: a record has no version"
            ))),
        }
    }
}

impl Shared {
    pub(super) fn database(&self) -> std::sync::RwLockReadGuard<'_, Option<Database>> {
        self.database.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn database_mut(&self) -> std::sync::RwLockWriteGuard<'_, Option<Database>> {
        let database = self.database.write();
        database.unwrap_or_else(PoisonError::into_inner)
    }

    fn needs_mending(&self) -> bool {
        self.suspect.load(Relaxed) || self.database().is_none()
    }
}
