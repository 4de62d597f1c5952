//! Writing to people. `println!` panics when nobody reads any more (`brokerctl ... | head -1`); here a
//! closed pipe is a quiet end.

use std::io::{self, Write};

/// Writes `text` to standard output.
///
/// # Errors
/// As the system says, but for a closed pipe, which is no error.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a line to standard error. If even that is closed, there is nobody left to tell.
pub fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
