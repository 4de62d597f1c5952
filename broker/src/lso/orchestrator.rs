//! Carries out orders: drives the sagas of [`sof::saga`] and keeps each step before and after it is made.
//!
//! ```text
//!  Wake, timer ─▶ run ──starts──▶ a task per order at work ──▶ effects: engine, reservations, partners, Presto
//!                  ▲                  │    ▲                       │
//!                  └──── rests ◀──────┘    └────── events ◀────────┘
//!                                     ▼
//!                        one batch: saga, order, service, selection, outbox; guarded by the claim
//! ```
//!
//! What there is to do follows from the store: [`run`] looks at all orders at the start and on a timer, beside the work, and a
//! wake-up only saves it the wait. An order is worked on under a claim, so several brokers may share a store. A task that has nothing to do
//! for a while rests: it gives its place and its claim back. When a batch is not kept, the task ends, and what it was at is
//! read from the store again: whatever it was about to do has not been done, and of what was under way the next one asks.
//!
//! | module | does |
//! |---|---|
//! | `order` | the task of one order |
//! | `record` | records, and the batch that keeps a step |
//! | `choose` | the engine's chains, judged |
//! | `call` | calls to partners and to the domain's own resources |
//! | `reserve` | reservations |
//! | `rooms` | how many effects there are at once |
//! | `schedule` | when an item may begin |
//! | `look` | orders that nobody has told of |
//! | `orphans` | claims that were left |
//! | `durable` | the broker's own reservations and circuits, as they are asked for here |
//! | `prune` | forgets how services came to be that have ended |
//! | `awaited` | which orders wait for which partner |
//! | `stats` | what is known of partners from their work |

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use nffg::DomainId;
use sof::order::OrderId;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::partners::Partners;
use super::presto::Presto;
use super::records::SAGAS;
use super::{Lso, Wake};
use crate::clock;
use crate::metrics::Metrics;
use crate::published::Published;
use crate::settings::Work;
use crate::store::{KeyRange, Snapshot, StoreError};

mod awaited;
mod call;
mod choose;
mod durable;
mod look;
mod order;
mod orphans;
mod prune;
mod record;
mod reserve;
mod rooms;
mod schedule;
mod stats;

use awaited::{Awaited, Awaits};
pub use choose::DryRun;
pub use record::operations;
pub use reserve::{Reservations, ReserveError, Reserved};

/// Whether a partner is asked at all for now.
pub trait Circuits: Debug + Send + Sync {
    /// It did not answer of late, and is left alone for a while.
    fn is_open(&self, partner: &DomainId) -> bool;
}

/// What the work is done with.
#[derive(Clone)]
pub struct Tools {
    /// The store, and who is told.
    pub lso: Lso,
    /// The federation as it is.
    pub published: Arc<Published>,
    /// Partners' APIs.
    pub partners: Arc<dyn Partners>,
    /// Which of them are left alone.
    pub circuits: Arc<dyn Circuits>,
    /// The domain's own resources, if this is a domain's SOF.
    pub presto: Option<Arc<dyn Presto>>,
    /// Capacity.
    pub reservations: Arc<dyn Reservations>,
    /// Counters.
    pub metrics: Arc<Metrics>,
}

/// What tasks share.
struct Shared {
    tools: Tools,
    settings: Work,
    /// This orchestrator, among all that ever were.
    owner: String,
    /// No other process works on the store: claims of others are of processes that are no more.
    is_sole: bool,
    /// Effects at once.
    rooms: rooms::Rooms,
    /// Searches at once.
    searches: Semaphore,
    stats: Mutex<stats::Stats>,
    /// Whether what partners did before is among that.
    learned: watch::Receiver<bool>,
    /// Which of our orders a partner's order is for.
    theirs: Mutex<BTreeMap<(DomainId, OrderId), OrderId>>,
    /// Partners' orders of which they told before we knew that they are ours, oldest first: a fast partner is done before its
    /// answer is kept.
    early: Mutex<VecDeque<(DomainId, OrderId)>>,
}

/// How many hints may be early.
const EARLY: usize = 1_024;

impl Shared {
    fn stats(&self) -> std::sync::MutexGuard<'_, stats::Stats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn early(&self) -> std::sync::MutexGuard<'_, VecDeque<(DomainId, OrderId)>> {
        self.early.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a hint of an order that nobody knows yet, in the place of the oldest if there are many.
    fn is_early(&self, partner: DomainId, order: OrderId) {
        let mut early = self.early();
        while early.len() >= EARLY {
            early.pop_front();
        }
        early.push_back((partner, order));
    }

    fn theirs(&self) -> std::sync::MutexGuard<'_, BTreeMap<(DomainId, OrderId), OrderId>> {
        self.theirs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a task is told from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Nudge {
    /// A partner says that something happened to an order of its own.
    Hint(DomainId, OrderId),
    /// Partners or agreements changed.
    Agreements,
}

/// How many nudges may wait for a task. What finds no room is found out by looking.
const NUDGES: usize = 64;

/// Why a task has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rest {
    /// Nothing is left to do.
    Done,
    /// There is nothing to do before a moment, if nothing happens, or a partner changes that it waits for. What is kept has
    /// at most this version.
    Until(Timestamp, u64, Awaits),
    /// Somebody else has it, or a step was not kept: it is looked at again at a moment, as something that another process left.
    Left(Timestamp),
    /// An effect panicked, so that nobody knows how far it came: it is looked at again as after [`Rest::Left`], later each
    /// time.
    Panicked,
}

/// The pause before an order is looked at again of which an effect panicked, and the longest: doubled each time in a row.
const PANICKED: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(600));

/// An order that is not done.
#[derive(Debug)]
enum Known {
    /// A task is at it, or it waits for a place; what it is told waits there.
    AtWork(mpsc::Sender<Nudge>),
    /// Until when nothing is to be done. `seen`: up to which version this process has kept its steps; while nothing newer is
    /// there, nothing is in doubt.
    Resting {
        until: Timestamp,
        seen: Option<u64>,
        /// Nothing that is told of it calls it up before.
        is_shut: bool,
    },
}

/// Works on orders until `stop`. Gives each task the time of `settings.grace` then to keep what its partners answer.
pub async fn run(
    tools: Tools,
    settings: Work,
    wakes: mpsc::Receiver<Wake>,
    stop: CancellationToken,
) {
    run_as(tools, settings, false, wakes, stop).await;
}

/// As [`run`], on a store that no other process works on: what a process that is no more has claimed is gone on with at
/// once.
pub async fn run_alone(
    tools: Tools,
    settings: Work,
    wakes: mpsc::Receiver<Wake>,
    stop: CancellationToken,
) {
    run_as(tools, settings, true, wakes, stop).await;
}

async fn run_as(
    tools: Tools,
    settings: Work,
    is_sole: bool,
    mut wakes: mpsc::Receiver<Wake>,
    stop: CancellationToken,
) {
    let (has_learned, learned) = watch::channel(false);
    let shared = Arc::new(Shared {
        rooms: rooms::Rooms::new(&settings),
        searches: Semaphore::new(settings.searches_at_once.clamp(1, Semaphore::MAX_PERMITS)),
        tools,
        stats: Mutex::new(stats::Stats::new(settings.success_half_life)),
        settings,
        owner: uuid::Uuid::new_v4().to_string(),
        is_sole,
        learned,
        theirs: Mutex::default(),
        early: Mutex::default(),
    });
    let mut desk = Desk {
        shared: Arc::clone(&shared),
        known: HashMap::new(),
        resting: BTreeSet::new(),
        awaited: Awaited::default(),
        ready: VecDeque::new(),
        tasks: JoinSet::new(),
        panics: HashMap::new(),
        stop: stop.clone(),
    };
    // From before there is any work: what ends meanwhile is counted when it ends.
    let before = shared.tools.lso.store.snapshot().await;
    let (found, mut left) = mpsc::channel(look::PAGES);
    let mut looking = JoinSet::new();
    let looker = Arc::clone(&shared);
    looking.spawn(async move {
        let store = Arc::clone(&looker.tools.lso.store);
        let who = (looker.owner.as_str(), looker.is_sole);
        look::run(store, who, looker.settings.look, found).await;
    });
    let learner = Arc::clone(&shared);
    looking.spawn(async move {
        if let Err(error) = learner.learn(before).await {
            warn!(
                error = &error as &dyn std::error::Error,
                "sof: what partners did before is not known"
            );
        }
        has_learned.send_replace(true);
        // What is forgotten has been learned from first.
        prune::run(learner).await;
    });
    loop {
        desk.start_ready();
        let now = clock::now();
        let rest = desk.next_rest().map(|until| in_time(now, until));
        tokio::select! {
            () = stop.cancelled() => break,
            Some(wake) = wakes.recv() => desk.wake(wake),
            Some(ended) = desk.tasks.join_next() => desk.ended(ended),
            Some(orders) = left.recv() => desk.found(orders),
            () = until(rest) => desk.rise(clock::now().timestamp),
        }
        shared
            .tools
            .metrics
            .orders_at_work(desk.tasks.len(), desk.known.len());
    }
    info!(orders = desk.tasks.len(), "sof: stopping");
    while desk.tasks.join_next().await.is_some() {}
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// When `until` is, on the clock for intervals.
fn in_time(now: clock::Now, until: Timestamp) -> Instant {
    let rest = until.duration_since(now.timestamp);
    now.instant + Duration::try_from(rest).unwrap_or_default()
}

impl Shared {
    /// What partners did before, from what was kept then.
    async fn learn(&self, before: Result<Box<dyn Snapshot>, StoreError>) -> Result<(), StoreError> {
        let snapshot = before?;
        let mut range = Some(KeyRange::all());
        while let Some(part) = range {
            let page = SAGAS.scan(snapshot.as_ref(), &part, 100).await?;
            {
                let mut stats = self.stats();
                for (_, saga) in &page.records {
                    stats.learn(&saga.value);
                }
            }
            range = page.next;
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}

/// A task that has ended, and what it was told and has not heard.
type Ended = (OrderId, Rest, mpsc::Receiver<Nudge>);

/// What `run` knows.
struct Desk {
    shared: Arc<Shared>,
    known: HashMap<OrderId, Known>,
    /// Those that rest, by when that is over; one that was called up before may still be here.
    resting: BTreeSet<(Timestamp, OrderId)>,
    /// Of those that rest, what they wait for.
    awaited: Awaited,
    /// Orders that wait for a place.
    ready: VecDeque<(OrderId, Option<u64>, mpsc::Receiver<Nudge>)>,
    tasks: JoinSet<Ended>,
    /// How often the work on an order panicked, and when it did last.
    panics: HashMap<OrderId, (u32, Timestamp)>,
    stop: CancellationToken,
}

impl Desk {
    /// Puts an order in the row for work, unless it is there, and tells it something.
    fn call_up(&mut self, id: OrderId, nudge: Option<Nudge>) {
        let seen = match self.known.get(&id) {
            Some(Known::AtWork(sender)) => {
                if let Some(nudge) = nudge {
                    // Without room it finds out by looking.
                    let _ = sender.try_send(nudge);
                }
                return;
            }
            Some(Known::Resting { is_shut: true, .. }) => return,
            Some(Known::Resting { seen, .. }) => *seen,
            None => None,
        };
        self.awaited.remove(&id);
        let (sender, nudges) = mpsc::channel(NUDGES);
        if let Some(nudge) = nudge {
            let _ = sender.try_send(nudge);
        }
        self.ready.push_back((id.clone(), seen, nudges));
        self.known.insert(id, Known::AtWork(sender));
    }

    fn wake(&mut self, wake: Wake) {
        match wake {
            Wake::Order(id) => self.call_up(id, None),
            Wake::Hint { partner, order } => {
                let ours = {
                    let theirs = self.shared.theirs();
                    let ours = theirs.get(&(partner.clone(), order.clone())).cloned();
                    if ours.is_none() {
                        // Perhaps one whose answer has not come yet. Under the lock, so that it is not missed then.
                        self.shared.is_early(partner.clone(), order.clone());
                    }
                    ours
                };
                match ours {
                    Some(ours) => self.call_up(ours, Some(Nudge::Hint(partner, order))),
                    None => self.shared.tools.metrics.stale_event("hint"),
                }
            }
            Wake::Agreements(domain) => {
                for known in self.known.values() {
                    if let Known::AtWork(sender) = known {
                        // Without room it finds out by looking.
                        let _ = sender.try_send(Nudge::Agreements);
                    }
                }
                for id in self.awaited.of(&domain) {
                    self.call_up(id, Some(Nudge::Agreements));
                }
            }
        }
    }

    /// Starts tasks while there are places.
    fn start_ready(&mut self) {
        while self.tasks.len() < self.shared.settings.orders_at_once.max(1) {
            let Some((id, seen, nudges)) = self.ready.pop_front() else {
                return;
            };
            let (shared, stop) = (Arc::clone(&self.shared), self.stop.clone());
            let mut nudges = nudges;
            self.tasks.spawn(async move {
                let rest = order::work(shared, &id, seen, &mut nudges, stop).await;
                (id, rest, nudges)
            });
        }
    }

    fn ended(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        let Ok((id, rest, nudges)) = ended else {
            // Whose it was is not known; the next look finds it.
            warn!("sof: the work on an order panicked");
            let at = after(clock::now().timestamp, self.shared.settings.look);
            let running: Vec<OrderId> = self.known.keys().cloned().collect();
            for id in running {
                let gone = matches!(self.known.get(&id), Some(Known::AtWork(sender)) if sender.is_closed());
                if gone {
                    self.rest(id, at, None);
                }
            }
            return;
        };
        match rest {
            Rest::Done => {
                self.known.remove(&id);
                self.panics.remove(&id);
                self.shared.theirs().retain(|_, ours| *ours != id);
            }
            // It was told something when it was about to end: it goes on, and its sender stays.
            Rest::Until(_, seen, _) if !nudges.is_empty() => {
                self.ready.push_back((id, Some(seen), nudges));
            }
            Rest::Until(until, seen, awaits) => {
                self.awaited.insert(&id, awaits);
                self.rest(id, until, Some(seen));
            }
            // Who reads it anew asks for all that is open, whatever was told.
            Rest::Left(until) => self.rest(id, until, None),
            Rest::Panicked => self.panicked(id),
        }
    }

    /// Lets an order rest whose work panicked, for longer each time: what panics once mostly does so again, and each time
    /// is a request to a partner or a search.
    fn panicked(&mut self, id: OrderId) {
        let now = clock::now().timestamp;
        let (first, longest) = PANICKED;
        let (times, last) = self.panics.entry(id.clone()).or_insert((0, now));
        if after(*last, longest * 2) < now {
            // It went well for so long: this is another story.
            *times = 0;
        }
        let pause = first.saturating_mul(1 << (*times).min(20)).min(longest);
        (*times, *last) = (times.saturating_add(1), now);
        warn!(order = %id, times, ?pause, "sof: the work on an order panicked");
        self.shared.tools.metrics.work_step("effect", "panicked");
        let until = after(now, pause);
        self.rest(id.clone(), until, None);
        if let Some(Known::Resting { is_shut, .. }) = self.known.get_mut(&id) {
            *is_shut = true;
        }
    }

    /// Lets an order rest.
    fn rest(&mut self, id: OrderId, until: Timestamp, seen: Option<u64>) {
        self.resting.insert((until, id.clone()));
        let resting = Known::Resting {
            until,
            seen,
            is_shut: false,
        };
        self.known.insert(id, resting);
    }

    /// When the next order that rests has something to do.
    fn next_rest(&self) -> Option<Timestamp> {
        self.resting.first().map(|(until, _)| *until)
    }

    /// Calls up the orders whose rest is over.
    fn rise(&mut self, now: Timestamp) {
        while let Some((until, id)) = self.resting.pop_first() {
            if until > now {
                self.resting.insert((until, id));
                return;
            }
            if let Some(Known::Resting {
                until: known,
                is_shut,
                ..
            }) = self.known.get_mut(&id)
                && *known == until
            {
                *is_shut = false;
                self.call_up(id, None);
            }
        }
    }

    /// Calls up what nobody has told of.
    fn found(&mut self, orders: Vec<OrderId>) {
        for id in orders {
            if !self.known.contains_key(&id) {
                self.call_up(id, None);
            }
        }
    }
}

/// `time` so much later.
fn after(time: Timestamp, by: Duration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}
