//! Clients that watch the map.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use broker::clock;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use url::Url;

use super::federation::CHANGES;
use super::since;

/// What all clients note.
#[derive(Debug)]
pub(super) struct Board {
    /// What they watch.
    pub(super) map: &'static str,
    /// How many have begun.
    open: AtomicUsize,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
pub(super) struct Notes {
    /// When each change was sent to the broker.
    changed: BTreeMap<u32, Instant>,
    /// From a change until a stream's client had it.
    pub(super) streams: Vec<Duration>,
    /// The same of TIPS clients.
    pub(super) polls: Vec<Duration>,
    /// How many have each change.
    have: BTreeMap<u32, usize>,
    /// The octets of patches, as they were told.
    pub(super) patches: Vec<usize>,
    /// Octets that came over all connections.
    pub(super) octets: u64,
}

impl Board {
    pub(super) fn new(map: &'static str) -> Self {
        Self {
            map,
            open: AtomicUsize::new(0),
            notes: Mutex::default(),
        }
    }

    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This change is sent now.
    pub(super) fn changes(&self, change: u32) {
        self.notes().changed.insert(change, clock::instant());
    }

    fn has(&self, patch: &[u8], is_poll: bool) {
        let Some(change) = change_of(patch) else {
            return;
        };
        let mut notes = self.notes();
        *notes.have.entry(change).or_default() += 1;
        notes.patches.push(patch.len());
        let Some(changed) = notes.changed.get(&change).copied() else {
            return;
        };
        let took = since(changed);
        if is_poll {
            notes.polls.push(took);
        } else {
            notes.streams.push(took);
        }
    }

    /// Waits until so many have begun.
    pub(super) async fn until_open(
        &self,
        clients: usize,
        patience: Duration,
    ) -> anyhow::Result<()> {
        let until = clock::instant() + patience;
        while self.open.load(Ordering::Acquire) < clients {
            if clock::instant() > until {
                bail!(
                    "only {} of {clients} watch",
                    self.open.load(Ordering::Acquire)
                );
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Waits until so many have a change.
    pub(super) async fn until_all_have(
        &self,
        change: u32,
        clients: usize,
        patience: Duration,
    ) -> anyhow::Result<()> {
        let until = clock::instant() + patience;
        loop {
            let have = self.notes().have.get(&change).copied().unwrap_or(0);
            if have >= clients {
                return Ok(());
            }
            if clock::instant() > until {
                bail!("only {have} of {clients} have the last change");
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Which change a patch is of: its costs have six digits, of which the last ones say it.
fn change_of(patch: &[u8]) -> Option<u32> {
    let mut numbers = patch.rsplit(|octet| !octet.is_ascii_digit());
    let cost = numbers.find(|digits| digits.len() == 6)?;
    let cost: u32 = str::from_utf8(cost).ok()?.parse().ok()?;
    Some(cost % CHANGES)
}

/// What one client keeps: its events and their data.
pub(super) type Kept = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Opens an update stream and reads it for ever. Who has no tag takes all, and keeps what it is told.
pub(super) fn subscribe(
    clients: &mut JoinSet<anyhow::Result<()>>,
    url: &Url,
    board: &Arc<Board>,
    tag: Option<&str>,
) -> Kept {
    let kept = Kept::default();
    let mut add = json!({"resource-id": board.map});
    if let Some(tag) = tag {
        add["tag"] = tag.into();
    }
    let body = json!({"add": {"map": add}}).to_string();
    let client = Stream {
        board: Arc::clone(board),
        kept: tag.is_none().then(|| Arc::clone(&kept)),
        wants: if tag.is_none() { 2 } else { 1 },
        event: Vec::new(),
    };
    let url = url.clone();
    clients.spawn(async move { client.read(&url, &body).await });
    kept
}

struct Stream {
    board: Arc<Board>,
    kept: Option<Kept>,
    /// Events until it has begun.
    wants: usize,
    /// What came of the next event.
    event: Vec<u8>,
}

impl Stream {
    async fn read(mut self, url: &Url, body: &str) -> anyhow::Result<()> {
        let address = url.socket_addrs(|| None)?;
        let address = address.first().context("the broker has no address")?;
        let mut stream = TcpStream::connect(address).await?;
        let head = format!(
            "POST /updates HTTP/1.1\r\nHost: {address}\r\n\
             Content-Type: application/alto-updatestreamparams+json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        let mut octets = vec![0; 256 << 10];
        let mut ready: Vec<u8> = Vec::new();
        let mut in_body = false;
        loop {
            let count = stream.read(&mut octets).await?;
            if count == 0 {
                bail!("the broker ended a stream");
            }
            self.board.notes().octets += count as u64;
            ready.extend_from_slice(octets.get(..count).unwrap_or_default());
            if !in_body {
                let Some(end) = find(&ready, b"\r\n\r\n") else {
                    continue;
                };
                if !ready.starts_with(b"HTTP/1.1 200") {
                    bail!("a stream was refused: {}", String::from_utf8_lossy(&ready));
                }
                ready.drain(..end + 4);
                in_body = true;
            }
            self.chunks(&mut ready)?;
        }
    }

    /// Takes the chunks that are there whole.
    fn chunks(&mut self, ready: &mut Vec<u8>) -> anyhow::Result<()> {
        let mut at = 0;
        while let Some(rest) = ready.get(at..)
            && let Some(end) = find(rest, b"\r\n")
        {
            let size = rest.get(..end).and_then(|size| str::from_utf8(size).ok());
            let size = usize::from_str_radix(size.unwrap_or_default(), 16)?;
            let from = end + 2;
            let Some(chunk) = rest.get(from..from + size + 2) else {
                break;
            };
            let from = self.event.len().saturating_sub(1);
            self.event
                .extend_from_slice(chunk.get(..size).unwrap_or_default());
            self.events(from);
            at += end + 2 + size + 2;
        }
        ready.drain(..at);
        Ok(())
    }

    /// Takes the events that are there whole; of the first all before `from` has been looked at.
    fn events(&mut self, mut from: usize) {
        while let Some(end) = self.event.get(from..).and_then(|rest| find(rest, b"\n\n")) {
            let rest = self.event.split_off(from + end + 2);
            let event = std::mem::replace(&mut self.event, rest);
            from = 0;
            let Some((name, data)) = parts(&event) else {
                continue;
            };
            if name.contains("-patch+json") {
                self.board.has(&data, false);
            }
            if let Some(kept) = &self.kept {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.push((name, data));
            }
            if self.wants > 0 {
                self.wants -= 1;
                if self.wants == 0 {
                    self.board.open.fetch_add(1, Ordering::Release);
                }
            }
        }
    }
}

/// The name of an event and its data; `None` of a comment.
fn parts(event: &[u8]) -> Option<(String, Vec<u8>)> {
    let mut lines = event.split(|octet| *octet == b'\n');
    let name = lines.next()?.strip_prefix(b"event: ")?;
    let data = lines.filter_map(|line| line.strip_prefix(b"data: "));
    let data: Vec<&[u8]> = data.collect();
    Some((
        String::from_utf8_lossy(name).into_owned(),
        data.join(&b'\n'),
    ))
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

/// The document that a client has who applied all that it was told.
pub(super) fn replayed(told: &[(String, Vec<u8>)]) -> anyhow::Result<Value> {
    let mut document = Value::Null;
    for (name, data) in told {
        let Some((media_type, _)) = name.rsplit_once(',') else {
            continue;
        };
        match media_type {
            "application/merge-patch+json" => {
                json_patch::merge(&mut document, &serde_json::from_slice(data)?);
            }
            "application/json-patch+json" => {
                let patch: json_patch::Patch = serde_json::from_slice(data)?;
                json_patch::patch(&mut document, &patch)?;
            }
            _ => document = serde_json::from_slice(data)?,
        }
    }
    Ok(document)
}

/// Opens the TIPS view of the map and waits for each next edge, for ever.
pub(super) fn poll(
    clients: &mut JoinSet<anyhow::Result<()>>,
    http: &reqwest::Client,
    url: &Url,
    board: &Arc<Board>,
    tag: &str,
) {
    let (http, url, board, tag) = (http.clone(), url.clone(), Arc::clone(board), tag.to_owned());
    clients.spawn(async move {
        let request = json!({"resource-id": board.map, "tag": tag}).to_string();
        let opening = http
            .post(url.join("/tips")?)
            .header("Content-Type", "application/alto-tipsparams+json")
            .body(request);
        let opened: Value = opening.send().await?.error_for_status()?.json().await?;
        let view = opened["tips-view-uri"]
            .as_str()
            .context("no tips-view-uri")?;
        let summary = &opened["tips-view-summary"]["updates-graph-summary"];
        let mut from = summary["end-seq"].as_u64().context("no end-seq")?;
        board.open.fetch_add(1, Ordering::Release);
        loop {
            let edge = format!("{view}/ug/{from}/{}", from + 1);
            let response = http.get(edge).send().await?;
            // Nothing was new for a while.
            if response.status() == reqwest::StatusCode::SERVICE_UNAVAILABLE {
                continue;
            }
            let patch = response.error_for_status()?.bytes().await?;
            board.notes().octets += patch.len() as u64;
            board.has(&patch, true);
            from += 1;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_says_which_change_it_is_of() {
        let patch = br#"{"cost-map":{"AS1139":{"AS1140":200042},"AS1140":{"AS1139":200042}}}"#;
        assert_eq!(change_of(patch), Some(42));
        let patch = br#"[{"op":"replace","path":"/cost-map/AS1/AS2","value":230007}]"#;
        assert_eq!(change_of(patch), Some(7));
        assert_eq!(change_of(b"{}"), None);
    }

    #[test]
    fn events_are_read_however_they_are_cut() {
        let board = Arc::new(Board::new("map"));
        let kept = Kept::default();
        let mut stream = Stream {
            board: Arc::clone(&board),
            kept: Some(Arc::clone(&kept)),
            wants: 2,
            event: Vec::new(),
        };
        let text = "event: application/json,map\ndata: {\"a\":\ndata: 1}\n\n:\n\n\
             event: application/merge-patch+json,map\ndata: {\"b\":200003}\n\n";
        let chunks: Vec<String> = text
            .as_bytes()
            .chunks(7)
            .map(|chunk| {
                format!(
                    "{:x}\r\n{}\r\n",
                    chunk.len(),
                    str::from_utf8(chunk).unwrap()
                )
            })
            .collect();
        let mut ready = Vec::new();
        for octet in chunks.concat().bytes() {
            ready.push(octet);
            stream.chunks(&mut ready).unwrap();
        }
        let kept = kept.lock().unwrap();
        assert_eq!(kept.len(), 2);
        assert_eq!(replayed(&kept).unwrap(), json!({"a": 1, "b": 200_003}));
        assert_eq!(board.open.load(Ordering::Acquire), 1);
        assert_eq!(board.notes().patches, [12]);
    }
}
