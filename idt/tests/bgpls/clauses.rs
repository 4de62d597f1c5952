//! One test per requirement, named after it.

use std::net::{Ipv4Addr, Ipv6Addr};

use idt::bgpls::{Attribute, Decoded, IgpRouterId, Nlri, Rule, Skip, split_nlris};

use crate::support::{bgp_node, delay, isis_link, isis_node, iso, nlri, node, rib, tlv};

fn rule(octets: &[u8]) -> (Rule, usize, Option<u16>) {
    let Skip { fault, .. } = Nlri::decode(octets).expect_err("a fault");
    (fault.rule, fault.offset, fault.tlv)
}

fn attribute(tlvs: &[Vec<u8>]) -> Decoded {
    Attribute::decode(&tlvs.concat(), 1_000)
}

/// The only fault of these TLVs, which is a fault of one TLV.
fn fault(tlvs: &[Vec<u8>]) -> (Option<u16>, Rule) {
    let decoded = attribute(tlvs);
    assert!(!decoded.discarded);
    let [fault] = &decoded.faults[..] else {
        panic!("one fault: {decoded:?}");
    };
    (fault.tlv, fault.rule)
}

#[test]
fn rfc9552_5_1_unknown_tlvs_are_kept_and_are_no_fault() {
    let link = nlri(
        2,
        2,
        0,
        &[
            node(256, None, &iso(1)),
            node(257, None, &iso(2)),
            tlv(264, &[1]),
            tlv(5_000, b"x"),
        ],
    );
    let decoded = Nlri::decode(&link).expect("taken");
    assert_eq!(decoded.encode().as_ref(), Ok(&link));
    let Nlri::Link(decoded) = decoded else {
        panic!("a link");
    };
    let kinds: Vec<u16> = decoded.other.iter().map(|tlv| tlv.kind).collect();
    assert_eq!(kinds, [264, 5_000]);
    let decoded = attribute(&[tlv(1099, &[1]), tlv(1099, &[2]), tlv(65_000, b"")]);
    assert_eq!(decoded.faults, []);
    assert_eq!(decoded.attribute.other.len(), 3);
}

#[test]
fn rfc9552_5_1_tlvs_of_an_nlri_must_ascend() {
    let (local, remote) = (node(256, None, &iso(1)), node(257, None, &iso(2)));
    let unordered = nlri(2, 2, 0, &[remote.clone(), local.clone()]);
    assert_eq!(
        rule(&unordered),
        (Rule::Order, 13 + remote.len(), Some(256))
    );
    // Equal types ascend by length, then by value.
    let addresses = |one: u8, other: u8| {
        let addresses = [tlv(259, &[10, 0, 0, one]), tlv(259, &[10, 0, 0, other])];
        nlri(
            2,
            2,
            0,
            &[local.clone(), remote.clone(), addresses.concat()],
        )
    };
    assert!(Nlri::decode(&addresses(1, 2)).is_ok());
    assert_eq!(rule(&addresses(2, 1)).0, Rule::Order);
    // Within a node descriptor too (§5.2.1.4).
    let swapped = [tlv(515, &iso(1)), tlv(512, &[0, 0, 0, 1])].concat();
    let swapped = nlri(1, 2, 0, &[tlv(256, &swapped)]);
    assert_eq!(rule(&swapped), (Rule::Order, 27, Some(512)));
}

#[test]
fn rfc9552_5_1_tlvs_of_the_attribute_may_come_in_any_order() {
    let decoded = attribute(&[delay(7), tlv(1092, &[0, 0, 0, 1]), tlv(258, &[0; 8])]);
    assert_eq!(decoded.faults, []);
    assert_eq!(decoded.attribute.te_metric, Some(1));
}

#[test]
fn rfc9552_5_2_unknown_nlri_types_are_passed_over() {
    for kind in [0, 5, 6, 7, 99, 65_535] {
        let (fault, offset, tlv) = rule(&nlri(kind, 2, 0, &[]));
        assert_eq!((fault, offset, tlv), (Rule::UnusedType, 0, None));
    }
}

#[test]
fn rfc9552_5_2_any_protocol_and_instance() {
    for protocol in [0, 1, 7, 9, 200, 255] {
        let octets = nlri(1, protocol, u64::MAX, &[node(256, None, &iso(1))]);
        let decoded = Nlri::decode(&octets).expect("taken");
        assert_eq!(decoded.source().protocol.0, protocol);
        assert_eq!(decoded.source().identifier, u64::MAX);
    }
}

#[test]
fn rfc9552_5_2_1_2_a_local_node_is_mandatory() {
    let remote = node(257, None, &iso(2));
    for kind in [1, 2, 3, 4] {
        let octets = nlri(kind, 2, 0, std::slice::from_ref(&remote));
        assert_eq!(rule(&octets).0, Rule::NoLocalNode, "type {kind}");
    }
}

#[test]
fn rfc9552_5_2_1_3_a_remote_node_is_mandatory_in_links() {
    let octets = nlri(2, 2, 0, &[node(256, None, &iso(1))]);
    assert_eq!(rule(&octets).0, Rule::NoRemoteNode);
}

#[test]
fn rfc9552_5_2_1_4_at_most_one_of_each_descriptor() {
    let twice = tlv(515, &iso(1)).repeat(2);
    let octets = nlri(1, 2, 0, &[tlv(256, &twice)]);
    assert_eq!(rule(&octets), (Rule::Repeated, 27, Some(515)));
    let unknown = tlv(600, b"").repeat(2);
    let octets = nlri(1, 2, 0, &[tlv(256, &unknown)]);
    assert_eq!(rule(&octets).0, Rule::Repeated);
    let local = node(256, None, &iso(1)).repeat(2);
    assert_eq!(rule(&nlri(1, 2, 0, &[local])).0, Rule::Repeated);
}

#[test]
fn rfc9552_5_2_1_4_every_descriptor_is_optional() {
    let octets = nlri(1, 2, 0, &[tlv(256, &[])]);
    assert!(Nlri::decode(&octets).is_ok());
}

#[test]
fn rfc9552_5_2_1_4_router_ids_by_their_length() {
    let text = |value: &[u8]| {
        let octets = nlri(1, 2, 0, &[node(256, None, value)]);
        let decoded = Nlri::decode(&octets).expect("taken");
        assert_eq!(decoded.encode().as_ref(), Ok(&octets));
        let id: Option<&IgpRouterId> = decoded.local().igp_router_id.as_ref();
        id.expect("told").to_string()
    };
    assert_eq!(text(&[192, 0, 2, 1]), "192.0.2.1");
    assert_eq!(text(&[0x19, 0x20, 0, 0, 0x20, 1]), "1920.0000.2001");
    assert_eq!(text(&[0x19, 0x20, 0, 0, 0x20, 1, 2]), "1920.0000.2001.02");
    assert_eq!(
        text(&[192, 0, 2, 1, 198, 51, 100, 1]),
        "192.0.2.1:198.51.100.1"
    );
    let v6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    assert_eq!(text(&v6), "2001:db8::1");
    assert_eq!(text(&[0xab, 0xc]), "ab0c");
    let empty = nlri(1, 2, 0, &[node(256, None, &[])]);
    assert_eq!(rule(&empty).0, Rule::Length);
}

#[test]
fn rfc9552_5_2_2_link_descriptors() {
    let v6 = |last: u8| {
        let mut octets = [0; 16];
        octets[15] = last;
        octets
    };
    let octets = nlri(
        2,
        3,
        0,
        &[
            node(256, None, &[10, 0, 0, 1]),
            node(257, None, &[10, 0, 0, 2]),
            tlv(258, &[0, 0, 0, 1, 0, 0, 0, 2]),
            tlv(259, &[192, 0, 2, 1]),
            tlv(260, &[192, 0, 2, 2]),
            tlv(261, &v6(1)),
            tlv(262, &v6(2)),
            tlv(263, &[0xf0, 2]),
        ],
    );
    let Ok(Nlri::Link(decoded)) = Nlri::decode(&octets) else {
        panic!("a link");
    };
    let link = decoded.link;
    assert_eq!(link.ids.map(|ids| (ids.local, ids.remote)), Some((1, 2)));
    assert_eq!(link.ipv4_interface, [Ipv4Addr::new(192, 0, 2, 1)]);
    assert_eq!(link.ipv4_neighbour, [Ipv4Addr::new(192, 0, 2, 2)]);
    assert_eq!(link.ipv6_interface, [Ipv6Addr::from(v6(1))]);
    assert_eq!(link.ipv6_neighbour, [Ipv6Addr::from(v6(2))]);
    // §5.2.2.1: the reserved bits are ignored on receipt.
    assert_eq!(link.topologies, [2]);
    for (kind, length) in [
        (258, 7),
        (259, 5),
        (260, 16),
        (261, 4),
        (262, 0),
        (263, 3),
        (263, 0),
    ] {
        let ends = [
            node(256, None, &[10, 0, 0, 1]),
            node(257, None, &[10, 0, 0, 2]),
        ];
        let octets = nlri(2, 3, 0, &[ends.concat(), tlv(kind, &vec![0; length])]);
        assert_eq!(rule(&octets).0, Rule::Length, "{kind}");
    }
}

#[test]
fn rfc9552_5_2_3_2_prefixes() {
    let prefix = |kind: u16, value: &[u8]| {
        let octets = nlri(kind, 2, 0, &[node(256, None, &iso(1)), tlv(265, value)]);
        match Nlri::decode(&octets) {
            Ok(Nlri::Prefix(decoded)) => Ok(decoded.prefix.to_string()),
            Ok(other) => panic!("{other:?}"),
            Err(skip) => Err(skip.fault.rule),
        }
    };
    assert_eq!(prefix(3, &[0]).as_deref(), Ok("0.0.0.0/0"));
    assert_eq!(
        prefix(3, &[20, 10, 1, 0xff]).as_deref(),
        Ok("10.1.240.0/20")
    );
    assert_eq!(prefix(3, &[32, 10, 0, 0, 1]).as_deref(), Ok("10.0.0.1/32"));
    assert_eq!(
        prefix(4, &[33, 0x20, 1, 0xd, 0xb8, 0x80]).as_deref(),
        Ok("2001:db8:8000::/33")
    );
    // More octets than needed are host bits.
    assert_eq!(prefix(3, &[8, 10, 1, 2, 3]).as_deref(), Ok("10.0.0.0/8"));
    assert_eq!(prefix(3, &[33, 10, 0, 0, 1, 0]), Err(Rule::PrefixLength));
    assert_eq!(prefix(3, &[8, 10, 0, 0, 0, 0]), Err(Rule::PrefixLength));
    assert_eq!(prefix(3, &[24, 10, 0]), Err(Rule::PrefixLength));
    assert_eq!(prefix(4, &[129]), Err(Rule::PrefixLength));
    assert_eq!(prefix(4, &[255; 17]), Err(Rule::PrefixLength));
    assert_eq!(prefix(3, &[]), Err(Rule::Length));
    let none = nlri(3, 2, 0, &[node(256, None, &iso(1))]);
    assert_eq!(rule(&none).0, Rule::NoPrefix);
}

#[test]
fn rfc9552_5_3_1_3_a_name_that_is_no_utf8_is_shown_as_well_as_can_be() {
    let decoded = attribute(&[tlv(1026, b"r\xe9seau")]);
    assert_eq!(decoded.faults, []);
    assert_eq!(
        decoded.attribute.node_name.as_deref(),
        Some("r\u{fffd}seau")
    );
    assert_eq!(
        fault(&[tlv(1026, &[b'x'; 256])]),
        (Some(1026), Rule::Length)
    );
}

#[test]
fn rfc9552_5_3_1_node_attributes() {
    let decoded = attribute(&[
        tlv(263, &[0x40, 2, 0, 0]),
        tlv(1024, &[0x80]),
        tlv(1027, &[0x49, 0, 1]),
        tlv(1027, &[0x49, 0, 2]),
        tlv(1028, &[10, 0, 0, 1]),
        tlv(1028, &[10, 0, 0, 2]),
        tlv(1029, &[0; 16]),
    ]);
    assert_eq!(decoded.faults, []);
    let node = decoded.attribute;
    assert_eq!(node.topologies, [2, 0]);
    assert_eq!(node.node_flags, Some(0x80));
    assert_eq!(node.areas.len(), 2);
    assert_eq!((node.local_ipv4.len(), node.local_ipv6.len()), (2, 1));
    assert_eq!(fault(&[tlv(1024, &[])]), (Some(1024), Rule::Length));
    assert_eq!(fault(&[tlv(1028, &[0; 16])]), (Some(1028), Rule::Length));
}

#[test]
fn rfc9552_5_3_2_3_te_metric_of_four_octets_and_of_three() {
    let metric = |value: &[u8]| attribute(&[tlv(1092, value)]).attribute.te_metric;
    assert_eq!(metric(&[0, 0, 1, 2]), Some(0x102));
    assert_eq!(metric(&[0, 1, 2]), Some(0x102), "as IS-IS has it");
    assert_eq!(fault(&[tlv(1092, &[1, 2])]), (Some(1092), Rule::Length));
}

#[test]
fn rfc9552_5_3_2_4_igp_metric_of_one_two_and_three_octets() {
    let metric = |value: &[u8]| attribute(&[tlv(1095, value)]).attribute.igp_metric;
    assert_eq!(metric(&[0xc5]), Some(5), "two bits are ignored");
    assert_eq!(metric(&[1, 0]), Some(256));
    assert_eq!(metric(&[1, 0, 0]), Some(65_536));
    for length in [0, 4] {
        let wrong = tlv(1095, &vec![0; length]);
        assert_eq!(fault(&[wrong]), (Some(1095), Rule::Length));
    }
}

#[test]
fn rfc9552_5_3_2_5_shared_risk_link_groups() {
    let groups = tlv(1096, &[0, 0, 0, 1, 0, 0, 0, 2]);
    assert_eq!(attribute(&[groups]).attribute.srlgs, [1, 2]);
    assert_eq!(fault(&[tlv(1096, &[0; 5])]), (Some(1096), Rule::Length));
}

/// RFC 5305 §3.4: IEEE floating point in bytes per second. What is no amount costs its TLV alone.
#[test]
fn rfc9552_5_3_2_bandwidths_that_are_no_amounts_are_left_out() {
    let float = |kind, value: f32| tlv(kind, &value.to_be_bytes());
    let decoded = attribute(&[float(1089, 125e6), float(1090, 0.0), float(1118, -0.0)]);
    assert_eq!(decoded.faults, []);
    let bits = decoded.attribute.max_bandwidth.map(|b| b.bits_per_second());
    assert_eq!(bits, Some(1_000_000_000));
    for kind in [1089, 1090, 1118, 1119, 1120] {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, f32::MAX] {
            let decoded = attribute(&[float(kind, value), delay(7)]);
            assert_eq!(decoded.faults.len(), 1, "{kind} {value}");
            assert_eq!(decoded.faults[0].rule, Rule::Value);
            assert!(decoded.attribute.delay.is_some(), "the others stay");
        }
    }
    let mut levels = [1.0_f32; 8].map(f32::to_be_bytes);
    assert!(attribute(&[tlv(1091, &levels.concat())]).faults.is_empty());
    levels[5] = f32::NAN.to_be_bytes();
    assert_eq!(
        fault(&[tlv(1091, &levels.concat())]),
        (Some(1091), Rule::Value)
    );
    assert_eq!(fault(&[tlv(1091, &[0; 28])]), (Some(1091), Rule::Length));
}

#[test]
fn rfc9552_5_3_the_first_of_what_may_be_told_once_counts() {
    let twice = [delay(7), delay(9)];
    assert_eq!(fault(&twice), (Some(1114), Rule::Repeated));
    let delay = attribute(&twice).attribute.delay.expect("told");
    assert_eq!(delay.delay.as_micros(), 7.0);
}

#[test]
fn rfc9552_5_3_3_4_prefix_metric() {
    let metric = attribute(&[tlv(1155, &[0, 0, 0, 9]), tlv(1153, &[0; 4])]);
    assert_eq!(metric.attribute.prefix_metric, Some(9));
    assert_eq!(metric.faults, []);
}

/// Every NLRI of the message but the bad ones is taken, wherever they stand.
#[test]
fn rfc9552_8_2_2_nlri_discard_never_costs_a_neighbour() {
    let bad = [
        nlri(99, 2, 0, &[]),
        nlri(1, 2, 0, &[]),
        nlri(2, 2, 0, &[node(256, None, &iso(1))]),
        nlri(
            3,
            2,
            0,
            &[node(256, None, &iso(1)), tlv(265, &[33, 1, 2, 3, 4, 5])],
        ),
        nlri(1, 2, 0, &[tlv(256, &[2, 0, 0, 9, 1])]),
        nlri(1, 2, 0, &[vec![1, 0, 0, 99]]),
        vec![0, 1, 0, 2, 2, 0],
    ];
    let field: Vec<Vec<u8>> = (1..)
        .zip(&bad)
        .flat_map(|(number, bad)| [isis_node(number), bad.clone()])
        .collect();
    let field = field.concat();
    let split: Result<Vec<&[u8]>, Skip> = split_nlris(&field).collect();
    let applied = rib(idt::bgpls::Dialect::Standard).apply(&split.expect("well framed"), &[], None);
    assert_eq!((applied.announced, applied.skipped), (7, 7));
    let rules: Vec<Rule> = applied.skips.iter().map(|skip| skip.fault.rule).collect();
    assert_eq!(
        rules,
        [
            Rule::UnusedType,
            Rule::NoLocalNode,
            Rule::NoRemoteNode,
            Rule::PrefixLength,
            Rule::Truncated,
            Rule::Truncated,
            Rule::Truncated
        ]
    );
    assert_eq!(
        applied.skips[4].to_string(),
        "NLRI of type 1: TLV 512 at octet 17: it ends before its length says"
    );
}

#[test]
fn rfc9552_8_2_2_an_nlri_that_runs_over_ends_the_field() {
    let field = [isis_node(1), isis_node(2), vec![0, 2, 0, 200, 1]].concat();
    let split: Vec<_> = split_nlris(&field).collect();
    assert_eq!(split[0], Ok(&*isis_node(1)));
    assert_eq!(split[1], Ok(&*isis_node(2)));
    let skip = split[2].expect_err("it runs over");
    assert_eq!((skip.nlri, skip.fault.offset), (2, 2 * isis_node(1).len()));
    assert_eq!(split.len(), 3);
}

/// *Attribute discard* is of all TLVs: those before the fault are not used either.
#[test]
fn rfc9552_8_2_2_attribute_discard_keeps_the_nlri() {
    for overrun in [&[4, 90, 0, 5, 0][..], &[4, 90, 0], &[4]] {
        let octets = [&delay(230)[..], overrun].concat();
        let decoded = Attribute::decode(&octets, 100);
        assert!(decoded.discarded);
        assert_eq!(decoded.attribute, Attribute::default());
        assert_eq!(decoded.faults[0].offset, delay(230).len());
        let mut rib = rib(idt::bgpls::Dialect::Standard);
        let applied = rib.apply(&[&isis_link(1, 2)], &[], Some(&octets));
        assert!(applied.attribute_discarded);
        assert_eq!(applied.announced, 1);
        assert_eq!(
            rib.entries().next().expect("kept").attribute,
            Attribute::default()
        );
    }
}

#[test]
fn rfc8571_2_1_unidirectional_link_delay() {
    let read = |octets: [u8; 4]| {
        let delay = attribute(&[tlv(1114, &octets)])
            .attribute
            .delay
            .expect("told");
        (delay.delay.as_micros(), delay.anomalous)
    };
    assert_eq!(read([0, 0, 0, 230]), (230.0, false));
    assert_eq!(read([0x80, 0, 0, 230]), (230.0, true));
    assert_eq!(
        read([0x7f, 0xff, 0xff, 0xff]),
        (16_777_215.0, false),
        "reserved bits"
    );
    assert_eq!(fault(&[tlv(1114, &[0; 3])]), (Some(1114), Rule::Length));
}

#[test]
fn rfc8571_2_2_min_max_delay_has_its_flag_on_the_first_word() {
    let read = |octets: [u8; 8]| {
        let d = attribute(&[tlv(1115, &octets)])
            .attribute
            .min_max_delay
            .expect("told");
        (d.min.as_micros(), d.max.as_micros(), d.anomalous)
    };
    assert_eq!(read([0x80, 0, 0, 1, 0, 0, 0, 2]), (1.0, 2.0, true));
    assert_eq!(read([0, 0, 0, 1, 0xff, 0, 0, 2]), (1.0, 2.0, false));
    assert_eq!(fault(&[tlv(1115, &[0; 4])]), (Some(1115), Rule::Length));
}

#[test]
fn rfc8571_2_3_delay_variation_has_no_flag() {
    let variation = attribute(&[tlv(1116, &[0xff, 0, 0, 9])])
        .attribute
        .delay_variation;
    assert_eq!(variation.map(|d| d.as_micros()), Some(9.0));
}

#[test]
fn rfc8571_2_4_loss_in_millionths_of_three_percent() {
    let read = |octets: [u8; 4]| {
        let loss = attribute(&[tlv(1117, &octets)])
            .attribute
            .loss
            .expect("told");
        (loss.percent(), loss.anomalous)
    };
    assert_eq!(read([0, 0, 3, 0xe8]), (0.003, false));
    assert_eq!(read([0x80, 0, 0, 0]), (0.0, true));
    // RFC 7471 §4.4.5: the largest is 2^24 - 2.
    assert_eq!(read([0, 0xff, 0xff, 0xfe]).0, 50.331_642);
}

#[test]
fn rfc8571_2_5_to_2_7_bandwidths_in_bytes_per_second() {
    let float = |kind| tlv(kind, &1e6_f32.to_be_bytes());
    let link = attribute(&[float(1118), float(1119), float(1120)]).attribute;
    for told in [
        link.residual_bandwidth,
        link.available_bandwidth,
        link.utilized_bandwidth,
    ] {
        assert_eq!(told.map(|b| b.bits_per_second()), Some(8_000_000));
    }
}

#[test]
fn rfc9086_4_1_bgp_router_id_and_member_as() {
    let inner = [
        tlv(512, &[0, 0, 0, 1]),
        tlv(516, &[1, 1, 1, 1]),
        tlv(517, &[0, 0, 0xff, 0]),
    ];
    let octets = nlri(1, 7, 0, &[tlv(256, &inner.concat())]);
    let decoded = Nlri::decode(&octets).expect("taken");
    assert_eq!(decoded.local().bgp_router_id, Some([1, 1, 1, 1].into()));
    assert_eq!(decoded.local().member_asn, Some(0xff00));
    assert_eq!(decoded.encode().as_ref(), Ok(&octets));
    let plain = nlri(1, 7, 0, &[bgp_node(256, 1, [1, 1, 1, 1])]);
    assert!(Nlri::decode(&plain).is_ok());
}

fn asla(standard: &[u8], own: &[u8], nested: &[Vec<u8>]) -> Vec<u8> {
    let length = |mask: &[u8]| u8::try_from(mask.len()).expect("short");
    let head = [length(standard), length(own), 0, 0];
    tlv(1122, &[&head[..], standard, own, &nested.concat()].concat())
}

/// RFC 9294: a delay that is told per application stands where none is told for all.
#[test]
fn rfc9294_2_application_specific_delay_where_there_is_no_other() {
    let te = tlv(1092, &[0, 0, 0, 5]);
    let flex_algo = asla(&[0x10], &[], &[te, delay(9)]);
    let link = attribute(std::slice::from_ref(&flex_algo)).attribute;
    assert_eq!(link.path_delay().map(|d| d.as_micros()), Some(9.0));
    assert_eq!(link.te_metric, Some(5));
    assert_eq!(link.other.len(), 1, "the ASLA itself is kept");
    for order in [[flex_algo.clone(), delay(7)], [delay(7), flex_algo]] {
        let link = attribute(&order).attribute;
        assert_eq!(link.path_delay().map(|d| d.as_micros()), Some(7.0));
    }
    let masks = asla(&[0; 8], &[0; 4], &[delay(3)]);
    assert!(attribute(&[masks]).attribute.delay.is_some());
    // What is wrong within costs the ASLA, not the attribute.
    assert_eq!(
        fault(&[asla(&[0x10], &[], &[vec![4, 90, 0, 9]])]).1,
        Rule::Truncated
    );
    assert_eq!(
        fault(&[tlv(1122, &[4, 4, 0, 0, 1])]),
        (Some(1122), Rule::Length)
    );
    assert_eq!(fault(&[tlv(1122, &[0, 0])]), (Some(1122), Rule::Length));
    // An ASLA in an ASLA is nothing but octets: no depth to fall into.
    let nested = asla(&[], &[], &[asla(&[], &[], &[delay(1)])]);
    assert_eq!(attribute(&[nested]).attribute.delay, None);
}

#[test]
fn tlvs_within_others_count_too() {
    let many = asla(&[], &[], &vec![tlv(60_000, b""); 20]);
    let decoded = Attribute::decode(&many, 10);
    assert!(decoded.discarded);
    assert_eq!(decoded.faults[0].rule, Rule::TooMany);
}
