//! Sources that the broker goes to by itself, exports that it pulls and files that it watches: a real
//! `brokerd`, and for the MdOs a small HTTP server of the test's own and folders.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: a panic is the failure, a skipped test says so"
)]

mod conditional;
mod documents;
mod escape;
mod files;
mod folder;
mod netphony;
mod process;
mod server;
