//! Many at once: never more is held than there is.

use std::collections::BTreeMap;
use std::sync::Barrier;

use serde_json::{Value, json};

use super::federation::{Federation, RESERVATIONS, request};

/// What is held of a domain's cores, and of links in Mbit/s.
fn sums(held: &[Value]) -> (BTreeMap<String, f64>, BTreeMap<String, u64>) {
    let (mut cores, mut links) = (BTreeMap::new(), BTreeMap::new());
    for reservation in held {
        for (domain, amounts) in reservation["domains"].as_object().unwrap() {
            *cores.entry(domain.clone()).or_default() += amounts["cpu"].as_f64().unwrap_or(0.0);
        }
        for link in reservation["links"].as_array().unwrap() {
            let text = link["bandwidth"].as_str().unwrap();
            let mega: u64 = text.strip_suffix(" Mbit/s").unwrap().parse().unwrap();
            *links
                .entry(format!("{} {}", link["from"], link["to"]))
                .or_default() += mega;
        }
    }
    (cores, links)
}

#[test]
fn many_who_reserve_at_once_never_overbook_and_leave_nothing_over() {
    let all = Federation::start("");
    let threads = 12;
    let start = Barrier::new(threads);
    // Four cores of AS2 and eight of AS3: twelve of these fit, 24 ask.
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let ask = || {
            start.wait();
            [(); 2].map(|()| all.reserve(&request(1, 20)).status)
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(ask)).collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    let count = |status: u16| answers.iter().filter(|found| **found == status).count();
    let held = all.held();
    assert_eq!(held.len(), count(201));
    assert_eq!(count(201) + count(409), 24, "{answers:?}");
    let (cores, links) = sums(&held);
    assert_eq!(cores["AS2"], 4.0);
    assert_eq!(cores["AS3"], 8.0);
    for (link, mega) in links {
        let most = if link.contains("AS2") { 100 } else { 1000 };
        assert!(mega <= most, "{link} {mega}");
    }
    assert_eq!(all.metric("brokerd_overcommitted"), 0.0);
    // All is given back, at once too.
    std::thread::scope(|scope| {
        for reservation in &held {
            scope.spawn(|| {
                let path = format!("{RESERVATIONS}/{}", reservation["id"].as_str().unwrap());
                all.broker.ask("DELETE", &path).send().must(204);
            });
        }
    });
    assert!(all.held().is_empty());
    assert_eq!(all.best(&request(4, 100)).unwrap(), "AS2");
}

#[test]
fn links_are_shared_out_to_the_last_bit() {
    let all = Federation::start("");
    // 100 Mbit/s over AS2, 1000 over AS3: by 30 it is three and 33.
    let mut body = request(0, 30);
    let start = Barrier::new(10);
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                start.wait();
                for _ in 0..5 {
                    let status = all.reserve(&body).status;
                    assert!([201, 409].contains(&status), "{status}");
                }
            });
        }
    });
    let (_, links) = sums(&all.held());
    assert_eq!(links["\"AS1\" \"AS2\""], 90);
    assert_eq!(links["\"AS1\" \"AS3\""], 990);
    body["choice"] = json!({"A": "AS2"});
    all.reserve(&body).must(409);
}

#[test]
fn the_same_request_many_times_at_once_is_one_reservation() {
    let all = Federation::start("");
    let start = Barrier::new(12);
    let body = request(1, 10);
    let answers: Vec<(u16, Value)> = std::thread::scope(|scope| {
        let ask = || {
            start.wait();
            let ask = all.broker.ask("POST", RESERVATIONS);
            let answer = ask.header("Idempotency-Key", "one").json(&body).send();
            (answer.status, answer.json())
        };
        let running: Vec<_> = (0..12).map(|_| scope.spawn(ask)).collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let created = answers.iter().filter(|(status, _)| *status == 201).count();
    assert_eq!(created, 1);
    for (status, body) in &answers {
        assert!([200, 201].contains(status), "{status}");
        assert_eq!(body["id"], answers[0].1["id"]);
    }
    assert_eq!(all.held().len(), 1);
}
