//! MEF's LSO APIs of a real `brokerd`, by clients that we did not write, held against MEF's own OpenAPI documents where those
//! are at hand.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: a panic is the failure, a skipped test says so"
)]

#[path = "../push/broker.rs"]
#[allow(dead_code, reason = "what the tests of the push API need besides")]
mod broker;
mod document;
mod errors;
mod lists;
mod orders;
mod schemathesis;
mod sof;
mod tenancy;
