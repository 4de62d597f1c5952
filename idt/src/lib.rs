//! The inter-domain topology (IdT): the TED, the domain graph derived from it, and the search over it.
//!
//! * [`Ted`] is the single writer. It takes [`Update`]s (a member's [`DomainTopology`], joins and
//!   leaves, borders told by resource views) and publishes immutable [`Snapshot`]s.
//! * [`DomainGraph`] is what a snapshot's topologies say of domains: who is adjacent to whom, over
//!   which links. The rule of adjacency is written there. [`net`] is its compact form, made along;
//!   [`Snapshot::crossing_net`] is the same with what domains charge for crossing them.
//! * [`DomainPolicy`] is what a domain declares: relationships to neighbours, prices, transit.
//! * [`Outlook`] is what members announce of links for a time to come.
//! * [`search`] answers over a domain graph: candidate path vectors, shortest paths, and the k best
//!   placements of a service graph. It is the only door to the engine behind it.
//! * [`changes`] tells any two snapshots apart, as events in order.
//!
//! ```
//! use idt::search::shortest_path;
//! use idt::{BorderLink, Ted, Update};
//!
//! let [a, b, c] = ["AS1", "AS2", "AS3"].map(|name| name.parse().expect("a domain id"));
//! let border = |a: &nffg::DomainId, b: &nffg::DomainId| BorderLink {
//!     a: a.clone(),
//!     b: b.clone(),
//!     delay: None,
//!     bandwidth: None,
//! };
//! let mut ted = Ted::new();
//! ted.apply([Update::Borders(vec![border(&a, &b), border(&b, &c)])]);
//! ted.apply([a, b, c].map(Update::Join));
//!
//! let snapshot = ted.snapshot();
//! let graph = snapshot.graph();
//! let ends: Vec<_> = graph.indices().collect();
//! let path = shortest_path(graph, ends[0], ends[2]).expect("they are connected");
//! let names: Vec<&str> = path.iter().map(|domain| graph.id(*domain).as_str()).collect();
//! assert_eq!(names, ["AS1", "AS2", "AS3"]);
//! ```
//!
//! Plain data in, plain data out: no sockets, no clock, no global state. Every answer is in the
//! order of domain ids; nothing depends on the order in which updates arrived or on hashing.

pub mod bgpls;
mod change;
mod crossing;
mod graph;
pub mod net;
mod policy;
mod risk;
pub mod search;
mod ted;
mod topology;
mod window;

pub use change::{Change, Delta, TopologyChange, changes};
pub use graph::{Adjacency, DomainGraph, DomainIndex, HalfUp, Link};
pub use policy::{Among, DomainPolicy, Relationship, Transit, TransitRule};
pub use ted::{BorderLink, Snapshot, Ted, Update};
pub use topology::{DomainTopology, InterLink, IntraLink, TopologyError, TopologyParts};
pub use window::{EdgeOutlook, EdgeWindow, Outlook, Worst};
