//! What the documents of MEF's LSO APIs have in common: reference points, APIs with their versions and paths, and
//! the error vocabulary (Mplify 99.1, 135.1, 149; release Kylie).

use serde::{Deserialize, Serialize};

pub mod links;
pub mod time;

/// Between whom an API is spoken (MEF 55.1 §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReferencePoint {
    /// The provider's business applications, and its SOF.
    Legato,
    /// The customer's applications, and the provider's SOF.
    Allegro,
    /// The provider's SOF, and a partner's.
    Interlude,
}

impl ReferencePoint {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Legato, Self::Allegro, Self::Interlude];

    /// The word in paths.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Legato => "legato",
            Self::Allegro => "allegro",
            Self::Interlude => "interlude",
        }
    }
}

/// An API that the SOF serves or uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Api {
    /// Service ordering, Mplify 99.1.
    ServiceOrdering,
    /// Service inventory, Mplify 135.1.
    ServiceInventory,
    /// Service function testing, Mplify 149.
    ServiceFunctionTesting,
}

impl Api {
    /// Every one.
    pub const ALL: [Self; 3] = [
        Self::ServiceOrdering,
        Self::ServiceInventory,
        Self::ServiceFunctionTesting,
    ];

    /// The word in the broker's own API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::ServiceOrdering => "service-ordering",
            Self::ServiceInventory => "service-inventory",
            Self::ServiceFunctionTesting => "service-function-testing",
        }
    }

    /// The major version of the current release (Kylie, 2026-02) at a reference point.
    #[must_use]
    pub const fn version(self, at: ReferencePoint) -> u32 {
        match (self, at) {
            (Self::ServiceOrdering, ReferencePoint::Legato) => 6,
            (Self::ServiceOrdering, _) => 1,
            (Self::ServiceInventory, ReferencePoint::Legato) => 7,
            (Self::ServiceInventory, _) => 2,
            (Self::ServiceFunctionTesting, _) => 3,
        }
    }

    /// The major versions that are served and spoken, the current one first: it, and the one before.
    pub fn versions(self, at: ReferencePoint) -> impl Iterator<Item = u32> {
        let current = self.version(at);
        [current, current - 1].into_iter().filter(|one| *one > 0)
    }

    /// The API's name in paths, of requests to the SOF.
    #[must_use]
    pub const fn management(self) -> &'static str {
        match self {
            Self::ServiceOrdering => "serviceOrderingManagement",
            Self::ServiceInventory => "serviceInventory",
            Self::ServiceFunctionTesting => "serviceFunctionTesting",
        }
    }

    /// The API's name in paths, of notifications to who ordered.
    #[must_use]
    pub const fn notification(self) -> &'static str {
        match self {
            Self::ServiceOrdering => "serviceOrderingNotification",
            Self::ServiceInventory => "serviceInventoryNotification",
            Self::ServiceFunctionTesting => "serviceFunctionTestingNotification",
        }
    }

    /// `/mefApi/interlude/serviceOrderingManagement/v1`, without a slash at the end.
    #[must_use]
    pub fn path(self, at: ReferencePoint, version: u32) -> String {
        format!("/mefApi/{}/{}/v{version}", at.as_str(), self.management())
    }

    /// `/mefApi/interlude/serviceOrderingNotification/v1`, without a slash at the end.
    #[must_use]
    pub fn notification_path(self, at: ReferencePoint, version: u32) -> String {
        format!("/mefApi/{}/{}/v{version}", at.as_str(), self.notification())
    }
}

/// What is wrong with a property (`Error422Code`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FaultCode {
    /// A property that is needed is not there.
    MissingProperty,
    /// The value is not allowed.
    InvalidValue,
    /// The value does not have the format.
    InvalidFormat,
    /// What is referred to is not known.
    ReferenceNotFound,
    /// The property is not known.
    UnexpectedProperty,
    /// The answer would have too many records.
    TooManyRecords,
    /// Something else; the reason tells.
    OtherIssue,
}

/// One fault of a payload (`Error422`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// Of which kind.
    pub code: FaultCode,
    /// Where: a JSON pointer (RFC 6901) into the payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub property_path: Option<String>,
    /// What is wrong, which value it has and which rule it breaks, at most 255 characters.
    pub reason: String,
}

impl Fault {
    /// The longest `reason` (`Error.reason`, maxLength), in characters.
    pub const MAX_REASON: usize = 255;

    /// A fault at a property.
    #[must_use]
    pub fn new(code: FaultCode, path: impl Into<String>, reason: impl AsRef<str>) -> Self {
        Self {
            code,
            property_path: Some(path.into()),
            reason: cut(reason.as_ref(), Self::MAX_REASON),
        }
    }

    /// Where it is; empty for the whole.
    #[must_use]
    pub fn path(&self) -> &str {
        self.property_path.as_deref().unwrap_or_default()
    }
}

/// The faults of one payload, as they are found. Each is counted; only so many are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    told: Vec<Fault>,
    total: usize,
}

impl Faults {
    /// So many faults are told of one payload.
    pub const TOLD: usize = 100;

    /// Adds a fault at a property.
    pub fn push(&mut self, code: FaultCode, path: impl Into<String>, reason: impl AsRef<str>) {
        self.add(Fault::new(code, path, reason));
    }

    /// Adds a fault.
    pub fn add(&mut self, fault: Fault) {
        self.total += 1;
        if self.told.len() < Self::TOLD {
            self.told.push(fault);
        }
    }

    /// How many there are.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.total
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The faults in the order in which they were found. Where they are more than are told, the last says how many.
    #[must_use]
    pub fn into_vec(mut self) -> Vec<Fault> {
        let more = self.total - self.told.len();
        if more > 0 {
            let reason = format!("{more} more faults are not listed");
            self.told
                .push(Fault::new(FaultCode::OtherIssue, "", reason));
        }
        self.told
    }
}

/// A value in a reason: cut after 80 characters.
#[must_use]
pub fn show(value: &str) -> String {
    cut(value, 80)
}

/// A text of at most so many characters; of one that was longer, the last three are dots.
fn cut(text: &str, limit: usize) -> String {
    if text.char_indices().nth(limit).is_none() {
        return text.to_owned();
    }
    let kept = text.chars().take(limit.saturating_sub(3));
    kept.chain("...".chars()).collect()
}

/// Why an item was ended (`TerminationError`): code and path as a [`Fault`], the reason as `value`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TerminationError {
    /// Of which kind.
    pub code: FaultCode,
    /// Where in the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub property_path: Option<String>,
    /// The reason, for people.
    pub value: String,
}
