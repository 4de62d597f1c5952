//! The `testbed` program, the broker and its client, together and from outside.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests: a panic is the failure, a skipped test says so"
)]

mod bgp_ls;
mod brokerctl;
mod common;
mod expected;
mod files;
mod internet;
mod lifecycle;
mod misbehaving;
mod multipart;
mod orders;
mod peers;
mod presto;
mod push;
mod scenarios;
mod testing;
