//! What an order costs from outside: orders a second that are taken durably over HTTP, next to what the store alone does, in
//! turn; and the time from the request to the active service, with three partners that need no time.
//!
//! `cargo bench -p broker --bench ordering`. The figures are in docs/performance.md.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark reports on standard output, and stops at the first fault"
)]

#[path = "../tests/chaos/faults.rs"]
#[allow(dead_code, reason = "nothing goes wrong here")]
mod faults;
#[path = "../tests/chaos/federation.rs"]
mod federation;
#[path = "../tests/chaos/http.rs"]
mod http;
#[path = "../tests/chaos/partner.rs"]
#[allow(dead_code, reason = "what only the chaos test asks")]
mod partner;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::settings::{Overrides, load};
use broker::store::file::{FileStore, Options};
use broker::store::{Batch, Expected, Store, TableName};
use partner::{Pace, Partner};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// As in `brokerd`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ORDERS: &str = "/mefApi/legato/serviceOrderingManagement/v6/serviceOrder";
const CLIENTS: [usize; 3] = [1, 16, 256];
const ROUNDS: usize = 5;

fn main() {
    // `cargo test --benches` wants to know that it runs, not how fast.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let (round, orders) = if is_bench {
        (Duration::from_millis(1_500), 200)
    } else {
        (Duration::from_millis(50), 5)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    taking(&runtime, round);
    for (pace, name) in [
        (Pace::InTheAnswer, "done in the answer"),
        (Pace::BehindTheAnswer, "notified behind the answer"),
    ] {
        until_active(&runtime, pace, name, orders);
    }
}

/// A daemon in this process, on a thread of its own; stopped when dropped.
struct Daemon {
    address: SocketAddr,
    stop: CancellationToken,
    thread: Option<std::thread::JoinHandle<()>>,
    _folder: TempDir,
}

impl Daemon {
    /// One with these settings and a store in a file.
    fn start(folder: TempDir, settings: &str) -> Self {
        let path = folder.path().join("broker.toml");
        std::fs::write(&path, format!("listen = '127.0.0.1:0'\n{settings}")).unwrap();
        let settings = load(Some(&path), &Overrides::default()).unwrap();
        let stop = CancellationToken::new();
        let token = stop.clone();
        let (send, receive) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let run = broker::daemon::run(settings, token, move |address, _| {
                send.send(address).unwrap();
            });
            Runtime::new().unwrap().block_on(run).unwrap();
        });
        Self {
            address: receive.recv().unwrap(),
            stop,
            thread: Some(thread),
            _folder: folder,
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A connection, one request at a time.
struct Client {
    stream: TcpStream,
    host: SocketAddr,
}

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            host: address,
        }
    }

    async fn ask(&mut self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let (host, length) = (self.host, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::with_capacity(4_096);
        loop {
            assert!(
                self.stream.read_buf(&mut answer).await.unwrap() > 0,
                "cut short"
            );
            let text = std::str::from_utf8(&answer).unwrap();
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let mut lines = head.lines();
            let status = lines.next().unwrap().split(' ').nth(1).unwrap();
            let length = lines.find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                let is_it = name.eq_ignore_ascii_case("content-length");
                is_it.then(|| value.parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap() {
                let body = serde_json::from_str(body).unwrap_or_default();
                return (status.parse().unwrap(), body);
            }
        }
    }
}

fn order(start: &str) -> String {
    json!({
        "requestedStartDate": start, "requestedCompletionDate": "2199-01-01T00:00:00Z",
        "serviceOrderItem": [{"id": "1", "action": "add", "service": {"serviceConfiguration": {
            "@type": "urn:brokermdo:schema:service-graph:v1", "objective": "delay",
            "sg": {
                "node_nfs": [{"id": "A", "functional_type": "NF", "specification": {"resources": {"cpu": 1}}}],
                "node_saps": [{"id": "SAP1"}, {"id": "SAP2"}],
                "edge_sg_nexthops": [
                    {"id": 1, "src_node": "SAP1", "dst_node": "A", "bandwidth": 1},
                    {"id": 2, "src_node": "A", "dst_node": "SAP2", "bandwidth": 1}],
                "edge_reqs": [{"id": "r", "src_node": "SAP1", "dst_node": "SAP2", "sg_path": [1, 2]}],
            },
        }}}],
    })
    .to_string()
}

/// Orders a second that are taken, and batches a second that the store alone keeps.
fn taking(runtime: &Runtime, round: Duration) {
    let daemon = Daemon::start(tempfile::tempdir().unwrap(), federation::HASTE);
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::open(&folder.path().join("store"), Options::default()).unwrap();
    let store = Arc::new(store);
    let mut floors = [const { Vec::new() }; CLIENTS.len()];
    let mut rates = [const { Vec::new() }; CLIENTS.len()];
    for _ in 0..ROUNDS {
        for (at, clients) in CLIENTS.into_iter().enumerate() {
            floors[at].push(runtime.block_on(commits(&store, clients, round)));
            rates[at].push(runtime.block_on(posts(daemon.address, clients, round)));
        }
    }
    println!("{ROUNDS} rounds in turn, medians");
    for ((clients, floor), rate) in CLIENTS.into_iter().zip(floors).zip(rates) {
        let (floor, rate) = (median(floor), median(rate));
        println!(
            "{clients:>4} clients: {rate:>8.0} orders/s taken durably, {floor:>8.0} batches/s of the store alone, ratio {:.2}",
            rate / floor
        );
    }
}

/// So many clients order something that begins in a hundred years, one after the other.
async fn posts(address: SocketAddr, clients: usize, round: Duration) -> f64 {
    let body: Arc<str> = order("2198-01-01T00:00:00Z").into();
    let began = now();
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let body = Arc::clone(&body);
            tokio::spawn(async move {
                let mut client = Client::connect(address).await;
                let mut count = 0_u32;
                while began.elapsed() < round {
                    let (status, answer) = client.ask("POST", ORDERS, &body).await;
                    assert_eq!(status, 201, "{answer}");
                    count += 1;
                }
                count
            })
        })
        .collect();
    sum(tasks).await / began.elapsed().as_secs_f64()
}

/// So many tasks keep batches as large as an order's.
async fn commits(store: &Arc<FileStore>, writers: usize, round: Duration) -> f64 {
    let size = order("2198-01-01T00:00:00Z").len();
    let began = now();
    let tasks: Vec<_> = (0..writers)
        .map(|_| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let mut count = 0_u32;
                while began.elapsed() < round {
                    let key = uuid::Uuid::new_v4().to_string();
                    let mut batch = Batch::new();
                    for table in [TableName::Orders, TableName::Services] {
                        batch.expect(table, key.clone(), Expected::Absent);
                        batch.put(table, key.clone(), vec![b'o'; size]);
                    }
                    store.commit(batch).await.unwrap();
                    count += 1;
                }
                count
            })
        })
        .collect();
    sum(tasks).await / began.elapsed().as_secs_f64()
}

async fn sum(tasks: Vec<tokio::task::JoinHandle<u32>>) -> f64 {
    let mut count = 0.0;
    for task in tasks {
        count += f64::from(task.await.unwrap());
    }
    count
}

/// How long it takes from an order to the active service, one after the other.
fn until_active(runtime: &Runtime, pace: Pace, name: &str, orders: usize) {
    let injected = Arc::default();
    let partners: Vec<Partner> = runtime.block_on(async {
        let mut partners = Vec::new();
        for domain in federation::DOMAINS {
            let of = Arc::clone(&injected);
            partners.push(Partner::start(domain, true, pace, 0, of).await);
        }
        partners
    });
    let files = tempfile::tempdir().unwrap();
    federation::write(files.path(), 100_000);
    let daemon = Daemon::start(
        tempfile::tempdir().unwrap(),
        &settings(files.path(), &partners),
    );
    let mut times = runtime.block_on(async {
        let mut client = Client::connect(daemon.address).await;
        for domain in federation::DOMAINS {
            let path = format!("/broker/v1/partners/{domain}");
            while client.ask("GET", &path, "").await.1["state"] != "active" {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        while client.ask("GET", "/readyz", "").await.0 != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Until the partners know where to notify us.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let body = order("2026-01-01T00:00:00Z");
        let mut times = Vec::new();
        for _ in 0..orders {
            let began = now();
            let (status, taken) = client.ask("POST", ORDERS, &body).await;
            assert_eq!(status, 201, "{taken}");
            let path = format!("{ORDERS}/{}", taken["id"].as_str().unwrap());
            loop {
                let state = client.ask("GET", &path, "").await.1["state"].clone();
                if state == "completed" {
                    break;
                }
                assert_ne!(state, "failed");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            times.push(began.elapsed());
        }
        times
    });
    times.sort_unstable();
    let millis = |at: usize| times[at.min(times.len() - 1)].as_secs_f64() * 1e3;
    println!(
        "three partners, {name}: from order to active {:.1} ms p50, {:.1} ms p99 ({orders} orders, one after the other)",
        millis(times.len() / 2),
        millis(times.len() * 99 / 100)
    );
}

/// The defaults, but for limits of requests.
fn settings(files: &Path, partners: &[Partner]) -> String {
    let mut settings = format!(
        "[limits]\nrequests_per_second = 100000\nburst = 100000\n[files]\nfolder = {:?}\n",
        files.display().to_string()
    );
    for partner in partners {
        let url = format!("http://{}", partner.address);
        settings.push_str(&federation::partner(partner.domain, &url, true));
    }
    settings
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures")]
fn now() -> Instant {
    Instant::now()
}
