//! Settings of cross-origin reading: which web pages may ask from a browser.

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

/// From which origins pages may read (Fetch standard, "CORS protocol").
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cors {
    /// The origins, or `*` alone for any. None: browsers keep other sites' pages from reading.
    pub origins: Vec<Origin>,
    /// How long a browser may remember what it may ask.
    #[serde(with = "humantime_serde")]
    pub max_age: Duration,
}

impl Default for Cors {
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            // Browsers remember no longer than two hours anyway.
            max_age: Duration::from_secs(600),
        }
    }
}

/// An origin as browsers write it (RFC 6454 §6.2): `https://console.example`, or any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Any page.
    Any,
    /// Pages from there.
    Of(String),
}

/// Why a text is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an origin is scheme, host and port such as https://console.example:8443, or * for any")]
pub struct NoOrigin;

impl FromStr for Origin {
    type Err = NoOrigin;

    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let url = Url::parse(text).map_err(|_| NoOrigin)?;
        // A browser sends the normal form, and no other is equal to it.
        let normal = url.origin().ascii_serialization();
        let is_web = matches!(url.scheme(), "http" | "https");
        if is_web && normal.eq_ignore_ascii_case(text) {
            Ok(Self::Of(normal))
        } else {
            Err(NoOrigin)
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Any => "*",
            Self::Of(origin) => origin,
        })
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let why = |_| serde::de::Error::custom(format!("'{text}': {NoOrigin}"));
        text.parse().map_err(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for (text, normal) in [
            ("https://console.example", "https://console.example"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            (
                "https://Console.Example:8443",
                "https://console.example:8443",
            ),
            ("http://[::1]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(text.parse(), Ok(Origin::Of(normal.to_owned())), "{text}");
        }
        assert_eq!("*".parse(), Ok(Origin::Any));
        for wrong in [
            "console.example",
            "https://console.example/",
            "https://console.example/page",
            "https://console.example:443",
            "https://user@console.example",
            "ftp://console.example",
            "null",
            "",
            "**",
        ] {
            assert_eq!(wrong.parse::<Origin>(), Err(NoOrigin), "{wrong}");
        }
    }
}
