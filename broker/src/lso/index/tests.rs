use std::collections::BTreeSet;
use std::future::{pending, ready};
use std::sync::Mutex;

use proptest::prelude::*;
use serde_json::{Map, json};
use sof::mef::ReferencePoint;
use sof::order::{Action, ItemId, ItemState, OrderId, OrderItem, OrderState, ServiceOrder};
use sof::service::{ServiceId, ServiceState};
use tokio::sync::watch;

use super::*;
use crate::lso::records::ORDERS;
use crate::store::memory::MemoryStore;
use crate::store::{Answer, Batch, Receipt, Stats, TableName};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn order(id: &str, buyer: &str, second: i64, state: ItemState) -> ServiceOrder {
    ServiceOrder {
        id: OrderId(id.to_owned()),
        buyer: buyer.to_owned(),
        reference_point: ReferencePoint::Legato,
        given: Map::new(),
        items: vec![OrderItem {
            id: ItemId("1".to_owned()),
            action: Action::Add,
            given: Map::new(),
            service: ServiceId("s".to_owned()),
            target: ServiceState::Active,
            state,
            termination_errors: Vec::new(),
        }],
        order_date: at(second),
        start_date: None,
        expected_completion_date: None,
        completion_date: None,
    }
}

const ALL: Page<'static> = Page {
    buyer: None,
    after: None,
    before: None,
    offset: 0,
    limit: 1_000,
};

fn put(order: &ServiceOrder) -> Batch {
    let mut batch = Batch::new();
    ORDERS.put(&mut batch, &order.id.0, order).unwrap();
    batch
}

fn ids(listing: &Listing) -> Vec<&str> {
    listing.ids.iter().map(|id| &**id).collect()
}

/// A store that tells nobody how batches ended: it keeps them, or does not, and is silent or in doubt.
#[derive(Debug, Default)]
struct Mute {
    inner: MemoryStore,
    waiting: Mutex<Vec<Batch>>,
    is_silent: bool,
}

impl Store for Mute {
    fn commit(&self, batch: Batch) -> Answer<'_, Receipt> {
        self.waiting.lock().unwrap().push(batch);
        if self.is_silent {
            Box::pin(pending())
        } else {
            Box::pin(ready(Err(StoreError::InDoubt { cause: None })))
        }
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
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_which_nobody_heard_is_listed_once_it_is_kept() {
    for is_silent in [false, true] {
        let mute = Arc::new(Mute {
            is_silent,
            ..Mute::default()
        });
        let indexes = Arc::new(Indexes::default());
        let store = Indexed::new(Arc::clone(&mute) as Arc<dyn Store>, Arc::clone(&indexes));
        let list = async || {
            let orders = &indexes.orders;
            orders.list(&store, ALL, |_| true).await.unwrap().total
        };
        assert_eq!(list().await, 0);
        let one = order("1", "a", 0, ItemState::Acknowledged);
        let commit = store.commit(put(&one));
        let patience = Duration::from_secs(30);
        let _ = tokio::time::timeout(patience, commit).await;
        assert_eq!(list().await, 0, "not kept yet");
        let batch = mute.waiting.lock().unwrap().pop().unwrap();
        mute.inner.commit(batch).await.unwrap();
        assert_eq!(list().await, 1, "kept, though nobody said so");
        tokio::time::advance(DOUBT).await;
        assert_eq!(list().await, 1);
        assert!(indexes.orders.read().doubtful.is_empty());
    }
}

fn create(order: &ServiceOrder) -> Batch {
    let mut batch = Batch::new();
    ORDERS.create(&mut batch, &order.id.0, order).unwrap();
    batch
}

#[tokio::test(start_paused = true)]
async fn a_doubtful_record_is_read_again_after_a_write_and_not_any_more_when_its_fate_is_sealed() {
    let mute = Arc::new(Mute::default());
    let indexes = Arc::new(Indexes::default());
    let store = Indexed::new(Arc::clone(&mute) as Arc<dyn Store>, Arc::clone(&indexes));
    let list = async || {
        let before = mute.inner.stats().reads;
        let orders = &indexes.orders;
        let total = orders.list(&store, ALL, |_| true).await.unwrap().total;
        (total, mute.inner.stats().reads - before)
    };
    list().await;
    let one = order("1", "a", 0, ItemState::Acknowledged);
    assert!(store.commit(create(&one)).await.is_err());
    assert_eq!(list().await.0, 0);
    for _ in 0..10 {
        assert_eq!(list().await, (0, 0), "nothing was written since");
    }
    let other = order("2", "a", 0, ItemState::Acknowledged);
    mute.inner.commit(put(&other)).await.unwrap();
    let (total, reads) = list().await;
    assert!(
        total == 0 && reads > 0,
        "the other was not written through us"
    );
    assert_eq!(list().await, (0, 0));
    let batch = mute.waiting.lock().unwrap().pop().unwrap();
    mute.inner.commit(batch).await.unwrap();
    assert_eq!(list().await.0, 1, "kept, though nobody said so");
    assert!(indexes.orders.read().doubtful.is_empty());
    // What another process writes may be told late, so it is looked for by the clock, too.
    indexes.orders.doubt("3", Some(0));
    list().await;
    assert_eq!(list().await, (1, 0));
    tokio::time::advance(AGAIN).await;
    assert!(list().await.1 > 0);
    // An unguarded batch may come at any time, until the store must have answered.
    indexes.orders.doubt("1", None);
    list().await;
    assert_eq!(indexes.orders.read().doubtful.len(), 2);
    tokio::time::advance(DOUBT).await;
    list().await;
    assert!(indexes.orders.read().doubtful.is_empty());
}

#[tokio::test]
async fn what_is_refused_is_not_listed_and_what_was_there_is() {
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let before = order("before", "a", 5, ItemState::Completed);
    inner.commit(put(&before)).await.unwrap();
    let indexes = Arc::new(Indexes::default());
    let store = Indexed::new(inner, Arc::clone(&indexes));
    // Written before the first list: older by its date, and newer by its version.
    let after = order("after", "a", 1, ItemState::Acknowledged);
    store.commit(put(&after)).await.unwrap();
    let mut refused = Batch::new();
    ORDERS.create(&mut refused, &before.id.0, &before).unwrap();
    ORDERS
        .put(&mut refused, &"new".to_owned(), &before)
        .unwrap();
    assert!(store.commit(refused).await.is_err());
    let listing = indexes.orders.list(&store, ALL, |_| true).await.unwrap();
    assert_eq!(ids(&listing), ["after", "before"]);
    let mut gone = Batch::new();
    gone.delete(TableName::Orders, after.id.0.encode());
    store.commit(gone).await.unwrap();
    let listing = indexes.orders.list(&store, ALL, |_| true).await.unwrap();
    assert_eq!(ids(&listing), ["before"]);
}

#[test]
fn an_entry_of_a_service_has_what_can_be_asked_for() {
    let order = order("o", "a", 0, ItemState::Acknowledged);
    let mut service = order.new_service(&order.items[0]);
    let given = json!({
        "externalId": "mine", "serviceType": "slice", "startDate": "2026-12-01T00:00:00Z",
        "serviceConfiguration": {"@type": "urn:x"},
        "place": [{"role": "r", "place": {"@type": "GeographicSiteRef", "id": "site"}},
            {"role": "r", "place": {"@type": "GeographicAddressRef", "id": "address"}},
            {"role": "r", "place": {"@type": "GeographicAddress_Query"}}],
    });
    service.given = given.as_object().unwrap().clone();
    let entry = ServiceEntry::of(&service);
    assert_eq!(entry.external_id.as_deref(), Some("mine"));
    assert_eq!(entry.service_type.as_deref(), Some("slice"));
    assert_eq!(entry.configuration_type.as_deref(), Some("urn:x"));
    assert_eq!(entry.sites, ["site".into()].into());
    assert_eq!(entry.addresses, ["address".into()].into());
    assert_eq!(entry.ordered_by, [("o".into(), "1".into())].into());
    assert_eq!(entry.start_date, "2026-12-01T00:00:00Z".parse().ok());
    service.start_date = Some(at(0));
    assert_eq!(ServiceEntry::of(&service).start_date, Some(at(0)));
}

proptest! {
    #[test]
    fn law_a_page_is_that_of_all_records_filtered_and_sorted(
        writes in proptest::collection::vec((0..12_u8, 0..3_u8, 0..6_i64, 0..7_usize), 0..40),
        buyer in proptest::option::of(0..3_u8),
        (after, before) in (proptest::option::of(0..6_i64), proptest::option::of(0..6_i64)),
        (offset, limit) in (0..5_usize, 0..8_usize),
        state in 0..8_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let mut records = std::collections::BTreeMap::new();
        for (id, buyer, second, state) in writes {
            let one = order(&id.to_string(), &buyer.to_string(), second, ItemState::ALL[state]);
            runtime.block_on(inner.commit(put(&one))).unwrap();
            records.insert(one.id.0.clone(), one);
        }
        let indexes = Indexes::default();
        let state = OrderState::ALL[state];
        let whose = buyer.map(|buyer| buyer.to_string());
        let page = Page {
            buyer: whose.as_deref(),
            after: after.map(at),
            before: before.map(at),
            offset,
            limit,
        };
        let listing = runtime
            .block_on(indexes.orders.list(&*inner, page, |entry| entry.state != state))
            .unwrap();
        let mut expected: Vec<&ServiceOrder> = records
            .values()
            .filter(|one| whose.as_ref().is_none_or(|buyer| one.buyer == *buyer))
            .filter(|one| after.is_none_or(|after| one.order_date > at(after)))
            .filter(|one| before.is_none_or(|before| one.order_date < at(before)))
            .filter(|one| one.state() != state)
            .collect();
        expected.sort_by_key(|one| (one.order_date, one.id.clone()));
        prop_assert_eq!(listing.total, expected.len());
        let page: Vec<&str> = expected.iter().skip(offset).take(limit).map(|one| &*one.id.0).collect();
        prop_assert_eq!(ids(&listing), page);
    }

    #[test]
    fn law_what_goes_through_the_store_is_what_is_read_from_it(
        writes in proptest::collection::vec((0..12_u8, 0..3_u8, 0..6_i64, 0..7_usize), 0..40),
        first_list in 0..40_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let indexes = Arc::new(Indexes::default());
        let store = Indexed::new(Arc::clone(&inner), Arc::clone(&indexes));
        for (count, (id, buyer, second, state)) in writes.into_iter().enumerate() {
            if count == first_list {
                runtime.block_on(indexes.orders.list(&store, ALL, |_| true)).unwrap();
            }
            let one = order(&id.to_string(), &buyer.to_string(), second, ItemState::ALL[state]);
            runtime.block_on(store.commit(put(&one))).unwrap();
        }
        let anew = Indexes::default();
        for buyer in [None, Some("0"), Some("1"), Some("2")] {
            let page = Page { buyer, ..ALL };
            let seen = runtime.block_on(indexes.orders.list(&store, page, |_| true)).unwrap();
            let read = runtime.block_on(anew.orders.list(&*inner, page, |_| true)).unwrap();
            prop_assert_eq!(seen, read);
        }
        let buyers: BTreeSet<_> = indexes.orders.read().of_buyer.keys().cloned().collect();
        prop_assert!(indexes.orders.read().of_buyer.values().all(|own| !own.is_empty()));
        prop_assert!(buyers.len() <= 3);
    }
}

#[tokio::test]
async fn a_warm_index_has_read_the_store_before_the_first_list() {
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let before = order("before", "a", 5, ItemState::Completed);
    inner.commit(put(&before)).await.unwrap();
    let (lso, _wakes) = Lso::new(inner);
    assert!(lso.index.orders.read().all.is_empty());
    warm(lso.clone(), CancellationToken::new()).await;
    assert_eq!(lso.index.orders.read().all.len(), 1);
    assert!(lso.index.services.is_loaded.initialized());
}
