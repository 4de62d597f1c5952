//! A segment, and the call that is at work on it.

use jiff::Timestamp;
use nffg::DomainId;
use serde::{Deserialize, Serialize};

use super::phase::{CALL, CallEvent, CallStep};
use super::{CallKind, Effect, Limits, Means};
use crate::order::OrderId;
use crate::payload::Segment;
use crate::service::ServiceId;

/// What is done to a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verb {
    /// It is provisioned.
    Add,
    /// It becomes another, or works from now on, or no more.
    Modify,
    /// It works from now on.
    Activate,
    /// It is tested.
    Test,
    /// It becomes what it was before this order.
    Restore,
    /// It ends.
    Delete,
}

impl Verb {
    /// The word in the name of a call.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Modify => "modify",
            Self::Activate => "activate",
            Self::Test => "test",
            Self::Restore => "restore",
            Self::Delete => "delete",
        }
    }
}

/// A segment at work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// The partner, or the domain itself.
    pub domain: DomainId,
    /// Whose resources they are.
    pub means: Means,
    /// The number of the try, over the service's life.
    pub attempt: u32,
    /// What the segment is to be.
    pub segment: Segment,
    /// What it was before; `None` if it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Segment>,
    /// Whether it is to work.
    pub active: bool,
    /// Whether it worked before.
    #[serde(default)]
    pub was_active: bool,
    /// The service, as the partner names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceId>,
    /// What is being done.
    pub verb: Verb,
    /// How far that is.
    pub step: CallStep,
    /// How often this has been ordered anew: a name is for one order.
    #[serde(default)]
    pub serial: u32,
    /// The partner's order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// When the partner expects that order to be done, if it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Timestamp>,
    /// Since when this is being done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Since when nobody knows whether it was carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubtful_since: Option<Timestamp>,
    /// When something is to be done about it next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// When it counts as silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// Calls since the last news.
    #[serde(default)]
    pub calls: u32,
    /// Something may have been changed at the partner.
    #[serde(default)]
    pub touched: bool,
    /// What was heard last that was not good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Part {
    /// Whether it was added by this try, and does not work yet. One that stays as it was has no call.
    pub(super) fn is_added(&self) -> bool {
        self.verb == Verb::Add && self.step != CallStep::Idle
    }

    /// A segment that nothing is done to yet.
    pub(super) fn new(domain: DomainId, means: Means, attempt: u32, segment: Segment) -> Self {
        Self {
            domain,
            means,
            attempt,
            segment,
            previous: None,
            active: false,
            was_active: false,
            service: None,
            verb: Verb::Add,
            step: CallStep::Idle,
            serial: 0,
            order: None,
            expected: None,
            since: None,
            doubtful_since: None,
            due: None,
            deadline: None,
            calls: 0,
            touched: false,
            reason: None,
        }
    }

    /// The name that the partner gets: the same after every crash, and of no other call.
    #[must_use]
    pub fn external_id(&self, service: &ServiceId) -> String {
        let Self {
            attempt, domain, ..
        } = self;
        let verb = self.verb.as_str();
        match self.serial {
            0 => format!("{service}/{attempt}/{domain}/{verb}"),
            serial => format!("{service}/{attempt}/{domain}/{verb}-{}", serial + 1),
        }
    }

    /// Begins to do something. What is being done must have ended.
    pub(super) fn intend(&mut self, verb: Verb, now: Timestamp, deadline: Option<Timestamp>) {
        let Ok(step) = CALL.step(self.step, CallEvent::Intend) else {
            return;
        };
        // Again what came to nothing: another order.
        if self.verb == verb && self.since.is_some() {
            self.serial += 1;
        } else {
            self.serial = 0;
        }
        self.verb = verb;
        self.step = step;
        self.order = None;
        self.expected = None;
        self.since = Some(now);
        self.doubtful_since = None;
        self.due = Some(now);
        self.deadline = deadline;
        self.calls = 0;
        self.touched |= verb != Verb::Test;
    }

    /// When the next call is due, the last having brought nothing new.
    pub(super) fn back_off(&mut self, now: Timestamp, limits: &Limits) {
        self.due = Some(now.saturating_add(pause(self.calls, limits)).unwrap_or(now));
        self.calls = self.calls.saturating_add(1);
    }

    /// What is to be done about it now.
    pub(super) fn effect(&self, service: &ServiceId, now: Timestamp) -> Option<Effect> {
        if self.due.is_none_or(|due| now < due) {
            return None;
        }
        let what = match (self.verb, self.step, self.means) {
            (_, CallStep::Accepted, _) => CallKind::Look,
            (_, step, _) if !step.is_open() => return None,
            (Verb::Test, ..) => CallKind::Test,
            (_, _, Means::Own) => CallKind::Apply,
            (_, CallStep::Doubtful, _) => CallKind::Find,
            (_, _, Means::Partners) => CallKind::Order,
        };
        Some(Effect::Call {
            domain: self.domain.clone(),
            call: self.external_id(service),
            what,
        })
    }
}

/// The pause before a call is made once more.
pub(super) fn pause(calls: u32, limits: &Limits) -> jiff::SignedDuration {
    let factor = 1_i32.checked_shl(calls.min(20)).unwrap_or(i32::MAX);
    let pause = limits.poll_first.checked_mul(factor);
    pause
        .unwrap_or(limits.poll_longest)
        .min(limits.poll_longest)
}
