use roxmltree::Document;
use serde_json::json;

use super::*;

/// Pairs of adjacent domains.
fn graph(domains: &[String], pairs: &[(usize, usize)]) -> Topology {
    let adjacencies: Vec<_> = pairs
        .iter()
        .map(|(a, b)| json!({"a": domains[*a], "b": domains[*b], "links": [{}]}))
        .collect();
    Topology::decode(json!({"domains": domains, "adjacencies": adjacencies})).unwrap()
}

fn names(count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("AS{n}")).collect()
}

/// A chain of `nodes` over `hosts`, every link on the path that it is given.
fn placed(hosts: &[(&str, &str)], links: &[(&str, &str, &[&str])]) -> Placement {
    let nodes: serde_json::Map<String, serde_json::Value> = hosts
        .iter()
        .map(|(node, host)| ((*node).to_owned(), (*host).into()))
        .collect();
    let links: Vec<_> = links
        .iter()
        .enumerate()
        .map(|(at, (src, dst, path))| {
            json!({"id": at.to_string(), "src": src, "dst": dst, "path": path,
                   "cost": {"hops": path.len() - 1, "delay-ms": 1.5, "price": 0}})
        })
        .collect();
    let placement = json!({"rank": 1, "hops": 3, "cost": {"hops": 3, "delay-ms": 4.5, "price": 2},
        "nodes": nodes,
        "requirements": [{"src": "SAP1", "dst": "SAP2", "walk": [], "links": links}]});
    serde_json::from_value(placement).unwrap()
}

fn sample() -> (Topology, Placement) {
    let topology = graph(&names(6), &[(0, 1), (1, 2), (0, 3), (3, 2), (2, 4), (1, 5)]);
    let placement = placed(
        &[
            ("SAP1", "AS1"),
            ("NF1", "AS1"),
            ("NF2", "AS3"),
            ("SAP2", "AS5"),
        ],
        &[
            ("SAP1", "NF1", &["AS1"]),
            ("NF1", "NF2", &["AS1", "AS2", "AS3"]),
            ("NF2", "SAP2", &["AS3", "AS5"]),
            ("SAP2", "NF1", &["AS5", "AS3", "AS2", "AS1"]),
        ],
    );
    (topology, placement)
}

/// The drawing's texts, after checking that it is XML that runs nothing and refers to nothing outside.
fn texts(drawing: &str) -> Vec<String> {
    let document = Document::parse(drawing).unwrap();
    for element in document.descendants().filter(roxmltree::Node::is_element) {
        let name = element.tag_name().name();
        let known = [
            "svg", "title", "rect", "defs", "marker", "path", "g", "line", "circle", "text",
        ];
        assert!(known.contains(&name), "{name}");
        for attribute in element.attributes() {
            assert!(!attribute.name().starts_with("on"), "{}", attribute.name());
            assert!(!attribute.name().ends_with("href"), "{}", attribute.name());
            assert!(!attribute.value().contains("NaN") && !attribute.value().contains("inf"));
        }
    }
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name("text"));
    texts
        .filter_map(|node| node.text().map(str::to_owned))
        .collect()
}

#[test]
fn a_placement_is_drawn_with_hosts_nodes_paths_and_costs() {
    let (topology, placement) = sample();
    assert_eq!(domains(&placement), ["AS1", "AS2", "AS3", "AS5"]);
    let drawing = super::placement(&topology, &placement);
    let texts = texts(&drawing);
    for text in [
        "Placement 1: 3 hops, 4.5 ms, 2 to pay",
        "AS1",
        "AS6",
        "NF1",
        "SAP2",
        "1. SAP1 \u{2192} NF1: within AS1 (0 hops, 1.5 ms)",
        "4. SAP2 \u{2192} NF1: AS5 \u{2192} AS3 \u{2192} AS2 \u{2192} AS1 (3 hops, 1.5 ms)",
    ] {
        assert!(
            texts.iter().any(|found| found == text),
            "{text}: {texts:#?}"
        );
    }
    // Six hops of three links, each with its arrow and number; the fourth has no way to go.
    assert_eq!(drawing.matches("marker-end").count(), 6);
    assert_eq!(drawing.matches("<circle").count(), 6);
}

#[test]
fn the_same_is_drawn_the_same() {
    let (topology, placement) = sample();
    let drawing = super::placement(&topology, &placement);
    assert_eq!(drawing, super::placement(&topology, &placement));
    assert_eq!(super::topology(&topology), super::topology(&topology));
}

#[test]
fn no_name_is_markup() {
    let hostile = "\"><script>alert(1)</script><x y='&\u{0}\u{1b}\u{ffff}\u{202e}";
    let all = vec![hostile.to_owned(), "AS2".to_owned()];
    let topology = graph(&all, &[(0, 1)]);
    let placement = placed(
        &[(hostile, hostile)],
        &[(hostile, hostile, &[hostile, "AS2"])],
    );
    for drawing in [
        super::placement(&topology, &placement),
        super::topology(&topology),
    ] {
        assert!(!texts(&drawing).is_empty());
        assert!(!drawing.contains("<script"));
    }
}

#[test]
fn a_drawing_is_bounded_whatever_is_drawn() {
    // Everybody is adjacent to everybody, and the path goes through all of them.
    let all = names(400);
    let pairs: Vec<(usize, usize)> = (0..400)
        .flat_map(|a| (a + 1..400).step_by(7).map(move |b| (a, b)))
        .collect();
    let topology = graph(&all, &pairs);
    let path: Vec<&str> = all.iter().map(String::as_str).collect();
    let long = "x".repeat(200);
    let hosts: Vec<(String, &str)> = (0..250).map(|n| (format!("{long}{n}"), "AS1")).collect();
    let hosts: Vec<(&str, &str)> = hosts
        .iter()
        .map(|(node, host)| (node.as_str(), *host))
        .collect();
    let links = vec![(long.as_str(), long.as_str(), &path[..]); 300];
    let drawing = placement(&topology, &placed(&hosts, &links));
    let said = texts(&drawing);
    assert!(said.contains(&"Not drawn: 320 more domains on the paths.".to_owned()));
    assert!(said.contains(&"Not drawn: 252 more links of the service graph.".to_owned()));
    assert!(said.contains(&"+243 more".to_owned()));
    assert!(drawing.len() < 1 << 20, "{}", drawing.len());
    let drawing = super::topology(&topology);
    assert!(texts(&drawing).contains(&"Not drawn: 320 more domains.".to_owned()));
    assert!(drawing.len() < 1 << 20, "{}", drawing.len());
}

#[test]
fn nothing_is_drawn_too() {
    let topology = Topology::default();
    assert_eq!(
        texts(&super::topology(&topology)),
        ["Topology of 0 domains"]
    );
    assert!(!texts(&placement(&topology, &placed(&[], &[]))).is_empty());
}
