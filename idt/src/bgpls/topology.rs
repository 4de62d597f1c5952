//! From what peers have told to the topology of their domain.

mod routers;

use std::collections::{BTreeMap, BTreeSet};

use nffg::{Bandwidth, Delay, DomainId, RouterId, RouterRef};

use self::routers::{LanKey, NodeKey, RouterKey, RouterTold, Routers, remote_text};
use super::attribute::Attribute;
use super::nlri::{
    LinkDescriptors, LinkNlri, Nlri, NodeDescriptors, PrefixNlri, ProtocolId, Source,
};
use super::rib::AdjRib;
use crate::{DomainTopology, InterLink, IntraLink, TopologyParts};

/// A LAN with more routers than this is passed over: its routers are joined in pairs, and a peer
/// must not make a million links of a thousand NLRI.
pub const MAX_LAN_ROUTERS: usize = 32;

/// A domain's topology, and what became of the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// The topology.
    pub topology: DomainTopology,
    /// What routers call themselves (1026), for people: names need not be unique, and are not.
    pub names: BTreeMap<RouterId, String>,
    /// What of the peers' words is not in the topology.
    pub passed_over: PassedOver,
}

/// What peers have told and the topology does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PassedOver {
    /// Nodes, links and prefixes without anything that names their node.
    pub nameless: usize,
    /// Nodes, links and prefixes of other domains: theirs to tell.
    pub of_others: usize,
    /// Links to an AS that is no known domain's.
    pub unknown_as: usize,
    /// These ASes.
    pub unknown_ases: BTreeSet<u32>,
    /// Links told again: of another peer, protocol, level or topology.
    pub repeated_links: usize,
    /// Links from a router to itself.
    pub loops: usize,
    /// LANs of more than [`MAX_LAN_ROUTERS`] routers.
    pub wide_lans: usize,
    /// Default routes: they tell where the rest of the world is, not what is in the domain.
    pub default_routes: usize,
}

/// The topology of `domain` as the peers that speak for it tell it, in order of precedence.
///
/// `neighbours` tells whose an AS is: the domain's own, another's, or unknown.
///
/// # Routers
///
/// A router is its id within a space: protocol (both levels of IS-IS are one), BGP-LS instance, AS
/// and BGP-LS identifier. The OSPF area is no part of it: an area border router is one router. Two
/// routers of different spaces are one if they share an IPv4 Router-ID (1028; of a link's ends 1028
/// and 1030), and a BGP node's id counts as one, so that peering links (RFC 9086) begin at the
/// IGP's routers. An id that two routers of one space claim joins none.
///
/// It is called by its router id, the BGP one first, since that is what the domain at the other end
/// of a link calls it, and a link is up only if both mean the same router. Names (1026) are for
/// people: real routers all say `vm`, and neighbours do not know them.
///
/// # Links
///
/// * Told by a node with an AS of another domain: not this domain's to tell, passed over. The same
///   holds for nodes and prefixes. An AS that is nobody's is the domain's own, if a node of it
///   tells of itself.
/// * Between different ASes (512): a link to another domain, if the remote AS is one; within the
///   domain, if it has both. Passed over if the remote AS is nobody's. Peering links (RFC 9086,
///   protocol 7) are no different.
/// * All others are links within the domain, one way each. Those without a reverse are kept: they
///   are what is told.
/// * Routers on one LAN (pseudonode, RFC 9552 §5.10) are joined in pairs, A to B where A has a link
///   to the LAN and the LAN one to B, with the delay and bandwidth of the former.
///
/// # One link told twice
///
/// A link is its ends and its descriptors (258 to 262); the topology (263) is no part of it, nor is
/// the protocol. Of several NLRI for one link this order decides: not stale before stale; the
/// default topology before others, these by number; the peer's precedence; protocol; instance; the
/// octets of the NLRI. Delay and bandwidth are each taken from the first that tells it, since
/// producers differ in the optional TLVs that they send (RFC 9552 §5.1). Links of equal ends with
/// other descriptors are parallel links.
///
/// # Prefixes
///
/// Those of the domain's nodes, whatever their protocol and metric, but no default routes.
#[must_use]
pub fn convert(
    peers: &[&AdjRib],
    domain: &DomainId,
    neighbours: &dyn Fn(u32) -> Option<DomainId>,
) -> Conversion {
    let mut gathered = Gathered::new(domain, neighbours);
    for (peer, rib) in peers.iter().enumerate() {
        for (order, entry) in rib.entries().enumerate() {
            let place = Place {
                stale: entry.stale,
                topology: 0,
                peer,
                source: (ProtocolId(0), 0),
                order,
            };
            match entry.nlri {
                Nlri::Node(node) => gathered.node(node.source, &node.local, &entry.attribute),
                Nlri::Link(link) => gathered.link(&link, &entry.attribute, place),
                Nlri::Prefix(prefix) => gathered.prefix(&prefix),
            }
        }
    }
    gathered.finish()
}

/// The rank of an NLRI among those of one link: the least wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    stale: bool,
    topology: u16,
    peer: usize,
    source: (ProtocolId, u64),
    /// Among the peer's NLRI in order of octets.
    order: usize,
}

/// What a link's attribute tells of it.
#[derive(Clone, Copy, Debug, Default)]
struct Measures {
    delay: Option<Delay>,
    bandwidth: Option<Bandwidth>,
}

/// Where a link ends, before routers have their ids.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Own(RouterKey),
    Other(RouterRef),
}

struct ToldLink {
    src: RouterKey,
    dst: End,
    descriptors: LinkDescriptors,
    place: Place,
    measures: Measures,
}

/// The links of one LAN.
#[derive(Default)]
struct Lan {
    to: Vec<(RouterKey, Place, Measures)>,
    from: BTreeSet<RouterKey>,
}

/// Whose an AS is.
enum Owner {
    Own,
    Other(DomainId),
    Unknown(u32),
}

struct Gathered<'a> {
    domain: &'a DomainId,
    neighbours: &'a dyn Fn(u32) -> Option<DomainId>,
    routers: BTreeMap<RouterKey, RouterTold>,
    links: Vec<ToldLink>,
    lans: BTreeMap<LanKey, Lan>,
    parts: TopologyParts,
    passed_over: PassedOver,
}

impl<'a> Gathered<'a> {
    fn new(domain: &'a DomainId, neighbours: &'a dyn Fn(u32) -> Option<DomainId>) -> Self {
        Self {
            domain,
            neighbours,
            routers: BTreeMap::new(),
            links: Vec::new(),
            lans: BTreeMap::new(),
            parts: TopologyParts::default(),
            passed_over: PassedOver::default(),
        }
    }

    /// No AS is the domain's own.
    fn owner(&self, asn: Option<u32>) -> Owner {
        let Some(asn) = asn else {
            return Owner::Own;
        };
        match (self.neighbours)(asn) {
            Some(domain) if domain == *self.domain => Owner::Own,
            Some(domain) => Owner::Other(domain),
            None => Owner::Unknown(asn),
        }
    }

    /// The node that tells something of itself; `None` if it is not the domain's, or nameless.
    fn local(&mut self, source: Source, node: &NodeDescriptors) -> Option<NodeKey> {
        if let Owner::Other(_) = self.owner(node.asn) {
            self.passed_over.of_others += 1;
            return None;
        }
        self.named(NodeKey::of(source, node, None))
    }

    fn named<T>(&mut self, named: Option<T>) -> Option<T> {
        self.passed_over.nameless += usize::from(named.is_none());
        named
    }

    fn node(&mut self, source: Source, node: &NodeDescriptors, attribute: &Attribute) {
        if let Some(NodeKey::Router(key)) = self.local(source, node) {
            let told = self.routers.entry(key).or_default();
            told.known_as(&attribute.local_ipv4);
            if told.name.is_none() {
                told.name.clone_from(&attribute.node_name);
            }
        }
    }

    fn prefix(&mut self, prefix: &PrefixNlri) {
        let Some(key) = self.local(prefix.source, &prefix.local) else {
            return;
        };
        // OSPF has prefixes of LANs: they are the domain's, but no router.
        if let NodeKey::Router(key) = key {
            self.routers.entry(key).or_default();
        }
        if prefix.prefix.prefix_len() == 0 {
            self.passed_over.default_routes += 1;
        } else {
            self.parts.prefixes.push(prefix.prefix);
        }
    }

    fn link(&mut self, link: &LinkNlri, attribute: &Attribute, place: Place) {
        let LinkNlri { source, local, .. } = link;
        let Some(src) = self.local(*source, local) else {
            return;
        };
        let Some(dst) = self.remote(link) else {
            return;
        };
        let place = Place {
            topology: link.link.topologies.iter().copied().min().unwrap_or(0),
            source: (source.protocol, source.identifier),
            ..place
        };
        let measures = Measures {
            delay: attribute.path_delay(),
            bandwidth: attribute.path_bandwidth(),
        };
        let mut known = |key: &RouterKey, ids: &[std::net::Ipv4Addr]| {
            let told = self.routers.entry(key.clone()).or_default();
            told.known_as(ids);
        };
        if let NodeKey::Router(key) = &src {
            known(key, &attribute.local_ipv4);
        }
        if let Ok(NodeKey::Router(key)) = &dst {
            known(key, &attribute.remote_ipv4);
        }
        let descriptors = LinkDescriptors {
            topologies: Vec::new(),
            ..link.link.clone()
        };
        let told = |src, dst| ToldLink {
            src,
            dst,
            descriptors,
            place,
            measures,
        };
        match (src, dst) {
            (NodeKey::Router(src), Ok(NodeKey::Router(dst))) => {
                self.links.push(told(src, End::Own(dst)));
            }
            (NodeKey::Router(src), Err(dst)) => self.links.push(told(src, End::Other(dst))),
            (NodeKey::Router(src), Ok(NodeKey::Lan(lan))) => {
                let lan = self.lans.entry(lan).or_default();
                lan.to.push((src, place, measures));
            }
            (NodeKey::Lan(lan), Ok(NodeKey::Router(dst))) => {
                self.lans.entry(lan).or_default().from.insert(dst);
            }
            // A LAN of another protocol, or one that reaches into another domain: no router's link.
            (NodeKey::Lan(_), _) => {}
        }
    }

    /// Where a link ends: a node of this domain, or a router of another.
    fn remote(&mut self, link: &LinkNlri) -> Option<Result<NodeKey, RouterRef>> {
        let (local, remote) = (&link.local, &link.remote);
        let outside = remote.asn.filter(|asn| Some(*asn) != local.asn);
        match self.owner(outside) {
            Owner::Own => {
                if let (Some(_), Owner::Unknown(asn)) = (outside, self.owner(local.asn)) {
                    // It comes in from an AS that is nobody's.
                    self.unknown(asn);
                    return None;
                }
                let key = NodeKey::of(link.source, remote, local.asn);
                self.named(key).map(Ok)
            }
            Owner::Other(domain) => {
                let router = remote_text(link.source, remote);
                let router = self.named(router)?;
                Some(Err(RouterRef { domain, router }))
            }
            Owner::Unknown(asn) => {
                self.unknown(asn);
                None
            }
        }
    }

    fn unknown(&mut self, asn: u32) {
        self.passed_over.unknown_as += 1;
        self.passed_over.unknown_ases.insert(asn);
    }

    fn finish(mut self) -> Conversion {
        let routers = Routers::new(&self.routers);
        self.parts.routers.clone_from(&routers.ids);
        self.finish_links(&routers);
        self.finish_lans(&routers);
        Conversion {
            topology: DomainTopology::new(self.domain.clone(), self.parts),
            names: routers.names,
            passed_over: self.passed_over,
        }
    }

    /// Every link once, its measures from the first that tells them.
    fn finish_links(&mut self, routers: &Routers) {
        #[derive(PartialEq, Eq, PartialOrd, Ord)]
        enum To {
            Own(usize),
            Other(RouterRef),
        }
        let mut told: Vec<_> = std::mem::take(&mut self.links)
            .into_iter()
            .filter_map(|link| {
                let src = routers.position(&link.src)?;
                let dst = match link.dst {
                    End::Own(key) => To::Own(routers.position(&key)?),
                    End::Other(dst) => To::Other(dst),
                };
                Some(((src, dst, link.descriptors), link.place, link.measures))
            })
            .collect();
        told.sort_unstable_by(|(a, place_a, _), (b, place_b, _)| (a, place_a).cmp(&(b, place_b)));
        for same in told.chunk_by(|(a, ..), (b, ..)| a == b) {
            let Some(((src, to, _), ..)) = same.first() else {
                continue;
            };
            self.passed_over.repeated_links += same.len() - 1;
            let Measures { delay, bandwidth } = first(same.iter().map(|(_, _, measures)| measures));
            let Some(router) = routers.ids.get(*src).cloned() else {
                continue;
            };
            match to {
                To::Own(dst) if dst == src => self.passed_over.loops += 1,
                To::Own(dst) => {
                    let dst = routers.ids.get(*dst).cloned();
                    self.parts.intra_links.extend(dst.map(|dst| IntraLink {
                        src: router,
                        dst,
                        delay,
                        bandwidth,
                    }));
                }
                To::Other(remote) => self.parts.inter_links.push(InterLink {
                    router,
                    remote: remote.clone(),
                    delay,
                    bandwidth,
                }),
            }
        }
    }

    fn finish_lans(&mut self, routers: &Routers) {
        let id = |key: &RouterKey| routers.ids.get(routers.position(key)?);
        for lan in std::mem::take(&mut self.lans).into_values() {
            let from: BTreeSet<&RouterId> = lan.from.iter().filter_map(id).collect();
            let mut to: BTreeMap<&RouterId, Vec<(Place, Measures)>> = BTreeMap::new();
            for (key, place, measures) in &lan.to {
                if let Some(id) = id(key) {
                    to.entry(id).or_default().push((*place, *measures));
                }
            }
            if from.len().max(to.len()) > MAX_LAN_ROUTERS {
                self.passed_over.wide_lans += 1;
                continue;
            }
            for (src, mut told) in to {
                told.sort_unstable_by_key(|(place, _)| *place);
                let Measures { delay, bandwidth } = first(told.iter().map(|(_, m)| m));
                let ends = from.iter().filter(|dst| **dst != src);
                self.parts.intra_links.extend(ends.map(|dst| IntraLink {
                    src: src.clone(),
                    dst: (*dst).clone(),
                    delay,
                    bandwidth,
                }));
            }
        }
    }
}

/// Each measure of the first that has it.
fn first<'a>(told: impl Iterator<Item = &'a Measures>) -> Measures {
    told.fold(Measures::default(), |all, one| Measures {
        delay: all.delay.or(one.delay),
        bandwidth: all.bandwidth.or(one.bandwidth),
    })
}
