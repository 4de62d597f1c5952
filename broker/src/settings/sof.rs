//! What the settings say of the SOF: how partners are called, with which credentials, and which there are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use nffg::DomainId;
use nffg::json::{Cursor, FieldError, Problem};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sof::partner::{Agreement, FieldErrors, PartnerDetails, decode_agreement, decode_partner};
use url::Url;

use super::{Notifications, Orders, PrestoSettings, Work, domain_id, masked};
use crate::lso::breaker::Policy;
use crate::lso::partners::is_agreement_id;

/// The Service Orchestration Functionality.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sof {
    /// Where partners and subscribers reach this broker, without a path of its APIs; without it, the address that it
    /// listens on, if that is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<Url>,
    /// How orders are carried out.
    pub work: Work,
    /// Orders that come in.
    pub orders: Orders,
    /// Notifications to subscribers.
    pub notifications: Notifications,
    /// The domain's own resources; a broker that only buys from others has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presto: Option<PrestoSettings>,
    /// How partners are called.
    pub interlude: Interlude,
    /// What partners want to see, by name: `[sof.credentials.NAME]`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub credentials: BTreeMap<String, Credential>,
    /// Partners, one `[[sof.partners]]` each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partners: Vec<PartnerEntry>,
}

/// How partners are called.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Interlude {
    /// For a connection, TLS included.
    #[serde(with = "humantime_serde")]
    pub connect_timeout: Duration,
    /// For one whole request and answer.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// How often a question is asked in all. What changes something is sent once.
    pub tries: usize,
    /// The pause after the first try; doubled after each.
    #[serde(with = "humantime_serde")]
    pub retry_after: Duration,
    /// The largest answer, in bytes.
    pub max_bytes: usize,
    /// PEM file of further certificate authorities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Calls to one partner under way at once.
    pub in_flight: usize,
    /// Calls to one partner that may wait for that.
    pub waiting: usize,
    /// For how long they may wait.
    #[serde(with = "humantime_serde")]
    pub wait: Duration,
    /// So many calls in a row without an answer open the circuit.
    pub failures: u32,
    /// For how long it is open the first time; doubled each time that the partner still does not answer.
    #[serde(with = "humantime_serde")]
    pub open: Duration,
    /// For how long at most.
    #[serde(with = "humantime_serde")]
    pub longest_open: Duration,
    /// For a test of a service, from asking for it to its result.
    #[serde(with = "humantime_serde")]
    pub test_timeout: Duration,
    /// How often a test is looked at.
    #[serde(with = "humantime_serde")]
    pub test_poll: Duration,
    /// How often partners that did not pass their check are checked, and subscriptions at partners are looked at.
    #[serde(with = "humantime_serde")]
    pub keep: Duration,
}

impl Default for Interlude {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            timeout: Duration::from_secs(10),
            tries: 3,
            retry_after: Duration::from_millis(200),
            // A page of a hundred orders with large configurations.
            max_bytes: 8 << 20,
            ca_file: None,
            in_flight: 16,
            waiting: 256,
            wait: Duration::from_secs(10),
            failures: 5,
            open: Duration::from_secs(5),
            longest_open: Duration::from_secs(300),
            test_timeout: Duration::from_secs(60),
            test_poll: Duration::from_millis(250),
            keep: Duration::from_secs(30),
        }
    }
}

impl Interlude {
    /// When circuits open.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            failures: self.failures,
            open: self.open,
            longest: self.longest_open,
        }
    }

    pub(super) fn times(&self) -> [(&'static str, Duration); 9] {
        [
            ("sof.interlude.connect_timeout", self.connect_timeout),
            ("sof.interlude.timeout", self.timeout),
            ("sof.interlude.retry_after", self.retry_after),
            ("sof.interlude.wait", self.wait),
            ("sof.interlude.open", self.open),
            ("sof.interlude.longest_open", self.longest_open),
            ("sof.interlude.test_timeout", self.test_timeout),
            ("sof.interlude.test_poll", self.test_poll),
            ("sof.interlude.keep", self.keep),
        ]
    }

    pub(super) fn counts(&self) -> [(&'static str, bool); 4] {
        [
            ("sof.interlude.tries", self.tries == 0),
            ("sof.interlude.max_bytes", self.max_bytes == 0),
            ("sof.interlude.in_flight", self.in_flight == 0),
            ("sof.interlude.failures", self.failures == 0),
        ]
    }
}

/// What a partner wants to see.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// A bearer token (RFC 6750).
    #[serde(serialize_with = "masked")]
    pub bearer: SecretString,
}

/// A partner, and the agreements with it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerEntry {
    /// Its domain.
    #[serde(with = "domain_id")]
    pub id: DomainId,
    /// Its name, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its legal entity identifier (ISO 17442).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_entity: Option<String>,
    /// Where its APIs are that have no URL of their own, without `/mefApi/...`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Its APIs, `service_ordering`, `service_inventory`, `service_function_testing`: the major version, or a table with
    /// `url`, `versions` and `reference_point`.
    pub apis: Map<String, Value>,
    /// The name of its credentials; without it, none are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<String>,
    /// The URNs of the payloads that it takes.
    pub service_types: Vec<String>,
    /// The agreements, one `[[sof.partners.agreements]]` each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agreements: Vec<AgreementEntry>,
}

/// An agreement.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AgreementEntry {
    /// Its name among those with the partner.
    pub id: String,
    /// The URN of the payload that it is about.
    pub service_type: String,
    /// From when: RFC 3339, in quotes.
    pub valid_from: String,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// `services`, `bandwidth`, `cpu`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub bounds: Map<String, Value>,
    /// `segment`, `function`, `mbps`, in units of account.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub price: Map<String, Value>,
    /// `delay`, `availability`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub sls: Map<String, Value>,
}

impl PartnerEntry {
    /// What it tells of the partner, under the rules of the API.
    ///
    /// # Errors
    /// Every field that breaks one.
    pub fn details(&self) -> Result<PartnerDetails, FieldErrors> {
        let mut told = told(self)?;
        for own in ["id", "agreements"] {
            told.remove(own);
        }
        let apis = self.apis.iter().map(|(name, api)| match api {
            Value::Object(members) => (name, Value::Object(hyphened(members.clone()))),
            version => (name, version.clone()),
        });
        let apis = apis.map(|(name, api)| (name.clone(), api)).collect();
        told.insert("apis".to_owned(), Value::Object(hyphened(apis)));
        decode_partner(&Cursor::root(&Value::Object(told)))
    }

    /// The agreements.
    ///
    /// # Errors
    /// A field of one breaks a rule of the API.
    pub fn agreements(&self) -> Result<Vec<Agreement>, FieldError> {
        let agreements = self.agreements.iter();
        agreements
            .map(|entry| {
                if !is_agreement_id(&entry.id) {
                    let rule = "1 to 64 letters, digits, '-', '_' and '.'";
                    return Err(FieldError::invalid("id", &entry.id, rule));
                }
                let mut told = told(entry)?;
                told.remove("id");
                let terms = decode_agreement(&Cursor::root(&Value::Object(told)))?;
                Ok(terms.agreement(self.id.clone(), entry.id.clone()))
            })
            .collect()
    }
}

/// The members of a section as the API names them.
fn told(section: &impl Serialize) -> Result<Map<String, Value>, FieldError> {
    match serde_json::to_value(section) {
        Ok(Value::Object(members)) => Ok(hyphened(members)),
        _ => Err(FieldError::invalid("", "", "cannot be read as a section")),
    }
}

fn hyphened(members: Map<String, Value>) -> Map<String, Value> {
    let members = members.into_iter();
    members
        .map(|(name, value)| (name.replace('_', "-"), value))
        .collect()
}

impl Sof {
    /// The first rule that is broken: key, value, rule.
    pub(super) fn check(&self) -> Result<(), (String, String, String)> {
        if let Some(url) = &self.public_url {
            let is_fine = ["http", "https"].contains(&url.scheme())
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none();
            if !is_fine {
                let rule = "an http or https URL without user, query and fragment";
                return Err((
                    "sof.public_url".to_owned(),
                    url.to_string(),
                    rule.to_owned(),
                ));
            }
        }
        let mut ids = BTreeSet::new();
        for partner in &self.partners {
            let wrong = |section: &str, error: FieldError| {
                let key = format!("{section}.{}", error.field.replace('-', "_"));
                match error.problem {
                    Problem::Missing => (key, String::new(), "the field is missing".to_owned()),
                    Problem::WrongType { expected, found } => {
                        (key, found, format!("must be {expected}"))
                    }
                    Problem::Invalid { value, rule } => (key, value, rule),
                }
            };
            let id = |rule: &str| {
                let key = "sof.partners.id".to_owned();
                (key, partner.id.to_string(), rule.to_owned())
            };
            if !ids.insert(&partner.id) {
                return Err(id("two partners have this id"));
            }
            partner
                .details()
                .map_err(|errors| wrong("sof.partners", errors.into()))?;
            let agreements = partner
                .agreements()
                .map_err(|error| wrong("sof.partners.agreements", error))?;
            let names: BTreeSet<&str> = agreements.iter().map(|of| of.id.as_str()).collect();
            if names.len() < agreements.len() {
                return Err(id("two of its agreements have one id"));
            }
            if let Some(name) = &partner.credentials
                && !self.credentials.contains_key(name)
            {
                let rule = "there is no [sof.credentials.NAME] of this name";
                let key = "sof.partners.credentials".to_owned();
                return Err((key, name.clone(), rule.to_owned()));
            }
        }
        Ok(())
    }
}
