//! What a whole request costs: `POST /costmap/pv` with the draft's service graph, through accept loop,
//! routing, authorisation, rate limit, metrics, search and encoding, against a bare hyper server that
//! sends a POST's body back. Both run in this process, in turn, each on one thread of its own. Compared
//! are the CPU time of that thread, as the kernel counts it, while sixteen connections keep it busy
//! (alone, a request mostly pays for waking the sleeping client), and the wall time of single requests.
//!
//! `cargo bench -p broker --bench request`. The figures are explained in docs/performance.md.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::http::server::Server;
use broker::http::{App, routes};
use broker::ingest::{Document, Inbox, Ingest, Input, News, Slot, SourceKey, SourceKind};
use broker::lso::Lso;
use broker::lso::interlude::Interlude;
use broker::lso::partners::book::Book;
use broker::metrics::Metrics;
use broker::published::Published;
use broker::settings::{Overrides, Settings, load};
use broker::store::memory::MemoryStore;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use nffg::export::Expected;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

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

    let broker = Running::start("broker", |listener| Box::pin(serve_broker(listener)));
    let mut clients = Client::connect(broker.address, "/costmap/pv", &request);
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
    let mut echo_clients = Client::connect(echo.address, "/", &vec![b' '; answer_bytes]);

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

#[expect(clippy::disallowed_methods, reason = "a benchmark measures")]
fn now() -> Instant {
    Instant::now()
}

/// A server on a thread of its own.
struct Running {
    address: SocketAddr,
    task: std::path::PathBuf,
}

type Serve = std::pin::Pin<Box<dyn Future<Output = ()>>>;

impl Running {
    fn start(name: &str, serve: impl FnOnce(TcpListener) -> Serve + Send + 'static) -> Self {
        let (send, receive) = std::sync::mpsc::channel();
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                let task = std::fs::read_link("/proc/thread-self").unwrap_or_default();
                send.send((listener.local_addr().expect("an address"), task))
                    .expect("somebody waits");
                serve(listener).await;
            });
        };
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(run)
            .expect("a thread");
        let (address, task) = receive.recv().expect("the server starts");
        Self {
            address,
            task: std::path::Path::new("/proc").join(task),
        }
    }

    /// CPU time of the server's thread so far; zero where the system does not tell.
    fn cpu(&self) -> Duration {
        let text = std::fs::read_to_string(self.task.join("schedstat")).unwrap_or_default();
        let nanos = text.split(' ').next().and_then(|field| field.parse().ok());
        Duration::from_nanos(nanos.unwrap_or(0))
    }
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

async fn serve_broker(listener: TcpListener) {
    let settings = settings();
    let metrics = Arc::new(Metrics::new());
    let config = alto::Config {
        server_name: settings.server_name.clone(),
        caps: settings.paths.caps(),
        limits: settings.alto.limits(),
    };
    let published = Arc::new(Published::new(config));
    let mut ingest = Ingest::new(&settings.domains, settings.rules());
    for domain in DOMAINS {
        let read =
            |name: &str| std::fs::read(format!("{DATA}/{domain}.{name}")).expect("an export");
        let id = domain.parse().expect("a domain");
        for (slot, name) in [
            (Slot::Resources, "get-config.xml"),
            (Slot::Topology, "topology.json"),
        ] {
            let document = Document::decode(&read(name), Expected::of(&id)).expect("an export");
            let source = SourceKey {
                domain: id.clone(),
                kind: SourceKind::Pull(slot),
            };
            let news = News::Document(Box::new(document));
            ingest.on(broker::clock::now(), Input { source, news });
        }
    }
    let changes = ingest.commit().unwrap_or_default();
    published.publish(ingest.idr(), ingest.idt(), Arc::default(), changes);
    let (lso, _wakes) = Lso::new(Arc::new(MemoryStore::new()));
    let interlude = Interlude::new(&settings.sof, Arc::clone(&metrics)).expect("a client");
    let app = App::over(
        settings.clone(),
        published,
        Inbox::new().0,
        Arc::new(Book::new(lso, Arc::new(interlude), None)),
        Arc::clone(&metrics),
    );
    let server = Server {
        listener,
        tls: None,
        router: routes(app),
        limits: settings.limits,
        metrics,
    };
    server.run(CancellationToken::new()).await;
}

fn settings() -> Settings {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let mut text = "[limits]\nrequests_per_second = 4000000000\nburst = 4000000000\n".to_owned();
    for domain in DOMAINS {
        text += &format!(
            "[[domains]]\nid = '{domain}'\nresources = 'http://127.0.0.1/'\ntopology = 'http://127.0.0.1/'\n"
        );
    }
    std::fs::write(file.path(), text).expect("written");
    load(Some(file.path()), &Overrides::default()).expect("valid settings")
}

/// The smallest HTTP/1.1 client: one connection, one request at a time.
struct Client {
    stream: TcpStream,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl Client {
    fn connect(address: SocketAddr, path: &str, body: &[u8]) -> Vec<Self> {
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nHost: broker\r\nAccept: application/alto-costmap+json\r\n\
             Content-Type: application/alto-costmapfilter+json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        let connect = |_| {
            let stream = TcpStream::connect(address).expect("a connection");
            stream.set_nodelay(true).expect("nodelay");
            Self {
                stream,
                request: request.clone(),
                buffer: vec![0; 1 << 16],
            }
        };
        (0..CONNECTIONS).map(connect).collect()
    }

    fn ask(&mut self) -> Vec<u8> {
        self.send();
        self.receive().to_vec()
    }

    fn send(&mut self) {
        self.stream.write_all(&self.request).expect("sent");
    }

    fn receive(&mut self) -> &[u8] {
        let mut filled = 0;
        let body = loop {
            let count = self
                .stream
                .read(&mut self.buffer[filled..])
                .expect("an answer");
            assert!(count > 0, "the server closed the connection");
            filled += count;
            let text = &self.buffer[..filled];
            let Some(head) = text.windows(4).position(|window| window == b"\r\n\r\n") else {
                continue;
            };
            let lines = std::str::from_utf8(&text[..head]).expect("a head is text");
            assert!(lines.starts_with("HTTP/1.1 200"), "{lines}");
            let length = lines
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length
                .and_then(|value| value.parse().ok())
                .expect("a length");
            if filled >= head + 4 + length {
                break head + 4..head + 4 + length;
            }
        };
        &self.buffer[body]
    }
}
