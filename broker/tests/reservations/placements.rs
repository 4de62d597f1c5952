//! `POST /broker/v1/placements`.

use serde_json::json;

use super::federation::{Federation, request};

#[test]
fn a_placement_tells_what_it_costs_and_where_it_crosses() {
    let all = Federation::start("");
    let body = request(1, 10);
    let answer = all.post("/broker/v1/placements", &body).must(200).json();
    assert_eq!(answer["meta"]["objective"], "hops");
    assert_eq!(answer["meta"]["not-told"], json!(["price"]));
    let best = &answer["placements"][0];
    assert_eq!(
        best["nodes"],
        json!({"SAP1": "AS1", "A": "AS2", "SAP2": "AS4"})
    );
    let cost = json!({"hops": 2, "delay-ms": 3.0, "price": 0.0});
    assert_eq!(best["cost"], cost);
    let requirement = &best["requirements"][0];
    assert_eq!(requirement["cost"], cost);
    let link = &requirement["links"][1];
    assert_eq!(
        link["cost"],
        json!({"hops": 1, "delay-ms": 2.0, "price": 0.0})
    );
    assert_eq!(
        link["borders"],
        json!([{"from": "AS2", "from-router": "AS2", "to": "AS4", "to-router": "AS4"}])
    );
    assert!(answer.get("explanation").is_none());
}

#[test]
fn constraints_choose_and_an_explanation_says_what_is_in_the_way() {
    let all = Federation::start("");
    let with = |constraints| {
        let mut body = request(1, 10);
        body["constraints"] = constraints;
        body["explain"] = true.into();
        body
    };
    let best = |constraints| all.best(&with(constraints));
    assert_eq!(
        best(json!({"links": {"1": {"bandwidth": "500 Mbit/s"}}})).unwrap(),
        "AS3"
    );
    assert_eq!(
        best(json!({"nodes": {"A": {"forbid": ["2"]}}})).unwrap(),
        "AS3"
    );
    assert_eq!(best(json!({"forbid-domains": ["AS3"]})).unwrap(), "AS2");
    let none = with(json!({"requirements": {"r": {"max-delay": "1 ms"}}}));
    let answer = all.post("/broker/v1/placements", &none).must(200).json();
    assert_eq!(answer["placements"], json!([]));
    let explanation = &answer["explanation"];
    assert_eq!(explanation["nodes"][0]["offered"], 2);
    assert_eq!(explanation["relaxations"][0][0]["subject"], "requirement r");
    assert_eq!(explanation["relaxations"][0][0]["rule"], "max-delay");
}

#[test]
fn a_fault_names_its_field() {
    let all = Federation::start("");
    for (name, value, field) in [
        ("constraint", json!({}), "constraint"),
        ("k", json!(0), "k"),
        ("objective", json!("speed"), "objective"),
        (
            "constraints",
            json!({"nodes": {"B": {}}}),
            "constraints/nodes/B",
        ),
    ] {
        let mut body = request(1, 10);
        body[name] = value;
        let problem = all.post("/broker/v1/placements", &body).must(400).json();
        assert_eq!(problem["errors"][0]["field"], field, "{problem:#}");
    }
}
