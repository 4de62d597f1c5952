//! Settings of the SOF.

use serde::{Deserialize, Serialize};
use sof::order::Limits;
use url::Url;

/// The SOF.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sof {
    /// Under which URL others reach this server, as `href` shows it; without it `href` is a path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<Url>,
    /// Orders that come in.
    pub orders: Orders,
}

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
