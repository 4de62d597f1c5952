//! The service inventory (Mplify 135.1): what has been ordered, and in which state it is.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::machine::Machine;
use crate::mef::ReferencePoint;
use crate::order::{ItemId, OrderId};

mod encode;

/// The identifier of a service, given by the SOF that makes it. Ours are UUIDs; a partner's are any text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServiceId(pub String);

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where in its life a service is (`ServiceStateType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ServiceState {
    /// It was seen that it can be had.
    FeasibilityChecked,
    /// Its resources are chosen, not reserved.
    Designed,
    /// Its resources are reserved.
    Reserved,
    /// Its resources are provisioned; it does not work yet, or not any more.
    Inactive,
    /// It works.
    Active,
    /// It is over, and its resources are free.
    Terminated,
}

impl ServiceState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::FeasibilityChecked,
        Self::Designed,
        Self::Reserved,
        Self::Inactive,
        Self::Active,
        Self::Terminated,
    ];

    /// The word in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FeasibilityChecked => "feasibilityChecked",
            Self::Designed => "designed",
            Self::Reserved => "reserved",
            Self::Inactive => "inactive",
            Self::Active => "active",
            Self::Terminated => "terminated",
        }
    }

    /// The state that documents call so.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// What happens to a service (Mplify 99.1 and 135.1, state diagram of the service).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServiceEvent {
    /// See whether it can be had.
    CheckFeasibility,
    /// Choose resources.
    Design,
    /// Reserve them.
    Reserve,
    /// Provision them.
    Provision,
    /// Have it work.
    Activate,
    /// Have it work no more.
    Deactivate,
    /// Give all back.
    Terminate,
}

impl ServiceEvent {
    /// The event that leads to a state. `None` where the state says which of two.
    #[must_use]
    pub const fn towards(from: Option<ServiceState>, to: ServiceState) -> Self {
        match (from, to) {
            (_, ServiceState::FeasibilityChecked) => Self::CheckFeasibility,
            (_, ServiceState::Designed) => Self::Design,
            (_, ServiceState::Reserved) => Self::Reserve,
            (Some(ServiceState::Active), ServiceState::Inactive) => Self::Deactivate,
            (_, ServiceState::Inactive) => Self::Provision,
            (_, ServiceState::Active) => Self::Activate,
            (_, ServiceState::Terminated) => Self::Terminate,
        }
    }
}

/// The service's machine, from its first state on; a new service may begin in each state but `terminated`.
pub const SERVICE: Machine<ServiceState, ServiceEvent> = {
    use ServiceEvent::{
        Activate, CheckFeasibility, Deactivate, Design, Provision, Reserve, Terminate,
    };
    use ServiceState::{Active, Designed, FeasibilityChecked, Inactive, Reserved, Terminated};
    Machine {
        name: "service",
        table: &[
            (FeasibilityChecked, CheckFeasibility, FeasibilityChecked),
            (FeasibilityChecked, Design, Designed),
            (FeasibilityChecked, Reserve, Reserved),
            (FeasibilityChecked, Provision, Inactive),
            (FeasibilityChecked, Activate, Active),
            (FeasibilityChecked, Terminate, Terminated),
            (Designed, Design, Designed),
            (Designed, Reserve, Reserved),
            (Designed, Provision, Inactive),
            (Designed, Activate, Active),
            (Designed, Terminate, Terminated),
            (Reserved, Design, Designed),
            (Reserved, Reserve, Reserved),
            (Reserved, Provision, Inactive),
            (Reserved, Activate, Active),
            (Reserved, Terminate, Terminated),
            (Inactive, Provision, Inactive),
            (Inactive, Activate, Active),
            (Inactive, Terminate, Terminated),
            (Active, Activate, Active),
            (Active, Deactivate, Inactive),
            (Active, Terminate, Terminated),
        ],
    }
};

/// A service as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Given by us.
    pub id: ServiceId,
    /// Whose it is: to everybody else it is not there.
    pub buyer: String,
    /// Where it was ordered.
    pub reference_point: ReferencePoint,
    /// Where in its life it is.
    pub state: ServiceState,
    /// Its attributes as they were ordered last (`ServiceValue` without `id`, `href`, `state` and `serviceOrderItem`).
    pub given: Map<String, Value>,
    /// The order items that made it what it is, oldest first.
    pub ordered_by: Vec<(OrderId, ItemId)>,
    /// When it was made (`serviceDate`).
    pub service_date: Timestamp,
    /// When it became active first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_date: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date: Option<Timestamp>,
    /// The item that is at work on it: one at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy: Option<(OrderId, ItemId)>,
}

impl Service {
    /// The payload (`serviceConfiguration`).
    #[must_use]
    pub fn configuration(&self) -> Option<&Value> {
        self.given.get("serviceConfiguration")
    }
}
