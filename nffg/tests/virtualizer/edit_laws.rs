//! Laws of diffs: what a differ finds between two views makes the second of the first.

use std::fmt::Write as _;

use nffg::virtualizer::edit::apply;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// The view without its warnings, nodes and ports in order of id: a diff adds at the end.
fn sorted(mut view: ResourceView) -> ResourceView {
    view.nodes.sort_by(|a, b| a.id.cmp(&b.id));
    let ports = view.nodes.iter_mut().map(|node| &mut node.ports);
    ports.for_each(|ports| ports.sort_by(|a, b| a.id.cmp(&b.id)));
    ResourceView {
        warnings: Vec::new(),
        ..view
    }
}

fn applied(base: &str, diff: &str) -> String {
    apply(base.as_bytes(), diff.as_bytes())
        .unwrap_or_else(|error| panic!("{error}\n{base}\n{diff}"))
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('\r', "&#13;")
}

/// The elements of this name, `depth` tabs deep, of a view as it is written. No text has such a line,
/// for what would open an element is escaped there.
fn elements(view: &ResourceView, name: &str, depth: usize) -> Vec<String> {
    let text = virtualizer::encode(view);
    let tabs = "\t".repeat(depth);
    let (open, close) = (format!("\n{tabs}<{name}>"), format!("\n{tabs}</{name}>"));
    let pieces = text.split(&open).skip(1);
    let whole = |piece: &str| format!("<{name}>{}</{name}>", piece.split(&close).next().unwrap());
    pieces.map(whole).collect()
}

fn of_node(node: &BisBis) -> ResourceView {
    ResourceView {
        nodes: vec![node.clone()],
        ..ResourceView::default()
    }
}

/// The element with an operation.
fn operated(element: &str, name: &str, operation: &str) -> String {
    element.replacen(
        &format!("<{name}>"),
        &format!("<{name} operation=\"{operation}\">"),
        1,
    )
}

fn leaf(diff: &mut String, name: &str, a: Option<&str>, b: Option<&str>) {
    let operation = match (a, b) {
        (a, b) if a == b => return,
        (None, Some(_)) => "create",
        (Some(_), Some(_)) => "merge",
        (_, None) => "delete",
    };
    let text = escaped(b.unwrap_or("old"));
    write!(diff, "<{name} operation='{operation}'>{text}</{name}>").unwrap();
}

/// A container that is told as a whole.
fn container(diff: &mut String, name: &str, a: Option<String>, b: Option<String>) {
    match (a, b) {
        (a, b) if a == b => {}
        (None, Some(b)) => *diff += &operated(&b, name, "create"),
        (Some(_), Some(b)) => *diff += &operated(&b, name, "replace"),
        (_, None) => *diff += &operated(&format!("<{name}></{name}>"), name, "delete"),
    }
}

fn entry(name: &str, id: &str, operation: &str) -> String {
    format!(
        "<{name} operation='{operation}'><id>{}</id></{name}>",
        escaped(id)
    )
}

fn ports(a: &BisBis, b: &BisBis) -> String {
    let mut diff = String::new();
    let has = |node: &BisBis, port: &Port| node.ports.iter().any(|of| of.id == port.id);
    for port in a.ports.iter().filter(|port| !has(b, port)) {
        diff += &entry("port", port.id.as_str(), "delete");
    }
    for port in b.ports.iter().filter(|port| !a.ports.contains(port)) {
        let node = BisBis {
            ports: vec![port.clone()],
            links: Vec::new(),
            ..b.clone()
        };
        let operation = if has(a, port) { "replace" } else { "create" };
        diff += &operated(&elements(&of_node(&node), "port", 4)[0], "port", operation);
    }
    diff
}

/// What makes node `b` of node `a`, told part by part.
fn node(a: &BisBis, b: &BisBis) -> String {
    let mut diff = format!("<node><id>{}</id>", escaped(a.id.as_str()));
    leaf(&mut diff, "name", a.name.as_deref(), b.name.as_deref());
    leaf(
        &mut diff,
        "type",
        a.node_type.as_deref(),
        b.node_type.as_deref(),
    );
    write!(diff, "<ports>{}</ports>", ports(a, b)).unwrap();
    for name in ["links", "resources", "NF_instances", "capabilities"] {
        let of = |node: &BisBis| elements(&of_node(node), name, 3).pop();
        container(&mut diff, name, of(a), of(b));
    }
    diff + "</node>"
}

/// What makes `b` of `a`. Nodes of both are told part by part or, if `whole` says so, as a whole.
fn difference(a: &ResourceView, b: &ResourceView, whole: &[bool]) -> String {
    let mut diff = "<virtualizer>".to_owned();
    leaf(&mut diff, "id", a.id.as_deref(), b.id.as_deref());
    leaf(&mut diff, "name", a.name.as_deref(), b.name.as_deref());
    diff += "<nodes>";
    let find = |view: &ResourceView, node: &BisBis| {
        let found = view.nodes.iter().find(|of| of.id == node.id);
        found.cloned()
    };
    for gone in a.nodes.iter().filter(|node| find(b, node).is_none()) {
        diff += &entry("node", gone.id.as_str(), "delete");
    }
    for (of, whole) in b.nodes.iter().zip(whole.iter().cycle()) {
        let written = || elements(&of_node(of), "node", 2).remove(0);
        match find(a, of) {
            None => diff += &operated(&written(), "node", "create"),
            Some(_) if *whole => diff += &operated(&written(), "node", "replace"),
            Some(before) => diff += &node(&before, of),
        }
    }
    diff += "</nodes>";
    let links = |view| elements(view, "links", 1).pop();
    container(&mut diff, "links", links(a), links(b));
    diff + "</virtualizer>"
}

const OPERATIONS: [&str; 5] = ["merge", "replace", "create", "delete", "remove"];

const NAMES: [&str; 9] = [
    "nodes", "node", "ports", "port", "links", "link", "metadata", "name", "v:vendor",
];

/// Elements as no exporter writes them: names of the model wherever they fall, with `operations` or not.
fn elements_of_any_shape(operations: bool) -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        2 => "[ab]".prop_map(|key| format!("<id>{key}</id>")),
        1 => "[ab]".prop_map(|key| format!("<key>{key}</key>")),
        2 => "[ab ]{0,2}".prop_map(|text| format!("<name>{text}</name>")),
        1 => Just("<!-- <a> -->".to_owned()),
        1 => Just("<v:vendor/>".to_owned()),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        let name = proptest::sample::select(&NAMES[..]);
        let operation = proptest::option::of(proptest::sample::select(&OPERATIONS[..]));
        let content = proptest::collection::vec(inner, 0..6);
        (name, operation, content).prop_map(move |(name, operation, content)| {
            let operation = operation.filter(|_| operations);
            let operation = operation.map_or_else(String::new, |of| format!(" operation='{of}'"));
            format!("<{name}{operation}>{}</{name}>", content.concat())
        })
    })
}

fn document_of_any_shape(operations: bool) -> impl Strategy<Value = String> {
    let content = proptest::collection::vec(elements_of_any_shape(operations), 0..4);
    content.prop_map(|content| {
        format!(
            "<virtualizer xmlns:v='urn:v'><nodes>{}</nodes></virtualizer>",
            content.concat()
        )
    })
}

proptest! {
    // A failure that is found becomes a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_difference_applied_makes_the_second_view(
        a in views::view(),
        b in views::view(),
        whole in proptest::collection::vec(any::<bool>(), 1..4),
    ) {
        let diff = difference(&a, &b, &whole);
        let text = applied(&virtualizer::encode(&a), &diff);
        prop_assert_eq!(sorted(decode(&text)), sorted(b.clone()), "{}\n{}", diff, text);
        // And back again, on what a diff wrote.
        let back = applied(&text, &difference(&b, &a, &whole));
        prop_assert_eq!(sorted(decode(&back)), sorted(a));
    }

    #[test]
    fn no_difference_changes_nothing(view in views::view()) {
        let text = virtualizer::encode(&view);
        prop_assert_eq!(&applied(&text, &difference(&view, &view, &[false])), &text);
        prop_assert_eq!(&applied(&text, "<virtualizer/>"), &text);
    }

    #[test]
    fn a_replaced_root_is_the_other_document(a in views::view(), b in views::view()) {
        let root = virtualizer::encode(&b).replacen("<virtualizer>", "<virtualizer operation='replace'>", 1);
        let text = applied(&virtualizer::encode(&a), &root);
        prop_assert_eq!(decode(&text), b);
    }

    #[test]
    fn what_is_deleted_can_be_created_again_and_not_deleted_again(
        view in views::view(),
        which in any::<Index>(),
    ) {
        prop_assume!(!view.nodes.is_empty());
        let links = Vec::new();
        let view = ResourceView { links, ..view };
        let node = which.get(&view.nodes);
        let text = virtualizer::encode(&view);
        let one = |entry: &str| format!("<virtualizer><nodes>{entry}</nodes></virtualizer>");
        let delete = one(&entry("node", node.id.as_str(), "delete"));
        let create = one(&operated(&elements(&of_node(node), "node", 2)[0], "node", "create"));

        let exists = apply(text.as_bytes(), create.as_bytes()).unwrap_err();
        prop_assert!(matches!(exists, virtualizer::edit::EditError::DataExists(_)));
        let without = applied(&text, &delete);
        prop_assert!(decode(&without).nodes.iter().all(|of| of.id != node.id));
        let missing = apply(without.as_bytes(), delete.as_bytes()).unwrap_err();
        prop_assert!(matches!(missing, virtualizer::edit::EditError::DataMissing(_)));
        let remove = delete.replace("'delete'", "'remove'");
        prop_assert_eq!(&applied(&without, &remove), &without);
        let again = applied(&without, &create);
        prop_assert_eq!(sorted(decode(&again)), sorted(view));
    }

    /// Cut pieces of a diff are refused or applied, and what they make is well-formed.
    #[test]
    fn damaged_diffs_do_no_harm(
        a in views::view(),
        b in views::view(),
        from in any::<Index>(),
        length in 0..40_usize,
    ) {
        let base = virtualizer::encode(&a);
        let diff: Vec<char> = difference(&a, &b, &[true, false]).chars().collect();
        let from = from.index(diff.len());
        let damaged: String = diff[..from].iter().chain(diff.iter().skip(from + length)).collect();
        match apply(base.as_bytes(), damaged.as_bytes()) {
            Ok(text) => prop_assert_eq!(&applied(&text, "<virtualizer/>"), &text),
            Err(error) => {
                let faults = error.document_error().faults();
                prop_assert!(!faults.is_empty());
                prop_assert!(faults.iter().all(|fault| fault.position.is_some()), "{}", error);
            }
        }
    }

    #[test]
    fn documents_of_any_shape_stay_documents(
        base in document_of_any_shape(true),
        diff in document_of_any_shape(true),
    ) {
        match apply(base.as_bytes(), diff.as_bytes()) {
            Ok(text) => prop_assert_eq!(&applied(&text, "<virtualizer/>"), &text),
            Err(error) => {
                let faults = error.document_error().faults();
                prop_assert!(faults.iter().all(|fault| fault.position.is_some()), "{}", error);
            }
        }
    }

    #[test]
    fn merging_twice_is_merging_once(
        base in document_of_any_shape(false),
        diff in document_of_any_shape(false),
    ) {
        if let Ok(text) = apply(base.as_bytes(), diff.as_bytes()) {
            prop_assert_eq!(&applied(&text, &diff), &text);
        }
    }
}
