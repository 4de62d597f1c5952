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

/// Without a suffix they would be medians (§3.2), which nobody tells; bandwidths are the current ones.
#[test]
fn rfc9439_3_2_delays_are_the_last_told_and_say_so() {
    let metrics: BTreeSet<String> = cost_types()
        .iter()
        .map(|told| told["cost-metric"].as_str().unwrap().to_owned())
        .collect();
    for there in [
        "delay-ow:cur",
        "delay-rt:cur",
        "delay-ow:min",
        "delay-ow:max",
        "delay-rt:min",
        "delay-rt:max",
        "delay-variation:cur",
        "lossrate:cur",
        "tput:cur",
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

/// A line A, B, C with links that are alike both ways.
fn line(first: Told, second: Told) -> Federation {
    let mut federation = Federation::new(CAPS);
    let link = |to: &str, (delay, bandwidth, measured): Told| {
        let micros = |micros: u64| nffg::Delay::from_nanos(micros * 1000);
        let bits = nffg::Bandwidth::from_bits_per_second;
        let [min, max, variation] = measured.delays.map(|delay| delay.map(micros));
        let told = nffg::Measured {
            delay_min: min,
            delay_max: max,
            delay_variation: variation,
            loss: (measured.percent).map(|percent| nffg::Loss::from_percent(percent).unwrap()),
            residual_bandwidth: measured.residual.map(bits),
            available_bandwidth: None,
        };
        ((id(to), delay, bandwidth), told)
    };
    let domains = [
        ("A", vec![link("B", first)]),
        ("B", vec![link("A", first), link("C", second)]),
        ("C", vec![link("B", second)]),
    ];
    for (name, links) in domains {
        let topology = crate::federation::measured(name, &links, &[]);
        federation.ted.apply([idt::Update::Topology(topology)]);
    }
    federation
}

/// Microseconds of delay, bit/s, and what else is measured.
type Told = (Option<u64>, Option<u64>, Beside);

#[derive(Clone, Copy, Default)]
struct Beside {
    /// The least, the longest, and how far they are apart.
    delays: [Option<u64>; 3],
    percent: Option<f64>,
    residual: Option<u64>,
}

#[test]
fn rfc9439_3_2_least_and_longest_delays_are_those_of_the_links() {
    let bounds = |min, max| Beside {
        delays: [min, max, None],
        ..Beside::default()
    };
    let first = (Some(5), None, bounds(Some(3), Some(9)));
    let second = (None, None, bounds(Some(10), None));
    let service = line(first, second).service();
    for (map, a, c) in [
        ("delay-ow", json!({"A": 0, "B": 5}), json!({"C": 0})),
        (
            "delay-ow-min",
            json!({"A": 0, "B": 3, "C": 13}),
            json!({"A": 13, "B": 10, "C": 0}),
        ),
        ("delay-ow-max", json!({"A": 0, "B": 9}), json!({"C": 0})),
        (
            "delay-rt-min",
            json!({"A": 0, "B": 6, "C": 26}),
            json!({"A": 26, "B": 20, "C": 0}),
        ),
        ("delay-rt-max", json!({"A": 0, "B": 18}), json!({"C": 0})),
    ] {
        let map = got(&service, &format!("costmap-{map}"));
        assert_eq!(
            (&map["cost-map"]["A"], &map["cost-map"]["C"]),
            (&a, &c),
            "{map}"
        );
    }
}

#[test]
fn rfc9439_4_3_4_delay_variation_is_the_sum_over_the_links_in_microseconds() {
    let varies = |micros| Beside {
        delays: [None, None, Some(micros)],
        ..Beside::default()
    };
    // Nobody need tell a delay.
    let service = line((None, None, varies(2)), (None, None, varies(5))).service();
    let map = got(&service, "costmap-delay-variation");
    assert_eq!(map["cost-map"]["A"], json!({"A": 0, "B": 2, "C": 7}));
    assert_eq!(
        map["meta"]["cost-type"]["cost-metric"],
        "delay-variation:cur"
    );
}

#[test]
fn rfc9439_4_4_4_loss_is_one_minus_the_product_of_what_the_links_keep_in_percent() {
    let loses = |percent| Beside {
        percent: Some(percent),
        ..Beside::default()
    };
    let service = line((None, None, loses(50.0)), (None, None, loses(10.0))).service();
    let map = got(&service, "costmap-lossrate");
    assert_eq!(map["cost-map"]["A"], json!({"A": 0, "B": 50, "C": 55}));
    // To a billionth: 0.000003 % is the unit of BGP-LS.
    let service = line((None, None, loses(0.000_003)), (None, None, loses(0.1))).service();
    let map = got(&service, "costmap-lossrate");
    assert_eq!(
        map["cost-map"]["A"],
        json!({"A": 0, "B": 0.000_003, "C": 0.100_003})
    );
    let service = line((None, None, loses(0.0)), (None, None, loses(100.0))).service();
    let map = got(&service, "costmap-lossrate");
    assert_eq!(map["cost-map"]["A"], json!({"A": 0, "B": 0, "C": 100}));
}

#[test]
fn rfc9439_5_1_3_a_throughput_is_estimated_from_round_trip_and_loss() {
    let loses = |percent| Beside {
        percent,
        ..Beside::default()
    };
    let first = (Some(10_000), Some(80_000_000), loses(Some(0.1)));
    let service = line(first, (Some(40_000), Some(80_000_000), loses(Some(0.1)))).service();
    let map = got(&service, "costmap-tput");
    // 1460 bytes / 20 ms * sqrt(1.5 / 0.001), and 1460 / 100 ms * sqrt(1.5 / 0.002), in whole bit/s.
    assert_eq!(
        map["cost-map"]["A"],
        json!({"B": 2_827_277.75, "C": 399_837.375})
    );
    // No more than the bandwidth of the path, which is all that a flow without losses would get.
    let narrow = (Some(40_000), Some(800), loses(Some(0.0)));
    let map = got(&line(first, narrow).service(), "costmap-tput");
    assert_eq!(map["cost-map"]["A"]["C"], 100);
    assert_eq!(map["cost-map"]["C"], json!({"A": 100, "B": 100}));
    // What it needs is not told.
    for second in [
        (None, Some(800), loses(Some(0.1))),
        (Some(1), None, loses(Some(0.1))),
        (Some(1), Some(800), loses(None)),
    ] {
        let map = got(&line(first, second).service(), "costmap-tput");
        assert_eq!(map["cost-map"]["A"], json!({"B": 2_827_277.75}));
        assert_eq!(map["cost-map"].get("C"), None);
    }
}

#[test]
fn rfc9439_5_1_4_the_estimation_of_a_throughput_names_its_method() {
    let told = got(&square(), "costmap-tput")["meta"]["cost-type"].clone();
    assert_eq!(told["cost-context"]["cost-source"], "estimation");
    let parameters = &told["cost-context"]["parameters"];
    let algorithm = parameters["congestion-control-algorithm"].as_str().unwrap();
    assert!(algorithm.starts_with("https://"), "{algorithm}");
    for parameter in ["methodology", "MSS", "RTT", "p", "path"] {
        assert!(parameters[parameter].is_string(), "{parameter}");
    }
}

/// §4.1.4: the RFC that defines what links tell, and how it is put together.
#[test]
fn rfc9439_4_1_4_an_estimation_from_links_says_how() {
    let service = square();
    for map in [
        "delay-ow-min",
        "delay-rt-max",
        "delay-variation",
        "lossrate",
    ] {
        let told = got(&service, &format!("costmap-{map}"))["meta"]["cost-type"].clone();
        let parameters = &told["cost-context"]["parameters"];
        let metrics = parameters["link-metrics"].as_str().unwrap();
        assert!(metrics.starts_with("RFC 8571"), "{metrics}");
        assert!(parameters["aggregation"].is_string(), "{told}");
    }
}

#[test]
fn rfc9439_5_3_3_residual_and_available_bandwidth_are_told_apart() {
    let left = |residual| Beside {
        residual,
        ..Beside::default()
    };
    let federation = line(
        (None, Some(800), left(Some(1600))),
        (None, Some(1200), left(None)),
    );
    let service = federation.service();
    let of = |service: &alto::Service, map| got(service, map)["cost-map"]["A"].clone();
    assert_eq!(
        of(&service, "costmap-bw-available"),
        json!({"B": 100, "C": 100})
    );
    // A link that tells none counts with the bandwidth that it tells.
    assert_eq!(
        of(&service, "costmap-bw-residual"),
        json!({"B": 200, "C": 150})
    );
    // Reservations hold as much of either.
    let maps = std::sync::Arc::new(federation.maps());
    let net = maps.idt().graph().net();
    let row = net.row(0);
    let mut edges: Vec<idt::net::Edge> = (0..row.len()).map(|nth| row.edge(nth)).collect();
    edges[0].bandwidth = 160;
    let left = std::sync::Arc::new(net.with([idt::net::RowChange { point: 0, edges }]));
    let service = alto::Service::new(maps, idt::search::Distances::new(left), None);
    assert_eq!(
        of(&service, "costmap-bw-available"),
        json!({"B": 20, "C": 20})
    );
    assert_eq!(
        of(&service, "costmap-bw-residual"),
        json!({"B": 120, "C": 120})
    );
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
