//! Which node descriptors are one router, and what it is called.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::Ipv4Addr;

use nffg::RouterId;
use petgraph::unionfind::UnionFind;

use crate::bgpls::nlri::{IgpRouterId, NodeDescriptors, ProtocolId, Source};

/// A router id longer than this is no name for anything.
const MAX_OPAQUE: usize = 32;
/// IPv4 Router-IDs that are looked at per router: real ones have one or two.
const MAX_IPV4_IDS: usize = 16;
/// Spaces in which one router is known: real ones are in two or three. Bounds the work of joining.
const MAX_SPACES: usize = 16;

/// Protocols that share one space of router ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Family {
    /// First: a router that neighbours know as a BGP peer is called as they call it (RFC 9086).
    Bgp,
    OspfV2,
    OspfV3,
    /// Both levels.
    Isis,
    /// Direct and static.
    Local,
    Other(u8),
}

impl Family {
    fn of(protocol: ProtocolId) -> Self {
        match protocol {
            ProtocolId::ISIS_L1 | ProtocolId::ISIS_L2 => Self::Isis,
            ProtocolId::OSPF_V2 => Self::OspfV2,
            ProtocolId::OSPF_V3 => Self::OspfV3,
            ProtocolId::DIRECT | ProtocolId::STATIC => Self::Local,
            ProtocolId::BGP => Self::Bgp,
            ProtocolId(other) => Self::Other(other),
        }
    }

    fn text(self) -> String {
        match self {
            Self::Bgp => "bgp".to_owned(),
            Self::OspfV2 => "ospfv2".to_owned(),
            Self::OspfV3 => "ospfv3".to_owned(),
            Self::Isis => "isis".to_owned(),
            Self::Local => "local".to_owned(),
            Self::Other(other) => format!("protocol{other}"),
        }
    }
}

/// Within a space, a router id is one router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Space {
    family: Family,
    identifier: u64,
    asn: Option<u32>,
    bgp_ls_id: Option<u32>,
}

/// A router as node descriptors name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RouterKey {
    space: Space,
    id: IgpRouterId,
}

/// A LAN. Its number is the business of one protocol and one area.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LanKey {
    space: Space,
    protocol: ProtocolId,
    area: Option<u32>,
    id: IgpRouterId,
}

/// What node descriptors stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NodeKey {
    Router(RouterKey),
    Lan(LanKey),
}

impl NodeKey {
    /// `None`: nothing that names the node is in them. An AS that the remote end of a link lacks is
    /// the local end's.
    pub(super) fn of(
        source: Source,
        node: &NodeDescriptors,
        local_asn: Option<u32>,
    ) -> Option<Self> {
        let family = Family::of(source.protocol);
        let space = Space {
            family,
            identifier: source.identifier,
            asn: node.asn.or(local_asn),
            bgp_ls_id: node.bgp_ls_id,
        };
        let id = router_id(family, node)?;
        let is_igp = !matches!(family, Family::Bgp | Family::Local);
        Some(match id {
            // RFC 9552 §5.2.1.4: the number of a pseudonode is not zero.
            IgpRouterId::IsoPseudonode(id, 0) if is_igp => Self::Router(RouterKey {
                space,
                id: IgpRouterId::IsoNode(id),
            }),
            IgpRouterId::IsoPseudonode(..) | IgpRouterId::OspfPseudonode(..) if is_igp => {
                Self::Lan(LanKey {
                    space,
                    protocol: source.protocol,
                    area: node.area,
                    id,
                })
            }
            id => Self::Router(RouterKey { space, id }),
        })
    }
}

/// A BGP node is named by its BGP Router-ID, any other by its IGP Router-ID; where that one is
/// missing, by the other.
fn router_id(family: Family, node: &NodeDescriptors) -> Option<IgpRouterId> {
    let bgp = node.bgp_router_id.map(IgpRouterId::V4);
    let igp = node.igp_router_id.clone();
    let igp = igp.filter(|id| !matches!(id, IgpRouterId::Other(o) if o.len() > MAX_OPAQUE));
    match family {
        Family::Bgp => bgp.or(igp),
        _ => igp.or(bgp),
    }
}

/// The text by which the router at the other end of a link to another domain is known: as that
/// domain calls it itself, if it speaks BGP-LS.
pub(super) fn remote_text(source: Source, node: &NodeDescriptors) -> Option<RouterId> {
    let bgp = node.bgp_router_id.map(IgpRouterId::V4);
    let id = bgp.or_else(|| router_id(Family::of(source.protocol), node))?;
    id.to_string().parse().ok()
}

/// What is told of a router beside its id.
#[derive(Clone, Debug, Default)]
struct RouterTold {
    /// IPv4 Router-IDs, by which it is known in other spaces too.
    ipv4: Vec<Ipv4Addr>,
    /// Its name, of the best entry that tells one.
    name: Option<String>,
}

/// The routers that are told of, each with a number: links are many, and a number is small.
#[derive(Debug, Default)]
pub(super) struct Known {
    numbers: HashMap<RouterKey, u32>,
    told: Vec<RouterTold>,
    /// The router that was asked for last: routes come in order of the node that tells them.
    last: Option<(RouterKey, u32)>,
}

impl Known {
    /// The router's number.
    pub(super) fn number(&mut self, key: RouterKey) -> u32 {
        if let Some((last, number)) = &self.last
            && *last == key
        {
            return *number;
        }
        let next = u32::try_from(self.told.len()).unwrap_or(u32::MAX);
        let number = match self.numbers.get(&key) {
            Some(number) => *number,
            None => {
                self.numbers.insert(key.clone(), next);
                self.told.push(RouterTold::default());
                next
            }
        };
        self.last = Some((key, number));
        number
    }

    fn told(&mut self, number: u32) -> Option<&mut RouterTold> {
        self.told.get_mut(usize::try_from(number).ok()?)
    }

    /// The router has these IPv4 Router-IDs.
    pub(super) fn known_as(&mut self, number: u32, ids: &[Ipv4Addr]) {
        let Some(told) = self.told(number) else {
            return;
        };
        for id in ids {
            let room = told.ipv4.len() < MAX_IPV4_IDS;
            if room && !id.is_unspecified() && !told.ipv4.contains(id) {
                told.ipv4.push(*id);
            }
        }
    }

    /// The router calls itself so, if it does; the first name counts.
    pub(super) fn named(&mut self, number: u32, name: Option<&str>) {
        if let Some(told) = self.told(number)
            && told.name.is_none()
        {
            told.name = name.map(ToOwned::to_owned);
        }
    }
}

/// The routers of a domain: which keys are one, and their ids.
#[derive(Debug, Default)]
pub(super) struct Routers {
    /// By number.
    positions: Vec<Option<u32>>,
    /// In order.
    pub(super) ids: Vec<RouterId>,
    /// Names that routers give themselves.
    pub(super) names: BTreeMap<RouterId, String>,
}

impl Routers {
    /// Two keys of different spaces that share an IPv4 Router-ID are one router (RFC 9552 §5.3.1.4,
    /// §5.12). Keys of one space never are, and no chain of ids makes them so: an id that would is
    /// a mistake in somebody's settings, and is not followed.
    pub(super) fn new(known: &Known) -> Self {
        let place = |number: &u32| usize::try_from(*number).ok();
        let mut told: Vec<(&RouterKey, usize, &RouterTold)> = known
            .numbers
            .iter()
            .filter_map(|(key, number)| {
                let number = place(number)?;
                Some((key, number, known.told.get(number)?))
            })
            .collect();
        told.sort_unstable_by_key(|(key, ..)| *key);
        let keys: Vec<&RouterKey> = told.iter().map(|(key, ..)| *key).collect();
        let mut by_ipv4: BTreeMap<Ipv4Addr, Vec<usize>> = BTreeMap::new();
        for (at, (key, _, told)) in told.iter().enumerate() {
            let mut known: BTreeSet<Ipv4Addr> = told.ipv4.iter().copied().collect();
            if let (Family::Bgp, IgpRouterId::V4(id)) = (key.space.family, &key.id) {
                // RFC 4271 §4.2: a BGP Identifier is an address of the speaker.
                known.insert(*id);
            }
            for id in known {
                by_ipv4.entry(id).or_default().push(at);
            }
        }
        let mut union = UnionFind::<usize>::new(keys.len());
        let mut spaces: BTreeMap<usize, BTreeSet<Space>> = BTreeMap::new();
        for members in by_ipv4
            .values()
            .filter(|members| members.len() <= MAX_SPACES)
        {
            let all: BTreeSet<usize> = members.iter().map(|at| union.find(*at)).collect();
            let of = |at: &usize| match (spaces.get(at), keys.get(*at)) {
                (Some(spaces), _) => spaces.clone(),
                (None, Some(key)) => BTreeSet::from([key.space]),
                (None, None) => BTreeSet::new(),
            };
            let each: Vec<_> = all.iter().map(of).collect();
            let count: usize = each.iter().map(BTreeSet::len).sum();
            let joined: BTreeSet<Space> = each.into_iter().flatten().collect();
            // Fewer than counted: two of them are of one space.
            if joined.len() < count || count > MAX_SPACES {
                continue;
            }
            for (one, other) in all.iter().zip(all.iter().skip(1)) {
                union.union(*one, *other);
            }
            if let Some(one) = all.first() {
                spaces.insert(union.find(*one), joined);
            }
        }
        // The first key of a class in order names it.
        let mut classes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in 0..keys.len() {
            classes.entry(union.find(at)).or_default().push(at);
        }
        let mut classes: Vec<Vec<usize>> = classes.into_values().collect();
        classes.sort_unstable();
        let mut taken = BTreeSet::new();
        let mut named: Vec<(RouterId, Vec<usize>)> = classes
            .into_iter()
            .filter_map(|class| {
                let first = *class.first()?;
                let id = keys.get(first)?.name(&mut taken)?;
                Some((id, class))
            })
            .collect();
        named.sort_unstable();
        let mut routers = Self {
            positions: vec![None; known.told.len()],
            ..Self::default()
        };
        for (id, class) in named {
            let members = || class.iter().filter_map(|at| told.get(*at));
            let mut names = members().filter_map(|(_, _, told)| told.name.as_ref());
            if let Some(name) = names.next() {
                routers.names.insert(id.clone(), name.clone());
            }
            let position = u32::try_from(routers.ids.len()).ok();
            for (_, number, _) in members() {
                if let Some(slot) = routers.positions.get_mut(*number) {
                    *slot = position;
                }
            }
            routers.ids.push(id);
        }
        routers
    }

    /// The position in order of ids of the router that has this number.
    pub(super) fn position(&self, number: u32) -> Option<u32> {
        *self.positions.get(usize::try_from(number).ok()?)?
    }

    /// The id at a position.
    pub(super) fn id(&self, position: u32) -> Option<&RouterId> {
        self.ids.get(usize::try_from(position).ok()?)
    }
}

impl RouterKey {
    /// The text of the router id. Of several routers with one text the first in order of spaces has
    /// it, the others add their space: `10.0.0.1@ospfv2.7`.
    fn name(&self, taken: &mut BTreeSet<RouterId>) -> Option<RouterId> {
        let plain: RouterId = self.id.to_string().parse().ok()?;
        if taken.insert(plain.clone()) {
            return Some(plain);
        }
        let Space {
            family,
            identifier,
            asn,
            bgp_ls_id,
        } = self.space;
        let mut text = format!("{}@{}.{identifier}", self.id, family.text());
        if let Some(asn) = asn {
            text += &format!(".AS{asn}");
        }
        if let Some(id) = bgp_ls_id {
            text += &format!(".{id}");
        }
        text.parse().ok()
    }
}
