//! Partners: their records and the API for them, the client of their Interlude APIs, the look at these, and their
//! notifications. The partners are fakes that can do everything wrong; what they do right is held against MEF's documents
//! where those are at hand.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: a panic is the failure, a skipped test says so"
)]

mod api;
#[path = "../push/broker.rs"]
#[allow(dead_code, reason = "what the tests of the push API need besides")]
mod broker;
mod calls;
mod checks;
mod documents;
mod fake;
mod keeping;
mod notified;
mod secure;
mod seeds;
mod testing;
mod world;
