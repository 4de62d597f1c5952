//! One configured domain: its sources, what they last said, and what that makes of the domain.

use std::collections::BTreeMap;
use std::net::IpAddr;

use idr::EntryPoint;
use idt::DomainTopology;
use idt::bgpls::{self, AdjRib};
use nffg::{BisBis, DomainId, Quantity, ResourceView, Resources, TopologyView};
use tokio::time::Instant;

use super::{News, SourceKind, SourceStatus, Times};
use crate::bgp::LsUpdate;
use crate::clock::Now;
use crate::liveness::{Liveness, State, Timers};
use crate::settings::DomainEntry;

/// A source's life.
#[derive(Debug)]
struct Source {
    liveness: Liveness,
    /// Its own: a BGP-LS peer may have agreed on another expiry.
    timers: Timers,
    last_heard: Option<jiff::Timestamp>,
    last_error: Option<String>,
    failures: u64,
}

/// A domain and what is known of it. What a source said is kept after the source is gone, so that one
/// that comes back with the same document need not send it again.
#[derive(Debug)]
pub(super) struct Member {
    declared_entry_point: Option<EntryPoint>,
    sources: BTreeMap<SourceKind, Source>,
    resources: Option<ResourceView>,
    topology: Option<Told>,
    peers: BTreeMap<IpAddr, Peer>,
}

/// What a topology export last told of its own domain.
#[derive(Debug)]
struct Told {
    topology: DomainTopology,
    entry_point: Option<EntryPoint>,
    resources: Option<ResourceView>,
}

/// What a BGP-LS peer has told.
#[derive(Debug)]
struct Peer {
    rib: AdjRib,
    /// When what was told before the session came up is dropped, unless the peer is through sooner.
    settles: Option<Instant>,
}

/// What came of an input.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) transition: Option<(State, State)>,
    pub(super) refused: Option<String>,
    pub(super) skipped_routes: usize,
    /// The member may be other than before.
    pub(super) touched: bool,
}

impl Member {
    pub(super) fn new(entry: &DomainEntry, timers: Timers) -> Self {
        let source = || Source {
            liveness: Liveness::default(),
            timers,
            last_heard: None,
            last_error: None,
            failures: 0,
        };
        let pulled = [
            (SourceKind::Resources, entry.resources.is_some()),
            (SourceKind::Topology, entry.topology.is_some()),
        ];
        let pulled = pulled
            .into_iter()
            .filter(|(_, is_configured)| *is_configured);
        let peers = entry.bgp_ls.iter().map(|peer| peer.address.to_canonical());
        let kinds = pulled
            .map(|(kind, _)| kind)
            .chain(peers.map(SourceKind::BgpLs));
        let rib = |peer: &crate::settings::BgpPeer| Peer {
            rib: AdjRib::new(peer.limits(), peer.dialect.into()),
            settles: None,
        };
        Self {
            declared_entry_point: entry.entry_point.clone(),
            sources: kinds.map(|kind| (kind, source())).collect(),
            resources: None,
            topology: None,
            peers: entry
                .bgp_ls
                .iter()
                .map(|peer| (peer.address.to_canonical(), rib(peer)))
                .collect(),
        }
    }

    pub(super) fn statuses(&self) -> impl Iterator<Item = (SourceKind, SourceStatus)> {
        self.sources
            .iter()
            .map(|(kind, source)| (*kind, source.status()))
    }

    pub(super) fn status(&self, kind: SourceKind) -> Option<SourceStatus> {
        self.sources.get(&kind).map(Source::status)
    }

    pub(super) fn on(
        &mut self,
        now: Now,
        domain: &DomainId,
        kind: SourceKind,
        news: News,
        times: Times,
    ) -> Heard {
        let mut heard = Heard::default();
        if !self.sources.contains_key(&kind) {
            return heard;
        }
        let is_news = !matches!(news, News::Unchanged);
        let taken = match news {
            News::Unchanged => Ok(()),
            News::Failed(why) => Err(why),
            News::Resources(view) => self
                .take_resources(domain, view)
                .inspect_err(|why| heard.refused = Some(why.clone())),
            News::Topology(view) => self
                .take_topology(domain, &view)
                .inspect_err(|why| heard.refused = Some(why.clone())),
            News::SessionUp { forget } => return self.session_up(now, kind, forget, times),
            News::Routes(update) => return self.take_routes(now, kind, &update),
            News::SessionDown { why, restart_time } => {
                let expire = restart_time.unwrap_or(times.timers.expire);
                return self.session_down(
                    now,
                    kind,
                    why,
                    Timers {
                        expire,
                        ..times.timers
                    },
                );
            }
        };
        let Some(source) = self.sources.get_mut(&kind) else {
            return heard;
        };
        match taken {
            Ok(()) => {
                source.good(now);
                heard.transition = source.step(|liveness| liveness.heard(now.instant));
                // The same again changes something only where it brings a source back.
                heard.touched = is_news || heard.transition.is_some();
            }
            Err(why) => source.bad(why),
        }
        heard
    }

    fn take_resources(&mut self, domain: &DomainId, view: ResourceView) -> Result<(), String> {
        idr::Domain::from_view(domain.clone(), None, view.clone()).map_err(|e| e.to_string())?;
        self.resources = Some(view);
        Ok(())
    }

    fn take_topology(&mut self, domain: &DomainId, view: &TopologyView) -> Result<(), String> {
        let topology =
            DomainTopology::from_view(domain, view).map_err(|error| error.to_string())?;
        let own = view.nodes.iter().find(|node| node.domain == *domain);
        let entry_point = match own.and_then(|node| node.entry_point.as_deref()) {
            None => None,
            Some(text) => Some(
                text.parse::<EntryPoint>()
                    .map_err(|e| format!("unify-slor: {e}"))?,
            ),
        };
        let resources = own.and_then(|node| view_of_resources(domain, node.resources));
        self.topology = Some(Told {
            topology,
            entry_point,
            resources,
        });
        Ok(())
    }

    fn session_up(&mut self, now: Now, kind: SourceKind, forget: bool, times: Times) -> Heard {
        let mut heard = Heard {
            touched: true,
            ..Heard::default()
        };
        let (Some(source), Some(peer)) =
            (self.sources.get_mut(&kind), peer_of(&mut self.peers, kind))
        else {
            return Heard::default();
        };
        if forget {
            peer.rib.drop_stale();
        }
        peer.settles = (peer.rib.stale() > 0)
            .then(|| now.instant.checked_add(times.settle))
            .flatten();
        source.good(now);
        source.timers = times.timers;
        heard.transition = source.step(|liveness| liveness.held(now.instant));
        heard
    }

    fn take_routes(&mut self, now: Now, kind: SourceKind, update: &LsUpdate) -> Heard {
        let (Some(source), Some(peer)) =
            (self.sources.get_mut(&kind), peer_of(&mut self.peers, kind))
        else {
            return Heard::default();
        };
        let announced: Vec<&[u8]> = update.announced.iter().collect();
        let withdrawn: Vec<&[u8]> = update.withdrawn.iter().collect();
        let applied = peer
            .rib
            .apply(&announced, &withdrawn, update.attribute.as_deref());
        let mut touched = applied.changed;
        if update.end_of_rib {
            peer.settles = None;
            touched |= peer.rib.drop_stale();
        }
        source.last_heard = Some(now.timestamp);
        if applied.over_limit > 0 {
            source.last_error = Some(format!(
                "{} routes are over the limits of this peer and were left out",
                peer.rib.refused()
            ));
        }
        Heard {
            skipped_routes: applied.skipped,
            touched,
            ..Heard::default()
        }
    }

    fn session_down(&mut self, now: Now, kind: SourceKind, why: String, timers: Timers) -> Heard {
        let (Some(source), Some(peer)) =
            (self.sources.get_mut(&kind), peer_of(&mut self.peers, kind))
        else {
            return Heard::default();
        };
        peer.rib.mark_stale();
        peer.settles = None;
        source.timers = timers;
        source.bad(why);
        let transition = source.step(|liveness| liveness.lost(now.instant));
        Heard {
            transition,
            ..Heard::default()
        }
    }

    /// Time has passed: the sources that changed their state, and whether the member may be other than
    /// before.
    pub(super) fn tick(&mut self, now: Instant) -> (Vec<(SourceKind, State, State)>, bool) {
        let mut transitions = Vec::new();
        let mut touched = false;
        for (kind, source) in &mut self.sources {
            let timers = source.timers;
            if let Some((from, to)) = source.step(|liveness| liveness.elapsed(now, timers)) {
                transitions.push((*kind, from, to));
                if !to.is_served() {
                    touched = true;
                    if let Some(peer) = peer_of(&mut self.peers, *kind) {
                        peer.rib.clear();
                    }
                }
            }
        }
        for peer in self.peers.values_mut() {
            if peer.settles.is_some_and(|at| at <= now) {
                peer.settles = None;
                touched |= peer.rib.drop_stale();
            }
        }
        (transitions, touched)
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let ages = self
            .sources
            .values()
            .filter_map(|s| s.liveness.next_deadline(s.timers));
        ages.chain(self.peers.values().filter_map(|peer| peer.settles))
            .min()
    }

    fn is_served(&self, kind: SourceKind) -> bool {
        self.sources
            .get(&kind)
            .is_some_and(|source| source.liveness.state().is_served())
    }

    fn is_member(&self) -> bool {
        self.sources
            .values()
            .any(|source| source.liveness.state().is_served())
    }

    /// The topology export, while it is served.
    fn told(&self) -> Option<&Told> {
        self.topology
            .as_ref()
            .filter(|_| self.is_served(SourceKind::Topology))
    }

    /// What the BGP-LS peers have told, of those that are served, in order of address.
    fn ribs(&self) -> Vec<&AdjRib> {
        let served = |address: &IpAddr| self.is_served(SourceKind::BgpLs(*address));
        let peers = self.peers.iter().filter(|(address, _)| served(address));
        peers.map(|(_, peer)| &peer.rib).collect()
    }

    /// What netphony tells over BGP-LS of the domain's own MdO.
    fn node_information(&self, domain: &DomainId) -> Option<bgpls::NodeInformation> {
        let is_own =
            |told: &bgpls::NodeInformation| told.domain.parse().ok().as_ref() == Some(domain);
        self.ribs()
            .into_iter()
            .flat_map(AdjRib::node_information)
            .find(is_own)
    }

    /// The IdR's view of the member as it is now.
    pub(super) fn idr_updates(&self, domain: &DomainId) -> Vec<idr::Update> {
        let remove = idr::Update::Remove(domain.clone());
        if !self.is_member() {
            return vec![remove];
        }
        let information = self.node_information(domain);
        let entry_point = self.declared_entry_point.clone().or_else(|| {
            let told = self.told().and_then(|told| told.entry_point.clone());
            // A text that is no URL is not worth refusing routes for.
            told.or_else(|| information.as_ref()?.entry_point.as_deref()?.parse().ok())
        });
        let view = if self.sources.contains_key(&SourceKind::Resources) {
            self.resources
                .clone()
                .filter(|_| self.is_served(SourceKind::Resources))
        } else {
            let told = self.told().and_then(|told| told.resources.clone());
            told.or_else(|| view_of_information(domain, information.as_ref()?))
        };
        let made = view.map(|view| {
            // The view was accepted when it came, so this is the same domain again.
            idr::Domain::from_view(domain.clone(), entry_point.clone(), view)
        });
        match made {
            Some(Ok(domain)) => vec![idr::Update::Put(domain)],
            _ => vec![
                remove,
                idr::Update::EntryPoint {
                    domain: domain.clone(),
                    entry_point,
                },
            ],
        }
    }

    /// The IdT's view of the member as it is now.
    pub(super) fn idt_updates(
        &self,
        domain: &DomainId,
        neighbours: &dyn Fn(u32) -> Option<DomainId>,
    ) -> Vec<idt::Update> {
        if !self.is_member() {
            return vec![idt::Update::Leave(domain.clone())];
        }
        let ribs = self.ribs();
        let topology = if ribs.iter().all(|rib| rib.is_empty()) {
            self.told().map(|told| told.topology.clone())
        } else {
            Some(bgpls::convert(&ribs, domain, neighbours).topology)
        };
        match topology {
            Some(topology) => vec![idt::Update::Topology(topology)],
            None => vec![
                idt::Update::Join(domain.clone()),
                idt::Update::Silent(domain.clone()),
            ],
        }
    }
}

fn peer_of(peers: &mut BTreeMap<IpAddr, Peer>, kind: SourceKind) -> Option<&mut Peer> {
    match kind {
        SourceKind::BgpLs(address) => peers.get_mut(&address),
        SourceKind::Resources | SourceKind::Topology => None,
    }
}

impl Source {
    fn status(&self) -> SourceStatus {
        SourceStatus {
            state: self.liveness.state(),
            last_heard: self.last_heard,
            last_error: self.last_error.clone(),
            failures: self.failures,
        }
    }

    fn good(&mut self, now: Now) {
        self.failures = 0;
        self.last_error = None;
        self.last_heard = Some(now.timestamp);
    }

    fn bad(&mut self, why: String) {
        self.failures += 1;
        self.last_error = Some(why);
    }

    /// The states before and after, if they differ.
    fn step(
        &mut self,
        change: impl FnOnce(&mut Liveness) -> Option<State>,
    ) -> Option<(State, State)> {
        change(&mut self.liveness).map(|before| (before, self.liveness.state()))
    }
}

/// A domain whose topology export is all that we have is one node with the resources told there.
fn view_of_resources(domain: &DomainId, resources: Resources) -> Option<ResourceView> {
    if resources.is_empty() {
        return None;
    }
    let node = BisBis {
        // A domain id is always a BiS-BiS id too.
        id: domain.as_str().parse().ok()?,
        name: None,
        node_type: None,
        resources,
        supported: Vec::new(),
        running: Vec::new(),
        ports: Vec::new(),
        links: Vec::new(),
    };
    Some(ResourceView {
        nodes: vec![node],
        ..ResourceView::default()
    })
}

/// The same of netphony's texts; one that is no quantity is left out.
fn view_of_information(domain: &DomainId, told: &bgpls::NodeInformation) -> Option<ResourceView> {
    let quantity = |text: &Option<String>| text.as_deref()?.parse::<Quantity>().ok();
    let resources = Resources {
        cpu: quantity(&told.cpu),
        mem: quantity(&told.mem),
        storage: quantity(&told.storage),
    };
    view_of_resources(domain, resources)
}
