//! Several brokers over one store: one works on a thing at a time, and who lost it writes nothing.

use broker::store::claim::{self, ClaimError};
use broker::store::{Batch, Store, StoreError, TableName, wait};
use jiff::{SignedDuration, Timestamp};

use crate::{commit, every_store, get, snapshot};

const LEASE: SignedDuration = SignedDuration::from_secs(30);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

/// The fencing number, if `owner` got it.
fn take(store: &dyn Store, owner: &str, now: Timestamp) -> Result<u64, ClaimError> {
    let found = wait(claim::look(&*snapshot(store), "saga-7"))?;
    let mut batch = Batch::new();
    claim::take(&mut batch, "saga-7", found.as_ref(), owner, now, LEASE)?;
    Ok(commit(store, batch)?.version)
}

/// A step of the saga, by who thinks that it is his.
fn work(store: &dyn Store, fence: u64, step: &str) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    claim::guard(&mut batch, "saga-7", fence);
    batch.put(TableName::Sagas, "saga-7", step.to_owned());
    commit(store, batch).map(drop)
}

#[test]
fn a_worker_that_stood_still_is_fenced_off() {
    for subject in every_store() {
        let store = &*subject.store;
        let a = take(store, "a", at(0)).unwrap();
        work(store, a, "ordered by a").unwrap();
        let held = take(store, "b", at(29)).unwrap_err();
        assert_eq!(
            held.to_string(),
            "'saga-7' is claimed by 'a' until 1700000030000 ms of Unix time",
            "{}",
            subject.name
        );
        // A stands still; B goes on; A wakes up and believes that nothing happened.
        let b = take(store, "b", at(30)).unwrap();
        assert!(b > a);
        work(store, b, "activated by b").unwrap();
        let late = work(store, a, "compensated by a");
        assert!(matches!(late, Err(StoreError::Conflict(_))));
        let saga = get(store, TableName::Sagas, "saga-7").unwrap();
        assert_eq!(saga.value, "activated by b");
        // Nor can A end B's claim.
        let mut release = Batch::new();
        claim::release(&mut release, "saga-7", a);
        assert!(matches!(
            commit(store, release),
            Err(StoreError::Conflict(_))
        ));
    }
}

#[test]
fn a_claim_can_be_made_longer_and_given_back() {
    for subject in every_store() {
        let store = &*subject.store;
        let first = take(store, "a", at(0)).unwrap();
        let second = take(store, "a", at(20)).unwrap();
        assert!(second > first, "{}", subject.name);
        assert!(matches!(
            take(store, "b", at(40)),
            Err(ClaimError::Held { .. })
        ));
        assert!(work(store, first, "with the old number").is_err());
        let mut release = Batch::new();
        claim::release(&mut release, "saga-7", second);
        commit(store, release).unwrap();
        let third = take(store, "b", at(40)).unwrap();
        assert!(third > second);
    }
}

#[test]
fn of_many_that_see_a_free_claim_one_gets_it() {
    for subject in every_store() {
        let store = &subject.store;
        let got: Vec<bool> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..8)
                .map(|n| scope.spawn(move || take(&**store, &format!("w{n}"), at(0)).is_ok()))
                .collect();
            workers.into_iter().map(|w| w.join().unwrap()).collect()
        });
        let winners = got.iter().filter(|got| **got).count();
        assert_eq!(winners, 1, "{}", subject.name);
    }
}
