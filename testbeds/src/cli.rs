//! The command line of `testbed`.

use std::ffi::OsString;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use broker::ctl::output;
use clap::{Args as ClapArgs, Parser, Subcommand};
use humantime_serde::re::humantime::parse_duration;
use nffg::DomainId;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use url::Url;

use crate::child::die_with_parent;
use crate::internet::{self, Objective};
use crate::mdo::files::Exporter;
use crate::mdo::push::Member;
use crate::mdo::{Emulator, Fallback, bgp_ls, bind};
use crate::scenario::Scenario;
use crate::show::{Wish, show};
use crate::stage::{Feed, Pace, Plan};
use crate::updates;
use crate::world::{World, synthetic};

/// Federations on one machine: emulated orchestrators, a real broker, and answers to compare.
#[derive(Debug, Parser)]
#[command(name = "testbed", version, max_term_width = 100)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The draft's own example: three domains in a chain
    #[command(name = "3as")]
    ThreeAs(RunArgs),
    /// The draft authors' second scenario: 3 service and 4 transit providers
    #[command(name = "7as")]
    SevenAs(RunArgs),
    /// A scenario of your own
    Run(RunArgs),
    /// A federation as large as the Internet, under load, with a sample of the answers compared
    Internet(InternetArgs),
    /// A cost map of production size that changes all the time, and many clients that watch it
    Updates(UpdatesArgs),
    /// One emulated MdO alone
    Mdo(MdoArgs),
    /// The broker's client, for who has no brokerctl at hand
    #[command(hide = true, disable_help_flag = true)]
    Brokerctl(PassedOn),
    /// The broker itself. `cargo run --bin testbed` builds no other binary, so the testbed runs itself
    /// where it needs a `brokerd`.
    #[command(hide = true)]
    Brokerd {
        /// End with standard input.
        #[arg(long)]
        tied: bool,
        /// Passed on.
        #[command(flatten)]
        passed_on: PassedOn,
    },
}

#[derive(Debug, ClapArgs)]
struct PassedOn {
    /// As the other program takes them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

#[derive(Debug, ClapArgs)]
struct RunArgs {
    /// Compare and exit: 0 if every answer is the expected one, 1 if not; so with --order, for what came of
    /// the orders
    #[arg(long)]
    check: bool,
    /// Instead of asking for maps: order a service, change it and end it, from domains that each have a
    /// SOF in front of their MdO
    #[arg(long)]
    order: bool,
    /// Where the broker listens [default: 127.0.0.1:8181, or a free port if that is taken]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Give the emulated MdOs free ports rather than 8888
    #[arg(long)]
    free_ports: bool,
    /// Print one JSON document instead of words and tables
    #[arg(long)]
    json: bool,
    /// A silent domain is stale after this long [default: 3s; 1m with --check]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    hold: Option<Duration>,
    /// A silent domain leaves the maps after this long [default: 6s; 3m with --check]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    expire: Option<Duration>,
    /// How long the broker has to hear from every MdO at the start
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = parse_duration)]
    patience: Duration,
    /// How the broker hears from the MdOs
    #[arg(long, value_enum, value_name = "HOW", default_value_t)]
    feed: Feed,
    /// Load the scenario from this folder; edits of its exports show up while it runs
    #[arg(long, value_name = "DIR")]
    scenario: Option<String>,
}

#[derive(Debug, ClapArgs)]
struct InternetArgs {
    #[command(flatten)]
    world: WorldArgs,
    /// Draws all that is not told: synthetic worlds, hosts, delays, requests, flaps
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How long clients ask
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = parse_duration)]
    duration: Duration,
    /// Clients that ask at once, one request after the other
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = range(1, 1_000))]
    clients: u64,
    /// Links that go down or come up, per second
    #[arg(long, value_name = "N", default_value_t = 20)]
    flaps: u32,
    /// NF types
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = range(3, 1_000))]
    nfs: u64,
    /// Domains that host each NF type, drawn from the 2,000 best connected
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = range(1, 2_000))]
    hosts: u64,
    /// Placements that a request wants
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = range(1, 10_000))]
    k: u64,
    /// What placements are ranked by
    #[arg(long, value_enum, value_name = "WHAT", default_value = "hops")]
    objective: Objective,
    /// Candidate path vectors for one pair of domains
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = range(1, 100_000))]
    per_pair: u64,
    /// Steps of search that one request may cost the broker
    #[arg(long, value_name = "N", default_value_t = 2_000_000_000)]
    work: u64,
    /// How often the links rest and answers are compared
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = range(0, 10_000))]
    checks: u64,
    /// Answers of each kind that are compared each time
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = range(0, 100_000))]
    sample: u64,
    /// Where the broker listens [default: 127.0.0.1:8181, or a free port if that is taken]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// How long the broker has to take what it was told
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = parse_duration)]
    patience: Duration,
    /// Print one JSON document instead of words
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
struct UpdatesArgs {
    /// Domains, each a PID; the map has the square of it
    #[arg(long, value_name = "N", default_value_t = 1_140, value_parser = clap::value_parser!(u32).range(10..=1_990))]
    pids: u32,
    /// Prefixes of all domains
    #[arg(long, value_name = "N", default_value_t = 250_000, value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    prefixes: u32,
    /// Clients that watch over update streams (RFC 8895)
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = range(0, 20_000))]
    subscribers: u64,
    /// Clients that poll a TIPS view (RFC 9569)
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = range(0, 20_000))]
    tips: u64,
    /// Clients besides that keep what they are told, to be compared with a fresh GET
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = range(0, 100))]
    sample: u64,
    /// How long the link changes
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = parse_duration)]
    duration: Duration,
    /// Changes per second
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    changes: u32,
    /// Change the link that all goes over that a domain sends: a row of the map rather than a pair of costs
    #[arg(long)]
    wide: bool,
    /// How long the broker has to take something
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = parse_duration)]
    patience: Duration,
    /// Print one JSON document instead of words
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
#[group(required = true, multiple = false)]
struct WorldArgs {
    /// AS relationships as CAIDA publishes them, serial-1 or serial-2, compressed or not
    #[arg(long, value_name = "FILE")]
    as_rel: Option<PathBuf>,
    /// An Internet of so many domains, made from the seed
    #[arg(long, value_name = "DOMAINS", value_parser = range(3, 1_000_000))]
    synthetic: Option<u64>,
    /// A topology as GraphML (Topology Zoo), REPETITA, SNDlib or an edge list
    #[arg(long, value_name = "FILE")]
    graph: Option<PathBuf>,
}

impl WorldArgs {
    /// The world, and what it is called.
    fn open(&self, seed: u64) -> anyhow::Result<(String, World)> {
        if let Some(domains) = self.synthetic {
            let name = format!("synthetic {domains}, seed {seed}");
            return Ok((name, synthetic(seed, count(domains))));
        }
        let file = self.as_rel.as_ref().or(self.graph.as_ref());
        let file = file.context("name a world: --as-rel, --synthetic or --graph")?;
        Ok((file.display().to_string(), World::open(file)?))
    }
}

fn range(from: u64, to: u64) -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(from..=to)
}

/// What [`range`] has let through.
fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[derive(Debug, ClapArgs)]
struct MdoArgs {
    /// Whose MdO
    #[arg(long)]
    domain: DomainId,
    /// The scenario with its exports: 3as, 7as or a folder
    #[arg(long, value_name = "NAME|DIR")]
    scenario: String,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// If that is not to be had, listen on a free port of 127.0.0.1
    #[arg(long)]
    fallback: bool,
    /// Announce the topology over BGP-LS to the broker there, from the address of --listen
    #[arg(long, value_name = "ADDRESS:PORT")]
    bgp_ls: Option<SocketAddr>,
    /// Register with the broker there and push to it; leave when told to stop
    #[arg(long, value_name = "URL")]
    push: Option<Url>,
    /// For how long what is pushed is good; a third of it is from one heartbeat to the next
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = lifetime)]
    lifetime: Duration,
    /// The member's token, where the broker wants one
    #[arg(long, value_name = "TOKEN", env = "MDO_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Write the exports into this folder, and take them away when told to stop
    #[arg(long, value_name = "DIR")]
    files: Option<PathBuf>,
    /// End with standard input
    #[arg(long, hide = true)]
    tied: bool,
}

/// What the broker takes for a lifetime.
fn lifetime(text: &str) -> Result<Duration, String> {
    let time = parse_duration(text).map_err(|error| error.to_string())?;
    let is_whole = time.subsec_nanos() == 0 && (1..=86_400).contains(&time.as_secs());
    is_whole
        .then_some(time)
        .ok_or_else(|| "whole seconds, from 1 to 86400".to_owned())
}

/// How long leaving may take: who is told to stop has not much time.
const LEAVE: Duration = Duration::from_secs(2);

/// Runs `testbed` with these arguments, the first of which is the program's name.
///
/// Exit codes: 0 all well, 1 an answer was not the expected one or something did not come up, 2 wrong
/// usage.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // clap's own: help on standard output, all else on standard error. A closed pipe is no
            // fault of ours.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let result = match args.command {
        Command::ThreeAs(args) => run(&args, Some("3as")),
        Command::SevenAs(args) => run(&args, Some("7as")),
        Command::Run(args) => run(&args, None),
        Command::Internet(args) => internet(&args),
        Command::Updates(args) => updates(&args),
        Command::Mdo(args) => mdo(&args).map(|()| ExitCode::SUCCESS),
        Command::Brokerctl(PassedOn { args }) => {
            return broker::ctl::main(std::iter::once("brokerctl".into()).chain(args));
        }
        Command::Brokerd { tied, passed_on } => {
            if tied {
                die_with_parent();
            }
            return broker::daemon::main(std::iter::once("brokerd".into()).chain(passed_on.args));
        }
    };
    result.unwrap_or_else(|error| {
        output::complain(&format!("testbed: {error:#}"));
        ExitCode::FAILURE
    })
}

fn runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start")
}

fn run(args: &RunArgs, built_in: Option<&str>) -> anyhow::Result<ExitCode> {
    let name = args
        .scenario
        .as_deref()
        .or(built_in)
        .context("name a folder: --scenario DIR")?;
    let scenario = Scenario::open(name)?;
    let usual = if args.check {
        Pace::STEADY
    } else {
        Pace::WATCHABLE
    };
    let pace = Pace {
        pull: usual.pull,
        hold: args.hold.unwrap_or(usual.hold),
        expire: args.expire.unwrap_or(usual.expire),
    };
    let RunArgs {
        listen,
        free_ports,
        patience,
        feed,
        order,
        ..
    } = *args;
    let plan = Plan {
        listen,
        free_ports,
        pace,
        patience,
        feed,
        sofs: order,
    };
    let wish = Wish {
        plan,
        check: args.check,
        json: args.json,
    };
    runtime()?.block_on(async {
        tokio::select! {
            equal = show(&scenario, wish) => {
                Ok(if equal? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            // What `show` was doing is dropped, and every child with it.
            told = told_to_stop() => {
                told.context("cannot listen for signals")?;
                Ok(if args.check { ExitCode::FAILURE } else { ExitCode::SUCCESS })
            }
        }
    })
}

fn internet(args: &InternetArgs) -> anyhow::Result<ExitCode> {
    let (name, world) = args.world.open(args.seed)?;
    let plan = internet::Plan {
        seed: args.seed,
        nfs: count(args.nfs),
        hosts: count(args.hosts),
        duration: args.duration,
        clients: count(args.clients),
        flaps: args.flaps,
        k: count(args.k),
        objective: args.objective,
        per_pair: count(args.per_pair),
        work: args.work,
        checks: count(args.checks),
        sample: count(args.sample),
        listen: args.listen,
        patience: args.patience,
        json: args.json,
    };
    runtime()?.block_on(async {
        tokio::select! {
            exact = internet::run(&name, &world, &plan) => {
                Ok(if exact? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            // What was under way is dropped, and the broker with it.
            told = told_to_stop() => {
                told.context("cannot listen for signals")?;
                Ok(ExitCode::FAILURE)
            }
        }
    })
}

fn updates(args: &UpdatesArgs) -> anyhow::Result<ExitCode> {
    let plan = updates::Plan {
        pids: args.pids,
        prefixes: args.prefixes,
        subscribers: count(args.subscribers),
        tips: count(args.tips),
        sample: count(args.sample),
        duration: args.duration,
        changes: args.changes,
        wide: args.wide,
        patience: args.patience,
        json: args.json,
    };
    runtime()?.block_on(async {
        tokio::select! {
            right = updates::run(&plan) => {
                Ok(if right? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            // What was under way is dropped, and the broker with it.
            told = told_to_stop() => {
                told.context("cannot listen for signals")?;
                Ok(ExitCode::FAILURE)
            }
        }
    })
}

fn mdo(args: &MdoArgs) -> anyhow::Result<()> {
    if args.tied {
        die_with_parent();
    }
    let scenario = Scenario::open(&args.scenario)?;
    let fallback = if args.fallback {
        Fallback::FreePort
    } else {
        Fallback::None
    };
    runtime()?.block_on(async {
        let listener = bind(args.listen, fallback)
            .await
            .with_context(|| format!("cannot listen on {}", args.listen))?;
        let domain = scenario.domain(&args.domain)?.clone();
        let local = listener.local_addr()?.ip();
        let announcing = async {
            match args.bgp_ls {
                Some(broker) => bgp_ls::export(&scenario, &domain, broker, local).await,
                None => pending().await,
            }
        };
        let mut member = match &args.push {
            Some(broker) => Some(Member::new(
                scenario.clone(),
                domain.clone(),
                broker,
                args.token.clone(),
                args.lifetime,
            )?),
            None => None,
        };
        let mut exporter = args
            .files
            .clone()
            .map(|folder| Exporter::new(scenario.clone(), domain.clone(), folder));
        if let Some(exporter) = &mut exporter {
            exporter.write()?;
        }
        let emulator = Emulator::start(scenario.clone(), &args.domain, listener)?;
        let line = format!(
            "MdO of {} listening on http://{}\n",
            args.domain,
            emulator.address()
        );
        output::print(&line).context("cannot write to standard output")?;
        let pushing = async {
            match &mut member {
                Some(member) => member.run().await,
                None => pending().await,
            }
        };
        let writing = async {
            match &mut exporter {
                Some(exporter) => exporter.run().await,
                None => pending().await,
            }
        };
        let ended = tokio::select! {
            result = emulator.serve() => result.context("cannot serve"),
            result = announcing => result.context("cannot announce the topology"),
            told = told_to_stop() => told.context("cannot listen for signals"),
            () = pushing => Ok(()),
            () = writing => Ok(()),
        };
        if let Some(member) = &mut member {
            // A broker that does not answer sees us age instead.
            let _ = timeout(LEAVE, member.leave()).await;
        }
        if let Some(exporter) = &mut exporter {
            exporter.leave().context("cannot take the files away")?;
        }
        ended
    })
}

/// Waits for Ctrl-C, or for what a service manager or a closing terminal sends.
async fn told_to_stop() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        tokio::select! {
            result = tokio::signal::ctrl_c() => result,
            _ = terminate.recv() => Ok(()),
            _ = hang_up.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
