//! Either form of a service graph: the draft's or ESCAPE's NFFG, told apart by their members.

use crate::json::{Cursor, FieldError};
use crate::{ServiceGraph, draft, escape};

/// Reads a service graph in the draft's form (`nfs`, `saps`, `sg_links`, `reqs`) or as ESCAPE NFFG
/// (`node_nfs`, `node_saps`, `edge_sg_nexthops`, `edge_reqs`).
///
/// # Errors
/// The first fault found, with the field's path below the cursor's.
pub fn decode_service_graph(sg: &Cursor<'_>) -> Result<ServiceGraph, FieldError> {
    let members = sg.object()?;
    let is_escape = escape::MEMBERS.iter().any(|name| members.contains_key(*name));
    if is_escape && !draft::MEMBERS.iter().any(|name| members.contains_key(*name)) {
        escape::decode(sg)
    } else {
        draft::decode(sg)
    }
}
