//! Placements of a service graph over the federation as it is: the draft's Table 2.
//!
//! The IdR says which domains can host each node of the graph and what they have; the IdT says what
//! it costs to get from one to the next; [`idt::search::placements`] ranks.

use std::collections::BTreeMap;

use idt::DomainIndex;
use idt::search::{self, PlacementNode, PlacementProblem, RESOURCE_KINDS};
use nffg::{NodeKind, Quantity, Resources, ServiceGraph, Unit};
use serde::ser::{Serialize, SerializeMap, Serializer};
use utoipa::ToSchema;

/// The k best placements, ready to be written as JSON.
#[derive(Debug, serde::Serialize, ToSchema)]
#[schema(as = Placements)]
pub struct Answer {
    /// About the answer.
    pub meta: Meta,
    /// Best first.
    pub placements: Vec<Ranked>,
    #[serde(skip)]
    cut_by_work: bool,
}

/// About the answer.
#[derive(Debug, serde::Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = PlacementsMeta)]
pub struct Meta {
    /// What the placements are ranked by.
    pub objective: &'static str,
    /// How many were asked for.
    pub k: usize,
    /// The search ran out of its budget before it was sure that these are the k best.
    pub cut: bool,
    /// Bounds of the graph that were not looked at.
    pub not_applied: Vec<String>,
    /// The version of the topology that the answer is exact for.
    pub dependent_vtags: Vec<Vtag>,
}

/// A version of a map (RFC 7285 §10.3).
#[derive(Debug, serde::Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Vtag {
    /// The map's id in the directory.
    pub resource_id: &'static str,
    /// Its version.
    pub tag: String,
}

/// One placement.
#[derive(Debug, serde::Serialize, ToSchema)]
#[schema(as = Placement)]
pub struct Ranked {
    /// From 1.
    pub rank: usize,
    /// Inter-domain links crossed, summed over the links of the graph.
    pub hops: u64,
    /// Each node of the graph and its domain, in the order in which the requirements pass them.
    #[schema(value_type = BTreeMap<String, String>)]
    pub nodes: Pairs,
    /// Each requirement, placed.
    pub requirements: Vec<PlacedRequirement>,
}

/// A requirement, placed.
#[derive(Debug, serde::Serialize, ToSchema)]
pub struct PlacedRequirement {
    /// Its id; absent when it was implied by the links.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<String>,
    /// Where it starts.
    pub src: String,
    /// Where it ends.
    pub dst: String,
    /// The walk as the draft's Table 2 prints it: `AS1:NF1` where a node of the graph is, `AS2` where
    /// a domain is only passed through.
    pub walk: Vec<String>,
    /// Its links, in order.
    pub links: Vec<PlacedLink>,
}

/// A link of the graph, placed.
#[derive(Debug, serde::Serialize, ToSchema)]
pub struct PlacedLink {
    /// Its id.
    pub id: String,
    /// The node where it starts.
    pub src: String,
    /// The node where it ends.
    pub dst: String,
    /// The domains from the one to the other, both included.
    pub path: Vec<String>,
}

/// A JSON object that keeps its order.
#[derive(Debug)]
pub struct Pairs(pub Vec<(String, String)>);

impl Serialize for Pairs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Answer {
    /// Whether a larger budget could give a surer answer.
    #[must_use]
    pub fn is_cut_by_work(&self) -> bool {
        self.cut_by_work
    }
}

/// The `k` best placements of `sg`, spending at most `work` steps.
///
/// # Errors
/// A node of the graph that no domain can host, see [`idr::HostError`].
pub fn place(
    maps: &alto::Maps,
    sg: &ServiceGraph,
    k: usize,
    work: u64,
) -> Result<Answer, idr::HostError> {
    let (idr, graph) = (maps.idr(), maps.idt().graph());
    let hosts = idr.hosts(sg)?;
    let order = sg.traversal_order();
    let mut position = vec![0; order.len()];
    for (at, node) in order.iter().enumerate() {
        position[*node] = at;
    }
    let nodes: Vec<PlacementNode> = order
        .iter()
        .map(|node| PlacementNode {
            hosts: hosts[*node]
                .iter()
                .filter_map(|domain| graph.index(domain))
                .collect(),
            demand: match &sg.nodes()[*node].kind {
                NodeKind::Nf { demand, .. } => amounts(demand, 0.0),
                NodeKind::Sap { .. } => [0.0; RESOURCE_KINDS],
            },
            ..PlacementNode::default()
        })
        .collect();
    let links = sg
        .links()
        .iter()
        .map(|link| (position[link.src], position[link.dst]).into())
        .collect();
    let capacity: BTreeMap<DomainIndex, [f64; RESOURCE_KINDS]> = nodes
        .iter()
        .flat_map(|node| &node.hosts)
        .filter_map(|index| Some((*index, capacity(idr.domain(graph.id(*index))?))))
        .collect();
    let problem = PlacementProblem {
        nodes,
        links,
        capacity,
        ..PlacementProblem::default()
    };
    let found = search::placements(graph, &problem, k, work);
    let names: Vec<&str> = order
        .iter()
        .map(|node| sg.nodes()[*node].id.as_str())
        .collect();
    let domain = |index: DomainIndex| graph.id(index).as_str().to_owned();
    let placements = found.placements.iter().enumerate().map(|(at, placement)| {
        let segments: Vec<Vec<String>> = placement
            .segments
            .iter()
            .map(|segment| segment.iter().map(|index| domain(*index)).collect())
            .collect();
        let hosts = placement.hosts.iter().map(|index| domain(*index));
        Ranked {
            rank: at + 1,
            hops: placement.hops,
            nodes: Pairs(
                names
                    .iter()
                    .map(|name| (*name).to_owned())
                    .zip(hosts)
                    .collect(),
            ),
            requirements: requirements(sg, &segments),
        }
    });
    let tag = maps.network_map().tag.to_string();
    Ok(Answer {
        placements: placements.collect(),
        meta: Meta {
            objective: "hops",
            k,
            cut: found.cut,
            not_applied: not_applied(sg),
            dependent_vtags: vec![Vtag {
                resource_id: alto::uri::id::NETWORK_MAP,
                tag,
            }],
        },
        cut_by_work: found.cut,
    })
}

fn requirements(sg: &ServiceGraph, segments: &[Vec<String>]) -> Vec<PlacedRequirement> {
    let name = |node: usize| sg.nodes()[node].id.as_str();
    let placed = sg.requirements().iter().map(|requirement| {
        let mut walk = Vec::new();
        for (hop, link) in requirement.path.iter().enumerate() {
            let (sg_link, segment) = (&sg.links()[*link], &segments[*link]);
            if let (0, Some(first)) = (hop, segment.first()) {
                walk.push(format!("{first}:{}", name(sg_link.src)));
            }
            // The segment's first domain ends the segment before; its last hosts the link's end.
            if let [_, transit @ .., last] = segment.as_slice() {
                walk.extend(transit.iter().cloned());
                walk.push(format!("{last}:{}", name(sg_link.dst)));
            } else if let [only] = segment.as_slice() {
                walk.push(format!("{only}:{}", name(sg_link.dst)));
            }
        }
        let links = requirement.path.iter().map(|link| {
            let sg_link = &sg.links()[*link];
            PlacedLink {
                id: sg_link.id.to_string(),
                src: name(sg_link.src).to_owned(),
                dst: name(sg_link.dst).to_owned(),
                path: segments[*link].clone(),
            }
        });
        PlacedRequirement {
            id: requirement.id.as_ref().map(ToString::to_string),
            src: name(requirement.src).to_owned(),
            dst: name(requirement.dst).to_owned(),
            walk,
            links: links.collect(),
        }
    });
    placed.collect()
}

/// Cpu, memory and storage, each without and with a unit: unlike units are kinds of their own.
fn amounts(resources: &Resources, absent: f64) -> [f64; RESOURCE_KINDS] {
    let in_unit = |quantity: Option<Quantity>, unit| {
        quantity
            .filter(|q| q.unit() == unit)
            .map_or(absent, Quantity::value)
    };
    let Resources { cpu, mem, storage } = *resources;
    [
        in_unit(cpu, Unit::Bare),
        in_unit(cpu, Unit::Byte),
        in_unit(mem, Unit::Bare),
        in_unit(mem, Unit::Byte),
        in_unit(storage, Unit::Bare),
        in_unit(storage, Unit::Byte),
    ]
}

/// What a domain has; without a bound where it does not tell, or tells in another unit.
fn capacity(domain: &idr::Domain) -> [f64; RESOURCE_KINDS] {
    let totals = domain.totals();
    let mut capacity = [f64::INFINITY; RESOURCE_KINDS];
    let sums = [totals.cpu, totals.mem, totals.storage];
    for (slot, sum) in capacity.chunks_exact_mut(2).zip(sums) {
        slot[0] = sum.in_unit(Unit::Bare).unwrap_or(f64::INFINITY);
        slot[1] = sum.in_unit(Unit::Byte).unwrap_or(f64::INFINITY);
    }
    capacity
}

/// The bounds that this objective does not look at yet, in words: an answer must not seem to hold
/// what it was never checked for.
fn not_applied(sg: &ServiceGraph) -> Vec<String> {
    let mut notes = Vec::new();
    for link in sg.links() {
        if link.bandwidth.is_some() {
            notes.push(format!("bandwidth of link {}", link.id));
        }
        if link.delay.is_some() {
            notes.push(format!("delay of link {}", link.id));
        }
    }
    for requirement in sg.requirements() {
        let id = requirement
            .id
            .as_ref()
            .map_or_else(String::new, ToString::to_string);
        if requirement.bandwidth.is_some() {
            notes.push(format!("bandwidth of requirement {id}"));
        }
        if requirement.delay.is_some() {
            notes.push(format!("delay of requirement {id}"));
        }
    }
    notes
}
