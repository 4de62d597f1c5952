//! Settings of the SOF.

use serde::{Deserialize, Serialize};
use url::Url;

use super::Notifications;

/// The SOF.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sof {
    /// Under which URL others reach this server, as `href` shows it; without it `href` is a path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<Url>,
    /// Notifications to subscribers.
    pub notifications: Notifications,
}
