//! What domains declare, case by case.

use std::collections::BTreeSet;

use idt::net::Role;
use idt::{
    Among, BorderLink, DomainPolicy, Relationship, Snapshot, Ted, Transit, TransitRule, Update,
};
use nffg::DomainId;

fn domain(text: &str) -> DomainId {
    text.parse().expect("valid")
}

fn told(teller: &str, neighbour: &str, relationship: Relationship) -> Update {
    let policy = DomainPolicy {
        relationships: [(domain(neighbour), relationship)].into(),
        ..DomainPolicy::default()
    };
    Update::Policy(domain(teller), Some(policy))
}

/// AS1 and AS2 are adjacent.
fn two(updates: impl IntoIterator<Item = Update>) -> Ted {
    let border = BorderLink {
        a: domain("AS1"),
        b: domain("AS2"),
        delay: None,
        bandwidth: None,
    };
    let mut ted = Ted::new();
    ted.apply([
        Update::Borders(vec![border]),
        Update::Join(domain("AS1")),
        Update::Join(domain("AS2")),
    ]);
    ted.apply(updates);
    ted
}

/// Of the edges from AS1 to AS2 and back.
fn roles(snapshot: &Snapshot) -> [Role; 2] {
    let net = snapshot.graph().net();
    [net.row(0).role(0), net.row(1).role(0)]
}

#[test]
fn either_side_may_tell_a_relationship() {
    let (a, b) = (domain("AS1"), domain("AS2"));
    for updates in [
        vec![told("AS1", "AS2", Relationship::Customer)],
        vec![told("AS2", "AS1", Relationship::Provider)],
        vec![
            told("AS1", "AS2", Relationship::Customer),
            told("AS2", "AS1", Relationship::Provider),
        ],
    ] {
        let snapshot = two(updates).snapshot();
        assert_eq!(roles(&snapshot), [Role::ToCustomer, Role::ToProvider]);
        assert_eq!(snapshot.relationship(&a, &b), Some(Relationship::Customer));
        assert_eq!(snapshot.relationship(&b, &a), Some(Relationship::Provider));
        assert_eq!(snapshot.contradictions(), []);
    }
}

#[test]
fn a_contradiction_makes_the_relationship_unknown() {
    let (a, b) = (domain("AS1"), domain("AS2"));
    let ted = two([
        told("AS1", "AS2", Relationship::Customer),
        told("AS2", "AS1", Relationship::Peer),
    ]);
    let snapshot = ted.snapshot();
    assert_eq!(roles(&snapshot), [Role::Unknown; 2]);
    assert_eq!(snapshot.relationship(&a, &b), None);
    assert_eq!(snapshot.contradictions(), [(a, b)]);
}

#[test]
fn each_domain_prices_its_own_direction() {
    let policy = DomainPolicy {
        link_prices: [(domain("AS2"), 7)].into(),
        ..DomainPolicy::default()
    };
    let mut ted = two([Update::Policy(domain("AS1"), Some(policy.clone()))]);
    let priced = ted.snapshot();
    let net = priced.graph().net();
    assert_eq!([net.row(0).price, net.row(1).price], [[7], [0]]);
    // Told again it is no change; taken back it is as before.
    assert!(!ted.apply([Update::Policy(domain("AS1"), Some(policy))]));
    assert!(ted.apply([Update::Policy(domain("AS1"), None)]));
    assert_eq!(ted.snapshot(), two([]).snapshot());
}

#[test]
fn a_policy_outlives_a_membership() {
    let mut ted = two([told("AS1", "AS2", Relationship::Peer)]);
    let before = ted.snapshot();
    ted.apply([Update::Leave(domain("AS1"))]);
    assert!(ted.snapshot().policy(&domain("AS1")).is_some());
    ted.apply([Update::Join(domain("AS1"))]);
    assert_eq!(ted.snapshot(), before);
    assert_eq!(roles(&before), [Role::ToPeer; 2]);
}

#[test]
fn the_first_rule_that_matches_counts() {
    let only = |names: &[&str]| Among::Only(names.iter().copied().map(domain).collect());
    let terms = |carry, price| Transit {
        carry,
        price,
        delay: None,
    };
    let policy = DomainPolicy {
        transit: vec![
            TransitRule {
                from: only(&["AS1"]),
                to: Among::Any,
                terms: terms(true, 5),
            },
            TransitRule {
                from: Among::Any,
                to: only(&["AS2", "AS3"]),
                terms: terms(false, 0),
            },
        ],
        otherwise: terms(true, 9),
        refuses_sources: BTreeSet::from([domain("AS4")]),
        refuses_destinations: BTreeSet::from([domain("AS5")]),
        ..DomainPolicy::default()
    };
    let crossing = |from, to| policy.crossing(&domain(from), &domain(to));
    assert_eq!(crossing("AS1", "AS2"), terms(true, 5));
    assert_eq!(crossing("AS4", "AS2"), terms(false, 0));
    assert_eq!(crossing("AS4", "AS1"), terms(true, 9));
    let carries = |from, to| policy.carries(&domain(from), &domain(to));
    assert!(carries("AS5", "AS4") && !carries("AS4", "AS1") && !carries("AS1", "AS5"));
}
