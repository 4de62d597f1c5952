//! Placements, the topology and reservations of a real `brokerd`, by a client that is not ours.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: a panic is the failure, a skipped test says so"
)]

#[path = "../push/broker.rs"]
#[allow(dead_code, reason = "what the tests of the push API need besides")]
mod broker;
mod contention;
mod federation;
mod life;
mod paths;
mod placements;
mod process;
mod requests;
mod topology;
