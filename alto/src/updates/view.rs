//! What can be watched, and the one store of the versions of all of it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value;

use super::document::Snapshot;
use super::history::{Bounds, History};
use super::patch::Forms;
use crate::resource::{Kind, Resource};
use crate::{AltoError, Ask, Refused, Service};

/// A resource, and what is asked of it. Two that ask the same in other words are one if only the order of
/// members differs.
#[derive(Clone)]
pub struct View {
    /// How many resources are one above another, down from this one to what it uses.
    depth: u8,
    resource: &'static Resource,
    /// The text of the request; empty where there is none.
    input: Arc<str>,
    /// The hash of it: views are looked up by this, so that long texts are not compared.
    digest: [u8; 32],
    /// Who asks, where the answer depends on it.
    client: Option<IpAddr>,
}

impl View {
    /// The longest text of a request that is watched, in octets: it is kept for as long as somebody watches.
    pub const LONGEST_INPUT: usize = 64 << 10;

    /// The view. A resource that is asked by GET takes no input, and any is ignored. The client counts
    /// where an empty list of endpoints stands for it (RFC 7285 §11.5.1.3).
    #[must_use]
    pub fn new(resource: &'static Resource, input: Option<&Value>, client: Option<IpAddr>) -> Self {
        let input = input.filter(|_| resource.accepts.is_some());
        let lists = input.and_then(|input| input.get("endpoints"));
        let is_empty = |name: &str| {
            let list = lists.and_then(|lists| lists.get(name)?.as_array());
            list.is_none_or(Vec::is_empty)
        };
        let between_endpoints = matches!(
            resource.kind,
            Kind::EndpointCosts | Kind::MultipartEndpointCosts
        );
        let is_meant = between_endpoints && (is_empty("srcs") || is_empty("dsts"));
        // The members of a `Value` are in the order of their names.
        let input = input.map(Value::to_string).unwrap_or_default();
        Self {
            depth: depth(resource, 8),
            resource,
            digest: blake3::hash(input.as_bytes()).into(),
            input: input.into(),
            client: client.filter(|_| is_meant),
        }
    }

    /// The resource.
    #[must_use]
    pub fn resource(&self) -> &'static Resource {
        self.resource
    }

    /// What is asked of it: JSON, or nothing.
    #[must_use]
    pub fn input(&self) -> &str {
        &self.input
    }

    fn key(&self) -> (u8, &str, &[u8; 32], Option<IpAddr>) {
        (self.depth, self.resource.id, &self.digest, self.client)
    }

    /// Whether it is of a request. Other views are few: one for each resource that is asked by GET.
    fn is_asked(&self) -> bool {
        self.resource.accepts.is_some()
    }

    /// What it says now. `ask` bounds the work; its client does not count.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn now(&self, service: &Service, ask: &Ask) -> Result<Snapshot, Refused> {
        let ask = Ask {
            client: self.client,
            ..*ask
        };
        let content = service.content(self.resource, self.input.as_bytes(), &ask)?;
        Ok(content.into())
    }

    /// What becomes of these versions of it with what it says now. See [`revision`](Self::revision).
    #[must_use]
    pub fn revise(&self, versions: &Arc<History>, service: &Service, ask: &Ask) -> Revision {
        self.revision(versions, self.now(service, ask))
    }

    /// What becomes of these versions of it when it says this. To be adopted by the store that has them
    /// ([`Store::adopt`]), which is not needed until then: who else asks the store need not wait.
    #[must_use]
    pub fn revision(&self, versions: &Arc<History>, says: Result<Snapshot, Refused>) -> Revision {
        let (next, ended) = match says {
            Ok(next) => (Some(next), None),
            Err(Refused::MoreWork(Some(error))) => (None, Some(error.to_string())),
            Err(other) => (None, Some(other.to_string())),
        };
        let is_new = |next: &Snapshot| next.tag != versions.latest().tag;
        let changed = next.filter(is_new).map(|next| {
            let mut history = History::clone(versions);
            history.push(next);
            Arc::new(history)
        });
        Revision {
            view: self.clone(),
            changed,
            ended,
        }
    }

    /// It ends for this reason, whatever it says.
    #[must_use]
    pub fn ends(&self, reason: &str) -> Revision {
        Revision {
            view: self.clone(),
            changed: None,
            ended: Some(reason.to_owned()),
        }
    }
}

/// What is new of a view, on its way into the store.
#[derive(Debug)]
pub struct Revision {
    view: View,
    changed: Option<Arc<History>>,
    ended: Option<String>,
}

/// At most `most`.
fn depth(resource: &Resource, most: u8) -> u8 {
    let used = resource.uses.iter().filter_map(|id| crate::resource(id));
    match most.checked_sub(1) {
        None => 0,
        Some(most) => used.map(|used| depth(used, most) + 1).max().unwrap_or(0),
    }
}

/// What is used comes before what uses it (RFC 8895 §6.7.1).
impl Ord for View {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialEq for View {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for View {}

impl PartialOrd for View {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "View({} {})", self.resource.id, self.input)
    }
}

/// Why a view cannot be watched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoView {
    /// The resource gives no answer: to a wrong request the very error that it gives by itself
    /// (RFC 8895 §6.6, RFC 9569 §6.2).
    #[error(transparent)]
    Refused(#[from] Refused),
    /// There are as many views of requests as there may be: 503 (RFC 8895 §10.1) or 429 (RFC 9569 §6.2).
    #[error("there are {0} views of requests, and no more may be")]
    TooMany(usize),
}

impl From<AltoError> for NoView {
    fn from(error: AltoError) -> Self {
        Self::Refused(error.into())
    }
}

struct Watched {
    history: Arc<History>,
    /// How many watch it.
    watchers: usize,
    /// Why it has no content now.
    ended: Option<String>,
}

/// The versions of all that somebody watches: one history for each view, whoever watches it and how.
///
/// All histories show the same service: that of the last [`publish`](Self::publish).
///
/// Who cannot keep the store to himself for so long does the same in steps: [`rewatch`](Self::rewatch),
/// [`View::now`] and [`insert`](Self::insert) to watch; [`views`](Self::views), [`versions`](Self::versions),
/// [`View::revise`] and [`adopt`](Self::adopt) to publish. Then a view is inserted or published at a time, and
/// from the same service as the others like it.
pub struct Store {
    views: BTreeMap<View, Watched>,
    /// How many of them are of requests, and at most may be.
    asked: usize,
    most: usize,
    bounds: Bounds,
}

impl Store {
    /// A store of at most so many views of requests, each with a history within `bounds`. Views of resources
    /// that are asked by GET always have room, whoever watches what else.
    #[must_use]
    pub fn new(most: usize, bounds: Bounds) -> Self {
        Self {
            views: BTreeMap::new(),
            asked: 0,
            most,
            bounds,
        }
    }

    /// Watches a view, until [`release`](Self::release). `service` is that of the last
    /// [`publish`](Self::publish).
    ///
    /// # Errors
    /// See [`NoView`]. Then nothing is watched that was not before.
    pub fn watch(&mut self, view: &View, service: &Service, ask: &Ask) -> Result<(), NoView> {
        if self.rewatch(view) {
            return Ok(());
        }
        self.check_room(view)?;
        let first = view.now(service, ask)?;
        self.insert(view, first)
    }

    /// Watches a view that somebody watches already and that has not ended. Says whether there is one.
    pub fn rewatch(&mut self, view: &View) -> bool {
        let watched = self.views.get_mut(view);
        let Some(watched) = watched.filter(|watched| watched.ended.is_none()) else {
            return false;
        };
        watched.watchers += 1;
        true
    }

    /// Whether there is room to watch this view.
    ///
    /// # Errors
    /// [`NoView::TooMany`].
    pub fn check_room(&self, view: &View) -> Result<(), NoView> {
        if view.is_asked() && self.asked >= self.most && !self.views.contains_key(view) {
            return Err(NoView::TooMany(self.most));
        }
        Ok(())
    }

    /// Watches a view that says this now.
    ///
    /// # Errors
    /// [`NoView::TooMany`].
    pub fn insert(&mut self, view: &View, now: Snapshot) -> Result<(), NoView> {
        self.check_room(view)?;
        match self.views.get_mut(view) {
            Some(watched) => {
                watched.watchers += 1;
                Arc::make_mut(&mut watched.history).push(now);
                watched.ended = None;
            }
            None => {
                let history = History::new(now, Some(Forms::Both), self.bounds);
                let watched = Watched {
                    history: Arc::new(history),
                    watchers: 1,
                    ended: None,
                };
                self.views.insert(view.clone(), watched);
                self.asked += usize::from(view.is_asked());
            }
        }
        Ok(())
    }

    /// No longer watches it. Its versions go with the last who did: they are returned, since to let go of them
    /// may take a while.
    pub fn release(&mut self, view: &View) -> Option<Arc<History>> {
        let watched = self.views.get_mut(view)?;
        watched.watchers = watched.watchers.saturating_sub(1);
        if watched.watchers > 0 {
            return None;
        }
        let released = self.views.remove(view)?;
        self.asked -= usize::from(view.is_asked());
        Some(released.history)
    }

    /// What all views say now. A view to which there is no answer any more ends: it has no history until
    /// there is one again.
    ///
    /// Returns of how many views there is news.
    pub fn publish(&mut self, service: &Service, ask: &Ask) -> usize {
        let mut changed = 0;
        for view in self.views(|_| true) {
            if let Some(versions) = self.versions(&view) {
                let mut revision = view.revise(versions, service, ask);
                changed += usize::from(self.adopt(&mut revision));
            }
        }
        changed
    }

    /// The views that are wanted, what is used before what uses it.
    pub fn views(&self, wanted: impl Fn(&View) -> bool) -> Vec<View> {
        self.views
            .keys()
            .filter(|view| wanted(view))
            .cloned()
            .collect()
    }

    /// The versions of a view, if it is watched, also of one that ended.
    #[must_use]
    pub fn versions(&self, view: &View) -> Option<&Arc<History>> {
        Some(&self.views.get(view)?.history)
    }

    /// Takes what is new of a view, if it is still watched. Says whether something is: a version, or that it
    /// ended or did not after all. What it had before is then in the revision: to let go of it may take a while.
    pub fn adopt(&mut self, revision: &mut Revision) -> bool {
        let Some(watched) = self.views.get_mut(&revision.view) else {
            return false;
        };
        let turns = watched.ended.is_some() != revision.ended.is_some();
        watched.ended = revision.ended.take();
        if let Some(history) = &mut revision.changed {
            std::mem::swap(&mut watched.history, history);
        }
        turns || revision.changed.is_some()
    }

    /// Lets go of past versions, those of the views that keep most first, until all keep no more than so
    /// many octets, or nothing but what is current.
    pub fn shrink(&mut self, octets: usize) {
        let mut excess = self.bytes().saturating_sub(octets);
        if excess == 0 {
            return;
        }
        let mut by_size: Vec<&mut Watched> = self.views.values_mut().collect();
        by_size.sort_by_key(|watched| std::cmp::Reverse(watched.history.bytes()));
        for watched in by_size {
            if excess == 0 {
                return;
            }
            let before = watched.history.bytes();
            Arc::make_mut(&mut watched.history).forget();
            excess = excess.saturating_sub(before - watched.history.bytes());
        }
    }

    /// The versions of a view, `None` if it is not watched or ended.
    #[must_use]
    pub fn history(&self, view: &View) -> Option<&History> {
        let watched = self.views.get(view)?;
        watched.ended.is_none().then_some(&*watched.history)
    }

    /// Why a view ended.
    #[must_use]
    pub fn ended(&self, view: &View) -> Option<&str> {
        self.views.get(view)?.ended.as_deref()
    }

    /// How many views are watched.
    #[must_use]
    pub fn len(&self) -> usize {
        self.views.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.views.is_empty()
    }

    /// How many octets the histories keep, with what is asked. Memory that two of them share counts for each.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.views
            .iter()
            .map(|(view, watched)| view.input.len() + watched.history.bytes())
            .sum()
    }
}
