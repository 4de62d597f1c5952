//! What an answer means to the call at work.

use jiff::Timestamp;

use super::part::{Part, Verb};
use super::phase::{CALL, CallEvent, CallStep};
use super::work::after;
use super::{Answer, Limits, Means, SegmentTest, Stale};
use crate::interlude::{CallError, PartnerOrder};
use crate::mef::FaultCode;
use crate::order::{ItemState, OrderState};

impl Part {
    /// Nobody knows whether it was carried out.
    pub(super) fn doubt(&mut self, now: Timestamp) {
        if let Ok(step) = CALL.step(self.step, CallEvent::Doubt) {
            // What is in doubt already has not been sent since.
            if step == CallStep::Doubtful && self.step != step {
                self.doubtful_since = Some(now);
            }
            self.step = step;
            self.due = Some(now);
        }
    }

    pub(super) fn time_out(&mut self, now: Timestamp) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        if let Ok(step) = CALL.step(self.step, CallEvent::TimeOut) {
            self.step = step;
            self.due = None;
        }
    }

    pub(super) fn answered(
        &mut self,
        answer: Answer,
        undoing: bool,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<(), Stale> {
        let (event, reason) = self.meaning(&answer, now, limits);
        let step = CALL.step(self.step, event).map_err(|error| Stale {
            what: format!("{answer:?}").chars().take(200).collect(),
            why: error.to_string(),
        })?;
        if let Answer::Order(order) = answer {
            self.order = Some(order.id);
            self.expected = order.expected;
            if order.service.is_some() {
                self.service = order.service;
            }
        }
        if let Some(reason) = reason {
            self.reason = Some(reason);
        }
        let is_news = step != self.step;
        self.step = step;
        match step {
            // What was not there before it was taken back is not made any more.
            CallStep::Intended if undoing && !matches!(self.verb, Verb::Delete | Verb::Restore) => {
                self.abandon();
            }
            CallStep::Doubtful if is_news => {
                self.doubtful_since = Some(now);
                self.calls = 0;
                self.back_off(now, limits);
            }
            CallStep::Intended if is_news => self.due = Some(now),
            CallStep::Accepted if is_news => {
                self.calls = 0;
                self.back_off(now, limits);
            }
            CallStep::Intended | CallStep::Doubtful | CallStep::Accepted => {
                self.back_off(now, limits);
            }
            _ => self.due = None,
        }
        Ok(())
    }

    pub(super) fn abandon(&mut self) {
        if let Ok(step) = CALL.step(self.step, CallEvent::Abandon) {
            self.step = step;
            self.due = None;
            self.deadline = None;
        }
    }

    /// What an answer means to the call at work.
    fn meaning(
        &self,
        answer: &Answer,
        now: Timestamp,
        limits: &Limits,
    ) -> (CallEvent, Option<String>) {
        match answer {
            Answer::Order(order) => self.meaning_of_order(order),
            Answer::NoSuchOrder => {
                let since = self.doubtful_since.unwrap_or(now);
                // It may still be under way.
                if self.step == CallStep::Doubtful && now < after(since, limits.under_way) {
                    (CallEvent::NoAnswer, None)
                } else {
                    (CallEvent::NotThere, None)
                }
            }
            Answer::Test(outcome) => match SegmentTest::new(&self.segment, outcome).failure() {
                None => (CallEvent::Complete, None),
                why => (CallEvent::Fail, why),
            },
            Answer::Applied => (CallEvent::Complete, None),
            Answer::Error(error) => {
                let event = match error {
                    CallError::NotSent(_) => CallEvent::NotSent,
                    CallError::Unknown(_) | CallError::Nonsense(_) => CallEvent::NoAnswer,
                    // Nothing is there to be ended.
                    CallError::NotFound if self.verb == Verb::Delete => match self.step {
                        CallStep::Intended => CallEvent::Complete,
                        CallStep::Accepted => CallEvent::NotThere,
                        _ => CallEvent::NoAnswer,
                    },
                    CallError::Refused { faults, .. }
                        if self.verb == Verb::Delete
                            && self.step == CallStep::Intended
                            && faults
                                .iter()
                                .any(|fault| fault.code == FaultCode::ReferenceNotFound) =>
                    {
                        CallEvent::Complete
                    }
                    // It has no API for tests: what it says of its order has to do.
                    CallError::NotFound if self.verb == Verb::Test => CallEvent::Complete,
                    CallError::NotFound | CallError::Refused { .. } => match self.step {
                        CallStep::Intended => CallEvent::Refuse,
                        CallStep::Accepted if *error == CallError::NotFound => CallEvent::NotThere,
                        _ if self.verb == Verb::Test || self.means == Means::Own => {
                            CallEvent::Refuse
                        }
                        // Of a question about an order, which says nothing of the order.
                        _ => CallEvent::NoAnswer,
                    },
                };
                (event, Some(error.to_string()))
            }
        }
    }

    fn meaning_of_order(&self, order: &PartnerOrder) -> (CallEvent, Option<String>) {
        if self.order.as_ref().is_some_and(|known| *known != order.id) {
            let reason = format!("it tells of its order {}, which is another", order.id);
            return (CallEvent::NoAnswer, Some(reason));
        }
        let texts: Vec<&str> = order
            .termination_errors
            .iter()
            .map(|error| error.value.as_str())
            .collect();
        let reason = (!texts.is_empty()).then(|| texts.join("; "));
        match (order.item, order.state) {
            (ItemState::Completed, _)
                if self.verb == Verb::Add && self.service.is_none() && order.service.is_none() =>
            {
                let reason = "it says that it is done, and names no service".to_owned();
                (CallEvent::Fail, Some(reason))
            }
            (ItemState::Completed, _) => (CallEvent::Complete, reason),
            (ItemState::Rejected, _) | (_, OrderState::Rejected) => (CallEvent::Refuse, reason),
            (ItemState::Failed, _) | (_, OrderState::Failed | OrderState::Partial) => {
                (CallEvent::Fail, reason)
            }
            _ => (CallEvent::Accept, reason),
        }
    }
}
