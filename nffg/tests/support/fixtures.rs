//! Documents of other makes. They stay where they are and are never copied; a checkout without them
//! skips what needs them and says so.

use std::path::Path;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/fixtures");

/// The content of a file below the folder of fixtures, if there is such a folder.
pub(crate) fn fixture(name: &str) -> Option<Vec<u8>> {
    if !Path::new(FOLDER).is_dir() {
        println!("skipped: {name} is not at hand, there is no folder of fixtures");
        return None;
    }
    Some(std::fs::read(Path::new(FOLDER).join(name)).unwrap_or_else(|e| panic!("{name}: {e}")))
}
