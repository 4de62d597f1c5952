//! Diffs of Virtualizer documents.

use nffg::virtualizer::{self, edit};

use super::all_told;

/// What parts the document and its diff.
const BETWEEN: &str = "\n%%\n";

/// A Virtualizer document, a line `%%` and a diff of it.
pub fn edit_config(data: &[u8]) {
    let between = data
        .windows(BETWEEN.len())
        .position(|piece| piece == BETWEEN.as_bytes());
    let (base, diff) = match between {
        Some(at) => (&data[..at], &data[at + BETWEEN.len()..]),
        None => (data, &b"<virtualizer/>"[..]),
    };
    let text = match edit::apply(base, diff) {
        Ok(text) => text,
        Err(error) => {
            let error = error.document_error();
            return all_told(error.faults(), error.total());
        }
    };
    // What was made is a document again, and an empty diff leaves it alone.
    let same = edit::apply(text.as_bytes(), b"<virtualizer/>");
    assert_eq!(same.as_ref(), Ok(&text));
    if let Err(error) = virtualizer::decode(text.as_bytes()) {
        all_told(error.faults(), error.total());
    }
    // Merging twice is merging once.
    if !String::from_utf8_lossy(diff).contains("operation") {
        assert_eq!(edit::apply(text.as_bytes(), diff), Ok(text));
    }
}
