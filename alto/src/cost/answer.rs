//! Filtered cost maps (RFC 7285 §11.3.2) and endpoint costs (§11.5), each with one cost or several
//! (RFC 8189), each a number or a calendar (RFC 8896).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::rc::Rc;

use bytes::Bytes;
use idt::search::Budget;
use nffg::json::Cursor;
use serde_json::Value;

use super::calendar::{self, Series};
use super::measure::{Measure, NONE};
use super::query::{MAX_COST_TYPES, Query};
use super::{CostType, Mode};
use crate::endpoint::Endpoint;
use crate::json::{self, Comma};
use crate::property_map::dependent_vtags;
use crate::service::{Ask, Refused, Service};
use crate::{AltoError, uri};

/// Answers a `ReqFilteredCostMap`.
pub(crate) fn filtered_cost_map(
    service: &Service,
    request: &[u8],
    ask: &Ask,
) -> Result<Bytes, Refused> {
    let request: Value = serde_json::from_slice(request).map_err(AltoError::from)?;
    let request = Cursor::root(&request);
    let query = Query::read(&request, has_calendars(service)).map_err(AltoError::from)?;
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
    check_values(service, &query, "pids", &asked, (from.len(), to.len()))?;
    let mut budget = Budget::new(ask.cost_work);
    let costs =
        Costs::find(service, &query, (&from, &to), ask, &mut budget).map_err(|refused| {
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
    meta(&mut out, &query, service, ask);
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

/// Answers a `ReqEndpointCostMap`.
pub(crate) fn endpoint_costs(
    service: &Service,
    request: &[u8],
    ask: &Ask,
) -> Result<Bytes, Refused> {
    let client: Option<IpAddr> = ask.client;
    let request: Value = serde_json::from_slice(request).map_err(AltoError::from)?;
    let request = Cursor::root(&request);
    let query = Query::read(&request, has_calendars(service)).map_err(AltoError::from)?;
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
    check_values(service, &query, "endpoints", &asked, (from.len(), to.len()))?;
    let too_much = |refused: Refused| {
        let rule = "more work than one request may cost; ask for some of them";
        refused.or_error("endpoints", &asked, rule)
    };
    let mut budget = Budget::new(ask.cost_work);
    let from = Placed::of(service, from, &mut budget).map_err(too_much)?;
    let to = Placed::of(service, to, &mut budget).map_err(too_much)?;
    let points = (from.points.as_slice(), to.points.as_slice());
    let costs = Costs::find(service, &query, points, ask, &mut budget).map_err(too_much)?;

    let mut out = Vec::with_capacity(512 + from.keys.len() * to.keys.len() * 32);
    out.extend_from_slice(b"{\"meta\":{");
    meta(&mut out, &query, service, ask);
    out.extend_from_slice(b"},\"endpoint-cost-map\":{");
    write(
        &mut out,
        &query,
        &costs,
        (&from.keys, &from.cells),
        (&to.keys, &to.cells),
    );
    out.extend_from_slice(b"}}");
    Ok(out.into())
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

fn has_calendars(service: &Service) -> bool {
    service.maps().config().limits.calendar.is_some()
}

/// Refuses a request whose answer would have more values than the largest without calendars.
fn check_values(
    service: &Service,
    query: &Query<'_>,
    field: &str,
    asked: &str,
    (from, to): (usize, usize),
) -> Result<(), AltoError> {
    let limits = &service.maps().config().limits;
    let Some(calendar) = limits.calendar else {
        return Ok(());
    };
    let most = max_values(limits.pairs);
    let each = query.values(calendar.intervals as usize);
    if from.saturating_mul(to).saturating_mul(each) <= most {
        return Ok(());
    }
    let rule = format!(
        "{each} values for each pair: at most {most} in one request ('max-calendar-values')"
    );
    Err(AltoError::invalid(field, asked, rule))
}

/// Values in one answer, at most: those of all pairs and cost types without calendars.
pub(crate) const fn max_values(pairs: usize) -> usize {
    pairs.saturating_mul(MAX_COST_TYPES)
}

/// The members of `meta` that say which costs these are. The cost type of an answer with several is an
/// empty object (RFC 8189 §4.1.3).
fn meta(out: &mut Vec<u8>, query: &Query<'_>, service: &Service, ask: &Ask) {
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
    let mut names: Vec<&str> = Vec::new();
    for cost_type in query.calendars() {
        if !names.contains(&cost_type.name) {
            names.push(cost_type.name);
        }
    }
    if let Some(calendar) = service.maps().config().limits.calendar
        && !names.is_empty()
    {
        let told = calendar::response_attributes(&calendar, ask.now, &names);
        out.extend_from_slice(b",\"calendar-response-attributes\":[");
        out.extend_from_slice(told.to_string().as_bytes());
        out.push(b']');
    }
}

/// The costs of all pairs of an answer.
struct Costs {
    columns: usize,
    /// By cost type, each once: its amounts, and if it is ordinal its ranks.
    tables: Vec<(&'static CostType, Table)>,
    /// By cost type, each once: its calendar.
    calendars: Vec<(&'static CostType, Series)>,
}

/// The costs of one type at one time.
pub(super) struct Table {
    measure: Measure,
    amounts: Rc<Vec<u64>>,
    /// The amounts that there are, the best first, as [`Measure::badness`]; empty if not ordinal.
    ranks: Vec<u64>,
}

impl Table {
    pub(super) fn new(cost_type: &CostType, amounts: Rc<Vec<u64>>) -> Self {
        let measure = cost_type.metric.measure;
        let ranks = match cost_type.mode {
            Mode::Numerical => Vec::new(),
            Mode::Ordinal => ranks(measure, &amounts),
        };
        Self {
            measure,
            amounts,
            ranks,
        }
    }

    pub(super) fn amount(&self, at: usize) -> Option<u64> {
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

    pub(super) fn write(&self, out: &mut Vec<u8>, amount: u64) {
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
        (from, to): (&[u32], &[u32]),
        ask: &Ask,
        budget: &mut Budget,
    ) -> Result<Self, Refused> {
        let mut found: BTreeMap<Measure, Rc<Vec<u64>>> = BTreeMap::new();
        let mut tables = Vec::new();
        for cost_type in query.needed() {
            let measure = cost_type.metric.measure;
            let amounts = match found.get(&measure) {
                Some(amounts) => Rc::clone(amounts),
                None => {
                    let amounts = service.amounts(measure, from, to, budget)?;
                    let amounts = Rc::new(amounts);
                    found.insert(measure, Rc::clone(&amounts));
                    amounts
                }
            };
            tables.push((cost_type, Table::new(cost_type, amounts)));
        }
        let types = query.calendars();
        let calendars = match service.maps().config().limits.calendar {
            Some(calendar) if !types.is_empty() => {
                calendar::find(service, (&calendar, ask.now), &types, (from, to), budget)?
            }
            _ => Vec::new(),
        };
        Ok(Self {
            columns: to.len(),
            tables,
            calendars,
        })
    }

    fn table(&self, cost_type: &'static CostType) -> Option<&Table> {
        let of = |(other, _): &&(&'static CostType, Table)| std::ptr::eq(*other, cost_type);
        self.tables.iter().find(of).map(|(_, table)| table)
    }

    /// What is told, in the order in which it was asked for.
    fn told(&self, query: &Query<'_>) -> Vec<Told<'_>> {
        let told = |(cost_type, is_calendar): (&&'static CostType, &bool)| {
            if *is_calendar {
                let mut all = self.calendars.iter();
                let of = all.find(|(other, _)| std::ptr::eq(*other, *cost_type));
                of.map(|(_, series)| Told::Calendar(series))
            } else {
                self.table(cost_type).map(Told::Now)
            }
        };
        (query.costs.iter().zip(&query.calendared))
            .filter_map(told)
            .collect()
    }
}

/// The costs of one type.
enum Told<'a> {
    Now(&'a Table),
    Calendar(&'a Series),
}

impl Told<'_> {
    fn is_defined(&self, at: usize) -> bool {
        match self {
            Self::Now(table) => table.amount(at).is_some(),
            Self::Calendar(series) => series.is_defined(at),
        }
    }

    /// Writes a value, `null` if it is not defined.
    fn write(&self, out: &mut Vec<u8>, at: usize) {
        match self {
            Self::Now(table) => match table.amount(at) {
                Some(amount) => table.write(out, amount),
                None => out.extend_from_slice(b"null"),
            },
            Self::Calendar(series) => series.write(out, at),
        }
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
    let told = costs.told(query);
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
            let is_defined = told.iter().any(|told| told.is_defined(at));
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
                for told in &told {
                    told.write(out, at);
                }
                continue;
            }
            out.push(b'[');
            let mut elements = Comma::default();
            for told in &told {
                elements.write(out);
                told.write(out, at);
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
