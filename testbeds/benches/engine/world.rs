//! The world that the benches of large nets run on: the AS graph of September 2025 where it is at hand
//! (`AS_REL` names the file, or it is in `shared/data` in a folder above), else one as large, made
//! from a seed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use idt::net::{Edge, Net, NetBuilder, Role, UNLIMITED};
use testbeds::world::{Relationship, World, synthetic};

/// A file of `shared/data/topologies` in a folder above.
fn shared(name: &str) -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let place = |folder: &Path| folder.join("shared/data/topologies").join(name);
    above.map(place).find(|path| path.exists())
}

/// The file with the AS graph.
pub(crate) fn as_rel() -> Option<PathBuf> {
    let named = std::env::var_os("AS_REL").map(PathBuf::from);
    named.or_else(|| shared("as-graph/20250901.as-rel2.txt.bz2"))
}

/// It, or the other.
#[expect(
    clippy::print_stdout,
    reason = "who runs the bench is to see what it ran on"
)]
fn load() -> World {
    match as_rel() {
        Some(path) => World::open(&path).expect("an AS graph"),
        None => {
            println!("no AS graph at hand: a synthetic one of 75,000 domains");
            synthetic(1, 75_000)
        }
    }
}

/// The largest world at hand.
pub(crate) static WORLD: LazyLock<World> = LazyLock::new(load);

/// Its net, the weights of its links as delays.
pub(crate) static NET: LazyLock<Arc<Net>> = LazyLock::new(|| Arc::new(net(&WORLD)));

/// 1 to 20, by the ends.
pub(crate) fn weight(a: u32, b: u32) -> u32 {
    let (a, b) = (u64::from(a.min(b)), u64::from(a.max(b)));
    let mut z = (a << 32 | b).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) % 20) as u32 + 1
}

/// 200 domains with 436 links and their delays, where the file is at hand; else as many, made from a
/// seed.
pub(crate) static ZOO: LazyLock<Arc<Net>> = LazyLock::new(|| {
    let world = match shared("zoo200/zoo200.edges") {
        Some(path) => World::open(&path).expect("an edge list"),
        None => synthetic(2, 200),
    };
    let mut builder = NetBuilder::new(world.node_count() as u32);
    for link in world.links() {
        let nanos = |delay: Option<nffg::Delay>| delay.map_or(0, |delay| delay.as_nanos() as u32);
        let edge = Edge {
            to: link.b,
            delay: nanos(link.delay_there),
            price: 0,
            bandwidth: UNLIMITED,
            role: Role::Unknown,
        };
        let back = Edge {
            to: link.a,
            delay: nanos(link.delay_back),
            ..edge
        };
        builder.edge(link.a, edge);
        builder.edge(link.b, back);
    }
    Arc::new(builder.build())
});

/// The net of a world, the weights of its links as delays.
pub(crate) fn net(world: &World) -> Net {
    let mut builder = NetBuilder::new(world.node_count() as u32);
    builder.reserve(world.link_count());
    for link in world.links() {
        let role = match link.relationship {
            Some(Relationship::ProviderOf) => Role::ToCustomer,
            Some(Relationship::Peers) => Role::ToPeer,
            None => Role::Unknown,
        };
        let edge = Edge {
            to: link.b,
            delay: weight(link.a, link.b),
            price: 0,
            bandwidth: UNLIMITED,
            role,
        };
        builder.edge(link.a, edge);
        builder.edge(
            link.b,
            Edge {
                to: link.a,
                role: role.reverse(),
                ..edge
            },
        );
    }
    builder.build()
}

/// `count` of the 2,000 best connected domains, the same on every machine.
pub(crate) fn hosts(net: &Net, count: usize, seed: u32) -> Vec<u32> {
    let mut by_degree: Vec<u32> = (0..net.domains() as u32).collect();
    by_degree.sort_by_key(|domain| (std::cmp::Reverse(net.row(*domain).len()), *domain));
    by_degree.truncate(2000);
    by_degree.sort_by_key(|domain| (weight(*domain, seed + 1_000_000), *domain));
    let mut hosts: Vec<u32> = by_degree.into_iter().take(count).collect();
    hosts.sort_unstable();
    hosts
}
