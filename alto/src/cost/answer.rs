//! Filtered cost maps (RFC 7285 §11.3.2) and endpoint costs (§11.5), each with one cost or several
//! (RFC 8189).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::rc::Rc;

use bytes::Bytes;
use idt::search::Budget;
use nffg::json::Cursor;
use serde_json::Value;

use super::measure::{Measure, NONE};
use super::query::Query;
use super::{CostType, Mode, tolerance};
use crate::endpoint::Endpoint;
use crate::json::{self, Comma};
use crate::property_map::dependent_vtags;
use crate::service::{Refused, Service};
use crate::{AltoError, uri};

/// Answers a `ReqFilteredCostMap`.
pub(crate) fn filtered_cost_map(
    service: &Service,
    request: &[u8],
    work: u64,
) -> Result<Bytes, Refused> {
    let request: Value = serde_json::from_slice(request).map_err(AltoError::from)?;
    let request = Cursor::root(&request);
    let query = Query::read(&request).map_err(AltoError::from)?;
    let graph = service.maps().idt().graph();
    let (from, to) = match request.optional("pids").map_err(AltoError::from)? {
        Some(pids) => (side(service, &pids, "srcs")?, side(service, &pids, "dsts")?),
        None => {
            let all: Vec<u32> = (0..graph.len() as u32).collect();
            (all.clone(), all)
        }
    };
    let limit = service.maps().config().limits.pairs;
    let asked = format!("{} x {}", from.len(), to.len());
    if from.len().saturating_mul(to.len()) > limit {
        let rule = format!("at most {limit} pairs of PIDs in one request ('max-pairs')");
        return Err(AltoError::invalid("pids", &asked, rule).into());
    }
    let costs = Costs::find(service, &query, &from, &to, work).map_err(|refused| {
        refused.or_error(
            "pids",
            &asked,
            "more work than one request may cost; ask for some of them",
        )
    })?;

    let mut out = Vec::with_capacity(512 + from.len() * to.len() * 16);
    out.extend_from_slice(b"{\"meta\":{");
    dependent_vtags(
        &mut out,
        uri::id::NETWORK_MAP,
        &service.maps().network_map().tag,
    );
    out.push(b',');
    meta(&mut out, &query);
    out.extend_from_slice(b"},\"cost-map\":{");
    // A domain id needs no escape in JSON.
    let keys = |points: &[u32]| -> Vec<String> {
        let ids = points.iter().filter_map(|point| graph.index_of(*point));
        ids.map(|index| format!("\"{}\":", graph.id(index)))
            .collect()
    };
    let cells = |points: usize| (0..points).collect::<Vec<usize>>();
    write(
        &mut out,
        &query,
        &costs,
        (&keys(&from), &cells(from.len())),
        (&keys(&to), &cells(to.len())),
    );
    out.extend_from_slice(b"}}");
    Ok(out.into())
}

/// One list of a `PIDFilter` (RFC 7285 §11.3.2.3), as points of the net: required; empty is all; what
/// is no PID of the map is ignored; repetitions collapse. A PID that is in no topology has no costs.
fn side(service: &Service, pids: &Cursor<'_>, name: &'static str) -> Result<Vec<u32>, AltoError> {
    let graph = service.maps().idt().graph();
    let list = pids.required(name)?.array()?;
    if list.len() == 0 {
        return Ok((0..graph.len() as u32).collect());
    }
    let mut wanted = BTreeSet::new();
    for element in list {
        let name = element.string()?;
        // A PID is written as its domain is, and not in another spelling of it.
        wanted.extend(
            graph
                .ids()
                .binary_search_by(|id| id.as_str().cmp(name))
                .ok(),
        );
    }
    Ok(wanted.into_iter().map(|point| point as u32).collect())
}

/// Answers a `ReqEndpointCostMap` of a client at this address.
pub(crate) fn endpoint_costs(
    service: &Service,
    request: &[u8],
    client: Option<IpAddr>,
    work: u64,
) -> Result<Bytes, Refused> {
    let request: Value = serde_json::from_slice(request).map_err(AltoError::from)?;
    let request = tolerance::with_endpoints(request).map_err(AltoError::from)?;
    let request = Cursor::root(&request);
    let query = Query::read(&request).map_err(AltoError::from)?;
    let filter = request.required("endpoints").map_err(AltoError::from)?;
    let limits = &service.maps().config().limits;
    let mut sides = [Vec::new(), Vec::new()];
    for (side, name) in sides.iter_mut().zip(["srcs", "dsts"]) {
        if let Some(list) = filter.optional(name).map_err(AltoError::from)? {
            *side = Endpoint::list(&list, limits.endpoints)?;
        }
    }
    let [from, to] = &mut sides;
    match (from.is_empty(), to.is_empty(), client) {
        (true, true, _) => {
            let rule = "'srcs' and 'dsts' must not both be empty (RFC 7285 11.5.1.3)";
            return Err(AltoError::from(filter.invalid(rule)).into());
        }
        (false, false, _) => {}
        (no_sources, _, Some(client)) => {
            let side = if no_sources { from } else { to };
            side.push(Endpoint::of(client));
        }
        (_, _, None) => {
            let rule = "both lists are needed: the address of the client is not known";
            return Err(AltoError::from(filter.invalid(rule)).into());
        }
    }
    let [from, to] = sides;
    let asked = format!("{} x {}", from.len(), to.len());
    if from.len().saturating_mul(to.len()) > limits.pairs {
        let rule = format!(
            "at most {} pairs of endpoints in one request ('max-pairs')",
            limits.pairs
        );
        return Err(AltoError::invalid("endpoints", &asked, rule).into());
    }
    let too_much = |refused: Refused| {
        let rule = "more work than one request may cost; ask for some of them";
        refused.or_error("endpoints", &asked, rule)
    };
    let mut budget = Budget::new(work);
    let from = Placed::of(service, from, &mut budget).map_err(too_much)?;
    let to = Placed::of(service, to, &mut budget).map_err(too_much)?;
    let costs =
        Costs::find(service, &query, &from.points, &to.points, budget.left()).map_err(too_much)?;

    let mut out = Vec::with_capacity(512 + from.keys.len() * to.keys.len() * 32);
    out.extend_from_slice(b"{\"meta\":{");
    meta(&mut out, &query);
    out.extend_from_slice(b"},\"endpoint-cost-map\":{");
    write(
        &mut out,
        &query,
        &costs,
        (&from.keys, &from.cells),
        (&to.keys, &to.cells),
    );
    out.extend_from_slice(b"}}");
    Ok(tolerance::with_vtag(out, uri::id::ENDPOINT_COSTS))
}

/// Endpoints that are in a domain of the topology; others have no costs.
#[derive(Default)]
struct Placed {
    /// The distinct domains.
    points: Vec<u32>,
    /// Of each endpoint its name as a member, and the position of its domain in `points`.
    keys: Vec<String>,
    cells: Vec<usize>,
}

impl Placed {
    fn of(
        service: &Service,
        endpoints: Vec<Endpoint>,
        budget: &mut Budget,
    ) -> Result<Self, Refused> {
        let locator = service.maps().network().locator(budget)?;
        let graph = service.maps().idt().graph();
        let mut placed = Self::default();
        let mut known: BTreeMap<u32, Option<usize>> = BTreeMap::new();
        for endpoint in endpoints {
            let Some(member) = locator.member(endpoint.address) else {
                continue;
            };
            let cell = *known.entry(member).or_insert_with(|| {
                let id = service.maps().network().member(member)?;
                placed.points.push(graph.index(id)?.as_usize() as u32);
                Some(placed.points.len() - 1)
            });
            if let Some(cell) = cell {
                // An address needs no escape in JSON.
                placed.keys.push(format!("\"{}\":", endpoint.text));
                placed.cells.push(cell);
            }
        }
        Ok(placed)
    }
}

/// The members of `meta` that say which costs these are. The cost type of an answer with several is an
/// empty object (RFC 8189 §4.1.3).
fn meta(out: &mut Vec<u8>, query: &Query<'_>) {
    out.extend_from_slice(b"\"cost-type\":");
    match (query.multi, query.costs.first()) {
        (None, Some(cost_type)) => out.extend_from_slice(cost_type.told().to_string().as_bytes()),
        (multi, _) => {
            out.extend_from_slice(b"{}");
            if let Some(multi) = multi {
                out.extend_from_slice(b",\"multi-cost-types\":");
                out.extend_from_slice(multi.to_string().as_bytes());
            }
        }
    }
}

/// The costs of all pairs of an answer.
struct Costs {
    columns: usize,
    /// By cost type, each once: its amounts, and if it is ordinal its ranks.
    tables: Vec<(&'static CostType, Table)>,
}

struct Table {
    measure: Measure,
    amounts: Rc<Vec<u64>>,
    /// The amounts that there are, the best first, as [`Measure::badness`]; empty if not ordinal.
    ranks: Vec<u64>,
}

impl Table {
    fn amount(&self, at: usize) -> Option<u64> {
        self.amounts
            .get(at)
            .copied()
            .filter(|amount| *amount != NONE)
    }

    /// The rank among all pairs that are asked for, passed or not (RFC 7285 §6.2).
    fn rank(&self, amount: u64) -> u64 {
        rank(self.measure, &self.ranks, amount)
    }

    fn cost(&self, at: usize) -> Option<f64> {
        let amount = self.amount(at)?;
        #[expect(
            clippy::cast_precision_loss,
            reason = "there are fewer pairs than 2^53"
        )]
        Some(if self.ranks.is_empty() {
            self.measure.cost(amount)
        } else {
            self.rank(amount) as f64
        })
    }

    fn write(&self, out: &mut Vec<u8>, amount: u64) {
        if self.ranks.is_empty() {
            json::fraction(out, amount, self.measure.per_unit());
        } else {
            json::number(out, self.rank(amount));
        }
    }
}

impl Costs {
    fn find(
        service: &Service,
        query: &Query<'_>,
        from: &[u32],
        to: &[u32],
        work: u64,
    ) -> Result<Self, Refused> {
        let mut budget = Budget::new(work);
        let mut found: BTreeMap<Measure, Rc<Vec<u64>>> = BTreeMap::new();
        let mut tables = Vec::new();
        for cost_type in query.needed() {
            let measure = cost_type.metric.measure;
            let amounts = match found.get(&measure) {
                Some(amounts) => Rc::clone(amounts),
                None => {
                    let amounts = service.amounts(measure, from, to, &mut budget)?;
                    let amounts = Rc::new(amounts);
                    found.insert(measure, Rc::clone(&amounts));
                    amounts
                }
            };
            let ranks = match cost_type.mode {
                Mode::Numerical => Vec::new(),
                Mode::Ordinal => ranks(measure, &amounts),
            };
            let table = Table {
                measure,
                amounts,
                ranks,
            };
            tables.push((cost_type, table));
        }
        Ok(Self {
            columns: to.len(),
            tables,
        })
    }

    fn table(&self, cost_type: &'static CostType) -> Option<&Table> {
        let of = |(other, _): &&(&'static CostType, Table)| std::ptr::eq(*other, cost_type);
        self.tables.iter().find(of).map(|(_, table)| table)
    }
}

/// The distinct amounts, the best first.
pub(super) fn ranks(measure: Measure, amounts: &[u64]) -> Vec<u64> {
    let defined = amounts.iter().filter(|amount| **amount != NONE);
    let mut ranks: Vec<u64> = defined.map(|amount| measure.badness(*amount)).collect();
    ranks.sort_unstable();
    ranks.dedup();
    ranks
}

/// The rank of an amount among [`ranks`]: 1 is the best.
pub(super) fn rank(measure: Measure, ranks: &[u64], amount: u64) -> u64 {
    let badness = measure.badness(amount);
    ranks.partition_point(|better| *better < badness) as u64 + 1
}

/// Writes the members of a cost map: of each source and destination its name with a colon, and its
/// position in the tables. A pair that fails the test, or has none of the costs, is left out, and so is
/// a source without any pair.
fn write(
    out: &mut Vec<u8>,
    query: &Query<'_>,
    costs: &Costs,
    (source_keys, rows): (&[String], &[usize]),
    (target_keys, columns): (&[String], &[usize]),
) {
    let told: Vec<&Table> = query
        .costs
        .iter()
        .filter_map(|cost_type| costs.table(cost_type))
        .collect();
    let mut sources = Comma::default();
    for (source, row) in source_keys.iter().zip(rows) {
        let start = out.len();
        let mut row_comma = sources;
        row_comma.write(out);
        out.extend_from_slice(source.as_bytes());
        out.push(b'{');
        let mut targets = Comma::default();
        for (target, column) in target_keys.iter().zip(columns) {
            let at = row * costs.columns + column;
            let is_defined = told.iter().any(|table| table.amount(at).is_some());
            let passes = || {
                let cost = |cost_type| costs.table(cost_type).and_then(|table| table.cost(at));
                query.test.passes(cost)
            };
            if !is_defined || !passes() {
                continue;
            }
            targets.write(out);
            out.extend_from_slice(target.as_bytes());
            if query.multi.is_none() {
                for table in &told {
                    if let Some(amount) = table.amount(at) {
                        table.write(out, amount);
                    }
                }
                continue;
            }
            out.push(b'[');
            let mut elements = Comma::default();
            for table in &told {
                elements.write(out);
                match table.amount(at) {
                    Some(amount) => table.write(out, amount),
                    None => out.extend_from_slice(b"null"),
                }
            }
            out.push(b']');
        }
        if targets.is_written() {
            out.push(b'}');
            sources = row_comma;
        } else {
            out.truncate(start);
        }
    }
}
