//! Clients that send too much, too slowly, or not to the end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

use super::broker::{Broker, eventually};
use super::testbed::{
    JSON, XML, join, members, path, put, register, resources_of, topology_of, versions,
};

/// The largest document.
const LARGEST: usize = 16 << 20;

/// Begins to put a document of this length, and sends some of it.
fn begin(broker: &Broker, domain: &str, length: usize, some: usize) -> TcpStream {
    let head = format!(
        "PUT {}/topology HTTP/1.1\r\nHost: localhost\r\nContent-Type: {JSON}\r\nContent-Length: {length}\r\n\r\n",
        path(domain)
    );
    let mut stream = broker.connect(&head);
    stream.write_all(&vec![b' '; some]).unwrap();
    stream
}

/// Ends when the broker has no connection but the one that asks.
fn until_quiet(broker: &Broker) {
    eventually("the connections have gone", || {
        let text = broker.get("/metrics").text().to_owned();
        text.lines()
            .any(|line| line == "brokerd_connections 1")
            .then_some(())
    });
}

#[test]
fn a_large_body_that_is_refused_leaves_nothing_behind() {
    let broker = Broker::start("");
    join(&broker, "AS1");
    let before = versions(&broker);
    // As large as can be, and nothing but brackets, blanks, names or elements.
    let elements = format!("<virtualizer>{}", "<node>".repeat((LARGEST - 13) / 6));
    for (media_type, body) in [
        (JSON, "[".repeat(LARGEST)),
        (JSON, " ".repeat(LARGEST)),
        (XML, elements),
    ] {
        put(&broker, "AS1", "topology", media_type, &body).must(422);
    }
    put(&broker, "AS1", "topology", JSON, &" ".repeat(LARGEST + 1)).must(413);
    assert_eq!(versions(&broker), before);
    let read = broker.get(&format!("{}/topology", path("AS1"))).must(200);
    assert_eq!(read.text(), topology_of("AS1"));
    put(
        &broker,
        "AS1",
        "topology",
        JSON,
        &format!("{} ", topology_of("AS1")),
    )
    .must(200);
}

#[test]
fn who_sends_a_refused_body_to_its_end_before_he_listens_has_the_answer() {
    let broker = Broker::start("");
    register(&broker, "AS1").must(201);
    let length = LARGEST + 1;
    let mut stream = begin(&broker, "AS1", length, length);
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[test]
fn a_slow_client_blocks_nobody() {
    let broker = Broker::start("");
    for domain in ["AS1", "AS2"] {
        register(&broker, domain).must(201);
    }
    // A member has eight places; its own ninth is told to come back.
    let slow: Vec<TcpStream> = (0..8)
        .map(|_| begin(&broker, "AS1", LARGEST, 100_000))
        .collect();
    let busy = eventually("all places are taken", || {
        let answer = put(&broker, "AS1", "resources", XML, &resources_of("AS1"));
        (answer.status == 503).then_some(answer)
    });
    assert_eq!(busy.must(503).header("retry-after"), Some("1"));
    put(&broker, "AS2", "topology", JSON, &topology_of("AS2")).must(201);
    broker
        .ask("POST", &format!("{}/heartbeat", path("AS1")))
        .send()
        .must(200);
    assert_eq!(members(&broker), ["AS1", "AS2"]);
    // They go away in the middle: nothing of what they sent is there, and their places are free.
    drop(slow);
    until_quiet(&broker);
    broker.get(&format!("{}/topology", path("AS1"))).must(404);
    put(&broker, "AS1", "topology", JSON, &topology_of("AS1")).must(201);
}

#[test]
fn a_client_that_drips_is_answered_408_and_its_place_is_free_again() {
    let broker = Broker::start("limits.request_timeout = '1s'\n");
    register(&broker, "AS1").must(201);
    let slow: Vec<_> = (0..8)
        .map(|_| {
            let mut stream = begin(&broker, "AS1", 1000, 1);
            thread::spawn(move || {
                let mut answer = String::new();
                let _ = stream.read_to_string(&mut answer);
                answer
            })
        })
        .collect();
    for answer in slow {
        let answer = answer.join().unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(answer.contains("application/problem+json"));
    }
    put(&broker, "AS1", "topology", JSON, &topology_of("AS1")).must(201);
}

#[test]
fn a_client_that_goes_away_in_the_middle_leaves_what_was_in_force() {
    let broker = Broker::start("");
    join(&broker, "AS1");
    let before = versions(&broker);
    for some in [0, 1, 1000] {
        let mut stream = begin(&broker, "AS1", 100_000, some);
        // Half of a document that would be good.
        let half = topology_of("AS1");
        stream
            .write_all(&half.as_bytes()[..half.len() / 2])
            .unwrap();
        drop(stream);
    }
    until_quiet(&broker);
    assert_eq!(versions(&broker), before);
    assert_eq!(
        broker.get(&format!("{}/topology", path("AS1"))).text(),
        topology_of("AS1")
    );
}

#[test]
fn many_members_may_put_at_once() {
    let broker = Broker::start("limits.burst = 2000\nlimits.requests_per_second = 2000\n");
    let writers: Vec<_> = (1..=60)
        .map(|number| {
            let domain = format!("AS{number}");
            register(&broker, &domain).must(201);
            let ask = broker.ask("PUT", &format!("{}/resources", path(&domain)));
            let ask = ask.body(XML, resources_of("AS1"));
            thread::spawn(move || ask.send().must(201))
        })
        .collect();
    writers
        .into_iter()
        .for_each(|writer| drop(writer.join().unwrap()));
    assert_eq!(members(&broker).len(), 60);
}
