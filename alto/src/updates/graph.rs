//! The updates graph of a resource (RFC 9569 §3): which edges there are, and which one to take.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::document::Snapshot;
use super::history::{History, Increment};
use super::patch::Patch;
use crate::media;

/// An edge: from version `i`, 0 for nothing, to version `j`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// `seq-i`.
    pub i: u64,
    /// `seq-j`.
    pub j: u64,
}

impl Edge {
    /// The edge of a path below a view, `<i>/<j>` (RFC 9569 §7.1): two whole numbers as JSON writes them.
    #[must_use]
    pub fn from_path(path: &str) -> Option<Self> {
        let number = |text: &str| {
            let is_plain = text == "0" || !text.starts_with('0');
            let is_number = is_plain && text.bytes().all(|octet| octet.is_ascii_digit());
            is_number.then(|| text.parse().ok()).flatten()
        };
        let (i, j) = path.split_once('/')?;
        Some(Self {
            i: number(i)?,
            j: number(j)?,
        })
    }
}

/// What is on an edge.
#[derive(Clone, Debug)]
pub enum Item {
    /// All of a version.
    Snapshot(Arc<Snapshot>),
    /// What makes a version of the one before.
    Increment(Patch),
}

impl Item {
    /// Its media type (RFC 9569 §7.1).
    #[must_use]
    pub fn media_type(&self) -> &str {
        match self {
            Self::Snapshot(snapshot) => &snapshot.content.media_type,
            Self::Increment(patch) => patch.form.media_type(),
        }
    }

    /// Its octets, in pieces.
    #[must_use]
    pub fn pieces(&self) -> Cow<'_, [Bytes]> {
        match self {
            Self::Snapshot(snapshot) => Cow::Borrowed(&snapshot.content.pieces),
            Self::Increment(patch) => Cow::Owned(vec![patch.bytes.clone()]),
        }
    }
}

/// Why there is nothing on an edge (RFC 9569 §7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoItem {
    /// It may come, within the window in which a client may wait for it.
    #[error("the update is not there yet: wait for it")]
    NotYet,
    /// There is no such edge and will not be.
    #[error("there is no such update")]
    NotFound,
    /// It begins or ends before the first version that is kept.
    #[error("the update is no longer kept")]
    Gone,
    /// The client does not accept what it is.
    #[error("the update has a media type that is not accepted")]
    NotAccepted,
    /// It is beyond the window.
    #[error("the update is too far ahead to wait for")]
    TooEarly,
}

impl NoItem {
    /// The status of HTTP, `None` for one that waits.
    #[must_use]
    pub const fn status(self) -> Option<u16> {
        match self {
            Self::NotYet => None,
            Self::NotFound => Some(404),
            Self::Gone => Some(410),
            Self::NotAccepted => Some(415),
            Self::TooEarly => Some(425),
        }
    }
}

/// An `UpdatesGraphSummary` (RFC 9569 §6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// `start-seq`.
    pub start: u64,
    /// `end-seq`.
    pub end: u64,
    /// `start-edge-rec`.
    pub edge: Edge,
}

impl Summary {
    fn value(self) -> Value {
        json!({"updates-graph-summary": {
            "start-seq": self.start,
            "end-seq": self.end,
            "start-edge-rec": {"seq-i": self.edge.i, "seq-j": self.edge.j},
        }})
    }

    /// The answer to who opens a view at this URI: an `AddTIPSResponse` (RFC 9569 §6.2).
    #[must_use]
    pub fn opened(self, view_uri: &str) -> Bytes {
        let answer = json!({"tips-view-uri": view_uri, "tips-view-summary": self.value()});
        answer.to_string().into()
    }

    /// The answer to who asks for another edge: a merge patch of the one before (RFC 9569 §7.4.2).
    #[must_use]
    pub fn recommended(self) -> Bytes {
        json!({"tips-view-summary": self.value()})
            .to_string()
            .into()
    }
}

/// How many versions ahead a client may wait for.
pub const WINDOW: u64 = 1;

impl History {
    /// All edges: the snapshots, then the increments.
    pub fn edges(&self) -> impl Iterator<Item = Edge> {
        let snapshots = self.versions().filter(|version| version.snapshot.is_some());
        let snapshots = snapshots.map(|version| Edge {
            i: 0,
            j: version.number,
        });
        let increments = self.versions().skip(1).map(|version| Edge {
            i: version.number - 1,
            j: version.number,
        });
        snapshots.chain(increments)
    }

    /// What is on an edge, for a client with this `Accept`.
    ///
    /// # Errors
    /// See [`NoItem`].
    pub fn item(&self, edge: Edge, accept: Option<&str>) -> Result<Item, NoItem> {
        let Edge { i, j } = edge;
        let (start, end) = (self.start(), self.end());
        let is_kind_of_edge = i == 0 || i.checked_add(1) == Some(j);
        if j == 0 || i >= j {
            return Err(NoItem::NotFound);
        }
        if j < start || (i != 0 && i < start) {
            return Err(NoItem::Gone);
        }
        if !is_kind_of_edge {
            return Err(NoItem::NotFound);
        }
        if j > end {
            return Err(if j - end <= WINDOW {
                NoItem::NotYet
            } else {
                NoItem::TooEarly
            });
        }
        let version = self.version(j).ok_or(NoItem::NotFound)?;
        let item = if i == 0 {
            let snapshot = version.snapshot.clone().ok_or(NoItem::NotFound)?;
            Item::Snapshot(snapshot)
        } else {
            // There is one document: a resource of several parts has no increments here.
            match version
                .increment
                .as_ref()
                .map(|increment| increment.parts())
            {
                Some([only]) if only.content_id.is_none() => Item::Increment(only.patch.clone()),
                _ => return Err(NoItem::NotFound),
            }
        };
        match media::negotiate(accept, &[item.media_type()]) {
            Some(_) => Ok(item),
            None => Err(NoItem::NotAccepted),
        }
    }

    /// The summary for a client that has the version with this tag, or none: who opens a view
    /// (RFC 9569 §6.2) or asks for the next edge (§7.4.2).
    ///
    /// The recommended edge is the first of the path to the last version with the fewest octets: from the
    /// client's version, if that is kept, else from nothing. From nothing no path is shorter than the last
    /// version whole: what a patch adds to another is in the patch. A client that has the last version waits
    /// for the next.
    #[must_use]
    pub fn summary(&self, tag: Option<&str>) -> Summary {
        let (start, end) = (self.start(), self.end());
        let known = tag.and_then(|tag| self.path_of(tag));
        let shorter = known.filter(|(_, octets)| *octets < self.latest().content.len());
        let edge = shorter.map_or(Edge { i: 0, j: end }, |(first, _)| first);
        Summary { start, end, edge }
    }

    /// The first edge from the version with this tag, and the octets on the way to the last.
    fn path_of(&self, tag: &str) -> Option<(Edge, usize)> {
        let i = self.tagged(tag)?;
        let octets = self.since(i)?.iter().copied().map(Increment::len).sum();
        Some((Edge { i, j: i + 1 }, octets))
    }
}
