//! SOL 006 descriptors with capacity beside them: the example of the documentation, what is read, what is tolerated,
//! what is refused and how it is told, and the law that a view written so is read back.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod descriptors;
#[path = "../support/inventories.rs"]
mod inventories;
mod laws;
mod places;
mod references;

use nffg::export::{self, Expected, Export, Format};
use nffg::{BisBis, DocumentError, DomainId, Port, PortKind, ResourceView, Warning};
use serde_json::{Value, json};

use inventories::{faults_of, resources, supported, told};

/// Reads a document of which it is known that it is SOL 006.
fn try_decode(bytes: &[u8]) -> Result<Export, DocumentError> {
    let domain: DomainId = "AS65020".parse().unwrap();
    let expected = Expected {
        format: Some(Format::Sol006),
        ..Expected::of(&domain)
    };
    export::decode(bytes, expected)
}

/// The view of a document, and what was tolerated.
fn decode(document: &Value) -> (ResourceView, Vec<Warning>) {
    let export = try_decode(document.to_string().as_bytes());
    let export = export.unwrap_or_else(|error| panic!("{:#?}", error.faults()));
    assert_eq!(export.parts.topology, None);
    (export.parts.resources.unwrap(), export.warnings)
}

/// The view of a document about which there is nothing to say.
fn read(document: &Value) -> ResourceView {
    let (view, warnings) = decode(document);
    assert_eq!(warnings, []);
    view
}

/// A document with some VNFDs and NSDs.
fn document(vnfd: Value, nsd: Value) -> Value {
    json!({"etsi-nfv-descriptors:nfv": {"vnfd": vnfd, "nsd": nsd}})
}

/// A document with one VNFD and SAPs, and more beside them.
fn beside(saps: &[&str], more: Value) -> Value {
    let sapd: Vec<Value> = saps.iter().map(|sap| json!({"id": sap})).collect();
    let mut document = document(
        json!([{"id": "v", "product-name": "nat"}]),
        json!([{"id": "n", "sapd": sapd}]),
    );
    let members = document.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    document
}

fn port(id: &str, kind: PortKind) -> Port {
    Port::new(id.parse().unwrap(), kind)
}

fn sap(id: &str) -> Port {
    port(id, PortKind::Sap(id.parse().unwrap()))
}

fn border(id: &str, tag: &str) -> Port {
    port(id, PortKind::InterDomain(tag.parse().unwrap()))
}

fn node(id: &str) -> BisBis {
    BisBis::new(id.parse().unwrap())
}

/// The faults of a document as pointer, value and rule.
fn faults(document: &Value) -> Vec<(String, Option<String>, String)> {
    faults_of(&try_decode(document.to_string().as_bytes()).expect_err("the document is wrong"))
}

/// The one fault of a document: pointer and rule.
fn fault(document: &Value) -> (String, String) {
    let mut faults = faults(document);
    assert_eq!(faults.len(), 1, "{faults:?}");
    let (path, _, rule) = faults.remove(0);
    (path, rule)
}

#[test]
fn the_example_of_the_documentation() {
    const EXAMPLE: &[u8] = include_bytes!("../../../docs/formats/examples/sol006.yaml");
    let domain: DomainId = "AS65020".parse().unwrap();
    let export = export::decode(EXAMPLE, Expected::of(&domain));
    let export = export.unwrap_or_else(|error| panic!("{:#?}", error.faults()));
    let nf_types: Vec<_> = ["firewall", "nat", "transcoder"]
        .iter()
        .map(|name| name.parse().unwrap())
        .collect();
    let expected = ResourceView {
        nodes: vec![
            BisBis {
                name: Some("East, hall 1".to_owned()),
                resources: resources("96", "384 GB", "12 TB"),
                supported: nf_types.clone(),
                ports: vec![sap("customers")],
                ..node("east")
            },
            BisBis {
                name: Some("West".to_owned()),
                resources: resources("48", "192 GB", "4 TB"),
                supported: nf_types,
                ports: vec![border("exchange", "AS65010-AS65020")],
                ..node("west")
            },
        ],
        ..ResourceView::default()
    };
    assert_eq!(export.parts.resources, Some(expected));
    assert_eq!(export.warnings, []);
    assert_eq!(export.format, Format::Sol006);
}
