//! The single writer.

mod amend;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use nffg::{Bandwidth, DomainId};

use super::{
    Amounts, Answer, Capacity, ChangeError, Claim, DomainCapacity, Event, HoldError, Input, Limits,
    LinkCapacity, LinkKey, Moment, Phase, Refusal, Request, Reservation, ReservationId,
    RestoreError, Shortage, Shortages, State, Used,
};

/// How many reservations there are: of a holder, or in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    /// In [`Phase::Held`].
    holds: u32,
    /// In any live phase.
    reservations: u32,
}

impl Count {
    fn add(&mut self, state: State) {
        self.reservations += 1;
        self.holds += u32::from(state.phase() == Phase::Held);
    }

    fn remove(&mut self, state: State) {
        self.reservations -= 1;
        self.holds -= u32::from(state.phase() == Phase::Held);
    }
}

/// The reservations, and the one place through which they change.
///
/// A call costs what its claim has in domains and links, times the logarithm of how many there are;
/// not how many reservations there are. The first change after [`Ledger::snapshot`] copies, besides,
/// a pointer for each domain in use and the sums of the domains that it touches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    limits: Limits,
    reservations: BTreeMap<ReservationId, Arc<Reservation>>,
    /// When each reservation that ends does so.
    deadlines: BTreeSet<(Moment, ReservationId)>,
    holders: BTreeMap<String, Count>,
    all: Count,
    used: Arc<Used>,
    /// Lapsed by a call that is not [`Ledger::expire`], and not told yet.
    lapsed: Vec<Arc<Reservation>>,
}

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// The ledger that has these reservations, as a store kept them. Neither capacity nor limits are
    /// asked: what was promised stays, whatever became of the one or the other. What was over
    /// meanwhile lapses with the next call.
    ///
    /// # Errors
    /// See [`RestoreError`].
    pub fn restore(
        limits: Limits,
        reservations: impl IntoIterator<Item = Arc<Reservation>>,
    ) -> Result<Self, RestoreError> {
        let mut ledger = Self::new(limits);
        for reservation in reservations {
            if ledger.reservations.contains_key(&reservation.id) {
                let id = reservation.id.clone();
                return Err(RestoreError::Duplicate { id });
            }
            Arc::make_mut(&mut ledger.used).add(&reservation.claim);
            ledger.enter(reservation);
        }
        Ok(ledger)
    }

    /// The same reservations under other limits, for what is asked from now on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Any input, at `now`.
    ///
    /// # Errors
    /// Those of the input's own function.
    pub fn apply(
        &mut self,
        now: Moment,
        input: Input,
        capacity: &impl Capacity,
    ) -> Result<Answer, Refusal> {
        Ok(match input {
            Input::Hold(request) => Answer::Reservation(self.hold(now, request, capacity)?),
            Input::Confirm { id, holder, until } => {
                Answer::Reservation(self.confirm(now, &id, &holder, until)?)
            }
            Input::Extend {
                id,
                holder,
                lifetime,
            } => Answer::Reservation(self.extend(now, &id, &holder, lifetime)?),
            Input::Amend { id, holder, claim } => {
                Answer::Reservation(self.amend(now, &id, &holder, &claim, capacity)?)
            }
            Input::Release { id, holder } => Answer::Released(self.release(now, &id, &holder)?),
            Input::Expire => Answer::Lapsed(self.expire(now)),
        })
    }

    /// Holds all that the request claims, or nothing.
    ///
    /// A request that was granted before, and whose reservation is live, is answered with that
    /// reservation as it is, confirmed or extended meanwhile or not. A name is free again when its
    /// reservation is over: a request repeated after that is a new one, and lapses by itself.
    ///
    /// # Errors
    /// See [`HoldError`]; of several reasons the first in the order of its variants.
    pub fn hold(
        &mut self,
        now: Moment,
        request: Request,
        capacity: &impl Capacity,
    ) -> Result<Arc<Reservation>, HoldError> {
        self.lapse(now);
        if let Some(known) = self.reservations.get(&request.id) {
            return if known.answers(&request) {
                Ok(Arc::clone(known))
            } else {
                Err(HoldError::Conflict { id: request.id })
            };
        }
        let until = self.check_limits(now, &request)?;
        self.check_growth(&Claim::default(), &request.claim, capacity)?;
        let reservation = Arc::new(Reservation {
            id: request.id,
            holder: request.holder,
            created: now,
            lifetime: request.lifetime,
            state: State::Held { until },
            claim: Arc::new(request.claim),
        });
        Arc::make_mut(&mut self.used).add(&reservation.claim);
        self.enter(Arc::clone(&reservation));
        Ok(reservation)
    }

    /// Decides for a hold: from now on it lasts until `until`, or until it is released.
    ///
    /// Said again with the same end, it answers the same.
    ///
    /// # Errors
    /// See [`ChangeError`].
    pub fn confirm(
        &mut self,
        now: Moment,
        id: &ReservationId,
        holder: &str,
        until: Option<Moment>,
    ) -> Result<Arc<Reservation>, ChangeError> {
        let (known, phase) = self.next(now, id, holder, Event::Confirm)?;
        if let State::Confirmed { until: known_end } = known.state {
            return if known_end == until {
                Ok(known)
            } else {
                Err(ChangeError::OtherEnd {
                    id: id.clone(),
                    until: known_end,
                })
            };
        }
        if let Some(asked) = until.filter(|until| *until <= now) {
            return Err(ChangeError::EndIsPast {
                id: id.clone(),
                asked,
                now,
            });
        }
        Ok(self.settle(known, phase, until))
    }

    /// Holds a hold for `lifetime` from now, if it would end before: it never shortens one.
    ///
    /// # Errors
    /// See [`ChangeError`]. A hold lasts for [`Limits::longest_hold`] in all, from when it was made.
    pub fn extend(
        &mut self,
        now: Moment,
        id: &ReservationId,
        holder: &str,
        lifetime: Duration,
    ) -> Result<Arc<Reservation>, ChangeError> {
        let (known, phase) = self.next(now, id, holder, Event::Extend)?;
        let asked = now.saturating_add(lifetime);
        let latest = known.created.saturating_add(self.limits.longest_hold);
        if asked > latest {
            return Err(ChangeError::TooLong {
                id: id.clone(),
                asked,
                latest,
            });
        }
        if known.state.until().is_some_and(|until| asked <= until) {
            return Ok(known);
        }
        Ok(self.settle(known, phase, Some(asked)))
    }

    /// Gives a reservation back, confirmed or not. Answers it as it was.
    ///
    /// # Errors
    /// See [`ChangeError`]. Said again, it is [`ChangeError::Unknown`].
    pub fn release(
        &mut self,
        now: Moment,
        id: &ReservationId,
        holder: &str,
    ) -> Result<Arc<Reservation>, ChangeError> {
        let (known, phase) = self.next(now, id, holder, Event::Release)?;
        Ok(self.settle(known, phase, None))
    }

    /// Lets lapse what is over at `now`. Answers what lapsed since this was called last, as it was,
    /// each once: by what was the last moment, then by id, as far as one call let it lapse. Until it is
    /// told it is kept: call this at [`Ledger::next_deadline`].
    pub fn expire(&mut self, now: Moment) -> Vec<Arc<Reservation>> {
        self.lapse(now);
        std::mem::take(&mut self.lapsed)
    }

    /// When [`Ledger::expire`] is to be called next; past, if something lapsed that it did not tell
    /// yet.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        let untold = self.lapsed.iter().filter_map(|lapsed| lapsed.state.until());
        let next = self.deadlines.first().map(|(until, _)| *until);
        untold.chain(next).min()
    }

    /// The reservation `id`, if it is live at `now`.
    #[must_use]
    pub fn reservation(&self, now: Moment, id: &ReservationId) -> Option<&Arc<Reservation>> {
        let known = self.reservations.get(id)?;
        (!known.state.is_over(now)).then_some(known)
    }

    /// All reservations that are live at `now`, by id.
    pub fn reservations(&self, now: Moment) -> impl Iterator<Item = &Arc<Reservation>> {
        let all = self.reservations.values();
        all.filter(move |known| !known.state.is_over(now))
    }

    /// What is held in all, as of the last call that may change something. Immutable: readers keep it
    /// as long as they like.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Used> {
        Arc::clone(&self.used)
    }

    fn check_limits(&self, now: Moment, request: &Request) -> Result<Moment, HoldError> {
        let limits = &self.limits;
        let until = now.saturating_add(request.lifetime);
        if until <= now || request.lifetime > limits.longest_hold {
            return Err(HoldError::Lifetime {
                asked: request.lifetime,
                longest: limits.longest_hold,
            });
        }
        if request.claim.len() > limits.entries {
            return Err(HoldError::Entries {
                asked: request.claim.len(),
                most: limits.entries,
            });
        }
        let holder = request.holder.clone();
        let count = self.holders.get(&holder).copied().unwrap_or_default();
        if count.holds >= limits.holds_per_holder {
            let most = limits.holds_per_holder;
            return Err(HoldError::HoldsOfHolder { holder, most });
        }
        if count.reservations >= limits.reservations_per_holder {
            let most = limits.reservations_per_holder;
            return Err(HoldError::ReservationsOfHolder { holder, most });
        }
        if self.all.holds >= limits.holds {
            let most = limits.holds;
            return Err(HoldError::Holds { most });
        }
        if self.all.reservations >= limits.reservations {
            let most = limits.reservations;
            return Err(HoldError::Reservations { most });
        }
        Ok(until)
    }

    fn check_domain(
        &self,
        domain: &DomainId,
        asked: &Amounts,
        own: &Amounts,
        capacity: &DomainCapacity,
        short: &mut Vec<Shortage>,
    ) {
        let used = self.used.of_domain(domain);
        for (kind, unit, asked) in asked.iter() {
            let Some(capacity) = capacity.get(kind, unit) else {
                continue;
            };
            let left = capacity.saturating_sub(used.get(kind, unit));
            let left = left.saturating_add(own.get(kind, unit));
            if asked > left {
                short.push(Shortage::Domain {
                    domain: domain.clone(),
                    kind,
                    unit,
                    asked,
                    left,
                    capacity,
                });
            }
        }
    }

    fn check_link(
        &self,
        link: &LinkKey,
        asked: Bandwidth,
        own: Bandwidth,
        capacity: Bandwidth,
    ) -> Option<Shortage> {
        let left = self.used.left_of_link(link, capacity).bits_per_second();
        let left = left.saturating_add(own.bits_per_second());
        let left = Bandwidth::from_bits_per_second(left);
        (asked > left).then(|| Shortage::Link {
            link: link.clone(),
            asked,
            left,
            capacity,
        })
    }

    /// The live reservation `id` and the phase into which `event` by `holder` brings it.
    fn next(
        &mut self,
        now: Moment,
        id: &ReservationId,
        holder: &str,
        event: Event,
    ) -> Result<(Arc<Reservation>, Phase), ChangeError> {
        self.lapse(now);
        let Some(known) = self.reservations.get(id) else {
            return Err(ChangeError::Unknown { id: id.clone() });
        };
        if known.holder != holder {
            return Err(ChangeError::NotHolder { id: id.clone() });
        }
        let phase = known.state.phase();
        match phase.after(event) {
            Some(next) => Ok((Arc::clone(known), next)),
            None => Err(ChangeError::Illegal {
                id: id.clone(),
                phase,
                event,
            }),
        }
    }

    /// Takes out what is over at `now`. A clock that goes back does not bring it to life again.
    fn lapse(&mut self, now: Moment) {
        while let Some((until, _)) = self.deadlines.first()
            && *until <= now
        {
            let over = self.deadlines.pop_first();
            let over = over.and_then(|(_, id)| self.reservations.get(&id).cloned());
            if let Some(over) = over
                && let Some(phase) = over.state.phase().after(Event::Lapse)
            {
                let over = self.settle(over, phase, None);
                self.lapsed.push(over);
            }
        }
    }

    /// Brings a reservation into the phase that the table says: in a live one what it takes stays
    /// taken, else it is given back. Answers the reservation as it is from now on, or as it was.
    fn settle(
        &mut self,
        known: Arc<Reservation>,
        phase: Phase,
        until: Option<Moment>,
    ) -> Arc<Reservation> {
        self.strike(&known);
        let Some(state) = State::in_phase(phase, until) else {
            Arc::make_mut(&mut self.used).remove(&known.claim);
            return known;
        };
        let next = Arc::new(Reservation {
            state,
            ..Reservation::clone(&known)
        });
        self.enter(Arc::clone(&next));
        next
    }

    /// Adds to everything but the sums.
    fn enter(&mut self, reservation: Arc<Reservation>) {
        let state = reservation.state;
        if let Some(until) = state.until() {
            self.deadlines.insert((until, reservation.id.clone()));
        }
        let holder = self.holders.entry(reservation.holder.clone());
        holder.or_default().add(state);
        self.all.add(state);
        self.reservations
            .insert(reservation.id.clone(), reservation);
    }

    /// Takes a reservation that is there from everything but the sums.
    fn strike(&mut self, known: &Reservation) {
        self.reservations.remove(&known.id);
        if let Some(until) = known.state.until() {
            self.deadlines.remove(&(until, known.id.clone()));
        }
        if let Entry::Occupied(mut count) = self.holders.entry(known.holder.clone()) {
            count.get_mut().remove(known.state);
            if count.get().reservations == 0 {
                count.remove();
            }
        }
        self.all.remove(known.state);
    }
}
