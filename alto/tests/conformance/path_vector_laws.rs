//! Laws of path vectors, over random federations and random requests.

use std::collections::{BTreeMap, BTreeSet};

use alto::Service;
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Value, json};

use crate::cost_laws::{Link, NAMES, federation, links, ways};
use crate::costs::cost_type;
use crate::federation::{content, got, json, path_vectors, posted};
use crate::path_vectors::{Answer, COST_MAP, ENDPOINT_COSTS, asked, between, path_vector};

const BANDWIDTH: &str = "max-reservable-bandwidth";
const LASTING: &str = "persistent-entity-id";
const DELAY: &str = "priv:brokermdo-delay";

type Pair = (String, String);

fn names() -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(NAMES.as_slice(), 1..=NAMES.len())
}

/// The pairs of an answer with their path vectors.
fn vectors(map: &Value) -> BTreeMap<Pair, Vec<Value>> {
    let rows = map.as_object().unwrap().iter();
    rows.flat_map(|(from, row)| {
        let cells = row.as_object().unwrap().iter();
        cells.map(|(to, vector)| {
            (
                (from.clone(), to.clone()),
                vector.as_array().unwrap().clone(),
            )
        })
    })
    .collect()
}

/// The domains on the path of each pair, by the draft's resource and another search.
fn domains(service: &Service, from: &[&str], to: &[&str]) -> BTreeMap<Pair, Vec<Value>> {
    let answer = path_vectors(service.maps(), &between(from, to, &[])).unwrap();
    vectors(&json(&answer.cost_map)["cost-map"])
}

/// The links that each pair crosses, as the numbers of two domains.
fn crossed(paths: &BTreeMap<Pair, Vec<Value>>) -> BTreeMap<Pair, Vec<(usize, usize)>> {
    let number = |name: &Value| NAMES.iter().position(|known| name == known).unwrap();
    let links = |path: &Vec<Value>| {
        path.windows(2)
            .map(|hop| (number(&hop[0]), number(&hop[1])))
            .collect()
    };
    paths
        .iter()
        .map(|(pair, path)| (pair.clone(), links(path)))
        .collect()
}

/// What limits flows: sets of pairs, and how much all of a set may have together. Of several limits of one set
/// the least.
fn limits(
    bounds: impl Iterator<Item = (BTreeSet<Pair>, Option<u64>)>,
) -> BTreeMap<BTreeSet<Pair>, u64> {
    let mut limits = BTreeMap::new();
    for (pairs, width) in bounds {
        if let Some(width) = width.filter(|_| !pairs.is_empty()) {
            let least = limits.entry(pairs).or_insert(width);
            *least = width.min(*least);
        }
    }
    limits
}

/// Those of the elements of an answer.
fn limits_of_elements(answer: &Answer) -> BTreeMap<BTreeSet<Pair>, u64> {
    let mut pairs: BTreeMap<String, BTreeSet<Pair>> = BTreeMap::new();
    for (pair, vector) in vectors(answer.cost_map()) {
        for name in vector {
            let name = format!(".ane:{}", name.as_str().unwrap());
            pairs.entry(name).or_default().insert(pair.clone());
        }
    }
    let told = answer.properties["property-map"].as_object().unwrap();
    assert_eq!(
        pairs.keys().collect::<Vec<_>>(),
        told.keys().collect::<Vec<_>>()
    );
    limits(told.iter().map(|(name, properties)| {
        (
            pairs[name].clone(),
            properties
                .get(BANDWIDTH)
                .map(|width| width.as_u64().unwrap()),
        )
    }))
}

/// Those of the links themselves.
fn limits_of_links(
    links: &[Link],
    paths: &BTreeMap<Pair, Vec<Value>>,
) -> BTreeMap<BTreeSet<Pair>, u64> {
    let crossed = crossed(paths);
    limits(ways(links).map(|(from, to, _, width)| {
        let cross = crossed
            .iter()
            .filter(|(_, links)| links.contains(&(from, to)));
        (cross.map(|(pair, _)| pair.clone()).collect(), width)
    }))
}

/// Whether flows fit.
fn fit(limits: &BTreeMap<BTreeSet<Pair>, u64>, flows: &BTreeMap<Pair, u64>) -> bool {
    limits.iter().all(|(pairs, width)| {
        let of = |pair| flows.get(pair).copied().unwrap_or_default();
        pairs.iter().map(of).sum::<u64>() <= *width
    })
}

proptest! {
    /// Whatever is sent between the pairs of a request fits through the elements exactly if it fits through the
    /// links: in aggregates, and link by link.
    #[test]
    fn flows_fit_through_the_elements_exactly_if_they_fit_through_the_links(
        links in links(),
        from in names(),
        to in names(),
        lasting in any::<bool>(),
        amounts in prop::collection::vec(prop::collection::vec(0_u64..9, 36), 4),
    ) {
        let service = federation(&links).service();
        let properties = if lasting { vec![BANDWIDTH, LASTING] } else { vec![BANDWIDTH] };
        let answer = asked(&service, COST_MAP, &between(&from, &to, &properties)).unwrap();
        let paths = domains(&service, &from, &to);
        prop_assert!(vectors(answer.cost_map()).keys().eq(paths.keys()));
        let (real, told) = (limits_of_links(&links, &paths), limits_of_elements(&answer));
        for amounts in &amounts {
            let flows = paths.keys().cloned().zip(amounts.iter().copied()).collect();
            prop_assert_eq!(fit(&told, &flows), fit(&real, &flows));
        }
        // And so for all flows there are: the limits are the same, of the same pairs.
        prop_assert_eq!(told, real);
    }

    /// No two elements are crossed by the very same pairs, unless one tells what the other does not.
    #[test]
    fn an_aggregate_tells_no_more_than_who_shares_what(links in links(), from in names(), to in names()) {
        let service = federation(&links).service();
        let answer = asked(&service, COST_MAP, &between(&from, &to, &[])).unwrap();
        let mut pairs: BTreeMap<String, BTreeSet<Pair>> = BTreeMap::new();
        for (pair, vector) in vectors(answer.cost_map()) {
            let names: BTreeSet<String> = vector.iter().map(Value::to_string).collect();
            prop_assert_eq!(names.len(), vector.len(), "an element is in a path once");
            for name in names {
                pairs.entry(name).or_default().insert(pair.clone());
            }
        }
        let distinct: BTreeSet<_> = pairs.values().collect();
        prop_assert_eq!(distinct.len(), pairs.len());
    }

    /// Link by link a path is as long as its hop count, and its delays and widths bound the costs of the pair, of
    /// which each has its own best path.
    #[test]
    fn what_is_told_along_a_path_is_what_costs_are(links in links(), from in names(), to in names()) {
        let service = federation(&links).service();
        let metrics = ["hopcount", "delay-ow:cur", "bw-available"];
        let mut request = between(&from, &to, &[BANDWIDTH, LASTING, DELAY]);
        request.as_object_mut().unwrap().remove("cost-type");
        let mut types = vec![path_vector()];
        types.extend(metrics.map(|metric| cost_type(metric, "numerical")));
        request["multi-cost-types"] = json!(types);
        let answer = asked(&service, COST_MAP, &request).unwrap();
        // An element that lasts is told in its own map as it is told here.
        let lasting = got(&service, "ane-properties")["property-map"].clone();
        for told in answer.properties["property-map"].as_object().unwrap().values() {
            let mut told = told.as_object().unwrap().clone();
            let id = told.remove(LASTING).unwrap();
            let name = id.as_str().unwrap().strip_prefix("ane-properties").unwrap();
            prop_assert_eq!(&lasting[name], &Value::from(told));
        }
        for (pair, told) in vectors(answer.cost_map()) {
            let vector = told[0].as_array().unwrap();
            prop_assert_eq!(vector.len() as u64, told[1].as_u64().unwrap(), "{:?}", pair);
            let amounts = |property: &str| -> Option<Vec<f64>> {
                vector.iter().map(|name| answer.ane(name)[property].as_f64()).collect()
            };
            if let Some(delays) = amounts(DELAY) {
                let best = told[2].as_f64().unwrap();
                prop_assert!(delays.iter().sum::<f64>() >= best - 1e-9);
            }
            if let Some(widths) = amounts(BANDWIDTH).filter(|widths| !widths.is_empty()) {
                let least = widths.into_iter().fold(f64::INFINITY, f64::min);
                prop_assert!(least <= told[3].as_f64().unwrap() * 8.0);
            }
        }
    }

    /// Whether searches go from sources or from destinations, and whatever else is asked for, a pair has its one
    /// path: that of the draft's resource.
    #[test]
    fn the_path_of_a_pair_is_its_own(links in links(), from in names(), to in names()) {
        let service = federation(&links).service();
        let paths = domains(&service, &NAMES, &NAMES);
        let answer = asked(&service, COST_MAP, &between(&from, &to, &[LASTING])).unwrap();
        let crossed = crossed(&paths);
        for (pair, vector) in vectors(answer.cost_map()) {
            let expected = crossed[&pair].iter().map(|(a, b)| format!("ane-properties.ane:{}:{}:", NAMES[*a], NAMES[*b]));
            let expected: Vec<String> = expected.collect();
            let ids: Vec<&str> = vector.iter().map(|name| answer.ane(name)[LASTING].as_str().unwrap()).collect();
            prop_assert_eq!(ids.len(), expected.len());
            prop_assert!(ids.iter().zip(&expected).all(|(id, start)| id.starts_with(start)), "{:?} {:?}", ids, expected);
        }
    }

    /// Endpoints have what their PIDs have, but for the names.
    #[test]
    fn endpoints_have_the_paths_of_their_pids(links in links(), from in names(), to in names()) {
        let service = federation(&links).service();
        let endpoint = |name: &&str| format!("ipv4:10.{}.0.1", NAMES.iter().position(|known| known == name).unwrap());
        let ends = |names: &[&'static str]| names.iter().map(endpoint).collect::<Vec<_>>();
        let request = json!({
            "cost-type": path_vector(),
            "endpoints": {"srcs": ends(&from), "dsts": ends(&to)},
            "ane-property-names": [BANDWIDTH],
        });
        let of_endpoints = asked(&service, ENDPOINT_COSTS, &request).unwrap();
        let of_pids = asked(&service, COST_MAP, &between(&from, &to, &[BANDWIDTH])).unwrap();
        // An address has the number of its PID.
        let short = |answer: &Answer| -> Vec<Vec<Value>> {
            let of = |vector: Vec<Value>| vector.iter().map(|name| answer.ane(name).clone()).collect();
            vectors(answer.cost_map()).into_values().map(of).collect()
        };
        prop_assert_eq!(short(&of_endpoints), short(&of_pids));
    }

    /// Costs alone are those of the filtered cost map.
    #[test]
    fn costs_without_paths_are_those_of_the_filtered_cost_map(links in links(), from in names(), to in names()) {
        let service = federation(&links).service();
        let mut request = between(&from, &to, &[]);
        request["cost-type"] = cost_type("bw-available", "ordinal");
        let answer = asked(&service, COST_MAP, &request).unwrap();
        let plain = posted(&service, "costmap-filtered", &request).unwrap();
        prop_assert_eq!(&answer.costs["cost-map"], &plain["cost-map"]);
        prop_assert_eq!(&answer.properties["property-map"], &json!({}));
    }

    /// Whatever comes, an answer in two parts or an error comes out.
    #[test]
    fn near_misses_of_path_vectors_never_panic(
        at in any::<prop::sample::Index>(),
        with in "[\\[\\]{}\",:a-z0-9]{0,3}",
        of_pids in any::<bool>(),
    ) {
        let text = r#"{"multi-cost-types":[{"cost-mode":"array","cost-metric":"ane-path"},{"cost-mode":"numerical","cost-metric":"hopcount"}],
            "constraints":["[1] le 3"],"ane-property-names":["persistent-entity-id"],"pids":{"srcs":["A"],"dsts":[]},
            "endpoints":{"srcs":["ipv4:10.0.0.1"],"dsts":["ipv6:2001:db8::1"]}}"#;
        let at = at.index(text.len());
        let request = format!("{}{with}{}", &text[..at], &text[at + 1..]);
        let service = federation(&[]).service();
        let id = if of_pids { COST_MAP } else { ENDPOINT_COSTS };
        match content(&service, id, request.as_bytes()) {
            Ok(answer) => prop_assert!(answer.media_type.starts_with("multipart/related; ")),
            Err(error) => prop_assert!(json(&error.to_json())["meta"]["code"].is_string()),
        }
    }
}
