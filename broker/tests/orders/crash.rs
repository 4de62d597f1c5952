//! The process ends anywhere: another goes on.

use std::sync::atomic::Ordering;
use std::time::Duration;

use broker::lso::Wake;
use broker::store::{Batch, claim};
use jiff::SignedDuration;
use sof::order::{Action, OrderState};
use sof::saga::Phase;
use sof::service::ServiceState;

use super::partners::Fate;
use super::setting::{Setting, at, plain};

const PHASES: [Phase; 8] = [
    Phase::Selecting,
    Phase::Holding,
    Phase::Ordering,
    Phase::Activating,
    Phase::Testing,
    Phase::Confirming,
    Phase::Compensating,
    Phase::Deleting,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_in_the_middle_of_each_phase_goes_on() {
    for durable in [false, true] {
        for phase in PHASES {
            let mut setting = Setting::slow(durable, Duration::from_millis(15)).await;
            if phase == Phase::Compensating {
                setting.fakes.fate("AS2", "activate", Fate::Fail);
            }
            setting.start();
            setting
                .order("o1", Action::Add, "s1", plain(10), ServiceState::Active)
                .await;
            if phase == Phase::Deleting {
                setting.until("o1", OrderState::Completed).await;
                setting
                    .order("o2", Action::Delete, "s1", None, ServiceState::Terminated)
                    .await;
            }
            let id = if phase == Phase::Deleting { "o2" } else { "o1" };
            assert!(
                setting.until_phase(id, phase).await,
                "{phase:?} is not seen"
            );
            setting.crash().await;
            setting.start();
            assert_eq!(
                setting.until_final(id).await.state(),
                OrderState::Completed,
                "{phase:?}"
            );
            setting.until_clean(id).await;
            let expected = match phase {
                Phase::Deleting => Vec::new(),
                Phase::Compensating => at(&["AS1", "AS3", "AS4"], "active"),
                _ => at(&["AS1", "AS2", "AS4"], "active"),
            };
            assert_eq!(setting.fakes.services(), expected, "{phase:?}");
            assert_eq!(
                setting.book.kept().len(),
                usize::from(phase != Phase::Deleting)
            );
            assert!(setting.book.kept().values().all(|kept| kept.confirmed));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crashes_again_and_again_lose_nothing_and_order_nothing_twice() {
    let mut setting = Setting::slow(true, Duration::from_millis(3)).await;
    setting.work.order_deadline = Duration::from_secs(20);
    setting.work.test_deadline = Duration::from_secs(20);
    setting.start();
    for at in 0..6 {
        let (order, service) = (format!("o{at}"), format!("s{at}"));
        setting
            .order(
                &order,
                Action::Add,
                &service,
                plain(1),
                ServiceState::Active,
            )
            .await;
    }
    for round in 0_u64..12 {
        tokio::time::sleep(Duration::from_millis(40 + 17 * round)).await;
        setting.crash().await;
        setting.start();
    }
    for at in 0..6 {
        let order = setting.until_final(&format!("o{at}")).await;
        assert_eq!(order.state(), OrderState::Completed);
    }
    assert_eq!(setting.fakes.services().len(), 18);
    assert_eq!(setting.book.kept().len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_graceful_stop_keeps_what_was_answered() {
    let mut setting = Setting::slow(false, Duration::from_millis(20)).await;
    setting.start();
    setting
        .order("o1", Action::Add, "s1", plain(10), ServiceState::Active)
        .await;
    assert!(setting.until_phase("o1", Phase::Ordering).await);
    setting.stop().await;
    let saga = setting.saga("o1").await.unwrap();
    assert_eq!(saga.phase, Phase::Ordering);
    assert!(
        saga.parts.iter().all(|part| part.order.is_some()),
        "{:#?}",
        saga.parts
    );
    setting.start();
    setting.until("o1", OrderState::Completed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_else_can_be_at_work_a_restart_does_not_wait_for_the_lease() {
    for is_sole in [true, false] {
        let mut setting = Setting::slow(true, Duration::from_millis(15)).await;
        setting.is_sole = is_sole;
        setting.work.lease = Duration::from_secs(600);
        setting.start();
        setting
            .order("o1", Action::Add, "s1", plain(10), ServiceState::Active)
            .await;
        assert!(setting.until_phase("o1", Phase::Ordering).await);
        setting.crash().await;
        setting.start();
        if is_sole {
            setting.until("o1", OrderState::Completed).await;
        } else {
            tokio::time::sleep(Duration::from_millis(500)).await;
            assert!(!setting.read("o1").await.state().is_final());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_another_works_on_is_left_alone_whatever_happens() {
    let mut setting = Setting::new(false).await;
    let mut batch = Batch::new();
    let (now, lease) = (
        broker::clock::now().timestamp,
        SignedDuration::from_hours(1),
    );
    claim::take(&mut batch, "order/o1", None, "another", now, lease).unwrap();
    setting.store.commit(batch).await.unwrap();
    setting.start();
    setting
        .order("o1", Action::Add, "s1", plain(10), ServiceState::Active)
        .await;
    setting.wake(Wake::Agreements("AS2".parse().unwrap()));
    let before = setting.store.stats().reads;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let taken = setting.store.stats().reads - before;
    assert!(taken < 100, "{taken} looks into the store in half a second");
    assert_eq!(setting.read("o1").await.state(), OrderState::Acknowledged);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_orchestrators_share_a_store() {
    let mut setting = Setting::slow(true, Duration::from_millis(2)).await;
    setting.work.lease = Duration::from_secs(5);
    setting.work.order_deadline = Duration::from_secs(60);
    setting.work.test_deadline = Duration::from_secs(60);
    setting.start();
    let other = setting.start_another();
    for at in 0..10 {
        let (order, service) = (format!("o{at}"), format!("s{at}"));
        setting
            .order(
                &order,
                Action::Add,
                &service,
                plain(1),
                ServiceState::Active,
            )
            .await;
    }
    for at in 0..10 {
        let order = setting.until_final(&format!("o{at}")).await;
        assert_eq!(order.state(), OrderState::Completed);
    }
    // Nothing was ordered twice: the fakes would have refused.
    assert_eq!(setting.fakes.state().orders.len(), 60);
    other.abort();
}

/// Who claims what, by the name of the claim.
async fn claims(setting: &Setting) -> Vec<(String, String)> {
    let snapshot = setting.store.snapshot().await.unwrap();
    let all = broker::store::KeyRange::all();
    let page = claim::list(snapshot.as_ref(), &all, 100).await.unwrap();
    let of = page.records.into_iter();
    of.map(|(name, stored)| (name, stored.value.owner))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_that_a_crash_left_on_orders_that_are_done_or_not_there_are_removed() {
    let mut setting = Setting::new(false).await;
    setting.start();
    setting
        .order("done", Action::Add, "s1", plain(10), ServiceState::Active)
        .await;
    setting.until("done", OrderState::Completed).await;
    setting.until_clean("done").await;
    setting.stop().await;
    assert_eq!(claims(&setting).await, []);
    let hour = SignedDuration::from_hours(1);
    let now = broker::clock::now().timestamp;
    // As of a process that ended: over, still running, and something that is no order's.
    let mut batch = Batch::new();
    for (name, lease) in [
        ("order/done", -hour),
        ("order/not-there", -hour),
        ("order/not-there-yet", hour),
        ("orders", -hour),
    ] {
        claim::take(&mut batch, name, None, "another", now, lease).unwrap();
    }
    setting.store.commit(batch).await.unwrap();
    setting.start();
    let left = |name: &str| (name.to_owned(), "another".to_owned());
    let expected = [left("order/not-there-yet"), left("orders")];
    for _ in 0..200 {
        if claims(&setting).await == expected {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(claims(&setting).await, expected);
    // Where nobody else can be at work, whoever had it is no more.
    setting.stop().await;
    setting.is_sole = true;
    setting.start();
    for _ in 0..200 {
        if claims(&setting).await == expected[1..] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", claims(&setting).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wake_for_an_order_that_is_not_there_leaves_no_claim() {
    let mut setting = Setting::new(false).await;
    setting.work.look = Duration::from_secs(3_600);
    setting.start();
    setting.wake(Wake::Order(sof::order::OrderId("nowhere".to_owned())));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(claims(&setting).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effect_that_panics_is_tried_again_later_each_time_and_counted() {
    let mut setting = Setting::new(false).await;
    setting.work.order_deadline = Duration::from_secs(60);
    setting.work.under_way = Duration::from_millis(1);
    setting.fakes.panics.store(2, Ordering::SeqCst);
    setting.start();
    let begun = broker::clock::instant();
    setting
        .order("o1", Action::Add, "s1", plain(10), ServiceState::Active)
        .await;
    // What is told meanwhile makes it no faster.
    while setting.fakes.panicked.load(Ordering::SeqCst) < 2 {
        assert!(begun.elapsed() < Duration::from_secs(60));
        setting.wake(Wake::Order(sof::order::OrderId("o1".to_owned())));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    setting.until("o1", OrderState::Completed).await;
    // 0.5 s and then 1 s.
    assert!(begun.elapsed() >= Duration::from_millis(1_500));
    let text = setting.metrics.encode();
    let counted = r#"brokerd_sof_work_total{what="effect",outcome="panicked"} 2"#;
    assert!(text.contains(counted), "{text}");
}
