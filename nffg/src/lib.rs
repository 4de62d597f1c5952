//! Service graphs and resource views: the domain model and the codecs of what orchestrators exchange.
//!
//! This crate is the lowest of the house. It holds
//!
//! * identifiers and units ([`DomainId`], [`SapId`], [`Quantity`], [`Delay`], [`Bandwidth`], ...);
//!   a value of these types is always valid, so nothing above checks again;
//! * the [`ServiceGraph`] that a client asks about, and its two wire forms: the draft's
//!   ([`draft`], draft-lachosrothenberg-alto-brokermdo-00 §5.4.2.1) and ESCAPE's NFFG ([`escape`]);
//! * the [`ResourceView`] and the [`TopologyView`] of a domain, and the formats in which members export
//!   them: [`export`] knows a document by its root, and has one module for each.
//!
//! Plain data in, plain data out: no sockets, no clock, no global state.

pub mod brief;
pub mod cop;
pub mod draft;
pub mod escape;
pub mod escape_view;
pub mod export;
mod fault;
mod gathered;
mod graph;
mod id;
pub mod ietf;
pub mod json;
mod list;
mod number;
pub mod patch;
mod performance;
mod place;
mod reference;
mod service_graph;
pub mod sol006;
mod srlg;
mod syntax;
mod topology_view;
pub mod tosca;
pub mod unify;
mod units;
mod view;
pub mod virtualizer;
mod window;

pub use fault::{DocumentError, Fault, Position};
pub use graph::{
    GraphError, GraphPart, Limits, LinkParts, Node, NodeKind, Requirement, RequirementParts,
    ServiceGraph, ServiceGraphParts, SgLink, Side,
};
pub use id::{
    BisBisId, DomainId, IdError, LinkId, NfType, NodeId, PortId, RequirementId, RouterId, SapId,
};
pub use performance::{Loss, Measured, Performance};
pub use service_graph::{GraphForm, decode_service_graph};
pub use srlg::Srlgs;
pub use syntax::{MAX_BYTES, Syntax};
pub use topology_view::{RouterLink, RouterRef, TopologyNode, TopologyView};
pub use units::{Bandwidth, Delay, Quantity, QuantitySum, Resources, Unit, UnitError};
pub use view::{BisBis, Port, PortKind, ResourceView, RunningNf, ViewLink, ViewPortRef, Warning};
pub use window::{Announced, LinkState, Window};
