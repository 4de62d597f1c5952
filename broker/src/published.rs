//! What readers see: the current version of the maps, swapped whole, and how each domain is doing.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use dashmap::DashMap;
use dashmap::mapref::multiple::RefMulti;
use idr::reservation::{ReservationId, Used};
use nffg::DomainId;
use tokio::sync::{Notify, watch};

use crate::clock;
use crate::events::{Changes, EventId, Log};
use crate::ingest::{Channel, DomainStatus, Pushed, Slot, SourceStatus};
use crate::placements::{Indexed, Version};
use crate::reservations::Kept;

/// The current version. Readers take an `Arc` and keep it for the whole request; nobody waits.
pub struct Published {
    config: Arc<alto::Config>,
    current: ArcSwap<Current>,
    /// One full cost map is made at a time: who waits for one takes what another made. Held over work on
    /// a thread of its own.
    cost_maps: tokio::sync::Mutex<()>,
    /// Held by who makes the next version: the writer, or who made an index. Readers do not ask for it.
    changing: Mutex<()>,
    changed: Notify,
    /// Counts the versions, for any number who wait for the next.
    versions: watch::Sender<u64>,
    /// Counts the indexes that were made.
    indexed: watch::Sender<u64>,
    // Many short reads and writes by source; no guard leaves this module.
    domains: DashMap<DomainId, Arc<Entry>>,
    reservations: DashMap<ReservationId, Arc<Kept>>,
    events: Log,
    /// How many inputs the first look at the files made; as many as can be while it is under way.
    first_look: AtomicU64,
    /// How many inputs from files are in what readers see.
    from_files: AtomicU64,
}

/// A version, and what ALTO says of it.
struct Current {
    /// Of all that were served, which this is.
    number: u64,
    version: Version,
    service: alto::Service,
    /// Nobody has made an index of it yet.
    awaits_index: bool,
}

/// What ALTO says of a version.
#[derive(Clone)]
pub struct Said {
    /// All of it.
    pub service: alto::Service,
    /// Whether an index of distances comes yet, with which some answers take much less work
    /// ([`Published::indexed`]).
    pub awaits_index: bool,
}

impl Current {
    fn new(version: Version, previous: Option<&Self>) -> Self {
        let (maps, distances) = (Arc::clone(&version.maps), version.distances().clone());
        let before = previous.map(|previous| previous.number);
        let previous = previous.map(|previous| &previous.service);
        let service = alto::Service::new(maps, distances, previous);
        Self {
            number: before.map_or(0, |number| number + 1),
            service: service.in_force(clock::now().timestamp, previous),
            awaits_index: version.lacks_index(),
            version,
        }
    }
}

impl Published {
    /// Empty maps.
    #[must_use]
    pub fn new(config: alto::Config) -> Self {
        let config = Arc::new(config);
        let (idr, idt) = (idr::Idr::new().snapshot(), idt::Ted::new().snapshot());
        let maps = alto::Maps::build(Arc::clone(&config), idr, idt, None);
        let version = Version::new(Arc::new(maps), Arc::default(), None);
        Self {
            config,
            current: ArcSwap::from_pointee(Current::new(version, None)),
            cost_maps: tokio::sync::Mutex::default(),
            changing: Mutex::new(()),
            changed: Notify::new(),
            versions: watch::Sender::new(0),
            indexed: watch::Sender::new(0),
            domains: DashMap::new(),
            reservations: DashMap::new(),
            events: Log::default(),
            first_look: AtomicU64::new(0),
            from_files: AtomicU64::new(0),
        }
    }

    /// The maps to answer one request from.
    #[must_use]
    pub fn maps(&self) -> Arc<alto::Maps> {
        Arc::clone(&self.current.load().version.maps)
    }

    /// What ALTO says of the maps, costs included.
    #[must_use]
    pub fn service(&self) -> alto::Service {
        self.current.load().service.clone()
    }

    /// The same, and which version that is; numbers begin anew when the daemon does.
    #[must_use]
    pub fn numbered_service(&self) -> (u64, alto::Service) {
        let current = self.current.load();
        (current.number, current.service.clone())
    }

    /// Which version is served.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.current.load().number
    }

    /// The same, and whether an index comes yet.
    #[must_use]
    pub fn said(&self) -> Said {
        let current = self.current.load();
        Said {
            service: current.service.clone(),
            awaits_index: current.awaits_index,
        }
    }

    /// For who makes a full cost map: until it is let go, no other is made.
    pub async fn cost_maps(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.cost_maps.lock().await
    }

    /// The maps, and what reservations hold as of the same moment.
    #[must_use]
    pub fn version(&self) -> Version {
        self.current.load().version.clone()
    }

    /// Serves a new version from now on; says how many members it has. Only the writer calls this.
    pub fn publish(
        &self,
        idr: Arc<idr::Snapshot>,
        idt: Arc<idt::Snapshot>,
        used: Arc<Used>,
        changes: Changes,
    ) -> usize {
        let members = idt.graph().len();
        let previous = self.maps();
        let maps = alto::Maps::build(Arc::clone(&self.config), idr, idt, Some(&previous));
        let maps = Arc::new(maps);
        let event = self.events.next(clock::now().timestamp, changes);
        self.succeed(maps, used, Some(&event.id));
        // Who hears of it finds the version served.
        self.events.append(event);
        members
    }

    /// Serves the maps as they are with what is held from now on. Only the writer calls this.
    pub fn hold(&self, used: Arc<Used>) {
        self.succeed(self.maps(), used, None);
    }

    fn succeed(&self, maps: Arc<alto::Maps>, used: Arc<Used>, event: Option<&EventId>) {
        let _one_at_a_time = self.lock();
        let previous = self.current.load();
        let mut next = Version::new(maps, used, Some(&previous.version));
        if let Some(id) = event {
            next.event = Some(id.clone());
        }
        self.current
            .store(Arc::new(Current::new(next, Some(&previous))));
        self.changed.notify_one();
        self.versions.send_modify(|version| *version += 1);
    }

    /// Serves the current version with what was found of distances over `of`. Does nothing where that
    /// is of no use any more.
    pub fn adopt(&self, indexed: &Indexed, of: &Version) {
        let _one_at_a_time = self.lock();
        let current = self.current.load();
        if let Some(next) = current.version.with_index(indexed, of) {
            let mut next = Current::new(next, Some(&current));
            // What does not fit into an index stays without one.
            next.awaits_index = false;
            self.current.store(Arc::new(next));
            self.indexed.send_modify(|indexed| *indexed += 1);
        }
    }

    /// Until there is a version that was not there when this was asked last. For one who asks.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Changes with each version, after readers see it. For any number who ask.
    #[must_use]
    pub fn versions(&self) -> watch::Receiver<u64> {
        self.versions.subscribe()
    }

    /// Changes with each index, after readers see it. For any number who ask.
    #[must_use]
    pub fn indexed(&self) -> watch::Receiver<u64> {
        self.indexed.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        // Nothing is kept in it.
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how a reservation is; `None` is no more. Only the writer calls this.
    pub fn set_reservation(&self, id: ReservationId, kept: Option<Arc<Kept>>) {
        match kept {
            Some(kept) => drop(self.reservations.insert(id, kept)),
            None => drop(self.reservations.remove(&id)),
        }
    }

    /// A reservation.
    #[must_use]
    pub fn reservation(&self, id: &ReservationId) -> Option<Arc<Kept>> {
        self.reservations.get(id).map(|kept| Arc::clone(&kept))
    }

    /// The reservations that `pick` picks, by id.
    pub fn reservations(&self, pick: impl Fn(&Kept) -> bool) -> BTreeMap<ReservationId, Arc<Kept>> {
        let picked = self.reservations.iter().filter(|entry| pick(entry.value()));
        let kept = picked.map(|entry| (entry.key().clone(), Arc::clone(entry.value())));
        kept.collect()
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
