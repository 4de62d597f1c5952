//! Payloads: what is written can be read, and every fault of what cannot is told.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use nffg::{Bandwidth, Delay, Quantity, Resources, Unit};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};
use sof::mef::FaultCode;
use sof::payload::{
    Border, Configuration, Flow, Function, Point, SEGMENT, SEGMENT_SCHEMA, SERVICE_GRAPH,
    SERVICE_GRAPH_SCHEMA, Segment, decode,
};

fn example() -> Value {
    json!({
        "@type": SEGMENT,
        "domain": "AS1",
        "functions": [
            {"id": "NF1", "type": "firewall", "resources": {"cpu": 2.0, "mem": "4.0 GB"}},
        ],
        "flows": [
            {"link": "1", "from": {"sap": "SAP1"}, "to": {"function": "NF1"}, "bandwidthBps": 100_000_000},
            {"link": "2", "from": {"function": "NF1"},
             "to": {"border": {"neighbour": "AS2", "router": "r1", "neighbourRouter": "r9", "label": "s/2"}},
             "bandwidthBps": 100_000_000, "maxDelayNs": 5_000_000},
        ],
    })
}

fn faults(value: &Value) -> Vec<(FaultCode, String)> {
    let faults = decode(value).expect_err("a fault");
    let told = faults
        .into_iter()
        .map(|fault| (fault.code, fault.property_path.unwrap_or_default()));
    told.collect()
}

#[test]
fn a_segment_is_read_as_it_is_written() {
    let Ok(Configuration::Segment(segment)) = decode(&example()) else {
        panic!("a segment");
    };
    assert_eq!(segment.domain.as_str(), "AS1");
    assert_eq!(
        segment.flows[1].max_delay,
        Some(Delay::from_nanos(5_000_000))
    );
    assert_eq!(segment.encode(), example());
    let stored = serde_json::to_string(&segment).unwrap();
    assert_eq!(serde_json::from_str::<Segment>(&stored).unwrap(), segment);
}

#[test]
fn each_schema_has_its_urn_as_id() {
    assert_eq!(SEGMENT_SCHEMA.value()["$id"], SEGMENT);
    assert_eq!(SERVICE_GRAPH_SCHEMA.value()["$id"], SERVICE_GRAPH);
}

#[test]
fn every_fault_of_a_segment_is_told_at_once() {
    let mut value = example();
    value["colour"] = json!("red");
    value["functions"][0]["type"] = json!(7);
    value["flows"][0]["from"] = json!({});
    value["flows"][1]["maxDelayNs"] = json!(-1);
    value["flows"][1]["to"]["border"]["label"] = Value::Null;
    let mut told = faults(&value);
    told.sort();
    let expected = [
        (FaultCode::InvalidValue, "/flows/0/from"),
        (FaultCode::InvalidValue, "/flows/1/maxDelayNs"),
        (FaultCode::InvalidValue, "/flows/1/to/border/label"),
        (FaultCode::InvalidValue, "/functions/0/type"),
        (FaultCode::UnexpectedProperty, "/colour"),
    ];
    assert_eq!(told, expected.map(|(code, path)| (code, path.to_owned())));
}

#[test]
fn what_a_schema_cannot_say_is_checked_too() {
    let cases: [(&str, Value, FaultCode); 8] = [
        ("/domain", json!("AS0"), FaultCode::InvalidFormat),
        ("/functions/0/id", json!(" \n "), FaultCode::InvalidFormat),
        (
            "/functions/0/resources/mem",
            json!("4 apples"),
            FaultCode::InvalidFormat,
        ),
        ("/flows/0/link", json!("2"), FaultCode::InvalidValue),
        (
            "/flows/0/to/function",
            json!("NF2"),
            FaultCode::ReferenceNotFound,
        ),
        (
            "/flows/1/to/border/neighbour",
            json!("1"),
            FaultCode::InvalidValue,
        ),
        (
            "/flows/1/to/border/neighbour",
            json!("a b"),
            FaultCode::InvalidFormat,
        ),
        (
            "/flows/1/bandwidthBps",
            json!(1e19),
            FaultCode::InvalidFormat,
        ),
    ];
    for (path, wrong, code) in cases {
        let mut value = example();
        *value.pointer_mut(path).unwrap() = wrong.clone();
        let told = faults(&value);
        let expected = match path {
            // The second of two that are alike is the one that is told.
            "/flows/0/link" => "/flows/1/link",
            path => path,
        };
        assert!(
            told.contains(&(code, expected.to_owned())),
            "{path} = {wrong}: {told:?}"
        );
    }
}

#[test]
fn a_segment_that_asks_for_nothing_is_none() {
    let empty = json!({"@type": SEGMENT, "domain": "AS1", "functions": [], "flows": []});
    assert_eq!(faults(&empty), [(FaultCode::InvalidValue, String::new())]);
}

#[test]
fn whole_numbers_may_be_written_with_a_point() {
    let mut value = example();
    value["flows"][0]["bandwidthBps"] = json!(1e6);
    let Ok(Configuration::Segment(segment)) = decode(&value) else {
        panic!("a segment");
    };
    let megabit = Bandwidth::from_bits_per_second(1_000_000);
    assert_eq!(segment.flows[0].bandwidth, Some(megabit));
}

#[test]
fn a_type_is_needed_and_known() {
    assert_eq!(
        faults(&json!([])),
        [(FaultCode::InvalidValue, String::new())]
    );
    let at = "/@type".to_owned();
    assert_eq!(
        faults(&json!({})),
        [(FaultCode::MissingProperty, at.clone())]
    );
    let other = json!({"@type": "urn:brokermdo:schema:segment:v9"});
    assert_eq!(faults(&other), [(FaultCode::InvalidValue, at)]);
}

#[test]
fn a_service_graph_has_the_members_of_a_request_for_placements() {
    let good = json!({
        "@type": SERVICE_GRAPH, "sg": {}, "objective": ["price"], "policy": "respect",
        "constraints": {"forbid-domains": ["AS3"]},
    });
    assert_eq!(decode(&good), Ok(Configuration::ServiceGraph(good.clone())));
    let bad =
        json!({"@type": SERVICE_GRAPH, "k": 3, "policy": "bend", "constraints": {"node": {}}});
    let mut told = faults(&bad);
    told.sort();
    let expected = [
        (FaultCode::MissingProperty, "/sg"),
        (FaultCode::InvalidValue, "/policy"),
        (FaultCode::UnexpectedProperty, "/constraints/node"),
        (FaultCode::UnexpectedProperty, "/k"),
    ];
    assert_eq!(told, expected.map(|(code, path)| (code, path.to_owned())));
}

fn id() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9ü:~/]([a-zA-Z0-9 ü:~/.-]{0,20}[a-zA-Z0-9])?"
}

fn quantity() -> impl Strategy<Value = Option<Quantity>> {
    let value = prop_oneof![Just(0.0), 0.0..1e3_f64, 0.0..1e18_f64];
    option::of((value, any::<bool>()).prop_map(|(value, bytes)| {
        let unit = if bytes { Unit::Byte } else { Unit::Bare };
        Quantity::new(value, unit).unwrap()
    }))
}

fn point(functions: usize) -> impl Strategy<Value = Point> {
    let border = (
        "B[a-z]{1,8}",
        option::of(id()),
        option::of(id()),
        "\\PC{1,40}",
    )
        .prop_map(|(neighbour, router, other, label)| {
            Point::Border(Border {
                neighbour: neighbour.parse().unwrap(),
                router: router.map(|id| id.parse().unwrap()),
                neighbour_router: other.map(|id| id.parse().unwrap()),
                label,
            })
        });
    let sap = id().prop_map(|id| Point::Sap(id.parse().unwrap()));
    let function = (0..functions.max(1)).prop_map(move |at| match functions {
        0 => Point::Sap("s".parse().unwrap()),
        _ => Point::Function(format!("nf{at}").parse().unwrap()),
    });
    prop_oneof![border, sap, function]
}

prop_compose! {
    fn flow(functions: usize)(
        from in point(functions), to in point(functions),
        bandwidth in option::of(1..=u64::MAX), delay in option::of(any::<u64>()),
    ) -> Flow {
        Flow {
            link: String::new(), from, to,
            bandwidth: bandwidth.map(Bandwidth::from_bits_per_second),
            max_delay: delay.map(Delay::from_nanos),
        }
    }
}

prop_compose! {
    fn segment()(functions in vec((id(), quantity(), quantity(), quantity()), 0..4))(
        flows in vec(flow(functions.len()), usize::from(functions.is_empty())..5),
        functions in Just(functions),
    ) -> Segment {
        let functions = functions.into_iter().enumerate().map(|(at, (nf_type, cpu, mem, storage))| Function {
            id: format!("nf{at}").parse().unwrap(),
            nf_type: nf_type.parse().unwrap(),
            resources: Resources { cpu, mem, storage },
        });
        let flows = flows.into_iter().enumerate().map(|(at, flow)| Flow { link: at.to_string(), ..flow });
        Segment {
            domain: "AS1".parse().unwrap(),
            functions: functions.collect(),
            flows: flows.collect(),
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(segment in segment()) {
        let written = serde_json::to_vec(&segment.encode()).unwrap();
        let read: Value = serde_json::from_slice(&written).unwrap();
        prop_assert_eq!(decode(&read), Ok(Configuration::Segment(segment)));
    }
}
