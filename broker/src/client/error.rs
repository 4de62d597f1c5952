//! What can go wrong between a client and a broker, cut by who must act: the caller mends his input,
//! the operator starts the broker or points the client at it, and so on.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use url::Url;

use super::media_type::MediaType;

/// Why there is no good answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The command line or a file that it names is wrong; nothing was sent.
    #[error("{0}")]
    Input(String),
    /// Nobody answers at the address.
    #[error("{} does not answer: {cause}; is a server running there?", origin(url))]
    NoAnswer {
        /// What was asked.
        url: Url,
        /// The system's word for it: connection refused, and so on.
        cause: String,
    },
    /// The answer did not come in time.
    #[error("{} did not answer within {}; --timeout waits longer", origin(url), humantime(*timeout))]
    Timeout {
        /// What was asked.
        url: Url,
        /// How long we waited.
        timeout: Duration,
    },
    /// The server refuses the request and says why.
    #[error("{} refused the request: {}", .0.server(), .0)]
    Refused(Refusal),
    /// What was asked for does not exist.
    #[error("{0}")]
    NotFound(Refusal),
    /// Too many requests (RFC 6585 §4).
    #[error("{} takes no more requests from here for now; try again {}", origin(url), after(retry_after.as_deref()))]
    TooManyRequests {
        /// What was asked.
        url: Url,
        /// `Retry-After`: seconds or a date.
        retry_after: Option<String>,
    },
    /// Something answers, but it is no broker.
    #[error("{url} answers, but not as an ALTO server does: it sent {content_type}")]
    NotABroker {
        /// What was asked.
        url: Url,
        /// What came.
        content_type: String,
    },
    /// An answer that makes no sense to us.
    #[error("the answer of {url} is not understood: {detail}")]
    NotUnderstood {
        /// What was asked.
        url: Url,
        /// What is wrong with it.
        detail: String,
    },
}

impl ClientError {
    pub(super) fn from_transport(url: &Url, timeout: Duration, error: &reqwest::Error) -> Self {
        let url = url.clone();
        if error.is_timeout() {
            Self::Timeout { url, timeout }
        } else if error.is_redirect() {
            Self::NotUnderstood {
                url,
                detail: root_cause(error),
            }
        } else {
            Self::NoAnswer {
                url,
                cause: root_cause(error),
            }
        }
    }

    pub(super) fn from_response(
        url: Url,
        status: StatusCode,
        content_type: &MediaType,
        retry_after: Option<&str>,
        body: &[u8],
    ) -> Self {
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Self::TooManyRequests {
                url,
                retry_after: retry_after.map(str::to_owned),
            };
        }
        let json = || serde_json::from_slice::<Value>(body).ok();
        let refusal = match content_type.essence() {
            super::ERROR_TYPE => json().and_then(|json| Refusal::from_alto(status, &json)),
            super::PROBLEM_TYPE => json().map(|json| Refusal::from_problem(status, &json)),
            super::JSON_TYPE => json().and_then(|json| Refusal::from_mef(status, &json)),
            _ => None,
        };
        let refusal = refusal.map(|refusal| refusal.of_server(&url));
        match refusal {
            Some(refusal) if status == StatusCode::NOT_FOUND => Self::NotFound(refusal),
            Some(refusal) => Self::Refused(refusal),
            None if content_type.essence() == "text/html" => Self::NotABroker {
                url,
                content_type: format!("{content_type}, status {status}"),
            },
            None if status == StatusCode::UNAUTHORIZED => {
                let why = "it wants a token (--token, BROKERCTL_TOKEN) or a user (--user)";
                Self::Refused(Refusal::bare(status, why).of_server(&url))
            }
            None => Self::NotUnderstood {
                url,
                detail: format!("status {status}, {content_type}"),
            },
        }
    }
}

/// A request that a server refuses, in the words of its error: RFC 7285 §8.5 or RFC 9457.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// What was asked, where told: its origin is the server that refuses.
    pub url: Option<Box<Url>>,
    /// The HTTP status.
    pub status: StatusCode,
    /// The ALTO error code (`E_SYNTAX`, ...) or the problem's title.
    pub code: String,
    /// What is wrong, in a sentence, where told.
    pub detail: Option<String>,
    /// The fields that are wrong.
    pub faults: Vec<Fault>,
    /// How many more faults there are.
    pub more: usize,
    /// The file that was sent, if one was: faults with a place are told as places in it.
    pub file: Option<Box<str>>,
}

/// One field of a request that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// Its path.
    pub field: Option<String>,
    /// What it holds.
    pub value: Option<String>,
    /// The rule that it breaks.
    pub rule: Option<String>,
    /// Its line in the document that was sent, counted from 1.
    pub line: Option<u64>,
    /// Its column there, counted from 1.
    pub column: Option<u64>,
}

impl Refusal {
    fn bare(status: StatusCode, detail: &str) -> Self {
        let code = status.to_string();
        Self {
            status,
            code,
            detail: Some(detail.to_owned()),
            ..Self::default()
        }
    }

    fn of_server(self, url: &Url) -> Self {
        Self {
            url: Some(Box::new(url.clone())),
            ..self
        }
    }

    fn server(&self) -> String {
        let url = self.url.as_deref();
        url.map_or_else(|| "the server".to_owned(), origin)
    }

    /// The same of a document from this file.
    #[must_use]
    pub fn of_file(self, file: &str) -> Self {
        Self {
            file: Some(file.into()),
            ..self
        }
    }

    /// `{"meta": {"code", "syntax-error"?, "field"?, "value"?, "reason"?}}`; `None` without a code.
    fn from_alto(status: StatusCode, json: &Value) -> Option<Self> {
        let meta = json.get("meta")?;
        let text = |name: &str| meta.get(name).map(text_of);
        let fault = Fault {
            field: text("field"),
            value: text("value"),
            rule: text("reason"),
            ..Fault::default()
        };
        let syntax = text("syntax-error");
        let (detail, faults) = match (&fault.field, &fault.value) {
            (None, None) => (syntax.or(fault.rule), Vec::new()),
            _ => (syntax, vec![fault]),
        };
        Some(Self {
            status,
            code: text("code")?,
            detail,
            faults,
            ..Self::default()
        })
    }

    /// An error of MEF's LSO APIs: `{"code", "reason", "message"?}`, or of a payload with faults
    /// `[{"code", "propertyPath"?, "reason", "message"?}]` (Mplify 99.1 `Error400` to `Error500`); `None` for what is neither.
    fn from_mef(status: StatusCode, json: &Value) -> Option<Self> {
        let text = |json: &Value, name: &str| json.get(name).map(text_of);
        if let Some(faults) = json.as_array() {
            let faults = faults.iter().filter(|fault| fault.is_object());
            let faults: Vec<Fault> = faults
                .map(|fault| Fault {
                    field: text(fault, "propertyPath"),
                    rule: text(fault, "reason").or_else(|| text(fault, "code")),
                    ..Fault::default()
                })
                .collect();
            return (!faults.is_empty()).then(|| Self {
                status,
                code: "the order has faults".to_owned(),
                faults,
                ..Self::default()
            });
        }
        let reason = text(json, "reason")?;
        let message = text(json, "message");
        Some(Self {
            status,
            code: reason,
            detail: message,
            ..Self::default()
        })
    }

    /// `{"title", "detail", "errors": [{"field", "value", "rule", "line", "column"}], "total"}`, all of
    /// them optional.
    fn from_problem(status: StatusCode, json: &Value) -> Self {
        let text = |json: &Value, name: &str| json.get(name).map(text_of);
        let faults = json
            .get("errors")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let faults: Vec<Fault> = faults
            .map(|fault| Fault {
                field: text(fault, "field"),
                value: text(fault, "value"),
                rule: text(fault, "rule"),
                line: fault.get("line").and_then(Value::as_u64),
                column: fault.get("column").and_then(Value::as_u64),
            })
            .collect();
        let total = json.get("total").and_then(Value::as_u64);
        let total = total.and_then(|total| usize::try_from(total).ok());
        let more = total.map_or(0, |total| total.saturating_sub(faults.len()));
        // With faults the detail is the same in one long sentence.
        let detail = text(json, "detail").filter(|_| faults.is_empty());
        let code = text(json, "title").unwrap_or_else(|| status.to_string());
        Self {
            status,
            code,
            detail,
            faults,
            more,
            ..Self::default()
        }
    }
}

impl Fault {
    /// `AS7.yaml:3:6: error: /cpu: 'many' is not allowed: a number`, as compilers do, so that an editor
    /// finds the place.
    fn in_file(&self, file: &str) -> String {
        let mut text = file.to_owned();
        for place in [self.line, self.column].into_iter().flatten() {
            text.push_str(&format!(":{place}"));
        }
        text.push_str(": error: ");
        if let Some(field) = self.field.as_deref().filter(|field| !field.is_empty()) {
            text.push_str(&format!("{field}: "));
        }
        if let Some(value) = &self.value {
            text.push_str(&format!("'{value}' is not allowed: "));
        }
        text.push_str(self.rule.as_deref().unwrap_or("it is wrong"));
        text
    }
}

/// A line for the error itself, then a line for each fault of a file, or for each member of a fault.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)?;
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        for fault in &self.faults {
            if let Some(file) = &self.file {
                write!(f, "\n{}", fault.in_file(file))?;
                continue;
            }
            let members = [
                ("field", &fault.field),
                ("value", &fault.value),
                ("rule", &fault.rule),
            ];
            for (name, member) in members {
                if let Some(member) = member.as_deref().filter(|member| !member.is_empty()) {
                    write!(
                        f,
                        "\n  {name}  {}{member}",
                        if name.len() == 4 { " " } else { "" }
                    )?;
                }
            }
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The innermost error: "connection refused" rather than "error sending request for url (...)".
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => "connection refused".to_owned(),
        Some(io::ErrorKind::ConnectionReset) => "the connection was reset".to_owned(),
        Some(io::ErrorKind::HostUnreachable) => "no route to the host".to_owned(),
        Some(io::ErrorKind::NetworkUnreachable) => "the network is unreachable".to_owned(),
        Some(io::ErrorKind::UnexpectedEof) => "the connection was closed".to_owned(),
        _ => innermost.to_string(),
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn humantime(duration: Duration) -> String {
    humantime_serde::re::humantime::format_duration(duration).to_string()
}

fn after(retry_after: Option<&str>) -> String {
    match retry_after {
        None => "later".to_owned(),
        Some(text) => match text.parse::<u64>() {
            Ok(seconds) => format!("in {seconds} s"),
            Err(_) => format!("after {text}"),
        },
    }
}
