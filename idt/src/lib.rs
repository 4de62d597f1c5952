//! The inter-domain topology (IdT): the TED, the domain graph derived from it, and the search over it.
//!
//! * [`Ted`] is the single writer. It takes [`Update`]s (a member's [`DomainTopology`], joins and
//!   leaves, borders told by resource views) and publishes immutable [`Snapshot`]s.
//! * [`DomainGraph`] is what a snapshot's topologies say of domains: who is adjacent to whom, over
//!   which links. The rule of adjacency is written there.
//! * [`search`] answers over a domain graph: candidate path vectors, shortest paths, and the k best
//!   placements of a service graph. It is the only door to the engine behind it.
//!
//! Plain data in, plain data out: no sockets, no clock, no global state. Every answer is in the
//! order of domain ids; nothing depends on the order in which updates arrived or on hashing.

mod graph;
pub mod search;
mod ted;
mod topology;

pub use graph::{Adjacency, DomainGraph, DomainIndex, HalfUp, Link};
pub use ted::{BorderLink, Snapshot, Ted, Update};
pub use topology::{DomainTopology, InterLink, IntraLink, TopologyError, TopologyParts};
