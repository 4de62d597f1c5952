//! What was measured, in words and as a document.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::subscriber::Board;

/// Resident memory, in octets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    resident: u64,
    peak: u64,
}

impl Memory {
    /// Of a process; `None` where the system does not say.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
            Some(kilobytes * 1024)
        };
        Some(Self {
            resident: field("VmRSS:")?,
            peak: field("VmHWM:")?,
        })
    }
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) pids: u32,
    pub(super) prefixes: u32,
    pub(super) subscribers: usize,
    pub(super) polls: usize,
    pub(super) is_wide: bool,
    pub(super) map_octets: usize,
    /// Until the map had all domains.
    pub(super) loaded: Duration,
    /// Until all clients watched.
    pub(super) opened: Duration,
    pub(super) changing: Duration,
    pub(super) changes: u32,
    pub(super) memory_loaded: Option<Memory>,
    pub(super) memory_open: Option<Memory>,
    pub(super) memory_after: Option<Memory>,
    /// From the change to the patch, of streams and of polls, sorted.
    pub(super) streams: Vec<Duration>,
    pub(super) tips: Vec<Duration>,
    /// Octets of patches, sorted.
    pub(super) patches: Vec<usize>,
    pub(super) octets: u64,
    pub(super) compared: usize,
    pub(super) wrong: Vec<String>,
}

fn quantile<T: Copy>(sorted: &[T], of: f64) -> Option<T> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * of).round() as usize).copied()
}

fn millis(time: Option<Duration>) -> Value {
    time.map_or(Value::Null, |time| (time.as_secs_f64() * 1e3).into())
}

fn shown(time: Option<Duration>) -> String {
    time.map_or_else(
        || "-".to_owned(),
        |time| format!("{:.1} ms", time.as_secs_f64() * 1e3),
    )
}

fn megabytes(memory: Option<Memory>) -> String {
    memory.map_or_else(
        || "unknown".to_owned(),
        |of| format!("{} MB, at most {} MB", of.resident >> 20, of.peak >> 20),
    )
}

impl Report {
    /// What the clients noted.
    pub(super) fn take(&mut self, board: &Board) {
        let mut notes = board.notes();
        self.streams = std::mem::take(&mut notes.streams);
        self.tips = std::mem::take(&mut notes.polls);
        self.patches = std::mem::take(&mut notes.patches);
        self.octets = notes.octets;
        self.streams.sort_unstable();
        self.tips.sort_unstable();
        self.patches.sort_unstable();
    }

    /// Whether every client that was compared has what a fresh GET gives.
    pub(super) fn is_right(&self) -> bool {
        self.wrong.is_empty()
    }

    /// In words.
    pub(super) fn words(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name:<16}{value}");
        };
        let pairs = u64::from(self.pids) * u64::from(self.pids);
        line(
            "federation",
            format!(
                "{} PIDs, {} prefixes, {pairs} pairs",
                self.pids, self.prefixes
            ),
        );
        line(
            "map",
            format!(
                "{} octets, whole after {:.1} s",
                self.map_octets,
                self.loaded.as_secs_f64()
            ),
        );
        line(
            "watched by",
            format!(
                "{} streams, {} TIPS clients, open within {:.2} s",
                self.subscribers,
                self.polls,
                self.opened.as_secs_f64()
            ),
        );
        let what = if self.is_wide {
            "a row"
        } else {
            "a pair of costs"
        };
        line(
            "changes",
            format!(
                "{} within {:.1} s, of {what} each",
                self.changes,
                self.changing.as_secs_f64()
            ),
        );
        line(
            "patch",
            format!(
                "{} octets in the middle",
                quantile(&self.patches, 0.5).unwrap_or(0)
            ),
        );
        for (name, times) in [
            ("to streams", &self.streams),
            ("to TIPS clients", &self.tips),
        ] {
            let at = |of| shown(quantile(times, of));
            line(
                name,
                format!(
                    "{} patches; from the change: median {}, 90 % {}, 99 % {}, at most {}",
                    times.len(),
                    at(0.5),
                    at(0.9),
                    at(0.99),
                    at(1.0)
                ),
            );
        }
        line("sent", format!("{} octets", self.octets));
        line(
            "memory",
            format!("{} when loaded", megabytes(self.memory_loaded)),
        );
        line(
            "",
            format!("{} when all watch", megabytes(self.memory_open)),
        );
        line("", format!("{} after all", megabytes(self.memory_after)));
        line(
            "compared",
            format!(
                "{} clients with a fresh GET, {} wrong",
                self.compared,
                self.wrong.len()
            ),
        );
        for wrong in &self.wrong {
            line("wrong", wrong.clone());
        }
        text
    }

    /// As a document.
    pub(super) fn document(&self) -> Value {
        let times = |sorted: &[Duration]| {
            json!({
                "patches": sorted.len(),
                "median-ms": millis(quantile(sorted, 0.5)),
                "p90-ms": millis(quantile(sorted, 0.9)),
                "p99-ms": millis(quantile(sorted, 0.99)),
                "max-ms": millis(quantile(sorted, 1.0)),
            })
        };
        let memory = |memory: Option<Memory>| {
            memory.map(|of| json!({"resident": of.resident, "peak": of.peak}))
        };
        json!({
            "pids": self.pids,
            "prefixes": self.prefixes,
            "map-octets": self.map_octets,
            "streams": self.subscribers,
            "tips-clients": self.polls,
            "loaded-s": self.loaded.as_secs_f64(),
            "opened-s": self.opened.as_secs_f64(),
            "changes": self.changes,
            "wide": self.is_wide,
            "patch-octets": quantile(&self.patches, 0.5),
            "to-streams": times(&self.streams),
            "to-tips-clients": times(&self.tips),
            "sent-octets": self.octets,
            "memory": {
                "loaded": memory(self.memory_loaded),
                "open": memory(self.memory_open),
                "after": memory(self.memory_after),
            },
            "compared": self.compared,
            "wrong": self.wrong,
        })
    }
}
