//! `brokerd` as a process of its own, and a client that is not ours: curl where it is installed, else
//! reqwest.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// A broker on a free port, ended when dropped.
pub(crate) struct Broker {
    pub(crate) address: SocketAddr,
    pub(crate) process: Child,
    pub(crate) folder: TempDir,
}

impl Broker {
    /// One with these settings (TOML) over the defaults; `listen` is told already.
    pub(crate) fn start(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("broker.toml"), settings).unwrap();
        let (process, address) = run(&folder);
        Self {
            address,
            process,
            folder,
        }
    }

    /// Ends it, and starts it again with the same settings.
    pub(crate) fn restart(&mut self) {
        // It may have stopped already.
        let _ = self.process.kill();
        self.process.wait().unwrap();
        (self.process, self.address) = run(&self.folder);
    }

    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask {
        Ask {
            method: method.to_owned(),
            url: format!("http://{}{path}", self.address),
            headers: Vec::new(),
            body: None,
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).send()
    }

    /// A connection on which `begin` has been sent, to go on by hand.
    pub(crate) fn connect(&self, begin: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let patience = Some(Duration::from_secs(20));
        stream.set_read_timeout(patience).unwrap();
        stream.write_all(begin.as_bytes()).unwrap();
        stream
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn run(folder: &TempDir) -> (Child, SocketAddr) {
    let log = folder.path().join("log");
    let mut command = Command::new(env!("CARGO_BIN_EXE_brokerd"));
    // Settings of a broker that lives here too are not meant.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BROKERD_") {
            command.env_remove(name);
        }
    }
    let mut process = command
        .arg("--config")
        .arg(folder.path().join("broker.toml"))
        .args(["--listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://");
    let Some(address) = address.and_then(|address| address.parse().ok()) else {
        let _ = process.kill();
        let ended = process.wait();
        let log = std::fs::read_to_string(log).unwrap_or_default();
        panic!("brokerd did not start: {line:?} {ended:?}\n{log}");
    };
    (process, address)
}

/// A request.
#[derive(Clone)]
pub(crate) struct Ask {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Ask {
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    pub(crate) fn body(mut self, media_type: &str, body: impl AsRef<[u8]>) -> Self {
        self.body = Some(body.as_ref().to_vec());
        self.header("Content-Type", media_type)
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) fn send(self) -> Answer {
        if *HAS_CURL {
            self.by_curl()
        } else {
            self.by_reqwest()
        }
    }

    fn by_curl(self) -> Answer {
        let mut command = Command::new("curl");
        command.args(["--silent", "--include", "--http1.1", "--max-time", "60"]);
        command.args(["--globoff", "--path-as-is", "--noproxy", "*"]);
        match self.method.as_str() {
            "HEAD" => command.arg("--head"),
            method => command.args(["--request", method]),
        };
        // Only what the test says: none of curl's own types, no waiting for 100 Continue.
        for own in ["Expect:", "Content-Type:"] {
            command.args(["--header", own]);
        }
        for (name, value) in &self.headers {
            // A header without a value is written so for curl.
            let line = if value.is_empty() {
                format!("{name};")
            } else {
                format!("{name}: {value}")
            };
            command.args(["--header", &line]);
        }
        if self.body.is_some() {
            command.args(["--data-binary", "@-"]);
        }
        command.arg(&self.url);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut input = process.stdin.take().unwrap();
        let body = self.body.unwrap_or_default();
        let writer = std::thread::spawn(move || drop(input.write_all(&body)));
        let mut output = Vec::new();
        process
            .stdout
            .take()
            .unwrap()
            .read_to_end(&mut output)
            .unwrap();
        let ended = process.wait().unwrap();
        writer.join().unwrap();
        // An answer that came before the whole body went is an answer, too.
        Answer::parse(&output)
            .unwrap_or_else(|| panic!("{} {}: no answer ({ended})", self.method, self.url))
    }

    fn by_reqwest(self) -> Answer {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let mut request = client.request(self.method.parse().unwrap(), &self.url);
            for (name, value) in &self.headers {
                request = request.header(name, value);
            }
            if let Some(body) = self.body {
                request = request.body(body);
            }
            let response = request.send().await.unwrap();
            let header =
                |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
                    (name.as_str().to_owned(), value.to_str().unwrap().to_owned())
                };
            Answer {
                status: response.status().as_u16(),
                headers: response.headers().iter().map(header).collect(),
                body: response.bytes().await.unwrap().to_vec(),
            }
        })
    }
}

static HAS_CURL: LazyLock<bool> = LazyLock::new(|| {
    let has_curl = Command::new("curl").arg("--version").output().is_ok();
    if !has_curl {
        assert!(std::env::var_os("CI").is_none(), "curl must be there in CI");
        println!("curl is not installed: asking by reqwest");
    }
    has_curl
});

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The last answer of what curl shows, after those that only say to go on.
    fn parse(mut output: &[u8]) -> Option<Self> {
        loop {
            let end = output.windows(4).position(|four| four == b"\r\n\r\n")?;
            let head = std::str::from_utf8(&output[..end]).ok()?;
            let mut lines = head.lines();
            let status: u16 = lines.next()?.split(' ').nth(1)?.parse().ok()?;
            output = &output[end + 4..];
            if status >= 200 {
                let header = |line: &str| {
                    let (name, value) = line.split_once(':')?;
                    Some((name.to_ascii_lowercase(), value.trim().to_owned()))
                };
                return Some(Self {
                    status,
                    headers: lines.filter_map(header).collect(),
                    body: output.to_vec(),
                });
            }
        }
    }

    /// By its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(of, _)| of == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn etag(&self) -> &str {
        self.header("etag")
            .unwrap_or_else(|| panic!("no ETag: {self}"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// The same answer, which must be of this status; of an error, it must be a problem (RFC 9457).
    #[track_caller]
    pub(crate) fn must(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        if status >= 400 && !self.body.is_empty() {
            assert_eq!(
                self.header("content-type"),
                Some("application/problem+json"),
                "{self}"
            );
            assert_eq!(self.json()["status"], status, "{self}");
        }
        self
    }

    /// The body, which must be text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// What went wrong, in words.
    pub(crate) fn detail(&self) -> String {
        self.json()["detail"].as_str().unwrap().to_owned()
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body: String = String::from_utf8_lossy(&self.body)
            .chars()
            .take(2000)
            .collect();
        write!(f, "{} {:?}\n{body}", self.status, self.headers)
    }
}

/// Asks until `ask` has what it wants; fails if that never comes.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(found) = ask() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("never: {what}");
}
