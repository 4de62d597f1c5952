//! Diffs of other makes: a dump, its `edit-config` and the dump that was sent whole.

use nffg::virtualizer::edit::{EditError, apply};
use roxmltree::Node;

use super::*;

const FOLDER: &str = "third-party/escape";

fn text(name: &str) -> Option<String> {
    let bytes = fixtures::fixture(&format!("{FOLDER}/{name}.xml"))?;
    Some(String::from_utf8(bytes).unwrap())
}

fn applied(base: &str, diff: &str) -> String {
    apply(base.as_bytes(), diff.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

/// All that an element says, entries in order of their texts. ESCAPE tells the ends of a flow entry
/// from the entry on in its diffs, and from the root on in its whole documents.
fn said(element: Node<'_, '_>) -> String {
    let name = element.tag_name().name();
    let mut elements: Vec<String> = element
        .children()
        .filter(Node::is_element)
        .map(said)
        .collect();
    elements.sort();
    let text = element.text().unwrap_or_default().trim();
    let text = text.replace("/virtualizer/nodes/node[id=SingleBiSBiS]/", "../../../");
    format!("<{name}>{text}{}</{name}>", elements.concat())
}

fn said_by(text: &str) -> String {
    said(roxmltree::Document::parse(text).unwrap().root_element())
}

#[test]
fn get_config_and_edit_config_make_the_whole() {
    let Some(base) = text("get-config/get-config-mininet") else {
        return;
    };
    let diff = text("edit-config/edit-config-sg1-mininet-diff").unwrap();
    let whole = text("edit-config/edit-config-sg1-mininet").unwrap();
    let edited = applied(&base, &diff);
    assert_eq!(decode(&edited), decode(&whole));
    assert_eq!(said_by(&edited), said_by(&whole));
    assert_ne!(
        said_by(&base),
        said_by(&whole),
        "there is something to apply"
    );

    // Four flow entries and two of the metadata are there now.
    let again = apply(edited.as_bytes(), diff.as_bytes()).unwrap_err();
    assert!(matches!(again, EditError::DataExists(_)), "{again}");
    assert_eq!(again.document_error().total(), 6);
    let paths: Vec<&str> = again
        .document_error()
        .faults()
        .iter()
        .map(|f| f.path.as_str())
        .collect();
    assert_eq!(paths[0], "/virtualizer/nodes/node/flowtable/flowentry[1]");
    assert_eq!(paths[5], "/virtualizer/metadata[2]");
    // The way back.
    let deletes = diff.replace("operation=\"create\"", "operation=\"delete\"");
    assert_eq!(decode(&applied(&edited, &deletes)), decode(&base));
}

#[test]
fn an_edit_config_that_tells_a_version_only() {
    let Some(base) = text("get-config/get-config-docker1") else {
        return;
    };
    let diff = text("edit-config/edit-config-sg1-docker1-diff").unwrap();
    assert_eq!(applied(&base, &diff), base);
}
