//! `multipart/related` taken apart (RFC 2046 §5.1, RFC 2387), for the answers of RFC 9275.
//!
//! ```text
//! preamble, ignored
//! --boundary                      a delimiter line; the line end before it belongs to it
//! Content-Type: application/json
//!
//! body
//! --boundary--                    the close delimiter: without it the answer is cut off
//! epilogue, ignored
//! ```

use super::media_type::MediaType;

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// Header fields, names in lower case, values trimmed and unfolded.
    pub headers: Vec<(String, String)>,
    /// The content, to the byte.
    pub body: &'a [u8],
}

/// Why a body is not multipart with the boundary.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MultipartError {
    /// RFC 2046 §5.1.1: 1 to 70 characters.
    #[error("the boundary must have 1 to 70 characters (RFC 2046 5.1.1)")]
    Boundary,
    /// No delimiter line at all.
    #[error("the boundary does not occur in the body")]
    NoDelimiter,
    /// The close delimiter is missing: the body is cut off.
    #[error("the closing delimiter is missing after part {0}: the answer is cut off")]
    NotClosed(usize),
    /// A part's header block does not end, or a line of it is no header field.
    #[error("part {0} has a line in its header that is no header field")]
    Header(usize),
}

impl Part<'_> {
    /// The first header field of this name, given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    /// Its `Content-Type`.
    #[must_use]
    pub fn media_type(&self) -> Option<MediaType> {
        self.header("content-type").map(MediaType::parse)
    }
}

/// The parts of `body`, in order. Line ends may be CRLF or, leniently, LF.
///
/// # Errors
/// See [`MultipartError`]. A body without its close delimiter is refused, since half an answer must
/// not pass for a whole one.
pub fn parse<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<Part<'a>>, MultipartError> {
    if boundary.is_empty() || boundary.len() > 70 {
        return Err(MultipartError::Boundary);
    }
    let mut parts = Vec::new();
    let mut position = 0;
    let mut start = None; // of the part that is being read
    while position < body.len() {
        let rest = body.get(position..).unwrap_or_default();
        let line_length = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(rest.len(), |end| end + 1);
        let line = rest.get(..line_length).unwrap_or_default();
        if let Some(is_last) = delimiter(line, boundary) {
            if let Some(start) = start {
                let content = body.get(start..position).unwrap_or_default();
                parts.push(part(without_line_end(content), parts.len() + 1)?);
            }
            if is_last {
                // A close delimiter that closes nothing is no multipart body (RFC 2046 §5.1.1).
                return start.map(|_| parts).ok_or(MultipartError::NoDelimiter);
            }
            start = Some(position + line_length);
        }
        position += line_length;
    }
    Err(if start.is_some() {
        MultipartError::NotClosed(parts.len() + 1)
    } else {
        MultipartError::NoDelimiter
    })
}

/// `Some(true)` for a close delimiter, `Some(false)` for another. White space after either is
/// transport padding (RFC 2046 §5.1.1).
fn delimiter(line: &[u8], boundary: &str) -> Option<bool> {
    let rest = line
        .strip_prefix(b"--")?
        .strip_prefix(boundary.as_bytes())?;
    let (is_last, rest) = match rest.strip_prefix(b"--") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    // A delimiter line has an end; the close delimiter may be the last thing there is.
    let ended = is_last || rest.ends_with(b"\n");
    (ended && rest.iter().all(u8::is_ascii_whitespace)).then_some(is_last)
}

fn without_line_end(content: &[u8]) -> &[u8] {
    content
        .strip_suffix(b"\n")
        .map_or(content, |rest| rest.strip_suffix(b"\r").unwrap_or(rest))
}

fn part(content: &[u8], number: usize) -> Result<Part<'_>, MultipartError> {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut rest = content;
    loop {
        let length = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(rest.len(), |end| end + 1);
        let (line, after) = rest.split_at(length);
        let text = String::from_utf8_lossy(line);
        let line = text.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            // No header at all: the content starts with the empty line, or is empty.
            return Ok(Part {
                headers,
                body: after,
            });
        }
        if line.starts_with([' ', '\t']) {
            let Some((_, value)) = headers.last_mut() else {
                return Err(MultipartError::Header(number));
            };
            value.push(' ');
            value.push_str(line.trim());
        } else {
            let (name, value) = line.split_once(':').ok_or(MultipartError::Header(number))?;
            if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control()) {
                return Err(MultipartError::Header(number));
            }
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        if after.is_empty() {
            // A header block that runs into the delimiter: a part with an empty body.
            return Ok(Part {
                headers,
                body: after,
            });
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests;
