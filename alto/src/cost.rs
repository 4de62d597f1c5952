//! Costs between domains: what they are, how they are found, and the resources that tell them.
//!
//! | module | does |
//! |---|---|
//! | [`types`] | the cost types on offer (RFC 7285 §10.7, RFC 9439) |
//! | [`measure`] | the amounts of a version behind them, from distances over its net |
//! | [`beside`] | the amounts over what links tell beside delay and bandwidth |
//! | [`widest`] | the widest paths |
//! | [`pairs`] | the amounts of all pairs, known from those of the version before |
//! | [`best`] | the best paths by another order |
//! | [`flow`] | the throughput of TCP |
//! | [`full`] | full cost maps, made once per version |
//! | [`calendar`] | cost calendars (RFC 8896) |
//! | [`record`] | the nets of intervals that are over |
//! | [`state`] | the costs over the net of a time other than now |
//! | [`query`] | what a request for costs asks (RFC 7285 §11.3.2.3, RFC 8189 §4.1.2) |
//! | [`constraint`] | the tests in it |
//! | [`answer`] | what is written |
//! | [`path_vector`] | path vectors, alone or with costs (RFC 9275) |
//! | [`tolerance`] | what clients of another make do |

mod answer;
mod beside;
mod best;
mod calendar;
mod constraint;
mod flow;
mod full;
mod measure;
mod pairs;
mod path_vector;
mod query;
mod record;
mod state;
mod tolerance;
mod types;
mod widest;

pub(crate) use answer::{endpoint_costs, filtered_cost_map, max_values};
pub(crate) use calendar::{ToCome, attributes as calendar_attributes};
pub(crate) use full::{FullMaps, full_maps};
pub(crate) use measure::{Measure, Measures, Over};
pub(crate) use pairs::Pairs;
pub(crate) use path_vector::{AneProperty, multipart_cost_map, multipart_endpoint_costs};
pub(crate) use query::MAX_COST_TYPES;
pub(crate) use record::Record;
pub use types::{COST_TYPES, CostType, Metric, Mode};
