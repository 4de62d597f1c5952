//! Files that tell of members: looked at every so often, read when they changed.
//!
//! Polling sees what a watch of the kernel misses (network file systems, a folder mounted over another)
//! and costs one `stat` a file. Rules:
//! * What a file said stays in force while the file is there, however wrong it has become, and while nobody
//!   can tell whether it is there.
//! * A file that was not there at two looks in a row takes what it said with it; editors replace a file by
//!   removing it first.
//! * A file or folder of a domain that cannot be read is a fault of that domain. What is nobody's fault in
//!   particular (a name that tells no domain, a file that is no export) is complained of once, in the log.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use nffg::export::Expected;
use nffg::{DomainId, Syntax};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::clock;
use crate::ingest::{Document, Failure, Input, News, SourceKey, SourceKind};
use crate::published::Published;
use crate::settings::Settings;
use place::{Listing, Stamp, list, owner, text};

pub(crate) mod place;

pub use place::MAX_FILES;

/// The most complaints that are remembered, so as not to be repeated.
const MAX_COMPLAINTS: usize = 1000;

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

/// Looks every so often until `stop`. A slow writer slows the looking. `published` is told how much the
/// first look brought.
pub async fn run(
    places: Places,
    interval: Duration,
    inputs: mpsc::Sender<Input>,
    published: Arc<Published>,
    stop: CancellationToken,
) {
    let mut watch = Watch::new(places);
    let mut is_first = true;
    loop {
        let (sender, stopped) = (inputs.clone(), stop.clone());
        let looking = tokio::task::spawn_blocking(move || {
            let mut sent = 0_u64;
            let look = watch.look(SystemTime::from(clock::now().timestamp), |input| {
                sent += 1;
                !stopped.is_cancelled() && sender.blocking_send(input).is_ok()
            });
            (watch, look, sent)
        });
        let looked = tokio::select! {
            () = stop.cancelled() => return,
            looked = looking => looked,
        };
        let (look, sent);
        (watch, look, sent) = match looked {
            Ok(looked) => looked,
            Err(error) => {
                warn!(%error, "looking at files failed; files are not looked at any more");
                return;
            }
        };
        for complaint in look.complaints {
            warn!("{complaint}");
        }
        debug!(files = look.files, read = look.read, "looked at files");
        if std::mem::take(&mut is_first) {
            published.first_look_brought(sent);
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(interval) => {}
        }
    }
}

/// What came of a look, beside inputs.
#[derive(Debug, Default)]
struct Look {
    /// Files that are there.
    files: usize,
    /// Files that were read.
    read: usize,
    /// What is to be said, and was not said at the look before.
    complaints: Vec<String>,
}

/// A file, or a place that is not as it should be, as it was at the last look.
#[derive(Debug, Default)]
struct Seen {
    /// Which of the places it is at.
    place: usize,
    /// As what was read looked; none if nothing could be read.
    stamp: Option<Stamp>,
    /// It may have been written again since, and look the same.
    is_young: bool,
    /// What was read last.
    read: Option<blake3::Hash>,
    /// The document that the writer was given last.
    in_force: Option<blake3::Hash>,
    /// Why it could not be read, if so.
    failure: Option<String>,
    /// It was not there at the last look.
    is_missing: bool,
}

/// A file that is there, or something that should be: its place, and its stamp.
type Found = (usize, io::Result<Stamp>);

/// The files of all places and what is known of them.
#[derive(Debug)]
struct Watch {
    places: Places,
    /// Each source is a file, named by its path.
    seen: BTreeMap<(DomainId, String), Seen>,
    /// What was complained of at the last look.
    complaints: BTreeSet<String>,
}

impl Watch {
    fn new(places: Places) -> Self {
        Self {
            places,
            seen: BTreeMap::new(),
            complaints: BTreeSet::new(),
        }
    }

    /// Tells `say` what is other than the last time, until it returns false.
    fn look(&mut self, now: SystemTime, mut say: impl FnMut(Input) -> bool) -> Look {
        let mut complaints = BTreeSet::new();
        let mut unknown = BTreeSet::new();
        let found = self.find(&mut unknown, &mut complaints);
        let mut look = Look {
            files: found.len(),
            ..Look::default()
        };
        let mut is_heard = true;
        for (key, (place, stamp)) in &found {
            let mut seen = self.seen.remove(key).unwrap_or_default();
            seen.place = *place;
            let news = match stamp {
                Ok(stamp) => self.file(key, &mut seen, *stamp, now, &mut look),
                Err(error) => fault(&key.1, &mut seen, error),
            };
            self.seen.insert(key.clone(), seen);
            is_heard &= news.into_iter().all(|news| say(input(key, news)));
            if !is_heard {
                return look;
            }
        }
        self.seen.retain(|key, seen| {
            if found.contains_key(key) || unknown.contains(&seen.place) {
                return true;
            }
            if seen.in_force.is_some() && !std::mem::replace(&mut seen.is_missing, true) {
                return true;
            }
            is_heard = is_heard && say(input(key, News::Withdrawn));
            false
        });
        look.complaints = complaints.difference(&self.complaints).cloned().collect();
        self.complaints = complaints;
        look
    }

    /// What is there and whose it is. Of the places `unknown` nobody can say.
    fn find(
        &self,
        unknown: &mut BTreeSet<usize>,
        complaints: &mut BTreeSet<String>,
    ) -> BTreeMap<(DomainId, String), Found> {
        let mut found = BTreeMap::new();
        let mut complain = |text: String| {
            if complaints.len() < MAX_COMPLAINTS {
                complaints.insert(text);
            }
        };
        let stamp = |path: String| {
            let stamp = Stamp::of(Path::new(&path));
            // Removed since the folder was listed, unless it is a link that leads nowhere.
            let is_gone = stamp.as_ref().is_err_and(|error| {
                error.kind() == io::ErrorKind::NotFound && std::fs::symlink_metadata(&path).is_err()
            });
            (!is_gone).then_some((path, stamp))
        };
        for (at, (domain, place)) in self.places.of_domains.iter().enumerate() {
            match list(place) {
                Ok(listing) => {
                    complaints_of(&listing, place, &mut complain);
                    for (path, stamp) in listing.exports.into_iter().filter_map(stamp) {
                        found.insert((domain.clone(), path), (at, stamp));
                    }
                }
                Err(error) => {
                    if error.kind() != io::ErrorKind::NotFound {
                        unknown.insert(at);
                    }
                    found.insert((domain.clone(), text(place)), (at, Err(error)));
                }
            }
        }
        let Some(folder) = &self.places.folder else {
            return found;
        };
        let at = self.places.of_domains.len();
        match list(folder) {
            Ok(listing) => {
                complaints_of(&listing, folder, &mut complain);
                for (path, stamp) in listing.exports.into_iter().filter_map(stamp) {
                    match owner(&path) {
                        Some(domain) => drop(found.insert((domain, path), (at, stamp))),
                        None => complain(format!(
                            "{path} is nobody's: the name of an export in files.folder begins with its domain, as AS7.yaml"
                        )),
                    }
                }
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    unknown.insert(at);
                }
                complain(format!(
                    "cannot look into files.folder {}: {error}",
                    folder.display()
                ));
            }
        }
        found
    }

    /// What a file says, if it is another than the last time.
    fn file(
        &self,
        (domain, path): &(DomainId, String),
        seen: &mut Seen,
        stamp: Stamp,
        now: SystemTime,
        look: &mut Look,
    ) -> Vec<News> {
        seen.is_missing = false;
        let is_touched = seen.stamp != Some(stamp);
        if !is_touched && !seen.is_young {
            return Vec::new();
        }
        look.read += 1;
        let bytes = match bytes(Path::new(path), stamp, self.places.max_bytes) {
            Ok(bytes) => bytes,
            Err(error) => {
                // It may be removed this very moment.
                let news = fault(path, seen, &error);
                // Too large a file need not be tried again before it is another.
                seen.stamp = (error.kind() == io::ErrorKind::FileTooLarge).then_some(stamp);
                seen.is_young = false;
                return news;
            }
        };
        let hash = blake3::hash(&bytes);
        seen.stamp = Some(stamp);
        seen.is_young = stamp.is_young(now);
        let had_failed = seen.failure.take().is_some();
        if seen.read.replace(hash) == Some(hash) && !is_touched && !had_failed {
            return Vec::new();
        }
        if seen.in_force == Some(hash) {
            return vec![News::Unchanged];
        }
        let expected = Expected {
            domain,
            syntax: Syntax::of_file_name(path),
            format: None,
        };
        // One file that the decoder stumbles over must not be the end of all.
        let decoded = catch_unwind(AssertUnwindSafe(|| Document::decode(&bytes, expected)));
        vec![match decoded {
            Ok(Ok(document)) => {
                seen.in_force = Some(hash);
                News::Document(Box::new(document))
            }
            Ok(Err(error)) => News::Failed((&error).into()),
            Err(_) => News::Failed(
                "the decoder failed on this document; please report it"
                    .to_owned()
                    .into(),
            ),
        }]
    }
}

/// What is to be said of a file that cannot be read.
fn fault(path: &str, seen: &mut Seen, error: &io::Error) -> Vec<News> {
    let mut news = Vec::new();
    seen.stamp = None;
    seen.read = None;
    if error.kind() == io::ErrorKind::NotFound && seen.in_force.is_some() {
        if !std::mem::replace(&mut seen.is_missing, true) {
            return news;
        }
        seen.in_force = None;
        seen.failure = None;
        news.push(News::Withdrawn);
    }
    let why = format!("cannot read {path}: {error}");
    if seen.failure.as_ref() != Some(&why) {
        seen.failure = Some(why.clone());
        news.push(News::Failed(Failure::from(why)));
    }
    news
}

/// What is odd about a folder.
fn complaints_of(listing: &Listing, folder: &Path, complain: &mut impl FnMut(String)) {
    for name in &listing.others {
        complain(format!(
            "{} is passed over: an export is a file whose name ends in .xml, .json, .nffg, .yaml or .yml",
            folder.join(name).display()
        ));
    }
    if listing.is_cut {
        complain(format!(
            "{} holds more than {MAX_FILES} exports; those after the first, by name, are passed over",
            folder.display()
        ));
    }
}

/// The content of a file of at most `max` octets.
fn bytes(path: &Path, stamp: Stamp, max: usize) -> io::Result<Vec<u8>> {
    use io::Read;
    let too_large = || {
        let why = format!("it is larger than {max} bytes (limits.member.bytes)");
        io::Error::new(io::ErrorKind::FileTooLarge, why)
    };
    if stamp.len() > max as u64 {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(max as u64 + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() > max {
        return Err(too_large());
    }
    Ok(bytes)
}

fn input((domain, path): &(DomainId, String), news: News) -> Input {
    Input {
        source: SourceKey {
            domain: domain.clone(),
            kind: SourceKind::File(path.as_str().into()),
        },
        news,
    }
}

#[cfg(test)]
mod tests;
