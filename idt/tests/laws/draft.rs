//! The worked example of draft-lachosrothenberg-alto-brokermdo-00: AS1 - AS2 - AS3, each a member
//! with a topology of its own.

use idt::search::{PathCaps, PlacementNode, PlacementProblem, candidate_paths, placements};
use idt::{DomainGraph, DomainIndex, DomainTopology, InterLink, Ted, TopologyParts, Update};
use nffg::{DomainId, RouterRef};

/// What a domain tells: `(its router, remote domain, remote router)`.
fn topology(domain: &str, links: &[(&str, &str, &str)]) -> Update {
    let inter_links = links
        .iter()
        .map(|(router, remote, remote_router)| InterLink {
            router: router.parse().expect("valid"),
            remote: RouterRef {
                domain: remote.parse().expect("valid"),
                router: remote_router.parse().expect("valid"),
            },
            delay: None,
            bandwidth: None,
            srlgs: nffg::Srlgs::default(),
            performance: nffg::Performance::default(),
        });
    let parts = TopologyParts {
        inter_links: inter_links.collect(),
        ..TopologyParts::default()
    };
    Update::Topology(DomainTopology::new(domain.parse().expect("valid"), parts))
}

fn three_domains() -> DomainGraph {
    let mut ted = Ted::new();
    ted.apply([
        topology("AS1", &[("172.16.101.104", "AS2", "172.16.102.101")]),
        topology(
            "AS2",
            &[
                ("172.16.102.101", "AS1", "172.16.101.104"),
                ("172.16.102.104", "AS3", "172.16.103.101"),
            ],
        ),
        topology("AS3", &[("172.16.103.101", "AS2", "172.16.102.104")]),
    ]);
    ted.snapshot().graph().clone()
}

fn domains(graph: &DomainGraph, names: &[&str]) -> Vec<DomainIndex> {
    let index = |name: &&str| {
        graph
            .index(&name.parse::<DomainId>().expect("valid"))
            .expect("a member")
    };
    names.iter().map(index).collect()
}

fn texts(graph: &DomainGraph, path: &[DomainIndex]) -> Vec<String> {
    path.iter()
        .map(|domain| graph.id(*domain).to_string())
        .collect()
}

/// The domains that host SAP1, NF1, NF2, NF3, SAP2 (Table 1).
const HOSTS: [&[&str]; 5] = [
    &["AS1"],
    &["AS1", "AS3"],
    &["AS2"],
    &["AS1", "AS3"],
    &["AS3"],
];

#[test]
fn section_5_5_2_the_path_vectors_of_each_link() {
    let graph = three_domains();
    let caps = PathCaps {
        per_pair: 1000,
        max_domains: 16,
        work: 1_000_000,
    };
    let expected: [&[&[&str]]; 4] = [
        &[&["AS1"], &["AS1", "AS2", "AS3"]],
        &[&["AS1", "AS2"], &["AS3", "AS2"]],
        &[&["AS2", "AS1"], &["AS2", "AS3"]],
        &[&["AS1", "AS2", "AS3"], &["AS3"]],
    ];
    for (link, expected) in expected.iter().enumerate() {
        let (sources, destinations) = (
            domains(&graph, HOSTS[link]),
            domains(&graph, HOSTS[link + 1]),
        );
        let found = candidate_paths(&graph, &sources, &destinations, &caps);
        let vectors: Vec<_> = found
            .vectors
            .iter()
            .map(|vector| texts(&graph, vector))
            .collect();
        assert_eq!(vectors, *expected, "link {}", link + 1);
        assert!(!found.cuts.any());
    }
}

#[test]
fn table_2_the_four_placements() {
    let graph = three_domains();
    let nodes = HOSTS.map(|hosts| PlacementNode {
        hosts: domains(&graph, hosts),
        ..PlacementNode::default()
    });
    let links = [(0, 1), (1, 2), (2, 3), (3, 4)].map(Into::into).into();
    let problem = PlacementProblem {
        nodes: nodes.into(),
        links,
        ..PlacementProblem::default()
    };
    let found = placements(&graph, &problem, 10, 1_000_000);
    assert!(!found.cut);

    let rows: Vec<(u64, Vec<String>)> = found
        .placements
        .iter()
        .map(|p| (p.hops, texts(&graph, &p.hosts)))
        .collect();
    let row = |hops: u64, nf1: &str, nf3: &str| {
        (
            hops,
            ["AS1", nf1, "AS2", nf3, "AS3"].map(str::to_owned).to_vec(),
        )
    };
    let expected = [
        row(2, "AS1", "AS3"),
        row(4, "AS1", "AS1"),
        row(4, "AS3", "AS3"),
        row(6, "AS3", "AS1"),
    ];
    assert_eq!(rows, expected);

    let last: Vec<_> = found.placements[3]
        .segments
        .iter()
        .map(|segment| texts(&graph, segment))
        .collect();
    let segments: [&[&str]; 4] = [
        &["AS1", "AS2", "AS3"],
        &["AS3", "AS2"],
        &["AS2", "AS1"],
        &["AS1", "AS2", "AS3"],
    ];
    assert_eq!(last, segments);
}
