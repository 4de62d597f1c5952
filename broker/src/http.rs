//! Everything about HTTP: the accept loop, the routes, the limits and the errors.
//!
//! ```text
//! server (accept, TLS, timeouts, stop) -> guard (principal, rate, deadline, metrics) -> routes
//! ```

mod alto_api;
mod answer;
mod broker_api;
mod guard;
mod heavy;
mod ops;
pub mod problem;
pub mod rate;
mod routes;
pub mod server;
pub mod tls;

use std::sync::Arc;

pub use routes::routes;

use crate::auth::Principals;
use crate::metrics::Metrics;
use crate::published::Published;
use crate::settings::Settings;

/// What handlers share.
#[derive(Clone)]
pub struct App {
    shared: Arc<Shared>,
}

struct Shared {
    published: Arc<Published>,
    metrics: Arc<Metrics>,
    principals: Principals,
    rate: rate::RateLimit,
    heavy: heavy::Heavy,
    settings: Settings,
}

impl App {
    /// The state of the HTTP side.
    #[must_use]
    pub fn new(settings: Settings, published: Arc<Published>, metrics: Arc<Metrics>) -> Self {
        let shared = Shared {
            principals: Principals::new(&settings.auth),
            rate: rate::RateLimit::new(&settings.limits),
            heavy: heavy::Heavy::new(settings.paths.heavy_requests),
            published,
            metrics,
            settings,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Forgets clients that have been quiet; call it every second or so.
    pub fn sweep(&self) {
        self.shared.rate.sweep();
    }
}
