//! A federation of an ALTO server's production size, of which a link changes all the time, and clients that watch
//! a full cost map: how long it takes from the change until they have it.
//!
//! ```text
//!  changer ──PUT topology──▶ brokerd ──┬── server-sent events ──▶ subscribers, a connection each
//!     │                               └── long polls (TIPS) ───▶ subscribers
//!     └─ the delay says which change it is ◀── read from the patch ──┘
//! ```
//!
//! Subscribers have the map already and say so, as they would in production; some take all of it, keep what they
//! are told, and at the end have to have what a fresh GET gives.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use broker::clock;
use broker::ctl::output;
use reqwest::header::ETAG;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use url::Url;

use crate::child::Child;
use crate::scratch;
use crate::stage::ourselves;
use federation::Federation;
use report::{Memory, Report};
use subscriber::{Board, poll, subscribe};

mod federation;
mod report;
mod subscriber;

/// What to do.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Domains, each a PID.
    pub pids: u32,
    /// Prefixes of all together.
    pub prefixes: u32,
    /// Update streams.
    pub subscribers: usize,
    /// TIPS clients.
    pub tips: usize,
    /// Streams besides, of clients that keep what they are told.
    pub sample: usize,
    /// How long the link changes.
    pub duration: Duration,
    /// Changes per second.
    pub changes: u32,
    /// All that a domain sends goes over the link, so that a row of the map changes, and not the costs of one pair.
    pub wide: bool,
    /// How long the broker has to take something.
    pub patience: Duration,
    /// One JSON document rather than words.
    pub json: bool,
}

/// What is watched.
const MAP: &str = "costmap-delay-ow";
const MAP_URI: &str = "/costmap/full/delay-ow";
/// Members that push at once. They wait for versions together.
const AT_ONCE: usize = 200;

/// Sets the federation up, has it watched, and tells what came of it. Says whether the clients that were compared
/// have what they have to have.
///
/// # Errors
/// The broker does not come up or does not take what it is told.
pub async fn run(plan: &Plan) -> anyhow::Result<bool> {
    let report = scratch::within("updates", async |folder| measure(plan, folder).await).await?;
    let text = match plan.json {
        true => format!("{:#}\n", report.document()),
        false => report.words(),
    };
    output::print(&text).context("cannot write to standard output")?;
    Ok(report.is_right())
}

async fn measure(plan: &Plan, folder: &Path) -> anyhow::Result<Report> {
    let federation = Federation::new(plan.pids, plan.prefixes, plan.wide);
    let broker = Broker::start(plan, folder).await?;
    let mut report = Report {
        pids: plan.pids,
        prefixes: plan.prefixes,
        subscribers: plan.subscribers,
        polls: plan.tips,
        is_wide: plan.wide,
        ..Report::default()
    };
    let began = clock::instant();
    broker.load(&federation).await?;
    let (tag, octets) = broker.settle(&federation, plan.patience).await?;
    report.loaded = began.elapsed();
    report.map_octets = octets;
    report.memory_loaded = broker.memory();

    let board = Arc::new(Board::new(MAP));
    let mut clients = JoinSet::new();
    let url = broker.child.url();
    let began = clock::instant();
    let kept: Vec<_> = (0..plan.sample)
        .map(|_| subscribe(&mut clients, url, &board, None))
        .collect();
    for _ in 0..plan.subscribers {
        subscribe(&mut clients, url, &board, Some(&tag));
    }
    for _ in 0..plan.tips {
        poll(&mut clients, &broker.http, url, &board, &tag);
    }
    let watching = plan.sample + plan.subscribers + plan.tips;
    board.until_open(watching, plan.patience).await?;
    report.opened = began.elapsed();
    report.memory_open = broker.memory();

    let began = clock::instant();
    let until = began + plan.duration;
    let pause = Duration::from_secs(1) / plan.changes.max(1);
    let (mut change, mut next) = (0, began);
    while next < until && change < federation::CHANGES - 1 {
        change += 1;
        board.changes(change);
        broker
            .put(&federation, federation.changing(), change)
            .await?;
        next = (next + pause).max(clock::instant());
        sleep_until(next).await;
    }
    report.changes = change;
    report.changing = began.elapsed();
    // The last one: who has it has all.
    change += 1;
    board.changes(change);
    broker
        .put(&federation, federation.changing(), change)
        .await?;
    board
        .until_all_have(change, watching, plan.patience)
        .await?;
    report.memory_after = broker.memory();
    report.take(&board);
    if let Some(failed) = clients.try_join_next() {
        failed??;
    }
    let fresh: Value = broker.get(MAP_URI).await?.json().await?;
    for kept in kept {
        let told = kept
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        report.compared += 1;
        match subscriber::replayed(&told) {
            Ok(document) if document == fresh => {}
            Ok(_) => report
                .wrong
                .push("it has another map than a fresh GET gives".to_owned()),
            Err(error) => report.wrong.push(format!("{error:#}")),
        }
    }
    clients.abort_all();
    broker.child.stop().await;
    Ok(report)
}

/// The broker under test.
struct Broker {
    child: Child,
    http: reqwest::Client,
}

impl Broker {
    async fn start(plan: &Plan, folder: &Path) -> anyhow::Result<Self> {
        let all = plan.subscribers + plan.sample + plan.tips;
        let settings = format!(
            "listen = \"127.0.0.1:0\"\nlog.filter = \"warn\"\n\
             [limits]\nrequests_per_second = 1000000\nburst = 1000000\nconnections = {connections}\n\
             connections_per_client = {connections}\nmembers = {members}\nrequest_timeout = \"10m\"\n\
             [alto.updates]\nstreams = {all}\nstreams_per_client = {all}\nsubstreams_per_client = {all}\npolls = {all}\npolls_per_client = {all}\n",
            connections = 2 * all + 1_000,
            members = 2 * plan.pids + 10,
        );
        let file = folder.join("brokerd.toml");
        std::fs::write(&file, settings)
            .with_context(|| format!("cannot write {}", file.display()))?;
        let mut command =
            ourselves(["brokerd", "--tied", "--", "--config"].map(std::ffi::OsString::from))?;
        command.args.push(file.into());
        let child = Child::start("the broker", &command, &folder.join("broker.log")).await?;
        Ok(Self {
            child,
            http: broker::egress::client(Duration::from_secs(600), false, None)?,
        })
    }

    fn url(&self, path: &str) -> anyhow::Result<Url> {
        Ok(self.child.url().join(path)?)
    }

    async fn get(&self, path: &str) -> anyhow::Result<reqwest::Response> {
        let response = self.http.get(self.url(path)?).send().await?;
        Ok(response.error_for_status()?)
    }

    /// A domain tells its topology, with the changing link as of this change.
    async fn put(&self, federation: &Federation, domain: u32, change: u32) -> anyhow::Result<()> {
        let url = self.url(&format!("/broker/v1/domains/AS{domain}/topology"))?;
        let request = self
            .http
            .put(url)
            .json(&federation.topology(domain, change));
        accepted(request.send().await?).await
    }

    /// All domains register and tell their topologies.
    async fn load(&self, federation: &Federation) -> anyhow::Result<()> {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut pushing = JoinSet::new();
        for domain in federation.domains() {
            let registration = self.url(&format!("/broker/v1/domains/AS{domain}"))?;
            let topology = self.url(&format!("/broker/v1/domains/AS{domain}/topology"))?;
            let word = json!({"lifetime": 86_400, "entry-point": format!("http://mdo.as{domain}.example/")});
            let requests = [
                self.http.put(registration).json(&word),
                self.http
                    .put(topology)
                    .json(&federation.topology(domain, 0)),
            ];
            let places = Arc::clone(&places);
            pushing.spawn(async move {
                let _place = places.acquire_owned().await?;
                for request in requests {
                    accepted(request.send().await?).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(pushed) = pushing.join_next().await {
            pushed??;
        }
        Ok(())
    }

    /// Waits until the map has all domains. Says its tag and its octets.
    async fn settle(
        &self,
        federation: &Federation,
        patience: Duration,
    ) -> anyhow::Result<(String, usize)> {
        let until = clock::instant() + patience;
        loop {
            let response = self.get(MAP_URI).await?;
            let tag = response.headers().get(ETAG).context("a map without ETag")?;
            let tag = tag.to_str()?.trim_matches('"').to_owned();
            let text = response.bytes().await?;
            let map: Value = serde_json::from_slice(&text)?;
            if federation.is_in(&map) {
                return Ok((tag, text.len()));
            }
            if clock::instant() > until {
                bail!(
                    "the broker has not taken all domains{}",
                    self.child.last_words()
                );
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    fn memory(&self) -> Option<Memory> {
        Memory::of(self.child.pid())
    }
}

async fn accepted(response: reqwest::Response) -> anyhow::Result<()> {
    let status = response.status();
    if !status.is_success() {
        bail!("a push was answered {status}: {}", response.text().await?);
    }
    Ok(())
}

/// How long ago.
fn since(then: Instant) -> Duration {
    clock::instant().duration_since(then)
}
