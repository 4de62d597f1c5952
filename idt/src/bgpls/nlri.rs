//! One link-state NLRI: a node, a link or a prefix (RFC 9552 §5.2), typed.

mod encode;

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::tlv::{Fault, Ordered, RawTlv, Rule, Tlv, Tlvs};

/// Why an NLRI is left out. Others of the same message are not touched by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("NLRI of type {nlri}: {fault}")]
pub struct Skip {
    /// The NLRI type; 0 where it is cut off before.
    pub nlri: u16,
    /// Where in the NLRI, and why.
    pub fault: Fault,
}

/// Where link-state information came from (RFC 9552 table 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtocolId(pub u8);

impl ProtocolId {
    /// IS-IS Level 1.
    pub const ISIS_L1: Self = Self(1);
    /// IS-IS Level 2.
    pub const ISIS_L2: Self = Self(2);
    /// OSPFv2.
    pub const OSPF_V2: Self = Self(3);
    /// Direct.
    pub const DIRECT: Self = Self(4);
    /// Static configuration.
    pub const STATIC: Self = Self(5);
    /// OSPFv3.
    pub const OSPF_V3: Self = Self(6);
    /// BGP (RFC 9086 §4).
    pub const BGP: Self = Self(7);
}

impl fmt::Display for ProtocolId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match *self {
            Self::ISIS_L1 => "IS-IS L1",
            Self::ISIS_L2 => "IS-IS L2",
            Self::OSPF_V2 => "OSPFv2",
            Self::DIRECT => "direct",
            Self::STATIC => "static",
            Self::OSPF_V3 => "OSPFv3",
            Self::BGP => "BGP",
            Self(other) => return write!(f, "protocol {other}"),
        };
        f.write_str(name)
    }
}

/// What every NLRI begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// The protocol that the information came from.
    pub protocol: ProtocolId,
    /// The BGP-LS instance: tells routing universes apart (RFC 9552 §5.2).
    pub identifier: u64,
}

/// IGP Router-ID (515): its length tells what it is (RFC 9552 §5.2.1.4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IgpRouterId {
    /// 4 octets: an OSPF router, or whatever is named by an IPv4 address.
    V4(Ipv4Addr),
    /// 6 octets: an IS-IS router.
    IsoNode([u8; 6]),
    /// 7 octets: an IS-IS pseudonode, the router that speaks for a LAN and the LAN's number.
    IsoPseudonode([u8; 6], u8),
    /// 8 octets: an OSPF pseudonode, the router that speaks for a LAN and its interface there.
    OspfPseudonode(Ipv4Addr, Ipv4Addr),
    /// Any other length: opaque, at least one octet.
    Other(Box<[u8]>),
}

impl IgpRouterId {
    fn decode(value: &[u8]) -> Self {
        if let Ok(octets) = <[u8; 4]>::try_from(value) {
            Self::V4(octets.into())
        } else if let Ok(octets) = <[u8; 6]>::try_from(value) {
            Self::IsoNode(octets)
        } else if let Ok([a, b, c, d, e, f, number]) = <[u8; 7]>::try_from(value) {
            Self::IsoPseudonode([a, b, c, d, e, f], number)
        } else if let Ok([a, b, c, d, e, f, g, h]) = <[u8; 8]>::try_from(value) {
            Self::OspfPseudonode([a, b, c, d].into(), [e, f, g, h].into())
        } else {
            Self::Other(value.into())
        }
    }
}

/// `10.0.0.1`, `0000.0000.0001`, `0000.0000.0001.02`, `10.0.0.1:192.0.2.1`; 16 octets as an IPv6
/// address, other lengths in hex.
impl fmt::Display for IgpRouterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let iso = |f: &mut fmt::Formatter<'_>, [a, b, c, d, e, g]: &[u8; 6]| {
            write!(f, "{a:02x}{b:02x}.{c:02x}{d:02x}.{e:02x}{g:02x}")
        };
        match self {
            Self::V4(address) => address.fmt(f),
            Self::IsoNode(id) => iso(f, id),
            Self::IsoPseudonode(id, number) => {
                iso(f, id)?;
                write!(f, ".{number:02x}")
            }
            Self::OspfPseudonode(router, interface) => write!(f, "{router}:{interface}"),
            Self::Other(octets) => match <[u8; 16]>::try_from(&**octets) {
                Ok(address) => Ipv6Addr::from(address).fmt(f),
                Err(_) => octets.iter().try_for_each(|o| write!(f, "{o:02x}")),
            },
        }
    }
}

/// What tells a node from others (RFC 9552 §5.2.1.4, RFC 9086 §4.1). Every part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeDescriptors {
    /// Autonomous System (512).
    pub asn: Option<u32>,
    /// BGP-LS Identifier (513), deprecated.
    pub bgp_ls_id: Option<u32>,
    /// OSPF Area-ID (514).
    pub area: Option<u32>,
    /// IGP Router-ID (515).
    pub igp_router_id: Option<IgpRouterId>,
    /// BGP Router-ID (516).
    pub bgp_router_id: Option<Ipv4Addr>,
    /// Member-AS number of a confederation (517).
    pub member_asn: Option<u32>,
    /// Others, ascending, each type once.
    pub other: Vec<Tlv>,
}

impl NodeDescriptors {
    fn decode(outer: &RawTlv<'_>) -> Result<Self, Fault> {
        let mut node = Self::default();
        let mut last = None;
        for tlv in Tlvs::new(outer.value, outer.offset + RawTlv::HEADER) {
            let tlv = tlv?;
            // RFC 9552 §5.2.1.4: ascending by type, at most one of each.
            if last == Some(tlv.kind) {
                return Err(tlv.fault(Rule::Repeated));
            }
            if last > Some(tlv.kind) {
                return Err(tlv.fault(Rule::Order));
            }
            last = Some(tlv.kind);
            match tlv.kind {
                512 => node.asn = Some(tlv.u32()?),
                513 => node.bgp_ls_id = Some(tlv.u32()?),
                514 => node.area = Some(tlv.u32()?),
                515 if tlv.value.is_empty() => return Err(tlv.fault(Rule::Length)),
                515 => node.igp_router_id = Some(IgpRouterId::decode(tlv.value)),
                516 => node.bgp_router_id = Some(tlv.array::<4>()?.into()),
                517 => node.member_asn = Some(tlv.u32()?),
                _ => node.other.push(tlv.to_tlv()),
            }
        }
        Ok(node)
    }
}

/// Link Local/Remote Identifiers (258).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkIds {
    /// The local end's number of the link.
    pub local: u32,
    /// The remote end's number of the link, 0 where unknown.
    pub remote: u32,
}

impl LinkIds {
    pub(super) fn decode(tlv: &RawTlv<'_>) -> Result<Self, Fault> {
        let [a, b, c, d, e, f, g, h] = tlv.array()?;
        Ok(Self {
            local: u32::from_be_bytes([a, b, c, d]),
            remote: u32::from_be_bytes([e, f, g, h]),
        })
    }
}

/// What tells a link from parallel ones (RFC 9552 §5.2.2). Every part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkDescriptors {
    /// Link Local/Remote Identifiers (258).
    pub ids: Option<LinkIds>,
    /// IPv4 interface addresses (259).
    pub ipv4_interface: Vec<Ipv4Addr>,
    /// IPv4 neighbour addresses (260).
    pub ipv4_neighbour: Vec<Ipv4Addr>,
    /// IPv6 interface addresses (261).
    pub ipv6_interface: Vec<Ipv6Addr>,
    /// IPv6 neighbour addresses (262).
    pub ipv6_neighbour: Vec<Ipv6Addr>,
    /// Multi-Topology Identifier (263), 12 bits each; none is the default topology.
    pub topologies: Vec<u16>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeNlri {
    /// Protocol and instance.
    pub source: Source,
    /// The node (256).
    pub local: NodeDescriptors,
    /// Other TLVs.
    pub other: Vec<Tlv>,
}

/// A link, one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkNlri {
    /// Protocol and instance.
    pub source: Source,
    /// Where it starts (256).
    pub local: NodeDescriptors,
    /// Where it ends (257).
    pub remote: NodeDescriptors,
    /// Which of the links between the two.
    pub link: LinkDescriptors,
    /// Other TLVs.
    pub other: Vec<Tlv>,
}

/// A prefix that a node reaches: IPv4 in NLRI type 3, IPv6 in type 4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefixNlri {
    /// Protocol and instance.
    pub source: Source,
    /// The node (256).
    pub local: NodeDescriptors,
    /// Multi-Topology Identifier (263), 12 bits each.
    pub topologies: Vec<u16>,
    /// OSPF Route Type (264).
    pub route_type: Option<u8>,
    /// The prefix (265), without host bits.
    pub prefix: IpNet,
    /// Other TLVs.
    pub other: Vec<Tlv>,
}

/// A link-state NLRI that a topology is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nlri {
    /// Type 1.
    Node(NodeNlri),
    /// Type 2.
    Link(LinkNlri),
    /// Types 3 and 4.
    Prefix(PrefixNlri),
}

const NODE: u16 = 1;
const LINK: u16 = 2;
const PREFIX_V4: u16 = 3;
const PREFIX_V6: u16 = 4;
/// Type and length.
const HEADER: usize = 4;
/// Type, length, protocol and identifier.
const DESCRIPTORS: usize = HEADER + 9;

/// The TLVs of one NLRI, sorted out.
#[derive(Default)]
struct Parts {
    local: Option<NodeDescriptors>,
    remote: Option<NodeDescriptors>,
    link: LinkDescriptors,
    route_type: Option<u8>,
    prefix: Option<IpNet>,
    other: Vec<Tlv>,
}

impl Nlri {
    /// Reads one NLRI: type, length and value, and nothing after them.
    ///
    /// # Errors
    /// [`Skip`]: it is not to be used, and why.
    pub fn decode(bytes: &[u8]) -> Result<Self, Skip> {
        let (nlri, _) = header(bytes)?;
        let skip = |fault| Skip { nlri, fault };
        let at = |offset, rule| Fault {
            offset,
            tlv: None,
            rule,
        };
        if !matches!(nlri, NODE | LINK | PREFIX_V4 | PREFIX_V6) {
            return Err(skip(at(0, Rule::UnusedType)));
        }
        let Some((head, tlvs)) = bytes.split_first_chunk::<DESCRIPTORS>() else {
            return Err(skip(at(bytes.len(), Rule::Truncated)));
        };
        let [_, _, _, _, protocol, identifier @ ..] = *head;
        let source = Source {
            protocol: ProtocolId(protocol),
            identifier: u64::from_be_bytes(identifier),
        };
        let parts = Parts::decode(nlri, tlvs).map_err(skip)?;
        let missing = |rule| skip(at(bytes.len(), rule));
        let local = parts.local.ok_or_else(|| missing(Rule::NoLocalNode))?;
        let other = parts.other;
        match nlri {
            NODE => Ok(Self::Node(NodeNlri {
                source,
                local,
                other,
            })),
            LINK => Ok(Self::Link(LinkNlri {
                source,
                local,
                remote: parts.remote.ok_or_else(|| missing(Rule::NoRemoteNode))?,
                link: parts.link,
                other,
            })),
            _ => Ok(Self::Prefix(PrefixNlri {
                source,
                local,
                topologies: parts.link.topologies,
                route_type: parts.route_type,
                prefix: parts.prefix.ok_or_else(|| missing(Rule::NoPrefix))?,
                other,
            })),
        }
    }

    /// Protocol and instance.
    #[must_use]
    pub fn source(&self) -> Source {
        match self {
            Self::Node(node) => node.source,
            Self::Link(link) => link.source,
            Self::Prefix(prefix) => prefix.source,
        }
    }

    /// The node that it belongs to: of a link, the one where it starts.
    #[must_use]
    pub fn local(&self) -> &NodeDescriptors {
        match self {
            Self::Node(node) => &node.local,
            Self::Link(link) => &link.local,
            Self::Prefix(prefix) => &prefix.local,
        }
    }
}

impl Parts {
    fn decode(nlri: u16, tlvs: &[u8]) -> Result<Self, Fault> {
        let mut parts = Self::default();
        let mut ordered = Ordered::default();
        let (is_link, is_prefix) = (nlri == LINK, matches!(nlri, PREFIX_V4 | PREFIX_V6));
        for tlv in Tlvs::new(tlvs, DESCRIPTORS) {
            let tlv = tlv?;
            ordered.check(&tlv)?;
            let link = &mut parts.link;
            match tlv.kind {
                256 => once(&mut parts.local, &tlv, NodeDescriptors::decode)?,
                257 if is_link => once(&mut parts.remote, &tlv, NodeDescriptors::decode)?,
                258 if is_link && link.ids.is_none() => link.ids = Some(LinkIds::decode(&tlv)?),
                259 if is_link => link.ipv4_interface.push(tlv.array::<4>()?.into()),
                260 if is_link => link.ipv4_neighbour.push(tlv.array::<4>()?.into()),
                261 if is_link => link.ipv6_interface.push(tlv.array::<16>()?.into()),
                262 if is_link => link.ipv6_neighbour.push(tlv.array::<16>()?.into()),
                263 if is_link || is_prefix => link.topologies.extend(tlv.topologies()?),
                264 if is_prefix && parts.route_type.is_none() => {
                    let [route_type] = tlv.array()?;
                    parts.route_type = Some(route_type);
                }
                265 if nlri == PREFIX_V4 => once(&mut parts.prefix, &tlv, ipv4_prefix)?,
                265 if nlri == PREFIX_V6 => once(&mut parts.prefix, &tlv, ipv6_prefix)?,
                // RFC 9552 §5.1: unknown and unexpected TLVs are no fault.
                _ => parts.other.push(tlv.to_tlv()),
            }
        }
        Ok(parts)
    }
}

fn once<T>(
    slot: &mut Option<T>,
    tlv: &RawTlv<'_>,
    decode: impl Fn(&RawTlv<'_>) -> Result<T, Fault>,
) -> Result<(), Fault> {
    if slot.is_some() {
        return Err(tlv.fault(Rule::Repeated));
    }
    *slot = Some(decode(tlv)?);
    Ok(())
}

fn ipv4_prefix(tlv: &RawTlv<'_>) -> Result<IpNet, Fault> {
    let (octets, length) = padded::<4>(tlv)?;
    let net = Ipv4Net::new(octets.into(), length);
    let net = net.map_err(|_| tlv.fault(Rule::PrefixLength))?;
    Ok(IpNet::V4(net).trunc())
}

fn ipv6_prefix(tlv: &RawTlv<'_>) -> Result<IpNet, Fault> {
    let (octets, length) = padded::<16>(tlv)?;
    let net = Ipv6Net::new(octets.into(), length);
    let net = net.map_err(|_| tlv.fault(Rule::PrefixLength))?;
    Ok(IpNet::V6(net).trunc())
}

/// The length in bits and the octets of a prefix, filled up with zeros. More octets than the bits
/// need are let pass: they hold nothing but host bits.
fn padded<const N: usize>(tlv: &RawTlv<'_>) -> Result<([u8; N], u8), Fault> {
    let Some((length, prefix)) = tlv.value.split_first() else {
        return Err(tlv.fault(Rule::Length));
    };
    let mut octets = [0; N];
    let enough = prefix.len() >= usize::from(*length).div_ceil(8);
    let slots = octets.get_mut(..prefix.len()).filter(|_| enough);
    slots
        .ok_or_else(|| tlv.fault(Rule::PrefixLength))?
        .copy_from_slice(prefix);
    Ok((octets, *length))
}

/// The type and the value's octets of one NLRI.
pub(super) fn header(bytes: &[u8]) -> Result<(u16, &[u8]), Skip> {
    let fault = |offset, rule| Fault {
        offset,
        tlv: None,
        rule,
    };
    let Some(([k1, k2, l1, l2], value)) = bytes.split_first_chunk::<HEADER>() else {
        return Err(Skip {
            nlri: 0,
            fault: fault(bytes.len(), Rule::Truncated),
        });
    };
    let nlri = u16::from_be_bytes([*k1, *k2]);
    if value.len() != usize::from(u16::from_be_bytes([*l1, *l2])) {
        return Err(Skip {
            nlri,
            fault: fault(2, Rule::Framing),
        });
    }
    Ok((nlri, value))
}

/// Splits the NLRI field of MP_REACH_NLRI or MP_UNREACH_NLRI into single NLRI. Where one runs over
/// the end, nothing after it can be found: the error comes last.
pub fn split_nlris(field: &[u8]) -> impl Iterator<Item = Result<&[u8], Skip>> {
    let mut rest = field;
    // An NLRI has the same head as a TLV.
    Tlvs::new(field, 0).map(move |nlri| match nlri {
        Ok(nlri) => {
            let (one, after) = rest
                .split_at_checked(HEADER + nlri.value.len())
                .unwrap_or((rest, &[]));
            rest = after;
            Ok(one)
        }
        Err(fault) => Err(Skip {
            nlri: fault.tlv.unwrap_or_default(),
            fault: Fault { tlv: None, ..fault },
        }),
    })
}

/// The AS (512) of the node that an NLRI belongs to, without reading the rest: whose word a peer that
/// speaks for many domains passes on. `None` where the NLRI tells none, or cannot be read so far.
#[must_use]
pub fn local_asn(nlri: &[u8]) -> Option<u32> {
    const LOCAL_NODE: u16 = 256;
    const AUTONOMOUS_SYSTEM: u16 = 512;
    let (_, tlvs) = nlri.split_first_chunk::<DESCRIPTORS>()?;
    let find = |tlvs, kind| {
        let whole = Tlvs::new(tlvs, 0).map_while(Result::ok);
        whole.into_iter().find(|tlv| tlv.kind == kind)
    };
    let node = find(tlvs, LOCAL_NODE)?;
    let asn = find(node.value, AUTONOMOUS_SYSTEM)?;
    Some(u32::from_be_bytes(asn.value.try_into().ok()?))
}
