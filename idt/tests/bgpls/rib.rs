//! What one peer has told, over time.

use idt::bgpls::{AdjRib, Dialect, Limits, Rule};

use crate::support::{delay, domain, isis_link, isis_node, members, rib, tlv};

#[test]
fn rfc4271_4_3_a_new_announcement_replaces_the_whole_attribute() {
    let mut rib = rib(Dialect::Standard);
    let both = [tlv(1092, &[0, 0, 0, 9]), delay(230)].concat();
    rib.apply(&[&isis_link(1, 2)], &[], Some(&both));
    let applied = rib.apply(&[&isis_link(1, 2)], &[], Some(&delay(102)));
    assert!(applied.changed);
    assert_eq!(rib.len(), 1);
    let attribute = rib.entries().next().expect("the link").attribute;
    assert_eq!(attribute.te_metric, None);
    assert_eq!(attribute.path_delay().map(|d| d.as_micros()), Some(102.0));
    // RFC 9552 §8.2.2: without an attribute it is still told.
    assert!(rib.apply(&[&isis_link(1, 2)], &[], None).changed);
    let attribute = rib.entries().next().expect("the link").attribute;
    assert_eq!(attribute.path_delay(), None);
    assert_eq!(rib.octets(), isis_link(1, 2).len());
}

#[test]
fn rfc4271_4_3_withdrawn_and_announced_at_once_is_announced() {
    let mut rib = rib(Dialect::Standard);
    let link = isis_link(1, 2);
    let applied = rib.apply(&[&link], &[&link], None);
    assert_eq!((applied.unknown_withdrawn, applied.announced), (1, 1));
    assert_eq!(rib.len(), 1);
}

#[test]
fn what_says_nothing_new_changes_nothing() {
    let mut rib = rib(Dialect::Standard);
    assert!(rib.apply(&[&isis_node(1)], &[], None).changed);
    assert!(!rib.apply(&[&isis_node(1)], &[], None).changed);
    assert!(!rib.apply(&[&isis_node(1)], &[], Some(&[])).changed);
    let applied = rib.apply(&[], &[&isis_node(2), &[], &[9]], None);
    assert_eq!((applied.unknown_withdrawn, applied.changed), (3, false));
    // A withdrawal alone does not look at the attribute.
    let applied = rib.apply(&[], &[&isis_node(1)], Some(&[1]));
    assert_eq!((applied.withdrawn, applied.changed), (1, true));
    assert!(!applied.attribute_discarded);
}

#[test]
fn rfc4724_4_2_stale_routes_stand_until_end_of_rib() {
    let mut rib = rib(Dialect::Standard);
    let attribute = delay(230);
    let links = [isis_link(1, 2), isis_link(2, 1), isis_link(2, 3)];
    let all: Vec<&[u8]> = links.iter().map(Vec::as_slice).collect();
    rib.apply(&all, &[], Some(&attribute));
    rib.mark_stale();
    assert_eq!((rib.len(), rib.stale()), (3, 3));
    let topology = |rib: &AdjRib| rib.to_topology(&domain("AS1"), &members);
    assert_eq!(topology(&rib).intra_links().len(), 3);
    // Back again: one as before, one with another delay, one not at all.
    assert!(!rib.apply(&all[..1], &[], Some(&attribute)).changed);
    assert!(rib.apply(&all[1..2], &[], Some(&delay(9))).changed);
    assert_eq!(rib.stale(), 1);
    assert!(rib.drop_stale());
    assert!(!rib.drop_stale());
    assert_eq!((rib.len(), topology(&rib).intra_links().len()), (2, 2));
    let octets = links[0].len() + links[1].len() + attribute.len() + delay(9).len();
    assert_eq!(rib.octets(), octets);
    assert!(rib.clear());
    assert!(!rib.clear());
    assert_eq!(rib.octets(), 0);
}

#[test]
fn limits_refuse_what_is_new_and_keep_what_is_there() {
    let limits = Limits {
        nlris: 2,
        octets: 1_000,
        tlvs: 3,
    };
    let mut rib = AdjRib::new(limits, Dialect::Standard);
    let (one, two, three) = (isis_node(1), isis_node(2), isis_node(3));
    let applied = rib.apply(&[&one, &two, &three], &[], None);
    assert_eq!((applied.announced, applied.over_limit), (2, 1));
    assert_eq!(rib.refused(), 1);
    // What is there may change, and may go.
    assert!(rib.apply(&[&one], &[], Some(&tlv(1026, b"r1"))).changed);
    // An attribute that is too much is not kept, and the one that is no longer true neither.
    let applied = rib.apply(&[&one], &[], Some(&tlv(60_000, &[0; 990])));
    assert_eq!((applied.announced, applied.over_limit), (1, 1));
    assert_eq!(rib.octets(), one.len() + two.len());
    rib.apply(&[], &[&two], None);
    assert_eq!(rib.apply(&[&three], &[], None).announced, 1);
    // Too many TLVs: as an attribute that is malformed.
    let many = [tlv(60_000, b""), tlv(60_001, b"")].concat().repeat(2);
    let applied = rib.apply(&[&one], &[], Some(&many));
    assert!(applied.attribute_discarded);
    assert_eq!(applied.faults[0].rule, Rule::TooMany);
    assert_eq!(applied.announced, 1);
    assert!(rib.clear());
    assert_eq!(rib.refused(), 0);
}

#[test]
fn a_flood_of_faults_is_counted_and_reported_in_part() {
    let mut rib = rib(Dialect::Standard);
    let bad = [0, 99, 0, 0];
    let announced = vec![&bad[..]; 1_000];
    let applied = rib.apply(&announced, &[], None);
    assert_eq!(applied.skipped, 1_000);
    assert_eq!(applied.skips.len(), 16);
    assert!(!applied.changed);
}
