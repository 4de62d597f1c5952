//! A scenario's processes: an emulated MdO for every domain, a SOF in front of each if services are to be ordered, and a real
//! broker that hears from the MdOs and orders from the SOFs.
//!
//! The processes are this very program, run again (`testbed mdo`, `testbed brokerd`): `cargo run
//! --bin testbed` builds no other binary, so `brokerd` may not exist, or be older than this.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use broker::client::answers::DomainState;
use broker::client::partners::Partner;
use broker::client::{Client, Options};
use nffg::DomainId;
use tempfile::TempDir;
use url::Url;

use crate::child::{Child, Command};
use crate::scenario::Scenario;
use settings::Settings;
use wait::wait_until_fresh;

mod settings;
mod sofs;
mod wait;

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
    /// How the broker hears from the MdOs.
    pub feed: Feed,
    /// Each domain has a SOF, and is the broker's partner.
    pub sofs: bool,
}

/// How the broker hears from the MdOs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Feed {
    /// It pulls resources and topology
    #[default]
    Pull,
    /// It pulls the resources, and the MdOs announce their topology over BGP-LS
    BgpLs,
    /// They register and push
    Push,
    /// They write files into a folder that it watches
    File,
}

impl Feed {
    /// How many sources a domain has then.
    fn sources(self) -> usize {
        match self {
            // The registration is one.
            Self::Push => 3,
            Self::Pull | Self::BgpLs | Self::File => 2,
        }
    }
}

/// The same, with what the processes must know of each other.
#[derive(Clone, Debug)]
enum Way {
    Pull,
    /// Where the broker waits for BGP-LS peers.
    BgpLs(SocketAddr),
    Push {
        broker: Url,
        lifetime: Duration,
    },
    Files(PathBuf),
}

impl Way {
    /// What an MdO is told of it.
    fn arguments(&self) -> Vec<OsString> {
        match self {
            Self::Pull => Vec::new(),
            Self::BgpLs(broker) => vec!["--bgp-ls".into(), broker.to_string().into()],
            Self::Push { broker, lifetime } => vec![
                "--push".into(),
                broker.as_str().into(),
                "--lifetime".into(),
                format!("{}s", lifetime.as_secs()).into(),
            ],
            Self::Files(folder) => vec!["--files".into(), folder.into()],
        }
    }
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
    sofs: Vec<Sof>,
    mdos: Vec<Mdo>,
    client: Client,
    folder: TempDir,
}

/// A domain's SOF: a `brokerd` in front of the domain's MdO.
#[derive(Debug)]
pub struct Sof {
    /// Whose it is.
    pub domain: DomainId,
    /// Its process.
    pub child: Child,
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
    /// A domain's SOF is up.
    Sof {
        /// It.
        sof: &'a Sof,
    },
    /// The broker orders from a domain.
    Partner {
        /// As the broker tells it.
        partner: &'a Partner,
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
            Ok((broker, sofs, mdos, client)) => Ok(Self {
                broker,
                sofs,
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

    /// The domains' SOFs, if there are any.
    #[must_use]
    pub fn sofs(&self) -> &[Sof] {
        &self.sofs
    }

    /// The SOFs, to ask whether they still run.
    pub fn sofs_mut(&mut self) -> &mut [Sof] {
        &mut self.sofs
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
            sofs,
            mdos,
            client: _,
            folder,
        } = self;
        stop(broker, sofs, mdos).await;
        drop(folder);
    }

    /// Ends all of it, but keeps its folder with the logs, for somebody to look into.
    pub async fn stop_and_keep(self) -> PathBuf {
        let Self {
            broker,
            sofs,
            mdos,
            client: _,
            folder,
        } = self;
        stop(broker, sofs, mdos).await;
        folder.keep()
    }
}

async fn stop(broker: Child, sofs: Vec<Sof>, mdos: Vec<Mdo>) {
    broker.stop().await;
    for sof in sofs {
        sof.child.stop().await;
    }
    for mdo in mdos {
        mdo.child.stop().await;
    }
}

/// This program, run as something else.
pub(crate) fn ourselves(args: impl IntoIterator<Item = OsString>) -> anyhow::Result<Command> {
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
) -> anyhow::Result<(Child, Vec<Sof>, Vec<Mdo>, Client)> {
    if plan.sofs && plan.feed == Feed::Push {
        bail!(
            "MdOs that push find the broker there already, before the SOFs that it orders from: use another feed"
        );
    }
    let mut early = None;
    let way = match plan.feed {
        Feed::Pull => Way::Pull,
        Feed::BgpLs => Way::BgpLs(free_port().await.context("no free port for BGP")?),
        Feed::File => {
            let exports = folder.join("exports");
            std::fs::create_dir(&exports).context("cannot make a folder for the exports")?;
            Way::Files(exports)
        }
        Feed::Push => {
            // First the broker, which asks nobody: the MdOs must know where it is.
            let broker =
                start_broker(scenario, (&[], &[]), plan, &Way::Pull, folder, progress).await?;
            let way = Way::Push {
                broker: broker.url().clone(),
                lifetime: whole_seconds(plan.pace.hold),
            };
            early = Some(broker);
            way
        }
    };
    let mut mdos: Vec<Mdo> = Vec::new();
    for domain in &scenario.manifest().domains {
        let mut wanted = domain.emulator;
        if plan.free_ports {
            wanted.set_port(0);
        }
        let mdo = start_mdo(scenario, &domain.id, wanted, &way, folder).await?;
        let is_known = |other: &Mdo| other.address.ip() == mdo.address.ip();
        if matches!(way, Way::BgpLs(_)) && mdos.iter().any(is_known) {
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
    let mut sofs = Vec::new();
    if plan.sofs {
        sofs = sofs::start(scenario, &mdos, folder, progress).await?;
    }
    let mut broker = match early {
        Some(broker) => broker,
        None => start_broker(scenario, (&mdos, &sofs), plan, &way, folder, progress).await?,
    };
    let client = Client::new(Options::to(broker.url().clone()))?;
    wait_until_fresh(&client, &mut broker, scenario, &mdos, plan, progress).await?;
    sofs::wait_until_active(&client, &mut broker, &sofs, plan.patience, progress).await?;
    Ok((broker, sofs, mdos, client))
}

/// A lifetime has whole seconds, at least one.
fn whole_seconds(time: Duration) -> Duration {
    let more = u64::from(time.subsec_nanos() > 0);
    Duration::from_secs((time.as_secs() + more).max(1))
}

async fn start_mdo(
    scenario: &Scenario,
    domain: &DomainId,
    listen: SocketAddr,
    way: &Way,
    folder: &Path,
) -> anyhow::Result<Mdo> {
    let arguments = |listen: String| {
        let scenario = scenario.argument();
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
            .chain(way.arguments())
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

pub(crate) async fn is_free(address: SocketAddr) -> bool {
    tokio::net::TcpListener::bind(address).await.is_ok()
}

/// A port of 127.0.0.1 that nobody has at this moment.
pub(crate) async fn free_port() -> std::io::Result<SocketAddr> {
    tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await?
        .local_addr()
}

async fn start_broker(
    scenario: &Scenario,
    (mdos, sofs): (&[Mdo], &[Sof]),
    plan: Plan,
    way: &Way,
    folder: &Path,
    progress: &mut impl FnMut(Progress<'_>),
) -> anyhow::Result<Child> {
    let (listen, moved) = match plan.listen {
        Some(listen) => (listen, None),
        // Looked at before, since a daemon that finds its port taken should say so and end.
        None if is_free(DEFAULT_LISTEN).await => (DEFAULT_LISTEN, None),
        None => (
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            Some(DEFAULT_LISTEN),
        ),
    };
    let settings = Settings::of(scenario, mdos, sofs, listen, plan, way)?;
    let file = folder.join("brokerd.toml");
    let text = toml::to_string(&settings).context("cannot write the broker's settings")?;
    std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    let mut command = ourselves(["brokerd", "--tied", "--", "--config"].map(OsString::from))?;
    command.args.push(file.into());
    let broker = Child::start("the broker", &command, &folder.join("broker.log")).await?;
    progress(Progress::Broker {
        broker: &broker,
        moved,
    });
    Ok(broker)
}
