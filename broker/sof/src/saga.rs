//! Where the work on an order item stands, and what comes next.
//!
//! A [`Saga`] is one record: everything that has to be known to go on after a crash. [`Saga::apply`] takes what happened and
//! says what is to be done now, [`Effect`]s; who carries them out keeps the record first. So a crash repeats at most what may
//! be repeated: an order to a partner whose intent was kept, but not its answer, is looked for before it is sent
//! ([`Saga::resume`]).
//!
//! Two machines. The saga's phases ([`SAGA`]) lead from the choice of partners to the end, back through compensation to the
//! next choice; within a phase each segment has a call to its partner at work, an order or a test, whose steps are the other
//! ([`CALL`]). A phase ends when the calls of all segments have.
//!
//! | module | what it is |
//! |---|---|
//! | `phase` | the machines as tables |
//! | `part` | a segment, and the call at work on it |
//! | `measured` | what tests measured, beside what was ordered |
//! | `deployment` | what of a service is in place when no order is at work on it |
//! | `work` | what an event does |
//! | `answer` | what an answer means to the call at work |
//! | `undo` | compensation and clean-up |
//! | `body` | the order that a partner gets |

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nffg::DomainId;
use serde::{Deserialize, Serialize};

use crate::interlude::{CallError, PartnerOrder, TestOutcome};
use crate::mef::{FaultCode, TerminationError};
use crate::order::{Action, ItemId, ItemState, OrderId};
use crate::payload::Segment;
use crate::selection::{Chain, DelayBound};
use crate::service::{ServiceId, ServiceState};

mod answer;
mod body;
mod deployment;
mod measured;
mod part;
mod phase;
mod undo;
mod work;

pub use body::body;
pub use deployment::{Deployed, Deployment};
pub use measured::{FlowTest, PathTest, SegmentTest, Tests};
pub use part::{Part, Verb};
pub use phase::{CALL, CallEvent, CallStep, Phase, PhaseEvent, SAGA};

/// How long things may take, and how often they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Chains that are tried for one order item.
    pub attempts: u32,
    /// How long a partner may take for one order, from the intent to its end.
    pub order: SignedDuration,
    /// How long a test may take.
    pub test: SignedDuration,
    /// How long an item waits for an agreement or for a partner.
    pub patience: SignedDuration,
    /// How often an item that waits for a partner looks again.
    pub look_again: SignedDuration,
    /// The pause before an order is looked at first, and before a call is made again; doubled each time.
    pub poll_first: SignedDuration,
    /// The longest pause.
    pub poll_longest: SignedDuration,
    /// How long a request whose answer was lost may still be under way: what is not found by then does not exist.
    pub under_way: SignedDuration,
    /// How long an item's end waits for clean-up at partners; what is left then goes on beside.
    pub clean_up: SignedDuration,
    /// How long capacity is held at a time while the work goes on.
    pub hold: SignedDuration,
}

impl Default for Limits {
    fn default() -> Self {
        let minutes = SignedDuration::from_mins;
        Self {
            attempts: 3,
            // Provisioning by people's own systems: minutes, not days.
            order: minutes(15),
            test: minutes(5),
            patience: SignedDuration::from_hours(24),
            look_again: minutes(1),
            poll_first: SignedDuration::from_secs(1),
            poll_longest: minutes(1),
            under_way: SignedDuration::from_secs(30),
            clean_up: minutes(5),
            hold: minutes(5),
        }
    }
}

/// What the item is done by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Means {
    /// Partners, which are chosen.
    Partners,
    /// The domain's own resources: this SOF is in front of them.
    Own,
}

/// What was chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The record of the choice; `None` where there was none to make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<String>,
    /// The chain; `None` for the domain's own resources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<Chain>,
    /// The number of the try, over the service's life.
    pub attempt: u32,
    /// What the labels at borders begin with.
    pub prefix: String,
    /// Each domain's part.
    pub segments: Vec<Segment>,
    /// How long its links may take, from end to end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bounds: Vec<DelayBound>,
    /// It is the chain that the service has: segments are modified where they are. Else it is made beside the old one.
    pub in_place: bool,
    /// The reservation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<String>,
}

/// Why something came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// In which try.
    pub attempt: u32,
    /// At which partner; `None` for what is no partner's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<DomainId>,
    /// What was being done.
    pub doing: String,
    /// What went wrong.
    pub reason: String,
    /// As the partner told it, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<FaultCode>,
}

/// The work on an order item, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Saga {
    /// The order.
    pub order: OrderId,
    /// The item.
    pub item: ItemId,
    /// The service.
    pub service: ServiceId,
    /// What is to become of it.
    pub action: Action,
    /// The state that it is to have.
    pub target: ServiceState,
    /// What it is done by.
    pub means: Means,
    /// How far it is.
    pub phase: Phase,
    /// Since when it is in this phase.
    pub since: Timestamp,
    /// When it waits for somebody: since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_since: Option<Timestamp>,
    /// Why it waits, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// When something without a call is tried next: a choice, a reservation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// How often in a row it was tried in vain.
    #[serde(default)]
    pub retries: u32,
    /// Chains tried for this item.
    pub attempts: u32,
    /// Chains ever tried for the service, this item's included: each has a number of its own.
    pub tries: u32,
    /// What was in place when the work began.
    pub before: Deployment,
    /// What is to be in place: the chosen chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// The segments at work.
    pub parts: Vec<Part>,
    /// What is provisioned does not begin to work before [`Event::Released`]: another item completes at the same time
    /// (`finishToFinish`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held_back: bool,
    /// What of the reservation is done in this phase.
    #[serde(default)]
    pub reserved: bool,
    /// Until when the capacity is held; `None` if it is not held, or until it is released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<Timestamp>,
    /// Domains that have failed this item, and how.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub avoided: BTreeMap<DomainId, String>,
    /// The chain in place has no room for what is asked: it is not tried again.
    #[serde(default)]
    pub not_in_place: bool,
    /// Every failure, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// What the tests of the last try found that came so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<Tests>,
    /// What is still to be taken back at partners, beside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cleanup: Vec<Part>,
    /// What is in place after the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Deployment>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The work may begin; on the domain's own resources with what they are to do.
    Begin(Option<Box<Segment>>),
    /// A chain was chosen.
    Chosen(Box<Plan>),
    /// The choice was made and recorded, and no more was asked for.
    Designed {
        /// The record.
        selection: String,
    },
    /// A chain would need a partner with whom there is no agreement.
    NoAgreement(String),
    /// A chain would need a partner that is not to be had for now.
    NoPartner(String),
    /// There is no chain.
    NothingFits {
        /// Why.
        reason: String,
        /// The record.
        selection: Option<String>,
    },
    /// What the reservation was asked for is done.
    Reserved {
        /// Which one.
        id: String,
        /// What was asked for.
        step: ReserveStep,
        /// Until when, if it ends by itself.
        until: Option<Timestamp>,
    },
    /// The reservation cannot be: somebody was faster, or it is over.
    NotReserved {
        /// Which one.
        id: String,
        /// What was asked for.
        step: ReserveStep,
        /// Why not.
        why: String,
    },
    /// The choice or the reservation could not be made for now.
    TryAgain(String),
    /// What came of a call to a partner.
    Answer {
        /// The partner.
        domain: DomainId,
        /// The call, by the name that the partner got ([`Part::external_id`]).
        call: String,
        /// What it answered.
        answer: Answer,
    },
    /// A partner says that something happened to an order: worth a look.
    Hint {
        /// The partner.
        domain: DomainId,
        /// The order, as the partner names it.
        order: OrderId,
    },
    /// A partner or an agreement changed.
    Agreements,
    /// Those that complete at the same time are as far as this one.
    Released,
    /// Nothing is to be taken back at a domain any more: it is no partner.
    Gone(DomainId),
    /// Time has passed.
    Tick,
}

/// What a call to a partner came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The order as it stands, sent, looked at or found.
    Order(PartnerOrder),
    /// The partner has no order of that name.
    NoSuchOrder,
    /// The test has ended.
    Test(TestOutcome),
    /// The domain's own resources are as they should be.
    Applied,
    /// It came to nothing.
    Error(CallError),
}

/// What is to be done now.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Choose a chain. Answered by [`Event::Chosen`], [`Event::Designed`], [`Event::NoAgreement`], [`Event::NoPartner`],
    /// [`Event::NothingFits`] or [`Event::TryAgain`].
    Choose,
    /// Something with a reservation. Answered by [`Event::Reserved`], [`Event::NotReserved`] or [`Event::TryAgain`].
    Reserve {
        /// Which one.
        id: String,
        /// What.
        step: ReserveStep,
    },
    /// A call to a partner, or to the domain's own resources. Answered by [`Event::Answer`].
    Call {
        /// The partner.
        domain: DomainId,
        /// The call's name.
        call: String,
        /// What.
        what: CallKind,
    },
}

/// What is done with a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReserveStep {
    /// Hold what the plan takes.
    Hold,
    /// Have it cover what the service takes now and what the plan takes, of each the larger.
    CoverBoth,
    /// Have it be what the plan takes.
    Settle,
    /// Have it be what the service took before.
    Restore,
    /// Hold it for longer.
    Extend,
    /// It lasts until it is released.
    Confirm,
    /// Give it back; that it is not there is fine.
    Release,
}

/// What is done at a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// Send the order: [`body`].
    Order,
    /// Look for the order by the name that we gave it.
    Find,
    /// Look at the order.
    Look,
    /// Test the segment.
    Test,
    /// Bring the domain's own resources to where they do the segment.
    Apply,
}

/// An event that the work has no use for: it is late, twice, or another's. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is of no use here: {why}")]
pub struct Stale {
    /// What came.
    pub what: String,
    /// Why it is of no use.
    pub why: String,
}

impl Saga {
    /// The work on an item, not begun.
    #[must_use]
    pub fn new(
        (order, item): (OrderId, ItemId),
        service: ServiceId,
        (action, target): (Action, ServiceState),
        means: Means,
        before: Deployment,
        now: Timestamp,
    ) -> Self {
        Self {
            order,
            item,
            service,
            action,
            target,
            means,
            phase: Phase::Waiting,
            since: now,
            waiting_since: None,
            waiting_for: None,
            retry_at: None,
            retries: 0,
            attempts: 0,
            tries: before.tries,
            before,
            plan: None,
            parts: Vec::new(),
            held_back: false,
            reserved: false,
            held_until: None,
            avoided: BTreeMap::new(),
            not_in_place: false,
            reasons: Vec::new(),
            tests: None,
            cleanup: Vec::new(),
            after: None,
        }
    }

    /// Whether the item has its final state.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Completed | Phase::Failed)
    }

    /// Whether nothing is left to do, clean-up included.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.is_over() && self.cleanup.is_empty()
    }

    /// When what is at work at partners is expected to be done: the latest date that they tell. `None` unless each of them
    /// tells one that has not passed, since what nobody told is not guessed.
    #[must_use]
    pub fn expected(&self, now: Timestamp) -> Option<Timestamp> {
        let open = self.parts.iter().filter(|part| part.step.is_open());
        let told = open.map(|part| part.expected.filter(|date| *date >= now));
        let told: Option<Vec<Timestamp>> = told.collect();
        told?.into_iter().max()
    }

    /// The item's state.
    #[must_use]
    pub const fn item_state(&self) -> ItemState {
        match self.phase {
            Phase::Waiting => ItemState::Acknowledged,
            Phase::NoAgreement => ItemState::Pending,
            Phase::NoPartner => ItemState::Held,
            Phase::Completed => ItemState::Completed,
            Phase::Failed => ItemState::Failed,
            Phase::Selecting
            | Phase::Holding
            | Phase::Ordering
            | Phase::Activating
            | Phase::Testing
            | Phase::Confirming
            | Phase::Retiring
            | Phase::Compensating
            | Phase::Deleting => ItemState::InProgress,
        }
    }

    /// The state that the service has after the end; `None` if it is as before.
    #[must_use]
    pub const fn service_state(&self) -> Option<ServiceState> {
        match (self.phase, self.action) {
            (Phase::Completed, Action::Delete) | (Phase::Failed, Action::Add) => {
                Some(ServiceState::Terminated)
            }
            (Phase::Completed, Action::Add | Action::Modify) => Some(self.target),
            _ => None,
        }
    }

    /// Every failure, as the order tells it.
    #[must_use]
    pub fn termination_errors(&self) -> Vec<TerminationError> {
        let errors = self.reasons.iter().map(|reason| {
            let at = match &reason.domain {
                Some(domain) => format!("{domain}, {}", reason.doing),
                None => reason.doing.clone(),
            };
            // On the domain's own resources there is one attempt, and who asks knows where it is.
            let value = match self.means {
                Means::Partners => format!("attempt {}: {at}: {}", reason.attempt, reason.reason),
                Means::Own => format!("{}: {}", reason.doing, reason.reason),
            };
            TerminationError {
                code: reason.code.unwrap_or(FaultCode::OtherIssue),
                property_path: None,
                value,
            }
        });
        errors.collect()
    }

    /// Whether the new state is one in which the service is at partners.
    fn is_provisioned(&self) -> bool {
        matches!(self.target, ServiceState::Inactive | ServiceState::Active)
    }

    /// Whether the service is to work.
    fn is_to_work(&self) -> bool {
        self.target == ServiceState::Active
    }
}
