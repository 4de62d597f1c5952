//! Partners and the agreements with them, under `/broker/v1/partners`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::orders::read;
use super::{Answer, Client, ClientError, JSON_TYPE};

/// Partners, by domain.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Partners {
    /// As it came.
    #[serde(skip)]
    pub json: Value,
    /// A part of them, or all.
    pub partners: Vec<Partner>,
    /// There are more.
    pub more: bool,
}

/// A partner.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Partner {
    /// As it came.
    #[serde(skip)]
    pub json: Value,
    /// The domain.
    pub domain: String,
    /// Its name, for people.
    pub name: Option<String>,
    /// Whether it is ordered from.
    pub state: String,
    /// Where each of its APIs is.
    pub apis: BTreeMap<String, PartnerApi>,
    /// The URNs of the payloads that it takes.
    pub service_types: Vec<String>,
    /// The last look at its API.
    pub conformance: Option<Conformance>,
    /// How calls to it go.
    pub line: Option<Line>,
    /// Whether it notifies the broker.
    pub subscription: Option<PartnerSubscription>,
}

/// Where a partner has an API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct PartnerApi {
    /// The reference point at which it is spoken.
    pub reference_point: String,
    /// Its URL without `/mefApi/...`.
    pub url: String,
    /// The major versions that are there.
    pub versions: Vec<u32>,
    /// The version that the broker speaks to it.
    pub spoken: Option<u32>,
}

/// What a look at a partner's API found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Conformance {
    /// When.
    pub checked: String,
    /// Nothing is wrong.
    pub passed: bool,
    /// What was looked at.
    pub checks: Vec<Check>,
}

/// One check of a partner's API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Check {
    /// An operation, and what is expected of it.
    pub what: String,
    /// The URL of the API that was looked at.
    pub at: Option<String>,
    /// What is wrong.
    pub fault: Option<String>,
}

/// How calls to a partner go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Line {
    /// Whether calls go through.
    pub circuit: String,
    /// Calls that were answered.
    pub successes: u64,
    /// Calls that were not.
    pub failures: u64,
    /// The last failure.
    pub last_error: Option<LastError>,
}

/// A failure of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LastError {
    /// When.
    pub at: String,
    /// What.
    pub text: String,
}

/// The broker's subscription at a partner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PartnerSubscription {
    /// Since when it is there.
    pub registered: Option<String>,
    /// Why it is not there.
    pub error: Option<String>,
}

/// Agreements with a partner, by id.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Agreements {
    /// As it came.
    #[serde(skip)]
    pub json: Value,
    /// A part of them, or all.
    pub agreements: Vec<Agreement>,
    /// There are more.
    pub more: bool,
}

/// An agreement.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Agreement {
    /// Its name among those with the partner.
    pub id: String,
    /// The URN of the payload that it is about.
    pub service_type: String,
    /// From when.
    pub valid_from: String,
    /// Until when; without it, it is open.
    pub valid_until: Option<String>,
    /// What may be ordered.
    pub bounds: Map<String, Value>,
    /// What it costs.
    pub price: Map<String, Value>,
    /// What is promised.
    pub sls: Map<String, Value>,
}

impl Client {
    /// Partners, after one if one is named.
    ///
    /// # Errors
    /// As for every request: see [`ClientError`].
    pub async fn partners(&self, after: Option<&str>) -> Result<Answer<Partners>, ClientError> {
        let mut url = self.own(&["partners"]);
        if let Some(after) = after {
            url.query_pairs_mut().append_pair("after", after);
        }
        let raw = self.get(url, JSON_TYPE).await?;
        raw.and_then(|raw| read(&raw, |json, partners| Partners { json, ..partners }))
    }

    /// A partner.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is none, or as for every request.
    pub async fn partner(&self, domain: &str) -> Result<Answer<Partner>, ClientError> {
        let raw = self.get(self.own(&["partners", domain]), JSON_TYPE).await?;
        raw.and_then(|raw| read(&raw, |json, partner| Partner { json, ..partner }))
    }

    /// The agreements with a partner.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is no such partner, or as for every request.
    pub async fn agreements(&self, domain: &str) -> Result<Answer<Agreements>, ClientError> {
        let url = self.own(&["partners", domain, "agreements"]);
        let raw = self.get(url, JSON_TYPE).await?;
        raw.and_then(|raw| read(&raw, |json, found| Agreements { json, ..found }))
    }
}
