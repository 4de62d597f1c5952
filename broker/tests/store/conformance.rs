//! What every back end promises, one promise per test.

use std::sync::Arc;

use broker::store::{
    Batch, BatchError, Conflict, Expected, KeyRange, MAX_KEY_BYTES, MAX_OPERATIONS,
    MAX_PAGE_RECORDS, MAX_VALUE_BYTES, Store, StoreError, Table, TableName, wait,
};
use serde::{Deserialize, Serialize};

use crate::{commit, every_store, get, put, scan, snapshot};

const ORDERS: TableName = TableName::Orders;
const SAGAS: TableName = TableName::Sagas;

fn conflict(outcome: Result<broker::store::Receipt, StoreError>) -> Conflict {
    match outcome {
        Err(StoreError::Conflict(conflict)) => conflict,
        other => panic!("expected a conflict, not {other:?}"),
    }
}

fn expecting(key: &str, expected: Expected) -> Batch {
    let mut batch = Batch::new();
    batch.expect(ORDERS, key.to_owned(), expected);
    batch.put(ORDERS, key.to_owned(), "new");
    batch
}

#[test]
fn what_is_written_is_read_in_its_table_only() {
    for subject in every_store() {
        let store = &*subject.store;
        for table in TableName::ALL {
            put(store, table, "a", table.as_str());
        }
        for table in TableName::ALL {
            let record = get(store, table, "a").unwrap();
            assert_eq!(record.value, table.as_str(), "{}", subject.name);
            assert_eq!(get(store, table, "b"), None);
        }
    }
}

#[test]
fn preconditions_are_of_the_state_before_the_batch() {
    for subject in every_store() {
        let store = &*subject.store;
        // Absent: the record that the batch itself makes does not count.
        let first = commit(store, expecting("a", Expected::Absent)).unwrap();
        let found = conflict(commit(store, expecting("a", Expected::Absent)));
        assert_eq!(found.found, Some(first.version), "{}", subject.name);
        assert_eq!((found.table, &found.key[..]), (ORDERS, &b"a"[..]));
        // Present.
        let found = conflict(commit(store, expecting("b", Expected::Present)));
        assert_eq!(found.found, None);
        let second = commit(store, expecting("a", Expected::Present)).unwrap();
        // Version.
        let stale = Expected::Version(first.version);
        let found = conflict(commit(store, expecting("a", stale)));
        assert_eq!((found.expected, found.found), (stale, Some(second.version)));
        let current = Expected::Version(second.version);
        commit(store, expecting("a", current)).unwrap();
        // A record may be expected that is not written, in another table.
        let mut other = Batch::new();
        other.expect(SAGAS, "a", Expected::Present);
        other.put(ORDERS, "c", "c");
        conflict(commit(store, other));
        assert_eq!(get(store, ORDERS, "c"), None);
    }
}

#[test]
fn a_batch_that_fails_leaves_nothing() {
    for subject in every_store() {
        let store = &*subject.store;
        put(store, SAGAS, "s", "old");
        let mut batch = Batch::new();
        batch.put(ORDERS, "a", "1").delete(SAGAS, "s");
        batch.append(TableName::Outbox, "lane", "message");
        batch.expect(ORDERS, "z", Expected::Present);
        conflict(commit(store, batch));
        assert_eq!(get(store, ORDERS, "a"), None, "{}", subject.name);
        assert_eq!(get(store, SAGAS, "s").unwrap().value, "old");
        let outbox = scan(&*snapshot(store), TableName::Outbox, KeyRange::all(), 9);
        assert_eq!(outbox, []);
        let stats = store.stats();
        assert_eq!((stats.batches, stats.conflicts, stats.failures), (1, 1, 0));
    }
}

#[test]
fn versions_rise_and_are_never_used_again() {
    for subject in every_store() {
        let store = &*subject.store;
        let mut last = 0;
        for round in 0..5 {
            let version = put(store, ORDERS, "a", "same");
            assert!(version > last, "{}, round {round}", subject.name);
            assert_eq!(get(store, ORDERS, "a").unwrap().version, version);
            // A record that is made anew is another one, though it looks the same.
            let mut gone = Batch::new();
            gone.delete(ORDERS, "a");
            commit(store, gone).unwrap();
            put(store, ORDERS, "a", "same");
            conflict(commit(store, expecting("a", Expected::Version(version))));
            last = version;
        }
        // Another record's write leaves a version alone.
        let before = get(store, ORDERS, "a").unwrap();
        put(store, ORDERS, "b", "b");
        assert_eq!(get(store, ORDERS, "a").unwrap(), before);
    }
}

#[test]
fn deleting_what_is_not_there_is_fine() {
    for subject in every_store() {
        let mut batch = Batch::new();
        batch.delete(ORDERS, "a");
        commit(&*subject.store, batch).unwrap();
        assert_eq!(get(&*subject.store, ORDERS, "a"), None, "{}", subject.name);
    }
}

#[test]
fn a_batch_without_writes_is_a_question() {
    for subject in every_store() {
        let store = &*subject.store;
        let version = put(store, ORDERS, "a", "a");
        let mut ask = Batch::new();
        ask.expect(ORDERS, "a", Expected::Version(version));
        assert!(commit(store, ask.clone()).unwrap().version >= version);
        put(store, ORDERS, "a", "b");
        conflict(commit(store, ask));
        commit(store, Batch::new()).unwrap();
        assert_eq!(
            get(store, ORDERS, "a").unwrap().value,
            "b",
            "{}",
            subject.name
        );
    }
}

#[test]
fn a_snapshot_stays_as_it_was() {
    for subject in every_store() {
        let store = &*subject.store;
        put(store, ORDERS, "a", "1");
        put(store, ORDERS, "gone", "1");
        let before = snapshot(store);
        put(store, ORDERS, "a", "2");
        put(store, ORDERS, "b", "2");
        let mut delete = Batch::new();
        delete.delete(ORDERS, "gone");
        commit(store, delete).unwrap();
        let between = snapshot(store);
        put(store, ORDERS, "a", "3");

        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            let owned = pairs.iter();
            owned
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        let all = |of: &dyn broker::store::Snapshot| scan(of, ORDERS, KeyRange::all(), 9);
        assert_eq!(
            all(&*before),
            pairs(&[("a", "1"), ("gone", "1")]),
            "{}",
            subject.name
        );
        assert_eq!(all(&*between), pairs(&[("a", "2"), ("b", "2")]));
        assert_eq!(all(&*snapshot(store)), pairs(&[("a", "3"), ("b", "2")]));
        drop(between);
        assert_eq!(all(&*before), pairs(&[("a", "1"), ("gone", "1")]));
        drop(before);
        assert_eq!(all(&*snapshot(store)), pairs(&[("a", "3"), ("b", "2")]));
        assert_eq!(store.stats().snapshots, 0);
    }
}

#[test]
fn scans_are_in_order_within_bounds_and_go_on() {
    for subject in every_store() {
        let store = &*subject.store;
        let keys = ["a", "aa", "ab", "b", "ba", "c"];
        for key in keys {
            put(store, ORDERS, key, key);
        }
        put(store, SAGAS, "aab", "of another table");
        let now = snapshot(store);
        let keys_of = |range: KeyRange, limit| -> Vec<String> {
            let found = scan(&*now, ORDERS, range, limit);
            found.into_iter().map(|(key, _)| key).collect()
        };
        for limit in 1..8 {
            assert_eq!(keys_of(KeyRange::all(), limit), keys, "{}", subject.name);
            let reversed: Vec<&str> = keys.into_iter().rev().collect();
            assert_eq!(keys_of(KeyRange::all().descending(), limit), reversed);
            assert_eq!(keys_of(KeyRange::prefix("a"), limit), ["a", "aa", "ab"]);
            let prefix = KeyRange::prefix("a").descending();
            assert_eq!(keys_of(prefix, limit), ["ab", "aa", "a"]);
            let part = KeyRange::between("aa", Some("ba".into()));
            assert_eq!(keys_of(part, limit), ["aa", "ab", "b"]);
        }
        let empty = KeyRange::between("b", Some("b".into()));
        assert!(keys_of(empty, 9).is_empty());
        let inverted = KeyRange::between("c", Some("a".into()));
        assert!(keys_of(inverted, 9).is_empty());
        assert!(keys_of(KeyRange::prefix(vec![0xff]), 9).is_empty());
        // What remains of a range works on a later snapshot, though the last key is gone.
        let page = wait(now.scan(ORDERS, &KeyRange::all(), 2)).unwrap();
        let mut delete = Batch::new();
        delete.delete(ORDERS, "aa").put(ORDERS, "aaa", "new");
        commit(store, delete).unwrap();
        let rest = scan(&*snapshot(store), ORDERS, page.next.unwrap(), 9);
        assert_eq!(rest[0], ("aaa".to_owned(), "new".to_owned()));
        // Nothing asked for: nothing told, and everything left.
        let none = wait(now.scan(ORDERS, &KeyRange::all(), 0)).unwrap();
        assert_eq!((none.records.len(), none.next), (0, Some(KeyRange::all())));
    }
}

#[test]
fn a_page_is_bounded_whatever_is_asked_for() {
    for subject in every_store() {
        let store = &*subject.store;
        for part in 0..2 {
            let mut batch = Batch::new();
            for index in 0..MAX_OPERATIONS {
                batch.put(ORDERS, format!("{part}/{index:05}"), "");
            }
            commit(store, batch).unwrap();
        }
        for index in 0..3 {
            let mut batch = Batch::new();
            batch.put(SAGAS, format!("{index}"), vec![0; MAX_VALUE_BYTES]);
            commit(store, batch).unwrap();
        }
        let now = snapshot(store);
        let page = wait(now.scan(ORDERS, &KeyRange::all(), usize::MAX)).unwrap();
        assert_eq!(page.records.len(), MAX_PAGE_RECORDS, "{}", subject.name);
        assert!(page.next.is_some());
        let page = wait(now.scan(SAGAS, &KeyRange::all(), 10)).unwrap();
        assert_eq!(page.records.len(), 1);
        assert!(page.next.is_some());
    }
}

#[test]
fn a_batch_beyond_the_limits_is_refused() {
    for subject in every_store() {
        let refused = |build: &dyn Fn(&mut Batch)| {
            let mut batch = Batch::new();
            build(&mut batch);
            match commit(&*subject.store, batch) {
                Err(StoreError::Batch(error)) => error,
                other => panic!("{}: {other:?}", subject.name),
            }
        };
        let key_length = |error| matches!(error, BatchError::KeyLength { .. });
        let long = "k".repeat(MAX_KEY_BYTES + 1);
        assert!(key_length(refused(&|b| _ = b.put(ORDERS, "", "v"))));
        assert!(key_length(refused(
            &|b| _ = b.put(ORDERS, long.clone(), "v")
        )));
        assert!(key_length(refused(&|b| _ = b.delete(ORDERS, long.clone()))));
        let expected = Expected::Absent;
        assert!(key_length(refused(
            &|b| _ = b.expect(ORDERS, long.clone(), expected)
        )));
        let prefix = "k".repeat(MAX_KEY_BYTES - 11);
        assert!(key_length(refused(
            &|b| _ = b.append(ORDERS, prefix.clone(), "v")
        )));
        let large = vec![0; MAX_VALUE_BYTES + 1];
        assert!(matches!(
            refused(&|b| _ = b.put(ORDERS, "k", large.clone())),
            BatchError::ValueLength { .. }
        ));
        assert!(matches!(
            refused(&|b| _ = b.put(ORDERS, "k", "v").delete(ORDERS, "k")),
            BatchError::WrittenTwice { .. }
        ));
        assert!(matches!(
            refused(&|b| (0..=MAX_OPERATIONS).for_each(|i| _ = b.put(ORDERS, i.to_string(), ""))),
            BatchError::Operations { .. }
        ));
        let value = bytes::Bytes::from(vec![0; MAX_VALUE_BYTES]);
        assert!(matches!(
            refused(&|b| (0..5).for_each(|i| _ = b.put(ORDERS, i.to_string(), value.clone()))),
            BatchError::Bytes { .. }
        ));
        // The limits themselves are allowed.
        let mut batch = Batch::new();
        batch.put(ORDERS, "k".repeat(MAX_KEY_BYTES), value.clone());
        batch.append(SAGAS, "k".repeat(MAX_KEY_BYTES - 12), "");
        commit(&*subject.store, batch).unwrap();
    }
}

#[test]
fn preconditions_linearise_under_threads() {
    const THREADS: u64 = 8;
    const ROUNDS: u64 = 25;
    for subject in every_store() {
        let mut start = Batch::new();
        start.put(ORDERS, "sum", "0");
        commit(&*subject.store, start).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| (0..ROUNDS).for_each(|_| add_one(&*subject.store)));
            }
        });
        let sum = get(&*subject.store, ORDERS, "sum").unwrap();
        let expected = (THREADS * ROUNDS).to_string();
        assert_eq!(sum.value, expected, "{}", subject.name);
        let stats = subject.store.stats();
        assert_eq!(stats.batches, THREADS * ROUNDS + 1);
        assert_eq!(stats.queued, 0);
    }
}

/// Reads, and writes one more if nobody wrote in between; else again.
fn add_one(store: &dyn Store) {
    loop {
        let record = get(store, ORDERS, "sum").unwrap();
        let sum: u64 = std::str::from_utf8(&record.value).unwrap().parse().unwrap();
        let mut batch = Batch::new();
        batch
            .expect(ORDERS, "sum", Expected::Version(record.version))
            .put(ORDERS, "sum", (sum + 1).to_string());
        match commit(store, batch) {
            Ok(_) => return,
            Err(StoreError::Conflict(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn one_of_many_that_make_the_same_record_wins() {
    for subject in every_store() {
        let won: Vec<bool> = std::thread::scope(|scope| {
            let store = &subject.store;
            let threads: Vec<_> = (0..16)
                .map(|_| scope.spawn(|| commit(&**store, expecting("a", Expected::Absent)).is_ok()))
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        let winners = won.iter().filter(|won| **won).count();
        assert_eq!(winners, 1, "{}", subject.name);
    }
}

#[test]
fn a_reader_never_sees_half_a_batch() {
    for subject in every_store() {
        let store = &*subject.store;
        let both = |value: usize| {
            let mut batch = Batch::new();
            batch.put(ORDERS, "a", value.to_string());
            batch.put(SAGAS, "b", value.to_string());
            commit(store, batch).unwrap();
        };
        both(0);
        let is_done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                (1..100).for_each(both);
                is_done.store(true, std::sync::atomic::Ordering::Release);
            });
            let mut is_last = false;
            while !is_last {
                is_last = is_done.load(std::sync::atomic::Ordering::Acquire);
                let now = snapshot(store);
                let a = wait(now.get(ORDERS, b"a")).unwrap().unwrap();
                let b = wait(now.get(SAGAS, b"b")).unwrap().unwrap();
                assert_eq!(a, b, "{}", subject.name);
            }
        });
        assert_eq!(get(store, ORDERS, "a").unwrap().value, "99");
    }
}

#[test]
fn a_watch_wakes_for_its_table() {
    for subject in every_store() {
        let store = &*subject.store;
        let mut orders = store.watch(ORDERS);
        let sagas = store.watch(SAGAS);
        let version = put(store, ORDERS, "a", "a");
        wait(orders.changed()).unwrap();
        assert_eq!(*orders.borrow_and_update(), version, "{}", subject.name);
        assert!(!sagas.has_changed().unwrap());
        // A conflict wrote nothing.
        conflict(commit(store, expecting("a", Expected::Absent)));
        assert!(!orders.has_changed().unwrap());
    }
}

#[test]
fn a_task_can_wait_for_the_store() {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().unwrap();
    for subject in every_store() {
        let store = Arc::clone(&subject.store);
        runtime.block_on(async move {
            let tasks: Vec<_> = (0..50)
                .map(|index| {
                    let store = Arc::clone(&store);
                    tokio::spawn(async move {
                        let mut batch = Batch::new();
                        batch.put(ORDERS, format!("{index}"), "v");
                        store.commit(batch).await.unwrap();
                        let now = store.snapshot().await.unwrap();
                        let key = index.to_string();
                        assert!(now.get(ORDERS, key.as_bytes()).await.unwrap().is_some());
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    state: String,
}

const TYPED: Table<(String, u64), Order> = Table::new(ORDERS);

#[test]
fn a_typed_table_keeps_its_types_and_tells_a_foreign_record() {
    for subject in every_store() {
        let store = &*subject.store;
        let key = ("o\0".to_owned(), 7);
        let order = |state: &str| Order {
            state: state.to_owned(),
        };
        let mut batch = Batch::new();
        TYPED
            .create(&mut batch, &key, &order("acknowledged"))
            .unwrap();
        commit(store, batch.clone()).unwrap();
        conflict(commit(store, batch));
        let found = wait(TYPED.get(&*snapshot(store), &key)).unwrap().unwrap();
        assert_eq!(found.value, order("acknowledged"), "{}", subject.name);
        let mut batch = Batch::new();
        (TYPED.update(&mut batch, &key, found.version, &order("done"))).unwrap();
        commit(store, batch.clone()).unwrap();
        conflict(commit(store, batch));
        let page = wait(TYPED.scan(&*snapshot(store), &KeyRange::all(), 9)).unwrap();
        assert_eq!(page.records.len(), 1);
        assert_eq!(
            (&page.records[0].0, &page.records[0].1.value),
            (&key, &order("done"))
        );
        let mut batch = Batch::new();
        TYPED.delete(&mut batch, &key, page.records[0].1.version);
        commit(store, batch).unwrap();
        assert!(wait(TYPED.get(&*snapshot(store), &key)).unwrap().is_none());

        put(store, ORDERS, "x", "{}");
        let error = wait(TYPED.scan(&*snapshot(store), &KeyRange::all(), 9)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "table orders, record x: the key does not have the table's form"
        );
    }
}
