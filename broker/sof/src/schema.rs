//! JSON Schema (draft 7) with every fault found as a [`Fault`] that the APIs tell.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use crate::mef::{Fault, FaultCode};

/// The most faults that are told of one document.
pub const MAX_FAULTS: usize = 100;

/// A schema, ready to check documents.
#[derive(Debug)]
pub struct Schema {
    validator: Validator,
    value: Value,
}

/// Why a text is no schema.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// It is no JSON.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is not a schema of draft 7.
    #[error("not a schema: {0}")]
    Schema(String),
}

impl Schema {
    /// Reads a schema of draft 7. Formats are checked, and nothing is fetched.
    ///
    /// # Errors
    /// See [`SchemaError`].
    pub fn new(text: &str) -> Result<Self, SchemaError> {
        let value: Value = serde_json::from_str(text)?;
        let options = jsonschema::draft7::options().should_validate_formats(true);
        match options.build(&value) {
            Ok(validator) => Ok(Self { validator, value }),
            Err(error) => Err(SchemaError::Schema(error.to_string())),
        }
    }

    /// The schema as it was read.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// What is wrong with a document, at most [`MAX_FAULTS`]; paths are JSON pointers below `at`, which is one
    /// itself.
    #[must_use]
    pub fn faults(&self, document: &Value, at: &str) -> Vec<Fault> {
        let errors = self.validator.iter_errors(document);
        let mut faults: Vec<Fault> = errors
            .take(MAX_FAULTS)
            .flat_map(|error| faults_of(&error, at))
            .collect();
        faults.truncate(MAX_FAULTS);
        faults
    }
}

fn faults_of(error: &ValidationError<'_>, at: &str) -> Vec<Fault> {
    let place = format!("{at}{}", error.instance_path().as_str());
    let below = |name: &str| format!("{place}/{}", escaped(name));
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let reason = format!("'{name}' is required and is not there");
            vec![Fault::new(FaultCode::MissingProperty, below(name), reason)]
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .map(|name| {
                let reason = format!("'{}' is not known here", cut(name));
                Fault::new(FaultCode::UnexpectedProperty, below(name), reason)
            })
            .collect(),
        kind => {
            let code = match kind {
                ValidationErrorKind::Format { .. } | ValidationErrorKind::Pattern { .. } => {
                    FaultCode::InvalidFormat
                }
                _ => FaultCode::InvalidValue,
            };
            let value = cut(&error.instance().to_string());
            let rule = error.masked_with("the value").to_string();
            let reason = format!("{value} is not allowed: {rule}");
            vec![Fault::new(code, place, reason)]
        }
    }
}

/// A name as a part of a JSON pointer (RFC 6901 §3).
#[must_use]
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Schema {
        Schema::new(
            r#"{"type": "object", "required": ["a", "b/c"], "additionalProperties": false,
                "properties": {"a": {"type": "integer"}, "b/c": {}, "d": {"format": "date-time", "type": "string"}}}"#,
        )
        .unwrap()
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        let faults = schema().faults(&json!({"a": "x", "e~": 1, "d": "yesterday"}), "/top");
        let mut told: Vec<(FaultCode, &str)> = faults
            .iter()
            .map(|fault| (fault.code, fault.property_path.as_deref().unwrap_or("")))
            .collect();
        told.sort_unstable();
        let expected = [
            (FaultCode::MissingProperty, "/top/b~1c"),
            (FaultCode::InvalidValue, "/top/a"),
            (FaultCode::InvalidFormat, "/top/d"),
            (FaultCode::UnexpectedProperty, "/top/e~0"),
        ];
        assert_eq!(told, expected);
        let typed = faults
            .iter()
            .find(|fault| fault.property_path.as_deref() == Some("/top/a"));
        let reason = &typed.unwrap().reason;
        assert!(
            reason.contains("\"x\"") && reason.contains("integer"),
            "{reason}"
        );
    }

    #[test]
    fn what_is_good_has_no_fault_and_what_is_no_schema_is_told() {
        assert!(
            schema()
                .faults(&json!({"a": 1, "b/c": null}), "")
                .is_empty()
        );
        assert!(matches!(Schema::new("{"), Err(SchemaError::Json(_))));
        assert!(matches!(
            Schema::new(r#"{"type": 5}"#),
            Err(SchemaError::Schema(_))
        ));
    }

    #[test]
    fn faults_are_bounded() {
        let names = (0..1000).map(|name| (name.to_string(), json!(1)));
        let faults = schema().faults(&Value::Object(names.collect()), "");
        assert_eq!(faults.len(), MAX_FAULTS);
    }
}
