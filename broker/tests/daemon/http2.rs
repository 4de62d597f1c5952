//! HTTP/2: clients that are not ours, and clients that mean no good.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use super::frames::{self, Raw, frame};
use super::process::run;
use super::{Daemon, settings};

const FILTER: &str = "application/alto-costmapfilter+json";
const ASKED: &str =
    r#"{"cost-type":{"cost-mode":"array","cost-metric":"ane-path"},"pids":{"srcs":[],"dsts":[]}}"#;

/// The clock of the test, not of the daemon.
#[expect(
    clippy::disallowed_methods,
    reason = "how long it takes is what is measured"
)]
fn now() -> Instant {
    Instant::now()
}

fn curl(args: &[&str]) -> Option<String> {
    let all = ["--silent", "--show-error", "--max-time", "20"];
    let written = run("curl", &[&all, args].concat())?;
    Some(String::from_utf8(written).unwrap())
}

#[test]
fn rfc9569_http2_is_served_by_prior_knowledge_and_curl_sees_the_same() {
    let daemon = Daemon::start(settings(&[]));
    let url = |path: &str| format!("http://{}{path}", daemon.address);
    let (map, directory, vectors) = (url("/networkmap"), url("/directory"), url("/costmap/pv"));
    let told = "\n%{http_version} %{http_code}\n";
    // One address a run: this curl cannot use such a connection twice, whoever serves.
    let http2 = "--http2-prior-knowledge";
    let ask = |url: &str| curl(&[http2, "--write-out", told, url]);
    let Some(text) = ask(&map) else { return };
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1], "2 200", "{text}");
    assert_eq!(lines[0], daemon.get("/networkmap", "").body);
    assert!(ask(&directory).unwrap().ends_with("\n2 200\n"));
    let head = curl(&[http2, "--head", &map]).unwrap();
    let field = |name: &str| {
        let mut lines = head.lines();
        let line = lines.find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name}{head}"))
            .trim()
            .to_owned()
    };
    assert_eq!(field("content-length: "), lines[0].len().to_string());
    let condition = format!("If-None-Match: {}", field("etag: "));
    let again = curl(&[http2, "--header", &condition, "--write-out", told, &map]).unwrap();
    assert_eq!(again.trim(), "2 304");
    let (kind, accept) = (
        format!("Content-Type: {FILTER}"),
        "Accept: application/alto-costmap+json",
    );
    let post = [
        http2, "--header", &kind, "--header", accept, "--data", ASKED,
    ];
    let text = curl(&[&post[..], &["--write-out", told, &vectors]].concat()).unwrap();
    assert!(
        text.contains("\"cost-map\":{}") && text.ends_with("2 200\n"),
        "{text}"
    );
}

#[test]
fn rfc9113_3_2_over_tls_the_version_is_agreed_on() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (certificate, key) = (
        file("certificate.pem", made.cert.pem()),
        file("key.pem", made.signing_key.serialize_pem()),
    );
    let daemon = Daemon::start(settings(&[
        ("tls.certificate", &certificate),
        ("tls.key", &key),
    ]));
    let url = format!("https://localhost:{}/directory", daemon.address.port());
    let at = format!("localhost:{}:127.0.0.1", daemon.address.port());
    let version = |how: &str| {
        let told = ["--write-out", "%{http_version}", "--output", "/dev/null"];
        let trusted = ["--cacert", &certificate, "--resolve", &at, how, &url];
        curl(&[&told[..], &trusted].concat())
    };
    let Some(agreed) = version("--http2") else {
        return;
    };
    assert_eq!(agreed, "2");
    assert_eq!(version("--http1.1").unwrap(), "1.1");
    assert_eq!(version("--no-alpn").unwrap(), "1.1");
}

#[test]
fn nghttp_and_h2load_ask_many_things_on_one_connection() {
    let daemon = Daemon::start(settings(&[
        ("limits.requests_per_second", "1000000"),
        ("limits.burst", "1000000"),
    ]));
    let url = |path: &str| format!("http://{}{path}", daemon.address);
    let urls = [url("/directory"), url("/openapi.json"), url("/networkmap")];
    let [one, two, three] = urls.each_ref().map(String::as_str);
    let Some(bodies) = run("nghttp", &["--timeout=20", one, two, three]) else {
        return;
    };
    let expected = ["/directory", "/openapi.json", "/networkmap"];
    let expected = expected.map(|path| daemon.get(path, "").body);
    assert_eq!(
        bodies.len(),
        expected.iter().map(String::len).sum::<usize>()
    );
    // 2000 requests over four connections, 50 at once on each, of 1 kB and of some 100 kB.
    let load = ["-n", "2000", "-c", "4", "-m", "50", one, two];
    let Some(report) = run("h2load", &load) else {
        return;
    };
    let report = String::from_utf8(report).unwrap();
    assert!(
        report.contains("2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored"),
        "{report}"
    );
    assert!(report.contains("2000 2xx, 0 3xx, 0 4xx, 0 5xx"), "{report}");
}

#[test]
fn what_a_client_may_do_is_the_same_in_either_version() {
    let daemon = Daemon::start(settings(&[
        ("limits.requests_per_second", "1"),
        ("limits.burst", "3"),
    ]));
    let map = format!("http://{}/networkmap", daemon.address);
    let told = ["--output", "/dev/null", "--write-out", "%{http_code} "];
    let code = || curl(&[&["--http2-prior-knowledge"][..], &told, &[&map]].concat());
    let Some(codes) = (0..8).map(|_| code()).collect::<Option<String>>() else {
        return;
    };
    assert!(codes.starts_with("200 200 200 "), "{codes}");
    assert!(codes.contains("429"), "{codes}");
    // Who runs the broker is not who sends a page's request under another name (DNS rebinding).
    let daemon = Daemon::start(settings(&[]));
    let domain = format!("http://{}/broker/v1/domains/AS1", daemon.address);
    let status = |host: &str| {
        let host = format!("Host: {host}");
        let put = [
            "--http2-prior-knowledge",
            "--request",
            "PUT",
            "--data",
            "{}",
        ];
        let kind = [
            "--header",
            "Content-Type: application/json",
            "--header",
            &host,
        ];
        curl(&[&put[..], &kind, &told, &[&domain]].concat()).unwrap()
    };
    assert_eq!(status("127.0.0.1"), "201 ");
    // Nobody reads what a refused request brings: the stream still ends as all do, each time.
    for _ in 0..10 {
        assert_eq!(status("rebound.example"), "403 ");
    }
}

/// Whether the daemon closes by itself, and how long it takes.
fn closes(mut stream: std::net::TcpStream) -> Duration {
    let began = now();
    let mut rest = Vec::new();
    let read = stream.read_to_end(&mut rest);
    let kind = read.map_err(|error| error.kind());
    assert!(
        !matches!(
            kind,
            Err(std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
        ),
        "it stays open"
    );
    began.elapsed()
}

#[test]
fn a_client_that_sends_half_a_preface_or_nothing_after_it_is_dropped() {
    let daemon = Daemon::start(settings(&[("limits.header_timeout", "300ms")]));
    for sent in 0..=frames::PREFACE.len() {
        let mut stream = daemon.connect();
        stream.write_all(&frames::PREFACE[..sent]).unwrap();
        if sent % 6 == 0 {
            assert!(closes(stream) < Duration::from_secs(10), "{sent}");
        }
    }
    // Half a head is none.
    let mut raw = Raw::start(&daemon, &[]);
    let head = frames::head("GET", "/directory", &[]);
    raw.send(&frame(frames::HEADERS, frames::END_STREAM, 1, &head[..5]));
    raw.drain();
    assert_eq!(daemon.get("/healthz", "").status, 200);
}

#[test]
fn a_preface_may_come_in_pieces() {
    let daemon = Daemon::start(settings(&[]));
    let mut raw = Raw::pieces(&daemon);
    raw.get(1, "/directory");
    let (status, body) = raw.answer(1);
    assert_eq!(status, 200);
    assert_eq!(
        String::from_utf8(body).unwrap(),
        daemon.get("/directory", "").body
    );
}

#[test]
fn an_idle_connection_is_told_to_go_away() {
    let daemon = Daemon::start(settings(&[("limits.header_timeout", "300ms")]));
    let mut raw = Raw::start(&daemon, &[]);
    raw.get(1, "/directory");
    assert_eq!(raw.answer(1).0, 200);
    let goaway = raw.until(|frame| frame.kind == frames::GOAWAY);
    assert_eq!(goaway.expect("a reason").number(), 0);
    // It answers the ping that follows (RFC 9113 §6.8), and the connection is closed.
    assert!(raw.until(|_| false).is_none());
}

#[test]
fn more_streams_than_are_allowed_are_refused_and_the_others_go_on() {
    let daemon = Daemon::start(settings(&[("limits.http2.streams", "3")]));
    let mut raw = Raw::start(&daemon, &[]);
    let told = raw.until(|frame| frame.kind == frames::SETTINGS && frame.flags == 0);
    let most = told.unwrap().setting(frames::MAX_CONCURRENT_STREAMS);
    assert_eq!(most, Some(3));
    for stream in [1, 3, 5, 7] {
        raw.begin_post(stream, "/costmap/pv", FILTER);
    }
    let reset = raw.until(|frame| frame.kind == frames::RST_STREAM).unwrap();
    assert_eq!((reset.stream, reset.number()), (7, frames::REFUSED_STREAM));
    for stream in [1, 3, 5] {
        let last = frame(frames::DATA, frames::END_STREAM, stream, ASKED.as_bytes());
        raw.send(&last);
        assert_eq!(raw.answer(stream).0, 200);
    }
    // There is room again.
    raw.get(9, "/directory");
    assert_eq!(raw.answer(9).0, 200);
}

#[test]
fn a_flood_of_resets_ends_the_connection() {
    let daemon = Daemon::start(settings(&[]));
    let mut raw = Raw::start(&daemon, &[]);
    let head = frames::head("GET", "/networkmap", &[]);
    let mut flood = Vec::new();
    for stream in (1..4000).step_by(2) {
        let flags = frames::END_HEADERS | frames::END_STREAM;
        flood.extend(frame(frames::HEADERS, flags, stream, &head));
        let cancel = frames::CANCEL.to_be_bytes();
        flood.extend(frame(frames::RST_STREAM, 0, stream, &cancel));
    }
    raw.send(&flood);
    let frames = raw.drain();
    // The reason is lost if the socket is closed while the flood goes on.
    if let Some(goaway) = frames.iter().find(|frame| frame.kind == frames::GOAWAY) {
        assert_eq!(goaway.number(), frames::ENHANCE_YOUR_CALM);
    }
    assert_eq!(daemon.get("/healthz", "").status, 200);
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let daemon = Daemon::start(settings(&[]));
    let large = format!("X-Large: {}", "x".repeat(60_000));
    let url = format!("http://{}/directory", daemon.address);
    let told = ["--output", "/dev/null", "--write-out", "%{http_code}"];
    let args = ["--http2-prior-knowledge", "--header", &large, &url];
    let Some(code) = curl(&[&told[..], &args].concat()) else {
        return;
    };
    assert_eq!(code, "431");
}

#[test]
fn a_client_that_answers_no_ping_is_gone() {
    let daemon = Daemon::start(settings(&[
        ("limits.http2.ping_interval", "200ms"),
        ("limits.http2.ping_timeout", "200ms"),
        ("limits.request_timeout", "600s"),
        ("limits.write_timeout", "600s"),
    ]));
    let mut raw = Raw::start(&daemon, &[]);
    // Something is under way, so that it is not idle.
    raw.begin_post(1, "/costmap/pv", FILTER);
    let began = now();
    let frames = raw.drain();
    assert!(frames.iter().any(|frame| frame.kind == frames::PING));
    assert!(began.elapsed() < Duration::from_secs(15));

    // One that answers stays, longer than both.
    let mut raw = Raw::start(&daemon, &[]);
    raw.begin_post(1, "/costmap/pv", FILTER);
    for _ in 0..4 {
        let ping = raw.until(|frame| frame.kind == frames::PING && frame.flags == 0);
        let payload = ping.expect("it stays").payload;
        raw.send(&frame(frames::PING, frames::ACK, 0, &payload));
    }
    raw.send(&frame(
        frames::DATA,
        frames::END_STREAM,
        1,
        ASKED.as_bytes(),
    ));
    assert_eq!(raw.answer(1).0, 200);
}

#[test]
fn a_client_that_takes_nothing_of_an_answer_loses_that_stream_alone() {
    let daemon = Daemon::start(settings(&[("limits.write_timeout", "2s")]));
    // No stream may send anything until it is told that it may.
    let mut raw = Raw::start(&daemon, &[(frames::INITIAL_WINDOW_SIZE, 0)]);
    let window = 1_000_000_u32.to_be_bytes();
    raw.send(&frame(frames::WINDOW_UPDATE, 0, 0, &window));
    raw.get(1, "/openapi.json");
    raw.begin_post(3, "/costmap/pv", FILTER);
    let reset = raw.until(|frame| frame.kind == frames::RST_STREAM).unwrap();
    assert_eq!((reset.stream, reset.number()), (1, frames::CANCEL));
    // One that takes some now and then is only slow.
    raw.get(5, "/openapi.json");
    let head = raw.until(|frame| frame.stream == 5 && frame.kind == frames::HEADERS);
    assert_eq!(head.unwrap().status(), 200);
    for _ in 0..4 {
        std::thread::sleep(Duration::from_millis(800));
        let some = 16_384_u32.to_be_bytes();
        raw.send(&frame(frames::WINDOW_UPDATE, 0, 5, &some));
        let data = raw.until(|frame| frame.stream == 5).unwrap();
        assert_eq!(data.kind, frames::DATA);
    }
    // The other has waited for its client's body all the time, and has its answer.
    raw.send(&frame(
        frames::DATA,
        frames::END_STREAM,
        3,
        ASKED.as_bytes(),
    ));
    raw.send(&frame(frames::WINDOW_UPDATE, 0, 3, &window));
    assert_eq!(raw.answer(3).0, 200);
}

#[test]
fn a_request_under_way_on_http2_is_answered_before_the_stop() {
    let daemon = Daemon::start(settings(&[("limits.shutdown_grace", "60s")]));
    let mut idle = Raw::start(&daemon, &[]);
    idle.get(1, "/directory");
    idle.answer(1);
    let mut raw = Raw::start(&daemon, &[]);
    raw.begin_post(1, "/costmap/pv", FILTER);
    // An answer says that the server has come to the stream before.
    raw.get(3, "/directory");
    raw.answer(3);
    let began = now();
    let stopping = std::thread::spawn(move || daemon.stop());
    assert!(raw.until(|frame| frame.kind == frames::GOAWAY).is_some());
    raw.send(&frame(
        frames::DATA,
        frames::END_STREAM,
        1,
        ASKED.as_bytes(),
    ));
    assert_eq!(raw.answer(1).0, 200);
    assert!(raw.until(|_| false).is_none());
    assert!(idle.until(|_| false).is_none());
    stopping.join().unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_client_that_does_not_go_does_not_hold_up_the_stop() {
    let daemon = Daemon::start(settings(&[("limits.shutdown_grace", "300ms")]));
    let mut raw = Raw::start(&daemon, &[]);
    raw.begin_post(1, "/costmap/pv", FILTER);
    raw.get(3, "/directory");
    raw.answer(3);
    let began = now();
    daemon.stop().unwrap();
    assert!(began.elapsed() < Duration::from_secs(30));
    raw.drain();
}
