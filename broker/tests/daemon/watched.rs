//! A federation that changes, and clients that watch it: a reader of update streams, and what applies patches.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, Daemon, settings};

pub(crate) const PARAMS: &str = "application/alto-updatestreamparams+json";
pub(crate) const TIPS_PARAMS: &str = "application/alto-tipsparams+json";
pub(crate) const MERGE: &str = "application/merge-patch+json";
pub(crate) const JSON_PATCH: &str = "application/json-patch+json";

/// What a domain tells in UNIFY's JSON: its prefixes, and its links to others with their delays.
pub(crate) fn topology(domain: u32, prefixes: &[String], links: &[(u32, u32)]) -> String {
    let port = |at: u32, other: u32| format!("192.0.{at}.{other}");
    let name = |domain: u32| format!("AS{domain}");
    let node = |of: u32, metadata: Value, ports: Vec<String>| {
        let ports: Vec<Value> = ports
            .iter()
            .map(|port| json!({"id": port, "metadata": []}))
            .collect();
        json!({"id": name(of), "metadata": metadata, "links": {"link": []}, "ports": {"port": ports}})
    };
    let told = prefixes.iter().flat_map(|prefix| {
        let (address, length) = prefix.split_once('/').unwrap();
        [
            json!({"key": "reachability_ipv4_address", "value": address}),
            json!({"key": "reachability_prefix", "value": length}),
        ]
    });
    let own = links.iter().map(|(other, _)| port(domain, *other));
    let mut nodes = vec![node(domain, told.collect(), own.collect())];
    nodes.extend(
        links
            .iter()
            .map(|(other, _)| node(*other, json!([]), vec![port(*other, domain)])),
    );
    let end = |of: u32, port: &str| format!("/nodes/node[id={}]/ports/port[id={port}]", name(of));
    let links: Vec<Value> = links
        .iter()
        .map(|(other, delay)| {
            json!({
                "src": end(domain, &port(domain, *other)), "dst": end(*other, &port(*other, domain)),
                "resources": {"delay": delay.to_string(), "bandwidth": "1000"},
            })
        })
        .collect();
    json!({"name": name(domain), "metadata": [], "nodes": {"node": nodes}, "links": {"link": links}})
        .to_string()
}

/// A daemon that reads the files of a folder, with AS1 - AS2 - AS3.
pub(crate) struct Federation {
    pub(crate) daemon: Daemon,
    folder: tempfile::TempDir,
}

impl Federation {
    pub(crate) fn start(more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap().to_owned();
        let mut pairs = vec![
            ("files.folder", path.as_str()),
            ("files.interval", "10ms"),
            ("limits.requests_per_second", "100000"),
            ("limits.burst", "100000"),
        ];
        pairs.extend(more);
        let federation = Self {
            daemon: Daemon::start(settings(&pairs)),
            folder,
        };
        federation.delay(10);
        federation.tell(2, &topology(2, &prefix(2), &[(1, 10), (3, 10)]));
        federation.tell(3, &topology(3, &prefix(3), &[(2, 10)]));
        federation.until("/costmap/full/delay-ow", |map| {
            map["cost-map"]["AS1"]["AS3"].is_number()
        });
        federation
    }

    /// Stops the daemon, and starts one over the same files.
    pub(crate) fn restart(self) -> Self {
        let Self { daemon, folder } = self;
        daemon.stop().unwrap();
        let path = folder.path().to_str().unwrap().to_owned();
        let pairs = [("files.folder", path.as_str()), ("files.interval", "10ms")];
        let federation = Self {
            daemon: Daemon::start(settings(&pairs)),
            folder,
        };
        federation.until("/costmap/full/delay-ow", |map| {
            map["cost-map"]["AS1"]["AS3"].is_number()
        });
        federation
    }

    /// A domain tells something else from now on.
    pub(crate) fn tell(&self, domain: u32, text: &str) {
        // A file is there whole or not at all.
        let part = self.folder.path().join("part");
        std::fs::write(&part, text).unwrap();
        let name = self.folder.path().join(format!("AS{domain}.json"));
        std::fs::rename(part, name).unwrap();
    }

    /// The link from AS1 to AS2 takes so long from now on.
    pub(crate) fn delay(&self, delay: u32) {
        self.tell(1, &topology(1, &prefix(1), &[(2, delay)]));
    }

    /// A domain tells nothing any more.
    pub(crate) fn leave(&self, domain: u32) {
        std::fs::remove_file(self.folder.path().join(format!("AS{domain}.json"))).unwrap();
    }

    /// The link takes so long, and everybody sees it.
    pub(crate) fn delay_and_wait(&self, delay: u32) {
        self.delay(delay);
        self.until("/costmap/full/delay-ow", |map| {
            map["cost-map"]["AS1"]["AS2"] == delay
        });
    }

    /// What a resource says.
    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.daemon.get(path, "");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    /// Waits until a resource says what is wanted.
    pub(crate) fn until(&self, path: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..2_000 {
            let answer = self.daemon.get(path, "");
            if answer.status == 200 && is_wanted(&answer.json()) {
                return answer.json();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{path} does not say what is wanted");
    }

    /// The value of a metric; of one with labels the sum.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = self.daemon.get("/metrics", "").body;
        let is_named = |line: &&str| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with([' ', '{']))
        };
        let values = text.lines().filter(is_named);
        values
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum()
    }

    /// Waits until a metric has this value.
    pub(crate) fn until_metric(&self, name: &str, value: f64) {
        for _ in 0..2_000 {
            if self.metric(name) == value {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{name} is {}, not {value}", self.metric(name));
    }

    /// Opens an update stream.
    pub(crate) fn watch(&self, add: &Value) -> Reader {
        Reader::open(&self.daemon, &json!({ "add": add })).unwrap_or_else(|answer| {
            panic!("{}: {}", answer.status, answer.body);
        })
    }

    /// Asks a control service.
    pub(crate) fn control(&self, uri: &str, request: &Value) -> Answer {
        self.daemon.post(uri, PARAMS, &request.to_string())
    }
}

pub(crate) fn prefix(domain: u32) -> Vec<String> {
    vec![format!("10.{domain}.0.0/16")]
}

/// An event of a stream (HTML, server-sent events, 9.2.6).
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) data: String,
}

impl Event {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap()
    }
}

/// A client of an update stream that reads when it likes.
pub(crate) struct Reader {
    lines: Chunked,
    pub(crate) head: String,
    /// What it has, by data-id.
    pub(crate) documents: std::collections::BTreeMap<String, Value>,
    pub(crate) comments: usize,
}

/// The lines of a chunked body.
struct Chunked {
    stream: BufReader<TcpStream>,
    ready: Vec<u8>,
}

impl Chunked {
    /// `None` at the end of the body, or of the connection.
    fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.ready.iter().position(|octet| *octet == b'\n') {
                let rest = self.ready.split_off(end + 1);
                let mut line = std::mem::replace(&mut self.ready, rest);
                line.pop();
                return Some(String::from_utf8(line).unwrap());
            }
            let mut size = String::new();
            if self.stream.read_line(&mut size).unwrap() == 0 {
                return None;
            }
            let size = usize::from_str_radix(size.trim(), 16).unwrap();
            let mut chunk = vec![0; size + 2];
            std::io::Read::read_exact(&mut self.stream, &mut chunk).unwrap();
            if size == 0 {
                return None;
            }
            self.ready.extend_from_slice(&chunk[..size]);
        }
    }
}

impl Reader {
    /// Opens a stream, or is refused.
    pub(crate) fn open(daemon: &Daemon, request: &Value) -> Result<Self, Answer> {
        Self::open_at(daemon, "/updates", request)
    }

    /// The same at another address.
    pub(crate) fn open_at(daemon: &Daemon, path: &str, request: &Value) -> Result<Self, Answer> {
        let body = request.to_string();
        let mut stream = daemon.connect();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream,application/alto-error+json\r\n\
             Content-Type: {PARAMS}\r\nContent-Length: {}\r\n\r\n",
            daemon.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(stream.read_line(&mut head).unwrap() > 0, "{head}");
        }
        head.make_ascii_lowercase();
        if head.contains("transfer-encoding: chunked") {
            return Ok(Self {
                lines: Chunked {
                    stream,
                    ready: Vec::new(),
                },
                head,
                documents: std::collections::BTreeMap::new(),
                comments: 0,
            });
        }
        let (_, length) = head.split_once("content-length: ").unwrap();
        let length: usize = length.lines().next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        std::io::Read::read_exact(&mut stream, &mut body).unwrap();
        Err(Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            headers: head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: String::from_utf8(body).unwrap(),
        })
    }

    /// The next event, applied; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Event> {
        let (mut name, mut data) = (String::new(), Vec::new());
        loop {
            let line = self.lines.line()?;
            if line.is_empty() {
                if name.is_empty() {
                    continue;
                }
                let data = data.join("\n");
                let event = Event { name, data };
                self.apply(&event);
                return Some(event);
            }
            if line.starts_with(':') {
                self.comments += 1;
            } else if let Some(value) = line.strip_prefix("event: ") {
                value.clone_into(&mut name);
            } else if let Some(value) = line.strip_prefix("data: ") {
                data.push(value.to_owned());
            } else {
                panic!("no field of ours: {line}");
            }
        }
    }

    fn apply(&mut self, event: &Event) {
        let Some((kind, id)) = event.name.rsplit_once(',') else {
            return;
        };
        match kind {
            MERGE | JSON_PATCH => patch(self.documents.get_mut(id).unwrap(), kind, &event.json()),
            _ if kind.starts_with("multipart/") => {}
            _ => drop(self.documents.insert(id.to_owned(), event.json())),
        }
    }

    /// Reads until it has this of a substream.
    pub(crate) fn until(&mut self, id: &str, is_wanted: impl Fn(&Value) -> bool) {
        while !self.documents.get(id).is_some_and(&is_wanted) {
            self.next().expect("the stream goes on");
        }
    }

    /// The address of the control service, of the first message.
    pub(crate) fn control_uri(&mut self) -> String {
        let first = self.next().unwrap();
        assert_eq!(first.name, "application/alto-updatestreamcontrol+json");
        first.json()["control-uri"].as_str().unwrap().to_owned()
    }
}

/// Applies a patch of either form, as this server writes them.
pub(crate) fn patch(value: &mut Value, kind: &str, patch: &Value) {
    if kind == MERGE {
        return merge(value, patch);
    }
    for operation in patch.as_array().unwrap() {
        let path = operation["path"].as_str().unwrap();
        let (parent, last) = path.rsplit_once('/').unwrap_or(("", ""));
        let name = last.replace("~1", "/").replace("~0", "~");
        let new = operation.get("value").cloned();
        if path.is_empty() {
            *value = new.unwrap();
            continue;
        }
        match value.pointer_mut(parent).unwrap() {
            Value::Object(members) => match new {
                Some(new) => drop(members.insert(name, new)),
                None => drop(members.remove(&name).unwrap()),
            },
            Value::Array(elements) => {
                let at: usize = name.parse().unwrap();
                match operation["op"].as_str().unwrap() {
                    "add" => elements.insert(at, new.unwrap()),
                    "replace" => elements[at] = new.unwrap(),
                    _ => drop(elements.remove(at)),
                }
            }
            other => panic!("{path} of {other}"),
        }
    }
}

/// RFC 7396 §2.
fn merge(value: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        patch.clone_into(value);
        return;
    };
    if !value.is_object() {
        *value = json!({});
    }
    for (name, patch) in members {
        if patch.is_null() {
            value.as_object_mut().unwrap().remove(name);
        } else {
            merge(&mut value[name], patch);
        }
    }
}
