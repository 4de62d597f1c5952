//! The metrics of one route, at hand: what is counted with every request need not be looked up.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{Method, StatusCode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;

use super::{Metrics, RequestLabels, RouteLabels, Word};

/// What GET of one route is counted by.
#[derive(Debug)]
pub struct RouteMetrics {
    metrics: Arc<Metrics>,
    route: &'static str,
    /// Made at the first of each, so that what never happened is not shown.
    ok: OnceLock<Counter>,
    not_modified: OnceLock<Counter>,
    seconds: OnceLock<Histogram>,
}

impl RouteMetrics {
    /// Those of this route.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, route: &'static str) -> Self {
        Self {
            metrics,
            route,
            ok: OnceLock::new(),
            not_modified: OnceLock::new(),
            seconds: OnceLock::new(),
        }
    }

    /// GET was answered.
    pub fn got(&self, status: StatusCode, took: Duration) {
        let counter = match status {
            StatusCode::OK => &self.ok,
            StatusCode::NOT_MODIFIED => &self.not_modified,
            _ => return self.metrics.request(self.route, &Method::GET, status, took),
        };
        let count = || {
            let labels = RequestLabels {
                route: self.route.to_owned(),
                method: Word("GET"),
                status: status.as_u16(),
            };
            self.metrics.requests.get_or_create(&labels).clone()
        };
        counter.get_or_init(count).inc();
        let seconds = || {
            let labels = RouteLabels {
                route: self.route.to_owned(),
            };
            self.metrics.request_seconds.get_or_create(&labels).clone()
        };
        let seconds = self.seconds.get_or_init(seconds);
        seconds.observe(took.as_secs_f64());
    }
}
