//! Elements as a lenient reader wants them: the first of a name, a list of a name, trimmed texts, and
//! the XPath of an element for whoever has to find it again.

use std::borrow::Cow;
use std::fmt;

use roxmltree::Node;

use crate::fault::{Report, fault};

/// The namespace of NETCONF (RFC 6241 §3.1).
const NETCONF: &str = "urn:ietf:params:xml:ns:netconf:base:1.0";

/// An element, namespaces set aside: ESCAPE writes none, a YANG tool would write the module's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a>(pub(super) Node<'a, 'a>);

/// The text of an element that holds one.
#[derive(Clone, Debug)]
pub(super) struct Leaf<'a> {
    pub(super) element: Element<'a>,
    pub(super) text: Cow<'a, str>,
}

impl<'a> Element<'a> {
    pub(super) fn name(self) -> &'a str {
        self.0.tag_name().name()
    }

    /// Whether it is the root of a Virtualizer document; notes a fault if not.
    pub(super) fn is_virtualizer(self, report: &mut Report) -> bool {
        let name = self.name();
        if name != "virtualizer" {
            let rule = "the root element must be 'virtualizer'";
            self.fault(report, Some(name), rule);
        }
        name == "virtualizer"
    }

    pub(super) fn offset(self) -> usize {
        self.0.range().start
    }

    pub(super) fn elements(self) -> impl Iterator<Item = Self> {
        self.0.children().filter(Node::is_element).map(Self)
    }

    pub(super) fn children(self, name: &'static str) -> impl Iterator<Item = Self> {
        self.elements().filter(move |child| child.name() == name)
    }

    /// The child of this name. YANG has it once; of several the first counts, as with ESCAPE.
    pub(super) fn child(self, name: &'static str, report: &mut Report) -> Option<Self> {
        let mut children = self.children(name);
        let first = children.next()?;
        if let Some(second) = children.next() {
            second.warn(report, "the element is doubled; the first is read");
        }
        Some(first)
    }

    /// The elements `name` in the container of this name, but those that a diff deletes.
    pub(super) fn list(
        self,
        container: &'static str,
        name: &'static str,
        report: &mut Report,
    ) -> Vec<Self> {
        let Some(container) = self.child(container, report) else {
            return Vec::new();
        };
        let (deleted, kept): (Vec<_>, Vec<_>) = container
            .children(name)
            .partition(|child| child.is_deleted());
        for element in deleted {
            element.warn(report, "the entry is marked as deleted; it is left out");
        }
        kept
    }

    /// What its `operation` attributes say, with NETCONF's namespace or without any.
    pub(super) fn operations(self) -> impl Iterator<Item = &'a str> {
        let of_netconf = |namespace: Option<&str>| namespace.is_none_or(|of| of == NETCONF);
        self.0
            .attributes()
            .filter(move |of| of.name() == "operation" && of_netconf(of.namespace()))
            .map(|of| of.value().trim())
    }

    /// It is an entry that a diff deletes.
    pub(super) fn is_deleted(self) -> bool {
        self.operations()
            .any(|of| matches!(of, "delete" | "remove"))
    }

    /// The trimmed text of the child of this name; `None` if it is absent or empty.
    pub(super) fn leaf(self, name: &'static str, report: &mut Report) -> Option<Leaf<'a>> {
        let element = self.child(name, report)?;
        let text = element.text();
        (!text.is_empty()).then_some(Leaf { element, text })
    }

    /// Comments and CDATA sections cut a text in pieces.
    pub(super) fn text(self) -> Cow<'a, str> {
        let mut pieces = self
            .0
            .children()
            .filter(Node::is_text)
            .filter_map(|text| text.text());
        let first = pieces.next().unwrap_or_default();
        match pieces.next() {
            None => first.trim().into(),
            Some(second) => {
                let mut text = first.to_owned() + second;
                text.extend(pieces);
                text.trim().to_owned().into()
            }
        }
    }

    pub(super) fn fault(self, report: &mut Report, value: Option<&str>, rule: impl fmt::Display) {
        report.fault(self.offset(), || fault(self.path(), value, rule));
    }

    pub(super) fn warn(self, report: &mut Report, text: impl fmt::Display) {
        report.warn(self.offset(), || (self.path(), text.to_string()));
    }

    /// An XPath: `/virtualizer/nodes/node[2]/ports`, with an index where there are several.
    pub(super) fn path(self) -> String {
        let mut steps = Vec::new();
        let mut next = Some(self);
        while let Some(element) = next {
            let name = element.name();
            let siblings =
                |sibling: &Node<'_, '_>| sibling.is_element() && sibling.tag_name().name() == name;
            let before = element.0.prev_siblings().skip(1).filter(siblings).count();
            let after = element
                .0
                .next_siblings()
                .skip(1)
                .any(|sibling| siblings(&sibling));
            steps.push(if before > 0 || after {
                format!("/{name}[{}]", before + 1)
            } else {
                format!("/{name}")
            });
            next = element.0.parent_element().map(Self);
        }
        steps.reverse();
        steps.concat()
    }
}

impl Leaf<'_> {
    pub(super) fn fault(&self, report: &mut Report, rule: impl fmt::Display) {
        self.element.fault(report, Some(&self.text), rule);
    }
}
