//! What is sent on an update stream (RFC 8895 §5).

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::document::Snapshot;
use super::history::PartPatch;
use super::request::SubstreamId;
use crate::media;

/// A message: one server-sent event. Who clones it shares the octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The event field: a media type, and of a data update after a comma the data-id (RFC 8895 §5.1).
    pub event: String,
    /// The data, in pieces. A line may be broken between two of a single JSON document, and within
    /// none.
    pub data: Vec<Bytes>,
}

impl Message {
    /// All of a resource.
    pub(super) fn full(substream: &SubstreamId, snapshot: &Snapshot) -> Self {
        Self {
            event: format!("{},{substream}", snapshot.content.media_type),
            data: snapshot.content.pieces.clone(),
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
            data: vec![part.patch.bytes.clone()],
        }
    }

    /// How many octets of data there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.data.iter().map(Bytes::len).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.data.iter().all(Bytes::is_empty)
    }

    /// The message as it goes over the wire, in pieces: a `data` line for each piece of a JSON document, which
    /// says the same with a line break there, and one for each line of a body of several parts. Its lines end
    /// in CRLF, and a reader joins them with LF (RFC 8895 §9.5).
    #[must_use]
    pub fn encode(&self) -> Vec<Bytes> {
        let mut out = vec![Bytes::from(format!("event: {}\n", self.event))];
        for piece in &self.data {
            let mut rest = piece.clone();
            while !rest.is_empty() {
                let end = rest.iter().position(|octet| matches!(octet, b'\n' | b'\r'));
                let line = rest.split_to(end.unwrap_or(rest.len()));
                let crlf = if rest.starts_with(b"\r\n") { 2 } else { 1 };
                let _ = rest.split_to(crlf.min(rest.len()));
                out.extend([
                    Bytes::from_static(b"data: "),
                    line,
                    Bytes::from_static(b"\n"),
                ]);
            }
        }
        out.push(Bytes::from_static(b"\n"));
        out
    }
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
            data: vec![Value::from(members).to_string().into()],
        }
    }
}
