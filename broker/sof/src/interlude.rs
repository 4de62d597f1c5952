//! What a partner's Interlude API answers, as far as the work on an order depends on it.
//!
//! Read strictly where something depends on it, tolerantly elsewhere: members that are not needed may be of any kind.
//!
//! | module | reads |
//! |---|---|
//! | `read` | orders, services, tests |
//! | `told` | errors, and notifications |

mod read;
mod told;

pub use read::{
    Job, JobState, MAX_ID, PageOfOrders, decode_job, decode_order, decode_outcome, decode_page,
    decode_results, decode_service,
};
pub use told::{Hint, MAX_FAULTS, decode_event, decode_faults};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::mef::{Fault, TerminationError};
use crate::order::{ItemState, OrderId, OrderState};
use crate::service::{ServiceId, ServiceState};

/// A partner's order, as it tells it. We order one item at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartnerOrder {
    /// The partner's identifier.
    pub id: OrderId,
    /// Ours, as we sent it.
    pub external_id: Option<String>,
    /// How far it has come.
    pub state: OrderState,
    /// How far its item has come.
    pub item: ItemState,
    /// The service, once the partner names it.
    pub service: Option<ServiceId>,
    /// Why the item was ended.
    pub termination_errors: Vec<TerminationError>,
    /// When it expects to be done, if it says so (`expectedCompletionDate`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Timestamp>,
}

/// A service of a partner, as its inventory tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartnerService {
    /// The partner's identifier.
    pub id: ServiceId,
    /// Ours, as we sent it.
    pub external_id: Option<String>,
    /// Where in its life it is.
    pub state: ServiceState,
}

/// What a test of a partner's part found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestOutcome {
    /// Whether traffic comes through, and keeps to what was ordered.
    pub passed: bool,
    /// The one-way delays of all flows, added up, in nanoseconds.
    pub delay: Option<u64>,
    /// What was measured of single flows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flows: Vec<MeasuredFlow>,
    /// What was seen, for people.
    pub detail: String,
}

/// What a test measured of a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MeasuredFlow {
    /// Its link.
    pub link: String,
    /// The one-way delay, in nanoseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<u64>,
    /// The bandwidth, in bit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<u64>,
}

/// Why a call to a partner came to nothing, cut by what may be done next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CallError {
    /// It never reached the partner: it may be made again.
    #[error("not sent: {0}")]
    NotSent(String),
    /// Nobody knows whether it was carried out: look before making it again.
    #[error("no answer: {0}")]
    Unknown(String),
    /// The partner says no, and will say so again.
    #[error("refused with HTTP {status}{}", reasons(faults))]
    Refused {
        /// The status.
        status: u16,
        /// What it finds wrong.
        faults: Vec<Fault>,
    },
    /// What it is asked about is not there.
    #[error("it is not there")]
    NotFound,
    /// The answer means nothing in this API.
    #[error("the answer makes no sense: {0}")]
    Nonsense(String),
}

fn reasons(faults: &[Fault]) -> String {
    faults
        .iter()
        .map(|fault| format!(": {}", fault.reason))
        .collect()
}
