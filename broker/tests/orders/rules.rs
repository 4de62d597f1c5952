//! What is ruled for a kind of service.

use broker::settings::RulesEntry;
use sof::order::{Action, OrderState};
use sof::selection::Filter;
use sof::service::ServiceState;

use super::partners::Fate;
use super::setting::{Setting, at, plain};

fn forbid(domain: &str) -> RulesEntry {
    RulesEntry {
        forbid_domains: [domain.parse().unwrap()].into(),
        ..RulesEntry::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forbidden_domain_is_on_no_chain_of_that_type_and_the_selection_says_so() {
    let mut setting = Setting::new(false).await;
    setting.work.rules_of = [("gold".to_owned(), forbid("AS2"))].into();
    setting.start();
    let (add, active) = (Action::Add, ServiceState::Active);
    setting.order("o1", add, "s1", plain(1), active).await;
    setting
        .order_of("o2", add, "s2", plain(1), active, Some("gold"))
        .await;
    for id in ["o1", "o2"] {
        setting.until(id, OrderState::Completed).await;
    }
    let other = setting.selection("s1.1").await;
    assert!(other.rules.is_empty() && other.removed_by.is_empty());
    let gold = setting.selection("s2.1").await;
    let as2: nffg::DomainId = "AS2".parse().unwrap();
    assert!(gold.rules.forbid_domains.contains(&as2));
    assert!(!gold.candidates[0].chain.domains().contains(&as2));
    assert_eq!(gold.closed[0].filter, Filter::Allowed);
    assert_eq!(gold.removed_by[&Filter::Allowed].domains, 1);
    let mut expected = at(&["AS1", "AS1", "AS2", "AS3", "AS4", "AS4"], "active");
    let mut found = setting.fakes.services();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_rules_close_fails_at_once_and_waits_for_no_agreement() {
    let mut setting = Setting::new(false).await;
    setting.work.rules = forbid("AS4");
    setting.disagree("AS4").await;
    setting.start();
    setting
        .order("o1", Action::Add, "s1", plain(1), ServiceState::Active)
        .await;
    let order = setting.until_final("o1").await;
    assert_eq!(order.state(), OrderState::Failed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_that_is_too_dear_is_removed_and_told() {
    let mut setting = Setting::new(false).await;
    let price = sof::partner::Price {
        segment: 3_000,
        ..sof::partner::Price::default()
    };
    setting.agree("AS2", price).await;
    setting.work.rules.max_price = Some(2.5);
    setting.start();
    setting
        .order("o1", Action::Add, "s1", plain(1), ServiceState::Active)
        .await;
    setting.until("o1", OrderState::Completed).await;
    let found = setting.selection("s1.1").await;
    assert_eq!(found.removed_by[&Filter::Price].chains, 1, "{found:#?}");
    let removal = &found.candidates[1].removed[0];
    assert_eq!(removal.domain.as_str(), "AS2");
    assert!(removal.detail.contains("3.000"), "{}", removal.detail);
    assert_eq!(
        setting.fakes.services(),
        at(&["AS1", "AS3", "AS4"], "active")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_and_candidates_are_those_of_the_type() {
    let mut setting = Setting::new(false).await;
    let once = RulesEntry {
        attempts: Some(1),
        candidates: Some(1),
        ..RulesEntry::default()
    };
    setting.work.rules_of = [("once".to_owned(), once)].into();
    setting.fakes.fate("AS2", "add", Fate::Fail);
    setting.start();
    let (add, active) = (Action::Add, ServiceState::Active);
    setting
        .order_of("o1", add, "s1", plain(1), active, Some("once"))
        .await;
    let order = setting.until_final("o1").await;
    assert_eq!(order.state(), OrderState::Failed);
    assert_eq!(setting.saga("o1").await.unwrap().attempts, 1);
    assert_eq!(setting.selection("s1.1").await.candidates.len(), 1);
    // Of another type the next chain is tried.
    setting.fakes.fate("AS2", "add", Fate::Fail);
    setting.order("o2", add, "s2", plain(1), active).await;
    setting.until("o2", OrderState::Completed).await;
    assert_eq!(setting.selection("s2.1").await.candidates.len(), 2);
}
