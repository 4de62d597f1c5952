//! The cost types on offer (RFC 7285 §10.5 to §10.7, RFC 9439).

use nffg::json::{Cursor, FieldError};
use serde_json::{Map, Value, json};

use super::measure::Measure;

/// How a cost is to be read (RFC 7285 §10.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// An amount.
    Numerical,
    /// A rank among the pairs of one answer: 1 is the best, equal costs have equal ranks.
    Ordinal,
}

impl Mode {
    /// The identifier.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Numerical => "numerical",
            Self::Ordinal => "ordinal",
        }
    }
}

/// What a cost is an amount of (RFC 7285 §10.6).
#[derive(Debug, PartialEq, Eq)]
pub struct Metric {
    /// The identifier, with the statistic of RFC 9439 §3.2 if it has one.
    pub name: &'static str,
    /// What it is, for people.
    pub description: &'static str,
    /// The `parameters` of its `cost-context` (RFC 9439 §3.1), as pairs of name and text; the source is
    /// always an estimation. Empty: it has no context.
    parameters: &'static [(&'static str, &'static str)],
    pub(crate) measure: Measure,
}

/// Links count with what the domain where they start tells, else with what the other end tells of the
/// way back (`idt::DomainGraph`).
const LINKS: (&str, &str) = (
    "links",
    "those between domains; what crossing a domain adds is not known",
);
const BY_DELAY: (&str, &str) = (
    "path",
    "least delay among those whose every link tells its delay",
);
const BY_BANDWIDTH: (&str, &str) = (
    "path",
    "widest among those whose every link tells its bandwidth",
);
const RESERVED: (&str, &str) = ("less", "what reservations of this broker hold");
/// The RFC that defines what links tell (RFC 9439 §4.1.4).
const LINK_METRICS: (&str, &str) = (
    "link-metrics",
    "RFC 8571, each measured by the domain that tells it",
);
const LEAST: (&str, &str) = (
    "path",
    "that with the least of it among those whose every link tells it",
);

const ROUTING_COST: Metric = Metric {
    name: "routingcost",
    description: "Borders between domains on the path that crosses the fewest: how placements are ranked \
                  by default",
    // Plain RFC 7285, for every client (RFC 9439 §6.3 allows an estimation only).
    parameters: &[],
    measure: Measure::Hops,
};
const HOP_COUNT: Metric = Metric {
    name: "hopcount",
    description: "Borders between domains on the path that crosses the fewest",
    parameters: &[("hop", "a border between two domains")],
    measure: Measure::Hops,
};
const DELAY: Metric = Metric {
    name: "delay-ow:cur",
    description: "One-way delay, in microseconds",
    parameters: &[LINKS, BY_DELAY],
    measure: Measure::Delay,
};
const ROUND_TRIP: Metric = Metric {
    name: "delay-rt:cur",
    description: "One-way delays there and back, in microseconds",
    parameters: &[LINKS, BY_DELAY],
    measure: Measure::RoundTrip,
};
const RESIDUAL: Metric = Metric {
    name: "bw-residual",
    description: "Residual bandwidth, in bytes per second",
    parameters: &[
        LINKS,
        LINK_METRICS,
        BY_BANDWIDTH,
        RESERVED,
        (
            "bound",
            "a link that tells no residual bandwidth counts with what it tells: too low if that is the \
             available, too high if it is all",
        ),
    ],
    measure: Measure::Residual,
};
const AVAILABLE: Metric = Metric {
    name: "bw-available",
    description: "Available bandwidth, in bytes per second",
    parameters: &[
        LINKS,
        LINK_METRICS,
        BY_BANDWIDTH,
        RESERVED,
        (
            "bound",
            "too high where a link tells residual, reservable or maximum bandwidth only",
        ),
    ],
    measure: Measure::Bandwidth,
};
const DELAY_MIN: Metric = Metric {
    name: "delay-ow:min",
    description: "The least one-way delay that was measured, in microseconds",
    parameters: &[LINKS, LINK_METRICS, LEAST, SUM_OF_LEAST],
    measure: Measure::DelayMin,
};
const DELAY_MAX: Metric = Metric {
    name: "delay-ow:max",
    description: "The longest one-way delay that was measured, in microseconds",
    parameters: &[LINKS, LINK_METRICS, LEAST, SUM_OF_LONGEST],
    measure: Measure::DelayMax,
};
const ROUND_TRIP_MIN: Metric = Metric {
    name: "delay-rt:min",
    description: "The least one-way delays there and back, in microseconds",
    parameters: &[LINKS, LINK_METRICS, LEAST, SUM_OF_LEAST],
    measure: Measure::RoundTripMin,
};
const ROUND_TRIP_MAX: Metric = Metric {
    name: "delay-rt:max",
    description: "The longest one-way delays there and back, in microseconds",
    parameters: &[LINKS, LINK_METRICS, LEAST, SUM_OF_LONGEST],
    measure: Measure::RoundTripMax,
};
const SUM_OF_LEAST: (&str, &str) = (
    "aggregation",
    "the sum over the links: on these no packet was faster",
);
const SUM_OF_LONGEST: (&str, &str) = (
    "aggregation",
    "the sum over the links: on these no packet was slower",
);
const VARIATION: Metric = Metric {
    name: "delay-variation:cur",
    description: "Delay variation, in microseconds",
    parameters: &[
        LINKS,
        LINK_METRICS,
        LEAST,
        ("aggregation", "the sum over the links (RFC 9439 4.3.4)"),
    ],
    measure: Measure::Variation,
};
const LOSS: Metric = Metric {
    name: "lossrate:cur",
    description: "Packets that are lost, in percent",
    parameters: &[
        LINKS,
        LINK_METRICS,
        LEAST,
        (
            "aggregation",
            "one minus the product of what each link keeps: links lose independently (RFC 9439 4.4.4)",
        ),
    ],
    measure: Measure::Loss,
};
const THROUGHPUT: Metric = Metric {
    name: "tput:cur",
    description: "What one bulk TCP flow gets, by a model, in bytes per second",
    parameters: &[
        LINKS,
        LINK_METRICS,
        (
            "congestion-control-algorithm",
            "https://www.rfc-editor.org/info/rfc5681",
        ),
        (
            "methodology",
            "MSS / RTT * sqrt(3 / (2 p)), at most the available bandwidth of the path (Mathis, Semke, Mahdavi, \
             Ott: The macroscopic behavior of the TCP congestion avoidance algorithm, 1997)",
        ),
        ("MSS", "1460 bytes"),
        ("RTT", "delay of the path, and the least delay back"),
        ("p", "the sum of the losses of the path's links"),
        (
            "path",
            "least delay among those whose every link tells delay, loss and bandwidth; of several the one \
             with the least loss, then the widest",
        ),
        RESERVED,
    ],
    measure: Measure::Throughput,
};
const PRICE: Metric = Metric {
    name: "priv:brokermdo-price",
    description: "Price of the links on the cheapest path, in the federation's unit of account; a link of \
                  which no policy tells a price is free",
    parameters: &[],
    measure: Measure::Price,
};

/// A cost type (RFC 7285 §10.7).
#[derive(Debug, PartialEq, Eq)]
pub struct CostType {
    /// Its name in the directory.
    pub name: &'static str,
    /// What it is an amount of.
    pub metric: Metric,
    /// How it is to be read.
    pub mode: Mode,
    /// The resource id and the address of its full cost map; `None` if there is none.
    pub full_map: Option<(&'static str, &'static str)>,
}

const fn of(name: &'static str, metric: Metric, mode: Mode) -> CostType {
    CostType {
        name,
        metric,
        mode,
        full_map: None,
    }
}

const fn full(
    name: &'static str,
    metric: Metric,
    mode: Mode,
    id: &'static str,
    uri: &'static str,
) -> CostType {
    CostType {
        name,
        metric,
        mode,
        full_map: Some((id, uri)),
    }
}

/// All cost types between PIDs and between endpoints. No two have the same metric and mode (RFC 9439
/// §3.1).
pub static COST_TYPES: [CostType; 28] = {
    use Mode::{Numerical, Ordinal};
    [
        full(
            "num-routingcost",
            ROUTING_COST,
            Numerical,
            "costmap-routingcost",
            "/costmap/full/routingcost",
        ),
        full(
            "ord-routingcost",
            ROUTING_COST,
            Ordinal,
            "costmap-routingcost-ordinal",
            "/costmap/full/routingcost-ordinal",
        ),
        full(
            "num-hopcount",
            HOP_COUNT,
            Numerical,
            "costmap-hopcount",
            "/costmap/full/hopcount",
        ),
        of("ord-hopcount", HOP_COUNT, Ordinal),
        full(
            "num-delay-ow",
            DELAY,
            Numerical,
            "costmap-delay-ow",
            "/costmap/full/delay-ow",
        ),
        of("ord-delay-ow", DELAY, Ordinal),
        full(
            "num-delay-rt",
            ROUND_TRIP,
            Numerical,
            "costmap-delay-rt",
            "/costmap/full/delay-rt",
        ),
        of("ord-delay-rt", ROUND_TRIP, Ordinal),
        full(
            "num-bw-residual",
            RESIDUAL,
            Numerical,
            "costmap-bw-residual",
            "/costmap/full/bw-residual",
        ),
        of("ord-bw-residual", RESIDUAL, Ordinal),
        full(
            "num-bw-available",
            AVAILABLE,
            Numerical,
            "costmap-bw-available",
            "/costmap/full/bw-available",
        ),
        of("ord-bw-available", AVAILABLE, Ordinal),
        full(
            "num-price",
            PRICE,
            Numerical,
            "costmap-price",
            "/costmap/full/price",
        ),
        of("ord-price", PRICE, Ordinal),
        full(
            "num-delay-ow-min",
            DELAY_MIN,
            Numerical,
            "costmap-delay-ow-min",
            "/costmap/full/delay-ow-min",
        ),
        of("ord-delay-ow-min", DELAY_MIN, Ordinal),
        full(
            "num-delay-ow-max",
            DELAY_MAX,
            Numerical,
            "costmap-delay-ow-max",
            "/costmap/full/delay-ow-max",
        ),
        of("ord-delay-ow-max", DELAY_MAX, Ordinal),
        full(
            "num-delay-rt-min",
            ROUND_TRIP_MIN,
            Numerical,
            "costmap-delay-rt-min",
            "/costmap/full/delay-rt-min",
        ),
        of("ord-delay-rt-min", ROUND_TRIP_MIN, Ordinal),
        full(
            "num-delay-rt-max",
            ROUND_TRIP_MAX,
            Numerical,
            "costmap-delay-rt-max",
            "/costmap/full/delay-rt-max",
        ),
        of("ord-delay-rt-max", ROUND_TRIP_MAX, Ordinal),
        full(
            "num-delay-variation",
            VARIATION,
            Numerical,
            "costmap-delay-variation",
            "/costmap/full/delay-variation",
        ),
        of("ord-delay-variation", VARIATION, Ordinal),
        full(
            "num-lossrate",
            LOSS,
            Numerical,
            "costmap-lossrate",
            "/costmap/full/lossrate",
        ),
        of("ord-lossrate", LOSS, Ordinal),
        full(
            "num-tput",
            THROUGHPUT,
            Numerical,
            "costmap-tput",
            "/costmap/full/tput",
        ),
        of("ord-tput", THROUGHPUT, Ordinal),
    ]
};

impl CostType {
    /// The position in [`COST_TYPES`].
    pub(crate) fn position(&self) -> usize {
        let same = |other: &Self| other.name == self.name;
        COST_TYPES.iter().position(same).unwrap_or_default()
    }

    /// The `CostType` object of an answer.
    #[must_use]
    pub fn told(&self) -> Value {
        let mut told = Map::new();
        told.insert("cost-mode".to_owned(), self.mode.name().into());
        told.insert("cost-metric".to_owned(), self.metric.name.into());
        if !self.metric.parameters.is_empty() {
            let text = |(name, text): &(&str, &str)| ((*name).to_owned(), Value::from(*text));
            let parameters: Map<String, Value> = self.metric.parameters.iter().map(text).collect();
            let context = json!({ "cost-source": "estimation", "parameters": parameters });
            told.insert("cost-context".to_owned(), context);
        }
        Value::Object(told)
    }

    /// The same in a directory, with a description for people.
    #[must_use]
    pub fn described(&self) -> Value {
        let mut told = self.told();
        told["description"] = self.metric.description.into();
        told
    }

    /// The cost type that a request names: by metric and mode. `description` says nothing to a server
    /// (RFC 7285 §11.3.2.3), and a `cost-context` tells no two cost types of a resource apart (RFC 9439
    /// §3.1).
    pub(super) fn read(request: &Cursor<'_>) -> Result<&'static Self, FieldError> {
        let metric = request.required("cost-metric")?;
        let mode = request.required("cost-mode")?;
        let (name, mode_name) = (metric.string()?, mode.string()?);
        let of_metric = || COST_TYPES.iter().filter(|known| known.metric.name == name);
        if of_metric().next().is_none() {
            return Err(
                metric.invalid("the cost metrics are those of 'cost-type-names' in the directory")
            );
        }
        of_metric()
            .find(|known| known.mode.name() == mode_name)
            .ok_or_else(|| mode.invalid("'numerical' or 'ordinal'"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn rfc9439_3_1_no_two_cost_types_have_one_metric_and_mode() {
        let all: BTreeSet<_> = COST_TYPES.iter().map(|t| (t.metric.name, t.mode)).collect();
        assert_eq!(all.len(), COST_TYPES.len());
        let names: BTreeSet<_> = COST_TYPES.iter().map(|t| t.name).collect();
        assert_eq!(names.len(), COST_TYPES.len());
        for (position, cost_type) in COST_TYPES.iter().enumerate() {
            assert_eq!(cost_type.position(), position);
        }
    }
}
