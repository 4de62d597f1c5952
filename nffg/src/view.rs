//! The resource view of a domain: what its orchestrator is willing to show, as `get-config` tells it.

use crate::{Bandwidth, BisBisId, Delay, NfType, PortId, Resources, SapId};

/// A domain's resources, as one exporter document shows them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceView {
    /// The document's own id. It names the document, not always the domain.
    pub id: Option<String>,
    /// The document's name.
    pub name: Option<String>,
    /// The nodes, in the document's order; ids are unique.
    pub nodes: Vec<BisBis>,
    /// Links between nodes of this view.
    pub links: Vec<ViewLink>,
    /// What was tolerated, for people.
    pub warnings: Vec<Warning>,
}

/// One node of a view: a big switch with big software, or a plain switch or execution environment.
#[derive(Clone, Debug, PartialEq)]
pub struct BisBis {
    /// Unique within the view.
    pub id: BisBisId,
    /// A name for people.
    pub name: Option<String>,
    /// The type as told; `BiSBiS`, `SDN-SWITCH` and `EE` in this spelling, whatever the exporter's.
    pub node_type: Option<String>,
    /// What the node has.
    pub resources: Resources,
    /// The NF types that it can run, sorted, each once.
    pub supported: Vec<NfType>,
    /// The NFs that run there already.
    pub running: Vec<RunningNf>,
    /// Its ports; ids are unique within the node.
    pub ports: Vec<Port>,
    /// Links between ports of this node (delay and bandwidth across it).
    pub links: Vec<ViewLink>,
}

impl BisBis {
    /// A node of which nothing else is known.
    #[must_use]
    pub fn new(id: BisBisId) -> Self {
        Self {
            id,
            name: None,
            node_type: None,
            resources: Resources::default(),
            supported: Vec::new(),
            running: Vec::new(),
            ports: Vec::new(),
            links: Vec::new(),
        }
    }
}

/// A port of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// Unique within the node.
    pub id: PortId,
    /// A name for people.
    pub name: Option<String>,
    /// What the port is.
    pub kind: PortKind,
    /// Delay to what is behind the port, where told (`sap_data`).
    pub delay: Option<Delay>,
    /// Bandwidth to what is behind the port, where told (`sap_data`).
    pub bandwidth: Option<Bandwidth>,
}

impl Port {
    /// A port of which nothing else is known.
    #[must_use]
    pub const fn new(id: PortId, kind: PortKind) -> Self {
        Self {
            id,
            name: None,
            kind,
            delay: None,
            bandwidth: None,
        }
    }
}

/// What a port is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortKind {
    /// A service access point of this domain.
    Sap(SapId),
    /// A port that its exporter tags as inter-domain (`<sap>`): a domain that tags a port with the
    /// same id is directly connected to it.
    InterDomain(SapId),
    /// Neither: internal to the view.
    Internal,
}

/// An NF that runs on a node.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningNf {
    /// The instance's id.
    pub id: String,
    /// Its type, where told.
    pub nf_type: Option<NfType>,
    /// What it uses.
    pub resources: Resources,
}

/// A link between two ports of a view, one way.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewLink {
    /// The link's id, where told.
    pub id: Option<String>,
    /// Where it starts.
    pub src: ViewPortRef,
    /// Where it ends.
    pub dst: ViewPortRef,
    /// Its delay, where told.
    pub delay: Option<Delay>,
    /// Its bandwidth, where told.
    pub bandwidth: Option<Bandwidth>,
}

/// A port of a node of the same view.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewPortRef {
    /// The node.
    pub node: BisBisId,
    /// The port.
    pub port: PortId,
}

/// Something in a document that was tolerated rather than refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The line, counted from 1, where the format has lines.
    pub line: Option<u32>,
    /// The element or JSON path.
    pub path: String,
    /// What was found and what was done with it.
    pub text: String,
}

/// The node of a document that tells none: the name under which ESCAPE, too, tells a domain as a whole.
pub(crate) const SINGLE: &str = "SingleBiSBiS";

/// Exporters write `BisBis` and `BiSBiS`; the rest of us need not know.
pub(crate) fn usual_spelling(node_type: String) -> String {
    let known = ["BiSBiS", "SDN-SWITCH", "EE"];
    let usual = known
        .iter()
        .find(|known| known.eq_ignore_ascii_case(&node_type));
    usual.map_or(node_type, |usual| (*usual).to_owned())
}
