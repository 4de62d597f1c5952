//! What the tests of TOSCA and SOL 006 share: both are inventories of one provider, and are read as such.

use nffg::{BisBis, DocumentError, Quantity, Resources, Warning};
use serde_json::Value;

/// Cpu, memory and storage, as people write them.
pub(crate) fn resources(cpu: &str, mem: &str, storage: &str) -> Resources {
    let quantity = |text: &str| -> Option<Quantity> { text.parse().ok() };
    Resources {
        cpu: quantity(cpu),
        mem: quantity(mem),
        storage: quantity(storage),
    }
}

pub(crate) fn supported(node: &BisBis) -> Vec<&str> {
    node.supported.iter().map(AsRef::as_ref).collect()
}

/// The warnings as pointer and text.
pub(crate) fn told(warnings: &[Warning]) -> Vec<(&str, &str)> {
    let warnings = warnings.iter();
    warnings
        .map(|w| (w.path.as_str(), w.text.as_str()))
        .collect()
}

/// The faults of a document as pointer, value and rule.
pub(crate) fn faults_of(error: &DocumentError) -> Vec<(String, Option<String>, String)> {
    let faults = error.faults().iter().cloned();
    faults.map(|f| (f.path, f.value, f.rule)).collect()
}

/// A document with the value at one of its places exchanged.
pub(crate) fn damaged(mut document: Value, at: proptest::sample::Index, with: Value) -> Value {
    let mut pointers = Vec::new();
    gather(&document, String::new(), &mut pointers);
    let pointer = &pointers[at.index(pointers.len())];
    *document.pointer_mut(pointer).unwrap() = with;
    document
}

/// The pointers to all values of a document (RFC 6901).
fn gather(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let token = name.replace('~', "~0").replace('/', "~1");
                gather(value, format!("{pointer}/{token}"), pointers);
            }
        }
        Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                gather(value, format!("{pointer}/{index}"), pointers);
            }
        }
        _ => {}
    }
    pointers.push(pointer);
}
