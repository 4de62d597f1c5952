//! Settings of the domain's own resources, which a SOF orders from over Presto.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use nffg::Quantity;
use serde::{Deserialize, Serialize};

use super::{SourceUrl, quantity_option};

/// The domain's own resources.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum PrestoSettings {
    /// They are only counted.
    Memory(MemoryPresto),
    /// An orchestrator has them that speaks UNIFY's Virtualizer.
    Virtualizer(VirtualizerPresto),
}

/// Resources that are only counted.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct MemoryPresto {
    /// What there is of each; without a number, as much as anybody wants.
    #[serde(with = "quantity_option", skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// Memory.
    #[serde(with = "quantity_option", skip_serializing_if = "Option::is_none")]
    pub mem: Option<Quantity>,
    /// Storage.
    #[serde(with = "quantity_option", skip_serializing_if = "Option::is_none")]
    pub storage: Option<Quantity>,
    /// The NF types that there are; all of them without any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nf: Vec<String>,
    /// How long each call takes.
    #[serde(with = "humantime_serde")]
    pub delay: Duration,
    /// The share of calls that fail, 0 to 1.
    pub failure_rate: f64,
}

/// An orchestrator that speaks UNIFY's Virtualizer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct VirtualizerPresto {
    /// Where its RPCs are: `http://.../escape`.
    pub url: SourceUrl,
    /// Which port leads to which neighbour: `AS2 = "SAP12"`, or `"AS2:router"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub borders: BTreeMap<String, String>,
    /// For one exchange, and for an edit to be carried out.
    #[serde(default = "five_seconds", with = "humantime_serde")]
    pub timeout: Duration,
    /// PEM file of further certificate authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

const fn five_seconds() -> Duration {
    Duration::from_secs(5)
}
