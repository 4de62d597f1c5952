//! The durable store: one suite that every back end passes, and what only the one in a file must bear.

#![expect(clippy::unwrap_used, reason = "tests: a panic is the failure")]

mod claims;
mod conformance;
mod crash;
mod disk;
mod format;
mod laws;
mod power;
mod queues;

use std::path::Path;
use std::sync::Arc;

use broker::store::file::{FileStore, Options};
use broker::store::memory::MemoryStore;
use broker::store::{
    Batch, KeyRange, Receipt, Record, Snapshot, Store, StoreError, TableName, wait,
};

/// A back end under test, and what must outlive it.
struct Subject {
    name: &'static str,
    store: Arc<dyn Store>,
    _folder: Option<tempfile::TempDir>,
}

/// An empty store of every back end. A new back end is added here, and passes all that follows.
fn every_store() -> Vec<Subject> {
    let folder = tempfile::tempdir().unwrap();
    let file = open(&folder.path().join("store"));
    vec![
        Subject {
            name: "memory",
            store: Arc::new(MemoryStore::new()),
            _folder: None,
        },
        Subject {
            name: "file",
            store: Arc::new(file),
            _folder: Some(folder),
        },
    ]
}

fn open(path: &Path) -> FileStore {
    FileStore::open(path, Options::default()).unwrap()
}

fn commit(store: &dyn Store, batch: Batch) -> Result<Receipt, StoreError> {
    wait(store.commit(batch))
}

fn put(store: &dyn Store, table: TableName, key: &str, value: &str) -> u64 {
    let mut batch = Batch::new();
    batch.put(table, key.to_owned(), value.to_owned());
    commit(store, batch).unwrap().version
}

fn snapshot(store: &dyn Store) -> Box<dyn Snapshot> {
    wait(store.snapshot()).unwrap()
}

fn get(store: &dyn Store, table: TableName, key: &str) -> Option<Record> {
    wait(snapshot(store).get(table, key.as_bytes())).unwrap()
}

/// All records of a range, page by page, as text.
fn scan(
    snapshot: &dyn Snapshot,
    table: TableName,
    range: KeyRange,
    limit: usize,
) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = Some(range);
    while let Some(range) = rest {
        let page = wait(snapshot.scan(table, &range, limit)).unwrap();
        assert!(page.records.len() <= limit);
        for (key, record) in page.records {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            found.push((text(&key), text(&record.value)));
        }
        rest = page.next;
    }
    found
}
