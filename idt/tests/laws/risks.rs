//! Shared risk link groups against a model that reads what domains tell: which links share a risk.

use std::collections::BTreeSet;

use idt::net::EdgeId;
use idt::{DomainTopology, InterLink, Snapshot, Ted, TopologyParts, Update};
use nffg::{DomainId, RouterId, RouterRef, Srlgs};
use proptest::prelude::*;

const DOMAINS: usize = 4;

fn name(at: usize) -> DomainId {
    format!("AS{}", at + 1).parse().expect("a valid id")
}

/// A link with a router of its own at both ends, and the groups that each end tells; an end that has no
/// topology tells none.
type Between = (usize, usize, BTreeSet<u32>, BTreeSet<u32>);

fn any_links() -> impl Strategy<Value = Vec<Between>> {
    let groups = || prop::collection::btree_set(0_u32..3, 0..=2);
    let link = (0..DOMAINS, 0..DOMAINS, groups(), groups());
    let links = prop::collection::vec(link, 1..8);
    links.prop_map(|mut links| {
        links.retain(|link| link.0 != link.1);
        links
    })
}

fn router(nth: usize) -> RouterId {
    format!("r{nth}").parse().expect("a valid id")
}

fn snapshot(links: &[Between], silent: usize) -> std::sync::Arc<Snapshot> {
    let mut ted = Ted::new();
    for at in 0..DOMAINS {
        if at == silent {
            ted.apply([Update::Join(name(at))]);
            continue;
        }
        let mut parts = TopologyParts::default();
        for (nth, (a, b, of_a, of_b)) in links.iter().enumerate() {
            for (from, to, groups) in [(a, b, of_a), (b, a, of_b)] {
                if *from == at {
                    parts.inter_links.push(InterLink {
                        router: router(nth),
                        remote: RouterRef {
                            domain: name(*to),
                            router: router(nth),
                        },
                        delay: None,
                        bandwidth: None,
                        srlgs: groups.iter().copied().collect(),
                        performance: nffg::Performance::default(),
                    });
                }
            }
        }
        ted.apply([Update::Topology(DomainTopology::new(name(at), parts))]);
    }
    ted.snapshot()
}

/// The groups of each link as pairs of who tells it and its number, those that are one made one.
fn model(links: &[Between], silent: usize) -> Vec<BTreeSet<(usize, u32)>> {
    let mut told: Vec<BTreeSet<(usize, u32)>> = Vec::new();
    let mut one: Vec<[(usize, u32); 2]> = Vec::new();
    for (a, b, of_a, of_b) in links {
        let told_by = |end: usize, groups: &BTreeSet<u32>| -> BTreeSet<(usize, u32)> {
            let groups = groups.iter().filter(|_| end != silent);
            groups.map(|group| (end, *group)).collect()
        };
        let (ours, theirs) = (told_by(*a, of_a), told_by(*b, of_b));
        let common = ours.iter().filter(|(_, n)| theirs.contains(&(*b, *n)));
        one.extend(common.map(|(_, n)| [(*a, *n), (*b, *n)]));
        told.push(ours.into_iter().chain(theirs).collect());
    }
    // Each group becomes all that are one with it.
    loop {
        let mut grew = false;
        for groups in &mut told {
            for [a, b] in &one {
                if groups.contains(a) || groups.contains(b) {
                    grew |= groups.insert(*a);
                    grew |= groups.insert(*b);
                }
            }
        }
        if !grew {
            return told;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn links_share_a_risk_if_a_domain_says_so(links in any_links(), silent in 0..=DOMAINS) {
        let snapshot = snapshot(&links, silent);
        let graph = snapshot.graph();
        let net = graph.net();
        let groups = snapshot.risk_groups();
        let expected = model(&links, silent);
        let mut edges: Vec<(EdgeId, usize)> = Vec::new();
        for from in 0..net.len() as u32 {
            for nth in 0..net.row(from).len() as u32 {
                let id = EdgeId { from, nth };
                let local = graph.link(id).and_then(|link| link.local.clone()).expect("told");
                let link = local.as_str()[1..].parse().expect("its number");
                edges.push((id, link));
            }
        }
        let of = |edge: &EdgeId| groups.get(edge).cloned().unwrap_or_default();
        for (a, link) in &edges {
            prop_assert_eq!(of(a).is_empty(), expected[*link].is_empty());
            for (b, other) in &edges {
                let shared = !of(a).is_disjoint(&of(b));
                prop_assert_eq!(shared, !expected[*link].is_disjoint(&expected[*other]));
            }
        }
        // Nothing of an edge that is not there.
        prop_assert!(groups.keys().all(|id| graph.link(*id).is_some()));
    }
}

#[test]
fn a_number_is_of_who_tells_it_unless_both_ends_tell_the_same() {
    let group = |numbers: &[u32]| numbers.iter().copied().collect::<BTreeSet<_>>();
    // AS1 and AS2 tell 5 of their link alike; AS3 has a 5 of its own.
    let links = [
        (0, 1, group(&[5]), group(&[5, 6])),
        (0, 2, group(&[5]), group(&[])),
        (1, 3, group(&[5]), group(&[])),
        (2, 3, group(&[5]), group(&[])),
    ];
    let snapshot = snapshot(&links, DOMAINS);
    let graph = snapshot.graph();
    let of = |from: usize, to: usize| {
        let ends = [from, to].map(|at| graph.index(&name(at)).expect("a member"));
        let row = graph.net().row(ends[0].as_usize() as u32);
        let nth = row.edges_to(ends[1].as_usize() as u32).start as u32;
        let from = ends[0].as_usize() as u32;
        let groups = snapshot.risk_groups().get(&EdgeId { from, nth });
        groups.cloned().unwrap_or_default()
    };
    assert_eq!(of(0, 1), of(1, 0));
    assert_eq!(of(0, 1).len(), 2);
    assert!(!of(0, 2).is_disjoint(&of(1, 3)), "5 of AS1 is 5 of AS2");
    assert!(of(2, 3).is_disjoint(&of(0, 2)), "5 of AS3 is another");
    assert_eq!(Srlgs::from_iter([3, 1, 3]).as_slice(), [1, 3]);
}
