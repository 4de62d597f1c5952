//! ESCAPE's NFFG as a resource view: what is read, what is tolerated, what is refused and how it is told, real
//! files, and the law that one network told as NFFG and as Virtualizer XML is one view.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test says what it skips, and fails by panicking"
)]

#[path = "support/fixtures.rs"]
mod fixtures;
#[path = "support/views.rs"]
mod views;

use std::collections::BTreeSet;

use nffg::export::{self, Expected, Export, Format};
use nffg::{BisBis, DocumentError, DomainId, Port, PortKind, ResourceView, ViewLink, virtualizer};
use proptest::prelude::*;
use serde_json::{Value, json};

fn example() -> Value {
    serde_json::from_str(include_str!("../../docs/formats/examples/nffg.json")).unwrap()
}

fn decode(document: &Value) -> Result<Export, DocumentError> {
    let domain: DomainId = "AS1".parse().unwrap();
    export::decode(document.to_string().as_bytes(), Expected::of(&domain))
}

/// The view and its warnings as path and text.
fn read(document: &Value) -> (ResourceView, Vec<(String, String)>) {
    let export = decode(document).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(export.format, Format::Nffg);
    assert_eq!(export.parts.topology, None);
    let warnings = export.warnings.into_iter();
    let warnings = warnings.map(|warning| (warning.path, warning.text));
    (export.parts.resources.unwrap(), warnings.collect())
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut document = example();
    change(&mut document);
    document
}

fn view(change: impl FnOnce(&mut Value)) -> ResourceView {
    let (view, warnings) = read(&with(change));
    assert_eq!(warnings, []);
    view
}

/// The faults as path and rule.
fn refused(change: impl FnOnce(&mut Value)) -> Vec<(String, String)> {
    let error = decode(&with(change)).expect_err("the document is wrong");
    let faults = error.faults().iter();
    let told = faults.map(|fault| {
        assert!(fault.position.is_some(), "{fault}");
        (fault.path.clone(), fault.rule.clone())
    });
    told.collect()
}

fn paths<T>(told: &[(String, T)]) -> Vec<&str> {
    told.iter().map(|(path, _)| path.as_str()).collect()
}

fn kind(port: &Port) -> String {
    match &port.kind {
        PortKind::Sap(sap) => format!("sap {sap}"),
        PortKind::InterDomain(sap) => format!("inter-domain {sap}"),
        PortKind::Internal => "internal".to_owned(),
    }
}

fn kinds(node: &BisBis) -> Vec<String> {
    node.ports.iter().map(kind).collect()
}

fn ends(link: &ViewLink) -> String {
    let (src, dst) = (&link.src, &link.dst);
    format!("{}:{} {}:{}", src.node, src.port, dst.node, dst.port)
}

fn switch(document: &mut Value) -> &mut Value {
    &mut document["node_infras"][1]
}

#[test]
fn the_example() {
    let (view, warnings) = read(&example());
    assert_eq!(warnings, []);
    assert_eq!(
        (view.id.as_deref(), view.name.as_deref()),
        (Some("AS1"), Some("AS1-resources"))
    );
    let [pop, switch] = view.nodes.as_slice() else {
        panic!("{:?}", view.nodes);
    };
    assert_eq!((pop.id.as_str(), switch.id.as_str()), ("pop-1", "switch-1"));
    assert_eq!(pop.name.as_deref(), Some("Data centre 1"));
    assert_eq!(pop.node_type.as_deref(), Some("BiSBiS"));
    let resources = [pop.resources.cpu, pop.resources.mem, pop.resources.storage];
    let resources = resources.map(|of| of.unwrap().to_string());
    assert_eq!(resources, ["64.0", "256.0 GB", "20.0 TB"]);
    let supported: Vec<&str> = pop.supported.iter().map(AsRef::as_ref).collect();
    assert_eq!(supported, ["dpi", "firewall", "nat"]);
    // The port that ESCAPE made for the NF is none of the node's own.
    assert_eq!(pop.ports.len(), 1);
    let running = &pop.running[0];
    assert_eq!(running.id, "fw-1");
    assert_eq!(running.nf_type.as_ref().unwrap().as_str(), "firewall");
    assert_eq!(running.resources.mem.unwrap().to_string(), "4.0 GB");

    assert_eq!(
        kinds(switch),
        [
            "internal",
            "sap SAP1",
            "inter-domain AS1-AS2",
            "inter-domain AS1-AS3"
        ]
    );
    let borders = &switch.ports[2..];
    assert_eq!(borders[0].delay.unwrap().as_nanos(), 3_000_000);
    assert_eq!(
        borders[0].bandwidth.unwrap().bits_per_second(),
        10_000_000_000
    );
    assert_eq!(borders[1].delay.unwrap().as_nanos(), 5_000_000);
    assert_eq!(
        borders[1].bandwidth.unwrap().bits_per_second(),
        1_000_000_000
    );
    assert_eq!(
        switch.ports[1].delay, None,
        "the link to a SAP is not behind it"
    );
    let across: Vec<String> = switch.links.iter().map(ends).collect();
    assert_eq!(across, ["switch-1:1 switch-1:2", "switch-1:1 switch-1:3"]);
    assert_eq!(switch.links[1].delay.unwrap().as_nanos(), 250_000);
    let links: Vec<String> = view.links.iter().map(ends).collect();
    assert_eq!(links, ["pop-1:1 switch-1:1", "switch-1:1 pop-1:1"]);
    assert_eq!(view.links[0].id.as_deref(), Some("pop-1-switch-1"));
    assert_eq!(view.links[0].delay.unwrap().as_nanos(), 500_000);
    assert_eq!(
        view.links[0].bandwidth.unwrap().bits_per_second(),
        40_000_000_000
    );
}

#[test]
fn one_network_in_both_forms_is_one_view() {
    let (view, _) = read(&example());
    let twin = include_bytes!("../../docs/formats/examples/nffg.virtualizer.xml");
    assert_eq!(virtualizer::decode(twin).unwrap(), view);
}

#[test]
fn lists_may_be_absent_or_null_and_ids_numbers() {
    for document in [
        json!({"parameters": {"version": "1.0"}}),
        json!({"node_infras": []}),
        json!({"node_infras": null, "node_saps": null, "node_nfs": null, "edge_links": null, "parameters": null}),
        json!({"parameters": {"id": null, "name": " "}, "edge_sg_nexthops": null}),
    ] {
        assert_eq!(read(&document), (ResourceView::default(), Vec::new()));
    }
    let (view, warnings) = read(&json!({
        "parameters": {"id": 7},
        "node_infras": [{"id": 1, "ports": [{"id": 1.0}, {"id": "2"}], "supported": [443, "nat", "443"],
            "resources": null, "type": null}],
        "node_saps": [{"id": 9}],
        "edge_links": [{"src_node": "1", "src_port": 1, "dst_node": 9, "dst_port": null}],
    }));
    assert_eq!(warnings, []);
    assert_eq!(view.id.as_deref(), Some("7"));
    assert_eq!(kinds(&view.nodes[0]), ["sap 9", "internal"]);
    assert_eq!(view.nodes[0].supported.len(), 2);
    assert!(view.nodes[0].resources.is_empty());
}

#[test]
fn node_types_are_compared_without_case() {
    let types = [
        ("bisbis", "BiSBiS"),
        ("Sdn-Switch", "SDN-SWITCH"),
        ("ee", "EE"),
        ("FW", "FW"),
    ];
    for (text, told) in types {
        let view = view(|d| switch(d)["type"] = json!(text));
        assert_eq!(view.nodes[1].node_type.as_deref(), Some(told));
    }
}

/// The ways in which versions of ESCAPE write a border.
#[test]
fn a_port_with_a_sap_is_a_border_wherever_the_sap_is_told() {
    let at = |port: Value, sap: Value| {
        let document = json!({
            "node_infras": [{"id": "n", "ports": [port]}],
            "node_saps": [{"id": "SAP7", "ports": [sap]}],
            "edge_links": [{"src_node": "SAP7", "src_port": 1, "dst_node": "n", "dst_port": 1}],
        });
        let (view, warnings) = read(&document);
        assert_eq!(warnings, []);
        kind(&view.nodes[0].ports[0])
    };
    let bare = json!({"id": 1});
    let marked = json!({"id": 1, "property": {"type": "inter-domain"}});
    for (port, sap, told) in [
        (json!({"id": 1, "sap": "X"}), bare.clone(), "inter-domain X"),
        (
            json!({"id": 1, "property": {"sap": "X"}}),
            bare.clone(),
            "inter-domain X",
        ),
        (bare.clone(), json!({"id": 1, "sap": "X"}), "inter-domain X"),
        (
            bare.clone(),
            json!({"id": 1, "property": {"sap": "X"}}),
            "inter-domain X",
        ),
        (
            json!({"id": 1, "sap": "X"}),
            json!({"id": 1, "sap": "Y"}),
            "inter-domain X",
        ),
        (marked.clone(), bare.clone(), "inter-domain SAP7"),
        (bare.clone(), marked.clone(), "inter-domain SAP7"),
        (marked, json!({"id": 1, "sap": "X"}), "inter-domain X"),
        (bare.clone(), bare.clone(), "sap SAP7"),
        (
            json!({"id": 1, "sap": ""}),
            json!({"id": 1, "sap": null}),
            "sap SAP7",
        ),
        (
            bare.clone(),
            json!({"id": "other", "sap": "X"}),
            "inter-domain X",
        ),
        (json!({"id": 1, "property": ["sap"]}), bare, "sap SAP7"),
    ] {
        assert_eq!(at(port.clone(), sap.clone()), told, "{port} {sap}");
    }
}

#[test]
fn of_the_ports_of_a_sap_the_one_that_the_link_names_counts() {
    let document = json!({
        "node_infras": [{"id": "n", "ports": [{"id": "a"}, {"id": "b"}, {"id": "c", "name": "own"}]}],
        "node_saps": [{"id": "S", "ports": [
            {"id": 1, "name": "one"},
            {"id": 2, "sap": "X", "sap_data": {"resources": {"delay": 1}}},
        ]}],
        "edge_links": [
            {"src_node": "n", "src_port": "a", "dst_node": "S", "dst_port": 1},
            {"src_node": "n", "src_port": "b", "dst_node": "S", "dst_port": 2},
            {"src_node": "n", "src_port": "c", "dst_node": "S", "dst_port": 3},
            // The way back joins nothing new.
            {"src_node": "S", "src_port": 1, "dst_node": "n", "dst_port": "a", "backward": true},
        ],
    });
    let (view, warnings) = read(&document);
    assert_eq!(warnings, []);
    let ports = &view.nodes[0].ports;
    assert_eq!(kinds(&view.nodes[0]), ["sap S", "inter-domain X", "sap S"]);
    let names: Vec<Option<&str>> = ports.iter().map(|port| port.name.as_deref()).collect();
    assert_eq!(names, [Some("one"), Some("S"), Some("own")]);
    assert_eq!(ports[1].delay.unwrap().as_nanos(), 1_000_000);
}

#[test]
fn links_that_lead_nowhere_are_left_out() {
    let link = |src: (&str, Value), dst: (&str, Value)| json!({"src_node": src.0, "src_port": src.1, "dst_node": dst.0, "dst_port": dst.1});
    let (view, warnings) = read(&with(|d| {
        d["edge_links"] = json!([
            link(("pop-1", json!(1)), ("nowhere", json!(1))),
            link(("pop-1", json!(9)), ("switch-1", json!(1))),
            link(("pop-1", json!(null)), ("switch-1", json!(1))),
            link(("pop-1", json!(1)), ("pop-1", json!(1))),
            {"dst_node": "pop-1", "dst_port": 1},
            link(("SAP1", json!(1)), ("AS1-AS2", json!(1))),
            link(("SAP1", json!(1)), ("switch-1", json!(9))),
            link(("SAP1", json!(1)), ("switch-1", json!(3))),
            link(("AS1-AS2", json!(1)), ("switch-1", json!(3))),
        ]);
    }));
    assert_eq!(view.links, []);
    let told: Vec<(&str, &str)> = warnings
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let expected = [
        (
            "/edge_links/0/dst_node",
            "'nowhere' is no node, SAP or NF; the link is left out",
        ),
        (
            "/edge_links/1",
            "'9' is no port of the node pop-1; the link is left out",
        ),
        (
            "/edge_links/2",
            "'no port' is no port of the node pop-1; the link is left out",
        ),
        (
            "/edge_links/3",
            "the link ends where it starts; it is left out",
        ),
        ("/edge_links/4", "the link has no src_node; it is left out"),
        (
            "/edge_links/5",
            "the link joins no node of this view; it is left out",
        ),
        (
            "/edge_links/6",
            "'9' is no port of the node switch-1; the link is left out",
        ),
        (
            "/edge_links/8",
            "another SAP is at the port before; the link is left out",
        ),
    ];
    assert_eq!(told, expected);
    assert_eq!(kind(&view.nodes[1].ports[2]), "inter-domain SAP1");
}

#[test]
fn what_is_left_out_with_a_warning() {
    let (view, warnings) = read(&with(|d| {
        d["edge_links"] = json!([{"src_node": "pop-1", "src_port": 1, "dst_node": "switch-1", "dst_port": 1,
            "delay": "soon", "bandwidth": [1]}]);
        d["node_nfs"] = json!([{"id": " "}, {"id": "SAP1"}, {"id": "nf", "functional_type": "",
            "specification": {"resources": {"cpu": "many"}}}]);
        switch(d)["delay_matrix"] = json!({"1": {"2": "far", "9": 1}, "8": {"1": 1}});
        switch(d)["ports"][3]["sap_data"]["resources"]["delay"] = json!(-1);
    }));
    assert_eq!((view.links[0].delay, view.links[0].bandwidth), (None, None));
    assert_eq!(view.nodes[1].links, []);
    assert_eq!(kind(&view.nodes[1].ports[2]), "internal");
    assert_eq!(
        paths(&warnings),
        [
            "/edge_links/0/bandwidth",
            "/edge_links/0/delay",
            "/node_infras/1/delay_matrix/1/2",
            "/node_infras/1/delay_matrix/1/9",
            "/node_infras/1/delay_matrix/8/1",
            "/node_infras/1/ports/2",
            "/node_infras/1/ports/3/sap_data/resources/delay",
            "/node_nfs/0",
            "/node_nfs/1",
            "/node_nfs/2/functional_type",
            "/node_nfs/2/specification/resources/cpu",
            "/node_saps/0",
            "/node_saps/1",
        ]
    );
    assert!(warnings[5].1.contains("nobody tells a sap"), "{warnings:?}");
    assert_eq!(warnings[11].1, "the SAP SAP1 is at no port; it is left out");
}

#[test]
fn an_nf_runs_where_the_first_link_says_and_one_that_no_link_joins_nowhere() {
    let nf = |id: &str| json!({"id": id, "functional_type": "nat"});
    let document = json!({
        "node_infras": [{"id": "a", "ports": [{"id": 1}, {"id": "a|x|1"}]}, {"id": "b", "ports": [{"id": 2}]}],
        "node_nfs": [nf("y"), nf("x"), nf("z")],
        "edge_links": [
            {"src_node": "x", "src_port": 1, "dst_node": "a", "dst_port": "a|x|1"},
            {"src_node": "a", "src_port": "a|x|1", "dst_node": "x", "dst_port": 1},
            {"src_node": "b", "src_port": 7, "dst_node": "x", "dst_port": 1},
            {"src_node": "b", "src_port": 7, "dst_node": "y", "dst_port": 1},
        ],
        "edge_sg_nexthops": [{"id": 1, "src_node": "x", "dst_node": "y"}],
    });
    let (view, warnings) = read(&document);
    assert_eq!(warnings, []);
    let running = |at: usize| -> Vec<&str> {
        view.nodes[at]
            .running
            .iter()
            .map(|nf| nf.id.as_str())
            .collect()
    };
    assert_eq!((running(0), running(1)), (vec!["x"], vec!["y"]));
    assert_eq!(view.nodes[0].ports.len(), 1);
}

#[test]
fn every_fault_is_told_with_its_place() {
    let told = refused(|d| {
        d["parameters"]["id"] = json!([1]);
        let pop = &mut d["node_infras"][0];
        pop["resources"]["cpu"] = json!("many");
        pop["supported"] = json!(["nat", "", {}]);
        pop["ports"] = json!([{"id": 1}, {"id": "1"}, {}, 7, {"id": 2, "sap": {}}]);
        switch(d)["id"] = json!("pop-1");
        d["node_infras"]
            .as_array_mut()
            .unwrap()
            .push(json!({"name": "x", "ports": 5}));
        d["node_saps"][0]["id"] = json!("pop-1");
        d["node_saps"].as_array_mut().unwrap().push(json!({}));
        d["edge_links"].as_array_mut().unwrap().push(json!("link"));
        d["node_nfs"] = json!({});
    });
    assert_eq!(
        paths(&told),
        [
            "/edge_links/5",
            "/node_infras/0/ports/1/id",
            "/node_infras/0/ports/2/id",
            "/node_infras/0/ports/3",
            "/node_infras/0/ports/4/sap",
            "/node_infras/0/resources/cpu",
            "/node_infras/0/supported/1",
            "/node_infras/0/supported/2",
            "/node_infras/1/id",
            "/node_infras/2/id",
            "/node_infras/2/ports",
            "/node_nfs",
            "/node_saps/0/id",
            "/node_saps/2/id",
            "/parameters/id",
        ]
    );
    assert_eq!(told[1].1, "another port of the node has the same id");
    assert_eq!(told[8].1, "another node has the same id");
    assert_eq!(told[9].1, "the field is missing");
}

#[test]
fn a_service_graph_is_no_resource_view() {
    let graph =
        json!({"parameters": {"id": "web"}, "node_nfs": [], "edge_sg_nexthops": [{"id": 1}]});
    let error = decode(&graph).unwrap_err().to_string();
    assert!(
        error.contains("/edge_sg_nexthops") && error.contains("this is a service graph"),
        "{error}"
    );
}

#[test]
fn what_is_too_much() {
    let ids = |count: usize| -> Value { (0..count).map(|id| json!({"id": id})).collect() };
    let limits = nffg::escape_view::MAX_NODES + 1;
    let told = refused(|d| d["node_infras"] = ids(limits));
    assert_eq!(paths(&told), ["/node_infras"]);
    assert_eq!(told[0].1, "at most 10000 entries are allowed here");
    let told = refused(|d| switch(d)["ports"] = ids(nffg::escape_view::MAX_PORTS));
    assert_eq!(
        paths(&told),
        ["/node_infras/1/ports"],
        "together they are too many"
    );
    let told =
        refused(|d| d["edge_links"] = vec![json!(0); nffg::escape_view::MAX_LINKS + 1].into());
    assert_eq!(paths(&told), ["/edge_links"]);
    let told = refused(|d| d["node_nfs"] = vec![json!(0); nffg::escape_view::MAX_NFS + 1].into());
    assert_eq!(paths(&told), ["/node_nfs"]);
    let delays = |from: usize| -> Value {
        let row: Value = (0..nffg::escape_view::MAX_LINKS)
            .map(|to| (to.to_string(), json!(0)))
            .collect();
        json!({from.to_string(): row})
    };
    let told = refused(|d| {
        d["node_infras"][0]["delay_matrix"] = delays(1);
        switch(d)["delay_matrix"] = delays(1);
    });
    assert_eq!(paths(&told), ["/node_infras/1/delay_matrix/1"]);
}

/// Telling a fault must not cost a walk through the document.
#[test]
fn very_many_faults_take_no_longer_than_reading() {
    let many = |value: Value| Value::from(vec![value; 100_000]);
    let told = decode(&with(|d| {
        switch(d)["supported"] = many(json!({}));
        switch(d)["ports"] = Value::from(vec![json!({"id": []}); 90_000]);
        d["node_saps"][0]["ports"] = Value::from(vec![json!({"id": 1, "sap": {}}); 5_000]);
        d["edge_links"] = many(json!({"src_node": []}));
    }));
    assert_eq!(told.unwrap_err().total(), 295_000);
}

fn real(name: &str) -> Option<(ResourceView, Vec<(String, String)>)> {
    let bytes = fixtures::fixture(&format!("third-party/escape/nffg/{name}.nffg"))?;
    Some(read(&serde_json::from_slice(&bytes).unwrap()))
}

#[test]
fn the_topology_of_mininet() {
    let Some((view, warnings)) = real("escape-mn-topo") else {
        return;
    };
    assert_eq!(warnings, []);
    assert_eq!(view.id.as_deref(), Some("INTERNAL"));
    let nodes: Vec<(&str, &str)> = view
        .nodes
        .iter()
        .map(|node| (node.id.as_str(), node.node_type.as_deref().unwrap()))
        .collect();
    let types = [
        ("EE1", "EE"),
        ("SW2", "SDN-SWITCH"),
        ("SW1", "SDN-SWITCH"),
        ("EE2", "EE"),
    ];
    assert_eq!(nodes, types);
    assert_eq!(
        kinds(&view.nodes[1]),
        ["internal", "internal", "sap SAP2", "inter-domain SAP14"]
    );
    assert_eq!(kinds(&view.nodes[2]), ["internal", "internal", "sap SAP1"]);
    let border = &view.nodes[1].ports[3];
    assert_eq!(border.delay.unwrap().as_nanos(), 2_500_000);
    assert_eq!(border.bandwidth.unwrap().bits_per_second(), 10_000_000);
    assert_eq!(view.nodes[0].supported.len(), 3);
    assert_eq!(view.nodes[0].resources.storage.unwrap().to_string(), "20.0");
    let links: Vec<String> = view.links.iter().map(ends).collect();
    assert_eq!(links, ["EE1:1 SW1:1", "SW1:2 SW2:2", "EE2:1 SW2:1"]);
    assert!(
        view.links
            .iter()
            .all(|link| link.delay.unwrap().as_nanos() == 1_500_000)
    );
}

#[test]
fn the_view_of_two_domains() {
    let Some((view, warnings)) = real("escape-2sbb-topo") else {
        return;
    };
    assert_eq!(warnings, []);
    let nodes: Vec<&str> = view.nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(nodes, ["SingleBiSbiS@REMOTE", "SingleBiSbiS@extESCAPE"]);
    assert_eq!(
        kinds(&view.nodes[0]),
        ["sap SAP1", "inter-domain SAP14", "sap SAP2"]
    );
    assert_eq!(
        kinds(&view.nodes[1]),
        ["inter-domain SAP14", "sap SAP3", "sap SAP4"]
    );
    assert_eq!(view.links.len(), 2);
}

#[test]
fn the_service_graphs_of_escape_are_no_resource_views() {
    for name in [
        "escape-mn-req",
        "global-req",
        "sg1-2sap-web",
        "sg1_connectivity_sap12",
    ] {
        let Some(bytes) = fixtures::fixture(&format!("third-party/escape/nffg/{name}.nffg")) else {
            return;
        };
        let error = decode(&serde_json::from_slice(&bytes).unwrap()).unwrap_err();
        assert!(
            error.to_string().contains("this is a service graph"),
            "{name}: {error}"
        );
    }
}

/// A view as NFFG tells it, as far as it can.
fn as_nffg(view: &ResourceView) -> Value {
    let mut document =
        json!({"node_infras": [], "node_saps": [], "node_nfs": [], "edge_links": []});
    document["parameters"] = json!({"id": view.id, "name": view.name});
    let mut add = |list: &str, value: Value| document[list].as_array_mut().unwrap().push(value);
    let mut known = BTreeSet::new();
    let exactly =
        |delay: Option<nffg::Delay>| delay.map(|delay| format!("{} ns", delay.as_nanos()));
    let bits = |of: Option<nffg::Bandwidth>| of.map(|of| format!("{} bit/s", of.bits_per_second()));
    let resources = |of: &nffg::Resources| {
        let text = |of: Option<nffg::Quantity>| {
            of.map(|of| match of.unit() {
                nffg::Unit::Bare => json!(of.value()),
                nffg::Unit::Byte => json!(format!("{:?} B", of.value())),
            })
        };
        json!({"cpu": text(of.cpu), "mem": text(of.mem), "storage": text(of.storage)})
    };
    for node in &view.nodes {
        let id = node.id.as_str();
        let mut ports = Vec::new();
        for port in &node.ports {
            let data = json!({"resources": {"delay": exactly(port.delay), "bandwidth": bits(port.bandwidth)}});
            let mut told = json!({"id": port.id.as_str(), "name": port.name, "sap_data": data});
            match &port.kind {
                PortKind::Internal => {}
                PortKind::InterDomain(sap) => told["sap"] = json!(sap.as_str()),
                PortKind::Sap(sap) => {
                    if known.insert(sap.clone()) {
                        add("node_saps", json!({"id": sap.as_str()}));
                    }
                    let link = json!({"src_node": sap.as_str(), "dst_node": id, "dst_port": port.id.as_str()});
                    add("edge_links", link);
                }
            }
            ports.push(told);
        }
        for nf in &node.running {
            let nf_type = nf.nf_type.as_ref().map(AsRef::<str>::as_ref);
            let used = json!({"resources": resources(&nf.resources)});
            add(
                "node_nfs",
                json!({"id": nf.id, "functional_type": nf_type, "specification": used}),
            );
            let port = format!("{id}|{}", nf.id);
            ports.push(json!({"id": port}));
            add(
                "edge_links",
                json!({"src_node": nf.id, "dst_node": id, "dst_port": port}),
            );
        }
        let supported: Vec<&str> = node.supported.iter().map(AsRef::as_ref).collect();
        add(
            "node_infras",
            json!({"id": id, "name": node.name, "type": node.node_type, "ports": ports,
            "supported": supported, "resources": resources(&node.resources)}),
        );
    }
    for link in &view.links {
        let (src, dst) = (&link.src, &link.dst);
        add(
            "edge_links",
            json!({
                "id": link.id, "delay": exactly(link.delay), "bandwidth": bits(link.bandwidth),
                "src_node": src.node.as_str(), "src_port": src.port.as_str(),
                "dst_node": dst.node.as_str(), "dst_port": dst.port.as_str(),
            }),
        );
    }
    document
}

/// What both forms can tell: ids that are nobody else's, SAPs by name, no links across a node.
fn told_by_both(mut view: ResourceView) -> ResourceView {
    for (number, node) in view.nodes.iter_mut().enumerate() {
        node.links.clear();
        for (place, nf) in node.running.iter_mut().enumerate() {
            nf.id = format!("nf {number}.{place}");
        }
        for port in &mut node.ports {
            if let PortKind::Sap(sap) = &port.kind {
                port.name.get_or_insert_with(|| sap.to_string());
            }
        }
    }
    view
}

proptest! {
    // A failure that is found becomes a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_network_in_both_forms_is_one_view(view in views::view().prop_map(told_by_both)) {
        let nodes: BTreeSet<&str> = view.nodes.iter().map(|node| node.id.as_str()).collect();
        let ports = view.nodes.iter().flat_map(|node| &node.ports);
        let mut saps = ports.filter_map(|port| match &port.kind {
            PortKind::Sap(sap) => Some(sap.as_str()),
            _ => None,
        });
        prop_assume!(saps.all(|sap| !nodes.contains(sap)));
        let (read, warnings) = read(&as_nffg(&view));
        prop_assert_eq!(warnings, []);
        prop_assert_eq!(&read, &view);
        let twin = virtualizer::decode(virtualizer::encode(&view).as_bytes()).unwrap();
        prop_assert_eq!(read, twin);
    }

    #[test]
    fn damaged_documents_do_no_harm(
        view in views::view(),
        from in any::<prop::sample::Index>(),
        length in 0..40_usize,
    ) {
        let mut bytes = as_nffg(&view).to_string().into_bytes();
        let from = from.index(bytes.len());
        bytes.drain(from..(from + length).min(bytes.len()));
        let domain: DomainId = "AS1".parse().unwrap();
        if let Err(error) = export::decode(&bytes, Expected::of(&domain)) {
            prop_assert!(!error.faults().is_empty());
        }
    }
}
