//! The store of a daemon: opened at its start, watched while it runs, closed at its end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tracing::{error, info, warn};

use super::file::{FileStore, Options};
use super::key::Writer;
use super::memory::MemoryStore;
use super::{Answer, Batch, Receipt, Snapshot, Stats, Store, StoreError, TableName};
use crate::settings::StorePlace;

/// An open store.
#[derive(Debug)]
pub struct Opened {
    /// None in memory.
    file: Option<Arc<FileStore>>,
    watched: Arc<Watched>,
}

impl Opened {
    /// Opens the store that the settings name. Reading and checking a file takes a while, on a thread of its own.
    ///
    /// # Errors
    /// The file cannot be used ([`FileStore::open`]).
    pub async fn open(place: &StorePlace) -> Result<Self, StoreError> {
        let StorePlace::File(path) = place else {
            return Ok(Self {
                file: None,
                watched: Arc::new(Watched::new(Arc::new(MemoryStore::new()))),
            });
        };
        let at = path.clone();
        let opened =
            tokio::task::spawn_blocking(move || FileStore::open(&at, Options::default())).await;
        let file = opened.map_err(|_| StoreError::Unavailable {
            doing: "the thread that opens it panicked",
            cause: None,
        })??;
        let file = Arc::new(file);
        info!(path = %path.display(), bytes = file.stats().file_bytes, "the store is open");
        Ok(Self {
            watched: Arc::new(Watched::new(Arc::clone(&file) as Arc<dyn Store>)),
            file: Some(file),
        })
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.watched) as Arc<dyn Store>
    }

    /// The store, with what it says of itself.
    #[must_use]
    pub fn watched(&self) -> Arc<Watched> {
        Arc::clone(&self.watched)
    }

    /// Closes the file in order, when nobody uses it any more. Who still does after `patience` keeps it open, until
    /// the process ends: nothing that was acknowledged is lost by that, the next start checks the file.
    pub async fn close(self, patience: Duration) {
        let Self { file, watched } = self;
        drop(watched);
        let Some(mut file) = file else {
            return;
        };
        let ends = crate::clock::instant() + patience;
        let closed = loop {
            match Arc::try_unwrap(file) {
                Ok(file) => break tokio::task::spawn_blocking(|| file.close()).await,
                Err(shared) if crate::clock::instant() < ends => file = shared,
                Err(_) => return warn!("the store is in use; it is not closed in order"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        match closed {
            Ok(Ok(())) => {}
            Ok(Err(error)) => error!(%error, "the store was not closed in order"),
            Err(error) => error!(%error, "the store was not closed"),
        }
    }
}

/// A store that remembers whether it could keep what it was given last.
#[derive(Debug)]
pub struct Watched {
    inner: Arc<dyn Store>,
    trouble: Mutex<Option<String>>,
}

impl Watched {
    /// No trouble yet.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            trouble: Mutex::default(),
        }
    }

    /// While there is trouble, tries whether it is over: a store that nobody writes to because it is in trouble would
    /// be in trouble for ever. Call it now and then.
    pub async fn probe(&self) {
        if self.trouble().is_none() {
            return;
        }
        let mut key = Writer::default();
        key.text("probe");
        let mut batch = Batch::new();
        batch.put(TableName::Meta, key.done(), "null");
        // What came of it is noted.
        let _ = self.commit(batch).await;
    }

    fn note(&self, kept: &Result<Receipt, StoreError>) {
        let why = match kept {
            // These are the caller's.
            Ok(_)
            | Err(StoreError::Conflict(_) | StoreError::Batch(_) | StoreError::Record { .. }) => {
                None
            }
            Err(error) => Some(chain(error)),
        };
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*trouble, &why) {
            (None, Some(why)) => error!(why, "the store cannot write"),
            (Some(_), None) => info!("the store can write again"),
            _ => {}
        }
        *trouble = why;
    }
}

/// An error and its causes.
fn chain(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text += &format!(": {next}");
        cause = next.source();
    }
    text
}

impl Store for Watched {
    fn commit(&self, batch: Batch) -> Answer<'_, Receipt> {
        Box::pin(async move {
            let kept = self.inner.commit(batch).await;
            self.note(&kept);
            kept
        })
    }

    fn snapshot(&self) -> Answer<'_, Box<dyn Snapshot>> {
        self.inner.snapshot()
    }

    fn watch(&self, table: TableName) -> watch::Receiver<u64> {
        self.inner.watch(table)
    }

    fn stats(&self) -> Stats {
        self.inner.stats()
    }

    fn trouble(&self) -> Option<String> {
        let trouble = self.trouble.lock();
        trouble.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
