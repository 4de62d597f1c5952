//! The TED does not remember how it came to be as it is.

use std::collections::{BTreeMap, BTreeSet};

use idt::net::{EdgeId, Role};
use idt::{
    BorderLink, DomainPolicy, DomainTopology, InterLink, Relationship, Snapshot, Ted,
    TopologyParts, Update,
};
use nffg::{Announced, Bandwidth, Delay, DomainId, LinkState, RouterRef, Window};
use proptest::prelude::*;

use crate::federation::names;

const DOMAINS: usize = 4;

/// A link as told: from (domain, router) to (domain, router), and its delay.
type Told = ((usize, u8), (usize, u8), Option<u8>);

fn router(number: u8) -> nffg::RouterId {
    format!("r{number}").parse().expect("a valid id")
}

fn loss(billionths: Option<u32>) -> nffg::Performance {
    nffg::Performance::from(nffg::Measured {
        loss: billionths.map(nffg::Loss::from_billionths),
        ..nffg::Measured::default()
    })
}

fn topology(domain: usize, links: &[Told]) -> DomainTopology {
    let link = |((_, from), (to_domain, to), delay): &Told| InterLink {
        router: router(*from),
        remote: RouterRef {
            domain: names(DOMAINS)[*to_domain].clone(),
            router: router(*to),
        },
        delay: delay.map(|delay| Delay::from_nanos(delay.into())),
        bandwidth: delay.map(|delay| Bandwidth::from_bits_per_second(delay.into())),
        srlgs: nffg::Srlgs::default(),
        performance: loss(delay.filter(|delay| delay % 2 == 1).map(u32::from)),
    };
    let inter_links = links.iter().map(link).collect();
    let parts = TopologyParts {
        inter_links,
        ..TopologyParts::default()
    };
    DomainTopology::new(names(DOMAINS)[domain].clone(), parts)
}

fn any_update() -> impl Strategy<Value = Update> {
    let domain = || (0..DOMAINS).prop_map(|domain| names(DOMAINS)[domain].clone());
    let border =
        (domain(), domain(), prop::option::of(0_u64..3)).prop_map(|(a, b, delay)| BorderLink {
            a,
            b,
            delay: delay.map(Delay::from_nanos),
            bandwidth: None,
        });
    prop_oneof![
        2 => domain().prop_map(Update::Join),
        6 => any_topology().prop_map(Update::Topology),
        1 => domain().prop_map(Update::Silent),
        1 => domain().prop_map(Update::Leave),
        1 => prop::collection::vec(border, 0..4).prop_map(Update::Borders),
        2 => (domain(), prop::option::of(any_policy(domain()))).prop_map(|(domain, policy)| Update::Policy(domain, policy)),
        2 => (domain(), any_windows()).prop_map(|(domain, windows)| Update::Windows(domain, windows)),
    ]
}

/// For all links.
pub(crate) fn any_windows() -> impl Strategy<Value = Vec<Window>> {
    let at = |second| jiff::Timestamp::from_second(second).expect("a time");
    let window = (0_i64..4, 1_i64..4).prop_map(move |(start, length)| Window {
        start: at(start),
        end: at(start + length),
        links: Announced::All,
        state: LinkState::Out,
    });
    prop::collection::vec(window, 0..3)
}

/// What it says of the links to one neighbour.
fn any_policy(neighbour: impl Strategy<Value = DomainId>) -> impl Strategy<Value = DomainPolicy> {
    let known = [
        Relationship::Customer,
        Relationship::Provider,
        Relationship::Peer,
    ];
    let known = prop::option::of(prop::sample::select(known.to_vec()));
    (neighbour, known, 0_u32..3).prop_map(|(neighbour, known, price)| DomainPolicy {
        relationships: known
            .map(|known| (neighbour.clone(), known))
            .into_iter()
            .collect(),
        link_prices: [(neighbour, price)].into(),
        ..DomainPolicy::default()
    })
}

/// Few routers, so that links often have a reverse and sometimes a parallel.
fn any_topology() -> impl Strategy<Value = DomainTopology> {
    (0..DOMAINS).prop_flat_map(|domain| {
        let link = (
            Just(domain),
            0_u8..2,
            0..DOMAINS,
            0_u8..2,
            prop::option::of(0_u8..2),
        );
        let link = link.prop_map(|(from, a, to, b, delay)| ((from, a), (to, b), delay));
        prop::collection::vec(link, 0..6).prop_map(move |links| topology(domain, &links))
    })
}

/// What a list of updates says in the end, by a reading of its own.
#[derive(Default)]
struct Model {
    members: BTreeMap<DomainId, Option<DomainTopology>>,
    borders: Vec<BorderLink>,
    policies: BTreeMap<DomainId, DomainPolicy>,
    windows: BTreeMap<DomainId, Vec<Window>>,
}

impl Model {
    fn of(updates: &[Update]) -> Self {
        let mut model = Self::default();
        for update in updates.iter().cloned() {
            match update {
                Update::Join(domain) if model.members.contains_key(&domain) => {}
                Update::Join(domain) => drop(model.members.insert(domain, None)),
                Update::Topology(t) => drop(model.members.insert(t.domain().clone(), Some(t))),
                Update::Silent(domain) if model.members.contains_key(&domain) => {
                    model.members.insert(domain, None);
                }
                Update::Silent(_) => {}
                Update::Leave(domain) => {
                    model.windows.remove(&domain);
                    model.members.remove(&domain);
                }
                Update::Windows(domain, windows) if model.members.contains_key(&domain) => {
                    model.windows.insert(domain, windows);
                }
                Update::Windows(..) => {}
                Update::Borders(borders) => model.borders = borders,
                Update::Policy(domain, Some(policy)) => drop(model.policies.insert(domain, policy)),
                Update::Policy(domain, None) => drop(model.policies.remove(&domain)),
            }
        }
        model
    }

    /// The shortest way to say it, last domain first.
    fn updates(&self) -> Vec<Update> {
        let member = |(domain, topology): (&DomainId, &Option<DomainTopology>)| match topology {
            Some(topology) => Update::Topology(topology.clone()),
            None => Update::Join(domain.clone()),
        };
        let mut updates = vec![Update::Borders(
            self.borders.iter().rev().cloned().collect(),
        )];
        updates.extend(self.members.iter().rev().map(member));
        let policies = self.policies.clone().into_iter();
        updates.extend(policies.map(|(domain, policy)| Update::Policy(domain, Some(policy))));
        let windows = self.windows.clone().into_iter();
        updates.extend(windows.map(|(domain, windows)| Update::Windows(domain, windows)));
        updates
    }

    /// How often `from` tells the link between these routers.
    fn told(&self, from: &DomainId, a: &str, to: &DomainId, b: &str) -> usize {
        let Some(Some(topology)) = self.members.get(from) else {
            return 0;
        };
        let same = |link: &&InterLink| {
            link.router.as_str() == a
                && link.remote.domain == *to
                && link.remote.router.as_str() == b
        };
        topology.inter_links().iter().filter(same).count()
    }

    /// How many links join two members, by the rule of adjacency.
    fn links(&self, a: &DomainId, b: &DomainId) -> usize {
        let exports = |domain| matches!(self.members.get(domain), Some(Some(_)));
        let (mut up, mut told) = (0, 0);
        // Told by one and not by the other, though that one tells links too.
        let mut left = (0, 0);
        for ra in ["r0", "r1"] {
            for rb in ["r0", "r1"] {
                let (there, back) = (self.told(a, ra, b, rb), self.told(b, rb, a, ra));
                told += there + back;
                up += match (exports(a), exports(b)) {
                    (true, true) => there.min(back),
                    _ => there.max(back),
                };
                left.0 += there.saturating_sub(back);
                left.1 += back.saturating_sub(there);
            }
        }
        if told > 0 {
            // None has a reverse: the two name their links differently.
            return if up == 0 { left.0.min(left.1) } else { up };
        }
        let joins = |border: &&BorderLink| {
            (&border.a, &border.b) == (a, b) || (&border.b, &border.a) == (a, b)
        };
        self.borders.iter().filter(joins).count()
    }
}

/// Role and price of the links from one domain to another, by what the two declare.
fn said(ted: &Snapshot, a: &DomainId, b: &DomainId) -> (Role, u32) {
    let role = |teller, other| {
        let policy = ted.policy(teller)?;
        Some(match policy.relationships.get(other)? {
            Relationship::Customer => Role::ToCustomer,
            Relationship::Provider => Role::ToProvider,
            Relationship::Peer => Role::ToPeer,
        })
    };
    let role = match (role(a, b), role(b, a).map(Role::reverse)) {
        (Some(one), Some(other)) if one == other => one,
        (Some(one), None) | (None, Some(one)) => one,
        _ => Role::Unknown,
    };
    let price = ted
        .policy(a)
        .and_then(|policy| policy.link_prices.get(b).copied());
    (role, price.unwrap_or(0))
}

/// The graph of a TED that went through versions, against that of one that never saw them.
fn same_as_fresh(ted: &Ted, updates: Vec<Update>) -> Result<(), TestCaseError> {
    let mut fresh = Ted::new();
    fresh.apply(updates);
    let (ted, fresh) = (ted.snapshot(), fresh.snapshot());
    prop_assert_eq!(&*ted, &*fresh);
    let (graph, other) = (ted.graph(), fresh.graph());
    prop_assert_eq!(graph.half_up(), other.half_up());
    prop_assert_eq!(graph.net(), other.net());
    prop_assert_eq!(graph.net().is_symmetric(), other.net().is_symmetric());
    for a in graph.indices() {
        for b in graph.indices().take(8) {
            prop_assert_eq!(graph.connected(a, b), other.connected(a, b));
        }
        // The net has an edge for each link, in order.
        let row = graph.net().row(a.as_usize() as u32);
        let links = graph
            .neighbours(a)
            .flat_map(|n| n.links.iter().map(move |link| (n.to, link)));
        let links: Vec<_> = links.collect();
        prop_assert_eq!(row.len(), links.len());
        for (nth, (to, link)) in links.into_iter().enumerate() {
            let edge = row.edge(nth);
            prop_assert_eq!(edge.to as usize, to.as_usize());
            prop_assert_eq!(u64::from(edge.delay), link.delay.map_or(0, Delay::as_nanos));
            prop_assert_eq!(
                edge.bandwidth,
                link.bandwidth.map_or(u64::MAX, Bandwidth::bits_per_second)
            );
            let to = graph.id(to);
            prop_assert_eq!((edge.role, edge.price), said(&ted, graph.id(a), to));
            let id = EdgeId {
                from: a.as_usize() as u32,
                nth: nth as u32,
            };
            prop_assert_eq!(graph.link(id), Some(link));
        }
        let past = EdgeId {
            from: a.as_usize() as u32,
            nth: row.len() as u32,
        };
        prop_assert_eq!(graph.link(past), None);
    }
    Ok(())
}

/// More domains than a page of rows holds.
const MANY: usize = 70;

/// A topology of a domain on a ring, with links to both sides and one more.
fn of_ring(at: usize, more: Option<(usize, u8, Option<u64>)>) -> DomainTopology {
    let sides = [(at + 1) % MANY, (at + MANY - 1) % MANY].map(|to| (to, 0, Some(1)));
    let links = sides
        .into_iter()
        .chain(more)
        .map(|(to, number, delay)| InterLink {
            router: router(number),
            remote: RouterRef {
                domain: names(MANY)[to].clone(),
                router: router(number),
            },
            delay: delay.map(Delay::from_nanos),
            bandwidth: None,
            srlgs: nffg::Srlgs::default(),
            performance: loss(delay.map(|_| number.into())),
        });
    let parts = TopologyParts {
        inter_links: links.collect(),
        ..TopologyParts::default()
    };
    DomainTopology::new(names(MANY)[at].clone(), parts)
}

fn update_of_many() -> impl Strategy<Value = Update> {
    let domain = || prop::sample::select(vec![0, 1, 2, 62, 63, 64, 65, 69]);
    let more = (domain(), 0_u8..3, prop::option::of(1_u64..3));
    prop_oneof![
        1 => domain().prop_map(|at| Update::Join(names(MANY)[at].clone())),
        6 => (domain(), prop::option::of(more)).prop_map(|(at, more)| Update::Topology(of_ring(at, more))),
        1 => domain().prop_map(|at| Update::Silent(names(MANY)[at].clone())),
        2 => domain().prop_map(|at| Update::Leave(names(MANY)[at].clone())),
        2 => (domain(), any_policy(domain().prop_map(|at| names(MANY)[at].clone())))
            .prop_map(|(at, policy)| Update::Policy(names(MANY)[at].clone(), Some(policy))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_version_of_many_domains_is_what_a_fresh_ted_makes(
        updates in prop::collection::vec(update_of_many(), 1..8),
    ) {
        let mut all: Vec<Update> = (0..MANY).map(|at| Update::Topology(of_ring(at, None))).collect();
        let mut ted = Ted::new();
        ted.apply(all.clone());
        for update in updates {
            all.push(update.clone());
            ted.apply([update]);
            same_as_fresh(&ted, Model::of(&all).updates())?;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_order_that_ends_the_same_gives_an_equal_snapshot(
        updates in prop::collection::vec(any_update(), 0..16),
        cuts in prop::collection::vec(any::<bool>(), 16),
    ) {
        // The same updates in batches, one by one, and as the end result alone.
        let mut batches = Ted::new();
        let mut batch = Vec::new();
        for (update, cut) in updates.iter().zip(cuts) {
            batch.push(update.clone());
            if cut {
                batches.apply(batch.drain(..));
            }
        }
        batches.apply(batch);
        let mut singly = Ted::new();
        for update in updates.clone() {
            singly.apply([update]);
        }
        let model = Model::of(&updates);
        let mut at_once = Ted::new();
        at_once.apply(model.updates());
        prop_assert_eq!(&*batches.snapshot(), &*singly.snapshot());
        prop_assert_eq!(&*batches.snapshot(), &*at_once.snapshot());

        // And that is what the rule says.
        let snapshot = at_once.snapshot();
        prop_assert!(snapshot.domains().eq(model.members.keys()));
        let graph = snapshot.graph();
        prop_assert_eq!(graph.len(), model.members.len());
        for a in graph.indices() {
            prop_assert!(graph.neighbours(a).is_sorted_by(|x, y| x.to < y.to));
            for b in graph.indices().filter(|b| *b != a) {
                let links = graph.adjacency(a, b).map_or(0, |adjacency| adjacency.links.len());
                prop_assert_eq!(links, model.links(graph.id(a), graph.id(b)));
                prop_assert_eq!(graph.adjacency(a, b).is_some(), graph.neighbours(a).any(|n| n.to == b));
            }
            prop_assert!(graph.adjacency(a, a).is_none());
        }
    }

    #[test]
    fn a_version_is_what_a_fresh_ted_makes(updates in prop::collection::vec(any_update(), 0..16)) {
        let mut ted = Ted::new();
        for (at, update) in updates.iter().enumerate() {
            ted.apply([update.clone()]);
            same_as_fresh(&ted, Model::of(&updates[..=at]).updates())?;
        }
    }

    #[test]
    fn the_second_time_changes_nothing(
        before in prop::collection::vec(any_update(), 0..8),
        update in any_update(),
    ) {
        let mut ted = Ted::new();
        ted.apply(before);
        let earlier = ted.snapshot();
        let changed = ted.apply([update.clone()]);
        let first = ted.snapshot();
        prop_assert_eq!(changed, earlier != first);
        prop_assert_eq!(first.generation(), earlier.generation() + u64::from(changed));
        prop_assert!(!ted.apply([update]));
        prop_assert!(std::sync::Arc::ptr_eq(&ted.snapshot(), &first));
    }

    #[test]
    fn leaving_and_coming_back_restores_an_equal_snapshot(
        before in prop::collection::vec(any_update(), 0..12),
    ) {
        let mut ted = Ted::new();
        ted.apply(before);
        let whole = ted.snapshot();
        for domain in whole.domains() {
            let back = match whole.topology(domain) {
                Some(topology) => Update::Topology(topology.as_ref().clone()),
                None => Update::Join(domain.clone()),
            };
            prop_assert!(ted.apply([Update::Leave(domain.clone())]));
            prop_assert!(ted.snapshot().graph().index(domain).is_none());
            // Who leaves announces nothing any more.
            let windows = Update::Windows(domain.clone(), whole.windows(domain).to_vec());
            prop_assert!(ted.apply([back.clone(), windows.clone()]));
            prop_assert_eq!(&*ted.snapshot(), &*whole);
            // Within one batch it is not even a change.
            prop_assert!(!ted.apply([Update::Leave(domain.clone()), back, windows]));
        }
    }

    #[test]
    fn components_are_what_paths_join(updates in prop::collection::vec(any_update(), 0..12)) {
        let mut ted = Ted::new();
        ted.apply(updates);
        let snapshot = ted.snapshot();
        let graph = snapshot.graph();
        for a in graph.indices() {
            let mut reached = BTreeSet::from([a]);
            let mut open = vec![a];
            while let Some(domain) = open.pop() {
                open.extend(graph.neighbours(domain).map(|n| n.to).filter(|to| reached.insert(*to)));
            }
            for b in graph.indices() {
                prop_assert_eq!(graph.connected(a, b), reached.contains(&b));
            }
        }
    }
}

#[test]
fn topologies_that_did_not_change_are_shared() {
    let mut ted = Ted::new();
    ted.apply((0..3).map(|domain| Update::Topology(topology(domain, &[]))));
    let before = ted.snapshot();
    let link = ((1, 0), (2, 0), None);
    let same = Update::Topology(topology(0, &[]));
    assert!(ted.apply([same, Update::Topology(topology(1, &[link]))]));
    let after = ted.snapshot();
    let shared = |domain: usize| {
        let name = &names(DOMAINS)[domain];
        std::sync::Arc::ptr_eq(
            before.topology(name).unwrap(),
            after.topology(name).unwrap(),
        )
    };
    assert!(shared(0) && !shared(1) && shared(2));
    assert_eq!(
        before.topology(&names(DOMAINS)[1]).unwrap().inter_links(),
        []
    );
}

#[test]
fn which_end_of_a_border_comes_first_makes_no_difference() {
    let name = |at: usize| names(DOMAINS)[at].clone();
    let border = |a, b| BorderLink {
        a: name(a),
        b: name(b),
        delay: None,
        bandwidth: None,
    };
    let mut ted = Ted::new();
    assert!(ted.apply([Update::Borders(vec![border(0, 1), border(2, 3)])]));
    assert!(!ted.apply([Update::Borders(vec![border(3, 2), border(1, 0)])]));
}
