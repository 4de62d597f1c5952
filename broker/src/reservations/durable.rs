//! Reservations that outlive the process: every change is in the store before it is answered.
//!
//! ```text
//!  hold, confirm, extend, amend:   writer decides ──▶ store keeps ──▶ answer
//!                                        ▲               │ refuses
//!                                        └──── undone ◀──┘
//!  release:                        store forgets ──▶ writer gives back ──▶ answer
//! ```
//!
//! The writer does not wait for the disk: what is to be taken is taken in memory first, so nobody else gets it while it
//! is written; what is given back is gone from the store first, so nobody has it before a restart would agree. An
//! amendment holds both the old and the new until the store has the new.
//!
//! Changes of one reservation come one after another, each on a task of its own that goes on when its client has gone:
//! between two of them memory and store say the same. Where the store is in doubt, memory counts, and
//! [`Durable::sweep`] writes it again. docs/store.md goes through every point at which the process may end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use idr::reservation::{ChangeError, Claim, Event, Moment, Reservation, ReservationId};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error};

use super::record::{RESERVATIONS, Record};
use super::{Command, Done, Happening, Hold, Kept, Narrow, Order, OrderError, moment};
use crate::auth::Principal;
use crate::clock;
use crate::ingest::Inbox;
use crate::placements::answer::Ranked;
use crate::published::Published;
use crate::store::key::Key;
use crate::store::{Batch, Store, StoreError, TableName};

/// How many reservations may be under change at once; those whose ids fall together wait for each other.
const LANES: usize = 256;

/// How often what has lapsed is taken from the store.
const SWEEP: Duration = Duration::from_secs(1);

/// Why an order was not carried out. But for [`StoreError::InDoubt`], all is as it was.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DurableError {
    /// The writer refuses it.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// The store cannot keep it. In memory it is undone.
    #[error("the reservation cannot be kept")]
    Store(#[from] StoreError),
    /// The daemon is going down.
    #[error("the broker is stopping")]
    Stopped,
}

impl DurableError {
    /// There is no such reservation, or it is another's.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        let unknown = |error: &ChangeError| {
            matches!(
                error,
                ChangeError::Unknown { .. } | ChangeError::NotHolder { .. }
            )
        };
        matches!(self, Self::Order(OrderError::Change(error)) if unknown(error))
    }
}

/// Where reservations are made and changed.
#[derive(Clone, Debug)]
pub struct Durable {
    shared: Arc<Shared>,
}

struct Shared {
    inbox: Inbox,
    published: Arc<Published>,
    store: Arc<dyn Store>,
    tasks: TaskTracker,
    lanes: Vec<Arc<tokio::sync::Mutex<()>>>,
    books: Mutex<Books>,
}

/// What the store has.
#[derive(Debug, Default)]
struct Books {
    /// The records, and when each is over.
    ends: BTreeMap<ReservationId, Option<Moment>>,
    /// Those of which the store may have something else than memory.
    doubtful: BTreeSet<ReservationId>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl Durable {
    /// Over a store whose reservations are `restored`, and the writer behind `inbox`, which has them too. What is under
    /// way when the daemon stops is among `tasks`.
    #[must_use]
    pub fn new(
        inbox: Inbox,
        published: Arc<Published>,
        store: Arc<dyn Store>,
        restored: &[Kept],
        tasks: TaskTracker,
    ) -> Self {
        let end = |kept: &Kept| {
            let reservation = &kept.reservation;
            (reservation.id.clone(), reservation.state.until())
        };
        let books = Books {
            ends: restored.iter().map(end).collect(),
            doubtful: BTreeSet::new(),
        };
        let shared = Shared {
            inbox,
            published,
            store,
            tasks,
            lanes: (0..LANES).map(|_| Arc::default()).collect(),
            books: Mutex::new(books),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Holds something. The same again is answered with what is there.
    ///
    /// # Errors
    /// It cannot be, or the store cannot keep it: then nothing is held.
    pub async fn hold(
        &self,
        principal: &Principal,
        id: ReservationId,
        hold: Hold,
    ) -> Result<Done, DurableError> {
        let command = Command::Hold(Box::new(hold));
        let change = Change::new(principal, id);
        self.run(change, |shared, change| async move {
            let done = shared.order(&change, command).await?;
            if done.created {
                shared.keep_or(&change, &done.kept, Command::Undo).await?;
            }
            Ok(done)
        })
        .await
    }

    /// Decides for a reservation: it lasts until it is released.
    ///
    /// # Errors
    /// It cannot be, or the store cannot keep it: then it is as before.
    pub async fn confirm(
        &self,
        principal: &Principal,
        id: ReservationId,
    ) -> Result<Done, DurableError> {
        self.change(principal, id, Command::Confirm).await
    }

    /// Holds a reservation for `lifetime` from now.
    ///
    /// # Errors
    /// As [`Durable::confirm`].
    pub async fn extend(
        &self,
        principal: &Principal,
        id: ReservationId,
        lifetime: Duration,
    ) -> Result<Done, DurableError> {
        self.change(principal, id, Command::Extend(lifetime)).await
    }

    async fn change(
        &self,
        principal: &Principal,
        id: ReservationId,
        command: Command,
    ) -> Result<Done, DurableError> {
        let change = Change::new(principal, id);
        self.run(change, |shared, change| async move {
            let before = shared.published.reservation(&change.id);
            let done = shared.order(&change, command).await?;
            if let Some(before) =
                before.filter(|before| before.reservation != done.kept.reservation)
            {
                let back = Narrow::back_to(&before);
                let undo = Command::Narrow(Box::new(back));
                shared.keep_or(&change, &done.kept, undo).await?;
            }
            Ok(done)
        })
        .await
    }

    /// Has a reservation take what `claim` says instead, or changes nothing. Its own counts as free for it.
    ///
    /// # Errors
    /// It does not fit, or the store cannot keep it: then it is as before.
    pub async fn amend(
        &self,
        principal: &Principal,
        id: ReservationId,
        claim: Claim,
    ) -> Result<Done, DurableError> {
        self.amend_for(principal, id, claim, None).await
    }

    /// The same, and says for which placement it is from now on.
    ///
    /// # Errors
    /// As [`Durable::amend`].
    pub async fn amend_for(
        &self,
        principal: &Principal,
        id: ReservationId,
        claim: Claim,
        placement: Option<Ranked>,
    ) -> Result<Done, DurableError> {
        let change = Change::new(principal, id);
        self.run(change, |shared, change| async move {
            let before = shared.published.reservation(&change.id);
            let widen = Command::Widen(Box::new(claim.clone()));
            let wide = shared.order(&change, widen).await?.kept;
            let before = before.unwrap_or_else(|| Arc::clone(&wide));
            let to = Narrow {
                claim: Arc::new(claim),
                state: wide.reservation.state,
                placement: placement.map(Arc::new),
                happening: Happening::Changed(Event::Amend),
            };
            let amended = to.applied_to(&wide);
            let undo = Command::Narrow(Box::new(Narrow::back_to(&before)));
            shared.keep_or(&change, &amended, undo).await?;
            match shared.order(&change, Command::Narrow(Box::new(to))).await {
                // It is kept; the writer has gone.
                Err(DurableError::Stopped) => Ok(Done {
                    kept: Arc::new(amended),
                    created: false,
                }),
                done => done,
            }
        })
        .await
    }

    /// Gives a reservation back. `None`: it is not there, or another's.
    ///
    /// # Errors
    /// The store cannot forget it: then it is as before.
    pub async fn release(
        &self,
        principal: &Principal,
        id: ReservationId,
    ) -> Result<Option<Done>, DurableError> {
        let change = Change::new(principal, id);
        self.run(change, |shared, change| async move {
            let known = shared.published.reservation(&change.id);
            let now = clock::now();
            let Some(kept) = known.filter(|known| {
                change.principal.may_use(&known.reservation.holder) && !known.is_over(now)
            }) else {
                return Ok(None);
            };
            shared.forget(std::slice::from_ref(&change.id)).await?;
            match shared.order(&change, Command::Release).await {
                Ok(done) => Ok(Some(done)),
                // It lapsed meanwhile, or the writer has gone: the store has forgotten it.
                Err(DurableError::Stopped) => Ok(Some(Done {
                    kept,
                    created: false,
                })),
                Err(error) if error.is_unknown() => Ok(Some(Done {
                    kept,
                    created: false,
                })),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// The reservation as it is when no change of it is under way: what is answered from it is durable.
    ///
    /// # Errors
    /// The store is in doubt about it, and stays so.
    pub async fn settled(&self, id: &ReservationId) -> Result<Option<Arc<Kept>>, DurableError> {
        let _settled = self.shared.lane(id).lock_owned().await;
        self.shared.settle(id).await?;
        Ok(self.shared.published.reservation(id))
    }

    /// Has `work` done when no other change of the reservation is under way, whether its client waits or not.
    async fn run<T, W>(
        &self,
        change: Change,
        work: impl FnOnce(Arc<Shared>, Change) -> W,
    ) -> Result<T, DurableError>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, DurableError>> + Send + 'static,
    {
        let lane = self.shared.lane(&change.id).lock_owned().await;
        let shared = Arc::clone(&self.shared);
        let id = change.id.clone();
        let work = work(Arc::clone(&shared), change);
        let task = self.shared.tasks.spawn(async move {
            shared.settle(&id).await?;
            let outcome = work.await;
            drop(lane);
            outcome
        });
        task.await.unwrap_or(Err(DurableError::Stopped))
    }

    /// Takes from the store what has lapsed, and writes anew what is in doubt. What does not go well now goes well
    /// another time.
    pub async fn sweep(&self) {
        let now = moment(clock::now());
        let shared = &self.shared;
        let mut lanes: BTreeMap<usize, (Vec<ReservationId>, Vec<ReservationId>)> = BTreeMap::new();
        {
            let books = shared.books();
            let over = books.ends.iter();
            let over = over.filter(|(_, end)| end.is_some_and(|end| end <= now));
            for (id, _) in over {
                lanes.entry(lane_of(id)).or_default().0.push(id.clone());
            }
            for id in &books.doubtful {
                lanes.entry(lane_of(id)).or_default().1.push(id.clone());
            }
        }
        for (lane, (over, doubtful)) in lanes {
            let Some(lane) = shared.lanes.get(lane) else {
                continue;
            };
            let _lane = lane.lock().await;
            for id in &doubtful {
                if let Err(error) = shared.settle(id).await {
                    debug!(%id, %error, "a reservation stays in doubt");
                }
            }
            // One that was held again meanwhile is not over.
            let is_over = |id: &ReservationId| {
                let ends = shared.books().ends.get(id).copied().flatten();
                ends.is_some_and(|end| end <= now) && shared.published.reservation(id).is_none()
            };
            let over: Vec<_> = over.into_iter().filter(is_over).collect();
            for some in over.chunks(1_000) {
                if let Err(error) = shared.forget(some).await {
                    debug!(%error, count = some.len(), "lapsed reservations stay in the store for now");
                }
            }
        }
    }
}

/// Sweeps until `stop`.
pub async fn run(durable: Durable, stop: CancellationToken) {
    let mut tick = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => durable.sweep().await,
        }
    }
}

/// Who changes what.
#[derive(Clone)]
struct Change {
    principal: Principal,
    id: ReservationId,
}

impl Change {
    fn new(principal: &Principal, id: ReservationId) -> Self {
        Self {
            principal: principal.clone(),
            id,
        }
    }
}

impl Narrow {
    /// As it was before.
    fn back_to(before: &Kept) -> Self {
        Self {
            claim: Arc::clone(&before.reservation.claim),
            state: before.reservation.state,
            placement: Some(Arc::clone(&before.placement)),
            happening: Happening::Undone,
        }
    }

    fn applied_to(&self, kept: &Kept) -> Kept {
        let reservation = Reservation {
            claim: Arc::clone(&self.claim),
            state: self.state,
            ..Reservation::clone(&kept.reservation)
        };
        let placement = self.placement.as_ref().unwrap_or(&kept.placement);
        Kept {
            reservation: Arc::new(reservation),
            placement: Arc::clone(placement),
            digest: kept.digest,
        }
    }
}

fn lane_of(id: &ReservationId) -> usize {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    usize::try_from(hasher.hash_one(id) % LANES as u64).unwrap_or_default()
}

fn key(id: &ReservationId) -> String {
    id.as_str().to_owned()
}

impl Shared {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lane(&self, id: &ReservationId) -> Arc<tokio::sync::Mutex<()>> {
        let lane = self.lanes.get(lane_of(id));
        lane.map(Arc::clone).unwrap_or_default()
    }

    async fn order(&self, change: &Change, command: Command) -> Result<Done, DurableError> {
        let order = Order {
            principal: change.principal.clone(),
            id: change.id.clone(),
            command,
        };
        match self.inbox.order(order).await {
            Ok(done) => Ok(done?),
            Err(_) => Err(DurableError::Stopped),
        }
    }

    /// Keeps what the writer has decided; when the store refuses it, has it undone.
    async fn keep_or(
        &self,
        change: &Change,
        kept: &Kept,
        undo: Command,
    ) -> Result<(), DurableError> {
        let Err(refused) = self.keep(kept).await else {
            return Ok(());
        };
        error!(id = %change.id, error = %refused, "a reservation could not be kept");
        match self.order(change, undo).await {
            // What lapsed or was ended with the writer needs no undoing.
            Ok(_) | Err(DurableError::Stopped) => {}
            Err(error) if error.is_unknown() => {}
            Err(error) => error!(id = %change.id, %error, "a reservation could not be undone"),
        }
        Err(refused.into())
    }

    async fn keep(&self, kept: &Kept) -> Result<(), StoreError> {
        let id = &kept.reservation.id;
        let mut batch = Batch::new();
        RESERVATIONS.put(&mut batch, &key(id), &Record::from(kept))?;
        self.commit(batch, std::slice::from_ref(id)).await?;
        let end = kept.reservation.state.until();
        self.books().ends.insert(id.clone(), end);
        Ok(())
    }

    async fn forget(&self, ids: &[ReservationId]) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        for id in ids {
            batch.delete(TableName::Reservations, key(id).encode());
        }
        self.commit(batch, ids).await?;
        let mut books = self.books();
        for id in ids {
            books.ends.remove(id);
        }
        Ok(())
    }

    async fn commit(&self, batch: Batch, ids: &[ReservationId]) -> Result<(), StoreError> {
        let kept = self.store.commit(batch).await;
        let mut books = self.books();
        for id in ids {
            match &kept {
                Err(StoreError::InDoubt { .. }) => drop(books.doubtful.insert(id.clone())),
                Ok(_) => drop(books.doubtful.remove(id)),
                Err(_) => {}
            }
        }
        kept.map(drop)
    }

    /// Writes what memory has of a reservation, if that is in doubt.
    async fn settle(&self, id: &ReservationId) -> Result<(), StoreError> {
        if !self.books().doubtful.contains(id) {
            return Ok(());
        }
        match self.published.reservation(id) {
            Some(kept) => self.keep(&kept).await,
            None => self.forget(std::slice::from_ref(id)).await,
        }
    }
}

#[cfg(test)]
mod tests;
