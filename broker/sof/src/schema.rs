//! JSON Schema draft 7 over payloads: what a validator finds, told as [`Fault`]s.

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{Draft, ValidationError, Validator};
use serde_json::Value;

use crate::mef::{Fault, FaultCode, Faults, show, time};

/// A schema, ready to check documents.
#[derive(Clone, Debug)]
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
        let validator = jsonschema::options()
            .with_draft(Draft::Draft7)
            .should_validate_formats(true)
            .with_format("date-time", |text: &str| time::parse(text).is_some())
            .build(&value);
        match validator {
            Ok(validator) => Ok(Self { validator, value }),
            Err(error) => Err(SchemaError::Schema(error.to_string())),
        }
    }

    /// The schema as it was read.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// What is wrong with a document, at most [`Faults::TOLD`] and one that says how many more; paths are JSON pointers
    /// below `at`, which is one itself.
    #[must_use]
    pub fn faults(&self, document: &Value, at: &str) -> Vec<Fault> {
        let mut faults = Faults::default();
        self.check(document, at, &mut faults);
        faults.into_vec()
    }

    /// Adds all that is wrong with a document.
    pub fn check(&self, document: &Value, at: &str, faults: &mut Faults) {
        for error in self.validator.iter_errors(document) {
            tell(at, &error, faults);
        }
    }
}

/// A name as a part of a JSON pointer (RFC 6901 §3).
#[must_use]
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn tell(at: &str, error: &ValidationError<'_>, faults: &mut Faults) {
    let path = format!("{at}{}", error.instance_path().as_str());
    match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let path = format!("{path}/{}", escaped(name));
            let reason = format!("'{}' is required here", show(name));
            faults.push(FaultCode::MissingProperty, path, reason);
        }
        Kind::AdditionalProperties { unexpected } => {
            for name in unexpected {
                let path = format!("{path}/{}", escaped(name));
                faults.push(FaultCode::UnexpectedProperty, path, not_known(name));
            }
        }
        Kind::FalseSchema => {
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            faults.push(FaultCode::UnexpectedProperty, path, not_known(&name));
        }
        Kind::Format { format } => {
            let rule = match format.as_str() {
                "date-time" => "a date and time as in RFC 3339, such as 2026-11-29T19:00:00Z",
                other => other,
            };
            let reason = format!("{} must be {rule}", value_of(error));
            faults.push(FaultCode::InvalidFormat, path, reason);
        }
        Kind::Pattern { pattern } => {
            let reason = format!("{} must match {pattern}", value_of(error));
            faults.push(FaultCode::InvalidFormat, path, reason);
        }
        kind => {
            let reason = format!("{} {}", value_of(error), rule(kind, error));
            faults.push(FaultCode::InvalidValue, path, reason);
        }
    }
}

fn not_known(name: &str) -> String {
    format!("'{}' is not a property that is known here", show(name))
}

/// The value at fault, as JSON, cut.
fn value_of(error: &ValidationError<'_>) -> String {
    match error.instance().as_ref() {
        // What is large is not made a text first.
        Value::Object(map) => format!("an object of {} members", map.len()),
        Value::Array(list) => format!("an array of {} elements", list.len()),
        Value::String(text) => format!("\"{}\"", show(text)),
        small => small.to_string(),
    }
}

/// What must be, in words.
fn rule(kind: &Kind, error: &ValidationError<'_>) -> String {
    match kind {
        Kind::Type { kind } => {
            let name = match kind {
                jsonschema::error::TypeKind::Single(one) => one.to_string(),
                jsonschema::error::TypeKind::Multiple(set) => {
                    let names: Vec<String> = set.iter().map(|one| one.to_string()).collect();
                    names.join(" or ")
                }
            };
            format!("must be of type {name}")
        }
        Kind::Enum { options } => format!("must be one of {options}"),
        Kind::Constant { expected_value } => format!("must be {expected_value}"),
        Kind::MinItems { limit } => format!("must have at least {limit} elements"),
        Kind::MaxItems { limit } => format!("must have at most {limit} elements"),
        Kind::MinLength { limit } => format!("must have at least {limit} characters"),
        Kind::MaxLength { limit } => format!("must have at most {limit} characters"),
        Kind::MinProperties { limit } => format!("must have at least {limit} members"),
        Kind::MaxProperties { limit } => format!("must have at most {limit} members"),
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::UniqueItems => "must not have an element twice".to_owned(),
        Kind::Contains => "must have an element that is not there".to_owned(),
        Kind::AdditionalItems { limit } => format!("must have no more than {limit} elements"),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => {
            "has none of the forms that it may have".to_owned()
        }
        Kind::OneOfMultipleValid { .. } => "has more than one of the forms".to_owned(),
        // Its own words; the value may be in them, so they are cut.
        _ => show(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_fault_is_told_with_its_place() {
        let schema = Schema::new(
            r#"{"type": "object", "required": ["a", "b/c"], "additionalProperties": false, "properties":
                {"a": {"type": "integer"}, "b/c": {}, "d": {"format": "date-time"}, "f": false, "g": {"pattern": "^x"}}}"#,
        );
        let document = json!({"a": "x", "e~": 1, "d": "yesterday", "f": 1, "g": "y"});
        let faults = schema.unwrap().faults(&document, "/top");
        let mut told: Vec<(FaultCode, &str)> = faults
            .iter()
            .map(|fault| (fault.code, fault.path()))
            .collect();
        told.sort_unstable();
        let expected = [
            (FaultCode::MissingProperty, "/top/b~1c"),
            (FaultCode::InvalidValue, "/top/a"),
            (FaultCode::InvalidFormat, "/top/d"),
            (FaultCode::InvalidFormat, "/top/g"),
            (FaultCode::UnexpectedProperty, "/top/e~0"),
            (FaultCode::UnexpectedProperty, "/top/f"),
        ];
        assert_eq!(told, expected);
        let typed = faults.iter().find(|fault| fault.path() == "/top/a");
        let reason = &typed.unwrap().reason;
        assert!(
            reason.contains("\"x\"") && reason.contains("integer"),
            "{reason}"
        );
    }

    #[test]
    fn what_is_good_has_no_fault_and_what_is_no_schema_is_told() {
        let schema = Schema::new(r#"{"required": ["a"]}"#).unwrap();
        assert!(schema.faults(&json!({"a": 1}), "").is_empty());
        assert!(matches!(Schema::new("{"), Err(SchemaError::Json(_))));
        assert!(matches!(
            Schema::new(r#"{"type": 5}"#),
            Err(SchemaError::Schema(_))
        ));
        let elsewhere = Schema::new(r#"{"$ref": "http://elsewhere.example/schema.json"}"#);
        assert!(matches!(elsewhere, Err(SchemaError::Schema(_))));
    }
}
