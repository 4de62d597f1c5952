use serde_json::{Value, json};

use super::super::catalogue::tests::catalogue;
use super::*;

const NUMERICAL: &str = "numerical";

fn cost(metric: &str) -> CostType {
    CostType {
        metric: metric.to_owned(),
        mode: NUMERICAL.to_owned(),
    }
}

fn wish(metrics: &[&str]) -> Wish {
    Wish {
        costs: metrics.iter().map(|metric| cost(metric)).collect(),
        ..Wish::default()
    }
}

/// A directory with two cost types and a path vector, and these resources.
fn offering(resources: Value) -> Catalogue {
    let cost = |mode: &str, metric: &str| json!({"cost-mode": mode, "cost-metric": metric});
    catalogue(json!({
        "meta": {"default-alto-network-map": "net", "cost-types": {
            "route": cost(NUMERICAL, "routingcost"), "hops": cost(NUMERICAL, "hopcount"),
            "path": cost("array", "ane-path"),
        }},
        "resources": resources,
    }))
}

fn full(names: Value) -> Value {
    json!({"uri": "/f", "media-type": COST_MAP_TYPE, "uses": ["net"], "capabilities": {"cost-type-names": names}})
}

fn filtered(capabilities: Value) -> Value {
    json!({"uri": "/x", "media-type": COST_MAP_TYPE, "accepts": COST_MAP_FILTER_TYPE, "uses": ["net"],
           "capabilities": capabilities})
}

/// The resources that are asked, and how many tests are left to each.
fn asked(catalogue: &Catalogue, wish: &Wish) -> Vec<(String, usize)> {
    let calls = catalogue.costs(Between::Pids, wish, None).unwrap();
    let told = calls
        .iter()
        .map(|call| (call.resource.id.clone(), call.wish.constraints.all.len()));
    told.collect()
}

fn is(id: &str, tests: usize) -> Vec<(String, usize)> {
    vec![(id.to_owned(), tests)]
}

#[test]
fn client_rfc7285_11_3_2_a_part_is_asked_of_what_filters_and_all_of_what_does_not() {
    let both = offering(
        json!({"a": full(json!(["route"])), "b": filtered(json!({"cost-type-names": ["route", "hops"]}))}),
    );
    let mut part = wish(&["routingcost"]);
    assert_eq!(asked(&both, &part), is("a", 0));
    assert_eq!(asked(&both, &wish(&["hopcount"])), is("b", 0));
    part.from = vec!["PID1".to_owned()];
    assert_eq!(asked(&both, &part), is("b", 0));
    // Where nothing filters, the whole is fetched.
    assert_eq!(
        asked(&offering(json!({"a": full(json!(["route"]))})), &part),
        is("a", 0)
    );
}

#[test]
fn client_rfc7285_11_3_2_4_constraints_go_to_a_server_that_tests_them() {
    let mut wanted = wish(&["routingcost"]);
    wanted.constraints.all = vec!["le 3".parse().unwrap()];
    let plain = filtered(json!({"cost-type-names": ["route"]}));
    let testing = filtered(json!({"cost-type-names": ["route"], "cost-constraints": true}));
    assert_eq!(
        asked(&offering(json!({"a": plain, "b": testing})), &wanted),
        is("b", 1)
    );
    // Else they are not sent, and tested here.
    assert_eq!(asked(&offering(json!({"a": plain})), &wanted), is("a", 0));
    let several = filtered(
        json!({"cost-type-names": ["route"], "max-cost-types": 2, "testable-cost-type-names": ["hops"]}),
    );
    assert_eq!(asked(&offering(json!({"a": several})), &wanted), is("a", 0));
}

#[test]
fn client_rfc8189_4_1_1_several_costs_are_asked_for_at_once_or_one_by_one() {
    let wanted = wish(&["routingcost", "hopcount"]);
    let names = json!(["route", "hops"]);
    let one = filtered(json!({"cost-type-names": names}));
    let two = filtered(json!({"cost-type-names": names, "max-cost-types": 2}));
    assert_eq!(
        asked(&offering(json!({"a": one, "b": two})), &wanted),
        is("b", 0)
    );
    let calls = asked(
        &offering(json!({"a": one, "c": full(json!(["hops"]))})),
        &wanted,
    );
    assert_eq!(calls, [("a".to_owned(), 0), ("c".to_owned(), 0)]);
}

#[test]
fn client_rfc8896_4_1_a_calendar_is_asked_of_what_has_one() {
    let mut wanted = wish(&["routingcost"]);
    wanted.calendar = true;
    let names = json!(["route", "hops"]);
    let plain = filtered(json!({"cost-type-names": names}));
    let attributes =
        json!([{"cost-type-names": ["route"], "time-interval-size": 60, "number-of-intervals": 2}]);
    let calendar = filtered(json!({"cost-type-names": names, "calendar-attributes": attributes}));
    let offered = offering(json!({"a": plain, "b": calendar, "c": full(json!(["route"]))}));
    assert_eq!(asked(&offered, &wanted), is("b", 0));
    wanted.costs = vec![cost("hopcount")];
    let error = offered.costs(Between::Pids, &wanted, None).unwrap_err();
    assert!(
        error.starts_with("the directory has no calendar of the cost hopcount"),
        "{error}"
    );
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let offered = offering(json!({"a": full(json!(["route"]))}));
    let error = offered
        .costs(Between::Pids, &wish(&["price"]), None)
        .unwrap_err();
    assert_eq!(
        error,
        "the directory has no cost price, but the costs routingcost"
    );
    let error = offered
        .costs(Between::Endpoints, &wish(&["price"]), None)
        .unwrap_err();
    assert_eq!(
        error,
        "the directory has no application/alto-endpointcost+json with costs"
    );
    assert!(offered.network_map(None).is_err() && offered.network_map(Some("a")).is_err());
    assert!(offered.endpoint_properties(&[]).is_err());
    assert!(offered.property_map(&Wish::default(), None).is_err());
    assert!(
        offered
            .path_vectors(Between::Pids, &Wish::default(), None)
            .is_err()
    );
}

#[test]
fn client_rfc7285_9_2_2_the_default_network_map_is_meant_unless_another_is_named() {
    let map = |uri: &str| json!({"uri": uri, "media-type": NETWORK_MAP_TYPE});
    let filter = |uses: &str| {
        json!({"uri": "/n", "media-type": NETWORK_MAP_TYPE, "accepts": NETWORK_MAP_FILTER_TYPE,
                                     "uses": [uses]})
    };
    let offered =
        offering(json!({"a": map("/a"), "net": map("/b"), "fa": filter("a"), "fn": filter("net")}));
    let found = offered.network_map(None).unwrap();
    assert_eq!(found.id, "net");
    assert_eq!(offered.network_map_filter(found).unwrap().id, "fn");
    let found = offered.network_map(Some("a")).unwrap();
    assert_eq!(offered.network_map_filter(found).unwrap().id, "fa");
}

#[test]
fn client_rfc9240_7_4_a_property_map_is_found_by_its_mappings() {
    let map = |mappings: Value| json!({"uri": "/m", "media-type": PROPERTY_MAP_TYPE, "capabilities": {"mappings": mappings}});
    let mut filter = map(json!({"ipv4": ["asn"], "net.pid": ["cpu"]}));
    filter["accepts"] = json!(PROPERTY_MAP_PARAMS_TYPE);
    let offered = offering(
        json!({"a": map(json!({"pid": ["nf"]})), "b": map(json!({"net.pid": ["cpu", "nf"]})), "c": filter}),
    );
    let found = |entities: &[&str], properties: &[&str]| {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let wish = Wish {
            entities: texts(entities),
            properties: texts(properties),
            ..Wish::default()
        };
        offered
            .property_map(&wish, None)
            .map(|resource| resource.id.clone())
            .ok()
    };
    assert_eq!(found(&[], &[]).as_deref(), Some("a"));
    assert_eq!(found(&["ipv4:192.0.2.1"], &[]).as_deref(), Some("c"));
    assert_eq!(found(&["net.pid:AS1"], &["nf"]).as_deref(), Some("b"));
    assert_eq!(found(&["ipv6:::1"], &[]), None);
}

#[test]
fn client_rfc9275_7_path_vectors_are_found_by_the_type_of_their_root() {
    let pv = |root: &str, accepts: &str| {
        json!({
            "uri": "/pv", "media-type": format!("multipart/related;type={root}"), "accepts": accepts,
            "capabilities": {"cost-type-names": ["path"], "ane-property-names": ["max-reservable-bandwidth"]},
        })
    };
    let offered = offering(json!({
        "a": pv(ENDPOINT_COST_TYPE, ENDPOINT_COST_PARAMS_TYPE), "b": pv(COST_MAP_TYPE, COST_MAP_FILTER_TYPE),
    }));
    let mut wish = Wish::default();
    assert_eq!(
        offered.path_vectors(Between::Pids, &wish, None).unwrap().id,
        "b"
    );
    assert_eq!(
        offered
            .path_vectors(Between::Endpoints, &wish, None)
            .unwrap()
            .id,
        "a"
    );
    wish.ane_properties = vec!["colour".to_owned()];
    let error = offered
        .path_vectors(Between::Pids, &wish, None)
        .unwrap_err();
    assert_eq!(
        error,
        "no path vectors have all of these properties, but max-reservable-bandwidth"
    );
}

#[test]
fn client_rfc8895_6_and_rfc9569_5_updates_are_found_by_what_they_use() {
    let offered = offering(json!({
        "s": {"uri": "/s", "media-type": EVENT_STREAM_TYPE, "accepts": UPDATE_STREAM_PARAMS_TYPE, "uses": ["net"]},
        "t": {"uri": "/t", "media-type": TIPS_TYPE, "accepts": TIPS_PARAMS_TYPE, "uses": ["net", "a"]},
    }));
    assert_eq!(offered.update_stream("net").unwrap().id, "s");
    assert!(offered.update_stream("a").is_none());
    assert_eq!(offered.tips("a").unwrap().id, "t");
}
