//! Topologies that the world has, and made ones of any size, as federations for testbeds and benches.
//!
//! A [`World`] is nodes and links and no more. What its nodes are depends on where it comes from: the
//! autonomous systems of the Internet, or the places of one operator's network. As a federation each node
//! is a domain ([`World::domain_id`], [`World::topology_of`]).
//!
//! | [`Format`] | taken | left out |
//! |---|---|---|
//! | CAIDA AS relationships, serial-1 and serial-2 | AS numbers, links, relationships | sources, comments |
//! | GraphML as in the Topology Zoo | `label`, `Latitude`, `Longitude`, `LinkSpeedRaw`, `directed` | other keys; nested graphs, ports, hyperedges |
//! | REPETITA | labels, places, `bw`, `delay` | weights, demands |
//! | SNDlib native | nodes, places, capacities where their unit is told | costs, demands, paths |
//! | edge list | `a b delay`, names from the `.names` file beside it | |
//!
//! Links whose delay the source does not tell have that of the great circle between their ends in fibre
//! ([`delay_over`]), if both places are known.
//!
//! [`synthetic`] makes an Internet of any size from a seed.

use std::borrow::Cow;
use std::sync::OnceLock;

use nffg::{Bandwidth, Delay};

mod build;
mod error;
mod federation;
mod formats;
mod geography;
mod open;
mod synthetic;

pub use error::{ParseError, WorldError};
pub use federation::Neighbour;
pub use formats::Format;
pub use geography::{Position, delay_over};
pub use synthetic::synthetic;

use build::Columns;
use federation::{Adjacency, Ids};

/// Bounds on what is read, so that a file made to hurt ends with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets, of a compressed file those of its content.
    pub octets: usize,
    /// Nodes.
    pub nodes: usize,
    /// Links; where a file tells each direction by itself, directions.
    pub links: usize,
}

/// About ten times the largest that the world has, an AS graph of 80,000 nodes, 600,000 links and 11 MB.
impl Default for Limits {
    fn default() -> Self {
        Self {
            octets: 128 << 20,
            nodes: 1_000_000,
            links: 6_000_000,
        }
    }
}

/// What the business between the ends `a` and `b` of a link is (Gao 2001; CAIDA's AS relationships).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relationship {
    /// `a` sells transit to `b` (-1 in CAIDA's files).
    ProviderOf,
    /// Neither pays (0 in CAIDA's files).
    Peers,
}

/// What a neighbour is to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It buys transit from the node.
    Customer,
    /// Neither pays.
    Peer,
    /// It sells transit to the node.
    Provider,
}

/// A node, as its source tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<'a> {
    /// Its name: `AS64500`, or the source's label, which need not be unique.
    pub name: Cow<'a, str>,
    /// Where it is, where told.
    pub position: Option<Position>,
}

/// A link between two nodes. Two links may have the same ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// One end, the number of a node.
    pub a: u32,
    /// The other end, never the same.
    pub b: u32,
    /// From `a` to `b` only; what is said of the way back is nothing then.
    pub one_way: bool,
    /// The delay from `a` to `b`, where known.
    pub delay_there: Option<Delay>,
    /// The delay from `b` to `a`, where known.
    pub delay_back: Option<Delay>,
    /// The bandwidth from `a` to `b`, where told.
    pub bandwidth_there: Option<Bandwidth>,
    /// The bandwidth from `b` to `a`, where told.
    pub bandwidth_back: Option<Bandwidth>,
    /// What `a` and `b` are to each other, where told.
    pub relationship: Option<Relationship>,
}

/// A topology: nodes, numbered from 0, and links between them. Immutable.
///
/// Nodes and links have the order of the source. A link never leads from a node to itself. Memory is by
/// column and only for what the source tells: 9 octets for a link of an AS graph.
#[derive(Clone, Debug, Default)]
pub struct World {
    nodes: Nodes,
    links: Columns,
    // Both follow from the rest and are made at first use: a bench of parsing is not to pay for them.
    adjacency: OnceLock<Adjacency>,
    ids: OnceLock<Ids>,
}

/// What nodes are called and where they are.
#[derive(Clone, Debug, Default, PartialEq)]
struct Nodes {
    names: Names,
    /// Empty when no position is known.
    positions: Vec<Option<Position>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Names {
    Asns(Vec<u32>),
    Labels(Vec<String>),
}

impl Default for Names {
    fn default() -> Self {
        Self::Asns(Vec::new())
    }
}

impl World {
    /// How many nodes there are. They are numbered from 0.
    #[must_use]
    pub fn node_count(&self) -> usize {
        match &self.nodes.names {
            Names::Asns(asns) => asns.len(),
            Names::Labels(labels) => labels.len(),
        }
    }

    /// How many links there are. Parallel links count each.
    #[must_use]
    pub fn link_count(&self) -> usize {
        self.links.ends.len()
    }

    /// A node; `None` if there is none of that number.
    #[must_use]
    pub fn node(&self, node: u32) -> Option<Node<'_>> {
        let at = node as usize;
        let name = match &self.nodes.names {
            Names::Asns(asns) => Cow::Owned(format!("AS{}", asns.get(at)?)),
            Names::Labels(labels) => Cow::Borrowed(labels.get(at)?.as_str()),
        };
        let position = self.nodes.positions.get(at).copied().flatten();
        Some(Node { name, position })
    }

    /// All nodes, in order.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        (0..).map_while(|node| self.node(node))
    }

    /// A node's AS number, if it is an autonomous system.
    #[must_use]
    pub fn asn(&self, node: u32) -> Option<u32> {
        match &self.nodes.names {
            Names::Asns(asns) => asns.get(node as usize).copied(),
            Names::Labels(_) => None,
        }
    }

    /// A link by its place in the source; `None` if there are not as many.
    #[must_use]
    pub fn link(&self, link: usize) -> Option<Link> {
        self.links.get(link)
    }

    /// All links, in order.
    pub fn links(&self) -> impl Iterator<Item = Link> {
        (0..).map_while(|link| self.link(link))
    }
}

/// Equal nodes and links in equal order; what was derived from them so far does not count.
impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        self.nodes == other.nodes && self.links == other.links
    }
}
