//! Choosing partners: chains cut into segments, filters, scores.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod available;
mod fading;
mod judging;
mod laws;
mod world;
