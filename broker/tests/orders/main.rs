//! Orders, carried out by the orchestrator over both kinds of store, with partners, reservations and resources that live in
//! the test and are as bad as they are told to be.

#![expect(clippy::unwrap_used, reason = "tests: a panic is the failure")]

mod api;
mod change;
mod crash;
mod levels;
mod life;
mod logs;
mod partners;
mod prune;
mod reservations;
mod restore;
mod rules;
mod setting;
mod starving;
mod together;
