//! Service levels: what is promised, and what is measured.

use broker::lso::Wake;
use serde_json::{Value, json};
use sof::order::{Action, OrderState};
use sof::partner::{Availability, Price, Sls};
use sof::selection::Filter;
use sof::service::ServiceState;

use super::setting::{Setting, at, graph, plain};

fn promise(share: f64) -> Sls {
    Sls {
        // Far less than its share of the bound: the margin is that of the availability.
        delay: Some(1_000_000),
        availability: Availability::from_share(share),
    }
}

/// A graph that has to work for so much of the time.
fn asking(share: f64) -> Option<Value> {
    let mut graph = graph(1, &json!({}));
    graph["sls"] = json!({"availability": share});
    Some(graph)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_availability_that_no_chain_promises_waits_for_better_agreements() {
    let mut setting = Setting::new(false).await;
    for domain in ["AS1", "AS2", "AS3", "AS4"] {
        setting
            .agree_on(domain, Price::default(), promise(0.999))
            .await;
    }
    setting.start();
    let (add, active) = (Action::Add, ServiceState::Active);
    setting.order("o1", add, "s1", asking(0.9985), active).await;
    // Each promises enough, and three of them do not.
    setting.until("o1", OrderState::Pending).await;
    let found = setting.selection("s1.1").await;
    assert_eq!(found.availability, Availability::from_share(0.9985));
    assert_eq!(found.removed_by[&Filter::Availability].chains, 2);
    let removal = &found.candidates[0].removed[0];
    assert_eq!(removal.filter, Filter::Availability);
    assert!(
        removal.detail.contains("0.997002999 at best"),
        "{removal:?}"
    );
    let why = setting.saga("o1").await.unwrap().waiting_for.unwrap();
    assert!(why.contains("0.9985 is asked for"), "{why}");
    // One better agreement is not enough, two are.
    for domain in ["AS1", "AS4"] {
        setting
            .agree_on(domain, Price::default(), promise(0.9999))
            .await;
        setting.wake(Wake::Agreements(domain.parse().unwrap()));
    }
    setting.until("o1", OrderState::Completed).await;
    let chosen = setting.selection("s1.1").await;
    let measures = chosen.candidates[0].measures.unwrap();
    let promised = 0.9999 * 0.999 * 0.9999;
    assert!((measures.availability.unwrap() - promised).abs() < 1e-9);
    assert!(
        (measures.sls_margin - (promised - 0.9985) / 0.0015).abs() < 1e-6,
        "{measures:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partner_that_promises_too_little_is_closed_before_the_search() {
    let mut setting = Setting::new(false).await;
    for (domain, share) in [("AS1", 1.0), ("AS2", 0.9), ("AS3", 0.999), ("AS4", 1.0)] {
        setting
            .agree_on(domain, Price::default(), promise(share))
            .await;
    }
    setting.start();
    let (add, active) = (Action::Add, ServiceState::Active);
    setting.order("o1", add, "s1", asking(0.99), active).await;
    setting.until("o1", OrderState::Completed).await;
    assert_eq!(
        setting.fakes.services(),
        at(&["AS1", "AS3", "AS4"], "active")
    );
    let found = setting.selection("s1.1").await;
    let closed = &found.closed[0];
    assert_eq!(
        (closed.domain.as_str(), closed.filter),
        ("AS2", Filter::Availability)
    );
    assert!(
        closed.detail.contains("0.9, and 0.99 is asked for"),
        "{closed:?}"
    );
    // Who asks for nothing gets the faster chain.
    setting.order("o2", add, "s2", plain(1), active).await;
    setting.until("o2", OrderState::Completed).await;
    let domains = setting.selection("s2.1").await.candidates[0].chain.clone();
    assert!(
        domains
            .domains()
            .iter()
            .any(|domain| domain.as_str() == "AS2")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_that_measures_more_than_was_ordered_goes_to_the_next_chain() {
    let mut setting = Setting::new(false).await;
    let link = "1".to_owned();
    setting.fakes.state().measured = [("AS2".to_owned(), (link, 20_000_000))].into();
    setting.start();
    setting
        .order("o1", Action::Add, "s1", plain(1), ServiceState::Active)
        .await;
    setting.until("o1", OrderState::Completed).await;
    let saga = setting.until_clean("o1").await;
    let reason = &saga.reasons[0];
    assert_eq!(reason.domain.as_ref().unwrap().as_str(), "AS2");
    // 50 ms are shared out between two links, of which the topology takes 1 and 2 ms; 24.5 less the border between two.
    let told = "link 1: a delay of 20 ms was measured, and 11.75 ms was ordered";
    assert_eq!(reason.reason, format!("failed: {told}"));
    assert_eq!(
        setting.fakes.services(),
        at(&["AS1", "AS3", "AS4"], "active")
    );
    let tests = saga.tests.unwrap();
    assert_eq!((tests.attempt, tests.segments.len()), (2, 3));
    let [path] = tests.end_to_end.as_slice() else {
        panic!("{tests:?}");
    };
    assert_eq!(path.links, ["1", "2"]);
    assert_eq!((path.max_delay_ns, path.delay_ns), (50_000_000, None));
}
