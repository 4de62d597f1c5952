//! What a whole request costs: `POST /costmap/pv` with the draft's service graph, through accept loop,
//! routing, authorisation, rate limit, metrics, search and encoding, against a bare hyper server that
//! sends a POST's body back. Both run in this process, in turn, each on one thread of its own. Compared
//! are the CPU time of that thread, as the kernel counts it, while sixteen connections keep it busy
//! (alone, a request mostly pays for waking the sleeping client), and the wall time of single requests.
//!
//! `cargo bench -p broker --bench request`. The figures are explained in docs/performance.md.

mod serving;

use std::time::Duration;

use broker::ingest::Slot;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serving::{Client, Export, Running, now, serve_broker};
use tokio::net::TcpListener;

/// As in `brokerd`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../testbeds/3as");
const DOMAINS: [&str; 3] = ["AS1", "AS2", "AS3"];
const ROUNDS: usize = 7;
const CONNECTIONS: usize = 16;

#[expect(
    clippy::print_stdout,
    reason = "a benchmark reports on standard output"
)]
fn main() {
    // `cargo test --benches` wants to know that it runs, not how fast.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let requests = if is_bench { 20_000 } else { 200 };
    let request = std::fs::read(format!("{DATA}/request-sg.json")).expect("the draft's request");
    let expected = std::fs::read_to_string(format!("{DATA}/expected-costmap.json"))
        .expect("the draft's answer");
    let expected: serde_json::Value = serde_json::from_str(&expected).expect("JSON");

    let broker = Running::start("broker", |listener| {
        Box::pin(serve_broker(listener, exports()))
    });
    let connect = |server: &Running, request: &[u8]| {
        Client::connect(CONNECTIONS, server.address, request, 1 << 16)
    };
    let mut clients = connect(&broker, &post("/costmap/pv", &request));
    let answer: serde_json::Value = serde_json::from_slice(&clients[0].ask()).expect("JSON");
    assert_eq!(
        answer["cost-map"], expected["cost-map"],
        "a fast wrong answer is no result"
    );
    // The echo sends back as much as the broker answers.
    let answer_bytes = serde_json::to_vec(&answer)
        .map(|bytes| bytes.len())
        .unwrap_or(request.len());
    let echo = Running::start("echo", |listener| Box::pin(serve_echo(listener)));
    let mut echo_clients = connect(&echo, &post("/", &vec![b' '; answer_bytes]));

    let (mut broker_rounds, mut echo_rounds) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        echo_rounds.push(round(&echo, &mut echo_clients, requests));
        broker_rounds.push(round(&broker, &mut clients, requests));
    }
    let last: serde_json::Value = serde_json::from_slice(&clients[0].ask()).expect("JSON");
    assert_eq!(last["cost-map"], expected["cost-map"]);
    println!("{ROUNDS} rounds of {requests} requests each, in turn; medians over the rounds");
    println!(
        "{:28} {:>12} {:>12} {:>12}",
        "", "server CPU", "wall p50", "wall p99"
    );
    let echo = report("bare hyper, POST echo", &echo_rounds);
    let broker = report("POST /costmap/pv, 3-AS", &broker_rounds);
    println!(
        "{:28} {:>11.2}x {:>11.2}x {:>11.2}x",
        "ratio",
        broker[0] / echo[0],
        broker[1] / echo[1],
        broker[2] / echo[2]
    );
    println!(
        "p99 / p50 of POST /costmap/pv: {:.2}",
        broker[2] / broker[1]
    );
}

/// Microseconds: server CPU a request, p50 and p99 of the wall time.
type Figures = [f64; 3];

fn round(server: &Running, clients: &mut [Client], requests: usize) -> Figures {
    let before = server.cpu();
    for _ in 0..requests / clients.len() {
        clients.iter_mut().for_each(Client::send);
        for client in &mut *clients {
            client.receive();
        }
    }
    let asked = requests / clients.len() * clients.len();
    let cpu = (server.cpu() - before).as_secs_f64() * 1e6 / asked as f64;
    let mut walls: Vec<Duration> = (0..requests)
        .map(|_| {
            let began = now();
            clients[0].ask();
            began.elapsed()
        })
        .collect();
    walls.sort_unstable();
    let micros = |at: usize| walls[at.min(walls.len() - 1)].as_secs_f64() * 1e6;
    [cpu, micros(requests / 2), micros(requests * 99 / 100)]
}

#[expect(
    clippy::print_stdout,
    reason = "a benchmark reports on standard output"
)]
fn report(name: &str, rounds: &[Figures]) -> Figures {
    let median = |column: usize| {
        let mut values: Vec<f64> = rounds.iter().map(|round| round[column]).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let figures = [median(0), median(1), median(2)];
    println!(
        "{name:28} {:>9.2} us {:>9.2} us {:>9.2} us",
        figures[0], figures[1], figures[2]
    );
    figures
}

async fn serve_echo(listener: TcpListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        let _ = stream.set_nodelay(true);
        let echo = |request: Request<Incoming>| async move {
            let body = request.into_body().collect().await?.to_bytes();
            Ok::<_, hyper::Error>(Response::new(Full::new(body)))
        };
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service_fn(echo));
        tokio::spawn(async move {
            let _ = connection.await;
        });
    }
}

/// What the members of the draft's example export.
fn exports() -> Vec<Export> {
    let read = |name: String| std::fs::read(format!("{DATA}/{name}")).expect("an export");
    let export = |domain: &str| {
        let documents = vec![
            (Slot::Resources, read(format!("{domain}.get-config.xml"))),
            (Slot::Topology, read(format!("{domain}.topology.json"))),
        ];
        (domain.to_owned(), documents)
    };
    DOMAINS.map(export).to_vec()
}

/// A request as its octets.
fn post(path: &str, body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: broker\r\nAccept: application/alto-costmap+json\r\n\
         Content-Type: application/alto-costmapfilter+json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}
