//! From what peers have told to the topology of their domain.

mod routers;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use nffg::{Bandwidth, Delay, DomainId, Measured, RouterId, RouterRef, Srlgs};

use self::routers::{Known, LanKey, NodeKey, Routers, remote_text};
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
/// octets of the NLRI. Delay, bandwidth and what else is measured (RFC 8571) are each taken from the
/// first that tells it, since producers differ in the optional TLVs that they send (RFC 9552 §5.1);
/// residual and available bandwidth from the one whose bandwidth counts. Links of equal ends with other
/// descriptors are parallel links. Of links within the domain only delay and bandwidth are kept.
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
        for (octets, attribute, stale) in rib.in_order() {
            // Only what can be read is kept, but for netphony's node information.
            let Ok(nlri) = Nlri::decode(octets) else {
                continue;
            };
            let decoded = Attribute::decode(attribute, usize::MAX);
            let attribute = &decoded.attribute;
            match nlri {
                Nlri::Node(node) => gathered.node(node.source, &node.local, attribute),
                Nlri::Link(link) => {
                    let topologies = link.link.topologies.iter();
                    let place = Place {
                        stale,
                        topology: topologies.copied().min().unwrap_or(0),
                        peer,
                        source: (link.source.protocol, link.source.identifier),
                        octets,
                    };
                    gathered.link(&link, attribute, place);
                }
                Nlri::Prefix(prefix) => gathered.prefix(&prefix),
            }
        }
    }
    gathered.finish()
}

/// The rank of an NLRI among those of one link: the least wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place<'a> {
    stale: bool,
    topology: u16,
    peer: usize,
    source: (ProtocolId, u64),
    /// The NLRI.
    octets: &'a [u8],
}

/// What a link's attribute tells of it.
#[derive(Clone, Copy, Debug, Default)]
struct Measures {
    delay: Option<Delay>,
    bandwidth: Option<Bandwidth>,
}

/// Where a link ends: a router of the domain, by its number and later by its position; or one of
/// another domain, by its place in [`Gathered::outside`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Own(u32),
    Other(u32),
}

/// A link. There are many: what tells it from parallel ones is read again where there are any.
#[derive(Clone, Copy)]
struct ToldLink<'a> {
    src: u32,
    dst: End,
    place: Place<'a>,
    measures: Measures,
    /// Its place in [`Gathered::beside`].
    beside: u32,
}

/// What is seldom told of a link, and kept of those to other domains.
#[derive(Default)]
struct Beside {
    srlgs: Srlgs,
    measured: Measured,
}

/// The links of one LAN.
#[derive(Default)]
struct Lan<'a> {
    to: Vec<(u32, Place<'a>, Measures)>,
    from: BTreeSet<u32>,
}

/// Whose an AS is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owner {
    Own,
    Other(DomainId),
    Unknown,
}

struct Gathered<'a> {
    domain: &'a DomainId,
    neighbours: &'a dyn Fn(u32) -> Option<DomainId>,
    /// What `neighbours` has answered.
    owners: HashMap<u32, Owner>,
    routers: Known,
    links: Vec<ToldLink<'a>>,
    lans: BTreeMap<LanKey, Lan<'a>>,
    outside: BTreeMap<RouterRef, u32>,
    /// What links to other domains tell beside their measures; the first is of those that tell nothing.
    beside: Vec<Beside>,
    parts: TopologyParts,
    passed_over: PassedOver,
}

impl<'a> Gathered<'a> {
    fn new(domain: &'a DomainId, neighbours: &'a dyn Fn(u32) -> Option<DomainId>) -> Self {
        Self {
            domain,
            neighbours,
            owners: HashMap::new(),
            routers: Known::default(),
            links: Vec::new(),
            lans: BTreeMap::new(),
            outside: BTreeMap::new(),
            beside: vec![Beside::default()],
            parts: TopologyParts::default(),
            passed_over: PassedOver::default(),
        }
    }

    /// No AS is the domain's own.
    fn owner(&mut self, asn: Option<u32>) -> &Owner {
        let Some(asn) = asn else {
            return &Owner::Own;
        };
        let (domain, neighbours) = (self.domain, self.neighbours);
        self.owners
            .entry(asn)
            .or_insert_with(|| match neighbours(asn) {
                Some(owner) if owner == *domain => Owner::Own,
                Some(owner) => Owner::Other(owner),
                None => Owner::Unknown,
            })
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
            let number = self.routers.number(key);
            self.routers.known_as(number, &attribute.local_ipv4);
            self.routers.named(number, attribute.node_name.as_deref());
        }
    }

    fn prefix(&mut self, prefix: &PrefixNlri) {
        let Some(key) = self.local(prefix.source, &prefix.local) else {
            return;
        };
        // OSPF has prefixes of LANs: they are the domain's, but no router.
        if let NodeKey::Router(key) = key {
            self.routers.number(key);
        }
        if prefix.prefix.prefix_len() == 0 {
            self.passed_over.default_routes += 1;
        } else {
            self.parts.prefixes.push(prefix.prefix);
        }
    }

    /// The place in the list of what a link tells beside its measures.
    fn beside(&mut self, attribute: &Attribute) -> u32 {
        let measured = attribute.measured();
        if attribute.srlgs.is_empty() && measured == Measured::default() {
            return 0;
        }
        let next = u32::try_from(self.beside.len()).unwrap_or_default();
        self.beside.push(Beside {
            srlgs: attribute.srlgs.iter().copied().collect(),
            measured,
        });
        next
    }

    fn link(&mut self, link: &LinkNlri, attribute: &Attribute, place: Place<'a>) {
        let Some(src) = self.local(link.source, &link.local) else {
            return;
        };
        let Some(dst) = self.remote(link) else {
            return;
        };
        let measures = Measures {
            delay: attribute.path_delay(),
            bandwidth: attribute.path_bandwidth(),
        };
        let src = self.end(src, &attribute.local_ipv4);
        let dst = dst.map(|dst| self.end(dst, &attribute.remote_ipv4));
        match (src, dst) {
            (Ok(src), Ok(Ok(dst))) => self.links.push(ToldLink {
                src,
                dst: End::Own(dst),
                place,
                measures,
                // That of links between domains alone is kept.
                beside: 0,
            }),
            (Ok(src), Err(dst)) => {
                let next = u32::try_from(self.outside.len()).unwrap_or(u32::MAX);
                let dst = End::Other(*self.outside.entry(dst).or_insert(next));
                let beside = self.beside(attribute);
                self.links.push(ToldLink {
                    src,
                    dst,
                    place,
                    measures,
                    beside,
                });
            }
            (Ok(src), Ok(Err(lan))) => {
                let lan = self.lans.entry(lan).or_default();
                lan.to.push((src, place, measures));
            }
            (Err(lan), Ok(Ok(dst))) => {
                self.lans.entry(lan).or_default().from.insert(dst);
            }
            // A LAN of another protocol, or one that reaches into another domain: no router's link.
            (Err(_), _) => {}
        }
    }

    /// The number of the router at an end of a link, by which it is known; or the LAN there.
    fn end(&mut self, key: NodeKey, ids: &[std::net::Ipv4Addr]) -> Result<u32, LanKey> {
        match key {
            NodeKey::Router(key) => {
                let number = self.routers.number(key);
                self.routers.known_as(number, ids);
                Ok(number)
            }
            NodeKey::Lan(lan) => Err(lan),
        }
    }

    /// Where a link ends: a node of this domain, or a router of another.
    fn remote(&mut self, link: &LinkNlri) -> Option<Result<NodeKey, RouterRef>> {
        let (local, remote) = (&link.local, &link.remote);
        let outside = remote.asn.filter(|asn| Some(*asn) != local.asn);
        match (self.owner(outside).clone(), outside) {
            (Owner::Own, _) => {
                if let (Some(_), Some(asn), Owner::Unknown) =
                    (outside, local.asn, self.owner(local.asn))
                {
                    // It comes in from an AS that is nobody's.
                    self.unknown(asn);
                    return None;
                }
                let key = NodeKey::of(link.source, remote, local.asn);
                self.named(key).map(Ok)
            }
            (Owner::Other(domain), _) => {
                let router = remote_text(link.source, remote);
                let router = self.named(router)?;
                Some(Err(RouterRef { domain, router }))
            }
            (Owner::Unknown, asn) => {
                self.unknown(asn.unwrap_or_default());
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
        // There was room for all that is told, and the topology stays.
        self.parts.intra_links.shrink_to_fit();
        self.parts.prefixes.shrink_to_fit();
        Conversion {
            topology: DomainTopology::new(self.domain.clone(), self.parts),
            names: routers.names,
            passed_over: self.passed_over,
        }
    }

    /// Every link once, its measures from the first that tells them.
    fn finish_links(&mut self, routers: &Routers) {
        let mut told = std::mem::take(&mut self.links);
        // A router without an id has no links.
        told.retain_mut(|link| {
            let dst = match link.dst {
                End::Own(number) => routers.position(number).map(End::Own),
                other => Some(other),
            };
            let ends = routers.position(link.src).zip(dst);
            if let Some(ends) = ends {
                (link.src, link.dst) = ends;
            }
            ends.is_some()
        });
        // Mostly they come in this order: that of the octets of their ends.
        told.sort_unstable_by_key(|link| (link.src, link.dst));
        let mut outside: Vec<(RouterRef, u32)> =
            std::mem::take(&mut self.outside).into_iter().collect();
        outside.sort_unstable_by_key(|(_, place)| *place);
        let outside: Vec<RouterRef> = outside.into_iter().map(|(router, _)| router).collect();
        self.parts.intra_links.reserve(told.len());
        for between in told.chunk_by_mut(|a, b| (a.src, a.dst) == (b.src, b.dst)) {
            let is_one = between.windows(2).all(|pair| match pair {
                [a, b] => a.place.octets == b.place.octets,
                _ => false,
            });
            if is_one {
                between.sort_unstable_by_key(|link| link.place);
                self.finish_link(routers, &outside, between.iter());
                continue;
            }
            let mut parallel: Vec<(LinkDescriptors, &ToldLink<'_>)> = between
                .iter()
                .map(|link| (descriptors(link.place.octets), link))
                .collect();
            parallel.sort_unstable_by(|(a, link_a), (b, link_b)| {
                (a, link_a.place).cmp(&(b, link_b.place))
            });
            for same in parallel.chunk_by(|(a, _), (b, _)| a == b) {
                self.finish_link(routers, &outside, same.iter().map(|(_, link)| *link));
            }
        }
    }

    /// The link of which all `same` tell, that which counts first.
    fn finish_link<'b>(
        &mut self,
        routers: &Routers,
        outside: &[RouterRef],
        same: impl ExactSizeIterator<Item = &'b ToldLink<'a>> + Clone,
    ) where
        'a: 'b,
    {
        let Some(ToldLink { src, dst, .. }) = same.clone().next().copied() else {
            return;
        };
        self.passed_over.repeated_links += same.len() - 1;
        let beside = self.beside_of(same.clone());
        let Measures { delay, bandwidth } = first(same.map(|link| &link.measures));
        let id = |position| routers.id(position).cloned();
        let Some(router) = id(src) else {
            return;
        };
        match dst {
            End::Own(dst) if dst == src => self.passed_over.loops += 1,
            End::Own(dst) => {
                self.parts.intra_links.extend(id(dst).map(|dst| IntraLink {
                    src: router,
                    dst,
                    delay,
                    bandwidth,
                }));
            }
            End::Other(place) => {
                let remote = usize::try_from(place).ok().and_then(|at| outside.get(at));
                self.parts
                    .inter_links
                    .extend(remote.map(|remote| InterLink {
                        router,
                        remote: remote.clone(),
                        delay,
                        bandwidth,
                        srlgs: beside.srlgs,
                        performance: beside.measured.into(),
                    }));
            }
        }
    }

    /// What is told of a link beside its measures, by all `same` that tell of it, that which counts first.
    fn beside_of<'b>(&self, same: impl Iterator<Item = &'b ToldLink<'a>>) -> Beside
    where
        'a: 'b,
    {
        let mut all = Beside::default();
        let mut has_bandwidth = false;
        for link in same {
            let at = usize::try_from(link.beside).ok();
            let told = at.filter(|at| *at > 0).and_then(|at| self.beside.get(at));
            if let Some(told) = told {
                if all.srlgs.is_empty() {
                    all.srlgs = told.srlgs.clone();
                }
                all.measured = all.measured.or(&told.measured, !has_bandwidth);
            }
            has_bandwidth |= link.measures.bandwidth.is_some();
        }
        all
    }

    fn finish_lans(&mut self, routers: &Routers) {
        let id = |number: &u32| routers.id(routers.position(*number)?);
        for lan in std::mem::take(&mut self.lans).into_values() {
            let from: BTreeSet<&RouterId> = lan.from.iter().filter_map(id).collect();
            let mut to: BTreeMap<&RouterId, Vec<(Place<'_>, Measures)>> = BTreeMap::new();
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

/// What tells the link of an NLRI from parallel ones.
fn descriptors(octets: &[u8]) -> LinkDescriptors {
    match Nlri::decode(octets) {
        Ok(Nlri::Link(link)) => LinkDescriptors {
            // The topology is no part of it.
            topologies: Vec::new(),
            ..link.link
        },
        // It was one when it was gathered.
        _ => LinkDescriptors::default(),
    }
}
