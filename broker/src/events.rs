//! What changed, version by version: the last of it is kept for operators and for what builds on it.
//!
//! An event has an id that stands for its place in the row: a hash of the event before, the time and what
//! changed. One who knows the last id that he saw asks for what came after it; to one who was away for
//! too long, or saw another broker's, is said that he must look at everything anew.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

/// How many versions are remembered.
pub const MAX_EVENTS: usize = 1024;

/// How many changes are remembered over all versions, one that lists things counted by these: one version
/// may have any number of them.
pub const MAX_CHANGES: usize = 100_000;

/// The place of an event in the row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventId(Arc<str>);

impl EventId {
    /// The id of this name, which a client gives.
    #[must_use]
    pub fn named(text: &str) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a new version of the databases changed, in order: resources, then topology.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Of the IdR.
    pub resources: Vec<idr::Change>,
    /// Of the IdT.
    pub topology: Vec<idt::Change>,
}

impl Changes {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.resources.len() + self.topology.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What they weigh in [`MAX_CHANGES`]: one change may list thousands of links, or of nodes.
    fn weight(&self) -> usize {
        let of_resources = |change: &idr::Change| match change {
            idr::Change::Nodes {
                added,
                removed,
                changed,
                ..
            } => added.len() + removed.len() + changed.len(),
            idr::Change::NfTypes { added, removed, .. } => added.len() + removed.len(),
            idr::Change::Saps { added, removed, .. } => added.len() + removed.len(),
            idr::Change::InterDomainSaps {
                added,
                removed,
                changed,
                ..
            } => added.len() + removed.len() + changed.len(),
            _ => 0,
        };
        fn both<T>(delta: &idt::Delta<T>) -> usize {
            delta.added.len() + delta.removed.len()
        }
        let of_topology = |change: &idt::Change| match change {
            idt::Change::Topology(change) => {
                both(&change.routers)
                    + both(&change.intra_links)
                    + both(&change.inter_links)
                    + both(&change.prefixes)
            }
            _ => 0,
        };
        let resources: usize = self.resources.iter().map(of_resources).sum();
        let topology: usize = self.topology.iter().map(of_topology).sum();
        self.len() + resources + topology
    }
}

/// A new version.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its place in the row.
    pub id: EventId,
    /// When it was published.
    pub at: Timestamp,
    /// What changed.
    pub changes: Changes,
}

/// What came after an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Since {
    /// The events, oldest first.
    pub events: Vec<Arc<Event>>,
    /// The event that was asked about is not known any more: between it and these may be others.
    pub is_reset: bool,
    /// The last event of all; `None` before the first.
    pub latest: Option<EventId>,
}

/// The last events. Written by the writer, read by anybody.
#[derive(Debug, Default)]
pub struct Log {
    // Held for as long as it takes to copy some pointers.
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Arc<Event>>,
    /// What all of them weigh.
    weight: usize,
}

impl Log {
    /// Notes what a version changed, and says its id.
    pub fn push(&self, at: Timestamp, changes: Changes) -> EventId {
        let event = self.next(at, changes);
        let id = event.id.clone();
        self.append(event);
        id
    }

    /// The event that a version would be, not noted yet: a version names it before anybody hears of it.
    /// Only the one who appends calls this.
    #[must_use]
    pub fn next(&self, at: Timestamp, changes: Changes) -> Event {
        // All that takes longer the more there is, before the lock.
        let mut told = blake3::Hasher::new();
        told.update(at.to_string().as_bytes());
        for change in &changes.resources {
            told.update(change.to_string().as_bytes());
        }
        for change in &changes.topology {
            told.update(change.to_string().as_bytes());
        }
        let told = told.finalize();
        let mut hash = blake3::Hasher::new();
        if let Some(last) = self.lock().events.back() {
            hash.update(last.id.as_str().as_bytes());
        }
        hash.update(told.as_bytes());
        let id = hash.finalize().to_hex();
        let id = EventId(id.as_str().get(..16).unwrap_or_default().into());
        Event { id, at, changes }
    }

    /// Notes the [`Log::next`] event.
    pub fn append(&self, event: Event) {
        let weight = event.changes.weight();
        let mut kept = self.lock();
        let Kept {
            events,
            weight: sum,
        } = &mut *kept;
        events.push_back(Arc::new(event));
        *sum += weight;
        // The last one stays, however large: somebody may be waiting for it.
        while events.len() > 1 && (events.len() > MAX_EVENTS || *sum > MAX_CHANGES) {
            if let Some(old) = events.pop_front() {
                *sum -= old.changes.weight();
            }
        }
    }

    /// What came after `seen`, or all that is remembered.
    #[must_use]
    pub fn since(&self, seen: Option<&EventId>) -> Since {
        let events = &self.lock().events;
        let place = seen.map(|seen| events.iter().position(|event| event.id == *seen));
        let (start, is_reset) = match place {
            None => (0, false),
            Some(Some(at)) => (at + 1, false),
            Some(None) => (0, true),
        };
        Since {
            events: events.iter().skip(start).cloned().collect(),
            is_reset,
            latest: events.back().map(|event| event.id.clone()),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        // Nothing in here panics half-way.
        self.kept
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(count: usize) -> Changes {
        let domain = |n: usize| format!("AS{}", n + 1).parse().unwrap();
        Changes {
            resources: Vec::new(),
            topology: (0..count).map(|n| idt::Change::Joined(domain(n))).collect(),
        }
    }

    #[test]
    fn one_sees_what_came_after_what_he_saw() {
        let log = Log::default();
        assert_eq!(log.since(None).latest, None);
        let ids: Vec<EventId> = (0..3)
            .map(|_| log.push(Timestamp::UNIX_EPOCH, joined(1)))
            .collect();
        // The same change at the same time is another event.
        assert!(ids[0] != ids[1] && ids[1] != ids[2]);
        assert_eq!(log.since(None).events.len(), 3);
        let since = log.since(Some(&ids[0]));
        let seen: Vec<&EventId> = since.events.iter().map(|event| &event.id).collect();
        assert_eq!(seen, [&ids[1], &ids[2]]);
        assert!(!since.is_reset);
        assert_eq!(since.latest.as_ref(), Some(&ids[2]));
        assert!(log.since(Some(&ids[2])).events.is_empty());
        assert!(log.since(Some(&EventId::named("x"))).is_reset);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let log = Log::default();
        for _ in 0..MAX_EVENTS + 5 {
            log.push(Timestamp::UNIX_EPOCH, joined(1));
        }
        assert_eq!(log.since(None).events.len(), MAX_EVENTS);
        log.push(Timestamp::UNIX_EPOCH, joined(MAX_CHANGES + 1));
        assert_eq!(log.since(None).events.len(), 1);
        log.push(Timestamp::UNIX_EPOCH, joined(1));
        assert_eq!(log.since(None).events.len(), 1);
    }

    /// A change of a topology counts for every link that it lists.
    #[test]
    fn what_is_remembered_of_topologies_is_bounded() {
        let link = |n: usize| idt::IntraLink {
            src: format!("r{n}").parse().unwrap(),
            dst: "hub".parse().unwrap(),
            delay: None,
            bandwidth: None,
        };
        let topology = |links: std::ops::Range<usize>| {
            let parts = idt::TopologyParts {
                intra_links: links.map(link).collect(),
                ..idt::TopologyParts::default()
            };
            idt::DomainTopology::new("AS1".parse().unwrap(), parts)
        };
        let links = 10_000;
        let snapshot = |links| {
            let mut ted = idt::Ted::new();
            ted.apply([idt::Update::Topology(topology(links))]);
            ted.snapshot()
        };
        let changes = Changes {
            resources: Vec::new(),
            topology: idt::changes(&snapshot(0..0), &snapshot(0..links)),
        };
        assert_eq!(changes.len(), 1);
        let log = Log::default();
        for _ in 0..20 {
            log.push(Timestamp::UNIX_EPOCH, changes.clone());
        }
        // Each lists its links and as many routers.
        let kept = log.since(None).events.len();
        assert_eq!(kept, MAX_CHANGES / (2 * links) - 1);
    }
}
