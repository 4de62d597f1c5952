//! Path vectors between PIDs (RFC 9275 §7.2).

use std::collections::BTreeSet;

use idt::DomainIndex;
use idt::search::{Budget, Distances, Metric, PathStream, Rules};
use nffg::DomainId;
use nffg::json::Cursor;
use serde_json::{Map, json};

use super::{PathVectors, property_map};
use crate::json::Comma;
use crate::network_map::NetworkMap;
use crate::property_map::{ANE_DOMAIN, Property};
use crate::{AltoError, Maps};

/// Pairs of one request, at most: all against all in a federation of 256 domains. A partial answer
/// would look like a network without these paths, so that more is an error.
pub(crate) const MAX_PAIRS: usize = 65_536;

/// Answers for pairs of PIDs. Each cost is one array of ANE names, the path with the fewest domains.
/// A pair without a path is left out (RFC 7285 §11.2.3.6).
pub(super) fn answer(
    maps: &Maps,
    pids: Option<&Cursor<'_>>,
    properties: &[Property],
    work: u64,
    distances: Option<&Distances>,
) -> Result<PathVectors, AltoError> {
    let network = maps.network();
    let (sources, destinations) = match pids {
        Some(pids) => (side(pids, "srcs", network)?, side(pids, "dsts", network)?),
        None => (network.domains().collect(), network.domains().collect()),
    };
    let pairs = sources.len().saturating_mul(destinations.len());
    if pairs > MAX_PAIRS {
        let asked = format!("{} x {}", sources.len(), destinations.len());
        let rule =
            format!("at most {MAX_PAIRS} pairs of PIDs in one request; ask for some of them");
        return Err(AltoError::invalid("pids", &asked, rule));
    }

    let graph = maps.idt().graph();
    let (net, rules) = (graph.net(), Rules::default());
    let mut budget = Budget::new(work);
    let mut cut_pairs = 0_u64;
    let mut passed: BTreeSet<DomainIndex> = BTreeSet::new();
    let mut costs = b"{".to_vec();
    let mut rows = Comma::default();
    let index = |ids: Vec<&DomainId>| -> Vec<DomainIndex> {
        ids.into_iter().filter_map(|id| graph.index(id)).collect()
    };
    let destinations = index(destinations);
    for source in index(sources) {
        let mut row = Vec::new();
        let mut cells = Comma::default();
        for destination in &destinations {
            // The graph numbers its domains by `u32`.
            let ends = (source.as_usize() as u32, destination.as_usize() as u32);
            // No pair costs nothing.
            if budget.spend(1).is_err() {
                cut_pairs += 1;
                continue;
            }
            let (by, most) = (Metric::Hops, usize::MAX);
            let mut paths = match distances {
                Some(known) => PathStream::with_distances(known, by, &rules, ends, most, budget),
                None => PathStream::new(net, by, &rules, ends, most, budget),
            };
            let path: Option<Vec<DomainIndex>> = match paths.advance() {
                Some(Ok((path, _))) => {
                    let index = |domain: &u32| graph.index_of(*domain);
                    Some(path.iter().filter_map(index).collect())
                }
                Some(Err(_)) => {
                    cut_pairs += 1;
                    None
                }
                None => None,
            };
            budget = paths.into_budget();
            let Some(path) = path else {
                continue;
            };
            cells.write(&mut row);
            crate::json::string(&mut row, graph.id(*destination).as_str());
            row.push(b':');
            crate::json::strings(
                &mut row,
                path.iter().map(|domain| graph.id(*domain).as_str()),
            );
            passed.extend(path);
        }
        if !row.is_empty() {
            rows.write(&mut costs);
            crate::json::string(&mut costs, graph.id(source).as_str());
            costs.extend_from_slice(b":{");
            costs.extend_from_slice(&row);
            costs.push(b'}');
        }
    }
    costs.push(b'}');

    let props = property_map(maps, ANE_DOMAIN, passed, properties);
    let mut cuts = Map::new();
    if cut_pairs > 0 {
        cuts.insert(
            "work".to_owned(),
            json!({ "cap": work, "pairs": cut_pairs }),
        );
    }
    Ok(PathVectors::new(maps, &costs, &props, &cuts, cut_pairs > 0))
}

/// One list of a `PIDFilter` (RFC 7285 §11.3.2.3): required; empty is all; what is not a PID of the
/// map is ignored; repetitions collapse.
fn side<'a>(
    pids: &Cursor<'_>,
    name: &'static str,
    network: &'a NetworkMap,
) -> Result<Vec<&'a DomainId>, AltoError> {
    let list = pids.required(name)?.array()?;
    if list.len() == 0 {
        return Ok(network.domains().collect());
    }
    let mut wanted = BTreeSet::new();
    for element in list {
        wanted.insert(element.string()?);
    }
    Ok(wanted
        .into_iter()
        .filter_map(|pid| network.domain(pid))
        .collect())
}
