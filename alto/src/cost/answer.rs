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
use super::{CostType, Mode, tolerance};
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
    let pairs = Pairs::of_pids(service, &request)?;
    let mut budget = Budget::new(ask.cost_work);
    let costs = pairs.costs(service, &query, ask, &mut budget)?;

    let mut out = Vec::with_capacity(512 + pairs.from.keys.len() * pairs.to.keys.len() * 16);
    out.extend_from_slice(b"{\"meta\":{");
    dependent_vtags(
        &mut out,
        uri::id::NETWORK_MAP,
        &service.maps().network_map().tag,
    );
    out.push(b',');
    meta(&mut out, &query);
    calendar_meta(&mut out, &[], &query, service, ask);
    out.extend_from_slice(b"},\"cost-map\":{");
    write(&mut out, &query, &costs, &pairs);
    out.extend_from_slice(b"}}");
    Ok(out.into())
}

/// The pairs that a request is about: their names, and where they are in the net.
pub(super) struct Pairs {
    pub(super) from: Placed,
    pub(super) to: Placed,
    /// The member of the request that names them, and how many it asks for.
    field: &'static str,
    asked: String,
}

impl Pairs {
    /// Those of the member `pids`; all if there is none.
    pub(super) fn of_pids(service: &Service, request: &Cursor<'_>) -> Result<Self, AltoError> {
        let graph = service.maps().idt().graph();
        let (from, to) = match request.optional("pids")? {
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
            return Err(AltoError::invalid("pids", &asked, rule));
        }
        let placed = |points: Vec<u32>| Placed {
            // A domain id needs no escape in JSON.
            keys: points
                .iter()
                .filter_map(|point| graph.index_of(*point))
                .map(|index| format!("\"{}\":", graph.id(index)))
                .collect(),
            cells: (0..points.len()).collect(),
            points,
        };
        Ok(Self {
            from: placed(from),
            to: placed(to),
            field: "pids",
            asked,
        })
    }

    /// Those of the member `endpoints`, asked for by a client at this address.
    pub(super) fn of_endpoints(
        service: &Service,
        request: &Cursor<'_>,
        client: Option<IpAddr>,
        budget: &mut Budget,
    ) -> Result<Self, Refused> {
        let [from, to] = endpoints(service, request, client)?;
        let limit = service.maps().config().limits.pairs;
        let mut pairs = Self {
            from: Placed::default(),
            to: Placed::default(),
            field: "endpoints",
            asked: format!("{} x {}", from.len(), to.len()),
        };
        if from.len().saturating_mul(to.len()) > limit {
            let rule = format!("at most {limit} pairs of endpoints in one request ('max-pairs')");
            return Err(AltoError::invalid("endpoints", &pairs.asked, rule).into());
        }
        let mut place = |side| Placed::of(service, side, budget);
        match (place(from), place(to)) {
            (Ok(from), Ok(to)) => (pairs.from, pairs.to) = (from, to),
            (Err(refused), _) | (_, Err(refused)) => return Err(pairs.too_much(refused)),
        }
        Ok(pairs)
    }

    /// Of each pair, where its costs are among those of pairs of domains.
    pub(super) fn cells(&self) -> impl Iterator<Item = usize> + Clone {
        let columns = self.to.points.len();
        let rows = self.from.cells.iter();
        rows.flat_map(move |row| {
            self.to
                .cells
                .iter()
                .map(move |column| row * columns + column)
        })
    }

    /// Their costs.
    pub(super) fn costs(
        &self,
        service: &Service,
        query: &Query<'_>,
        ask: &Ask,
        budget: &mut Budget,
    ) -> Result<Costs, Refused> {
        self.check_values(service, query)?;
        let points = (self.from.points.as_slice(), self.to.points.as_slice());
        Costs::find(service, query, points, ask, budget).map_err(|refused| self.too_much(refused))
    }

    /// Refuses a request whose answer would have more values than the largest without calendars.
    fn check_values(&self, service: &Service, query: &Query<'_>) -> Result<(), AltoError> {
        let Some(calendar) = service.maps().config().limits.calendar else {
            return Ok(());
        };
        let each = query.values(calendar.intervals as usize);
        let pairs = self.from.keys.len().saturating_mul(self.to.keys.len());
        self.check_calendars(service, pairs.saturating_mul(each))
    }

    /// Refuses a request whose calendars would have this many values, if that is more than the largest answer
    /// without calendars has.
    pub(super) fn check_calendars(
        &self,
        service: &Service,
        values: usize,
    ) -> Result<(), AltoError> {
        let most = max_values(service.maps().config().limits.pairs);
        if values <= most {
            return Ok(());
        }
        let rule = format!("{values} values: at most {most} in one answer ('max-calendar-values')");
        Err(AltoError::invalid(self.field, &self.asked, rule))
    }

    /// What a client is told if there is no more work to be had.
    pub(super) fn too_much(&self, refused: Refused) -> Refused {
        let rule = "more work than one request may cost; ask for some of them";
        refused.or_error(self.field, &self.asked, rule)
    }
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
    let request: Value = serde_json::from_slice(request).map_err(AltoError::from)?;
    let request = tolerance::with_endpoints(request).map_err(AltoError::from)?;
    let request = Cursor::root(&request);
    let query = Query::read(&request, has_calendars(service)).map_err(AltoError::from)?;
    let mut budget = Budget::new(ask.cost_work);
    let pairs = Pairs::of_endpoints(service, &request, ask.client, &mut budget)?;
    let costs = pairs.costs(service, &query, ask, &mut budget)?;

    let mut out = Vec::with_capacity(512 + pairs.from.keys.len() * pairs.to.keys.len() * 32);
    out.extend_from_slice(b"{\"meta\":{");
    meta(&mut out, &query);
    calendar_meta(&mut out, &[], &query, service, ask);
    out.extend_from_slice(b"},\"endpoint-cost-map\":{");
    write(&mut out, &query, &costs, &pairs);
    out.extend_from_slice(b"}}");
    Ok(tolerance::with_vtag(out, uri::id::ENDPOINT_COSTS))
}

/// Both lists of an `EndpointFilter` (RFC 7285 §11.5.1.3). An empty one is the client.
fn endpoints(
    service: &Service,
    request: &Cursor<'_>,
    client: Option<IpAddr>,
) -> Result<[Vec<Endpoint>; 2], AltoError> {
    let filter = request.required("endpoints")?;
    let most = service.maps().config().limits.endpoints;
    let mut sides = [Vec::new(), Vec::new()];
    for (side, name) in sides.iter_mut().zip(["srcs", "dsts"]) {
        if let Some(list) = filter.optional(name)? {
            *side = Endpoint::list(&list, most)?;
        }
    }
    let [from, to] = &mut sides;
    match (from.is_empty(), to.is_empty(), client) {
        (true, true, _) => {
            let rule = "'srcs' and 'dsts' must not both be empty (RFC 7285 11.5.1.3)";
            return Err(filter.invalid(rule).into());
        }
        (false, false, _) => {}
        (no_sources, _, Some(client)) => {
            let side = if no_sources { from } else { to };
            side.push(Endpoint::of(client));
        }
        (_, _, None) => {
            let rule = "both lists are needed: the address of the client is not known";
            return Err(filter.invalid(rule).into());
        }
    }
    Ok(sides)
}

/// PIDs, or endpoints, that are in the topology; others have no costs.
#[derive(Default)]
pub(super) struct Placed {
    /// The distinct domains.
    pub(super) points: Vec<u32>,
    /// Of each its name as a member, and the position of its domain in `points`.
    pub(super) keys: Vec<String>,
    pub(super) cells: Vec<usize>,
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

pub(super) fn has_calendars(service: &Service) -> bool {
    service.maps().config().limits.calendar.is_some()
}

/// Values in one answer, at most: those of all pairs and cost types without calendars.
pub(crate) const fn max_values(pairs: usize) -> usize {
    pairs.saturating_mul(MAX_COST_TYPES)
}

/// The members of `meta` that say which costs these are. The cost type of an answer with several is an
/// empty object (RFC 8189 §4.1.3).
pub(super) fn meta(out: &mut Vec<u8>, query: &Query<'_>) {
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

/// The member of `meta` that says of what time calendars are, if there are any (RFC 8896 §5.1.2): those of the
/// query, and of cost types with these names.
pub(super) fn calendar_meta(
    out: &mut Vec<u8>,
    others: &[&str],
    query: &Query<'_>,
    service: &Service,
    ask: &Ask,
) {
    let mut names: Vec<&str> = others.to_vec();
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
pub(super) struct Costs {
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
    /// A step is an edge or a pair looked at.
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

    /// Whether a pair passes the test of the query that these are of.
    pub(super) fn pass(&self, query: &Query<'_>, at: usize) -> bool {
        let cost = |cost_type| self.table(cost_type).and_then(|table| table.cost(at));
        query.test.passes(cost)
    }

    /// What is told, in the order in which it was asked for.
    pub(super) fn told(&self, query: &Query<'_>) -> Vec<Told<'_>> {
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
pub(super) enum Told<'a> {
    Now(&'a Table),
    Calendar(&'a Series),
}

impl Told<'_> {
    pub(super) fn is_defined(&self, at: usize) -> bool {
        match self {
            Self::Now(table) => table.amount(at).is_some(),
            Self::Calendar(series) => series.is_defined(at),
        }
    }

    /// Writes a value, `null` if it is not defined.
    pub(super) fn write(&self, out: &mut Vec<u8>, at: usize) {
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

/// Writes the members of a cost map. A pair that fails the test, or has none of the costs, is left out, and
/// so is a source without any pair.
fn write(out: &mut Vec<u8>, query: &Query<'_>, costs: &Costs, pairs: &Pairs) {
    let Pairs { from, to, .. } = pairs;
    let told = costs.told(query);
    let mut sources = Comma::default();
    for (source, row) in from.keys.iter().zip(&from.cells) {
        let start = out.len();
        let mut row_comma = sources;
        row_comma.write(out);
        out.extend_from_slice(source.as_bytes());
        out.push(b'{');
        let mut targets = Comma::default();
        for (target, column) in to.keys.iter().zip(&to.cells) {
            let at = row * costs.columns + column;
            let is_defined = told.iter().any(|told| told.is_defined(at));
            if !is_defined || !costs.pass(query, at) {
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
