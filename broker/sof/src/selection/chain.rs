//! What is asked for and a way to do it, in a form that knows neither the engine nor JSON from outside.

use nffg::{DomainId, NfType, NodeId, Resources, RouterId, SapId};
use serde::{Deserialize, Serialize};

use crate::partner::Availability;

/// A service graph as it is to be done: graph and constraints are one, the stricter of each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Demand {
    /// The nodes, in the order of the graph.
    pub nodes: Vec<DemandNode>,
    /// The links, in the order of the graph.
    pub links: Vec<DemandLink>,
    /// The requirements that bound a delay.
    pub walks: Vec<DemandWalk>,
    /// The share of the time in which the whole has to work, as agreements promise it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<Availability>,
}

/// A node of the graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DemandNode {
    /// Unique in the graph.
    pub id: NodeId,
    /// What it is.
    pub kind: DemandKind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DemandKind {
    /// A service access point.
    Sap(SapId),
    /// A function.
    Function {
        /// Its type.
        nf_type: NfType,
        /// What it takes.
        #[serde(with = "crate::payload::resources")]
        resources: Resources,
    },
}

/// A link of the graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DemandLink {
    /// Unique in the graph.
    pub id: String,
    /// Where it starts, as a place among the nodes.
    pub src: usize,
    /// Where it ends.
    pub dst: usize,
    /// What it has to carry, in bit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandwidth_bps: Option<u64>,
    /// How long it may take one way, in nanoseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_delay_ns: Option<u64>,
}

/// An end-to-end bound of the delay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DemandWalk {
    /// The links in order, as places among the links.
    pub links: Vec<usize>,
    /// How long all of them together may take one way, in nanoseconds.
    pub max_delay_ns: u64,
}

/// How long some links may take together: a link of its own, or an end-to-end requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DelayBound {
    /// The links, in order.
    pub links: Vec<String>,
    /// One way, in nanoseconds.
    pub max_delay_ns: u64,
}

impl Demand {
    /// Everything that bounds a delay: requirements, then links.
    #[must_use]
    pub fn delay_bounds(&self) -> Vec<DelayBound> {
        let walks = self.walks.iter().map(|walk| {
            let links = walk.links.iter().filter_map(|at| self.links.get(*at));
            DelayBound {
                links: links.map(|link| link.id.clone()).collect(),
                max_delay_ns: walk.max_delay_ns,
            }
        });
        let links = self.links.iter().filter_map(|link| {
            Some(DelayBound {
                links: vec![link.id.clone()],
                max_delay_ns: link.max_delay_ns?,
            })
        });
        walks.chain(links).collect()
    }
}

/// A way to do a demand: who hosts what, and over which borders the links go. Chains are ordered by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chain {
    /// The domain of each node, in the order of the demand.
    pub hosts: Vec<Host>,
    /// The way of each link, in the order of the demand.
    pub ways: Vec<Way>,
    /// What the topology says that it costs, summed over the links.
    pub cost: Cost,
}

/// Where a node is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Host {
    /// The node.
    pub node: NodeId,
    /// Its domain.
    pub domain: DomainId,
}

/// How a link goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Way {
    /// The link.
    pub link: String,
    /// The domains from the one host to the other, both included, each once.
    pub domains: Vec<DomainId>,
    /// The borders between them, one fewer.
    pub crossings: Vec<Crossing>,
    /// What it has to carry, in bit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandwidth_bps: Option<u64>,
    /// What the topology tells of its delay, one way, borders included, in nanoseconds.
    pub delay_ns: u64,
}

/// A border: one of the links between two domains, one way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Crossing {
    /// The domain that is left.
    pub from: DomainId,
    /// Its router, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_router: Option<RouterId>,
    /// The domain that is entered.
    pub to: DomainId,
    /// Its router, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_router: Option<RouterId>,
    /// Which of the parallel links with these ends, from 0.
    #[serde(default)]
    pub nth: u32,
    /// Its delay, one way, in nanoseconds; 0 where it is not told.
    #[serde(default)]
    pub delay_ns: u64,
}

/// What the topology says that a chain costs; what is not told counts 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// Borders crossed.
    pub hops: u64,
    /// One-way delay, in nanoseconds.
    pub delay_ns: u64,
    /// Thousandths of the federation's unit of account.
    pub price: u64,
}

impl Chain {
    /// The domain of a node.
    #[must_use]
    pub fn host(&self, node: &NodeId) -> Option<&DomainId> {
        let host = self.hosts.iter().find(|host| host.node == *node);
        host.map(|host| &host.domain)
    }

    /// Every domain that it takes, each once, by name.
    #[must_use]
    pub fn domains(&self) -> std::collections::BTreeSet<&DomainId> {
        let hosts = self.hosts.iter().map(|host| &host.domain);
        hosts
            .chain(self.ways.iter().flat_map(|way| &way.domains))
            .collect()
    }

    /// The same chain for another demand, if it has a place for each of its nodes and a way for each of its links: none
    /// that is new. Delays have to be kept as far as the topology told them. Whether there is room is another question.
    #[must_use]
    pub fn carry(&self, demand: &Demand) -> Option<Self> {
        let hosts = demand.nodes.iter().map(|node| {
            Some(Host {
                node: node.id.clone(),
                domain: self.host(&node.id)?.clone(),
            })
        });
        let hosts: Vec<Host> = hosts.collect::<Option<_>>()?;
        let ways = demand.links.iter().map(|link| {
            let known = self.ways.iter().find(|way| way.link == link.id)?;
            let ends = (known.domains.first()?, known.domains.last()?);
            let joins =
                ends.0 == &hosts.get(link.src)?.domain && ends.1 == &hosts.get(link.dst)?.domain;
            let keeps = link
                .max_delay_ns
                .is_none_or(|bound| known.delay_ns <= bound);
            (joins && keeps).then(|| Way {
                bandwidth_bps: link.bandwidth_bps,
                ..known.clone()
            })
        });
        let ways: Vec<Way> = ways.collect::<Option<_>>()?;
        let keeps = |walk: &DemandWalk| {
            let delays = walk.links.iter().filter_map(|link| ways.get(*link));
            delays.map(|way| way.delay_ns).fold(0, u64::saturating_add) <= walk.max_delay_ns
        };
        if !demand.walks.iter().all(keeps) {
            return None;
        }
        // Of links that are gone the cost is gone; what a single way costs is not known, but its delay is.
        let cost = Cost {
            hops: ways.iter().map(|way| way.crossings.len() as u64).sum(),
            delay_ns: ways
                .iter()
                .map(|way| way.delay_ns)
                .fold(0, u64::saturating_add),
            price: self.cost.price,
        };
        Some(Self { hosts, ways, cost })
    }
}
