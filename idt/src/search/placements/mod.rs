//! The k best placements of a service graph.
//!
//! A placement gives every node one of its hosts; its cost is the number of borders that its links
//! cross when each takes a shortest path. Asked for are the k best, ties by names of hosts in node
//! order, so that domains with a capacity hold what is put into them.
//!
//! # The search
//!
//! 1. *Distances* (`instance`). Hosts whose capacity one node alone exceeds are struck out. One
//!    breadth-first search per domain that is a host of some node gives the distances.
//! 2. *Bound* (`bound`). Nodes are eliminated from the last to the first, as in a backward dynamic
//!    programme: what the eliminated nodes cost at least becomes a table over the earlier nodes
//!    that they are linked to (mini-bucket elimination; Dechter and Rish, "Mini-buckets", JACM 50(2),
//!    2003). The bound is exact, apart from capacity, where no eliminated node is linked to more
//!    than two earlier ones: chains and rings in any order of nodes, trees whose nodes come after
//!    their parents. Elsewhere, and where a table would be too large, tables are split: the bound
//!    is still never too high, and never falls along the search (admissible and consistent).
//! 3. *Search* (`deepen`). Depth first over the nodes in order, each node's hosts in order of names,
//!    cut where the bound exceeds the level; the level rises from the root's bound to the next cost
//!    that was cut off, until there are k (A* by iterative deepening; Korf, 1985). Placements come
//!    out by cost, and within a cost by names: no queue, no sorting, and memory for one assignment
//!    only. A level walks again over what earlier levels wrote out, which is at most k placements
//!    per level where the bound is exact.
//!
//! # Cost
//!
//! With D distinct hosts, n nodes of at most H hosts, V domains and E adjacencies: O(D E) for the
//! distances, O(n H²) for the bound of a chain in order, O(levels · k · n · H) for the search.
//! Memory: D · V distances, D² segments, and the tables of the bound. Capacity and tables that were
//! split make the search exponential in the worst case (placing with capacity contains bin
//! packing): the budget of steps ends it. Every cell of a table costs a step, so the budget bounds
//! memory too.

mod bound;
mod deepen;
mod instance;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::budget::{Budget, Spent};
use crate::{DomainGraph, DomainIndex};
use bound::Bound;
use instance::Instance;

/// Kinds of resources that a node may ask for. What each means is the caller's: a position means
/// the same in every demand and capacity.
pub const RESOURCE_KINDS: usize = 6;

/// A node of a service graph, as the search sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlacementNode {
    /// The domains that can host it, in any order.
    pub hosts: Vec<DomainIndex>,
    /// What it takes of its host. A negative amount counts as none; what is not a number fits
    /// nowhere that has a capacity.
    pub demand: [f64; RESOURCE_KINDS],
}

/// What is to be placed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlacementProblem {
    /// The nodes, in the order that breaks ties.
    pub nodes: Vec<PlacementNode>,
    /// The links, by the positions of their ends in `nodes`. A link that ends at no node makes
    /// every placement impossible.
    pub links: Vec<(usize, usize)>,
    /// What domains have for all nodes together; a domain that is absent has no limit, nor has one
    /// with an infinite amount.
    pub capacity: BTreeMap<DomainIndex, [f64; RESOURCE_KINDS]>,
}

/// A domain for every node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The host of each node, in the order of the problem's nodes.
    pub hosts: Vec<DomainIndex>,
    /// Borders crossed, summed over the links.
    pub hops: u64,
    /// Per link, in the order of the problem's links, the shortest path from host to host, ties by
    /// names. Equal segments are shared.
    pub segments: Vec<Arc<[DomainIndex]>>,
}

/// The best placements, and whether there are more among those asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placements {
    /// Distinct placements, at most k, best first: by hops, then by names of hosts in node order.
    pub placements: Vec<Placement>,
    /// The work was spent before there were k or it was proven that there are no more. The
    /// placements are the best ones all the same.
    pub cut: bool,
}

/// The `k` best distinct assignments of hosts to nodes.
///
/// `work` bounds the steps of the call: adjacencies looked at, cells of tables filled, hosts tried.
/// A million of them take some milliseconds.
#[must_use]
pub fn placements(
    graph: &DomainGraph,
    problem: &PlacementProblem,
    k: usize,
    work: u64,
) -> Placements {
    let mut budget = Budget::new(work);
    let mut found = Placements::default();
    if k > 0 {
        found.cut = search(graph, problem, k, &mut budget, &mut found.placements).is_err();
    }
    found
}

fn search(
    graph: &DomainGraph,
    problem: &PlacementProblem,
    k: usize,
    budget: &mut Budget,
    found: &mut Vec<Placement>,
) -> Result<(), Spent> {
    let Some(instance) = Instance::new(graph, problem, budget)? else {
        return Ok(());
    };
    let Some(bound) = Bound::new(&instance, budget)? else {
        return Ok(());
    };
    // Per pair of hosts, as many cells as distances or fewer.
    let hosts = instance.host_count();
    let mut segments: Vec<Option<Arc<[DomainIndex]>>> = vec![None; hosts * hosts];
    deepen::search(&instance, &bound, budget, |placed, hops| {
        let segment = |&(src, dst): &(usize, usize)| {
            let (from, to) = (placed[src].host, placed[dst].host);
            // Hosts that no path joins are in no placement.
            let path = || instance.path(from, to).unwrap_or_default();
            let known = &mut segments[from as usize * hosts + to as usize];
            Arc::clone(known.get_or_insert_with(path))
        };
        found.push(Placement {
            hops,
            segments: problem.links.iter().map(segment).collect(),
            hosts: placed
                .iter()
                .map(|choice| instance.domain(choice.host))
                .collect(),
        });
        found.len() < k
    })
}
