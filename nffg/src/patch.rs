//! JSON merge patches (RFC 7396): what changes of a JSON document, in the form of the document.
//!
//! A member of the patch takes the place of the document's, `null` removes it, and objects are merged
//! member by member. All else, lists too, is replaced as a whole; a patch cannot set a member to `null`.

use serde_json::Value;

use crate::DocumentError;
use crate::fault::Fault;
use crate::syntax::{self, MAX_BYTES};

/// Applies a merge patch to a document and gives the new one, with its members in order of their names.
///
/// # Errors
/// One of the two is no JSON or larger than [`MAX_BYTES`], or the new document would be. The rule that is
/// broken says which.
pub fn merge(base: &[u8], patch: &[u8]) -> Result<Vec<u8>, DocumentError> {
    let mut document = read(base, "the document that the patch is for")?;
    let patch = read(patch, "the patch")?;
    json_patch::merge(&mut document, &patch);
    let merged = document.to_string().into_bytes();
    if merged.len() > MAX_BYTES {
        let rule = format!(
            "with the patch the document would have {} bytes; at most {MAX_BYTES} are allowed",
            merged.len()
        );
        return Err(DocumentError::one(syntax::fault(&rule)));
    }
    Ok(merged)
}

fn read(bytes: &[u8], which: &str) -> Result<Value, DocumentError> {
    let text = syntax::text(bytes).map_err(DocumentError::one);
    text.and_then(syntax::json).map_err(|error| {
        error.map(|fault| Fault {
            rule: format!("{which}: {}", fault.rule),
            ..fault
        })
    })
}
