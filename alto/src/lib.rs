//! The ALTO protocol (RFC 7285, 8189, 8896, 9240, 9275, 9439) over a snapshot of the federation, in the dialect of
//! draft-lachosrothenberg-alto-brokermdo-00.
//!
//! ```text
//! idr::Snapshot ─┐                 ┌─> directory, network map, property maps: Body, encoded once
//!                ├─ Maps::build ─> Maps ─┬─ filtered_property_map(request) ─> Bytes
//! idt::Snapshot ─┘                 └─ path_vectors(request) ─> PathVectors ─> cost map | multipart
//! ```
//!
//! [`Maps`] is everything that one pair of snapshots has to say. It is immutable: a request reads
//! one `Maps` from start to finish. Building it re-renders what changed and takes the rest from its
//! predecessor. Every tag is a hash of content, so that replicas and restarts agree (RFC 7285 §6.3).
//!
//! [`Service`] adds the costs over a version's distances, and has the content of every resource by its entry
//! in the table of [`resources`]. [`updates`] keeps the versions of what somebody watches, and tells what is new
//! (RFC 8895, RFC 9569).
//!
//! Requests are JSON from outside: each fault is an [`AltoError`] that names the field, the value and
//! the rule. HTTP itself (methods, status codes, compression) is the broker's; [`media`] has what
//! ALTO adds to content negotiation.

pub mod ane;
mod config;
mod cost;
mod endpoint;
mod error;
mod ird;
mod json;
mod maps;
pub mod media;
mod network_map;
mod property_map;
mod pv;
mod resource;
mod service;
mod tag;
pub mod updates;
pub mod uri;

pub use config::{Calendar, Config, Limits, ServerName, ServerNameError};
pub use cost::{COST_TYPES, CostType, Metric, Mode};
pub use error::AltoError;
pub use maps::{Body, Maps};
pub use network_map::PrefixConflict;
pub use pv::PathVectors;
pub use resource::{Resource, resource, resources};
pub use service::{Ask, Content, Refused, Service};
pub use tag::Tag;
