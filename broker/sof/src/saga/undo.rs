//! Compensation and clean-up: what was changed at partners is taken back, for as long as it takes.
//!
//! What is under way is not overtaken: first it is known what became of it, then it is taken back.

use jiff::Timestamp;

use super::part::{Part, Verb, pause};
use super::phase::CallStep;
use super::work::after;
use super::{Limits, Means, Saga};

impl Saga {
    /// A try is taken back from now on.
    pub(super) fn undo(&mut self, now: Timestamp) {
        self.held_until = None;
        // The chain in place has shown that it does not do.
        self.not_in_place |= self.plan.as_ref().is_some_and(|plan| plan.in_place);
        self.parts.retain(|part| part.touched);
        for part in &mut self.parts {
            part.deadline = None;
            // Nothing is to come of a test; and the own resources are where they are told to be last.
            if part.verb == Verb::Test || part.means == Means::Own {
                part.abandon();
            } else {
                part.doubt(now);
            }
        }
    }

    /// Takes back what can be taken back now, forgets what is, and lets what takes too long go on beside.
    pub(super) fn clean(&mut self, now: Timestamp, limits: &Limits) {
        if self.is_cleaning() {
            self.parts.retain_mut(|part| !part.take_back(now, limits));
            if now >= after(self.since, limits.clean_up) {
                self.cleanup.append(&mut self.parts);
            }
        }
        self.cleanup.retain_mut(|part| !part.take_back(now, limits));
    }
}

impl Part {
    /// Whether all is taken back; else sees to it that something is done about it.
    fn take_back(&mut self, now: Timestamp, limits: &Limits) -> bool {
        if self.step.is_open() {
            return false;
        }
        if self.step == CallStep::Silent {
            // First it is known what became of it.
            match (self.verb, self.means) {
                (Verb::Test, _) | (_, Means::Own) => self.abandon(),
                (_, Means::Partners) => {
                    self.doubt(now);
                    return false;
                }
            }
        }
        let is_new = self.previous.is_none();
        let by_partner = self.means == Means::Partners;
        let verb = match (self.verb, self.step) {
            (Verb::Delete, CallStep::Done) => return true,
            (Verb::Delete, _) => Verb::Delete,
            // Nothing came of it.
            (Verb::Add, CallStep::Idle | CallStep::Refused | CallStep::Failed) if by_partner => {
                return true;
            }
            _ if is_new => Verb::Delete,
            (Verb::Restore, CallStep::Done) => return true,
            (Verb::Modify, CallStep::Idle | CallStep::Refused) if by_partner => return true,
            _ => Verb::Restore,
        };
        let again = self.verb == verb;
        self.intend(verb, now, None);
        if again {
            self.due = Some(after(now, pause(self.serial, limits)));
        }
        !self.step.is_open()
    }
}
