//! netphony's UNIFY JSON: what is read, what is tolerated, what is refused and how it is told, real answers,
//! and the law that reading gives back what was written.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test says what it skips, and fails by panicking"
)]

#[path = "support/fixtures.rs"]
mod fixtures;
#[path = "support/short.rs"]
mod short;
#[path = "support/topologies.rs"]
mod topologies;

use std::collections::BTreeMap;

use nffg::DocumentError;
use nffg::unify;
use nffg::{RouterLink, TopologyNode, TopologyView};
use proptest::prelude::*;
use serde_json::{Value, json};

use short::{ends_of, routers};

/// Domain 0.0.0.1 with routers a and b, its neighbour AS2 with router c.
fn example() -> Value {
    json!({
        "name": "example",
        "metadata": [],
        "nodes": {"node": [
            {
                "id": "0.0.0.1",
                "metadata": [
                    {"key": "unify-slor", "value": "http://192.0.2.1:8888/escape"},
                    {"key": "reachability_ipv4_address", "value": "172.16.101.0"},
                    {"key": "reachability_prefix", "value": "24"},
                ],
                "ports": {"port": [{"id": "10.0.0.1", "metadata": []}, {"id": "10.0.0.2"}]},
                "links": {"link": [{
                    "src": "/nodes/node[id=0.0.0.1]/ports/port[id=10.0.0.1]",
                    "dst": "/nodes/node[id=0.0.0.1]/ports/port[id=10.0.0.2]",
                    "resources": {"delay": "3000", "bandwidth": "1250000"},
                }]},
                "resources": {"cpu": "100", "mem": "100Gbyte", "storage": "100Tbyte"},
            },
            {"id": "AS2", "metadata": [], "ports": {"port": [{"id": "c"}]}, "links": {"link": []}},
        ]},
        "links": {"link": [{
            "src": "/nodes/node[id=0.0.0.1]/ports/port[id=10.0.0.2]",
            "dst": "/nodes/node[id=AS2]/ports/port[id=c]",
        }]},
    })
}

fn read(document: &Value) -> TopologyView {
    unify::decode(document.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut document = example();
    change(&mut document);
    document
}

fn refused(change: impl FnOnce(&mut Value)) -> DocumentError {
    let document = with(change).to_string();
    unify::decode(document.as_bytes()).expect_err("the document is wrong")
}

/// The first node of the document.
fn first(document: &mut Value) -> &mut Value {
    &mut document["nodes"]["node"][0]
}

fn prefixes(node: &TopologyNode) -> Vec<String> {
    node.prefixes.iter().map(ToString::to_string).collect()
}

/// The warnings as path and text.
fn warnings(view: &TopologyView) -> Vec<(&str, &str)> {
    view.warnings
        .iter()
        .map(|w| (w.path.as_str(), w.text.as_str()))
        .collect()
}

/// The faults as path, value and rule.
fn faults(error: &DocumentError) -> Vec<(&str, Option<&str>, &str)> {
    let faults = error.faults().iter();
    faults
        .map(|f| (f.path.as_str(), f.value.as_deref(), f.rule.as_str()))
        .collect()
}

#[test]
fn a_whole_document() {
    let view = read(&example());
    assert_eq!(view.name.as_deref(), Some("example"));
    assert_eq!(view.warnings, []);
    let node = &view.nodes[0];
    assert_eq!(node.domain.as_str(), "AS1");
    assert_eq!(
        node.entry_point.as_deref(),
        Some("http://192.0.2.1:8888/escape")
    );
    assert_eq!(prefixes(node), ["172.16.101.0/24"]);
    assert_eq!(routers(node), ["10.0.0.1", "10.0.0.2"]);
    assert_eq!(node.resources.mem.unwrap().to_string(), "100.0 GB");
    assert_eq!(ends_of(&node.links[0]), "AS1/10.0.0.1 AS1/10.0.0.2");
    assert_eq!(view.nodes[1].entry_point, None);
    assert_eq!(ends_of(&view.links[0]), "AS1/10.0.0.2 AS2/c");
    assert_eq!((view.links[0].delay, view.links[0].bandwidth), (None, None));
}

#[test]
fn rfc7471_4_1_delays_are_in_microseconds_and_rfc3630_2_5_6_bandwidths_in_bytes() {
    let link = |resources: Value| {
        let view = read(&with(|d| {
            first(d)["links"]["link"][0]["resources"] = resources;
        }));
        let link = &view.nodes[0].links[0];
        (
            link.delay.unwrap().as_nanos(),
            link.bandwidth.unwrap().bits_per_second(),
        )
    };
    assert_eq!(
        link(json!({"delay": "3000", "bandwidth": "1250000"})),
        (3_000_000, 10_000_000)
    );
    assert_eq!(link(json!({"delay": 99, "bandwidth": 0.5})), (99_000, 4));
    assert_eq!(
        link(json!({"delay": "3 ms", "bandwidth": "1 Gbit/s"})),
        (3_000_000, 1_000_000_000)
    );
}

/// Members that netphony does not write, in the same units; a loss is in percent.
#[test]
fn what_else_is_measured_of_a_link() {
    let view = read(&with(|d| {
        first(d)["links"]["link"][0]["resources"] = json!({
            "delay": "3000", "delay-min": 2900, "delay-max": "3.2 ms", "delay-variation": "40", "loss": "0.003",
            "bandwidth": "1250000", "residual-bandwidth": "1250000", "available-bandwidth": 125_000,
        });
    }));
    let link = &view.nodes[0].links[0];
    let micros = |micros: u64| Some(nffg::Delay::from_nanos(micros * 1000));
    let bits = |bits| Some(nffg::Bandwidth::from_bits_per_second(bits));
    let expected = nffg::Measured {
        delay_min: micros(2900),
        delay_max: micros(3200),
        delay_variation: micros(40),
        loss: Some(nffg::Loss::from_billionths(30_000)),
        residual_bandwidth: bits(10_000_000),
        available_bandwidth: bits(1_000_000),
    };
    assert_eq!(*link.performance, expected);
    assert_eq!(
        (link.delay, link.bandwidth),
        (micros(3000), bits(1_000_000))
    );
    assert_eq!(view.warnings, []);
    // What is none is left out, with a warning.
    let view = read(&with(|d| {
        first(d)["links"]["link"][0]["resources"] = json!({"loss": 200, "delay-min": "soon"});
    }));
    assert!(view.nodes[0].links[0].performance.is_empty());
    assert_eq!(view.warnings.len(), 2);
}

#[test]
fn all_but_the_nodes_may_be_absent_or_null() {
    for nodes in [json!({"node": []}), json!({}), json!({"node": null})] {
        assert_eq!(read(&json!({"nodes": nodes})), TopologyView::default());
    }
    let null = json!(null);
    let bare = json!({
        "name": null, "links": null,
        "nodes": {"node": [
            {"id": 1},
            {"id": "AS2", "ports": null, "links": {"link": null}, "resources": null, "metadata": null},
            {"id": "AS3", "ports": {"port": null}, "links": null, "resources": {"cpu": null},
             "metadata": [{"key": null, "value": null}, {}, {"key": "other", "value": [1]}]},
        ]},
    });
    let view = read(&bare);
    let domains: Vec<&str> = view.nodes.iter().map(|node| node.domain.as_str()).collect();
    assert_eq!(domains, ["AS1", "AS2", "AS3"]);
    assert_eq!(view.warnings, []);
    let link = read(&with(|d| first(d)["links"]["link"][0]["resources"] = null));
    assert_eq!(link.nodes[0].links[0].delay, None);
}

#[test]
fn several_prefixes_of_both_families_in_order() {
    let entry = |key: &str, value: Value| json!({"key": key, "value": value});
    let view = read(&with(|d| {
        first(d)["metadata"] = json!([
            entry("reachability_ipv6_address", json!("2001:db8::")),
            entry("reachability_prefix", json!("32")),
            entry("reachability_ipv4_address", json!("/10.0.0.0")),
            entry("reachability_prefix", json!(8)),
            entry("reachability_ipv4_address", json!("192.0.2.0/24")),
            entry("reachability_ipv4_address", json!("10.0.0.0")),
            entry("unify-slor", json!(" http://a/ ")),
            entry("reachability_prefix", json!("8")),
        ]);
    }));
    assert_eq!(
        prefixes(&view.nodes[0]),
        ["2001:db8::/32", "10.0.0.0/8", "192.0.2.0/24"]
    );
    assert_eq!(view.nodes[0].entry_point.as_deref(), Some("http://a/"));
    assert_eq!(view.warnings, []);
}

#[test]
fn prefixes_that_are_wrong_are_left_out_and_host_bits_masked_off() {
    let entry = |key: &str, value: &str| json!({"key": key, "value": value});
    let (address, length) = ("reachability_ipv4_address", "reachability_prefix");
    let view = read(&with(|d| {
        first(d)["metadata"] = json!([
            entry(address, "172.16.101.7"),
            entry(length, "24"),
            entry(address, "172.16.102.0"),
            entry(length, "33"),
            entry(length, "8"),
            entry(address, "nowhere"),
            entry(address, "10.1.0.0"),
            entry(address, "10.2.0.0"),
            entry("unify-slor", "http://a/"),
            entry("unify-slor", "http://b/"),
        ]);
    }));
    assert_eq!(prefixes(&view.nodes[0]), ["172.16.101.0/24"]);
    assert_eq!(view.nodes[0].entry_point.as_deref(), Some("http://a/"));
    let at = |index: usize| format!("/nodes/node/0/metadata/{index}");
    let lonely = "no reachability_prefix follows the address";
    let expected = [
        (
            at(1),
            "172.16.101.7/24 has host bits; 172.16.101.0/24 is read",
        ),
        (
            at(3),
            "reachability_prefix '33' makes no prefix; it is left out",
        ),
        (
            at(4),
            "reachability_prefix '8' makes no prefix; it is left out",
        ),
        (
            at(5),
            "reachability_ipv4_address 'nowhere' makes no prefix; it is left out",
        ),
        (at(6), lonely),
        (at(7), lonely),
        (at(9), "unify-slor 'http://b/' is left out"),
    ];
    let expected: Vec<(&str, &str)> = expected
        .iter()
        .map(|(path, text)| (&**path, *text))
        .collect();
    assert_eq!(warnings(&view), expected);
}

#[test]
fn a_link_brings_the_router_that_its_domain_does_not_list() {
    let view = read(&with(|d| {
        d["links"]["link"][0]["src"] = json!("/nodes/node[id=AS1]/ports/port[id=10.0.0.9]");
        d["links"]["link"][0]["dst"] =
            json!(" /nodes/node[id=/0.0.0.2]/ports/port[id=pe1/10.9.9.9]");
    }));
    assert_eq!(
        routers(&view.nodes[0]),
        ["10.0.0.1", "10.0.0.2", "10.0.0.9"]
    );
    assert_eq!(routers(&view.nodes[1]), ["c", "10.9.9.9"]);
    assert_eq!(ends_of(&view.links[0]), "AS1/10.0.0.9 AS2/10.9.9.9");
    assert_eq!(view.warnings, []);
}

#[test]
fn links_go_where_they_belong_whichever_list_tells_them() {
    let view = read(&with(|d| {
        let inner = first(d)["links"]["link"][0].clone();
        let outer = d["links"]["link"][0].clone();
        d["links"]["link"] = json!([inner]);
        first(d)["links"]["link"] = json!([outer, {"src": "../../ports/port[id=10.0.0.2]", "dst": "../../ports/port[id=10.0.0.1]"}]);
    }));
    let inner: Vec<String> = view.nodes[0].links.iter().map(ends_of).collect();
    assert_eq!(
        inner,
        ["AS1/10.0.0.2 AS1/10.0.0.1", "AS1/10.0.0.1 AS1/10.0.0.2"]
    );
    assert_eq!(view.links.len(), 1);
}

#[test]
fn links_that_lead_nowhere_are_left_out() {
    let to = |node: &str, port: &str| format!("/nodes/node[id={node}]/ports/port[id={port}]");
    let view = read(&with(|d| {
        d["links"]["link"] = json!([
            {"src": to("AS1", "10.0.0.1"), "dst": to("AS9", "x")},
            {"src": to("not a domain", "x"), "dst": to("AS1", "10.0.0.1")},
            {"src": to("AS1", "10.0.0.1"), "dst": to("0.0.0.1", "10.0.0.1")},
            {"src": "elsewhere", "dst": to("AS1", "10.0.0.1")},
            {"src": "../../ports/port[id=c]", "dst": to("AS1", "10.0.0.1")},
        ]);
    }));
    assert_eq!(view.links, []);
    assert_eq!(routers(&view.nodes[0]).len(), 2);
    let told = warnings(&view);
    let paths: Vec<&str> = told.iter().map(|(path, _)| *path).collect();
    let expected = [
        "/links/link/0/dst",
        "/links/link/1/src",
        "/links/link/2",
        "/links/link/3/src",
        "/links/link/4/src",
    ];
    assert_eq!(paths, expected);
    assert_eq!(told[2].1, "the link ends where it starts; it is left out");
    assert!(
        told[3]
            .1
            .starts_with("'elsewhere' is no router of a domain that is told"),
        "{told:?}"
    );
}

#[test]
fn values_that_may_be_left_out() {
    let view = read(&with(|d| {
        first(d)["links"]["link"][0]["resources"] = json!({"delay": "soon", "bandwidth": [1]});
        first(d)["ports"]["port"] = json!([{"id": "10.0.0.1"}, {"id": "/10.0.0.1"}]);
    }));
    let link = &view.nodes[0].links[0];
    assert_eq!((link.delay, link.bandwidth), (None, None));
    assert_eq!(routers(&view.nodes[0]), ["10.0.0.1", "10.0.0.2"]);
    let told = warnings(&view);
    let resources = "/nodes/node/0/links/link/0/resources";
    let paths: Vec<&str> = told.iter().map(|(path, _)| *path).collect();
    assert_eq!(
        paths,
        [
            &format!("{resources}/bandwidth"),
            &format!("{resources}/delay"),
            "/nodes/node/0/ports/port/1",
        ]
    );
    assert!(
        told[1].1.starts_with("'soon' is not allowed: a number"),
        "{told:?}"
    );
    assert_eq!(told[2].1, "the router 10.0.0.1 is listed before");
    assert!(view.warnings.iter().all(|warning| warning.line == Some(1)));
}

#[test]
fn every_fault_is_told_with_its_path() {
    let error = refused(|d| {
        d["name"] = json!(7);
        let nodes = d["nodes"]["node"].as_array_mut().unwrap();
        nodes[0]["resources"] = json!({"cpu": "many"});
        nodes[0]["ports"]["port"][1] = json!({"id": ""});
        nodes[0]["links"]["link"][0] = json!({"src": 1});
        nodes[1]["id"] = json!("as1");
        nodes.push(json!({"ports": []}));
        nodes.push(json!("AS4"));
        nodes.push(json!({"id": "a.b", "resources": {"mem": "5 apples"}}));
    });
    let told = faults(&error);
    let paths: Vec<&str> = told.iter().map(|fault| fault.0).collect();
    assert_eq!(
        paths,
        [
            "/name",
            "/nodes/node/0/links/link/0/src",
            "/nodes/node/0/ports/port/1/id",
            "/nodes/node/0/resources/cpu",
            "/nodes/node/1/id",
            // A member that is missing is told where it should be.
            "/nodes/node/2/id",
            "/nodes/node/2/ports",
            "/nodes/node/3",
            "/nodes/node/4/id",
            "/nodes/node/4/resources/mem",
        ]
    );
    assert_eq!(told[0], ("/name", Some("7"), "a string is expected"));
    assert_eq!(told[1].2, "a string is expected");
    assert_eq!(told[4].1, Some("as1"));
    assert_eq!(told[4].2, "it is AS1, which node 0 (counted from 0) is too");
    assert_eq!(told[5], ("/nodes/node/2/id", None, "the field is missing"));
    let columns: Vec<u32> = error
        .faults()
        .iter()
        .map(|f| f.position.unwrap().column)
        .collect();
    assert!(columns.is_sorted() && columns[0] > 1, "{columns:?}");
    assert!(
        error
            .to_string()
            .ends_with(": /name: '7' is not allowed: a string is expected (and 9 more faults)"),
        "{error}"
    );
}

/// RFC 6901: the members of a pointer; a line and a column for each fault, for a warning the line.
#[test]
fn faults_and_warnings_have_their_places() {
    let text = "{\n  \"nodes\": {\"node\": [\n\t{\"id\": \"AS1\", \"ports\": {\"port\": [{}]},\n\t \"resources\": {\"cpu\": \"many\"}},\n    7\n  ]}\n}";
    let told: Vec<String> = unify::decode(text.as_bytes())
        .unwrap_err()
        .faults()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told[..2],
        [
            "line 3, column 35: /nodes/node/0/ports/port/0/id: the field is missing",
            "line 4, column 24: /nodes/node/0/resources/cpu: 'many' is not allowed: a number that is not \
             negative, perhaps with the unit cores, CPUs or vCPUs",
        ]
    );
    assert_eq!(
        told[2],
        "line 5, column 5: /nodes/node/1: '7' is not allowed: an object is expected"
    );
    let text = "\u{feff}{\"nodes\": {\"node\": [{\"id\": 1,\n\"metadata\": [\n{\"key\": \"unify-slor\"}]}]}}";
    let view = unify::decode(text.as_bytes()).unwrap();
    assert_eq!(view.warnings[0].line, Some(3));
    assert_eq!(view.warnings[0].path, "/nodes/node/0/metadata/0");
}

#[test]
fn what_is_no_topology() {
    for (text, told) in [
        ("", "line 1, column 1: not JSON: EOF while parsing a value"),
        (
            "<virtualizer/>",
            "line 1, column 1: not JSON: expected value",
        ),
        (
            "{\n \"nodes\": {},\n}",
            "line 3, column 1: not JSON: trailing comma",
        ),
        (
            "{\"nodes\":{}} x",
            "line 1, column 14: not JSON: trailing characters",
        ),
        (
            "[]",
            "line 1, column 1: '[]' is not allowed: an object is expected",
        ),
        (
            "{\"error\": \"no topology\"}",
            "line 1, column 1: /nodes: the field is missing",
        ),
        (
            "{\"nodes\": null}",
            "line 1, column 11: /nodes: 'null' is not allowed: an object is expected",
        ),
        (
            "{\"nodes\": []}",
            "line 1, column 2: /nodes: '[]' is not allowed: an object is expected",
        ),
        (
            "{\"nodes\": {\"node\": {}}}",
            "line 1, column 12: /nodes/node: '{}' is not allowed: an array is expected",
        ),
        (
            "{\"nodes\": {}, \"links\": []}",
            "line 1, column 15: /links: '[]' is not allowed: an object is expected",
        ),
    ] {
        let error = unify::decode(text.as_bytes()).expect_err(text);
        assert_eq!(error.to_string(), told, "{text}");
    }
    assert!(unify::decode(b"{\"nodes\": {}, \"name\": \"\xff\"}").is_err());
    assert!(
        unify::decode(b"\xef\xbb\xbf{\"nodes\": {}}").is_ok(),
        "a byte order mark is ignored"
    );
}

#[test]
fn what_is_too_large_or_too_deep() {
    let mut large = example().to_string().into_bytes();
    large.resize(nffg::MAX_BYTES + 1, b' ');
    let told = unify::decode(&large).unwrap_err().to_string();
    assert!(
        told.contains("16777217 bytes; at most 16777216 are allowed"),
        "{told}"
    );
    large.pop();
    assert!(unify::decode(&large).is_ok());

    let deep = "[".repeat(1_000_000);
    let told = unify::decode(deep.as_bytes()).unwrap_err().to_string();
    assert!(told.contains("recursion limit"), "{told}");

    let nodes = |count: usize| -> Value { (1..=count).map(|n| json!({"id": n})).collect() };
    assert_eq!(
        read(&json!({"nodes": {"node": nodes(unify::MAX_NODES)}}))
            .nodes
            .len(),
        10_000
    );
    let error = refused(|d| d["nodes"]["node"] = nodes(unify::MAX_NODES + 1));
    assert!(
        error.to_string().contains("at most 10000 entries"),
        "{error}"
    );

    let ports = |count: usize| -> Value { (0..count).map(|n| json!({"id": n})).collect() };
    let error = refused(|d| {
        first(d)["ports"]["port"] = ports(unify::MAX_ROUTERS);
    });
    assert_eq!(
        error.faults()[0].path,
        "/nodes/node/1/ports/port",
        "together they are too many"
    );

    let error = refused(|d| d["links"]["link"] = vec![json!(0); unify::MAX_LINKS].into());
    assert!(
        error.to_string().contains("at most 199999 entries are"),
        "{error}"
    );
    let error = refused(|d| first(d)["metadata"] = vec![json!(0); 200_001].into());
    assert!(
        error.to_string().contains("at most 200000 entries are"),
        "{error}"
    );
}

/// Telling a fault must not cost a walk through the document: this one has a fault in each of very many links.
#[test]
fn very_many_faults_take_no_longer_than_reading() {
    let error = refused(|d| d["links"]["link"] = vec![json!({"src": 1}); 150_000].into());
    assert_eq!(error.total(), 150_000);
    assert_eq!(error.faults()[99].path, "/links/link/99/src");
}

#[test]
fn more_than_a_hundred_faults_are_counted() {
    let error = refused(|d| d["nodes"]["node"] = vec![json!({}); 345].into());
    assert_eq!((error.faults().len(), error.total()), (100, 345));
}

fn real(name: &str) -> Option<TopologyView> {
    let bytes = fixtures::fixture(name)?;
    let view = unify::decode(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(view.warnings, [], "{name}");
    assert_eq!(
        unify::decode(unify::encode(&view).to_string().as_bytes()).as_ref(),
        Ok(&view)
    );
    Some(view)
}

/// The seven domains as exporter-formats, section 3.2, tells them: routers, links within, links out, cpu,
/// memory, storage.
#[test]
fn seven_answers_of_netphony() {
    let sizes = [
        ("1", 4, 10, 2, ["100.0", "100.0 GB", "100.0 TB"]),
        ("2", 4, 6, 4, ["200.0", "200.0 GB", "200.0 TB"]),
        ("3", 4, 10, 2, ["300.0", "300.0 GB", "300.0 TB"]),
        ("-td121", 3, 4, 2, ["200.0", "200.0 GB", "200.0 TB"]),
        ("-td122", 3, 4, 3, ["201.0", "201.0 GB", "201.0 TB"]),
        ("-td123", 3, 4, 3, ["202.0", "202.0 GB", "202.0 TB"]),
        ("-td231", 2, 2, 2, ["203.0", "203.0 GB", "203.0 TB"]),
    ];
    let mut out: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (file, routers, links, out_links, resources) in sizes {
        let Some(view) = real(&format!(
            "third-party/netphony/rest/unify-network{file}.json"
        )) else {
            return;
        };
        let own = view
            .nodes
            .iter()
            .find(|node| node.entry_point.is_some())
            .unwrap();
        assert_eq!(
            own.domain.as_str(),
            format!("AS{}", file.trim_start_matches("-td"))
        );
        assert_eq!(
            (own.routers.len(), own.links.len(), view.links.len()),
            (routers, links, out_links)
        );
        let of = own.resources;
        assert_eq!(
            [of.cpu, of.mem, of.storage].map(|of| of.unwrap().to_string()),
            resources
        );
        for node in view.nodes.iter().filter(|node| node.domain != own.domain) {
            assert!(
                node.links.is_empty() && node.resources.is_empty(),
                "a stub: {node:?}"
            );
        }
        for link in &view.links {
            assert_eq!(link.src.domain, own.domain);
            let key = (link.src.domain.to_string(), link.dst.domain.to_string());
            *out.entry(key).or_default() += 1;
        }
        if file == "1" {
            assert_eq!(
                own.entry_point.as_deref(),
                Some("https://172.25.0.10:8888/escape")
            );
            assert_eq!(own.links[0].delay.unwrap().as_nanos(), 99_000);
        }
    }
    assert_eq!(out.values().sum::<usize>(), 18);
    assert_eq!(out.len(), 16, "eight adjacencies, each from both sides");
    assert!(
        out.iter()
            .all(|((a, b), count)| out[&(b.clone(), a.clone())] == *count)
    );
    assert_eq!(
        out[&("AS122".to_owned(), "AS2".to_owned())],
        2,
        "two parallel links"
    );
}

#[test]
fn the_scenario_of_the_draft() {
    let Some(view) = real("ours/3as/AS2.topology.json") else {
        return;
    };
    let domains: Vec<&str> = view.nodes.iter().map(|node| node.domain.as_str()).collect();
    assert_eq!(domains, ["AS2", "AS1", "AS3"]);
    assert_eq!(
        view.nodes[0].entry_point.as_deref(),
        Some("http://172.26.0.10:8888/escape")
    );
    assert_eq!(prefixes(&view.nodes[0]), ["172.16.102.0/24"]);
    let links: Vec<String> = view.links.iter().map(ends_of).collect();
    assert_eq!(
        links,
        [
            "AS2/172.16.102.101 AS1/172.16.101.104",
            "AS2/172.16.102.104 AS3/172.16.103.101",
        ]
    );
    for (domain, prefix) in [("AS1", "172.16.101.0/24"), ("AS3", "172.16.103.0/24")] {
        let view = real(&format!("ours/3as/{domain}.topology.json")).unwrap();
        assert_eq!(prefixes(&view.nodes[0]), [prefix]);
        assert_eq!(view.links.len(), 1);
    }
}

/// The document that docs/formats/unify.md shows.
#[test]
fn the_example_of_the_documentation() {
    let text = include_str!("../../docs/formats/examples/unify.json");
    let view = unify::decode(text.as_bytes()).unwrap();
    assert_eq!(view.warnings, []);
    let domains: Vec<&str> = view.nodes.iter().map(|node| node.domain.as_str()).collect();
    assert_eq!(domains, ["AS65001", "AS65002"]);
    let own = &view.nodes[0];
    assert_eq!(
        own.entry_point.as_deref(),
        Some("https://mdo.as65001.example:8888/escape")
    );
    assert_eq!(prefixes(own), ["192.0.2.0/24", "2001:db8:1::/48"]);
    assert_eq!(routers(own), ["192.0.2.1", "192.0.2.2"]);
    let told = |link: &RouterLink| {
        let (delay, bandwidth) = (link.delay.unwrap(), link.bandwidth.unwrap());
        format!("{} {delay} {bandwidth}", ends_of(link))
    };
    let within: Vec<String> = own.links.iter().map(told).collect();
    assert_eq!(
        within,
        [
            "AS65001/192.0.2.1 AS65001/192.0.2.2 1.5 ms 10 Gbit/s",
            "AS65001/192.0.2.2 AS65001/192.0.2.1 1.5 ms 10 Gbit/s",
        ]
    );
    let between: Vec<String> = view.links.iter().map(told).collect();
    assert_eq!(
        between,
        ["AS65001/192.0.2.2 AS65002/198.51.100.1 2.5 ms 1 Gbit/s"]
    );
    let of = own.resources;
    let resources = [of.cpu, of.mem, of.storage].map(|of| of.unwrap().to_string());
    assert_eq!(resources, ["64.0", "256.0 GB", "4.0 TB"]);
    let neighbour = &view.nodes[1];
    assert_eq!(routers(neighbour), ["198.51.100.1"]);
    assert!(neighbour.resources.is_empty() && neighbour.entry_point.is_none());
}

proptest! {
    // A failure that is found becomes a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decode_undoes_encode(view in topologies::view()) {
        let text = unify::encode(&view).to_string();
        prop_assert_eq!(unify::decode(text.as_bytes()).unwrap(), view, "{}", text);
    }

    #[test]
    fn damaged_documents_do_no_harm(
        view in topologies::view(),
        from in any::<prop::sample::Index>(),
        length in 0..40_usize,
    ) {
        let mut bytes = unify::encode(&view).to_string().into_bytes();
        let from = from.index(bytes.len());
        bytes.drain(from..(from + length).min(bytes.len()));
        if let Err(error) = unify::decode(&bytes) {
            prop_assert!(!error.faults().is_empty());
        }
    }
}
