//! RFC 9275 §9.4: calendars of path vectors, by themselves and with costs beside them.

use alto::{Calendar, Limits};
use serde_json::{Value, json};

use crate::costs::cost_type;
use crate::federation::{Federation, got, told};
use crate::path_vectors::{Answer, COST_MAP, ENDPOINT_COSTS, asked_at, between, path_vector};
use crate::rfc8896::{CALENDAR, NOW, announced, at, limits};

const BANDWIDTH: &str = "max-reservable-bandwidth";
const LASTING: &str = "persistent-entity-id";
const DELAY: &str = "priv:brokermdo-delay";

fn calendar(from: &[&str], to: &[&str], properties: &[&str]) -> Value {
    let mut request = between(from, to, properties);
    request["calendared"] = json!([true]);
    request
}

/// The path vector of each interval, each element by what it tells.
fn amounts(answer: &Answer, calendar: &Value) -> Vec<Value> {
    let told = |vector: &Value| match vector.as_array() {
        None => Value::Null,
        Some(names) => names.iter().map(|name| answer.ane(name).clone()).collect(),
    };
    calendar.as_array().unwrap().iter().map(told).collect()
}

#[test]
fn rfc8896_4_1_resources_of_path_vectors_tell_their_calendars() {
    let directory = got(&announced().service(), "directory");
    for id in [COST_MAP, ENDPOINT_COSTS] {
        let capabilities = &directory["resources"][id]["capabilities"];
        let attributes = capabilities["calendar-attributes"].as_array().unwrap();
        assert_eq!(attributes.len(), 1);
        let names = &attributes[0]["cost-type-names"];
        assert_eq!(names, &capabilities["cost-type-names"]);
        assert_eq!(names[0], "path-vector");
        assert_eq!(attributes[0]["number-of-intervals"], 4);
        assert!(capabilities["max-calendar-values"].is_u64());
    }
}

#[test]
fn rfc9275_9_4_a_cost_is_an_array_with_a_path_vector_for_each_interval() {
    let service = announced().service();
    let request = calendar(&["A", "B"], &["C"], &[BANDWIDTH, DELAY]);
    let answer = asked_at(&service, COST_MAP, &request, at(NOW)).unwrap();
    // Nobody has recorded the first. The second is now; in the third A's link to B is narrower; in the fourth
    // there is no link from B to C, so that both go by D.
    let shared = json!({BANDWIDTH: 4_000, DELAY: 250});
    let own = |width: u64| json!({BANDWIDTH: width, DELAY: 100});
    assert_eq!(
        amounts(&answer, &answer.cost_map()["A"]["C"]),
        [
            Value::Null,
            json!([own(8_000), shared]),
            json!([own(800), shared]),
            // A to D tells nothing; D to C does, and both cross both.
            json!([{}, {BANDWIDTH: 12, DELAY: 50}]),
        ]
    );
    let far = amounts(&answer, &answer.cost_map()["B"]["C"]);
    assert_eq!(far[..3], [Value::Null, json!([shared]), json!([shared])]);
    assert_eq!(far[3].as_array().unwrap().len(), 3);

    // Endpoints have the paths of their domains, and no map to depend on.
    let mut request = request;
    request["endpoints"] = json!({"srcs": ["ipv4:10.0.0.1"], "dsts": ["ipv4:10.2.0.1"]});
    let ends = asked_at(&service, ENDPOINT_COSTS, &request, at(NOW)).unwrap();
    let told = amounts(&ends, &ends.cost_map()["ipv4:10.0.0.1"]["ipv4:10.2.0.1"]);
    // Alone, what A to C crosses is one element in each interval.
    let widths: Vec<Value> = told.iter().map(|path| path[0][BANDWIDTH].clone()).collect();
    assert_eq!(json!(widths), json!([null, 4_000, 800, null]));
    assert_eq!(ends.costs["meta"].get("dependent-vtags"), None);
}

#[test]
fn rfc9275_9_4_an_element_that_tells_another_amount_in_another_interval_is_another() {
    let service = announced().service();
    for properties in [&[BANDWIDTH][..], &[BANDWIDTH, LASTING]] {
        let request = calendar(&["A", "B"], &["C"], properties);
        let answer = asked_at(&service, COST_MAP, &request, at(NOW)).unwrap();
        let paths = &answer.cost_map()["A"]["C"];
        let [now, narrow] = [1, 2].map(|nth: usize| &paths[nth]);
        // From A to B there is another width, and from B on the same.
        assert_ne!(now[0], narrow[0]);
        assert_eq!(now[1], narrow[1]);
        assert_ne!(answer.ane(&now[0]), answer.ane(&narrow[0]));
    }
    // What is asked for is the same: so is the element.
    let request = calendar(&["A", "B"], &["C"], &[DELAY]);
    let answer = asked_at(&service, COST_MAP, &request, at(NOW)).unwrap();
    let paths = &answer.cost_map()["A"]["C"];
    assert_eq!(paths[1], paths[2]);
    assert_ne!(paths[2], paths[3]);
}

#[test]
fn rfc9275_9_4_the_property_map_has_the_elements_of_all_intervals() {
    let service = announced().service();
    let request = calendar(&["A"], &["B", "C"], &[BANDWIDTH]);
    let answer = asked_at(&service, COST_MAP, &request, at(NOW)).unwrap();
    let mut named: Vec<String> = Vec::new();
    for row in answer.cost_map()["A"].as_object().unwrap().values() {
        let intervals = row.as_array().unwrap().iter().filter_map(Value::as_array);
        named.extend(
            intervals
                .flatten()
                .map(|name| format!(".ane:{}", name.as_str().unwrap())),
        );
    }
    named.sort_unstable();
    named.dedup();
    let told = answer.properties["property-map"].as_object().unwrap();
    assert!(told.keys().eq(&named), "{told:?}");
    // It is tied to the other part, and says nothing of time.
    let vtag = &answer.costs["meta"]["vtag"];
    assert_eq!(
        answer.properties["meta"],
        json!({"dependent-vtags": [vtag]})
    );
}

#[test]
fn rfc9275_9_4_costs_beside_path_vectors_have_calendars_of_their_own() {
    let service = announced().service();
    let mut request = calendar(&["A"], &["C"], &[BANDWIDTH]);
    request.as_object_mut().unwrap().remove("cost-type");
    let hops = cost_type("hopcount", "numerical");
    let widths = cost_type("bw-available", "numerical");
    request["multi-cost-types"] = json!([hops, path_vector(), widths, path_vector()]);
    request["calendared"] = json!([false, true, true, false]);
    let answer = asked_at(&service, COST_MAP, &request, at(NOW)).unwrap();
    let told = &answer.cost_map()["A"]["C"];
    assert_eq!(told[0], 2);
    assert_eq!(told[1].as_array().unwrap().len(), 4);
    assert_eq!(told[2], json!([null, 500, 100, null]));
    // Now it is one element, named as without a calendar.
    assert_eq!(answer.ane(&told[3][0]), &json!({BANDWIDTH: 4_000}));
    assert_eq!(answer.ane(&told[1][1][0]), &json!({BANDWIDTH: 4_000}));
    let meta = &answer.costs["meta"];
    let attributes = meta["calendar-response-attributes"].as_array().unwrap();
    assert_eq!(attributes.len(), 1);
    assert_eq!(
        attributes[0]["cost-type-names"],
        json!(["path-vector", "num-bw-available"])
    );
    assert_eq!(
        attributes[0]["calendar-start-time"],
        "Tue, 01 Dec 2026 11:00:00 GMT"
    );
    assert_eq!(meta["multi-cost-types"], request["multi-cost-types"]);
    assert_eq!(meta["dependent-vtags"].as_array().unwrap().len(), 1);

    // Of costs alone, too.
    request["calendared"] = json!([true, false, false, false]);
    let answer = asked_at(&service, COST_MAP, &request, at(NOW)).unwrap();
    let told = &answer.cost_map()["A"]["C"];
    assert_eq!(told[0], json!([null, 2, 2, 2]));
    assert_eq!(told[1], told[3]);
}

#[test]
fn rfc8896_5_1_1_of_path_vectors_too_there_is_a_boolean_for_each_cost_type() {
    let service = announced().service();
    let mut request = between(&["A"], &["C"], &[]);
    let plain = asked_at(&service, COST_MAP, &request, at(NOW)).unwrap();
    request["calendared"] = json!([false]);
    let same = asked_at(&service, COST_MAP, &request, at(NOW)).unwrap();
    assert!(
        same.costs["meta"]
            .get("calendar-response-attributes")
            .is_none()
    );
    assert_eq!(
        plain.cost_map()["A"]["C"].as_array().unwrap().len(),
        same.cost_map()["A"]["C"].as_array().unwrap().len()
    );
    for calendared in [json!([]), json!([true, true]), json!([1])] {
        request["calendared"] = calendared;
        let error = told(asked_at(&service, COST_MAP, &request, at(NOW)));
        assert_eq!(error[..2], ["E_INVALID_FIELD_VALUE", "calendared"]);
    }
    // Without calendars the field says nothing.
    let none = announced().with_limits(limits(None)).service();
    assert!(asked_at(&none, COST_MAP, &request, at(NOW)).is_ok());
}

#[test]
fn rfc8896_5_2_1_constraints_are_ignored_where_a_calendar_of_paths_is_wanted() {
    let service = announced().service();
    let request = calendar(&["A"], &["C"], &[]);
    let expected = asked_at(&service, COST_MAP, &request, at(NOW)).unwrap();
    let lengths = |answer: &Answer| -> Vec<Option<usize>> {
        let paths = answer.cost_map()["A"]["C"].as_array().unwrap();
        paths
            .iter()
            .map(|path| Some(path.as_array()?.len()))
            .collect()
    };
    for constraint in ["le 0", "no predicate at all"] {
        let mut more = request.clone();
        more["constraints"] = json!([constraint]);
        let answer = asked_at(&service, COST_MAP, &more, at(NOW)).unwrap();
        assert_eq!(lengths(&answer), lengths(&expected));
    }
}

/// A path vector counts as its elements: what an answer may have is bounded, however long paths are.
#[test]
fn rfc9275_11_calendars_of_paths_are_bounded_in_values() {
    let with = |intervals: u32| {
        let calendar_of = Calendar {
            intervals,
            ..CALENDAR
        };
        let limits = Limits {
            pairs: 4,
            ..limits(Some(calendar_of))
        };
        let service = announced().with_limits(limits).service();
        let request = calendar(&["A", "B"], &["C", "D"], &[LASTING]);
        asked_at(&service, COST_MAP, &request, at(NOW)).map(|_| ())
    };
    // 4 pairs x 28 cost types are 112 values. 4 are of the time that nobody knows, 8 of that without B to C, and 6
    // of each other interval.
    assert_eq!(with(18), Ok(()));
    let error = told(with(19));
    assert_eq!(error, ["E_INVALID_FIELD_VALUE", "pids", "2 x 2"]);
}

/// What is over is told over the links of then, between the domains that were there.
#[test]
fn rfc9275_9_4_past_intervals_have_the_paths_of_then() {
    let calendar_of = Calendar {
        intervals: 3,
        past: 2,
        ..CALENDAR
    };
    let link = |a, b, width| (a, b, None, Some(width));
    let before = Federation::with_links(&[link("B", "C", 5), link("C", "D", 6)])
        .with_limits(limits(Some(calendar_of)));
    let after = Federation::with_links(&[link("A", "B", 7), link("B", "C", 5), link("B", "D", 9)])
        .with_limits(limits(Some(calendar_of)));
    let first = before.service().in_force(at("2026-12-01T10:10:00Z"), None);
    let second = after
        .service_after(Some(&first))
        .in_force(at("2026-12-01T12:20:00Z"), Some(&first));
    let request = calendar(&["A", "B"], &["D"], &[BANDWIDTH, LASTING]);
    let answer = asked_at(&second, COST_MAP, &request, at(NOW)).unwrap();
    let widths = |from: &str| -> Vec<Value> {
        let told = amounts(&answer, &answer.cost_map()[from]["D"]);
        let width = |path: &Value| match path.as_array() {
            None => Value::Null,
            Some(path) => path.iter().map(|ane| ane[BANDWIDTH].clone()).collect(),
        };
        told.iter().map(width).collect()
    };
    // A was not there.
    assert_eq!(widths("A"), [json!(null), json!(null), json!([7, 9])]);
    assert_eq!(widths("B"), [json!([5, 6]), json!([5, 6]), json!([9])]);
}
