//! Laws: any sequence of batches is a sequence of changes to a plain map; keys sort as their parts do.

use std::collections::BTreeMap;

use broker::store::key::Key;
use broker::store::queue::Place;
use broker::store::{Batch, Expected, KeyRange, Snapshot, StoreError, TableName, wait};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{commit, every_store, snapshot};

const TABLES: [TableName; 3] = [TableName::Orders, TableName::Outbox, TableName::Meta];

type Model = BTreeMap<(TableName, Vec<u8>), (u64, Vec<u8>)>;

#[derive(Clone, Debug)]
enum Op {
    Put(Vec<u8>),
    Delete,
    Append(Vec<u8>),
    /// Expect as the model has it, so that batches pass too.
    ExpectAsIs,
    Expect(Expected),
}

type Script = Vec<(usize, Vec<u8>, Op)>;

fn script() -> impl Strategy<Value = Script> {
    // Few keys, of which some begin others and some are at the end of the order.
    let key = prop_oneof![
        vec(prop_oneof![Just(0u8), Just(b'a'), Just(0xff)], 1..4),
        Just(b"lane".to_vec()),
    ];
    let value = vec(any::<u8>(), 0..8);
    let op = prop_oneof![
        4 => value.clone().prop_map(Op::Put),
        2 => Just(Op::Delete),
        1 => value.prop_map(Op::Append),
        2 => Just(Op::ExpectAsIs),
        1 => prop_oneof![
            Just(Expected::Absent),
            Just(Expected::Present),
            (0u64..20).prop_map(Expected::Version),
        ].prop_map(Op::Expect),
    ];
    vec((0..TABLES.len(), key, op), 0..8)
}

fn batch(script: &Script, model: &Model) -> Batch {
    let mut batch = Batch::new();
    for (table, key, op) in script {
        let table = TABLES[*table];
        let key = key.clone();
        match op {
            Op::Put(value) => _ = batch.put(table, key, value.clone()),
            Op::Delete => _ = batch.delete(table, key),
            Op::Append(value) => _ = batch.append(table, key, value.clone()),
            Op::ExpectAsIs => {
                let found = model.get(&(table, key.clone()));
                let version = found.map(|(version, _)| Expected::Version(*version));
                batch.expect(table, key, version.unwrap_or(Expected::Absent));
            }
            Op::Expect(expected) => _ = batch.expect(table, key, *expected),
        }
    }
    batch
}

/// What the batch makes of the model, told in the plainest words; none when it must be refused.
fn expected(script: &Script, batch: &Batch, model: &Model, version: u64) -> Option<Model> {
    if batch.check().is_err() {
        return None;
    }
    for expect in batch.expects() {
        let found = model.get(&(expect.table, expect.key.to_vec()));
        let holds = match expect.expected {
            Expected::Absent => found.is_none(),
            Expected::Present => found.is_some(),
            Expected::Version(version) => found.is_some_and(|found| found.0 == version),
        };
        if !holds {
            return None;
        }
    }
    let mut model = model.clone();
    let mut position = 0;
    for (table, key, op) in script {
        let table = TABLES[*table];
        match op {
            Op::Put(value) => _ = model.insert((table, key.clone()), (version, value.clone())),
            Op::Delete => _ = model.remove(&(table, key.clone())),
            Op::Append(value) => {
                let key = Place { version, position }.key(key);
                model.insert((table, key.to_vec()), (version, value.clone()));
                position += 1;
            }
            Op::ExpectAsIs | Op::Expect(_) => {}
        }
    }
    Some(model)
}

fn read(snapshot: &dyn Snapshot, limit: usize, is_descending: bool) -> Model {
    let mut model = Model::new();
    for table in TABLES {
        let all = KeyRange::all();
        let mut rest = Some(if is_descending { all.descending() } else { all });
        let mut keys = Vec::new();
        while let Some(range) = rest {
            let page = wait(snapshot.scan(table, &range, limit)).unwrap();
            for (key, record) in page.records {
                let single = wait(snapshot.get(table, &key)).unwrap();
                assert_eq!(single.as_ref(), Some(&record));
                keys.push(key.clone());
                model.insert(
                    (table, key.to_vec()),
                    (record.version, record.value.to_vec()),
                );
            }
            rest = page.next;
        }
        let is_sorted = if is_descending {
            keys.is_sorted_by(|a, b| a > b)
        } else {
            keys.is_sorted_by(|a, b| a < b)
        };
        assert!(is_sorted, "{keys:?}");
    }
    model
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_batches_equals_a_map(
        scripts in vec((script(), any::<bool>()), 1..24),
        limit in 1usize..6,
        is_descending in any::<bool>(),
    ) {
        for subject in every_store() {
            let store = &*subject.store;
            let mut model = Model::new();
            let mut kept = Vec::new();
            for (script, is_looked_at) in &scripts {
                let batch = batch(script, &model);
                match commit(store, batch.clone()) {
                    Ok(receipt) => {
                        let after = expected(script, &batch, &model, receipt.version);
                        prop_assert!(after.is_some(), "{}: kept {batch:?}", subject.name);
                        model = after.unwrap();
                    }
                    Err(StoreError::Conflict(_) | StoreError::Batch(_)) => {
                        let after = expected(script, &batch, &model, 0);
                        prop_assert!(after.is_none(), "{}: refused {batch:?}", subject.name);
                    }
                    Err(other) => prop_assert!(false, "{}: {other}", subject.name),
                }
                if *is_looked_at {
                    kept.push((snapshot(store), model.clone()));
                }
            }
            prop_assert_eq!(&read(&*snapshot(store), limit, is_descending), &model);
            // Snapshots of any age still show what they showed, also while others of them end.
            while !kept.is_empty() {
                let (old, then) = kept.swap_remove(kept.len() / 2);
                prop_assert_eq!(&read(&*old, limit, is_descending), &then);
            }
        }
    }

    #[test]
    fn keys_sort_as_their_parts_and_are_read_back(
        a in ("[\0\u{1}ab\u{ff}]{0,4}", any::<u64>(), "[\0a]{0,3}"),
        b in ("[\0\u{1}ab\u{ff}]{0,4}", any::<u64>(), "[\0a]{0,3}"),
    ) {
        prop_assert_eq!(a.encode().cmp(&b.encode()), a.cmp(&b));
        let read = <(String, u64, String)>::decode(&a.encode());
        prop_assert_eq!(read.as_ref(), Some(&a));
        // The keys of a lane are those that begin with its name, and no others.
        let is_prefix = b.encode().starts_with(&a.0.encode());
        prop_assert_eq!(is_prefix, a.0 == b.0);
    }

    #[test]
    fn reading_a_key_of_any_bytes_is_no_panic(bytes in vec(any::<u8>(), 0..20)) {
        if let Some(key) = <(String, u64)>::decode(&bytes) {
            prop_assert_eq!(&key.encode()[..], &bytes[..]);
        }
    }

    #[test]
    fn a_prefix_range_has_what_begins_with_it(
        prefix in vec(prop_oneof![Just(0u8), Just(7), Just(0xff)], 0..4),
        key in vec(prop_oneof![Just(0u8), Just(7), Just(8), Just(0xff)], 0..6),
    ) {
        let range = KeyRange::prefix(prefix.clone());
        prop_assert_eq!(range.contains(&key), key.starts_with(&prefix));
        for range in [range.clone(), range.descending()] {
            let is_descending = range.is_descending();
            let rest = range.clone().after(&key);
            prop_assert!(!rest.contains(&key));
            for other in [&prefix, &[0].to_vec(), &[prefix.clone(), vec![7]].concat()] {
                let is_behind = if is_descending { other < &key } else { other > &key };
                prop_assert_eq!(rest.contains(other), range.contains(other) && is_behind);
            }
        }
    }
}
