//! Which record is in which table of the store (docs/store.md).

use sof::order::ServiceOrder;
use sof::partner::{Agreement, Partner};
use sof::saga::Saga;
use sof::selection::Selection;
use sof::service::Service;

use crate::store::{Table, TableName};

/// Orders, by [`sof::order::OrderId`].
pub const ORDERS: Table<String, ServiceOrder> = Table::new(TableName::Orders);
/// Services, by [`sof::service::ServiceId`].
pub const SERVICES: Table<String, Service> = Table::new(TableName::Services);
/// Partners, by their domain.
pub const PARTNERS: Table<String, Partner> = Table::new(TableName::Partners);
/// Agreements, by the partner's domain and the agreement's id.
pub const AGREEMENTS: Table<(String, String), Agreement> = Table::new(TableName::Agreements);
/// Where the work on each order item stands, by order and item; kept after the end, since it says what of the service is
/// where.
pub const SAGAS: Table<(String, String), Saga> = Table::new(TableName::Sagas);
/// Recorded choices of partners, by their id.
pub const SELECTIONS: Table<String, Selection> = Table::new(TableName::Selections);
