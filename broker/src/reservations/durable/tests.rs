use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::SeqCst};

use idr::reservation::{Limits, Phase};
use nffg::DomainId;
use nffg::export::Expected;
use serde_json::json;
use tokio::sync::{Semaphore, mpsc, watch};

use super::*;
use crate::ingest::{self, Document, Ingest, Input, News, SourceKey, SourceKind};
use crate::metrics::Metrics;
use crate::placements::problem::{Effort, solve};
use crate::placements::tests::{diamond, request};
use crate::reservations::{Desk, Digest, kept};
use crate::settings::Settings;
use crate::store::memory::MemoryStore;
use crate::store::{Answer, Receipt, Snapshot, Stats};

/// What happens to a batch.
const WELL: u8 = 0;
/// It is refused.
const FULL: u8 = 1;
/// It is kept, and the store cannot tell.
const KEPT: u8 = 2;
/// It is not kept, and the store cannot tell.
const LOST: u8 = 3;

/// A store that fails as told, and calls `seen` after each batch.
#[derive(Debug)]
struct Flaky {
    inner: MemoryStore,
    how: AtomicU8,
    /// A batch passes when there is a permit.
    gate: Semaphore,
    is_gated: AtomicBool,
}

impl Store for Flaky {
    fn commit(&self, batch: Batch) -> Answer<'_, Receipt> {
        Box::pin(async move {
            if self.is_gated.load(SeqCst) {
                self.gate.acquire().await.unwrap().forget();
            }
            match self.how.load(SeqCst) {
                WELL => self.inner.commit(batch).await,
                FULL => Err(StoreError::Unavailable {
                    doing: "a test",
                    cause: None,
                }),
                how => {
                    if how == KEPT {
                        self.inner.commit(batch).await?;
                    }
                    Err(StoreError::InDoubt { cause: None })
                }
            }
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

/// A writer that knows AS3 with eight cores, and what is durable over it.
struct World {
    durable: Durable,
    store: Arc<Flaky>,
    published: Arc<Published>,
    _inputs: mpsc::Sender<Input>,
    stop: CancellationToken,
}

fn as3() -> DomainId {
    "AS3".parse().unwrap()
}

fn name(id: &str) -> ReservationId {
    id.parse().unwrap()
}

fn buyer() -> Principal {
    Principal::Buyer {
        name: "b".to_owned(),
    }
}

fn cores(cpu: u32) -> Claim {
    let demand = nffg::Resources {
        cpu: Some(format!("{cpu}").parse().unwrap()),
        ..nffg::Resources::default()
    };
    let mut claim = Claim::default();
    claim.add_demand(as3(), &demand).unwrap();
    claim
}

fn some_placement() -> Ranked {
    let request = request(json!({}));
    let effort = Effort {
        work: 1_000_000,
        cancelled: &Arc::new(AtomicBool::new(false)),
    };
    let solved = solve(&diamond(), &request, &effort).unwrap();
    Ranked::new(1, &request.sg, &solved.placements[0])
}

fn hold(cpu: u32) -> Hold {
    Hold {
        lifetime: Duration::from_secs(60),
        claim: cores(cpu),
        placement: some_placement(),
        digest: Digest::of(&cpu.into()),
    }
}

impl World {
    async fn new() -> Self {
        Self::over(Flaky {
            inner: MemoryStore::new(),
            how: AtomicU8::new(WELL),
            gate: Semaphore::new(0),
            is_gated: AtomicBool::new(false),
        })
        .await
    }

    async fn over(store: Flaky) -> Self {
        let store = Arc::new(store);
        let restored = kept(&*store).await.unwrap();
        let settings = Settings::default();
        let config = alto::Config {
            server_name: settings.server_name.clone(),
            caps: settings.paths.caps(),
            limits: settings.alto.limits(),
        };
        let published = Arc::new(Published::new(config));
        let (inbox, commands) = Inbox::new();
        let durable = Durable::new(
            inbox,
            Arc::clone(&published),
            Arc::clone(&store) as Arc<dyn Store>,
            &restored,
            TaskTracker::new(),
        );
        let mut ingest = Ingest::new(&[], settings.rules());
        let document = json!({"nf": ["NF"], "cpu": 8}).to_string();
        let document = Document::decode(document.as_bytes(), Expected::of(&as3())).unwrap();
        let source = SourceKey {
            domain: as3(),
            kind: SourceKind::File("AS3.json".into()),
        };
        let news = News::Document(Box::new(document));
        ingest.on(clock::now(), Input { source, news });
        ingest.commit().unwrap();
        let desk = Desk::restore(Limits::default(), restored).unwrap();
        let (inputs, received) = mpsc::channel(8);
        let stop = CancellationToken::new();
        tokio::spawn(ingest::run(
            ingest,
            desk,
            received,
            commands,
            Arc::clone(&published),
            Arc::new(Metrics::new()),
            stop.clone(),
        ));
        Self {
            durable,
            store,
            published,
            _inputs: inputs,
            stop,
        }
    }

    fn fail(&self, how: u8) {
        self.store.how.store(how, SeqCst);
    }

    /// What the store has, by id.
    async fn stored(&self) -> Vec<Reservation> {
        let all = kept(&*self.store).await.unwrap();
        all.iter().map(|one| (*one.reservation).clone()).collect()
    }

    /// What readers see, by id.
    fn seen(&self) -> Vec<Reservation> {
        let all = self.published.reservations(|_| true);
        all.values().map(|one| (*one.reservation).clone()).collect()
    }

    async fn free(&self) -> u32 {
        let probe = || name("probe");
        for cpu in (1..=8).rev() {
            if self
                .durable
                .hold(&buyer(), probe(), hold(cpu))
                .await
                .is_ok()
            {
                self.durable.release(&buyer(), probe()).await.unwrap();
                return cpu;
            }
        }
        0
    }

    /// The process ends, and another starts over what the store has.
    async fn crash(self) -> Self {
        self.stop.cancel();
        let inner = MemoryStore::new();
        let snapshot = self.store.snapshot().await.unwrap();
        let range = crate::store::KeyRange::all();
        let page = snapshot.scan(TableName::Reservations, &range, usize::MAX);
        let mut batch = Batch::new();
        for (key, record) in page.await.unwrap().records {
            batch.put(TableName::Reservations, key, record.value);
        }
        inner.commit(batch).await.unwrap();
        Self::over(Flaky {
            inner,
            how: AtomicU8::new(WELL),
            gate: Semaphore::new(0),
            is_gated: AtomicBool::new(false),
        })
        .await
    }
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart_to_the_last_digit() {
    let world = World::new().await;
    let mut odd = hold(1);
    let demand = nffg::Resources {
        cpu: Some("0.1".parse().unwrap()),
        mem: Some("0.333333GB".parse().unwrap()),
        storage: None,
    };
    odd.claim.add_demand(as3(), &demand).unwrap();
    let made = world.durable.hold(&buyer(), name("a"), odd).await.unwrap();
    world
        .durable
        .hold(&buyer(), name("b"), hold(2))
        .await
        .unwrap();
    let confirmed = world.durable.confirm(&buyer(), name("b")).await.unwrap();
    let world = world.crash().await;
    let a = world.published.reservation(&name("a")).unwrap();
    assert_eq!(a.reservation, made.kept.reservation);
    let text = |kept: &Kept| serde_json::to_string(&kept.placement).unwrap();
    assert_eq!(text(&a), text(&made.kept));
    assert!(a.is_of(&Digest::of(&1.into())));
    let b = world.published.reservation(&name("b")).unwrap();
    assert_eq!(b.reservation, confirmed.kept.reservation);
    // The same request again is the same reservation.
    let again = world.durable.hold(&buyer(), name("b"), hold(2)).await;
    assert!(!again.unwrap().created);
    assert_eq!(world.free().await, 4);
}

#[tokio::test]
async fn what_the_store_refuses_is_undone() {
    let world = World::new().await;
    let before = world
        .durable
        .hold(&buyer(), name("a"), hold(2))
        .await
        .unwrap();
    let before = [(*before.kept.reservation).clone()];
    world.fail(FULL);
    let (durable, buyer) = (&world.durable, buyer());
    let outcomes = [
        durable.hold(&buyer, name("b"), hold(1)).await.map(drop),
        durable.confirm(&buyer, name("a")).await.map(drop),
        durable
            .extend(&buyer, name("a"), Duration::from_secs(600))
            .await
            .map(drop),
        durable.amend(&buyer, name("a"), cores(5)).await.map(drop),
        durable.amend(&buyer, name("a"), cores(1)).await.map(drop),
        durable.release(&buyer, name("a")).await.map(drop),
    ];
    for outcome in outcomes {
        assert!(
            matches!(outcome, Err(DurableError::Store(_))),
            "{outcome:?}"
        );
        assert_eq!(world.seen(), before);
    }
    world.fail(WELL);
    assert_eq!(world.stored().await, before);
    assert_eq!(world.free().await, 6);
    durable.hold(&buyer, name("b"), hold(6)).await.unwrap();
}

#[tokio::test]
async fn an_amendment_holds_both_until_it_is_kept() {
    let world = World::new().await;
    let (durable, buyer) = (world.durable.clone(), buyer());
    durable.hold(&buyer, name("a"), hold(6)).await.unwrap();
    world.store.is_gated.store(true, SeqCst);
    let amend = {
        let (durable, buyer) = (durable.clone(), buyer.clone());
        tokio::spawn(async move { durable.amend(&buyer, name("a"), cores(1)).await })
    };
    // The new claim is decided on, and is not on the disk: nobody else has the five cores.
    let other = durable.hold(&buyer, name("b"), hold(3)).await;
    assert!(matches!(other, Err(DurableError::Order(_))), "{other:?}");
    world.store.gate.add_permits(1);
    let amended = amend.await.unwrap().unwrap();
    assert_eq!(*amended.kept.reservation.claim, cores(1));
    world.store.is_gated.store(false, SeqCst);
    assert_eq!(world.free().await, 7);
    assert_eq!(world.stored().await, world.seen());
    let refused = durable.amend(&buyer, name("a"), cores(9)).await;
    assert!(matches!(
        refused,
        Err(DurableError::Order(OrderError::Hold(_)))
    ));
    durable.amend(&buyer, name("a"), cores(8)).await.unwrap();
    let world = world.crash().await;
    assert_eq!(*world.seen()[0].claim, cores(8));
}

#[tokio::test]
async fn a_client_that_goes_away_in_the_middle_leaves_nothing_half_done() {
    let world = World::new().await;
    world.store.is_gated.store(true, SeqCst);
    let durable = world.durable.clone();
    let asking = tokio::spawn(async move { durable.hold(&buyer(), name("a"), hold(3)).await });
    while world.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    world.store.gate.add_permits(1);
    assert!(world.durable.settled(&name("a")).await.unwrap().is_some());
    assert_eq!(world.stored().await, world.seen());
}

#[tokio::test]
async fn who_asks_again_meanwhile_is_answered_when_it_is_kept() {
    let world = World::new().await;
    world.store.is_gated.store(true, SeqCst);
    let ask = |durable: Durable| {
        tokio::spawn(async move { durable.hold(&buyer(), name("a"), hold(3)).await })
    };
    let first = ask(world.durable.clone());
    while world.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    // What is seen may not be kept yet; what is answered is.
    let again = ask(world.durable.clone());
    tokio::task::yield_now().await;
    assert!(!again.is_finished());
    world.fail(FULL);
    world.store.gate.add_permits(1);
    assert!(first.await.unwrap().is_err());
    world.fail(WELL);
    world.store.gate.add_permits(1);
    assert!(again.await.unwrap().unwrap().created);
}

#[tokio::test]
async fn in_doubt_memory_counts_and_the_store_is_brought_in_line() {
    for how in [KEPT, LOST] {
        let world = World::new().await;
        let (durable, buyer) = (&world.durable, buyer());
        durable.hold(&buyer, name("a"), hold(1)).await.unwrap();
        durable.hold(&buyer, name("b"), hold(1)).await.unwrap();
        world.fail(how);
        let held = durable.hold(&buyer, name("c"), hold(1)).await.map(drop);
        let confirmed = durable.confirm(&buyer, name("a")).await.map(drop);
        let released = durable.release(&buyer, name("b")).await.map(drop);
        for outcome in [held, confirmed, released] {
            let doubt = DurableError::Store(StoreError::InDoubt { cause: None });
            assert_eq!(outcome.unwrap_err().to_string(), doubt.to_string());
        }
        let ids: Vec<_> = world.seen().iter().map(|one| one.id.clone()).collect();
        assert_eq!(ids, [name("a"), name("b")]);
        assert_eq!(world.seen()[0].state.phase(), Phase::Held);
        // Nothing is answered from what is in doubt.
        assert!(durable.settled(&name("b")).await.is_err());
        assert!(durable.release(&buyer, name("c")).await.is_err());
        world.fail(WELL);
        durable.sweep().await;
        assert_eq!(world.stored().await, world.seen());
        assert!(durable.shared.books().doubtful.is_empty());
    }
}

/// Any order of orders, with a store that fails now and then, and a crash after each.
#[tokio::test]
async fn whatever_fails_nothing_acknowledged_is_lost_and_nothing_is_promised_twice() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut world = World::new().await;
    let (mut crashes, mut failures) = (0, 0);
    for step in 0..1_500 {
        let id = name(["a", "b", "c", "d"][random.usize(..4)]);
        let how = [WELL, WELL, WELL, FULL, KEPT, LOST][random.usize(..6)];
        world.fail(how);
        let before = world.seen();
        let of = |all: &[Reservation]| all.iter().find(|one| one.id == id).cloned();
        let (durable, buyer) = (&world.durable, buyer());
        let cpu = random.u32(0..6);
        let outcome = match random.u8(..6) {
            0 | 1 => durable.hold(&buyer, id.clone(), hold(cpu)).await.map(drop),
            2 => durable.confirm(&buyer, id.clone()).await.map(drop),
            3 => {
                let more = Duration::from_secs(random.u64(60..300));
                durable.extend(&buyer, id.clone(), more).await.map(drop)
            }
            4 => durable
                .amend(&buyer, id.clone(), cores(cpu))
                .await
                .map(drop),
            _ => durable.release(&buyer, id.clone()).await.map(drop),
        };
        let (stored, seen) = (world.stored().await, world.seen());
        let doubtful = durable.shared.books().doubtful.clone();
        let sure = |all: &[Reservation]| -> Vec<Reservation> {
            let sure = all.iter().filter(|one| !doubtful.contains(&one.id));
            sure.cloned().collect()
        };
        assert_eq!(sure(&stored), sure(&seen), "step {step}");
        match outcome {
            Err(_) => {
                failures += 1;
                assert_eq!(seen, before, "step {step}: what failed is undone");
            }
            Ok(()) => assert_eq!(
                of(&stored),
                of(&seen),
                "step {step}: what went well is kept"
            ),
        }
        let mut sum = Claim::default();
        for one in &seen {
            let amounts = one.claim.of_domain(&as3()).unwrap();
            sum.add_amounts(as3(), amounts).unwrap();
        }
        assert!(cores(8).covers(&sum), "step {step}");
        if random.u8(..10) == 0 {
            // A store in doubt may say more than was acknowledged; never less of what is not in doubt.
            crashes += 1;
            world = world.crash().await;
            assert_eq!(world.seen(), stored, "step {step}");
            world.fail(WELL);
            for one in &world.seen() {
                world.durable.release(&buyer, one.id.clone()).await.unwrap();
            }
        } else if random.u8(..4) == 0 {
            world.fail(WELL);
            durable.sweep().await;
            assert_eq!(world.stored().await, world.seen(), "step {step}");
        }
    }
    assert!(crashes > 50 && failures > 300, "{crashes} {failures}");
}

#[tokio::test]
async fn what_lapsed_leaves_the_store() {
    let world = World::new().await;
    let short = Hold {
        lifetime: Duration::from_millis(30),
        ..hold(1)
    };
    world
        .durable
        .hold(&buyer(), name("a"), short)
        .await
        .unwrap();
    world
        .durable
        .hold(&buyer(), name("b"), hold(1))
        .await
        .unwrap();
    assert_eq!(world.stored().await.len(), 2);
    let patience = clock::instant() + Duration::from_secs(20);
    while world.stored().await.len() > 1 {
        assert!(clock::instant() < patience, "it stays in the store");
        tokio::time::sleep(Duration::from_millis(20)).await;
        world.durable.sweep().await;
    }
    assert_eq!(world.stored().await, world.seen());
    assert!(!world.durable.shared.books().ends.contains_key(&name("a")));
}

#[tokio::test]
async fn another_one_releases_nothing_and_what_is_not_there_is_released() {
    let world = World::new().await;
    world
        .durable
        .hold(&buyer(), name("a"), hold(1))
        .await
        .unwrap();
    let other = Principal::Buyer {
        name: "other".to_owned(),
    };
    assert!(
        world
            .durable
            .release(&other, name("a"))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        world
            .durable
            .release(&buyer(), name("x"))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        world
            .durable
            .confirm(&other, name("a"))
            .await
            .unwrap_err()
            .is_unknown()
    );
    assert_eq!(world.stored().await.len(), 1);
}

#[tokio::test]
async fn a_record_that_is_no_reservation_is_no_start() {
    let store = MemoryStore::new();
    let mut batch = Batch::new();
    batch.put(
        TableName::Reservations,
        "a".to_owned().encode(),
        r#"{"holder": 1}"#,
    );
    store.commit(batch).await.unwrap();
    let error = kept(&store).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("table reservations, record a"),
        "{error}"
    );
}
