//! Notifications: the hub of a real `brokerd` asked by a client that is not ours, and delivery to listeners that are not
//! ours either, over a store in a file.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: a panic is the failure, a skipped test says so"
)]

#[path = "../push/broker.rs"]
#[allow(dead_code, reason = "what the tests of the push API need besides")]
mod broker;
mod crash;
mod delivery;
mod guard;
mod hub;
mod operators;
mod post;
#[path = "../openapi/schema.rs"]
#[allow(
    dead_code,
    reason = "what the tests of the whole document need besides"
)]
mod schema;
#[path = "../sources/server.rs"]
#[allow(dead_code, reason = "what the tests of sources need besides")]
mod server;
mod sharing;

/// What the listeners of `../sources/server.rs` wait with.
mod process {
    use std::time::Duration;

    #[track_caller]
    pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
        for _ in 0..1_500 {
            if let Some(found) = ask() {
                return found;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("never: {what}");
    }
}
