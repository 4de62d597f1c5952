//! What the maps need to know about the server.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use idt::search::PathCaps;

/// The server's settings, as far as its answers depend on them.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The domain name in Content-IDs.
    pub server_name: ServerName,
    /// The caps of path vectors, published in the directory. [`PathCaps::work`] is not used here: each
    /// request brings its own.
    pub caps: PathCaps,
}

/// The ALTO server's domain name: the right side of a Content-ID, dot-atom text without a port
/// (RFC 9275 §6.6, RFC 5322 §3.2.3).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ServerName(Arc<str>);

/// Why a text is not a server name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{value}' is not a server name: {rule}")]
pub struct ServerNameError {
    /// The offending text, cut after 80 characters.
    pub value: String,
    /// What would be right.
    pub rule: &'static str,
}

impl ServerName {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `localhost`.
impl Default for ServerName {
    fn default() -> Self {
        Self("localhost".into())
    }
}

impl FromStr for ServerName {
    type Err = ServerNameError;

    /// The `atext` that a domain name can have: letters, digits, `-` and `_`.
    fn from_str(text: &str) -> Result<Self, ServerNameError> {
        let atom = |atom: &str| {
            !atom.is_empty()
                && atom
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        };
        if text.len() > 253 || !text.split('.').all(atom) {
            return Err(ServerNameError {
                value: text.chars().take(80).collect(),
                rule: "a domain name without a port, at most 253 characters (RFC 9275 6.6)",
            });
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerName({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9275_6_6_a_server_name_is_dot_atom_text_without_port() {
        for good in ["localhost", "alto.example.com", "172.25.0.10", "a_b-c"] {
            assert_eq!(good.parse::<ServerName>().unwrap().as_str(), good);
        }
        let long = "a.".repeat(200);
        for bad in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "localhost:8181",
            "a b",
            "[::1]",
            "a>b",
            "é",
            &long,
        ] {
            assert!(bad.parse::<ServerName>().is_err(), "{bad}");
        }
    }
}
