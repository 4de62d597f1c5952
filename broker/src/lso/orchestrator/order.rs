//! The task of one order: its sagas, one step at a time.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sof::order::{Action, OrderId, OrderItem, ServiceOrder};
use sof::saga::{CallKind, Effect, Event, Limits, Means, Phase, Saga};
use sof::selection::Selection;
use sof::service::Service;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, debug, info, info_span, warn};

use super::record::{Kept, Records, claim_order, in_place, let_go};
use super::schedule::{Start, Times, is_started_after, named, start};
use super::{Awaits, Nudge, Rest, Shared, after, in_time};
use crate::clock;
use crate::lso::configuration::{Checked, check};
use crate::lso::records::{ORDERS, SERVICES};
use crate::placements::request::PlacementRequest;
use crate::store::StoreError;
use crate::store::claim::ClaimError;

/// For how long a task keeps its place without anything to do.
const IDLE: Duration = Duration::from_secs(2);

/// How soon an order is looked at again whose step was not kept.
const AGAIN: Duration = Duration::from_millis(500);

/// What an effect is about; of each there is one at a time.
type Slot = (String, String);

/// What came of an effect.
type Outcome = (Slot, Event, Option<Selection>);

/// Why a task cannot go on: what it has in memory is of no use any more.
#[derive(Debug, thiserror::Error)]
enum Broken {
    /// A step was not kept, or nobody knows.
    #[error("a step was not kept")]
    Store(#[from] StoreError),
    /// Of an effect nobody knows how far it came, as after a crash.
    #[error("an effect panicked")]
    Panicked(#[from] tokio::task::JoinError),
}

struct Task {
    shared: Arc<Shared>,
    /// Of each item, by its kind of service.
    limits: BTreeMap<String, Limits>,
    records: Records,
    /// What each item asks for, checked.
    checked: BTreeMap<String, Arc<Checked>>,
    effects: JoinSet<Outcome>,
    under_way: BTreeSet<Slot>,
    /// When an item that has not begun may.
    starts: BTreeMap<String, Timestamp>,
    /// Items that have not begun for no other reason than that they complete at the same time as others.
    at_the_gate: BTreeSet<String>,
    /// Whose change may let an item go on, as the last choice found.
    awaited: BTreeMap<String, Awaits>,
}

/// Works on an order until there is nothing to do. `seen`: up to which version this process has kept its steps.
pub(super) async fn work(
    shared: Arc<Shared>,
    id: &OrderId,
    seen: Option<u64>,
    nudges: &mut mpsc::Receiver<Nudge>,
    stop: CancellationToken,
) -> Rest {
    let store = Arc::clone(&shared.tools.lso.store);
    let lease = SignedDuration::try_from(shared.settings.lease).unwrap_or(SignedDuration::MAX);
    let now = clock::now().timestamp;
    let again = |pause| Rest::Left(after(clock::now().timestamp, pause));
    let who = (shared.owner.as_str(), shared.is_sole);
    let fence = match claim_order(store.as_ref(), id, who, now, lease).await {
        Ok(fence) => fence,
        Err(ClaimError::Held { until_ms, .. }) => {
            let until = Timestamp::from_millisecond(until_ms).unwrap_or(now);
            return Rest::Left(until.max(after(now, AGAIN)));
        }
        Err(ClaimError::Store(error)) => {
            warn!(order = %id, error = &error as &dyn std::error::Error, "sof: an order cannot be claimed");
            return again(AGAIN);
        }
    };
    let records = match Records::read(store.as_ref(), id, fence).await {
        Ok(Some(records)) => records,
        Ok(None) => {
            let_go(store.as_ref(), id, fence).await;
            return Rest::Done;
        }
        Err(error) => {
            warn!(order = %id, error = &error as &dyn std::error::Error, "sof: an order cannot be read");
            return again(AGAIN);
        }
    };
    let limits = records.order.value.items.iter().map(|item| {
        let limits = shared.settings.limits_of(item.service_type());
        (item.id.0.clone(), limits)
    });
    let mut task = Task {
        limits: limits.collect(),
        shared,
        records,
        checked: BTreeMap::new(),
        effects: JoinSet::new(),
        under_way: BTreeSet::new(),
        starts: BTreeMap::new(),
        at_the_gate: BTreeSet::new(),
        awaited: BTreeMap::new(),
    };
    // Whoever works on what another has left writes first, so what is newer is another's.
    let is_ours = seen.is_some_and(|seen| task.records.newest() <= seen);
    let rest = match task.drive(is_ours, nudges, &stop).await {
        Ok(rest) => rest,
        Err(error) => {
            warn!(order = %id, error = &error as &dyn std::error::Error, "sof: an order is read anew");
            match error {
                Broken::Store(_) => again(AGAIN),
                Broken::Panicked(_) => Rest::Panicked,
            }
        }
    };
    if rest != Rest::Done || task.records.is_done() {
        task.records.let_go(store.as_ref()).await;
    }
    rest
}

impl Task {
    async fn drive(
        &mut self,
        is_ours: bool,
        nudges: &mut mpsc::Receiver<Nudge>,
        stop: &CancellationToken,
    ) -> Result<Rest, Broken> {
        if !is_ours {
            let now = clock::now().timestamp;
            let limits = &self.limits;
            let open = self.records.sagas.iter_mut();
            for (item, kept) in open.filter(|(_, kept)| !kept.saga.is_done()) {
                kept.saga.resume(now, &limits_of(limits, item));
                kept.changed = true;
            }
        }
        let mut renewed = clock::instant();
        loop {
            if stop.is_cancelled() {
                return self.stop().await;
            }
            let now = clock::now().timestamp;
            while let Ok(nudge) = nudges.try_recv() {
                self.nudged(&nudge, now);
            }
            self.begin(now).await?;
            self.release(now);
            self.records.keep(&self.shared, now).await?;
            for nudge in self.index() {
                self.nudged(&nudge, now);
            }
            self.carry_out(now);
            if self.records.is_done() && self.under_way.is_empty() {
                return Ok(Rest::Done);
            }
            let wake = self.wake_at(now);
            if self.under_way.is_empty() && wake > after(now, IDLE) {
                return Ok(Rest::Until(wake, self.records.newest(), self.awaits()));
            }
            let renew_at = renewed + self.shared.settings.lease / 3;
            let wake = in_time(clock::now(), wake).min(renew_at);
            let mut events: Vec<Outcome> = Vec::new();
            let mut heard: Option<Nudge> = None;
            tokio::select! {
                () = stop.cancelled() => {}
                Some(ended) = self.effects.join_next() => events.push(self.ended(ended)?),
                Some(nudge) = nudges.recv() => heard = Some(nudge),
                () = tokio::time::sleep_until(wake) => {}
            }
            while let Some(ended) = self.effects.try_join_next() {
                events.push(self.ended(ended)?);
            }
            let now = clock::now().timestamp;
            for (slot, event, selection) in events {
                if let Some(selection) = &selection {
                    let awaits = Awaits::These(selection.waits_for.clone());
                    self.awaited.insert(slot.0.clone(), awaits);
                }
                self.records.selections.extend(selection);
                self.hear(&slot.0, event, now);
            }
            if let Some(nudge) = heard {
                self.nudged(&nudge, now);
            }
            self.tick(now);
            if clock::instant() >= renew_at {
                let lease = SignedDuration::try_from(self.shared.settings.lease);
                let lease = lease.unwrap_or(SignedDuration::MAX);
                let store = Arc::clone(&self.shared.tools.lso.store);
                let who = (self.shared.owner.as_str(), self.shared.is_sole);
                match self.records.renew(store.as_ref(), who, now, lease).await {
                    Ok(()) => renewed = clock::instant(),
                    Err(ClaimError::Store(error)) => return Err(error.into()),
                    Err(ClaimError::Held { .. }) => return Ok(Rest::Left(after(now, AGAIN))),
                }
            }
        }
    }

    fn ended(&mut self, ended: Result<Outcome, tokio::task::JoinError>) -> Result<Outcome, Broken> {
        let outcome = ended?;
        self.under_way.remove(&outcome.0);
        Ok(outcome)
    }

    /// Whose change may let the order go on.
    fn awaits(&self) -> Awaits {
        let sagas = self.records.sagas.iter();
        let waiting = sagas
            .filter(|(_, kept)| matches!(kept.saga.phase, Phase::NoAgreement | Phase::NoPartner));
        // Of a choice that was made before this task it is not known.
        let each =
            waiting.map(|(item, _)| self.awaited.get(item).cloned().unwrap_or(Awaits::Anybody));
        each.fold(Awaits::Nobody, Awaits::and)
    }

    /// Waits a little for what is under way, and keeps what comes of it.
    async fn stop(&mut self) -> Result<Rest, Broken> {
        let end = clock::instant() + self.shared.settings.grace;
        loop {
            let ended = tokio::time::timeout_at(end, self.effects.join_next()).await;
            let Ok(Some(ended)) = ended else {
                break;
            };
            let now = clock::now().timestamp;
            let (slot, event, selection) = self.ended(ended)?;
            self.records.selections.extend(selection);
            self.hear(&slot.0, event, now);
            self.records.keep(&self.shared, now).await?;
        }
        self.effects.abort_all();
        Ok(Rest::Left(clock::now().timestamp))
    }

    /// Begins the items whose time has come.
    async fn begin(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let waiting: Vec<OrderItem> = self
            .records
            .order
            .value
            .items
            .iter()
            .filter(|item| !item.state.is_final() && !self.records.sagas.contains_key(&item.id.0))
            .cloned()
            .collect();
        if waiting.is_empty() {
            return Ok(());
        }
        let store = Arc::clone(&self.shared.tools.lso.store);
        let snapshot = store.snapshot().await?;
        let mut others: Vec<ServiceOrder> = Vec::new();
        for name in named(&self.records.order.value) {
            others.extend(
                ORDERS
                    .get(snapshot.as_ref(), &name)
                    .await?
                    .map(|other| other.value),
            );
        }
        let times: Times = self
            .records
            .sagas
            .iter()
            .map(|(item, kept)| {
                let saga = &kept.saga;
                let began = (saga.phase != Phase::Waiting).then_some(saga.since);
                (item.clone(), (began, saga.is_over().then_some(saga.since)))
            })
            .collect();
        for item in waiting {
            self.starts.remove(&item.id.0);
            let mut begins = start(&self.records.order.value, &item, &times, &others, now);
            let (before, restoring) =
                in_place(snapshot.as_ref(), (&self.records.order.value.id, &item)).await?;
            if let (Start::Now, Some(domain)) = (&begins, restoring) {
                // Two hands at one segment would undo each other.
                let patience = after(
                    self.records.order.value.order_date,
                    self.shared.settings.patience,
                );
                begins = if now < patience {
                    Start::At(after(now, self.shared.settings.look_again))
                } else {
                    Start::Never(format!(
                        "{domain} has still to restore what an earlier order changed"
                    ))
                };
            }
            self.at_the_gate.remove(&item.id.0);
            if begins == Start::Now && self.is_held_back(&item) {
                // With whom it completes may be ready now.
                self.at_the_gate.insert(item.id.0.clone());
                begins = Start::After;
            }
            let never = match begins {
                Start::Now => None,
                Start::Never(why) => Some(why),
                Start::At(time) => {
                    self.starts.insert(item.id.0.clone(), time);
                    continue;
                }
                Start::After => {
                    self.starts.insert(
                        item.id.0.clone(),
                        after(now, self.shared.settings.look_again),
                    );
                    continue;
                }
            };
            let service = SERVICES.get(snapshot.as_ref(), &item.service.0).await?;
            let service = service.map(|service| service.value);
            let checked = asked(&item, service.as_ref());
            let means = match &checked {
                Ok(checked) if matches!(checked.as_ref(), Checked::Segment(_)) => Means::Own,
                _ => Means::Partners,
            };
            let mut saga = Saga::new(
                (self.records.order.value.id.clone(), item.id.clone()),
                item.service.clone(),
                (item.action, item.target),
                means,
                before,
                now,
            );
            let own = match &checked {
                Ok(checked) => match checked.as_ref() {
                    Checked::Segment(segment) => Some(Box::new(segment.clone())),
                    Checked::Graph(_) => None,
                },
                Err(_) => None,
            };
            let ends = item.action == Action::Delete;
            saga.held_back = !ends && self.records.together.contains_key(&item.id.0);
            let fault = never.or_else(|| checked.as_ref().err().cloned().filter(|_| !ends));
            match fault {
                Some(why) => saga.refuse(why, now),
                None => {
                    // The first event of a new saga is of use.
                    let _ = saga.apply(Event::Begin(own), now, &self.limits(&item.id.0));
                }
            }
            info!(order = %saga.order, item = %item.id, service = %item.service, action = ?item.action, target = ?item.target, phase = ?saga.phase, "sof: an item begins");
            let kept = Kept {
                saga,
                version: None,
                changed: true,
            };
            self.records.sagas.insert(item.id.0.clone(), kept);
        }
        Ok(())
    }

    /// Whether an item that would begin waits for others that complete at the same time: the end of a service, which cannot
    /// be half done. Where others begin after it, it has to begin.
    fn is_held_back(&self, item: &OrderItem) -> bool {
        let order = &self.records.order.value;
        item.action == Action::Delete
            && self.records.together.contains_key(&item.id.0)
            && !is_started_after(order, item)
            && !self.is_ready_but_for(&item.id.0)
    }

    /// Whether the others that complete at the same time as an item are as far as they come without it.
    fn is_ready_but_for(&self, item: &str) -> bool {
        let group = self.records.together.get(item).into_iter().flatten();
        let mut others = group.filter(|other| *other != item);
        others.all(|other| match self.records.sagas.get(other) {
            Some(kept) => {
                let saga = &kept.saga;
                saga.is_over() || !saga.held_back || saga.is_at_the_gate()
            }
            None => self.at_the_gate.contains(other),
        })
    }

    /// Lets those go on that complete at the same time, when all of them are ready to.
    fn release(&mut self, now: Timestamp) {
        let waiting = self.records.sagas.iter();
        let waiting = waiting
            .filter(|(item, kept)| kept.saga.is_at_the_gate() && self.is_ready_but_for(item));
        let waiting: Vec<String> = waiting.map(|(item, _)| item.clone()).collect();
        for item in waiting {
            self.hear(&item, Event::Released, now);
        }
    }

    /// Tells a saga what happened.
    fn hear(&mut self, item: &str, event: Event, now: Timestamp) {
        let limits = self.limits(item);
        let Some(kept) = self.records.sagas.get_mut(item) else {
            return;
        };
        let (before, is_tick) = (kept.saga.phase, event == Event::Tick);
        let reasons = kept.saga.reasons.len();
        if is_tick {
            // Mostly nothing follows; then nothing is written.
            let mut next = kept.saga.clone();
            if next.apply(Event::Tick, now, &limits).is_ok() && next != kept.saga {
                kept.saga = next;
                kept.changed = true;
            }
        } else {
            match kept.saga.apply(event, now, &limits) {
                Ok(_) => kept.changed = true,
                Err(stale) => {
                    self.shared.tools.metrics.stale_event("event");
                    debug!(order = %kept.saga.order, item, %stale, "sof: of no use");
                }
            }
        }
        let saga = &kept.saga;
        for reason in saga.reasons.iter().skip(reasons) {
            let domain = reason.domain.as_ref().map(ToString::to_string);
            info!(order = %saga.order, item, attempt = reason.attempt, domain, doing = reason.doing, reason = reason.reason, "sof: a failure");
        }
        if saga.phase != before {
            info!(order = %saga.order, item, service = %saga.service, attempt = saga.attempts, from = ?before, to = ?saga.phase, waits_for = saga.waiting_for, "sof: a step");
        }
        if saga.is_over() && !matches!(before, Phase::Completed | Phase::Failed) {
            let outcome = if saga.phase == Phase::Completed {
                "completed"
            } else {
                "failed"
            };
            self.shared.tools.metrics.work_step("item", outcome);
            self.shared.stats().learn(saga);
        }
    }

    fn nudged(&mut self, nudge: &Nudge, now: Timestamp) {
        let items: Vec<String> = self.records.sagas.keys().cloned().collect();
        for item in items {
            let event = match nudge {
                Nudge::Agreements => Event::Agreements,
                Nudge::Hint(domain, order) => {
                    let of = self.records.sagas.get(&item).map(|kept| &kept.saga);
                    let has = of.is_some_and(|saga| {
                        let mut parts = saga.parts.iter().chain(&saga.cleanup);
                        parts.any(|part| part.domain == *domain && part.step.is_open())
                    });
                    if !has {
                        continue;
                    }
                    Event::Hint {
                        domain: domain.clone(),
                        order: order.clone(),
                    }
                }
            };
            self.hear(&item, event, now);
        }
    }

    fn tick(&mut self, now: Timestamp) {
        let items: Vec<String> = self
            .records
            .sagas
            .iter()
            .filter(|(item, kept)| {
                let wake = kept.saga.wake_at(&self.limits(item));
                wake.is_some_and(|at| at <= now)
            })
            .map(|(item, _)| item.clone())
            .collect();
        for item in items {
            self.hear(&item, Event::Tick, now);
        }
    }

    /// Which of a partner's orders are ours; what partners have told of them before that was known.
    fn index(&self) -> Vec<Nudge> {
        let mut new = Vec::new();
        let mut theirs = self.shared.theirs();
        for kept in self.records.sagas.values() {
            let parts = kept.saga.parts.iter().chain(&kept.saga.cleanup);
            for part in parts.filter(|part| part.step.is_open()) {
                if let Some(order) = &part.order {
                    let key = (part.domain.clone(), order.clone());
                    if let Entry::Vacant(entry) = theirs.entry(key.clone()) {
                        entry.insert(kept.saga.order.clone());
                        new.push(key);
                    }
                }
            }
        }
        // Under the lock of the others, so that a hint is either early or finds its order.
        let mut early = self.shared.early();
        new.retain(|key| early.contains(key));
        early.retain(|key| !new.contains(key));
        let told = new.into_iter();
        told.map(|(domain, order)| Nudge::Hint(domain, order))
            .collect()
    }

    /// Starts what is to be done and is not under way. All of it is kept.
    fn carry_out(&mut self, now: Timestamp) {
        let mut wanted: Vec<(Slot, Saga, Effect)> = Vec::new();
        for (item, kept) in &self.records.sagas {
            for effect in kept.saga.effects(now, &self.limits(item)) {
                let about = match &effect {
                    Effect::Call { domain, .. } => domain.to_string(),
                    Effect::Choose | Effect::Reserve { .. } => String::new(),
                };
                wanted.push(((item.clone(), about), kept.saga.clone(), effect));
            }
        }
        for (slot, saga, effect) in wanted {
            if !self.under_way.insert(slot.clone()) {
                continue;
            }
            let checked = self.checked(&slot.0);
            let order = self.records.order.value.clone();
            let shared = Arc::clone(&self.shared);
            // So that what is called says for which order.
            let span = info_span!("work", order = %saga.order, item = %saga.item);
            let effect = async move {
                let request: Option<&PlacementRequest> = match checked.as_deref() {
                    Some(Checked::Graph(request)) => Some(request),
                    _ => None,
                };
                let (event, selection) = match effect {
                    Effect::Choose => match request {
                        Some(request) => shared.choose(&saga, &order, request).await,
                        None => {
                            let reason = "the order has no service graph".to_owned();
                            (
                                Event::NothingFits {
                                    reason,
                                    selection: None,
                                },
                                None,
                            )
                        }
                    },
                    Effect::Reserve { id, step } => {
                        let _place = shared.rooms.reserve().await;
                        (
                            shared
                                .reserve(&saga, request, &order.buyer, (id, step))
                                .await,
                            None,
                        )
                    }
                    Effect::Call { domain, call, what } => {
                        // Until a test ends nothing is on the line but short questions, which have places there.
                        let _place = match (what, saga.means) {
                            (CallKind::Test, Means::Partners) => None,
                            _ => shared.rooms.call(&domain).await,
                        };
                        (shared.call(&saga, &domain, call, what).await, None)
                    }
                };
                (slot, event, selection)
            };
            self.effects.spawn(effect.instrument(span));
        }
    }

    fn limits(&self, item: &str) -> Limits {
        limits_of(&self.limits, item)
    }

    fn checked(&mut self, item: &str) -> Option<Arc<Checked>> {
        if let Some(known) = self.checked.get(item) {
            return Some(Arc::clone(known));
        }
        let checked = asked(self.records.item(item)?, None).ok()?;
        self.checked.insert(item.to_owned(), Arc::clone(&checked));
        Some(checked)
    }

    /// When something is to be done, if nothing happens before.
    fn wake_at(&self, now: Timestamp) -> Timestamp {
        let sagas = self.records.sagas.iter();
        let wakes = sagas.filter_map(|(item, kept)| kept.saga.wake_at(&self.limits(item)));
        let wakes = wakes.chain(self.starts.values().copied());
        // What is past and under way is waited for.
        let pause = if self.under_way.is_empty() {
            Duration::from_millis(1)
        } else {
            self.shared.settings.look_again
        };
        let far = after(now, Duration::from_secs(3_600));
        wakes
            .map(|at| if at <= now { after(now, pause) } else { at })
            .min()
            .unwrap_or(far)
    }
}

/// Of an item that the order has.
fn limits_of(limits: &BTreeMap<String, Limits>, item: &str) -> Limits {
    limits.get(item).copied().unwrap_or_default()
}

/// What an item asks for: its own configuration, or of `delete` the service's.
fn asked(item: &OrderItem, service: Option<&Service>) -> Result<Arc<Checked>, String> {
    let own = item
        .given
        .get("service")
        .and_then(|service| service.get("serviceConfiguration"));
    let value = own.or_else(|| service.and_then(Service::configuration));
    let value = value.ok_or_else(|| "the item has no serviceConfiguration".to_owned())?;
    match check(value) {
        Ok(checked) => Ok(Arc::new(checked)),
        Err(faults) => {
            let reasons: Vec<&str> = faults.iter().map(|fault| fault.reason.as_str()).collect();
            Err(reasons.join("; "))
        }
    }
}
