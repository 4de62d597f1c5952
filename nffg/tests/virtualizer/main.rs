//! Virtualizer XML: what is read, what is tolerated, what is refused and how it is told, real dumps, and the
//! law that reading gives back what was written.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test says what it skips, and fails by panicking"
)]

#[path = "../support/fixtures.rs"]
mod fixtures;
#[path = "../support/views.rs"]
mod views;

mod deploy;
mod edit_laws;
mod edits;
mod examples;
mod laws;
mod reads;
mod real_dumps;
mod real_edits;
mod refuses;
mod tolerates;

use nffg::DocumentError;
use nffg::virtualizer;
use nffg::{BisBis, Port, PortKind, ResourceView};

/// A document with one node that has `content` beside its id.
fn document(content: &str) -> String {
    format!("<virtualizer><nodes><node><id>n1</id>\n{content}\n</node></nodes></virtualizer>")
}

fn decode(text: &str) -> ResourceView {
    virtualizer::decode(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn refused(text: &str) -> DocumentError {
    virtualizer::decode(text.as_bytes()).expect_err("the document is wrong")
}

fn node(content: &str) -> BisBis {
    decode(&document(content)).nodes.remove(0)
}

fn warnings(view: &ResourceView) -> Vec<(Option<u32>, &str, &str)> {
    view.warnings
        .iter()
        .map(|w| (w.line, w.path.as_str(), w.text.as_str()))
        .collect()
}

/// The faults as (line, path, value, rule).
fn faults(error: &DocumentError) -> Vec<(u32, &str, Option<&str>, &str)> {
    let faults = error.faults().iter();
    faults
        .map(|f| {
            (
                f.position.unwrap().line,
                f.path.as_str(),
                f.value.as_deref(),
                f.rule.as_str(),
            )
        })
        .collect()
}

fn sap(port: &Port) -> String {
    match &port.kind {
        PortKind::Sap(sap) => format!("sap {sap}"),
        PortKind::InterDomain(sap) => format!("inter-domain {sap}"),
        PortKind::Internal => "internal".to_owned(),
    }
}

fn saps(node: &BisBis) -> Vec<String> {
    node.ports.iter().map(sap).collect()
}

fn supported(node: &BisBis) -> Vec<&str> {
    node.supported.iter().map(AsRef::as_ref).collect()
}
