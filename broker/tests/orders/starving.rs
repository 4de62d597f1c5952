//! A partner that does not answer holds up its own orders, and no others.

use std::time::Duration;

use sof::order::{Action, OrderState};
use sof::saga::Phase;
use sof::service::ServiceState;

use super::setting::{Setting, plain};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_silent_partner_and_the_orders_of_the_others_finish() {
    let mut setting = Setting::with_two_ways().await;
    (setting.work.calls_at_once, setting.work.calls_per_partner) = (4, 2);
    setting.fakes.state().silent.push("AS2".to_owned());
    setting.start();
    let (add, active) = (Action::Add, ServiceState::Active);
    for at in 0..8 {
        let (order, service) = (format!("slow{at}"), format!("s{at}"));
        setting.order(&order, add, &service, plain(1), active).await;
    }
    for at in 0..8 {
        let order = format!("slow{at}");
        assert!(setting.until_phase(&order, Phase::Ordering).await);
    }
    for at in 0..4 {
        let (order, service) = (format!("o{at}"), format!("around{at}"));
        setting
            .order_of(&order, add, &service, plain(1), active, Some("around"))
            .await;
    }
    for at in 0..4 {
        setting
            .until(&format!("o{at}"), OrderState::Completed)
            .await;
    }
    for at in 0..8 {
        let saga = setting.saga(&format!("slow{at}")).await.unwrap();
        assert_eq!(saga.phase, Phase::Ordering);
    }
    setting.fakes.state().silent.clear();
    for at in 0..8 {
        setting
            .until(&format!("slow{at}"), OrderState::Completed)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_that_does_not_end_holds_no_place() {
    let mut setting = Setting::new(false).await;
    setting.work.test_deadline = Duration::from_secs(600);
    (setting.work.calls_at_once, setting.work.calls_per_partner) = (2, 1);
    setting.fakes.state().endless_tests.push("AS1".to_owned());
    setting.start();
    let (add, target) = (Action::Add, ServiceState::Active);
    for at in 0..3 {
        let (order, service) = (format!("o{at}"), format!("s{at}"));
        setting.order(&order, add, &service, plain(1), target).await;
    }
    for at in 0..3 {
        let order = format!("o{at}");
        assert!(setting.until_phase(&order, Phase::Testing).await);
    }
    let target = ServiceState::Inactive;
    setting.order("o3", add, "s3", plain(1), target).await;
    setting.until("o3", OrderState::Completed).await;
    setting.fakes.state().endless_tests.clear();
    for at in 0..3 {
        setting
            .until(&format!("o{at}"), OrderState::Completed)
            .await;
    }
}
