//! NLRI as octets, canonical: TLVs in the order of RFC 9552 §5.1.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::{
    IgpRouterId, LINK, LinkDescriptors, LinkIds, NODE, Nlri, NodeDescriptors, PREFIX_V4, PREFIX_V6,
    Source,
};
use crate::bgpls::tlv::{TooLong, Writer, length};

impl Nlri {
    /// The NLRI with its type and length, its TLVs in canonical order.
    ///
    /// # Errors
    /// [`TooLong`]: a TLV or the whole does not fit a 16-bit length.
    pub fn encode(&self) -> Result<Vec<u8>, TooLong> {
        let mut tlvs = Writer::default();
        tlvs.put(256, self.local().encode()?);
        let nlri = match self {
            Self::Node(node) => {
                tlvs.put_all(&node.other);
                NODE
            }
            Self::Link(link) => {
                tlvs.put(257, link.remote.encode()?);
                link.link.put(&mut tlvs);
                tlvs.put_all(&link.other);
                LINK
            }
            Self::Prefix(prefix) => {
                tlvs.put_topologies(&prefix.topologies);
                if let Some(route_type) = prefix.route_type {
                    tlvs.put(264, [route_type]);
                }
                tlvs.put(265, encode_prefix(prefix.prefix));
                tlvs.put_all(&prefix.other);
                match prefix.prefix {
                    IpNet::V4(_) => PREFIX_V4,
                    IpNet::V6(_) => PREFIX_V6,
                }
            }
        };
        let Source {
            protocol,
            identifier,
        } = self.source();
        let mut value = vec![protocol.0];
        value.extend(identifier.to_be_bytes());
        tlvs.finish(&mut value)?;
        let mut out = nlri.to_be_bytes().to_vec();
        out.extend(length(value.len())?.to_be_bytes());
        out.extend(value);
        Ok(out)
    }
}

impl NodeDescriptors {
    fn encode(&self) -> Result<Vec<u8>, TooLong> {
        let mut tlvs = Writer::default();
        let numbers = [
            (512, self.asn),
            (513, self.bgp_ls_id),
            (514, self.area),
            (516, self.bgp_router_id.map(u32::from)),
            (517, self.member_asn),
        ];
        for (kind, number) in numbers {
            if let Some(number) = number {
                tlvs.put(kind, number.to_be_bytes());
            }
        }
        if let Some(id) = &self.igp_router_id {
            tlvs.put(515, id.octets());
        }
        tlvs.put_all(&self.other);
        let mut out = Vec::new();
        tlvs.finish(&mut out)?;
        Ok(out)
    }
}

impl IgpRouterId {
    fn octets(&self) -> Vec<u8> {
        match self {
            Self::V4(address) => address.octets().to_vec(),
            Self::IsoNode(id) => id.to_vec(),
            Self::IsoPseudonode(id, number) => [id.as_slice(), &[*number]].concat(),
            Self::OspfPseudonode(router, interface) => {
                [router.octets(), interface.octets()].concat()
            }
            Self::Other(octets) => octets.to_vec(),
        }
    }
}

impl LinkIds {
    pub(in crate::bgpls) fn octets(self) -> Vec<u8> {
        [self.local.to_be_bytes(), self.remote.to_be_bytes()].concat()
    }
}

impl LinkDescriptors {
    fn put(&self, tlvs: &mut Writer) {
        if let Some(ids) = self.ids {
            tlvs.put(258, ids.octets());
        }
        for address in &self.ipv4_interface {
            tlvs.put(259, Ipv4Addr::octets(address));
        }
        for address in &self.ipv4_neighbour {
            tlvs.put(260, Ipv4Addr::octets(address));
        }
        for address in &self.ipv6_interface {
            tlvs.put(261, Ipv6Addr::octets(address));
        }
        for address in &self.ipv6_neighbour {
            tlvs.put(262, Ipv6Addr::octets(address));
        }
        tlvs.put_topologies(&self.topologies);
    }
}

/// RFC 9552 §5.2.3.2: the length in bits, then as many octets as it needs, the trailing bits zero.
fn encode_prefix(prefix: IpNet) -> Vec<u8> {
    let octets = match prefix.trunc() {
        IpNet::V4(net) => net.addr().octets().to_vec(),
        IpNet::V6(net) => net.addr().octets().to_vec(),
    };
    let bits = prefix.prefix_len();
    let needed = usize::from(bits).div_ceil(8);
    let octets = octets.into_iter().take(needed);
    std::iter::once(bits).chain(octets).collect()
}
