//! What is tolerated, and how it is told.

use serde_json::json;

use super::{compute, decode, document, resources, supported, told, vnf};

const TEMPLATES: &str = "/topology_template/node_templates";

#[test]
fn sizes_without_units_stay_without() {
    let (view, warnings) = decode(&document(json!({
        "n": compute(json!({"mem_size": 60, "disk_size": "70"})),
    })));
    assert_eq!(view.nodes[0].resources, resources("", "60", "70"));
    let text = "a size without a unit (TOSCA 3.3.6.4); it is kept as a bare number";
    let at = |name: &str| format!("{TEMPLATES}/n/capabilities/host/properties/{name}");
    assert_eq!(
        told(&warnings),
        [(&*at("disk_size"), text), (&*at("mem_size"), text)]
    );
}

#[test]
fn unknown_versions_of_the_simple_profile() {
    let mut document = document(json!({}));
    document["tosca_definitions_version"] = json!("tosca_simple_yaml_1_4");
    let (_, warnings) = decode(&document);
    let text = "the version 'tosca_simple_yaml_1_4' is not known; it is read as 1.3";
    assert_eq!(told(&warnings), [("/tosca_definitions_version", text)]);
}

#[test]
fn templates_of_unknown_types_are_left_out_and_so_is_what_names_them() {
    let mut document = document(json!({
        "a": {"type": "tosca.nodes.Compute", "requirements": [{"local_storage": "volume"}]},
        "big": {"type": "example.Big", "capabilities": {"host": {"properties": {"num_cpus": 9}}}},
        "volume": {"type": "other.Volume", "properties": {"size": "1 GB"}},
        "nat": vnf("nat", &["big"]),
        "dpi": vnf("dpi", &["big", "a"]),
        "ids": vnf("ids", &["other.Type"]),
    }));
    document["imports"] = json!([{"file": "https://example.net/types.yaml"}]);
    document["node_types"] = json!({"example.Big": {"derived_from": "other.Base"}});
    let (view, warnings) = decode(&document);
    assert_eq!(view.nodes.len(), 1);
    assert_eq!(supported(&view.nodes[0]), ["dpi"]);
    assert!(view.nodes[0].resources.is_empty());
    let at = |path: &str| format!("{TEMPLATES}/{path}");
    let left_out = "is not declared here, and imports are not fetched; the template is left out";
    let expected = [
        (
            at("a/requirements/0/local_storage"),
            "'volume' is of an unknown type; it is left out".to_owned(),
        ),
        (
            at("big"),
            format!("the type 'example.Big' derives from 'other.Base', which {left_out}"),
        ),
        (
            at("dpi/requirements/0/host"),
            "'big' is of an unknown type; it is left out".to_owned(),
        ),
        (
            at("ids/requirements/0/host"),
            "'other.Type' is not in this document; it is left out".to_owned(),
        ),
        (
            at("nat/requirements/0/host"),
            "'big' is of an unknown type; it is left out".to_owned(),
        ),
        (at("volume"), format!("the type 'other.Volume' {left_out}")),
    ];
    let expected: Vec<(&str, &str)> = expected.iter().map(|(at, text)| (&**at, &**text)).collect();
    assert_eq!(told(&warnings), expected);
}

#[test]
fn storage_that_counts_nowhere_or_only_once() {
    let (view, warnings) = decode(&document(json!({
        "a": {"type": "tosca.nodes.Compute", "requirements": [{"local_storage": "s"}, {"local_storage": "empty"}]},
        "b": {"type": "tosca.nodes.Compute", "requirements": [
            {"local_storage": "s"}, {"local_storage": "tosca.nodes.BlockStorage"}, {"local_storage": null},
        ]},
        "s": {"type": "tosca.nodes.BlockStorage", "properties": {"size": "1 GB"}},
        "empty": {"type": "tosca.nodes.BlockStorage", "properties": {"volume_id": "v"}},
        "idle": {"type": "tosca.nodes.BlockStorage", "properties": {"size": "1 GB"}},
    })));
    assert_eq!(view.nodes[0].resources, resources("", "", "1 GB"));
    assert_eq!(view.nodes[1].resources, resources("", "", ""));
    let at = |path: &str| format!("{TEMPLATES}/{path}");
    let expected = [
        (
            at("a/requirements/1/local_storage"),
            "'empty' tells no size; it is not counted",
        ),
        (
            at("b/requirements/0/local_storage"),
            "'s' is attached to 'a' too; it counts there",
        ),
        (
            at("b/requirements/1/local_storage"),
            "'tosca.nodes.BlockStorage' is a type; it is left out",
        ),
        (
            at("b/requirements/2/local_storage"),
            "it names no storage; none is counted",
        ),
        (
            at("idle"),
            "no node has this storage as local_storage; it is not counted",
        ),
    ];
    let expected: Vec<(&str, &str)> = expected.iter().map(|(at, text)| (&**at, *text)).collect();
    assert_eq!(told(&warnings), expected);
}

#[test]
fn what_belongs_to_no_node() {
    let mut document = document(json!({
        "a": {"type": "tosca.nodes.Compute"},
        "vdu": {"type": "tosca.nodes.nfv.Vdu.Compute"},
        "nat": vnf("nat", &["vdu"]),
        "dpi": vnf("dpi", &["example.Pop"]),
        "port": {"type": "tosca.nodes.network.Port", "requirements": [{"binding": "vdu"}]},
    }));
    document["node_types"] = json!({"example.Pop": {"derived_from": "tosca.nodes.Compute"}});
    let (view, warnings) = decode(&document);
    assert_eq!(supported(&view.nodes[0]), [""; 0]);
    assert_eq!(view.nodes[0].ports, []);
    let at = |path: &str| format!("{TEMPLATES}/{path}");
    let none = "'vdu' is no Compute and is hosted on none; it belongs to no node";
    let expected = [
        (
            at("dpi/requirements/0/host"),
            "no node is of the type 'example.Pop'; it belongs to no node",
        ),
        (at("nat/requirements/0/host"), none),
        (at("port/requirements/0/binding"), none),
    ];
    let expected: Vec<(&str, &str)> = expected.iter().map(|(at, text)| (&**at, *text)).collect();
    assert_eq!(told(&warnings), expected);
}

#[test]
fn a_compute_that_scales_is_one_node() {
    let (view, warnings) = decode(&document(json!({"n": {
        "type": "tosca.nodes.Compute",
        "capabilities": {"scalable": {"properties": {"min_instances": 1, "default_instances": 3}}},
    }})));
    assert_eq!(view.nodes.len(), 1);
    let at = format!("{TEMPLATES}/n/capabilities/scalable/properties/default_instances");
    assert_eq!(
        told(&warnings),
        [(&*at, "the template is read as one node")]
    );
}
