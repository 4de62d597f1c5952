//! What `testbed 3as` shows: progress while a scenario comes up, every answer beside what was
//! expected, and what to try next. And what happens while it serves.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use anyhow::Context;
use broker::client::Client;
use broker::client::answers::DomainState;
use humantime_serde::re::humantime::format_duration;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::checks::{self, Check, Kind};
use crate::order::{Customer, Step, by_hand};
use crate::scenario::Scenario;
use crate::stage::{DEFAULT_LISTEN, Feed, Plan, Progress, Stage};

/// What a domain is that the broker does not know any more; the other states are the broker's words.
const LEFT: &str = "leaving";

/// What to do with a scenario.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// How to set it up.
    pub plan: Plan,
    /// End at once, rather than serve until Ctrl-C.
    pub check: bool,
    /// One JSON document rather than words and tables.
    pub json: bool,
}

/// Standard output that survives its reader. Once the reader is gone nothing more is written, and
/// what is under way goes on to its end: a check must have its exit code.
#[derive(Debug)]
struct Out {
    /// Nothing is said; only the document at the end is.
    json: bool,
    closed: bool,
}

impl Out {
    fn say(&mut self, text: &str) -> anyhow::Result<()> {
        if self.json { Ok(()) } else { self.write(text) }
    }

    fn write(&mut self, text: &str) -> anyhow::Result<()> {
        if self.closed {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        match writeln!(out, "{text}").and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            result => result.context("cannot write to standard output"),
        }
    }
}

/// Sets a scenario up, shows it, and serves it if that is wished. Says whether every answer was the
/// expected one.
///
/// # Errors
/// The scenario does not come up, or the broker cannot be asked.
pub async fn show(scenario: &Scenario, wish: Wish) -> anyhow::Result<bool> {
    let mut out = Out {
        json: wish.json,
        closed: false,
    };
    let manifest = scenario.manifest();
    out.say(&format!(
        "{}: {}\n({})\n",
        scenario.name(),
        manifest.title,
        manifest.source
    ))?;

    let mut told = Ok(());
    let stage = Stage::set_up(scenario, wish.plan, |progress| {
        if told.is_ok() {
            told = out.say(&progress_line(&progress));
        }
    })
    .await?;
    told?;
    if wish.check {
        out.say("")?;
    } else {
        let log = stage.broker().log().display();
        out.say(&format!("{:<16}{log}\n", "broker's log"))?;
    }

    if wish.plan.sofs {
        return order(scenario, wish, stage, out).await;
    }
    let checks = checks::run(stage.client(), scenario, stage.folder()).await?;
    for check in &checks {
        out.say(&section(check, &manifest.reference, !wish.check))?;
    }
    let equal = checks.iter().all(|check| check.equal);
    out.say(&summary(scenario, &checks))?;
    if wish.json {
        let checks = json!({"equal": equal, "checks": checks});
        out.write(&format!("{:#}", document(scenario, &stage, checks)))?;
    }
    if wish.check {
        return end(stage, equal, &mut out).await;
    }
    out.say(&what_to_try(&stage, wish.plan))?;
    watch(stage, &mut out).await?;
    Ok(equal)
}

/// Ends all after a check; of one that failed the folder is kept.
async fn end(stage: Stage, passed: bool, out: &mut Out) -> anyhow::Result<bool> {
    if passed {
        stage.stop().await;
    } else {
        let kept = stage.stop_and_keep().await;
        out.say(&format!(
            "The broker's log and the requests are kept in {}",
            kept.display()
        ))?;
    }
    Ok(passed)
}

/// Orders, shows what becomes of it, and serves on if that is wished, with one service that is there.
async fn order(
    scenario: &Scenario,
    wish: Wish,
    stage: Stage,
    mut out: Out,
) -> anyhow::Result<bool> {
    let mut customer = Customer::new(&stage, scenario, |line: &str| out.say(line))?;
    let mut steps = customer.run().await?;
    let mut kept = None;
    if !wish.check {
        let (_, step) = customer.add().await?;
        kept = Some(step.clone());
        steps.push(step);
    }
    let passed = steps.iter().all(|step| step.passed);
    out.say(&of_orders(scenario, &steps))?;
    if wish.json {
        let told = json!({"passed": passed, "orders": steps});
        out.write(&format!("{:#}", document(scenario, &stage, told)))?;
    }
    let Some(kept) = kept else {
        return end(stage, passed, &mut out).await;
    };
    out.say(&what_to_try(&stage, wish.plan))?;
    out.say(&by_hand(&stage, scenario, &kept)?)?;
    watch(stage, &mut out).await?;
    Ok(passed)
}

fn of_orders(scenario: &Scenario, steps: &[Step]) -> String {
    let wrong: Vec<&str> = steps
        .iter()
        .filter(|step| !step.passed)
        .map(|step| step.title.as_str())
        .collect();
    let (name, count) = (scenario.name(), steps.len());
    match wrong.len() {
        0 => format!("{name}: all {count} orders ended as they must"),
        some => format!(
            "{name}: {some} of {count} orders did NOT end as they must:\n  {}",
            wrong.join("\n  ")
        ),
    }
}

fn progress_line(progress: &Progress<'_>) -> String {
    match progress {
        Progress::Mdo { mdo, moved } => {
            let note = moved.map_or_else(String::new, |wanted| {
                format!("   ({wanted} is not to be had)")
            });
            let url = origin(mdo.child.url());
            format!(
                "{:<16}{url:<30}pid {}{note}",
                format!("MdO of {}", mdo.domain),
                mdo.child.pid()
            )
        }
        Progress::Broker { broker, moved } => {
            let note = moved.map_or_else(String::new, |wanted| {
                format!(
                    "\n{:16}({wanted} is taken, so the broker has a free port instead)",
                    ""
                )
            });
            format!(
                "{:<16}{:<30}pid {}{note}",
                "broker",
                origin(broker.url()),
                broker.pid()
            )
        }
        Progress::Sof { sof } => {
            format!(
                "{:<16}{:<30}pid {}",
                format!("SOF of {}", sof.domain),
                origin(sof.child.url()),
                sof.child.pid()
            )
        }
        Progress::Partner { partner } => {
            let active = format!("{} is active", partner.domain);
            format!("{active:<16}as a partner: its SOF passed the check")
        }
        Progress::Fresh { domain } => {
            let fresh = format!("{} is fresh", domain.id);
            format!("{fresh:<16}heard by {}", sources(domain))
        }
    }
}

/// Where a domain is heard from: `bgp-ls: 127.0.0.11; pull: resources`.
fn sources(domain: &DomainState) -> String {
    let mut text = String::new();
    let mut last = "";
    for source in &domain.sources {
        let (channel, name) = source.kind.split_once(' ').unwrap_or((&source.kind, "it"));
        // Of a file the folder is of no interest here.
        let name = name.rsplit('/').next().unwrap_or(name);
        text.push_str(match last {
            "" => "",
            _ if last == channel => ", ",
            _ => "; ",
        });
        if last != channel {
            text.push_str(channel);
            text.push_str(": ");
        }
        text.push_str(name);
        last = channel;
    }
    text
}

fn origin(url: &url::Url) -> String {
    url.origin().ascii_serialization()
}

/// One check for people: title, answer, verdict, differences, how to repeat it.
fn section(check: &Check, reference: &str, with_repeat: bool) -> String {
    let (right, wrong) = if check.kind == Kind::Refused {
        (
            "refused by its name, as it must be".to_owned(),
            "not refused as it must be".to_owned(),
        )
    } else {
        (
            format!("equals {reference}"),
            format!("DIFFERS from {reference}"),
        )
    };
    let mut text = check.title.clone();
    let shown = check.shown.trim_end();
    if !shown.is_empty() {
        let indent = if check.kind == Kind::Refused {
            "  "
        } else {
            ""
        };
        for line in shown.lines() {
            text.push_str(&format!("\n{indent}{line}"));
        }
    }
    if check.equal {
        text.push_str(&format!("\n=> {right}\n"));
    } else {
        text.push_str(&format!("\n=> {wrong}:\n"));
        for difference in &check.differences {
            text.push_str(&format!("   {}\n", difference.replace('\n', "\n   ")));
        }
    }
    if let Some(repeat) = check.repeat.as_ref().filter(|_| with_repeat) {
        text.push_str(&format!("{repeat}\n"));
    }
    text
}

fn summary(scenario: &Scenario, checks: &[Check]) -> String {
    let wrong: Vec<&str> = checks
        .iter()
        .filter(|check| !check.equal)
        .map(|check| check.title.as_str())
        .collect();
    if wrong.is_empty() {
        format!("{}: all {} checks passed", scenario.name(), checks.len())
    } else {
        let list = wrong.join("\n  ");
        format!(
            "{}: {} of {} checks FAILED:\n  {list}",
            scenario.name(),
            wrong.len(),
            checks.len()
        )
    }
}

/// What was found, and who is there.
fn document(scenario: &Scenario, stage: &Stage, found: Value) -> Value {
    let mdos: Vec<Value> = stage
        .mdos()
        .iter()
        .map(|mdo| {
            json!({
                "domain": mdo.domain.as_str(),
                "url": origin(mdo.child.url()),
                "pid": mdo.child.pid(),
                "command": mdo.revival.to_string(),
            })
        })
        .collect();
    let mut document = json!({
        "scenario": scenario.name(),
        "broker": {
            "url": origin(stage.broker().url()),
            "pid": stage.broker().pid(),
            "log": stage.broker().log(),
        },
        "mdos": mdos,
    });
    let sofs: Vec<Value> = stage
        .sofs()
        .iter()
        .map(|sof| {
            json!({
                "domain": sof.domain.as_str(),
                "url": origin(sof.child.url()),
                "pid": sof.child.pid(),
                "log": sof.child.log(),
            })
        })
        .collect();
    if let (Value::Object(members), Value::Object(found)) = (&mut document, found) {
        members.extend(found);
        if !sofs.is_empty() {
            members.insert("sofs".to_owned(), sofs.into());
        }
    }
    document
}

fn what_to_try(stage: &Stage, plan: Plan) -> String {
    let broker = stage.broker();
    let mut server = String::new();
    if broker.url().socket_addrs(|| None).ok().as_deref() != Some(&[DEFAULT_LISTEN]) {
        server = format!(" --server {}", origin(broker.url()));
    }
    let mut text = format!(
        "\nThe broker serves on {} until Ctrl-C. Its own client can ask it too:\n  \
         cargo run --release --bin brokerctl --{server} domains\n\n{}\n\
         To bring one back, run its line again, in another terminal:\n",
        origin(broker.url()),
        how_it_ends(plan),
    );
    for mdo in stage.mdos() {
        text.push_str(&format!(
            "  {:<8}kill {}\n          {}\n",
            mdo.domain.as_str(),
            mdo.child.pid(),
            mdo.revival
        ));
    }
    text
}

/// What comes of the end of an MdO.
fn how_it_ends(plan: Plan) -> String {
    let (hold, expire) = (
        format_duration(plan.pace.hold),
        format_duration(plan.pace.expire),
    );
    match plan.feed {
        Feed::Pull | Feed::BgpLs => format!(
            "End an MdO and watch: its domain is stale after {hold}, and leaves the maps after {expire}."
        ),
        Feed::Push => format!(
            "End an MdO and watch: it takes leave, and its domain leaves the maps at once. End it by\n\
             kill -KILL, and its domain is stale after {hold}, and leaves the maps after {expire}."
        ),
        Feed::File => "End an MdO and watch: it takes its files away, and its domain leaves the maps. End it by\n\
             kill -KILL, and its files stay, and so does its domain."
            .to_owned(),
    }
}

/// Serves, and tells what changes, until the reader is gone or the broker ends. Ctrl-C ends it from
/// outside.
async fn watch(mut stage: Stage, out: &mut Out) -> anyhow::Result<()> {
    let client = stage.client().clone();
    let first_tag = network_map_tag(&client).await;
    let mut states: BTreeMap<String, String> = BTreeMap::new();
    let mut ended = vec![false; stage.mdos().len()];
    let mut sofs_ended = vec![false; stage.sofs().len()];
    while !out.closed {
        sleep(Duration::from_millis(500)).await;
        for (mdo, ended) in stage.mdos_mut().iter_mut().zip(&mut ended) {
            if !*ended && mdo.child.ended().is_some() {
                *ended = true;
                out.say(&format!(
                    "{:10}the MdO of {} (pid {}) has ended",
                    "",
                    mdo.domain,
                    mdo.child.pid()
                ))?;
            }
        }
        for (sof, ended) in stage.sofs_mut().iter_mut().zip(&mut sofs_ended) {
            if !*ended && sof.child.ended().is_some() {
                *ended = true;
                let (domain, pid) = (&sof.domain, sof.child.pid());
                out.say(&format!(
                    "{:10}the SOF of {domain} (pid {pid}) has ended",
                    ""
                ))?;
            }
        }
        if stage.broker_ended() {
            anyhow::bail!("the broker ended{}", stage.broker().last_words());
        }
        let Ok(answer) = client.domains().await else {
            continue;
        };
        let time = time_of_day(answer.date);
        let now: BTreeMap<String, DomainState> = answer
            .content
            .domains
            .into_iter()
            .map(|domain| (domain.id.clone(), domain))
            .collect();
        // A member that took leave is not known any more.
        for (id, before) in &mut states {
            if before != LEFT && !now.contains_key(id) {
                LEFT.clone_into(before);
                out.say(&format!(
                    "{time}  {id} has left, and what it said has left the maps"
                ))?;
            }
        }
        for (id, domain) in &now {
            // It has only registered yet.
            if domain.state == "fresh" && (domain.nodes == 0 || domain.routers == 0) {
                continue;
            }
            let before = states.insert(id.clone(), domain.state.clone());
            if let Some(before) = before.filter(|before| *before != domain.state) {
                let news = news(&client, &before, domain, first_tag.as_deref()).await;
                out.say(&format!("{time}  {news}"))?;
            }
        }
    }
    stage.stop().await;
    Ok(())
}

async fn news(
    client: &Client,
    before: &str,
    domain: &DomainState,
    first_tag: Option<&str>,
) -> String {
    let id = &domain.id;
    let why = domain
        .sources
        .iter()
        .find_map(|source| source.last_error.as_deref());
    let why = why.map_or_else(String::new, |why| format!(" ({why})"));
    match domain.state.as_str() {
        "stale" => format!("{id} is stale: the maps keep what it said{why}"),
        "gone" => format!("{id} is gone: what it said has left the maps{why}"),
        "fresh" if first_tag.is_some() && network_map_tag(client).await.as_deref() == first_tag => {
            format!(
                "{id} is fresh again, after {before}; the network map has the vtag it began with"
            )
        }
        "fresh" => format!("{id} is fresh again, after {before}"),
        other => format!("{id} is {other}"),
    }
}

async fn network_map_tag(client: &Client) -> Option<String> {
    let directory = client.directory().await.ok()?.content;
    let map = client.network_map(&directory).await.ok()?.content;
    Some(map.pointer("/meta/vtag/tag")?.as_str()?.to_owned())
}

fn time_of_day(date: Option<Timestamp>) -> String {
    date.map_or_else(
        || " ".repeat(8),
        |date| date.strftime("%H:%M:%S").to_string(),
    )
}
