//! `Content-Type` as servers send it. Unlike the `mime` crate this takes parameter values that should
//! be quoted and are not: RFC 9275 §8 itself prints `type=application/alto-costmap+json`, although a
//! `/` is not allowed in a bare value (RFC 9110 §5.6.2).

use std::fmt;

/// A media type with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType {
    text: String,
    /// Type and subtype, in lower case.
    essence: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// Reads a header's value; what cannot be read is left out.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut rest = text;
        let mut fields = std::iter::from_fn(|| take_field(&mut rest));
        let essence = fields.next().unwrap_or_default().to_ascii_lowercase();
        let parameters = fields
            .filter_map(|field| {
                let (name, value) = field.split_once('=')?;
                Some((name.trim().to_ascii_lowercase(), unquoted(value.trim())))
            })
            .collect();
        Self {
            text: text.to_owned(),
            essence,
            parameters,
        }
    }

    /// Type and subtype, in lower case: `multipart/related`.
    #[must_use]
    pub fn essence(&self) -> &str {
        &self.essence
    }

    /// A parameter's value, without quotes. The name is given in lower case.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }
}

/// As it came; in words if nothing came.
impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.essence.is_empty() {
            "no content type"
        } else {
            &self.text
        })
    }
}

/// The text up to the next `;` outside of quotes, trimmed; `None` at the end.
fn take_field<'a>(rest: &mut &'a str) -> Option<&'a str> {
    if rest.is_empty() {
        return None;
    }
    let (mut quoted, mut escaped) = (false, false);
    let end = rest.find(|c| {
        let separates = c == ';' && !quoted;
        if !escaped && c == '"' {
            quoted = !quoted;
        }
        escaped = quoted && !escaped && c == '\\';
        separates
    });
    let (field, after) = end.map_or((*rest, ""), |end| {
        let (field, after) = rest.split_at(end);
        (field, after.strip_prefix(';').unwrap_or(after))
    });
    *rest = after;
    Some(field.trim())
}

/// RFC 9110 §5.6.4: without the quotes, and `\x` is `x`.
fn unquoted(value: &str) -> String {
    let Some(inner) = value
        .strip_prefix('"')
        .map(|rest| rest.strip_suffix('"').unwrap_or(rest))
    else {
        return value.to_owned();
    };
    let mut text = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            text.push(c);
            escaped = false;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9275_8_a_bare_type_parameter_is_taken() {
        let text = "multipart/related; boundary=example-1; type=application/alto-costmap+json";
        let found = MediaType::parse(text);
        assert_eq!(found.essence(), "multipart/related");
        assert_eq!(found.parameter("boundary"), Some("example-1"));
        assert_eq!(
            found.parameter("type"),
            Some("application/alto-costmap+json")
        );
        assert_eq!(found.to_string(), text);
        // And as RFC 2045 §5.1 wants it: RFC 9275 §7.2.6 permits both.
        let quoted = MediaType::parse(&text.replace(
            "type=application/alto-costmap+json",
            "type=\"application/alto-costmap+json\"",
        ));
        assert_eq!(quoted.parameter("type"), found.parameter("type"));
    }

    #[test]
    fn rfc9110_5_6_4_quoted_values_may_hold_anything() {
        let found = MediaType::parse(r#"Multipart/Related;Boundary="a;b\"c\\" ; x="#);
        assert_eq!(found.essence(), "multipart/related");
        assert_eq!(found.parameter("boundary"), Some(r#"a;b"c\"#));
        assert_eq!(found.parameter("x"), Some(""));
        assert_eq!(found.parameter("y"), None);
    }

    #[test]
    fn what_is_no_media_type_does_no_harm() {
        for text in ["", ";", "\"", "a;b;;c=", "x/y; =1", "é/ü; ß=\"\\"] {
            let _ = MediaType::parse(text);
        }
        assert_eq!(MediaType::parse("").to_string(), "no content type");
    }
}
