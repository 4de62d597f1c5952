//! Which lane has its turn when.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::lane::{CLAIMS, Held, Lane, Turn};
use super::{Notice, Outbox};
use crate::clock;
use crate::store::key::Reader;
use crate::store::queue::Queue;
use crate::store::{Batch, KeyRange, StoreError, TableName, claim};

/// How often all lanes are looked at that nobody told of: what another broker wrote, and what waits to be cleared.
const POLL: Duration = Duration::from_secs(5);
/// Between two looks at which lanes there are, however often the outbox is written to.
const GAP: Duration = Duration::from_millis(5);
/// From a change of the subscriptions to a look at them, which is for all changes until then.
const RELOAD: Duration = Duration::from_millis(100);
/// The pause of a lane with which the store failed.
const TROUBLE: Duration = Duration::from_secs(5);
/// Lanes that are listed at a time.
const PAGE: usize = 1_000;

const OUTBOX: Queue<Notice> = Queue::OUTBOX;

/// What is known of a lane between its turns.
#[derive(Debug, Default)]
struct State {
    is_running: bool,
    /// In line for a turn.
    is_ready: bool,
    /// Something came while it was running.
    is_marked: bool,
    /// It is too long.
    trim: bool,
    /// The last try failed, or the last turn was slow: it waits in the other line.
    is_struggling: bool,
    /// Not before then.
    due: Option<Instant>,
    held: Option<Held>,
}

/// What a task brings back.
struct Done {
    lane: String,
    held: Option<Held>,
    result: Result<Turn, StoreError>,
    took: Duration,
}

/// What a count of the lanes found.
#[derive(Debug, Default)]
struct Survey {
    waiting: usize,
    oldest: Option<Timestamp>,
    too_long: Vec<String>,
    /// Lanes of subscriptions that are no more, of which something is left.
    orphans: Vec<String>,
}

/// Delivers until `stop`. What is under way then is broken off, and sent again after the next start.
pub async fn run(outbox: Outbox, stop: CancellationToken) {
    let store = std::sync::Arc::clone(&outbox.lso.store);
    let mut written = store.watch(TableName::Outbox);
    let mut subscribers = store.watch(TableName::Subscriptions);
    let mut driver = Driver {
        half: (outbox.rules.at_once / 2).max(1),
        outbox,
        lanes: HashMap::new(),
        ready: [VecDeque::new(), VecDeque::new()],
        running: [0, 0],
        tasks: JoinSet::new(),
        names: HashMap::new(),
        surveys: JoinSet::new(),
    };
    let mut look = clock::instant();
    // What was written before the watch began it does not tell.
    let (mut survey, mut reload) = (look, Some(look));
    let mut is_dirty = true;
    loop {
        let now = clock::instant();
        if now >= look && (is_dirty || now >= look + POLL - GAP) {
            written.mark_unchanged();
            is_dirty = false;
            driver.look().await;
            look = clock::instant() + GAP;
        }
        driver.start_turns();
        let next_look = if is_dirty { look } else { look + POLL - GAP };
        let wake = driver
            .next_due()
            .map_or(next_look, |due| due.min(next_look));
        tokio::select! {
            () = stop.cancelled() => break,
            changed = written.changed(), if !is_dirty => match changed {
                Ok(()) => is_dirty = true,
                // The store is gone, and the timer will tell.
                Err(_) => tokio::time::sleep(TROUBLE).await,
            },
            Ok(()) = subscribers.changed(), if reload.is_none() => {
                reload = Some(clock::instant() + RELOAD);
            }
            () = until(reload), if reload.is_some() => {
                reload = None;
                driver.reload().await;
            }
            Some(done) = driver.tasks.join_next_with_id() => driver.ended(done),
            Some(found) = driver.surveys.join_next() => driver.surveyed(found),
            () = tokio::time::sleep_until(survey), if driver.surveys.is_empty() => {
                driver.survey();
                survey = clock::instant() + driver.outbox.rules.survey;
                // A watch may be late with what another process wrote.
                reload.get_or_insert_with(|| clock::instant() + RELOAD);
            }
            () = tokio::time::sleep_until(wake) => {}
        }
    }
    driver.stop().await;
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

struct Driver {
    outbox: Outbox,
    lanes: HashMap<String, State>,
    /// Those that do well, and those that struggle.
    ready: [VecDeque<String>; 2],
    running: [usize; 2],
    /// Places for those that struggle; the others may have all the rest.
    half: usize,
    tasks: JoinSet<Done>,
    names: HashMap<Id, String>,
    surveys: JoinSet<Result<Survey, StoreError>>,
}

impl Driver {
    /// Finds the lanes in which something waits.
    async fn look(&mut self) {
        let found = list(&self.outbox).await;
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                warn!(%error, "cannot look at the outbox");
                return;
            }
        };
        let now = clock::instant();
        for lane in &found {
            let state = self.lanes.entry(lane.clone()).or_default();
            if state.is_running {
                state.is_marked = true;
            } else if state.due.is_none_or(|due| due <= now) {
                self.make_ready(lane);
            }
        }
        // What is empty and does nothing is forgotten, but for a claim that still runs.
        let found: HashSet<_> = found.iter().collect();
        let wall = clock::now().timestamp;
        self.lanes.retain(|lane, state| {
            found.contains(lane)
                || state.is_running
                || state.held.is_some_and(|held| held.until > wall)
        });
    }

    fn make_ready(&mut self, lane: &str) {
        let Some(state) = self.lanes.get_mut(lane) else {
            return;
        };
        if state.is_ready || state.is_running {
            return;
        }
        state.is_ready = true;
        state.due = None;
        let [good, bad] = &mut self.ready;
        let line = if state.is_struggling { bad } else { good };
        line.push_back(lane.to_owned());
    }

    /// Gives turns to lanes that are in line, as long as there are places.
    fn start_turns(&mut self) {
        let now = clock::instant();
        let due: Vec<_> = self
            .lanes
            .iter()
            .filter(|(_, state)| state.due.is_some_and(|due| due <= now))
            .map(|(lane, _)| lane.clone())
            .collect();
        for lane in due {
            self.make_ready(&lane);
        }
        for line in [0, 1] {
            loop {
                let [good, bad] = self.running;
                let has_place = match line {
                    0 => good + bad < self.outbox.rules.at_once,
                    _ => bad < self.half && good + bad < self.outbox.rules.at_once,
                };
                let Some(ready) = self.ready.get_mut(line).filter(|_| has_place) else {
                    break;
                };
                let Some(lane) = ready.pop_front() else {
                    break;
                };
                self.start(lane, line);
            }
        }
    }

    fn start(&mut self, id: String, line: usize) {
        let Some(state) = self.lanes.get_mut(&id) else {
            return;
        };
        state.is_ready = false;
        state.is_running = true;
        state.is_marked = false;
        let (trim, held) = (std::mem::take(&mut state.trim), state.held);
        if let Some(running) = self.running.get_mut(line) {
            *running += 1;
        }
        let outbox = self.outbox.clone();
        let name = id.clone();
        let task = self.tasks.spawn(async move {
            let began = clock::instant();
            let mut lane = Lane {
                outbox: &outbox,
                id,
                held,
            };
            let result = lane.turn(trim).await;
            let Lane { id, held, .. } = lane;
            Done {
                lane: id,
                held,
                result,
                took: began.elapsed(),
            }
        });
        self.names.insert(task.id(), name);
    }

    fn ended(&mut self, done: Result<(Id, Done), tokio::task::JoinError>) {
        let (id, done) = match done {
            Ok((id, done)) => (id, Some(done)),
            Err(error) => {
                error!(%error, "a delivery broke off");
                (error.id(), None)
            }
        };
        let Some(lane) = self.names.remove(&id) else {
            return;
        };
        let Some(state) = self.lanes.get_mut(&lane) else {
            return;
        };
        state.is_running = false;
        let line = usize::from(state.is_struggling);
        if let Some(running) = self.running.get_mut(line) {
            *running = running.saturating_sub(1);
        }
        let now = clock::now();
        let at = |time: Timestamp| {
            let wait = Duration::try_from(now.timestamp.duration_until(time));
            now.instant + wait.unwrap_or_default()
        };
        let mut is_due = state.is_marked;
        let Some(done) = done else {
            state.held = None;
            state.due = Some(now.instant + TROUBLE);
            return;
        };
        debug_assert_eq!(done.lane, lane, "a task brings back its own lane");
        state.held = done.held;
        state.is_struggling = done.took > self.outbox.rules.timeout / 2;
        match done.result {
            Ok(Turn::Empty) => state.due = None,
            Ok(Turn::More) => is_due = true,
            Ok(Turn::Pause(until)) => {
                state.is_struggling = true;
                state.due = Some(at(until));
                is_due = false;
            }
            Ok(Turn::NotBefore(until)) => {
                state.due = Some(at(until));
                is_due = false;
            }
            // Somebody wrote in between: an operator, or another broker.
            Err(StoreError::Conflict(conflict)) => {
                debug!(lane, %conflict, "looking again");
                state.due = Some(now.instant + Duration::from_millis(20));
                is_due = false;
            }
            Err(error) => {
                warn!(lane, %error, "the store does not do what delivery needs");
                state.due = Some(now.instant + TROUBLE);
                is_due = false;
            }
        }
        // It pauses, but is too long.
        if state.trim || is_due {
            self.make_ready(&lane);
        }
    }

    /// When the first lane is due that nothing else wakes.
    fn next_due(&self) -> Option<Instant> {
        let idle = self
            .lanes
            .values()
            .filter(|state| !state.is_running && !state.is_ready);
        idle.filter_map(|state| state.due).min()
    }

    /// Somebody wrote to the subscriptions: delivery itself, the hub, an operator, or another broker. A pause may be over.
    async fn reload(&mut self) {
        let lso = &self.outbox.lso;
        let pauses = match lso.subscriptions.load(lso.store.as_ref()).await {
            Ok(pauses) => pauses,
            Err(error) => {
                warn!(%error, "cannot read the subscriptions");
                return;
            }
        };
        let now = clock::now();
        for (lane, state) in &mut self.lanes {
            let is_over = pauses
                .get(lane)
                .is_none_or(|next_try| *next_try <= now.timestamp);
            if is_over && state.due.is_some() && !state.is_running {
                state.due = Some(now.instant);
            }
        }
    }

    fn survey(&mut self) {
        let outbox = self.outbox.clone();
        self.surveys.spawn(async move { survey(&outbox).await });
    }

    fn surveyed(&mut self, found: Result<Result<Survey, StoreError>, tokio::task::JoinError>) {
        let found = match found {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                warn!(%error, "cannot count the outbox");
                return;
            }
            Err(error) => {
                error!(%error, "the count of the outbox broke off");
                return;
            }
        };
        let now = clock::now().timestamp;
        let age = found.oldest.map(|oldest| now.duration_since(oldest));
        let age = age.and_then(|age| Duration::try_from(age).ok());
        let metrics = &self.outbox.metrics;
        metrics.waiting(found.waiting, age.unwrap_or_default());
        for lane in found.too_long {
            self.lanes.entry(lane.clone()).or_default().trim = true;
            self.make_ready(&lane);
        }
        for lane in found.orphans {
            self.lanes.entry(lane.clone()).or_default();
            self.make_ready(&lane);
        }
    }

    /// Breaks off what is under way, and gives the claims back.
    async fn stop(mut self) {
        self.tasks.shutdown().await;
        let mut batch = Batch::new();
        for (lane, state) in &self.lanes {
            if let Some(held) = state.held.filter(|_| !state.is_running) {
                claim::release(&mut batch, &format!("{CLAIMS}{lane}"), held.fence);
            }
        }
        // Without it the claims end by themselves.
        if let Err(error) = self.outbox.lso.store.commit(batch).await {
            debug!(%error, "cannot give the claims back");
        }
    }
}

async fn list(outbox: &Outbox) -> Result<Vec<String>, StoreError> {
    let snapshot = outbox.lso.store.snapshot().await?;
    let mut lanes = Vec::new();
    loop {
        let after = lanes.last().map(String::as_str);
        let page = OUTBOX.lanes(snapshot.as_ref(), after, PAGE).await?;
        let is_last = page.len() < PAGE;
        lanes.extend(page);
        if is_last {
            return Ok(lanes);
        }
    }
}

async fn survey(outbox: &Outbox) -> Result<Survey, StoreError> {
    let limit = outbox.rules.queue;
    let mut found = Survey::default();
    for lane in list(outbox).await? {
        let snapshot = outbox.lso.store.snapshot().await?;
        let count = OUTBOX.count(snapshot.as_ref(), &lane, limit + 1).await?;
        let head = OUTBOX.head(snapshot.as_ref(), &lane, 1).await?;
        found.waiting += count;
        let oldest = head.first().map(|entry| entry.message.event.time);
        found.oldest = match (found.oldest, oldest) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        if count > limit {
            found.too_long.push(lane);
        }
    }
    found.orphans = orphans(outbox).await?;
    Ok(found)
}

/// What nobody else comes upon: dead letters and claims of subscriptions that are no more, where nothing waits.
async fn orphans(outbox: &Outbox) -> Result<Vec<String>, StoreError> {
    let snapshot = outbox.lso.store.snapshot().await?;
    let mut lanes = Vec::new();
    loop {
        let after = lanes.last().map(String::as_str);
        let page = OUTBOX.dead_lanes(snapshot.as_ref(), after, PAGE).await?;
        let is_last = page.len() < PAGE;
        lanes.extend(page);
        if is_last {
            break;
        }
    }
    let mut claims = Some(KeyRange::prefix(CLAIMS.as_bytes()));
    while let Some(range) = claims {
        let page = snapshot.scan(TableName::Claims, &range, PAGE).await?;
        let names = page.records.iter();
        let names = names.filter_map(|(key, _)| Reader::new(key).text());
        lanes.extend(names.filter_map(|name| Some(name.strip_prefix(CLAIMS)?.to_owned())));
        claims = page.next;
    }
    lanes.retain(|lane| !outbox.lso.subscriptions.knows(lane));
    Ok(lanes)
}
