//! What a reservation is called, and how the same request is known again.

use std::fmt;
use std::str::FromStr;

use idr::reservation::ReservationId;
use uuid::{Builder, Uuid};

/// A hash of a request's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of a JSON value: two texts that say the same are one request, whatever their white space and
    /// the order of their members.
    #[must_use]
    pub fn of(value: &serde_json::Value) -> Self {
        Self(*blake3::hash(value.to_string().as_bytes()).as_bytes())
    }
}

/// In hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl FromStr for Digest {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hash =
            blake3::Hash::from_hex(text).map_err(|_| "a digest has 64 hexadecimal digits")?;
        Ok(Self(*hash.as_bytes()))
    }
}

/// What a client calls a request by, so that it can be repeated without being done twice
/// (draft-ietf-httpapi-idempotency-key-header).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// Why a header is no key.
const KEY_RULE: &str = "1 to 255 visible ASCII characters, in quotes or without";

impl FromStr for IdempotencyKey {
    type Err = &'static str;

    /// A structured string (RFC 8941 §3.3.3) as the draft has it, or the same without its quotes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let inner = text
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        let inner = inner.unwrap_or(text);
        let is_legal = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        if inner.is_empty() || inner.len() > 255 || !inner.bytes().all(is_legal) {
            return Err(KEY_RULE);
        }
        Ok(Self(inner.to_owned()))
    }
}

/// The id of a reservation to be: by the holder and his key the same each time, at every broker of the
/// federation (a UUID of version 8, RFC 9562); without a key a random one (version 4).
#[must_use]
pub fn id_of(holder: &str, key: Option<&IdempotencyKey>) -> ReservationId {
    let uuid = match key {
        None => Uuid::new_v4(),
        Some(IdempotencyKey(key)) => {
            let mut hasher = blake3::Hasher::new();
            // A length between the two, so that no two pairs are one text.
            hasher.update(&(holder.len() as u64).to_be_bytes());
            hasher.update(holder.as_bytes());
            hasher.update(key.as_bytes());
            let mut bytes = [0; 16];
            hasher.finalize_xof().fill(&mut bytes);
            Builder::from_custom_bytes(bytes).into_uuid()
        }
    };
    let text = uuid.hyphenated().to_string();
    text.parse()
        .expect("a UUID is of letters, digits and hyphens, 36 in all")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_one_reservation_of_its_holder() {
        let key = |text: &str| text.parse::<IdempotencyKey>().unwrap();
        let (a, b) = (key("\"8e03978e\""), key("other"));
        assert_eq!(a, key("8e03978e"));
        assert_eq!(id_of("AS1", Some(&a)), id_of("AS1", Some(&a)));
        assert_ne!(id_of("AS1", Some(&a)), id_of("AS1", Some(&b)));
        assert_ne!(id_of("AS1", Some(&a)), id_of("AS2", Some(&a)));
        assert_ne!(
            id_of("AS1", Some(&key("1a"))),
            id_of("AS11", Some(&key("a")))
        );
        assert_ne!(id_of("AS1", None), id_of("AS1", None));
        for id in [id_of("AS1", None), id_of("AS1", Some(&a))] {
            assert!(Uuid::parse_str(id.as_str()).is_ok(), "{id}");
        }
        for wrong in [
            "",
            "\"\"",
            "a b",
            "a\"b",
            "a\\b",
            "\u{e4}",
            &"x".repeat(256),
        ] {
            assert_eq!(wrong.parse::<IdempotencyKey>(), Err(KEY_RULE), "{wrong}");
        }
    }

    #[test]
    fn a_digest_is_of_what_is_said() {
        let of = |text: &str| Digest::of(&serde_json::from_str(text).unwrap());
        assert_eq!(of(r#"{"a": 1, "b": 2}"#), of(r#"{"b":2,"a":1}"#));
        assert_ne!(of(r#"{"a": 1}"#), of(r#"{"a": 2}"#));
    }
}
