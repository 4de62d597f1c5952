//! From what peers tell to a domain's topology.

use idt::bgpls::{AdjRib, MAX_LAN_ROUTERS, convert};

use crate::support::{
    bgp_node, delay, domain, inter, intra, isis_link, isis_node, iso, members, nlri, node, tlv,
    told, topology,
};

fn float(kind: u16, bytes_per_second: f32) -> Vec<u8> {
    tlv(kind, &bytes_per_second.to_be_bytes())
}

fn routers(announced: &[(Vec<u8>, Vec<u8>)]) -> Vec<String> {
    let conversion = topology(announced);
    let routers = conversion.topology.routers().iter();
    routers.map(ToString::to_string).collect()
}

#[test]
fn a_half_link_is_one_way() {
    let conversion = topology(&[(isis_link(1, 2), delay(7))]);
    assert_eq!(intra(&conversion), ["0000.0000.0001>0000.0000.0002 7"]);
    assert_eq!(conversion.topology.routers().len(), 2);
}

#[test]
fn delay_is_the_average_else_the_least() {
    let both = [delay(7), tlv(1115, &[0, 0, 0, 3, 0, 0, 0, 9])].concat();
    let least = tlv(1115, &[0x80, 0, 0, 3, 0, 0, 0, 9]);
    let conversion = topology(&[(isis_link(1, 2), both), (isis_link(2, 1), least)]);
    assert_eq!(
        intra(&conversion),
        [
            "0000.0000.0001>0000.0000.0002 7",
            "0000.0000.0002>0000.0000.0001 3"
        ]
    );
}

/// Available, residual, reservable, all: each is taken when those before it are missing.
#[test]
fn bandwidth_is_the_closest_to_what_is_free() {
    let mut tlvs = vec![
        float(1089, 400.0),
        float(1090, 300.0),
        float(1118, 200.0),
        float(1119, 100.0),
    ];
    for bytes in [100, 200, 300, 400] {
        let conversion = topology(&[(isis_link(1, 2), tlvs.concat())]);
        let bandwidth = conversion.topology.intra_links()[0].bandwidth;
        assert_eq!(bandwidth.map(|b| b.bits_per_second()), Some(bytes * 8));
        tlvs.pop();
    }
    let conversion = topology(&[(isis_link(1, 2), float(1120, 50.0))]);
    assert_eq!(
        conversion.topology.intra_links()[0].bandwidth,
        None,
        "used is not free"
    );
}

/// RFC 9552 §5.10: a router that has a link to the LAN reaches all to which the LAN has one.
#[test]
fn routers_of_a_lan_are_joined_in_pairs() {
    let lan = [0, 0, 0, 0, 0, 1, 2];
    let to = |router: u8, micros| {
        let link = nlri(
            2,
            2,
            0,
            &[node(256, None, &iso(router)), node(257, None, &lan)],
        );
        (link, delay(micros))
    };
    let from = |router: u8| {
        let link = nlri(
            2,
            2,
            0,
            &[node(256, None, &lan), node(257, None, &iso(router))],
        );
        (link, tlv(1095, &[0, 0, 0]))
    };
    let conversion = topology(&[to(1, 10), to(2, 20), to(3, 30), from(1), from(2)]);
    assert_eq!(
        intra(&conversion),
        [
            "0000.0000.0001>0000.0000.0002 10",
            "0000.0000.0002>0000.0000.0001 20",
            "0000.0000.0003>0000.0000.0001 30",
            "0000.0000.0003>0000.0000.0002 30",
        ],
        "the LAN does not tell that 3 is there"
    );
    assert_eq!(
        conversion.topology.routers().len(),
        3,
        "the LAN is no router"
    );

    let wide =
        (1..=u8::try_from(MAX_LAN_ROUTERS).expect("small") + 1).flat_map(|r| [to(r, 1), from(r)]);
    let conversion = topology(&wide.collect::<Vec<_>>());
    assert_eq!(conversion.topology.intra_links(), []);
    assert_eq!(conversion.passed_over.wide_lans, 1);
}

/// RFC 9552 §5.11.
#[test]
fn ospf_lans_are_lans_too() {
    let router = |last: u8| [192, 0, 2, last];
    let lan = [192, 0, 2, 1, 198, 51, 100, 1];
    let link = |a: &[u8], b: &[u8]| {
        (
            nlri(2, 3, 0, &[node(256, None, a), node(257, None, b)]),
            delay(5),
        )
    };
    let conversion = topology(&[
        link(&router(1), &lan),
        link(&lan, &router(1)),
        link(&router(2), &lan),
        link(&lan, &router(2)),
    ]);
    assert_eq!(
        intra(&conversion),
        ["192.0.2.1>192.0.2.2 5", "192.0.2.2>192.0.2.1 5"]
    );
}

/// What both topologies, both levels or two protocols tell is one link; what the first of them
/// leaves out is taken from the next.
#[test]
fn one_link_told_twice_by_one_peer() {
    let link = |protocol, topology: Option<u8>| {
        let mut tlvs = vec![
            node(256, None, &iso(1)),
            node(257, None, &iso(2)),
            tlv(259, &[10, 0, 1, 2]),
            tlv(260, &[10, 0, 2, 1]),
        ];
        tlvs.extend(topology.map(|id| tlv(263, &[0, id])));
        nlri(2, protocol, 0, &tlvs)
    };
    let ipv6 = (link(1, Some(2)), delay(1));
    let level_2 = (link(2, None), delay(2));
    let level_1 = (link(1, None), float(1089, 100.0));
    let conversion = topology(&[ipv6.clone(), level_2.clone(), level_1.clone()]);
    assert_eq!(
        intra(&conversion),
        ["0000.0000.0001>0000.0000.0002 2"],
        "the default topology first, then the lower protocol, which tells no delay"
    );
    assert!(conversion.topology.intra_links()[0].bandwidth.is_some());
    assert_eq!(conversion.passed_over.repeated_links, 2);
    let conversion = topology(&[ipv6]);
    assert_eq!(intra(&conversion), ["0000.0000.0001>0000.0000.0002 1"]);
}

#[test]
fn parallel_links_are_told_apart_by_their_descriptors() {
    let link = |address: u8| {
        let ends = [node(256, None, &iso(1)), node(257, None, &iso(2))];
        let addresses = [tlv(259, &[10, 0, 0, address])];
        nlri(2, 2, 0, &[ends.concat(), addresses.concat()])
    };
    let conversion = topology(&[(link(1), delay(10)), (link(2), delay(20))]);
    assert_eq!(
        intra(&conversion),
        [
            "0000.0000.0001>0000.0000.0002 10",
            "0000.0000.0001>0000.0000.0002 20"
        ]
    );
    assert_eq!(conversion.passed_over.repeated_links, 0);
}

/// RFC 9552 §5.3.2.5: what a link to another domain shares risks with, by the first peer that tells it.
#[test]
fn shared_risk_link_groups_of_links_to_other_domains() {
    let peering = nlri(
        2,
        7,
        0,
        &[
            bgp_node(256, 1, [10, 0, 0, 1]),
            bgp_node(257, 2, [10, 0, 0, 2]),
            tlv(259, &[192, 0, 2, 1]),
            tlv(260, &[192, 0, 2, 2]),
        ],
    );
    let groups = |numbers: &[u32]| {
        let octets: Vec<u8> = numbers.iter().flat_map(|n| n.to_be_bytes()).collect();
        tlv(1096, &octets)
    };
    let silent = told(&[(peering.clone(), delay(5))]);
    let first = told(&[(peering.clone(), groups(&[200, 100, 200]))]);
    let second = told(&[(peering, groups(&[7]))]);
    let of = |peers: &[&AdjRib]| {
        let conversion = convert(peers, &domain("AS1"), &members);
        let [link] = conversion.topology.inter_links() else {
            panic!("one link")
        };
        link.srlgs.as_slice().to_vec()
    };
    assert_eq!(of(&[&first]), [100, 200]);
    assert_eq!(of(&[&first, &second]), [100, 200]);
    assert_eq!(of(&[&silent, &second]), [7]);
    assert!(of(&[&silent]).is_empty());
    // Within the domain nobody asks.
    let within = (isis_link(1, 2), groups(&[9]));
    assert_eq!(intra(&topology(&[within])).len(), 1);
}

/// RFC 8571: what is measured of a link to another domain, each by the first that tells it; residual and available
/// bandwidth by the one whose bandwidth counts.
#[test]
fn what_else_is_measured_of_links_to_other_domains() {
    let peering = nlri(
        2,
        7,
        0,
        &[
            bgp_node(256, 1, [10, 0, 0, 1]),
            bgp_node(257, 2, [10, 0, 0, 2]),
        ],
    );
    let first = [
        tlv(1115, &[0, 0, 0, 3, 0, 0, 0, 9]),
        tlv(1117, &[0x80, 0, 3, 0xe8]),
        float(1089, 400.0),
    ];
    let second = [
        tlv(1115, &[0, 0, 0, 4, 0, 0, 0, 5]),
        tlv(1116, &[0, 0, 0, 2]),
        tlv(1117, &[0, 0, 0, 1]),
        float(1118, 200.0),
        float(1119, 100.0),
    ];
    let first = told(&[(peering.clone(), first.concat())]);
    let second = told(&[(peering.clone(), second.concat())]);
    let of = |peers: &[&AdjRib]| {
        let conversion = convert(peers, &domain("AS1"), &members);
        let [link] = conversion.topology.inter_links() else {
            panic!("one link")
        };
        let bits = |bandwidth: Option<nffg::Bandwidth>| bandwidth.map(|b| b.bits_per_second() / 8);
        let micros = |delay: Option<nffg::Delay>| delay.map(|delay| delay.as_nanos() / 1000);
        let told = &link.performance;
        (
            [told.delay_min, told.delay_max, told.delay_variation].map(micros),
            told.loss.map(|loss| loss.billionths()),
            [
                link.bandwidth,
                told.residual_bandwidth,
                told.available_bandwidth,
            ]
            .map(bits),
        )
    };
    let alone = (
        [Some(3), Some(9), None],
        Some(30_000),
        [Some(400), None, None],
    );
    assert_eq!(of(&[&first]), alone);
    let both = ([Some(3), Some(9), Some(2)], Some(30_000), alone.2);
    assert_eq!(of(&[&first, &second]), both);
    let turned = (
        [Some(4), Some(5), Some(2)],
        Some(30),
        [Some(100), Some(200), Some(100)],
    );
    assert_eq!(of(&[&second, &first]), turned);
    // RFC 7471 §4.3.4: 0 has not been measured.
    let none = told(&[(peering, tlv(1116, &[0; 4]))]);
    assert_eq!(of(&[&none]), ([None; 3], None, [None; 3]));
    // Within the domain nobody asks.
    let within = (isis_link(1, 2), tlv(1117, &[0, 0, 0, 1]));
    assert_eq!(intra(&topology(&[within])).len(), 1);
}

/// Two peers of one domain: the first in order wins, unless it has gone and the other has not.
#[test]
fn one_link_told_by_two_peers() {
    let first = told(&[(isis_link(1, 2), delay(1))]);
    let second = told(&[(isis_link(1, 2), delay(2)), (isis_link(2, 1), delay(3))]);
    let links = |peers: &[&AdjRib]| intra(&convert(peers, &domain("AS1"), &members));
    assert_eq!(
        links(&[&first, &second]),
        [
            "0000.0000.0001>0000.0000.0002 1",
            "0000.0000.0002>0000.0000.0001 3"
        ]
    );
    assert_eq!(
        links(&[&second, &first])[0],
        "0000.0000.0001>0000.0000.0002 2"
    );
    let mut gone = first.clone();
    gone.mark_stale();
    assert_eq!(
        links(&[&gone, &second])[0],
        "0000.0000.0001>0000.0000.0002 2"
    );
    assert_eq!(links(&[&gone]), ["0000.0000.0001>0000.0000.0002 1"]);
}

/// An area border router is one router, and an L1L2 router too; instances are worlds apart.
#[test]
fn a_router_is_its_id_within_protocol_instance_and_as() {
    let ospf = |identifier, area: u32| {
        let inner = [tlv(514, &area.to_be_bytes()), tlv(515, &[10, 0, 0, 1])].concat();
        (nlri(1, 3, identifier, &[tlv(256, &inner)]), Vec::new())
    };
    assert_eq!(routers(&[ospf(0, 0), ospf(0, 1)]), ["10.0.0.1"]);
    let isis = |protocol| {
        (
            nlri(1, protocol, 0, &[node(256, None, &iso(1))]),
            Vec::new(),
        )
    };
    assert_eq!(routers(&[isis(1), isis(2)]), ["0000.0000.0001"]);
    assert_eq!(
        routers(&[ospf(0, 0), ospf(7, 0)]),
        ["10.0.0.1", "10.0.0.1@ospfv2.7"]
    );
}

/// RFC 9552 §5.12: two protocols on one router, known by its IPv4 Router-ID.
#[test]
fn a_shared_ipv4_router_id_makes_one_router() {
    let te_id = tlv(1028, &[10, 0, 0, 1]);
    let isis = (isis_node(1), te_id.clone());
    let ospf = (
        nlri(1, 3, 0, &[node(256, None, &[192, 0, 2, 1])]),
        te_id.clone(),
    );
    assert_eq!(routers(&[isis.clone(), ospf]), ["192.0.2.1"]);
    // Within one protocol it makes none: somebody has configured it twice.
    assert_eq!(routers(&[isis, (isis_node(2), te_id)]).len(), 2);
    // And no address is no id.
    let none = tlv(1028, &[0; 4]);
    let ospf = (
        nlri(1, 3, 0, &[node(256, None, &[192, 0, 2, 1])]),
        none.clone(),
    );
    assert_eq!(routers(&[(isis_node(1), none), ospf]).len(), 2);
}

/// RFC 9086: the peering link starts at the IGP's router, and is called as the neighbour calls it.
#[test]
fn rfc9086_4_peering_links_join_the_igp() {
    let peering = nlri(
        2,
        7,
        0,
        &[
            bgp_node(256, 1, [10, 0, 0, 1]),
            bgp_node(257, 2, [10, 0, 0, 2]),
            tlv(259, &[192, 0, 2, 1]),
            tlv(260, &[192, 0, 2, 2]),
        ],
    );
    let conversion = topology(&[
        (isis_node(1), tlv(1028, &[10, 0, 0, 1])),
        (isis_link(1, 2), Vec::new()),
        (peering, delay(9)),
    ]);
    assert_eq!(inter(&conversion), ["10.0.0.1>AS2:10.0.0.2 9"]);
    assert_eq!(intra(&conversion), ["10.0.0.1>0000.0000.0002"]);
    assert_eq!(conversion.topology.routers().len(), 2);
}

fn as_link(local: Option<u32>, remote: Option<u32>) -> (Vec<u8>, Vec<u8>) {
    let link = nlri(
        2,
        2,
        0,
        &[node(256, local, &iso(1)), node(257, remote, &iso(2))],
    );
    (link, Vec::new())
}

#[test]
fn the_ases_of_a_link_tell_where_it_leads() {
    const NOBODY: u32 = 100_000;
    let of = |local, remote| {
        let conversion = topology(&[as_link(local, remote)]);
        let passed = conversion.passed_over.clone();
        (
            conversion.topology.intra_links().len(),
            inter(&conversion).concat(),
            passed.of_others + passed.unknown_as,
        )
    };
    let outside = "0000.0000.0001>AS2:0000.0000.0002".to_owned();
    assert_eq!(of(None, None), (1, String::new(), 0), "FRR tells none");
    assert_eq!(of(Some(1), Some(1)), (1, String::new(), 0));
    assert_eq!(of(Some(1), None), (1, String::new(), 0));
    assert_eq!(of(Some(1), Some(2)), (0, outside.clone(), 0));
    assert_eq!(of(None, Some(2)), (0, outside.clone(), 0));
    // The domain may have an AS that the settings do not know.
    assert_eq!(of(Some(NOBODY), Some(NOBODY)), (1, String::new(), 0));
    assert_eq!(of(Some(NOBODY), Some(2)), (0, outside, 0));
    // Towards nobody, from nobody, and what is another's to tell.
    assert_eq!(of(Some(1), Some(NOBODY)), (0, String::new(), 1));
    assert_eq!(of(Some(NOBODY), Some(1)), (0, String::new(), 1));
    assert_eq!(of(Some(2), Some(1)), (0, String::new(), 1));
    assert_eq!(of(Some(2), Some(2)), (0, String::new(), 1));
    let conversion = topology(&[as_link(Some(1), Some(NOBODY))]);
    assert!(conversion.passed_over.unknown_ases.contains(&NOBODY));
}

#[test]
fn prefixes_are_the_domains_own_without_host_bits() {
    let prefix = |kind, asn, value: &[u8]| {
        let tlvs = [node(256, asn, &iso(1)), tlv(265, value)];
        (nlri(kind, 2, 0, &tlvs), Vec::new())
    };
    let conversion = topology(&[
        prefix(3, None, &[20, 10, 1, 0xff]),
        prefix(3, Some(2), &[8, 11]),
        prefix(3, None, &[0]),
        prefix(4, None, &[16, 0x20, 0x01]),
    ]);
    let prefixes: Vec<String> = conversion
        .topology
        .prefixes()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(prefixes, ["10.1.240.0/20", "2001::/16"]);
    assert_eq!(conversion.passed_over.default_routes, 1);
    assert_eq!(conversion.passed_over.of_others, 1);
}

#[test]
fn what_has_no_name_is_counted() {
    let nameless = nlri(1, 2, 0, &[tlv(256, &tlv(514, &[0; 4]))]);
    let looped = nlri(
        2,
        2,
        0,
        &[node(256, None, &iso(1)), node(257, None, &iso(1))],
    );
    let conversion = topology(&[(nameless, Vec::new()), (looped, Vec::new())]);
    assert_eq!(conversion.passed_over.nameless, 1);
    assert_eq!(conversion.passed_over.loops, 1);
    assert_eq!(conversion.topology.intra_links(), []);
}

/// A router id that the whole world claims, and a router that claims the whole world.
#[test]
fn joining_routers_is_bounded_work() {
    let mut announced: Vec<(Vec<u8>, Vec<u8>)> = (0..20_000_u32)
        .map(|number| {
            let octets = nlri(1, 2, u64::from(number), &[node(256, None, &iso(1))]);
            let ids = [tlv(1028, &[10, 0, 0, 1]), tlv(1028, &number.to_be_bytes())];
            (octets, ids.concat())
        })
        .collect();
    let claims = (0..900_u32).map(|number| tlv(1028, &number.to_be_bytes()));
    announced.push((isis_node(9), claims.collect::<Vec<_>>().concat()));
    let conversion = topology(&announced);
    // Of the last one's ids sixteen are looked at, and a router is in sixteen spaces at most.
    let joined = announced.len() - conversion.topology.routers().len();
    assert!((1..=16).contains(&joined), "{joined}");
}

/// A chain of ids must not join what no single id may join.
#[test]
fn two_routers_of_one_protocol_are_never_joined_through_a_third() {
    let id = |last: u8| tlv(1028, &[10, 0, 0, last]);
    let ospf = nlri(1, 3, 0, &[node(256, None, &[192, 0, 2, 1])]);
    let both = [id(1), id(2)].concat();
    let routers = routers(&[(isis_node(1), id(1)), (isis_node(2), id(2)), (ospf, both)]);
    assert_eq!(routers, ["0000.0000.0002", "192.0.2.1"]);
}
