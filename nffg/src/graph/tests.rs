use super::*;

fn nf(id: &str) -> Node {
    let nf_type = id.parse().unwrap();
    Node {
        id: id.parse().unwrap(),
        kind: NodeKind::Nf {
            nf_type,
            demand: Resources::default(),
        },
    }
}

fn sap(id: &str) -> Node {
    Node {
        id: id.parse().unwrap(),
        kind: NodeKind::Sap {
            sap: id.parse().unwrap(),
        },
    }
}

fn link(id: &str, src: &str, dst: &str) -> LinkParts {
    let (id, src, dst) = (
        id.parse().unwrap(),
        src.parse().unwrap(),
        dst.parse().unwrap(),
    );
    LinkParts {
        id,
        src,
        dst,
        bandwidth: None,
        delay: None,
    }
}

fn requirement(id: &str, src: &str, dst: &str, path: &[&str]) -> RequirementParts {
    RequirementParts {
        id: id.parse().unwrap(),
        src: src.parse().unwrap(),
        dst: dst.parse().unwrap(),
        path: path.iter().map(|l| l.parse().unwrap()).collect(),
        bandwidth: None,
        delay: None,
    }
}

/// SAP1 -1-> NF1 -2-> NF2 -3-> SAP2 with the requirement over all three.
fn chain() -> ServiceGraphParts {
    ServiceGraphParts {
        id: None,
        nodes: vec![nf("NF1"), nf("NF2"), sap("SAP1"), sap("SAP2")],
        links: vec![
            link("1", "SAP1", "NF1"),
            link("2", "NF1", "NF2"),
            link("3", "NF2", "SAP2"),
        ],
        requirements: vec![requirement("r", "SAP1", "SAP2", &["1", "2", "3"])],
    }
}

fn error_of(change: impl FnOnce(&mut ServiceGraphParts)) -> GraphError {
    let mut parts = chain();
    change(&mut parts);
    ServiceGraph::try_from(parts).expect_err("the graph is wrong")
}

#[test]
fn a_right_graph_keeps_its_order_and_its_ends() {
    let graph = ServiceGraph::try_from(chain()).unwrap();
    assert_eq!(graph.links()[1].src, 0);
    assert_eq!(graph.requirements()[0].path, [0, 1, 2]);
    assert_eq!(graph.traversal_order(), [2, 0, 1, 3]);
}

#[test]
fn every_fault_has_its_name() {
    use GraphError as E;
    assert!(matches!(
        error_of(|g| g.nodes.push(nf("SAP1"))),
        E::DuplicateNode { node: 4, .. }
    ));
    assert!(matches!(
        error_of(|g| g.links[2].id = "1".parse().unwrap()),
        E::DuplicateLink {
            link: 2,
            first: 0,
            ..
        }
    ));
    assert!(matches!(
        error_of(|g| g.links[1].dst = "NF9".parse().unwrap()),
        E::DanglingLink {
            link: 1,
            side: Side::Dst,
            ..
        }
    ));
    assert!(matches!(
        error_of(|g| g.requirements[0].src = "SAP9".parse().unwrap()),
        E::UnknownNode {
            requirement: 0,
            side: Side::Src,
            ..
        }
    ));
    assert!(matches!(
        error_of(|g| g.requirements[0].path[1] = "7".parse().unwrap()),
        E::UnknownLink { hop: 1, .. }
    ));
    assert!(matches!(
        error_of(|g| g.requirements[0].path.clear()),
        E::EmptyPath { .. }
    ));
    assert!(matches!(
        error_of(|g| {
            g.requirements[0].path.remove(1);
        }),
        E::BrokenPath { hop: 1, .. }
    ));
    assert!(matches!(
        error_of(|g| {
            let mut back = g.links[0].clone();
            back.id = "back".parse().unwrap();
            std::mem::swap(&mut back.src, &mut back.dst);
            g.links.push(back);
            let first = g.requirements[0].path[0].clone();
            let circle = [first.clone(), "back".parse().unwrap(), first];
            g.requirements[0].path.splice(..1, circle);
        }),
        E::CyclicPath { hop: 2, .. }
    ));
    assert!(matches!(
        error_of(|g| {
            g.requirements[0].path.pop();
        }),
        E::PathEnd {
            side: Side::Dst,
            ..
        }
    ));
    assert!(matches!(
        error_of(|g| {
            g.requirements[0].path.remove(0);
        }),
        E::PathEnd {
            side: Side::Src,
            ..
        }
    ));
    assert!(matches!(
        error_of(|g| g.requirements.push(g.requirements[0].clone())),
        E::DuplicateRequirement {
            requirement: 1,
            first: 0,
            ..
        }
    ));
    assert!(matches!(error_of(|g| g.links.clear()), E::NoLink));
    assert!(matches!(
        error_of(|g| g
            .nodes
            .extend((0..Limits::NODES).map(|n| nf(&n.to_string())))),
        E::TooMany {
            part: GraphPart::Nodes,
            ..
        }
    ));
}

#[test]
fn requirements_are_implied_where_none_is_stated() {
    let mut parts = chain();
    parts.requirements.clear();
    parts.links.push(link("4", "SAP2", "NF1"));
    parts.links.push(link("5", "SAP1", "SAP2"));
    let graph = ServiceGraph::try_from(parts).unwrap();
    let walks: Vec<(usize, usize, Vec<usize>)> = graph
        .requirements()
        .iter()
        .map(|r| (r.src, r.dst, r.path.clone()))
        .collect();
    assert_eq!(
        walks,
        [
            (2, 3, vec![0, 1, 2]),
            (2, 3, vec![4]),
            (3, 3, vec![3, 1, 2])
        ]
    );
}

#[test]
fn implied_requirements_of_a_dense_graph_are_bounded() {
    let mut parts = chain();
    parts.requirements.clear();
    let nfs: Vec<String> = (0..30).map(|n| format!("x{n}")).collect();
    parts.nodes.extend(nfs.iter().map(|id| nf(id)));
    for (i, a) in nfs.iter().enumerate() {
        parts.links.push(link(&format!("in{i}"), "SAP1", a));
        for (j, b) in nfs.iter().enumerate().filter(|(j, _)| *j != i) {
            parts.links.push(link(&format!("{i}-{j}"), a, b));
        }
    }
    let graph = ServiceGraph::try_from(parts).unwrap();
    assert!(graph.requirements().len() <= Limits::REQUIREMENTS);
}
