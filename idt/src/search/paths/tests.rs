//! Candidate path vectors by an index are those without one.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::net::{Edge, Net, NetBuilder, Role, RowChange, UNLIMITED};

/// A net of so many domains, with these links.
fn net(domains: u32, links: &[(u32, u32)]) -> Net {
    let mut builder = NetBuilder::new(domains);
    for (a, b) in links.iter().map(|(a, b)| (a % domains, b % domains)) {
        for (from, to) in [(a, b), (b, a)].into_iter().filter(|_| a != b) {
            let edge = Edge {
                to,
                delay: 1,
                price: 0,
                bandwidth: UNLIMITED,
                role: Role::Unknown,
            };
            builder.edge(from, edge);
        }
    }
    builder.build()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn an_index_changes_no_candidate(
        domains in 6_u32..14,
        links in prop::collection::vec((0_u32..14, 0_u32..14), 0..30),
        (sources, destinations) in (
            prop::collection::btree_set(0_u32..6, 0..4),
            prop::collection::btree_set(0_u32..6, 0..4),
        ),
        (per_pair, max_domains) in (0_usize..6, 0_usize..9),
        lost in 0_u32..14,
    ) {
        let net = Arc::new(net(domains, &links));
        let space = Open { net: &net, weigh: Metric::Hops };
        let caps = PathCaps { per_pair, max_domains, work: u64::MAX };
        let [sources, destinations] = [sources, destinations].map(Vec::from_iter);
        let connected = |from: u32, to: u32| {
            let plain = Distances::new(Arc::clone(&net));
            let reached = |to: &u32| plain.distance(Metric::Hops, from, *to).is_some();
            if reached(&to) { (0..domains).filter(reached).count() } else { 0 }
        };
        let mut expected = Vec::new();
        let cuts = all_pairs(
            space, &sources, &destinations, &caps, connected, &mut Budget::unlimited(),
            |run: PathRun<'_>, _| {
                run.for_each(|vector| expected.push(vector.to_vec()));
                ControlFlow::Continue(())
            },
        );
        // One index of this version, one of a version in which a domain had no links.
        let label = |net: &Arc<Net>| {
            let labelled = Distances::new(Arc::clone(net));
            labelled.with_labels(Metric::Hops, &mut Budget::unlimited()).unwrap()
        };
        let lost = lost % domains;
        let rows = (0..domains).map(|point| {
            let row = net.row(point);
            let edges = (0..row.len()).map(|nth| row.edge(nth));
            let edges = edges.filter(|edge| point != lost && edge.to != lost);
            RowChange { point, edges: edges.collect() }
        });
        let before = Arc::new(net.with(rows));
        for distances in [label(&net), label(&before).over(Arc::clone(&net))] {
            prop_assert!(distances.is_indexed(Metric::Hops));
            let mut told = Vec::new();
            let told_cuts = guided_pairs(
                space, &sources, &destinations, &caps,
                |to| distances.to_domain(Metric::Hops, to),
                connected, &mut Budget::unlimited(),
                |vector: &[u32]| told.push(vector.to_vec()),
            );
            prop_assert_eq!(&told, &expected);
            prop_assert_eq!(told_cuts, cuts);
        }
    }
}
