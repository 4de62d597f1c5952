use idt::search::Budget;
use serde_json::{Value, json};

use super::*;
use crate::events::Changes;
use crate::placements::Version;
use crate::placements::tests::federation;

/// Domains in a row, of which the search for a way from the first to the last looks at all.
const ROW: usize = 300;

/// Fewer steps than that search takes, and more than a look at an index.
const WORK: u64 = 200;

/// Where there is a shorter way to the last, if there is.
const TURN: usize = 250;

/// The row, and what joins its last to the turn.
fn row(joins: &[&str]) -> Version {
    let name = |n: usize| format!("AS{n}");
    let to = |domains: &[String]| -> Value {
        let links = domains
            .iter()
            .map(|domain| json!({"domain": domain, "delay": 1, "bandwidth": 100}));
        json!({"cpu": 1, "neighbours": links.collect::<Vec<_>>()})
    };
    let mut domains: Vec<(String, Value)> = Vec::new();
    for n in 1..=ROW {
        let mut neighbours: Vec<String> = Vec::new();
        if n > 1 {
            neighbours.push(name(n - 1));
        }
        if n < ROW {
            neighbours.push(name(n + 1));
        }
        if n == TURN || n == ROW {
            neighbours.extend(joins.iter().map(|join| (*join).to_owned()));
        }
        domains.push((name(n), to(&neighbours)));
    }
    for join in joins {
        domains.push(((*join).to_owned(), to(&[name(TURN), name(ROW)])));
    }
    let domains: Vec<(&str, Value)> = domains
        .iter()
        .map(|(name, document)| (name.as_str(), document.clone()))
        .collect();
    federation(&domains)
}

fn nothing_published(settings: &Settings) -> Arc<Published> {
    Arc::new(Published::new(alto::Config {
        server_name: settings.server_name.clone(),
        caps: settings.paths.caps(),
        limits: settings.alto.limits(),
    }))
}

fn publish(published: &Published, version: &Version) {
    let (idr, idt) = (version.maps.idr(), version.maps.idt());
    let changes = Changes::default();
    published.publish(Arc::clone(idr), Arc::clone(idt), Arc::default(), changes);
}

fn index(published: &Published) {
    let version = published.version();
    let indexed = version.indexed(&mut Budget::unlimited()).unwrap();
    published.adopt(&indexed, &version);
}

async fn until<T>(mut is_there: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..1_000 {
        if let Some(there) = is_there().await {
            return there;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it does not come");
}

/// After a domain has joined there is no index of distances for a while: what then takes too much work is as it
/// was, and is told when the index is there.
#[tokio::test]
async fn a_view_that_needs_an_index_waits_for_it_and_does_not_end() {
    let mut settings = Settings::default();
    settings.alto.updates.work = WORK;
    let published = nothing_published(&settings);
    let stop = CancellationToken::new();
    let metrics = Arc::new(Metrics::new());
    let hub = Hub::new(Arc::clone(&published), metrics, &settings, stop.clone());
    let running = tokio::spawn(Arc::clone(&hub).run());
    publish(&published, &row(&[]));
    let input = json!({
        "cost-type": {"cost-metric": "hopcount", "cost-mode": "numerical"},
        "pids": {"srcs": ["AS1"], "dsts": [format!("AS{ROW}")]},
    });
    let resource = alto::resource("costmap-filtered").unwrap();
    let view = View::new(resource, Some(&input), None);
    let now = async || {
        let entered = until(async || {
            let entered = hub.enter(&view).await;
            let shown = &entered.said().service;
            shown
                .is_same_version(&published.service())
                .then_some(entered)
        });
        let entered = entered.await;
        let says = view.now(&entered.said().service, &hub.ask(&view));
        (says, entered)
    };
    let (without, entered) = now().await;
    assert!(matches!(without, Err(Refused::MoreWork(_))), "{without:?}");
    assert!(entered.said().awaits_index);
    drop(entered);
    index(&published);
    let (with, entered) = now().await;
    assert!(!entered.said().awaits_index);
    let lease = entered.insert(&view, with.unwrap()).await.unwrap();
    drop(entered);

    publish(&published, &row(&["B"]));
    until(async || {
        let late = hub.asked.shown.lock().await.late.clone();
        (late == [view.clone()]).then_some(())
    })
    .await;
    let end = hub.store().history(&view).map(History::end);
    assert_eq!(end, Some(1), "it is as it was");
    index(&published);
    let text = until(async || {
        let store = hub.store();
        let history = store.history(&view).expect("it does not end");
        (history.end() == 2).then(|| history.latest().content.to_bytes())
    });
    let map: Value = serde_json::from_slice(&text.await).unwrap();
    assert_eq!(map["cost-map"]["AS1"][format!("AS{ROW}")], TURN + 1);

    // It ended, and comes back.
    let mut ended = view.ends("a test");
    assert!(hub.store().adopt(&mut ended));
    assert!(hub.rewatch(&view).is_none());
    let (again, entered) = now().await;
    let another = entered.insert(&view, again.unwrap()).await.unwrap();
    assert!(hub.store().history(&view).is_some());
    drop((lease, another, entered));
    assert!(hub.store().is_empty());
    stop.cancel();
    running.await.unwrap();
}

/// In which version of a row the map by role cannot be made, as by a bug of ours.
fn broken_with_b(view: &View, service: &Service, ask: &Ask) -> Result<Snapshot, Refused> {
    let is_meant = view.resource().id == "networkmap-role";
    let b = "B".parse().unwrap();
    assert!(
        !(is_meant && service.maps().idr().domain(&b).is_some()),
        "a bug"
    );
    view.now(service, ask)
}

#[tokio::test]
async fn a_view_that_we_fail_at_ends_and_the_others_go_on() {
    let settings = Settings::default();
    let published = nothing_published(&settings);
    let stop = CancellationToken::new();
    let metrics = Arc::new(Metrics::new());
    let hub = Hub::new(Arc::clone(&published), metrics, &settings, stop.clone());
    let hub = hub.making_by(broken_with_b);
    let running = tokio::spawn(Arc::clone(&hub).run());
    publish(&published, &row(&[]));
    let mut leases = Vec::new();
    let of = |id| View::new(alto::resource(id).unwrap(), None, None);
    let (role, domains) = (of("networkmap-role"), of("networkmap"));
    for view in [&role, &domains] {
        let entered = until(async || {
            let entered = hub.enter(view).await;
            let shown = &entered.said().service;
            shown
                .is_same_version(&published.service())
                .then_some(entered)
        });
        let entered = entered.await;
        let now = view.now(&entered.said().service, &hub.ask(view)).unwrap();
        leases.push(entered.insert(view, now).await.unwrap());
    }
    publish(&published, &row(&["B"]));
    let other = until(async || {
        let store = hub.store();
        let history = store.history(&domains).expect("it goes on");
        (history.end() == 2).then_some(())
    });
    other.await;
    let why = until(async || hub.store().ended(&role).map(str::to_owned)).await;
    assert_eq!(why, "an error of the server");
    assert!(hub.store().history(&role).is_none());
    // When it can be made again, it is there again.
    publish(&published, &row(&["C"]));
    until(async || hub.store().history(&role).map(|_| ())).await;
    assert_eq!(hub.store().ended(&role), None);
    drop(leases);
    assert!(hub.store().is_empty());
    stop.cancel();
    running.await.unwrap();
}
