//! Counters and gauges, as OpenMetrics text at `/metrics`. Labels hold route templates, domain ids
//! and words from closed lists: never a raw path, so that a client cannot grow the registry.

mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use idr::reservation::Phase;
use jiff::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::ingest::{SourceKey, SourceKind};
use crate::liveness::State;
use crate::reservations::Happening;
use crate::store::Store;

mod partners;
mod updates;

pub use partners::PartnerMetrics;
pub use updates::{UpdateMetrics, UpdatesRefusal};

/// A label value of a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Word(&'static str);

impl EncodeLabelValue for Word {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.0.encode(encoder)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    method: Word,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabels {
    domain: String,
    source: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PullLabels {
    domain: String,
    source: String,
    outcome: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    domain: String,
    source: String,
    state: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    event: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PhaseLabels {
    state: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MetricLabels {
    metric: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WorkLabels {
    what: Word,
    outcome: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: Word,
}

/// Why a connection was closed before its first request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionRefusal {
    /// The client has as many connections as it may.
    PerClient,
    /// The TLS handshake failed or took too long.
    TlsHandshake,
}

/// What came of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notified {
    /// The subscriber took it.
    Delivered,
    /// A try failed.
    Failed,
    /// It was given up, and is among the dead letters.
    Dead,
    /// It made room, as too many waited.
    Overrun,
    /// Its subscription was no more.
    Cleared,
}

/// The daemon's metrics. One value, handed down; no globals.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabels, Histogram>,
    rate_limited: Counter,
    connections: Gauge,
    connections_refused: Family<ReasonLabels, Counter>,
    pulls: Family<PullLabels, Counter>,
    source_state: Family<StateLabels, Gauge>,
    last_heard: Family<SourceLabels, Gauge<f64, AtomicU64>>,
    skipped_routes: Family<SourceLabels, Counter>,
    publications: Counter,
    members: Gauge,
    conflicts: Family<KindLabels, Gauge>,
    /// The sources that have labels, by domain.
    sources: Mutex<BTreeMap<String, BTreeSet<String>>>,
    reservation_events: Family<EventLabels, Counter>,
    reservations: Family<PhaseLabels, Gauge>,
    overcommitted: Gauge,
    index_bytes: Family<MetricLabels, Gauge>,
    indexed: Family<MetricLabels, Gauge>,
    index_seconds: Gauge<f64, AtomicU64>,
    indexes_made: Counter,
    notifications: Family<OutcomeLabels, Counter>,
    notifications_waiting: Gauge,
    notifications_oldest: Gauge<f64, AtomicU64>,
    /// The southbound side of the SOF.
    pub partners: PartnerMetrics,
    /// Update streams and TIPS views.
    pub updates: UpdateMetrics,
    sof_work: Family<WorkLabels, Counter>,
    sof_stale: Family<ReasonLabels, Counter>,
    sof_orders: Family<PhaseLabels, Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All metrics at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("brokerd");
        let requests = Family::default();
        registry.register("http_requests", "HTTP requests answered", requests.clone());
        let request_seconds = Family::<RouteLabels, Histogram>::new_with_constructor(|| {
            // 25 us to 1.6 s.
            Histogram::new(exponential_buckets(25e-6, 4.0, 9))
        });
        registry.register_with_unit(
            "http_request_duration",
            "From a request's head to its answer's head",
            Unit::Seconds,
            request_seconds.clone(),
        );
        let rate_limited = Counter::default();
        registry.register(
            "rate_limited",
            "Requests answered 429",
            rate_limited.clone(),
        );
        let connections = Gauge::default();
        registry.register("connections", "Open connections", connections.clone());
        let connections_refused = Family::default();
        registry.register(
            "connections_refused",
            "Connections closed before their first request",
            connections_refused.clone(),
        );
        let pulls = Family::default();
        registry.register("pulls", "Exports asked for, by outcome", pulls.clone());
        let source_state = Family::default();
        registry.register(
            "source_state",
            "1 for the state that a source is in",
            source_state.clone(),
        );
        let last_heard = Family::default();
        registry.register_with_unit(
            "source_last_heard_timestamp",
            "When a source last gave a good answer, since 1970",
            Unit::Seconds,
            last_heard.clone(),
        );
        let skipped_routes = Family::default();
        registry.register(
            "skipped_routes",
            "BGP-LS routes left out because they cannot be read or are of no use here",
            skipped_routes.clone(),
        );
        let publications = Counter::default();
        registry.register(
            "map_publications",
            "New versions of the maps",
            publications.clone(),
        );
        let members = Gauge::default();
        registry.register("members", "Domains in the maps", members.clone());
        let conflicts = Family::default();
        registry.register(
            "conflicts",
            "Where members contradict each other",
            conflicts.clone(),
        );
        let index_bytes = Family::default();
        registry.register_with_unit(
            "engine_index",
            "Memory of the index of distances by a metric; 0 while there is none",
            Unit::Bytes,
            index_bytes.clone(),
        );
        let indexed = Family::default();
        registry.register(
            "engine_indexed",
            "1 if distances by a metric come from an index",
            indexed.clone(),
        );
        let index_seconds = Gauge::default();
        registry.register_with_unit(
            "engine_index",
            "How long it took to make or repair the index of distances the last time",
            Unit::Seconds,
            index_seconds.clone(),
        );
        let indexes_made = Counter::default();
        registry.register(
            "engine_indexes_made",
            "How often the index of distances was made or repaired",
            indexes_made.clone(),
        );
        let reservation_events = Family::default();
        registry.register(
            "reservation_events",
            "What happened to reservations",
            reservation_events.clone(),
        );
        let reservations = Family::default();
        registry.register(
            "reservations",
            "Reservations that have capacity",
            reservations.clone(),
        );
        let overcommitted = Gauge::default();
        registry.register(
            "overcommitted",
            "Domains' resources and links of which more is held than there is",
            overcommitted.clone(),
        );
        let notifications = Family::default();
        registry.register(
            "notifications",
            "What came of notifications to subscribers; of one there may be several tries",
            notifications.clone(),
        );
        let notifications_waiting = Gauge::default();
        registry.register(
            "notifications_waiting",
            "Notifications that wait for their subscribers",
            notifications_waiting.clone(),
        );
        let notifications_oldest = Gauge::default();
        registry.register_with_unit(
            "notifications_oldest_age",
            "How long ago the oldest event happened that a subscriber has yet to be told of",
            Unit::Seconds,
            notifications_oldest.clone(),
        );
        let partners = PartnerMetrics::register(&mut registry);
        let updates = UpdateMetrics::register(&mut registry);
        let sof_work = Family::default();
        registry.register(
            "sof_work",
            "Steps of the work on orders, and what came of them",
            sof_work.clone(),
        );
        let sof_stale = Family::default();
        registry.register(
            "sof_stale_events",
            "What partners told late, twice or out of order",
            sof_stale.clone(),
        );
        let sof_orders = Family::default();
        registry.register(
            "sof_orders",
            "Orders that are not done: at work, and in all",
            sof_orders.clone(),
        );
        Self {
            registry,
            notifications,
            notifications_waiting,
            notifications_oldest,
            requests,
            request_seconds,
            rate_limited,
            connections,
            connections_refused,
            pulls,
            source_state,
            last_heard,
            skipped_routes,
            publications,
            members,
            conflicts,
            reservation_events,
            reservations,
            overcommitted,
            index_bytes,
            indexed,
            index_seconds,
            indexes_made,
            partners,
            updates,
            sof_work,
            sof_stale,
            sof_orders,
            sources: Mutex::default(),
        }
    }

    /// With what a store counts, for as long as it is there.
    #[must_use]
    pub fn with_store(mut self, store: &Arc<dyn Store>) -> Self {
        let store = store::StoreMetrics(Arc::downgrade(store));
        self.registry.register_collector(Box::new(store));
        self
    }

    /// The OpenMetrics text.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    /// A request was answered. `route` is the template of the route, not the path.
    pub fn request(
        &self,
        route: &str,
        method: &http::Method,
        status: http::StatusCode,
        took: Duration,
    ) {
        let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
        let mut known = known.into_iter();
        let labels = RequestLabels {
            route: route.to_owned(),
            method: Word(known.find(|word| method == word).unwrap_or("other")),
            status: status.as_u16(),
        };
        self.requests.get_or_create(&labels).inc();
        let labels = RouteLabels {
            route: route.to_owned(),
        };
        self.request_seconds
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }

    /// A request was answered 429.
    pub fn rate_limited(&self) {
        self.rate_limited.inc();
    }

    /// A connection was opened.
    pub fn connection_opened(&self) {
        self.connections.inc();
    }

    /// A connection was closed.
    pub fn connection_closed(&self) {
        self.connections.dec();
    }

    /// A connection was refused.
    pub fn connection_refused(&self, why: ConnectionRefusal) {
        let reason = Word(match why {
            ConnectionRefusal::PerClient => "per-client",
            ConnectionRefusal::TlsHandshake => "tls-handshake",
        });
        self.connections_refused
            .get_or_create(&ReasonLabels { reason })
            .inc();
    }

    /// An export was asked for.
    pub fn pull(&self, source: &SourceKey, outcome: &'static str) {
        let labels = PullLabels {
            domain: source.domain.to_string(),
            source: source.kind.to_string(),
            outcome: Word(outcome),
        };
        self.pulls.get_or_create(&labels).inc();
    }

    /// A source gave a good answer.
    pub fn heard(&self, source: &SourceKey, at: Timestamp) {
        let labels = SourceLabels {
            domain: source.domain.to_string(),
            source: source.kind.to_string(),
        };
        self.last_heard
            .get_or_create(&labels)
            .set(at.as_duration().as_secs_f64());
    }

    /// A source told so many routes that were left out.
    pub fn skipped_routes(&self, source: &SourceKey, count: usize) {
        let labels = SourceLabels {
            domain: source.domain.to_string(),
            source: source.kind.to_string(),
        };
        self.skipped_routes
            .get_or_create(&labels)
            .inc_by(count as u64);
    }

    /// A source is in `state` now.
    pub fn source_state(&self, source: &SourceKey, state: State) {
        if let Ok(mut known) = self.sources.lock() {
            let of_domain = known.entry(source.domain.to_string()).or_default();
            of_domain.insert(source.kind.to_string());
        }
        for each in State::ALL {
            let labels = StateLabels {
                domain: source.domain.to_string(),
                source: source.kind.to_string(),
                state: Word(each.as_str()),
            };
            self.source_state
                .get_or_create(&labels)
                .set(i64::from(each == state));
        }
    }

    /// Nothing is known of a domain any more: its labels go.
    pub fn forget(&self, domain: &nffg::DomainId) {
        self.keep(domain, []);
    }

    /// A domain has no other sources than these any more: the labels of others go.
    pub fn keep<'a>(
        &self,
        domain: &nffg::DomainId,
        kept: impl IntoIterator<Item = &'a SourceKind>,
    ) {
        let domain = domain.to_string();
        let kept: BTreeSet<String> = kept.into_iter().map(ToString::to_string).collect();
        let mut gone = BTreeSet::new();
        if let Ok(mut known) = self.sources.lock()
            && let Some(of_domain) = known.get_mut(&domain)
        {
            gone = of_domain
                .extract_if(.., |source| !kept.contains(source))
                .collect();
            if of_domain.is_empty() {
                known.remove(&domain);
            }
        }
        for source in gone {
            let labels = SourceLabels {
                domain: domain.clone(),
                source: source.clone(),
            };
            self.last_heard.remove(&labels);
            self.skipped_routes.remove(&labels);
            for each in State::ALL {
                self.source_state.remove(&StateLabels {
                    domain: domain.clone(),
                    source: source.clone(),
                    state: Word(each.as_str()),
                });
            }
        }
    }

    /// Something happened to a reservation.
    pub fn reservation(&self, happening: Happening) {
        let event = Word(happening.as_str());
        let labels = EventLabels { event };
        self.reservation_events.get_or_create(&labels).inc();
    }

    /// A step of the work on an order came to something.
    pub fn work_step(&self, what: &'static str, outcome: &'static str) {
        let labels = WorkLabels {
            what: Word(what),
            outcome: Word(outcome),
        };
        self.sof_work.get_or_create(&labels).inc();
    }

    /// Something came that was of no use.
    pub fn stale_event(&self, what: &'static str) {
        let reason = Word(what);
        self.sof_stale.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// So many orders are at work, and so many are not done.
    pub fn orders_at_work(&self, at_work: usize, open: usize) {
        for (state, count) in [("at-work", at_work), ("open", open)] {
            let state = Word(state);
            let gauge = self.sof_orders.get_or_create(&PhaseLabels { state });
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// So many reservations are in each phase, and so often more is held than there is.
    pub fn reservations(&self, counts: &[(Phase, usize)], overcommitted: usize) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        for (phase, count) in counts {
            let state = Word(phase.as_str());
            let gauge = self.reservations.get_or_create(&PhaseLabels { state });
            gauge.set(number(*count));
        }
        self.overcommitted.set(number(overcommitted));
    }

    /// Something came of so many notifications.
    pub fn notified(&self, what: Notified, count: usize) {
        let outcome = Word(match what {
            Notified::Delivered => "delivered",
            Notified::Failed => "failed",
            Notified::Dead => "dead",
            Notified::Overrun => "overrun",
            Notified::Cleared => "cleared",
        });
        let labels = OutcomeLabels { outcome };
        self.notifications
            .get_or_create(&labels)
            .inc_by(count as u64);
    }

    /// So many notifications wait, the oldest for so long.
    pub fn waiting(&self, count: usize, oldest: Duration) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.notifications_waiting.set(count);
        self.notifications_oldest.set(oldest.as_secs_f64());
    }

    /// The index of distances by a metric takes so many bytes; `None`: there is none.
    pub fn indexed(&self, metric: idt::search::Metric, bytes: Option<usize>) {
        use idt::search::Metric;
        let metric = Word(match metric {
            Metric::Hops => "hops",
            Metric::Delay => "delay",
            Metric::Price => "price",
        });
        self.indexed
            .get_or_create(&MetricLabels { metric })
            .set(i64::from(bytes.is_some()));
        self.index_bytes
            .get_or_create(&MetricLabels { metric })
            .set(i64::try_from(bytes.unwrap_or_default()).unwrap_or(i64::MAX));
    }

    /// The index of distances was made or repaired, in so many seconds.
    pub fn index_made(&self, seconds: f64) {
        self.index_seconds.set(seconds);
        self.indexes_made.inc();
    }

    /// A new version of the maps, with so many members and so many conflicts of each kind, is served.
    pub fn published(&self, members: usize, conflicts: &[(&'static str, usize)]) {
        for (kind, count) in conflicts {
            let kind = Word(kind);
            self.conflicts
                .get_or_create(&KindLabels { kind })
                .set(i64::try_from(*count).unwrap_or(i64::MAX));
        }
        self.publications.inc();
        self.members.set(i64::try_from(members).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_what_happened() {
        let metrics = Metrics::new();
        let took = Duration::from_micros(90);
        metrics.request(
            "/costmap/pv",
            &http::Method::POST,
            http::StatusCode::OK,
            took,
        );
        let odd = http::Method::from_bytes(b"BREW").unwrap();
        metrics.request("unmatched", &odd, http::StatusCode::NOT_FOUND, took);
        metrics.connection_refused(ConnectionRefusal::PerClient);
        let text = metrics.encode();
        let line =
            r#"brokerd_http_requests_total{route="/costmap/pv",method="POST",status="200"} 1"#;
        assert!(text.contains(line), "{text}");
        assert!(text.contains(r#"method="other""#) && !text.contains("BREW"));
        assert!(text.contains(r#"brokerd_connections_refused_total{reason="per-client"} 1"#));
        assert!(text.ends_with("# EOF\n"));
    }
}
