//! One member: its sources, what they last said, and what that makes of the domain.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use idr::EntryPoint;
use idt::bgpls::AdjRib;
use nffg::DomainId;
use tokio::time::Instant;

use super::document::{Document, Told};
use super::push::{Pushed, Registration};
use super::source::{Channel, Failure, Slot, Source, SourceKind};
use super::{News, Rules};
use crate::clock::Now;
use crate::liveness::{State, Timers};
use crate::settings::DomainEntry;

mod command;
mod session;
mod view;

/// A domain and what is known of it. What a source said is kept after the source is gone, so that one
/// that comes back with the same document need not send it again.
#[derive(Debug)]
pub(super) struct Member {
    /// The settings name it; such a one is never forgotten.
    is_configured: bool,
    declared_entry_point: Option<EntryPoint>,
    declared_asn: Option<u32>,
    /// Which channel counts before which.
    precedence: [Channel; 4],
    sources: BTreeMap<SourceKind, Source>,
    documents: BTreeMap<SourceKind, Told>,
    peers: BTreeMap<IpAddr, Peer>,
    registration: Option<Registration>,
    pushed: BTreeMap<Slot, Arc<Pushed>>,
    /// Since when no source is served, if one was.
    gone_since: Option<Instant>,
}

/// What a BGP-LS peer has told.
#[derive(Debug)]
struct Peer {
    rib: AdjRib,
    /// When what was told before the session came up is dropped, unless the peer is through sooner.
    settles: Option<Instant>,
    /// It speaks for other domains, too.
    is_propagator: bool,
}

/// What came of an input.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) transitions: Vec<(SourceKind, State, State)>,
    pub(super) refused: Option<Failure>,
    pub(super) skipped_routes: usize,
    /// The member may be other than before.
    pub(super) touched: bool,
}

impl Member {
    /// A member of the settings.
    pub(super) fn configured(entry: &DomainEntry, timers: Timers) -> Self {
        let mut sources = BTreeMap::new();
        for (slot, pull) in entry.pulls() {
            let source = Source::new(pull.url.to_string(), timers);
            sources.insert(SourceKind::Pull(slot), source);
        }
        let mut peers = BTreeMap::new();
        for peer in &entry.bgp_ls {
            let address = peer.address.to_canonical();
            let source = Source::new(format!("bgp://{}", Host(address)), timers);
            sources.insert(SourceKind::BgpLs(address), source);
            let rib = AdjRib::new(peer.limits(), peer.dialect.into());
            let peer = Peer {
                rib,
                settles: None,
                is_propagator: false,
            };
            peers.insert(address, peer);
        }
        Self {
            is_configured: true,
            declared_entry_point: entry.entry_point.clone(),
            declared_asn: entry.asn,
            precedence: entry.precedence(),
            sources,
            peers,
            ..Self::unknown()
        }
    }

    /// One of which nothing is known yet.
    pub(super) fn unknown() -> Self {
        Self {
            is_configured: false,
            declared_entry_point: None,
            declared_asn: None,
            precedence: Channel::ALL,
            sources: BTreeMap::new(),
            documents: BTreeMap::new(),
            peers: BTreeMap::new(),
            registration: None,
            pushed: BTreeMap::new(),
            gone_since: None,
        }
    }

    /// Its AS number: as the settings say, as it registered, as its id says.
    pub(super) fn asn(&self, domain: &DomainId) -> Option<u32> {
        let registered = self.registration.as_ref().and_then(|told| told.asn);
        self.declared_asn.or(registered).or_else(|| domain.asn())
    }

    pub(super) fn on(
        &mut self,
        now: Now,
        domain: &DomainId,
        kind: &SourceKind,
        news: News,
        rules: &Rules,
    ) -> Heard {
        let mut heard = Heard::default();
        if let SourceKind::File(name) = kind {
            // Files come and go; the settings only say where to look.
            self.sources
                .entry(kind.clone())
                .or_insert_with(|| Source::new(name.to_string(), rules.times.timers));
        }
        if !self.sources.contains_key(kind) {
            return heard;
        }
        let is_news = !matches!(news, News::Unchanged);
        let taken = match news {
            News::Unchanged => {
                let refusal = self.sources.get(kind).and_then(|s| s.refusal.clone());
                heard.refused.clone_from(&refusal);
                refusal.map_or(Ok(()), Err)
            }
            News::Failed(failure) => Err(failure),
            News::Document(document) => {
                let taken = self.take(now, domain, kind, *document, rules);
                heard.refused = taken.as_ref().err().cloned();
                if let Some(source) = self.sources.get_mut(kind) {
                    source.refusal.clone_from(&heard.refused);
                }
                taken
            }
            News::Withdrawn => {
                heard.touched = self.drop_source(kind);
                return heard;
            }
            News::SessionUp { forget } => return self.session_up(now, kind, forget, rules),
            News::Routes(update) => return self.take_routes(now, kind, &update),
            News::SessionDown { why, restart_time } => {
                let timers = rules.times.timers;
                let expire = restart_time.unwrap_or(timers.expire);
                return self.session_down(now, kind, why, Timers { expire, ..timers });
            }
        };
        let Some(source) = self.sources.get_mut(kind) else {
            return heard;
        };
        match taken {
            Ok(()) => {
                source.good(now);
                let is_file = kind.channel() == Channel::File;
                let step = source.step(|liveness| {
                    if is_file {
                        // A file does not age: it is there, or it is withdrawn.
                        liveness.held(now.instant)
                    } else {
                        liveness.heard(now.instant)
                    }
                });
                // The same again changes something only where it brings a source back.
                heard.touched = is_news || step.is_some();
                heard.transition(kind, step);
            }
            Err(failure) => source.bad(failure),
        }
        heard
    }

    fn take(
        &mut self,
        now: Now,
        domain: &DomainId,
        kind: &SourceKind,
        document: Document,
        rules: &Rules,
    ) -> Result<(), Failure> {
        let told = Told::of(
            now,
            domain,
            self.asn(domain),
            document,
            kind.slot(),
            &rules.limits,
        )?;
        self.documents.insert(kind.clone(), told);
        Ok(())
    }

    fn has_file(&self) -> bool {
        let mut kinds = self.sources.keys();
        kinds.any(|kind| kind.channel() == Channel::File)
    }

    fn drop_source(&mut self, kind: &SourceKind) -> bool {
        self.documents.remove(kind);
        self.sources.remove(kind).is_some()
    }

    /// Time has passed: the sources that changed their state, and whether the member may be other than
    /// before.
    pub(super) fn tick(&mut self, now: Instant) -> Heard {
        let mut heard = Heard::default();
        for (kind, source) in &mut self.sources {
            let timers = source.timers;
            let step = source.step(|liveness| liveness.elapsed(now, timers));
            if let Some((_, to)) = step
                && !to.is_served()
            {
                heard.touched = true;
                if let Some(peer) = peer_of(&mut self.peers, kind) {
                    peer.rib.clear();
                }
            }
            heard.transition(kind, step);
        }
        for peer in self.peers.values_mut() {
            if peer.settles.is_some_and(|at| at <= now) {
                peer.settles = None;
                heard.touched |= peer.rib.drop_stale();
            }
        }
        self.gone_since = match self.gone_since {
            // A file that is there is to be seen, whatever is wrong with it.
            _ if self.is_member() || self.has_file() => None,
            None => Some(now),
            since => since,
        };
        heard
    }

    pub(super) fn next_deadline(&self, forget: Duration) -> Option<Instant> {
        let ages = self.sources.values().filter_map(Source::next_deadline);
        let settles = self.peers.values().filter_map(|peer| peer.settles);
        let forgotten = self
            .gone_since
            .filter(|_| !self.is_configured)
            .and_then(|since| since.checked_add(forget));
        ages.chain(settles).chain(forgotten).min()
    }

    /// Whether nothing is left to know of it: the settings do not name it, and it left or has been gone
    /// for `forget`.
    pub(super) fn is_over(&self, now: Instant, forget: Duration) -> bool {
        let is_long_gone = || {
            self.gone_since
                .is_some_and(|since| now.saturating_duration_since(since) >= forget)
        };
        !self.is_configured && (self.sources.is_empty() || is_long_gone())
    }
}

impl Heard {
    fn transition(&mut self, kind: &SourceKind, step: Option<(State, State)>) {
        self.transitions
            .extend(step.map(|(from, to)| (kind.clone(), from, to)));
    }
}

/// An address as the host of a URL (RFC 3986 §3.2.2).
struct Host(IpAddr);

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "[{address}]"),
        }
    }
}

fn peer_of<'a>(peers: &'a mut BTreeMap<IpAddr, Peer>, kind: &SourceKind) -> Option<&'a mut Peer> {
    match kind {
        SourceKind::BgpLs(address) => peers.get_mut(address),
        _ => None,
    }
}
