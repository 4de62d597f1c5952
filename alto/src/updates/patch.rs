//! The difference of two documents, as a JSON merge patch (RFC 7396) and as a JSON patch (RFC 6902).

mod change;
mod write;

use bytes::Bytes;

use super::document::Document;
use crate::media;
pub(super) use change::Node;

/// How an incremental change is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// RFC 7396.
    Merge,
    /// RFC 6902.
    Json,
}

impl Form {
    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Merge => media::MERGE_PATCH,
            Self::Json => media::JSON_PATCH,
        }
    }
}

/// The forms that a server announces for a resource (RFC 8895 §6.3, RFC 9569 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forms {
    /// Merge patches alone. What they cannot say is told by a full replacement.
    Merge,
    /// JSON patches alone.
    Json,
    /// Whichever of the two is shorter.
    Both,
}

impl Forms {
    /// As the `incremental-change-media-types` of a directory have them.
    #[must_use]
    pub const fn media_types(self) -> &'static str {
        match self {
            Self::Merge => Form::Merge.media_type(),
            Self::Json => Form::Json.media_type(),
            Self::Both => "application/merge-patch+json,application/json-patch+json",
        }
    }
}

/// An incremental change, encoded. Who clones it shares the octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// How it is written.
    pub form: Form,
    /// The JSON text.
    pub bytes: Bytes,
}

/// What makes `to` of `from`, in the shorter form of those announced, the merge patch if they are as long.
/// `None` if only merge patches are and none can say it: a `null` that is a value and not a removal
/// (RFC 8895 §6.3, RFC 9569 §5.2).
///
/// The work and the patch are in proportion to what changed, as far as the documents share memory; a part
/// that they do not share is compared, octet by octet.
#[must_use]
pub fn diff(from: &Document, to: &Document, forms: Forms) -> Option<Patch> {
    let (from, to) = (from.node(), to.node());
    let change = change::between(&from, &to);
    let merge = match forms {
        Forms::Json => None,
        Forms::Merge | Forms::Both => write::merge(change.as_ref(), &to),
    };
    let json = match forms {
        Forms::Merge => None,
        Forms::Json | Forms::Both => Some(write::json(change.as_ref())),
    };
    let (form, bytes) = match (merge, json) {
        (Some(merge), Some(json)) if json.len() < merge.len() => (Form::Json, json),
        (Some(merge), _) => (Form::Merge, merge),
        (None, Some(json)) => (Form::Json, json),
        (None, None) => return None,
    };
    Some(Patch {
        form,
        bytes: bytes.into(),
    })
}
