use std::collections::BTreeSet;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use sof::service::{Service, ServiceState};
use tokio::sync::{mpsc, watch};

use super::*;
use crate::lso::index::Page;
use crate::store::memory::MemoryStore;
use crate::store::{Answer, KeyRange, Receipt, Stats, Store, TableName};

fn buyer(name: &str) -> Principal {
    Principal::Buyer {
        name: name.to_owned(),
    }
}

fn now() -> Timestamp {
    "2026-11-29T12:00:00Z".parse().unwrap()
}

fn graph() -> Value {
    json!({
        "@type": sof::payload::SERVICE_GRAPH,
        "sg": {
            "nfs": ["NF1"],
            "saps": ["SAP1", "SAP2"],
            "sg_links": [
                {"id": 1, "src-node": "SAP1", "dst-node": "NF1"},
                {"id": 2, "src-node": "NF1", "dst-node": "SAP2"},
            ],
            "reqs": [{"id": 1, "src-node": "SAP1", "dst-node": "SAP2", "sg-path": [1, 2]}],
        },
    })
}

fn order(items: &[Value]) -> Value {
    json!({
        "requestedStartDate": "2026-11-29T12:00:00Z",
        "requestedCompletionDate": "2026-11-30T12:00:00Z",
        "serviceOrderItem": items,
    })
}

fn add(id: &str) -> Value {
    json!({"id": id, "action": "add", "service": {"serviceConfiguration": graph()}})
}

fn modify(id: &str, service: &ServiceId) -> Value {
    json!({"id": id, "action": "modify", "service": {"id": service, "serviceConfiguration": graph()}})
}

async fn take(lso: &Lso, who: &str, body: &Value) -> Result<ServiceOrder, TakeError> {
    let (at, limits) = (ReferencePoint::Legato, Limits::default());
    lso.take(&buyer(who), at, body, limits, now()).await
}

/// A service of a buyer that nobody is at work on.
async fn idle(lso: &Lso, who: &str) -> ServiceId {
    let order = take(lso, who, &order(&[add("1")])).await.unwrap();
    let id = order.items[0].service.clone();
    let snapshot = lso.store.snapshot().await.unwrap();
    let stored = SERVICES.get(&*snapshot, &id.0).await.unwrap().unwrap();
    let service = Service {
        state: ServiceState::Active,
        busy: None,
        ..stored.value
    };
    let mut batch = Batch::new();
    SERVICES
        .update(&mut batch, &id.0, stored.version, &service)
        .unwrap();
    lso.store.commit(batch).await.unwrap();
    id
}

async fn services(lso: &Lso) -> Vec<Service> {
    let snapshot = lso.store.snapshot().await.unwrap();
    let page = SERVICES.scan(&*snapshot, &KeyRange::all(), 1_000).await;
    let records = page.unwrap().records;
    records.into_iter().map(|(_, one)| one.value).collect()
}

/// A store that lets others have a turn before each batch, and refuses the batches from the n-th on.
#[derive(Debug)]
struct Slow {
    inner: MemoryStore,
    commits: AtomicUsize,
    refused_from: usize,
}

impl Slow {
    fn lso(refused_from: usize) -> (Arc<Self>, Lso, mpsc::Receiver<Wake>) {
        let slow = Arc::new(Self {
            inner: MemoryStore::new(),
            commits: AtomicUsize::new(0),
            refused_from,
        });
        let (lso, wakes) = Lso::new(Arc::clone(&slow) as Arc<dyn Store>);
        (slow, lso, wakes)
    }
}

impl Store for Slow {
    fn commit(&self, batch: Batch) -> Answer<'_, Receipt> {
        if self.commits.fetch_add(1, Ordering::Relaxed) >= self.refused_from {
            let path = "/store".into();
            let cause = Arc::new(std::io::Error::from(std::io::ErrorKind::StorageFull));
            return Box::pin(ready(Err(StoreError::Full { path, cause })));
        }
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.inner.commit(batch).await
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
}

#[tokio::test]
async fn of_orders_at_the_same_time_one_takes_a_service() {
    let (_, lso, mut wakes) = Slow::lso(usize::MAX);
    let service = idle(&lso, "a").await;
    wakes.recv().await.unwrap();
    let body = order(&[modify("1", &service)]);
    let (a, b, c) = tokio::join!(
        take(&lso, "a", &body),
        take(&lso, "a", &body),
        take(&lso, "a", &body)
    );
    let (taken, refused): (Vec<_>, Vec<_>) = [a, b, c].into_iter().partition(Result::is_ok);
    let [Ok(taken)] = &taken[..] else {
        panic!("{taken:?}");
    };
    for refused in refused {
        let TakeError::Faults(faults) = refused.unwrap_err() else {
            panic!("the store is well");
        };
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].code, FaultCode::OtherIssue);
        assert_eq!(faults[0].path(), "/serviceOrderItem/0/service/id");
        assert!(faults[0].reason.contains(&taken.id.0), "{faults:?}");
    }
    let [kept] = &services(&lso).await[..] else {
        panic!("one service");
    };
    assert_eq!(
        kept.busy,
        Some((taken.id.clone(), taken.items[0].id.clone()))
    );
    assert_eq!(
        kept.state,
        ServiceState::Active,
        "its state is not ours to change"
    );
    assert_eq!(wakes.recv().await, Some(Wake::Order(taken.id.clone())));
    assert!(
        wakes.try_recv().is_err(),
        "of what was refused nobody is told"
    );
}

#[tokio::test]
async fn an_order_is_kept_whole() {
    let (_, lso, mut wakes) = Slow::lso(usize::MAX);
    let service = idle(&lso, "a").await;
    let body = order(&[add("1"), modify("2", &service), add("3")]);
    let order = take(&lso, "a", &body).await.unwrap();
    assert_eq!(order.buyer, "buyer a");
    let snapshot = lso.store.snapshot().await.unwrap();
    let kept = ORDERS.get(&*snapshot, &order.id.0).await.unwrap().unwrap();
    assert_eq!(kept.value, order);
    let of_order = order.items.iter().map(|item| &item.service);
    let of_order: BTreeSet<&ServiceId> = of_order.collect();
    assert_eq!(of_order.len(), 3);
    let services = services(&lso).await;
    for service in &services {
        let (by, item) = service.busy.as_ref().unwrap();
        assert_eq!(by, &order.id);
        assert_eq!(order.item(item).unwrap().service, service.id);
    }
    assert!(of_order.contains(&service) && services.len() == 3);
    assert!(order.items.iter().all(|item| is_ours(&item.service.0)));
    wakes.recv().await.unwrap();
    assert_eq!(wakes.recv().await, Some(Wake::Order(order.id)));
}

#[tokio::test]
async fn without_room_nothing_is_taken() {
    let (_, lso, mut wakes) = Slow::lso(0);
    let refused = take(&lso, "a", &order(&[add("1")])).await;
    assert!(matches!(
        refused,
        Err(TakeError::Store(StoreError::Full { .. }))
    ));
    assert!(services(&lso).await.is_empty());
    assert!(wakes.try_recv().is_err());
    let page = Page {
        buyer: None,
        after: None,
        before: None,
        offset: 0,
        limit: 10,
    };
    let orders = &lso.index.orders;
    let listing = orders.list(&*lso.store, page, |_| true).await.unwrap();
    assert_eq!(listing.total, 0);
}

#[tokio::test]
async fn what_is_anothers_is_not_found() {
    let (_, lso, _wakes) = Slow::lso(usize::MAX);
    let service = idle(&lso, "a").await;
    let body = order(&[modify("1", &service)]);
    let Err(TakeError::Faults(faults)) = take(&lso, "b", &body).await else {
        panic!("it is a's");
    };
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].code, FaultCode::ReferenceNotFound);
    // Who runs the broker may.
    let operator = Principal::Operator {
        name: "o".to_owned(),
    };
    let (at, limits) = (ReferencePoint::Legato, Limits::default());
    let taken = lso.take(&operator, at, &body, limits, now()).await;
    assert!(taken.is_ok(), "{taken:?}");
}

#[test]
fn ids_of_ours_are_uuids_as_we_write_them() {
    assert!(is_ours("23f0ffa4-6cc0-4623-b42e-f05e78f38282"));
    for other in [
        "",
        "23F0FFA4-6CC0-4623-B42E-F05E78F38282",
        "23f0ffa46cc04623b42ef05e78f38282",
        "urn:uuid:23f0ffa4-6cc0-4623-b42e-f05e78f38282",
        "{23f0ffa4-6cc0-4623-b42e-f05e78f38282}",
    ] {
        assert!(!is_ours(other), "{other}");
    }
}

#[test]
fn faults_of_a_graph_have_their_place_in_the_payload() {
    let mut value = graph();
    value["sg"]["sg_links"][1]["dst-node"] = json!("SAP9");
    let faults = configuration_faults(ReferencePoint::Allegro, &value);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].path().starts_with("/sg/sg_links/1"), "{faults:?}");
    assert!(configuration_faults(ReferencePoint::Interlude, &graph()).is_empty());
}
