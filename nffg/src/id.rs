//! Identifiers. Each is its own type, cheap to clone (`Arc<str>`), and cannot hold an invalid value.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Why a text is not an identifier of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{value}' is not a valid {kind}: {rule}")]
pub struct IdError {
    /// The kind of identifier that was wanted, for a person: "domain id", "SAP id", ...
    pub kind: &'static str,
    /// The offending text, cut after 80 characters.
    pub value: String,
    /// What would be right.
    pub rule: &'static str,
}

impl IdError {
    fn new(kind: &'static str, value: &str, rule: &'static str) -> Self {
        Self {
            kind,
            value: value.chars().take(80).collect(),
            rule,
        }
    }
}

/// An administrative domain: an AS number or a name.
///
/// The text is always a valid PID name (RFC 7285 §10.1) without `:`, `@` and `.`, so that a domain
/// can be a PID and an ANE name as it stands. Every spelling of an AS number is one and the same
/// domain: `121`, `AS121`, `as121`, and the dotted forms `0.0.0.121` (as netphony prints it) and
/// `0.121` (asdot, RFC 5396) all become `AS121`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainId(Arc<str>);

impl DomainId {
    const KIND: &'static str = "domain id";

    /// The domain of an AS number.
    ///
    /// # Errors
    /// AS 0 is reserved (RFC 7607) and refused.
    pub fn from_asn(asn: u32) -> Result<Self, IdError> {
        if asn == 0 {
            return Err(IdError::new(Self::KIND, "0", "AS 0 is reserved (RFC 7607)"));
        }
        Ok(Self(format!("AS{asn}").into()))
    }

    /// The AS number, if the domain is named by one.
    #[must_use]
    pub fn asn(&self) -> Option<u32> {
        let digits = self.0.strip_prefix("AS")?;
        digits
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| digits.parse().ok())
            .flatten()
    }

    /// The text, a valid PID name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DomainId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        const NUMBER: &str = "an AS number is 1 to 4294967295, plain or dotted (RFC 5396)";
        let bad = |rule| Err(IdError::new(Self::KIND, text, rule));
        let digits = match text.split_at_checked(2) {
            Some((head, digits)) if head.eq_ignore_ascii_case("as") => digits,
            _ => text,
        };
        let numeric = !digits.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && !digits.starts_with('.');
        if numeric {
            let parts: Option<Vec<u32>> = digits.split('.').map(|p| p.parse().ok()).collect();
            let asn = match parts.as_deref() {
                Some([plain]) => Some(*plain),
                Some([high, low]) if *high <= 0xffff && *low <= 0xffff => Some(high << 16 | low),
                Some(quad @ [_, _, _, _]) if quad.iter().all(|b| *b <= 0xff) => {
                    Some(quad.iter().fold(0, |asn, byte| asn << 8 | byte))
                }
                _ => None,
            };
            return match asn {
                Some(asn) => {
                    Self::from_asn(asn).map_err(|e| IdError::new(Self::KIND, text, e.rule))
                }
                None => bad(NUMBER),
            };
        }
        let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if text.is_empty() || text.len() > 64 || !text.bytes().all(legal) {
            return bad("an AS number, or 1 to 64 letters, digits, '-' and '_' (RFC 7285 10.1)");
        }
        Ok(Self(text.into()))
    }
}

macro_rules! common {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        /// As its text.
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
        /// From any spelling that [`FromStr`] takes.
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
common!(DomainId);

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            /// White space around the text is not part of it.
            fn from_str(text: &str) -> Result<Self, IdError> {
                let trimmed = text.trim();
                if trimmed.is_empty()
                    || trimmed.len() > MAX_ID_BYTES
                    || trimmed.chars().any(char::is_control)
                {
                    return Err(IdError::new($kind, text, ID_RULE));
                }
                Ok(Self(trimmed.into()))
            }
        }
        common!($name);
    };
}

const MAX_ID_BYTES: usize = 256;
const ID_RULE: &str = "1 to 256 bytes of text without control characters";

text_id!(
    /// A BiS-BiS (big switch with big software): one node of a domain's resource view.
    BisBisId, "BiS-BiS id"
);
text_id!(
    /// A link of a service graph. Numbers and strings are the same id: `1` equals `"1"`.
    LinkId, "service graph link id"
);
text_id!(
    /// The type of a network function: what a domain supports and what a graph asks for.
    NfType, "NF type"
);
text_id!(
    /// A node of a service graph: an NF or a SAP of that graph.
    NodeId, "service graph node id"
);
text_id!(
    /// A port of a BiS-BiS.
    PortId, "port id"
);
text_id!(
    /// An end-to-end requirement of a service graph. Numbers and strings are the same id.
    RequirementId, "requirement id"
);
text_id!(
    /// A router of a domain's topology, unique within its domain only.
    RouterId, "router id"
);
text_id!(
    /// A service access point: a named port for stitching (draft-brokermdo §2).
    SapId, "SAP id"
);

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(text: &str) -> String {
        text.parse::<DomainId>()
            .map_or_else(|e| format!("error: {}", e.rule), |d| d.to_string())
    }

    #[test]
    fn every_spelling_of_an_as_number_is_one_domain() {
        for text in ["121", "AS121", "as121", "As0121", "0.0.0.121", "0.121"] {
            assert_eq!(domain(text), "AS121", "{text}");
        }
        assert_eq!(domain("1.10"), "AS65546");
        assert_eq!(domain("255.255.255.255"), "AS4294967295");
        assert_eq!("AS121".parse::<DomainId>().unwrap().asn(), Some(121));
        assert_eq!("AS-X".parse::<DomainId>().unwrap().asn(), None);
    }

    #[test]
    fn what_is_no_domain_is_refused_with_the_rule() {
        for text in [
            "",
            "0",
            "AS0",
            "0.0.0.0",
            "1.2.3",
            "1..2",
            "4294967296",
            "300.0.0.1",
            "a b",
            "a.b",
            "a:b",
            "é",
        ] {
            assert!(text.parse::<DomainId>().is_err(), "{text}");
        }
        let long = "x".repeat(65);
        assert!(long.parse::<DomainId>().is_err());
        assert_eq!(
            "operator-1_x".parse::<DomainId>().unwrap().as_str(),
            "operator-1_x"
        );
        assert_eq!("AS".parse::<DomainId>().unwrap().as_str(), "AS");
    }

    #[test]
    fn text_ids_are_trimmed_and_never_empty() {
        assert_eq!(" SAP1\n".parse::<SapId>().unwrap().as_str(), "SAP1");
        assert!("  ".parse::<SapId>().is_err());
        assert!("a\u{0}b".parse::<SapId>().is_err());
        assert!("x".repeat(257).parse::<NfType>().is_err());
    }
}
