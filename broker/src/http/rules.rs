//! What holds when partners are chosen: `/broker/v1/rules`. The settings say it; here it is read.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use nffg::DomainId;
use serde::Serialize;
use sof::selection::{Filter, Rules};
use utoipa::ToSchema;

use super::App;
use super::answer::{json, negotiate};
use super::placements::JSON;
use super::problem::Problem;
use crate::settings::Work;

/// What holds when partners are chosen for a service.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = SelectionPolicy)]
pub(super) struct PolicyBody {
    /// For services of which nothing else is said.
    default: KindBody,
    /// For each kind of service (`serviceType`) of which something is said.
    service_types: BTreeMap<String, KindBody>,
    /// What a partner did so many seconds ago counts one half in the measure `success`.
    success_half_life: u64,
    /// What every domain and chain has to keep, in the order in which it is asked.
    filters: Vec<FilterBody>,
}

/// What holds for a kind of service.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = SelectionPolicyOfType)]
struct KindBody {
    /// How much each measure counts: `price`, `delay`, `sls-margin`, `success` and `load`.
    weights: BTreeMap<&'static str, f64>,
    /// What is ruled; `candidates` and `attempts` are always told.
    rules: RulesBody,
}

/// A rule that every domain or chain has to keep.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = SelectionFilter)]
struct FilterBody {
    /// What it asks.
    rule: &'static str,
    /// What may help: `agreement`, or `time`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    helped_by: Option<&'static str>,
}

impl KindBody {
    fn new(work: &Work, service_type: Option<&str>) -> Self {
        let rules = work.rules(service_type);
        let rules = Rules {
            candidates: Some(rules.candidates.unwrap_or(work.candidates)),
            attempts: Some(work.limits_of(service_type).attempts),
            ..rules
        };
        Self {
            weights: work.weights(service_type).named().into(),
            rules: RulesBody::new(&rules),
        }
    }
}

impl From<&Work> for PolicyBody {
    fn from(work: &Work) -> Self {
        let kinds: BTreeSet<&String> = work.weights_of.keys().chain(work.rules_of.keys()).collect();
        let kinds = kinds.into_iter();
        Self {
            default: KindBody::new(work, None),
            service_types: kinds
                .map(|kind| (kind.clone(), KindBody::new(work, Some(kind))))
                .collect(),
            success_half_life: work.success_half_life.as_secs(),
            filters: Filter::ALL
                .map(|filter| FilterBody {
                    rule: filter.asks(),
                    helped_by: match filter {
                        _ if filter.is_commercial() => Some("agreement"),
                        _ if filter.is_passing() => Some("time"),
                        _ => None,
                    },
                })
                .into(),
        }
    }
}

/// `GET /broker/v1/rules`
pub(super) async fn rules(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    negotiate(&headers, &[JSON])?;
    json(&PolicyBody::from(&app.shared.settings.sof.work))
}

/// What is ruled for a kind of service.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = SelectionRules)]
pub(super) struct RulesBody {
    /// Only these domains may be on a chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    allow_domains: Option<Vec<String>>,
    /// These may not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    forbid_domains: Vec<String>,
    /// Chains that are looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    candidates: Option<usize>,
    /// Chains that are tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    attempts: Option<u32>,
    /// What a chain may cost, in units of account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    max_price: Option<f64>,
    /// The SLS margin that it has to have, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    min_sls_margin: Option<f64>,
}

impl RulesBody {
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    fn new(rules: &Rules) -> Self {
        let names =
            |domains: &BTreeSet<DomainId>| domains.iter().map(ToString::to_string).collect();
        Self {
            allow_domains: rules.allow_domains.as_ref().map(names),
            forbid_domains: names(&rules.forbid_domains),
            candidates: rules.candidates,
            attempts: rules.attempts,
            max_price: rules.max_price.map(|price| price as f64 / 1e3),
            min_sls_margin: rules.min_sls_margin,
        }
    }

    /// `None` where nothing is ruled.
    pub(super) fn of(rules: &Rules) -> Option<Self> {
        (!rules.is_empty()).then(|| Self::new(rules))
    }
}
