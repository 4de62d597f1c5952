//! Costs between domains: what they are, how they are found, and the resources that tell them.
//!
//! | module | does |
//! |---|---|
//! | [`types`] | the cost types on offer (RFC 7285 §10.7, RFC 9439) |
//! | [`measure`] | the amounts of a version behind them, from distances over its net |
//! | [`widest`] | the widest paths |
//! | [`full`] | full cost maps, made once per version |
//! | [`query`] | what a request for costs asks (RFC 7285 §11.3.2.3, RFC 8189 §4.1.2) |
//! | [`constraint`] | the tests in it |
//! | [`answer`] | what is written |
//! | [`tolerance`] | what clients of another make do |

mod answer;
mod constraint;
mod full;
mod measure;
mod query;
mod tolerance;
mod types;
mod widest;

pub(crate) use answer::{endpoint_costs, filtered_cost_map};
pub(crate) use full::{FullMaps, full_maps};
pub(crate) use measure::{Measure, Measures};
pub(crate) use query::MAX_COST_TYPES;
pub use types::{COST_TYPES, CostType, Metric, Mode};
