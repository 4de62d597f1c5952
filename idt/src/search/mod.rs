//! The search over a domain graph: the one door to the engine behind it.
//!
//! | question | answer |
//! |---|---|
//! | which paths could a link of a service graph take? | [`candidate_paths`] |
//! | which is the shortest? | [`shortest_path`] |
//! | which paths of a net, by any objective, under any restriction? | [`PathStream`], [`path_vectors`] |
//! | which valley-free path is the cheapest? | [`valley_free_path`] |
//! | which paths share no domain, no link, no risk? | [`disjoint_paths`], [`risk_disjoint_paths`] |
//! | how far is it, by one metric, at once? | [`Distances`] |
//! | how far is everything, and what of it changed since a version before? | [`AllDistances`], [`AllWidths`] |
//! | which domains should host a service graph? | [`best_placements`], [`placements`] |
//! | which paths could each link of a service graph take, between which hosts? | [`link_paths`] |
//! | why these, or why none? | [`explain`] |
//!
//! Everything is in terms of [`crate::DomainIndex`], whose order is that of domain ids. A call reads
//! one graph, keeps nothing, and does no more than the steps it is given: what a step is, each
//! function says. An index that is not of the graph is a domain without neighbours that hosts
//! nothing and is on no path.

mod budget;
mod cost;
mod disjoint;
mod distance;
mod explain;
mod labels;
mod matrix;
mod paths;
mod placements;
mod queue;
mod space;
mod stream;
mod tree;
mod valley_free;

pub use budget::{Budget, Spent};
pub use cost::{Cost, Metric, Objective, Weigh, Weights};
pub use disjoint::{DisjointBy, disjoint_paths, risk_disjoint_paths};
pub use distance::Distances;
pub use explain::{
    ConstraintRef, Explanation, LinkReason, PlacementReason, Relaxations, RequirementReason,
    explain, explain_within, explain_without_transit,
};
pub use matrix::{AllDistances, AllWidths, ChangedPairs};
pub use paths::{
    Candidates, Cuts, PathCaps, PathRun, candidate_paths, candidate_paths_with, shortest_path,
};
pub use placements::{
    Disjoint, Effort, HostCounts, LinkPath, PairCounts, Placement, PlacementLink, PlacementNode,
    PlacementProblem, PlacementRequirement, Placements, RESOURCE_KINDS, RefusedTraffic,
    best_placements, link_paths, placements,
};
pub use space::{Restriction, Rules};
pub use stream::{Path, PathStream, path_vectors};
pub use valley_free::valley_free_path;
