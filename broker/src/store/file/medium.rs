//! What is under the database: the file, counted, and with a place for tests to make it fail.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};

use crate::store::stats::Counters;

/// Sees what is done to the file before it is done, and may refuse it: full disks, failing disks and losses
/// of power, in tests.
pub trait Faults: fmt::Debug + Send + Sync {
    /// Octets are about to be written.
    ///
    /// # Errors
    ///
    /// What the writer shall see; nothing is written then.
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()>;

    /// The file's length is about to be set.
    ///
    /// # Errors
    ///
    /// As [`Faults::write`].
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// What was written is about to be made durable.
    ///
    /// # Errors
    ///
    /// As [`Faults::write`].
    fn sync(&self) -> io::Result<()>;
}

/// The file.
#[derive(Debug)]
pub(super) struct Medium {
    file: FileBackend,
    counters: Arc<Counters>,
    faults: Option<Arc<dyn Faults>>,
}

impl Medium {
    pub(super) fn new(
        file: File,
        counters: Arc<Counters>,
        faults: Option<Arc<dyn Faults>>,
    ) -> Result<Self, DatabaseError> {
        Ok(Self {
            file: FileBackend::new(file)?,
            counters,
            faults,
        })
    }
}

impl StorageBackend for Medium {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        if let Some(faults) = &self.faults {
            faults.set_len(len)?;
        }
        self.file.set_len(len)?;
        self.counters.file_bytes.store(len, Relaxed);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        if let Some(faults) = &self.faults {
            faults.sync()?;
        }
        self.file.sync_data()?;
        self.counters.syncs.fetch_add(1, Relaxed);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if let Some(faults) = &self.faults {
            faults.write(offset, data)?;
        }
        self.file.write(offset, data)?;
        let bytes = u64::try_from(data.len()).unwrap_or(u64::MAX);
        self.counters.written_bytes.fetch_add(bytes, Relaxed);
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(from, to)
    }

    fn try_lock_shared_range(
        &self,
        from: Bound<u64>,
        to: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(from, to)
    }

    fn lock_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(from, to)
    }

    fn lock_shared_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(from, to)
    }

    fn unlock_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(from, to)
    }

    fn query_lock_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(from, to)
    }
}
