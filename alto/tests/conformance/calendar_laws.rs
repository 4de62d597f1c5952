//! Laws of calendars, over random federations, windows and times.

use alto::{COST_TYPES, Calendar, Service};
use jiff::Timestamp;
use nffg::{Announced, Bandwidth, Delay, LinkState, Window};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::cost_laws::{Link, links, update};
use crate::costs::cost_type;
use crate::federation::{CAPS, Federation, id, posted};
use crate::path_vectors::{Answer, COST_MAP, asked_at, between};
use crate::rfc8896::{asked, limits};

const NAMES: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

/// Intervals of ten seconds.
const CALENDAR: Calendar = Calendar {
    interval: 10,
    intervals: 6,
    past: 2,
};

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Whose it is, to whom its links lead if not all are meant, from when to when, and what is announced:
/// microseconds and bit/s, neither if the links are out of service.
#[derive(Clone, Debug)]
struct Told {
    of: usize,
    to: Option<usize>,
    times: (i64, i64),
    up: Option<(Option<u64>, Option<u64>)>,
}

fn windows() -> impl Strategy<Value = Vec<Told>> {
    let up = prop_oneof![
        (0_u64..5).prop_map(|delay| (Some(delay), None)),
        (0_u64..40).prop_map(|bandwidth| (None, Some(bandwidth))),
        (0_u64..5, 0_u64..40).prop_map(|(delay, bandwidth)| (Some(delay), Some(bandwidth))),
    ];
    let told = (
        0..NAMES.len(),
        prop::option::weighted(0.8, 0..NAMES.len()),
        0_i64..60,
        1_i64..30,
        prop::option::weighted(0.7, up),
    );
    let told = told.prop_map(|(of, to, start, length, up)| Told {
        of,
        to,
        times: (start, start + length),
        up,
    });
    prop::collection::vec(told, 0..6)
}

fn announce(federation: &mut Federation, windows: &[Told]) {
    for (number, name) in NAMES.iter().enumerate() {
        let own = windows.iter().filter(|told| told.of == number);
        let own = own.map(|told| Window {
            start: second(told.times.0),
            end: second(told.times.1),
            links: told.to.map_or(Announced::All, |to| Announced::Neighbour {
                domain: id(NAMES[to]),
                router: None,
                remote: None,
            }),
            state: told
                .up
                .map_or(LinkState::Out, |(delay, bandwidth)| LinkState::Up {
                    delay: delay.map(|micros| Delay::from_nanos(micros * 1000)),
                    bandwidth: bandwidth.map(Bandwidth::from_bits_per_second),
                }),
        });
        federation
            .ted
            .apply([idt::Update::Windows(id(name), own.collect())]);
    }
}

/// The links, each as it is at its worst in these seconds, looked at one by one.
fn at_worst(links: &[Link], windows: &[Told], seconds: std::ops::Range<i64>) -> Vec<Link> {
    let of_link = |(a, b, [there, back]): &Link| {
        let about = windows.iter().filter(|told| {
            let to = |to: usize| told.to.is_none_or(|told| told == to);
            (told.of == *a && to(*b)) || (told.of == *b && to(*a))
        });
        let about: Vec<&Told> = about.collect();
        let own = |own: &(Option<u64>, Option<u64>), other: &(Option<u64>, Option<u64>)| {
            (own.0.or(other.0), own.1.or(other.1))
        };
        let mut worst = [(None, None), (None, None)];
        let base = [own(there, back), own(back, there)];
        for moment in seconds.clone() {
            let active = about
                .iter()
                .filter(|told| (told.times.0..told.times.1).contains(&moment));
            let active: Vec<_> = active.map(|told| told.up).collect();
            if active.contains(&None) {
                return None;
            }
            let longest = active.iter().flatten().filter_map(|up| up.0).max();
            let least = active.iter().flatten().filter_map(|up| up.1).min();
            for (worst, base) in worst.iter_mut().zip(base) {
                let (delay, bandwidth) = (longest.or(base.0), least.or(base.1));
                worst.0 = worst.0.into_iter().chain(delay).max();
                worst.1 = worst.1.into_iter().chain(bandwidth).min();
            }
        }
        Some((*a, *b, worst))
    };
    links.iter().filter_map(of_link).collect()
}

fn federation(links: &[Link]) -> Federation {
    let mut federation = Federation::new(CAPS).with_limits(limits(Some(CALENDAR)));
    update(&mut federation, links);
    federation
}

fn plain(service: &Service, metric: &str, mode: &str) -> Value {
    let request = json!({"cost-type": cost_type(metric, mode)});
    posted(service, "costmap-filtered", &request).unwrap()["cost-map"].clone()
}

/// That each element of the calendars is the cost in the map of its interval.
fn check(
    service: &Service,
    now: i64,
    of_interval: &dyn Fn(i64) -> Option<Service>,
) -> Result<(), TestCaseError> {
    let services: Vec<Option<Service>> = (0..i64::from(CALENDAR.intervals))
        .map(|nth| of_interval((now.div_euclid(10) - i64::from(CALENDAR.past) + nth) * 10))
        .collect();
    for known in &COST_TYPES {
        let (metric, mode) = (known.metric.name, known.mode.name());
        let maps: Vec<Value> = services
            .iter()
            .map(|one| {
                one.as_ref()
                    .map_or_else(|| json!({}), |one| plain(one, metric, mode))
            })
            .collect();
        let request = json!({"cost-type": cost_type(metric, mode), "calendared": [true]});
        let found = asked(service, "costmap-filtered", &request, second(now)).unwrap();
        for from in NAMES {
            for to in NAMES {
                let cost = |map: &Value| map.get(from).and_then(|row| row.get(to)).cloned();
                let expected: Vec<Value> = maps.iter().map(|map| cost(map).into()).collect();
                let expected = expected
                    .iter()
                    .any(|one| !one.is_null())
                    .then(|| json!(expected));
                prop_assert_eq!(
                    cost(&found["cost-map"]),
                    expected,
                    "{} {} {}",
                    known.name,
                    from,
                    to
                );
            }
        }
    }
    check_paths(service, now, &services)
}

/// That each path vector of the calendars is the path vector of its interval, told in the same amounts. Names of
/// elements are another matter.
fn check_paths(
    service: &Service,
    now: i64,
    services: &[Option<Service>],
) -> Result<(), TestCaseError> {
    const AMOUNTS: [&str; 2] = ["max-reservable-bandwidth", "priv:brokermdo-delay"];
    const LASTING: &str = "persistent-entity-id";
    let amounts = |answer: &Answer, vector: &Value| -> Option<Vec<[Value; 2]>> {
        let told = |name| AMOUNTS.map(|amount| answer.ane(name)[amount].clone());
        Some(vector.as_array()?.iter().map(told).collect())
    };
    for properties in [&AMOUNTS[..], &[AMOUNTS[0], AMOUNTS[1], LASTING]] {
        let mut request = between(&[], &[], properties);
        let plain = |one: &Option<Service>| {
            let one = one.as_ref()?;
            Some(asked_at(one, COST_MAP, &request, second(now)).unwrap())
        };
        let plain: Vec<Option<Answer>> = services.iter().map(plain).collect();
        request["calendared"] = json!([true]);
        let answer = asked_at(service, COST_MAP, &request, second(now)).unwrap();
        for (from, to) in NAMES.iter().flat_map(|from| NAMES.map(|to| (*from, to))) {
            let of = |answer: &Answer| answer.cost_map().get(from)?.get(to).cloned();
            let expected: Vec<_> = plain
                .iter()
                .map(|one| {
                    let one = one.as_ref()?;
                    amounts(one, &of(one)?)
                })
                .collect();
            let expected = expected.iter().any(Option::is_some).then_some(expected);
            let found = of(&answer).map(|calendar| {
                let each = calendar.as_array().unwrap().iter();
                each.map(|vector| amounts(&answer, vector)).collect()
            });
            prop_assert_eq!(found, expected, "{} {} {:?}", from, to, properties);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// An element of a calendar is the plain cost over the links as they are at their worst in its interval.
    #[test]
    fn calendars_are_the_plain_costs_of_each_interval(links in links(), windows in windows(), now in 0_i64..40) {
        let mut told = federation(&links);
        announce(&mut told, &windows);
        check(&told.service(), now, &|start| {
            let left = start.max(now)..start + 10;
            // Nobody recorded what is over.
            (start + 10 > now).then(|| federation(&at_worst(&links, &windows, left)).service())
        })?;
    }

    /// An index of distances changes no calendar.
    #[test]
    fn an_index_changes_no_calendar(links in links(), windows in windows(), now in 0_i64..40) {
        use idt::search::{Budget, Distances, Metric};
        let mut told = federation(&links);
        announce(&mut told, &windows);
        let service = told.service();
        let maps = std::sync::Arc::clone(service.maps());
        let mut distances = Distances::new(std::sync::Arc::clone(maps.idt().graph().net()));
        for metric in Metric::ALL {
            distances = distances.with_index(metric, &mut Budget::unlimited()).unwrap();
        }
        let indexed = Service::new(maps, distances, None);
        for known in &COST_TYPES {
            let request = json!({"cost-type": cost_type(known.metric.name, known.mode.name()), "calendared": [true]});
            let of = |service| asked(service, "costmap-filtered", &request, second(now)).unwrap();
            prop_assert_eq!(of(&indexed), of(&service));
        }
    }

    /// What is over is as it was when its interval ended, whatever came after.
    #[test]
    fn past_elements_are_the_plain_costs_of_then(
        versions in prop::collection::vec((0_i64..15, links()), 1..6),
        rest in 0_i64..30,
    ) {
        let mut time = 0;
        let mut service: Option<Service> = None;
        let mut all = Vec::new();
        let mut writer = federation(&[]);
        for (pause, links) in &versions {
            time += pause;
            update(&mut writer, links);
            let next = writer.service_after(service.as_ref()).in_force(second(time), service.as_ref());
            all.push((time, links));
            service = Some(next);
        }
        let now = time + rest;
        check(&service.unwrap(), now, &|start| {
            // Before its end, or now.
            let moment = (start + 10).min(now + 1);
            let in_force = all.iter().rev().find(|(since, _)| *since < moment);
            in_force.map(|(_, links)| federation(links).service())
        })?;
    }
}
