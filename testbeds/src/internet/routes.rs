//! A federation in BGP-LS (RFC 9552), as the route server of the federation tells it: one node for each
//! domain, and each link twice, once for each direction.
//!
//! A million NLRI are told here, so that their octets are written at once and not by way of types. NLRI of
//! one domain share an UPDATE where their attribute is the same.

use super::federation::{Federation, Measures};
use crate::bgp::{MAX_MESSAGE, announce, withdraw};

/// The AS of the route server (RFC 6996: for private use).
pub(super) const ROUTE_SERVER: u32 = 64_999;
/// What an UPDATE has besides NLRI: header, lengths, ORIGIN, `AS_PATH`, the head of `MP_REACH_NLRI` and the
/// attribute of a link.
const OVERHEAD: usize = 96;

const NODE: u16 = 1;
const LINK: u16 = 2;
/// Told by configuration, not by a protocol.
const STATIC: u8 = 5;

fn put(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(value);
}

/// Node descriptors: the AS (512) and the router (515).
fn put_node(out: &mut Vec<u8>, kind: u16, asn: u32, router: u32) {
    let mut node = Vec::with_capacity(16);
    put(&mut node, 512, &asn.to_be_bytes());
    put(&mut node, 515, &router.to_be_bytes());
    put(out, kind, &node);
}

/// An NLRI: type, length, protocol, identifier, TLVs.
fn put_nlri(out: &mut Vec<u8>, kind: u16, tlvs: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(&kind.to_be_bytes());
    let length = out.len();
    out.extend_from_slice(&[0, 0, STATIC, 0, 0, 0, 0, 0, 0, 0, 0]);
    tlvs(out);
    let octets = u16::try_from(out.len() - length - 2).unwrap_or(u16::MAX);
    out[length..length + 2].copy_from_slice(&octets.to_be_bytes());
}

fn put_node_nlri(out: &mut Vec<u8>, asn: u32, router: u32) {
    put_nlri(out, NODE, |out| put_node(out, 256, asn, router));
}

/// A domain has one router, which is called as its AS.
fn put_link_nlri(out: &mut Vec<u8>, from: u32, to: u32, parallel: u32) {
    put_nlri(out, LINK, |out| {
        put_node(out, 256, from, from);
        put_node(out, 257, to, to);
        if parallel > 0 {
            let ids = [parallel.to_be_bytes(), parallel.to_be_bytes()].concat();
            put(out, 258, &ids);
        }
    });
}

/// The attribute of a link: delay (1114, RFC 8571 §2.1) and bandwidth (1089, RFC 9552 §5.3.2).
fn attribute(of: Measures) -> Vec<u8> {
    let mut out = Vec::new();
    #[expect(clippy::cast_precision_loss, reason = "the wire has 32 bits of it")]
    let bytes = (of.bandwidth / 8) as f32;
    put(&mut out, 1089, &bytes.to_be_bytes());
    put(&mut out, 1114, &of.delay.to_be_bytes());
    out
}

/// Everything that a domain tells: its node, and its links.
pub(super) fn announce_domain(federation: &Federation, domain: u32, out: &mut Vec<u8>) {
    let asn = federation.asn(domain);
    let mut nlris = Vec::new();
    put_node_nlri(&mut nlris, asn, asn);
    out.extend(announce(ROUTE_SERVER, &nlris, &[]));
    let ways = federation.links_of(domain).iter();
    let mut ways: Vec<(Measures, u32, u32)> = ways
        .map(|link| {
            let (to, link, out) = federation.way_out(*link, domain);
            (out, to, link.parallel)
        })
        .collect();
    ways.sort_unstable();
    for alike in ways.chunk_by(|one, next| one.0 == next.0) {
        let told = attribute(alike[0].0);
        nlris.clear();
        for (_, to, parallel) in alike {
            let before = nlris.len();
            put_link_nlri(&mut nlris, asn, federation.asn(*to), *parallel);
            if nlris.len() + OVERHEAD > MAX_MESSAGE {
                let last = nlris.split_off(before);
                out.extend(announce(ROUTE_SERVER, &nlris, &told));
                nlris = last;
            }
        }
        out.extend(announce(ROUTE_SERVER, &nlris, &told));
    }
}

/// How many routes that is, over all domains.
pub(super) fn count(federation: &Federation) -> usize {
    federation.len() + 2 * federation.links().len()
}

/// A link goes down, or comes up again: both of its directions.
pub(super) fn flap(federation: &Federation, number: u32, up: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let link = federation.links()[number as usize];
    for (from, to, of) in [(link.a, link.b, link.there), (link.b, link.a, link.back)] {
        let mut nlri = Vec::new();
        put_link_nlri(
            &mut nlri,
            federation.asn(from),
            federation.asn(to),
            link.parallel,
        );
        out.extend(match up {
            true => announce(ROUTE_SERVER, &nlri, &attribute(of)),
            false => withdraw(&nlri),
        });
    }
    out
}

/// One node more of the sentinel's domain.
pub(super) fn sentinel(federation: &Federation, number: u32) -> Vec<u8> {
    let mut nlri = Vec::new();
    put_node_nlri(&mut nlri, federation.sentinel(), number);
    announce(ROUTE_SERVER, &nlri, &[])
}

#[cfg(test)]
mod tests {
    use idt::bgpls::{Attribute, IgpRouterId, Nlri};

    use super::*;
    use crate::world::synthetic;

    #[test]
    fn what_is_written_is_what_others_read() {
        let mut octets = Vec::new();
        put_link_nlri(&mut octets, 65_001, 65_002, 3);
        let Nlri::Link(link) = Nlri::decode(&octets).unwrap() else {
            panic!("not a link");
        };
        assert_eq!(link.local.asn, Some(65_001));
        assert_eq!(link.remote.asn, Some(65_002));
        let router = IgpRouterId::V4(65_002.into());
        assert_eq!(link.remote.igp_router_id, Some(router));
        assert_eq!(link.link.ids.map(|ids| ids.local), Some(3));
        assert_eq!(Nlri::Link(link).encode().unwrap(), octets);
        let of = Measures {
            delay: 3_000,
            bandwidth: 10_000_000_000,
        };
        let told = Attribute::decode(&attribute(of), 10);
        assert!(told.faults.is_empty(), "{:?}", told.faults);
        assert_eq!(told.attribute.delay.unwrap().delay.as_nanos(), 3_000_000);
        let bits = told.attribute.max_bandwidth.unwrap().bits_per_second();
        assert_eq!(bits, 10_000_000_000);
    }

    #[test]
    fn no_message_is_too_long_and_no_route_is_missing() {
        let federation = Federation::new(&synthetic(1, 2_000), 1, 4, 50).unwrap();
        let mut octets = Vec::new();
        for domain in (0..).take(federation.len()) {
            announce_domain(&federation, domain, &mut octets);
        }
        let mut routes = 0;
        let mut left = octets.as_slice();
        while !left.is_empty() {
            let length = usize::from(u16::from_be_bytes([left[16], left[17]]));
            assert!(length <= MAX_MESSAGE, "{length}");
            // ORIGIN, AS_PATH, the head of MP_REACH_NLRI and its next hop are 28 octets; what follows the
            // NLRI of a link is its attribute.
            let value = usize::from(u16::from_be_bytes([left[40], left[41]]));
            let nlris = &left[42 + 9..42 + value];
            routes += idt::bgpls::split_nlris(nlris).map(Result::unwrap).count();
            left = &left[length..];
        }
        assert_eq!(routes, count(&federation));
    }
}
