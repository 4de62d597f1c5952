//! RFC 9439: performance metrics over the federation.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::costs::{SQUARE, cost_type};
use crate::federation::{CAPS, Federation, OneWay, got, id, linked, posted};

fn square() -> alto::Service {
    Federation::with_links(&SQUARE).service()
}

fn cost_types() -> Vec<Value> {
    let service = square();
    let mut all = Vec::new();
    for directory in ["directory", "costmaps"] {
        let told = got(&service, directory)["meta"]["cost-types"].clone();
        all.extend(told.as_object().unwrap().values().cloned());
    }
    all
}

#[test]
fn rfc9439_3_2_a_metric_is_a_base_and_a_statistic() {
    const STATISTICS: [&str; 7] = ["cur", "min", "max", "median", "mean", "stddev", "stdvar"];
    const BASES: [&str; 9] = [
        "routingcost",
        "hopcount",
        "delay-ow",
        "delay-rt",
        "delay-variation",
        "lossrate",
        "tput",
        "bw-residual",
        "bw-available",
    ];
    for told in cost_types() {
        let metric = told["cost-metric"].as_str().unwrap();
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"-:_.".contains(&b);
        assert!(metric.len() <= 32 && metric.bytes().all(legal), "{metric}");
        if metric == "ane-path" {
            continue;
        }
        // RFC 7285 §10.6: what no registry has is private, with a suffix.
        if let Some(private) = metric.strip_prefix("priv:") {
            assert!(!private.is_empty());
            continue;
        }
        let (base, statistic) = metric.split_once(':').unwrap_or((metric, "cur"));
        assert!(BASES.contains(&base), "{metric}");
        assert!(STATISTICS.contains(&statistic), "{metric}");
    }
}

/// Without a suffix a delay would be a median (§3.2), which nobody tells; bandwidths are the current ones.
#[test]
fn rfc9439_3_2_delays_are_the_last_told_and_say_so() {
    let metrics: BTreeSet<String> = cost_types()
        .iter()
        .map(|told| told["cost-metric"].as_str().unwrap().to_owned())
        .collect();
    for there in [
        "delay-ow:cur",
        "delay-rt:cur",
        "bw-residual",
        "bw-available",
    ] {
        assert!(metrics.contains(there), "{there}");
    }
    for absent in [
        "delay-ow",
        "delay-rt",
        "tput",
        "lossrate",
        "delay-variation",
    ] {
        assert!(!metrics.contains(absent), "{absent}");
    }
}

#[test]
fn rfc9439_3_1_a_cost_context_has_a_registered_source() {
    for told in cost_types() {
        if let Some(context) = told.get("cost-context") {
            assert_eq!(context["cost-source"], "estimation", "{told}");
            let parameters = context["parameters"].as_object().unwrap();
            assert!(!parameters.is_empty() && parameters.values().all(Value::is_string));
        }
    }
    // An answer says what the directory says, but for the description.
    let answer = got(&square(), "costmap-delay-ow")["meta"]["cost-type"].clone();
    let mut told = got(&square(), "costmaps")["meta"]["cost-types"]["num-delay-ow"].clone();
    told.as_object_mut().unwrap().remove("description");
    assert_eq!(answer, told);
    assert!(answer["cost-context"].is_object());
}

#[test]
fn rfc9439_6_3_routingcost_has_no_other_context_than_an_estimation() {
    for told in cost_types() {
        if told["cost-metric"] == "routingcost" {
            assert_eq!(told.get("cost-context"), None);
        }
    }
}

#[test]
fn rfc9439_4_5_4_a_hop_is_defined() {
    let told = got(&square(), "costmap-hopcount")["meta"]["cost-type"].clone();
    assert_eq!(
        told["cost-context"]["parameters"]["hop"],
        "a border between two domains"
    );
}

#[test]
fn rfc9439_4_1_3_a_delay_is_the_sum_over_the_links_in_microseconds() {
    // The direct link from A to D tells no delay, so the way round is the only one that is known.
    let map = got(&square(), "costmap-delay-ow");
    assert_eq!(
        map["cost-map"]["A"],
        json!({"A": 0, "B": 100, "C": 350, "D": 400})
    );
    assert_eq!(map["cost-map"]["D"]["B"], 300);
}

#[test]
fn rfc9439_4_1_2_delays_below_a_microsecond_are_fractions() {
    let mut federation = Federation::new(CAPS);
    for (from, to) in [("A", "B"), ("B", "A")] {
        let mut topology = linked(from, &[(id(to), Some(0), None)], &[]);
        let mut link = topology.inter_links()[0].clone();
        link.delay = Some(nffg::Delay::from_nanos(1_500));
        let parts = idt::TopologyParts {
            inter_links: vec![link],
            ..idt::TopologyParts::default()
        };
        topology = idt::DomainTopology::new(id(from), parts);
        federation.ted.apply([idt::Update::Topology(topology)]);
    }
    let service = federation.service();
    assert_eq!(
        got(&service, "costmap-delay-ow")["cost-map"]["A"],
        json!({"A": 0, "B": 1.5})
    );
    assert_eq!(
        got(&service, "costmap-delay-rt")["cost-map"]["A"],
        json!({"A": 0, "B": 3})
    );
}

/// A link without a delay is no link without delay.
#[test]
fn rfc9439_4_1_a_path_with_a_link_whose_delay_is_not_told_has_none() {
    let service =
        Federation::with_links(&[("A", "B", Some(5), None), ("B", "C", None, Some(80))]).service();
    assert_eq!(
        got(&service, "costmap-delay-ow")["cost-map"]["A"],
        json!({"A": 0, "B": 5})
    );
    assert_eq!(
        got(&service, "costmap-bw-available")["cost-map"],
        json!({"B": {"C": 10}, "C": {"B": 10}})
    );
    // But a delay of 0 that is told is one.
    let service = Federation::with_links(&[("A", "B", Some(0), None)]).service();
    assert_eq!(
        got(&service, "costmap-delay-ow")["cost-map"]["A"],
        json!({"A": 0, "B": 0})
    );
}

/// A line whose directions differ.
fn one_way() -> Federation {
    let mut federation = Federation::new(CAPS);
    let links: [(&str, Vec<OneWay>); 3] = [
        ("A", vec![(id("B"), Some(10), Some(80))]),
        (
            "B",
            vec![(id("A"), Some(30), Some(160)), (id("C"), Some(1), Some(8))],
        ),
        ("C", vec![(id("B"), Some(2), Some(800))]),
    ];
    for (name, links) in links {
        federation
            .ted
            .apply([idt::Update::Topology(linked(name, &links, &[]))]);
    }
    federation
}

#[test]
fn rfc9439_4_2_a_round_trip_is_there_and_back() {
    let map = got(&one_way().service(), "costmap-delay-rt");
    assert_eq!(map["cost-map"]["A"], json!({"A": 0, "B": 40, "C": 43}));
    assert_eq!(map["cost-map"]["C"], json!({"A": 43, "B": 3, "C": 0}));
}

#[test]
fn rfc9439_5_2_3_a_bandwidth_is_the_least_of_the_links_in_bytes_per_second() {
    let map = got(&one_way().service(), "costmap-bw-available");
    let expected =
        json!({"A": {"B": 10, "C": 1}, "B": {"A": 20, "C": 1}, "C": {"A": 20, "B": 100}});
    assert_eq!(map["cost-map"], expected);
    // The widest path counts: from A to D it is the way round, 12 bit/s wide.
    let map = got(&square(), "costmap-bw-residual");
    assert_eq!(map["cost-map"]["A"], json!({"B": 1000, "C": 500, "D": 1.5}));
    let mut links = SQUARE;
    links[3].3 = Some(800);
    let map = got(
        &Federation::with_links(&links).service(),
        "costmap-bw-residual",
    );
    assert_eq!(map["cost-map"]["A"], json!({"B": 1000, "C": 500, "D": 100}));
}

/// Bandwidth is what reservations leave: the distances that a service is made with say so.
#[test]
fn rfc9439_5_3_bandwidth_is_what_reservations_leave() {
    let federation = one_way();
    let maps = std::sync::Arc::new(federation.maps());
    let net = maps.idt().graph().net();
    let mut edges: Vec<idt::net::Edge> = (0..net.row(0).len())
        .map(|nth| net.row(0).edge(nth))
        .collect();
    edges[0].bandwidth = 0;
    let change = idt::net::RowChange { point: 0, edges };
    let left = std::sync::Arc::new(net.with([change]));
    let service = alto::Service::new(maps, idt::search::Distances::new(left), None);
    let map = got(&service, "costmap-bw-available");
    // None left is an amount, and not unknown.
    assert_eq!(map["cost-map"]["A"], json!({"B": 0, "C": 0}));
    assert_eq!(map["cost-map"]["B"], json!({"A": 20, "C": 1}));
}

#[test]
fn prices_are_told_in_units_of_account() {
    let mut federation = Federation::with_links(&[("A", "B", None, None)]);
    let policy = idt::DomainPolicy {
        link_prices: [(id("B"), 1_250)].into(),
        ..idt::DomainPolicy::default()
    };
    federation
        .ted
        .apply([idt::Update::Policy(id("A"), Some(policy))]);
    let request = json!({"cost-type": cost_type("priv:brokermdo-price", "numerical")});
    let map = posted(&federation.service(), "costmap-filtered", &request).unwrap();
    assert_eq!(
        map["cost-map"],
        json!({"A": {"A": 0, "B": 1.25}, "B": {"A": 0, "B": 0}})
    );
}
