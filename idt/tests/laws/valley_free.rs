//! The search for one valley-free path finds a cheapest one of those that brute force knows.

use idt::net::{EdgeId, Net, NetBuilder};
use idt::search::{Budget, Metric, Restriction, Rules, valley_free_path};
use proptest::prelude::*;

use crate::restriction::{any_edge, any_net, any_restriction, brute_force};

/// A net of one point per domain, both ways or one.
fn any_plain_net() -> impl Strategy<Value = Net> {
    (3_u32..=8, 0_u32..=1, any::<bool>()).prop_flat_map(|(domains, least, both_ways)| {
        let edges = prop::collection::vec(any_edge(domains, least), 4..=18);
        edges.prop_map(move |edges| {
            let mut builder = NetBuilder::new(domains);
            for (from, edge) in edges.into_iter().filter(|(from, edge)| *from != edge.to) {
                builder.edge(from, edge);
                if both_ways {
                    let role = edge.role.reverse();
                    builder.edge(
                        edge.to,
                        idt::net::Edge {
                            to: from,
                            role,
                            ..edge
                        },
                    );
                }
            }
            builder.build()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn the_path_is_a_cheapest_one(
        (net, restriction) in prop_oneof![3 => any_plain_net().boxed(), 1 => any_net().boxed()]
            .prop_flat_map(|net| {
                let restriction = any_restriction(&net);
                (Just(net), restriction)
            }),
        from in 0_u32..8,
        to in 0_u32..8,
        work in 0_u64..40,
    ) {
        let domains = u32::try_from(net.domains()).unwrap();
        let ends = (from % domains, to % domains);
        let restriction = Restriction { valley_free: true, ..restriction };
        let rules = Rules::new(&net, &restriction);
        let whole = brute_force(&net, Metric::Delay, &restriction, ends);
        let mut budget = Budget::unlimited();
        let found = valley_free_path(&net, Metric::Delay, &rules, ends, &mut budget).unwrap();
        match (&found, whole.first()) {
            (Some(found), Some(first)) => {
                prop_assert_eq!(found.cost, first.0);
                let row = (found.cost, found.domains.clone(), found.edges.clone());
                prop_assert!(whole.contains(&row), "{:?}", row);
            }
            (found, first) => prop_assert!(found.is_none() && first.is_none()),
        }
        let mut small = Budget::new(work);
        if let Ok(cut) = valley_free_path(&net, Metric::Delay, &rules, ends, &mut small) {
            prop_assert_eq!(cut, found);
        }
    }
}

#[test]
fn a_path_that_only_climbs_or_only_descends_is_valley_free() {
    use idt::net::{Edge, Role, UNLIMITED};
    // 0 is the customer of 1, and 1 that of 2.
    let mut builder = NetBuilder::new(3);
    for at in 0..2 {
        let edge = Edge {
            to: at + 1,
            delay: 1,
            price: 0,
            bandwidth: UNLIMITED,
            role: Role::ToProvider,
        };
        builder.edge(at, edge);
        let role = edge.role.reverse();
        builder.edge(
            at + 1,
            Edge {
                to: at,
                role,
                ..edge
            },
        );
    }
    let net = builder.build();
    let rules = Rules::new(&net, &Restriction::default());
    for (ends, domains) in [((0, 2), [0, 1, 2]), ((2, 0), [2, 1, 0])] {
        let mut budget = Budget::unlimited();
        let found = valley_free_path(&net, Metric::Hops, &rules, ends, &mut budget);
        let found = found.unwrap().unwrap();
        assert_eq!(found.domains, domains);
        assert_eq!(found.edges[0].from, ends.0);
        assert_ne!(
            found.edges[1],
            EdgeId {
                from: ends.0,
                nth: 0
            }
        );
    }
}
