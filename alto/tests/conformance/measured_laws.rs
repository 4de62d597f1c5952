//! Laws of the costs over what else is measured of links: against all simple paths, tried one by one.

use std::collections::BTreeSet;

use alto::{COST_TYPES, Calendar, Mode, Service};
use jiff::Timestamp;
use nffg::{Announced, Bandwidth, Delay, LinkState, Loss, Measured, Window};
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Map, Value, json};

use crate::cost_laws::{is_bandwidth, part, ranked};
use crate::costs::cost_type;
use crate::federation::{CAPS, Federation, OneWay, content, got, id, measured, posted};
use crate::rfc8896::{asked, limits};

const NAMES: [&str; 5] = ["A", "B", "C", "D", "E"];

/// The metrics that this is about.
const METRICS: [&str; 9] = [
    "delay-ow:min",
    "delay-ow:max",
    "delay-rt:min",
    "delay-rt:max",
    "delay-variation:cur",
    "lossrate:cur",
    "bw-residual",
    "bw-available",
    "tput:cur",
];

/// What is told of one direction of a link: microseconds, bit/s, whole percents.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Way {
    delay: Option<u64>,
    min: Option<u64>,
    max: Option<u64>,
    variation: Option<u64>,
    percent: Option<u64>,
    bandwidth: Option<u64>,
    residual: Option<u64>,
}

impl Way {
    fn told(self, to: usize) -> (OneWay, Measured) {
        let delay = |micros: Option<u64>| micros.map(|micros| Delay::from_nanos(micros * 1000));
        let measured = Measured {
            delay_min: delay(self.min),
            delay_max: delay(self.max),
            delay_variation: delay(self.variation),
            loss: (self.percent).map(|n| Loss::from_percent(n as f64).unwrap()),
            residual_bandwidth: self.residual.map(Bandwidth::from_bits_per_second),
            available_bandwidth: None,
        };
        ((id(NAMES[to]), self.delay, self.bandwidth), measured)
    }

    /// What counts: its own word, else that of the other direction.
    fn or(self, other: Self) -> Self {
        let bounds = if self.min.is_some() || self.max.is_some() {
            self
        } else {
            other
        };
        let bandwidths = if self.bandwidth.is_some() || self.residual.is_some() {
            self
        } else {
            other
        };
        Self {
            delay: self.delay.or(other.delay),
            min: bounds.min,
            max: bounds.max,
            variation: self.variation.or(other.variation),
            percent: self.percent.or(other.percent),
            bandwidth: self.bandwidth.or(other.bandwidth),
            residual: bandwidths.residual,
        }
    }
}

type Link = (usize, usize, [Way; 2]);

fn way() -> impl Strategy<Value = Way> {
    let told = |most: u64| prop::option::weighted(0.8, 0..most);
    let delays = (told(4), told(4), told(6), told(3));
    // Most of the traffic is not lost, but all may be.
    let percent = prop::option::weighted(0.8, prop_oneof![4 => 0_u64..4, 1 => 0_u64..=100]);
    let bandwidths = (told(40), prop::option::weighted(0.5, 0_u64..40));
    (delays, percent, bandwidths).prop_map(
        |((delay, min, max, variation), percent, (bandwidth, residual))| Way {
            delay,
            min,
            max,
            variation,
            percent,
            bandwidth,
            residual,
        },
    )
}

fn links() -> impl Strategy<Value = Vec<Link>> {
    let ends = (0..NAMES.len(), 0..NAMES.len());
    let link = (ends, way(), way(), any::<bool>());
    let link = link
        .prop_map(|((a, b), there, back, alike)| (a, b, [there, if alike { there } else { back }]));
    prop::collection::vec(link, 0..9).prop_map(|links| {
        let mut seen = BTreeSet::new();
        let is_new = |(a, b, _): &Link| a != b && seen.insert((*a.min(b), *a.max(b)));
        links.into_iter().filter(is_new).collect()
    })
}

fn update(federation: &mut Federation, links: &[Link]) {
    for (number, name) in NAMES.iter().enumerate() {
        let ways =
            links
                .iter()
                .filter_map(|(a, b, [there, back])| match (*a == number, *b == number) {
                    (true, _) => Some(there.told(*b)),
                    (_, true) => Some(back.told(*a)),
                    _ => None,
                });
        let topology = measured(name, &ways.collect::<Vec<_>>(), &[]);
        federation.ted.apply([idt::Update::Topology(topology)]);
    }
}

fn federation(links: &[Link]) -> Federation {
    let mut federation = Federation::new(CAPS);
    update(&mut federation, links);
    federation
}

/// All ways of all simple paths from one domain to another.
fn paths(links: &[Link], from: usize, to: usize) -> Vec<Vec<Way>> {
    fn go(
        links: &[Link],
        at: usize,
        to: usize,
        seen: &mut Vec<usize>,
        path: &mut Vec<Way>,
        all: &mut Vec<Vec<Way>>,
    ) {
        if at == to {
            all.push(path.clone());
            return;
        }
        for (a, b, [there, back]) in links {
            let (next, way) = match (*a == at, *b == at) {
                (true, _) => (*b, there.or(*back)),
                (_, true) => (*a, back.or(*there)),
                _ => continue,
            };
            if seen.contains(&next) {
                continue;
            }
            seen.push(next);
            path.push(way);
            go(links, next, to, seen, path, all);
            path.pop();
            seen.pop();
        }
    }
    let mut all = Vec::new();
    go(links, from, to, &mut vec![from], &mut Vec::new(), &mut all);
    all
}

/// The least sum of what all links of a path tell.
fn least(paths: &[Vec<Way>], of: impl Fn(&Way) -> Option<u64>) -> Option<u64> {
    let sum = |path: &Vec<Way>| path.iter().map(&of).sum::<Option<u64>>();
    paths.iter().filter_map(sum).min()
}

/// The widest of all paths.
fn widest(paths: &[Vec<Way>], of: impl Fn(&Way) -> Option<u64>) -> Option<u64> {
    let width = |path: &Vec<Way>| {
        let all: Option<Vec<u64>> = path.iter().map(&of).collect();
        all?.into_iter().min()
    };
    paths.iter().filter_map(width).max()
}

/// The least loss, to the nearest billionth, in percent.
fn lossrate(paths: &[Vec<Way>]) -> Option<f64> {
    let lost = |path: &Vec<Way>| {
        let kept: Option<Vec<u64>> = path.iter().map(|way| Some(100 - way.percent?)).collect();
        let kept: u64 = kept?.into_iter().product();
        let all = 100_u64.pow(path.len() as u32);
        // Exact: below 10^10 of 10^10, times 10^9.
        let (lost, all) = (u128::from(all - kept), u128::from(all));
        Some((lost * 2_000_000_000 + all) / (2 * all))
    };
    let billionths = paths.iter().filter_map(lost).min()?;
    Some(billionths as f64 / 1e7)
}

/// The largest whole number of bit/s that the model allows.
fn model(rtt_micros: u64, percent: u64) -> u64 {
    if rtt_micros == 0 || percent == 0 {
        return u64::MAX;
    }
    let percent = percent.min(100);
    // 8 * 1460 / (rtt / 10^6) * sqrt(3/2 / (percent / 100)), squared.
    let square = (8_u128 * 1460 * 1_000_000).pow(2) * 150 / u128::from(rtt_micros.pow(2) * percent);
    let mut rate = (square as f64).sqrt() as u128 + 2;
    while rate * rate > square {
        rate -= 1;
    }
    u64::try_from(rate).unwrap()
}

fn throughput(there: &[Vec<Way>], back: &[Vec<Way>]) -> Option<u64> {
    let told = |path: &Vec<Way>| -> Option<(u64, u64, std::cmp::Reverse<u64>)> {
        let delay = path.iter().map(|way| way.delay).sum::<Option<u64>>()?;
        let percent = path.iter().map(|way| way.percent).sum::<Option<u64>>()?;
        let widths: Option<Vec<u64>> = path.iter().map(|way| way.bandwidth).collect();
        Some((
            delay,
            percent,
            std::cmp::Reverse(widths?.into_iter().min()?),
        ))
    };
    let (delay, percent, width) = there.iter().filter_map(told).min()?;
    let back = least(back, |way| way.delay)?;
    Some(model(delay + back, percent).min(width.0))
}

/// The costs by an independent way, in the units of RFC 9439.
fn by_hand(links: &[Link], metric: &str) -> Value {
    let cost = |from: usize, to: usize| -> Option<f64> {
        if from == to {
            return (!is_bandwidth(metric)).then_some(0.0);
        }
        let (there, back) = (paths(links, from, to), paths(links, to, from));
        let both = |of: fn(&Way) -> Option<u64>| Some(least(&there, of)? + least(&back, of)?);
        let bytes = |bits: Option<u64>| Some(bits? as f64 / 8.0);
        let micros = |sum: Option<u64>| Some(sum? as f64);
        match metric {
            "delay-ow:min" => micros(least(&there, |way| way.min)),
            "delay-ow:max" => micros(least(&there, |way| way.max)),
            "delay-rt:min" => micros(both(|way| way.min)),
            "delay-rt:max" => micros(both(|way| way.max)),
            "delay-variation:cur" => micros(least(&there, |way| way.variation)),
            "lossrate:cur" => lossrate(&there),
            "bw-residual" => bytes(widest(&there, |way| way.residual.or(way.bandwidth))),
            "bw-available" => bytes(widest(&there, |way| way.bandwidth)),
            _ => bytes(throughput(&there, &back)),
        }
    };
    let mut map = Map::new();
    for (from, name) in NAMES.iter().enumerate() {
        let cells = NAMES.iter().enumerate();
        let cells =
            cells.filter_map(|(to, name)| Some(((*name).to_owned(), json!(cost(from, to)?))));
        let row: Map<String, Value> = cells.collect();
        if !row.is_empty() {
            map.insert((*name).to_owned(), row.into());
        }
    }
    map.into()
}

/// A map with all numbers as doubles.
fn doubles(map: &Value) -> Value {
    let mut map = map.clone();
    let rows = map.as_object_mut().unwrap().values_mut();
    for cost in rows.flat_map(|row| row.as_object_mut().unwrap().values_mut()) {
        *cost = json!(cost.as_f64().unwrap());
    }
    map
}

fn costs(service: &Service, request: &Value) -> Value {
    doubles(&posted(service, "costmap-filtered", request).unwrap()["cost-map"])
}

fn of_these() -> impl Iterator<Item = &'static alto::CostType> {
    let of_these = |known: &&alto::CostType| METRICS.contains(&known.metric.name);
    COST_TYPES.iter().filter(of_these)
}

fn pids() -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(NAMES.as_slice(), 0..=NAMES.len())
}

/// Ten seconds, of which something is announced.
const CALENDAR: Calendar = Calendar {
    interval: 10,
    intervals: 1,
    past: 0,
};

/// The links of A, each as it is at its worst in the interval.
fn at_worst(links: &[Link], up: Option<(Option<u64>, Option<u64>)>, always: bool) -> Vec<Link> {
    let is_meant = |(a, b, _): &Link| *a == 0 || *b == 0;
    let Some((delay, bandwidth)) = up else {
        return links
            .iter()
            .filter(|link| !is_meant(link))
            .copied()
            .collect();
    };
    let worst = |way: Way| {
        let delay_of = |told: Option<u64>| match (told, delay) {
            (Some(told), Some(delay)) if !always => Some(told.max(delay)),
            (Some(_), Some(delay)) => Some(delay),
            (told, _) => told,
        };
        let bandwidth_of = |told: Option<u64>| match (told, bandwidth) {
            (Some(told), Some(bandwidth)) if !always => Some(told.min(bandwidth)),
            (_, Some(bandwidth)) => Some(bandwidth),
            (told, None) => told,
        };
        Way {
            // What is announced of them is told.
            delay: delay_of(way.delay).or(delay),
            min: delay_of(way.min),
            max: delay_of(way.max),
            bandwidth: bandwidth_of(way.bandwidth),
            residual: way.residual.and_then(|told| bandwidth_of(Some(told))),
            ..way
        }
    };
    let link = |link: &Link| {
        let (a, b, [there, back]) = *link;
        if is_meant(link) {
            (a, b, [worst(there.or(back)), worst(back.or(there))])
        } else {
            *link
        }
    };
    links.iter().map(link).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Full maps are what trying all paths finds, filtered maps are parts of them, and ranks are ranks of what
    /// is asked for.
    #[test]
    fn costs_of_what_is_measured_are_the_best_of_all_paths(
        links in links(), sources in pids(), destinations in pids(),
    ) {
        let service = federation(&links).service();
        for known in of_these() {
            let metric = known.metric.name;
            let amounts = by_hand(&links, metric);
            if let Some((id, _)) = known.full_map {
                prop_assert_eq!(doubles(&got(&service, id)["cost-map"]), amounts.clone(), "{}", id);
            }
            let request = json!({
                "cost-type": cost_type(metric, known.mode.name()), "pids": {"srcs": sources, "dsts": destinations},
            });
            let expected = part(&amounts, &sources, &destinations);
            let expected = match known.mode {
                Mode::Numerical => expected,
                Mode::Ordinal => doubles(&ranked(&expected, !is_bandwidth(metric))),
            };
            prop_assert_eq!(costs(&service, &request), expected, "{}", known.name);
        }
    }

    /// A version after one in which only what is measured was other says what it would say alone, and of a map
    /// that is the same its tag.
    #[test]
    fn a_version_in_which_only_measures_change_says_what_it_would_alone(
        links in links(), at in 0_usize..9, other in way(),
    ) {
        let mut federation = federation(&links);
        let old = federation.service();
        let full: Vec<&str> = of_these().filter_map(|known| Some(known.full_map?.0)).collect();
        let before: Vec<_> = full.iter().map(|id| content(&old, id, b"").unwrap()).collect();
        let mut links = links.clone();
        if let Some((_, _, [there, _])) = links.get_mut(at) {
            let Way { delay, bandwidth, .. } = *there;
            *there = Way { delay, bandwidth, ..other };
        }
        update(&mut federation, &links);
        let new = federation.service_after(Some(&old));
        let alone = federation.service();
        for (id, old) in full.iter().zip(&before) {
            let (new, alone) = (content(&new, id, b"").unwrap(), content(&alone, id, b"").unwrap());
            prop_assert_eq!(&new.pieces, &alone.pieces, "{}", id);
            prop_assert_eq!(new.tag == old.tag, new.to_bytes() == old.to_bytes(), "{}", id);
        }
    }

    /// What is announced of delay and bandwidth is announced of the bounds and of the residual bandwidth, too.
    #[test]
    fn calendars_of_what_is_measured_are_the_costs_at_worst(
        links in links(),
        up in prop::option::weighted(0.8, (prop::option::of(0_u64..6), prop::option::of(0_u64..40))),
        always in any::<bool>(),
    ) {
        let up = up.filter(|(delay, bandwidth)| delay.is_some() || bandwidth.is_some());
        let second = |second| Timestamp::from_second(second).unwrap();
        let mut federation = Federation::new(CAPS).with_limits(limits(Some(CALENDAR)));
        update(&mut federation, &links);
        let state = up.map_or(LinkState::Out, |(delay, bandwidth)| LinkState::Up {
            delay: delay.map(|micros| Delay::from_nanos(micros * 1000)),
            bandwidth: bandwidth.map(Bandwidth::from_bits_per_second),
        });
        let end = second(if always { 10 } else { 9 });
        let window = Window { start: second(0), end, links: Announced::All, state };
        federation.ted.apply([idt::Update::Windows(id("A"), vec![window])]);
        let service = federation.service();
        let worst = at_worst(&links, up, always);
        for metric in METRICS {
            let request = json!({"cost-type": cost_type(metric, "numerical"), "calendared": [true]});
            let mut found = asked(&service, "costmap-filtered", &request, second(0)).unwrap()["cost-map"].clone();
            let rows = found.as_object_mut().unwrap().values_mut();
            for cost in rows.flat_map(|row| row.as_object_mut().unwrap().values_mut()) {
                *cost = json!(cost[0].as_f64());
            }
            prop_assert_eq!(found, by_hand(&worst, metric), "{}", metric);
        }
    }
}
