//! References between elements, as the Virtualizer's XML and netphony's JSON both write them:
//! `../../../ports/port[id=X]`, `/nodes/node[id=D]/ports/port[id=R]`.
//!
//! The form is a YANG leafref in words. It has no escape: an id that contains `]/` cannot be told.
//! How many `..` lead up is not looked at, since exporters do not agree on it.

use std::borrow::Cow;

/// A reference to a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PortReference<'a> {
    /// The node's id; `None` in a reference from within the node.
    pub(crate) node: Option<&'a str>,
    /// The port's id.
    pub(crate) port: &'a str,
}

/// Reads a reference to a port of a node; `None` if the text is anything else, such as a reference
/// to a port of an NF.
pub(crate) fn port(text: &str) -> Option<PortReference<'_>> {
    let mut node = None;
    let mut port = None;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, id, tail) = segment(rest);
        rest = tail;
        match (name, id) {
            ("node", Some(id)) if node.is_none() && port.is_none() => node = Some(id),
            ("port", Some(id)) if port.is_none() => port = Some(id),
            ("virtualizer", Some(_)) if node.is_none() && port.is_none() => {}
            ("" | "." | ".." | "nodes" | "ports" | "virtualizer", None) if port.is_none() => {}
            _ => return None,
        }
    }
    Some(PortReference { node, port: port? })
}

/// Splits off the first segment: its name, its id, and what comes after the `/` behind it.
fn segment(text: &str) -> (&str, Option<&str>, &str) {
    for name in ["node", "port", "virtualizer"] {
        let Some(id) = text
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix("[id="))
        else {
            continue;
        };
        if let Some((id, tail)) = id.split_once("]/") {
            return (name, Some(unquoted(id)), tail);
        }
        if let Some(id) = id.strip_suffix(']') {
            return (name, Some(unquoted(id)), "");
        }
    }
    let (name, tail) = text.split_once('/').unwrap_or((text, ""));
    (name, None, tail)
}

/// An id as it stands in a reference. Only one that looks quoted is quoted.
pub(crate) fn id_text(id: &str) -> Cow<'_, str> {
    if unquoted(id) == id {
        id.into()
    } else if id.starts_with('"') {
        format!("'{id}'").into()
    } else {
        format!("\"{id}\"").into()
    }
}

/// XPath would quote the id; ESCAPE and netphony do not.
fn unquoted(id: &str) -> &str {
    let id = id.trim();
    ['\'', '"']
        .iter()
        .find_map(|quote| id.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(Option<&str>, &str)> {
        port(text).map(|reference| (reference.node, reference.port))
    }

    #[test]
    fn references_of_the_wild() {
        assert_eq!(
            read("../../../ports/port[id=port-SAP1]"),
            Some((None, "port-SAP1"))
        );
        let read_both = Some((Some("DOCKER@x"), "eth0/1"));
        assert_eq!(
            read(" ../../../nodes/node[id=DOCKER@x]/ports/port[id=eth0/1]"),
            read_both
        );
        assert_eq!(
            read("/virtualizer/nodes/node[id=DOCKER@x]/ports/port[id=eth0/1]\n"),
            read_both
        );
        assert_eq!(
            read("/nodes/node[id='DOCKER@x']/ports/port[id=\"eth0/1\"]"),
            read_both
        );
        assert_eq!(
            read("/nodes/node[id=a]]/ports/port[id=b]]"),
            Some((Some("a]"), "b]"))
        );
    }

    #[test]
    fn ids_are_quoted_only_where_they_look_quoted() {
        for (id, text) in [
            ("a", "a"),
            ("'a", "'a"),
            ("'a'", "\"'a'\""),
            ("\"a\"", "'\"a\"'"),
        ] {
            assert_eq!(id_text(id), text);
            assert_eq!(read(&format!("/ports/port[id={text}]")), Some((None, id)));
        }
    }

    #[test]
    fn what_refers_to_no_port_of_a_node_is_nothing() {
        for text in [
            "",
            "/",
            "../../../ports",
            "port[id=x",
            "/nodes/node[id=x]",
            "../../../NF_instances/node[id=nf1]/ports/port[id=1]",
            "/nodes/node[id=x]/ports/port[id=1]/sap",
            "/nodes/node[id=x]/node[id=y]/ports/port[id=1]",
            "/ports/port[id=1]/nodes/node[id=x]",
            "http://example.net/ports/port[id=1]",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
