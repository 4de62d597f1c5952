//! ALTO's error resource (RFC 7285 §8.5).

use bytes::Bytes;
use nffg::json::{FieldError, Problem};
use serde_json::{Map, Value};

/// Why a request is refused. Exactly one fault is reported, the first that is found (§8.5.2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AltoError {
    /// The request is not JSON.
    #[error("the request is not JSON: {detail}")]
    Syntax {
        /// What is wrong, with line and column.
        detail: String,
    },
    /// A required field is absent.
    #[error("{field}: the field is missing")]
    MissingField {
        /// The field's full path.
        field: String,
    },
    /// A field has the wrong JSON type.
    #[error("{}{rule}", prefix(field))]
    InvalidFieldType {
        /// The field's full path; empty for the request as a whole.
        field: String,
        /// What was found, as a string.
        value: String,
        /// What would be right, and what was found.
        rule: String,
    },
    /// A field has a value that is not allowed.
    #[error("{}'{value}' is not allowed: {rule}", prefix(field))]
    InvalidFieldValue {
        /// The field's full path; empty for the request as a whole. For an element of an array it is
        /// the array's.
        field: String,
        /// The value, as a string.
        value: String,
        /// The rule that it breaks.
        rule: String,
    },
}

fn prefix(field: &str) -> String {
    if field.is_empty() {
        String::new()
    } else {
        format!("{field}: ")
    }
}

impl AltoError {
    /// The code of RFC 7285 §8.5.2, Table 1.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "E_SYNTAX",
            Self::MissingField { .. } => "E_MISSING_FIELD",
            Self::InvalidFieldType { .. } => "E_INVALID_FIELD_TYPE",
            Self::InvalidFieldValue { .. } => "E_INVALID_FIELD_VALUE",
        }
    }

    /// The error resource, of type [`media::ERROR`](crate::media::ERROR).
    ///
    /// `value` is always a string and never without `field` (§8.5.2). `reason` is ours: the rule in
    /// words; clients ignore what they do not know (§8.3.7).
    #[must_use]
    pub fn to_json(&self) -> Bytes {
        let mut meta = Map::new();
        let mut put = |name: &str, value: &str| meta.insert(name.to_owned(), value.into());
        put("code", self.code());
        match self {
            Self::Syntax { detail } => {
                put("syntax-error", detail);
            }
            Self::MissingField { field } => {
                put("field", field);
                put("reason", "the field is required");
            }
            Self::InvalidFieldType { field, value, rule }
            | Self::InvalidFieldValue { field, value, rule } => {
                if !field.is_empty() {
                    put("field", field);
                    put("value", value);
                }
                put("reason", rule);
            }
        }
        Value::from(Map::from_iter([("meta".to_owned(), Value::from(meta))]))
            .to_string()
            .into()
    }

    /// A value that is not allowed.
    pub(crate) fn invalid(field: impl Into<String>, value: &str, rule: impl Into<String>) -> Self {
        Self::InvalidFieldValue {
            field: field.into(),
            value: value.to_owned(),
            rule: rule.into(),
        }
    }
}

/// Line and column are serde_json's, counted from 1.
impl From<serde_json::Error> for AltoError {
    fn from(error: serde_json::Error) -> Self {
        Self::Syntax {
            detail: error.to_string(),
        }
    }
}

/// An element of an array is named by its array, and a wrong type there is a wrong value (§8.5.2).
impl From<FieldError> for AltoError {
    fn from(error: FieldError) -> Self {
        let FieldError { field, problem } = error;
        match problem {
            Problem::Missing => Self::MissingField { field },
            Problem::WrongType { expected, found } => {
                // RFC 7285 §8.5.2: "If the invalid value is a string, 'value' is that string".
                let value = serde_json::from_str::<String>(&found).unwrap_or(found);
                match array_of(&field) {
                    Some(array) => {
                        Self::invalid(array, &value, format!("each element is {expected}"))
                    }
                    None => Self::InvalidFieldType {
                        field,
                        rule: format!("expected {expected}, found {value}"),
                        value,
                    },
                }
            }
            Problem::Invalid { value, rule } => {
                let field = array_of(&field).map_or_else(|| field.clone(), str::to_owned);
                Self::InvalidFieldValue { field, value, rule }
            }
        }
    }
}

/// The path of the array whose element `field` is.
fn array_of(field: &str) -> Option<&str> {
    let (array, index) = field.strip_suffix(']')?.rsplit_once('[')?;
    (!index.is_empty() && index.bytes().all(|b| b.is_ascii_digit())).then_some(array)
}
