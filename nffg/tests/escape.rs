//! ESCAPE's NFFG as a service graph: what is seen in the wild, every bad input, real files, and the law
//! that reading gives back what was written.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test says what it skips, and fails by panicking"
)]

#[path = "support/faults.rs"]
mod faults;
#[path = "support/fixtures.rs"]
mod fixtures;
#[path = "support/graphs.rs"]
mod graphs;

use nffg::json::{Cursor, FieldError};
use nffg::{Limits, NodeKind, Quantity, Resources, ServiceGraph, decode_service_graph, escape};
use proptest::prelude::*;
use serde_json::{Value, json};

use faults::{Case, Change, Told, told};

fn example() -> Value {
    json!({
        "parameters": {"id": "web", "name": "web", "version": "1.0"},
        "node_nfs": [
            {"id": "fw1", "functional_type": "firewall", "ports": [{"id": 1}],
             "specification": {"resources": {"cpu": 1, "mem": "2 GB", "storage": 0}}},
            {"id": "nat1", "functional_type": "nat"},
        ],
        "node_saps": [{"id": "SAP1", "name": "Berlin"}, {"id": "SAP2"}],
        "edge_sg_nexthops": [
            {"id": 1, "src_node": "SAP1", "src_port": 1, "dst_node": "fw1", "dst_port": 1},
            {"id": 2, "src_node": "fw1", "dst_node": "nat1", "bandwidth": 10, "delay": 5.5},
            {"id": 3, "src_node": "nat1", "dst_node": "SAP2", "flowclass": "dl_dst=00:00:00:00:00:01"},
        ],
        "edge_reqs": [{"id": "r", "src_node": "SAP1", "dst_node": "SAP2", "sg_path": [1, 2, 3],
                       "delay": 30, "bandwidth": 4}],
    })
}

fn decode(sg: &Value) -> Result<ServiceGraph, FieldError> {
    escape::decode(&Cursor::at("sg", sg))
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut sg = example();
    change(&mut sg);
    sg
}

fn error_of(change: impl FnOnce(&mut Value)) -> Told {
    faults::told_by(decode(&with(change)).expect_err("the graph is wrong"))
}

fn nf(graph: &ServiceGraph, node: usize) -> (&str, &Resources) {
    match &graph.nodes()[node].kind {
        NodeKind::Nf { nf_type, demand } => (nf_type.as_str(), demand),
        NodeKind::Sap { sap } => panic!("{sap} is a SAP"),
    }
}

fn ends(graph: &ServiceGraph) -> Vec<(&str, &str, usize)> {
    let id = |node: usize| graph.nodes()[node].id.as_str();
    graph
        .requirements()
        .iter()
        .map(|r| (id(r.src), id(r.dst), r.path.len()))
        .collect()
}

fn remove(value: &mut Value, name: &str) {
    value
        .as_object_mut()
        .unwrap()
        .remove(name)
        .expect("the member is there");
}

#[test]
fn types_demands_and_bounds_are_read() {
    let graph = decode(&example()).unwrap();
    assert_eq!(graph.id(), Some("web"));
    let (nf_type, demand) = nf(&graph, 0);
    assert_eq!(nf_type, "firewall");
    let quantity = |text: &str| Some(text.parse::<Quantity>().unwrap());
    let (cpu, mem, storage) = (quantity("1"), quantity("2GB"), quantity("0"));
    assert_eq!(*demand, Resources { cpu, mem, storage });
    assert_eq!(nf(&graph, 1), ("nat", &Resources::default()));
    assert!(matches!(&graph.nodes()[2].kind, NodeKind::Sap { sap } if sap.as_str() == "SAP1"));
    let link = &graph.links()[1];
    assert_eq!(link.bandwidth.unwrap().bits_per_second(), 10_000_000);
    assert_eq!(link.delay.unwrap().as_nanos(), 5_500_000);
    let requirement = &graph.requirements()[0];
    assert_eq!(requirement.delay.unwrap().as_nanos(), 30_000_000);
    assert_eq!(requirement.bandwidth.unwrap().bits_per_second(), 4_000_000);
    assert_eq!(ends(&graph), [("SAP1", "SAP2", 3)]);
}

#[test]
fn either_form_is_known_by_its_members() {
    assert_eq!(
        decode_service_graph(&Cursor::at("sg", &example())),
        decode(&example())
    );
    let neither = json!({"nodes": []});
    let error = decode_service_graph(&Cursor::at("sg", &neither)).unwrap_err();
    assert_eq!(error, FieldError::missing("sg/nfs"));
    let topology = json!({"node_infras": [{"id": "SW1"}], "edge_links": []});
    let error = decode_service_graph(&Cursor::at("sg", &topology)).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("a resource topology, not a service graph"),
        "{error}"
    );
}

#[test]
fn an_nf_without_a_type_has_its_id_for_one() {
    for absent in [None, Some(Value::Null)] {
        let graph = decode(&with(|sg| match absent {
            None => remove(&mut sg["node_nfs"][1], "functional_type"),
            Some(null) => sg["node_nfs"][1]["functional_type"] = null,
        }));
        assert_eq!(nf(&graph.unwrap(), 1).0, "nat1");
    }
}

#[test]
fn null_is_absent() {
    let graph = decode(&with(|sg| {
        sg["parameters"] = Value::Null;
        sg["node_nfs"][0]["specification"]["resources"]["cpu"] = Value::Null;
        sg["node_nfs"][1]["specification"] = Value::Null;
        sg["edge_sg_nexthops"][1]["delay"] = Value::Null;
        sg["edge_sg_nexthops"][1]["bandwidth"] = Value::Null;
        sg["edge_reqs"] = Value::Null;
    }))
    .unwrap();
    assert_eq!(graph.id(), None);
    assert_eq!(nf(&graph, 0).1.cpu, None);
    assert_eq!(
        (graph.links()[1].delay, graph.links()[1].bandwidth),
        (None, None)
    );
    assert_eq!(graph.requirements()[0].id, None);
}

#[test]
fn without_requirements_they_are_implied_by_the_links() {
    for change in [
        |sg: &mut Value| remove(sg, "edge_reqs"),
        |sg: &mut Value| sg["edge_reqs"] = json!([]),
    ] {
        assert_eq!(ends(&decode(&with(change)).unwrap()), [("SAP1", "SAP2", 3)]);
    }
}

#[test]
fn a_link_between_saps_needs_no_nf() {
    let sg = json!({
        "node_saps": [{"id": "SAP1"}, {"id": "SAP2"}],
        "edge_sg_nexthops": [{"id": 1, "src_node": "SAP1", "dst_node": "SAP2"}],
    });
    assert_eq!(ends(&decode(&sg).unwrap()), [("SAP1", "SAP2", 1)]);
}

#[test]
fn numbers_may_be_texts_with_units() {
    let graph = decode(&with(|sg| {
        let resources = json!({"cpu": "2 vCPU", "mem": 0.5, "storage": "100Gbyte"});
        sg["node_nfs"][0]["specification"]["resources"] = resources;
        sg["edge_sg_nexthops"][1]["delay"] = json!("3 ms");
        sg["edge_sg_nexthops"][1]["bandwidth"] = json!("100 MB/s");
    }))
    .unwrap();
    let demand = nf(&graph, 0).1;
    assert_eq!(demand.cpu.unwrap().value(), 2.0);
    assert_eq!(demand.storage.unwrap().to_string(), "100.0 GB");
    assert_eq!(graph.links()[1].delay.unwrap().as_nanos(), 3_000_000);
    assert_eq!(
        graph.links()[1].bandwidth.unwrap().bits_per_second(),
        800_000_000
    );
}

#[test]
fn every_fault_names_its_field_in_escapes_words() {
    let cases: [Case; 17] = [
        (
            |sg| sg["node_nfs"][1]["id"] = json!("fw1"),
            "sg/node_nfs[1]/id",
            "fw1",
        ),
        (
            |sg| sg["node_saps"][1]["id"] = json!("fw1"),
            "sg/node_saps[1]/id",
            "fw1",
        ),
        (|sg| sg["node_nfs"][1] = json!(7), "sg/node_nfs", "7"),
        (
            |sg| sg["node_saps"][0] = json!("SAP1"),
            "sg/node_saps",
            "SAP1",
        ),
        (
            |sg| sg["node_saps"][0]["id"] = json!(""),
            "sg/node_saps[0]/id",
            "",
        ),
        (
            |sg| sg["node_nfs"][0]["specification"]["resources"]["cpu"] = json!(-1),
            "sg/node_nfs[0]/specification/resources/cpu",
            "-1",
        ),
        (
            |sg| sg["node_nfs"][0]["specification"]["resources"]["mem"] = json!("5 apples"),
            "sg/node_nfs[0]/specification/resources/mem",
            "5 apples",
        ),
        (
            |sg| sg["edge_sg_nexthops"] = json!([]),
            "sg/edge_sg_nexthops",
            "[]",
        ),
        (
            |sg| sg["edge_sg_nexthops"][2]["id"] = json!("1"),
            "sg/edge_sg_nexthops[2]/id",
            "1",
        ),
        (
            |sg| sg["edge_sg_nexthops"][2]["dst_node"] = json!("SW1"),
            "sg/edge_sg_nexthops[2]/dst_node",
            "SW1",
        ),
        (
            |sg| sg["edge_sg_nexthops"][2]["delay"] = json!("soon"),
            "sg/edge_sg_nexthops[2]/delay",
            "soon",
        ),
        (
            |sg| sg["edge_reqs"][0]["src_node"] = json!("SAP9"),
            "sg/edge_reqs[0]/src_node",
            "SAP9",
        ),
        (
            |sg| sg["edge_reqs"][0]["dst_node"] = json!("SAP1"),
            "sg/edge_reqs[0]/dst_node",
            "SAP1",
        ),
        (
            |sg| sg["edge_reqs"][0]["sg_path"] = json!([1, 3]),
            "sg/edge_reqs[0]/sg_path",
            "3",
        ),
        (
            |sg| sg["edge_reqs"][0]["sg_path"] = json!([1, 9]),
            "sg/edge_reqs[0]/sg_path",
            "9",
        ),
        (
            |sg| sg["edge_reqs"][0]["sg_path"] = json!([]),
            "sg/edge_reqs[0]/sg_path",
            "[]",
        ),
        (
            |sg| sg["edge_reqs"][0] = json!(null),
            "sg/edge_reqs",
            "null",
        ),
    ];
    for (change, field, value) in cases {
        assert_eq!(error_of(change), told("value", field, value));
    }
}

#[test]
fn missing_and_wrongly_typed_members() {
    let cases: [(Change, &str); 4] = [
        (|sg| remove(sg, "edge_sg_nexthops"), "sg/edge_sg_nexthops"),
        (
            |sg| remove(&mut sg["node_nfs"][0], "id"),
            "sg/node_nfs[0]/id",
        ),
        (
            |sg| remove(&mut sg["edge_reqs"][0], "sg_path"),
            "sg/edge_reqs[0]/sg_path",
        ),
        (
            |sg| remove(&mut sg["edge_sg_nexthops"][0], "src_node"),
            "sg/edge_sg_nexthops[0]/src_node",
        ),
    ];
    for (change, field) in cases {
        assert_eq!(error_of(change), told("missing", field, ""));
    }
    let cases: [Case; 5] = [
        (
            |sg| sg["parameters"]["id"] = json!([]),
            "sg/parameters/id",
            "[]",
        ),
        (|sg| sg["node_nfs"] = json!({}), "sg/node_nfs", "{}"),
        (
            |sg| sg["node_nfs"][0]["functional_type"] = json!({}),
            "sg/node_nfs[0]/functional_type",
            "{}",
        ),
        (
            |sg| sg["node_nfs"][0]["specification"] = json!(1),
            "sg/node_nfs[0]/specification",
            "1",
        ),
        (
            |sg| sg["edge_reqs"] = json!("none"),
            "sg/edge_reqs",
            "\"none\"",
        ),
    ];
    for (change, field, value) in cases {
        assert_eq!(error_of(change), told("type", field, value));
    }
}

#[test]
fn the_largest_graphs_are_bounded() {
    let count = Limits::NODES + 1;
    let saps = |sg: &mut Value| {
        sg["node_saps"] = (0..count - 2)
            .map(|n| json!({"id": format!("S{n}")}))
            .collect();
    };
    assert_eq!(
        error_of(saps),
        told("value", "sg/node_saps", &count.to_string())
    );
    let nfs = |sg: &mut Value| sg["node_nfs"] = vec![json!(0); 100_000].into();
    assert_eq!(error_of(nfs), told("value", "sg/node_nfs", "100000"));
}

#[test]
fn a_resource_topology_is_no_service_graph() {
    let error = decode(&with(|sg| {
        remove(sg, "edge_sg_nexthops");
        sg["node_infras"] = json!([{"id": "SW1"}]);
    }));
    let error = error.unwrap_err();
    assert_eq!(error.field, "sg/node_infras");
    assert!(
        error
            .to_string()
            .contains("a resource topology, not a service graph"),
        "{error}"
    );
}

fn real(name: &str) -> Option<Result<ServiceGraph, FieldError>> {
    let bytes = fixtures::fixture(&format!("third-party/escape/nffg/{name}"))?;
    let sg: Value = serde_json::from_slice(&bytes).unwrap();
    Some(decode_service_graph(&Cursor::root(&sg)))
}

#[test]
fn real_requests_of_escape() {
    let Some(graph) = real("escape-mn-req.nffg") else {
        return;
    };
    let graph = graph.unwrap();
    assert_eq!(graph.id(), Some("SG-request"));
    let types: Vec<&str> = (0..3).map(|node| nf(&graph, node).0).collect();
    assert_eq!(
        types,
        ["simpleForwarder", "headerCompressor", "headerDecompressor"]
    );
    assert_eq!(nf(&graph, 0).1.cpu, Some("1".parse().unwrap()));
    assert_eq!((graph.nodes().len(), graph.links().len()), (5, 5));
    assert_eq!(ends(&graph), [("SAP1", "SAP2", 3), ("SAP2", "SAP1", 2)]);
    assert_eq!(
        graph.requirements()[1].delay.unwrap().as_nanos(),
        30_000_000
    );

    let graph = real("sg1-2sap-web.nffg").unwrap().unwrap();
    assert_eq!(
        ends(&graph),
        [("SAP1", "SAP1", 2)],
        "a way from a SAP back to itself"
    );
    assert_eq!(
        graph.links().len(),
        4,
        "with links that no requirement passes"
    );

    let graph = real("sg2-2sap-web-dpi.nffg").unwrap().unwrap();
    assert_eq!(ends(&graph), [("SAP1", "SAP1", 3), ("SAP2", "SAP2", 2)]);

    let graph = real("sg1_connectivity_sap12.nffg").unwrap().unwrap();
    assert_eq!(graph.nodes().len(), 2, "no NF at all");
    assert_eq!(
        ends(&graph),
        [("SAP1", "SAP2", 1), ("SAP2", "SAP1", 1)],
        "implied"
    );
}

#[test]
fn real_files_that_are_no_service_graphs() {
    let Some(graph) = real("escape-mn-topo.nffg") else {
        return;
    };
    assert_eq!(graph.unwrap_err().field, "node_infras");
    assert_eq!(
        real("escape-2sbb-topo.nffg").unwrap().unwrap_err().field,
        "node_infras"
    );
    // Its one requirement is from SAP1 to SAP2, names no links, and no links lead there.
    let error = real("global-req.nffg").unwrap().unwrap_err();
    assert_eq!(error, FieldError::missing("edge_reqs[0]/sg_path"));
}

proptest! {
    // A failure that is found becomes a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decode_undoes_encode(graph in graphs::graph(0..5, 0..4, true)) {
        let document = escape::encode(&graph);
        prop_assert_eq!(escape::decode(&Cursor::root(&document)).unwrap(), graph.clone());
        let text = document.to_string();
        let document: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(decode_service_graph(&Cursor::root(&document)).unwrap(), graph);
    }
}
