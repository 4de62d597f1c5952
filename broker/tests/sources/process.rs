//! `brokerd` as a process of its own, and how it is asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything here takes on the slowest machine that we care for.
const DEADLINE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(20);

/// Asks until the answer is there.
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    for _ in 0..DEADLINE.as_millis() / POLL.as_millis() {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::sleep(POLL);
    }
    panic!("{what}: not within {} s", DEADLINE.as_secs());
}

/// A broker, killed when the test is done with it.
pub(crate) struct Broker {
    process: Child,
    address: String,
    folder: TempDir,
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Broker {
    /// A broker with these settings, besides those of where it listens, of haste and of patience: it asks
    /// and looks often, and nothing ages.
    pub(crate) fn start(settings: &str) -> Self {
        Self::with_pace(
            "[pull]\ninterval = '50ms'\nretry_after = '20ms'\n[liveness]\nhold = '1h'\nexpire = '2h'\n",
            settings,
        )
    }

    /// The same with tables `[pull]` and `[liveness]` of one's own.
    pub(crate) fn with_pace(pace: &str, settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("broker.toml");
        std::fs::write(&file, format!("{pace}{settings}")).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_brokerd"))
            .arg("--config")
            .arg(&file)
            .args(["--listen", "127.0.0.1:0", "--set", "files.interval=50ms"])
            .args(["--set", "limits.requests_per_second=10000"])
            .args(["--set", "limits.burst=10000"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let mut broker = Self {
            process,
            address: String::new(),
            folder,
        };
        let address = line.trim().strip_prefix("listening on http://");
        broker.address = address
            .unwrap_or_else(|| panic!("it does not listen: {}", broker.log()))
            .to_owned();
        broker
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// `GET`: the status and the body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.ask("GET", path, "")
    }

    /// `PUT` of JSON: the status.
    pub(crate) fn put(&self, path: &str, body: &str) -> u16 {
        let length = body.len();
        let fields = format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
        self.ask("PUT", path, &format!("{fields}\r\n{body}")).0
    }

    /// One request and its answer; `rest` is what follows the fields that all have.
    fn ask(&self, method: &str, path: &str, rest: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let host = &self.address;
        let end = if rest.is_empty() { "\r\n" } else { rest };
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{end}");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    fn json(&self, path: &str) -> Option<Value> {
        let (status, body) = self.get(path);
        (status == 200).then(|| serde_json::from_str(&body).unwrap())
    }

    /// What is known of a domain, if anything is.
    pub(crate) fn domain(&self, id: &str) -> Option<Value> {
        self.json(&format!("/broker/v1/domains/{id}"))
    }

    /// The domains that are known.
    pub(crate) fn domains(&self) -> Vec<String> {
        let all = self.json("/broker/v1/domains").unwrap();
        let all = all["domains"].as_array().unwrap();
        all.iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// A source of a domain.
    pub(crate) fn source(&self, domain: &str, kind: &str) -> Option<Value> {
        let domain = self.domain(domain)?;
        let sources = domain["sources"].as_array().unwrap();
        sources
            .iter()
            .find(|source| source["kind"] == kind)
            .cloned()
    }

    /// The source of a domain that is this file.
    pub(crate) fn file(&self, domain: &str, path: &Path) -> Option<Value> {
        self.source(domain, &format!("file {}", path.display()))
    }

    /// The last error of a source, once it has one.
    pub(crate) fn error(&self, domain: &str, kind: &str) -> String {
        wait_for(&format!("the error of {domain} {kind}"), || {
            let source = self.source(domain, kind)?;
            source["last-error"].as_str().map(str::to_owned)
        })
    }

    /// Waits until this member of a domain is so.
    pub(crate) fn wait_until(&self, domain: &str, member: &str, value: &Value) -> Value {
        let mut last = None;
        for _ in 0..DEADLINE.as_millis() / POLL.as_millis() {
            last = self.domain(domain);
            if let Some(told) = last.as_ref().filter(|told| told[member] == *value) {
                return told.clone();
            }
            std::thread::sleep(POLL);
        }
        panic!("{domain}: {member} is not {value}: {last:#?}");
    }

    /// The cpus of a member, as the property map has them.
    pub(crate) fn cpu(&self, domain: &str) -> Option<u32> {
        let map = self.json("/propmap/full/inet-ucmspn").unwrap();
        let text = map["property-map"][format!("pid:{domain}")]["cpu"][0].as_str()?;
        text.strip_suffix(".0")?.parse().ok()
    }

    /// A metric, by its name and labels as they are printed.
    pub(crate) fn metric(&self, series: &str) -> Option<f64> {
        let (_, text) = self.get("/metrics");
        let line = text.lines().find_map(|line| line.strip_prefix(series))?;
        Some(line.trim().parse().unwrap())
    }

    /// The edges of the graph of domains, both ways alike: `1-121`.
    pub(crate) fn edges(&self) -> Vec<String> {
        let all = self.json("/broker/v1/domains").unwrap();
        let mut edges = Vec::new();
        for one in all["domains"].as_array().unwrap() {
            let id = one["id"].as_str().unwrap();
            for other in one["neighbours"].as_array().unwrap() {
                let mut ends = [id, other.as_str().unwrap()].map(|id| id.replace("AS", ""));
                ends.sort();
                edges.push(ends.join("-"));
            }
        }
        edges.sort();
        edges.dedup();
        edges
    }
}
