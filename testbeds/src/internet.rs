//! A federation as large as the Internet, in a real broker, under load.
//!
//! ```text
//!  world ──▶ Federation ──▶ routes ──BGP-LS──▶ brokerd ◀──REST── resources of some domains
//!                │             ▲                  ▲
//!                │           flaps                └──HTTP── clients: path vectors, placements
//!                └──▶ Oracle: what is right ◀── compare ── a sample, while the links are at rest
//! ```
//!
//! The testbed speaks as the route server of the federation: one session that tells all domains, which are
//! of one router each. Some domains get NF types and room for them. Then clients ask while links go down and
//! come up; from time to time the links rest, the broker is given the time to take what it was told, and
//! answers are compared with what the testbed works out itself.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use broker::clock;
use broker::ctl::output;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::scratch;
use crate::world::World;
use daemon::Daemon;
use exact::{Verdict, judge};
use federation::Federation;
use flaps::Told;
use load::{Asker, Tallies, ask_until, is_cut};
pub use oracle::Objective;
use oracle::Oracle;
use questions::Kind;
use random::Random;
use report::{Report, Wrong};
use speaker::Speaker;

mod daemon;
mod exact;
mod federation;
mod flaps;
mod load;
mod oracle;
mod questions;
mod random;
mod report;
mod routes;
mod speaker;

/// What to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Draws what the world does not tell: hosts, delays, requests, flaps.
    pub seed: u64,
    /// NF types.
    pub nfs: usize,
    /// Domains that host each.
    pub hosts: usize,
    /// How long there is load.
    pub duration: Duration,
    /// Clients that ask at once.
    pub clients: usize,
    /// Links that go down or come up, per second.
    pub flaps: u32,
    /// Placements that a request wants.
    pub k: usize,
    /// What they are ranked by.
    pub objective: Objective,
    /// Path vectors for one pair of domains.
    pub per_pair: usize,
    /// Steps of search that one request may cost.
    pub work: u64,
    /// How often answers are compared.
    pub checks: usize,
    /// How many of each kind, each time.
    pub sample: usize,
    /// Where the broker listens; by default its own default, or a free port if that is taken.
    pub listen: Option<SocketAddr>,
    /// How long the broker has to take what it was told.
    pub patience: Duration,
    /// One JSON document rather than words.
    pub json: bool,
}

/// Sets the federation up, puts it under load and tells what came of it. Says whether all answers that were
/// compared are right.
///
/// # Errors
/// The broker does not come up or does not take what it is told.
pub async fn run(name: &str, world: &World, plan: &Plan) -> anyhow::Result<bool> {
    let report = scratch::within("internet", async |folder| {
        measure(name, world, plan, folder).await
    });
    let report = report.await?;
    let text = match plan.json {
        true => format!("{:#}\n", report.document()),
        false => report.words(),
    };
    output::print(&text).context("cannot write to standard output")?;
    Ok(report.is_exact())
}

async fn measure(name: &str, world: &World, plan: &Plan, folder: &Path) -> anyhow::Result<Report> {
    let say = |text: String| match plan.json {
        true => Ok(()),
        false => output::print(&text).context("cannot write to standard output"),
    };
    let federation = Arc::new(Federation::new(world, plan.seed, plan.nfs, plan.hosts)?);
    let mut report = Report {
        world: name.to_owned(),
        domains: federation.len(),
        links: federation.links().len(),
        routes: routes::count(&federation),
        offers: federation.offers().len(),
        clients: plan.clients,
        ..Report::default()
    };
    say(format!(
        "{name}: {} domains, {} links\n",
        report.domains, report.links
    ))?;
    let daemon = Daemon::start(&federation, plan, folder).await?;
    say(format!(
        "the broker is process {} on {}, its log {}\n",
        daemon.child().pid(),
        daemon.child().url(),
        daemon.child().log().display()
    ))?;

    let (speaker, _session) = Speaker::dial(daemon.bgp()).await?;
    let mut told = Told::new(&federation, speaker.clone(), plan.seed ^ 1);
    let began = clock::instant();
    let all = Arc::clone(&federation);
    spawn_blocking(move || tell(&all, &speaker)).await??;
    report.told = began.elapsed();
    told.settle(&daemon, plan.patience).await?;
    report.loaded = began.elapsed();
    report.memory_loaded = daemon.memory();
    say(format!("loaded in {:.2} s\n", report.loaded.as_secs_f64()))?;

    let began = clock::instant();
    daemon.push_resources(&federation).await?;
    report.pushed = began.elapsed();
    report.before = indexed(&daemon, plan.patience).await?;
    let members = federation.len() as f64 + 1.0;
    anyhow::ensure!(
        report.before.members == Some(members) && report.before.skipped == 0.0,
        "the broker has {:?} members, not {members}, and passed over {} routes",
        report.before.members,
        report.before.skipped
    );

    let rounds = plan.checks.max(1);
    for round in 0..rounds {
        let began = clock::instant();
        let until = began + plan.duration / u32::try_from(rounds).unwrap_or(u32::MAX);
        let asking = ask_until(until, daemon.child().url(), &federation, plan, round as u64);
        let flapping = told.flap_until(
            until,
            plan.flaps,
            &daemon,
            plan.patience,
            &mut report.visible,
        );
        let (tallies, flapped) = tokio::join!(asking, flapping);
        flapped?;
        report.asked += began.elapsed();
        merge(&mut report.tallies, tallies?);
        if round < plan.checks {
            told.settle(&daemon, plan.patience).await?;
            let up = told.up();
            check(&daemon, &federation, up, plan, round as u64, &mut report).await?;
        }
        say(format!(
            "{} of {rounds}: {} answers were right so far, {} wrong\n",
            round + 1,
            report.right.values().sum::<usize>(),
            report.wrong.len()
        ))?;
    }
    report.flaps = told.flaps();
    let began = clock::instant();
    report.after = daemon.metrics().await?;
    report.metrics_took = began.elapsed();
    report.memory_after = daemon.memory();
    daemon.stop().await;
    Ok(report)
}

/// Tells all domains, in large pieces, and that this is all (RFC 4724 §2).
fn tell(federation: &Federation, speaker: &Speaker) -> anyhow::Result<()> {
    const PIECE: usize = 256 << 10;
    let mut piece = Vec::with_capacity(2 * PIECE);
    for domain in (0..).take(federation.len()) {
        routes::announce_domain(federation, domain, &mut piece);
        if piece.len() >= PIECE {
            speaker.say_blocking(std::mem::replace(&mut piece, Vec::with_capacity(2 * PIECE)))?;
        }
    }
    piece.extend(crate::bgp::end_of_rib());
    speaker.say_blocking(piece)
}

/// Waits until the broker's indexes are there, if it tells of any.
async fn indexed(daemon: &Daemon, patience: Duration) -> anyhow::Result<daemon::Metrics> {
    let until = clock::instant() + patience;
    loop {
        let metrics = daemon.metrics().await?;
        if metrics.is_indexed() || clock::instant() > until {
            return Ok(metrics);
        }
        sleep(Duration::from_millis(200)).await;
    }
}

fn merge(all: &mut Tallies, more: Tallies) {
    for (kind, tally) in more {
        all.entry(kind).or_default().add(tally);
    }
}

/// Compares some answers of each kind with what is right.
async fn check(
    daemon: &Daemon,
    federation: &Arc<Federation>,
    up: &[bool],
    plan: &Plan,
    round: u64,
    report: &mut Report,
) -> anyhow::Result<()> {
    let random = Random::new(plan.seed.wrapping_add(1_000 + round));
    let mut asker = Asker::new(daemon.child().url(), federation, plan, random)?;
    let mut oracle = Oracle::new(federation, up, plan.objective);
    report.checks += 1;
    for kind in Kind::ALL {
        for _ in 0..plan.sample {
            let question = asker.draw(kind);
            let (status, body) = asker.ask(&question).await?;
            let verdict = if status != 200 {
                let came = String::from_utf8_lossy(&body).into_owned();
                Verdict::Wrong {
                    right: "an answer".into(),
                    came: format!("HTTP {status}: {came}").into(),
                }
            } else if is_cut(&body) {
                Verdict::Unknown
            } else {
                let answer = serde_json::from_slice(&body).context("an answer is not JSON")?;
                judge(&question, &answer, federation, &mut oracle, plan.per_pair)
            };
            match verdict {
                Verdict::Right => *report.right.entry(kind.as_str()).or_default() += 1,
                Verdict::Unknown => report.unknown += 1,
                Verdict::Wrong { right, came } => report.wrong.push(Wrong {
                    path: kind.path(),
                    request: question.body(federation),
                    right,
                    came,
                }),
            }
        }
    }
    Ok(())
}
