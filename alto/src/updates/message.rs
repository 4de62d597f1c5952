//! What is sent on an update stream (RFC 8895 §5).

use std::borrow::Cow;
use std::slice;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::document::Snapshot;
use super::history::PartPatch;
use super::request::SubstreamId;
use crate::media;

/// A message: one server-sent event. Who clones it shares the octets.
#[derive(Clone, Debug)]
pub struct Message {
    /// The event field: a media type, and of a data update after a comma the data-id (RFC 8895 §5.1).
    pub event: String,
    /// What kind of message it is.
    pub kind: MessageKind,
    data: Data,
}

/// What a message tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// Of the stream itself.
    Control,
    /// All of a resource that the client has nothing of.
    Full,
    /// All of a resource that the client has in an older version.
    Replacement,
    /// What changed.
    Patch,
}

#[derive(Clone, Debug)]
enum Data {
    Whole(Arc<Snapshot>),
    Text(Bytes),
}

impl Message {
    /// All of a resource, to a client that has it in another version or not at all.
    pub(super) fn full(substream: &SubstreamId, snapshot: &Arc<Snapshot>, is_first: bool) -> Self {
        Self {
            event: format!("{},{substream}", snapshot.content.media_type),
            kind: if is_first {
                MessageKind::Full
            } else {
                MessageKind::Replacement
            },
            data: Data::Whole(Arc::clone(snapshot)),
        }
    }

    /// What changed in a resource, or in a part of it (RFC 8895 §5.2).
    pub(super) fn patch(substream: &SubstreamId, part: &PartPatch) -> Self {
        let media_type = part.patch.form.media_type();
        let event = match &part.content_id {
            None => format!("{media_type},{substream}"),
            Some(content_id) => format!("{media_type},{substream}.{content_id}"),
        };
        Self {
            event,
            kind: MessageKind::Patch,
            data: Data::Text(part.patch.bytes.clone()),
        }
    }

    /// How many octets of data there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.data {
            Data::Whole(snapshot) => snapshot.content.len(),
            Data::Text(text) => text.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The message as it goes over the wire, in pieces. A large piece is the very memory that the store has:
    /// only small ones are copied together.
    #[must_use]
    pub fn encode(&self) -> Vec<Bytes> {
        let mut out = Pieces::default();
        out.copy(b"event: ");
        out.copy(self.event.as_bytes());
        out.copy(b"\n");
        match &self.data {
            Data::Whole(snapshot) => {
                for piece in snapshot.lines().iter() {
                    out.add(piece);
                }
            }
            Data::Text(text) => {
                for piece in lines(slice::from_ref(text)) {
                    out.add(&piece);
                }
            }
        }
        out.copy(b"\n");
        out.finish()
    }
}

/// A smaller piece is copied: to send it apart would cost more.
const SMALL: usize = 4 << 10;

/// A line of data is broken where a piece ends after so many octets. What reads lines need not hold a whole
/// map in one.
const LINE: usize = 64 << 10;

/// Octets in pieces, of which small ones are put together.
#[derive(Default)]
struct Pieces {
    done: Vec<Bytes>,
    small: Vec<u8>,
}

impl Pieces {
    fn copy(&mut self, octets: &[u8]) {
        self.small.extend_from_slice(octets);
    }

    fn add(&mut self, piece: &Bytes) {
        if piece.len() < SMALL {
            return self.copy(piece);
        }
        self.flush();
        self.done.push(piece.clone());
    }

    fn flush(&mut self) {
        if !self.small.is_empty() {
            self.done.push(std::mem::take(&mut self.small).into());
        }
    }

    fn finish(mut self) -> Vec<Bytes> {
        self.flush();
        self.done
    }
}

/// The data lines of a document. A JSON document of several pieces is broken between some of them, where it
/// says the same with a line break; a body of several parts where its own lines end. They end in CRLF, and a
/// reader joins them with LF (RFC 8895 §9.5).
pub(super) fn lines(document: &[Bytes]) -> Vec<Bytes> {
    let mut out = Pieces::default();
    out.copy(b"data: ");
    let mut in_line = 0;
    let mut pieces = document.iter().peekable();
    while let Some(piece) = pieces.next() {
        let mut rest = piece.clone();
        while let Some(end) = line_end(&rest) {
            out.add(&rest.split_to(end));
            let crlf = if rest.starts_with(b"\r\n") { 2 } else { 1 };
            let _ = rest.split_to(crlf.min(rest.len()));
            out.copy(b"\ndata: ");
            in_line = 0;
        }
        out.add(&rest);
        in_line += rest.len();
        if in_line >= LINE && pieces.peek().is_some() {
            out.copy(b"\ndata: ");
            in_line = 0;
        }
    }
    out.copy(b"\n");
    out.finish()
}

/// Where the first line ends, if it does.
fn line_end(text: &[u8]) -> Option<usize> {
    // Most documents have no line break at all, and this is the fastest way to find that out.
    if !text.contains(&b'\n') && !text.contains(&b'\r') {
        return None;
    }
    text.iter().position(|octet| matches!(octet, b'\n' | b'\r'))
}

/// A control message (RFC 8895 §5.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControlUpdate {
    /// The URI of the control service, `None` within if there is no such service; of the first message alone.
    pub control_uri: Option<Option<String>>,
    /// What updates will come of.
    pub started: Vec<SubstreamId>,
    /// What no more will come of.
    pub stopped: Vec<SubstreamId>,
    /// Why, for people.
    pub description: Option<Cow<'static, str>>,
}

impl From<&ControlUpdate> for Message {
    fn from(update: &ControlUpdate) -> Self {
        let mut members = Map::new();
        if let Some(uri) = &update.control_uri {
            members.insert("control-uri".to_owned(), uri.clone().into());
        }
        for (name, ids) in [("started", &update.started), ("stopped", &update.stopped)] {
            if !ids.is_empty() {
                let ids: Vec<&str> = ids.iter().map(SubstreamId::as_str).collect();
                members.insert(name.to_owned(), ids.into());
            }
        }
        if let Some(description) = &update.description {
            members.insert("description".to_owned(), description.as_ref().into());
        }
        Self {
            event: media::UPDATE_STREAM_CONTROL.to_owned(),
            kind: MessageKind::Control,
            data: Data::Text(Value::from(members).to_string().into()),
        }
    }
}
