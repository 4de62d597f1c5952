//! An update stream (RFC 8895): what its client has, and what it is to be told.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::history::History;
use super::message::{ControlUpdate, Message};
use super::request::{Add, Control, Open, Remove, SubstreamId};
use super::view::{NoView, Store, View};
use crate::{AltoError, Ask, Service};

/// Where a substream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is to be told all.
    NeedsFull,
    /// It has been told the version that is current.
    Current,
    /// It has been told a version that is not current.
    Behind,
    /// It is told nothing any more.
    Stopped,
}

/// What happens to a substream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// There is a version after the one that it has.
    Changed,
    /// The way from the version that it has is no longer kept, or it takes no incremental changes.
    Lost,
    /// It has been told what is current.
    Told,
    /// The client, or the end of the resource, stops it.
    Stop,
}

impl State {
    /// The state after an event.
    #[must_use]
    pub fn after(self, event: Event) -> Self {
        let row = TABLE.iter().find(|(state, _)| *state == self);
        let next = row.and_then(|(_, next)| next.get(event as usize));
        next.copied().unwrap_or(self)
    }
}

/// By state what each event makes of it: changed, lost, told, stop.
const TABLE: [(State, [State; 4]); 4] = {
    use State::{Behind, Current, NeedsFull, Stopped};
    [
        (NeedsFull, [NeedsFull, NeedsFull, Current, Stopped]),
        (Current, [Behind, NeedsFull, Current, Stopped]),
        (Behind, [Behind, NeedsFull, Current, Stopped]),
        (Stopped, [Stopped, Stopped, Stopped, Stopped]),
    ]
};

/// How much one stream may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// Substreams at one time.
    pub active: usize,
    /// Substreams in the life of the stream: their ids are not used again, and so are remembered.
    pub ever: usize,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            active: 64,
            ever: 1_024,
        }
    }
}

struct Substream {
    id: SubstreamId,
    view: View,
    incremental: bool,
    state: State,
    /// What it has been told, unless it needs all.
    version: u64,
}

/// Why a request to a stream is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoStream {
    /// What is asked to be watched cannot be, or the request is wrong.
    #[error(transparent)]
    View(#[from] NoView),
    /// The stream would hold more than it may: 503 (RFC 8895 §10.1).
    #[error("at most {0} substreams")]
    TooMany(usize),
    /// The stream is closed: 404 (RFC 8895 §7.6).
    #[error("the stream is closed")]
    Closed,
    /// What is to be watched by then is not, or ended meanwhile: to be asked again.
    #[error("what is asked is not watched now")]
    NotWatched,
}

impl From<AltoError> for NoStream {
    fn from(error: AltoError) -> Self {
        Self::View(error.into())
    }
}

/// An update stream. It holds what its client has been told and no message: they are made of the store when
/// the client can take some ([`take`](Self::take)), so that a slow reader costs nothing and is then told
/// what is new by then.
pub struct Stream {
    /// In the order in which they are told: what is used before what uses it (RFC 8895 §6.7.1).
    substreams: Vec<Substream>,
    used: BTreeSet<SubstreamId>,
    controls: VecDeque<ControlUpdate>,
    limits: StreamLimits,
    /// What it was the last to watch.
    released: Vec<Arc<History>>,
}

impl Stream {
    /// Opens a stream: from now on the store keeps the versions of what is watched, until
    /// [`close`](Self::close).
    ///
    /// `control_uri` is where its control service is, if it has one. Its first message says so.
    ///
    /// # Errors
    /// See [`NoStream`]. Then nothing is watched that was not before.
    pub fn open(
        request: &Open,
        control_uri: Option<String>,
        limits: StreamLimits,
        (store, service, ask): (&mut Store, &Service, &Ask),
    ) -> Result<Self, NoStream> {
        let watch = |store: &mut Store, view: &View| Ok(store.watch(view, service, ask)?);
        Self::open_by(request, control_uri, limits, (store, &watch))
    }

    /// The same over views that are all watched already, by others: nothing is found out here.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`NoStream::NotWatched`].
    pub fn open_watched(
        request: &Open,
        control_uri: Option<String>,
        limits: StreamLimits,
        store: &mut Store,
    ) -> Result<Self, NoStream> {
        Self::open_by(request, control_uri, limits, (store, &rewatch))
    }

    fn open_by(
        request: &Open,
        control_uri: Option<String>,
        limits: StreamLimits,
        (store, watch): (&mut Store, Watch<'_>),
    ) -> Result<Self, NoStream> {
        let mut stream = Self {
            substreams: Vec::new(),
            used: BTreeSet::new(),
            controls: VecDeque::new(),
            limits,
            released: Vec::new(),
        };
        stream.check_count(&request.add, 0)?;
        stream.watch(&request.add, store, watch)?;
        stream.controls.push_back(ControlUpdate {
            control_uri: Some(control_uri),
            ..ControlUpdate::default()
        });
        Ok(stream)
    }

    /// Does what a control request says: it adds, then removes. Answered by 204.
    ///
    /// # Errors
    /// See [`NoStream`] and [`check`](Self::check). Then nothing is other than before.
    pub fn control(
        &mut self,
        request: &Control,
        (store, service, ask): (&mut Store, &Service, &Ask),
    ) -> Result<(), NoStream> {
        let watch = |store: &mut Store, view: &View| Ok(store.watch(view, service, ask)?);
        self.control_by(request, store, &watch)
    }

    /// The same where all that is added is watched already, by others: nothing is found out here.
    ///
    /// # Errors
    /// As [`control`](Self::control), and [`NoStream::NotWatched`].
    pub fn control_watched(
        &mut self,
        request: &Control,
        store: &mut Store,
    ) -> Result<(), NoStream> {
        self.control_by(request, store, &rewatch)
    }

    fn control_by(
        &mut self,
        request: &Control,
        store: &mut Store,
        watch: Watch<'_>,
    ) -> Result<(), NoStream> {
        self.check(request)?;
        self.watch(&request.add, store, watch)?;
        if !request.add.is_empty() {
            self.controls.push_back(ControlUpdate {
                started: request
                    .add
                    .iter()
                    .map(|add| add.substream.clone())
                    .collect(),
                ..ControlUpdate::default()
            });
        }
        let is_named = |substream: &Substream| match &request.remove {
            Remove::Nothing => false,
            Remove::All => true,
            Remove::Some(names) => names.iter().any(|name| name == substream.id.as_str()),
        };
        let stopped = self.stop(is_named, store);
        self.tell_stopped(stopped, "the client asked for it".into());
        Ok(())
    }

    /// Whether a control request can be done (RFC 8895 §7.6).
    ///
    /// # Errors
    /// The stream is closed; `add` has a substream-id that was used before; `remove` has one that was not
    /// added by a request before; there would be too many.
    pub fn check(&self, request: &Control) -> Result<(), NoStream> {
        if let Some(add) = request
            .add
            .iter()
            .find(|add| self.used.contains(&add.substream))
        {
            let rule = "a substream-id is used once in the life of a stream (RFC 8895 7.6)";
            return Err(AltoError::invalid("add", add.substream.as_str(), rule).into());
        }
        let mut stopped = 0;
        if let Remove::Some(names) = &request.remove {
            let is_used = |name: &String| self.used.iter().any(|used| used.as_str() == name);
            if let Some(name) = names.iter().find(|name| !is_used(name)) {
                let rule = "a substream-id that a request before added (RFC 8895 7.6)";
                return Err(AltoError::invalid("remove", name, rule).into());
            }
            let is_stopped = |id: &SubstreamId| names.iter().any(|name| name == id.as_str());
            stopped = self
                .substreams
                .iter()
                .filter(|substream| is_stopped(&substream.id))
                .count();
        }
        if self.is_closed() {
            return Err(NoStream::Closed);
        }
        self.check_count(&request.add, stopped)
    }

    fn check_count(&self, add: &[Add], stopped: usize) -> Result<(), NoStream> {
        let StreamLimits { active, ever } = self.limits;
        if (self.substreams.len() + add.len()).saturating_sub(stopped) > active {
            return Err(NoStream::TooMany(active));
        }
        if self.used.len() + add.len() > ever {
            return Err(NoStream::TooMany(ever));
        }
        Ok(())
    }

    fn watch(&mut self, add: &[Add], store: &mut Store, watch: Watch<'_>) -> Result<(), NoStream> {
        for (at, wanted) in add.iter().enumerate() {
            if let Err(error) = watch(store, &wanted.view) {
                let watched = add.iter().take(at);
                let released = watched.filter_map(|watched| store.release(&watched.view));
                self.released.extend(released);
                return Err(error);
            }
        }
        for Add {
            substream,
            view,
            tag,
            incremental,
        } in add
        {
            // A client with another version than the last is told all first (RFC 8895 §6.5).
            let has = |history: &History| tag.as_deref() == Some(history.latest().tag.as_str());
            let known = store
                .history(view)
                .filter(|history| has(history))
                .map(History::end);
            self.used.insert(substream.clone());
            self.substreams.push(Substream {
                id: substream.clone(),
                view: view.clone(),
                incremental: *incremental,
                state: if known.is_some() {
                    State::Current
                } else {
                    State::NeedsFull
                },
                version: known.unwrap_or(0),
            });
        }
        self.substreams
            .sort_by(|one, other| one.view.cmp(&other.view));
        Ok(())
    }

    /// Takes substreams out. Returns their ids.
    fn stop(&mut self, wanted: impl Fn(&Substream) -> bool, store: &mut Store) -> Vec<SubstreamId> {
        for substream in self
            .substreams
            .iter_mut()
            .filter(|substream| wanted(substream))
        {
            substream.state = substream.state.after(Event::Stop);
            self.released.extend(store.release(&substream.view));
        }
        let is_stopped = |substream: &mut Substream| substream.state == State::Stopped;
        let stopped = self.substreams.extract_if(.., is_stopped);
        stopped.map(|substream| substream.id).collect()
    }

    fn tell_stopped(&mut self, stopped: Vec<SubstreamId>, description: Cow<'static, str>) {
        if !stopped.is_empty() {
            self.controls.push_back(ControlUpdate {
                stopped,
                description: Some(description),
                ..ControlUpdate::default()
            });
        }
    }

    /// All that is to be told now: control messages first, then what leads each substream to the version
    /// that is current, what is used before what uses it. None if nothing is new.
    ///
    /// A substream is led on by the increments from the version that it has, unless all of what is
    /// current is shorter, or the increments are no longer kept.
    pub fn take(&mut self, store: &mut Store) -> Vec<Message> {
        let ended: BTreeSet<String> = self
            .substreams
            .iter()
            .filter_map(|substream| store.ended(&substream.view).map(str::to_owned))
            .collect();
        for reason in ended {
            let views = self.substreams.iter().map(|substream| &substream.view);
            let views = views.filter(|view| store.ended(view) == Some(&reason));
            let of_reason: Vec<View> = views.cloned().collect();
            let stopped = self.stop(|substream| of_reason.contains(&substream.view), store);
            self.tell_stopped(stopped, reason.into());
        }
        let controls = std::mem::take(&mut self.controls);
        let mut messages: Vec<Message> = controls.iter().map(Message::from).collect();
        for substream in &mut self.substreams {
            if let Some(history) = store.history(&substream.view) {
                substream.tell(history, &mut messages);
            }
        }
        messages
    }

    /// Whether it has no substream: after the messages that are left it ends (RFC 8895 §7.6).
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.substreams.is_empty()
    }

    /// The substreams, and where they are.
    pub fn substreams(&self) -> impl Iterator<Item = (&SubstreamId, State)> {
        self.substreams
            .iter()
            .map(|substream| (&substream.id, substream.state))
    }

    /// The versions of what it was the last to watch. To let go of them may take a while, and needs no store.
    #[must_use]
    pub fn released(&mut self) -> Vec<Arc<History>> {
        std::mem::take(&mut self.released)
    }

    /// Ends it: the client is gone. What it was the last to watch is returned, as by
    /// [`released`](Self::released).
    pub fn close(mut self, store: &mut Store) -> Vec<Arc<History>> {
        self.stop(|_| true, store);
        self.released
    }
}

/// How a view is watched.
type Watch<'a> = &'a dyn Fn(&mut Store, &View) -> Result<(), NoStream>;

fn rewatch(store: &mut Store, view: &View) -> Result<(), NoStream> {
    if store.rewatch(view) {
        Ok(())
    } else {
        Err(NoStream::NotWatched)
    }
}

impl Substream {
    fn tell(&mut self, history: &History, messages: &mut Vec<Message>) {
        let end = history.end();
        if self.state == State::Current && self.version != end {
            self.state = self.state.after(Event::Changed);
        }
        let mut way = None;
        if self.state == State::Behind {
            way = history.since(self.version).filter(|way| {
                let octets: usize = way.iter().map(|increment| increment.len()).sum();
                self.incremental && octets < history.latest().content.len()
            });
            if way.is_none() {
                self.state = self.state.after(Event::Lost);
            }
        }
        match self.state {
            State::NeedsFull => {
                let is_first = self.version == 0;
                messages.push(Message::full(&self.id, history.latest(), is_first));
            }
            State::Behind => {
                let patches = way.iter().flatten().flat_map(|increment| increment.parts());
                messages.extend(patches.map(|part| Message::patch(&self.id, part)));
            }
            State::Current | State::Stopped => return,
        }
        self.state = self.state.after(Event::Told);
        self.version = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every state and every event.
    #[test]
    fn rfc8895_6_7_1_the_states_of_a_substream() {
        use Event::{Changed, Lost, Stop, Told};
        use State::{Behind, Current, NeedsFull, Stopped};
        let all = [NeedsFull, Current, Behind, Stopped];
        for state in all {
            let stopped = state == Stopped;
            // What was to be told whole is told whole, whatever comes before that.
            let changed = if state == NeedsFull {
                NeedsFull
            } else {
                Behind
            };
            for (event, next) in [
                (Changed, changed),
                (Lost, NeedsFull),
                (Told, Current),
                (Stop, Stopped),
            ] {
                let next = if stopped { Stopped } else { next };
                assert_eq!(state.after(event), next, "{state:?} {event:?}");
            }
        }
        assert_eq!(TABLE.map(|(state, _)| state), all);
    }
}
