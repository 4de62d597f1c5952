//! The machines of a saga and of a call, as tables.

use serde::{Deserialize, Serialize};

use crate::machine::Machine;

/// How far a saga is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// Not begun: its time has not come, or it comes after another item.
    Waiting,
    /// A chain is being chosen.
    Selecting,
    /// A needed partner has no agreement: business applications have to buy one (MEF 55.0.1 §10.2, step 9b-b).
    NoAgreement,
    /// A needed partner is not to be had for now.
    NoPartner,
    /// Capacity is being held.
    Holding,
    /// The segments are being provisioned.
    Ordering,
    /// The segments are being activated.
    Activating,
    /// The segments are being tested.
    Testing,
    /// The reservation is being made to last.
    Confirming,
    /// What the service does not use any more is being given back.
    Retiring,
    /// What a try has done is being taken back.
    Compensating,
    /// The service is being ended.
    Deleting,
    /// Done.
    Completed,
    /// Will not be done.
    Failed,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 14] = [
        Self::Waiting,
        Self::Selecting,
        Self::NoAgreement,
        Self::NoPartner,
        Self::Holding,
        Self::Ordering,
        Self::Activating,
        Self::Testing,
        Self::Confirming,
        Self::Retiring,
        Self::Compensating,
        Self::Deleting,
        Self::Completed,
        Self::Failed,
    ];
}

/// What leads from one phase to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PhaseEvent {
    /// Partners are to be chosen.
    Choose,
    /// The domain's own resources are to be provisioned.
    Provision,
    /// The service is to end.
    End,
    /// A chain is chosen, and is to be held.
    Chosen,
    /// No more than the choice was asked for.
    Designed,
    /// An agreement is missing.
    NoAgreement,
    /// A partner is missing for now.
    NoPartner,
    /// The wait is over, or it is time to look again.
    Retry,
    /// The capacity is held, and the segments are to be provisioned.
    Held,
    /// The capacity is held, and no more was asked for.
    Kept,
    /// The capacity was taken meanwhile.
    LostRace,
    /// Every segment is provisioned, and to be activated.
    Provisioned,
    /// Every segment is as it should be without activation or without test.
    Ready,
    /// Every segment is active, and to be tested.
    Activated,
    /// Every test is passed.
    Passed,
    /// A segment failed, or the reservation is gone.
    Broken,
    /// The reservation lasts.
    Confirmed,
    /// All is given back, or goes on beside.
    Clean,
    /// All is taken back; the next chain.
    NextTry,
    /// There is no chain, or no try or no patience is left.
    GiveUp,
}

impl PhaseEvent {
    /// Every event.
    pub const ALL: [Self; 20] = [
        Self::Choose,
        Self::Provision,
        Self::End,
        Self::Chosen,
        Self::Designed,
        Self::NoAgreement,
        Self::NoPartner,
        Self::Retry,
        Self::Held,
        Self::Kept,
        Self::LostRace,
        Self::Provisioned,
        Self::Ready,
        Self::Activated,
        Self::Passed,
        Self::Broken,
        Self::Confirmed,
        Self::Clean,
        Self::NextTry,
        Self::GiveUp,
    ];
}

/// The saga's machine.
pub const SAGA: Machine<Phase, PhaseEvent> = {
    use Phase as S;
    use PhaseEvent as E;
    Machine {
        name: "saga",
        table: &[
            (S::Waiting, E::Choose, S::Selecting),
            (S::Waiting, E::Provision, S::Ordering),
            (S::Waiting, E::End, S::Deleting),
            (S::Waiting, E::GiveUp, S::Failed),
            (S::Selecting, E::Chosen, S::Holding),
            (S::Selecting, E::Designed, S::Retiring),
            (S::Selecting, E::NoAgreement, S::NoAgreement),
            (S::Selecting, E::NoPartner, S::NoPartner),
            (S::Selecting, E::GiveUp, S::Failed),
            (S::NoAgreement, E::Retry, S::Selecting),
            (S::NoAgreement, E::GiveUp, S::Failed),
            (S::NoPartner, E::Retry, S::Selecting),
            (S::NoPartner, E::GiveUp, S::Failed),
            (S::Holding, E::Held, S::Ordering),
            (S::Holding, E::Kept, S::Confirming),
            (S::Holding, E::LostRace, S::Compensating),
            (S::Ordering, E::Provisioned, S::Activating),
            (S::Ordering, E::Activated, S::Testing),
            (S::Ordering, E::Ready, S::Confirming),
            (S::Ordering, E::Broken, S::Compensating),
            (S::Activating, E::Activated, S::Testing),
            (S::Activating, E::Broken, S::Compensating),
            (S::Testing, E::Passed, S::Confirming),
            (S::Testing, E::Broken, S::Compensating),
            (S::Confirming, E::Confirmed, S::Retiring),
            (S::Confirming, E::Broken, S::Compensating),
            (S::Retiring, E::Clean, S::Completed),
            (S::Compensating, E::NextTry, S::Selecting),
            (S::Compensating, E::GiveUp, S::Failed),
            (S::Deleting, E::Clean, S::Completed),
        ],
    }
};

/// How far a call to a partner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CallStep {
    /// Nothing is to be done.
    Idle,
    /// It is to be made: that is kept, and it was not made before.
    Intended,
    /// Nobody knows whether it was carried out: it is looked for.
    Doubtful,
    /// The partner has it, and works on it.
    Accepted,
    /// It is done.
    Done,
    /// The partner says no.
    Refused,
    /// The partner tried in vain.
    Failed,
    /// Nothing was heard in time.
    Silent,
}

impl CallStep {
    /// Every step.
    pub const ALL: [Self; 8] = [
        Self::Idle,
        Self::Intended,
        Self::Doubtful,
        Self::Accepted,
        Self::Done,
        Self::Refused,
        Self::Failed,
        Self::Silent,
    ];

    /// Whether something is to come of it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Intended | Self::Doubtful | Self::Accepted)
    }

    /// Whether it came to nothing.
    #[must_use]
    pub const fn is_broken(self) -> bool {
        matches!(self, Self::Refused | Self::Failed | Self::Silent)
    }
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallEvent {
    /// It is to be made.
    Intend,
    /// The partner has it.
    Accept,
    /// The partner has done it.
    Complete,
    /// The partner refuses it.
    Refuse,
    /// The partner failed.
    Fail,
    /// It did not reach the partner.
    NotSent,
    /// There was no answer, or none that means anything.
    NoAnswer,
    /// The partner does not know it.
    NotThere,
    /// The process began anew, or takes it back: whether it was made is not known.
    Doubt,
    /// Its time is over.
    TimeOut,
    /// It was not carried out, and is not to be any more.
    Abandon,
}

impl CallEvent {
    /// Every event.
    pub const ALL: [Self; 11] = [
        Self::Intend,
        Self::Accept,
        Self::Complete,
        Self::Refuse,
        Self::Fail,
        Self::NotSent,
        Self::NoAnswer,
        Self::NotThere,
        Self::Doubt,
        Self::TimeOut,
        Self::Abandon,
    ];
}

/// The call's machine. What it has no step for is late, twice or out of order, and changes nothing.
pub const CALL: Machine<CallStep, CallEvent> = {
    use CallEvent as E;
    use CallStep as S;
    Machine {
        name: "call",
        table: &[
            (S::Idle, E::Intend, S::Intended),
            (S::Intended, E::Accept, S::Accepted),
            (S::Intended, E::Complete, S::Done),
            (S::Intended, E::Refuse, S::Refused),
            (S::Intended, E::Fail, S::Failed),
            (S::Intended, E::NotSent, S::Intended),
            (S::Intended, E::NoAnswer, S::Doubtful),
            (S::Intended, E::Doubt, S::Doubtful),
            (S::Intended, E::TimeOut, S::Silent),
            (S::Intended, E::Abandon, S::Idle),
            (S::Doubtful, E::Accept, S::Accepted),
            (S::Doubtful, E::Complete, S::Done),
            (S::Doubtful, E::Refuse, S::Refused),
            (S::Doubtful, E::Fail, S::Failed),
            (S::Doubtful, E::NotSent, S::Doubtful),
            (S::Doubtful, E::NoAnswer, S::Doubtful),
            (S::Doubtful, E::NotThere, S::Intended),
            (S::Doubtful, E::Doubt, S::Doubtful),
            (S::Doubtful, E::TimeOut, S::Silent),
            (S::Doubtful, E::Abandon, S::Idle),
            (S::Accepted, E::Accept, S::Accepted),
            (S::Accepted, E::Complete, S::Done),
            (S::Accepted, E::Refuse, S::Refused),
            (S::Accepted, E::Fail, S::Failed),
            (S::Accepted, E::NotSent, S::Accepted),
            (S::Accepted, E::NoAnswer, S::Accepted),
            // It had the order, and says that it has not: what became of it nobody can tell any more.
            (S::Accepted, E::NotThere, S::Failed),
            (S::Accepted, E::Doubt, S::Accepted),
            (S::Accepted, E::TimeOut, S::Silent),
            (S::Done, E::Intend, S::Intended),
            (S::Refused, E::Intend, S::Intended),
            (S::Failed, E::Intend, S::Intended),
            // What nothing was heard of may have been done all the same.
            (S::Silent, E::Doubt, S::Doubtful),
            (S::Silent, E::Abandon, S::Idle),
        ],
    }
};
