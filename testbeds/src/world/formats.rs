//! The formats, and how one is recognised.

use std::fmt;

use super::{Limits, ParseError, World};

mod as_rel;
mod edge_list;
mod graphml;
mod repetita;
mod sndlib;
mod text;

pub(super) use edge_list::with_names;

/// A file format of topologies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// CAIDA's AS relationships, serial-1 (`as-rel`) and serial-2 (`as-rel2`).
    AsRelationships,
    /// A first line `nodes links`, then lines `a b delay` with the delay in microseconds.
    EdgeList,
    /// GraphML with the keys of the Internet Topology Zoo.
    GraphMl,
    /// The graph files of REPETITA.
    Repetita,
    /// SNDlib's native format.
    SndLib,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 5] = [
        Self::AsRelationships,
        Self::EdgeList,
        Self::GraphMl,
        Self::Repetita,
        Self::SndLib,
    ];

    /// How each begins, for errors.
    pub(super) const EXPECTED: &'static str = "CAIDA AS relationships ('# ...' or '1|2|-1'), GraphML \
        ('<?xml' or '<graphml'), REPETITA ('NODES 4'), SNDlib ('?SNDlib native format'), or an edge list \
        ('200 436'), each as it is or as .bz2";

    /// The format that `content` begins as. Only where it has nothing to begin with, blank or empty, the
    /// file's name tells.
    #[must_use]
    pub fn recognise(content: &[u8], name: &str) -> Option<Self> {
        let content = content.strip_prefix(BYTE_ORDER_MARK).unwrap_or(content);
        let content = content.trim_ascii_start();
        let line = content
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        // What a line of any of these formats has at its beginning is within this.
        let line = line.get(..256).unwrap_or(line);
        let text = String::from_utf8_lossy(line);
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
        if content.is_empty() {
            return Self::of_name(name);
        }
        match content.first() {
            Some(b'<') => Some(Self::GraphMl),
            Some(b'?') if text.starts_with(sndlib::MAGIC) => Some(Self::SndLib),
            Some(b'#') => Some(Self::AsRelationships),
            _ if text.contains('|') => Some(Self::AsRelationships),
            _ => match words[..] {
                ["NODES", _] => Some(Self::Repetita),
                [nodes, links] if number(nodes) && number(links) => Some(Self::EdgeList),
                _ => None,
            },
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        let name = name.strip_suffix(".bz2").unwrap_or(name);
        let endings = [
            (".as-rel.txt", Self::AsRelationships),
            (".as-rel2.txt", Self::AsRelationships),
            (".edges", Self::EdgeList),
            (".graph", Self::Repetita),
            (".graphml", Self::GraphMl),
        ];
        let found = endings.iter().find(|(ending, _)| name.ends_with(ending));
        found.map(|(_, format)| *format)
    }

    /// Reads `content`, which is not compressed, as this format.
    ///
    /// # Errors
    /// The line and the field at which it breaks a rule of the format or a limit. [`Limits::octets`] is
    /// for who reads a file: the content is there already.
    pub fn parse(self, content: &[u8], limits: &Limits) -> Result<World, ParseError> {
        let content = content.strip_prefix(BYTE_ORDER_MARK).unwrap_or(content);
        match self {
            Self::AsRelationships => as_rel::parse(content, limits),
            Self::EdgeList => edge_list::parse(content, limits),
            Self::GraphMl => graphml::parse(content, limits),
            Self::Repetita => repetita::parse(content, limits),
            Self::SndLib => sndlib::parse(content, limits),
        }
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AsRelationships => "CAIDA AS relationships",
            Self::EdgeList => "an edge list",
            Self::GraphMl => "GraphML",
            Self::Repetita => "a REPETITA graph",
            Self::SndLib => "an SNDlib network",
        })
    }
}
