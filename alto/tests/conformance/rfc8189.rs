//! RFC 8189: several costs in one answer, and tests on any of them.

use serde_json::{Value, json};

use crate::costs::{SQUARE, cost_type};
use crate::federation::{Federation, posted, told};

fn service() -> alto::Service {
    Federation::with_links(&SQUARE).service()
}

/// Costs from A, of both services: endpoints of all four domains are asked for.
fn ask(request: &Value) -> Result<Value, alto::AltoError> {
    let mut map = request.clone();
    map["pids"] = json!({"srcs": ["A"], "dsts": []});
    let mut endpoints = request.clone();
    let all: Vec<_> = (0..4).map(|n| format!("ipv4:10.{n}.0.1")).collect();
    endpoints["endpoints"] = json!({"srcs": ["ipv4:10.0.0.9"], "dsts": all});
    let map = posted(&service(), "costmap-filtered", &map);
    let costs = posted(&service(), "endpoint-costs", &endpoints);
    match (map, costs) {
        (Ok(mut map), Ok(mut costs)) => {
            // The endpoint cost service tells the same, with a tag.
            let meta = costs["meta"].as_object_mut().unwrap();
            assert!(meta.remove("vtag").is_some());
            map["meta"]
                .as_object_mut()
                .unwrap()
                .remove("dependent-vtags");
            let row = map["cost-map"]
                .get("A")
                .cloned()
                .unwrap_or_else(|| json!({}));
            let empty = json!({});
            let found = costs["endpoint-cost-map"]
                .get("ipv4:10.0.0.9")
                .unwrap_or(&empty);
            for (name, endpoint) in ["A", "B", "C", "D"].iter().zip(&all) {
                assert_eq!(row.get(name), found.get(endpoint), "{name}");
            }
            assert_eq!(map["meta"], costs["meta"].take());
            map["row"] = row;
            Ok(map)
        }
        (Err(one), Err(other)) => {
            assert_eq!(one, other);
            Err(one)
        }
        (one, other) => panic!("{one:?} {other:?}"),
    }
}

fn types(metrics: &[&str]) -> Value {
    metrics
        .iter()
        .map(|metric| cost_type(metric, "numerical"))
        .collect()
}

fn row(request: &Value) -> Value {
    ask(request).unwrap()["row"].clone()
}

const VALUE: &str = "E_INVALID_FIELD_VALUE";

#[test]
fn rfc8189_4_1_3_several_costs_are_arrays_in_the_order_of_the_request() {
    let request = json!({"multi-cost-types": types(&["bw-available", "hopcount"])});
    let answer = ask(&request).unwrap();
    // What is not defined is null; to itself a domain has no bandwidth.
    let expected = json!({"A": [null, 0], "B": [1000, 1], "C": [500, 2], "D": [1.5, 1]});
    assert_eq!(answer["row"], expected);
    let meta = json!({"cost-type": {}, "multi-cost-types": request["multi-cost-types"]});
    assert_eq!(answer["meta"], meta);
    let twice = json!({"multi-cost-types": types(&["hopcount", "routingcost", "hopcount"])});
    assert_eq!(row(&twice)["C"], json!([2, 2, 2]));
}

#[test]
fn rfc8189_4_1_3_a_pair_without_any_of_the_costs_is_left_out() {
    let request = json!({"multi-cost-types": types(&["bw-available", "bw-residual"])});
    assert_eq!(
        row(&request),
        json!({"B": [1000, 1000], "C": [500, 500], "D": [1.5, 1.5]})
    );
}

#[test]
fn rfc8189_4_1_2_one_element_makes_arrays_of_one() {
    let request = json!({"multi-cost-types": types(&["hopcount"])});
    assert_eq!(
        row(&request),
        json!({"A": [0], "B": [1], "C": [2], "D": [1]})
    );
}

#[test]
fn rfc8189_4_1_1_any_combination_is_served_up_to_all() {
    let all: Vec<Value> = alto::COST_TYPES
        .iter()
        .map(|known| cost_type(known.metric.name, known.mode.name()))
        .collect();
    let answer = row(&json!({"multi-cost-types": all}));
    assert_eq!(
        answer["B"].as_array().unwrap().len(),
        alto::COST_TYPES.len()
    );
    let mixed = json!([
        cost_type("hopcount", "ordinal"),
        cost_type("hopcount", "numerical")
    ]);
    assert_eq!(row(&json!({"multi-cost-types": mixed}))["C"], json!([3, 2]));
    let mut many = all;
    many.push(cost_type("hopcount", "ordinal"));
    let error = told(ask(&json!({"multi-cost-types": many})));
    assert_eq!(error[..2], [VALUE, "multi-cost-types"]);
}

#[test]
fn rfc8189_4_1_2_exactly_one_of_cost_type_and_multi_cost_types() {
    let multi = types(&["hopcount"]);
    let both = json!({"cost-type": cost_type("hopcount", "numerical"), "multi-cost-types": multi});
    assert_eq!(
        told(ask(&both)),
        [VALUE, "multi-cost-types", &multi.to_string()]
    );
    assert_eq!(told(ask(&json!({}))), ["E_MISSING_FIELD", "cost-type", "-"]);
}

#[test]
fn rfc8189_4_1_2_each_entry_must_be_offered() {
    let ask = |multi: Value| told(ask(&json!({"multi-cost-types": multi})));
    assert_eq!(ask(json!([])), [VALUE, "multi-cost-types", "[]"]);
    assert_eq!(
        ask(json!({})),
        ["E_INVALID_FIELD_TYPE", "multi-cost-types", "{}"]
    );
    assert_eq!(
        ask(json!(["hopcount"])),
        [VALUE, "multi-cost-types", "hopcount"]
    );
    assert_eq!(
        ask(types(&["hopcount", "tput"])),
        [VALUE, "multi-cost-types[1]/cost-metric", "tput"]
    );
    assert_eq!(
        ask(json!([cost_type("hopcount", "array")])),
        [VALUE, "multi-cost-types[0]/cost-mode", "array"]
    );
    assert_eq!(
        ask(json!([{"cost-mode": "ordinal"}])),
        ["E_MISSING_FIELD", "multi-cost-types[0]/cost-metric", "-"]
    );
}

#[test]
fn rfc8189_4_1_2_tests_are_on_the_testable_cost_types_else_on_those_told() {
    // §4.1.2's own example: routing costs of pairs with few hops.
    let request = json!({
        "multi-cost-types": types(&["bw-available"]), "testable-cost-types": types(&["hopcount"]),
        "constraints": ["[0] le 1"],
    });
    assert_eq!(row(&request), json!({"B": [1000], "D": [1.5]}));
    let request = json!({
        "multi-cost-types": types(&["bw-available", "hopcount"]), "constraints": ["[1] le 1", "[0] gt 2", "ge 1000"],
    });
    assert_eq!(row(&request), json!({"B": [1000, 1]}));
    let request = json!({
        "cost-type": cost_type("hopcount", "numerical"), "testable-cost-types": types(&["routingcost", "bw-available"]),
        "constraints": ["[1] le 500"],
    });
    assert_eq!(row(&request), json!({"C": 2, "D": 1}));
}

#[test]
fn rfc8189_4_1_2_testable_cost_types_must_be_testable() {
    let request = |tested: Value| json!({"cost-type": cost_type("hopcount", "numerical"), "testable-cost-types": tested});
    let error = told(ask(&request(json!([]))));
    assert_eq!(error, [VALUE, "testable-cost-types", "[]"]);
    let error = told(ask(&request(types(&["tput"]))));
    assert_eq!(error, [VALUE, "testable-cost-types[0]/cost-metric", "tput"]);
    // Without a test it changes nothing.
    let plain = json!({"cost-type": cost_type("hopcount", "numerical")});
    assert_eq!(
        ask(&request(types(&["routingcost"]))).unwrap(),
        ask(&plain).unwrap()
    );
}

#[test]
fn rfc8189_4_1_2_an_index_out_of_range_is_an_error() {
    for (more, text) in [
        (
            json!({"cost-type": cost_type("hopcount", "numerical")}),
            "[1] le 1",
        ),
        (
            json!({"multi-cost-types": types(&["hopcount", "routingcost"])}),
            "[2] le 1",
        ),
        (
            json!({
                "multi-cost-types": types(&["hopcount", "routingcost"]), "testable-cost-types": types(&["hopcount"]),
            }),
            "[1] le 1",
        ),
    ] {
        let mut request = more;
        request["constraints"] = json!([text]);
        assert_eq!(told(ask(&request)), [VALUE, "constraints", text]);
        request.as_object_mut().unwrap().remove("constraints");
        request["or-constraints"] = json!([["ge 0"], ["ge 0", text]]);
        assert_eq!(told(ask(&request)), [VALUE, "or-constraints[1]", text]);
    }
}

#[test]
fn rfc8189_4_1_2_or_constraints_are_an_or_of_ands() {
    // §4.1.2's own example in our numbers; allowed with a single cost type, too.
    let tests = json!([["[0] le 0"], ["[1] ge 500", "[0] le 1"]]);
    let mut request = json!({
        "cost-type": cost_type("hopcount", "numerical"), "or-constraints": tests,
        "testable-cost-types": types(&["hopcount", "bw-available"]),
    });
    assert_eq!(row(&request), json!({"A": 0, "B": 1}));
    request["or-constraints"] = json!([["lt 0"], ["gt 99"]]);
    assert_eq!(row(&request), json!({}));
}

#[test]
fn rfc8189_4_1_2_or_constraints_that_are_none() {
    let single = |tests: Value| {
        told(ask(
            &json!({"cost-type": cost_type("hopcount", "numerical"), "or-constraints": tests}),
        ))
    };
    assert_eq!(single(json!([])), [VALUE, "or-constraints", "[]"]);
    assert_eq!(
        single(json!([["le 1"], []])),
        [VALUE, "or-constraints", "[]"]
    );
    assert_eq!(single(json!(["le 1"])), [VALUE, "or-constraints", "le 1"]);
    assert_eq!(
        single(json!("le 1")),
        ["E_INVALID_FIELD_TYPE", "or-constraints", "le 1"]
    );
    let both = json!({
        "cost-type": cost_type("hopcount", "numerical"), "constraints": [], "or-constraints": [["le 1"]],
    });
    assert_eq!(told(ask(&both)), [VALUE, "or-constraints", r#"[["le 1"]]"#]);
}

/// The implementation's choice: what is not known meets no test, be it either way.
#[test]
fn rfc8189_4_1_3_a_test_on_a_missing_cost_fails() {
    let request = json!({
        "multi-cost-types": types(&["hopcount", "bw-available"]), "or-constraints": [["[1] ge 0"], ["[1] lt 0"]],
    });
    assert_eq!(
        row(&request),
        json!({"B": [1, 1000], "C": [2, 500], "D": [1, 1.5]})
    );
}

#[test]
fn rfc8189_4_1_3_with_cost_type_the_answer_is_that_of_rfc_7285() {
    let answer = ask(&json!({"cost-type": cost_type("routingcost", "numerical")})).unwrap();
    assert_eq!(
        answer["meta"],
        json!({"cost-type": cost_type("routingcost", "numerical")})
    );
    assert_eq!(answer["row"], json!({"A": 0, "B": 1, "C": 2, "D": 1}));
}
