//! The Service Orchestration Functionality (SOF): from a service order to an active multi-domain service.
//!
//! ```text
//!  business applications, other brokers          partners (the SOFs of the domains)
//!        │ Legato, Allegro, Interlude                     ▲ Interlude
//!        ▼                                                │
//!  order ──▶ saga ──▶ selection ──▶ segment per domain ───┘
//!    │         └─ what is to be done next: effects, carried out by the broker
//!    └──▶ service (inventory), notification
//! ```
//!
//! Plain data in, plain data out: no sockets, no store, no clock; time is an argument. The broker's module `lso`
//! keeps the records, talks to partners and serves the APIs.
//!
//! | module | what it is |
//! |---|---|
//! | [`mef`] | reference points, APIs and their versions, error codes: what MEF's documents share |
//! | [`machine`] | state machines as tables |
//! | [`order`] | service orders and their items (Mplify 99.1) |
//! | [`service`] | the service inventory (Mplify 135.1) |
//! | [`schema`] | JSON Schema, with faults as the APIs tell them |
//! | [`payload`] | what a service is: a service graph, or one domain's segment of it |
//! | [`partner`] | partners, and the agreements with them |
//! | [`selection`] | which chain of partners, and why |
//! | [`saga`] | where the work on an order item stands, and what comes next |
//! | [`interlude`] | what a partner answers |
//! | [`notification`] | events, subscriptions, and what is sent |

pub mod interlude;
pub mod machine;
pub mod mef;
pub mod notification;
pub mod order;
pub mod partner;
pub mod payload;
pub mod saga;
pub mod schema;
pub mod selection;
pub mod service;
