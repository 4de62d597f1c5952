//! Server-sent events as RFC 8895 §5 uses them, read from octets that come in any pieces.
//!
//! ```text
//! line   = field [":" [" "] value] / ":" comment       ends in CR, LF or CRLF
//! event  = 1*line, then an empty line
//! ```
//!
//! `data` lines of one event are joined by LF. `id` and `retry` are ignored (RFC 8895 §5), and so are
//! comments and fields that are not known. What was not ended by an empty line when the stream ends is no
//! event.

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The `event` field: in ALTO a media type, and of a data update after a comma the data-id.
    pub event: String,
    /// The data, its lines joined by LF.
    pub data: String,
}

/// Why a stream is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// An event, or a line of it, is larger than the reader takes.
    #[error("an event of the stream is larger than {0} octets")]
    TooLarge(usize),
    /// The stream is not UTF-8.
    #[error("an event of the stream is not UTF-8")]
    NotUtf8,
}

/// Reads events. It keeps no more than one event, and that within its bound.
#[derive(Debug)]
pub struct Parser {
    most: usize,
    /// The line that has not ended yet.
    line: Vec<u8>,
    event: Vec<u8>,
    data: Vec<u8>,
    /// Whether the event has a `data` field: it may be empty.
    has_data: bool,
    /// The last octet was a CR that ended a line: an LF right after it belongs to it.
    after_cr: bool,
    /// Whether a byte order mark may still come.
    at_start: bool,
}

const BOM: &[u8] = b"\xef\xbb\xbf";

impl Parser {
    /// A reader of a stream of events of at most so many octets each.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most,
            line: Vec::new(),
            event: Vec::new(),
            data: Vec::new(),
            has_data: false,
            after_cr: false,
            at_start: true,
        }
    }

    /// Takes what came, and adds the events that ended in it to `events`.
    ///
    /// # Errors
    /// See [`SseError`]. After one the stream is of no more use.
    pub fn push(&mut self, mut octets: &[u8], events: &mut Vec<Event>) -> Result<(), SseError> {
        while !octets.is_empty() {
            if std::mem::take(&mut self.after_cr)
                && let Some(rest) = octets.strip_prefix(b"\n")
            {
                octets = rest;
                continue;
            }
            let end = octets
                .iter()
                .position(|octet| matches!(octet, b'\n' | b'\r'));
            let (piece, rest) = octets.split_at(end.unwrap_or(octets.len()));
            if self.size() + piece.len() > self.most {
                return Err(SseError::TooLarge(self.most));
            }
            self.line.extend_from_slice(piece);
            let Some((end, rest)) = rest.split_first() else {
                return Ok(());
            };
            self.after_cr = *end == b'\r';
            octets = rest;
            events.extend(self.end_line()?);
        }
        Ok(())
    }

    fn size(&self) -> usize {
        self.line.len() + self.event.len() + self.data.len()
    }

    /// The line is whole: the event, if this was its end.
    fn end_line(&mut self) -> Result<Option<Event>, SseError> {
        let mut line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.at_start) && line.starts_with(BOM) {
            line.drain(..BOM.len());
        }
        if line.is_empty() {
            return self.dispatch();
        }
        let colon = line.iter().position(|octet| *octet == b':');
        let (name, value) = match colon {
            Some(at) => {
                let (name, value) = line.split_at(at);
                let value = value.get(1..).unwrap_or_default();
                (name, value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line.as_slice(), [].as_slice()),
        };
        match name {
            b"event" => value.clone_into(&mut self.event),
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    // The line end counts, too, so that empty lines are bounded.
                    if self.size() >= self.most {
                        return Err(SseError::TooLarge(self.most));
                    }
                    self.data.push(b'\n');
                }
                if self.data.is_empty() {
                    // A document in one line is not copied but for what stands before it.
                    let start = line.len() - value.len();
                    line.drain(..start);
                    self.data = line;
                    return Ok(None);
                }
                self.data.extend_from_slice(value);
            }
            _ => {}
        }
        line.clear();
        self.line = line;
        Ok(None)
    }

    fn dispatch(&mut self) -> Result<Option<Event>, SseError> {
        let event = std::mem::take(&mut self.event);
        let data = std::mem::take(&mut self.data);
        if !std::mem::take(&mut self.has_data) {
            // An event without data is none: what keeps a connection alive looks so (RFC 8895 §6.8).
            return Ok(None);
        }
        let text = |octets| String::from_utf8(octets).map_err(|_| SseError::NotUtf8);
        Ok(Some(Event {
            event: text(event)?,
            data: text(data)?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MOST: usize = 1 << 16;

    fn read(pieces: &[&[u8]]) -> Vec<Event> {
        let mut parser = Parser::new(MOST);
        let mut events = Vec::new();
        for piece in pieces {
            parser.push(piece, &mut events).unwrap();
        }
        events
    }

    fn event(event: &str, data: &str) -> Event {
        Event {
            event: event.to_owned(),
            data: data.to_owned(),
        }
    }

    #[test]
    fn client_rfc8895_5_lines_of_data_are_joined_by_line_feeds() {
        let text =
            b"event: application/alto-costmap+json,routing\ndata: {\ndata:   \"a\": 1\ndata:}\n\n";
        let expected = event("application/alto-costmap+json,routing", "{\n  \"a\": 1\n}");
        assert_eq!(read(&[text]), [expected]);
        assert_eq!(read(&[b"data\ndata\n\n"]), [event("", "\n")]);
    }

    #[test]
    fn lines_end_in_any_of_three_ways_in_any_pieces() {
        for end in ["\n", "\r", "\r\n"] {
            let text =
                format!("\u{feff}: hello{end}event: a{end}data: 1{end}{end}data: 2{end}{end}");
            let octets = text.as_bytes();
            let expected = [event("a", "1"), event("", "2")];
            assert_eq!(read(&[octets]), expected, "{end:?}");
            let each: Vec<&[u8]> = octets.chunks(1).collect();
            assert_eq!(read(&each), expected, "{end:?}");
        }
    }

    #[test]
    fn client_rfc8895_5_id_retry_and_comments_are_ignored() {
        let text = b"id: 7\nretry: 1\n:\n: event: x\nfoo: bar\nevent: a\nid\ndata: 1\n\n";
        assert_eq!(read(&[text]), [event("a", "1")]);
    }

    #[test]
    fn client_rfc8895_6_8_what_keeps_a_connection_alive_is_no_event() {
        assert_eq!(read(&[b":\n\n:\n\nevent: a\n\n\n\n"]), []);
        // The name of an event without data is not that of the next.
        assert_eq!(read(&[b"event: a\n\ndata: 1\n\n"]), [event("", "1")]);
    }

    #[test]
    fn what_has_not_ended_is_no_event() {
        assert_eq!(read(&[b"event: a\ndata: 1\n"]), []);
        assert_eq!(read(&[b"data: 1\n\r"]), [event("", "1")]);
    }

    #[test]
    fn a_hostile_stream_is_bounded() {
        let mut events = Vec::new();
        for text in [
            "data: aaaaaaaaaa\n",
            "data:\n",
            "aaaaaaaaaaaaaaaa",
            ":aaaaaaaaaaaaaaaaaa",
        ] {
            let mut parser = Parser::new(64);
            let ended = (0..100).find_map(|_| parser.push(text.as_bytes(), &mut events).err());
            assert_eq!(ended, Some(SseError::TooLarge(64)), "{text}");
        }
        // Comments go with their line.
        let mut parser = Parser::new(64);
        for _ in 0..100 {
            parser.push(b": ping\n\n", &mut events).unwrap();
        }
        assert_eq!(
            Parser::new(64).push(b"data: \xff\n\n", &mut events),
            Err(SseError::NotUtf8)
        );
        assert!(events.is_empty());
    }

    /// An event as a server writes it.
    fn written(event: &Event, end: &str) -> String {
        let mut text = format!("event: {}{end}", event.event);
        for line in event.data.split('\n') {
            text.push_str(&format!("data: {line}{end}"));
        }
        text + end
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_however_it_is_cut(
            parts in prop::collection::vec(("[a-z+/,]{0,8}", "[ a-z:\\n\"]{0,24}"), 0..5),
            end in prop::sample::select(vec!["\n", "\r", "\r\n"]),
            cuts in prop::collection::vec(1_usize..9, 1..20),
        ) {
            let events: Vec<Event> = parts.iter().map(|(name, data)| event(name, data)).collect();
            let text: String = events.iter().map(|event| written(event, end)).collect();
            let mut rest = text.as_bytes();
            let mut pieces = Vec::new();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            prop_assert_eq!(read(&pieces), events);
        }

        #[test]
        fn pieces_make_no_difference(
            octets in prop::collection::vec(prop::sample::select(b"\n\r: adet\xef\xbb\xbf".as_slice()), 0..64),
            at in 0_usize..64,
        ) {
            let read = |pieces: &[&[u8]]| {
                let mut parser = Parser::new(40);
                let mut events = Vec::new();
                let ended = pieces.iter().try_for_each(|piece| parser.push(piece, &mut events));
                (events, ended)
            };
            let (a, b) = octets.split_at(at.min(octets.len()));
            let whole = read(&[&octets]);
            let cut = read(&[a, b]);
            prop_assert_eq!(&cut.1.is_ok(), &whole.1.is_ok());
            prop_assert_eq!(cut.0, whole.0);
        }
    }
}
