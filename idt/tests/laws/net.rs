//! The net against a plain list of edges.

use idt::net::{Edge, EdgeId, Net, NetBuilder, Role, RowChange, UNLIMITED};
use proptest::prelude::*;

type Edges = Vec<(u32, Edge)>;

const ROLES: [Role; 5] = [
    Role::Unknown,
    Role::ToProvider,
    Role::ToPeer,
    Role::ToCustomer,
    Role::Within,
];

/// More than one page; most edges join the same few points, so that many are parallel.
const POINTS: u32 = 150;

fn any_point() -> impl Strategy<Value = u32> {
    prop_oneof![4 => prop::sample::select(vec![0, 1, 63, 64, 65, 149]), 1 => 0..POINTS]
}

fn any_edge() -> impl Strategy<Value = Edge> {
    let price = prop_oneof![3 => Just(0), 1 => 1_u32..3];
    let bandwidth = prop_oneof![3 => Just(UNLIMITED), 1 => 1_u64..3];
    let role = prop_oneof![3 => Just(Role::Unknown), 1 => prop::sample::select(&ROLES[..])];
    (any_point(), 0_u32..3, price, bandwidth, role).prop_map(
        |(to, delay, price, bandwidth, role)| Edge {
            to,
            delay,
            price,
            bandwidth,
            role,
        },
    )
}

/// Edges of which some have their reverse beside them, or later.
fn any_edges() -> impl Strategy<Value = Edges> {
    let one = (any_point(), any_edge(), 0_u8..8);
    let edges = (
        prop::collection::vec(one, 0..40),
        any::<bool>(),
        any::<bool>(),
    );
    edges.prop_map(|(told, symmetric, apart)| {
        let mut edges = Vec::new();
        let mut later = Vec::new();
        for (from, edge, coin) in told {
            let back = Edge {
                to: from,
                role: edge.role.reverse(),
                ..edge
            };
            edges.push((from, edge));
            if symmetric || coin < 4 {
                let list = if apart { &mut later } else { &mut edges };
                list.push((edge.to, back));
            }
        }
        edges.append(&mut later);
        edges
    })
}

fn build(edges: &[(u32, Edge)]) -> Net {
    let mut builder = NetBuilder::new(POINTS);
    for (from, edge) in edges {
        builder.edge(*from, *edge);
    }
    builder.build()
}

/// By where they start and where they end; parallel ones in order.
fn sorted(edges: &[(u32, Edge)]) -> Edges {
    let mut edges = edges.to_vec();
    edges.sort_by_key(|(from, edge)| (*from, edge.to));
    edges
}

fn forward(net: &Net) -> Edges {
    let points = 0..net.len() as u32;
    let rows = points.map(|point| (point, net.row(point)));
    rows.flat_map(|(point, row)| (0..row.len()).map(move |nth| (point, row.edge(nth))))
        .collect()
}

/// The edges as the backward rows tell them, by any order.
fn backward(net: &Net) -> Edges {
    let points = 0..net.len() as u32;
    let rows = points.map(|point| (point, net.back(point)));
    let mut edges: Edges = rows
        .flat_map(|(point, row)| {
            (0..row.len()).map(move |nth| {
                let edge = row.edge(nth);
                (edge.to, Edge { to: point, ..edge })
            })
        })
        .collect();
    edges.sort_unstable();
    edges
}

/// Whether between any two points the edges one way are, in order, the reverse of those the other.
fn symmetric(edges: &[(u32, Edge)]) -> bool {
    let between = |a: u32, b: u32| {
        let edges = edges
            .iter()
            .filter(move |(from, edge)| (*from, edge.to) == (a, b));
        edges.map(|(_, edge)| *edge)
    };
    edges.iter().all(|(from, edge)| {
        let turned = between(edge.to, *from).map(|back| Edge {
            to: edge.to,
            role: back.role.reverse(),
            ..back
        });
        between(*from, edge.to).eq(turned)
    })
}

fn same(net: &Net, edges: &[(u32, Edge)]) -> Result<(), TestCaseError> {
    prop_assert_eq!(forward(net), sorted(edges));
    prop_assert_eq!(net.edges(), edges.len());
    let mut all = edges.to_vec();
    all.sort_unstable();
    prop_assert_eq!(backward(net), all);
    prop_assert_eq!(net.is_symmetric(), symmetric(edges));
    for point in 0..POINTS {
        let back = net.back(point);
        prop_assert!(back.to.is_sorted());
        let row = net.row(point);
        for nth in 0..row.len() {
            let id = EdgeId {
                from: point,
                nth: nth as u32,
            };
            prop_assert_eq!(net.edge(id), Some(row.edge(nth)));
            prop_assert!(row.edges_to(row.to[nth]).contains(&nth));
            prop_assert_eq!(row.bandwidth.len(), row.len());
            prop_assert_eq!(row.price.len(), row.len());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_net_has_the_edges_it_was_told(edges in any_edges()) {
        same(&build(&edges), &edges)?;
    }

    #[test]
    fn a_version_is_what_a_rebuild_makes(
        mut edges in any_edges(),
        versions in prop::collection::vec(prop::collection::vec((any_point(), prop::collection::vec(any_edge(), 0..6), any::<bool>()), 0..4), 1..5),
    ) {
        let mut net = build(&edges);
        for changes in versions {
            let mut told = Vec::new();
            for (point, row, mended) in changes {
                let mut replace = |point: u32, row: Vec<Edge>| {
                    edges.retain(|(from, _)| *from != point);
                    edges.extend(row.iter().map(|edge| (point, *edge)));
                    told.push(RowChange { point, edges: row });
                };
                replace(point, row.clone());
                // Sometimes the other ends tell the same, so that a net becomes symmetric.
                for edge in row.iter().filter(|_| mended) {
                    let back = row.iter().filter(|other| other.to == edge.to).map(|other| Edge {
                        to: point,
                        role: other.role.reverse(),
                        ..*other
                    });
                    if edge.to != point {
                        replace(edge.to, back.collect());
                    }
                }
            }
            let before = net.clone();
            net = before.with(told);
            same(&net, &edges)?;
            let rebuilt = build(&sorted(&edges));
            prop_assert_eq!(&net, &rebuilt);
            prop_assert_eq!(net.is_symmetric(), rebuilt.is_symmetric());
            // And what changed is what the rows say.
            let changed: Vec<u32> = (0..POINTS)
                .filter(|point| {
                    let edges = |net: &Net| {
                        let (row, back) = (net.row(*point), net.back(*point));
                        let mut all: Vec<_> = (0..back.len()).map(|nth| back.edge(nth)).collect();
                        all.sort_by_key(|edge| edge.to);
                        ((0..row.len()).map(|nth| row.edge(nth)).collect::<Vec<_>>(), all)
                    };
                    edges(&net) != edges(&before)
                })
                .collect();
            prop_assert_eq!(net.changed_since(&before), Some(changed));
        }
    }
}

#[test]
fn what_leads_nowhere_is_left_out() {
    let edge = |to| Edge {
        to,
        delay: 1,
        price: 2,
        bandwidth: 3,
        role: Role::Unknown,
    };
    let net = build(&[(0, edge(POINTS)), (POINTS, edge(0)), (0, edge(1))]);
    assert_eq!(forward(&net), [(0, edge(1))]);
    let change = |point, to| RowChange {
        point,
        edges: vec![edge(to)],
    };
    assert_eq!(net.with([change(POINTS, 0)]), net);
    assert_eq!(net.with([change(0, POINTS)]), build(&[]));
    assert_eq!(
        net.edge(EdgeId {
            from: POINTS,
            nth: 0
        }),
        None
    );
    assert_eq!(net.edge(EdgeId { from: 0, nth: 1 }), None);
}

#[test]
fn of_changes_of_one_point_the_last_counts() {
    let edge = |to| Edge {
        to,
        delay: 0,
        price: 0,
        bandwidth: UNLIMITED,
        role: Role::Unknown,
    };
    let change = |to| RowChange {
        point: 0,
        edges: vec![edge(to)],
    };
    let net = build(&[]).with([change(1), change(2)]);
    assert_eq!(forward(&net), [(0, edge(2))]);
}

#[test]
fn a_row_may_be_of_any_length() {
    let edge = |to| Edge {
        to,
        delay: 0,
        price: 0,
        bandwidth: UNLIMITED,
        role: Role::Unknown,
    };
    let edges: Edges = (0..10_000).map(|_| (7, edge(8))).collect();
    let net = build(&edges);
    assert_eq!(net.row(7).price, vec![0; 10_000]);
    assert_eq!(net.back(8).bandwidth, vec![UNLIMITED; 10_000]);
    let short = RowChange {
        point: 7,
        edges: vec![edge(8)],
    };
    assert_eq!(net.with([short]), build(&edges[..1]));
    let long = RowChange {
        point: 7,
        edges: edges.iter().map(|(_, edge)| *edge).collect(),
    };
    assert_eq!(build(&[]).with([long]), net);
}

#[test]
fn borders_belong_to_their_domain() {
    let mut builder = NetBuilder::new(3);
    let border = builder.border(1);
    let sink = builder.sink(1);
    let net = builder.build();
    assert_eq!((border, sink, net.len(), net.domains()), (3, 4, 5, 3));
    assert!(!net.is_plain());
    assert_eq!(
        [0, 1, 2, border, sink].map(|point| net.domain_of(point)),
        [0, 1, 2, 1, 1]
    );
    assert_eq!([0, 1, 2].map(|domain| net.sink(domain)), [0, sink, 2]);
    assert_eq!([0, 1, 2].map(|domain| net.source(domain)), [0, 1, 2]);
}
