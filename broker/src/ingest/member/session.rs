//! What comes over BGP-LS sessions.

use idt::bgpls::AdjRib;

use super::{Heard, Member, peer_of};
use crate::bgp::LsUpdate;
use crate::clock::Now;
use crate::ingest::Rules;
use crate::ingest::source::{Source, SourceKind};
use crate::liveness::Timers;
use crate::settings::BgpPeer;

impl Member {
    pub(super) fn session_up(
        &mut self,
        now: Now,
        kind: &SourceKind,
        forget: bool,
        rules: &Rules,
    ) -> Heard {
        let mut heard = Heard {
            touched: true,
            ..Heard::default()
        };
        let (Some(source), Some(peer)) =
            (self.sources.get_mut(kind), peer_of(&mut self.peers, kind))
        else {
            return Heard::default();
        };
        if forget {
            peer.rib.drop_stale();
        }
        peer.settles = (peer.rib.stale() > 0)
            .then(|| now.instant.checked_add(rules.times.settle))
            .flatten();
        source.good(now);
        source.timers = rules.times.timers;
        let step = source.step(|liveness| liveness.held(now.instant));
        heard.transition(kind, step);
        heard
    }

    pub(super) fn take_routes(&mut self, now: Now, kind: &SourceKind, update: &LsUpdate) -> Heard {
        let is_one_of_several = self.peers.len() > 1;
        let (Some(source), Some(peer)) =
            (self.sources.get_mut(kind), peer_of(&mut self.peers, kind))
        else {
            return Heard::default();
        };
        let announced: Vec<&[u8]> = update.announced.iter().collect();
        let withdrawn: Vec<&[u8]> = update.withdrawn.iter().collect();
        let applied = peer
            .rib
            .apply(&announced, &withdrawn, update.attribute.as_deref());
        let mut touched = applied.changed || (applied.confirmed > 0 && is_one_of_several);
        if update.end_of_rib {
            peer.settles = None;
            touched |= peer.rib.drop_stale();
        }
        source.last_heard = Some(now.timestamp);
        if applied.over_limit > 0 {
            let refused = peer.rib.refused();
            let why =
                format!("{refused} routes are over the limits of this peer and were left out");
            source.last_failure = Some(why.into());
        }
        Heard {
            skipped_routes: applied.skipped,
            touched,
            ..Heard::default()
        }
    }

    pub(super) fn session_down(
        &mut self,
        now: Now,
        kind: &SourceKind,
        why: String,
        timers: Timers,
    ) -> Heard {
        let (Some(source), Some(peer)) =
            (self.sources.get_mut(kind), peer_of(&mut self.peers, kind))
        else {
            return Heard::default();
        };
        peer.rib.mark_stale();
        peer.settles = None;
        source.timers = timers;
        source.bad(why.into());
        let mut heard = Heard {
            // Where another peer tells the same link, that one's word counts from now on.
            touched: self.peers.len() > 1,
            ..Heard::default()
        };
        let step = source.step(|liveness| liveness.lost(now.instant));
        heard.transition(kind, step);
        heard
    }

    /// How many routes there are of a peer; `None` if it is none of the member's.
    pub(in crate::ingest) fn routes(&self, kind: &SourceKind) -> Option<usize> {
        match kind {
            SourceKind::BgpLs(address) => self.peers.get(address).map(|peer| peer.rib.len()),
            _ => None,
        }
    }

    /// From now on the member is heard of over this peer, which speaks for others, too.
    pub(in crate::ingest) fn hear_of(&mut self, kind: &SourceKind, peer: &BgpPeer, timers: Timers) {
        if let SourceKind::BgpLs(address) = kind {
            let place = format!("bgp://{}", super::Host(*address));
            self.sources
                .insert(kind.clone(), Source::new(place, timers));
            let rib = AdjRib::new(peer.limits(), peer.dialect.into());
            let peer = super::Peer {
                rib,
                settles: None,
                is_propagator: true,
            };
            self.peers.insert(*address, peer);
        }
    }

    /// How many routes there may be of a peer.
    pub(in crate::ingest) fn limit_routes(&mut self, kind: &SourceKind, routes: usize) {
        if let Some(peer) = peer_of(&mut self.peers, kind) {
            peer.rib.set_max_nlris(routes);
        }
    }

    /// The member is not heard of over this peer any more.
    pub(in crate::ingest) fn forget_peer(&mut self, kind: &SourceKind) {
        if let SourceKind::BgpLs(address) = kind {
            self.peers.remove(address);
            self.sources.remove(kind);
        }
    }
}
