//! What clients of another make ask for and look for.

use serde_json::{Value, json};

use crate::costs::{SQUARE, cost_type};
use crate::federation::{Federation, posted, told};

fn ask(more: &Value) -> Result<Value, alto::AltoError> {
    let mut request = json!({"cost-type": cost_type("routingcost", "numerical")});
    let members = more.as_object().unwrap().clone();
    request.as_object_mut().unwrap().extend(members);
    posted(
        &Federation::with_links(&SQUARE).service(),
        "endpoint-costs",
        &request,
    )
}

#[test]
fn endpoint_flows_are_answered_as_endpoints_are() {
    let (a, b, c) = ("ipv4:10.0.1.1", "ipv4:10.1.1.1", "ipv6:2001:db8:2::1");
    let filter = json!({"srcs": [a], "dsts": [b, c]});
    let expected = ask(&json!({"endpoints": filter})).unwrap();
    assert_eq!(ask(&json!({"endpoint-flows": [filter]})).unwrap(), expected);
    let flows = json!([{"srcs": [a], "dsts": [b]}, {"srcs": [a], "dsts": [c]}]);
    assert_eq!(ask(&json!({"endpoint-flows": flows})).unwrap(), expected);
    // With the field of the RFC this one is not known, and ignored.
    let both = json!({"endpoints": filter, "endpoint-flows": 7});
    assert_eq!(ask(&both).unwrap(), expected);

    let apart = json!([{"srcs": [a], "dsts": [b]}, {"srcs": [b], "dsts": [c]}]);
    let error = told(ask(&json!({"endpoint-flows": apart})));
    assert_eq!(error[..2], ["E_INVALID_FIELD_VALUE", "endpoint-flows"]);
    let error = told(ask(&json!({"endpoint-flows": {}})));
    assert_eq!(error[..2], ["E_INVALID_FIELD_TYPE", "endpoint-flows"]);
    let error = told(ask(&json!({})));
    assert_eq!(error[..2], ["E_MISSING_FIELD", "endpoints"]);
}

#[test]
fn answers_of_endpoint_costs_have_a_tag_of_their_own() {
    let tag = |address: &str| {
        let endpoints = json!({"srcs": ["ipv4:10.0.1.1"], "dsts": [address]});
        let answer = ask(&json!({"endpoints": endpoints})).unwrap();
        let vtag = answer["meta"]["vtag"].clone();
        assert_eq!(vtag["resource-id"], "endpoint-costs");
        vtag["tag"].as_str().unwrap().to_owned()
    };
    assert_eq!(tag("ipv4:10.1.1.1"), tag("ipv4:10.1.1.1"));
    assert_ne!(tag("ipv4:10.1.1.1"), tag("ipv4:10.1.1.2"));
}
