//! What is refused, and how it is told.

use nffg::ietf;
use serde_json::{Value, json};

use crate::{decoded, link, network, networks, node, te_node, with};

fn faults(document: &Value) -> Vec<(String, Option<String>, String)> {
    let error = decoded(document.to_string().as_bytes(), "AS1").expect_err("it is wrong");
    let faults = error.faults().iter().cloned();
    faults.map(|f| (f.path, f.value, f.rule)).collect()
}

#[test]
fn every_fault_is_told_with_its_path() {
    let supported = with(node("e"), |node| {
        node["supporting-node"] = json!([{"network-ref": "AS1"}, 3]);
    });
    let plugged = with(node("f"), |node| {
        node["ietf-network-topology:termination-point"] =
            json!([{"ietf-te-topology:te": {"inter-domain-plug-id": "AA=="}}, 1]);
    });
    let domains = with(node("g"), |node| {
        node["ietf-te-topology:te"] = json!({"te-node-attributes": {"domain-id": "area"}});
        node["ietf-te-topology:te-node-id"] = json!([]);
    });
    let nodes = [
        json!({}),
        json!({"node-id": ""}),
        json!(7),
        supported,
        plugged,
        domains,
    ];
    let bad_link = with(link("x", "a", "b"), |link| {
        link["ietf-te-topology:te"] =
            json!({"te-link-attributes": {"external-domain": {"remote-te-node-id": {}}}});
    });
    let links = [
        json!(1),
        json!({"source": 5}),
        json!({"source": {"source-node": [1]}}),
        json!({"link-id": "x", "ietf-te-topology:te": 5}),
        bad_link,
    ];
    let document = networks(&[
        network("AS1", &nodes, &links),
        network("AS1", &[], &[]),
        json!({"node": {}}),
        json!({"network-id": "x", "te-topology-identifier": {"provider-id": "a b"}, "link": 3}),
        network(
            "y",
            &[node("a"), node("b")],
            &[with(link("l", "a", "b"), |link| {
                link["supporting-link"] = json!([{"network-ref": "y"}]);
            })],
        ),
    ]);
    let told = faults(&document);
    let base = "/ietf-network:networks/network/";
    let paths: Vec<&str> = told
        .iter()
        .map(|(path, _, _)| path.strip_prefix(base).unwrap())
        .collect();
    let links = "0/ietf-network-topology:link";
    let expected = [
        format!("{links}/0"),
        format!("{links}/1/source"),
        format!("{links}/2/source/source-node"),
        format!("{links}/3/ietf-te-topology:te"),
        format!(
            "{links}/4/ietf-te-topology:te/te-link-attributes/external-domain/remote-te-node-id"
        ),
        "0/node/0/node-id".to_owned(),
        "0/node/1/node-id".to_owned(),
        "0/node/2".to_owned(),
        "0/node/3/supporting-node/0/node-ref".to_owned(),
        "0/node/3/supporting-node/1".to_owned(),
        "0/node/4/ietf-network-topology:termination-point/0/tp-id".to_owned(),
        "0/node/4/ietf-network-topology:termination-point/1".to_owned(),
        "0/node/5/ietf-te-topology:te/te-node-attributes/domain-id".to_owned(),
        "0/node/5/ietf-te-topology:te-node-id".to_owned(),
        "1/network-id".to_owned(),
        "2/network-id".to_owned(),
        "2/node".to_owned(),
        "3/link".to_owned(),
        "3/te-topology-identifier/provider-id".to_owned(),
        "4/ietf-network-topology:link/0/supporting-link/0/link-ref".to_owned(),
    ];
    assert_eq!(paths, expected);
    let rule = |place: &str| {
        let found = told.iter().find(|(path, _, _)| path.ends_with(place));
        let (_, value, rule) = found.unwrap();
        (value.as_deref(), rule.as_str())
    };
    let same = (Some("AS1"), "network 0 (counted from 0) has this id too");
    assert_eq!(rule("1/network-id"), same);
    assert_eq!(rule("2/network-id"), (None, "the field is missing"));
    assert_eq!(
        rule("provider-id"),
        (Some("a b"), "an AS number, or 0 for none")
    );
    assert_eq!(
        rule("domain-id"),
        (Some("area"), "an AS number, or 0 for none")
    );
}

#[test]
fn two_nodes_of_a_network_that_are_one_router_are_a_fault() {
    let nodes = [
        te_node("a", "10.0.0.1"),
        node("b"),
        te_node("c", "10.0.0.1"),
    ];
    let told = faults(&networks(&[network("x", &nodes, &[])]));
    let expected = (
        "/ietf-network:networks/network/0/node/2".to_owned(),
        Some("c".to_owned()),
        "it is the router 10.0.0.1, as a is".to_owned(),
    );
    assert_eq!(told, [expected]);
}

#[test]
fn what_is_no_topology() {
    for (document, path, rule) in [
        (json!({}), "/networks", "the field is missing"),
        (
            json!({"networks": []}),
            "/networks",
            "an object is expected",
        ),
        (json!({"network": {}}), "/network", "an array is expected"),
        (
            json!({"networks": {"network": 1}}),
            "/networks/network",
            "an array is expected",
        ),
        (json!([]), "", "an object is expected"),
    ] {
        let told = faults(&document);
        assert_eq!(told.len(), 1, "{document}");
        assert_eq!(
            (told[0].0.as_str(), told[0].2.as_str()),
            (path, rule),
            "{document}"
        );
    }
    for document in [
        json!({"networks": {}}),
        json!({"networks": {"network": null}}),
    ] {
        let view = crate::clean(&document);
        assert_eq!(view, nffg::TopologyView::default());
    }
}

#[test]
fn what_is_too_much_is_refused() {
    let rule = |document: &Value| {
        let told = faults(document);
        (told[0].0.clone(), told[0].2.clone())
    };
    let at = |place: &str| format!("/ietf-network:networks/network{place}");
    let most = |most: usize| format!("at most {most} entries are allowed here");

    let many = vec![json!(0); ietf::MAX_NETWORKS + 1];
    assert_eq!(rule(&networks(&many)), (at(""), most(10_000)));

    let nodes: Vec<Value> = (0..ietf::MAX_NODES)
        .map(|n| json!({"node-id": n}))
        .collect();
    let document = networks(&[network("a", &[node("x")], &[]), network("b", &nodes, &[])]);
    assert_eq!(rule(&document), (at("/1/node"), most(99_999)));

    let links = vec![json!(0); ietf::MAX_LINKS];
    let some = network("a", &[node("x"), node("y")], &[link("l", "x", "y")]);
    let document = networks(&[some, network("b", &[], &links)]);
    let place = at("/1/ietf-network-topology:link");
    assert_eq!(rule(&document), (place, most(199_999)));

    let with_points = |id: &str, count: usize| {
        with(node(id), |node| {
            node["termination-point"] = vec![json!({}); count].into();
        })
    };
    let nodes = [
        with_points("x", 1),
        with_points("y", ietf::MAX_TERMINATION_POINTS),
    ];
    let document = networks(&[network("a", &nodes, &[])]);
    let place = at("/0/node/1/termination-point");
    assert_eq!(rule(&document), (place, most(499_999)));

    let with_prefixes = |id: &str, count: usize| {
        with(node(id), |node| {
            node["l3-node-attributes"] = json!({"prefix": vec!["10.0.0.0/8"; count]});
        })
    };
    let nodes = [
        with_prefixes("x", 1),
        with_prefixes("y", ietf::MAX_PREFIXES),
    ];
    let (place, told) = rule(&networks(&[network("a", &nodes, &[])]));
    assert_eq!(place, at("/0/node/1/l3-node-attributes/prefix"));
    assert_eq!(told, "at most 200000 prefixes are allowed");
}

/// Telling a fault must not cost a walk through the document.
#[test]
fn very_many_faults_take_no_longer_than_reading() {
    let links = vec![json!({"source": 1}); 150_000];
    let document = networks(&[network("a", &vec![json!({}); 50_000], &links)]);
    let error = decoded(document.to_string().as_bytes(), "AS1").unwrap_err();
    assert_eq!(error.total(), 200_000);
    assert_eq!(error.faults().len(), 100);
}
