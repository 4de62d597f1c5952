//! Prices and bounds of segments.

use jiff::Timestamp;
use nffg::{Bandwidth, Delay, Resources};
use serde_json::json;
use sof::partner::{Agreement, Breach};
use sof::payload::{Flow, Function, Point, Segment};

use super::{agreed, agreement, with};

pub(crate) fn segment(cpus: &[&str], flows: &[(Option<u64>, Option<u64>)]) -> Segment {
    let function = |(at, cpu): (usize, &&str)| Function {
        id: format!("NF{at}").parse().unwrap(),
        nf_type: "firewall".parse().unwrap(),
        resources: Resources {
            cpu: Some(cpu.parse().unwrap()),
            ..Resources::default()
        },
    };
    let flow = |(at, (bits, nanos)): (usize, &(Option<u64>, Option<u64>))| Flow {
        link: format!("link{at}"),
        from: Point::Sap("SAP1".parse().unwrap()),
        to: Point::Function("NF0".parse().unwrap()),
        bandwidth: bits.map(Bandwidth::from_bits_per_second),
        max_delay: nanos.map(Delay::from_nanos),
    };
    Segment {
        domain: "AS2".parse().unwrap(),
        functions: cpus.iter().enumerate().map(function).collect(),
        flows: flows.iter().enumerate().map(flow).collect(),
    }
}

fn frame() -> Agreement {
    agreement(&agreed())
        .unwrap()
        .agreement("AS2".parse().unwrap(), "frame".to_owned())
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_segment_costs_what_it_is_made_of_each_begun_mbit_of_each_flow() {
    let price = frame().price;
    // 1.5 for the segment, 0.25 for each of two functions; 1 + 2 + 0 begun Mbit/s at 0.001.
    let wanted = segment(
        &["1", "2"],
        &[(Some(1), None), (Some(1_000_001), None), (None, None)],
    );
    assert_eq!(price.of(&wanted), 1500 + 2 * 250 + 3);
    assert_eq!(price.of(&segment(&[], &[])), 1500);
    assert_eq!(price.of(&segment(&[], &[(Some(1_000_000), None)])), 1501);
}

#[test]
fn a_price_without_end_is_the_largest_number() {
    let mut price = frame().price;
    price.mbps = u64::MAX;
    assert_eq!(price.of(&segment(&[], &[(Some(u64::MAX), None)])), u64::MAX);
}

#[test]
fn a_segment_within_all_bounds_is_covered_up_to_the_bounds_themselves() {
    let wanted = segment(
        &["3", "5"],
        &[(Some(10_000_000_000), Some(5_000_000)), (None, None)],
    );
    assert_eq!(frame().breaches(&wanted, 2, at("2026-01-01T00:00:00Z")), []);
    assert_eq!(frame().breaches(&wanted, 0, at("2026-12-31T23:59:59Z")), []);
}

#[test]
fn every_reason_is_told_at_once() {
    let mut wanted = segment(
        &["3", "5.5"],
        &[
            (Some(10_000_000_001), Some(4_999_999)),
            (Some(1), Some(9_000_000)),
            (Some(20_000_000_000), None),
        ],
    );
    wanted.domain = "AS3".parse().unwrap();
    let found = frame().breaches(&wanted, 3, at("2025-01-01T00:00:00Z"));
    let kinds: Vec<&str> = found
        .iter()
        .map(|breach| match breach {
            Breach::Partner { .. } => "partner",
            Breach::NotYet { .. } => "not yet",
            Breach::Over { .. } => "over",
            Breach::Services { .. } => "services",
            Breach::Bandwidth { link, .. } => link,
            Breach::Cpu { .. } => "cpu",
            Breach::Delay { .. } => "delay",
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "partner", "not yet", "services", "link0", "link2", "cpu", "delay"
        ]
    );
    let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
    for (text, part) in texts.iter().zip([
        "it is with AS2, and not with AS3",
        "from 2026-01-01T00:00:00Z",
        "3 services",
        "link0 wants",
        "20 Gbit/s, and may have 10 Gbit/s",
        "8.5 cpu, and may have 8",
        "5 ms is promised",
    ]) {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn an_agreement_is_over_at_its_end() {
    let wanted = segment(&[], &[]);
    let over = frame().breaches(&wanted, 0, at("2027-01-01T00:00:00Z"));
    assert!(matches!(over.as_slice(), [Breach::Over { .. }]), "{over:?}");
    assert!(!frame().is_valid(at("2027-01-01T00:00:00Z")));
}

#[test]
fn what_is_not_bounded_is_not_broken() {
    let open = json!({"service-type": "urn:a1:b", "valid-from": "2026-01-01T00:00:00Z"});
    let open = agreement(&open).unwrap();
    let open = open.agreement("AS2".parse().unwrap(), "open".to_owned());
    let huge = segment(&["1e9"], &[(Some(u64::MAX), Some(0))]);
    assert_eq!(
        open.breaches(&huge, u32::MAX, at("2099-01-01T00:00:00Z")),
        []
    );
    // None at a time is a bound, too.
    let none = agreement(&with(agreed(), "/bounds/services", Some(json!(0)))).unwrap();
    let none = none.agreement("AS2".parse().unwrap(), "none".to_owned());
    let told = none.breaches(&segment(&[], &[]), 0, at("2026-06-01T00:00:00Z"));
    assert_eq!(told, [Breach::Services { bound: 0 }]);
}
