//! Why a file is no topology.

use std::io;
use std::path::PathBuf;

use super::Format;

/// Why a topology could not be read from a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// The file cannot be read.
    #[error("{} cannot be read", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is bzip2 and is broken.
    #[error("{} begins as bzip2 and cannot be decompressed", .path.display())]
    Decompress {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file, or what it decompresses to, is too large.
    #[error("{} has more than {limit} octets", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// [`super::Limits::octets`].
        limit: usize,
    },
    /// Neither content nor name tells the format.
    #[error("{} begins with '{begins}', which no known format does; expected {}", .path.display(), Format::EXPECTED)]
    Unknown {
        /// The file.
        path: PathBuf,
        /// Its first characters.
        begins: String,
    },
    /// The file breaks a rule of its format.
    #[error("{} is not {format}", .path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The format that it begins as.
        format: Format,
        /// What is wrong.
        source: ParseError,
    },
}

/// Where and how a text breaks a rule of its format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// A field has a wrong value.
    #[error("line {line}: {field} is '{value}': {rule}")]
    Invalid {
        /// The line, from 1.
        line: usize,
        /// The column, section or attribute.
        field: &'static str,
        /// What stands there, cut after 80 characters.
        value: String,
        /// What would be right.
        rule: &'static str,
    },
    /// There is more than is allowed.
    #[error("line {line}: more than {limit} {what}")]
    TooMany {
        /// The line, from 1.
        line: usize,
        /// Nodes or links.
        what: &'static str,
        /// The limit, of [`super::Limits`].
        limit: usize,
    },
    /// A GraphML text is not well-formed XML.
    #[error("line {line}, column {column}: not well-formed XML: {reason}")]
    Xml {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// The XML parser's words.
        reason: String,
    },
}

impl ParseError {
    /// A field with a wrong value.
    pub(super) fn invalid(
        line: usize,
        field: &'static str,
        value: &str,
        rule: &'static str,
    ) -> Self {
        let value = value.chars().take(80).collect();
        Self::Invalid {
            line,
            field,
            value,
            rule,
        }
    }

    /// One node too many.
    pub(super) fn too_many_nodes(line: usize, limit: usize) -> Self {
        let what = "nodes";
        Self::TooMany { line, what, limit }
    }

    /// One link too many.
    pub(super) fn too_many_links(line: usize, limit: usize) -> Self {
        let what = "links";
        Self::TooMany { line, what, limit }
    }
}
