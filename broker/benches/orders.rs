//! Taking orders, and finding them again among 100,000: `cargo bench -p broker --bench orders`.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on panics")]

use std::sync::{Arc, LazyLock};

use broker::auth::Principal;
use broker::lso::Lso;
use broker::lso::index::Page;
use broker::lso::records::ORDERS;
use broker::store::file::{FileStore, Options};
use broker::store::memory::MemoryStore;
use broker::store::{Batch, Store};
use divan::Bencher;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sof::mef::ReferencePoint;
use sof::order::{Limits, OrderId, OrderState};
use tokio::runtime::Runtime;

/// Orders that there are.
const ORDERS_KEPT: usize = 100_000;

/// Of this many buyers, each as many.
const BUYERS: usize = 10;

fn main() {
    divan::main();
}

fn now() -> Timestamp {
    "2026-11-29T12:00:00Z".parse().unwrap()
}

fn body() -> Value {
    json!({
        "requestedStartDate": "2026-11-29T12:00:00Z",
        "requestedCompletionDate": "2026-12-29T12:00:00Z",
        "externalId": "order of a bench",
        "serviceOrderItem": [{"id": "1", "action": "add", "service": {"externalId": "mine", "serviceConfiguration": {
            "@type": "urn:brokermdo:schema:service-graph:v1",
            "sg": {
                "nfs": ["NF1", "NF2", "NF3"],
                "saps": ["SAP1", "SAP2"],
                "sg_links": [
                    {"id": 1, "src-node": "SAP1", "dst-node": "NF1"},
                    {"id": 2, "src-node": "NF1", "dst-node": "NF2"},
                    {"id": 3, "src-node": "NF2", "dst-node": "NF3"},
                    {"id": 4, "src-node": "NF3", "dst-node": "SAP2"},
                ],
                "reqs": [{"id": 1, "src-node": "SAP1", "dst-node": "SAP2", "sg-path": [1, 2, 3, 4]}],
            },
        }}}],
    })
}

fn buyer(number: usize) -> Principal {
    Principal::Buyer {
        name: format!("b{number}"),
    }
}

async fn take(lso: &Lso, body: &Value) {
    let (at, limits) = (ReferencePoint::Legato, Limits::default());
    let taken = lso.take(&buyer(0), at, body, limits, now()).await;
    assert!(taken.is_ok());
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// One order read, checked and kept in memory: what the work on the request costs.
#[divan::bench]
fn take_one_in_memory(bencher: Bencher<'_, '_>) {
    let (lso, _wakes) = Lso::new(Arc::new(MemoryStore::new()));
    let body = body();
    bencher.bench(|| RUNTIME.block_on(take(&lso, &body)));
}

/// Sixty-four orders at once, durable in a file.
#[divan::bench]
fn take_64_in_a_file(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::open(&folder.path().join("store"), Options::default()).unwrap();
    let (lso, _wakes) = Lso::new(Arc::new(store));
    let body = Arc::new(body());
    bencher.bench(|| {
        RUNTIME.block_on(async {
            let tasks: Vec<_> = (0..64)
                .map(|_| {
                    let (lso, body) = (lso.clone(), Arc::clone(&body));
                    tokio::spawn(async move { take(&lso, &body).await })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
    });
}

/// As many orders, one a second.
static KEPT: LazyLock<Lso> = LazyLock::new(|| {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let (lso, _) = Lso::new(Arc::clone(&store));
    RUNTIME.block_on(async {
        let (at, limits) = (ReferencePoint::Legato, Limits::default());
        let taken = lso.take(&buyer(0), at, &body(), limits, now()).await;
        let mut order = taken.unwrap();
        for number in 0..ORDERS_KEPT {
            order.id = OrderId(format!("{number:032}"));
            order.buyer = buyer(number % BUYERS).holder();
            order.order_date += SignedDuration::from_secs(1);
            let mut batch = Batch::new();
            ORDERS.put(&mut batch, &order.id.0, &order).unwrap();
            store.commit(batch).await.unwrap();
        }
    });
    // Anew: the index has not seen them.
    Lso::new(store).0
});

/// What the first list after a start reads.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn first_list_after_a_start(bencher: Bencher<'_, '_>) {
    let store = Arc::clone(&KEPT.store);
    bencher
        .with_inputs(|| Lso::new(Arc::clone(&store)).0)
        .bench_values(|lso| list(&lso, None, None));
}

fn list(lso: &Lso, buyer: Option<&str>, after: Option<Timestamp>) -> usize {
    let page = Page {
        buyer,
        after,
        before: None,
        offset: 0,
        limit: 100,
    };
    let held = |order: &broker::lso::index::OrderEntry| order.state == OrderState::Acknowledged;
    let orders = &lso.index.orders;
    let listing = RUNTIME.block_on(orders.list(&*lso.store, page, held));
    listing.unwrap().total
}

/// By state, over all.
#[divan::bench]
fn list_of_100_000_by_state(bencher: Bencher<'_, '_>) {
    list(&KEPT, None, None);
    bencher.bench(|| list(&KEPT, None, None));
}

/// By state, over those of one buyer.
#[divan::bench]
fn list_of_one_buyer_of_ten_by_state(bencher: Bencher<'_, '_>) {
    list(&KEPT, None, None);
    bencher.bench(|| list(&KEPT, Some("buyer b1"), None));
}

/// By state, over the last hundred seconds.
#[divan::bench]
fn list_of_the_last_hundred_by_state(bencher: Bencher<'_, '_>) {
    list(&KEPT, None, None);
    let after = now() + SignedDuration::from_secs(99_900);
    bencher.bench(|| list(&KEPT, None, Some(after)));
}
