//! The push API of a real `brokerd`, by a client that we did not write.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: a panic is the failure, a skipped test says so"
)]

mod auth;
mod broker;
mod conditions;
mod docs;
mod documents;
mod hostile;
mod http;
mod lifetime;
mod limits;
mod patch;
mod registration;
mod testbed;
mod windows;
