//! Version tags (RFC 7285 §10.3).

use std::fmt;
use std::sync::Arc;

use crate::json;

/// A version tag: 32 hexadecimal digits of a hash of the content. The same content has the same tag
/// in every process; other content has another one, but for a chance of 2^-64.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Tag(Arc<str>);

impl Tag {
    /// How many characters a tag has at most, whoever made it (RFC 7285 §10.3).
    pub(crate) const MOST: usize = 64;

    /// The tag of a sequence of texts. Where one ends and the next begins counts.
    pub(crate) fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(hasher.finalize().to_hex()[..32].into())
    }

    /// The text: 32 characters of `0-9a-f`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Appends the `VersionTag` object of the resource `id`, or of a part of it.
    pub(crate) fn write(&self, out: &mut Vec<u8>, id: &str) {
        out.extend_from_slice(b"{\"resource-id\":");
        json::string(out, id);
        out.extend_from_slice(b",\"tag\":");
        json::string(out, &self.0);
        out.push(b'}');
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7285_10_3_a_tag_says_where_one_text_ends() {
        let tag = Tag::of([b"networkmap".as_slice(), b""]);
        assert_eq!(tag.as_str().len(), 32);
        assert_eq!(tag, Tag::of([b"networkmap".as_slice(), b""]));
        assert_ne!(tag, Tag::of([b"networkma".as_slice(), b"p"]));
    }
}
