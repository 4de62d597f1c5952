//! Which nodes are one router, and what it is called.

use serde_json::{Value, json};

use crate::{
    clean, inner, link, measures, network, networks, node, odd, prefixes, te_link, te_node, told,
    with,
};

fn on(mut node: Value, supporting: &[(&str, &str)]) -> Value {
    let supporting = supporting.iter();
    node["supporting-node"] = supporting
        .map(|(network, node)| json!({"network-ref": network, "node-ref": node}))
        .collect();
    node
}

fn link_on(mut link: Value, supporting: &[(&str, &str)]) -> Value {
    let supporting = supporting.iter();
    link["supporting-link"] = supporting
        .map(|(network, link)| json!({"network-ref": network, "link-ref": link}))
        .collect();
    link
}

fn l3_node(id: &str, attributes: Value) -> Value {
    with(node(id), |node| {
        node["ietf-l3-unicast-topology:l3-node-attributes"] = attributes;
    })
}

#[test]
fn a_router_is_called_by_te_node_id_else_router_id_else_node_id() {
    let router_id = |ids: Value| l3_node("urn:r3", json!({ "router-id": ids }));
    let both = with(router_id(json!(["10.0.0.9"])), |node| {
        node["ietf-te-topology:te-node-id"] = json!("10.0.0.1");
        node["node-id"] = json!("urn:r1");
    });
    for (node, name) in [
        (both, "10.0.0.1"),
        (te_node("urn:r2", "10.0.0.2"), "10.0.0.2"),
        (te_node("urn:r2", "0.0.0.0"), "urn:r2"),
        (router_id(json!(["10.0.0.3", "10.0.0.4"])), "10.0.0.3"),
        (router_id(json!("10.0.0.3")), "10.0.0.3"),
        (router_id(json!(["0.0.0.0"])), "urn:r3"),
        (router_id(json!([])), "urn:r3"),
        (node("urn:r4"), "urn:r4"),
        (json!({"node-id": 5}), "5"),
    ] {
        let view = clean(&networks(&[network("x", &[node], &[])]));
        assert_eq!(told(&view), [("AS1", vec![name])]);
    }
}

#[test]
fn rfc8345_4_4_9_an_overlay_node_is_the_router_that_it_rests_on() {
    let over = network(
        "te",
        &[
            on(te_node("t1", "10.0.0.1"), &[("ip", "r1")]),
            on(te_node("t2", "10.0.0.2"), &[("ip", "r2")]),
        ],
        &[link("a", "t1", "t2")],
    );
    let under = network("ip", &[node("r1"), node("r2")], &[link("b", "r2", "r1")]);
    for document in [[over.clone(), under.clone()], [under, over]] {
        let view = clean(&networks(&document));
        assert_eq!(told(&view), [("AS1", vec!["10.0.0.1", "10.0.0.2"])]);
        let mut links = inner(&view);
        links.sort_unstable();
        let expected = ["AS1/10.0.0.1 AS1/10.0.0.2", "AS1/10.0.0.2 AS1/10.0.0.1"];
        assert_eq!(links, expected);
    }
}

#[test]
fn an_overlay_without_names_of_its_own_has_those_of_its_underlay() {
    let over = network("a", &[on(node("1"), &[("b", "2")])], &[]);
    let middle = network("b", &[on(node("2"), &[("c", "3")])], &[]);
    let under = network("c", &[te_node("3", "10.0.0.3")], &[]);
    let view = clean(&networks(&[over.clone(), middle.clone(), under]));
    assert_eq!(told(&view), [("AS1", vec!["10.0.0.3"])]);
    let view = clean(&networks(&[over, middle, network("c", &[node("3")], &[])]));
    assert_eq!(
        told(&view),
        [("AS1", vec!["1"])],
        "the first name of the kind"
    );
}

#[test]
fn node_ids_of_layers_that_number_on_their_own_are_no_names() {
    let over = network(
        "a",
        &[on(node("1"), &[("b", "2")]), on(node("2"), &[("b", "1")])],
        &[link("x", "1", "2")],
    );
    let under = network("b", &[node("1"), node("2")], &[link("x", "1", "2")]);
    let view = clean(&networks(&[over, under]));
    assert_eq!(told(&view), [("AS1", vec!["1", "2"])]);
    assert_eq!(inner(&view), ["AS1/1 AS1/2", "AS1/2 AS1/1"]);
}

#[test]
fn an_abstract_node_is_none_of_those_that_it_stands_for() {
    let over = network("a", &[on(node("A"), &[("b", "1"), ("b", "2")])], &[]);
    let under = network("b", &[node("1"), node("2")], &[]);
    let view = clean(&networks(&[over, under]));
    assert_eq!(told(&view), [("AS1", vec!["A", "1", "2"])]);
}

#[test]
fn virtual_routers_are_not_the_one_that_they_run_on() {
    let over = network(
        "a",
        &[on(node("V"), &[("b", "1")]), on(node("W"), &[("b", "1")])],
        &[],
    );
    let view = clean(&networks(&[over, network("b", &[node("1")], &[])]));
    assert_eq!(told(&view), [("AS1", vec!["V", "W", "1"])]);
}

#[test]
fn a_node_may_rest_on_one_in_each_of_several_networks() {
    let over = on(node("A"), &[("b", "1"), ("c", "2"), ("b", "1")]);
    let view = clean(&networks(&[
        network("b", &[node("1")], &[]),
        network("c", &[te_node("2", "10.0.0.2")], &[]),
        network("a", &[over], &[]),
    ]));
    assert_eq!(told(&view), [("AS1", vec!["10.0.0.2"])]);
}

#[test]
fn what_rests_on_nothing_that_is_told_or_on_itself_stands_alone() {
    let view = clean(&networks(&[
        network("a", &[on(node("1"), &[("nowhere", "9"), ("b", "9")])], &[]),
        network("b", &[on(node("2"), &[("b", "2")])], &[]),
        network("c", &[on(node("3"), &[("c", "4")]), node("4")], &[]),
        network("AS2", &[on(node("5"), &[("b", "2")])], &[]),
    ]));
    let expected = [("AS1", vec!["1", "2", "3", "4"]), ("AS2", vec!["5"])];
    assert_eq!(told(&view), expected);
}

#[test]
fn nodes_that_rest_on_each_other_are_one_router() {
    let view = clean(&networks(&[
        network("a", &[on(node("1"), &[("b", "2")])], &[]),
        network("b", &[on(node("2"), &[("a", "1")])], &[]),
    ]));
    assert_eq!(told(&view), [("AS1", vec!["1"])]);
}

#[test]
fn equal_names_in_networks_of_one_domain_are_one_router() {
    // By address, of whichever kind.
    let ip = l3_node(
        "r",
        json!({"router-id": ["10.0.0.1"], "prefix": [{"prefix": "10.1.0.0/16"}]}),
    );
    let view = clean(&networks(&[
        network("a", &[te_node("t", "10.0.0.1")], &[]),
        network("b", &[ip], &[]),
    ]));
    assert_eq!(told(&view), [("AS1", vec!["10.0.0.1"])]);
    assert_eq!(prefixes(&view.nodes[0]), ["10.1.0.0/16"]);

    // By node-id, and then the address is that of both.
    let view = clean(&networks(&[
        network("a", &[node("r")], &[]),
        network("b", &[te_node("r", "10.0.0.1")], &[]),
        network("AS2", &[node("r")], &[]),
    ]));
    assert_eq!(told(&view), [("AS1", vec!["10.0.0.1"]), ("AS2", vec!["r"])]);

    // Not where the addresses differ.
    let view = clean(&networks(&[
        network("a", &[te_node("1", "10.0.0.1")], &[]),
        network("b", &[te_node("1", "10.0.0.2")], &[]),
    ]));
    assert_eq!(told(&view), [("AS1", vec!["10.0.0.1", "10.0.0.2"])]);
}

#[test]
fn a_link_that_rests_on_one_between_the_same_routers_is_that_link() {
    let te = |metric: Option<u64>, bandwidth: Option<&str>| json!({"te-delay-metric": metric, "max-link-bandwidth": {"te-bandwidth": {"generic": bandwidth}}});
    let nodes = [node("r"), node("s")];
    let over = link_on(te_link("o", "r", "s", te(Some(5), None)), &[("b", "u")]);
    let under = te_link("u", "r", "s", te(Some(7), Some("0x1p10")));
    let expected = [(Some(5.0), Some(8192))];
    for places in [[0, 1], [1, 0]] {
        let all = [
            network("a", &nodes, std::slice::from_ref(&over)),
            network("b", &nodes, std::slice::from_ref(&under)),
        ];
        let view = clean(&networks(&places.map(|place| all[place].clone())));
        let links: Vec<_> = view.nodes[0].links.iter().map(measures).collect();
        assert_eq!(links, expected);
    }
}

#[test]
fn a_link_is_joined_through_several_layers_even_in_a_circle() {
    let nodes = [node("r"), node("s")];
    let layer = |id: &str, under: &str, attributes: Value| {
        let link = te_link("l", "r", "s", attributes);
        network(id, &nodes, &[link_on(link, &[(under, "l")])])
    };
    let bandwidth = json!({"max-link-bandwidth": {"te-bandwidth": {"generic": "1"}}});
    let view = clean(&networks(&[
        layer("b", "c", json!({})),
        layer("a", "b", json!({})),
        layer("c", "a", bandwidth),
    ]));
    assert_eq!(view.nodes[0].links.len(), 1);
    assert_eq!(measures(&view.nodes[0].links[0]), (None, Some(8)));
}

#[test]
fn links_that_rest_on_other_routers_links_or_on_several_are_links_of_their_own() {
    let under = network(
        "b",
        &[node("r"), node("s"), node("t")],
        &[
            link("1", "r", "t"),
            link("2", "t", "s"),
            link("3", "s", "r"),
        ],
    );
    let over = network(
        "a",
        &[node("r"), node("s")],
        &[
            link_on(link("x", "r", "s"), &[("b", "1"), ("b", "2")]),
            link_on(link("y", "r", "s"), &[("b", "1")]),
            link_on(link("z", "r", "s"), &[("b", "3")]),
            link_on(link("n", "s", "r"), &[("nowhere", "3")]),
        ],
    );
    let view = clean(&networks(&[over, under]));
    assert_eq!(view.nodes[0].links.len(), 7);
}

#[test]
fn a_node_that_is_listed_twice_is_one() {
    let twice = [node("a"), node("b"), node("a")];
    let at = "/ietf-network:networks/network/0/node/2";
    let (view, texts) = odd(&networks(&[network("x", &twice, &[])]), &[at]);
    assert_eq!(told(&view), [("AS1", vec!["a", "b"])]);
    assert_eq!(texts, ["the node a is listed before"]);
}
