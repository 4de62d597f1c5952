//! The partners: their APIs as the work needs them, and their records.
//!
//! | module | does |
//! |---|---|
//! | [`book`] | the records of partners and agreements: reading and changing them |
//! | [`check`] | looks at a partner's API, and says what is wrong with it |
//! | [`callbacks`] | at which address which partner notifies us |
//! | [`keeper`] | checks those that wait for it, and keeps up one subscription per partner |
//! | [`seed`] | partners of the settings |

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;
use nffg::DomainId;
use serde_json::Value;
use sof::interlude::{CallError, PartnerOrder, PartnerService, TestOutcome};
use sof::order::OrderId;
use sof::partner::Partner;
use sof::service::ServiceId;

pub mod book;
pub mod callbacks;
pub mod check;
pub mod keeper;
pub mod seed;

/// Whether a text may be the id of an agreement: 1 to 64 letters, digits, `-`, `_` and `.`, but neither `.` nor `..`.
#[must_use]
pub fn is_agreement_id(text: &str) -> bool {
    let is_legal = |sign: u8| sign.is_ascii_alphanumeric() || b"-_.".contains(&sign);
    (1..=64).contains(&text.len())
        && text.bytes().all(is_legal)
        && !text.bytes().all(|sign| sign == b'.')
}

/// What a partner answers, in time.
pub type Called<'a, T> = Pin<Box<dyn Future<Output = Result<T, CallError>> + Send + 'a>>;

/// Interlude, towards partners. Each call has a time of its own in which it ends; a call of which nobody knows whether it
/// was carried out is not made again by these.
pub trait Partners: Debug + Send + Sync {
    /// Orders. `body` is a `ServiceOrder_Create`.
    fn order<'a>(&'a self, partner: &'a Partner, body: &'a Value) -> Called<'a, PartnerOrder>;

    /// An order as it stands.
    fn look<'a>(&'a self, partner: &'a Partner, id: &'a OrderId) -> Called<'a, PartnerOrder>;

    /// The order that we named so, among those taken since. The API has no filter for it (Mplify 99.1), so all are looked
    /// through.
    fn find<'a>(
        &'a self,
        partner: &'a Partner,
        external_id: &'a str,
        since: Timestamp,
    ) -> Called<'a, Option<PartnerOrder>>;

    /// A service as the inventory tells it.
    fn service<'a>(&'a self, partner: &'a Partner, id: &'a ServiceId)
    -> Called<'a, PartnerService>;

    /// Tests a service: is traffic carried, as it was ordered. `NotFound` where the partner has no API for that.
    fn test<'a>(&'a self, partner: &'a Partner, id: &'a ServiceId) -> Called<'a, TestOutcome>;

    /// Whether a partner did not answer several times, so that it is not called for a while: nobody's chain should need it
    /// now.
    fn is_left_alone(&self, _partner: &DomainId) -> bool {
        false
    }
}
