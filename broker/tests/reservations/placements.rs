//! `POST /broker/v1/placements`.

use serde_json::{Value, json};

use super::broker::eventually;
use super::federation::{Federation, graph, request};

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

/// AS5 joins AS1 and AS4 as AS3 does, only slower; the links of AS1 to AS2 and AS3 are in one duct.
#[test]
fn alternatives_share_no_risk_where_domains_tell_risks() {
    let all = Federation::start("");
    let to =
        |domain: &str, delay: u32| json!({"domain": domain, "delay": delay, "bandwidth": 1000});
    let risky = |domain: &str, delay: u32, srlg: Value| {
        let mut told = to(domain, delay);
        told["srlg"] = srlg;
        told
    };
    all.rewrite(
        "AS5",
        &json!({"nf": ["NF"], "neighbours": [to("AS1", 7), to("AS4", 7)]}),
    );
    all.rewrite(
        "AS4",
        &json!({"port": ["SAP2"], "neighbours": [to("AS2", 2), to("AS3", 5), to("AS5", 7)]}),
    );
    all.rewrite(
        "AS1",
        &json!({"port": ["SAP1"], "neighbours": [
        risky("AS2", 1, json!([11, 12])), risky("AS3", 5, json!(12)), to("AS5", 7)]}),
    );
    eventually("AS1 tells its ducts", || {
        let told = all.broker.get("/broker/v1/topology").must(200).json();
        let pairs = told["adjacencies"].as_array()?;
        let of = |pair: &str| {
            pairs
                .iter()
                .find(|one| one["b"] == pair && one["a"] == "AS1")
        };
        let groups = &of("AS3")?["links"][0]["there"]["srlgs"];
        (groups == &json!([12]) && of("AS5").is_some() && pairs.len() == 6).then_some(())
    });
    let hosts = |disjoint: &str, policy: &str| -> Vec<String> {
        let body = json!({"sg": graph(1, 10), "k": 3, "objective": "delay", "disjoint": disjoint,
            "policy": policy});
        let answer = all.post("/broker/v1/placements", &body).must(200).json();
        let placements = answer["placements"].as_array().unwrap().iter();
        let host = |placement: &Value| placement["nodes"]["A"].as_str().unwrap().to_owned();
        placements.map(host).collect()
    };
    for policy in ["respect", "ignore"] {
        assert_eq!(hosts("links", policy), ["AS2", "AS3", "AS5"]);
        assert_eq!(hosts("srlg", policy), ["AS2", "AS5"]);
    }
}

#[test]
fn an_answer_names_the_version_that_it_is_exact_for() {
    let all = Federation::start("");
    let body = request(1, 10);
    let ask = |path: &str| all.post(path, &body).must(200).json();
    let latest = || all.broker.get("/broker/v1/events").must(200).json()["latest"].clone();
    let first = ask("/broker/v1/placements");
    assert_eq!(first["meta"]["event"], latest());
    assert_eq!(ask("/broker/v1/paths")["meta"]["event"], latest());
    // What is held is no other version of what domains tell.
    all.reserve(&body).must(201);
    assert_eq!(ask("/broker/v1/placements")["meta"]["event"], latest());
    // A link that takes longer is: the network map is the same, and the answer another.
    let to =
        |domain: &str, delay: u32| json!({"domain": domain, "delay": delay, "bandwidth": 1000});
    all.rewrite(
        "AS1",
        &json!({"port": ["SAP1"], "neighbours": [to("AS2", 50), to("AS3", 5)]}),
    );
    let second = eventually("the link is slow", || {
        let answer = ask("/broker/v1/placements");
        (answer["placements"][0]["cost"]["delay-ms"] != first["placements"][0]["cost"]["delay-ms"])
            .then_some(answer)
    });
    let (old, new) = (&first["meta"], &second["meta"]);
    assert_eq!(old["dependent-vtags"], new["dependent-vtags"]);
    assert_ne!(old["event"], new["event"]);
    let since = format!("/broker/v1/events?since={}", old["event"].as_str().unwrap());
    let since = all.broker.get(&since).must(200).json();
    assert_eq!(since["reset"], false);
    assert_eq!(since["latest"], new["event"]);
}
