//! Stopping: idle connections close at once, requests under way get the grace time, and nothing that a
//! client does can hold it up for longer.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Daemon, read_answer, settings};

/// The clock of the test, not of the daemon.
#[expect(
    clippy::disallowed_methods,
    reason = "how long the stop takes is what is measured"
)]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn an_idle_connection_does_not_hold_up_the_stop() {
    let daemon = Daemon::start(settings(&[("limits.shutdown_grace", "60s")]));
    let mut idle = daemon.connect();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: b\r\n\r\n")
        .unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let began = now();
    daemon.stop().unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "took {:?}",
        began.elapsed()
    );
}

#[test]
fn a_request_under_way_is_answered_before_the_stop() {
    let daemon = Daemon::start(settings(&[("limits.shutdown_grace", "60s")]));
    let body = r#"{"cost-type":{"cost-mode":"array","cost-metric":"ane-path"},"pids":{"srcs":[],"dsts":[]}}"#;
    let mut stream = daemon.connect();
    let (first, second) = body.split_at(10);
    let head = format!(
        "POST /costmap/pv HTTP/1.1\r\nHost: b\r\nContent-Type: application/alto-costmapfilter+json\r\n\
         Content-Length: {}\r\n\r\n{first}",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The head must have arrived before the stop, or the connection counts as idle.
    std::thread::sleep(Duration::from_millis(300));
    let stopping = std::thread::spawn(move || daemon.stop());
    std::thread::sleep(Duration::from_millis(100));
    stream.write_all(second.as_bytes()).unwrap();
    assert_eq!(read_answer(&mut stream).status, 200);
    stopping.join().unwrap().unwrap();
}

#[test]
fn an_answer_that_nobody_takes_does_not_hold_up_the_stop() {
    let daemon = Daemon::start(settings(&[
        ("limits.shutdown_grace", "200ms"),
        ("limits.request_timeout", "60s"),
        ("limits.write_timeout", "60s"),
    ]));
    // A request that never ends is as good as an endless stream: the daemon waits on the client.
    let mut stream = daemon.connect();
    let head = "POST /costmap/pv HTTP/1.1\r\nHost: b\r\nContent-Type: application/alto-costmapfilter+json\r\n\
                Content-Length: 1000\r\n\r\n{";
    stream.write_all(head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let began = now();
    daemon.stop().unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "took {:?}",
        began.elapsed()
    );
}

/// A log that nobody reads any more is no reason to fail, nor to go on for ever.
#[cfg(unix)]
#[test]
fn a_daemon_whose_log_nobody_reads_starts_and_stops_as_told() {
    let mut process = Command::new(env!("CARGO_BIN_EXE_brokerd"))
        .args(["--listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(process.stderr.take());
    let mut line = String::new();
    let mut stdout = BufReader::new(process.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on "), "{line}");
    let pid = process.id().to_string();
    let told = Command::new("kill").args(["-s", "TERM", &pid]).status();
    assert!(told.unwrap().success());
    let began = now();
    let ended = loop {
        if let Some(ended) = process.try_wait().unwrap() {
            break ended;
        }
        if began.elapsed() > Duration::from_secs(60) {
            process.kill().unwrap();
            panic!("it goes on");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(ended.success(), "{ended}");
}
