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
//! * What takes too much work until the index of distances is made stays as it was until then.
//! * Requests cannot slow the maps down: their lane comes after, and rests for as long as it worked.
//! * The first content of a view is made by who watches it first, and with it the lane is held, so that the
//!   view is of the same version as the others of its lane.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use alto::updates::{History, NoView, Revision, Snapshot, Store, View};
use alto::{Ask, Refused, Service};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use crate::clock;
use crate::metrics::Metrics;
use crate::published::{Published, Said};
use crate::settings::Settings;

/// Work goes on for so long before what is ready is shown.
const GRAIN: Duration = Duration::from_millis(5);

/// The longest rest of the lane of requests.
const LONGEST_REST: Duration = Duration::from_secs(2);

/// Views that are brought up to a version together.
struct Lane {
    takes: fn(&View) -> bool,
    /// Held while views are brought up to another version, or one more comes.
    shown: tokio::sync::Mutex<Shown>,
    /// Counts the versions that it took.
    took: watch::Sender<u64>,
}

/// What all views of a lane show.
struct Shown {
    said: Said,
    /// But these show a version before: without the index that comes yet they take too much work.
    late: Vec<View>,
}

impl Lane {
    fn new(takes: fn(&View) -> bool, said: Said) -> Self {
        let late = Vec::new();
        Self {
            takes,
            shown: tokio::sync::Mutex::new(Shown { said, late }),
            took: watch::Sender::new(0),
        }
    }
}

/// What finds out what a view says.
pub(crate) type Making = fn(&View, &Service, &Ask) -> Result<Snapshot, Refused>;

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
    /// Steps that the view of a request may cost each time: of searches for paths, and of costs.
    path_work: u64,
    cost_work: u64,
    /// Steps that the view of a map may cost: as many as when it is asked by GET, which shares it.
    map_work: u64,
    all_octets: usize,
    /// [`View::now`], but for tests.
    making: Making,
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
    shown: tokio::sync::MutexGuard<'a, Shown>,
}

impl Entered<'_> {
    /// What the lane shows.
    #[must_use]
    pub fn said(&self) -> &Said {
        &self.shown.said
    }

    /// Watches a view that says this. If it had ended, what changed since is found out on a thread of its own.
    ///
    /// # Errors
    /// [`NoView::TooMany`].
    pub async fn insert(&self, view: &View, now: Snapshot) -> Result<Lease, NoView> {
        let ended = self.hub.store().versions(view).cloned();
        let revision = match ended {
            Some(versions) => {
                let (view, now) = (view.clone(), now.clone());
                let revise = move || view.revision(&versions, Ok(now));
                spawn_blocking(revise).await.ok()
            }
            None => None,
        };
        // Let go of after the store.
        let mut revision = revision;
        {
            let mut store = self.hub.store();
            if let Some(revision) = &mut revision {
                store.adopt(revision);
            }
            // Who watched it may be gone by now.
            if !store.rewatch(view) {
                store.insert(view, now)?;
            }
        }
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
        let said = published.said();
        Arc::new(Self {
            store: Mutex::new(Store::new(of.views, of.bounds())),
            shared: Lane::new(is_shared, said.clone()),
            asked: Lane::new(|view| !is_shared(view), said),
            changed: watch::Sender::new(0),
            published,
            metrics,
            path_work: settings.paths.work.min(of.work),
            cost_work: settings.alto.work.min(of.work),
            map_work: settings.alto.work,
            all_octets: of.all_octets,
            making: View::now,
            stop,
        })
    }

    /// The same, of which nobody knows yet, with something else that finds out what views say.
    #[cfg(test)]
    pub(crate) fn making_by(self: Arc<Self>, making: Making) -> Arc<Self> {
        let mut hub = Arc::into_inner(self).unwrap();
        hub.making = making;
        Arc::new(hub)
    }

    /// What finds out what a view says.
    pub(crate) fn making(&self) -> Making {
        self.making
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

    /// What this view may cost, each time.
    #[must_use]
    pub fn ask(&self, view: &View) -> Ask {
        Ask {
            client: None,
            now: clock::now().timestamp,
            path_work: self.path_work,
            cost_work: if is_shared(view) {
                self.map_work
            } else {
                self.cost_work
            },
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
        let mut shown = lane.shown.lock().await;
        let said = self.published.said();
        if shown.said.service.is_same_version(&said.service) {
            // Maybe with an index.
            shown.said = said;
        }
        Entered { hub: self, shown }
    }

    /// Brings what is watched up to each version of the maps, until the daemon stops.
    pub async fn run(self: Arc<Self>) {
        // Before the lane has a service, so that no version is missed between the two.
        let of_maps = (self.published.versions(), self.published.indexed());
        let of_shared = (self.shared.took.subscribe(), self.published.indexed());
        tokio::join!(
            self.follow(&self.shared, of_maps),
            self.follow(&self.asked, of_shared)
        );
    }

    async fn follow(
        self: &Arc<Self>,
        lane: &Lane,
        (mut source, mut indexed): (watch::Receiver<u64>, watch::Receiver<u64>),
    ) {
        // What came before this task did.
        source.mark_changed();
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                changed = source.changed() => if changed.is_err() { return },
                changed = indexed.changed() => if changed.is_err() { return },
            }
            let is_shared = std::ptr::eq(lane, &self.shared);
            let said = if is_shared {
                self.published.said()
            } else {
                self.shown_by_shared().await
            };
            let took = self.take(lane, said).await;
            lane.took.send_modify(|took| *took += 1);
            if !is_shared {
                tokio::select! {
                    () = self.stop.cancelled() => return,
                    () = tokio::time::sleep(took.min(LONGEST_REST)) => {}
                }
            }
        }
    }

    /// What the lane of maps shows, with the index if there is one by now.
    async fn shown_by_shared(&self) -> Said {
        let shown = self.shared.shown.lock().await.said.clone();
        let said = self.published.said();
        if shown.service.is_same_version(&said.service) {
            said
        } else {
            shown
        }
    }

    /// Brings a lane up to this: all of it, or if it shows that but for the index what is late. Says how long it
    /// took.
    async fn take(self: &Arc<Self>, lane: &Lane, said: Said) -> Duration {
        let began = clock::instant();
        let mut shown = lane.shown.lock().await;
        let late = std::mem::take(&mut shown.late);
        let views = if shown.said.service.is_same_version(&said.service) {
            late
        } else {
            self.store().views(lane.takes)
        };
        if !views.is_empty() {
            // Who is asked for a full map meanwhile takes the one that is made here.
            let _one_at_a_time = if std::ptr::eq(lane, &self.shared) {
                Some(self.published.cost_maps().await)
            } else {
                None
            };
            let (hub, of) = (Arc::clone(self), said.clone());
            let revised = spawn_blocking(move || hub.revise(&views, &of, began)).await;
            match revised {
                Ok(late) => shown.late = late,
                Err(error) => error!(%error, "what is watched is not up to date"),
            }
        }
        shown.said = said;
        began.elapsed()
    }

    /// Brings views up to this. Returns those that show a version before until there is an index.
    fn revise(&self, views: &[View], said: &Said, began: Instant) -> Vec<View> {
        let (mut ready, mut late, mut changed) = (Vec::new(), Vec::new(), 0);
        let mut since = clock::instant();
        for view in views {
            let versions = self.store().versions(view).cloned();
            let Some(versions) = versions else { continue };
            match self.revised(view, &versions, said) {
                Some(revision) => ready.push(revision),
                None => late.push(view.clone()),
            }
            if since.elapsed() >= GRAIN {
                changed += self.adopt(&mut ready);
                since = clock::instant();
            }
            if self.stop.is_cancelled() {
                return late;
            }
        }
        changed += self.adopt(&mut ready);
        let took = began.elapsed();
        if changed > 0 {
            self.metrics.updates.revised(changed, took);
        }
        debug!(
            views = views.len(),
            late = late.len(),
            changed,
            ?took,
            "what is watched is up to a version"
        );
        late
    }

    /// What becomes of these versions of a view; `None` if that is found out when there is an index. A view that
    /// we fail at ends, and no other does.
    fn revised(&self, view: &View, versions: &Arc<History>, said: &Said) -> Option<Revision> {
        let revise = || match (self.making)(view, &said.service, &self.ask(view)) {
            Err(Refused::MoreWork(_)) if said.awaits_index => None,
            says => Some(view.revision(versions, says)),
        };
        // Nothing of ours is changed by it but what is made once, and is then whole or not there.
        catch_unwind(AssertUnwindSafe(revise)).unwrap_or_else(|_| {
            error!(?view, "what is watched could not be found out");
            Some(view.ends("an error of the server"))
        })
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

#[cfg(test)]
mod tests;
