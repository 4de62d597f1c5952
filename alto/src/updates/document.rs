//! What a resource says in one version: one JSON document, or several in parts.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::message;
use super::patch::Node;
use super::text;
use crate::{Content, Tag};

/// A JSON document, in pieces. A piece that is the same memory in two of them need not be compared.
#[derive(Clone, Debug)]
pub struct Document {
    /// One, or several of which the first ends where the last member's own members begin, each of those is
    /// one more, and the last closes both: as full cost maps are made.
    pieces: Vec<Bytes>,
}

impl Document {
    /// The document with this text. It must be JSON, and each member's name in an object once.
    #[must_use]
    pub fn new(pieces: Vec<Bytes>) -> Self {
        let pieces = match pieces.as_slice() {
            [_] => pieces,
            pieces if by_rows(pieces).is_some() => pieces.to_vec(),
            pieces => vec![pieces.concat().into()],
        };
        Self { pieces }
    }

    pub(super) fn node(&self) -> Node<'_> {
        match self.pieces.as_slice() {
            [] => Node::Text(b""),
            [only] => Node::Text(only.trim_ascii()),
            pieces => by_rows(pieces).unwrap_or(Node::Text(b"")),
        }
    }
}

/// An object whose last member is written row by row.
fn by_rows(pieces: &[Bytes]) -> Option<Node<'_>> {
    let [head, rows @ .., tail] = pieces else {
        return None;
    };
    if tail.as_ref() != b"}}" {
        return None;
    }
    let (members, open) = text::open_members(head)?;
    let rows = rows.iter().map(|row| {
        let (name, value) = text::row(row)?;
        Some((name, Node::Text(value)))
    });
    let rows = Node::Members(rows.collect::<Option<_>>()?);
    let members = members
        .into_iter()
        .map(|(name, value)| (name, Node::Text(value)));
    Some(Node::Members(members.chain([(open, rows)]).collect()))
}

/// A part of what a resource says; the only one, if it is no multipart resource.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its Content-ID, without brackets, if it is one of several (RFC 8895 §5.2).
    pub content_id: Option<Arc<str>>,
    /// What it says.
    pub document: Document,
}

/// What a resource says in one version, whole.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// What it answers.
    pub content: Content,
    /// The hash of what it says, also of a resource that is asked by POST.
    pub tag: Tag,
    /// Its documents. None if it is of several parts that cannot be told apart: then there are no
    /// incremental changes of it.
    pub parts: Vec<Part>,
    /// Its content as the data of a server-sent event, made when the first client is told it.
    lines: OnceLock<Arc<[Bytes]>>,
}

impl Snapshot {
    /// Its content as data lines, which all who are told it share.
    pub(super) fn lines(&self) -> &Arc<[Bytes]> {
        self.lines
            .get_or_init(|| message::lines(&self.content.pieces).into())
    }
}

impl From<Content> for Snapshot {
    fn from(content: Content) -> Self {
        let octets = || Tag::of(content.pieces.iter().map(Bytes::as_ref));
        let tag = content.tag.clone().unwrap_or_else(octets);
        let parts = if content.media_type.starts_with("multipart/") {
            parts(&content.media_type, &content.pieces).unwrap_or_default()
        } else {
            let document = Document::new(content.pieces.clone());
            vec![Part {
                content_id: None,
                document,
            }]
        };
        Self {
            content,
            tag,
            parts,
            lines: OnceLock::new(),
        }
    }
}

/// The parts of a `multipart/related` body of ours: each has a Content-ID of its own.
fn parts(media_type: &str, pieces: &[Bytes]) -> Option<Vec<Part>> {
    let body: Bytes = match pieces {
        [only] => only.clone(),
        pieces => pieces.concat().into(),
    };
    let boundary = media_type
        .split(';')
        .find_map(|parameter| parameter.trim().strip_prefix("boundary="));
    let delimiter = format!("--{}", boundary?);
    let between = format!("\r\n{delimiter}");
    let mut parts: Vec<Part> = Vec::new();
    let mut at = delimiter.len();
    if !body.starts_with(delimiter.as_bytes()) {
        return None;
    }
    loop {
        let rest = body.get(at..)?;
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        let start = find(rest, b"\r\n\r\n")?;
        let head = str::from_utf8(rest.get(..start)?).ok()?;
        let length = find(rest.get(start + 4..)?, between.as_bytes())?;
        let content_id = head.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_id = name.eq_ignore_ascii_case("content-id");
            is_id.then(|| value.trim().strip_prefix('<')?.strip_suffix('>'))?
        })?;
        if parts
            .iter()
            .any(|part| part.content_id.as_deref() == Some(content_id))
        {
            return None;
        }
        let from = at + start + 4;
        let document = Document::new(vec![body.slice(from..from + length)]);
        parts.push(Part {
            content_id: Some(content_id.into()),
            document,
        });
        at = from + length + between.len();
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}
