//! The seam to the engine: a request over one version becomes a problem, and what the engine finds
//! becomes [`Solved`]. Nothing else here knows the engine.
//!
//! A node of the graph has a place in the order in which requirements pass the nodes, since the engine
//! breaks ties by it (`Stated`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use idr::reservation::{Amount, Amounts, LinkCapacity, LinkKey, ResourceKind};
use idt::net::EdgeId;
use idt::search::{
    self, Budget, PlacementLink, PlacementNode, PlacementProblem, PlacementRequirement,
    RESOURCE_KINDS, RefusedTraffic, Restriction, best_placements,
};
use idt::{DomainGraph, DomainIndex, Link};
use nffg::{Bandwidth, DomainId, Quantity, Resources, Unit};

use super::objective::{Metric, Objective};
use super::request::{Disjoint, NodeRule, PlacementRequest, Policy};
use super::{PlaceError, Version, cancel};

/// What a search may cost.
#[derive(Clone, Copy, Debug)]
pub struct Effort<'a> {
    /// Steps.
    pub work: u64,
    /// Set when nobody waits any more.
    pub cancelled: &'a Arc<AtomicBool>,
}

impl Effort<'_> {
    /// The same for the engine.
    #[must_use]
    pub fn budget(&self) -> Budget {
        Budget::new(self.work).cancelled_by(Arc::clone(self.cancelled))
    }
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Solved {
    /// Best first, at most as many as were asked for.
    pub placements: Vec<Placed>,
    /// It is not sure that these are the best, or that there are no more.
    pub cut: bool,
    /// Whether a larger effort could give a surer answer.
    pub cut_by_work: bool,
    /// What some link on a path does not tell.
    pub not_told: Vec<Metric>,
}

/// A placement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The domain of each node of the graph.
    pub hosts: Vec<DomainId>,
    /// The path of each link of the graph.
    pub paths: Vec<PlacedPath>,
    /// Summed over the links.
    pub cost: Cost,
}

/// A link of the graph on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlacedPath {
    /// The domains from host to host, both included.
    pub domains: Vec<DomainId>,
    /// The links that it crosses borders on, one fewer.
    pub borders: Vec<LinkKey>,
    /// What it costs.
    pub cost: Cost,
}

/// What a path costs. What is not told counts 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Borders crossed.
    pub hops: u64,
    /// Nanoseconds, one way.
    pub delay: u64,
    /// Thousandths of the unit of account.
    pub price: u64,
}

impl Cost {
    /// The sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            hops: self.hops.saturating_add(other.hops),
            delay: self.delay.saturating_add(other.delay),
            price: self.price.saturating_add(other.price),
        }
    }
}

/// The best placements that a request asks for, over one version.
///
/// # Errors
/// See [`PlaceError`].
pub fn solve(
    version: &Version,
    request: &PlacementRequest,
    effort: &Effort<'_>,
) -> Result<Solved, PlaceError> {
    cancel::check(effort.cancelled)?;
    let stated = Stated::new(version, request)?;
    let found = best_placements(
        version.distances_under(request.policy),
        &stated.problem,
        request.k,
        effort.budget(),
    );
    cancel::check(effort.cancelled)?;
    Ok(stated.solved(version, &found))
}

/// A request as the engine's problem.
pub(super) struct Stated {
    pub(super) problem: PlacementProblem,
    policy: Policy,
    /// The position in the problem of each node of the graph.
    pub(super) position: Vec<usize>,
}

impl Stated {
    /// # Errors
    /// A node of the graph that no domain can host.
    pub(super) fn new(version: &Version, request: &PlacementRequest) -> Result<Self, PlaceError> {
        let (idr, graph) = (version.maps.idr(), version.maps.idt().graph());
        let (sg, rules) = (&request.sg, &request.constraints);
        let hosts = idr.hosts(sg)?;
        let order = sg.traversal_order();
        let mut position = vec![0; order.len()];
        for (at, node) in order.iter().enumerate() {
            position[*node] = at;
        }
        let indexes = |domains: &BTreeSet<DomainId>| -> BTreeSet<DomainIndex> {
            domains.iter().filter_map(|id| graph.index(id)).collect()
        };
        let nodes: Vec<PlacementNode> = order
            .iter()
            .map(|node| {
                let (rule, offered) = (&rules.nodes[*node], &hosts[*node]);
                PlacementNode {
                    hosts: offered.iter().filter_map(|id| graph.index(id)).collect(),
                    allowed: rule.allow.as_ref().map(indexes),
                    forbidden: indexes(&rule.forbid),
                    demand: demand(rule),
                }
            })
            .collect();
        let bits = |told: Option<Bandwidth>| told.map_or(0, Bandwidth::bits_per_second);
        let nanos = |told: Option<nffg::Delay>| told.map(nffg::Delay::as_nanos);
        let links = sg.links().iter().zip(&rules.links);
        let links = links.map(|(link, bounds)| PlacementLink {
            src: position[link.src],
            dst: position[link.dst],
            bandwidth: bits(bounds.bandwidth),
            max_delay: nanos(bounds.max_delay),
            max_hops: bounds.max_hops,
        });
        let requirements = sg.requirements().iter().zip(&rules.requirements);
        let requirements = requirements.map(|(requirement, bounds)| PlacementRequirement {
            links: requirement.path.clone(),
            bandwidth: bits(bounds.bandwidth),
            max_delay: nanos(bounds.max_delay),
            max_hops: bounds.max_hops,
        });
        let places = |groups: &[Vec<usize>]| -> Vec<Vec<usize>> {
            let places = |group: &Vec<usize>| group.iter().map(|node| position[*node]).collect();
            groups.iter().map(places).collect()
        };
        let capacity: BTreeMap<DomainIndex, [f64; RESOURCE_KINDS]> = nodes
            .iter()
            .flat_map(|node| &node.hosts)
            .filter_map(|index| Some((*index, left(idr.domain(graph.id(*index))?))))
            .collect();
        let closed = indexes(&rules.forbid_domains);
        let respects = request.policy == Policy::Respect;
        let refused = match respects && version.maps.idt().has_refusals() {
            true => refused(version, &nodes),
            false => RefusedTraffic::default(),
        };
        let problem = PlacementProblem {
            links: links.collect(),
            requirements: requirements.collect(),
            affinity: places(&rules.affinity),
            anti_affinity: places(&rules.anti_affinity),
            nodes,
            capacity,
            restriction: Restriction {
                // The graph numbers its domains by `u32`.
                closed_domains: closed.iter().map(|index| index.as_usize() as u32).collect(),
                valley_free: respects && version.maps.idt().has_relationships(),
                ..Restriction::default()
            },
            refused,
            objective: objective(&request.objective),
            disjoint: request.disjoint.map(|disjoint| match disjoint {
                Disjoint::Domains => search::Disjoint::Domains,
                Disjoint::Links => search::Disjoint::Links,
                Disjoint::Srlg => search::Disjoint::Srlg,
            }),
            risk_groups: match request.disjoint {
                Some(Disjoint::Srlg) => version.risk_groups(request.policy),
                _ => BTreeMap::new(),
            },
            tell_edges: true,
        };
        Ok(Self {
            problem,
            policy: request.policy,
            position,
        })
    }

    /// What the engine found, in the graph's own order.
    pub(super) fn solved(&self, version: &Version, found: &search::Placements) -> Solved {
        let mut not_told = BTreeSet::new();
        let placements = found.placements.iter();
        let placements = placements
            .map(|placement| self.placed(version, placement, &mut not_told))
            .collect();
        Solved {
            placements,
            cut: found.cut,
            cut_by_work: found.cut,
            not_told: not_told.into_iter().collect(),
        }
    }

    /// A route of a link in names.
    pub(super) fn path(
        &self,
        version: &Version,
        domains: &[DomainIndex],
        edges: &[EdgeId],
        not_told: &mut BTreeSet<Metric>,
    ) -> PlacedPath {
        let graph = version.maps.idt().graph();
        let mut cost = Cost::default();
        let mut borders = Vec::with_capacity(edges.len());
        for edge in edges {
            cost = cost.plus(version.cost_of(self.policy, *edge));
            // An edge within a domain is no border.
            if let Some((key, link)) = version.named(self.policy, *edge) {
                if link.delay.is_none() {
                    not_told.insert(Metric::Delay);
                }
                // A price is part of what a domain declares.
                if version.maps.idt().policy(&key.src).is_none() {
                    not_told.insert(Metric::Price);
                }
                borders.push(key);
            }
        }
        PlacedPath {
            domains: domains.iter().map(|at| graph.id(*at).clone()).collect(),
            borders,
            cost,
        }
    }

    fn placed(
        &self,
        version: &Version,
        placement: &search::Placement,
        not_told: &mut BTreeSet<Metric>,
    ) -> Placed {
        let graph = version.maps.idt().graph();
        let id = |index: &DomainIndex| graph.id(*index).clone();
        let routes = placement.segments.iter().zip(&placement.edges);
        let paths: Vec<PlacedPath> = routes
            .map(|(domains, edges)| self.path(version, domains, edges, not_told))
            .collect();
        Placed {
            hosts: self
                .position
                .iter()
                .map(|at| id(&placement.hosts[*at]))
                .collect(),
            cost: sum(paths.iter().map(|path| path.cost)),
            paths,
        }
    }
}

/// Whose traffic is refused by whom, of the domains that can host a node.
fn refused(version: &Version, nodes: &[PlacementNode]) -> RefusedTraffic {
    let (idt, mut refused) = (version.maps.idt(), RefusedTraffic::default());
    let hosts: BTreeSet<DomainIndex> = nodes.iter().flat_map(|node| &node.hosts).copied().collect();
    for host in hosts {
        let id = idt.graph().id(host);
        // The graph numbers its domains by `u32`.
        let at = host.as_usize() as u32;
        for (map, refusing) in [
            (&mut refused.of_sources, idt.refusing_source(id)),
            (&mut refused.of_destinations, idt.refusing_destination(id)),
        ] {
            if !refusing.is_empty() {
                map.insert(at, refusing);
            }
        }
    }
    refused
}

/// The engine's objective. Metrics that a list does not name follow in the usual order.
fn objective(objective: &Objective) -> search::Objective {
    let metric = |metric: &Metric| match metric {
        Metric::Hops => search::Metric::Hops,
        Metric::Delay => search::Metric::Delay,
        Metric::Price => search::Metric::Price,
    };
    match objective {
        Objective::Metric(one) => search::Objective::Metric(metric(one)),
        Objective::Lexicographic(named) => {
            let others = Metric::ALL.iter().filter(|other| !named.contains(other));
            let mut order = named.iter().chain(others).map(metric);
            // Named are one to three, each once: with the others they are three.
            search::Objective::Lexicographic(std::array::from_fn(|_| {
                order.next().unwrap_or_default()
            }))
        }
        Objective::Sum(weights) => search::Objective::Sum(search::Weights {
            hops: weights.hops,
            delay: weights.delay,
            price: weights.price,
        }),
    }
}

/// The name of the link that an edge of the graph's net is, and the link.
#[must_use]
pub fn named(graph: &DomainGraph, edge: EdgeId) -> Option<(LinkKey, &Link)> {
    let from = graph.index_of(edge.from)?;
    let row = graph.net().row(edge.from);
    let to = *row.to.get(edge.nth as usize)?;
    let first = row.edges_to(to).start;
    keys(graph, from, graph.index_of(to)?)
        .into_iter()
        .nth(edge.nth as usize - first)
}

/// The edge of the graph's net that a link is; `None` if it is not there.
#[must_use]
pub fn edge_of(graph: &DomainGraph, key: &LinkKey) -> Option<EdgeId> {
    let (from, to) = (graph.index(&key.src)?, graph.index(&key.dst)?);
    let place = keys(graph, from, to)
        .iter()
        .position(|(known, _)| known == key)?;
    let from = u32::try_from(from.as_usize()).ok()?;
    let to = u32::try_from(to.as_usize()).ok()?;
    let first = graph.net().row(from).edges_to(to).start;
    let nth = u32::try_from(first + place).ok()?;
    Some(EdgeId { from, nth })
}

/// The sum of costs.
pub(super) fn sum(costs: impl Iterator<Item = Cost>) -> Cost {
    costs.fold(Cost::default(), Cost::plus)
}

/// What each link of the graph needs: the bandwidths of all requirements over it, summed, as often as
/// each passes it; or its own, if that is more. The engine has the same rule.
#[must_use]
pub fn bandwidths(request: &PlacementRequest) -> Vec<Option<Bandwidth>> {
    let rules = &request.constraints;
    let bits = |told: Option<Bandwidth>| told.map_or(0, Bandwidth::bits_per_second);
    let mut flows = vec![0_u64; rules.links.len()];
    for (requirement, bounds) in request.sg.requirements().iter().zip(&rules.requirements) {
        for link in &requirement.path {
            flows[*link] = flows[*link].saturating_add(bits(bounds.bandwidth));
        }
    }
    let needs = flows.into_iter().zip(&rules.links).map(|(flow, own)| {
        let need = flow.max(bits(own.bandwidth));
        (need > 0).then_some(Bandwidth::from_bits_per_second(need))
    });
    needs.collect()
}

/// The links from one domain to an adjacent one, each with its name.
#[must_use]
pub fn keys(graph: &DomainGraph, from: DomainIndex, to: DomainIndex) -> Vec<(LinkKey, &Link)> {
    let Some(adjacency) = graph.adjacency(from, to) else {
        return Vec::new();
    };
    let mut named: Vec<(LinkKey, &Link)> = Vec::with_capacity(adjacency.links.len());
    for link in adjacency.links {
        // Sorted by their ends, so that parallel ones are neighbours.
        let nth = match named.last() {
            Some((last, before))
                if (&before.local, &before.remote) == (&link.local, &link.remote) =>
            {
                last.nth + 1
            }
            _ => 0,
        };
        let key = LinkKey {
            src: graph.id(from).clone(),
            src_router: link.local.clone(),
            dst: graph.id(to).clone(),
            dst_router: link.remote.clone(),
            nth,
        };
        named.push((key, link));
    }
    named
}

/// What a link has; `None` if it is not there.
#[must_use]
pub fn link_capacity(graph: &DomainGraph, key: &LinkKey) -> Option<LinkCapacity> {
    let (from, to) = (graph.index(&key.src)?, graph.index(&key.dst)?);
    let found = keys(graph, from, to)
        .into_iter()
        .find(|(known, _)| known == key);
    found.map(|(_, link)| match link.bandwidth {
        Some(told) => LinkCapacity::Told(told),
        None => LinkCapacity::Untold,
    })
}

/// The words for the positions of demands and capacities.
pub(super) const KINDS: [&str; RESOURCE_KINDS] = [
    "cpu",
    "cpu in bytes",
    "mem",
    "mem in bytes",
    "storage",
    "storage in bytes",
];

/// Each kind with each unit: unlike units are kinds of their own.
const SLOTS: [(ResourceKind, Unit); RESOURCE_KINDS] = [
    (ResourceKind::Cpu, Unit::Bare),
    (ResourceKind::Cpu, Unit::Byte),
    (ResourceKind::Mem, Unit::Bare),
    (ResourceKind::Mem, Unit::Byte),
    (ResourceKind::Storage, Unit::Bare),
    (ResourceKind::Storage, Unit::Byte),
];

fn quantity(resources: &Resources, kind: ResourceKind) -> Option<Quantity> {
    match kind {
        ResourceKind::Cpu => resources.cpu,
        ResourceKind::Mem => resources.mem,
        ResourceKind::Storage => resources.storage,
    }
}

/// What a node takes, of each kind and unit the larger of what is asked for.
fn demand(rule: &NodeRule) -> [f64; RESOURCE_KINDS] {
    SLOTS.map(|(kind, unit)| {
        let asked = rule.demands.iter().filter_map(|told| quantity(told, kind));
        let in_unit = asked.filter(|asked| asked.unit() == unit);
        in_unit.map(Quantity::value).fold(0.0, f64::max)
    })
}

/// The same, exactly. `None` if it is more than anybody may ask for.
#[must_use]
pub fn amounts(rule: &NodeRule) -> Option<Amounts> {
    let mut amounts = Amounts::default();
    for (kind, unit) in SLOTS {
        let asked = rule.demands.iter().filter_map(|told| quantity(told, kind));
        let mut most = Amount::ZERO;
        for asked in asked.filter(|asked| asked.unit() == unit) {
            most = most.max(Amount::demanded(asked)?);
        }
        amounts = amounts.with(kind, unit, most);
    }
    Some(amounts)
}

/// What is left of a domain; without a bound where it does not tell, or tells in another unit.
fn left(domain: &idr::Domain) -> [f64; RESOURCE_KINDS] {
    let left = domain.left();
    SLOTS.map(|(kind, unit)| {
        let sum = match kind {
            ResourceKind::Cpu => left.cpu,
            ResourceKind::Mem => left.mem,
            ResourceKind::Storage => left.storage,
        };
        sum.in_unit(unit).unwrap_or(f64::INFINITY)
    })
}

/// Whether a domain has room for what a node takes.
pub(super) fn has_room(domain: &idr::Domain, rule: &NodeRule) -> bool {
    let demand = demand(rule);
    left(domain)
        .iter()
        .zip(demand)
        .all(|(left, asked)| asked <= *left)
}
