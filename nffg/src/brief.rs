//! A domain in brief: what an operator writes by hand where no exporter is at hand. The properties of the
//! draft's property map (draft-lachosrothenberg-alto-brokermdo-00 §5.5.1), and beside them what the maps need
//! of topology.
//!
//! ```yaml
//! entry-point: http://192.0.2.1:8888/escape
//! cpu: 50
//! mem: 60 GB
//! storage: 70 TB
//! port: [SAP1]
//! nf: [NF1, NF3]
//! prefixes: [198.51.100.0/24]
//! neighbours:
//!   - domain: AS2
//!     delay: 3 ms
//!     bandwidth: 10 Gbit/s
//! ```
//!
//! | member | becomes |
//! |---|---|
//! | `entry-point` | [`TopologyNode::entry_point`](crate::TopologyNode) |
//! | `cpu`, `mem`, `storage` | the resources of one node, which is named as the domain |
//! | `port` | service access points of that node |
//! | `nf` | its supported NF types |
//! | `prefixes` | prefixes of the domain |
//! | `neighbours` (or `neighbors`) | a link to another domain for each entry |
//! | `windows` | a [`Window`](crate::Window) for each entry |
//!
//! All are optional, and `null` is absent. A list of one may be written without brackets, and a value as a list
//! of one, as the draft's examples have it both ways. In place of the first six members there may be a whole
//! `property-map` (and its `meta`), as the draft prints it; the entry of the exporting domain counts, be it
//! `pid:AS1` or `networkmap.pid:AS1` (RFC 9240 §6.2).
//!
//! **Neighbours.** An entry is a domain or has these members: `domain`; `delay`, a bare number in
//! milliseconds; `bandwidth`, a bare number in Mbit/s; what is
//! measured beside them (`delay-min`, `delay-max`, `delay-variation`, `loss`, `residual-bandwidth`,
//! `available-bandwidth`), in the same units, a loss in percent; `router` and `remote-router`, the routers at this end
//! and the other, else named as the domains are, so that two domains that leave them out name the link
//! alike; `sap`, the id of the border port, which the neighbour's resource view has too. Several
//! entries with one domain are parallel links. Only what leads out is told; the neighbour tells the way back.
//!
//! Without `neighbours` the view is silent on links, with an empty list it says that there are none.
//!
//! **Windows.** An entry says of the links to a `neighbour`, or of all, that from `start` until `end` they are
//! out of service (`maintenance`) or have another `bandwidth` or `delay`; `router` and `remote-router` tell
//! parallel links apart. Times are those of RFC 3339.
//!
//! **What is tolerated,** each with a [`Warning`](crate::Warning): prefixes with host bits (masked off), ports
//! told twice, ports that are a neighbour's `sap` too (taken as borders).
//!
//! **What is refused** is told whole (see [`DocumentError`](crate::DocumentError)): members of other names,
//! since a misspelt one would be lost, and every value that cannot be read.

mod reader;
mod windows;

use serde_json::{Map, Value};

use crate::DomainId;
use crate::export::Parts;
use crate::fault::Report;
use crate::json::Cursor;

/// The most entries of a list.
pub const MAX_ENTRIES: usize = 100_000;

const ENTRY_POINT: &str = "entry-point";
const PORT: &str = "port";
const NF: &str = "nf";
const PROPERTY_MAP: &str = "property-map";
const META: &str = "meta";
const PREFIXES: &str = "prefixes";
const NEIGHBOURS: &str = "neighbours";
const NEIGHBORS: &str = "neighbors";
const WINDOWS: &str = "windows";

/// The members of the draft's property map.
const PROPERTIES: [&str; 6] = [ENTRY_POINT, "cpu", "mem", "storage", PORT, NF];

/// The members beside them.
const BESIDE: [&str; 4] = [PREFIXES, NEIGHBOURS, NEIGHBORS, WINDOWS];

/// Reads the views of a document of `domain`.
pub(crate) fn read(root: &Cursor<'_>, domain: &DomainId, report: &mut Report) -> Parts {
    reader::read(root, domain, report)
}

/// Whether a document with these members is one of this format.
pub(crate) fn is_known_by(members: &Map<String, Value>) -> bool {
    let mut names = PROPERTIES.iter().chain(&BESIDE).chain([&PROPERTY_MAP]);
    names.any(|name| members.contains_key(*name))
}
