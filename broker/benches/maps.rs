//! What it costs to send a map that is there already: lines 11 and 12 of docs/performance.md. GET of a map
//! of 1 kB, 100 kB and 10 MB, and 304 in place of the first, through accept loop, routing, authorisation,
//! rate limit, negotiation and metrics; against a bare hyper server that sends the same octets, and against
//! nginx that sends them as a file, where it is installed. Compared is the CPU time of the server, as the
//! kernel counts it, while some connections keep it busy.
//!
//! `cargo bench -p broker --bench maps`. The figures are explained in docs/performance.md.

mod serving;

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use broker::ingest::Slot;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serving::{Client, Export, Running, now, serve_broker};
use tokio::net::TcpListener;

/// As in `brokerd`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 7;
const JSON: &str = "application/alto-costmap+json";

/// A map of one size, and how often it is asked for in a round.
struct Case {
    name: &'static str,
    path: &'static str,
    domains: usize,
    is_held: bool,
    connections: usize,
    requests: usize,
    /// How much of hyper's CPU time it may take.
    target: f64,
}

const CASES: [Case; 4] = [
    Case {
        name: "1 kB",
        path: "/networkmap",
        domains: 24,
        is_held: false,
        connections: 16,
        requests: 32_000,
        target: 1.3,
    },
    Case {
        name: "304",
        path: "/networkmap",
        domains: 24,
        is_held: true,
        connections: 16,
        requests: 32_000,
        target: 1.3,
    },
    Case {
        name: "100 kB",
        path: "/costmap/full/hopcount",
        domains: 100,
        is_held: false,
        connections: 16,
        requests: 8_000,
        target: 1.05,
    },
    Case {
        name: "10 MB",
        path: "/costmap/full/hopcount",
        domains: 1_000,
        is_held: false,
        connections: 4,
        requests: 160,
        target: 1.05,
    },
];

#[expect(
    clippy::print_stdout,
    reason = "a benchmark reports on standard output"
)]
fn main() {
    // `cargo test --benches` wants to know that it runs, not how fast.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    println!("{ROUNDS} rounds in turn; medians of the server's CPU time for a request");
    println!(
        "{:8} {:>10} {:>12} {:>12} {:>12} {:>12} {:>10}",
        "", "octets", "hyper", "nginx", "broker", "x hyper", "target"
    );
    for case in CASES {
        let scale = if is_bench { 1 } else { 100 };
        if !is_bench && case.domains > 100 {
            continue;
        }
        case.run(scale);
    }
}

impl Case {
    #[expect(
        clippy::print_stdout,
        reason = "a benchmark reports on standard output"
    )]
    fn run(&self, scale: usize) {
        let domains = self.domains;
        let broker = Running::start("broker", move |listener| {
            Box::pin(serve_broker(listener, exports(domains)))
        });
        let mut first = self.clients(broker.address, "", None);
        let body = Bytes::from(first[0].ask());
        let hyper = Running::start("hyper", {
            let body = body.clone();
            move |listener| Box::pin(serve_bare(listener, body))
        });
        let nginx = Nginx::start(self.path, &body);
        let mut servers = vec![&hyper, &broker];
        servers.extend(nginx.as_ref().map(|nginx| &nginx.running));
        let mut clients: Vec<Vec<Client>> = servers
            .iter()
            .map(|server| self.ready(server.address, &body))
            .collect();
        let requests = (self.requests / scale).max(self.connections);
        let mut rounds = vec![Vec::new(); servers.len()];
        let mut memory = Vec::new();
        for _ in 0..ROUNDS {
            for (at, server) in servers.iter().enumerate() {
                rounds[at].push(self.round(server, &mut clients[at], requests, body.len()));
            }
            memory.push(resident());
        }
        let figures: Vec<f64> = rounds.into_iter().map(median).collect();
        let told = figures.get(2).map_or_else(
            || "not there".to_owned(),
            |figure| format!("{figure:.2} us"),
        );
        println!(
            "{:8} {:>10} {:>9.2} us {told:>12} {:>9.2} us {:>12.2} {:>10.2}",
            self.name,
            body.len(),
            figures[0],
            figures[1],
            figures[1] / figures[0],
            self.target
        );
        if let [_, after, .., last] = memory[..] {
            let gained = last.saturating_sub(after);
            let asked = requests * (ROUNDS - 2);
            println!("         resident memory gained over the last {asked} requests: {gained} kB");
            // Some pages come and go; a request that left anything behind would show.
            assert!(gained < 16 << 10, "memory grows with requests");
        }
    }

    /// CPU time of a request, in microseconds.
    fn round(
        &self,
        server: &Running,
        clients: &mut [Client],
        requests: usize,
        length: usize,
    ) -> f64 {
        let expected = if self.is_held { 0 } else { length };
        let before = server.cpu();
        let began = now();
        let turns = requests.div_ceil(clients.len());
        for _ in 0..turns {
            clients.iter_mut().for_each(Client::send);
            for client in &mut *clients {
                assert_eq!(client.receive().len(), expected);
            }
            assert!(began.elapsed() < Duration::from_secs(300), "it hangs");
        }
        (server.cpu() - before).as_secs_f64() * 1e6 / (turns * clients.len()) as f64
    }

    fn clients(&self, address: SocketAddr, more: &str, count: Option<usize>) -> Vec<Client> {
        let path = self.path;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n{more}\r\n");
        let room = self.domains * self.domains * 16 + (64 << 10);
        let count = count.unwrap_or(1);
        Client::connect(count, address, request.as_bytes(), room)
    }

    /// Clients of a server that sends the right octets, or says that they are there.
    fn ready(&self, address: SocketAddr, body: &[u8]) -> Vec<Client> {
        let mut first = self.clients(address, "", None);
        assert!(first[0].ask() == body, "a fast wrong answer is no result");
        let held = first[0].field("etag").filter(|_| self.is_held);
        let held = held.map(|tag| format!("If-None-Match: {tag}\r\n"));
        self.clients(address, &held.unwrap_or_default(), Some(self.connections))
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Resident memory of this process, in kB; zero where the system does not tell.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// A ring of domains.
fn exports(domains: usize) -> Vec<Export> {
    let export = |n: usize| {
        // Each end of a link names the other.
        let (next, last) = (n % domains + 1, (n + domains - 2) % domains + 1);
        let text = format!(
            "entry-point: https://mdo{n}.example/escape\ncpu: 50\nprefixes: [10.{}.{}.0/24]\n\
             neighbours: [{{domain: AS{next}, delay: 3 ms}}, {{domain: AS{last}, delay: 3 ms}}]\n",
            n / 256,
            n % 256
        )
        .into_bytes();
        let documents = vec![(Slot::Resources, text.clone()), (Slot::Topology, text)];
        (format!("AS{n}"), documents)
    };
    (1..=domains).map(export).collect()
}

/// hyper alone: the same octets whatever is asked, or 304 to who has them.
async fn serve_bare(listener: TcpListener, body: Bytes) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        let _ = stream.set_nodelay(true);
        let body = body.clone();
        let answer = move |request: Request<Incoming>| {
            let held = request.headers().contains_key(header::IF_NONE_MATCH);
            let (status, body) = match held {
                true => (StatusCode::NOT_MODIFIED, Bytes::new()),
                false => (StatusCode::OK, body.clone()),
            };
            let response = Response::builder()
                .status(status)
                .header(header::CONTENT_TYPE, JSON)
                .header(header::ETAG, "\"0123456789abcdef0123456789abcdef\"")
                .header(header::CACHE_CONTROL, "no-cache")
                .body(Full::new(body));
            async { response }
        };
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service_fn(answer));
        tokio::spawn(async move {
            let _ = connection.await;
        });
    }
}

/// nginx with one process and one file.
struct Nginx {
    running: Running,
    process: Child,
    _folder: tempfile::TempDir,
}

impl Nginx {
    /// `None`, with a plain message, where it is not installed.
    #[expect(
        clippy::print_stdout,
        reason = "a benchmark reports on standard output"
    )]
    fn start(path: &str, body: &[u8]) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("www").join(path.trim_start_matches('/'));
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(&file, body).expect("a file");
        // It takes no port 0: a port that was free a moment ago.
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let dir = folder.path().display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = temporary
            .map(|kind| format!("{kind}_temp_path {dir}/{kind};\n"))
            .concat();
        let config = format!(
            "daemon off;\nmaster_process off;\npid {dir}/pid;\nerror_log {dir}/error.log;\n\
             events {{ worker_connections 64; }}\n\
             http {{\n{temporary}access_log off;\nsendfile on;\ntcp_nodelay on;\n\
             keepalive_requests 100000000;\nopen_file_cache max=10;\ndefault_type {JSON};\n\
             server {{ listen {address}; root {dir}/www; }}\n}}\n"
        );
        let config_file = folder.path().join("nginx.conf");
        std::fs::write(&config_file, config).expect("a file");
        let process = Command::new("nginx")
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(&config_file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(process) = process else {
            println!("nginx is not installed: left out");
            return None;
        };
        let nginx = Self {
            running: Running::process(address, process.id()),
            process,
            _folder: folder,
        };
        let is_up = (0..500).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            std::net::TcpStream::connect(address).is_ok()
        });
        assert!(is_up, "nginx does not start");
        Some(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
