//! Files that the command line names, `-` for standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::client::ClientError;

/// What a file is called in messages.
pub(super) fn name_of(path: &Path) -> String {
    if is_standard_input(path) {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// Whether the name stands for standard input.
pub(super) fn is_standard_input(path: &Path) -> bool {
    path == "-"
}

/// Reads a file whole, at most `max` bytes of it.
///
/// # Errors
/// As the system says; [`io::ErrorKind::FileTooLarge`] for one that is larger.
pub(super) fn read(path: &Path, max: usize) -> io::Result<Vec<u8>> {
    if is_standard_input(path) {
        at_most(io::stdin().lock(), max)
    } else {
        at_most(File::open(path)?, max)
    }
}

fn at_most(from: impl Read, max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > max {
        let why = format!("it is larger than {max} bytes, the most that the broker takes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(bytes)
}

/// Why a file cannot be read, for the caller.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> ClientError {
    ClientError::Input(format!("cannot read {}: {error}", name_of(path)))
}
