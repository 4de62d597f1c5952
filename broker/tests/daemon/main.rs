//! The daemon over real sockets: what a client may do to it, and what it does then.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: a panic is the failure, a skipped test says so"
)]

mod alto;
mod clients;
mod coding;
mod cors;
mod curl;
mod frames;
mod hostile;
mod http;
mod http2;
mod limits;
mod methods;
mod process;
mod stop;
mod tips;
mod tips_summaries;
mod tls;
mod updates_peers;
mod updates_sse;
mod watched;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use broker::settings::{Overrides, Settings, load};
use tokio_util::sync::CancellationToken;

/// A daemon on a free port, in this process, stopped when dropped.
struct Daemon {
    address: SocketAddr,
    stop: CancellationToken,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// Settings from `key = value` pairs over the defaults.
fn settings(pairs: &[(&str, &str)]) -> Settings {
    let pairs = [("listen", "127.0.0.1:0")]
        .iter()
        .chain(pairs)
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    load(None, &Overrides { pairs }).expect("the test's settings are valid")
}

impl Daemon {
    fn start(settings: Settings) -> Self {
        let stop = CancellationToken::new();
        let (send, receive) = std::sync::mpsc::channel();
        let token = stop.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let run = broker::daemon::run(settings, token, move |address, _| {
                send.send(address).unwrap();
            });
            runtime.block_on(run).unwrap();
        });
        let address = receive
            .recv_timeout(Duration::from_secs(10))
            .expect("the daemon listens");
        Self {
            address,
            stop,
            thread: Some(thread),
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        // Long enough for a loaded machine, short enough that a hang is a failure.
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
    }

    /// One request on a connection of its own, and the whole answer.
    fn ask(&self, request: &str) -> Answer {
        let mut stream = self.connect();
        stream
            .write_all(request.replace('\n', "\r\n").as_bytes())
            .unwrap();
        read_answer(&mut stream)
    }

    fn get(&self, path: &str, headers: &str) -> Answer {
        self.ask(&format!(
            "GET {path} HTTP/1.1\nHost: broker\nConnection: close\n{headers}\n"
        ))
    }

    fn post(&self, path: &str, content_type: &str, body: &str) -> Answer {
        let length = body.len();
        let mut stream = self.connect();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: broker\r\nConnection: close\r\n\
             Content-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        read_answer(&mut stream)
    }

    /// Tells the daemon to stop and waits until it has.
    fn stop(mut self) -> std::thread::Result<()> {
        self.stop.cancel();
        self.thread.take().expect("stopped once").join()
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

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// Reads to the end of the connection.
fn read_answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // A reset after the answer (of a body that was not read) is not our question here.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).expect("answers are text");
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .unwrap()
        .parse()
        .unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Answer {
        status,
        headers,
        body: body.to_owned(),
    }
}
