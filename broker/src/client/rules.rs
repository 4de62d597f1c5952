//! What holds when partners are chosen.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::orders::read;
use super::{Answer, Client, ClientError, JSON_TYPE};

/// What holds when partners are chosen.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Policy {
    /// As it came.
    #[serde(skip)]
    pub json: Value,
    /// For services of which nothing else is said.
    pub default: Kind,
    /// For each kind of service of which something is said.
    pub service_types: BTreeMap<String, Kind>,
    /// What a partner did so many seconds ago counts one half.
    pub success_half_life: u64,
    /// What every domain and chain has to keep.
    pub filters: Vec<Filter>,
}

/// What holds for a kind of service.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Kind {
    /// How much each measure counts.
    pub weights: BTreeMap<String, f64>,
    /// What is ruled.
    pub rules: Map<String, Value>,
}

/// A rule that every domain or chain has to keep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Filter {
    /// What it asks.
    pub rule: String,
    /// What may help.
    pub helped_by: Option<String>,
}

impl Client {
    /// What holds when partners are chosen.
    ///
    /// # Errors
    /// As for every request: see [`ClientError`].
    pub async fn rules(&self) -> Result<Answer<Policy>, ClientError> {
        let raw = self.get(self.own(&["rules"]), JSON_TYPE).await?;
        raw.and_then(|raw| read(&raw, |json, policy| Policy { json, ..policy }))
    }
}
