//! What becomes of a world as a federation.

use std::collections::BTreeSet;

use idt::{Ted, Update};
use testbeds::world::{Format, Limits, Role, World, synthetic};

use crate::world;

fn ids(world: &World) -> Vec<String> {
    let nodes = (0..).map_while(|node| world.domain_id(node));
    nodes.map(ToString::to_string).collect()
}

#[test]
fn autonomous_systems_are_domains_by_number_and_others_by_label() {
    assert_eq!(ids(&world("three.as-rel.txt")), ["AS1", "AS2", "AS3"]);
    assert_eq!(ids(&world("three.graph")), ["0_Vienna", "1_Graz", "2_-"]);
    let labels = [
        "St. P\u{f6}lten",
        "a",
        "a",
        "a-1",
        "7",
        "AS0",
        "as12",
        "AS12",
        "?",
        "-",
    ];
    let nodes: String = (0..)
        .zip(labels)
        .map(|(id, label)| format!("<node id='{id}'><data key='l'>{label}</data></node>"))
        .collect();
    let text = format!("<graphml><key id='l' attr.name='label'/><graph>{nodes}</graph></graphml>");
    let world = Format::GraphMl
        .parse(text.as_bytes(), &Limits::default())
        .unwrap();
    let expected = [
        "St--P-lten",
        "a-1-1",
        "a-2",
        "a-1",
        "n7",
        "n-AS0",
        "AS12-6",
        "AS12-7",
        "--8",
        "--9",
    ];
    assert_eq!(ids(&world), expected);
}

#[test]
fn a_domain_tells_its_links_out_with_a_router_for_each() {
    let world = world("three.graph");
    let graz = world.topology_of(1).unwrap();
    let told: Vec<String> = graz
        .inter_links()
        .iter()
        .map(|link| {
            let (delay, bandwidth) = (link.delay.unwrap(), link.bandwidth.unwrap());
            format!(
                "{} {}/{} {delay} {bandwidth}",
                link.router, link.remote.domain, link.remote.router
            )
        })
        .collect();
    let expected = [
        "r0 0_Vienna/r1 713 us 1 Gbit/s",
        "r0.1 0_Vienna/r1.1 901 us 4 Gbit/s",
        "r2 2_-/r1 1 us 2 Gbit/s",
    ];
    assert_eq!(told, expected);
    assert_eq!(graz.domain().as_str(), "1_Graz");
    // The link to node 2 is one way.
    assert!(world.topology_of(2).unwrap().inter_links().is_empty());
    assert_eq!(world.topology_of(3), None);
}

#[test]
fn relationships_are_seen_from_either_end() {
    let world = world("four.as-rel2.txt");
    let node = |asn| (0..).find(|node| world.asn(*node) == Some(asn)).unwrap();
    let of = |asn| -> BTreeSet<(u32, Role)> {
        let all = world.relationships_of(node(asn));
        all.map(|(other, role)| (world.asn(other).unwrap(), role))
            .collect()
    };
    assert_eq!(
        of(64500),
        BTreeSet::from([(64501, Role::Peer), (64502, Role::Customer)])
    );
    let expected = [
        (64500, Role::Provider),
        (64503, Role::Peer),
        (4_200_000_000, Role::Customer),
    ];
    assert_eq!(of(64502), BTreeSet::from(expected));
    assert_eq!(world.relationships_of(99).count(), 0);
}

/// All domains told to the TED: every link of the world is up, both ways, with its delay.
#[test]
fn the_ted_sees_the_world_that_was_told() {
    let world = synthetic(3, 300);
    let mut ted = Ted::new();
    ted.apply(
        (0..)
            .map_while(|node| world.topology_of(node))
            .map(Update::Topology),
    );
    let snapshot = ted.snapshot();
    let graph = snapshot.graph();
    assert!(graph.half_up().is_empty());
    let told: BTreeSet<_> = graph
        .indices()
        .flat_map(|from| {
            graph.neighbours(from).map(move |to| {
                assert_eq!(to.links.len(), 1);
                (
                    graph.id(from).clone(),
                    graph.id(to.to).clone(),
                    to.links[0].delay,
                )
            })
        })
        .collect();
    let expected: BTreeSet<_> = world
        .links()
        .flat_map(|link| {
            let id = |node| world.domain_id(node).unwrap().clone();
            [
                (id(link.a), id(link.b), link.delay_there),
                (id(link.b), id(link.a), link.delay_back),
            ]
        })
        .collect();
    assert_eq!(told, expected);
}

/// The law of adjacency: each link is at both of its ends and nowhere else, and parallel links are counted.
#[test]
fn every_link_is_at_both_ends() {
    for world in [
        synthetic(5, 500),
        world("three.graph"),
        world("three.graphml"),
    ] {
        let mut seen = vec![0; world.link_count()];
        for node in (0..).take(world.node_count()) {
            let neighbours: Vec<_> = world.neighbours(node).collect();
            assert!(neighbours.is_sorted_by_key(|of| (of.node, of.parallel)));
            for of in neighbours {
                let link = world.link(of.link).unwrap();
                assert!((link.a, link.b) == (node, of.node) || (link.b, link.a) == (node, of.node));
                seen[of.link] += 1;
            }
        }
        assert!(seen.iter().all(|ends| *ends == 2));
    }
}
