//! RFC 8896: cost calendars of filtered cost maps and endpoint costs.

use alto::updates::{Bounds, Store, View};
use alto::{Ask, Calendar, Limits, Refused, Service, resource};
use jiff::Timestamp;
use nffg::{Announced, Bandwidth, Delay, LinkState, Window};
use serde_json::{Value, json};

use crate::costs::{SQUARE, cost_type};
use crate::federation::{ASK, Federation, got, id, json, posted, told};

/// Four intervals of an hour, of which the first is over.
pub(crate) const CALENDAR: Calendar = Calendar {
    interval: 3600,
    intervals: 4,
    past: 1,
};

/// Half past noon.
pub(crate) const NOW: &str = "2026-12-01T12:30:00Z";

pub(crate) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

pub(crate) fn limits(calendar: Option<Calendar>) -> Limits {
    Limits {
        calendar,
        ..Limits::default()
    }
}

pub(crate) fn window(start: &str, end: &str, to: Option<&str>, state: LinkState) -> Window {
    let links = to.map_or(Announced::All, |to| Announced::Neighbour {
        domain: id(to),
        router: None,
        remote: None,
    });
    Window {
        start: at(start),
        end: at(end),
        links,
        state,
    }
}

fn narrow(bits: u64) -> LinkState {
    LinkState::Up {
        delay: None,
        bandwidth: Some(Bandwidth::from_bits_per_second(bits)),
    }
}

/// The square, of which from one to two A's link to B has a tenth of its bandwidth, and B's link to C is out
/// of service for five minutes before three.
pub(crate) fn announced() -> Federation {
    let mut federation = Federation::with_links(&SQUARE).with_limits(limits(Some(CALENDAR)));
    let a = window(
        "2026-12-01T13:00:00Z",
        "2026-12-01T14:00:00Z",
        Some("B"),
        narrow(800),
    );
    let b = window(
        "2026-12-01T14:55:00Z",
        "2026-12-01T15:00:00Z",
        Some("C"),
        LinkState::Out,
    );
    federation.ted.apply([
        idt::Update::Windows(id("A"), vec![a]),
        idt::Update::Windows(id("B"), vec![b]),
    ]);
    federation
}

/// What a resource answers at that time.
pub(crate) fn asked(
    service: &Service,
    resource_id: &str,
    request: &Value,
    now: Timestamp,
) -> Result<Value, alto::AltoError> {
    let ask = Ask { now, ..ASK };
    let one = resource(resource_id).unwrap();
    match service.content(one, request.to_string().as_bytes(), &ask) {
        Ok(content) => Ok(json(&content.to_bytes())),
        Err(Refused::Alto(error) | Refused::MoreWork(Some(error))) => Err(error),
        Err(other) => panic!("{other}"),
    }
}

/// The costs of A and B to C, D, of both services, which must tell the same.
fn costs_of(service: &Service, more: &Value, now: &str) -> Value {
    let mut map = more.clone();
    map["pids"] = json!({"srcs": ["A", "B"], "dsts": ["C", "D"]});
    let mut endpoints = more.clone();
    endpoints["endpoints"] = json!({
        "srcs": ["ipv4:10.0.0.1", "ipv4:10.1.0.1"], "dsts": ["ipv4:10.2.0.1", "ipv4:10.3.0.1"],
    });
    let map = asked(service, "costmap-filtered", &map, at(now)).unwrap();
    let costs = asked(service, "endpoint-costs", &endpoints, at(now)).unwrap();
    // The one depends on a map, and the other has a tag of its own.
    let without = |answer: &Value, name: &str| {
        let mut meta = answer["meta"].as_object().unwrap().clone();
        assert!(meta.remove(name).is_some());
        meta
    };
    let meta = without(&map, "dependent-vtags");
    assert_eq!(meta, without(&costs, "vtag"));
    for (number, from) in ["A", "B"].iter().enumerate() {
        for (other, to) in [(2, "C"), (3, "D")] {
            let [source, target] = [number, other].map(|n| format!("ipv4:10.{n}.0.1"));
            assert_eq!(
                map["cost-map"].get(from).and_then(|row| row.get(to)),
                costs["endpoint-cost-map"]
                    .get(source)
                    .and_then(|row| row.get(target))
            );
        }
    }
    map
}

fn calendar_of(metric: &str, mode: &str) -> Value {
    json!({"cost-type": cost_type(metric, mode), "calendared": [true]})
}

const VALUE: &str = "E_INVALID_FIELD_VALUE";

#[test]
fn rfc8896_4_1_the_directory_tells_the_calendars_of_each_cost_type_once() {
    let directory = got(&announced().service(), "directory");
    for id in ["costmap-filtered", "endpoint-costs"] {
        let capabilities = &directory["resources"][id]["capabilities"];
        let attributes = capabilities["calendar-attributes"].as_array().unwrap();
        assert_eq!(attributes.len(), 1);
        assert_eq!(attributes[0]["time-interval-size"], 3600);
        assert_eq!(attributes[0]["number-of-intervals"], 4);
        // All that the resource has, so none twice.
        assert_eq!(
            attributes[0]["cost-type-names"],
            capabilities["cost-type-names"]
        );
        assert_eq!(capabilities["cost-constraints"], true);
    }
    for (id, entry) in directory["resources"].as_object().unwrap() {
        let has_calendars = id.starts_with("path-vector-");
        if !["costmap-filtered", "endpoint-costs"].contains(&id.as_str()) && !has_calendars {
            assert_eq!(
                entry["capabilities"].get("calendar-attributes"),
                None,
                "{id}"
            );
        }
    }
}

#[test]
fn rfc8896_5_1_1_calendared_has_a_boolean_for_each_cost_type() {
    let service = announced().service();
    let one = |calendared: Value| {
        let request =
            json!({"cost-type": cost_type("hopcount", "numerical"), "calendared": calendared});
        told(posted(&service, "costmap-filtered", &request))
    };
    let two = |calendared: Value| {
        let types = ["hopcount", "routingcost"].map(|metric| cost_type(metric, "numerical"));
        let request = json!({"multi-cost-types": types, "calendared": calendared,
            "endpoints": {"srcs": ["ipv4:10.0.0.1"], "dsts": ["ipv4:10.1.0.1"]}});
        told(posted(&service, "endpoint-costs", &request))
    };
    for error in [
        one(json!([])),
        one(json!([true, false])),
        one(json!(["true"])),
        one(json!([null])),
        two(json!([true])),
        two(json!([true, true, true])),
        two(json!([true, 1])),
    ] {
        assert_eq!(error[..2], [VALUE, "calendared"], "{error:?}");
    }
    assert_eq!(
        one(json!(true))[..2],
        ["E_INVALID_FIELD_TYPE", "calendared"]
    );
}

#[test]
fn rfc8896_5_1_1_without_calendared_or_with_false_the_answer_is_as_ever() {
    let service = announced().service();
    let plain = json!({"cost-type": cost_type("bw-available", "numerical")});
    let expected = costs_of(&service, &plain, NOW);
    assert_eq!(expected["cost-map"]["A"]["C"], 500);
    let mut same = plain;
    same["calendared"] = json!([false]);
    assert_eq!(costs_of(&service, &same, NOW), expected);
    // In a window, too: a single cost is that of what is told.
    assert_eq!(costs_of(&service, &same, "2026-12-01T13:30:00Z"), expected);
}

#[test]
fn rfc8896_5_1_1_true_for_what_has_no_calendar_is_ignored() {
    let service = announced().with_limits(limits(None)).service();
    let directory = got(&service, "directory");
    let capabilities = &directory["resources"]["costmap-filtered"]["capabilities"];
    assert_eq!(capabilities.get("calendar-attributes"), None);
    let mut request = json!({"cost-type": cost_type("hopcount", "numerical")});
    let plain = costs_of(&service, &request, NOW);
    for calendared in [json!([true]), json!([true, true]), json!("anything")] {
        request["calendared"] = calendared;
        assert_eq!(costs_of(&service, &request, NOW), plain);
    }
    // Nor has the draft's path vector, whatever the settings say.
    let service = announced().service();
    let vectors = json!({"cost-type": cost_type("ane-path", "array"), "calendared": [true],
        "pids": {"srcs": ["A"], "dsts": ["C"]}});
    assert!(posted(&service, "pv-costmap", &vectors).is_ok());
}

#[test]
fn rfc8896_5_1_2_a_cost_is_an_array_with_an_element_for_each_interval() {
    let service = announced().service();
    let map = costs_of(&service, &calendar_of("bw-available", "numerical"), NOW);
    // Nobody has recorded the first. A to C: over B, then narrower, then, without B to C, not at all, since
    // A tells D no bandwidth.
    assert_eq!(map["cost-map"]["A"]["C"], json!([null, 500, 100, null]));
    assert_eq!(map["cost-map"]["B"]["C"], json!([null, 500, 500, null]));
    let hops = costs_of(&service, &calendar_of("hopcount", "numerical"), NOW);
    assert_eq!(hops["cost-map"]["B"]["C"], json!([null, 1, 1, 3]));
    assert_eq!(hops["cost-map"]["A"]["D"], json!([null, 1, 1, 1]));
    // A delay is that of links that tell theirs, which A to D does not.
    let delays = costs_of(&service, &calendar_of("delay-ow:cur", "numerical"), NOW);
    assert_eq!(delays["cost-map"]["A"]["C"], json!([null, 350, 350, null]));
    // Ranks are among the pairs of one interval.
    let ranks = costs_of(&service, &calendar_of("hopcount", "ordinal"), NOW);
    assert_eq!(ranks["cost-map"]["B"]["C"], json!([null, 1, 1, 3]));
    assert_eq!(ranks["cost-map"]["A"]["C"], json!([null, 2, 2, 2]));
}

#[test]
fn rfc8896_5_1_2_a_pair_without_a_cost_in_any_interval_is_left_out() {
    let service = announced().service();
    let request = json!({"cost-type": cost_type("bw-available", "numerical"), "calendared": [true],
        "pids": {"srcs": ["A"], "dsts": ["A", "B"]}});
    let map = asked(&service, "costmap-filtered", &request, at(NOW)).unwrap();
    // To itself a domain has no bandwidth.
    assert_eq!(
        map["cost-map"],
        json!({"A": {"B": [null, 1000, 100, 1000]}})
    );
}

#[test]
fn rfc8896_5_1_2_among_several_costs_a_calendar_is_one_element() {
    let service = announced().service();
    let types = ["hopcount", "bw-available", "bw-available"];
    let types = types.map(|metric| cost_type(metric, "numerical"));
    let request = json!({"multi-cost-types": types, "calendared": [false, true, false]});
    let map = costs_of(&service, &request, NOW);
    assert_eq!(
        map["cost-map"]["A"]["C"],
        json!([2, [null, 500, 100, null], 500])
    );
    assert_eq!(map["meta"]["cost-type"], json!({}));
    assert_eq!(map["meta"]["multi-cost-types"], request["multi-cost-types"]);
    let attributes = map["meta"]["calendar-response-attributes"]
        .as_array()
        .unwrap();
    assert_eq!(attributes.len(), 1);
    assert_eq!(
        attributes[0]["cost-type-names"],
        json!(["num-bw-available"])
    );
    // Where a cost has none of its values it is a calendar all the same.
    let request = json!({"multi-cost-types": types, "calendared": [true, true, false],
        "pids": {"srcs": ["A"], "dsts": ["A"]}});
    let map = asked(&service, "costmap-filtered", &request, at(NOW)).unwrap();
    let expected = json!([[null, 0, 0, 0], [null, null, null, null], null]);
    assert_eq!(map["cost-map"]["A"]["A"], expected);
    let names = &map["meta"]["calendar-response-attributes"][0]["cost-type-names"];
    assert_eq!(names, &json!(["num-hopcount", "num-bw-available"]));
}

#[test]
fn rfc8896_5_1_2_meta_has_the_attributes_of_the_directory_and_the_start() {
    let service = announced().service();
    let map = costs_of(&service, &calendar_of("hopcount", "numerical"), NOW);
    let told = &map["meta"]["calendar-response-attributes"];
    let expected = json!([{
        "cost-type-names": ["num-hopcount"],
        "calendar-start-time": "Tue, 01 Dec 2026 11:00:00 GMT",
        "time-interval-size": 3600,
        "number-of-intervals": 4,
    }]);
    assert_eq!(told, &expected);
    let tag = got(&service, "networkmap")["meta"]["vtag"].clone();
    assert_eq!(map["meta"]["dependent-vtags"], json!([tag]));
    assert_eq!(map["meta"]["cost-type"]["cost-metric"], "hopcount");
}

#[test]
fn rfc8896_5_1_2_a_calendar_starts_no_later_than_the_request() {
    for past in [0, 3] {
        let calendar = Calendar { past, ..CALENDAR };
        let service = announced().with_limits(limits(Some(calendar))).service();
        for (now, hour) in [("12:00:00", 12), ("12:59:59.999", 12), ("13:00:00", 13)] {
            let now = format!("2026-12-01T{now}Z");
            let map = costs_of(&service, &calendar_of("hopcount", "numerical"), &now);
            let start = &map["meta"]["calendar-response-attributes"][0]["calendar-start-time"];
            let hour = hour - past;
            assert_eq!(
                start,
                &json!(format!("Tue, 01 Dec 2026 {hour:02}:00:00 GMT"))
            );
        }
    }
}

#[test]
fn rfc8896_5_2_1_constraints_are_ignored_where_a_calendar_is_wanted() {
    let service = announced().service();
    let mut request = calendar_of("hopcount", "numerical");
    let expected = costs_of(&service, &request, NOW);
    for (name, value) in [
        ("constraints", json!(["gt 1000"])),
        ("constraints", json!(["no predicate at all"])),
        ("or-constraints", json!([["lt 0"], ["gt 1000"]])),
        ("testable-cost-types", json!([])),
    ] {
        let mut more = request.clone();
        more[name] = value;
        assert_eq!(costs_of(&service, &more, NOW), expected, "{name}");
    }
    request["multi-cost-types"] =
        json!([request["cost-type"], cost_type("routingcost", "numerical")]);
    request.as_object_mut().unwrap().remove("cost-type");
    request["calendared"] = json!([true, false]);
    request["constraints"] = json!(["[1] gt 1000"]);
    assert_eq!(
        costs_of(&service, &request, NOW)["cost-map"]["B"]["C"],
        json!([[null, 1, 1, 3], 1])
    );
}

#[test]
fn rfc8896_4_3_constraints_work_where_no_calendar_is_wanted() {
    let service = announced().service();
    let request = json!({"cost-type": cost_type("hopcount", "numerical"), "calendared": [false],
        "constraints": ["le 1"]});
    let map = costs_of(&service, &request, NOW);
    assert_eq!(map["cost-map"], json!({"A": {"D": 1}, "B": {"C": 1}}));
    let wrong = json!({"cost-type": cost_type("hopcount", "numerical"), "calendared": [false],
        "constraints": ["about 1"]});
    let error = told(posted(&service, "costmap-filtered", &wrong));
    assert_eq!(error[0], VALUE);
}

/// Both services are asked by every test here; this one is about what they do not share.
#[test]
fn rfc8896_5_2_2_endpoint_costs_have_calendars_and_depend_on_no_map() {
    let service = announced().service();
    let mut request = calendar_of("bw-residual", "numerical");
    request["endpoints"] =
        json!({"srcs": ["ipv4:10.0.0.1"], "dsts": ["ipv6:2001:db8:2::9", "ipv4:192.0.2.1"]});
    let answer = asked(&service, "endpoint-costs", &request, at(NOW)).unwrap();
    let expected = json!({"ipv4:10.0.0.1": {"ipv6:2001:db8:2::9": [null, 500, 100, null]}});
    assert_eq!(answer["endpoint-cost-map"], expected);
    let meta: Vec<_> = answer["meta"].as_object().unwrap().keys().collect();
    assert_eq!(meta, ["calendar-response-attributes", "cost-type", "vtag"]);
}

/// The implementation's limit: a calendar is as large as the largest answer without.
#[test]
fn rfc8896_5_1_2_a_calendar_of_more_values_than_one_answer_may_have_is_refused() {
    let small = Limits {
        pairs: 2,
        ..limits(Some(CALENDAR))
    };
    let service = announced().with_limits(small).service();
    let directory = got(&service, "directory");
    let most = &directory["resources"]["endpoint-costs"]["capabilities"]["max-calendar-values"];
    assert_eq!(*most, 56);
    let all: Vec<Value> = (0..14)
        .map(|_| cost_type("hopcount", "numerical"))
        .collect();
    let request = |calendars: usize| {
        let calendared: Vec<bool> = (0..14).map(|nth| nth < calendars).collect();
        json!({"multi-cost-types": all, "calendared": calendared, "pids": {"srcs": ["A"], "dsts": ["B", "C"]}})
    };
    // 2 x (4 x 4 + 10) = 52.
    assert!(posted(&service, "costmap-filtered", &request(4)).is_ok());
    let error = told(posted(&service, "costmap-filtered", &request(5)));
    assert_eq!(error, [VALUE, "pids", "1 x 2"]);
}

#[test]
fn rfc8896_5_1_2_past_intervals_are_as_they_were_at_their_end() {
    let mut federation = announced();
    let calendar = Calendar {
        intervals: 5,
        past: 4,
        ..CALENDAR
    };
    federation = federation.with_limits(limits(Some(calendar)));
    let noon = |minutes: i64| {
        let noon = at("2026-12-01T08:00:00Z");
        Timestamp::from_second(noon.as_second() + minutes * 60).unwrap()
    };
    let hops = |service: &Service, minutes: i64| {
        let mut request = calendar_of("hopcount", "numerical");
        request["pids"] = json!({"srcs": ["A"], "dsts": ["C", "E"]});
        asked(service, "costmap-filtered", &request, noon(minutes)).unwrap()["cost-map"]["A"]
            .clone()
    };
    // In force from 8:10 on.
    let first = federation.service().in_force(noon(10), None);
    assert_eq!(hops(&first, 20)["C"], json!([null, null, null, null, 2]));
    assert_eq!(hops(&first, 80)["C"], json!([null, null, null, 2, 2]));
    // At 9:30 E comes, beside C; B's link to C is gone until 9:45.
    let links = [
        ("A", "B", None, None),
        ("A", "D", None, None),
        ("D", "C", None, None),
        ("D", "E", None, None),
    ];
    let mut second = Federation::with_links(&links).with_limits(limits(Some(calendar)));
    second.config = std::sync::Arc::clone(&federation.config);
    let second = second
        .service_after(Some(&first))
        .in_force(noon(90), Some(&first));
    let third = federation
        .service_after(Some(&second))
        .in_force(noon(105), Some(&second));
    let fourth_federation =
        Federation::with_links(&[links[1], links[2], links[3], ("C", "E", None, None)])
            .with_limits(limits(Some(calendar)));
    // That which is replaced at the very end of an interval was in force then.
    let fourth = fourth_federation
        .service_after(Some(&third))
        .in_force(noon(180), Some(&third));
    let found = hops(&fourth, 200);
    assert_eq!(found["C"], json!([null, 2, 2, 2, 2]));
    // E was not there when an interval ended.
    assert_eq!(found["E"], json!([null, null, null, null, 2]));
    // Much later all that is known is what was in force since.
    assert_eq!(hops(&fourth, 700)["E"], json!([2, 2, 2, 2, 2]));
}

/// Whoever watches a calendar is told of what is other with the next version, and that time has passed.
#[test]
fn rfc8896_5_1_2_a_calendar_can_be_watched() {
    let mut federation = announced();
    let service = federation.service();
    let mut request = calendar_of("bw-available", "numerical");
    request["pids"] = json!({"srcs": ["A"], "dsts": ["B"]});
    let view = View::new(resource("costmap-filtered").unwrap(), Some(&request), None);
    let mut store = Store::new(8, Bounds::default());
    let ask = |now: &str| Ask {
        now: at(now),
        ..ASK
    };
    store.watch(&view, &service, &ask(NOW)).unwrap();
    // The same version in the same hour, then an hour later.
    assert_eq!(store.publish(&service, &ask("2026-12-01T12:59:00Z")), 0);
    assert_eq!(store.publish(&service, &ask("2026-12-01T13:01:00Z")), 1);
    federation
        .ted
        .apply([idt::Update::Windows(id("A"), Vec::new())]);
    let next = federation.service_after(Some(&service));
    assert_eq!(store.publish(&next, &ask("2026-12-01T13:02:00Z")), 1);
}

#[test]
fn windows_tell_delays_where_nobody_does() {
    let mut federation = announced();
    let state = LinkState::Up {
        delay: Some(Delay::from_nanos(7_000)),
        bandwidth: None,
    };
    let window = window(
        "2026-12-01T13:00:00Z",
        "2026-12-01T14:00:00Z",
        Some("A"),
        state,
    );
    federation
        .ted
        .apply([idt::Update::Windows(id("D"), vec![window])]);
    let service = federation.service();
    let delays = costs_of(&service, &calendar_of("delay-ow:cur", "numerical"), NOW);
    // By D, which then is near: 7 to D and 50 from there to C.
    assert_eq!(delays["cost-map"]["A"]["C"], json!([null, 350, 57, null]));
}
