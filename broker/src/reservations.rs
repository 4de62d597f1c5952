//! The broker's side of reservations: what is held, by whom, and for which placement.
//!
//! ```text
//! handler: search over a version ─▶ Claim ─▶ Order ─▶ writer: Desk ─▶ Ledger
//!    ▲            lost a race: again           │
//!    └── answered after the maps show it ◀─────┴─▶ published: Used, Kept
//! ```
//!
//! [`idr::reservation::Ledger`] decides; a [`Desk`] is what the writer has of it: the ledger with the
//! placement of each reservation, who may do what, and what readers see ([`Kept`]). Plain like
//! [`crate::ingest::Ingest`]: time is an argument.
//!
//! What is answered is kept: [`durable`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use idr::reservation::{
    Capacity, ChangeError, Claim, ClaimError, Event, HoldError, Ledger, Limits, Moment, Phase,
    Refusal, Request, Reservation, ReservationId, RestoreError, State, Used,
};

use crate::auth::Principal;
use crate::clock::Now;
use crate::placements::answer::Ranked;
use crate::placements::problem::{Placed, amounts, bandwidths};
use crate::placements::request::PlacementRequest;

pub mod durable;
mod identity;
mod record;

pub use identity::{Digest, IdempotencyKey, id_of};
pub use record::kept;

/// The moment of a clock.
#[must_use]
pub fn moment(now: Now) -> Moment {
    Moment::from_unix_millis(u64::try_from(now.timestamp.as_millisecond()).unwrap_or_default())
}

/// A reservation as readers see it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The ledger's own.
    pub reservation: Arc<Reservation>,
    /// What it is for.
    pub placement: Arc<Ranked>,
    /// What was asked for, so that the same can be told from something else.
    digest: Digest,
}

impl Kept {
    /// Whether it was made by this request.
    #[must_use]
    pub fn is_of(&self, digest: &Digest) -> bool {
        self.digest == *digest
    }

    fn is_confirmed(&self) -> bool {
        self.reservation.state.phase() == Phase::Confirmed
    }

    /// Whether it is over at `now`, be the writer told or not.
    #[must_use]
    pub fn is_over(&self, now: Now) -> bool {
        self.reservation.state.is_over(moment(now))
    }
}

/// What somebody wants of the desk.
#[derive(Clone, Debug)]
pub struct Order {
    /// Who.
    pub principal: Principal,
    /// Which reservation.
    pub id: ReservationId,
    /// What.
    pub command: Command,
}

/// What can be wanted.
#[derive(Clone, Debug)]
pub enum Command {
    /// Hold this.
    Hold(Box<Hold>),
    /// Decide for it: it lasts until it is released.
    Confirm,
    /// Hold it for so long from now.
    Extend(Duration),
    /// Give it back.
    Release,
    /// Hold what it has and this, where it fits: a [`Command::Narrow`] follows.
    Widen(Box<Claim>),
    /// From now on it is like this, which asks for nothing that it does not have.
    Narrow(Box<Narrow>),
    /// It was not made.
    Undo,
}

/// What becomes of a reservation that asks for nothing more.
#[derive(Clone, Debug)]
pub struct Narrow {
    /// What it takes.
    pub claim: Arc<Claim>,
    /// Where in its life it is.
    pub state: State,
    /// What it is for, if that is another than before.
    pub placement: Option<Arc<Ranked>>,
    /// What is told of it.
    pub happening: Happening,
}

/// What is to be held.
#[derive(Clone, Debug)]
pub struct Hold {
    /// For how long.
    pub lifetime: Duration,
    /// How much, of whom.
    pub claim: Claim,
    /// For what.
    pub placement: Ranked,
    /// What was asked for.
    pub digest: Digest,
}

/// What came of an order.
#[derive(Clone, Debug)]
pub struct Done {
    /// The reservation as it is now; of one that was released, as it was.
    pub kept: Arc<Kept>,
    /// It is new.
    pub created: bool,
}

/// Why an order was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// It cannot be held.
    #[error(transparent)]
    Hold(#[from] HoldError),
    /// It cannot be changed so.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

impl From<Refusal> for OrderError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Hold(error) => Self::Hold(error),
            Refusal::Change(error) => Self::Change(error),
        }
    }
}

impl OrderError {
    /// Whether another placement, or the same over a newer version, may be held.
    #[must_use]
    pub fn is_lost_race(&self) -> bool {
        matches!(
            self,
            Self::Hold(
                HoldError::Short(_)
                    | HoldError::UnknownDomain { .. }
                    | HoldError::UnknownLink { .. }
            )
        )
    }
}

/// What a placement takes: of each host what its nodes ask for, of each link between domains the
/// bandwidth of the links of the graph that cross there.
///
/// # Errors
/// It is more than the ledger counts.
pub fn claim(request: &PlacementRequest, placed: &Placed) -> Result<Claim, ClaimError> {
    let mut claim = Claim::default();
    for (domain, rule) in placed.hosts.iter().zip(&request.constraints.nodes) {
        match amounts(rule) {
            Some(amounts) => claim.add_amounts(domain.clone(), &amounts)?,
            // The ledger's own words for it.
            None => rule
                .demands
                .iter()
                .try_for_each(|demand| claim.add_demand(domain.clone(), demand))?,
        }
    }
    for (path, bandwidth) in placed.paths.iter().zip(bandwidths(request)) {
        for link in &path.borders {
            if let Some(bandwidth) = bandwidth {
                claim.add_bandwidth(link.clone(), bandwidth)?;
            }
        }
    }
    Ok(claim)
}

/// What happened to a reservation, for logs and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// It was made.
    Held,
    /// It was refused.
    Refused,
    /// It was changed, or is over.
    Changed(Event),
    /// It, or a change of it, could not be kept and was undone.
    Undone,
}

impl Happening {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Held,
        Self::Refused,
        Self::Changed(Event::Confirm),
        Self::Changed(Event::Extend),
        Self::Changed(Event::Amend),
        Self::Changed(Event::Release),
        Self::Changed(Event::Lapse),
        Self::Undone,
    ];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Refused => "refused",
            Self::Changed(Event::Confirm) => "confirmed",
            Self::Changed(Event::Extend) => "extended",
            Self::Changed(Event::Amend) => "amended",
            Self::Changed(Event::Release) => "released",
            Self::Changed(Event::Lapse) => "lapsed",
            Self::Undone => "undone",
        }
    }
}

/// What the writer has of reservations.
#[derive(Debug, Default)]
pub struct Desk {
    ledger: Ledger,
    kept: BTreeMap<ReservationId, Arc<Kept>>,
    /// What readers and the database of resources were told.
    told: Arc<Used>,
    /// Reservations whose readers are to be told.
    touched: Vec<ReservationId>,
    happened: Vec<(ReservationId, Happening)>,
    confirmed: usize,
}

impl Desk {
    /// Nothing is held.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            ledger: Ledger::new(limits),
            ..Self::default()
        }
    }

    /// What a store kept. What was over meanwhile lapses with the next tick.
    ///
    /// # Errors
    /// Two of them have one id.
    pub fn restore(limits: Limits, all: Vec<Kept>) -> Result<Self, RestoreError> {
        let reservations = all.iter().map(|kept| Arc::clone(&kept.reservation));
        let ledger = Ledger::restore(limits, reservations)?;
        let confirmed = all.iter().filter(|kept| kept.is_confirmed()).count();
        let named = |kept: Kept| (kept.reservation.id.clone(), Arc::new(kept));
        let kept: BTreeMap<_, _> = all.into_iter().map(named).collect();
        Ok(Self {
            ledger,
            touched: kept.keys().cloned().collect(),
            kept,
            confirmed,
            ..Self::default()
        })
    }

    /// Carries out an order.
    ///
    /// # Errors
    /// It cannot be, and nothing has changed.
    pub fn order(
        &mut self,
        now: Now,
        order: Order,
        capacity: &impl Capacity,
    ) -> Result<Done, OrderError> {
        let id = order.id.clone();
        let done = self.carry_out(moment(now), order, capacity);
        if done.is_err() {
            self.happened.push((id, Happening::Refused));
        }
        self.take_lapsed(moment(now));
        done
    }

    fn carry_out(
        &mut self,
        now: Moment,
        order: Order,
        capacity: &impl Capacity,
    ) -> Result<Done, OrderError> {
        let Order {
            principal,
            id,
            command,
        } = order;
        let live = self.ledger.reservation(now, &id).cloned();
        let hold = match command {
            Command::Hold(hold) => hold,
            other => {
                // Of another's reservation nobody hears that it is there.
                let Some(live) = live.filter(|live| principal.may_use(&live.holder)) else {
                    return Err(ChangeError::Unknown { id }.into());
                };
                return self.change(now, &live, other, capacity);
            }
        };
        let holder = principal.holder();
        if live.is_some() {
            let kept = self
                .kept
                .get(&id)
                .filter(|kept| kept.reservation.holder == holder && kept.is_of(&hold.digest));
            return match kept {
                Some(kept) => Ok(Done {
                    kept: Arc::clone(kept),
                    created: false,
                }),
                None => Err(HoldError::Conflict { id }.into()),
            };
        }
        let Hold {
            lifetime,
            claim,
            placement,
            digest,
        } = *hold;
        let request = Request {
            id,
            holder,
            lifetime,
            claim,
        };
        let reservation = self.ledger.hold(now, request, capacity)?;
        let kept = Kept {
            reservation,
            placement: Arc::new(placement),
            digest,
        };
        Ok(Done {
            kept: self.keep(kept, Some(Happening::Held)),
            created: true,
        })
    }

    fn change(
        &mut self,
        now: Moment,
        live: &Reservation,
        command: Command,
        capacity: &impl Capacity,
    ) -> Result<Done, OrderError> {
        let (id, holder) = (&live.id, live.holder.as_str());
        let Some(kept) = self.kept.get(id).cloned() else {
            return Err(ChangeError::Unknown { id: id.clone() }.into());
        };
        let mut placement = Arc::clone(&kept.placement);
        let changed = |event| Some(Happening::Changed(event));
        let (reservation, happening) = match command {
            Command::Confirm => {
                let confirmed = self.ledger.confirm(now, id, holder, None)?;
                (confirmed, changed(Event::Confirm))
            }
            Command::Extend(lifetime) => {
                let extended = self.ledger.extend(now, id, holder, lifetime)?;
                (extended, changed(Event::Extend))
            }
            Command::Widen(claim) => {
                let wide = self.ledger.widen(now, id, holder, &claim, capacity)?;
                // What came of it is told when it is kept.
                (wide, None)
            }
            Command::Narrow(to) => {
                let to = *to;
                if let Some(other) = to.placement {
                    placement = other;
                }
                let (claim, state) = (to.claim, to.state);
                let narrow = self.ledger.narrow(now, id, holder, claim, state)?;
                (narrow, Some(to.happening))
            }
            Command::Release | Command::Undo => {
                let over = match command {
                    Command::Undo => Happening::Undone,
                    _ => Happening::Changed(Event::Release),
                };
                self.ledger.release(now, id, holder)?;
                self.forget(id, over);
                return Ok(Done {
                    kept,
                    created: false,
                });
            }
            // Holds do not come here; an order for one that is there is answered before.
            Command::Hold(_) => return Err(HoldError::Conflict { id: id.clone() }.into()),
        };
        let is_same = kept.reservation == reservation && Arc::ptr_eq(&kept.placement, &placement);
        let changed = Kept {
            reservation,
            placement,
            digest: kept.digest,
        };
        Ok(Done {
            kept: if is_same {
                kept
            } else {
                self.keep(changed, happening)
            },
            created: false,
        })
    }

    fn keep(&mut self, kept: Kept, happening: Option<Happening>) -> Arc<Kept> {
        let id = kept.reservation.id.clone();
        let kept = Arc::new(kept);
        let before = self.kept.insert(id.clone(), Arc::clone(&kept));
        self.confirmed -= before.map_or(0, |before| usize::from(before.is_confirmed()));
        self.confirmed += usize::from(kept.is_confirmed());
        self.touched.push(id.clone());
        self.happened.extend(happening.map(|what| (id, what)));
        kept
    }

    fn forget(&mut self, id: &ReservationId, happening: Happening) {
        if let Some(over) = self.kept.remove(id) {
            self.confirmed -= usize::from(over.is_confirmed());
        }
        self.touched.push(id.clone());
        self.happened.push((id.clone(), happening));
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Now) {
        self.take_lapsed(moment(now));
    }

    fn take_lapsed(&mut self, now: Moment) {
        for lapsed in self.ledger.expire(now) {
            // A name that is free again may be taken already.
            let is_gone = self
                .kept
                .get(&lapsed.id)
                .is_some_and(|kept| kept.reservation == lapsed);
            let happening = Happening::Changed(Event::Lapse);
            if is_gone {
                self.forget(&lapsed.id, happening);
            } else {
                self.happened.push((lapsed.id.clone(), happening));
            }
        }
    }

    /// For how long from `now` nothing lapses; `None` while nothing can.
    #[must_use]
    pub fn rest(&self, now: Now) -> Option<Duration> {
        let deadline = self.ledger.next_deadline()?.as_unix_millis();
        let rest = deadline.saturating_sub(moment(now).as_unix_millis());
        Some(Duration::from_millis(rest))
    }

    /// Whether readers are to be told something.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        !self.touched.is_empty() || !Arc::ptr_eq(&self.told, &self.ledger.snapshot())
    }

    /// What is held now, and what the database of resources must be told of it, each change once.
    pub fn take_updates(&mut self) -> (Arc<Used>, Vec<idr::Update>) {
        let used = self.ledger.snapshot();
        let updates = used.updates_since(&self.told);
        self.told = Arc::clone(&used);
        (used, updates)
    }

    /// The reservations of which readers are to be told, each change once: `None` is no more.
    pub fn take_touched(&mut self) -> Vec<(ReservationId, Option<Arc<Kept>>)> {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        let now = |id: ReservationId| {
            let kept = self.kept.get(&id).cloned();
            (id, kept)
        };
        touched.into_iter().map(now).collect()
    }

    /// What happened since this was asked last.
    pub fn take_happened(&mut self) -> Vec<(ReservationId, Happening)> {
        std::mem::take(&mut self.happened)
    }

    /// How many reservations are held, and how many confirmed.
    #[must_use]
    pub fn counts(&self) -> [(Phase, usize); 2] {
        [
            (Phase::Held, self.kept.len() - self.confirmed),
            (Phase::Confirmed, self.confirmed),
        ]
    }
}

#[cfg(test)]
mod tests;
