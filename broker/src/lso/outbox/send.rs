//! One POST to one listener.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response};
use sof::notification::{Event, Subscription};
use tracing::warn;
use url::Url;

use super::MISSED_EVENTS;
use crate::egress::{self, ClientError};
use crate::lso::callback::{AddressGuard, Guarded, Names};

/// The media type of the documents, both ways.
const JSON: &str = "application/json;charset=utf-8";
/// Octets of an answer's body that are read, so that the connection can be used again. What it says does not matter.
const READ: usize = 16 << 10;

/// What came of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// The listener took it.
    Taken,
    /// The listener says that this notification is no good.
    Refused(String),
    /// It did not get there, or the listener cannot take anything now.
    Failed(String),
}

/// The clients: one for each scheme, since what plain http may reach is less.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    guard: AddressGuard,
    http: Client,
    https: Option<Client>,
}

impl Sender {
    pub(super) fn new(
        timeout: Duration,
        guard: AddressGuard,
        names: Arc<dyn Names>,
        ca_file: Option<&Path>,
    ) -> Result<Self, ClientError> {
        let client = |is_tls: bool| {
            let resolver = Guarded {
                names: Arc::clone(&names),
                guard: guard.clone(),
                is_tls,
            };
            let ca_file = ca_file.filter(|_| is_tls);
            egress::client_of_strangers(timeout, is_tls, ca_file, Arc::new(resolver))
        };
        let https = match client(true) {
            Ok(client) => Some(client),
            Err(error @ ClientError::ReadCa { .. }) => return Err(error),
            // A machine without certificate authorities still serves those who do not subscribe by https.
            Err(error) if ca_file.is_none() => {
                warn!(%error, "no client for https: notifications to https callbacks will wait");
                None
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            http: client(false)?,
            https,
            guard,
        })
    }

    /// Sends an event to a subscriber, who has missed `missed` others.
    pub(super) async fn send(
        &self,
        subscription: &Subscription,
        event: &Event,
        base: &str,
        missed: u64,
    ) -> Sent {
        let url = subscription.listener(event.kind.event_kind());
        let url = match Url::parse(&url) {
            Ok(url) => url,
            Err(error) => return Sent::Failed(format!("the callback is no URL: {error}")),
        };
        // The client asks its resolver about names; an address it would take as it is.
        if let Err(refused) = self.guard.check_url(&url) {
            return Sent::Failed(refused.to_string());
        }
        let client = match (url.scheme(), &self.https) {
            ("https", Some(client)) => client,
            ("https", None) => return Sent::Failed("there is no client for https".to_owned()),
            _ => &self.http,
        };
        let body = event.body(base, subscription.version).to_string();
        let mut request = client.post(url).header(CONTENT_TYPE, JSON).body(body);
        if missed > 0 {
            request = request.header(MISSED_EVENTS, missed);
        }
        match request.send().await {
            Ok(response) => {
                let status = response.status().as_u16();
                drain(response).await;
                judge(status)
            }
            Err(error) => Sent::Failed(egress::transport(&error)),
        }
    }
}

/// What a status means. One that is about the notification itself would be the same for ever; every other may
/// pass, also 401, 403 and 404: of who sends, and where to.
fn judge(status: u16) -> Sent {
    match status {
        200..=299 => Sent::Taken,
        300..=399 => Sent::Failed(format!("HTTP {status}: redirects are not followed")),
        400 | 413 | 422 => Sent::Refused(format!("HTTP {status}")),
        _ => Sent::Failed(format!("HTTP {status}")),
    }
}

async fn drain(mut response: Response) {
    let mut left = READ;
    while let Ok(Some(chunk)) = response.chunk().await {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => break,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_2xx_is_taken_and_only_what_is_about_the_notification_is_refused() {
        for status in 100..=599 {
            let sent = judge(status);
            assert_eq!(
                sent == Sent::Taken,
                (200..300).contains(&status),
                "{status}"
            );
            let refused = matches!(status, 400 | 413 | 422);
            assert_eq!(matches!(sent, Sent::Refused(_)), refused, "{status}");
        }
    }
}
