//! The broker: everything that talks. The daemon `brokerd` and the client `brokerctl` are thin
//! binaries over this library.
//!
//! ```text
//!  MdO --REST--> pull (a task per source) --Input--> ingest (one task, one writer) --publish--+
//!                                                                                            v
//!  ALTO client --HTTP--> http (a task per connection) <----- one immutable snapshot ---- published
//! ```
//!
//! | module | does |
//! |---|---|
//! | [`daemon`] | command line, start, signals, stop |
//! | [`settings`] | defaults, file, environment, flags |
//! | [`pull`], [`egress`] | fetching exports from MdOs |
//! | [`ingest`], [`liveness`] | the writer: what is heard becomes IdR, IdT and maps; pure, time is an argument |
//! | [`published`] | the current snapshot and the state of every source |
//! | [`files`] | exports in files |
//! | [`events`], [`conflicts`] | what changed from version to version; where members contradict each other |
//! | [`bgp`], [`bgp_feed`] | BGP-LS sessions with MdOs and their routers, and the way from them to the writer |
//! | [`store`] | what must not be lost: records on disk or in memory |
//! | [`lso`] | the SOF at work: orders, partners, notifications |
//! | [`placements`] | a service graph over IdR and IdT, for the broker's own API |
//! | [`indexer`] | the index of distances, made beside the answers |
//! | [`reservations`] | capacity held for placements: the ledger, and who may do what with it |
//! | [`topology`] | the domain graph, for the broker's own API |
//! | [`updates`] | the versions of what ALTO clients watch |
//! | [`http`] | accept loop, routes, limits, errors |
//! | [`auth`] | who asks, and what he may |
//! | [`metrics`], [`clock`] | counters; the only place that reads clocks |
//! | [`client`], [`ctl`] | the client side: `brokerctl` |

pub mod auth;
pub mod bgp;
pub mod bgp_feed;
pub mod client;
pub mod clock;
pub mod conflicts;
pub mod ctl;
pub mod daemon;
pub mod egress;
pub mod events;
pub mod files;
pub mod http;
pub mod indexer;
pub mod ingest;
pub mod liveness;
pub mod lso;
pub mod metrics;
pub mod placements;
pub mod published;
pub mod pull;
pub mod reservations;
pub mod settings;
pub mod store;
pub mod topology;
pub mod updates;
