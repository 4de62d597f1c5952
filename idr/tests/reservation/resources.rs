//! What is held, in the database of resources: what is left shows where readers look.

use std::sync::Arc;

use idr::reservation::{Amount, Amounts, HoldError, Ledger, Limits, LinkCapacity, Offer};
use idr::reservation::{LinkKey, ResourceKind};
use idr::{Domain, Idr, Update, changes};
use nffg::{BisBis, ResourceView, Unit};
use proptest::prelude::*;

use crate::{at, bits, claim, id, link, request, resources};

/// A domain with one node for each text.
fn domain(name: &str, nodes: &[&str]) -> Domain {
    let node = |(at, told): (usize, &&str)| BisBis {
        id: format!("n{at}").parse().unwrap(),
        name: None,
        node_type: None,
        resources: resources(told),
        supported: vec!["firewall".parse().unwrap()],
        running: Vec::new(),
        ports: Vec::new(),
        links: Vec::new(),
    };
    let view = ResourceView {
        nodes: nodes.iter().enumerate().map(node).collect(),
        ..ResourceView::default()
    };
    Domain::from_view(id(name), None, view).unwrap()
}

fn federation() -> Idr {
    let mut idr = Idr::new();
    idr.apply([
        Update::Put(domain("AS1", &["0.7 1GB -", "0.1 1GB 5"])),
        Update::Put(domain("AS2", &["4 - -"])),
        Update::Put(domain("AS3", &["- - -"])),
    ]);
    idr
}

/// The only link there is.
fn one_link(asked: &LinkKey) -> Option<LinkCapacity> {
    (*asked == link("AS1 AS2")).then_some(LinkCapacity::Told(bits(10)))
}

fn left(idr: &Idr, name: &str) -> String {
    let left = idr.snapshot().left(&id(name));
    let sums = [left.cpu, left.mem, left.storage].map(|sum| {
        let texts: Vec<String> = sum.quantities().map(|q| q.to_string()).collect();
        texts.join("+")
    });
    sums.join(" ")
}

fn cpu(millionths: u128) -> Amounts {
    let amount = Amount::from_millionths(millionths);
    Amounts::default().with(ResourceKind::Cpu, Unit::Bare, amount)
}

#[test]
fn a_hold_shows_in_what_is_left_of_its_domains_alone() {
    let mut idr = federation();
    let mut ledger = Ledger::new(Limits::default());
    let before = (idr.snapshot(), ledger.snapshot());
    assert_eq!(left(&idr, "AS1"), "0.8 2.0 GB 5.0");
    let offer = Offer {
        resources: &before.0,
        links: one_link,
    };
    let wish = claim(&[("AS1", "0.8 500MB -")], &[("AS1 AS2", 10)]);
    let hold = request("r", "a", 1000, wish);
    // The nodes have 0.7 and 0.1: added up in floating point that is less than 0.8.
    ledger.hold(at(0), hold, &offer).unwrap();
    assert!(idr.apply(ledger.snapshot().updates_since(&before.1)));
    assert_eq!(left(&idr, "AS1"), "0.0 1.5 GB 5.0");
    assert_eq!(left(&idr, "AS2"), "4.0  ");
    assert_eq!(left(&idr, "AS9"), "  ");
    let after = idr.snapshot();
    let shared = |name: &str| {
        let (old, new) = (before.0.domain(&id(name)), after.domain(&id(name)));
        Arc::ptr_eq(old.unwrap(), new.unwrap())
    };
    assert!(!shared("AS1") && shared("AS2") && shared("AS3"));
    let words =
        |from, to| -> Vec<String> { changes(from, to).iter().map(ToString::to_string).collect() };
    assert_eq!(
        words(&before.0, &after),
        ["AS1: reservations hold cpu 0.8, mem 500.0 MB (was nothing)"]
    );
    // What it has in all is what it tells, as before.
    let totals = *after.domain(&id("AS1")).unwrap().totals();
    assert_eq!(totals, *before.0.domain(&id("AS1")).unwrap().totals());
    assert_eq!(after.totals(), before.0.totals());

    let held = ledger.snapshot();
    assert_eq!(held.links_since(&before.1), [link("AS1 AS2")]);
    ledger.expire(at(1000));
    assert!(idr.apply(ledger.snapshot().updates_since(&held)));
    assert_eq!(words(&before.0, &idr.snapshot()), [""; 0]);
    assert_eq!(left(&idr, "AS1"), "0.8 2.0 GB 5.0");
}

#[test]
fn links_alone_are_no_update_of_the_resources() {
    let idr = federation();
    let mut ledger = Ledger::new(Limits::default());
    let before = ledger.snapshot();
    let resources = idr.snapshot();
    let offer = Offer {
        resources: &resources,
        links: one_link,
    };
    let wish = claim(&[("AS2", "- - -")], &[("AS1 AS2", 1)]);
    ledger
        .hold(at(0), request("r", "a", 1, wish), &offer)
        .unwrap();
    assert_eq!(ledger.snapshot().updates_since(&before), []);
    let back = request("b", "a", 1, claim(&[], &[("AS2 AS1", 1)]));
    let refused = ledger.hold(at(0), back, &offer);
    assert!(matches!(refused, Err(HoldError::UnknownLink { .. })));
}

#[test]
fn what_is_held_stays_when_the_domain_tells_anew_or_leaves_and_comes_back() {
    let mut idr = federation();
    let held = |millionths| Update::Held {
        domain: id("AS2"),
        held: cpu(millionths),
    };
    assert!(idr.apply([held(1_000_000)]));
    assert_eq!(left(&idr, "AS2"), "3.0  ");
    // The same again is nothing new, nor is what it exports when it is as before.
    assert!(!idr.apply([held(1_000_000)]));
    assert!(!idr.apply([Update::Put(domain("AS2", &["4 - -"]))]));
    assert!(idr.apply([Update::Put(domain("AS2", &["3 - 7"]))]));
    assert_eq!(left(&idr, "AS2"), "2.0  7.0");
    let entry_point = Some("http://mdo2/".parse().unwrap());
    assert!(idr.apply([Update::EntryPoint {
        domain: id("AS2"),
        entry_point,
    }]));
    assert_eq!(left(&idr, "AS2"), "2.0  7.0");
    // Less than is held: nothing is left, and it is never negative.
    assert!(idr.apply([Update::Put(domain("AS2", &["0.5 - 7"]))]));
    assert_eq!(left(&idr, "AS2"), "0.0  7.0");
    assert!(idr.apply([Update::Remove(id("AS2"))]));
    assert_eq!(left(&idr, "AS2"), "  ");
    // Nobody sees what is held of one who is not there.
    assert!(!idr.apply([held(2_000_000)]));
    assert!(idr.apply([Update::Put(domain("AS2", &["4 - -"]))]));
    assert_eq!(left(&idr, "AS2"), "2.0  ");
    // In one batch: the last word counts, wherever it stands.
    assert!(idr.apply([
        held(3_000_000),
        Update::Put(domain("AS2", &["5 - -"])),
        held(500_000)
    ]));
    assert_eq!(left(&idr, "AS2"), "4.5  ");
}

#[test]
fn of_what_is_not_told_nobody_knows_what_is_left() {
    let mut idr = federation();
    let mem = Amounts::default().with(
        ResourceKind::Mem,
        Unit::Byte,
        Amount::from_millionths(1_000_000),
    );
    let hold = |name: &str, held| Update::Held {
        domain: id(name),
        held,
    };
    assert!(idr.apply([hold("AS2", mem), hold("AS3", cpu(1))]));
    assert_eq!(left(&idr, "AS2"), "4.0  ");
    assert_eq!(left(&idr, "AS3"), "  ");
}

proptest! {
    /// Where nothing is held, what is left is the total, to the last bit; where something is, the rest is
    /// exact, and with what is held makes the total again.
    #[test]
    fn what_is_left_and_what_is_held_are_the_total(
        tenths in prop::collection::vec(0_u32..100, 1..6), held in 0_u32..500,
    ) {
        let texts: Vec<String> = tenths.iter().map(|n| format!("{}.{} - -", n / 10, n % 10)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut idr = Idr::new();
        idr.apply([Update::Put(domain("AS1", &texts))]);
        let snapshot = idr.snapshot();
        prop_assert_eq!(snapshot.left(&id("AS1")), *snapshot.totals());
        idr.apply([Update::Held { domain: id("AS1"), held: cpu(u128::from(held) * 100_000) }]);
        let rest = tenths.iter().sum::<u32>().saturating_sub(held);
        let left = idr.snapshot().left(&id("AS1")).cpu.in_unit(Unit::Bare);
        let expected = if held == 0 {
            snapshot.totals().cpu.in_unit(Unit::Bare)
        } else {
            Some(f64::from(rest) / 10.0)
        };
        prop_assert_eq!(left, expected);
    }
}
