//! The domain graph as it is told to people and tools: who is adjacent to whom, over which links.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use idt::{DomainGraph, DomainIndex, Link};
use nffg::{Bandwidth, Delay, Loss};
use serde::Serialize;
use utoipa::ToSchema;

use crate::placements::answer::Vtag;

/// How much one answer tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits;

impl Limits {
    /// Domains.
    pub const DOMAINS: usize = 1000;
    /// Links between them, each with its way back, and half-up ones.
    pub const LINKS: usize = 20_000;
    /// The largest radius.
    pub const RADIUS: u32 = 8;
}

/// The domain graph, or a part of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Topology {
    /// About the answer.
    pub meta: TopologyMeta,
    /// Its domains, in order.
    pub domains: Vec<String>,
    /// Its adjacent domains, in order, each pair once.
    pub adjacencies: Vec<AdjacentDomains>,
    /// Links that one domain tells and the other, which exports a topology too, does not: not used.
    pub half_up: Vec<HalfUpLink>,
}

/// About the answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct TopologyMeta {
    /// There are more domains or links than one answer tells: of domains the nearest are told.
    pub cut: bool,
    /// The version of the topology.
    pub dependent_vtags: Vec<Vtag>,
}

/// Two adjacent domains.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdjacentDomains {
    /// The one.
    pub a: String,
    /// The other.
    pub b: String,
    /// The links between them.
    pub links: Vec<BothWays>,
}

/// A link between two domains, both ways. One way may be missing where the two name their ends
/// differently: then the other way is a link of its own.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct BothWays {
    /// The router in `a`, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub a_router: Option<String>,
    /// The router in `b`, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub b_router: Option<String>,
    /// From `a` to `b`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub there: Option<OneWay>,
    /// From `b` to `a`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub back: Option<OneWay>,
}

/// One way of a link; what is not told is left out.
#[derive(Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct OneWay {
    /// Delay in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub delay_ms: Option<f64>,
    /// Bandwidth in bits per second, all of it: what is held is not taken off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub bandwidth_bps: Option<u64>,
    /// The least delay that was measured, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub delay_min_ms: Option<f64>,
    /// The longest delay that was measured, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub delay_max_ms: Option<f64>,
    /// Delay variation in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub delay_variation_ms: Option<f64>,
    /// Packets that are lost, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub loss_percent: Option<f64>,
    /// Residual bandwidth in bits per second: what no tunnel has reserved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub residual_bandwidth_bps: Option<u64>,
    /// Available bandwidth in bits per second: the part of the residual one that is not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub available_bandwidth_bps: Option<u64>,
    /// The groups of links that fail together with it (shared risk link groups), as the domain where it
    /// starts numbers them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub srlgs: Vec<u32>,
}

/// A link that only the domain where it starts tells.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct HalfUpLink {
    /// The domain that tells it.
    pub from: String,
    /// The router where it starts.
    pub from_router: String,
    /// The domain that does not.
    pub to: String,
    /// The router where it ends.
    pub to_router: String,
}

impl From<&Link> for OneWay {
    fn from(link: &Link) -> Self {
        let told = &link.performance;
        let millis = |delay: Option<Delay>| delay.map(|delay| delay.as_micros() / 1e3);
        let bits = |bandwidth: Option<Bandwidth>| bandwidth.map(Bandwidth::bits_per_second);
        Self {
            delay_ms: millis(link.delay),
            bandwidth_bps: bits(link.bandwidth),
            delay_min_ms: millis(told.delay_min),
            delay_max_ms: millis(told.delay_max),
            delay_variation_ms: millis(told.delay_variation),
            loss_percent: told.loss.map(Loss::percent),
            residual_bandwidth_bps: bits(told.residual_bandwidth),
            available_bandwidth_bps: bits(told.available_bandwidth),
            srlgs: link.srlgs.as_slice().to_vec(),
        }
    }
}

/// The domains of the graph, as many as one answer tells; and whether there are more.
#[must_use]
pub fn everything(graph: &DomainGraph) -> (BTreeSet<DomainIndex>, bool) {
    let domains = graph.indices().take(Limits::DOMAINS).collect();
    (domains, graph.len() > Limits::DOMAINS)
}

/// The domains that are at most `radius` borders away from one of `from`: nearest first, then by name,
/// as many as one answer tells; and whether there are more.
#[must_use]
pub fn around(
    graph: &DomainGraph,
    from: &BTreeSet<DomainIndex>,
    radius: u32,
) -> (BTreeSet<DomainIndex>, bool) {
    let mut seen: BTreeSet<DomainIndex> = from.iter().copied().take(Limits::DOMAINS).collect();
    let mut cut = seen.len() < from.len();
    let mut ring: BTreeSet<DomainIndex> = seen.clone();
    for _ in 0..radius {
        let mut next = BTreeSet::new();
        for domain in &ring {
            let neighbours = graph.neighbours(*domain).map(|adjacency| adjacency.to);
            next.extend(neighbours.filter(|to| !seen.contains(to)));
        }
        for domain in &next {
            if seen.len() == Limits::DOMAINS {
                cut = true;
                break;
            }
            seen.insert(*domain);
        }
        if cut || next.is_empty() {
            break;
        }
        ring = next;
    }
    (seen, cut)
}

/// What the graph has between these domains.
#[must_use]
pub fn describe(maps: &alto::Maps, domains: &BTreeSet<DomainIndex>, cut: bool) -> Topology {
    let graph = maps.idt().graph();
    let mut room = Limits::LINKS;
    let mut adjacencies = Vec::new();
    'all: for a in domains {
        for there in graph.neighbours(*a) {
            let b = there.to;
            if b <= *a || !domains.contains(&b) {
                continue;
            }
            let back = graph.adjacency(b, *a);
            let links = both_ways(there.links, back.map_or(&[], |back| back.links));
            if links.len() > room {
                room = 0;
                break 'all;
            }
            room -= links.len();
            adjacencies.push(AdjacentDomains {
                a: graph.id(*a).to_string(),
                b: graph.id(b).to_string(),
                links,
            });
        }
    }
    let is_told = |id| {
        graph
            .index(id)
            .is_some_and(|index| domains.contains(&index))
    };
    let half_up: Vec<HalfUpLink> = graph
        .half_up()
        .iter()
        .filter(|half| is_told(&half.src.domain) && is_told(&half.dst.domain))
        .take(room + 1)
        .map(|half| HalfUpLink {
            from: half.src.domain.to_string(),
            from_router: half.src.router.to_string(),
            to: half.dst.domain.to_string(),
            to_router: half.dst.router.to_string(),
        })
        .collect();
    let is_full = room == 0 || half_up.len() > room;
    Topology {
        meta: TopologyMeta {
            cut: cut || is_full,
            dependent_vtags: vec![Vtag::of_network_map(maps)],
        },
        domains: domains.iter().map(|at| graph.id(*at).to_string()).collect(),
        adjacencies,
        half_up,
    }
}

/// Pairs each link with the one back between the same two routers, parallel ones in order.
fn both_ways(there: &[Link], back: &[Link]) -> Vec<BothWays> {
    type Ends<'a> = (Option<&'a str>, Option<&'a str>);
    fn text(router: Option<&nffg::RouterId>) -> Option<&str> {
        router.map(nffg::RouterId::as_str)
    }
    let mut ways: BTreeMap<Ends<'_>, (Vec<&Link>, VecDeque<&Link>)> = BTreeMap::new();
    for link in there {
        let ends = (text(link.local.as_ref()), text(link.remote.as_ref()));
        ways.entry(ends).or_default().0.push(link);
    }
    for link in back {
        let ends = (text(link.remote.as_ref()), text(link.local.as_ref()));
        ways.entry(ends).or_default().1.push_back(link);
    }
    let mut all = Vec::with_capacity(there.len());
    for ((a, b), (there, mut back)) in ways {
        let link = |there: Option<&Link>, back: Option<&Link>| BothWays {
            a_router: a.map(str::to_owned),
            b_router: b.map(str::to_owned),
            there: there.map(OneWay::from),
            back: back.map(OneWay::from),
        };
        for way in there {
            let reverse = back.pop_front();
            all.push(link(Some(way), reverse));
        }
        all.extend(back.into_iter().map(|way| link(None, Some(way))));
    }
    all
}

#[cfg(test)]
mod tests;
