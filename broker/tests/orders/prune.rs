//! What is forgotten, and what stays.

use std::time::Duration;

use broker::lso::records::SELECTIONS;
use sof::order::{Action, OrderState};
use sof::service::ServiceState;

use super::setting::{Setting, plain};

async fn has_selection(setting: &Setting, id: &str) -> bool {
    let snapshot = setting.store.snapshot().await.unwrap();
    let found = SELECTIONS.get(snapshot.as_ref(), &id.to_owned()).await;
    found.unwrap().is_some()
}

async fn comes_and_goes(setting: &Setting, at: u32) {
    let (add, delete) = (format!("add{at}"), format!("delete{at}"));
    let service = format!("s{at}");
    let target = ServiceState::Active;
    setting
        .order(&add, Action::Add, &service, plain(1), target)
        .await;
    setting.until(&add, OrderState::Completed).await;
    let end = ServiceState::Terminated;
    setting
        .order(&delete, Action::Delete, &service, None, end)
        .await;
    setting.until(&delete, OrderState::Completed).await;
    setting.until_clean(&delete).await;
}

async fn until_forgotten(setting: &Setting, order: &str) {
    for _ in 0..500 {
        if setting.saga(order).await.is_none() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{order} is not forgotten");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_a_service_came_to_be_is_forgotten_after_its_end_and_no_more_than_that() {
    for durable in [false, true] {
        let mut setting = Setting::new(durable).await;
        setting.work.keep_for = Duration::from_millis(800);
        setting.start();
        let (add, active) = (Action::Add, ServiceState::Active);
        setting.order("stays", add, "there", plain(1), active).await;
        setting.until("stays", OrderState::Completed).await;
        comes_and_goes(&setting, 1).await;
        assert!(setting.saga("add1").await.is_some());
        assert!(has_selection(&setting, "s1.1").await);
        for order in ["add1", "delete1"] {
            until_forgotten(&setting, order).await;
            assert_eq!(setting.read(order).await.state(), OrderState::Completed);
        }
        assert!(!has_selection(&setting, "s1.1").await);
        let service = setting.service("s1").await;
        assert_eq!(service.state, ServiceState::Terminated);
        // What is there stays known, and can be ended.
        tokio::time::sleep(Duration::from_millis(1_000)).await;
        assert!(setting.saga("stays").await.is_some());
        assert!(has_selection(&setting, "there.1").await);
        setting.crash().await;
        setting.start();
        let end = ServiceState::Terminated;
        setting
            .order("end", Action::Delete, "there", None, end)
            .await;
        setting.until("end", OrderState::Completed).await;
        assert_eq!(setting.fakes.services(), []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_too_many_that_have_ended_the_oldest_are_forgotten() {
    let mut setting = Setting::new(false).await;
    setting.work.keep_ended = 1;
    setting.start();
    for at in 1..=3 {
        comes_and_goes(&setting, at).await;
    }
    for at in 1..=2 {
        until_forgotten(&setting, &format!("add{at}")).await;
        until_forgotten(&setting, &format!("delete{at}")).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(setting.saga("add3").await.is_some() && setting.saga("delete3").await.is_some());
}
