//! Which record is in which table of the store (docs/store.md).

use sof::order::ServiceOrder;
use sof::partner::{Agreement, Partner};
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
