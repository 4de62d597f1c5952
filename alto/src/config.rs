//! What the maps need to know about the server.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use idt::search::PathCaps;
use jiff::Timestamp;

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
    /// The calendars of costs; `None`: there are none.
    pub calendar: Option<Calendar>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // 2,000 PIDs: some 60 MB for each cost type that somebody asks for.
            full_map_pairs: 4_000_000,
            // All against all in a federation of 256 domains.
            pairs: 65_536,
            endpoints: 10_000,
            calendar: Some(Calendar::default()),
        }
    }
}

/// The cost calendars on offer (RFC 8896 §4.1), the same for all cost types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// How long an interval is, in seconds: at least 1. They begin at multiples of it since 1970 began.
    pub interval: u32,
    /// Intervals in a calendar, those that are over and that of now included.
    pub intervals: u32,
    /// Of these, those that are over: not all.
    pub past: u32,
}

impl Default for Calendar {
    fn default() -> Self {
        Self {
            interval: 3600,
            intervals: 24,
            past: 6,
        }
    }
}

impl Calendar {
    /// The start and the end of an interval of a calendar that is asked for `now`. Interval number `past` is
    /// that of now.
    pub(crate) fn interval_at(&self, nth: u32, now: Timestamp) -> (Timestamp, Timestamp) {
        let size = i64::from(self.interval.max(1));
        // A moment before 1970 is rounded down, too.
        let current = (now.as_second() - i64::from(now.subsec_nanosecond() < 0)).div_euclid(size);
        let number = current - i64::from(self.past) + i64::from(nth);
        let at = |number: i64| {
            let second = number.saturating_mul(size);
            Timestamp::from_second(second).unwrap_or(if second < 0 {
                Timestamp::MIN
            } else {
                Timestamp::MAX
            })
        };
        (at(number), at(number + 1))
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
    fn intervals_begin_at_multiples_of_their_size() {
        let calendar = Calendar {
            interval: 3600,
            intervals: 4,
            past: 1,
        };
        let told = |now: &str| {
            let now = now.parse().unwrap();
            let starts = (0..4).map(|nth| calendar.interval_at(nth, now).0.to_string());
            starts.collect::<Vec<_>>()
        };
        let at_two = ["01", "02", "03", "04"].map(|hour| format!("2026-12-01T{hour}:00:00Z"));
        assert_eq!(told("2026-12-01T02:00:00Z"), at_two);
        assert_eq!(told("2026-12-01T02:59:59.999Z"), at_two);
        let before_1970 = told("1969-12-31T23:59:59.5Z");
        assert_eq!(
            before_1970[1..3],
            ["1969-12-31T23:00:00Z", "1970-01-01T00:00:00Z"]
        );
        let (_, end) = calendar.interval_at(u32::MAX, Timestamp::MAX);
        assert_eq!(end, Timestamp::MAX);
    }

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
