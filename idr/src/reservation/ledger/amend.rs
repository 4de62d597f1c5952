//! Another claim for the same reservation.
//!
//! What a reservation has is its own: of a domain or link of which the new claim asks no more than the old, nothing is
//! asked, whatever became of it. Of what grows there must be enough in what is left together with its own.

use std::sync::Arc;

use super::{
    Amounts, Capacity, ChangeError, Claim, Event, HoldError, Ledger, LinkCapacity, Moment, Phase,
    Refusal, Reservation, ReservationId, Shortages, State,
};

impl Ledger {
    /// Has a reservation take what `claim` says, or changes nothing. How long it lasts stays.
    ///
    /// # Errors
    /// [`Refusal::Change`] when there is no such reservation of this holder, [`Refusal::Hold`] when the claim has too
    /// many entries or does not fit into what is left and its own.
    pub fn amend(
        &mut self,
        now: Moment,
        id: &ReservationId,
        holder: &str,
        claim: &Claim,
        capacity: &impl Capacity,
    ) -> Result<Arc<Reservation>, Refusal> {
        let known = self.amendable(now, id, holder, claim, capacity)?;
        let state = known.state;
        Ok(self.exchange(&known, Arc::new(claim.clone()), state))
    }

    /// Has a reservation take what it has and what `claim` says, at each place the larger, or changes nothing. It fits
    /// exactly when [`Ledger::amend`] does, and [`Ledger::narrow`] leads from there to either without asking for
    /// anything: so nobody takes what was given up before all is sure.
    ///
    /// # Errors
    /// As [`Ledger::amend`].
    pub fn widen(
        &mut self,
        now: Moment,
        id: &ReservationId,
        holder: &str,
        claim: &Claim,
        capacity: &impl Capacity,
    ) -> Result<Arc<Reservation>, Refusal> {
        let known = self.amendable(now, id, holder, claim, capacity)?;
        let state = known.state;
        let both = known.claim.union(claim);
        Ok(self.exchange(&known, Arc::new(both), state))
    }

    /// Brings a live reservation into a state, with a claim that asks for nothing that it does not have. This is how what
    /// was done is undone; whether the table allows it is not asked.
    ///
    /// # Errors
    /// [`ChangeError::Unknown`], [`ChangeError::NotHolder`], and [`ChangeError::Wider`].
    pub fn narrow(
        &mut self,
        now: Moment,
        id: &ReservationId,
        holder: &str,
        claim: Arc<Claim>,
        state: State,
    ) -> Result<Arc<Reservation>, ChangeError> {
        let (known, _) = self.next(now, id, holder, Event::Amend)?;
        if !known.claim.covers(&claim) {
            return Err(ChangeError::Wider { id: id.clone() });
        }
        let next = self.exchange(&known, claim, state);
        self.lapse(now);
        Ok(next)
    }

    /// The reservation, if it may take `claim`.
    fn amendable(
        &mut self,
        now: Moment,
        id: &ReservationId,
        holder: &str,
        claim: &Claim,
        capacity: &impl Capacity,
    ) -> Result<Arc<Reservation>, Refusal> {
        let (known, phase) = self.next(now, id, holder, Event::Amend)?;
        debug_assert!(phase == known.state.phase() && phase != Phase::Lapsed);
        if claim.len() > self.limits.entries {
            let (asked, most) = (claim.len(), self.limits.entries);
            return Err(HoldError::Entries { asked, most }.into());
        }
        self.check_growth(&known.claim, claim, capacity)?;
        Ok(known)
    }

    /// Whether there is enough for what `claim` has more than `own`, which is taken.
    pub(super) fn check_growth(
        &self,
        own: &Claim,
        claim: &Claim,
        capacity: &impl Capacity,
    ) -> Result<(), HoldError> {
        let mut short = Vec::new();
        for (domain, asked) in claim.domains() {
            let own = own.of_domain(domain);
            if own.is_some_and(|own| own.covers(asked)) {
                continue;
            }
            let Some(capacity) = capacity.domain(domain) else {
                let domain = domain.clone();
                return Err(HoldError::UnknownDomain { domain });
            };
            let own = own.copied().unwrap_or_else(Amounts::default);
            self.check_domain(domain, asked, &own, &capacity, &mut short);
        }
        for (link, asked) in claim.links() {
            let own = own.of_link(link);
            if own.is_some_and(|own| own >= asked) {
                continue;
            }
            match capacity.link(link) {
                Some(LinkCapacity::Untold) => {}
                Some(LinkCapacity::Told(capacity)) => {
                    let own = own.unwrap_or_default();
                    short.extend(self.check_link(link, asked, own, capacity));
                }
                None => {
                    let link = link.clone();
                    return Err(HoldError::UnknownLink { link });
                }
            }
        }
        if short.is_empty() {
            Ok(())
        } else {
            Err(HoldError::Short(Shortages(short)))
        }
    }

    /// Puts another claim and state in the place of a reservation that is there.
    fn exchange(
        &mut self,
        known: &Reservation,
        claim: Arc<Claim>,
        state: State,
    ) -> Arc<Reservation> {
        self.strike(known);
        if known.claim != claim {
            let used = Arc::make_mut(&mut self.used);
            used.remove(&known.claim);
            used.add(&claim);
        }
        let next = Arc::new(Reservation {
            claim,
            state,
            ..known.clone()
        });
        self.enter(Arc::clone(&next));
        next
    }
}
