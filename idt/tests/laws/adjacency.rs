//! The rule of adjacency, case by case (it is written in the documentation of `idt::graph`).

use idt::{
    BorderLink, DomainGraph, DomainTopology, HalfUp, InterLink, Link, Ted, TopologyParts, Update,
};
use nffg::{Bandwidth, Delay, DomainId, RouterRef};

fn domain(text: &str) -> DomainId {
    text.parse().expect("valid")
}

fn at(text: &str) -> RouterRef {
    let (domain_text, router_text) = text.split_once(':').expect("domain:router");
    RouterRef {
        domain: domain(domain_text),
        router: router_text.parse().expect("valid"),
    }
}

/// What `name` tells: links from its router to a router elsewhere, with a delay and a bandwidth.
fn told(name: &str, links: &[(&str, &str, Option<u64>, Option<u64>)]) -> Update {
    let inter_links = links
        .iter()
        .map(|(router, remote, delay, bandwidth)| InterLink {
            router: router.parse().expect("valid"),
            remote: at(remote),
            delay: delay.map(Delay::from_nanos),
            bandwidth: bandwidth.map(Bandwidth::from_bits_per_second),
            srlgs: nffg::Srlgs::default(),
            performance: nffg::Performance::default(),
        });
    let parts = TopologyParts {
        inter_links: inter_links.collect(),
        ..TopologyParts::default()
    };
    Update::Topology(DomainTopology::new(domain(name), parts))
}

fn border(a: &str, b: &str, delay: Option<u64>) -> BorderLink {
    BorderLink {
        a: domain(a),
        b: domain(b),
        delay: delay.map(Delay::from_nanos),
        bandwidth: None,
    }
}

fn graph(updates: impl IntoIterator<Item = Update>) -> DomainGraph {
    let mut ted = Ted::new();
    ted.apply(updates);
    ted.snapshot().graph().clone()
}

fn up(router: &str, remote: &str, delay: Option<u64>, bandwidth: Option<u64>) -> Link {
    Link {
        local: Some(router.parse().expect("valid")),
        remote: Some(remote.parse().expect("valid")),
        delay: delay.map(Delay::from_nanos),
        bandwidth: bandwidth.map(Bandwidth::from_bits_per_second),
        srlgs: nffg::Srlgs::default(),
        performance: nffg::Performance::default(),
    }
}

/// The links from one domain to another; none if they are not adjacent.
fn links(graph: &DomainGraph, from: &str, to: &str) -> Vec<Link> {
    let index = |name| graph.index(&domain(name)).expect("a member");
    graph
        .adjacency(index(from), index(to))
        .map_or(Vec::new(), |a| a.links.to_vec())
}

#[test]
fn both_tell_the_link() {
    let graph = graph([
        told("AS1", &[("a", "AS2:b", Some(1), None)]),
        told("AS2", &[("b", "AS1:a", Some(2), Some(20))]),
    ]);
    // Each direction by its own teller; what that leaves out, by the other.
    assert_eq!(
        links(&graph, "AS1", "AS2"),
        [up("a", "b", Some(1), Some(20))]
    );
    assert_eq!(
        links(&graph, "AS2", "AS1"),
        [up("b", "a", Some(2), Some(20))]
    );
    assert!(graph.half_up().is_empty());
}

#[test]
fn one_tells_the_link_and_the_other_exports_no_topology() {
    let tell = || told("AS1", &[("a", "AS2:b", Some(1), None)]);
    for silent in [
        vec![tell(), Update::Join(domain("AS2"))],
        vec![Update::Join(domain("AS2")), tell()],
        vec![tell(), told("AS2", &[]), Update::Silent(domain("AS2"))],
    ] {
        let graph = graph(silent);
        assert_eq!(links(&graph, "AS1", "AS2"), [up("a", "b", Some(1), None)]);
        assert_eq!(links(&graph, "AS2", "AS1"), [up("b", "a", Some(1), None)]);
        assert!(graph.half_up().is_empty());
    }
}

#[test]
fn one_tells_the_link_and_the_topology_of_the_other_does_not() {
    let half_up = [HalfUp {
        src: at("AS1:a"),
        dst: at("AS2:b"),
    }];
    for other in [told("AS2", &[]), told("AS2", &[("b", "AS3:c", None, None)])] {
        let graph = graph([told("AS1", &[("a", "AS2:b", None, None)]), other]);
        assert!(links(&graph, "AS1", "AS2").is_empty());
        assert!(links(&graph, "AS2", "AS1").is_empty());
        assert_eq!(graph.half_up(), half_up);
    }
}

#[test]
fn one_tells_the_link_and_the_topology_of_the_other_knows_no_links() {
    let parts = TopologyParts {
        routers: vec!["b".parse().unwrap()],
        silent_on_links: true,
        ..TopologyParts::default()
    };
    let silent = Update::Topology(DomainTopology::new(domain("AS2"), parts));
    let graph = graph([told("AS1", &[("a", "AS2:b", Some(1), None)]), silent]);
    assert_eq!(links(&graph, "AS2", "AS1"), [up("b", "a", Some(1), None)]);
    assert!(graph.half_up().is_empty());
}

#[test]
fn links_that_both_tell_under_other_names_are_paired() {
    let one = graph([
        told("AS1", &[("a", "AS2:b", Some(1), None)]),
        told("AS2", &[("10.0.0.2", "AS1:10.0.0.1", None, Some(9))]),
    ]);
    // The only pair: each fills in what the other leaves out. Each end is named as its teller names it.
    assert_eq!(links(&one, "AS1", "AS2"), [up("a", "b", Some(1), Some(9))]);
    assert_eq!(
        links(&one, "AS2", "AS1"),
        [up("10.0.0.2", "10.0.0.1", Some(1), Some(9))]
    );
    assert!(one.half_up().is_empty());

    // Three against two: one is half-up, and nobody fills in for another.
    let three = [
        ("a", "AS2:b", Some(1), None),
        ("a", "AS2:c", Some(2), None),
        ("a", "AS2:d", Some(3), None),
    ];
    let two = [("x", "AS1:y", None, Some(8)), ("x", "AS1:z", None, Some(9))];
    let more = graph([told("AS1", &three), told("AS2", &two)]);
    assert_eq!(
        links(&more, "AS1", "AS2"),
        [up("a", "b", Some(1), None), up("a", "c", Some(2), None)]
    );
    assert_eq!(
        links(&more, "AS2", "AS1"),
        [up("x", "y", None, Some(8)), up("x", "z", None, Some(9))]
    );
    let left = HalfUp {
        src: at("AS1:a"),
        dst: at("AS2:d"),
    };
    assert_eq!(more.half_up(), [left]);
}

#[test]
fn a_half_up_link_beside_one_that_is_up_is_not_used() {
    let graph = graph([
        told(
            "AS1",
            &[("a", "AS2:b", None, None), ("c", "AS2:d", None, None)],
        ),
        told(
            "AS2",
            &[("b", "AS1:a", None, None), ("e", "AS1:c", None, None)],
        ),
    ]);
    assert_eq!(links(&graph, "AS1", "AS2"), [up("a", "b", None, None)]);
    let half = |src, dst| HalfUp {
        src: at(src),
        dst: at(dst),
    };
    assert_eq!(
        graph.half_up(),
        [half("AS1:c", "AS2:d"), half("AS2:e", "AS1:c")]
    );
}

#[test]
fn parallel_links_are_kept_and_the_adjacency_is_one() {
    let graph = graph([
        told(
            "AS1",
            &[("a", "AS2:b", Some(5), None), ("c", "AS2:d", None, Some(9))],
        ),
        told(
            "AS2",
            &[("d", "AS1:c", None, None), ("b", "AS1:a", None, None)],
        ),
    ]);
    let both = [up("a", "b", Some(5), None), up("c", "d", None, Some(9))];
    assert_eq!(links(&graph, "AS1", "AS2"), both);
    let back = [up("b", "a", Some(5), None), up("d", "c", None, Some(9))];
    assert_eq!(links(&graph, "AS2", "AS1"), back);
    for index in graph.indices() {
        assert_eq!(graph.neighbours(index).count(), 1);
    }
}

#[test]
fn parallel_links_of_the_same_routers_are_paired_in_order() {
    // AS1 tells three of delays 1, 2, 3; AS2 two of 10 and 20: the third is half-up.
    let three: Vec<_> = (1..=3)
        .rev()
        .map(|delay| ("a", "AS2:b", Some(delay), None))
        .collect();
    let two: Vec<_> = [20, 10]
        .map(|delay| ("b", "AS1:a", Some(delay), Some(delay)))
        .to_vec();
    let graph = graph([told("AS1", &three), told("AS2", &two)]);
    let expected = [
        up("a", "b", Some(1), Some(10)),
        up("a", "b", Some(2), Some(20)),
    ];
    assert_eq!(links(&graph, "AS1", "AS2"), expected);
    assert_eq!(
        graph.half_up(),
        [HalfUp {
            src: at("AS1:a"),
            dst: at("AS2:b")
        }]
    );
}

#[test]
fn a_neighbour_that_is_no_member_is_ignored() {
    let tell = told(
        "AS1",
        &[("a", "AS2:b", None, None), ("a", "AS3:c", None, None)],
    );
    let borders = Update::Borders(vec![border("AS1", "AS4", None)]);
    let graph = graph([tell, Update::Join(domain("AS3")), borders]);
    assert_eq!(graph.len(), 2);
    assert_eq!(graph.index(&domain("AS2")), None);
    assert_eq!(links(&graph, "AS1", "AS3").len(), 1);
    assert!(graph.half_up().is_empty());
}

#[test]
fn a_topology_of_a_domain_that_left_speaks_for_nobody() {
    let graph = graph([
        told("AS1", &[("a", "AS2:b", None, None)]),
        Update::Join(domain("AS2")),
        Update::Leave(domain("AS1")),
        Update::Join(domain("AS1")),
    ]);
    assert!(links(&graph, "AS1", "AS2").is_empty());
}

/// What a domain leaves out is taken from the reverse; the bounds of the delay together, and residual and available
/// bandwidth from who tells the bandwidth.
#[test]
fn what_else_is_measured_is_filled_in_from_the_reverse() {
    let nanos = |nanos| Some(Delay::from_nanos(nanos));
    let bits = |bits| Some(Bandwidth::from_bits_per_second(bits));
    let full = nffg::Measured {
        delay_min: nanos(1),
        delay_max: nanos(9),
        delay_variation: nanos(2),
        loss: Some(nffg::Loss::from_billionths(7)),
        residual_bandwidth: bits(80),
        available_bandwidth: bits(40),
    };
    let tell = |name, router, remote, bandwidth: Option<u64>, measured: nffg::Measured| {
        let link = InterLink {
            performance: measured.into(),
            ..InterLink::from(nffg::RouterLink {
                src: at(&format!("{name}:{router}")),
                dst: at(remote),
                delay: None,
                bandwidth: bandwidth.map(Bandwidth::from_bits_per_second),
                srlgs: nffg::Srlgs::default(),
                performance: nffg::Performance::default(),
            })
        };
        let parts = TopologyParts {
            inter_links: vec![link],
            ..TopologyParts::default()
        };
        Update::Topology(DomainTopology::new(domain(name), parts))
    };
    let there = |own: nffg::Measured, bandwidth: Option<u64>| {
        let graph = graph([
            tell("AS1", "a", "AS2:b", bandwidth, own),
            tell("AS2", "b", "AS1:a", Some(40), full),
        ]);
        let back = &links(&graph, "AS2", "AS1")[0];
        assert_eq!(*back.performance, full);
        let link = links(&graph, "AS1", "AS2").remove(0);
        (link.bandwidth, *link.performance)
    };
    assert_eq!(there(nffg::Measured::default(), None), (bits(40), full));
    let own = nffg::Measured {
        delay_max: nanos(5),
        ..nffg::Measured::default()
    };
    let (bandwidth, told) = there(own, Some(100));
    assert_eq!(bandwidth, bits(100));
    let expected = nffg::Measured {
        delay_max: nanos(5),
        delay_variation: full.delay_variation,
        loss: full.loss,
        ..nffg::Measured::default()
    };
    assert_eq!(told, expected);
    // Who is spoken for has all of it.
    let spoken_for = graph([
        tell("AS2", "b", "AS1:a", Some(40), full),
        Update::Join(domain("AS1")),
    ]);
    assert_eq!(*links(&spoken_for, "AS1", "AS2")[0].performance, full);
}

#[test]
fn borders_join_members_of_which_no_topology_tells_a_link() {
    let borders = || {
        Update::Borders(vec![
            border("AS2", "AS1", Some(3)),
            border("AS1", "AS2", None),
        ])
    };
    let by_views = |delay: Option<u64>| Link {
        local: None,
        remote: None,
        delay: delay.map(Delay::from_nanos),
        bandwidth: None,
        srlgs: nffg::Srlgs::default(),
        performance: nffg::Performance::default(),
    };
    // Neither exports a topology, one does, both do: none tells a link between the two.
    let join = |name| Update::Join(domain(name));
    for members in [
        [join("AS1"), join("AS2")],
        [told("AS1", &[]), join("AS2")],
        [told("AS1", &[("a", "AS3:c", None, None)]), told("AS2", &[])],
    ] {
        let graph = graph(members.into_iter().chain([borders()]));
        let expected = [by_views(None), by_views(Some(3))];
        assert_eq!(links(&graph, "AS1", "AS2"), expected);
        assert_eq!(links(&graph, "AS2", "AS1"), expected);
    }
}

#[test]
fn borders_give_way_to_a_topology_that_tells_a_link() {
    let borders = || Update::Borders(vec![border("AS1", "AS2", Some(3))]);
    let tell = || told("AS1", &[("a", "AS2:b", None, None)]);

    let spoken_for = graph([tell(), Update::Join(domain("AS2")), borders()]);
    assert_eq!(links(&spoken_for, "AS1", "AS2"), [up("a", "b", None, None)]);
    // Also to one that is half-up: who exports a topology is believed there.
    let half_up = graph([tell(), told("AS2", &[]), borders()]);
    assert!(links(&half_up, "AS1", "AS2").is_empty());
}

#[test]
fn a_border_of_a_domain_with_itself_is_none() {
    let borders = Update::Borders(vec![border("AS1", "AS1", None)]);
    let graph = graph([Update::Join(domain("AS1")), borders]);
    assert!(links(&graph, "AS1", "AS1").is_empty());
}

#[test]
fn the_order_of_neighbours_is_that_of_ids() {
    let names = ["AS9", "AS10", "b", "AS2", "Z"];
    let borders = names
        .iter()
        .map(|name| border("AS100", name, None))
        .collect();
    let joins = names
        .iter()
        .chain(&["AS100"])
        .map(|name| Update::Join(domain(name)));
    let graph = graph(joins.chain([Update::Borders(borders)]));
    let centre = graph.index(&domain("AS100")).unwrap();
    let ids: Vec<&str> = graph
        .neighbours(centre)
        .map(|n| graph.id(n.to).as_str())
        .collect();
    assert_eq!(ids, ["AS10", "AS2", "AS9", "Z", "b"]);
}

#[test]
fn a_router_may_have_any_number_of_links() {
    // Work that grows with the square of the links of one router would show here: 10^10 steps.
    const MANY: u64 = 100_000;
    let there: Vec<_> = (0..MANY)
        .map(|delay| ("a", "AS2:b", Some(delay), None))
        .collect();
    let back: Vec<_> = (0..MANY)
        .map(|delay| ("b", "AS1:a", Some(delay), None))
        .collect();
    let graph = graph([told("AS1", &there), told("AS2", &back)]);
    assert_eq!(links(&graph, "AS1", "AS2").len() as u64, MANY);
    assert!(graph.half_up().is_empty());
}
