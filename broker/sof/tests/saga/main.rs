//! The work on an order item: the tables, the ways through them, and what holds whatever happens.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod docs;
mod measured;
mod model;
mod tables;
mod ways;
mod world;
