//! What was measured, in words and as a document.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::daemon::{Memory, Metrics};
use super::load::{Tallies, Times};
use super::questions::Kind;

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) world: String,
    pub(super) domains: usize,
    pub(super) links: usize,
    pub(super) routes: usize,
    /// From the first octet to the last one taken.
    pub(super) told: Duration,
    /// From the first octet until answers had all.
    pub(super) loaded: Duration,
    pub(super) memory_loaded: Option<Memory>,
    pub(super) offers: usize,
    /// For all resources to be pushed.
    pub(super) pushed: Duration,
    pub(super) before: Metrics,
    pub(super) after: Metrics,
    /// For the metrics to be told.
    pub(super) metrics_took: Duration,
    pub(super) memory_after: Option<Memory>,
    /// How long there was load.
    pub(super) asked: Duration,
    pub(super) clients: usize,
    pub(super) tallies: Tallies,
    pub(super) flaps: usize,
    pub(super) visible: Times,
    /// How often answers were compared.
    pub(super) checks: usize,
    pub(super) right: BTreeMap<&'static str, usize>,
    pub(super) unknown: usize,
    pub(super) wrong: Vec<Wrong>,
}

/// An answer that is not the right one.
#[derive(Clone, Debug)]
pub(super) struct Wrong {
    pub(super) path: &'static str,
    pub(super) request: Value,
    pub(super) right: Value,
    pub(super) came: Value,
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

fn millis(time: Option<Duration>) -> String {
    time.map_or_else(
        || "-".to_owned(),
        |time| format!("{:.2} ms", time.as_secs_f64() * 1e3),
    )
}

fn megabytes(memory: Option<Memory>) -> String {
    memory.map_or_else(
        || "unknown".to_owned(),
        |of| format!("{} MB, at most {} MB", of.resident >> 20, of.peak >> 20),
    )
}

impl Report {
    /// Versions that were published under load.
    fn versions(&self) -> Option<f64> {
        Some(self.after.versions? - self.before.versions?)
    }

    fn requests(&self) -> usize {
        self.tallies.values().map(|tally| tally.times.len()).sum()
    }

    fn per_second(&self) -> f64 {
        let requests = u32::try_from(self.requests()).unwrap_or(u32::MAX);
        f64::from(requests) / self.asked.as_secs_f64().max(1e-9)
    }

    fn index(&self) -> String {
        let told = self.after.index_seconds.iter();
        let told: Vec<String> = told
            .map(|(what, took)| format!("{what} {took:.3} s"))
            .collect();
        match told.is_empty() {
            true => "not told".to_owned(),
            false => told.join(", "),
        }
    }

    /// Whether every answer that was compared is the right one, and some were.
    pub(super) fn is_exact(&self) -> bool {
        self.wrong.is_empty() && (self.checks == 0 || self.right.values().sum::<usize>() > 0)
    }

    /// In words.
    pub(super) fn words(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name:<16}{value}");
        };
        let routes = self.routes as f64 / self.loaded.as_secs_f64().max(1e-9);
        line(
            "load",
            format!(
                "{} routes told in {}, in answers after {} ({routes:.0} routes/s)",
                self.routes,
                seconds(self.told),
                seconds(self.loaded)
            ),
        );
        line(
            "memory",
            format!("{} when loaded", megabytes(self.memory_loaded)),
        );
        line("", format!("{} after all", megabytes(self.memory_after)));
        line(
            "resources",
            format!(
                "{} domains, pushed in {}",
                self.offers,
                seconds(self.pushed)
            ),
        );
        line("index", self.index());
        line(
            "requests",
            format!(
                "{} clients, {}: {:.1} requests/s",
                self.clients,
                seconds(self.asked),
                self.per_second()
            ),
        );
        for kind in Kind::ALL {
            let Some(tally) = self.tallies.get(&kind) else {
                continue;
            };
            let mut value = format!(
                "{} answers, median {}, 99 % within {}, all within {}",
                tally.times.len(),
                millis(tally.times.percentile(50)),
                millis(tally.times.percentile(99)),
                millis(tally.times.percentile(100))
            );
            if tally.cut > 0 {
                let _ = write!(value, "; {} cut for their work", tally.cut);
            }
            for (what, count) in &tally.errors {
                let _ = write!(value, "; {count} times {what}");
            }
            line(&format!("  {}", kind.key()), value);
        }
        line(
            "flaps",
            format!(
                "{}; of {} seen in answers, median {}, 99 % within {}",
                self.flaps,
                self.visible.len(),
                millis(self.visible.percentile(50)),
                millis(self.visible.percentile(99))
            ),
        );
        let versions = self
            .versions()
            .map_or_else(|| "not told".to_owned(), |n| n.to_string());
        line("versions", format!("{versions} under load"));
        line("metrics", format!("told in {}", seconds(self.metrics_took)));
        let right: Vec<String> = self
            .right
            .iter()
            .map(|(kind, n)| format!("{n} {kind}"))
            .collect();
        let right = if right.is_empty() {
            "none".to_owned()
        } else {
            right.join(", ")
        };
        line(
            "exactness",
            format!(
                "right: {right}; wrong: {}; not compared: {} ({} times with the links at rest)",
                self.wrong.len(),
                self.unknown,
                self.checks
            ),
        );
        if let Some(first) = self.wrong.first() {
            let _ = write!(
                text,
                "\nThe first that is wrong: POST {}\n{}\nright\n{:#}\ncame\n{:#}\n",
                first.path, first.request, first.right, first.came
            );
        }
        text
    }

    /// As a document.
    pub(super) fn document(&self) -> Value {
        let requests = self.tallies.iter().map(|(kind, tally)| {
            let mut of = tally.times.document();
            of["cut"] = tally.cut.into();
            of["errors"] = json!(tally.errors);
            (kind.key().to_owned(), of)
        });
        let requests: serde_json::Map<String, Value> = requests.collect();
        let index = match self.after.index_seconds.is_empty() {
            true => json!("not told"),
            false => json!(self.after.index_seconds),
        };
        let memory = |of: Option<Memory>| of.map_or_else(|| json!("unknown"), |of| json!(of));
        let first = self.wrong.first().map(|wrong| {
            let Wrong {
                path,
                request,
                right,
                came,
            } = wrong;
            json!({"path": path, "request": request, "right": right, "came": came})
        });
        json!({
            "world": {"source": self.world, "domains": self.domains, "links": self.links},
            "load": {
                "routes": self.routes,
                "told-s": self.told.as_secs_f64(),
                "loaded-s": self.loaded.as_secs_f64(),
            },
            "memory": {"loaded": memory(self.memory_loaded), "after": memory(self.memory_after)},
            "resources": {"domains": self.offers, "pushed-s": self.pushed.as_secs_f64()},
            "index": index,
            "clients": self.clients,
            "asked-s": self.asked.as_secs_f64(),
            "requests-per-second": self.per_second(),
            "requests": requests,
            "flaps": {"count": self.flaps, "visible": self.visible.document()},
            "versions": self.versions(),
            "metrics-s": self.metrics_took.as_secs_f64(),
            "exactness": {
                "checks": self.checks,
                "right": self.right,
                "wrong": self.wrong.len(),
                "not-compared": self.unknown,
                "first-wrong": first,
            },
        })
    }
}
