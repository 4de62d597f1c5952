//! Chains over small federations, by chance and by hand.

use nffg::{Bandwidth, DomainId, Quantity, Resources, Unit};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use sof::mef::{Api, ReferencePoint};
use sof::partner::{Agreement, Bounds, Endpoint, Partner, PartnerState, Price, Sls};
use sof::payload::SEGMENT;
use sof::selection::{
    Chain, Cost, Crossing, Demand, DemandKind, DemandLink, DemandNode, DemandWalk, Host,
    PartnerView, Way,
};

pub(crate) fn domain(at: usize) -> DomainId {
    format!("D{at}").parse().unwrap()
}

/// SAP - functions - SAP, each link with its bandwidth and bound, and a walk over all of them.
pub(crate) fn demand(
    functions: usize,
    bps: Option<u64>,
    bound: Option<u64>,
    walk: Option<u64>,
) -> Demand {
    let sap = |name: &str| DemandNode {
        id: name.parse().unwrap(),
        kind: DemandKind::Sap(name.parse().unwrap()),
    };
    let function = |at: usize| DemandNode {
        id: format!("f{at}").parse().unwrap(),
        kind: DemandKind::Function {
            nf_type: "fw".parse().unwrap(),
            resources: Resources {
                cpu: Some(Quantity::new(2.0, Unit::Bare).unwrap()),
                ..Resources::default()
            },
        },
    };
    let mut nodes = vec![sap("in")];
    nodes.extend((0..functions).map(function));
    nodes.push(sap("out"));
    let links = (0..=functions).map(|at| DemandLink {
        id: at.to_string(),
        src: at,
        dst: at + 1,
        bandwidth_bps: bps,
        max_delay_ns: bound,
    });
    let walks = walk.map(|max_delay_ns| DemandWalk {
        links: (0..=functions).collect(),
        max_delay_ns,
    });
    Demand {
        nodes,
        links: links.collect(),
        walks: walks.into_iter().collect(),
        availability: None,
    }
}

/// A chain over these domains: each way is a list of domains, the last of one is the first of the next. Every border has this
/// delay.
pub(crate) fn chain(demand: &Demand, ways: &[Vec<usize>], border_ns: u64, price: u64) -> Chain {
    let mut at = vec![ways[0][0]];
    at.extend(ways.iter().map(|way| *way.last().unwrap()));
    let hosts = demand.nodes.iter().zip(&at).map(|(node, at)| Host {
        node: node.id.clone(),
        domain: domain(*at),
    });
    let ways: Vec<Way> = demand
        .links
        .iter()
        .zip(ways)
        .map(|(link, way)| {
            let crossings: Vec<Crossing> = way
                .windows(2)
                .map(|pair| Crossing {
                    from: domain(pair[0]),
                    from_router: Some(format!("r{}", pair[1]).parse().unwrap()),
                    to: domain(pair[1]),
                    to_router: None,
                    nth: u32::try_from(pair[0] % 2).unwrap(),
                    delay_ns: border_ns,
                })
                .collect();
            Way {
                link: link.id.clone(),
                domains: way.iter().map(|at| domain(*at)).collect(),
                delay_ns: border_ns * crossings.len() as u64,
                crossings,
                bandwidth_bps: link.bandwidth_bps,
            }
        })
        .collect();
    let cost = Cost {
        hops: ways.iter().map(|way| way.crossings.len() as u64).sum(),
        delay_ns: ways.iter().map(|way| way.delay_ns).sum(),
        price,
    };
    Chain {
        hosts: hosts.collect(),
        ways,
        cost,
    }
}

/// A walk over some of ten domains without passing one twice.
fn way(from: usize, steps: &[usize]) -> Vec<usize> {
    let mut way = vec![from];
    for step in steps {
        if !way.contains(step) {
            way.push(*step);
        }
    }
    way
}

/// Any demand with a chain for it.
pub(crate) fn any_chain() -> impl Strategy<Value = (Demand, Chain)> {
    let steps = vec(vec(0..10_usize, 0..5), 1..5);
    let bounds = (
        option::of(1..=50_000_000_u64),
        option::of(1..=200_000_000_u64),
    );
    (
        steps,
        option::of(1..=1_000_000_000_u64),
        bounds,
        0..2_000_000_u64,
        0..5000_u64,
    )
        .prop_map(|(steps, bps, (bound, walk), border, price)| {
            let demand = demand(steps.len() - 1, bps, bound, walk);
            let mut from = 0;
            let ways: Vec<Vec<usize>> = steps
                .iter()
                .map(|steps| {
                    let way = way(from, steps);
                    from = *way.last().unwrap();
                    way
                })
                .collect();
            let chain = chain(&demand, &ways, border, price);
            (demand, chain)
        })
}

pub(crate) fn now() -> jiff::Timestamp {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

pub(crate) fn endpoint() -> Endpoint {
    Endpoint {
        reference_point: ReferencePoint::Interlude,
        url: "https://sof.example/".parse().unwrap(),
        versions: [1].into(),
    }
}

/// An active partner with one open agreement.
pub(crate) fn view(at: usize) -> PartnerView {
    PartnerView {
        partner: Some(Partner {
            domain: domain(at),
            name: None,
            legal_entity: None,
            state: PartnerState::Active,
            apis: [(Api::ServiceOrdering, endpoint())].into(),
            credentials: None,
            service_types: [SEGMENT.to_owned()].into(),
            conformance: None,
        }),
        agreements: vec![Agreement {
            id: "a".to_owned(),
            partner: domain(at),
            service_type: SEGMENT.to_owned(),
            valid_from: "2026-01-01T00:00:00Z".parse().unwrap(),
            valid_until: None,
            bounds: Bounds::default(),
            price: Price::default(),
            sls: Sls::default(),
        }],
        ..PartnerView::default()
    }
}

pub(crate) fn mbps(megabits: u64) -> Bandwidth {
    Bandwidth::from_bits_per_second(megabits * 1_000_000)
}
