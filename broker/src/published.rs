//! What readers see: the current version of the maps, swapped whole, and how each domain is doing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use dashmap::DashMap;
use dashmap::mapref::multiple::RefMulti;
use nffg::DomainId;

use crate::clock;
use crate::events::{Changes, Log};
use crate::ingest::{Channel, DomainStatus, Pushed, Slot, SourceStatus};

/// The current version. Readers take an `Arc` and keep it for the whole request; nobody waits.
pub struct Published {
    config: Arc<alto::Config>,
    maps: ArcSwap<alto::Maps>,
    // Many short reads and writes by source; no guard leaves this module.
    domains: DashMap<DomainId, Arc<Entry>>,
    events: Log,
    /// How many inputs the first look at the files made; as many as can be while it is under way.
    first_look: AtomicU64,
    /// How many inputs from files are in what readers see.
    from_files: AtomicU64,
}

impl Published {
    /// Empty maps.
    #[must_use]
    pub fn new(config: alto::Config) -> Self {
        let config = Arc::new(config);
        let (idr, idt) = (idr::Idr::new().snapshot(), idt::Ted::new().snapshot());
        let maps = alto::Maps::build(Arc::clone(&config), idr, idt, None);
        Self {
            config,
            maps: ArcSwap::from_pointee(maps),
            domains: DashMap::new(),
            events: Log::default(),
            first_look: AtomicU64::new(0),
            from_files: AtomicU64::new(0),
        }
    }

    /// The maps to answer one request from.
    #[must_use]
    pub fn maps(&self) -> Arc<alto::Maps> {
        self.maps.load_full()
    }

    /// Serves a new version from now on; says how many members it has. Only the writer calls this.
    pub fn publish(
        &self,
        idr: Arc<idr::Snapshot>,
        idt: Arc<idt::Snapshot>,
        changes: Changes,
    ) -> usize {
        let members = idt.graph().len();
        let previous = self.maps.load_full();
        let maps = alto::Maps::build(Arc::clone(&self.config), idr, idt, Some(&previous));
        self.maps.store(Arc::new(maps));
        self.events.push(clock::now().timestamp, changes);
        members
    }

    /// What changed from version to version.
    #[must_use]
    pub fn events(&self) -> &Log {
        &self.events
    }

    /// Notes how a domain is doing, and what it has pushed.
    pub fn set_domain(
        &self,
        domain: &DomainId,
        status: DomainStatus,
        pushed: Vec<(Slot, Arc<Pushed>)>,
    ) {
        let entry = Arc::new(Entry { status, pushed });
        self.domains.insert(domain.clone(), entry);
    }

    /// Nothing is known of a domain any more.
    pub fn forget_domain(&self, domain: &DomainId) {
        self.domains.remove(domain);
    }

    /// How a domain is doing.
    #[must_use]
    pub fn domain(&self, domain: &DomainId) -> Option<Arc<Entry>> {
        self.domains.get(domain).map(|entry| Arc::clone(&entry))
    }

    /// Every domain that is known, in order, and how it is doing.
    #[must_use]
    pub fn domains(&self) -> BTreeMap<DomainId, Arc<Entry>> {
        let entry = |entry: RefMulti<'_, DomainId, Arc<Entry>>| {
            (entry.key().clone(), Arc::clone(entry.value()))
        };
        self.domains.iter().map(entry).collect()
    }

    /// There are files to look at: which, and whose, only the first look shows.
    pub fn await_first_look(&self) {
        self.first_look.store(u64::MAX, Ordering::Release);
    }

    /// The first look at the files is over, and made this many inputs.
    pub fn first_look_brought(&self, inputs: u64) {
        self.first_look.store(inputs, Ordering::Release);
    }

    /// Readers see what came of so many inputs from files. Only the writer calls this.
    pub fn took_from_files(&self, inputs: u64) {
        self.from_files.store(inputs, Ordering::Release);
    }

    /// Whether every source that the settings have the broker ask has been asked at least once, with
    /// whatever result, and every file been looked at. BGP-LS peers are not asked: they may never come; nor
    /// are members that push.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        if self.from_files.load(Ordering::Acquire) < self.first_look.load(Ordering::Acquire) {
            return false;
        }
        let is_waited_for =
            |source: &SourceStatus| source.kind.channel() == Channel::Pull && !source.is_tried();
        !self
            .domains
            .iter()
            .any(|entry| entry.status.sources.iter().any(is_waited_for))
    }
}

/// What is known of a domain beside the maps.
#[derive(Clone, Debug)]
pub struct Entry {
    /// How it is doing.
    pub status: DomainStatus,
    /// What it pushed, as it was sent.
    pub pushed: Vec<(Slot, Arc<Pushed>)>,
}

impl Entry {
    /// A document that the domain pushed.
    #[must_use]
    pub fn pushed(&self, slot: Slot) -> Option<&Arc<Pushed>> {
        let of_slot = |(of, _): &&(Slot, Arc<Pushed>)| *of == slot;
        self.pushed.iter().find(of_slot).map(|(_, pushed)| pushed)
    }
}
