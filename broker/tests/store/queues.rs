//! The outbox: in order per subscriber, nothing lost, nothing overtaken.

use broker::store::queue::{Entry, Queue};
use broker::store::{Batch, Store, StoreError, TableName, wait};

use crate::{commit, every_store, put, snapshot};

const OUTBOX: Queue<String> = Queue::OUTBOX;

fn send(store: &dyn Store, messages: &[(&str, &str)]) {
    let mut batch = Batch::new();
    for (lane, message) in messages {
        (OUTBOX.append(&mut batch, lane, &(*message).to_owned())).unwrap();
    }
    commit(store, batch).unwrap();
}

fn head(store: &dyn Store, lane: &str) -> Vec<Entry<String>> {
    wait(OUTBOX.head(&*snapshot(store), lane, 100)).unwrap()
}

fn messages(entries: &[Entry<String>]) -> Vec<&str> {
    entries.iter().map(|entry| &entry.message[..]).collect()
}

#[test]
fn a_lane_is_in_order_and_apart_from_the_others() {
    for subject in every_store() {
        let store = &*subject.store;
        // Names of which one begins another, or with the octets that end a name.
        send(store, &[("a", "1"), ("ab", "x"), ("a", "2"), ("a\0", "y")]);
        send(store, &[("a", "3"), ("", "z")]);
        assert_eq!(
            messages(&head(store, "a")),
            ["1", "2", "3"],
            "{}",
            subject.name
        );
        assert_eq!(messages(&head(store, "ab")), ["x"]);
        assert_eq!(messages(&head(store, "a\0")), ["y"]);
        assert_eq!(messages(&head(store, "")), ["z"]);
        assert!(head(store, "b").is_empty());
        let now = snapshot(store);
        let lanes = |after, limit| wait(OUTBOX.lanes(&*now, after, limit)).unwrap();
        assert_eq!(lanes(None, 9), ["", "a", "a\0", "ab"]);
        assert_eq!(lanes(Some("a"), 9), ["a\0", "ab"]);
        assert_eq!(lanes(None, 2), ["", "a"]);
        let two = wait(OUTBOX.head(&*now, "a", 2)).unwrap();
        assert_eq!(messages(&two), ["1", "2"]);
    }
}

#[test]
fn a_message_is_taken_away_once_and_only_as_it_was_seen() {
    for subject in every_store() {
        let store = &*subject.store;
        send(store, &[("a", "1"), ("a", "2")]);
        let seen = head(store, "a");
        let mut done = Batch::new();
        OUTBOX.done(&mut done, &seen[0]);
        commit(store, done.clone()).unwrap();
        let again = commit(store, done);
        assert!(
            matches!(again, Err(StoreError::Conflict(_))),
            "{}",
            subject.name
        );

        // A try that failed is noted where the message stands.
        let mut retry = Batch::new();
        (OUTBOX.rewrite(&mut retry, &seen[1], &"2, tried once".to_owned())).unwrap();
        commit(store, retry).unwrap();
        send(store, &[("a", "3")]);
        let now = head(store, "a");
        assert_eq!(messages(&now), ["2, tried once", "3"]);
        assert_eq!(now[0].place, seen[1].place);
        let mut stale = Batch::new();
        OUTBOX.done(&mut stale, &seen[1]);
        assert!(matches!(commit(store, stale), Err(StoreError::Conflict(_))));
    }
}

#[test]
fn what_is_given_up_is_a_dead_letter_and_the_lane_goes_on() {
    for subject in every_store() {
        let store = &*subject.store;
        send(store, &[("a", "1"), ("a", "2")]);
        let seen = head(store, "a");
        let mut bury = Batch::new();
        OUTBOX.bury(&mut bury, &seen[0]).unwrap();
        commit(store, bury).unwrap();
        assert_eq!(messages(&head(store, "a")), ["2"], "{}", subject.name);
        let dead = wait(OUTBOX.dead(&*snapshot(store), "a", 9)).unwrap();
        assert_eq!((messages(&dead), dead[0].place), (vec!["1"], seen[0].place));
        let mut forget = Batch::new();
        OUTBOX.forget(&mut forget, &dead[0]);
        commit(store, forget).unwrap();
        assert!(
            wait(OUTBOX.dead(&*snapshot(store), "a", 9))
                .unwrap()
                .is_empty()
        );
    }
}

#[test]
fn who_reads_while_others_append_misses_nothing_before_what_he_saw() {
    const THREADS: usize = 4;
    const EACH: usize = 40;
    for subject in every_store() {
        let store = &*subject.store;
        let is_done = std::sync::atomic::AtomicUsize::new(0);
        let mut seen: Vec<Entry<String>> = Vec::new();
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let is_done = &is_done;
                scope.spawn(move || {
                    (0..EACH).for_each(|n| send(store, &[("a", &format!("{thread}:{n}"))]));
                    is_done.fetch_add(1, std::sync::atomic::Ordering::Release);
                });
            }
            let mut is_last = false;
            while !is_last {
                is_last = is_done.load(std::sync::atomic::Ordering::Acquire) == THREADS;
                let now = wait(OUTBOX.head(&*snapshot(store), "a", 1_000)).unwrap();
                assert_eq!(now[..seen.len()], seen[..], "{}", subject.name);
                seen = now;
            }
        });
        assert_eq!(seen.len(), THREADS * EACH);
        for thread in 0..THREADS {
            let prefix = format!("{thread}:");
            let own = seen
                .iter()
                .filter_map(|entry| entry.message.strip_prefix(&prefix));
            let own: Vec<usize> = own.map(|n| n.parse().unwrap()).collect();
            assert_eq!(own, (0..EACH).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_record_that_is_no_message_is_an_error_that_names_it() {
    for subject in every_store() {
        let store = &*subject.store;
        put(store, TableName::Outbox, "a\0\0short", "1");
        let error = wait(OUTBOX.head(&*snapshot(store), "a", 9)).unwrap_err();
        assert_eq!(
            error.to_string(),
            r"table outbox, record a\x00\x00short: the key does not have the table's form",
            "{}",
            subject.name
        );
    }
}
