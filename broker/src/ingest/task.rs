//! The one task that writes: inputs in order, deadlines, one publication per batch.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use idr::reservation::{LinkKey, Offer};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::pace::Pace;
use super::push::{Accepted, Command, PushError, Request};
use super::{Channel, Ingest, Input, News, Outcome, Slot, SourceKey, Version};
use crate::clock;
use crate::conflicts;
use crate::events::Changes;
use crate::liveness::State;
use crate::metrics::Metrics;
use crate::placements::problem::link_capacity;
use crate::published::Published;
use crate::reservations::{Desk, Done, Order, OrderError};

/// Inputs taken before a publication: what waits in the channel becomes one new version.
const BATCH: usize = 256;

/// How many commands may wait for the writer; further ones wait before it.
const COMMANDS: usize = 256;

/// A command, and where its answer goes.
#[derive(Debug)]
enum Asked {
    /// Of a member.
    Member(Request, Reply<Accepted, PushError>),
    /// Of who reserves.
    Desk(Box<Order>, Reply<Done, OrderError>),
}

type Reply<T, E> = oneshot::Sender<Result<T, E>>;

/// What came of a command, and where that goes.
enum Came {
    OfMember(Result<Accepted, PushError>, Reply<Accepted, PushError>),
    OfDesk(Result<Done, OrderError>, Reply<Done, OrderError>),
}

impl Came {
    fn tell(self) {
        // The client may have gone away.
        match self {
            Self::OfMember(came, reply) => drop(reply.send(came)),
            Self::OfDesk(came, reply) => drop(reply.send(came)),
        }
    }
}

/// Where commands go to the writer.
#[derive(Clone, Debug)]
pub struct Inbox(mpsc::Sender<Asked>);

/// The writer has stopped: the daemon is going down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

impl Inbox {
    /// An inbox, and its other end for [`run`].
    #[must_use]
    pub fn new() -> (Self, Commands) {
        let (sender, receiver) = mpsc::channel(COMMANDS);
        (Self(sender), Commands(receiver))
    }

    /// Has `request` carried out. Who gets the answer sees what came of it in the maps.
    ///
    /// # Errors
    /// The writer has stopped.
    pub async fn ask(&self, request: Request) -> Result<Result<Accepted, PushError>, Stopped> {
        let (reply, answered) = oneshot::channel();
        let asked = Asked::Member(request, reply);
        self.0.send(asked).await.map_err(|_| Stopped)?;
        answered.await.map_err(|_| Stopped)
    }

    /// Has `order` carried out. Who gets the answer sees what came of it in the maps, and sees what was
    /// in its way.
    ///
    /// # Errors
    /// The writer has stopped.
    pub async fn order(&self, order: Order) -> Result<Result<Done, OrderError>, Stopped> {
        let (reply, answered) = oneshot::channel();
        let asked = Asked::Desk(Box::new(order), reply);
        self.0.send(asked).await.map_err(|_| Stopped)?;
        answered.await.map_err(|_| Stopped)
    }
}

/// The writer's end of an [`Inbox`].
#[derive(Debug)]
pub struct Commands(mpsc::Receiver<Asked>);

/// Takes inputs and commands until `stop` or until every sender is gone, and publishes what comes of
/// them. The domains of the settings are published before the first poll: nobody shall find us ready
/// because there seems to be nothing to wait for.
pub fn run(
    mut ingest: Ingest,
    mut desk: Desk,
    inputs: mpsc::Receiver<Input>,
    commands: Commands,
    published: Arc<Published>,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
) -> impl Future<Output = ()> {
    for domain in ingest.domains() {
        if let Some(status) = ingest.status(domain) {
            for source in &status.sources {
                let key = SourceKey {
                    domain: domain.clone(),
                    kind: source.kind.clone(),
                };
                metrics.source_state(&key, source.state);
            }
            published.set_domain(domain, status, Vec::new());
        }
    }
    // What a store kept is held before the first request, too.
    desk.tick(clock::now());
    let (used, updates) = desk.take_updates();
    ingest.hold(updates);
    published.hold(used);
    report_reservations(&mut desk, &ingest, &published, &metrics);
    write(ingest, desk, inputs, commands, published, metrics, stop)
}

async fn write(
    mut ingest: Ingest,
    mut desk: Desk,
    mut inputs: mpsc::Receiver<Input>,
    mut commands: Commands,
    published: Arc<Published>,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut from_files = 0;
    // Domains whose sources said something since the last commit, and what came of commands.
    let mut touched = BTreeSet::new();
    let mut answers = Vec::new();
    let mut pace = Pace::new(clock::instant());
    loop {
        let due = (ingest.is_touched() || desk.is_touched()).then(|| pace.due());
        let now = clock::now();
        // Reservations go by the clock of people, which may be set: look now and then.
        let lapse = desk
            .rest(now)
            .map(|rest| now.instant + rest.min(CLOCK_IS_SET));
        let deadlines = due.into_iter().chain(lapse);
        let deadline = deadlines.chain(ingest.next_deadline()).min();
        let timer = async {
            match deadline {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            count = inputs.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    return;
                }
                pace.heard(clock::instant(), count);
                for input in batch.drain(..) {
                    touched.insert(input.source.domain.clone());
                    from_files += u64::from(input.source.kind.channel() == Channel::File);
                    take(&mut ingest, input, &metrics);
                }
            }
            Some(asked) = commands.0.recv() => {
                pace.heard(clock::instant(), 1);
                let waiting = std::iter::once(asked);
                // Those that wait, too: one new version for all of them.
                let more = std::iter::from_fn(|| commands.0.try_recv().ok());
                for asked in waiting.chain(more.take(BATCH)) {
                    answers.push(match asked {
                        Asked::Member(request, reply) => {
                            touched.insert(request.domain.clone());
                            Came::OfMember(carry_out(&mut ingest, request, &metrics), reply)
                        }
                        Asked::Desk(order, reply) => {
                            Came::OfDesk(serve(&ingest, &mut desk, *order), reply)
                        }
                    });
                }
            }
            () = timer => {}
        }
        let now = clock::now();
        desk.tick(now);
        let now = now.instant;
        let outcome = ingest.tick(now);
        report(&outcome, &metrics);
        let moved = outcome.transitions.into_iter();
        touched.extend(moved.map(|transition| transition.source.domain));
        for domain in outcome.forgotten {
            info!(%domain, "forgotten");
            touched.insert(domain);
        }
        if (ingest.is_touched() || desk.is_touched()) && now >= pace.due() {
            let (used, updates) = desk.take_updates();
            ingest.hold(updates);
            let committed = ingest.commit();
            let commit = now.elapsed();
            if let Some(changes) = committed {
                log_changes(&changes);
                let members = published.publish(ingest.idr(), ingest.idt(), used, changes);
                let conflicts = conflicts::count(&published.maps());
                metrics.published(
                    members,
                    &conflicts.map(|(kind, count)| (kind.as_str(), count)),
                );
                let publication = now.elapsed().saturating_sub(commit);
                debug!(
                    members,
                    ?commit,
                    ?publication,
                    "published a new version of the maps"
                );
            } else {
                // Of links more or less may be held than before.
                published.hold(used);
            }
            report_reservations(&mut desk, &ingest, &published, &metrics);
            pace.committed(now, clock::instant());
        }
        note_reservations(&mut desk, &metrics);
        // After the maps: who sees a source fresh, or has his answer, sees what it said, too. He who was
        // refused sees what he was refused for.
        if !ingest.is_touched() && !desk.is_touched() {
            for domain in std::mem::take(&mut touched) {
                match ingest.status(&domain) {
                    Some(status) => {
                        metrics.keep(&domain, status.sources.iter().map(|source| &source.kind));
                        let pushed = ingest.pushed(&domain);
                        let pushed = pushed.map(|(slot, pushed)| (slot, Arc::clone(pushed)));
                        published.set_domain(&domain, status, pushed.collect());
                    }
                    None => {
                        metrics.forget(&domain);
                        published.forget_domain(&domain);
                    }
                }
            }
            answers.drain(..).for_each(Came::tell);
            published.took_from_files(from_files);
        }
    }
}

/// How long a deadline of the clock of people is slept at most.
const CLOCK_IS_SET: Duration = Duration::from_secs(10);

/// Has the desk carry out an order, over what the databases have.
fn serve(ingest: &Ingest, desk: &mut Desk, order: Order) -> Result<Done, OrderError> {
    let (resources, topology) = (ingest.idr(), ingest.idt());
    let links = |key: &LinkKey| link_capacity(topology.graph(), key);
    let offer = Offer {
        resources: &resources,
        links,
    };
    desk.order(clock::now(), order, &offer)
}

/// Counts what happened to reservations, and logs it.
fn note_reservations(desk: &mut Desk, metrics: &Metrics) {
    for (id, happening) in desk.take_happened() {
        debug!(%id, what = happening.as_str(), "a reservation");
        metrics.reservation(happening);
    }
}

/// Tells readers and operators how reservations are.
fn report_reservations(desk: &mut Desk, ingest: &Ingest, published: &Published, metrics: &Metrics) {
    for (id, kept) in desk.take_touched() {
        published.set_reservation(id, kept);
    }
    let (resources, topology) = (ingest.idr(), ingest.idt());
    let links = |key: &LinkKey| link_capacity(topology.graph(), key);
    let offer = Offer {
        resources: &resources,
        links,
    };
    let mut overcommitted = published.version().used.overcommitted(&offer);
    if !published.is_ready() {
        // Not everybody has told yet what there is.
        overcommitted.clear();
    }
    if let Some(first) = overcommitted.first() {
        let count = overcommitted.len();
        warn!(count, %first, "more is held than there is");
    }
    metrics.reservations(&desk.counts(), overcommitted.len());
}

/// How many changes of one version are logged one by one.
const LOGGED: usize = 20;

/// What changed, for who looks closely.
fn log_changes(changes: &Changes) {
    let resources = changes.resources.iter().map(ToString::to_string);
    let topology = changes.topology.iter().map(ToString::to_string);
    for change in resources.chain(topology).take(LOGGED) {
        debug!(change, "changed");
    }
    if changes.len() > LOGGED {
        debug!(more = changes.len() - LOGGED, "changed");
    }
}

fn carry_out(
    ingest: &mut Ingest,
    request: Request,
    metrics: &Metrics,
) -> Result<Accepted, PushError> {
    let domain = request.domain.clone();
    let what = match &request.command {
        Command::Register(_) => "registered",
        Command::Put {
            slot: Slot::Resources,
            ..
        } => "pushed resources",
        Command::Put {
            slot: Slot::Topology,
            ..
        } => "pushed topology",
        Command::Put {
            slot: Slot::Windows,
            ..
        } => "pushed windows",
        Command::Withdraw(Slot::Resources) => "withdrew resources",
        Command::Withdraw(Slot::Topology) => "withdrew topology",
        Command::Withdraw(Slot::Windows) => "withdrew windows",
        Command::Heartbeat { .. } => "is alive",
        Command::Leave => "left",
    };
    let now = clock::now();
    match ingest.command(now, request) {
        Ok((accepted, outcome)) => {
            let version = accepted.version.as_ref().map_or("-", Version::as_str);
            match what {
                "is alive" => debug!(%domain, what, "a member"),
                _ => info!(%domain, what, version, "a member"),
            }
            for (kind, _) in ingest.pushes(&domain) {
                let source = SourceKey {
                    domain: domain.clone(),
                    kind,
                };
                metrics.heard(&source, now.timestamp);
            }
            report(&outcome, metrics);
            Ok(accepted)
        }
        Err(error) => {
            warn!(%domain, what, %error, "not carried out");
            Err(error)
        }
    }
}

fn take(ingest: &mut Ingest, input: Input, metrics: &Metrics) {
    let source = input.source.clone();
    let failed = match &input.news {
        News::Failed(failure) => Some(failure.why.clone()),
        News::SessionDown { why, .. } => Some(why.clone()),
        _ => None,
    };
    let warnings = match &input.news {
        News::Document(document) => document.export.warnings.clone(),
        _ => Vec::new(),
    };
    let is_withdrawn = input.news == News::Withdrawn;
    let now = clock::now();
    let outcome = ingest.on(now, input);
    let refused = outcome.refused.as_ref().map(|failure| &failure.why);
    if let Some(why) = failed.as_ref().or(refused) {
        let failures = ingest.failures(&source).unwrap_or_default();
        // The first of a row is news; the rest would drown the log. None: there is no room for the source.
        if failures <= 1 {
            warn!(domain = %source.domain, source = %source.kind, why, "no good answer");
        } else {
            debug!(domain = %source.domain, source = %source.kind, failures, why, "no good answer");
        }
    } else if is_withdrawn {
        info!(domain = %source.domain, source = %source.kind, "withdrawn");
    } else {
        metrics.heard(&source, now.timestamp);
        // A document is decoded only when it changed, so this comes once per version of it.
        if let Some(first) = warnings.first() {
            let (count, line, path) = (warnings.len(), first.line, first.path.as_str());
            warn!(
                domain = %source.domain, source = %source.kind, count, line, path,
                first = first.text.as_str(), "taken, with warnings"
            );
        }
    }
    if outcome.skipped_routes > 0 {
        metrics.skipped_routes(&source, outcome.skipped_routes);
    }
    report(&outcome, metrics);
}

fn report(outcome: &Outcome, metrics: &Metrics) {
    for transition in &outcome.transitions {
        let (domain, source) = (&transition.source.domain, &transition.source.kind);
        let (from, to) = (transition.from.as_str(), transition.to.as_str());
        metrics.source_state(&transition.source, transition.to);
        match transition.to {
            State::Stale => {
                warn!(%domain, %source, from, to, "stale: silent for the hold time or its session lost; still served");
            }
            State::Gone => {
                warn!(%domain, %source, from, to, "silent for the expiry time: out of the maps");
            }
            State::Fresh | State::Waiting => {
                info!(%domain, %source, from, to, "gave a good answer");
            }
        }
    }
}
