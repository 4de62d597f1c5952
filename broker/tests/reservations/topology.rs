//! `GET /broker/v1/topology`.

use serde_json::{Value, json};

use super::federation::Federation;

fn domains(answer: &Value) -> Vec<&str> {
    let domains = answer["domains"].as_array().unwrap();
    domains.iter().filter_map(Value::as_str).collect()
}

#[test]
fn the_graph_is_told_whole_or_around_domains() {
    let all = Federation::start("");
    let whole = all.broker.get("/broker/v1/topology").must(200).json();
    assert_eq!(domains(&whole), ["AS1", "AS2", "AS3", "AS4"]);
    assert_eq!(whole["meta"]["cut"], false);
    assert_eq!(whole["half-up"], json!([]));
    let first = &whole["adjacencies"][0];
    let way = json!({"delay-ms": 1.0, "bandwidth-bps": 100_000_000});
    let link = json!({"a-router": "AS1", "b-router": "AS2", "there": way, "back": way});
    assert_eq!(first, &json!({"a": "AS1", "b": "AS2", "links": [link]}));
    let of = |query: &str| {
        let path = format!("/broker/v1/topology?{query}");
        all.broker.get(&path).must(200).json()
    };
    assert_eq!(domains(&of("around=AS1")), ["AS1", "AS2", "AS3"]);
    assert_eq!(domains(&of("around=1&radius=0")), ["AS1"]);
    assert_eq!(domains(&of("around=AS1,AS4&radius=8")).len(), 4);
}

#[test]
fn a_wrong_question_is_told_which_part_is_wrong() {
    let all = Federation::start("");
    for (query, field) in [
        ("around=AS9", "around"),
        ("around=", "around"),
        ("around=AS1,", "around"),
        ("around=a.b", "around"),
        ("around=AS1&radius=9", "radius"),
        ("around=AS1&radius=-1", "radius"),
        ("radius=1", "radius"),
        ("arround=AS1", "query"),
    ] {
        let path = format!("/broker/v1/topology?{query}");
        let problem = all.broker.get(&path).must(400).json();
        assert_eq!(problem["errors"][0]["field"], field, "{query}");
    }
}
