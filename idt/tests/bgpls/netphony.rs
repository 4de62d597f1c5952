//! The dialect of the draft's prototype.

use std::collections::BTreeSet;

use idt::bgpls::{Dialect, convert};
use serde_json::Value;

use crate::support::{
    apply, domain, inter, intra, lines, members, nlri, node, rib, shared, tlv, update,
};

fn link(delay: u32) -> Vec<u8> {
    nlri(
        2,
        0,
        1,
        &[
            node(256, Some(1), &[172, 16, 101, 103]),
            node(257, Some(121), &[172, 16, 200, 102]),
            tlv(258, &[0, 0, 0, 13, 0, 0, 0, 11]),
            tlv(1104, &delay.to_be_bytes()),
            tlv(1105, &[0, 0, 0, 23, 0, 0, 0, 250]),
        ],
    )
}

fn information(cpu: &str) -> Vec<u8> {
    let texts = ["0.0.0.1", "https://172.25.0.10:8888/escape", cpu];
    let tlvs = (1..)
        .zip(texts)
        .map(|(kind, text)| tlv(kind, text.as_bytes()));
    tlv(5, &tlvs.collect::<Vec<_>>().concat())
}

/// netphony never withdraws: a link with another delay is the same link.
#[test]
fn netphony_te_metrics_in_the_nlri_are_attributes() {
    let mut rib = rib(Dialect::Netphony);
    for micros in [230, 102] {
        let applied = rib.apply(&[&link(micros)], &[], None);
        assert!(applied.changed);
        assert_eq!((applied.announced, applied.faults.len()), (1, 0));
    }
    assert_eq!(rib.len(), 1);
    assert!(!rib.apply(&[&link(102)], &[], None).changed);
    let conversion = convert(&[&rib], &domain("AS1"), &members);
    assert_eq!(
        inter(&conversion),
        ["172.16.101.103>AS121:172.16.200.102 102"]
    );
    let entry = rib.entries().next().expect("the link");
    let measured = entry.attribute.min_max_delay.expect("1105");
    assert_eq!(measured.max.as_micros(), 250.0);
    assert_eq!(rib.apply(&[], &[&link(7)], None).withdrawn, 1);
    assert_eq!(rib.octets(), 0);
}

/// The same octets from any other peer: unknown TLVs in the NLRI, and an NLRI type of no use.
#[test]
fn netphony_is_spoken_by_setting_only() {
    let mut rib = rib(Dialect::Standard);
    let applied = rib.apply(&[&link(230), &information("100")], &[], None);
    assert_eq!((applied.announced, applied.skipped), (1, 1));
    let conversion = convert(&[&rib], &domain("AS1"), &members);
    assert_eq!(inter(&conversion), ["172.16.101.103>AS121:172.16.200.102"]);
    assert_eq!(rib.node_information(), []);
}

#[test]
fn netphony_node_information_is_keyed_by_domain() {
    let mut rib = rib(Dialect::Netphony);
    assert!(rib.apply(&[&information("100")], &[], None).changed);
    assert!(rib.apply(&[&information("90")], &[], None).changed);
    let [told] = &rib.node_information()[..] else {
        panic!("one domain");
    };
    assert_eq!(told.domain, "0.0.0.1");
    assert_eq!(told.cpu.as_deref(), Some("90"));
    assert_eq!(told.mem, None);
    assert_eq!(rib.apply(&[], &[&information("1")], None).withdrawn, 1);
    // Without a domain it is nobody's.
    let applied = rib.apply(&[&tlv(5, &tlv(3, b"100"))], &[], None);
    assert_eq!((applied.skipped, applied.changed), (1, false));
}

/// The captured streams say what their decoded form says, which another program has made.
#[test]
fn netphony_captured_streams() {
    for number in 1..=3 {
        let folder = "third-party/netphony/bgpls";
        let stream = shared(&format!("{folder}/bgpls-network{number}.hex"));
        let decoded = shared(&format!("{folder}/bgpls-network{number}.decoded.json"));
        let (Some(stream), Some(decoded)) = (stream, decoded) else {
            return;
        };
        let mut rib = rib(Dialect::Netphony);
        for update in lines(&stream).iter().filter_map(|line| update(line)) {
            let applied = apply(&mut rib, &update);
            assert_eq!((applied.skips, applied.faults), (vec![], vec![]));
        }
        let own = format!("0.0.0.{number}");
        let told: Vec<Value> = serde_json::from_str(&decoded).expect("JSON");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let (mut inside, mut outside) = (BTreeSet::new(), BTreeSet::new());
        for link in told.iter().filter(|one| one["nlri_type"] == 2) {
            let (local, remote) = (&link["local"], &link["remote"]);
            assert_eq!(local["as"], *own);
            let (src, dst) = (
                text(&local["igp_router_id"]),
                text(&remote["igp_router_id"]),
            );
            let delay = &link["undir_delay"];
            if remote["as"] == *own {
                inside.insert(format!("{src}>{dst} {delay}"));
            } else {
                let remote = text(&remote["as"]).replace("0.0.0.", "AS");
                outside.insert(format!("{src}>{remote}:{dst} {delay}"));
            }
        }
        let conversion = convert(&[&rib], &domain(&own), &members);
        let told_links = |links: Vec<String>| links.into_iter().collect::<BTreeSet<_>>();
        assert_eq!(told_links(intra(&conversion)), inside, "network {number}");
        assert_eq!(told_links(inter(&conversion)), outside, "network {number}");
        assert_eq!(
            (inside.len(), outside.len()),
            [(10, 2), (6, 4), (10, 2)][number - 1]
        );
        assert_eq!(conversion.topology.routers().len(), 4);

        let it = &told.iter().find(|one| one["nlri_type"] == 5).expect("told")["it"];
        let [information] = &rib.node_information()[..] else {
            panic!("one domain");
        };
        assert_eq!(information.domain, own);
        let texts = [
            ("controller_it", &information.entry_point),
            ("cpu", &information.cpu),
            ("mem", &information.mem),
            ("storage", &information.storage),
        ];
        for (key, read) in texts {
            assert_eq!(read.as_ref(), Some(&text(&it[key])), "{key}");
        }
    }
}
