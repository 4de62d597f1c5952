//! Laws of cutting a chain into segments.

use std::collections::BTreeMap;

use nffg::DomainId;
use proptest::collection::btree_map;
use proptest::prelude::*;
use sof::payload::{Configuration, Point, decode};
use sof::selection::{Demand, DemandKind, decompose};

use super::world::{any_chain, chain, demand, domain};

fn promises() -> impl Strategy<Value = BTreeMap<DomainId, u64>> {
    btree_map((0..10_usize).prop_map(domain), 0..20_000_000_u64, 0..10)
}

fn end(demand: &Demand, node: usize) -> Point {
    let node = &demand.nodes[node];
    match &node.kind {
        DemandKind::Sap(sap) => Point::Sap(sap.clone()),
        DemandKind::Function { .. } => Point::Function(node.id.clone()),
    }
}

proptest! {
    /// From the link's start to its end, what one domain sends out at a border the next one takes in there, by the same
    /// label, over the same routers.
    #[test]
    fn every_link_joins_up_border_by_border((demand, chain) in any_chain(), promised in promises()) {
        let segments = decompose("s.1", &demand, &chain, &promised);
        for (link, way) in demand.links.iter().zip(&chain.ways) {
            let flows: Vec<_> = way.domains.iter().map(|domain| {
                let segment = segments.iter().find(|segment| segment.domain == *domain).unwrap();
                segment.flows.iter().find(|flow| flow.link == link.id).unwrap()
            }).collect();
            prop_assert_eq!(&flows[0].from, &end(&demand, link.src));
            prop_assert_eq!(&flows[flows.len() - 1].to, &end(&demand, link.dst));
            for (pair, domains) in flows.windows(2).zip(way.domains.windows(2)) {
                let (Point::Border(out), Point::Border(into)) = (&pair[0].to, &pair[1].from) else {
                    panic!("borders");
                };
                prop_assert_eq!(&out.label, &into.label);
                prop_assert_eq!((&out.neighbour, &into.neighbour), (&domains[1], &domains[0]));
                prop_assert_eq!((&out.router, &out.neighbour_router), (&into.neighbour_router, &into.router));
            }
            for flow in flows {
                prop_assert_eq!(flow.bandwidth.map(nffg::Bandwidth::bits_per_second), link.bandwidth_bps);
            }
        }
    }

    #[test]
    fn every_function_is_hosted_once_where_the_chain_says((demand, chain) in any_chain()) {
        let segments = decompose("s.1", &demand, &chain, &BTreeMap::new());
        let mut hosted: Vec<_> = segments.iter().flat_map(|segment| {
            segment.functions.iter().map(|function| (function.id.clone(), segment.domain.clone()))
        }).collect();
        hosted.sort();
        let functions = demand.nodes.iter().zip(&chain.hosts).filter(|(node, _)| {
            matches!(node.kind, DemandKind::Function { .. })
        });
        let mut expected: Vec<_> = functions.map(|(node, host)| (node.id.clone(), host.domain.clone())).collect();
        expected.sort();
        prop_assert_eq!(hosted, expected);
    }

    /// The shares of a link and the delays of its borders keep the link's bound, and those of a walk the walk's, wherever the
    /// topology's own delays keep it.
    #[test]
    fn delay_shares_keep_the_bound((demand, chain) in any_chain(), promised in promises()) {
        let segments = decompose("s.1", &demand, &chain, &promised);
        let told = |link: &str| -> Option<u64> {
            let flows = segments.iter().flat_map(|segment| &segment.flows).filter(|flow| flow.link == link);
            flows.map(|flow| flow.max_delay.map(nffg::Delay::as_nanos)).sum()
        };
        let borders = |at: usize| -> u64 { chain.ways[at].crossings.iter().map(|crossing| crossing.delay_ns).sum() };
        for (at, link) in demand.links.iter().enumerate() {
            let bound = link.max_delay_ns;
            prop_assert!(bound.is_none() || told(&link.id).is_some());
            if let (Some(bound), Some(shares)) = (bound, told(&link.id)) {
                prop_assert!(shares <= bound.saturating_sub(borders(at)), "{} of {}", shares, bound);
            }
        }
        for walk in &demand.walks {
            let own: u64 = walk.links.iter().map(|link| chain.ways[*link].delay_ns).sum();
            let shares: Option<u64> = walk.links.iter().map(|link| told(&demand.links[*link].id)).sum();
            let borders: u64 = walk.links.iter().map(|link| borders(*link)).sum();
            if own <= walk.max_delay_ns {
                prop_assert!(shares.unwrap() + borders <= walk.max_delay_ns);
            }
        }
    }

    #[test]
    fn segments_are_payloads((demand, chain) in any_chain(), promised in promises()) {
        for segment in decompose("s.1", &demand, &chain, &promised) {
            prop_assert_eq!(decode(&segment.encode()), Ok(Configuration::Segment(segment)));
        }
    }

    #[test]
    fn a_chain_carries_the_demand_that_it_was_made_for((demand, chain) in any_chain()) {
        let keeps = demand.links.iter().zip(&chain.ways).all(|(link, way)| {
            link.max_delay_ns.is_none_or(|bound| way.delay_ns <= bound)
        }) && demand.walks.iter().all(|walk| {
            walk.links.iter().map(|link| chain.ways[*link].delay_ns).sum::<u64>() <= walk.max_delay_ns
        });
        prop_assert_eq!(chain.carry(&demand), keeps.then(|| chain.clone()));
        let text = serde_json::to_string(&(&demand, &chain)).unwrap();
        prop_assert_eq!(serde_json::from_str::<(Demand, sof::selection::Chain)>(&text).unwrap(), (demand, chain));
    }
}

#[test]
fn a_domain_of_transit_gets_a_segment_of_flows_alone() {
    let demand = demand(1, Some(1_000_000), Some(10_000_000), None);
    let chain = chain(&demand, &[vec![0, 1, 2], vec![2]], 1_000_000, 0);
    let segments = decompose("s.1", &demand, &chain, &[(domain(1), 2_000_000)].into());
    assert_eq!(segments.len(), 3);
    assert!(segments[1].functions.is_empty() && segments[1].flows.len() == 1);
    // 10 ms less two borders; the one that promises 2 ms gets that, and the 6 ms that are over go to three.
    let share = |at: usize| segments[at].flows[0].max_delay.unwrap().as_nanos();
    assert_eq!(
        [share(0), share(1), share(2)],
        [2_000_000, 4_000_000, 2_000_000]
    );
    let Point::Border(border) = &segments[1].flows[0].from else {
        panic!("a border");
    };
    assert_eq!(border.label, "s.1/0");
    let Point::Border(border) = &segments[1].flows[0].to else {
        panic!("a border");
    };
    // The second of two parallel links.
    assert_eq!(border.label, "s.1/0#1");
}

#[test]
fn a_chain_does_not_carry_what_it_has_no_place_for() {
    let small = demand(1, None, None, None);
    let chain = chain(&small, &[vec![0, 1], vec![1, 2]], 1_000, 0);
    assert_eq!(chain.carry(&demand(2, None, None, None)), None);
    let faster = demand(1, None, Some(500), None);
    assert_eq!(chain.carry(&faster), None);
    let more = chain.carry(&demand(1, Some(7), None, Some(2_000))).unwrap();
    assert_eq!(more.ways[0].bandwidth_bps, Some(7));
    assert_eq!(chain.carry(&demand(1, None, None, Some(1_999))), None);
}
