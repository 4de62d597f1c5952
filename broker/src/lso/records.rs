//! Which record is in which table of the store (docs/store.md).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sof::order::ServiceOrder;
use sof::partner::{Agreement, Partner};
use sof::saga::Saga;
use sof::selection::Selection;
use sof::service::Service;

use super::subscriptions::Subscriber;
use super::testing::TestJob;
use crate::store::{Table, TableName};

/// Orders, by [`sof::order::OrderId`].
pub const ORDERS: Table<String, ServiceOrder> = Table::new(TableName::Orders);
/// Services, by [`sof::service::ServiceId`].
pub const SERVICES: Table<String, Service> = Table::new(TableName::Services);
/// Partners, by their domain.
pub const PARTNERS: Table<String, Partner> = Table::new(TableName::Partners);
/// Agreements, by the partner's domain and the agreement's id.
pub const AGREEMENTS: Table<(String, String), Agreement> = Table::new(TableName::Agreements);
/// Test jobs with their results, by `test-job` and the job's id. They are in the table of what there is one of per broker:
/// a table of their own would need another format.
pub const TEST_JOBS: Table<(String, String), TestJob> = Table::new(TableName::Meta);
/// Subscribers, by the subscription's id.
pub const SUBSCRIBERS: Table<String, Subscriber> = Table::new(TableName::Subscriptions);
/// Our subscriptions at partners, by [`HUB`] and the partner's domain.
pub const HUBS: Table<(String, String), Hub> = Table::new(TableName::Meta);
/// What of the settings' partners was put into the store, by [`SEED`] and the partner's domain.
pub const SEEDS: Table<(String, String), Seed> = Table::new(TableName::Meta);

/// The first part of the keys of [`HUBS`].
pub const HUB: &str = "partner-hub";
/// The first part of the keys of [`SEEDS`].
pub const SEED: &str = "partner-of-settings";

/// Our subscription at a partner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hub {
    /// The part of the callback that nobody else knows.
    pub token: String,
    /// Where the partner notifies us.
    pub callback: String,
    /// The partner's API at which it was registered.
    pub api_url: String,
    /// What the partner calls it; `None` while it is not known to be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Since when it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<Timestamp>,
    /// Why it is not there, or could not be looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What of the settings is in the store already.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seed {
    /// A hash of the section.
    pub hash: String,
    /// The agreements that it has.
    pub agreements: Vec<String>,
}
/// Where the work on each order item stands, by order and item; kept after the end, since it says what of the service is
/// where.
pub const SAGAS: Table<(String, String), Saga> = Table::new(TableName::Sagas);
/// Recorded choices of partners, by their id.
pub const SELECTIONS: Table<String, Selection> = Table::new(TableName::Selections);
