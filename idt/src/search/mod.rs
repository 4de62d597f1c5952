//! The search over a domain graph: the one door to the engine behind it.
//!
//! | question | answer |
//! |---|---|
//! | which paths could a link of a service graph take? | [`candidate_paths`] |
//! | which is the shortest? | [`shortest_path`] |
//! | which domains should host a service graph? | [`placements`] |
//!
//! Everything is in terms of [`crate::DomainIndex`], whose order is that of domain ids. A call reads
//! one graph, keeps nothing, and does no more than the steps it is given: what a step is, each
//! function says. An index that is not of the graph is a domain without neighbours that hosts
//! nothing and is on no path.

mod budget;
mod hops;
mod paths;
mod placements;

pub use paths::{Candidates, Cuts, PathCaps, candidate_paths, shortest_path};
pub use placements::{
    Placement, PlacementNode, PlacementProblem, Placements, RESOURCE_KINDS, placements,
};
