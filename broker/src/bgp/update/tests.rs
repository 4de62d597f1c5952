use proptest::prelude::*;

use super::*;

const EXTERNAL: Context = Context {
    four_octet_as: true,
    internal: false,
    lenient_as_path: false,
};
const INTERNAL: Context = Context {
    internal: true,
    ..EXTERNAL
};

fn tlv(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap();
    [&kind.to_be_bytes()[..], &length.to_be_bytes(), value].concat()
}

fn attribute(flags: u8, code: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap();
    [&[flags | 0x10, code][..], &length.to_be_bytes(), value].concat()
}

fn origin() -> Vec<u8> {
    attribute(0x40, 1, &[0])
}

fn path() -> Vec<u8> {
    attribute(0x40, 2, &[2, 1, 0, 0, 0xfd, 0xe9])
}

fn reach(nlris: &[Vec<u8>]) -> Vec<u8> {
    let head = [0x40, 4, 71, 4, 10, 0, 0, 1, 0];
    attribute(0x80, 14, &[&head[..], &nlris.concat()].concat())
}

fn unreach(nlris: &[Vec<u8>]) -> Vec<u8> {
    attribute(0x80, 15, &[&LINK_STATE[..], &nlris.concat()].concat())
}

fn ls() -> Vec<u8> {
    attribute(0x80, 29, &tlv(1026, b"r1"))
}

fn node(name: u8) -> Vec<u8> {
    tlv(1, &[2, 0, 0, 0, 0, 0, 0, 0, 0, name])
}

fn read_all(attributes: &[Vec<u8>], context: Context) -> Result<Option<LsUpdate>, Fatal> {
    read(Bytes::from(attributes.concat()), false, context)
}

fn good(attributes: &[Vec<u8>]) -> LsUpdate {
    read_all(attributes, EXTERNAL).unwrap().unwrap()
}

fn list(nlris: &Nlris) -> Vec<Vec<u8>> {
    nlris.iter().map(<[u8]>::to_vec).collect()
}

fn fault(attribute: u8, subcode: u8, remedy: Remedy) -> Fault {
    Fault {
        attribute,
        subcode,
        remedy,
    }
}

#[test]
fn announced_with_attribute_29_wherever_it_stands() {
    let attributes = [reach(&[node(1), node(2)]), origin(), path(), ls()];
    for rotation in 0..attributes.len() {
        let mut turned = attributes.clone();
        turned.rotate_left(rotation);
        let update = good(&turned);
        assert_eq!(list(&update.announced), [node(1), node(2)]);
        assert_eq!(update.attribute.as_deref(), Some(&tlv(1026, b"r1")[..]));
        assert!(update.withdrawn.is_empty() && !update.end_of_rib);
        assert!(update.faults.is_empty());
    }
}

/// GoBGP and FRR withdraw so: no other attribute at all.
#[test]
fn rfc4760_4_a_withdrawal_needs_no_other_attribute() {
    let update = good(&[unreach(&[node(1)])]);
    assert_eq!(list(&update.withdrawn), [node(1)]);
    assert!(update.announced.is_empty() && !update.end_of_rib && update.faults.is_empty());
}

#[test]
fn rfc4724_2_an_empty_mp_unreach_is_the_end_of_rib() {
    assert!(good(&[unreach(&[])]).end_of_rib);
    assert!(!good(&[unreach(&[]), origin(), path(), reach(&[node(1)])]).end_of_rib);
    let ipv6 = attribute(0x80, 15, &[0, 2, 1]);
    assert_eq!(read_all(&[ipv6], EXTERNAL), Ok(None));
    assert_eq!(read_all(&[], EXTERNAL), Ok(None));
}

#[test]
fn rfc9552_8_2_2_unknown_and_odd_nlri_are_handed_on_as_they_are() {
    let odd = [tlv(99, b""), tlv(1, b"\xff"), node(1)];
    assert_eq!(list(&good(&[reach(&odd), origin(), path()]).announced), odd);
}

#[test]
fn rfc9552_8_2_2_a_malformed_attribute_29_is_discarded_and_the_nlri_stay() {
    let broken = attribute(0x80, 29, &[4, 2, 0, 99, 1]);
    for attributes in [
        [broken.clone(), reach(&[node(1)]), origin(), path()],
        [reach(&[node(1)]), origin(), path(), broken],
    ] {
        let update = good(&attributes);
        assert_eq!(list(&update.announced), [node(1)]);
        assert_eq!(update.attribute, None);
        assert_eq!(update.faults, [fault(29, OPTIONAL, Remedy::Discard)]);
    }
}

/// Each malformed attribute next to a good announcement.
#[test]
fn rfc7606_7_each_malformed_attribute_has_its_remedy() {
    use Remedy::{Discard, Withdraw};
    let cases = [
        (attribute(0x40, 1, &[3]), fault(1, INVALID_ORIGIN, Withdraw)),
        (attribute(0x40, 1, &[]), fault(1, LENGTH, Withdraw)),
        (attribute(0xc0, 1, &[0]), fault(1, FLAGS, Withdraw)),
        (
            attribute(0x40, 2, &[2, 2, 0, 0, 0, 1]),
            fault(2, MALFORMED_AS_PATH, Withdraw),
        ),
        (
            attribute(0x40, 2, &[2, 0]),
            fault(2, MALFORMED_AS_PATH, Withdraw),
        ),
        (
            attribute(0x40, 2, &[9, 1, 0, 0, 0, 1]),
            fault(2, MALFORMED_AS_PATH, Withdraw),
        ),
        (
            attribute(0x40, 2, &[2]),
            fault(2, MALFORMED_AS_PATH, Withdraw),
        ),
        (attribute(0x40, 3, &[1; 5]), fault(3, LENGTH, Withdraw)),
        (attribute(0x80, 4, &[1; 3]), fault(4, LENGTH, Withdraw)),
        (attribute(0x40, 6, &[1]), fault(6, LENGTH, Discard)),
        (attribute(0xc0, 7, &[1; 6]), fault(7, LENGTH, Discard)),
        (attribute(0xc0, 8, &[]), fault(8, LENGTH, Withdraw)),
        (attribute(0xc0, 8, &[1; 6]), fault(8, LENGTH, Withdraw)),
        (attribute(0xc0, 16, &[1; 4]), fault(16, LENGTH, Withdraw)),
        (
            attribute(0xc0, 29, &tlv(1026, b"r1")),
            fault(29, FLAGS, Withdraw),
        ),
    ];
    for (bad, expected) in cases {
        let mut attributes = vec![reach(&[node(1)])];
        for other in [origin(), path()] {
            if other[1] != bad[1] {
                attributes.push(other);
            }
        }
        attributes.push(bad);
        let update = good(&attributes);
        assert_eq!(update.faults, [expected]);
        let (announced, withdrawn) = (list(&update.announced), list(&update.withdrawn));
        match expected.remedy {
            Withdraw => assert_eq!((announced, withdrawn), (vec![], vec![node(1)])),
            Discard => assert_eq!((announced, withdrawn), (vec![node(1)], vec![])),
        }
    }
}

/// The same three attributes: from inside they count, from outside they are passed over.
#[test]
fn rfc7606_7_5_7_9_7_10_attributes_of_internal_peers() {
    for bad in [
        attribute(0x40, 5, &[1; 3]),
        attribute(0x80, 9, &[1; 3]),
        attribute(0x80, 10, &[1; 3]),
    ] {
        let attributes = [reach(&[node(1)]), origin(), path(), bad];
        assert_eq!(list(&good(&attributes).announced), [node(1)]);
        let update = read_all(&attributes, INTERNAL).unwrap().unwrap();
        assert_eq!(list(&update.withdrawn), [node(1)]);
    }
}

#[test]
fn rfc7606_3_d_a_missing_mandatory_attribute_withdraws() {
    let update = good(&[reach(&[node(1)]), path()]);
    assert_eq!(list(&update.withdrawn), [node(1)]);
    assert_eq!(
        update.faults,
        [fault(1, MISSING_WELL_KNOWN, Remedy::Withdraw)]
    );
    let update = good(&[reach(&[node(1)]), origin()]);
    assert_eq!(
        update.faults,
        [fault(2, MISSING_WELL_KNOWN, Remedy::Withdraw)]
    );
}

#[test]
fn rfc7606_3_g_of_two_attributes_the_first_counts() {
    let second = attribute(0x80, 29, &tlv(1026, b"r2"));
    let update = good(&[reach(&[node(1)]), origin(), path(), ls(), second, origin()]);
    assert_eq!(update.attribute.as_deref(), Some(&tlv(1026, b"r1")[..]));
    assert_eq!(
        update.faults,
        [
            fault(29, MALFORMED_LIST, Remedy::Discard),
            fault(1, MALFORMED_LIST, Remedy::Discard)
        ]
    );
    for twice in [reach(&[]), unreach(&[])] {
        let fatal = read_all(&[twice.clone(), twice], EXTERNAL).unwrap_err();
        assert_eq!(
            (fatal.notification.code, fatal.notification.subcode),
            (3, 1)
        );
    }
}

#[test]
fn rfc7606_3_h_the_strongest_remedy_wins() {
    let broken = attribute(0x80, 29, &[1]);
    let update = good(&[
        reach(&[node(1)]),
        attribute(0x40, 1, &[7]),
        path(),
        broken,
        unreach(&[node(2)]),
    ]);
    assert_eq!(list(&update.withdrawn), [node(2), node(1)]);
    assert_eq!(update.faults.len(), 2);
}

#[test]
fn rfc7606_4_attributes_that_run_over_their_end_withdraw() {
    let mut cut = ls();
    cut.truncate(5);
    for end in [cut, vec![0x40], vec![0x80, 4]] {
        let update = good(&[reach(&[node(1)]), origin(), path(), end]);
        assert_eq!(list(&update.withdrawn), [node(1)]);
        assert_eq!(update.faults[0].subcode, MALFORMED_LIST);
    }
}

#[test]
fn rfc7606_5_2_a_fault_where_no_nlri_is_found_ends_the_session() {
    let fatal = read_all(&[attribute(0x40, 1, &[9]), path()], EXTERNAL).unwrap_err();
    assert_eq!(
        (fatal.notification.code, fatal.notification.subcode),
        (3, 6)
    );
    // An attribute that is only to be left out does not.
    assert_eq!(
        read_all(&[origin(), attribute(0x40, 6, &[1])], EXTERNAL),
        Ok(None)
    );
    // With IPv4 NLRI behind the attributes they were found, and are not ours.
    let bytes = Bytes::from(attribute(0x40, 1, &[9]));
    assert_eq!(read(bytes, true, EXTERNAL), Ok(None));
}

#[test]
fn rfc7606_5_3_nlri_that_cannot_be_cut_apart_end_the_session() {
    let long = [0, 1, 0, 50, 1];
    let cases = [
        attribute(
            0x80,
            14,
            &[&[0x40, 4, 71, 4, 10, 0, 0, 1, 0][..], &long].concat(),
        ),
        attribute(0x80, 14, &[0x40, 4, 71, 4, 10, 0, 0, 1, 0, 0, 1]),
        attribute(0x80, 15, &[&LINK_STATE[..], &long].concat()),
        attribute(0x40, 14, &[0x40, 4, 71, 4, 10, 0, 0, 1, 0]),
        attribute(0x80, 14, &[0x40, 4, 71, 4]),
        attribute(0x80, 14, &[0x40, 4, 71, 5, 10, 0, 0, 1, 0, 0]),
        attribute(0x80, 14, &[0x40, 4, 71, 16, 10, 0, 0, 1, 0, 0]),
        attribute(0x80, 15, &[0x40, 4]),
        vec![0x80, 14, 200, 0x40, 4, 71],
    ];
    for bad in cases {
        let fatal = read_all(&[origin(), path(), bad.clone()], EXTERNAL).unwrap_err();
        let Notification {
            code,
            subcode,
            data,
        } = fatal.notification;
        assert_eq!((code, subcode), (3, 9), "{bad:?}");
        assert_eq!(data, bad, "the attribute goes back as data");
    }
}

#[test]
fn rfc4271_6_3_an_unknown_well_known_attribute_ends_the_session() {
    let fatal = read_all(&[attribute(0x40, 99, &[])], EXTERNAL).unwrap_err();
    assert_eq!(
        (fatal.notification.code, fatal.notification.subcode),
        (3, 2)
    );
    let update = good(&[
        attribute(0xc0, 99, b"x"),
        reach(&[node(1)]),
        origin(),
        path(),
    ]);
    assert_eq!(list(&update.announced), [node(1)]);
}

#[test]
fn another_family_is_not_ours() {
    let ipv6 = attribute(0x80, 14, &[0, 2, 1, 0, 0, 1, 2, 3]);
    assert_eq!(
        read_all(&[ipv6, attribute(0x40, 1, &[9])], EXTERNAL),
        Ok(None)
    );
}

/// netphony: four octets for an AS number, without the capability for them.
#[test]
fn an_as_path_that_cannot_be_read_is_overlooked_where_the_settings_say_so() {
    let netphony = attribute(0x40, 2, &[2, 1, 0x2c, 0x2c, 0x2c, 0x2c]);
    let attributes = [origin(), netphony, reach(&[node(1)])];
    let strict = Context {
        four_octet_as: false,
        ..EXTERNAL
    };
    let lenient = Context {
        lenient_as_path: true,
        ..strict
    };
    let update = read_all(&attributes, strict).unwrap().unwrap();
    assert_eq!(list(&update.withdrawn), [node(1)]);
    let update = read_all(&attributes, lenient).unwrap().unwrap();
    assert_eq!(list(&update.announced), [node(1)]);
    assert!(update.faults.is_empty());
}

#[test]
fn no_more_faults_are_told_than_fit() {
    let mut attributes = vec![reach(&[node(1)]), path()];
    attributes.extend(std::iter::repeat_n(origin(), 5_000));
    assert_eq!(good(&attributes).faults.len(), MAX_FAULTS);
}

/// Every UPDATE of real speakers in the fixtures, at three contexts, with no fault but those meant.
#[test]
fn updates_of_real_speakers_read_without_a_fault() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/fixtures/ours/bgpls"
    );
    let Ok(files) = std::fs::read_dir(folder) else {
        println!("SKIPPED: no folder {folder}");
        return;
    };
    let mut seen = 0;
    for file in files.map(|file| file.unwrap().path()) {
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            let digits: Vec<u8> = line
                .split('#')
                .next()
                .unwrap()
                .bytes()
                .filter(u8::is_ascii_hexdigit)
                .collect();
            let bytes: Vec<u8> = digits
                .chunks_exact(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
                .collect();
            if bytes.get(18) != Some(&2) {
                continue;
            }
            let withdrawn = usize::from(u16::from_be_bytes([bytes[19], bytes[20]]));
            let attributes = Bytes::from(bytes[23 + withdrawn..].to_vec());
            let update = read(attributes, false, INTERNAL).unwrap().unwrap();
            assert!(
                update.faults.is_empty(),
                "{}: {line}: {update:?}",
                file.display()
            );
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} UPDATEs");
}

fn any_attribute() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(origin()),
        Just(path()),
        Just(ls()),
        prop::collection::vec(0_u8..9, 0..4)
            .prop_map(|ids| { reach(&ids.into_iter().map(node).collect::<Vec<_>>()) }),
        prop::collection::vec(0_u8..9, 0..4)
            .prop_map(|ids| { unreach(&ids.into_iter().map(node).collect::<Vec<_>>()) }),
        (
            any::<u8>(),
            0_u8..32,
            prop::collection::vec(any::<u8>(), 0..20)
        )
            .prop_map(|(flags, code, value)| attribute(flags, code, &value)),
        prop::collection::vec(any::<u8>(), 0..6),
    ]
}

proptest! {
    /// No bytes panic; an announcement never goes lost: it is announced, withdrawn, or fatal.
    #[test]
    fn what_is_read_adds_up(
        attributes in prop::collection::vec(any_attribute(), 0..8),
        four_octet_as in any::<bool>(),
        internal in any::<bool>(),
        lenient_as_path in any::<bool>(),
        body in any::<bool>(),
    ) {
        let context = Context { four_octet_as, internal, lenient_as_path };
        let bytes = Bytes::from(attributes.concat());
        match read(bytes, body, context) {
            Err(fatal) => prop_assert_eq!(fatal.notification.code, 3),
            Ok(None) => {}
            Ok(Some(update)) => {
                prop_assert!(update.faults.len() <= MAX_FAULTS);
                let withdraws = update.faults.iter().any(|fault| fault.remedy == Remedy::Withdraw);
                prop_assert!(!withdraws || update.announced.is_empty());
                prop_assert!(!update.end_of_rib
                    || (update.announced.is_empty() && update.withdrawn.is_empty()));
            }
        }
    }

    #[test]
    fn well_formed_updates_come_through_whole(
        announced in prop::collection::vec((1_u16..9, prop::collection::vec(any::<u8>(), 0..40)), 1..9),
        withdrawn in prop::collection::vec((1_u16..9, prop::collection::vec(any::<u8>(), 0..40)), 1..9),
    ) {
        let nlris = |items: &[(u16, Vec<u8>)]| -> Vec<Vec<u8>> {
            items.iter().map(|(kind, value)| tlv(*kind, value)).collect()
        };
        let (announced, withdrawn) = (nlris(&announced), nlris(&withdrawn));
        let update = good(&[unreach(&withdrawn), reach(&announced), origin(), path(), ls()]);
        prop_assert_eq!(update.announced.count(), announced.len());
        prop_assert_eq!(list(&update.announced), announced);
        prop_assert_eq!(list(&update.withdrawn), withdrawn);
    }
}
