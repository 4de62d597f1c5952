//! The TIPS views that are open (RFC 9569 §4.1, §8.3): one for each thing that is asked, whoever asks it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use alto::updates::View;
use tokio::time::Instant;
use tracing::debug;

use super::fresh_name;
use crate::clock;
use crate::http::counts::{Counted, Counts};
use crate::http::rate::Client;
use crate::settings;
use crate::updates::Lease;

/// The views.
pub(super) struct Views {
    open: Mutex<Open>,
    /// By who opened them.
    of_client: Counts<Client>,
    /// Polls that wait: of each client, and of all.
    polls_of_client: Counts<Client>,
    polls: Counts<()>,
    idle: Duration,
}

#[derive(Default)]
struct Open {
    by_name: HashMap<String, Arc<OpenView>>,
    names: BTreeMap<View, String>,
}

/// A view that is open.
pub(super) struct OpenView {
    /// Its name in addresses.
    pub(super) name: String,
    lease: Lease,
    uses: Mutex<Uses>,
    #[expect(dead_code, reason = "held, and given back when dropped")]
    counted: Counted<Client>,
}

/// Who is at work on a view, and when the last was done.
struct Uses {
    now: usize,
    last: Instant,
}

/// A request to a view. The view stays while there is one, and for a while after.
pub(super) struct InUse(Arc<OpenView>);

/// A poll that waits; given back when dropped.
pub(super) struct Waiting {
    #[expect(dead_code, reason = "held, and given back when dropped")]
    counted: (Counted<Client>, Counted<()>),
}

impl OpenView {
    fn uses(&self) -> MutexGuard<'_, Uses> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_use(self: &Arc<Self>) -> InUse {
        self.uses().now += 1;
        InUse(Arc::clone(self))
    }
}

impl InUse {
    /// The view's name in addresses.
    pub(super) fn name(&self) -> &str {
        &self.0.name
    }

    /// What it is of.
    pub(super) fn view(&self) -> &View {
        self.0.lease.view()
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let mut uses = self.0.uses();
        uses.now -= 1;
        uses.last = clock::instant();
    }
}

impl Views {
    pub(super) fn new(settings: &settings::Updates) -> Self {
        Self {
            open: Mutex::default(),
            of_client: Counts::new(settings.views_per_client),
            polls_of_client: Counts::new(settings.polls_per_client),
            polls: Counts::new(settings.polls),
            idle: settings.idle,
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.open().by_name.len()
    }

    /// The view with this name.
    pub(super) fn named(&self, name: &str) -> Option<InUse> {
        Some(self.open().by_name.get(name)?.in_use())
    }

    /// The view of this.
    pub(super) fn of(&self, view: &View) -> Option<InUse> {
        let open = self.open();
        let name = open.names.get(view)?;
        Some(open.by_name.get(name)?.in_use())
    }

    /// A place for one more that this client opens; `None` if it has as many as it may.
    pub(super) fn place(&self, client: Client) -> Option<Counted<Client>> {
        self.of_client.one_more(client)
    }

    /// Opens a view, unless somebody has by now.
    pub(super) fn add(&self, lease: Lease, counted: Counted<Client>) -> InUse {
        let mut open = self.open();
        if let Some(name) = open.names.get(lease.view())
            && let Some(there) = open.by_name.get(name)
        {
            return there.in_use();
        }
        let view = Arc::new(OpenView {
            name: fresh_name(),
            lease,
            uses: Mutex::new(Uses {
                now: 0,
                last: clock::instant(),
            }),
            counted,
        });
        let of = view.lease.view().clone();
        open.names.insert(of, view.name.clone());
        open.by_name.insert(view.name.clone(), Arc::clone(&view));
        view.in_use()
    }

    /// A place for a poll of this client; `None` if as many wait as may.
    pub(super) fn poll(&self, client: Client) -> Option<Waiting> {
        let counted = (
            self.polls_of_client.one_more(client)?,
            self.polls.one_more(())?,
        );
        Some(Waiting { counted })
    }

    /// Closes the views that nobody has asked for a while.
    pub(super) fn sweep(&self) {
        let now = clock::instant();
        let closed: Vec<Arc<OpenView>> = {
            let mut open = self.open();
            let is_idle = |_: &String, view: &mut Arc<OpenView>| {
                let uses = view.uses();
                uses.now == 0 && now.duration_since(uses.last) >= self.idle
            };
            let closed = open.by_name.extract_if(is_idle);
            let closed: Vec<_> = closed.map(|(_, view)| view).collect();
            for view in &closed {
                open.names.remove(view.lease.view());
            }
            closed
        };
        if !closed.is_empty() {
            debug!(
                views = closed.len(),
                "TIPS views that nobody asked are closed"
            );
        }
    }
}
