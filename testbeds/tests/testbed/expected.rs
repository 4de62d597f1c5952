//! The expected answers of the scenarios, worked out twice more: by a brute force in this file, which
//! uses nothing of ours, and by the Python script that made them. And the inputs of 7as against what
//! netphony itself says of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::common::*;

type Pairs = BTreeSet<(String, String)>;

/// A domain as its exports tell it, read without our own codecs.
#[derive(Default)]
struct Told {
    entry_point: String,
    sums: [f64; 3],
    saps: BTreeSet<String>,
    nf_types: BTreeSet<String>,
}

const KINDS: [&str; 3] = ["cpu", "mem", "storage"];

/// `0.0.0.121` is AS121.
fn domain_name(text: &str) -> String {
    let bytes: Vec<u32> = text
        .split('.')
        .filter_map(|byte| byte.parse().ok())
        .collect();
    match bytes[..] {
        [a, b, c, d] => format!("AS{}", ((a * 256 + b) * 256 + c) * 256 + d),
        _ => text.to_owned(),
    }
}

fn read_scenario(name: &str) -> (BTreeMap<String, Told>, Pairs) {
    let mut domains: BTreeMap<String, Told> = BTreeMap::new();
    let mut links = Pairs::new();
    for entry in std::fs::read_dir(folder_of(name)).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        if file.ends_with(".get-config.xml") {
            let (id, told) = read_get_config(&path);
            let slot = domains.entry(id).or_default();
            *slot = Told {
                entry_point: std::mem::take(&mut slot.entry_point),
                ..told
            };
        } else if file.ends_with(".topology.json") {
            read_topology(&path, &mut domains, &mut links);
        }
    }
    for (from, to) in &links {
        assert!(
            links.contains(&(to.clone(), from.clone())),
            "{from}-{to} is told from one side only"
        );
    }
    (domains, links)
}

fn read_get_config(path: &Path) -> (String, Told) {
    let text = std::fs::read_to_string(path).unwrap();
    let document = roxmltree::Document::parse(&text).unwrap();
    let root = document.root_element();
    let child = |node: roxmltree::Node<'_, '_>, name: &str| {
        let found = node.children().find(|child| child.has_tag_name(name));
        found.map(|found| found.text().unwrap_or_default().trim().to_owned())
    };
    let mut told = Told::default();
    for resources in root
        .descendants()
        .filter(|node| node.has_tag_name("resources"))
    {
        for (sum, kind) in told.sums.iter_mut().zip(KINDS) {
            *sum += child(resources, kind).unwrap().parse::<f64>().unwrap();
        }
    }
    for port in root.descendants().filter(|node| node.has_tag_name("port")) {
        if child(port, "sap").is_none() {
            told.saps.insert(child(port, "name").unwrap());
        }
    }
    for supported in root
        .descendants()
        .filter(|node| node.has_tag_name("supported_NFs"))
    {
        let types = supported
            .descendants()
            .filter(|node| node.has_tag_name("type"));
        told.nf_types
            .extend(types.map(|node| node.text().unwrap().to_owned()));
    }
    (domain_name(&child(root, "id").unwrap()), told)
}

fn read_topology(path: &Path, domains: &mut BTreeMap<String, Told>, links: &mut Pairs) {
    let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for node in document["nodes"]["node"].as_array().unwrap() {
        for item in node["metadata"].as_array().unwrap() {
            if item["key"] == "unify-slor" {
                let id = domain_name(node["id"].as_str().unwrap());
                domains.entry(id).or_default().entry_point =
                    item["value"].as_str().unwrap().to_owned();
            }
        }
    }
    for link in document["links"]["link"].as_array().unwrap() {
        let end = |side: &str| {
            let reference = link[side].as_str().unwrap();
            let id = reference
                .strip_prefix("/nodes/node[id=")
                .unwrap()
                .split(']')
                .next()
                .unwrap();
            domain_name(id)
        };
        links.insert((end("src"), end("dst")));
    }
}

fn property_map(domains: &BTreeMap<String, Told>) -> Value {
    let mut entities = Map::new();
    for (id, told) in domains {
        let mut entity = Map::new();
        entity.insert("entry-point".into(), json!([told.entry_point]));
        for (sum, kind) in told.sums.iter().zip(KINDS) {
            entity.insert(kind.into(), json!([format!("{sum:.1}")]));
        }
        for (name, values) in [("port", &told.saps), ("nf", &told.nf_types)] {
            if !values.is_empty() {
                entity.insert(name.into(), json!(values));
            }
        }
        entities.insert(format!("pid:{id}"), entity.into());
    }
    json!({"property-map": entities})
}

/// Every simple path, by growing all walks from the source one domain at a time until none is left
/// that can grow.
fn simple_paths(links: &Pairs, source: &str, destination: &str) -> Vec<Vec<String>> {
    let mut growing = vec![vec![source.to_owned()]];
    let mut found = Vec::new();
    while !growing.is_empty() {
        let mut grown = Vec::new();
        for walk in growing {
            let last = walk.last().unwrap().clone();
            if last == destination {
                found.push(walk);
                continue;
            }
            for (_, next) in links.iter().filter(|(from, _)| *from == last) {
                if !walk.contains(next) {
                    let mut longer = walk.clone();
                    longer.push(next.clone());
                    grown.push(longer);
                }
            }
        }
        growing = grown;
    }
    found.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    found
}

/// The chain of a request with one requirement, as node names, and the hosts of each.
fn chain(name: &str, domains: &BTreeMap<String, Told>) -> Vec<(String, Vec<String>)> {
    let graph = json(name, "request-sg.json")["sg"].clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let requirement = &graph["reqs"][0];
    let mut nodes = vec![text(&requirement["src-node"])];
    for id in requirement["sg-path"].as_array().unwrap() {
        let links = graph["sg_links"].as_array().unwrap();
        let link = links.iter().find(|link| link["id"] == *id).unwrap();
        assert_eq!(text(&link["src-node"]), *nodes.last().unwrap());
        nodes.push(text(&link["dst-node"]));
    }
    nodes
        .into_iter()
        .map(|node| {
            let hosts = domains
                .iter()
                .filter(|(_, told)| told.saps.contains(&node) || told.nf_types.contains(&node))
                .map(|(id, _)| id.clone())
                .collect();
            (node, hosts)
        })
        .collect()
}

fn cost_map(chain: &[(String, Vec<String>)], links: &Pairs) -> Value {
    let mut rows = Map::new();
    for pair in chain.windows(2) {
        let [(src, sources), (dst, destinations)] = pair else {
            unreachable!()
        };
        let mut vectors = Vec::new();
        for source in sources {
            for destination in destinations {
                vectors.extend(simple_paths(links, source, destination));
            }
        }
        rows.insert(src.clone(), json!({ dst: vectors }));
    }
    let (first, last) = (&chain[0].0, &chain[chain.len() - 1].0);
    json!({
        "meta": {"cost-type": {"cost-mode": "array", "cost-metric": "ane-path"}},
        "cost-map": { first: { last: rows } },
    })
}

fn placements(chain: &[(String, Vec<String>)], links: &Pairs) -> Value {
    // Every choice of hosts, as the digits of a number with as many values as there are hosts.
    let count: usize = chain.iter().map(|(_, hosts)| hosts.len()).product();
    let mut ranked: Vec<(usize, Vec<&String>, Vec<String>)> = Vec::new();
    for mut number in 0..count {
        let mut hosts = Vec::new();
        for (_, choices) in chain {
            hosts.push(&choices[number % choices.len()]);
            number /= choices.len();
        }
        let mut walk = vec![format!("{}:{}", hosts[0], chain[0].0)];
        let mut hops = 0;
        for (at, pair) in hosts.windows(2).enumerate() {
            let shortest = simple_paths(links, pair[0], pair[1]).swap_remove(0);
            hops += shortest.len() - 1;
            walk.extend(shortest.iter().take(shortest.len() - 1).skip(1).cloned());
            walk.push(format!("{}:{}", pair[1], chain[at + 1].0));
        }
        ranked.push((hops, hosts, walk));
    }
    ranked.sort();
    ranked
        .into_iter()
        .take(10)
        .map(|(_, _, walk)| json!(walk))
        .collect()
}

#[test]
fn a_brute_force_of_another_make_expects_the_same() {
    for name in ["3as", "7as"] {
        let (domains, links) = read_scenario(name);
        let chain = chain(name, &domains);
        assert_eq!(
            property_map(&domains),
            json(name, "expected-propmap.json"),
            "{name}"
        );
        assert_eq!(
            cost_map(&chain, &links),
            json(name, "expected-costmap.json"),
            "{name}"
        );
        assert_eq!(
            placements(&chain, &links),
            json(name, "expected-placements.json"),
            "{name}"
        );
    }
}

#[test]
fn the_script_prints_what_is_expected() {
    for name in ["3as", "7as"] {
        let script = file("7as", "brute_force.py");
        let folder = folder_of(name);
        // -B: no __pycache__ in the sources.
        let args = ["-B", &script, folder.to_str().unwrap()];
        let Some(ended) = if_installed("python3", &args) else {
            return;
        };
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let printed: Map<String, Value> = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(printed.len(), 3);
        for (file, content) in printed {
            assert_eq!(content, json(name, &file), "{name}/{file}");
        }
    }
}

/// A topology without what netphony's own UNIFY export leaves out, as sets, since it has no order.
fn as_unify(document: &Value) -> Value {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let ends = |link: &Value, with: &Value| {
        format!("{} {} {}", text(&link["src"]), text(&link["dst"]), with)
    };
    let mut nodes = Map::new();
    for node in list(&document["nodes"]["node"]) {
        let routers: BTreeSet<String> = list(&node["ports"]["port"])
            .iter()
            .map(|port| text(&port["id"]))
            .collect();
        let links: BTreeSet<String> = list(&node["links"]["link"])
            .iter()
            .map(|link| ends(link, &link["resources"]["delay"]))
            .collect();
        let metadata: BTreeSet<String> = list(&node["metadata"])
            .iter()
            .filter(|item| !text(&item["key"]).starts_with("reachability_"))
            .map(ToString::to_string)
            .collect();
        let resources = &node["resources"];
        nodes.insert(
            text(&node["id"]),
            json!([routers, links, metadata, resources]),
        );
    }
    let links: BTreeSet<String> = list(&document["links"]["link"])
        .iter()
        .map(|link| ends(link, &Value::Null))
        .collect();
    json!([nodes, links])
}

#[test]
fn netphony_itself_exports_the_topologies_of_7as() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/fixtures/third-party/netphony/rest"
    );
    let folder = Path::new(folder);
    if !folder.is_dir() {
        eprintln!("SKIPPED: {} is not here", folder.display());
        return;
    }
    for (domain, network) in [
        ("AS1", "network1"),
        ("AS2", "network2"),
        ("AS3", "network3"),
        ("AS121", "network-td121"),
        ("AS122", "network-td122"),
        ("AS123", "network-td123"),
        ("AS231", "network-td231"),
    ] {
        let theirs = std::fs::read(folder.join(format!("unify-{network}.json"))).unwrap();
        let theirs: Value = serde_json::from_slice(&theirs).unwrap();
        let ours = json("7as", &format!("{domain}.topology.json"));
        assert_eq!(as_unify(&ours), as_unify(&theirs), "{domain}");
    }
}
