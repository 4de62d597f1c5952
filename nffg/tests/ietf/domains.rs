//! Which domain a network and a node belong to.

use serde_json::{Value, json};

use crate::{clean, link, network, networks, node, odd, outer, read, told, with};

fn provided(id: &str, provider: Value, nodes: &[Value]) -> Value {
    with(network(id, nodes, &[]), |network| {
        let identifier = json!({"provider-id": provider, "client-id": 7, "topology-id": "x"});
        network["ietf-te-topology:te-topology-identifier"] = identifier;
    })
}

fn of_domain(id: &str, domain_id: Value) -> Value {
    with(node(id), |node| {
        node["ietf-te-topology:te"] = json!({"te-node-attributes": {"domain-id": domain_id}});
    })
}

#[test]
fn rfc6370_3_the_provider_is_an_as_number() {
    for provider in [json!(65001), json!("65001"), json!("AS65001")] {
        let view = clean(&networks(&[provided("AS9", provider, &[node("a")])]));
        assert_eq!(told(&view), [("AS65001", vec!["a"])]);
    }
}

#[test]
fn rfc8776_a_provider_of_zero_is_none() {
    for provider in [json!(0), json!("0"), json!(null)] {
        let view = clean(&networks(&[provided("AS9", provider, &[node("a")])]));
        assert_eq!(told(&view), [("AS9", vec!["a"])]);
    }
}

#[test]
fn a_network_may_be_named_by_an_as_number_in_any_spelling() {
    for id in ["AS5", "as5", "0.0.0.5", "0.5", "5"] {
        let view = clean(&networks(&[network(id, &[node("a")], &[])]));
        assert_eq!(told(&view), [("AS5", vec!["a"])], "{id}");
    }
    let view = clean(&networks(&[json!({"network-id": 5})]));
    assert_eq!(told(&view), [("AS5", vec![])]);
}

#[test]
fn a_network_whose_name_says_nothing_is_the_exporters() {
    for id in [
        "native",
        "urn:example:AS5",
        "providerId-5",
        "5.6.7",
        "0",
        "AS0",
    ] {
        let view = clean(&networks(&[
            network(id, &[node("a")], &[]),
            network("other", &[node("b")], &[]),
        ]));
        assert_eq!(told(&view), [("AS1", vec!["a", "b"])], "{id}");
    }
}

#[test]
fn a_named_network_is_told_without_nodes_and_another_is_not() {
    let view = clean(&networks(&[network("AS1", &[], &[])]));
    assert_eq!(told(&view), [("AS1", vec![])]);
    let view = clean(&networks(&[network("native", &[], &[])]));
    assert_eq!(told(&view), []);
}

#[test]
fn networks_of_one_domain_are_one() {
    let view = clean(&networks(&[
        network("0.0.0.1", &[node("a")], &[]),
        network("AS2", &[node("a")], &[]),
        provided("x", json!(1), &[node("b")]),
        network("native", &[node("c")], &[]),
    ]));
    let expected = [("AS1", vec!["a", "b", "c"]), ("AS2", vec!["a"])];
    assert_eq!(told(&view), expected);
}

#[test]
fn rfc8795_a_nodes_domain_id_is_stronger_than_its_network() {
    let nodes = [
        node("a"),
        of_domain("b", json!(1)),
        of_domain("c", json!(65002)),
        of_domain("d", json!("0.0.0.3")),
        of_domain("e", json!(0)),
    ];
    let view = clean(&networks(&[network("AS1", &nodes, &[link("l", "a", "c")])]));
    let expected = [
        ("AS1", vec!["a", "b", "e"]),
        ("AS65002", vec!["c"]),
        ("AS3", vec!["d"]),
    ];
    assert_eq!(told(&view), expected);
    assert_eq!(outer(&view), ["AS1/a AS65002/c"]);
}

#[test]
fn domain_ids_that_leave_the_exporter_no_node_count_something_else() {
    let nodes = [of_domain("a", json!(7)), of_domain("b", json!(8))];
    let at = "/ietf-network:networks/network/0/node/0";
    let (view, texts) = odd(&networks(&[network("native", &nodes, &[])]), &[at]);
    assert_eq!(told(&view), [("AS1", vec!["a", "b"])]);
    assert_eq!(texts, ["no domain-id is that of AS1; they are ignored"]);

    // The exporter had none anyway.
    let view = clean(&networks(&[network("AS9", &nodes, &[])]));
    let expected = [("AS9", vec![]), ("AS7", vec!["a"]), ("AS8", vec!["b"])];
    assert_eq!(told(&view), expected);
}

#[test]
fn rfc7951_4_module_names_may_be_left_out() {
    let nodes = [of_domain("a", json!(3)), node("b")];
    let document = networks(&[provided("x", json!(2), &nodes)]);
    let mut bare = document.to_string();
    for module in [
        "ietf-te-topology:",
        "ietf-network:",
        "ietf-network-topology:",
    ] {
        bare = bare.replace(module, "");
    }
    assert!(!bare.contains("ietf-"), "{bare}");
    assert_eq!(read(&document), read(&serde_json::from_str(&bare).unwrap()));
    let expected = [("AS2", vec!["b"]), ("AS3", vec!["a"])];
    assert_eq!(told(&clean(&document)), expected);
}
