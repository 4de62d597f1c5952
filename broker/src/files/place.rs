//! What lies at a place: the exports of a folder by their names, and how a file that changed is known.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use nffg::{DomainId, Syntax};

/// The most files of one folder that are read.
pub const MAX_FILES: usize = 10_000;

/// The most names of one folder that are complained of.
const MAX_OTHERS: usize = 100;

/// A file as young as this may be written again without looking other: some file systems count time in
/// steps of two seconds.
const YOUTH: Duration = Duration::from_secs(2);

/// What tells whether a file is another than before, without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    len: u64,
    /// A file that was moved here is as old as it was before, but it is another.
    #[cfg(unix)]
    inode: (u64, u64, i64, i64),
}

impl Stamp {
    /// The stamp of the regular file at `path`.
    ///
    /// # Errors
    /// As the system says, or it is no regular file: reading a pipe may never end.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let meta = std::fs::metadata(path)?;
        if !meta.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        Ok(Self {
            modified: meta.modified().ok(),
            len: meta.len(),
            #[cfg(unix)]
            inode: {
                use std::os::unix::fs::MetadataExt;
                (meta.dev(), meta.ino(), meta.ctime(), meta.ctime_nsec())
            },
        })
    }

    /// The file's length in octets.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Whether the file may be written again and have the same stamp.
    pub(super) fn is_young(&self, now: SystemTime) -> bool {
        let age = self
            .modified
            .and_then(|modified| now.duration_since(modified).ok());
        age.is_none_or(|age| age < YOUTH)
    }
}

/// What a place holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    /// Paths of exports, in order.
    pub(crate) exports: BTreeSet<String>,
    /// Names that are no exports by their looks.
    pub(super) others: BTreeSet<String>,
    /// There are more exports than are read.
    pub(super) is_cut: bool,
}

/// The file at a place or, if it is a folder, its exports by their endings, hidden files left out.
/// Folders in a folder are not looked into.
///
/// # Errors
/// As the system says.
pub(crate) fn list(place: &Path) -> io::Result<Listing> {
    let mut listing = Listing::default();
    if !std::fs::metadata(place)?.is_dir() {
        listing.exports.insert(text(place));
        return Ok(listing);
    }
    for entry in std::fs::read_dir(place)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let is_export = name.to_str().and_then(Syntax::of_file_name).is_some();
        // A link to a folder is one, too.
        let is_folder = match entry.file_type() {
            Ok(kind) => kind.is_dir() || kind.is_symlink() && entry.path().is_dir(),
            Err(_) => false,
        };
        if !is_export || is_folder {
            if listing.others.len() < MAX_OTHERS {
                listing.others.insert(name.to_string_lossy().into_owned());
            }
            continue;
        }
        listing.exports.insert(text(&entry.path()));
        // However many there are, as many are remembered: the first by name.
        if listing.exports.len() > MAX_FILES {
            listing.exports.pop_last();
            listing.is_cut = true;
        }
    }
    Ok(listing)
}

/// Paths come from the settings and from names that were checked, so they are UTF-8.
pub(super) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Whose a file of `files.folder` is: what stands before the first dot of its name, or an AS number in four
/// parts. `AS7.yaml` and `AS7.resources.xml` are AS7's, `0.0.0.7.json` too.
pub(crate) fn owner(path: &str) -> Option<DomainId> {
    let name = Path::new(path).file_name()?.to_str()?;
    let (stem, _) = name.rsplit_once('.')?;
    let parts: Vec<&str> = stem.split('.').take(4).collect();
    let is_number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.len() == 4 && parts.iter().all(is_number) {
        return parts.join(".").parse().ok();
    }
    parts.first()?.parse().ok()
}
