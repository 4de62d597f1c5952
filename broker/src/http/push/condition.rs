//! On which version a change depends: `If-Match` and `If-None-Match` (RFC 9110 §13.1).

use http::{HeaderMap, HeaderName, header};
use nffg::json::FieldError;

use super::super::problem::Problem;
use crate::ingest::{Precondition, Version};

/// The condition of a request that changes something.
///
/// # Errors
/// [`Problem::Field`]: a header cannot be read, can never hold, or would be of no use.
pub(in crate::http) fn of(headers: &HeaderMap) -> Result<Precondition, Problem> {
    let if_match = field(headers, &header::IF_MATCH);
    let if_none_match = field(headers, &header::IF_NONE_MATCH);
    match (if_match, if_none_match) {
        (None, None) => Ok(Precondition::None),
        (Some(_), Some(value)) => {
            let rule = "not with If-Match: there cannot be a version and none";
            Err(invalid("If-None-Match", &value, rule))
        }
        (None, Some(value)) if value.trim() == "*" => Ok(Precondition::Absent),
        (None, Some(value)) => {
            let rule = "only '*' is of use with a change: create, but do not overwrite";
            Err(invalid("If-None-Match", &value, rule))
        }
        (Some(value), None) if value.trim() == "*" => Ok(Precondition::Present),
        (Some(value), None) => strong_tags(&value).map(Precondition::OneOf).ok_or_else(|| {
            // A weak tag never matches (RFC 9110 §13.1.1), and is rather a mistake than a wish.
            let rule = "'*', or entity tags in double quotes, none of them weak (W/)";
            invalid("If-Match", &value, rule)
        }),
    }
}

/// A header, its lines joined (RFC 9110 §5.3).
fn field(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut lines = headers.get_all(name).iter();
    let mut joined = String::from_utf8_lossy(lines.next()?.as_bytes()).into_owned();
    for line in lines {
        joined.push(',');
        joined.push_str(&String::from_utf8_lossy(line.as_bytes()));
    }
    Some(joined)
}

fn invalid(name: &str, value: &str, rule: &str) -> Problem {
    FieldError::invalid(name, value, rule).into()
}

/// The tags of a list, at least one (RFC 9110 §8.8.3); a comma may be part of a tag.
fn strong_tags(list: &str) -> Option<Vec<Version>> {
    let mut tags = Vec::new();
    let mut rest = list.trim_start_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let (tag, after) = rest.strip_prefix('"')?.split_once('"')?;
        tags.push(Version::named(tag));
        let after = after.trim_start_matches([' ', '\t']);
        if !after.is_empty() && !after.starts_with(',') {
            return None;
        }
        rest = after.trim_start_matches([' ', '\t', ',']);
    }
    (!tags.is_empty()).then_some(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(lines: &[(&str, &str)]) -> Result<Precondition, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        of(&headers).map_err(|problem| problem.to_string())
    }

    fn versions(names: &[&str]) -> Result<Precondition, String> {
        let versions = names.iter().map(|name| Version::named(name));
        Ok(Precondition::OneOf(versions.collect()))
    }

    #[test]
    fn rfc9110_13_1_1_if_match_is_any_version_or_a_list_over_several_lines() {
        assert_eq!(condition(&[]), Ok(Precondition::None));
        assert_eq!(condition(&[("if-match", " * ")]), Ok(Precondition::Present));
        assert_eq!(condition(&[("if-match", "\"a\"")]), versions(&["a"]));
        let lines = [("if-match", "\"a\" ,, \"b,c\""), ("if-match", "\"\"")];
        assert_eq!(condition(&lines), versions(&["a", "b,c", ""]));
    }

    #[test]
    fn rfc9110_13_1_1_a_weak_or_malformed_tag_is_refused() {
        for wrong in [
            "",
            ",",
            "a",
            "\"a",
            "a\"",
            "W/\"a\"",
            "\"a\" \"b\"",
            "\"a\", W/\"b\"",
            "*, \"a\"",
        ] {
            let refused = condition(&[("if-match", wrong)]).unwrap_err();
            assert!(
                refused.contains("If-Match") && refused.contains("weak"),
                "{wrong}: {refused}"
            );
        }
    }

    #[test]
    fn rfc9110_13_1_2_if_none_match_takes_a_star_and_does_not_go_with_if_match() {
        assert_eq!(
            condition(&[("if-none-match", "*")]),
            Ok(Precondition::Absent)
        );
        assert!(
            condition(&[("if-none-match", "\"a\"")])
                .unwrap_err()
                .contains("only '*'")
        );
        let both = [("if-none-match", "*"), ("if-match", "\"a\"")];
        assert!(condition(&both).unwrap_err().contains("not with If-Match"));
    }
}
