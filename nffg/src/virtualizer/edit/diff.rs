//! A diff as a tree of changes, before it is known what it is for.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::fault::Report;
use crate::virtualizer::xml::Element;

/// What is to become of an element (RFC 6241 §7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Merge,
    Replace,
    Create,
    Delete,
    Remove,
}

/// An element of a diff.
pub(super) struct Change<'a> {
    pub(super) element: Element<'a>,
    /// Its own, or what it inherits.
    pub(super) operation: Operation,
    /// Of an entry of a list.
    pub(super) key: Option<Key<'a>>,
    pub(super) content: Content<'a>,
}

/// The leaf that tells the entries of a list apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key<'a> {
    pub(super) leaf: &'static str,
    pub(super) value: Cow<'a, str>,
}

pub(super) enum Content<'a> {
    Text(Cow<'a, str>),
    /// Without the key.
    Elements(Vec<Change<'a>>),
}

/// The key's leaf, if elements of this name below that parent are entries of a list.
fn key_leaf(parent: &str, name: &str) -> Option<&'static str> {
    match (parent, name) {
        (_, "metadata") => Some("key"),
        ("nodes" | "NF_instances" | "supported_NFs", "node")
        | ("ports", "port")
        | ("links", "link")
        | ("flowtable", "flowentry")
        | ("addresses", "l3")
        | ("constraints", "affinity" | "antiaffinity" | "variable" | "constraint") => Some("id"),
        _ => None,
    }
}

/// Whether an element of this name holds elements, even if it is empty.
fn is_container(name: &str) -> bool {
    matches!(
        name,
        "virtualizer"
            | "nodes"
            | "ports"
            | "links"
            | "resources"
            | "sap_data"
            | "control"
            | "addresses"
            | "constraints"
            | "NF_instances"
            | "capabilities"
            | "supported_NFs"
            | "flowtable"
    )
}

/// The key of an entry; `None` if the element is no entry or has no key.
pub(super) fn key<'a>(parent: &str, element: Element<'a>) -> Option<Key<'a>> {
    let leaf = key_leaf(parent, element.name())?;
    let value = element.children(leaf).next()?.text();
    (!value.is_empty()).then_some(Key { leaf, value })
}

/// Reads a diff. `None` only with a fault.
pub(super) fn read<'a>(root: roxmltree::Node<'a, 'a>, report: &mut Report) -> Option<Change<'a>> {
    let root = Element(root);
    root.is_virtualizer(report).then(|| {
        let above = Above {
            name: "",
            operation: Operation::Merge,
            merged: true,
        };
        change(root, above, report)
    })
}

/// What an element of the diff is in.
#[derive(Clone, Copy)]
struct Above<'a> {
    name: &'a str,
    operation: Operation,
    /// All of these are merged. Below what is created or replaced nothing has to be found, so that keys
    /// may lack there and elements may be doubled, as in any document.
    merged: bool,
}

fn change<'a>(element: Element<'a>, above: Above<'a>, report: &mut Report) -> Change<'a> {
    let operation = operation(element, report).unwrap_or(above.operation);
    let name = element.name();
    let key = key(above.name, element);
    if let (None, true, Some(leaf)) = (&key, above.merged, key_leaf(above.name, name)) {
        let rule = format!("the {name} has no {leaf}, which tells it from others");
        element.fault(report, None, rule);
    }
    let mut elements = element.elements().peekable();
    let text = element.text();
    let content = if elements.peek().is_none() && !is_container(name) {
        Content::Text(text)
    } else {
        if !text.is_empty() {
            element.fault(report, Some(&text), "here are elements only, no text");
        }
        let merged = above.merged && operation == Operation::Merge;
        let within = Above {
            name,
            operation,
            merged,
        };
        let key = key.as_ref().map(|key| key.leaf);
        Content::Elements(changes(elements, key, within, report))
    };
    Change {
        element,
        operation,
        key,
        content,
    }
}

/// The changes within an element, but for its key.
fn changes<'a>(
    elements: impl Iterator<Item = Element<'a>>,
    key: Option<&'static str>,
    above: Above<'a>,
    report: &mut Report,
) -> Vec<Change<'a>> {
    let mut changes = Vec::new();
    let mut told = HashSet::new();
    for element in elements {
        let change = change(element, above, report);
        let name = element.name();
        let found = change.key.is_some() || key_leaf(above.name, name).is_none();
        if above.merged && found && !told.insert((name, change.key.clone())) {
            let value = change.key.as_ref().map(|key| &*key.value);
            element.fault(report, value, "the diff tells this element twice");
        } else if Some(name) != key {
            changes.push(change);
        } else if element.is_deleted() {
            let rule = "an entry's key cannot be deleted, only the entry";
            element.fault(report, None, rule);
        }
    }
    changes
}

/// What an element says itself. What is no operation is noted.
fn operation(element: Element<'_>, report: &mut Report) -> Option<Operation> {
    let mut said = None;
    for text in element.operations() {
        let operation = match text {
            "merge" => Operation::Merge,
            "replace" => Operation::Replace,
            "create" => Operation::Create,
            "delete" => Operation::Delete,
            "remove" => Operation::Remove,
            _ => {
                let rule = "an operation is one of merge, replace, create, delete, remove";
                element.fault(report, Some(text), rule);
                continue;
            }
        };
        if said.is_some_and(|said| said != operation) {
            element.fault(report, Some(text), "the element says two operations");
        }
        said = Some(operation);
    }
    said
}
