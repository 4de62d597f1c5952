//! The draft's form of a service graph: clauses, every bad input, the draft's own example, and the law
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

use nffg::json::{Cursor, FieldError, Problem};
use nffg::{
    Bandwidth, Delay, GraphError, Limits, NodeKind, ServiceGraph, decode_service_graph, draft,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use faults::{Case, Told, told};

/// The service graph of §5.5.2 with its misprints mended.
fn example() -> Value {
    json!({
        "nfs": ["NF1", "NF2", "NF3"],
        "saps": ["SAP1", "SAP2"],
        "sg_links": [
            {"id": 1, "src-node": "SAP1", "dst-node": "NF1"},
            {"id": 2, "src-node": "NF1", "dst-node": "NF2"},
            {"id": 3, "src-node": "NF2", "dst-node": "NF3"},
            {"id": 4, "src-node": "NF3", "dst-node": "SAP2"},
        ],
        "reqs": [{"id": 1, "src-node": "SAP1", "dst-node": "SAP2", "sg-path": [1, 2, 3, 4]}],
    })
}

fn decode(sg: &Value) -> Result<ServiceGraph, FieldError> {
    draft::decode(&Cursor::at("sg", sg))
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut sg = example();
    change(&mut sg);
    sg
}

/// The field and the value of the error that a changed example gives, with its kind.
fn error_of(change: impl FnOnce(&mut Value)) -> Told {
    faults::told_by(decode(&with(change)).expect_err("the graph is wrong"))
}

fn rule_of(change: impl FnOnce(&mut Value)) -> String {
    match decode(&with(change))
        .expect_err("the graph is wrong")
        .problem
    {
        Problem::Invalid { rule, .. } => rule,
        other => panic!("{other}"),
    }
}

#[test]
fn draft_5_5_2_the_example() {
    let graph = decode(&example()).unwrap();
    let ids: Vec<&str> = graph.nodes().iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids, ["NF1", "NF2", "NF3", "SAP1", "SAP2"]);
    assert!(
        matches!(&graph.nodes()[1].kind, NodeKind::Nf { nf_type, .. } if nf_type.as_str() == "NF2")
    );
    assert!(matches!(&graph.nodes()[4].kind, NodeKind::Sap { sap } if sap.as_str() == "SAP2"));
    let requirement = &graph.requirements()[0];
    assert_eq!((requirement.src, requirement.dst), (3, 4));
    assert_eq!(requirement.path, [0, 1, 2, 3]);
    assert_eq!(requirement.id.as_ref().unwrap().as_str(), "1");
}

#[test]
fn draft_5_4_2_1_all_four_lists_are_required() {
    for name in draft::MEMBERS {
        let absent = error_of(|sg| drop(sg.as_object_mut().unwrap().remove(name)));
        assert_eq!(absent, told("missing", &format!("sg/{name}"), ""));
        let empty = error_of(|sg| sg[name] = json!([]));
        assert_eq!(empty, told("value", &format!("sg/{name}"), "[]"));
        assert!(rule_of(|sg| sg[name] = json!([])).contains("at least one"));
        let object = error_of(|sg| sg[name] = json!({"a": 1}));
        assert_eq!(object, told("type", &format!("sg/{name}"), r#"{"a":1}"#));
        let null = error_of(|sg| sg[name] = Value::Null);
        assert_eq!(null, told("type", &format!("sg/{name}"), "null"));
    }
}

#[test]
fn draft_5_4_2_1_ids_are_numbers_or_strings() {
    let graph = decode(&with(|sg| {
        sg["sg_links"][0]["id"] = json!("1");
        sg["sg_links"][2]["id"] = json!("a-b");
        sg["reqs"][0]["id"] = json!("r");
        sg["reqs"][0]["sg-path"] = json!([1.0, "2", "a-b", 4]);
    }));
    assert_eq!(graph.unwrap().requirements()[0].path, [0, 1, 2, 3]);
}

#[test]
fn draft_misprint_the_first_link_has_the_second_ones_id() {
    let twice = |sg: &mut Value| sg["sg_links"][0]["id"] = json!(2);
    assert_eq!(error_of(twice), told("value", "sg/sg_links[1]/id", "2"));
    assert!(
        rule_of(twice).contains("used twice, first by link 0"),
        "{}",
        rule_of(twice)
    );
}

#[test]
fn rfc7285_8_3_7_unknown_members_are_ignored() {
    let sg = with(|sg| {
        sg["monitoring"] = json!({"nfs": 1});
        sg["node_nfs"] = json!("the other form's");
        sg["sg_links"][0]["flowclass"] = json!(null);
        sg["reqs"][0]["delays"] = json!([]);
    });
    assert_eq!(decode(&sg), decode(&example()));
    assert_eq!(
        decode_service_graph(&Cursor::at("sg", &sg)),
        decode(&example())
    );
}

#[test]
fn rfc7285_8_5_2_a_missing_field_is_named_by_its_full_path() {
    for (list, members) in [
        ("sg_links", &["id", "src-node", "dst-node"][..]),
        ("reqs", &["id", "src-node", "dst-node", "sg-path"]),
    ] {
        for name in members {
            let absent = error_of(|sg| drop(sg[list][0].as_object_mut().unwrap().remove(*name)));
            assert_eq!(absent, told("missing", &format!("sg/{list}[0]/{name}"), ""));
        }
    }
}

#[test]
fn rfc7285_8_5_2_a_field_of_the_wrong_type() {
    let cases: [Case; 6] = [
        (
            |sg| sg["sg_links"][3]["id"] = json!(true),
            "sg/sg_links[3]/id",
            "true",
        ),
        (
            |sg| sg["sg_links"][3]["src-node"] = json!(null),
            "sg/sg_links[3]/src-node",
            "null",
        ),
        (
            |sg| sg["reqs"][0]["dst-node"] = json!([]),
            "sg/reqs[0]/dst-node",
            "[]",
        ),
        (
            |sg| sg["reqs"][0]["sg-path"] = json!(1),
            "sg/reqs[0]/sg-path",
            "1",
        ),
        (
            |sg| sg["reqs"][0]["delay"] = json!([1]),
            "sg/reqs[0]/delay",
            "[1]",
        ),
        (
            |sg| sg["sg_links"][0]["bandwidth"] = json!(true),
            "sg/sg_links[0]/bandwidth",
            "true",
        ),
    ];
    for (change, field, value) in cases {
        assert_eq!(error_of(change), told("type", field, value));
    }
    let error = draft::decode(&Cursor::at("sg", &json!([]))).unwrap_err();
    assert_eq!(error.to_string(), "sg: expected an object, found []");
}

#[test]
fn rfc7285_8_5_2_an_element_of_the_wrong_type_is_a_wrong_value_of_its_array() {
    let cases: [Case; 5] = [
        (|sg| sg["nfs"] = json!([1]), "sg/nfs", "1"),
        (
            |sg| sg["saps"][1] = json!(["SAP2"]),
            "sg/saps",
            r#"["SAP2"]"#,
        ),
        (|sg| sg["sg_links"][2] = json!(3), "sg/sg_links", "3"),
        (|sg| sg["reqs"] = json!(["r"]), "sg/reqs", "r"),
        (
            |sg| sg["reqs"][0]["sg-path"][1] = json!(false),
            "sg/reqs[0]/sg-path",
            "false",
        ),
    ];
    for (change, field, value) in cases {
        assert_eq!(error_of(change), told("value", field, value));
    }
}

#[test]
fn rfc7285_8_5_2_a_field_of_the_wrong_value() {
    let cases: [Case; 7] = [
        (|sg| sg["nfs"][0] = json!(""), "sg/nfs", ""),
        (|sg| sg["saps"][0] = json!("a\u{7}"), "sg/saps", "a\u{7}"),
        (
            |sg| sg["sg_links"][0]["id"] = json!(" "),
            "sg/sg_links[0]/id",
            " ",
        ),
        (
            |sg| sg["sg_links"][0]["delay"] = json!(-1),
            "sg/sg_links[0]/delay",
            "-1",
        ),
        (
            |sg| sg["sg_links"][0]["bandwidth"] = json!("fast"),
            "sg/sg_links[0]/bandwidth",
            "fast",
        ),
        (
            |sg| sg["reqs"][0]["bandwidth"] = json!("5 apples"),
            "sg/reqs[0]/bandwidth",
            "5 apples",
        ),
        (
            |sg| sg["reqs"][0]["sg-path"][0] = json!(""),
            "sg/reqs[0]/sg-path",
            "",
        ),
    ];
    for (change, field, value) in cases {
        assert_eq!(error_of(change), told("value", field, value));
    }
}

#[test]
fn every_fault_of_a_graph_names_its_field() {
    let cases: [Case; 13] = [
        (|sg| sg["nfs"][2] = json!("NF1"), "sg/nfs", "NF1"),
        (|sg| sg["saps"][1] = json!("SAP1"), "sg/saps", "SAP1"),
        (|sg| sg["saps"][1] = json!("NF1"), "sg/saps", "NF1"),
        (
            |sg| sg["sg_links"][0]["dst-node"] = json!("NF9"),
            "sg/sg_links[0]/dst-node",
            "NF9",
        ),
        (
            |sg| sg["sg_links"][2]["src-node"] = json!("NF9"),
            "sg/sg_links[2]/src-node",
            "NF9",
        ),
        (
            |sg| sg["reqs"][0]["src-node"] = json!("SAP9"),
            "sg/reqs[0]/src-node",
            "SAP9",
        ),
        (
            |sg| sg["reqs"][0]["src-node"] = json!("SAP2"),
            "sg/reqs[0]/src-node",
            "SAP2",
        ),
        (
            |sg| sg["reqs"][0]["dst-node"] = json!("SAP1"),
            "sg/reqs[0]/dst-node",
            "SAP1",
        ),
        (
            |sg| sg["reqs"][0]["sg-path"] = json!([1, 2, 7]),
            "sg/reqs[0]/sg-path",
            "7",
        ),
        (
            |sg| sg["reqs"][0]["sg-path"] = json!([1, 3, 4]),
            "sg/reqs[0]/sg-path",
            "3",
        ),
        (
            |sg| sg["reqs"][0]["sg-path"] = json!([]),
            "sg/reqs[0]/sg-path",
            "[]",
        ),
        (
            |sg| {
                let back = json!({"id": 9, "src-node": "NF1", "dst-node": "SAP1"});
                sg["sg_links"].as_array_mut().unwrap().push(back);
                sg["reqs"][0]["sg-path"] = json!([1, 9, 1]);
            },
            "sg/reqs[0]/sg-path",
            "1",
        ),
        (
            |sg| {
                let again = sg["reqs"][0].clone();
                sg["reqs"].as_array_mut().unwrap().push(again);
            },
            "sg/reqs[1]/id",
            "1",
        ),
    ];
    for (change, field, value) in cases {
        assert_eq!(error_of(change), told("value", field, value));
    }
    let broken = GraphError::BrokenPath {
        requirement: 0,
        hop: 1,
        link: "3".parse().unwrap(),
        starts: "NF2".parse().unwrap(),
        ended: "NF1".parse().unwrap(),
    };
    assert_eq!(
        rule_of(|sg| sg["reqs"][0]["sg-path"] = json!([1, 3, 4])),
        broken.to_string()
    );
}

#[test]
fn the_longest_graphs_are_bounded() {
    let names = |count: usize| {
        (0..count)
            .map(|n| json!(format!("x{n}")))
            .collect::<Value>()
    };
    let count = Limits::NODES + 1;
    let nfs = error_of(|sg| sg["nfs"] = names(Limits::NODES - 1));
    assert_eq!(nfs, told("value", "sg/nfs", &count.to_string()));
    let saps = error_of(|sg| sg["saps"] = names(Limits::NODES - 2));
    assert_eq!(saps, told("value", "sg/saps", &count.to_string()));
    let links = error_of(|sg| sg["sg_links"] = vec![json!(0); Limits::LINKS + 1].into());
    assert_eq!(
        links,
        told("value", "sg/sg_links", &(Limits::LINKS + 1).to_string())
    );
    let reqs = error_of(|sg| sg["reqs"] = vec![json!(0); Limits::REQUIREMENTS + 1].into());
    assert_eq!(
        reqs,
        told("value", "sg/reqs", &(Limits::REQUIREMENTS + 1).to_string())
    );
    let path = error_of(|sg| sg["reqs"][0]["sg-path"] = vec![json!({}); Limits::PATH + 1].into());
    assert_eq!(
        path,
        told(
            "value",
            "sg/reqs[0]/sg-path",
            &(Limits::PATH + 1).to_string()
        )
    );
}

#[test]
fn bounds_may_be_added_in_mbit_and_milliseconds() {
    let graph = decode(&with(|sg| {
        sg["sg_links"][0]["bandwidth"] = json!(4);
        sg["sg_links"][0]["delay"] = json!("250us");
        sg["sg_links"][1]["delay"] = json!(null);
        sg["reqs"][0]["delay"] = json!(30.5);
    }))
    .unwrap();
    let link = &graph.links()[0];
    assert_eq!(
        link.bandwidth,
        Some(Bandwidth::from_bits_per_second(4_000_000))
    );
    assert_eq!(link.delay, Some(Delay::from_nanos(250_000)));
    assert_eq!(graph.links()[1].delay, None);
    assert_eq!(
        graph.requirements()[0].delay,
        Some(Delay::from_nanos(30_500_000))
    );
}

#[test]
fn the_authors_request_is_the_example() {
    let Some(bytes) = fixtures::fixture("ours/3as/request-sg.json") else {
        return;
    };
    let request: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(
        decode_service_graph(&Cursor::at("sg", &request["sg"])),
        decode(&example())
    );
}

#[test]
fn what_is_written_has_the_drafts_members_and_its_numbers() {
    assert_eq!(draft::encode(&decode(&example()).unwrap()), example());
}

proptest! {
    // A failure that is found becomes a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decode_undoes_encode(graph in graphs::graph(1..5, 1..4, false)) {
        let document = draft::encode(&graph);
        prop_assert_eq!(draft::decode(&Cursor::root(&document)).unwrap(), graph.clone());
        prop_assert_eq!(decode_service_graph(&Cursor::root(&document)).unwrap(), graph);
    }

    /// What the draft's form has room for survives: nodes, links, paths and bounds.
    #[test]
    fn a_richer_graph_keeps_its_shape(graph in graphs::graph(1..5, 0..3, true)) {
        prop_assume!(!graph.requirements().is_empty());
        let document = draft::encode(&graph);
        let read = draft::decode(&Cursor::root(&document)).unwrap();
        prop_assert_eq!(read.links(), graph.links());
        let ids = |graph: &ServiceGraph| -> Vec<_> {
            graph.nodes().iter().map(|node| node.id.clone()).collect()
        };
        prop_assert_eq!(ids(&read), ids(&graph));
        prop_assert_eq!(read.requirements().len(), graph.requirements().len());
        for (read, written) in read.requirements().iter().zip(graph.requirements()) {
            prop_assert_eq!(&read.path, &written.path);
            prop_assert_eq!((read.bandwidth, read.delay), (written.bandwidth, written.delay));
        }
    }
}
