//! Writing to people. `println!` panics when nobody reads any more (`brokerctl ... | head -1`); here a
//! closed pipe is a quiet end.

use std::borrow::Cow;
use std::io::{self, Write};

/// Writes `text` to standard output.
///
/// # Errors
/// As the system says, but for a closed pipe, which is no error.
pub fn print(text: &str) -> io::Result<()> {
    print_bytes(harmless(text).as_bytes())
}

/// Writes bytes to standard output as they are.
///
/// # Errors
/// As the system says, but for a closed pipe, which is no error.
pub fn print_bytes(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes `text` to a terminal, in the place of the `before` lines above. Lines are cut at the terminal's width, so that each
/// takes one (DEC private mode 7, autowrap).
///
/// # Errors
/// As the system says, but for a closed pipe, which is no error.
pub(super) fn redraw(text: &str, before: usize) -> io::Result<()> {
    let up = match before {
        0 => String::new(),
        lines => format!("\u{1b}[{lines}A\r"),
    };
    let drawn = format!("{up}\u{1b}[J\u{1b}[?7l{}\u{1b}[?7h", harmless(text));
    print_bytes(drawn.as_bytes())
}

/// Writes a line to standard error. If even that is closed, there is nobody left to tell.
pub fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", harmless(text));
}

/// The text with control characters written out: what is shown comes from members' documents, and a
/// terminal would obey.
fn harmless(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if obeyed(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_told_what_to_do() {
        assert_eq!(harmless("plain\n\ttext é"), "plain\n\ttext é");
        assert_eq!(
            harmless("\u{1b}[2J\r\u{9b}1m\u{7f}"),
            r"\u{1b}[2J\r\u{9b}1m\u{7f}"
        );
    }
}
