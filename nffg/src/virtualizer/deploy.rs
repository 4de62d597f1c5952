//! What runs on nodes and where traffic goes there, and the diffs that change it.
//!
//! A view tells the NFs that run ([`BisBis::running`](crate::BisBis)); the rules that steer traffic between ports and NFs
//! are entries of a node's `flowtable` (YANG module `virtualizer`, list `flowentry`), read here. [`Edit`] is what an
//! orchestrator is sent to change either: the body of `edit-config`.

use std::collections::BTreeMap;

use super::writer::Writer;
use super::xml::Element;
use crate::fault::Report;
use crate::number::{BARE_BANDWIDTH, BARE_DELAY};
use crate::reference::{self, id_text};
use crate::{Bandwidth, BisBisId, Delay, DocumentError, PortId, RunningNf, syntax};

/// A rule for traffic that comes in at one end and goes out at the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowEntry {
    /// Unique within the node.
    pub id: String,
    /// Where traffic comes in.
    pub port: FlowEnd,
    /// Which traffic: `dl_tag=...`; all of it without.
    pub matches: Option<String>,
    /// What is done to it: `push_tag:...`.
    pub action: Option<String>,
    /// Where it goes out.
    pub out: FlowEnd,
    /// What is to be carried.
    pub bandwidth: Option<Bandwidth>,
    /// What it may take.
    pub delay: Option<Delay>,
}

/// An end of a [`FlowEntry`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowEnd {
    /// A port of the node.
    Port(PortId),
    /// A port of an NF that runs there.
    Nf {
        /// The instance.
        instance: String,
        /// Its port.
        port: String,
    },
    /// A reference that means nothing here.
    Other(String),
}

impl FlowEnd {
    fn read(text: &str) -> Self {
        let other = || Self::Other(text.to_owned());
        if let Some((_, of_nf)) = text.split_once("NF_instances/") {
            return match reference::port(of_nf) {
                Some(reference::PortReference {
                    node: Some(node),
                    port,
                }) => Self::Nf {
                    instance: node.to_owned(),
                    port: port.to_owned(),
                },
                _ => other(),
            };
        }
        let port = reference::port(text).and_then(|found| found.port.parse().ok());
        port.map_or_else(other, Self::Port)
    }

    /// As a leafref from within a flow entry.
    fn text(&self) -> String {
        match self {
            Self::Port(port) => format!("../../../ports/port[id={}]", id_text(port.as_str())),
            Self::Nf { instance, port } => format!(
                "../../../NF_instances/node[id={}]/ports/port[id={}]",
                id_text(instance),
                id_text(port)
            ),
            Self::Other(text) => text.clone(),
        }
    }
}

/// The flow entries of a document, by node. Entries without an id or without an end, and those that are marked as
/// deleted, are left out; delays and bandwidths that are no numbers, too.
///
/// # Errors
/// The document is no Virtualizer XML.
pub fn flow_entries(bytes: &[u8]) -> Result<BTreeMap<BisBisId, Vec<FlowEntry>>, DocumentError> {
    let text = syntax::text(bytes).map_err(DocumentError::one)?;
    let document = super::parse(text)?;
    let (root, mut report) = (Element(document.root_element()), Report::default());
    let mut found = BTreeMap::new();
    if root.is_virtualizer(&mut report) {
        for node in root.list("nodes", "node", &mut report) {
            let Some(id) = node.leaf("id", &mut report) else {
                continue;
            };
            let Ok(id) = id.text.parse::<BisBisId>() else {
                continue;
            };
            let entries = node.list("flowtable", "flowentry", &mut report);
            let entries = entries.into_iter().filter_map(|of| read(of, &mut report));
            found.entry(id).or_insert_with(Vec::new).extend(entries);
        }
    }
    report.finish(Some(text))?;
    Ok(found)
}

fn read(element: Element<'_>, report: &mut Report) -> Option<FlowEntry> {
    let mut leaf = |of: Element<'_>, name| Some(of.leaf(name, report)?.text.into_owned());
    let (id, port, out) = (
        leaf(element, "id")?,
        leaf(element, "port")?,
        leaf(element, "out")?,
    );
    let (matches, action) = (leaf(element, "match"), leaf(element, "action"));
    let resources = element.children("resources").next();
    let mut of_resources = |name| leaf(resources?, name);
    let bandwidth = of_resources("bandwidth");
    let delay = of_resources("delay");
    Some(FlowEntry {
        id,
        port: FlowEnd::read(&port),
        matches,
        action,
        out: FlowEnd::read(&out),
        bandwidth: bandwidth.and_then(|text| Bandwidth::parse(&text, BARE_BANDWIDTH).ok()),
        delay: delay.and_then(|text| Delay::parse(&text, BARE_DELAY).ok()),
    })
}

/// What becomes of an entry of a list.
#[derive(Clone, Debug, PartialEq)]
pub enum EntryEdit<T> {
    /// It is made; there is none.
    Create(T),
    /// There is one, and it becomes this.
    Replace(T),
    /// The one with this id goes.
    Delete(String),
}

/// What is to change, by node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edit {
    /// The nodes on which something is to change.
    pub nodes: BTreeMap<BisBisId, NodeEdit>,
}

/// What is to change on a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeEdit {
    /// NFs, each with a port 1 for traffic in and a port 2 for traffic out ([`NF_PORTS`]).
    pub nfs: Vec<EntryEdit<RunningNf>>,
    /// Flow entries.
    pub flows: Vec<EntryEdit<FlowEntry>>,
}

/// The ports of an NF: where traffic comes in, and where it goes out.
pub const NF_PORTS: [&str; 2] = ["1", "2"];

impl Edit {
    /// Whether nothing is to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let is_empty = |node: &NodeEdit| node.nfs.is_empty() && node.flows.is_empty();
        self.nodes.values().all(is_empty)
    }
}

/// Writes a diff as the body of `edit-config`; [`apply`](super::edit::apply) understands it, as ESCAPE does.
#[must_use]
pub fn encode_edit(edit: &Edit) -> String {
    let mut writer = Writer::new();
    writer.element("virtualizer", |w| {
        w.element("nodes", |w| {
            for (id, node) in &edit.nodes {
                w.element("node", |w| {
                    w.leaf("id", id.as_str());
                    w.list("NF_instances", &node.nfs, |w, nf| {
                        entry(w, "node", nf, |w, nf| {
                            w.leaf("id", &nf.id);
                            w.optional("type", nf.nf_type.as_ref().map(AsRef::as_ref));
                            w.list("ports", &NF_PORTS, |w, port| {
                                w.element("port", |w| {
                                    w.leaf("id", port);
                                    w.leaf("port_type", "port-abstract");
                                });
                            });
                            w.resources(&nf.resources);
                        });
                    });
                    w.list("flowtable", &node.flows, |w, flow| {
                        entry(w, "flowentry", flow, |w, flow| {
                            w.leaf("id", &flow.id);
                            w.leaf("priority", "100");
                            w.leaf("port", &flow.port.text());
                            w.optional("match", flow.matches.as_deref());
                            w.optional("action", flow.action.as_deref());
                            w.leaf("out", &flow.out.text());
                            w.link_resources(flow.delay, flow.bandwidth);
                        });
                    });
                });
            }
        });
    });
    writer.out
}

fn entry<T>(
    w: &mut Writer,
    name: &str,
    edit: &EntryEdit<T>,
    content: impl FnOnce(&mut Writer, &T),
) {
    let (operation, of) = match edit {
        EntryEdit::Create(of) => ("create", Ok(of)),
        EntryEdit::Replace(of) => ("replace", Ok(of)),
        EntryEdit::Delete(id) => ("delete", Err(id)),
    };
    w.element_with(name, &format!(" operation=\"{operation}\""), |w| match of {
        Ok(of) => content(w, of),
        Err(id) => w.leaf("id", id),
    });
}
