//! The client of partners' Interlude APIs (Mplify 99.1, 135.1, 149).
//!
//! ```text
//!  order, look, find, service, test
//!        │
//!        ▼           per partner
//!   question: again, with growing pauses      ┌─ place (so many at once, the others wait bounded)
//!   change:   once                        ──▶ ├─ circuit breaker
//!                                             └─ exchange (timeouts, size) ──▶ what it means
//! ```
//!
//! | what happened | [`CallError`] |
//! |---|---|
//! | no connection (refused, DNS, TLS), circuit open, too many wait, 425, 429 | `NotSent` |
//! | time ran out, the connection broke after that, 408, 5xx but 501 | `Unknown` |
//! | other 4xx, 501 | `Refused`, with the faults |
//! | 404 to a question, of this API | `NotFound` |
//! | an answer that means nothing, a redirect | to a question `Nonsense`, to a change `Unknown` |

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use http::Method;
use jiff::Timestamp;
use nffg::DomainId;
use nffg::json::{Cursor, FieldError};
use reqwest::Client;
use secrecy::SecretString;
use serde_json::Value;
use sof::interlude::{
    CallError, PartnerOrder, PartnerService, TestOutcome, decode_order, decode_service,
};
use sof::mef::{Api, Fault, FaultCode};
use sof::order::OrderId;
use sof::partner::Partner;
use sof::service::ServiceId;
use tracing::{debug, warn};
use url::Url;

use super::partners::{Called, Partners};
use crate::egress::{self, ClientError};
use crate::metrics::Metrics;
use crate::{clock, settings};

pub(crate) mod call;
mod find;
mod line;
mod testing;

pub use line::LineStatus;

use call::{Ask, Exchange, exchange, shorten};
use line::Line;

/// Partners' APIs over HTTP.
#[derive(Debug)]
pub struct Interlude {
    plain: Client,
    /// `None` where this machine has no certificate authorities.
    secure: Option<Client>,
    settings: settings::Interlude,
    credentials: BTreeMap<String, SecretString>,
    lines: Mutex<BTreeMap<DomainId, Arc<Line>>>,
    metrics: Arc<Metrics>,
}

impl Interlude {
    /// A client as the settings want it.
    ///
    /// # Errors
    /// The CA file cannot be used, or the TLS library cannot.
    pub fn new(settings: &settings::Sof, metrics: Arc<Metrics>) -> Result<Self, ClientError> {
        let limits = &settings.interlude;
        let client = |https, ca_file| {
            egress::client_for_many(limits.connect_timeout, limits.in_flight, https, ca_file)
        };
        let plain = client(false, None)?;
        let secure = match client(true, limits.ca_file.as_deref()) {
            Ok(client) => Some(client),
            // A machine without authorities must not keep a broker from starting whose partners need none.
            Err(ClientError::Build(error)) if limits.ca_file.is_none() => {
                debug!(%error, "no https to partners");
                None
            }
            Err(error) => return Err(error),
        };
        let credentials = settings.credentials.iter();
        Ok(Self {
            plain,
            secure,
            settings: limits.clone(),
            credentials: credentials
                .map(|(name, told)| (name.clone(), told.bearer.clone()))
                .collect(),
            lines: Mutex::default(),
            metrics,
        })
    }

    /// How it goes with a partner; `None` before the first call.
    #[must_use]
    pub fn status(&self, partner: &DomainId) -> Option<LineStatus> {
        let line = self.lines().get(partner).cloned();
        line.map(|line| line.status())
    }

    /// Nothing is asked of this partner any more.
    pub fn forget(&self, partner: &DomainId) {
        self.lines().remove(partner);
        self.metrics.partners.forget(partner);
    }

    /// Whether the settings have credentials of this name.
    #[must_use]
    pub fn has_credentials(&self, name: &str) -> bool {
        self.credentials.contains_key(name)
    }

    fn lines(&self) -> MutexGuard<'_, BTreeMap<DomainId, Arc<Line>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self, partner: &DomainId) -> Arc<Line> {
        let mut lines = self.lines();
        let known = lines.get(partner).cloned();
        known.unwrap_or_else(|| {
            let line = Arc::new(Line::new(&self.settings));
            lines.insert(partner.clone(), Arc::clone(&line));
            self.metrics.partners.circuit(partner, line.circuit());
            line
        })
    }

    fn client(&self, url: &Url) -> Result<&Client, CallError> {
        if url.scheme() != "https" {
            return Ok(&self.plain);
        }
        let why =
            "this machine has no certificate authorities; sof.interlude.ca_file may name some";
        self.secure
            .as_ref()
            .ok_or_else(|| CallError::NotSent(why.to_owned()))
    }

    /// The URL of something under an API of a partner.
    pub(super) fn url(partner: &Partner, api: Api, path: &[&str]) -> Result<Url, CallError> {
        let base = partner.api_url(api).ok_or_else(|| CallError::Refused {
            status: 501,
            faults: vec![Fault {
                property_path: None,
                ..Fault::new(
                    FaultCode::OtherIssue,
                    "",
                    format!("the partner has no {}", api.word()),
                )
            }],
        })?;
        url_under(&base, path)
    }

    /// What is sent to a partner.
    pub(super) fn ask<'a>(
        &'a self,
        partner: &Partner,
        operation: &'static str,
        method: Method,
        url: Url,
        body: Option<&'a Value>,
    ) -> Result<Ask<'a>, CallError> {
        let bearer = match &partner.credentials {
            None => None,
            Some(name) => Some(self.credentials.get(name).ok_or_else(|| {
                CallError::NotSent(format!("the settings have no [sof.credentials.{name}]"))
            })?),
        };
        Ok(Ask {
            operation,
            method,
            url,
            body,
            bearer,
        })
    }

    /// Sends once, past the breaker: to look at a partner whose circuit may be open.
    pub(super) async fn raw(
        &self,
        partner: &Partner,
        ask: &Ask<'_>,
    ) -> Result<Exchange, CallError> {
        let line = self.line(&partner.domain);
        let _place = line.place().await?;
        let client = self.client(&ask.url)?;
        let found = exchange(client, ask, self.settings.timeout, self.settings.max_bytes).await;
        self.count(partner, ask, found.as_ref().err());
        found
    }

    fn count(&self, partner: &Partner, ask: &Ask<'_>, error: Option<&CallError>) {
        let outcome = match error {
            None => "ok",
            Some(CallError::NotSent(_)) => "not-sent",
            Some(CallError::Unknown(_)) => "unknown",
            Some(CallError::Refused { .. }) => "refused",
            Some(CallError::NotFound) => "not-found",
            Some(CallError::Nonsense(_)) => "nonsense",
        };
        let metrics = &self.metrics.partners;
        metrics.call(&partner.domain, ask.operation, outcome);
        match error {
            Some(CallError::Nonsense(_) | CallError::Unknown(_)) => {
                warn!(partner = %partner.domain, operation = ask.operation, outcome, error = %error.map(shorten).unwrap_or_default(), "called");
            }
            _ => debug!(partner = %partner.domain, operation = ask.operation, outcome, "called"),
        }
    }

    /// Sends once. `Err` tells whether the partner was called at all.
    async fn once<T>(
        &self,
        partner: &Partner,
        ask: &Ask<'_>,
        read: &(impl Fn(&Exchange) -> Result<T, CallError> + Sync),
    ) -> Result<T, (CallError, bool)> {
        let line = self.line(&partner.domain);
        let stays = |error| (error, false);
        let client = self.client(&ask.url).map_err(stays)?;
        let _place = line.place().await.map_err(stays)?;
        let trial = line.admit(clock::instant()).map_err(|error| {
            self.count(partner, ask, Some(&error));
            (error, false)
        })?;
        let sent = exchange(client, ask, self.settings.timeout, self.settings.max_bytes).await;
        let found = sent.and_then(|answer| read(&answer));
        // Who refuses is there; who asks to be left alone is to be.
        let failure = match &found {
            Ok(_) | Err(CallError::Refused { .. } | CallError::NotFound) => None,
            Err(error) => Some(shorten(format_args!("{}: {error}", ask.operation))),
        };
        trial.ended(failure, clock::now());
        let metrics = &self.metrics.partners;
        metrics.circuit(&partner.domain, line.circuit());
        self.count(partner, ask, found.as_ref().err());
        found.map_err(|error| (error, true))
    }

    /// Sends what changes something: once.
    pub(super) async fn change<T>(
        &self,
        partner: &Partner,
        ask: &Ask<'_>,
        read: impl Fn(&Exchange) -> Result<T, CallError> + Sync,
    ) -> Result<T, CallError> {
        let found = self.once(partner, ask, &read).await;
        found.map_err(|(error, _)| error)
    }

    /// Asks, and again with growing pauses where the partner did not answer.
    pub(super) async fn question<T>(
        &self,
        partner: &Partner,
        ask: &Ask<'_>,
        read: impl Fn(&Exchange) -> Result<T, CallError> + Sync,
    ) -> Result<T, CallError> {
        let mut pauses = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(self.settings.retry_after)
            .with_max_delay(self.settings.timeout.max(self.settings.retry_after))
            .with_max_times(self.settings.tries.saturating_sub(1))
            .build();
        loop {
            let error = match self.once(partner, ask, &read).await {
                Ok(found) => return Ok(found),
                Err((error, was_called)) => {
                    let may_pass = matches!(error, CallError::NotSent(_) | CallError::Unknown(_));
                    if !(was_called && may_pass) {
                        return Err(error);
                    }
                    error
                }
            };
            let Some(pause) = pauses.next() else {
                return Err(error);
            };
            tokio::time::sleep(pause).await;
        }
    }
}

pub(super) fn url_under(base: &str, path: &[&str]) -> Result<Url, CallError> {
    let wrong = || {
        CallError::NotSent(format!(
            "'{base}' is not a URL to which a path can be added"
        ))
    };
    let mut url = Url::parse(base).map_err(|_| wrong())?;
    url.path_segments_mut().map_err(|()| wrong())?.extend(path);
    Ok(url)
}

/// Reads the body of an answer of success.
pub(super) fn sense<T>(
    ask: &Ask<'_>,
    answer: &Exchange,
    decode: impl Fn(&Cursor<'_>) -> Result<T, FieldError>,
) -> Result<T, CallError> {
    let body = answer.success(ask)?;
    decode(&Cursor::root(&body)).map_err(|error| ask.nonsense(error))
}

impl Partners for Interlude {
    fn order<'a>(&'a self, partner: &'a Partner, body: &'a Value) -> Called<'a, PartnerOrder> {
        Box::pin(async move {
            let url = Self::url(partner, Api::ServiceOrdering, &["serviceOrder"])?;
            let ask = self.ask(partner, "order", Method::POST, url, Some(body))?;
            let ours = body.get("externalId").and_then(Value::as_str);
            self.change(partner, &ask, |answer| {
                let order = sense(&ask, answer, decode_order)?;
                match (ours, order.external_id.as_deref()) {
                    (Some(ours), Some(told)) if ours != told => {
                        let why = format_args!("externalId is '{told}', we sent '{ours}'");
                        Err(ask.nonsense(why))
                    }
                    _ => Ok(order),
                }
            })
            .await
        })
    }

    fn look<'a>(&'a self, partner: &'a Partner, id: &'a OrderId) -> Called<'a, PartnerOrder> {
        Box::pin(async move {
            let path = ["serviceOrder", id.0.as_str()];
            let url = Self::url(partner, Api::ServiceOrdering, &path)?;
            let ask = self.ask(partner, "look", Method::GET, url, None)?;
            self.question(partner, &ask, |answer| {
                let order = sense(&ask, answer, decode_order)?;
                if order.id == *id {
                    return Ok(order);
                }
                Err(ask.nonsense(format_args!("it is the order {}, not {id}", order.id)))
            })
            .await
        })
    }

    fn find<'a>(
        &'a self,
        partner: &'a Partner,
        external_id: &'a str,
        since: Timestamp,
    ) -> Called<'a, Option<PartnerOrder>> {
        Box::pin(self.find_order(partner, external_id, since))
    }

    fn service<'a>(
        &'a self,
        partner: &'a Partner,
        id: &'a ServiceId,
    ) -> Called<'a, PartnerService> {
        Box::pin(async move {
            let path = ["service", id.0.as_str()];
            let url = Self::url(partner, Api::ServiceInventory, &path)?;
            let ask = self.ask(partner, "service", Method::GET, url, None)?;
            self.question(partner, &ask, |answer| {
                let service = sense(&ask, answer, decode_service)?;
                if service.id == *id {
                    return Ok(service);
                }
                Err(ask.nonsense(format_args!("it is the service {}, not {id}", service.id)))
            })
            .await
        })
    }

    fn test<'a>(&'a self, partner: &'a Partner, id: &'a ServiceId) -> Called<'a, TestOutcome> {
        Box::pin(async move {
            let limit: Duration = self.settings.test_timeout;
            let tested = tokio::time::timeout(limit, self.run_test(partner, id));
            tested.await.unwrap_or_else(|_| {
                let why = format!("the test had no result within {limit:?}");
                Err(CallError::Unknown(why))
            })
        })
    }

    fn is_left_alone(&self, partner: &DomainId) -> bool {
        let line = self.lines().get(partner).cloned();
        line.is_some_and(|line| !line.would_admit(clock::instant()))
    }
}
