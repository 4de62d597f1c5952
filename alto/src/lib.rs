//! The ALTO protocol (RFC 7285, 9240, 9275) over a snapshot of the federation, in the dialect of
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
//! Requests are JSON from outside: each fault is an [`AltoError`] that names the field, the value and
//! the rule. HTTP itself (methods, status codes, compression) is the broker's; [`media`] has what
//! ALTO adds to content negotiation.

mod config;
mod error;
mod ird;
mod json;
mod maps;
pub mod media;
mod network_map;
mod property_map;
mod pv;
mod tag;
pub mod uri;

pub use config::{Config, ServerName, ServerNameError};
pub use error::AltoError;
pub use maps::{Body, Maps};
pub use network_map::PrefixConflict;
pub use pv::PathVectors;
pub use tag::Tag;
