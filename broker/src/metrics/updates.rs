//! Who watches what, and what it takes.

use std::time::Duration;

use alto::updates::MessageKind;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::{KindLabels, ReasonLabels, Word};

/// Metrics of update streams and TIPS views.
#[derive(Debug)]
pub struct UpdateMetrics {
    streams: Gauge,
    tips_views: Gauge,
    polls: Gauge,
    watched: Gauge,
    kept: Gauge,
    revisions: Counter,
    revision_seconds: Histogram,
    messages: Family<KindLabels, Counter>,
    octets: Counter,
    refused: Family<ReasonLabels, Counter>,
    unknown: Counter,
}

/// Why somebody who would watch is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdatesRefusal {
    /// There are as many streams, or this client has as many, as there may be.
    Streams,
    /// The stream, or this client, has as many substreams as it may.
    Substreams,
    /// As much is watched as may be, or this client has opened as many views.
    Views,
    /// As many polls wait.
    Polls,
    /// As many octets are kept.
    Octets,
}

impl UpdatesRefusal {
    const fn word(self) -> Word {
        Word(match self {
            Self::Streams => "streams",
            Self::Substreams => "substreams",
            Self::Views => "views",
            Self::Polls => "polls",
            Self::Octets => "octets",
        })
    }
}

impl UpdateMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let new = Self {
            streams: Gauge::default(),
            tips_views: Gauge::default(),
            polls: Gauge::default(),
            watched: Gauge::default(),
            kept: Gauge::default(),
            revisions: Counter::default(),
            // 100 us to 26 s.
            revision_seconds: Histogram::new(exponential_buckets(100e-6, 4.0, 10)),
            messages: Family::default(),
            octets: Counter::default(),
            refused: Family::default(),
            unknown: Counter::default(),
        };
        registry.register("update_streams", "Open update streams", new.streams.clone());
        registry.register("tips_views", "Open TIPS views", new.tips_views.clone());
        registry.register("tips_polls", "Polls that wait", new.polls.clone());
        registry.register(
            "watched_views",
            "Resources that are watched, with what is asked of them",
            new.watched.clone(),
        );
        registry.register_with_unit(
            "watched_kept",
            "Kept of the versions of what is watched",
            Unit::Bytes,
            new.kept.clone(),
        );
        registry.register(
            "watched_revisions",
            "New versions of what is watched",
            new.revisions.clone(),
        );
        registry.register_with_unit(
            "watched_revision_duration",
            "From a new version of the maps until all that is watched has it",
            Unit::Seconds,
            new.revision_seconds.clone(),
        );
        registry.register(
            "update_messages",
            "Messages on update streams; a replacement is for who reads too slowly for patches, or takes none",
            new.messages.clone(),
        );
        registry.register_with_unit(
            "update_data",
            "Data of messages on update streams",
            Unit::Bytes,
            new.octets.clone(),
        );
        registry.register(
            "updates_refused",
            "Streams, views and polls turned away, by the limit that is in the way",
            new.refused.clone(),
        );
        registry.register(
            "updates_unknown_addresses",
            "Requests to streams and views that are not there: closed, or guessed",
            new.unknown.clone(),
        );
        new
    }

    /// So many streams are open.
    pub fn streams(&self, open: usize) {
        self.streams.set(gauge(open));
    }

    /// So many TIPS views are open.
    pub fn tips_views(&self, open: usize) {
        self.tips_views.set(gauge(open));
    }

    /// One more poll waits.
    pub fn poll_began(&self) {
        self.polls.inc();
    }

    /// One less waits.
    pub fn poll_ended(&self) {
        self.polls.dec();
    }

    /// So much is watched, and so many octets are kept of it.
    pub fn kept(&self, views: usize, octets: usize) {
        self.watched.set(gauge(views));
        self.kept.set(gauge(octets));
    }

    /// So many views have a new version, which took so long.
    pub fn revised(&self, views: usize, took: Duration) {
        self.revisions.inc_by(views as u64);
        self.revision_seconds.observe(took.as_secs_f64());
    }

    /// A message goes out, with so many octets of data.
    pub fn message(&self, kind: MessageKind, octets: usize) {
        let kind = Word(match kind {
            MessageKind::Control => "control",
            MessageKind::Full => "full",
            MessageKind::Replacement => "replacement",
            MessageKind::Patch => "patch",
        });
        self.messages.get_or_create(&KindLabels { kind }).inc();
        self.octets.inc_by(octets as u64);
    }

    /// Somebody is turned away.
    pub fn refused(&self, why: UpdatesRefusal) {
        let labels = ReasonLabels { reason: why.word() };
        self.refused.get_or_create(&labels).inc();
    }

    /// Somebody asks for a stream or a view that is not there.
    pub fn unknown(&self) {
        self.unknown.inc();
    }
}

fn gauge(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
