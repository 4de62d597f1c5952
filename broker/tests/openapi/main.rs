//! The OpenAPI document against the routes, against what a real `brokerd` answers, and against an
//! outside validator.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: a panic is the failure, a skipped test says so"
)]

mod answers;
#[path = "../push/broker.rs"]
#[allow(dead_code, reason = "what the tests of the push API need besides")]
mod broker;
mod document;
#[path = "../partners/fake.rs"]
#[allow(dead_code, reason = "what the tests of partners need besides")]
mod fake;
mod partners;
mod schema;
#[path = "../push/testbed.rs"]
#[allow(dead_code, reason = "what the tests of the push API need besides")]
mod testbed;
