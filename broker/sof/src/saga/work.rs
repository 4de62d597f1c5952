//! What an event does to a saga.

use jiff::{SignedDuration, Timestamp};
use nffg::DomainId;

use super::part::{Part, Verb, pause};
use super::phase::{CallStep, Phase, PhaseEvent, SAGA};
use super::{
    Answer, Deployed, Deployment, Effect, Event, Limits, Means, Plan, Reason, ReserveStep, Saga,
    SegmentTest, Stale,
};
use crate::mef::FaultCode;
use crate::order::Action;
use crate::payload::Segment;
use crate::service::ServiceState;

/// `time` so much later.
pub(super) fn after(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}

impl Saga {
    /// What happened; says what is to be done now. Of an effect that is under way the caller waits for the answer before he
    /// begins another for the same domain.
    ///
    /// # Errors
    /// The event is of no use; nothing has changed.
    pub fn apply(
        &mut self,
        event: Event,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<Vec<Effect>, Stale> {
        match event {
            Event::Begin(own) => self.begin(own.map(|own| *own), now, limits)?,
            Event::Chosen(plan) => {
                if plan.attempt != self.next_try() {
                    return Err(self.stale("a choice for another try"));
                }
                self.step(PhaseEvent::Chosen, now)?;
                self.attempts += 1;
                self.tries += 1;
                (self.waiting_since, self.waiting_for) = (None, None);
                self.plan = Some(*plan);
            }
            Event::Designed { selection } => {
                self.step(PhaseEvent::Designed, now)?;
                self.after = Some(Deployment {
                    tries: self.tries,
                    selection: Some(selection),
                    ..Deployment::default()
                });
                self.retire(now);
            }
            Event::NoAgreement(why) => self.wait(PhaseEvent::NoAgreement, why, now, limits)?,
            Event::NoPartner(why) => self.wait(PhaseEvent::NoPartner, why, now, limits)?,
            Event::NothingFits { reason, selection } => {
                self.step(PhaseEvent::GiveUp, now)?;
                let told = selection.map_or_else(String::new, |id| format!(" (selection {id})"));
                self.fail(None, "choosing partners", format!("{reason}{told}"), None);
            }
            Event::Reserved { id, step, until } => {
                self.is_asked(&id, step)?;
                self.reserved(until, now, limits)?;
            }
            Event::NotReserved { id, step, why } => {
                self.is_asked(&id, step)?;
                self.not_reserved(why, now)?;
            }
            Event::TryAgain(_) => {
                self.retry_at = Some(after(now, pause(self.retries, limits)));
                self.retries = self.retries.saturating_add(1);
            }
            Event::Answer {
                domain,
                call,
                answer,
            } => self.answer(&domain, &call, answer, now, limits)?,
            Event::Hint { domain, order } => {
                let parts = self.parts.iter_mut().chain(&mut self.cleanup);
                let mut known = false;
                for part in parts.filter(|part| part.domain == domain && part.step.is_open()) {
                    // It may tell of an order whose answer was lost.
                    if part.order.as_ref().is_none_or(|own| *own == order) {
                        part.due = Some(now);
                        known = true;
                    }
                }
                if !known {
                    return Err(Stale {
                        what: format!("a hint of {domain} at its order {order}"),
                        why: "no call is at work on it".to_owned(),
                    });
                }
            }
            Event::Agreements => {
                if matches!(self.phase, Phase::NoAgreement | Phase::NoPartner) {
                    self.step(PhaseEvent::Retry, now)?;
                }
            }
            Event::Released => self.held_back = false,
            Event::Gone(domain) => self.cleanup.retain(|part| part.domain != domain),
            Event::Tick => {}
        }
        self.advance(now, limits);
        Ok(self.effects(now, limits))
    }

    /// The saga was read from the store by a process that did not write it: of what was under way nobody knows whether it was
    /// carried out.
    pub fn resume(&mut self, now: Timestamp, limits: &Limits) -> Vec<Effect> {
        for part in self.parts.iter_mut().chain(&mut self.cleanup) {
            if part.step.is_open() {
                part.doubt(now);
                // Nobody listened meanwhile: what is done already is heard of before it counts as silent, and what was not
                // sent may still be.
                let heard = after(after(now, limits.under_way), limits.under_way);
                part.deadline = part.deadline.map(|deadline| deadline.max(heard));
            }
        }
        self.retry_at = Some(now);
        self.advance(now, limits);
        self.effects(now, limits)
    }

    pub(super) fn step(&mut self, event: PhaseEvent, now: Timestamp) -> Result<(), Stale> {
        let phase = SAGA.step(self.phase, event).map_err(|error| Stale {
            what: format!("{event:?}"),
            why: error.to_string(),
        })?;
        self.phase = phase;
        self.since = now;
        self.retry_at = Some(now);
        self.retries = 0;
        self.reserved = false;
        if phase == Phase::Failed {
            self.parts.clear();
            let mut after = match self.action {
                Action::Add => Deployment::default(),
                Action::Modify | Action::Delete => self.before.clone(),
            };
            after.tries = self.tries;
            self.after = Some(after);
        }
        Ok(())
    }

    /// Ends a saga that has not begun: it cannot be done as it is.
    pub fn refuse(&mut self, why: String, now: Timestamp) {
        if self.phase == Phase::Waiting && self.step(PhaseEvent::GiveUp, now).is_ok() {
            self.fail(None, "beginning", why, None);
        }
    }

    fn begin(
        &mut self,
        own: Option<Segment>,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<(), Stale> {
        if self.action == Action::Delete {
            self.step(PhaseEvent::End, now)?;
            self.after = Some(Deployment {
                tries: self.tries,
                ..Deployment::default()
            });
            self.parts = self.ends(|_| true, now);
            return Ok(());
        }
        match (self.means, own) {
            (Means::Partners, _) => self.step(PhaseEvent::Choose, now),
            (Means::Own, Some(segment)) if self.is_provisioned() => {
                self.step(PhaseEvent::Provision, now)?;
                self.attempts += 1;
                self.tries += 1;
                self.plan = Some(Plan {
                    selection: None,
                    chain: None,
                    attempt: self.tries,
                    prefix: String::new(),
                    segments: vec![segment],
                    bounds: Vec::new(),
                    in_place: true,
                    reservation: None,
                });
                self.make_parts(now, limits);
                Ok(())
            }
            (Means::Own, _) => {
                self.step(PhaseEvent::GiveUp, now)?;
                let reason = "a segment is ordered inactive or active: its domain neither designs nor reserves one";
                self.fail(None, "beginning", reason.to_owned(), None);
                Ok(())
            }
        }
    }

    fn wait(
        &mut self,
        event: PhaseEvent,
        why: String,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<(), Stale> {
        self.step(event, now)?;
        self.waiting_since.get_or_insert(now);
        self.waiting_for = Some(why);
        self.retry_at = Some(after(now, limits.look_again));
        Ok(())
    }

    /// Notes a failure.
    pub(super) fn fail(
        &mut self,
        domain: Option<DomainId>,
        doing: &str,
        reason: String,
        code: Option<FaultCode>,
    ) {
        self.reasons.push(Reason {
            attempt: self.attempts,
            domain,
            doing: doing.to_owned(),
            reason,
            code,
        });
    }

    /// Whether an answer about a reservation is to what is asked for now.
    fn is_asked(&self, id: &str, step: ReserveStep) -> Result<(), Stale> {
        match self.reserve_step() {
            Some((asked, now)) if asked == id && now == step => Ok(()),
            _ => Err(self.stale(&format!("an answer to {step:?} of reservation {id}"))),
        }
    }

    fn reserved(
        &mut self,
        until: Option<Timestamp>,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<(), Stale> {
        match self.phase {
            Phase::Holding => {
                self.held_until = until;
                if self.is_provisioned() {
                    self.step(PhaseEvent::Held, now)?;
                    self.make_parts(now, limits);
                } else {
                    self.step(PhaseEvent::Kept, now)?;
                }
            }
            Phase::Ordering | Phase::Activating | Phase::Testing => {
                self.held_until = until;
                self.retry_at = Some(now);
                self.retries = 0;
            }
            Phase::Confirming => self.confirmed(now)?,
            Phase::Retiring | Phase::Compensating | Phase::Deleting => self.reserved = true,
            Phase::Waiting
            | Phase::Selecting
            | Phase::NoAgreement
            | Phase::NoPartner
            | Phase::Completed
            | Phase::Failed => return Err(self.stale("an answer about the reservation")),
        }
        Ok(())
    }

    fn not_reserved(&mut self, why: String, now: Timestamp) -> Result<(), Stale> {
        match self.phase {
            Phase::Holding => {
                self.step(PhaseEvent::LostRace, now)?;
                self.fail(None, "holding capacity", why, None);
                self.undo(now);
            }
            Phase::Ordering | Phase::Activating | Phase::Testing | Phase::Confirming => {
                self.step(PhaseEvent::Broken, now)?;
                self.fail(None, "keeping capacity", why, None);
                self.undo(now);
            }
            // There is nothing to give back.
            Phase::Retiring | Phase::Compensating | Phase::Deleting => self.reserved = true,
            Phase::Waiting
            | Phase::Selecting
            | Phase::NoAgreement
            | Phase::NoPartner
            | Phase::Completed
            | Phase::Failed => return Err(self.stale("an answer about the reservation")),
        }
        Ok(())
    }

    fn stale(&self, what: &str) -> Stale {
        Stale {
            what: what.to_owned(),
            why: format!("the work is {:?}", self.phase),
        }
    }

    /// A part for each segment of the plan.
    fn make_parts(&mut self, now: Timestamp, limits: &Limits) {
        let Some(plan) = &self.plan else {
            return;
        };
        let deadline = Some(after(now, limits.order));
        let parts = plan.segments.iter().map(|segment| {
            let domain = segment.domain.clone();
            let known = self.before.deployed.iter();
            let known = known
                .filter(|_| plan.in_place)
                .find(|known| known.domain == domain);
            let mut part = Part::new(domain, self.means, self.tries, segment.clone());
            part.active = self.is_to_work();
            let verb = match known {
                None => Some(Verb::Add),
                Some(known) => {
                    part.previous = Some(known.segment.clone());
                    part.service.clone_from(&known.service);
                    part.was_active = self.before.active;
                    // What is as it should be stays as it is.
                    let same = known.segment == *segment && part.active == part.was_active;
                    (!same).then_some(Verb::Modify)
                }
            };
            if let Some(verb) = verb {
                part.intend(verb, now, deadline);
            }
            part
        });
        self.parts = parts.collect();
    }

    /// The new state is sure: what is in place from now on, and what is not used any more.
    fn confirmed(&mut self, now: Timestamp) -> Result<(), Stale> {
        self.step(PhaseEvent::Confirmed, now)?;
        self.held_until = None;
        let deployed = self.parts.drain(..).map(|part| Deployed {
            domain: part.domain,
            service: part.service,
            segment: part.segment,
        });
        let deployed = deployed.collect();
        let plan = self.plan.as_ref();
        self.after = Some(Deployment {
            chain: plan.and_then(|plan| plan.chain.clone()),
            prefix: plan.map(|plan| plan.prefix.clone()).unwrap_or_default(),
            reservation: plan.and_then(|plan| plan.reservation.clone()),
            segments: plan.map(|plan| plan.segments.clone()).unwrap_or_default(),
            deployed,
            active: self.is_to_work(),
            tries: self.tries,
            selection: plan.and_then(|plan| plan.selection.clone()),
        });
        self.retire(now);
        Ok(())
    }

    /// What the service had before and does not use any more is ended.
    fn retire(&mut self, now: Timestamp) {
        let kept: Vec<DomainId> = match &self.plan {
            Some(plan) if plan.in_place => plan.segments.iter().map(|s| s.domain.clone()).collect(),
            _ => Vec::new(),
        };
        let mut ending = self.ends(|domain| !kept.contains(domain), now);
        // What an earlier try has still to restore ends instead, once it is known what became of it.
        for part in &mut self.cleanup {
            let before = ending.len();
            ending.retain(|end| (&end.domain, &end.service) != (&part.domain, &part.service));
            if ending.len() < before {
                part.previous = None;
            }
        }
        self.parts = ending;
    }

    fn answer(
        &mut self,
        domain: &DomainId,
        call: &str,
        answer: Answer,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<(), Stale> {
        let cleaning = self.is_cleaning();
        let service = self.service.clone();
        let own = |part: &&mut Part| part.domain == *domain && part.external_id(&service) == call;
        let (part, undoing) = match self.parts.iter_mut().find(own) {
            Some(part) => (part, cleaning),
            None => match self.cleanup.iter_mut().find(own) {
                Some(part) => (part, true),
                None => {
                    return Err(Stale {
                        what: format!("an answer to {call}"),
                        why: "that call is not at work".to_owned(),
                    });
                }
            },
        };
        let test = match &answer {
            Answer::Test(outcome) => Some(SegmentTest::new(&part.segment, outcome)),
            _ => None,
        };
        part.answered(answer, undoing, now, limits)?;
        if let Some(test) = test {
            self.note_test(test);
        }
        Ok(())
    }

    /// Whether what is at work takes something back.
    pub(super) const fn is_cleaning(&self) -> bool {
        matches!(
            self.phase,
            Phase::Compensating | Phase::Retiring | Phase::Deleting
        )
    }

    /// Follows the machine as far as it goes by itself.
    fn advance(&mut self, now: Timestamp, limits: &Limits) {
        self.clean(now, limits);
        // Each step leads on in the table, so this ends; the bound is for the reader.
        for _ in 0..Phase::ALL.len() {
            if !self.advance_once(now, limits) {
                break;
            }
            self.clean(now, limits);
        }
    }

    fn advance_once(&mut self, now: Timestamp, limits: &Limits) -> bool {
        let event = match self.phase {
            Phase::Waiting
            | Phase::Selecting
            | Phase::Holding
            | Phase::Completed
            | Phase::Failed => return false,
            Phase::NoAgreement | Phase::NoPartner => {
                let since = self.waiting_since.unwrap_or(self.since);
                if now >= after(since, limits.patience) {
                    let why = self.waiting_for.clone().unwrap_or_default();
                    let reason = format!("waited since {since} in vain: {why}");
                    self.fail(None, "choosing partners", reason, None);
                    PhaseEvent::GiveUp
                } else if self.retry_at.is_none_or(|at| now >= at) {
                    PhaseEvent::Retry
                } else {
                    return false;
                }
            }
            Phase::Ordering | Phase::Activating | Phase::Testing => {
                for part in &mut self.parts {
                    part.time_out(now);
                }
                if self.parts.iter().any(|part| part.step.is_broken()) {
                    self.broken();
                    PhaseEvent::Broken
                } else if self.parts.iter().any(|part| part.step.is_open()) || self.is_at_the_gate()
                {
                    return false;
                } else if let Some((domain, why)) = self.slow_whole() {
                    self.blame(domain, "to test the service", why);
                    PhaseEvent::Broken
                } else {
                    self.next_in_turn()
                }
            }
            // There is nothing to confirm.
            Phase::Confirming if self.means == Means::Own => {
                return self.confirmed(now).is_ok();
            }
            Phase::Confirming => return false,
            Phase::Retiring | Phase::Deleting => {
                if !self.parts.is_empty() || self.reserve_step().is_some() {
                    return false;
                }
                PhaseEvent::Clean
            }
            Phase::Compensating => {
                if !self.parts.is_empty() || self.reserve_step().is_some() {
                    return false;
                }
                let again = self.means == Means::Partners && self.attempts < limits.attempts;
                if again {
                    PhaseEvent::NextTry
                } else {
                    PhaseEvent::GiveUp
                }
            }
        };
        if self.step(event, now).is_err() {
            return false;
        }
        let (verb, time) = match self.phase {
            Phase::Compensating => {
                self.undo(now);
                return true;
            }
            Phase::Activating => (Verb::Activate, limits.order),
            Phase::Testing => {
                self.begin_tests();
                (Verb::Test, limits.test)
            }
            _ => return true,
        };
        let deadline = Some(after(now, time));
        for part in &mut self.parts {
            if verb == Verb::Test || part.is_added() {
                part.intend(verb, now, deadline);
            }
        }
        true
    }

    /// Whether all is provisioned, and waits for those that complete at the same time.
    #[must_use]
    pub fn is_at_the_gate(&self) -> bool {
        self.held_back
            && self.phase == Phase::Ordering
            && !self.parts.iter().any(|part| part.step.is_open())
    }

    /// What follows when every call of the phase is done.
    fn next_in_turn(&self) -> PhaseEvent {
        let added = self.parts.iter().any(Part::is_added);
        match self.phase {
            Phase::Testing => PhaseEvent::Passed,
            Phase::Ordering if !self.is_to_work() => PhaseEvent::Ready,
            Phase::Ordering if added => PhaseEvent::Provisioned,
            _ => PhaseEvent::Activated,
        }
    }

    /// Notes which segments broke, and avoids their partners from now on.
    fn broken(&mut self) {
        let broken: Vec<(DomainId, Verb, String)> = self
            .parts
            .iter()
            .filter(|part| part.step.is_broken())
            .map(|part| {
                let said = part.reason.clone().unwrap_or_default();
                let how = match part.step {
                    CallStep::Refused => "refused",
                    CallStep::Silent => "not done in time",
                    _ => "failed",
                };
                let reason = match said.as_str() {
                    "" => how.to_owned(),
                    said if said.starts_with(how) => said.to_owned(),
                    said => format!("{how}: {said}"),
                };
                (part.domain.clone(), part.verb, reason)
            })
            .collect();
        for (domain, verb, reason) in broken {
            self.blame(domain, &format!("to {} its segment", verb.as_str()), reason);
        }
    }

    fn blame(&mut self, domain: DomainId, doing: &str, reason: String) {
        self.avoided
            .insert(domain.clone(), format!("{doing}: {reason}"));
        self.fail(Some(domain), doing, reason, None);
    }

    /// Each segment has passed its test, and the whole is too slow all the same.
    fn slow_whole(&mut self) -> Option<(DomainId, String)> {
        match self.phase {
            Phase::Testing => self.end_to_end(),
            _ => None,
        }
    }

    /// What is to be done with a reservation in this phase, and with which.
    fn reserve_step(&self) -> Option<(String, ReserveStep)> {
        if self.means == Means::Own || self.reserved {
            return None;
        }
        let plan = self.plan.as_ref();
        let planned = || plan.and_then(|plan| plan.reservation.clone());
        let in_place = plan.is_some_and(|plan| plan.in_place);
        let (id, step) = match self.phase {
            Phase::Holding if in_place => (planned(), ReserveStep::CoverBoth),
            Phase::Holding => (planned(), ReserveStep::Hold),
            Phase::Confirming if in_place => (planned(), ReserveStep::Settle),
            Phase::Confirming => (planned(), ReserveStep::Confirm),
            Phase::Compensating if in_place => (planned(), ReserveStep::Restore),
            Phase::Compensating => (planned(), ReserveStep::Release),
            // In place the reservation is the service's own.
            Phase::Retiring if in_place => (None, ReserveStep::Release),
            Phase::Retiring | Phase::Deleting => {
                (self.before.reservation.clone(), ReserveStep::Release)
            }
            Phase::Ordering | Phase::Activating | Phase::Testing => {
                (planned(), ReserveStep::Extend)
            }
            _ => (None, ReserveStep::Extend),
        };
        Some((id?, step))
    }

    /// What is to be done at `now`.
    #[must_use]
    pub fn effects(&self, now: Timestamp, limits: &Limits) -> Vec<Effect> {
        let mut effects = Vec::new();
        let is_time = self.retry_at.is_none_or(|at| now >= at);
        match self.phase {
            Phase::Selecting if is_time => effects.push(Effect::Choose),
            Phase::Holding | Phase::Confirming if is_time => {
                if let Some((id, step)) = self.reserve_step() {
                    effects.push(Effect::Reserve { id, step });
                }
            }
            // What is held is given back when nothing needs it any more.
            Phase::Retiring | Phase::Compensating | Phase::Deleting
                if is_time && self.parts.is_empty() =>
            {
                if let Some((id, step)) = self.reserve_step() {
                    effects.push(Effect::Reserve { id, step });
                }
            }
            Phase::Ordering | Phase::Activating | Phase::Testing if is_time => {
                if let (Some((id, step)), Some(at)) = (self.reserve_step(), self.extend_at(limits))
                    && now >= at
                {
                    effects.push(Effect::Reserve { id, step });
                }
            }
            _ => {}
        }
        let parts = self.parts.iter().chain(&self.cleanup);
        effects.extend(parts.filter_map(|part| part.effect(&self.service, now)));
        effects
    }

    /// When what is held has to be held for longer: at half of its time.
    fn extend_at(&self, limits: &Limits) -> Option<Timestamp> {
        let half = limits.hold.checked_div(2)?;
        self.held_until?.saturating_sub(half).ok()
    }

    /// When [`Event::Tick`] is to come, if nothing else happens before.
    #[must_use]
    pub fn wake_at(&self, limits: &Limits) -> Option<Timestamp> {
        let parts = self.parts.iter().chain(&self.cleanup);
        let parts = parts
            .filter(|part| part.step.is_open() || part.due.is_some())
            .flat_map(|part| [part.due, part.deadline])
            .flatten();
        let own = match self.phase {
            Phase::Waiting | Phase::Completed | Phase::Failed => [None, None],
            Phase::Selecting | Phase::Holding | Phase::Confirming => [self.retry_at, None],
            Phase::NoAgreement | Phase::NoPartner => {
                let since = self.waiting_since.unwrap_or(self.since);
                [self.retry_at, Some(after(since, limits.patience))]
            }
            Phase::Ordering | Phase::Activating | Phase::Testing => {
                let extend = self.extend_at(limits);
                [extend.max(self.retry_at.filter(|_| extend.is_some())), None]
            }
            Phase::Retiring | Phase::Compensating | Phase::Deleting => {
                let end = after(self.since, limits.clean_up);
                let release = self.retry_at.filter(|_| self.parts.is_empty());
                [release, Some(end).filter(|_| !self.parts.is_empty())]
            }
        };
        parts.chain(own.into_iter().flatten()).min()
    }

    /// Segments that end.
    fn ends(&self, which: impl Fn(&DomainId) -> bool, now: Timestamp) -> Vec<Part> {
        let ending = self.before.deployed.iter();
        let ending = ending.filter(|known| which(&known.domain)).map(|known| {
            let (domain, segment) = (known.domain.clone(), known.segment.clone());
            // A number of its own: an item before may have tried the same in vain.
            let attempt = self.tries + u32::from(self.action == Action::Delete);
            let mut part = Part::new(domain, self.means, attempt, segment);
            part.service.clone_from(&known.service);
            part.intend(Verb::Delete, now, None);
            part
        });
        ending.collect()
    }

    /// The number of the chain that is chosen next.
    #[must_use]
    pub const fn next_try(&self) -> u32 {
        self.tries + 1
    }

    /// Whether the chain in place may do: it is there, and has not been tried in vain.
    #[must_use]
    pub const fn may_stay(&self) -> bool {
        self.before.chain.is_some() && !self.not_in_place
    }

    /// Whether no more than a choice is asked for.
    #[must_use]
    pub const fn is_choice_only(&self) -> bool {
        matches!(
            self.target,
            ServiceState::FeasibilityChecked | ServiceState::Designed
        )
    }
}
