//! TOSCA service templates: the example of the documentation, what is read, what is tolerated, what is refused
//! and how it is told, and the law that a view written as TOSCA is read back.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/inventories.rs"]
mod inventories;
mod laws;
mod reads;
mod refuses;
mod tolerates;

use nffg::export::{self, Expected, Export, Format};
use nffg::{BisBis, DocumentError, DomainId, Port, PortKind, ResourceView, Warning};
use serde_json::{Value, json};

use inventories::{faults_of, resources, supported, told};

fn try_decode(bytes: &[u8]) -> Result<Export, DocumentError> {
    let domain: DomainId = "AS65010".parse().unwrap();
    export::decode(bytes, Expected::of(&domain))
}

/// The view of a document, and what was tolerated.
fn decode(document: &Value) -> (ResourceView, Vec<Warning>) {
    let export = try_decode(document.to_string().as_bytes());
    let export = export.unwrap_or_else(|error| panic!("{:#?}", error.faults()));
    assert_eq!(export.format, Format::Tosca);
    assert_eq!(export.parts.topology, None);
    (export.parts.resources.unwrap(), export.warnings)
}

/// The view of a document about which there is nothing to say.
fn read(document: &Value) -> ResourceView {
    let (view, warnings) = decode(document);
    assert_eq!(warnings, []);
    view
}

fn document(templates: Value) -> Value {
    json!({
        "tosca_definitions_version": "tosca_simple_yaml_1_3",
        "topology_template": {"node_templates": templates},
    })
}

/// A Compute with some properties of its host capability.
fn compute(properties: Value) -> Value {
    json!({"type": "tosca.nodes.Compute", "capabilities": {"host": {"properties": properties}}})
}

/// A VNF of a product, hosted on some templates.
fn vnf(product: &str, hosts: &[&str]) -> Value {
    let hosts: Vec<Value> = hosts.iter().map(|host| json!({"host": host})).collect();
    json!({
        "type": "tosca.nodes.nfv.VNF",
        "properties": {"product_name": product},
        "requirements": hosts,
    })
}

fn port(id: &str, kind: PortKind) -> Port {
    Port::new(id.parse().unwrap(), kind)
}

fn node(id: &str, node_type: &str) -> BisBis {
    BisBis {
        node_type: Some(node_type.to_owned()),
        ..BisBis::new(id.parse().unwrap())
    }
}

/// The faults of a document as pointer, value and rule.
fn faults(document: &Value) -> Vec<(String, Option<String>, String)> {
    faults_of(&try_decode(document.to_string().as_bytes()).expect_err("the document is wrong"))
}

#[test]
fn the_example_of_the_documentation() {
    const EXAMPLE: &[u8] = include_bytes!("../../../docs/formats/examples/tosca.yaml");
    let export = try_decode(EXAMPLE).unwrap_or_else(|error| panic!("{:#?}", error.faults()));
    let nf_types = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
    let expected = ResourceView {
        id: None,
        name: Some("AS65010 north and south".to_owned()),
        nodes: vec![
            BisBis {
                name: Some("North, hall 2".to_owned()),
                resources: resources("128", "512 GiB", "4500 GB"),
                supported: nf_types(&["dpi", "firewall", "nat"]),
                ports: vec![
                    port(
                        "exchange",
                        PortKind::InterDomain("AS65010-AS65020".parse().unwrap()),
                    ),
                    port("management", PortKind::Internal),
                ],
                ..node("north", "example.nodes.Pop")
            },
            BisBis {
                resources: resources("64", "256 GiB", "2 TB"),
                supported: nf_types(&["firewall", "nat"]),
                ports: vec![port(
                    "customers",
                    PortKind::Sap("customers".parse().unwrap()),
                )],
                ..node("south", "tosca.nodes.Compute")
            },
        ],
        links: Vec::new(),
        warnings: Vec::new(),
    };
    assert_eq!(export.parts.resources, Some(expected));
    assert_eq!(export.warnings, []);
    assert_eq!(export.format, Format::Tosca);
}
