//! Updates as they happen: what RFC 8895 (server-sent events) and RFC 9569 (TIPS) tell, from one store of
//! versions.
//!
//! ```text
//! Service ─> Snapshot ─> History: versions, each with the patch from the one before
//!                          ├─ edges, items, Summary     RFC 9569: a client pulls what it lacks
//!                          └─ Stream::take ─> Message   RFC 8895: what each substream is to be told
//! ```
//!
//! A [`Store`] has a [`History`] for each [`View`] that somebody watches. A change costs in proportion to
//! what it touched: documents that share memory are not compared there ([`diff`]). Each patch is encoded
//! once. A [`Stream`] holds no messages: it knows what it has told, and who reads slowly is told at once
//! what is then to be told.

mod document;
mod graph;
mod history;
mod message;
mod patch;
mod request;
mod stream;
mod summaries;
mod text;
mod view;

pub use document::{Document, Part, Snapshot};
pub use graph::{Edge, Item, NoItem, Summary, WINDOW};
pub use history::{Bounds, History, Increment, PartPatch, Version};
pub use message::{ControlUpdate, Message, MessageKind};
pub use patch::{Form, Forms, Patch, diff};
pub use request::{
    Add, Control, NextEdge, Open, OpenView, Remove, SubstreamId, tips_updatable, updatable,
};
pub use stream::{Event, NoStream, State, Stream, StreamLimits};
pub use summaries::{AddSummary, OpenSummaries, Summaries};
pub use view::{NoView, Revision, Store, View};
