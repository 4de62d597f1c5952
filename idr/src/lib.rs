//! The inter-domain resource database: domains, their nodes, what they can host and where services
//! enter them (draft-lachosrothenberg-alto-brokermdo-00 §5.1).
//!
//! ```text
//! ResourceView --Domain::from_view--> Domain --Update--> Idr --snapshot--> Arc<Snapshot>
//!                                                    one writer          many readers
//! ```
//!
//! The hierarchy is federation, domain, node: [`Snapshot::totals`] is the sum of
//! [`Domain::totals`], and each of those the sum of its [`Node`]s. Sums are made anew from the
//! leaves, in order of id, so that they depend on the content alone and not on the way there:
//! several brokers that know the same say the same.
//!
//! What a port is, is decided here once (docs/architecture.md, "What the databases hold"): a port that its exporter
//! tags as inter-domain is never a service access point. Tagged by two domains or more it is a
//! [`Border`], by one only an [`OpenBorder`], unless it joins several nodes of that one. Equal
//! untagged names in two domains are two service access points that share a name: both domains host
//! it.
//!
//! [`changes`] tells any two snapshots apart, as events in order: what is made of a snapshot (maps,
//! caches, streams) need not be made anew where nothing changed.
//!
//! What reservations hold of the domains is kept in a [`reservation::Ledger`], a writer of its own; told
//! to the database ([`Update::Held`]) it is a fact of the domain like any other, and
//! [`Snapshot::left`] says what there still is.
//!
//! Plain data in, plain data out: no sockets, no clock, no global state.

mod border;
mod change;
mod domain;
mod entry_point;
pub mod reservation;
mod snapshot;
mod store;

pub use border::{Border, BorderEnd, BorderPair, OpenBorder};
pub use change::{Change, changes};
pub use domain::{Domain, DomainError, InterDomainSap, Node, Totals};
pub use entry_point::{EntryPoint, EntryPointError};
pub use snapshot::{HostError, SharedSap, Snapshot};
pub use store::{Idr, Update};
