//! Modifications and ends.

use std::sync::atomic::Ordering::SeqCst;

use serde_json::json;
use sof::order::{Action, OrderState};
use sof::service::ServiceState;

use super::partners::Fate;
use super::setting::{Setting, at, graph, plain};

async fn active(durable: bool) -> Setting {
    let mut setting = Setting::new(durable).await;
    setting.start();
    setting
        .order("o1", Action::Add, "s1", plain(10), ServiceState::Active)
        .await;
    setting.until("o1", OrderState::Completed).await;
    setting
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_modification_that_fits_stays_where_it_is() {
    let setting = active(true).await;
    let before: Vec<_> = setting.fakes.state().services.keys().cloned().collect();
    setting
        .order("o2", Action::Modify, "s1", plain(20), ServiceState::Active)
        .await;
    setting.until("o2", OrderState::Completed).await;
    {
        let state = setting.fakes.state();
        assert_eq!(state.services.keys().cloned().collect::<Vec<_>>(), before);
        for (word, configuration) in state.services.values() {
            assert_eq!(
                (word.as_str(), &configuration["flows"][0]["bandwidthBps"]),
                ("active", &json!(20_000_000))
            );
        }
    }
    let kept = setting.book.kept().clone();
    assert_eq!(kept.keys().collect::<Vec<_>>(), ["s1.1"]);
    assert!(
        kept["s1.1"]
            .claim
            .links()
            .all(|(_, bandwidth)| bandwidth.bits_per_second() == 20_000_000)
    );
    assert_eq!(setting.fakes.verbs("AS2"), ["activate", "add", "modify"]);
    assert!(
        setting
            .service("s1")
            .await
            .configuration()
            .unwrap()
            .to_string()
            .contains("20")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_modification_that_does_not_fit_makes_before_it_breaks() {
    let setting = active(false).await;
    setting.book.refuse_amend.store(1, SeqCst);
    let away = graph(20, &json!({"nodes": {"A": {"forbid": ["AS2"]}}}));
    setting
        .order("o2", Action::Modify, "s1", Some(away), ServiceState::Active)
        .await;
    setting.until("o2", OrderState::Completed).await;
    setting.until_clean("o2").await;
    assert_eq!(
        setting.fakes.services(),
        at(&["AS1", "AS3", "AS4"], "active")
    );
    assert_eq!(setting.book.kept().keys().collect::<Vec<_>>(), ["s1.2"]);
    // What was made beside has other labels at its borders than what was there.
    let state = setting.fakes.state();
    let labels: std::collections::BTreeSet<&str> = state
        .orders
        .values()
        .filter(|taken| taken.action == "add")
        .filter_map(|taken| taken.body["serviceOrderItem"][0]["service"]["serviceConfiguration"]["flows"][0]["to"]["border"]["label"].as_str())
        .collect();
    assert!(
        labels.contains("s1.1/1") && labels.contains("s1.2/1"),
        "{labels:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_modification_that_fails_is_rolled_back() {
    let setting = active(false).await;
    let before = setting.service("s1").await;
    let there: Vec<_> = setting.fakes.state().services.clone().into_iter().collect();
    // In place AS2 fails its test, and there is no way around AS1, which refuses to add.
    setting.fakes.fail_tests("AS2", 1);
    for _ in 0..3 {
        setting.fakes.fate("AS1", "add", Fate::Refuse);
    }
    setting
        .order("o2", Action::Modify, "s1", plain(20), ServiceState::Active)
        .await;
    let order = setting.until_final("o2").await;
    assert_eq!(order.state(), OrderState::Failed);
    setting.until_clean("o2").await;
    assert_eq!(
        setting
            .fakes
            .state()
            .services
            .clone()
            .into_iter()
            .collect::<Vec<_>>(),
        there
    );
    let after = setting.service("s1").await;
    assert_eq!((after.state, &after.given), (before.state, &before.given));
    assert_eq!(after.busy, None);
    let kept = setting.book.kept().clone();
    assert_eq!(kept.keys().collect::<Vec<_>>(), ["s1.1"]);
    assert!(
        kept["s1.1"]
            .claim
            .links()
            .all(|(_, bandwidth)| bandwidth.bits_per_second() == 10_000_000)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_put_to_rest_and_woken() {
    let setting = active(false).await;
    setting
        .order(
            "o2",
            Action::Modify,
            "s1",
            plain(10),
            ServiceState::Inactive,
        )
        .await;
    setting.until("o2", OrderState::Completed).await;
    assert_eq!(
        setting.fakes.services(),
        at(&["AS1", "AS2", "AS4"], "inactive")
    );
    setting
        .order("o3", Action::Modify, "s1", plain(10), ServiceState::Active)
        .await;
    setting.until("o3", OrderState::Completed).await;
    assert_eq!(
        setting.fakes.services(),
        at(&["AS1", "AS2", "AS4"], "active")
    );
    assert_eq!(setting.service("s1").await.state, ServiceState::Active);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_service_leaves_nothing() {
    let setting = active(true).await;
    // One partner does not want to at first, and one answer is lost.
    setting.fakes.fate("AS2", "delete", Fate::Refuse);
    setting.fakes.fate("AS4", "delete", Fate::LoseAnswer);
    setting
        .order("o2", Action::Delete, "s1", None, ServiceState::Terminated)
        .await;
    setting.until("o2", OrderState::Completed).await;
    setting.until_clean("o2").await;
    assert!(setting.fakes.services().is_empty() && setting.book.kept().is_empty());
    let service = setting.service("s1").await;
    assert_eq!(service.state, ServiceState::Terminated);
    assert!(service.end_date.is_some());
}
