//! The ledger as one would write it in an hour: a list of reservations, from which every answer is
//! made anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use idr::reservation::{
    Answer, Capacity, ChangeError, Claim, Event, HoldError, Input, Ledger, Limits, LinkCapacity,
    LinkKey, Moment, Overcommitment, Phase, Refusal, Request, Reservation, ReservationId,
    ResourceKind, Shortage, State,
};
use nffg::{Bandwidth, DomainId, Unit};

use crate::World;

/// What one amount is of: one kind and unit of a domain, or a link.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Domain(DomainId, ResourceKind, Unit),
    Link(LinkKey),
}

pub(crate) type Sums = BTreeMap<What, u128>;

pub(crate) fn parts(claim: &Claim) -> Sums {
    let mut parts = Sums::new();
    for (domain, amounts) in claim.domains() {
        for kind in ResourceKind::ALL {
            for unit in [Unit::Bare, Unit::Byte] {
                let amount = amounts.get(kind, unit).as_millionths();
                parts.insert(What::Domain(domain.clone(), kind, unit), amount);
            }
        }
    }
    for (link, bandwidth) in claim.links() {
        let bits = u128::from(bandwidth.bits_per_second());
        parts.insert(What::Link(link.clone()), bits);
    }
    parts.retain(|_, amount| *amount > 0);
    parts
}

/// The bound of a part: `None` if it is gone, `Some(None)` if it has none.
pub(crate) fn bound(world: &World, what: &What) -> Option<Option<u128>> {
    match what {
        What::Domain(domain, kind, unit) => {
            let told = world.domain(domain)?.get(*kind, *unit);
            Some(told.map(|told| told.as_millionths()))
        }
        What::Link(link) => match world.link(link)? {
            LinkCapacity::Told(told) => Some(Some(u128::from(told.bits_per_second()))),
            LinkCapacity::Untold => Some(None),
        },
    }
}

/// All that a ledger tells of what is held.
pub(crate) fn told(ledger: &Ledger) -> Sums {
    let used = ledger.snapshot();
    let mut sums = Sums::new();
    for (domain, amounts) in used.domains() {
        for (kind, unit, amount) in amounts.iter() {
            let what = What::Domain(domain.clone(), kind, unit);
            sums.insert(what, amount.as_millionths());
        }
    }
    for (link, bandwidth) in used.links() {
        let bits = u128::from(bandwidth.bits_per_second());
        sums.insert(What::Link(link.clone()), bits);
    }
    sums
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) limits: Limits,
    pub(crate) live: Vec<Reservation>,
    pub(crate) lapsed: Vec<Reservation>,
}

impl Model {
    pub(crate) fn used(&self) -> Sums {
        let mut sums = Sums::new();
        for reservation in &self.live {
            for (what, amount) in parts(&reservation.claim) {
                *sums.entry(what).or_default() += amount;
            }
        }
        sums
    }

    fn lapse(&mut self, now: Moment) {
        let (mut over, live): (Vec<_>, Vec<_>) = std::mem::take(&mut self.live)
            .into_iter()
            .partition(|one| one.state.until().is_some_and(|until| until <= now));
        over.sort_by_key(|one| (one.state.until(), one.id.clone()));
        self.lapsed.extend(over);
        self.live = live;
    }

    pub(crate) fn apply(
        &mut self,
        now: Moment,
        input: Input,
        world: &World,
    ) -> Result<Answer, Refusal> {
        self.lapse(now);
        match input {
            Input::Hold(request) => Ok(Answer::Reservation(self.hold(now, request, world)?)),
            Input::Confirm { id, holder, until } => {
                Ok(Answer::Reservation(self.confirm(now, &id, &holder, until)?))
            }
            Input::Extend {
                id,
                holder,
                lifetime,
            } => Ok(Answer::Reservation(
                self.extend(now, &id, &holder, lifetime)?,
            )),
            Input::Amend { id, holder, claim } => Ok(Answer::Reservation(
                self.amend(now, &id, &holder, claim, world)?,
            )),
            Input::Release { id, holder } => {
                let place = self.find(&id, &holder)?;
                Ok(Answer::Released(Arc::new(self.live.remove(place))))
            }
            Input::Expire => {
                let lapsed = std::mem::take(&mut self.lapsed).into_iter();
                Ok(Answer::Lapsed(lapsed.map(Arc::new).collect()))
            }
        }
    }

    fn hold(
        &mut self,
        now: Moment,
        request: Request,
        world: &World,
    ) -> Result<Arc<Reservation>, HoldError> {
        if let Some(known) = self.live.iter().find(|known| known.id == request.id) {
            let equal = known.holder == request.holder
                && known.lifetime == request.lifetime
                && *known.claim == request.claim;
            let conflict = HoldError::Conflict { id: request.id };
            return equal.then(|| Arc::new(known.clone())).ok_or(conflict);
        }
        self.room(now, &request)?;
        for (domain, _) in request.claim.domains() {
            if world.domain(domain).is_none() {
                let domain = domain.clone();
                return Err(HoldError::UnknownDomain { domain });
            }
        }
        for (link, _) in request.claim.links() {
            if world.link(link).is_none() {
                return Err(HoldError::UnknownLink { link: link.clone() });
            }
        }
        let mut expected = Vec::new();
        let used = self.used();
        for (what, asked) in parts(&request.claim) {
            let Some(Some(capacity)) = bound(world, &what) else {
                continue;
            };
            let held = used.get(&what).copied().unwrap_or(0);
            if held + asked > capacity {
                expected.push((what, asked, capacity - held.min(capacity), capacity));
            }
        }
        if !expected.is_empty() {
            return Err(self.short(&expected, |ledger| {
                ledger.hold(now, request, world).unwrap_err()
            }));
        }
        let reservation = Reservation {
            id: request.id,
            holder: request.holder,
            created: now,
            lifetime: request.lifetime,
            state: State::Held {
                until: now.saturating_add(request.lifetime),
            },
            claim: Arc::new(request.claim),
        };
        self.live.push(reservation.clone());
        Ok(Arc::new(reservation))
    }

    /// Another claim: of each part that grows there must be enough in what others leave.
    fn amend(
        &mut self,
        now: Moment,
        id: &ReservationId,
        holder: &str,
        claim: Claim,
        world: &World,
    ) -> Result<Arc<Reservation>, Refusal> {
        let place = self.find(id, holder)?;
        if claim.len() > self.limits.entries {
            let (asked, most) = (claim.len(), self.limits.entries);
            return Err(HoldError::Entries { asked, most }.into());
        }
        let known = self.live[place].claim.clone();
        let (own, used) = (parts(&known), self.used());
        let has = |what: &What| own.get(what).copied().unwrap_or(0);
        let grows = |what: What| parts(&claim).get(&what).copied().unwrap_or(0) > has(&what);
        for (domain, _) in claim.domains() {
            let of_domain = |kind| {
                let units = [Unit::Bare, Unit::Byte].into_iter();
                units.map(move |unit| What::Domain(domain.clone(), kind, unit))
            };
            let is_new = known.domains().all(|(had, _)| had != domain);
            let more = ResourceKind::ALL.into_iter().flat_map(of_domain).any(grows);
            if (is_new || more) && world.domain(domain).is_none() {
                let domain = domain.clone();
                return Err(HoldError::UnknownDomain { domain }.into());
            }
        }
        for (link, _) in claim.links() {
            let is_new = known.links().all(|(had, _)| had != link);
            if (is_new || grows(What::Link(link.clone()))) && world.link(link).is_none() {
                let link = link.clone();
                return Err(HoldError::UnknownLink { link }.into());
            }
        }
        let mut expected = Vec::new();
        for (what, asked) in parts(&claim) {
            let Some(Some(capacity)) = bound(world, &what) else {
                continue;
            };
            let held = used.get(&what).copied().unwrap_or(0);
            let left = capacity - held.min(capacity) + has(&what);
            if asked > left {
                expected.push((what, asked, left, capacity));
            }
        }
        if !expected.is_empty() {
            let short = self.short(&expected, |ledger| {
                match ledger.amend(now, id, holder, &claim, world) {
                    Err(Refusal::Hold(error)) => error,
                    other => panic!("{other:?}"),
                }
            });
            return Err(short.into());
        }
        self.live[place].claim = Arc::new(claim);
        Ok(Arc::new(self.live[place].clone()))
    }

    /// The error that names exactly these shortages. It cannot be made from outside, so a fresh ledger
    /// that holds the same is asked, and its list is compared in numbers with what is expected.
    fn short(
        &self,
        expected: &[(What, u128, u128, u128)],
        ask: impl FnOnce(&mut Ledger) -> HoldError,
    ) -> HoldError {
        let live = self.live.iter().cloned().map(Arc::new);
        let mut fresh = Ledger::restore(self.limits, live).unwrap();
        let error = ask(&mut fresh);
        let HoldError::Short(list) = &error else {
            panic!("expected {expected:?}, got {error:?}");
        };
        let list: Vec<_> = list.as_slice().iter().map(numbers).collect();
        assert_eq!(list, expected);
        error
    }

    fn room(&self, now: Moment, request: &Request) -> Result<(), HoldError> {
        let Request {
            holder,
            lifetime: asked,
            claim,
            ..
        } = request;
        let limits = self.limits;
        let longest = limits.longest_hold;
        if now.saturating_add(*asked) <= now || *asked > longest {
            let asked = *asked;
            return Err(HoldError::Lifetime { asked, longest });
        }
        if claim.len() > limits.entries {
            return Err(HoldError::Entries {
                asked: claim.len(),
                most: limits.entries,
            });
        }
        let count = |filter: &dyn Fn(&Reservation) -> bool| {
            let found = self.live.iter().filter(|one| filter(one)).count();
            u32::try_from(found).unwrap()
        };
        let is_hold = |one: &Reservation| one.state.phase() == Phase::Held;
        let (holder, of_holder) = (holder.clone(), |one: &Reservation| one.holder == *holder);
        if count(&|one| is_hold(one) && of_holder(one)) >= limits.holds_per_holder {
            let most = limits.holds_per_holder;
            return Err(HoldError::HoldsOfHolder { holder, most });
        }
        if count(&of_holder) >= limits.reservations_per_holder {
            let most = limits.reservations_per_holder;
            return Err(HoldError::ReservationsOfHolder { holder, most });
        }
        if count(&is_hold) >= limits.holds {
            return Err(HoldError::Holds { most: limits.holds });
        }
        if count(&|_| true) >= limits.reservations {
            let most = limits.reservations;
            return Err(HoldError::Reservations { most });
        }
        Ok(())
    }

    fn find(&self, id: &ReservationId, holder: &str) -> Result<usize, ChangeError> {
        let id = id.clone();
        match self.live.iter().position(|known| known.id == id) {
            None => Err(ChangeError::Unknown { id }),
            Some(place) if self.live[place].holder != holder => Err(ChangeError::NotHolder { id }),
            Some(place) => Ok(place),
        }
    }

    fn confirm(
        &mut self,
        now: Moment,
        id: &ReservationId,
        holder: &str,
        until: Option<Moment>,
    ) -> Result<Arc<Reservation>, ChangeError> {
        let place = self.find(id, holder)?;
        let known = &mut self.live[place];
        let id = id.clone();
        match (known.state, until) {
            (State::Confirmed { until: end }, _) if end == until => {}
            (State::Confirmed { until }, _) => return Err(ChangeError::OtherEnd { id, until }),
            (_, Some(asked)) if asked <= now => {
                return Err(ChangeError::EndIsPast { id, asked, now });
            }
            _ => known.state = State::Confirmed { until },
        }
        Ok(Arc::new(known.clone()))
    }

    fn extend(
        &mut self,
        now: Moment,
        id: &ReservationId,
        holder: &str,
        lifetime: Duration,
    ) -> Result<Arc<Reservation>, ChangeError> {
        let longest = self.limits.longest_hold;
        let place = self.find(id, holder)?;
        let known = &mut self.live[place];
        let id = id.clone();
        let State::Held { until } = known.state else {
            return Err(ChangeError::Illegal {
                id,
                phase: Phase::Confirmed,
                event: Event::Extend,
            });
        };
        let (asked, latest) = (
            now.saturating_add(lifetime),
            known.created.saturating_add(longest),
        );
        if asked > latest {
            return Err(ChangeError::TooLong { id, asked, latest });
        }
        let until = asked.max(until);
        known.state = State::Held { until };
        Ok(Arc::new(known.clone()))
    }

    /// Where more is held than there is.
    pub(crate) fn overcommitted(&self, world: &World) -> BTreeSet<(What, u128, u128)> {
        let over = self.used().into_iter().filter_map(|(what, held)| {
            let capacity = bound(world, &what).unwrap_or(Some(0))?;
            (held > capacity).then_some((what, capacity, held))
        });
        over.collect()
    }
}

fn numbers(shortage: &Shortage) -> (What, u128, u128, u128) {
    match shortage.clone() {
        Shortage::Domain {
            domain,
            kind,
            unit,
            asked,
            left,
            capacity,
        } => (
            What::Domain(domain, kind, unit),
            asked.as_millionths(),
            left.as_millionths(),
            capacity.as_millionths(),
        ),
        Shortage::Link {
            link,
            asked,
            left,
            capacity,
        } => {
            let [asked, left, capacity] =
                [asked, left, capacity].map(|b| u128::from(b.bits_per_second()));
            (What::Link(link), asked, left, capacity)
        }
    }
}

/// An overcommitment in numbers.
pub(crate) fn excess(over: &Overcommitment) -> (What, u128, u128) {
    let bits = |bandwidth: Bandwidth| u128::from(bandwidth.bits_per_second());
    match over.clone() {
        Overcommitment::Domain {
            domain,
            kind,
            unit,
            capacity,
            held,
        } => (
            What::Domain(domain, kind, unit),
            capacity.as_millionths(),
            held.as_millionths(),
        ),
        Overcommitment::Link {
            link,
            capacity,
            held,
        } => (What::Link(link), bits(capacity), bits(held)),
    }
}
