//! The versions of a resource, and what leads from each to the next.
//!
//! ```text
//!   0 ──────────────┐ snapshots (the first and the last are always kept)
//!   │               │
//!   ns ─> ns+1 ─> … ne   increments: each from a version to the one after
//! ```

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::document::Snapshot;
use super::patch::{Forms, Patch, diff};

/// How much of its past a resource keeps. What is current is kept whatever it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Versions, with the current one; at least one.
    pub versions: usize,
    /// Octets of snapshots and increments. Memory that snapshots share counts once.
    pub bytes: usize,
}

impl Default for Bounds {
    /// A minute of a federation that changes each second, as long as it is not large.
    fn default() -> Self {
        Self {
            versions: 64,
            bytes: 64 << 20,
        }
    }
}

/// The incremental change of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartPatch {
    /// The Content-ID of the part, if it is one of several.
    pub content_id: Option<Arc<str>>,
    /// What changed.
    pub patch: Patch,
}

/// What leads from one version to the next: a patch for each part that changed, encoded once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Increment(Arc<[PartPatch]>);

impl Increment {
    /// The patches.
    #[must_use]
    pub fn parts(&self) -> &[PartPatch] {
        &self.0
    }

    /// How many octets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(|part| part.patch.bytes.len()).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `None` if no announced form can say it.
    fn between(from: &Snapshot, to: &Snapshot, forms: Forms) -> Option<Self> {
        let ids = |snapshot: &Snapshot| -> Vec<Option<Arc<str>>> {
            snapshot
                .parts
                .iter()
                .map(|part| part.content_id.clone())
                .collect()
        };
        if to.parts.is_empty() || ids(from) != ids(to) {
            return None;
        }
        let is_multipart = to.parts.len() > 1;
        let mut patches = Vec::new();
        for (from, to) in from.parts.iter().zip(&to.parts) {
            let patch = diff(&from.document, &to.document, forms)?;
            // An array or an object with nothing in it: the part is as it was.
            if patch.bytes.len() > 2 || !is_multipart {
                patches.push(PartPatch {
                    content_id: to.content_id.clone(),
                    patch,
                });
            }
        }
        Some(Self(patches.into()))
    }
}

/// A version.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its number: that of the one before and 1, from 1 on (RFC 9569 §3.1).
    pub number: u64,
    /// The tag of its content.
    pub tag: crate::Tag,
    /// Its content, if it is kept.
    pub snapshot: Option<Arc<Snapshot>>,
    /// What leads to it from the version before; `None` of the first that is kept.
    pub increment: Option<Increment>,
}

/// The versions of a resource that are kept: one at least, the first and the last with their content, and
/// each but the first with what leads to it.
#[derive(Clone, Debug)]
pub struct History {
    forms: Option<Forms>,
    bounds: Bounds,
    versions: VecDeque<Version>,
    latest: Arc<Snapshot>,
    start: u64,
    bytes: usize,
}

impl History {
    /// A history that begins with `first` as version 1. Without `forms` every version begins anew.
    #[must_use]
    pub fn new(first: Snapshot, forms: Option<Forms>, bounds: Bounds) -> Self {
        let latest = Arc::new(first);
        let mut history = Self {
            forms,
            bounds,
            versions: VecDeque::new(),
            latest: Arc::clone(&latest),
            start: 1,
            bytes: 0,
        };
        history.add(1, latest, None);
        history
    }

    /// What the resource says now. Whether that is a version after: not if its tag is that of the last.
    ///
    /// If nothing announced can say what changed the history begins anew, with the next number.
    pub fn push(&mut self, next: Snapshot) -> bool {
        if next.tag == self.latest.tag {
            return false;
        }
        let number = self.end() + 1;
        let increment =
            (self.forms).and_then(|forms| Increment::between(&self.latest, &next, forms));
        let next = Arc::new(next);
        let before = std::mem::replace(&mut self.latest, Arc::clone(&next));
        if increment.is_none() {
            self.versions.clear();
            self.start = number;
        } else if !self.is_milestone(&before)
            && self.versions.len() > 1
            && let Some(last) = self.versions.back_mut()
        {
            last.snapshot = None;
        }
        self.add(number, next, increment);
        self.compact();
        true
    }

    fn add(&mut self, number: u64, snapshot: Arc<Snapshot>, increment: Option<Increment>) {
        self.versions.push_back(Version {
            number,
            tag: snapshot.tag.clone(),
            snapshot: Some(snapshot),
            increment,
        });
        self.bytes = self.count_bytes();
    }

    /// Whether the last version's content is to be kept when another comes: so that four times in the
    /// bounds, in number or in octets, there is one from which the history can go on.
    fn is_milestone(&self, last: &Snapshot) -> bool {
        let since = || {
            let back = self.versions.iter().rev();
            let before =
                |version: &&Version| version.number == self.end() || version.snapshot.is_none();
            back.take_while(before)
        };
        let bytes: usize = since()
            .filter_map(|version| version.increment.as_ref())
            .map(Increment::len)
            .sum();
        since().count() >= self.bounds.versions.div_ceil(4).max(1)
            || bytes >= last.content.len().max(self.bounds.bytes / 4)
    }

    /// Lets go of the oldest, up to a version whose content is kept (RFC 9569 §3.2).
    fn compact(&mut self) {
        while self.versions.len() > self.bounds.versions.max(1) || self.bytes > self.bounds.bytes {
            let kept = |version: &Version| version.snapshot.is_some();
            let Some(next) = self.versions.iter().skip(1).position(kept) else {
                return;
            };
            self.versions.drain(..=next);
            if let Some(first) = self.versions.front_mut() {
                first.increment = None;
                self.start = first.number;
            }
            self.bytes = self.count_bytes();
        }
    }

    /// Lets go of all but what the resource says now.
    pub(super) fn forget(&mut self) {
        let last = self.versions.len().saturating_sub(1);
        self.versions.drain(..last);
        if let Some(only) = self.versions.front_mut() {
            only.increment = None;
            self.start = only.number;
        }
        self.bytes = self.count_bytes();
    }

    fn count_bytes(&self) -> usize {
        let increments = self
            .versions
            .iter()
            .filter_map(|version| version.increment.as_ref());
        let increments: usize = increments.map(Increment::len).sum();
        let snapshots = self
            .versions
            .iter()
            .filter_map(|version| version.snapshot.as_ref());
        let mut seen = HashSet::new();
        let pieces = snapshots.flat_map(|snapshot| &snapshot.content.pieces);
        let own = pieces.filter(|piece| seen.insert((piece.as_ptr(), piece.len())));
        increments + own.map(bytes::Bytes::len).sum::<usize>()
    }

    /// The number of the first version that is kept: `start-seq`.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The number of the last: `end-seq`.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.versions
            .back()
            .map_or(self.start, |version| version.number)
    }

    /// What the resource says now.
    #[must_use]
    pub fn latest(&self) -> &Arc<Snapshot> {
        &self.latest
    }

    /// How many octets are kept.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// A version, if it is kept.
    #[must_use]
    pub fn version(&self, number: u64) -> Option<&Version> {
        let at = number.checked_sub(self.start)?;
        self.versions.get(usize::try_from(at).ok()?)
    }

    /// All versions that are kept, the oldest first.
    pub fn versions(&self) -> impl DoubleEndedIterator<Item = &Version> {
        self.versions.iter()
    }

    /// The number of the last version with this tag.
    #[must_use]
    pub fn tagged(&self, tag: &str) -> Option<u64> {
        let mut back = self.versions.iter().rev();
        Some(back.find(|version| version.tag.as_str() == tag)?.number)
    }

    /// What leads from a version to the last, one after another; `None` if it is not kept.
    #[must_use]
    pub fn since(&self, number: u64) -> Option<Vec<&Increment>> {
        self.version(number)?;
        let after = self
            .versions
            .iter()
            .filter(|version| version.number > number);
        after.map(|version| version.increment.as_ref()).collect()
    }
}
