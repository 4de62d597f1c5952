//! Diffs of Virtualizer documents: what an orchestrator's `edit-config` carries.
//!
//! A diff has the form of the document, but holds only what changes. Its elements may say with an
//! attribute `operation`, in NETCONF's namespace or in none, what is to become of the element that they
//! stand for (RFC 6241 §7.2); what they do not say they inherit, and the root inherits `merge`.
//!
//! | `operation` | if the document has the element | if it does not |
//! |---|---|---|
//! | `merge` | a text becomes the diff's, of other elements those within are merged | it is added |
//! | `replace` | its content becomes the diff's | it is added |
//! | `create` | refused, `data-exists` | it is added |
//! | `delete` | it goes, with all that is in it | refused, `data-missing` |
//! | `remove` | it goes, with all that is in it | nothing |
//!
//! **Which element is meant.** Entries of the lists of the YANG module `virtualizer` are found by their
//! key: `key` of `metadata`, `id` of `node`, `port`, `link`, `flowentry`, `l3`, `affinity`,
//! `antiaffinity`, `variable` and `constraint`. All else is found by its name, without its namespace.
//! An element that is empty counts as one that is not there, as when a document is read. What the
//! document has doubled counts as its first; entries marked as deleted count as gone.
//!
//! **What stays.** Of the document only what the diff names is written anew: unknown elements,
//! attributes, comments and blanks survive. Of the diff, attributes, comments and prefixes are left
//! behind; what is added has the prefix of the element that it goes into.
//!
//! **What is refused** leaves the document as it was; see [`EditError`]. The new document is read by
//! [`decode`](super::decode) as any other: that its numbers are numbers and its ids unique is seen there.

mod apply;
mod diff;

use crate::fault::Report;
use crate::{DocumentError, MAX_BYTES, syntax};

/// Why a diff is not applied. Every fault of the kind is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The document that the diff is for cannot be taken: it is no Virtualizer XML, or has two entries
    /// of the key that the diff names. Places are those of that document.
    #[error("the document that the diff is for: {0}")]
    Base(DocumentError),
    /// The diff itself cannot be taken: it is no Virtualizer XML, says what is no operation, has entries
    /// without the key to find them by or tells an element twice; or the document would become too
    /// large.
    #[error("the diff: {0}")]
    Diff(DocumentError),
    /// The diff creates what is there (RFC 6241 appendix A, `data-exists`). Places are those of the
    /// diff; later faults may be of the other kind.
    #[error("the diff does not fit: {0}")]
    DataExists(DocumentError),
    /// The diff deletes what is not there (RFC 6241 appendix A, `data-missing`). Places are those of
    /// the diff; later faults may be of the other kind.
    #[error("the diff does not fit: {0}")]
    DataMissing(DocumentError),
}

impl EditError {
    /// The faults.
    #[must_use]
    pub fn document_error(&self) -> &DocumentError {
        match self {
            Self::Base(error)
            | Self::Diff(error)
            | Self::DataExists(error)
            | Self::DataMissing(error) => error,
        }
    }
}

/// Applies a diff to a whole document and gives the new one. A diff that changes nothing gives the
/// document back as it is, but for a byte order mark.
///
/// # Errors
/// The diff cannot be applied; nothing of it is.
pub fn apply(base: &[u8], diff: &[u8]) -> Result<String, EditError> {
    let base_text =
        syntax::text(base).map_err(|fault| EditError::Base(DocumentError::one(fault)))?;
    let base = super::parse(base_text).map_err(EditError::Base)?;
    let diff_text =
        syntax::text(diff).map_err(|fault| EditError::Diff(DocumentError::one(fault)))?;
    let diff = super::parse(diff_text).map_err(EditError::Diff)?;

    let mut report = Report::default();
    let root = diff::read(diff.root_element(), &mut report);
    report.finish(Some(diff_text)).map_err(EditError::Diff)?;
    // There is a root if there is no fault.
    let Some(root) = root else {
        return Ok(base_text.to_owned());
    };
    let document = apply::apply(base_text, base.root_element(), diff_text, &root)?;
    if document.len() > MAX_BYTES {
        let rule = format!(
            "with it the document would have {} bytes; at most {MAX_BYTES} are allowed",
            document.len()
        );
        return Err(EditError::Diff(DocumentError::one(syntax::fault(&rule))));
    }
    Ok(document)
}
