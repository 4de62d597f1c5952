//! The laws of this crate, each against code that shares nothing with it: the draft's worked
//! example, brute force on small federations, and graphs made to be hard.

mod adjacency;
mod all_pairs;
mod change;
mod crossing;
mod disjoint;
mod distance;
mod draft;
mod explain;
mod federation;
mod guided;
mod net;
mod networkx;
mod paths;
mod placements;
mod placements_constraints;
mod policy;
mod restriction;
mod risks;
mod stress;
mod ted;
mod topology;
mod valley_free;
mod windows;
mod worlds;
