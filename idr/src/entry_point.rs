//! Where a domain's orchestrator is reached, as the maps show it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Why a text is not an entry point.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{value}' is not a valid entry point: {rule}")]
pub struct EntryPointError {
    /// The offending text, cut after 80 characters.
    pub value: String,
    /// What would be right.
    pub rule: &'static str,
}

/// The URL of a domain's orchestrator (draft-brokermdo §5.5.1, `entry-point`).
///
/// An absolute `http` or `https` URL with a host, in the characters of RFC 3986 §2, without user
/// information (maps are read by every member; a password has no place in them). White space around
/// the text is not part of it; what remains is kept byte for byte, never normalised: the property
/// map shows what the operator declared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryPoint(Arc<str>);

impl EntryPoint {
    /// No URL that a person wrote is longer; it bounds what one member can put into every map.
    const MAX_BYTES: usize = 2048;

    /// The text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EntryPoint {
    type Err = EntryPointError;

    fn from_str(text: &str) -> Result<Self, EntryPointError> {
        let bad = |rule| EntryPointError {
            value: text.chars().take(80).collect(),
            rule,
        };
        let trimmed = text.trim_ascii();
        if trimmed.is_empty() || trimmed.len() > Self::MAX_BYTES {
            return Err(bad("a URL of 1 to 2048 bytes"));
        }
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b);
        if !trimmed.bytes().all(legal) {
            return Err(bad("a URL has the characters of RFC 3986 section 2 only"));
        }
        // `Url` mends `http:host` and `http:///host`; what is shown to others must not need mending.
        let written_out = ["http://", "https://"].iter().any(|scheme| {
            let parts = trimmed.split_at_checked(scheme.len());
            parts.is_some_and(|(head, rest)| {
                head.eq_ignore_ascii_case(scheme) && !rest.starts_with('/')
            })
        });
        let url = url::Url::parse(trimmed)
            .ok()
            .filter(|url| written_out && url.has_host());
        let Some(url) = url else {
            return Err(bad("an absolute http or https URL with a host"));
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("a URL without user name and password"));
        }
        Ok(Self(trimmed.into()))
    }
}

impl fmt::Display for EntryPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EntryPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntryPoint({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_point_is_kept_byte_for_byte() {
        for text in [
            "http://172.25.0.10:8888/escape",
            "https://mdo.example.net",
            "HTTP://MDO.example.net:80/a/../b?x=%7e",
            "https://[2001:db8::1]:8888/escape",
        ] {
            assert_eq!(text.parse::<EntryPoint>().unwrap().as_str(), text);
        }
        assert_eq!(
            " http://a/\n".parse::<EntryPoint>().unwrap().as_str(),
            "http://a/"
        );
    }

    #[test]
    fn what_is_no_url_to_show_is_refused() {
        for text in [
            "",
            " ",
            "escape",
            "/escape",
            "http:",
            "http://",
            "http:host",
            "http:///host",
            "ftp://host/",
            "http://ho st/",
            "http://h\\x",
            "http://é/",
            "http://h/\"",
            "http://user@host/",
            "http://user:secret@host/",
            "http://host:99999/",
            "http://[::1/",
        ] {
            assert!(text.parse::<EntryPoint>().is_err(), "{text}");
        }
        assert!(
            format!("http://host/{}", "a".repeat(2048))
                .parse::<EntryPoint>()
                .is_err()
        );
    }

    proptest::proptest! {
        #[test]
        fn reading_is_total_and_keeps_what_it_takes(text in "(https?:)?/{0,3}[a-z:@\\[\\]./?% é\\\\]{0,12}|\\PC*") {
            if let Ok(entry_point) = text.parse::<EntryPoint>() {
                assert_eq!(entry_point.as_str(), text.trim_ascii());
            }
        }
    }
}
