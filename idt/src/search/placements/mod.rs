//! The k best placements of a service graph.
//!
//! A placement gives every node one of its hosts and every link a route; it costs what its routes
//! cost together. Asked for are the k best, each assignment of hosts once, ties by names of hosts in
//! node order, that keep to all constraints: capacity of domains, bandwidth of edges, bounds of links
//! and of end-to-end requirements, affinity and anti-affinity, what the [`Restriction`] closes, and what domains refuse to carry.
//!
//! # The search
//!
//! 1. *Hosts* (`instance`). What single constraints rule out is struck out.
//! 2. *Distances* (`tables`) between hosts, from an index, or from a tree per host. By the objective,
//!    and by delay and hops where there are bounds: they strike out pairs that no route could join.
//! 3. *Bound* (`bound`). Nodes are eliminated from the last to the first, as in a backward dynamic
//!    programme: what the eliminated nodes cost at least becomes a table over the earlier nodes
//!    that they are linked to (mini-bucket elimination; Dechter and Rish, "Mini-buckets", JACM 50(2),
//!    2003). Apart from constraints over more than two nodes, the bound is exact where no eliminated
//!    node is linked to more than two earlier ones: chains and rings in any order of nodes, trees
//!    whose nodes come after their parents. Elsewhere, and where a table would be too large, tables
//!    are split: the bound is still never too high, and never falls along the search (admissible and
//!    consistent).
//!
//!    On a large net without an index, chains and trees do without 2 and 3 (`layers`): one tree per
//!    node tells the same bound, and a goal-directed search from the hosts that the walk gets to tells
//!    the distances that it needs, no others.
//!
//!    Pairs of hosts between which some domain does not carry ([`RefusedTraffic`]) have trees without it.
//!    On a large net the distance with it serves as a lower bound, and *routes* tell the truth.
//! 4. *Walk* (`walk`). Depth first over the nodes in order, each node's hosts in order of names, cut
//!    where the bound exceeds the window. Where there are hardly more assignments than are wanted, one window
//!    takes all; else the first window is the root's bound, and the next one reaches up
//!    to the m-th of the costs that were cut off, each of which is that of some assignment if the
//!    bound is exact: m is how many are wanted, and twice as many after each window (A* by iterative
//!    deepening, Korf 1985, with windows in place of levels, as costs in nanoseconds seldom tie).
//!    Within a window, once as many as wanted are found, what costs as much as the worst of them is
//!    cut: later names lose.
//! 5. *Routes* (`routes`, `joint`). If nothing bounds routes, each link takes its first cheapest one.
//!    Else what the walk finds is a promise: assignments wait in order of cost, and the first is given
//!    its real routes. If its free routes keep to all bounds, they are it; else branch and bound over the links'
//!    routes, enumerated in order, finds the cheapest that do together. If they cost more, the assignment
//!    goes back into the queue with its true cost. What comes out with its true cost is the next best.
//!
//! # Cost
//!
//! With D distinct hosts, n nodes of at most H hosts, V points and E edges: O(D E log V) for the
//! distances without an index, O(n H²) for the bound of a chain in order, O(k · n · H) for the walk
//! where the bound is exact. Memory: D · V distances, and the tables of the bound. Capacity, tables
//! that were split, and bounds on routes make the search exponential in the worst case (placing with
//! capacity contains bin packing; two bounds on one path are NP-hard): the budget of steps ends it.
//! Every cell of a table costs a step, so the budget bounds memory too.

mod amount;
mod bound;
mod candidates;
mod counts;
mod disjoint;
mod grow;
mod instance;
mod joint;
mod layers;
mod problem;
mod routes;
mod single;
mod tables;
mod walk;

use std::sync::Arc;

pub use candidates::{LinkPath, link_paths};
pub use counts::PairCounts;
pub(in crate::search) use counts::counts;
pub(in crate::search) use disjoint::solve;
pub use instance::HostCounts;
pub use problem::{
    Disjoint, PlacementLink, PlacementNode, PlacementProblem, PlacementRequirement, RESOURCE_KINDS,
    RefusedTraffic,
};

use super::budget::Budget;
use super::distance::Distances;
#[cfg(doc)]
use super::space::Restriction;
use crate::net::EdgeId;
use crate::{DomainGraph, DomainIndex};
use tables::Trees;

/// A domain for every node, and a route for every link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The host of each node, in the order of the problem's nodes.
    pub hosts: Vec<DomainIndex>,
    /// What it is ranked by, in the terms of the objective: one amount and two zeros, or, if that is
    /// lexicographic, all three.
    pub cost: [u64; 3],
    /// Borders crossed, summed over the links.
    pub hops: u64,
    /// Delay in nanoseconds, summed over the links.
    pub delay: u64,
    /// Price in thousandths of the unit of account, summed over the links.
    pub price: u64,
    /// Per link, in the order of the problem's links, the domains of its route from host to host.
    /// Equal segments are shared.
    pub segments: Vec<Arc<[DomainIndex]>>,
    /// Per link, the edges of its route. Empty as a whole if nothing bounds routes, alternatives need
    /// not be disjoint, and [`PlacementProblem::tell_edges`] is not set: then they are the first of the
    /// cheapest parallel ones.
    pub edges: Vec<Vec<EdgeId>>,
}

/// The best placements, and whether there are more among those asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placements {
    /// Distinct assignments, at most k, best first: by cost, then by names of hosts in node order.
    pub placements: Vec<Placement>,
    /// So many of them, from the first, are proven to be the best. The others keep to all constraints,
    /// but the work was spent before it was sure that no better ones are missing.
    pub proven: usize,
    /// The work was spent before there were k proven or it was proven that there are no more.
    pub cut: bool,
}

/// What a search did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Windows of cost that were walked.
    pub windows: u64,
    /// Nodes placed in all of them.
    pub expansions: u64,
    /// Assignments that were given their real routes, or were found not to have any.
    pub routed: u64,
    /// Those of them whose cheapest routes did not keep to the bounds.
    pub searched: u64,
}

/// The `k` best distinct assignments of hosts to nodes.
///
/// `work` bounds the steps of the call: edges looked at, cells of tables filled, hosts tried. A
/// million of them take some milliseconds. With [`PlacementProblem::disjoint`], it bounds all
/// answers together.
#[must_use]
pub fn best_placements(
    distances: &Distances,
    problem: &PlacementProblem,
    k: usize,
    work: impl Into<Budget>,
) -> Placements {
    let mut effort = Effort::default();
    solve(distances, problem, k, &mut work.into(), &mut effort)
}

/// The same over a domain graph, without an index.
#[must_use]
pub fn placements(
    graph: &DomainGraph,
    problem: &PlacementProblem,
    k: usize,
    work: u64,
) -> Placements {
    let distances = Distances::new(Arc::clone(graph.net()));
    best_placements(&distances, problem, k, work)
}
