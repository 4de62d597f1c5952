//! Files: reading, decompressing and recognising, all within bounds.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bzip2::read::MultiBzDecoder;

use super::{Format, Limits, World, WorldError, formats};

/// What every bzip2 file begins with, before the digit of its block size.
const BZIP2: &[u8] = b"BZh";

impl World {
    /// Reads a file of any of the formats, compressed with bzip2 or not.
    ///
    /// What the file begins with tells the format; its name counts only if it is blank. The names of an edge
    /// list come from the file that is called as it is but for the ending `.names`, if there is one.
    ///
    /// # Errors
    /// The file cannot be read or decompressed, is of no known format, breaks a rule of its format, or is
    /// beyond [`Limits::default`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WorldError> {
        Self::open_within(path, &Limits::default())
    }

    /// The same within other limits.
    ///
    /// # Errors
    /// As of [`World::open`].
    pub fn open_within(path: impl AsRef<Path>, limits: &Limits) -> Result<Self, WorldError> {
        let path = path.as_ref();
        let content = read(path, limits)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some(format) = Format::recognise(&content, &name) else {
            let begins = content.get(..40).unwrap_or(&content);
            return Err(WorldError::Unknown {
                path: path.to_owned(),
                begins: begins.escape_ascii().to_string(),
            });
        };
        let world = match format {
            Format::EdgeList => {
                let beside = path.with_extension("names");
                let names = beside
                    .is_file()
                    .then(|| read(&beside, limits))
                    .transpose()?;
                formats::with_names(&content, names.as_deref(), limits)
            }
            _ => format.parse(&content, limits),
        };
        world.map_err(|source| WorldError::Parse {
            path: path.to_owned(),
            format,
            source,
        })
    }
}

/// What is in a file, decompressed if it is bzip2.
fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>, WorldError> {
    let unread = |source| WorldError::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(unread)?;
    let content = bounded(file, limits).map_err(unread)?;
    let content = match content {
        Some(content) if content.starts_with(BZIP2) => {
            bounded(MultiBzDecoder::new(&*content), limits).map_err(|source| {
                WorldError::Decompress {
                    path: path.to_owned(),
                    source,
                }
            })?
        }
        other => other,
    };
    content.ok_or_else(|| WorldError::TooLarge {
        path: path.to_owned(),
        limit: limits.octets,
    })
}

/// All that `source` has; `None` if that is more than may be.
fn bounded(source: impl Read, limits: &Limits) -> io::Result<Option<Vec<u8>>> {
    let limit = limits.octets;
    let mut content = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    source.take(most).read_to_end(&mut content)?;
    Ok((content.len() <= limit).then_some(content))
}
