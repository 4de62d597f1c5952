//! Resource views as NFFG JSON, ESCAPE's own form: its topology files, and what its interfaces return where
//! `unify_interface` is off. The same form carries service graphs, which [`crate::escape`] reads.
//!
//! | member | becomes |
//! |---|---|
//! | `parameters/{id,name}` | [`ResourceView::id`], [`ResourceView::name`] |
//! | `node_infras` | [`BisBis`](crate::BisBis), `type` without regard to case |
//! | `node_infras[]/resources/{cpu,mem,storage}` | numbers or texts, with or without unit |
//! | `node_infras[]/supported` | supported NF types |
//! | `node_infras[]/ports` | [`Port`](crate::Port), see below |
//! | `node_infras[]/delay_matrix` | links across a node: delays by port and port |
//! | `node_nfs` that a link joins to a node | running NFs of that node |
//! | `node_saps` that a link joins to a port | make the port a service access point or a border |
//! | `edge_links` between nodes | links between nodes, one way each |
//!
//! Lists that are absent or `null` are empty, ids are strings or numbers, and everything else is ignored:
//! service graphs mapped onto the view, flow rules, constraints. So is `domain`, the technology that a node
//! belongs to: a node's id is unique without it, since ESCAPE makes it `id@DOMAIN` where it is not.
//!
//! **Ports.** A port that has a `sap`, as member or as `property`, or that a link joins to a SAP whose port
//! has one, is an end of an inter-domain link, as in [`crate::virtualizer`]. So is one whose `property` says
//! `"type": "inter-domain"`, which then has the id of the SAP at it. A port with another SAP at it is that
//! service access point; its name is the SAP's id. `sap_data` counts at the port, else at the SAP's port. The
//! ports that NFs are joined to are left out: ESCAPE makes them as it deploys.
//!
//! **Numbers.** A bare `delay` is in milliseconds and a bare `bandwidth` in Mbit/s. The `delay` and
//! `bandwidth` among a node's `resources` are of no particular port and not read.
//!
//! **What is tolerated,** each with a [`Warning`](crate::Warning): links that end at unknown nodes or ports or
//! where they start, SAPs at no port, a second SAP at a port, borders without a SAP, NFs without an id, delays
//! and bandwidths that are no numbers; all these are left out.
//!
//! **What is refused** is told whole (see [`DocumentError`](crate::DocumentError)): nodes, ports and SAPs
//! without an id or with one that is taken, cpu, memory and storage that are no numbers, members of other
//! types, a service graph without a node.

mod links;
mod ports;
mod reader;

use crate::ResourceView;
use crate::fault::Report;
use crate::json::Cursor;

/// The members by which the form is known.
pub(crate) const MEMBERS: [&str; 6] = [
    "node_infras",
    "node_saps",
    "node_nfs",
    "edge_links",
    "edge_sg_nexthops",
    "parameters",
];

/// The most nodes of a view.
pub const MAX_NODES: usize = 10_000;

/// The most ports of a view, over all nodes; as many SAPs, and as many ports of theirs.
pub const MAX_PORTS: usize = 100_000;

/// The most NFs of a view.
pub const MAX_NFS: usize = 100_000;

/// The most links of a view, and the most delays of all delay matrices.
pub const MAX_LINKS: usize = 200_000;

/// Reads the view of a document.
pub(crate) fn read(root: &Cursor<'_>, report: &mut Report) -> ResourceView {
    reader::read(root, report)
}
