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
#[derive(Clone, PartialEq, Eq)]
pub struct View {
    /// How many resources are one above another, down from this one to what it uses.
    depth: u8,
    resource: &'static Resource,
    /// The text of the request; empty where there is none.
    input: Arc<str>,
    /// Who asks, where the answer depends on it.
    client: Option<IpAddr>,
}

impl View {
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

    fn key(&self) -> (u8, &str, &str, Option<IpAddr>) {
        (self.depth, self.resource.id, &self.input, self.client)
    }

    fn now(&self, service: &Service, ask: &Ask) -> Result<Snapshot, Refused> {
        let ask = Ask {
            client: self.client,
            ..*ask
        };
        let content = service.content(self.resource, self.input.as_bytes(), &ask)?;
        Ok(content.into())
    }
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
    /// There are as many views as there may be: 503 (RFC 8895 §10.1) or 429 (RFC 9569 §6.2).
    #[error("there are {0} views, and no more may be")]
    TooMany(usize),
}

impl From<AltoError> for NoView {
    fn from(error: AltoError) -> Self {
        Self::Refused(error.into())
    }
}

struct Watched {
    history: History,
    /// How many watch it.
    watchers: usize,
    /// Why it has no content now.
    ended: Option<String>,
}

/// The versions of all that somebody watches: one history for each view, whoever watches it and how.
///
/// All histories show the same service: that of the last [`publish`](Self::publish).
pub struct Store {
    views: BTreeMap<View, Watched>,
    most: usize,
    bounds: Bounds,
}

impl Store {
    /// A store of at most so many views, each with a history within `bounds`.
    #[must_use]
    pub fn new(most: usize, bounds: Bounds) -> Self {
        Self {
            views: BTreeMap::new(),
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
        if let Some(watched) = self.views.get_mut(view)
            && watched.ended.is_none()
        {
            watched.watchers += 1;
            return Ok(());
        }
        if !self.views.contains_key(view) && self.views.len() >= self.most {
            return Err(NoView::TooMany(self.most));
        }
        let first = view.now(service, ask)?;
        match self.views.get_mut(view) {
            Some(watched) => {
                watched.watchers += 1;
                watched.history.push(first);
                watched.ended = None;
            }
            None => {
                let watched = Watched {
                    history: History::new(first, Some(Forms::Both), self.bounds),
                    watchers: 1,
                    ended: None,
                };
                self.views.insert(view.clone(), watched);
            }
        }
        Ok(())
    }

    /// No longer watches it. Its versions go with the last who did.
    pub fn release(&mut self, view: &View) {
        if let Some(watched) = self.views.get_mut(view) {
            watched.watchers = watched.watchers.saturating_sub(1);
            if watched.watchers == 0 {
                self.views.remove(view);
            }
        }
    }

    /// What all views say now. A view to which there is no answer any more ends: it has no history until
    /// there is one again.
    ///
    /// Returns how many views have a new version.
    pub fn publish(&mut self, service: &Service, ask: &Ask) -> usize {
        let mut changed = 0;
        for (view, watched) in &mut self.views {
            match view.now(service, ask) {
                Ok(next) => {
                    watched.ended = None;
                    changed += usize::from(watched.history.push(next));
                }
                Err(refused) => {
                    watched.ended = Some(match refused {
                        Refused::MoreWork(Some(error)) => error.to_string(),
                        other => other.to_string(),
                    });
                }
            }
        }
        changed
    }

    /// The versions of a view, `None` if it is not watched or ended.
    #[must_use]
    pub fn history(&self, view: &View) -> Option<&History> {
        let watched = self.views.get(view)?;
        watched.ended.is_none().then_some(&watched.history)
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

    /// How many octets the histories keep. Memory that two of them share counts for each.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.views
            .values()
            .map(|watched| watched.history.bytes())
            .sum()
    }
}
