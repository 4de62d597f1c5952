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
    /// How much one answer about costs may hold.
    pub limits: Limits,
}

/// How much one answer about costs or endpoints may hold, published in the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pairs of PIDs in a full cost map. A network map with more has no full cost maps.
    pub full_map_pairs: usize,
    /// Pairs, of PIDs or of endpoints, in one answer.
    pub pairs: usize,
    /// Endpoints, or entities of property maps, in one request.
    pub endpoints: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // 2,000 PIDs: some 60 MB for each cost type that somebody asks for.
            full_map_pairs: 4_000_000,
            // All against all in a federation of 256 domains.
            pairs: 65_536,
            endpoints: 10_000,
        }
    }
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
