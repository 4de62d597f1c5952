//! The domain graph of a federation as large as the Internet: 79,000 domains, 500,000 adjacencies.
//!
//! `graph_79000` is what versions of it cost: the first, one after a change of one domain, one after a
//! domain left. `changes_79000` is what telling two snapshots apart costs. `crossing_79000` is what
//! versions cost where 100 domains charge for crossing, and the same versions where none does.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::{Arc, LazyLock};

use divan::Bencher;
use idt::{
    Change, DomainPolicy, DomainTopology, InterLink, IntraLink, Snapshot, Ted, TopologyParts,
    Transit, Update, changes,
};
use nffg::{Delay, DomainId, RouterRef};

use crate::Random;

const DOMAINS: usize = 79_000;
const ADJACENCIES: usize = 500_000;

/// The topologies, by position: a chain and chords, a router for each neighbour.
fn topologies() -> Vec<DomainTopology> {
    let mut random = Random(79);
    let mut pairs: BTreeSet<(usize, usize)> = (1..DOMAINS).map(|at| (at - 1, at)).collect();
    while pairs.len() < ADJACENCIES {
        let (a, b) = (random.below(DOMAINS), random.below(DOMAINS));
        if a != b {
            pairs.insert((a.min(b), a.max(b)));
        }
    }
    let mut parts = vec![TopologyParts::default(); DOMAINS];
    let router = |at: usize, to: usize| format!("r{at}-{to}").parse().expect("a valid id");
    let names: Vec<DomainId> = (0..DOMAINS).map(name).collect();
    for (a, b) in pairs {
        for (a, b) in [(a, b), (b, a)] {
            parts[a].inter_links.push(InterLink {
                router: router(a, b),
                remote: RouterRef {
                    domain: names[b].clone(),
                    router: router(b, a),
                },
                delay: Some(Delay::from_nanos(1)),
                bandwidth: None,
                srlgs: nffg::Srlgs::default(),
                performance: nffg::Performance::default(),
            });
        }
    }
    let named = names.into_iter().zip(parts);
    named
        .map(|(name, parts)| DomainTopology::new(name, parts))
        .collect()
}

fn name(at: usize) -> DomainId {
    format!("D{at:05}").parse().expect("a valid id")
}

fn ted() -> Ted {
    let mut ted = Ted::new();
    ted.apply(topologies().into_iter().map(Update::Topology));
    ted
}

static LARGE: LazyLock<Ted> = LazyLock::new(ted);

/// The snapshot after this update.
fn after(update: Update) -> Arc<Snapshot> {
    let mut ted = Ted::clone(&LARGE);
    assert!(ted.apply([update]));
    ted.snapshot()
}

fn told(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    changes(black_box(before), black_box(after))
}

#[divan::bench_group(name = "graph_79000", sample_count = 20)]
mod versions {
    use super::*;

    /// The whole graph.
    #[divan::bench(sample_count = 5)]
    fn first(bencher: Bencher<'_, '_>) {
        let topologies = topologies();
        let expected = checksum(&LARGE.snapshot());
        bencher
            .with_inputs(|| topologies.clone())
            .bench_local_values(|topologies| {
                let mut ted = Ted::new();
                assert!(ted.apply(topologies.into_iter().map(Update::Topology)));
                let snapshot = ted.snapshot();
                assert_eq!(snapshot.graph().net().edges(), 2 * ADJACENCIES);
                (ted, snapshot)
            });
        assert_eq!(checksum(&ted().snapshot()), expected);
    }

    /// One domain's links have another delay, and then again: one version each.
    #[divan::bench(args = [40_000, 0])]
    fn one_topology(bencher: Bencher<'_, '_>, at: usize) {
        let mut ted = Ted::clone(&LARGE);
        let before = checksum(&ted.snapshot());
        let with_delay = |nanos: u64| {
            let snapshot = LARGE.snapshot();
            let mut inter_links = snapshot
                .topology(&name(at))
                .expect("it has one")
                .inter_links()
                .to_vec();
            for link in &mut inter_links {
                link.delay = Some(Delay::from_nanos(nanos));
            }
            let parts = TopologyParts {
                inter_links,
                ..TopologyParts::default()
            };
            DomainTopology::new(name(at), parts)
        };
        let topologies = [with_delay(2), with_delay(1)];
        let links = topologies[0].inter_links().len() as u64;
        assert!(ted.apply([Update::Topology(topologies[0].clone())]));
        assert_eq!(checksum(&ted.snapshot()), before + links);
        let mut turn = 1;
        bencher
            .with_inputs(|| {
                turn = 1 - turn;
                topologies[1 - turn].clone()
            })
            .bench_local_values(|topology| {
                assert!(ted.apply([Update::Topology(topology)]));
            });
    }

    /// The sum of all delays.
    fn checksum(snapshot: &Snapshot) -> u64 {
        let net = snapshot.graph().net();
        let rows = (0..net.len() as u32).map(|point| net.row(point));
        rows.flat_map(|row| row.delay.iter().map(|delay| u64::from(*delay)))
            .sum()
    }

    /// A domain leaves and comes back: two versions.
    #[divan::bench]
    fn leave_and_join(bencher: Bencher<'_, '_>) {
        let mut ted = Ted::clone(&LARGE);
        let topology = ted.snapshot().topology(&name(40_000)).expect("one").clone();
        bencher.bench_local(move || {
            let back = Update::Topology(DomainTopology::clone(&topology));
            assert!(ted.apply([Update::Leave(name(40_000))]) && ted.apply([back]));
        });
    }
}

#[divan::bench_group(name = "changes_79000", sample_count = 20)]
mod told_apart {
    use super::*;

    /// The delay of one domain's links.
    #[divan::bench]
    fn one_topology(bencher: Bencher<'_, '_>) {
        let before = LARGE.snapshot();
        let topology = before.topology(&name(40_000)).expect("it has one");
        let mut inter_links = topology.inter_links().to_vec();
        for link in &mut inter_links {
            link.delay = Some(Delay::from_nanos(2));
        }
        let links = inter_links.len();
        let parts = TopologyParts {
            inter_links,
            ..TopologyParts::default()
        };
        let after = after(Update::Topology(DomainTopology::new(name(40_000), parts)));
        bencher.bench(|| {
            let told = told(&before, &after);
            assert_eq!(told.len(), 1 + links);
            told
        });
    }

    #[divan::bench]
    fn one_leaves(bencher: Bencher<'_, '_>) {
        let before = LARGE.snapshot();
        let topology = before.topology(&name(40_000)).expect("it has one");
        let links = topology.inter_links().len();
        let after = after(Update::Leave(name(40_000)));
        bencher.bench(|| {
            let told = told(&before, &after);
            assert_eq!(told.len(), 1 + links);
            told
        });
    }

    /// Equal content of which nothing is shared: the whole of both is read.
    #[divan::bench]
    fn nothing_shared(bencher: Bencher<'_, '_>) {
        let (before, after) = (LARGE.snapshot(), ted().snapshot());
        bencher.bench(|| {
            let told = told(&before, &after);
            assert!(told.is_empty());
            told
        });
    }
}

#[divan::bench_group(name = "crossing_79000", sample_count = 20)]
mod crossing {
    use super::*;

    /// Domains that charge: every other by its own topology, the others by their policy.
    const CHARGING: usize = 100;

    fn charging() -> impl Iterator<Item = usize> {
        (0..CHARGING).map(|at| at * (DOMAINS / CHARGING))
    }

    fn priced(at: usize, price: u32) -> Update {
        let otherwise = Transit {
            price,
            ..Transit::default()
        };
        let policy = DomainPolicy {
            otherwise,
            ..DomainPolicy::default()
        };
        Update::Policy(name(at), Some(policy))
    }

    /// The topology of a domain, its border routers joined over one in the middle.
    fn inside(at: usize, nanos: u64) -> Update {
        let snapshot = LARGE.snapshot();
        let told = snapshot.topology(&name(at)).expect("it has one");
        let hub = "hub".parse::<nffg::RouterId>().expect("a valid id");
        let links = told.inter_links().iter().flat_map(|link| {
            let ends = [(&link.router, &hub), (&hub, &link.router)];
            ends.map(|(src, dst)| IntraLink {
                src: src.clone(),
                dst: dst.clone(),
                delay: Some(Delay::from_nanos(nanos)),
                bandwidth: None,
            })
        });
        let parts = TopologyParts {
            intra_links: links.collect(),
            inter_links: told.inter_links().to_vec(),
            ..TopologyParts::default()
        };
        Update::Topology(DomainTopology::new(name(at), parts))
    }

    fn plain(at: usize) -> Update {
        let snapshot = LARGE.snapshot();
        let told = snapshot.topology(&name(at)).expect("it has one");
        Update::Topology(DomainTopology::clone(told))
    }

    fn charges() -> Vec<Update> {
        let all = charging().enumerate();
        all.map(|(nth, at)| match nth % 2 {
            0 => inside(at, 5),
            _ => priced(at, 7),
        })
        .collect()
    }

    static CHARGED: LazyLock<Ted> = LazyLock::new(|| {
        let mut ted = Ted::clone(&LARGE);
        assert!(ted.apply(charges()));
        ted
    });

    /// Points, delays and prices of the net in which crossing costs.
    fn checksum(ted: &Ted) -> u64 {
        let snapshot = ted.snapshot();
        let net = snapshot.crossing_net();
        let rows = (0..net.len() as u32).map(|point| net.row(point));
        let costs = rows.flat_map(|row| row.delay.iter().chain(row.price));
        costs.map(|cost| u64::from(*cost)).sum::<u64>() + net.len() as u64
    }

    /// Two updates by turns, the first being in force. Each version has to be what it is at first.
    fn turns(bencher: Bencher<'_, '_>, ted: &Ted, updates: [Vec<Update>; 2]) {
        let mut ted = ted.clone();
        let known = [1, 0].map(|turn: usize| {
            assert!(ted.apply(updates[turn].clone()));
            checksum(&ted)
        });
        let mut turn = 0;
        bencher
            .with_inputs(|| {
                turn = 1 - turn;
                updates[turn].clone()
            })
            .bench_local_values(|updates| assert!(ted.apply(updates)));
        assert_eq!(checksum(&ted), known[1 - turn]);
    }

    /// All that charge begin to do so: the whole net. And the same for nothing.
    #[divan::bench(args = [true, false])]
    fn all_at_once(bencher: Bencher<'_, '_>, charged: bool) {
        let updates = match charged {
            true => charges(),
            false => charging().map(|at| priced(at, 0)).collect(),
        };
        let expected = {
            let mut ted = Ted::clone(&LARGE);
            assert!(ted.apply(updates.clone()));
            checksum(&ted)
        };
        bencher
            .with_inputs(|| (Ted::clone(&LARGE), updates.clone()))
            .bench_local_values(|(mut ted, updates)| {
                assert!(ted.apply(updates));
                ted
            });
        let mut ted = Ted::clone(&LARGE);
        ted.apply(updates);
        assert_eq!(checksum(&ted), expected);
    }

    /// One of them charges another price.
    #[divan::bench]
    fn one_price(bencher: Bencher<'_, '_>) {
        let at = DOMAINS / CHARGING;
        turns(
            bencher,
            &CHARGED,
            [vec![priced(at, 7)], vec![priced(at, 8)]],
        );
    }

    /// One of them has other delays inside.
    #[divan::bench]
    fn one_inside(bencher: Bencher<'_, '_>) {
        turns(bencher, &CHARGED, [vec![inside(0, 5)], vec![inside(0, 6)]]);
    }

    /// One more charges, and then not: points come and go.
    #[divan::bench]
    fn one_more(bencher: Bencher<'_, '_>) {
        turns(bencher, &CHARGED, [vec![plain(1)], vec![inside(1, 5)]]);
    }

    /// A domain that charges nothing changes its links; where others charge, and where none does.
    #[divan::bench(args = [true, false])]
    fn one_topology(bencher: Bencher<'_, '_>, charged: bool) {
        let ted = if charged { &*CHARGED } else { &*LARGE };
        let Update::Topology(told) = plain(40_000) else {
            return;
        };
        let mut inter_links = told.inter_links().to_vec();
        inter_links
            .iter_mut()
            .for_each(|link| link.delay = Some(Delay::from_nanos(2)));
        let parts = TopologyParts {
            inter_links,
            ..TopologyParts::default()
        };
        let other = DomainTopology::new(name(40_000), parts);
        turns(
            bencher,
            ted,
            [vec![plain(40_000)], vec![Update::Topology(other)]],
        );
    }

    /// A domain leaves, and joins again.
    #[divan::bench(args = [true, false])]
    fn one_member(bencher: Bencher<'_, '_>, charged: bool) {
        let ted = if charged { &*CHARGED } else { &*LARGE };
        let leave = vec![Update::Leave(name(40_000))];
        turns(bencher, ted, [vec![plain(40_000)], leave]);
    }
}
