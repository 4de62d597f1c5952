//! Opening the file, so that nothing is ever overwritten that is not a store of ours.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Builder, Database};

use super::format::{Format, NUMBERS, SEQUENCE, establish, inspect};
use super::medium::Medium;
use super::{Backup, Options};
use crate::store::error::StoreError;
use crate::store::stats::Counters;
use crate::store::table::TableName;

/// What every file of redb begins with.
const MAGIC: [u8; 9] = *b"redb\x1A\x0A\xA9\x0D\x0A";

/// Takes the lock of a store: a file beside it, held as long as the process has the store, so that the
/// database itself may be closed and opened in between.
pub(super) fn lock(path: &Path) -> Result<Lock, StoreError> {
    let lock = beside(path, ".lock");
    let file = private()
        .create(true)
        .truncate(false)
        .open(&lock)
        .map_err(|error| io_error(&lock, "opening", error))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::AlreadyOpen {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(io_error(&lock, "locking", error)),
    }
}

/// A store's lock.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Said aloud: a process that is being started may hold a copy of the handle for a moment.
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the lock of the store was not given back");
        }
    }
}

/// Opens the store, or makes it where there is no file. The lock must be held.
pub(super) fn open_or_create(
    path: &Path,
    options: &Options,
    counters: &Arc<Counters>,
) -> Result<Database, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(_) => open(path, options, counters),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create(path, options, counters)?;
            open(path, options, counters)
        }
        Err(error) => Err(io_error(path, "looking for", error)),
    }
}

/// Opens what must be there.
pub(super) fn open(
    path: &Path,
    options: &Options,
    counters: &Arc<Counters>,
) -> Result<Database, StoreError> {
    check_magic(path)?;
    contain(|| {
        // A file that was closed in order tells its format without being touched. Another must be put in
        // order first, which changes nothing of what it holds.
        match Builder::new().open_read_only(path) {
            Ok(database) => {
                inspect(&database, path, options.format)?;
            }
            Err(redb::DatabaseError::RepairAborted) => {}
            Err(error) => return Err(refused_open(path, error.into())),
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(|error| io_error(path, "opening", error))?;
        let database = over(file, path, options, counters)?;
        let found = inspect(&database, path, options.format)?;
        if found < options.format.number {
            establish(&database, path, Some(found), options.format)?;
        }
        Ok(database)
    })
    .unwrap_or_else(|| {
        Err(StoreError::Damaged {
            path: path.to_owned(),
            reason: "reading it made the database library panic".to_owned(),
        })
    })
}

/// Makes an empty store under another name and moves it into place when it is durable.
fn create(path: &Path, options: &Options, counters: &Arc<Counters>) -> Result<(), StoreError> {
    let new = beside(path, ".new");
    // Only a start that was cut short leaves one, and it holds nothing.
    match fs::remove_file(&new) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(io_error(&new, "removing", error)),
    }
    let database = create_at(&new, options, counters)?;
    establish(&database, &new, None, options.format)?;
    database
        .close()
        .map_err(|error| refused(&new, "closing", error.into()))?;
    put_in_place(&new, path)
}

fn create_at(
    path: &Path,
    options: &Options,
    counters: &Arc<Counters>,
) -> Result<Database, StoreError> {
    let file = private()
        .create_new(true)
        .open(path)
        .map_err(|error| io_error(path, "creating", error))?;
    over(file, path, options, counters)
}

fn over(
    file: File,
    path: &Path,
    options: &Options,
    counters: &Arc<Counters>,
) -> Result<Database, StoreError> {
    let medium = Medium::new(file, Arc::clone(counters), options.faults.clone());
    let medium = medium.map_err(|error| refused_open(path, error.into()))?;
    Builder::new()
        .set_cache_size(options.cache_bytes)
        .set_check_integrity_on_open(options.verify)
        .create_with_backend(medium)
        .map_err(|error| refused_open(path, error.into()))
}

/// Copies one state of the database into a file that is not there yet.
pub(super) fn back_up(
    from: &redb::ReadTransaction,
    source: &Path,
    to: &Path,
    format: Format,
) -> Result<Backup, StoreError> {
    /// Bytes per transaction, so that a copy of a large store does not need its size in memory.
    const CHUNK_BYTES: usize = 8 << 20;
    if fs::symlink_metadata(to).is_ok() {
        let error = io::Error::from(io::ErrorKind::AlreadyExists);
        return Err(io_error(to, "creating", error));
    }
    let new = beside(to, ".new");
    let options = Options {
        format,
        ..Options::default()
    };
    let database = create_at(&new, &options, &Arc::default())?;
    let read = |error: redb::Error| refused(source, "reading", error);
    let write = |error: redb::Error| refused(&new, "writing", error);
    let mut backup = Backup::default();
    for table in TableName::ALL {
        let definition = super::format::records(table);
        let records = from.open_table(definition).map_err(|e| read(e.into()))?;
        let mut range = records.range::<&[u8]>(..).map_err(|e| read(e.into()))?;
        let mut is_more = true;
        while is_more {
            let transaction = database.begin_write().map_err(|e| write(e.into()))?;
            let mut copy = transaction
                .open_table(definition)
                .map_err(|e| write(e.into()))?;
            let mut chunk = 0;
            while chunk < CHUNK_BYTES && is_more {
                let Some(item) = range.next() else {
                    is_more = false;
                    break;
                };
                let (key, record) = item.map_err(|e| read(e.into()))?;
                let (key, record) = (key.value(), record.value());
                chunk += key.len() + record.len();
                backup.records += 1;
                copy.insert(key, record).map_err(|e| write(e.into()))?;
            }
            drop(copy);
            transaction.commit().map_err(|e| write(e.into()))?;
        }
    }
    let numbers = from.open_table(NUMBERS).map_err(|e| read(e.into()))?;
    let sequence = numbers.get(SEQUENCE).map_err(|e| read(e.into()))?;
    let transaction = database.begin_write().map_err(|e| write(e.into()))?;
    {
        let mut numbers = transaction
            .open_table(NUMBERS)
            .map_err(|e| write(e.into()))?;
        if let Some(sequence) = sequence {
            let written = numbers.insert(SEQUENCE, sequence.value());
            written.map_err(|e| write(e.into()))?;
        }
    }
    transaction.commit().map_err(|e| write(e.into()))?;
    // Last: a copy that was cut short says no format, and is refused.
    establish(&database, &new, None, format)?;
    database.close().map_err(|e| write(e.into()))?;
    backup.bytes = fs::metadata(&new)
        .map_err(|error| io_error(&new, "looking at", error))?
        .len();
    put_in_place(&new, to)?;
    Ok(backup)
}

fn put_in_place(new: &Path, path: &Path) -> Result<(), StoreError> {
    fs::rename(new, path).map_err(|error| io_error(new, "renaming", error))?;
    // The name is durable when its folder is.
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| io_error(folder, "making durable", error))
}

fn check_magic(path: &Path) -> Result<(), StoreError> {
    let foreign = |reason: &str| StoreError::NotAStore {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let mut start = Vec::new();
    let mut file = File::open(path).map_err(|error| io_error(path, "opening", error))?;
    let metadata = file
        .metadata()
        .map_err(|error| io_error(path, "looking at", error))?;
    if !metadata.is_file() {
        return Err(foreign("it is not a file"));
    }
    (&mut file)
        .take(9)
        .read_to_end(&mut start)
        .map_err(|error| io_error(path, "reading", error))?;
    if start.is_empty() {
        return Err(foreign("it is empty"));
    }
    if start != MAGIC {
        return Err(foreign("it does not begin as one"));
    }
    Ok(())
}

/// Only the broker's user may read and write what it makes.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

/// Runs what calls the database library. A panic there, which a damaged file may cause, ends here as `None`.
pub(super) fn contain<T>(call: impl FnOnce() -> T) -> Option<T> {
    // What the call changed is thrown away by the caller: the database is opened anew.
    catch_unwind(AssertUnwindSafe(call)).ok()
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

fn io_error(path: &Path, doing: &'static str, error: io::Error) -> StoreError {
    if is_full(&error) {
        return StoreError::Full {
            path: path.to_owned(),
            cause: Arc::new(error),
        };
    }
    StoreError::Io {
        doing,
        path: path.to_owned(),
        cause: Arc::new(error),
    }
}

/// What the database library refuses of a file that is open.
pub(super) fn refused(path: &Path, doing: &'static str, error: redb::Error) -> StoreError {
    match error {
        redb::Error::Io(error) => io_error(path, doing, error),
        redb::Error::Corrupted(reason) => StoreError::Damaged {
            path: path.to_owned(),
            reason,
        },
        redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
            StoreError::AlreadyOpen {
                path: path.to_owned(),
            }
        }
        error => StoreError::Unavailable {
            doing,
            cause: Some(Arc::new(error)),
        },
    }
}

/// What the database library refuses when a file is opened: that it cannot be read is then the file's fault.
pub(super) fn refused_open(path: &Path, error: redb::Error) -> StoreError {
    let reason = match &error {
        redb::Error::Io(io) => match io.kind() {
            io::ErrorKind::UnexpectedEof => "it is shorter than it says".to_owned(),
            io::ErrorKind::InvalidData => io.to_string(),
            _ => return refused(path, "opening", error),
        },
        redb::Error::UpgradeRequired(version) => {
            format!("its pages have the form {version} of an older library")
        }
        _ => return refused(path, "opening", error),
    };
    StoreError::Damaged {
        path: path.to_owned(),
        reason,
    }
}
