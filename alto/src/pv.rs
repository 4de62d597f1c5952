//! Path vectors: `POST /costmap/pv`.
//!
//! One address, two questions. With `sg` the answer is the draft's (draft-brokermdo-00 §5.4.2): for
//! every link of a service graph all candidate path vectors. Without, it is RFC 9275's (§7.2): for
//! every pair of PIDs the shortest path vector. Both make two parts, a cost map and a property map of
//! the domains on the paths; [`PathVectors`] has them apart and as `multipart/related`.

mod parts;
mod pids;
mod service_graph;

use std::collections::BTreeSet;

use idt::DomainIndex;
use idt::search::Distances;
use nffg::json::{Cursor, FieldError};
use serde_json::Value;

pub(crate) use parts::Multipart;
pub use parts::PathVectors;
pub(crate) use pids::MAX_PAIRS;

use crate::ird::{COST_METRIC, COST_MODE};
use crate::json::Comma;
use crate::property_map::{Property, key, property_names};
use crate::{AltoError, Maps};

/// Answers a `ReqFilteredCostMap` with RFC 9275's `ane-property-names` or the draft's `sg`.
pub(crate) fn answer(
    maps: &Maps,
    request: &[u8],
    work: u64,
    distances: Option<&Distances>,
) -> Result<PathVectors, AltoError> {
    let request: Value = serde_json::from_slice(request)?;
    let request = Cursor::root(&request);
    check_offered(&request)?;
    check_cost_type(&request)?;
    let properties = match request.optional("ane-property-names")? {
        Some(list) => Some(property_names(&list)?),
        None => None,
    };
    match (request.optional("sg")?, request.optional("pids")?) {
        (Some(_), Some(pids)) => {
            let rule = "'sg' asks for the links of a service graph, 'pids' for pairs of PIDs: one of the two";
            Err(pids.invalid(rule).into())
        }
        (Some(sg), None) => service_graph::answer(maps, &sg, properties, work, distances),
        (None, pids) => {
            let properties = properties.unwrap_or_default();
            pids::answer(maps, pids.as_ref(), &properties, work, distances)
        }
    }
}

/// Refuses what other ALTO servers may offer and the directory does not: RFC 7285 §11.3.2.3 for
/// constraints, RFC 8189 §4.1.2 for multiple costs. RFC 8896's `calendared` is not among them: where
/// a cost type has no calendar it is to be ignored (§5.1.1 there).
fn check_offered(request: &Cursor<'_>) -> Result<(), FieldError> {
    const NOT_OFFERED: [(&str, &str); 4] = [
        (
            "multi-cost-types",
            "not offered: 'max-cost-types' is 0 (RFC 8189 4.1.1)",
        ),
        (
            "testable-cost-types",
            "not offered: no cost type is testable (RFC 9275 7.2.4)",
        ),
        (
            "constraints",
            "not offered: 'cost-constraints' is false (RFC 7285 11.3.2.3)",
        ),
        (
            "or-constraints",
            "not offered: 'cost-constraints' is false (RFC 8189 4.1.2)",
        ),
    ];
    for (name, rule) in NOT_OFFERED {
        if let Some(field) = request.optional(name)? {
            return Err(field.invalid(rule));
        }
    }
    Ok(())
}

/// There is one cost type: {`array`, `ane-path`} (RFC 9275 §6.5). Its `description`, if any, says
/// nothing to a server (RFC 7285 §11.3.2.3).
fn check_cost_type(request: &Cursor<'_>) -> Result<(), FieldError> {
    let cost_type = request.required("cost-type")?;
    for (name, value) in [("cost-mode", COST_MODE), ("cost-metric", COST_METRIC)] {
        let field = cost_type.required(name)?;
        if field.string()? != value {
            return Err(field.invalid(format_args!("'{value}' is the only one here")));
        }
    }
    Ok(())
}

/// The properties of the domains on the paths, as entities of `entity_domain`: one member for each,
/// `{}` where nothing is known (RFC 9275 §7.2.6).
fn property_map(
    maps: &Maps,
    entity_domain: &str,
    domains: BTreeSet<DomainIndex>,
    properties: &[Property],
) -> Vec<u8> {
    let graph = maps.idt().graph();
    let mut out = b"{".to_vec();
    let mut comma = Comma::default();
    for domain in domains {
        let id = graph.id(domain).as_str();
        comma.write(&mut out);
        key(&mut out, entity_domain, id);
        match maps.entities().get(id) {
            Some(entity) => entity.write(&mut out, properties),
            None => out.extend_from_slice(b"{}"),
        }
    }
    out.push(b'}');
    out
}
