//! Laws of costs, over random federations and random requests.

use std::collections::{BTreeMap, BTreeSet};

use alto::{COST_TYPES, Service};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use crate::costs::cost_type;
use crate::federation::{
    CAPS, Federation, OneWay, content, got, id, json, linked, posted, posted_to,
};

pub(crate) const NAMES: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

/// A link as each of its ends tells it: microseconds and bit/s, where told.
pub(crate) type Link = (usize, usize, [(Option<u64>, Option<u64>); 2]);

/// What is told of a link in one direction.
fn told() -> impl Strategy<Value = (Option<u64>, Option<u64>)> {
    (
        prop::option::weighted(0.8, 0_u64..5),
        prop::option::weighted(0.8, 0_u64..40),
    )
}

pub(crate) fn links() -> impl Strategy<Value = Vec<Link>> {
    let link = (
        0..NAMES.len(),
        0..NAMES.len(),
        told(),
        told(),
        any::<bool>(),
    );
    let link = link
        .prop_map(|(a, b, there, back, alike)| (a, b, [there, if alike { there } else { back }]));
    prop::collection::vec(link, 0..10).prop_map(|links| {
        // One link for each pair: what several would be is the domain graph's affair.
        let mut seen = BTreeSet::new();
        let is_new = |(a, b, _): &Link| a != b && seen.insert((*a.min(b), *a.max(b)));
        links.into_iter().filter(is_new).collect()
    })
}

pub(crate) fn federation(links: &[Link]) -> Federation {
    let mut federation = Federation::new(CAPS);
    update(&mut federation, links);
    federation
}

pub(crate) fn update(federation: &mut Federation, links: &[Link]) {
    for (number, name) in NAMES.iter().enumerate() {
        let ways = links.iter().filter_map(|(a, b, [there, back])| {
            let (to, told) = match (*a == number, *b == number) {
                (true, _) => (b, there),
                (_, true) => (a, back),
                _ => return None,
            };
            Some((id(NAMES[*to]), told.0, told.1))
        });
        let prefix = format!("10.{number}.0.0/16");
        let topology = linked(name, &ways.collect::<Vec<OneWay>>(), &[prefix.as_str()]);
        federation.ted.apply([idt::Update::Topology(topology)]);
    }
}

/// What of a link counts in one direction: its own word, else that of the other.
pub(crate) fn ways(
    links: &[Link],
) -> impl Iterator<Item = (usize, usize, Option<u64>, Option<u64>)> {
    links.iter().flat_map(|(a, b, [there, back])| {
        let way =
            |from, to, own: &(Option<u64>, Option<u64>), other: &(Option<u64>, Option<u64>)| {
                (from, to, own.0.or(other.0), own.1.or(other.1))
            };
        [way(*a, *b, there, back), way(*b, *a, back, there)]
    })
}

type Table = [[Option<u64>; 6]; 6];

/// The best of all paths by repeated joining (Floyd and Warshall).
fn all_pairs(mut table: Table, join: fn(u64, u64) -> u64, better: fn(u64, u64) -> u64) -> Table {
    for via in 0..6 {
        for from in 0..6 {
            for to in 0..6 {
                if let (Some(a), Some(b)) = (table[from][via], table[via][to]) {
                    let through = join(a, b);
                    let best = table[from][to].map_or(through, |known| better(known, through));
                    table[from][to] = Some(best);
                }
            }
        }
    }
    table
}

/// Whether more of it is better.
pub(crate) fn is_bandwidth(metric: &str) -> bool {
    metric.starts_with("bw-") || metric.starts_with("tput")
}

/// The costs by an independent way, in the units of RFC 9439.
fn by_hand(links: &[Link], metric: &str) -> Value {
    let diagonal = |mut table: Table| {
        (0..6).for_each(|at| table[at][at] = Some(0));
        table
    };
    let (mut hops, mut delays, mut widths) = (Table::default(), Table::default(), Table::default());
    for (from, to, delay, bandwidth) in ways(links) {
        hops[from][to] = Some(1);
        delays[from][to] = delay;
        widths[from][to] = bandwidth;
    }
    let sum = |a, b| a + b;
    let table = match metric {
        "routingcost" | "hopcount" => all_pairs(diagonal(hops), sum, u64::min),
        "delay-ow:cur" => all_pairs(diagonal(delays), sum, u64::min),
        // Nobody tells what else is measured; `measured_laws` has who does.
        "delay-ow:min"
        | "delay-ow:max"
        | "delay-rt:min"
        | "delay-rt:max"
        | "delay-variation:cur"
        | "lossrate:cur" => diagonal(Table::default()),
        "tput:cur" => Table::default(),
        "delay-rt:cur" => {
            let there = all_pairs(diagonal(delays), sum, u64::min);
            let both = |from: usize, to: usize| Some(there[from][to]? + there[to][from]?);
            std::array::from_fn(|from| std::array::from_fn(|to| both(from, to)))
        }
        "priv:brokermdo-price" => {
            let mut free = hops;
            free.iter_mut()
                .flatten()
                .for_each(|cell| *cell = cell.map(|_| 0));
            all_pairs(diagonal(free), sum, u64::min)
        }
        _ => {
            let mut table = all_pairs(widths, u64::min, u64::max);
            (0..6).for_each(|at| table[at][at] = None);
            table
        }
    };
    let is_width = metric.starts_with("bw-");
    let number = |amount: u64| match is_width {
        // Bits per second are told as bytes per second.
        true if amount.is_multiple_of(8) => json!(amount / 8),
        true => json!(amount as f64 / 8.0),
        false => json!(amount),
    };
    let mut map = Map::new();
    for (from, row) in NAMES.iter().zip(table) {
        let cells = NAMES.iter().zip(row);
        let cells = cells.filter_map(|(to, cost)| Some(((*to).to_owned(), number(cost?))));
        let row: Map<String, Value> = cells.collect();
        if !row.is_empty() {
            map.insert((*from).to_owned(), row.into());
        }
    }
    map.into()
}

/// The ranks of the pairs of a map, made by hand.
pub(crate) fn ranked(map: &Value, best_first: bool) -> Value {
    let amounts = map.as_object().unwrap().values();
    let amounts = amounts.flat_map(|row| row.as_object().unwrap().values());
    let mut distinct: Vec<f64> = amounts.map(|cost| cost.as_f64().unwrap()).collect();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    if !best_first {
        distinct.reverse();
    }
    let mut map = map.clone();
    for cost in map
        .as_object_mut()
        .unwrap()
        .values_mut()
        .flat_map(|row| row.as_object_mut().unwrap().values_mut())
    {
        let place = distinct
            .iter()
            .position(|known| Some(*known) == cost.as_f64())
            .unwrap();
        *cost = json!(place + 1);
    }
    map
}

pub(crate) fn part(full: &Value, sources: &[&str], destinations: &[&str]) -> Value {
    let wanted = |list: &[&str], name: &str| list.is_empty() || list.contains(&name);
    let mut map = full.clone();
    let rows = map.as_object_mut().unwrap();
    rows.retain(|from, row| {
        let row = row.as_object_mut().unwrap();
        row.retain(|to, _| wanted(destinations, to));
        wanted(sources, from) && !row.is_empty()
    });
    map
}

fn pids() -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(NAMES.as_slice(), 0..=NAMES.len())
}

fn costs(service: &Service, request: &Value) -> Value {
    posted(service, "costmap-filtered", request).unwrap()["cost-map"].clone()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Full maps are what a computation by hand finds, filtered maps are parts of them, and ranks are
    /// ranks of what is asked for.
    #[test]
    fn filtered_cost_maps_are_parts_of_full_ones(links in links(), sources in pids(), destinations in pids()) {
        let service = federation(&links).service();
        for known in &COST_TYPES {
            let metric = known.metric.name;
            let amounts = by_hand(&links, metric);
            let expected = |amounts: Value| match known.mode {
                alto::Mode::Numerical => amounts,
                alto::Mode::Ordinal => ranked(&amounts, !is_bandwidth(metric)),
            };
            if let Some((id, _)) = known.full_map {
                prop_assert_eq!(&got(&service, id)["cost-map"], &expected(amounts.clone()), "{}", id);
            }
            let request = json!({
                "cost-type": cost_type(metric, known.mode.name()), "pids": {"srcs": sources, "dsts": destinations},
            });
            let part = part(&amounts, &sources, &destinations);
            prop_assert_eq!(costs(&service, &request), expected(part), "{}", known.name);
        }
    }

    /// An index of distances changes no answer.
    #[test]
    fn an_index_changes_no_cost(links in links()) {
        use idt::search::{Budget, Distances, Metric};
        let service = federation(&links).service();
        let maps = std::sync::Arc::clone(service.maps());
        let mut distances = Distances::new(std::sync::Arc::clone(maps.idt().graph().net()));
        for metric in Metric::ALL {
            distances = distances.with_index(metric, &mut Budget::unlimited()).unwrap();
        }
        let indexed = Service::new(maps, distances, None);
        for id in COST_TYPES.iter().filter_map(|known| Some(known.full_map?.0)) {
            prop_assert_eq!(got(&indexed, id), got(&service, id));
        }
    }

    /// RFC 8189 §4.1.2: constraints are or-constraints with one list; and what passes is what a test by
    /// hand lets pass.
    #[test]
    fn constraints_are_one_list_of_or_constraints(
        links in links(),
        tests in prop::collection::vec((0_usize..2, select(vec!["gt", "lt", "ge", "le", "eq"]), 0_u32..12), 0..3),
    ) {
        let service = federation(&links).service();
        let texts: Vec<String> = tests.iter().map(|(at, op, value)| format!("[{at}] {op} {}", f64::from(*value) / 2.0)).collect();
        let tested = json!([cost_type("hopcount", "numerical"), cost_type("bw-available", "numerical")]);
        let request = |name: &str, value: Value| {
            let mut request = json!({"cost-type": cost_type("routingcost", "numerical"), "testable-cost-types": tested});
            request[name] = value;
            costs(&service, &request)
        };
        let found = request("constraints", json!(texts));
        if !texts.is_empty() {
            prop_assert_eq!(&request("or-constraints", json!([texts])), &found);
            prop_assert_eq!(&request("or-constraints", json!([texts, texts])), &found);
        }
        let [hops, widths] = ["hopcount", "bw-available"].map(|metric| by_hand(&links, metric));
        let mut expected = hops.clone();
        expected.as_object_mut().unwrap().retain(|from, row| {
            row.as_object_mut().unwrap().retain(|to, _| tests.iter().all(|(at, op, value)| {
                let cost = [&hops, &widths][*at].get(from).and_then(|row| row.get(to)).and_then(Value::as_f64);
                let value = f64::from(*value) / 2.0;
                cost.is_some_and(|cost| match *op {
                    "gt" => cost > value,
                    "lt" => cost < value,
                    "ge" => cost >= value,
                    "le" => cost <= value,
                    _ => cost == value,
                })
            }));
            !row.as_object().unwrap().is_empty()
        });
        prop_assert_eq!(found, expected);
    }

    /// An endpoint has the costs of its domain.
    #[test]
    fn endpoint_costs_are_those_of_the_domains(
        links in links(),
        sources in prop::collection::vec((0_usize..7, 0_u8..3), 1..5),
        destinations in prop::collection::vec((0_usize..7, 0_u8..3), 1..5),
        which in 0..COST_TYPES.len(),
    ) {
        let service = federation(&links).service();
        let known = &COST_TYPES[which];
        let address = |(domain, host): &(usize, u8)| format!("ipv4:10.{domain}.0.{host}");
        let addresses = |list: &[(usize, u8)]| list.iter().map(address).collect::<Vec<_>>();
        let name = |(domain, _): &(usize, u8)| NAMES.get(*domain).copied();
        let cost = cost_type(known.metric.name, known.mode.name());
        let asked = json!({"srcs": addresses(&sources), "dsts": addresses(&destinations)});
        let request = json!({"cost-type": cost, "endpoints": asked});
        let answer = posted(&service, "endpoint-costs", &request).unwrap()["endpoint-cost-map"].clone();
        let names = |list: &[(usize, u8)]| list.iter().filter_map(name).collect::<BTreeSet<_>>();
        let (from, to) = (names(&sources), names(&destinations));
        // An empty list would be all.
        let map = if from.is_empty() || to.is_empty() {
            json!({})
        } else {
            costs(&service, &json!({"cost-type": cost, "pids": {"srcs": from, "dsts": to}}))
        };
        let mut expected: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        for source in &sources {
            for destination in &destinations {
                let (Some(from), Some(to)) = (name(source), name(destination)) else { continue };
                if let Some(cost) = map.get(from).and_then(|row| row.get(to)) {
                    expected.entry(address(source)).or_default().insert(address(destination), cost.clone());
                }
            }
        }
        prop_assert_eq!(answer, json!(expected));
    }

    /// A version after another says what it would say alone; equal rows are the very same memory, and
    /// tags are equal exactly if the content is.
    #[test]
    fn a_version_after_another_says_what_it_would_alone(before in links(), after in links(), change in 0_usize..10) {
        let mut federation = federation(&before);
        let old = federation.service();
        let full: Vec<&str> = COST_TYPES.iter().filter_map(|known| Some(known.full_map?.0)).collect();
        let old_maps: Vec<_> = full.iter().map(|id| content(&old, id, b"").unwrap()).collect();
        // Mostly one link changes, sometimes all.
        let mut links = before.clone();
        match links.get_mut(change) {
            Some(link) => link.2[0] = (Some(7), Some(7)),
            None => links = after,
        }
        update(&mut federation, &links);
        // One version in between of which nobody asks anything.
        let new = federation.service_after(Some(&federation.service_after(Some(&old))));
        let alone = federation.service();
        for (id, old) in full.iter().zip(&old_maps) {
            let (new, alone) = (content(&new, id, b"").unwrap(), content(&alone, id, b"").unwrap());
            prop_assert_eq!(&new.pieces, &alone.pieces);
            prop_assert_eq!(&new.tag, &alone.tag);
            prop_assert_eq!(new.tag == old.tag, new.to_bytes() == old.to_bytes(), "{}", id);
            let rows = |pieces: &[bytes::Bytes]| pieces[1..pieces.len() - 1].to_vec();
            for row in rows(&new.pieces) {
                let same = rows(&old.pieces).into_iter().find(|old| *old == row && row.starts_with(b","));
                prop_assert!(same.is_none_or(|same| same.as_ptr() == row.as_ptr()), "{}", id);
            }
        }
    }

    /// However many versions come one after another, of links and of domains, with whatever index of distances,
    /// each says what it would say alone; and a row that says what it said in the version asked before is the
    /// very same memory.
    #[test]
    fn no_version_after_others_says_what_one_before_said(
        first in links(),
        changes in prop::collection::vec((0_usize..12, 0_usize..2, told(), any::<bool>(), 0_u8..4), 1..8),
    ) {
        use idt::search::{Budget, Distances, Metric};
        let mut federation = federation(&first);
        let mut links = first;
        let mut service: Option<Service> = None;
        let mut last: Option<Distances> = None;
        let mut asked: BTreeMap<&str, Vec<bytes::Bytes>> = BTreeMap::new();
        let full: Vec<&str> = COST_TYPES.iter().filter_map(|known| Some(known.full_map?.0)).collect();
        for (which, way, told, asks, index) in changes {
            match links.get_mut(which) {
                Some(link) => link.2[way] = told,
                // A domain leaves, and is back with its next word; or a link goes.
                None if which == 11 => {
                    federation.ted.apply([idt::Update::Leave(id(NAMES[links.len() % NAMES.len()]))]);
                    asked.clear();
                }
                None => drop(links.pop()),
            }
            if which != 11 {
                let were = federation.ted.snapshot().graph().len();
                update(&mut federation, &links);
                if federation.ted.snapshot().graph().len() != were {
                    asked.clear();
                }
            }
            let before = service.as_ref().map(|service| service.maps().as_ref());
            let maps = std::sync::Arc::new(federation.maps_after(before));
            let net = std::sync::Arc::clone(maps.idt().graph().net());
            let distances = match (&last, index) {
                (Some(last), 1..) => Distances::over(last, net),
                _ => Distances::new(net),
            };
            let budget = &mut Budget::unlimited();
            let distances = match index {
                2 => distances.with_matrix(Metric::Delay, budget).unwrap(),
                3 => distances.wanting(Metric::Hops).repaired(budget).unwrap(),
                _ => distances,
            };
            last = Some(distances.clone());
            let new = Service::new(maps, distances, service.as_ref());
            let alone = federation.service();
            for id in full.iter().filter(|_| asks) {
                let (new, alone) = (content(&new, id, b"").unwrap(), content(&alone, id, b"").unwrap());
                prop_assert_eq!(&new.pieces, &alone.pieces, "{}", id);
                prop_assert_eq!(&new.tag, &alone.tag);
                for row in asked.get(id).into_iter().flatten() {
                    let same = new.pieces.iter().find(|new| *new == row && row.starts_with(b","));
                    prop_assert!(same.is_none_or(|same| same.as_ptr() == row.as_ptr()), "{}", id);
                }
                let rows = &new.pieces[1..new.pieces.len() - 1];
                asked.insert(id, rows.to_vec());
            }
            service = Some(new);
        }
    }

    /// Valid requests with one thing changed get further than noise; whatever comes, JSON comes out.
    #[test]
    fn near_misses_never_panic(at in any::<prop::sample::Index>(), with in "[\\[\\]{}\",:a-z0-9.]{0,3}", which in 0_usize..4) {
        let text = REQUESTS[which];
        let at = at.index(text.len());
        check_total(format!("{}{with}{}", &text[..at], &text[at + 1..]).as_bytes());
    }

    #[test]
    fn requests_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check_total(&bytes);
    }
}

const REQUESTS: [&str; 4] = [
    r#"{"multi-cost-types":[{"cost-mode":"ordinal","cost-metric":"bw-available"},{"cost-mode":"numerical","cost-metric":"delay-rt:cur"}],"testable-cost-types":[{"cost-mode":"numerical","cost-metric":"hopcount"}],"or-constraints":[["[0] le 1","ge 0"],["[0] eq 1e0"]],"pids":{"srcs":["A"],"dsts":[]},"endpoints":{"srcs":["ipv4:10.0.0.1"],"dsts":["ipv6:2001:db8::1"]}}"#,
    r#"{"cost-type":{"cost-mode":"numerical","cost-metric":"routingcost"},"constraints":["[0] gt 0","lt 2.5"],"pids":{"srcs":[],"dsts":["B"]},"endpoints":{"dsts":["ipv4:10.1.0.1"]}}"#,
    r#"{"properties":["networkmap.pid","networkmap-role.pid"],"endpoints":["ipv4:10.0.0.1","ipv6:2001:db8::1"]}"#,
    r#"{"pids":["A","outside@federation"],"address-types":["ipv4"]}"#,
];

fn check_total(request: &[u8]) {
    let service = Federation::with_links(&crate::costs::SQUARE).service();
    for one in posted_to() {
        match content(&service, one.id, request) {
            Ok(answer) if one.media_type.starts_with("multipart/") => drop(answer),
            Ok(answer) => drop(json(&answer.to_bytes())),
            Err(error) => drop(json(&error.to_json())),
        }
    }
}

#[test]
fn the_requests_of_the_laws_are_right() {
    let service = Federation::with_links(&crate::costs::SQUARE).service();
    for (id, request) in [
        ("costmap-filtered", REQUESTS[0]),
        ("endpoint-costs", REQUESTS[0]),
        ("costmap-filtered", REQUESTS[1]),
        ("endpoint-costs", REQUESTS[1]),
        ("endpoint-properties", REQUESTS[2]),
        ("networkmap-filtered", REQUESTS[3]),
    ] {
        content(&service, id, request.as_bytes()).unwrap();
    }
}

proptest! {
    /// RFC 7285 §11.3.1: a filtered network map is the full one, filtered.
    #[test]
    fn filtered_network_maps_are_parts_of_full_ones(
        links in links(),
        roles in prop::collection::vec((0_usize..6, any::<bool>(), any::<bool>()), 0..6),
        by_role in any::<bool>(),
        pids in subsequence(vec!["A", "F", "nf", "nf-sap", "transit", "outside@federation", "Z"], 0..7),
        types in prop::option::of(subsequence(vec!["ipv4", "ipv6", "mac"], 0..3)),
    ) {
        let mut federation = federation(&links);
        for (domain, hosts, attaches) in roles {
            let row = crate::federation::Row {
                name: NAMES[domain],
                nfs: if hosts { &["NF1"] } else { &[] },
                ports: if attaches { &["SAP1"] } else { &[] },
                ..crate::federation::Row::NONE
            };
            federation.idr.apply([idr::Update::Put(row.domain())]);
        }
        let service = federation.service();
        let map = if by_role { "networkmap-role" } else { "networkmap" };
        let mut request = json!({"pids": pids});
        if let Some(types) = &types {
            request["address-types"] = json!(types);
        }
        let answer = posted(&service, &format!("{map}-filtered"), &request).unwrap();
        let mut full = got(&service, map);
        let types = types.unwrap_or_default();
        full["network-map"].as_object_mut().unwrap().retain(|pid, group| {
            let group = group.as_object_mut().unwrap();
            group.retain(|family, _| types.is_empty() || types.contains(&family.as_str()));
            (pids.is_empty() || pids.contains(&pid.as_str())) && (types.is_empty() || !group.is_empty())
        });
        prop_assert_eq!(answer, full);
    }
}
