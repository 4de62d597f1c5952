//! BGP-LS peers that pass on what many domains tell: propagators (RFC 9552 §3), such as the route
//! server of a federation.
//!
//! Whose word a route is, the AS of its local node (512) says. A domain that a propagator tells of is
//! a member for as long as there is a route of it, from this or from another source.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::member::{Heard, Member};
use super::source::{SourceKey, SourceKind};
use super::{News, Rules};
use crate::clock::Now;
use crate::settings::BgpPeer;

/// Those of the settings.
#[derive(Debug, Default)]
pub(super) struct Propagators(BTreeMap<IpAddr, Propagator>);

impl Propagators {
    pub(super) fn new(peers: &[BgpPeer]) -> Self {
        let propagator = |peer: &BgpPeer| {
            let of = Propagator {
                peer: *peer,
                routes: 0,
            };
            (peer.address.to_canonical(), of)
        };
        Self(peers.iter().map(propagator).collect())
    }

    /// The propagator of a source, if it is one's.
    pub(super) fn of(&mut self, kind: &SourceKind) -> Option<&mut Propagator> {
        match kind {
            SourceKind::BgpLs(address) => self.0.get_mut(address),
            _ => None,
        }
    }
}

/// One of them.
#[derive(Debug)]
pub(super) struct Propagator {
    peer: BgpPeer,
    /// Routes that are kept of it, over all domains.
    routes: usize,
}

impl Propagator {
    /// Tells a member what came of it over this propagator.
    pub(super) fn pass_on(
        &mut self,
        member: &mut Member,
        now: Now,
        source: &SourceKey,
        news: News,
        rules: &Rules,
    ) -> Heard {
        let kind = &source.kind;
        let before = member.routes(kind);
        if before.is_none() {
            if !news.announces() {
                return Heard::default();
            }
            member.hear_of(kind, &self.peer, rules.times.timers);
            // The session is up, or there would be no route.
            let up = News::SessionUp { forget: false };
            member.on(now, &source.domain, kind, up, rules);
        }
        let before = before.unwrap_or_default();
        let left = self.peer.max_routes.saturating_sub(self.routes);
        member.limit_routes(kind, before.saturating_add(left));
        let mut heard = member.on(now, &source.domain, kind, news, rules);
        let after = member.routes(kind).unwrap_or_default();
        self.routes = (self.routes + after).saturating_sub(before);
        if after == 0 {
            member.forget_peer(kind);
            heard.touched = true;
        }
        heard
    }
}
