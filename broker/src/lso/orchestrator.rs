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
//! What there is to do follows from the store: [`run`] looks at all orders at the start and on a timer, and a wake-up only
//! saves it the wait. An order is worked on under a claim, so several brokers may share a store. A task that has nothing to do
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
//! | `schedule` | when an item may begin |
//! | `durable` | the broker's own reservations and circuits, as they are asked for here |
//! | `stats` | what is known of partners from their work |

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use nffg::DomainId;
use sof::order::OrderId;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::partners::Partners;
use super::presto::Presto;
use super::records::{ORDERS, SAGAS};
use super::{Lso, Wake};
use crate::clock;
use crate::metrics::Metrics;
use crate::published::Published;
use crate::settings::Work;
use crate::store::key::Key;
use crate::store::{KeyRange, StoreError, TableName};

mod call;
mod choose;
mod durable;
mod order;
mod record;
mod reserve;
mod schedule;
mod stats;

pub use choose::DryRun;
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
    /// Effects at once.
    room: Semaphore,
    /// Searches at once.
    searches: Semaphore,
    stats: Mutex<stats::Stats>,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// Nothing is left to do.
    Done,
    /// There is nothing to do before a moment, if nothing happens.
    Until(Timestamp),
    /// Somebody else has it, or a step was not kept: it is looked at again at a moment, as something that another process left.
    Left(Timestamp),
}

/// An order that is not done.
#[derive(Debug)]
enum Known {
    /// A task is at it, or it waits for a place; what it is told waits there.
    AtWork(mpsc::Sender<Nudge>),
    /// Until when nothing is to be done; whether this process has kept its last step, so that nothing is in doubt.
    Resting { until: Timestamp, is_ours: bool },
}

/// Works on orders until `stop`. Gives each task the time of `settings.grace` then to keep what its partners answer.
pub async fn run(
    tools: Tools,
    settings: Work,
    mut wakes: mpsc::Receiver<Wake>,
    stop: CancellationToken,
) {
    let shared = Arc::new(Shared {
        room: Semaphore::new(settings.calls_at_once.clamp(1, Semaphore::MAX_PERMITS)),
        searches: Semaphore::new(settings.searches_at_once.clamp(1, Semaphore::MAX_PERMITS)),
        tools,
        settings,
        owner: uuid::Uuid::new_v4().to_string(),
        stats: Mutex::default(),
        theirs: Mutex::default(),
        early: Mutex::default(),
    });
    let mut desk = Desk {
        shared: Arc::clone(&shared),
        known: HashMap::new(),
        resting: BTreeSet::new(),
        finished: HashMap::new(),
        ready: VecDeque::new(),
        tasks: JoinSet::new(),
        stop: stop.clone(),
    };
    if let Err(error) = shared.learn().await {
        warn!(
            error = &error as &dyn std::error::Error,
            "sof: what partners did before is not known"
        );
    }
    let mut next_look = clock::instant();
    loop {
        desk.start_ready();
        let now = clock::now();
        let rest = desk.next_rest().map(|until| in_time(now, until));
        let wake_at = rest.map_or(next_look, |rest| rest.min(next_look));
        tokio::select! {
            () = stop.cancelled() => break,
            wake = wakes.recv() => match wake {
                Some(wake) => desk.wake(wake),
                None => break,
            },
            Some(ended) = desk.tasks.join_next() => desk.ended(ended),
            () = tokio::time::sleep_until(wake_at) => {
                desk.rise(clock::now().timestamp);
                if clock::instant() >= next_look {
                    if let Err(error) = desk.look().await {
                        warn!(error = &error as &dyn std::error::Error, "sof: cannot look for orders");
                    }
                    next_look = clock::instant() + shared.settings.look;
                }
            }
        }
        shared
            .tools
            .metrics
            .orders_at_work(desk.tasks.len(), desk.known.len());
    }
    info!(orders = desk.tasks.len(), "sof: stopping");
    while desk.tasks.join_next().await.is_some() {}
}

/// When `until` is, on the clock for intervals.
fn in_time(now: clock::Now, until: Timestamp) -> Instant {
    let rest = until.duration_since(now.timestamp);
    now.instant + std::time::Duration::try_from(rest).unwrap_or_default()
}

impl Shared {
    /// What partners did before, from what is kept.
    async fn learn(&self) -> Result<(), StoreError> {
        let snapshot = self.tools.lso.store.snapshot().await?;
        let mut range = Some(KeyRange::all());
        while let Some(part) = range {
            let page = SAGAS.scan(snapshot.as_ref(), &part, 1_000).await?;
            let mut stats = self.stats();
            page.records
                .iter()
                .for_each(|(_, saga)| stats.learn(&saga.value));
            range = page.next;
        }
        Ok(())
    }
}

/// What `run` knows.
struct Desk {
    shared: Arc<Shared>,
    known: HashMap<OrderId, Known>,
    /// Those that rest, by when that is over; one that was called up before may still be here.
    resting: BTreeSet<(Timestamp, OrderId)>,
    /// Orders of which nothing is left to do, with the version of the record: these are not read again.
    finished: HashMap<Bytes, u64>,
    /// Orders that wait for a place.
    ready: VecDeque<(OrderId, bool, mpsc::Receiver<Nudge>)>,
    tasks: JoinSet<(OrderId, Rest, Option<Nudge>)>,
    stop: CancellationToken,
}

impl Desk {
    /// Puts an order in the row for work, unless it is there, and tells it something.
    fn call_up(&mut self, id: OrderId, nudge: Option<Nudge>) {
        let is_ours = match self.known.get(&id) {
            Some(Known::AtWork(sender)) => {
                if let Some(nudge) = nudge {
                    // Without room it finds out by looking.
                    let _ = sender.try_send(nudge);
                }
                return;
            }
            Some(Known::Resting { is_ours, .. }) => *is_ours,
            None => false,
        };
        let (sender, nudges) = mpsc::channel(NUDGES);
        if let Some(nudge) = nudge {
            let _ = sender.try_send(nudge);
        }
        self.ready.push_back((id.clone(), is_ours, nudges));
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
            Wake::Agreements => {
                let all: Vec<OrderId> = self.known.keys().cloned().collect();
                for id in all {
                    self.call_up(id, Some(Nudge::Agreements));
                }
            }
        }
    }

    /// Starts tasks while there are places.
    fn start_ready(&mut self) {
        while self.tasks.len() < self.shared.settings.orders_at_once.max(1) {
            let Some((id, is_ours, nudges)) = self.ready.pop_front() else {
                return;
            };
            let (shared, stop) = (Arc::clone(&self.shared), self.stop.clone());
            self.tasks.spawn(async move {
                let (rest, nudge) = order::work(shared, &id, is_ours, nudges, stop).await;
                (id, rest, nudge)
            });
        }
    }

    fn ended(&mut self, ended: Result<(OrderId, Rest, Option<Nudge>), tokio::task::JoinError>) {
        let Ok((id, rest, nudge)) = ended else {
            // Whose it was is not known; the next look finds it.
            warn!("sof: the work on an order panicked");
            let at = after(clock::now().timestamp, self.shared.settings.look);
            let running: Vec<OrderId> = self.known.keys().cloned().collect();
            for id in running {
                let gone = matches!(self.known.get(&id), Some(Known::AtWork(sender)) if sender.is_closed());
                if gone {
                    self.rest(id, at, false);
                }
            }
            return;
        };
        match rest {
            Rest::Done => {
                self.known.remove(&id);
                self.shared.theirs().retain(|_, ours| *ours != id);
                return;
            }
            Rest::Until(until) => self.rest(id.clone(), until, true),
            Rest::Left(until) => self.rest(id.clone(), until, false),
        }
        if nudge.is_some() {
            self.call_up(id, nudge);
        }
    }

    /// Lets an order rest.
    fn rest(&mut self, id: OrderId, until: Timestamp, is_ours: bool) {
        self.resting.insert((until, id.clone()));
        self.known.insert(id, Known::Resting { until, is_ours });
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
            if matches!(self.known.get(&id), Some(Known::Resting { until: known, .. }) if *known == until)
            {
                self.call_up(id, None);
            }
        }
    }

    /// Looks for orders that nobody has told of.
    async fn look(&mut self) -> Result<(), StoreError> {
        let store = Arc::clone(&self.shared.tools.lso.store);
        let snapshot = store.snapshot().await?;
        let mut range = Some(KeyRange::all());
        while let Some(part) = range {
            let page = snapshot.scan(TableName::Orders, &part, 1_000).await?;
            for (key, record) in &page.records {
                if self.finished.get(key) == Some(&record.version) {
                    continue;
                }
                let Some(id) = String::decode(key) else {
                    continue;
                };
                let id = OrderId(id);
                if self.known.contains_key(&id) {
                    continue;
                }
                let Some(order) = ORDERS.get(snapshot.as_ref(), &id.0).await? else {
                    continue;
                };
                let mut is_done = order.value.state().is_final();
                for item in &order.value.items {
                    let saga = SAGAS
                        .get(snapshot.as_ref(), &(id.0.clone(), item.id.0.clone()))
                        .await?;
                    is_done &= saga.is_none_or(|saga| saga.value.is_done());
                }
                if is_done {
                    self.finished.insert(key.clone(), record.version);
                } else {
                    self.call_up(id, None);
                }
            }
            range = page.next;
        }
        Ok(())
    }
}

/// `time` so much later.
fn after(time: Timestamp, by: std::time::Duration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}
