//! What readers see: the current version of the maps, swapped whole, and the state of each source.

use std::sync::Arc;

use arc_swap::ArcSwap;
use dashmap::DashMap;

use crate::ingest::{SourceKey, SourceKind, SourceStatus};

/// The current version. Readers take an `Arc` and keep it for the whole request; nobody waits.
pub struct Published {
    config: Arc<alto::Config>,
    maps: ArcSwap<alto::Maps>,
    // Many short reads and writes by source; no guard leaves this module.
    sources: DashMap<SourceKey, SourceStatus>,
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
            sources: DashMap::new(),
        }
    }

    /// The maps to answer one request from.
    #[must_use]
    pub fn maps(&self) -> Arc<alto::Maps> {
        self.maps.load_full()
    }

    /// Serves a new version from now on; says how many members it has. Only the writer calls this.
    pub fn publish(&self, idr: Arc<idr::Snapshot>, idt: Arc<idt::Snapshot>) -> usize {
        let members = idt.graph().len();
        let previous = self.maps.load_full();
        let maps = alto::Maps::build(Arc::clone(&self.config), idr, idt, Some(&previous));
        self.maps.store(Arc::new(maps));
        members
    }

    /// Notes how a source is doing.
    pub fn set_source(&self, source: SourceKey, status: SourceStatus) {
        self.sources.insert(source, status);
    }

    /// How a source is doing.
    #[must_use]
    pub fn source(&self, source: &SourceKey) -> Option<SourceStatus> {
        self.sources.get(source).map(|status| status.clone())
    }

    /// Whether every source that is asked has been asked at least once, with whatever result. BGP-LS
    /// peers are not asked: they may never come.
    #[must_use]
    pub fn is_ready(&self, asked: usize) -> bool {
        let is_tried = |key: &SourceKey, status: &SourceStatus| {
            !matches!(key.kind, SourceKind::BgpLs(_)) && status.is_tried()
        };
        let tried = self
            .sources
            .iter()
            .filter(|entry| is_tried(entry.key(), entry.value()));
        tried.count() >= asked
    }
}
