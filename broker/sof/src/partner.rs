//! Partners: domains whose SOF we order from, and the agreements under which we may.
//!
//! | module | does |
//! |---|---|
//! | `availability` | shares of the time, exact |
//! | `decode` | reads both from JSON, as the broker's own API and the settings tell them |
//! | `faults` | everything that is wrong with that, at once |

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use nffg::{Bandwidth, DomainId};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::machine::Machine;
use crate::mef::{Api, ReferencePoint};

mod availability;
mod decode;
mod faults;

pub use availability::{Availability, Product};
pub use decode::{
    AgreementTerms, MAX_SERVICE_TYPES, MAX_TEXT, MAX_VERSIONS, PartnerDetails, decode_agreement,
    decode_availability, decode_partner,
};
pub use faults::FieldErrors;

/// Whether a partner is ordered from (MEF 55.0.1 §10.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PartnerState {
    /// Known, not looked at yet.
    Candidate,
    /// Its API was looked at and is not what it should be.
    Failing,
    /// Ordered from.
    Active,
    /// Not ordered from for now; what it does goes on.
    Suspended,
    /// Not ordered from any more; what it does is being ended.
    Retired,
}

impl PartnerState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Candidate,
        Self::Failing,
        Self::Active,
        Self::Suspended,
        Self::Retired,
    ];

    /// The word in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Failing => "failing",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Retired => "retired",
        }
    }
}

/// What happens to a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PartnerEvent {
    /// Its API passed the check.
    CheckPassed,
    /// Its API failed the check.
    CheckFailed,
    /// An operator stops it for a time.
    Suspend,
    /// An operator lets it go on.
    Resume,
    /// An operator ends it.
    Retire,
}

impl PartnerEvent {
    /// Every event.
    pub const ALL: [Self; 5] = [
        Self::CheckPassed,
        Self::CheckFailed,
        Self::Suspend,
        Self::Resume,
        Self::Retire,
    ];
}

/// The partner's machine.
pub const PARTNER: Machine<PartnerState, PartnerEvent> = {
    use PartnerEvent::{CheckFailed, CheckPassed, Resume, Retire, Suspend};
    use PartnerState::{Active, Candidate, Failing, Retired, Suspended};
    Machine {
        name: "partner",
        table: &[
            (Candidate, CheckPassed, Active),
            (Candidate, CheckFailed, Failing),
            (Candidate, Retire, Retired),
            (Failing, CheckPassed, Active),
            (Failing, CheckFailed, Failing),
            (Failing, Retire, Retired),
            (Active, CheckPassed, Active),
            // One look that fails does not end what works; the circuit breaker watches over that.
            (Active, CheckFailed, Active),
            (Active, Suspend, Suspended),
            (Active, Retire, Retired),
            (Suspended, CheckPassed, Suspended),
            (Suspended, CheckFailed, Suspended),
            (Suspended, Resume, Active),
            (Suspended, Retire, Retired),
        ],
    }
};

/// A partner as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Partner {
    /// The domain.
    pub domain: DomainId,
    /// Its name, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its legal entity identifier (ISO 17442), for contracts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_entity: Option<String>,
    /// Whether it is ordered from.
    pub state: PartnerState,
    /// Where each of its APIs is; one that is not listed it does not have.
    pub apis: BTreeMap<Api, Endpoint>,
    /// The name of the credentials in the settings; `None` sends none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<String>,
    /// The URNs of the payloads that it takes.
    pub service_types: BTreeSet<String>,
    /// The last look at its API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conformance: Option<Conformance>,
}

/// Where a partner has an API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// The reference point at which it is spoken.
    pub reference_point: ReferencePoint,
    /// Its URL without `/mefApi/...`.
    pub url: Url,
    /// Its major versions: those that are there side by side, be they spoken here or not.
    pub versions: BTreeSet<u32>,
}

impl Endpoint {
    /// The versions that are there and spoken here, the newest first.
    pub fn spoken(&self, api: Api) -> impl Iterator<Item = u32> {
        let ours = api.versions(self.reference_point);
        ours.filter(|version| self.versions.contains(version))
    }

    /// The URL of a version of the API, whether it is there or not, without a slash at the end.
    #[must_use]
    pub fn url_of(&self, api: Api, version: u32) -> String {
        let base = self.url.as_str().trim_end_matches('/');
        format!("{base}{}", api.path(self.reference_point, version))
    }
}

/// What a look at a partner's API found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conformance {
    /// When.
    pub checked: Timestamp,
    /// Each check, and what is wrong if something is.
    pub checks: Vec<Check>,
}

impl Conformance {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        self.checks.iter().all(|check| check.fault.is_none())
    }

    /// What happens to a partner of which this was found.
    #[must_use]
    pub fn event(&self) -> PartnerEvent {
        if self.is_passed() {
            PartnerEvent::CheckPassed
        } else {
            PartnerEvent::CheckFailed
        }
    }
}

/// One check of a partner's API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// What was looked at: an operation and what is expected of it.
    pub what: String,
    /// The URL of the API that was looked at; `None` in records of before there was one for each API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

impl Partner {
    /// The URL of one of its APIs in the newest version that is spoken on both sides, without a slash at the end; `None`
    /// where there is none.
    #[must_use]
    pub fn api_url(&self, api: Api) -> Option<String> {
        let endpoint = self.apis.get(&api)?;
        let version = endpoint.spoken(api).next()?;
        Some(endpoint.url_of(api, version))
    }

    /// Whether it has an API in a version that is spoken here.
    #[must_use]
    pub fn speaks(&self, api: Api) -> bool {
        self.api_url(api).is_some()
    }
}

/// Under which terms a partner is ordered from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agreement {
    /// Given by us, or by who keeps it.
    pub id: String,
    /// With whom.
    pub partner: DomainId,
    /// The URN of the payload that it is about.
    pub service_type: String,
    /// From when.
    pub valid_from: Timestamp,
    /// Until when; `None` is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// What may be ordered.
    #[serde(default)]
    pub bounds: Bounds,
    /// What it costs.
    #[serde(default)]
    pub price: Price,
    /// What is promised.
    #[serde(default)]
    pub sls: Sls,
}

/// What may be ordered under an agreement; what is not told is not bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bounds {
    /// Services at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<u32>,
    /// Bandwidth of one flow, in bit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<u64>,
    /// Virtual processors of one service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<f64>,
}

/// What a segment costs, in thousandths of the federation's unit of account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Price {
    /// Each segment.
    #[serde(default)]
    pub segment: u64,
    /// Each function.
    #[serde(default)]
    pub function: u64,
    /// Each begun Mbit/s of each flow.
    #[serde(default)]
    pub mbps: u64,
}

/// The service level that is promised for a segment; what is not told is not promised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sls {
    /// One-way delay of a flow, in nanoseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<u64>,
    /// Share of the time in which it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<Availability>,
}

impl Bounds {
    /// The largest bandwidth of one flow.
    #[must_use]
    pub fn max_bandwidth(&self) -> Option<Bandwidth> {
        self.bandwidth.map(Bandwidth::from_bits_per_second)
    }
}

impl Agreement {
    /// Whether it is in force.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.valid_from <= now && self.valid_until.is_none_or(|until| now < until)
    }
}
