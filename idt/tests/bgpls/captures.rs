//! What real speakers have sent.

use std::collections::BTreeMap;

use idt::bgpls::{
    AdjRib, Attribute, Dialect, Entry, IgpRouterId, Nlri, PeerSidKind, ProtocolId, Rule, convert,
};
use nffg::Bandwidth;

use crate::support::{apply, domain, inter, intra, lines, members, rib, shared, update};

const FRR: &str = include_str!("../data/bgpls/frr-10.7.1-isis.hex");
const GOBGP_3: &str = include_str!("../data/bgpls/gobgp-3.10.0.hex");
const GOBGP_4: &str = include_str!("../data/bgpls/gobgp-4.8.0.hex");

/// How many nodes, links and prefixes there are.
fn counts(rib: &AdjRib) -> (usize, usize, usize) {
    rib.entries()
        .fold((0, 0, 0), |(nodes, links, prefixes), entry| {
            match entry.nlri {
                Nlri::Node(_) => (nodes + 1, links, prefixes),
                Nlri::Link(_) => (nodes, links + 1, prefixes),
                Nlri::Prefix(_) => (nodes, links, prefixes + 1),
            }
        })
}

/// Applies every UPDATE; no attribute has a fault, and of the NLRI only SRv6 SIDs are left out.
fn play(rib: &mut AdjRib, messages: &[Vec<u8>]) -> usize {
    let mut skipped = 0;
    for message in messages {
        let Some(update) = update(message) else {
            continue;
        };
        let applied = apply(rib, &update);
        assert_eq!(applied.faults, []);
        assert!(
            applied.skips.iter().all(|skip| skip.nlri == 6),
            "{applied:?}"
        );
        assert_eq!(
            applied.announced + applied.skipped,
            update.announced.len(),
            "nothing is lost"
        );
        skipped += applied.skipped;
    }
    skipped
}

/// NLRI of real speakers are canonical: they come back octet by octet.
#[test]
fn real_nlri_encode_to_the_same_octets() {
    let mut seen = 0;
    for text in [FRR, GOBGP_3, GOBGP_4] {
        for update in lines(text).iter().filter_map(|line| update(line)) {
            for octets in update.announced.iter().chain(&update.withdrawn) {
                if let Ok(nlri) = Nlri::decode(octets) {
                    assert_eq!(nlri.encode().as_ref(), Ok(octets));
                    seen += 1;
                }
            }
        }
    }
    // 22 + 2 of FRR, 4 + 4 and 10 + 10 of GoBGP; two announced SRv6 SIDs left out.
    assert!(seen > 45, "{seen}");
}

#[test]
fn frr_isis_triangle() {
    let messages = lines(FRR);
    let mut rib = rib(Dialect::Standard);
    // To End-of-RIB: three routers, both directions of three links.
    assert_eq!(play(&mut rib, &messages[..17]), 0);
    assert_eq!(counts(&rib), (3, 6, 9));
    let conversion = convert(&[&rib], &domain("operator-1"), &members);
    assert_eq!(
        intra(&conversion),
        [
            "0000.0000.0001>0000.0000.0002 1000",
            "0000.0000.0001>0000.0000.0003 5000",
            "0000.0000.0002>0000.0000.0001 1000",
            "0000.0000.0002>0000.0000.0003 2000",
            "0000.0000.0003>0000.0000.0001 5000",
            "0000.0000.0003>0000.0000.0002 2000",
        ]
    );
    let topology = &conversion.topology;
    assert_eq!(topology.routers().len(), 3);
    let prefixes: Vec<String> = topology
        .prefixes()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        prefixes,
        [
            "10.0.0.1/32",
            "10.0.0.2/32",
            "10.0.0.3/32",
            "10.1.12.0/24",
            "10.1.13.0/24",
            "10.1.23.0/24"
        ]
    );
    // All three call themselves after the machine: a name is no id.
    let names: Vec<&str> = conversion.names.values().map(String::as_str).collect();
    assert_eq!(names, ["vm", "vm", "vm"]);

    // The link r2-r3 goes down, both ways.
    play(&mut rib, &messages[17..18]);
    assert_eq!(counts(&rib), (3, 4, 9));
    // It comes back; then metric and delay of r2-r1 change.
    play(&mut rib, &messages[18..]);
    assert_eq!(counts(&rib), (3, 6, 9));
    let conversion = convert(&[&rib], &domain("operator-1"), &members);
    assert_eq!(intra(&conversion)[2], "0000.0000.0002>0000.0000.0001 4242");
}

/// One link of FRR, every value as configured there.
#[test]
fn frr_link_attributes() {
    let message = lines(FRR).swap_remove(13);
    let update = update(&message).expect("an UPDATE");
    let decoded = Attribute::decode(&update.attribute.expect("29"), 100);
    let Attribute {
        admin_group,
        max_bandwidth,
        reservable_bandwidth,
        unreserved_bandwidth,
        te_metric,
        igp_metric,
        delay,
        min_max_delay,
        delay_variation,
        loss,
        residual_bandwidth,
        available_bandwidth,
        utilized_bandwidth,
        ..
    } = decoded.attribute;
    let bytes = |number: f64| Some(Bandwidth::from_bytes_per_second(number).expect("valid"));
    assert_eq!(admin_group, Some(0xa5));
    assert_eq!(max_bandwidth, bytes(1_250_000_000.0));
    assert_eq!(reservable_bandwidth, max_bandwidth);
    assert_eq!(unreserved_bandwidth.map(|levels| levels[0]), max_bandwidth);
    assert_eq!((te_metric, igp_metric), (Some(20), Some(20)));
    assert_eq!(delay.map(|d| d.delay.as_micros()), Some(1000.0));
    assert_eq!(
        min_max_delay.map(|d| (d.min.as_micros(), d.max.as_micros())),
        Some((900.0, 1200.0))
    );
    assert_eq!(delay_variation.map(|d| d.as_micros()), Some(50.0));
    // FRR was told 0.003 %.
    assert_eq!(loss.map(|l| (l.units, l.percent())), Some((1000, 0.003)));
    assert_eq!(residual_bandwidth, bytes(100_000_000.0));
    assert_eq!(available_bandwidth, bytes(90_000_000.0));
    assert_eq!(utilized_bandwidth, bytes(25_000_000.0));
}

/// GoBGP 3.10: the capture lists the withdrawals first, so all stays at the end; then they are
/// played again.
#[test]
fn gobgp_3_announces_and_withdraws() {
    let messages = lines(GOBGP_3);
    let mut rib = rib(Dialect::Standard);
    assert_eq!(play(&mut rib, &messages), 0);
    assert_eq!(counts(&rib), (2, 1, 1));
    let conversion = convert(&[&rib], &domain("AS65001"), &members);
    assert_eq!(intra(&conversion), ["0000.0000.0001>0000.0000.0002"]);
    let names: Vec<&str> = conversion.names.values().map(String::as_str).collect();
    assert_eq!(names, ["r1", "r2"]);
    let link = rib
        .entries()
        .find(|entry| matches!(entry.nlri, Nlri::Link(_)))
        .expect("a link");
    assert_eq!(link.attribute.srlgs, [100, 200]);
    assert_eq!(link.attribute.link_name.as_deref(), Some("r1-r2"));
    assert_eq!(link.attribute.igp_metric, Some(10));
    play(&mut rib, &messages);
    assert_eq!(counts(&rib), (2, 1, 1), "the same again");
    play(&mut rib, &messages[..4]);
    assert!(rib.is_empty());
    assert_eq!(rib.octets(), 0);
}

/// GoBGP 4.8: an inter-AS IGP link, a peering link (RFC 9086), and SRv6 SIDs in the way.
#[test]
fn gobgp_4_inter_as_links_and_srv6() {
    let messages = lines(GOBGP_4);
    let mut rib = rib(Dialect::Standard);
    let skipped = play(&mut rib, &messages[4..12]);
    assert_eq!(skipped, 1, "one SRv6 SID");
    assert_eq!(counts(&rib), (2, 3, 2));
    let conversion = convert(&[&rib], &domain("AS65003"), &members);
    assert_eq!(
        inter(&conversion),
        [
            "0000.0000.0001>AS65004:0000.0000.0002 1000",
            "2.2.2.2>AS65004:1.1.1.1"
        ]
    );
    assert_eq!(intra(&conversion), ["0000.0000.0011>0000.0000.0012 1000"]);
    let prefixes: Vec<String> = conversion
        .topology
        .prefixes()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(prefixes, ["198.51.100.0/24", "2001:db8:1::/64"]);
    let peering = |entry: &Entry| entry.nlri.source().protocol == ProtocolId::BGP;
    let peering = rib.entries().find(peering).expect("a peering link");
    let [sid] = &peering.attribute.peer_sids[..] else {
        panic!("one SID: {peering:?}");
    };
    assert_eq!(sid.kind, PeerSidKind::Node);
    assert_eq!(*sid.value, [0xc0, 1, 0, 0, 0, 3, 0xeb]);
    // The capture's first four messages withdraw them again; the SRv6 SID was never here.
    play(&mut rib, &messages[..4]);
    assert!(rib.is_empty());
}

/// Field captures that operators gave to ExaBGP: Junos, IOS XE, XR, others.
#[test]
fn exabgp_field_captures() {
    let Some(text) = shared("third-party/bgpls/exabgp-qa.hex") else {
        return;
    };
    let mut rib = rib(Dialect::Standard);
    for message in lines(&text) {
        let update = update(&message).expect("an UPDATE");
        let applied = apply(&mut rib, &update);
        assert_eq!((applied.announced, applied.skipped), (1, 0));
        assert_eq!(applied.faults, []);
    }
    // Two of the five are one link.
    assert_eq!(counts(&rib), (0, 4, 0));
    let entries: Vec<Entry> = rib.entries().collect();
    let of = |protocol, identifier| {
        let mut of = entries.iter().filter(move |entry| {
            let source = entry.nlri.source();
            (source.protocol, source.identifier) == (protocol, identifier)
        });
        of.next().expect("told")
    };
    let Nlri::Link(lan) = &of(ProtocolId::OSPF_V2, 0).nlri else {
        panic!("a link");
    };
    assert_eq!(
        lan.remote.igp_router_id.as_ref().map(ToString::to_string),
        Some("10.1.4.1:10.1.1.2".to_owned())
    );
    let junos = entries
        .iter()
        .filter(|entry| entry.attribute.other.iter().any(|tlv| tlv.kind == 1099));
    let sids: Vec<usize> = junos
        .map(|entry| {
            entry
                .attribute
                .other
                .iter()
                .filter(|t| t.kind == 1099)
                .count()
        })
        .collect();
    assert_eq!(sids, [2], "both adjacency SIDs are kept");
    let ids = entries.iter().find_map(|entry| entry.attribute.link_ids);
    let ids = ids.expect("XR sends 258 in the attribute");
    assert_eq!((ids.local, ids.remote), (0x172, 0x1bb));
    let topologies: Vec<u16> = entries
        .iter()
        .filter_map(|entry| match &entry.nlri {
            Nlri::Link(link) => Some(&link.link.topologies),
            _ => None,
        })
        .flatten()
        .copied()
        .collect();
    assert_eq!(topologies, [2], "IPv6 unicast of IS-IS");
}

/// Four nodes with one attribute.
#[test]
fn netgauze_shared_attribute() {
    let Some(text) = shared("third-party/bgpls/netgauze-tests.hex") else {
        return;
    };
    let messages = lines(&text);
    let mut rib = rib(Dialect::Standard);
    assert_eq!(play(&mut rib, &messages), 0);
    assert_eq!(counts(&rib), (4, 0, 0));
    assert!(
        rib.entries()
            .all(|entry| entry.attribute.node_flags == Some(0))
    );
    let topology = rib.to_topology(&domain("AS65000"), &members);
    let routers: Vec<&str> = topology.routers().iter().map(|r| r.as_str()).collect();
    assert_eq!(
        routers,
        [
            "100.100.100.1",
            "100.100.100.2",
            "100.100.100.255",
            "100.100.100.3"
        ]
    );
}

/// GoBGP's own vectors, some of them deliberately wrong.
#[test]
fn gobgp_nlri_vectors() {
    let Some(text) = shared("third-party/bgpls/gobgp-tests-nlri.hex") else {
        return;
    };
    let mut skips = BTreeMap::<Rule, usize>::new();
    let mut taken = 0;
    for octets in lines(&text) {
        match Nlri::decode(&octets) {
            Ok(nlri) => {
                taken += 1;
                let id = nlri.local().igp_router_id.as_ref();
                assert!(matches!(id, Some(IgpRouterId::IsoNode(_))), "{nlri:?}");
            }
            Err(skip) => *skips.entry(skip.fault.rule).or_default() += 1,
        }
    }
    // Cut off; prefixes without 265, with two of them, with 64 bits of 40; a link without remote
    // node; an SRv6 SID.
    assert_eq!(
        skips,
        BTreeMap::from([
            (Rule::Truncated, 1),
            (Rule::Repeated, 2),
            (Rule::NoRemoteNode, 1),
            (Rule::NoPrefix, 2),
            (Rule::PrefixLength, 2),
            (Rule::UnusedType, 1),
        ])
    );
    assert_eq!(taken + skips.values().sum::<usize>(), lines(&text).len());
}

#[test]
fn gobgp_attribute_vectors() {
    let Some(text) = shared("third-party/bgpls/gobgp-tests-attr29.hex") else {
        return;
    };
    let decoded = lines(&text).into_iter().map(|octets| {
        // With flags, type and a length of one or two octets.
        let head = if octets[0] & 0x10 == 0 { 3 } else { 4 };
        Attribute::decode(&octets[head..], 100)
    });
    let decoded: Vec<_> = decoded.collect();
    assert_eq!(decoded.len(), 39);
    assert!(decoded.iter().all(|one| !one.discarded));
    // 1091 with infinities, NaN and a negative number, one each.
    let faults: Vec<(u16, Rule)> = decoded
        .iter()
        .flat_map(|one| &one.faults)
        .map(|fault| (fault.tlv.expect("a TLV"), fault.rule))
        .collect();
    assert_eq!(faults, [(1091, Rule::Value); 4]);
    let least: Vec<_> = decoded
        .iter()
        .filter_map(|one| one.attribute.min_max_delay)
        .map(|d| (d.anomalous, d.min.as_micros(), d.max.as_micros()))
        .collect();
    assert_eq!(
        least,
        [
            (false, 8511.0, 8527.0),
            (true, 16_777_214.0, 16_777_215.0),
            (true, 1.0, 2.0),
            (false, 8511.0, 8527.0)
        ]
    );
}
