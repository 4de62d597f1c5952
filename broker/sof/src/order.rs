//! Service orders and their items (Mplify 99.1): what is asked for, and how far it has come.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::machine::Machine;
use crate::mef::{ReferencePoint, TerminationError};
use crate::service::{ServiceId, ServiceState};

pub mod coordination;
mod encode;
mod read;

pub use read::{ENVELOPE, Found, Limits, Reading, Wanted, WantedItem};

/// The identifier of an order, given by the SOF that takes it. Ours are UUIDs; a partner's are any text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(pub String);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The identifier of an item within its order, given by who orders.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemId(pub String);

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is to become of the service (`ServiceActionType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// It is to be made.
    Add,
    /// It is to become what the item says: the full state to be (Mplify 99.1 R27, R30).
    Modify,
    /// It is to end.
    Delete,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 3] = [Self::Add, Self::Modify, Self::Delete];

    /// The word in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Modify => "modify",
            Self::Delete => "delete",
        }
    }

    /// The action that documents call so.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// How far an order has come (`ServiceOrderStateType`). It follows from its items: [`OrderState::of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OrderState {
    /// Taken, and checked as far as can be at once.
    Acknowledged,
    /// Refused as a whole.
    Rejected,
    /// Some item waits for somebody.
    Pending,
    /// Some item cannot go on for now.
    Held,
    /// Being worked on.
    InProgress,
    /// All items are completed.
    Completed,
    /// All items have failed.
    Failed,
    /// Some items are completed and some have failed.
    Partial,
}

/// How far an item has come (`ServiceOrderItemStateType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ItemState {
    /// Taken.
    Acknowledged,
    /// Refused.
    Rejected,
    /// Waits for somebody.
    Pending,
    /// Cannot go on for now.
    Held,
    /// Being worked on.
    InProgress,
    /// Done.
    Completed,
    /// Will not be done.
    Failed,
}

/// What happens to an item (Mplify 99.1, state diagram of the service order item).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ItemEvent {
    /// The work begins.
    ProcessingStarted,
    /// It cannot be worked on as it is.
    ValidationFailed,
    /// The work is done.
    ProcessingComplete,
    /// The work came to nothing.
    ProcessingFailed,
    /// Somebody has to do something.
    ActionRequired,
    /// He has.
    ActionCompleted,
    /// Something is in the way.
    OrderFallOut,
    /// It is out of the way.
    IssueResolved,
}

impl ItemState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Acknowledged,
        Self::Rejected,
        Self::Pending,
        Self::Held,
        Self::InProgress,
        Self::Completed,
        Self::Failed,
    ];

    /// The word in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Rejected => "rejected",
            Self::Pending => "pending",
            Self::Held => "held",
            Self::InProgress => "inProgress",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    /// The state that documents call so.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// Whether it stays as it is.
    #[must_use]
    pub fn is_final(self) -> bool {
        ITEM.is_final(self)
    }
}

/// The item's machine. The standard's diagram leads out of `held` by `issueResolved` alone; its text says that a held item may
/// fail, and so may it here.
pub const ITEM: Machine<ItemState, ItemEvent> = {
    use ItemEvent::{
        ActionCompleted, ActionRequired, IssueResolved, OrderFallOut, ProcessingComplete,
        ProcessingFailed, ProcessingStarted, ValidationFailed,
    };
    use ItemState::{Acknowledged, Completed, Failed, Held, InProgress, Pending, Rejected};
    Machine {
        name: "service order item",
        table: &[
            (Acknowledged, ProcessingStarted, InProgress),
            (Acknowledged, ValidationFailed, Rejected),
            (InProgress, ProcessingComplete, Completed),
            (InProgress, ProcessingFailed, Failed),
            (InProgress, ActionRequired, Pending),
            (InProgress, OrderFallOut, Held),
            (Pending, ActionCompleted, InProgress),
            (Pending, ProcessingFailed, Failed),
            (Held, IssueResolved, InProgress),
            (Held, ProcessingFailed, Failed),
        ],
    }
};

impl OrderState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Acknowledged,
        Self::Rejected,
        Self::Pending,
        Self::Held,
        Self::InProgress,
        Self::Completed,
        Self::Failed,
        Self::Partial,
    ];

    /// The word in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Rejected => "rejected",
            Self::Pending => "pending",
            Self::Held => "held",
            Self::InProgress => "inProgress",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Partial => "partial",
        }
    }

    /// The state that documents call so.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// The state of an order with these items (`ServiceOrderStateType`: "if at least one", "if all").
    #[must_use]
    pub fn of(items: impl IntoIterator<Item = ItemState>) -> Self {
        let mut seen = [0_usize; ItemState::ALL.len()];
        let mut all = 0;
        for state in items {
            all += 1;
            for (known, count) in ItemState::ALL.iter().zip(&mut seen) {
                *count += usize::from(*known == state);
            }
        }
        let [
            acknowledged,
            rejected,
            pending,
            held,
            in_progress,
            completed,
            failed,
        ] = seen;
        if rejected > 0 {
            Self::Rejected
        } else if held > 0 {
            Self::Held
        } else if pending > 0 {
            Self::Pending
        } else if in_progress > 0 || (acknowledged > 0 && acknowledged < all) {
            Self::InProgress
        } else if acknowledged > 0 {
            Self::Acknowledged
        } else if completed == all {
            Self::Completed
        } else if failed == all {
            Self::Failed
        } else {
            Self::Partial
        }
    }

    /// Whether it stays as it is.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Rejected | Self::Completed | Self::Failed | Self::Partial
        )
    }
}

/// An order as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceOrder {
    /// Given by us.
    pub id: OrderId,
    /// Who ordered: to everybody else the order is not there.
    pub buyer: String,
    /// Where it came in.
    pub reference_point: ReferencePoint,
    /// The order's own attributes as they were sent (`ServiceOrder_Common`), checked, without the items.
    pub given: Map<String, Value>,
    /// The items, in the order in which they were sent; at least one.
    pub items: Vec<OrderItem>,
    /// When it was taken.
    pub order_date: Timestamp,
    /// When the work began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_date: Option<Timestamp>,
    /// When it is expected to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_completion_date: Option<Timestamp>,
    /// When it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_date: Option<Timestamp>,
}

impl ServiceOrder {
    /// How far it has come.
    #[must_use]
    pub fn state(&self) -> OrderState {
        OrderState::of(self.items.iter().map(|item| item.state))
    }

    /// The item with this identifier.
    #[must_use]
    pub fn item(&self, id: &ItemId) -> Option<&OrderItem> {
        self.items.iter().find(|item| item.id == *id)
    }
}

/// An item as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderItem {
    /// Given by who orders; unique in the order.
    pub id: ItemId,
    /// What is to become of the service.
    pub action: Action,
    /// The item's attributes as they were sent (`ServiceOrderItem_Common`), checked, `service` included, `id` and `action` not.
    pub given: Map<String, Value>,
    /// The service: named by who orders in `modify` and `delete`, given by us in `add`.
    pub service: ServiceId,
    /// The state that the service is to have in the end; of `delete` it is `terminated`.
    pub target: ServiceState,
    /// How far it has come.
    pub state: ItemState,
    /// Why it was ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub termination_errors: Vec<TerminationError>,
}

impl OrderItem {
    /// The kind of service that the buyer names (`serviceType`).
    #[must_use]
    pub fn service_type(&self) -> Option<&str> {
        self.given.get("service")?.get("serviceType")?.as_str()
    }
}

#[cfg(test)]
mod tests;
