//! The partners' APIs, as the work needs them.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;
use serde_json::Value;
use sof::interlude::{CallError, PartnerOrder, PartnerService, TestOutcome};
use sof::order::OrderId;
use sof::partner::Partner;
use sof::service::ServiceId;

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
}
