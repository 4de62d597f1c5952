//! A disk that is full, or fails: an error for who writes, no harm to what is there, and no restart.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use broker::store::file::{Faults, FileStore, Options};
use broker::store::open::Watched;
use broker::store::{Batch, Expected, KeyRange, Store, StoreError, TableName, wait};

use crate::{commit, get, put, scan, snapshot};

const ORDERS: TableName = TableName::Orders;

/// A disk with a budget.
#[derive(Debug, Default)]
struct Disk {
    /// Octets behind this one find no room.
    end: AtomicU64,
    /// Nothing at all can be written.
    is_broken: AtomicBool,
    /// Writes go well, and cannot be made durable.
    is_unsure: AtomicBool,
}

impl Disk {
    fn new() -> Arc<Self> {
        let disk = Self::default();
        disk.end.store(u64::MAX, SeqCst);
        Arc::new(disk)
    }
}

impl Faults for Disk {
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.is_broken.load(SeqCst) {
            return Err(io::Error::other("the disk is broken"));
        }
        // Files have holes: setting a length takes no room, the first write to a page does.
        if offset + data.len() as u64 > self.end.load(SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        match self.is_broken.load(SeqCst) {
            true => Err(io::Error::other("the disk is broken")),
            false => Ok(()),
        }
    }

    fn sync(&self) -> io::Result<()> {
        match self.is_broken.load(SeqCst) || self.is_unsure.load(SeqCst) {
            true => Err(io::Error::other("the disk is broken")),
            false => Ok(()),
        }
    }
}

fn open_over(disk: &Arc<Disk>) -> (tempfile::TempDir, FileStore) {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        faults: Some(Arc::clone(disk) as Arc<dyn Faults>),
        // Pages leave the cache early, so that writes fail at other places than the commit too.
        cache_bytes: 64 << 10,
        ..Options::default()
    };
    let store = FileStore::open(&folder.path().join("store"), options).unwrap();
    (folder, store)
}

fn large(key: usize) -> Batch {
    let mut batch = Batch::new();
    batch.put(ORDERS, format!("large-{key:04}"), vec![b'x'; 20_000]);
    batch.put(TableName::Sagas, format!("large-{key:04}"), "half");
    batch
}

#[test]
fn a_full_disk_is_an_error_and_room_is_enough_to_go_on() {
    let disk = Disk::new();
    let (folder, store) = open_over(&disk);
    let version = put(&store, ORDERS, "a", "kept");
    let length = std::fs::metadata(folder.path().join("store"))
        .unwrap()
        .len();
    disk.end.store(length, SeqCst);
    // Room for some, then for none.
    let mut kept = Vec::new();
    let full = loop {
        match commit(&store, large(kept.len())) {
            Ok(_) => kept.push(format!("large-{:04}", kept.len())),
            Err(error) => break error,
        }
        assert!(kept.len() < 1_000, "the disk never filled up");
    };
    assert!(
        matches!(full, StoreError::Full { .. } | StoreError::InDoubt { .. }),
        "{full:?}"
    );
    assert!(full.is_transient());
    // A group of the same, some at once.
    std::thread::scope(|scope| {
        for n in 0..4 {
            let store = &store;
            scope.spawn(move || assert!(commit(store, large(5_000 + n)).is_err()));
        }
    });
    assert!(store.stats().reopened > 0);
    // What was kept is read on, what was not is not there, and no batch is there by half.
    let check = |store: &dyn Store, kept: &[String]| {
        let record = get(store, ORDERS, "a").unwrap();
        assert_eq!((record.version, &record.value[..]), (version, &b"kept"[..]));
        let now = snapshot(store);
        let keys = |table| -> Vec<String> {
            let found = scan(&*now, table, KeyRange::prefix("large"), 100);
            found.into_iter().map(|(key, _)| key).collect()
        };
        assert_eq!(keys(ORDERS), kept);
        assert_eq!(keys(TableName::Sagas), kept);
    };
    check(&store, &kept);
    disk.end.store(u64::MAX, SeqCst);
    commit(&store, large(8_000)).unwrap();
    kept.push("large-8000".to_owned());
    check(&store, &kept);
    store.close().unwrap();
    check(&crate::open(&folder.path().join("store")), &kept);
}

#[test]
fn a_broken_disk_refuses_everything_until_it_works_again() {
    let disk = Disk::new();
    let (_folder, store) = open_over(&disk);
    put(&store, ORDERS, "a", "kept");
    let before = snapshot(&store);
    disk.is_broken.store(true, SeqCst);
    for _ in 0..3 {
        let mut batch = Batch::new();
        batch.put(ORDERS, "b", "b");
        let refused = commit(&store, batch).unwrap_err();
        assert!(!matches!(refused, StoreError::Conflict(_)), "{refused:?}");
    }
    disk.is_broken.store(false, SeqCst);
    // A reader is enough to bring it back.
    assert_eq!(get(&store, ORDERS, "a").unwrap().value, "kept");
    put(&store, ORDERS, "b", "at last");
    assert_eq!(get(&store, ORDERS, "b").unwrap().value, "at last");
    // A snapshot from before shows what it did, or says that it cannot.
    match wait(before.get(ORDERS, b"a")) {
        Ok(record) => assert_eq!(record.unwrap().value, "kept"),
        Err(error) => assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}"),
    }
    assert!(store.stats().failures >= 3);
}

#[test]
fn what_may_or_may_not_be_durable_is_said_to_be_in_doubt() {
    let disk = Disk::new();
    let (folder, store) = open_over(&disk);
    put(&store, ORDERS, "a", "kept");
    disk.is_unsure.store(true, SeqCst);
    let mut batch = Batch::new();
    batch.put(ORDERS, "b", "perhaps");
    let error = commit(&store, batch).unwrap_err();
    disk.is_unsure.store(false, SeqCst);
    let there = get(&store, ORDERS, "b");
    // Never "not written" of what is there.
    match error {
        StoreError::InDoubt { .. } => {}
        other => assert_eq!(there, None, "{other:?}"),
    }
    put(&store, ORDERS, "c", "kept");
    drop(store);
    let store = crate::open(&folder.path().join("store"));
    assert_eq!(get(&store, ORDERS, "a").unwrap().value, "kept");
    assert_eq!(get(&store, ORDERS, "c").unwrap().value, "kept");
}

#[test]
fn a_fault_at_any_write_loses_nothing_that_was_acknowledged() {
    /// Fails the n-th thing that is done to the file, once.
    #[derive(Debug)]
    struct Once(AtomicU64);
    impl Once {
        fn count(&self) -> io::Result<()> {
            match self.0.fetch_sub(1, SeqCst) {
                1 => Err(io::Error::other("once")),
                _ => Ok(()),
            }
        }
    }
    impl Faults for Once {
        fn write(&self, _: u64, _: &[u8]) -> io::Result<()> {
            self.count()
        }
        fn set_len(&self, _: u64) -> io::Result<()> {
            self.count()
        }
        fn sync(&self) -> io::Result<()> {
            self.count()
        }
    }
    let mut failed = 0;
    for nth in 1..60 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        crate::open(&path).close().unwrap();
        let options = Options {
            faults: Some(Arc::new(Once(AtomicU64::new(nth)))),
            cache_bytes: 64 << 10,
            ..Options::default()
        };
        // The fault may strike the opening: then the next one goes well.
        let store = FileStore::open(&path, options).unwrap_or_else(|_| crate::open(&path));
        let mut kept = Vec::new();
        for key in 0..12 {
            match commit(&store, large(key)) {
                Ok(_) => kept.push(key),
                Err(error) => {
                    assert!(!matches!(error, StoreError::Conflict(_)));
                    failed += 1;
                }
            }
        }
        assert!(
            kept.len() >= 11,
            "one fault, {} batches lost at {nth}",
            12 - kept.len()
        );
        drop(store);
        let store = crate::open(&path);
        for key in kept {
            let key = format!("large-{key:04}");
            assert!(
                get(&store, ORDERS, &key).is_some(),
                "{key} after fault {nth}"
            );
            assert!(get(&store, TableName::Sagas, &key).is_some());
        }
    }
    assert!(failed > 10, "the faults struck {failed} batches only");
}

#[test]
fn a_watched_store_says_that_it_cannot_write_and_finds_out_when_it_can() {
    let disk = Disk::new();
    let (_folder, store) = open_over(&disk);
    let watched = Watched::new(Arc::new(store));
    let is_well = || watched.trouble().is_none();
    put(&watched, ORDERS, "a", "kept");
    // What is the caller's fault is no trouble.
    let mut conflict = Batch::new();
    conflict
        .expect(ORDERS, "a", Expected::Absent)
        .put(ORDERS, "a", "b");
    commit(&watched, conflict).unwrap_err();
    let mut wrong = Batch::new();
    wrong.put(ORDERS, "", "no key");
    commit(&watched, wrong).unwrap_err();
    assert!(is_well());
    disk.is_broken.store(true, SeqCst);
    commit(&watched, large(0)).unwrap_err();
    let why = watched.trouble().unwrap();
    assert!(
        why.contains("broken") || why.contains("cannot be used"),
        "{why}"
    );
    wait(watched.probe());
    assert!(!is_well());
    disk.is_broken.store(false, SeqCst);
    let before = watched.stats().batches;
    wait(watched.probe());
    assert!(is_well());
    // A store that is well is left alone.
    wait(watched.probe());
    assert_eq!(watched.stats().batches, before + 1);
}
