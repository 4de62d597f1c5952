//! What of a topology view is the exporting domain's own.

use idt::{DomainTopology, InterLink, IntraLink, TopologyError, TopologyParts};
use nffg::{
    Bandwidth, Delay, DomainId, Resources, RouterId, RouterLink, RouterRef, TopologyNode,
    TopologyView,
};

fn domain(text: &str) -> DomainId {
    text.parse().expect("valid")
}

fn router(text: &str) -> RouterId {
    text.parse().expect("valid")
}

fn at(text: &str) -> RouterRef {
    let (domain_text, router_text) = text.split_once(':').expect("domain:router");
    RouterRef {
        domain: domain(domain_text),
        router: router(router_text),
    }
}

fn link(src: &str, dst: &str, delay: Option<u64>) -> RouterLink {
    RouterLink {
        src: at(src),
        dst: at(dst),
        delay: delay.map(Delay::from_nanos),
        bandwidth: delay.map(Bandwidth::from_bits_per_second),
        srlgs: nffg::Srlgs::default(),
        performance: nffg::Performance::default(),
    }
}

fn node(name: &str, routers: &[&str], links: Vec<RouterLink>, prefixes: &[&str]) -> TopologyNode {
    TopologyNode {
        domain: domain(name),
        entry_point: None,
        prefixes: prefixes
            .iter()
            .map(|prefix| prefix.parse().expect("valid"))
            .collect(),
        routers: routers.iter().map(|text| router(text)).collect(),
        links,
        resources: Resources::default(),
    }
}

/// AS1 tells of itself and of its neighbours AS2 and AS3.
fn view() -> TopologyView {
    TopologyView {
        nodes: vec![
            node(
                "AS2",
                &["z"],
                vec![link("AS2:z", "AS2:y", None)],
                &["10.2.0.0/16"],
            ),
            node(
                "AS1",
                &["b", "a"],
                vec![
                    link("AS1:b", "AS1:a", Some(7)),
                    link("AS1:a", "AS1:b", None),
                ],
                &["10.1.0.0/16", "2001:db8::/32", "10.1.0.0/16"],
            ),
            node("AS3", &[], vec![], &[]),
        ],
        links: vec![
            link("AS1:b", "AS3:x", Some(9)),
            link("AS1:b", "AS2:z", Some(5)),
            link("AS2:z", "AS1:b", Some(6)),
            link("AS2:z", "AS3:x", None),
            link("AS1:c", "AS1:a", None),
        ],
        ..TopologyView::default()
    }
}

#[test]
fn only_what_the_domain_says_of_itself_is_taken() {
    let topology = DomainTopology::from_view(&domain("AS1"), &view()).unwrap();
    assert_eq!(topology.domain(), &domain("AS1"));
    // `c` is at the end of a link and in no list of routers.
    assert_eq!(topology.routers(), [router("a"), router("b"), router("c")]);
    let prefixes: Vec<String> = topology
        .prefixes()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(prefixes, ["10.1.0.0/16", "2001:db8::/32"]);

    let intra = |src, dst, delay: Option<u64>| IntraLink {
        src: router(src),
        dst: router(dst),
        delay: delay.map(Delay::from_nanos),
        bandwidth: delay.map(Bandwidth::from_bits_per_second),
    };
    let expected = [
        intra("a", "b", None),
        intra("b", "a", Some(7)),
        intra("c", "a", None),
    ];
    assert_eq!(topology.intra_links(), expected);

    let inter = |src, dst, delay| InterLink {
        router: router(src),
        remote: at(dst),
        delay: Some(Delay::from_nanos(delay)),
        bandwidth: Some(Bandwidth::from_bits_per_second(delay)),
        srlgs: nffg::Srlgs::default(),
        performance: nffg::Performance::default(),
    };
    assert_eq!(
        topology.inter_links(),
        [inter("b", "AS2:z", 5), inter("b", "AS3:x", 9)]
    );
}

#[test]
fn the_order_of_a_document_and_doubled_elements_make_no_difference() {
    let straight = DomainTopology::from_view(&domain("AS1"), &view()).unwrap();
    let mut reversed = view();
    reversed.nodes.reverse();
    reversed.links.reverse();
    for node in &mut reversed.nodes {
        node.routers.reverse();
        node.prefixes.reverse();
        node.links.extend(node.links.clone());
    }
    reversed.links.extend(reversed.links.clone());
    assert_eq!(
        DomainTopology::from_view(&domain("AS1"), &reversed).unwrap(),
        straight
    );
}

#[test]
fn links_that_differ_in_attributes_are_parallel() {
    let mut view = view();
    view.links.push(link("AS1:b", "AS2:z", None));
    view.links.push(link("AS1:b", "AS2:z", Some(5)));
    let topology = DomainTopology::from_view(&domain("AS1"), &view).unwrap();
    let delays: Vec<_> = topology
        .inter_links()
        .iter()
        .filter(|link| link.remote == at("AS2:z"))
        .map(|link| link.delay.map(Delay::as_nanos))
        .collect();
    assert_eq!(delays, [None, Some(5)]);
}

#[test]
fn a_view_of_others_is_an_error_that_names_them() {
    let error = DomainTopology::from_view(&domain("AS9"), &view()).unwrap_err();
    let told = ["AS1", "AS2", "AS3"].map(domain).to_vec();
    assert_eq!(
        error,
        TopologyError::NotTold {
            domain: domain("AS9"),
            told
        }
    );
    let text = "the topology has no node of domain 'AS9': it tells of AS1, AS2, AS3";
    assert_eq!(error.to_string(), text);

    let error = DomainTopology::from_view(&domain("AS9"), &TopologyView::default()).unwrap_err();
    assert!(
        error.to_string().ends_with("it tells of no domain"),
        "{error}"
    );

    let nodes = (100..112).map(|asn| node(&format!("AS{asn}"), &[], vec![], &[]));
    let large = TopologyView {
        nodes: nodes.collect(),
        ..TopologyView::default()
    };
    let error = DomainTopology::from_view(&domain("AS9"), &large).unwrap_err();
    assert!(
        error.to_string().ends_with("AS108, AS109 and 2 more"),
        "{error}"
    );
}

#[test]
fn parts_become_canonical() {
    let back_home = InterLink {
        router: router("b"),
        remote: at("AS1:a"),
        delay: None,
        bandwidth: None,
        srlgs: nffg::Srlgs::default(),
        performance: nffg::Performance::default(),
    };
    let parts = TopologyParts {
        inter_links: vec![back_home],
        prefixes: vec![
            "10.1.2.3/16".parse().expect("valid"),
            "10.1.0.0/16".parse().expect("valid"),
        ],
        ..TopologyParts::default()
    };
    let topology = DomainTopology::new(domain("AS1"), parts);
    assert_eq!(topology.routers(), [router("a"), router("b")]);
    assert_eq!(topology.intra_links().len(), 1);
    assert!(topology.inter_links().is_empty());
    assert_eq!(topology.prefixes(), ["10.1.0.0/16".parse().expect("valid")]);
}

#[test]
fn neighbours_may_have_another_name() {
    let topology = DomainTopology::from_view(&domain("AS1"), &view()).unwrap();
    let known = |id: &DomainId| (*id == domain("AS3")).then(|| domain("third"));
    let renamed = topology.with_neighbours(known).unwrap();
    let remotes: Vec<&str> = renamed
        .inter_links()
        .iter()
        .map(|link| link.remote.domain.as_str())
        .collect();
    assert_eq!(remotes, ["AS2", "third"]);
    assert_eq!(renamed.routers(), topology.routers());
    assert_eq!(renamed.with_neighbours(known), None);
}
