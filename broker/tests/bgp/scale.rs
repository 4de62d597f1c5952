//! A domain of production size: all of it at once, and a day of its changes as fast as they are taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};

use crate::PATIENCE;
use crate::churn::{Day, Step};
use crate::generator::{ASN, Domain, LARGE, NEIGHBOURS, SMALL, SWITCH, SWITCHED};
use crate::process::{Brokerd, assert_flat, parts};
use crate::raw::{Open, Raw, unreach, update};
use crate::writer::Writer;

/// So much of a day is replayed; a whole one with `BROKER_DAY=1`, and that in a release build.
const SHARE: f64 = 0.2;
/// Octets written at a time.
const CHUNK: usize = 64 << 10;

fn settings(peer: &str) -> String {
    let neighbours: String = NEIGHBOURS
        .iter()
        .chain(&SWITCH)
        .map(|asn| format!("[[domains]]\nid = 'AS{asn}'\npush = true\n"))
        .collect();
    format!("[[domains]]\nid = 'AS{ASN}'\n[[domains.bgp_ls]]\naddress = '{peer}'\n{neighbours}")
}

/// A session as the domain's speaker. Neither side needs KEEPALIVEs: the test may be slow.
async fn session(from: &str, to: std::net::SocketAddr) -> Raw {
    let open = Open {
        number: ASN,
        identifier: "10.255.255.2".parse().unwrap(),
        hold_time: 0,
        ..Open::default()
    };
    let mut raw = Raw::dial(from, to).await;
    raw.establish(&open.bytes()).await;
    raw
}

/// Sends all, at the speed of the reader.
async fn send(raw: &mut Raw, bytes: &[u8]) {
    timeout(4 * PATIENCE, raw.stream.write_all(bytes))
        .await
        .expect("it reads on")
        .unwrap();
}

/// Waits until it has read all that the last session said, and its end: a peer that is back before that may
/// be refused (RFC 4271 §6.8).
async fn lost(brokerd: &Brokerd) {
    is(brokerd, "stale").await;
}

async fn is(brokerd: &Brokerd, state: &str) {
    let id = format!("AS{ASN}");
    brokerd
        .until(&id, state, |told| told["state"] == state)
        .await;
}

fn end_of_rib() -> Vec<u8> {
    update(&[unreach(&[])])
}

/// What HTTP shows of the domain is what the generator has.
async fn assert_served(brokerd: &Brokerd, domain: &Domain) {
    let id = format!("AS{ASN}");
    let expected = domain.topology();
    let told = brokerd.domain(&id).await;
    let count = |what: &str| told[what].as_u64().unwrap() as usize;
    assert_eq!(count("routers"), expected.routers().len());
    let links = expected.intra_links().len() + expected.inter_links().len();
    assert_eq!(count("links"), links);
    assert_eq!(count("prefixes"), expected.prefixes().len());
    assert_eq!(told["neighbours"], Value::from(domain.neighbours()));
    assert_eq!(told["sources"][0]["routes"], domain.told().count());
    assert_eq!(told["sources"][0]["last-error"], Value::Null);

    let map = brokerd.get_json("/networkmap").await;
    let pid = &map["network-map"][&id]["ipv4"];
    let mut served: Vec<&str> = pid
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p.as_str().unwrap())
        .collect();
    let mut prefixes: Vec<String> = expected
        .prefixes()
        .iter()
        .map(ToString::to_string)
        .collect();
    served.sort_unstable();
    prefixes.sort_unstable();
    assert_eq!(served, prefixes);

    // One hop to each neighbour that there is a link to, and no path to the other.
    let answer = parts(&brokerd.path_vectors(&id, &[]).await);
    let row = answer[0]["cost-map"][&id].as_object().unwrap();
    let mut reached: Vec<String> = row.keys().filter(|to| **to != id).cloned().collect();
    reached.sort_unstable();
    assert_eq!(reached, domain.neighbours());
    for (to, path) in row.iter().filter(|(to, _)| **to != id) {
        assert_eq!(*path, serde_json::json!([id, to]));
    }
}

async fn start(peer: &str, broker: &str) -> Brokerd {
    let brokerd = Brokerd::start(broker, &settings(peer));
    for asn in NEIGHBOURS.iter().chain(&SWITCH) {
        brokerd.register(&format!("AS{asn}")).await;
    }
    brokerd
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_domain_at_full_speed_is_served_as_it_is() {
    let brokerd = start("127.0.0.61", "127.0.0.71").await;
    let mut domain = Domain::new(1, LARGE);
    let before = brokerd.versions().await;
    let mut raw = session("127.0.0.61", brokerd.bgp).await;
    let began = Instant::now();
    let table = domain.table();
    let routes = domain.told().count();
    send(&mut raw, &table).await;
    send(&mut raw, &domain.next_mark()).await;
    brokerd.until_prefix(&domain.mark()).await;
    let versions = brokerd.versions().await - before;
    println!(
        "{routes} routes, {} octets: in the maps after {:?}, in {versions} versions",
        table.len(),
        began.elapsed()
    );
    assert_served(&brokerd, &domain).await;
    // A flood of messages makes few versions: the writer rests between them.
    assert!(versions * 20 < routes, "{versions} versions");

    // The same again, from a speaker that came back: nothing is other than before.
    let before = brokerd.versions().await;
    drop(raw);
    lost(&brokerd).await;
    let mut raw = session("127.0.0.61", brokerd.bgp).await;
    send(&mut raw, &domain.table()).await;
    send(&mut raw, &end_of_rib()).await;
    send(&mut raw, &domain.next_mark()).await;
    brokerd.until_prefix(&domain.mark()).await;
    let versions = brokerd.versions_after(before).await;
    assert!((1..=2).contains(&versions), "{versions} versions");
    assert_served(&brokerd, &domain).await;

    // And all of it away.
    let id = format!("AS{ASN}");
    let all: Vec<_> = domain.told().collect();
    send(&mut raw, &domain.withdraw(&all)).await;
    brokerd
        .until(&id, "all is withdrawn", |told| {
            told["sources"][0]["routes"] == 0
        })
        .await;
    let told = brokerd.domain(&id).await;
    let rest = ["routers", "links", "prefixes"].map(|what| told[what].as_u64());
    assert_eq!(rest, [Some(0); 3]);
}

/// Every link as it was told, with its delay and bandwidth: what HTTP does not show.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_domain_has_every_attribute_that_was_told() {
    let writer = Writer::start("127.0.0.72", &settings("127.0.0.62")).await;
    let mut raw = session("127.0.0.62", writer.bgp).await;
    let domain = Domain::new(2, LARGE);
    send(&mut raw, &domain.table()).await;
    let expected = domain.topology();
    assert_eq!(expected.routers().len(), 1_000);
    assert!(expected.intra_links().len() > 19_900);
    writer
        .until("the domain is in the maps", |writer| {
            writer.topology().as_deref() == Some(&expected)
        })
        .await;
}

/// The same of a small domain in the middle of its day, again and again.
#[tokio::test(flavor = "multi_thread")]
async fn a_changing_domain_has_every_attribute_that_was_told() {
    let writer = Writer::start("127.0.0.73", &settings("127.0.0.63")).await;
    let mut raw = session("127.0.0.63", writer.bgp).await;
    let mut day = Day::new(Domain::new(3, SMALL), 4, 0.5, 4);
    send(&mut raw, &day.domain.table()).await;
    let mut events = 0;
    while let Some(step) = day.step() {
        match step {
            Step::Say(said) => send(&mut raw, &said).await,
            Step::Restart(table) => {
                drop(raw);
                let is_lost = |writer: &Writer| writer.states() == ["stale"];
                writer.until("its loss is seen", is_lost).await;
                raw = session("127.0.0.63", writer.bgp).await;
                send(&mut raw, &[table, end_of_rib()].concat()).await;
            }
        }
        events += 1;
        if events % 500 == 0 || day.left() == 0 {
            send(&mut raw, &day.domain.next_mark()).await;
            let expected = day.domain.topology();
            writer
                .until(&format!("after {events} events"), |writer| {
                    writer.topology().as_deref() == Some(&expected)
                })
                .await;
        }
    }
}

/// What a client saw: versions of the network map, and answers.
#[derive(Default)]
struct Seen {
    answers: usize,
    /// By tag of the network map, which of [`SWITCH`] it had.
    by_tag: std::collections::HashMap<String, usize>,
}

/// Asks until told to stop. Between the domain and the two neighbours of [`SWITCH`] there is one link at
/// any time, with that one's prefix: an answer that has neither or both, or one that goes with another
/// version's prefix, was put together from two versions.
async fn ask(brokerd: Arc<Brokerd>, stop: Arc<AtomicBool>) -> Seen {
    let id = format!("AS{ASN}");
    let [a, b] = SWITCH.map(|asn| format!("AS{asn}"));
    let one = |has: [bool; 2], what: &str| match has {
        [true, false] => 0,
        [false, true] => 1,
        _ => panic!("neither or both: {what}"),
    };
    let mut seen = Seen::default();
    let mut note = |tag: &Value, which: usize| {
        let tag = tag.as_str().unwrap().to_owned();
        assert_eq!(
            *seen.by_tag.entry(tag).or_insert(which),
            which,
            "two versions in one answer"
        );
    };
    while !stop.load(Ordering::Relaxed) {
        let map = brokerd.get_json("/networkmap").await;
        let prefixes = map["network-map"][&id]["ipv4"].as_array().unwrap();
        let has = SWITCHED.map(|prefix| prefixes.iter().any(|one| one == prefix));
        note(&map["meta"]["vtag"]["tag"], one(has, "prefixes"));

        let answer = parts(&brokerd.path_vectors(&id, &[&a, &b]).await);
        let [costs, properties] = &answer[..] else {
            panic!("two parts: {answer:#?}");
        };
        let row = costs["cost-map"][&id].as_object().unwrap();
        let which = one([&a, &b].map(|to| row.contains_key(to)), "paths");
        note(&costs["meta"]["dependent-vtags"][0]["tag"], which);
        // The other part is of the same version: it has the domains of the path, no more, no fewer.
        let anes = properties["property-map"].as_object().unwrap();
        let mut named: Vec<&str> = anes.keys().map(|ane| &ane[".ane:".len()..]).collect();
        named.sort_unstable();
        assert_eq!(named, [id.as_str(), [&a, &b][which]]);
        seen.answers += 1;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    seen
}

/// Plays a day to a broker that already has the domain, with somebody asking all the while. Resident
/// memory after the first tenth and after all of it.
async fn play(
    brokerd: Arc<Brokerd>,
    mut raw: Raw,
    from: &str,
    mut day: Day,
) -> (Option<u64>, Option<u64>) {
    let stop = Arc::new(AtomicBool::new(false));
    let client = tokio::spawn(ask(Arc::clone(&brokerd), Arc::clone(&stop)));
    let began = Instant::now();
    let before = brokerd.versions().await;
    let events = day.left();
    let mut early = None;
    let mut said = Vec::with_capacity(2 * CHUNK);
    while let Some(step) = day.step() {
        match step {
            Step::Say(bytes) => said.extend(bytes),
            Step::Restart(table) => {
                send(&mut raw, &std::mem::take(&mut said)).await;
                // Else the loss before this one could be taken for it.
                is(&brokerd, "fresh").await;
                drop(raw);
                lost(&brokerd).await;
                raw = session(from, brokerd.bgp).await;
                send(&mut raw, &[table, end_of_rib()].concat()).await;
            }
        }
        let is_tenth = day.left() == events - events / 10;
        if said.len() > CHUNK || is_tenth || day.left() == 0 {
            send(&mut raw, &std::mem::take(&mut said)).await;
        }
        if is_tenth {
            send(&mut raw, &day.domain.next_mark()).await;
            brokerd.until_prefix(&day.domain.mark()).await;
            early = brokerd.resident();
        }
    }
    send(&mut raw, &day.domain.next_mark()).await;
    brokerd.until_prefix(&day.domain.mark()).await;
    let took = began.elapsed();
    let late = brokerd.resident();
    stop.store(true, Ordering::Relaxed);
    let seen = timeout(PATIENCE, client).await.unwrap().unwrap();
    println!(
        "{} routes in {took:?}, {} versions; {} answers meanwhile, from {} network maps",
        day.routes,
        brokerd.versions().await - before,
        seen.answers,
        seen.by_tag.len()
    );
    assert!(
        seen.answers > 0 && seen.by_tag.len() > 1,
        "nobody saw it change"
    );
    assert_served(&brokerd, &day.domain).await;
    (early, late)
}

async fn told(from: &str, brokerd: &Brokerd, domain: &mut Domain) -> Raw {
    let mut raw = session(from, brokerd.bgp).await;
    send(&mut raw, &domain.table()).await;
    send(&mut raw, &domain.next_mark()).await;
    brokerd.until_prefix(&domain.mark()).await;
    raw
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_churn_leaves_memory_flat_and_every_answer_whole() {
    let share = if std::env::var_os("BROKER_DAY").is_some() {
        1.0
    } else {
        SHARE
    };
    let from = "127.0.0.64";
    let brokerd = Arc::new(start(from, "127.0.0.74").await);
    let mut day = Day::new(Domain::new(5, LARGE), 6, share, 4);
    let raw = told(from, &brokerd, &mut day.domain).await;
    let (early, late) = play(brokerd, raw, from, day).await;
    assert_flat("resident memory over a day", early, late);
}

/// A small domain makes versions faster than a client asks: ten days of it.
#[tokio::test(flavor = "multi_thread")]
async fn many_versions_make_no_answer_of_two() {
    let from = "127.0.0.65";
    let brokerd = Arc::new(start(from, "127.0.0.75").await);
    let mut day = Day::new(Domain::new(7, SMALL), 8, 10.0, 4);
    let raw = told(from, &brokerd, &mut day.domain).await;
    play(brokerd, raw, from, day).await;
}
