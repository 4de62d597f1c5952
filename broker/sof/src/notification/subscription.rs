//! Who wants to hear of what (`EventSubscriptionInput`, `EventSubscription`), read from what strangers send.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::EventType;
use crate::mef::{Api, Fault, FaultCode, ReferencePoint};

/// A subscription as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// Given by us, a UUID.
    pub id: String,
    /// Who subscribed: he hears of his own orders and services.
    pub buyer: String,
    /// Where he subscribed: he hears of what was ordered there.
    pub reference_point: ReferencePoint,
    /// At which API.
    pub api: Api,
    /// The major version of the API, which is that of the notifications too.
    pub version: u32,
    /// Where he wants to hear it.
    pub callback: Callback,
    /// The filter as it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The filter as it was understood.
    pub event_types: EventTypes,
    /// When he subscribed.
    pub created: Timestamp,
}

impl Subscription {
    /// `EventSubscription`: the identifier, and what was sent, as it was sent.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = json!({"id": self.id, "callback": self.callback.as_str()});
        if let (Some(query), Some(body)) = (&self.query, body.as_object_mut()) {
            body.insert("query".to_owned(), query.as_str().into());
        }
        body
    }

    /// Where notifications of a type go: the callback, the notification API's path, `/listener/` and the type. The path
    /// is the one of the notification document's `servers`.
    #[must_use]
    pub fn listener(&self, of: EventType) -> String {
        let callback = self.callback.as_str().trim_end_matches('/');
        let path = self
            .api
            .notification_path(self.reference_point, self.version);
        format!("{callback}{path}/listener/{}", of.as_str())
    }
}

/// What is sent to subscribe (`EventSubscriptionInput`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionInput {
    /// Where notifications are to go.
    pub callback: Callback,
    /// The filter as it was sent.
    pub query: Option<String>,
    /// The filter as it was understood.
    pub event_types: EventTypes,
}

impl SubscriptionInput {
    /// Reads an `EventSubscriptionInput` of an API.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn decode(api: Api, value: &Value) -> Result<Self, Vec<Fault>> {
        let Some(members) = value.as_object() else {
            let why = "must be an object with 'callback' and perhaps 'query'";
            return Err(vec![Fault::new(FaultCode::InvalidFormat, "", why)]);
        };
        let mut faults = Vec::new();
        for name in members.keys() {
            if !matches!(name.as_str(), "callback" | "query") {
                let path = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
                let why = "a subscription has 'callback' and 'query' only";
                faults.push(Fault::new(FaultCode::UnexpectedProperty, path, why));
            }
        }
        let mut text = |name: &str| match members.get(name) {
            None => None,
            Some(Value::String(text)) => Some(text.as_str()),
            Some(_) => {
                let why = format!("'{name}' must be a string");
                faults.push(Fault::new(
                    FaultCode::InvalidFormat,
                    format!("/{name}"),
                    why,
                ));
                None
            }
        };
        let (callback, query) = (text("callback"), text("query"));
        if !members.contains_key("callback") {
            let why = "'callback' is needed: the URL that notifications are sent to";
            faults.push(Fault::new(FaultCode::MissingProperty, "/callback", why));
        }
        let callback = callback.and_then(|callback| match Callback::parse(callback) {
            Ok(callback) => Some(callback),
            Err(fault) => {
                let code = match fault {
                    CallbackFault::NotAUrl(_) => FaultCode::InvalidFormat,
                    _ => FaultCode::InvalidValue,
                };
                faults.push(Fault::new(code, "/callback", fault.to_string()));
                None
            }
        });
        let event_types = match EventTypes::parse(api, query.unwrap_or_default()) {
            Ok(event_types) => Some(event_types),
            Err(fault) => {
                let code = match fault {
                    QueryFault::UnknownType { .. } => FaultCode::InvalidValue,
                    _ => FaultCode::InvalidFormat,
                };
                faults.push(Fault::new(code, "/query", fault.to_string()));
                None
            }
        };
        match (callback, event_types) {
            (Some(callback), Some(event_types)) if faults.is_empty() => Ok(Self {
                callback,
                query: query.map(str::to_owned),
                event_types,
            }),
            _ => Err(faults),
        }
    }
}

/// The URL that a notification API's path is put behind. Which addresses it may lead to is for who sends to decide,
/// each time that he sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Callback(String);

/// Why a text is no callback.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackFault {
    /// It is no absolute URL.
    #[error("the callback is no URL: {0}")]
    NotAUrl(String),
    /// It is too long.
    #[error("the callback has {0} octets, at most {limit} are taken", limit = Callback::MAX_BYTES)]
    TooLong(usize),
    /// It is of another scheme.
    #[error("the callback's scheme is '{0}', it must be https or http")]
    Scheme(String),
    /// It names a user or a password.
    #[error("the callback must not hold a user name or a password")]
    UserInfo,
    /// Something would stand before the path that is put behind it.
    #[error("the callback must end with its path: it has a {0}")]
    Behind(&'static str),
    /// No host, or an empty one.
    #[error("the callback has no host")]
    NoHost,
    /// It has characters that a URL has not: what they mean differs from reader to reader.
    #[error("the callback has a character that no URL has")]
    Characters,
}

impl Callback {
    /// The longest callback, in octets.
    pub const MAX_BYTES: usize = 2_048;

    /// Reads a callback.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, CallbackFault> {
        if text.len() > Self::MAX_BYTES {
            return Err(CallbackFault::TooLong(text.len()));
        }
        // The parser would drop or mend these.
        if text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
            return Err(CallbackFault::Characters);
        }
        let url = Url::parse(text).map_err(|error| CallbackFault::NotAUrl(error.to_string()))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(CallbackFault::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(CallbackFault::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(CallbackFault::Behind("fragment"));
        }
        if url.query().is_some() {
            return Err(CallbackFault::Behind("query"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(CallbackFault::NoHost);
        }
        Ok(Self(text.to_owned()))
    }

    /// As it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Scheme, host and port, for logs: a path may hold what only the subscriber and we are to know.
    #[must_use]
    pub fn origin(&self) -> String {
        Url::parse(&self.0).map_or_else(|_| String::new(), |url| url.origin().ascii_serialization())
    }
}

impl fmt::Display for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which event types a subscriber wants to hear of; at least one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventTypes(BTreeSet<EventType>);

/// Why a `query` is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryFault {
    /// It is too long.
    #[error("the query has {0} octets, at most {limit} are taken", limit = EventTypes::MAX_BYTES)]
    TooLong(usize),
    /// It is not `name=value`.
    #[error("'{0}' must be 'eventType=' and event types with commas between them")]
    Form(String),
    /// It filters by something else.
    #[error("'{0}' is nothing to filter by; 'eventType' is")]
    Name(String),
    /// A type is left out between commas.
    #[error("'{0}' has an empty event type")]
    EmptyType(String),
    /// A type that this API does not have.
    #[error("'{found}' is no event type here; there are {}", known(*.api))]
    UnknownType {
        /// What was found.
        found: String,
        /// Of which API it should be.
        api: Api,
    },
}

fn known(api: Api) -> String {
    let words: Vec<_> = EventType::of(api).map(EventType::as_str).collect();
    words.join(", ")
}

impl EventTypes {
    /// The longest query, in octets.
    pub const MAX_BYTES: usize = 1_024;

    /// All types of an API.
    #[must_use]
    pub fn all(api: Api) -> Self {
        Self(EventType::of(api).collect())
    }

    /// Reads a `query` (`EventSubscriptionInput`): `eventType=` and types with commas between them, spaces around each
    /// part; an empty one is all types. TM Forum's form `eventType=a&eventType=b` means the same as `eventType=a,b`.
    ///
    /// # Errors
    /// It has another form, or names a type that the API does not have.
    pub fn parse(api: Api, query: &str) -> Result<Self, QueryFault> {
        if query.len() > Self::MAX_BYTES {
            return Err(QueryFault::TooLong(query.len()));
        }
        if query.trim().is_empty() {
            return Ok(Self::all(api));
        }
        let shown = |text: &str| text.chars().take(60).collect::<String>();
        let mut types = BTreeSet::new();
        for part in query.split('&') {
            let Some((name, values)) = part.split_once('=') else {
                return Err(QueryFault::Form(shown(part)));
            };
            if name.trim() != "eventType" {
                return Err(QueryFault::Name(shown(name.trim())));
            }
            for word in values.split(',').map(str::trim) {
                if word.is_empty() {
                    return Err(QueryFault::EmptyType(shown(part.trim())));
                }
                let found = EventType::of(api).find(|of| of.as_str() == word);
                types.insert(found.ok_or_else(|| QueryFault::UnknownType {
                    found: shown(word),
                    api,
                })?);
            }
        }
        Ok(Self(types))
    }

    /// Whether a type is one of them.
    #[must_use]
    pub fn contains(&self, of: EventType) -> bool {
        self.0.contains(&of)
    }

    /// Each one, in the order of [`EventType::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = EventType> {
        self.0.iter().copied()
    }
}

/// The query in its shortest form.
impl fmt::Display for EventTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(EventType::as_str).collect();
        write!(f, "eventType={}", words.join(","))
    }
}
