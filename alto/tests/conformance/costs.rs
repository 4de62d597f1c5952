//! RFC 7285 §11.2.3, §11.3.2 and §11.5: costs between PIDs and between endpoints.

use alto::{Limits, Refused, resource};
use serde_json::{Value, json};

use crate::federation::{ASK, Federation, Link, Row, content, got, posted, told};

/// A line of four domains with a way round; delays in microseconds, bandwidths in bit/s.
pub(crate) const SQUARE: [Link; 4] = [
    ("A", "B", Some(100), Some(8_000)),
    ("B", "C", Some(250), Some(4_000)),
    ("C", "D", Some(50), Some(12)),
    ("A", "D", None, None),
];

fn square() -> alto::Service {
    Federation::with_links(&SQUARE).service()
}

pub(crate) fn cost_type(metric: &str, mode: &str) -> Value {
    json!({"cost-metric": metric, "cost-mode": mode})
}

fn routing() -> Value {
    cost_type("routingcost", "numerical")
}

/// Both resources that take costs, with a request that is right but for what `more` adds.
fn both(service: &alto::Service, more: &Value) -> [Result<Value, alto::AltoError>; 2] {
    let pairs = [
        (
            "costmap-filtered",
            "pids",
            json!({"srcs": ["A"], "dsts": []}),
        ),
        (
            "endpoint-costs",
            "endpoints",
            json!({"srcs": ["ipv4:10.0.1.1"], "dsts": ["ipv4:10.1.1.1", "ipv6:2001:db8:2::1", "ipv4:10.3.0.1"]}),
        ),
    ];
    pairs.map(|(id, name, value)| {
        let mut request = more.clone();
        request[name] = value;
        posted(service, id, &request)
    })
}

fn refused(more: &Value) -> [String; 3] {
    let [one, other] = both(&square(), more).map(told);
    assert_eq!(one, other);
    one
}

#[test]
fn rfc7285_11_2_3_6_a_full_cost_map_has_every_pair() {
    let map = got(&square(), "costmap-routingcost");
    let expected = json!({
        "A": {"A": 0, "B": 1, "C": 2, "D": 1},
        "B": {"A": 1, "B": 0, "C": 1, "D": 2},
        "C": {"A": 2, "B": 1, "C": 0, "D": 1},
        "D": {"A": 1, "B": 2, "C": 1, "D": 0},
    });
    assert_eq!(map["cost-map"], expected);
}

#[test]
fn rfc7285_11_2_3_6_meta_has_the_cost_type_and_the_tag_of_the_network_map() {
    let service = square();
    let tag = got(&service, "networkmap")["meta"]["vtag"].clone();
    for (id, metric, mode) in [
        ("costmap-routingcost", "routingcost", "numerical"),
        ("costmap-routingcost-ordinal", "routingcost", "ordinal"),
        ("costmap-delay-ow", "delay-ow:cur", "numerical"),
    ] {
        let meta = got(&service, id)["meta"].clone();
        assert_eq!(meta["dependent-vtags"], json!([tag]));
        assert_eq!(meta["cost-type"]["cost-metric"], metric);
        assert_eq!(meta["cost-type"]["cost-mode"], mode);
    }
    let meta = got(&service, "costmap-routingcost")["meta"].clone();
    assert_eq!(meta["cost-type"], routing());
}

#[test]
fn rfc7285_11_2_3_6_a_pair_without_a_path_is_left_out() {
    let mut federation = Federation::with_links(&[("A", "B", None, None), ("C", "D", None, None)]);
    // A domain without any topology is a PID and has no costs.
    federation.idr.apply([idr::Update::Put(
        Row {
            name: "E",
            ..Row::NONE
        }
        .domain(),
    )]);
    let service = federation.service();
    let map = got(&service, "costmap-hopcount");
    assert_eq!(map["cost-map"]["A"], json!({"A": 0, "B": 1}));
    assert_eq!(map["cost-map"].get("E"), None);
    assert!(got(&service, "networkmap")["network-map"]["E"].is_object());
    // Without any link, no pair has a bandwidth, and the map is an empty object.
    assert_eq!(got(&service, "costmap-bw-available")["cost-map"], json!({}));
    let raw = content(&service, "costmap-hopcount", b"")
        .unwrap()
        .to_bytes();
    let raw = String::from_utf8(raw.to_vec()).unwrap();
    assert!(
        !raw.contains("null") && !raw.contains("NaN") && !raw.contains("inf"),
        "{raw}"
    );
}

#[test]
fn rfc7285_6_1_2_2_ordinal_costs_are_ranks_with_ties_and_less_is_better() {
    let map = got(&square(), "costmap-routingcost-ordinal");
    assert_eq!(
        map["cost-map"]["A"],
        json!({"A": 1, "B": 2, "C": 3, "D": 2})
    );
    // The most bandwidth is the best.
    let request = json!({"cost-type": cost_type("bw-available", "ordinal")});
    let map = posted(&square(), "costmap-filtered", &request).unwrap();
    assert_eq!(map["cost-map"]["A"], json!({"B": 1, "C": 2, "D": 3}));
}

#[test]
fn rfc7285_6_2_ranks_are_among_the_pairs_of_the_answer() {
    let request = json!({
        "cost-type": cost_type("routingcost", "ordinal"), "pids": {"srcs": ["A"], "dsts": ["C", "D"]},
    });
    let map = posted(&square(), "costmap-filtered", &request).unwrap();
    assert_eq!(map["cost-map"], json!({"A": {"C": 2, "D": 1}}));
    // Those that a test leaves out count: else a test on ranks would change what it tests.
    let mut tested = request;
    tested["constraints"] = json!(["gt 1"]);
    let map = posted(&square(), "costmap-filtered", &tested).unwrap();
    assert_eq!(map["cost-map"], json!({"A": {"C": 2}}));
}

#[test]
fn rfc7285_6_3_the_tag_of_a_cost_map_is_its_content_s() {
    let service = square();
    let tag = |service: &alto::Service, id| content(service, id, b"").unwrap().tag.unwrap();
    assert_eq!(
        tag(&service, "costmap-hopcount"),
        tag(&square(), "costmap-hopcount")
    );
    assert_ne!(
        tag(&service, "costmap-hopcount"),
        tag(&service, "costmap-routingcost")
    );
    // A link that is as wide as before but slower changes one map and not the other.
    let mut links = SQUARE;
    links[1].2 = Some(251);
    let other = Federation::with_links(&links).service_after(Some(&service));
    assert_eq!(
        tag(&other, "costmap-hopcount"),
        tag(&service, "costmap-hopcount")
    );
    assert_ne!(
        tag(&other, "costmap-delay-ow"),
        tag(&service, "costmap-delay-ow")
    );
}

#[test]
fn rfc7285_11_3_2_3_an_unknown_cost_metric() {
    let error = ["E_INVALID_FIELD_VALUE", "cost-type/cost-metric", "delay-ow"];
    assert_eq!(
        refused(&json!({"cost-type": cost_type("delay-ow", "numerical")})),
        error
    );
    let error = ["E_INVALID_FIELD_VALUE", "cost-type/cost-metric", "ane-path"];
    assert_eq!(
        refused(&json!({"cost-type": cost_type("ane-path", "array")})),
        error
    );
}

#[test]
fn rfc9274_4_an_unsupported_cost_mode() {
    for mode in ["array", "numeric", "", "priv:x"] {
        let error = ["E_INVALID_FIELD_VALUE", "cost-type/cost-mode", mode];
        assert_eq!(
            refused(&json!({"cost-type": cost_type("hopcount", mode)})),
            error
        );
    }
}

#[test]
fn rfc7285_11_3_2_3_cost_type_metric_and_mode_are_required_and_strings() {
    assert_eq!(refused(&json!({})), ["E_MISSING_FIELD", "cost-type", "-"]);
    let half = json!({"cost-type": {"cost-metric": "hopcount"}});
    assert_eq!(
        refused(&half),
        ["E_MISSING_FIELD", "cost-type/cost-mode", "-"]
    );
    let half = json!({"cost-type": {"cost-mode": "numerical"}});
    assert_eq!(
        refused(&half),
        ["E_MISSING_FIELD", "cost-type/cost-metric", "-"]
    );
    let kind = "E_INVALID_FIELD_TYPE";
    assert_eq!(
        refused(&json!({"cost-type": []})),
        [kind, "cost-type", "[]"]
    );
    let number = json!({"cost-type": {"cost-mode": 1, "cost-metric": "hopcount"}});
    assert_eq!(refused(&number), [kind, "cost-type/cost-mode", "1"]);
    let null = json!({"cost-type": {"cost-mode": "numerical", "cost-metric": null}});
    assert_eq!(refused(&null), [kind, "cost-type/cost-metric", "null"]);
}

#[test]
fn rfc7285_8_3_7_descriptions_and_unknown_fields_are_ignored() {
    let plain = json!({"cost-type": routing()});
    let mut more = plain.clone();
    more["cost-type"]["description"] = json!(["anything"]);
    more["cost-type"]["cost-context"] = json!({"cost-source": "sla"});
    more["endpoint-flows"] = json!(7);
    assert_eq!(
        both(&square(), &more).map(Result::unwrap),
        both(&square(), &plain).map(Result::unwrap)
    );
}

#[test]
fn rfc7285_11_3_2_3_absent_pids_and_empty_lists_are_all_and_repetitions_are_one() {
    let service = square();
    let ask = |more: Value| {
        let mut request = json!({"cost-type": routing()});
        request
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        posted(&service, "costmap-filtered", &request).unwrap()["cost-map"].clone()
    };
    let full = got(&service, "costmap-routingcost")["cost-map"].clone();
    assert_eq!(ask(json!({})), full);
    assert_eq!(ask(json!({"pids": {"srcs": [], "dsts": []}})), full);
    assert_eq!(
        ask(json!({"pids": {"srcs": ["A", "A"], "dsts": []}})),
        json!({"A": full["A"]})
    );
    let column = ask(json!({"pids": {"srcs": [], "dsts": ["C", "C"]}}));
    assert_eq!(
        column,
        json!({"A": {"C": 2}, "B": {"C": 1}, "C": {"C": 0}, "D": {"C": 1}})
    );
}

#[test]
fn rfc7285_11_3_2_3_both_lists_of_a_pid_filter_are_required() {
    let ask = |pids: Value| {
        let request = json!({"cost-type": routing(), "pids": pids});
        told(posted(&square(), "costmap-filtered", &request))
    };
    assert_eq!(
        ask(json!({"srcs": []})),
        ["E_MISSING_FIELD", "pids/dsts", "-"]
    );
    assert_eq!(
        ask(json!({"dsts": []})),
        ["E_MISSING_FIELD", "pids/srcs", "-"]
    );
    let kind = "E_INVALID_FIELD_TYPE";
    assert_eq!(ask(json!([])), [kind, "pids", "[]"]);
    assert_eq!(
        ask(json!({"srcs": "A", "dsts": []})),
        [kind, "pids/srcs", "A"]
    );
    let value = "E_INVALID_FIELD_VALUE";
    assert_eq!(
        ask(json!({"srcs": [], "dsts": ["A", 7]})),
        [value, "pids/dsts", "7"]
    );
}

#[test]
fn rfc7285_11_3_2_6_unknown_pids_are_ignored_and_only_pairs_asked_for_are_told() {
    let ask = |pids: Value| {
        let request = json!({"cost-type": routing(), "pids": pids});
        posted(&square(), "costmap-filtered", &request).unwrap()["cost-map"].clone()
    };
    assert_eq!(
        ask(json!({"srcs": ["A", "Z"], "dsts": ["outside@federation", "B", "b"]})),
        json!({"A": {"B": 1}})
    );
    assert_eq!(ask(json!({"srcs": ["Z"], "dsts": []})), json!({}));
}

#[test]
fn rfc7285_11_3_2_6_a_filtered_cost_map_names_the_version_of_its_network_map() {
    let service = square();
    let map = posted(
        &service,
        "costmap-filtered",
        &json!({"cost-type": routing()}),
    )
    .unwrap();
    assert_eq!(map["meta"], got(&service, "costmap-routingcost")["meta"]);
}

#[test]
fn rfc7285_11_3_2_3_constraints_are_tests_that_are_anded() {
    let ask = |constraints: Value| {
        let request = json!({"cost-type": routing(), "constraints": constraints});
        let [map, costs] = both(&square(), &request).map(Result::unwrap);
        let map = map["cost-map"]
            .get("A")
            .cloned()
            .unwrap_or_else(|| json!({}));
        // Endpoints of all other domains were asked for.
        let others = map
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| *name != "A")
            .count();
        let row = costs["endpoint-cost-map"].get("ipv4:10.0.1.1");
        assert_eq!(row.map_or(0, |row| row.as_object().unwrap().len()), others);
        map
    };
    assert_eq!(ask(json!([])), json!({"A": 0, "B": 1, "C": 2, "D": 1}));
    assert_eq!(ask(json!(["gt 0"])), json!({"B": 1, "C": 2, "D": 1}));
    assert_eq!(ask(json!(["gt 0", "lt 2"])), json!({"B": 1, "D": 1}));
    assert_eq!(ask(json!(["ge 2"])), json!({"C": 2}));
    assert_eq!(ask(json!(["le 0"])), json!({"A": 0}));
    assert_eq!(ask(json!(["eq 1.0"])), json!({"B": 1, "D": 1}));
    assert_eq!(ask(json!(["gt 1", "lt 1"])), json!({}));
}

#[test]
fn rfc7285_11_3_2_6_a_cost_that_is_as_it_is_printed_equals_it() {
    // 12 bit/s are 1.5 bytes per second.
    for (constraint, expected) in [
        ("eq 1.5", json!({"D": 1.5})),
        ("eq 15e-1", json!({"D": 1.5})),
        ("lt 1.5", json!(null)),
        ("le 1.4999999999999998", json!(null)),
        ("ge 1.5", json!({"B": 1000, "C": 500, "D": 1.5})),
    ] {
        let request = json!({
            "cost-type": cost_type("bw-available", "numerical"), "constraints": [constraint],
            "pids": {"srcs": ["A"], "dsts": []},
        });
        let map = posted(&square(), "costmap-filtered", &request).unwrap();
        assert_eq!(map["cost-map"]["A"], expected, "{constraint}");
    }
}

#[test]
fn rfc7285_11_3_2_3_a_constraint_that_is_none_is_named() {
    for text in [
        "ne 10",
        "le",
        "le x",
        "10",
        "",
        "le 1 2",
        "[0] le",
        "[1] le 10",
        "<= 10",
    ] {
        let error = refused(&json!({"cost-type": routing(), "constraints": ["ge 0", text]}));
        assert_eq!(error, ["E_INVALID_FIELD_VALUE", "constraints", text]);
    }
    let error = refused(&json!({"cost-type": routing(), "constraints": [10]}));
    assert_eq!(error, ["E_INVALID_FIELD_VALUE", "constraints", "10"]);
    let error = refused(&json!({"cost-type": routing(), "constraints": "le 10"}));
    assert_eq!(error, ["E_INVALID_FIELD_TYPE", "constraints", "le 10"]);
}

#[test]
fn rfc7285_11_5_1_6_endpoint_costs_are_keyed_by_the_addresses_as_asked() {
    let request = json!({
        "cost-type": routing(),
        "endpoints": {
            "srcs": ["ipv4:10.0.0.1", "ipv6:2001:DB8:1::"],
            "dsts": ["ipv4:10.0.9.9", "ipv6:2001:db8:2:0::1", "ipv4:192.0.2.1"],
        },
    });
    let answer = posted(&square(), "endpoint-costs", &request).unwrap();
    // What is outside the federation has no costs.
    let expected = json!({
        "ipv4:10.0.0.1": {"ipv4:10.0.9.9": 0, "ipv6:2001:db8:2:0::1": 2},
        "ipv6:2001:DB8:1::": {"ipv4:10.0.9.9": 1, "ipv6:2001:db8:2:0::1": 1},
    });
    assert_eq!(answer["endpoint-cost-map"], expected);
    assert_eq!(answer["meta"]["cost-type"], routing());
}

#[test]
fn rfc7285_11_5_1_3_an_empty_or_absent_list_is_the_client() {
    let ask = |endpoints: Value| {
        let request = json!({"cost-type": routing(), "endpoints": endpoints});
        posted(&square(), "endpoint-costs", &request).unwrap()["endpoint-cost-map"].clone()
    };
    let from = json!({"ipv4:10.0.0.7": {"ipv4:10.2.0.1": 2}});
    assert_eq!(ask(json!({"dsts": ["ipv4:10.2.0.1"]})), from);
    assert_eq!(ask(json!({"srcs": [], "dsts": ["ipv4:10.2.0.1"]})), from);
    let to = json!({"ipv4:10.2.0.1": {"ipv4:10.0.0.7": 2}});
    assert_eq!(ask(json!({"srcs": ["ipv4:10.2.0.1"], "dsts": []})), to);
    // An IPv4 client of a listener on both families is an IPv4 endpoint.
    let mapped = alto::Ask {
        client: Some("::ffff:10.0.0.7".parse().unwrap()),
        ..ASK
    };
    let request = json!({"cost-type": routing(), "endpoints": {"dsts": ["ipv4:10.2.0.1"]}});
    let one = resource("endpoint-costs").unwrap();
    let answer = square()
        .content(one, request.to_string().as_bytes(), &mapped)
        .unwrap();
    let answer: Value = serde_json::from_slice(&answer.to_bytes()).unwrap();
    assert_eq!(answer["endpoint-cost-map"], from);
}

#[test]
fn rfc7285_11_5_1_3_both_lists_empty_is_an_error_and_so_are_wrong_addresses() {
    let ask = |endpoints: Value| {
        let request = json!({"cost-type": routing(), "endpoints": endpoints});
        told(posted(&square(), "endpoint-costs", &request))
    };
    let value = "E_INVALID_FIELD_VALUE";
    assert_eq!(ask(json!({})), [value, "endpoints", "{}"]);
    let empty = r#"{"dsts":[],"srcs":[]}"#;
    assert_eq!(
        ask(json!({"srcs": [], "dsts": []})),
        [value, "endpoints", empty]
    );
    assert_eq!(ask(json!({"srcs": ["A"]})), [value, "endpoints/srcs", "A"]);
    let wrong = json!({"dsts": ["ipv6:::1", "ipv4:1.2.3.256"]});
    assert_eq!(ask(wrong), [value, "endpoints/dsts", "ipv4:1.2.3.256"]);
    assert_eq!(ask(json!([])), ["E_INVALID_FIELD_TYPE", "endpoints", "[]"]);
    let error = told(posted(
        &square(),
        "endpoint-costs",
        &json!({"cost-type": routing()}),
    ));
    assert_eq!(error, ["E_MISSING_FIELD", "endpoints", "-"]);
}

#[test]
fn too_many_pairs_are_refused_with_the_limit() {
    let limits = Limits {
        pairs: 8,
        ..Limits::default()
    };
    let service = Federation::with_links(&SQUARE)
        .with_limits(limits)
        .service();
    let request = json!({"cost-type": routing(), "pids": {"srcs": [], "dsts": ["A", "B", "C"]}});
    let error = posted(&service, "costmap-filtered", &request).unwrap_err();
    assert!(error.to_string().contains("at most 8 pairs"), "{error}");
    assert_eq!(
        told::<()>(Err(error)),
        ["E_INVALID_FIELD_VALUE", "pids", "4 x 3"]
    );
    let endpoints: Vec<_> = (0..3).map(|n| format!("ipv4:10.0.0.{n}")).collect();
    let request =
        json!({"cost-type": routing(), "endpoints": {"srcs": endpoints, "dsts": endpoints}});
    let error = told(posted(&service, "endpoint-costs", &request));
    assert_eq!(error, ["E_INVALID_FIELD_VALUE", "endpoints", "3 x 3"]);
    let root = got(&service, "directory");
    assert_eq!(
        root["resources"]["costmap-filtered"]["capabilities"]["max-pairs"],
        8
    );
}

#[test]
fn work_that_a_request_may_not_cost_is_refused_or_put_off() {
    let service = square();
    let ask = |id: &str, request: &Value, cost_work, light| {
        let ask = alto::Ask {
            cost_work,
            light,
            ..ASK
        };
        service.content(resource(id).unwrap(), request.to_string().as_bytes(), &ask)
    };
    let request = json!({"cost-type": routing()});
    let Err(Refused::MoreWork(Some(error))) = ask("costmap-filtered", &request, 3, true) else {
        panic!("16 pairs in 3 steps");
    };
    assert_eq!(
        told::<()>(Err(error)),
        ["E_INVALID_FIELD_VALUE", "pids", "4 x 4"]
    );
    let request = json!({"cost-type": routing(), "endpoints": {"dsts": ["ipv4:10.2.0.1"]}});
    let refused = ask("endpoint-costs", &request, 0, false).unwrap_err();
    assert!(matches!(refused, Refused::MoreWork(Some(_))), "{refused:?}");
    // A full map is put off, and made by who may.
    let full = "costmap-hopcount";
    let refused = ask(full, &Value::Null, 3, true).unwrap_err();
    assert_eq!(refused, Refused::MoreWork(None));
    let made = ask(full, &Value::Null, 3, false).unwrap();
    let again = ask(full, &Value::Null, 3, true).unwrap();
    assert_eq!(made.pieces.len(), again.pieces.len());
    let same = |(a, b): (&bytes::Bytes, &bytes::Bytes)| a.as_ptr() == b.as_ptr();
    assert!(made.pieces[1..].iter().zip(&again.pieces[1..]).all(same));
}
