//! JSON Schema draft 7 over payloads: what a validator finds, told as [`Fault`]s.

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{Draft, ValidationError, Validator};
use serde_json::Value;

use super::{Fault, FaultCode, Faults, show, time};

/// A schema of ours, ready for use.
#[derive(Clone, Debug)]
pub struct Schema {
    validator: Validator,
}

impl Schema {
    /// The schema that this JSON is. Formats are checked; nothing is fetched.
    ///
    /// # Errors
    /// The text is no JSON or no schema of draft 7, or refers to something outside.
    pub fn new(text: &str) -> Result<Self, String> {
        let schema: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let validator = jsonschema::options()
            .with_draft(Draft::Draft7)
            .should_validate_formats(true)
            .with_format("date-time", |text: &str| time::parse(text).is_some())
            .build(&schema)
            .map_err(|error| error.to_string())?;
        Ok(Self { validator })
    }

    /// Adds all that is wrong with `value`. Their paths begin with `at`.
    pub fn check(&self, at: &str, value: &Value, faults: &mut Faults) {
        for error in self.validator.iter_errors(value) {
            tell(at, &error, faults);
        }
    }
}

/// One member's name in a JSON pointer (RFC 6901 §3).
#[must_use]
pub fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn tell(at: &str, error: &ValidationError<'_>, faults: &mut Faults) {
    let path = format!("{at}{}", error.instance_path().as_str());
    match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let path = format!("{path}/{}", escape(name));
            let reason = format!("'{}' is required here", show(name));
            faults.push(FaultCode::MissingProperty, path, reason);
        }
        Kind::AdditionalProperties { unexpected } => {
            for name in unexpected {
                let path = format!("{path}/{}", escape(name));
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
        Value::String(text) => format!("'{}'", show(text)),
        small => show(&small.to_string()),
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

impl Fault {
    /// Where it is, or nothing for the whole.
    #[must_use]
    pub fn path(&self) -> &str {
        self.property_path.as_deref().unwrap_or_default()
    }
}
