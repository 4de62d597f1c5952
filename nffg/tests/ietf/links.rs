//! Where links start and end.

use serde_json::{Value, json};

use crate::{
    clean, inner, link, network, networks, node, odd, outer, te_link, te_node, told, with,
};

/// AS1 with routers a (10.0.0.1) and b, and what is changed in its only link, from a to b.
fn one(changed: impl FnOnce(&mut Value), others: &[Value]) -> Value {
    let nodes = [te_node("a", "10.0.0.1"), node("b")];
    let link = with(link("l", "a", "b"), changed);
    let mut all = vec![network("AS1", &nodes, &[link])];
    all.extend_from_slice(others);
    networks(&all)
}

fn external(network: Value, node: Value) -> Value {
    json!({"te-link-attributes": {"external-domain": {
        "network-ref": network, "remote-te-node-id": node, "remote-te-link-tp-id": 3,
    }}})
}

#[test]
fn rfc8345_4_4_5_a_link_has_one_direction() {
    let view = clean(&one(|_| {}, &[]));
    assert_eq!(inner(&view), ["AS1/10.0.0.1 AS1/b"]);
    assert!(!view.silent_on_links);
}

#[test]
fn a_link_to_a_node_of_another_network_is_found_there() {
    let to =
        |id: &'static str| move |link: &mut Value| link["destination"]["dest-node"] = json!(id);
    let others = [
        network("AS2", &[te_node("c", "10.0.0.2"), node("d")], &[]),
        network("AS3", &[node("d")], &[link("m", "c", "a")]),
    ];
    let view = clean(&one(to("c"), &others));
    assert_eq!(
        outer(&view),
        ["AS1/10.0.0.1 AS2/10.0.0.2", "AS2/10.0.0.2 AS1/10.0.0.1"]
    );

    let at = "/ietf-network:networks/network/0/ietf-network-topology:link/0";
    let (view, _) = odd(&one(to("d"), &others), &[at]);
    assert_eq!(
        outer(&view),
        ["AS2/10.0.0.2 AS1/10.0.0.1"],
        "it could be either"
    );

    // In its own network, a name is certain.
    let view = clean(&one(
        |_| {},
        &[network("AS2", &[node("a"), node("b")], &[])],
    ));
    assert_eq!(inner(&view), ["AS1/10.0.0.1 AS1/b"]);
}

#[test]
fn rfc8795_external_domain_names_the_far_end() {
    let to = |network: Value, node: Value| {
        move |link: &mut Value| {
            link.as_object_mut().unwrap().remove("destination");
            link["ietf-te-topology:te"] = external(network, node);
        }
    };
    let other = network("peer", &[te_node("c", "10.0.0.2")], &[]);
    let other = with(other, |network| {
        network["ietf-te-topology:te-topology-identifier"] = json!({"provider-id": 2});
    });

    // A network of the document.
    let view = clean(&one(
        to(json!("peer"), json!("10.0.0.2")),
        std::slice::from_ref(&other),
    ));
    assert_eq!(outer(&view), ["AS1/10.0.0.1 AS2/10.0.0.2"]);
    // A router that it does not list.
    let view = clean(&one(
        to(json!("peer"), json!("10.0.0.7")),
        std::slice::from_ref(&other),
    ));
    assert_eq!(outer(&view), ["AS1/10.0.0.1 AS2/10.0.0.7"]);
    assert_eq!(told(&view)[1], ("AS2", vec!["10.0.0.2", "10.0.0.7"]));
    // A network that is not told, but whose name is an AS number.
    let view = clean(&one(
        to(json!("0.0.0.9"), json!("10.0.0.2")),
        std::slice::from_ref(&other),
    ));
    assert_eq!(outer(&view), ["AS1/10.0.0.1 AS9/10.0.0.2"]);
    // No network, one that says nothing, or its own: the router is known.
    for network in [json!(null), json!("elsewhere"), json!("AS1")] {
        let view = clean(&one(
            to(network, json!("10.0.0.2")),
            std::slice::from_ref(&other),
        ));
        assert_eq!(outer(&view), ["AS1/10.0.0.1 AS2/10.0.0.2"]);
    }

    let at = "/ietf-network:networks/network/0/ietf-network-topology:link/0";
    for (network, node) in [
        (json!("elsewhere"), json!("10.0.0.7")),
        (json!("AS1"), json!("10.0.0.7")),
        (json!("AS2"), json!(null)),
    ] {
        let (view, texts) = odd(&one(to(network, node), std::slice::from_ref(&other)), &[at]);
        assert_eq!(outer(&view), [""; 0]);
        let text = "the link has no destination that is a router of the document or of another \
                    domain; it is left out";
        assert_eq!(texts, [text]);
    }
    let third = network("AS3", &[te_node("d", "10.0.0.2")], &[]);
    let document = one(to(json!(null), json!("10.0.0.2")), &[other, third]);
    odd(&document, &[at]);
}

#[test]
fn an_external_domain_is_stronger_than_a_destination_if_it_is_known() {
    let with_both = |network: Value| {
        one(
            |link| link["ietf-te-topology:te"] = external(network, json!("10.0.0.2")),
            &[],
        )
    };
    let view = clean(&with_both(json!("AS2")));
    assert_eq!(outer(&view), ["AS1/10.0.0.1 AS2/10.0.0.2"]);
    assert_eq!(inner(&view), [""; 0]);
    let view = clean(&with_both(json!("elsewhere")));
    assert_eq!(inner(&view), ["AS1/10.0.0.1 AS1/b"]);
}

#[test]
fn rfc8795_equal_inter_domain_plug_ids_are_one_link() {
    let plugged = |id: &str, point: &str, plug: &str| {
        with(node(id), |node| {
            let te = json!({"inter-domain-plug-id": plug});
            node["ietf-network-topology:termination-point"] =
                json!([{"tp-id": "0"}, {"tp-id": point, "ietf-te-topology:te": te}]);
        })
    };
    let from = |node: &str, point: &str| json!({"link-id": node, "source": {"source-node": node, "source-tp": point}});
    let own = |links: &[Value]| {
        network(
            "AS1",
            &[plugged("a", "1", "AAcR"), plugged("b", "2", "AAgS")],
            links,
        )
    };
    let peer = network("AS2", &[plugged("c", "9", "AAcR")], &[]);
    let view = clean(&networks(&[own(&[from("a", "1")]), peer.clone()]));
    assert_eq!(outer(&view), ["AS1/a AS2/c"]);

    let links = "/ietf-network:networks/network/0/ietf-network-topology:link";
    let document = networks(&[own(&[from("a", "0"), from("a", "2")]), peer.clone()]);
    odd(&document, &[&format!("{links}/0"), &format!("{links}/1")]);
    let third = network("AS3", &[plugged("d", "9", "AAcR")], &[]);
    let document = networks(&[own(&[from("a", "1")]), peer, third]);
    odd(&document, &[&format!("{links}/0")]);
}

#[test]
fn links_that_lead_nowhere_are_left_out() {
    let nodes = [node("a"), node("b")];
    let links = [
        link("1", "a", "nowhere"),
        link("2", "nowhere", "b"),
        link("3", "a", "a"),
        json!({"link-id": "4"}),
        json!({"link-id": "5", "source": {"source-node": "a"}, "destination": null}),
        json!({"link-id": "6", "source": {}, "destination": {"dest-node": "a"}}),
        link("7", "a", "b"),
    ];
    let at = |index: usize| {
        format!("/ietf-network:networks/network/0/ietf-network-topology:link/{index}")
    };
    let places: Vec<String> = (0..6).map(at).collect();
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    let (view, texts) = odd(&networks(&[network("AS1", &nodes, &links)]), &places);
    assert_eq!(inner(&view), ["AS1/a AS1/b"]);
    assert_eq!(told(&view), [("AS1", vec!["a", "b"])]);
    assert_eq!(
        texts[1],
        "the link has no source that is a router of the document; it is left out"
    );
    assert_eq!(
        texts[2],
        "the link has one router at both ends; it is left out"
    );
}

#[test]
fn a_link_that_is_down_is_no_link() {
    for (te, is_there) in [
        (json!({"oper-status": "down"}), false),
        (
            json!({"te-link-attributes": {"admin-status": "down"}}),
            false,
        ),
        (
            json!({"oper-status": "up", "te-link-attributes": {"admin-status": "up"}}),
            true,
        ),
        (json!({"oper-status": "testing"}), true),
    ] {
        let view = clean(&one(|link| link["ietf-te-topology:te"] = te.clone(), &[]));
        assert_eq!(inner(&view).len(), usize::from(is_there), "{te}");
    }
}

#[test]
fn a_link_that_is_told_twice_stays_two() {
    let nodes = [node("a"), node("b")];
    let links = [
        link("1", "a", "b"),
        te_link("1", "a", "b", json!({"te-delay-metric": 5})),
    ];
    let at = "/ietf-network:networks/network/0/ietf-network-topology:link/1";
    let (view, texts) = odd(&networks(&[network("AS1", &nodes, &links)]), &[at]);
    assert_eq!(view.nodes[0].links.len(), 2);
    assert_eq!(texts, ["the link 1 of AS1 is told before"]);
}
