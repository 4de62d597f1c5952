//! Reading JSON from outside by hand, so that every fault names its field, its value and the rule.
//!
//! serde's derived readers stop with a text; the protocols above want the *field* and the *value*
//! (RFC 7285 §8.5.2). A [`Cursor`] is a JSON value together with the path to it.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Number, Value};

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct FieldError {
    /// The path of member names, `/` between them, an array's index in brackets:
    /// `sg/sg_links[1]/id`. Empty for the document itself.
    pub field: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// The ways in which a field can be wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A required field is absent.
    #[error("the field is missing")]
    Missing,
    /// The JSON type is wrong.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// The type that is right, with its article.
        expected: &'static str,
        /// The JSON text that was found, cut after 80 characters.
        found: String,
    },
    /// The value is wrong.
    #[error("'{value}' is not allowed: {rule}")]
    Invalid {
        /// The value, as a string.
        value: String,
        /// The rule that it breaks.
        rule: String,
    },
}

impl FieldError {
    /// A required field is absent.
    #[must_use]
    pub fn missing(field: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            problem: Problem::Missing,
        }
    }

    /// A value breaks a rule.
    #[must_use]
    pub fn invalid(
        field: impl Into<String>,
        value: impl fmt::Display,
        rule: impl fmt::Display,
    ) -> Self {
        let problem = Problem::Invalid {
            value: cut(&value.to_string()),
            rule: rule.to_string(),
        };
        Self {
            field: field.into(),
            problem,
        }
    }

    /// The same error with its field below `prefix`.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Self {
        if !prefix.is_empty() {
            self.field = join(prefix, &self.field);
        }
        self
    }
}

pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

fn join(path: &str, name: &str) -> String {
    match (path.is_empty(), name.is_empty()) {
        (true, _) => name.to_owned(),
        (_, true) => path.to_owned(),
        _ => format!("{path}/{name}"),
    }
}

/// A JSON value and its place in a document. Three words, free to copy: a reading that finds nothing
/// wrong pays nothing for paths.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    /// The path of `root` in a larger document.
    prefix: &'a str,
    root: &'a Value,
    value: &'a Value,
}

/// Finds the node that *is* `wanted`, not merely equal to it, and writes the path to it.
fn find(at: &Value, wanted: &Value, path: &mut String) -> bool {
    if std::ptr::eq(at, wanted) {
        return true;
    }
    let here = path.len();
    let mut within = |step: &dyn fmt::Display, child| {
        use fmt::Write;
        // Writing to a string cannot fail.
        let _ = write!(path, "{step}");
        let found = find(child, wanted, path);
        if !found {
            path.truncate(here);
        }
        found
    };
    match at {
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .any(|(index, child)| within(&format_args!("[{index}]"), child)),
        Value::Object(members) => {
            let slash = if here == 0 { "" } else { "/" };
            members
                .iter()
                .any(|(name, child)| within(&format_args!("{slash}{name}"), child))
        }
        _ => false,
    }
}

impl<'a> Cursor<'a> {
    /// The whole document.
    #[must_use]
    pub fn root(value: &'a Value) -> Self {
        Self::at("", value)
    }

    /// A value that stands at `path` of a larger document.
    #[must_use]
    pub fn at(path: &'a str, value: &'a Value) -> Self {
        Self {
            prefix: path,
            root: value,
            value,
        }
    }

    /// Another value of the same document.
    fn to(self, value: &'a Value) -> Self {
        Self { value, ..self }
    }

    /// The path as an error would name it.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = self.prefix.to_owned();
        // Every cursor points into its root's tree.
        find(self.root, self.value, &mut path);
        path
    }

    /// The JSON value.
    #[must_use]
    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// An error: this value breaks `rule`.
    #[must_use]
    pub fn invalid(&self, rule: impl fmt::Display) -> FieldError {
        FieldError::invalid(self.path(), self.text_of_value(), rule)
    }

    /// An error: this value has the wrong type.
    #[must_use]
    pub fn wrong_type(&self, expected: &'static str) -> FieldError {
        let problem = Problem::WrongType {
            expected,
            found: cut(&self.value.to_string()),
        };
        FieldError {
            field: self.path(),
            problem,
        }
    }

    /// An error: `element` of this array breaks `rule`. The field is the array, the value the element,
    /// also where the element has the wrong JSON type (RFC 7285 §8.5.2).
    #[must_use]
    pub fn invalid_element(&self, element: &Self, rule: impl fmt::Display) -> FieldError {
        FieldError::invalid(self.path(), element.text_of_value(), rule)
    }

    /// RFC 7285 §8.5.2 wants values as strings: a string as it is, all else as JSON text.
    fn text_of_value(&self) -> String {
        self.value
            .as_str()
            .map_or_else(|| self.value.to_string(), str::to_owned)
    }

    /// This value as an object.
    ///
    /// # Errors
    /// It is not an object.
    pub fn object(&self) -> Result<&'a Map<String, Value>, FieldError> {
        self.value
            .as_object()
            .ok_or_else(|| self.wrong_type("an object"))
    }

    /// The member `name` of this object, `None` if it is absent.
    ///
    /// # Errors
    /// This value is not an object.
    pub fn optional(&self, name: &'a str) -> Result<Option<Self>, FieldError> {
        let member = self.object()?.get(name);
        Ok(member.map(|value| self.to(value)))
    }

    /// The member `name` of this object, `None` if it is absent or `null`: the way in which exporters
    /// written in Java or Python leave a value out.
    ///
    /// # Errors
    /// This value is not an object.
    pub fn present(&self, name: &'a str) -> Result<Option<Self>, FieldError> {
        Ok(self
            .optional(name)?
            .filter(|member| !member.value.is_null()))
    }

    /// The member `name` of this object.
    ///
    /// # Errors
    /// This value is not an object, or has no such member.
    pub fn required(&self, name: &'a str) -> Result<Self, FieldError> {
        self.optional(name)?
            .ok_or_else(|| FieldError::missing(join(&self.path(), name)))
    }

    /// The elements of this array.
    ///
    /// # Errors
    /// It is not an array.
    pub fn array(&self) -> Result<impl ExactSizeIterator<Item = Self> + use<'a>, FieldError> {
        let elements = self
            .value
            .as_array()
            .ok_or_else(|| self.wrong_type("an array"))?;
        let document = *self;
        Ok(elements.iter().map(move |value| document.to(value)))
    }

    /// The elements of the array member `name`; none if it is absent.
    ///
    /// # Errors
    /// This value is not an object, or the member is not an array.
    pub fn optional_array(&self, name: &'a str) -> Result<Vec<Self>, FieldError> {
        match self.optional(name)? {
            Some(member) => Ok(member.array()?.collect()),
            None => Ok(Vec::new()),
        }
    }

    /// This value as a string.
    ///
    /// # Errors
    /// It is not a string.
    pub fn string(&self) -> Result<&'a str, FieldError> {
        self.value
            .as_str()
            .ok_or_else(|| self.wrong_type("a string"))
    }

    /// This value as a number.
    ///
    /// # Errors
    /// It is not a number.
    pub fn number(&self) -> Result<f64, FieldError> {
        self.value
            .as_f64()
            .ok_or_else(|| self.wrong_type("a number"))
    }

    /// This value as an unsigned integer of at most `max`.
    ///
    /// # Errors
    /// It is not a number, or not an integer in the range.
    pub fn integer(&self, min: u64, max: u64) -> Result<u64, FieldError> {
        if !self.value.is_number() {
            return Err(self.wrong_type("a number"));
        }
        self.value
            .as_u64()
            .filter(|number| (min..=max).contains(number))
            .ok_or_else(|| self.invalid(format_args!("a whole number from {min} to {max}")))
    }

    /// This value as a boolean.
    ///
    /// # Errors
    /// It is not a boolean.
    pub fn boolean(&self) -> Result<bool, FieldError> {
        self.value
            .as_bool()
            .ok_or_else(|| self.wrong_type("a boolean"))
    }

    /// This string, parsed.
    ///
    /// # Errors
    /// It is not a string, or `T` refuses it.
    pub fn parse<T>(&self) -> Result<T, FieldError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        self.parse_text(self.string()?)
    }

    /// This string or number, parsed: identifiers come as either. `1.0` is the number 1.
    ///
    /// # Errors
    /// It is neither, or `T` refuses it.
    pub fn parse_id<T>(&self) -> Result<T, FieldError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        match self.value {
            Value::String(text) => self.parse_text(text),
            Value::Number(number) => self.parse_text(&integral(number)),
            _ => Err(self.wrong_type("a string or a number")),
        }
    }

    fn parse_text<T>(&self, text: &str) -> Result<T, FieldError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        text.parse().map_err(|error: T::Err| self.invalid(error))
    }
}

/// The text of a number, without a fraction where it has none: JSON has one number type.
fn integral(number: &Number) -> String {
    match number.as_f64() {
        // Below 2^53 every whole number is exact.
        Some(whole) if number.is_f64() && whole.fract() == 0.0 && whole.abs() < 9e15 => {
            format!("{:.0}", whole + 0.0)
        }
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_names_the_whole_path() {
        let value = json!({"sg": {"sg_links": [{"id": 1}, {"id": true}]}});
        let links = Cursor::root(&value)
            .required("sg")
            .unwrap()
            .required("sg_links")
            .unwrap();
        let second = links.array().unwrap().nth(1).unwrap();
        assert_eq!(
            second.required("src-node").unwrap_err(),
            FieldError::missing("sg/sg_links[1]/src-node")
        );
        let id = second.required("id").unwrap();
        let error = id.parse_id::<crate::LinkId>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "sg/sg_links[1]/id: expected a string or a number, found true"
        );
    }

    #[test]
    fn numbers_and_strings_are_one_id() {
        let value = json!([1, "1", 1.0, 10e-1]);
        let ids: Vec<crate::LinkId> = Cursor::root(&value)
            .array()
            .unwrap()
            .map(|c| c.parse_id().unwrap())
            .collect();
        assert!(ids.iter().all(|id| id.as_str() == "1"), "{ids:?}");
        let odd = [
            (json!(1.5), "1.5"),
            (json!(-0.0), "0"),
            (json!(u64::MAX), "18446744073709551615"),
        ];
        for (value, text) in odd {
            assert_eq!(
                Cursor::root(&value)
                    .parse_id::<crate::LinkId>()
                    .unwrap()
                    .as_str(),
                text
            );
        }
    }

    #[test]
    fn null_is_absent_where_a_reader_says_so() {
        let value = json!({"a": null, "b": 1});
        let cursor = Cursor::root(&value);
        assert!(cursor.present("a").unwrap().is_none());
        assert!(cursor.present("c").unwrap().is_none());
        assert!(cursor.present("b").unwrap().is_some());
        assert!(cursor.optional("a").unwrap().is_some());
    }

    #[test]
    fn rfc7285_8_5_2_a_wrong_element_is_a_wrong_value_of_its_array() {
        let value = json!({"nfs": ["NF1", 7]});
        let nfs = Cursor::root(&value).required("nfs").unwrap();
        let element = nfs.array().unwrap().nth(1).unwrap();
        assert_eq!(
            nfs.invalid_element(&element, "a string"),
            FieldError::invalid("nfs", 7, "a string")
        );
    }

    #[test]
    fn integers_have_a_range() {
        for (value, ok) in [
            (json!(3), true),
            (json!(0), false),
            (json!(2.5), false),
            (json!(-1), false),
        ] {
            assert_eq!(Cursor::root(&value).integer(1, 9).is_ok(), ok, "{value}");
        }
    }
}
