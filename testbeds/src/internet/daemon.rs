//! The broker under test: its settings, what members push to it, and what it tells of itself.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use broker::clock;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Plan;
use super::federation::{Federation, Offer};
use super::questions::{SAPS, nf_type};
use super::routes;
use crate::child::Child;
use crate::stage::{DEFAULT_LISTEN, free_port, is_free, ourselves};

/// No request is waited for any longer.
pub(super) const ANSWER: Duration = Duration::from_secs(600);
/// Members that push at once. They wait for versions together.
const AT_ONCE: usize = 200;

/// The settings file of `brokerd`, as far as it matters here.
#[derive(Serialize)]
struct Settings {
    listen: SocketAddr,
    paths: Paths,
    bgp: Bgp,
    limits: Limits,
    log: Log,
}

#[derive(Serialize)]
struct Paths {
    per_pair: usize,
    max_domains: usize,
    work: u64,
    heavy_requests: usize,
    max_placements: usize,
}

#[derive(Serialize)]
struct Bgp {
    listen: SocketAddr,
    propagators: [Propagator; 1],
}

#[derive(Serialize)]
struct Propagator {
    address: IpAddr,
    remote_as: u32,
    max_routes: usize,
}

#[derive(Serialize)]
struct Limits {
    requests_per_second: u32,
    burst: u32,
    members: usize,
    #[serde(with = "humantime_serde")]
    request_timeout: Duration,
}

/// A line for each of many thousand members is no news.
#[derive(Serialize)]
struct Log {
    filter: &'static str,
}

/// Domains in one path vector, at most: the broker's default.
pub(super) const MAX_DOMAINS: usize = 16;

/// A broker of its own.
#[derive(Debug)]
pub(super) struct Daemon {
    child: Child,
    bgp: SocketAddr,
    http: reqwest::Client,
}

impl Daemon {
    /// Starts it, for this federation.
    pub(super) async fn start(
        federation: &Federation,
        plan: &Plan,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let listen = match plan.listen {
            Some(listen) => listen,
            None if is_free(DEFAULT_LISTEN).await => DEFAULT_LISTEN,
            None => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        };
        let bgp = free_port().await.context("no free port for BGP")?;
        let settings = Settings {
            listen,
            paths: Paths {
                per_pair: plan.per_pair,
                max_domains: MAX_DOMAINS,
                work: plan.work,
                heavy_requests: plan.clients.max(1),
                max_placements: plan.k,
            },
            bgp: Bgp {
                listen: bgp,
                propagators: [Propagator {
                    address: Ipv4Addr::LOCALHOST.into(),
                    remote_as: routes::ROUTE_SERVER,
                    // And the sentinel's, which are told as time goes by.
                    max_routes: 2 * routes::count(federation) + 1_000_000,
                }],
            },
            limits: Limits {
                requests_per_second: 1_000_000,
                burst: 1_000_000,
                members: 2 * federation.len() + 1_000,
                request_timeout: ANSWER,
            },
            log: Log { filter: "warn" },
        };
        let file = folder.join("brokerd.toml");
        let text = toml::to_string(&settings).context("cannot write the broker's settings")?;
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        let mut command = ourselves(["brokerd", "--tied", "--", "--config"].map(OsString::from))?;
        command.args.push(file.into());
        let child = Child::start("the broker", &command, &folder.join("broker.log")).await?;
        Ok(Self {
            child,
            bgp,
            http: broker::egress::client(ANSWER, false, None)?,
        })
    }

    pub(super) fn child(&self) -> &Child {
        &self.child
    }

    /// Where it waits for the route server.
    pub(super) fn bgp(&self) -> SocketAddr {
        self.bgp
    }

    pub(super) async fn stop(self) {
        self.child.stop().await;
    }

    fn url(&self, path: &str) -> anyhow::Result<url::Url> {
        Ok(self.child.url().join(path)?)
    }

    /// How many routes a domain has told over BGP-LS, as far as answers have them; `None` while nobody
    /// knows of it.
    pub(super) async fn routes_of(&self, asn: u32) -> anyhow::Result<Option<u64>> {
        let url = self.url(&format!("/broker/v1/domains/AS{asn}"))?;
        let response = self.http.get(url).send().await?;
        if response.status() == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let domain: Value = response.error_for_status()?.json().await?;
        let sources = domain["sources"].as_array();
        Ok(sources.map(|all| all.iter().filter_map(|of| of["routes"].as_u64()).sum()))
    }

    /// Waits until answers have so many routes of a domain.
    ///
    /// # Errors
    /// They have not within `patience`.
    pub(super) async fn await_routes(
        &self,
        asn: u32,
        routes: u64,
        patience: Duration,
    ) -> anyhow::Result<()> {
        let until = clock::instant() + patience;
        let mut pause = Duration::from_millis(1);
        loop {
            if self.routes_of(asn).await? >= Some(routes) {
                return Ok(());
            }
            if clock::instant() > until {
                let log = self.child.last_words();
                bail!(
                    "the broker has not taken all routes within {} s{log}",
                    patience.as_secs()
                );
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// Every domain that has resources registers and pushes them.
    pub(super) async fn push_resources(&self, federation: &Federation) -> anyhow::Result<()> {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut pushing = JoinSet::new();
        for offer in federation.offers() {
            let id = federation.id(offer.domain);
            let registration = self.url(&format!("/broker/v1/domains/{id}"))?;
            let resources = self.url(&format!("/broker/v1/domains/{id}/resources"))?;
            let asn = federation.asn(offer.domain);
            let word =
                json!({"lifetime": 86_400, "entry-point": format!("http://mdo.as{asn}.example/")});
            let requests = [
                self.http.put(registration).json(&word),
                self.http.put(resources).json(&brief(offer)),
            ];
            let places = Arc::clone(&places);
            pushing.spawn(async move {
                let _place = places.acquire_owned().await?;
                for request in requests {
                    let response = request.send().await?;
                    let status = response.status();
                    if !status.is_success() {
                        bail!("a push was answered {status}: {}", response.text().await?);
                    }
                }
                anyhow::Ok(())
            });
        }
        while let Some(pushed) = pushing.join_next().await {
            pushed??;
        }
        Ok(())
    }

    /// What it counts.
    pub(super) async fn metrics(&self) -> anyhow::Result<Metrics> {
        let response = self.http.get(self.url("/metrics")?).send().await?;
        let text = response.error_for_status()?.text().await?;
        Ok(Metrics::read(&text))
    }

    /// What of its memory is resident, now and at most, in octets; `None` where the system does not say.
    pub(super) fn memory(&self) -> Option<Memory> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.pid())).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
            Some(kilobytes * 1024)
        };
        Some(Memory {
            resident: field("VmRSS:")?,
            peak: field("VmHWM:")?,
        })
    }
}

/// Resident memory, in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Memory {
    pub(super) resident: u64,
    pub(super) peak: u64,
}

/// What a domain pushes, as a brief (docs/formats/brief.md).
fn brief(offer: &Offer) -> Value {
    let [cpu, mem, storage] = offer.has;
    let nfs: Vec<String> = offer.nfs.iter().map(|nf| nf_type(*nf)).collect();
    let ports: Vec<&str> = offer.sap.iter().map(|sap| SAPS[*sap]).collect();
    json!({"cpu": cpu, "mem": mem, "storage": storage, "nf": nfs, "port": ports})
}

/// Of what the broker counts, what matters here.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Metrics {
    /// Domains in the maps.
    pub(super) members: Option<f64>,
    /// Versions of the maps.
    pub(super) versions: Option<f64>,
    /// Routes that it could not use.
    pub(super) skipped: f64,
    /// Seconds to index, by the words that the broker tells it with.
    pub(super) index_seconds: BTreeMap<String, f64>,
    /// Whether there is an index, by metric.
    pub(super) indexed: BTreeMap<String, f64>,
}

impl Metrics {
    /// From OpenMetrics text; what is not told is not there.
    fn read(text: &str) -> Self {
        let mut metrics = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, value)) = line.rsplit_once(' ') else {
                continue;
            };
            let Ok(value) = value.parse::<f64>() else {
                continue;
            };
            let (name, labels) = name.split_once('{').unwrap_or((name, ""));
            let label = labels.trim_end_matches('}').to_owned();
            match name {
                "brokerd_members" => metrics.members = Some(value),
                "brokerd_map_publications_total" => metrics.versions = Some(value),
                "brokerd_skipped_routes_total" => metrics.skipped += value,
                _ if name.ends_with("engine_indexed") => {
                    metrics.indexed.insert(label, value);
                }
                _ if name.contains("engine_index_seconds") && !name.ends_with("_bucket") => {
                    let what = name.rsplit_once("seconds").map_or("", |(_, rest)| rest);
                    let what = [label.as_str(), what.trim_start_matches('_')].join(" ");
                    metrics.index_seconds.insert(what.trim().to_owned(), value);
                }
                _ => {}
            }
        }
        metrics
    }

    /// Whether every index that is told of is there.
    pub(super) fn is_indexed(&self) -> bool {
        self.indexed.values().all(|is| *is > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_broker_counts_is_read() {
        let text = "# TYPE brokerd_members gauge\nbrokerd_members 7\nbrokerd_map_publications_total 3\n\
            brokerd_skipped_routes_total{domain=\"AS1\",source=\"bgp-ls 127.0.0.1\"} 2\n\
            broker_engine_indexed{metric=\"hops\"} 1\nbroker_engine_indexed{metric=\"delay\"} 0\n\
            broker_engine_index_seconds_sum{metric=\"hops\"} 2.5\n# EOF\n";
        let metrics = Metrics::read(text);
        assert_eq!((metrics.members, metrics.versions), (Some(7.0), Some(3.0)));
        assert_eq!(metrics.skipped.to_string(), "2");
        assert!(!metrics.is_indexed());
        let told: Vec<&String> = metrics.index_seconds.keys().collect();
        assert_eq!(told, ["metric=\"hops\" sum"]);
        assert!(Metrics::read("brokerd_members 7\n").is_indexed());
    }
}
