//! What two snapshots are told apart by: laws against a reading of their content that shares nothing
//! with the comparison, and each event once, in words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use idr::reservation::{Amount, Amounts, ResourceKind};
use idr::{
    Border, Change, Domain, EntryPoint, Idr, InterDomainSap, Node, OpenBorder, Snapshot, Totals,
    Update, changes,
};
use nffg::{
    Bandwidth, BisBis, BisBisId, Delay, DomainId, NfType, Port, PortKind, Quantity, ResourceView,
    Resources, SapId, Unit, Warning,
};
use proptest::prelude::*;

fn id(text: &str) -> DomainId {
    text.parse().expect("a valid id")
}

fn sap(text: &str) -> SapId {
    text.parse().expect("a valid id")
}

/// A port is `X` for a service access point, `+X` for an inter-domain one, `+X/9` for one that tells a
/// delay of 9 ns.
fn port(spec: &str) -> Port {
    let (name, delay) = spec.split_once('/').map_or((spec, None), |(name, delay)| {
        (name, Some(delay.parse().expect("a number")))
    });
    let kind = match name.strip_prefix('+') {
        Some(tag) => PortKind::InterDomain(sap(tag)),
        None => PortKind::Sap(sap(name)),
    };
    Port {
        id: spec.parse().expect("a valid id"),
        name: None,
        kind,
        delay: delay.map(Delay::from_nanos),
        bandwidth: delay.map(Bandwidth::from_bits_per_second),
    }
}

/// A node of which quarters of a cpu are told.
fn node(name: &str, quarters: Option<u32>, ports: &[&str], nf_types: &[&str]) -> BisBis {
    let amount = |quarters| Quantity::new(f64::from(quarters) / 4.0, Unit::Bare).expect("finite");
    BisBis {
        id: name.parse().expect("a valid id"),
        name: None,
        node_type: None,
        resources: Resources {
            cpu: quarters.map(amount),
            ..Resources::default()
        },
        supported: nf_types
            .iter()
            .map(|nf| nf.parse().expect("a valid type"))
            .collect(),
        running: Vec::new(),
        ports: ports.iter().map(|spec| port(spec)).collect(),
        links: Vec::new(),
    }
}

fn domain(name: &str, nodes: Vec<BisBis>) -> Domain {
    let view = ResourceView {
        nodes,
        ..ResourceView::default()
    };
    Domain::from_view(id(name), None, view).expect("ids are unique")
}

fn any_domain() -> impl Strategy<Value = Domain> {
    let names = |kind: &'static str| {
        let name = (0_u8..3).prop_map(move |n| format!("{kind}{n}"));
        prop::collection::btree_set(name, 0..3)
    };
    // `T2` may be tagged here and untagged there, which makes a warning.
    let tags = prop::collection::btree_map(0_u8..3, prop::option::of(1_u8..3), 0..3);
    let parts = (
        prop::option::of(0_u32..3),
        names("S"),
        any::<bool>(),
        tags,
        names("NF"),
    );
    let nodes = prop::collection::btree_map(0_u8..4, parts, 0..4);
    (1_u8..6, nodes, any_entry_point()).prop_map(|(number, nodes, entry_point)| {
        let nodes = nodes
            .into_iter()
            .map(|(at, (cpu, saps, untagged, tags, nfs))| {
                let mut ports: Vec<String> = saps.into_iter().collect();
                ports.extend(untagged.then(|| "T2".to_owned()));
                ports.extend(tags.into_iter().map(|(tag, delay)| match delay {
                    Some(delay) => format!("+T{tag}/{delay}"),
                    None => format!("+T{tag}"),
                }));
                let ports: Vec<&str> = ports.iter().map(String::as_str).collect();
                let nfs: Vec<&str> = nfs.iter().map(String::as_str).collect();
                node(&format!("n{at}"), cpu, &ports, &nfs)
            });
        domain(&format!("AS{number}"), nodes.collect()).with_entry_point(entry_point)
    })
}

fn any_entry_point() -> impl Strategy<Value = Option<EntryPoint>> {
    let url = |n| format!("http://h{n}/").parse().expect("a URL");
    prop::option::of((0_u8..2).prop_map(url))
}

fn any_update() -> impl Strategy<Value = Update> {
    let domain = || (1_u8..6).prop_map(|number| id(&format!("AS{number}")));
    let entry_point = (domain(), any_entry_point());
    let held = (domain(), 0_u32..3).prop_map(|(domain, cpus)| Update::Held {
        domain,
        held: cpus_held(cpus),
    });
    prop_oneof![
        6 => any_domain().prop_map(Update::Put),
        2 => domain().prop_map(Update::Remove),
        2 => held,
        1 => entry_point.prop_map(|(domain, entry_point)| Update::EntryPoint { domain, entry_point }),
    ]
}

/// So many cpus, in whole ones.
fn cpus_held(cpus: u32) -> Amounts {
    let amount = Amount::from_millionths(u128::from(cpus) * 1_000_000);
    Amounts::default().with(ResourceKind::Cpu, Unit::Bare, amount)
}

fn any_updates() -> impl Strategy<Value = Vec<Update>> {
    prop::collection::vec(any_update(), 0..10)
}

fn idr(updates: Vec<Update>) -> Idr {
    let mut idr = Idr::new();
    idr.apply(updates);
    idr
}

/// The same content in a database that shares nothing with the first, made last domain first.
fn rebuilt(snapshot: &Snapshot) -> Arc<Snapshot> {
    let mut idr = Idr::new();
    let mut domains: Vec<&Arc<Domain>> = snapshot.domains().collect();
    domains.reverse();
    for domain in domains {
        idr.apply([Update::Put((**domain).clone())]);
        idr.apply([Update::Held {
            domain: domain.id().clone(),
            held: *domain.held(),
        }]);
    }
    idr.snapshot()
}

/// What a member has, read part by part.
#[derive(Clone, Debug, PartialEq)]
struct Member {
    entry_point: Option<EntryPoint>,
    totals: Totals,
    held: Amounts,
    nodes: BTreeMap<BisBisId, Node>,
    nf_types: BTreeSet<NfType>,
    saps: BTreeSet<SapId>,
    tags: BTreeMap<SapId, InterDomainSap>,
    warnings: Vec<Warning>,
}

impl Member {
    fn of(domain: &Domain) -> Self {
        let nodes = domain.nodes().iter();
        let tags = domain.inter_domain_saps().iter();
        Self {
            entry_point: domain.entry_point().cloned(),
            totals: *domain.totals(),
            held: *domain.held(),
            nodes: nodes.map(|node| (node.id.clone(), node.clone())).collect(),
            nf_types: domain.nf_types().iter().cloned().collect(),
            saps: domain.saps().iter().cloned().collect(),
            tags: tags.map(|tag| (tag.sap.clone(), tag.clone())).collect(),
            warnings: domain.warnings().to_vec(),
        }
    }
}

/// What a reader of the stream keeps.
#[derive(Clone, Debug, PartialEq)]
struct Model {
    members: BTreeMap<DomainId, Member>,
    borders: BTreeMap<SapId, Border>,
    open: BTreeMap<SapId, DomainId>,
}

impl Model {
    fn of(snapshot: &Snapshot) -> Self {
        let members = snapshot.domains();
        let borders = snapshot.borders().iter();
        let open = snapshot.open_borders().iter();
        Self {
            members: members.map(|d| (d.id().clone(), Member::of(d))).collect(),
            borders: borders.map(|b| (b.sap.clone(), b.clone())).collect(),
            open: open.map(|o| (o.sap.clone(), o.domain.clone())).collect(),
        }
    }

    /// Acts on one event. `after` is read only for what the event names, and the event must fit what
    /// is known so far.
    fn act(&mut self, change: &Change, after: &Snapshot) {
        let now = |domain: &DomainId| Member::of(after.domain(domain).expect("a member now"));
        let mut known = |domain: &DomainId| self.members.remove(domain).expect("a member so far");
        match change {
            Change::Joined(domain) => {
                assert_eq!(self.members.insert(domain.clone(), now(domain)), None);
            }
            Change::Left(domain) => drop(known(domain)),
            Change::EntryPoint { domain, from, to } => {
                let mut member = known(domain);
                assert_ne!(from, to);
                assert_eq!(&member.entry_point, from);
                member.entry_point.clone_from(to);
                self.members.insert(domain.clone(), member);
            }
            Change::Resources { domain, from, to } => {
                let mut member = known(domain);
                assert_ne!(from, to);
                assert_eq!(&member.totals, from);
                member.totals = *to;
                self.members.insert(domain.clone(), member);
            }
            Change::Held { domain, from, to } => {
                let mut member = known(domain);
                assert_ne!(from, to);
                assert_eq!(&member.held, from);
                member.held = *to;
                self.members.insert(domain.clone(), member);
            }
            Change::Nodes {
                domain,
                added,
                removed,
                changed,
            } => {
                let mut member = known(domain);
                act_on_map(
                    &mut member.nodes,
                    added,
                    removed,
                    changed,
                    &now(domain).nodes,
                );
                self.members.insert(domain.clone(), member);
            }
            Change::NfTypes {
                domain,
                added,
                removed,
            } => {
                let mut member = known(domain);
                act_on_set(&mut member.nf_types, added, removed);
                self.members.insert(domain.clone(), member);
            }
            Change::Saps {
                domain,
                added,
                removed,
            } => {
                let mut member = known(domain);
                act_on_set(&mut member.saps, added, removed);
                self.members.insert(domain.clone(), member);
            }
            Change::InterDomainSaps {
                domain,
                added,
                removed,
                changed,
            } => {
                let mut member = known(domain);
                act_on_map(&mut member.tags, added, removed, changed, &now(domain).tags);
                self.members.insert(domain.clone(), member);
            }
            Change::Warnings(domain) => {
                let mut member = known(domain);
                let warnings = now(domain).warnings;
                assert_ne!(member.warnings, warnings);
                member.warnings = warnings;
                self.members.insert(domain.clone(), member);
            }
            Change::BorderUp(border) => {
                let known = self.borders.insert(border.sap.clone(), border.clone());
                assert_eq!(known, None);
            }
            Change::BorderDown(border) => {
                assert_eq!(self.borders.remove(&border.sap).as_ref(), Some(border));
            }
            Change::BorderChanged { from, to } => {
                assert!(from != to && from.sap == to.sap);
                let known = self.borders.insert(to.sap.clone(), to.clone());
                assert_eq!(known.as_ref(), Some(from));
            }
            Change::OpenBorderAppeared(OpenBorder { sap, domain }) => {
                assert_eq!(self.open.insert(sap.clone(), domain.clone()), None);
            }
            Change::OpenBorderGone(OpenBorder { sap, domain }) => {
                assert_eq!(self.open.remove(sap).as_ref(), Some(domain));
            }
        }
        // A tag is a border or an open one, at any moment between two events.
        assert!(self.open.keys().all(|sap| !self.borders.contains_key(sap)));
    }
}

fn act_on_set<T: Clone + Ord>(set: &mut BTreeSet<T>, added: &[T], removed: &[T]) {
    assert!(!added.is_empty() || !removed.is_empty());
    assert!(added.is_sorted() && removed.is_sorted());
    assert!(removed.iter().all(|one| set.remove(one)));
    assert!(added.iter().all(|one| set.insert(one.clone())));
}

fn act_on_map<K: Clone + Ord, V: Clone + PartialEq>(
    map: &mut BTreeMap<K, V>,
    added: &[K],
    removed: &[K],
    changed: &[K],
    now: &BTreeMap<K, V>,
) {
    assert!(!added.is_empty() || !removed.is_empty() || !changed.is_empty());
    assert!(added.is_sorted() && removed.is_sorted() && changed.is_sorted());
    assert!(removed.iter().all(|key| map.remove(key).is_some()));
    for key in added {
        assert!(map.insert(key.clone(), now[key].clone()).is_none());
    }
    for key in changed {
        let known = map.insert(key.clone(), now[key].clone());
        assert!(known.is_some_and(|known| known != now[key]));
    }
}

/// The event that takes this one back.
fn mirror(change: &Change) -> Change {
    match change.clone() {
        Change::Joined(domain) => Change::Left(domain),
        Change::Left(domain) => Change::Joined(domain),
        Change::EntryPoint { domain, from, to } => Change::EntryPoint {
            domain,
            from: to,
            to: from,
        },
        Change::Resources { domain, from, to } => Change::Resources {
            domain,
            from: to,
            to: from,
        },
        Change::Held { domain, from, to } => Change::Held {
            domain,
            from: to,
            to: from,
        },
        Change::Nodes {
            domain,
            added,
            removed,
            changed,
        } => Change::Nodes {
            domain,
            added: removed,
            removed: added,
            changed,
        },
        Change::NfTypes {
            domain,
            added,
            removed,
        } => Change::NfTypes {
            domain,
            added: removed,
            removed: added,
        },
        Change::Saps {
            domain,
            added,
            removed,
        } => Change::Saps {
            domain,
            added: removed,
            removed: added,
        },
        Change::InterDomainSaps {
            domain,
            added,
            removed,
            changed,
        } => Change::InterDomainSaps {
            domain,
            added: removed,
            removed: added,
            changed,
        },
        Change::Warnings(domain) => Change::Warnings(domain),
        Change::BorderUp(border) => Change::BorderDown(border),
        Change::BorderDown(border) => Change::BorderUp(border),
        Change::BorderChanged { from, to } => Change::BorderChanged { from: to, to: from },
        Change::OpenBorderAppeared(open) => Change::OpenBorderGone(open),
        Change::OpenBorderGone(open) => Change::OpenBorderAppeared(open),
    }
}

/// Where an event stands in the order that is promised.
fn place(change: &Change) -> (Option<&SapId>, Option<&DomainId>, usize) {
    const ORDER: [&str; 15] = [
        "joined",
        "left",
        "entry-point",
        "resources",
        "held",
        "nodes",
        "nf-types",
        "saps",
        "inter-domain-saps",
        "warnings",
        "border-down",
        "open-border-gone",
        "border-up",
        "border-changed",
        "open-border-appeared",
    ];
    let kind = ORDER.iter().position(|kind| *kind == change.kind());
    let domain = change.domain().filter(|_| change.sap().is_none());
    (change.sap(), domain, kind.expect("a known kind"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn acting_on_every_change_leads_from_one_to_the_other(
        first in any_updates(), then in any_updates(),
    ) {
        let mut idr = idr(first);
        let before = idr.snapshot();
        idr.apply(then);
        let after = idr.snapshot();
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
        let mut idr = idr(first);
        let before = idr.snapshot();
        let changed = idr.apply(then);
        let after = idr.snapshot();
        prop_assert_eq!(changes(&before, &after).is_empty(), !changed);
        prop_assert_eq!(Model::of(&before) == Model::of(&after), !changed);
        prop_assert_eq!(changes(&before, &before), []);
        prop_assert_eq!(changes(&before, &rebuilt(&before)), []);
    }

    #[test]
    fn the_changes_depend_on_the_content_alone(first in any_updates(), then in any_updates()) {
        let mut idr = idr(first);
        let before = idr.snapshot();
        idr.apply(then);
        let after = idr.snapshot();
        let told = changes(&before, &after);
        prop_assert_eq!(&changes(&rebuilt(&before), &after), &told);
        prop_assert_eq!(&changes(&before, &rebuilt(&after)), &told);
        prop_assert!(told.is_sorted_by(|a, b| place(a) < place(b)), "{told:?}");
    }

    #[test]
    fn the_way_back_is_the_mirror(first in any_updates(), then in any_updates()) {
        let (before, after) = (idr(first).snapshot(), idr(then).snapshot());
        let there = changes(&before, &after);
        let mut back: Vec<Change> = changes(&after, &before).iter().map(mirror).collect();
        // Of one SAP, what is gone comes first either way.
        back.sort_by(|a, b| place(a).cmp(&place(b)));
        prop_assert_eq!(there, back);
    }

    #[test]
    fn every_change_names_its_domains(first in any_updates(), then in any_updates()) {
        let (before, after) = (idr(first).snapshot(), idr(then).snapshot());
        for change in changes(&before, &after) {
            let domains = change.participants();
            prop_assert!(domains.is_sorted_by(|a, b| a < b));
            match change.domain() {
                Some(domain) => prop_assert_eq!(domains, [domain]),
                None => prop_assert!(domains.len() >= 2 && change.sap().is_some()),
            }
        }
    }

    #[test]
    fn shared_saps_are_those_that_two_domains_or_more_claim(
        batches in prop::collection::vec(any_updates(), 0..4),
    ) {
        let mut idr = Idr::new();
        for batch in batches {
            idr.apply(batch);
            let snapshot = idr.snapshot();
            let mut claims: BTreeMap<SapId, Vec<DomainId>> = BTreeMap::new();
            for domain in snapshot.domains() {
                for sap in domain.saps() {
                    claims.entry(sap.clone()).or_default().push(domain.id().clone());
                }
            }
            claims.retain(|_, domains| domains.len() > 1);
            let told: Vec<_> = snapshot
                .shared_saps()
                .map(|shared| (shared.sap.clone(), shared.domains.to_vec()))
                .collect();
            prop_assert_eq!(told, claims.into_iter().collect::<Vec<_>>());
        }
    }
}

/// The changes that these updates make of the draft's Table 1, in words.
fn told(updates: impl IntoIterator<Item = Update>) -> Vec<String> {
    let mut idr = idr(vec![
        Update::Put(domain(
            "AS1",
            vec![node("n", Some(8), &["SAP1", "+SAP12"], &["NF1"])],
        )),
        Update::Put(domain(
            "AS2",
            vec![node("n", None, &["+SAP12", "+SAP23"], &["NF2"])],
        )),
        Update::Put(domain(
            "AS3",
            vec![node("n", None, &["SAP2", "+SAP23"], &[])],
        )),
    ]);
    let before = idr.snapshot();
    idr.apply(updates);
    let line = |change: &Change| format!("{} | {change}", change.kind());
    changes(&before, &idr.snapshot()).iter().map(line).collect()
}

#[test]
fn a_join_implies_what_the_domain_has_and_borders_are_told() {
    let joined = domain(
        "AS4",
        vec![node("n", Some(4), &["S", "+SAP12", "+X"], &["NF1"])],
    );
    assert_eq!(
        told([Update::Put(joined)]),
        [
            "joined | AS4 joined",
            "border-changed | SAP 'SAP12' is a border of AS1, AS2 and AS4 (was of AS1 and AS2)",
            "open-border-appeared | SAP 'X' is an open border of AS4",
        ]
    );
}

#[test]
fn a_leave_turns_borders_into_open_borders() {
    assert_eq!(
        told([Update::Remove(id("AS2"))]),
        [
            "left | AS2 left",
            "border-down | SAP 'SAP12' is no longer a border of AS1 and AS2",
            "open-border-appeared | SAP 'SAP12' is an open border of AS1",
            "border-down | SAP 'SAP23' is no longer a border of AS2 and AS3",
            "open-border-appeared | SAP 'SAP23' is an open border of AS3",
        ]
    );
}

#[test]
fn all_that_can_change_of_a_member_is_told() {
    let gigabyte = "1 GB".parse().unwrap();
    let mut with_memory = node(
        "m",
        Some(5),
        &["SAP12", "+SAP12/7", "SAP9"],
        &["NF8", "NF9"],
    );
    with_memory.resources.mem = Some(gigabyte);
    with_memory.resources.storage = Some("3".parse().unwrap());
    let mut second = node("n", Some(8), &[], &[]);
    second.resources.storage = Some(gigabyte);
    let now = domain("AS1", vec![with_memory, second])
        .with_entry_point(Some("http://mdo1:8888/".parse().unwrap()));
    assert_eq!(
        told([Update::Put(now)]),
        [
            "entry-point | AS1: the entry point is http://mdo1:8888/",
            "resources | AS1: cpu 3.25 (was 2.0), mem 1.0 GB (was unknown), \
             storage 3.0 and 1.0 GB (was unknown)",
            "nodes | AS1: 1 node added, 1 node changed",
            "nf-types | AS1: 2 NF types added, 1 NF type removed",
            "saps | AS1: 1 service access point added, 1 service access point removed",
            "inter-domain-saps | AS1: 1 inter-domain SAP changed",
            "warnings | AS1: its view has other warnings",
            "border-changed | SAP 'SAP12': the border of AS1 and AS2 has another delay or bandwidth",
        ]
    );
}

#[test]
fn an_entry_point_that_moves_or_goes_is_told_with_what_it_was() {
    let tell = |url: Option<&str>| Update::EntryPoint {
        domain: id("AS1"),
        entry_point: url.map(|url| url.parse().unwrap()),
    };
    let mut idr = Idr::new();
    idr.apply([tell(Some("http://a/"))]);
    let first = idr.snapshot();
    idr.apply([tell(Some("http://b/"))]);
    let second = idr.snapshot();
    idr.apply([tell(None)]);
    let third = idr.snapshot();
    let words = |before, after| changes(before, after)[0].to_string();
    assert_eq!(
        words(&first, &second),
        "AS1: the entry point is http://b/ (was http://a/)"
    );
    assert_eq!(
        words(&second, &third),
        "AS1: no entry point is known (was http://b/)"
    );
}

#[test]
fn what_is_held_is_told_with_what_it_was() {
    let hold = |cpus| Update::Held {
        domain: id("AS1"),
        held: cpus_held(cpus),
    };
    assert_eq!(
        told([hold(3)]),
        ["held | AS1: reservations hold cpu 3.0 (was nothing)"]
    );
    assert_eq!(told([hold(3), hold(0)]), [""; 0]);
}

#[test]
fn a_tag_that_gets_its_other_side_is_no_open_border_any_more() {
    let mut idr = Idr::new();
    idr.apply([Update::Put(domain(
        "AS1",
        vec![node("n", None, &["+X"], &[])],
    ))]);
    let before = idr.snapshot();
    idr.apply([Update::Put(domain(
        "AS2",
        vec![node("n", None, &["+X"], &[])],
    ))]);
    let told: Vec<String> = changes(&before, &idr.snapshot())
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "AS2 joined",
            "SAP 'X' is no longer an open border of AS1",
            "SAP 'X' is a border of AS1 and AS2",
        ]
    );
}

#[test]
fn a_large_exchange_is_named_in_a_line_of_bounded_length() {
    let mut idr = Idr::new();
    let before = idr.snapshot();
    let member = |n| domain(&format!("D{n:02}"), vec![node("n", None, &["+IX"], &[])]);
    idr.apply((0..12).map(|n| Update::Put(member(n))));
    let told = changes(&before, &idr.snapshot());
    assert_eq!(
        told[12].to_string(),
        "SAP 'IX' is a border of D00, D01, D02, D03, D04, D05, D06, D07, D08, D09 and 2 more"
    );
    assert_eq!(told[12].participants().len(), 12);
}

#[test]
fn a_shared_sap_is_told_to_operators_with_all_its_domains() {
    let claim =
        |name: &str, ports: &[&str]| Update::Put(domain(name, vec![node("n", None, ports, &[])]));
    let mut idr = idr(vec![
        claim("AS1", &["SAP1", "SAP2"]),
        claim("AS2", &["SAP1"]),
        claim("AS3", &["+SAP1", "SAP3"]),
    ]);
    let snapshot = idr.snapshot();
    let shared: Vec<_> = snapshot.shared_saps().collect();
    assert_eq!(shared.len(), 1);
    assert_eq!(shared[0].sap, &sap("SAP1"));
    assert_eq!(shared[0].domains, [id("AS1"), id("AS2")]);
    idr.apply([Update::Remove(id("AS2"))]);
    assert_eq!(idr.snapshot().shared_saps().len(), 0);
    assert_eq!(snapshot.shared_saps().len(), 1, "the old version stays");
}
