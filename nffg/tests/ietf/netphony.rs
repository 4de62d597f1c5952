//! What stock netphony serves at `/restconf/data/networks/`.

use nffg::export::{Expected, Format, decode};
use serde_json::json;

use crate::{clean, domain, fixtures, network, networks, node, told};

#[test]
fn it_knows_no_links_and_says_so() {
    let document = json!({"network": [
        {"networkId": "0.0.0.1", "supportingNetwork": [],
         "node": [{"nodeId": "/10.0.0.1", "supportingNode": []}, {"nodeId": "pe2/10.0.0.2"}]},
        {"networkId": "multidomain", "node": [], "supportingNetwork": []},
        {"networkId": "operator-2", "node": [{"nodeId": "c"}]},
    ]});
    let view = clean(&document);
    let expected = [
        ("AS1", vec!["10.0.0.1", "10.0.0.2"]),
        ("operator-2", vec!["c"]),
    ];
    assert_eq!(told(&view), expected);
    assert!(view.silent_on_links);
}

#[test]
fn nobody_else_is_silent_on_links() {
    assert!(!clean(&networks(&[])).silent_on_links);
    let ours = network("AS1", &[node("a")], &[]);
    let bare = json!({"network-id": "AS1", "node": [{"node-id": "a"}]});
    let theirs = json!({"networkId": "AS2", "node": [{"nodeId": "b"}]});
    let with_links = json!({"networkId": "AS3", "node": [{"nodeId": "b"}], "link": []});
    for (all, is_silent) in [
        (vec![ours.clone()], false),
        (vec![bare], false),
        (vec![theirs.clone()], true),
        (vec![theirs.clone(), ours], false),
        (vec![theirs, with_links], false),
    ] {
        let view = clean(&json!({ "network": all }));
        assert_eq!(view.silent_on_links, is_silent, "{all:?}");
        assert!(view.links.is_empty());
    }
}

/// The routers of exporter-formats, section 3.2: the domain's own and the stubs.
#[test]
fn seven_answers_of_netphony() {
    let expected: [(&str, &[(&str, usize)]); 7] = [
        ("1", &[("AS121", 2), ("AS1", 4), ("AS123", 1)]),
        ("2", &[("AS2", 4), ("AS123", 1), ("AS231", 1), ("AS122", 2)]),
        ("3", &[("AS3", 4), ("AS123", 1), ("AS231", 1)]),
        ("-td121", &[("AS121", 3), ("AS1", 1), ("AS122", 1)]),
        ("-td122", &[("AS121", 1), ("AS2", 2), ("AS122", 3)]),
        (
            "-td123",
            &[("AS3", 1), ("AS2", 1), ("AS1", 1), ("AS123", 3)],
        ),
        ("-td231", &[("AS3", 1), ("AS2", 1), ("AS231", 2)]),
    ];
    for (file, domains) in expected {
        let name = format!("third-party/netphony/rest/ietf-network{file}.json");
        let Some(bytes) = fixtures::fixture(&name) else {
            return;
        };
        let own = domain(file.trim_start_matches("-td"));
        let export = decode(&bytes, Expected::of(&own)).unwrap();
        assert_eq!((export.format, export.warnings.len()), (Format::Ietf, 0));
        let view = export.parts.topology.unwrap();
        assert!(view.silent_on_links);
        let counts: Vec<(&str, usize)> = told(&view)
            .into_iter()
            .map(|(domain, routers)| (domain, routers.len()))
            .collect();
        assert_eq!(counts, domains, "{name}");
        for node in &view.nodes {
            // 172.16.101 to 103 are the providers', 172.16.200 to 203 the transit domains'.
            let third = match node.domain.asn().unwrap() {
                asn @ 1..=3 => 100 + asn,
                asn @ 121..=123 => 79 + asn,
                _ => 203,
            };
            let subnet = format!("172.16.{third}.10");
            assert!(
                node.routers
                    .iter()
                    .all(|router| router.as_str().starts_with(&subnet))
            );
            assert!(node.links.is_empty());
        }
        assert!(view.links.is_empty());
    }
}
