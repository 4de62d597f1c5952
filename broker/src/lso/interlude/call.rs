//! One exchange with a partner, and what it means.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sof::interlude::{CallError, decode_faults};
use sof::mef::{Fault, FaultCode};
use url::Url;

use crate::egress;

/// The type of bodies, both ways (the documents' `content`).
pub(crate) const JSON_UTF8: &str = "application/json;charset=utf-8";

/// The longest text of an answer that is shown.
const SHOWN: usize = 200;
/// The longest text about a call that is kept.
const KEPT: usize = 1_000;

/// A text that a partner had a part in, cut so that it can be kept and logged.
pub(crate) fn shorten(text: impl std::fmt::Display) -> String {
    let text = text.to_string();
    match text.char_indices().nth(KEPT) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// A request to a partner.
#[derive(Clone, Debug)]
pub(crate) struct Ask<'a> {
    /// For metrics and logs.
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) body: Option<&'a Value>,
    pub(crate) bearer: Option<&'a SecretString>,
}

/// An answer of any status, read whole.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Ask<'_> {
    /// Whether it changes nothing at the partner, so that it may be asked again.
    pub(crate) fn is_question(&self) -> bool {
        self.method == Method::GET
    }

    /// What it means that the answer makes no sense. Of what changes something, nobody knows whether it did.
    pub(crate) fn nonsense(&self, why: impl std::fmt::Display) -> CallError {
        if self.is_question() {
            CallError::Nonsense(why.to_string())
        } else {
            CallError::Unknown(format!("the answer makes no sense: {why}"))
        }
    }
}

/// Sends, and reads an answer of at most `limit` bytes.
pub(crate) async fn exchange(
    client: &Client,
    ask: &Ask<'_>,
    timeout: std::time::Duration,
    limit: usize,
) -> Result<Exchange, CallError> {
    let mut request = client
        .request(ask.method.clone(), ask.url.clone())
        .timeout(timeout)
        .header(header::ACCEPT, JSON_UTF8);
    if let Some(body) = ask.body {
        let bytes = serde_json::to_vec(body)
            .map_err(|error| CallError::NotSent(format!("cannot write the request: {error}")))?;
        request = request.header(header::CONTENT_TYPE, JSON_UTF8).body(bytes);
    }
    if let Some(token) = ask.bearer {
        let value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()));
        let Ok(mut value) = value else {
            let why = "the credentials cannot be a header: see [sof.credentials]";
            return Err(CallError::NotSent(why.to_owned()));
        };
        value.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, value);
    }
    let broken = |error: &reqwest::Error| {
        let why = egress::transport(error);
        // Nothing of the request has gone before there is a connection.
        if error.is_connect() || error.is_builder() {
            CallError::NotSent(why)
        } else {
            CallError::Unknown(why)
        }
    };
    let mut response = request.send().await.map_err(|error| broken(&error))?;
    let too_large = || ask.nonsense(format_args!("it is larger than {limit} bytes"));
    if response
        .content_length()
        .is_some_and(|length| length > limit as u64)
    {
        return Err(too_large());
    }
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > limit => return Err(too_large()),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => return Err(CallError::Unknown(egress::transport(&error))),
        }
    }
    Ok(Exchange {
        status,
        headers,
        body: body.freeze(),
    })
}

impl Exchange {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// That it is an answer of success, of which no body matters; for all others, what they mean.
    pub(crate) fn done(&self, ask: &Ask<'_>) -> Result<(), CallError> {
        if self.status.is_success() {
            Ok(())
        } else {
            Err(self.error(ask))
        }
    }

    /// The JSON of an answer of success; for all others, what they mean.
    pub(crate) fn success(&self, ask: &Ask<'_>) -> Result<Value, CallError> {
        self.done(ask)?;
        self.json().map_err(|error| ask.nonsense(error))
    }

    /// What an answer that is no success means, cut by what may be done next.
    fn error(&self, ask: &Ask<'_>) -> CallError {
        let body = self.json().ok();
        let faults = body.as_ref().map(decode_faults).unwrap_or_default();
        let status = self.status.as_u16();
        match status {
            // Whether something is there, a page of somebody's proxy cannot say.
            404 if ask.is_question() => match body {
                Some(Value::Object(_)) => CallError::NotFound,
                None if self.body.is_empty() => CallError::NotFound,
                _ => ask.nonsense(format_args!(
                    "HTTP 404, but not of this API: {}",
                    self.shown()
                )),
            },
            // RFC 9110 §15.5.9: who did not get the request whole may still have begun on it.
            408 => CallError::Unknown(self.words(&faults)),
            // RFC 8470 §5.2, RFC 6585 §4: not carried out.
            425 | 429 => CallError::NotSent(self.words(&faults)),
            // RFC 9110 §15.6.2: the method is not supported at all.
            400..=499 | 501 => CallError::Refused {
                status,
                faults: if faults.is_empty() {
                    vec![Fault {
                        property_path: None,
                        ..Fault::new(FaultCode::OtherIssue, "", self.shown())
                    }]
                } else {
                    faults
                },
            },
            500..=599 => CallError::Unknown(self.words(&faults)),
            300..=399 => ask.nonsense(format_args!("HTTP {status}: redirects are not followed")),
            _ => ask.nonsense(format_args!("HTTP {status}")),
        }
    }

    fn words(&self, faults: &[Fault]) -> String {
        let status = self.status.as_u16();
        match faults.first() {
            Some(fault) => format!("HTTP {status}: {}", fault.reason),
            None => format!("HTTP {status}"),
        }
    }

    /// The beginning of the body, as text.
    pub(crate) fn shown(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let text: String = text
            .chars()
            .filter(|sign| !sign.is_control())
            .take(SHOWN)
            .collect();
        if text.is_empty() {
            format!("HTTP {} without a body", self.status.as_u16())
        } else {
            text
        }
    }

    /// A header that is a whole number.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        let value = self.headers.get(name)?.to_str().ok()?;
        value.trim().parse().ok()
    }
}
