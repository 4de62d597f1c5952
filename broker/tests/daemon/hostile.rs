//! Clients that are slow, silent or many.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{Daemon, settings};

/// Whether the daemon closes the connection by itself (within the stream's read timeout).
fn is_closed(stream: &mut TcpStream) -> bool {
    let mut bytes = Vec::new();
    !matches!(
        stream.read_to_end(&mut bytes).map_err(|error| error.kind()),
        Err(std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
    )
}

#[test]
fn a_silent_client_is_dropped_and_so_is_half_a_head_or_a_foreign_preface() {
    let daemon = Daemon::start(settings(&[("limits.header_timeout", "300ms")]));
    for begin in ["", "GET /directory HTTP/1.1\r\nHost: b\r\n", "PRI", "\r\n"] {
        let mut stream = daemon.connect();
        stream.write_all(begin.as_bytes()).unwrap();
        assert!(is_closed(&mut stream), "still open after {begin:?}");
    }
}

#[test]
fn an_idle_connection_is_closed_after_its_answer() {
    let daemon = Daemon::start(settings(&[("limits.header_timeout", "300ms")]));
    let mut stream = daemon.connect();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: b\r\n\r\n")
        .unwrap();
    assert!(is_closed(&mut stream), "kept alive for ever");
}

#[test]
fn a_body_that_drips_is_answered_408() {
    let daemon = Daemon::start(settings(&[("limits.request_timeout", "300ms")]));
    let mut stream = daemon.connect();
    let head = "POST /costmap/pv HTTP/1.1\r\nHost: b\r\nContent-Type: application/alto-costmapfilter+json\r\n\
                Connection: close\r\nContent-Length: 1000\r\n\r\n{";
    stream.write_all(head.as_bytes()).unwrap();
    let answer = super::read_answer(&mut stream);
    assert_eq!(answer.status, 408);
    assert!(
        answer.json()["detail"].as_str().unwrap().contains("300ms"),
        "{answer:?}"
    );
}

#[test]
fn garbage_is_answered_400_or_closed_and_harms_nobody() {
    let daemon = Daemon::start(settings(&[]));
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"[..],
        b"\x00\xff\x00\xff\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ] {
        let mut stream = daemon.connect();
        stream.write_all(garbage).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            bytes.is_empty() || text.starts_with("HTTP/1.1 400"),
            "{text}"
        );
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: b\r\n\r\n", "x".repeat(100_000));
    let mut stream = daemon.connect();
    let _ = stream.write_all(long.as_bytes());
    assert!(is_closed(&mut stream));
    assert_eq!(daemon.get("/healthz", "").status, 200);
}

#[test]
fn one_address_cannot_take_every_connection() {
    let daemon = Daemon::start(settings(&[("limits.connections_per_client", "3")]));
    let held: Vec<TcpStream> = (0..3).map(|_| daemon.connect()).collect();
    // The fourth is closed at once, long before any timeout.
    let mut fourth = daemon.connect();
    fourth
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    assert!(is_closed(&mut fourth));
    drop(held);
    // The places come back as the daemon notices.
    let back = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        let mut stream = daemon.connect();
        let sent =
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n");
        let mut text = String::new();
        sent.is_ok() && stream.read_to_string(&mut text).is_ok() && text.contains("200 OK")
    });
    assert!(back, "the places were never given back");
}
