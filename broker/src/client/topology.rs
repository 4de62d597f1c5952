//! `GET /broker/v1/topology`: which domains are adjacent, over which links.

use serde::Deserialize;
use serde_json::Value;

use super::{Answer, Client, ClientError, JSON_TYPE};

/// The domain graph, or a part of it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Topology {
    /// As it came.
    #[serde(skip)]
    pub json: Value,
    /// About the answer.
    pub meta: TopologyMeta,
    /// Its domains, in order.
    pub domains: Vec<String>,
    /// Its adjacent domains, each pair once.
    pub adjacencies: Vec<AdjacentDomains>,
    /// Links that one domain tells and the other does not.
    pub half_up: Vec<HalfUpLink>,
}

/// About the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TopologyMeta {
    /// There is more than is told.
    pub cut: bool,
}

/// Two adjacent domains.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct AdjacentDomains {
    /// The one.
    pub a: String,
    /// The other.
    pub b: String,
    /// The links between them.
    pub links: Vec<BothWays>,
}

/// A link between two domains.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct BothWays {
    /// The router in `a`.
    pub a_router: Option<String>,
    /// The router in `b`.
    pub b_router: Option<String>,
    /// From `a` to `b`.
    pub there: Option<OneWay>,
    /// From `b` to `a`.
    pub back: Option<OneWay>,
}

/// One way of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct OneWay {
    /// Delay in milliseconds.
    pub delay_ms: Option<f64>,
    /// Bandwidth in bits per second.
    pub bandwidth_bps: Option<u64>,
    /// The least delay that was measured, in milliseconds.
    pub delay_min_ms: Option<f64>,
    /// The longest delay that was measured, in milliseconds.
    pub delay_max_ms: Option<f64>,
    /// Delay variation in milliseconds.
    pub delay_variation_ms: Option<f64>,
    /// Packets that are lost, in percent.
    pub loss_percent: Option<f64>,
    /// Residual bandwidth in bits per second.
    pub residual_bandwidth_bps: Option<u64>,
    /// Available bandwidth in bits per second.
    pub available_bandwidth_bps: Option<u64>,
}

/// A link that only the domain where it starts tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct HalfUpLink {
    /// The domain that tells it.
    pub from: String,
    /// The router where it starts.
    pub from_router: String,
    /// The domain that does not.
    pub to: String,
    /// The router where it ends.
    pub to_router: String,
}

impl Topology {
    /// Reads an answer.
    ///
    /// # Errors
    /// It is none.
    pub fn decode(json: Value) -> Result<Self, String> {
        let topology = Self::deserialize(&json).map_err(|error| error.to_string())?;
        Ok(Self { json, ..topology })
    }
}

impl Client {
    /// The domain graph; around some domains if there are any named, `radius` borders wide (1 if it is
    /// not told).
    ///
    /// # Errors
    /// As for every request: see [`ClientError`].
    pub async fn topology(
        &self,
        around: &[String],
        radius: Option<u32>,
    ) -> Result<Answer<Topology>, ClientError> {
        let mut url = self.own(&["topology"]);
        if !around.is_empty() {
            let mut query = url.query_pairs_mut();
            query.append_pair("around", &around.join(","));
            if let Some(radius) = radius {
                query.append_pair("radius", &radius.to_string());
            }
        }
        let raw = self.get(url, JSON_TYPE).await?;
        raw.and_then(|raw| Topology::decode(raw.json(JSON_TYPE)?))
    }
}
