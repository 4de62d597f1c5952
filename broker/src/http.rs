//! Everything about HTTP: the accept loop, the routes, the limits and the errors.
//!
//! ```text
//! server (accept, TLS, HTTP/1.1 or 2, timeouts, stop) -> guard (principal, rate, deadline, metrics) -> routes
//!                                                  ╰ quick: the same guard, for a map that is there
//! ```

mod alto_api;
mod answer;
pub mod coding;
mod cors;
mod counts;
mod domains;
mod events;
mod guard;
mod heavy;
mod http2;
mod mef;
mod notifications;
mod openapi;
mod ops;
mod partners;
mod paths;
mod placements;
mod preface;
pub mod problem;
mod progress;
mod push;
mod quick;
pub mod rate;
mod representation;
mod reservations;
mod room;
mod routes;
mod rules;
mod selections;
pub mod server;
pub mod tls;
mod topology;
mod updates;

use std::sync::Arc;

pub use quick::{Answering, Routes};
pub use routes::routes;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::Principals;
use crate::ingest::Inbox;
use crate::lso::Lso;
use crate::lso::partners::book::Book;
use crate::lso::testing::Testing;
use crate::metrics::Metrics;
use crate::published::Published;
use crate::reservations::durable::Durable;
use crate::settings::Settings;
use crate::updates::Hub;

/// Documents of members that are decoded at once. Any number may wait: their bodies have come, and
/// [`push::Intake`] bounds what they take.
const DOCUMENTS_AT_ONCE: usize = 2;

/// Blocks of [`room::BLOCK`] octets for the bodies of requests together: a quarter of a gigabyte. One HTTP/2
/// connection may bring a hundred at once.
const BODIES: usize = 4096;

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
    /// Searches.
    heavy: heavy::Heavy,
    /// Answers in codings.
    representations: representation::Representations,
    /// The other bodies that are on their way in.
    bodies: room::Room,
    /// Documents that members push, on their way in.
    intake: push::Intake,
    /// The decoding of them.
    documents: heavy::Heavy,
    inbox: Inbox,
    /// What the parts of the SOF share.
    lso: Lso,
    /// Where reservations are made and changed.
    reservations: Durable,
    /// Tests of services.
    testing: Testing,
    /// Partners and agreements.
    book: Arc<Book>,
    /// Update streams and TIPS views.
    updates: updates::Updates,
    settings: Settings,
}

impl App {
    /// The state of the HTTP side.
    #[must_use]
    pub fn new(
        settings: Settings,
        published: Arc<Published>,
        inbox: Inbox,
        book: Arc<Book>,
        metrics: Arc<Metrics>,
        reservations: Durable,
        testing: Testing,
        hub: Arc<Hub>,
    ) -> Self {
        let lso = book.lso().clone();
        let searches = settings.paths.heavy_requests;
        let shared = Shared {
            principals: Principals::new(&settings.auth),
            rate: rate::RateLimit::new(&settings.limits),
            heavy: heavy::Heavy::new(searches, searches.saturating_mul(2)),
            representations: representation::Representations::new(settings.limits.connections),
            bodies: room::Room::new(BODIES),
            intake: push::Intake::default(),
            documents: heavy::Heavy::new(DOCUMENTS_AT_ONCE, settings.limits.connections),
            inbox,
            lso,
            reservations,
            testing,
            book,
            published,
            metrics,
            updates: updates::Updates::new(hub, &settings),
            settings,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The state of one that has no resources of its own, and nothing reserved from before.
    #[must_use]
    pub fn over(
        settings: Settings,
        published: Arc<Published>,
        inbox: Inbox,
        book: Arc<Book>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let stop = CancellationToken::new();
        let hub = Hub::new(
            Arc::clone(&published),
            Arc::clone(&metrics),
            &settings,
            stop,
        );
        Self::over_hub(settings, published, inbox, book, metrics, hub)
    }

    fn over_hub(
        settings: Settings,
        published: Arc<Published>,
        inbox: Inbox,
        book: Arc<Book>,
        metrics: Arc<Metrics>,
        hub: Arc<Hub>,
    ) -> Self {
        let (store, tasks) = (&book.lso().store, TaskTracker::new());
        let reservations = Durable::new(
            inbox.clone(),
            Arc::clone(&published),
            Arc::clone(store),
            &[],
            tasks.clone(),
        );
        let testing = Testing::new(Arc::clone(store), None, tasks, hub.stop().clone());
        Self::new(
            settings,
            published,
            inbox,
            book,
            metrics,
            reservations,
            testing,
            hub,
        )
    }

    /// Forgets clients and closes views that have been quiet, and forgets representations of what is not current; call it every
    /// second or so.
    pub fn sweep(&self) {
        self.shared.rate.sweep();
        self.shared.updates.sweep(self);
        self.sweep_representations();
    }
}
