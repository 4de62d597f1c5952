//! The versions of what clients watch (RFC 8895, RFC 9569), brought up to each new version of the maps.
//!
//! ```text
//!  Published ──version──▶ shared lane ──same version──▶ asked lane
//!                 maps, asked by GET: few,        answers to requests: many,
//!                 the same for all                each for those who asked so
//!                             └──────▶ Store ◀──────┘
//!                                  │ adopted piece by piece
//!                                  ▼ a wake-up without data
//!                     update streams, polls: each looks at the store
//! ```
//!
//! * What is costly, the new content and what changed in it, is made without the store ([`View::revise`]): who
//!   reads the store waits for as long as it takes to swap pointers.
//! * A lane takes one version at a time, and after it the one that is current then: versions that come
//!   meanwhile are one change.
//! * Requests cannot slow the maps down: their lane comes after, and rests for as long as it worked.
//! * The first content of a view is made by who watches it first, and with it the lane is held, so that the
//!   view is of the same version as the others of its lane.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use alto::updates::{NoView, Revision, Snapshot, Store, View};
use alto::{Ask, Service};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use crate::clock;
use crate::metrics::Metrics;
use crate::published::Published;
use crate::settings::Settings;

/// Work goes on for so long before what is ready is shown.
const GRAIN: Duration = Duration::from_millis(5);

/// The longest rest of the lane of requests.
const LONGEST_REST: Duration = Duration::from_secs(2);

/// Views that are brought up to a version together.
struct Lane {
    takes: fn(&View) -> bool,
    /// What all views of the lane show. Held while they are brought up to another, or one more comes.
    service: tokio::sync::Mutex<Service>,
    /// Counts the versions that it took.
    took: watch::Sender<u64>,
}

impl Lane {
    fn new(takes: fn(&View) -> bool, service: Service) -> Self {
        Self {
            takes,
            service: tokio::sync::Mutex::new(service),
            took: watch::Sender::new(0),
        }
    }
}

/// The versions of all that is watched.
pub struct Hub {
    store: Mutex<Store>,
    /// Maps.
    shared: Lane,
    /// Answers to requests.
    asked: Lane,
    changed: watch::Sender<u64>,
    published: Arc<Published>,
    metrics: Arc<Metrics>,
    /// Steps that a view may cost each time: of searches for paths, and of costs.
    path_work: u64,
    cost_work: u64,
    all_octets: usize,
    stop: CancellationToken,
}

/// The view is watched until this is dropped.
pub struct Lease {
    hub: Arc<Hub>,
    view: View,
}

impl Lease {
    /// What is watched.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // What it was the last to watch goes without the store.
        let released = self.hub.store().release(&self.view);
        drop(released);
    }
}

/// The place to make the first content of a view: nobody else makes any in its lane, and no version comes.
pub struct Entered<'a> {
    hub: &'a Arc<Hub>,
    service: tokio::sync::MutexGuard<'a, Service>,
}

impl Entered<'_> {
    /// What the lane shows.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Watches a view that says this.
    ///
    /// # Errors
    /// [`NoView::TooMany`].
    pub fn insert(&self, view: &View, now: Snapshot) -> Result<Lease, NoView> {
        self.hub.store().insert(view, now)?;
        Ok(self.hub.lease(view))
    }
}

impl Hub {
    /// Nothing is watched yet. What is watched follows `published` while [`run`](Self::run) does, until `stop`.
    #[must_use]
    pub fn new(
        published: Arc<Published>,
        metrics: Arc<Metrics>,
        settings: &Settings,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let of = &settings.alto.updates;
        let service = published.service();
        Arc::new(Self {
            store: Mutex::new(Store::new(of.views, of.bounds())),
            shared: Lane::new(is_shared, service.clone()),
            asked: Lane::new(|view| !is_shared(view), service),
            changed: watch::Sender::new(0),
            published,
            metrics,
            path_work: settings.paths.work.min(of.work),
            cost_work: settings.alto.work.min(of.work),
            all_octets: of.all_octets,
            stop,
        })
    }

    /// The versions of all that is watched. To be held for a moment: network threads wait for it.
    pub fn store(&self) -> MutexGuard<'_, Store> {
        // Each change of it is whole.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes when something is new of what is watched.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The daemon stops.
    #[must_use]
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// What a view may cost, each time.
    #[must_use]
    pub fn ask(&self) -> Ask {
        Ask {
            client: None,
            now: clock::now().timestamp,
            path_work: self.path_work,
            cost_work: self.cost_work,
            light: false,
        }
    }

    /// Whether as many octets are kept as may be.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.store().bytes() >= self.all_octets
    }

    fn lease(self: &Arc<Self>, view: &View) -> Lease {
        Lease {
            hub: Arc::clone(self),
            view: view.clone(),
        }
    }

    /// Watches a view that is watched already.
    #[must_use]
    pub fn rewatch(self: &Arc<Self>, view: &View) -> Option<Lease> {
        let is_there = self.store().rewatch(view);
        is_there.then(|| self.lease(view))
    }

    /// Waits for the place to make the first content of a view. Maybe it is watched by then.
    pub async fn enter(self: &Arc<Self>, view: &View) -> Entered<'_> {
        let lane = if (self.shared.takes)(view) {
            &self.shared
        } else {
            &self.asked
        };
        Entered {
            hub: self,
            service: lane.service.lock().await,
        }
    }

    /// Brings what is watched up to each version of the maps, until the daemon stops.
    pub async fn run(self: Arc<Self>) {
        // Before the lane has a service, so that no version is missed between the two.
        let of_maps = self.published.versions();
        let of_shared = self.shared.took.subscribe();
        tokio::join!(
            self.follow(&self.shared, of_maps),
            self.follow(&self.asked, of_shared)
        );
    }

    async fn follow(self: &Arc<Self>, lane: &Lane, mut source: watch::Receiver<u64>) {
        // What came before this task did.
        source.mark_changed();
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                changed = source.changed() => if changed.is_err() { return },
            }
            let is_shared = std::ptr::eq(lane, &self.shared);
            let service = if is_shared {
                self.published.service()
            } else {
                self.shared.service.lock().await.clone()
            };
            let took = self.take(lane, service).await;
            lane.took.send_modify(|took| *took += 1);
            if !is_shared {
                tokio::select! {
                    () = self.stop.cancelled() => return,
                    () = tokio::time::sleep(took.min(LONGEST_REST)) => {}
                }
            }
        }
    }

    /// Brings a lane up to this service. Says how long it took.
    async fn take(self: &Arc<Self>, lane: &Lane, service: Service) -> Duration {
        let began = clock::instant();
        let mut current = lane.service.lock().await;
        let views = self.store().views(lane.takes);
        if !views.is_empty() {
            // Who is asked for a full map meanwhile takes the one that is made here.
            let _one_at_a_time = if std::ptr::eq(lane, &self.shared) {
                Some(self.published.cost_maps().await)
            } else {
                None
            };
            let (hub, of) = (Arc::clone(self), service.clone());
            let revised = spawn_blocking(move || hub.revise(&views, &of, began)).await;
            if let Err(error) = revised {
                error!(%error, "what is watched is not up to date");
            }
        }
        *current = service;
        began.elapsed()
    }

    fn revise(&self, views: &[View], service: &Service, began: Instant) {
        let (mut ready, mut changed) = (Vec::new(), 0);
        let mut since = clock::instant();
        let ask = self.ask();
        for view in views {
            let versions = self.store().versions(view).cloned();
            let Some(versions) = versions else { continue };
            ready.push(view.revise(&versions, service, &ask));
            if since.elapsed() >= GRAIN {
                changed += self.adopt(&mut ready);
                since = clock::instant();
            }
            if self.stop.is_cancelled() {
                return;
            }
        }
        changed += self.adopt(&mut ready);
        let took = began.elapsed();
        if changed > 0 {
            self.metrics.updates.revised(changed, took);
        }
        debug!(
            views = views.len(),
            changed,
            ?took,
            "what is watched is up to a version"
        );
    }

    /// Shows what is ready, and wakes who waits for it.
    fn adopt(&self, ready: &mut Vec<Revision>) -> usize {
        let changed = {
            let mut store = self.store();
            let adopted = ready.iter_mut().map(|revision| store.adopt(revision));
            let changed = adopted.filter(|is_news| *is_news).count();
            store.shrink(self.all_octets);
            changed
        };
        if changed > 0 {
            self.changed.send_modify(|changed| *changed += 1);
        }
        // What was before, which may be large.
        ready.clear();
        changed
    }

    /// Tells how much is kept; call it every second or so.
    pub fn sweep(&self) {
        let (views, octets) = {
            let store = self.store();
            (store.len(), store.bytes())
        };
        self.metrics.updates.kept(views, octets);
    }
}

fn is_shared(view: &View) -> bool {
    view.resource().accepts.is_none()
}
