//! A scenario's processes: an emulated MdO for every domain, and a real broker that pulls from them.
//!
//! The processes are this very program, run again (`testbed mdo`, `testbed brokerd`): `cargo run
//! --bin testbed` builds no other binary, so `brokerd` may not exist, or be older than this.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use broker::client::answers::DomainState;
use broker::client::{Client, Options};
use humantime_serde::re::humantime::format_duration;
use nffg::DomainId;
use serde::Serialize;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::child::{Child, Command};
use crate::scenario::Scenario;

/// Where the broker listens if nobody says otherwise: its own default.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8181);

/// How to set a scenario up.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Where the broker must listen; by default [`DEFAULT_LISTEN`], or a free port if that is taken.
    pub listen: Option<SocketAddr>,
    /// Give every emulator a free port of its address rather than the one in the scenario.
    pub free_ports: bool,
    /// When the broker pulls, and when it gives a silent domain up.
    pub pace: Pace,
    /// How long the broker has to hear from every MdO.
    pub patience: Duration,
    /// How the broker gets the topology.
    pub feed: Feed,
}

/// How the broker gets the topology of the domains. Their resources it pulls in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Feed {
    /// It pulls UNIFY JSON.
    #[default]
    Pull,
    /// The MdOs announce it over BGP-LS.
    BgpLs,
}

/// The broker's intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From one pull to the next.
    pub pull: Duration,
    /// A domain that is silent for so long is stale.
    pub hold: Duration,
    /// A domain that is silent for so long leaves the maps.
    pub expire: Duration,
}

impl Pace {
    /// Nothing ages while answers are compared, be the machine ever so busy.
    pub const STEADY: Self = Self::seconds(1, 60, 180);
    /// So short that a person can watch a domain age.
    pub const WATCHABLE: Self = Self::seconds(1, 3, 6);

    const fn seconds(pull: u64, hold: u64, expire: u64) -> Self {
        Self {
            pull: Duration::from_secs(pull),
            hold: Duration::from_secs(hold),
            expire: Duration::from_secs(expire),
        }
    }
}

/// A scenario that is up. Dropping it ends all of it.
#[derive(Debug)]
pub struct Stage {
    // Fields are dropped in this order: processes first, then the folder that they write to.
    broker: Child,
    mdos: Vec<Mdo>,
    client: Client,
    folder: TempDir,
}

/// An emulated MdO.
#[derive(Debug)]
pub struct Mdo {
    /// Whose it is.
    pub domain: DomainId,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its process.
    pub child: Child,
    /// What a person types to run it again on the same address.
    pub revival: Command,
}

/// What happens while a stage is set up.
#[derive(Debug)]
pub enum Progress<'a> {
    /// An MdO is up.
    Mdo {
        /// It.
        mdo: &'a Mdo,
        /// Where the scenario wanted it, if it is elsewhere.
        moved: Option<SocketAddr>,
    },
    /// The broker is up.
    Broker {
        /// It.
        broker: &'a Child,
        /// Where it would have listened, if that was taken.
        moved: Option<SocketAddr>,
    },
    /// The broker has what a domain exports.
    Fresh {
        /// As the broker tells it.
        domain: &'a DomainState,
    },
}

/// The settings file of `brokerd`, as far as a testbed needs it.
#[derive(Serialize)]
struct Settings {
    listen: SocketAddr,
    pull: Pull,
    liveness: Liveness,
    #[serde(skip_serializing_if = "Option::is_none")]
    bgp: Option<Bgp>,
    domains: Vec<DomainSettings>,
}

#[derive(Serialize)]
struct Bgp {
    listen: SocketAddr,
}

#[derive(Serialize)]
struct Pull {
    #[serde(with = "humantime_serde")]
    interval: Duration,
}

#[derive(Serialize)]
struct Liveness {
    #[serde(with = "humantime_serde")]
    hold: Duration,
    #[serde(with = "humantime_serde")]
    expire: Duration,
}

#[derive(Serialize)]
struct DomainSettings {
    id: String,
    resources: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    topology: Option<String>,
    /// BGP-LS has no place for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry_point: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bgp_ls: Vec<Peer>,
}

#[derive(Serialize)]
struct Peer {
    address: IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_as: Option<u32>,
}

impl Stage {
    /// Starts the MdOs and the broker, and waits until the broker has heard from all of them.
    /// `progress` is told of every step.
    ///
    /// # Errors
    /// A process does not come up, or the broker does not hear from every MdO in time. Nothing is left
    /// behind but, for the reader of the error, the folder with the logs.
    pub async fn set_up(
        scenario: &Scenario,
        plan: Plan,
        mut progress: impl FnMut(Progress<'_>),
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix(&format!("testbed-{}-", scenario.name()))
            .tempdir()
            .context("cannot make a temporary folder")?;
        match start(scenario, plan, folder.path(), &mut progress).await {
            Ok((broker, mdos, client)) => Ok(Self {
                broker,
                mdos,
                client,
                folder,
            }),
            Err(error) => {
                let kept = folder.keep();
                Err(anyhow!(
                    "{error:#}\nLogs and settings are kept in {}",
                    kept.display()
                ))
            }
        }
    }

    /// The broker.
    #[must_use]
    pub fn broker(&self) -> &Child {
        &self.broker
    }

    /// Whether the broker has ended by itself.
    pub fn broker_ended(&mut self) -> bool {
        self.broker.ended().is_some()
    }

    /// The MdOs, in the scenario's order.
    #[must_use]
    pub fn mdos(&self) -> &[Mdo] {
        &self.mdos
    }

    /// The MdOs, to ask whether they still run.
    pub fn mdos_mut(&mut self) -> &mut [Mdo] {
        &mut self.mdos
    }

    /// A client of the broker.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// A folder that lives as long as the stage.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends all of it, the broker first, and deletes its folder.
    pub async fn stop(self) {
        let Self {
            broker,
            mdos,
            client: _,
            folder,
        } = self;
        stop(broker, mdos).await;
        drop(folder);
    }

    /// Ends all of it, but keeps its folder with the logs, for somebody to look into.
    pub async fn stop_and_keep(self) -> PathBuf {
        let Self {
            broker,
            mdos,
            client: _,
            folder,
        } = self;
        stop(broker, mdos).await;
        folder.keep()
    }
}

async fn stop(broker: Child, mdos: Vec<Mdo>) {
    broker.stop().await;
    for mdo in mdos {
        mdo.child.stop().await;
    }
}

/// This program, run as something else.
fn ourselves(args: impl IntoIterator<Item = OsString>) -> anyhow::Result<Command> {
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    Ok(Command {
        program,
        args: args.into_iter().collect(),
    })
}

async fn start(
    scenario: &Scenario,
    plan: Plan,
    folder: &Path,
    progress: &mut impl FnMut(Progress<'_>),
) -> anyhow::Result<(Child, Vec<Mdo>, Client)> {
    let bgp = match plan.feed {
        Feed::Pull => None,
        Feed::BgpLs => Some(free_port().await.context("no free port for BGP")?),
    };
    let mut mdos: Vec<Mdo> = Vec::new();
    for domain in &scenario.manifest().domains {
        let mut wanted = domain.emulator;
        if plan.free_ports {
            wanted.set_port(0);
        }
        let mdo = start_mdo(scenario, &domain.id, wanted, bgp, folder).await?;
        let is_known = |other: &Mdo| other.address.ip() == mdo.address.ip();
        if bgp.is_some() && mdos.iter().any(is_known) {
            bail!(
                "BGP-LS needs an address for every MdO, and this system has only {}",
                mdo.address.ip()
            );
        }
        let as_wanted =
            mdo.address.ip() == wanted.ip() && [0, mdo.address.port()].contains(&wanted.port());
        let moved = (!as_wanted).then_some(domain.emulator);
        progress(Progress::Mdo { mdo: &mdo, moved });
        mdos.push(mdo);
    }
    let (listen, moved) = match plan.listen {
        Some(listen) => (listen, None),
        // Looked at before, since a daemon that finds its port taken should say so and end.
        None if is_free(DEFAULT_LISTEN).await => (DEFAULT_LISTEN, None),
        None => (
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            Some(DEFAULT_LISTEN),
        ),
    };
    let settings = settings(scenario, &mdos, listen, plan, bgp)?;
    let mut broker = start_broker(&settings, folder).await?;
    progress(Progress::Broker {
        broker: &broker,
        moved,
    });
    let client = Client::new(Options {
        server: broker.url().clone(),
        directory: "/directory".to_owned(),
        token: None,
        timeout: Duration::from_secs(30),
    })?;
    wait_until_fresh(&client, &mut broker, scenario, plan.patience, progress).await?;
    Ok((broker, mdos, client))
}

async fn start_mdo(
    scenario: &Scenario,
    domain: &DomainId,
    listen: SocketAddr,
    bgp: Option<SocketAddr>,
    folder: &Path,
) -> anyhow::Result<Mdo> {
    let arguments = |listen: String| {
        let scenario = scenario.argument();
        let announce = bgp.map(|broker| [OsString::from("--bgp-ls"), broker.to_string().into()]);
        let arguments = [
            "mdo",
            "--domain",
            domain.as_str(),
            "--scenario",
            &scenario,
            "--listen",
            &listen,
        ];
        arguments
            .map(OsString::from)
            .into_iter()
            .chain(announce.into_iter().flatten())
    };
    let mut command = ourselves(arguments(listen.to_string()))?;
    command
        .args
        .extend(["--fallback", "--tied"].map(OsString::from));
    let log = folder.join(format!("mdo-{domain}.log"));
    let child = Child::start(&format!("the MdO of {domain}"), &command, &log).await?;
    let address = child
        .url()
        .socket_addrs(|| None)
        .ok()
        .and_then(|found| found.first().copied());
    let address = address.with_context(|| format!("{} has no address", child.name()))?;
    let revival = ourselves(arguments(address.to_string()))?;
    Ok(Mdo {
        domain: domain.clone(),
        address,
        child,
        revival,
    })
}

async fn is_free(address: SocketAddr) -> bool {
    tokio::net::TcpListener::bind(address).await.is_ok()
}

/// A port of 127.0.0.1 that nobody has at this moment.
async fn free_port() -> std::io::Result<SocketAddr> {
    tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await?
        .local_addr()
}

fn settings(
    scenario: &Scenario,
    mdos: &[Mdo],
    listen: SocketAddr,
    plan: Plan,
    bgp: Option<SocketAddr>,
) -> anyhow::Result<Settings> {
    let join = |mdo: &Mdo, path: &str| -> anyhow::Result<String> {
        Ok(mdo.child.url().join(path).context("no URL")?.to_string())
    };
    let domains: anyhow::Result<Vec<DomainSettings>> = mdos
        .iter()
        .map(|mdo| {
            let id = mdo.domain.to_string();
            let resources = join(mdo, "/escape/get-config")?;
            let topology = join(mdo, "/restconf/data/topologyFromTADS/")?;
            Ok(match bgp {
                None => DomainSettings {
                    id,
                    resources,
                    topology: Some(topology),
                    entry_point: None,
                    bgp_ls: Vec::new(),
                },
                Some(_) => DomainSettings {
                    id,
                    resources,
                    topology: None,
                    entry_point: topology_of(scenario, &mdo.domain)?.1,
                    bgp_ls: vec![Peer {
                        address: mdo.address.ip(),
                        remote_as: mdo.domain.asn(),
                    }],
                },
            })
        })
        .collect();
    Ok(Settings {
        listen,
        pull: Pull {
            interval: plan.pace.pull,
        },
        liveness: Liveness {
            hold: plan.pace.hold,
            expire: plan.pace.expire,
        },
        bgp: bgp.map(|listen| Bgp { listen }),
        domains: domains?,
    })
}

/// The neighbours that a domain's export tells of, and its entry point.
fn topology_of(
    scenario: &Scenario,
    id: &DomainId,
) -> anyhow::Result<(BTreeSet<DomainId>, Option<String>)> {
    let domain = scenario.domain(id)?;
    let view = nffg::unify::decode(&scenario.read(&domain.topology)?)
        .with_context(|| domain.topology.clone())?;
    let own = view.links.iter().filter(|link| link.src.domain == *id);
    let neighbours = own.map(|link| link.dst.domain.clone()).collect();
    let node = view.nodes.into_iter().find(|node| node.domain == *id);
    Ok((neighbours, node.and_then(|node| node.entry_point)))
}

async fn start_broker(settings: &Settings, folder: &Path) -> anyhow::Result<Child> {
    let file = folder.join("brokerd.toml");
    let text = toml::to_string(settings).context("cannot write the broker's settings")?;
    std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    let mut command = ourselves(["brokerd", "--tied", "--", "--config"].map(OsString::from))?;
    command.args.push(file.into());
    Ok(Child::start("the broker", &command, &folder.join("broker.log")).await?)
}

/// Asks the broker until it is fresh on every domain.
async fn wait_until_fresh(
    client: &Client,
    broker: &mut Child,
    scenario: &Scenario,
    patience: Duration,
    progress: &mut impl FnMut(Progress<'_>),
) -> anyhow::Result<()> {
    let mut expected = BTreeMap::new();
    for domain in &scenario.manifest().domains {
        let (neighbours, _) = topology_of(scenario, &domain.id)?;
        expected.insert(domain.id.to_string(), neighbours.len());
    }
    let mut told: BTreeSet<String> = BTreeSet::new();
    let mut domains: Vec<DomainState> = Vec::new();
    let everybody = async {
        while told.len() < scenario.manifest().domains.len() {
            if let Some(status) = broker.ended() {
                bail!("the broker ended ({status})");
            }
            if let Ok(answer) = client.domains().await {
                domains = answer.content.domains;
            }
            for domain in domains.iter().filter(|domain| is_served(domain, &expected)) {
                if told.insert(domain.id.clone()) {
                    progress(Progress::Fresh { domain });
                }
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    };
    let result = match timeout(patience, everybody).await {
        Ok(result) => result,
        Err(_) => Err(anyhow!(
            "the broker has not heard from everybody within {}:{}",
            format_duration(patience),
            faults(&domains)
        )),
    };
    result.map_err(|error| anyhow!("{error}{}", broker.last_words()))
}

/// Whether the broker has all that a domain exports. A BGP-LS session that is up has not told all yet,
/// and a link to a neighbour is up when both have told it.
fn is_served(domain: &DomainState, expected: &BTreeMap<String, usize>) -> bool {
    let neighbours = expected.get(&domain.id).copied().unwrap_or(0);
    domain.state == "fresh"
        && domain.nodes > 0
        && domain.routers > 0
        && domain.neighbours.len() >= neighbours
}

/// What the broker says is wrong with the domains that are not fresh, a line for each source.
fn faults(domains: &[DomainState]) -> String {
    if domains.is_empty() {
        return " it tells of no domain".to_owned();
    }
    let mut text = String::new();
    for domain in domains.iter().filter(|domain| domain.state != "fresh") {
        for source in domain
            .sources
            .iter()
            .filter(|source| source.state != "fresh")
        {
            let fault = source.last_error.as_deref().unwrap_or("no answer yet");
            let _ = write!(
                text,
                "\n  {}, {} from {}: {fault}",
                domain.id, source.kind, source.url
            );
        }
    }
    text
}
