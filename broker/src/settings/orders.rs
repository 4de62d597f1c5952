//! Settings of service orders that come in.

use serde::{Deserialize, Serialize};
use sof::order::Limits;

/// What an order may hold, and a list show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Orders {
    /// Items of one order.
    pub items: usize,
    /// Services and orders that one order may refer to.
    pub references: usize,
    /// Orders, or services, in one answer.
    pub listed: usize,
}

impl Default for Orders {
    fn default() -> Self {
        let Limits {
            items, references, ..
        } = Limits::default();
        Self {
            items,
            references,
            listed: 100,
        }
    }
}
