//! What the tests of the two forms of a service graph share: changes to an example, and the one error that
//! each brings.

use nffg::json::{FieldError, Problem};
use serde_json::Value;

/// A change of an example.
pub(crate) type Change = fn(&mut Value);

/// What to change, and the field and the value that the error names then.
pub(crate) type Case = (Change, &'static str, &'static str);

/// The kind of an error, its field and its value.
pub(crate) type Told = (&'static str, String, String);

pub(crate) fn told_by(error: FieldError) -> Told {
    match error.problem {
        Problem::Missing => ("missing", error.field, String::new()),
        Problem::WrongType { found, .. } => ("type", error.field, found),
        Problem::Invalid { value, .. } => ("value", error.field, value),
    }
}

pub(crate) fn told(kind: &'static str, field: &str, value: &str) -> Told {
    (kind, field.to_owned(), value.to_owned())
}
