//! Orders over bad partners, to a broker that is killed again and again: nothing that was taken is lost, nothing is ordered
//! twice, nothing is left behind.
//!
//! A real `brokerd` with its store in a file; the partners are in this process, so they remember what the broker may have
//! forgotten. `BROKER_CHAOS` is how many orders there are, `BROKER_CHAOS_SEED` where chance begins.

#![expect(clippy::unwrap_used, reason = "tests: a panic is the failure")]

mod books;
mod buyer;
mod faults;
mod federation;
mod http;
mod partner;
mod process;
mod restart;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use broker::clock;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use books::differences;
use buyer::{Buyer, ORDERS, SERVICES, Told};
use faults::Injected;
use partner::{Pace, Partner};
use process::Broker;

const ORDERS_BY_DEFAULT: usize = 150;
const SEED: u64 = 0x0b20_5e12;

/// Orders that are posted at once.
const BATCH: usize = 15;

/// For what is left to come to its end once times are good.
const IN_TIME: Duration = Duration::from_secs(90);

const WORK: &str = "[sof.work]\norder_deadline = '10s'\ntest_deadline = '10s'\npatience = '40s'\nlook_again = '150ms'\n\
     poll_first = '30ms'\npoll_longest = '300ms'\nunder_way = '1200ms'\nclean_up = '1500ms'\nhold = '60s'\n\
     lease = '400ms'\nlook = '150ms'\n";

/// What was taken of the buyer's orders.
#[derive(Debug, Default)]
struct Taken {
    /// Orders that were answered 201.
    orders: BTreeSet<String>,
    /// By action.
    actions: BTreeMap<&'static str, usize>,
    /// Requests without an answer.
    unanswered: usize,
    /// Requests that were refused: a service was busy, or gone.
    refused: usize,
}

/// One test after the other: each has processes enough.
static TURN: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_survive_bad_partners_and_a_broker_that_is_killed_again_and_again() {
    let _turn = TURN.lock().await;
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let orders = number("BROKER_CHAOS").map_or(ORDERS_BY_DEFAULT, |orders: u64| orders as usize);
    let seed = number("BROKER_CHAOS_SEED").unwrap_or(SEED);
    println!("{orders} orders, seed {seed}");
    let injected = Arc::new(Injected::default());
    let mut partners = Vec::new();
    for (nth, domain) in (0_u64..).zip(federation::DOMAINS) {
        let of = Arc::clone(&injected);
        let tests = domain == "AS1" || domain == "AS2";
        // One is so fast that it is done before its answer has come.
        let pace = match domain {
            "AS3" => Pace::BehindTheAnswer,
            _ => Pace::Varied,
        };
        let seed = seed.wrapping_add(nth);
        partners.push(Partner::start(domain, tests, pace, seed, of).await);
    }
    let folder = tempfile::tempdir().unwrap();
    federation::write(folder.path(), (orders / 8).max(10));
    let mut settings = format!(
        "[files]\nfolder = {:?}\ninterval = '50ms'\n{}{WORK}",
        folder.path().display().to_string(),
        federation::HASTE
    );
    for of in &partners {
        let url = format!("http://{}", of.address);
        settings.push_str(&federation::partner(of.domain, &url, of.tests));
    }
    let mut broker = Broker::new(&settings);
    broker.start();
    let buyer = Buyer::at(broker.address);
    buyer.until_ready().await;
    buyer.until_active(&federation::DOMAINS).await;
    partners.iter().for_each(Partner::times_are_bad);

    let began = clock::instant();
    let broker = Arc::new(Mutex::new(broker));
    let ends = Arc::new(AtomicBool::new(false));
    let killer = tokio::spawn(kill(Arc::clone(&broker), seed, Arc::clone(&ends)));
    let taken = order(&buyer, orders, seed).await;
    // What is under way meets some more of it.
    tokio::time::sleep(Duration::from_secs(2)).await;
    ends.store(true, Relaxed);
    killer.await.unwrap();
    let (bad_for, faults) = (began.elapsed(), injected.all());
    partners.iter().for_each(Partner::times_are_good);
    let kills = broker.lock().await.lives - 1;
    println!("times were bad for {bad_for:.1?}, with {kills} kills; injected: {faults:#?}");
    println!(
        "taken: {:?}, {} without an answer, {} refused",
        taken.actions, taken.unanswered, taken.refused
    );

    let states = until_final(&buyer, &taken, &broker).await;
    println!("all ended after {:.1?}: {states:?}", began.elapsed());
    println!("of why: {:#?}", reasons(&buyer).await);
    until_clean(&buyer, &partners, &broker).await;
    let placed: usize = partners.iter().map(Partner::orders).sum();
    println!(
        "all is clean after {:.1?}; {placed} orders at partners",
        began.elapsed()
    );
    for partner in &partners {
        assert_eq!(partner.sins(), [""; 0], "{}", partner.domain);
    }
    let log = broker.lock().await.log_of("panicked");
    assert_eq!(log, "");
    // Who injects nothing proves nothing.
    assert!(kills >= 3, "{kills} kills");
    if orders >= ORDERS_BY_DEFAULT {
        assert_eq!(injected.missing(), [""; 0]);
    }
    assert!(
        states
            .get("completed")
            .is_some_and(|done| *done > orders / 6)
    );
}

/// Kills the broker at random instants, and starts it again.
async fn kill(broker: Arc<Mutex<Broker>>, seed: u64, ends: Arc<AtomicBool>) {
    let mut random = fastrand::Rng::with_seed(seed ^ 0x0d1e);
    while !ends.load(Relaxed) {
        tokio::time::sleep(Duration::from_millis(random.u64(200..4_000))).await;
        let mut broker = broker.lock().await;
        broker.kill();
        tokio::time::sleep(Duration::from_millis(random.u64(0..200))).await;
        tokio::task::block_in_place(|| broker.start());
    }
}

/// Orders in batches until so many are taken.
async fn order(buyer: &Buyer, orders: usize, seed: u64) -> Taken {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut taken = Taken::default();
    // What was changed of late is busy still.
    let mut changed: VecDeque<String> = VecDeque::new();
    while taken.orders.len() < orders {
        until_there_is_room(buyer).await;
        let mut batch = JoinSet::new();
        let size = BATCH.min(orders - taken.orders.len());
        // Half of the orders find something to change, however slow all is here.
        let least = if taken.orders.len() * 2 < orders {
            0
        } else {
            BATCH
        };
        let mut up = services_up(buyer, least).await;
        up.retain(|(service, _)| !changed.contains(service));
        for _ in 0..size {
            let (action, body) = one(&mut random, &mut up, &mut changed);
            let buyer = buyer.clone();
            batch.spawn(async move { (action, buyer.post(ORDERS, &body).await) });
        }
        for (action, told) in batch.join_all().await {
            match told {
                Told::Answer(201, order) => {
                    let id = order["id"].as_str().unwrap().to_owned();
                    assert!(taken.orders.insert(id));
                    *taken.actions.entry(action).or_default() += 1;
                }
                Told::Answer(422 | 404, _) if action != "add" => taken.refused += 1,
                // The store was in no state to take it.
                Told::Answer(503, _) | Told::Nothing => taken.unanswered += 1,
                Told::Answer(status, body) => panic!("{action}: {status} {body}"),
            }
        }
        tokio::time::sleep(Duration::from_millis(random.u64(100..700))).await;
    }
    taken
}

/// Waits a while for orders to end, while there are many: a broker that is killed each second shall get somewhere.
async fn until_there_is_room(buyer: &Buyer) {
    for _ in 0..100 {
        let path = format!("{ORDERS}?state=inProgress&limit=100");
        match buyer.get(&path).await {
            Told::Answer(200, page) if page.as_array().unwrap().len() >= 80 => {}
            _ => return,
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Services that are up; waits a while until there are so many.
async fn services_up(buyer: &Buyer, least: usize) -> Vec<(String, String)> {
    let mut up = Vec::new();
    for _ in 0..100 {
        up.clear();
        for state in ["active", "inactive"] {
            let path = format!("{SERVICES}?state={state}");
            if let Told::Answer(200, page) = buyer.get(&path).await {
                let ids = page.as_array().unwrap().iter();
                let ids = ids.map(|of| of["id"].as_str().unwrap().to_owned());
                up.extend(ids.map(|id| (id, state.to_owned())));
            }
        }
        if up.len() >= least {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    up
}

/// An order: of something new, or of a change of something that is up, of which there is one at most.
fn one(
    random: &mut fastrand::Rng,
    up: &mut Vec<(String, String)>,
    changed: &mut VecDeque<String>,
) -> (&'static str, serde_json::Value) {
    let mbps = random.u32(1..50);
    if up.is_empty() || random.u32(0..100) < 45 {
        return ("add", buyer::add(mbps));
    }
    let (service, state) = up.swap_remove(random.usize(0..up.len()));
    changed.push_back(service.clone());
    if changed.len() > 4 * BATCH {
        changed.pop_front();
    }
    match (state.as_str(), random.u32(0..10)) {
        (_, 0..4) => ("delete", buyer::delete(&service)),
        ("active", 4..6) => ("deactivate", buyer::modify(&service, mbps, "inactive")),
        ("inactive", 4..8) => ("activate", buyer::modify(&service, mbps, "active")),
        (state, _) => ("modify", buyer::modify(&service, mbps, state)),
    }
}

/// Waits until every order has come to its end; how many to which.
async fn until_final(
    buyer: &Buyer,
    taken: &Taken,
    broker: &Mutex<Broker>,
) -> BTreeMap<String, usize> {
    let began = clock::instant();
    loop {
        let mut states: BTreeMap<String, usize> = BTreeMap::new();
        let mut open = Vec::new();
        let listed = buyer.list(ORDERS).await;
        let mut ids = BTreeSet::new();
        for order in &listed {
            let state = order["state"].as_str().unwrap().to_owned();
            let id = order["id"].as_str().unwrap().to_owned();
            if !["completed", "failed", "partial"].contains(&state.as_str()) {
                open.push(id.clone());
            }
            ids.insert(id);
            *states.entry(state).or_default() += 1;
        }
        let lost: Vec<&String> = taken.orders.difference(&ids).collect();
        assert!(lost.is_empty(), "acknowledged, and lost: {lost:?}");
        if open.is_empty() {
            return states;
        }
        if began.elapsed() > IN_TIME {
            let path = format!("/broker/v1/orders/{}/progress", open[0]);
            let progress = buyer.must_get(&path).await;
            let log = broker.lock().await.log_of(&open[0]);
            panic!(
                "{} are open ({states:?}), as {progress:#}\n{log}",
                open.len()
            );
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Why orders have failed: how often, without the names of services. Each has to say why.
async fn reasons(buyer: &Buyer) -> BTreeMap<String, usize> {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let failed = buyer.list(ORDERS).await;
    let failed = failed.iter().filter(|order| order["state"] == "failed");
    for order in failed {
        let errors = order["serviceOrderItem"][0]["terminationError"].as_array();
        let errors = errors.filter(|errors| !errors.is_empty());
        for error in errors.unwrap_or_else(|| panic!("it does not say why: {order:#}")) {
            let text = error["value"].as_str().unwrap();
            let cut: String = text
                .split('(')
                .next()
                .unwrap_or_default()
                .chars()
                .take(100)
                .collect();
            *reasons.entry(cut).or_default() += 1;
        }
    }
    reasons
}

/// Waits until the broker, its ledger and its partners say the same.
async fn until_clean(buyer: &Buyer, partners: &[Partner], broker: &Mutex<Broker>) {
    let began = clock::instant();
    loop {
        let found = differences(buyer, partners).await;
        let Some((service, what)) = found.iter().next() else {
            return;
        };
        if began.elapsed() > IN_TIME {
            let history: Vec<String> = partners
                .iter()
                .flat_map(|partner| {
                    let history = partner.history(service);
                    history
                        .into_iter()
                        .map(|line| format!("{} {line}", partner.domain))
                })
                .collect();
            let log = broker.lock().await.log_of(service);
            panic!(
                "{} differ: {found:#?}\n{service}: {what:?}\n{}\n{log}",
                found.len(),
                history.join("\n")
            );
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
