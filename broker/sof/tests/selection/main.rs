//! Choosing partners: chains cut into segments, filters, scores.

mod judging;
mod laws;
mod world;
