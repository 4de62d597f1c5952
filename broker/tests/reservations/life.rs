//! A reservation from its making to its end.

use serde_json::{Value, json};

use super::broker::eventually;
use super::federation::{Federation, RESERVATIONS, request};

fn path(reservation: &Value, what: &str) -> String {
    format!(
        "{RESERVATIONS}/{}{what}",
        reservation["id"].as_str().unwrap()
    )
}

#[test]
fn what_is_held_is_not_there_for_others_until_it_is_given_back() {
    let all = Federation::start("");
    let body = request(3, 60);
    assert_eq!(all.best(&body).unwrap(), "AS2");
    let first = all.reserve(&body).must(201);
    let location = first.header("location").unwrap().to_owned();
    let first = first.json();
    assert_eq!(location, path(&first, ""));
    assert_eq!(
        (&first["state"], &first["holder"]),
        (&json!("held"), &json!("local"))
    );
    assert!(first["until"].as_str().unwrap() > first["created"].as_str().unwrap());
    assert_eq!(first["placement"]["nodes"]["A"], "AS2");
    assert_eq!(first["domains"]["AS2"], json!({"cpu": 3.0}));
    assert_eq!(
        first["links"],
        json!([
            {"from": "AS1", "from-router": "AS1", "to": "AS2", "to-router": "AS2", "bandwidth": "60 Mbit/s"},
            {"from": "AS2", "from-router": "AS2", "to": "AS4", "to-router": "AS4", "bandwidth": "60 Mbit/s"},
        ])
    );
    // AS2 has one core left, and its links 40 Mbit/s: either is in the way.
    for body in [&body, &request(2, 10), &request(1, 50)] {
        assert_eq!(all.best(body).unwrap(), "AS3");
    }
    assert_eq!(all.best(&request(1, 40)).unwrap(), "AS2");
    let second = all.reserve(&body).must(201).json();
    assert_eq!(second["placement"]["nodes"]["A"], "AS3");
    // And of AS3 there is not enough either.
    let third = all.reserve(&request(6, 10)).must(409).json();
    assert_eq!(third["title"], "Nothing fits");
    assert_eq!(third["errors"][0]["field"], "domain AS2");
    assert_eq!(
        third["explanation"]["nodes"][0]["struck"][0]["rule"],
        "resources"
    );
    assert_eq!(all.broker.get(&location).must(200).json(), first);
    assert_eq!(all.held().len(), 2);
    all.broker.ask("DELETE", &location).send().must(204);
    all.broker.ask("DELETE", &location).send().must(404);
    all.broker.get(&location).must(404);
    assert_eq!(all.best(&body).unwrap(), "AS2");
    assert_eq!(all.held(), [second]);
}

#[test]
fn a_hold_lapses_and_a_confirmed_one_stays() {
    let all = Federation::start("");
    let mut short = request(3, 10);
    short["hold"] = 1.into();
    let lost = all.reserve(&short).must(201).json();
    let kept = all.reserve(&short).must(201).json();
    let confirmed = all
        .post(&path(&kept, "/confirm"), &json!({}))
        .must(200)
        .json();
    assert_eq!(confirmed["state"], "confirmed");
    assert!(confirmed.get("until").is_none());
    // Without a body, and again.
    let again = all
        .broker
        .ask("POST", &path(&kept, "/confirm"))
        .send()
        .must(200);
    assert_eq!(again.json(), confirmed);
    let of_confirmed = all.post(&path(&kept, "/extend"), &json!({"hold": "5m"}));
    assert_eq!(
        of_confirmed.must(409).json()["title"],
        "Not possible in this state"
    );
    eventually("the hold lapses", || {
        (all.broker.get(&path(&lost, "")).status == 404).then_some(())
    });
    eventually("its capacity is there again", || {
        (all.best(&request(4, 10)).as_deref() == Some("AS2")).then_some(())
    });
    for what in ["/confirm", "/extend"] {
        all.post(&path(&lost, what), &json!({})).must(404);
    }
    assert_eq!(all.held(), [confirmed]);
    let events = |event: &str| {
        all.metric(&format!(
            "brokerd_reservation_events_total{{event=\"{event}\"}}"
        ))
    };
    assert_eq!(events("held"), 2.0);
    assert_eq!(events("confirmed"), 1.0);
    assert_eq!(events("lapsed"), 1.0);
    assert!(events("refused") >= 1.0);
    assert_eq!(all.metric("brokerd_reservations{state=\"confirmed\"}"), 1.0);
    assert_eq!(all.metric("brokerd_reservations{state=\"held\"}"), 0.0);
}

#[test]
fn a_hold_may_be_extended_up_to_the_longest() {
    let all = Federation::start("[reservations]\nmax_hold = '10m'\ndefault_hold = '1m'\n");
    let first = all.reserve(&request(1, 1)).must(201).json();
    let longer = all
        .post(&path(&first, "/extend"), &json!({"hold": "5m"}))
        .must(200)
        .json();
    assert!(longer["until"].as_str() > first["until"].as_str());
    // Never shorter.
    let same = all
        .post(&path(&first, "/extend"), &json!({"hold": 1}))
        .must(200)
        .json();
    assert_eq!(same, longer);
    for (hold, status) in [
        (json!("11m"), 400),
        (json!(0), 400),
        (json!(-5), 400),
        (json!("soon"), 400),
        (json!(true), 400),
        // In all it would be longer.
        (json!("10m"), 409),
    ] {
        let answer = all.post(&path(&first, "/extend"), &json!({"hold": hold}));
        assert_eq!(answer.status, status, "{hold}: {answer}");
    }
}

/// The process is killed, not stopped: what was answered is there again.
#[test]
fn a_broker_that_was_killed_holds_what_it_acknowledged() {
    let mut all = Federation::start("");
    let held = all.reserve(&request(1, 10)).must(201).json();
    let confirmed = all.reserve(&request(1, 10)).must(201).json();
    let confirmed = all
        .post(&path(&confirmed, "/confirm"), &json!({}))
        .must(200);
    let longer = all.reserve(&request(1, 10)).must(201).json();
    let longer = all.post(&path(&longer, "/extend"), &json!({"hold": "30m"}));
    let released = all.reserve(&request(1, 10)).must(201).json();
    all.broker
        .ask("DELETE", &path(&released, ""))
        .send()
        .must(204);
    let mut expected = vec![held, confirmed.json(), longer.must(200).json()];
    expected.sort_by_key(|one| one["id"].to_string());
    for _ in 0..2 {
        all.broker.restart();
        // Before any source is heard again, and after.
        assert_eq!(all.held(), expected);
        all.await_ready();
        assert_eq!(all.held(), expected);
        all.broker.get(&path(&released, "")).must(404);
    }
    // And it counts: AS2 has one core left.
    assert_eq!(all.best(&request(1, 10)).unwrap(), "AS2");
    assert_eq!(all.best(&request(2, 10)).unwrap(), "AS3");
    let reservations =
        |state: &str| all.metric(&format!("brokerd_reservations{{state=\"{state}\"}}"));
    assert_eq!(
        (reservations("held"), reservations("confirmed")),
        (2.0, 1.0)
    );
    // What was made before can be changed as ever.
    for one in &expected {
        all.broker.ask("DELETE", &path(one, "")).send().must(204);
    }
    all.broker.restart();
    all.await_ready();
    assert!(all.held().is_empty());
    assert_eq!(all.best(&request(4, 10)).unwrap(), "AS2");
}

#[test]
fn the_same_request_after_a_crash_is_the_same_reservation() {
    let mut all = Federation::start("");
    let reserve = |all: &Federation, cpu: u32| {
        let ask = all.broker.ask("POST", RESERVATIONS);
        let ask = ask.header("Idempotency-Key", "one");
        ask.json(&request(cpu, 10)).send()
    };
    let first = reserve(&all, 3).must(201).json();
    all.broker.restart();
    all.await_ready();
    assert_eq!(reserve(&all, 3).must(200).json(), first);
    reserve(&all, 2).must(409);
}

#[test]
fn what_lapses_leaves_the_store_and_does_not_come_back() {
    let mut all = Federation::start("");
    let mut short = request(3, 10);
    short["hold"] = 1.into();
    let lost = all.reserve(&short).must(201).json();
    all.broker.restart();
    all.await_ready();
    eventually("the hold lapses", || {
        (all.broker.get(&path(&lost, "")).status == 404).then_some(())
    });
    // That is the first batch since the start.
    eventually("its record goes", || {
        (all.metric("brokerd_store_batches_total") >= 1.0).then_some(())
    });
    all.broker.restart();
    all.await_ready();
    assert!(all.held().is_empty());
    assert_eq!(all.best(&request(4, 10)).unwrap(), "AS2");
}

#[test]
fn in_memory_a_restart_forgets_and_the_log_says_so() {
    let mut all = Federation::start("");
    all.broker.set("store", "memory");
    all.broker.restart();
    all.await_ready();
    let first = all.reserve(&request(3, 10)).must(201).json();
    all.broker.restart();
    all.await_ready();
    all.broker.get(&path(&first, "")).must(404);
    assert!(all.broker.log().contains("the store is in memory"));
}

#[test]
fn a_second_broker_over_the_same_store_is_refused() {
    let all = Federation::start("");
    let refused = all.broker.start_again();
    assert!(refused.contains("is open in another process"), "{refused}");
    assert!(refused.contains("cannot open the store"), "{refused}");
}

#[test]
fn what_was_promised_stays_when_a_domain_has_less() {
    let all = Federation::start("");
    let first = all.reserve(&request(3, 10)).must(201).json();
    let less = json!({"nf": ["NF"], "cpu": 2, "neighbours": [
        {"domain": "AS1", "delay": 1, "bandwidth": 100}, {"domain": "AS4", "delay": 2, "bandwidth": 100}]});
    all.rewrite("AS2", &less);
    eventually("more is held than there is", || {
        (all.metric("brokerd_overcommitted") == 1.0).then_some(())
    });
    assert_eq!(all.best(&request(1, 10)).unwrap(), "AS3");
    assert_eq!(all.held(), [first]);
}

#[test]
fn what_the_store_counts_is_told_to_operators() {
    let all = Federation::start("");
    let batches = || all.metric("brokerd_store_batches_total");
    let before = batches();
    all.reserve(&request(1, 10)).must(201);
    assert_eq!(batches(), before + 1.0);
    assert!(all.metric("brokerd_store_file_bytes") > 0.0);
    assert!(all.metric("brokerd_store_commit_seconds_count") >= 1.0);
    assert!(all.metric("brokerd_store_commit_seconds_bucket{le=\"+Inf\"}") >= 1.0);
    assert_eq!(all.metric("brokerd_store_in_trouble"), 0.0);
}

/// The log ends with the stop, and the next start has nothing to repair.
#[test]
fn a_stop_closes_the_store_in_order() {
    let mut all = Federation::start("");
    all.reserve(&request(1, 10)).must(201);
    let log = all.broker.stop();
    assert!(log.contains("stopped"), "{log}");
    assert!(!log.contains("not closed"), "{log}");
    all.broker.restart();
    assert_eq!(all.held().len(), 1);
}
