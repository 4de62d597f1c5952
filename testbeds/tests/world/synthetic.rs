//! Made worlds: the same for a seed, connected, without circles of providers, and like the Internet.

use proptest::prelude::*;
use testbeds::world::{Relationship, Role, World, synthetic};

fn degrees(world: &World) -> Vec<usize> {
    let nodes = (0..).take(world.node_count());
    nodes.map(|node| world.neighbours(node).count()).collect()
}

/// The share of the domains of which `is` holds.
fn share(world: &World, is: impl Fn(u32) -> bool) -> f64 {
    let count = (0..)
        .take(world.node_count())
        .filter(|node| is(*node))
        .count();
    count as f64 / world.node_count() as f64
}

/// What every world must hold, of whatever size.
fn laws(world: &World, domains: usize) {
    assert_eq!(world.node_count(), domains);
    let ends: Vec<(u32, u32)> = world.links().map(|link| (link.a, link.b)).collect();
    assert!(
        ends.is_sorted_by(|one, next| one < next),
        "sorted, and no pair twice"
    );
    assert!(ends.iter().all(|(a, b)| a < b && (*b as usize) < domains));
    for link in world.links() {
        assert!(!link.one_way);
        assert!(link.delay_there.is_some() && link.delay_there == link.delay_back);
        // Half round the world is 100.08 ms.
        assert!(link.delay_there.unwrap().as_nanos() < 100_100_000);
    }
    // A provider has the lower number, so there is no circle; and who is no tier 1 has 1 to 3, so all are
    // connected to the tier 1, which is connected in itself.
    let providers = |node| {
        let roles = world.relationships_of(node);
        roles
            .filter(|(_, role)| *role == Role::Provider)
            .map(|(other, _)| other)
            .collect::<Vec<u32>>()
    };
    let tier1 = (0..)
        .take(domains)
        .take_while(|node| providers(*node).is_empty())
        .count();
    for node in (0..).take(domains) {
        let providers = providers(node);
        assert!(providers.iter().all(|provider| *provider < node));
        assert!(providers.len() <= 3);
        if node as usize >= tier1 {
            assert!(!providers.is_empty(), "{node} of {domains} has no provider");
        } else {
            let peers = world
                .relationships_of(node)
                .filter(|(other, role)| *role == Role::Peer && (*other as usize) < tier1);
            assert_eq!(peers.count(), tier1 - 1, "the tier 1 is a clique");
        }
    }
    assert!(domains == 0 || connected(world));
}

/// By walking, whatever the argument says.
fn connected(world: &World) -> bool {
    let mut seen = vec![false; world.node_count()];
    let mut todo = vec![0];
    let mut count = 0;
    while let Some(node) = todo.pop() {
        if !std::mem::replace(&mut seen[node as usize], true) {
            count += 1;
            todo.extend(world.neighbours(node).map(|of| of.node));
        }
    }
    count == world.node_count()
}

#[test]
fn small_ones_too() {
    for domains in 0..40 {
        laws(&synthetic(1, domains), domains);
    }
    assert_eq!(synthetic(1, 0), World::default());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_laws_hold_for_any_seed_and_size(seed: u64, domains in 0_usize..1500) {
        let world = synthetic(seed, domains);
        laws(&world, domains);
        prop_assert_eq!(&synthetic(seed, domains), &world);
        if domains > 10 {
            prop_assert_ne!(synthetic(seed ^ 1, domains), world);
        }
    }
}

/// The value is that of the first machine: all must have it, and all versions.
#[test]
fn a_seed_is_the_same_world_on_every_machine() {
    let sum = synthetic(1, 1000).links().fold(0_u64, |sum, link| {
        let ends = u64::from(link.a) << 32 | u64::from(link.b);
        let delay = link.delay_there.unwrap().as_nanos();
        (sum.rotate_left(5) ^ ends ^ delay).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    });
    assert_eq!(sum, CHECKSUM, "{sum:#x}");
}

const CHECKSUM: u64 = 0x1649_f3e9_6da8_c498;

/// Bounds around CAIDA's graph of September 2025: 570,696 links for 78,643 domains (7.3 each), 28% of them
/// transit, 84% without customers, 75% with at most three links, 2.2% with more than 100, 9,915 at the best
/// connected.
#[test]
fn as_many_links_and_as_heavy_a_tail_as_the_internet() {
    let domains = 75_000;
    for seed in [1, 2, 0xffff_ffff_ffff_ffff] {
        let world = synthetic(seed, domains);
        laws(&world, domains);
        let links = world.link_count();
        let of_transit =
            |link: &testbeds::world::Link| link.relationship == Some(Relationship::ProviderOf);
        let transit = world.links().filter(of_transit).count() as f64 / links as f64;
        let customers = |node| {
            world
                .relationships_of(node)
                .any(|(_, role)| role == Role::Customer)
        };
        let stubs = share(&world, |node| !customers(node));
        let degrees = degrees(&world);
        let most = degrees.iter().max().unwrap();
        let few = share(&world, |node| degrees[node as usize] <= 3);
        let many = share(&world, |node| degrees[node as usize] > 100);
        println!(
            "{links} links, transit {transit}, stubs {stubs}, most {most}, few {few}, many {many}"
        );
        assert!((450_000..=550_000).contains(&links), "{links}");
        assert!((0.22..=0.34).contains(&transit), "{transit}");
        assert!((0.80..=0.88).contains(&stubs), "{stubs}");
        assert!((3_000..=20_000).contains(most), "{most}");
        assert!((0.60..=0.85).contains(&few), "{few}");
        assert!((0.01..=0.04).contains(&many), "{many}");
    }
}
