//! From an order to a service.

use std::time::Duration;

use broker::lso::Wake;
use serde_json::json;
use sof::order::{Action, ItemState, OrderId, OrderState};
use sof::partner::{PartnerState, Price};
use sof::payload::SEGMENT;
use sof::saga::Phase;
use sof::service::ServiceState;

use super::partners::Fate;
use super::setting::{Setting, at, graph, plain};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_becomes_an_active_service_over_both_stores() {
    for durable in [false, true] {
        let mut setting = Setting::new(durable).await;
        setting.start();
        setting
            .order("o1", Action::Add, "s1", plain(10), ServiceState::Active)
            .await;
        let order = setting.until_final("o1").await;
        assert_eq!(order.state(), OrderState::Completed);
        assert!(order.start_date.is_some() && order.completion_date.is_some());
        // By delay over AS2.
        assert_eq!(
            setting.fakes.services(),
            at(&["AS1", "AS2", "AS4"], "active")
        );
        assert_eq!(setting.fakes.verbs("AS2"), ["activate", "add"]);
        let service = setting.service("s1").await;
        assert_eq!((service.state, service.busy), (ServiceState::Active, None));
        assert!(service.start_date.is_some());
        let kept = setting.book.kept().clone();
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["s1.1"]);
        assert!(kept["s1.1"].confirmed && kept["s1.1"].holder == super::setting::BUYER);
        assert_eq!(kept["s1.1"].claim.links().count(), 2);
        let selection = setting.selection("s1.1").await;
        assert_eq!(selection.chosen, Some(0));
        assert!(selection.candidates.len() > 1 && selection.candidates[0].score.is_some());
        let text = setting.metrics.encode();
        assert!(
            text.contains(r#"brokerd_sof_work_total{what="item",outcome="completed"} 1"#),
            "{text}"
        );
        setting.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_price_of_an_agreement_may_be_worth_a_detour() {
    let mut setting = Setting::new(false).await;
    setting
        .agree(
            "AS2",
            Price {
                segment: 1_000_000,
                ..Price::default()
            },
        )
        .await;
    setting.start();
    setting
        .order("o1", Action::Add, "s1", plain(10), ServiceState::Inactive)
        .await;
    setting.until("o1", OrderState::Completed).await;
    assert_eq!(
        setting.fakes.services(),
        at(&["AS1", "AS3", "AS4"], "inactive")
    );
    assert!(setting.fakes.state().tests.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_partner_refuses_or_fails_goes_to_the_next_chain() {
    for (verb, fate) in [
        ("add", Fate::Refuse),
        ("add", Fate::Fail),
        ("activate", Fate::Refuse),
        ("activate", Fate::Fail),
        ("add", Fate::Hang),
    ] {
        let mut setting = Setting::new(false).await;
        setting.fakes.fate("AS2", verb, fate);
        setting.start();
        setting
            .order("o1", Action::Add, "s1", plain(10), ServiceState::Active)
            .await;
        let order = setting.until_final("o1").await;
        assert_eq!(order.state(), OrderState::Completed, "{verb} {fate:?}");
        assert_eq!(
            setting.fakes.services(),
            at(&["AS1", "AS3", "AS4"], "active"),
            "{verb} {fate:?}"
        );
        let saga = setting.saga("o1").await.unwrap();
        assert_eq!(saga.attempts, 2);
        let reason = &saga.reasons[0];
        assert_eq!(reason.domain, Some("AS2".parse().unwrap()));
        if fate == Fate::Fail {
            assert!(reason.reason.contains("on fire"), "{reason:?}");
        }
        assert_eq!(setting.book.kept().keys().collect::<Vec<_>>(), ["s1.2"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_lost_is_looked_for_and_not_repeated() {
    let mut setting = Setting::new(false).await;
    setting.fakes.fate("AS1", "add", Fate::LoseAnswer);
    setting.fakes.fate("AS2", "activate", Fate::LoseAnswer);
    setting.fakes.fate("AS4", "add", Fate::LoseRequest);
    setting.start();
    setting
        .order("o1", Action::Add, "s1", plain(10), ServiceState::Active)
        .await;
    setting.until("o1", OrderState::Completed).await;
    // The fakes refuse to be ordered the same twice.
    assert_eq!(setting.fakes.state().orders.len(), 6);
    assert_eq!(setting.saga("o1").await.unwrap().attempts, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_reason_is_told_when_no_chain_is_left() {
    let mut setting = Setting::new(false).await;
    setting.fakes.fate("AS2", "add", Fate::Refuse);
    setting.fakes.fail_tests("AS3", 1);
    setting.start();
    setting
        .order("o1", Action::Add, "s1", plain(10), ServiceState::Active)
        .await;
    let order = setting.until_final("o1").await;
    assert_eq!(order.state(), OrderState::Failed);
    let errors: Vec<String> = order.items[0]
        .termination_errors
        .iter()
        .map(|error| error.value.clone())
        .collect();
    assert!(
        errors
            .iter()
            .any(|error| error.contains("AS2") && error.contains("no room")),
        "{errors:?}"
    );
    assert!(
        errors
            .iter()
            .any(|error| error.contains("AS3") && error.contains("nothing comes through")),
        "{errors:?}"
    );
    setting.until_clean("o1").await;
    assert!(setting.fakes.services().is_empty() && setting.book.kept().is_empty());
    let service = setting.service("s1").await;
    assert_eq!(service.state, ServiceState::Terminated);
    assert!(service.end_date.is_some() && service.busy.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_agreement_the_item_is_pending_until_there_is_one() {
    let mut setting = Setting::new(false).await;
    setting.work.look_again = Duration::from_secs(3600);
    setting.disagree("AS4").await;
    setting.start();
    setting
        .order("o1", Action::Add, "s1", plain(10), ServiceState::Active)
        .await;
    let order = setting.until("o1", OrderState::Pending).await;
    assert_eq!(order.items[0].state, ItemState::Pending);
    let saga = setting.saga("o1").await.unwrap();
    assert!(saga.waiting_for.unwrap().contains("AS4"));
    setting.agree("AS4", Price::default()).await;
    setting.wake(Wake::Agreements("AS4".parse().unwrap()));
    setting.until("o1", OrderState::Completed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_a_partner_wakes_those_that_wait_for_it_and_no_others() {
    let mut setting = Setting::new(false).await;
    setting.work.look_again = Duration::from_secs(3600);
    setting.work.look = Duration::from_secs(3600);
    setting.disagree("AS4").await;
    setting.start();
    let (add, active) = (Action::Add, ServiceState::Active);
    for at in 0..5 {
        let (order, service) = (format!("o{at}"), format!("s{at}"));
        setting.order(&order, add, &service, plain(1), active).await;
        setting.until(&order, OrderState::Pending).await;
    }
    // They rest when nothing has happened for a while.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    setting.until_at_work(0).await;
    setting.agree("AS4", Price::default()).await;
    let before = setting.store.stats().reads;
    for _ in 0..50 {
        setting.wake(Wake::Agreements("AS3".parse().unwrap()));
        setting.wake(Wake::Agreements("AS9".parse().unwrap()));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(
        setting.store.stats().reads,
        before,
        "somebody was called up"
    );
    assert_eq!(setting.selection("s0.1").await.waits_for.len(), 1);
    setting.wake(Wake::Agreements("AS4".parse().unwrap()));
    for at in 0..5 {
        setting
            .until(&format!("o{at}"), OrderState::Completed)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partner_that_does_not_answer_holds_the_item_until_it_does_or_patience_ends() {
    let mut setting = Setting::new(false).await;
    setting.fakes.state().open_circuits.push("AS1".to_owned());
    setting.start();
    setting
        .order("o1", Action::Add, "s1", plain(10), ServiceState::Active)
        .await;
    setting.until("o1", OrderState::Held).await;
    setting.fakes.state().open_circuits.clear();
    setting.until("o1", OrderState::Completed).await;
    setting.stop().await;
    setting.work.patience = Duration::from_millis(300);
    setting.partner("AS4", PartnerState::Suspended).await;
    setting.start();
    setting
        .order("o2", Action::Add, "s2", plain(10), ServiceState::Active)
        .await;
    let order = setting.until("o2", OrderState::Failed).await;
    assert!(
        order.items[0].termination_errors[0]
            .value
            .contains("suspended")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_done_fails_with_an_explanation() {
    let mut setting = Setting::new(false).await;
    setting.start();
    let nowhere = graph(10, &json!({"nodes": {"A": {"resources": {"cpu": 100}}}}));
    setting
        .order(
            "o1",
            Action::Add,
            "s1",
            Some(nowhere),
            ServiceState::FeasibilityChecked,
        )
        .await;
    setting.until("o1", OrderState::Failed).await;
    assert!(setting.selection("s1.1").await.explanation.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn less_than_provisioned_touches_no_partner() {
    let mut setting = Setting::new(false).await;
    setting.start();
    for (id, target, held) in [
        ("o1", ServiceState::FeasibilityChecked, 0),
        ("o2", ServiceState::Designed, 0),
        ("o3", ServiceState::Reserved, 1),
    ] {
        let service = format!("s-{id}");
        setting
            .order(id, Action::Add, &service, plain(10), target)
            .await;
        setting.until(id, OrderState::Completed).await;
        assert_eq!(setting.service(&service).await.state, target);
        assert_eq!(setting.book.kept().len(), held);
        assert!(
            setting
                .selection(&format!("{service}.1"))
                .await
                .chosen
                .is_some()
        );
    }
    assert!(setting.fakes.state().orders.is_empty());
    // What is reserved becomes active on the chain that it has.
    setting
        .order(
            "o4",
            Action::Modify,
            "s-o3",
            plain(10),
            ServiceState::Active,
        )
        .await;
    setting.until("o4", OrderState::Completed).await;
    assert_eq!(setting.book.kept().keys().collect::<Vec<_>>(), ["s-o3.1"]);
    assert_eq!(
        setting.fakes.services(),
        at(&["AS1", "AS2", "AS4"], "active")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hints_twice_late_and_of_nobody_do_no_harm() {
    let mut setting = Setting::slow(false, Duration::from_millis(5)).await;
    (setting.work.poll_first, setting.work.poll_longest) =
        (Duration::from_millis(300), Duration::from_millis(900));
    setting.start();
    setting
        .order("o1", Action::Add, "s1", plain(10), ServiceState::Active)
        .await;
    let began = broker::clock::instant();
    loop {
        let known: Vec<(String, OrderId)> = {
            let state = setting.fakes.state();
            state
                .orders
                .iter()
                .map(|((at, _), taken)| (at.clone(), taken.id.clone()))
                .collect()
        };
        for (domain, order) in known {
            for _ in 0..2 {
                setting.wake(Wake::Hint {
                    partner: domain.parse().unwrap(),
                    order: order.clone(),
                });
            }
            setting.wake(Wake::Hint {
                partner: "AS9".parse().unwrap(),
                order,
            });
        }
        if setting.read("o1").await.state().is_final() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(setting.read("o1").await.state(), OrderState::Completed);
    // By polling alone each order would take a second and more.
    assert!(
        began.elapsed() < Duration::from_millis(1_800),
        "{:?}",
        began.elapsed()
    );
    assert!(
        setting
            .metrics
            .encode()
            .contains(r#"brokerd_sof_stale_events_total{reason="hint"}"#)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_is_brought_to_the_own_resources() {
    let mut setting = Setting::new(false).await;
    setting.start();
    let segment = |cpu: u32| {
        Some(json!({"@type": SEGMENT, "domain": "AS2",
                    "functions": [{"id": "A", "type": "NF", "resources": {"cpu": cpu}}]}))
    };
    setting
        .order("o1", Action::Add, "s1", segment(1), ServiceState::Inactive)
        .await;
    setting.until("o1", OrderState::Completed).await;
    setting
        .order("o2", Action::Modify, "s1", segment(2), ServiceState::Active)
        .await;
    setting.until("o2", OrderState::Completed).await;
    {
        let state = setting.fakes.state();
        let (own, active) = state.own.values().next().unwrap();
        assert!(*active && own.functions[0].resources.cpu.unwrap().value() > 1.5);
    }
    setting
        .order("o3", Action::Delete, "s1", None, ServiceState::Terminated)
        .await;
    setting.until("o3", OrderState::Completed).await;
    assert!(setting.fakes.state().own.is_empty() && setting.fakes.state().orders.is_empty());
    setting.fakes.state().presto_refuses = true;
    setting
        .order("o4", Action::Add, "s4", segment(1), ServiceState::Active)
        .await;
    let order = setting.until("o4", OrderState::Failed).await;
    assert!(
        order.items[0].termination_errors[0]
            .value
            .contains("no such function")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clean_up_that_takes_long_goes_on_beside() {
    let mut setting = Setting::new(false).await;
    // AS2 takes the order and hangs; then it does not delete what it made, for a while.
    setting.fakes.fate("AS4", "add", Fate::Refuse);
    for _ in 0..6 {
        setting.fakes.fate("AS2", "delete", Fate::Fail);
    }
    setting.start();
    setting
        .order("o1", Action::Add, "s1", plain(10), ServiceState::Active)
        .await;
    let order = setting.until_final("o1").await;
    assert_eq!(order.state(), OrderState::Failed);
    let saga = setting.until_clean("o1").await;
    assert_eq!(saga.phase, Phase::Failed);
    assert!(setting.fakes.services().is_empty() && setting.book.kept().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_waits_for_a_partner_whose_domain_has_not_told_of_itself_yet() {
    // As after a restart: nobody has, then some, then all.
    let mut setting = Setting::new(false).await;
    setting.only(&[]);
    setting.start();
    setting
        .order("o1", Action::Add, "s1", plain(10), ServiceState::Active)
        .await;
    setting.until("o1", OrderState::Held).await;
    setting.only(&["AS1", "AS2", "AS3"]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(setting.read("o1").await.state(), OrderState::Held);
    setting.all();
    setting.until("o1", OrderState::Completed).await;
    setting.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_expected_to_be_done_when_all_partners_at_work_say_so() {
    let mut setting = Setting::new(false).await;
    setting.work.order_deadline = Duration::from_secs(600);
    let now = broker::clock::now().timestamp;
    let hours = |hours| now + jiff::SignedDuration::from_hours(hours);
    for domain in ["AS1", "AS2", "AS4"] {
        setting.fakes.fate(domain, "add", Fate::Hang);
    }
    let mut expected = [("AS1", 1), ("AS2", 3)].map(|(of, at)| (of.to_owned(), hours(at)));
    setting.fakes.state().expected = expected.clone().into();
    setting.start();
    let (add, active) = (Action::Add, ServiceState::Active);
    setting.order("o1", add, "s1", plain(1), active).await;
    assert!(setting.until_phase("o1", Phase::Ordering).await);
    tokio::time::sleep(Duration::from_millis(200)).await;
    // One of them does not say.
    assert_eq!(setting.read("o1").await.expected_completion_date, None);

    expected[0].0 = "AS4".to_owned();
    setting.fakes.state().expected.extend(expected);
    for domain in ["AS1", "AS2", "AS4"] {
        setting.fakes.fate(domain, "add", Fate::Hang);
    }
    setting.order("o2", add, "s2", plain(1), active).await;
    let is = |order: &sof::order::ServiceOrder| order.expected_completion_date == Some(hours(3));
    setting.until_any("o2", is, "expected").await;
}
