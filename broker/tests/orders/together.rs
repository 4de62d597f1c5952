//! Items that complete at the same time (`finishToFinish`).

use std::time::Duration;

use serde_json::json;
use sof::order::{Action, ItemState, OrderItem, OrderState};
use sof::service::ServiceState;

use super::partners::Fate;
use super::setting::{Setting, at, item, plain};

/// The item completes when another does.
fn with(mut item: OrderItem, other: &str) -> OrderItem {
    let action = json!([{"itemId": other, "coordinationDependency": "finishToFinish",
        "coordinatedActionDelay": {"amount": 0, "units": "minutes"}}]);
    item.given.insert("coordinatedAction".to_owned(), action);
    item
}

fn add(id: &str, service: &str, kind: Option<&str>) -> OrderItem {
    item(
        id,
        Action::Add,
        service,
        plain(1),
        ServiceState::Active,
        kind,
    )
}

/// Waits until the domain has a service in that state.
async fn until_there(setting: &Setting, domain: &str, state: &str) {
    for _ in 0..1_000 {
        let mut services = setting.fakes.services().into_iter();
        if services.any(|one| one == (domain.to_owned(), state.to_owned())) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!(
        "{domain} has nothing {state}: {:?}",
        setting.fakes.services()
    );
}

/// Waits until the order is final; never is one item final and the other not.
async fn end_together(setting: &Setting, id: &str) -> OrderState {
    for _ in 0..3_000 {
        let order = setting.read(id).await;
        let ended = order.items.iter().filter(|item| item.state.is_final());
        let ended = ended.count();
        assert!(ended == 0 || ended == order.items.len(), "{order:#?}");
        if ended > 0 {
            return order.state();
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("{id} does not end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_ready_first_does_not_work_before_the_other_is_ready() {
    for crash in [false, true] {
        let mut setting = Setting::with_two_ways().await;
        setting.fakes.state().silent.push("AS3".to_owned());
        setting.start();
        let items = vec![
            add("1", "s1", None),
            with(add("2", "s2", Some("around")), "1"),
        ];
        setting.take("o1", items).await;
        until_there(&setting, "AS2", "inactive").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        if crash {
            setting.crash().await;
            setting.start();
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
        let found = setting.fakes.services();
        assert!(found.contains(&("AS2".to_owned(), "inactive".to_owned())));
        assert_eq!(
            setting.read("o1").await.items[0].state,
            ItemState::InProgress
        );
        assert!(setting.service("s1").await.busy.is_some());
        setting.fakes.state().silent.clear();
        assert_eq!(end_together(&setting, "o1").await, OrderState::Completed);
        for service in ["s1", "s2"] {
            let found = setting.service(service).await;
            assert_eq!((found.state, found.busy), (ServiceState::Active, None));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_other_fails_both_end_then() {
    let mut setting = Setting::with_two_ways().await;
    setting.fakes.fate("AS3", "add", Fate::Refuse);
    setting.start();
    let items = vec![
        with(add("1", "s1", None), "2"),
        add("2", "s2", Some("around")),
    ];
    setting.take("o1", items).await;
    assert_eq!(end_together(&setting, "o1").await, OrderState::Partial);
    let order = setting.read("o1").await;
    assert_eq!(order.items[0].state, ItemState::Completed);
    assert_eq!(order.items[1].state, ItemState::Failed);
    assert_eq!(
        setting.fakes.services(),
        at(&["AS1", "AS2", "AS4"], "active")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_replaced_works_until_its_successor_is_ready() {
    let mut setting = Setting::with_two_ways().await;
    setting.start();
    setting.take("o1", vec![add("1", "s1", None)]).await;
    setting.until("o1", OrderState::Completed).await;
    setting.fakes.state().silent.push("AS3".to_owned());
    let (delete, end) = (Action::Delete, ServiceState::Terminated);
    let old = item("old", delete, "s1", None, end, None);
    let items = vec![with(old, "new"), add("new", "s2", Some("around"))];
    setting.take("o2", items).await;
    until_there(&setting, "AS1", "inactive").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let found = setting.fakes.services();
    assert!(found.contains(&("AS2".to_owned(), "active".to_owned())));
    setting.fakes.state().silent.clear();
    assert_eq!(end_together(&setting, "o2").await, OrderState::Completed);
    assert_eq!(
        setting.fakes.services(),
        at(&["AS1", "AS3", "AS4"], "active")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_end_together() {
    let mut setting = Setting::with_two_ways().await;
    setting.start();
    let items = vec![add("1", "s1", None), add("2", "s2", Some("around"))];
    setting.take("o1", items).await;
    setting.until("o1", OrderState::Completed).await;
    let (delete, target) = (Action::Delete, ServiceState::Terminated);
    let end = |id, service| item(id, delete, service, None, target, None);
    let items = vec![with(end("1", "s1"), "2"), end("2", "s2")];
    setting.take("o2", items).await;
    assert_eq!(end_together(&setting, "o2").await, OrderState::Completed);
    assert_eq!(setting.fakes.services(), []);
}
