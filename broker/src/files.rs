//! Files that tell of members: looked at every so often, read when they changed.
//!
//! Polling sees what a watch of the kernel misses (network file systems, a folder mounted over another)
//! and costs one `stat` a file. What a file said stays while the file is there, however wrong it has
//! become; a file that is gone takes what it said with it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use nffg::export::Expected;
use nffg::{DomainId, Syntax};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::ingest::{Document, Input, News, SourceKey, SourceKind};
use crate::settings::Settings;

/// The most files of one folder that are read.
pub const MAX_FILES: usize = 10_000;

/// Where to look.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Files and folders of one domain each.
    of_domains: Vec<(DomainId, PathBuf)>,
    /// A folder in which the names of the files say whose they are.
    folder: Option<PathBuf>,
    /// The largest file that is read, in octets.
    max_bytes: usize,
}

impl Places {
    /// The places of the settings.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let of_domains = settings.domains.iter().flat_map(|domain| {
            let files = domain.files.iter();
            files.map(|path| (domain.id.clone(), path.clone()))
        });
        Self {
            of_domains: of_domains.collect(),
            folder: settings.files.folder.clone(),
            max_bytes: settings.limits.member.bytes.min(nffg::MAX_BYTES),
        }
    }

    /// Whether there is nowhere to look.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.of_domains.is_empty() && self.folder.is_none()
    }
}

/// What tells whether a file is another than before.
type Stamp = (Option<SystemTime>, u64);

/// A file that has been read.
#[derive(Debug)]
struct Seen {
    stamp: Stamp,
    hash: Option<blake3::Hash>,
    /// It was not there the last time. Editors replace a file by removing it first.
    is_missing: bool,
}

/// The files of all places and what is known of them.
#[derive(Debug)]
struct Watch {
    places: Places,
    seen: BTreeMap<(DomainId, PathBuf), Seen>,
    /// Files that belong to nobody, and places that cannot be looked at: said once.
    complained: BTreeSet<PathBuf>,
}

/// Looks every so often until `stop`.
pub async fn run(
    places: Places,
    interval: std::time::Duration,
    inputs: mpsc::Sender<Input>,
    stop: CancellationToken,
) {
    let mut watch = Watch {
        places,
        seen: BTreeMap::new(),
        complained: BTreeSet::new(),
    };
    loop {
        let looked = tokio::task::spawn_blocking(move || {
            let news = watch.look();
            (watch, news)
        });
        let news;
        (watch, news) = match looked.await {
            Ok(looked) => looked,
            Err(error) => {
                warn!(%error, "looking at files failed; files are not looked at any more");
                return;
            }
        };
        for input in news {
            if inputs.send(input).await.is_err() {
                return;
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(interval) => {}
        }
    }
}

impl Watch {
    /// What is other than the last time.
    fn look(&mut self) -> Vec<Input> {
        let mut news = Vec::new();
        let there = self.list(&mut news);
        for (domain, path) in &there {
            if let Some(told) = self.read(domain, path) {
                news.push(input(domain, path, told));
            }
        }
        self.seen.retain(|(domain, path), seen| {
            if there.contains(&(domain.clone(), path.clone())) {
                seen.is_missing = false;
                return true;
            }
            if !std::mem::replace(&mut seen.is_missing, true) {
                return true;
            }
            news.push(input(domain, path, News::Withdrawn));
            false
        });
        news
    }

    /// The files that are there, and whose they are.
    fn list(&mut self, news: &mut Vec<Input>) -> BTreeSet<(DomainId, PathBuf)> {
        let mut there = BTreeSet::new();
        for (domain, place) in self.places.of_domains.clone() {
            match files(&place) {
                Ok(files) => there.extend(files.into_iter().map(|path| (domain.clone(), path))),
                Err(error) => {
                    if self.complained.insert(place.clone()) {
                        let why = format!("cannot read {}: {error}", place.display());
                        news.push(input(&domain, &place, News::Failed(why.into())));
                    }
                    continue;
                }
            }
            if self.complained.remove(&place) {
                // What failed was the place; what is there now has its own word.
                news.push(input(&domain, &place, News::Withdrawn));
            }
        }
        let Some(folder) = self.places.folder.clone() else {
            return there;
        };
        match files(&folder) {
            Ok(files) => {
                self.complained.remove(&folder);
                for path in files {
                    match owner(&path) {
                        Some(domain) => drop(there.insert((domain, path))),
                        None if self.complained.insert(path.clone()) => {
                            warn!(path = %path.display(), "the name of an export in files.folder begins with its domain, as AS7.yaml");
                        }
                        None => {}
                    }
                }
            }
            Err(error) if self.complained.insert(folder.clone()) => {
                warn!(folder = %folder.display(), %error, "cannot look into files.folder");
            }
            Err(_) => {}
        }
        there
    }

    /// What a file says, if it is another than the last time.
    fn read(&mut self, domain: &DomainId, path: &Path) -> Option<News> {
        let key = (domain.clone(), path.to_owned());
        let known = self.seen.get(&key);
        let stamp = std::fs::metadata(path).map(|meta| (meta.modified().ok(), meta.len()));
        let (stamp, failed) = match stamp {
            Ok(stamp) => (stamp, None),
            Err(error) => ((None, 0), Some(error)),
        };
        if known.is_some_and(|seen| seen.stamp == stamp) {
            return None;
        }
        let before = known.and_then(|seen| seen.hash);
        let mut hash = None;
        let news = match failed.map_or_else(|| self.bytes(path), Err) {
            Err(error) => News::Failed(format!("cannot read {}: {error}", path.display()).into()),
            Ok(bytes) => {
                hash = Some(blake3::hash(&bytes));
                if hash == before {
                    News::Unchanged
                } else {
                    let name = path.file_name().and_then(|name| name.to_str());
                    let expected = Expected {
                        domain,
                        syntax: name.and_then(Syntax::of_file_name),
                        format: None,
                    };
                    match Document::decode(&bytes, expected) {
                        Ok(document) => News::Document(Box::new(document)),
                        Err(error) => {
                            // The next version may be the last good one again.
                            hash = None;
                            News::Failed((&error).into())
                        }
                    }
                }
            }
        };
        let seen = Seen {
            stamp,
            hash,
            is_missing: false,
        };
        self.seen.insert(key, seen);
        Some(news)
    }

    fn bytes(&self, path: &Path) -> io::Result<Vec<u8>> {
        use io::Read;
        let max = self.places.max_bytes;
        let mut bytes = Vec::new();
        std::fs::File::open(path)?
            .take(max as u64 + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() > max {
            let why = format!("larger than {max} bytes (limits.member.bytes)");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        Ok(bytes)
    }
}

fn input(domain: &DomainId, path: &Path, news: News) -> Input {
    let name: Arc<str> = path.to_string_lossy().into();
    Input {
        source: SourceKey {
            domain: domain.clone(),
            kind: SourceKind::File(name),
        },
        news,
    }
}

/// The exports at a place: the file, or those of the folder by their endings, hidden ones left out.
fn files(place: &Path) -> io::Result<Vec<PathBuf>> {
    if !std::fs::metadata(place)?.is_dir() {
        return Ok(vec![place.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(place)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let is_export =
            name.is_some_and(|name| !name.starts_with('.') && Syntax::of_file_name(name).is_some());
        if is_export && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    files.truncate(MAX_FILES);
    Ok(files)
}

/// Whose a file of the folder is: the name up to the first dot that leaves a domain. `AS7.yaml` and
/// `AS7.resources.xml` are AS7's, `0.0.0.7.json` too.
fn owner(path: &Path) -> Option<DomainId> {
    let name = path.file_name()?.to_str()?;
    let (stem, _) = name.rsplit_once('.')?;
    let dotted: Option<DomainId> = stem.split('.').nth(3).and_then(|_| {
        let four: Vec<&str> = stem.split('.').take(4).collect();
        let four = four.join(".");
        four.parse().ok().filter(|id: &DomainId| id.asn().is_some())
    });
    dotted.or_else(|| stem.split('.').next()?.parse().ok())
}

#[cfg(test)]
mod tests;
