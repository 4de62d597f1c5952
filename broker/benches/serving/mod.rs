//! What the benches of whole requests share: servers on a thread or in a process of their own whose CPU
//! time can be told, the broker over some exports, and a client.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
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
use nffg::export::Expected;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The clock of a bench.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A server whose CPU time can be told: a thread or a process.
pub(crate) struct Running {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    task: PathBuf,
}

type Serve = std::pin::Pin<Box<dyn Future<Output = ()>>>;

impl Running {
    /// A server on a thread of its own.
    pub(crate) fn start(
        name: &str,
        serve: impl FnOnce(TcpListener) -> Serve + Send + 'static,
    ) -> Self {
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
            task: Path::new("/proc").join(task),
        }
    }

    /// A server that is a process of one thread.
    #[allow(dead_code, reason = "not every bench has one")]
    pub(crate) fn process(address: SocketAddr, id: u32) -> Self {
        Self {
            address,
            task: Path::new("/proc").join(id.to_string()),
        }
    }

    /// CPU time of the server so far; zero where the system does not tell.
    pub(crate) fn cpu(&self) -> Duration {
        let text = std::fs::read_to_string(self.task.join("schedstat")).unwrap_or_default();
        let nanos = text.split(' ').next().and_then(|field| field.parse().ok());
        Duration::from_nanos(nanos.unwrap_or(0))
    }
}

/// What a domain exports.
pub(crate) type Export = (String, Vec<(Slot, Vec<u8>)>);

/// Serves the broker over these exports.
pub(crate) async fn serve_broker(listener: TcpListener, exports: Vec<Export>) {
    let settings = settings(&exports);
    let metrics = Arc::new(Metrics::new());
    let config = alto::Config {
        server_name: settings.server_name.clone(),
        caps: settings.paths.caps(),
        limits: settings.alto.limits(),
    };
    let published = Arc::new(Published::new(config));
    let mut ingest = Ingest::new(&settings.domains, settings.rules());
    for (domain, documents) in exports {
        let id = domain.parse().expect("a domain");
        for (slot, text) in documents {
            let document = Document::decode(&text, Expected::of(&id)).expect("an export");
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

fn settings(exports: &[Export]) -> Settings {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let mut text = "[limits]\nrequests_per_second = 4000000000\nburst = 4000000000\n".to_owned();
    for (domain, _) in exports {
        text += &format!(
            "[[domains]]\nid = '{domain}'\nresources = 'http://127.0.0.1/'\ntopology = 'http://127.0.0.1/'\n"
        );
    }
    std::fs::write(file.path(), text).expect("written");
    load(Some(file.path()), &Overrides::default()).expect("valid settings")
}

/// The smallest HTTP/1.1 client: one connection, one request at a time.
pub(crate) struct Client {
    stream: TcpStream,
    request: Vec<u8>,
    buffer: Vec<u8>,
    /// Octets of the head of the last answer, and of all of it.
    head: usize,
    filled: usize,
}

impl Client {
    /// So many connections that send the same, and take answers of up to `most` octets.
    pub(crate) fn connect(
        count: usize,
        address: SocketAddr,
        request: &[u8],
        most: usize,
    ) -> Vec<Self> {
        let connect = |_| {
            let stream = TcpStream::connect(address).expect("a connection");
            stream.set_nodelay(true).expect("nodelay");
            Self {
                stream,
                request: request.to_vec(),
                buffer: vec![0; most],
                head: 0,
                filled: 0,
            }
        };
        (0..count).map(connect).collect()
    }

    /// Sends the request, and waits for the answer's body.
    pub(crate) fn ask(&mut self) -> Vec<u8> {
        self.send();
        self.receive().to_vec()
    }

    /// Sends the request.
    pub(crate) fn send(&mut self) {
        self.stream.write_all(&self.request).expect("sent");
    }

    /// The body of the answer.
    pub(crate) fn receive(&mut self) -> &[u8] {
        self.filled = 0;
        let end = loop {
            let count = (self.stream)
                .read(&mut self.buffer[self.filled..])
                .expect("an answer");
            assert!(count > 0, "the server closed the connection");
            self.filled += count;
            let text = &self.buffer[..self.filled];
            if let Some(end) = text.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
        };
        self.head = end + 4;
        let length = match self.status() {
            304 => 0,
            200 => {
                let length = self.field("content-length").expect("a length");
                length.parse().expect("a number")
            }
            other => panic!("{other}"),
        };
        let whole = self.head + length;
        while self.filled < whole {
            let rest = &mut self.buffer[self.filled..whole];
            self.filled += self.stream.read(rest).expect("the rest");
        }
        &self.buffer[self.head..whole]
    }

    fn status(&self) -> u16 {
        let text = std::str::from_utf8(&self.buffer[9..12]).expect("a status");
        text.parse().expect("a status")
    }

    /// A field of the last answer's head.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let head = std::str::from_utf8(&self.buffer[..self.head]).expect("a head is text");
        let mut fields = head.lines().filter_map(|line| line.split_once(": "));
        let field = fields.find(|(known, _)| known.eq_ignore_ascii_case(name));
        field.map(|(_, value)| value.to_owned())
    }
}
