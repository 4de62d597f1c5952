//! Partners and agreements as the API shows them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sof::partner::{Agreement, Availability, Conformance, Partner};
use utoipa::ToSchema;

use super::super::openapi::{CircuitWord, PartnerStateWord};
use crate::lso::interlude::LineStatus;
use crate::lso::records::Hub;

/// A domain whose SOF services are ordered from.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Partner)]
pub(in crate::http) struct PartnerBody {
    /// The domain.
    domain: String,
    /// Its name, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<String>,
    /// Its legal entity identifier (ISO 17442).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    legal_entity: Option<String>,
    /// Whether it is ordered from.
    #[schema(value_type = PartnerStateWord)]
    state: &'static str,
    /// Where each of its APIs is: `service-ordering`, `service-inventory` and `service-function-testing`, as far as it has
    /// them.
    apis: BTreeMap<&'static str, ApiBody>,
    /// The name of its credentials in the settings; without it, none are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    credentials: Option<String>,
    /// The URNs of the payloads that it takes.
    service_types: BTreeSet<String>,
    /// The last look at its API, if there was one since it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    conformance: Option<ConformanceBody>,
    /// How calls to it go, if there were any since the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    line: Option<LineBody>,
    /// Whether it notifies us, if it is to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    subscription: Option<SubscriptionBody>,
}

/// Where a partner has an API.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = PartnerApi)]
struct ApiBody {
    /// The reference point at which it is spoken.
    reference_point: &'static str,
    /// Its URL without `/mefApi/...`.
    #[schema(format = "uri")]
    url: String,
    /// The major versions that are there.
    versions: BTreeSet<u32>,
    /// The version that the broker speaks to it: the newest that both have.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    spoken: Option<u32>,
}

/// What a look at a partner's API found.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Conformance)]
struct ConformanceBody {
    /// When.
    #[schema(format = DateTime)]
    checked: String,
    /// Nothing is wrong.
    passed: bool,
    /// What was looked at.
    checks: Vec<CheckBody>,
}

/// One check of a partner's API.
#[derive(Serialize, ToSchema)]
#[schema(as = ConformanceCheck)]
struct CheckBody {
    /// An operation, and what is expected of it.
    what: String,
    /// The URL of the API that was looked at, with its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri")]
    at: Option<String>,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    fault: Option<String>,
}

/// How calls to a partner go, since the start.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = PartnerLine)]
struct LineBody {
    /// Whether calls go through.
    #[schema(value_type = CircuitWord)]
    circuit: &'static str,
    /// Calls that were answered, be it with a refusal.
    successes: u64,
    /// Calls that were not, or not as they should be.
    failures: u64,
    /// Calls that were not made, since the circuit was open.
    refused: u64,
    /// How often the circuit opened.
    opened: u64,
    /// Calls under way.
    in_flight: usize,
    /// The last failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_error: Option<LastError>,
}

/// A failure of a call.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnerError)]
struct LastError {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// What.
    text: String,
}

/// Our subscription at a partner.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnerSubscription)]
struct SubscriptionBody {
    /// Since when it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    registered: Option<String>,
    /// Why it is not there, or could not be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
}

/// Partners, by domain.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Partners {
    /// At most a thousand.
    pub(super) partners: Vec<PartnerBody>,
    /// There are more: ask for those after the last of these.
    pub(super) more: bool,
}

/// Agreements with a partner, by id.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Agreements {
    /// At most a thousand.
    pub(super) agreements: Vec<AgreementBody>,
    /// There are more.
    pub(super) more: bool,
}

/// Under which terms a partner is ordered from.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Agreement)]
pub(in crate::http) struct AgreementBody {
    /// Its name among those with the partner.
    id: String,
    /// With whom.
    partner: String,
    /// The URN of the payload that it is about.
    service_type: String,
    /// From when.
    #[schema(format = DateTime)]
    valid_from: String,
    /// Until when; without it, it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    valid_until: Option<String>,
    /// What may be ordered.
    bounds: BoundsBody,
    /// What it costs.
    price: PriceBody,
    /// What is promised.
    sls: SlsBody,
}

/// What may be ordered; what is not told is not bounded.
#[derive(Serialize, ToSchema)]
#[schema(as = AgreementBounds)]
struct BoundsBody {
    /// Services at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    services: Option<u32>,
    /// Bandwidth of one flow, in bit/s.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    bandwidth: Option<u64>,
    /// Virtual processors of one service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cpu: Option<f64>,
}

/// Prices, in units of account.
#[derive(Serialize, ToSchema)]
#[schema(as = AgreementPrice)]
struct PriceBody {
    /// Each segment.
    segment: f64,
    /// Each function.
    function: f64,
    /// Each begun Mbit/s of each flow.
    mbps: f64,
}

/// The promised service level; what is not told is not promised.
#[derive(Serialize, ToSchema)]
#[schema(as = AgreementSls)]
struct SlsBody {
    /// One-way delay of a flow, in nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    delay: Option<u64>,
    /// Share of the time in which it works, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    availability: Option<f64>,
}

impl PartnerBody {
    pub(super) fn new(partner: &Partner, line: Option<LineStatus>, hub: Option<Hub>) -> Self {
        let apis = partner.apis.iter();
        Self {
            domain: partner.domain.to_string(),
            name: partner.name.clone(),
            legal_entity: partner.legal_entity.clone(),
            state: partner.state.as_str(),
            apis: apis
                .map(|(api, endpoint)| {
                    let body = ApiBody {
                        reference_point: endpoint.reference_point.as_str(),
                        url: endpoint.url.to_string(),
                        versions: endpoint.versions.clone(),
                        spoken: endpoint.spoken(*api).next(),
                    };
                    (api.word(), body)
                })
                .collect(),
            credentials: partner.credentials.clone(),
            service_types: partner.service_types.clone(),
            conformance: partner.conformance.as_ref().map(ConformanceBody::from),
            line: line.map(LineBody::from),
            subscription: hub.map(|hub| SubscriptionBody {
                registered: hub.registered.map(|at| at.to_string()),
                error: hub.error,
            }),
        }
    }
}

impl From<&Conformance> for ConformanceBody {
    fn from(found: &Conformance) -> Self {
        let checks = found.checks.iter();
        Self {
            checked: found.checked.to_string(),
            passed: found.is_passed(),
            checks: checks
                .map(|check| CheckBody {
                    what: check.what.clone(),
                    at: check.at.clone(),
                    fault: check.fault.clone(),
                })
                .collect(),
        }
    }
}

impl From<LineStatus> for LineBody {
    fn from(line: LineStatus) -> Self {
        Self {
            circuit: line.circuit.as_str(),
            successes: line.counts.successes,
            failures: line.counts.failures,
            refused: line.counts.refused,
            opened: line.counts.opened,
            in_flight: line.in_flight,
            last_error: line.last_error.map(|(at, text)| LastError {
                at: at.to_string(),
                text,
            }),
        }
    }
}

impl From<&Agreement> for AgreementBody {
    fn from(agreement: &Agreement) -> Self {
        let price = agreement.price;
        Self {
            id: agreement.id.clone(),
            partner: agreement.partner.to_string(),
            service_type: agreement.service_type.clone(),
            valid_from: agreement.valid_from.to_string(),
            valid_until: agreement.valid_until.map(|until| until.to_string()),
            bounds: BoundsBody {
                services: agreement.bounds.services,
                bandwidth: agreement.bounds.bandwidth,
                cpu: agreement.bounds.cpu,
            },
            price: PriceBody {
                segment: units(price.segment),
                function: units(price.function),
                mbps: units(price.mbps),
            },
            sls: SlsBody {
                delay: agreement.sls.delay,
                availability: agreement.sls.availability.map(Availability::share),
            },
        }
    }
}

/// Thousandths as units of account.
fn units(thousandths: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "prices are below 2^32 thousandths"
    )]
    let units = thousandths as f64 / 1000.0;
    units
}
