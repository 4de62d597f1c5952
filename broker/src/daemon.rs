//! The daemon `brokerd`: command line, start, signals, stop. `main` only calls [`main`].

use std::ffi::OsString;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::info;

use crate::bgp::{PeerConfig, Speaker};
use crate::bgp_feed::{self, Speaks};
use crate::http::server::Server;
use crate::http::{App, routes, tls};
use crate::ingest::{self, Inbox, Ingest, SourceKey, SourceKind};
use crate::lso::interlude::Interlude;
use crate::lso::orchestrator::{self, Circuits, Tools};
use crate::lso::outbox::{self, Outbox};
use crate::lso::partners::{Partners, book::Book, keeper, seed};
use crate::lso::testing::Testing;
use crate::lso::{Lso, index, presto};
use crate::metrics::Metrics;
use crate::published::Published;
use crate::pull::{self, SourceSpec};
use crate::reservations::Desk;
use crate::reservations::durable::{self, Durable};
use crate::settings::{LogFormat, Overrides, Settings, StorePlace, load};
use crate::store::open::{Opened, Watched};
use crate::updates::Hub;
use crate::{egress, files, indexer};

/// ALTO-based multi-domain broker: gathers what the members' orchestrators export, and serves it as
/// ALTO maps, path vectors and placements of service graphs.
///
/// Settings come from the file, then from the environment (BROKERD_PULL__INTERVAL=5s sets
/// pull.interval), then from flags; the later wins.
#[derive(Debug, Parser)]
#[command(name = "brokerd", version)]
struct Args {
    /// Settings file (TOML)
    #[arg(short, long, value_name = "FILE", env = "BROKERD_CONFIG")]
    config: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:8181]
    #[arg(short, long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Serve plain HTTP on an address that is not loopback
    #[arg(long)]
    insecure: bool,
    /// Form of log lines [default: text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
    /// What to log: info, debug, broker=debug, ... [default: info]
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// Any other setting, such as pull.interval=5s; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Print the settings in force, secrets masked, and exit
    #[arg(long)]
    print_settings: bool,
}

impl Args {
    fn settings(&self) -> anyhow::Result<Settings> {
        let mut overrides = Overrides::from_environment(std::env::vars_os())?;
        overrides.add(&self.set)?;
        let mut flag = |key: &str, value: Option<String>| {
            overrides
                .pairs
                .extend(value.map(|value| (key.to_owned(), value)));
        };
        flag("listen", self.listen.map(|listen| format!("\"{listen}\"")));
        flag("insecure", self.insecure.then(|| "true".to_owned()));
        flag(
            "log.format",
            self.log_format.map(|format| match format {
                LogFormat::Text => "text".to_owned(),
                LogFormat::Json => "json".to_owned(),
            }),
        );
        flag("log.filter", self.log.clone());
        Ok(load(self.config.as_deref(), &overrides)?)
    }
}

/// Runs the daemon until it is told to stop. The first argument is the program's name.
///
/// Exit codes: 0 stopped as told, 1 could not start or run, 2 wrong usage.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Help and version go to standard output, and are no failure. A closed pipe is no news.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match start(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "brokerd: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(args: &Args) -> anyhow::Result<()> {
    let settings = args.settings()?;
    if args.print_settings {
        let text = toml::to_string(&settings).context("cannot print the settings")?;
        // A reader that went away wanted no more.
        let _ = std::io::stdout().write_all(text.as_bytes());
        return Ok(());
    }
    start_logging(&settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let stop = CancellationToken::new();
        stop_on_signals(stop.clone())?;
        run(settings, stop, |address, scheme| {
            let _ = writeln!(std::io::stdout(), "listening on {scheme}://{address}");
        })
        .await
    })
}

fn start_logging(settings: &Settings) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&settings.log.filter)
        .with_context(|| format!("settings: log.filter = '{}'", settings.log.filter))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // It would tell of a standard error that nobody reads by writing there, and panic of that.
        .log_internal_errors(false);
    let started = match settings.log.format {
        LogFormat::Text => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
            builder.with_ansi(colours).try_init()
        }
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("cannot start logging: {error}"))
}

fn stop_on_signals(stop: CancellationToken) -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => info!("SIGTERM: stopping"),
                _ = interrupt.recv() => info!("SIGINT: stopping"),
            }
            stop.cancel();
        });
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.cancel();
        }
    });
    Ok(())
}

/// How many inputs may wait for the writer.
const INPUTS: usize = 1024;

/// How many events of BGP-LS sessions may wait to become inputs.
const BGP_EVENTS: usize = 64;

/// How long the store waits at the stop for who still uses it.
const CLOSING: Duration = Duration::from_secs(5);

/// Runs the daemon with these settings until `stop`. `listening` is told the address and the scheme
/// once connections are accepted.
///
/// # Errors
/// The address cannot be bound, the store not be opened, or a file of the settings cannot be used.
pub async fn run(
    settings: Settings,
    stop: CancellationToken,
    listening: impl FnOnce(SocketAddr, &str),
) -> anyhow::Result<()> {
    tls::install_provider();
    let https = sources(&settings).any(|source| source.from.url.expose().scheme() == "https");
    let client = egress::client(
        settings.pull.timeout,
        https,
        settings.pull.ca_file.as_deref(),
    )
    .context("pull")?;
    let acceptor = settings.tls.as_ref().map(tls::acceptor).transpose()?;
    let place = settings.store.clone().unwrap_or(StorePlace::Memory);
    let opened = Opened::open(&place)
        .await
        .context("cannot open the store")?;
    if place == StorePlace::Memory {
        info!("the store is in memory: a restart forgets orders and reservations");
    }
    let store = opened.store();
    let restored = crate::reservations::kept(&*store)
        .await
        .context("cannot read the reservations in the store")?;
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}", settings.listen))?;
    let address = listener.local_addr()?;

    let metrics = Arc::new(Metrics::new().with_store(&store));
    let config = alto::Config {
        server_name: settings.server_name.clone(),
        caps: settings.paths.caps(),
        limits: settings.alto.limits(),
    };
    let published = Arc::new(Published::new(config));
    let tasks = TaskTracker::new();
    let (inputs, received) = mpsc::channel(INPUTS);
    let (inbox, commands) = Inbox::new();
    let ingest = Ingest::new(&settings.domains, settings.rules())
        .with_propagators(&settings.bgp.propagators);
    let reservations = Durable::new(
        inbox.clone(),
        Arc::clone(&published),
        Arc::clone(&store),
        &restored,
        tasks.clone(),
    );
    if !restored.is_empty() {
        info!(count = restored.len(), "reservations are as before");
    }
    let desk = Desk::restore(settings.reservations.limits(), restored)?;
    let writer = ingest::run(
        ingest,
        desk,
        received,
        commands,
        Arc::clone(&published),
        Arc::clone(&metrics),
        stop.clone(),
    );
    // A version of a large federation is made in one go: on a thread of its own it holds up no request,
    // and none holds it up.
    let runtime = tokio::runtime::Handle::current();
    // However this ends: the runtime waits for that thread.
    let _stopping = stop.clone().drop_guard();
    tasks.spawn_blocking(move || runtime.block_on(writer));
    tasks.spawn(indexer::run(
        Arc::clone(&published),
        Arc::clone(&metrics),
        stop.clone(),
    ));
    for source in sources(&settings) {
        tasks.spawn(pull::run(
            client.clone(),
            source,
            settings.pull.clone(),
            inputs.clone(),
            Arc::clone(&metrics),
            stop.clone(),
        ));
    }
    if let Some(address) = start_bgp(&settings, &tasks, inputs.clone(), stop.clone()).await? {
        info!(%address, "listening for BGP-LS peers");
    }
    let places = files::Places::of(&settings);
    if !places.is_empty() {
        published.await_first_look();
        tasks.spawn(files::run(
            places,
            settings.files.interval,
            inputs.clone(),
            Arc::clone(&published),
            stop.clone(),
        ));
    }

    tasks.spawn(durable::run(reservations.clone(), stop.clone()));
    tasks.spawn(probe(opened.watched(), stop.clone()));
    let presto = settings.sof.presto.as_ref().map(presto::of).transpose()?;
    if let Some(presto) = &presto {
        let restored = presto::restore(&*store, presto.as_ref()).await;
        let services = restored.context("cannot read the services in the store")?;
        if services > 0 {
            info!(services, "the domain's resources do what they did before");
        }
    }
    let testing = Testing::new(
        Arc::clone(&store),
        presto.clone(),
        tasks.clone(),
        stop.clone(),
    );
    testing
        .resume()
        .await
        .context("cannot read the test jobs in the store")?;
    let (lso, wakes) = Lso::new(store);
    lso.subscriptions.load(lso.store.as_ref()).await?;
    let delivery = Outbox::new(lso.clone(), &settings, Arc::clone(&metrics))?;
    tasks.spawn(outbox::run(delivery, stop.clone()));

    let book = start_partners(&settings, &lso, address, Arc::clone(&metrics)).await?;
    let keep = settings.sof.interlude.keep;
    tasks.spawn(keeper::run(Arc::clone(&book), keep, stop.clone()));
    let tools = Tools {
        lso: lso.clone(),
        published: Arc::clone(&published),
        partners: Arc::clone(book.interlude()) as Arc<dyn Partners>,
        circuits: Arc::clone(book.interlude()) as Arc<dyn Circuits>,
        presto,
        reservations: Arc::new(reservations.clone()),
        metrics: Arc::clone(&metrics),
    };
    let work = settings.sof.work.clone();
    // The file is locked, and memory is our own: nobody else works on the orders.
    tasks.spawn(orchestrator::run_alone(tools, work, wakes, stop.clone()));
    tasks.spawn(index::warm(lso, stop.clone()));
    let hub = Hub::new(
        Arc::clone(&published),
        Arc::clone(&metrics),
        &settings,
        stop.clone(),
    );
    tasks.spawn(Arc::clone(&hub).run());
    let app = App::new(
        settings.clone(),
        published,
        inbox,
        book,
        Arc::clone(&metrics),
        reservations,
        testing,
        hub,
    );
    tasks.spawn(sweep(app.clone(), stop.clone()));
    let scheme = if acceptor.is_some() { "https" } else { "http" };
    info!(%address, scheme, domains = settings.domains.len(), version = env!("CARGO_PKG_VERSION"), "brokerd is up");
    if settings.domains.is_empty() {
        info!("no [[domains]] in the settings: the maps are empty until a member registers");
    }
    listening(address, scheme);
    let server = Server {
        listener,
        tls: acceptor,
        router: routes(app),
        limits: settings.limits,
        metrics,
    };
    server.run(stop.clone()).await;
    tasks.close();
    tasks.wait().await;
    opened.close(CLOSING).await;
    info!("stopped");
    Ok(())
}

/// The southbound side of the SOF: partners of the settings are in the store, and callbacks are known.
async fn start_partners(
    settings: &Settings,
    lso: &Lso,
    address: SocketAddr,
    metrics: Arc<Metrics>,
) -> anyhow::Result<Arc<Book>> {
    let interlude = Interlude::new(&settings.sof, metrics).context("sof.interlude")?;
    seed::plant(lso, &settings.sof.partners).await?;
    let scheme = if settings.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let listens_at = format!("{scheme}://{address}");
    let public_url = match &settings.sof.public_url {
        Some(url) => Some(url.to_string()),
        // At an address of every interface nobody can reach us by that name.
        None => (!address.ip().is_unspecified()).then_some(listens_at),
    };
    if public_url.is_none() && !settings.sof.partners.is_empty() {
        info!("sof.public_url is not set: partners are polled, and do not notify us");
    }
    let book = Arc::new(Book::new(lso.clone(), Arc::new(interlude), public_url));
    keeper::load(&book).await?;
    Ok(book)
}

/// Starts the BGP-LS sessions, if there are any peers; says where it listens for them.
async fn start_bgp(
    settings: &Settings,
    tasks: &TaskTracker,
    inputs: mpsc::Sender<ingest::Input>,
    stop: CancellationToken,
) -> anyhow::Result<Option<SocketAddr>> {
    let of_domains = settings.domains.iter().flat_map(|domain| {
        domain.bgp_ls.iter().map(|peer| {
            let source = SourceKey {
                domain: domain.id.clone(),
                kind: SourceKind::BgpLs(peer.address.to_canonical()),
            };
            (peer, Speaks::Domain(source))
        })
    });
    let propagators = settings.bgp.propagators.iter();
    let propagators = propagators.map(|peer| (peer, Speaks::many(peer.address.to_canonical())));
    let (sessions, speaks): (Vec<_>, Vec<_>) = of_domains
        .chain(propagators)
        .map(|(peer, speaks)| (peer.session(&settings.bgp), speaks))
        .unzip();
    if sessions.is_empty() {
        return Ok(None);
    }
    let speaks = sessions.iter().map(PeerConfig::id).zip(speaks).collect();
    let speaker = Speaker::bind(settings.bgp.listen, sessions).await?;
    let address = speaker.local_addr();
    let (events, told) = mpsc::channel(BGP_EVENTS);
    tasks.spawn(speaker.run(events, stop));
    tasks.spawn(bgp_feed::run(told, speaks, inputs));
    Ok(address)
}

fn sources(settings: &Settings) -> impl Iterator<Item = SourceSpec> {
    settings.domains.iter().flat_map(|domain| {
        domain.pulls().map(|(slot, from)| SourceSpec {
            domain: domain.id.clone(),
            slot,
            from: from.clone(),
        })
    })
}

/// Looks whether a store that is in trouble has got over it.
async fn probe(store: Arc<Watched>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => store.probe().await,
        }
    }
}

async fn sweep(app: App, stop: CancellationToken) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => app.sweep(),
        }
    }
}
