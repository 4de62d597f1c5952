//! Which edges a window is about, and what it makes of a net.

use idt::net::{EdgeId, UNLIMITED};
use idt::search::Budget;
use idt::{BorderLink, DomainTopology, InterLink, Outlook, Snapshot, Ted, TopologyParts, Update};
use jiff::Timestamp;
use nffg::{Announced, Bandwidth, DomainId, LinkState, RouterRef, Window};

fn id(text: &str) -> DomainId {
    text.parse().expect("a domain id")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

/// Links of `name`: its router, the other domain and its router, and bit/s.
fn tells(name: &str, links: &[(&str, &str, &str, u64)]) -> Update {
    let link = |(router, domain, remote, bandwidth): &(&str, &str, &str, u64)| InterLink {
        router: router.parse().expect("a router id"),
        remote: RouterRef {
            domain: id(domain),
            router: remote.parse().expect("a router id"),
        },
        delay: None,
        bandwidth: Some(Bandwidth::from_bits_per_second(*bandwidth)),
        srlgs: nffg::Srlgs::default(),
        performance: nffg::Performance::default(),
    };
    let parts = TopologyParts {
        inter_links: links.iter().map(link).collect(),
        ..TopologyParts::default()
    };
    Update::Topology(DomainTopology::new(id(name), parts))
}

fn announces(name: &str, links: Announced) -> Update {
    let state = LinkState::Up {
        delay: None,
        bandwidth: Some(Bandwidth::from_bits_per_second(1)),
    };
    let window = Window {
        start: at(10),
        end: at(20),
        links,
        state,
    };
    Update::Windows(id(name), vec![window])
}

fn to(domain: &str, router: Option<&str>, remote: Option<&str>) -> Announced {
    let named = |name: Option<&str>| name.map(|name| name.parse().expect("a router id"));
    Announced::Neighbour {
        domain: id(domain),
        router: named(router),
        remote: named(remote),
    }
}

fn made(updates: Vec<Update>) -> std::sync::Arc<Snapshot> {
    let mut ted = Ted::new();
    ted.apply(updates);
    ted.snapshot()
}

/// The edges that are narrow then: from, to, and what they are told to have.
fn narrow(snapshot: &Snapshot) -> Vec<(String, String, u64)> {
    let graph = snapshot.graph();
    let windows = snapshot.edge_windows(&mut Budget::unlimited());
    let outlook = Outlook::of(&windows.expect("unlimited"), at(0), at(30));
    let net = outlook.apply(graph, graph.net());
    let mut found = Vec::new();
    for from in graph.indices() {
        let point = from.as_usize() as u32;
        let before = graph.net().row(point);
        assert_eq!(before.len(), net.row(point).len());
        for nth in 0..before.len() {
            let edge = EdgeId {
                from: point,
                nth: nth as u32,
            };
            let other = graph.index_of(before.to[nth]).expect("a domain");
            if net.row(point).bandwidth[nth] != before.bandwidth[nth] {
                assert_eq!(net.row(point).bandwidth[nth], 1);
                assert!(outlook.get(edge).is_some());
                let ends = [from, other].map(|end| graph.id(end).to_string());
                let [from, to] = ends;
                found.push((from, to, before.bandwidth[nth]));
            }
        }
    }
    assert_eq!(outlook.len(), found.len());
    found
}

fn edges(list: &[(&str, &str, u64)]) -> Vec<(String, String, u64)> {
    let edge = |(from, to, told): &(&str, &str, u64)| (from.to_string(), to.to_string(), *told);
    list.iter().map(edge).collect()
}

/// A and B with two links that both name alike, and one from A to C.
fn parallel() -> Vec<Update> {
    vec![
        tells(
            "A",
            &[
                ("a1", "B", "b1", 10),
                ("a2", "B", "b2", 20),
                ("a1", "C", "c", 30),
            ],
        ),
        tells("B", &[("b1", "A", "a1", 11), ("b2", "A", "a2", 21)]),
        tells("C", &[("c", "A", "a1", 31)]),
    ]
}

fn found(mut updates: Vec<Update>, name: &str, links: Announced) -> Vec<(String, String, u64)> {
    updates.push(announces(name, links));
    narrow(&made(updates))
}

#[test]
fn a_window_is_about_both_directions_of_a_link() {
    let all = edges(&[
        ("A", "B", 10),
        ("A", "B", 20),
        ("A", "C", 30),
        ("B", "A", 11),
        ("B", "A", 21),
        ("C", "A", 31),
    ]);
    assert_eq!(found(parallel(), "A", Announced::All), all);
    let to_c = edges(&[("A", "C", 30), ("C", "A", 31)]);
    assert_eq!(found(parallel(), "C", Announced::All), to_c);
    assert_eq!(found(parallel(), "A", to("C", None, None)), to_c);
    // B and C have no link, and nobody is called X.
    assert_eq!(found(parallel(), "B", to("C", None, None)), []);
    assert_eq!(found(parallel(), "B", to("X", None, None)), []);
}

#[test]
fn routers_tell_parallel_links_apart() {
    let second = edges(&[("A", "B", 20), ("B", "A", 21)]);
    assert_eq!(found(parallel(), "A", to("B", Some("a2"), None)), second);
    assert_eq!(found(parallel(), "A", to("B", None, Some("b2"))), second);
    assert_eq!(
        found(parallel(), "B", to("A", Some("b2"), Some("a2"))),
        second
    );
    assert_eq!(found(parallel(), "A", to("B", Some("a1"), Some("b2"))), []);
    assert_eq!(found(parallel(), "A", to("B", Some("b2"), None)), []);
}

#[test]
fn links_that_the_two_name_differently_are_paired_in_order() {
    let updates = || {
        vec![
            tells(
                "A",
                &[
                    ("10.0.0.1", "B", "10.0.0.2", 10),
                    ("10.0.1.1", "B", "10.0.1.2", 20),
                ],
            ),
            tells("B", &[("b1", "A", "a1", 11), ("b2", "A", "a2", 21)]),
        ]
    };
    let second = edges(&[("A", "B", 20), ("B", "A", 21)]);
    assert_eq!(
        found(updates(), "A", to("B", Some("10.0.1.1"), None)),
        second
    );
    assert_eq!(found(updates(), "B", to("A", Some("b2"), None)), second);
}

#[test]
fn borders_of_resource_views_have_no_routers() {
    let updates = || {
        let border = BorderLink {
            a: id("A"),
            b: id("B"),
            delay: None,
            bandwidth: Some(Bandwidth::from_bits_per_second(10)),
        };
        vec![
            Update::Borders(vec![border]),
            Update::Join(id("A")),
            Update::Join(id("B")),
        ]
    };
    let both = edges(&[("A", "B", 10), ("B", "A", 10)]);
    assert_eq!(found(updates(), "A", to("B", None, None)), both);
    assert_eq!(found(updates(), "A", to("B", Some("r"), None)), []);
}

#[test]
fn a_link_that_is_out_is_as_one_that_is_not_told() {
    let mut updates = parallel();
    let window = Window {
        start: at(10),
        end: at(20),
        links: to("B", Some("a1"), None),
        state: LinkState::Out,
    };
    updates.push(Update::Windows(id("A"), vec![window]));
    let snapshot = made(updates);
    let windows = snapshot
        .edge_windows(&mut Budget::unlimited())
        .expect("unlimited");
    let graph = snapshot.graph();
    let out = Outlook::of(&windows, at(0), at(11)).apply(graph, graph.net());
    let without = made(vec![
        tells("A", &[("a2", "B", "b2", 20), ("a1", "C", "c", 30)]),
        tells("B", &[("b2", "A", "a2", 21)]),
        tells("C", &[("c", "A", "a1", 31)]),
    ]);
    assert_eq!(&out, &**without.graph().net());
    assert!(Outlook::of(&windows, at(0), at(10)).is_empty());
    assert!(Outlook::of(&windows, at(20), at(30)).is_empty());
    assert!(snapshot.edge_windows(&mut Budget::new(2)).is_err());
    assert!(
        out.row(0)
            .bandwidth
            .iter()
            .all(|bandwidth| *bandwidth < UNLIMITED)
    );
}
