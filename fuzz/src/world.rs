//! Topologies that the world has.

use testbeds::world::{Format, Limits, ParseError, World};

/// So few that a mutation gets past them.
const LIMITS: Limits = Limits {
    octets: 1 << 20,
    nodes: 50,
    links: 50,
};

/// Topology files, read as each of the formats.
pub fn world(data: &[u8]) {
    let _ = Format::recognise(data, "");
    for format in Format::ALL {
        match format.parse(data, &LIMITS) {
            Ok(world) => laws(&world),
            Err(ParseError::Invalid {
                line, field, rule, ..
            }) => assert!(line > 0 && !field.is_empty() && !rule.is_empty()),
            Err(ParseError::TooMany { line, limit, .. }) => assert!(line > 0 && limit == 50),
            Err(error) => assert!(!error.to_string().is_empty() && format == Format::GraphMl),
        }
    }
}

fn laws(world: &World) {
    assert!(world.node_count() <= LIMITS.nodes && world.link_count() <= LIMITS.links);
    let nodes = u32::try_from(world.node_count()).expect("few");
    assert!(
        world
            .links()
            .all(|link| link.a < nodes && link.b < nodes && link.a != link.b)
    );
    let ends: usize = (0..nodes).map(|node| world.neighbours(node).count()).sum();
    assert_eq!(ends, 2 * world.link_count());
    for node in 0..nodes {
        let topology = world.topology_of(node).expect("a node is a domain");
        assert_eq!(Some(topology.domain()), world.domain_id(node));
        // Links of their own routers stay apart.
        let told = world.neighbours(node).filter(|of| {
            let link = world.link(of.link).expect("a link");
            link.a == node || !link.one_way
        });
        assert_eq!(topology.inter_links().len(), told.count());
    }
    if let Some(text) = world.to_as_rel2() {
        let again = Format::AsRelationships.parse(text.as_bytes(), &LIMITS);
        let again = again.expect("what is written can be read");
        assert_eq!(again.to_as_rel2(), Some(text));
    }
}
