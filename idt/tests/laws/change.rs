//! What two snapshots are told apart by: laws against a reading of their content that shares nothing
//! with the comparison, and each event once, in words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use idt::{
    BorderLink, Change, Delta, DomainPolicy, DomainTopology, HalfUp, InterLink, IntraLink, Link,
    Snapshot, Ted, TopologyParts, Update, changes,
};
use nffg::{Bandwidth, Delay, DomainId, Loss, Measured, Performance, RouterId, RouterRef, Window};
use proptest::prelude::*;

use crate::federation::names;

const DOMAINS: usize = 5;

fn name(at: usize) -> DomainId {
    names(DOMAINS)[at].clone()
}

fn router(number: u8) -> RouterId {
    format!("r{number}").parse().expect("a valid id")
}

fn any_delay() -> impl Strategy<Value = Option<Delay>> {
    prop::option::of((0_u64..2).prop_map(Delay::from_nanos))
}

fn any_loss() -> impl Strategy<Value = Option<Loss>> {
    prop::option::weighted(0.3, (0_u32..2).prop_map(Loss::from_billionths))
}

/// Small enough that the next topology of a domain often says much the same.
fn any_topology() -> impl Strategy<Value = DomainTopology> {
    let intra = (0_u8..2, 0_u8..2, any_delay()).prop_map(|(src, dst, delay)| IntraLink {
        src: router(src),
        dst: router(dst),
        delay,
        bandwidth: None,
    });
    let inter = (0_u8..2, 0..DOMAINS, 0_u8..2, any_delay(), any_loss());
    let inter = inter.prop_map(|(from, to, remote, delay, loss)| InterLink {
        router: router(from),
        remote: RouterRef {
            domain: name(to),
            router: router(remote),
        },
        delay: None,
        bandwidth: delay.map(|delay| Bandwidth::from_bits_per_second(delay.as_nanos())),
        srlgs: nffg::Srlgs::default(),
        performance: Performance::from(Measured {
            loss,
            ..Measured::default()
        }),
    });
    let prefix = (0_u8..3).prop_map(|n| format!("10.{n}.0.0/16").parse().expect("a prefix"));
    let parts = (
        prop::collection::vec((0_u8..3).prop_map(router), 0..2),
        prop::collection::vec(intra, 0..2),
        prop::collection::vec(inter, 0..5),
        prop::collection::vec(prefix, 0..2),
        any::<bool>(),
    );
    let parts = parts.prop_map(
        |(routers, intra_links, inter_links, prefixes, silent_on_links)| TopologyParts {
            routers,
            intra_links,
            inter_links,
            prefixes,
            silent_on_links,
        },
    );
    (0..DOMAINS, parts).prop_map(|(domain, parts)| DomainTopology::new(name(domain), parts))
}

fn any_update() -> impl Strategy<Value = Update> {
    let domain = || (0..DOMAINS).prop_map(name);
    let border = (domain(), domain(), any_delay()).prop_map(|(a, b, delay)| BorderLink {
        a,
        b,
        delay,
        bandwidth: None,
    });
    prop_oneof![
        4 => domain().prop_map(Update::Join),
        6 => any_topology().prop_map(Update::Topology),
        2 => (domain(), prop::option::of((domain(), 0_u32..3))).prop_map(|(domain, policy)| {
            let policy = policy.map(|(to, price)| DomainPolicy {
                link_prices: [(to, price)].into(),
                ..DomainPolicy::default()
            });
            Update::Policy(domain, policy)
        }),
        2 => (domain(), crate::ted::any_windows())
            .prop_map(|(domain, windows)| Update::Windows(domain, windows)),
        1 => domain().prop_map(Update::Silent),
        1 => domain().prop_map(Update::Leave),
        1 => prop::collection::vec(border, 0..6).prop_map(Update::Borders),
    ]
}

fn any_updates() -> impl Strategy<Value = Vec<Update>> {
    prop::collection::vec(any_update(), 0..16)
}

fn ted(updates: &[Update]) -> Ted {
    let mut ted = Ted::new();
    ted.apply(updates.iter().cloned());
    ted
}

/// The content of the snapshot that these updates make, in a TED that shares nothing with another, one
/// snapshot for each update.
fn rebuilt(updates: &[&[Update]]) -> Arc<Snapshot> {
    let mut ted = Ted::new();
    for update in updates.iter().copied().flatten() {
        ted.apply([update.clone()]);
    }
    ted.snapshot()
}

/// A topology, read part by part.
#[derive(Clone, Debug, PartialEq)]
struct Topology {
    routers: BTreeSet<RouterId>,
    intra_links: BTreeSet<IntraLink>,
    inter_links: BTreeSet<InterLink>,
    prefixes: BTreeSet<String>,
    silent_on_links: bool,
}

impl Topology {
    fn of(topology: &DomainTopology) -> Self {
        let prefixes = topology.prefixes().iter();
        Self {
            routers: topology.routers().iter().cloned().collect(),
            intra_links: topology.intra_links().iter().cloned().collect(),
            inter_links: topology.inter_links().iter().cloned().collect(),
            prefixes: prefixes.map(ToString::to_string).collect(),
            silent_on_links: topology.is_silent_on_links(),
        }
    }
}

/// The links between two domains, there and back.
type Links = (Vec<Link>, Vec<Link>);

/// What a reader of the stream keeps.
#[derive(Clone, Debug, PartialEq)]
struct Model {
    members: BTreeMap<DomainId, Option<Topology>>,
    policies: BTreeMap<DomainId, Option<DomainPolicy>>,
    windows: BTreeMap<DomainId, Vec<Window>>,
    adjacencies: BTreeMap<(DomainId, DomainId), Links>,
    half_up: BTreeSet<HalfUp>,
}

fn topology(snapshot: &Snapshot, domain: &DomainId) -> Option<Topology> {
    snapshot.topology(domain).map(|told| Topology::of(told))
}

fn policy(snapshot: &Snapshot, domain: &DomainId) -> Option<DomainPolicy> {
    snapshot.policy(domain).map(|policy| (**policy).clone())
}

fn links(snapshot: &Snapshot, a: &DomainId, b: &DomainId) -> Option<Links> {
    let graph = snapshot.graph();
    let (a, b) = (graph.index(a)?, graph.index(b)?);
    let links = |from, to| Some(graph.adjacency(from, to)?.links.to_vec());
    Some((links(a, b)?, links(b, a)?))
}

impl Model {
    fn of(snapshot: &Snapshot) -> Self {
        let domains: Vec<&DomainId> = snapshot.domains().collect();
        let mut adjacencies = BTreeMap::new();
        for a in &domains {
            for b in domains.iter().filter(|b| a < *b) {
                if let Some(links) = links(snapshot, a, b) {
                    adjacencies.insert(((*a).clone(), (*b).clone()), links);
                }
            }
        }
        Self {
            members: domains
                .iter()
                .map(|domain| ((*domain).clone(), topology(snapshot, domain)))
                .collect(),
            policies: domains
                .iter()
                .map(|domain| ((*domain).clone(), policy(snapshot, domain)))
                .collect(),
            windows: domains
                .iter()
                .map(|domain| ((*domain).clone(), snapshot.windows(domain).to_vec()))
                .collect(),
            adjacencies,
            half_up: snapshot.graph().half_up().iter().cloned().collect(),
        }
    }

    /// Acts on one event. `after` is read only for what the event names, and the event must fit what
    /// is known so far.
    fn act(&mut self, change: &Change, after: &Snapshot) {
        let pair = |a: &DomainId, b: &DomainId| {
            assert!(a < b);
            (a.clone(), b.clone())
        };
        match change {
            Change::Joined(domain) => {
                assert!(after.domains().any(|one| one == domain));
                let known = self.members.insert(domain.clone(), topology(after, domain));
                assert_eq!(known, None);
                self.policies.insert(domain.clone(), policy(after, domain));
                self.windows
                    .insert(domain.clone(), after.windows(domain).to_vec());
            }
            Change::Left(domain) => {
                assert!(self.members.remove(domain).is_some());
                self.policies.remove(domain);
                self.windows.remove(domain);
            }
            Change::Policy(domain) => {
                let now = policy(after, domain);
                let known = self.policies.insert(domain.clone(), now.clone());
                assert_ne!(known.expect("a member"), now);
            }
            Change::Windows(domain) => {
                let now = after.windows(domain).to_vec();
                let known = self.windows.insert(domain.clone(), now.clone());
                assert_ne!(known.expect("a member"), now);
            }
            Change::TopologyAppeared(domain) => {
                let known = self.members.insert(domain.clone(), topology(after, domain));
                assert_eq!(known, Some(None));
            }
            Change::TopologyGone(domain) => {
                let known = self.members.insert(domain.clone(), None);
                assert!(matches!(known, Some(Some(_))));
            }
            Change::Topology(change) => {
                let known = self.members.get_mut(&change.domain);
                let known = known.and_then(Option::as_mut).expect("has a topology");
                let earlier = known.clone();
                act(&mut known.routers, &change.routers);
                act(&mut known.intra_links, &change.intra_links);
                act(&mut known.inter_links, &change.inter_links);
                let text = |list: &[ipnet::IpNet]| list.iter().map(ToString::to_string).collect();
                let prefixes = Delta {
                    added: text(&change.prefixes.added),
                    removed: text(&change.prefixes.removed),
                };
                act(&mut known.prefixes, &prefixes);
                if let Some(silent) = change.silent_on_links {
                    assert_ne!(known.silent_on_links, silent);
                    known.silent_on_links = silent;
                }
                assert_ne!(*known, earlier);
            }
            Change::AdjacencyUp { a, b } => {
                let now = links(after, a, b).expect("adjacent now");
                assert_eq!(self.adjacencies.insert(pair(a, b), now), None);
            }
            Change::AdjacencyDown { a, b } => {
                assert!(self.adjacencies.remove(&pair(a, b)).is_some());
            }
            Change::AdjacencyChanged { a, b } => {
                let now = links(after, a, b).expect("adjacent now");
                let known = self.adjacencies.insert(pair(a, b), now.clone());
                assert!(known.is_some_and(|known| known != now));
            }
            Change::HalfUpAppeared(link) => assert!(self.half_up.insert(link.clone())),
            Change::HalfUpGone(link) => assert!(self.half_up.remove(link)),
        }
    }
}

fn act<T: Clone + Debug + Ord>(set: &mut BTreeSet<T>, delta: &Delta<T>) {
    assert_eq!(
        delta.is_empty(),
        delta.added.len() + delta.removed.len() == 0
    );
    assert!(delta.added.is_sorted() && delta.removed.is_sorted());
    assert!(delta.removed.iter().all(|one| set.remove(one)), "{delta:?}");
    assert!(
        delta.added.iter().all(|one| set.insert(one.clone())),
        "{delta:?}"
    );
}

/// The event that takes this one back.
fn mirror(change: Change) -> Change {
    fn swap<T>(delta: &mut Delta<T>) {
        std::mem::swap(&mut delta.added, &mut delta.removed);
    }
    match change {
        Change::Joined(domain) => Change::Left(domain),
        Change::Left(domain) => Change::Joined(domain),
        Change::TopologyAppeared(domain) => Change::TopologyGone(domain),
        Change::TopologyGone(domain) => Change::TopologyAppeared(domain),
        Change::Policy(domain) => Change::Policy(domain),
        Change::Windows(domain) => Change::Windows(domain),
        Change::Topology(mut change) => {
            swap(&mut change.routers);
            swap(&mut change.intra_links);
            swap(&mut change.inter_links);
            swap(&mut change.prefixes);
            change.silent_on_links = change.silent_on_links.map(|silent| !silent);
            Change::Topology(change)
        }
        Change::AdjacencyUp { a, b } => Change::AdjacencyDown { a, b },
        Change::AdjacencyDown { a, b } => Change::AdjacencyUp { a, b },
        Change::AdjacencyChanged { a, b } => Change::AdjacencyChanged { a, b },
        Change::HalfUpAppeared(link) => Change::HalfUpGone(link),
        Change::HalfUpGone(link) => Change::HalfUpAppeared(link),
    }
}

/// Where an event stands in the order that is promised: no two events of one answer stand in one
/// place.
fn place(change: &Change) -> (usize, Vec<DomainId>, Option<&HalfUp>) {
    let domains = || change.participants().into_iter().cloned().collect();
    match change {
        Change::Policy(_) => (1, domains(), None),
        Change::Windows(_) => (2, domains(), None),
        Change::AdjacencyUp { .. }
        | Change::AdjacencyDown { .. }
        | Change::AdjacencyChanged { .. } => (3, domains(), None),
        Change::HalfUpAppeared(link) | Change::HalfUpGone(link) => (4, Vec::new(), Some(link)),
        _ => (0, domains(), None),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn acting_on_every_change_leads_from_one_to_the_other(
        first in any_updates(), then in any_updates(),
    ) {
        let mut ted = ted(&first);
        let before = ted.snapshot();
        ted.apply(then);
        let after = ted.snapshot();
        let mut model = Model::of(&before);
        for change in changes(&before, &after) {
            model.act(&change, &after);
        }
        prop_assert_eq!(model, Model::of(&after));
    }

    #[test]
    fn no_change_is_told_exactly_if_the_content_is_equal(
        first in any_updates(), then in prop::collection::vec(any_update(), 0..2),
    ) {
        let mut ted = ted(&first);
        let before = ted.snapshot();
        let published = ted.apply(then);
        let after = ted.snapshot();
        let told = changes(&before, &after);
        prop_assert_eq!(told.is_empty(), Model::of(&before) == Model::of(&after));
        // Borders that join nobody are the only thing that a snapshot has beside.
        prop_assert!(published || told.is_empty());
        prop_assert!(!told.is_empty() || before.graph() == after.graph());
        prop_assert_eq!(changes(&before, &before), []);
        prop_assert_eq!(changes(&before, &rebuilt(&[&first])), []);
    }

    #[test]
    fn the_changes_depend_on_the_content_alone(first in any_updates(), then in any_updates()) {
        let mut ted = ted(&first);
        let before = ted.snapshot();
        ted.apply(then.clone());
        let after = ted.snapshot();
        let told = changes(&before, &after);
        prop_assert_eq!(&changes(&rebuilt(&[&first]), &after), &told);
        prop_assert_eq!(&changes(&before, &rebuilt(&[&first, &then])), &told);
        prop_assert!(told.is_sorted_by(|a, b| place(a) < place(b)), "{told:?}");
    }

    #[test]
    fn the_way_back_is_the_mirror(first in any_updates(), then in any_updates()) {
        let (before, after) = (ted(&first).snapshot(), ted(&then).snapshot());
        let back = changes(&after, &before).into_iter().map(mirror);
        prop_assert_eq!(changes(&before, &after), back.collect::<Vec<_>>());
    }

    #[test]
    fn every_change_names_its_domains(first in any_updates(), then in any_updates()) {
        let (before, after) = (ted(&first).snapshot(), ted(&then).snapshot());
        for change in changes(&before, &after) {
            let domains = change.participants();
            match change.domain() {
                Some(domain) => prop_assert_eq!(domains, [domain]),
                None => prop_assert!(domains.len() == 2 && domains[0] < domains[1]),
            }
        }
    }
}

fn domain(text: &str) -> DomainId {
    text.parse().expect("a valid id")
}

/// A topology whose links are told as `router>domain:router`, or `router>router` within the domain,
/// `@9` for a delay.
fn tell(name: &str, routers: &[&str], links: &[&str], prefixes: &[&str]) -> Update {
    let id = |text: &str| text.parse().expect("a valid id");
    let mut parts = TopologyParts {
        routers: routers.iter().map(|text| id(text)).collect(),
        prefixes: prefixes
            .iter()
            .map(|text| text.parse().expect("a prefix"))
            .collect(),
        ..TopologyParts::default()
    };
    for link in links {
        let (ends, delay) = link.split_once('@').unwrap_or((link, ""));
        let delay = delay.parse().ok().map(Delay::from_nanos);
        let (src, dst) = ends.split_once('>').expect("two ends");
        match dst.split_once(':') {
            Some((to, dst)) => parts.inter_links.push(InterLink {
                router: id(src),
                remote: RouterRef {
                    domain: domain(to),
                    router: id(dst),
                },
                delay,
                bandwidth: None,
                srlgs: nffg::Srlgs::default(),
                performance: Performance::default(),
            }),
            None => parts.intra_links.push(IntraLink {
                src: id(src),
                dst: id(dst),
                delay,
                bandwidth: None,
            }),
        }
    }
    Update::Topology(DomainTopology::new(domain(name), parts))
}

/// What these updates change of a chain of three, in words. AS3 exports no topology.
fn told(updates: impl IntoIterator<Item = Update>) -> Vec<String> {
    let mut ted = Ted::new();
    ted.apply([
        tell("AS1", &["a", "x"], &["a>AS2:b", "x>a"], &["10.1.0.0/16"]),
        tell("AS2", &["b"], &["b>AS1:a", "b>AS3:c"], &[]),
        Update::Join(domain("AS3")),
    ]);
    let before = ted.snapshot();
    ted.apply(updates);
    let line = |change: &Change| format!("{} | {change}", change.kind());
    changes(&before, &ted.snapshot()).iter().map(line).collect()
}

#[test]
fn a_join_implies_its_topology_and_adjacencies_are_told() {
    assert_eq!(
        told([
            tell(
                "AS0X",
                &["d", "e"],
                &["d>AS3:c", "d>AS1:a", "d>e"],
                &["10.4.0.0/16"]
            ),
            tell("AS3", &["c"], &["c>AS0X:d", "c>AS2:b"], &[]),
        ]),
        [
            "joined | AS0X joined",
            "topology-appeared | AS3 exports a topology",
            "adjacency-up | AS0X and AS3 are adjacent",
            "half-up-appeared | the link from AS0X 'd' to AS1 'a' is half-up: AS1 does not tell it",
        ]
    );
}

#[test]
fn a_leave_takes_its_adjacencies_down() {
    assert_eq!(
        told([Update::Leave(domain("AS2"))]),
        [
            "left | AS2 left",
            "adjacency-down | AS1 and AS2 are no longer adjacent",
            "adjacency-down | AS2 and AS3 are no longer adjacent",
        ]
    );
}

#[test]
fn a_topology_is_told_by_what_was_added_and_removed() {
    let now = tell(
        "AS1",
        &["a", "u", "v", "w"],
        &["a>AS2:b", "a>AS3:c", "w>a"],
        &["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"],
    );
    assert_eq!(
        told([now]),
        [
            "topology | AS1: 3 routers added, 1 router removed, 1 link added, 1 link removed, \
             1 inter-domain link added, 2 prefixes added",
            "adjacency-up | AS1 and AS3 are adjacent",
        ]
    );
}

#[test]
fn a_link_with_other_attributes_is_one_removed_and_one_added() {
    // AS2 leaves the delay out: AS1's word counts for the way back too, in one adjacency.
    assert_eq!(
        told([tell(
            "AS1",
            &["a", "x"],
            &["a>AS2:b@7", "x>a"],
            &["10.1.0.0/16"]
        )]),
        [
            "topology | AS1: 1 inter-domain link added, 1 inter-domain link removed",
            "adjacency-changed | the links between AS1 and AS2 are different",
        ]
    );
}

#[test]
fn a_link_that_differs_on_the_way_back_only_is_a_change_of_the_adjacency() {
    let mut ted = Ted::new();
    let both = |back| {
        [
            tell("AS1", &[], &["a>AS2:b@1"], &[]),
            tell("AS2", &[], &[back], &[]),
        ]
    };
    ted.apply(both("b>AS1:a@2"));
    let before = ted.snapshot();
    ted.apply(both("b>AS1:a@3"));
    let told = changes(&before, &ted.snapshot());
    let [a, b] = ["AS1", "AS2"].map(domain);
    assert_eq!(told.len(), 2);
    assert_eq!(told[1], Change::AdjacencyChanged { a, b });
}

#[test]
fn half_up_links_appear_and_are_mended() {
    let without = tell("AS2", &["b"], &["b>AS3:c"], &[]);
    assert_eq!(
        told([without.clone()]),
        [
            "topology | AS2: 1 inter-domain link removed",
            "adjacency-down | AS1 and AS2 are no longer adjacent",
            "half-up-appeared | the link from AS1 'a' to AS2 'b' is half-up: AS2 does not tell it",
        ]
    );
    let mut ted = Ted::new();
    ted.apply([tell("AS1", &[], &["a>AS2:b"], &[]), without]);
    let before = ted.snapshot();
    ted.apply([Update::Silent(domain("AS2"))]);
    let told: Vec<String> = changes(&before, &ted.snapshot())
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "AS2 exports no topology any more",
            "AS1 and AS2 are adjacent",
            "the link from AS1 'a' to AS2 'b' is no longer half-up",
        ]
    );
}

#[test]
fn a_source_that_knows_no_links_is_told_as_a_change_of_the_topology() {
    let parts = |silent_on_links| TopologyParts {
        routers: vec!["b".parse().unwrap()],
        silent_on_links,
        ..TopologyParts::default()
    };
    let tell = |silent| {
        [Update::Topology(DomainTopology::new(
            domain("AS1"),
            parts(silent),
        ))]
    };
    let mut ted = Ted::new();
    ted.apply(tell(true));
    let silent = ted.snapshot();
    ted.apply(tell(false));
    let knows = ted.snapshot();
    let words = |before, after| changes(before, after)[0].to_string();
    assert_eq!(words(&silent, &knows), "AS1: its source knows links now");
    assert_eq!(
        words(&knows, &silent),
        "AS1: its source knows no links any more"
    );
}

/// Costs are another then, though paths and placements are not: the net is the same.
#[test]
fn what_else_is_measured_of_a_link_is_a_change_and_none_of_the_net() {
    let tell = |from: &str, to: &str, loss: Option<u32>| {
        let measured = Measured {
            loss: loss.map(Loss::from_billionths),
            ..Measured::default()
        };
        let link = InterLink {
            router: from.parse().unwrap(),
            remote: RouterRef {
                domain: domain(to),
                router: to.parse().unwrap(),
            },
            delay: None,
            bandwidth: None,
            srlgs: nffg::Srlgs::default(),
            performance: measured.into(),
        };
        let parts = TopologyParts {
            inter_links: vec![link],
            ..TopologyParts::default()
        };
        Update::Topology(DomainTopology::new(domain(from), parts))
    };
    let mut ted = Ted::new();
    ted.apply([tell("AS1", "AS2", None), tell("AS2", "AS1", None)]);
    let before = ted.snapshot();
    assert!(!ted.apply([tell("AS1", "AS2", None)]));
    assert!(ted.apply([tell("AS1", "AS2", Some(30))]));
    let after = ted.snapshot();
    let words: Vec<String> = (changes(&before, &after).iter())
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        words,
        [
            "AS1: 1 inter-domain link added, 1 inter-domain link removed",
            "the links between AS1 and AS2 are different"
        ]
    );
    assert!(Arc::ptr_eq(before.graph().net(), after.graph().net()));
    let mut anew = Ted::new();
    anew.apply([tell("AS2", "AS1", None), tell("AS1", "AS2", Some(30))]);
    assert_eq!(*anew.snapshot(), *after);
}

#[test]
fn borders_that_join_nobody_are_no_change() {
    let border = |a: &str, b: &str| BorderLink {
        a: domain(a),
        b: domain(b),
        delay: None,
        bandwidth: None,
    };
    // AS9 is no member; of AS1 and AS2 the topologies are believed.
    let borders = vec![border("AS1", "AS9"), border("AS1", "AS2")];
    assert_eq!(told([Update::Borders(borders)]), [""; 0]);
    let borders = vec![border("AS1", "AS3")];
    assert_eq!(
        told([Update::Borders(borders)]),
        ["adjacency-up | AS1 and AS3 are adjacent"]
    );
}

#[test]
fn a_policy_is_told_while_the_domain_is_a_member() {
    let policy = |price| {
        let link_prices = [(domain("AS2"), price)].into();
        let policy = DomainPolicy {
            link_prices,
            ..DomainPolicy::default()
        };
        Update::Policy(domain("AS1"), Some(policy))
    };
    let mut ted = Ted::new();
    let mut told = |updates: Vec<Update>| -> Vec<String> {
        let before = ted.snapshot();
        ted.apply(updates);
        let told = changes(&before, &ted.snapshot());
        told.iter().map(ToString::to_string).collect()
    };
    let none: [&str; 0] = [];
    assert_eq!(told(vec![policy(1)]), none);
    assert_eq!(told(vec![Update::Join(domain("AS1"))]), ["AS1 joined"]);
    assert_eq!(told(vec![policy(2)]), ["AS1 declares another policy"]);
    let gone = Update::Policy(domain("AS1"), None);
    assert_eq!(told(vec![gone]), ["AS1 declares another policy"]);
    let leaves = vec![policy(3), Update::Leave(domain("AS1"))];
    assert_eq!(told(leaves), ["AS1 left"]);
}
